#include "proxy/gateway/access_log.h"
#include "customhouse/limits.h"
#include "tests/ch_test.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct fixture {
    struct ch_loop *loop;
    struct gw_log log;
    _Atomic uint64_t lost;
    int fd;
};

static void start(struct fixture *f, int fd)
{
    struct ch_err err;
    memset(f, 0, sizeof(*f));
    f->fd = fd;
    assert_ch_ok(&err, ch_loop_new(&f->loop, &err));
    gw_log_init(&f->log, f->loop, fd, &f->lost);
}

static void stop(struct fixture *f)
{
    gw_log_done(&f->log);
    ch_loop_free(f->loop);
    close(f->fd);
}

static struct ch_str written(struct fixture *f, char *text, size_t size)
{
    ssize_t n = pread(f->fd, text, size, 0);
    assert_true(n >= 0);
    return (struct ch_str){text, (size_t)n};
}

static const struct ch_http_access sample = {
    .method = {"GET", 3},
    .path = {"/pypi/simple/foo/", 17},
    .status = 200,
    .body_bytes = 1234,
    .complete = true,
    .duration_us = 87,
    .peer = {"127.0.0.1", 9},
    .user_agent = {"pip/23.2.1 {\"cpu\":\"x86_64\"}", 27},
    .request_id = 0x123456789abcdef0,
};

static void test_line(void **state)
{
    (void)state;
    struct fixture f;
    char text[4096];
    start(&f, memfd_create("log", 0));
    gw_log_add(&f.log, &sample, (struct ch_str){NULL, 0}, 1795946400123456);
    assert_int_equal(written(&f, text, sizeof(text)).len, 0); /* gathered first */
    gw_log_flush(&f.log);
    assert_str_eq(written(&f, text, sizeof(text)),
                  "{\"time\":\"2026-11-29T10:00:00.123Z\",\"id\":\"123456789abcdef0\","
                  "\"peer\":\"127.0.0.1\",\"method\":\"GET\",\"path\":\"/pypi/simple/foo/\","
                  "\"status\":200,\"bytes\":1234,\"us\":87,\"complete\":true,\"tls\":false,"
                  "\"agent\":\"pip/23.2.1 {\\\"cpu\\\":\\\"x86_64\\\"}\"}\n");
    stop(&f);
}

static void test_hostile_and_secret(void **state)
{
    (void)state;
    struct fixture f;
    char text[4096];
    start(&f, memfd_create("log", 0));
    struct ch_http_access a = sample;
    a.path = CH_STR("/t/tk-0123-secret/conda/x");
    a.user_agent = CH_STR("\x1b[2J\xc2\x9b\n\"");
    a.rule = CH_STR("header line: bad");
    gw_log_add(&f.log, &a, CH_STR("user:anna"), 0);
    gw_log_flush(&f.log);
    struct ch_str line = written(&f, text, sizeof(text));
    assert_false(ch_str_find(line, CH_STR("secret"), NULL));
    assert_true(ch_str_find(line, CH_STR("\"path\":\"/t/...\""), NULL));
    assert_true(ch_str_find(line, CH_STR("\"agent\":\"\\\\x1b[2J\\\\xc2\\\\x9b\\\\x0a\\\"\""), NULL));
    assert_true(ch_str_find(line, CH_STR("\"refused\":\"header line: bad\"}\n"), NULL));
    stop(&f);
}

/* Written at 64 KiB, or when the second is over; the clock of the loop decides. */
static void test_flush(void **state)
{
    (void)state;
    struct fixture f;
    struct ch_err err;
    static char text[200000];
    start(&f, memfd_create("log", 0));
    size_t lines = 0;
    while (written(&f, text, sizeof(text)).len == 0) {
        gw_log_add(&f.log, &sample, (struct ch_str){NULL, 0}, 0);
        assert_true(++lines < 10000);
    }
    assert_true(written(&f, text, sizeof(text)).len >= ch_limits.access_log_bytes);
    size_t before = written(&f, text, sizeof(text)).len;
    ch_limits.access_log_ms = 1;
    gw_log_add(&f.log, &sample, (struct ch_str){NULL, 0}, 0);
    for (int i = 0; i < 1000 && written(&f, text, sizeof(text)).len == before; i++) {
        assert_ch_ok(&err, ch_loop_turn(f.loop, 10, &err));
    }
    assert_true(written(&f, text, sizeof(text)).len > before);
    stop(&f);
}

/* A full disk loses lines and says how many bytes, and nothing else happens. */
static void test_full_disk(void **state)
{
    (void)state;
    struct fixture f;
    int fd = open("/dev/full", O_WRONLY);
    assert_true(fd >= 0);
    start(&f, fd);
    gw_log_add(&f.log, &sample, (struct ch_str){NULL, 0}, 0);
    size_t len = f.log.text.len;
    gw_log_flush(&f.log);
    assert_int_equal(atomic_load(&f.lost), len);
    assert_int_equal(f.log.text.len, 0);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line), cmocka_unit_test(test_hostile_and_secret),
        cmocka_unit_test(test_flush), cmocka_unit_test(test_full_disk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
