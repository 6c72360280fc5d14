#include "db/log/cosign.h"

#include <string.h>

#include "db/log/note_int.h"

#define TIME_BYTES        8
#define COSIGNATURE_BYTES (TIME_BYTES + CH_NOTE_SIGNATURE_BYTES)

enum ch_code ch_cosigner_get(struct ch_str vkey, struct ch_note_key *ret, struct ch_err *err)
{
    return ch_note_typed_get(vkey, CH_NOTE_TYPE_COSIGNATURE, "cosignature/v1 (Ed25519)", ret, err);
}

void ch_cosigner_put(struct ch_buf *out, const struct ch_note_key *key)
{
    ch_note_typed_put(out, key, CH_NOTE_TYPE_COSIGNATURE);
}

static void put_message(struct ch_buf *out, uint64_t time_s, struct ch_str text)
{
    ch_buf_printf(out, "cosignature/v1\ntime %llu\n", (unsigned long long)time_s);
    ch_buf_puts(out, text);
}

enum ch_code ch_cosign(struct ch_str text, const struct ch_note_signer *signer, uint64_t time_s,
                       struct ch_buf *out, struct ch_err *err)
{
    uint8_t signature[COSIGNATURE_BYTES];
    struct ch_buf message;
    CH_ASSERT(ch_str_ends(text, CH_STR("\n")) && time_s <= INT64_MAX);
    ch_buf_init(&message, CH_NOTE_MAX + 64);
    put_message(&message, time_s, text);
    for (size_t i = 0; i < TIME_BYTES; i++) {
        signature[i] = (uint8_t)(time_s >> (8 * (TIME_BYTES - 1 - i)));
    }
    enum ch_code rc = ch_buf_ok(&message, err);
    rc = rc == CH_OK ? signer->sign(signer->ctx, ch_buf_str(&message), signature + TIME_BYTES, err)
                     : rc;
    ch_buf_done(&message);
    if (rc == CH_OK) {
        ch_note_put_line(out, &signer->key, CH_NOTE_TYPE_COSIGNATURE, signature, sizeof(signature));
        rc = ch_buf_ok(out, err);
    }
    return rc;
}

struct checking {
    struct ch_str text;
    uint64_t time_s;
    bool timed; /* the first line's time: a second one's is not asked for */
};

static bool is_good(void *ctx, const struct ch_note_key *key, const uint8_t *signature, size_t len)
{
    struct checking *c = ctx;
    struct ch_buf message;
    uint64_t time_s = 0;
    if (len != COSIGNATURE_BYTES) {
        return false;
    }
    for (size_t i = 0; i < TIME_BYTES; i++) {
        time_s = time_s << 8 | signature[i];
    }
    if (time_s > INT64_MAX) { /* "It MUST NOT exceed 2^63 - 1" */
        return false;
    }
    ch_buf_init(&message, CH_NOTE_MAX + 64);
    put_message(&message, time_s, c->text);
    bool good = ch_buf_ok(&message, NULL) == CH_OK &&
                ch_note_ed25519_is_good(key, ch_buf_str(&message), signature + TIME_BYTES);
    ch_buf_done(&message);
    if (good && !c->timed) {
        c->time_s = time_s;
        c->timed = true;
    }
    return good;
}

enum ch_code ch_cosignature_find(struct ch_str text, struct ch_str lines,
                                 const struct ch_note_key *witness, struct ch_str *ret_line,
                                 uint64_t *ret_time_s, struct ch_err *err)
{
    struct checking c = {.text = text};
    struct ch_str line;
    enum ch_code rc =
        ch_note_find_line(lines, witness, CH_NOTE_TYPE_COSIGNATURE, is_good, &c, &line, err);
    if (rc == CH_OK) {
        *ret_line = line;
        *ret_time_s = c.time_s;
    }
    return rc;
}
