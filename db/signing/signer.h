/* Signing with one key. Who signs does not know where the private half is: in a file now
 * (key_files.h), behind a PKCS#11 process later. Each purpose has a key of its own and no key has
 * two (T23): what a key has signed says what for. */
#ifndef CUSTOMHOUSE_SIGNER_H
#define CUSTOMHOUSE_SIGNER_H

#include "db/signing/public_key.h"

/* One kind of place for private keys. */
struct ch_signer_ops {
    const char *name; /* "file" */
    /* Appends the signature. ECDSA: over the digest (as CKM_ECDSA takes it), as DER. Ed25519: over
     * the message, 64 bytes. The one that does not fit the key is never called. */
    enum ch_code (*sign_digest)(void *self, const struct ch_sha256 *digest, struct ch_buf *out,
                                struct ch_err *err);
    enum ch_code (*sign_message)(void *self, struct ch_str message, struct ch_buf *out,
                                 struct ch_err *err);
    void (*free)(void *self);
};

struct ch_signer;

/* Takes over `self` and `public_key`. */
struct ch_signer *ch_signer_new(const struct ch_signer_ops *ops, void *self,
                                struct ch_public_key *public_key);
void ch_signer_free(struct ch_signer *s);                                /* accepts NULL */
const struct ch_public_key *ch_signer_public(const struct ch_signer *s); /* borrowed */

/* Appends the signature over `message`: at most CH_SIGNATURE_BYTES. */
enum ch_code ch_signer_sign(struct ch_signer *s, struct ch_str message, struct ch_buf *out,
                            struct ch_err *err) CH_MUST_CHECK;
/* The same over bytes of which the SHA-256 is known, which need not be read again.
 * CH_E_UNSUPPORTED: an Ed25519 key. */
enum ch_code ch_signer_sign_sha256(struct ch_signer *s, const struct ch_sha256 *digest,
                                   struct ch_buf *out, struct ch_err *err) CH_MUST_CHECK;

#endif
