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

bool ch_sha256_from_hex(struct ch_str hex, struct ch_sha256 *ret)
{
    return ch_hex_decode(hex, ret->byte, CH_SHA256_BYTES);
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

enum ch_code ch_sha256_of_fd(int fd, struct ch_sha256 *ret, uint64_t *ret_size_bytes,
                             struct ch_err *err)
{
    enum { CHUNK = 1 << 18 };
    char *chunk = ch_alloc(CHUNK);
    struct ch_hash *h = ch_hash_new();
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
            *ret = ch_hash_end(h);
            *ret_size_bytes = at;
            break;
        }
        ch_hash_add(h, chunk, (size_t)n);
        at += (uint64_t)n;
    }
    ch_hash_free(h);
    free(chunk);
    return rc;
}
