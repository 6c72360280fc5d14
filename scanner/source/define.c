/* def, class and lambda: what runs now are decorators, defaults, bases and annotations. */
#include <string.h>

#include "scanner/source/source_int.h"

enum { BASES = 16 };

void decorator(struct file *f)
{
    f->at++;
    struct value v = expression(f);
    if (f->decorator_count < DECORATORS) {
        f->decorators[f->decorator_count++] = v;
    } else {
        f->beyond = true;
    }
    f->at = f->end;
}

static bool is_named(const struct value *v, const char *name)
{
    return v->kind == VALUE_NAME && str_is(v->text, name);
}

/* Those that say what kind of function it is, and that need no call. */
static bool says_kind(struct function *fn, const struct value *d)
{
    bool property = is_named(d, "property") || is_named(d, "functools.cached_property") ||
                    is_named(d, "abc.abstractproperty");
    bool is_static = is_named(d, "staticmethod");
    bool of_class = is_named(d, "classmethod");
    fn->is_property = fn->is_property || property;
    fn->is_static = fn->is_static || is_static;
    fn->is_class_method = fn->is_class_method || of_class;
    return property || is_static || of_class;
}

/* Airflow's task() makes of a function one that a scheduler calls later, and of its calls notes
 * that it is to do so. Where that may be anything else as well, or a module of this artifact, it
 * counts as called. */
static bool puts_off(const struct file *f, const struct value *d)
{
    struct ch_str task = CH_STR("airflow.sdk.task");
    bool is =
        d->kind == VALUE_NAME && d->also == NULL && ch_str_starts(d->text, task) &&
        (d->text.len == task.len || d->text.ptr[task.len] == '.' || d->text.ptr[task.len] == '(');
    return is && !source_brings_tasks(f->source);
}

/* What the decorators make of it: they are called with it, the last one first. */
static struct value decorated(struct file *f, struct value v, uint32_t line)
{
    struct value r = v;
    uint32_t count = f->decorator_count;
    bool later = false;
    struct value decorators[DECORATORS];
    memcpy(decorators, f->decorators, count * sizeof(*decorators));
    f->decorator_count = 0;
    while (count-- > 0) {
        const struct value *d = &decorators[count];
        if (v.kind == VALUE_FUNCTION && says_kind(&f->functions[v.number], d)) {
            continue;
        }
        if (is_named(d, "exec") || is_named(d, "eval")) { /* no function is ever decorated so */
            report(f, CH_F_SOURCE_HIDDEN_CODE, line, CH_STR("exec as a decorator"));
        }
        later = v.kind == VALUE_FUNCTION && (later || puts_off(f, d));
        struct call c = {.line = line, .count = 1};
        c.args[0] = r;
        c.marks = r.marks;
        r = call(f, *d, &c);
    }
    r = later ? r : value_or(f, v, r);
    r.marks = v.marks;
    return r;
}

/* --- functions --- */

/* Of a method the first one: the instance, or the class. */
static void first_of_method(const struct function *fn, struct ch_str method, uint32_t class,
                            struct value *v)
{
    static const char *const of_class[] = {"__new__", "__init_subclass__", "__class_getitem__"};
    bool is_class = fn->is_class_method;
    for (size_t i = 0; i < CH_ARRAY_LEN(of_class); i++) {
        is_class = is_class || str_is(method, of_class[i]);
    }
    if (!fn->is_static) {
        v->kind = is_class ? VALUE_CLASS : VALUE_INSTANCE;
        v->number = class;
    }
}

/* The parameters between two brackets, or of a lambda, with the values of their defaults. */
struct parameters {
    struct ch_str names[64];
    struct value defaults[64];
    uint32_t count;
    uint32_t positional; /* of them, before the first '*' */
};

static void read_parameters(struct file *f, uint32_t stop, bool annotated, struct parameters *ret)
{
    uint32_t end = f->end;
    f->end = stop;
    ret->count = 0;
    ret->positional = UINT32_MAX;
    while (f->at < stop) {
        if (f->tokens[f->at].type != CH_TOKEN_NAME) {
            bool star = token_op(f, f->at, "*") || token_op(f, f->at, "**");
            if (star && ret->positional > ret->count) {
                ret->positional = ret->count;
            }
            f->at++;
            continue;
        }
        uint32_t before = f->at;
        struct ch_str name = name_at(f, f->at++);
        struct value v = {0};
        if (annotated && token_op(f, f->at, ":")) {
            f->at++;
            CH_IGNORE(expression(f).marks);
        }
        if (token_op(f, f->at, "=")) {
            f->at++;
            v = expression(f);
        }
        if (ret->count < CH_ARRAY_LEN(ret->names)) {
            ret->names[ret->count] = name;
            ret->defaults[ret->count++] = v;
        }
        f->at = f->at == before ? before + 1 : f->at;
    }
    ret->positional = ret->positional < ret->count ? ret->positional : ret->count;
    f->end = end;
}

static void bind_parameters(struct file *f, uint32_t function, struct ch_str method, uint32_t class,
                            const struct parameters *p)
{
    f->functions[function].positional = p->positional;
    for (uint32_t i = 0; i < p->count; i++) {
        struct value v = parameter_new(f, function, value_hash(p->names[i]));
        if (i == 0 && class != 0) {
            first_of_method(&f->functions[function], method, class - 1, &v);
        }
        const struct value *d = &p->defaults[i];
        v.marks |= d->marks & (MARK_SECRET | MARK_DECODED | MARK_REMOTE);
        if (d->kind == VALUE_TEXT || d->kind == VALUE_PARTIAL) {
            f->functions[function].text = *d;
        }
        bind(f, p->names[i], value_or(f, v, *d));
    }
}

bool is_module_hook(struct ch_str name)
{
    return str_is(name, "__getattr__") || str_is(name, "__dir__");
}

static void function_definition(struct file *f)
{
    struct ch_str name = f->at < f->end ? name_at(f, f->at) : (struct ch_str){NULL, 0};
    uint32_t line = f->tokens[f->at > 0 ? f->at - 1 : 0].line;
    uint64_t hash = value_hash(name);
    uint32_t class = class_now(f);
    uint32_t index = function_new(f, hash);
    struct parameters p;
    p.count = 0;
    while (f->at < f->end && !token_op(f, f->at, "(") && !token_op(f, f->at, ":")) {
        f->at = f->match[f->at] > f->at ? f->match[f->at] : f->at;
        f->at++;
    }
    if (token_op(f, f->at, "(") && f->match[f->at] > f->at && f->match[f->at] < f->end) {
        uint32_t close = f->match[f->at];
        f->at++;
        read_parameters(f, close, true, &p);
        f->at = close + 1;
    }
    if (token_op(f, f->at, "->")) {
        f->at++;
        CH_IGNORE(expression(f).marks);
    }
    while (f->at < f->end && !token_op(f, f->at, ":")) {
        f->at++;
    }
    if (class != 0) {
        f->functions[index].name = hash * 31 ^ class_key(f, class - 1);
    }
    struct value v = {.kind = VALUE_FUNCTION, .number = index, .origin = hash};
    v = decorated(f, v, line);
    if (class != 0) {
        class_method(f, class - 1, name, index);
    }
    if (f->scope_count == 0 && is_module_hook(name)) {
        edge_to(f, 0, index);
    }
    if (name.len > 0) {
        bind(f, name, v);
    }
    scope_push(f, (struct scope){.indent = f->indent + 1, .function = index, .is_function = true});
    bind_parameters(f, index, name, class, &p);
}

struct value lambda(struct file *f)
{
    struct parameters p;
    uint32_t colon = ++f->at;
    while (colon < f->end && !token_op(f, colon, ":")) {
        bool inner = token_word(f, colon, "lambda");
        colon = f->match[colon] > colon ? f->match[colon] : colon;
        colon += inner ? 2 : 1; /* a default that is a lambda is not followed */
    }
    colon = colon < f->end ? colon : f->end;
    uint32_t index = function_new(f, 0);
    read_parameters(f, colon, false, &p);
    scope_push(f, (struct scope){.indent = 0, .function = index, .is_function = true});
    bind_parameters(f, index, (struct ch_str){NULL, 0}, 0, &p);
    f->at = colon + 1;
    struct value body = expression(f);
    scope_pop(f);
    function_returns(f, index, body);
    return (struct value){.kind = VALUE_FUNCTION, .number = index};
}

/* --- classes --- */

static void class_definition(struct file *f)
{
    struct ch_str name = f->at < f->end ? name_at(f, f->at) : (struct ch_str){NULL, 0};
    uint32_t line = f->tokens[f->at > 0 ? f->at - 1 : 0].line;
    struct value *bases = value_alloc(f, BASES * sizeof(*bases));
    struct value list = {.kind = VALUE_LIST, .items = bases};
    uint32_t class = class_new(f, name, (struct value){0});
    while (f->at < f->end && !token_op(f, f->at, "(") && !token_op(f, f->at, ":")) {
        f->at = f->match[f->at] > f->at ? f->match[f->at] : f->at;
        f->at++;
    }
    if (token_op(f, f->at, "(") && f->match[f->at] > f->at && f->match[f->at] < f->end) {
        uint32_t close = f->match[f->at];
        uint32_t end = f->end;
        f->at++;
        f->end = close;
        while (f->at < close) {
            uint32_t before = f->at;
            struct ch_str keyword = {NULL, 0};
            if (f->tokens[f->at].type == CH_TOKEN_NAME && token_op(f, f->at + 1, "=")) {
                keyword = name_at(f, f->at);
                f->at += 2;
            }
            struct value v = expression(f);
            if (keyword.len > 0) {
                class_keyword(f, class, keyword, v);
            } else if (bases != NULL && list.item_count < BASES) {
                bases[list.item_count++] = v;
            }
            f->at += f->at == before || token_op(f, f->at, ",") ? 1 : 0;
        }
        f->at = close + 1;
        f->end = end;
    }
    while (f->at < f->end && !token_op(f, f->at, ":")) {
        f->at++;
    }
    f->classes[class].bases = list;
    class_made(f, class);
    struct value v = {.kind = VALUE_CLASS, .number = class, .origin = value_hash(name)};
    v = decorated(f, v, line);
    if (name.len > 0) {
        bind(f, name, v);
    }
    scope_push(f, (struct scope){.indent = f->indent + 1,
                                 .function = function_now(f),
                                 .of_class = class + 1});
}

void definition(struct file *f, bool is_function)
{
    f->at++;
    if (is_function) {
        function_definition(f);
    } else {
        class_definition(f);
    }
}
