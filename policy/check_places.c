/* What the policy says of repositories and environments, against those that there are. */
#include <string.h>

#include "policy_int.h"

struct checking {
    const struct ch_policy *policy;
    const struct ch_policy_place *places;
    size_t count;
    struct ch_err *err;
};

static void put_names(const struct checking *c, bool environments, struct ch_buf *b)
{
    for (size_t i = 0; i < c->count; i++) {
        struct ch_str name = environments ? c->places[i].environment : c->places[i].repository;
        bool told = false;
        for (size_t k = 0; k < i && environments; k++) {
            told = told || ch_str_eq(c->places[k].environment, name);
        }
        if (!told) {
            ch_buf_puts(b, ch_str_of(b->len > 0 ? ", " : ""));
            ch_buf_put_escaped(b, name);
        }
    }
}

static bool is_there(const struct checking *c, bool environments, struct ch_str name)
{
    for (size_t i = 0; i < c->count; i++) {
        if (ch_str_eq(environments ? c->places[i].environment : c->places[i].repository, name)) {
            return true;
        }
    }
    return false;
}

static enum ch_code fail_name(const struct checking *c, uint32_t line, uint32_t column,
                              const char *name, bool environments)
{
    struct ch_buf b;
    ch_buf_init(&b, CH_REASON_MAX);
    put_names(c, environments, &b);
    ch_fail(c->err, CH_E_USAGE, "%s:%u:%u: can never match: there is no %s \"%s\"; there is %.*s",
            c->policy->file_name, line, column, environments ? "environment" : "repository", name,
            CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return CH_E_USAGE;
}

static enum ch_code check_overrides(const struct checking *c, const struct ch_override *overrides,
                                    size_t count, bool environments)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_there(c, environments, ch_str_of(overrides[i].name))) {
            return fail_name(c, overrides[i].line, overrides[i].column, overrides[i].name,
                             environments);
        }
    }
    return CH_OK;
}

static enum ch_code check_names(const struct checking *c, const struct ch_value *v,
                                bool environments)
{
    for (size_t i = 0; i < v->own.exact_count; i++) {
        if (!is_there(c, environments, ch_str_of(v->own.exact[i]))) {
            return fail_name(c, v->line, v->column, v->own.exact[i], environments);
        }
    }
    return CH_OK;
}

static bool fits(const struct ch_value *v, struct ch_str name)
{
    return v->line == 0 || ch_value_has(v, name);
}

static bool is_about(const struct ch_rule *rule, const struct ch_policy_place *p)
{
    return fits(&rule->repositories, p->repository) && fits(&rule->environments, p->environment) &&
           fits(&rule->ecosystems, p->ecosystem);
}

/* A repository's ecosystem says what a specifier means there: one that cannot read it would make of
 * the rule something that nobody wrote down. */
static enum ch_code check_version(const struct checking *c, const struct ch_rule *rule)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct ch_policy_place *p = &c->places[i];
        const struct ch_ecosystem *eco = ch_ecosystem_find(p->ecosystem);
        struct ch_err why = {.msg = ""};
        if (eco != NULL && is_about(rule, p) && !ch_rule_version_is_read(rule, eco, &why)) {
            struct ch_buf name;
            ch_buf_init(&name, CH_REASON_MAX);
            ch_buf_put_escaped(&name, p->repository);
            ch_fail(c->err, CH_E_USAGE,
                    "%s:%u:%u: version: the rule is about the repository \"%.*s\", too, which is of "
                    "%s: %.200s; say which ecosystem is meant",
                    c->policy->file_name, rule->version.line, rule->version.column,
                    CH_STR_ARG(ch_buf_str(&name)), eco->name, why.msg);
            ch_buf_done(&name);
            return CH_E_USAGE;
        }
    }
    return CH_OK;
}

static enum ch_code check_rule(const struct checking *c, const struct ch_rule *rule)
{
    enum ch_code rc = check_names(c, &rule->repositories, false);
    rc = rc == CH_OK ? check_names(c, &rule->environments, true) : rc;
    rc = rc == CH_OK ? check_version(c, rule) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    bool somewhere = false;
    for (size_t i = 0; i < c->count; i++) {
        const struct ch_policy_place *p = &c->places[i];
        if (is_about(rule, p)) {
            const struct ch_ecosystem *eco = ch_ecosystem_find(p->ecosystem);
            if (eco == NULL || !ch_rule_never_has_version(rule, eco)) {
                return CH_OK;
            }
            somewhere = true;
        }
    }
    if (somewhere) {
        return ch_fail(c->err, CH_E_USAGE, "%s:%u:%u: " CH_NO_VERSION, c->policy->file_name,
                       rule->version.line, rule->version.column);
    }
    return ch_fail(
        c->err, CH_E_USAGE,
        "%s:%u:%u: can never match: no repository has the environment and ecosystem that "
        "the rule \"%s\" asks for",
        c->policy->file_name, rule->line, rule->name.column, rule->name.text);
}

enum ch_code ch_policy_check_places(const struct ch_policy *policy,
                                    const struct ch_policy_place *places, size_t place_count,
                                    struct ch_err *err)
{
    struct checking c = {policy, places, place_count, err};
    enum ch_code rc = check_overrides(&c, policy->environments, policy->environment_count, true);
    rc = rc == CH_OK ? check_overrides(&c, policy->repositories, policy->repository_count, false)
                     : rc;
    for (size_t i = 0; i < policy->rule_count && rc == CH_OK; i++) {
        rc = check_rule(&c, &policy->rules[i]);
    }
    return rc == CH_OK ? ch_rules_check_reached(policy, places, place_count, err) : rc;
}
