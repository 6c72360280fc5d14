/* One rule of the policy file. */
#include "policy_int.h"

#include <stdlib.h>

#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"

static const char *const rule_keys[] = {"name",        "project",         "version",
                                        "repository",  "ecosystem",       "file_type",
                                        "larger_than", "older_than_days", "younger_than_days",
                                        "finding",     "upstream_yanked", "then",
                                        "lifts",       "reason",          NULL};
static const char *const actions[] = {
    [CH_RULE_HOLD] = "hold", [CH_RULE_ALLOW] = "allow", [CH_RULE_DENY] = "deny", NULL};
static const char *const file_types[] = {"wheel", "sdist", "egg", "other", NULL};

enum { DAYS_MAX = 36500, RULE_REASON_MAX = 120 };

static bool is_printable(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < ' ' || s.ptr[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool is_word(struct ch_str s, const char *also)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              ch_str_find_char(ch_str_of(also), c, NULL))) {
            return false;
        }
    }
    return s.len > 0;
}

/* --- lists: one value stands for a list of one --- */

typedef enum ch_code (*read_item_fn)(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                     char **ret, struct ch_err *err);

static enum ch_code read_project(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                 char **ret, struct ch_err *err)
{
    struct ch_str s = {NULL, 0};
    enum ch_code rc = ch_yaml_text(yaml, node, &s, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (!is_word(s, "._-*") || s.len > ch_limits.project_name_bytes) {
        return ch_yaml_fail_value(yaml, node, err,
                                  "is not a project name, nor a pattern where * stands for text "
                                  "without \"-\" and ** for any text");
    }
    struct ch_buf folded;
    ch_buf_init(&folded, s.len);
    ch_name_fold(&folded, s);
    *ret = ch_str_dup(ch_buf_str(&folded));
    ch_buf_done(&folded);
    return CH_OK;
}

static enum ch_code read_word(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                              char **ret, struct ch_err *err)
{
    struct ch_str s = {NULL, 0};
    enum ch_code rc = ch_yaml_text(yaml, node, &s, err);
    if (rc == CH_OK && !is_word(s, "._-")) {
        rc = ch_yaml_fail_value(yaml, node, err, "is not a name as the configuration has them");
    }
    if (rc == CH_OK) {
        *ret = ch_str_dup(s);
    }
    return rc;
}

static enum ch_code read_file_type(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                   char **ret, struct ch_err *err)
{
    size_t i = 0;
    enum ch_code rc = ch_yaml_choice(yaml, node, file_types, &i, err);
    if (rc == CH_OK) {
        *ret = ch_str_dup(ch_str_of(file_types[i]));
    }
    return rc;
}

static enum ch_code read_ecosystem(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                   char **ret, struct ch_err *err)
{
    size_t n = 0;
    while (ch_ecosystems[n] != NULL) {
        n++;
    }
    const char **names = ch_calloc(n + 1, sizeof(*names));
    for (size_t i = 0; i < n; i++) {
        names[i] = ch_ecosystems[i]->name;
    }
    size_t i = 0;
    enum ch_code rc = ch_yaml_choice(yaml, node, names, &i, err);
    if (rc == CH_OK) {
        *ret = ch_str_dup(ch_str_of(names[i]));
    }
    free(names);
    return rc;
}

static enum ch_code check_not_empty(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                    struct ch_err *err)
{
    if (node->kind == CH_YAML_LIST && node->count == 0) {
        return ch_yaml_fail(yaml, node, err,
                            "is an empty list, which would match everything; name at "
                            "least one value or leave the key out");
    }
    return node->kind == CH_YAML_MAP ? ch_yaml_check_kind(yaml, node, CH_YAML_LIST, err) : CH_OK;
}

static enum ch_code read_list(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                              const char *key, read_item_fn read, struct ch_texts *ret,
                              struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(map, key);
    if (node == NULL) {
        return CH_OK;
    }
    enum ch_code rc = check_not_empty(yaml, node, err);
    if (rc != CH_OK) {
        return rc;
    }
    bool list = node->kind == CH_YAML_LIST;
    ret->items = ch_calloc(list ? node->count : 1, sizeof(*ret->items));
    if (!list) {
        rc = read(yaml, node, &ret->items[0], err);
        ret->count = rc == CH_OK ? 1 : 0;
        return rc;
    }
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        rc = read(yaml, n, &ret->items[ret->count], err);
        ret->count += rc == CH_OK ? 1 : 0;
    }
    return rc;
}

/* --- findings --- */

static bool class_from_name(struct ch_str name, enum ch_finding_class *ret)
{
    static const enum ch_finding_class classes[] = {CH_CLASS_NOTE, CH_CLASS_IRREGULAR,
                                                    CH_CLASS_ATTACK};
    for (size_t i = 0; i < CH_ARRAY_LEN(classes); i++) {
        if (ch_str_eq(name, ch_str_of(ch_finding_class_name(classes[i])))) {
            *ret = classes[i];
            return true;
        }
    }
    return false;
}

/* "zip-comment", "note", "high", "irregular/medium" */
static bool parse_finding(struct ch_str s, struct ch_finding_pattern *ret)
{
    struct ch_finding_pattern p = {.code = CH_F_NONE};
    const struct ch_finding_row *row = ch_finding_by_name(s);
    if (row != NULL) {
        p.code = (uint32_t)row->code;
        *ret = p;
        return true;
    }
    struct ch_str rest = s;
    struct ch_str first = {NULL, 0};
    (void)ch_str_split(&rest, '/', &first);
    if (rest.ptr == NULL && ch_severity_from_name(first, &p.severity)) {
        p.any_class = true;
        *ret = p;
        return true;
    }
    if (!class_from_name(first, &p.cls) ||
        (rest.ptr != NULL && !ch_severity_from_name(rest, &p.severity))) {
        return false;
    }
    *ret = p;
    return true;
}

static enum ch_code fail_finding(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                 struct ch_err *err)
{
    const char **names = ch_calloc(1, sizeof(*names));
    size_t n = 0;
    for (const struct ch_finding_row *row = NULL; (row = ch_finding_at(n)) != NULL; n++) {
        names = ch_realloc_array(names, n + 2, sizeof(*names));
        names[n] = row->name;
        names[n + 1] = NULL;
    }
    const char *near = ch_yaml_nearest(node->text, names);
    ch_yaml_fail_value(yaml, node, err,
                       "is not a finding%s%s%s; expected the name of a finding, a class (attack, "
                       "irregular, note), a severity (info, low, medium, high) or CLASS/SEVERITY",
                       near != NULL ? " (\"" : "", near != NULL ? near : "",
                       near != NULL ? "\" is near)" : "");
    free(names);
    return CH_E_USAGE;
}

static enum ch_code read_finding(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                 struct ch_rule *rule, struct ch_err *err)
{
    if (node->kind != CH_YAML_SCALAR ||
        !parse_finding(node->text, &rule->findings[rule->finding_count])) {
        return fail_finding(yaml, node, err);
    }
    rule->finding_count++;
    return CH_OK;
}

static enum ch_code read_findings(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                                  struct ch_rule *rule, struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(map, "finding");
    if (node == NULL) {
        return CH_OK;
    }
    enum ch_code rc = check_not_empty(yaml, node, err);
    if (rc != CH_OK) {
        return rc;
    }
    bool list = node->kind == CH_YAML_LIST;
    rule->findings = ch_calloc(list ? node->count : 1, sizeof(*rule->findings));
    if (!list) {
        return read_finding(yaml, node, rule, err);
    }
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        rc = read_finding(yaml, n, rule, err);
    }
    return rc;
}

/* --- conditions with a single value --- */

/* Without the condition a rule is about every ecosystem, and its versions are read by each. */
static bool names_ecosystem(const struct ch_rule *rule, const char *name)
{
    for (size_t i = 0; i < rule->ecosystems.count; i++) {
        if (ch_str_eq(ch_str_of(rule->ecosystems.items[i]), ch_str_of(name))) {
            return true;
        }
    }
    return rule->ecosystems.count == 0;
}

static enum ch_code read_version(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                                 struct ch_rule *rule, struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(map, "version");
    struct ch_str s = {NULL, 0};
    if (node == NULL) {
        return CH_OK;
    }
    enum ch_code rc = ch_yaml_text(yaml, node, &s, err);
    if (rc != CH_OK) {
        return rc;
    }
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        struct ch_err why = {.msg = ""};
        bool match = false;
        if (!names_ecosystem(rule, ch_ecosystems[i]->name)) {
            continue;
        }
        /* CH_E_MISMATCH: the specifier was read, only the made-up version was not */
        rc = ch_ecosystems[i]->match_version(s, CH_STR("1"), &match, &why);
        if (rc != CH_OK && rc != CH_E_MISMATCH) {
            return ch_yaml_fail(yaml, node, err, "%.300s", why.msg);
        }
    }
    rule->version = ch_str_dup(s);
    return CH_OK;
}

static enum ch_code read_days(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                              const char *key, bool *ret_has, int64_t *ret_us, struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(map, key);
    uint64_t days = 0;
    if (node == NULL) {
        return CH_OK;
    }
    enum ch_code rc = ch_yaml_number(yaml, node, 1, DAYS_MAX, "days", &days, err);
    if (rc == CH_OK) {
        *ret_has = true;
        *ret_us = (int64_t)days * DAY_US;
    }
    return rc;
}

static enum ch_code read_conditions(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                                    struct ch_rule *rule, struct ch_err *err)
{
    enum ch_code rc = read_list(yaml, map, "project", read_project, &rule->projects, err);
    rc = rc == CH_OK ? read_list(yaml, map, "repository", read_word, &rule->repositories, err) : rc;
    rc = rc == CH_OK ? read_list(yaml, map, "ecosystem", read_ecosystem, &rule->ecosystems, err)
                     : rc;
    rc = rc == CH_OK ? read_list(yaml, map, "file_type", read_file_type, &rule->file_types, err)
                     : rc;
    rc = rc == CH_OK ? read_version(yaml, map, rule, err) : rc;
    rc = rc == CH_OK
             ? read_days(yaml, map, "older_than_days", &rule->has_older, &rule->older_than_us, err)
             : rc;
    rc = rc == CH_OK ? read_days(yaml, map, "younger_than_days", &rule->has_younger,
                                 &rule->younger_than_us, err)
                     : rc;
    rc = rc == CH_OK ? read_findings(yaml, map, rule, err) : rc;
    const struct ch_yaml_node *node = ch_yaml_find(map, "larger_than");
    if (rc == CH_OK && node != NULL) {
        rule->has_larger = true;
        rc = ch_yaml_size(yaml, node, 0, UINT64_MAX / 2, &rule->larger_than_bytes, err);
    }
    node = ch_yaml_find(map, "upstream_yanked");
    if (rc == CH_OK && node != NULL) {
        rule->has_yanked = true;
        rc = ch_yaml_bool(yaml, node, &rule->yanked, err);
    }
    return rc;
}

static bool has_condition(const struct ch_rule *r)
{
    return r->projects.count > 0 || r->repositories.count > 0 || r->ecosystems.count > 0 ||
           r->file_types.count > 0 || r->version != NULL || r->has_larger || r->has_older ||
           r->has_younger || r->finding_count > 0 || r->has_yanked;
}

/* --- what follows --- */

/* T9: "an exception for a finding in code names digest and finding fingerprint": of a standing
 * rule, which reaches files nobody has seen, only named findings below high are lifted. */
static enum ch_code check_lifted_findings(const struct ch_yaml *yaml, const struct ch_yaml_node *at,
                                          const struct ch_rule *rule, struct ch_err *err)
{
    if (rule->finding_count == 0) {
        return ch_yaml_fail(yaml, at, err,
                            "lifts findings, but the key \"finding\" does not name which");
    }
    for (size_t i = 0; i < rule->finding_count; i++) {
        const struct ch_finding_row *row = ch_finding_row(rule->findings[i].code);
        if (row == NULL) {
            return ch_yaml_fail(
                yaml, at, err,
                "lifts findings of a whole class; name each finding under \"finding\"");
        }
        if (row->cls == CH_CLASS_ATTACK || row->severity >= CH_SEVERITY_HIGH) {
            return ch_yaml_fail(
                yaml, at, err,
                "lifts %s, which is %s/%s: no rule can; a person may approve the one "
                "file if it is not an attack",
                row->name, ch_finding_class_name(row->cls), ch_severity_name(row->severity));
        }
    }
    return CH_OK;
}

static enum ch_code read_lift(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                              struct ch_rule *rule, struct ch_err *err)
{
    enum ch_hold_kind kind = CH_HOLD_NO_RULE;
    if (node->kind != CH_YAML_SCALAR || !ch_hold_kind_from_name(node->text, &kind) ||
        (ch_rule_liftable() & (uint64_t)1 << kind) == 0 || kind == CH_HOLD_BUILD) {
        return ch_yaml_fail_value(yaml, node, err,
                                  "is not one of cool-down, finding, rule, identity, name, licence");
    }
    rule->lifts |= (uint64_t)1 << kind;
    return kind == CH_HOLD_FINDING ? check_lifted_findings(yaml, node, rule, err) : CH_OK;
}

static enum ch_code read_lifts(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                               struct ch_rule *rule, struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(map, "lifts");
    if (node == NULL) {
        return CH_OK;
    }
    if (rule->action != CH_RULE_ALLOW) {
        return ch_yaml_fail_key(yaml, node, err, "goes only with \"then: allow\"");
    }
    if (node->kind != CH_YAML_LIST) {
        return read_lift(yaml, node, rule, err);
    }
    enum ch_code rc = CH_OK;
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        rc = read_lift(yaml, n, rule, err);
    }
    return rc;
}

static enum ch_code read_reason(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                                struct ch_rule *rule, struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(map, "reason");
    struct ch_str s = {NULL, 0};
    if (node == NULL) {
        return CH_OK;
    }
    enum ch_code rc = ch_yaml_text(yaml, node, &s, err);
    if (rc == CH_OK && (!is_printable(s) || s.len > RULE_REASON_MAX)) {
        return ch_yaml_fail_value(yaml, node, err,
                                  "is not one line of at most %d printable ASCII characters, which "
                                  "every client can show",
                                  (int)RULE_REASON_MAX);
    }
    if (rc == CH_OK) {
        rule->reason = ch_str_dup(s);
    }
    return rc;
}

static enum ch_code read_name(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                              struct ch_rule *rule, struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(map, "name");
    struct ch_str s = {NULL, 0};
    if (node == NULL) {
        return ch_yaml_fail(yaml, map, err,
                            "the key \"name\" is missing; refusals show the name of their rule");
    }
    enum ch_code rc = ch_yaml_text(yaml, node, &s, err);
    if (rc == CH_OK && (!is_word(s, "._-") || s.len > CH_RULE_NAME_MAX)) {
        return ch_yaml_fail_value(yaml, node, err,
                                  "is not a name of at most %d letters, digits, . _ -",
                                  (int)CH_RULE_NAME_MAX);
    }
    if (rc == CH_OK) {
        rule->name = ch_str_dup(s);
    }
    return rc;
}

enum ch_code ch_rule_parse(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                           struct ch_rule *ret, struct ch_err *err)
{
    ret->line = map->line;
    enum ch_code rc = ch_yaml_check_keys(yaml, map, rule_keys, err);
    rc = rc == CH_OK ? read_name(yaml, map, ret, err) : rc;
    const struct ch_yaml_node *then = rc == CH_OK ? ch_yaml_find(map, "then") : NULL;
    if (rc == CH_OK && then == NULL) {
        rc = ch_yaml_fail(yaml, map, err,
                          "the key \"then\" is missing; expected allow, hold or deny");
    }
    size_t action = CH_RULE_HOLD;
    rc = rc == CH_OK ? ch_yaml_choice(yaml, then, actions, &action, err) : rc;
    ret->action = (enum ch_rule_action)action;
    rc = rc == CH_OK ? read_conditions(yaml, map, ret, err) : rc;
    if (rc == CH_OK && !has_condition(ret)) {
        rc = ch_yaml_fail(yaml, map, err,
                          "names no condition; write project: [\"**\"] when every file is meant");
    }
    rc = rc == CH_OK ? read_lifts(yaml, map, ret, err) : rc;
    return rc == CH_OK ? read_reason(yaml, map, ret, err) : rc;
}

static void texts_done(struct ch_texts *t)
{
    for (size_t i = 0; i < t->count; i++) {
        free(t->items[i]);
    }
    free(t->items);
}

void ch_rule_done(struct ch_rule *rule)
{
    free(rule->name);
    free(rule->reason);
    free(rule->version);
    free(rule->findings);
    texts_done(&rule->projects);
    texts_done(&rule->repositories);
    texts_done(&rule->ecosystems);
    texts_done(&rule->file_types);
}
