/* The public half of a signing key: what is published, what verifies, and the key's id.
 *
 * Spec: RFC 5480 and RFC 8410 (SubjectPublicKeyInfo), RFC 7468 (PEM), RFC 8032 (Ed25519: pure). */
#ifndef CUSTOMHOUSE_PUBLIC_KEY_H
#define CUSTOMHOUSE_PUBLIC_KEY_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

enum ch_key_kind {
    CH_KEY_ECDSA_P256 =
        1,          /* over SHA-256; signatures are DER: what other people's verifiers take */
    CH_KEY_ED25519, /* 64 bytes; signed notes only */
};
const char *ch_key_kind_name(enum ch_key_kind kind); /* "ecdsa-p256", "ed25519" */

#define CH_ED25519_BYTES    32
#define CH_SIGNATURE_BYTES  72 /* at most: an ECDSA-Sig-Value of P-256 */
#define CH_PUBLIC_PEM_BYTES 1024

struct ch_public_key;

/* Takes exactly one PUBLIC KEY block of one of the two kinds; CH_E_FORMAT for anything else, a
 * private key among it. */
enum ch_code ch_public_key_parse(struct ch_str pem, struct ch_public_key **ret,
                                 struct ch_err *err) CH_MUST_CHECK;
void ch_public_key_free(struct ch_public_key *k); /* accepts NULL */
enum ch_key_kind ch_public_key_kind(const struct ch_public_key *k);
/* The key's id: SHA-256 of its SubjectPublicKeyInfo in DER. In file names and hints, and where
 * people read it, as its first 16 hex digits. */
struct ch_sha256 ch_public_key_id(const struct ch_public_key *k);
#define CH_KEY_ID_HEX 16
void ch_key_id_hex(const struct ch_sha256 *id, char ret[CH_KEY_ID_HEX + 1]);
void ch_public_key_put_pem(const struct ch_public_key *k, struct ch_buf *out);
/* The 32 bytes of an Ed25519 key (RFC 8032, 5.1.5), as a signed note's verifier key has them. */
void ch_public_key_raw(const struct ch_public_key *k, uint8_t ret[CH_ED25519_BYTES]);

/* CH_E_MISMATCH: it is not this key's signature over these bytes. */
enum ch_code ch_public_key_verify(const struct ch_public_key *k, struct ch_str message,
                                  struct ch_str signature, struct ch_err *err) CH_MUST_CHECK;
/* The same for bytes of which the SHA-256 is known. CH_E_UNSUPPORTED: an Ed25519 key, which signs
 * the bytes themselves. */
enum ch_code ch_public_key_verify_sha256(const struct ch_public_key *k,
                                         const struct ch_sha256 *digest, struct ch_str signature,
                                         struct ch_err *err) CH_MUST_CHECK;

#endif
