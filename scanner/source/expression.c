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

static struct value mixed(struct file *f, struct value a, struct value b)
{
    implied_use(f, &a);
    implied_use(f, &b);
    return (struct value){.marks = (a.marks | b.marks | MARK_COMPUTED) & ~(uint64_t)MARK_SELF,
                          .origin = a.origin != 0 ? a.origin : b.origin};
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

/* The elements one by one, where all are constants and nothing is called: PARTS[k] for k in "abc". */
static bool unrolled(struct file *f, uint32_t begin, uint32_t word, const struct value *over,
                     struct value *ret)
{
    enum { EACH = 64, IN_FILE = 4096 };
    bool text = over->kind == VALUE_TEXT && ch_str_ascii(over->text) == over->text.len;
    bool list = over->kind == VALUE_LIST && (over->marks & MARK_COMPUTED) == 0;
    size_t count = text ? over->text.len : list ? over->item_count : 0;
    if (count == 0 || count > EACH || f->unrolled + count > IN_FILE) {
        return false;
    }
    for (uint32_t i = begin; i < word; i++) {
        if (token_op(f, i, "(") || token_word(f, i, "lambda")) {
            return false;
        }
    }
    uint32_t end = f->end;
    struct value *items = value_alloc(f, count * sizeof(*items));
    *ret = (struct value){.kind = VALUE_LIST, .items = items, .item_count = (uint32_t)count};
    for (size_t i = 0; items != NULL && i < count; i++) {
        struct value one = {.kind = VALUE_TEXT};
        one.text = text ? ch_str_sub(over->text, i, 1) : one.text;
        f->unrolled++;
        bind(f, name_at(f, word + 1), text ? one : over->items[i]);
        f->at = begin;
        f->end = word;
        items[i] = expression_list(f);
        f->end = end;
        ret->marks |= items[i].marks;
        if (items[i].kind != VALUE_TEXT) {
            return false;
        }
    }
    return items != NULL;
}

static struct value comprehension(struct file *f, uint32_t word)
{
    uint32_t begin = f->at;
    uint32_t end = f->end;
    uint32_t in = find_word(f, word, "in");
    struct value v;
    f->at = in < end ? in + 1 : end;
    struct value over = expression(f);
    uint32_t plain = f->at; /* all of it: one loop without a condition */
    struct value each = value_element(f, over);
    bool single = in == word + 2;
    uint32_t which = 0;
    for (uint32_t i = word + 1; i < in; i++) {
        if (f->tokens[i].type == CH_TOKEN_NAME) {
            struct value one = single ? each : value_unpacked(f, each, which++);
            one.marks |= over.marks | MARK_COMPUTED;
            bind(f, name_at(f, i), one);
        }
    }
    if (f->at < end) { /* more loops and conditions */
        struct value rest = expression_list(f);
        over.marks |= rest.marks & (MARK_DECODED | MARK_REMOTE);
    }
    if (is_chr_of(f, begin, word) && over.kind == VALUE_LIST) {
        v = value_characters(f, over);
    } else if (!single || plain != end || !unrolled(f, begin, word, &over, &v)) {
        f->at = begin;
        f->end = word;
        struct value *one = value_alloc(f, sizeof(*one));
        struct value made = expression_list(f);
        v = (struct value){.marks = made.marks | over.marks | MARK_COMPUTED};
        if (one != NULL && is_reference(&made)) {
            *one = made;
            v.kind = VALUE_LIST;
            v.items = one;
            v.item_count = 1;
        }
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
    uint64_t marks = 0;
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
    c->more = false;
    c->spread = false;
    c->marks = 0;
    c->path = 0;
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
        c->spread = c->spread || token_op(f, f->at, "*") || token_op(f, f->at, "**");
        struct value v = expression(f);
        c->marks |= v.marks;
        if (c->count < ARGUMENTS) {
            c->keywords[c->count] = keyword;
            c->args[c->count++] = v;
        } else {
            c->more = true;
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

static struct value subscript(struct file *f, struct value v)
{
    if (is_reversal(f, f->at)) {
        f->at = f->match[f->at] + 1;
        return value_slice(f, v, true);
    }
    return value_item(f, v, inside(f));
}

/* ".name": a method of no module. */
static struct value method_name(struct file *f, struct ch_str name)
{
    bool in_text = name.ptr > f->text.ptr && name.ptr < f->text.ptr + f->text.len &&
                   name.ptr[-1] == '.';
    struct value v = {.kind = VALUE_NAME, .text = {name.ptr - 1, name.len + 1}};
    if (!in_text) {
        char *p = value_alloc(f, name.len + 1);
        if (p == NULL) {
            return (struct value){0};
        }
        p[0] = '.';
        memcpy(p + 1, name.ptr, name.len);
        v.text.ptr = p;
    }
    return v;
}

static struct value method_or_attribute(struct file *f, struct value v)
{
    struct ch_str name = name_at(f, f->at + 1);
    f->at += 2;
    struct value r = value_attribute(f, v, name);
    if (v.kind == VALUE_NAME || !token_op(f, f->at, "(")) {
        return r;
    }
    struct call c __attribute__((uninitialized));
    call_begin(&c);
    c.self = v;
    c.self.also = NULL;
    struct value callee = method_name(f, name);
    bool known = r.kind == VALUE_FUNCTION || r.kind == VALUE_CLASS || r.kind == VALUE_NAME ||
                 r.kind == VALUE_INSTANCE;
    if (known && v.kind != VALUE_TEXT) {
        callee = r;
    } else {
        callee = value_or(f, callee, r);
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
            mention(f, &v);
            return v;
        }
    }
}

static struct value name_value(struct file *f)
{
    struct ch_str name = name_at(f, f->at++);
    if (token_op(f, f->at, ":=")) {
        f->at++;
        struct value to = expression(f);
        bind(f, name, to);
        return to;
    }
    struct value r = {0};
    if (!lookup(f, name, &r) && name.len < NAME_BYTES) {
        if (str_is(name, "__file__")) {
            return (struct value){.marks = MARK_SELF | MARK_COMPUTED};
        }
        if (str_is(name, "__doc__")) { /* a text that nobody reads as code */
            return (struct value){.marks = MARK_FILE | MARK_COMPUTED};
        }
        r = (struct value){.kind = VALUE_NAME, .text = name};
    }
    if (r.kind == VALUE_NAME && str_is(r.text, "os.environ")) {
        r.marks |= MARK_ENVIRON;
        capability(f, CAP_ENVIRONMENT);
        return r;
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
            v.marks |= !list && !tuple ? (uint64_t)MARK_COMPUTED : 0U;
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

/* One of the two: no more than marks, and what can be called. */
static struct value kept_or(struct file *f, struct value kept, struct value v)
{
    implied_use(f, &v);
    kept.marks = (kept.marks | marks_instead(v.marks) | MARK_COMPUTED) & ~(uint64_t)MARK_SELF;
    kept.origin = kept.origin != 0 ? kept.origin : v.origin;
    return v.kind >= VALUE_NAME || v.kind == VALUE_UNKNOWN || v.also != NULL ? value_or(f, kept, v)
                                                                             : kept;
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
    bool either = false;
    struct value kept = {0}; /* of `or` and its like, what came before */
    struct value v = operand(f);
    for (;;) {
        if (token_op(f, f->at, "+")) {
            f->at++;
            v = value_add(f, v, operand(f));
            summed = true;
        } else if (token_op(f, f->at, "%")) {
            f->at++;
            v = value_percent(f, v, operand(f));
        } else if (token_op(f, f->at, "/")) {
            f->at++;
            v = value_append(f, v, operand(f));
            summed = true;
        } else if (is_binary(token_id(f, f->at, CH_TOKEN_OP))) {
            bool xor = token_op(f, f->at, "^");
            f->at++;
            v = mixed(f, v, operand(f));
            v.marks |= xor ? MARK_CHAR : 0U;
        } else if ((token_id(f, f->at, CH_TOKEN_NAME) & WORD_BETWEEN) != 0) {
            f->at++;
            kept = kept_or(f, kept, v);
            either = true;
            v = operand(f);
        } else {
            break;
        }
    }
    f->depth--;
    if (either) {
        v = kept_or(f, kept, v);
    }
    if (summed && (v.kind == VALUE_TEXT || v.kind == VALUE_PARTIAL)) { /* once: not for each part of a long sum */
        v.marks |= text_marks(f, v.text, f->tokens[f->at - 1].line);
    }
    return v;
}
