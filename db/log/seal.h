/* What the log's key says of entries before they are in the log's files: how many there are, and a
 * chain of hashes over them. Pure.
 *
 * Until a checkpoint has them, entries are rows of a database. Whoever can write that, and has no
 * key, must not get the log to sign what the keeper never entered: so the keeper signs, with each
 * group of rows, the chain that they lengthen. The message begins with a word and a zero byte, so
 * it is the text of no note, and no checkpoint. */
#ifndef LOG_SEAL_H
#define LOG_SEAL_H

#include "customhouse/store_log.h"
#include "note.h"

/* H(chain, leaf): entries cannot be taken out, put elsewhere, or come twice. */
struct ch_sha256 ch_log_seal_next(struct ch_hash *h, const struct ch_sha256 *chain,
                                  const struct ch_sha256 *leaf);
/* Sets its signature. */
enum ch_code ch_log_seal_sign(const struct ch_note_signer *signer, struct ch_log_seal *seal,
                              struct ch_err *err) CH_MUST_CHECK;
/* Whether this key has signed it for the log that is called as the key. */
bool ch_log_seal_is_by(const struct ch_log_seal *seal, const struct ch_note_key *key);

#endif
