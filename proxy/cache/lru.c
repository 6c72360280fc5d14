#include "proxy/cache/lru.h"

#include <stdlib.h>

#define FIRST_BUCKETS 64

void ch_lru_init(struct ch_lru *lru, size_t max_size, ch_lru_drop_fn *drop, void *owner)
{
    *lru = (struct ch_lru){.max_size = max_size, .drop = drop, .owner = owner};
    lru->bucket_count = FIRST_BUCKETS;
    lru->buckets = ch_calloc(lru->bucket_count, sizeof(struct ch_lru_node *));
    lru->hash_key = ch_sip_key_new();
}

static void unlink_age(struct ch_lru *lru, struct ch_lru_node *n)
{
    *(n->newer != NULL ? &n->newer->older : &lru->newest) = n->older;
    *(n->older != NULL ? &n->older->newer : &lru->oldest) = n->newer;
    n->newer = NULL;
    n->older = NULL;
}

static void link_newest(struct ch_lru *lru, struct ch_lru_node *n)
{
    n->older = lru->newest;
    n->newer = NULL;
    *(lru->newest != NULL ? &lru->newest->newer : &lru->oldest) = n;
    lru->newest = n;
}

void ch_lru_remove(struct ch_lru *lru, struct ch_lru_node *node)
{
    struct ch_lru_node **at = &lru->buckets[node->hash & (lru->bucket_count - 1)];
    while (*at != node) {
        CH_ASSERT(*at != NULL);
        at = &(*at)->chain;
    }
    *at = node->chain;
    node->chain = NULL;
    unlink_age(lru, node);
    lru->count--;
    lru->size -= node->size;
}

static void drop_node(struct ch_lru *lru, struct ch_lru_node *node)
{
    ch_lru_remove(lru, node);
    lru->drop(lru->owner, node);
}

/* Drops from the oldest on until the sum fits; `keep` may be larger than the maximum by itself. */
static void shrink(struct ch_lru *lru, const struct ch_lru_node *keep)
{
    struct ch_lru_node *n = lru->oldest;
    while (n != NULL && lru->size > lru->max_size) {
        struct ch_lru_node *newer = n->newer;
        if (n != keep && n->pins == 0) {
            drop_node(lru, n);
        }
        n = newer;
    }
}

void ch_lru_clear(struct ch_lru *lru)
{
    struct ch_lru_node *n = lru->oldest;
    while (n != NULL) {
        struct ch_lru_node *newer = n->newer;
        if (n->pins == 0) {
            drop_node(lru, n);
        }
        n = newer;
    }
}

void ch_lru_done(struct ch_lru *lru)
{
    while (lru->oldest != NULL) {
        drop_node(lru, lru->oldest);
    }
    free(lru->buckets);
    *lru = (struct ch_lru){0};
}

struct ch_lru_node *ch_lru_find(struct ch_lru *lru, struct ch_str key)
{
    uint64_t hash = ch_sip_table(&lru->hash_key, key);
    struct ch_lru_node *n = lru->buckets[hash & (lru->bucket_count - 1)];
    while (n != NULL && (n->hash != hash || !ch_str_eq(n->key, key))) {
        n = n->chain;
    }
    if (n != NULL && n != lru->newest) {
        unlink_age(lru, n);
        link_newest(lru, n);
    }
    return n;
}

static void grow(struct ch_lru *lru)
{
    size_t count = lru->bucket_count * 2;
    struct ch_lru_node **buckets = ch_calloc(count, sizeof(struct ch_lru_node *));
    for (struct ch_lru_node *n = lru->newest; n != NULL; n = n->older) {
        n->chain = buckets[n->hash & (count - 1)];
        buckets[n->hash & (count - 1)] = n;
    }
    free(lru->buckets);
    lru->buckets = buckets;
    lru->bucket_count = count;
}

void ch_lru_add(struct ch_lru *lru, struct ch_lru_node *node, struct ch_str key, size_t size)
{
    node->key = key;
    node->hash = ch_sip_table(&lru->hash_key, key);
    node->size = size;
    struct ch_lru_node **bucket = &lru->buckets[node->hash & (lru->bucket_count - 1)];
    node->chain = *bucket;
    *bucket = node;
    link_newest(lru, node);
    lru->size += size;
    if (++lru->count > lru->bucket_count) {
        grow(lru);
    }
    shrink(lru, node);
}

void ch_lru_resize(struct ch_lru *lru, struct ch_lru_node *node, size_t size)
{
    lru->size = lru->size - node->size + size;
    node->size = size;
    shrink(lru, node);
}
