#include "base/toml/toml_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

enum { BLOCK_NODES = 128 };

struct block {
    struct block *next;
    size_t used;
    struct toml_node nodes[BLOCK_NODES];
};

struct ch_toml {
    struct block *blocks;
    uint64_t count;
    struct toml_node *root;
    char *text; /* keys and strings, unescaped: never longer than the input */
    size_t text_len;
    size_t text_cap;
};

/* --- places and errors --- */

bool toml_is(const struct toml_parser *p, size_t ahead, char c)
{
    return ahead < p->text.len - p->at && p->text.ptr[p->at + ahead] == c;
}

void toml_place(struct toml_parser *p, size_t at, uint32_t *ret_line, uint32_t *ret_column)
{
    if (at < p->known_at) {
        p->known_at = 0;
        p->known_line = 1;
        p->known_column = 1;
    }
    for (; p->known_at < at; p->known_at++) {
        unsigned char c = (unsigned char)p->text.ptr[p->known_at];
        if (c == '\n') {
            p->known_line++;
            p->known_column = 1;
        } else if ((c & 0xc0) != 0x80) { /* columns count characters */
            p->known_column++;
        }
    }
    *ret_line = p->known_line;
    *ret_column = p->known_column;
}

enum ch_code toml_fail(struct toml_parser *p, size_t at, enum ch_code code, const char *fmt, ...)
{
    char text[sizeof(p->err->msg)];
    uint32_t line;
    uint32_t column;
    va_list va;
    va_start(va, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    CH_ASSERT(n >= 0);
    toml_place(p, at, &line, &column);
    return ch_fail(p->err, code, "%s:%u:%u: %s", p->name, line, column, text);
}

enum ch_code toml_expected(struct toml_parser *p, const char *what)
{
    enum { SHOWN = 16 };
    if (p->at == p->text.len) {
        return toml_fail(p, p->at, CH_E_FORMAT, "expected %s, found the end", what);
    }
    struct ch_buf b;
    ch_buf_init(&b, 4 * SHOWN);
    struct ch_str found = ch_str_sub(p->text, p->at, SHOWN);
    size_t end;
    if (ch_str_find_char(found, '\n', &end) && end > 0) {
        found.len = end;
    }
    ch_buf_put_escaped(&b, found);
    enum ch_code rc = toml_fail(p, p->at, CH_E_FORMAT, "expected %s, found \"%.*s\"", what,
                                CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return rc;
}

/* A key in an error message. */
static enum ch_code fail_key(struct toml_parser *p, size_t at, struct ch_str key, const char *what,
                             const struct toml_node *first)
{
    struct ch_buf b;
    ch_buf_init(&b, 4 * ch_limits.word_bytes);
    ch_buf_put_escaped(&b, ch_str_sub(key, 0, ch_limits.word_bytes));
    enum ch_code rc = toml_fail(p, at, CH_E_FORMAT, "%.*s: %s, first in line %u",
                                CH_STR_ARG(ch_buf_str(&b)), what, first->pub.line);
    ch_buf_done(&b);
    return rc;
}

/* --- the tree --- */

char *toml_room(struct toml_parser *p, size_t len)
{
    struct ch_toml *t = p->toml;
    CH_ASSERT(len <= t->text_cap - t->text_len);
    t->text_len += len;
    return t->text + t->text_len - len;
}

static enum ch_code new_node(struct toml_parser *p, size_t at, uint32_t depth,
                             struct toml_node **ret)
{
    struct ch_toml *t = p->toml;
    if (t->count >= ch_limits.toml_nodes) {
        return toml_fail(p, at, CH_E_LIMIT, "more than %llu values",
                         (unsigned long long)ch_limits.toml_nodes);
    }
    if (depth > ch_limits.toml_depth) {
        return toml_fail(p, at, CH_E_LIMIT, "nested deeper than %llu levels",
                         (unsigned long long)ch_limits.toml_depth);
    }
    if (t->blocks == NULL || t->blocks->used == BLOCK_NODES) {
        struct block *b = ch_calloc(1, sizeof(*b));
        b->next = t->blocks;
        t->blocks = b;
    }
    struct toml_node *n = &t->blocks->nodes[t->blocks->used++];
    n->id = t->count++;
    n->depth = depth;
    toml_place(p, at, &n->pub.line, &n->pub.column);
    *ret = n;
    return CH_OK;
}

static void append(struct toml_node *parent, struct toml_node *child)
{
    if (parent->last == NULL) {
        parent->pub.child = &child->pub;
    } else {
        parent->last->pub.next = &child->pub;
    }
    parent->last = child;
    parent->pub.count++;
}

static struct ch_str map_key(struct toml_parser *p, const struct toml_node *table,
                             struct ch_str key)
{
    ch_buf_clear(&p->scratch);
    ch_put_u64(&p->scratch, table->id);
    ch_put_bytes(&p->scratch, key.ptr, key.len);
    CH_ASSERT(!p->scratch.failed);
    return ch_buf_str(&p->scratch);
}

static struct toml_node *find(struct toml_parser *p, const struct toml_node *table,
                              struct ch_str key)
{
    return ch_map_get(p->by_key, map_key(p, table, key));
}

static enum ch_code add(struct toml_parser *p, struct toml_node *table, struct ch_str key,
                        size_t at, struct toml_node **ret)
{
    enum ch_code rc = new_node(p, at, table->depth + 1, ret);
    if (rc == CH_OK) {
        (*ret)->pub.key = key;
        append(table, *ret);
        CH_ASSERT(ch_map_set(p->by_key, map_key(p, table, key), *ret) == NULL);
    }
    return rc;
}

static enum ch_code add_table(struct toml_parser *p, struct toml_node *table, struct ch_str key,
                              size_t at, enum toml_form form, struct toml_node **ret)
{
    enum ch_code rc = add(p, table, key, at, ret);
    if (rc == CH_OK) {
        (*ret)->pub.kind = CH_TOML_TABLE;
        (*ret)->form = form;
    }
    return rc;
}

static enum ch_code add_element(struct toml_parser *p, struct toml_node *array, size_t at,
                                struct toml_node **ret)
{
    enum ch_code rc = new_node(p, at, array->depth + 1, ret);
    if (rc == CH_OK) {
        append(array, *ret);
    }
    return rc;
}

/* --- blanks --- */

static void skip_blanks(struct toml_parser *p)
{
    while (toml_is(p, 0, ' ') || toml_is(p, 0, '\t')) {
        p->at++;
    }
}

static bool skip_newline(struct toml_parser *p)
{
    if (toml_is(p, 0, '\n')) {
        p->at++;
        return true;
    }
    if (toml_is(p, 0, '\r') && toml_is(p, 1, '\n')) {
        p->at += 2;
        return true;
    }
    return false;
}

/* Blanks, comments and line ends: between the elements of an array, and between lines. */
static enum ch_code skip_lines(struct toml_parser *p)
{
    do {
        skip_blanks(p);
        enum ch_code rc = toml_skip_comment(p);
        if (rc != CH_OK) {
            return rc;
        }
    } while (skip_newline(p));
    return CH_OK;
}

static enum ch_code end_line(struct toml_parser *p)
{
    skip_blanks(p);
    enum ch_code rc = toml_skip_comment(p);
    if (rc != CH_OK || p->at == p->text.len || skip_newline(p)) {
        return rc;
    }
    return toml_expected(p, "the end of the line");
}

/* --- keys --- */

/* Takes the step into a table that a key's part names; the table is made when there is none. */
typedef enum ch_code step_fn(struct toml_parser *p, struct toml_node *table, struct ch_str key,
                             size_t at, struct toml_node **ret);

/* "[a.b]" goes through a, whatever made it but an inline table; of an array of tables, through its
 * last element. */
static enum ch_code step_header(struct toml_parser *p, struct toml_node *table, struct ch_str key,
                                size_t at, struct toml_node **ret)
{
    struct toml_node *n = find(p, table, key);
    if (n == NULL) {
        return add_table(p, table, key, at, TOML_IMPLICIT, ret);
    }
    if (n->form == TOML_CLOSED) {
        return fail_key(p, at, key, "given a value already", n);
    }
    *ret = n->form == TOML_ELEMENTS ? n->last : n;
    return CH_OK;
}

/* "a.b = 1" goes through an a that such keys of the same table made. "Dotted keys create and define
 * a table"; one that a header defined is complete. */
static enum ch_code step_dotted(struct toml_parser *p, struct toml_node *table, struct ch_str key,
                                size_t at, struct toml_node **ret)
{
    struct toml_node *n = find(p, table, key);
    if (n == NULL) {
        return add_table(p, table, key, at, TOML_DOTTED, ret);
    }
    if (n->form != TOML_DOTTED && n->form != TOML_IMPLICIT) {
        return fail_key(p, at, key, "given already, as what dotted keys cannot add to", n);
    }
    n->form = TOML_DOTTED;
    *ret = n;
    return CH_OK;
}

/* Reads a key; *table becomes the one its last part belongs to. */
static enum ch_code read_key(struct toml_parser *p, step_fn *step, struct toml_node **table,
                             struct ch_str *ret_key, size_t *ret_at)
{
    for (;;) {
        *ret_at = p->at;
        enum ch_code rc = toml_read_key_part(p, ret_key);
        if (rc != CH_OK) {
            return rc;
        }
        skip_blanks(p);
        if (!toml_is(p, 0, '.')) {
            return CH_OK;
        }
        p->at++;
        skip_blanks(p);
        rc = step(p, *table, *ret_key, *ret_at, table);
        if (rc != CH_OK) {
            return rc;
        }
    }
}

/* --- values --- */

static enum ch_code read_value(struct toml_parser *p, struct toml_node *n);

static enum ch_code read_pair(struct toml_parser *p, struct toml_node *table)
{
    struct ch_str key;
    size_t at;
    struct toml_node *n;
    enum ch_code rc = read_key(p, step_dotted, &table, &key, &at);
    if (rc != CH_OK) {
        return rc;
    }
    n = find(p, table, key);
    if (n != NULL) {
        return fail_key(p, at, key, "given twice", n);
    }
    if (!toml_is(p, 0, '=')) {
        return toml_expected(p, "\"=\" after the key");
    }
    p->at++;
    skip_blanks(p);
    rc = add(p, table, key, at, &n);
    return rc == CH_OK ? read_value(p, n) : rc;
}

static enum ch_code read_array(struct toml_parser *p, struct toml_node *n)
{
    n->pub.kind = CH_TOML_ARRAY;
    p->at++;
    for (;;) {
        enum ch_code rc = skip_lines(p);
        if (rc != CH_OK) {
            return rc;
        }
        if (toml_is(p, 0, ']')) {
            p->at++;
            return CH_OK;
        }
        struct toml_node *element;
        rc = add_element(p, n, p->at, &element);
        if (rc == CH_OK) {
            rc = read_value(p, element);
        }
        if (rc == CH_OK) {
            rc = skip_lines(p);
        }
        if (rc != CH_OK) {
            return rc;
        }
        if (toml_is(p, 0, ',')) {
            p->at++;
        } else if (!toml_is(p, 0, ']')) {
            return toml_expected(p, "\",\" or \"]\" in an array");
        }
    }
}

/* One line, no comma after the last pair. */
static enum ch_code read_inline_table(struct toml_parser *p, struct toml_node *n)
{
    n->pub.kind = CH_TOML_TABLE;
    p->at++;
    skip_blanks(p);
    if (toml_is(p, 0, '}')) {
        p->at++;
        return CH_OK;
    }
    for (;;) {
        enum ch_code rc = read_pair(p, n);
        if (rc != CH_OK) {
            return rc;
        }
        skip_blanks(p);
        if (toml_is(p, 0, '}')) {
            p->at++;
            return CH_OK;
        }
        if (!toml_is(p, 0, ',')) {
            return toml_expected(p, "\",\" or \"}\" in an inline table");
        }
        p->at++;
        skip_blanks(p);
    }
}

static enum ch_code read_value(struct toml_parser *p, struct toml_node *n)
{
    if (toml_is(p, 0, '[')) {
        return read_array(p, n);
    }
    if (toml_is(p, 0, '{')) {
        return read_inline_table(p, n);
    }
    if (toml_is(p, 0, '"') || toml_is(p, 0, '\'')) {
        n->pub.kind = CH_TOML_STRING;
        return toml_read_string(p, &n->pub.text);
    }
    return toml_read_scalar(p, &n->pub);
}

/* --- headers --- */

static enum ch_code open_table(struct toml_parser *p, struct toml_node *parent, struct ch_str key,
                               size_t at, struct toml_node **ret)
{
    struct toml_node *n = find(p, parent, key);
    if (n == NULL) {
        return add_table(p, parent, key, at, TOML_EXPLICIT, ret);
    }
    if (n->form != TOML_IMPLICIT) {
        return fail_key(p, at, key, "given twice", n);
    }
    n->form = TOML_EXPLICIT;
    *ret = n;
    return CH_OK;
}

static enum ch_code open_element(struct toml_parser *p, struct toml_node *parent, struct ch_str key,
                                 size_t at, struct toml_node **ret)
{
    struct toml_node *n = find(p, parent, key);
    if (n == NULL) {
        enum ch_code rc = add(p, parent, key, at, &n);
        if (rc != CH_OK) {
            return rc;
        }
        n->pub.kind = CH_TOML_ARRAY;
        n->form = TOML_ELEMENTS;
    }
    if (n->form != TOML_ELEMENTS) {
        return fail_key(p, at, key, "given already, and not as an array of tables", n);
    }
    enum ch_code rc = add_element(p, n, at, ret);
    if (rc == CH_OK) {
        (*ret)->pub.kind = CH_TOML_TABLE;
        (*ret)->form = TOML_EXPLICIT;
    }
    return rc;
}

/* "[key]" or "[[key]]"; *ret is the table that the lines below belong to. */
static enum ch_code read_header(struct toml_parser *p, struct toml_node **ret)
{
    struct toml_node *parent = p->toml->root;
    struct ch_str key;
    size_t at;
    bool element = toml_is(p, 1, '[');
    p->at += element ? 2 : 1;
    skip_blanks(p);
    enum ch_code rc = read_key(p, step_header, &parent, &key, &at);
    if (rc != CH_OK) {
        return rc;
    }
    if (!toml_is(p, 0, ']') || (element && !toml_is(p, 1, ']'))) {
        return toml_expected(p, element ? "\"]]\" after the key" : "\"]\" after the key");
    }
    p->at += element ? 2 : 1;
    return element ? open_element(p, parent, key, at, ret) : open_table(p, parent, key, at, ret);
}

static enum ch_code read_document(struct toml_parser *p)
{
    struct toml_node *table;
    enum ch_code rc = new_node(p, 0, 0, &table);
    if (rc != CH_OK) {
        return rc;
    }
    table->pub.kind = CH_TOML_TABLE;
    table->form = TOML_EXPLICIT;
    p->toml->root = table;
    for (;;) {
        rc = skip_lines(p);
        if (rc != CH_OK || p->at == p->text.len) {
            return rc;
        }
        rc = toml_is(p, 0, '[') ? read_header(p, &table) : read_pair(p, table);
        if (rc == CH_OK) {
            rc = end_line(p);
        }
        if (rc != CH_OK) {
            return rc;
        }
    }
}

/* The whole text first: after this every byte above 0x7f is part of a character. */
static enum ch_code check_utf8(struct toml_parser *p)
{
    if (ch_str_is_utf8(p->text)) {
        return CH_OK;
    }
    size_t from = 0;
    struct ch_str rest = p->text;
    struct ch_str line;
    while (ch_str_split(&rest, '\n', &line) && ch_str_is_utf8(line)) {
        from += line.len + 1;
    }
    return toml_fail(p, from, CH_E_FORMAT, "expected UTF-8 in this line");
}

enum ch_code ch_toml_parse(struct ch_str text, const char *name, struct ch_toml **ret,
                           struct ch_err *err)
{
    if (text.len > ch_limits.toml_bytes) {
        return ch_fail(err, CH_E_LIMIT, "%s: %zu bytes, at most %llu", name, text.len,
                       (unsigned long long)ch_limits.toml_bytes);
    }
    struct ch_err ignored;
    struct ch_toml *toml = ch_calloc(1, sizeof(*toml));
    struct toml_parser p = {.text = text,
                            .name = name,
                            .err = err != NULL ? err : &ignored,
                            .toml = toml,
                            .known_line = 1,
                            .known_column = 1};
    toml->text_cap = text.len;
    toml->text = ch_alloc(text.len + 1);
    enum ch_code rc = check_utf8(&p);
    if (rc == CH_OK) {
        p.by_key = ch_map_new();
        ch_buf_init(&p.scratch, text.len + sizeof(uint64_t));
        rc = read_document(&p);
        ch_buf_done(&p.scratch);
        ch_map_free(p.by_key);
    }
    if (rc != CH_OK) {
        ch_toml_free(toml);
        return rc;
    }
    *ret = toml;
    return CH_OK;
}

void ch_toml_free(struct ch_toml *toml)
{
    if (toml == NULL) {
        return;
    }
    while (toml->blocks != NULL) {
        struct block *b = toml->blocks;
        toml->blocks = b->next;
        free(b);
    }
    free(toml->text);
    free(toml);
}

const struct ch_toml_node *ch_toml_root(const struct ch_toml *toml)
{
    return &toml->root->pub;
}

const struct ch_toml_node *ch_toml_find(const struct ch_toml_node *table, const char *key)
{
    if (table == NULL || table->kind != CH_TOML_TABLE) {
        return NULL;
    }
    for (const struct ch_toml_node *n = table->child; n != NULL; n = n->next) {
        if (ch_str_eq(n->key, ch_str_of(key))) {
            return n;
        }
    }
    return NULL;
}
