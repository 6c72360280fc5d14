/* Rules that cannot match and rules that are never come to are told, and honest neighbours are not.
 */
#include "tests/ch_test.h"

#include "policy/policy_int.h"

static void check(const char *label, const char *text, const char *message)
{
    struct ch_policy *p = NULL;
    struct ch_err err = {.msg = ""};
    enum ch_code rc = ch_policy_parse(ch_str_of(text), "p", &p, &err);
    if ((message == NULL) != (rc == CH_OK) ||
        (message != NULL && strstr(err.msg, message) == NULL)) {
        fail_msg("%s: %s: %s", label, ch_code_name(rc), err.msg);
    }
    ch_policy_free(p);
}

static void test_never_matches(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *rule;
        const char *message;
    } rows[] = {
        {"older than younger", "older_than_days: 30, younger_than_days: 30",
         "p:2:40: rules[0].younger_than_days: can never match: nothing is older than 30 days and "
         "younger than 30"},
        {"between", "older_than_days: 29, younger_than_days: 30", NULL},
        {"findings of class attack", "finding: [zip-overlap, attack/low, attack]",
         "p:2:19: rules[0].finding: can never match: findings of class attack are denied before"},
        {"one that is none", "finding: [zip-overlap, zip-comment]", NULL},
        {"all of a severity", "finding: high", NULL},
        {"a wheel whose version has none", "file_type: wheel, has_wheel: false",
         "rules[0].has_wheel: can never match: the version of a wheel has a wheel"},
        {"an sdist whose version has none", "file_type: [wheel, sdist], has_wheel: false", NULL},
        {"contradicting versions", "ecosystem: pypi, version: '>2,<1'",
         "p:2:36: rules[0].version: can never match: no version is in both of two of its bounds"},
        {"versions that leave one", "ecosystem: pypi, version: '>=1,<=1'", NULL},
        {"versions that one ecosystem may have", "version: '>2,<1'", NULL},
        {"no such files", "ecosystem: test, file_type: [wheel, sdist]",
         "rules[0].file_type: can never match: the ecosystem has no such files"},
        {"one ecosystem has them", "ecosystem: [test, pypi], file_type: wheel", NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1024);
        ch_buf_printf(&b, "version: 1\nrules: [{name: a, %s, then: hold}]\n%c", rows[i].rule, '\0');
        check(rows[i].label, b.ptr, rows[i].message);
        ch_buf_done(&b);
    }
}

static void test_never_reached(void **state)
{
    (void)state;
    static const char held[] = "rules[1]: can never be reached: the rule \"a\" in line 6 holds all "
                               "that this one is about";
    static const struct {
        const char *label;
        const char *first;
        const char *second;
        const char *message;
    } rows[] = {
        {"the same project", "project: x, then: hold", "project: x, then: deny", held},
        {"denied before", "project: x, then: deny", "project: x, then: hold",
         "the rule \"a\" in line 6 denies all"},
        {"spared before", "project: x, then: allow, lifts: rule", "project: x, then: hold",
         "the rule \"a\" in line 6 spares from the rules below it all"},
        {"allowed before, not spared", "project: x, then: allow", "project: x, then: hold", NULL},
        {"two that allow", "project: x, then: allow, lifts: rule", "project: x, then: allow", NULL},
        {"an allow behind a hold", "project: x*, then: hold", "project: xy, then: allow", held},
        {"one of several", "project: [x, y], then: hold", "project: y, then: deny", held},
        {"one more", "project: x, then: hold", "project: [x, y], then: deny", NULL},
        {"a pattern", "project: x*, then: hold", "project: xy, then: deny", held},
        {"beyond a hyphen", "project: x*, then: hold", "project: x-y, then: deny", NULL},
        {"a pattern in a pattern", "project: x**, then: hold", "project: [x-*, xy**], then: deny",
         held},
        {"a wider pattern", "project: x-*, then: hold", "project: x**, then: deny", NULL},
        {"one star, two stars", "project: '*', then: hold", "project: '**', then: deny", NULL},
        {"literal and star", "project: '*-*', then: hold", "project: '**', then: deny", NULL},
        {"everything", "project: '**', then: hold", "file_type: sdist, then: deny", held},
        {"a list", "project: $l, then: hold", "project: m, then: deny", held},
        {"the same list", "project: $l, then: hold", "project: $l, version: '<1', then: deny",
         held},
        {"more than the list", "project: $l, then: hold", "project: [$l, z], then: deny", NULL},
        {"fewer conditions", "file_type: sdist, then: hold", "project: x, then: deny", NULL},
        {"version", "version: '<1', then: hold", "version: '<1', project: x, then: deny", held},
        {"another version", "version: '<1', then: hold", "version: '<2', then: deny", NULL},
        {"larger", "larger_than: 10, then: hold", "larger_than: 11, then: deny", held},
        {"smaller", "larger_than: 10, then: hold", "larger_than: 9, then: deny", NULL},
        {"older", "older_than_days: 5, then: hold", "older_than_days: 6, then: deny", held},
        {"not as old", "older_than_days: 5, then: hold", "older_than_days: 4, then: deny", NULL},
        {"younger", "younger_than_days: 5, then: hold", "younger_than_days: 4, then: deny", held},
        {"not as young", "younger_than_days: 5, then: hold", "younger_than_days: 6, then: deny",
         NULL},
        {"finding", "finding: [irregular/low, note], then: hold",
         "finding: zip-comment, then: deny", held},
        {"severity", "finding: medium, then: hold", "finding: [irregular/high, high], then: deny",
         held},
        {"less severe", "finding: medium, then: hold", "finding: [irregular/low], then: deny",
         NULL},
        {"true", "has_wheel: true, then: hold", "has_wheel: true, project: x, then: deny", held},
        {"false", "has_wheel: true, then: hold", "has_wheel: false, then: deny", NULL},
        {"fact", "auto_load: 'pth **', then: hold", "auto_load: pth x, then: deny", held},
        {"another fact", "capability: network, then: hold",
         "install_capability: network, then: deny", NULL},
        {"change", "changed: capability, then: hold", "changed: auto-load/x, then: deny", held},
        {"change of one fact", "changed: auto-load, then: hold",
         "changed: [auto-load/pth *, auto-load], then: deny", held},
        {"change of a value", "changed: auto-load/pth *, then: hold",
         "changed: auto-load, then: deny", NULL},
        {"another kind of change", "changed: size, then: hold", "changed: silence, then: deny",
         NULL},
        {"licence", "licence: [MIT, AGPL-3.0-only], then: hold", "licence: MIT, then: deny", held},
        {"licence of an allow", "licence: [MIT, AGPL-3.0-only], then: hold",
         "licence: MIT, then: allow", NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 4096);
        ch_buf_printf(
            &b,
            "version: 1\nlists:\n  projects:\n    l: [m, n-*]\nrules:\n  - {name: a, %s}\n"
            "  - {name: b, %s}\n%c",
            rows[i].first, rows[i].second, '\0');
        check(rows[i].label, b.ptr, rows[i].message);
        ch_buf_done(&b);
    }
}

static void test_covers(void **state)
{
    (void)state;
    static const struct {
        const char *wide;
        const char *narrow;
        bool covers;
    } rows[] = {
        {"a", "a", true},     {"a", "b", false},     {"*", "a", true},       {"*", "a-b", false},
        {"**", "a-b", true},  {"*", "*", true},      {"*", "**", false},     {"**", "*", true},
        {"*-*", "**", false}, {"*-*", "*-*", true},  {"*-*", "a-*", true},   {"a*", "a*b", true},
        {"a*b", "a*", false}, {"a**", "a-**", true}, {"a-**", "a**", false}, {"**-b", "a*-b", true},
        {"a", "*", false},    {"***", "**", true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_glob_covers(rows[i].wide, rows[i].narrow) != rows[i].covers) {
            fail_msg("%s, %s", rows[i].wide, rows[i].narrow);
        }
    }
}

static void test_places(void **state)
{
    (void)state;
    static const struct ch_policy_place places[] = {
        {{"pypi", 4}, {"prod", 4}, {"pypi", 4}},
        {{"early", 5}, {"preprod", 7}, {"pypi", 4}},
    };
    static const struct {
        const char *label;
        const char *text;
        const char *message; /* NULL: good */
    } rows[] = {
        {"nothing named", "rules: [{name: a, project: x, then: hold}]", NULL},
        {"one that is there",
         "repositories: {early: {mode: audit}}\nrules: [{name: a, repository: pypi, then: hold}]",
         NULL},
        {"a repository that is not", "rules: [{name: a, repository: [pypi, pip], then: hold}]",
         "p:2:19: can never match: there is no repository \"pip\"; there is pypi, early"},
        {"settings for one that is not", "repositories: {pip: {mode: audit}}",
         "p:2:16: can never match: there is no repository \"pip\"; there is pypi, early"},
        {"an environment that is not", "rules: [{name: a, environment: dev, then: hold}]",
         "p:2:19: can never match: there is no environment \"dev\"; there is prod, preprod"},
        {"settings for an environment that is not", "environments: {dev: {mode: audit}}",
         "p:2:16: can never match: there is no environment \"dev\"; there is prod, preprod"},
        {"an environment that it is not in",
         "rules: [{name: a, repository: pypi, environment: preprod, then: hold}]",
         "p:2:10: can never match: no repository has the environment and ecosystem that the rule "
         "\"a\" asks for"},
        {"an ecosystem that it has not",
         "rules: [{name: a, repository: pypi, ecosystem: test, then: hold}]",
         "p:2:10: can never match: no repository has the environment and ecosystem that the rule "
         "\"a\" asks for"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        struct ch_policy *p = NULL;
        struct ch_err err = {.msg = ""};
        ch_buf_init(&b, 1024);
        ch_buf_printf(&b, "version: 1\n%s\n", rows[i].text);
        assert_ch_ok(&err, ch_policy_parse(ch_buf_str(&b), "p", &p, &err));
        err.msg[0] = '\0';
        enum ch_code rc = ch_policy_check_places(p, places, CH_ARRAY_LEN(places), &err);
        if ((rows[i].message == NULL) != (rc == CH_OK) ||
            (rows[i].message != NULL && strcmp(err.msg, rows[i].message) != 0)) {
            fail_msg("%s: %s", rows[i].label, err.msg);
        }
        ch_policy_free(p);
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_matches),
        cmocka_unit_test(test_never_reached),
        cmocka_unit_test(test_covers),
        cmocka_unit_test(test_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
