/* Asks for documents that an upstream has of its own beside its pages: of one page, which is ready,
 * or of all pages of a repository that somebody asked for so far, which are looked at as they are
 * known. */
#include "ask_int.h"

#include <stdlib.h>
#include <string.h>

#include "db/keeper/pages/beside.h"

static void reply_failed(struct keeper *k, const struct waiter *w, uint64_t ask,
                         const struct beside *b)
{
    struct ch_page_reply reply = {.ask = ask,
                                  .http_status = b->fail_status != 0 ? b->fail_status : 502,
                                  .retry_after_s = b->retry_after_s,
                                  .text = ch_str_of(b->fail_text)};
    ask_reply_page(k, w, &reply);
}

static void reply_not_found(struct keeper *k, const struct waiter *w, uint64_t ask)
{
    struct ch_page_reply reply = {.ask = ask,
                                  .outcome = CH_PAGE_NOT_FOUND,
                                  .fresh_until_boot_ms = ch_loop_now_ms(k->child.loop) + 5000};
    ask_reply_page(k, w, &reply);
}

static void reply_error(struct keeper *k, const struct waiter *w, uint64_t ask,
                        const struct ch_err *err)
{
    struct ch_page_reply reply = {.ask = ask,
                                  .http_status = keeper_store_status(err->code, 500),
                                  .text = ch_str_of(err->msg)};
    ask_reply_page(k, w, &reply);
}

/* What is known, of these pages. False: w was taken over. */
static bool answer(struct keeper *k, struct beside *b, struct page *const *pages, size_t count,
                   struct waiter *w, const struct ch_ask_page *ask)
{
    if (b->absent && !b->telling) {
        reply_not_found(k, w, ask->ask);
        return true;
    }
    enum listing_state state = beside_make(b, pages, count, w);
    if (state == LISTING_LATER) {
        return false;
    }
    struct ch_page_reply reply = {.ask = ask->ask};
    if (state == LISTING_FAILED) {
        reply.http_status = 500;
        reply.text = ch_str_of(b->make_err.msg);
        ask_reply_page(k, w, &reply);
        return true;
    }
    int64_t checked_at_us = b->checked_at_us, changes_at_us = CH_TIME_UNKNOWN;
    for (size_t i = 0; i < count; i++) {
        int64_t at = pages[i]->listing.changes_at_us;
        if (at != CH_TIME_UNKNOWN && (changes_at_us == CH_TIME_UNKNOWN || at < changes_at_us)) {
            changes_at_us = at;
        }
        int64_t checked = pages[i]->checked_at_us;
        checked_at_us = checked < checked_at_us ? checked : checked_at_us;
    }
    reply.generation = b->generation;
    reply.fresh_until_boot_ms = ask_fresh_until(k, checked_at_us, changes_at_us);
    if (b->generation == ask->have_generation) {
        reply.outcome = CH_PAGE_UNCHANGED;
        ask_reply_page(k, w, &reply);
    } else {
        ask_send_documents(k, w, &reply, &b->documents);
    }
    return true;
}

bool ask_page_beside(struct keeper *k, struct page *p, struct waiter *w,
                     const struct ch_ask_page *ask)
{
    struct ch_err err;
    struct beside *b = beside_of(k, p->config, page_name(p));
    if (b == NULL) {
        reply_not_found(k, w, ask->ask);
        return true;
    }
    if (!beside_answers_as_it_is(b)) {
        enum listing_state state =
            beside_look(b, p->upstream, p->info.fetched_at_us, &ask->client, w);
        if (state == LISTING_LATER) {
            return false;
        }
        if (state == LISTING_FAILED) {
            reply_failed(k, w, ask->ask, b);
            return true;
        }
        state = b->absent ? LISTING_THERE : listing_ready(k, p, w, &err);
        if (state == LISTING_LATER) {
            return false;
        }
        if (state == LISTING_FAILED) {
            reply_error(k, w, ask->ask, &err);
            return true;
        }
    }
    return answer(k, b, &p, 1, w, ask);
}

/* --- of all --- */

struct known { /* the pages of a repository */
    struct keeper *k;
    const struct ch_repository *repo;
    struct page **pages;
    size_t count, cap;
};

static void on_name(void *ctx, struct ch_str name)
{
    struct known *all = ctx;
    struct page *p = page_get(all->k, ch_str_of(all->repo->name), name);
    if (p == NULL || ch_config_reserves(all->repo, name)) {
        return;
    }
    if (all->count == all->cap) {
        all->cap = all->cap == 0 ? 16 : all->cap * 2;
        all->pages = ch_realloc_array(all->pages, all->cap, sizeof(*all->pages));
    }
    all->pages[all->count++] = p;
}

static int by_name(const void *a, const void *b)
{
    const struct page *const *x = a, *const *y = b;
    return ch_str_cmp(page_name(*x), page_name(*y));
}

/* Each that is known is loaded and judged; the others are left out. LISTING_LATER: w was taken
 * over. */
static enum listing_state ready(struct known *all, struct waiter *w, struct ch_err *err)
{
    struct keeper *k = all->k;
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++) {
        struct page *p = all->pages[i];
        if (page_comes(k, p) && !page_ready(k, p, w)) {
            return LISTING_LATER;
        }
        enum ch_name_owner owner = page_load(k, p) ? page_owner(p) : CH_OWNER_UNKNOWN;
        if (p->load != PAGE_READY || owner == CH_OWNER_LEFT || owner == CH_OWNER_GIVEN_AWAY ||
            owner == CH_OWNER_RESERVED) {
            continue;
        }
        enum listing_state state = listing_ready(k, p, w, err);
        if (state != LISTING_THERE) {
            return state;
        }
        all->pages[kept++] = p;
    }
    all->count = kept;
    return LISTING_THERE;
}

static bool answer_all(struct known *all, struct beside *b, struct waiter *w,
                       const struct ch_ask_page *ask)
{
    struct keeper *k = all->k;
    struct ch_err err = {.msg = ""};
    const struct ch_upstream *u = ch_config_upstream(k->config, ch_str_of(all->repo->upstreams[0]));
    if (!beside_answers_as_it_is(b)) {
        enum listing_state state =
            u == NULL ? LISTING_FAILED : beside_look(b, u, 0, &ask->client, w);
        if (state != LISTING_THERE) {
            if (state == LISTING_FAILED) {
                reply_failed(k, w, ask->ask, b);
            }
            return state == LISTING_FAILED;
        }
    }
    enum ch_code rc = ch_store_projects(k->store, ch_str_of(all->repo->name), on_name, all, &err);
    enum listing_state state = LISTING_FAILED;
    if (rc == CH_OK && !b->absent) {
        if (all->count > 0) {
            qsort(all->pages, all->count, sizeof(struct page *), by_name);
        }
        state = ready(all, w, &err);
    } else if (rc == CH_OK) {
        all->count = 0;
        state = LISTING_THERE;
    }
    if (state == LISTING_FAILED) {
        reply_error(k, w, ask->ask, &err);
        return true;
    }
    return state == LISTING_LATER ? false : answer(k, b, all->pages, all->count, w, ask);
}

bool ask_all_beside(struct keeper *k, struct waiter *w, const struct ch_ask_page *ask)
{
    struct known all = {.k = k, .repo = ch_config_repository(k->config, ask->repository)};
    struct beside *b = all.repo == NULL || all.repo->upstream_count == 0
                           ? NULL
                           : beside_of(k, all.repo, (struct ch_str){NULL, 0});
    if (b == NULL) {
        reply_not_found(k, w, ask->ask);
        return true;
    }
    bool done = answer_all(&all, b, w, ask);
    free(all.pages);
    return done;
}
