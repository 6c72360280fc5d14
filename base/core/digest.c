#include "customhouse/digest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

bool ch_sha256_eq(const struct ch_sha256 *a, const struct ch_sha256 *b)
{
    return memcmp(a->byte, b->byte, CH_SHA256_BYTES) == 0;
}

bool ch_sha256_is_zero(const struct ch_sha256 *a)
{
    static const struct ch_sha256 zero;
    return ch_sha256_eq(a, &zero);
}

bool ch_sha256_from_any_hex(struct ch_str hex, struct ch_sha256 *ret)
{
    return ch_hex_decode(hex, ret->byte, CH_SHA256_BYTES);
}

static unsigned lower_digit(char c)
{
    unsigned digit = (unsigned)(unsigned char)c - '0', letter = (unsigned)(unsigned char)c - 'a';
    return digit < 10 ? digit : letter < 6 ? letter + 10 : 16;
}

/* In one pass: an audit reads them by the million. */
bool ch_sha256_from_hex(struct ch_str hex, struct ch_sha256 *ret)
{
    struct ch_sha256 d;
    unsigned all = 0;
    if (hex.len != CH_SHA256_HEX) {
        return false;
    }
    for (size_t i = 0; i < CH_SHA256_BYTES; i++) {
        unsigned high = lower_digit(hex.ptr[2 * i]), low = lower_digit(hex.ptr[2 * i + 1]);
        all |= high | low;
        d.byte[i] = (uint8_t)(high << 4 | low);
    }
    if (all > 15) {
        return false;
    }
    *ret = d;
    return true;
}

void ch_sha256_hex(const struct ch_sha256 *d, char ret_hex[CH_SHA256_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < CH_SHA256_BYTES; i++) {
        ret_hex[2 * i] = digits[d->byte[i] >> 4];
        ret_hex[2 * i + 1] = digits[d->byte[i] & 15];
    }
    ret_hex[CH_SHA256_HEX] = '\0';
}

void ch_put_sha256(struct ch_buf *b, const struct ch_sha256 *d)
{
    ch_put_bytes(b, d->byte, CH_SHA256_BYTES);
}

struct ch_sha256 ch_get_sha256(struct ch_rd *r)
{
    struct ch_sha256 d = {{0}};
    const uint8_t *p = ch_get_bytes(r, CH_SHA256_BYTES);
    if (p != NULL) {
        memcpy(d.byte, p, CH_SHA256_BYTES);
    }
    return d;
}

struct ch_sha256 ch_sha256_of(const void *ptr, size_t len)
{
    struct ch_sha256 d;
    CH_ASSERT(EVP_Digest(ptr, len, d.byte, NULL, EVP_sha256(), NULL) == 1);
    return d;
}

struct ch_hash {
    EVP_MD_CTX *ctx;
};

struct ch_hash *ch_hash_new(void)
{
    struct ch_hash *h = ch_alloc(sizeof(*h));
    h->ctx = EVP_MD_CTX_new();
    CH_ASSERT(h->ctx != NULL && EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) == 1);
    return h;
}

void ch_hash_free(struct ch_hash *h)
{
    if (h != NULL) {
        EVP_MD_CTX_free(h->ctx);
        free(h);
    }
}

/* Without naming the digest again: looking it up costs more than hashing a node of a tree. */
void ch_hash_reset(struct ch_hash *h)
{
    CH_ASSERT(EVP_DigestInit_ex(h->ctx, NULL, NULL) == 1);
}

void ch_hash_add(struct ch_hash *h, const void *ptr, size_t len)
{
    CH_ASSERT(EVP_DigestUpdate(h->ctx, ptr, len) == 1);
}

struct ch_sha256 ch_hash_end(struct ch_hash *h)
{
    struct ch_sha256 d;
    CH_ASSERT(EVP_DigestFinal_ex(h->ctx, d.byte, NULL) == 1);
    return d;
}

/* `ret` has room for what `md` makes. */
static enum ch_code hash_fd(int fd, const EVP_MD *md, uint8_t *ret, uint64_t *ret_size_bytes,
                            struct ch_err *err)
{
    enum { CHUNK = 1 << 18 };
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    CH_ASSERT(ctx != NULL);
    if (EVP_DigestInit_ex(ctx, md, NULL) != 1) {
        EVP_MD_CTX_free(ctx);
        return ch_fail(err, CH_E_UNSUPPORTED, "this system's libcrypto computes no such hash");
    }
    char *chunk = ch_alloc(CHUNK);
    enum ch_code rc = CH_OK;
    uint64_t at = 0;
    for (;;) {
        ssize_t n = pread(fd, chunk, CHUNK, (off_t)at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            rc = ch_fail_errno(err, errno, "read at byte %llu", (unsigned long long)at);
            break;
        }
        if (n == 0) {
            CH_ASSERT(EVP_DigestFinal_ex(ctx, ret, NULL) == 1);
            *ret_size_bytes = at;
            break;
        }
        CH_ASSERT(EVP_DigestUpdate(ctx, chunk, (size_t)n) == 1);
        at += (uint64_t)n;
    }
    EVP_MD_CTX_free(ctx);
    free(chunk);
    return rc;
}

enum ch_code ch_sha256_of_fd(int fd, struct ch_sha256 *ret, uint64_t *ret_size_bytes,
                             struct ch_err *err)
{
    return hash_fd(fd, EVP_sha256(), ret->byte, ret_size_bytes, err);
}

/* --- aliases --- */

static const struct {
    const char *name;
    size_t bytes;
    const EVP_MD *(*md)(void);
} kinds[CH_HASH_COUNT] = {
    [CH_HASH_NONE] = {"", 0, NULL},
    [CH_HASH_MD5] = {"md5", 16, EVP_md5},
    [CH_HASH_SHA1] = {"sha1", 20, EVP_sha1},
    [CH_HASH_SHA224] = {"sha224", 28, EVP_sha224},
    [CH_HASH_SHA3_224] = {"sha3_224", 28, EVP_sha3_224},
    [CH_HASH_BLAKE2S] = {"blake2s", 32, EVP_blake2s256},
    [CH_HASH_SHA3_256] = {"sha3_256", 32, EVP_sha3_256},
    [CH_HASH_SHA384] = {"sha384", 48, EVP_sha384},
    [CH_HASH_SHA3_384] = {"sha3_384", 48, EVP_sha3_384},
    [CH_HASH_BLAKE2B] = {"blake2b", 64, EVP_blake2b512},
    [CH_HASH_SHA512] = {"sha512", 64, EVP_sha512},
    [CH_HASH_SHA3_512] = {"sha3_512", 64, EVP_sha3_512},
};

const char *ch_hash_kind_name(enum ch_hash_kind kind)
{
    CH_ASSERT((size_t)kind < CH_ARRAY_LEN(kinds));
    return kinds[kind].name;
}

enum ch_hash_kind ch_hash_kind_of(struct ch_str name)
{
    for (int kind = CH_HASH_NONE + 1; kind < CH_HASH_COUNT; kind++) {
        if (ch_str_eq(name, ch_str_of(kinds[kind].name))) {
            return (enum ch_hash_kind)kind;
        }
    }
    return CH_HASH_NONE;
}

bool ch_hash_kind_weak(enum ch_hash_kind kind)
{
    return kind == CH_HASH_MD5 || kind == CH_HASH_SHA1;
}

bool ch_alias_from_hex(enum ch_hash_kind kind, struct ch_str hex, struct ch_alias *ret)
{
    struct ch_alias a = {.kind = kind};
    if (kind == CH_HASH_NONE || !ch_hex_decode(hex, a.byte, kinds[kind].bytes)) {
        return false;
    }
    *ret = a;
    return true;
}

void ch_alias_put_hex(struct ch_buf *b, const struct ch_alias *a)
{
    for (size_t i = 0; i < kinds[a->kind].bytes; i++) {
        ch_buf_printf(b, "%02x", a->byte[i]);
    }
}

bool ch_alias_eq(const struct ch_alias *a, const struct ch_alias *b)
{
    return a->kind == b->kind && memcmp(a->byte, b->byte, kinds[a->kind].bytes) == 0;
}

void ch_put_alias(struct ch_buf *b, const struct ch_alias *a)
{
    CH_ASSERT(a->kind != CH_HASH_NONE);
    ch_put_u8(b, (uint8_t)a->kind);
    ch_put_bytes(b, a->byte, kinds[a->kind].bytes);
}

struct ch_alias ch_get_alias(struct ch_rd *r)
{
    struct ch_alias a = {.kind = CH_HASH_NONE};
    uint8_t kind = ch_get_u8(r);
    if (kind == CH_HASH_NONE || kind >= CH_HASH_COUNT) {
        ch_rd_fail(r);
        return a;
    }
    const uint8_t *p = ch_get_bytes(r, kinds[kind].bytes);
    if (p != NULL) {
        a.kind = (enum ch_hash_kind)kind;
        memcpy(a.byte, p, kinds[kind].bytes);
    }
    return a;
}

enum ch_code ch_alias_of_fd(int fd, enum ch_hash_kind kind, struct ch_alias *ret,
                            struct ch_err *err)
{
    CH_ASSERT(kind != CH_HASH_NONE);
    struct ch_alias a = {.kind = kind};
    uint64_t size_bytes;
    enum ch_code rc = hash_fd(fd, kinds[kind].md(), a.byte, &size_bytes, err);
    if (rc == CH_OK) {
        *ret = a;
    }
    return rc;
}
