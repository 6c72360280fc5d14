/* Inspecting again what is known (T6): by itself what is allowed on findings of an inspector or of
 * rules that were replaced, and by hand whatever somebody names.
 *
 *   store -> queue -> intake (after all that anybody waits for) -> decided -> told
 *
 * The queue is derived from the store at start and with every change of the key, so nothing of it
 * must survive a crash. A file whose verdict turns bad is withdrawn by the intake like any other.
 */

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/intake/intake.h"
#include "rescan_int.h"
#include "faults.h"
#include "sizes.h"

#define NEW_US                                                                                     \
    (30 * 86400 * 1000000LL)       /* decided so lately: before older ones, whoever uses those */
#define RETRY_US (600 * 1000000LL) /* what failed is tried again */

/* Looks through all decisions, a part per turn of the loop. */
struct gathering {
    struct gathering *next;
    struct rescan_batch *batch; /* NULL: by itself */
    bool all;
    uint64_t at, end; /* decisions up to `at` are seen */
    const struct ch_repository *repository;
    struct rescan_queue found;
};

struct rescan {
    struct keeper *k;
    struct gathering *gatherings;
    struct rescan_queue by_hand, by_itself;
    struct ch_map
        *running; /* "upstream\0project\0file" -> struct rescan_item, a chain of those it ends */
    struct ch_timer kick;
    size_t parallel;
    struct rescan_state state;
    int64_t retry_at_us;
};

/* ------------------------------------------------------------------ the queue */

void rescan_item_free(struct rescan_item *i)
{
    free(i->repository);
    free(i->project);
    free(i->file_name);
    free(i);
}

void rescan_queue_add(struct rescan_queue *q, struct rescan_item *i)
{
    if (q->count == q->cap) {
        q->cap = q->cap == 0 ? 64 : q->cap * 2;
        q->list = ch_realloc_array(q->list, q->cap, sizeof(struct rescan_item *));
    }
    q->list[q->count++] = i;
}

static struct rescan_item *take(struct rescan_queue *q)
{
    return q->next < q->count ? q->list[q->next++] : NULL;
}

void rescan_queue_done(struct rescan_queue *q)
{
    struct rescan_item *i;
    while ((i = take(q)) != NULL) {
        rescan_item_free(i);
    }
    free(q->list);
    *q = (struct rescan_queue){0};
}

struct rescan_item *rescan_item_new(struct ch_str repository, struct ch_str project,
                                    struct ch_str file_name)
{
    struct rescan_item *i = ch_calloc(1, sizeof(*i));
    i->repository = ch_str_dup(repository);
    i->project = ch_str_dup(project);
    i->file_name = ch_str_dup(file_name);
    return i;
}

static void gather(void *ctx, const struct ch_rescan_row *row)
{
    struct gathering *g = ctx;
    struct rescan_item *i =
        rescan_item_new(ch_str_of(g->repository->name), row->project, row->file_name);
    i->times_served = row->times_served;
    i->decided_at_us = row->decided_at_us;
    i->batch = g->batch;
    i->only_due = !g->all;
    rescan_queue_add(&g->found, i);
}

/* New ones before old ones, and of each those first that are used most. */
static int by_worth(const void *a, const void *b, void *now)
{
    const struct rescan_item *x = *(struct rescan_item *const *)a;
    const struct rescan_item *y = *(struct rescan_item *const *)b;
    int64_t new_from = *(const int64_t *)now - NEW_US;
    bool x_new = x->decided_at_us >= new_from, y_new = y->decided_at_us >= new_from;
    if (x_new != y_new) {
        return x_new ? -1 : 1;
    }
    if (x->times_served != y->times_served) {
        return x->times_served > y->times_served ? -1 : 1;
    }
    return (x->decided_at_us < y->decided_at_us) - (x->decided_at_us > y->decided_at_us);
}

static void free_gathering(struct gathering *g)
{
    rescan_queue_done(&g->found);
    free(g);
}

void rescan_gather(struct keeper *k, struct rescan_batch *batch, bool all)
{
    struct gathering *g = ch_calloc(1, sizeof(*g));
    struct gathering **at = &k->rescan->gatherings;
    struct ch_err err;
    g->batch = batch;
    g->all = all;
    if (ch_store_newest_decision(k->store, &g->end, &err) != CH_OK) {
        keeper_log("rescan", "error=\"%s\"", err.msg);
    }
    while (*at != NULL) {
        at = &(*at)->next;
    }
    *at = g;
    rescan_kick(k);
}

static enum ch_code gather_part(struct keeper *k, struct gathering *g, struct ch_err *err)
{
    uint64_t up_to =
        g->end - g->at > ch_limits.rescan_part ? g->at + ch_limits.rescan_part : g->end;
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < k->config->repository_count; i++) {
        g->repository = &k->config->repositories[i];
        struct ch_rescan_query query = {.after = g->at,
                                        .up_to = up_to,
                                        .repository = ch_str_of(g->repository->name),
                                        .ecosystem = ch_str_of(g->repository->ecosystem),
                                        .inspector_version = CH_INSPECTOR_VERSION,
                                        .ruleset = k->ruleset,
                                        .all = g->all};
        rc = ch_store_rescans(k->store, &query, gather, g, err);
    }
    g->at = up_to;
    return rc;
}

static void gathered(struct keeper *k, struct gathering *g)
{
    struct rescan *r = k->rescan;
    int64_t now = keeper_now_us(k);
    if (g->found.count > 0) {
        qsort_r(g->found.list, g->found.count, sizeof(struct rescan_item *), by_worth, &now);
    }
    if (g->batch != NULL) {
        rescan_batch_gathered(g->batch, &g->found);
        return;
    }
    rescan_queue_done(&r->by_itself);
    r->by_itself = g->found;
    g->found = (struct rescan_queue){0};
    r->state = (struct rescan_state){.total = r->by_itself.count};
    r->retry_at_us = INT64_MAX;
    if (r->state.total > 0) {
        keeper_log("rescan", "files=%zu", r->state.total);
    }
}

/* False: nothing is being looked through. */
static bool gather_some(struct keeper *k)
{
    struct gathering *g = k->rescan->gatherings;
    struct ch_err err;
    if (g == NULL) {
        return false;
    }
    if (g->at < g->end && gather_part(k, g, &err) != CH_OK) {
        keeper_log("rescan", "error=\"%s\"", err.msg);
        k->rescan->retry_at_us = keeper_now_us(k) + RETRY_US;
    }
    if (g->at == g->end) {
        k->rescan->gatherings = g->next;
        gathered(k, g);
        free_gathering(g);
    }
    return true;
}

/* One that has not got to its end looks for another key. */
static void stop_gathering_by_itself(struct rescan *r)
{
    for (struct gathering **at = &r->gatherings; *at != NULL;) {
        struct gathering *g = *at;
        if (g->batch == NULL) {
            *at = g->next;
            free_gathering(g);
        } else {
            at = &g->next;
        }
    }
}

void rescan_begin(struct keeper *k)
{
    struct rescan *r = k->rescan;
    stop_gathering_by_itself(r);
    rescan_queue_done(&r->by_itself);
    r->state = (struct rescan_state){0};
    r->retry_at_us = INT64_MAX;
    rescan_gather(k, NULL, false);
}

/* ------------------------------------------------------------------ one file */

static void key_of(struct ch_buf *b, const struct page *p, struct ch_str file_name)
{
    ch_buf_init(b, 2048);
    ch_buf_puts(b, ch_str_of(p->upstream->name));
    ch_buf_putc(b, '\0');
    ch_buf_puts(b, page_name(p));
    ch_buf_putc(b, '\0');
    ch_buf_puts(b, file_name);
}

/* The page it is on, and where; NULL: it is known no more. */
static struct page *place_of(struct keeper *k, const struct rescan_item *i, size_t *ret_file)
{
    struct page *p = page_get(k, ch_str_of(i->repository), ch_str_of(i->project));
    ptrdiff_t at = p != NULL && page_load(k, p) ? page_find_file(p, ch_str_of(i->file_name)) : -1;
    *ret_file = (size_t)at;
    return at < 0 ? NULL : p;
}

/* What became of it; freed. */
static void conclude(struct keeper *k, struct rescan_item *i, struct ch_str error)
{
    struct rescan *r = k->rescan;
    size_t file;
    struct page *p = place_of(k, i, &file);
    struct ch_decision d;
    struct ch_err err;
    bool withdrawn = false;
    if (p != NULL) {
        /* Where another repository's page was told: this one takes it up here. */
        judge(k, p, file, &d);
        serve_withdraw(k, p, file, &d);
        withdrawn = i->was_allowed && d.verdict != CH_VERDICT_ALLOW;
        if (p->files[file].recorded_verdict >= 0 && judge_record(k, p, file, &d, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
        }
    }
    if (i->batch != NULL) {
        rescan_batch_tell(i->batch, i, p, file, p != NULL ? &d : NULL, error);
    } else {
        r->state.done++;
        r->state.withdrawn += withdrawn;
        r->state.failed += error.len > 0;
        if (r->state.done == r->state.total) {
            keeper_log("rescan", "done=%zu withdrawn=%zu failed=%zu", r->state.done,
                       r->state.withdrawn, r->state.failed);
            r->retry_at_us = r->state.failed > 0 ? keeper_now_us(k) + RETRY_US : INT64_MAX;
        }
    }
    rescan_item_free(i);
}

static void end_chain(struct keeper *k, struct rescan_item *i, struct ch_str error)
{
    while (i != NULL) {
        struct rescan_item *next = i->next;
        conclude(k, i, error);
        i = next;
    }
}

void rescan_ended(struct keeper *k, struct page *p, struct ch_str file_name, struct ch_str error)
{
    struct ch_buf key;
    if (k->rescan == NULL || ch_map_count(k->rescan->running) == 0) {
        return;
    }
    key_of(&key, p, file_name);
    struct rescan_item *i = ch_map_remove(k->rescan->running, ch_buf_str(&key));
    ch_buf_done(&key);
    if (i != NULL) {
        end_chain(k, i, error);
        rescan_kick(k);
    }
}

/* Whether nothing is left to do for it: due is what is allowed on findings of a replaced key. */
static bool is_settled(struct keeper *k, const struct rescan_item *i, struct page *p, size_t file)
{
    const struct page_file *f = &p->files[file];
    return i->only_due && (f->recorded_verdict != CH_VERDICT_ALLOW ||
                           (inspection_of(k, p, file) != NULL && !f->inspection_old));
}

static void start(struct keeper *k, struct rescan_item *i)
{
    struct rescan *r = k->rescan;
    size_t file;
    struct page *p = place_of(k, i, &file);
    if (p == NULL) {
        conclude(k, i,
                 i->batch == NULL ? (struct ch_str){NULL, 0}
                                  : CH_STR("nothing is known of it any more"));
        return;
    }
    struct page_file *f = &p->files[file];
    i->was_allowed = f->recorded_verdict == CH_VERDICT_ALLOW;
    if (is_settled(k, i, p, file)) {
        conclude(k, i, (struct ch_str){NULL, 0});
        return;
    }
    bool known =
        !ch_sha256_is_zero(&f->artifact) || sizes_only_told(p, file) || faults_of(p, file) != NULL;
    if (!known || f->release.profile == NULL) {
        conclude(k, i,
                 f->release.profile == NULL ? CH_STR("no inspector for this type of file")
                                            : CH_STR("its bytes were never fetched"));
        return;
    }
    struct ch_buf key;
    key_of(&key, p, ch_str_of(i->file_name));
    struct rescan_item *same = ch_map_get(r->running, ch_buf_str(&key));
    if (same != NULL) { /* another repository's, or of another batch: one inspection does for all */
        i->next = same->next;
        same->next = i;
    } else {
        ch_map_set(r->running, ch_buf_str(&key), i);
        if (!intake_rescan(k, p, file)) { /* mostly it has ended by now, and was told so */
            struct rescan_item *left = ch_map_remove(r->running, ch_buf_str(&key));
            end_chain(k, left, CH_STR("it could not be begun"));
        }
    }
    ch_buf_done(&key);
}

static void on_kick(struct ch_timer *t)
{
    struct rescan *r = CH_CONTAINER_OF(t, struct rescan, kick);
    if (!r->k->draining && gather_some(r->k)) {
        rescan_kick(r->k);
    }
    for (size_t n = 0; !r->k->draining && ch_map_count(r->running) < r->parallel; n++) {
        if (n == ch_limits.rescan_starts) { /* others have their turn, too */
            rescan_kick(r->k);
            return;
        }
        struct rescan_item *i = take(&r->by_hand);
        i = i != NULL ? i : take(&r->by_itself);
        if (i == NULL) {
            return;
        }
        start(r->k, i);
    }
}

void rescan_kick(struct keeper *k)
{
    /* not at once: whoever waits is answered in between */
    ch_loop_set_timer(k->child.loop, &k->rescan->kick, ch_loop_now_ms(k->child.loop) + 1);
}

void rescan_tick(struct keeper *k)
{
    struct rescan *r = k->rescan;
    if (keeper_now_us(k) >= r->retry_at_us) {
        rescan_begin(k);
    }
}

void rescan_add_by_hand(struct keeper *k, struct rescan_item *i)
{
    rescan_queue_add(&k->rescan->by_hand, i);
}

struct rescan_state rescan_state(const struct keeper *k)
{
    struct rescan_state s = k->rescan->state;
    s.running = ch_map_count(k->rescan->running);
    s.by_hand = k->rescan->by_hand.count - k->rescan->by_hand.next;
    s.looking = k->rescan->gatherings != NULL;
    return s;
}

/* ------------------------------------------------------------------ life */

void rescan_init(struct keeper *k)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t jails = k->config->scan_parallel > 0 ? k->config->scan_parallel
                   : cores > 0                  ? (size_t)cores
                                                : 1;
    k->rescan = ch_calloc(1, sizeof(*k->rescan));
    k->rescan->k = k;
    k->rescan->running = ch_map_new();
    k->rescan->kick.fn = on_kick;
    k->rescan->retry_at_us = INT64_MAX;
    k->rescan->parallel = jails / 2 > 0 ? jails / 2 : 1; /* half is left for who waits */
}

/* Of one that the service did not come to the end of. */
static void drop_item(struct rescan_item *i)
{
    if (i->batch != NULL) {
        rescan_batch_end(i->batch, 1);
    }
    rescan_item_free(i);
}

void rescan_free(struct keeper *k)
{
    struct rescan *r = k->rescan;
    size_t cursor = 0;
    void *value;
    if (r == NULL) {
        return;
    }
    ch_loop_cancel_timer(k->child.loop, &r->kick);
    while (r->gatherings != NULL) {
        struct gathering *g = r->gatherings;
        r->gatherings = g->next;
        if (g->batch != NULL) {
            rescan_batch_end(g->batch, 0);
        }
        free_gathering(g);
    }
    while (ch_map_next(r->running, &cursor, NULL, &value)) {
        struct rescan_item *i = value;
        while (i != NULL) {
            struct rescan_item *next = i->next;
            drop_item(i);
            i = next;
        }
    }
    ch_map_free(r->running);
    for (struct rescan_item *i; (i = take(&r->by_hand)) != NULL;) {
        drop_item(i);
    }
    rescan_queue_done(&r->by_hand);
    rescan_queue_done(&r->by_itself);
    free(r);
    k->rescan = NULL;
}
