/* When a page may be answered from what is known, and who waits for it.
 *
 *   UNLOADED -> (store) -> READY or LOADING -> READY | ABSENT
 *   READY    -> refreshing in the background of waiting asks; known content answers when it fails
 */
#include "pages_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/budget/budget.h"
#include "db/keeper/budget/hanging.h"
#include "db/keeper/pushes/pushes.h"

/* Without known content the upstream has this long, twice: who waits is told to come again after
 * the first (503, for which pip and uv do by themselves), and finds what came meanwhile; who waits
 * then is told that nothing comes (504). So an upstream has as long as pip would give it, 15 s, and
 * no answer of ours takes as long as that. Whoever has waited for budget before has less: all that
 * an ask waits for ends with page_answer_ms (limits.h), well before the most impatient client gives
 * up.
 */
#define UNKNOWN_PATIENCE_MS 8000
#define COME_AGAIN_US       1000000
/* Of a hosted repository no server is asked: who waits does so for a jail, and for as long as it likes to. */
#define HOSTED_PATIENCE_MS  600000
#define ABSENT_MEMORY_US    (60 * 1000000LL)

/* The waiting asks go on; each looks at the page's state itself. */
void page_wake(struct keeper *k, struct page *p)
{
    ch_loop_cancel_timer(k->child.loop, &p->patience);
    p->patience_ms = 0;
    struct waiter *w = p->waiters;
    p->waiters = NULL;
    p->pinned++; /* what they ask for next may need room */
    while (w != NULL) {
        struct waiter *next = w->next;
        w->next = NULL;
        ask_go_on(k, p, w);
        w = next;
    }
    p->pinned--;
}

void page_wake_again(struct keeper *k, struct page *p)
{
    ch_loop_cancel_timer(k->child.loop, &p->patience);
    struct waiter *w = p->waiters;
    p->waiters = NULL;
    p->pinned++;
    while (w != NULL) {
        struct waiter *next = w->next;
        w->next = NULL;
        if (w->command != NULL) {
            ask_go_on(k, p, w);
        } else {
            ask_start_again(k, w);
        }
        w = next;
    }
    p->pinned--;
}

/* What is told where nothing is known, or what is known is too old. */
static void tell_down(struct page *p)
{
    uint32_t retry_after_s;
    p->fail_status = upstream_down_text(p->keeper, p->upstream, p->fail_text, sizeof(p->fail_text),
                                        &retry_after_s);
    p->fail_until_us = keeper_now_us(p->keeper) + (int64_t)retry_after_s * 1000000;
}

/* It goes on: whoever asks again waits for the rest of the time. */
static void tell_late(struct page *p)
{
    p->fail_status = 503;
    p->fail_until_us = keeper_now_us(p->keeper) + COME_AGAIN_US;
    snprintf(p->fail_text, sizeof(p->fail_text),
             "the upstream has not answered for %d s and is still asked, try again",
             UNKNOWN_PATIENCE_MS / 1000);
    upstream_hung(p->keeper, p->upstream);
}

static void remember_failure(struct page *p)
{
    if (p->upstream != NULL && upstream_is_down(p->keeper, p->upstream, (struct ch_str){NULL, 0})) {
        tell_down(p); /* that is remembered of the upstream, and no longer than it is so */
        return;
    }
    p->failed_at_us = keeper_now_us(p->keeper);
    p->fail_status = 504;
    p->fail_until_us = 0;
    snprintf(p->fail_text, sizeof(p->fail_text),
             "the upstream has not answered for %d s, try again", 2 * UNKNOWN_PATIENCE_MS / 1000);
}

bool page_is_known(const struct keeper *k, const struct page *p)
{
    return p->load == PAGE_READY && page_usable(k, p);
}

/* The end of the page's patience, or of somebody's who waits for it. */
static void watch(struct page *p)
{
    uint64_t at_ms = p->read != NULL ? UINT64_MAX : p->patience_ms;
    for (const struct waiter *w = p->waiters; w != NULL; w = w->next) {
        at_ms = w->deadline_ms != 0 && w->deadline_ms < at_ms ? w->deadline_ms : at_ms;
    }
    if (at_ms != UINT64_MAX) {
        ch_loop_set_timer(p->keeper->child.loop, &p->patience, at_ms);
    }
}

/* Who has waited elsewhere before (for budget) goes earlier than the others. */
static void end_late_ones(struct page *p, uint64_t now_ms)
{
    struct waiter *late = NULL;
    for (struct waiter **at = &p->waiters; *at != NULL;) {
        struct waiter *w = *at;
        if (w->deadline_ms != 0 && w->deadline_ms <= now_ms) {
            *at = w->next;
            w->next = late;
            late = w;
        } else {
            at = &w->next;
        }
    }
    watch(p);
    while (late != NULL) {
        struct waiter *next = late->next;
        late->next = NULL;
        ask_out_of_time(p->keeper, p, late);
        late = next;
    }
}

void page_on_patience(struct ch_timer *t)
{
    struct page *p = CH_CONTAINER_OF(t, struct page, patience);
    struct keeper *k = p->keeper;
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    if (now_ms < p->patience_ms || p->read != NULL) { /* to read it ends by itself */
        end_late_ones(p, now_ms);
        return;
    }
    p->patience_ms = 0;
    if (page_without_details(p)) {
        return;
    }
    if (!page_is_known(k, p) && p->upstream != NULL && !page_is_dawdling(p) &&
        !upstream_is_down(k, p->upstream, (struct ch_str){NULL, 0})) {
        tell_late(p);
    } else if (!page_is_known(k, p)) {
        remember_failure(p); /* the next askers need not wait as long */
    } else {
        upstream_suspected(k, p->upstream);
    }
    page_budget_give(p);    /* others need not wait for it, too */
    if (!page_dawdles(p)) { /* else it goes on: who asks again may find its answer */
        return;             /* it has ended, and all that waited for it know */
    }
    page_wake(k, p);
}

static bool is_awaited(const struct page *p, struct ch_str upstream)
{
    return p->patience_ms != 0 && p->upstream != NULL &&
           ch_str_eq(ch_str_of(p->upstream->name), upstream);
}

void pages_wait_no_more(struct keeper *k, struct ch_str upstream)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        if (is_awaited(p, upstream)) {
            p->patience_ms = ch_loop_now_ms(k->child.loop);
            ch_loop_set_timer(k->child.loop, &p->patience, p->patience_ms);
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
        if (p->load != PAGE_READY && is_awaited(p, upstream) &&
            (until_ms == 0 || p->patience_ms < until_ms)) {
            until_ms = p->patience_ms;
        }
    }
    return until_ms > UNKNOWN_PATIENCE_MS ? until_ms - UNKNOWN_PATIENCE_MS : 0;
}

struct ch_str page_asked_upstream(const struct page *p)
{
    return ch_str_of(p->upstream != NULL             ? p->upstream->name
                     : p->config->upstream_count > 0 ? p->config->upstreams[0]
                                                     : "");
}

bool page_budget_take(struct keeper *k, struct page *p, const struct ch_client *client)
{
    if (p->charge == NULL) {
        p->charge = ch_calloc(1, sizeof(*p->charge));
    }
    return budget_take(k, BUDGET_PAGE, page_asked_upstream(p), client, p->charge);
}

uint64_t page_about(const struct page *p)
{
    return budget_about(BUDGET_PAGE, ch_str_of(p->repository), page_name(p), CH_STR(""));
}

void page_budget_give(struct page *p)
{
    if (p->charge != NULL) {
        budget_give(p->keeper, p->charge);
    }
}

/* Whether a reserved or not-listed name may not be asked for upstream (T12). */
static bool may_ask_upstream(const struct keeper *k, const struct page *p)
{
    struct ch_str name = page_names(p);
    if (name.len == 0) {
        return !page_withheld(p); /* no project's name is sent */
    }
    if (page_withheld(p) || !ch_policy_may_look_up(k->policy, ch_str_of(p->repository),
                                                   ch_str_of(p->config->environment), name)) {
        return false;
    }
    return !p->config->only_allow_listed_upstream ||
           ch_policy_lists_project(k->policy, ch_str_of(p->repository), name);
}

/* What is known answers: it is fresh, or the upstream was asked a moment ago and failed, or said
 * when to ask for it again. */
static bool need_not_ask(const struct keeper *k, const struct page *p)
{
    int64_t now = keeper_now_us(k);
    bool fresh = p->load == PAGE_READY
                     ? now - p->checked_at_us < (int64_t)k->config->index_refresh_s * 1000000 &&
                           now >= p->checked_at_us
                     : p->load == PAGE_ABSENT && now - p->checked_at_us < ABSENT_MEMORY_US;
    if (p->config->hosted) { /* nothing changes but by what is pushed */
        fresh = (p->load == PAGE_READY || p->load == PAGE_ABSENT) && hosted_is_fresh(k, p);
    }
    bool remembered = p->failed_at_us != 0 && now >= p->failed_at_us; /* by a clock not set back */
    bool just_failed =
        remembered && (p->rest_until_us != 0 ? now < p->rest_until_us
                                             : now - p->failed_at_us < FAILURE_MEMORY_US);
    return fresh || (just_failed && (!p->refreshing || p->load != PAGE_READY));
}

bool page_is_cold(struct keeper *k, struct page *p)
{
    bool known = !page_comes(k, p) && page_load(k, p);
    if (p->read != NULL || p->refreshing || p->load == PAGE_BROKEN) {
        return false;
    }
    if (known) {
        return !need_not_ask(k, p) && may_ask_upstream(k, p) &&
               !upstream_is_down(k, p->upstream, (struct ch_str){NULL, 0});
    }
    bool forgotten = p->config->hosted
                         ? !hosted_is_fresh(k, p)
                         : keeper_now_us(k) - p->checked_at_us >= ABSENT_MEMORY_US;
    return p->load != PAGE_ABSENT || forgotten;
}

static void set_patience(struct keeper *k, struct page *p)
{
    if (p->refreshing && p->patience_ms == 0) { /* the first who waits starts it */
        p->patience_ms = ch_loop_now_ms(k->child.loop) + (p->config->hosted ? HOSTED_PATIENCE_MS
                                                          : page_is_known(k, p)
                                                              ? PAGE_PATIENCE_MS
                                                              : UNKNOWN_PATIENCE_MS);
    }
    if (p->patience_ms != 0) {
        watch(p);
    }
}

void page_refresh_behind(struct keeper *k, struct page *p)
{
    if (p->load == PAGE_READY && page_is_cold(k, p)) {
        p->pinned++; /* it may fail at once, and wake who waits */
        page_refresh(k, p);
        CH_IGNORE(!page_dawdles(p));
        p->pinned--;
    }
}

/* The upstream answers nobody. A known page is asked for all the same, or what is taken down
 * upstream would be seen only after others have asked for other pages; but nobody waits for that.
 * Not so of one that has said when to ask again. */
static void refresh_behind(struct keeper *k, struct page *p)
{
    if (p->load == PAGE_READY && !p->refreshing &&
        upstream_rests_ms(k, p->upstream, ch_str_of(p->upstream->url)) == 0) {
        p->pinned++; /* it may fail at once, and wake who waits */
        page_refresh(k, p);
        CH_IGNORE(!page_dawdles(p));
        p->pinned--;
    }
    if (p->upstream != NULL) { /* still the one that the name had */
        tell_down(p);
    }
}

void page_on_confirm(struct ch_timer *t)
{
    struct page *p = CH_CONTAINER_OF(t, struct page, confirm);
    struct keeper *k = p->keeper;
    if (p->load != PAGE_READY || p->refreshing || p->gone_at_us == 0 || k->draining) {
        return;
    }
    uint64_t rest_ms = upstream_rests_ms(k, p->upstream, ch_str_of(p->upstream->url));
    if (rest_ms > 0) { /* it said when to ask again */
        ch_loop_set_timer(k->child.loop, &p->confirm, ch_loop_now_ms(k->child.loop) + rest_ms);
        return;
    }
    page_refresh(k, p);
}

bool page_ready(struct keeper *k, struct page *p, struct waiter *waiter)
{
    if (page_comes(k, p)) {
        waiter->next = p->waiters;
        p->waiters = waiter;
        watch(p);
        return false;
    }
    if (!page_load(k, p) && p->load == PAGE_BROKEN) {
        page_budget_give(p);
        return true;
    }
    if (p->judge_due && p->load == PAGE_READY) {
        p->judge_due = false;
        again_page(k, p);
    }
    if (!may_ask_upstream(k, p)) {
        if (p->load != PAGE_READY) {
            p->load = PAGE_ABSENT;
        }
        page_budget_give(p);
        return true;
    }
    if (need_not_ask(k, p)) {
        if (p->failed_at_us != 0 && p->upstream != NULL &&
            upstream_is_down(k, p->upstream, (struct ch_str){NULL, 0})) {
            tell_down(p); /* its own failure was the first word of that */
        }
        page_budget_give(p);
        return true;
    }
    if ((p->load == PAGE_READY || p->refreshing) && p->upstream != NULL &&
        upstream_is_down(k, p->upstream, (struct ch_str){NULL, 0})) {
        refresh_behind(k, p);
        return true;
    }
    if (page_is_known(k, p) && page_is_dawdling(p)) {
        return true; /* somebody has waited for it, in vain, and once is enough */
    }
    waiter->next = p->waiters;
    p->waiters = waiter;
    p->pinned++; /* it may fail at once, and wake who waits */
    if (!p->refreshing) {
        if (p->load == PAGE_ABSENT) {
            p->load = PAGE_UNLOADED;
        }
        p->upstream_at = 0; /* T12: each attempt begins with the first */
        free(p->via);
        p->via = ask_via(waiter);
        page_refresh(k, p);
        budget_moved(k, page_about(p)); /* it costs nobody else anything */
    }
    set_patience(k, p);
    p->pinned--;
    return false;
}
