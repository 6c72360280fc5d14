/* From a request to its operation: path, method, credentials, form of the body. */
#include "admin_int.h"

#include "customhouse/limits.h"
#include "parameters.h"
#include "proxy/front/credentials.h"

static void document(struct ch_http_request *r)
{
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    operations_document(&b);
    respond_json(r, &b);
}

static bool is_path(const struct ch_http_view *v, struct ch_str path)
{
    return ch_str_eq(v->path, path) && (v->method == CH_HTTP_GET || v->method == CH_HTTP_HEAD);
}

static void unknown(struct ch_http_request *r, struct ch_str allowed)
{
    if (allowed.len == 0) {
        respond_problem(
            r, 404,
            CH_STR("there is no such path; /api/v1/openapi.json describes those there are"));
        return;
    }
    const struct ch_http_header headers[] = {{CH_STR("Allow"), allowed},
                                             {CH_STR("Cache-Control"), CH_STR("no-store")}};
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 405,
                           .content_type = CH_STR("application/problem+json"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = CH_STR("{\"title\":\"Not a method of this\",\"status\":405,"
                                          "\"detail\":\"see Allow\"}\n"),
                       });
}

static bool is_json(struct ch_str content_type)
{
    size_t end = content_type.len;
    CH_IGNORE(ch_str_find_char(content_type, ';', &end));
    return ch_str_eq_nocase(ch_str_trim(ch_str_sub(content_type, 0, end)),
                            CH_STR("application/json"));
}

/* 0: the body, or its absence, is of the right form. A browser that was lured here cannot send JSON
 * without asking first (Fetch, "CORS-safelisted"), and is never told that it may. */
static int body_fault(struct ch_http_request *r, const struct operation *o)
{
    const struct ch_http_view *v = ch_http_view(r);
    if (!operation_has_body(o)) {
        return v->has_body && (!v->has_content_length || v->content_length > 0) ? 400 : 0;
    }
    if (!v->has_body || (v->has_content_length && v->content_length == 0)) {
        return 400;
    }
    if (v->has_content_length && v->content_length > ch_limits.admin_body_bytes) {
        return 413;
    }
    return is_json(ch_http_header(r, CH_STR("content-type"))) ? 0 : 415;
}

static struct ch_str fault_text(int status, const struct operation *o)
{
    switch (status) {
    case 413:
        return CH_STR("longer than admin_body_bytes");
    case 415:
        return CH_STR("expected Content-Type: application/json");
    default:
        return operation_has_body(o) ? CH_STR("body: expected a JSON object")
                                     : CH_STR("body: this operation takes none");
    }
}

/* False: 401 was answered. */
static bool credentials(struct admin *a, struct ch_http_request *r, struct ch_sha256 *ret)
{
    struct ch_buf scratch;
    struct ch_hash *hash = ch_hash_new();
    ch_buf_init(&scratch, 4096);
    enum front_credentials have =
        front_credentials_read(ch_http_view(r)->authorization, &scratch, hash, ret);
    ch_buf_done(&scratch);
    ch_hash_free(hash);
    if (have == FRONT_CREDENTIALS_BAD) {
        admin_sign_in_failed(a, r, CH_SIGN_IN_MALFORMED, NULL);
    }
    if (have != FRONT_CREDENTIALS_TOKEN) {
        respond_problem(
            r, 401,
            have == FRONT_CREDENTIALS_NONE
                ? CH_STR("expected a token for administration, as Bearer or as password of Basic")
                : CH_STR("the credentials are malformed: expected Bearer TOKEN, or Basic"));
    }
    return have == FRONT_CREDENTIALS_TOKEN;
}

void admin_route(struct ch_http_request *r, void *owner)
{
    struct admin *a = owner;
    const struct ch_http_view *v = ch_http_view(r);
    struct ch_buf allowed;
    struct ch_sha256 token;
    int fault;
    if (is_path(v, CH_STR("/api/v1/openapi.json"))) {
        document(r);
        return;
    }
    ch_buf_init(&allowed, 256);
    const struct operation *o = operation_find(v, &allowed);
    if (o == NULL) {
        unknown(r, ch_buf_str(&allowed));
    } else if (!credentials(a, r, &token)) {
        ; /* 401 */
    } else if (!admin_token_may(a, &token, v->peer)) {
        admin_sign_in_failed(a, r, CH_SIGN_IN_NOT_TRIED, &token);
        respond_problem(r, 429,
                        CH_STR("too many wrong tokens came from your address, wait a moment"));
    } else if ((fault = body_fault(r, o)) != 0) {
        respond_problem(r, fault, fault_text(fault, o));
    } else {
        pending_start(a, r, o, &token);
    }
    ch_buf_done(&allowed);
}
