/* Answers. Problems are those of RFC 9457; nothing is kept by anybody on the way. */
#include "admin_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

static const struct ch_http_header no_store = {{"Cache-Control", 13}, {"no-store", 8}};
static const struct ch_http_header nosniff = {{"X-Content-Type-Options", 22}, {"nosniff", 7}};
static const struct ch_http_header challenge = {{"WWW-Authenticate", 16},
                                                {"Basic realm=\"customhouse administration\"", 40}};

static const char *title_of(int status)
{
    switch (status) {
    case 400:
        return "The request is not one of this interface";
    case 401:
        return "Whoever you are, say so";
    case 403:
        return "Not permitted";
    case 404:
        return "Not found";
    case 405:
        return "Not a method of this";
    case 409:
        return "Refused";
    case 413:
        return "The body is too long";
    case 415:
        return "The body is not JSON";
    case 429:
        return "Too many wrong tokens";
    case 503:
        return "The keeper cannot be asked at the moment";
    default:
        return "Failed";
    }
}

void respond_problem(struct ch_http_request *r, int status, struct ch_str detail)
{
    struct ch_http_header headers[] = {no_store, nosniff, challenge};
    char seconds[24];
    struct ch_buf b;
    ch_buf_init(&b, 32 * ch_limits.text_bytes);
    ch_buf_puts(&b, CH_STR("{\"title\":"));
    ch_buf_put_json(&b, ch_str_of(title_of(status)));
    ch_buf_printf(&b, ",\"status\":%d,\"detail\":", status);
    ch_buf_put_json(&b, ch_str_trim(ch_str_sub(detail, 0, (size_t)ch_limits.text_bytes)));
    ch_buf_puts(&b, CH_STR("}\n"));
    if (status == 429) {
        snprintf(seconds, sizeof(seconds), "%llu",
                 (unsigned long long)(1 + ch_limits.gateway_guess_ms / 1000));
        headers[2] = (struct ch_http_header){CH_STR("Retry-After"), ch_str_of(seconds)};
    }
    ch_http_respond(r, &(struct ch_http_response){
                           .status = status,
                           .content_type = CH_STR("application/problem+json"),
                           .headers = headers,
                           .header_count = status == 401 || status == 429 ? 3 : 2,
                           .body = ch_buf_str(&b),
                           .body_copy = true,
                       });
    ch_buf_done(&b);
}

static void free_body(void *body)
{
    struct ch_buf *b = body;
    ch_buf_done(b);
    free(b);
}

void respond_json(struct ch_http_request *r, struct ch_buf *body)
{
    const struct ch_http_header headers[] = {no_store, nosniff};
    struct ch_buf *kept = ch_calloc(1, sizeof(*kept));
    *kept = *body;
    *body = (struct ch_buf){.ptr = NULL};
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 200,
                           .content_type = CH_STR("application/json"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = ch_buf_str(kept),
                           .body_release = free_body,
                           .body_owner = kept,
                       });
}

void respond_none(struct ch_http_request *r)
{
    const struct ch_http_header headers[] = {no_store};
    ch_http_respond(
        r, &(struct ch_http_response){.status = 204, .headers = headers, .header_count = 1});
}
