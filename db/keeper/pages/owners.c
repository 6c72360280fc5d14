/* Who owns a name (T12): the first upstream that answered, here or in another repository, until a
 * person gives it to another one;
 * and from when on an owner counts anew. While something of the former owner is under way (it
 * cannot be called back: a jail reads it), nothing is answered from either; who asks waits for the
 * new one. */
#include "pages_int.h"

#include <string.h>

#include "customhouse/limits.h"
#include "db/keeper/audit/audit.h"
#include "db/log/entry_row.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/rulings/rulings.h"

/* ------------------------------------------------------------------ the first one */

enum ch_code owner_elsewhere(struct keeper *k, const struct page *p, struct ch_str upstream,
                             const char **ret_repository, struct ch_err *err)
{
    struct ch_buf owner;
    enum ch_code rc = CH_OK;
    ch_buf_init(&owner, ch_limits.text_bytes);
    *ret_repository = NULL;
    for (size_t i = 0; i < k->config->repository_count && *ret_repository == NULL; i++) {
        const char *repository = k->config->repositories[i].name;
        ch_buf_clear(&owner);
        rc = ch_store_owner(k->store, ch_str_of(repository), page_name(p), &owner, err);
        if (rc == CH_OK && ch_str_eq(ch_buf_str(&owner), upstream)) {
            *ret_repository = repository;
        } else if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
            break;
        }
    }
    ch_buf_done(&owner);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

/* That an earlier upstream has no such project was its word at another time; by now a repository
 * may have had it from there. */
static enum ch_code check_earlier(struct keeper *k, const struct page *p, struct ch_err *err)
{
    for (size_t i = 0; i < p->config->upstream_count; i++) {
        const char *earlier = p->config->upstreams[i];
        const char *repository;
        if (strcmp(earlier, p->upstream->name) == 0) {
            return CH_OK;
        }
        enum ch_code rc = owner_elsewhere(k, p, ch_str_of(earlier), &repository, err);
        if (rc != CH_OK) {
            return rc;
        }
        if (repository != NULL) {
            return ch_fail(err, CH_E_CONFLICT,
                           "it is of upstream %s, which comes before %s, in repository %s",
                           earlier, p->upstream->name, repository);
        }
    }
    return CH_OK;
}

enum ch_code owner_pin(struct keeper *k, struct page *p, int64_t now_us, struct ch_err *err)
{
    enum ch_code rc = p->owned ? CH_OK : check_earlier(k, p, err);
    rc = rc == CH_OK ? keeper_write(k, err) : rc;
    struct ch_entry_owner owner = {ch_str_of(p->repository), page_name(p),
                                   ch_str_of(p->upstream->name), now_us};
    rc = rc == CH_OK ? audit_pin_owner(k, &owner, err) : rc;
    p->owned = p->owned || rc == CH_OK;
    return rc;
}

/* ------------------------------------------------------------------ another one */

struct ended {
    struct keeper *k;
    const struct ch_owner_change *change;
};

static enum ch_code on_ended(void *ctx, uint64_t ruling, struct ch_str why, struct ch_err *err)
{
    const struct ended *e = ctx;
    return audit_ruling_end(e->k, ruling, e->change->by, why, e->change->at_us, err);
}

static enum ch_code is_first(struct keeper *k, const struct ch_owner_change *change, bool *ret,
                             struct ch_err *err)
{
    struct ch_buf owner;
    ch_buf_init(&owner, ch_limits.text_bytes);
    enum ch_code rc = ch_store_owner(k->store, change->repository, change->project, &owner, err);
    *ret = rc == CH_E_NOT_FOUND;
    ch_buf_done(&owner);
    return *ret ? CH_OK : rc;
}

/* With its entries, or not at all. */
static enum ch_code store_change(struct keeper *k, const struct ch_owner_change *change,
                                 struct ch_err *err)
{
    struct ended e = {.k = k, .change = change};
    uint64_t id = 0;
    bool first = false;
    enum ch_code rc = audit_step(k, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = change->kind == CH_OWNER_GIVEN ? is_first(k, change, &first, err) : CH_OK;
    rc = rc == CH_OK ? ch_store_add_owner_change(k->store, change, &id, on_ended, &e, err) : rc;
    if (rc == CH_OK && first) { /* the store has pinned it, too */
        struct ch_entry_owner owner = {change->repository, change->project, change->upstream,
                                       change->at_us};
        rc = audit_first_owner(k, &owner, err);
    }
    rc = rc == CH_OK ? audit_owner(k, change, id, err) : rc;
    return audit_step_end(k, rc, err);
}

void owner_settle(struct keeper *k, struct page *p)
{
    if (!p->given_away || p->refreshing) {
        return;
    }
    intakes_forget_failed(k, p);
    if (p->busy == 0) { /* else what is under way still speaks of the former owner's files */
        page_unload(p);
        p->given_away = false;
    }
}

/* ------------------------------------------------------------------ who waits for the new owner */

static void watch(struct keeper *k, struct page *p)
{
    uint64_t soonest = UINT64_MAX;
    for (const struct waiter *w = p->moved; w != NULL; w = w->next) {
        soonest = w->deadline_ms < soonest ? w->deadline_ms : soonest;
    }
    ch_loop_cancel_timer(k->child.loop, &p->moved_timer);
    if (soonest != UINT64_MAX) {
        ch_loop_set_timer(k->child.loop, &p->moved_timer, soonest);
    }
}

bool owner_wait(struct keeper *k, struct page *p, struct waiter *w, uint32_t patience_ms)
{
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    uint64_t until_ms =
        now_ms + patience_ms; /* of all that it waits for, its own end may be nearer */
    w->deadline_ms = w->deadline_ms == 0 || until_ms < w->deadline_ms ? until_ms : w->deadline_ms;
    if (w->deadline_ms <= now_ms) {
        return false;
    }
    w->next = p->moved;
    p->moved = w;
    watch(k, p);
    return true;
}

/* Each asks again from its beginning: of the new owner, or, with no patience left, to be told why
 * not. */
void owner_on_moved(struct ch_timer *t)
{
    struct page *p = CH_CONTAINER_OF(t, struct page, moved_timer);
    struct keeper *k = p->keeper;
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    owner_settle(k, p);
    struct waiter *w = p->moved;
    p->moved = NULL;
    while (w != NULL) {
        struct waiter *next = w->next;
        w->next = NULL;
        if (p->given_away && w->deadline_ms > now_ms) {
            w->next = p->moved;
            p->moved = w;
        } else if (page_ready(k, p, w)) {
            ask_go_on(k, p, w);
        }
        w = next;
    }
    watch(k, p);
}

void owner_left(struct keeper *k, struct page *p)
{
    if (p->given_away && p->moved != NULL) {
        ch_loop_set_timer(k->child.loop, &p->moved_timer, ch_loop_now_ms(k->child.loop));
    }
}

/* ------------------------------------------------------------------ changing it */

enum ch_code owner_give(struct keeper *k, struct page *p, struct ch_owner_change *change,
                        struct ch_err *err)
{
    page_load(k, p);
    change->former = ch_str_of(p->upstream != NULL ? p->upstream->name : "");
    change->kind = CH_OWNER_GIVEN;
    change->at_us = keeper_now_us(k);
    p->given_away =
        true; /* away from ALLOW first (T4): all that the former owner's page shows goes */
    keeper_raise_epoch(k);
    again_page(k, p);
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? store_change(k, change, err) : rc;
    rc = rc == CH_OK ? keeper_commit(k, err) : rc;
    if (rc != CH_OK) {
        p->given_away = false; /* as before; what was taken away is served again when asked for */
        return rc;
    }
    keeper_log("owner", "repository=%s project=%s upstream=%.*s former=%.*s", p->repository,
               p->project, CH_STR_ARG(change->upstream), CH_STR_ARG(change->former));
    owner_settle(k, p);
    if (rulings_load(k, err) !=
        CH_OK) { /* without the approvals that ended with it, or without any */
        keeper_log("store", "error=\"%s\"", err->msg);
    }
    keeper_raise_epoch(k);
    return CH_OK;
}

/* The page's content, and what its upstream would be asked with, without what says how new it is,
 * as the store has it already: what fails here is read from there. */
static void forget_age(struct keeper *k, struct page *p)
{
    struct page_facts facts;
    struct ch_err err;
    p->info.etag = p->info.last_modified = (struct ch_str){NULL, 0};
    p->info.body_sha256 = (struct ch_sha256){{0}};
    p->failed_at_us = 0;
    enum ch_code rc = page_facts_forget_serial(&p->facts, &facts, &err);
    rc = rc == CH_OK ? page_set_facts(k, p, &facts, NULL, &err) : rc;
    if (rc != CH_OK) {
        p->load = PAGE_BROKEN;
        keeper_log("page", "repository=%s project=%s error=\"%s\"", p->repository, p->project,
                   err.msg);
    }
}

static enum ch_code store_without_age(struct keeper *k, const struct page *p,
                                      const struct ch_owner_change *change, struct ch_err *err)
{
    struct page_facts facts = {0};
    struct ch_snapshot_info info = p->info;
    info.etag = info.last_modified = CH_STR("");
    info.body_sha256 = (struct ch_sha256){{0}};
    enum ch_code rc = page_facts_forget_serial(&p->facts, &facts, err);
    rc = rc == CH_OK ? keeper_write(k, err) : rc;
    rc = rc == CH_OK ? ch_store_rewrite_snapshot(k->store, change->upstream, page_name(p), &info,
                                                 ch_buf_str(&facts.content.buf), err)
                     : rc;
    rc = rc == CH_OK ? audit_snapshot(k, change->upstream, page_name(p), err) : rc;
    if (rc == CH_OK && info.checked_at_us != info.fetched_at_us) {
        rc = audit_confirmed_before(k, change->upstream, page_name(p), info.checked_at_us, err);
    }
    rc = rc == CH_OK ? store_change(k, change, err) : rc;
    rc = rc == CH_OK ? keeper_commit(k, err) : rc;
    page_facts_done(&facts);
    return rc;
}

enum ch_code owner_accept_older(struct keeper *k, struct page *p, struct ch_owner_change *change,
                                struct ch_err *err)
{
    if (!page_load(k, p)) {
        return ch_fail(err, CH_E_NOT_FOUND, "%s: no answer of an upstream is known of it",
                       p->project);
    }
    const struct ch_upstream *upstream = p->upstream;
    change->kind = CH_OWNER_OLDER_ACCEPTED;
    change->upstream = ch_str_of(upstream->name);
    change->at_us = keeper_now_us(k);
    enum ch_code rc = store_without_age(k, p, change, err);
    size_t cursor = 0;
    void *value;
    while (rc == CH_OK && ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *other =
            value; /* the snapshot is the upstream's: several repositories may have it */
        if (other->load == PAGE_READY && other->upstream == upstream &&
            ch_str_eq(page_name(other), page_name(p))) {
            forget_age(k, other);
        }
    }
    return rc;
}
