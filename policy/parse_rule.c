/* One rule of the policy file. */
#include <stdlib.h>

#include "policy_int.h"

/* The keys of a rule that are no condition. */
bool ch_key_is_condition(const struct ch_key *key)
{
    static const size_t others[] = {offsetof(struct ch_rule, name), offsetof(struct ch_rule, then),
                                    offsetof(struct ch_rule, lifts),
                                    offsetof(struct ch_rule, reason)};
    for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
        if (key->offset == others[i]) {
            return false;
        }
    }
    return true;
}

enum ch_rule_action ch_rule_action_of(const struct ch_rule *rule)
{
    return (enum ch_rule_action)rule->then.number;
}

static bool has_condition(const struct ch_rule *rule)
{
    for (const struct ch_key *k = ch_policy_rule_keys; k->key != NULL; k++) {
        if (ch_key_is_condition(k) && ch_value_in(k, rule)->line > 0) {
            return true;
        }
    }
    return false;
}

/* T9: "an exception for a finding in code names digest and finding fingerprint": of a standing
 * rule, which reaches files nobody has seen, only named findings below high are lifted. */
static enum ch_code check_lifted_findings(const struct ch_reading *r, const struct ch_yaml_node *at,
                                          const struct ch_rule *rule)
{
    if (rule->findings.own.exact_count == 0) {
        return ch_yaml_fail(r->yaml, at, r->err,
                            "lifts findings, but the key \"finding\" does not name which");
    }
    for (size_t i = 0; i < rule->findings.own.exact_count; i++) {
        const struct ch_finding_row *row = ch_finding_row(rule->findings.findings[i].code);
        if (row == NULL) {
            return ch_yaml_fail(
                r->yaml, at, r->err,
                "lifts findings of a whole class; name each finding under \"finding\"");
        }
        if (row->cls == CH_CLASS_ATTACK || row->severity >= CH_SEVERITY_HIGH) {
            return ch_yaml_fail(
                r->yaml, at, r->err,
                "lifts %s, which is %s/%s: no rule can; a person may approve the one "
                "file if it is not an attack",
                row->name, ch_finding_class_name(row->cls), ch_severity_name(row->severity));
        }
    }
    return CH_OK;
}

/* Whom a rule spares from what their build runs has to be said. */
static enum ch_code check_lifted_build(const struct ch_reading *r, const struct ch_yaml_node *at,
                                       const struct ch_rule *rule)
{
    if (rule->projects.line == 0) {
        return ch_yaml_fail(r->yaml, at, r->err,
                            "lifts what a build runs, but the key \"project\" does not say whose");
    }
    return CH_OK;
}

static enum ch_code check_lift(const struct ch_reading *r, const struct ch_yaml_node *node,
                               struct ch_rule *rule)
{
    enum ch_hold_kind kind = CH_HOLD_NO_RULE;
    CH_ASSERT(ch_hold_kind_from_name(node->text, &kind));
    rule->lifted |= (uint64_t)1 << kind;
    if (kind == CH_HOLD_FINDING) {
        return check_lifted_findings(r, node, rule);
    }
    return kind == CH_HOLD_BUILD ? check_lifted_build(r, node, rule) : CH_OK;
}

static enum ch_code check_lifts(const struct ch_reading *r, const struct ch_yaml_node *map,
                                struct ch_rule *rule)
{
    const struct ch_yaml_node *node = ch_yaml_find(map, "lifts");
    if (node == NULL) {
        return CH_OK;
    }
    if (ch_rule_action_of(rule) != CH_RULE_ALLOW) {
        return ch_yaml_fail_key(r->yaml, node, r->err, "goes only with \"then: allow\"");
    }
    enum ch_code rc = node->kind == CH_YAML_SCALAR ? check_lift(r, node, rule) : CH_OK;
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        rc = check_lift(r, n, rule);
    }
    CH_ASSERT(rc != CH_OK || (rule->lifted & ~ch_rule_liftable()) == 0);
    return rc;
}

enum ch_code ch_rule_parse(const struct ch_reading *r, const struct ch_yaml_node *map,
                           struct ch_rule *ret)
{
    ret->line = map->line;
    ret->column = map->column;
    enum ch_code rc = ch_keys_read(r, map, ch_policy_rule_keys, ret);
    if (rc != CH_OK) {
        return rc;
    }
    if (ret->name.line == 0) {
        return ch_yaml_fail(r->yaml, map, r->err,
                            "the key \"name\" is missing; refusals show the name of their rule");
    }
    if (ret->then.line == 0) {
        return ch_yaml_fail(r->yaml, map, r->err,
                            "the key \"then\" is missing; expected allow, hold or deny");
    }
    if (!has_condition(ret)) {
        return ch_yaml_fail(r->yaml, map, r->err,
                            "names no condition; write project: [\"**\"] when every file is meant");
    }
    rc = check_lifts(r, map, ret);
    return rc == CH_OK ? ch_rule_check(r, map, ret) : rc;
}
