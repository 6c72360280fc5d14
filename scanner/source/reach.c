/* What a name, an attribute or an element is: one way for all that give a reference.
 *
 * A value may be several things: of two branches, of a table, of a default and an argument. The
 * first is the value itself, the others hang on `also`; only references do (functions, classes,
 * modules, lists of them), since only those can be called. Whatever takes a value apart or calls it
 * does so with each. */
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/source_int.h"

enum { ALSO = 12, LOOKED_AT = 64, DEEP = 3 };

#define OWN_MODULE CH_STR("sys.modules[__name__]")

static bool in_list(const struct value *v, uint32_t depth);

static bool is_reference_at(const struct value *v, uint32_t depth)
{
    switch (v->kind) {
    case VALUE_NAME:
        return v->item_count > 0 || effects_of(v->text) != 0 || effects_below(v->text) ||
               ch_str_eq(v->text, OWN_MODULE);
    case VALUE_FUNCTION:
    case VALUE_CLASS:
    case VALUE_INSTANCE:
        return true;
    case VALUE_LIST:
        return in_list(v, depth);
    case VALUE_UNKNOWN:
        return v->number != 0;
    case VALUE_TEXT:
    case VALUE_PARTIAL:
    case VALUE_INT:
        break;
    }
    return false;
}

static bool in_list(const struct value *v, uint32_t depth)
{
    for (uint32_t i = 0; depth < DEEP && i < v->item_count && i < LOOKED_AT; i++) {
        if (v->items[i].also != NULL || is_reference_at(&v->items[i], depth + 1)) {
            return true;
        }
    }
    return false;
}

bool is_reference(const struct value *v)
{
    return v->also != NULL || is_reference_at(v, 0);
}

static bool is_same(const struct value *a, const struct value *b)
{
    bool text = a->kind == VALUE_NAME || a->kind == VALUE_UNKNOWN;
    return a->kind == b->kind && a->number == b->number && a->items == b->items &&
           a->item_count == b->item_count && (!text || ch_str_eq(a->text, b->text));
}

struct value value_or(struct file *f, struct value a, struct value b)
{
    uint32_t count = 0;
    for (const struct value *v = a.also; v != NULL; v = v->also) {
        count++;
    }
    for (const struct value *from = &b; from != NULL && count < ALSO; from = from->also) {
        bool new = is_reference_at(from, 0);
        for (const struct value *v = &a; v != NULL && new; v = v->also) {
            new = !is_same(v, from);
        }
        struct value *one = new ? value_alloc(f, sizeof(*one)) : NULL;
        if (one != NULL) {
            *one = *from;
            one->also = a.also;
            a.also = one;
            count++;
        }
    }
    return a;
}

/* --- modules --- */

static const struct {
    const char *name;
    const char *module; /* NULL: itself */
} modules[] = {
    {"__builtin__", "builtins"},
    {"_io", "io"},
    {"_os", "os"},
    {"_bootstrap_external", "importlib.machinery"},
    {"_frozen_importlib_external", "importlib.machinery"},
    {"_pickle", "pickle"},
    {"_socket", "socket"},
    {"_subprocess", "subprocess"},
    {"_sys", "sys"},
    {"builtins", NULL},
    {"cPickle", "pickle"},
    {"ctypes", NULL},
    {"http_client", "http.client"},
    {"importlib", NULL},
    {"nt", "os"},
    {"os", NULL},
    {"posix", "os"},
    {"requests", NULL},
    {"socket", NULL},
    {"subprocess", NULL},
    {"sys", NULL},
    {"urllib", NULL},
};

struct ch_str module_within(struct ch_str name)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(modules); i++) {
        if (name.len > 1 && name.ptr[0] == modules[i].name[0] && str_is(name, modules[i].name)) {
            return modules[i].module != NULL ? ch_str_of(modules[i].module) : name;
        }
    }
    return (struct ch_str){NULL, 0};
}

struct ch_str module_named(struct ch_str name)
{
    struct ch_str whole = module_within(name);
    if (whole.len > 0) {
        return whole;
    }
    for (size_t at = 0; at + 1 < name.len; at++) { /* six.moves.urllib.request */
        if (name.ptr[at] != '.') {
            continue;
        }
        struct ch_str rest = ch_str_sub(name, at + 1, name.len);
        size_t dot;
        struct ch_str first = ch_str_find_char(rest, '.', &dot) ? ch_str_sub(rest, 0, dot) : rest;
        struct ch_str module = module_within(first);
        if (module.len > 0 && (module.ptr == first.ptr || first.len == rest.len)) {
            return module.ptr == first.ptr ? rest : module;
        }
    }
    return name;
}

bool loads_library(struct ch_str name)
{
    static const char *const ways[] = {"ctypes.PyDLL()",
                                       "ctypes.WinDLL()",
                                       "ctypes.OleDLL()",
                                       "ctypes.cdll.LoadLibrary()",
                                       "ctypes.windll.LoadLibrary()",
                                       "ctypes.oledll.LoadLibrary()",
                                       "ctypes.pydll.LoadLibrary()",
                                       "cffi.FFI().dlopen()"};
    for (size_t i = 0; i < CH_ARRAY_LEN(ways); i++) {
        if (str_is(name, ways[i])) {
            return true;
        }
    }
    return false;
}

/* --- capabilities of what is named --- */

static void mention_one(struct file *f, const struct value *v)
{
    uint32_t exact = effects_of(v->text);
    uint32_t effects = exact | (exact == 0 ? effects_under(v->text) : 0U);
    if ((effects & EFFECT_PROCESS) != 0) {
        capability(f, CAP_PROCESS);
    }
    if ((effects & (EFFECT_NETWORK | EFFECT_FETCH)) != 0) {
        capability(f, CAP_NETWORK);
    }
    if ((exact & EFFECT_DYNAMIC) != 0) { /* importing a profiler runs no text as code */
        capability(f, CAP_DYNAMIC);
    }
    if (str_is(v->text, "mmap.PROT_EXEC")) {
        f->seen |= SEEN_EXECUTABLE;
    }
}

void mention(struct file *f, const struct value *v)
{
    for (; v != NULL; v = v->also) {
        if (v->kind == VALUE_NAME) {
            mention_one(f, v);
        }
    }
}

/* --- attributes --- */

/* Where names can be had by their text: globals()["x"], os.__dict__["system"]. The length of what
 * stands behind the module; 0: no such place. */
static size_t namespace_suffix(struct ch_str name)
{
    static const char *const whole[] = {"globals()", "locals()",    "vars()", "__builtins__",
                                        "builtins",  "sys.modules"};
    static const char *const ends[] = {".__globals__", ".f_globals", ".f_locals", ".f_builtins",
                                       ".__builtins__"};
    for (size_t i = 0; i < CH_ARRAY_LEN(whole); i++) {
        if (name.len > 0 && name.ptr[0] == whole[i][0] && str_is(name, whole[i])) {
            return name.len;
        }
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(ends); i++) {
        if (ch_str_ends(name, ch_str_of(ends[i]))) {
            return name.len;
        }
    }
    return ch_str_ends(name, CH_STR(".__dict__")) ? CH_STR(".__dict__").len : 0;
}

/* --- the module itself: sys.modules[__name__] --- */

/* What else could a file ask for by a name, or a thing, that it has not written as text: __name__,
 * f.__module__, f. An import by such a name is told by itself, but of __name__. */
struct value value_module_of(struct ch_str by, const struct value *name)
{
    bool own = str_is(by, "sys.modules") || str_is(by, "sys.modules.get") ||
               str_is(by, "inspect.getmodule") ||
               (name->kind == VALUE_NAME && str_is(name->text, "__name__"));
    struct value v = {.marks = name->marks | MARK_COMPUTED};
    if (own) {
        v.kind = VALUE_NAME;
        v.text = OWN_MODULE;
    }
    return v;
}

/* What stands in it, as its globals() have it. False: nothing that is known. */
static bool own_attribute(struct file *f, const struct value *v, struct ch_str name,
                          struct value *ret)
{
    if (str_is(name, "__dict__")) {
        *ret = (struct value){.kind = VALUE_NAME, .text = CH_STR("globals()"), .marks = v->marks};
        return true;
    }
    if (!lookup(f, name, ret)) {
        return false;
    }
    ret->marks |= v->marks & ~(uint64_t)MARK_COMPUTED;
    return true;
}

/* print.__self__ is the module builtins, of any function of it. */
static bool is_builtin_function(struct ch_str name)
{
    static const char *const some[] = {
        "__build_class__", "__import__", "abs",     "all",     "any",        "ascii",      "bin",  "breakpoint",
        "callable",        "chr",        "compile", "delattr", "dir",        "divmod",     "eval", "exec",
        "format",          "getattr",    "globals", "hasattr", "hash",       "hex",        "id",   "input",
        "isinstance",      "iter",       "len",     "locals",  "issubclass", "max",        "min",  "next",
        "oct",             "ord",        "pow",     "print",   "repr",       "round",      "sum",  "setattr",
        "sorted",          "vars"};
    for (size_t i = 0; i < CH_ARRAY_LEN(some); i++) {
        if (str_is(name, some[i])) {
            return true;
        }
    }
    return false;
}

static struct value name_attribute(struct file *f, const struct value *v, struct ch_str name)
{
    struct ch_str module = module_within(name);
    bool in_text = name.ptr > f->text.ptr && name.ptr < f->text.ptr + f->text.len &&
                   name.ptr[-1] == '.';
    struct value r = {.kind = VALUE_NAME};
    if (v->item_count > 0 || str_is(name, "__call__")) {
        return *v; /* of a partial: its function */
    }
    if (ch_str_eq(v->text, OWN_MODULE) && own_attribute(f, v, name, &r)) {
        return r;
    }
    if (in_text && v->text.ptr + v->text.len + 1 == name.ptr &&
               v->text.len + name.len < NAME_BYTES) {
        r.text = (struct ch_str){v->text.ptr, v->text.len + 1 + name.len}; /* a.b as it stands */
    } else {
        r = value_name(f, v->text, name);
    }
    if (module.len > 0 && v->text.len > 0 && effects_of(r.text) == 0 && !effects_below(r.text)) {
        r.text = module;
    }
    r.marks |= v->marks;
    r.origin = v->origin;
    if (str_is(name, "__self__") && is_builtin_function(v->text)) {
        r.text = CH_STR("builtins");
    }
    if (str_is(name, "__class__") && (ch_str_ends(v->text, CH_STR("loader__")) ||
                                      ch_str_ends(v->text, CH_STR(".loader")))) {
        r.text = CH_STR("importlib.machinery.SourceFileLoader"); /* what Python itself loads by */
    }
    if (str_is(r.text, "os.environ")) {
        r.marks |= MARK_ENVIRON;
        capability(f, CAP_ENVIRONMENT);
    }
    return r;
}

/* Of a parameter: known when it is called. */
static struct value parameter_attribute(struct file *f, const struct value *v, struct ch_str name)
{
    struct value r = {.marks = v->marks | MARK_COMPUTED, .number = v->number, .origin = v->origin};
    char *p = v->text.len + name.len < NAME_BYTES ? value_alloc(f, v->text.len + name.len + 1) : NULL;
    if (p == NULL) {
        r.number = 0;
        return r;
    }
    if (v->text.len > 0) {
        memcpy(p, v->text.ptr, v->text.len);
    }
    p[v->text.len] = '.';
    memcpy(p + v->text.len + 1, name.ptr, name.len);
    r.text = (struct ch_str){p, v->text.len + 1 + name.len};
    return r;
}

static struct value instance_attribute(struct file *f, const struct value *v, struct ch_str name)
{
    struct value r = {.marks = v->marks | MARK_COMPUTED, .origin = v->origin};
    bool instance = v->kind == VALUE_INSTANCE;
    if (instance) {
        implied(f, v, "__getattribute__");
    }
    if (!class_member(f, (uint32_t)v->number, name, instance, &r)) {
        implied(f, v, "__getattr__");
        return r;
    }
    struct value whole = r;
    for (const struct value *m = &whole; instance && m != NULL; m = m->also) {
        implied(f, m, "__get__");
        if (m->kind == VALUE_FUNCTION && f->functions[m->number].is_property) {
            struct call c = {.line = f->tokens[f->at > 0 ? f->at - 1 : 0].line};
            r = value_or(f, call(f, *m, &c), r);
        }
    }
    return r;
}

static struct value attribute_of(struct file *f, const struct value *v, struct ch_str name)
{
    struct value r = {.marks = (v->marks & ~(uint64_t)MARK_SELF) | MARK_COMPUTED,
                      .origin = v->origin};
    switch (v->kind) {
    case VALUE_NAME:
        return name_attribute(f, v, name);
    case VALUE_CLASS:
    case VALUE_INSTANCE:
        return instance_attribute(f, v, name);
    case VALUE_FUNCTION:
        if (str_is(name, "__globals__") || str_is(name, "__builtins__")) {
            return (struct value){.kind = VALUE_NAME, .text = CH_STR("globals()")};
        }
        return str_is(name, "__call__") || str_is(name, "__func__") ? *v : r;
    case VALUE_UNKNOWN:
        if (v->number == 0 && str_is(name, "__globals__")) { /* which is had so for what os has */
            return (struct value){.kind = VALUE_NAME, .text = CH_STR("os.__dict__"), .marks = v->marks};
        }
        return v->number != 0 ? parameter_attribute(f, v, name) : r;
    case VALUE_TEXT:
    case VALUE_PARTIAL:
    case VALUE_INT:
    case VALUE_LIST:
        break;
    }
    return r;
}

struct value value_attribute(struct file *f, struct value v, struct ch_str name)
{
    struct value r = attribute_of(f, &v, name);
    for (const struct value *a = v.also; a != NULL; a = a->also) {
        struct value one = attribute_of(f, a, name);
        r.marks |= one.marks;
        r = value_or(f, r, one);
    }
    const struct value *set = v.origin != 0 ? member_of(f, v.origin, name) : NULL;
    if (set != NULL) {
        r.marks |= set->marks;
        r = value_or(f, r, *set);
    }
    if (str_is(name, "__doc__")) {
        r.marks |= MARK_FILE;
    }
    return r;
}

/* --- elements --- */

/* Texts as well: what a loop over them gives to a command. */
static struct value element_or(struct file *f, struct value r, const struct value *item)
{
    enum { TEXTS = 4 };
    uint32_t count = 0;
    bool text = item->kind == VALUE_TEXT && item->text.len > 0;
    for (const struct value *v = r.also; v != NULL; v = v->also) {
        count++;
    }
    struct value *one = text && count < TEXTS ? value_alloc(f, sizeof(*one)) : NULL;
    if (one != NULL) {
        *one = *item;
        one->also = r.also;
        r.also = one;
    }
    return text ? r : value_or(f, r, *item);
}

struct value value_element(struct file *f, struct value v)
{
    struct value r = {.marks = v.marks | MARK_COMPUTED, .origin = v.origin};
    if ((v.marks & MARK_LISTED) != 0 && v.kind == VALUE_LIST && v.item_count == 1) {
        return v.items[0]; /* the pattern is all that is known of each */
    }
    for (const struct value *list = &v; list != NULL; list = list->also) {
        implied(f, list, "__iter__");
        implied_use(f, list);
        for (uint32_t i = 0; list->kind == VALUE_LIST && i < list->item_count && i < LOOKED_AT; i++) {
            r = element_or(f, r, &list->items[i]);
        }
    }
    return r;
}

struct value value_unpacked(struct file *f, struct value v, uint32_t i)
{
    struct value r = {.marks = v.marks | MARK_COMPUTED, .origin = v.origin};
    bool first = v.kind == VALUE_LIST && i < v.item_count;
    if (first) {
        r = v.items[i];
    }
    for (const struct value *list = first ? v.also : &v; list != NULL; list = list->also) {
        if (list->kind == VALUE_LIST && i < list->item_count) {
            r = element_or(f, r, &list->items[i]);
        }
    }
    return r;
}

static struct value namespace_item(struct file *f, const struct value *v, const struct value *key)
{
    size_t suffix = namespace_suffix(v->text);
    struct value r = {.marks = v->marks | MARK_COMPUTED};
    if (str_is(v->text, "sys.modules") && key->kind != VALUE_TEXT) {
        return value_module_of(v->text, key);
    }
    if (suffix == 0 || key->kind != VALUE_TEXT) {
        if (suffix > 0) { /* any of them */
            struct value of = {.kind = VALUE_NAME,
                               .text = ch_str_sub(v->text, 0, v->text.len - suffix)};
            mention(f, &of);
        }
        return r;
    }
    struct ch_str base = ch_str_sub(v->text, 0, v->text.len - suffix);
    if (str_is(v->text, "sys.modules")) {
        r = (struct value){.kind = VALUE_NAME, .text = module_named(key->text)};
    } else if (base.len > 0) {
        struct value of = {.kind = VALUE_NAME, .text = base, .marks = r.marks};
        r = name_attribute(f, &of, key->text);
    } else if (!lookup(f, key->text, &r)) {
        r = value_name(f, base, module_named(key->text));
    }
    r.marks |= key->marks & (MARK_BUILT | MARK_DECODED);
    return r;
}

static struct value list_item(struct file *f, const struct value *v, const struct value *key)
{
    if (key->kind == VALUE_INT && key->number >= 0 && key->number < v->item_count) {
        return v->items[key->number];
    }
    for (uint32_t i = 0; key->kind == VALUE_TEXT && i + 1 < v->item_count; i += 2) {
        if (v->items[i].kind == VALUE_TEXT && ch_str_eq(v->items[i].text, key->text)) {
            return v->items[i + 1];
        }
    }
    struct value alone = *v;
    alone.also = NULL;
    return value_element(f, alone);
}

static struct value item_of(struct file *f, const struct value *v, const struct value *key)
{
    struct value r = {.marks = v->marks | MARK_COMPUTED, .origin = v->origin};
    if (v->kind == VALUE_LIST) {
        return list_item(f, v, key);
    }
    if (v->kind == VALUE_NAME) {
        bool environ = (v->marks & MARK_ENVIRON) != 0;
        if (namespace_suffix(v->text) > 0) {
            return namespace_item(f, v, key);
        }
        r.marks &= ~(uint64_t)MARK_ENVIRON; /* one variable is not the environment */
        r.marks |= environ ? MARK_VARIABLE : 0U;
        return r;
    }
    implied(f, v, "__class_getitem__");
    implied(f, v, "__getitem__");
    implied(f, v, "__missing__");
    return r;
}

struct value value_item(struct file *f, struct value v, struct value key)
{
    struct value r = item_of(f, &v, &key);
    for (const struct value *a = v.also; a != NULL; a = a->also) {
        struct value one = item_of(f, a, &key);
        r.marks |= one.marks;
        r = value_or(f, r, one);
    }
    const struct value *set = v.origin != 0 ? member_of(f, v.origin, CH_STR("[]")) : NULL;
    if (set != NULL) {
        r.marks |= set->marks;
        r = value_or(f, r, *set);
    }
    return r;
}

/* functools.reduce(getattr, ["path", "join"], os) is os.path.join. */
bool value_reduced(struct file *f, const struct call *c, struct value *ret)
{
    bool asks = c->count == 3 && str_is(c->name, "functools.reduce") &&
                c->args[0].kind == VALUE_NAME && str_is(c->args[0].text, "getattr") &&
                c->args[1].kind == VALUE_LIST && c->args[1].item_count > 0;
    if (!asks) {
        return false;
    }
    *ret = c->args[2];
    for (uint32_t i = 0; i < c->args[1].item_count; i++) {
        const struct value *name = &c->args[1].items[i];
        if (name->kind != VALUE_TEXT) {
            return false;
        }
        *ret = value_attribute(f, *ret, name->text);
        ret->marks |= name->marks;
    }
    return true;
}
