#include "beside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/asks/ask_int.h"
#include "db/keeper/budget/hanging.h"
#include "refresh_int.h"

#define UNUSED_MS 600000 /* as a page */

struct beside_refresh {
    struct beside *b;
    unsigned form;
    int fd;
    struct charge charge;
    struct beside_said *said; /* read on the thread */
    char *etag, *last_modified, *url, *via;
    enum ch_code code;
    struct ch_err err;
};

/* --- what is known --- */

void beside_said_unref(struct beside_said *s)
{
    if (s != NULL && --s->users == 0) {
        if (s->stream.len > 0) {
            munmap((void *)(uintptr_t)s->stream.ptr, s->stream.len);
        }
        free(s->entries);
        free(s);
    }
}

static int by_name(const void *a, const void *b)
{
    return ch_index_entry_cmp(a, b);
}

enum ch_code beside_read(struct beside_said *s, struct ch_err *err)
{
    struct ch_scan_reader reader;
    struct ch_scan_record rec;
    size_t cap = 0;
    enum ch_code rc;
    ch_scan_reader_init(&reader, s->stream);
    while ((rc = ch_scan_read(&reader, &rec, err)) == CH_OK) {
        if (rec.type != CH_REC_INDEX_ENTRY) {
            if (rec.type != CH_REC_FACT && rec.type != CH_REC_END) {
                return ch_fail(err, CH_E_FORMAT, "its reading says what no such document does");
            }
            continue;
        }
        if (s->count == cap) {
            cap = cap == 0 ? 256 : cap * 2;
            s->entries = ch_realloc_array(s->entries, cap, sizeof(*s->entries));
        }
        s->entries[s->count++] = rec.u.entry;
    }
    if (rc != CH_E_NOT_FOUND) {
        return rc;
    }
    if (s->count > 0) {
        qsort(s->entries, s->count, sizeof(*s->entries), by_name);
    }
    for (size_t i = 1; i < s->count; i++) {
        if (ch_index_entry_cmp(&s->entries[i - 1], &s->entries[i]) == 0) {
            return ch_fail(err, CH_E_FORMAT, "it says something twice");
        }
    }
    return CH_OK;
}

static void forget_said(struct beside *b)
{
    beside_said_unref(b->said);
    free(b->etag);
    free(b->last_modified);
    b->said = NULL;
    b->etag = b->last_modified = NULL;
    b->absent = false;
    b->checked_at_us = 0;
    b->serial++;
}

static bool is_known(const struct beside *b)
{
    return b->said != NULL || b->absent;
}

/* --- a try --- */

static void free_refresh(struct beside_refresh *r)
{
    if (r->fd >= 0) {
        close(r->fd);
    }
    budget_give(r->b->k, &r->charge);
    beside_said_unref(r->said);
    free(r->etag);
    free(r->last_modified);
    free(r->url);
    free(r->via);
    free(r);
}

static void ended(struct beside_refresh *r)
{
    struct beside *b = r->b;
    b->refresh = NULL;
    free_refresh(r);
    waiters_wake(&b->waiting);
}

static void failed(struct beside_refresh *r, uint32_t status, struct ch_str text)
{
    struct beside *b = r->b;
    b->failed_at_us = keeper_now_us(b->k);
    b->fail_status = status;
    snprintf(b->fail_text, sizeof(b->fail_text), "%.*s", CH_STR_ARG(text));
    keeper_log("beside", "repository=%s page=%s error=\"%s\"", b->repository, b->page,
               b->fail_text);
    ended(r);
}

static void confirmed(struct beside *b)
{
    b->checked_at_us = keeper_now_us(b->k);
    b->failed_at_us = 0;
}

static void on_read(void *ctx, const struct published *unused)
{
    struct beside_refresh *r = ctx;
    struct beside *b = r->b;
    (void)unused;
    if (r->code != CH_OK) {
        failed(r, 502, ch_str_of(r->err.msg));
        return;
    }
    forget_said(b);
    b->said = r->said;
    b->form = r->form;
    b->etag = r->etag;
    b->last_modified = r->last_modified;
    r->said = NULL;
    r->etag = r->last_modified = NULL;
    confirmed(b);
    ended(r);
}

static void read_said(void *ctx)
{
    struct beside_refresh *r = ctx;
    r->code = beside_read(r->said, &r->err);
}

static void on_scanned(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    struct beside_refresh *r = ctx;
    if (answer->outcome != CH_SCAN_DONE) {
        struct ch_buf why;
        ch_buf_init(&why, sizeof(r->b->fail_text) - 1);
        ch_buf_puts(&why, CH_STR("the upstream's document could not be read: its reading "));
        ch_scanned_put_why(&why, answer);
        failed(r, ch_scanned_is_interrupted(answer) ? 503 : 502, ch_buf_str(&why));
        ch_buf_done(&why);
        return;
    }
    r->said = ch_calloc(1, sizeof(*r->said));
    r->said->users = 1;
    r->said->stream = stream;
    jobs_keep_answer(r->b->k);
    offload_run(r->b->k, read_said, on_read, r);
}

static enum ch_code fetch(struct beside_refresh *r, struct ch_err *err);

/* It is not there in one form; the next is asked for. */
static void ask_next_form(struct beside_refresh *r)
{
    struct beside *b = r->b;
    struct ch_err err = {.msg = ""};
    r->form++;
    enum ch_code rc = fetch(r, &err);
    if (rc == CH_E_NOT_FOUND) {
        forget_said(b);
        b->absent = true;
        confirmed(b);
        ended(r);
    } else if (rc != CH_OK) {
        failed(r, 502, ch_str_of(err.msg));
    }
}

static void scan(struct beside_refresh *r, const struct ch_fetched *answer)
{
    struct beside *b = r->b;
    struct ch_err err;
    enum ch_code rc = jobs_seal(r->fd, &err);
    if (rc != CH_OK || b->eco->page_profile(answer->content_type) == NULL) {
        failed(r, 502,
               rc != CH_OK ? ch_str_of(err.msg)
                           : CH_STR("the upstream sent something else than the document"));
        return;
    }
    r->etag = ch_str_dup(answer->etag);
    r->last_modified = ch_str_dup(answer->last_modified);
    struct ch_scan_job job = {
        .kind = CH_SCAN_INDEX,
        .ecosystem = ch_str_of(b->eco->name),
        .profile = ch_str_of(b->what->profile),
        .project = ch_str_of(b->page),
        .base_url = ch_str_of(r->url),
        .size_bytes = answer->bytes,
    };
    jobs_scan(b->k, 0, &job, r->fd, on_scanned, r);
}

static void on_fetched(void *ctx, const struct ch_fetched *answer)
{
    struct beside_refresh *r = ctx;
    struct beside *b = r->b;
    struct ch_err err;
    char text[64];
    struct ch_fetch_row row = {ch_str_of(b->upstream), answer->effective_url, answer->http_status,
                               answer->code,           answer->bytes,         answer->elapsed_ms,
                               keeper_now_us(b->k)};
    if (keeper_write(b->k, &err) == CH_OK) {
        CH_IGNORE(ch_store_add_fetch(b->k->store, &row, &err));
    }
    b->retry_after_s = (uint32_t)(upstream_rest_ms(answer) / 1000);
    if (answer->code != CH_OK) {
        failed(r, answer->code == CH_E_TIMEOUT ? 504 : 502,
               answer->text.len > 0 ? answer->text : CH_STR("the upstream did not answer"));
    } else if (answer->http_status == 304 && b->said != NULL && b->form == r->form) {
        confirmed(b);
        ended(r);
    } else if (answer->http_status == 404 || answer->http_status == 410) {
        ask_next_form(r);
    } else if (answer->http_status != 200) {
        snprintf(text, sizeof(text), "the upstream answered %u", (unsigned)answer->http_status);
        failed(r, upstream_later_status(upstream_rest_ms(answer)), ch_str_of(text));
    } else {
        scan(r, answer);
    }
}

/* CH_E_NOT_FOUND: there is no such form. */
static enum ch_code fetch(struct beside_refresh *r, struct ch_err *err)
{
    struct beside *b = r->b;
    const struct ch_upstream *u = ch_config_upstream(b->k->config, ch_str_of(b->upstream));
    struct ch_buf url;
    if (u == NULL) {
        return ch_fail(err, CH_E_IO, "its upstream is not configured any more");
    }
    ch_buf_init(&url, ch_limits.url_bytes);
    enum ch_code rc = b->what->url(ch_str_of(u->url), ch_str_of(b->page), r->form, &url);
    if (rc == CH_OK) {
        if (r->fd >= 0) {
            close(r->fd);
            r->fd = -1;
        }
        rc = jobs_memfd("beside", &r->fd, err);
    }
    if (rc == CH_OK) {
        struct ch_fetch f = {
            .kind = CH_FETCH_DOCUMENT,
            .upstream = ch_str_of(u->name),
            .url = ch_buf_str(&url),
            .accept = ch_str_of(b->eco->page_accept),
            .range_to_bytes = UINT64_MAX,
            .max_bytes = ch_limits.channel_bytes,
            .expected_bytes = CH_SIZE_UNKNOWN,
            .timeout_ms = DOCUMENT_TIMEOUT_MS,
            .answer_ms = (uint32_t)ch_limits.fetch_tell_ms,
            .retry_ms = PAGE_PATIENCE_MS,
            .via = r->via != NULL ? ch_str_of(r->via) : (struct ch_str){NULL, 0},
        };
        if (b->said != NULL && b->form == r->form) {
            f.if_none_match = ch_str_of(b->etag);
            f.if_modified_since =
                f.if_none_match.len == 0 ? ch_str_of(b->last_modified) : f.if_modified_since;
        }
        free(r->url);
        r->url = ch_str_dup(f.url);
        jobs_fetch(b->k, &f, r->fd, on_fetched, r);
    }
    ch_buf_done(&url);
    return rc;
}

/* False: it could not, see the fail_... . */
static bool begin(struct beside *b, struct charge *charge, struct waiter *w)
{
    struct beside_refresh *r = ch_calloc(1, sizeof(*r));
    struct ch_err err = {.msg = ""};
    r->b = b;
    r->fd = -1;
    r->charge = *charge;
    r->via = ask_via(w);
    *charge = (struct charge){0};
    if (fetch(r, &err) == CH_OK) {
        b->refresh = r;
        return true;
    }
    b->failed_at_us = keeper_now_us(b->k);
    b->fail_status = 502;
    snprintf(b->fail_text, sizeof(b->fail_text), "%s", err.msg);
    free_refresh(r);
    return false;
}

/* --- looking --- */

static enum listing_state cannot(struct beside *b, uint32_t status, uint32_t retry_after_s,
                                 const char *text)
{
    b->fail_status = status;
    b->retry_after_s = retry_after_s;
    snprintf(b->fail_text, sizeof(b->fail_text), "%s", text);
    return LISTING_FAILED;
}

/* What is known answers where that is not too old, as of a page. */
static enum listing_state as_known(const struct beside *b, const struct ch_upstream *u)
{
    bool usable = is_known(b) &&
                  keeper_now_us(b->k) - b->checked_at_us < (int64_t)u->stale_hours * 3600 * 1000000;
    return usable ? LISTING_THERE : LISTING_FAILED;
}

/* It is charged as metadata is: a document that few ask for (T14). */
static enum listing_state start(struct beside *b, const struct ch_upstream *u,
                                const struct ch_client *client, struct waiter *w)
{
    struct keeper *k = b->k;
    struct ch_str name = ch_str_of(u->name);
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    uint64_t about =
        budget_about(BUDGET_METADATA, name, ch_str_of(b->page), ch_str_of(b->what->profile));
    struct charge charge;
    if (budget_take(k, BUDGET_METADATA, name, client, &charge)) {
        bool begun = begin(b, &charge, w);
        budget_give(k, &charge);
        budget_moved(k, about);
        if (!begun) {
            return as_known(b, u);
        }
        waiters_add(&b->waiting, w);
        return LISTING_LATER;
    }
    if (as_known(b, u) == LISTING_THERE) {
        return LISTING_THERE;
    }
    uint32_t expected_s = budget_expected_s(k, BUDGET_METADATA, name, client);
    if (w->turn_ms == 0) {
        uint64_t until = now_ms + ch_limits.cold_page_wait_ms;
        w->turn_ms = until < w->deadline_ms ? until : w->deadline_ms;
    }
    if (w->turn_ms <= now_ms) {
        return cannot(b, 503, expected_s, ASK_QUEUES);
    }
    return budget_wait(k, BUDGET_METADATA, name, client, about, w)
               ? LISTING_LATER
               : cannot(b, 503, expected_s, ASK_QUEUE_FULL);
}

enum listing_state beside_look(struct beside *b, const struct ch_upstream *u, int64_t not_before_us,
                               const struct ch_client *client, struct waiter *w)
{
    struct keeper *k = b->k;
    int64_t now_us = keeper_now_us(k);
    b->used_at_ms = ch_loop_now_ms(k->child.loop);
    if (b->refresh != NULL) {
        if (w->deadline_ms > b->used_at_ms) {
            waiters_add(&b->waiting, w);
            return LISTING_LATER;
        }
        return as_known(b, u) == LISTING_THERE
                   ? LISTING_THERE
                   : cannot(b, 503, 1, "the upstream is still asked for it, try again");
    }
    if (strcmp(b->upstream, u->name) != 0) { /* another one owns the page now (T12) */
        forget_said(b);
        free(b->upstream);
        b->upstream = ch_str_dup(ch_str_of(u->name));
        b->failed_at_us = 0;
    }
    bool fresh = is_known(b) && b->checked_at_us >= not_before_us && now_us >= b->checked_at_us &&
                 now_us - b->checked_at_us < (int64_t)k->config->index_refresh_s * 1000000;
    bool just_failed = b->failed_at_us != 0 && now_us >= b->failed_at_us &&
                       now_us - b->failed_at_us < FAILURE_MEMORY_US;
    if (fresh) {
        return LISTING_THERE;
    }
    if (just_failed) {
        return as_known(b, u);
    }
    uint64_t rests_ms = upstream_rests_ms(k, u, ch_str_of(u->url));
    if (rests_ms > 0 || upstream_is_down(k, u, ch_str_of(u->url))) {
        return as_known(b, u) == LISTING_THERE
                   ? LISTING_THERE
                   : cannot(b, 503, (uint32_t)(rests_ms / 1000) + 1,
                            "the upstream answers nothing now, try again");
    }
    return start(b, u, client, w);
}

/* --- all of them --- */

static void key_of(struct ch_buf *key, const char *repository, struct ch_str page)
{
    ch_buf_init(key, 4096);
    ch_buf_puts(key, ch_str_of(repository));
    ch_buf_putc(key, '\0');
    ch_buf_puts(key, page);
}

struct beside *beside_of(struct keeper *k, const struct ch_repository *repo, struct ch_str page)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    const struct ch_beside *what = eco == NULL ? NULL : ch_ecosystem_beside(eco, page.len == 0);
    struct ch_buf key;
    if (what == NULL) {
        return NULL;
    }
    key_of(&key, repo->name, page);
    struct beside *b = ch_map_get(k->besides, ch_buf_str(&key));
    if (b == NULL) {
        b = ch_calloc(1, sizeof(*b));
        b->k = k;
        b->repository = ch_str_dup(ch_str_of(repo->name));
        b->page = ch_str_dup(page);
        b->eco = eco;
        b->what = what;
        b->upstream = ch_str_dup((struct ch_str){NULL, 0});
        waiters_init(&b->waiting, k, NULL);
        ch_map_set(k->besides, ch_buf_str(&key), b);
    }
    ch_buf_done(&key);
    return b;
}

static void free_beside(struct beside *b)
{
    if (b->refresh != NULL) {
        free_refresh(b->refresh);
    }
    beside_job_free(b->job);
    while (b->making != NULL) {
        struct waiter *w = b->making;
        b->making = w->next;
        ask_free_waiter(w);
    }
    waiters_done(&b->waiting);
    listing_documents_done(&b->documents);
    beside_said_unref(b->said);
    free(b->etag);
    free(b->last_modified);
    free(b->upstream);
    free(b->repository);
    free(b->page);
    free(b);
}

void besides_init(struct keeper *k)
{
    k->besides = ch_map_new();
}

void besides_forget(struct keeper *k, uint64_t now_ms)
{
    size_t cursor = 0;
    struct ch_str key;
    void *value;
    while (ch_map_next(k->besides, &cursor, &key, &value)) {
        struct beside *b = value;
        if (b->refresh == NULL && b->job == NULL && b->making == NULL &&
            now_ms - b->used_at_ms > UNUSED_MS) {
            ch_map_remove(k->besides, key);
            free_beside(b);
        }
    }
}

void besides_free(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->besides != NULL && ch_map_next(k->besides, &cursor, NULL, &value)) {
        free_beside(value);
    }
    ch_map_free(k->besides);
    k->besides = NULL;
}
