/* What somebody sends who asks for an exception: a form, or JSON. Strict: what is not exactly one of
 * both is refused, nothing is repaired. Pure.
 *
 * Spec: application/x-www-form-urlencoded as the URL standard serialises it; RFC 8259 for an object of
 * strings. */
#ifndef CH_GATEWAY_REQUEST_BODY_H
#define CH_GATEWAY_REQUEST_BODY_H

#include "customhouse/bytes.h"

struct gw_request_body {
    struct ch_buf reason;
    struct ch_buf expires; /* empty: not given */
};
void gw_request_body_init(struct gw_request_body *b);
void gw_request_body_done(struct gw_request_body *b);

/* Members "reason", which must be there and not be empty, and "expires", each once. Values are one line
 * of UTF-8. NULL: good; else what is wrong, for people. */
const char *gw_request_body_form(struct ch_str text, struct gw_request_body *ret);
const char *gw_request_body_json(struct ch_str text, struct gw_request_body *ret);

#endif
