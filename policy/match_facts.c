/* Conditions of a rule about what inspection found. Before it is complete there are no facts, and
 * such a condition is not met: that the inspection is missing holds by itself. */
#include "policy_int.h"

static struct ch_str fact_name(enum ch_fact_code code)
{
    return ch_str_of(ch_fact_row(code)->name);
}

static bool some_value(const struct ch_value *condition, enum ch_fact_code code,
                       const struct ch_facts *facts)
{
    for (size_t i = 0; i < facts->inspected_count; i++) {
        if (ch_str_eq(facts->inspected[i].name, fact_name(code)) &&
            ch_value_has(condition, facts->inspected[i].value)) {
            return true;
        }
    }
    return false;
}

/* What is held or denied needs one of the licences of the rule: it cannot be used without them.
 * What is allowed can be used with them alone. */
static enum ch_tristate match_licence(const struct ch_rule *rule, const struct ch_matched *m)
{
    const struct ch_value *v = &rule->facts[CH_FACT_LICENCE];
    const struct ch_facts *f = m->facts;
    bool allow = ch_rule_action_of(rule) == CH_RULE_ALLOW;
    if (v->line == 0) {
        return CH_YES;
    }
    if (f->inspection != CH_INSPECTION_COMPLETE) {
        return CH_NO;
    }
    bool unknown = ch_value_has(v, CH_STR("unknown"));
    if (ch_licence_unreadable(f) != NULL) {
        return unknown && !allow ? CH_YES : CH_MAYBE;
    }
    for (size_t i = 0; i < f->inspected_count; i++) {
        if (!ch_str_eq(f->inspected[i].name, fact_name(CH_FACT_LICENCE))) {
            continue;
        }
        enum ch_tristate satisfied = ch_licence_satisfied(f->inspected[i].value, v, !allow);
        if (satisfied == CH_MAYBE || allow) {
            return satisfied;
        }
        return satisfied == CH_YES ? CH_NO : CH_YES;
    }
    return unknown ? CH_YES : CH_NO;
}

bool ch_change_pattern_match(const struct ch_change_pattern *p, const struct ch_change *c)
{
    if (p->kind != c->kind) {
        return false;
    }
    if (p->fact != NULL && !ch_str_eq(ch_str_of(p->fact), c->fact.name)) {
        return false;
    }
    return p->value == NULL || ch_glob_match_raw(ch_str_of(p->value), c->fact.value);
}

static bool match_changed(const struct ch_rule *rule, const struct ch_matched *m)
{
    for (size_t i = 0; i < rule->changed.own.exact_count; i++) {
        for (size_t k = 0; k < m->change_count; k++) {
            if (ch_change_pattern_match(&rule->changed.changes[i], &m->changes[k])) {
                return true;
            }
        }
    }
    return rule->changed.line == 0;
}

enum ch_tristate ch_rule_match_facts(const struct ch_rule *rule, const struct ch_matched *m)
{
    for (size_t i = 0; i < CH_FACT_COUNT; i++) {
        const struct ch_value *v = &rule->facts[i];
        if (i != CH_FACT_LICENCE && v->line > 0 && !some_value(v, (enum ch_fact_code)i, m->facts)) {
            return CH_NO;
        }
    }
    return match_changed(rule, m) ? match_licence(rule, m) : CH_NO;
}
