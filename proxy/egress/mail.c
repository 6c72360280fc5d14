/* One mail, handed to the configured server (RFC 5321, RFC 5322), with TLS where it is not on
 * loopback. */
#include <string.h>
#include <time.h>

#include "customhouse/limits.h"
#include "proxy/egress/egress_int.h"
#include "proxy/fetcher/transfer.h"

struct upload {
    struct ch_str rest;
};

static size_t on_read(char *ptr, size_t size, size_t count, void *owner)
{
    struct upload *u = owner;
    size_t len = size * count < u->rest.len ? size * count : u->rest.len;
    memcpy(ptr, u->rest.ptr, len);
    u->rest = ch_str_sub(u->rest, len, u->rest.len);
    return len;
}

/* RFC 5322, 3.3, in UTC. The locale is "C": the names are English. */
static void put_date(struct ch_buf *b)
{
    char text[64];
    struct tm tm;
    time_t now = time(NULL);
    CH_ASSERT(gmtime_r(&now, &tm) != NULL &&
              strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S +0000", &tm) > 0);
    ch_buf_printf(b, "Date: %s\r\n", text);
}

static struct ch_str domain_of(const char *mailbox)
{
    const char *at = strrchr(mailbox, '@');
    CH_ASSERT(at != NULL);
    return ch_str_of(at + 1);
}

/* The body has lines of ASCII; they end as RFC 5322 has it. libcurl doubles a leading dot. */
static void put_message(struct ch_buf *b, const struct egress_place *p, const struct ch_send *job)
{
    struct ch_str rest = job->body;
    struct ch_str line = {NULL, 0};
    put_date(b);
    ch_buf_printf(b, "From: %s\r\nTo: ", p->from);
    for (size_t i = 0; i < p->to_count; i++) {
        ch_buf_printf(b, "%s%s", i > 0 ? ",\r\n " : "", p->to[i]);
    }
    ch_buf_printf(b, "\r\nSubject: %.*s\r\n", CH_STR_ARG(job->subject));
    /* the same for each try, so that a mail that came twice is known as one */
    ch_buf_printf(b, "Message-ID: <%.*s@%.*s>\r\n", CH_STR_ARG(job->id),
                  CH_STR_ARG(domain_of(p->from)));
    ch_buf_puts(b, CH_STR("Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                          "Content-Type: text/plain; charset=us-ascii\r\n\r\n"));
    while (ch_str_split(&rest, '\n', &line)) {
        ch_buf_put_printable(b, line);
        ch_buf_puts(b, CH_STR("\r\n"));
    }
}

static CURLcode set_mail(CURL *e, const struct egress_place *p, const char *url,
                         struct curl_slist *to, struct upload *upload)
{
    CURLcode rc = CURLE_OK;
    CH_CURL_SET(e, rc, CURLOPT_URL, url);
    CH_CURL_SET(e, rc, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    CH_CURL_SET(e, rc, CURLOPT_USE_SSL,
                p->mail_tls == CH_MAIL_PLAIN ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    CH_CURL_SET(e, rc, CURLOPT_MAIL_FROM, p->from);
    CH_CURL_SET(e, rc, CURLOPT_MAIL_RCPT, to);
    CH_CURL_SET(e, rc, CURLOPT_READFUNCTION, on_read);
    CH_CURL_SET(e, rc, CURLOPT_READDATA, upload);
    CH_CURL_SET(e, rc, CURLOPT_UPLOAD, 1L);
    if (p->user != NULL) {
        CH_CURL_SET(e, rc, CURLOPT_USERNAME, p->user);
        CH_CURL_SET(e, rc, CURLOPT_PASSWORD, p->secret);
    }
    return rc;
}

enum ch_code egress_mail(struct egress_place *p, const struct ch_send *job, struct egress_result *r,
                         struct ch_err *err)
{
    char text[CURL_ERROR_SIZE];
    char url[512];
    struct ch_buf message;
    struct curl_slist *to = NULL;
    long status = 0;
    snprintf(url, sizeof(url), "%s://%s", p->mail_tls == CH_MAIL_TLS ? "smtps" : "smtp",
             p->address);
    /* a line break becomes two bytes, and the head has its own */
    ch_buf_init(&message, 5 * (size_t)ch_limits.egress_body_bytes + (p->to_count + 16) * 512);
    put_message(&message, p, job);
    CH_ASSERT(!message.failed);
    for (size_t i = 0; i < p->to_count; i++) {
        struct curl_slist *longer = curl_slist_append(to, p->to[i]);
        CH_ASSERT(longer != NULL);
        to = longer;
    }
    struct upload upload = {ch_buf_str(&message)};
    CURL *e = curl_easy_init();
    CH_ASSERT(e != NULL);
    CURLcode rc = egress_curl_common(e, p, job->timeout_ms, text);
    rc = rc == CURLE_OK ? set_mail(e, p, url, to, &upload) : rc;
    rc = rc == CURLE_OK ? curl_easy_perform(e) : rc;
    if (curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && status > 0) {
        r->status = (uint32_t)status;
    }
    enum ch_code code = rc == CURLE_OK ? CH_OK : egress_curl_fail(p, rc, text, err);
    curl_easy_cleanup(e);
    curl_slist_free_all(to);
    ch_buf_done(&message);
    return code;
}
