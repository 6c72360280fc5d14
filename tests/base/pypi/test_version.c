#include "tests/ch_test.h"

#include "base/pypi/version.h"

enum { VERSION_MAX = 256 };

static void test_normal_form(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *normal; /* NULL: no version */
    } rows[] = {
        {"1.0", "1.0"},
        {" v1.0\n", "1.0"},
        {"1.0-RC_1", "1.0rc1"},
        {"1.0preview", "1.0rc0"},
        {"1.0alpha.2", "1.0a2"},
        {"1.0-1", "1.0.post1"},
        {"1.0r", "1.0.post0"},
        {"1.0.rev-3", "1.0.post3"},
        {"1.0a--1", "1.0a0.post1"},
        {"1.0DEV", "1.0.dev0"},
        {"01!002.000.dev07", "1!2.0.dev7"},
        {"0!1", "1"},
        {"1+Ubuntu-01.X", "1+ubuntu.1.x"},
        {"1.2.3a4.post5.dev6+l", "1.2.3a4.post5.dev6+l"},
        {"99999999999999999999999999.1", "99999999999999999999999999.1"},
        {"", NULL},
        {"v", NULL},
        {"1.", NULL},
        {".1", NULL},
        {"1..2", NULL},
        {"1!", NULL},
        {"1!2!3", NULL},
        {"1.0+", NULL},
        {"1.0+a..b", NULL},
        {"1.0+a.", NULL},
        {"1.0-", NULL},
        {"1.0x", NULL},
        {"1.0.dev1.post1", NULL},
        {"1.0post1a1", NULL},
        {"latest", NULL},
        {"1.0 2", NULL},
        {"1_0", NULL},
        {"1.0po\xc5\xbft1", NULL}, /* ASCII only: no folding of the long s */
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_pep440 v;
        if (ch_pep440_parse(ch_str_of(rows[i].text), &v) != (rows[i].normal != NULL)) {
            fail_msg("\"%s\" is%s taken for a version", rows[i].text, rows[i].normal ? " not" : "");
        }
        if (rows[i].normal != NULL) {
            struct ch_buf b;
            ch_buf_init(&b, VERSION_MAX);
            ch_pep440_put(&b, &v);
            assert_str_eq(ch_buf_str(&b), rows[i].normal);
            ch_buf_done(&b);
        }
    }
}

/* Each row sorts strictly before the next one: PEP 440, "Summary of permitted suffixes and relative
 * ordering", with what is no version first. */
static void test_order(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "1.0.x",
        "latest",
        "0",
        "1.dev0",
        "1.0.dev456",
        "1.0a1.dev1",
        "1.0a1",
        "1.0a2.dev456",
        "1.0a12.dev456",
        "1.0a12",
        "1.0b1.dev456",
        "1.0b2",
        "1.0b2.post345.dev456",
        "1.0b2.post345",
        "1.0rc1.dev456",
        "1.0rc1",
        "1.0",
        "1.0+abc.5",
        "1.0+abc.7",
        "1.0+5",
        "1.0+5.1",
        "1.0.post456.dev34",
        "1.0.post456",
        "1.1.dev1",
        "1.9",
        "1.10",
        "1.99999999999999999999",
        "1.100000000000000000000",
        "1!0.1",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        for (size_t k = 0; k < CH_ARRAY_LEN(rows); k++) {
            int c = ch_pep440_cmp(ch_str_of(rows[i]), ch_str_of(rows[k]));
            int want = i < k ? -1 : i > k ? 1 : 0;
            if ((c < 0 ? -1 : c > 0 ? 1 : 0) != want) {
                fail_msg("%s against %s: %d", rows[i], rows[k], c);
            }
        }
    }
    assert_int_equal(ch_pep440_cmp(CH_STR("1.0"), CH_STR("1.0.0")), 0);
    assert_int_equal(ch_pep440_cmp(CH_STR("1.0-rc1"), CH_STR("v1.0C01")), 0);
}

static void test_specifiers(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        const char *version;
        bool match;
    } rows[] = {
        {"", "1.0", true},
        {"==1.0", "1.0.0", true},
        {"==1.0", "1.0+local", true},
        {"==1.0+local", "1.0", false},
        {"!=1.0", "1.0+local", false},
        {"==1.1.*", "1.1a1", true},
        {"==1.1.*", "1.11", false},
        {"!=1.1.*", "1.1.post1", false},
        {"==1.0.0.*", "1", true},
        {"~=2.2", "2.3", true},
        {"~=2.2", "3.0", false},
        {"~=2.2.0", "2.3", false},
        {"~=2.2.post3", "2.2", false},
        {"~=1!1.2", "1.2", false},
        {">=1.2,<2", "1.9", true},
        {">=1.2,<2", "2.0rc1", false},
        {"<2.0rc2", "2.0rc1", true},
        {">1.7", "1.7.0.post1", false},
        {">1.7", "1.7+local", false},
        {">1.7.post1", "1.7.post2", true},
        {"<1.post2", "1b0", true},
        {"<1.post2", "1.post2.dev1", false},
        {">1rc1", "1rc1.post1", false},
        {">1rc1", "1+local", true},
        {">1.dev1", "1.dev1+local", false},
        {"<=1.0", "1.0+x", true},
        {"===1.0", "1.0.0", false},
        {"===Latest", "latest", true},
        {" >= 1.0 , != 1.5 ", "1.5", false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_err err;
        bool match = !rows[i].match;
        assert_ch_ok(&err, ch_pep440_match(ch_str_of(rows[i].spec), ch_str_of(rows[i].version),
                                           &match, &err));
        if (match != rows[i].match) {
            fail_msg("%s %s: %d", rows[i].spec, rows[i].version, match);
        }
    }
}

/* What a person denies: what a client takes for the same words, and what lies in the range besides.
 */
static void test_wide_specifiers(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        const char *version;
        bool match, widely;
    } rows[] = {
        {"==1.0", "1.0+local", true, true},
        {"==1.0", "1.0.post1", false, false},
        {"==1.0", "1!1.0", false, false},
        {"==1.0+a", "1.0", false, false},
        {"==1.0.*", "1.0.post1+a", true, true},
        {"==1.0.*", "1!1.0", false, false},
        {"===1.0", "1.0", true, true},
        {"===1.0", "1.0.0", false, true},
        {"===1.0", "1.0+local", false, true},
        {"===1.0+A", "1.0+a", true, true},
        {"===1.0+a", "1.0", false, false},
        {"===1.0rc1", "1.0.RC1", false, true},
        {"===2004d", "2004D", true, true},
        {"===2004d", "2004e", false, false},
        {"!=1.0", "1.0+local", false, true},
        {"!=1.0", "1.0.0", false, false},
        {"!=1.0+a", "1.0", true, true},
        {"!=1.0.*", "1.0+local", false, false},
        {"<2", "2.0rc1", false, true},
        {"<2", "2.dev0", false, true},
        {"<2", "2.0", false, false},
        {"<2", "2.0+local", false, false},
        {"<2", "1!1", false, false},
        {"<1!2", "5", true, true},
        {">1.0", "1.0.post1", false, true},
        {">1.0", "1.0+local", false, true},
        {">1.0", "1.0", false, false},
        {">1.0", "1.1rc1", true, true},
        {">1.0", "1!0.1", true, true},
        {">=1.0", "1.0rc1", false, false},
        {"<=1.0", "1.0+local", true, true},
        {"<=1.0", "1.0.post1", false, false},
        {">1.0,<2", "2.0rc1", false, true},
        {">1.0,<2", "1.0", false, false},
        {"~=1.0", "1.0+local", true, true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_err err;
        struct ch_str spec = ch_str_of(rows[i].spec), version = ch_str_of(rows[i].version);
        bool match = !rows[i].match, widely = !rows[i].widely;
        assert_ch_ok(&err, ch_pep440_match(spec, version, &match, &err));
        assert_ch_ok(&err, ch_pep440_match_widely(spec, version, &widely, &err));
        if (match != rows[i].match || widely != rows[i].widely) {
            fail_msg("%s %s: %d, widely %d", rows[i].spec, rows[i].version, match, widely);
        }
    }
    bool match = false; /* of a name that says no version nothing is known */
    assert_ch_code(CH_E_MISMATCH,
                   ch_pep440_match_widely(CH_STR("===1.0"), CH_STR(""), &match, NULL));
}

static void test_bad_specifiers(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        const char *version;
        enum ch_code code;
        const char *says;
    } rows[] = {
        {"1.0", "1.0", CH_E_FORMAT, "starts with none of"},
        {"=1.0", "1.0", CH_E_FORMAT, "starts with none of"},
        {">=1.0,", "1.0", CH_E_FORMAT, "starts with none of"},
        {",", "1.0", CH_E_FORMAT, "starts with none of"},
        {">=", "1.0", CH_E_FORMAT, "no PEP 440 version"},
        {">=x", "1.0", CH_E_FORMAT, "no PEP 440 version"},
        {">=1.*", "1.0", CH_E_FORMAT, "only with == and !="},
        {"==1.0.dev1.*", "1.0", CH_E_FORMAT, "only with == and !="},
        {"==1.0rc1.*", "1.0", CH_E_FORMAT, "only with == and !="},
        {"!=1.0-1.*", "1.0", CH_E_FORMAT, "only with == and !="},
        {"==1.0+l.*", "1.0", CH_E_FORMAT, "only with == and !="},
        {">=1.0+l", "1.0", CH_E_FORMAT, "+local goes only"},
        {"~=1", "1.0", CH_E_FORMAT, "needs two numbers"},
        {"===", "1.0", CH_E_FORMAT, "needs one word"},
        {"===a b", "1.0", CH_E_FORMAT, "needs one word"},
        {">=1.0", "latest", CH_E_MISMATCH, "is no PEP 440 version"},
        {"!=1.0", "latest", CH_E_MISMATCH, "is no PEP 440 version"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_err err = {.msg = ""};
        bool match = false;
        enum ch_code rc =
            ch_pep440_match(ch_str_of(rows[i].spec), ch_str_of(rows[i].version), &match, &err);
        if (rc != rows[i].code || strstr(err.msg, rows[i].says) == NULL) {
            fail_msg("%s: %s: %s", rows[i].spec, ch_code_name(rc), err.msg);
        }
        if (rc == CH_E_FORMAT) {
            assert_ch_code(CH_E_FORMAT, ch_pep440_check_spec(ch_str_of(rows[i].spec), &err));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal_form),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_specifiers),
        cmocka_unit_test(test_bad_specifiers),
        cmocka_unit_test(test_wide_specifiers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
