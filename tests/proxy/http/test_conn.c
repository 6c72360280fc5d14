/* Connections: keep-alive, pipelining, bodies, tickets, time-outs, limits, draining. */
#include "fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: example.org\r\n"

static void release(void *owner)
{
    ((struct fixture *)owner)->released++;
}

/* --- keep-alive and pipelining --- */

static void test_keep_alive_and_pipelining(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    struct ch_str answer = fixture_exchange(
        f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\nHEAD /b HTTP/1.1\r\n" HOST "\r\n"
                  "GET /c HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /d HTTP/1.1\r\n"));
    assert_has(answer, "GET|a?HTTP/1.1 200 OK\r\n"); /* bodies and heads join without a gap */
    assert_has(answer, "Content-Length: 7\r\n");     /* HEAD has the length, not the body */
    assert_false(ch_str_find(answer, CH_STR("HEAD|b?"), NULL));
    assert_true(ch_str_ends(answer, CH_STR("GET|c?")));
    assert_int_equal(f->requests, 3); /* nothing after close is looked at */
    assert_int_equal(f->logged, 3);
    fixture_free(f);
}

/* An error ends the connection: what follows it is never a request. */
static void test_nothing_after_an_error(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    fixture_exchange(f, CH_STR("GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\nGET /b HTTP/1.1\r\n" HOST
                               "\r\n"));
    assert_int_equal(f->requests, 0);
    assert_int_equal(f->status, 400);
    assert_false(f->reset); /* the client can read why */
    fixture_free(f);
}

/* --- answers --- */

static void answer_rich(struct fixture *f, struct ch_http_request *r)
{
    struct ch_http_header h[] = {{CH_STR("X-Note"), CH_STR("a\r\nSet-Cookie: b\x80")}};
    struct ch_str accept = ch_http_header(r, CH_STR("ACCEPT"));
    snprintf(f->note, sizeof(f->note), "%.*s", CH_STR_ARG(accept));
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 403,
                           .reason = CH_STR("Blocked by P-17\r\nX: y. See https://example.org/x"),
                           .content_type = CH_STR("application/problem+json"),
                           .etag = CH_STR("\"e\""),
                           .headers = h,
                           .header_count = 1,
                           .body = CH_STR("{}"),
                           .body_release = release,
                           .body_owner = f,
                       });
}

static void test_reason_headers_and_escaping(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = answer_rich;
    struct ch_str a = fixture_exchange(f, CH_STR("GET / HTTP/1.1\r\n" HOST "Accept: text/html\r\n"
                                                 "accept: */*;q=0.1\r\nConnection: close\r\n\r\n"));
    assert_true(ch_str_starts(a, CH_STR("HTTP/1.1 403 Blocked by P-17\\x0d\\x0aX: y. "
                                        "See https://example.org/x\r\n")));
    assert_has(a, "\r\nX-Note: a\\x0d\\x0aSet-Cookie: b\\x80\r\n");
    assert_string_equal(f->note, "text/html, */*;q=0.1");
    assert_int_equal(f->released, 1);
    assert_int_equal(f->body_bytes, 2);
    assert_true(f->complete);
    fixture_free(f);
}

static void answer_nothing(struct fixture *f, struct ch_http_request *r)
{
    (void)f;
    (void)r;
}

static void test_silent_handler(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = answer_nothing;
    assert_has(fixture_exchange(f, CH_STR("GET / HTTP/1.0\r\n" HOST "\r\n")), "HTTP/1.1 500 ");
    fixture_free(f);
}

static void answer_long_reason(struct fixture *f, struct ch_http_request *r)
{
    for (size_t i = 0; i < 1000; i++) {
        f->note[i] = 'r';
    }
    ch_http_respond(r, &(struct ch_http_response){.status = 403, .reason = {f->note, 1000}});
}

static void test_reason_is_clipped(void **state)
{
    struct fixture *f = fixture_new();
    size_t at;
    (void)state;
    f->on_request = answer_long_reason;
    struct ch_str a = fixture_exchange(f, CH_STR("GET / HTTP/1.0\r\n" HOST "\r\n"));
    assert_true(ch_str_find(a, CH_STR("r\r\n"), &at));
    assert_int_equal(at + 1, sizeof("HTTP/1.1 403 ") - 1 + ch_limits.http_reason_bytes);
    fixture_free(f);
}

/* --- later --- */

static void on_gone(void *arg)
{
    ((struct fixture *)arg)->gone++;
}

static void take_ticket(struct fixture *f, struct ch_http_request *r)
{
    f->ticket = ch_http_later(r, on_gone, f);
}

static void test_answer_later(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = take_ticket;
    fixture_connect(f);
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n"));
    fixture_until(f, is_requested, "the request");
    turn(f, 3);
    assert_int_equal(f->requests, 1); /* the second waits for the first */
    struct ch_http_ticket first = f->ticket;
    struct ch_http_request *r = ch_http_find(f->server, first);
    assert_non_null(r);
    assert_str_eq(ch_http_view(r)->segments[0], "a");
    ch_http_respond_text(r, 403, CH_STR("Held"));
    assert_null(ch_http_find(f->server, first)); /* answered */
    assert_int_equal(f->requests, 1);            /* no handler runs inside an answer */
    fixture_until(f, is_answered, "the answer");
    turn(f, 3);
    assert_int_equal(f->requests, 2);
    assert_null(ch_http_find(f->server, first));
    assert_non_null(ch_http_find(f->server, f->ticket));
    assert_int_equal(f->gone, 0);
    fixture_free(f);
}

static bool is_gone(struct fixture *f)
{
    return f->gone > 0;
}

static void test_client_leaves(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = take_ticket;
    fixture_connect(f);
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    fixture_until(f, is_requested, "the request");
    struct ch_http_ticket ticket = f->ticket;
    close(f->client);
    f->client = -1;
    fixture_until(f, is_gone, "on_gone");
    assert_null(ch_http_find(f->server, ticket));
    assert_int_equal(ch_http_server_connections(f->server), 0);
    assert_int_equal(f->logged, 1);
    assert_false(f->complete);
    f->requests = 0; /* the slot is used again: the old ticket stays dead */
    fixture_connect(f);
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    fixture_until(f, is_requested, "the next request");
    assert_int_equal(f->ticket.slot, ticket.slot);
    assert_null(ch_http_find(f->server, ticket));
    assert_non_null(ch_http_find(f->server, f->ticket));
    fixture_free(f);
}

/* --- request bodies --- */

static bool on_body(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    struct fixture *f = arg;
    ch_buf_puts(&f->body, piece);
    f->body_last = last;
    if (last) {
        ch_http_respond(r, &(struct ch_http_response){.status = 201, .body = ch_buf_str(&f->body),
                                                      .body_copy = true});
    }
    return !f->pause;
}

static void receive_small(struct fixture *f, struct ch_http_request *r)
{
    struct ch_err err;
    ch_buf_clear(&f->body);
    f->ticket = ch_http_later(r, on_gone, f);
    if (ch_http_receive(r, 20, on_body, f, &err) != CH_OK) {
        assert_int_equal(err.code, CH_E_LIMIT);
        ch_http_respond_text(r, 413, CH_STR("Too large"));
    }
}

static const struct {
    const char *label;
    const char *request;
    const char *answer; /* what comes first */
    const char *body;   /* received by the handler; NULL = not to the end */
} bodies[] = {
    {"length", "Content-Length: 5\r\n\r\nhello", "HTTP/1.1 201 ", "hello"},
    {"length 0", "Content-Length: 0\r\n\r\n", "HTTP/1.1 201 ", ""},
    {"no body", "\r\n", "HTTP/1.1 201 ", ""},
    {"announced too large", "Content-Length: 21\r\n\r\n", "HTTP/1.1 413 ", NULL},
    {"expect", "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nab", "HTTP/1.1 201 ", "ab"},
    {"chunked", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA\r\n, my world\r\n0\r\n\r\n",
     "HTTP/1.1 201 ", "hello, my world"},
    {"chunked in any case", "transfer-encoding: CHUNKED\r\n\r\n00000002\r\nab\r\n000\r\n\r\n",
     "HTTP/1.1 201 ", "ab"},
    {"trailers are discarded",
     "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nHost: evil\r\nX: y\r\n\r\n",
     "HTTP/1.1 201 ", "a"},
    {"chunked too large", "Transfer-Encoding: chunked\r\n\r\n15\r\n012345678901234567890\r\n",
     "HTTP/1.1 413 ", NULL},
    {"chunk size empty", "Transfer-Encoding: chunked\r\n\r\n\r\na\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size 0x1", "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", "HTTP/1.1 400 ",
     NULL},
    {"chunk size +1", "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size with a space", "Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
     "HTTP/1.1 400 ", NULL},
    {"chunk size of 9 digits", "Transfer-Encoding: chunked\r\n\r\n000000001\r\na\r\n0\r\n\r\n",
     "HTTP/1.1 400 ", NULL},
    {"chunk extension", "Transfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n0\r\n\r\n", "HTTP/1.1 400 ",
     NULL},
    {"chunk size, bare LF", "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", "HTTP/1.1 400 ",
     NULL},
    {"chunk data too long", "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "HTTP/1.1 400 ",
     NULL},
    {"chunk data, bare LF", "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n", "HTTP/1.1 400 ",
     NULL},
    {"trailer folded", "Transfer-Encoding: chunked\r\n\r\n0\r\n X: y\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"trailer, bare LF", "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\n\r\n", "HTTP/1.1 400 ", NULL},
};

static void check_body(struct fixture *f, size_t i, bool bytewise)
{
    char request[512];
    int n = snprintf(request, sizeof(request), "POST / HTTP/1.1\r\n" HOST "%s", bodies[i].request);
    f->requests = 0;
    f->gone = 0;
    fixture_connect(f);
    for (size_t at = 0; at < (size_t)n; at += bytewise ? 1 : (size_t)n) {
        fixture_send(f, (struct ch_str){request + at, bytewise ? 1 : (size_t)n});
        if (bytewise) {
            turn(f, 1);
        }
    }
    fixture_until(f, is_answered, bodies[i].label);
    struct ch_str a = ch_buf_str(&f->got);
    struct ch_str go_on = CH_STR("HTTP/1.1 100 Continue\r\n\r\n");
    if (ch_str_starts(a, go_on)) { /* only when the body was not there already */
        assert_true(bytewise);
        assert_string_equal(bodies[i].label, "expect");
        ch_buf_clear(&f->got);
        fixture_connect(f);
        return;
    }
    if (!ch_str_starts(a, ch_str_of(bodies[i].answer))) {
        fail_msg("%s: got \"%.*s\"", bodies[i].label, CH_STR_ARG(a));
    }
    if (bodies[i].body != NULL) {
        assert_str_eq(ch_buf_str(&f->body), bodies[i].body);
        assert_int_equal(f->gone, 0);
    } else {
        assert_has(a, "Connection: close\r\n");
    }
}

static void test_bodies(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = receive_small;
    for (size_t i = 0; i < CH_ARRAY_LEN(bodies); i++) {
        check_body(f, i, false);
        check_body(f, i, true);
    }
    fixture_free(f);
}

static void test_request_after_a_body(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = receive_small;
    struct ch_str a = fixture_exchange(
        f, CH_STR("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"
                  "PUT /x HTTP/1.1\r\n" HOST "Content-Length: 1\r\nConnection: close\r\n\r\nb"));
    assert_int_equal(f->requests, 2);
    assert_true(ch_str_ends(a, CH_STR("\r\n\r\nb")));
    fixture_free(f);
}

/* The body of a request that is answered without it is not taken for the next request. */
static void test_unread_body_closes(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    struct ch_str a = fixture_exchange(
        f, CH_STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\n"
                  HOST "\r\n"));
    assert_has(a, "Connection: close\r\n");
    assert_int_equal(f->requests, 1);
    fixture_free(f);
}

static void test_continue_is_sent(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = receive_small;
    fixture_connect(f);
    fixture_send(f, CH_STR("POST / HTTP/1.1\r\n" HOST
                           "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    fixture_until(f, is_answered, "100 Continue");
    assert_str_eq(ch_buf_str(&f->got), "HTTP/1.1 100 Continue\r\n\r\n");
    ch_buf_clear(&f->got);
    fixture_send(f, CH_STR("ab"));
    fixture_until(f, is_answered, "the answer");
    assert_true(ch_str_starts(ch_buf_str(&f->got), CH_STR("HTTP/1.1 201 ")));
    fixture_free(f);
}

static bool body_not_empty(struct fixture *f)
{
    return f->body.len > 0;
}

static void test_pause(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = receive_small;
    f->pause = true;
    fixture_connect(f);
    fixture_send(f, CH_STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nab"));
    fixture_until(f, body_not_empty, "the first piece");
    fixture_send(f, CH_STR("cd"));
    turn(f, 5);
    assert_int_equal(f->body.len, 2);
    ch_http_receive_resume(ch_http_find(f->server, f->ticket));
    fixture_until(f, is_answered, "the answer");
    assert_str_eq(ch_buf_str(&f->body), "abcd");
    fixture_free(f);
}

static void test_client_leaves_in_its_body(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = receive_small;
    fixture_connect(f);
    fixture_send(f, CH_STR("POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nab"));
    fixture_until(f, body_not_empty, "the first piece");
    assert_int_equal(shutdown(f->client, SHUT_WR), 0);
    fixture_until(f, is_gone, "on_gone");
    assert_int_equal(f->gone, 1);
    assert_false(f->body_last);
    fixture_free(f);
}

/* --- time --- */

static void with_limits(uint64_t header_ms, uint64_t idle_ms, uint64_t window_ms)
{
    ch_limits.http_header_ms = header_ms;
    ch_limits.http_idle_ms = idle_ms;
    ch_limits.http_rate_window_ms = window_ms;
    ch_limits.http_linger_ms = 50;
}

static void test_header_timeout(void **state)
{
    with_limits(50, 60000, 60000);
    struct fixture *f = fixture_new();
    (void)state;
    assert_has(fixture_exchange(f, CH_STR("GET / HTTP/1.1\r\nHost: exam")), "HTTP/1.1 408 ");
    assert_int_equal(fixture_exchange(f, CH_STR("")).len, 0); /* nothing said, nothing answered */
    fixture_free(f);
}

static void test_idle_timeout(void **state)
{
    with_limits(60000, 50, 60000);
    struct fixture *f = fixture_new();
    (void)state;
    struct ch_str a = fixture_exchange(f, CH_STR("GET / HTTP/1.1\r\n" HOST "\r\n"));
    assert_true(ch_str_ends(a, CH_STR("GET|/?")));
    assert_int_equal(f->logged, 1); /* the idle close is no request */
    fixture_free(f);
}

static void test_slow_body(void **state)
{
    with_limits(60000, 60000, 50);
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = receive_small;
    struct ch_str a = fixture_exchange(f, CH_STR("POST / HTTP/1.1\r\n" HOST
                                                 "Content-Length: 4\r\n\r\nab"));
    assert_has(a, "HTTP/1.1 408 ");
    assert_int_equal(f->gone, 1);
    fixture_free(f);
}

static void answer_large(struct fixture *f, struct ch_http_request *r)
{
    static char large[32 << 20];
    ch_http_respond(r, &(struct ch_http_response){.status = 200, .body = {large, sizeof(large)},
                                                  .body_release = release, .body_owner = f});
}

static bool is_released(struct fixture *f)
{
    return f->released > 0;
}

/* A reader that stops reading is aborted, and nothing is buffered for it but what the kernel took. */
static void test_stalled_reader(void **state)
{
    with_limits(60000, 60000, 50);
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = answer_large;
    fixture_connect(f);
    int client = f->client;
    fixture_send(f, CH_STR("GET / HTTP/1.1\r\n" HOST "\r\n"));
    f->client = -1; /* the fixture does not read */
    fixture_until(f, is_released, "the end of the answer");
    assert_false(f->complete);
    assert_true(f->body_bytes < 8 << 20);
    assert_int_equal(ch_http_server_connections(f->server), 0);
    close(client);
    fixture_free(f);
}

static void test_large_answer_arrives(void **state)
{
    with_limits(60000, 60000, 60000);
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = answer_large;
    struct ch_str a = fixture_exchange(f, CH_STR("GET / HTTP/1.0\r\n" HOST "\r\n"));
    assert_true(a.len > 32 << 20);
    assert_int_equal(f->body_bytes, 32 << 20);
    assert_true(f->complete);
    fixture_free(f);
}

/* --- limits and draining, over TCP --- */

static int listen_tcp(uint16_t *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

static int connect_tcp(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    (void)connect(fd, (struct sockaddr *)&at, sizeof(at));
    return fd;
}

static void use_client(struct fixture *f, int fd)
{
    f->client = fd;
    f->closed = false;
    ch_buf_clear(&f->got);
}

static bool two_connected(struct fixture *f)
{
    return ch_http_server_connections(f->server) == 2;
}

static void test_limits_and_local_address(void **state)
{
    uint64_t per_address = ch_limits.http_connections_per_address;
    ch_limits.http_connections_per_address = 2;
    with_limits(60000, 60000, 60000);
    struct fixture *f = fixture_new();
    ch_limits.http_connections_per_address = per_address;
    struct ch_err err;
    uint16_t port;
    (void)state;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, &err));
    int one = connect_tcp(port);
    int two = connect_tcp(port);
    fixture_until(f, two_connected, "two connections");
    use_client(f, connect_tcp(port));
    fixture_until(f, is_closed, "the third is refused");
    assert_has(ch_buf_str(&f->got), "HTTP/1.1 503 ");
    assert_has(ch_buf_str(&f->got), "too many from this address");
    close(f->client);
    fixture_until(f, two_connected, "the third is gone");
    use_client(f, one); /* an address literal is a Host when it is the one we were reached by */
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n"));
    fixture_until(f, is_closed, "the first answer");
    assert_has(ch_buf_str(&f->got), "GET|a?");
    close(one);
    use_client(f, two);
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n"));
    fixture_until(f, is_closed, "the second answer");
    assert_has(ch_buf_str(&f->got), "HTTP/1.1 421 ");
    fixture_free(f);
    close(listener);
}

static bool one_connected(struct fixture *f)
{
    return ch_http_server_connections(f->server) == 1;
}

/* At the limit of all connections the backlog waits instead of being refused. */
static void test_backlog_waits(void **state)
{
    uint64_t all = ch_limits.http_connections;
    ch_limits.http_connections = 1;
    struct fixture *f = fixture_new();
    ch_limits.http_connections = all;
    struct ch_err err;
    uint16_t port;
    (void)state;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, &err));
    int one = connect_tcp(port);
    fixture_until(f, one_connected, "one connection");
    use_client(f, connect_tcp(port));
    fixture_send(f, CH_STR("GET /b HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    turn(f, 5);
    assert_int_equal(f->requests, 0);
    close(one);
    fixture_until(f, is_closed, "the second is served");
    assert_has(ch_buf_str(&f->got), "GET|b?");
    fixture_free(f);
    close(listener);
}

static bool is_drained(struct fixture *f)
{
    return f->drained;
}

static void test_drain(void **state)
{
    struct fixture *f = fixture_new();
    struct ch_err err;
    (void)state;
    f->on_request = take_ticket;
    fixture_connect(f);
    int idle = f->client;
    f->client = -1;
    fixture_connect(f);
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    fixture_until(f, is_requested, "the request");
    ch_http_server_drain(f->server);
    turn(f, 3);
    assert_false(f->drained); /* one is still to be answered; the idle one is gone */
    assert_int_equal(ch_http_server_connections(f->server), 1);
    ch_http_respond_text(ch_http_find(f->server, f->ticket), 404, CH_STR("Gone"));
    fixture_until(f, is_closed, "the answer");
    assert_has(ch_buf_str(&f->got), "Connection: close\r\n");
    fixture_until(f, is_drained, "on_drained");
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_ch_code(CH_E_BUSY, ch_http_server_adopt(f->server, pair[0], NULL, &err));
    close(pair[1]);
    close(idle);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keep_alive_and_pipelining),
        cmocka_unit_test(test_nothing_after_an_error),
        cmocka_unit_test(test_reason_headers_and_escaping),
        cmocka_unit_test(test_silent_handler),
        cmocka_unit_test(test_reason_is_clipped),
        cmocka_unit_test(test_answer_later),
        cmocka_unit_test(test_client_leaves),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_request_after_a_body),
        cmocka_unit_test(test_unread_body_closes),
        cmocka_unit_test(test_continue_is_sent),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_client_leaves_in_its_body),
        cmocka_unit_test(test_header_timeout),
        cmocka_unit_test(test_idle_timeout),
        cmocka_unit_test(test_slow_body),
        cmocka_unit_test(test_stalled_reader),
        cmocka_unit_test(test_large_answer_arrives),
        cmocka_unit_test(test_limits_and_local_address),
        cmocka_unit_test(test_backlog_waits),
        cmocka_unit_test(test_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
