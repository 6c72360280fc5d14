/* Holds by whose a file may be: names that are much like others, and licences. Every row has its nearest neighbour that
 * passes. */
#include "content_case.h"

/* --- names --- */

static void test_names(void **state)
{
    (void)state;
    struct ch_facts f = content_good();
    f.project = CH_STR("requsets");
    f.likeness = ch_likeness_of(f.project);
    assert_int_equal(f.likeness.kind, CH_LIKENESS_SWAP);
    static const struct row old[] = {{"an old project", "", "", NULL, NULL, NULL}};
    CHECK(old, f);
    static const struct row older[] = {
        {"says who made it", "", "maintainer ann@example.org", NULL, NULL, NULL},
        {"says nothing", "", "licence MIT", NULL, "name", NULL},
    };
    f.project_since_us = NOW - 200 * DAY;
    CHECK(older, f);
    f.project_since_us = content_good().project_since_us;
    static const struct row young[] = {
        {"young", "", "home github.com/eve/requsets", NULL, "name",
         "its name is much like the well-known \"requests\" (swap), and the project is younger "
         "than "
         "180 days"},
        {"says that it is from its home", "", "home github.com/psf/requests", NULL, "name",
         "its name is much like the well-known \"requests\" (swap), and the project is younger "
         "than "
         "180 days; it names that project's home, as anybody can"},
        {"not asked", "names: {then: allow}", "", NULL, NULL, NULL},
        {"younger is asked", "names: {young_days: 50}", "author ann@example.org", NULL, NULL, NULL},
        {"younger is asked of one that names nobody", "names: {young_days: 50}", "capability network", NULL, "name",
         "its name is much like the well-known \"requests\" (swap), and the project is younger than 365 days; it says "
         "neither who made it nor where it is at home"},
        {"that is asked, too", "names: {young_days: 50, anonymous_days: 60}", "", NULL, NULL, NULL},
        {"it shortens nothing", "names: {anonymous_days: 50}", "", NULL, "name", NULL},
        {"a rule knows it", "rules: [{name: a, project: requsets, then: allow, lifts: name}]", "",
         NULL, NULL, NULL},
        {"a rule asks", "names: {then: allow}\nrules: [{name: a, likeness: swap, then: hold}]", "",
         NULL, "rule a", NULL},
        {"a rule asks for another",
         "names: {then: allow}\nrules: [{name: a, likeness: [distance, combined], then: hold}]", "",
         NULL, NULL, NULL},
    };
    f.project_since_us = NOW - 60 * DAY;
    CHECK(young, f);
    f.inspection = CH_INSPECTION_NONE; /* its home is not known yet */
    assert_true(content_decide("", &f).eligible);
    f = content_good();
    f.project_since_us = NOW - 60 * DAY;
    f.likeness = ch_likeness_of(f.project);
    content_check(&(struct row){"like nothing", "", "", NULL, NULL, NULL}, 1, &f);
}

/* --- licences --- */

static void test_licences(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"not asked", "", "licence AGPL-3.0-only", NULL, NULL, NULL},
        {"permitted", "licences: {permit: [MIT]}", "licence MIT", NULL, NULL, NULL},
        {"not permitted", "licences: {permit: [MIT]}", "licence AGPL-3.0-only", NULL, "licence",
         "its licence is \"AGPL-3.0-only\", which the policy does not permit"},
        {"one side of OR", "licences: {permit: [MIT]}", "licence GPL-2.0-only OR MIT", NULL, NULL,
         NULL},
        {"one side of AND", "licences: {permit: [MIT]}", "licence GPL-2.0-only AND MIT", NULL,
         "licence", NULL},
        {"both", "licences: {permit: [mit, 'GPL-**']}", "licence GPL-2.0-only AND MIT", NULL, NULL,
         NULL},
        {"brackets", "licences: {permit: [MIT]}",
         "licence (GPL-2.0-only OR MIT) AND (MIT OR Apache-2.0)", NULL, NULL, NULL},
        {"forbidden", "licences: {forbid: [AGPL-3.0-only]}", "licence AGPL-3.0-only", NULL,
         "licence", NULL},
        {"another", "licences: {forbid: [AGPL-3.0-only]}", "licence MIT", NULL, NULL, NULL},
        {"by its old name", "licences: {forbid: [AGPL-3.0-only]}", "licence AGPL-3.0", NULL,
         "licence", NULL},
        {"or later, by its old name", "licences: {forbid: [AGPL-3.0-or-later]}",
         "licence AGPL-3.0+", NULL, "licence", NULL},
        {"or later, by both", "licences: {forbid: [AGPL-3.0-or-later]}", "licence AGPL-3.0-only+",
         NULL, "licence", NULL},
        {"... and by the old name alone", "licences: {forbid: [AGPL-3.0+]}",
         "licence AGPL-3.0-only+", NULL, "licence", NULL},
        {"the list has the old name", "licences: {forbid: [GPL-2.0]}", "licence GPL-2.0-only", NULL,
         "licence", NULL},
        {"old name permitted", "licences: {permit: [LGPL-2.1-only]}", "licence LGPL-2.1", NULL,
         NULL, NULL},
        {"only this version", "licences: {permit: [LGPL-2.1-only]}", "licence LGPL-2.1+", NULL,
         "licence", NULL},
        {"forbidden, with a choice", "licences: {forbid: [AGPL-3.0-only]}",
         "licence MIT OR AGPL-3.0-only", NULL, NULL, NULL},
        {"forbidden, without", "licences: {forbid: [AGPL-3.0-only]}",
         "licence MIT AND AGPL-3.0-only", NULL, "licence", NULL},
        {"forbidden, with an exception", "licences: {forbid: [GPL-2.0-only]}",
         "licence GPL-2.0-only WITH Classpath-exception-2.0", NULL, "licence", NULL},
        {"permitted with it",
         "licences: {permit: ['GPL-2.0-only WITH Classpath-exception-2.0', '**'], forbid: "
         "[GPL-2.0-only]}",
         "licence GPL-2.0-only WITH Classpath-exception-2.0", NULL, NULL, NULL},
        {"not without it",
         "licences: {permit: ['GPL-2.0-only WITH Classpath-exception-2.0', '**'], forbid: "
         "[GPL-2.0-only]}",
         "licence GPL-2.0-only", NULL, "licence", NULL},
        {"forbidden with it alone",
         "licences: {forbid: ['GPL-2.0-only WITH Classpath-exception-2.0']}",
         "licence GPL-2.0-only WITH Classpath-exception-2.0", NULL, "licence", NULL},
        {"and plain", "licences: {forbid: ['GPL-2.0-only WITH Classpath-exception-2.0']}",
         "licence GPL-2.0-only", NULL, NULL, NULL},
        {"unreadable", "licences: {forbid: [MIT]}", "licence (MIT", NULL, "licence", NULL},
        {"none stated", "licences: {permit: [MIT]}", "", NULL, NULL, NULL},
        {"none stated, and asked", "licences: {unknown: hold}", "", NULL, "licence",
         "states no licence that can be told for certain, and the policy asks for one"},
        {"a rule lifts it",
         "licences: {unknown: hold}\nrules: [{name: a, project: foo-bar, then: allow, lifts: "
         "licence}]",
         "", NULL, NULL, NULL},
        /* the condition of a rule */
        {"rule: needs it", "rules: [{name: a, licence: AGPL-3.0-only, then: deny}]",
         "licence MIT AND AGPL-3.0-only", NULL, "rule a", NULL},
        {"rule: can do without", "rules: [{name: a, licence: AGPL-3.0-only, then: deny}]",
         "licence MIT OR AGPL-3.0-only", NULL, NULL, NULL},
        {"rule: none", "rules: [{name: a, licence: [MIT, unknown], then: hold}]", "", NULL,
         "rule a", NULL},
        {"rule: none, but not asked", "rules: [{name: a, licence: MIT, then: hold}]", "", NULL,
         NULL, NULL},
        {"rule: unreadable", "rules: [{name: a, licence: MIT, then: deny}]", "licence )", NULL,
         "rule a", "the policy cannot tell whether this rule is about it"},
        {"rule: allow, enough",
         "licences: {permit: [ISC]}\nrules: [{name: a, licence: MIT, then: allow, lifts: licence}]",
         "licence MIT OR GPL-2.0-only", NULL, NULL, NULL},
        {"rule: allow, not enough",
         "licences: {permit: [ISC]}\nrules: [{name: a, licence: MIT, then: allow, lifts: licence}]",
         "licence MIT AND GPL-2.0-only", NULL, "licence", NULL},
    };
    struct ch_facts f = content_good();
    CHECK(rows, f);
}

/* A License-Expression that is none: no fact, a finding. */
static void test_unreadable_licences(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"nobody asks", "", "", NULL, NULL, NULL},
        {"permit", "licences: {permit: [MIT]}", "", NULL, "licence",
         "states a licence that cannot be read (\"License-Expression: column 17\"), and the policy has "
         "a list of licences"},
        {"permit, and unknown allowed", "licences: {permit: [MIT], unknown: allow}", "", NULL,
         "licence", NULL},
        {"forbid", "licences: {forbid: [GPL-3.0-only]}", "", NULL, "licence", NULL},
        {"beside one that can be read", "licences: {permit: [MIT]}", "licence MIT", NULL, "licence",
         NULL},
        {"unknown is held", "licences: {unknown: hold}", "", NULL, "licence",
         "states no licence that can be told for certain, and the policy asks for one"},
        {"rule: deny", "rules: [{name: a, licence: GPL-3.0-only, then: deny}]", "", NULL, "rule a",
         "the policy cannot tell whether this rule is about it"},
        {"rule: deny unknown", "rules: [{name: a, licence: unknown, then: deny}]", "", NULL,
         "rule a", NULL},
        {"rule: allow unknown",
         "licences: {permit: [MIT]}\nrules: [{name: a, licence: [ISC, unknown], then: allow, lifts: "
         "licence}]",
         "", NULL, "licence", NULL},
        {"rule: allow the project",
         "licences: {permit: [MIT]}\nrules: [{name: a, project: foo-bar, then: allow, lifts: "
         "licence}]",
         "", NULL, NULL, NULL},
    };
    struct ch_finding unreadable = {CH_F_LICENCE_EXPRESSION, CH_STR("m"),
                                    CH_STR("License-Expression: column 17")};
    struct ch_facts f = content_good();
    f.findings = &unreadable;
    f.finding_count = 1;
    CHECK(rows, f);
    /* one that states two which contradict each other is no other case */
    static const struct row both[] = {
        {"nobody asks", "", "licence MIT", NULL, NULL, NULL},
        {"one of them is permitted", "licences: {permit: [MIT]}", "licence MIT", NULL, "licence",
         "states licences that contradict each other (\"License: MIT\"), and the policy has a list "
         "of licences"},
        {"forbid", "licences: {forbid: [AGPL-3.0-only]}", "", NULL, "licence", NULL},
    };
    unreadable = (struct ch_finding){CH_F_LICENCE_CONTRADICTS, CH_STR("m"), CH_STR("License: MIT")};
    CHECK(both, f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_licences),
        cmocka_unit_test(test_unreadable_licences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
