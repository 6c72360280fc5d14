/* Whether a rule is about a file. What is not known is never "no". */
#include "policy_int.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/ecosystem.h"

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == '.';
}

void ch_name_fold(struct ch_buf *b, struct ch_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (is_separator(c)) {
            if (i == 0 || !is_separator(name.ptr[i - 1])) {
                ch_buf_putc(b, '-');
            }
        } else {
            ch_buf_putc(b, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
        }
    }
}

/* --- globs --- */

enum { GLOB_MAX = 256 };

/* Takes one element off *pattern: '*' for a star within a part, 'X' for one across parts, or 0 and
 * the literal character. */
static char next_element(struct ch_str *pattern, char *ret_literal)
{
    char kind = '\0';
    size_t n = 1;
    if (pattern->ptr[0] == '*') {
        while (n < pattern->len && pattern->ptr[n] == '*') {
            n++;
        }
        kind = n > 1 ? 'X' : '*';
    } else {
        *ret_literal = pattern->ptr[0];
    }
    *pattern = ch_str_sub(*pattern, n, pattern->len);
    return kind;
}

/* reach[i]: the elements so far match the first i characters. Time is pattern times name, whatever
 * the stars. A single star stands neither for a hyphen nor for `stop`. */
static bool match_stars(struct ch_str pattern, struct ch_str name, char stop, bool *reach)
{
    reach[0] = true;
    while (pattern.len > 0) {
        char literal = '\0';
        char kind = next_element(&pattern, &literal);
        if (kind == '\0') {
            for (size_t i = name.len; i > 0; i--) {
                reach[i] = reach[i - 1] && name.ptr[i - 1] == literal;
            }
            reach[0] = false;
            continue;
        }
        for (size_t i = 1; i <= name.len; i++) {
            reach[i] =
                reach[i] || (reach[i - 1] &&
                             (kind == 'X' || (name.ptr[i - 1] != '-' && name.ptr[i - 1] != stop)));
        }
    }
    return reach[name.len];
}

static bool match_glob(struct ch_str pattern, struct ch_str text, char stop)
{
    bool few[GLOB_MAX + 1] = {false};
    if (!ch_str_find_char(pattern, '*', NULL)) {
        return ch_str_eq(pattern, text);
    }
    if (text.len <= GLOB_MAX) {
        return match_stars(pattern, text, stop, few);
    }
    bool *many = ch_calloc(text.len + 1, sizeof(*many));
    bool match = match_stars(pattern, text, stop, many);
    free(many);
    return match;
}

bool ch_glob_match_raw(struct ch_str pattern, struct ch_str text)
{
    return match_glob(pattern, text, '-');
}

/* Some text that the pattern matches begins so: its first elements, up to one of them, match all of
 * `start`, and whatever is left of it can be put behind. */
bool ch_glob_can_begin(struct ch_str pattern, struct ch_str start)
{
    for (size_t n = 0; n <= pattern.len; n++) {
        bool within =
            n > 0 && n < pattern.len && pattern.ptr[n - 1] == '*' && pattern.ptr[n] == '*';
        if (!within && ch_glob_match_raw(ch_str_sub(pattern, 0, n), start)) {
            return true;
        }
    }
    return false;
}

/* The narrow pattern as a text in which its stars are characters that only stars of the wide one
 * can stand for, and for two of them only two. Says "no" of some pairs that are covered, never the
 * reverse. */
bool ch_glob_covers(const char *wide, const char *narrow)
{
    enum { ONE_STAR = 1, TWO_STARS = 2 };
    struct ch_buf text;
    size_t stars = 0;
    ch_buf_init(&text, strlen(narrow) + 1);
    for (const char *c = narrow; *c != '\0'; c++) {
        stars = *c == '*' ? stars + 1 : 0;
        if (stars == 0) {
            ch_buf_putc(&text, *c);
        } else if (c[1] != '*') {
            ch_buf_putc(&text, stars > 1 ? TWO_STARS : ONE_STAR);
        }
    }
    bool covers = match_glob(ch_str_of(wide), ch_buf_str(&text), TWO_STARS);
    ch_buf_done(&text);
    return covers || strcmp(wide, narrow) == 0;
}

bool ch_glob_match(struct ch_str folded_pattern, struct ch_str name)
{
    struct ch_buf folded;
    ch_buf_init(&folded, GLOB_MAX);
    ch_name_fold(&folded, name);
    bool match = !folded.failed && ch_glob_match_raw(folded_pattern, ch_buf_str(&folded));
    ch_buf_done(&folded);
    return match;
}

/* --- conditions --- */

static enum ch_tristate yes_or_no(bool yes)
{
    return yes ? CH_YES : CH_NO;
}

static enum ch_tristate match_list(const struct ch_value *v, struct ch_str value)
{
    return yes_or_no(v->line == 0 || ch_value_has(v, value));
}

static enum ch_tristate match_bool(const struct ch_value *v, bool is)
{
    return yes_or_no(v->line == 0 || (v->number != 0) == is);
}

static enum ch_tristate match_version(const struct ch_rule *rule, const struct ch_facts *facts)
{
    bool match = false;
    if (rule->version.line == 0) {
        return CH_YES;
    }
    const struct ch_ecosystem *eco = ch_ecosystem_find(facts->ecosystem);
    struct ch_err err;
    if (eco == NULL ||
        eco->match_version(ch_str_of(rule->version.text), facts->version, &match, &err) != CH_OK) {
        return CH_MAYBE;
    }
    return yes_or_no(match);
}

static enum ch_tristate match_specs_of(const struct ch_list *list, const struct ch_ecosystem *eco,
                                       const struct ch_spec_subject *of)
{
    enum ch_tristate result = CH_NO;
    for (size_t i = 0; i < list->exact_count && result != CH_YES; i++) {
        bool match = false;
        struct ch_err err;
        if (eco->match_spec(ch_str_of(list->exact[i]), of, &match, &err) != CH_OK) {
            result = CH_MAYBE;
        } else if (match) {
            result = CH_YES;
        }
    }
    return result;
}

/* A file of an ecosystem without such specs is none that one is about. */
static enum ch_tristate match_specs(const struct ch_value *v, const struct ch_facts *facts)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(facts->ecosystem);
    struct ch_spec_subject of = {.page = facts->page,
                                 .project = facts->project,
                                 .version = facts->version,
                                 .build = facts->build,
                                 .file_name = facts->file_name,
                                 .record = facts->record};
    if (v->line == 0) {
        return CH_YES;
    }
    if (eco == NULL || eco->match_spec == NULL) {
        return eco == NULL ? CH_MAYBE : CH_NO;
    }
    enum ch_tristate result = match_specs_of(&v->own, eco, &of);
    for (size_t i = 0; i < v->list_count && result != CH_YES; i++) {
        enum ch_tristate one = match_specs_of(&v->lists[i]->list, eco, &of);
        result = one != CH_NO ? one : result;
    }
    return result;
}

static enum ch_tristate match_size(const struct ch_rule *rule, const struct ch_facts *facts)
{
    if (rule->larger_than.line == 0) {
        return CH_YES;
    }
    if (facts->size_bytes == CH_SIZE_UNKNOWN) {
        return CH_MAYBE;
    }
    return yes_or_no(facts->size_bytes > rule->larger_than.number);
}

static enum ch_tristate match_age(const struct ch_rule *rule, const struct ch_matched *m)
{
    const struct ch_value *older = &rule->older_than_days;
    const struct ch_value *younger = &rule->younger_than_days;
    const struct ch_age *age = &m->age;
    if (older->line == 0 && younger->line == 0) {
        return CH_YES;
    }
    if (age->source == CH_AGE_OLD_ENOUGH) {
        return younger->line > 0 ? CH_NO : CH_MAYBE;
    }
    if (age->source == CH_AGE_UNKNOWN || age->source == CH_AGE_FUTURE) {
        return CH_MAYBE;
    }
    int64_t older_us = (int64_t)older->number * DAY_US;
    int64_t younger_us = (int64_t)younger->number * DAY_US;
    bool is_older = older->line == 0 || ch_time_add(age->since_us, older_us) <= m->now_us;
    bool is_younger = younger->line == 0 || ch_time_add(age->since_us, younger_us) > m->now_us;
    return yes_or_no(is_older && is_younger);
}

bool ch_finding_pattern_match(const struct ch_finding_pattern *p, const struct ch_finding *f)
{
    if (p->code != CH_F_NONE) {
        return p->code == (uint32_t)f->code;
    }
    const struct ch_finding_row *row = ch_finding_row((uint32_t)f->code);
    return row != NULL && (p->any_class || row->cls == p->cls) && row->severity >= p->severity;
}

static enum ch_tristate match_findings(const struct ch_rule *rule, const struct ch_facts *facts)
{
    for (size_t i = 0; i < rule->findings.own.exact_count; i++) {
        for (size_t k = 0; k < facts->finding_count; k++) {
            if (ch_finding_pattern_match(&rule->findings.findings[i], &facts->findings[k])) {
                return CH_YES;
            }
        }
    }
    /* before inspection there are none; that it is missing holds by itself */
    return yes_or_no(rule->findings.line == 0);
}

static enum ch_tristate match_likeness(const struct ch_rule *rule, const struct ch_facts *facts)
{
    if (rule->likeness.line == 0) {
        return CH_YES;
    }
    return yes_or_no(
        facts->likeness.kind != CH_LIKENESS_NONE &&
        ch_value_has(&rule->likeness, ch_str_of(ch_likeness_name(facts->likeness.kind))));
}

enum ch_tristate ch_rule_match(const struct ch_rule *rule, const struct ch_matched *m)
{
    const struct ch_facts *f = m->facts;
    if (rule->projects.line > 0 && !ch_value_has(&rule->projects, m->project)) {
        return CH_NO; /* most rules are about other projects */
    }
    const enum ch_tristate conditions[] = {
        match_list(&rule->repositories, f->repository),
        match_list(&rule->environments, f->environment),
        match_list(&rule->ecosystems, f->ecosystem),
        match_list(&rule->file_types, f->file_type),
        match_version(rule, f),
        match_specs(&rule->specs, f),
        match_size(rule, f),
        match_age(rule, m),
        match_findings(rule, f),
        match_bool(&rule->yanked, f->upstream_yanked),
        match_bool(&rule->has_wheel, f->version_has_wheel),
        match_bool(&rule->fixes_vulnerability, f->fixes_vulnerability),
        match_likeness(rule, f),
        ch_rule_match_facts(rule, m),
    };
    enum ch_tristate result = CH_YES;
    for (size_t i = 0; i < CH_ARRAY_LEN(conditions); i++) {
        if (conditions[i] == CH_NO) {
            return CH_NO;
        }
        if (conditions[i] == CH_MAYBE) {
            result = CH_MAYBE;
        }
    }
    return result;
}
