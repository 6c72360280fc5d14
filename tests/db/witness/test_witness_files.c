/* What a witness takes anew while it runs: files, read by the process beside it, and logs. */
#include "tests/ch_test.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/witness/files.h"

#define VKEY "gw.example/audit+306d4ed8+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"

static struct ch_err err;
static char folder[64], certificate[128], key[128], logs[128];
static struct witness_files *files;

static void put(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "witness-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(certificate, sizeof(certificate), "%s/c", folder);
    snprintf(key, sizeof(key), "%s/k", folder);
    snprintf(logs, sizeof(logs), "%s/l", folder);
    put(certificate, "a chain");
    put(key, "its key");
    put(logs, VKEY "\n");
    struct witness_files_options options = {.certificate = certificate, .key = key, .logs = logs};
    assert_ch_ok(&err, witness_files_start(&options, &files, &err));
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    witness_files_end(files);
    files = NULL;
    assert_true(waitpid(-1, NULL, 0) > 0); /* its end is that of the process */
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

static enum ch_code take(struct witness_texts *ret)
{
    enum ch_code rc;
    struct pollfd p = {.fd = witness_files_fd(files), .events = POLLIN};
    do {
        assert_int_equal(poll(&p, 1, 20000), 1);
    } while (!witness_files_take(files, ret, &rc, &err));
    return rc;
}

static void assert_read(const char *chain)
{
    struct witness_texts t;
    assert_ch_ok(&err, take(&t));
    assert_str_eq(ch_buf_str(&t.certificate), chain);
    assert_str_eq(ch_buf_str(&t.key), "its key");
    assert_str_eq(ch_buf_str(&t.logs), VKEY "\n");
    witness_texts_done(&t);
}

static void files_are_read_as_they_are_then(void **state)
{
    (void)state;
    struct witness_texts t;
    char next[160];
    witness_files_ask(files);
    assert_read("a chain");
    snprintf(next, sizeof(next), "%s.next", certificate);
    put(next, "another chain");
    assert_int_equal(rename(next, certificate), 0); /* another file under the name */
    witness_files_ask(files);
    witness_files_ask(files); /* each ask has its answer */
    assert_read("another chain");
    assert_read("another chain");
    assert_int_equal(unlink(key), 0);
    witness_files_ask(files);
    assert_ch_code(CH_E_NOT_FOUND, take(&t));
    assert_non_null(strstr(err.msg, key));
    put(key, "its key");
    witness_files_ask(files);
    assert_read("another chain");
}

static void a_file_has_a_limit(void **state)
{
    (void)state;
    struct witness_texts t;
    size_t size = (size_t)ch_limits.setup_text_bytes;
    assert_int_equal(truncate(logs, (off_t)size), 0);
    witness_files_ask(files);
    assert_ch_ok(&err, take(&t));
    assert_int_equal(t.logs.len, size);
    witness_texts_done(&t);
    assert_int_equal(truncate(logs, (off_t)size + 1), 0);
    witness_files_ask(files);
    assert_ch_code(CH_E_LIMIT, take(&t));
    assert_non_null(strstr(err.msg, logs));
}

/* Who ends it ends no witness: that one says so. */
static void its_end_is_told(void **state)
{
    (void)state;
    struct witness_texts t;
    char path[64], pids[64] = "";
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && read(fd, pids, sizeof(pids) - 1) > 0);
    close(fd);
    uint64_t pid;
    assert_true(ch_str_u64(ch_str_trim(ch_str_of(pids)), &pid));
    assert_int_equal(kill((pid_t)pid, SIGKILL), 0);
    assert_ch_code(CH_E_CLOSED, take(&t));
    witness_files_ask(files);
    assert_ch_code(CH_E_CLOSED, take(&t));
}

/* ------------------------------------------------------------------ keys of logs */

static void keys_stand_a_line_each(void **state)
{
    (void)state;
    struct witness_log list[WITNESS_LOG_KEYS_MAX];
    size_t count = 0;
    assert_ch_ok(&err, witness_logs_get(CH_STR(""), list, &count, &err));
    assert_ch_ok(&err, witness_logs_get(CH_STR("\n# of ours\n" VKEY "\r\n  " VKEY "@other/log\n"),
                                        list, &count, &err));
    assert_int_equal(count, 2);
    assert_string_equal(list[0].origin, "gw.example/audit");
    assert_string_equal(list[1].origin, "other/log");
    assert_ch_code(CH_E_FORMAT,
                   witness_logs_get(CH_STR(VKEY "\n\nnonsense\n"), list, &count, &err));
    assert_non_null(strstr(err.msg, "line 3"));
    struct ch_buf many;
    ch_buf_init(&many, 1u << 20);
    for (size_t i = 0; i <= WITNESS_LOG_KEYS_MAX; i++) {
        ch_buf_puts(&many, CH_STR(VKEY "\n"));
    }
    count = 0;
    assert_ch_code(CH_E_LIMIT, witness_logs_get(ch_buf_str(&many), list, &count, &err));
    ch_buf_done(&many);
}

static enum ch_code set(struct witness *w, const char *lines)
{
    struct witness_log list[WITNESS_LOG_KEYS_MAX];
    size_t count = 0;
    assert_ch_ok(&err, witness_logs_get(ch_str_of(lines), list, &count, &err));
    return witness_set_logs(w, list, count, &err);
}

/* A log that comes is known as far as it was cosigned before: else another history of it would be.
 */
static void a_log_that_comes_is_remembered(void **state)
{
    (void)state;
    static const char body[] =
        "old 0\n\ngw.example/audit\n3\nLP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/LNo=\n\n"
        "\xe2\x80\x94 gw.example/audit MG1O2LQP/5A5MdE1i2BT/vGJ4kBMPo3p8hru5BSjzr5q4zzgmSDsgjcdMm"
        "axZCvgU4MkfTI67Ww91XLpKo0v3y0HPQ8=\n";
    struct witness_log first;
    struct witness *w = NULL;
    char path[128];
    static const struct {
        const char *logs;
        int status;
    } steps[] = {
        {VKEY "@other/log\n", 404}, /* of another log only */
        {VKEY "@other/log\n" VKEY "\n", 200},
        {VKEY "@other/log\n", 404},
        {VKEY "\n", 409}, /* it is of size 3, not 0, that it goes on */
    };
    snprintf(path, sizeof(path), "%s/w", folder);
    assert_ch_ok(&err, witness_log_get(CH_STR(VKEY "@third/log"), &first, &err));
    assert_ch_ok(&err, witness_open(path, NULL, &first, 1, &w, &err));
    for (size_t i = 0; i < CH_ARRAY_LEN(steps); i++) {
        struct witness_answer a;
        assert_ch_ok(&err, set(w, steps[i].logs));
        witness_add_checkpoint(w, ch_str_of(body), 1700000000, &a);
        assert_int_equal(a.status, steps[i].status);
        witness_answer_done(&a);
    }
    /* what is refused leaves it as it was */
    struct witness_answer a;
    assert_ch_code(CH_E_USAGE, set(w, "# none\n"));
    witness_add_checkpoint(w, ch_str_of(body), 1700000000, &a);
    assert_int_equal(a.status, 409);
    witness_answer_done(&a);
    witness_close(w);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(files_are_read_as_they_are_then),
        T(a_file_has_a_limit),
        T(its_end_is_told),
        T(keys_stand_a_line_each),
        T(a_log_that_comes_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
