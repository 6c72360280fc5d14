/* The policy file as a whole. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "policy_int.h"

static enum ch_code read_format(const struct ch_reading *r, const struct ch_yaml_node *root)
{
    const struct ch_yaml_node *node = ch_yaml_find(root, "version");
    uint64_t v = 0;
    if (node == NULL) {
        return ch_yaml_fail(r->yaml, root, r->err,
                            "the key \"version\" is missing; expected version: 1");
    }
    const struct ch_key *key = &ch_policy_keys[0];
    CH_ASSERT(key->type == CH_KEY_FORMAT);
    return ch_yaml_number(r->yaml, node, key->min, key->max, "", &v, r->err);
}

/* --- rules --- */

static enum ch_code check_name(const struct ch_reading *r, const struct ch_yaml_node *map)
{
    const struct ch_policy *p = r->policy;
    struct ch_str name = ch_str_of(p->rules[p->rule_count - 1].name.text);
    for (size_t i = 0; i + 1 < p->rule_count; i++) {
        if (ch_str_eq(ch_str_of(p->rules[i].name.text), name)) {
            return ch_yaml_fail_value(r->yaml, ch_yaml_find(map, "name"), r->err,
                                      "is the name of the rule in line %u already",
                                      p->rules[i].line);
        }
    }
    return CH_OK;
}

static enum ch_code read_rules(const struct ch_reading *r, const struct ch_yaml_node *root)
{
    const struct ch_yaml_node *node = ch_yaml_find(root, "rules");
    struct ch_policy *p = r->policy;
    if (node == NULL) {
        return CH_OK;
    }
    enum ch_code rc = ch_yaml_check_kind(r->yaml, node, CH_YAML_LIST, r->err);
    if (rc != CH_OK) {
        return rc;
    }
    if (node->count > ch_limits.policy_rules) {
        return ch_yaml_fail(r->yaml, node, r->err, "has %zu rules; at most %llu are taken",
                            node->count, (unsigned long long)ch_limits.policy_rules);
    }
    p->rules = ch_calloc(node->count + 1, sizeof(*p->rules));
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        rc = ch_rule_parse(r, n, &p->rules[p->rule_count++]);
        rc = rc == CH_OK ? check_name(r, n) : rc;
    }
    return rc == CH_OK ? ch_rules_check_reached(p, NULL, 0, r->err) : rc;
}

/* --- settings for some --- */

static bool is_place_name(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
            return false;
        }
    }
    return s.len > 0;
}

static enum ch_code check_overridable(const struct ch_reading *r, const struct ch_yaml_node *map)
{
    for (const struct ch_key *k = ch_policy_keys; k->key != NULL; k++) {
        const struct ch_yaml_node *node =
            map->kind == CH_YAML_MAP ? ch_yaml_find(map, k->key) : NULL;
        if (node != NULL && ch_key_is_structural(k->type)) {
            return ch_yaml_fail_key(r->yaml, node, r->err, "goes only at the top of the policy");
        }
    }
    return CH_OK;
}

static enum ch_code read_overrides(const struct ch_reading *r, const struct ch_yaml_node *root,
                                   const char *key, struct ch_override **ret, size_t *ret_count)
{
    const struct ch_yaml_node *node = ch_yaml_find(root, key);
    if (node == NULL) {
        return CH_OK;
    }
    enum ch_code rc = ch_yaml_check_kind(r->yaml, node, CH_YAML_MAP, r->err);
    if (rc == CH_OK && node->count > ch_limits.policy_overrides) {
        rc = ch_yaml_fail(r->yaml, node, r->err, "has %zu entries; at most %llu are taken",
                          node->count, (unsigned long long)ch_limits.policy_overrides);
    }
    if (rc != CH_OK) {
        return rc;
    }
    *ret = ch_calloc(node->count + 1, sizeof(**ret));
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        struct ch_override *o = &(*ret)[(*ret_count)++];
        o->name = ch_str_dup(n->key);
        o->line = n->key_line;
        o->column = n->key_column;
        if (!is_place_name(n->key)) {
            return ch_yaml_fail_key(r->yaml, n, r->err,
                                    "is not a name as the configuration has them");
        }
        rc = check_overridable(r, n);
        rc = rc == CH_OK ? ch_keys_read(r, n, ch_policy_keys, &o->settings) : rc;
        rc = rc == CH_OK ? ch_settings_check(r, n, &o->settings, &r->policy->settings) : rc;
    }
    return rc;
}

/* --- the file --- */

static enum ch_code read_policy(const struct ch_reading *r)
{
    const struct ch_yaml_node *root = ch_yaml_root(r->yaml);
    struct ch_policy *p = r->policy;
    const struct ch_yaml_node *lists = ch_yaml_find(root, "lists");
    ch_keys_set_defaults(r, ch_policy_keys, &p->settings);
    enum ch_code rc = read_format(r, root);
    rc = rc == CH_OK && lists != NULL ? ch_lists_read(r, lists) : rc;
    rc = rc == CH_OK ? ch_keys_read(r, root, ch_policy_keys, &p->settings) : rc;
    rc = rc == CH_OK ? ch_settings_check(r, root, &p->settings, &p->settings) : rc;
    rc = rc == CH_OK
             ? read_overrides(r, root, "environments", &p->environments, &p->environment_count)
             : rc;
    rc = rc == CH_OK
             ? read_overrides(r, root, "repositories", &p->repositories, &p->repository_count)
             : rc;
    rc = rc == CH_OK ? read_rules(r, root) : rc;
    return rc == CH_OK && lists != NULL ? ch_lists_check_asked(r, lists) : rc;
}

enum ch_code ch_policy_parse(struct ch_str bundle, const char *file_name,
                             struct ch_policy **ret_policy, struct ch_err *err)
{
    struct ch_yaml *yaml = NULL;
    if (!ch_bundle_is_whole(bundle)) {
        return ch_fail(err, CH_E_USAGE, "%s:1:1: has a NUL, and so is no text", file_name);
    }
    enum ch_code rc = ch_yaml_parse(ch_policy_bundle_text(bundle), file_name, &yaml, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_policy *p = ch_calloc(1, sizeof(*p));
    struct ch_reading r = {.yaml = yaml, .bundle = bundle, .policy = p, .err = err};
    p->file_name = ch_str_dup(ch_str_of(file_name));
    p->digest = ch_sha256_of(bundle.ptr, bundle.len);
    rc = read_policy(&r);
    ch_yaml_free(yaml);
    if (rc != CH_OK) {
        ch_policy_free(p);
        return rc;
    }
    *ret_policy = p;
    return CH_OK;
}

static void free_overrides(struct ch_override *overrides, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(overrides[i].name);
        ch_keys_done(ch_policy_keys, &overrides[i].settings);
    }
    free(overrides);
}

void ch_policy_free(struct ch_policy *policy)
{
    if (policy == NULL) {
        return;
    }
    for (size_t i = 0; i < policy->rule_count; i++) {
        ch_keys_done(ch_policy_rule_keys, &policy->rules[i]);
    }
    for (size_t i = 0; i < policy->list_count; i++) {
        free(policy->lists[i].name);
        free(policy->lists[i].file);
        ch_list_done(&policy->lists[i].list);
    }
    free_overrides(policy->environments, policy->environment_count);
    free_overrides(policy->repositories, policy->repository_count);
    ch_keys_done(ch_policy_keys, &policy->settings);
    free(policy->rules);
    free(policy->lists);
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
    return (uint32_t)policy->settings.cool_down_days.number;
}
