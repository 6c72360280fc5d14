#include "gateway_int.h"

static const struct ch_http_header no_store = {{"Cache-Control", 13}, {"no-store", 8}};
static const struct ch_http_header nosniff = {{"X-Content-Type-Options", 22}, {"nosniff", 7}};

void gw_respond_body(struct ch_http_request *r, int status, struct ch_str content_type,
                     struct ch_str body)
{
    const struct ch_http_header headers[] = {no_store, nosniff};
    ch_http_respond(r, &(struct ch_http_response){
                           .status = status,
                           .content_type = content_type,
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = body,
                           .body_copy = true,
                       });
}

void gw_respond_text(struct ch_http_request *r, int status, struct ch_str text)
{
    const struct ch_http_header headers[] = {no_store, nosniff, {CH_STR("Allow"), CH_STR("GET, HEAD")}};
    struct ch_buf line;
    ch_buf_init(&line, 8 * ch_limits.text_bytes);
    ch_buf_put_printable(&line, ch_str_sub(text, 0, (size_t)ch_limits.text_bytes));
    struct ch_str reason = ch_str_sub(ch_buf_str(&line), 0, GW_REASON_MAX);
    ch_buf_putc(&line, '\n');
    ch_http_respond(r, &(struct ch_http_response){
                           .status = status,
                           .reason = reason,
                           .content_type = CH_STR("text/plain; charset=utf-8"),
                           .headers = headers,
                           .header_count = status == 405 ? 3 : 2,
                           .body = ch_buf_str(&line),
                           .body_copy = true,
                       });
    ch_buf_done(&line);
}

void gw_respond_starting(struct ch_http_request *r)
{
    static const struct ch_http_header headers[] = {
        {{"Cache-Control", 13}, {"no-store", 8}},
        {{"Retry-After", 11}, {"2", 1}}, /* pip and uv try some times by themselves */
    };
    static const char text[] = "The service is starting, try again in a few seconds";
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 503,
                           .reason = CH_STR(text),
                           .content_type = CH_STR("text/plain; charset=utf-8"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = CH_STR(text),
                       });
}

void gw_respond_redirect(struct ch_http_request *r, int status, struct ch_str location)
{
    /* A moved page stays moved; a hop of waiting must never be remembered. */
    const struct ch_http_header headers[] = {{CH_STR("Location"), location}, no_store};
    ch_http_respond(r, &(struct ch_http_response){
                           .status = status,
                           .headers = headers,
                           .header_count = status == 301 ? 1 : 2,
                       });
}

void gw_respond_refusal(struct gw *gw, struct ch_http_request *r, const struct ch_refusal *refusal)
{
    struct gw_refusal_text text;
    gw_refusal_build(refusal, ch_str_of(gw->origin), &text);
    const struct ch_http_header headers[] = {no_store};
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 403,
                           .reason = ch_str_of(text.reason),
                           /* Exactly this: uv compares for equality before it shows the text. */
                           .content_type = CH_STR("application/problem+json"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = ch_buf_str(&text.body),
                           .body_copy = true,
                       });
    gw_refusal_done(&text);
}
