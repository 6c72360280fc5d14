/* Rules that can never match, and rules that are never come to: mistakes, since whoever wrote them
 * thinks that they do something. What is not certain is not reported. */
#include <string.h>

#include "customhouse/ecosystem.h"
#include "policy_int.h"

/* --- conditions that contradict each other --- */

static bool is_attack_only(const struct ch_finding_pattern *p)
{
    const struct ch_finding_row *row = ch_finding_row(p->code);
    return row != NULL ? row->cls == CH_CLASS_ATTACK : !p->any_class && p->cls == CH_CLASS_ATTACK;
}

static enum ch_code check_findings(const struct ch_reading *r, const struct ch_yaml_node *map,
                                   const struct ch_rule *rule)
{
    const struct ch_value *v = &rule->findings;
    for (size_t i = 0; i < v->own.exact_count; i++) {
        if (!is_attack_only(&v->findings[i])) {
            return CH_OK;
        }
    }
    return v->line == 0 ? CH_OK
                        : ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "finding"), r->err,
                                           "can never match: findings of class attack are denied "
                                           "before any rule is read");
}

static bool only(const struct ch_value *v, const char *word)
{
    return v->line > 0 && v->own.exact_count == 1 && strcmp(v->own.exact[0], word) == 0;
}

static bool can_be(const struct ch_ecosystem *eco, struct ch_str file_type)
{
    for (size_t i = 0; eco->file_types[i] != NULL; i++) {
        if (ch_str_eq(ch_str_of(eco->file_types[i]), file_type)) {
            return true;
        }
    }
    return false;
}

/* Whether files of some ecosystem that the rule is about can be of a type that it asks for. */
static bool has_such_files(const struct ch_rule *rule)
{
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        const struct ch_ecosystem *eco = ch_ecosystems[i];
        if (rule->ecosystems.line > 0 && !ch_value_has(&rule->ecosystems, ch_str_of(eco->name))) {
            continue;
        }
        for (size_t k = 0; k < rule->file_types.own.exact_count; k++) {
            if (can_be(eco, ch_str_of(rule->file_types.own.exact[k]))) {
                return true;
            }
        }
    }
    return false;
}

/* Every ecosystem that the rule is about knows versions in which nothing is like this. */
static bool has_no_version(const struct ch_rule *rule)
{
    bool none = rule->version.line > 0;
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        const struct ch_ecosystem *eco = ch_ecosystems[i];
        bool about =
            rule->ecosystems.line == 0 || ch_value_has(&rule->ecosystems, ch_str_of(eco->name));
        if (none && about) {
            none = eco->never_matches(ch_str_of(rule->version.text));
        }
    }
    return none;
}

enum ch_code ch_rule_check(const struct ch_reading *r, const struct ch_yaml_node *map,
                           const struct ch_rule *rule)
{
    const struct ch_value *older = &rule->older_than_days;
    const struct ch_value *younger = &rule->younger_than_days;
    if (older->line > 0 && younger->line > 0 && older->number >= younger->number) {
        return ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "younger_than_days"), r->err,
                                "can never match: nothing is older than %llu days and younger "
                                "than %llu",
                                (unsigned long long)older->number,
                                (unsigned long long)younger->number);
    }
    if (has_no_version(rule)) {
        return ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "version"), r->err,
                                "can never match: no version is in both of two of its bounds");
    }
    if (rule->file_types.line > 0 && !has_such_files(rule)) {
        return ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "file_type"), r->err,
                                "can never match: the ecosystem has no such files");
    }
    if (rule->has_wheel.line > 0 && rule->has_wheel.number == 0 &&
        only(&rule->file_types, "wheel")) {
        return ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "has_wheel"), r->err,
                                "can never match: the version of a wheel has a wheel");
    }
    return check_findings(r, map, rule);
}

/* --- what one condition says, another says as well --- */

static bool finding_covers(const struct ch_finding_pattern *wide,
                           const struct ch_finding_pattern *narrow)
{
    const struct ch_finding_row *row = ch_finding_row(narrow->code);
    if (row != NULL) {
        struct ch_finding f = {.code = row->code};
        return ch_finding_pattern_match(wide, &f);
    }
    bool classes = wide->any_class || (!narrow->any_class && wide->cls == narrow->cls);
    return wide->code == CH_F_NONE && classes && wide->severity <= narrow->severity;
}

static bool change_covers(const struct ch_change_pattern *wide,
                          const struct ch_change_pattern *narrow)
{
    bool facts =
        wide->fact == NULL || (narrow->fact != NULL && strcmp(wide->fact, narrow->fact) == 0);
    if (wide->kind != narrow->kind || !facts) {
        return false;
    }
    return wide->value == NULL ||
           (narrow->value != NULL && ch_glob_covers(wide->value, narrow->value));
}

static bool entry_covered(enum ch_key_type type, const struct ch_value *wide,
                          const struct ch_value *narrow, size_t i)
{
    for (size_t k = 0; k < wide->own.exact_count; k++) {
        bool covers = type == CH_KEY_FINDINGS
                          ? finding_covers(&wide->findings[k], &narrow->findings[i])
                          : change_covers(&wide->changes[k], &narrow->changes[i]);
        if (covers) {
            return true;
        }
    }
    return false;
}

static bool entries_covered(enum ch_key_type type, const struct ch_value *wide,
                            const struct ch_value *narrow)
{
    for (size_t i = 0; i < narrow->own.exact_count; i++) {
        if (!entry_covered(type, wide, narrow, i)) {
            return false;
        }
    }
    return true;
}

/* Numbers: a larger_than or older_than asks for no more, a younger_than for no less. */
static bool number_covers(const struct ch_key *key, uint64_t wide, uint64_t narrow)
{
    if (key->offset == offsetof(struct ch_rule, younger_than_days)) {
        return narrow <= wide;
    }
    return key->type == CH_KEY_BOOL ? narrow == wide : narrow >= wide;
}

static bool condition_covers(const struct ch_key *key, const struct ch_value *wide,
                             const struct ch_value *narrow, bool one_allows)
{
    if (wide->line == 0) {
        return true;
    }
    if (narrow->line == 0) {
        return key->type == CH_KEY_PROJECTS && ch_list_covers(&wide->own, "**");
    }
    switch (key->type) {
    case CH_KEY_FINDINGS:
    case CH_KEY_CHANGES:
        return entries_covered(key->type, wide, narrow);
    case CH_KEY_VERSION:
        return strcmp(wide->text, narrow->text) == 0;
    case CH_KEY_NUMBER:
    case CH_KEY_SIZE:
    case CH_KEY_BOOL:
        return number_covers(key, wide->number, narrow->number);
    case CH_KEY_LICENCES: /* an allow rule asks for something else by the same words */
        return !one_allows && ch_value_covers(wide, narrow);
    case CH_KEY_PROJECTS:
    case CH_KEY_PATTERNS:
    case CH_KEY_NAMES:
    case CH_KEY_ECOSYSTEMS:
    case CH_KEY_CHOICES:
        return ch_value_covers(wide, narrow);
    case CH_KEY_CHOICE:
    case CH_KEY_TEXT:
    case CH_KEY_RULE_NAME:
    case CH_KEY_NUMBERS:
    case CH_KEY_SECTION:
    case CH_KEY_FORMAT:
    case CH_KEY_LISTS:
    case CH_KEY_OVERRIDES:
    case CH_KEY_RULES:
        break;
    }
    return false;
}

enum ch_code ch_rule_check_reached(const struct ch_reading *r, const struct ch_yaml_node *map,
                                   const struct ch_rule *earlier, const struct ch_rule *rule)
{
    static const char *const does[] = {[CH_RULE_HOLD] = "holds",
                                       [CH_RULE_ALLOW] = "spares from the rules below it",
                                       [CH_RULE_DENY] = "denies"};
    bool allows = ch_rule_action_of(rule) == CH_RULE_ALLOW;
    bool spares = ch_rule_action_of(earlier) == CH_RULE_ALLOW;
    if (spares && (allows || (earlier->lifted & (uint64_t)1 << CH_HOLD_RULE) == 0)) {
        return CH_OK;
    }
    for (const struct ch_key *k = ch_policy_rule_keys; k->key != NULL; k++) {
        if (ch_key_is_condition(k) &&
            !condition_covers(k, ch_value_in(k, earlier), ch_value_in(k, rule), allows != spares)) {
            return CH_OK;
        }
    }
    return ch_yaml_fail(r->yaml, map, r->err,
                        "can never be reached: the rule \"%s\" in line %u %s all that this one is "
                        "about",
                        earlier->name.text, earlier->line, does[ch_rule_action_of(earlier)]);
}
