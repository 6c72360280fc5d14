#include "customhouse/siphash.h"

#include <endian.h>
#include <string.h>
#include <sys/random.h>

#include "customhouse/err.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, unsigned n)
{
    return (x << n) | (x >> (64 - n));
}

static inline void rounds(struct state *s, int n)
{
    for (int i = 0; i < n; i++) {
        s->v0 += s->v1;
        s->v2 += s->v3;
        s->v1 = rotl(s->v1, 13) ^ s->v0;
        s->v3 = rotl(s->v3, 16) ^ s->v2;
        s->v0 = rotl(s->v0, 32);
        s->v2 += s->v1;
        s->v0 += s->v3;
        s->v1 = rotl(s->v1, 17) ^ s->v2;
        s->v3 = rotl(s->v3, 21) ^ s->v0;
        s->v2 = rotl(s->v2, 32);
    }
}

static inline void mix(struct state *s, uint64_t word, int c)
{
    s->v3 ^= word;
    rounds(s, c);
    s->v0 ^= word;
}

/* All of the text, and in its last word the length (section 2.2 of the paper). */
static inline void absorb(struct state *s, struct ch_str text, int c)
{
    size_t at = 0;
    uint64_t word;
    for (; text.len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, text.ptr + at, sizeof(word));
        mix(s, le64toh(word), c);
    }
    word = 0;
    if (text.len > at) {
        memcpy(&word, text.ptr + at, text.len - at);
    }
    mix(s, le64toh(word) | ((uint64_t)text.len << 56), c);
}

static inline struct state begin(const struct ch_sip_key *key)
{
    return (struct state){
        key->k0 ^ 0x736f6d6570736575u,
        key->k1 ^ 0x646f72616e646f6du,
        key->k0 ^ 0x6c7967656e657261u,
        key->k1 ^ 0x7465646279746573u,
    };
}

static inline uint64_t fold(const struct state *s)
{
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

struct ch_sip_key ch_sip_key_new(void)
{
    struct ch_sip_key key;
    CH_ASSERT(getrandom(&key, sizeof(key), 0) == (ssize_t)sizeof(key));
    return key;
}

uint64_t ch_sip_table(const struct ch_sip_key *key, struct ch_str s)
{
    struct state v = begin(key);
    absorb(&v, s, 1);
    v.v2 ^= 0xff;
    rounds(&v, 3);
    return fold(&v);
}

struct ch_sip128 ch_sip128_of(const struct ch_sip_key *key, struct ch_str s)
{
    struct state v = begin(key);
    struct ch_sip128 ret;
    v.v1 ^= 0xee;
    absorb(&v, s, 2);
    v.v2 ^= 0xee;
    rounds(&v, 4);
    ret.a = fold(&v);
    v.v1 ^= 0xdd;
    rounds(&v, 4);
    ret.b = fold(&v);
    return ret;
}

bool ch_sip128_eq(struct ch_sip128 x, struct ch_sip128 y)
{
    return ((x.a ^ y.a) | (x.b ^ y.b)) == 0;
}
