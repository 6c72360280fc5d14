/* SHA-256 values: an artifact's identity is our own sha256 over the bytes received (T15). */
#ifndef CUSTOMHOUSE_DIGEST_H
#define CUSTOMHOUSE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "customhouse/bytes.h"

#define CH_SHA256_BYTES 32
#define CH_SHA256_HEX   64

struct ch_sha256 {
    uint8_t byte[CH_SHA256_BYTES];
};

bool ch_sha256_eq(const struct ch_sha256 *a, const struct ch_sha256 *b);
bool ch_sha256_is_zero(const struct ch_sha256 *a); /* all zero stands for "unknown" */
bool ch_sha256_from_hex(struct ch_str hex, struct ch_sha256 *ret); /* exactly 64 digits */
void ch_sha256_hex(const struct ch_sha256 *d, char ret_hex[CH_SHA256_HEX + 1]);
void ch_put_sha256(struct ch_buf *b, const struct ch_sha256 *d);
struct ch_sha256 ch_get_sha256(struct ch_rd *r);

/* --- computing (libcrypto) --- */
struct ch_sha256 ch_sha256_of(const void *ptr, size_t len);
struct ch_hash; /* a running SHA-256 */
struct ch_hash *ch_hash_new(void);
void ch_hash_free(struct ch_hash *h);
void ch_hash_reset(struct ch_hash *h);
void ch_hash_add(struct ch_hash *h, const void *ptr, size_t len);
struct ch_sha256 ch_hash_end(struct ch_hash *h); /* usable again after ch_hash_reset */
/* Reads fd from offset 0 to its end with pread; also says how many bytes it hashed. */
enum ch_code ch_sha256_of_fd(int fd, struct ch_sha256 *ret, uint64_t *ret_size_bytes,
                             struct ch_err *err) CH_MUST_CHECK;

#endif
