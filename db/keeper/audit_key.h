/* The key of the audit log (purpose "log"), as what signs its checkpoints. */
#ifndef KEEPER_AUDIT_KEY_H
#define KEEPER_AUDIT_KEY_H

#include "db/log/note.h"
#include "keeper_int.h"

struct audit_key;

/* From STATE/keys; made when there is none. The log's name is made of its first key and kept in the
 * store. */
enum ch_code audit_key_open(struct keeper *k, struct audit_key **ret,
                            struct ch_err *err) CH_MUST_CHECK;
void audit_key_close(struct audit_key *key); /* accepts NULL */
/* Borrowed; used by one thread at a time. */
const struct ch_note_signer *audit_key_signer(const struct audit_key *key);

#endif
