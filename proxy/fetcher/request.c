/* One request: what libcurl is told, and its callbacks. */
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "customhouse/index.h"
#include "customhouse/instance.h"
#include "customhouse/limits.h"
#include "proxy/fetcher/fetch_int.h"

#ifndef CH_VERSION
#error "CH_VERSION comes from CMakeLists.txt"
#endif

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

/* Bytes as they come over the wire: an encoded body may decode to nothing for ever. */
static int on_transfer(void *owner, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    (void)total;
    (void)up_total;
    (void)up_now;
    struct ch_fetch_job *job = owner;
    if (job->answer.encoded && now > 0 && (uint64_t)now > job->spec.max_bytes && !job->failed) {
        job->failed = true;
        ch_fail(&job->fail, CH_E_LIMIT, "the answer is larger than %llu bytes, still encoded",
                (unsigned long long)job->spec.max_bytes);
    }
    return job->failed ? 1 : 0;
}

static curl_socket_t on_open(void *owner, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct ch_fetch_job *job = owner;
    const char *host = job->site->proxy != NULL ? NULL : job->url.host;
    struct ch_err err;
    if (ch_fetch_site_check_address(job->site, host, &address->addr, &err) != CH_OK) {
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

static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *owner)
{
    (void)easy;
    const struct ch_fetch_job *job = owner;
    if (job->site->store != NULL) {
        SSL_CTX_set1_cert_store(ssl_ctx, job->site->store);
    }
    return CURLE_OK;
}

static void put_header(struct ch_fetch_job *job, const char *name, struct ch_str value)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.fetch_header_bytes);
    ch_buf_printf(&b, "%s: %.*s", name, CH_STR_ARG(value));
    ch_buf_putc(&b, '\0');
    CH_ASSERT(!b.failed);
    struct curl_slist *longer = curl_slist_append(job->headers, b.ptr);
    CH_ASSERT(longer != NULL);
    job->headers = longer;
    ch_buf_done(&b);
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
    put_header(job, name, value);
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
    put_header(job, "Range", (struct ch_str){range, (size_t)n});
    return put_checked(job, "If-Range", job->resuming ? ch_str_of(have->validator) : f->if_range,
                       err);
}

static enum ch_code put_headers(struct ch_fetch_job *job, struct ch_err *err)
{
    enum ch_code rc = put_checked(job, "Accept",
                                  job->spec.accept.len > 0 ? job->spec.accept : CH_STR("*/*"), err);
    if (rc != CH_OK) {
        return rc;
    }
    if (job->spec.kind == CH_FETCH_ARTIFACT) {
        put_header(job, "Accept-Encoding", CH_STR("identity"));
    }
    if (job->site->instance_id[0] != '\0') {
        put_header(job, CH_INSTANCE_HEADER, ch_str_of(job->site->instance_id));
    }
    return put_conditions(job, err);
}

/* Sets an option and notes the first one that fails. */
#define SET(easy, result, option, value)                                                           \
    do {                                                                                           \
        if ((result) == CURLE_OK) {                                                                \
            (result) = curl_easy_setopt((easy), (option), (value));                                \
        }                                                                                          \
    } while (0)

static CURLcode set_transfer(struct ch_fetch_job *job)
{
    CURL *e = job->easy;
    CURLcode rc = CURLE_OK;
    SET(e, rc, CURLOPT_PRIVATE, job);
    SET(e, rc, CURLOPT_URL, job->url.text);
    SET(e, rc, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(e, rc, CURLOPT_FOLLOWLOCATION, 0L); /* each hop is checked and asked by ourselves */
    SET(e, rc, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(e, rc, CURLOPT_NOSIGNAL, 1L);
    SET(e, rc, CURLOPT_USERAGENT, "customhouse/" CH_VERSION);
    SET(e, rc, CURLOPT_HTTPHEADER, job->headers);
    SET(e, rc, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* none of them to a proxy */
    SET(e, rc, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(e, rc, CURLOPT_ERRORBUFFER, job->curl_text);
    SET(e, rc, CURLOPT_HEADERFUNCTION, on_header);
    SET(e, rc, CURLOPT_HEADERDATA, job);
    SET(e, rc, CURLOPT_WRITEFUNCTION, on_body);
    SET(e, rc, CURLOPT_WRITEDATA, job);
    SET(e, rc, CURLOPT_XFERINFOFUNCTION, on_transfer);
    SET(e, rc, CURLOPT_XFERINFODATA, job);
    SET(e, rc, CURLOPT_NOPROGRESS, 0L);
    SET(e, rc, CURLOPT_BUFFERSIZE, 262144L);
    SET(e, rc, CURLOPT_CONNECTTIMEOUT_MS, (long)ch_limits.fetch_connect_ms);
    SET(e, rc, CURLOPT_LOW_SPEED_LIMIT, (long)ch_limits.fetch_low_speed_bytes);
    SET(e, rc, CURLOPT_LOW_SPEED_TIME, (long)ch_limits.fetch_low_speed_s);
    SET(e, rc, CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(e, rc, CURLOPT_OPENSOCKETDATA, job);
    if (job->spec.kind == CH_FETCH_DOCUMENT) {
        SET(e, rc, CURLOPT_ACCEPT_ENCODING, "gzip, zstd");
    }
    return rc;
}

static CURLcode set_tls(struct ch_fetch_job *job)
{
    CURL *e = job->easy;
    CURLcode rc = CURLE_OK;
    SET(e, rc, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* Anchors come from memory (on_tls), for the host and for an https proxy. */
    SET(e, rc, CURLOPT_CAINFO, NULL);
    SET(e, rc, CURLOPT_CAPATH, NULL);
    SET(e, rc, CURLOPT_PROXY_CAINFO, NULL);
    SET(e, rc, CURLOPT_PROXY_CAPATH, NULL);
    SET(e, rc, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    SET(e, rc, CURLOPT_SSL_CTX_DATA, job);
    if (job->site->client_pem != NULL && job->url.https &&
        ch_fetch_site_is_own(job->site, &job->url)) {
        struct curl_blob pem = {.data = job->site->client_pem,
                                .len = strlen(job->site->client_pem),
                                .flags = CURL_BLOB_NOCOPY};
        SET(e, rc, CURLOPT_SSLCERT_BLOB, &pem);
        SET(e, rc, CURLOPT_SSLKEY_BLOB, &pem);
    }
    return rc;
}

static CURLcode set_credentials(struct ch_fetch_job *job)
{
    CURL *e = job->easy;
    CURLcode rc = CURLE_OK;
    const struct ch_credential *c = ch_fetch_site_credential(job->site, &job->url);
    if (c != NULL) {
        SET(e, rc, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(e, rc, CURLOPT_USERNAME, c->user);
        SET(e, rc, CURLOPT_PASSWORD, c->password);
    }
    /* An empty proxy keeps libcurl from asking the environment. */
    SET(e, rc, CURLOPT_PROXY, job->site->proxy != NULL ? job->site->proxy : "");
    SET(e, rc, CURLOPT_NOPROXY, "");
    const struct ch_credential *p = ch_fetch_site_proxy_credential(job->site);
    if (p != NULL) {
        SET(e, rc, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
        SET(e, rc, CURLOPT_PROXYUSERNAME, p->user);
        SET(e, rc, CURLOPT_PROXYPASSWORD, p->password);
    }
    return rc;
}

enum ch_code ch_fetch_request_make(struct ch_fetch_job *job, struct ch_err *err)
{
    job->answer = (struct ch_fetch_answer){
        .length_bytes = CH_SIZE_UNKNOWN, .range_total_bytes = CH_SIZE_UNKNOWN, .date_s = -1};
    job->failed = false;
    job->fail_is_retryable = false;
    job->address_fail.code = CH_OK;
    job->curl_text[0] = '\0';
    job->easy = curl_easy_init();
    CH_ASSERT(job->easy != NULL);
    enum ch_code code = put_headers(job, err);
    if (code != CH_OK) {
        ch_fetch_request_drop(job);
        return code;
    }
    CURLcode rc = set_transfer(job);
    rc = rc == CURLE_OK ? set_tls(job) : rc;
    rc = rc == CURLE_OK ? set_credentials(job) : rc;
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
