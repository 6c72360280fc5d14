/* One request: what libcurl is told, and its callbacks. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "customhouse/index.h"
#include "customhouse/instance.h"
#include "customhouse/limits.h"
#include "proxy/fetcher/fetch_int.h"
#include "proxy/fetcher/transfer.h"

static size_t on_header(char *ptr, size_t size, size_t count, void *owner)
{
    struct ch_fetch_job *job = owner;
    size_t len = size * count;
    return ch_fetch_answer_line(job, (struct ch_str){ptr, len}) ? len : 0;
}

static size_t on_body(char *ptr, size_t size, size_t count, void *owner)
{
    struct ch_fetch_job *job = owner;
    size_t len = size * count;
    return ch_fetch_answer_body(job, (struct ch_str){ptr, len}) ? len : CURL_WRITEFUNC_ERROR;
}

static curl_socket_t on_open(void *owner, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct ch_fetch_job *job = owner;
    const struct ch_url *url = ch_bearer_url(job) != NULL ? ch_bearer_url(job) : &job->url;
    struct ch_err err;
    url = job->site->proxy != NULL ? NULL : url;
    if (ch_fetch_site_check_address(job->site, url, &address->addr, &err) != CH_OK) {
        job->address_fail = err;
        return CURL_SOCKET_BAD;
    }
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0) {
        return CURL_SOCKET_BAD;
    }
    ch_fetch_multi_opened(job->site->multi, fd);
    return fd;
}

/* Values of the keeper come from upstream answers: nothing that could start another line. */
static enum ch_code put_checked(struct ch_fetch_job *job, const char *name, struct ch_str value,
                                struct ch_err *err)
{
    if (value.len == 0) {
        return CH_OK;
    }
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if (c < 0x20 || c > 0x7e) {
            return ch_fail(err, CH_E_FORMAT, "%s: a header value holds a control character", name);
        }
    }
    if (value.len > ch_limits.url_bytes) {
        return ch_fail(err, CH_E_LIMIT, "%s: a header value is too long", name);
    }
    ch_transfer_header(&job->headers, name, value);
    return CH_OK;
}

/* Range and conditions. A request that continues asks for the rest of what is on disk; any other
 * one asks what the keeper asked. */
static enum ch_code put_conditions(struct ch_fetch_job *job, struct ch_err *err)
{
    const struct ch_fetch *f = &job->spec;
    struct ch_fetch_progress_state *have = &job->have;
    uint64_t from = have->base_bytes + have->written_bytes;
    enum ch_code rc = CH_OK;
    if (!job->resuming) {
        rc = put_checked(job, "If-None-Match", f->if_none_match, err);
        rc = rc == CH_OK ? put_checked(job, "If-Modified-Since", f->if_modified_since, err) : rc;
    }
    if (rc != CH_OK || (from == 0 && have->to_bytes == UINT64_MAX)) {
        return rc;
    }
    char range[64];
    int n = have->to_bytes == UINT64_MAX
                ? snprintf(range, sizeof(range), "bytes=%llu-", (unsigned long long)from)
                : snprintf(range, sizeof(range), "bytes=%llu-%llu", (unsigned long long)from,
                           (unsigned long long)have->to_bytes);
    ch_transfer_header(&job->headers, "Range", (struct ch_str){range, (size_t)n});
    return put_checked(job, "If-Range", job->resuming ? ch_str_of(have->validator) : f->if_range,
                       err);
}

/* Ours, and before it those for whom we ask. */
static enum ch_code put_instance(struct ch_fetch_job *job, struct ch_err *err)
{
    struct ch_buf list;
    if (job->site->instance_id[0] == '\0') {
        return CH_OK;
    }
    ch_buf_init(&list, ch_limits.fetch_header_bytes);
    ch_buf_puts(&list, ch_str_of(job->site->instance_id));
    ch_buf_puts(&list, job->spec.via.len > 0 ? CH_STR(", ") : CH_STR(""));
    ch_buf_puts(&list, job->spec.via);
    enum ch_code rc = put_checked(job, CH_INSTANCE_HEADER, ch_buf_str(&list), err);
    ch_buf_done(&list);
    return rc;
}

static enum ch_code put_headers(struct ch_fetch_job *job, struct ch_err *err)
{
    enum ch_code rc = put_checked(job, "Accept",
                                  job->spec.accept.len > 0 ? job->spec.accept : CH_STR("*/*"), err);
    if (rc != CH_OK) {
        return rc;
    }
    ch_transfer_header(&job->headers, "Accept-Encoding",
                       job->spec.kind == CH_FETCH_ARTIFACT ? CH_STR("identity")
                                                           : CH_STR(CH_CODINGS_ACCEPTED));
    rc = put_instance(job, err);
    return rc == CH_OK ? put_conditions(job, err) : rc;
}

static CURLcode set_transfer(struct ch_fetch_job *job)
{
    CURL *e = job->easy;
    CURLcode rc = CURLE_OK;
    CH_CURL_SET(e, rc, CURLOPT_HEADERFUNCTION, on_header);
    CH_CURL_SET(e, rc, CURLOPT_HEADERDATA, job);
    CH_CURL_SET(e, rc, CURLOPT_WRITEFUNCTION, on_body);
    CH_CURL_SET(e, rc, CURLOPT_WRITEDATA, job);
    CH_CURL_SET(e, rc, CURLOPT_BUFFERSIZE, 262144L);
    CH_CURL_SET(e, rc, CURLOPT_HTTP_CONTENT_DECODING, 0L); /* see coding.h */
    return rc;
}

static CURLcode set_tls(struct ch_fetch_job *job, const struct ch_url *url)
{
    CURL *e = job->easy;
    CURLcode rc = ch_transfer_trust(e, job->site->store, job->site->proxy);
    if (job->site->client_pem != NULL && url->https && ch_fetch_site_is_own(job->site, url)) {
        struct curl_blob pem = {.data = job->site->client_pem,
                                .len = strlen(job->site->client_pem),
                                .flags = CURL_BLOB_NOCOPY};
        CH_CURL_SET(e, rc, CURLOPT_SSLCERT_BLOB, &pem);
        CH_CURL_SET(e, rc, CURLOPT_SSLKEY_BLOB, &pem);
    }
    return rc;
}

static CURLcode set_credentials(struct ch_fetch_job *job, const struct ch_url *url)
{
    CURL *e = job->easy;
    CURLcode rc = CURLE_OK;
    const struct ch_credential *c = ch_fetch_site_credential(job->site, url);
    if (c != NULL && !job->bearer_sent) { /* one Authorization alone */
        CH_CURL_SET(e, rc, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        CH_CURL_SET(e, rc, CURLOPT_USERNAME, c->user);
        CH_CURL_SET(e, rc, CURLOPT_PASSWORD, c->password);
    }
    const struct ch_credential *p = ch_fetch_site_proxy_credential(job->site);
    if (p != NULL) {
        CH_CURL_SET(e, rc, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
        CH_CURL_SET(e, rc, CURLOPT_PROXYUSERNAME, p->user);
        CH_CURL_SET(e, rc, CURLOPT_PROXYPASSWORD, p->password);
    }
    return rc;
}

CURLcode ch_fetch_request_set(struct ch_fetch_job *job, const struct ch_url *url)
{
    CURL *e = job->easy;
    CURLcode rc = ch_transfer_http(e, url->text, job->headers); /* hops are asked by ourselves */
    job->address_fail.code = CH_OK;
    job->curl_text[0] = '\0';
    CH_CURL_SET(e, rc, CURLOPT_PRIVATE, job);
    CH_CURL_SET(e, rc, CURLOPT_NOSIGNAL, 1L);
    CH_CURL_SET(e, rc, CURLOPT_ERRORBUFFER, job->curl_text);
    CH_CURL_SET(e, rc, CURLOPT_CONNECTTIMEOUT_MS, (long)ch_limits.fetch_connect_ms);
    CH_CURL_SET(e, rc, CURLOPT_LOW_SPEED_LIMIT, (long)ch_limits.fetch_low_speed_bytes);
    CH_CURL_SET(e, rc, CURLOPT_LOW_SPEED_TIME, (long)ch_limits.fetch_low_speed_s);
    CH_CURL_SET(e, rc, CURLOPT_OPENSOCKETFUNCTION, on_open);
    CH_CURL_SET(e, rc, CURLOPT_OPENSOCKETDATA, job);
    rc = rc == CURLE_OK ? set_tls(job, url) : rc;
    return rc == CURLE_OK ? set_credentials(job, url) : rc;
}

enum ch_code ch_fetch_request_make(struct ch_fetch_job *job, struct ch_err *err)
{
    job->answer = (struct ch_fetch_answer){
        .length_bytes = CH_SIZE_UNKNOWN, .range_total_bytes = CH_SIZE_UNKNOWN, .date_s = -1};
    job->failed = false;
    job->fail_is_retryable = false;
    job->easy = curl_easy_init();
    CH_ASSERT(job->easy != NULL);
    enum ch_code code = put_headers(job, err);
    if (code != CH_OK) {
        ch_fetch_request_drop(job);
        return code;
    }
    (void)ch_bearer_put(job);
    CURLcode rc = ch_fetch_request_set(job, &job->url);
    rc = rc == CURLE_OK ? set_transfer(job) : rc;
    if (rc != CURLE_OK) {
        ch_fetch_request_drop(job);
        return ch_fail(err, CH_E_SYSTEM, "libcurl: %s", curl_easy_strerror(rc));
    }
    return CH_OK;
}

void ch_fetch_request_drop(struct ch_fetch_job *job)
{
    curl_easy_cleanup(job->easy);
    job->easy = NULL;
    curl_slist_free_all(job->headers);
    job->headers = NULL;
}
