#include "http_int.h"

#include <stdlib.h>

void http_out_done(struct http_out *o)
{
    void (*release)(void *) = o->release;
    void *owner = o->release_owner;
    ch_http_blob_unref(o->blob);
    ch_http_prepared_unref(o->prepared);
    o->blob = NULL;
    o->blob_left = 0;
    o->prepared = NULL;
    o->release = NULL;
    o->piece_count = 0;
    o->piece_at = 0;
    o->head_bytes = 0;
    o->sent_bytes = 0;
    if (release != NULL) {
        release(owner);
    }
}

/* A value as a line can hold it: anything else is visibly escaped (T20). Backslashes stay. At most
 * `max` bytes are written. */
static void put_value(struct ch_buf *b, struct ch_str value, size_t max)
{
    size_t plain = 0;
    while (plain < value.len && value.ptr[plain] >= 0x20 && value.ptr[plain] <= 0x7e) {
        plain++;
    }
    size_t end = b->len + max;
    ch_buf_puts(b, ch_str_sub(value, 0, plain < max ? plain : max));
    for (size_t i = plain; i < value.len && b->len < end; i++) {
        if (value.ptr[i] >= 0x20 && value.ptr[i] <= 0x7e) {
            ch_buf_putc(b, value.ptr[i]);
        } else if (end - b->len >= 4) {
            ch_buf_printf(b, "\\x%02x", (unsigned char)value.ptr[i]);
        } else {
            return;
        }
    }
}

static void put_header(struct ch_buf *b, struct ch_str name, struct ch_str value)
{
    ch_buf_puts(b, name);
    ch_buf_puts(b, CH_STR(": "));
    put_value(b, value, b->max);
    ch_buf_puts(b, CH_STR("\r\n"));
}

static void put_number(struct ch_buf *b, uint64_t v)
{
    char digits[20];
    size_t n = sizeof(digits);
    do {
        digits[--n] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    ch_buf_put(b, digits + n, sizeof(digits) - n);
}

static bool is_own_header(struct ch_str name)
{
    static const struct ch_str own[] = {{"date", 4}, {"connection", 10}, {"content-length", 14},
                                        {"transfer-encoding", 17}, {"content-range", 13},
                                        {"etag", 4}, {"last-modified", 13}, {"content-type", 12}};
    for (size_t i = 0; i < CH_ARRAY_LEN(own); i++) {
        if (ch_str_eq_nocase(own[i], name)) {
            return true;
        }
    }
    return false;
}

static void put_status_line(struct ch_buf *b, int status, struct ch_str reason, uint64_t max)
{
    ch_buf_puts(b, CH_STR("HTTP/1.1 "));
    put_number(b, (uint64_t)status);
    ch_buf_putc(b, ' ');
    if (reason.ptr == NULL) {
        ch_buf_puts(b, ch_str_of(http_reason(status)));
    } else {
        put_value(b, reason, max);
    }
    ch_buf_puts(b, CH_STR("\r\n"));
}

static void put_extra(struct ch_buf *b, const struct ch_http_response *r)
{
    if (r->etag.len > 0) {
        put_header(b, CH_STR("ETag"), r->etag);
    }
    if (r->last_modified_unix != 0) {
        char date[HTTP_DATE_LEN];
        http_date_format(r->last_modified_unix, date);
        put_header(b, CH_STR("Last-Modified"), (struct ch_str){date, HTTP_DATE_LEN});
    }
    for (size_t i = 0; i < r->header_count; i++) {
        CH_ASSERT(r->headers[i].name.len > 0 && !is_own_header(r->headers[i].name));
        for (size_t k = 0; k < r->headers[i].name.len; k++) {
            CH_ASSERT(http_is_token_char(r->headers[i].name.ptr[k]));
        }
        put_header(b, r->headers[i].name, r->headers[i].value);
    }
}

void http_put_head(struct ch_buf *b, const struct ch_http_response *r, struct http_selection sel,
                     uint64_t size, uint64_t reason_max)
{
    put_status_line(b, sel.status, sel.status == r->status ? r->reason : (struct ch_str){NULL, 0},
                    reason_max);
    if (sel.status != 304 && sel.status != 204) {
        if (r->content_type.ptr != NULL) {
            put_header(b, CH_STR("Content-Type"), r->content_type);
        }
        ch_buf_puts(b, CH_STR("Content-Length: "));
        put_number(b, sel.length);
        ch_buf_puts(b, CH_STR("\r\n"));
    }
    if (sel.status == 206 || sel.status == 416) {
        ch_buf_puts(b, CH_STR("Content-Range: bytes "));
        if (sel.status == 206) {
            put_number(b, sel.offset);
            ch_buf_putc(b, '-');
            put_number(b, sel.offset + sel.length - 1);
        } else {
            ch_buf_putc(b, '*');
        }
        ch_buf_putc(b, '/');
        put_number(b, size);
        ch_buf_puts(b, CH_STR("\r\n"));
    } else if (r->ranges && sel.status == 200) {
        ch_buf_puts(b, CH_STR("Accept-Ranges: bytes\r\n"));
    }
    put_extra(b, r);
}

struct ch_str http_put_tail(struct http_conn *c, char tail[HTTP_TAIL_MAX])
{
    char id[] = "\r\nX-Request-Id: 0123456789abcdef";
    for (size_t i = 0; i < 16; i++) {
        id[sizeof(id) - 2 - i] = "0123456789abcdef"[(c->request_id >> (4 * i)) & 15];
    }
    struct ch_str parts[] = {CH_STR("Date: "), http_server_date(c->server),
                             c->request_id != 0 ? CH_STR(id) : CH_STR(""),
                             c->close_after ? CH_STR("\r\nConnection: close\r\n\r\n")
                                            : CH_STR("\r\n\r\n")};
    size_t n = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(parts); i++) {
        for (size_t k = 0; k < parts[i].len; k++) {
            tail[n++] = parts[i].ptr[k];
        }
    }
    return (struct ch_str){tail, n};
}

void http_out_add(struct http_out *o, struct ch_str piece)
{
    if (piece.len > 0) {
        CH_ASSERT(o->piece_count < HTTP_PIECES);
        o->piece[o->piece_count++] = piece;
    }
}

void http_out_begin(struct http_conn *c)
{
    struct http_out *o = &c->out;
    CH_ASSERT(c->state == HTTP_BUSY && o->piece_count == 0 && o->blob == NULL);
    if (c->body == HTTP_BODY_UNREAD || c->body == HTTP_BODY_RECEIVING ||
        c->body == HTTP_BODY_PAUSED) {
        c->close_after = true; /* what is left of the body is not read */
    }
    struct ch_str interim = CH_STR("HTTP/1.1 100 Continue\r\n\r\n");
    if (c->interim.len > 0 && (c->interim.len < interim.len || c->ssl != NULL)) {
        http_out_add(o, c->interim); /* begun: it must be ended */
        o->head_bytes = c->interim.len;
    }
    c->interim = (struct ch_str){NULL, 0};
}

void http_out_body(struct http_conn *c, const struct ch_http_response *r, struct http_selection sel)
{
    struct http_out *o = &c->out;
    if (c->parser.view.method == CH_HTTP_HEAD || sel.length == 0) {
        return;
    }
    if (r->blob != NULL) {
        o->blob = ch_http_blob_ref(r->blob);
        o->blob_at = sel.offset;
        o->blob_left = sel.length;
        o->blob_warm = sel.offset;
        o->cold_since_ms = 0;
        o->from_disk = false;
    } else {
        http_out_add(o, ch_str_sub(r->body, (size_t)sel.offset, (size_t)sel.length));
    }
}

/* Repeated If-Match and If-None-Match lines are one list. */
static struct http_selection select_part(struct http_conn *c, const struct ch_http_response *r,
                                         uint64_t size)
{
    const struct http_parser *p = &c->parser;
    struct http_selection whole = {r->status, 0, r->status == 204 || r->status == 304 ? 0 : size};
    if (r->status != 200 || p->conditions == 0 || r->unconditional ||
        (p->view.method != CH_HTTP_GET && p->view.method != CH_HTTP_HEAD)) {
        return whole;
    }
    struct ch_str if_match = ch_http_header(&c->request, CH_STR("if-match"));
    struct ch_str if_none_match = ch_http_header(&c->request, CH_STR("if-none-match"));
    return http_select(p, if_match, if_none_match, r->etag, r->last_modified_unix, size, r->ranges);
}

void ch_http_respond(struct ch_http_request *request, const struct ch_http_response *r)
{
    struct http_conn *c = request->conn;
    struct http_out *o = &c->out;
    CH_ASSERT(r->status >= 200 && r->status <= 599);
    CH_ASSERT((r->body.len == 0 || r->blob == NULL) &&
              !(r->body_copy && (r->body_release != NULL || r->blob != NULL)));
    http_out_begin(c);
    uint64_t size = r->blob != NULL ? r->blob->size : r->body.len;
    struct http_selection sel = select_part(c, r, size);
    c->close_after = c->close_after || r->close || c->server->draining;
    char tail[HTTP_TAIL_MAX];
    ch_buf_clear(&c->head);
    http_put_head(&c->head, r, sel, size, c->server->limits.http_reason_bytes);
    if (c->head.failed) {
        ch_buf_clear(&c->head);
        sel = (struct http_selection){500, 0, 0};
        http_put_head(&c->head, &(struct ch_http_response){.status = 500}, sel, 0, 0);
    }
    ch_buf_puts(&c->head, http_put_tail(c, tail));
    c->status = sel.status;
    c->means = r->means;
    o->head_bytes += c->head.len;
    o->release = r->body_release;
    o->release_owner = r->body_owner;
    if (r->body_copy && sel.length > 0 && c->parser.view.method != CH_HTTP_HEAD) {
        ch_buf_puts(&c->head, ch_str_sub(r->body, (size_t)sel.offset, (size_t)sel.length));
    }
    http_out_add(o, ch_buf_str(&c->head));
    if (!r->body_copy) {
        http_out_body(c, r, sel);
    }
    http_conn_answered(c);
}

void ch_http_respond_text(struct ch_http_request *r, int status, struct ch_str text)
{
    struct ch_buf line;
    ch_buf_init(&line, r->conn->server->limits.http_answer_head_bytes);
    ch_buf_put_printable(&line, ch_str_sub(text, 0, r->conn->server->limits.http_reason_bytes));
    ch_buf_putc(&line, '\n');
    ch_http_respond(r, &(struct ch_http_response){
                           .status = status,
                           .reason = text,
                           .content_type = CH_STR("text/plain; charset=utf-8"),
                           .body = ch_buf_str(&line),
                           .body_copy = true,
                       });
    ch_buf_done(&line);
}
