#include "db/signing/public_key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "db/signing/signing_int.h"

struct ch_public_key {
    enum ch_key_kind kind;
    EVP_PKEY *pkey;
    struct ch_sha256 id;
};

const char *ch_key_kind_name(enum ch_key_kind kind)
{
    return kind == CH_KEY_ECDSA_P256 ? "ecdsa-p256" : "ed25519";
}

enum ch_code ch_openssl_fail(struct ch_err *err, enum ch_code code, const char *what)
{
    char text[160] = "";
    unsigned long number = ERR_get_error();
    if (number != 0) {
        ERR_error_string_n(number, text, sizeof(text));
    }
    ERR_clear_error();
    return ch_fail(err, code, "%s%s%s", what, text[0] != '\0' ? ": " : "", text);
}

static bool kind_of(const EVP_PKEY *pkey, enum ch_key_kind *ret)
{
    char group[32] = "";
    size_t len = 0;
    if (EVP_PKEY_is_a(pkey, "ED25519")) {
        *ret = CH_KEY_ED25519;
        return true;
    }
    *ret = CH_KEY_ECDSA_P256;
    return EVP_PKEY_is_a(pkey, "EC") &&
           EVP_PKEY_get_group_name(pkey, group, sizeof(group), &len) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

enum ch_code ch_public_key_of(EVP_PKEY *pkey, struct ch_public_key **ret, struct ch_err *err)
{
    enum ch_key_kind kind;
    if (!kind_of(pkey, &kind)) {
        return ch_fail(err, CH_E_FORMAT, "key: expected ECDSA P-256 or Ed25519");
    }
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(pkey, &der);
    if (len <= 0) {
        return ch_openssl_fail(err, CH_E_FORMAT, "key");
    }
    struct ch_public_key *k = ch_calloc(1, sizeof(*k));
    CH_ASSERT(EVP_PKEY_up_ref(pkey) == 1);
    *k = (struct ch_public_key){kind, pkey, ch_sha256_of(der, (size_t)len)};
    OPENSSL_free(der);
    *ret = k;
    return CH_OK;
}

enum ch_code ch_public_key_parse(struct ch_str pem, struct ch_public_key **ret, struct ch_err *err)
{
    static const struct ch_str begin = {"-----BEGIN ", 11};
    size_t at = 0;
    pem = ch_str_sub(pem, 0, 64u << 10);
    /* one block and no other: which of two would be meant? */
    if (!ch_str_find(pem, begin, &at) ||
        ch_str_find(ch_str_sub(pem, at + begin.len, pem.len), begin, NULL) ||
        !ch_str_starts(ch_str_sub(pem, at, pem.len), CH_STR("-----BEGIN PUBLIC KEY-----"))) {
        return ch_fail(err, CH_E_FORMAT, "key: expected one PEM block PUBLIC KEY");
    }
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    CH_ASSERT(bio != NULL);
    EVP_PKEY *pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    if (pkey == NULL) {
        return ch_openssl_fail(err, CH_E_FORMAT, "key");
    }
    enum ch_code rc = ch_public_key_of(pkey, ret, err);
    EVP_PKEY_free(pkey);
    return rc;
}

void ch_public_key_free(struct ch_public_key *k)
{
    if (k != NULL) {
        EVP_PKEY_free(k->pkey);
        free(k);
    }
}

enum ch_key_kind ch_public_key_kind(const struct ch_public_key *k)
{
    return k->kind;
}

struct ch_sha256 ch_public_key_id(const struct ch_public_key *k)
{
    return k->id;
}

void ch_key_id_hex(const struct ch_sha256 *id, char ret[CH_KEY_ID_HEX + 1])
{
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(id, hex);
    for (size_t i = 0; i < CH_KEY_ID_HEX; i++) {
        ret[i] = hex[i];
    }
    ret[CH_KEY_ID_HEX] = '\0';
}

void ch_public_key_put_pem(const struct ch_public_key *k, struct ch_buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    CH_ASSERT(bio != NULL && PEM_write_bio_PUBKEY(bio, k->pkey) == 1);
    long len = BIO_get_mem_data(bio, &text);
    ch_buf_put(out, text, (size_t)len);
    BIO_free(bio);
}

void ch_public_key_raw(const struct ch_public_key *k, uint8_t ret[CH_ED25519_BYTES])
{
    size_t len = CH_ED25519_BYTES;
    CH_ASSERT(k->kind == CH_KEY_ED25519 && EVP_PKEY_get_raw_public_key(k->pkey, ret, &len) == 1 &&
              len == CH_ED25519_BYTES);
}

static const unsigned char *bytes_of(struct ch_str s)
{
    return (const unsigned char *)(s.ptr != NULL ? s.ptr : "");
}

/* OpenSSL says 0 for another signature and less than that for one it cannot read: both are a no. */
static enum ch_code verdict(int result, struct ch_err *err)
{
    ERR_clear_error();
    return result == 1
               ? CH_OK
               : ch_fail(err, CH_E_MISMATCH, "the signature is not one of this key and text");
}

enum ch_code ch_public_key_verify(const struct ch_public_key *k, struct ch_str message,
                                  struct ch_str signature, struct ch_err *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    const EVP_MD *md = k->kind == CH_KEY_ECDSA_P256 ? EVP_sha256() : NULL;
    CH_ASSERT(ctx != NULL);
    int result = EVP_DigestVerifyInit(ctx, NULL, md, NULL, k->pkey);
    if (result == 1) {
        result = EVP_DigestVerify(ctx, bytes_of(signature), signature.len, bytes_of(message),
                                  message.len);
    }
    EVP_MD_CTX_free(ctx);
    return verdict(result, err);
}

enum ch_code ch_public_key_verify_sha256(const struct ch_public_key *k,
                                         const struct ch_sha256 *digest, struct ch_str signature,
                                         struct ch_err *err)
{
    if (k->kind != CH_KEY_ECDSA_P256) {
        return ch_fail(err, CH_E_UNSUPPORTED, "an Ed25519 key signs no digests");
    }
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k->pkey, NULL);
    CH_ASSERT(ctx != NULL);
    int result = EVP_PKEY_verify_init(ctx);
    if (result == 1) {
        result = EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256());
    }
    if (result == 1) {
        result =
            EVP_PKEY_verify(ctx, bytes_of(signature), signature.len, digest->byte, CH_SHA256_BYTES);
    }
    EVP_PKEY_CTX_free(ctx);
    return verdict(result, err);
}
