#include "seal.h"

#include <string.h>

#include "note_int.h"

#define WORD        "customhouse log seal v1" /* with its zero byte */
#define NUMBERS     (3 * sizeof(uint64_t))
#define MESSAGE_MAX (sizeof(WORD) + CH_NOTE_NAME_MAX + 1 + NUMBERS + 2 * CH_SHA256_BYTES)

_Static_assert(CH_LOG_SEAL_SIGNATURE_BYTES == CH_NOTE_SIGNATURE_BYTES, "Ed25519");

struct ch_sha256 ch_log_seal_next(struct ch_hash *h, const struct ch_sha256 *chain,
                                  const struct ch_sha256 *leaf)
{
    ch_hash_reset(h);
    ch_hash_add(h, chain->byte, sizeof(chain->byte));
    ch_hash_add(h, leaf->byte, sizeof(leaf->byte));
    return ch_hash_end(h);
}

static void put_message(struct ch_buf *b, const char *name, const struct ch_log_seal *seal)
{
    ch_buf_init(b, MESSAGE_MAX);
    ch_buf_put(b, WORD, sizeof(WORD));
    ch_buf_put(b, name, strlen(name) + 1);
    ch_put_u64(b, seal->base);
    ch_put_sha256(b, &seal->base_chain);
    ch_put_u64(b, seal->size);
    ch_put_sha256(b, &seal->chain);
    ch_put_u64(b, seal->written);
}

enum ch_code ch_log_seal_sign(const struct ch_note_signer *signer, struct ch_log_seal *seal,
                              struct ch_err *err)
{
    struct ch_buf message;
    put_message(&message, signer->key.name, seal);
    enum ch_code rc = signer->sign(signer->ctx, ch_buf_str(&message), seal->signature, err);
    ch_buf_done(&message);
    return rc;
}

bool ch_log_seal_is_by(const struct ch_log_seal *seal, const struct ch_note_key *key)
{
    struct ch_buf message;
    put_message(&message, key->name, seal);
    bool good = ch_note_ed25519_is_good(key, ch_buf_str(&message), seal->signature);
    ch_buf_done(&message);
    return good;
}
