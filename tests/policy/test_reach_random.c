/* What is said of rules that are never come to, against matching itself: rules and files out of a
 * small world, so that they meet. No file may come to a rule that is said to be never come to. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "policy/policy_int.h"

enum { ROUNDS = 6000, FILES = 1500, RULES_MAX = 5, NOW_DAYS = 10000 };

static uint32_t seed = 12345;

static uint32_t roll(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

#define PICK(list) (list)[roll(CH_ARRAY_LEN(list))]

static const char *const projects[] = {"a", "b", "a-b", "[a, b]", "'a*'", "'**'", "'*-b'"};
static const char *const types[] = {"wheel", "sdist", "[wheel, sdist]", "[egg, other, sdist]"};
static const char *const specs[] = {"'<2'",    "'>=2'",   "'<=2'", "'!=2'",
                                    "'==2.*'", "'>1,<3'", "'>1'"};
static const char *const findings[] = {"irregular", "note", "info", "zip-comment", "high"};
static const char *const abilities[] = {"network", "[network, process]", "'**code'", "'**'"};
static const char *const changes[] = {"size", "capability", "[capability/network, size]",
                                      "auto-load"};
static const char *const bools[] = {"true", "false"};

static void put_rule(struct ch_buf *b, size_t number)
{
    static const char *const thens[] = {"hold", "deny", "deny", "allow", "allow, lifts: rule"};
    ch_buf_printf(b, "  - {name: r%zu, ecosystem: pypi", number);
    for (uint32_t n = roll(4); n > 0; n--) {
        size_t before = b->len;
        static const char *const keys[] = {"project",         "file_type",        "version",
                                           "finding",         "capability",       "changed",
                                           "upstream_yanked", "has_wheel",        "larger_than",
                                           "older_than_days", "younger_than_days"};
        static const struct {
            const char *const *list;
            uint32_t count;
        } values[] = {{projects, CH_ARRAY_LEN(projects)},   {types, CH_ARRAY_LEN(types)},
                      {specs, CH_ARRAY_LEN(specs)},         {findings, CH_ARRAY_LEN(findings)},
                      {abilities, CH_ARRAY_LEN(abilities)}, {changes, CH_ARRAY_LEN(changes)},
                      {bools, CH_ARRAY_LEN(bools)},         {bools, CH_ARRAY_LEN(bools)}};
        uint32_t key = roll(CH_ARRAY_LEN(keys));
        struct ch_str line = ch_str_sub(ch_buf_str(b), 0, b->len);
        char word[40];
        (void)snprintf(word, sizeof(word), ", %s: ", keys[key]);
        size_t at = 0, from = before;
        while (from > 0 && line.ptr[from - 1] != '\n') {
            from--;
        }
        if (ch_str_find(ch_str_sub(line, from, line.len), ch_str_of(word), &at)) {
            continue; /* it has that key */
        }
        ch_buf_puts(b, ch_str_of(word));
        if (key < CH_ARRAY_LEN(values)) {
            ch_buf_puts(b, ch_str_of(values[key].list[roll(values[key].count)]));
        } else {
            ch_buf_printf(b, "%u", 5 + roll(3));
        }
    }
    ch_buf_printf(b, ", then: %s}\n", PICK(thens));
}

/* A file, and what is worked out of it once. */
struct file {
    struct ch_facts facts;
    struct ch_finding finding;
    struct ch_fact fact;
    struct ch_change change;
    struct ch_matched matched;
};

static void make_file(struct file *f)
{
    static const char *const names[] = {"a", "b", "a-b", "c"};
    static const char *const file_types[] = {"wheel", "sdist", "egg", "other"};
    static const char *const versions[] = {"1",       "1.5", "2",   "2.0.dev0",
                                           "2.post1", "2.1", "3a1", "nonsense",
                                           "",        "2+x", "4",   "1.post1"};
    static const enum ch_finding_code codes[] = {CH_F_ZIP_COMMENT, CH_F_ZIP_SYMLINK,
                                                 CH_F_LICENCE_EXPRESSION, CH_F_WHEEL_RECORD};
    static const char *const values[] = {"network", "process", "dynamic-code", "environment"};
    static const uint64_t sizes[] = {0, 5, 6, 7, 8, CH_SIZE_UNKNOWN};
    *f = (struct file){.finding = {.code = PICK(codes)},
                       .fact = {CH_STR("capability"), ch_str_of(PICK(values))},
                       .change = {.kind = CH_CHANGE_SIZE}};
    ch_facts_init(&f->facts);
    f->facts.ecosystem = f->facts.repository = CH_STR("pypi");
    f->facts.project = ch_str_of(PICK(names));
    f->facts.version = ch_str_of(PICK(versions));
    f->facts.file_type = ch_str_of(PICK(file_types));
    f->facts.upstream_yanked = roll(2) == 0;
    f->facts.version_has_wheel = roll(2) == 0 || ch_str_eq(f->facts.file_type, CH_STR("wheel"));
    f->facts.size_bytes = PICK(sizes);
    f->facts.inspection = CH_INSPECTION_COMPLETE;
    f->facts.findings = &f->finding;
    f->facts.finding_count = roll(2);
    f->facts.inspected = &f->fact;
    f->facts.inspected_count = roll(2);
    if (roll(2) == 0) {
        f->change = (struct ch_change){.kind = CH_CHANGE_CAPABILITY, .fact = f->fact};
    }
    static const enum ch_age_source sources[] = {CH_AGE_STATED, CH_AGE_STATED, CH_AGE_UNKNOWN,
                                                 CH_AGE_OLD_ENOUGH};
    f->matched = (struct ch_matched){
        .facts = &f->facts,
        .age = {.source = PICK(sources), .since_us = (NOW_DAYS - 3 - (int64_t)roll(7)) * DAY_US},
        .now_us = NOW_DAYS * DAY_US,
        .project = f->facts.project,
        .changes = &f->change,
        .change_count = roll(2)};
}

/* Whether the walk comes to the last rule, and it is about the file. */
static bool comes_to(const struct ch_policy *before, const struct ch_rule *rule,
                     const struct ch_matched *m, bool approved)
{
    enum ch_rule_action action = ch_rule_action_of(rule);
    for (size_t i = 0; i < before->rule_count; i++) {
        const struct ch_rule *e = &before->rules[i];
        enum ch_tristate match = ch_rule_match(e, m);
        bool holds = ch_rule_action_of(e) == CH_RULE_HOLD || match == CH_MAYBE;
        bool ends =
            ch_rule_action_of(e) == CH_RULE_ALLOW
                ? match == CH_YES &&
                      (action == CH_RULE_ALLOW ? (rule->lifted & ~e->lifted) == 0 : e->lifted != 0)
                : match != CH_NO && (!holds || !approved || action == CH_RULE_HOLD);
        if (ends) {
            return false;
        }
    }
    enum ch_tristate match = ch_rule_match(rule, m);
    return match == CH_YES || (match == CH_MAYBE && action != CH_RULE_ALLOW);
}

static bool some_file_comes_to(const struct ch_policy *before, const struct ch_rule *rule,
                               bool approved)
{
    for (int i = 0; i < FILES; i++) {
        struct file f;
        make_file(&f);
        if (comes_to(before, rule, &f.matched, approved)) {
            return true;
        }
    }
    return false;
}

static struct ch_policy *parse_rules(const char *const *rules, size_t count, struct ch_err *err)
{
    struct ch_buf b;
    struct ch_policy *p = NULL;
    ch_buf_init(&b, 8192);
    ch_buf_puts(&b, CH_STR("version: 1\nrules:\n"));
    for (size_t i = 0; i < count; i++) {
        ch_buf_puts(&b, ch_str_of(rules[i]));
    }
    if (count == 0) {
        ch_buf_puts(&b, CH_STR("  []\n"));
    }
    CH_IGNORE(ch_policy_parse(ch_buf_str(&b), "p", &p, err) != CH_OK);
    ch_buf_done(&b);
    return p;
}

static void test_random(void **state)
{
    (void)state;
    size_t told = 0, told_approved = 0, reached = 0, silent = 0;
    for (int round = 0; round < ROUNDS; round++) {
        char *rules[RULES_MAX];
        size_t n = 2 + roll(RULES_MAX - 1);
        for (size_t i = 0; i < n; i++) {
            struct ch_buf b;
            ch_buf_init(&b, 1024);
            put_rule(&b, i);
            rules[i] = ch_str_dup(ch_buf_str(&b));
            ch_buf_done(&b);
        }
        /* as many as are good; then the one behind them */
        struct ch_policy *before = NULL, *with = NULL, *alone = NULL;
        struct ch_err err = {.msg = ""}, ignored;
        size_t good = 0;
        for (size_t i = 1; i <= n; i++) {
            with = parse_rules((const char *const *)rules, i, &err);
            if (with == NULL) {
                break;
            }
            ch_policy_free(with);
            good = i;
        }
        size_t last = good < n ? good : n - 1;
        before = parse_rules((const char *const *)rules, last, &ignored);
        alone = parse_rules((const char *const *)&rules[last], 1, &ignored);
        if (before != NULL && alone != NULL) {
            bool never = good < n && (strstr(err.msg, "can never be reached") != NULL ||
                                      strstr(err.msg, "changes nothing") != NULL);
            bool approved = good < n && (strstr(err.msg, "only by files that a person") != NULL ||
                                         strstr(err.msg, "only for files that a person") != NULL);
            assert_true(good == n || never || approved);
            bool found = some_file_comes_to(before, alone->rules, never);
            if ((never || approved) && found) {
                for (size_t i = 0; i <= last; i++) {
                    print_message("%s", rules[i]);
                }
                fail_msg("%s", err.msg);
            }
            told += never;
            told_approved += approved;
            reached += good == n && found;
            silent += good == n && !found;
        }
        ch_policy_free(before);
        ch_policy_free(alone);
        for (size_t i = 0; i < n; i++) {
            free(rules[i]);
        }
    }
    print_message(
        "never: %zu, only approved: %zu, come to: %zu, no file found and nothing said: %zu\n", told,
        told_approved, reached, silent);
    assert_true(told > 50 && told_approved > 50 && reached > ROUNDS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
