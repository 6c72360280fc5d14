/* A POST: of a webhook, signed; of anything else, with the answer handed back. */
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "proxy/egress/egress_int.h"
#include "proxy/fetcher/address.h"
#include "proxy/fetcher/transfer.h"

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

CURLcode egress_curl_common(CURL *e, struct egress_place *p, uint32_t timeout_ms, char *text)
{
    CURLcode rc = ch_transfer_trust(e, p->store, p->proxy);
    text[0] = '\0';
    CH_CURL_SET(e, rc, CURLOPT_NOSIGNAL, 1L);
    CH_CURL_SET(e, rc, CURLOPT_ERRORBUFFER, text);
    CH_CURL_SET(e, rc, CURLOPT_XFERINFOFUNCTION, on_transfer);
    CH_CURL_SET(e, rc, CURLOPT_XFERINFODATA, p);
    CH_CURL_SET(e, rc, CURLOPT_NOPROGRESS, 0L);
    CH_CURL_SET(e, rc, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    CH_CURL_SET(e, rc, CURLOPT_CONNECTTIMEOUT_MS, (long)ch_limits.egress_connect_ms);
    CH_CURL_SET(e, rc, CURLOPT_OPENSOCKETFUNCTION, on_open);
    CH_CURL_SET(e, rc, CURLOPT_OPENSOCKETDATA, p);
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
    ch_fail(err, code, "%s: %.*s", p->address, CH_STR_ARG(ch_buf_str(&b)));
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

/* The time is that of this try: a receiver refuses what is too old (replay). */
static enum ch_code sign(struct post *post, const struct egress_place *p, const struct ch_send *job,
                         struct ch_err *err)
{
    struct ch_buf b;
    int64_t now = (int64_t)time(NULL);
    ch_buf_init(&b, 256);
    enum ch_code rc = egress_sign(ch_str_of(p->secret), job->id, now, job->body, &b, err);
    if (rc == CH_OK) {
        ch_transfer_header(&post->headers, "webhook-id", job->id);
        ch_transfer_header(&post->headers, "webhook-signature", ch_buf_str(&b));
        ch_buf_clear(&b);
        ch_buf_printf(&b, "%lld", (long long)now);
        ch_transfer_header(&post->headers, "webhook-timestamp", ch_buf_str(&b));
    }
    ch_buf_done(&b);
    return rc;
}

static enum ch_code put_headers(struct post *post, const struct egress_place *p,
                                const struct ch_send *job, struct ch_err *err)
{
    if (job->content_type.len > 0) {
        ch_transfer_header(&post->headers, "Content-Type", job->content_type);
    }
    ch_transfer_header(&post->headers, "Expect",
                       (struct ch_str){"", 0}); /* "Expect:" keeps libcurl from sending one */
    return p->kind == CH_DESTINATION_WEBHOOK ? sign(post, p, job, err) : CH_OK;
}

static CURLcode set_post(CURL *e, struct post *post, const char *url, const struct ch_send *job)
{
    CURLcode rc = ch_transfer_http(e, url, post->headers);
    CH_CURL_SET(e, rc, CURLOPT_POST, 1L);
    CH_CURL_SET(e, rc, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->body.len);
    CH_CURL_SET(e, rc, CURLOPT_POSTFIELDS, job->body.len > 0 ? job->body.ptr : "");
    CH_CURL_SET(e, rc, CURLOPT_WRITEFUNCTION, on_body);
    CH_CURL_SET(e, rc, CURLOPT_WRITEDATA, post);
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

/* T13: what does not begin so would go on with the host's name, or make another one's of it. */
static enum ch_code check_path(const struct ch_send *job, struct ch_err *err)
{
    return job->path.len == 0 || job->path.ptr[0] == '/'
               ? CH_OK
               : ch_fail(err, CH_E_DENIED, "the path does not begin with /");
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
    enum ch_code code = check_path(job, err);
    code = code == CH_OK ? put_headers(&post, p, job, err) : code;
    if (code == CH_OK) {
        CURLcode rc = egress_curl_common(e, p, job->timeout_ms, text);
        rc = rc == CURLE_OK ? set_post(e, &post, url.ptr, job) : rc;
        rc = rc == CURLE_OK ? curl_easy_perform(e) : rc;
        note_answer(e, r);
        if (post.too_large) {
            code = ch_fail(err, CH_E_LIMIT, "%s: the answer is larger than %llu bytes", p->address,
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
