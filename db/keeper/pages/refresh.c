/* Refreshing a page: one at a time however many ask. Fetch -> (unchanged?) -> jail -> merge ->
 * snapshot; where times or sizes are missing, the upstream's JSON API fills them in
 * (refresh_details.c).
 *
 * The snapshot is the upstream's: what is kept for one repository is known of the same page in each
 * other one that has it in memory, so that none of them merges with less than was ever seen (T5,
 * T7).
 *
 * Ownership (T12): the first upstream in order that answers 200 owns the name from then on. An
 * earlier upstream's error is an error, never "next", and so is that it does not find a project
 * which it has shown before, to whatever repository. */
#include "refresh_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "db/keeper/budget/hanging.h"
#include "db/keeper/pushes/aliases.h"
#include "db/keeper/pushes/pushes.h"

void page_refresh_free(struct refresh *r)
{
    r->p->refresh = NULL;
    if (r->dawdles_at != NULL) {
        upstream_dawdled(r->k, ch_str_of(r->dawdles_at));
        free(r->dawdles_at);
    }
    if (r->details == DETAILS_FETCHING) {
        jobs_cancel_fetch(r->k, r->details_fetch);
    }
    if (r->fd >= 0) {
        close(r->fd);
    }
    if (r->details_fd >= 0) {
        close(r->details_fd);
    }
    free(r->url);
    free(r->via);
    free(r->details_url);
    free(r->base_url);
    free(r->etag);
    free(r->last_modified);
    refresh_merge_done(r);
    free(r);
}

void refresh_failed(struct refresh *r, uint32_t status, const char *text)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    keeper_log("index", "repository=%s project=%s error=\"%s\"", p->repository, p->project, text);
    p->refreshing = false;
    hosted_forget(p);
    p->failed_at_us = r->unasked ? 0 : keeper_now_us(k);
    p->fail_status = status;
    p->fail_until_us = r->until_us;
    page_budget_give(p);
    snprintf(p->fail_text, sizeof(p->fail_text), "%s", text);
    if (p->load == PAGE_LOADING) {
        p->load = PAGE_UNLOADED;
    }
    page_refresh_free(r);
    page_wake(k, p);
    owner_left(k, p);
}

bool page_is_dawdling(const struct page *p)
{
    return p->refresh != NULL && p->refresh->dawdles_at != NULL;
}

bool page_dawdles(struct page *p)
{
    struct refresh *r = p->refresh;
    bool fetches =
        r != NULL && (r->fetch != 0 || (r->wants_details && r->details == DETAILS_FETCHING));
    if (!fetches || r->dawdles_at != NULL) {
        return r != NULL; /* what a jail reads ends by itself */
    }
    if (upstream_may_dawdle(r->k, p->upstream)) {
        r->dawdles_at = ch_str_dup(ch_str_of(p->upstream->name));
        return true;
    }
    if (r->fetch != 0) {
        jobs_cancel_fetch(r->k, r->fetch);
    }
    refresh_failed(r, 504, "the upstream does not answer for this page, try again");
    return false;
}

void refresh_ended(struct refresh *r)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    p->refreshing = false;
    p->failed_at_us = p->rest_until_us = 0;
    page_budget_give(p);
    page_refresh_free(r);
    again_page(k, p);
    hosted_page_came(k, p);
    if (hosted_looks_again(k, p)) {
        return;
    }
    page_wake(k, p);
    owner_left(k, p);
}

void refresh_tell_change(void *ctx, enum ch_sighting kind, struct ch_str file_name,
                         const struct ch_sha256 *stated, int64_t last_absent_at_us)
{
    struct refresh *r = ctx;
    struct ch_err err;
    if (ch_store_add_sighting(r->k->store, ch_str_of(r->p->upstream->name), page_name(r->p),
                              file_name, stated, kind, r->now_us, last_absent_at_us,
                              &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    if (kind == CH_SIGHTING_REMOVED && !r->p->upstream->hosted) { /* T5 */
        keeper_log("alarm", "repository=%s project=%s file=%.*s what=\"gone from the upstream\"",
                   r->p->repository, r->p->project, CH_STR_ARG(file_name));
    }
}

/* `ret_stored` says whether the upstream's page is what was merged, also where the rest fails. */
static enum ch_code keep_snapshot(struct refresh *r, bool *ret_stored, struct ch_err *err)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    bool first = p->facts.files == NULL && p->load != PAGE_READY;
    struct ch_snapshot_info info = {
        .first_loaded_at_us = first ? r->now_us : p->info.first_loaded_at_us,
        .fetched_at_us = r->now_us,
        .checked_at_us = r->now_us,
        .etag = ch_str_of(r->etag),
        .last_modified = ch_str_of(r->last_modified),
        .body_sha256 = r->body,
    };
    struct ch_str upstream = ch_str_of(p->upstream->name);
    enum ch_code rc = keeper_write(k, err);
    if (rc == CH_OK && first) {
        rc = owner_pin(k, p, r->now_us, err);
    }
    if (rc == CH_OK) {
        struct ch_str content = ch_buf_str(&r->merged.content.buf);
        rc = r->packed.len > 0
                 ? ch_store_put_packed_snapshot(k->store, upstream, page_name(p), &info,
                                                content.len, ch_buf_str(&r->packed), err)
                 : ch_store_put_snapshot(k->store, upstream, page_name(p), &info, content, err);
    }
    rc = rc == CH_OK ? audit_snapshot(k, upstream, page_name(p), err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    *ret_stored = true;
    page_wrote(p);
    p->info = info;
    p->checked_at_us = r->now_us;
    ch_buf_clear(&p->info_strings);
    char *at = ch_buf_reserve(&p->info_strings, info.etag.len + info.last_modified.len);
    ch_buf_puts(&p->info_strings, info.etag);
    ch_buf_puts(&p->info_strings, info.last_modified);
    p->info.etag = (struct ch_str){at, info.etag.len};
    p->info.last_modified = (struct ch_str){at + info.etag.len, info.last_modified.len};
    return page_set_facts(k, p, &r->merged, &r->built, err);
}

bool refresh_lost_what_is_known(struct refresh *r)
{
    if (r->p->load != PAGE_BROKEN) {
        return false;
    }
    refresh_failed(r, 502, "what is known of the page cannot be read");
    return true;
}

/* The page has a new snapshot. A first load that waits for its upstream looks itself, when that has
 * answered. */
static void tell_other_repositories(struct keeper *k, const struct page *p)
{
    for (size_t i = 0; i < k->config->repository_count; i++) {
        struct page *q =
            page_in_memory(k, ch_str_of(k->config->repositories[i].name), page_name(p));
        if (q == NULL || q == p || q->given_away || q->upstream == NULL ||
            strcmp(q->upstream->name, p->upstream->name) != 0) {
            continue;
        }
        bool answered = q->load == PAGE_LOADING && q->refresh != NULL && q->refresh->fetch == 0;
        if (q->load != PAGE_READY && !answered) {
            continue;
        }
        struct ch_err err;
        if (page_adopt(k, q, &err) != CH_OK) {
            keeper_log("page", "repository=%s project=%s error=\"%s\"", q->repository, q->project,
                       err.msg);
        }
        if (q->refresh != NULL) {
            q->refresh->overtaken = true;
        }
        again_page(k, q);
    }
}

void refresh_finish(struct refresh *r)
{
    struct ch_err err;
    if (refresh_lost_what_is_known(r)) {
        return;
    }
    if (r->overtaken) { /* what it says was merged with less; the next answer says it again */
        refresh_ended(r);
        return;
    }
    if (r->filled) { /* they are others than those that were merged */
        page_built_done(&r->built);
        ch_buf_clear(&r->packed);
    }
    bool stored = false;
    enum ch_code rc = keep_snapshot(r, &stored, &err);
    if (stored) {
        tell_other_repositories(r->k, r->p);
    }
    if (rc != CH_OK) {
        refresh_failed(r, keeper_store_status(rc, 502), err.msg);
        return;
    }
    r->p->details_due = r->wants_details && !r->filled;
    refresh_ended(r);
}

static void on_page_scanned(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    struct refresh *r = ctx;
    struct page *p = r->p;
    if (answer->outcome != CH_SCAN_DONE) {
        struct ch_buf why;
        ch_buf_init(&why, sizeof(p->fail_text) - 1);
        ch_buf_puts(&why, CH_STR("the upstream's page could not be read: its reading "));
        ch_scanned_put_why(&why, answer);
        ch_buf_putc(&why, '\0');
        bool interrupted = ch_scanned_is_interrupted(answer); /* clients come again after 503 */
        r->until_us = interrupted ? keeper_now_us(r->k) + FAILURE_MEMORY_US : r->until_us;
        refresh_failed(r, interrupted ? 503 : 502, why.ptr);
        ch_buf_done(&why);
        return;
    }
    if (refresh_lost_what_is_known(r)) {
        return;
    }
    struct ch_buf by_sha256;
    struct ch_err err;
    ch_buf_init(&by_sha256, ch_limits.scan_output_bytes);
    enum ch_code rc = CH_OK;
    if (p->eco->push != NULL) { /* where digests are names */
        rc = aliases_resolve(r->k, stream, &by_sha256, &err);
    }
    if (rc == CH_OK) {
        refresh_merge(r, by_sha256.len > 0 ? ch_buf_str(&by_sha256) : stream);
    } else {
        refresh_failed(r, keeper_store_status(rc, 502), err.msg);
    }
    ch_buf_done(&by_sha256);
}

/* Each has an entry of the log, so not each is kept: what was read from the store seems older, and
 * is looked at again sooner. */
static enum ch_code keep_confirmation(struct keeper *k, struct page *p, int64_t now,
                                      struct ch_err *err)
{
    int64_t kept = p->info.checked_at_us;
    enum ch_code rc = keeper_write(k, err);
    if (now >= kept && now - kept < (int64_t)ch_limits.page_confirmed_s * 1000000) {
        /* it may have been missed meanwhile (T5) */
        return rc == CH_OK ? ch_store_found(k->store, ch_str_of(p->upstream->name), page_name(p),
                                            CH_STR(""), err)
                           : rc;
    }
    rc = rc == CH_OK
             ? audit_confirm_snapshot(k, ch_str_of(p->upstream->name), page_name(p), now, err)
             : rc;
    if (rc == CH_OK) {
        page_wrote(p);
        p->info.checked_at_us = now;
    }
    return rc;
}

void refresh_unchanged(struct refresh *r)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    struct ch_err err;
    int64_t now = keeper_now_us(k);
    if (keep_confirmation(k, p, now, &err) == CH_OK) {
        listing_touch_held(p); /* releases by time ask when the index was seen last (T5) */
        p->checked_at_us = now;
    }
    if (p->load == PAGE_READY) {
        inspection_drop_broken_transfers(p); /* tried again after the index was confirmed */
    }
    k->stats.refreshes_unchanged++;
    refresh_ended(r);
}

static enum ch_code form_url(const struct refresh *r, struct ch_buf *url)
{
    const struct page *p = r->p;
    return p->eco->page_url(ch_str_of(p->upstream->url), page_name(p), r->form, url);
}

static void on_page_fetched(void *ctx, const struct ch_fetched *answer);

static enum ch_code fetch_form(struct refresh *r, struct ch_str url, struct ch_err *err)
{
    const struct page *p = r->p;
    enum ch_code rc = jobs_memfd("page", &r->fd, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_fetch f = {
        .kind = CH_FETCH_DOCUMENT,
        .upstream = ch_str_of(p->upstream->name),
        .url = url,
        .accept = ch_str_of(p->eco->page_accept),
        .range_to_bytes = UINT64_MAX,
        .max_bytes = p->eco->is_page != NULL ? ch_limits.channel_bytes : ch_limits.page_bytes,
        .expected_bytes = CH_SIZE_UNKNOWN,
        .timeout_ms = DOCUMENT_TIMEOUT_MS,
        .retry_ms = PAGE_PATIENCE_MS,
        .via = r->via != NULL ? ch_str_of(r->via) : (struct ch_str){NULL, 0},
    };
    if (p->load == PAGE_READY && !p->details_due) {
        f.if_none_match = p->info.etag;
        f.if_modified_since = p->info.etag.len == 0 ? p->info.last_modified : f.if_modified_since;
    }
    free(r->url);
    r->url = ch_str_dup(url);
    r->fetch = p->upstream->hosted ? hosted_fetch(r->k, r->p, &f, r->fd, on_page_fetched, r)
                                   : jobs_fetch(r->k, &f, r->fd, on_page_fetched, r);
    return CH_OK;
}

/* That a page is not there in one form says nothing of the others. False: there is no other. */
static bool ask_next_form(struct refresh *r)
{
    struct ch_buf url;
    struct ch_err err = {.msg = "no URL for this page"};
    ch_buf_init(&url, ch_limits.url_bytes);
    r->form++;
    enum ch_code rc = form_url(r, &url);
    bool next = rc != CH_E_NOT_FOUND;
    if (rc == CH_OK) {
        close(r->fd);
        r->fd = -1;
        rc = fetch_form(r, ch_buf_str(&url), &err);
    }
    ch_buf_done(&url);
    if (next && rc != CH_OK) {
        refresh_failed(r, 502, err.msg);
    }
    return next;
}

static void on_page_fetched(void *ctx, const struct ch_fetched *answer)
{
    struct refresh *r = ctx;
    struct page *p = r->p;
    struct ch_err err;
    char text[256];
    struct ch_fetch_row row = {ch_str_of(p->upstream->name),
                               answer->effective_url,
                               answer->http_status,
                               answer->code,
                               answer->bytes,
                               answer->elapsed_ms,
                               keeper_now_us(r->k)};
    r->fetch = 0;
    bool unknown = p->load != PAGE_READY && p->info.first_loaded_at_us == 0;
    bool absent = answer->code == CH_OK && answer->http_status != 200;
    /* T14, T26: names that nobody knows leave no rows. */
    if (!(unknown && absent) && !p->upstream->hosted && keeper_write(r->k, &err) == CH_OK) {
        CH_IGNORE(ch_store_add_fetch(r->k->store, &row, &err));
    }
    r->k->stats.refreshes++;
    bool has_page =
        answer->code == CH_OK && (answer->http_status == 200 || answer->http_status == 304);
    /* One that nobody waited for any more is no witness: it would be as silent again. */
    upstream_heard(r->k, p->upstream, answer,
                   ch_str_of(has_page && r->dawdles_at == NULL ? r->url : ""));
    uint64_t rest_ms = upstream_rest_ms(answer);
    p->rest_until_us = r->until_us = rest_ms > 0 ? row.at_us + (int64_t)rest_ms * 1000 : 0;
    if (answer->code != CH_OK) {
        bool loops = answer->http_status == 508; /* each gateway of the loop tells it so */
        refresh_failed(r, answer->code == CH_E_TIMEOUT ? 504 : (loops ? 508 : 502),
                       answer->text.len > 0
                           ? (snprintf(text, sizeof(text), "%.*s", CH_STR_ARG(answer->text)), text)
                           : "the upstream did not answer");
        return;
    }
    if (answer->http_status == 304 && p->load == PAGE_READY) {
        p->gone_at_us = 0;
        if (r->overtaken) { /* not modified since a page that is not the known one any more */
            refresh_ended(r);
        } else {
            refresh_unchanged(r);
        }
        return;
    }
    if (answer->http_status == 404 || answer->http_status == 410) {
        if (!ask_next_form(r)) {
            refresh_absent(r);
        }
        return;
    }
    const char *profile =
        answer->http_status == 200 ? p->eco->page_profile(answer->content_type) : NULL;
    if (profile == NULL) {
        struct ch_str type =
            answer->content_type.len > 0 ? answer->content_type : CH_STR("no type");
        int n = snprintf(text, sizeof(text), "the upstream answered %u with %.*s",
                         answer->http_status, CH_STR_ARG(ch_str_sub(type, 0, 100)));
        if (rest_ms > 0) {
            snprintf(text + n, sizeof(text) - (size_t)n, " and wants to be asked again in %u s",
                     answer->retry_after_s);
        }
        refresh_failed(r, upstream_later_status(rest_ms), text);
        return;
    }
    p->gone_at_us = 0;
    uint64_t size = 0;
    if (jobs_seal(r->fd, &err) != CH_OK || ch_sha256_of_fd(r->fd, &r->body, &size, &err) != CH_OK) {
        refresh_failed(r, 502, err.msg);
        return;
    }
    enum ch_code rc = p->load != PAGE_READY ? page_adopt(r->k, p, &err) : CH_OK;
    if (rc != CH_OK) {
        refresh_failed(r, keeper_store_status(rc, 502), err.msg);
        return;
    }
    if (p->load == PAGE_READY && !p->details_due && ch_sha256_eq(&r->body, &p->info.body_sha256)) {
        refresh_unchanged(r);
        return;
    }
    r->base_url = ch_str_dup(answer->effective_url);
    r->etag = ch_str_dup(answer->etag);
    r->last_modified = ch_str_dup(answer->last_modified);
    struct ch_scan_job job = {
        .kind = CH_SCAN_INDEX,
        .ecosystem = ch_str_of(p->eco->name),
        .profile = ch_str_of(profile),
        .project = page_name(p),
        .base_url = ch_str_of(r->base_url),
        .size_bytes = size,
    };
    jobs_scan(r->k, 0, &job, r->fd, on_page_scanned, r);
}

/* Starts the refresh of a page that is not refreshing. */
void page_refresh(struct keeper *k, struct page *p)
{
    struct refresh *r = ch_calloc(1, sizeof(*r));
    struct ch_err err;
    struct ch_buf url;
    r->k = k;
    r->p = p;
    r->via = p->via;
    p->via = NULL;
    r->fd = -1;
    r->details_fd = -1;
    p->refresh = r;
    p->refreshing = true;
    p->rest_until_us = 0;
    if (p->load != PAGE_READY) {
        p->load = PAGE_LOADING;
        if (!p->owned) { /* nobody has the name yet */
            p->upstream =
                p->upstream_at < p->config->upstream_count
                    ? ch_config_upstream(k->config, ch_str_of(p->config->upstreams[p->upstream_at]))
                    : NULL;
        }
    }
    ch_buf_init(&url, ch_limits.url_bytes);
    enum ch_code rc =
        p->upstream != NULL && !page_withheld(p) /* T12: nobody reserved it meanwhile */
            ? form_url(r, &url)
            : ch_fail(&err, CH_E_USAGE, "no upstream is configured for this name any more");
    if (rc == CH_OK && p->load != PAGE_READY &&
        upstream_is_down(k, p->upstream, ch_buf_str(&url))) {
        char text[256];
        uint32_t retry_after_s;
        uint32_t status = upstream_down_text(k, p->upstream, text, sizeof(text), &retry_after_s);
        r->until_us = keeper_now_us(k) + (int64_t)retry_after_s * 1000000;
        r->unasked = true;
        ch_buf_done(&url);
        refresh_failed(r, status, text);
        return;
    }
    rc = rc == CH_OK ? fetch_form(r, ch_buf_str(&url), &err) : rc;
    if (rc == CH_OK) {
        if (p->load != PAGE_READY) {
            upstream_asked(k, p->upstream);
        }
        if (p->load != PAGE_READY && refresh_has_details(p) &&
            ch_map_get(k->terse_upstreams, ch_str_of(p->upstream->name)) != NULL) {
            refresh_fetch_details(r);
        }
    }
    ch_buf_done(&url);
    if (rc != CH_OK) {
        refresh_failed(r, 502, "no URL for this page");
    }
}
