/* Spec: OCI distribution 1.1, "Listing Referrers": an image without any has an empty list, whether
 * or not it is known; of the one filter there is, artifactType, the answer says that it was
 * applied. */
#include "referrers.h"

#include <stdlib.h>

#include "artifact.h"

/* Of all that we write (db/signing/image.c). */
#define ARTIFACT_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define INDEX_TYPE    "application/vnd.oci.image.index.v1+json"
#define FILTER        "artifactType"

static bool is_list(const struct ch_http_request *r, const struct ch_target *target)
{
    const struct ch_http_view *v = ch_http_view(r);
    return target->part == CH_PART_REFERRERS && v->segment_count > 2 &&
           ch_str_eq(v->segments[v->segment_count - 2], CH_STR("referrers"));
}

/* Absent: it was not asked for. */
static enum ch_code read_filter(const struct ch_http_request *r, struct ch_buf *out,
                                bool *ret_given, struct ch_err *err)
{
    *ret_given = false;
    return ch_http_view(r)->query.len == 0 ? CH_OK
                                           : ch_http_query(r, CH_STR(FILTER), out, ret_given, err);
}

static void respond(struct ch_http_request *r, const struct gw_artifact *a, bool filtered,
                    struct ch_str body)
{
    struct ch_http_header headers[GW_ARTIFACT_HEADERS + 1];
    size_t count = 0;
    for (; count < a->header_count; count++) {
        headers[count] = a->headers[count];
    }
    if (filtered) {
        headers[count++] = (struct ch_http_header){CH_STR("OCI-Filters-Applied"), CH_STR(FILTER)};
    }
    char *copy = ch_str_dup(body);
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 200,
                           .content_type = a->type,
                           .etag = ch_str_of(a->etag),
                           .headers = headers,
                           .header_count = count,
                           .body = {copy, body.len},
                           .body_release = free,
                           .body_owner = copy,
                       });
}

static void respond_empty(struct ch_http_request *r, bool filtered)
{
    const struct ch_sha256 none = {{0}};
    struct gw_artifact a;
    gw_artifact_describe(NULL, &none, CH_STR(INDEX_TYPE), (struct ch_str){NULL, 0}, &a);
    respond(r, &a, filtered,
            CH_STR("{\"schemaVersion\":2,\"mediaType\":\"" INDEX_TYPE "\",\"manifests\":[]}"));
}

bool gw_referrers_filtered(struct ch_http_request *r, const struct ch_target *target, bool hosted)
{
    struct ch_buf type;
    struct ch_err err;
    bool given = false, answered = false;
    if (!is_list(r, target)) {
        return false;
    }
    ch_buf_init(&type, ch_limits.text_bytes);
    if (read_filter(r, &type, &given, &err) != CH_OK) {
        gw_respond_text(r, 400, ch_str_of(err.msg));
        answered = true;
    } else if (given && type.len > ch_limits.client_text_bytes) {
        gw_respond_text(r, 400, CH_STR("artifactType: no type is so long"));
        answered = true;
    } else if (given && !hosted && !ch_str_eq(ch_buf_str(&type), CH_STR(ARTIFACT_TYPE))) {
        respond_empty(r, true);
        answered = true;
    }
    ch_buf_done(&type);
    return answered;
}

void gw_referrers_filter(const struct ch_http_request *r, const struct ch_target *target,
                         struct ch_buf *out)
{
    bool given;
    if (is_list(r, target)) {
        CH_IGNORE(read_filter(r, out, &given, NULL)); /* it was read before */
    }
}

bool gw_referrers_none(struct ch_http_request *r, const struct ch_target *target)
{
    struct ch_buf type;
    bool given = false;
    if (!is_list(r, target)) {
        return false;
    }
    ch_buf_init(&type, ch_limits.text_bytes);
    CH_IGNORE(read_filter(r, &type, &given, NULL));
    respond_empty(r, given);
    ch_buf_done(&type);
    return true;
}

void gw_respond_signed(struct ch_http_request *r, const char *digest_header,
                       const struct ch_file_reply *m)
{
    struct ch_buf type;
    struct gw_artifact a;
    bool given = false;
    ch_buf_init(&type, ch_limits.text_bytes);
    struct ch_http_view const *v = ch_http_view(r);
    bool list =
        v->segment_count > 2 && ch_str_eq(v->segments[v->segment_count - 2], CH_STR("referrers"));
    if (list) {
        CH_IGNORE(read_filter(r, &type, &given, NULL));
    }
    gw_artifact_describe(list ? NULL : digest_header, &m->sha256, m->media_type,
                         (struct ch_str){NULL, 0}, &a);
    respond(r, &a, given, m->body);
    ch_buf_done(&type);
}
