#include "http_int.h"

void http_body_begin(struct http_conn *c)
{
    c->chunks = (struct http_chunks){0};
    c->body_left = c->parser.view.content_length;
    c->body_taken = 0;
    c->body_at = c->in_at + c->head_len;
    c->body = c->parser.view.has_body ? HTTP_BODY_UNREAD : HTTP_BODY_NONE;
}

static void receive(struct http_conn *c, uint64_t max_bytes, ch_http_body_fn *on_body, void *arg)
{
    c->on_body = on_body;
    c->body_arg = arg;
    c->body_max = max_bytes;
    c->body = HTTP_BODY_RECEIVING;
    c->window_bytes = 0;
    http_conn_deadline(c, ch_loop_now_ms(c->server->loop) + c->server->limits.http_rate_window_ms);
    if (c->parser.expect_continue && c->in_len == c->body_at) {
        c->interim = CH_STR("HTTP/1.1 100 Continue\r\n\r\n");
    }
    if (!c->running) {
        http_conn_kick(c);
    }
}

enum ch_code ch_http_receive(struct ch_http_request *r, uint64_t max_bytes,
                             ch_http_body_fn *on_body, void *arg, struct ch_err *err)
{
    struct http_conn *c = r->conn;
    CH_ASSERT(c->state == HTTP_BUSY && c->later && on_body != NULL);
    CH_ASSERT(c->body == HTTP_BODY_NONE || c->body == HTTP_BODY_UNREAD);
    if (c->parser.view.content_length > max_bytes) {
        return ch_fail(err, CH_E_LIMIT, "request body: %llu bytes announced, %llu allowed",
                       (unsigned long long)c->parser.view.content_length,
                       (unsigned long long)max_bytes);
    }
    receive(c, max_bytes, on_body, arg);
    return CH_OK;
}

/* Nobody has a use for the bytes; that they end where they say decides where the next request begins. */
static bool on_meaningless(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    (void)piece;
    (void)arg;
    if (last) {
        http_conn_handle(r->conn);
    }
    return true;
}

bool http_body_is_meaningless(const struct http_conn *c)
{
    enum ch_http_method m = c->parser.view.method;
    return c->body == HTTP_BODY_UNREAD && (m == CH_HTTP_GET || m == CH_HTTP_HEAD);
}

void http_body_discard(struct http_conn *c)
{
    uint64_t max = c->server->limits.http_meaningless_body_bytes;
    if (c->parser.view.content_length > max) {
        http_conn_refuse(c, 413, "request body: larger than is accepted here");
        return;
    }
    receive(c, max, on_meaningless, NULL);
}

void ch_http_receive_resume(struct ch_http_request *r)
{
    struct http_conn *c = r->conn;
    if (c->body == HTTP_BODY_PAUSED) {
        c->body = HTTP_BODY_RECEIVING;
        c->window_bytes = c->body_taken; /* the pause was ours */
        http_conn_deadline(c, ch_loop_now_ms(c->server->loop) +
                                  c->server->limits.http_rate_window_ms);
        if (!c->running) {
            http_conn_kick(c);
        }
    }
}

static void deliver(struct http_conn *c, struct ch_str piece, bool last)
{
    c->body_taken += piece.len;
    if (c->body_taken > c->body_max) {
        http_conn_refuse(c, 413, "request body: larger than is accepted here");
        return;
    }
    if (last) {
        c->body = HTTP_BODY_DONE;
        http_conn_deadline(c, HTTP_NO_TIME);
    }
    bool go_on = c->on_body(&c->request, piece, last, c->body_arg);
    if (!go_on && !last && c->state == HTTP_BUSY && c->body == HTTP_BODY_RECEIVING) {
        c->body = HTTP_BODY_PAUSED;
    }
}

/* Hands out what lies in the buffer; stops when it is used up, paused, answered or refused. */
static void consume(struct http_conn *c)
{
    struct ch_str in = {c->in + c->body_at, c->in_len - c->body_at};
    struct ch_str piece = {NULL, 0};
    const char *rule = NULL;
    if (!c->parser.chunked) {
        size_t n = in.len < c->body_left ? in.len : (size_t)c->body_left;
        c->body_at += n;
        c->body_left -= n;
        if (n > 0 || c->body_left == 0) {
            deliver(c, ch_str_sub(in, 0, n), c->body_left == 0);
        }
        return;
    }
    enum http_chunk r = http_chunk_next(&c->chunks, &c->server->limits, &in, &piece, &rule);
    c->body_at = c->in_len - in.len;
    if (r == HTTP_CHUNK_BAD) {
        http_conn_refuse(c, 400, rule);
    } else if (r == HTTP_CHUNK_PIECE) {
        deliver(c, piece, false);
    } else if (r == HTTP_CHUNK_END) {
        deliver(c, CH_STR(""), true);
    }
}

bool http_body_run(struct http_conn *c)
{
    size_t n;
    bool empty_due = !c->parser.chunked && c->body_left == 0;
    if (c->in_len > c->body_at || empty_due) {
        consume(c);
        return true;
    }
    if (!c->readable) {
        return false;
    }
    c->body_at = c->in_at + c->head_len;
    c->in_len = c->body_at;
    switch (http_io_read(c, c->in + c->in_len, c->in_cap - c->in_len, &n)) {
    case HTTP_IO_DONE:
        c->in_len += n;
        return true;
    case HTTP_IO_AGAIN:
        return false;
    case HTTP_IO_COLD:
    case HTTP_IO_EOF:
    case HTTP_IO_FAILED:
        break;
    }
    c->dead = true;
    return false;
}
