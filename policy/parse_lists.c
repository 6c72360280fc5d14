/* Named lists, in the policy or in files beside it, and the bundle that carries those files. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "policy_int.h"

/* --- the bundle: TEXT (NUL NAME NUL TEXT)*. No YAML that is taken has a NUL. --- */

struct ch_str ch_policy_bundle_text(struct ch_str bundle)
{
    struct ch_str rest = bundle;
    struct ch_str text = {NULL, 0};
    (void)ch_str_split(&rest, '\0', &text);
    return text;
}

/* A name that stays in its folder: "No path escapes". */
static bool is_plain_name(struct ch_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
            return false;
        }
    }
    return name.len > 0 && name.len <= ch_limits.file_name_bytes;
}

enum ch_code ch_policy_bundle_add(struct ch_buf *bundle, struct ch_str name, struct ch_str text,
                                  struct ch_err *err)
{
    if (!is_plain_name(name)) {
        return ch_fail(err, CH_E_USAGE, "the name of a list's file is not a plain one");
    }
    size_t nul;
    if (ch_str_find_char(text, '\0', &nul)) {
        size_t line = 1, column = 1;
        for (size_t i = 0; i < nul; i++) {
            line += text.ptr[i] == '\n';
            column = text.ptr[i] == '\n' ? 1 : column + 1;
        }
        return ch_fail(err, CH_E_USAGE,
                       "%.*s:%zu:%zu: has a NUL, expected a text with one entry on each line",
                       CH_STR_ARG(name), line, column);
    }
    ch_buf_putc(bundle, '\0');
    ch_buf_puts(bundle, name);
    ch_buf_putc(bundle, '\0');
    ch_buf_puts(bundle, text);
    return ch_buf_ok(bundle, err);
}

/* Whether everything behind the policy's own text is files with plain names: a text that has a NUL
 * for another reason is not read up to it and taken for the whole. */
bool ch_bundle_is_whole(struct ch_str bundle)
{
    struct ch_str rest = bundle;
    struct ch_str part = {NULL, 0};
    (void)ch_str_split(&rest, '\0', &part);
    while (rest.ptr != NULL) {
        struct ch_str name = {NULL, 0};
        (void)ch_str_split(&rest, '\0', &name);
        if (!is_plain_name(name) || !ch_str_split(&rest, '\0', &part)) {
            return false;
        }
    }
    return true;
}

bool ch_bundle_find(struct ch_str bundle, struct ch_str name, struct ch_str *ret_text)
{
    struct ch_str rest = bundle;
    struct ch_str part = {NULL, 0};
    (void)ch_str_split(&rest, '\0', &part);
    while (rest.ptr != NULL) {
        struct ch_str own = {NULL, 0};
        (void)ch_str_split(&rest, '\0', &own);
        bool whole = ch_str_split(&rest, '\0', &part);
        if (whole && ch_str_eq(own, name)) {
            *ret_text = part;
            return true;
        }
    }
    return false;
}

/* --- entries --- */

static enum ch_code too_many(const struct ch_reading *r, const struct ch_yaml_node *node)
{
    return ch_yaml_fail(r->yaml, node, r->err, "has more than %llu entries",
                        (unsigned long long)ch_limits.policy_list_entries);
}

static size_t entries_of(const struct ch_list *list)
{
    return list->exact_count + list->glob_count;
}

/* Takes lines off *text up to the next one with an entry; blank ones and what follows a # is
 * nothing. *number is that of the line before, then its own. False: there is none. */
static bool next_entry(struct ch_str *text, size_t *number, struct ch_str *ret)
{
    struct ch_str line = {NULL, 0};
    while (ch_str_split(text, '\n', &line)) {
        (*number)++;
        if (ch_str_ends(line, CH_STR("\r"))) {
            line.len--;
        }
        (void)ch_str_split(&line, '#', ret);
        *ret = ch_str_trim(*ret);
        if (ret->len > 0) {
            return true;
        }
    }
    return false;
}

CH_PRINTF(5, 6)
static enum ch_code fail_entry(const struct ch_reading *r, const struct ch_named_list *list,
                               size_t number, struct ch_str entry, const char *fmt, ...)
{
    char fault[CH_REASON_ROOM];
    struct ch_buf shown;
    va_list va;
    va_start(va, fmt);
    (void)vsnprintf(fault, sizeof(fault), fmt, va);
    va_end(va);
    ch_buf_init(&shown, CH_REASON_ROOM);
    ch_buf_put_escaped(&shown, ch_str_sub(entry, 0, CH_REASON_MAX / 2));
    ch_fail(r->err, CH_E_USAGE, "%s:%zu:1: \"%.*s\" %s", list->file, number,
            CH_STR_ARG(ch_buf_str(&shown)), fault);
    ch_buf_done(&shown);
    return CH_E_USAGE;
}

static const char *take_entry(struct ch_named_list *list, struct ch_str text, char *room)
{
    char *entry = NULL;
    const char *fault = ch_entry_read(list->kind, text, room, &entry);
    if (fault == NULL && list->kind->type == CH_KEY_PROJECTS &&
        !ch_project_possible(ch_str_of(entry), NULL)) {
        free(entry);
        fault = CH_NO_PROJECTS_NAME;
    } else if (fault == NULL) {
        ch_list_add(&list->list, entry, list->kind->type != CH_KEY_SPECS);
    }
    return fault;
}

static enum ch_code read_file(const struct ch_reading *r, const struct ch_yaml_node *node,
                              struct ch_str text, struct ch_named_list *list)
{
    struct ch_str rest = text;
    struct ch_str entry = {NULL, 0};
    for (size_t number = 0; next_entry(&rest, &number, &entry);) {
        char room[CH_REASON_ROOM];
        const char *fault = take_entry(list, entry, room);
        if (fault != NULL) {
            return fail_entry(r, list, number, entry, "%s", fault);
        }
        if (entries_of(&list->list) > ch_limits.policy_list_entries) {
            return too_many(r, node);
        }
    }
    if (entries_of(&list->list) == 0) {
        return ch_yaml_fail(r->yaml, node, r->err, "names a file without any entry");
    }
    return CH_OK;
}

static enum ch_code read_beside(const struct ch_reading *r, const struct ch_yaml_node *map,
                                struct ch_named_list *list)
{
    static const char *const keys[] = {"file", NULL};
    const struct ch_yaml_node *node = NULL;
    struct ch_str name = {NULL, 0};
    struct ch_str text = {NULL, 0};
    enum ch_code rc = ch_yaml_check_keys(r->yaml, map, keys, r->err);
    if (rc == CH_OK && (node = ch_yaml_find(map, "file")) == NULL) {
        rc = ch_yaml_fail(r->yaml, map, r->err, "the key \"file\" is missing");
    }
    rc = rc == CH_OK ? ch_yaml_text(r->yaml, node, &name, r->err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if (!is_plain_name(name)) {
        return ch_yaml_fail_value(r->yaml, node, r->err,
                                  "is not the name of a file beside the policy: letters, digits, "
                                  ". _ -, and no folder");
    }
    if (!ch_bundle_find(r->bundle, name, &text)) {
        return ch_yaml_fail_value(r->yaml, node, r->err, "is no file beside the policy");
    }
    list->file = ch_str_dup(name);
    return read_file(r, node, text, list);
}

static enum ch_code read_here(const struct ch_reading *r, const struct ch_yaml_node *node,
                              struct ch_named_list *list)
{
    enum ch_code rc = ch_yaml_check_kind(r->yaml, node, CH_YAML_LIST, r->err);
    if (rc == CH_OK && node->count == 0) {
        return ch_yaml_fail(r->yaml, node, r->err,
                            "is an empty list; a rule that speaks of it could never match");
    }
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        struct ch_str s = {NULL, 0};
        rc = ch_yaml_text(r->yaml, n, &s, r->err);
        char room[CH_REASON_ROOM];
        const char *fault = rc == CH_OK ? take_entry(list, s, room) : NULL;
        if (fault != NULL) {
            rc = ch_yaml_fail_value(r->yaml, n, r->err, "%s", fault);
        }
    }
    return rc == CH_OK && entries_of(&list->list) > ch_limits.policy_list_entries
               ? too_many(r, node)
               : rc;
}

static bool is_list_name(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-' || c == '.')) {
            return false;
        }
    }
    return s.len > 0 && s.len <= CH_RULE_NAME_MAX;
}

static enum ch_code read_one(const struct ch_reading *r, const struct ch_yaml_node *node,
                             const struct ch_key *kind)
{
    struct ch_policy *p = r->policy;
    if (!is_list_name(node->key)) {
        return ch_yaml_fail_key(r->yaml, node, r->err,
                                "is not a name of at most %d letters, digits, . _ -",
                                (int)CH_RULE_NAME_MAX);
    }
    struct ch_named_list *list = &p->lists[p->list_count++];
    *list =
        (struct ch_named_list){.name = ch_str_dup(node->key), .kind = kind, .line = node->key_line};
    enum ch_code rc =
        node->kind == CH_YAML_MAP ? read_beside(r, node, list) : read_here(r, node, list);
    ch_list_sort(&list->list);
    return rc;
}

enum ch_code ch_lists_read(const struct ch_reading *r, const struct ch_yaml_node *node)
{
    const char *names[] = {NULL, NULL, NULL, NULL, NULL};
    size_t count = 0;
    for (size_t i = 0; ch_policy_list_kinds[i].key != NULL; i++) {
        CH_ASSERT(i + 1 < CH_ARRAY_LEN(names));
        names[i] = ch_policy_list_kinds[i].key;
    }
    enum ch_code rc = ch_yaml_check_keys(r->yaml, node, names, r->err);
    for (const struct ch_yaml_node *n = node->child; n != NULL && rc == CH_OK; n = n->next) {
        rc = ch_yaml_check_kind(r->yaml, n, CH_YAML_MAP, r->err);
        count += n->count;
    }
    if (rc == CH_OK && count > ch_limits.policy_lists) {
        rc = ch_yaml_fail(r->yaml, node, r->err, "has %zu lists; at most %llu are taken", count,
                          (unsigned long long)ch_limits.policy_lists);
    }
    if (rc != CH_OK) {
        return rc;
    }
    /* never moved again: values borrow from it */
    r->policy->lists = ch_calloc(count + 1, sizeof(*r->policy->lists));
    for (size_t i = 0; ch_policy_list_kinds[i].key != NULL; i++) {
        const struct ch_yaml_node *kind = ch_yaml_find(node, ch_policy_list_kinds[i].key);
        const struct ch_yaml_node *n = kind != NULL ? kind->child : NULL;
        for (; n != NULL && rc == CH_OK; n = n->next) {
            rc = read_one(r, n, &ch_policy_list_kinds[i]);
        }
    }
    return rc;
}

struct ch_named_list *ch_lists_find(const struct ch_policy *policy, struct ch_str name,
                                    enum ch_key_type kind)
{
    for (size_t i = 0; i < policy->list_count; i++) {
        struct ch_named_list *list = &policy->lists[i];
        if (list->kind->type == kind && ch_str_eq(ch_str_of(list->name), name)) {
            return list;
        }
    }
    return NULL;
}

/* --- patterns against the facts that they are asked for --- */

static bool can_be_asked(const struct ch_named_list *list, struct ch_str entry)
{
    for (unsigned code = 0; code < CH_FACT_COUNT; code++) {
        if ((list->asked_for & 1u << code) != 0 &&
            ch_fact_possible((enum ch_fact_code)code, entry)) {
            return true;
        }
    }
    return list->asked_for == 0;
}

static enum ch_code check_asked(const struct ch_reading *r, const struct ch_yaml_node *node,
                                const struct ch_named_list *list)
{
    struct ch_str text = {NULL, 0};
    struct ch_str entry = {NULL, 0};
    struct ch_buf b;
    enum ch_code rc = CH_OK;
    ch_buf_init(&b, CH_REASON_ROOM);
    const struct ch_yaml_node *n = list->file == NULL ? node->child : NULL;
    for (; n != NULL && rc == CH_OK; n = n->next) {
        if (!can_be_asked(list, n->text)) {
            ch_fact_put_expected(&b, list->asked_for, n->text);
            rc = ch_yaml_fail_value(r->yaml, n, r->err, "%.*s", CH_STR_ARG(ch_buf_str(&b)));
        }
    }
    bool beside = list->file != NULL && ch_bundle_find(r->bundle, ch_str_of(list->file), &text);
    for (size_t number = 0; beside && rc == CH_OK && next_entry(&text, &number, &entry);) {
        if (!can_be_asked(list, entry)) {
            ch_fact_put_expected(&b, list->asked_for, entry);
            rc = fail_entry(r, list, number, entry, "%.*s", CH_STR_ARG(ch_buf_str(&b)));
        }
    }
    ch_buf_done(&b);
    return rc;
}

enum ch_code ch_lists_check_asked(const struct ch_reading *r, const struct ch_yaml_node *node)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; i < r->policy->list_count && rc == CH_OK; i++) {
        const struct ch_named_list *list = &r->policy->lists[i];
        if (list->asked_for != 0) {
            rc =
                check_asked(r, ch_yaml_find(ch_yaml_find(node, list->kind->key), list->name), list);
        }
    }
    return rc;
}

/* --- which files a policy names: asked before they can be read --- */

static void each_of_kind(const struct ch_yaml_node *kind, ch_policy_file_fn *fn, void *arg,
                         struct ch_buf *seen)
{
    for (const struct ch_yaml_node *n = kind->child; n != NULL; n = n->next) {
        const struct ch_yaml_node *file = n->kind == CH_YAML_MAP ? ch_yaml_find(n, "file") : NULL;
        struct ch_str none = {NULL, 0};
        if (file == NULL || !is_plain_name(file->text) ||
            ch_bundle_find(ch_buf_str(seen), file->text, &none)) {
            continue; /* what is wrong with it is told by ch_policy_parse */
        }
        ch_buf_putc(seen, '\0');
        ch_buf_puts(seen, file->text);
        ch_buf_putc(seen, '\0');
        fn(arg, file->text, file->line, file->column);
    }
}

enum ch_code ch_policy_each_file(struct ch_str text, const char *file_name, ch_policy_file_fn *fn,
                                 void *arg, struct ch_err *err)
{
    struct ch_yaml *yaml = NULL;
    enum ch_code rc = ch_yaml_parse(ch_policy_bundle_text(text), file_name, &yaml, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_buf seen;
    ch_buf_init(&seen, ch_limits.yaml_bytes * 2);
    const struct ch_yaml_node *lists = ch_yaml_find(ch_yaml_root(yaml), "lists");
    const struct ch_yaml_node *kind =
        lists != NULL && lists->kind == CH_YAML_MAP ? lists->child : NULL;
    for (; kind != NULL; kind = kind->next) {
        if (kind->kind == CH_YAML_MAP) {
            each_of_kind(kind, fn, arg, &seen);
        }
    }
    ch_buf_done(&seen);
    ch_yaml_free(yaml);
    return CH_OK;
}
