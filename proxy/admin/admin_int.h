/* Inside the administrative interface. */
#ifndef PROXY_ADMIN_ADMIN_INT_H
#define PROXY_ADMIN_ADMIN_INT_H

#include "admin.h"

#include "customhouse/channel.h"
#include "operations.h"
#include "proxy/front/failures.h"
#include "proxy/front/guesses.h"

/* One request that waits: for its body, then for the keeper. */
struct pending {
    struct pending *next;
    struct admin *admin;
    struct ch_http_request *request;
    const struct operation *operation;
    struct ch_sha256 token;
    struct ch_buf body;
    struct ch_buf answer; /* of the keeper, so far */
    uint64_t ask;         /* 0: the keeper was not asked yet */
    uint64_t deadline_ms; /* of its answer */
};

struct admin {
    struct front_single front;
    struct front_guesses guesses;
    struct front_failures failures;
    struct ch_lru good; /* digests of tokens that were good */
    struct pending *pending;
    size_t body_bytes; /* of all that is being received */
    uint64_t last_ask;
    struct ch_timer sweep; /* while something is pending */
};

/* route.c */
void admin_route(struct ch_http_request *r, void *owner);

/* ask.c: what the keeper is asked, and answers. */
void pending_start(struct admin *a, struct ch_http_request *r, const struct operation *o,
                   const struct ch_sha256 *token);
void pending_init(struct admin *a);
void pending_frame(struct admin *a, struct ch_frame *frame);
void pending_lost(struct admin *a); /* the keeper is gone: each that was asked gets 503 */

/* tokens.c */
void admin_tokens_init(struct admin *a);
void admin_tokens_done(struct admin *a);
/* Whether the keeper is asked about it: one that was good, or whose client has not guessed too
 * much. */
bool admin_token_may(struct admin *a, const struct ch_sha256 *token, struct ch_str peer);
void admin_token_wrong(struct admin *a, const struct ch_sha256 *token, struct ch_str peer);
void admin_token_good(struct admin *a, const struct ch_sha256 *token);
/* One more for the audit log. `token`: NULL: there is none. */
void admin_sign_in_failed(struct admin *a, const struct ch_http_request *r,
                          enum ch_sign_in_fault fault, const struct ch_sha256 *token);

/* respond.c */
void respond_problem(struct ch_http_request *r, int status, struct ch_str detail);
void respond_json(struct ch_http_request *r, struct ch_buf *body); /* takes over what is in it */
void respond_none(struct ch_http_request *r);

#endif
