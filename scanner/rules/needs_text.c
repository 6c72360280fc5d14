/* The rules of a file, as needs: their strings, and how the condition joins them. Of a condition it
 * reads "and", "or", strings, how often, and "so many of"; whatever else stands there, `not` and
 * comparisons above all, asks nothing. The text has compiled: that it is a rule need not be
 * checked. */
#include <stdlib.h>
#include <string.h>

#include "customhouse/ascii.h"
#include "needs.h"

enum { STRINGS_MAX = 256, NESTED_MAX = 32 };

struct string {
    struct ch_str name; /* with its "$" */
    int32_t need;
};

struct file {
    struct needs *n;
    struct ch_str s;
    size_t at;
    struct string strings[STRINGS_MAX]; /* of the rule at hand */
    size_t count;
    unsigned depth;
    bool failed; /* of the rule at hand: it asks nothing */
};

/* --- words of the file --- */

static char peek(const struct file *f)
{
    return f->at < f->s.len ? f->s.ptr[f->at] : '\0';
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_next(const struct file *f, const char *text)
{
    return ch_str_starts(ch_str_sub(f->s, f->at, SIZE_MAX), ch_str_of(text));
}

static void skip_to(struct file *f, const char *end)
{
    size_t found;
    bool there = ch_str_find(ch_str_sub(f->s, f->at, SIZE_MAX), ch_str_of(end), &found);
    f->at = there ? f->at + found + strlen(end) : f->s.len;
}

static void skip_space(struct file *f)
{
    for (;;) {
        if (is_next(f, "//")) {
            skip_to(f, "\n");
        } else if (is_next(f, "/*")) {
            skip_to(f, "*/");
        } else if (f->at < f->s.len && strchr(" \t\r\n", peek(f)) != NULL) {
            f->at++;
        } else {
            return;
        }
    }
}

/* A name with its "$" or "#", and the "*" behind it; or one other character. */
static struct ch_str next_token(struct file *f)
{
    skip_space(f);
    size_t from = f->at;
    if (f->at < f->s.len) {
        f->at++;
        char c = f->s.ptr[from];
        while ((is_word(c) || strchr("$#@!", c) != NULL) && is_word(peek(f))) {
            f->at++;
        }
    }
    return ch_str_sub(f->s, from, f->at - from);
}

static bool take(struct file *f, const char *token)
{
    size_t from = f->at;
    if (ch_str_eq(next_token(f), ch_str_of(token))) {
        return true;
    }
    f->at = from;
    return false;
}

/* What stands between two delimiters, with its escapes; behind the second one then. */
static struct ch_str take_quoted(struct file *f, char delimiter)
{
    size_t from = ++f->at;
    while (f->at < f->s.len && peek(f) != delimiter) {
        f->at += peek(f) == '\\' ? 2 : 1;
    }
    f->failed = f->failed || f->at >= f->s.len;
    size_t len = f->at - from;
    f->at++;
    return ch_str_sub(f->s, from, len);
}

/* --- strings --- */

/* Whether the string is looked for as it is written; false: also wide, by another alphabet, ... */
static bool read_modifiers(struct file *f, bool *ret_nocase)
{
    static const char *const harmless[] = {"nocase", "ascii", "fullword", "private",
                                           "i",      "s",     "is",       "si"};
    bool plain = true;
    skip_space(f);
    while (is_word(peek(f)) || peek(f) == '(') {
        bool known = false;
        struct ch_str word = next_token(f);
        if (ch_str_eq(word, CH_STR("("))) {
            skip_to(f, ")");
        } else if (ch_str_eq(word, CH_STR("condition"))) {
            f->at -= word.len;
            return plain;
        }
        for (size_t i = 0; i < CH_ARRAY_LEN(harmless); i++) {
            known = known || ch_str_eq(word, ch_str_of(harmless[i]));
        }
        *ret_nocase = *ret_nocase || ch_str_eq(word, CH_STR("nocase")) ||
                      ch_str_eq(word, CH_STR("i")) || ch_str_eq(word, CH_STR("is")) ||
                      ch_str_eq(word, CH_STR("si"));
        plain = plain && known;
        skip_space(f);
    }
    return plain;
}

static int32_t need_of_plain(struct file *f, struct ch_str quoted, bool nocase)
{
    struct ch_buf b;
    ch_buf_init(&b, quoted.len + 1);
    for (size_t i = 0; i < quoted.len; i++) {
        char c = quoted.ptr[i];
        char after = i + 1 < quoted.len ? quoted.ptr[i + 1] : '\0';
        if (c == '\\' && after == 'x' && i + 3 < quoted.len) {
            c = (char)(ch_hex_digit(quoted.ptr[i + 2]) * 16 + ch_hex_digit(quoted.ptr[i + 3]));
            i += 3;
        } else if (c == '\\') {
            c = after == 'n' ? '\n' : after == 't' ? '\t' : after == 'r' ? '\r' : after;
            i++;
        }
        ch_buf_putc(&b, c);
    }
    int32_t need = needs_word(f->n, ch_buf_str(&b), nocase);
    ch_buf_done(&b);
    return need;
}

static int32_t read_value(struct file *f)
{
    bool nocase = false;
    skip_space(f);
    char kind = peek(f);
    struct ch_str quoted = {NULL, 0};
    if (kind == '"' || kind == '/') {
        quoted = take_quoted(f, kind);
    } else {
        skip_to(f, "}"); /* hexadecimal: none of ours */
    }
    bool plain = read_modifiers(f, &nocase) && quoted.ptr != NULL;
    return !plain        ? NEED_NOTHING
           : kind == '"' ? need_of_plain(f, quoted, nocase)
                         : needs_regex(f->n, quoted, nocase);
}

static void read_strings(struct file *f)
{
    skip_space(f);
    while (peek(f) == '$') {
        struct ch_str name = next_token(f);
        if (!take(f, "=") || f->count >= STRINGS_MAX) {
            f->failed = true;
            return;
        }
        f->strings[f->count++] = (struct string){.name = name, .need = read_value(f)};
        skip_space(f);
    }
}

/* --- the condition --- */

static int32_t read_or(struct file *f);

static bool at_term_end(struct file *f)
{
    size_t from = f->at;
    struct ch_str t = next_token(f);
    f->at = from;
    return t.len == 0 || ch_str_eq(t, CH_STR("and")) || ch_str_eq(t, CH_STR("or")) ||
           ch_str_eq(t, CH_STR(")")) || ch_str_eq(t, CH_STR("}"));
}

/* Up to the next "and", "or" or end outside of parentheses. */
static int32_t skip_term(struct file *f)
{
    unsigned depth = 0;
    while (f->at < f->s.len && (depth > 0 || !at_term_end(f))) {
        skip_space(f);
        if (peek(f) == '"') {
            (void)take_quoted(f, '"');
            continue;
        }
        struct ch_str t = next_token(f);
        depth += ch_str_eq(t, CH_STR("(")) ? 1 : 0;
        depth -= ch_str_eq(t, CH_STR(")")) && depth > 0 ? 1 : 0;
    }
    return NEED_NOTHING;
}

static int32_t need_of_string(struct file *f, struct ch_str name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (f->strings[i].name.len == name.len &&
            ch_str_eq(ch_str_sub(f->strings[i].name, 1, SIZE_MAX), ch_str_sub(name, 1, SIZE_MAX))) {
            return needs_again(f->n, f->strings[i].need);
        }
    }
    f->failed = true;
    return NEED_NOTHING;
}

/* "at" and "in" say where: it is there all the same. */
static int32_t read_string(struct file *f, struct ch_str name)
{
    int32_t need = need_of_string(f, name);
    if (take(f, "at") || take(f, "in")) {
        (void)skip_term(f);
    }
    return at_term_end(f) ? need : skip_term(f);
}

/* "#a > 0", "#a >= 1" and more of them. */
static int32_t read_how_often(struct file *f, struct ch_str name)
{
    if (!take(f, ">")) {
        return skip_term(f);
    }
    bool equal = take(f, "=");
    uint64_t n;
    if (!ch_str_u64(next_token(f), &n) || (equal && n == 0) || !at_term_end(f)) {
        return skip_term(f);
    }
    return need_of_string(f, name);
}

/* The strings that a name with or without "*" stands for, each once. */
static void mark(struct file *f, struct ch_str name, bool star, bool *marked)
{
    for (size_t i = 0; i < f->count; i++) {
        struct ch_str have = f->strings[i].name;
        marked[i] = marked[i] || (star ? ch_str_starts(have, name) : ch_str_eq(have, name));
    }
}

static bool read_set(struct file *f, bool *marked)
{
    if (take(f, "them")) {
        mark(f, CH_STR("$"), true, marked);
        return true;
    }
    if (!take(f, "(")) {
        return false;
    }
    do {
        struct ch_str name = next_token(f);
        if (name.len == 0 || name.ptr[0] != '$') {
            return false;
        }
        mark(f, name, take(f, "*"), marked);
    } while (take(f, ","));
    return take(f, ")");
}

static int32_t read_of(struct file *f, bool all, uint64_t least)
{
    bool marked[STRINGS_MAX] = {false};
    int32_t parts[STRINGS_MAX];
    size_t count = 0;
    if (!read_set(f, marked)) {
        return skip_term(f);
    }
    if (take(f, "in") || take(f, "at")) {
        (void)skip_term(f);
    }
    if (!at_term_end(f)) {
        return skip_term(f);
    }
    for (size_t i = 0; i < f->count; i++) {
        if (marked[i]) {
            parts[count++] = needs_again(f->n, f->strings[i].need);
        }
    }
    return needs_group(f->n, all ? (uint32_t)count : (uint32_t)least, parts, count);
}

static int32_t read_term(struct file *f)
{
    size_t from = f->at;
    uint64_t least = 1;
    struct ch_str t = next_token(f);
    if (t.len > 1 && t.ptr[0] == '$') {
        return read_string(f, t);
    }
    if (t.len > 1 && t.ptr[0] == '#') {
        return read_how_often(f, t);
    }
    if (ch_str_eq(t, CH_STR("("))) {
        int32_t need = read_or(f);
        if (take(f, ")") && at_term_end(f)) {
            return need;
        }
    }
    bool all = ch_str_eq(t, CH_STR("all"));
    if ((all || ch_str_eq(t, CH_STR("any")) || (ch_str_u64(t, &least) && least < STRINGS_MAX)) &&
        take(f, "of")) {
        return read_of(f, all, least);
    }
    f->at = from; /* a calculation in parentheses, a comparison, `not`, ... */
    return skip_term(f);
}

static int32_t read_and(struct file *f)
{
    int32_t need = read_term(f);
    while (take(f, "and")) {
        int32_t both[2] = {need, read_term(f)};
        need = needs_group(f->n, 2, both, 2);
    }
    return need;
}

static int32_t read_or(struct file *f)
{
    if (++f->depth > NESTED_MAX) {
        f->failed = true;
        f->depth--;
        return skip_term(f);
    }
    int32_t need = read_and(f);
    while (take(f, "or")) {
        int32_t both[2] = {need, read_and(f)};
        need = needs_group(f->n, 1, both, 2);
    }
    f->depth--;
    return need;
}

/* --- the file --- */

/* Past NAME = VALUE pairs, to the next section. */
static void skip_meta(struct file *f)
{
    while (f->at < f->s.len) {
        size_t from = f->at;
        (void)next_token(f);
        if (take(f, ":")) {
            f->at = from;
            return;
        }
        (void)take(f, "=");
        skip_space(f);
        if (peek(f) == '"') {
            (void)take_quoted(f, '"');
        } else {
            (void)next_token(f);
        }
    }
}

static int32_t read_body(struct file *f)
{
    f->count = 0;
    f->failed = false;
    while (f->at < f->s.len) {
        if (take(f, "meta") && take(f, ":")) {
            skip_meta(f);
        } else if (take(f, "strings") && take(f, ":")) {
            read_strings(f);
        } else if (take(f, "condition") && take(f, ":")) {
            int32_t need = read_or(f);
            f->failed = f->failed || !take(f, "}");
            return f->failed ? NEED_NOTHING : need;
        } else {
            break;
        }
    }
    f->failed = true;
    return NEED_NOTHING;
}

void needs_read(struct needs *n, struct ch_str text, needs_rule_fn *on_rule, void *user)
{
    struct file *f = ch_calloc(1, sizeof(*f));
    f->n = n;
    f->s = text;
    while (!f->failed && f->at < f->s.len) { /* behind what is not understood no rule is told */
        if (!take(f, "rule")) {
            (void)next_token(f); /* `private`, `global` */
            continue;
        }
        struct ch_str name = next_token(f);
        while (f->at < f->s.len && !take(f, "{")) {
            (void)next_token(f); /* tags */
        }
        int32_t need = read_body(f);
        on_rule(user, name, need);
    }
    free(f);
}
