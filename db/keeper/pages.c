/* Upstream pages: one refresh per page however many ask. Fetch -> (unchanged?) -> jail -> merge ->
 * snapshot; where times or sizes are missing, the upstream's JSON API fills them in.
 *
 *   UNLOADED -> (store) -> READY or LOADING -> READY | ABSENT
 *   READY    -> refreshing in the background of waiting asks; known content answers when it fails
 *
 * Ownership (T12): the first upstream in order that answers 200 owns the name from then on. An
 * earlier upstream's error is an error, never "next". */
#include "keeper_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"

#define PATIENCE_MS          3000  /* with known content, the upstream has this long */
#define DOCUMENT_TIMEOUT_MS  60000
#define FAILURE_MEMORY_US    (5 * 1000000LL) /* an upstream that just failed is not asked again */
#define ABSENT_MEMORY_US     (60 * 1000000LL)

struct refresh { /* one under way */
    struct keeper *k;
    struct page *p;
    int fd;
    uint64_t fetch;
    bool details;
    char *base_url;
    char *etag, *last_modified;
    struct ch_sha256 body;
    struct page_facts merged; /* waiting for its details */
    int64_t now_us;
};

struct ch_str page_name(const struct page *p)
{
    return ch_str_of(p->project);
}

static void free_page_files(struct page *p)
{
    for (size_t i = 0; p->files != NULL && i < p->facts.file_count; i++) {
        judge_forget_inspection(p, i);
    }
    free(p->files);
    p->files = NULL;
    page_index_done(p);
    listing_touch(p);
}

static void free_page(struct page *p)
{
    ch_loop_cancel_timer(p->keeper->child.loop, &p->confirm);
    judge_forget_shown(NULL, p);
    ch_loop_cancel_timer(p->keeper->child.loop, &p->patience);
    while (p->waiters != NULL) {
        struct waiter *w = p->waiters;
        p->waiters = w->next;
        ask_free_waiter(w);
    }
    free_page_files(p);
    page_facts_done(&p->facts);
    ch_buf_done(&p->info_strings);
    listing_done(p);
    free(p->repository);
    free(p->project);
    free(p);
}

static void key_of(struct ch_buf *b, struct ch_str repository, struct ch_str project)
{
    ch_buf_init(b, 1024);
    ch_buf_puts(b, repository);
    ch_buf_putc(b, '\0');
    ch_buf_puts(b, project);
}

/* The waiting asks go on; each looks at the page's state itself. */
static void wake(struct keeper *k, struct page *p)
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

static void on_patience(struct ch_timer *t)
{
    struct page *p = CH_CONTAINER_OF(t, struct page, patience);
    wake(p->keeper, p);
}

static void on_confirm(struct ch_timer *t);

struct page *page_get(struct keeper *k, struct ch_str repository, struct ch_str project)
{
    struct ch_buf key;
    key_of(&key, repository, project);
    struct page *p = ch_map_get(k->pages, ch_buf_str(&key));
    const struct ch_repository *config = ch_config_repository(k->config, repository);
    if (config == NULL) {
        p = NULL;
    } else if (p == NULL) {
        const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(config->ecosystem));
        char name[256];
        if (eco != NULL && eco->normalise(project, name, sizeof(name)) &&
            ch_str_eq(ch_str_of(name), project)) {
            p = ch_calloc(1, sizeof(*p));
            p->keeper = k;
            p->repository = ch_str_dup(repository);
            p->project = ch_str_dup(project);
            p->eco = eco;
            p->patience.fn = on_patience;
            p->confirm.fn = on_confirm;
            ch_buf_init(&p->info_strings, 16384);
            ch_map_set(k->pages, ch_buf_str(&key), p);
        }
    }
    ch_buf_done(&key);
    if (p != NULL) {
        p->config = config;
        p->used_at_ms = ch_loop_now_ms(k->child.loop);
    }
    return p;
}

/* ------------------------------------------------------------------ the page's runtime state */

static void on_release(void *ctx, const struct ch_release_file *f)
{
    struct page *p = ctx;
    ptrdiff_t at = page_find_file(p, f->file_name);
    if (at < 0) {
        return;
    }
    const struct ch_sha256 *stated = &p->facts.files[at].index.sha256;
    if (ch_sha256_is_zero(stated) || ch_sha256_eq(stated, &f->sha256)) {
        p->files[at].artifact = f->sha256; /* rows come oldest first: the newest stays */
    } else if (ch_sha256_is_zero(&p->files[at].artifact)) {
        p->files[at].artifact = f->sha256; /* lied about: its inspection says so */
    }
}

static void on_decision(void *ctx, const struct ch_decision_row *row)
{
    struct page *p = ctx;
    ptrdiff_t at = page_find_file(p, row->file_name);
    if (at >= 0) {
        struct page_file *f = &p->files[at];
        f->recorded_verdict = (int8_t)row->verdict;
        struct ch_str rule = ch_str_sub(row->rule, 0, sizeof(f->recorded_rule) - 1);
        memset(f->recorded_rule, 0, sizeof(f->recorded_rule));
        for (size_t i = 0; i < rule.len; i++) {
            f->recorded_rule[i] = rule.ptr[i];
        }
    }
}

/* Takes over `facts`; builds what runs beside them from the store. Intakes under way are re-attached
 * by name when they end. */
static enum ch_code set_facts(struct keeper *k, struct page *p, struct page_facts *facts,
                              struct ch_err *err)
{
    free_page_files(p);
    page_facts_done(&p->facts);
    p->facts = *facts;
    *facts = (struct page_facts){0};
    p->files = ch_calloc(p->facts.file_count, sizeof(*p->files));
    for (size_t i = 0; i < p->facts.file_count; i++) {
        p->eco->split(page_name(p), p->facts.files[i].index.file_name, &p->files[i].release);
        p->files[i].recorded_verdict = -1;
    }
    page_index_build(p);
    p->load = PAGE_READY;
    struct ch_str upstream = ch_str_of(p->upstream->name);
    enum ch_code rc =
        ch_store_releases_of_project(k->store, upstream, page_name(p), on_release, p, err);
    if (rc == CH_OK) {
        rc = ch_store_decisions_of(k->store, ch_str_of(p->repository), page_name(p), on_decision, p,
                                   err);
    }
    for (size_t i = 0; rc == CH_OK && i < p->facts.file_count; i++) {
        judge_inspection(k, p, i); /* T10 looks at all of them */
    }
    return rc;
}

static enum ch_code load_from_store(struct keeper *k, struct page *p, struct ch_err *err)
{
    struct ch_buf owner, content;
    ch_buf_init(&owner, 256);
    ch_buf_init(&content, ch_limits.page_bytes * 2);
    enum ch_code rc =
        ch_store_owner(k->store, ch_str_of(p->repository), page_name(p), &owner, err);
    if (rc == CH_OK) {
        p->upstream = ch_config_upstream(k->config, ch_buf_str(&owner));
        rc = p->upstream == NULL
                 ? ch_fail(err, CH_E_CONFLICT,
                           "the upstream %.*s that owns this name is not configured any more",
                           CH_STR_ARG(ch_buf_str(&owner)))
                 : ch_store_get_snapshot(k->store, ch_str_of(p->upstream->name), page_name(p),
                                         &p->info, &content, &p->info_strings, err);
    }
    struct page_facts facts = {0};
    if (rc == CH_OK) {
        p->checked_at_us = p->info.checked_at_us;
        rc = page_facts_decode(&content, &facts, err);
    }
    if (rc == CH_OK) {
        rc = set_facts(k, p, &facts, err);
    }
    ch_buf_done(&owner);
    ch_buf_done(&content);
    return rc;
}

void page_wrote(struct page *p)
{
    if (!p->wrote) {
        p->wrote = true;
        p->next_wrote = p->keeper->wrote;
        p->keeper->wrote = p;
    }
}

static struct page *take_wrote(struct keeper *k)
{
    struct page *p = k->wrote;
    if (p != NULL) {
        k->wrote = p->next_wrote;
        p->wrote = false;
    }
    return p;
}

void pages_committed(struct keeper *k)
{
    while (take_wrote(k) != NULL) {
    }
}

/* A page that was first loaded in the lost group is not known any more. */
void pages_roll_back(struct keeper *k)
{
    struct page *p;
    while ((p = take_wrote(k)) != NULL) {
        struct ch_err err;
        enum ch_code rc = p->load == PAGE_READY ? load_from_store(k, p, &err) : CH_OK;
        if (rc == CH_OK) {
            continue;
        }
        free_page_files(p);
        page_facts_done(&p->facts);
        if (rc == CH_E_NOT_FOUND) {
            p->info = (struct ch_snapshot_info){0};
            p->load = p->refreshing ? PAGE_LOADING : PAGE_UNLOADED;
        } else {
            p->load = PAGE_BROKEN;
            keeper_log("page", "project=%s error=\"%s\"", p->project, err.msg);
        }
    }
}

/* ------------------------------------------------------------------ refreshing */

static void start_fetch(struct keeper *k, struct page *p);

static void free_refresh(struct refresh *r)
{
    if (r->fd >= 0) {
        close(r->fd);
    }
    free(r->base_url);
    free(r->etag);
    free(r->last_modified);
    page_facts_done(&r->merged);
    free(r);
}

static void refresh_failed(struct refresh *r, uint32_t status, const char *text)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    keeper_log("index", "repository=%s project=%s error=\"%s\"", p->repository, p->project, text);
    p->refreshing = false;
    p->failed_at_us = keeper_now_us(k);
    p->fail_status = status;
    snprintf(p->fail_text, sizeof(p->fail_text), "%s", text);
    if (p->load == PAGE_LOADING) {
        p->load = PAGE_UNLOADED;
    }
    free_refresh(r);
    wake(k, p);
}

static void refresh_ended(struct refresh *r)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    p->refreshing = false;
    p->failed_at_us = 0;
    free_refresh(r);
    judge_page_again(k, p);
    wake(k, p);
}

static void on_change(void *ctx, enum ch_sighting kind, struct ch_str file_name,
                      const struct ch_sha256 *stated, int64_t last_absent_at_us)
{
    struct refresh *r = ctx;
    struct ch_err err;
    if (ch_store_add_sighting(r->k->store, ch_str_of(r->p->upstream->name), page_name(r->p),
                              file_name, stated, kind, r->now_us, last_absent_at_us,
                              &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    if (kind == CH_SIGHTING_REMOVED) { /* T5 */
        keeper_log("alarm", "repository=%s project=%s file=%.*s what=\"gone from the upstream\"",
                   r->p->repository, r->p->project, CH_STR_ARG(file_name));
    }
}

static enum ch_code keep_snapshot(struct refresh *r, struct ch_err *err)
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
        rc = ch_store_pin_owner(k->store, ch_str_of(p->repository), page_name(p), upstream, r->now_us,
                                err);
    }
    if (rc == CH_OK) {
        rc = ch_store_put_snapshot(k->store, upstream, page_name(p), &info,
                                   ch_buf_str(&r->merged.content), err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    page_wrote(p);
    p->info = info;
    p->checked_at_us = r->now_us;
    ch_buf_clear(&p->info_strings);
    char *at = ch_buf_reserve(&p->info_strings, info.etag.len + info.last_modified.len);
    ch_buf_puts(&p->info_strings, info.etag);
    ch_buf_puts(&p->info_strings, info.last_modified);
    p->info.etag = (struct ch_str){at, info.etag.len};
    p->info.last_modified = (struct ch_str){at + info.etag.len, info.last_modified.len};
    return set_facts(k, p, &r->merged, err);
}

static void finish(struct refresh *r)
{
    struct ch_err err;
    if (keep_snapshot(r, &err) != CH_OK) {
        refresh_failed(r, 502, err.msg);
        return;
    }
    refresh_ended(r);
}

static void on_details_scanned(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    struct refresh *r = ctx;
    struct ch_err err;
    if (answer->outcome != CH_SCAN_DONE) {
        keeper_log("details", "project=%s error=\"%.*s\"", r->p->project, CH_STR_ARG(answer->text));
    } else if (page_facts_fill(&r->merged, stream, &err) != CH_OK) {
        if (err.code == CH_E_MISMATCH) { /* two documents of one upstream that contradict: no page */
            refresh_failed(r, 502, err.msg);
            return;
        }
        keeper_log("details", "project=%s error=\"%s\"", r->p->project, err.msg);
    }
    finish(r);
}

static void on_details_fetched(void *ctx, const struct ch_fetched *answer)
{
    struct refresh *r = ctx;
    struct ch_err err;
    if (answer->code != CH_OK || answer->http_status != 200 || jobs_seal(r->fd, &err) != CH_OK) {
        finish(r); /* the page stands without: what is unknown holds */
        return;
    }
    struct ch_scan_job job = {
        .kind = CH_SCAN_DETAILS,
        .ecosystem = ch_str_of(r->p->eco->name),
        .profile = CH_STR("details"),
        .project = page_name(r->p),
        .base_url = answer->effective_url,
        .size_bytes = answer->bytes,
    };
    jobs_scan(r->k, 0, &job, r->fd, on_details_scanned, r);
}

static bool fetch_details(struct refresh *r)
{
    struct page *p = r->p;
    if (p->upstream->api_url == NULL || p->eco->details_url == NULL ||
        !page_facts_lack_details(&r->merged)) {
        return false;
    }
    struct ch_buf url;
    struct ch_err err;
    ch_buf_init(&url, ch_limits.url_bytes);
    close(r->fd);
    r->fd = -1;
    bool ok = p->eco->details_url(ch_str_of(p->upstream->api_url), page_name(p), &url) == CH_OK &&
              jobs_memfd("details", &r->fd, &err) == CH_OK;
    if (ok) {
        struct ch_fetch f = {
            .kind = CH_FETCH_DOCUMENT,
            .upstream = ch_str_of(p->upstream->name),
            .url = ch_buf_str(&url),
            .accept = CH_STR("application/json"),
            .range_to_bytes = UINT64_MAX,
            .max_bytes = ch_limits.page_bytes,
            .expected_bytes = CH_SIZE_UNKNOWN,
            .timeout_ms = DOCUMENT_TIMEOUT_MS,
        };
        r->fetch = jobs_fetch(r->k, &f, r->fd, on_details_fetched, r);
    }
    ch_buf_done(&url);
    return ok;
}

static void on_page_scanned(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    struct refresh *r = ctx;
    struct page *p = r->p;
    struct ch_err err;
    if (answer->outcome != CH_SCAN_DONE) {
        char text[256];
        snprintf(text, sizeof(text), "the upstream's page could not be read: %.*s",
                 CH_STR_ARG(answer->text));
        refresh_failed(r, 502, text);
        return;
    }
    r->now_us = keeper_now_us(r->k);
    enum ch_code rc = keeper_write(r->k, &err);
    if (rc == CH_OK) {
        rc = page_facts_merge(p->load == PAGE_READY ? &p->facts : NULL, p->checked_at_us, stream,
                              r->now_us, on_change, r, &r->merged, &err);
    }
    if (rc != CH_OK) {
        refresh_failed(r, 502, err.msg);
        return;
    }
    if (!fetch_details(r)) {
        finish(r);
    }
}

static void page_unchanged(struct refresh *r)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    struct ch_err err;
    int64_t now = keeper_now_us(k);
    if (keeper_write(k, &err) == CH_OK &&
        ch_store_confirm_snapshot(k->store, ch_str_of(p->upstream->name), page_name(p), now, &err) ==
            CH_OK) {
        page_wrote(p);
        listing_touch(p); /* releases by time ask when the index was seen last (T5) */
        p->checked_at_us = now;
        p->info.checked_at_us = now;
    }
    k->stats.refreshes_unchanged++;
    refresh_ended(r);
}

static bool lists_any(const struct page *p)
{
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN) {
            return true;
        }
    }
    return false;
}

/* T5: a project that vanished is a complete answer without any file. One such answer may be an
 * upstream's hiccup, so that it only counts when a second one, gone_confirm_ms later or more, says the
 * same; until then it is a failure like others. The owner of the name stays (T12). */
static void known_page_absent(struct refresh *r)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    struct ch_err err;
    r->now_us = keeper_now_us(k);
    if (p->load == PAGE_READY && !lists_any(p)) {
        page_unchanged(r);
        return;
    }
    if (p->load != PAGE_READY || p->gone_at_us == 0 || p->gone_at_us > r->now_us ||
        r->now_us - p->gone_at_us < (int64_t)k->gone_confirm_ms * 1000) {
        if (p->gone_at_us == 0 || p->gone_at_us > r->now_us) {
            p->gone_at_us = r->now_us;
        }
        ch_loop_set_timer(k->child.loop, &p->confirm,
                          ch_loop_now_ms(k->child.loop) + k->gone_confirm_ms + 1);
        refresh_failed(r, 502, "the upstream says that the project is gone");
        return;
    }
    enum ch_code rc = keeper_write(k, &err);
    if (rc == CH_OK) {
        rc = page_facts_vanish(&p->facts, r->now_us, on_change, r, &r->merged, &err);
    }
    if (rc != CH_OK) {
        refresh_failed(r, 502, err.msg);
        return;
    }
    keeper_log("alarm", "repository=%s project=%s upstream=%s what=\"the project is gone from the upstream; "
               "all its files are held\"", p->repository, p->project, p->upstream->name);
    finish(r);
}

static void page_absent(struct refresh *r)
{
    struct keeper *k = r->k;
    struct page *p = r->p;
    if (p->load == PAGE_READY || p->info.first_loaded_at_us != 0) {
        known_page_absent(r);
        return;
    }
    p->refreshing = false;
    p->upstream_at++;
    if (p->upstream_at < p->config->upstream_count) {
        free_refresh(r);
        start_fetch(k, p);
        return;
    }
    p->load = PAGE_ABSENT;
    p->upstream = NULL;
    p->checked_at_us = keeper_now_us(k);
    free_refresh(r);
    wake(k, p);
}

static void on_page_fetched(void *ctx, const struct ch_fetched *answer)
{
    struct refresh *r = ctx;
    struct page *p = r->p;
    struct ch_err err;
    char text[256];
    struct ch_fetch_row row = {ch_str_of(p->upstream->name), answer->effective_url,
                               answer->http_status, answer->code, answer->bytes,
                               answer->elapsed_ms, keeper_now_us(r->k)};
    if (keeper_write(r->k, &err) == CH_OK) {
        CH_IGNORE(ch_store_add_fetch(r->k->store, &row, &err));
    }
    r->k->stats.refreshes++;
    if (answer->code != CH_OK) {
        refresh_failed(r, answer->code == CH_E_TIMEOUT ? 504 : 502,
                       answer->text.len > 0 ? (snprintf(text, sizeof(text), "%.*s",
                                                        CH_STR_ARG(answer->text)), text)
                                            : "the upstream did not answer");
        return;
    }
    if (answer->http_status == 304 && p->load == PAGE_READY) {
        p->gone_at_us = 0;
        page_unchanged(r);
        return;
    }
    if (answer->http_status == 404 || answer->http_status == 410) {
        page_absent(r);
        return;
    }
    const char *profile = answer->http_status == 200 ? p->eco->page_profile(answer->content_type) : NULL;
    if (profile == NULL) {
        struct ch_str type =
            answer->content_type.len > 0 ? answer->content_type : CH_STR("no type");
        snprintf(text, sizeof(text), "the upstream answered %u with %.*s", answer->http_status,
                 CH_STR_ARG(type));
        refresh_failed(r, 502, text);
        return;
    }
    p->gone_at_us = 0;
    uint64_t size = 0;
    if (jobs_seal(r->fd, &err) != CH_OK || ch_sha256_of_fd(r->fd, &r->body, &size, &err) != CH_OK) {
        refresh_failed(r, 502, err.msg);
        return;
    }
    if (p->load == PAGE_READY && ch_sha256_eq(&r->body, &p->info.body_sha256)) {
        page_unchanged(r);
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

static void on_confirm(struct ch_timer *t)
{
    struct page *p = CH_CONTAINER_OF(t, struct page, confirm);
    if (p->load == PAGE_READY && !p->refreshing && p->gone_at_us != 0 && !p->keeper->draining) {
        start_fetch(p->keeper, p);
    }
}

/* Starts the refresh of a page that is not refreshing. */
static void start_fetch(struct keeper *k, struct page *p)
{
    struct refresh *r = ch_calloc(1, sizeof(*r));
    struct ch_err err;
    struct ch_buf url;
    r->k = k;
    r->p = p;
    r->fd = -1;
    p->refreshing = true;
    if (p->load != PAGE_READY) {
        p->load = PAGE_LOADING;
        if (p->info.first_loaded_at_us == 0) { /* nobody owns the name yet */
            p->upstream =
                ch_config_upstream(k->config, ch_str_of(p->config->upstreams[p->upstream_at]));
        }
    }
    ch_buf_init(&url, ch_limits.url_bytes);
    enum ch_code rc = p->eco->page_url(ch_str_of(p->upstream->url), page_name(p), &url);
    if (rc == CH_OK) {
        rc = jobs_memfd("page", &r->fd, &err);
    }
    if (rc == CH_OK) {
        struct ch_fetch f = {
            .kind = CH_FETCH_DOCUMENT,
            .upstream = ch_str_of(p->upstream->name),
            .url = ch_buf_str(&url),
            .accept = ch_str_of(p->eco->page_accept),
            .range_to_bytes = UINT64_MAX,
            .max_bytes = ch_limits.page_bytes,
            .expected_bytes = CH_SIZE_UNKNOWN,
            .timeout_ms = DOCUMENT_TIMEOUT_MS,
        };
        if (p->load == PAGE_READY) {
            f.if_none_match = p->info.etag;
            f.if_modified_since = p->info.etag.len == 0 ? p->info.last_modified : f.if_modified_since;
        }
        r->fetch = jobs_fetch(k, &f, r->fd, on_page_fetched, r);
    }
    ch_buf_done(&url);
    if (rc != CH_OK) {
        refresh_failed(r, 502, "no URL for this page");
    }
}

bool page_usable(const struct keeper *k, const struct page *p)
{
    return keeper_now_us(k) - p->checked_at_us <
           (int64_t)p->upstream->stale_hours * 3600 * 1000000;
}

/* Whether a reserved or not-listed name may not be asked for upstream (T12). */
static bool may_ask_upstream(const struct keeper *k, const struct page *p)
{
    struct ch_str name = page_name(p);
    for (size_t i = 0; i < p->config->reserved_count; i++) {
        if (ch_glob_match(ch_str_of(p->config->reserved[i]), name)) {
            return false;
        }
    }
    return !p->config->only_allow_listed_upstream ||
           ch_policy_lists_project(k->policy, ch_str_of(p->repository), name);
}

bool page_load(struct keeper *k, struct page *p)
{
    struct ch_err err;
    if ((p->load != PAGE_UNLOADED && p->load != PAGE_BROKEN) || p->refreshing) {
        return p->load == PAGE_READY;
    }
    enum ch_code rc = load_from_store(k, p, &err);
    if (rc == CH_E_NOT_FOUND) {
        p->load = PAGE_UNLOADED; /* no owner and no snapshot yet */
    } else if (rc != CH_OK) {
        /* What is known cannot be read: nothing may replace it, so nothing is answered from it. */
        p->load = PAGE_BROKEN;
        p->failed_at_us = keeper_now_us(k);
        p->fail_status = 502;
        snprintf(p->fail_text, sizeof(p->fail_text), "%s", err.msg);
        keeper_log("page", "project=%s error=\"%s\"", p->project, err.msg);
    }
    return p->load == PAGE_READY;
}

bool page_ready(struct keeper *k, struct page *p, struct waiter *waiter)
{
    int64_t now = keeper_now_us(k);
    if (!page_load(k, p) && p->load == PAGE_BROKEN) {
        return true;
    }
    if (!may_ask_upstream(k, p)) {
        if (p->load != PAGE_READY) {
            p->load = PAGE_ABSENT;
        }
        return true;
    }
    bool fresh = p->load == PAGE_READY
                     ? now - p->checked_at_us < (int64_t)k->config->index_refresh_s * 1000000 &&
                           now >= p->checked_at_us
                     : p->load == PAGE_ABSENT && now - p->checked_at_us < ABSENT_MEMORY_US;
    bool just_failed = p->failed_at_us != 0 && now - p->failed_at_us < FAILURE_MEMORY_US;
    if (fresh || (just_failed && !p->refreshing)) {
        return true;
    }
    waiter->next = p->waiters;
    p->waiters = waiter;
    if (!p->refreshing) {
        if (p->load == PAGE_ABSENT) {
            p->load = PAGE_UNLOADED;
            p->upstream_at = 0;
        }
        start_fetch(k, p);
    }
    if (p->load == PAGE_READY && page_usable(k, p)) {
        ch_loop_set_timer(k->child.loop, &p->patience, ch_loop_now_ms(k->child.loop) + PATIENCE_MS);
    }
    return false;
}

void pages_forget_unused(struct keeper *k)
{
    uint64_t now = ch_loop_now_ms(k->child.loop);
    size_t cursor = 0;
    void *value;
    struct ch_str key;
    while (ch_map_next(k->pages, &cursor, &key, &value)) {
        struct page *p = value;
        if (!p->refreshing && p->waiters == NULL && p->busy == 0 && !p->wrote &&
            now - p->used_at_ms > 600000) {
            ch_map_remove(k->pages, key);
            judge_forget_shown(k, p);
            free_page(p);
        }
    }
}

void pages_rebind(struct keeper *k, const struct ch_config *config)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        const struct ch_repository *repo = ch_config_repository(config, ch_str_of(p->repository));
        const struct ch_upstream *upstream =
            p->upstream == NULL ? NULL : ch_config_upstream(config, ch_str_of(p->upstream->name));
        /* What the new configuration does not name keeps pointing to the old one, which stays in
         * memory: page_get does not find it any more. */
        p->config = repo != NULL ? repo : p->config;
        p->upstream = upstream != NULL ? upstream : p->upstream;
        if (p->upstream != NULL && upstream == NULL && !p->refreshing && p->busy == 0) {
            p->load = PAGE_BROKEN; /* loaded again, it says that its owner is not configured */
        }
    }
}

void pages_free(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->pages != NULL && ch_map_next(k->pages, &cursor, NULL, &value)) {
        free_page(value);
    }
    ch_map_free(k->pages);
    k->pages = NULL;
}
