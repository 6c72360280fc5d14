/* The condition `match`: match specs of an ecosystem that has them, in rules and in named lists. */
#include <stdio.h>

#include "content_case.h"

#define RECORD(number)                                                                             \
    "{\"build\":\"py311_1\",\"build_number\":" number ",\"depends\":[],"                           \
    "\"md5\":\"0123456789abcdef0123456789abcdef\",\"name\":\"numpy\",\"version\":\"1.26.4\"}"

static struct ch_facts package(void)
{
    struct ch_facts f = content_good();
    f.ecosystem = CH_STR("conda");
    f.project = CH_STR("numpy");
    f.version = CH_STR("1.26.4");
    f.file_type = CH_STR("conda");
    f.file_name = CH_STR("numpy-1.26.4-py311_1.conda");
    f.page = CH_STR("linux-64");
    f.build = CH_STR("py311_1");
    f.record = CH_STR(RECORD("1"));
    return f;
}

static void test_rules(void **state)
{
    (void)state;
    static const struct {
        const char *match;
        bool is;
    } rows[] = {
        {"numpy", true},
        {"NumPy", true},
        {"numpy-base", false},
        {"nump", false},
        {"numpy >=1,<2", true},
        {"numpy >=2", false},
        {"numpy=1.26", true},
        {"numpy==1.26", false},
        {"numpy 1.26.*", true},
        {"numpy 1.26.4 py311*", true},
        {"numpy 1.26.4 py312*", false},
        {"numpy=1.26.4=py311_1", true},
        {"numpy[build=py3*]", true},
        {"numpy[build_number='>=1']", true},
        {"numpy[build_number=0]", false},
        {"numpy[subdir=linux-64]", true},
        {"numpy[subdir=noarch]", false},
        {"numpy[fn=numpy-1.26.4-py311_1.conda]", true},
        {"numpy[md5=0123456789abcdef0123456789abcdef]", true},
        {"numpy[md5=0123456789abcdef0123456789abcdee]", false},
        {"[scipy, numpy >=2, numpy <2]", true},
        {"[scipy, numpy >=2]", false},
        {"$ours", true},
        {"$others", false},
        {"[scipy, $ours]", true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char settings[512];
        const char *quote = rows[i].match[0] == '[' || rows[i].match[0] == '$' ? "" : "\"";
        snprintf(settings, sizeof(settings),
                 "lists: {specs: {ours: [x, \"numpy >=1\"], others: [y]}}\n"
                 "rules: [{name: a, match: %s%s%s, then: deny}, {name: b, match: [$ours, $others], "
                 "project: none, then: hold}]",
                 quote, rows[i].match, quote);
        struct ch_facts f = package();
        content_check(
            &(struct row){rows[i].match, settings, "", NULL, rows[i].is ? "rule a" : NULL, NULL}, 1,
            &f);
    }
}

/* A file of another ecosystem is none of them; of one that is not known whole nothing is certain: a
 * denial holds, and what would let pass does not. */
static void test_what_is_not_known(void **state)
{
    (void)state;
    static const char deny[] = "rules: [{name: a, match: \"numpy[build_number=0]\", then: deny}]";
    struct ch_facts f = package();
    struct ch_decision d = content_decide(deny, &f);
    assert_int_equal(d.verdict, CH_VERDICT_ALLOW);
    f.record = (struct ch_str){NULL, 0};
    d = content_decide(deny, &f);
    assert_int_equal(d.verdict, CH_VERDICT_HOLD);
    f.project = CH_STR("scipy");
    d = content_decide(deny, &f);
    assert_int_equal(d.verdict, CH_VERDICT_ALLOW);
    f = package();
    f.ecosystem = CH_STR("pypi");
    d = content_decide("rules: [{name: a, match: numpy, then: deny}]", &f);
    assert_int_equal(d.verdict, CH_VERDICT_ALLOW);
    f = package();
    f.record = (struct ch_str){NULL, 0};
    d = content_decide(
        "mode: allow-list\nrules: [{name: a, match: \"numpy[build_number=0]\", then: allow}]", &f);
    assert_int_equal(d.verdict, CH_VERDICT_HOLD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_what_is_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
