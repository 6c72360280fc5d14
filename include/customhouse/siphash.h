/* SipHash: a keyed hash of short inputs that nobody without the key can make collide. For tables
 * whose keys come from outside, and to know a text again without keeping it. No digest: it
 * identifies nothing beyond this process, whose random key it is made with.
 *
 * Own code, since tables ask for it with each request: libcrypto's needs a context for each key, and
 * twice the time for a line of 75 bytes. A test compares the two for every length.
 * Spec: Aumasson and Bernstein, "SipHash: a fast short-input PRF"; the form of 128 bits as
 * libcrypto has it. */
#ifndef CUSTOMHOUSE_SIPHASH_H
#define CUSTOMHOUSE_SIPHASH_H

#include <stdbool.h>
#include <stdint.h>

#include "customhouse/bytes.h"

struct ch_sip_key {
    uint64_t k0;
    uint64_t k1;
};

struct ch_sip128 {
    uint64_t a;
    uint64_t b;
};

/* A random key of this process. Aborts when the kernel gives none: there is no safe substitute. */
struct ch_sip_key ch_sip_key_new(void);
/* SipHash-1-3: for hash tables. */
uint64_t ch_sip_table(const struct ch_sip_key *key, struct ch_str s);
/* SipHash-2-4 with 128 bits: two texts with one value are not met, nor found on purpose. */
struct ch_sip128 ch_sip128_of(const struct ch_sip_key *key, struct ch_str s);
bool ch_sip128_eq(struct ch_sip128 x, struct ch_sip128 y);

#endif
