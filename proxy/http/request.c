/* What handlers ask of a request. */
#include "http_int.h"

#include <stdlib.h>

const struct ch_http_view *ch_http_view(const struct ch_http_request *r)
{
    return &r->conn->parser.view;
}

void ch_http_drop_segments(struct ch_http_request *r, size_t count)
{
    struct ch_http_view *v = &r->conn->parser.view;
    CH_ASSERT(count <= v->segment_count);
    size_t at = 0;
    for (size_t slashes = 0; at < v->path.len && slashes <= count; at++) {
        slashes += v->path.ptr[at] == '/';
        if (slashes > count) {
            break;
        }
    }
    v->path = at < v->path.len ? ch_str_sub(v->path, at, v->path.len) : CH_STR("/");
    v->segments += count;
    v->segment_count -= count;
    v->trailing_slash = v->trailing_slash || v->segment_count == 0;
    v->dropped += count;
}

void ch_http_set_note(struct ch_http_request *r, void *note)
{
    r->conn->note = note;
}

void ch_http_set_caller(struct ch_http_request *r, void *caller)
{
    r->conn->caller = caller;
}

void *ch_http_caller(const struct ch_http_request *r)
{
    return r->conn->caller;
}

uint64_t ch_http_asked_ms(const struct ch_http_request *r)
{
    return r->conn->asked_ms;
}

static struct ch_str join_lines(struct http_conn *c, struct ch_str name, size_t from)
{
    const struct ch_http_view *v = &c->parser.view;
    struct ch_buf all;
    ch_buf_init(&all, 2 * c->server->limits.http_head_bytes); /* ", " is no longer than the name */
    for (size_t i = from; i < v->header_count; i++) {
        if (ch_str_eq_nocase(v->headers[i].name, name)) {
            ch_buf_puts(&all, i == from ? CH_STR("") : CH_STR(", "));
            ch_buf_puts(&all, v->headers[i].value);
        }
    }
    CH_ASSERT(!all.failed);
    struct http_joined *j = ch_alloc(sizeof(*j));
    *j = (struct http_joined){c->joined, all};
    c->joined = j;
    return ch_buf_str(&all);
}

struct ch_str ch_http_header(struct ch_http_request *r, struct ch_str name)
{
    const struct ch_http_view *v = &r->conn->parser.view;
    size_t first = v->header_count;
    for (size_t i = 0; i < v->header_count; i++) {
        if (!ch_str_eq_nocase(v->headers[i].name, name)) {
            continue;
        }
        if (first < v->header_count) {
            return join_lines(r->conn, name, first);
        }
        first = i;
    }
    return first < v->header_count ? v->headers[first].value : (struct ch_str){NULL, 0};
}

/* False: it is not encoded. */
static bool put_decoded(struct ch_buf *out, struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.ptr[i];
        if (c == '%') {
            if (!ch_hex_decode(ch_str_sub(s, i + 1, 2), &c, 1)) {
                return false;
            }
            i += 2;
        } else if (c == '+') {
            c = ' ';
        }
        ch_buf_putc(out, (char)c);
    }
    return true;
}

enum ch_code ch_http_query(const struct ch_http_request *r, struct ch_str name, struct ch_buf *out,
                           bool *ret_given, struct ch_err *err)
{
    struct ch_str rest = r->conn->parser.view.query;
    struct ch_str pair;
    bool given = false;
    while (ch_str_split(&rest, '&', &pair)) {
        size_t eq = pair.len;
        bool has_value = ch_str_find_char(pair, '=', &eq);
        if (!ch_str_eq(ch_str_sub(pair, 0, eq), name)) {
            continue;
        }
        if (given) {
            return ch_fail(err, CH_E_USAGE, "%.*s: given twice", CH_STR_ARG(name));
        }
        given = true;
        if (!has_value || !put_decoded(out, ch_str_sub(pair, eq + 1, pair.len))) {
            return ch_fail(err, CH_E_USAGE, "%.*s: expected NAME=VALUE, percent-encoded",
                           CH_STR_ARG(name));
        }
        if (out->failed) {
            return ch_fail(err, CH_E_USAGE, "%.*s: expected at most %zu bytes", CH_STR_ARG(name),
                           out->max);
        }
    }
    *ret_given = given;
    return CH_OK;
}

struct ch_http_ticket ch_http_later(struct ch_http_request *r, void (*on_gone)(void *arg),
                                    void *arg)
{
    struct http_conn *c = r->conn;
    CH_ASSERT(c->state == HTTP_BUSY);
    c->later = true;
    c->on_gone = on_gone;
    c->gone_arg = arg;
    return (struct ch_http_ticket){c->slot, c->generation};
}

struct ch_http_request *ch_http_find(struct ch_http_server *server, struct ch_http_ticket ticket)
{
    if (ticket.generation == 0 || ticket.slot >= server->slot_count) {
        return NULL;
    }
    struct http_conn *c = server->slots[ticket.slot];
    return c != NULL && c->generation == ticket.generation && c->later ? &c->request : NULL;
}
