/* A reader that does not read: what is lost is lost in whole lines, is counted, and is told. */
#include "tests/ch_test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/log.h"

struct reader {
    int read_end;
    int stderr_before;
    char text[1 << 17];
    size_t len;
};

static void setup_reader(struct reader *r)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    r->read_end = ends[0];
    r->len = 0;
    r->stderr_before = dup(STDERR_FILENO);
    assert_true(r->stderr_before >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
}

static void done_reader(struct reader *r)
{
    assert_true(dup2(r->stderr_before, STDERR_FILENO) >= 0);
    close(r->stderr_before);
    if (r->read_end >= 0) {
        close(r->read_end);
    }
}

static const char *read_all(struct reader *r)
{
    ssize_t n;
    r->len = 0;
    while ((n = read(r->read_end, r->text + r->len, sizeof(r->text) - 1 - r->len)) > 0) {
        r->len += (size_t)n;
    }
    r->text[r->len] = '\0';
    return r->text;
}

static void a_line_is_as_it_was_given(void **state)
{
    static struct reader r;
    (void)state;
    setup_reader(&r);
    ch_log("keeper", "keeper event=%s n=%d", "here", 7);
    ch_log_put("gateway", STDERR_FILENO, CH_STR("one\ntwo\\n\n\nlast"));
    read_all(&r);
    done_reader(&r);
    assert_string_equal(r.text, "keeper event=here n=7\none\ntwo\\n\n\nlast\n");
    assert_int_equal(ch_log_lost(), 0);
}

static void what_could_forge_a_line_is_escaped(void **state)
{
    static struct reader r;
    (void)state;
    setup_reader(&r);
    ch_log("keeper", "name=%s", "a\nkeeper event=forged\033[2J\xc3\xa9\x7f");
    read_all(&r);
    done_reader(&r);
    assert_string_equal(r.text, "name=a\\x0akeeper event=forged\\x1b[2J\\xc3\\xa9\\x7f\n");
}

/* Just what fits, one byte more, and far more; also where what is cut would be an escape. */
static void a_long_line_is_cut_to_what_a_pipe_takes_as_a_whole(void **state)
{
    static struct reader r;
    static char text[3 * CH_LOG_LINE_MAX];
    (void)state;
    const size_t sizes[] = {CH_LOG_LINE_MAX - 1, CH_LOG_LINE_MAX, 2 * CH_LOG_LINE_MAX};
    for (size_t i = 0; i < CH_ARRAY_LEN(sizes); i++) {
        for (int put = 0; put < 2; put++) {
            memset(text, 'x', sizeof(text));
            text[sizes[i]] = '\0';
            setup_reader(&r);
            if (put != 0) {
                ch_log_put("keeper", STDERR_FILENO, ch_str_of(text));
            } else {
                ch_log("keeper", "%s", text);
            }
            read_all(&r);
            done_reader(&r);
            assert_int_equal(r.len, CH_LOG_LINE_MAX);
            assert_int_equal(r.text[r.len - 1], '\n');
            assert_int_equal(memcmp(r.text + r.len - 4, i == 0 ? "xxx" : "...", 3), 0);
        }
    }
    memset(text, 1, sizeof(text));
    setup_reader(&r);
    ch_log_put("keeper", STDERR_FILENO, ch_str_sub((struct ch_str){text, sizeof(text)}, 0, 2000));
    read_all(&r);
    done_reader(&r);
    assert_true(r.len <= CH_LOG_LINE_MAX && r.len > CH_LOG_LINE_MAX - 8);
    assert_string_equal(r.text + r.len - 8, "\\x01...\n");
}

static void lost_lines_are_whole_counted_and_told_once(void **state)
{
    static struct reader r;
    (void)state;
    uint64_t before = ch_log_lost();
    unsigned seen = 0;
    unsigned tried = 2000;
    setup_reader(&r);
    for (unsigned i = 0; i < tried; i++) {
        ch_log("keeper", "line %06u %0100d", i, 0);
    }
    uint64_t lost = ch_log_lost() - before;
    read_all(&r);
    for (const char *at = r.text; *at != '\0'; at = strchr(at, '\n') + 1) {
        unsigned n = 0;
        assert_int_equal(sscanf(at, "line %06u ", &n), 1);
        assert_int_equal(n, seen++);
        assert_int_equal(strchr(at, '\n') - at, 112);
    }
    assert_true(lost > 0);
    assert_int_equal(seen + lost, tried);
    ch_log("keeper", "after");
    ch_log("keeper", "after that");
    read_all(&r);
    done_reader(&r);
    char expected[128];
    snprintf(expected, sizeof(expected), "keeper event=log-lost lines=%llu\nafter\nafter that\n",
             (unsigned long long)lost);
    assert_string_equal(r.text, expected);
}

static void a_reader_that_is_gone_is_no_signal(void **state)
{
    static struct reader r;
    (void)state;
    signal(SIGPIPE, SIG_IGN); /* as every process of a service has it */
    setup_reader(&r);
    close(r.read_end);
    r.read_end = -1;
    uint64_t before = ch_log_lost();
    ch_log("keeper", "nobody is there");
    ch_log("keeper", "nobody is there");
    done_reader(&r);
    assert_int_equal(ch_log_lost() - before, 2);
}

/* A file that takes only a part of a line: the next line does not go on there. */
static void a_torn_line_is_ended(void **state)
{
    (void)state;
    char text[2 * CH_LOG_LINE_MAX];
    char name[] = "/tmp/ch-log-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    unlink(name);
    /* RLIMIT_FSIZE cuts a write short as a full disk does */
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit limit = {60, RLIM_INFINITY};
        const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        ch_log_put("keeper", fd,
                   CH_STR("a line that is a good deal longer than sixty bytes, which "
                          "is all there is room for"));
        setrlimit(RLIMIT_FSIZE, &none);
        ch_log_put("keeper", fd, CH_STR("whole"));
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
    close(fd);
    assert_true(n > 60);
    text[n] = '\0';
    assert_non_null(strstr(text, "\nkeeper event=log-lost lines="));
    assert_non_null(strstr(text, "\nwhole\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_as_it_was_given),
        cmocka_unit_test(what_could_forge_a_line_is_escaped),
        cmocka_unit_test(a_long_line_is_cut_to_what_a_pipe_takes_as_a_whole),
        cmocka_unit_test(lost_lines_are_whole_counted_and_told_once),
        cmocka_unit_test(a_reader_that_is_gone_is_no_signal),
        cmocka_unit_test(a_torn_line_is_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
