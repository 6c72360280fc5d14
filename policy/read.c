/* Values from YAML, by the schema. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/spdx/spdx.h"
#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"
#include "policy_int.h"

struct ch_value *ch_value_at(const struct ch_key *key, void *base)
{
    return (struct ch_value *)(void *)((char *)base + key->offset);
}

const struct ch_value *ch_value_in(const struct ch_key *key, const void *base)
{
    return (const struct ch_value *)(const void *)((const char *)base + key->offset);
}

/* --- texts --- */

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

static enum ch_code read_line(const struct ch_reading *r, const struct ch_yaml_node *node,
                              const struct ch_key *key, struct ch_value *v)
{
    struct ch_str s = {NULL, 0};
    enum ch_code rc = ch_yaml_text(r->yaml, node, &s, r->err);
    if (rc != CH_OK) {
        return rc;
    }
    if (key->type == CH_KEY_RULE_NAME && (!is_word(s, "._-") || s.len > key->max)) {
        return ch_yaml_fail_value(r->yaml, node, r->err,
                                  "is not a name of at most %llu letters, digits, . _ -",
                                  (unsigned long long)key->max);
    }
    if (key->type == CH_KEY_TEXT && (!is_printable(s) || s.len > key->max)) {
        return ch_yaml_fail_value(r->yaml, node, r->err,
                                  "is not one line of at most %llu printable ASCII characters, "
                                  "which every client can show",
                                  (unsigned long long)key->max);
    }
    v->text = ch_str_dup(s);
    return CH_OK;
}

/* --- entries of lists --- */

static const char *read_project(struct ch_str text, char **ret)
{
    if (!is_word(text, "._-*") || text.len > ch_limits.project_name_bytes) {
        return "is not a project name, nor a pattern where * stands for text without \"-\" and ** "
               "for any text";
    }
    struct ch_buf folded;
    ch_buf_init(&folded, text.len);
    ch_name_fold(&folded, text);
    *ret = ch_str_dup(ch_buf_str(&folded));
    ch_buf_done(&folded);
    return NULL;
}

/* An identifier, or an identifier and the exception that goes with it; in the list's spelling. */
static const char *read_licence(const struct ch_key *key, struct ch_str text, char **ret)
{
    for (size_t i = 0; key->choices != NULL && key->choices[i] != NULL; i++) {
        if (ch_str_eq(text, ch_str_of(key->choices[i]))) {
            *ret = ch_str_dup(text);
            return NULL;
        }
    }
    if (ch_str_find_char(text, '*', NULL) && is_word(text, "._-+*")) {
        if (!ch_licence_possible(text)) {
            return "is a pattern of no SPDX licence identifier; * stands for text without \"-\", "
                   "** for "
                   "any";
        }
        *ret = ch_str_dup(text);
        return NULL;
    }
    struct ch_buf canonical;
    struct ch_err why;
    ch_buf_init(&canonical, ch_limits.policy_pattern_bytes);
    bool good = ch_spdx_canonical(text, &canonical, &why) == CH_OK && !canonical.failed;
    struct ch_str s = ch_buf_str(&canonical);
    good = good && !ch_str_find(s, CH_STR(" AND "), NULL) && !ch_str_find(s, CH_STR(" OR "), NULL);
    if (good) {
        *ret = ch_str_dup(s);
    }
    ch_buf_done(&canonical);
    return good
               ? NULL
               : "is not one SPDX licence identifier (as in MIT, GPL-3.0-only, \"GPL-2.0-only WITH "
                 "Classpath-exception-2.0\"), nor a pattern with *";
}

static const char *read_pattern(struct ch_str text, char **ret)
{
    if (!is_printable(text) || text.len == 0 || text.len > ch_limits.policy_pattern_bytes) {
        return "is not a line of printable ASCII that is short enough for a pattern";
    }
    *ret = ch_str_dup(text);
    return NULL;
}

static const char *read_spec(struct ch_str text, char *room, char **ret)
{
    struct ch_err why = {.msg = ""};
    bool known = false;
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        const struct ch_ecosystem *eco = ch_ecosystems[i];
        if (eco->match_spec != NULL && eco->match_spec(text, NULL, &known, &why) == CH_OK) {
            *ret = ch_str_dup(text);
            return NULL;
        }
    }
    CH_IGNORE(snprintf(room, CH_REASON_ROOM, "is no match spec: %s", why.msg));
    return room;
}

const char *ch_entry_read(const struct ch_key *key, struct ch_str text, char *room, char **ret)
{
    if (key->type == CH_KEY_SPECS) {
        return read_spec(text, room, ret);
    }
    if (key->type == CH_KEY_PROJECTS) {
        return read_project(text, ret);
    }
    if (key->type == CH_KEY_LICENCES) {
        return read_licence(key, text, ret);
    }
    if (key->type == CH_KEY_PATTERNS) {
        return read_pattern(text, ret);
    }
    if (!is_word(text, "._-")) {
        return "is not a name as the configuration has them";
    }
    *ret = ch_str_dup(text);
    return NULL;
}

static bool may_be_glob(enum ch_key_type type)
{
    return type == CH_KEY_PROJECTS || type == CH_KEY_LICENCES || type == CH_KEY_PATTERNS;
}

const char **ch_names_of_ecosystems(enum ch_key_type type, bool made_up)
{
    const char **names = ch_calloc(1, sizeof(*names));
    size_t n = 0;
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        const char *const name[] = {ch_ecosystems[i]->name, NULL};
        const char *const *own = type == CH_KEY_ECOSYSTEMS ? name : ch_ecosystems[i]->file_types;
        for (; *own != NULL && (made_up || !ch_ecosystems[i]->made_up); own++) {
            size_t k = 0;
            while (k < n && strcmp(names[k], *own) != 0) {
                k++;
            }
            if (k == n) {
                names = ch_realloc_array((void *)names, n + 2, sizeof(*names));
                names[n++] = *own;
                names[n] = NULL;
            }
        }
    }
    return names;
}

static enum ch_code read_of_ecosystems(const struct ch_reading *r, const struct ch_yaml_node *node,
                                       enum ch_key_type type)
{
    const char **names = ch_names_of_ecosystems(type, true);
    size_t at = 0;
    enum ch_code rc = ch_yaml_choice(r->yaml, node, names, &at, r->err);
    free((void *)names);
    return rc;
}

static enum ch_code read_reference(const struct ch_reading *r, const struct ch_yaml_node *node,
                                   const struct ch_key *key, struct ch_value *v)
{
    struct ch_str name = ch_str_sub(node->text, 1, node->text.len);
    struct ch_named_list *list = ch_lists_find(r->policy, name, key->type);
    if (list == NULL) {
        const char *kind = key->type == CH_KEY_PROJECTS   ? "projects"
                           : key->type == CH_KEY_LICENCES ? "licences"
                           : key->type == CH_KEY_SPECS    ? "specs"
                                                          : "patterns";
        return ch_yaml_fail_value(r->yaml, node, r->err,
                                  "names no list under \"lists\", \"%s\" of this policy", kind);
    }
    list->asked_for |= key->fact > 0 ? 1u << (key->fact - 1) : 0;
    v->lists = ch_realloc_array((void *)v->lists, v->list_count + 1, sizeof(*v->lists));
    v->lists[v->list_count++] = list;
    return CH_OK;
}

static enum ch_code read_findings(const struct ch_reading *r, const struct ch_yaml_node *node,
                                  const struct ch_key *key, struct ch_value *v)
{
    size_t n = v->own.exact_count;
    char *text = ch_str_dup(node->text);
    enum ch_code rc = CH_OK;
    if (key->type == CH_KEY_FINDINGS) {
        v->findings = ch_realloc_array(v->findings, n + 1, sizeof(*v->findings));
        rc = ch_finding_read(r, node, &v->findings[n]);
    } else {
        v->changes = ch_realloc_array(v->changes, n + 1, sizeof(*v->changes));
        rc = ch_change_read(r, node, text != NULL ? text : "", &v->changes[n]);
    }
    if (rc != CH_OK) {
        free(text);
        return rc;
    }
    ch_list_add(&v->own, text, false);
    return CH_OK;
}

/* Of what no file has, a rule would never be about. */
static enum ch_code check_possible(const struct ch_reading *r, const struct ch_yaml_node *node,
                                   const struct ch_key *key, struct ch_str entry)
{
    const struct ch_yaml_node *rule = node->parent;
    rule = rule != NULL && rule->kind == CH_YAML_LIST ? rule->parent : rule;
    if (key->type == CH_KEY_PROJECTS &&
        !ch_project_possible(entry, rule != NULL && rule->kind == CH_YAML_MAP
                                        ? ch_yaml_find(rule, "ecosystem")
                                        : NULL)) {
        return ch_yaml_fail_value(r->yaml, node, r->err, CH_NO_PROJECTS_NAME);
    }
    if (key->fact > 0 && !ch_fact_possible((enum ch_fact_code)(key->fact - 1), entry)) {
        struct ch_buf b;
        ch_buf_init(&b, CH_REASON_ROOM);
        ch_fact_put_expected(&b, 1u << (key->fact - 1), entry);
        ch_yaml_fail_value(r->yaml, node, r->err, "%.*s", CH_STR_ARG(ch_buf_str(&b)));
        ch_buf_done(&b);
        return CH_E_USAGE;
    }
    return CH_OK;
}

static enum ch_code read_entry(const struct ch_reading *r, const struct ch_yaml_node *node,
                               const struct ch_key *key, struct ch_value *v)
{
    struct ch_str s = {NULL, 0};
    size_t i = 0;
    char *text = NULL;
    enum ch_code rc = CH_OK;
    if (key->type == CH_KEY_FINDINGS || key->type == CH_KEY_CHANGES) {
        return read_findings(r, node, key, v);
    }
    if (key->type == CH_KEY_CHOICES) {
        rc = ch_yaml_choice(r->yaml, node, key->choices, &i, r->err);
    } else if (key->type == CH_KEY_ECOSYSTEMS || key->type == CH_KEY_FILE_TYPES) {
        rc = read_of_ecosystems(r, node, key->type);
    }
    rc = rc == CH_OK ? ch_yaml_text(r->yaml, node, &s, r->err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if ((may_be_glob(key->type) || key->type == CH_KEY_SPECS) && s.ptr[0] == '$') {
        return read_reference(r, node, key, v);
    }
    char room[CH_REASON_ROOM];
    const char *fault = ch_entry_read(key, s, room, &text);
    if (fault != NULL) {
        return ch_yaml_fail_value(r->yaml, node, r->err, "%s", fault);
    }
    rc = check_possible(r, node, key, ch_str_of(text));
    ch_list_add(&v->own, text, may_be_glob(key->type));
    return rc;
}

static enum ch_code read_list(const struct ch_reading *r, const struct ch_yaml_node *node,
                              const struct ch_key *key, struct ch_value *v)
{
    enum ch_code rc = CH_OK;
    if (node->kind == CH_YAML_MAP) {
        return ch_yaml_check_kind(r->yaml, node, CH_YAML_LIST, r->err);
    }
    if (node->kind == CH_YAML_SCALAR) {
        rc = read_entry(r, node, key, v);
    } else if (node->count < key->min) {
        return ch_yaml_fail(r->yaml, node, r->err,
                            "is an empty list, which would match everything; name at "
                            "least one value or leave the key out");
    }
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        rc = read_entry(r, n, key, v);
    }
    if (key->type != CH_KEY_FINDINGS && key->type != CH_KEY_CHANGES) {
        ch_list_sort(&v->own);
    }
    return rc;
}

/* --- a number for each ecosystem --- */

static enum ch_code read_numbers(const struct ch_reading *r, const struct ch_yaml_node *node,
                                 const struct ch_key *key, struct ch_value *v)
{
    enum ch_code rc = ch_yaml_check_kind(r->yaml, node, CH_YAML_MAP, r->err);
    v->numbers = ch_calloc(node->count + 1, sizeof(*v->numbers));
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        if (ch_ecosystem_find(n->key) == NULL) {
            return ch_yaml_fail_key(r->yaml, n, r->err, "is not an ecosystem");
        }
        rc = ch_yaml_number(r->yaml, n, key->min, key->max, key->unit,
                            &v->numbers[v->own.exact_count], r->err);
        if (rc == CH_OK) {
            ch_list_add(&v->own, ch_str_dup(n->key), false);
        }
    }
    return rc;
}

/* --- a specifier: some ecosystem that the rule is about has to understand it; that all do whose
 * repositories it is about is checked against those that there are (check_places.c) --- */

static bool is_meant(const struct ch_yaml_node *ecosystems, struct ch_str name)
{
    bool meant = ecosystems == NULL || ch_str_eq(ecosystems->text, name);
    const struct ch_yaml_node *n = ecosystems != NULL ? ecosystems->child : NULL;
    for (; n != NULL && !meant; n = n->next) {
        meant = ch_str_eq(n->text, name);
    }
    return meant;
}

static enum ch_code read_version(const struct ch_reading *r, const struct ch_yaml_node *node,
                                 struct ch_value *v)
{
    struct ch_str s = {NULL, 0};
    struct ch_err first = {.msg = ""};
    bool read = false;
    enum ch_code rc = ch_yaml_text(r->yaml, node, &s, r->err);
    const struct ch_yaml_node *of =
        node->parent != NULL ? ch_yaml_find(node->parent, "ecosystem") : NULL;
    for (size_t i = 0; rc == CH_OK && ch_ecosystems[i] != NULL && !read; i++) {
        struct ch_err why = {.msg = ""};
        if (is_meant(of, ch_str_of(ch_ecosystems[i]->name))) {
            read = ch_ecosystem_reads(ch_ecosystems[i], s, &why) == CH_OK;
            first = first.msg[0] == '\0' ? why : first;
        }
    }
    if (rc == CH_OK && !read) {
        return ch_yaml_fail(r->yaml, node, r->err, "%.300s", first.msg);
    }
    if (rc == CH_OK) {
        v->text = ch_str_dup(s);
    }
    return rc;
}

/* --- any value --- */

static enum ch_code read_scalar(const struct ch_reading *r, const struct ch_yaml_node *node,
                                const struct ch_key *key, struct ch_value *v)
{
    bool yes = false;
    size_t i = 0;
    enum ch_code rc = CH_OK;
    if (key->type == CH_KEY_NUMBER) {
        return ch_yaml_number(r->yaml, node, key->min, key->max, key->unit, &v->number, r->err);
    }
    if (key->type == CH_KEY_SIZE) {
        return ch_yaml_size(r->yaml, node, key->min, key->max, &v->number, r->err);
    }
    if (key->type == CH_KEY_BOOL) {
        rc = ch_yaml_bool(r->yaml, node, &yes, r->err);
        v->number = yes ? 1 : 0;
        return rc;
    }
    if (key->type == CH_KEY_CHOICE) {
        rc = ch_yaml_choice(r->yaml, node, key->choices, &i, r->err);
        v->number = i;
        return rc;
    }
    return key->type == CH_KEY_VERSION ? read_version(r, node, v) : read_line(r, node, key, v);
}

static enum ch_code read_value(const struct ch_reading *r, const struct ch_yaml_node *node,
                               const struct ch_key *key, void *base)
{
    if (key->type == CH_KEY_SECTION) {
        return ch_keys_read(r, node, key->section, base);
    }
    struct ch_value *v = ch_value_at(key, base);
    ch_value_done(v); /* a default may stand there */
    v->line = node->key_line;
    v->column = node->key_column;
    if (ch_key_is_list(key->type)) {
        return read_list(r, node, key, v);
    }
    return key->type == CH_KEY_NUMBERS ? read_numbers(r, node, key, v)
                                       : read_scalar(r, node, key, v);
}

enum ch_code ch_keys_read(const struct ch_reading *r, const struct ch_yaml_node *map,
                          const struct ch_key *keys, void *base)
{
    size_t n = 0;
    while (keys[n].key != NULL) {
        n++;
    }
    const char **names = ch_calloc(n + 1, sizeof(*names));
    for (size_t i = 0; i < n; i++) {
        names[i] = keys[i].key;
    }
    enum ch_code rc = ch_yaml_check_keys(r->yaml, map, names, r->err);
    free((void *)names);
    for (size_t i = 0; i < n && rc == CH_OK; i++) {
        const struct ch_yaml_node *node = ch_yaml_find(map, keys[i].key);
        if (node != NULL && !ch_key_is_structural(keys[i].type)) {
            rc = read_value(r, node, &keys[i], base);
        }
    }
    return rc;
}

/* --- defaults: they go the way of what is written, so they cannot mean anything else --- */

static void set_default(const struct ch_reading *r, const struct ch_key *key, void *base)
{
    struct ch_str rest = ch_str_of(key->def);
    struct ch_value *v = ch_value_at(key, base);
    if (!ch_key_is_list(key->type)) {
        struct ch_yaml_node node = {.text = rest, .plain = true};
        CH_ASSERT(read_scalar(r, &node, key, v) == CH_OK);
        return;
    }
    for (size_t comma = 0; rest.len > 0;) {
        bool more = ch_str_find(rest, CH_STR(", "), &comma);
        struct ch_yaml_node node = {.text = ch_str_sub(rest, 0, more ? comma : rest.len),
                                    .plain = true};
        CH_ASSERT(read_entry(r, &node, key, v) == CH_OK);
        rest = more ? ch_str_sub(rest, comma + 2, rest.len) : (struct ch_str){NULL, 0};
    }
    ch_list_sort(&v->own);
}

void ch_keys_set_defaults(const struct ch_reading *r, const struct ch_key *keys, void *base)
{
    for (const struct ch_key *k = keys; k->key != NULL; k++) {
        if (k->type == CH_KEY_SECTION) {
            ch_keys_set_defaults(r, k->section, base);
        } else if (k->def != NULL && !ch_key_is_structural(k->type)) {
            set_default(r, k, base);
        }
    }
}

void ch_keys_done(const struct ch_key *keys, void *base)
{
    for (const struct ch_key *k = keys; k->key != NULL; k++) {
        if (k->type == CH_KEY_SECTION) {
            ch_keys_done(k->section, base);
        } else if (!ch_key_is_structural(k->type)) {
            ch_value_done(ch_value_at(k, base));
        }
    }
}
