/* Jobs: from FETCH to FETCHED.
 *
 *            start                                 retry (back-off)
 *   ------------------> due --> request --> answer ----------------> due
 *                        ^                   |  |
 *                        +--- redirect ------+  +--> done (once)
 *
 * "due" is the step timer, "request" a transfer in libcurl. The deadline and cancel lead to done
 * from anywhere. */
#include "proxy/fetcher/fetch.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/config/yaml.h"
#include "customhouse/limits.h"
#include "proxy/fetcher/fetch_int.h"

struct ch_fetch_engine {
    struct ch_loop *loop;
    struct ch_fetch_events events;
    struct ch_fetch_site **sites;
    size_t site_count;
    struct ch_fetch_site **prepared; /* not in force; NULL: none are */
    size_t prepared_count;
    struct ch_fetch_job *jobs;
    size_t job_count;
};

/* ------------------------------------------------------------------ engine */

enum ch_code ch_fetch_engine_new(struct ch_loop *loop, const struct ch_fetch_events *events,
                                 struct ch_fetch_engine **ret, struct ch_err *err)
{
    CURLcode rc = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (rc != CURLE_OK) {
        return ch_fail(err, CH_E_SYSTEM, "libcurl: %s", curl_easy_strerror(rc));
    }
    struct ch_fetch_engine *e = ch_calloc(1, sizeof(*e));
    e->loop = loop;
    e->events = *events;
    *ret = e;
    return CH_OK;
}

static void free_sites(struct ch_fetch_site **sites, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ch_fetch_site_unref(sites[i]);
    }
    free(sites);
}

void ch_fetch_engine_free(struct ch_fetch_engine *e)
{
    if (e != NULL) {
        ch_fetch_engine_cancel_all(e);
        free_sites(e->sites, e->site_count);
        ch_fetch_engine_abort(e);
        free(e);
        curl_global_cleanup();
    }
}

static struct ch_fetch_site *find_site(const struct ch_fetch_engine *e, struct ch_str name)
{
    for (size_t i = 0; i < e->site_count; i++) {
        if (ch_str_eq(ch_str_of(e->sites[i]->name), name)) {
            return e->sites[i];
        }
    }
    return NULL;
}

enum ch_code ch_fetch_engine_prepare(struct ch_fetch_engine *e,
                                     const struct ch_fetch_settings *settings, struct ch_err *err)
{
    const struct ch_config *c = settings->config;
    struct ch_fetch_site **sites = ch_calloc(c->upstream_count + 1, sizeof(struct ch_fetch_site *));
    for (size_t i = 0; i < c->upstream_count; i++) {
        const struct ch_fetch_site *old = find_site(e, ch_str_of(c->upstreams[i].name));
        enum ch_code rc =
            ch_fetch_site_new(e->loop, &c->upstreams[i], settings, old, &sites[i], err);
        if (rc != CH_OK) {
            free_sites(sites, i);
            if (settings->config_name != NULL) {
                ch_yaml_fail_in(settings->config_text, settings->config_name, "upstreams", i, err,
                                err->msg);
            }
            return rc;
        }
    }
    ch_fetch_engine_abort(e);
    e->prepared = sites;
    e->prepared_count = c->upstream_count;
    return CH_OK;
}

void ch_fetch_engine_commit(struct ch_fetch_engine *e)
{
    CH_ASSERT(e->prepared != NULL);
    free_sites(e->sites, e->site_count);
    e->sites = e->prepared;
    e->site_count = e->prepared_count;
    e->prepared = NULL;
    e->prepared_count = 0;
}

void ch_fetch_engine_abort(struct ch_fetch_engine *e)
{
    free_sites(e->prepared, e->prepared_count);
    e->prepared = NULL;
    e->prepared_count = 0;
}

enum ch_code ch_fetch_engine_configure(struct ch_fetch_engine *e,
                                       const struct ch_fetch_settings *settings, struct ch_err *err)
{
    enum ch_code rc = ch_fetch_engine_prepare(e, settings, err);
    if (rc == CH_OK) {
        ch_fetch_engine_commit(e);
    }
    return rc;
}

size_t ch_fetch_engine_jobs(const struct ch_fetch_engine *e)
{
    return e->job_count;
}

/* ------------------------------------------------------------------ the end of a job */

static void free_spec(struct ch_fetch *f)
{
    const struct ch_str texts[] = {f->upstream,          f->url,      f->accept, f->if_none_match,
                                   f->if_modified_since, f->if_range, f->via};
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        free((void *)(uintptr_t)texts[i].ptr);
    }
}

/* Ends whatever runs, closes the descriptor and takes the job off the list; the job's memory stays
 * for the last message. */
static void detach(struct ch_fetch_job *job)
{
    struct ch_fetch_engine *e = job->engine;
    if (job->easy != NULL) {
        ch_fetch_multi_remove(job->site->multi, job->easy);
        ch_fetch_request_drop(job);
    }
    ch_bearer_drop(job);
    ch_loop_cancel_timer(e->loop, &job->deadline);
    ch_loop_cancel_timer(e->loop, &job->silence);
    ch_loop_cancel_timer(e->loop, &job->step);
    close(job->fd);
    if (job->prev != NULL) {
        job->prev->next = job->next;
    } else {
        e->jobs = job->next;
    }
    if (job->next != NULL) {
        job->next->prev = job->prev;
    }
    e->job_count--;
}

static void free_job(struct ch_fetch_job *job)
{
    ch_fetch_site_unref(job->site);
    ch_url_done(&job->url);
    ch_coding_free(job->coding);
    free_spec(&job->spec);
    free(job);
}

static void tell_done(struct ch_fetch_job *job, enum ch_code code, struct ch_str text)
{
    const struct ch_fetch_answer *a = &job->answer;
    bool answered = code == CH_OK, tells_size = code == CH_E_LIMIT || code == CH_E_MISMATCH;
    /* A resumed whole is a whole, although its last answer was a 206. */
    uint32_t status = a->keep_body ? job->have.status : a->status;
    struct ch_fetched done = {
        .job = job->spec.job,
        .code = code,
        .http_status = answered || a->headers_done ? status : 0,
        .bytes = job->have.written_bytes,
        .text = text,
        .elapsed_ms = (uint32_t)(ch_now_boot_ms() - job->start_ms),
        .retry_after_s =
            answered && (a->status == 429 || a->status >= 500) ? job->retry_after_s : 0,
        .told_bytes = tells_size ? job->told_bytes : 0,
        .told_at_least = tells_size && job->told_at_least,
        .told_empty = tells_size && job->told_empty,
    };
    if (job->url.text != NULL) {
        done.effective_url = ch_str_of(job->url.text);
    }
    if (answered) {
        done.content_type = ch_str_of(a->content_type);
        done.etag = ch_str_of(a->etag);
        done.last_modified = ch_str_of(a->last_modified);
    }
    job->engine->events.on_done(job->engine->events.owner, &done);
}

/* `why` is empty for an answer in which nothing is wrong. */
static void finish(struct ch_fetch_job *job, enum ch_code code, const char *why)
{
    detach(job);
    struct ch_buf text;
    ch_buf_init(&text, ch_limits.text_bytes);
    if (why[0] != '\0') {
        const char *host = job->url.host;
        /* Messages about a URL or an address begin with the host themselves. */
        if (host != NULL && !ch_str_starts(ch_str_of(why), ch_str_of(host))) {
            ch_buf_put_printable(&text, ch_str_of(host));
            ch_buf_puts(&text, CH_STR(": "));
        }
        ch_buf_put_printable(&text, ch_str_of(why)); /* ours, but it holds words of servers */
    }
    tell_done(job, code, ch_buf_str(&text));
    ch_buf_done(&text);
    free_job(job);
}

void ch_fetch_job_fail(struct ch_fetch_job *job, const struct ch_err *err)
{
    finish(job, err->code, err->msg);
}

void ch_fetch_engine_cancel(struct ch_fetch_engine *e, uint64_t id)
{
    for (struct ch_fetch_job *job = e->jobs; job != NULL; job = job->next) {
        if (job->spec.job == id) {
            finish(job, CH_E_CLOSED, "cancelled");
            return;
        }
    }
}

void ch_fetch_engine_cancel_all(struct ch_fetch_engine *e)
{
    while (e->jobs != NULL) {
        struct ch_fetch_job *job = e->jobs;
        detach(job);
        free_job(job);
    }
}

static void on_deadline(struct ch_timer *t)
{
    struct ch_fetch_job *job = CH_CONTAINER_OF(t, struct ch_fetch_job, deadline);
    struct ch_err err;
    ch_fail(&err, CH_E_TIMEOUT, "no complete answer within %u ms, %llu bytes came",
            job->spec.timeout_ms, (unsigned long long)job->have.written_bytes);
    ch_fetch_job_fail(job, &err);
}

/* Somebody waits for this one: who says nothing at all is not waited for as long as who is slow. */
static void on_silence(struct ch_timer *t)
{
    struct ch_fetch_job *job = CH_CONTAINER_OF(t, struct ch_fetch_job, silence);
    struct ch_err err;
    if (job->heard) {
        return;
    }
    ch_fail(&err, CH_E_TIMEOUT, "no answer within %u ms", job->spec.answer_ms);
    ch_fetch_job_fail(job, &err);
}

void ch_fetch_job_progress(struct ch_fetch_job *job)
{
    struct ch_fetch_engine *e = job->engine;
    uint64_t now = ch_loop_now_ms(e->loop);
    if (now - job->progress_ms < ch_limits.fetch_progress_ms) {
        return;
    }
    job->progress_ms = now;
    struct ch_fetch_progress p = {.job = job->spec.job,
                                  .bytes = job->have.written_bytes,
                                  .total_bytes = job->have.total_bytes};
    e->events.on_progress(e->events.owner, &p);
}

/* ------------------------------------------------------------------ requests */

static void on_transfer_done(void *owner, CURLcode result);

void ch_fetch_job_send(struct ch_fetch_job *job)
{
    struct ch_err err;
    if (ch_fetch_site_check(job->site, &job->url, &err) != CH_OK ||
        ch_fetch_request_make(job, &err) != CH_OK) {
        ch_fetch_job_fail(job, &err);
        return;
    }
    if (ch_fetch_multi_add(job->site->multi, job->easy, on_transfer_done, &err) != CH_OK) {
        ch_fetch_request_drop(job);
        ch_fetch_job_fail(job, &err);
    }
}

/* The state of a job of which nothing is on disk. */
static void forget_written(struct ch_fetch_job *job)
{
    job->have = (struct ch_fetch_progress_state){
        .base_bytes = job->spec.range_from_bytes,
        .to_bytes = job->spec.range_to_bytes,
        .total_bytes = CH_SIZE_UNKNOWN,
    };
}

/* The first request, and each retry: from the job's own URL, since what a redirect led to may have
 * expired. */
static void on_step(struct ch_timer *t)
{
    struct ch_fetch_job *job = CH_CONTAINER_OF(t, struct ch_fetch_job, step);
    struct ch_err err;
    if (job->site == NULL) {
        ch_fail(&err, CH_E_USAGE, "upstream is not in the configuration");
        ch_fetch_job_fail(job, &err);
        return;
    }
    ch_url_done(&job->url);
    if (ch_url_parse(job->spec.url, NULL, &job->url, &err) != CH_OK) {
        ch_fetch_job_fail(job, &err);
        return;
    }
    job->hops = 0;
    ch_bearer_drop(job);
    job->token_asked = false;
    job->resuming = job->have.written_bytes > 0 && job->have.validator[0] != '\0';
    if (!job->resuming) {
        forget_written(job);
    }
    ch_fetch_job_send(job);
}

static void follow(struct ch_fetch_job *job)
{
    struct ch_err err;
    struct ch_url next = {0};
    if (++job->hops > ch_limits.fetch_redirects) {
        ch_fail(&err, CH_E_UPSTREAM, "more than %llu redirects",
                (unsigned long long)ch_limits.fetch_redirects);
        ch_fetch_job_fail(job, &err);
        return;
    }
    if (ch_url_parse(ch_str_of(job->answer.location), &job->url, &next, &err) != CH_OK ||
        ch_fetch_site_check(job->site, &next, &err) != CH_OK) {
        ch_wrap(&err, "%s redirects", job->url.host);
        ch_url_done(&next);
        ch_fetch_job_fail(job, &err);
        return;
    }
    ch_url_done(&job->url);
    job->url = next;
    ch_fetch_job_send(job);
}

/* ------------------------------------------------------------------ answers */

/* Equal jitter: half of the doubled time for sure, the other half at random. */
static uint64_t backoff_ms(const struct ch_fetch_job *job)
{
    uint64_t most = ch_limits.fetch_backoff_ms << job->retries;
    return most / 2 + arc4random_uniform((uint32_t)(most / 2 + 1));
}

/* False when the job has no retries or no time left. */
static bool retry(struct ch_fetch_job *job, uint64_t wait_ms)
{
    uint64_t now = ch_now_boot_ms();
    uint64_t last = job->deadline.at_ms;
    if (job->spec.retry_ms > 0 && job->start_ms + job->spec.retry_ms < last) {
        last = job->start_ms + job->spec.retry_ms;
    }
    if (job->retries >= ch_limits.fetch_retries || now + wait_ms >= last) {
        return false;
    }
    job->retries++;
    ch_loop_set_timer(job->engine->loop, &job->step, now + wait_ms);
    return true;
}

/* A time-out has taken its time already: many of them are tried again only where each brought more.
 */
static bool is_worth_it(struct ch_fetch_job *job, const struct ch_err *err)
{
    if (err->code != CH_E_TIMEOUT) {
        return true;
    }
    bool moved = job->have.written_bytes > job->timeout_bytes;
    job->timeout_bytes = job->have.written_bytes;
    job->timeouts = moved ? 0 : job->timeouts + 1;
    return job->timeouts <= ch_limits.fetch_timeout_retries;
}

static void fail_or_retry(struct ch_fetch_job *job, const struct ch_err *err)
{
    if (!is_worth_it(job, err) || !retry(job, backoff_ms(job))) {
        ch_fetch_job_fail(job, err);
    }
}

/* CURLE_OK, WRITE_ERROR and ABORTED_BY_CALLBACK are handled before. */
static const struct curl_row {
    CURLcode curl;
    enum ch_code code;
    bool retryable;
} curl_rows[] = {
    {CURLE_COULDNT_CONNECT, CH_E_UPSTREAM, true},
    {CURLE_OPERATION_TIMEDOUT, CH_E_TIMEOUT, true},
    {CURLE_SEND_ERROR, CH_E_CLOSED, true},
    {CURLE_RECV_ERROR, CH_E_CLOSED, true},
    {CURLE_GOT_NOTHING, CH_E_CLOSED, true},
    {CURLE_PARTIAL_FILE, CH_E_CLOSED, true},
    {CURLE_SSL_CONNECT_ERROR, CH_E_UPSTREAM, true},
    {CURLE_WEIRD_SERVER_REPLY, CH_E_FORMAT, false},
    {CURLE_UNSUPPORTED_PROTOCOL, CH_E_FORMAT, false}, /* HTTP/0.9 */
};

void ch_fetch_job_curl_failed(struct ch_fetch_job *job, CURLcode result, const char *text)
{
    struct curl_row row = {result, CH_E_UPSTREAM, false};
    for (size_t i = 0; i < CH_ARRAY_LEN(curl_rows); i++) {
        row = curl_rows[i].curl == result ? curl_rows[i] : row;
    }
    struct ch_err err;
    ch_fail(&err, row.code, "%s", text[0] != '\0' ? text : curl_easy_strerror(result));
    if (row.retryable) {
        fail_or_retry(job, &err);
    } else {
        ch_fetch_job_fail(job, &err);
    }
}

/* An answer to keep, or an error status that is the answer. */
static void answered(struct ch_fetch_job *job)
{
    struct ch_fetch_answer *a = &job->answer;
    struct ch_err err = {.code = CH_OK};
    if (a->keep_body) {
        if (ch_fetch_answer_complete(job, &err) == CH_OK) {
            finish(job, CH_OK, "");
        } else if (err.code != CH_E_CLOSED || !retry(job, backoff_ms(job))) {
            if (!a->encoded) { /* its own end is missing, whatever the framing says */
                ch_fetch_answer_ended_short(job, &err);
            }
            ch_fetch_job_fail(job, &err);
        }
        return;
    }
    if (a->status == 508) {
        ch_fail(&err, CH_E_DENIED, "answered 508: it is this gateway, or leads back to it");
        ch_fetch_job_fail(job, &err);
        return;
    }
    bool stale_range = a->status == 416 && job->resuming;
    if (stale_range) {
        job->have.validator[0] = '\0';
    }
    uint64_t wait = backoff_ms(job), retry_after_ms = (uint64_t)job->retry_after_s * 1000;
    wait = retry_after_ms > wait ? retry_after_ms : wait;
    bool worth = stale_range || a->status == 429 || (a->status >= 500 && a->status <= 599);
    if (worth && wait <= ch_limits.fetch_retry_after_ms && retry(job, wait)) {
        return;
    }
    job->have.written_bytes = 0; /* what an earlier answer left is no part of this one */
    ch_fail(&err, CH_OK, "answered %u", a->status);
    finish(job, CH_OK, a->status >= 400 ? err.msg : "");
}

void ch_fetch_job_no_token(struct ch_fetch_job *job, uint32_t status, const char *why)
{
    struct ch_err err;
    const struct ch_url *url = ch_bearer_url(job);
    const char *host = url != NULL && url->host != NULL ? url->host : job->url.host;
    if ((status == 429 || (status >= 500 && status <= 599)) && retry(job, backoff_ms(job))) {
        return;
    }
    ch_fail(&err, CH_OK, "answered %u, and no token is to be had from %s: %s", job->answer.status,
            host, why);
    finish(job, CH_OK, err.msg);
}

static void on_transfer_done(void *owner, CURLcode result)
{
    struct ch_fetch_job *job = owner;
    char text[CURL_ERROR_SIZE];
    snprintf(text, sizeof(text), "%s", job->curl_text); /* the job may go before it is shown */
    curl_off_t retry_after_s = 0;
    CH_IGNORE(curl_easy_getinfo(job->easy, CURLINFO_RETRY_AFTER, &retry_after_s) != CURLE_OK);
    job->retry_after_s = retry_after_s <= 0            ? 0
                         : retry_after_s >= UINT32_MAX ? UINT32_MAX
                                                       : (uint32_t)retry_after_s;
    ch_fetch_request_drop(job);
    bool cut = result == CURLE_WRITE_ERROR && job->answer.body_cut;
    if (job->failed) {
        struct ch_err err = job->fail;
        if (job->fail_is_retryable) {
            fail_or_retry(job, &err);
        } else {
            ch_fetch_job_fail(job, &err);
        }
    } else if (result == CURLE_COULDNT_CONNECT && job->address_fail.code != CH_OK) {
        ch_fetch_job_fail(job, &job->address_fail);
    } else if (result != CURLE_OK && !cut) {
        ch_fetch_job_curl_failed(job, result, text);
    } else if (ch_fetch_is_redirect(&job->answer)) {
        follow(job);
    } else if (job->answer.status != 401 || !ch_bearer_challenged(job)) {
        answered(job);
    }
}

/* ------------------------------------------------------------------ the start of a job */

static void copy_spec(struct ch_fetch *to, const struct ch_fetch *from)
{
    *to = *from;
    struct ch_str *const texts[] = {
        &to->upstream,          &to->url, &to->accept, &to->if_none_match, &to->if_range,
        &to->if_modified_since, &to->via};
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        texts[i]->ptr = texts[i]->ptr == NULL ? NULL : ch_str_dup(*texts[i]);
    }
    if (to->timeout_ms == 0 || to->timeout_ms > ch_limits.fetch_total_ms) {
        to->timeout_ms = (uint32_t)ch_limits.fetch_total_ms;
    }
}

void ch_fetch_engine_start(struct ch_fetch_engine *e, const struct ch_fetch *spec, int fd)
{
    struct ch_fetch_job *job = ch_calloc(1, sizeof(*job));
    copy_spec(&job->spec, spec);
    job->engine = e;
    job->fd = fd;
    job->start_ms = ch_now_boot_ms();
    job->progress_ms = job->start_ms;
    struct ch_fetch_site *site = find_site(e, spec->upstream);
    job->site = site == NULL ? NULL : ch_fetch_site_ref(site);
    forget_written(job);
    job->next = e->jobs;
    if (e->jobs != NULL) {
        e->jobs->prev = job;
    }
    e->jobs = job;
    e->job_count++;
    job->deadline.fn = on_deadline;
    job->step.fn = on_step;
    job->silence.fn = on_silence;
    if (job->spec.answer_ms > 0) {
        ch_loop_set_timer(e->loop, &job->silence, job->start_ms + job->spec.answer_ms);
    }
    ch_loop_set_timer(e->loop, &job->deadline, job->start_ms + job->spec.timeout_ms);
    ch_loop_set_timer(e->loop, &job->step, job->start_ms);
}
