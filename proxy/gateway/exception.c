/* /-/x/ID: the page of a refusal, and the request for an exception that is made on it.
 *
 * A request is the one thing that a client can have written down, and it grants nothing (T21). It needs
 * the refusal's ID, which is unguessable; a browser sends it from our own page only; the keeper bounds how
 * many there are. */
#include "gateway_int.h"

#include <stdlib.h>

#include "request_body.h"

enum page_type { PAGE_TEXT = 0, PAGE_JSON, PAGE_HTML };

struct exception_wait { /* one request waits for the keeper, or for its own body */
    struct gw_ask ask;
    struct gw *gw;
    struct ch_http_request *request;
    enum page_type type;
    char id[65];
    struct ch_buf body;
};

static void end(struct exception_wait *w)
{
    ch_buf_done(&w->body);
    free(w);
}

static void on_gone(void *arg)
{
    struct exception_wait *w = arg;
    gw_ask_end(w->gw, &w->ask);
    end(w);
}

static struct exception_wait *wait_for(struct gw *gw, struct ch_http_request *r, struct ch_str id)
{
    struct exception_wait *w = ch_calloc(1, sizeof(*w));
    w->gw = gw;
    w->request = r;
    for (size_t i = 0; i < id.len && i + 1 < sizeof(w->id); i++) {
        w->id[i] = id.ptr[i];
    }
    ch_buf_init(&w->body, (size_t)ch_limits.exception_body_bytes);
    ch_http_later(r, on_gone, w);
    return w;
}

/* Ours are URL-safe and short; nothing else goes to the keeper. */
static bool is_refusal_id(struct ch_str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' &&
            c != '_') {
            return false;
        }
    }
    return id.len > 0 && id.len <= 64;
}

bool gw_is_exception(const struct ch_http_view *v)
{
    return v->segment_count == 3 && !v->trailing_slash && ch_str_eq(v->segments[0], CH_STR("-")) &&
           ch_str_eq(v->segments[1], CH_STR("x"));
}

/* ------------------------------------------------------------------ the page */

/* T20: nothing on the page runs, is loaded, or frames it; its form goes to us alone. */
static void respond_html(struct ch_http_request *r, struct ch_str body)
{
    const struct ch_http_header headers[] = {
        {CH_STR("Cache-Control"), CH_STR("no-store")},
        {CH_STR("X-Content-Type-Options"), CH_STR("nosniff")},
        {CH_STR("Content-Security-Policy"),
         CH_STR("default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")},
        {CH_STR("Referrer-Policy"), CH_STR("same-origin")},
    };
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 200,
                           .content_type = CH_STR("text/html; charset=utf-8"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = body,
                           .body_copy = true,
                       });
}

static void on_refusal(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    (void)gw;
    struct exception_wait *w = CH_CONTAINER_OF(ask, struct exception_wait, ask);
    struct ch_refusal_reply m;
    struct ch_err err = {0};
    struct ch_buf out;
    ch_buf_init(&out, 16 * ch_limits.text_bytes);
    if (ch_refusal_reply_get(frame->payload, &m, &err) != CH_OK) {
        gw_respond_text(w->request, 500, ch_str_of(err.msg));
    } else if (!m.found) {
        gw_respond_text(w->request, 404, CH_STR("No refusal has this number, or it is too old"));
    } else if (w->type == PAGE_HTML) {
        gw_refusal_page_html(&m, &out);
        respond_html(w->request, ch_buf_str(&out));
    } else if (w->type == PAGE_JSON) {
        gw_refusal_page_json(&m, &out);
        gw_respond_body(w->request, 200, CH_STR("application/json"), ch_buf_str(&out));
    } else {
        gw_refusal_page_text(&m, &out);
        gw_respond_body(w->request, 200, CH_STR("text/plain; charset=utf-8"), ch_buf_str(&out));
    }
    ch_buf_done(&out);
    end(w);
}

static void on_lost(struct gw *gw, struct gw_ask *ask)
{
    (void)gw;
    struct exception_wait *w = CH_CONTAINER_OF(ask, struct exception_wait, ask);
    gw_respond_text(w->request, 504, CH_STR("The refusal could not be looked up in time, try again"));
    end(w);
}

static void show(struct gw *gw, struct ch_http_request *r, struct ch_str id)
{
    static const char *const types[] = {[PAGE_TEXT] = "text/plain",
                                        [PAGE_JSON] = "application/json,application/problem+json",
                                        [PAGE_HTML] = "text/html"};
    size_t best = PAGE_TEXT;
    struct exception_wait *w = wait_for(gw, r, id);
    gw_accept_best(ch_http_header(r, CH_STR("accept")), types, CH_ARRAY_LEN(types), &best);
    w->type = (enum page_type)best;
    gw_ask_prepare(gw, &w->ask, CH_MSG_ASK_REFUSAL);
    w->ask.reply_type = CH_MSG_REFUSAL;
    w->ask.on_reply = on_refusal;
    w->ask.on_lost = on_lost;
    ch_ask_refusal_put(&w->ask.payload, &(struct ch_ask_refusal){w->ask.id, id});
    gw_ask_send(gw, &w->ask, ch_limits.gateway_file_wait_ms);
}

/* ------------------------------------------------------------------ the request */

static void respond_asked(struct exception_wait *w, const struct ch_exception_reply *m)
{
    struct ch_buf out;
    ch_buf_init(&out, 256);
    if (w->type == PAGE_JSON) {
        ch_buf_printf(&out, "{\"exception\":%llu,\"joined\":%s}\n", (unsigned long long)m->exception,
                      m->http_status == 200 ? "true" : "false");
        gw_respond_body(w->request, (int)m->http_status, CH_STR("application/json"), ch_buf_str(&out));
    } else { /* reloading what comes now asks for nothing */
        ch_buf_printf(&out, "/-/x/%s", w->id);
        gw_respond_redirect(w->request, 303, ch_buf_str(&out));
    }
    ch_buf_done(&out);
}

static void on_exception(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    (void)gw;
    struct exception_wait *w = CH_CONTAINER_OF(ask, struct exception_wait, ask);
    struct ch_exception_reply m;
    struct ch_err err = {0};
    if (ch_exception_reply_get(frame->payload, &m, &err) != CH_OK) {
        gw_respond_text(w->request, 500, ch_str_of(err.msg));
    } else if (m.http_status == 200 || m.http_status == 201) {
        respond_asked(w, &m);
    } else if (m.http_status == 401) {
        gw_respond_unauthorized(w->gw, w->request, false);
    } else {
        bool error = m.http_status >= 400 && m.http_status <= 599;
        gw_respond_text(w->request, error ? (int)m.http_status : 500, m.text);
    }
    end(w);
}

static void send_request(struct exception_wait *w)
{
    struct ch_http_request *r = w->request;
    struct gw_request_body b;
    gw_request_body_init(&b);
    const char *wrong = w->type == PAGE_JSON ? gw_request_body_json(ch_buf_str(&w->body), &b)
                                             : gw_request_body_form(ch_buf_str(&w->body), &b);
    if (wrong != NULL) {
        gw_respond_text(r, 400, ch_str_of(wrong));
        end(w);
    } else {
        gw_ask_prepare(w->gw, &w->ask, CH_MSG_ASK_EXCEPTION);
        w->ask.reply_type = CH_MSG_EXCEPTION;
        w->ask.on_reply = on_exception;
        w->ask.on_lost = on_lost;
        ch_ask_exception_put(&w->ask.payload,
                             &(struct ch_ask_exception){.ask = w->ask.id,
                                                        .id = ch_str_of(w->id),
                                                        .reason = ch_str_trim(ch_buf_str(&b.reason)),
                                                        .expires = ch_str_trim(ch_buf_str(&b.expires)),
                                                        .client = gw_client_of(w->gw, r)});
        gw_ask_send(w->gw, &w->ask, ch_limits.gateway_file_wait_ms);
    }
    gw_request_body_done(&b);
}

static bool on_body(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    struct exception_wait *w = arg;
    (void)r;
    ch_buf_puts(&w->body, piece); /* the core refuses what is longer than it may be */
    if (last) {
        send_request(w);
    }
    return true;
}

/* Another site's page must not ask in a user's name. Browsers say where a request comes from (Fetch
 * Metadata; RFC 6454); programs send neither line. */
static bool is_ours(struct ch_http_request *r)
{
    struct ch_str site = ch_http_header(r, CH_STR("sec-fetch-site"));
    struct ch_str origin = ch_http_header(r, CH_STR("origin"));
    size_t at;
    if (site.len > 0 && !ch_str_eq(site, CH_STR("same-origin")) && !ch_str_eq(site, CH_STR("none"))) {
        return false;
    }
    if (origin.len == 0) {
        return true;
    }
    return (ch_str_starts(origin, CH_STR("http://")) || ch_str_starts(origin, CH_STR("https://"))) &&
           ch_str_find(origin, CH_STR("//"), &at) &&
           ch_str_eq_nocase(ch_str_sub(origin, at + 2, origin.len), ch_http_header(r, CH_STR("host")));
}

/* The media type without its parameters; false: none that is taken here. */
static bool read_type(struct ch_http_request *r, enum page_type *ret)
{
    struct ch_str rest = ch_http_header(r, CH_STR("content-type")), type = {NULL, 0};
    ch_str_split(&rest, ';', &type);
    type = ch_str_trim(type);
    *ret = ch_str_eq_nocase(type, CH_STR("application/json")) ? PAGE_JSON : PAGE_HTML;
    return *ret == PAGE_JSON ||
           ch_str_eq_nocase(type, CH_STR("application/x-www-form-urlencoded"));
}

/* Without a name, where nothing may be had without one: the keeper says it of each repository, too. */
static bool must_sign_in(const struct gw *gw, const struct ch_http_request *r)
{
    struct ch_repositories may;
    gw_pull_list(gw, r, &may);
    return gw_caller_of(gw, r) == gw->anonymous && may.count == 0;
}

static void ask_for(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v)
{
    struct ch_err err;
    enum page_type type;
    if (!is_ours(r)) {
        gw_respond_text(r, 403, CH_STR("An exception is asked for on the page of its refusal, not from "
                                       "another site"));
    } else if (must_sign_in(gw, r)) {
        gw_respond_unauthorized(gw, r, false);
    } else if (!v->has_content_length) {
        gw_respond_text(r, 411, CH_STR("The request needs a Content-Length"));
    } else if (v->content_length > ch_limits.exception_body_bytes) {
        gw_respond_text(r, 413, CH_STR("The request is too large"));
    } else if (!read_type(r, &type)) {
        gw_respond_text(r, 415, CH_STR("A form (application/x-www-form-urlencoded) or application/json "
                                       "is taken"));
    } else {
        struct exception_wait *w = wait_for(gw, r, v->segments[2]);
        w->type = type;
        if (ch_http_receive(r, ch_limits.exception_body_bytes, on_body, w, &err) != CH_OK) {
            gw_respond_text(r, 413, ch_str_of(err.msg));
            end(w);
        }
    }
}

void gw_exception_request(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v)
{
    if (!is_refusal_id(v->segments[2])) {
        gw_respond_text(r, 404, CH_STR("No refusal has this number"));
    } else if (v->method == CH_HTTP_POST) {
        ask_for(gw, r, v);
    } else {
        show(gw, r, v->segments[2]);
    }
}
