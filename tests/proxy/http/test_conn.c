/* Connections: keep-alive, pipelining, answers, tickets, time-outs, draining. */
#include "fixture.h"

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

/* A client may end its direction with its request (RFC 9112, 9.6), and gets its answers. */
static void test_a_half_closed_client_is_answered(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    f->on_request = take_ticket;
    fixture_connect(f);
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\nGET /b HTTP/1.1\r\n" HOST "\r\n"));
    assert_int_equal(shutdown(f->client, SHUT_WR), 0);
    fixture_until(f, is_requested, "the request");
    turn(f, 5);
    assert_int_equal(f->gone, 0);
    struct ch_http_request *r = ch_http_find(f->server, f->ticket);
    assert_non_null(r);
    ch_http_respond_text(r, 403, CH_STR("Held"));
    fixture_until(f, is_answered, "the answer");
    turn(f, 5);
    assert_int_equal(f->requests, 2); /* the second is no other */
    assert_int_equal(f->gone, 0);
    r = ch_http_find(f->server, f->ticket);
    assert_non_null(r);
    ch_http_respond_text(r, 403, CH_STR("Held"));
    fixture_until(f, is_closed, "the end");
    assert_int_equal(ch_http_server_connections(f->server), 0);
    fixture_free(f);
}

/* But it is not waited for as long as that takes: it may be gone. */
static void test_a_half_closed_client_is_waited_for_within_bounds(void **state)
{
    uint64_t bound = ch_limits.http_half_closed_ms;
    ch_limits.http_half_closed_ms = 50;
    struct fixture *f = fixture_new();
    ch_limits.http_half_closed_ms = bound;
    (void)state;
    f->on_request = take_ticket;
    fixture_connect(f);
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    fixture_until(f, is_requested, "the request");
    assert_int_equal(shutdown(f->client, SHUT_WR), 0);
    fixture_until(f, is_gone, "on_gone");
    assert_int_equal(ch_http_server_connections(f->server), 0);
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

/* What others wait for while one answer is written does not grow with what its reader can take: a
 * queue that the kernel has let grow takes megabytes at once. What a turn leaves unsent is read
 * with the next. */
static void test_turn_is_short(void **state)
{
    with_limits(60000, 60000, 60000);
    struct fixture *f = fixture_new();
    struct ch_err err;
    uint16_t port;
    static char waste[8 << 20];
    size_t most = 0, all = 0;
    (void)state;
    f->on_request = answer_large;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    use_client(f, connect_tcp(port));
    fixture_send(f, CH_STR("GET / HTTP/1.1\r\n" HOST "\r\n"));
    fixture_until(f, is_requested, "the request");
    while (f->released == 0) {
        size_t in_turn = 0;
        assert_ch_ok(&err, ch_loop_turn(f->loop, 10, &err));
        for (ssize_t n; (n = recv(f->client, waste, sizeof(waste), MSG_DONTWAIT)) > 0;) {
            in_turn += (size_t)n;
        }
        most = in_turn > most ? in_turn : most;
        all += in_turn;
    }
    assert_in_range(most, 1, (256 << 10) + ch_limits.http_unsent_bytes);
    assert_true(all > 31 << 20); /* the rest was read above */
    fixture_free(f);
    close(listener);
}

/* --- draining --- */

static bool is_drained(struct fixture *f)
{
    return f->drained;
}

static void test_drain(void **state)
{
    with_limits(60000, 60000, 60000);
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
        cmocka_unit_test(test_a_half_closed_client_is_answered),
        cmocka_unit_test(test_a_half_closed_client_is_waited_for_within_bounds),
        cmocka_unit_test(test_client_leaves),
        cmocka_unit_test(test_header_timeout),
        cmocka_unit_test(test_idle_timeout),
        cmocka_unit_test(test_stalled_reader),
        cmocka_unit_test(test_large_answer_arrives),
        cmocka_unit_test(test_unsent_queue_is_short),
        cmocka_unit_test(test_turn_is_short),
        cmocka_unit_test(test_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
