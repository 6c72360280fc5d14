#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "policy/policy_int.h"

static struct ch_policy *parse(const char *text)
{
    struct ch_policy *p = NULL;
    struct ch_err err;
    assert_ch_ok(&err, ch_policy_parse(ch_str_of(text), "policy.yaml", &p, &err));
    return p;
}

/* What `policy show` says of a text, without where it comes from. */
static char *described(const struct ch_policy *p)
{
    struct ch_buf b;
    struct ch_buf bare;
    ch_buf_init(&b, 1 << 20);
    ch_buf_init(&bare, 1 << 20);
    ch_policy_describe(p, &b);
    assert_false(b.failed);
    struct ch_str rest = ch_buf_str(&b);
    struct ch_str line = {NULL, 0};
    while (ch_str_split(&rest, '\n', &line)) {
        size_t comment = line.len;
        (void)ch_str_find(line, CH_STR(" # "), &comment);
        while (comment > 0 && line.ptr[comment - 1] == ' ') {
            comment--;
        }
        ch_buf_puts(&bare, ch_str_sub(line, 0, comment));
        ch_buf_putc(&bare, '\n');
    }
    char *text = ch_str_dup(ch_buf_str(&bare));
    ch_buf_done(&b);
    ch_buf_done(&bare);
    return text;
}

static void assert_same_meaning(const struct ch_policy *a, const struct ch_policy *b)
{
    char *x = described(a);
    char *y = described(b);
    assert_string_equal(x, y);
    free(x);
    free(y);
}

/* The text that init writes says what a text that says nothing means. */
static void test_default_text(void **state)
{
    (void)state;
    struct ch_policy *written = parse(ch_policy_default_text());
    struct ch_policy *bare = parse("version: 1\n");
    assert_int_equal(ch_policy_cool_down_days(written), 7);
    assert_int_equal(bare->settings.mode.number, CH_MODE_QUARANTINE);
    assert_int_equal(bare->settings.hold_findings.number, CH_SEVERITY_HIGH);
    assert_int_equal(bare->settings.mode.line, 0);
    assert_true(written->settings.mode.line > 0);
    assert_same_meaning(written, bare);
    assert_int_equal(written->rule_count, 0);
    assert_string_equal(ch_policy_file_name(written), "policy.yaml");
    struct ch_sha256 a = ch_policy_digest(written);
    struct ch_sha256 b = ch_policy_digest(bare);
    assert_false(ch_sha256_eq(&a, &b));
    ch_policy_free(written);
    ch_policy_free(bare);
    ch_policy_free(NULL);
}

/* Each key of the schema stands in that text, with its words. */
static void test_default_text_has_every_key(void **state)
{
    (void)state;
    struct ch_str text = ch_str_of(ch_policy_default_text());
    for (int table = 0; table < 2; table++) {
        const struct ch_key *k = table == 0 ? ch_policy_keys : ch_policy_rule_keys;
        for (; k->key != NULL; k++) {
            char word[64];
            (void)snprintf(word, sizeof(word), "%s: ", k->key);
            word[strlen(word) - (k->type == CH_KEY_SECTION || ch_key_is_structural(k->type))] =
                '\0';
            if (!ch_str_find(text, ch_str_of(word), NULL)) {
                fail_msg("no \"%s\" in the default policy", word);
            }
        }
    }
    struct ch_str rest = text;
    struct ch_str line = {NULL, 0};
    while (ch_str_split(&rest, '\n', &line)) {
        if (line.len > 100) {
            fail_msg("longer than 100: %.*s", CH_STR_ARG(line));
        }
    }
}

/* The examples of that text, with their "#" taken off, are a policy. */
static void test_default_examples(void **state)
{
    (void)state;
    struct ch_str rest = ch_str_of(ch_policy_default_text());
    struct ch_str line = {NULL, 0};
    struct ch_buf b;
    struct ch_err err;
    ch_buf_init(&b, 65536);
    while (ch_str_split(&rest, '\n', &line)) {
        bool example = line.len > 1 && line.ptr[0] == '#' && line.ptr[1] != ' ';
        bool of_rule = ch_str_starts(line, CH_STR("#  - ")) ||
                       (ch_str_starts(line, CH_STR("#    ")) && line.ptr[5] != ' ');
        bool of_list = ch_str_starts(line, CH_STR("#  ")) && line.len > 3 && line.ptr[3] != ' ';
        if (ch_str_eq(line, CH_STR("rules: []"))) {
            line.len -= sizeof(" []") - 1;
        }
        ch_buf_puts(&b, example || of_rule || of_list ? ch_str_sub(line, 1, line.len) : line);
        ch_buf_putc(&b, '\n');
    }
    assert_ch_ok(&err,
                 ch_policy_bundle_add(&b, CH_STR("our-projects.txt"), CH_STR("acme-**\n"), &err));
    struct ch_policy *p = NULL;
    assert_ch_ok(&err, ch_policy_parse(ch_buf_str(&b), "policy.yaml", &p, &err));
    assert_int_equal(p->rule_count, 4);
    assert_int_equal(p->list_count, 2);
    assert_int_equal(p->repository_count, 1);
    assert_int_equal(p->environment_count, 1);
    assert_int_equal(p->rules[0].lifted, (uint64_t)1 << CH_HOLD_AGE);
    assert_int_equal(ch_rule_action_of(&p->rules[2]), CH_RULE_DENY);
    ch_policy_free(p);
    ch_buf_done(&b);
}

static const char every_key[] =
    "version: 1\n"
    "mode: allow-list\n"
    "lookup: never\n"
    "cool_down_days: 0\n"
    "cool_down:\n"
    "  ecosystems: {pypi: 10, test: 0}\n"
    "  trusted: [$ours, numpy]\n"
    "  trusted_days: 2\n"
    "  fix_days: 1\n"
    "hold_findings: medium\n"
    "index_confirm_hours: 24\n"
    "release_yanked: true\n"
    "require_hash: true\n"
    "build: {sdists: always, code: allow, permit: [$back-ends, setup.py]}\n"
    "auto_load: {then: allow, old_after_days: 1}\n"
    "changes: {hold: capability}\n"
    "names: {then: allow, young_days: 30}\n"
    "licences: {permit: [$fine, 'BSD-**'], forbid: AGPL-3.0-only, unknown: hold}\n"
    "lists:\n"
    "  projects: {ours: [Acme_**, flask]}\n"
    "  licences: {fine: [mit, 'GPL-2.0-only WITH Classpath-exception-2.0']}\n"
    "  patterns: {back-ends: ['build-backend **']}\n"
    "environments: {preprod: {cool_down_days: 3, cool_down: {fix_days: 2}}}\n"
    "repositories: {other: {mode: audit, lookup: upstream}, pypi: {}}\n"
    "rules:\n"
    "  - name: a\n"
    "    project: [Foo_Bar, 'baz-*', $ours]\n"
    "    version: '>=1,<2'\n"
    "    repository: pypi\n"
    "    environment: [prod, preprod]\n"
    "    ecosystem: [pypi]\n"
    "    file_type: [sdist, egg]\n"
    "    larger_than: 1MiB\n"
    "    older_than_days: 3\n"
    "    younger_than_days: 30\n"
    "    finding: [zip-comment, note, medium, irregular/low]\n"
    "    upstream_yanked: false\n"
    "    capability: network\n"
    "    install_code: [setup.py, 'setup.cfg **']\n"
    "    install_capability: [process]\n"
    "    auto_load: 'pth **'\n"
    "    native: ['elf x86-64']\n"
    "    library: libcurl**\n"
    "    licence: [$fine, unknown]\n"
    "    content: notebook\n"
    "    changed: [capability, size, maintainer, silence, native, 'auto-load/pth **']\n"
    "    likeness: [swap, look-alike]\n"
    "    has_wheel: true\n"
    "    fixes_vulnerability: false\n"
    "    then: deny\n"
    "    reason: because\n"
    "  - name: b\n"
    "    project: b\n"
    "    finding: [zip-comment]\n"
    "    then: allow\n"
    "    lifts: [cool-down, finding, rule, identity, build-code, name, licence]\n";

static void test_every_key(void **state)
{
    (void)state;
    struct ch_policy *p = parse(every_key);
    const struct ch_settings *s = &p->settings;
    assert_int_equal(s->cool_down_days.number, 0);
    assert_int_equal(s->mode.number, CH_MODE_ALLOW_LIST);
    assert_int_equal(s->lookup.number, CH_LOOKUP_NEVER);
    assert_int_equal(s->hold_findings.number, CH_SEVERITY_MEDIUM);
    assert_int_equal(s->index_confirm_hours.number, 24);
    assert_true(s->release_yanked.number == 1 && s->require_hash.number == 1);
    assert_int_equal(s->cool_down_ecosystems.numbers[0], 10);
    assert_true(ch_value_has(&s->trusted, CH_STR("acme-x-y")));
    assert_true(ch_value_has(&s->trusted, CH_STR("numpy")));
    assert_false(ch_value_has(&s->trusted, CH_STR("scipy")));
    assert_true(ch_value_has(&s->build_permit, CH_STR("build-backend my-own")));
    assert_false(ch_value_has(&s->build_permit, CH_STR("build-path")));
    assert_true(ch_value_has(&s->licence_permit, CH_STR("MIT")));
    assert_true(ch_value_has(&s->licence_permit, CH_STR("BSD-3-Clause")));
    assert_int_equal(s->licence_unknown.number, CH_THEN_HOLD);
    const struct ch_rule *r = &p->rules[0];
    assert_int_equal(r->line, 26);
    assert_true(ch_value_has(&r->projects, CH_STR("foo-bar")));
    assert_true(ch_value_has(&r->projects, CH_STR("flask")));
    assert_true(ch_value_has(&r->repositories, CH_STR("pypi")));
    assert_true(ch_value_has(&r->file_types, CH_STR("egg")));
    assert_true(r->larger_than.number == 1048576);
    assert_true(r->older_than_days.number == 3 && r->younger_than_days.number == 30);
    assert_int_equal(r->findings.findings[0].code, CH_F_ZIP_COMMENT);
    assert_int_equal(r->findings.findings[1].cls, CH_CLASS_NOTE);
    assert_true(r->findings.findings[2].any_class);
    assert_int_equal(r->findings.findings[3].cls, CH_CLASS_IRREGULAR);
    assert_int_equal(r->findings.findings[3].severity, CH_SEVERITY_LOW);
    assert_true(r->yanked.line > 0 && r->yanked.number == 0);
    assert_string_equal(r->reason.text, "because");
    assert_int_equal(r->changed.changes[0].kind, CH_CHANGE_CAPABILITY);
    assert_null(r->changed.changes[0].fact);
    assert_string_equal(r->changed.changes[4].fact, "native");
    assert_string_equal(r->changed.changes[5].value, "pth **");
    assert_int_equal(p->rules[1].lifted, ch_rule_liftable());
    ch_policy_free(p);
}

/* Every fact that policy may speak of has a key of its name. */
static void test_every_fact_has_a_key(void **state)
{
    (void)state;
    for (unsigned i = 0; i < CH_FACT_COUNT; i++) {
        char *name = ch_str_dup(ch_str_of(ch_fact_row((enum ch_fact_code)i)->name));
        for (char *c = name; *c != '\0'; c++) {
            *c = *c == '-' ? '_' : *c;
        }
        bool found = false;
        for (const struct ch_key *k = ch_policy_rule_keys; k->key != NULL; k++) {
            found = found ||
                    (strcmp(k->key, name) == 0 &&
                     k->offset == offsetof(struct ch_rule, facts) + i * sizeof(struct ch_value));
        }
        if (!found) {
            fail_msg("no key for the fact %s", name);
        }
        free(name);
    }
}

/* What is shown reads as a policy of the same meaning, and says where each value comes from. */
static void test_describe(void **state)
{
    (void)state;
    const char *const texts[] = {every_key, "version: 1\n", ch_policy_default_text()};
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        struct ch_policy *p = parse(texts[i]);
        char *text = described(p);
        struct ch_policy *again = parse(text);
        assert_same_meaning(p, again);
        free(text);
        ch_policy_free(p);
        ch_policy_free(again);
    }
    struct ch_policy *p =
        parse("version: 1\nmode: audit\nrules:\n"
              "  - {name: x, project: ['**', a], then: hold, reason: 'ask, \"us\"'}\n");
    struct ch_buf b;
    ch_buf_init(&b, 1 << 20);
    ch_policy_describe(p, &b);
    static const char *const wanted[] = {
        "mode: audit                             # line 2\n",
        "cool_down_days: 7                       # default\n",
        "  fix_days: 0                           # default\n",
        "rules:\n  - name: x                             # line 4\n",
        "    project: [a, \"**\"]\n    then: hold\n    reason: \"ask, \\\"us\\\"\"\n",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(wanted); i++) {
        if (!ch_str_find(ch_buf_str(&b), ch_str_of(wanted[i]), NULL)) {
            fail_msg("no %s in\n%.*s", wanted[i], CH_STR_ARG(ch_buf_str(&b)));
        }
    }
    ch_buf_done(&b);
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
    {"key twice", "version: 1\nmode: audit\nmode: allow-list\n",
     "p:3:1: mode: given twice, first in line 2"},
    {"cool-down", "version: 1\ncool_down_days: -1\n",
     "p:2:17: cool_down_days: \"-1\" is not a number from 0 to 3650 days"},
    {"cool-down unit", "version: 1\ncool_down_days: 7d\n",
     "p:2:17: cool_down_days: \"7d\" is not a number from 0 to 3650 days"},
    {"mode", "version: 1\nmode: open\n",
     "p:2:7: mode: \"open\" is not one of allow-list, quarantine, audit"},
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
     "p:3:27: rules[0].ecosystem[0]: \"?\" is not one of pypi, conda, oci, test"},
    {"file type", RULE("name: a, file_type: whl, then: deny"),
     "p:3:26: rules[0].file_type: \"whl\" is not one of wheel, sdist, egg, other, conda, conda-tar, "
     "manifest, index, config, layer, statement, bag"},
    {"version specifier", RULE("name: a, version: '1.0', then: deny"),
     "p:3:24: rules[0].version: \"1.0\" starts with none of === ~= == != <= >= < > (as in "
     "\">=1.2,<2\")"},
    {"version, no list", RULE("name: a, version: ['==1'], then: deny"),
     "p:3:24: rules[0].version: a list is given where a single value is expected"},
    {"match spec", RULE("name: a, match: [scipy, 'numpy >='], then: deny"),
     "p:3:30: rules[0].match[1]: \"numpy >=\" is no match spec: column 9: a version was expected"},
    {"match spec of a pattern", RULE("name: a, match: 'numpy* >=1', then: deny"),
     "p:3:22: rules[0].match: \"numpy* >=1\" is no match spec: the name is written out here; patterns "
     "of names are the key project's"},
    {"match spec of a channel", RULE("name: a, match: 'conda-forge::numpy', then: deny"),
     "p:3:22: rules[0].match: \"conda-forge::numpy\" is no match spec: no channel and no URL is taken "
     "here: the key repository says which is meant"},
    {"match of no list", RULE("name: a, match: $ours, then: deny"),
     "p:3:22: rules[0].match: \"$ours\" names no list under \"lists\", \"specs\" of this policy"},
    {"match spec in a list", "version: 1\nlists: {specs: {ours: [numpy, 'scipy 1 2 3']}}\n",
     "p:2:31: lists.specs.ours[1]: \"scipy 1 2 3\" is no match spec: column 11: the end, '[', ',' or "
     "'|' was expected"},
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
     "p:3:48: rules[0].lifts[0]: \"sibling\" is not one of cool-down, finding, rule, identity, "
     "build-code, name, licence"},
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
    {"T10: lifts everybody's build code",
     RULE("name: a, file_type: sdist, then: allow, lifts: build-code"),
     "p:3:53: rules[0].lifts: lifts what a build runs, but the key \"project\" does not say whose"},
    {"T9: lifts what loads itself", RULE("name: a, project: a, then: allow, lifts: auto-load"),
     "p:3:47: rules[0].lifts: \"auto-load\" is not one of cool-down, finding, rule, identity, "
     "build-code, name, licence"},
    {"lookup", "version: 1\nlookup: never\n",
     "p:2:1: lookup: never goes only with \"mode: allow-list\"; elsewhere no name would ever be "
     "found"},
    {"lookup of a repository", "version: 1\nrepositories: {a: {lookup: never}}\n",
     "p:2:20: repositories.a.lookup: never goes only with \"mode: allow-list\"; elsewhere no name "
     "would ever be found"},
    {"cool_down", "version: 1\ncool_down: 7\n",
     "p:2:12: cool_down: \"7\" is given where a map (lines of \"key: value\") is expected"},
    {"cool_down key", "version: 1\ncool_down: {trust: [a]}\n",
     "p:2:13: cool_down.trust: unknown key; \"trusted\" is near"},
    {"cool_down ecosystem", "version: 1\ncool_down: {ecosystems: {pipy: 3}}\n",
     "p:2:26: cool_down.ecosystems.pipy: is not an ecosystem"},
    {"cool_down ecosystem's days", "version: 1\ncool_down: {ecosystems: {pypi: x}}\n",
     "p:2:32: cool_down.ecosystems.pypi: \"x\" is not a number from 0 to 3650 days"},
    {"sdists", "version: 1\nbuild: {sdists: sometimes}\n",
     "p:2:17: build.sdists: \"sometimes\" is not one of never, when-no-wheel, always"},
    {"changes", "version: 1\nchanges: {hold: all}\n",
     "p:2:17: changes.hold: \"all\" is not one of capability, combined, none"},
    {"licence", "version: 1\nlicences: {permit: [MIT, Apache]}\n",
     "p:2:26: licences.permit[1]: \"Apache\" is not one SPDX licence identifier (as in MIT, "
     "GPL-3.0-only, \"GPL-2.0-only WITH Classpath-exception-2.0\"), nor a pattern with *"},
    {"licence, an expression", "version: 1\nlicences: {permit: MIT OR Apache-2.0}\n",
     "p:2:20: licences.permit: \"MIT OR Apache-2.0\" is not one SPDX licence identifier (as in "
     "MIT, "
     "GPL-3.0-only, \"GPL-2.0-only WITH Classpath-exception-2.0\"), nor a pattern with *"},
    {"exceptions that outlast themselves", "version: 1\nexceptions: {max_days: 10}\n",
     "p:2:1: exceptions: default_days is 30, which is more than max_days, 10"},
    {"exceptions without end", "version: 1\nexceptions: {max_days: 0}\n",
     "p:2:24: exceptions.max_days: \"0\" is not a number from 1 to 3650 days"},
    {"how many approvers", "version: 1\nexceptions: {two_approvers: sometimes}\n",
     "p:2:29: exceptions.two_approvers: \"sometimes\" is not one of always, critical, never"},
    {"licences, unknown among them", "version: 1\nlicences: {forbid: unknown}\n",
     "p:2:20: licences.forbid: \"unknown\" is not one SPDX licence identifier (as in MIT, "
     "GPL-3.0-only, \"GPL-2.0-only WITH Classpath-exception-2.0\"), nor a pattern with *"},
    {"licences that contradict", "version: 1\nlicences: {permit: MIT, forbid: [MIT, '**']}\n",
     "p:2:1: licences: forbids every licence that it permits"},
    {"list key", "version: 1\nlists: {names: {a: [b]}}\n",
     "p:2:9: lists.names: unknown key; expected one of projects, licences, patterns, specs"},
    {"list, empty", "version: 1\nlists: {projects: {a: []}}\n",
     "p:2:23: lists.projects.a: is an empty list; a rule that speaks of it could never match"},
    {"list in no file", "version: 1\nlists: {projects: {a: {}}}\n",
     "p:2:23: lists.projects.a: the key \"file\" is missing"},
    {"list, wrong entry", "version: 1\nlists: {projects: {a: [b, 'c d']}}\n",
     "p:2:27: lists.projects.a[1]: \"c d\" is not a project name, nor a pattern where * stands for "
     "text without \"-\" and ** for any text"},
    {"list name", "version: 1\nlists: {projects: {'a b': [b]}}\n",
     "p:2:20: lists.projects.a b: is not a name of at most 48 letters, digits, . _ -"},
    {"list, file that escapes", "version: 1\nlists: {projects: {a: {file: ../secret}}}\n",
     "p:2:30: lists.projects.a.file: \"../secret\" is not the name of a file beside the policy: "
     "letters, digits, . _ -, and no folder"},
    {"list, file that is not there", "version: 1\nlists: {projects: {a: {file: x.txt}}}\n",
     "p:2:30: lists.projects.a.file: \"x.txt\" is no file beside the policy"},
    {"list, file key", "version: 1\nlists: {projects: {a: {name: x.txt}}}\n",
     "p:2:24: lists.projects.a.name: unknown key; expected one of file"},
    {"no such list", RULE("name: a, project: $b, then: hold"),
     "p:3:24: rules[0].project: \"$b\" names no list under \"lists\", \"projects\" of this policy"},
    {"a list of another kind",
     "version: 1\nlists: {licences: {b: [MIT]}}\nrules: [{name: a, project: $b, then: hold}]\n",
     "p:3:28: rules[0].project: \"$b\" names no list under \"lists\", \"projects\" of this policy"},
    {"override of lists", "version: 1\nrepositories: {a: {lists: {}}}\n",
     "p:2:20: repositories.a.lists: goes only at the top of the policy"},
    {"override key", "version: 1\nenvironments: {prod: {moed: audit}}\n",
     "p:2:23: environments.prod.moed: unknown key; \"mode\" is near"},
    {"override name", "version: 1\nenvironments: {Prod: {mode: audit}}\n",
     "p:2:16: environments.Prod: is not a name as the configuration has them"},
    {"changed", RULE("name: a, changed: sizes, then: hold"),
     "p:3:24: rules[0].changed: \"sizes\" is not a change; expected capability, size, maintainer, "
     "silence, or a fact (install-code, install-capability, auto-load, native, library), or "
     "FACT/VALUE as in capability/network"},
    {"changed, a fact that is no capability", RULE("name: a, changed: licence/MIT, then: hold"),
     "p:3:24: rules[0].changed: \"licence/MIT\" is not a change; expected capability, size, "
     "maintainer, silence, or a fact (install-code, install-capability, auto-load, native, "
     "library), "
     "or FACT/VALUE as in capability/network"},
    {"likeness", RULE("name: a, likeness: near, then: hold"),
     "p:3:25: rules[0].likeness: \"near\" is not one of distance, swap, separator, look-alike, "
     "combined"},
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

/* `count` entries below `head`: before and behind the number of each. NULL: they are taken. */
static void check_count(const char *head, const char *before, const char *behind, uint64_t count,
                        const char *message)
{
    struct ch_policy *p = NULL;
    struct ch_err err = {.msg = ""};
    struct ch_buf b;
    ch_buf_init(&b, (size_t)ch_limits.yaml_bytes);
    ch_buf_printf(&b, "version: 1\n%s", head);
    for (uint64_t i = 0; i < count; i++) {
        ch_buf_printf(&b, "%s%llu%s\n", before, (unsigned long long)i, behind);
    }
    enum ch_code rc = ch_policy_parse(ch_buf_str(&b), "p", &p, &err);
    assert_string_equal(err.msg, message != NULL ? message : "");
    assert_int_equal(rc, message != NULL ? CH_E_USAGE : CH_OK);
    ch_policy_free(p);
    ch_buf_done(&b);
}

static void test_too_many_rules(void **state)
{
    (void)state;
    check_count("rules:\n", "  - {name: a", ", project: a, then: hold}", 2001,
                "p:3:3: rules: has 2001 rules; at most 2000 are taken");
}

static void test_too_many_overrides(void **state)
{
    (void)state;
    check_count("environments:\n", "  e", ": {cool_down_days: 3}", 200, NULL);
    check_count("environments:\n", "  e", ": {cool_down_days: 3}", 201,
                "p:3:3: environments: has 201 entries; at most 200 are taken");
    check_count("repositories:\n", "  r", ": {cool_down_days: 3}", 201,
                "p:3:3: repositories: has 201 entries; at most 200 are taken");
}

/* Of all kinds together. */
static void test_too_many_lists(void **state)
{
    (void)state;
    check_count("lists:\n  licences: {l: [MIT]}\n  projects:\n", "    p", ": [a]", 199, NULL);
    check_count("lists:\n  licences: {l: [MIT]}\n  projects:\n", "    p", ": [a]", 200,
                "p:3:3: lists: has 201 lists; at most 200 are taken");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_text),
        cmocka_unit_test(test_default_text_has_every_key),
        cmocka_unit_test(test_default_examples),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_every_fact_has_a_key),
        cmocka_unit_test(test_describe),
        cmocka_unit_test(test_T12_listed_names),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_too_many_rules),
        cmocka_unit_test(test_too_many_overrides),
        cmocka_unit_test(test_too_many_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
