/* Which settings are in force where. */
#include <string.h>

#include "policy_int.h"

/* --- overrides: key by key, the repository's before the environment's before everybody's --- */

static void lay_over(const struct ch_key *keys, struct ch_settings *to,
                     const struct ch_settings *from)
{
    for (const struct ch_key *k = keys; k->key != NULL; k++) {
        if (k->type == CH_KEY_SECTION) {
            lay_over(k->section, to, from);
        } else if (!ch_key_is_structural(k->type) && ch_value_in(k, from)->line > 0) {
            *ch_value_at(k, to) = *ch_value_in(k, from);
        }
    }
}

static const struct ch_settings *find(const struct ch_override *overrides, size_t count,
                                      struct ch_str name)
{
    for (size_t i = 0; i < count; i++) {
        if (ch_str_eq(ch_str_of(overrides[i].name), name)) {
            return &overrides[i].settings;
        }
    }
    return NULL;
}

const struct ch_settings *ch_settings_of(const struct ch_policy *policy, struct ch_str repository,
                                         struct ch_str environment, struct ch_settings *room)
{
    const struct ch_settings *wide =
        find(policy->environments, policy->environment_count, environment);
    const struct ch_settings *near =
        find(policy->repositories, policy->repository_count, repository);
    if (wide == NULL && near == NULL) {
        return &policy->settings;
    }
    *room = policy->settings;
    if (wide != NULL) {
        lay_over(ch_policy_keys, room, wide);
    }
    if (near != NULL) {
        lay_over(ch_policy_keys, room, near);
    }
    return room;
}

/* --- settings that contradict each other --- */

static const struct ch_value *either(const struct ch_value *own, const struct ch_value *below)
{
    return own->line > 0 ? own : below;
}

enum ch_code ch_settings_check(const struct ch_reading *r, const struct ch_yaml_node *map,
                               const struct ch_settings *own, const struct ch_settings *below)
{
    const struct ch_yaml_node *node = ch_yaml_find(map, "lookup");
    bool never = own->lookup.line > 0 && own->lookup.number == CH_LOOKUP_NEVER;
    if (never && either(&own->mode, &below->mode)->number != CH_MODE_ALLOW_LIST) {
        return ch_yaml_fail_key(r->yaml, node, r->err,
                                "never goes only with \"mode: allow-list\"; elsewhere no name "
                                "would ever be found");
    }
    const struct ch_value *days = either(&own->exception_days, &below->exception_days);
    const struct ch_value *most = either(&own->exception_max_days, &below->exception_max_days);
    if (days->number > most->number) {
        node = ch_yaml_find(map, "exceptions");
        return ch_yaml_fail_key(r->yaml, node != NULL ? node : map, r->err,
                                "default_days is %llu, which is more than max_days, %llu",
                                (unsigned long long)days->number,
                                (unsigned long long)most->number);
    }
    const struct ch_value *permit = either(&own->licence_permit, &below->licence_permit);
    const struct ch_value *forbid = either(&own->licence_forbid, &below->licence_forbid);
    if (!ch_value_is_empty(permit) && ch_value_covers(forbid, permit)) {
        node = ch_yaml_find(map, "licences");
        return node == NULL ? CH_OK
                            : ch_yaml_fail_key(r->yaml, node, r->err,
                                               "forbids every licence that it permits");
    }
    return CH_OK;
}

/* --- how long a file waits --- */

static bool number_for(const struct ch_value *v, struct ch_str ecosystem, uint64_t *ret)
{
    for (size_t i = 0; i < v->own.exact_count; i++) {
        if (ch_str_eq(ch_str_of(v->own.exact[i]), ecosystem)) {
            *ret = v->numbers[i];
            return true;
        }
    }
    return false;
}

static void take_shorter(struct ch_cool_down *c, const struct ch_value *v, const char *why)
{
    if (v->number < c->days) {
        *c = (struct ch_cool_down){.days = v->number, .line = v->line, .why = why};
    }
}

struct ch_cool_down ch_cool_down_of(const struct ch_settings *s, const struct ch_facts *facts)
{
    struct ch_cool_down c = {
        .days = s->cool_down_days.number, .line = s->cool_down_days.line, .why = ""};
    uint64_t days = 0;
    if (number_for(&s->cool_down_ecosystems, facts->ecosystem, &days)) {
        c = (struct ch_cool_down){.days = days, .line = s->cool_down_ecosystems.line, .why = ""};
    }
    struct ch_buf folded;
    ch_buf_init(&folded, facts->project.len + 1);
    ch_name_fold(&folded, facts->project);
    if (!ch_value_is_empty(&s->trusted) && ch_value_has(&s->trusted, ch_buf_str(&folded))) {
        take_shorter(&c, &s->trusted_days, " of trusted projects");
    }
    ch_buf_done(&folded);
    if (facts->fixes_vulnerability) {
        take_shorter(&c, &s->fix_days, " of security fixes");
    }
    return c;
}

/* --- exceptions --- */

struct ch_exception_terms ch_policy_exception_terms(const struct ch_policy *policy,
                                                    struct ch_str repository,
                                                    struct ch_str environment)
{
    struct ch_settings room;
    const struct ch_settings *s = ch_settings_of(policy, repository, environment, &room);
    return (struct ch_exception_terms){
        .default_days = (uint32_t)s->exception_days.number,
        .max_days = (uint32_t)s->exception_max_days.number,
        .two_approvers = (enum ch_two_approvers)s->exception_approvers.number,
    };
}

bool ch_exception_is_critical(uint64_t holds, const struct ch_finding *findings, size_t count)
{
    if ((holds & ((uint64_t)1 << CH_HOLD_REMOVED | (uint64_t)1 << CH_HOLD_SIBLING)) != 0) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        const struct ch_finding_row *row = ch_finding_row((uint32_t)findings[i].code);
        if (row == NULL || row->severity == CH_SEVERITY_HIGH || row->cls == CH_CLASS_ATTACK) {
            return true;
        }
    }
    return false;
}

/* --- what may be asked upstream (T12) --- */

static bool lists(const struct ch_rule *rule, struct ch_str repository, struct ch_str project)
{
    bool here = rule->repositories.line == 0 || ch_value_has(&rule->repositories, repository);
    return ch_rule_action_of(rule) == CH_RULE_ALLOW && here && rule->projects.line > 0 &&
           ch_value_has(&rule->projects, project);
}

bool ch_policy_lists_project(const struct ch_policy *policy, struct ch_str repository,
                             struct ch_str project)
{
    struct ch_buf folded;
    ch_buf_init(&folded, project.len + 1);
    ch_name_fold(&folded, project);
    bool listed = false;
    for (size_t i = 0; i < policy->rule_count && !listed; i++) {
        listed = lists(&policy->rules[i], repository, ch_buf_str(&folded));
    }
    ch_buf_done(&folded);
    return listed;
}

bool ch_policy_may_look_up(const struct ch_policy *policy, struct ch_str repository,
                           struct ch_str environment, struct ch_str project)
{
    struct ch_settings room;
    const struct ch_settings *s = ch_settings_of(policy, repository, environment, &room);
    return s->lookup.number == CH_LOOKUP_UPSTREAM || s->mode.number != CH_MODE_ALLOW_LIST ||
           ch_policy_lists_project(policy, repository, project);
}

static uint32_t column_in(const struct ch_key *keys, const struct ch_settings *s, uint32_t line)
{
    uint32_t column = 0;
    for (const struct ch_key *k = keys; k->key != NULL && column == 0; k++) {
        if (k->type == CH_KEY_SECTION) {
            column = column_in(k->section, s, line);
        } else if (!ch_key_is_structural(k->type) && ch_value_in(k, s)->line == line) {
            column = ch_value_in(k, s)->column;
        }
    }
    return column;
}

uint32_t ch_policy_column(const struct ch_policy *policy, const struct ch_decision *decision)
{
    uint32_t line = decision->policy_line;
    struct ch_str name = ch_str_of(decision->rule);
    bool by_rule = ch_str_starts(name, CH_STR("rule "));
    uint32_t column = 0;
    for (size_t i = 0; i < policy->rule_count && by_rule && line > 0; i++) {
        if (ch_str_eq(ch_str_of(policy->rules[i].name.text), ch_str_sub(name, 5, name.len))) {
            return policy->rules[i].column;
        }
    }
    for (size_t i = 0; i < policy->repository_count && line > 0 && column == 0; i++) {
        column = column_in(ch_policy_keys, &policy->repositories[i].settings, line);
    }
    for (size_t i = 0; i < policy->environment_count && line > 0 && column == 0; i++) {
        column = column_in(ch_policy_keys, &policy->environments[i].settings, line);
    }
    return line > 0 && column == 0 ? column_in(ch_policy_keys, &policy->settings, line) : column;
}

const char *ch_policy_mode_name(const struct ch_policy *policy, struct ch_str repository,
                                struct ch_str environment)
{
    struct ch_settings room;
    const struct ch_settings *s = ch_settings_of(policy, repository, environment, &room);
    const struct ch_key *k = ch_policy_keys;
    while (strcmp(k->key, "mode") != 0) {
        k++;
    }
    return k->choices[s->mode.number];
}
