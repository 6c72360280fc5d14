/* The key of the audit log (purpose "log"), as what signs its checkpoints.
 *
 * Another key takes its place under the same name, so the log goes on. The entry that says so is
 * under a checkpoint that both have signed; that one is kept for ever, and then the former key's
 * private half is destroyed. Who knows the former key follows it to the next by that checkpoint,
 * the entry, and the proof that the tree has only grown since. */
#ifndef KEEPER_AUDIT_KEY_H
#define KEEPER_AUDIT_KEY_H

#include "db/log/note.h"
#include "db/keeper/keeper_int.h"

struct audit_key;

/* Of the keyring. The log's name is made of its first key and kept in the store. Where the keyring
 * has no private half, what comes of it cannot sign, which is the log's trouble then. */
enum ch_code audit_key_open(struct keeper *k, struct audit_key **ret,
                            struct ch_err *err) CH_MUST_CHECK;
void audit_key_close(struct audit_key *key); /* accepts NULL */
/* Borrowed; used by one thread at a time. */
const struct ch_note_signer *audit_key_signer(const struct audit_key *key);

/* Both keys sign. */
bool audit_key_hands_over(const struct audit_key *key);
/* Keeps the checkpoint by which the former key handed over, when `note` is one: both have signed
 * it, and it has `entries` at least; durable when it returns. CH_E_NOT_FOUND: it is none yet. */
enum ch_code audit_key_keep_handover(struct keeper *k, const struct audit_key *key,
                                     struct ch_str note, uint64_t entries,
                                     struct ch_err *err) CH_MUST_CHECK;
/* The one that was kept of this key, which has ended; appended. CH_E_NOT_FOUND: there is none. */
enum ch_code audit_key_handover(struct keeper *k, const struct ch_sha256 *id, struct ch_buf *ret,
                                struct ch_err *err) CH_MUST_CHECK;

/* Enters that a key signs from now on in the place of `former` (NULL: of none). */
enum ch_code audit_key_enter(struct keeper *k, const struct ch_key_row *row,
                             const struct ch_sha256 *former, struct ch_str by, struct ch_str reason,
                             struct ch_err *err) CH_MUST_CHECK;
/* When the log begins: all keys that there are. */
enum ch_code audit_key_enter_all(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* The key of a row of purpose "log", under this log's name. */
enum ch_code audit_key_of(struct keeper *k, const struct ch_key_row *row, struct ch_note_key *ret,
                          struct ch_err *err) CH_MUST_CHECK;

#endif
