/* Connections: keep-alive, pipelining, bodies, tickets, time-outs, limits, draining. */
#include "fixture.h"

#include <arpa/inet.h>
#include <errno.h>
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
    fixture_exchange(
        f, CH_STR("GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\nGET /b HTTP/1.1\r\n" HOST "\r\n"));
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

static void take_ticket(struct fixture *f, struct ch_http_request *r)
{
    f->ticket = ch_http_later(r, fixture_gone, f);
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

static void answer_large(struct fixture *f, struct ch_http_request *r)
{
    static char large[32 << 20];
    ch_http_respond(r, &(struct ch_http_response){.status = 200,
                                                  .body = {large, sizeof(large)},
                                                  .body_release = release,
                                                  .body_owner = f});
}

static bool is_released(struct fixture *f)
{
    return f->released > 0;
}

/* A reader that stops is aborted, and nothing is buffered for it but what the kernel took. */
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
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
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

/* Over TCP, too, the kernel takes little for a reader that stops: not the megabytes to which it
 * lets a queue grow by itself. */
static void test_unsent_queue_is_short(void **state)
{
    with_limits(60000, 60000, 200);
    struct fixture *f = fixture_new();
    struct ch_err err;
    uint16_t port;
    (void)state;
    f->on_request = answer_large;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    int client = connect_tcp(port);
    f->client = client;
    fixture_send(f, CH_STR("GET / HTTP/1.1\r\n" HOST "\r\n"));
    f->client = -1; /* the fixture does not read */
    fixture_until(f, is_released, "the end of the answer");
    int window; /* what the client's kernel may have in its own queue */
    socklen_t len = sizeof(window);
    assert_int_equal(getsockopt(client, SOL_SOCKET, SO_RCVBUF, &window, &len), 0);
    assert_false(f->complete);
    assert_in_range(f->body_bytes, 1, (uint64_t)window + 4 * ch_limits.http_unsent_bytes);
    close(client);
    fixture_free(f);
    close(listener);
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
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
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
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
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

static bool was_reset(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
}

static bool is_served(struct fixture *f)
{
    return f->requests == 1;
}

static bool two_requests(struct fixture *f)
{
    return f->requests == 2;
}

static void keep_busy(struct fixture *f, struct ch_http_request *r)
{
    ch_http_later(r, fixture_gone, f);
}

/* Another number of connections than at the start: more are taken at once, fewer when who is
 * answered has gone; nobody who is being answered is cut off. */
static void test_other_limits_in_force(void **state)
{
    uint64_t all = ch_limits.http_connections;
    struct ch_err err;
    uint16_t port;
    (void)state;
    ch_limits.http_connections = 1;
    struct fixture *f = fixture_new();
    ch_limits.http_connections = all;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    f->on_request = keep_busy;
    int busy[2];
    for (int i = 0; i < 2; i++) {
        busy[i] = connect_tcp(port);
        use_client(f, busy[i]);
        fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    }
    fixture_until(f, is_served, "the first request");
    turn(f, 5);
    assert_int_equal(f->requests, 1); /* the second waits in the backlog */
    ch_http_server_set_connections(f->server, 3, 3);
    fixture_until(f, two_requests, "the second request");
    int idle = connect_tcp(port);
    turn(f, 5);
    assert_int_equal(ch_http_server_connections(f->server), 3);
    ch_http_server_set_connections(f->server, 2, 3);
    int waits = connect_tcp(port);
    turn(f, 5);
    assert_int_equal(ch_http_server_connections(f->server), 3);
    assert_int_equal(f->gone, 0);
    close(idle);
    fixture_until(f, two_connected, "the idle one is gone");
    turn(f, 5);
    assert_int_equal(ch_http_server_connections(f->server), 2); /* the last one still waits */
    f->on_request = NULL;
    close(busy[0]);
    use_client(f, waits);
    fixture_send(f, CH_STR("GET /b HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    fixture_until(f, is_closed, "the one that waited");
    assert_has(ch_buf_str(&f->got), "GET|b?");
    ch_http_server_set_connections(f->server, 3, 1);
    use_client(f, connect_tcp(port));
    fixture_until(f, is_closed, "a second one of this address is refused");
    assert_has(ch_buf_str(&f->got), "too many from this address");
    close(busy[1]);
    fixture_free(f);
    close(listener);
}

static bool take_all(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    (void)r, (void)piece, (void)last, (void)arg;
    return true;
}

static void wait_for_body(struct fixture *f, struct ch_http_request *r)
{
    struct ch_err err;
    ch_http_later(r, fixture_gone, f);
    assert_ch_ok(&err, ch_http_receive(r, 1000, take_all, f, &err));
}

/* Whoever only holds connections, of one address or of all, keeps nobody out: the one that has
 * waited for its client for longest goes, first one without a request, then one whose body does not
 * come. */
static void test_who_waits_gives_way(void **state)
{
    uint64_t per_address = ch_limits.http_connections_per_address, all = ch_limits.http_connections;
    (void)state;
    for (int bound = 0; bound < 2; bound++) {
        ch_limits.http_connections_per_address = bound == 0 ? 2 : per_address;
        ch_limits.http_connections = bound == 0 ? all : 3;
        struct fixture *f = fixture_new_with_room();
        ch_limits.http_connections_per_address = per_address;
        ch_limits.http_connections = all;
        struct ch_err err;
        uint16_t port;
        int listener = listen_tcp(&port);
        assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
        int one = connect_tcp(port);
        fixture_until(f, one_connected, "one connection");
        int two = connect_tcp(port);
        fixture_until(f, two_connected, "two connections");
        f->on_request = wait_for_body;
        use_client(f, two);
        fixture_send(f, CH_STR("POST /a HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n1"));
        fixture_until(f, is_served, "a request without its body");
        f->on_request = NULL;
        for (int i = 0; i < 2; i++) {
            assert_int_equal(f->gone, 0);
            use_client(f, connect_tcp(port));
            fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
            fixture_until(f, is_answered, "the answer to the newcomer");
            assert_has(ch_buf_str(&f->got), "GET|a?");
            assert_true(was_reset(i == 0 ? one : two));
            close(i == 0 ? one : two);
            if (i == 0) {
                one = f->client; /* it waits for its next request, since later than `two` */
            }
        }
        assert_int_equal(f->gone, 1);
        close(one);
        fixture_free(f);
        close(listener);
    }
}

static int listen_tcp6(uint16_t *ret_port)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    socklen_t len = sizeof(at);
    int no = 0, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *ret_port = ntohs(at.sin6_port);
    return fd;
}

static bool host_has_ipv6(void)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return has;
}

static int connect_tcp6(uint16_t port)
{
    struct sockaddr_in6 at = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    (void)connect(fd, (struct sockaddr *)&at, sizeof(at));
    return fd;
}

/* The first half of an IPv4 address, as IPv6 writes it, is that of ::1: two clients all the same.
 */
static void test_only_ones_own_give_way(void **state)
{
    uint64_t per_address = ch_limits.http_connections_per_address;
    (void)state;
    if (!host_has_ipv6()) {
        skip();
    }
    ch_limits.http_connections_per_address = 1;
    struct fixture *f = fixture_new_with_room();
    ch_limits.http_connections_per_address = per_address;
    struct ch_err err;
    uint16_t port;
    int listener = listen_tcp6(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    int other = connect_tcp(port);
    fixture_until(f, one_connected, "one connection");
    int own = connect_tcp6(port);
    fixture_until(f, two_connected, "two connections");
    use_client(f, connect_tcp6(port));
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    fixture_until(f, is_answered, "the answer to the newcomer");
    assert_true(was_reset(own));
    assert_false(was_reset(other));
    close(own);
    close(other);
    fixture_free(f);
    close(listener);
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
    assert_ch_code(CH_E_BUSY, ch_http_server_adopt(f->server, pair[0], NULL, 0, &err));
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
        cmocka_unit_test(test_header_timeout),
        cmocka_unit_test(test_idle_timeout),
        cmocka_unit_test(test_stalled_reader),
        cmocka_unit_test(test_large_answer_arrives),
        cmocka_unit_test(test_unsent_queue_is_short),
        cmocka_unit_test(test_limits_and_local_address),
        cmocka_unit_test(test_backlog_waits),
        cmocka_unit_test(test_other_limits_in_force),
        cmocka_unit_test(test_who_waits_gives_way),
        cmocka_unit_test(test_only_ones_own_give_way),
        cmocka_unit_test(test_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
