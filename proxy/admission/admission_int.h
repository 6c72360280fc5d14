/* Inside admission. */
#ifndef PROXY_ADMISSION_ADMISSION_INT_H
#define PROXY_ADMISSION_ADMISSION_INT_H

#include "admission.h"

#include "customhouse/channel.h"
#include "customhouse/message.h"
#include "review.h"

enum question {
    QUESTION_VALIDATE,
    QUESTION_MUTATE,
    QUESTION_PROVIDER,     /* of Gatekeeper's constraints, which let pass or not */
    QUESTION_PROVIDER_PIN, /* of its mutators, which put the answer in the place of what was asked about */
};
static inline bool question_is_provider(enum question q)
{
    return q == QUESTION_PROVIDER || q == QUESTION_PROVIDER_PIN;
}

/* One request that waits: for its body, then for the keeper. */
struct pending {
    struct pending *next;
    struct admission *admission;
    struct ch_http_request *request;
    enum question question;
    char environment[64]; /* PROVIDER: of its path */
    struct ch_buf body;
    struct review review;
    struct provider_request provider;
    uint64_t ask;         /* 0: the keeper was not asked yet */
    uint64_t deadline_ms; /* of its answer */
};

struct admission {
    struct front_single front;
    const struct ch_config *config; /* in force */
    struct pending *pending;
    size_t body_bytes; /* of all that is being received */
    uint64_t last_ask;
    struct ch_timer sweep; /* while something is pending */
};

/* pending.c */
void pending_start(struct admission *a, struct ch_http_request *r, enum question question,
                   struct ch_str environment);
void pending_init(struct admission *a);
void pending_frame(struct admission *a, struct ch_frame *frame);
void pending_lost(struct admission *a); /* the keeper is gone: each that was asked is refused */

#endif
