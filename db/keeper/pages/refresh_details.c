/* What a page does not say of its files, times and sizes, out of the upstream's JSON API.
 *
 * Of an upstream whose pages lacked them before, both documents of an unknown page are asked for at
 * once: a resolver goes from page to page, and each would cost it one more round trip. */
#include "refresh_int.h"

#include "customhouse/limits.h"

static void on_details_scanned(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    struct refresh *r = ctx;
    struct ch_err err;
    if (answer->outcome != CH_SCAN_DONE) {
        struct ch_buf why;
        ch_buf_init(&why, 256);
        ch_scanned_put_why(&why, answer);
        keeper_log("details", "project=%s error=\"its reading %.*s\"", r->p->project,
                   CH_STR_ARG(ch_buf_str(&why)));
        ch_buf_done(&why);
    } else if (page_facts_fill(&r->merged, stream, &err) != CH_OK) {
        if (err.code ==
            CH_E_MISMATCH) { /* two documents of one upstream that contradict: no page */
            refresh_failed(r, 502, err.msg);
            return;
        }
        keeper_log("details", "project=%s error=\"%s\"", r->p->project, err.msg);
    } else {
        r->filled = true;
    }
    refresh_finish(r);
}

void refresh_use_details(struct refresh *r)
{
    if (r->details != DETAILS_THERE) {
        refresh_finish(r);
        return;
    }
    struct ch_scan_job job = {
        .kind = CH_SCAN_DETAILS,
        .ecosystem = ch_str_of(r->p->eco->name),
        .profile = CH_STR("details"),
        .project = page_name(r->p),
        .base_url = ch_str_of(r->details_url),
        .size_bytes = r->details_bytes,
    };
    jobs_scan(r->k, 0, &job, r->details_fd, on_details_scanned, r);
}

bool page_without_details(struct page *p)
{
    struct refresh *r = p->refresh;
    struct keeper *k = p->keeper;
    if (r == NULL || p->load == PAGE_READY || !r->wants_details || r->details != DETAILS_FETCHING) {
        return false;
    }
    keeper_log("details", "project=%s error=\"they do not come\"", p->project);
    jobs_cancel_fetch(r->k, r->details_fetch);
    r->details = DETAILS_FAILED;
    refresh_use_details(r);
    /* Late is not never: what is known now answers, and the upstream has all its time once more. */
    if (p->load == PAGE_READY && p->details_due && !p->refreshing) {
        p->pinned++; /* it may fail at once, and wake who waits */
        page_refresh(k, p);
        CH_IGNORE(!page_dawdles(p)); /* nobody waits for it: it counts as one that others need not wait for */
        p->pinned--;
    }
    return true;
}

static void on_details_fetched(void *ctx, const struct ch_fetched *answer)
{
    struct refresh *r = ctx;
    struct ch_err err;
    r->details = DETAILS_FAILED;
    if (answer->code == CH_OK && answer->http_status == 200 &&
        jobs_seal(r->details_fd, &err) == CH_OK) {
        r->details = DETAILS_THERE;
        r->details_bytes = answer->bytes;
        r->details_url = ch_str_dup(answer->effective_url);
    }
    /* It says that it has none: to ask for them again with each refresh would tell no more. */
    r->filled = answer->code == CH_OK && (answer->http_status == 404 || answer->http_status == 410);
    if (r->wants_details) {
        refresh_use_details(r);
    }
}

void refresh_fetch_details(struct refresh *r)
{
    struct page *p = r->p;
    struct ch_buf url;
    struct ch_err err;
    ch_buf_init(&url, ch_limits.url_bytes);
    if (p->eco->details_url(ch_str_of(p->upstream->api_url), page_name(p), &url) == CH_OK &&
        jobs_memfd("details", &r->details_fd, &err) == CH_OK) {
        struct ch_fetch f = {
            .kind = CH_FETCH_DOCUMENT,
            .upstream = ch_str_of(p->upstream->name),
            .url = ch_buf_str(&url),
            .accept = CH_STR("application/json"),
            .range_to_bytes = UINT64_MAX,
            .max_bytes = ch_limits.page_bytes,
            .expected_bytes = CH_SIZE_UNKNOWN,
            .timeout_ms = DOCUMENT_TIMEOUT_MS,
            .retry_ms = PAGE_PATIENCE_MS,
        };
        r->details = DETAILS_FETCHING;
        r->details_fetch = jobs_fetch(r->k, &f, r->details_fd, on_details_fetched, r);
    } else {
        r->details = DETAILS_FAILED;
    }
    ch_buf_done(&url);
}

bool refresh_has_details(const struct page *p)
{
    return p->upstream->api_url != NULL && p->eco->details_url != NULL;
}

bool page_wants_details(const struct page *p, const struct page_facts *facts)
{
    return refresh_has_details(p) && page_facts_lack_details(facts);
}
