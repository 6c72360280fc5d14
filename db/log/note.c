#include "db/log/note.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "customhouse/base64.h"
#include "customhouse/big_endian.h"
#include "db/log/note_int.h"

#define ID_BYTES      CH_NOTE_ID_BYTES
#define SIGNATURE_MAX CH_NOTE_SIGNATURE_MAX
#define DASH          "\xe2\x80\x94 " /* U+2014 and a blank: how a signature line begins */

/* ------------------------------------------------------------------ keys */

bool ch_note_name_is_good(struct ch_str name)
{
    if (name.len == 0 || name.len > CH_NOTE_NAME_MAX || !ch_str_is_utf8(name)) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] <= ' ' || name.ptr[i] == '+' || name.ptr[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

uint32_t ch_note_typed_id(const struct ch_note_key *key, uint8_t type)
{
    const uint8_t middle[] = {'\n', type};
    struct ch_hash *h = ch_hash_new();
    ch_hash_add(h, key->name, strlen(key->name));
    ch_hash_add(h, middle, sizeof(middle));
    ch_hash_add(h, key->public_key, sizeof(key->public_key));
    struct ch_sha256 d = ch_hash_end(h);
    ch_hash_free(h);
    return ch_be32(d.byte);
}

uint32_t ch_note_key_id(const struct ch_note_key *key)
{
    return ch_note_typed_id(key, CH_NOTE_TYPE_ED25519);
}

void ch_note_typed_put(struct ch_buf *out, const struct ch_note_key *key, uint8_t type)
{
    uint8_t typed[1 + CH_NOTE_KEY_BYTES] = {type};
    memcpy(typed + 1, key->public_key, CH_NOTE_KEY_BYTES);
    ch_buf_printf(out, "%s+%08x+", key->name, ch_note_typed_id(key, type));
    ch_buf_put_base64(out, typed, sizeof(typed));
}

void ch_note_key_put(struct ch_buf *out, const struct ch_note_key *key)
{
    ch_note_typed_put(out, key, CH_NOTE_TYPE_ED25519);
}

/* The name has no plus, base64 may have. */
enum ch_code ch_note_typed_get(struct ch_str vkey, uint8_t type, const char *what,
                               struct ch_note_key *ret, struct ch_err *err)
{
    struct ch_note_key key = {.name = ""};
    struct ch_str rest = vkey, name, id;
    uint8_t id_bytes[ID_BYTES];
    struct ch_buf typed;
    if (!ch_str_split(&rest, '+', &name) || !ch_str_split(&rest, '+', &id) || rest.ptr == NULL ||
        !ch_note_name_is_good(name) || !ch_hex_decode(id, id_bytes, ID_BYTES)) {
        return ch_fail(err, CH_E_FORMAT, "verifier key: expected NAME+ID+BASE64");
    }
    ch_buf_init(&typed, SIGNATURE_MAX);
    if (!ch_base64_strict(rest, &typed) || ch_buf_ok(&typed, NULL) != CH_OK || typed.len == 0) {
        ch_buf_done(&typed);
        return ch_fail(err, CH_E_FORMAT, "verifier key: the key is not base64");
    }
    bool of_type = (uint8_t)typed.ptr[0] == type && typed.len == 1 + CH_NOTE_KEY_BYTES;
    if (of_type) {
        memcpy(key.name, name.ptr, name.len);
        memcpy(key.public_key, typed.ptr + 1, CH_NOTE_KEY_BYTES);
    }
    ch_buf_done(&typed);
    if (!of_type) {
        return ch_fail(err, CH_E_UNSUPPORTED, "verifier key: not of type %s", what);
    }
    if (ch_be32(id_bytes) != ch_note_typed_id(&key, type)) {
        return ch_fail(err, CH_E_FORMAT, "verifier key: its id is of another name or key");
    }
    *ret = key;
    return CH_OK;
}

enum ch_code ch_note_key_get(struct ch_str vkey, struct ch_note_key *ret, struct ch_err *err)
{
    return ch_note_typed_get(vkey, CH_NOTE_TYPE_ED25519, "Ed25519", ret, err);
}

/* ------------------------------------------------------------------ notes */

void ch_note_put_line(struct ch_buf *out, const struct ch_note_key *key, uint8_t type,
                      const uint8_t *signature, size_t len)
{
    uint32_t id = ch_note_typed_id(key, type);
    uint8_t line[ID_BYTES + 2 * CH_NOTE_SIGNATURE_BYTES] = {
        (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8), (uint8_t)id};
    CH_ASSERT(len <= sizeof(line) - ID_BYTES);
    memcpy(line + ID_BYTES, signature, len);
    ch_buf_printf(out, DASH "%s ", key->name);
    ch_buf_put_base64(out, line, ID_BYTES + len);
    ch_buf_putc(out, '\n');
}

static enum ch_code put_signature(struct ch_str text, const struct ch_note_signer *signer,
                                  struct ch_buf *out, struct ch_err *err)
{
    uint8_t signature[CH_NOTE_SIGNATURE_BYTES];
    enum ch_code rc = signer->sign(signer->ctx, text, signature, err);
    if (rc == CH_OK) {
        ch_note_put_line(out, &signer->key, CH_NOTE_TYPE_ED25519, signature, sizeof(signature));
    }
    return rc;
}

enum ch_code ch_note_sign(struct ch_str text, const struct ch_note_signer *signer,
                          struct ch_buf *out, struct ch_err *err)
{
    struct ch_buf lines;
    CH_ASSERT(ch_str_ends(text, CH_STR("\n")));
    ch_buf_init(&lines, 4 * CH_NOTE_NAME_MAX + 4 * SIGNATURE_MAX);
    enum ch_code rc = put_signature(text, signer, &lines, err);
    if (rc == CH_OK && signer->also != NULL) {
        rc = put_signature(text, signer->also, &lines, err);
    }
    if (rc == CH_OK) {
        ch_buf_puts(out, text);
        ch_buf_putc(out, '\n');
        ch_buf_puts(out, ch_buf_str(&lines));
        rc = ch_buf_ok(out, err);
    }
    ch_buf_done(&lines);
    return rc;
}

bool ch_note_ed25519_is_good(const struct ch_note_key *key, struct ch_str message,
                             const uint8_t signature[CH_NOTE_SIGNATURE_BYTES])
{
    EVP_PKEY *pkey =
        EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->public_key, CH_NOTE_KEY_BYTES);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool good = pkey != NULL && ctx != NULL &&
                EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
                EVP_DigestVerify(ctx, signature, CH_NOTE_SIGNATURE_BYTES,
                                 (const unsigned char *)message.ptr, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    return good;
}

/* "The note text is everything up to and including the newline before the blank line": the last
 * blank line, for a text may have some. */
static bool split_note(struct ch_str note, struct ch_str *ret_text, struct ch_str *ret_signatures)
{
    if (note.len > CH_NOTE_MAX || !ch_str_is_utf8(note) || !ch_str_ends(note, CH_STR("\n"))) {
        return false;
    }
    for (size_t i = 0; i < note.len; i++) {
        if ((unsigned char)note.ptr[i] < 0x20 && note.ptr[i] != '\n') {
            return false;
        }
    }
    for (size_t i = note.len; i-- > 1;) {
        if (note.ptr[i] == '\n' && note.ptr[i - 1] == '\n') {
            *ret_text = ch_str_sub(note, 0, i);
            *ret_signatures = ch_str_sub(note, i + 1, note.len);
            return ret_signatures->len > 0;
        }
    }
    return false;
}

enum ch_code ch_note_split(struct ch_str note, struct ch_str *ret_text, struct ch_str *ret_lines,
                           struct ch_err *err)
{
    return split_note(note, ret_text, ret_lines) ? CH_OK
                                                 : ch_fail(err, CH_E_FORMAT, "not a signed note");
}

enum ch_code ch_note_text(struct ch_str note, struct ch_str *ret_text, struct ch_err *err)
{
    struct ch_str lines;
    return ch_note_split(note, ret_text, &lines, err);
}

/* DASH name " " base64(id, signature) */
static bool read_line(struct ch_str line, struct ch_str *ret_name, struct ch_buf *ret_bytes)
{
    struct ch_str rest = ch_str_sub(line, sizeof(DASH) - 1, line.len);
    return ch_str_starts(line, CH_STR(DASH)) && ch_str_split(&rest, ' ', ret_name) &&
           ch_note_name_is_good(*ret_name) && rest.ptr != NULL &&
           ch_base64_strict(rest, ret_bytes) && ch_buf_ok(ret_bytes, NULL) == CH_OK &&
           ret_bytes->len > ID_BYTES;
}

enum ch_code ch_note_find_line(struct ch_str lines, const struct ch_note_key *key, uint8_t type,
                               ch_note_good_fn *is_good, void *ctx, struct ch_str *ret_line,
                               struct ch_err *err)
{
    struct ch_str rest = lines, line, name, found = {NULL, 0};
    struct ch_buf bytes;
    bool wellformed = ch_str_ends(lines, CH_STR("\n")), wrong = false;
    size_t count = 0;
    uint32_t id = ch_note_typed_id(key, type);
    const uint8_t id_bytes[ID_BYTES] = {(uint8_t)(id >> 24), (uint8_t)(id >> 16),
                                        (uint8_t)(id >> 8), (uint8_t)id};
    ch_buf_init(&bytes, SIGNATURE_MAX);
    rest.len -= wellformed ? 1 : 0; /* its last newline ends the last line */
    while (wellformed && ch_str_split(&rest, '\n', &line)) {
        if (++count > CH_NOTE_LINES_MAX) {
            ch_buf_done(&bytes);
            return ch_fail(err, CH_E_FORMAT, "signed note: more than %d signatures",
                           CH_NOTE_LINES_MAX);
        }
        ch_buf_clear(&bytes);
        wellformed = read_line(line, &name, &bytes);
        if (wellformed && !wrong && ch_str_eq(name, ch_str_of(key->name)) &&
            memcmp(bytes.ptr, id_bytes, ID_BYTES) == 0) {
            wrong = !is_good(ctx, key, (const uint8_t *)bytes.ptr + ID_BYTES, bytes.len - ID_BYTES);
            found = found.ptr == NULL ? (struct ch_str){line.ptr, line.len + 1} : found;
        }
    }
    ch_buf_done(&bytes);
    if (!wellformed) {
        return ch_fail(err, CH_E_FORMAT, "signed note: a signature line is malformed");
    }
    if (found.ptr == NULL) {
        return ch_fail(err, CH_E_NOT_FOUND, "signed note: not signed by %s", key->name);
    }
    if (wrong) {
        return ch_fail(err, CH_E_MISMATCH, "signed note: the signature of %s is wrong", key->name);
    }
    *ret_line = found;
    return CH_OK;
}

static bool is_good(void *ctx, const struct ch_note_key *key, const uint8_t *signature, size_t len)
{
    const struct ch_str *text = ctx;
    return len == CH_NOTE_SIGNATURE_BYTES && ch_note_ed25519_is_good(key, *text, signature);
}

static enum ch_code open_note(struct ch_str note, const struct ch_note_key *key,
                              struct ch_str *ret_text, struct ch_str *ret_line, struct ch_err *err)
{
    struct ch_str lines;
    enum ch_code rc = ch_note_split(note, ret_text, &lines, err);
    return rc == CH_OK ? ch_note_find_line(lines, key, CH_NOTE_TYPE_ED25519, is_good, ret_text,
                                           ret_line, err)
                       : rc;
}

enum ch_code ch_note_open(struct ch_str note, const struct ch_note_key *key,
                          struct ch_str *ret_text, struct ch_err *err)
{
    struct ch_str text, line;
    enum ch_code rc = open_note(note, key, &text, &line, err);
    if (rc == CH_OK) {
        *ret_text = text;
    }
    return rc;
}

enum ch_code ch_note_signature(struct ch_str note, const struct ch_note_key *key,
                               struct ch_str *ret_line, struct ch_err *err)
{
    struct ch_str text;
    return open_note(note, key, &text, ret_line, err);
}

/* ------------------------------------------------------------------ checkpoints */

void ch_checkpoint_put(struct ch_buf *out, const struct ch_checkpoint *c)
{
    ch_buf_puts(out, c->origin);
    ch_buf_printf(out, "\n%llu\n", (unsigned long long)c->size);
    ch_buf_put_base64(out, c->root.byte, sizeof(c->root.byte));
    ch_buf_putc(out, '\n');
}

enum ch_code ch_checkpoint_get(struct ch_str text, struct ch_checkpoint *ret, struct ch_err *err)
{
    struct ch_checkpoint c;
    struct ch_str rest = text, size, root;
    struct ch_buf bytes;
    if (!ch_str_ends(text, CH_STR("\n")) || !ch_str_split(&rest, '\n', &c.origin) ||
        !ch_str_split(&rest, '\n', &size) || !ch_str_split(&rest, '\n', &root) ||
        c.origin.len == 0 || !ch_str_u64(size, &c.size)) {
        return ch_fail(err, CH_E_FORMAT, "checkpoint: expected origin, size and root hash");
    }
    ch_buf_init(&bytes, CH_SHA256_BYTES);
    bool good = ch_base64_strict(root, &bytes) && ch_buf_ok(&bytes, NULL) == CH_OK &&
                bytes.len == CH_SHA256_BYTES;
    if (good) {
        memcpy(c.root.byte, bytes.ptr, CH_SHA256_BYTES);
    }
    ch_buf_done(&bytes);
    /* "Extension lines: a sequence of opaque lines. Each must be non-empty." */
    struct ch_str line;
    while (good && rest.len > 0 && ch_str_split(&rest, '\n', &line)) {
        good = line.len > 0;
    }
    if (!good) {
        return ch_fail(err, CH_E_FORMAT,
                       "checkpoint: the root hash or a line after it is malformed");
    }
    *ret = c;
    return CH_OK;
}

enum ch_code ch_checkpoint_open(struct ch_str note, const struct ch_note_key *key,
                                struct ch_checkpoint *ret, struct ch_err *err)
{
    struct ch_str text;
    struct ch_checkpoint c;
    enum ch_code rc = ch_note_open(note, key, &text, err);
    rc = rc == CH_OK ? ch_checkpoint_get(text, &c, err) : rc;
    if (rc == CH_OK && !ch_str_eq(c.origin, ch_str_of(key->name))) {
        return ch_fail(err, CH_E_MISMATCH, "checkpoint: it is of another log");
    }
    if (rc == CH_OK) {
        *ret = c;
    }
    return rc;
}

enum ch_code ch_checkpoint_open_own(struct ch_str note, const struct ch_note_signer *signer,
                                    struct ch_checkpoint *ret, struct ch_err *err)
{
    enum ch_code rc = ch_checkpoint_open(note, &signer->key, ret, err);
    if (rc == CH_E_NOT_FOUND && signer->former != NULL) {
        rc = ch_checkpoint_open(note, signer->former, ret, err);
    }
    return rc;
}

/* ------------------------------------------------------------------ a pair in memory */

struct ch_note_pair {
    EVP_PKEY *pkey;
    struct ch_note_signer signer;
};

static enum ch_code pair_sign(void *ctx, struct ch_str message,
                              uint8_t ret[CH_NOTE_SIGNATURE_BYTES], struct ch_err *err)
{
    struct ch_note_pair *pair = ctx;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    size_t len = CH_NOTE_SIGNATURE_BYTES;
    bool good = md != NULL && EVP_DigestSignInit(md, NULL, NULL, NULL, pair->pkey) == 1 &&
                EVP_DigestSign(md, ret, &len, (const unsigned char *)message.ptr, message.len) == 1;
    EVP_MD_CTX_free(md);
    return good ? CH_OK : ch_fail(err, CH_E_SYSTEM, "the log's key does not sign");
}

enum ch_code ch_note_pair_new(const uint8_t seed[CH_NOTE_SEED_BYTES], const char *name,
                              struct ch_note_pair **ret, struct ch_err *err)
{
    struct ch_note_pair *pair = ch_calloc(1, sizeof(*pair));
    size_t len = CH_NOTE_KEY_BYTES;
    CH_ASSERT(ch_note_name_is_good(ch_str_of(name)));
    snprintf(pair->signer.key.name, sizeof(pair->signer.key.name), "%s", name);
    pair->signer.sign = pair_sign;
    pair->signer.ctx = pair;
    pair->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, CH_NOTE_SEED_BYTES);
    if (pair->pkey == NULL ||
        EVP_PKEY_get_raw_public_key(pair->pkey, pair->signer.key.public_key, &len) != 1) {
        ch_note_pair_free(pair);
        return ch_fail(err, CH_E_SYSTEM, "no Ed25519 key could be made");
    }
    *ret = pair;
    return CH_OK;
}

void ch_note_pair_free(struct ch_note_pair *pair)
{
    if (pair != NULL) {
        EVP_PKEY_free(pair->pkey);
        free(pair);
    }
}

const struct ch_note_signer *ch_note_pair_signer(const struct ch_note_pair *pair)
{
    return &pair->signer;
}
