/* Whether a rule is about a file. What is not known is never "no". */
#include "policy_int.h"

#include <string.h>

#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"

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
 * the stars. */
static bool match_stars(struct ch_str pattern, struct ch_str name)
{
    bool reach[GLOB_MAX + 1] = {true};
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
            reach[i] = reach[i] || (reach[i - 1] && (kind == 'X' || name.ptr[i - 1] != '-'));
        }
    }
    return reach[name.len];
}

bool ch_glob_match(struct ch_str folded_pattern, struct ch_str name)
{
    struct ch_buf folded;
    ch_buf_init(&folded, GLOB_MAX);
    ch_name_fold(&folded, name);
    struct ch_str n = ch_buf_str(&folded);
    bool match = false;
    if (!folded.failed) {
        match = ch_str_find_char(folded_pattern, '*', NULL) ? match_stars(folded_pattern, n)
                                                            : ch_str_eq(folded_pattern, n);
    }
    ch_buf_done(&folded);
    return match;
}

/* --- conditions --- */

static enum ch_tristate match_list(const struct ch_texts *list, struct ch_str value)
{
    for (size_t i = 0; i < list->count; i++) {
        if (ch_str_eq(ch_str_of(list->items[i]), value)) {
            return CH_YES;
        }
    }
    return list->count == 0 ? CH_YES : CH_NO;
}

static enum ch_tristate match_projects(const struct ch_texts *list, struct ch_str project)
{
    for (size_t i = 0; i < list->count; i++) {
        if (ch_glob_match(ch_str_of(list->items[i]), project)) {
            return CH_YES;
        }
    }
    return list->count == 0 ? CH_YES : CH_NO;
}

static enum ch_tristate match_version(const struct ch_rule *rule, const struct ch_facts *facts)
{
    bool match = false;
    if (rule->version == NULL) {
        return CH_YES;
    }
    const struct ch_ecosystem *eco = ch_ecosystem_find(facts->ecosystem);
    struct ch_err err;
    if (eco == NULL ||
        eco->match_version(ch_str_of(rule->version), facts->version, &match, &err) != CH_OK) {
        return CH_MAYBE;
    }
    return match ? CH_YES : CH_NO;
}

static enum ch_tristate match_size(const struct ch_rule *rule, const struct ch_facts *facts)
{
    if (!rule->has_larger) {
        return CH_YES;
    }
    if (facts->size_bytes == CH_SIZE_UNKNOWN) {
        return CH_MAYBE;
    }
    return facts->size_bytes > rule->larger_than_bytes ? CH_YES : CH_NO;
}

static enum ch_tristate match_age(const struct ch_rule *rule, const struct ch_age *age,
                                  int64_t now_us)
{
    if (!rule->has_older && !rule->has_younger) {
        return CH_YES;
    }
    if (age->source == CH_AGE_OLD_ENOUGH) {
        return rule->has_younger ? CH_NO : CH_MAYBE;
    }
    if (age->source == CH_AGE_UNKNOWN || age->source == CH_AGE_FUTURE) {
        return CH_MAYBE;
    }
    bool older = !rule->has_older || ch_time_add(age->since_us, rule->older_than_us) <= now_us;
    bool younger = !rule->has_younger || ch_time_add(age->since_us, rule->younger_than_us) > now_us;
    return older && younger ? CH_YES : CH_NO;
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
    for (size_t i = 0; i < rule->finding_count; i++) {
        for (size_t k = 0; k < facts->finding_count; k++) {
            if (ch_finding_pattern_match(&rule->findings[i], &facts->findings[k])) {
                return CH_YES;
            }
        }
    }
    /* before inspection there are none; that it is missing holds by itself */
    return rule->finding_count == 0 ? CH_YES : CH_NO;
}

enum ch_tristate ch_rule_match(const struct ch_rule *rule, const struct ch_facts *facts,
                               const struct ch_age *age, int64_t now_us)
{
    const enum ch_tristate conditions[] = {
        match_projects(&rule->projects, facts->project),
        match_list(&rule->repositories, facts->repository),
        match_list(&rule->ecosystems, facts->ecosystem),
        match_list(&rule->file_types, facts->file_type),
        match_version(rule, facts),
        match_size(rule, facts),
        match_age(rule, age, now_us),
        match_findings(rule, facts),
        !rule->has_yanked || rule->yanked == facts->upstream_yanked ? CH_YES : CH_NO,
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
