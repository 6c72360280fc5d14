/* Failed sign-ins: all are counted, however many there are, and the keeper is told in few words. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "proxy/front/failures.h"

#define SECRET "chp_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct ch_err err;

struct fixture {
    struct ch_loop *loop;
    struct front_failures failures;
    struct ch_channel *keeper; /* the process's end */
    struct ch_channel *there;  /* the keeper's */
    int messages;
    struct ch_buf told; /* "fault digest? address path times;" */
    size_t rows;
    uint64_t times;
};

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct fixture *f = owner;
    struct ch_rd r = ch_rd_of(frame->payload.ptr, frame->payload.len);
    (void)ch;
    assert_int_equal(frame->type, CH_MSG_SIGN_INS);
    f->messages++;
    while (ch_rd_left(&r) > 0) {
        struct ch_sign_ins m = ch_sign_ins_get(&r);
        assert_false(r.failed);
        ch_buf_printf(&f->told, "%d%s %.*s %.*s %u;", m.fault,
                      ch_sha256_is_zero(&m.digest) ? "" : "t", CH_STR_ARG(m.address),
                      CH_STR_ARG(m.path), m.times);
        f->rows++;
        f->times += m.times;
    }
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    (void)owner;
    (void)ch;
    (void)why;
}

static void connect_keeper(struct fixture *f)
{
    int pair[2];
    struct ch_channel_options o = {.loop = f->loop,
                                   .peer = CH_ROLE_KEEPER,
                                   .self = CH_ROLE_GATEWAY,
                                   .owner = f,
                                   .on_frame = on_frame,
                                   .on_closed = on_closed};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    o.fd = pair[0];
    assert_ch_ok(&err, ch_channel_open(&o, &f->keeper, &err));
    o.fd = pair[1];
    o.peer = CH_ROLE_GATEWAY;
    o.self = CH_ROLE_KEEPER;
    assert_ch_ok(&err, ch_channel_open(&o, &f->there, &err));
}

static void start(struct fixture *f)
{
    *f = (struct fixture){.messages = 0};
    ch_buf_init(&f->told, 1u << 20);
    assert_ch_ok(&err, ch_loop_new(&f->loop, &err));
    front_failures_init(&f->failures, f->loop, &f->keeper);
}

static void stop(struct fixture *f)
{
    front_failures_done(&f->failures);
    ch_channel_free(f->keeper);
    ch_channel_free(f->there);
    ch_loop_free(f->loop);
    ch_buf_done(&f->told);
}

static void until_told(struct fixture *f, int messages)
{
    uint64_t end = ch_now_boot_ms() + 20000;
    while (f->messages < messages) {
        assert_true(ch_now_boot_ms() < end);
        assert_ch_ok(&err, ch_loop_turn(f->loop, 20, &err));
    }
}

static void add(struct fixture *f, enum ch_sign_in_fault fault, const char *secret,
                const char *peer, const char *path)
{
    struct ch_sha256 digest = ch_sha256_of(secret, secret != NULL ? strlen(secret) : 0);
    front_failures_add(&f->failures, fault, secret != NULL ? &digest : NULL, ch_str_of(peer),
                       ch_str_of(path));
}

static void test_each_is_counted_by_what_it_was(void **state)
{
    (void)state;
    struct fixture f;
    start(&f);
    connect_keeper(&f);
    for (int i = 0; i < 3; i++) {
        add(&f, CH_SIGN_IN_REFUSED, "one", "192.0.2.1", "/pypi/simple/foo/");
    }
    add(&f, CH_SIGN_IN_REFUSED, "two", "192.0.2.1", "/pypi/simple/foo/");
    add(&f, CH_SIGN_IN_REFUSED, "one", "192.0.2.2", "/pypi/simple/foo/");
    add(&f, CH_SIGN_IN_UNANSWERED, "one", "192.0.2.1", "/pypi/simple/foo/");
    add(&f, CH_SIGN_IN_MALFORMED, NULL, "192.0.2.1", "/");
    add(&f, CH_SIGN_IN_NOT_TRIED, "one", "192.0.2.1", "/");
    add(&f, CH_SIGN_IN_NOT_TRIED, "two", "192.0.2.1", "/");
    assert_int_equal(f.messages, 0);
    until_told(&f, 1); /* by itself */
    assert_str_eq(ch_buf_str(&f.told), "2t 192.0.2.1 /pypi/simple/foo/ 3;"
                                       "2t 192.0.2.1 /pypi/simple/foo/ 1;"
                                       "2t 192.0.2.2 /pypi/simple/foo/ 1;"
                                       "3t 192.0.2.1 /pypi/simple/foo/ 1;"
                                       "0 192.0.2.1 / 1;"
                                       "1 192.0.2.1 / 2;");
    front_failures_hand_over(&f.failures); /* what was told is not told again */
    add(&f, CH_SIGN_IN_MALFORMED, NULL, "192.0.2.1", "/");
    until_told(&f, 2);
    assert_int_equal(f.times, 10);
    stop(&f);
}

static void test_no_secret_and_no_end(void **state)
{
    (void)state;
    struct fixture f;
    char longer[1024];
    memset(longer, 'a', sizeof(longer));
    longer[0] = '/';
    longer[sizeof(longer) - 1] = '\0';
    start(&f);
    connect_keeper(&f);
    add(&f, CH_SIGN_IN_MALFORMED, NULL, "192.0.2.1", "/api/v1/tokens/" SECRET);
    add(&f, CH_SIGN_IN_MALFORMED, NULL, "192.0.2.1",
        "/api/v1/tokens/%63hp_0123456789abcdef01234567");
    add(&f, CH_SIGN_IN_MALFORMED, NULL, "192.0.2.1", longer);
    until_told(&f, 1);
    assert_true(
        ch_str_starts(ch_buf_str(&f.told), CH_STR("0 192.0.2.1 chp_... 2;0 192.0.2.1 /aaa")));
    assert_true(f.told.len < ch_limits.sign_in_path_bytes + 60);
    stop(&f);
}

/* Whoever has no token to try leaves room for those that were tried; nothing is lost to the bound,
 * and one address takes a part of it alone. */
static void test_the_bound_loses_nothing(void **state)
{
    (void)state;
    struct fixture f;
    char address[32], path[32];
    start(&f);
    for (int i = 0; i < 40; i++) {
        snprintf(path, sizeof(path), "/%d/", i);
        add(&f, CH_SIGN_IN_MALFORMED, NULL, "192.0.2.1", path);
    }
    front_failures_hand_over(&f.failures); /* nobody is there: all of it is kept */
    connect_keeper(&f);
    front_failures_hand_over(&f.failures);
    until_told(&f, 1);
    assert_int_equal(f.rows, ch_limits.sign_in_rows_of_one + 1);
    assert_true(ch_str_ends(ch_buf_str(&f.told), CH_STR(";0 192.0.2.1  24;")));
    assert_int_equal(f.times, 40);

    f.rows = f.times = 0;
    ch_buf_clear(&f.told);
    for (int i = 0; i < 3000; i++) {
        snprintf(address, sizeof(address), "2001:db8::%x", i);
        add(&f, CH_SIGN_IN_MALFORMED, NULL, address, "/");
        add(&f, CH_SIGN_IN_NOT_TRIED, NULL, address, "/");
    }
    add(&f, CH_SIGN_IN_REFUSED, "the one that was stolen", "192.0.2.9", "/pypi/simple/foo/");
    for (int i = 0; i < 3000; i++) {
        char secret[32];
        snprintf(secret, sizeof(secret), "%d", i);
        snprintf(address, sizeof(address), "2001:db8::%x", i);
        add(&f, CH_SIGN_IN_REFUSED, secret, address, "/");
        add(&f, CH_SIGN_IN_UNANSWERED, secret, address, "/");
    }
    until_told(&f, 2);
    assert_int_equal(f.times, 12001);
    assert_true(f.rows > ch_limits.sign_in_rows && f.rows <= ch_limits.sign_in_rows + 4);
    assert_true(
        ch_str_find(ch_buf_str(&f.told), CH_STR(";2t 192.0.2.9 /pypi/simple/foo/ 1;"), NULL));
    for (int fault = 0; fault < 4; fault++) { /* and how many others there were */
        char others[16];
        snprintf(others, sizeof(others), ";%d   ", fault);
        assert_true(ch_str_find(ch_buf_str(&f.told), ch_str_of(others), NULL));
    }
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_counted_by_what_it_was),
        cmocka_unit_test(test_no_secret_and_no_end),
        cmocka_unit_test(test_the_bound_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
