/* A POST: of a webhook, signed; of anything else, with the answer handed back. */
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "proxy/egress/egress_int.h"
#include "proxy/fetcher/address.h"

#ifndef CH_VERSION
#error "CH_VERSION comes from CMakeLists.txt"
#endif

/* Sets an option and notes the first one that fails. */
#define SET(easy, result, option, value)                                                           \
    do {                                                                                           \
        if ((result) == CURLE_OK) {                                                                \
            (result) = curl_easy_setopt((easy), (option), (value));                                \
        }                                                                                          \
    } while (0)

/* ------------------------------------------------------------------ for mail, too */

static int on_transfer(void *owner, curl_off_t total, curl_off_t now, curl_off_t up_total,
                       curl_off_t up_now)
{
    (void)total;
    (void)now;
    (void)up_total;
    (void)up_now;
    struct egress_place *p = owner;
    return atomic_load(&p->stop) ? 1 : 0;
}

/* T13: a name of the configuration may lead to private addresses, but not to what no server has,
 * nor to where clouds keep credentials. */
static curl_socket_t on_open(void *owner, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    struct egress_place *p = owner;
    struct ch_str named = ch_str_of(p->host != NULL ? p->host : "");
    bool literal = named.len > 0 && ch_address_is_literal(named);
    if (!ch_address_permitted(ch_address_kind(&address->addr), true, literal)) {
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *owner)
{
    (void)easy;
    const struct egress_place *p = owner;
    SSL_CTX_set1_cert_store(ssl_ctx, p->store);
    return CURLE_OK;
}

CURLcode egress_curl_common(CURL *e, struct egress_place *p, uint32_t timeout_ms, char *text)
{
    CURLcode rc = CURLE_OK;
    text[0] = '\0';
    SET(e, rc, CURLOPT_NOSIGNAL, 1L);
    SET(e, rc, CURLOPT_ERRORBUFFER, text);
    SET(e, rc, CURLOPT_XFERINFOFUNCTION, on_transfer);
    SET(e, rc, CURLOPT_XFERINFODATA, p);
    SET(e, rc, CURLOPT_NOPROGRESS, 0L);
    SET(e, rc, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    SET(e, rc, CURLOPT_CONNECTTIMEOUT_MS, (long)ch_limits.egress_connect_ms);
    SET(e, rc, CURLOPT_OPENSOCKETFUNCTION, on_open);
    SET(e, rc, CURLOPT_OPENSOCKETDATA, p);
    SET(e, rc, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* Anchors come from memory, for the destination and for an https proxy. */
    SET(e, rc, CURLOPT_CAINFO, NULL);
    SET(e, rc, CURLOPT_CAPATH, NULL);
    SET(e, rc, CURLOPT_PROXY_CAINFO, NULL);
    SET(e, rc, CURLOPT_PROXY_CAPATH, NULL);
    SET(e, rc, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    SET(e, rc, CURLOPT_SSL_CTX_DATA, p);
    /* An empty proxy keeps libcurl from asking the environment. */
    SET(e, rc, CURLOPT_PROXY, p->proxy != NULL ? p->proxy : "");
    SET(e, rc, CURLOPT_NOPROXY, "");
    return rc;
}

enum ch_code egress_curl_fail(const struct egress_place *p, CURLcode rc, const char *text,
                              struct ch_err *err)
{
    enum ch_code code = rc == CURLE_OPERATION_TIMEDOUT         ? CH_E_TIMEOUT
                        : rc == CURLE_PEER_FAILED_VERIFICATION ? CH_E_DENIED
                        : rc == CURLE_ABORTED_BY_CALLBACK      ? CH_E_CLOSED
                        : rc == CURLE_LOGIN_DENIED             ? CH_E_DENIED
                                                               : CH_E_UPSTREAM;
    struct ch_buf b;
    ch_buf_init(&b, 4 * CURL_ERROR_SIZE + 1);
    ch_buf_put_escaped(&b, ch_str_of(text[0] != '\0' ? text : curl_easy_strerror(rc)));
    ch_fail(err, code, "%s: %.*s", p->url != NULL ? p->url : p->address,
            CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return code;
}

/* ------------------------------------------------------------------ one POST */

struct post {
    struct egress_result *r;
    bool keep;
    bool too_large;
    struct curl_slist *headers;
};

static size_t on_body(char *ptr, size_t size, size_t count, void *owner)
{
    struct post *post = owner;
    size_t len = size * count;
    if (!post->keep) {
        return len; /* read to its end, or the server might think that nobody heard it */
    }
    ch_buf_put(&post->r->body, ptr, len);
    post->too_large = post->r->body.failed;
    return post->too_large ? CURL_WRITEFUNC_ERROR : len;
}

static void put_header(struct post *post, const char *name, struct ch_str value)
{
    struct ch_buf b;
    ch_buf_init(&b, 64u << 10);
    ch_buf_printf(&b, "%s: %.*s", name, CH_STR_ARG(value));
    ch_buf_putc(&b, '\0');
    CH_ASSERT(!b.failed);
    struct curl_slist *longer = curl_slist_append(post->headers, b.ptr);
    CH_ASSERT(longer != NULL);
    post->headers = longer;
    ch_buf_done(&b);
}

/* The time is that of this try: a receiver refuses what is too old (replay). */
static enum ch_code sign(struct post *post, const struct egress_place *p, const struct ch_send *job,
                         struct ch_err *err)
{
    struct ch_buf b;
    int64_t now = (int64_t)time(NULL);
    ch_buf_init(&b, 256);
    enum ch_code rc = egress_sign(ch_str_of(p->secret), job->id, now, job->body, &b, err);
    if (rc == CH_OK) {
        put_header(post, "webhook-id", job->id);
        put_header(post, "webhook-signature", ch_buf_str(&b));
        ch_buf_clear(&b);
        ch_buf_printf(&b, "%lld", (long long)now);
        put_header(post, "webhook-timestamp", ch_buf_str(&b));
    }
    ch_buf_done(&b);
    return rc;
}

static enum ch_code put_headers(struct post *post, const struct egress_place *p,
                                const struct ch_send *job, struct ch_err *err)
{
    if (job->content_type.len > 0) {
        put_header(post, "Content-Type", job->content_type);
    }
    put_header(post, "Expect",
               (struct ch_str){"", 0}); /* "Expect:" keeps libcurl from sending one */
    return p->kind == CH_DESTINATION_WEBHOOK ? sign(post, p, job, err) : CH_OK;
}

static CURLcode set_post(CURL *e, struct post *post, const char *url, const struct ch_send *job)
{
    CURLcode rc = CURLE_OK;
    SET(e, rc, CURLOPT_URL, url);
    SET(e, rc, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(e, rc, CURLOPT_FOLLOWLOCATION, 0L); /* nowhere but where the configuration says */
    SET(e, rc, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(e, rc, CURLOPT_USERAGENT, "customhouse/" CH_VERSION);
    SET(e, rc, CURLOPT_POST, 1L);
    SET(e, rc, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body.len);
    SET(e, rc, CURLOPT_POSTFIELDS, job->body.len > 0 ? job->body.ptr : "");
    SET(e, rc, CURLOPT_HTTPHEADER, post->headers);
    SET(e, rc, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* none of them to a proxy */
    SET(e, rc, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(e, rc, CURLOPT_WRITEFUNCTION, on_body);
    SET(e, rc, CURLOPT_WRITEDATA, post);
    return rc;
}

static void note_answer(CURL *e, struct egress_result *r)
{
    long status = 0;
    char *type = NULL;
    if (curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status > 0) {
        r->status = (uint32_t)status;
    }
    if (curl_easy_getinfo(e, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != NULL &&
        strlen(type) < sizeof(r->content_type)) {
        strcpy(r->content_type, type);
    }
}

enum ch_code egress_post(struct egress_place *p, const struct ch_send *job, struct egress_result *r,
                         struct ch_err *err)
{
    char text[CURL_ERROR_SIZE];
    struct post post = {.r = r, .keep = job->answer};
    struct ch_buf url;
    ch_buf_init(&url, 2 * (size_t)ch_limits.url_bytes + 2);
    ch_buf_puts(&url, ch_str_of(p->url));
    ch_buf_puts(&url, job->path);
    ch_buf_putc(&url, '\0');
    CURL *e = curl_easy_init();
    CH_ASSERT(e != NULL && !url.failed);
    enum ch_code code = put_headers(&post, p, job, err);
    if (code == CH_OK) {
        CURLcode rc = egress_curl_common(e, p, job->timeout_ms, text);
        rc = rc == CURLE_OK ? set_post(e, &post, url.ptr, job) : rc;
        rc = rc == CURLE_OK ? curl_easy_perform(e) : rc;
        note_answer(e, r);
        if (post.too_large) {
            code = ch_fail(err, CH_E_LIMIT, "%s: the answer is larger than %llu bytes", p->url,
                           (unsigned long long)ch_limits.egress_answer_bytes);
        } else if (rc != CURLE_OK) {
            code = egress_curl_fail(p, rc, text, err);
        }
    }
    curl_easy_cleanup(e);
    curl_slist_free_all(post.headers);
    ch_buf_done(&url);
    return code;
}
