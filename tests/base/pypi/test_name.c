#include "tests/ch_test.h"

#include "base/pypi/name.h"
#include "customhouse/limits.h"

static void test_normal_form(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *normal;
    } rows[] = {
        {"Flask", "flask"},   {"zope.interface", "zope-interface"},
        {"a__b", "a-b"},      {"Friendly-._.-Bard", "friendly-bard"},
        {"PyYAML", "pyyaml"}, {"already-normal", "already-normal"},
        {"x", "x"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, ch_limits.project_name_bytes);
        ch_pypi_name_put_normal(&b, ch_str_of(rows[i].name));
        assert_str_eq(ch_buf_str(&b), rows[i].normal);
        assert_int_equal(ch_pypi_name_is_normal(ch_str_of(rows[i].name)),
                         strcmp(rows[i].name, rows[i].normal) == 0);
        assert_true(ch_pypi_name_eq(ch_str_of(rows[i].name), ch_str_of(rows[i].normal)));
        assert_true(ch_pypi_name_valid(ch_str_of(rows[i].name)));
        ch_buf_done(&b);
    }
    assert_false(ch_pypi_name_eq(CH_STR("foo"), CH_STR("foo-bar")));
    assert_false(ch_pypi_name_eq(CH_STR("foobar"), CH_STR("foo-bar")));
    assert_false(ch_pypi_name_eq(CH_STR("foo"), CH_STR("foo1")));
    assert_false(ch_pypi_name_eq(CH_STR("foo-"), CH_STR("foo-")));
    assert_false(ch_pypi_name_eq(CH_STR(""), CH_STR("")));
    assert_false(ch_pypi_name_is_normal(CH_STR("a-")));
    assert_false(ch_pypi_name_is_normal(CH_STR("a--b")));
}

static void test_bad_names(void **state)
{
    (void)state;
    static const char *const rows[] = {"",         "-a",    "a-", ".",  "a b", "a/b", "..",  "a\tb",
                                       "\xc3\xa4", "a%2fb", "_a", "a.", "a+b", "a@1", "a\nb"};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_pypi_name_valid(ch_str_of(rows[i]))) {
            fail_msg("\"%s\" is taken for a name", rows[i]);
        }
    }
    char longest[300];
    memset(longest, 'a', sizeof(longest));
    size_t max = (size_t)ch_limits.project_name_bytes;
    assert_true(ch_pypi_name_valid((struct ch_str){longest, max}));
    assert_false(ch_pypi_name_valid((struct ch_str){longest, max + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal_form),
        cmocka_unit_test(test_bad_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
