/* A table of things in memory, found by key, bounded by the sum of their sizes: what was not used for
 * longest goes first. Nodes are embedded in their owner's struct; single-threaded. */
#ifndef CH_PROXY_LRU_H
#define CH_PROXY_LRU_H

#include "customhouse/siphash.h"

struct ch_lru_node {
    struct ch_str key; /* kept alive by the owner */
    uint64_t hash;
    struct ch_lru_node *chain;
    struct ch_lru_node *newer;
    struct ch_lru_node *older;
    size_t size;
    unsigned pins; /* not dropped while above 0 */
};

/* Called for a node that left the table; the owner frees it. */
typedef void ch_lru_drop_fn(void *owner, struct ch_lru_node *node);

struct ch_lru {
    struct ch_lru_node **buckets;
    size_t bucket_count;
    size_t count;
    size_t size; /* of all nodes */
    size_t max_size;
    struct ch_sip_key hash_key; /* keys of nodes come from outside */
    struct ch_lru_node *newest;
    struct ch_lru_node *oldest;
    ch_lru_drop_fn *drop;
    void *owner;
};

void ch_lru_init(struct ch_lru *lru, size_t max_size, ch_lru_drop_fn *drop, void *owner);
void ch_lru_done(struct ch_lru *lru); /* drops all, pinned ones too */
/* Borrowed; it becomes the newest. NULL: not there. */
struct ch_lru_node *ch_lru_find(struct ch_lru *lru, struct ch_str key);
/* The key must not be there yet. Older nodes are dropped while the sum is over the maximum; `node`
 * itself stays. */
void ch_lru_add(struct ch_lru *lru, struct ch_lru_node *node, struct ch_str key, size_t size);
void ch_lru_resize(struct ch_lru *lru, struct ch_lru_node *node, size_t size); /* drops others alike */
void ch_lru_remove(struct ch_lru *lru, struct ch_lru_node *node); /* without calling `drop` */
void ch_lru_clear(struct ch_lru *lru);                            /* drops all that is not pinned */

#endif
