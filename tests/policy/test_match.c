#include "tests/ch_test.h"

#include "policy/policy_int.h"

static void test_T9_globs_stop_at_a_dash(void **state)
{
    (void)state;
    static const struct {
        const char *pattern; /* as written */
        const char *name;
        bool match;
    } rows[] = {
        {"numpy", "numpy", true},
        {"numpy", "numpy2", false},
        {"numpy*", "numpy", true},
        {"numpy*", "numpy2", true},
        {"numpy*", "numpy-evil", false},
        {"numpy**", "numpy-evil", true},
        {"*", "flask", true},
        {"*", "flask-login", false},
        {"**", "a-b-c", true},
        {"acme-*", "acme-x", true},
        {"acme-*", "acme-x-y", false},
        {"acme-**", "acme-x-y", true},
        {"*-plugin", "x-plugin", true},
        {"*-plugin", "x-y-plugin", false},
        {"**-plugin", "x-y-plugin", true},
        {"*-*", "a-b", true},
        {"*-*", "a-b-c", false},
        {"a*b*c", "axbxc", true},
        {"a*b*c", "axbx", false},
        {"Foo.Bar_*", "foo-bar-x", true},
        {"foo_bar", "foo-bar", true},
        {"foo-bar", "Foo__Bar", true},
        {"***", "a-b", true},
        {"a**c*", "a-b-cd", true},
        {"a**c*", "a-b-c-d", false},
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf folded;
        ch_buf_init(&folded, 256);
        ch_name_fold(&folded, ch_str_of(rows[i].pattern));
        if (ch_glob_match(ch_buf_str(&folded), ch_str_of(rows[i].name)) != rows[i].match) {
            fail_msg("%s: %s", rows[i].pattern, rows[i].name);
        }
        ch_buf_done(&folded);
    }
}

/* Stars without end cost pattern times name, and names beyond any limit match nothing. */
static void test_long_globs(void **state)
{
    (void)state;
    char pattern[200];
    char name[1000];
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = i % 2 == 0 ? '*' : 'a';
    }
    memset(name, 'a', sizeof(name));
    name[213] = 'b';
    assert_false(ch_glob_match((struct ch_str){pattern, 200}, (struct ch_str){name, 214}));
    assert_true(ch_glob_match((struct ch_str){pattern, 200}, (struct ch_str){name, 213}));
    assert_false(ch_glob_match(CH_STR("**"), (struct ch_str){name, sizeof(name)}));
}

static void test_hold_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CH_HOLD_COUNT; i++) {
        enum ch_hold_kind kind = CH_HOLD_COUNT;
        const char *name = ch_hold_kind_name((enum ch_hold_kind)i);
        assert_true(ch_hold_kind_from_name(ch_str_of(name), &kind));
        assert_int_equal(kind, i);
    }
    enum ch_hold_kind kind = CH_HOLD_AGE;
    assert_false(ch_hold_kind_from_name(CH_STR("cooldown"), &kind));
    assert_string_equal(ch_verdict_name((enum ch_verdict)77), "hold");
}

static void test_fingerprint(void **state)
{
    (void)state;
    struct ch_sha256 a = {{1}};
    struct ch_sha256 b = {{2}};
    struct ch_finding f = {.code = CH_F_ZIP_COMMENT, .member = CH_STR("m")};
    struct ch_finding other = {.code = CH_F_ZIP_EXTRA, .member = CH_STR("m")};
    struct ch_finding whole = {.code = CH_F_ZIP_COMMENT};
    struct ch_finding told = {
        .code = CH_F_ZIP_COMMENT, .member = CH_STR("m"), .evidence = CH_STR("other words")};
    struct ch_sha256 d = ch_finding_fingerprint(&a, &f);
    struct ch_sha256 e = ch_finding_fingerprint(&b, &f);
    assert_false(ch_sha256_eq(&d, &e));
    e = ch_finding_fingerprint(&a, &other);
    assert_false(ch_sha256_eq(&d, &e));
    e = ch_finding_fingerprint(&a, &whole);
    assert_false(ch_sha256_eq(&d, &e));
    e = ch_finding_fingerprint(&a, &told);
    assert_true(ch_sha256_eq(&d, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T9_globs_stop_at_a_dash),
        cmocka_unit_test(test_long_globs),
        cmocka_unit_test(test_hold_names),
        cmocka_unit_test(test_fingerprint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
