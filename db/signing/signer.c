#include "db/signing/signer.h"

#include <stdlib.h>

struct ch_signer {
    const struct ch_signer_ops *ops;
    void *self;
    struct ch_public_key *public_key;
};

struct ch_signer *ch_signer_new(const struct ch_signer_ops *ops, void *self,
                                struct ch_public_key *public_key)
{
    struct ch_signer *s = ch_calloc(1, sizeof(*s));
    *s = (struct ch_signer){ops, self, public_key};
    return s;
}

void ch_signer_free(struct ch_signer *s)
{
    if (s != NULL) {
        s->ops->free(s->self);
        ch_public_key_free(s->public_key);
        free(s);
    }
}

const struct ch_public_key *ch_signer_public(const struct ch_signer *s)
{
    return s->public_key;
}

enum ch_code ch_signer_sign(struct ch_signer *s, struct ch_str message, struct ch_buf *out,
                            struct ch_err *err)
{
    if (ch_public_key_kind(s->public_key) == CH_KEY_ED25519) {
        return s->ops->sign_message(s->self, message, out, err);
    }
    struct ch_sha256 digest = ch_sha256_of(message.ptr, message.len);
    return s->ops->sign_digest(s->self, &digest, out, err);
}

enum ch_code ch_signer_sign_sha256(struct ch_signer *s, const struct ch_sha256 *digest,
                                   struct ch_buf *out, struct ch_err *err)
{
    if (ch_public_key_kind(s->public_key) == CH_KEY_ED25519) {
        return ch_fail(err, CH_E_UNSUPPORTED, "an Ed25519 key signs no digests");
    }
    return s->ops->sign_digest(s->self, digest, out, err);
}
