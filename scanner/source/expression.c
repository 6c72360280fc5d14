/* Expressions, as far as the checks need them: what is called with what. Operators have no precedence
 * here, since only + and % of constants are computed. */
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/source_int.h"

enum { ITEMS = 4096 }; /* of a list that are kept; of longer ones the marks */

static bool is_binary(uint16_t op)
{
    switch (op) {
    case '-':
    case '*':
    case '/':
    case '@':
    case '&':
    case '|':
    case '^':
    case '<':
    case '>':
    case '/' | '/' << 8:
    case '*' | '*' << 8:
    case '<' | '<' << 8:
    case '>' | '>' << 8:
    case '<' | '=' << 8:
    case '>' | '=' << 8:
    case '=' | '=' << 8:
    case '!' | '=' << 8:
        return true;
    default:
        return false;
    }
}

static bool is_sign(uint16_t op)
{
    return op == '-' || op == '+' || op == '~' || op == '*' || op == ('*' | '*' << 8);
}

static struct value mixed(struct value a, struct value b)
{
    return (struct value){.marks = (a.marks | b.marks | MARK_COMPUTED) & ~(uint32_t)MARK_SELF,
                          .origin = a.origin != 0 ? a.origin : b.origin};
}

/* A name as it is compared: folded where it is not ASCII. Lent from the file's values. */
static struct ch_str name_at(struct file *f, uint32_t i)
{
    struct ch_str s = ch_token_str(f->text, &f->tokens[i]);
    bool ascii = true;
    for (size_t k = 0; !f->ascii && k < s.len && ascii; k++) {
        ascii = (uint8_t)s.ptr[k] < 0x80;
    }
    if (ascii) {
        return s;
    }
    struct ch_buf b;
    ch_buf_init(&b, 4 * s.len + 8);
    CH_IGNORE(ch_token_name(s, &b));
    struct value v = value_text(f, ch_buf_str(&b), 0);
    ch_buf_done(&b);
    return v.kind == VALUE_TEXT ? v.text : s;
}

/* What stands in a string without escapes: lent from the source. */
static bool plain_string(const struct file *f, const struct ch_token *tok, struct ch_str *ret)
{
    struct ch_str s = ch_token_str(f->text, tok);
    if (tok->type != CH_TOKEN_STRING || memchr(s.ptr, '\\', s.len) != NULL ||
        memchr(s.ptr, '\r', s.len) != NULL) {
        return false;
    }
    size_t close = (tok->flags & CH_STRING_TRIPLE) != 0 ? 3 : 1;
    size_t open = 0;
    while (s.ptr[open] != '"' && s.ptr[open] != '\'') {
        open++;
    }
    *ret = ch_str_sub(s, open + close, s.len - open - 2 * close);
    return true;
}

static struct value string_value(struct file *f)
{
    struct ch_buf b;
    const struct ch_token *tok = &f->tokens[f->at++];
    struct value plain = {.kind = VALUE_TEXT};
    if (plain_string(f, tok, &plain.text)) {
        check_literal(f, &plain, tok->line);
        return plain;
    }
    ch_buf_init(&b, 4 * (size_t)tok->len + 8);
    ch_token_value(f->text, tok, &b);
    struct value v = value_text(f, ch_buf_str(&b), 0);
    ch_buf_done(&b);
    check_literal(f, &v, tok->line);
    return v;
}

/* From the START of an f-string over its END. */
static struct value fstring_value(struct file *f)
{
    uint32_t stop = f->match[f->at];
    uint32_t line = f->tokens[f->at].line;
    uint32_t end = f->end;
    struct value v = {.kind = VALUE_TEXT, .text = CH_STR("")};
    f->at++;
    while (f->at < stop) {
        uint32_t i = f->at;
        struct value part = {.marks = MARK_COMPUTED};
        if (f->tokens[i].type == CH_TOKEN_FSTRING_MIDDLE) {
            part = string_value(f);
        } else if (token_op(f, i, "{") && f->match[i] > i) {
            f->at = i + 1;
            f->end = f->match[i];
            part = expression_list(f);
            f->at = f->end + 1;
            f->end = end;
        } else {
            f->at++;
        }
        v = value_add(f, v, part);
    }
    f->at = stop + 1;
    if (v.kind == VALUE_TEXT) {
        check_literal(f, &v, line);
    }
    return v;
}

/* Strings that stand one after the other are one; of many short ones as well. */
static struct value strings(struct file *f)
{
    struct ch_buf b;
    ch_buf_init(&b, SIZE_MAX / 2);
    uint32_t from = f->at;
    uint32_t marks = 0;
    uint32_t count = 0;
    struct value v = {0};
    bool known = true;
    while (f->at < f->end) {
        uint8_t type = f->tokens[f->at].type;
        bool start = type == CH_TOKEN_FSTRING_START && f->match[f->at] > f->at;
        if (type != CH_TOKEN_STRING && !start) {
            break;
        }
        if (count == 1) {
            ch_buf_puts(&b, v.text);
        }
        if (start || count == 0) {
            v = start ? fstring_value(f) : string_value(f);
            known = known && v.kind == VALUE_TEXT;
            marks |= v.marks;
            if (count > 0) {
                ch_buf_puts(&b, v.text);
            }
        } else {
            ch_token_value(f->text, &f->tokens[f->at++], &b);
        }
        count++;
    }
    if (count > 1 && known) {
        v = value_text(f, ch_buf_str(&b), marks);
        check_literal(f, &v, f->tokens[from].line);
        v.marks |= MARK_BUILT;
    } else if (count > 1) {
        v = (struct value){.marks = marks | MARK_COMPUTED};
    }
    ch_buf_done(&b);
    return v;
}

/* --- comprehensions --- */

/* The next word at this level from i on, or f->end. */
static inline __attribute__((always_inline)) uint32_t find_word(const struct file *f, uint32_t i, const char *word)
{
    for (; i < f->end; i++) {
        if (token_word(f, i, word)) {
            return i;
        }
        if (f->match[i] > i) {
            i = f->match[i];
        }
    }
    return f->end;
}

/* chr(x) for x in [numbers]: the text. */
static bool is_chr_of(const struct file *f, uint32_t i, uint32_t word)
{
    return word == i + 4 && token_word(f, i, "chr") && token_op(f, i + 1, "(");
}

static struct value comprehension(struct file *f, uint32_t word)
{
    uint32_t begin = f->at;
    uint32_t end = f->end;
    uint32_t in = find_word(f, word, "in");
    struct value v;
    f->at = in < end ? in + 1 : end;
    struct value over = expression(f);
    for (uint32_t i = word + 1; i < in; i++) {
        if (f->tokens[i].type == CH_TOKEN_NAME) {
            bind(f, name_at(f, i), (struct value){.marks = over.marks | MARK_COMPUTED});
        }
    }
    if (f->at < end) { /* more loops and conditions */
        struct value rest = expression_list(f);
        over.marks |= rest.marks & (MARK_DECODED | MARK_REMOTE);
    }
    if (is_chr_of(f, begin, word) && over.kind == VALUE_LIST) {
        v = value_characters(f, over);
    } else {
        f->at = begin;
        f->end = word;
        v = expression_list(f);
        v = (struct value){.marks = v.marks | over.marks | MARK_COMPUTED};
    }
    f->at = f->end = end;
    return v;
}

/* What stands between a bracket and its partner; f->at comes to lie after it. */
static struct value inside(struct file *f)
{
    uint32_t open = f->at;
    uint32_t end = f->end;
    struct value v = {0};
    if (f->match[open] <= open || f->match[open] >= end) { /* never closed: Python refuses this */
        f->at++;
        return v;
    }
    f->at = open + 1;
    f->end = f->match[open];
    uint32_t word = find_word(f, f->at, "for");
    if (word < f->end && !token_op(f, f->at, "*")) {
        v = comprehension(f, word);
    } else if (f->at < f->end) {
        v = expression_list(f);
    }
    f->at = f->match[open] + 1;
    f->end = end;
    return v;
}

struct value expression_list(struct file *f)
{
    struct value few[16] __attribute__((uninitialized)); /* the first `count` are set */
    struct value *items = few;
    uint32_t cap = CH_ARRAY_LEN(few);
    uint32_t count = 0;
    uint32_t marks = 0;
    bool many = false;
    struct value v = {0};
    while (f->at < f->end) {
        uint32_t before = f->at;
        v = expression(f);
        marks |= v.marks;
        if (count == cap && cap < ITEMS) {
            struct value *more = value_alloc(f, 2 * cap * sizeof(*more));
            if (more != NULL) {
                memcpy(more, items, count * sizeof(*more));
                items = more;
                cap *= 2;
            }
        }
        if (count < cap) {
            items[count++] = v;
        } else {
            count = UINT32_MAX;
            cap = 0;
        }
        many = many || f->at < f->end;
        if (f->at == before || token_op(f, f->at, ",") || token_op(f, f->at, ":") ||
            token_op(f, f->at, "=")) {
            f->at++;
        }
    }
    if (!many) {
        return v;
    }
    v = (struct value){.marks = marks, .kind = VALUE_LIST};
    if (count == UINT32_MAX) {
        v.marks |= MARK_COMPUTED | MARK_BLOB;
    } else if (items == few) {
        struct value *kept = value_alloc(f, count * sizeof(*kept));
        if (kept != NULL) {
            memcpy(kept, few, count * sizeof(*kept));
            v.items = kept;
            v.item_count = count;
        }
    } else {
        v.items = items;
        v.item_count = count;
    }
    return v;
}

/* --- what follows an operand --- */

/* Of the arguments only the first is set: there are many, of many calls. */
static void call_begin(struct call *c)
{
    c->name = (struct ch_str){NULL, 0};
    c->self = (struct value){0};
    c->count = 0;
    c->marks = 0;
    c->args[0] = (struct value){0};
    c->keywords[0] = (struct ch_str){NULL, 0};
}

static struct value arguments(struct file *f, struct value callee, struct call *c)
{
    uint32_t open = f->at;
    uint32_t end = f->end;
    c->line = f->tokens[open].line;
    if (f->match[open] <= open || f->match[open] >= end) {
        f->at++;
        return (struct value){0};
    }
    f->at = open + 1;
    f->end = f->match[open];
    uint32_t word = find_word(f, f->at, "for");
    if (word < f->end) { /* f(x for x in y) */
        c->keywords[0] = (struct ch_str){NULL, 0};
        c->args[c->count++] = comprehension(f, word);
        c->marks |= c->args[0].marks;
    }
    while (f->at < f->end) {
        struct ch_str keyword = {NULL, 0};
        uint32_t before = f->at;
        if (f->tokens[f->at].type == CH_TOKEN_NAME && token_op(f, f->at + 1, "=")) {
            keyword = name_at(f, f->at);
            f->at += 2;
        }
        struct value v = expression(f);
        c->marks |= v.marks;
        if (c->count < ARGUMENTS) {
            c->keywords[c->count] = keyword;
            c->args[c->count++] = v;
        }
        if (f->at < f->end || f->at == before) {
            f->at++;
        }
    }
    f->at = f->match[open] + 1;
    f->end = end;
    return call(f, callee, c);
}

/* [::-1], however it is spaced */
static bool is_reversal(const struct file *f, uint32_t open)
{
    uint32_t i = open + 1;
    return token_op(f, i, ":") && token_op(f, i + 1, ":") && token_op(f, i + 2, "-") &&
           f->match[open] == i + 4 && f->tokens[i + 3].len == 1 &&
           f->text.ptr[f->tokens[i + 3].at] == '1';
}

/* Where names can be had by their text: globals()["x"], os.__dict__["system"]. */
static bool is_namespace(struct ch_str name)
{
    return ch_str_ends(name, CH_STR("__dict__")) || ch_str_eq(name, CH_STR("globals()")) ||
           ch_str_eq(name, CH_STR("locals()")) || ch_str_eq(name, CH_STR("__builtins__")) ||
           ch_str_eq(name, CH_STR("sys.modules")) || ch_str_ends(name, CH_STR("vars()"));
}

static struct value subscript(struct file *f, struct value v)
{
    if (is_reversal(f, f->at)) {
        f->at = f->match[f->at] + 1;
        return value_slice(f, v, true);
    }
    struct value key = inside(f);
    if (v.kind == VALUE_NAME && key.kind == VALUE_TEXT && is_namespace(v.text)) {
        struct ch_str base = {NULL, 0};
        if (ch_str_ends(v.text, CH_STR(".__dict__"))) {
            base = ch_str_sub(v.text, 0, v.text.len - CH_STR(".__dict__").len);
        }
        struct value r = value_name(f, base, key.text);
        r.marks |= key.marks & (MARK_BUILT | MARK_DECODED);
        return r;
    }
    if (v.kind == VALUE_LIST && key.kind == VALUE_INT && key.number >= 0 &&
        key.number < v.item_count) {
        return v.items[key.number];
    }
    struct value r = {.marks = v.marks | MARK_COMPUTED, .origin = v.origin};
    if (v.kind == VALUE_NAME) {
        r.marks &= ~(uint32_t)MARK_ENVIRON; /* one variable is not the environment */
    }
    return r;
}

static struct value method_or_attribute(struct file *f, struct value v)
{
    uint32_t i = f->at + 1;
    struct ch_str name = name_at(f, i);
    bool in_text = name.ptr > f->text.ptr && name.ptr < f->text.ptr + f->text.len &&
                   name.ptr[-1] == '.';
    f->at = i + 1;
    if (v.kind == VALUE_NAME) {
        struct value r = {.kind = VALUE_NAME};
        if (in_text && v.text.ptr + v.text.len + 1 == name.ptr && v.text.len + name.len < NAME_BYTES) {
            r.text = (struct ch_str){v.text.ptr, v.text.len + 1 + name.len}; /* a.b as it stands */
        } else {
            r = value_name(f, v.text, name);
        }
        r.marks |= v.marks;
        r.origin = v.origin;
        if (str_is(r.text, "os.environ")) {
            r.marks |= MARK_ENVIRON;
            capability(f, CAP_ENVIRONMENT);
        }
        return r;
    }
    if (!token_op(f, f->at, "(")) {
        uint32_t kept = v.marks & ~(uint32_t)MARK_SELF; /* ".parent" is not this file */
        return (struct value){.marks = kept | MARK_COMPUTED, .origin = v.origin};
    }
    struct call c __attribute__((uninitialized));
    call_begin(&c);
    c.self = v;
    struct value callee = {0};
    char *p = in_text ? NULL : value_alloc(f, name.len + 1);
    if (in_text) { /* ".name": of no module */
        callee = (struct value){.kind = VALUE_NAME, .text = {name.ptr - 1, name.len + 1}};
    } else if (p != NULL) {
        p[0] = '.';
        memcpy(p + 1, name.ptr, name.len);
        callee = (struct value){.kind = VALUE_NAME, .text = {p, name.len + 1}};
    }
    return arguments(f, callee, &c);
}

static struct value postfix(struct file *f, struct value v)
{
    for (;;) {
        if (token_op(f, f->at, ".") && f->at + 1 < f->end &&
            f->tokens[f->at + 1].type == CH_TOKEN_NAME) {
            v = method_or_attribute(f, v);
        } else if (token_op(f, f->at, "(")) {
            struct call c __attribute__((uninitialized));
            call_begin(&c);
            v = arguments(f, v, &c);
        } else if (token_op(f, f->at, "[")) {
            v = subscript(f, v);
        } else {
            return v;
        }
    }
}

static struct value lambda(struct file *f)
{
    f->at++;
    uint32_t index = function_new(f, 0);
    scope_push(f, (struct scope){.indent = 0, .function = index, .is_function = true});
    while (f->at < f->end && !token_op(f, f->at, ":")) {
        if (f->tokens[f->at].type == CH_TOKEN_NAME) {
            bind(f, name_at(f, f->at), (struct value){.marks = MARK_PARAM | MARK_COMPUTED});
        }
        f->at++;
        if (token_op(f, f->at, "=")) {
            f->at++;
            CH_IGNORE(expression(f).marks);
        }
    }
    f->at++;
    struct value body = expression(f);
    scope_pop(f);
    f->functions[index].returns |= body.marks;
    return (struct value){.kind = VALUE_FUNCTION, .number = index};
}

static struct value name_value(struct file *f)
{
    struct ch_str name = name_at(f, f->at++);
    const struct value *v = bound(f, name);
    if (token_op(f, f->at, ":=")) {
        f->at++;
        struct value to = expression(f);
        bind(f, name, to);
        return to;
    }
    if (v != NULL && v->kind == VALUE_NAME && str_is(v->text, "os.environ")) {
        struct value environ = *v;
        environ.marks |= MARK_ENVIRON;
        capability(f, CAP_ENVIRONMENT);
        return environ;
    }
    if (str_is(name, "__file__")) {
        return (struct value){.marks = MARK_SELF | MARK_COMPUTED};
    }
    struct value r = {0};
    if (v != NULL) {
        r = *v;
    } else if (name.len < NAME_BYTES) {
        r = (struct value){.kind = VALUE_NAME, .text = name};
    }
    if (r.origin == 0) {
        r.origin = value_hash(name);
    }
    return r;
}

static struct value operand(struct file *f)
{
    bool negative = false;
    for (;;) {
        if ((token_id(f, f->at, CH_TOKEN_NAME) & WORD_PREFIX) == 0 &&
            !is_sign(token_id(f, f->at, CH_TOKEN_OP))) {
            break;
        }
        negative = negative != token_op(f, f->at, "-");
        f->at++;
    }
    struct value v = {.marks = 0};
    if (f->at >= f->end) {
        return v;
    }
    switch (f->tokens[f->at].type) {
    case CH_TOKEN_STRING:
    case CH_TOKEN_FSTRING_START:
        v = strings(f);
        break;
    case CH_TOKEN_NUMBER:
        v = value_number(ch_token_str(f->text, &f->tokens[f->at++]));
        v.number = negative ? -v.number : v.number;
        break;
    case CH_TOKEN_NAME:
        v = token_word(f, f->at, "lambda") ? lambda(f) : name_value(f);
        break;
    case CH_TOKEN_OP:
        if (token_op(f, f->at, "(") || token_op(f, f->at, "[") || token_op(f, f->at, "{")) {
            bool list = token_op(f, f->at, "[");
            bool tuple = token_op(f, f->at, "(");
            v = inside(f);
            v.marks |= !list && !tuple ? (uint32_t)MARK_COMPUTED : 0U;
            if (list && v.kind != VALUE_LIST && v.kind != VALUE_UNKNOWN) {
                struct value *one = value_alloc(f, sizeof(*one));
                if (one != NULL) {
                    *one = v;
                    v = (struct value){.kind = VALUE_LIST, .marks = one->marks, .items = one,
                                       .item_count = 1, .origin = one->origin};
                }
            }
        }
        break;
    default:
        f->at++;
        break;
    }
    return postfix(f, v);
}

struct value expression(struct file *f)
{
    if (f->depth >= ch_limits.source_depth) {
        f->beyond = true;
        f->at = f->end;
        return (struct value){0};
    }
    f->depth++;
    bool summed = false;
    struct value v = operand(f);
    for (;;) {
        if (token_op(f, f->at, "+")) {
            f->at++;
            v = value_add(f, v, operand(f));
            summed = true;
        } else if (token_op(f, f->at, "%")) {
            f->at++;
            v = value_percent(f, v, operand(f));
        } else if (is_binary(token_id(f, f->at, CH_TOKEN_OP))) {
            bool xor = token_op(f, f->at, "^");
            f->at++;
            v = mixed(v, operand(f));
            v.marks |= xor ? MARK_CHAR : 0U;
        } else if ((token_id(f, f->at, CH_TOKEN_NAME) & WORD_BETWEEN) != 0) {
            f->at++;
            v = mixed(v, operand(f));
        } else {
            break;
        }
    }
    f->depth--;
    if (summed && v.kind == VALUE_TEXT) { /* once: not for each part of a long sum */
        v.marks |= text_marks(f, v.text, f->tokens[f->at - 1].line);
    }
    return v;
}
