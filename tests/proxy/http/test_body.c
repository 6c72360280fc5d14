/* Request bodies: rules of the chunked coding, streaming, 100-continue, and what stays unread. */
#include "fixture.h"

#include <stdio.h>
#include <sys/socket.h>

#include "proxy/http/http_int.h"

#define HOST    "Host: example.org\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

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
    f->ticket = ch_http_later(r, fixture_gone, f);
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
    {"chunked", CHUNKED "5\r\nhello\r\nA\r\n, my world\r\n0\r\n\r\n",
     "HTTP/1.1 201 ", "hello, my world"},
    {"chunk size in small letters", CHUNKED "a\r\n0123456789\r\n0\r\n\r\n",
     "HTTP/1.1 201 ", "0123456789"},
    {"chunked in any case", "transfer-encoding: CHUNKED\r\n\r\n00000002\r\nab\r\n000\r\n\r\n",
     "HTTP/1.1 201 ", "ab"},
    {"trailers are discarded", CHUNKED "1\r\na\r\n0\r\nHost: evil\r\nX: y\r\n\r\n",
     "HTTP/1.1 201 ", "a"},
    {"chunked too large", CHUNKED "15\r\n012345678901234567890\r\n", "HTTP/1.1 413 ", NULL},
    {"chunk size empty", CHUNKED "\r\na\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size 0x1", CHUNKED "0x1\r\na\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size +1", CHUNKED "+1\r\na\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size with a space", CHUNKED "1 \r\na\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size with a space and no CR", CHUNKED "1 \na\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size between digits and letters", CHUNKED ":\r\n0123456789\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size behind the letters", CHUNKED "g\r\n0123456789abcdef\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size behind the capitals", CHUNKED "G\r\n0123456789abcdef\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"trailer with a control character", CHUNKED "0\r\nX: y\1\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size of 9 digits", CHUNKED "000000001\r\na\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk extension", CHUNKED "1;x=y\r\na\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk size, bare LF", CHUNKED "1\na\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk data too long", CHUNKED "1\r\nab\r\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"chunk data, bare LF", CHUNKED "1\r\na\n0\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"trailer without a colon", CHUNKED "0\r\nfoo bar\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"trailer of a name alone", CHUNKED "0\r\nfoo\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"trailer with a space before its colon", CHUNKED "0\r\nfoo : bar\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"trailer folded", CHUNKED "0\r\n X: y\r\n\r\n", "HTTP/1.1 400 ", NULL},
    {"trailer, bare LF", CHUNKED "0\r\nX: y\n\r\n", "HTTP/1.1 400 ", NULL},
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

/* A body has no meaning on GET or HEAD, but its end decides where the next request begins: it is checked
 * before anything is answered, and an honest one does not cost the connection. */
static void test_bodies_of_get_are_checked_first(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(bodies); i++) {
        bool too_large = bodies[i].body == NULL && ch_str_find(ch_str_of(bodies[i].answer),
                                                               CH_STR(" 413 "), NULL);
        for (int method = 0; method < 2 && !too_large; method++) {
            char request[512];
            int n = snprintf(request, sizeof(request), "%s /first HTTP/1.1\r\n" HOST "%s%s",
                             method == 0 ? "GET" : "HEAD", bodies[i].request,
                             bodies[i].body == NULL
                                 ? "" : "GET /second HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
            f->requests = 0;
            struct ch_str a = fixture_exchange(f, (struct ch_str){request, (size_t)n});
            if (ch_str_starts(a, CH_STR("HTTP/1.1 100 Continue\r\n\r\n"))) {
                fail_msg("%s: 100 Continue although the body was there", bodies[i].label);
            }
            bool good = bodies[i].body != NULL;
            if (!ch_str_starts(a, good ? CH_STR("HTTP/1.1 200 ") : CH_STR("HTTP/1.1 400 ")) ||
                f->requests != (good ? 2 : 0)) {
                fail_msg("%s: %d handled, %.*s", bodies[i].label, f->requests, CH_STR_ARG(a));
            }
        }
    }
    fixture_free(f);
}

static void test_bodies_of_get_are_bounded(void **state)
{
    static const char *const rows[] = {"Content-Length: 9\r\n\r\n123456789",
                                       CHUNKED "5\r\nhello\r\n4\r\nhell\r\n0\r\n\r\n"};
    uint64_t max = ch_limits.http_meaningless_body_bytes;
    ch_limits.http_meaningless_body_bytes = 8;
    struct fixture *f = fixture_new();
    ch_limits.http_meaningless_body_bytes = max;
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char request[256];
        int n = snprintf(request, sizeof(request), "GET / HTTP/1.1\r\n" HOST "%s", rows[i]);
        struct ch_str a = fixture_exchange(f, (struct ch_str){request, (size_t)n});
        assert_has(a, "HTTP/1.1 413 ");
        assert_has(a, "Connection: close\r\n");
        assert_int_equal(f->requests, 0);
    }
    fixture_free(f);
}

static void test_get_waits_for_its_body(void **state)
{
    struct fixture *f = fixture_new();
    (void)state;
    fixture_connect(f);
    fixture_send(f, CH_STR("GET / HTTP/1.1\r\n" HOST
                           "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    fixture_until(f, is_answered, "100 Continue");
    assert_str_eq(ch_buf_str(&f->got), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(f->requests, 0);
    ch_buf_clear(&f->got);
    fixture_send(f, CH_STR("ab"));
    fixture_until(f, is_answered, "the answer");
    assert_true(ch_str_starts(ch_buf_str(&f->got), CH_STR("HTTP/1.1 200 ")));
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

static void test_slow_body(void **state)
{
    uint64_t window = ch_limits.http_rate_window_ms;
    ch_limits.http_rate_window_ms = 50;
    ch_limits.http_linger_ms = 50;
    struct fixture *f = fixture_new();
    ch_limits.http_rate_window_ms = window;
    (void)state;
    f->on_request = receive_small;
    struct ch_str a = fixture_exchange(f, CH_STR("POST / HTTP/1.1\r\n" HOST
                                                 "Content-Length: 4\r\n\r\nab"));
    assert_has(a, "HTTP/1.1 408 ");
    assert_int_equal(f->gone, 1);
    fixture_free(f);
}

/* Trailers are thrown away, so only their length tells when there are too many. */
static void test_trailers_have_an_end(void **state)
{
    (void)state;
    struct http_chunks k = {0};
    struct ch_str in = CH_STR("0\r\nX: ");
    struct ch_str piece;
    const char *rule = "";
    uint64_t bytes = 3; /* of the trailers */
    assert_int_equal(http_chunk_next(&k, &ch_limits, &in, &piece, &rule), HTTP_CHUNK_MORE);
    for (; bytes < ch_limits.http_trailer_bytes; bytes++) {
        in = CH_STR("a");
        assert_int_equal(http_chunk_next(&k, &ch_limits, &in, &piece, &rule), HTTP_CHUNK_MORE);
    }
    in = CH_STR("a");
    assert_int_equal(http_chunk_next(&k, &ch_limits, &in, &piece, &rule), HTTP_CHUNK_BAD);
    assert_string_equal(rule, "trailers: too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trailers_have_an_end),
        cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_request_after_a_body),
        cmocka_unit_test(test_unread_body_closes),
        cmocka_unit_test(test_bodies_of_get_are_checked_first),
        cmocka_unit_test(test_bodies_of_get_are_bounded),
        cmocka_unit_test(test_get_waits_for_its_body),
        cmocka_unit_test(test_continue_is_sent),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_client_leaves_in_its_body),
        cmocka_unit_test(test_slow_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
