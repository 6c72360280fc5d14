/* Every shipped rule against its texts: cases/RULE/match-* must match it, cases/RULE/clean-* must match
 * nothing. The rest of a file's name is the member's. A rule without one of both fails, and so does a
 * folder without rule. And that the gate loses nothing: each text is also given in the middle of a large
 * honest file, all of them in one, and libyara's own findings are compared with what the gate lets through.
 * Text rules may only ask that strings are there, so they find in the whole what they find in a part.
 * argv[1] is the folder. */
#include "tests/ch_test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "customhouse/limits.h"
#include "gate_check.h"
#include "run.h"
#include "scanner/rules/rules_int.h"

static const char *folder;

static void read_file(const char *path, struct ch_buf *ret)
{
    char piece[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        fail_msg("%s cannot be read", path);
        return;
    }
    ch_buf_init(ret, 1 << 20);
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0) {
        ch_buf_put(ret, piece, n);
    }
    fclose(f);
    assert_false(ret->failed);
}

static bool reports(const struct scan_run *r, const char *rule)
{
    static const enum ch_finding_code codes[] = {CH_F_RULE_NOTE, CH_F_RULE_SUSPICIOUS,
                                                 CH_F_RULE_MALICIOUS};
    for (size_t i = 0; i < CH_ARRAY_LEN(codes); i++) {
        if (rules_found(r, codes[i], rule) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_text_rule(const char *rule)
{
    const YR_RULE *r;
    yr_rules_foreach(rules_loaded->set[SET_TEXT].rules, r)
    {
        if (strcmp(r->identifier, rule) == 0) {
            return true;
        }
    }
    return false;
}

static void check_found(const char *rule, const char *path, struct rules_member member)
{
    struct scan_run r;
    rules_run(&r, &member, 1);
    if (!reports(&r, rule)) {
        scan_run_print(&r);
        fail_msg("%s: rule %s does not match", path, rule);
    }
    scan_run_done(&r);
}

/* Honest source, without a line that a rule minds. */
static void put_honest(struct ch_buf *b, size_t bytes)
{
    size_t end = b->len + bytes;
    for (size_t i = 0; b->len < end; i++) {
        ch_buf_printf(b, "def number_%zu(self, values, *, scale=%zu.5):\n"
                         "    \"\"\"Gives the values of row %zu; see the manual.\"\"\"\n"
                         "    return [int(v * scale) for v in values[::%zu] if v is not None]\n\n",
                      i, i, i, i + 1);
    }
}

static void check_match(const char *rule, const char *path, struct rules_member member)
{
    struct ch_buf b;
    check_found(rule, path, member);
    const char *lost = gate_check(member.bytes);
    if (lost != NULL) {
        fail_msg("%s: the gate loses rule %s", path, lost);
    }
    if (is_text_rule(rule)) {
        size_t around = globs_is_code(member.path) ? (size_t)1 << 19 : (size_t)1 << 16;
        ch_buf_init(&b, (size_t)1 << 22);
        put_honest(&b, around);
        ch_buf_puts(&b, member.bytes);
        ch_buf_putc(&b, '\n');
        put_honest(&b, around);
        check_found(rule, path, (struct rules_member){member.path, ch_buf_str(&b)});
        ch_buf_done(&b);
    }
}

static void check_clean(const char *path, struct rules_member member)
{
    struct scan_run r;
    const char *lost = gate_check(member.bytes);
    if (lost != NULL) {
        fail_msg("%s: the gate loses rule %s", path, lost);
    }
    rules_run(&r, &member, 1);
    if (rules_findings(&r) > 0) {
        scan_run_print(&r);
        fail_msg("%s: matches and must not", path);
    }
    scan_run_done(&r);
}

/* What a file's name says: its kind, and the member's path. */
static bool try_file(const char *rule, const char *name, const char *kind)
{
    char path[4096];
    char member[512];
    struct ch_buf bytes;
    struct ch_str n = ch_str_of(name);
    struct ch_str prefix = ch_str_of(kind);
    if (!ch_str_starts(n, prefix)) {
        return false;
    }
    snprintf(path, sizeof(path), "%s/%s/%s", folder, rule, name);
    snprintf(member, sizeof(member), "pkg/%s", name + prefix.len);
    read_file(path, &bytes);
    struct rules_member m = {ch_str_of(member), ch_buf_str(&bytes)};
    if (strcmp(kind, "match-") == 0) {
        check_match(rule, path, m);
    } else {
        check_clean(path, m);
    }
    ch_buf_done(&bytes);
    return true;
}

static void try_rule(const char *rule)
{
    char path[4096];
    struct dirent *e;
    size_t matches = 0;
    size_t clean = 0;
    snprintf(path, sizeof(path), "%s/%s", folder, rule);
    DIR *d = opendir(path);
    if (d == NULL) {
        fail_msg("rule %s has no folder of cases", rule);
        return;
    }
    while ((e = readdir(d)) != NULL) {
        bool match = try_file(rule, e->d_name, "match-");
        bool none = try_file(rule, e->d_name, "clean-");
        matches += match ? 1 : 0;
        clean += none ? 1 : 0;
        if (!match && !none && e->d_name[0] != '.') {
            fail_msg("%s/%s: is neither match-* nor clean-*", path, e->d_name);
        }
    }
    closedir(d);
    if (matches == 0 || clean == 0) {
        fail_msg("rule %s needs a text that matches and an honest one near to it", rule);
    }
}

static void every_rule_has_its_texts(void **state)
{
    (void)state;
    size_t rules = 0;
    for (size_t kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        const struct rule_set *set = &rules_loaded->set[kind];
        for (size_t i = 0; i < set->count; i++) {
            try_rule(set->rules->rules_table[i].identifier);
            rules++;
        }
    }
    assert_true(rules >= 40);
    assert_int_equal(rules, ch_rules_count());
}

static bool is_rule(const char *name)
{
    for (size_t kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        const struct rule_set *set = &rules_loaded->set[kind];
        for (size_t i = 0; i < set->count; i++) {
            if (strcmp(set->rules->rules_table[i].identifier, name) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void every_folder_is_of_a_rule(void **state)
{
    (void)state;
    struct dirent *e;
    DIR *d = opendir(folder);
    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] != '.' && !is_rule(e->d_name)) {
            fail_msg("%s: no rule has this name", e->d_name);
        }
    }
    closedir(d);
}

/* One that asks nothing has libyara run over every file. */
static void every_rule_asks_for_words(void **state)
{
    (void)state;
    for (enum rule_set_kind kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        const struct rule_set *set = &rules_loaded->set[kind];
        for (size_t i = 0; i < set->count; i++) {
            if (gate_always(rules_loaded->gate, kind, i)) {
                fail_msg("%s: has no word of four bytes that must be there (README.md, \"The gate\")",
                         set->rules->rules_table[i].identifier);
            }
        }
    }
}

/* --- monotonic: holds in a part, holds in the whole --- */

/* Words that a condition may use. What looks at places, sizes, or the lack of something is none. */
static bool may_be_said(struct ch_str word)
{
    static const char *const words[] = {"any", "all", "of", "them", "and", "or"};
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        if (ch_str_eq(word, ch_str_of(words[i]))) {
            return true;
        }
    }
    return word.len > 0 && word.ptr[0] >= '0' && word.ptr[0] <= '9';
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void check_condition(struct ch_str file, struct ch_str text)
{
    for (size_t i = 0; i < text.len;) {
        size_t from = i;
        char c = text.ptr[i++];
        while (letter(c) && i < text.len && letter(text.ptr[i])) {
            i++;
        }
        bool ok = letter(c) ? may_be_said(ch_str_sub(text, from, i - from))
                            : memchr(" \n(),*", c, 6) != NULL;
        if (c == '$' || c == '#') { /* a string, and how often at least */
            while (i < text.len && (letter(text.ptr[i]) || text.ptr[i] == '*')) {
                i++;
            }
            ok = true;
        } else if (c == '>') {
            ok = true;
            i += i < text.len && text.ptr[i] == '=' ? 1 : 0;
        }
        if (!ok) {
            fail_msg("%.*s: \"%.*s\" in a condition: a text rule may only ask what is there",
                     CH_STR_ARG(file), CH_STR_ARG(ch_str_sub(text, from, 20)));
        }
    }
}

/* A regular expression tied to the file's beginning or end would lose it among others. */
static void check_string(struct ch_str file, struct ch_str line)
{
    bool class = false;
    for (size_t i = 1; i < line.len && ch_str_find(line, CH_STR("= /"), NULL); i++) {
        char c = line.ptr[i];
        if (c == '\\') {
            i++; /* what follows means itself */
        } else if (class || c == '[') {
            class = c != ']';
        } else if (c == '^' || c == '$') {
            fail_msg("%.*s: anchored: %.*s", CH_STR_ARG(file), CH_STR_ARG(line));
        }
    }
}

static void text_rules_ask_only_what_is_there(void **state)
{
    (void)state;
    size_t conditions = 0;
    for (size_t i = 0; i < ch_rules_shipped_count; i++) {
        struct ch_str file = ch_rules_shipped[i].name;
        struct ch_str rest = ch_rules_shipped[i].text;
        struct ch_str line;
        size_t at;
        if (rules_is_binary(file)) {
            continue;
        }
        while (ch_str_split(&rest, '\n', &line)) {
            struct ch_str t = ch_str_trim(line);
            if (ch_str_starts(t, CH_STR("$"))) {
                check_string(file, t);
            }
            if (ch_str_eq(t, CH_STR("condition:"))) {
                assert_true(ch_str_find(rest, CH_STR("\n}"), &at));
                check_condition(file, ch_str_sub(rest, 0, at));
                conditions++;
            }
        }
    }
    assert_int_equal(conditions, rules_loaded->set[SET_TEXT].count);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_its_texts),
        cmocka_unit_test(every_folder_is_of_a_rule),
        cmocka_unit_test(every_rule_asks_for_words),
        cmocka_unit_test(text_rules_ask_only_what_is_there),
    };
    struct ch_err err;
    if (argc != 2 || ch_rules_load(NULL, 0, &err) != CH_OK) {
        fprintf(stderr, "usage: test_rules_cases FOLDER\n%s\n", argc == 2 ? err.msg : "");
        return 2;
    }
    folder = argv[1];
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ch_rules_unload();
    return failed;
}
