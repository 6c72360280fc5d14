#include "customhouse/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct slot {
    char *key; /* NULL: free or removed */
    size_t key_len;
    uint64_t hash;
    void *value; /* NULL and key NULL: free; REMOVED: was used */
};

struct ch_map {
    struct slot *slots;
    size_t cap; /* power of two */
    size_t used;  /* with removed ones */
    size_t count;
    uint64_t seed[2];
};

static char removed_mark;
#define REMOVED ((void *)&removed_mark)

static uint64_t rotl(uint64_t x, int b)
{
    return (x << b) | (x >> (64 - b));
}

/* SipHash-1-3: names from outside cannot be chosen to collide. */
static uint64_t hash_of(const struct ch_map *m, struct ch_str s)
{
    uint64_t v0 = m->seed[0] ^ 0x736f6d6570736575ULL, v1 = m->seed[1] ^ 0x646f72616e646f6dULL;
    uint64_t v2 = m->seed[0] ^ 0x6c7967656e657261ULL, v3 = m->seed[1] ^ 0x7465646279746573ULL;
#define ROUND                                                                                      \
    do {                                                                                           \
        v0 += v1, v1 = rotl(v1, 13) ^ v0, v0 = rotl(v0, 32);                                       \
        v2 += v3, v3 = rotl(v3, 16) ^ v2;                                                          \
        v0 += v3, v3 = rotl(v3, 21) ^ v0;                                                          \
        v2 += v1, v1 = rotl(v1, 17) ^ v2, v2 = rotl(v2, 32);                                       \
    } while (0)
    struct ch_rd r = ch_rd_of(s.ptr, s.len);
    while (ch_rd_left(&r) >= 8) {
        uint64_t w = ch_get_u64(&r);
        v3 ^= w;
        ROUND;
        v0 ^= w;
    }
    uint64_t last = (uint64_t)s.len << 56;
    for (int i = 0; ch_rd_left(&r) > 0; i++) {
        last |= (uint64_t)ch_get_u8(&r) << (8 * i);
    }
    v3 ^= last;
    ROUND;
    v0 ^= last;
    v2 ^= 0xff;
    ROUND;
    ROUND;
    ROUND;
#undef ROUND
    return v0 ^ v1 ^ v2 ^ v3;
}

struct ch_map *ch_map_new(void)
{
    struct ch_map *m = ch_calloc(1, sizeof(*m));
    CH_ASSERT(getrandom(m->seed, sizeof(m->seed), 0) == (ssize_t)sizeof(m->seed));
    m->cap = 16;
    m->slots = ch_calloc(m->cap, sizeof(struct slot));
    return m;
}

void ch_map_free(struct ch_map *m)
{
    if (m != NULL) {
        for (size_t i = 0; i < m->cap; i++) {
            free(m->slots[i].key);
        }
        free(m->slots);
        free(m);
    }
}

size_t ch_map_count(const struct ch_map *m)
{
    return m->count;
}

/* The slot that holds the key, or the first where it may go. */
static struct slot *find(const struct ch_map *m, struct ch_str key, uint64_t hash)
{
    struct slot *reuse = NULL;
    for (size_t i = hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
        struct slot *s = &m->slots[i];
        if (s->value == NULL) {
            return reuse != NULL ? reuse : s;
        }
        if (s->value == REMOVED) {
            reuse = reuse != NULL ? reuse : s;
        } else if (s->hash == hash && ch_str_eq((struct ch_str){s->key, s->key_len}, key)) {
            return s;
        }
    }
}

static bool holds(const struct slot *s)
{
    return s->value != NULL && s->value != REMOVED;
}

void *ch_map_get(const struct ch_map *m, struct ch_str key)
{
    struct slot *s = find(m, key, hash_of(m, key));
    return holds(s) ? s->value : NULL;
}

static void grow(struct ch_map *m)
{
    struct slot *old = m->slots;
    size_t old_cap = m->cap;
    m->cap = m->count * 2 >= old_cap ? old_cap * 2 : old_cap;
    m->slots = ch_calloc(m->cap, sizeof(struct slot));
    m->used = m->count;
    for (size_t i = 0; i < old_cap; i++) {
        if (holds(&old[i])) {
            *find(m, (struct ch_str){old[i].key, old[i].key_len}, old[i].hash) = old[i];
        }
    }
    free(old);
}

void *ch_map_set(struct ch_map *m, struct ch_str key, void *value)
{
    CH_ASSERT(value != NULL);
    if ((m->used + 1) * 4 >= m->cap * 3) {
        grow(m);
    }
    uint64_t hash = hash_of(m, key);
    struct slot *s = find(m, key, hash);
    if (holds(s)) {
        void *former = s->value;
        s->value = value;
        return former;
    }
    m->used += s->value == NULL;
    m->count++;
    *s = (struct slot){ch_str_dup(key), key.len, hash, value};
    return NULL;
}

void *ch_map_remove(struct ch_map *m, struct ch_str key)
{
    struct slot *s = find(m, key, hash_of(m, key));
    if (!holds(s)) {
        return NULL;
    }
    void *value = s->value;
    free(s->key);
    *s = (struct slot){.value = REMOVED};
    m->count--;
    return value;
}

bool ch_map_next(const struct ch_map *m, size_t *cursor, struct ch_str *ret_key, void **ret_value)
{
    while (*cursor < m->cap) {
        const struct slot *s = &m->slots[(*cursor)++];
        if (holds(s)) {
            if (ret_key != NULL) {
                *ret_key = (struct ch_str){s->key, s->key_len};
            }
            *ret_value = s->value;
            return true;
        }
    }
    return false;
}
