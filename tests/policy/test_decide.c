/* ch_decide: what passes, what waits, and what rules do. */
#include "decide_case.h"

static void test_zero_is_hold(void **state)
{
    (void)state;
    struct ch_facts zero = {0};
    struct ch_decision d = {0};
    assert_int_equal(d.verdict, CH_VERDICT_HOLD);
    assert_hold(case_decide(&zero), CH_HOLD_NO_RULE, "not enough is known about it to decide");
    ch_decide(NULL, &zero, NOW, &d);
    assert_int_equal(d.verdict, CH_VERDICT_HOLD);
    struct ch_facts f = case_good();
    ch_decide(NULL, &f, NOW, &d);
    assert_int_equal(d.verdict, CH_VERDICT_HOLD);
    /* zeroed facts of a named file: removed in 1970, no inspector, not inspected */
    zero.ecosystem = zero.repository = zero.project = zero.file_name = CH_STR("pypi");
    d = case_decide(&zero);
    assert_int_equal(d.verdict, CH_VERDICT_HOLD);
    assert_false(d.eligible);
    f.inspection = (enum ch_inspection)9;
    assert_verdict(case_decide(&f), CH_VERDICT_HOLD);
    f = case_good();
    f.findings = NULL;
    f.finding_count = 1;
    assert_verdict(case_decide(&f), CH_VERDICT_HOLD);
}

static void test_allow(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    struct ch_decision d = case_decide(&f);
    assert_verdict(d, CH_VERDICT_ALLOW);
    assert_false(d.eligible);
    assert_string_equal(d.rule, "mode quarantine");
    assert_string_equal(d.reason, "inspected, and nothing holds it");
    assert_true(d.until_us == CH_TIME_UNKNOWN);
    assert_int_equal(d.ruling_id, 0);
}

static void test_eligible(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.inspection = CH_INSPECTION_NONE;
    struct ch_decision d = case_decide(&f);
    assert_hold(d, CH_HOLD_NOT_INSPECTED, "not inspected yet");
    assert_true(d.eligible);
    f.has_inspector = false;
    f.file_type = CH_STR("sdist");
    d = case_decide(&f);
    assert_hold(d, CH_HOLD_FILE_TYPE, "no inspector for this type of file (sdist)");
    assert_false(d.eligible);
    f = case_good();
    f.inspection = CH_INSPECTION_NONE;
    f.uploaded_at_us = NOW - DAY;
    assert_false(case_decide(&f).eligible);
    f = case_good();
    f.inspection = CH_INSPECTION_FAILED;
    f.inspection_error = CH_STR("the jail\x1b[31m crashed");
    d = case_decide(&f);
    assert_hold(d, CH_HOLD_FAILED, "inspection could not be completed: the jail\\x1b[31m crashed");
    assert_false(d.eligible);
}

/* What a rule's author wrote for people is said to them; other evidence is the file's own text. */
static void test_a_rules_message_is_the_reason(void **state)
{
    (void)state;
    struct ch_finding found[2] = {case_finding(CH_F_RULE_MALICIOUS),
                                  case_finding(CH_F_ZIP_SYMLINK)};
    struct ch_facts f = case_good();
    f.findings = found;
    f.finding_count = 1;
    found[0].evidence = CH_STR("house_stealer: sends tokens to a chat");
    found[1].evidence = CH_STR("text of the attacker");
    assert_non_null(strstr(case_decide(&f).reason, ": house_stealer: sends tokens to a chat"));
    f.findings = &found[1];
    assert_null(strstr(case_decide(&f).reason, "attacker"));
}

static void test_findings(void **state)
{
    (void)state;
    static const struct {
        enum ch_finding_code code;
        const char *threshold;
        enum ch_verdict verdict;
        const char *rule;
    } rows[] = {
        {CH_F_ZIP_OVERLAP, "high", CH_VERDICT_DENY, "finding zip-overlap"},
        {CH_F_ZIP_SYMLINK, "high", CH_VERDICT_HOLD, "finding zip-symlink"},
        {CH_F_ZIP_EXTRA_TYPE, "high", CH_VERDICT_HOLD, "finding zip-extra-type"},
        {CH_F_ZIP_EXTRA, "high", CH_VERDICT_ALLOW, "mode quarantine"},
        {CH_F_ZIP_EXTRA, "medium", CH_VERDICT_HOLD, "finding zip-extra-field"},
        {CH_F_ZIP_COMMENT, "low", CH_VERDICT_HOLD, "finding zip-comment"},
        {CH_F_ZIP_DESCRIPTOR, "info", CH_VERDICT_ALLOW, "mode quarantine"},
        {(enum ch_finding_code)60000, "high", CH_VERDICT_HOLD, "finding"},
        {CH_F_NONE, "high", CH_VERDICT_HOLD, "finding"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 256);
        ch_buf_printf(&b, "version: 1\nhold_findings: %s\n%c", rows[i].threshold, '\0');
        struct ch_finding found = case_finding(rows[i].code);
        struct ch_facts f = case_good();
        f.findings = &found;
        f.finding_count = 1;
        struct ch_decision d = case_decide_with(b.ptr, &f);
        if (d.verdict != rows[i].verdict || strcmp(d.rule, rows[i].rule) != 0) {
            fail_msg("row %zu: %s by %s", i, ch_verdict_name(d.verdict), d.rule);
        }
        ch_buf_done(&b);
    }
}

static void test_rules(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *rules; /* of a list in flow style */
        enum ch_verdict verdict;
        const char *rule;
        const char *reason;
        uint32_t line;
    } rows[] = {
        {"hold", "{name: a, project: foo-*, then: hold, reason: 'no foo'}", CH_VERDICT_HOLD,
         "rule a", "no foo", 3},
        {"deny", "{name: a, project: foo-bar, then: deny}", CH_VERDICT_DENY, "rule a",
         "the policy denies it", 3},
        {"another project", "{name: a, project: foo, then: deny}", CH_VERDICT_ALLOW,
         "mode quarantine", NULL, 0},
        {"the first one wins",
         "{name: a, project: foo-bar, then: hold}, {name: b, project: foo-*, then: deny}",
         CH_VERDICT_HOLD, "rule a", NULL, 3},
        {"version", "{name: a, version: '>=1.5,<2', then: hold}", CH_VERDICT_HOLD, "rule a", NULL,
         3},
        {"another version", "{name: a, version: '<1.5', then: hold}", CH_VERDICT_ALLOW,
         "mode quarantine", NULL, 0},
        {"all conditions", "{name: a, version: '==1.5', repository: other, then: deny}",
         CH_VERDICT_ALLOW, "mode quarantine", NULL, 0},
        {"one of a list", "{name: a, repository: [other, pypi], then: deny}", CH_VERDICT_DENY,
         "rule a", NULL, 3},
        {"ecosystem", "{name: a, ecosystem: test, then: deny}", CH_VERDICT_ALLOW, "mode quarantine",
         NULL, 0},
        {"file type", "{name: a, file_type: [wheel], then: deny}", CH_VERDICT_DENY, "rule a", NULL,
         3},
        {"size", "{name: a, larger_than: 999, then: deny}", CH_VERDICT_DENY, "rule a", NULL, 3},
        {"size, not larger", "{name: a, larger_than: 1000, then: deny}", CH_VERDICT_ALLOW,
         "mode quarantine", NULL, 0},
        {"older", "{name: a, older_than_days: 29, then: deny}", CH_VERDICT_DENY, "rule a", NULL, 3},
        {"not older", "{name: a, older_than_days: 31, then: deny}", CH_VERDICT_ALLOW,
         "mode quarantine", NULL, 0},
        {"younger", "{name: a, younger_than_days: 31, then: hold}", CH_VERDICT_HOLD, "rule a", NULL,
         3},
        {"yanked", "{name: a, upstream_yanked: true, then: deny}", CH_VERDICT_ALLOW,
         "mode quarantine", NULL, 0},
        {"allow names itself", "{name: a, project: '**', then: allow}", CH_VERDICT_ALLOW, "rule a",
         "inspected, and nothing holds it", 3},
        {"allow lifts no rule it does not name",
         "{name: a, project: '**', then: allow, lifts: cool-down}, {name: b, project: '**', then: "
         "deny}",
         CH_VERDICT_DENY, "rule b", NULL, 3},
        {"allow spares from what follows",
         "{name: a, project: foo-bar, then: allow, lifts: [rule]}, {name: b, project: '**', then: "
         "deny}",
         CH_VERDICT_ALLOW, "rule a", NULL, 3},
        {"but not from what comes before",
         "{name: b, project: foo-*, then: hold}, {name: a, project: '**', then: allow, lifts: "
         "[rule]}",
         CH_VERDICT_HOLD, "rule b", NULL, 3},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1024);
        ch_buf_printf(&b, "version: 1\nrules:\n  [%s]\n%c", rows[i].rules, '\0');
        struct ch_facts f = case_good();
        struct ch_decision d = case_decide_with(b.ptr, &f);
        if (d.verdict != rows[i].verdict || strcmp(d.rule, rows[i].rule) != 0 ||
            (rows[i].reason != NULL && strcmp(d.reason, rows[i].reason) != 0) ||
            d.policy_line != rows[i].line) {
            fail_msg("%s: %s by %s, line %u: %s", rows[i].label, ch_verdict_name(d.verdict), d.rule,
                     d.policy_line, d.reason);
        }
        ch_buf_done(&b);
    }
}

/* What a rule asks about and nobody knows: holds where it would hold or deny, never allows. */
static void test_unknown_never_allows(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "version: 1\nrules: [{name: a, version: '<1', then: hold}]\n",
        "version: 1\nrules: [{name: a, version: '<1', then: deny}]\n",
        "version: 1\nrules: [{name: a, larger_than: 1GiB, then: hold}]\n",
        "version: 1\nrules: [{name: a, larger_than: 1GiB, then: deny}]\n",
        "version: 1\nmode: allow-list\nrules: [{name: a, version: '>=0', then: allow}]\n",
        "version: 1\ncool_down_days: 0\nrules: [{name: a, older_than_days: 3000, then: deny}]\n",
        "version: 1\ncool_down_days: 0\nrules: [{name: a, younger_than_days: 1, then: deny}]\n",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rules); i++) {
        struct ch_facts f = case_good();
        f.version = CH_STR("latest");
        f.size_bytes = CH_SIZE_UNKNOWN;
        f.uploaded_at_us = CH_TIME_UNKNOWN;
        f.first_seen_at_us = CH_TIME_UNKNOWN;
        struct ch_decision d = case_decide_with(rules[i], &f);
        if (d.verdict != CH_VERDICT_HOLD ||
            (d.holds & (BIT(CH_HOLD_RULE) | BIT(CH_HOLD_NOT_LISTED))) == 0) {
            fail_msg("row %zu: %s by %s", i, ch_verdict_name(d.verdict), d.rule);
        }
    }
}

static void test_allow_list(void **state)
{
    (void)state;
    static const char policy[] = "version: 1\nmode: allow-list\nrules:\n"
                                 "  - {name: a, project: foo-*, then: allow}\n";
    struct ch_facts f = case_good();
    assert_verdict(case_decide_with(policy, &f), CH_VERDICT_ALLOW);
    f.project = CH_STR("flask");
    struct ch_decision d = case_decide_with(policy, &f);
    assert_hold(d, CH_HOLD_NOT_LISTED,
                "no rule of the policy lists it, and only listed projects pass");
    assert_int_equal(d.policy_line, 2);
    struct ch_ruling r = case_approval(BIT(CH_HOLD_NOT_LISTED));
    f.rulings = &r;
    f.ruling_count = 1;
    assert_verdict(case_decide_with(policy, &f), CH_VERDICT_ALLOW);
}

static void test_until_of_an_allow(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    struct ch_decision d =
        case_decide_with("version: 1\nrules: [{name: a, older_than_days: 40, then: hold}]\n", &f);
    assert_verdict(d, CH_VERDICT_ALLOW);
    assert_true(d.until_us == NOW + 10 * DAY);
    d = case_decide_with("version: 1\nrules: [{name: a, younger_than_days: 31, then: hold}]\n", &f);
    assert_verdict(d, CH_VERDICT_HOLD);
    assert_true(d.until_us == NOW + DAY);
}

/* What is larger than what is fetched passes in no mode, whoever approves it; its reason names
 * both. */
static void test_size_limit(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    struct ch_ruling approval = case_approval(UINT64_MAX);
    f.max_bytes = 1048576;
    f.max_bytes_key = "store.artifact_max_bytes";
    f.size_bytes = CH_SIZE_UNKNOWN;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
    f.size_bytes = 1048576;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
    f.size_bytes = 1048577;
    f.rulings = &approval;
    f.ruling_count = 1;
    struct ch_decision d = case_decide(&f);
    assert_hold(d, CH_HOLD_SIZE,
                "it has 1048577 bytes, and the largest file that is fetched here has 1048576 "
                "(store.artifact_max_bytes)");
    assert_string_equal(d.rule, "size-limit");
    f.size_at_least = true;
    f.max_bytes_key = "store.max_bytes";
    assert_hold(
        case_decide(&f), CH_HOLD_SIZE,
        "it has 1048577 bytes or more, and the largest file that is fetched here has 1048576 "
        "(store.max_bytes)");
    f.inspection = CH_INSPECTION_NONE;
    f.uploaded_at_us = NOW - DAY;
    d = case_decide_with("version: 1\nmode: audit\n", &f);
    assert_int_equal(d.hold, CH_HOLD_SIZE);
    assert_verdict(d, CH_VERDICT_HOLD);
    assert_false(d.eligible);
    assert_true(d.until_us == CH_TIME_UNKNOWN); /* not by the end of its cool-down */
    f.max_bytes = CH_SIZE_UNKNOWN;
    f.uploaded_at_us = NOW - 30 * DAY;
    assert_true(case_decide(&f).eligible);
}

/* What came was of another size than the index states: it passes in no mode, whoever approves it,
 * and its reason has both. */
static void test_another_size_than_stated(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    struct ch_ruling approval = case_approval(UINT64_MAX);
    f.rulings = &approval;
    f.ruling_count = 1;
    f.fault = CH_FAULT_SIZE;
    f.told_bytes = 999;
    struct ch_decision d = case_decide(&f);
    assert_hold(d, CH_HOLD_SIZE,
                "is not of the size the index stated: 1000 bytes stated, 999 received; fetched "
                "again once the index "
                "states the same again");
    assert_string_equal(d.rule, "finding size-mismatch");
    f.told_bytes = 1001;
    f.told_at_least = true;
    f.inspection = CH_INSPECTION_NONE;
    d = case_decide_with("version: 1\nmode: audit\n", &f);
    assert_hold(d, CH_HOLD_SIZE,
                "is not of the size the index stated: 1000 bytes stated, 1001 or more received; "
                "fetched again once the "
                "index states the same again");
    assert_false(d.eligible);
    f.told_bytes = 0; /* nothing came at all */
    f.told_at_least = false;
    assert_hold(case_decide(&f), CH_HOLD_SIZE,
                "is not of the size the index stated: 1000 bytes stated, 0 received; fetched again "
                "once the index states the same again");
    f.fault = CH_FAULT_NONE;
    assert_true(case_decide(&f).eligible);
}

/* An index that states another hash of the metadata than inspected bytes have: whoever approves it,
 * whatever the mode. */
static void test_T1_metadata_that_the_index_contradicts(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    struct ch_ruling approval = case_approval(UINT64_MAX);
    f.rulings = &approval;
    f.ruling_count = 1;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
    f.metadata_contradicted = true;
    struct ch_decision d = case_decide_with("version: 1\nmode: audit\n", &f);
    assert_verdict(d, CH_VERDICT_DENY);
    assert_string_equal(d.rule, "finding metadata-differs");
    assert_non_null(strstr(d.reason, ": the index states another hash of it by now"));
    assert_verdict(case_decide(&f), CH_VERDICT_DENY);
}

/* What cannot be had passes in no mode, whoever approves it: there is nothing to approve. A fault
 * that is not known here is one. */
static void test_what_was_found_out_of_fetching_it(void **state)
{
    (void)state;
    static const struct {
        enum ch_fetch_fault fault;
        const char *rule, *reason;
    } rows[] = {
        {CH_FAULT_MISSING, "finding file-missing",
         "is listed by the index, and its upstream does not have it: who said what"},
        {CH_FAULT_REFUSED, "upstream-refuses", "its upstream does not give it: who said what"},
        {CH_FAULT_DENIED, "fetch-denied",
         "it may not be fetched from where its upstream has it: who said what"},
        {CH_FAULT_ANSWER, "upstream-answer",
         "what its upstream answers cannot be taken for it: who said what"},
        {(enum ch_fetch_fault)99, "upstream-answer",
         "what its upstream answers cannot be taken for it: who said what"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_facts f = case_good();
        struct ch_ruling approval = case_approval(UINT64_MAX);
        f.rulings = &approval;
        f.ruling_count = 1;
        f.fault = rows[i].fault;
        f.fault_text = CH_STR("who said what");
        struct ch_decision d = case_decide(&f);
        assert_hold(d, CH_HOLD_FETCH, rows[i].reason);
        assert_string_equal(d.rule, rows[i].rule);
        f.inspection = CH_INSPECTION_NONE;
        d = case_decide_with("version: 1\nmode: audit\n", &f);
        assert_hold(d, CH_HOLD_FETCH, rows[i].reason);
        assert_false(d.eligible);
        f.fault = CH_FAULT_HASH; /* as by the finding, of which nothing else is left */
        d = case_decide_with("version: 1\nmode: audit\n", &f);
        assert_int_equal(d.verdict, CH_VERDICT_DENY);
        assert_string_equal(d.rule, "finding hash-mismatch");
        assert_string_equal(d.reason, "is not the file whose hash the index stated; fetched again "
                                      "once the index states the same again");
    }
}

/* What is said of the end of a denial is true of all that stand: the one that ends last is told,
 * one without an end before all others. */
static void test_the_last_denial_is_told(void **state)
{
    (void)state;
    static const int64_t ends[][3] = {{NOW + DAY, CH_TIME_UNKNOWN, NOW + 2 * DAY},
                                      {CH_TIME_UNKNOWN, NOW + DAY, CH_TIME_UNKNOWN},
                                      {NOW + DAY, NOW + 3 * DAY, NOW + 2 * DAY},
                                      {NOW - DAY, NOW + DAY, NOW - DAY}};
    static const uint64_t told[] = {2, 1, 2, 2};
    struct ch_facts f = case_good();
    for (size_t i = 0; i < CH_ARRAY_LEN(ends); i++) {
        struct ch_ruling r[3];
        for (size_t k = 0; k < CH_ARRAY_LEN(r); k++) {
            r[k] = (struct ch_ruling){.deny = true,
                                      .id = k + 1,
                                      .reason = CH_STR("no"),
                                      .by = CH_STR("ann"),
                                      .at_us = NOW - DAY,
                                      .expires_at_us = ends[i][k]};
        }
        f.rulings = r;
        f.ruling_count = CH_ARRAY_LEN(r);
        struct ch_decision d = case_decide(&f);
        assert_verdict(d, CH_VERDICT_DENY);
        assert_int_equal(d.ruling_id, told[i]);
        assert_true(d.until_us == ends[i][told[i] - 1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zero_is_hold),
        cmocka_unit_test(test_allow),
        cmocka_unit_test(test_eligible),
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_a_rules_message_is_the_reason),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_unknown_never_allows),
        cmocka_unit_test(test_allow_list),
        cmocka_unit_test(test_T1_metadata_that_the_index_contradicts),
        cmocka_unit_test(test_until_of_an_allow),
        cmocka_unit_test(test_size_limit),
        cmocka_unit_test(test_another_size_than_stated),
        cmocka_unit_test(test_what_was_found_out_of_fetching_it),
        cmocka_unit_test(test_the_last_denial_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
