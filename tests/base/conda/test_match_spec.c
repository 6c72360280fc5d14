#include "tests/ch_test.h"

#include "base/conda/match_spec.h"

#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_fields(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *channel, *subdir, *name, *version, *build;
    } rows[] = {
        {"numpy", NULL, NULL, "numpy", NULL, NULL},
        {"  numpy  ", NULL, NULL, "numpy", NULL, NULL},
        {"numpy=1.2", NULL, NULL, "numpy", "=1.2", NULL},
        {"numpy =1.2", NULL, NULL, "numpy", "=1.2", NULL},
        {"numpy==1.2", NULL, NULL, "numpy", "==1.2", NULL},
        {"numpy 1.2", NULL, NULL, "numpy", "1.2", NULL},
        {"numpy >=1,<2|3.*", NULL, NULL, "numpy", ">=1,<2|3.*", NULL},
        {"numpy>=1, <2", NULL, NULL, "numpy", ">=1, <2", NULL},
        {"numpy 1.2 py3*_0", NULL, NULL, "numpy", "1.2", "py3*_0"},
        {"numpy =1.2 py3*", NULL, NULL, "numpy", "=1.2", "py3*"},
        {"numpy >=1 , <2 py3*", NULL, NULL, "numpy", ">=1 , <2", "py3*"},
        {"numpy=1.2=py3_0", NULL, NULL, "numpy", "1.2", "py3_0"},
        {"numpy==1.2=py3_0", NULL, NULL, "numpy", "==1.2", "py3_0"},
        {"numpy=1.2.*=py3_0", NULL, NULL, "numpy", "1.2.*", "py3_0"},
        {"numpy * py3_0", NULL, NULL, "numpy", "*", "py3_0"},
        {"conda-forge::numpy", "conda-forge", NULL, "numpy", NULL, NULL},
        {"conda-forge/noarch::numpy", "conda-forge", "noarch", "numpy", NULL, NULL},
        {"pkgs/main::numpy", "pkgs/main", NULL, "numpy", NULL, NULL},
        {"http://127.0.0.1:8080/conda-forge/linux-64::numpy=1", "http://127.0.0.1:8080/conda-forge",
         "linux-64", "numpy", "=1", NULL},
        {"linux-64::numpy", "linux-64", NULL, "numpy", NULL, NULL},
        {"numpy[version=1.2]", NULL, NULL, "numpy", "1.2", NULL},
        {"*[ version = '>=1,<2' , build=\"py*\" , channel=conda-forge/, subdir=noarch ]",
         "conda-forge", "noarch", "*", ">=1,<2", "py*"},
        {"numpy 1.2[build=py3_0]", NULL, NULL, "numpy", "1.2", "py3_0"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_match_spec s;
        struct ch_err err = {0};
        if (ch_match_spec_parse(ch_str_of(rows[i].text), &s, &err) != CH_OK) {
            fail_msg("%s: %s", rows[i].text, err.msg);
        }
        const struct ch_str got[] = {s.channel, s.subdir, s.name, s.version, s.build};
        const char *const want[] = {rows[i].channel, rows[i].subdir, rows[i].name, rows[i].version,
                                    rows[i].build};
        for (size_t j = 0; j < CH_ARRAY_LEN(got); j++) {
            if (!ch_str_eq(got[j], ch_str_of(want[j]))) {
                fail_msg("%s: field %zu is \"%.*s\"", rows[i].text, j, CH_STR_ARG(got[j]));
            }
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"", "column 1: a package's name was expected"},
        {"  ", "column 3: a package's name was expected"},
        {"::numpy", "column 1: a channel was expected before '::'"},
        {"conda-forge:ns:numpy",
         "column 15: '::' was expected; between two colons nothing is taken"},
        {"numpy\t1.2", "column 6: a version was expected"},
        {"numpy =", "column 8: a version was expected"},
        {"numpy >=", "column 9: a version was expected"},
        {"numpy =>1", "column 8: a version was expected"},
        {"numpy ===1", "column 9: a version was expected"},
        {"numpy 1.2,", "column 11: a version was expected"},
        {"numpy >=1,|2", "column 11: a version was expected"},
        {"numpy ^1.2$",
         "column 7: a version was expected; regular expressions are not taken, write '*'"},
        {"numpy (1.2", "column 11: ')', ',' or '|' was expected"},
        {"numpy 1.2)", "column 10: the end, '[', ',' or '|' was expected"},
        {"numpy 1..2", "column 9: a letter or digit was expected"},
        {"numpy ==1.2.*", "column 13: '*' goes only with =, != and >=, behind a version"},
        {"numpy <1.2.*", "column 12: '*' goes only with =, != and >=, behind a version"},
        {"numpy !=*", "column 9: '*' goes only with =, != and >=, behind a version"},
        {"numpy >=1.*.2", "column 11: with an operator, '*' goes only last"},
        {"numpy ~=1", "column 7: ~= needs two numbers and no '+', as in ~=1.0"},
        {"numpy 1.2 py3_0 more", "column 17: the end, '[', ',' or '|' was expected"},
        {"numpy 1.2=py3_0", "column 10: a space was expected, since one stands behind the name"},
        {"numpy=1.2 py3_0",
         "column 10: '=' was expected, as in name=1.2=build (or name =1.2 build)"},
        {"numpy=1.2=", "column 11: a build was expected"},
        {"numpy 1.2 ^py.*$",
         "column 11: a build was expected; regular expressions are not taken, write '*'"},
        {"numpy[]", "column 7: version, build, build_number, channel, subdir, fn, url, md5 or "
                    "sha256 was expected"},
        {"numpy[name=scipy]", "column 7: version, build, build_number, channel, subdir, fn, url, "
                              "md5 or sha256 was expected"},
        {"numpy[version]", "column 14: '=' was expected"},
        {"numpy[version=]", "column 15: a version was expected"},
        {"numpy[build='']", "column 14: a build was expected"},
        {"numpy[version=1.2", "column 18: ',' or ']' was expected (values with other than letters, "
                              "digits and '.' stand in quotes)"},
        {"numpy[version='1.2]", "column 20: ' was expected; escapes are not taken"},
        {"numpy[build='a\\'b']", "column 15: ' was expected; escapes are not taken"},
        {"numpy[version=1.2]x", "column 19: the end was expected"},
        {"numpy[version=1.2,]", "column 19: version, build, build_number, channel, subdir, fn, "
                                "url, md5 or sha256 was expected"},
        {"numpy 1.2[version=1.3]", "column 11: version is said twice"},
        {"numpy[version='1 2']", "column 18: a version was expected"},
        {"numpy[build_number=x]", "column 20: a build_number was expected"},
        {"numpy[sha256=00]", "column 14: 64 hexadecimal digits were expected"},
        {"numpy[md5=" SHA256 "]", "column 11: 32 hexadecimal digits were expected"},
        {"conda forge::numpy", "column 6: a character that no channel has"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_match_spec s;
        struct ch_err err = {0};
        if (ch_match_spec_parse(ch_str_of(rows[i].text), &s, &err) != CH_E_FORMAT ||
            strcmp(err.msg, rows[i].message) != 0) {
            fail_msg("\"%s\": %s", rows[i].text, err.msg);
        }
    }
}

static void test_parentheses(void **state)
{
    (void)state;
    char text[64] = "x ";
    struct ch_match_spec s;
    for (size_t depth = 16; depth <= 17; depth++) {
        size_t n = 2;
        for (size_t i = 0; i < depth; i++) {
            text[n++] = '(';
        }
        text[n++] = '1';
        for (size_t i = 0; i < depth; i++) {
            text[n++] = ')';
        }
        assert_int_equal(ch_match_spec_parse((struct ch_str){text, n}, &s, NULL),
                         depth == 16 ? CH_OK : CH_E_FORMAT);
    }
}

static const struct ch_match_record record = {
    .channel = {"conda-forge", 11},
    .subdir = {"linux-64", 8},
    .name = {"numpy", 5},
    .version = {"1.26.4", 6},
    .build = {"py311h64a7726_0", 15},
    .file_name = {"numpy-1.26.4-py311h64a7726_0.conda", 34},
    .sha256 = {SHA256, 64},
    .has_build_number = true,
    .build_number = 3,
};

static void test_matches(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool match;
    } rows[] = {
        {"numpy", true},
        {"NumPy", true},
        {"num*", true},
        {"*", true},
        {"scipy", false},
        {"numpy=1.26", true},
        {"numpy=1.2", false},
        {"numpy==1.26.4.0", true},
        {"numpy 1.26", false},
        {"numpy 1.26.*", true},
        {"numpy 1.26*", true},
        {"numpy 1.*.4", true},
        {"numpy 1.*.5", false},
        {"numpy *", true},
        {"numpy=*", true},
        {"numpy >=1.26,<2", true},
        {"numpy >=2,<3|1.26.*", true},
        {"numpy >=1,(<1.2|>1.26.4)", false},
        {"numpy (>=1,<1.2)|>1.26", true},
        {"numpy !=1.26", true},
        {"numpy !=1.26.*", false},
        {"numpy >=1.26.*", true},
        {"numpy ~=1.26.2", true},
        {"numpy ~=1.25.2", false},
        {"numpy ~=1.25", true},
        {"numpy=1.26=py311h64a7726_0", false}, /* that is exactly 1.26 */
        {"numpy =1.26 py311*", true},
        {"numpy * PY311*_0", true},
        {"numpy * py310*", false},
        {"conda-forge::numpy", true},
        {"conda-*::numpy", true},
        {"other::numpy", false},
        {"conda-forge/linux-64::numpy", true},
        {"conda-forge/noarch::numpy", false},
        {"numpy[build_number=3]", true},
        {"numpy[build_number='>=3']", true},
        {"numpy[build_number='<3']", false},
        {"numpy[build_number='!=3']", false},
        {"numpy[build_number='>3']", false},
        {"numpy[build_number='<=4']", true},
        {"numpy[fn=numpy-1.26.4-py311h64a7726_0.conda]", true},
        {"numpy[sha256=" SHA256 "]", true},
        {"numpy[sha256=10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff]", false},
        {"numpy[url='*']", false}, /* the record has none */
        {"numpy[md5=00112233445566778899aabbccddeeff]", false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_match_spec s;
        bool match = false;
        struct ch_err err = {0};
        if (ch_match_spec_parse(ch_str_of(rows[i].text), &s, &err) != CH_OK ||
            ch_match_spec_match(&s, &record, &match, &err) != CH_OK || match != rows[i].match) {
            fail_msg("\"%s\": %s", rows[i].text, err.msg);
        }
    }
}

static void test_no_version(void **state)
{
    (void)state;
    struct ch_match_spec s;
    struct ch_match_record r = record;
    bool match = true;
    r.version = CH_STR("1..2");
    assert_int_equal(ch_match_spec_parse(CH_STR("numpy 1"), &s, NULL), CH_OK);
    assert_int_equal(ch_match_spec_match(&s, &r, &match, NULL), CH_E_MISMATCH);
    r.version = (struct ch_str){NULL, 0};
    assert_int_equal(ch_match_spec_match(&s, &r, &match, NULL), CH_E_MISMATCH);
    assert_int_equal(ch_match_spec_parse(CH_STR("numpy"), &s, NULL), CH_OK);
    match = false;
    assert_int_equal(ch_match_spec_match(&s, &r, &match, NULL), CH_OK);
    assert_true(match);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_parentheses), cmocka_unit_test(test_matches),
        cmocka_unit_test(test_no_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
