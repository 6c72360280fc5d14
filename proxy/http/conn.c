#include "http_int.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*  HEAD --head complete--> BUSY --answered--> SENDING --sent, keep-alive--> HEAD
 *    \--refused-------------\--refused-------^  \--sent, close, input left--> LINGER --> closed */

#define IN_MIN 4096

uint64_t http_now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000U + (uint64_t)ts.tv_nsec;
}

void http_conn_deadline(struct http_conn *c, uint64_t at_ms)
{
    c->deadline_ms = at_ms;
    /* A timer set too early only fires in vain: cheaper than moving it for every request. */
    if (at_ms != HTTP_NO_TIME && (c->timer.heap_index_plus_1 == 0 || c->timer.at_ms > at_ms)) {
        ch_loop_set_timer(c->server->loop, &c->timer, at_ms);
    }
}

static void deadline_in(struct http_conn *c, uint64_t ms)
{
    http_conn_deadline(c, ch_loop_now_ms(c->server->loop) + ms);
}

static void kick_at(struct http_conn *c, uint64_t at_ms)
{
    c->kick = true;
    ch_loop_set_timer(c->server->loop, &c->timer, at_ms);
}

void http_conn_kick(struct http_conn *c)
{
    kick_at(c, 0);
}

static void log_access(struct http_conn *c)
{
    const struct ch_http_server *s = c->server;
    const struct ch_http_view *v = &c->parser.view;
    if (s->options.on_access == NULL) {
        return;
    }
    uint64_t head = c->out.head_bytes;
    struct ch_http_access a = {
        .method = v->method_name,
        .path = v->path,
        .status = c->status,
        .means = c->means,
        .body_bytes = c->out.sent_bytes > head ? c->out.sent_bytes - head : 0,
        .complete = c->complete,
        .duration_us = (http_now_ns() - c->started_ns) / 1000,
        .peer = ch_str_of(c->peer),
        .user_agent = v->user_agent,
        .rule = c->refused ? ch_str_of(c->parser.rule) : (struct ch_str){NULL, 0},
        .tls = c->ssl != NULL,
        .request_id = c->request_id,
        .note = c->note,
        .caller = c->caller,
    };
    s->options.on_access(&a, s->options.owner);
}

void http_conn_gone(struct http_conn *c)
{
    bool tell = c->later && c->state == HTTP_BUSY && c->on_gone != NULL;
    c->later = false;
    c->generation = 0;
    if (tell) {
        c->on_gone(c->gone_arg);
    }
}

/* Ends the request in progress, if any: tells the handler, logs, gives back what was borrowed. */
static void end_request(struct http_conn *c)
{
    if (c->generation != 0 || c->status != 0) {
        http_conn_gone(c);
        log_access(c);
    }
    http_out_done(&c->out);
    while (c->joined != NULL) {
        struct http_joined *next = c->joined->next;
        ch_buf_done(&c->joined->text);
        free(c->joined);
        c->joined = next;
    }
    c->status = 0;
    c->means = 0;
    c->note = NULL;
    c->caller = NULL;
    c->complete = false;
    c->interim = (struct ch_str){NULL, 0};
    c->on_body = NULL;
}

void http_conn_free(struct http_conn *c)
{
    end_request(c);
    ch_loop_cancel_timer(c->server->loop, &c->timer);
    ch_loop_unwatch(c->server->loop, &c->watch);
    if (c->ssl != NULL) {
        SSL_free(c->ssl);
    }
    close(c->watch.fd);
    http_server_forget(c);
    http_parser_done(&c->parser);
    ch_buf_done(&c->head);
    free(c->in);
    free(c);
}

void http_conn_abort(struct http_conn *c)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    http_conn_free(c);
}

static void say_goodbye(struct http_conn *c)
{
    if (c->ssl != NULL && !c->ssl_broken && SSL_is_init_finished(c->ssl)) {
        (void)SSL_shutdown(c->ssl);
    }
}

void http_conn_close(struct http_conn *c)
{
    say_goodbye(c);
    http_conn_free(c);
}

void http_conn_refuse(struct http_conn *c, int status, const char *rule)
{
    if (rule != c->parser.rule) {
        snprintf(c->parser.rule, sizeof(c->parser.rule), "%s", rule);
    }
    if (c->generation != 0) {
        http_conn_gone(c);
    }
    c->refused = true;
    c->close_after = true;
    c->state = HTTP_BUSY;
    char text[sizeof(c->parser.rule) + 64];
    int n = snprintf(text, sizeof(text), "%s\n", c->parser.rule);
    struct ch_http_header no_store = {CH_STR("Cache-Control"), CH_STR("no-store")};
    struct ch_http_response response = {.status = status,
                                        .content_type = CH_STR("text/plain; charset=utf-8"),
                                        .headers = &no_store,
                                        .header_count = 1,
                                        .close = true,
                                        .body = {text, n < 0 ? 0 : (size_t)n},
                                        .body_copy = true};
    ch_http_respond(&c->request, &response);
}

/* --- one request after the other --- */

static void grow(struct http_conn *c, size_t cap)
{
    size_t have = c->in_len - c->in_at;
    if (c->in_at > 0) {
        memmove(c->in, c->in + c->in_at, have);
        c->in_at = 0;
        c->in_len = have;
    }
    if (cap > c->in_cap) {
        c->in = ch_realloc_array(c->in, cap, 1);
        c->in_cap = cap;
    }
}

static void make_room(struct http_conn *c)
{
    if (c->in_len == c->in_at) {
        c->in_len = 0;
        c->in_at = 0;
    } else if (c->in_len == c->in_cap) {
        size_t max = c->server->limits.http_head_bytes;
        size_t cap = c->in_cap > max / 2 ? max : c->in_cap * 2;
        grow(c, c->in_at > 0 || cap < c->in_cap ? c->in_cap : cap);
    }
}

static bool parse(struct http_conn *c)
{
    if (!http_parse(&c->parser, c->in + c->in_at)) {
        return false;
    }
    size_t need = c->head_len + c->server->limits.http_body_buffer_bytes;
    if (c->parser.view.has_body && c->in_cap - c->in_at < need) {
        /* The head must lie still while the body is received; parse it where it will lie. */
        size_t scanned = c->parser.line_count;
        grow(c, need);
        http_parser_reset(&c->parser);
        c->parser.line_count = scanned;
        return http_parse(&c->parser, c->in + c->in_at);
    }
    return true;
}

/* RFC 9112, section 9.6: a client may end its direction with its last request, and reads on. One
 * that is gone for good looks the same until something is sent to it: so it is waited for, but not
 * for as long as a request may take. */
static void wait_for_half_closed(struct http_conn *c)
{
    if (c->half_closed && c->state == HTTP_BUSY && c->later) {
        deadline_in(c, c->server->limits.http_half_closed_ms);
    }
}

void http_conn_handle(struct http_conn *c)
{
    const struct ch_http_options *o = &c->server->options;
    http_conn_deadline(c, HTTP_NO_TIME);
    o->on_request(&c->request, o->owner);
    if (c->state == HTTP_BUSY && !c->later) {
        ch_http_respond_text(&c->request, 500, CH_STR("The request was not answered"));
    }
    wait_for_half_closed(c);
}

static void dispatch(struct http_conn *c)
{
    struct ch_http_server *s = c->server;
    c->asked_ms = ch_loop_now_ms(s->loop);
    c->waits_since_ns = http_now_ns(); /* for its body, if it has one */
    if (!parse(c)) {
        http_conn_refuse(c, c->parser.status, c->parser.rule);
        return;
    }
    if (!http_host_allowed(c)) {
        http_conn_refuse(c, 421, "Host: not a name this server answers to");
        return;
    }
    http_body_begin(c);
    c->state = HTTP_BUSY;
    c->generation = ++s->generation;
    c->close_after = !c->parser.keep_alive || s->draining;
    c->later = false;
    if (http_body_is_meaningless(c)) {
        http_body_discard(c);
    } else {
        http_conn_handle(c);
    }
}

static void begin_request(struct http_conn *c)
{
    struct ch_http_server *s = c->server;
    c->started_ns = http_now_ns();
    c->request_id = s->options.request_ids ? ++s->last_request_id : 0;
    c->head_deadline_ms = ch_loop_now_ms(s->loop) + s->limits.http_header_ms;
}

static bool step_head(struct http_conn *c)
{
    size_t have = c->in_len - c->in_at;
    if (have > 0) {
        switch (http_scan(&c->parser, c->in + c->in_at, have, &c->head_len)) {
        case HTTP_SCAN_HEAD:
            dispatch(c);
            return true;
        case HTTP_SCAN_BAD:
            http_conn_refuse(c, c->parser.status, c->parser.rule);
            return true;
        case HTTP_SCAN_MORE:
            break;
        }
    }
    if (!c->readable) {
        if (have > 0 || !c->used) {
            http_conn_deadline(c, c->head_deadline_ms);
        } else {
            deadline_in(c, c->server->limits.http_idle_ms);
        }
        return false;
    }
    size_t n;
    make_room(c);
    switch (http_io_read(c, c->in + c->in_len, c->in_cap - c->in_len, &n)) {
    case HTTP_IO_DONE:
        if (have == 0) {
            begin_request(c);
        }
        c->in_len += n;
        return true;
    case HTTP_IO_AGAIN:
        return true; /* once more, to set the deadline */
    case HTTP_IO_EOF:
        if (have == 0) {
            say_goodbye(c);
        }
        break;
    case HTTP_IO_COLD:
    case HTTP_IO_FAILED:
        break;
    }
    c->dead = true;
    return false;
}

static bool step_busy(struct http_conn *c)
{
    if (c->interim.len > 0 && http_io_interim(c) == HTTP_IO_FAILED) {
        c->dead = true;
        return false;
    }
    return c->body == HTTP_BODY_RECEIVING && http_body_run(c);
}

static void start_lingering(struct http_conn *c)
{
    say_goodbye(c);
    shutdown(c->watch.fd, SHUT_WR);
    c->state = HTTP_LINGER;
    c->linger_bytes = 0;
    deadline_in(c, c->server->limits.http_linger_ms);
}

/* What a large request or answer needed is not kept by an idle connection. */
static void shrink(struct http_conn *c)
{
    if (c->in_cap > IN_MIN) {
        free(c->in);
        c->in = ch_alloc(IN_MIN);
        c->in_cap = IN_MIN;
    }
    c->in_at = 0;
    c->in_len = 0;
    if (c->head.cap > IN_MIN) {
        ch_buf_done(&c->head);
    }
}

static bool step_sending(struct http_conn *c)
{
    c->cold = false;
    switch (http_io_write(c)) {
    case HTTP_IO_DONE:
        break;
    case HTTP_IO_AGAIN:
        return false;
    case HTTP_IO_COLD:
        c->cold = true;
        kick_at(c, ch_loop_now_ms(c->server->loop) + 1);
        return false;
    case HTTP_IO_EOF:
    case HTTP_IO_FAILED:
        c->dead = true;
        c->reset = true;
        return false;
    }
    c->complete = true;
    size_t consumed = c->body == HTTP_BODY_DONE ? c->body_at : c->in_at + c->head_len;
    bool input_left = c->refused || c->body == HTTP_BODY_UNREAD || c->body == HTTP_BODY_RECEIVING ||
                      c->body == HTTP_BODY_PAUSED || c->in_len > consumed;
    end_request(c);
    if (c->close_after || (c->server->draining && c->in_len <= consumed)) {
        if (input_left) {
            start_lingering(c); /* a close with input unread would reset, and lose the answer */
            return true;
        }
        say_goodbye(c);
        c->dead = true;
        return false;
    }
    c->in_at = consumed;
    c->state = HTTP_HEAD;
    c->body = HTTP_BODY_NONE;
    c->used = true;
    c->waits_since_ns = http_now_ns();
    http_parser_reset(&c->parser);
    if (c->in_len > c->in_at) {
        begin_request(c);
    } else {
        shrink(c);
    }
    return true;
}

static bool step_linger(struct http_conn *c)
{
    char waste[4096];
    while (c->readable) {
        ssize_t n = recv(c->watch.fd, waste, sizeof(waste), 0);
        c->readable = n == (ssize_t)sizeof(waste);
        c->linger_bytes += n > 0 ? (uint64_t)n : 0;
        if (n == 0 || c->linger_bytes > c->server->limits.http_linger_bytes) {
            c->dead = true;
            return false;
        }
    }
    return false;
}

static uint32_t wanted_events(const struct http_conn *c)
{
    switch (c->state) {
    case HTTP_HEAD:
        return c->ssl_wants_write ? EPOLLOUT : EPOLLIN;
    case HTTP_BUSY:
        return (c->half_closed ? EPOLLHUP : EPOLLRDHUP) |
               (c->body == HTTP_BODY_RECEIVING ? EPOLLIN : 0U) |
               (c->interim.len > 0 ? EPOLLOUT : 0U);
    case HTTP_SENDING:
        if (c->cold) {
            return EPOLLHUP; /* reported anyway: nothing else is wanted */
        }
        return c->ssl_wants_read ? EPOLLIN : EPOLLOUT;
    case HTTP_LINGER:
        break;
    }
    return EPOLLIN;
}

void http_conn_run(struct http_conn *c)
{
    static bool (*const steps[])(struct http_conn *) = {
        [HTTP_HEAD] = step_head,
        [HTTP_BUSY] = step_busy,
        [HTTP_SENDING] = step_sending,
        [HTTP_LINGER] = step_linger,
    };
    struct ch_err err;
    c->running = true;
    while (steps[c->state](c)) {
    }
    c->running = false;
    if (c->dead) {
        if (c->reset) {
            http_conn_abort(c);
        } else {
            http_conn_free(c);
        }
    } else if (ch_loop_watch(c->server->loop, &c->watch, wanted_events(c), &err) != CH_OK) {
        http_conn_abort(c);
    }
}

void http_conn_answered(struct http_conn *c)
{
    c->state = HTTP_SENDING;
    c->later = false;
    c->ssl_wants_read = false;
    c->window_bytes = 0;
    deadline_in(c, c->server->limits.http_rate_window_ms);
    if (!c->running) {
        http_conn_kick(c); /* not now: the caller may be in the middle of its own lists */
    }
}

/* --- events --- */

static void conn_event(struct ch_watch *w, uint32_t events)
{
    struct http_conn *c = (struct http_conn *)w; /* the first member */
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0 || c->ssl_wants_write) {
        c->readable = true; /* a handshake may have to write before it can read on */
    }
    if (c->state == HTTP_BUSY && c->body != HTTP_BODY_RECEIVING) {
        if ((events & (EPOLLHUP | EPOLLERR)) != 0) {
            http_conn_free(c); /* nobody waits for the answer any more */
            return;
        }
        if ((events & EPOLLRDHUP) != 0 && !c->half_closed) {
            c->half_closed = true;
            c->waits_since_ns = http_now_ns(); /* it may be gone, and so gives way */
            http_server_room(c->server);
            wait_for_half_closed(c);
        }
    }
    if (c->state == HTTP_SENDING && c->cold) {
        http_conn_abort(c); /* broken while it waited for the disk */
        return;
    }
    http_conn_run(c);
}

/* The least rate is measured over a window. */
static bool too_slow(struct http_conn *c)
{
    const struct ch_limits *l = &c->server->limits;
    uint64_t moved = c->body_taken;
    if (c->state == HTTP_SENDING) {
        moved = http_io_taken(c);
    }
    uint64_t progress = moved > c->window_bytes ? moved - c->window_bytes : 0;
    c->window_bytes = moved > c->window_bytes ? moved : c->window_bytes;
    return progress * 1000 < l->http_rate_bytes_s * l->http_rate_window_ms;
}

static void expired(struct http_conn *c)
{
    uint64_t window = c->server->limits.http_rate_window_ms;
    switch (c->state) {
    case HTTP_HEAD:
        if (c->in_len == c->in_at) {
            http_conn_close(c);
            return;
        }
        http_conn_refuse(c, 408, "request head: not complete in time");
        break;
    case HTTP_BUSY:
        if (c->half_closed && c->body != HTTP_BODY_RECEIVING) {
            http_conn_free(c);
            return;
        }
        if (c->body == HTTP_BODY_PAUSED) {
            deadline_in(c, window);
            return;
        }
        if (!too_slow(c)) {
            deadline_in(c, window);
            return;
        }
        http_conn_refuse(c, 408, "request body: slower than is accepted here");
        break;
    case HTTP_SENDING:
        if (!too_slow(c)) {
            deadline_in(c, window);
            return;
        }
        http_conn_abort(c);
        return;
    case HTTP_LINGER:
        http_conn_free(c);
        return;
    }
    http_conn_run(c);
}

static void conn_timer(struct ch_timer *t)
{
    struct http_conn *c = (struct http_conn *)((char *)t - offsetof(struct http_conn, timer));
    uint64_t now = ch_loop_now_ms(c->server->loop);
    bool kicked = c->kick;
    c->kick = false;
    if (c->deadline_ms != HTTP_NO_TIME && (kicked || c->deadline_ms > now)) {
        ch_loop_set_timer(c->server->loop, t, c->deadline_ms); /* a kick does not use it up */
    }
    if (kicked) {
        http_conn_run(c);
    } else if (c->deadline_ms <= now) {
        expired(c);
    }
}

struct http_conn *http_conn_new(struct ch_http_server *s, int fd, struct ch_http_tls *tls)
{
    struct http_conn *c = ch_calloc(1, sizeof(*c));
    c->watch = (struct ch_watch){.fd = fd, .fn = conn_event};
    c->timer.fn = conn_timer;
    c->server = s;
    c->request.conn = c;
    c->deadline_ms = HTTP_NO_TIME;
    http_parser_init(&c->parser, &s->limits, tls != NULL);
    http_parser_reset(&c->parser);
    ch_buf_init(&c->head, 2 * s->limits.http_answer_head_bytes); /* and a copied body */
    c->in_cap = s->limits.http_head_bytes < IN_MIN ? s->limits.http_head_bytes : IN_MIN;
    c->in = ch_alloc(c->in_cap);
    if (tls != NULL) {
        c->ssl = SSL_new(tls->ctx);
        CH_ASSERT(c->ssl != NULL && SSL_set_fd(c->ssl, fd) == 1);
        BIO_set_callback_ex(SSL_get_wbio(c->ssl), http_fault_veto);
        SSL_set_accept_state(c->ssl);
    }
    begin_request(c);
    c->waits_since_ns = c->started_ns;
    http_conn_deadline(c, c->head_deadline_ms);
    return c;
}
