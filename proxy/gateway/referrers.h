/* What is signed of images, as clients of registries ask for it: referrers, cosign's tag, and what
 * these name by digest. The keeper makes it; nothing of it is kept here. */
#ifndef CH_GATEWAY_REFERRERS_H
#define CH_GATEWAY_REFERRERS_H

#include "gateway_int.h"

/* True: the list of referrers was asked for with a query that cannot be read, or, where nothing is
 * pushed, of a type that none of ours has, and that is answered. */
bool gw_referrers_filtered(struct ch_http_request *r, const struct ch_target *target, bool hosted);
/* The one type that is asked for; nothing is appended: of all. */
void gw_referrers_filter(const struct ch_http_request *r, const struct ch_target *target,
                         struct ch_buf *out);
/* The keeper knows of none. True: for the list of referrers that is an empty one, and it is
 * answered. */
bool gw_referrers_none(struct ch_http_request *r, const struct ch_target *target);
/* A document of ours. `digest_header` as of the ecosystem. */
void gw_respond_signed(struct ch_http_request *r, const char *digest_header,
                       const struct ch_file_reply *m);

#endif
