/* Cosignatures: a witness says that it has seen a log grow to this checkpoint, and to no other of
 * that size. Pure.
 *
 * Spec: C2SP tlog-cosignature, the type on Ed25519 (cosignature/v1, 0x04). What is signed has the
 * time, which a note's signature has not, so a key is one or the other: its vkey says which. */
#ifndef LOG_COSIGN_H
#define LOG_COSIGN_H

#include "db/log/note.h"

/* A witness's public key and name: a vkey of type 0x04. As ch_note_key_get and ch_note_key_put. */
enum ch_code ch_cosigner_get(struct ch_str vkey, struct ch_note_key *ret,
                             struct ch_err *err) CH_MUST_CHECK;
void ch_cosigner_put(struct ch_buf *out, const struct ch_note_key *key);

/* Appends the signature line over `text`, a checkpoint's with its last newline. `time_s`: Unix
 * seconds. */
enum ch_code ch_cosign(struct ch_str text, const struct ch_note_signer *signer, uint64_t time_s,
                       struct ch_buf *out, struct ch_err *err) CH_MUST_CHECK;
/* The cosignature of this witness among signature lines of `text`: those of a note, or what a
 * witness has answered. *ret_line, with its newline, borrows from `lines`; *ret_time_s is when.
 * CH_E_FORMAT: a line is malformed; CH_E_NOT_FOUND: this witness has not cosigned; CH_E_MISMATCH:
 * its signature is wrong. */
enum ch_code ch_cosignature_find(struct ch_str text, struct ch_str lines,
                                 const struct ch_note_key *witness, struct ch_str *ret_line,
                                 uint64_t *ret_time_s, struct ch_err *err) CH_MUST_CHECK;

#endif
