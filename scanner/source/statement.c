/* Statements: what names are bound to, what runs at import, which function calls which. */
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/source_int.h"

/* --- names --- */

static uint32_t scope_now(const struct file *f)
{
    return f->scope_count;
}

static struct binding *find(const struct file *f, uint64_t name)
{
    uint32_t i = f->buckets[name / 2 % BUCKETS];
    while (i != 0 && f->bindings[i - 1].name != name) {
        i = f->bindings[i - 1].next;
    }
    return i != 0 ? &f->bindings[i - 1] : NULL;
}

const struct value *bound(const struct file *f, struct ch_str name)
{
    const struct binding *b = find(f, value_hash(name));
    return b != NULL ? &b->value : NULL;
}

void bind(struct file *f, struct ch_str name, struct value v)
{
    uint64_t hash = value_hash(name);
    struct binding *b = find(f, hash);
    if (b != NULL && b->scope == scope_now(f)) {
        if (b->value.kind != v.kind || b->value.kind == VALUE_TEXT) {
            v.marks |= b->value.marks & ~(uint32_t)(MARK_BUILT | MARK_CHAR); /* either may hold */
        }
        b->value = v;
        return;
    }
    if (f->binding_count >= ch_limits.source_names) {
        f->beyond = true;
        return;
    }
    if (f->binding_count == f->binding_cap) {
        f->binding_cap = f->binding_cap == 0 ? 256 : 2 * f->binding_cap;
        f->bindings = ch_realloc_array(f->bindings, f->binding_cap, sizeof(*f->bindings));
    }
    uint32_t *bucket = &f->buckets[hash / 2 % BUCKETS];
    f->bindings[f->binding_count++] =
        (struct binding){.name = hash, .scope = scope_now(f), .next = *bucket, .value = v};
    *bucket = f->binding_count;
}

void scope_push(struct file *f, struct scope s)
{
    s.first_binding = f->binding_count;
    if (f->scope_count == SCOPES) {
        f->beyond = true;
        f->scopes[SCOPES - 1].indent = s.indent;
        return;
    }
    f->scopes[f->scope_count++] = s;
}

void scope_pop(struct file *f)
{
    if (f->scope_count == 0) {
        return;
    }
    const struct scope *s = &f->scopes[--f->scope_count];
    while (f->binding_count > s->first_binding) {
        const struct binding *b = &f->bindings[--f->binding_count];
        f->buckets[b->name / 2 % BUCKETS] = b->next;
    }
}

/* --- functions --- */

uint32_t function_now(const struct file *f)
{
    return f->scope_count > 0 ? f->scopes[f->scope_count - 1].function : 0;
}

bool at_import(const struct file *f)
{
    for (uint32_t i = 0; i < f->scope_count; i++) {
        if (f->scopes[i].is_function || (f->scopes[i].is_main && f->place != CH_PLACE_INSTALL)) {
            return f->place == CH_PLACE_INSTALL; /* of setup.py all runs */
        }
    }
    return true;
}

uint32_t function_new(struct file *f, uint64_t name)
{
    if (f->function_count >= ch_limits.source_names) {
        f->beyond = true;
        return f->function_count - 1;
    }
    if (f->function_count == f->function_cap) {
        f->function_cap = f->function_cap == 0 ? 64 : 2 * f->function_cap;
        f->functions = ch_realloc_array(f->functions, f->function_cap, sizeof(*f->functions));
    }
    f->functions[f->function_count] = (struct function){.name = name};
    return f->function_count++;
}

void edge_new(struct file *f, uint32_t from, uint64_t to)
{
    if (f->edge_count >= 4 * ch_limits.source_names) {
        f->beyond = true;
        return;
    }
    if (f->edge_count == f->edge_cap) {
        f->edge_cap = f->edge_cap == 0 ? 64 : 2 * f->edge_cap;
        f->edges = ch_realloc_array(f->edges, f->edge_cap, sizeof(*f->edges));
    }
    f->edges[f->edge_count++] = (struct edge){from, to};
}

/* --- statements --- */

static struct ch_str word_at(const struct file *f, uint32_t i)
{
    return i < f->end ? ch_token_str(f->text, &f->tokens[i]) : (struct ch_str){NULL, 0};
}

/* a.b.c from f->at on, as one name. */
static struct ch_str dotted(struct file *f)
{
    uint32_t from = f->at;
    while (f->at < f->end && (f->tokens[f->at].type == CH_TOKEN_NAME || token_op(f, f->at, ".") ||
                              token_op(f, f->at, "..."))) {
        if (token_word(f, f->at, "import") || token_word(f, f->at, "as")) {
            break;
        }
        f->at++;
    }
    struct value v = {0};
    for (uint32_t i = from; i < f->at; i++) {
        v = value_name(f, v.text, CH_STR(""));
        struct ch_str s = word_at(f, i);
        if (f->tokens[i].type == CH_TOKEN_NAME) {
            v = value_name(f, v.text, s);
        }
    }
    return v.kind == VALUE_NAME ? v.text : (struct ch_str){NULL, 0};
}

static void imported(struct file *f, struct ch_str module)
{
    if (ch_str_eq(module, CH_STR("ctypes")) || ch_str_eq(module, CH_STR("cffi")) ||
        ch_str_starts(module, CH_STR("ctypes."))) {
        capability(f, CAP_NATIVE);
    }
}

static void import_names(struct file *f)
{
    f->at++;
    while (f->at < f->end && !token_op(f, f->at, ";")) {
        uint32_t before = f->at;
        struct ch_str first = word_at(f, f->at);
        struct ch_str module = dotted(f);
        imported(f, module);
        struct value v = {.kind = VALUE_NAME, .text = module};
        if (token_word(f, f->at, "as")) {
            bind(f, word_at(f, f->at + 1), v);
            f->at += 2;
        } else if (first.len > 0) {
            v.text = first; /* import a.b binds a */
            bind(f, first, v);
        }
        f->at += f->at == before || token_op(f, f->at, ",") ? 1 : 0;
    }
}

static void from_import(struct file *f)
{
    f->at++;
    bool relative = token_op(f, f->at, ".") || token_op(f, f->at, "...");
    struct ch_str module = dotted(f);
    if (!relative) {
        imported(f, module);
    }
    f->at++;
    while (f->at < f->end && !token_op(f, f->at, ";")) {
        if (f->tokens[f->at].type != CH_TOKEN_NAME) {
            f->at++;
            continue;
        }
        struct ch_str name = word_at(f, f->at);
        struct value v = value_name(f, relative ? CH_STR("?") : module, name);
        f->at++;
        if (token_word(f, f->at, "as")) {
            name = word_at(f, f->at + 1);
            f->at += 2;
        }
        bind(f, name, v);
    }
}

/* def and class up to their colon: what runs now are defaults, bases and annotations. */
static void definition(struct file *f, bool is_function)
{
    f->at++;
    struct ch_str name = word_at(f, f->at);
    uint64_t hash = value_hash(name);
    uint32_t outer = function_now(f);
    uint32_t index = is_function ? function_new(f, hash) : outer;
    if (name.len > 0) {
        bind(f, name, (struct value){.kind = is_function ? VALUE_FUNCTION : VALUE_UNKNOWN,
                                     .number = index,
                                     .origin = hash});
    }
    f->at++;
    uint32_t open = f->at;
    while (f->at < f->end && !token_op(f, f->at, ":")) {
        if (token_op(f, f->at, "(") && f->match[f->at] > f->at) {
            uint32_t close = f->match[f->at];
            uint32_t end = f->end;
            f->at++;
            f->end = close;
            CH_IGNORE(expression_list(f).marks);
            f->at = close;
            f->end = end;
        }
        f->at++;
    }
    scope_push(f, (struct scope){.indent = f->indent + 1,
                                 .function = index,
                                 .is_function = is_function});
    if (!is_function) {
        return;
    }
    uint32_t close = open < f->end && f->match[open] > open ? f->match[open] : open;
    for (uint32_t i = open + 1; i < close; i++) { /* the parameters */
        if (f->tokens[i].type == CH_TOKEN_NAME && (token_op(f, i - 1, ",") || i == open + 1 ||
                                                   token_op(f, i - 1, "*") ||
                                                   token_op(f, i - 1, "**"))) {
            bind(f, word_at(f, i), (struct value){.marks = MARK_PARAM | MARK_COMPUTED});
        }
        i = f->match[i] > i ? f->match[i] : i;
    }
}

/* The next operator at this level in the statement, or the statement's end. */
static inline __attribute__((always_inline)) uint32_t find_op(const struct file *f, uint32_t i, const char *op)
{
    for (; i < f->end; i++) {
        if (token_op(f, i, op)) {
            return i;
        }
        if (token_op(f, i, ";")) {
            return f->end;
        }
        i = f->match[i] > i ? f->match[i] : i;
    }
    return f->end;
}

static void bind_targets(struct file *f, uint32_t from, uint32_t to, struct value v)
{
    if (to == from + 1 && f->tokens[from].type == CH_TOKEN_NAME) {
        bind(f, word_at(f, from), v);
        return;
    }
    for (uint32_t i = from; i < to; i++) {
        bool alone = f->tokens[i].type == CH_TOKEN_NAME &&
                     (i == from || !token_op(f, i - 1, ".")) && !token_op(f, i + 1, ".") &&
                     !token_op(f, i + 1, "[");
        if (alone && (v.kind != VALUE_LIST || v.item_count == 0)) {
            bind(f, word_at(f, i), (struct value){.marks = v.marks | MARK_COMPUTED});
        } else if (alone) { /* a, b = 1, 2 */
            uint32_t which = 0;
            for (uint32_t k = from; k < i; k++) {
                which += token_op(f, k, ",") ? 1 : 0;
            }
            bind(f, word_at(f, i),
                 which < v.item_count ? v.items[which] : (struct value){.marks = v.marks});
            if (which >= 32) {
                return; /* so many targets are not worth squares */
            }
        }
    }
}

static bool is_augmented(uint16_t op)
{
    uint8_t first = (uint8_t)op;
    return op >> 8 == '=' && (first == '+' || first == '-' || first == '*' || first == '/' ||
                              first == '|' || first == '&' || first == '%' || first == '^');
}

/* a = b = expression, a: type = expression, a += expression, or an expression alone. */
static void simple(struct file *f)
{
    uint32_t from = f->at;
    uint32_t end = f->end;
    uint32_t stop = find_op(f, from, ";");
    f->end = stop;
    uint32_t equals = find_op(f, from, "=");
    uint32_t colon = find_op(f, from, ":");
    if (colon < equals && colon == from + 1) { /* an annotation */
        f->at = colon + 1;
        CH_IGNORE(expression(f).marks);
        f->at = equals;
        f->tokens[from + 1].type = CH_TOKEN_ERROR; /* no colon of a block */
    }
    if (is_augmented(token_id(f, from + 1, CH_TOKEN_OP))) {
        bool sum = token_op(f, from + 1, "+=");
        f->at = from;
        struct value a = expression(f);
        f->at = from + 2;
        struct value b = expression_list(f);
        bind(f, word_at(f, from),
             sum ? value_add(f, a, b) : (struct value){.marks = a.marks | b.marks});
        f->at = stop;
        f->end = end;
        return;
    }
    uint32_t last = f->end;
    for (uint32_t e = equals; e < f->end; e = find_op(f, e + 1, "=")) {
        last = e;
    }
    if (last < f->end) {
        f->at = last + 1;
        struct value v = expression_list(f);
        for (uint32_t target = from, e = equals; e <= last && e < stop;
             target = e + 1, e = find_op(f, target, "=")) {
            uint32_t to = colon == from + 1 && target == from ? from + 1 : e;
            bind_targets(f, target, to, v);
            f->at = target;
            f->end = to;
            if (to > target + 1) {
                CH_IGNORE(expression_list(f).marks); /* calls among the targets */
            }
            f->end = stop;
        }
    } else if (equals >= f->end && colon != from + 1) {
        f->at = from;
        CH_IGNORE(expression_list(f).marks);
    }
    f->at = stop;
    f->end = end;
}

/* An expression up to the colon of a block, with what `as`, `for` and `case` bind. */
static void head(struct file *f)
{
    static const char *const main_test[] = {"__main__"};
    uint32_t from = f->at;
    uint32_t end = f->end;
    uint32_t colon = find_op(f, from, ":");
    /* The colon of a lambda is not that of the block. */
    for (uint32_t i = from; i < colon; i++) {
        if (token_word(f, i, "lambda")) {
            colon = find_op(f, colon + 1, ":");
        }
        i = f->match[i] > i ? f->match[i] : i;
    }
    bool is_for = token_word(f, from, "for");
    struct ch_str seen = {NULL, 0};
    f->end = colon;
    f->at = from + 1;
    if (is_for) {
        uint32_t in = from + 1;
        while (in < colon && !token_word(f, in, "in")) {
            in++;
        }
        f->at = in + 1;
        struct value v = expression_list(f);
        bind_targets(f, from + 1, in, (struct value){.marks = v.marks | MARK_COMPUTED});
    }
    while (f->at < f->end) {
        uint32_t before = f->at;
        struct value v = expression(f);
        seen = v.kind == VALUE_TEXT ? v.text : seen;
        if (token_word(f, f->at, "as") && f->at + 1 < f->end) {
            bind(f, word_at(f, f->at + 1), v);
            f->at += 2;
        }
        f->at += f->at == before || token_op(f, f->at, ",") ? 1 : 0;
    }
    f->end = end;
    f->at = colon + 1;
    bool is_main = f->end > from + 3 && token_word(f, from, "if") &&
                   token_word(f, from + 1, "__name__");
    if (is_main || contains(seen, main_test, 1) != NULL) {
        scope_push(f, (struct scope){.indent = f->indent + 1,
                                     .function = function_new(f, 0),
                                     .is_main = true});
    }
}

/* "@exec" runs what the decorator below it gives: no function is ever decorated so. */
static void decorator(struct file *f)
{
    bool alone = f->at + 2 == f->end;
    struct ch_str name = word_at(f, f->at + 1);
    bool runs = ch_str_eq(name, CH_STR("exec")) || ch_str_eq(name, CH_STR("eval"));
    if (alone && runs && bound(f, name) == NULL) {
        report(f, CH_F_SOURCE_HIDDEN_CODE, f->tokens[f->at].line, CH_STR("exec as a decorator"));
    }
    f->at++;
    simple(f);
}

static void one_statement(struct file *f)
{
    if (token_word(f, f->at, "async")) {
        f->at++;
    }
    uint16_t id = token_id(f, f->at, CH_TOKEN_NAME);
    if (token_op(f, f->at, "@")) {
        decorator(f);
    } else if (id == 0) {
        simple(f);
    } else if (token_word(f, f->at, "import")) {
        import_names(f);
    } else if (token_word(f, f->at, "from")) {
        from_import(f);
    } else if (token_word(f, f->at, "def")) {
        definition(f, true);
        f->at++;
    } else if (token_word(f, f->at, "class")) {
        definition(f, false);
        f->at++;
    } else if ((id & WORD_HEAD) != 0) {
        head(f);
    } else if ((id & WORD_ALONE) != 0 && token_op(f, f->at + 1, ":")) {
        f->at += 2;
    } else if ((id & WORD_SKIP) != 0) {
        f->at = find_op(f, f->at, ";");
    } else if (token_word(f, f->at, "return") || token_word(f, f->at, "yield")) {
        uint32_t end = f->end;
        f->at++;
        f->end = find_op(f, f->at, ";");
        uint32_t stop = f->end;
        struct value v = expression_list(f);
        f->functions[function_now(f)].returns |= v.marks;
        f->at = stop;
        f->end = end;
    } else {
        f->at += token_word(f, f->at, "raise") || token_word(f, f->at, "assert") ||
                         token_word(f, f->at, "del")
                     ? 1
                     : 0;
        simple(f);
    }
}

void statements(struct file *f)
{
    f->at = 0;
    f->end = f->token_count;
    while (f->scope_count > 0 && f->indent < f->scopes[f->scope_count - 1].indent) {
        scope_pop(f);
    }
    while (f->at < f->end) {
        uint32_t before = f->at;
        one_statement(f);
        f->at += f->at == before || token_op(f, f->at, ";") ? 1 : 0;
    }
    f->depth = 0;
}
