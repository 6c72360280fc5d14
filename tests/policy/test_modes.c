/* Modes, settings by repository and environment, cool-downs, lists from files; and what differs
 * between two decisions. */
#include "decide_case.h"

#include "customhouse/limits.h"

static struct ch_facts good(void)
{
    struct ch_facts f = case_good();
    f.environment = CH_STR("prod");
    return f;
}

static struct ch_policy *parse(struct ch_str text)
{
    struct ch_policy *p = NULL;
    struct ch_err err;
    assert_ch_ok(&err, ch_policy_parse(text, "policy.yaml", &p, &err));
    return p;
}

static struct ch_decision decide_with(const char *text, const struct ch_facts *f)
{
    struct ch_policy *p = parse(ch_str_of(text));
    struct ch_decision d;
    ch_decide(p, f, NOW, &d);
    ch_policy_free(p);
    return d;
}

/* --- audit --- */

static const char audit[] = "version: 1\nmode: audit\n";

static void set_young(struct ch_facts *f)
{
    f->uploaded_at_us = NOW - DAY;
}
static void set_uninspected(struct ch_facts *f)
{
    f->inspection = CH_INSPECTION_NONE;
}
static void set_young_uninspected(struct ch_facts *f)
{
    set_young(f);
    set_uninspected(f);
}
static void set_failed(struct ch_facts *f)
{
    f->inspection = CH_INSPECTION_FAILED;
}
static void set_no_inspector(struct ch_facts *f)
{
    f->has_inspector = false;
}
static void set_no_inspector_uninspected(struct ch_facts *f)
{
    f->has_inspector = false;
    f->inspection = CH_INSPECTION_NONE;
}
static void set_sibling(struct ch_facts *f)
{
    f->sibling_denied = true;
}
static void set_removed(struct ch_facts *f)
{
    f->removed_at_us = NOW - DAY;
}
static void set_held_finding(struct ch_facts *f)
{
    static const struct ch_finding found = {.code = CH_F_ZIP_SYMLINK};
    f->findings = &found;
    f->finding_count = 1;
}
static void set_attack(struct ch_facts *f)
{
    static const struct ch_finding found = {.code = CH_F_ZIP_OVERLAP};
    f->findings = &found;
    f->finding_count = 1;
}
static void set_denied(struct ch_facts *f)
{
    static const struct ch_ruling r = {
        .deny = true, .by = {"bob", 3}, .reason = {"no", 2}, .expires_at_us = CH_TIME_UNKNOWN};
    f->rulings = &r;
    f->ruling_count = 1;
}
static void set_nothing(struct ch_facts *f)
{
    (void)f;
}

static void test_audit(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *more; /* of the policy */
        void (*set)(struct ch_facts *f);
        enum ch_verdict verdict;
        bool audited;
        bool eligible;
        const char *rule;
    } rows[] = {
        {"nothing holds it", "", set_nothing, CH_VERDICT_ALLOW, false, false, "mode audit"},
        {"cool-down", "", set_young, CH_VERDICT_ALLOW, true, false, "cool-down"},
        {"finding", "", set_held_finding, CH_VERDICT_ALLOW, true, false, "finding zip-symlink"},
        {"gone upstream", "", set_removed, CH_VERDICT_ALLOW, true, false, "removed-upstream"},
        {"a rule that holds", "rules: [{name: a, project: foo-bar, then: hold}]", set_nothing,
         CH_VERDICT_ALLOW, true, false, "rule a"},
        {"a rule that denies", "rules: [{name: a, project: foo-bar, then: deny}]", set_nothing,
         CH_VERDICT_ALLOW, true, false, "rule a"},
        {"an attack", "", set_attack, CH_VERDICT_DENY, false, false, "finding zip-overlap"},
        {"denied by a person", "", set_denied, CH_VERDICT_DENY, false, false, "person bob"},
        {"sibling of an attack", "", set_sibling, CH_VERDICT_HOLD, false, false, "sibling"},
        {"not inspected", "", set_uninspected, CH_VERDICT_HOLD, false, true, "not-inspected"},
        {"not inspected, and young", "", set_young_uninspected, CH_VERDICT_HOLD, false, true,
         "cool-down"},
        {"inspection failed", "", set_failed, CH_VERDICT_HOLD, false, false, "inspection-failed"},
        {"no inspector", "", set_no_inspector, CH_VERDICT_HOLD, false, false, "file-type"},
        {"no inspector, not inspected", "", set_no_inspector_uninspected, CH_VERDICT_HOLD, false,
         false, "file-type"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        struct ch_facts f = good();
        ch_buf_init(&b, 1024);
        ch_buf_printf(&b, "%s%s\n%c", audit, rows[i].more, '\0');
        rows[i].set(&f);
        struct ch_decision d = decide_with(b.ptr, &f);
        if (d.verdict != rows[i].verdict || d.audited != rows[i].audited ||
            d.eligible != rows[i].eligible || strcmp(d.rule, rows[i].rule) != 0 ||
            (d.audited && (d.holds & BIT(d.hold)) == 0)) {
            fail_msg("%s: %s by %s, audited %d, eligible %d: %s", rows[i].label,
                     ch_verdict_name(d.verdict), d.rule, d.audited, d.eligible, d.reason);
        }
        ch_buf_done(&b);
    }
}

/* T11: what is only noted by time ends by time, and the note with it. */
static void test_audit_ends(void **state)
{
    (void)state;
    struct ch_facts f = good();
    f.uploaded_at_us = NOW - 2 * DAY;
    struct ch_decision d = decide_with(audit, &f);
    assert_true(d.audited);
    assert_true(d.until_us == NOW + 5 * DAY);
    assert_string_equal(
        d.reason, "released 2 days ago, the policy asks for 7 days (until 2026-12-04 10:30 UTC)");
    f.uploaded_at_us = NOW - 30 * DAY;
    assert_true(decide_with(audit, &f).until_us == CH_TIME_UNKNOWN);
}

/* --- settings for some --- */

static void test_overrides(void **state)
{
    (void)state;
    static const char policy[] = "version: 1\ncool_down_days: 7\n"
                                 "environments:\n"
                                 "  preprod: {cool_down_days: 0, hold_findings: low}\n"
                                 "repositories:\n"
                                 "  early: {cool_down_days: 3}\n"
                                 "  listed: {mode: allow-list}\n"
                                 "  tried: {mode: audit}\n";
    static const struct {
        const char *repository;
        const char *environment;
        enum ch_verdict verdict;
        bool audited;
        const char *rule;
        uint32_t line;
    } rows[] = {
        {"pypi", "prod", CH_VERDICT_HOLD, false, "cool-down", 2},
        {"pypi", "preprod", CH_VERDICT_ALLOW, false, "mode quarantine", 0},
        {"early", "prod", CH_VERDICT_HOLD, false, "cool-down", 6},
        {"early", "preprod", CH_VERDICT_HOLD, false, "cool-down", 6},
        {"listed", "prod", CH_VERDICT_HOLD, false, "not-listed", 7},
        {"tried", "prod", CH_VERDICT_ALLOW, true, "cool-down", 2},
        {"tried", "preprod", CH_VERDICT_ALLOW, false, "mode audit", 8},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_facts f = good();
        f.uploaded_at_us = NOW - DAY;
        f.repository = ch_str_of(rows[i].repository);
        f.environment = ch_str_of(rows[i].environment);
        struct ch_decision d = decide_with(policy, &f);
        if (d.verdict != rows[i].verdict || d.audited != rows[i].audited ||
            strcmp(d.rule, rows[i].rule) != 0 || d.policy_line != rows[i].line) {
            fail_msg("%s, %s: %s by %s, line %u", rows[i].repository, rows[i].environment,
                     ch_verdict_name(d.verdict), d.rule, d.policy_line);
        }
    }
    struct ch_finding found = {.code = CH_F_ZIP_COMMENT};
    struct ch_facts f = good();
    f.findings = &found;
    f.finding_count = 1;
    assert_int_equal(decide_with(policy, &f).verdict, CH_VERDICT_ALLOW);
    f.environment = CH_STR("preprod");
    assert_int_equal(decide_with(policy, &f).hold, CH_HOLD_FINDING);
}

static void test_T12_lookup(void **state)
{
    (void)state;
    struct ch_policy *p = parse(CH_STR("version: 1\nrepositories:\n"
                                       "  a: {mode: allow-list, lookup: never}\n"
                                       "  b: {mode: allow-list}\n"
                                       "rules: [{name: r, project: [Flask, $l], then: allow}]\n"
                                       "lists: {projects: {l: [acme-*]}}\n"));
    static const struct {
        const char *repository;
        const char *project;
        bool may;
    } rows[] = {
        {"a", "flask", true},  {"a", "acme-x", true}, {"a", "acme-x-y", false},
        {"a", "numpy", false}, {"b", "numpy", true},  {"pypi", "numpy", true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_policy_may_look_up(p, ch_str_of(rows[i].repository), CH_STR("prod"),
                                  ch_str_of(rows[i].project)) != rows[i].may) {
            fail_msg("%s %s", rows[i].repository, rows[i].project);
        }
    }
    ch_policy_free(p);
}

/* --- cool-down --- */

static void test_cool_downs(void **state)
{
    (void)state;
    static const char policy[] = "version: 1\n"
                                 "cool_down_days: 7\n"
                                 "cool_down:\n"
                                 "  ecosystems: {test: 3}\n"
                                 "  trusted: [Numpy, scipy-*]\n"
                                 "  trusted_days: 2\n";
    static const struct {
        const char *label;
        const char *ecosystem;
        const char *project;
        bool fix;
        int64_t age;
        const char *reason; /* NULL: passes */
        uint32_t line;
    } rows[] = {
        {"others", "pypi", "flask", false, 6 * DAY,
         "released 6 days ago, the policy asks for 7 days (until 2026-11-30 10:30 UTC)", 2},
        {"others, long enough", "pypi", "flask", false, 7 * DAY, NULL, 0},
        {"ecosystem", "test", "flask", false, 2 * DAY,
         "released 2 days ago, the policy asks for 3 days (until 2026-11-30 10:30 UTC)", 4},
        {"ecosystem, long enough", "test", "flask", false, 3 * DAY, NULL, 0},
        {"trusted", "pypi", "numpy", false, DAY,
         "released 1 day ago, the policy asks for 2 days of trusted projects (until 2026-11-30 "
         "10:30 "
         "UTC)",
         6},
        {"trusted, long enough", "pypi", "scipy-x", false, 2 * DAY, NULL, 0},
        {"not trusted", "pypi", "scipy-x-y", false, 2 * DAY,
         "released 2 days ago, the policy asks for 7 days (until 2026-12-04 10:30 UTC)", 2},
        {"a fix", "pypi", "flask", true, DAY / 24, NULL, 0},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_facts f = good();
        f.ecosystem = ch_str_of(rows[i].ecosystem);
        f.project = ch_str_of(rows[i].project);
        f.fixes_vulnerability = rows[i].fix;
        f.uploaded_at_us = NOW - rows[i].age;
        struct ch_decision d = decide_with(policy, &f);
        if ((rows[i].reason == NULL) != (d.verdict == CH_VERDICT_ALLOW) ||
            (rows[i].reason != NULL && strcmp(d.reason, rows[i].reason) != 0) ||
            d.policy_line != rows[i].line) {
            fail_msg("%s: %s, line %u: %s", rows[i].label, ch_verdict_name(d.verdict),
                     d.policy_line, d.reason);
        }
    }
    /* trust never makes anybody wait for longer */
    struct ch_facts f = good();
    f.uploaded_at_us = NOW - 8 * DAY;
    assert_int_equal(
        decide_with("version: 1\ncool_down: {trusted: foo-bar, trusted_days: 30}\n", &f).verdict,
        CH_VERDICT_ALLOW);
    f.uploaded_at_us = NOW - DAY;
    f.fixes_vulnerability = true;
    assert_int_equal(decide_with("version: 1\ncool_down: {fix_days: 2}\n", &f).hold, CH_HOLD_AGE);
}

/* --- files beside the policy --- */

static void collect(void *arg, struct ch_str name, uint32_t line, uint32_t column)
{
    struct ch_buf *b = arg;
    ch_buf_puts(b, name);
    ch_buf_printf(b, ":%u:%u ", line, column);
}

static const char with_files[] = "version: 1\nlists:\n"
                                 "  projects: {a: {file: a.txt}, b: {file: b.txt}, c: [x]}\n"
                                 "  licences: {a: {file: a.txt}, d: {file: ../d}}\n";

static void test_files(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    assert_ch_ok(&err, ch_policy_each_file(ch_str_of(with_files), "p", collect, &b, &err));
    assert_str_eq(ch_buf_str(&b), "a.txt:3:24 b.txt:3:42 ");
    ch_buf_done(&b);

    struct ch_str text = CH_STR("version: 1\nlists: {projects: {a: {file: a.txt}}}\n"
                                "rules: [{name: r, project: $a, then: deny}]\n");
    struct ch_policy *p = NULL;
    ch_buf_init(&b, 4096);
    ch_buf_puts(&b, text);
    assert_ch_ok(&err, ch_policy_bundle_add(&b, CH_STR("other"), CH_STR(""), &err));
    assert_ch_ok(&err, ch_policy_bundle_add(&b, CH_STR("a.txt"),
                                            CH_STR("# ours\r\n\r\n Foo_Bar # the one\r\nacme-*\n"),
                                            &err));
    assert_str_eq(ch_policy_bundle_text(ch_buf_str(&b)), text.ptr);
    p = parse(ch_buf_str(&b));
    struct ch_facts f = good();
    struct ch_decision d;
    ch_decide(p, &f, NOW, &d);
    assert_int_equal(d.verdict, CH_VERDICT_DENY);
    struct ch_sha256 one = ch_policy_digest(p);
    ch_policy_free(p);
    /* the digest covers the files */
    ch_buf_puts(&b, CH_STR("more\n"));
    p = parse(ch_buf_str(&b));
    struct ch_sha256 two = ch_policy_digest(p);
    assert_false(ch_sha256_eq(&one, &two));
    ch_policy_free(p);
    ch_buf_done(&b);
}

static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        struct ch_str bundle;
        const char *message;
    } rows[] = {
#define TEXT "version: 1\nlists: {projects: {a: {file: a.txt}}}\n"
        {"not there",
         {TEXT "\0b.txt\0x", sizeof(TEXT "\0b.txt\0x") - 1},
         "p:2:30: lists.projects.a.file: \"a.txt\" is no file beside the policy"},
        {"wrong entry",
         {TEXT "\0a.txt\0x\n\nb c\n", sizeof(TEXT "\0a.txt\0x\n\nb c\n") - 1},
         "a.txt:3:1: \"b c\" is not a project name, nor a pattern where * stands for text without "
         "\"-\" and ** for any text"},
        {"escapes",
         {TEXT "\0a.txt\0\x1b[31m", sizeof(TEXT "\0a.txt\0\x1b[31m") - 1},
         "a.txt:1:1: \"\\x1b[31m\" is not a project name, nor a pattern where * stands for text "
         "without \"-\" and ** for any text"},
        {"no entry",
         {TEXT "\0a.txt\0# x\n", sizeof(TEXT "\0a.txt\0# x\n") - 1},
         "p:2:30: lists.projects.a.file: names a file without any entry"},
        {"a NUL",
         {"version: 1\n\0mode: audit\n", sizeof("version: 1\n\0mode: audit\n") - 1},
         "p:1:1: has a NUL, and so is no text"},
        {"a NUL at the end",
         {"version: 1\n\0", sizeof("version: 1\n\0") - 1},
         "p:1:1: has a NUL, and so is no text"},
        {"a name and no text",
         {TEXT "\0a.txt", sizeof(TEXT "\0a.txt") - 1},
         "p:1:1: has a NUL, and so is no text"},
#undef TEXT
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_policy *p = NULL;
        struct ch_err err = {.msg = ""};
        enum ch_code rc = ch_policy_parse(rows[i].bundle, "p", &p, &err);
        if (rc != CH_E_USAGE || strcmp(err.msg, rows[i].message) != 0) {
            fail_msg("%s: %s", rows[i].label, err.msg);
        }
    }
    struct ch_buf b;
    struct ch_err err;
    ch_buf_init(&b, 4096);
    assert_ch_code(CH_E_USAGE, ch_policy_bundle_add(&b, CH_STR("../a"), CH_STR("x"), &err));
    assert_ch_code(CH_E_USAGE,
                   ch_policy_bundle_add(&b, CH_STR("a"), (struct ch_str){"x\0y", 3}, &err));
    assert_ch_code(CH_E_USAGE,
                   ch_policy_bundle_add(&b, CH_STR("a.txt"), (struct ch_str){"x\ny\0", 4}, &err));
    assert_string_equal(
        err.msg, "a.txt:2:2: has a NUL, expected a text with one entry on each line");
    assert_int_equal(b.len, 0);
    ch_buf_done(&b);
}

static void test_list_limit(void **state)
{
    (void)state;
    uint64_t before = ch_limits.policy_list_entries;
    ch_limits.policy_list_entries = 2;
    struct ch_policy *p = NULL;
    struct ch_err err = {.msg = ""};
    p = parse(CH_STR("version: 1\nlists: {projects: {a: [x, y]}}\n"));
    ch_policy_free(p);
    p = NULL;
    assert_ch_code(
        CH_E_USAGE,
        ch_policy_parse(CH_STR("version: 1\nlists: {projects: {a: [x, y, z]}}\n"), "p", &p, &err));
    assert_string_equal(err.msg, "p:2:23: lists.projects.a: has more than 2 entries");
    ch_limits.policy_list_entries = before;
}

/* --- what approvals lift --- */

static void test_T9_what_approvals_lift(void **state)
{
    (void)state;
    assert_int_equal(ch_approval_liftable(false),
                     BIT(CH_HOLD_AGE) | BIT(CH_HOLD_LICENCE));
    assert_int_equal(ch_approval_liftable(false) & ~ch_approval_liftable(true), 0);
    static const enum ch_hold_kind never[] = {CH_HOLD_NO_RULE, CH_HOLD_NOT_INSPECTED,
                                              CH_HOLD_FAILED, CH_HOLD_FILE_TYPE, CH_HOLD_CLOCK};
    for (size_t i = 0; i < CH_ARRAY_LEN(never); i++) {
        assert_int_equal(ch_approval_liftable(true) & BIT(never[i]), 0);
    }
    struct ch_ruling r = {.lifts = UINT64_MAX,
                          .by = CH_STR("alice"),
                          .reason = CH_STR("read it"),
                          .expires_at_us = NOW + DAY,
                          .id = 3};
    struct ch_fact fact = {CH_STR("auto-load"), CH_STR("pth x.pth")};
    struct ch_facts f = good();
    f.inspected = &fact;
    f.inspected_count = 1;
    assert_int_equal(decide_with("version: 1\n", &f).hold, CH_HOLD_AUTO_LOAD);
    f.rulings = &r;
    f.ruling_count = 1;
    struct ch_decision d = decide_with("version: 1\n", &f);
    assert_int_equal(d.verdict, CH_VERDICT_ALLOW);
    assert_string_equal(d.rule, "approved by alice");
    r.lifts = ch_approval_liftable(false);
    assert_int_equal(decide_with("version: 1\n", &f).hold, CH_HOLD_AUTO_LOAD);
}

/* --- two decisions --- */

static void assert_terms(const char *text, const char *repository, const char *environment, unsigned days,
                         unsigned most, enum ch_two_approvers two)
{
    struct ch_policy *policy = NULL;
    struct ch_err err;
    assert_ch_ok(&err, ch_policy_parse(ch_str_of(text), "p", &policy, &err));
    struct ch_exception_terms t =
        ch_policy_exception_terms(policy, ch_str_of(repository), ch_str_of(environment));
    assert_int_equal(t.default_days, days);
    assert_int_equal(t.max_days, most);
    assert_int_equal(t.two_approvers, two);
    ch_policy_free(policy);
}

/* On what terms people let something pass: everybody's, an environment's, a repository's. */
static void test_exception_terms(void **state)
{
    (void)state;
    static const char text[] = "version: 1\nexceptions: {default_days: 14, two_approvers: always}\n"
                               "environments: {preprod: {exceptions: {two_approvers: never}}}\n"
                               "repositories: {lab: {exceptions: {max_days: 20}}}\n";
    assert_terms("version: 1\n", "pypi", "prod", 30, 365, CH_TWO_APPROVERS_CRITICAL);
    assert_terms(text, "pypi", "prod", 14, 365, CH_TWO_APPROVERS_ALWAYS);
    assert_terms(text, "pypi", "preprod", 14, 365, CH_TWO_APPROVERS_NEVER);
    assert_terms(text, "lab", "preprod", 14, 20, CH_TWO_APPROVERS_NEVER);
    struct ch_exception_terms zero = {0};
    assert_int_equal(zero.two_approvers, CH_TWO_APPROVERS_ALWAYS); /* what is not known is strict */
}

static void test_T22_what_is_critical(void **state)
{
    (void)state;
    const struct ch_finding low = {.code = CH_F_ZIP_COMMENT}, high = {.code = CH_F_ZIP_CRC},
                            unknown = {.code = (enum ch_finding_code)65535};
    assert_int_not_equal(ch_finding_row(CH_F_ZIP_COMMENT)->severity, CH_SEVERITY_HIGH);
    assert_int_equal(ch_finding_row(CH_F_ZIP_CRC)->severity, CH_SEVERITY_HIGH);
    assert_false(ch_exception_is_critical(1u << CH_HOLD_AGE | 1u << CH_HOLD_LICENCE, NULL, 0));
    assert_false(ch_exception_is_critical(1u << CH_HOLD_FINDING, &low, 1));
    assert_true(ch_exception_is_critical(1u << CH_HOLD_FINDING, &high, 1));
    assert_true(ch_exception_is_critical(1u << CH_HOLD_AGE, &high, 1)); /* it would pass with it */
    assert_true(ch_exception_is_critical(0, &unknown, 1));
    assert_true(ch_exception_is_critical(1u << CH_HOLD_REMOVED, NULL, 0));
    assert_true(ch_exception_is_critical(1u << CH_HOLD_SIBLING, NULL, 0));
}

static void test_compare(void **state)
{
    (void)state;
    struct ch_facts f = good();
    struct ch_decision allow = decide_with("version: 1\n", &f);
    struct ch_decision other = decide_with("version: 1\nmode: quarantine\n", &f);
    struct ch_decision held =
        decide_with("version: 1\nrules: [{name: a, project: foo-bar, then: hold}]\n", &f);
    struct ch_decision denied =
        decide_with("version: 1\nrules: [{name: a, project: foo-bar, then: deny}]\n", &f);
    f.uploaded_at_us = NOW - DAY;
    struct ch_decision young = decide_with("version: 1\n", &f);
    struct ch_decision both =
        decide_with("version: 1\nrules: [{name: a, project: foo-bar, then: hold}]\n", &f);
    struct ch_decision noted = decide_with(audit, &f);
    f.uploaded_at_us = NOW - 30 * DAY;
    f.inspection = CH_INSPECTION_NONE;
    struct ch_decision eligible = decide_with("version: 1\n", &f);
    f.uploaded_at_us = NOW - DAY;
    struct ch_decision listed = decide_with(audit, &f);
    const struct {
        const char *label;
        const struct ch_decision *before;
        const struct ch_decision *after;
        enum ch_decision_change change;
        const char *text;
    } rows[] = {
        {"same", &allow, &allow, CH_DECISION_SAME,
         "allow (mode quarantine) -> allow (mode quarantine)"},
        {"line alone", &allow, &other, CH_DECISION_SAME,
         "allow (mode quarantine) -> allow (mode quarantine, line 2)"},
        {"held", &allow, &held, CH_DECISION_STRICTER,
         "allow (mode quarantine) -> hold (rule a, line 2)"},
        {"let go", &young, &allow, CH_DECISION_LOOSER, NULL},
        {"held instead of denied", &denied, &held, CH_DECISION_LOOSER, NULL},
        {"one hold more", &young, &both, CH_DECISION_RESTATED, NULL},
        {"one hold less", &both, &held, CH_DECISION_RESTATED, NULL},
        {"held as before", &young, &young, CH_DECISION_SAME, NULL},
        {"another hold", &young, &held, CH_DECISION_RESTATED, NULL},
        {"noted alone", &young, &noted, CH_DECISION_LOOSER,
         "hold (cool-down) -> allow in audit (cool-down)"},
        {"a note less", &noted, &allow, CH_DECISION_RESTATED, NULL},
        {"not even listed", &eligible, &young, CH_DECISION_STRICTER,
         "eligible (not-inspected) -> hold (cool-down)"},
        {"listed by an audit", &young, &listed, CH_DECISION_LOOSER,
         "hold (cool-down) -> eligible (cool-down)"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1024);
        ch_decision_put_change(&b, rows[i].before, rows[i].after);
        ch_buf_putc(&b, '\0');
        enum ch_decision_change change = ch_decision_compare(rows[i].before, rows[i].after);
        if (change != rows[i].change ||
            (rows[i].text != NULL && strcmp(b.ptr, rows[i].text) != 0)) {
            fail_msg("%s: %s: %s", rows[i].label, ch_decision_change_name(change), b.ptr);
        }
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_audit),
        cmocka_unit_test(test_audit_ends),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_T12_lookup),
        cmocka_unit_test(test_cool_downs),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_list_limit),
        cmocka_unit_test(test_T9_what_approvals_lift),
        cmocka_unit_test(test_exception_terms),
        cmocka_unit_test(test_T22_what_is_critical),
        cmocka_unit_test(test_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
