/* A part of an index page, where its ecosystem has parts (ch_ecosystem.render_part): `n`, how many,
 * and `last`, behind which, in the query. Spec: OCI distribution 1.1, "Listing Tags"; RFC 8288 for
 * the address of the next part. */
#ifndef CH_GATEWAY_PAGE_PART_H
#define CH_GATEWAY_PAGE_PART_H

#include "gateway_int.h"

/* Answers a request for a part of `content`, the keeper's page. False: it asks for the whole. */
bool gw_page_part(struct ch_http_request *r, const struct ch_ecosystem *eco, struct ch_str content);

#endif
