/* What people and programs read when a file is refused: one builder for all of it.
 *
 * Spec: RFC 9457 (problem+json); which client shows which part: reason phrase pip, poetry, pdm, pixi;
 * "title" and "detail" uv; "message" and "detail" conda. */
#ifndef CH_GATEWAY_REFUSAL_H
#define CH_GATEWAY_REFUSAL_H

#include "customhouse/message.h"

#define GW_REASON_MAX 200 /* what every client shows on one line */

struct gw_refusal_text {
    char reason[GW_REASON_MAX + 1]; /* printable ASCII; the link comes last */
    struct ch_buf body;             /* problem+json */
};

/* `origin` ("https://gw.example.org", without a slash; empty: unknown, links are paths) comes from the
 * configuration, never from a request. The caller ends it with gw_refusal_done. */
void gw_refusal_build(const struct ch_refusal *refusal, struct ch_str user_agent, struct ch_str origin,
                      struct gw_refusal_text *ret);
void gw_refusal_done(struct gw_refusal_text *text);

/* A problem in all members that some client shows. */
struct gw_problem {
    struct ch_str type; /* a URL, or "about:blank" */
    struct ch_str title;
    int status;
    struct ch_str instance; /* absent: none */
    struct ch_str sentence; /* detail, message, error, and the message of `code` */
    struct ch_str reason;   /* absent: none */
    const char *code;       /* as clients of registries read it */
};

/* Appends it as one JSON object. */
void gw_put_problem(struct ch_buf *body, const struct gw_problem *p);
/* Appends the member of it that clients of registries read. Spec: OCI distribution 1.1, "Error Codes". */
void gw_put_errors(struct ch_buf *body, const char *code, struct ch_str message);

/* "2026-11-29 10:00 UTC" */
void gw_put_minute(struct ch_buf *b, int64_t at_us);

/* What /-/x/ID shows (refusal_page.c): text and HTML for people, JSON for programs. */
void gw_refusal_page_text(const struct ch_refusal_reply *reply, struct ch_buf *out);
void gw_refusal_page_html(const struct ch_refusal_reply *reply, struct ch_buf *out);
void gw_refusal_page_json(const struct ch_refusal_reply *reply, struct ch_buf *out);

#endif
