/* Inside notes and cosignatures: signature lines, whatever they sign. */
#ifndef LOG_NOTE_INT_H
#define LOG_NOTE_INT_H

#include "db/log/note.h"

#define CH_NOTE_TYPE_ED25519     0x01
#define CH_NOTE_TYPE_COSIGNATURE 0x04 /* Ed25519, "cosignature/v1" */
#define CH_NOTE_ID_BYTES         4
#define CH_NOTE_SIGNATURE_MAX    8192 /* of a line's bytes: other types are longer than Ed25519 */

/* The same key has another id under another type. */
uint32_t ch_note_typed_id(const struct ch_note_key *key, uint8_t type);
void ch_note_typed_put(struct ch_buf *out, const struct ch_note_key *key, uint8_t type);
/* `what`: what the type is called in an error. */
enum ch_code ch_note_typed_get(struct ch_str vkey, uint8_t type, const char *what,
                               struct ch_note_key *ret, struct ch_err *err) CH_MUST_CHECK;
/* A line: name, id of that type, and these bytes. */
void ch_note_put_line(struct ch_buf *out, const struct ch_note_key *key, uint8_t type,
                      const uint8_t *signature, size_t len);

/* Looks through signature lines, each ended by a newline, for those of this name and id; all of
 * them must be good. *ret_line borrows the first of them, with its newline. CH_E_FORMAT,
 * CH_E_NOT_FOUND and CH_E_MISMATCH as of ch_note_open. */
typedef bool ch_note_good_fn(void *ctx, const struct ch_note_key *key, const uint8_t *signature,
                             size_t len);
enum ch_code ch_note_find_line(struct ch_str lines, const struct ch_note_key *key, uint8_t type,
                               ch_note_good_fn *is_good, void *ctx, struct ch_str *ret_line,
                               struct ch_err *err) CH_MUST_CHECK;
bool ch_note_ed25519_is_good(const struct ch_note_key *key, struct ch_str message,
                             const uint8_t signature[CH_NOTE_SIGNATURE_BYTES]);

#endif
