/* A large page as the store has it: to unpack, to check and to index it takes seconds, which is
 * done on a thread, from a connection of its own, while the page is UNLOADED to everybody else. Who
 * asks for it waits, and asks again from the beginning when it is there. What it read counts where
 * the store has the same when it is back. */
#include "pages_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "db/keeper/budget/hanging.h"

enum ch_code page_set_stored(struct keeper *k, struct page *p, struct page_facts *facts,
                             struct page_built *built, struct ch_err *err)
{
    struct ch_buf url;
    p->checked_at_us = p->info.checked_at_us;
    enum ch_code rc = page_set_facts(k, p, facts, built, err);
    p->details_due = page_wants_details(p, &p->facts);
    ch_buf_init(&url, ch_limits.url_bytes);
    if (p->eco->page_url(ch_str_of(p->upstream->url), page_name(p), 0, &url) == CH_OK) {
        upstream_knew(k, p->upstream, ch_buf_str(&url));
    }
    ch_buf_done(&url);
    return rc;
}

void page_broken(struct keeper *k, struct page *p, enum ch_code code, const struct ch_err *err)
{
    p->load = PAGE_BROKEN;
    p->failed_at_us = keeper_now_us(k);
    p->fail_status = keeper_store_status(code, 502);
    snprintf(p->fail_text, sizeof(p->fail_text), "%s", err->msg);
    keeper_log("page", "project=%s error=\"%s\"", p->project, err->msg);
}

struct page_read {
    struct page *page;
    struct ch_store *store; /* the keeper's: to open another one beside it */
    char *upstream;         /* that has the name */
    /* the thread's */
    struct ch_snapshot_info info;
    struct ch_buf strings;
    struct page_facts facts;
    struct page_built built;
    enum ch_code code;
    struct ch_err err;
};

static enum ch_code get(struct page_read *r, struct ch_file_buf *content)
{
    struct ch_store *own;
    struct ch_str upstream = ch_str_of(r->upstream), name = page_name(r->page);
    uint64_t bytes = 0;
    enum ch_code rc = ch_store_open_beside(r->store, &own, &r->err);
    if (rc == CH_OK) {
        rc = ch_store_find_snapshot(own, upstream, name, &r->info, &bytes, &r->strings, &r->err);
        if (rc == CH_OK && bytes > 0 && bytes <= ch_limits.channel_answer_bytes) {
            page_content_init(r->page->keeper->blobs, (size_t)bytes, content);
        }
        rc = rc == CH_OK ? ch_store_get_snapshot(own, upstream, name, &r->info, &content->buf,
                                                 &r->strings, &r->err)
                         : rc;
        ch_store_close(own);
    }
    return rc;
}

static void read_page(void *ctx)
{
    struct page_read *r = ctx;
    struct ch_file_buf content;
    page_content_init(NULL, 1, &content);
    r->code = get(r, &content);
    r->code = r->code == CH_OK ? page_facts_decode_file(&content, &r->facts, &r->err) : r->code;
    if (r->code == CH_OK) {
        page_build(r->page->eco, r->page->project, &r->facts, &r->built);
    }
    page_content_done(&content);
}

/* --- for who cannot wait --- */

struct decoding {
    const struct ch_ecosystem *eco;
    char *project;
    struct ch_buf *content;
    struct page_facts facts;
    struct page_built built;
    enum ch_code code;
    struct ch_err err;
};

static void decode(void *ctx)
{
    struct decoding *d = ctx;
    d->code = page_facts_decode(d->content, &d->facts, &d->err);
    if (d->code == CH_OK) {
        page_build(d->eco, d->project, &d->facts, &d->built);
    }
}

enum ch_code page_decode(struct keeper *k, struct page *p, struct ch_buf *content,
                         struct page_facts *ret, struct page_built *ret_built, struct ch_err *err)
{
    struct decoding d = {.eco = p->eco, .project = p->project, .content = content};
    if (content->len <= ch_limits.merge_bytes) {
        return page_facts_decode(content, ret, err);
    }
    offload_wait(k, decode, &d);
    *ret = d.facts;
    *ret_built = d.built;
    if (d.code != CH_OK) {
        *err = d.err;
    }
    return d.code;
}

/* --- for who waits --- */

void page_read_free(struct page_read *r)
{
    if (r != NULL) {
        page_built_done(&r->built);
        page_facts_done(&r->facts);
        ch_buf_done(&r->strings);
        free(r->upstream);
        free(r);
    }
}

/* The upstream that has the name. False: none, or another page is what has to be said. */
static bool owner_of(struct keeper *k, const struct page *p, struct ch_buf *ret)
{
    struct ch_err err;
    return ch_store_owner(k->store, ch_str_of(p->repository), page_name(p), ret, &err) == CH_OK &&
           ch_config_upstream(k->config, ch_buf_str(ret)) != NULL;
}

static bool is_large(struct keeper *k, const struct page *p, struct ch_str upstream)
{
    struct ch_snapshot_info info;
    struct ch_buf strings;
    struct ch_err err;
    uint64_t bytes = 0;
    ch_buf_init(&strings, 16384);
    enum ch_code rc =
        ch_store_find_snapshot(k->store, upstream, page_name(p), &info, &bytes, &strings, &err);
    ch_buf_done(&strings);
    return rc == CH_OK && bytes > ch_limits.merge_bytes;
}

/* Nothing of it has changed since it was read, but that it may have been confirmed. */
static bool is_as_stored(struct keeper *k, const struct page_read *r, struct ch_snapshot_info *ret,
                         struct ch_buf *strings)
{
    struct ch_buf owner;
    struct ch_err err;
    uint64_t bytes = 0;
    ch_buf_init(&owner, 256);
    bool same = owner_of(k, r->page, &owner) &&
                ch_str_eq(ch_buf_str(&owner), ch_str_of(r->upstream)) &&
                ch_store_find_snapshot(k->store, ch_buf_str(&owner), page_name(r->page), ret,
                                       &bytes, strings, &err) == CH_OK &&
                bytes == r->facts.content.buf.len && ret->fetched_at_us == r->info.fetched_at_us &&
                ret->first_loaded_at_us == r->info.first_loaded_at_us &&
                ch_sha256_eq(&ret->body_sha256, &r->info.body_sha256);
    ch_buf_done(&owner);
    return same;
}

static void take(struct keeper *k, struct page *p, struct page_read *r)
{
    struct ch_err err;
    p->owned = true;
    p->upstream = ch_config_upstream(k->config, ch_str_of(r->upstream));
    enum ch_code rc = page_set_stored(k, p, &r->facts, &r->built, &err);
    if (rc != CH_OK) {
        page_broken(k, p, rc, &err);
    } else if (p->judge_due) {
        p->judge_due = false;
        again_page(k, p);
    }
}

static void on_read(void *ctx, const struct published *unused)
{
    struct page_read *r = ctx;
    struct page *p = r->page;
    struct keeper *k = p->keeper;
    (void)unused;
    p->read = NULL;
    if (p->load == PAGE_UNLOADED && !p->refreshing) { /* else somebody could not wait for it */
        bool good = r->code == CH_OK && is_as_stored(k, r, &p->info, &p->info_strings);
        if (r->code != CH_OK) {
            keeper_log("page", "project=%s error=\"%s\"", p->project, r->err.msg);
        }
        if (good) {
            take(k, p, r);
        } else if (r->code != CH_OK) {
            page_load(k, p); /* which says what is wrong, to whoever asks */
        }
    }
    page_read_free(r);
    page_wake_again(k, p);
}

bool page_comes(struct keeper *k, struct page *p)
{
    struct ch_buf owner;
    struct ch_err err;
    if (p->read != NULL) {
        return p->load == PAGE_UNLOADED;
    }
    if (p->load != PAGE_UNLOADED || p->refreshing || p->eco->is_page == NULL) {
        return false;
    }
    ch_buf_init(&owner, 256);
    bool large = owner_of(k, p, &owner) && is_large(k, p, ch_buf_str(&owner)) &&
                 keeper_commit(k, &err) == CH_OK; /* or the other connection would not see it */
    if (large) {
        p->read = ch_calloc(1, sizeof(*p->read));
        p->read->page = p;
        p->read->store = k->store;
        p->read->upstream = ch_str_dup(ch_buf_str(&owner));
        ch_buf_init(&p->read->strings, 16384);
        offload_run(k, read_page, on_read, p->read);
    }
    ch_buf_done(&owner);
    return large;
}
