/* What ch_err says, also when it is told to say what it said. */
#include "tests/ch_test.h"

#include <errno.h>

#include "customhouse/err.h"

static void a_message_about_the_former_one(void **state)
{
    (void)state;
    struct ch_err err;
    assert_int_equal(ch_fail(&err, CH_E_NOT_FOUND, "%s", "pip names no index"), CH_E_NOT_FOUND);
    assert_int_equal(ch_fail(&err, CH_E_USAGE, "no upstream: %.400s", err.msg), CH_E_USAGE);
    assert_string_equal(err.msg, "no upstream: pip names no index");
    assert_int_equal(ch_fail(&err, err.code, "%s", err.msg), CH_E_USAGE);
    assert_string_equal(err.msg, "no upstream: pip names no index");
    assert_int_equal(ch_fail_errno(&err, EACCES, "(%s)", err.msg), CH_E_DENIED);
    assert_string_equal(err.msg, "(no upstream: pip names no index): Permission denied");
    ch_fail(&err, CH_E_IO, "inner");
    assert_int_equal(ch_wrap(&err, "outer %s", err.msg), CH_E_IO);
    assert_string_equal(err.msg, "outer inner: inner");
}

static void too_long_is_cut(void **state)
{
    (void)state;
    struct ch_err err;
    ch_fail(&err, CH_E_IO, "%2000s", "x");
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    ch_fail_errno(&err, EACCES, "%2000s", "x");
    assert_int_equal(strlen(err.msg), sizeof(err.msg) - 1);
    assert_int_equal(ch_fail(NULL, CH_E_IO, "%s", "x"), CH_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_about_the_former_one),
        cmocka_unit_test(too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
