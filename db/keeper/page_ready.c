/* When a page may be answered from what is known, and who waits for it.
 *
 *   UNLOADED -> (store) -> READY or LOADING -> READY | ABSENT
 *   READY    -> refreshing in the background of waiting asks; known content answers when it fails
 */
#include "pages_int.h"

#include <stdio.h>

#include "budget.h"

#define PATIENCE_MS 3000 /* with known content, the upstream has this long */
#define UNKNOWN_PATIENCE_MS                                                                        \
    8000 /* without: before the most impatient client (pip, 15 s) gives up */
#define FAILURE_MEMORY_US (5 * 1000000LL) /* an upstream that just failed is not asked again */
#define ABSENT_MEMORY_US  (60 * 1000000LL)

/* The waiting asks go on; each looks at the page's state itself. */
void page_wake(struct keeper *k, struct page *p)
{
    ch_loop_cancel_timer(k->child.loop, &p->patience);
    struct waiter *w = p->waiters;
    p->waiters = NULL;
    while (w != NULL) {
        struct waiter *next = w->next;
        w->next = NULL;
        ask_go_on(k, p, w);
        w = next;
    }
}

static void remember_failure(struct page *p)
{
    p->failed_at_us = keeper_now_us(p->keeper);
    p->fail_status = 504;
    if (p->upstream != NULL && upstream_hangs(p->keeper, p->upstream, (struct ch_str){NULL, 0})) {
        snprintf(p->fail_text, sizeof(p->fail_text), PAGE_UPSTREAM_HANGS, p->upstream->name);
        return;
    }
    snprintf(p->fail_text, sizeof(p->fail_text),
             "the upstream has not answered for %d s, try again", UNKNOWN_PATIENCE_MS / 1000);
    if (p->upstream != NULL) {
        upstream_hung(p->keeper, p->upstream);
    }
}

void page_on_patience(struct ch_timer *t)
{
    struct page *p = CH_CONTAINER_OF(t, struct page, patience);
    if (p->load != PAGE_READY) {
        remember_failure(p); /* the next askers need not wait as long */
        page_budget_give(p); /* others need not wait for it, too */
    }
    if (!page_dawdles(p)) { /* else it goes on: who asks again may find its answer */
        return;             /* it has ended, and all that waited for it know */
    }
    page_wake(p->keeper, p);
}

static bool is_awaited(const struct page *p, struct ch_str upstream)
{
    return p->load != PAGE_READY && p->patience.heap_index_plus_1 != 0 && p->upstream != NULL &&
           ch_str_eq(ch_str_of(p->upstream->name), upstream);
}

void pages_wait_no_more(struct keeper *k, struct ch_str upstream)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        if (is_awaited(p, upstream)) {
            ch_loop_set_timer(k->child.loop, &p->patience, ch_loop_now_ms(k->child.loop));
        }
    }
}

uint64_t pages_awaited_since_ms(const struct keeper *k, struct ch_str upstream)
{
    uint64_t until_ms = 0;
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        const struct page *p = value;
        if (is_awaited(p, upstream) && (until_ms == 0 || p->patience.at_ms < until_ms)) {
            until_ms = p->patience.at_ms;
        }
    }
    return until_ms > UNKNOWN_PATIENCE_MS ? until_ms - UNKNOWN_PATIENCE_MS : 0;
}

/* Whether a reserved or not-listed name may not be asked for upstream (T12). */
static bool may_ask_upstream(const struct keeper *k, const struct page *p)
{
    struct ch_str name = page_name(p);
    if (page_withheld(p) || !ch_policy_may_look_up(k->policy, ch_str_of(p->repository),
                                                   ch_str_of(p->config->environment), name)) {
        return false;
    }
    return !p->config->only_allow_listed_upstream ||
           ch_policy_lists_project(k->policy, ch_str_of(p->repository), name);
}

bool page_is_cold(struct keeper *k, struct page *p)
{
    if (page_load(k, p) || p->refreshing || p->load == PAGE_BROKEN) {
        return false;
    }
    return p->load != PAGE_ABSENT || keeper_now_us(k) - p->checked_at_us >= ABSENT_MEMORY_US;
}

/* What is known answers: it is fresh, or the upstream was asked a moment ago and failed. */
static bool need_not_ask(const struct keeper *k, const struct page *p)
{
    int64_t now = keeper_now_us(k);
    bool fresh = p->load == PAGE_READY
                     ? now - p->checked_at_us < (int64_t)k->config->index_refresh_s * 1000000 &&
                           now >= p->checked_at_us
                     : p->load == PAGE_ABSENT && now - p->checked_at_us < ABSENT_MEMORY_US;
    bool just_failed = p->failed_at_us != 0 && now - p->failed_at_us < FAILURE_MEMORY_US;
    return fresh || (just_failed && (!p->refreshing || p->load != PAGE_READY));
}

static void set_patience(struct keeper *k, struct page *p)
{
    bool known = p->load == PAGE_READY && page_usable(k, p);
    if (p->refreshing && p->patience.heap_index_plus_1 == 0) { /* the first who waits starts it */
        ch_loop_set_timer(k->child.loop, &p->patience,
                          ch_loop_now_ms(k->child.loop) +
                              (known ? PATIENCE_MS : UNKNOWN_PATIENCE_MS));
    }
}

/* The upstream answers nobody. A known page is asked for all the same, or what is taken down
 * upstream would be seen only after others have asked for other pages; but nobody waits for that.
 */
static void refresh_behind(struct keeper *k, struct page *p)
{
    if (!p->refreshing) {
        page_refresh(k, p);
        CH_IGNORE(!page_dawdles(p));
    }
    p->fail_status = 504; /* what is told where known content is too old */
    snprintf(p->fail_text, sizeof(p->fail_text), PAGE_UPSTREAM_HANGS, p->upstream->name);
}

bool page_ready(struct keeper *k, struct page *p, struct waiter *waiter)
{
    if (!page_load(k, p) && p->load == PAGE_BROKEN) {
        page_budget_give(p);
        return true;
    }
    if (!may_ask_upstream(k, p)) {
        if (p->load != PAGE_READY) {
            p->load = PAGE_ABSENT;
        }
        page_budget_give(p);
        return true;
    }
    if (need_not_ask(k, p)) {
        page_budget_give(p);
        return true;
    }
    if (p->load == PAGE_READY && upstream_hangs(k, p->upstream, (struct ch_str){NULL, 0})) {
        refresh_behind(k, p);
        return true;
    }
    waiter->next = p->waiters;
    p->waiters = waiter;
    if (!p->refreshing) {
        if (p->load == PAGE_ABSENT) {
            p->load = PAGE_UNLOADED;
        }
        p->upstream_at = 0; /* T12: each attempt begins with the first */
        page_refresh(k, p);
        budget_moved(k, page_about(p)); /* it costs nobody else anything */
    }
    set_patience(k, p);
    return false;
}
