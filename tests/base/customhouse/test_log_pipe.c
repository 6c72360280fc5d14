/* The supervisor and the process that hands on its log: what it does when that does not begin. How
 * lines get to readers of all kinds is tests/e2e/test_log_reader.py. */
#include "tests/ch_test.h"

#include <signal.h>
#include <unistd.h>

#include "base/customhouse/supervisor/log_pipe.h"
#include "customhouse/confine.h"

enum ch_code __real_ch_confine(const struct ch_confine_options *options, struct ch_err *err);
enum ch_code __wrap_ch_confine(const struct ch_confine_options *options, struct ch_err *err);

/* In the new process, before it says that it has begun. */
enum ch_code __wrap_ch_confine(const struct ch_confine_options *options, struct ch_err *err)
{
    raise(SIGSTOP);
    return __real_ch_confine(options, err);
}

static void on_change(void *ctx)
{
    (void)ctx;
}

static void a_log_that_is_stopped_as_it_begins(void **state)
{
    (void)state;
    struct ch_loop *loop;
    struct log_pipes *pipes;
    struct ch_err err;
    int reader[2], before = dup(STDERR_FILENO);
    assert_true(before >= 0 && pipe(reader) == 0 && dup2(reader[1], STDERR_FILENO) >= 0);
    assert_ch_ok(&err, ch_loop_new(&loop, &err));
    alarm(30); /* the supervisor would wait for as long as it is stopped */
    enum ch_code rc = log_pipes_open(loop, 0, on_change, NULL, &pipes, &err);
    log_pipes_leave_loop(pipes);
    log_pipes_close(pipes);
    alarm(0);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    close(reader[0]);
    close(reader[1]);
    ch_loop_free(loop);
    assert_int_equal(rc, CH_E_SYSTEM);
    assert_string_equal(err.msg, "the process that writes the log: it did not begin in time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_log_that_is_stopped_as_it_begins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
