#include "base/config/yaml.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/config/yaml_int.h"
#include "customhouse/limits.h"

struct loader {
    yaml_parser_t parser;
    struct ch_yaml *yaml;
    struct ch_str text;
    struct ch_err *err;
    uint64_t max_nodes;
};

static void free_node(struct ch_yaml_node *node)
{
    while (node != NULL) {
        struct ch_yaml_node *next = node->next;
        free_node(node->child);
        free((void *)(uintptr_t)node->text.ptr);
        free((void *)(uintptr_t)node->key.ptr);
        free(node);
        node = next;
    }
}

void ch_yaml_free(struct ch_yaml *yaml)
{
    if (yaml != NULL) {
        free_node(yaml->root);
        free(yaml->file_name);
        free(yaml);
    }
}

static enum ch_code fail_mark(struct loader *l, yaml_mark_t mark, const char *what)
{
    return ch_fail(l->err, CH_E_USAGE, "%s:%zu:%zu: %s", l->yaml->file_name, mark.line + 1,
                   mark.column + 1, what);
}

/* Bytes of the character that begins with this one; 1 of what begins none. */
static size_t width_of(unsigned char lead)
{
    return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/* Where the character at this byte begins. What is before it was read: it is UTF-8. */
static yaml_mark_t mark_of_offset(struct ch_str text, size_t offset)
{
    yaml_mark_t mark = {0};
    while (mark.index < text.len) {
        const char *at = text.ptr + mark.index;
        size_t width = width_of((unsigned char)*at), left = text.len - mark.index;
        if (mark.index + width > offset) {
            break;
        }
        /* the line breaks of YAML 1.1, which libyaml counts: CR LF, CR, LF, NEL, LS, PS */
        bool breaks = *at == '\n' || (*at == '\r' && (left < 2 || at[1] != '\n')) ||
                      (left >= 2 && memcmp(at, "\xc2\x85", 2) == 0) ||
                      (left >= 3 &&
                       (memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0));
        mark.index += width;
        mark.line += breaks;
        mark.column = breaks ? 0 : mark.column + 1;
    }
    return mark;
}

static enum ch_code fail_parser(struct loader *l)
{
    const yaml_parser_t *p = &l->parser;
    yaml_mark_t mark =
        p->error == YAML_READER_ERROR /* it reads ahead of the marks and sets none */
            ? mark_of_offset(l->text, p->problem_offset)
            : p->problem_mark.line == 0 && p->problem_mark.column == 0 ? p->mark : p->problem_mark;
    return ch_fail(l->err, CH_E_USAGE, "%s:%zu:%zu: not readable as YAML: %s%s%s",
                   l->yaml->file_name, mark.line + 1, mark.column + 1,
                   p->problem != NULL ? p->problem : "unknown error",
                   p->context != NULL ? ", " : "", p->context != NULL ? p->context : "");
}

static enum ch_code next_event(struct loader *l, yaml_event_t *ret)
{
    if (yaml_parser_parse(&l->parser, ret) == 0) {
        return fail_parser(l);
    }
    return CH_OK;
}

static enum ch_code check_scalar(struct loader *l, const yaml_event_t *e)
{
    struct ch_str s = {(const char *)e->data.scalar.value, e->data.scalar.length};
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if ((c < ' ' && c != '\n') || c == 0x7f) {
            return fail_mark(l, e->start_mark, "a text with control characters is not taken");
        }
    }
    return CH_OK;
}

/* What has more than one reading, or lets a small text become large. */
static enum ch_code check_event(struct loader *l, const yaml_event_t *e)
{
    const yaml_char_t *anchor = NULL;
    const yaml_char_t *tag = NULL;
    if (e->type == YAML_ALIAS_EVENT) {
        return fail_mark(l, e->start_mark, "an alias (\"*name\") is not taken; write the value");
    }
    if (e->type == YAML_SCALAR_EVENT) {
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
    } else if (e->type == YAML_MAPPING_START_EVENT) {
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
    }
    if (anchor != NULL) {
        return fail_mark(l, e->start_mark, "an anchor (\"&name\") is not taken");
    }
    if (tag != NULL) {
        return fail_mark(l, e->start_mark, "a tag (\"!name\") is not taken");
    }
    return e->type == YAML_SCALAR_EVENT ? check_scalar(l, e) : CH_OK;
}

static struct ch_str scalar_text(const yaml_event_t *e)
{
    struct ch_str s = {(const char *)e->data.scalar.value, e->data.scalar.length};
    return (struct ch_str){ch_str_dup(s), s.len};
}

static enum ch_code load_node(struct loader *l, const yaml_event_t *e, uint64_t depth,
                              struct ch_yaml_node *node);

static void append(struct ch_yaml_node *parent, struct ch_yaml_node **tail,
                   struct ch_yaml_node *node)
{
    node->parent = parent;
    node->index = parent->count++;
    if (*tail == NULL) {
        parent->child = node;
    } else {
        (*tail)->next = node;
    }
    *tail = node;
}

/* Reads the key of a map entry from `e` into `node`, which is already in the tree. */
static enum ch_code load_key(struct loader *l, const yaml_event_t *e, struct ch_yaml_node *node)
{
    enum ch_code rc = check_event(l, e);
    if (rc != CH_OK) {
        return rc;
    }
    if (e->type != YAML_SCALAR_EVENT) {
        return fail_mark(l, e->start_mark, "a key has to be a single word");
    }
    node->key = scalar_text(e);
    node->line = node->key_line = (uint32_t)e->start_mark.line + 1;
    node->column = node->key_column = (uint32_t)e->start_mark.column + 1;
    const struct ch_yaml_node *other = ch_yaml_find(node->parent, node->key.ptr);
    if (other != node) {
        return ch_yaml_fail_key(l->yaml, node, l->err, "given twice, first in line %u",
                                other->key_line);
    }
    return CH_OK;
}

/* The children of a list or map, up to the event that ends it. */
static enum ch_code load_children(struct loader *l, uint64_t depth, struct ch_yaml_node *parent)
{
    bool map = parent->kind == CH_YAML_MAP;
    yaml_event_type_t end = map ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    struct ch_yaml_node *tail = NULL;
    for (;;) {
        yaml_event_t e;
        enum ch_code rc = next_event(l, &e);
        if (rc != CH_OK) {
            return rc;
        }
        if (e.type == end) {
            yaml_event_delete(&e);
            return CH_OK;
        }
        struct ch_yaml_node *node = ch_calloc(1, sizeof(*node));
        append(parent, &tail, node);
        if (map) {
            rc = load_key(l, &e, node);
            yaml_event_delete(&e);
            rc = rc == CH_OK ? next_event(l, &e) : rc;
            if (rc != CH_OK) {
                return rc;
            }
        }
        rc = load_node(l, &e, depth, node);
        yaml_event_delete(&e);
        if (rc != CH_OK) {
            return rc;
        }
    }
}

static enum ch_code load_node(struct loader *l, const yaml_event_t *e, uint64_t depth,
                              struct ch_yaml_node *node)
{
    enum ch_code rc = check_event(l, e);
    if (rc != CH_OK) {
        return rc;
    }
    node->line = (uint32_t)e->start_mark.line + 1;
    node->column = (uint32_t)e->start_mark.column + 1;
    if (++l->yaml->node_count > l->max_nodes || depth > ch_limits.yaml_depth) {
        return fail_mark(l, e->start_mark,
                         depth > ch_limits.yaml_depth ? "nested too deeply" : "too many values");
    }
    if (e->type == YAML_SCALAR_EVENT) {
        node->text = scalar_text(e);
        node->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        return CH_OK;
    }
    node->kind = e->type == YAML_MAPPING_START_EVENT ? CH_YAML_MAP : CH_YAML_LIST;
    return load_children(l, depth + 1, node);
}

static enum ch_code expect(struct loader *l, yaml_event_type_t type, const char *otherwise)
{
    yaml_event_t e;
    enum ch_code rc = next_event(l, &e);
    if (rc != CH_OK) {
        return rc;
    }
    if (e.type != type) {
        rc = fail_mark(l, e.start_mark, otherwise);
    }
    yaml_event_delete(&e);
    return rc;
}

static enum ch_code load_root(struct loader *l)
{
    enum ch_code rc = expect(l, YAML_STREAM_START_EVENT, "not readable as YAML");
    rc = rc == CH_OK ? expect(l, YAML_DOCUMENT_START_EVENT, "holds nothing but comments") : rc;
    yaml_event_t e;
    rc = rc == CH_OK ? next_event(l, &e) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    l->yaml->root = ch_calloc(1, sizeof(*l->yaml->root));
    rc = load_node(l, &e, 0, l->yaml->root);
    yaml_event_delete(&e);
    rc = rc == CH_OK ? expect(l, YAML_DOCUMENT_END_EVENT, "not readable as YAML") : rc;
    rc = rc == CH_OK ? expect(l, YAML_STREAM_END_EVENT, "a second document is not taken") : rc;
    return rc == CH_OK ? ch_yaml_check_kind(l->yaml, l->yaml->root, CH_YAML_MAP, l->err) : rc;
}

enum ch_code ch_yaml_parse(struct ch_str text, const char *file_name, struct ch_yaml **ret,
                           struct ch_err *err)
{
    return ch_yaml_parse_up_to(text, file_name, ch_limits.yaml_bytes, ch_limits.yaml_nodes, ret,
                               err);
}

enum ch_code ch_yaml_parse_up_to(struct ch_str text, const char *file_name, uint64_t max_bytes,
                                 uint64_t max_nodes, struct ch_yaml **ret, struct ch_err *err)
{
    if (text.len > max_bytes) {
        return ch_fail(err, CH_E_USAGE, "%s:1:1: longer than %llu bytes", file_name,
                       (unsigned long long)max_bytes);
    }
    struct loader l = {.text = text, .max_nodes = max_nodes, .err = err};
    CH_ASSERT(yaml_parser_initialize(&l.parser) == 1); /* fails only without memory */
    yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(
        &l.parser, (const unsigned char *)(text.ptr != NULL ? text.ptr : ""), text.len);
    l.yaml = ch_calloc(1, sizeof(*l.yaml));
    l.yaml->file_name = ch_str_dup(ch_str_of(file_name));
    enum ch_code rc = load_root(&l);
    yaml_parser_delete(&l.parser);
    if (rc != CH_OK) {
        ch_yaml_free(l.yaml);
        return rc;
    }
    *ret = l.yaml;
    return CH_OK;
}

const struct ch_yaml_node *ch_yaml_root(const struct ch_yaml *yaml)
{
    return yaml->root;
}

const struct ch_yaml_node *ch_yaml_find(const struct ch_yaml_node *map, const char *key)
{
    for (const struct ch_yaml_node *n = map->child; n != NULL; n = n->next) {
        if (n->key.ptr != NULL && ch_str_eq(n->key, ch_str_of(key))) {
            return n;
        }
    }
    return NULL;
}

const struct ch_yaml_node *ch_yaml_item(const struct ch_yaml_node *list, size_t index)
{
    const struct ch_yaml_node *n = list->child;
    while (n != NULL && n->index != index) {
        n = n->next;
    }
    return n;
}
