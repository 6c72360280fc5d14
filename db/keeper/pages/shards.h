/* A page in parts (ch_ecosystem.shards): one for each project, named by its digest, and an index of
 * them. Beside the page's documents, of the same rows. What changes a few projects makes a few
 * parts anew, so that it is in them at once; whole documents follow when they are made. */
#ifndef KEEPER_SHARDS_H
#define KEEPER_SHARDS_H

#include "db/keeper/keeper_int.h"

#include "shard_pack.h"

struct page_shards {
    struct page *page;
    struct shard_pack pack;
    char *upstream;        /* whose shards it has */
    struct ch_timer timer; /* the next slice */
    struct waiter *waiting;
    /* Of the page's facts; NULL: not worked out. The files of project i are files[first[i]] to
     * files[first[i + 1] - 1]. */
    uint32_t *first, *files;
    uint32_t *
        entry; /* per project: its shard's place in the pack, plus one; 0: nothing of it is shown */
    bool *dirty; /* per project: it is to be made anew */
    size_t dirty_count, next;
    /* What gateways are told, good while the page's rows are those that it was made of. */
    bool valid;
    bool none; /* the page has no such form */
    uint64_t clock, rules, generation;
    int64_t made_at_us, changes_at_us;
    struct ch_sha256 index_sha256;
    int index_fd,
        table_fd; /* sealed; -1: none. The table: ch_shard_place, ascending (message_gateway.h) */
    struct ch_buf rendered, packed, reasons, input;
    struct ZSTD_CCtx_s *with;
};

/* Makes what is to be made, for a slice of time. LISTING_THERE: p->shards is good now.
 * LISTING_LATER: `waiter` was taken over, and goes on once it is. LISTING_FAILED: see err. */
enum listing_state shards_ready(struct keeper *k, struct page *p, struct waiter *waiter,
                                struct ch_err *err) CH_MUST_CHECK;
/* What a file is listed as may be another thing: its project's shard is made anew. */
void shards_touch(struct page *p, size_t file);
void shards_touch_all(struct page *p);
/* The page's facts are others. What was made of them stays for who has an index that names it. */
void shards_forget_facts(struct page *p);
bool shards_awaited(const struct page *p);
void shards_free(struct page *p);

#endif
