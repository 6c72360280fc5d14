#include <stdlib.h>

#include "base/spdx/spdx_int.h"
#include "customhouse/limits.h"

/* SPDX 2.3 annex D.2, as PEP 639 narrows it: no DocumentRef. Words are parted by blanks and
 * parentheses; AND binds tighter than OR, WITH tighter than both. */

#define REF "LicenseRef-"

struct parser {
    struct ch_str text;
    size_t at;    /* where the next word begins */
    size_t depth; /* open parentheses */
    struct ch_spdx_tree tree;
    struct ch_err *err;
};

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next word without taking it: a parenthesis, a run of other bytes, or nothing at the end. */
static struct ch_str peek(struct parser *p)
{
    while (p->at < p->text.len && is_blank(p->text.ptr[p->at])) {
        p->at++;
    }
    size_t end = p->at;
    while (end < p->text.len && !is_blank(p->text.ptr[end]) && p->text.ptr[end] != '(' &&
           p->text.ptr[end] != ')') {
        end++;
    }
    if (end == p->at && end < p->text.len) {
        end++;
    }
    return ch_str_sub(p->text, p->at, end - p->at);
}

static bool take(struct parser *p, const char *word)
{
    struct ch_str next = peek(p);
    if (!ch_str_eq_nocase(next, ch_str_of(word))) {
        return false;
    }
    p->at += next.len;
    return true;
}

static enum ch_code wrong(struct parser *p, const char *expected)
{
    struct ch_str found = ch_str_sub(peek(p), 0, ch_limits.word_bytes);
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.text_bytes);
    ch_buf_put_escaped(&b, found);
    enum ch_code rc = found.len == 0
                          ? ch_fail(p->err, CH_E_FORMAT, "column %zu: expected %s, found the end",
                                    p->at + 1, expected)
                          : ch_fail(p->err, CH_E_FORMAT, "column %zu: expected %s, found \"%.*s\"",
                                    p->at + 1, expected, CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return rc;
}

static uint32_t add(struct parser *p, struct ch_spdx_node node)
{
    p->tree.nodes[p->tree.count] = node;
    return p->tree.count++;
}

/* Letters, digits, '-' and '.'; all spellings of one reference get that of its first. */
static bool read_ref(struct parser *p, struct ch_str word, struct ch_spdx_node *ret)
{
    struct ch_str rest = ch_str_sub(word, sizeof(REF) - 1, word.len);
    for (size_t i = 0; i < rest.len; i++) {
        char c = rest.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '-' && c != '.') {
            return false;
        }
    }
    ret->licence = word;
    for (uint32_t i = 0; i < p->tree.count; i++) {
        if (ch_str_eq_nocase(p->tree.nodes[i].licence, word)) {
            ret->licence = p->tree.nodes[i].licence;
            break;
        }
    }
    return rest.len > 0;
}

static bool read_licence(struct parser *p, struct ch_str word, struct ch_spdx_node *ret)
{
    if (ch_str_eq_nocase(ch_str_sub(word, 0, sizeof(REF) - 1), CH_STR(REF))) {
        return read_ref(p, word, ret);
    }
    const char *id = ch_spdx_find_licence(word);
    if (id == NULL && word.len > 1 && word.ptr[word.len - 1] == '+') {
        struct ch_str base = ch_str_sub(word, 0, word.len - 1);
        id = base.ptr[base.len - 1] == '+' ? NULL : ch_spdx_find_licence(base);
        ret->later = true;
    }
    ret->licence = ch_str_of(id);
    return id != NULL;
}

static bool is_operator(struct ch_str word)
{
    return ch_str_eq_nocase(word, CH_STR("AND")) || ch_str_eq_nocase(word, CH_STR("OR")) ||
           ch_str_eq_nocase(word, CH_STR("WITH"));
}

static enum ch_code parse_or(struct parser *p, uint32_t *ret);

static enum ch_code parse_licence(struct parser *p, uint32_t *ret)
{
    struct ch_spdx_node node = {.kind = CH_SPDX_LICENCE};
    struct ch_str word = peek(p);
    if (is_operator(word) || !read_licence(p, word, &node)) {
        return wrong(p, "an identifier of the SPDX licence list, LicenseRef-NAME or \"(\"");
    }
    p->at += word.len;
    if (take(p, "WITH")) {
        struct ch_str exception = peek(p);
        node.exception = ch_str_of(ch_spdx_find_exception(exception));
        if (node.exception.ptr == NULL) {
            return wrong(p, "an exception of the SPDX licence list");
        }
        p->at += exception.len;
    }
    *ret = add(p, node);
    return CH_OK;
}

static enum ch_code parse_operand(struct parser *p, uint32_t *ret)
{
    if (!take(p, "(")) {
        return parse_licence(p, ret);
    }
    if (++p->depth > ch_limits.licence_depth) {
        return ch_fail(p->err, CH_E_LIMIT, "more than %llu open parentheses",
                       (unsigned long long)ch_limits.licence_depth);
    }
    enum ch_code rc = parse_or(p, ret);
    if (rc != CH_OK) {
        return rc;
    }
    p->depth--;
    return take(p, ")") ? CH_OK : wrong(p, "AND, OR or \")\"");
}

static enum ch_code parse_and(struct parser *p, uint32_t *ret)
{
    enum ch_code rc = parse_operand(p, ret);
    while (rc == CH_OK && take(p, "AND")) {
        struct ch_spdx_node node = {.kind = CH_SPDX_AND, .left = *ret};
        rc = parse_operand(p, &node.right);
        if (rc == CH_OK) {
            *ret = add(p, node);
        }
    }
    return rc;
}

static enum ch_code parse_or(struct parser *p, uint32_t *ret)
{
    enum ch_code rc = parse_and(p, ret);
    while (rc == CH_OK && take(p, "OR")) {
        struct ch_spdx_node node = {.kind = CH_SPDX_OR, .left = *ret};
        rc = parse_and(p, &node.right);
        if (rc == CH_OK) {
            *ret = add(p, node);
        }
    }
    return rc;
}

enum ch_code ch_spdx_parse(struct ch_str text, struct ch_spdx_tree *ret, struct ch_err *err)
{
    struct parser p = {.text = text, .err = err};
    if (text.len > ch_limits.licence_bytes) {
        return ch_fail(err, CH_E_LIMIT, "%zu bytes of licence expression, at most %llu", text.len,
                       (unsigned long long)ch_limits.licence_bytes);
    }
    /* each node but the first has a word of its own, and each word a byte */
    p.tree.nodes = ch_realloc_array(NULL, text.len + 1, sizeof(*p.tree.nodes));
    enum ch_code rc = parse_or(&p, &p.tree.root);
    if (rc == CH_OK && peek(&p).len > 0) {
        rc = wrong(&p, "AND, OR, WITH or the end");
    }
    if (rc != CH_OK) {
        ch_spdx_tree_done(&p.tree);
        return rc;
    }
    *ret = p.tree;
    return CH_OK;
}

void ch_spdx_tree_done(struct ch_spdx_tree *tree)
{
    free(tree->nodes);
    *tree = (struct ch_spdx_tree){0};
}
