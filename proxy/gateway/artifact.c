#include "artifact.h"

#include <stdio.h>

/* T20: bytes from outside never get a type that a browser would act on; private and no-cache: each
 * use asks us again. */
static const struct ch_http_header always[] = {
    {{"Cache-Control", 13}, {"private, no-cache", 17}},
    {{"X-Content-Type-Options", 22}, {"nosniff", 7}},
    {{"Content-Security-Policy", 23}, {"sandbox", 7}},
};
_Static_assert(CH_ARRAY_LEN(always) < GW_ARTIFACT_HEADERS, "room for the digest");

struct ch_str gw_artifact_alias(struct ch_str text)
{
    const struct ch_str prefix = CH_STR("sha512:");
    size_t len = prefix.len + 2 * CH_ALIAS_MAX_BYTES;
    struct ch_str end = text.len >= len ? ch_str_sub(text, text.len - len, len) : text;
    struct ch_alias alias;
    return end.len == len && ch_str_starts(end, prefix) &&
                   ch_alias_from_hex(CH_HASH_SHA512, ch_str_sub(end, prefix.len, len), &alias)
               ? end
               : (struct ch_str){NULL, 0};
}

void gw_artifact_describe(const char *digest_header, const struct ch_sha256 *sha256,
                          struct ch_str media_type, struct ch_str asked, struct gw_artifact *ret)
{
    struct ch_str alias = gw_artifact_alias(asked);
    char hex[CH_SHA256_HEX + 1];
    *ret = (struct gw_artifact){.type = media_type.len > 0 ? media_type
                                                           : CH_STR("application/octet-stream")};
    for (; ret->header_count < CH_ARRAY_LEN(always); ret->header_count++) {
        ret->headers[ret->header_count] = always[ret->header_count];
    }
    if (ch_sha256_is_zero(sha256)) {
        return;
    }
    ch_sha256_hex(sha256, hex);
    (void)snprintf(ret->etag, sizeof(ret->etag), "\"sha256-%s\"", hex);
    if (digest_header != NULL) {
        if (alias.len == 0) {
            (void)snprintf(ret->digest, sizeof(ret->digest), "sha256:%s", hex);
        } else {
            (void)snprintf(ret->digest, sizeof(ret->digest), "%.*s", CH_STR_ARG(alias));
        }
        ret->headers[ret->header_count++] =
            (struct ch_http_header){ch_str_of(digest_header), ch_str_of(ret->digest)};
    }
}
