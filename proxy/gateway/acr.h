/* /acr/v1/REPOSITORY/NAME/_manifests/DIGEST: what is known of an image in quarantine, and what an
 * external scanner says of it. As Azure Container Registry has it, so that scanners that know that
 * need nothing else.
 *
 * Source: Azure/acr, docs/preview/quarantine. T8, T21: the keeper looks at each token, and what a
 * scanner says is a fact to it. */
#ifndef CH_GATEWAY_ACR_H
#define CH_GATEWAY_ACR_H

#include "gateway_int.h"

bool gw_is_acr(const struct ch_http_view *v);
/* By whoever has signed in, or nobody. */
void gw_acr_request(struct gw *gw, struct ch_http_request *r);

/* --- acr_body.c --- */

/* What stands in a PATCH. */
struct gw_acr_body {
    enum ch_external verdict;
    struct ch_buf details; /* JSON as it came; empty: none */
    struct ch_buf words;   /* what people read of it: printable ASCII */
};
void gw_acr_body_init(struct gw_acr_body *b);
void gw_acr_body_done(struct gw_acr_body *b);
/* NULL, or what is wrong, with its field. Strict: nothing is repaired, no member may be there that
 * is not known, and none twice. */
const char *gw_acr_body_read(struct ch_str text, struct gw_acr_body *ret);

#endif
