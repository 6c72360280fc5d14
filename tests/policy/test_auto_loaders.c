/* T17: the shipped list excuses exactly the ways it names. */
#include "tests/ch_test.h"
#include "customhouse/policy.h"

static const struct {
    const char *project;
    const char *value;
    bool known;
} rows[] = {
    {"setuptools", "pth distutils-precedence.pth", true},
    {"setuptools", "pth evil.pth", false},
    {"evil", "pth distutils-precedence.pth", false},
    {"setuptools-evil", "pth distutils-precedence.pth", false},
    {"jupyterlab", "data share/jupyter/labextensions", true},
    {"jupyterlab", "data etc/ipython", false},
    {"ipykernel", "data share/jupyter/kernels", true},
    {"pytest-cov", "entry-point pytest11", true},
    {"pytest-evil", "entry-point pytest11", false},
    {"pytest-cov", "entry-point keyring.backends", false},
    {"keyring", "entry-point keyring.backends", true},
    {"pip", "script pip3", true},
    {"wheel", "script pip", false},
    {"", "", false},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_auto_loader_known(ch_str_of(rows[i].project), ch_str_of(rows[i].value)) !=
            rows[i].known) {
            fail_msg("%s: %s", rows[i].project, rows[i].value);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
