#include "tests/ch_test.h"

#include "customhouse/limits.h"
#include "policy/policy_int.h"

static struct ch_policy *parse(const char *text)
{
    struct ch_policy *p = NULL;
    struct ch_err err;
    assert_ch_ok(&err, ch_policy_parse(ch_str_of(text), "policy.yaml", &p, &err));
    return p;
}

/* The text that init writes says what a text that says nothing means. */
static void test_default_text(void **state)
{
    (void)state;
    struct ch_policy *written = parse(ch_policy_default_text());
    struct ch_policy *bare = parse("version: 1\n");
    assert_int_equal(ch_policy_cool_down_days(written), 7);
    assert_int_equal(bare->cool_down_days, written->cool_down_days);
    assert_int_equal(bare->mode, written->mode);
    assert_int_equal(bare->mode, CH_MODE_OPEN);
    assert_int_equal(bare->hold_severity, written->hold_severity);
    assert_int_equal(bare->hold_severity, CH_SEVERITY_HIGH);
    assert_int_equal(bare->index_confirm_hours, written->index_confirm_hours);
    assert_int_equal(bare->release_yanked, written->release_yanked);
    assert_int_equal(bare->require_hash, written->require_hash);
    assert_int_equal(written->rule_count, 0);
    assert_string_equal(ch_policy_file_name(written), "policy.yaml");
    struct ch_sha256 a = ch_policy_digest(written);
    struct ch_sha256 b = ch_policy_digest(bare);
    assert_false(ch_sha256_eq(&a, &b));
    ch_policy_free(written);
    ch_policy_free(bare);
    ch_policy_free(NULL);
}

/* The example rules of that text, with their "#" taken off, are rules. */
static void test_default_examples(void **state)
{
    (void)state;
    struct ch_str rest = ch_str_of(ch_policy_default_text());
    struct ch_str line = {NULL, 0};
    struct ch_buf b;
    ch_buf_init(&b, 65536);
    while (ch_str_split(&rest, '\n', &line)) {
        bool example = ch_str_starts(line, CH_STR("#  - ")) || ch_str_starts(line, CH_STR("#    "));
        if (ch_str_eq(line, CH_STR("rules: []"))) {
            line.len -= sizeof(" []") - 1;
        }
        ch_buf_puts(&b, example ? ch_str_sub(line, 1, line.len) : line);
        ch_buf_putc(&b, '\n');
    }
    ch_buf_putc(&b, '\0');
    struct ch_policy *p = parse(b.ptr);
    assert_int_equal(p->rule_count, 3);
    assert_int_equal(p->rules[0].lifts, (uint64_t)1 << CH_HOLD_AGE);
    assert_int_equal(p->rules[2].action, CH_RULE_DENY);
    ch_policy_free(p);
    ch_buf_done(&b);
}

static void test_every_key(void **state)
{
    (void)state;
    struct ch_policy *p = parse("version: 1\n"
                                "cool_down_days: 0\n"
                                "mode: allow-list\n"
                                "hold_findings: medium\n"
                                "index_confirm_hours: 24\n"
                                "release_yanked: true\n"
                                "require_hash: true\n"
                                "rules:\n"
                                "  - name: a\n"
                                "    project: [Foo_Bar, 'baz-*']\n"
                                "    version: '>=1,<2'\n"
                                "    repository: pypi\n"
                                "    ecosystem: [pypi]\n"
                                "    file_type: [wheel, egg]\n"
                                "    larger_than: 1MiB\n"
                                "    older_than_days: 3\n"
                                "    younger_than_days: 30\n"
                                "    finding: [zip-comment, note, medium, irregular/low]\n"
                                "    upstream_yanked: false\n"
                                "    then: deny\n"
                                "    reason: because\n"
                                "  - name: b\n"
                                "    finding: [zip-comment]\n"
                                "    then: allow\n"
                                "    lifts: [cool-down, finding, rule, identity, name, licence]\n");
    assert_int_equal(p->cool_down_days, 0);
    assert_int_equal(p->mode, CH_MODE_ALLOW_LIST);
    assert_int_equal(p->hold_severity, CH_SEVERITY_MEDIUM);
    assert_int_equal(p->index_confirm_hours, 24);
    assert_true(p->release_yanked && p->require_hash);
    const struct ch_rule *r = &p->rules[0];
    assert_int_equal(r->line, 9);
    assert_string_equal(r->projects.items[0], "foo-bar");
    assert_string_equal(r->repositories.items[0], "pypi");
    assert_string_equal(r->file_types.items[1], "egg");
    assert_true(r->larger_than_bytes == 1048576);
    assert_true(r->older_than_us == 3 * DAY_US && r->younger_than_us == 30 * DAY_US);
    assert_int_equal(r->findings[0].code, CH_F_ZIP_COMMENT);
    assert_int_equal(r->findings[1].cls, CH_CLASS_NOTE);
    assert_true(r->findings[2].any_class);
    assert_int_equal(r->findings[3].cls, CH_CLASS_IRREGULAR);
    assert_int_equal(r->findings[3].severity, CH_SEVERITY_LOW);
    assert_true(r->has_yanked && !r->yanked);
    assert_string_equal(r->reason, "because");
    assert_int_equal(p->rules[1].lifts, ch_rule_liftable() & ~((uint64_t)1 << CH_HOLD_BUILD));
    ch_policy_free(p);
}

static void test_T12_listed_names(void **state)
{
    (void)state;
    struct ch_policy *p =
        parse("version: 1\nrules:\n"
              "  - {name: a, project: [flask, acme-*], repository: pypi, then: allow}\n"
              "  - {name: b, project: numpy, version: '<1', then: allow}\n"
              "  - {name: c, project: pandas, then: hold}\n"
              "  - {name: d, file_type: wheel, then: allow}\n");
    assert_true(ch_policy_lists_project(p, CH_STR("pypi"), CH_STR("flask")));
    assert_true(ch_policy_lists_project(p, CH_STR("pypi"), CH_STR("acme-x")));
    assert_false(ch_policy_lists_project(p, CH_STR("other"), CH_STR("flask")));
    assert_true(ch_policy_lists_project(p, CH_STR("other"), CH_STR("numpy")));
    assert_false(ch_policy_lists_project(p, CH_STR("pypi"), CH_STR("pandas")));
    assert_false(ch_policy_lists_project(p, CH_STR("pypi"), CH_STR("acme-x-y")));
    ch_policy_free(p);
}

#define RULE(body) "version: 1\nrules:\n  - {" body "}\n"

static const struct {
    const char *label;
    const char *text;
    const char *message;
} bad_rows[] = {
    {"nothing", "", "p:1:1: holds nothing but comments"},
    {"no version", "mode: open\n", "p:1:1: the key \"version\" is missing; expected version: 1"},
    {"another version", "version: 2\n", "p:1:10: version: \"2\" is not a number from 1 to 1"},
    {"unknown key", "version: 1\ncooldown_days: 3\n",
     "p:2:1: cooldown_days: unknown key; \"cool_down_days\" is near"},
    {"key twice", "version: 1\nmode: open\nmode: allow-list\n",
     "p:3:1: mode: given twice, first in line 2"},
    {"cool-down", "version: 1\ncool_down_days: -1\n",
     "p:2:17: cool_down_days: \"-1\" is not a number from 0 to 3650 days"},
    {"cool-down unit", "version: 1\ncool_down_days: 7d\n",
     "p:2:17: cool_down_days: \"7d\" is not a number from 0 to 3650 days"},
    {"mode", "version: 1\nmode: closed\n",
     "p:2:7: mode: \"closed\" is not one of allow-list, open"},
    {"hold_findings", "version: 1\nhold_findings: never\n",
     "p:2:16: hold_findings: \"never\" is not one of info, low, medium, high"},
    {"index_confirm_hours", "version: 1\nindex_confirm_hours: 1000\n",
     "p:2:22: index_confirm_hours: \"1000\" is not a number from 0 to 168 hours"},
    {"release_yanked", "version: 1\nrelease_yanked: maybe\n",
     "p:2:17: release_yanked: \"maybe\" is not true or false"},
    {"require_hash", "version: 1\nrequire_hash: 1\n",
     "p:2:15: require_hash: \"1\" is not true or false"},
    {"rules", "version: 1\nrules: none\n",
     "p:2:8: rules: \"none\" is given where a list (lines that start with \"- \") is expected"},
    {"rule", "version: 1\nrules: [deny]\n",
     "p:2:9: rules[0]: \"deny\" is given where a map (lines of \"key: value\") is expected"},
    {"rule without name", RULE("then: hold, project: a"),
     "p:3:5: rules[0]: the key \"name\" is missing; refusals show the name of their rule"},
    {"rule name", RULE("name: 'a b', then: hold, project: a"),
     "p:3:12: rules[0].name: \"a b\" is not a name of at most 48 letters, digits, . _ -"},
    {"rule name twice",
     RULE("name: a, then: hold, project: a") "  - {name: a, then: deny, project: b}\n",
     "p:4:12: rules[1].name: \"a\" is the name of the rule in line 3 already"},
    {"rule key", RULE("name: a, then: hold, projects: a"),
     "p:3:27: rules[0].projects: unknown key; \"project\" is near"},
    {"no then", RULE("name: a, project: a"),
     "p:3:5: rules[0]: the key \"then\" is missing; expected allow, hold or deny"},
    {"then", RULE("name: a, project: a, then: block"),
     "p:3:33: rules[0].then: \"block\" is not one of hold, allow, deny"},
    {"no condition", RULE("name: a, then: deny"),
     "p:3:5: rules[0]: names no condition; write project: [\"**\"] when every file is meant"},
    {"project", RULE("name: a, project: 'a b', then: deny"),
     "p:3:24: rules[0].project: \"a b\" is not a project name, nor a pattern where * stands for "
     "text "
     "without \"-\" and ** for any text"},
    {"empty list", RULE("name: a, project: [], then: deny"),
     "p:3:24: rules[0].project: is an empty list, which would match everything; name at least one "
     "value or leave the key out"},
    {"map for a list", RULE("name: a, project: {b: c}, then: deny"),
     "p:3:24: rules[0].project: a map is given where a list (lines that start with \"- \") is "
     "expected"},
    {"no value", RULE("name: a, project: [b, null], then: deny"),
     "p:3:28: rules[0].project[1]: has no value; leave the key out or give it one"},
    {"repository", RULE("name: a, repository: 'a/b', then: deny"),
     "p:3:27: rules[0].repository: \"a/b\" is not a name as the configuration has them"},
    {"ecosystem", RULE("name: a, ecosystem: ['?'], then: deny"),
     "p:3:27: rules[0].ecosystem[0]: \"?\" is not one of pypi, test"},
    {"file type", RULE("name: a, file_type: whl, then: deny"),
     "p:3:26: rules[0].file_type: \"whl\" is not one of wheel, sdist, egg, other"},
    {"version specifier", RULE("name: a, version: '1.0', then: deny"),
     "p:3:24: rules[0].version: \"1.0\" starts with none of === ~= == != <= >= < > (as in "
     "\">=1.2,<2\")"},
    {"version, no list", RULE("name: a, version: ['==1'], then: deny"),
     "p:3:24: rules[0].version: a list is given where a single value is expected"},
    {"larger_than", RULE("name: a, larger_than: big, then: deny"),
     "p:3:28: rules[0].larger_than: \"big\" is not a size: digits and KiB, MiB, GiB or TiB, as in "
     "50GiB"},
    {"older_than_days", RULE("name: a, older_than_days: 0, then: deny"),
     "p:3:32: rules[0].older_than_days: \"0\" is not a number from 1 to 36500 days"},
    {"younger_than_days", RULE("name: a, younger_than_days: 99999, then: deny"),
     "p:3:34: rules[0].younger_than_days: \"99999\" is not a number from 1 to 36500 days"},
    {"finding", RULE("name: a, finding: zip-coment, then: deny"),
     "p:3:24: rules[0].finding: \"zip-coment\" is not a finding (\"zip-comment\" is near); "
     "expected "
     "the name of a finding, a class (attack, irregular, note), a severity (info, low, medium, "
     "high) "
     "or CLASS/SEVERITY"},
    {"finding class", RULE("name: a, finding: [irregular/x], then: deny"),
     "p:3:25: rules[0].finding[0]: \"irregular/x\" is not a finding; expected the name of a "
     "finding, a "
     "class (attack, irregular, note), a severity (info, low, medium, high) or CLASS/SEVERITY"},
    {"upstream_yanked", RULE("name: a, upstream_yanked: 'true', then: deny"),
     "p:3:32: rules[0].upstream_yanked: \"true\" is not true or false"},
    {"lifts of a hold", RULE("name: a, project: a, then: hold, lifts: cool-down"),
     "p:3:39: rules[0].lifts: goes only with \"then: allow\""},
    {"lifts", RULE("name: a, project: a, then: allow, lifts: [sibling]"),
     "p:3:48: rules[0].lifts[0]: \"sibling\" is not one of cool-down, finding, rule, identity, name, licence"},
    {"T9: lifts findings unnamed", RULE("name: a, project: a, then: allow, lifts: [finding]"),
     "p:3:48: rules[0].lifts[0]: lifts findings, but the key \"finding\" does not name which"},
    {"T9: lifts a class", RULE("name: a, finding: irregular, then: allow, lifts: finding"),
     "p:3:55: rules[0].lifts: lifts findings of a whole class; name each finding under "
     "\"finding\""},
    {"T9: lifts a high finding", RULE("name: a, finding: zip-symlink, then: allow, lifts: finding"),
     "p:3:57: rules[0].lifts: lifts zip-symlink, which is irregular/high: no rule can; a person "
     "may "
     "approve the one file if it is not an attack"},
    {"T9: lifts an attack", RULE("name: a, finding: zip-overlap, then: allow, lifts: finding"),
     "p:3:57: rules[0].lifts: lifts zip-overlap, which is attack/high: no rule can; a person may "
     "approve the one file if it is not an attack"},
    {"reason", RULE("name: a, project: a, then: hold, reason: \"caf\\u00e9\""),
     "p:3:47: rules[0].reason: \"caf\\xc3\\xa9\" is not one line of at most 120 printable ASCII "
     "characters, which every client can show"},
    {"anchor", "version: 1\nrules: &r []\n", "p:2:8: an anchor (\"&name\") is not taken"},
};

static void test_errors(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(bad_rows); i++) {
        struct ch_policy *p = NULL;
        struct ch_err err = {.msg = ""};
        enum ch_code rc = ch_policy_parse(ch_str_of(bad_rows[i].text), "p", &p, &err);
        if (rc != CH_E_USAGE || strcmp(err.msg, bad_rows[i].message) != 0) {
            print_error("%s: %s:\n  %s\n  %s\n", bad_rows[i].label, ch_code_name(rc), err.msg,
                        bad_rows[i].message);
            wrong++;
        }
        assert_null(p);
    }
    assert_int_equal(wrong, 0);
}

static void test_too_many_rules(void **state)
{
    (void)state;
    struct ch_policy *p = NULL;
    struct ch_err err = {.msg = ""};
    struct ch_buf b;
    ch_buf_init(&b, (size_t)ch_limits.yaml_bytes);
    ch_buf_puts(&b, CH_STR("version: 1\nrules:\n"));
    for (uint64_t i = 0; i <= ch_limits.policy_rules; i++) {
        ch_buf_printf(&b, "  - {name: a%llu, project: a, then: hold}\n", (unsigned long long)i);
    }
    assert_ch_code(CH_E_USAGE, ch_policy_parse(ch_buf_str(&b), "p", &p, &err));
    assert_string_equal(err.msg, "p:3:3: rules: has 2001 rules; at most 2000 are taken");
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_text), cmocka_unit_test(test_default_examples),
        cmocka_unit_test(test_every_key),    cmocka_unit_test(test_T12_listed_names),
        cmocka_unit_test(test_errors),       cmocka_unit_test(test_too_many_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
