#include "tests/ch_test.h"

#include "customhouse/policy.h"

#define DAY       ((int64_t)86400 * 1000000)
#define HOUR      ((int64_t)3600 * 1000000)
#define NOW       ((int64_t)1795948200 * 1000000) /* 2026-11-29 10:30 UTC */
#define BIT(kind) ((uint64_t)1 << (kind))

static const struct ch_sha256 artifact = {{1, 2, 3}};

/* A file that passes: a month old, inspected, listed upstream now. */
static struct ch_facts good(void)
{
    struct ch_facts f;
    ch_facts_init(&f);
    f.ecosystem = CH_STR("pypi");
    f.repository = CH_STR("pypi");
    f.project = CH_STR("foo-bar");
    f.version = CH_STR("1.5");
    f.file_name = CH_STR("foo_bar-1.5-py3-none-any.whl");
    f.file_type = CH_STR("wheel");
    f.artifact = artifact;
    f.has_inspector = true;
    f.size_bytes = 1000;
    f.hash_stated = true;
    f.upstream_trusted_for_times = true;
    f.uploaded_at_us = NOW - 30 * DAY;
    f.first_seen_at_us = NOW - HOUR;
    f.index_confirmed_at_us = NOW - HOUR / 2;
    f.inspection = CH_INSPECTION_COMPLETE;
    return f;
}

static struct ch_decision decide_with(const char *policy, const struct ch_facts *facts)
{
    struct ch_policy *p = NULL;
    struct ch_err err;
    struct ch_decision d;
    assert_ch_ok(&err, ch_policy_parse(ch_str_of(policy), "policy.yaml", &p, &err));
    ch_decide(p, facts, NOW, &d);
    ch_policy_free(p);
    for (size_t i = 0; d.reason[i] != '\0'; i++) {
        assert_true(d.reason[i] >= ' ' && d.reason[i] <= '~');
    }
    assert_true(strlen(d.reason) < CH_REASON_MAX);
    assert_true(d.rule[0] != '\0' && d.reason[0] != '\0');
    assert_int_equal(d.verdict == CH_VERDICT_HOLD, d.holds != 0);
    return d;
}

static struct ch_decision decide(const struct ch_facts *facts)
{
    return decide_with(ch_policy_default_text(), facts);
}

#define assert_hold(d, kind, text)                                                                 \
    do {                                                                                           \
        struct ch_decision d_ = (d);                                                               \
        assert_int_equal(d_.verdict, CH_VERDICT_HOLD);                                             \
        if (d_.hold != (kind)) {                                                                   \
            fail_msg("held by %s: %s", ch_hold_kind_name(d_.hold), d_.reason);                     \
        }                                                                                          \
        assert_string_equal(d_.reason, text);                                                      \
    } while (0)

#define assert_verdict(d, want)                                                                    \
    do {                                                                                           \
        struct ch_decision d_ = (d);                                                               \
        if (d_.verdict != (want)) {                                                                \
            fail_msg("%s by %s: %s", ch_verdict_name(d_.verdict), d_.rule, d_.reason);             \
        }                                                                                          \
    } while (0)

static struct ch_finding finding(enum ch_finding_code code)
{
    return (struct ch_finding){.code = code, .member = CH_STR("foo/a.py")};
}

static struct ch_ruling approval(uint64_t lifts)
{
    return (struct ch_ruling){.lifts = lifts,
                              .by = CH_STR("alice"),
                              .reason = CH_STR("checked"),
                              .at_us = NOW - HOUR,
                              .expires_at_us = NOW + DAY,
                              .id = 7};
}

/* --- the plain ways --- */

static void test_zero_is_hold(void **state)
{
    (void)state;
    struct ch_facts zero = {0};
    struct ch_decision d = {0};
    assert_int_equal(d.verdict, CH_VERDICT_HOLD);
    assert_hold(decide(&zero), CH_HOLD_NO_RULE, "not enough is known about it to decide");
    ch_decide(NULL, &zero, NOW, &d);
    assert_int_equal(d.verdict, CH_VERDICT_HOLD);
    struct ch_facts f = good();
    ch_decide(NULL, &f, NOW, &d);
    assert_int_equal(d.verdict, CH_VERDICT_HOLD);
    /* zeroed facts of a named file: removed in 1970, no inspector, not inspected */
    zero.ecosystem = zero.repository = zero.project = zero.file_name = CH_STR("pypi");
    d = decide(&zero);
    assert_int_equal(d.verdict, CH_VERDICT_HOLD);
    assert_false(d.eligible);
    f.inspection = (enum ch_inspection)9;
    assert_verdict(decide(&f), CH_VERDICT_HOLD);
    f = good();
    f.findings = NULL;
    f.finding_count = 1;
    assert_verdict(decide(&f), CH_VERDICT_HOLD);
}

static void test_allow(void **state)
{
    (void)state;
    struct ch_facts f = good();
    struct ch_decision d = decide(&f);
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
    struct ch_facts f = good();
    f.inspection = CH_INSPECTION_NONE;
    struct ch_decision d = decide(&f);
    assert_hold(d, CH_HOLD_NOT_INSPECTED, "not inspected yet");
    assert_true(d.eligible);
    f.has_inspector = false;
    f.file_type = CH_STR("sdist");
    d = decide(&f);
    assert_hold(d, CH_HOLD_FILE_TYPE, "no inspector for this type of file (sdist)");
    assert_false(d.eligible);
    f = good();
    f.inspection = CH_INSPECTION_NONE;
    f.uploaded_at_us = NOW - DAY;
    assert_false(decide(&f).eligible);
    f = good();
    f.inspection = CH_INSPECTION_FAILED;
    f.inspection_error = CH_STR("the jail\x1b[31m crashed");
    d = decide(&f);
    assert_hold(d, CH_HOLD_FAILED, "inspection could not be completed: the jail\\x1b[31m crashed");
    assert_false(d.eligible);
}

/* What a rule's author wrote for people is said to them; other evidence is the file's own text. */
static void test_a_rules_message_is_the_reason(void **state)
{
    (void)state;
    struct ch_finding found[2] = {finding(CH_F_RULE_MALICIOUS), finding(CH_F_ZIP_SYMLINK)};
    struct ch_facts f = good();
    f.findings = found;
    f.finding_count = 1;
    found[0].evidence = CH_STR("house_stealer: sends tokens to a chat");
    found[1].evidence = CH_STR("text of the attacker");
    assert_non_null(strstr(decide(&f).reason, ": house_stealer: sends tokens to a chat"));
    f.findings = &found[1];
    assert_null(strstr(decide(&f).reason, "attacker"));
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
        struct ch_finding found = finding(rows[i].code);
        struct ch_facts f = good();
        f.findings = &found;
        f.finding_count = 1;
        struct ch_decision d = decide_with(b.ptr, &f);
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
        struct ch_facts f = good();
        struct ch_decision d = decide_with(b.ptr, &f);
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
        struct ch_facts f = good();
        f.version = CH_STR("latest");
        f.size_bytes = CH_SIZE_UNKNOWN;
        f.uploaded_at_us = CH_TIME_UNKNOWN;
        f.first_seen_at_us = CH_TIME_UNKNOWN;
        struct ch_decision d = decide_with(rules[i], &f);
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
    struct ch_facts f = good();
    assert_verdict(decide_with(policy, &f), CH_VERDICT_ALLOW);
    f.project = CH_STR("flask");
    struct ch_decision d = decide_with(policy, &f);
    assert_hold(d, CH_HOLD_NOT_LISTED,
                "no rule of the policy lists it, and only listed projects pass");
    assert_int_equal(d.policy_line, 2);
    struct ch_ruling r = approval(BIT(CH_HOLD_NOT_LISTED));
    f.rulings = &r;
    f.ruling_count = 1;
    assert_verdict(decide_with(policy, &f), CH_VERDICT_ALLOW);
}

static void test_until_of_an_allow(void **state)
{
    (void)state;
    struct ch_facts f = good();
    struct ch_decision d =
        decide_with("version: 1\nrules: [{name: a, older_than_days: 40, then: hold}]\n", &f);
    assert_verdict(d, CH_VERDICT_ALLOW);
    assert_true(d.until_us == NOW + 10 * DAY);
    d = decide_with("version: 1\nrules: [{name: a, younger_than_days: 31, then: hold}]\n", &f);
    assert_verdict(d, CH_VERDICT_HOLD);
    assert_true(d.until_us == NOW + DAY);
}

/* --- threats.md --- */

static void test_T5_gone_from_upstream(void **state)
{
    (void)state;
    struct ch_facts f = good();
    f.removed_at_us = NOW - HOUR;
    struct ch_decision d = decide(&f);
    assert_hold(d, CH_HOLD_REMOVED, "gone from the upstream index since 2026-11-29 09:30 UTC");
    assert_true(d.until_us == CH_TIME_UNKNOWN);
    f = good();
    f.upstream_quarantined = true;
    assert_hold(decide(&f), CH_HOLD_REMOVED,
                "the upstream index has put the project in quarantine");
}

static void test_T5_release_needs_the_index(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        int64_t confirmed;
        enum ch_verdict verdict;
    } rows[] = {
        {"never", CH_TIME_UNKNOWN, CH_VERDICT_HOLD},
        {"two days before the end", NOW - 2 * DAY, CH_VERDICT_HOLD},
        {"just over an hour before the end", NOW - DAY - HOUR - 1, CH_VERDICT_HOLD},
        {"an hour before the end", NOW - DAY - HOUR, CH_VERDICT_ALLOW},
        {"after the end, the upstream failing since", NOW - DAY + 1, CH_VERDICT_ALLOW},
        {"in the future", NOW + 1, CH_VERDICT_HOLD},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_facts f = good();
        f.uploaded_at_us = NOW - 8 * DAY; /* the cool-down ended a day ago */
        f.index_confirmed_at_us = rows[i].confirmed;
        struct ch_decision d = decide(&f);
        if (d.verdict != rows[i].verdict || (d.holds & ~BIT(CH_HOLD_AGE)) != 0) {
            fail_msg("%s: %s by %s: %s", rows[i].label, ch_verdict_name(d.verdict), d.rule,
                     d.reason);
        }
    }
}

static void test_T5_yanked_is_not_released(void **state)
{
    (void)state;
    struct ch_facts f = good();
    f.upstream_yanked = true;
    f.upstream_yanked_reason = CH_STR("broken\n\x1b[0mCustomhouse says: fine");
    struct ch_decision d = decide(&f);
    assert_hold(d, CH_HOLD_AGE,
                "yanked upstream, upstream says: broken\\x0a\\x1b[0mCustomhouse says: fine");
    assert_verdict(decide_with("version: 1\nrelease_yanked: true\n", &f), CH_VERDICT_ALLOW);
    assert_verdict(decide_with("version: 1\ncool_down_days: 0\n", &f), CH_VERDICT_ALLOW);
}

static void test_T7_age(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        bool trusted;
        bool never;
        bool baseline;
        int64_t uploaded;
        int64_t absent;
        int64_t seen;
        enum ch_verdict verdict;
        int64_t until;
    } rows[] = {
        {"stated, old", true, false, false, NOW - 7 * DAY, CH_TIME_UNKNOWN, NOW, CH_VERDICT_ALLOW,
         CH_TIME_UNKNOWN},
        {"stated, a moment short", true, false, false, NOW - 7 * DAY + 1, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_HOLD, NOW + 1},
        {"stated, young, in the baseline", true, false, true, NOW - DAY, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_HOLD, NOW + 6 * DAY},
        {"stated in the future", true, false, true, NOW + DAY, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_HOLD, NOW + 8 * DAY},
        {"stated by one not trusted", false, false, false, NOW - 900 * DAY, NOW - DAY, NOW - HOUR,
         CH_VERDICT_HOLD, NOW + 7 * DAY - HOUR},
        {"not trusted, seen long ago", false, false, false, NOW, NOW - 9 * DAY, NOW - 8 * DAY,
         CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
        {"not trusted, page not loaded for long", false, false, false, NOW - 900 * DAY,
         NOW - 90 * DAY, NOW - HOUR, CH_VERDICT_HOLD, NOW + 7 * DAY - HOUR},
        {"not trusted, only the absence is known", false, false, false, CH_TIME_UNKNOWN,
         NOW - 8 * DAY, CH_TIME_UNKNOWN, CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
        {"not trusted, baseline", false, false, true, NOW, CH_TIME_UNKNOWN, NOW, CH_VERDICT_ALLOW,
         CH_TIME_UNKNOWN},
        {"not trusted, no baseline", false, false, false, NOW - 900 * DAY, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_HOLD, NOW + 7 * DAY},
        {"not trusted, never states times, no baseline", false, true, false, CH_TIME_UNKNOWN,
         CH_TIME_UNKNOWN, NOW, CH_VERDICT_HOLD, NOW + 7 * DAY},
        {"missing where never stated", true, true, false, CH_TIME_UNKNOWN, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
        {"missing where never stated, appeared since", true, true, false, CH_TIME_UNKNOWN,
         NOW - DAY, NOW - HOUR, CH_VERDICT_HOLD, NOW + 7 * DAY - HOUR},
        {"missing where it is stated", true, false, false, CH_TIME_UNKNOWN, CH_TIME_UNKNOWN,
         CH_TIME_UNKNOWN, CH_VERDICT_HOLD, CH_TIME_UNKNOWN},
        {"missing where it is stated, in the baseline", true, false, true, CH_TIME_UNKNOWN,
         CH_TIME_UNKNOWN, NOW - DAY, CH_VERDICT_HOLD, NOW + 6 * DAY},
        {"seen in the future", false, false, false, CH_TIME_UNKNOWN, NOW + DAY, NOW + DAY,
         CH_VERDICT_HOLD, NOW + 8 * DAY},
        {"at the end of time", true, false, false, INT64_MAX, CH_TIME_UNKNOWN, NOW, CH_VERDICT_HOLD,
         INT64_MAX},
        {"at the beginning of time", true, false, false, INT64_MIN + 1, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_facts f = good();
        f.upstream_trusted_for_times = rows[i].trusted;
        f.upstream_never_states_times = rows[i].never;
        f.baseline = rows[i].baseline;
        f.uploaded_at_us = rows[i].uploaded;
        f.last_absent_at_us = rows[i].absent;
        f.first_seen_at_us = rows[i].seen;
        struct ch_decision d = decide(&f);
        bool by_age = d.verdict == CH_VERDICT_ALLOW || d.holds == BIT(CH_HOLD_AGE);
        if (d.verdict != rows[i].verdict || d.until_us != rows[i].until || !by_age) {
            fail_msg("%s: %s by %s until %lld: %s", rows[i].label, ch_verdict_name(d.verdict),
                     d.rule, (long long)d.until_us, d.reason);
        }
    }
}

static void test_T7_reason(void **state)
{
    (void)state;
    struct ch_facts f = good();
    f.uploaded_at_us = NOW - 2 * DAY - HOUR;
    struct ch_decision d = decide(&f);
    assert_hold(d, CH_HOLD_AGE,
                "released 2 days ago, the policy asks for 7 days (until 2026-12-04 09:30 UTC)");
    assert_string_equal(d.rule, "cool-down");
    assert_true(d.policy_line > 0);
    f.uploaded_at_us = NOW - HOUR;
    d = decide_with("version: 1\ncool_down_days: 1\n", &f);
    assert_hold(d, CH_HOLD_AGE,
                "released 1 hour ago, the policy asks for 1 day (until 2026-11-30 09:30 UTC)");
    f.uploaded_at_us = NOW + DAY;
    assert_hold(decide(&f), CH_HOLD_AGE,
                "its release time lies in the future: 2026-11-30 10:30 UTC");
}

static void test_T7_clock_jump(void **state)
{
    (void)state;
    struct ch_facts f = good();
    f.clock_jumped = true;
    struct ch_decision d = decide(&f);
    assert_int_equal(d.hold, CH_HOLD_CLOCK);
    assert_true(d.until_us == CH_TIME_UNKNOWN);
    /* what is not released by time is not concerned */
    assert_verdict(decide_with("version: 1\ncool_down_days: 0\n", &f), CH_VERDICT_ALLOW);
    f.upstream_trusted_for_times = false;
    f.baseline = true;
    assert_verdict(decide(&f), CH_VERDICT_ALLOW);
    f = good();
    f.clock_jumped = true;
    struct ch_ruling r = approval(BIT(CH_HOLD_AGE));
    f.rulings = &r;
    f.ruling_count = 1;
    assert_verdict(decide(&f), CH_VERDICT_ALLOW);
}

static void test_T8_approval(void **state)
{
    (void)state;
    struct ch_facts f = good();
    struct ch_ruling r = approval(BIT(CH_HOLD_AGE));
    f.uploaded_at_us = NOW - DAY;
    f.rulings = &r;
    f.ruling_count = 1;
    struct ch_decision d = decide(&f);
    assert_verdict(d, CH_VERDICT_ALLOW);
    assert_string_equal(d.rule, "approved by alice");
    assert_int_equal(d.ruling_id, 7);
    assert_true(d.until_us == r.expires_at_us);
    r.expires_at_us = NOW; /* over */
    assert_verdict(decide(&f), CH_VERDICT_HOLD);
    r.expires_at_us = CH_TIME_UNKNOWN; /* an approval without end is none */
    assert_verdict(decide(&f), CH_VERDICT_HOLD);
    /* not before the end of the inspection, whatever it names */
    r = approval(UINT64_MAX);
    f.inspection = CH_INSPECTION_NONE;
    assert_hold(decide(&f), CH_HOLD_NOT_INSPECTED, "not inspected yet");
    f.inspection = CH_INSPECTION_FAILED;
    assert_int_equal(decide(&f).hold, CH_HOLD_FAILED);
    f.inspection = CH_INSPECTION_COMPLETE;
    f.has_inspector = false;
    assert_int_equal(decide(&f).hold, CH_HOLD_FILE_TYPE);
    /* where nothing was held, the approval does not count */
    f = good();
    f.rulings = &r;
    f.ruling_count = 1;
    d = decide(&f);
    assert_string_equal(d.rule, "mode quarantine");
    assert_int_equal(d.ruling_id, 0);
}

static void test_T9_attack_is_final(void **state)
{
    (void)state;
    struct ch_finding found = finding(CH_F_PYC_UNCHECKED);
    struct ch_sha256 print = ch_finding_fingerprint(&artifact, &found);
    struct ch_ruling r = approval(UINT64_MAX);
    r.fingerprints = &print;
    r.fingerprint_count = 1;
    struct ch_facts f = good();
    f.findings = &found;
    f.finding_count = 1;
    f.rulings = &r;
    f.ruling_count = 1;
    struct ch_decision d = decide_with(
        "version: 1\nrules: [{name: a, project: '**', then: allow, lifts: [rule, cool-down]}]\n",
        &f);
    assert_verdict(d, CH_VERDICT_DENY);
    assert_string_equal(d.rule, "finding pyc-unchecked");
    f.inspection = CH_INSPECTION_FAILED;
    assert_verdict(decide(&f), CH_VERDICT_DENY);
}

static void test_T9_person_denies(void **state)
{
    (void)state;
    struct ch_ruling r[2] = {approval(UINT64_MAX), approval(0)};
    r[1].deny = true;
    r[1].id = 8;
    r[1].by = CH_STR("b\xc3\xb6"
                     "b");
    r[1].reason = CH_STR("stolen account");
    r[1].expires_at_us = CH_TIME_UNKNOWN;
    struct ch_facts f = good();
    f.rulings = r;
    f.ruling_count = 2;
    static const char policy[] =
        "version: 1\nrules: [{name: a, project: '**', then: allow, lifts: [rule]}]\n";
    struct ch_decision d = decide_with(policy, &f);
    assert_verdict(d, CH_VERDICT_DENY);
    assert_string_equal(d.rule, "person b\\xc3\\xb6b");
    assert_string_equal(d.reason, "stolen account");
    assert_int_equal(d.ruling_id, 8);
    f.inspection = CH_INSPECTION_NONE; /* before any byte is known */
    assert_verdict(decide(&f), CH_VERDICT_DENY);
    r[1].expires_at_us = NOW + DAY;
    assert_true(decide(&f).until_us == NOW + DAY);
    r[1].expires_at_us = NOW;
    f.inspection = CH_INSPECTION_COMPLETE;
    assert_verdict(decide(&f), CH_VERDICT_ALLOW);
}

static void test_T9_exception_names_the_finding(void **state)
{
    (void)state;
    struct ch_finding found[2] = {finding(CH_F_ZIP_SYMLINK), finding(CH_F_ZIP_ZIP64)};
    struct ch_sha256 prints[2] = {ch_finding_fingerprint(&artifact, &found[0]),
                                  ch_finding_fingerprint(&artifact, &found[1])};
    struct ch_ruling r = approval(BIT(CH_HOLD_FINDING));
    struct ch_facts f = good();
    f.findings = found;
    f.finding_count = 2;
    f.rulings = &r;
    f.ruling_count = 1;
    assert_int_equal(decide(&f).hold, CH_HOLD_FINDING); /* names none */
    r.fingerprints = prints;
    r.fingerprint_count = 1;
    assert_string_equal(decide(&f).rule, "finding zip-zip64");
    r.fingerprint_count = 2;
    struct ch_decision d = decide(&f);
    assert_verdict(d, CH_VERDICT_ALLOW);
    assert_string_equal(d.rule, "approved by alice");
    r.lifts = BIT(CH_HOLD_AGE);
    assert_verdict(decide(&f), CH_VERDICT_HOLD);
    r.lifts = BIT(CH_HOLD_FINDING);
    found[0].member = CH_STR("foo/b.py"); /* the same finding elsewhere */
    assert_verdict(decide(&f), CH_VERDICT_HOLD);
    found[0].member = CH_STR("foo/a.py");
    f.artifact.byte[31] ^= 1; /* in other bytes */
    assert_verdict(decide(&f), CH_VERDICT_HOLD);
    f.artifact = (struct ch_sha256){{0}};
    assert_verdict(decide(&f), CH_VERDICT_HOLD);
}

static void test_T9_rule_lifts_what_it_names(void **state)
{
    (void)state;
    static const char policy[] =
        "version: 1\nhold_findings: low\nrules:\n"
        "  - {name: a, project: foo-bar, finding: [zip-comment], then: allow, lifts: [finding]}\n";
    struct ch_finding found[2] = {finding(CH_F_ZIP_COMMENT), finding(CH_F_ZIP_EXTRA)};
    struct ch_facts f = good();
    f.findings = found;
    f.finding_count = 1;
    assert_verdict(decide_with(policy, &f), CH_VERDICT_ALLOW);
    f.finding_count = 2;
    assert_string_equal(decide_with(policy, &f).rule, "finding zip-extra-field");
    f.finding_count = 1;
    f.uploaded_at_us = NOW - DAY;
    assert_int_equal(decide_with(policy, &f).hold, CH_HOLD_AGE);
}

static void test_T9_approval_does_not_reach_past_a_rule(void **state)
{
    (void)state;
    struct ch_ruling r = approval(BIT(CH_HOLD_RULE));
    struct ch_facts f = good();
    f.rulings = &r;
    f.ruling_count = 1;
    assert_verdict(
        decide_with("version: 1\nrules: [{name: a, project: foo-bar, then: hold}]\n", &f),
        CH_VERDICT_ALLOW);
    struct ch_decision d =
        decide_with("version: 1\nrules: [{name: a, project: foo-bar, then: hold}, "
                    "{name: b, project: '**', then: deny}]\n",
                    &f);
    assert_verdict(d, CH_VERDICT_DENY);
    assert_string_equal(d.rule, "rule b");
}

static void test_T10_sibling(void **state)
{
    (void)state;
    struct ch_facts f = good();
    f.sibling_denied = true;
    f.sibling = CH_STR("foo_bar-1.5-cp311-cp311-linux_x86_64.whl");
    assert_hold(decide(&f), CH_HOLD_SIBLING,
                "another file of this version is denied: foo_bar-1.5-cp311-cp311-linux_x86_64.whl");
    struct ch_decision d = decide_with(
        "version: 1\nrules: [{name: a, project: '**', then: allow, lifts: [rule, cool-down]}]\n",
        &f);
    assert_int_equal(d.hold, CH_HOLD_SIBLING);
    struct ch_ruling r = approval(BIT(CH_HOLD_SIBLING)); /* reviewed */
    f.rulings = &r;
    f.ruling_count = 1;
    assert_verdict(decide(&f), CH_VERDICT_ALLOW);
}

static void test_T15_identity(void **state)
{
    (void)state;
    struct ch_facts f = good();
    f.hash_stated = false;
    assert_verdict(decide(&f), CH_VERDICT_ALLOW); /* our own hash is the identity */
    struct ch_decision d = decide_with("version: 1\nrequire_hash: true\n", &f);
    assert_int_equal(d.hold, CH_HOLD_IDENTITY);
    assert_int_equal(d.policy_line, 2);
    assert_verdict(decide_with("version: 1\nrequire_hash: true\nrules:\n  - {name: a, repository: "
                               "pypi, then: allow, lifts: identity}\n",
                               &f),
                   CH_VERDICT_ALLOW);
}

static void test_T20_reasons_are_cut(void **state)
{
    (void)state;
    char evil[5000];
    memset(evil, 0x1b, sizeof(evil));
    struct ch_facts f = good();
    f.sibling_denied = true;
    f.sibling = (struct ch_str){evil, sizeof(evil)};
    struct ch_decision d = decide(&f);
    assert_true(strlen(d.reason) == CH_REASON_MAX - 1);
    assert_string_equal(d.reason + CH_REASON_MAX - 4, "...");
    f = good();
    f.inspection = CH_INSPECTION_FAILED;
    f.inspection_error = (struct ch_str){evil, sizeof(evil)};
    decide(&f);
    struct ch_ruling r = {.deny = true,
                          .by = {evil, sizeof(evil)},
                          .reason = {evil, sizeof(evil)},
                          .expires_at_us = CH_TIME_UNKNOWN};
    f.rulings = &r;
    f.ruling_count = 1;
    d = decide(&f);
    assert_verdict(d, CH_VERDICT_DENY);
    assert_true(strlen(d.rule) < sizeof(d.rule));
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
        cmocka_unit_test(test_until_of_an_allow),
        cmocka_unit_test(test_T5_gone_from_upstream),
        cmocka_unit_test(test_T5_release_needs_the_index),
        cmocka_unit_test(test_T5_yanked_is_not_released),
        cmocka_unit_test(test_T7_age),
        cmocka_unit_test(test_T7_reason),
        cmocka_unit_test(test_T7_clock_jump),
        cmocka_unit_test(test_T8_approval),
        cmocka_unit_test(test_T9_attack_is_final),
        cmocka_unit_test(test_T9_person_denies),
        cmocka_unit_test(test_T9_exception_names_the_finding),
        cmocka_unit_test(test_T9_rule_lifts_what_it_names),
        cmocka_unit_test(test_T9_approval_does_not_reach_past_a_rule),
        cmocka_unit_test(test_T10_sibling),
        cmocka_unit_test(test_T15_identity),
        cmocka_unit_test(test_T20_reasons_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
