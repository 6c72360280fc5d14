/* A call of whatever may be called, and the calls that follow from it: of what a parameter is, of what
 * was bound by partial, of functions that are given to others. */
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/link.h"

enum { CALLS_DEEP = 5, CALLS_OF_FUNCTION = 24, CALLS_FOLLOWED = 1 << 17, KEPT_ARGUMENTS = 4 };

static struct value call_one(struct file *f, const struct value *callee, struct call *c);

/* --- parameters --- */

/* What the argument for a slot is. */
static struct value argument_of(const struct file *f, const struct function *fn, uint32_t slot,
                                const struct call *c)
{
    uint32_t position = slot - fn->first_parameter;
    uint32_t at = 0;
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->keywords[i].len == 0) {
            if (at++ == position) {
                return c->args[i];
            }
        } else if (value_hash(c->keywords[i]) == f->parameters[slot].name) {
            return c->args[i];
        }
    }
    return (struct value){.marks = MARK_COMPUTED};
}

/* For which parameters an argument may be. */
static uint64_t params_of_argument(const struct file *f, const struct function *fn,
                                   const struct call *c, uint32_t argument)
{
    uint32_t position = 0;
    struct ch_str keyword = c->keywords[argument];
    for (uint32_t i = 0; keyword.len == 0 && i < argument; i++) {
        position += c->keywords[i].len == 0 ? 1 : 0;
    }
    if (c->spread || (keyword.len == 0 && position >= fn->positional)) {
        return MARK_PARAM;
    }
    for (uint32_t i = 0; keyword.len > 0 && i < fn->parameter_count; i++) {
        if (f->parameters[fn->first_parameter + i].name == value_hash(keyword)) {
            return mark_of_param(i);
        }
    }
    return keyword.len > 0 ? MARK_PARAM : mark_of_param(position); /* of **more, perhaps */
}

/* What these parameters bring. */
static uint64_t marks_given(const struct file *f, const struct function *fn, uint64_t params,
                            const struct call *c)
{
    uint64_t marks = 0;
    params &= MARK_PARAM;
    if (params == MARK_PARAM || (params != 0 && c->more)) {
        return c->marks;
    }
    for (uint32_t i = 0; params != 0 && i < c->count; i++) {
        marks |= (params_of_argument(f, fn, c, i) & params) != 0 ? c->args[i].marks : 0U;
    }
    return marks;
}

/* A value of a function's own, told in terms of who calls it. `within`: of a function in it, whose
 * own parameters stay what they are. */
static struct value substituted(struct file *f, const struct function *fn, const struct value *v,
                                const struct call *c, bool within)
{
    struct value r = *v;
    r.also = NULL;
    r.marks = within ? r.marks : (r.marks & ~(uint64_t)MARK_PARAM) | marks_given(f, fn, r.marks, c);
    if (v->kind != VALUE_UNKNOWN || v->number == 0 ||
        v->number - 1 - (int64_t)fn->first_parameter >= (int64_t)fn->parameter_count ||
        v->number - 1 < (int64_t)fn->first_parameter) {
        return r;
    }
    r = argument_of(f, fn, (uint32_t)v->number - 1, c);
    struct ch_str rest = v->text;
    while (rest.len > 1) {
        size_t dot;
        rest = ch_str_sub(rest, 1, rest.len);
        struct ch_str name = ch_str_find_char(rest, '.', &dot) ? ch_str_sub(rest, 0, dot) : rest;
        r = value_attribute(f, r, name);
        rest = ch_str_sub(rest, name.len, rest.len);
    }
    return r;
}

static struct value substituted_all(struct file *f, const struct function *fn,
                                    const struct value *v, const struct call *c, bool within)
{
    struct value r = substituted(f, fn, v, c, within);
    for (const struct value *a = v->also; a != NULL; a = a->also) {
        r = value_or(f, r, substituted(f, fn, a, c, within));
    }
    return r;
}

/* A parameter is called, or a function of a library with one: whoever gives it, says what that is. */
void parameter_called(struct file *f, const struct value *callee, uint32_t slot,
                      const struct call *c)
{
    struct function *fn = &f->functions[f->parameters[slot].function];
    uint32_t count = 0;
    for (uint32_t i = fn->calls; i != 0; i = f->calls[i - 1].next) {
        const struct value *known = &f->calls[i - 1].callee;
        if (++count == CALLS_OF_FUNCTION || (known->number == callee->number &&
                                             f->calls[i - 1].line == c->line &&
                                             ch_str_eq(known->text, callee->text))) {
            return;
        }
    }
    if (f->call_count >= ch_limits.source_names) {
        f->beyond = true;
        return;
    }
    if (f->call_count == f->call_cap) {
        f->call_cap = f->call_cap == 0 ? 32 : 2 * f->call_cap;
        f->calls = ch_realloc_array(f->calls, f->call_cap, sizeof(*f->calls));
    }
    struct parameter_call *p = &f->calls[f->call_count];
    *p = (struct parameter_call){.callee = *callee,
                                 .spread = c->spread || c->count > KEPT_ARGUMENTS,
                                 .line = c->line,
                                 .within = function_now(f),
                                 .next = fn->calls};
    p->callee.also = NULL;
    uint32_t kept = c->count < KEPT_ARGUMENTS ? c->count : KEPT_ARGUMENTS;
    struct value *args = value_alloc(f, (kept + 1) * sizeof(*args));
    struct ch_str *keywords = value_alloc(f, (kept + 1) * sizeof(*keywords));
    if (args != NULL && keywords != NULL) {
        memcpy(args, c->args, kept * sizeof(*args));
        memcpy(keywords, c->keywords, kept * sizeof(*keywords));
        p->args = args;
        p->keywords = keywords;
        p->count = kept;
    }
    fn->calls = ++f->call_count;
}

/* --- calls that follow --- */

static bool may_follow(struct file *f)
{
    f->beyond = f->beyond || f->followed >= CALLS_FOLLOWED;
    if (f->call_depth >= CALLS_DEEP || f->followed >= CALLS_FOLLOWED) {
        return false;
    }
    f->followed++;
    return true;
}

static void add_argument(struct call *c, struct value v, struct ch_str keyword)
{
    if (c->count < ARGUMENTS) {
        c->keywords[c->count] = keyword;
        c->args[c->count++] = v;
        c->marks |= v.marks;
    }
}

static void follow_parameters(struct file *f, uint32_t function, const struct call *c)
{
    for (uint32_t i = f->functions[function].calls; i != 0; i = f->calls[i - 1].next) {
        struct parameter_call p = f->calls[i - 1];
        if (!may_follow(f)) {
            return;
        }
        bool inner = p.within != function; /* which may be called later */
        struct value callee = substituted(f, &f->functions[function], &p.callee, c, inner);
        struct call of = {.line = c->line, .spread = p.spread};
        for (uint32_t k = 0; k < p.count; k++) {
            struct function fn = f->functions[function];
            add_argument(&of, substituted_all(f, &fn, &p.args[k], c, inner), p.keywords[k]);
        }
        uint32_t within = f->within;
        if (inner) {
            f->within = p.within + 1;
        }
        f->call_depth++;
        CH_IGNORE(call(f, callee, &of).marks);
        f->call_depth--;
        f->within = within;
    }
}

void called_back(struct file *f, struct value callee, uint32_t line)
{
    struct call c = {.line = line};
    bool other = callee.kind == VALUE_NAME && link_has_class(f, callee.text);
    if ((is_reference(&callee) || other) && may_follow(f)) {
        f->call_depth++;
        CH_IGNORE(call(f, callee, &c).marks);
        f->call_depth--;
    }
}

/* What only looks at a function, or keeps it for later. */
static bool keeps(struct ch_str name)
{
    static const char *const some[] = {
        "isinstance", "issubclass",  "hasattr",     "getattr",  "setattr",      "callable", "type",
        "id",         "repr",        "str",         "print",    "super",        "hash",     "dict",
        "list",       "tuple",       "set",         "cast",     "staticmethod", "property", "len",
        "vars",       "dir",         "delattr",     "enumerate", "zip",         "bool",     "object",
        "dataclasses.field",         "classmethod", "NewType",  "TypeVar"};
    static const char *const modules[] = {"functools.", "typing.", "inspect.", "types.", "operator.",
                                          "typing_extensions.", "logging.", "warnings.", "mock.",
                                          "unittest."};
    for (size_t i = 0; i < CH_ARRAY_LEN(some); i++) {
        if (name.len > 0 && name.ptr[0] == some[i][0] && str_is(name, some[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(modules); i++) {
        if (name.len > 0 && name.ptr[0] == modules[i][0] &&
            ch_str_starts(name, ch_str_of(modules[i])) && !str_is(name, "functools.reduce")) {
            return true;
        }
    }
    return false;
}

/* The others of the arguments are what it is called with: map(f, list), Thread(target=f, args=(a,)). */
static void call_of_argument(struct file *f, const struct call *c, uint32_t at,
                             const struct value *callee)
{
    struct call of = {.line = c->line, .spread = true}; /* timeouts and names are among them */
    for (uint32_t i = 0; i < c->count; i++) {
        const struct value *v = &c->args[i];
        for (uint32_t k = 0; i != at && v->kind == VALUE_LIST && k < v->item_count; k++) {
            add_argument(&of, v->items[k], (struct ch_str){NULL, 0});
        }
        if (i != at && v->kind != VALUE_LIST) {
            add_argument(&of, *v, (struct ch_str){NULL, 0});
        }
    }
    if (may_follow(f)) {
        struct value alone = *callee;
        alone.also = NULL;
        f->call_depth++;
        CH_IGNORE(call(f, alone, &of).marks);
        f->call_depth--;
    }
}

void calls_of_arguments(struct file *f, const struct call *c)
{
    const uint32_t loud = EFFECT_PROCESS | EFFECT_NETWORK | EFFECT_FETCH | EFFECT_SAVE |
                          EFFECT_DYNAMIC | EFFECT_LOAD;
    bool calls = c->name.len > 0 && (effects_of(c->name) & EFFECT_CALLBACK) != 0;
    for (uint32_t i = 0; i < c->count; i++) {
        if (c->args[i].kind < VALUE_NAME && c->args[i].also == NULL) {
            continue;
        }
        implied_use(f, &c->args[i]);
        for (const struct value *v = &c->args[i]; v != NULL; v = v->also) {
            bool own = v->kind == VALUE_FUNCTION || v->kind == VALUE_INSTANCE ||
                       v->kind == VALUE_CLASS;
            bool library = v->kind == VALUE_NAME && (effects_of(v->text) & loud) != 0;
            bool other = calls && v->kind == VALUE_NAME && link_has_class(f, v->text);
            if ((calls && own) || other || (library && !keeps(c->name))) {
                call_of_argument(f, c, i, v);
            } else if (calls && v->kind == VALUE_NAME) {
                foreign_call(f, v->text);
            }
        }
    }
}

/* --- calls --- */

static struct value call_function(struct file *f, const struct value *callee, struct call *c)
{
    uint32_t index = (uint32_t)callee->number;
    struct function fn = f->functions[index];
    edge_to(f, function_now(f), index);
    uint64_t given = marks_given(f, &fn, fn.returns, c);
    uint64_t marks = (fn.returns & ~(uint64_t)MARK_PARAM) | given;
    marks |= (given & MARK_HOST) != 0 ? MARK_BUILT : 0U;
    uint64_t run = marks_given(f, &fn, fn.runs_argument, c);
    if ((run & (MARK_DECODED | MARK_REMOTE)) != 0) {
        report(f, (run & MARK_REMOTE) != 0 ? CH_F_SOURCE_REMOTE_CODE : CH_F_SOURCE_HIDDEN_CODE,
               c->line, CH_STR("through a function that runs what it is given"));
    }
    for (uint32_t i = 0; i < c->count && (c->marks & MARK_OTHER) != 0; i++) {
        uint64_t params = params_of_argument(f, &fn, c, i);
        if ((params & (fn.runs_argument | fn.sends_argument)) != 0) {
            link_used(f, &c->args[i], (params & fn.runs_argument) != 0 ? LINK_EXECUTED : LINK_SENT,
                      c->line);
        }
    }
    uint64_t sent = marks_given(f, &fn, fn.sends_argument, c);
    if ((sent & (MARK_SECRET | MARK_ENVIRON)) != 0) {
        report(f,
               (sent & MARK_SECRET) != 0 ? CH_F_SOURCE_SECRET_THEFT : CH_F_SOURCE_ENVIRONMENT_THEFT,
               c->line, CH_STR("through a function that sends what it is given"));
    }
    if ((run & MARK_FILE) != 0) {
        runs_argument_of_file(f, c);
    }
    if ((fn.does & DOES_RUN_FILE_OF) != 0) {
        runs_file_of(f, &fn, c);
    }
    follow_parameters(f, index, c);
    struct value v = {.marks = (marks & ~(uint64_t)MARK_SELF) | MARK_COMPUTED};
    if ((fn.returns & MARK_FILE) != 0 && (fn.returns & (MARK_DATA | MARK_SOURCE)) == 0) {
        struct value file = file_of_arguments(f, c);
        v.marks |= file.marks;
        v.origin = file.origin;
    }
    v.origin = v.origin == 0 && (fn.returns & MARK_OTHER) != 0 ? fn.other : v.origin;
    if (is_reference(&fn.result) && may_follow(f)) {
        f->call_depth++;
        v = value_or(f, v, substituted_all(f, &fn, &fn.result, c, false));
        f->call_depth--;
    }
    check_call(f, c, &v);
    return v;
}

/* Of a class of this file: an instance; what a base of some library does as it is made. */
static struct value call_class(struct file *f, const struct value *callee, struct call *c)
{
    uint32_t class = (uint32_t)callee->number;
    struct value v = {.kind = VALUE_INSTANCE, .number = class, .marks = MARK_COMPUTED};
    struct value init = {0};
    edge_to(f, function_now(f), f->classes[class].makes);
    if (f->call_depth >= CALLS_DEEP) {
        return v;
    }
    f->call_depth++;
    if (class_member(f, class, CH_STR("__init__"), true, &init)) {
        for (const struct value *m = &init; m != NULL; m = m->also) {
            if (m->kind == VALUE_FUNCTION) {
                CH_IGNORE(call_one(f, m, c).marks);
            }
        }
    }
    struct value base = class_library(f, class);
    for (const struct value *b = &base; b != NULL; b = b->also) {
        if (b->kind == VALUE_NAME) {
            struct value made = call_one(f, b, c);
            v.marks |= made.marks & MARK_SOCKET;
            v = value_or(f, v, made);
        }
    }
    f->call_depth--;
    return v;
}

static struct value call_instance(struct file *f, const struct value *callee, struct call *c)
{
    struct value method = {0};
    struct value v = {.marks = MARK_COMPUTED};
    if (f->call_depth < CALLS_DEEP &&
        class_member(f, (uint32_t)callee->number, CH_STR("__call__"), true, &method)) {
        f->call_depth++;
        v = call(f, method, c);
        f->call_depth--;
    }
    return v;
}

/* operator.methodcaller("system", "id")(os) */
static bool call_operator(struct file *f, const struct value *callee, const struct call *c,
                          struct value *ret)
{
    bool method = str_is(callee->text, "operator.methodcaller()");
    bool attribute = str_is(callee->text, "operator.attrgetter()");
    bool item = str_is(callee->text, "operator.itemgetter()");
    if ((!method && !attribute && !item) || c->count == 0 || callee->item_count == 0) {
        return false;
    }
    const struct value *key = &callee->items[0];
    if (item) {
        *ret = value_item(f, c->args[0], *key);
        return true;
    }
    if (key->kind != VALUE_TEXT) {
        return false;
    }
    *ret = c->args[0];
    for (struct ch_str rest = key->text; rest.len > 0;) { /* attrgetter("path.join") */
        size_t dot;
        struct ch_str name = ch_str_find_char(rest, '.', &dot) ? ch_str_sub(rest, 0, dot) : rest;
        *ret = value_attribute(f, *ret, name);
        rest = ch_str_sub(rest, name.len + 1, rest.len);
    }
    ret->marks |= key->marks & (MARK_BUILT | MARK_DECODED);
    if (method && may_follow(f)) {
        struct call of = {.line = c->line};
        for (uint32_t i = 1; i < callee->item_count; i++) {
            add_argument(&of, callee->items[i], (struct ch_str){NULL, 0});
        }
        f->call_depth++;
        *ret = call(f, *ret, &of);
        f->call_depth--;
    }
    return true;
}

static struct value call_one(struct file *f, const struct value *callee, struct call *c)
{
    struct value v = {0};
    if (callee->kind == VALUE_NAME && call_operator(f, callee, c, &v)) {
        return v;
    }
    if (callee->item_count > 0 && (callee->kind == VALUE_NAME || callee->kind == VALUE_FUNCTION)) {
        bool method = callee->item_count == 1 && (callee->items[0].kind == VALUE_INSTANCE ||
                                                  callee->items[0].kind == VALUE_CLASS);
        struct call with = {.line = c->line, .self = c->self, .spread = c->spread || !method};
        struct value alone = *callee;
        for (uint32_t i = 0; i < callee->item_count; i++) {
            add_argument(&with, callee->items[i], (struct ch_str){NULL, 0});
        }
        for (uint32_t i = 0; i < c->count; i++) {
            add_argument(&with, c->args[i], c->keywords[i]);
        }
        alone.item_count = 0;
        return alone.kind == VALUE_NAME ? call_name(f, &alone, &with)
                                        : call_function(f, &alone, &with);
    }
    switch (callee->kind) {
    case VALUE_FUNCTION:
        return call_function(f, callee, c);
    case VALUE_CLASS:
        return call_class(f, callee, c);
    case VALUE_INSTANCE:
        return call_instance(f, callee, c);
    case VALUE_NAME:
        return call_name(f, callee, c);
    case VALUE_UNKNOWN:
        if (callee->number != 0) {
            parameter_called(f, callee, (uint32_t)callee->number - 1, c);
        }
        break;
    case VALUE_TEXT:
    case VALUE_PARTIAL:
    case VALUE_INT:
    case VALUE_LIST:
        break;
    }
    v.marks = (callee->marks & ~(uint64_t)(MARK_PARAM | MARK_SELF)) | MARK_COMPUTED;
    return v;
}

struct value call(struct file *f, struct value callee, struct call *c)
{
    struct value self = c->self;
    c->one_of = callee.also != NULL;
    struct value v = call_one(f, &callee, c);
    struct ch_str name = c->name;
    for (const struct value *a = callee.also; a != NULL; a = a->also) {
        c->name = (struct ch_str){NULL, 0};
        c->self = self;
        struct value one = call_one(f, a, c);
        v.marks |= one.marks;
        v = value_or(f, v, one);
        name = name.len == 0 ? c->name : name;
    }
    c->name = name;
    calls_of_arguments(f, c);
    return v;
}
