/* Classes of a file: what they have, and which of their methods Python calls without being asked.
 *
 * What a class or an instance has (set in its body, by self.x = ..., or from outside) is all that it
 * was ever set to: when, is not told apart. A class has two functions that nobody wrote: `makes` stands
 * for making an instance, and its calls are __new__, __init__ and their like; `uses` stands for what
 * operators, conversions and comparisons call. */
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/link.h"

enum { BASES = 16, WALK = 64 };

static uint64_t mix(uint64_t whose, uint64_t name)
{
    return ((whose ^ name >> 7) * 0x9e3779b97f4a7c15U ^ name) | 1;
}

uint64_t class_key(const struct file *f, uint32_t class)
{
    return mix(f->classes[class].name, class + 1);
}

void member_set(struct file *f, uint64_t whose, struct ch_str name, struct value v)
{
    if (!is_reference(&v) && v.marks == 0 && v.kind != VALUE_TEXT) {
        return;
    }
    struct value *m = table_add(f, &f->members, mix(whose, value_hash(name)));
    if (m != NULL) {
        bool first = m->kind == VALUE_UNKNOWN && m->marks == 0 && m->also == NULL;
        uint64_t marks = m->marks | v.marks;
        marks |=
            (v.marks & MARK_PARAM) != 0 ? MARK_PARAM : 0U; /* of whom, who reads it cannot tell */
        *m = first ? v : value_or(f, *m, v);
        m->marks = marks;
    }
}

const struct value *member_of(const struct file *f, uint64_t whose, struct ch_str name)
{
    return f->members.count == 0 ? NULL
                                 : table_find(&f->members, mix(whose, value_hash(name)));
}

/* --- classes --- */

uint32_t class_new(struct file *f, struct ch_str name, struct value bases)
{
    uint64_t hash = value_hash(name);
    uint32_t makes = function_new(f, hash);
    uint32_t uses = function_new(f, 0);
    f->functions[makes].is_implied = f->functions[uses].is_implied = true;
    if (f->class_next < f->class_count) {
        f->classes[f->class_next].bases = bases;
        return f->class_next++;
    }
    if (f->class_count == f->class_cap) {
        f->class_cap = f->class_cap == 0 ? 16 : 2 * f->class_cap;
        f->classes = ch_realloc_array(f->classes, f->class_cap, sizeof(*f->classes));
    }
    f->classes[f->class_count] =
        (struct class){.name = hash, .makes = makes, .uses = uses, .bases = bases};
    f->class_next = f->class_count + 1;
    return f->class_count++;
}

void class_keyword(struct file *f, uint32_t class, struct ch_str keyword, struct value v)
{
    for (const struct value *m = &v; str_is(keyword, "metaclass") && m != NULL; m = m->also) {
        if (m->kind == VALUE_CLASS && m->number != class) {
            f->classes[class].meta = (uint32_t)m->number + 1;
        } else if (m->kind == VALUE_NAME) { /* of another file: it makes this one */
            called_back(f, *m, f->tokens[0].line);
        }
    }
}

/* Whether `base` is one of the bases of a class, and its value: of the i-th, in turn. */
static const struct value *base_at(const struct file *f, uint32_t class, uint32_t i)
{
    const struct value *bases = &f->classes[class].bases;
    return i < bases->item_count && i < BASES ? &bases->items[i] : NULL;
}

static bool own_member(struct file *f, uint32_t class, struct ch_str name, struct value *ret)
{
    if (f->walk == 0) {
        return false;
    }
    f->walk--;
    const struct value *m = member_of(f, class_key(f, class), name);
    if (m != NULL) {
        *ret = *m;
        return true;
    }
    const struct value *base;
    for (uint32_t i = 0; (base = base_at(f, class, i)) != NULL; i++) {
        for (const struct value *b = base; b != NULL; b = b->also) {
            if (b->kind == VALUE_CLASS && b->number < class &&
                own_member(f, (uint32_t)b->number, name, ret)) {
                return true;
            }
        }
    }
    return false;
}

/* What a base of some library has: subprocess.Popen. */
static bool library_member(struct file *f, uint32_t class, struct ch_str name, bool instance,
                           struct value *ret)
{
    const struct value *base;
    if (f->walk == 0) {
        return false;
    }
    f->walk--;
    for (uint32_t i = 0; (base = base_at(f, class, i)) != NULL; i++) {
        for (const struct value *b = base; b != NULL; b = b->also) {
            if (b->kind == VALUE_CLASS && b->number < class &&
                library_member(f, (uint32_t)b->number, name, instance, ret)) {
                return true;
            }
            if (b->kind == VALUE_NAME && (effects_below(b->text) || link_has_class(f, b->text))) {
                struct value of = instance ? value_name(f, b->text, CH_STR("()")) : *b;
                bool known = effects_below(b->text);
                struct value self =
                    known ? (struct value){0} : *ret; /* of an own class: as its instance */
                *ret = value_name(f, of.text, name);
                ret->marks |= self.marks;
                ret->origin = ret->origin != 0 ? ret->origin : self.origin;
                return true;
            }
        }
    }
    return false;
}

static struct value library_bases(struct file *f, uint32_t class, struct value r)
{
    const struct value *base;
    if (f->walk == 0) {
        return r;
    }
    f->walk--;
    for (uint32_t i = 0; (base = base_at(f, class, i)) != NULL; i++) {
        for (const struct value *b = base; b != NULL; b = b->also) {
            if (b->kind == VALUE_NAME) {
                struct value one = *b;
                one.also = NULL;
                r = value_or(f, r, one);
            } else if (b->kind == VALUE_CLASS && b->number < class) {
                r = library_bases(f, (uint32_t)b->number, r);
            }
        }
    }
    return r;
}

struct value class_library(struct file *f, uint32_t class)
{
    f->walk = WALK;
    return library_bases(f, class, (struct value){0});
}

/* Methods know whose they are. */
static struct value method_bound(struct file *f, struct value v, uint32_t class, bool instance)
{
    const struct function *fn = &f->functions[v.number];
    struct value *self = fn->is_static || v.item_count > 0 || (!instance && !fn->is_class_method)
                             ? NULL
                             : value_alloc(f, sizeof(*self));
    if (self != NULL) {
        *self = (struct value){.kind = fn->is_class_method ? VALUE_CLASS : VALUE_INSTANCE,
                               .number = class};
        v.items = self;
        v.item_count = 1;
    }
    return v;
}

bool class_member(struct file *f, uint32_t class, struct ch_str name, bool instance,
                  struct value *ret)
{
    struct value v;
    f->walk = WALK;
    if (!own_member(f, class, name, &v)) {
        f->walk = WALK;
        return library_member(f, class, name, instance, ret);
    }
    struct value r = v;
    r.also = NULL;
    if (r.kind == VALUE_FUNCTION) {
        r = method_bound(f, r, class, instance);
    }
    for (const struct value *m = v.also; m != NULL; m = m->also) {
        r = value_or(f, r, m->kind == VALUE_FUNCTION ? method_bound(f, *m, class, instance) : *m);
    }
    *ret = r;
    return true;
}

/* --- what Python calls --- */

static bool is_among(struct ch_str name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_is(name, list[i])) {
            return true;
        }
    }
    return false;
}

/* These have a moment of their own: implied() is told. */
static const char *const others[] = {
    "__call__", "__enter__", "__exit__", "__aenter__", "__aexit__", "__getattr__",
    "__getattribute__", "__setattr__", "__delattr__", "__get__", "__set__", "__delete__",
    "__set_name__", "__init_subclass__", "__class_getitem__", "__prepare__", "__missing__",
    "__getitem__", "__iter__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__",
    "__getnewargs__", "__copy__", "__deepcopy__", "__dir__", "__await__", "__mro_entries__",
    "__subclasshook__", "__instancecheck__"};

void class_method(struct file *f, uint32_t class, struct ch_str name, uint32_t function)
{
    static const char *const making[] = {"__new__", "__init__", "__post_init__", "__del__",
                                         "__attrs_post_init__"};
    bool dunder = name.len > 4 && ch_str_starts(name, CH_STR("__")) && ch_str_ends(name, CH_STR("__"));
    struct class *c = &f->classes[class];
    struct function *fn = &f->functions[function];
    if (fn->of_class == 0) { /* not on a second reading */
        fn->of_class = class + 1;
        fn->next_method = c->first_method;
        c->first_method = function + 1;
    }
    if (is_among(name, making, CH_ARRAY_LEN(making))) {
        edge_to(f, c->makes, function);
    } else if (dunder && !is_among(name, others, CH_ARRAY_LEN(others))) {
        edge_to(f, c->uses, function);
        c->has_operators = true;
    }
}

void implied(struct file *f, const struct value *v, const char *method)
{
    struct value m;
    f->walk = WALK;
    if ((v->kind != VALUE_INSTANCE && v->kind != VALUE_CLASS) || v->number >= f->class_count ||
        !own_member(f, (uint32_t)v->number, ch_str_of(method), &m)) {
        return;
    }
    for (const struct value *one = &m; one != NULL; one = one->also) {
        if (one->kind == VALUE_FUNCTION) {
            edge_to(f, function_now(f), (uint32_t)one->number);
        } else if (one->kind == VALUE_NAME) {
            called_back(f, *one, f->tokens[f->at > 0 && f->at <= f->token_count ? f->at - 1 : 0].line);
        }
    }
}

static void use_of_class(struct file *f, uint32_t class)
{
    const struct value *base;
    if (f->walk == 0) {
        return;
    }
    f->walk--;
    if (f->classes[class].has_operators) {
        edge_to(f, function_now(f), f->classes[class].uses);
    }
    for (uint32_t i = 0; (base = base_at(f, class, i)) != NULL; i++) {
        if (base->kind == VALUE_CLASS && base->number < class) {
            use_of_class(f, (uint32_t)base->number);
        }
    }
}

void implied_use(struct file *f, const struct value *v)
{
    for (; v != NULL; v = v->also) {
        if (v->kind == VALUE_INSTANCE && v->number < f->class_count) {
            f->walk = WALK;
            use_of_class(f, (uint32_t)v->number);
        }
    }
}

void class_used_elsewhere(struct file *f, uint32_t class)
{
    struct value of = {.kind = VALUE_INSTANCE, .number = class};
    edge_to(f, function_now(f), f->classes[class].makes);
    implied_use(f, &of);
    for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
        implied(f, &of, others[i]);
    }
}

void class_made(struct file *f, uint32_t class)
{
    const struct value *base;
    for (uint32_t i = 0; (base = base_at(f, class, i)) != NULL; i++) {
        for (const struct value *b = base; b != NULL; b = b->also) {
            if (b->kind != VALUE_CLASS || b->number >= class) {
                implied(f, b, "__mro_entries__");
                foreign_call(f, b->kind == VALUE_NAME ? b->text : (struct ch_str){NULL, 0});
                if (b->kind == VALUE_NAME) {
                    link_makes(f, f->classes[class].makes, b->text);
                    called_back(f, value_name(f, b->text, CH_STR("__init_subclass__")),
                                f->tokens[0].line);
                }
                continue;
            }
            implied(f, b, "__init_subclass__");
            edge_to(f, f->classes[class].makes, f->classes[b->number].makes);
            if (f->classes[class].meta == 0) {
                f->classes[class].meta = f->classes[b->number].meta;
            }
        }
    }
    if (f->classes[class].meta != 0) {
        struct value meta = {.kind = VALUE_CLASS, .number = f->classes[class].meta - 1};
        edge_to(f, function_now(f), f->classes[meta.number].makes);
        implied(f, &meta, "__prepare__");
        implied(f, &meta, "__call__");
    }
}
