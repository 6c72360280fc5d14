/* Inside egress: egress.c (destinations, their threads, what waits for them), post.c, mail.c and
 * syslog.c (how one job goes out; run on the destination's thread, and block it), sign.c (pure). */
#ifndef CH_EGRESS_EGRESS_INT_H
#define CH_EGRESS_EGRESS_INT_H

#include <curl/curl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdatomic.h>

#include "proxy/egress/egress.h"

/* What the configuration says of it; never changed once its thread runs. */
struct egress_place {
    enum ch_destination_kind kind;
    char *name;
    char *url;
    char *proxy; /* NULL: none */
    char *host;  /* of mail and syslog, without brackets */
    /* HOST:PORT; of a webhook its origin, which is what errors say: its path may be a secret */
    char *address;
    char *server_name; /* in the certificate */
    enum ch_mail_tls mail_tls;
    char *user;
    char *from;
    char **to;
    size_t to_count;
    char *secret; /* NULL: none */
    char *ca_pem; /* what `store` was made of, NULL: the system's */
    X509_STORE *store;
    /* whoever blocks looks at it, at least each second; only the look-up of a name does not */
    atomic_bool stop;
};

struct egress_job {
    struct egress_job *next;
    uint64_t generation; /* of who asked */
    struct ch_send send; /* slices of `payload` */
    struct ch_buf payload;
};

/* What came of a job. */
struct egress_result {
    struct egress_result *next;
    uint64_t job;
    uint64_t generation;
    enum ch_code code;
    uint32_t status;
    uint32_t elapsed_ms;
    char content_type[128];
    struct ch_buf body;
    struct ch_err err; /* when code is not CH_OK */
};

/* Each fills status and body, and returns what the job came to. */
enum ch_code egress_post(struct egress_place *p, const struct ch_send *job, struct egress_result *r,
                         struct ch_err *err) CH_MUST_CHECK;
enum ch_code egress_mail(struct egress_place *p, const struct ch_send *job, struct egress_result *r,
                         struct ch_err *err) CH_MUST_CHECK;
enum ch_code egress_syslog(struct egress_place *p, const struct ch_send *job,
                           struct egress_result *r, struct ch_err *err) CH_MUST_CHECK;

/* post.c: what libcurl is told in any case: time, certificates, addresses, that it can be stopped.
 * `text` has CURL_ERROR_SIZE bytes. */
CURLcode egress_curl_common(CURL *easy, struct egress_place *p, uint32_t timeout_ms, char *text);
/* The error of a transfer, with a code: certificates that do not verify, time, anything else. */
enum ch_code egress_curl_fail(const struct egress_place *p, CURLcode rc, const char *text,
                              struct ch_err *err);

/* sign.c: the value of webhook-signature, "v1," and base64 of the HMAC-SHA256 of
 * "ID.TIMESTAMP.BODY", as Standard Webhooks 1.0.0 has it (symmetric signatures). CH_E_FORMAT:
 * `secret` is not whsec_ and base64. */
enum ch_code egress_sign(struct ch_str secret, struct ch_str id, int64_t timestamp_s,
                         struct ch_str body, struct ch_buf *ret, struct ch_err *err) CH_MUST_CHECK;

#endif
