/* The seal on entries that are not in the log's files yet (db/log/seal.h): renewed with each group,
 * and asked for at the start. What is under none was entered by nobody that is known: it is not
 * signed until a person says so. */
#ifndef KEEPER_AUDIT_SEAL_H
#define KEEPER_AUDIT_SEAL_H

#include "audit_key.h"

struct audit_mark {
    uint64_t at; /* the chain before this entry */
    struct ch_sha256 chain;
};

struct audit_seal {
    struct audit_mark base; /* no entry before it may still be to be written */
    struct audit_mark half; /* the next base, once the files have as much */
    struct ch_sha256 chain; /* over all entries... */
    struct ch_sha256 group; /* ...but the open group's, ...step: what an undone step goes back to */
    struct ch_sha256 step;
    struct ch_log_seal newest; /* as stored with the group under way, or before */
    struct ch_log_seal kept;   /* as committed */
    bool other_key;            /* the newest one is by a key that does not sign any more */
    uint64_t unproven_from;
    uint64_t unproven_to; /* below it entries that nobody has sealed; unproven_from: none */
};

/* What the store has up to `next`, of which the files have `logged`, and the store believes them to
 * have *written; this becomes what they are known to have. */
enum ch_code audit_seal_load(struct keeper *k, const struct audit_key *key, uint64_t next,
                             uint64_t logged, uint64_t *written, struct audit_seal *ret,
                             struct ch_err *err) CH_MUST_CHECK;
bool audit_seal_is_broken(const struct audit_seal *s);
/* Why nothing is written, and how to go on. */
void audit_seal_say(const struct audit_seal *s, char *ret, size_t size);
/* The chain begins anew, over all that may still be to be written. CH_E_FORMAT: entries are
 * missing, or are not what their hashes say. */
enum ch_code audit_seal_begin(struct keeper *k, struct audit_seal *s, uint64_t next,
                              struct ch_err *err) CH_MUST_CHECK;

void audit_seal_add(struct audit_seal *s, struct ch_hash *h, const struct ch_sha256 *leaf);
void audit_seal_step(struct audit_seal *s);
void audit_seal_undo_step(struct audit_seal *s);
/* With the group under way. Without the log's key there is none: steps away do not wait for it. */
void audit_seal_put(struct keeper *k, struct audit_seal *s, const struct ch_note_signer *signer,
                    uint64_t next, uint64_t written);
/* `dropped`: below it the store has no copies any more. */
void audit_seal_committed(struct audit_seal *s, uint64_t next, uint64_t dropped);
void audit_seal_rolled_back(struct audit_seal *s);
/* The files have more than the newest seal says. */
bool audit_seal_is_behind(const struct audit_seal *s, uint64_t written);

#endif
