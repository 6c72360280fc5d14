#include "tests/ch_test.h"

#include "base/conda/version.h"

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

/* --- the order, each against each --- */

struct step {
    const char *text;
    bool same; /* as the one before */
};

/* CEP 33, "Examples". */
static const struct step cep33[] = {
    {"0.4", false},       {"0.4.0", true},        {"0.4.1.rc", false},
    {"0.4.1.RC", true},   {"0.4.1+local", false}, {"0.4.1+0.local", false},
    {"0.4.1", false},     {"0.4.1+0", true},      {"0.4.1+1.local", false},
    {"0.5a1", false},     {"0.5b3", false},       {"0.5C1", false},
    {"0.5", false},       {"0.9.6", false},       {"0.960923", false},
    {"1.0", false},       {"1.1dev1", false},     {"1.1a1", false},
    {"1.1.0dev1", false}, {"1.1.dev1", true},     {"1.1.a1", false},
    {"1.1.0rc1", false},  {"1.1.0.0", false},     {"1.1.0", true},
    {"1.1", true},        {"1.1.post1", false},   {"1.1.0post1", true},
    {"1.1post1", false},  {"1996.07.12", false},  {"1!0.4.1", false},
    {"1!3.1.1.6", false}, {"2!0.4.1", false},
};

/* The list of conda's own tests of VersionOrder, and openssl's as its documentation has it. */
static const struct step conda[] = {
    {"0.4", false},
    {"0.4.0", true},
    {"0.4.1a.vc11", false},
    {"0.4.1.rc", false},
    {"0.4.1.vc11", false},
    {"0.4.1", false},
    {"0.5*", false},
    {"0.5a1", false},
    {"0.5b3", false},
    {"0.5C1", false},
    {"0.5z", false},
    {"0.5za", false},
    {"0.5", false},
    {"0.5_5", false},
    {"0.5-5", true},
    {"0.9.6", false},
    {"0.960923", false},
    {"1.0", false},
    {"1.0.4a3", false},
    {"1.0.4b1", false},
    {"1.0.4", false},
    {"1.1dev1", false},
    {"1.1_", false},
    {"1.1a1", false},
    {"1.1.dev1", false},
    {"1.1.a1", false},
    {"1.1", false},
    {"1.1.post1", false},
    {"1.1.1dev1", false},
    {"1.1.1rc1", false},
    {"1.1.1", false},
    {"1.1.1post1", false},
    {"1.1post1", false},
    {"2g6", false},
    {"2.0b1pr0", false},
    {"2.2be.ta29", false},
    {"2.2be5ta29", false},
    {"2.2beta29", false},
    {"2.2.0.1", false},
    {"3.1.1.6", false},
    {"3.2.p.r0", false},
    {"3.2.pr0", false},
    {"3.2.pr.1", false},
    {"5.5.kw", false},
    {"11g", false},
    {"14.3.1", false},
    {"14.3.1.26.g9d75bc2", false},
    {"1996.07.12", false},
    {"1!0.4.1", false},
    {"1!3.1.1.6", false},
    {"2!0.4.1", false},
};

static const struct step openssl[] = {
    {"1.0.1dev", false},    {"1.0.1_", false},      {"1.0.1a", false},      {"1.0.1b", false},
    {"1.0.1c", false},      {"1.0.1d", false},      {"1.0.1r", false},      {"1.0.1rc", false},
    {"1.0.1rc1", false},    {"1.0.1rc2", false},    {"1.0.1s", false},      {"1.0.1", false},
    {"1.0.1post.a", false}, {"1.0.1post.b", false}, {"1.0.1post.z", false}, {"1.0.1post.za", false},
    {"1.0.2", false},
};

/* Numbers have no upper bound. */
static const struct step large[] = {
    {"18446744073709551615", false},
    {"99999999999999999999999999", false},
    {"099999999999999999999999999.0", true},
    {"100000000000000000000000000", false},
};

static void check_steps(const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int expected = 0;
        for (size_t j = i; j < count; j++) {
            expected = j > i && !steps[j].same ? -1 : expected;
            int got =
                sign(ch_conda_version_cmp(ch_str_of(steps[i].text), ch_str_of(steps[j].text)));
            int back =
                sign(ch_conda_version_cmp(ch_str_of(steps[j].text), ch_str_of(steps[i].text)));
            if (got != expected || back != -expected) {
                fail_msg("%s against %s: %d, back %d, expected %d", steps[i].text, steps[j].text,
                         got, back, expected);
            }
        }
    }
}

static void test_published_orders(void **state)
{
    (void)state;
    check_steps(cep33, CH_ARRAY_LEN(cep33));
    check_steps(openssl, CH_ARRAY_LEN(openssl));
}

static void test_conda_order(void **state)
{
    (void)state;
    struct step taken[CH_ARRAY_LEN(conda)];
    size_t n = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(conda); i++) {
        if (!ch_str_find_char(ch_str_of(conda[i].text), '*', NULL)) { /* no version since CEP 33 */
            taken[n++] = conda[i];
        }
    }
    check_steps(taken, n);
}

static void test_odd_order(void **state)
{
    (void)state;
    assert_true(ch_conda_version_cmp(CH_STR("1.dev_"), CH_STR("1.dev")) > 0);
    assert_true(ch_conda_version_cmp(CH_STR("1.dev"), CH_STR("1.devel")) < 0);
    assert_int_equal(ch_conda_version_cmp(CH_STR("1._"), CH_STR("1.0_")), 0);
    assert_true(ch_conda_version_cmp(CH_STR("1.0__"), CH_STR("1.0_")) > 0);
    assert_true(ch_conda_version_cmp(CH_STR("1.0a_"), CH_STR("1.0a")) > 0); /* CEP 33: "alpha_" */
    assert_int_equal(ch_conda_version_cmp(CH_STR("1-2"), CH_STR("1_2")), 0);
    assert_int_equal(ch_conda_version_cmp(CH_STR("0!1"), CH_STR("1.0")), 0);
    check_steps(large, CH_ARRAY_LEN(large));
    /* no versions are below all */
    assert_true(ch_conda_version_cmp(CH_STR("1..2"), CH_STR("0.dev")) < 0);
    assert_true(ch_conda_version_cmp(CH_STR("1..2"), CH_STR("1..3")) < 0);
}

/* --- what is a version --- */

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message; /* NULL: taken */
    } rows[] = {
        {"1.2.3", NULL},
        {"v1", NULL},
        {"1.0_", NULL},
        {"1.0__", NULL},
        {"1!1.0+a.b_c", NULL},
        {"1-a+b-c", NULL},
        {"", "column 1: a letter or digit was expected"},
        {"_", "column 1: a letter or digit was expected"},
        {".1", "column 1: a letter or digit was expected"},
        {"1.", "column 3: a letter or digit was expected"},
        {"1..2", "column 3: a letter or digit was expected"},
        {"1._.", "column 3: a letter or digit was expected"},
        {"1__2", "column 3: a letter or digit was expected"},
        {"1___", "column 3: a letter or digit was expected"},
        {"1+", "column 3: a letter or digit was expected"},
        {"+1", "column 1: a letter or digit was expected"},
        {"1+2+3", "column 4: a letter or digit was expected"},
        {"!1", "column 1: the number of an epoch was expected"},
        {"a!1", "column 1: the number of an epoch was expected"},
        {"1!", "column 3: a letter or digit was expected"},
        {"1!2!3", "column 4: a letter or digit was expected"},
        {"1_2-3", "column 4: '_' and '-' in one version"},
        {" 1", "column 1: versions are made of letters, digits and . _ - + !"},
        {"1*", "column 2: versions are made of letters, digits and . _ - + !"},
        {"1.\xc3\xa9", "column 3: versions are made of letters, digits and . _ - + !"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_conda_version v;
        struct ch_err err = {0};
        enum ch_code rc = ch_conda_version_parse(ch_str_of(rows[i].text), &v, &err);
        if ((rc == CH_OK) != (rows[i].message == NULL)) {
            fail_msg("\"%s\": %d %s", rows[i].text, (int)rc, err.msg);
        }
        if (rows[i].message != NULL) {
            assert_string_equal(err.msg, rows[i].message);
        }
    }
}

static void test_prefixes(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        const char *version;
        bool starts;
    } rows[] = {
        {"1.2", "1.2.3", true},
        {"1.2", "1.2a1", true},
        {"1.2", "1.20", false},
        {"1.2", "1.3", false},
        {"1.0", "1", true},
        {"1.0.0", "1", true},
        {"1.2.0", "1.2a1", false},
        {"1.0.1a", "1.0.1a2", true},
        {"1.0.1a", "1.0.1alpha", false},
        {"1.0a", "1.0a_", true},
        {"1.0_", "1.0_", true},
        {"1.0", "1.0post1", true},
        {"1.0.post", "1.0.0post1", true},
        {"1", "1!1", false},
        {"1!1", "1!1.2", true},
        {"1_2", "1.2.3", true},
        {"1", "1+2", true},
        {"1+2", "1.0+2.3", true},
        {"1+2", "1.1+2.3", false},
        {"1.2a1", "1.2a10", false},
        {"1.DEV", "1.dev3", true},
        {"1.d", "1.dev", false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_conda_version p;
        struct ch_conda_version v;
        assert_int_equal(ch_conda_version_parse(ch_str_of(rows[i].prefix), &p, NULL), CH_OK);
        assert_int_equal(ch_conda_version_parse(ch_str_of(rows[i].version), &v, NULL), CH_OK);
        if (ch_conda_version_starts(&v, &p) != rows[i].starts) {
            fail_msg("%s starts %s", rows[i].prefix, rows[i].version);
        }
    }
}

static void test_shorten(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *main; /* NULL: cannot be */
    } rows[] = {{"1.2.3", "1.2"}, {"1.2a1", "1"}, {"1_2", "1"}, {"1.0_", "1"},
                {"1!1.2", "1"},   {"1", NULL},    {"1_", NULL}, {"1.2+3", NULL}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_conda_version v;
        struct ch_conda_version s;
        assert_int_equal(ch_conda_version_parse(ch_str_of(rows[i].text), &v, NULL), CH_OK);
        bool can = ch_conda_version_shorten(&v, &s);
        if (can != (rows[i].main != NULL) || (can && !ch_str_eq(s.main, ch_str_of(rows[i].main)))) {
            fail_msg("%s", rows[i].text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_orders), cmocka_unit_test(test_conda_order),
        cmocka_unit_test(test_odd_order),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_prefixes),         cmocka_unit_test(test_shorten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
