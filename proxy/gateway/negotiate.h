/* What a client prefers. Spec: RFC 9110 sections 12.4.2 (weights), 12.5.1 (Accept), 12.5.3
 * (Accept-Encoding). Malformed parts of a list are passed over. */
#ifndef CH_GATEWAY_NEGOTIATE_H
#define CH_GATEWAY_NEGOTIATE_H

#include "customhouse/bytes.h"

enum gw_encoding { GW_IDENTITY = 0, GW_GZIP, GW_ZSTD, GW_ENCODING_COUNT };

/* How much `accept` (joined lines; absent: anything) wants a media type: 0 to 1000, the most specific
 * range decides. `type` is without parameters. */
unsigned gw_accept_weight(struct ch_str accept, struct ch_str type);

/* The best of several comma-separated lists of media types: the highest weight, then the first. False:
 * none is acceptable (406). */
bool gw_accept_best(struct ch_str accept, const char *const *lists, size_t count, size_t *ret_index);

/* The coding that the client wants most and we have ready; zstd before gzip where it does not care.
 * Absent, or nothing we know: identity. */
enum gw_encoding gw_accept_encoding(struct ch_str accept_encoding);
const char *gw_encoding_name(enum gw_encoding encoding); /* "gzip"; NULL for identity */

#endif
