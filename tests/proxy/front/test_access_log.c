#include "proxy/front/access_log.h"
#include "customhouse/limits.h"
#include "tests/ch_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    struct ch_loop *loop;
    struct front_log log;
    struct front_log_lost lost;
    int fd;
};

static void start(struct fixture *f, int fd)
{
    struct ch_err err;
    memset(f, 0, sizeof(*f));
    f->fd = fd;
    assert_ch_ok(&err, ch_loop_new(&f->loop, &err));
    front_log_init(&f->log, f->loop, fd, &f->lost);
}

static void stop(struct fixture *f)
{
    front_log_done(&f->log);
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
    front_log_add(&f.log, &sample, (struct ch_str){NULL, 0}, 1795946400123456);
    assert_int_equal(written(&f, text, sizeof(text)).len, 0); /* gathered first */
    front_log_flush(&f.log);
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
    front_log_add(&f.log, &a, CH_STR("user:anna"), 0);
    front_log_flush(&f.log);
    struct ch_str line = written(&f, text, sizeof(text));
    assert_false(ch_str_find(line, CH_STR("secret"), NULL));
    assert_true(ch_str_find(line, CH_STR("\"path\":\"/t/...\""), NULL));
    assert_true(
        ch_str_find(line, CH_STR("\"agent\":\"\\\\x1b[2J\\\\xc2\\\\x9b\\\\x0a\\\"\""), NULL));
    assert_true(ch_str_find(line, CH_STR("\"refused\":\"header line: bad\"}\n"), NULL));
    stop(&f);
}

#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Whoever puts a token into an address or a name of a program has it in no log of ours. */
static void test_tokens_anywhere(void **state)
{
    (void)state;
    static const struct {
        const char *path, *agent, *logged;
    } rows[] = {
        {"/pypi/simple/chp_" DIGITS "/", "x", "\"path\":\"/pypi/simple/chp_.../\",\"status\":200"},
        {"/chp_" DIGITS "/chp_" DIGITS, "x", "\"path\":\"/chp_.../chp_...\""},
        {"/pypi/%63hp_" DIGITS "/", "x", "\"path\":\"/...\""},
        {"/pypi/chp%5F" DIGITS "/", "x", "\"path\":\"/...\""},
        {"/chp_" DIGITS "/chp%5F" DIGITS, "x", "\"path\":\"/...\""},
        {"/chp%5F" DIGITS "/chp_0123456789abcdef0", "x", "\"path\":\"/...\""},
        {"/a%2Fb/", "x", "\"path\":\"/a%2Fb/\""},
        {"/", "tool chp_" DIGITS "\"", "\"agent\":\"tool chp_...\\\"\""},
        {"/", "cut off chp_0123456789abcdef0", "\"agent\":\"cut off chp_...\""},
        {"/chp_0123/", "chp_", "\"path\":\"/chp_0123/\""},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct fixture f;
        char text[4096];
        start(&f, memfd_create("log", 0));
        struct ch_http_access a = sample;
        a.path = ch_str_of(rows[i].path);
        a.user_agent = ch_str_of(rows[i].agent);
        front_log_add(&f.log, &a, (struct ch_str){NULL, 0}, 0);
        front_log_flush(&f.log);
        struct ch_str line = written(&f, text, sizeof(text));
        assert_false(ch_str_find(line, CH_STR("0123456789abcdef0123"), NULL));
        if (!ch_str_find(line, ch_str_of(rows[i].logged), NULL)) {
            fail_msg("%s is not in %.*s", rows[i].logged, CH_STR_ARG(line));
        }
        stop(&f);
    }
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
        front_log_add(&f.log, &sample, (struct ch_str){NULL, 0}, 0);
        assert_true(++lines < 10000);
    }
    assert_true(written(&f, text, sizeof(text)).len >= ch_limits.access_log_bytes);
    size_t before = written(&f, text, sizeof(text)).len;
    ch_limits.access_log_ms = 1;
    front_log_add(&f.log, &sample, (struct ch_str){NULL, 0}, 0);
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
    front_log_add(&f.log, &sample, (struct ch_str){NULL, 0}, 0);
    size_t len = f.log.text.len;
    front_log_flush(&f.log);
    assert_int_equal(atomic_load(&f.lost.bytes), len);
    assert_int_equal(atomic_load(&f.lost.lines), 1);
    assert_int_equal(f.log.text.len, 0);
    stop(&f);
}

/* An empty file that several may append to. */
static int log_file(void)
{
    char path[] = "/tmp/access-log-XXXXXX";
    int fd = mkostemp(path, O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    return fd;
}

static void add_lines(struct fixture *f, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        front_log_add(&f->log, &sample, (struct ch_str){NULL, 0}, 0);
    }
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

#define LINE_END SIZE_MAX /* all of it but its last byte */

/* No line is torn wherever the disk ends, so that none swallows the one after it. */
static void test_short_write(void **state)
{
    (void)state;
    struct fixture f;
    static char text[4096];
    signal(SIGXFSZ, SIG_IGN);
    start(&f, log_file());
    add_lines(&f, 1);
    size_t line = f.log.text.len, there = 0, lost = 0;
    front_log_flush(&f.log);
    there++;
    static const struct {
        size_t lines, fit, more_bytes;
    } rows[] = {{5, 2, 7}, {1, 0, 1}, {3, 2, LINE_END}, {2, 0, 0}, {4, 1, 0}, {2, 2, 0}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        size_t more = rows[i].more_bytes == LINE_END ? line - 1 : rows[i].more_bytes;
        limit_files((there + rows[i].fit) * line + more);
        add_lines(&f, rows[i].lines);
        front_log_flush(&f.log);
        limit_files(RLIM_INFINITY);
        there += rows[i].fit;
        lost += rows[i].lines - rows[i].fit;
        struct ch_str all = written(&f, text, sizeof(text));
        assert_int_equal(all.len, there * line);
        for (size_t at = 0; at < all.len; at += line) {
            assert_memory_equal(all.ptr + at, all.ptr, line);
        }
        assert_int_equal(atomic_load(&f.lost.lines), lost);
        assert_int_equal(atomic_load(&f.lost.bytes), lost * line);
    }
    stop(&f);
}

/* Another process that has the file open, and locks it until it is told to end. */
static pid_t lock_elsewhere(int fd, int *ret_end_fd)
{
    int locked[2], end[2];
    char c;
    assert_int_equal(pipe(locked), 0);
    assert_int_equal(pipe(end), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        close(end[1]);
        bool ok = fcntl(fd, F_SETLK, &lock) == 0 && write(locked[1], "l", 1) == 1 &&
                  read(end[0], &c, 1) == 0;
        _exit(ok ? 0 : 1);
    }
    close(locked[1]);
    close(end[0]);
    assert_int_equal(read(locked[0], &c, 1), 1);
    close(locked[0]);
    *ret_end_fd = end[1];
    return pid;
}

static void unlock_elsewhere(pid_t pid, int end_fd)
{
    int status;
    close(end_fd);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Nothing is written between another's write and its cut; nor is that waited for. */
static void test_locked_elsewhere(void **state)
{
    (void)state;
    struct fixture f;
    struct ch_err err;
    static char text[400000];
    int end_fd;
    start(&f, log_file());
    pid_t pid = lock_elsewhere(f.fd, &end_fd);
    add_lines(&f, 1);
    size_t line = f.log.text.len;
    front_log_flush(&f.log);
    assert_int_equal(written(&f, text, sizeof(text)).len, 0);
    unlock_elsewhere(pid, end_fd);
    for (int i = 0; i < 1000 && written(&f, text, sizeof(text)).len == 0; i++) {
        assert_ch_ok(&err, ch_loop_turn(f.loop, 20, &err));
    }
    assert_int_equal(written(&f, text, sizeof(text)).len, line);
    /* who keeps it locked stops neither the log nor its end */
    pid = lock_elsewhere(f.fd, &end_fd);
    size_t lines = 0;
    while (written(&f, text, sizeof(text)).len == line) {
        add_lines(&f, 1);
        assert_true(++lines < 10000);
    }
    assert_true(lines * line > ch_limits.access_log_bytes + line);
    assert_int_equal(written(&f, text, sizeof(text)).len, (1 + lines) * line);
    add_lines(&f, 1);
    front_log_flush_last(&f.log);
    assert_int_equal(written(&f, text, sizeof(text)).len, (2 + lines) * line);
    assert_int_equal(atomic_load(&f.lost.lines), 0);
    unlock_elsewhere(pid, end_fd);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_line),
                                       cmocka_unit_test(test_hostile_and_secret),
                                       cmocka_unit_test(test_tokens_anywhere),
                                       cmocka_unit_test(test_flush),
                                       cmocka_unit_test(test_full_disk),
                                       cmocka_unit_test(test_short_write),
                                       cmocka_unit_test(test_locked_elsewhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
