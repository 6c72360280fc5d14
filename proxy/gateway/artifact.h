/* What an answer says of the artifact in it: type, ETag, headers. Pure. */
#ifndef CH_GATEWAY_ARTIFACT_H
#define CH_GATEWAY_ARTIFACT_H

#include "gateway_int.h"

#define GW_ARTIFACT_HEADERS 4

struct gw_artifact {
    struct ch_str type;            /* Content-Type */
    char etag[CH_SHA256_HEX + 16]; /* "" where the digest is not known */
    char digest[sizeof("sha512:") + 2 * CH_ALIAS_MAX_BYTES];
    struct ch_http_header headers[GW_ARTIFACT_HEADERS]; /* borrow from `digest` and the arguments */
    size_t header_count;
};

/* `digest_header` (ch_ecosystem) NULL: its clients are told no digest. `media_type` absent: bytes.
 * `asked`: as what it was asked for: who did so by another digest is told that one
 * (distribution 1.1, "Pulling manifests"). */
void gw_artifact_describe(const char *digest_header, const struct ch_sha256 *sha256,
                          struct ch_str media_type, struct ch_str asked, struct gw_artifact *ret);
/* The digest by sha512 that a text ends in; absent: it does not. */
struct ch_str gw_artifact_alias(struct ch_str text);

#endif
