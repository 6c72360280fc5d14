#include "base/config/yaml.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config/yaml_int.h"

enum {
    PATH_MAX_BYTES = 160, /* of the path in a message */
    SHOWN_MAX = 60,       /* of a value in a message */
    LIST_MAX = 240,       /* of the possible values in a message */
    KEY_MAX = 40,         /* longer keys are not compared */
};

/* --- messages --- */

static void put_path(struct ch_buf *b, const struct ch_yaml_node *node)
{
    if (node->parent == NULL) {
        return;
    }
    put_path(b, node->parent);
    if (node->parent->kind == CH_YAML_LIST) {
        ch_buf_printf(b, "[%zu]", node->index);
        return;
    }
    if (b->len > 0) {
        ch_buf_putc(b, '.');
    }
    ch_buf_put_escaped(b, ch_str_sub(node->key, 0, SHOWN_MAX));
}

static enum ch_code fail_at(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                            uint32_t line, uint32_t column, struct ch_err *err, const char *what,
                            const char *rest)
{
    struct ch_buf path;
    ch_buf_init(&path, PATH_MAX_BYTES);
    put_path(&path, node);
    ch_fail(err, CH_E_USAGE, "%s:%u:%u: %.*s%s%s%s", yaml->file_name, line, column,
            CH_STR_ARG(ch_buf_str(&path)), path.len > 0 ? ": " : "", what, rest);
    ch_buf_done(&path);
    return CH_E_USAGE;
}

#define FORMAT(text, fmt)                                                                          \
    char text[sizeof(((struct ch_err *)NULL)->msg)];                                               \
    va_list args;                                                                                  \
    va_start(args, fmt);                                                                           \
    (void)vsnprintf(text, sizeof(text), fmt, args);                                                \
    va_end(args)

enum ch_code ch_yaml_fail(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                          struct ch_err *err, const char *fmt, ...)
{
    FORMAT(text, fmt);
    return fail_at(yaml, node, node->line, node->column, err, "", text);
}

enum ch_code ch_yaml_fail_key(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                              struct ch_err *err, const char *fmt, ...)
{
    FORMAT(text, fmt);
    bool keyed = node->key.ptr != NULL;
    return fail_at(yaml, node, keyed ? node->key_line : node->line,
                   keyed ? node->key_column : node->column, err, "", text);
}

enum ch_code ch_yaml_fail_in(struct ch_str text, const char *file_name, const char *section,
                             size_t item, struct ch_err *err, const char *why)
{
    struct ch_yaml *yaml;
    char *said = ch_str_dup(ch_str_of(why));
    if (ch_yaml_parse(text, file_name, &yaml, err) != CH_OK) {
        ch_fail(err, CH_E_USAGE, "%s", said);
    } else {
        const struct ch_yaml_node *root = ch_yaml_root(yaml);
        const struct ch_yaml_node *part = ch_yaml_find(root, section);
        bool list = part != NULL && part->kind == CH_YAML_LIST;
        const struct ch_yaml_node *at = list ? ch_yaml_item(part, item) : NULL;
        at = at != NULL ? at : part != NULL ? part : root;
        ch_yaml_fail(yaml, at, err, "%s", said);
        ch_yaml_free(yaml);
    }
    free(said);
    return CH_E_USAGE;
}

static void put_value(struct ch_buf *b, const struct ch_yaml_node *node)
{
    if (node->kind != CH_YAML_SCALAR) {
        ch_buf_puts(b, ch_str_of(node->kind == CH_YAML_LIST ? "a list" : "a map"));
    } else if (node->text.len == 0 && node->plain) {
        ch_buf_puts(b, CH_STR("nothing"));
    } else {
        ch_buf_putc(b, '"');
        ch_buf_put_escaped(b, ch_str_sub(node->text, 0, SHOWN_MAX));
        ch_buf_puts(b, ch_str_of(node->text.len > SHOWN_MAX ? "...\"" : "\""));
    }
}

enum ch_code ch_yaml_fail_value(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                struct ch_err *err, const char *fmt, ...)
{
    FORMAT(text, fmt);
    struct ch_buf value;
    ch_buf_init(&value, (size_t)SHOWN_MAX * 4 + sizeof("\"...\" "));
    put_value(&value, node);
    ch_buf_puts(&value, CH_STR(" \0")); /* ends the C string */
    fail_at(yaml, node, node->line, node->column, err, value.ptr, text);
    ch_buf_done(&value);
    return CH_E_USAGE;
}

/* --- keys --- */

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance. */
static size_t distance(struct ch_str a, struct ch_str b)
{
    size_t row[KEY_MAX + 1];
    for (size_t k = 0; k <= b.len; k++) {
        row[k] = k;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= b.len; k++) {
            size_t above = row[k];
            size_t change = a.ptr[i - 1] == b.ptr[k - 1] ? 0 : 1;
            row[k] = min3(above + 1, row[k - 1] + 1, diagonal + change);
            diagonal = above;
        }
    }
    return row[b.len];
}

const char *ch_yaml_nearest(struct ch_str text, const char *const *names)
{
    const char *best = NULL;
    size_t best_distance = text.len / 2 < 3 ? text.len / 2 + 1 : 4; /* farther is no typing error */
    for (size_t i = 0; names[i] != NULL && text.len <= KEY_MAX; i++) {
        struct ch_str name = ch_str_of(names[i]);
        if (name.len > KEY_MAX) {
            continue;
        }
        size_t d = distance(text, name);
        if (d < best_distance) {
            best_distance = d;
            best = names[i];
        }
    }
    return best;
}

static void put_names(struct ch_buf *b, const char *const *names)
{
    for (size_t i = 0; names[i] != NULL; i++) {
        ch_buf_puts(b, ch_str_of(i > 0 ? ", " : ""));
        ch_buf_puts(b, ch_str_of(names[i]));
    }
}

static enum ch_code fail_unknown_key(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                     const char *const *keys, struct ch_err *err)
{
    const char *near = ch_yaml_nearest(node->key, keys);
    if (near != NULL) {
        return ch_yaml_fail_key(yaml, node, err, "unknown key; \"%s\" is near", near);
    }
    struct ch_buf list;
    ch_buf_init(&list, LIST_MAX + sizeof(", ..."));
    for (size_t i = 0; keys[i] != NULL; i++) { /* of a long list only what an error has room for */
        if (list.len + strlen(keys[i]) + 2 > LIST_MAX) {
            ch_buf_puts(&list, CH_STR(", ..."));
            break;
        }
        ch_buf_printf(&list, "%s%s", i > 0 ? ", " : "", keys[i]);
    }
    ch_yaml_fail_key(yaml, node, err, "unknown key; expected one of %.*s",
                     CH_STR_ARG(ch_buf_str(&list)));
    ch_buf_done(&list);
    return CH_E_USAGE;
}

enum ch_code ch_yaml_check_keys(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                                const char *const *keys, struct ch_err *err)
{
    enum ch_code rc = ch_yaml_check_kind(yaml, map, CH_YAML_MAP, err);
    if (rc != CH_OK) {
        return rc;
    }
    for (const struct ch_yaml_node *n = map->child; n != NULL; n = n->next) {
        size_t i = 0;
        while (keys[i] != NULL && !ch_str_eq(n->key, ch_str_of(keys[i]))) {
            i++;
        }
        if (keys[i] == NULL) {
            return fail_unknown_key(yaml, n, keys, err);
        }
    }
    return CH_OK;
}

enum ch_code ch_yaml_check_kind(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                enum ch_yaml_kind kind, struct ch_err *err)
{
    static const char *const names[] = {"a single value", "a list (lines that start with \"- \")",
                                        "a map (lines of \"key: value\")"};
    if (node->kind != kind) {
        return ch_yaml_fail_value(yaml, node, err, "is given where %s is expected", names[kind]);
    }
    return CH_OK;
}

/* --- values --- */

enum ch_code ch_yaml_text(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                          struct ch_str *ret, struct ch_err *err)
{
    enum ch_code rc = ch_yaml_check_kind(yaml, node, CH_YAML_SCALAR, err);
    if (rc != CH_OK) {
        return rc;
    }
    /* YAML's nulls: a key that was left without value is not a text */
    bool null = node->plain && (ch_str_eq(node->text, CH_STR("~")) ||
                                ch_str_eq_nocase(node->text, CH_STR("null")));
    if (node->text.len == 0 || null) {
        return ch_yaml_fail(yaml, node, err, "has no value; leave the key out or give it one");
    }
    *ret = node->text;
    return CH_OK;
}

enum ch_code ch_yaml_bool(const struct ch_yaml *yaml, const struct ch_yaml_node *node, bool *ret,
                          struct ch_err *err)
{
    bool yes = ch_str_eq(node->text, CH_STR("true"));
    if (node->kind != CH_YAML_SCALAR || !node->plain ||
        (!yes && !ch_str_eq(node->text, CH_STR("false")))) {
        return ch_yaml_fail_value(yaml, node, err, "is not true or false");
    }
    *ret = yes;
    return CH_OK;
}

enum ch_code ch_yaml_number(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                            uint64_t min, uint64_t max, const char *unit, uint64_t *ret,
                            struct ch_err *err)
{
    uint64_t v = 0;
    if (node->kind != CH_YAML_SCALAR || !node->plain || !ch_str_u64(node->text, &v) || v < min ||
        v > max) {
        return ch_yaml_fail_value(yaml, node, err, "is not a number from %llu to %llu%s%s",
                                  (unsigned long long)min, (unsigned long long)max,
                                  unit != NULL && unit[0] != '\0' ? " " : "",
                                  unit != NULL ? unit : "");
    }
    *ret = v;
    return CH_OK;
}

static bool size_of(struct ch_str text, uint64_t *ret)
{
    static const struct {
        struct ch_str unit;
        unsigned shift;
    } units[] = {{{"KiB", 3}, 10}, {{"MiB", 3}, 20}, {{"GiB", 3}, 30}, {{"TiB", 3}, 40}};
    unsigned shift = 0;
    for (size_t i = 0; shift == 0 && i < CH_ARRAY_LEN(units); i++) {
        if (ch_str_ends(text, units[i].unit)) {
            shift = units[i].shift;
            text = ch_str_trim(ch_str_sub(text, 0, text.len - units[i].unit.len));
        }
    }
    uint64_t v = 0;
    if (!ch_str_u64(text, &v) || v > UINT64_MAX >> shift) {
        return false;
    }
    *ret = v << shift;
    return true;
}

enum ch_code ch_yaml_size(const struct ch_yaml *yaml, const struct ch_yaml_node *node, uint64_t min,
                          uint64_t max, uint64_t *ret_bytes, struct ch_err *err)
{
    uint64_t v = 0;
    if (node->kind != CH_YAML_SCALAR || !node->plain || !size_of(node->text, &v)) {
        return ch_yaml_fail_value(yaml, node, err,
                                  "is not a size: digits and KiB, MiB, GiB or TiB, as in 50GiB");
    }
    if (v < min || v > max) {
        return ch_yaml_fail_value(yaml, node, err, "is not a size from %llu to %llu bytes",
                                  (unsigned long long)min, (unsigned long long)max);
    }
    *ret_bytes = v;
    return CH_OK;
}

enum ch_code ch_yaml_choice(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                            const char *const *names, size_t *ret, struct ch_err *err)
{
    for (size_t i = 0; node->kind == CH_YAML_SCALAR && names[i] != NULL; i++) {
        if (ch_str_eq(node->text, ch_str_of(names[i]))) {
            *ret = i;
            return CH_OK;
        }
    }
    struct ch_buf list;
    ch_buf_init(&list, LIST_MAX);
    put_names(&list, names);
    ch_yaml_fail_value(yaml, node, err, "is not one of %.*s", CH_STR_ARG(ch_buf_str(&list)));
    ch_buf_done(&list);
    return CH_E_USAGE;
}
