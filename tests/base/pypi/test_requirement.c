/* Parts of dependency specifiers (PEP 508), and what markers come to where only the extra is known.
 * Which are plain is in tests/scanner/eco/pypi/test_metadata.c. */
#include "tests/ch_test.h"

#include "base/pypi/requirement.h"
#include "base/pypi/version.h"
#include "customhouse/limits.h"

static void parts_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name, *extras, *specifier, *marker;
    } rows[] = {
        {"foo", "foo", "", "", ""},
        {" Foo.bar ", "Foo.bar", "", "", ""},
        {"foo>=1,<2", "foo", "", ">=1,<2", ""},
        {"foo >=1.0, <2.0,", "foo", "", ">=1.0, <2.0", ""},
        {"foo (>=1.0,!=1.5)", "foo", "", ">=1.0,!=1.5", ""},
        {"foo ( >=1.0 , )", "foo", "", ">=1.0", ""},
        {"foo()", "foo", "", "", ""},
        {"foo[a, b-c] ~=1.0", "foo", "a, b-c", "~=1.0", ""},
        {"foo[] ==1.*", "foo", "", "==1.*", ""},
        {"foo;os_name == 'nt'", "foo", "", "", "os_name == 'nt'"},
        {"foo[x](==1) ; extra == \"a;b\" ", "foo", "x", "==1", "extra == \"a;b\""},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_requirement_parts p;
        struct ch_err err;
        if (ch_requirement_read(ch_str_of(rows[i].text), &p) != CH_REQUIREMENT_PLAIN) {
            fail_msg("\"%s\" is not plain", rows[i].text);
        }
        assert_str_eq(p.name, rows[i].name);
        assert_str_eq(p.extras, rows[i].extras);
        assert_str_eq(p.specifier, rows[i].specifier);
        assert_str_eq(p.marker, rows[i].marker);
        assert_int_equal(ch_pep440_check_spec(p.specifier, &err), CH_OK);
    }
    struct ch_requirement_parts kept = {.name = CH_STR("kept")};
    assert_int_equal(ch_requirement_read(CH_STR("a b"), &kept), CH_REQUIREMENT_MALFORMED);
    assert_int_equal(ch_requirement_read(CH_STR("a @ https://example.org/"), &kept),
                     CH_REQUIREMENT_DIRECT);
    assert_str_eq(kept.name, "kept");
}

static void markers_are_judged_by_the_extra_alone(void **state)
{
    (void)state;
    enum { NEVER = CH_MARKER_NEVER, DEPENDS = CH_MARKER_DEPENDS, ALWAYS = CH_MARKER_ALWAYS };
    static const struct {
        const char *marker, *extra;
        int expect;
    } rows[] = {
        {"", NULL, ALWAYS},
        {"python_version < '3'", NULL, DEPENDS},
        {"'linux' in sys_platform", NULL, DEPENDS},
        {"'a' == 'a'", NULL, DEPENDS}, /* nobody writes that: not worth a reading of its own */
        {"extra == 'x'", NULL, NEVER},
        {"extra == 'x'", "y", NEVER},
        {"extra == 'x'", "x", ALWAYS},
        {"'X_y' == extra", "x-Y", ALWAYS}, /* PEP 685 */
        {"extra != 'x'", NULL, ALWAYS},
        {"extra != 'x'", "x", NEVER},
        {"extra == ''", NULL, ALWAYS},
        {"extra == os_name", NULL, DEPENDS},
        {"extra == extra", NULL, DEPENDS},
        {"extra >= 'x'", NULL, DEPENDS},
        {"extra in 'x y'", NULL, DEPENDS},
        {"extra === 'x'", NULL, DEPENDS},
        {"extra == 'x' and os_name == 'nt'", NULL, NEVER},
        {"extra == 'x' and os_name == 'nt'", "x", DEPENDS},
        {"os_name == 'nt' or extra == 'x'", "x", ALWAYS},
        {"os_name == 'nt' or extra == 'x'", NULL, DEPENDS},
        {"os_name == 'nt' or extra == 'x' and extra == 'y'", NULL, DEPENDS},
        /* "and" binds tighter, and parentheses tighter still */
        {"extra != 'x' or os_name == 'nt' and extra == 'x'", NULL, ALWAYS},
        {"(extra != 'x' or os_name == 'nt') and extra == 'x'", NULL, NEVER},
        {"extra == 'x' and (extra != 'x' or os_name == 'nt')", NULL, NEVER},
        {"((extra == 'x') or (((os_name == 'nt' or extra != 'x'))))", NULL, ALWAYS},
        {"((((((((((((((((extra == 'x'))))))))))))))))", NULL, NEVER},     /* 16 */
        {"(((((((((((((((((extra == 'x')))))))))))))))))", NULL, DEPENDS}, /* 17 */
        {"extra == 'x' or ((((((((((((((((((os_name == 'nt'))))))))))))))))))", NULL, DEPENDS},
        {"extra ==", NULL, DEPENDS}, /* no marker: what is not understood may be needed */
        {"extra == 'x' and", NULL, DEPENDS},
        {"(extra == 'x'", NULL, DEPENDS},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        int got = (int)ch_requirement_marker(ch_str_of(rows[i].marker), ch_str_of(rows[i].extra));
        if (got != rows[i].expect) {
            fail_msg("%s with extra %s: %d, expected %d", rows[i].marker,
                     rows[i].extra != NULL ? rows[i].extra : "none", got, rows[i].expect);
        }
    }
}

/* As long as a fact may be, of nothing but parentheses, clauses or alternatives. */
static void long_ones_end(void **state)
{
    (void)state;
    static const char *const repeated[] = {"(", "((", "os_name=='nt' or ", ">=1,", "[a,", "not "};
    for (size_t i = 0; i < CH_ARRAY_LEN(repeated); i++) {
        for (size_t marker = 0; marker < 2; marker++) {
            struct ch_buf b;
            struct ch_requirement_parts p;
            ch_buf_init(&b, 1u << 20);
            ch_buf_puts(&b, marker ? CH_STR("a;") : CH_STR("a"));
            while (b.len < (1u << 19)) {
                ch_buf_puts(&b, ch_str_of(repeated[i]));
            }
            CH_IGNORE(ch_requirement_read(ch_buf_str(&b), &p) == CH_REQUIREMENT_PLAIN);
            assert_int_equal(ch_requirement_marker(ch_buf_str(&b), CH_STR("x")), CH_MARKER_DEPENDS);
            ch_buf_done(&b);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_told_apart),
        cmocka_unit_test(markers_are_judged_by_the_extra_alone),
        cmocka_unit_test(long_ones_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
