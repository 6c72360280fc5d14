/* A witness over HTTP, asked by anybody. */
#include "tests/ch_test.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "customhouse/loop.h"
#include "db/witness/server.h"

#define VKEY "gw.example/audit+306d4ed8+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define NOTE                                                                                       \
    "gw.example/audit\n3\nLP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/LNo=\n\n"                        \
    "\xe2\x80\x94 gw.example/audit MG1O2LQP/5A5MdE1i2BT/vGJ4kBMPo3p8hru5BSjzr5q4zzgmSDsgjcdMmaxZC" \
    "vgU4MkfTI67Ww91XLpKo0v3y0HPQ8=\n"

static struct ch_err err;
static char state_dir[64];
static struct ch_loop *loop;
static struct witness *witness;
static struct witness_server *server;
static struct ch_buf said;

static void say(void *owner, struct ch_str line)
{
    (void)owner;
    ch_buf_puts(&said, line);
    ch_buf_putc(&said, '\n');
}

static void on_drained(void *owner)
{
    (void)owner;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    static struct witness_log log;
    const struct ch_str hosts[] = {CH_STR("localhost")};
    (void)state;
    snprintf(state_dir, sizeof(state_dir), "witness-test-XXXXXX");
    assert_non_null(mkdtemp(state_dir));
    ch_buf_init(&said, 1u << 16);
    assert_ch_ok(&err, witness_log_get(CH_STR(VKEY), &log, &err));
    assert_ch_ok(&err, witness_open(state_dir, "w.example/1", &log, 1, &witness, &err));
    assert_ch_ok(&err, ch_loop_new(&loop, &err));
    struct witness_server_options options = {.loop = loop,
                                             .witness = witness,
                                             .hosts = hosts,
                                             .host_count = 1,
                                             .say = say,
                                             .on_drained = on_drained};
    assert_ch_ok(&err, witness_server_new(&options, &server, &err));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    witness_server_free(server);
    witness_close(witness);
    ch_loop_free(loop);
    ch_buf_done(&said);
    nftw(state_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

/* Sends it all and reads until the server closes. */
static struct ch_buf exchange(struct ch_str request)
{
    struct ch_buf got;
    int pair[2];
    char piece[4096];
    ssize_t n;
    ch_buf_init(&got, 1u << 20);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_ch_ok(&err, ch_http_server_adopt(witness_server_http(server), pair[1], NULL, 0, &err));
    size_t sent = 0;
    for (int turns = 0; turns < 10000; turns++) {
        if (sent < request.len &&
            (n = write(pair[0], request.ptr + sent, request.len - sent)) > 0) {
            sent += (size_t)n;
        }
        assert_ch_ok(&err, ch_loop_turn(loop, 1, &err));
        n = read(pair[0], piece, sizeof(piece));
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            break;
        }
        if (n > 0) {
            ch_buf_put(&got, piece, (size_t)n);
        }
    }
    close(pair[0]);
    assert_ch_ok(&err, ch_loop_turn(loop, 0, &err));
    return got;
}

static struct ch_buf post(const char *head, struct ch_str body)
{
    struct ch_buf request;
    ch_buf_init(&request, 1u << 20);
    ch_buf_printf(&request,
                  "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  head, body.len);
    ch_buf_puts(&request, body);
    struct ch_buf got = exchange(ch_buf_str(&request));
    ch_buf_done(&request);
    return got;
}

static void assert_answer(struct ch_buf got, const char *status, const char *part)
{
    if (!ch_str_starts(ch_buf_str(&got), ch_str_of(status)) ||
        !ch_str_find(ch_buf_str(&got), ch_str_of(part), NULL)) {
        fail_msg("not \"%s\" with \"%s\": %.*s", status, part, CH_STR_ARG(ch_buf_str(&got)));
    }
    ch_buf_done(&got);
}

static void a_checkpoint_is_cosigned(void **state)
{
    (void)state;
    assert_answer(post("POST /add-checkpoint", CH_STR("old 0\n\n" NOTE)), "HTTP/1.1 200 ",
                  "\r\n\r\n\xe2\x80\x94 w.example/1 ");
    assert_true(
        ch_str_starts(ch_buf_str(&said), CH_STR("event=cosigned origin=gw.example/audit size=3")));
    assert_answer(post("POST /add-checkpoint", CH_STR("old 0\n\n" NOTE)), "HTTP/1.1 409 ",
                  "Content-Type: text/x.tlog.size\r\n");
    assert_answer(post("POST /add-checkpoint", CH_STR("old 0\n\n" NOTE)), "HTTP/1.1 409 ",
                  "\r\n\r\n3\n");
}

static void in_pieces_as_well(void **state)
{
    (void)state;
    struct ch_buf request;
    struct ch_str body = CH_STR("old 0\n\n" NOTE);
    ch_buf_init(&request, 1u << 16);
    ch_buf_puts(&request, CH_STR("POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\n"
                                 "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (size_t i = 0; i < body.len; i++) {
        ch_buf_printf(&request, "1\r\n");
        ch_buf_putc(&request, body.ptr[i]);
        ch_buf_puts(&request, CH_STR("\r\n"));
    }
    ch_buf_puts(&request, CH_STR("0\r\n\r\n"));
    assert_answer(exchange(ch_buf_str(&request)), "HTTP/1.1 200 ", "w.example/1");
    ch_buf_done(&request);
}

static void what_is_too_long_is_not_read(void **state)
{
    (void)state;
    struct ch_buf body;
    ch_buf_init(&body, 4 * CH_SUBMISSION_MAX);
    while (body.len <= CH_SUBMISSION_MAX) {
        ch_buf_puts(&body, CH_STR("old 0\n\n" NOTE));
    }
    assert_answer(post("POST /add-checkpoint", ch_buf_str(&body)), "HTTP/1.1 413 ", "\r\n\r\n");
    assert_int_equal(said.len, 0);
    ch_buf_done(&body);
}

static void nothing_else_is_answered(void **state)
{
    (void)state;
    assert_answer(exchange(CH_STR("GET /add-checkpoint HTTP/1.1\r\nHost: localhost\r\n"
                                  "Connection: close\r\n\r\n")),
                  "HTTP/1.1 405 ", "Allow: POST\r\n");
    assert_answer(exchange(CH_STR("POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\n"
                                  "Connection: close\r\n\r\n")),
                  "HTTP/1.1 400 ", "\r\n\r\n");
    assert_answer(post("POST /add-checkpoint/", CH_STR("old 0\n\n" NOTE)), "HTTP/1.1 404 ", "\r\n\r\n");
    assert_answer(post("POST /", CH_STR("old 0\n\n" NOTE)), "HTTP/1.1 404 ", "\r\n\r\n");
    assert_answer(exchange(CH_STR("POST /add-checkpoint HTTP/1.1\r\nHost: other\r\n"
                                  "Connection: close\r\nContent-Length: 0\r\n\r\n")),
                  "HTTP/1.1 421 ", "\r\n\r\n");
    assert_answer(post("POST /add-checkpoint", CH_STR("old 0\n\n\xff\xfe" NOTE)), "HTTP/1.1 400 ",
                  "\r\n\r\n");
    assert_int_equal(said.len, 0);
}

/* Who leaves in the middle leaves nothing behind. */
static void who_leaves_is_forgotten(void **state)
{
    (void)state;
    int pair[2];
    struct ch_str half = CH_STR("POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\n"
                                "Content-Length: 500\r\n\r\nold 0\n");
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    assert_ch_ok(&err, ch_http_server_adopt(witness_server_http(server), pair[1], NULL, 0, &err));
    assert_int_equal(write(pair[0], half.ptr, half.len), (ssize_t)half.len);
    assert_ch_ok(&err, ch_loop_turn(loop, 100, &err));
    close(pair[0]);
    for (int i = 0; i < 100 && ch_http_server_connections(witness_server_http(server)) > 0; i++) {
        assert_ch_ok(&err, ch_loop_turn(loop, 10, &err));
    }
    assert_int_equal(ch_http_server_connections(witness_server_http(server)), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_checkpoint_is_cosigned), T(in_pieces_as_well),       T(what_is_too_long_is_not_read),
        T(nothing_else_is_answered), T(who_leaves_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
