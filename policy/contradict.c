/* Rules that can never match, by what their conditions ask for together. */
#include <string.h>

#include "policy_int.h"

/* --- types of files --- */

static bool can_be(const struct ch_ecosystem *eco, const char *file_type)
{
    for (size_t i = 0; eco->file_types[i] != NULL; i++) {
        if (strcmp(eco->file_types[i], file_type) == 0) {
            return true;
        }
    }
    return false;
}

bool ch_rule_may_be_about(const struct ch_rule *rule, const struct ch_ecosystem *eco,
                          const char *file_type)
{
    return can_be(eco, file_type) &&
           (rule->ecosystems.line == 0 || ch_value_has(&rule->ecosystems, ch_str_of(eco->name))) &&
           (rule->file_types.line == 0 || ch_value_has(&rule->file_types, ch_str_of(file_type)));
}

/* A type is inspected where a profile of its ecosystem is called like it. */
static bool is_inspected(const struct ch_ecosystem *eco, const char *file_type)
{
    for (size_t i = 0; eco->profiles[i] != NULL; i++) {
        if (strcmp(eco->profiles[i], file_type) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether the rule is about some file of this type (NULL: any), of those that are inspected alone.
 */
static bool is_about(const struct ch_rule *rule, const char *file_type, bool inspected)
{
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        const struct ch_ecosystem *eco = ch_ecosystems[i];
        for (size_t k = 0; eco->file_types[k] != NULL; k++) {
            const char *type = eco->file_types[k];
            if ((file_type == NULL || strcmp(file_type, type) == 0) &&
                (!inspected || is_inspected(eco, type)) && ch_rule_may_be_about(rule, eco, type)) {
                return true;
            }
        }
    }
    return false;
}

/* Of the ecosystems that have files of this type, and that the rule is about. */
static bool is_built_everywhere(const struct ch_rule *rule, const char *file_type)
{
    bool built = true;
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        built = built && (!ch_rule_may_be_about(rule, ch_ecosystems[i], file_type) ||
                          ch_ecosystem_is_built(ch_ecosystems[i], file_type));
    }
    return built;
}

static enum ch_code check_specs(const struct ch_reading *r, const struct ch_yaml_node *map,
                                const struct ch_rule *rule)
{
    bool some = rule->specs.line == 0;
    for (size_t i = 0; ch_ecosystems[i] != NULL && !some; i++) {
        const struct ch_ecosystem *eco = ch_ecosystems[i];
        for (size_t k = 0; eco->match_spec != NULL && eco->file_types[k] != NULL; k++) {
            some = some || ch_rule_may_be_about(rule, eco, eco->file_types[k]);
        }
    }
    return some ? CH_OK
                : ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "match"), r->err,
                                   "can never match: the ecosystem has no match specs");
}

static enum ch_code check_types(const struct ch_reading *r, const struct ch_yaml_node *map,
                                const struct ch_rule *rule)
{
    if (!is_about(rule, NULL, false)) {
        return ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "file_type"), r->err,
                                "can never match: the ecosystem has no such files");
    }
    const char *only =
        rule->file_types.own.exact_count == 1 ? rule->file_types.own.exact[0] : NULL;
    if (rule->has_wheel.line > 0 && rule->has_wheel.number == 0 && only != NULL &&
        is_built_everywhere(rule, only)) {
        return ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "has_wheel"), r->err,
                                "can never match: the version of a wheel has a wheel");
    }
    return CH_OK;
}

/* --- what only inspection finds, and only in files of one type --- */

/* NULL: a file of any type that is inspected can have it. */
static const char *type_of_finding(uint32_t code)
{
    const char *type = NULL;
    for (size_t i = 0; ch_ecosystems[i] != NULL && type == NULL; i++) {
        type = ch_ecosystems[i]->type_of_finding != NULL
                   ? ch_ecosystems[i]->type_of_finding(code)
                   : NULL;
    }
    return type;
}

/* The only type of file that one of these entries can be found in; NULL: any. */
static const char *type_of_entries(const struct ch_key *key, const struct ch_value *v)
{
    const char *only = NULL;
    for (size_t i = 0; i < v->own.exact_count; i++) {
        const char *type = NULL;
        if (key->type == CH_KEY_FINDINGS) {
            type = type_of_finding(v->findings[i].code);
        } else if (v->changes[i].fact != NULL) {
            type =
                ch_fact_file_type(ch_fact_code_of(ch_fact_by_name(ch_str_of(v->changes[i].fact))));
        }
        if (type == NULL || (only != NULL && strcmp(only, type) != 0)) {
            return NULL;
        }
        only = type;
    }
    return only;
}

static enum ch_code check_inspected(const struct ch_reading *r, const struct ch_yaml_node *map,
                                    const struct ch_key *key, const struct ch_rule *rule)
{
    const struct ch_value *v = ch_value_in(key, rule);
    bool entries = key->type == CH_KEY_FINDINGS || key->type == CH_KEY_CHANGES;
    if (v->line == 0 || (!entries && key->fact == 0 && key->type != CH_KEY_LICENCES)) {
        return CH_OK;
    }
    const char *type = entries         ? type_of_entries(key, v)
                       : key->fact > 0 ? ch_fact_file_type((enum ch_fact_code)(key->fact - 1))
                                       : NULL;
    const struct ch_yaml_node *node = ch_yaml_find(map, key->key);
    if (!is_about(rule, NULL, true)) {
        return ch_yaml_fail_key(r->yaml, node, r->err,
                                "can never match: nothing inspects files of the types that the "
                                "rule is about");
    }
    return is_about(rule, type, true)
               ? CH_OK
               : ch_yaml_fail_key(r->yaml, node, r->err,
                                  "can never match: only files of type %s have that, and the rule "
                                  "is about others",
                                  type);
}

static enum ch_code check_lifted(const struct ch_reading *r, const struct ch_yaml_node *map,
                                 const struct ch_rule *rule)
{
    bool build = (rule->lifted & (uint64_t)1 << CH_HOLD_BUILD) != 0;
    for (size_t i = 0; ch_ecosystems[i] != NULL && build; i++) {
        const char *source = ch_ecosystems[i]->source_type;
        build = source == NULL || !ch_rule_may_be_about(rule, ch_ecosystems[i], source);
    }
    return !build
               ? CH_OK
               : ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "lifts"), r->err,
                                  "lifts what a build runs, and the rule is about files that are "
                                  "not built");
}

/* --- findings that never come to a rule --- */

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

/* --- versions, ages, names --- */

bool ch_rule_version_is_read(const struct ch_rule *rule, const struct ch_ecosystem *eco,
                             struct ch_err *ret_why)
{
    struct ch_err why = {.msg = ""};
    return rule->version.line == 0 ||
           ch_ecosystem_reads(eco, ch_str_of(rule->version.text),
                              ret_why != NULL ? ret_why : &why) == CH_OK;
}

bool ch_rule_never_has_version(const struct ch_rule *rule, const struct ch_ecosystem *eco)
{
    return rule->version.line != 0 &&
           ch_ecosystem_has_no_version(eco, ch_str_of(rule->version.text));
}

/* Every ecosystem that the rule is about knows that no version is like this. */
static bool has_no_version(const struct ch_rule *rule)
{
    bool none = true;
    for (size_t i = 0; ch_ecosystems[i] != NULL && none; i++) {
        const struct ch_ecosystem *eco = ch_ecosystems[i];
        if (rule->ecosystems.line == 0 || ch_value_has(&rule->ecosystems, ch_str_of(eco->name))) {
            none = !ch_rule_version_is_read(rule, eco, NULL) || ch_rule_never_has_version(rule, eco);
        }
    }
    return none;
}

/* What a name resembles is a function of the name: of names alone it is known. */
static bool resembles_otherwise(const struct ch_rule *rule)
{
    const struct ch_value *v = &rule->projects;
    if (rule->likeness.line == 0 || v->line == 0 || v->list_count > 0 || v->own.glob_count > 0) {
        return false;
    }
    for (size_t i = 0; i < v->own.exact_count; i++) {
        enum ch_likeness_kind kind = ch_likeness_of(ch_str_of(v->own.exact[i])).kind;
        if (kind != CH_LIKENESS_NONE &&
            ch_value_has(&rule->likeness, ch_str_of(ch_likeness_name(kind)))) {
            return false;
        }
    }
    return true;
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
        return ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "version"), r->err, CH_NO_VERSION);
    }
    if (resembles_otherwise(rule)) {
        return ch_yaml_fail_key(r->yaml, ch_yaml_find(map, "likeness"), r->err,
                                "can never match: none of these projects resembles a well-known "
                                "one so");
    }
    enum ch_code rc = check_types(r, map, rule);
    rc = rc == CH_OK ? check_specs(r, map, rule) : rc;
    rc = rc == CH_OK ? check_findings(r, map, rule) : rc;
    for (const struct ch_key *k = ch_policy_rule_keys; k->key != NULL && rc == CH_OK; k++) {
        rc = ch_key_is_condition(k) ? check_inspected(r, map, k, rule) : CH_OK;
    }
    return rc == CH_OK ? check_lifted(r, map, rule) : rc;
}
