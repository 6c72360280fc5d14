/* SHA-256 values: an artifact's identity is our own sha256 over the bytes received (T15). What else an
 * index states of them is an alias: it is verified, and identifies nothing. */
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
/* Exactly 64 digits, in lower case: there is one way to write a digest (OCI image-spec, "Digests"). */
bool ch_sha256_from_hex(struct ch_str hex, struct ch_sha256 *ret);
/* The same of people and other people's files, in either case: pip, too, compares hashes in lower case. */
bool ch_sha256_from_any_hex(struct ch_str hex, struct ch_sha256 *ret);
void ch_sha256_hex(const struct ch_sha256 *d, char ret_hex[CH_SHA256_HEX + 1]);
void ch_put_sha256(struct ch_buf *b, const struct ch_sha256 *d);
struct ch_sha256 ch_get_sha256(struct ch_rd *r);

/* --- aliases --- */

/* Those of hashlib.algorithms_guaranteed (PEP 503, 691) with a length of their own, weakest first. The
 * values are stored. */
enum ch_hash_kind {
    CH_HASH_NONE = 0,
    CH_HASH_MD5,
    CH_HASH_SHA1,
    CH_HASH_SHA224,
    CH_HASH_SHA3_224,
    CH_HASH_BLAKE2S,
    CH_HASH_SHA3_256,
    CH_HASH_SHA384,
    CH_HASH_SHA3_384,
    CH_HASH_BLAKE2B,
    CH_HASH_SHA512,
    CH_HASH_SHA3_512,
    CH_HASH_COUNT
};
#define CH_ALIAS_MAX_BYTES 64

struct ch_alias {
    enum ch_hash_kind kind; /* NONE: none is stated */
    uint8_t byte[CH_ALIAS_MAX_BYTES]; /* as many as the kind has */
};

const char *ch_hash_kind_name(enum ch_hash_kind kind); /* "sha512", as hashlib spells it; NONE: "" */
/* By the same spelling; NONE for any other, and for sha256, which is no alias. */
enum ch_hash_kind ch_hash_kind_of(struct ch_str name);
/* Two files with one such hash can be made. */
bool ch_hash_kind_weak(enum ch_hash_kind kind);
/* Exactly the kind's number of digits; false otherwise, and for NONE. */
bool ch_alias_from_hex(enum ch_hash_kind kind, struct ch_str hex, struct ch_alias *ret);
void ch_alias_put_hex(struct ch_buf *b, const struct ch_alias *a);
bool ch_alias_eq(const struct ch_alias *a, const struct ch_alias *b);
void ch_put_alias(struct ch_buf *b, const struct ch_alias *a); /* not of NONE */
struct ch_alias ch_get_alias(struct ch_rd *r);                 /* nor is NONE read */
/* Reads fd as ch_sha256_of_fd does. */
enum ch_code ch_alias_of_fd(int fd, enum ch_hash_kind kind, struct ch_alias *ret,
                            struct ch_err *err) CH_MUST_CHECK;

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
