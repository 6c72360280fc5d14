/* What is not there any more: a project that is not found, and a page of many projects that has
 * lost nearly all of its files. */
#include "refresh_int.h"

#include "customhouse/limits.h"
#include "db/keeper/pushes/pushes.h"

static size_t listed(const struct page_facts *facts)
{
    size_t n = 0;
    for (size_t i = 0; i < facts->file_count; i++) {
        n += facts->files[i].removed_at_us == CH_TIME_UNKNOWN;
    }
    return n;
}

/* A page of many projects of which next to nothing is left is a mirror's accident, or an attack
 * that would have everything held: what is known goes on for as long as it does while an upstream
 * fails. After that it is what the upstream says (T5). */
bool refresh_shrinks(const struct refresh *r)
{
    const struct page *p = r->p;
    if (p->eco->is_page == NULL || p->load != PAGE_READY || !page_usable(r->k, p)) {
        return false;
    }
    size_t before = listed(&p->facts);
    return before >= ch_limits.page_shrink_files && listed(&r->merged) < before / 10;
}

/* Files of it that are here may be the last copies: from now on, and not when a second such answer
 * makes that a fact. */
static void page_not_found(struct refresh *r)
{
    struct keeper *k = r->k;
    const struct page *p = r->p;
    struct ch_err err;
    if (keeper_write(k, &err) != CH_OK ||
        ch_store_not_found(k->store, ch_str_of(p->upstream->name), page_name(p), CH_STR(""),
                           keeper_now_us(k), &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg); /* of such a store nothing is evicted */
    }
}

void refresh_keep_back(struct refresh *r)
{
    page_not_found(r);
    const char *what = "the upstream's page has lost nearly all of its files, and is kept back";
    keeper_log("alarm", "repository=%s project=%s upstream=%s what=\"%s\"", r->p->repository,
               r->p->project, r->p->upstream->name, what);
    refresh_failed(r, 502, what);
}

/* T5: a project that vanished is a complete answer without any file. One such answer may be an
 * upstream's hiccup, so that it only counts when a second one, gone_confirm_ms later or more, says
 * the same; until then it is a failure like others. The owner of the name stays (T12). */
static void known_page_absent(struct refresh *r)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    struct ch_err err;
    r->now_us = keeper_now_us(k);
    if (p->load == PAGE_READY && listed(&p->facts) == 0) {
        refresh_unchanged(r);
        return;
    }
    bool said_once = p->gone_at_us == 0 || p->gone_at_us > r->now_us ||
                     r->now_us - p->gone_at_us < (int64_t)k->gone_confirm_ms * 1000;
    if (p->load != PAGE_READY || (said_once && !p->upstream->hosted)) { /* what is ours has no hiccups */
        if (p->gone_at_us == 0 || p->gone_at_us > r->now_us) {
            p->gone_at_us = r->now_us;
        }
        ch_loop_set_timer(k->child.loop, &p->confirm,
                          ch_loop_now_ms(k->child.loop) + k->gone_confirm_ms + 1);
        page_not_found(r);
        refresh_failed(r, 502, "the upstream says that the project is gone");
        return;
    }
    r->overtaken = false; /* likewise */
    enum ch_code rc = keeper_write(k, &err);
    if (rc == CH_OK) {
        rc = page_facts_vanish(&p->facts, r->now_us, refresh_tell_change, r, &r->merged, &err);
    }
    if (rc != CH_OK) {
        refresh_failed(r, keeper_store_status(rc, 502), err.msg);
        return;
    }
    if (!p->upstream->hosted) {
        keeper_log("alarm",
                   "repository=%s project=%s upstream=%s what=\"the project is gone from the "
                   "upstream; all its files are held\"",
                   p->repository, p->project, p->upstream->name);
    }
    refresh_finish(r);
}

/* T12: "not found" is a reason to ask the next upstream only where nobody ever had the project from
 * this one. Another repository may: then the page is known here as it is there, and gone when it is
 * confirmed to be; or a person gave the name to this upstream, which has nothing yet. */
void refresh_absent(struct refresh *r)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    const char *elsewhere = NULL;
    struct ch_err err;
    struct ch_str upstream = ch_str_of(p->upstream->name);
    bool known = p->load == PAGE_READY || p->info.first_loaded_at_us != 0;
    enum ch_code rc = known ? CH_OK : page_adopt(k, p, &err);
    rc = rc == CH_OK && !known ? owner_elsewhere(k, p, upstream, &elsewhere, &err) : rc;
    if (rc != CH_OK) {
        refresh_failed(r, keeper_store_status(rc, 502), err.msg);
        return;
    }
    if (known || p->load == PAGE_READY) {
        known_page_absent(r);
        return;
    }
    p->refreshing = false;
    p->upstream_at++;
    if (!p->owned && elsewhere == NULL && p->upstream_at < p->config->upstream_count) {
        bool dawdles = r->dawdles_at != NULL && p->waiters == NULL;
        p->via = r->via;
        r->via = NULL;
        page_refresh_free(r);
        page_refresh(k, p);
        CH_IGNORE(dawdles && !page_dawdles(p)); /* at this one now */
        return;
    }
    p->load = PAGE_ABSENT;
    page_budget_give(p);
    p->upstream = p->owned ? p->upstream : NULL;
    p->checked_at_us = keeper_now_us(k);
    page_refresh_free(r);
    if (hosted_looks_again(k, p)) {
        return;
    }
    page_wake(k, p);
    owner_left(k, p);
}
