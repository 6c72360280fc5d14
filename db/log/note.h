/* Checkpoints, and the signed notes they are published as. Pure.
 *
 * Spec: C2SP tlog-checkpoint, signed-note (signature type 0x01: Ed25519). */
#ifndef LOG_NOTE_H
#define LOG_NOTE_H

#include "customhouse/digest.h"

#define CH_NOTE_SEED_BYTES      32
#define CH_NOTE_KEY_BYTES       32
#define CH_NOTE_SIGNATURE_BYTES 64
#define CH_NOTE_NAME_MAX        200   /* of a key; the origin of a checkpoint is one */
#define CH_NOTE_LINES_MAX       100   /* signatures of a note; golang.org/x/mod/sumdb/note takes as many */
#define CH_NOTE_MAX             65536 /* a whole note, with the lines of witnesses */

/* A public key and the name it signs under: what a vkey says. */
struct ch_note_key {
    char name[CH_NOTE_NAME_MAX + 1];
    uint8_t public_key[CH_NOTE_KEY_BYTES];
};

/* Who signs: the bytes of a message -> its Ed25519 signature. The private key stays where it is. */
struct ch_note_signer {
    struct ch_note_key key;
    enum ch_code (*sign)(void *ctx, struct ch_str message, uint8_t ret[CH_NOTE_SIGNATURE_BYTES],
                         struct ch_err *err);
    void *ctx;
    /* While one key of a log takes the place of another: */
    const struct ch_note_signer *also; /* signs each note, too; NULL: nobody does */
    const struct ch_note_key *former;  /* whose notes are this log's as well; NULL: nobody's */
};

/* "No spaces or plus": and no control characters, and not empty. */
bool ch_note_name_is_good(struct ch_str name);
/* The first four bytes of SHA-256(name, 0x0a, 0x01, key): which of several signatures is this
 * key's. */
uint32_t ch_note_key_id(const struct ch_note_key *key);
/* "name+ID+BASE64", without a line end. */
void ch_note_key_put(struct ch_buf *out, const struct ch_note_key *key);
/* CH_E_FORMAT; CH_E_UNSUPPORTED when it is no Ed25519 key. */
enum ch_code ch_note_key_get(struct ch_str vkey, struct ch_note_key *ret,
                             struct ch_err *err) CH_MUST_CHECK;

/* "text", which ends in a newline, a blank line, one signature, and that of `also`. */
enum ch_code ch_note_sign(struct ch_str text, const struct ch_note_signer *signer,
                          struct ch_buf *out, struct ch_err *err) CH_MUST_CHECK;
/* The text of a note, whose signatures nobody has looked at. CH_E_FORMAT. */
enum ch_code ch_note_text(struct ch_str note, struct ch_str *ret_text,
                          struct ch_err *err) CH_MUST_CHECK;
/* The same with its signature lines, one at least, each with its newline. Both borrow. */
enum ch_code ch_note_split(struct ch_str note, struct ch_str *ret_text, struct ch_str *ret_lines,
                           struct ch_err *err) CH_MUST_CHECK;
/* Looks for the signature of this key, and checks it. Signatures of others are passed over
 * (witnesses), but must be well formed. *ret_text, the signed part, borrows from `note`.
 * CH_E_FORMAT: it is no note; CH_E_NOT_FOUND: the key has not signed it; CH_E_MISMATCH: the
 * signature is wrong. */
enum ch_code ch_note_open(struct ch_str note, const struct ch_note_key *key,
                          struct ch_str *ret_text, struct ch_err *err) CH_MUST_CHECK;
/* The same for who keeps signatures: *ret_line, this key's, with its newline; borrows. */
enum ch_code ch_note_signature(struct ch_str note, const struct ch_note_key *key,
                               struct ch_str *ret_line, struct ch_err *err) CH_MUST_CHECK;

struct ch_checkpoint {
    struct ch_str origin;
    uint64_t size;
    struct ch_sha256 root;
};

void ch_checkpoint_put(struct ch_buf *out, const struct ch_checkpoint *c);
/* The text of an opened note; extension lines after the third are passed over. */
enum ch_code ch_checkpoint_get(struct ch_str text, struct ch_checkpoint *ret,
                               struct ch_err *err) CH_MUST_CHECK;
/* Both: a note of this key about the log that has the key's name. */
enum ch_code ch_checkpoint_open(struct ch_str note, const struct ch_note_key *key,
                                struct ch_checkpoint *ret, struct ch_err *err) CH_MUST_CHECK;

/* The same for a note of this signer's log: also one that only the former key has signed. */
enum ch_code ch_checkpoint_open_own(struct ch_str note, const struct ch_note_signer *signer,
                                    struct ch_checkpoint *ret, struct ch_err *err) CH_MUST_CHECK;

/* An Ed25519 key pair in memory, for tests and tools: signs as `ctx` of struct ch_note_signer. */
struct ch_note_pair;
/* CH_E_SYSTEM when the library refuses. Free with ch_note_pair_free. */
enum ch_code ch_note_pair_new(const uint8_t seed[CH_NOTE_SEED_BYTES], const char *name,
                              struct ch_note_pair **ret, struct ch_err *err) CH_MUST_CHECK;
void ch_note_pair_free(struct ch_note_pair *pair);
/* Borrowed until the pair is freed. */
const struct ch_note_signer *ch_note_pair_signer(const struct ch_note_pair *pair);

#endif
