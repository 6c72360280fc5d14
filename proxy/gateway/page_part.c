#include "page_part.h"

#include <inttypes.h>
#include <stdlib.h>

struct part {
    struct ch_buf last; /* "": from the beginning */
    uint64_t most;
};

/* False: it cannot be read; *err says why. *ret_given: one of the two is there. */
static enum ch_code read_query(const struct ch_http_request *r, struct part *p, bool *ret_given,
                               struct ch_err *err)
{
    struct ch_buf n;
    bool counted = false, after = false;
    ch_buf_init(&n, 32);
    enum ch_code rc = ch_http_query(r, CH_STR("n"), &n, &counted, err);
    rc = rc == CH_OK ? ch_http_query(r, CH_STR("last"), &p->last, &after, err) : rc;
    if (rc == CH_OK && counted && !ch_str_u64(ch_buf_str(&n), &p->most)) {
        rc = ch_fail(err, CH_E_USAGE, "n: expected a number");
    }
    *ret_given = counted || after;
    ch_buf_done(&n);
    return rc;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

static void put_encoded(struct ch_buf *b, struct ch_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (is_plain(text.ptr[i])) {
            ch_buf_putc(b, text.ptr[i]);
        } else {
            ch_buf_printf(b, "%%%02X", (unsigned)(unsigned char)text.ptr[i]);
        }
    }
}

/* </PATH?n=N&last=LAST>; rel="next": the same address, with what else the query says of whose it
 * is. */
static void put_link(struct ch_buf *b, const struct ch_http_request *r, uint64_t most,
                     struct ch_str next)
{
    const struct ch_http_view *v = ch_http_view(r);
    struct ch_buf ns;
    bool given = false;
    ch_buf_init(&ns, ch_limits.text_bytes);
    CH_IGNORE(
        ch_http_query(r, CH_STR("ns"), &ns, &given, NULL)); /* it was read before (registry.c) */
    ch_buf_putc(b, '<');
    for (size_t i = 0; i < v->segment_count; i++) {
        ch_buf_putc(b, '/');
        put_encoded(b, v->segments[i]);
    }
    ch_buf_printf(b, "?n=%" PRIu64 "&last=", most);
    put_encoded(b, next);
    if (given) {
        ch_buf_puts(b, CH_STR("&ns="));
        put_encoded(b, ch_buf_str(&ns));
    }
    ch_buf_puts(b, CH_STR(">; rel=\"next\""));
    ch_buf_done(&ns);
}

static void respond(struct ch_http_request *r, const struct ch_ecosystem *eco, const struct part *p,
                    const struct ch_page *page)
{
    struct ch_buf body, link;
    struct ch_str next;
    struct ch_err err = {0};
    ch_buf_init(&body, ch_limits.gateway_page_bytes);
    ch_buf_init(&link, 4 * ch_limits.url_bytes);
    if (eco->render_part(page, ch_buf_str(&p->last), p->most, &body, &next, &err) != CH_OK) {
        gw_respond_text(r, 500, ch_str_of(err.msg));
        ch_buf_done(&body);
        ch_buf_done(&link);
        return;
    }
    if (next.len > 0) {
        put_link(&link, r, p->most, next);
    }
    const struct ch_http_header headers[] = {
        {CH_STR("Cache-Control"), CH_STR("private, no-cache")},
        {CH_STR("X-Content-Type-Options"), CH_STR("nosniff")},
        {CH_STR("Link"), ch_buf_str(&link)},
    };
    ch_http_respond(
        r, &(struct ch_http_response){
               .status = 200,
               .content_type = ch_str_of(eco->formats[0].media_type),
               .headers = headers,
               .header_count = CH_ARRAY_LEN(headers) - (link.len == 0 || link.failed ? 1 : 0),
               .body = ch_buf_str(&body),
               .body_release = free,
               .body_owner = body.ptr,
           });
    ch_buf_done(&link);
}

bool gw_page_part(struct ch_http_request *r, const struct ch_ecosystem *eco, struct ch_str content)
{
    struct part p = {.most = UINT64_MAX};
    struct ch_page page;
    struct ch_err err;
    bool given = false;
    if (eco->render_part == NULL) {
        return false;
    }
    ch_buf_init(&p.last, ch_limits.text_bytes);
    enum ch_code rc = read_query(r, &p, &given, &err);
    if (rc != CH_OK) {
        gw_respond_text(r, 400, ch_str_of(err.msg));
    } else if (given) {
        rc = ch_page_get(content, &page, &err);
        if (rc == CH_OK) {
            respond(r, eco, &p, &page);
            ch_page_done(&page);
        } else {
            gw_respond_text(r, 500, ch_str_of(err.msg));
        }
    }
    ch_buf_done(&p.last);
    return given || rc != CH_OK;
}
