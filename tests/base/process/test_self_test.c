/* A process that can do what its row of the table forbids is no process of ours: the self-test is
 * run in each once it is confined, in scanners also for their jails, and any success ends the start. */
#include "tests/ch_test.h"
#include "customhouse/child.h"
#include "customhouse/confine.h"

#include <string.h>

/* Stand in for what would confine this program itself. */
enum ch_code __wrap_ch_confine(const struct ch_confine_options *options, struct ch_err *err);
enum ch_code __wrap_ch_confine_self_test(const struct ch_confine_options *options,
                                         struct ch_err *err);

static struct {
    bool confined;
    enum ch_confine_stage stages[4];
    size_t count;
    size_t fails_at; /* which of them finds something that succeeded; beyond count: none */
    enum ch_code confine_code;
} seen;

enum ch_code __wrap_ch_confine(const struct ch_confine_options *options, struct ch_err *err)
{
    (void)options;
    seen.confined = true;
    return seen.confine_code == CH_OK ? CH_OK : ch_fail(err, seen.confine_code, "no seccomp");
}

enum ch_code __wrap_ch_confine_self_test(const struct ch_confine_options *options,
                                         struct ch_err *err)
{
    assert_true(seen.confined); /* what is tried before says nothing */
    assert_true(seen.count < CH_ARRAY_LEN(seen.stages));
    seen.stages[seen.count] = options->stage;
    return seen.count++ == seen.fails_at ? ch_fail(err, CH_E_DENIED, "open succeeded") : CH_OK;
}

static enum ch_code confine(enum ch_role role, size_t fails_at, enum ch_code confine_code)
{
    struct ch_child child = {.access_log_fd = -1, .rules_fd = -1};
    struct ch_err err;
    child.setup.role = role;
    child.setup.state_dir = CH_STR("/nonexistent");
    memset(&seen, 0, sizeof(seen));
    seen.fails_at = fails_at;
    seen.confine_code = confine_code;
    return ch_child_confine(&child, &err);
}

#define NEVER 99

static const enum ch_role roles[] = {CH_ROLE_KEEPER, CH_ROLE_GATEWAY,   CH_ROLE_FETCHER, CH_ROLE_EGRESS,
                                     CH_ROLE_ADMIN,  CH_ROLE_ADMISSION, CH_ROLE_SCANNER_STRICT,
                                     CH_ROLE_SCANNER_SECOND};

static size_t jails(enum ch_role role)
{
    return role == CH_ROLE_SCANNER_STRICT || role == CH_ROLE_SCANNER_SECOND ? 1 : 0;
}

static void test_each_process_tries_its_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(roles); i++) {
        assert_int_equal(confine(roles[i], NEVER, CH_OK), CH_OK);
        assert_int_equal(seen.count, 1 + jails(roles[i]));
        assert_int_equal(seen.stages[0], CH_CONFINE_PROCESS);
        if (jails(roles[i]) > 0) {
            assert_int_equal(seen.stages[1], CH_CONFINE_JOB);
        }
    }
}

static void test_any_success_is_no_start(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(roles); i++) {
        for (size_t at = 0; at < 1 + jails(roles[i]); at++) {
            assert_int_equal(confine(roles[i], at, CH_OK), CH_E_DENIED);
        }
    }
}

static void test_what_is_not_confined_does_not_try(void **state)
{
    (void)state;
    assert_int_equal(confine(CH_ROLE_SCANNER_STRICT, NEVER, CH_E_UNSUPPORTED), CH_E_UNSUPPORTED);
    assert_int_equal(seen.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_process_tries_its_table),
        cmocka_unit_test(test_any_success_is_no_start),
        cmocka_unit_test(test_what_is_not_confined_does_not_try),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
