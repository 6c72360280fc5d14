/* T17: when the members of a wheel run, by where they will lie. */
#include "tests/ch_test.h"
#include "scanner/content/installed.h"

static const struct {
    const char *path;
    enum ch_code_place place;
} rows[] = {
    {"foo.py", CH_PLACE_IMPORT},
    {"foo/__init__.py", CH_PLACE_IMPORT},
    {"foo/x.cpython-312-x86_64-linux-gnu.so", CH_PLACE_IMPORT},
    {"foo/__main__.py", CH_PLACE_PROGRAM},
    {"foo-1.0.data/purelib/foo/a/__main__.py", CH_PLACE_PROGRAM},
    {"foo/tests/__main__.py", CH_PLACE_TEST},
    {"__main__.py", CH_PLACE_IMPORT},
    {"foo/data.json", CH_PLACE_NONE},
    {"foo/tests/test_x.py", CH_PLACE_TEST},
    {"tests/data/x.zip", CH_PLACE_TEST},
    {"tests.py", CH_PLACE_IMPORT},
    {"foo/test_x.py", CH_PLACE_TEST},
    {"foo/utils_test.py", CH_PLACE_TEST},
    {"foo/a/conftest.py", CH_PLACE_TEST},
    {"foo/testing_utils.py", CH_PLACE_TEST},
    {"foo-1.0.data/purelib/foo/test_x.py", CH_PLACE_TEST},
    {"ab_test.py", CH_PLACE_IMPORT},
    {"test_x.py", CH_PLACE_IMPORT},
    {"foo_test/__init__.py", CH_PLACE_IMPORT},
    {"foo/latest.py", CH_PLACE_IMPORT},
    {"foo/test_x.so", CH_PLACE_IMPORT},
    {"foo/x_test.cpython-312-x86_64-linux-gnu.so", CH_PLACE_IMPORT},
    {"foo.pth", CH_PLACE_START},
    {"foo.PTH", CH_PLACE_START},
    {"foo/model.pth", CH_PLACE_NONE},
    {"foo.start", CH_PLACE_START},
    {"foo/x.start", CH_PLACE_NONE},
    {"sitecustomize.py", CH_PLACE_START},
    {"sitecustomize/__init__.py", CH_PLACE_START},
    {"sitecustomize/tests/x.py", CH_PLACE_START},
    {"usercustomize.cpython-312-x86_64-linux-gnu.so", CH_PLACE_START},
    {"foo/sitecustomize.py", CH_PLACE_IMPORT},
    {"sitecustomize.txt", CH_PLACE_NONE},
    {"foo-1.0.dist-info/METADATA", CH_PLACE_NONE},
    {"foo-1.0.dist-info/x.py", CH_PLACE_NONE},
    {"foo-1.0.data/purelib/x.pth", CH_PLACE_START},
    {"foo-1.0.data/platlib/usercustomize.py", CH_PLACE_START},
    {"foo-1.0.data/purelib/foo/x.py", CH_PLACE_IMPORT},
    {"foo-1.0.data/scripts/foo", CH_PLACE_IMPORT},
    {"foo-1.0.data/scripts/x.pth", CH_PLACE_IMPORT},
    {"foo-1.0.data/headers/foo.h", CH_PLACE_NONE},
    {"foo-1.0.data/data/etc/jupyter/jupyter_notebook_config.py", CH_PLACE_START},
    {"foo-1.0.data/data/etc/ipython/startup/x.py", CH_PLACE_START},
    {"foo-1.0.data/data/share/jupyter/kernels/x/kernel.json", CH_PLACE_START},
    {"foo-1.0.data/data/lib/python3.12/site-packages/x.pth", CH_PLACE_START},
    {"foo-1.0.data/data/lib/python3/dist-packages/x.pth", CH_PLACE_START},
    {"foo-1.0.data/data/lib/python3.12/sitecustomize.py", CH_PLACE_START},
    {"foo-1.0.data/data/lib/python3.12/json/__init__.py", CH_PLACE_IMPORT},
    {"foo-1.0.data/data/Lib/json/__init__.py", CH_PLACE_IMPORT},
    {"foo-1.0.data/data/x.pth", CH_PLACE_START},
    {"foo-1.0.data/platlib/x.start", CH_PLACE_START},
    {"foo-1.0.data/data/etc/conda/activate.d/x.sh", CH_PLACE_START},
    {"foo-1.0.data/data/etc/profile.d/x.sh", CH_PLACE_START},
    {"foo-1.0.data/data/share/fish/vendor_conf.d/x.fish", CH_PLACE_START},
    {"foo-1.0.data/data/share/fish/vendor_completions.d/x.fish", CH_PLACE_NONE},
    {"foo-1.0.data/data/etc/foo/x.sh", CH_PLACE_NONE},
    {"foo-1.0.data/data/lib/libfoo.a", CH_PLACE_NONE},
    {"foo-1.0.data/data/share/foo/x.py", CH_PLACE_NONE},
    {"foo-1.0.data/data/bin/foo", CH_PLACE_IMPORT},
    {"", CH_PLACE_NONE},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_installed where = ch_installed_of_wheel(ch_str_of(rows[i].path));
        if (ch_installed_place(where) != rows[i].place) {
            fail_msg("%s: %d", rows[i].path, (int)ch_installed_place(where));
        }
    }
}

static void test_sites(void **state)
{
    (void)state;
    static const char *const sites[][2] = {
        {"foo/x.py", "foo/x.py"},
        {"foo-1.0.data/purelib/foo/x.py", "foo/x.py"},
        {"foo-1.0.data/data/lib/python3.12/site-packages/foo/x.py", "foo/x.py"},
        {"foo-1.0.data/data/lib/python3.12/foo/x.py", "foo/x.py"},
        {"foo-1.0.data/scripts/foo", "foo"},
        {"foo-1.0.data", "foo-1.0.data"},
        {"foo-1.0.data/x", "foo-1.0.data/x"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(sites); i++) {
        struct ch_str site = ch_installed_site(ch_installed_of_wheel(ch_str_of(sites[i][0])));
        assert_true(ch_str_eq(site, ch_str_of(sites[i][1])));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_sites)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
