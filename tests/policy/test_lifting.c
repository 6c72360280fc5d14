/* What a person's ruling or a rule lifts, and what nothing does: T8 and T9 of policy/THREATS.md. */
#include "decide_case.h"

static void test_T8_approval(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    struct ch_ruling r = case_approval(BIT(CH_HOLD_AGE));
    f.uploaded_at_us = NOW - DAY;
    f.rulings = &r;
    f.ruling_count = 1;
    struct ch_decision d = case_decide(&f);
    assert_verdict(d, CH_VERDICT_ALLOW);
    assert_string_equal(d.rule, "approved by alice");
    assert_int_equal(d.ruling_id, 7);
    assert_true(d.until_us == r.expires_at_us);
    r.expires_at_us = NOW; /* over */
    assert_verdict(case_decide(&f), CH_VERDICT_HOLD);
    r.expires_at_us = CH_TIME_UNKNOWN; /* an approval without end is none */
    assert_verdict(case_decide(&f), CH_VERDICT_HOLD);
    /* not before the end of the inspection, whatever it names */
    r = case_approval(UINT64_MAX);
    f.inspection = CH_INSPECTION_NONE;
    assert_hold(case_decide(&f), CH_HOLD_NOT_INSPECTED, "not inspected yet");
    f.inspection = CH_INSPECTION_FAILED;
    assert_int_equal(case_decide(&f).hold, CH_HOLD_FAILED);
    f.inspection = CH_INSPECTION_COMPLETE;
    f.has_inspector = false;
    assert_int_equal(case_decide(&f).hold, CH_HOLD_FILE_TYPE);
    /* where nothing was held, the approval does not count */
    f = case_good();
    f.rulings = &r;
    f.ruling_count = 1;
    d = case_decide(&f);
    assert_string_equal(d.rule, "mode quarantine");
    assert_int_equal(d.ruling_id, 0);
}

static void test_T9_attack_is_final(void **state)
{
    (void)state;
    struct ch_finding found = case_finding(CH_F_PYC_UNCHECKED);
    struct ch_sha256 print = ch_finding_fingerprint(&case_artifact, &found);
    struct ch_ruling r = case_approval(UINT64_MAX);
    r.fingerprints = &print;
    r.fingerprint_count = 1;
    struct ch_facts f = case_good();
    f.findings = &found;
    f.finding_count = 1;
    f.rulings = &r;
    f.ruling_count = 1;
    struct ch_decision d = case_decide_with(
        "version: 1\nrules: [{name: a, project: '**', then: allow, lifts: [rule, cool-down]}]\n",
        &f);
    assert_verdict(d, CH_VERDICT_DENY);
    assert_string_equal(d.rule, "finding pyc-unchecked");
    f.inspection = CH_INSPECTION_FAILED;
    assert_verdict(case_decide(&f), CH_VERDICT_DENY);
}

static void test_T9_person_denies(void **state)
{
    (void)state;
    struct ch_ruling r[2] = {case_approval(UINT64_MAX), case_approval(0)};
    r[1].deny = true;
    r[1].id = 8;
    r[1].by = CH_STR("b\xc3\xb6"
                     "b");
    r[1].reason = CH_STR("stolen account");
    r[1].expires_at_us = CH_TIME_UNKNOWN;
    struct ch_facts f = case_good();
    f.rulings = r;
    f.ruling_count = 2;
    static const char policy[] =
        "version: 1\nrules: [{name: a, project: '**', then: allow, lifts: [rule]}]\n";
    struct ch_decision d = case_decide_with(policy, &f);
    assert_verdict(d, CH_VERDICT_DENY);
    assert_string_equal(d.rule, "person b\\xc3\\xb6b");
    assert_string_equal(d.reason, "stolen account");
    assert_int_equal(d.ruling_id, 8);
    f.inspection = CH_INSPECTION_NONE; /* before any byte is known */
    assert_verdict(case_decide(&f), CH_VERDICT_DENY);
    r[1].expires_at_us = NOW + DAY;
    assert_true(case_decide(&f).until_us == NOW + DAY);
    r[1].expires_at_us = NOW;
    f.inspection = CH_INSPECTION_COMPLETE;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
}

static void test_T9_exception_names_the_finding(void **state)
{
    (void)state;
    struct ch_finding found[2] = {case_finding(CH_F_ZIP_SYMLINK), case_finding(CH_F_ZIP_ZIP64)};
    struct ch_sha256 prints[2] = {ch_finding_fingerprint(&case_artifact, &found[0]),
                                  ch_finding_fingerprint(&case_artifact, &found[1])};
    struct ch_ruling r = case_approval(BIT(CH_HOLD_FINDING));
    struct ch_facts f = case_good();
    f.findings = found;
    f.finding_count = 2;
    f.rulings = &r;
    f.ruling_count = 1;
    assert_int_equal(case_decide(&f).hold, CH_HOLD_FINDING); /* names none */
    r.fingerprints = prints;
    r.fingerprint_count = 1;
    assert_string_equal(case_decide(&f).rule, "finding zip-zip64");
    r.fingerprint_count = 2;
    struct ch_decision d = case_decide(&f);
    assert_verdict(d, CH_VERDICT_ALLOW);
    assert_string_equal(d.rule, "approved by alice");
    r.lifts = BIT(CH_HOLD_AGE);
    assert_verdict(case_decide(&f), CH_VERDICT_HOLD);
    r.lifts = BIT(CH_HOLD_FINDING);
    found[0].member = CH_STR("foo/b.py"); /* the same finding elsewhere */
    assert_verdict(case_decide(&f), CH_VERDICT_HOLD);
    found[0].member = CH_STR("foo/a.py");
    f.artifact.byte[31] ^= 1; /* in other bytes */
    assert_verdict(case_decide(&f), CH_VERDICT_HOLD);
    f.artifact = (struct ch_sha256){{0}};
    assert_verdict(case_decide(&f), CH_VERDICT_HOLD);
}

static void test_T9_rule_lifts_what_it_names(void **state)
{
    (void)state;
    static const char policy[] =
        "version: 1\nhold_findings: low\nrules:\n"
        "  - {name: a, project: foo-bar, finding: [zip-comment], then: allow, lifts: [finding]}\n";
    struct ch_finding found[2] = {case_finding(CH_F_ZIP_COMMENT), case_finding(CH_F_ZIP_EXTRA)};
    struct ch_facts f = case_good();
    f.findings = found;
    f.finding_count = 1;
    assert_verdict(case_decide_with(policy, &f), CH_VERDICT_ALLOW);
    f.finding_count = 2;
    assert_string_equal(case_decide_with(policy, &f).rule, "finding zip-extra-field");
    f.finding_count = 1;
    f.uploaded_at_us = NOW - DAY;
    assert_int_equal(case_decide_with(policy, &f).hold, CH_HOLD_AGE);
}

static void test_T9_approval_does_not_reach_past_a_rule(void **state)
{
    (void)state;
    struct ch_ruling r = case_approval(BIT(CH_HOLD_RULE));
    struct ch_facts f = case_good();
    f.rulings = &r;
    f.ruling_count = 1;
    assert_verdict(
        case_decide_with("version: 1\nrules: [{name: a, project: foo-bar, then: hold}]\n", &f),
        CH_VERDICT_ALLOW);
    struct ch_decision d =
        case_decide_with("version: 1\nrules: [{name: a, project: foo-bar, then: hold}, "
                         "{name: b, project: '**', then: deny}]\n",
                         &f);
    assert_verdict(d, CH_VERDICT_DENY);
    assert_string_equal(d.rule, "rule b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T8_approval),
        cmocka_unit_test(test_T9_attack_is_final),
        cmocka_unit_test(test_T9_person_denies),
        cmocka_unit_test(test_T9_exception_names_the_finding),
        cmocka_unit_test(test_T9_rule_lifts_what_it_names),
        cmocka_unit_test(test_T9_approval_does_not_reach_past_a_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
