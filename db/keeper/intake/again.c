/* Judging again what was told to anybody, when what decides it has changed.
 *
 * A change acts at the file route at once, however much there is: the epoch is raised, so gateways
 * ask again, and each ask is judged by what is in force then. What is done here is the rest: bytes
 * go out of served/, decisions are recorded, and who fetched what is withdrawn is told. Of a whole
 * site that takes a while, so it is done a few projects at a time. */
#include "db/keeper/pages/page_walk.h"

#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/intake/judge_together.h"
#include "db/keeper/rulings/rulings.h"

void again_page(struct keeper *k, struct page *p)
{
    if (p->load != PAGE_READY) {
        return;
    }
    struct judged_together together;
    judge_together(p, &together);
    for (size_t i = 0; i < p->facts.file_count; i++) {
        struct page_file *f = &p->files[i];
        bool told = f->recorded_verdict >= 0 && !ch_sha256_is_zero(&f->artifact);
        if (!told && !serve_is_shown(p, i)) {
            continue; /* nobody was told anything about it */
        }
        struct ch_decision d;
        struct ch_err err;
        judge(k, p, i, &d);
        serve_withdraw(k, p, i, &d);
        if (told && judge_record(k, p, i, &d, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
        }
    }
    judge_apart(p);
}

static void on_page_with(void *ctx, struct page *p)
{
    again_page(ctx, p);
}

void again_project(struct keeper *k, struct ch_str project)
{
    bool all = true;
    keeper_raise_epoch(k);
    for (size_t i = 0; i < k->config->repository_count; i++) {
        all &=
            pages_with_now(k, ch_str_of(k->config->repositories[i].name), project, on_page_with, k);
    }
    if (!all) {
        again_all(k); /* also of pages that are still to come from the store */
    }
}

/* ------------------------------------------------------------------ everything */

/* The policy and configuration that everything was judged under, to the end, and when that was
 * begun; nothing while it is not at its end: then a start goes on with it. */
static const struct ch_str judged_under = {"judged-under", sizeof("judged-under") - 1};

struct again {
    struct keeper *k;
    struct page_walk walk;
    struct ch_timer timer;
    int64_t begun_at_us;
    size_t pages;
};

static void on_page(void *ctx, struct page *p)
{
    struct again *a = ctx;
    again_page(a->k, p);
    a->pages++;
}

static void remember(struct keeper *k, struct ch_str under)
{
    struct ch_err err;
    if (audit_set_value(k, judged_under, under, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

static void on_turn(struct ch_timer *t)
{
    struct again *a = CH_CONTAINER_OF(t, struct again, timer);
    struct keeper *k = a->k;
    struct ch_str all = {NULL, 0};
    if (page_walk_go_on(&a->walk, all, on_page, a)) {
        ch_loop_set_timer(k->child.loop, t, page_walk_next_ms(&a->walk));
        return;
    }
    if (a->walk.failed != CH_OK) { /* the next start goes through all of them again */
        keeper_log("store", "error=\"%s\"", a->walk.why.msg);
    } else {
        struct ch_sha256 policy = ch_policy_digest(k->policy);
        struct ch_buf value;
        ch_buf_init(&value, 128);
        ch_put_sha256(&value, &policy);
        ch_put_sha256(&value, &k->config_digest);
        ch_put_i64(&value, a->begun_at_us);
        keeper_log("judged-again", "projects=%zu", a->pages);
        remember(k, ch_buf_str(&value));
        ch_buf_done(&value);
    }
    page_walk_done(&a->walk);
}

void again_all(struct keeper *k)
{
    struct again *a = k->again;
    size_t cursor = 0;
    void *value;
    keeper_raise_epoch(k);
    ch_loop_cancel_timer(k->child.loop, &a->timer);
    remember(k, CH_STR("")); /* whatever it is for, not the policy alone, a start goes on with it */
    a->begun_at_us = keeper_now_us(k);
    a->pages = 0;
    page_walk_begin(&a->walk, k, CH_VERDICT_ALLOW);
    while (ch_map_next(k->pages, &cursor, NULL, &value)) { /* those that only showed metadata */
        struct page *p = value;
        if (p->shown != NULL && ch_map_count(p->shown) > 0) {
            page_walk_add(&a->walk, p);
        }
    }
    on_turn(&a->timer); /* the first ones now: of a small site all */
}

bool again_is_running(const struct keeper *k)
{
    return k->again->walk.k != NULL;
}

void again_init(struct keeper *k)
{
    k->again = ch_calloc(1, sizeof(*k->again));
    k->again->k = k;
    k->again->timer.fn = on_turn;
}

void again_begin(struct keeper *k)
{
    struct ch_sha256 now = ch_policy_digest(k->policy);
    struct ch_buf value;
    struct ch_err err;
    ch_buf_init(&value, 128);
    enum ch_code rc = ch_store_get_value(k->store, judged_under, &value, &err);
    struct ch_rd r = ch_rd_of(value.ptr, value.len);
    struct ch_sha256 policy = ch_get_sha256(&r), config = ch_get_sha256(&r);
    int64_t begun_at_us = ch_get_i64(&r);
    if (rc != CH_OK || ch_rd_end(&r, "judged-under", &err) != CH_OK ||
        !ch_sha256_eq(&policy, &now) || !ch_sha256_eq(&config, &k->config_digest) ||
        rulings_ended_since(k, begun_at_us) || rulings_distrusted(k) > 0 ||
        rulings_restored(k) > 0) {
        again_all(k);
    }
    ch_buf_done(&value);
}

void again_free(struct keeper *k)
{
    if (k->again != NULL) {
        ch_loop_cancel_timer(k->child.loop, &k->again->timer);
        page_walk_done(&k->again->walk);
        free(k->again);
        k->again = NULL;
    }
}
