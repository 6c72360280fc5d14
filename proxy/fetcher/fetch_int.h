/* Inside the fetch engine: site.c (an upstream's rules), multi.c (libcurl on our loop), request.c
 * (one request and the check of its answer), fetch.c (jobs: retries, redirects, results). */
#ifndef CH_FETCHER_FETCH_INT_H
#define CH_FETCHER_FETCH_INT_H

#include <curl/curl.h>
#include <openssl/x509.h>

#include "customhouse/index.h"
#include "proxy/fetcher/address.h"
#include "proxy/fetcher/bearer.h"
#include "proxy/fetcher/coding.h"
#include "proxy/fetcher/fetch.h"
#include "proxy/fetcher/url.h"

/* ---------------------------------------------------------------- site.c */

struct ch_fetch_multi;

/* What the configuration says of one upstream, with connections of its own: nothing is shared
 * between upstreams that differ in certificates or proxy. Counted, as jobs outlive a reload. */
struct ch_fetch_site {
    size_t refs;
    char *name;
    struct ch_url url;
    struct ch_url api_url; /* zeroed: none */
    char **file_hosts;
    size_t file_host_count;
    char *proxy;             /* NULL: none */
    struct ch_url proxy_url; /* zeroed: none, or no HTTP proxy */
    X509_STORE *store;       /* NULL: TLS is not spoken */
    bool system_store;       /* it has the system's authorities */
    char *client_pem;        /* NULL: none */
    struct ch_credentials credentials; /* copies */
    struct ch_address *listen;
    size_t listen_count;
    char *instance_id;
    struct ch_fetch_multi *multi;
    struct ch_fetch_tokens *tokens;
};

struct ch_fetch_site *ch_fetch_site_ref(struct ch_fetch_site *s);
void ch_fetch_site_unref(struct ch_fetch_site *s); /* accepts NULL */
/* `old`: the site of that name in force, or NULL. */
enum ch_code ch_fetch_site_new(struct ch_loop *loop, const struct ch_upstream *upstream,
                               const struct ch_fetch_settings *settings,
                               const struct ch_fetch_site *old, struct ch_fetch_site **ret,
                               struct ch_err *err) CH_MUST_CHECK;

/* Whether a page, a job or a redirect may lead there: CH_E_DENIED says why not. */
enum ch_code ch_fetch_site_check(const struct ch_fetch_site *s, const struct ch_url *url,
                                 struct ch_err *err) CH_MUST_CHECK;
bool ch_fetch_site_is_own(const struct ch_fetch_site *s,
                          const struct ch_url *url); /* not a file host */
const struct ch_credential *ch_fetch_site_credential(const struct ch_fetch_site *s,
                                                     const struct ch_url *url); /* NULL: none */
const struct ch_credential *ch_fetch_site_proxy_credential(const struct ch_fetch_site *s);
/* Whether a socket to `peer` may be opened for `url` (NULL: for the proxy), which was checked:
 * CH_E_DENIED. */
enum ch_code ch_fetch_site_check_address(const struct ch_fetch_site *s, const struct ch_url *url,
                                         const struct sockaddr *peer,
                                         struct ch_err *err) CH_MUST_CHECK;

/* ---------------------------------------------------------------- trust.c */

/* Reads the system's certificates. */
enum ch_code ch_trust_load(X509_STORE **ret, struct ch_err *err) CH_MUST_CHECK;
/* Of those in the PEM text; NULL: there is none. X509_STORE_free(). */
X509_STORE *ch_trust_new(struct ch_str pem);

/* ---------------------------------------------------------------- multi.c */

typedef void ch_fetch_multi_done_fn(void *easy_private, CURLcode result);

struct ch_fetch_multi *ch_fetch_multi_new(struct ch_loop *loop);
void ch_fetch_multi_free(struct ch_fetch_multi *m); /* no transfer may be in it; accepts NULL */
/* `done` is called from the loop with the handle's CURLOPT_PRIVATE, after it was taken out. */
enum ch_code ch_fetch_multi_add(struct ch_fetch_multi *m, CURL *easy, ch_fetch_multi_done_fn *done,
                                struct ch_err *err) CH_MUST_CHECK;
/* For each socket that libcurl was given by CURLOPT_OPENSOCKETFUNCTION. */
void ch_fetch_multi_opened(struct ch_fetch_multi *m, curl_socket_t fd);
void ch_fetch_multi_remove(struct ch_fetch_multi *m, CURL *easy); /* no `done` follows */

/* ---------------------------------------------------------------- request.c */

#define CH_FETCH_FIELD_BYTES     512
#define CH_FETCH_CHALLENGE_BYTES 2048

/* Headers of one answer, as they come in. */
struct ch_fetch_answer {
    uint32_t status;
    bool headers_done;
    bool keep_body; /* 200 or 206 */
    bool body_cut;  /* the rest of an error's body was not worth reading */
    bool encoded;   /* a document's Content-Encoding, which is taken off */
    enum ch_coding_kind coding; /* OTHER: one that was not asked for, or several */
    bool chunked;
    bool odd_transfer; /* a Transfer-Encoding besides chunked */
    bool has_range;
    uint64_t header_bytes;
    uint64_t body_bytes;       /* not kept, or still encoded */
    uint64_t length_bytes;     /* Content-Length, CH_SIZE_UNKNOWN */
    uint64_t range_from_bytes; /* Content-Range */
    uint64_t range_to_bytes;
    uint64_t range_total_bytes; /* CH_SIZE_UNKNOWN */
    int64_t date_s;             /* -1: none */
    char etag[CH_FETCH_FIELD_BYTES];
    char last_modified[CH_FETCH_FIELD_BYTES];
    char content_type[CH_FETCH_FIELD_BYTES];
    char location[4097];
    char encoding[40]; /* as the last Content-Encoding says */
    char challenge[CH_FETCH_CHALLENGE_BYTES]; /* the first WWW-Authenticate that is of Bearer */
};

/* What lies in the file by our doing. [base, base + written) of the resource is there. */
struct ch_fetch_progress_state {
    uint64_t base_bytes;
    uint64_t written_bytes;
    uint64_t to_bytes;                    /* inclusive end asked for, UINT64_MAX: to the end */
    uint64_t total_bytes;                 /* of the resource, CH_SIZE_UNKNOWN */
    char validator[CH_FETCH_FIELD_BYTES]; /* for If-Range; empty: cannot be resumed */
    uint32_t status;                      /* of the answer these bytes began with */
};

struct ch_fetch_job {
    struct ch_fetch_job *next;
    struct ch_fetch_job *prev;
    struct ch_fetch_engine *engine;
    struct ch_fetch_site *site;
    struct ch_fetch spec; /* strings are our copies */
    int fd;
    uint64_t start_ms;
    uint64_t progress_ms; /* when it was told last */
    struct ch_timer deadline;
    struct ch_timer silence; /* the end of answer_ms */
    bool heard;              /* a line of some answer has come */
    struct ch_timer step; /* the next request */
    uint32_t retry_after_s; /* as the last answer said; 0: it did not */
    uint64_t told_bytes;    /* struct ch_fetched */
    bool told_at_least;
    bool told_empty;
    uint32_t retries;
    uint32_t timeouts; /* in a row, none with more bytes than the one before */
    uint64_t timeout_bytes; /* that were there at the last of them */
    uint32_t hops;
    struct ch_url url; /* of the request that runs, or ran last */
    CURL *easy;        /* NULL: nothing runs */
    struct curl_slist *headers;
    struct ch_bearer_ask *ask; /* NULL: what runs is no request for a token */
    bool token_asked;          /* since the job's last step: no second one */
    bool bearer_sent;          /* by the request that runs, or ran last */
    char curl_text[CURL_ERROR_SIZE];
    bool resuming; /* this request continues after what is written */
    struct ch_fetch_answer answer;
    struct ch_coding *coding; /* of the body that comes, or came last; NULL: none */
    struct ch_fetch_progress_state have;
    /* Why a callback stopped the transfer. */
    bool failed;
    bool fail_is_retryable;
    struct ch_err fail;
    struct ch_err address_fail; /* code CH_OK: no address was refused */
};

/* Makes job->easy for job->url. */
enum ch_code ch_fetch_request_make(struct ch_fetch_job *job, struct ch_err *err) CH_MUST_CHECK;
void ch_fetch_request_drop(struct ch_fetch_job *job); /* the handle and its headers */
bool ch_fetch_is_redirect(const struct ch_fetch_answer *a);
/* Destination, times, certificates, credentials, sockets: what each of a job's requests is told. */
CURLcode ch_fetch_request_set(struct ch_fetch_job *job, const struct ch_url *url);

/* ---------------------------------------------------------------- fetch.c */

void ch_fetch_job_progress(struct ch_fetch_job *job); /* tells the owner, if it is time */
void ch_fetch_job_send(struct ch_fetch_job *job);     /* the request for job->url, once more */
/* These end the job, or try it again later. */
void ch_fetch_job_fail(struct ch_fetch_job *job, const struct ch_err *err);
void ch_fetch_job_curl_failed(struct ch_fetch_job *job, CURLcode result, const char *text);
/* The answer stays what it was, a 401, unless `status` of the token's host says to come again. */
void ch_fetch_job_no_token(struct ch_fetch_job *job, uint32_t status, const char *why);

/* ---------------------------------------------------------------- bearer.c */

const struct ch_url *ch_bearer_url(const struct ch_fetch_job *job); /* NULL: no token is asked for */

/* ---------------------------------------------------------------- answer.c */

/* One header line, with its CRLF. False: job->fail says why the transfer is stopped. */
bool ch_fetch_answer_line(struct ch_fetch_job *job, struct ch_str line);
/* Body bytes, as they were sent. False as above, or when body_cut. */
bool ch_fetch_answer_body(struct ch_fetch_job *job, struct ch_str bytes);
/* After the last byte: is all there? */
enum ch_code ch_fetch_answer_complete(struct ch_fetch_job *job, struct ch_err *err) CH_MUST_CHECK;
/* After the last attempt that was not complete: where all came that there is, it is of another size
 * than the index said, which *err and what is told of the job say from then on. */
void ch_fetch_answer_ended_short(struct ch_fetch_job *job, struct ch_err *err);

#endif
