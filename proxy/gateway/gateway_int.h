/* Inside of the gateway: one struct for the process, one file per idea. */
#ifndef CH_GATEWAY_INT_H
#define CH_GATEWAY_INT_H

#include "customhouse/channel.h"
#include "customhouse/config.h"
#include "customhouse/ecosystem.h"
#include "customhouse/http.h"
#include "customhouse/instance.h"
#include "customhouse/limits.h"
#include "customhouse/loop.h"
#include "customhouse/message.h"
#include "customhouse/shared.h"
#include "gateway.h"
#include "metrics.h"
#include "negotiate.h"
#include "proxy/cache/lru.h"
#include "proxy/front/access_log.h"
#include "proxy/front/failures.h"
#include "proxy/front/guesses.h"
#include "refusal.h"
#include "waiting.h"

#define GW_FORMATS_MAX 12
#define GW_KEY_MAX     1024

struct gw_audit;
struct gw_file;
struct gw_scoped;
struct gw_seen;
struct ch_public_key;

/* What a request was about: handed through the HTTP core to the access log and the metrics. */
struct gw_note {
    enum gw_kind kind;
    struct gw_metric_row *row;
    struct gw_file *file; /* GW_KIND_FILE; referenced until the request has ended */
};

/* Lives as long as the process, so that requests may point to it across a reload. */
struct gw_repository {
    struct gw_repository *next;
    char *name;
    const struct ch_ecosystem *eco;
    bool active; /* in the configuration in force */
    struct gw_note page_note;
    struct gw_note file_note; /* of files that are not served */
    struct gw_metric_row *row;
    bool anonymous[2]; /* one may pull without a token: not by loopback, by loopback */
};

/* --- asks.c: questions to the keeper --- */

struct gw_ask { /* embedded in what waits for the answer */
    struct gw_ask *next;
    uint64_t id; /* 0: not asked */
    uint16_t type;
    uint16_t reply_type;
    uint64_t deadline_ms;
    struct ch_buf payload; /* kept until the answer: a new keeper is asked again */
    /* Runs when the ask is over; `frame` is borrowed. */
    void (*on_reply)(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame);
    void (*on_lost)(struct gw *gw, struct gw_ask *ask);
};

#define GW_ASK_BUCKETS 256
struct gw_asks {
    struct gw_ask *buckets[GW_ASK_BUCKETS];
    size_t count;
    uint64_t last_id;
    struct ch_timer timer;
};

/* What the headers of a few kinds of clients came to: all pips send the same lines. */
#define GW_CHOICES      8
#define GW_CHOICE_BYTES 256
struct gw_choice {
    const struct ch_ecosystem *eco; /* NULL: empty */
    char text[GW_CHOICE_BYTES];     /* Accept, then Accept-Encoding */
    size_t accept_len;
    size_t len;
    size_t format;
    enum gw_encoding encoding;
};

/* Whom a request comes from: handed through the HTTP core with it. */
struct gw_caller {
    unsigned refs;
    bool known; /* by a token; else anonymous */
    char *principal;
    struct ch_sha256 token; /* its digest */
    bool audit_read;
    bool metrics_read;
    bool push; /* the token is for pushing */
    bool scans; /* it is an external scanner's */
    char **pull; /* names of repositories */
    uint32_t pull_count;
    struct gw_scoped *scoped; /* the token is of some images (scoped.h): it may these, and no more; NULL: it is not */
};

struct gw {
    struct ch_loop *loop;
    struct ch_http_server *server;
    struct ch_channel *keeper; /* NULL: none at the moment */
    size_t manifest_bytes;     /* that are on their way to the keeper */
    bool met_keeper;           /* there was one: what is asked meanwhile waits for the next one */
    const struct ch_epoch_page *epoch;
    const struct ch_config *config;
    const struct ch_setup_listener *listeners; /* those that are open */
    size_t listener_count;
    int served_fd;
    struct gw_audit *audit;
    char *instance_id;
    char *origin; /* for links; "" when the configuration names none that others can reach */
    struct gw_repository *repositories;
    struct gw_asks asks;
    struct ch_lru pages;
    struct gw_choice choices[GW_CHOICES];
    size_t next_choice;
    struct ch_lru files;
    struct ch_timer files_timer; /* closes what is allowed no more */
    struct ch_lru tokens;
    struct front_guesses guesses;
    struct front_failures failures;
    struct gw_served *served; /* served.c: told, and not stored yet */
    struct gw_caller *anonymous;
    struct gw_seen *seen; /* Authorization lines */
    struct ch_hash *hash;
    struct ch_buf clear; /* a token, while its digest is made */
    struct ch_public_key *token_key; /* verifies tokens of some images; NULL: there is none */
    struct gw_metrics *all_slots;
    struct gw_metrics *slot;
    struct front_log log;
    struct gw_note special_note;
    struct gw_note unknown_note;
    void (*on_drained)(void *owner);
    void (*on_keeper_lost)(void *owner);
    void *owner;
};

/* Encodes the ask's payload between these two; the id is already in `ask`. */
void gw_ask_prepare(struct gw *gw, struct gw_ask *ask, uint16_t type);
void gw_ask_send(struct gw *gw, struct gw_ask *ask, uint64_t wait_ms);
/* The same with its end, on ch_loop_now_ms's clock: for what is asked again. */
void gw_ask_send_until(struct gw *gw, struct gw_ask *ask, uint64_t deadline_ms);
void gw_ask_end(struct gw *gw, struct gw_ask *ask); /* forgets it; idempotent */
void gw_asks_init(struct gw *gw);
void gw_asks_resend(struct gw *gw); /* to a new keeper */
void gw_asks_frame(struct gw *gw, struct ch_frame *frame);
void gw_asks_done(struct gw *gw); /* all are lost */
struct ch_client gw_client_of(const struct gw *gw, const struct ch_http_request *r);
/* What is kept of it: it may be cut off, and one that has a token in it is not kept. */
struct ch_str gw_agent_of(struct ch_str user_agent);

/* --- sign_in.c: who a request comes from, and what it may --- */
void gw_sign_in_init(struct gw *gw);
void gw_sign_in_done(struct gw *gw);
/* 401 to who has a token for pushing, which opens registries of images and no other door; the log hears of it. */
void gw_sign_in_elsewhere(struct gw *gw, struct ch_http_request *r);
/* One more for the audit log. `digest`: NULL: what was sent is no token. */
void gw_sign_in_failed(struct gw *gw, const struct ch_http_request *r, enum ch_sign_in_fault fault,
                       const struct ch_sha256 *digest);
/* Whether it is known to be good: then it is no guess. */
bool gw_token_is_good(struct gw *gw, const struct ch_sha256 *digest);
struct gw_caller *gw_caller_ref(struct gw_caller *c);
void gw_caller_unref(struct gw_caller *c); /* accepts NULL */
typedef void gw_signed_in_fn(struct gw *gw, struct ch_http_request *r);
/* Goes on, now or later, when it is known; else the request is answered. `path_token` stood in the path; absent: none
 * did. */
void gw_sign_in(struct gw *gw, struct ch_http_request *r, struct ch_str path_token,
                gw_signed_in_fn *go_on);
/* Before that: anonymous. */
struct gw_caller *gw_caller_of(const struct gw *gw, const struct ch_http_request *r);
bool gw_may_pull(const struct gw *gw, const struct ch_http_request *r,
                 const struct gw_repository *repo);
/* All that it may pull from; slices live as long as the repositories. */
void gw_pull_list(const struct gw *gw, const struct ch_http_request *r, struct ch_repositories *ret);
/* Whether a request without a token may see what belongs to no repository. */
bool gw_anonymous_may(const struct gw *gw, const struct ch_http_request *r);
/* 401 for who has not signed in, else 403: "`what` denied by rights". */
void gw_respond_not_permitted(struct gw *gw, struct ch_http_request *r, const char *what);

/* --- respond.c: answers that are no page and no file --- */

/* 401: credentials are missing, or wrong. */
void gw_respond_unauthorized(struct gw *gw, struct ch_http_request *r, bool wrong);
/* An answer that will be another one after some seconds. */
void gw_respond_later(struct ch_http_request *r, int status, struct ch_str text, uint64_t seconds);
/* An index page that cannot be had now, with what its client shows of that: see there. `seconds`: as
 * above, 0: not said. */
void gw_respond_no_page(struct ch_http_request *r, int status, struct ch_str text, uint64_t seconds);

/* One line as reason phrase and body, `no-store`. */
void gw_respond_text(struct ch_http_request *r, int status, struct ch_str text);
void gw_respond_body(struct ch_http_request *r, int status, struct ch_str content_type,
                     struct ch_str body);
void gw_respond_starting(struct ch_http_request *r); /* 503 with Retry-After */
/* To another absolute path (and query) of this server; sent relative to the one that was asked for. */
void gw_respond_redirect(struct ch_http_request *r, int status, struct ch_str path);
/* THE refusal: every file that is not served is refused here. */
void gw_respond_refusal(struct gw *gw, struct ch_http_request *r, const struct ch_refusal *refusal);

/* --- route.c --- */
/* Whether anything here is for people without a token. */
bool gw_anonymous_sees(const struct gw *gw, const struct ch_http_request *r);
void gw_route(struct ch_http_request *r, void *owner); /* the HTTP core's on_request */

/* --- pages.c --- */
void gw_pages_init(struct gw *gw);
/* A PROJECT or ROOT. */
void gw_pages_request(struct gw *gw, struct ch_http_request *r, struct gw_repository *repo,
                      const struct ch_target *target);

/* --- choices.c --- */
/* The format and coding of a page that the headers of `r` want most. False: none is acceptable (406). */
bool gw_choose(struct gw *gw, struct ch_http_request *r, const struct ch_ecosystem *eco,
               size_t *ret_format, enum gw_encoding *ret_encoding);

/* --- files.c --- */
void gw_files_init(struct gw *gw);
void gw_files_done(struct gw *gw);
void gw_files_request(struct gw *gw, struct ch_http_request *r, struct gw_repository *repo,
                      const struct ch_target *target);
void gw_file_unref(struct gw_file *file);
/* Tells the keeper that bytes of `file` went out. */
/* --- served.c --- */
void gw_served_init(struct gw *gw);
void gw_served_done(struct gw *gw);
void gw_served_add(struct gw *gw, const struct ch_served *served); /* its number is given here */
void gw_served_kept(struct gw *gw, struct ch_str payload); /* CH_MSG_SERVED_KEPT */
void gw_served_new_keeper(struct gw *gw);
/* --- files.c --- */
void gw_file_tell_served(struct gw *gw, const struct gw_file *file, const struct ch_http_access *a);

/* --- documents.c: what is signed, and keys --- */
/* "x.whl.vsa.json" asks for a part of "x.whl"; false: it is a name of its own. */
bool gw_document_part(struct ch_str name, struct ch_str *ret_of, enum ch_part *ret_part);
struct ch_str gw_document_type(enum ch_part part);
void gw_respond_document(struct ch_http_request *r, struct ch_str type, struct ch_str body);
/* Below /-/; false: no such address. */
bool gw_documents_request(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v);

/* --- special.c: /-/... and / --- */
void gw_special_request(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v);
void gw_special_root(struct gw *gw, struct ch_http_request *r);

/* Entries of the audit log, for a caller who may read them; the keeper looks again. */
void gw_documents_entries(struct gw *gw, struct ch_http_request *r, uint64_t bundle, uint32_t width);

/* --- exception.c: /-/x/ID, the page of a refusal, and what is asked for on it --- */
bool gw_is_exception(const struct ch_http_view *v);
void gw_exception_request(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v);

/* --- audit.c: /-/audit/... --- */
struct gw_audit *gw_audit_new(int folder_fd); /* stays the caller's */
void gw_audit_free(struct gw_audit *a);
void gw_audit_request(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v);

/* One of the configuration that is in force; NULL: none has this name. */
struct gw_repository *gw_find_repository(const struct gw *gw, struct ch_str name);

/* One line for whoever runs the gateway: what should not happen and what it cost. */
void gw_complain(const char *event, struct ch_str what, const struct ch_err *err);

/* Whether ALLOWs hold at all at this time, ch_now_boot_ms() read just before: the keeper has written the
 * page and its lease lies ahead (T11). */
bool gw_lease_valid(const struct gw *gw, uint64_t now_boot_ms);

#endif
