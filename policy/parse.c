/* The policy file as a whole. */
#include "policy_int.h"

#include <stdlib.h>

#include "customhouse/limits.h"

static const char *const keys[] = {"version",
                                   "cool_down_days",
                                   "mode",
                                   "hold_findings",
                                   "index_confirm_hours",
                                   "release_yanked",
                                   "require_hash",
                                   "rules",
                                   NULL};
static const char *const modes[] = {
    [CH_MODE_ALLOW_LIST] = "allow-list", [CH_MODE_OPEN] = "open", NULL};
static const char *const severities[] = {[CH_SEVERITY_INFO] = "info",
                                         [CH_SEVERITY_LOW] = "low",
                                         [CH_SEVERITY_MEDIUM] = "medium",
                                         [CH_SEVERITY_HIGH] = "high",
                                         NULL};

enum { FORMAT_VERSION = 1, COOL_DOWN_MAX_DAYS = 3650, CONFIRM_MAX_HOURS = 168 };

static enum ch_code read_version(const struct ch_yaml *yaml, const struct ch_yaml_node *root,
                                 struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(root, "version");
    uint64_t v = 0;
    if (node == NULL) {
        return ch_yaml_fail(yaml, root, err, "the key \"version\" is missing; expected version: 1");
    }
    return ch_yaml_number(yaml, node, FORMAT_VERSION, FORMAT_VERSION, "", &v, err);
}

static enum ch_code read_number(const struct ch_yaml *yaml, const struct ch_yaml_node *root,
                                const char *key, uint64_t max, const char *unit, uint64_t *ret,
                                uint32_t *ret_line, struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(root, key);
    if (node == NULL) {
        return CH_OK;
    }
    *ret_line = node->key_line;
    return ch_yaml_number(yaml, node, 0, max, unit, ret, err);
}

static enum ch_code read_choice(const struct ch_yaml *yaml, const struct ch_yaml_node *root,
                                const char *key, const char *const *names, size_t *ret,
                                uint32_t *ret_line, struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(root, key);
    if (node == NULL) {
        return CH_OK;
    }
    *ret_line = node->key_line;
    return ch_yaml_choice(yaml, node, names, ret, err);
}

static enum ch_code read_bool(const struct ch_yaml *yaml, const struct ch_yaml_node *root,
                              const char *key, bool *ret, uint32_t *ret_line, struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(root, key);
    if (node == NULL) {
        return CH_OK;
    }
    *ret_line = node->key_line;
    return ch_yaml_bool(yaml, node, ret, err);
}

static enum ch_code check_name(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                               const struct ch_policy *p, struct ch_err *err)
{
    struct ch_str name = ch_str_of(p->rules[p->rule_count - 1].name);
    for (size_t i = 0; i + 1 < p->rule_count; i++) {
        if (ch_str_eq(ch_str_of(p->rules[i].name), name)) {
            return ch_yaml_fail_value(yaml, ch_yaml_find(map, "name"), err,
                                      "is the name of the rule in line %u already",
                                      p->rules[i].line);
        }
    }
    return CH_OK;
}

static enum ch_code read_rules(const struct ch_yaml *yaml, const struct ch_yaml_node *root,
                               struct ch_policy *p, struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(root, "rules");
    if (node == NULL) {
        return CH_OK;
    }
    enum ch_code rc = ch_yaml_check_kind(yaml, node, CH_YAML_LIST, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (node->count > ch_limits.policy_rules) {
        return ch_yaml_fail(yaml, node, err, "has %zu rules; at most %llu are taken", node->count,
                            (unsigned long long)ch_limits.policy_rules);
    }
    p->rules = ch_calloc(node->count + 1, sizeof(*p->rules));
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        rc = ch_rule_parse(yaml, n, &p->rules[p->rule_count++], err);
        rc = rc == CH_OK ? check_name(yaml, n, p, err) : rc;
    }
    return rc;
}

static enum ch_code read_policy(const struct ch_yaml *yaml, struct ch_policy *p, struct ch_err *err)
{
    const struct ch_yaml_node *root = ch_yaml_root(yaml);
    size_t mode = CH_MODE_OPEN;
    size_t severity = CH_SEVERITY_HIGH;
    uint32_t line = 0;
    enum ch_code rc = ch_yaml_check_keys(yaml, root, keys, err);
    rc = rc == CH_OK ? read_version(yaml, root, err) : rc;
    rc = rc == CH_OK ? read_number(yaml, root, "cool_down_days", COOL_DOWN_MAX_DAYS, "days",
                                   &p->cool_down_days, &p->cool_down_line, err)
                     : rc;
    rc = rc == CH_OK ? read_choice(yaml, root, "mode", modes, &mode, &p->mode_line, err) : rc;
    rc = rc == CH_OK ? read_choice(yaml, root, "hold_findings", severities, &severity,
                                   &p->hold_findings_line, err)
                     : rc;
    rc = rc == CH_OK ? read_number(yaml, root, "index_confirm_hours", CONFIRM_MAX_HOURS, "hours",
                                   &p->index_confirm_hours, &line, err)
                     : rc;
    rc = rc == CH_OK ? read_bool(yaml, root, "release_yanked", &p->release_yanked, &line, err) : rc;
    rc = rc == CH_OK
             ? read_bool(yaml, root, "require_hash", &p->require_hash, &p->require_hash_line, err)
             : rc;
    p->mode = (enum ch_policy_mode)mode;
    p->hold_severity = (enum ch_severity)severity;
    return rc == CH_OK ? read_rules(yaml, root, p, err) : rc;
}

enum ch_code ch_policy_parse(struct ch_str text, const char *file_name,
                             struct ch_policy **ret_policy, struct ch_err *err)
{
    struct ch_yaml *yaml = NULL;
    enum ch_code rc = ch_yaml_parse(text, file_name, &yaml, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_policy *p = ch_calloc(1, sizeof(*p));
    p->file_name = ch_str_dup(ch_str_of(file_name));
    p->digest = ch_sha256_of(text.ptr, text.len);
    p->cool_down_days = 7;
    p->index_confirm_hours = 1;
    rc = read_policy(yaml, p, err);
    ch_yaml_free(yaml);
    if (rc != CH_OK) {
        ch_policy_free(p);
        return rc;
    }
    *ret_policy = p;
    return CH_OK;
}

void ch_policy_free(struct ch_policy *policy)
{
    if (policy == NULL) {
        return;
    }
    for (size_t i = 0; i < policy->rule_count; i++) {
        ch_rule_done(&policy->rules[i]);
    }
    free(policy->rules);
    free(policy->file_name);
    free(policy);
}

struct ch_sha256 ch_policy_digest(const struct ch_policy *policy)
{
    return policy->digest;
}

const char *ch_policy_file_name(const struct ch_policy *policy)
{
    return policy->file_name;
}

uint32_t ch_policy_cool_down_days(const struct ch_policy *policy)
{
    return (uint32_t)policy->cool_down_days;
}

bool ch_policy_lists_project(const struct ch_policy *policy, struct ch_str repository,
                             struct ch_str project)
{
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct ch_rule *r = &policy->rules[i];
        bool here = r->repositories.count == 0;
        for (size_t k = 0; k < r->repositories.count; k++) {
            here = here || ch_str_eq(ch_str_of(r->repositories.items[k]), repository);
        }
        for (size_t k = 0; r->action == CH_RULE_ALLOW && here && k < r->projects.count; k++) {
            if (ch_glob_match(ch_str_of(r->projects.items[k]), project)) {
                return true;
            }
        }
    }
    return false;
}
