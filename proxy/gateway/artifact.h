/* What an answer says of the artifact in it: type, ETag, headers. Pure. */
#ifndef CH_GATEWAY_ARTIFACT_H
#define CH_GATEWAY_ARTIFACT_H

#include "gateway_int.h"

#define GW_ARTIFACT_HEADERS 4

struct gw_artifact {
    struct ch_str type;            /* Content-Type */
    char etag[CH_SHA256_HEX + 16]; /* "" where the digest is not known */
    char digest[sizeof("sha256:") + CH_SHA256_HEX];
    struct ch_http_header headers[GW_ARTIFACT_HEADERS]; /* borrow from `digest` and the arguments */
    size_t header_count;
};

/* `digest_header` (ch_ecosystem) NULL: its clients are told no digest. `media_type` absent: bytes.
 */
void gw_artifact_describe(const char *digest_header, const struct ch_sha256 *sha256,
                          struct ch_str media_type, struct gw_artifact *ret);

#endif
