/* Statements: what names are bound to, what runs at import, which function calls which. */
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/source_int.h"

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

bool module_is_common(struct ch_str module)
{
    static const char *const common[] = {"os",   "sys", "asyncio", "importlib",      "runpy",
                                         "code", "io",  "urllib",  "multiprocessing"};
    for (size_t i = 0; i < CH_ARRAY_LEN(common); i++) {
        if (str_is(module, common[i])) {
            return true;
        }
    }
    return false;
}

static void imported(struct file *f, struct ch_str module)
{
    if (!module_is_common(module)) {
        struct value v = {.kind = VALUE_NAME, .text = module};
        mention(f, &v);
    }
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
        struct ch_str module = module_named(dotted(f));
        imported(f, module);
        struct value v = {.kind = VALUE_NAME, .text = module};
        if (token_word(f, f->at, "as")) {
            bind(f, word_at(f, f->at + 1), v);
            f->at += 2;
        } else if (first.len > 0) {
            v.text = module_named(first); /* import a.b binds a */
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
    if (relative) { /* "?.sibling" */
        module = value_name(f, CH_STR("?"), module).text;
    } else {
        module = module_named(module);
        imported(f, module);
    }
    f->at++;
    if (token_op(f, f->at, "*") && !relative && effects_below(module)) {
        if (f->star_count < STARS) {
            f->stars[f->star_count++] = module;
        } else {
            f->beyond = true;
        }
        struct value all = {.kind = VALUE_NAME, .text = module};
        mention(f, &all);
    }
    while (f->at < f->end && !token_op(f, f->at, ";")) {
        if (f->tokens[f->at].type != CH_TOKEN_NAME) {
            f->at++;
            continue;
        }
        struct ch_str name = word_at(f, f->at);
        struct value from = {.kind = VALUE_NAME, .text = module};
        struct value v = value_attribute(f, from, name);
        mention(f, &v);
        f->at++;
        if (token_word(f, f->at, "as")) {
            name = word_at(f, f->at + 1);
            f->at += 2;
        }
        bind(f, name, v);
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

/* Hooks that Python calls by itself. */
static bool is_hook(struct ch_str name)
{
    static const char *const hooks[] = {"sys.excepthook",       "sys.displayhook",
                                        "sys.unraisablehook",   "threading.excepthook",
                                        "sys.__excepthook__",   "sys.breakpointhook"};
    return contains(name, hooks, CH_ARRAY_LEN(hooks)) != NULL ||
           ch_str_starts(name, CH_STR("builtins."));
}

/* a.b = v, a[k] = v; `name` is "[]" for the second. */
void attribute_set(struct file *f, struct value of, struct ch_str name, struct value v)
{
    /* globals()["__name__"] = "__main__" */
    bool names = str_is(name, "__name__") || str_is(name, "[]");
    f->named_anew = f->named_anew || (names && v.kind == VALUE_TEXT && str_is(v.text, "__main__"));
    for (const struct value *a = &of; a != NULL; a = a->also) {
        if (a->kind == VALUE_INSTANCE || a->kind == VALUE_CLASS) {
            member_set(f, class_key(f, (uint32_t)a->number), name, v);
            implied(f, a, str_is(name, "[]") ? "__setitem__" : "__setattr__");
        } else if (a->kind == VALUE_NAME) {
            struct value whole = value_name(f, a->text, name);
            if (is_hook(whole.text) || str_is(a->text, "builtins")) {
                called_back(f, v, f->tokens[0].line);
            }
            if (str_is(whole.text, "sys.meta_path") || str_is(whole.text, "sys.path_hooks") ||
                str_is(a->text, "sys.meta_path") || str_is(a->text, "sys.path_hooks")) {
                takes_finders(f, &v);
            }
            check_patch(f, whole.text, &v);
        }
    }
    if (of.origin != 0) {
        member_set(f, of.origin, name, v);
    }
}

/* A target that ends with an attribute or an element. */
static void bind_part(struct file *f, uint32_t from, uint32_t to, struct value v)
{
    uint32_t at = f->at;
    uint32_t end = f->end;
    bool attribute = f->tokens[to - 1].type == CH_TOKEN_NAME && token_op(f, to - 2, ".");
    bool element = token_op(f, to - 1, "]") && f->match[to - 1] < to - 1;
    uint32_t stop = attribute ? to - 2 : element ? f->match[to - 1] : from;
    if (stop <= from) {
        return;
    }
    f->at = from;
    f->end = stop;
    struct value of = expression(f);
    f->at = at;
    f->end = end;
    attribute_set(f, of, attribute ? name_at(f, to - 1) : CH_STR("[]"), v);
}

static void bind_targets(struct file *f, uint32_t from, uint32_t to, struct value v)
{
    if (to == from + 1 && f->tokens[from].type == CH_TOKEN_NAME) {
        if (f->scope_count == 0 && is_module_hook(word_at(f, from))) {
            called_back(f, v, f->tokens[from].line);
        }
        bind(f, word_at(f, from), v);
        return;
    }
    uint32_t which = 0;
    bool many = false;
    for (uint32_t i = from; i < to; i++) {
        bool alone = f->tokens[i].type == CH_TOKEN_NAME &&
                     (i == from || !token_op(f, i - 1, ".")) && !token_op(f, i + 1, ".") &&
                     !token_op(f, i + 1, "[");
        many = many || token_op(f, i, ",");
        which += token_op(f, i, ",") ? 1 : 0;
        if (alone) { /* a, b = 1, 2 */
            struct value one = value_unpacked(f, v, which);
            one.marks |= v.kind == VALUE_LIST && which < v.item_count ? 0U : v.marks;
            bind(f, word_at(f, i), one);
            if (which >= 32) {
                return; /* so many targets are not worth more */
            }
        }
        bool trailer = i > from && (f->tokens[i - 1].type == CH_TOKEN_NAME ||
                                    token_op(f, i - 1, "]") || token_op(f, i - 1, ")"));
        i = trailer && f->match[i] > i ? f->match[i] : i; /* a[k]: k is none */
    }
    if (!many && to > from + 2) {
        bind_part(f, from, to, v);
    }
}

static bool is_augmented(uint16_t op)
{
    uint8_t first = (uint8_t)op;
    return op >> 8 == '=' && (first == '+' || first == '-' || first == '*' || first == '/' ||
                              first == '|' || first == '&' || first == '%' || first == '^');
}

/* The augmented assignment at this level, or f->end. */
static uint32_t find_augmented(const struct file *f, uint32_t i)
{
    while (i < f->end && !is_augmented(token_id(f, i, CH_TOKEN_OP))) {
        i = f->match[i] > i ? f->match[i] + 1 : i + 1;
    }
    return i < f->end ? i : f->end;
}

/* a.b.c, up to `to` */
static bool is_target(const struct file *f, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        bool name = (i - from) % 2 == 0;
        if (name ? f->tokens[i].type != CH_TOKEN_NAME : !token_op(f, i, ".")) {
            return false;
        }
    }
    return (to - from) % 2 == 1;
}

/* A text by itself: nothing is done with it. */
static bool is_documentation(const struct file *f, uint32_t from)
{
    return from + 1 == f->end && f->tokens[from].type == CH_TOKEN_STRING;
}

static bool is_main_text(const struct file *f, uint32_t i)
{
    struct ch_str text = {(const char *)f->text.ptr + f->tokens[i].at, f->tokens[i].len};
    return i < f->end && f->tokens[i].type == CH_TOKEN_STRING &&
           (str_is(text, "'__main__'") || str_is(text, "\"__main__\""));
}

/* Whether [from, to) is true of the program alone: `__name__ == "__main__"`, either way round,
 * perhaps in brackets, perhaps `and` more. What is said otherwise may be true of an import, too;
 * and so is it where the file says itself what __name__ is, and of a text that is executed: its
 * name is what it is given. */
static bool of_program_alone(const struct file *f, uint32_t from, uint32_t to)
{
    while (to > from + 1 && token_op(f, from, "(") && f->match[from] == to - 1) {
        from++;
        to--;
    }
    uint32_t name = token_word(f, from, "__name__") ? from : from + 2;
    if (f->named_anew || f->outer != NULL || to < from + 3 || !token_word(f, name, "__name__") ||
        !token_op(f, from + 1, "==") || !is_main_text(f, name == from ? from + 2 : from) ||
        (to > from + 3 && !token_word(f, from + 3, "and"))) {
        return false;
    }
    for (uint32_t i = from + 3; i < to; i++) {
        if (token_word(f, i, "or") || token_word(f, i, "if") || token_op(f, i, ",")) {
            return false;
        }
        i = f->match[i] > i ? f->match[i] : i;
    }
    return true;
}

/* By this name another file runs it: runpy. */
static uint32_t main_new(struct file *f)
{
    return function_new(f, value_hash(CH_STR("__main__")));
}

/* An expression alone; `__name__ == "__main__" and f()` is an `if`. */
static void alone(struct file *f, uint32_t from)
{
    bool is_main = of_program_alone(f, from, f->end);
    if (is_main) {
        scope_push(f, (struct scope){.function = main_new(f), .is_main = true});
    }
    f->at = from;
    CH_IGNORE(expression_list(f).marks);
    if (is_main) {
        scope_pop(f);
    }
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
    bool annotated = colon < f->end && colon <= equals && is_target(f, from, colon);
    if (annotated) {
        f->at = colon + 1;
        CH_IGNORE(expression(f).marks);
        f->at = equals;
        f->tokens[colon].type = CH_TOKEN_ERROR; /* no colon of a block */
    }
    uint32_t op = find_augmented(f, from);
    if (op > from + 1 && op < f->end) { /* a.b += v, a[k] += v: it has that as well */
        f->at = op + 1;
        struct value v = expression_list(f);
        bind_part(f, from, op, v);
        f->at = from;
        f->end = op;
        CH_IGNORE(expression_list(f).marks); /* calls in the target */
        f->at = stop;
        f->end = end;
        return;
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
            uint32_t to = annotated && target == from ? colon : e;
            bind_targets(f, target, to, v);
            f->at = target;
            f->end = to;
            if (to > target + 1) {
                CH_IGNORE(expression_list(f).marks); /* calls among the targets */
            }
            f->end = stop;
        }
    } else if (equals >= f->end && !annotated && !is_documentation(f, from)) {
        alone(f, from);
    }
    f->at = stop;
    f->end = end;
}

/* An expression up to the colon of a block, with what `as`, `for` and `case` bind. */
static void head(struct file *f)
{
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
    bool is_with = token_word(f, from, "with");
    f->end = colon;
    f->at = from + 1;
    if (is_for) {
        uint32_t in = from + 1;
        while (in < colon && !token_word(f, in, "in")) {
            in++;
        }
        f->at = in + 1;
        struct value v = expression_list(f);
        struct value each = value_element(f, v);
        each.marks = v.marks | MARK_COMPUTED;
        bind_targets(f, from + 1, in, each);
    }
    while (f->at < f->end) {
        uint32_t before = f->at;
        struct value v = expression(f);
        implied_use(f, &v);
        for (const struct value *a = is_with ? &v : NULL; a != NULL; a = a->also) {
            implied(f, a, "__enter__");
            implied(f, a, "__exit__");
            implied(f, a, "__aenter__");
            implied(f, a, "__aexit__");
        }
        if (token_word(f, f->at, "as") && f->at + 1 < f->end) {
            bind(f, word_at(f, f->at + 1), v);
            f->at += 2;
        }
        f->at += f->at == before || token_op(f, f->at, ",") ? 1 : 0;
    }
    f->end = end;
    f->at = colon + 1;
    if ((token_word(f, from, "if") || token_word(f, from, "elif")) &&
        of_program_alone(f, from + 1, colon)) {
        scope_push(
            f, (struct scope){.indent = f->indent + 1, .function = main_new(f), .is_main = true});
    }
}

/* assert __name__ == "__main__", as a line of the module: an import ends here. But not of `python
 * -O`, so what follows is of an import all the same; see runs_installer(). */
static void asserts_program(struct file *f)
{
    if (f->at == 0 && token_word(f, 0, "assert") && f->scope_count == 0 && f->indent == 0 &&
        of_program_alone(f, 1, find_op(f, 1, ","))) {
        f->asserts_program = true;
    }
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
        block_new(f);
    } else if ((id & WORD_ALONE) != 0 && token_op(f, f->at + 1, ":")) {
        f->at += 2;
        block_new(f);
    } else if (token_word(f, f->at, "global")) {
        for (f->at++; f->at < f->end && !token_op(f, f->at, ";"); f->at++) {
            if (f->tokens[f->at].type == CH_TOKEN_NAME) {
                bind_global(f, word_at(f, f->at));
            }
        }
    } else if ((id & WORD_SKIP) != 0) {
        f->at = find_op(f, f->at, ";");
    } else if (token_word(f, f->at, "return") || token_word(f, f->at, "yield")) {
        uint32_t end = f->end;
        f->at++;
        f->end = find_op(f, f->at, ";");
        uint32_t stop = f->end;
        struct value v = expression_list(f);
        function_returns(f, function_now(f), v);
        f->at = stop;
        f->end = end;
    } else {
        asserts_program(f);
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
    f->when++;
    block_enter_line(f);
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
