/* What the model finds of links: while it looks at a file, and when it has. */
#include <stdio.h>
#include <stdlib.h>

#include "scanner/source/link_int.h"

/* --- while the model looks --- */

/* Its file's, when it is a text that is executed. */
static struct file *outermost(struct file *f)
{
    while (f->outer != NULL) {
        f = f->outer;
    }
    return f;
}

/* For as long as the file: on a second reading all comes again. */
static void item_put(struct file *f, struct link_item item)
{
    f = outermost(f);
    if (f->link == 0 || item.to == 0) {
        return;
    }
    if (f->link_count >= 4 * ch_limits.source_names) {
        f->beyond = true;
        return;
    }
    for (size_t i = 1; i <= 4 && i <= f->link_count; i++) {
        const struct link_item *m = &f->link_items[f->link_count - i];
        if (m->to == item.to && m->other == item.other && m->function == item.function &&
            m->how == item.how && m->is_site == item.is_site && (item.marks & ~m->marks) == 0) {
            return;
        }
    }
    GROW(f->link_items, f->link_count, f->link_cap);
    f->link_items[f->link_count++] = item;
}

static void item_add(struct file *f, struct link_item item)
{
    item.function = function_now(outermost(f));
    item_put(f, item);
    /* of what builds call all functions: what they call in turn runs as if the module called it */
    if (!item.is_site && item.function != 0 && outermost(f)->place == CH_PLACE_INSTALL) {
        item.function = 0;
        item_put(f, item);
    }
}

/* A name that `from .a import *` may have brought. */
static bool is_starred(const struct file *f, struct ch_str name)
{
    size_t dot;
    return f->link_stars && name.len > 0 && !ch_str_find_char(name, '.', &dot) &&
           effects_of(name) == 0;
}

static uint64_t key_of_value(struct file *f, const struct value *v)
{
    size_t end;
    if (v->kind == VALUE_NAME && link_is_own(outermost(f), v->text)) {
        bool called = ch_str_find(v->text, CH_STR("()"), &end);
        return link_key_of(outermost(f), called ? ch_str_sub(v->text, 0, end) : v->text);
    }
    if (v->kind == VALUE_NAME && is_starred(outermost(f), v->text)) {
        return link_mix(link_stem_of(outermost(f)->path), value_hash(link_cut_calls(v->text)));
    }
    return (v->marks & MARK_OTHER) != 0 ? v->origin : 0;
}

/* What the name of a call means; 0: nothing of another file. */
static uint64_t called_key(const struct file *f, struct ch_str name)
{
    size_t dot;
    if (f->link == 0 || name.len == 0 || name.ptr[0] == '.') {
        return 0;
    }
    if (ch_str_find_char(name, '.', &dot)) {
        return link_is_own(f, name) ? link_key_of(f, name) : 0;
    }
    return is_starred(f, name) ? link_mix(link_stem_of(f->path), value_hash(name)) : 0;
}

void link_called(struct file *f, const struct call *c)
{
    struct file *o = outermost(f);
    uint64_t to = called_key(o, c->name);
    if (to == 0) {
        return;
    }
    struct link_item item = {.to = to, .line = c->line, .how = EDGE_CALLS};
    bool given = c->count > 0 && (c->marks & MARK_PARAM) == 0 &&
                 (function_now(o) == 0 || o->place == CH_PLACE_INSTALL ||
                  c->args[0].kind == VALUE_TEXT);
    item.how = given ? EDGE_GIVEN : EDGE_CALLS;
    item_add(f, item);
    if ((c->marks & MARK_PARAM) != 0) {
        item.how = EDGE_PASSES;
        item_add(f, item);
    }
    if ((c->marks & TELLING) != 0) {
        item.is_site = true;
        item.how = GIVES;
        item.marks = c->marks & TELLING;
        item_add(f, item);
    }
    for (uint32_t i = 0; i < c->count && (c->marks & MARK_OTHER) != 0; i++) {
        item.is_site = true;
        item.how = GIVES;
        item.other = key_of_value(f, &c->args[i]);
        if (item.other != 0) {
            item_add(f, item);
        }
    }
}

void link_result(struct file *f, const struct value *callee, const struct call *c,
                 struct value *ret)
{
    ret->marks |= callee->marks & MARK_OTHER;
    uint64_t key = (callee->marks & MARK_OTHER) == 0 ? called_key(outermost(f), c->name) : 0;
    if (key != 0) {
        ret->marks |= MARK_OTHER;
        ret->origin = ret->origin != 0 ? ret->origin : key;
    }
}

struct value link_through(const struct value *from, struct value to)
{
    if (to.origin == 0 && (from->marks & MARK_OTHER) != 0) {
        to.marks |= MARK_OTHER;
        to.origin = from->origin;
    }
    return to;
}

void link_path(struct file *f, const struct value *path, struct value *ret)
{
    uint64_t key = path->kind == VALUE_NAME && outermost(f)->link != 0 ? key_of_value(f, path) : 0;
    if (key != 0) {
        ret->marks |= MARK_OTHER;
        ret->origin = key;
    }
}

void link_returns(struct file *f, uint32_t function, const struct value *v)
{
    uint64_t key = outermost(f)->link != 0 ? key_of_value(f, v) : 0;
    if (key != 0 && f->outer == NULL) {
        f->functions[function].other = key;
        item_add(f, (struct link_item){.to = key, .how = EDGE_RETURNS});
    }
}

void link_used(struct file *f, const struct value *v, enum link_use use, uint32_t line)
{
    for (const struct value *one = v; one != NULL && outermost(f)->link != 0; one = one->also) {
        item_add(f,
                 (struct link_item){
                     .to = key_of_value(f, one), .line = line, .how = (int)use, .is_site = true});
        for (uint32_t i = 0; one->kind == VALUE_LIST && i < one->item_count && may_visit(f); i++) {
            link_used(f, &one->items[i], use, line);
        }
    }
}

bool link_has_class(const struct file *f, struct ch_str dotted)
{
    return f->link != 0 && called_key(f, dotted) != 0;
}

void link_makes(struct file *f, uint32_t function, struct ch_str base)
{
    struct file *o = outermost(f);
    if (f == o && o->link != 0) {
        item_put(
            f, (struct link_item){
                   .to = called_key(o, base), .function = function, .line = 0, .how = EDGE_CALLS});
    }
}

void link_program(struct file *f, struct ch_str module, uint32_t line)
{
    struct link_item item = {.line = line, .how = EDGE_CALLS};
    if (outermost(f)->link != 0 && module.len > 0) {
        item.to = link_mix(value_hash(link_last_part(&module)), value_hash(CH_STR("__main__")));
        item_add(f, item);
    }
}

/* --- a file that was read --- */

/* What is done, and where, for who is told. */
static const char *kept(struct links *l, struct ch_str what, struct ch_str path, uint32_t line)
{
    struct text *t = ch_alloc(sizeof(*t));
    snprintf(t->bytes, sizeof(t->bytes), "%.*s in %.*s line %u",
             (int)(what.len < 80 ? what.len : 80), what.ptr, (int)(path.len < 90 ? path.len : 90),
             path.ptr, line);
    t->next = l->texts;
    l->texts = t;
    return t->bytes;
}

static const char *kept_of(struct links *l, const struct function *fn, const struct file *f)
{
    for (uint32_t bit = 0; bit < DOES_COUNT; bit++) {
        if ((fn->does & LOUD_DOES & 1U << bit) != 0) {
            return kept(l, fn->what[bit], f->path, fn->line[bit]);
        }
    }
    return (fn->does & DOES_NETWORK_OF) != 0 ? kept(l, fn->given_what, f->path, fn->given_line)
                                             : NULL;
}

/* A name that others may have a function by. */
static void name_function(struct links *l, const struct file *f, uint64_t module, uint64_t name,
                          uint32_t function)
{
    link_edge_add(l, link_mix(link_functions_of(f->link - 1), function + 1),
                  (struct link_edge){.module = module, .name = name, .how = EDGE_SAME});
}

/* `whose` names are those of a class of another file: its instances', or those of a class made of
 * it. */
static void name_inherited(struct links *l, const struct file *f, uint64_t whose,
                           struct ch_str class)
{
    uint64_t owner = link_is_own(f, class) ? link_class_of(class) : 0;
    if (owner != 0) {
        link_edge_add(
            l, link_mix(owner, link_any_name),
            (struct link_edge){.module = whose, .name = link_any_name, .how = EDGE_ALL});
    }
}

/* An instance of a class of another file, or the class of which one here is made. */
static void name_made(struct links *l, const struct file *f, uint64_t name, struct ch_str class,
                      enum edge_how how)
{
    uint64_t stem = l->files[f->link - 1].stem;
    uint64_t to = link_is_own(f, class) ? link_key_of(f, link_cut_calls(class)) : 0;
    if (to != 0) {
        name_inherited(l, f, how == EDGE_MADE ? name : link_mix(stem, name), class);
        link_edge_add(l, to, (struct link_edge){.module = stem, .name = name, .how = how});
    }
}

static void name_bases(struct links *l, const struct file *f, uint64_t name, uint32_t class)
{
    const struct value *bases = &f->classes[class].bases;
    for (uint32_t i = 0; bases->kind == VALUE_LIST && i < bases->item_count && !l->over; i++) {
        if (bases->items[i].kind == VALUE_NAME) {
            name_made(l, f, name, bases->items[i].text, EDGE_SAME);
        }
    }
}

/* The methods of a class, as those of `owner`. */
static void name_methods(struct links *l, const struct file *f, uint64_t module, uint64_t name,
                         uint32_t class, bool instance)
{
    uint64_t owner = instance ? name : link_mix(module, name);
    for (uint32_t i = f->classes[class].first_method; i != 0 && !l->over;
         i = f->functions[i - 1].next_method) {
        const struct function *fn = &f->functions[i - 1];
        name_function(l, f, owner, fn->bare, i - 1);
        link_edge_add(l, link_mix(link_functions_of(f->link - 1), i),
                      (struct link_edge){.module = module, .name = name, .how = EDGE_HAS});
    }
}

/* A function of a library, by a name that others may import; whether it is of interest. */
static bool name_library(struct links *l, const struct linked *f, uint64_t module, uint64_t name,
                         struct ch_str library)
{
    uint32_t effects = effects_of(library);
    struct node more = {.line = 1};
    more.does = (effects & (EFFECT_FETCH | EFFECT_SEND | EFFECT_SAVE | EFFECT_CONNECT)) != 0
                    ? (uint32_t)DOES_NETWORK_OF
                    : 0U;
    more.marks = ((effects & EFFECT_FETCH) != 0 ? (uint64_t)MARK_REMOTE : 0U) |
                 ((effects & EFFECT_DECODE) != 0 ? (uint64_t)MARK_DECODED : 0U);
    more.flags = ((effects & EFFECT_DYNAMIC) != 0 ? (uint32_t)RUNS : 0U) |
                 ((effects & EFFECT_SEND) != 0 ? (uint32_t)SENDS : 0U);
    bool any = (more.does | more.marks | more.flags) != 0;
    if (any) {
        more.what = kept(l, library, ch_str_of(f->path), 1);
        link_node_more(l, link_node_make(l, module, name), &more);
    }
    return any;
}

/* What a library has, below the name that it goes by here: "get" and "Session().get" of requests.
 */
static bool name_functions(struct links *l, const struct linked *f, struct ch_str own,
                           struct ch_str library)
{
    uint32_t effects;
    const char *row;
    bool any = false;
    for (size_t i = 0; (row = effects_row(i, &effects)) != NULL; i++) {
        struct ch_str name = ch_str_of(row);
        if (!ch_str_starts(name, library) || name.len < library.len + 2 ||
            name.ptr[library.len] != '.') {
            continue;
        }
        struct ch_str rest = ch_str_sub(name, library.len + 1, name.len);
        struct ch_str last = link_last_part(&rest);
        struct ch_str above = link_last_part(&rest);
        uint64_t module = value_hash(above.len > 0 ? link_cut_calls(above) : own);
        if (ch_str_ends(above, CH_STR("()")) && rest.len == 0) {
            module = link_mix(value_hash(own), module);
        }
        any = name_library(l, f, module, value_hash(link_cut_calls(last)), name) || any;
    }
    return any;
}

void link_library(struct links *l, uint32_t file, struct ch_str own, struct ch_str library)
{
    const struct linked *f = &l->files[file];
    struct ch_buf key;
    struct ch_str last = library;
    size_t dot;
    ch_buf_init(&key, own.len + library.len + 1);
    ch_buf_puts(&key, own);
    ch_buf_putc(&key, '=');
    ch_buf_puts(&key, library);
    void *known = ch_map_get(l->libraries, ch_buf_str(&key));
    if (known == NULL) {
        known = name_functions(l, f, own, library) ? (void *)l->libraries : (void *)l;
        CH_IGNORE(ch_map_set(l->libraries, ch_buf_str(&key), known));
    }
    ch_buf_done(&key);
    while (ch_str_find_char(last, '.', &dot)) {
        last = ch_str_sub(last, dot + 1, last.len);
    }
    bool renamed = !ch_str_eq(last, own);
    if (renamed && effects_of(library) != 0) {
        CH_IGNORE(name_library(l, f, f->stem, value_hash(own), library));
    }
    if (renamed && known == l->libraries) { /* who imports it is read */
        struct node more = {.flags = METHODS};
        link_node_more(l, link_node_make(l, f->stem, value_hash(own)), &more);
    }
}

static void name_bindings(struct links *l, const struct file *f)
{
    uint64_t stem = l->files[f->link - 1].stem;
    for (uint32_t i = 0; i < f->binding_count && !l->over; i++) {
        const struct binding *b = &f->bindings[i];
        if (b->scope != 0) {
            continue;
        }
        for (const struct value *v = &b->value; v != NULL; v = v->also) {
            if (v->kind == VALUE_FUNCTION && (uint64_t)v->number < f->function_count) {
                name_function(l, f, stem, b->name, (uint32_t)v->number);
            } else if (v->kind == VALUE_CLASS && (uint64_t)v->number < f->class_count) {
                name_function(l, f, stem, b->name, f->classes[v->number].makes);
                name_methods(l, f, stem, b->name, (uint32_t)v->number, false);
                name_bases(l, f, b->name, (uint32_t)v->number);
            } else if (v->kind == VALUE_INSTANCE && (uint64_t)v->number < f->class_count) {
                name_methods(l, f, stem, b->name, (uint32_t)v->number, true);
            } else if (v->kind == VALUE_NAME && v->item_count == 0) {
                CH_IGNORE(name_library(l, &l->files[f->link - 1], stem, b->name, v->text));
                if (ch_str_ends(v->text, CH_STR("()"))) {
                    name_made(l, f, b->name, v->text, EDGE_MADE);
                }
            }
        }
        bool told = b->value.kind != VALUE_FUNCTION && b->value.kind != VALUE_CLASS;
        if (told && (b->value.marks & TELLING) != 0) {
            struct node more = {.marks = b->value.marks & TELLING};
            link_node_more(l, link_node_make(l, stem, b->name), &more);
        }
    }
    for (uint32_t i = 1; i < f->function_count; i++) { /* if __name__ == "__main__" */
        if (f->functions[i].bare == value_hash(CH_STR("__main__"))) {
            name_function(l, f, stem, f->functions[i].bare, i);
        }
    }
}

/* Which functions do more than others of this file tell: calls of the others need no edge. */
static void mark_linked(struct file *f, const struct link_call *calls, size_t count)
{
    bool more = true;
    for (uint32_t i = 0; i < f->link_count; i++) {
        f->functions[f->link_items[i].function].is_linked = true;
    }
    for (uint32_t i = 1; i < f->function_count; i++) {
        f->functions[i].is_linked =
            f->functions[i].is_linked || (f->functions[i].does & LOUD_DOES) != 0;
    }
    for (int round = 0; more && round < 32; round++) {
        more = false;
        for (size_t i = count; i-- > 0;) {
            struct function *from = &f->functions[calls[i].from];
            if (f->functions[calls[i].to].is_linked && !from->is_linked) {
                from->is_linked = more = true;
            }
        }
    }
    f->beyond = f->beyond || more;
}

void links_end(struct file *f, const struct link_call *calls, size_t count)
{
    struct links *l = source_links(f->source);
    uint32_t file = f->link - 1;
    uint64_t module = link_functions_of(file);
    l->files[file].looked_at = true;
    l->files[file].does = f->functions[FUNCTION_MODULE].does;
    mark_linked(f, calls, count);
    for (uint32_t i = 1; i < f->function_count; i++) {
        const struct function *fn = &f->functions[i];
        struct node more = {.does = fn->does & (LOUD_DOES | DOES_NETWORK_OF),
                            .marks = fn->returns & TELLING,
                            .flags = (fn->runs_argument != 0 ? RUNS : 0U) |
                                     (fn->sends_argument != 0 ? SENDS : 0U)};
        if ((more.does | more.marks | more.flags) != 0) {
            more.what = kept_of(l, fn, f);
            link_node_more(l, link_node_make(l, module, i + 1), &more);
        }
    }
    for (uint32_t i = 0; i < f->link_count; i++) {
        const struct link_item *m = &f->link_items[i];
        if (!m->is_site) {
            link_edge_add(l, m->to,
                          (struct link_edge){.module = module,
                                             .name = m->function + 1,
                                             .line = m->line,
                                             .how = (enum edge_how)m->how});
        } else if (l->site_count < SITES) {
            GROW(l->sites, l->site_count, l->site_cap);
            l->sites[l->site_count++] = (struct site){.to = m->to,
                                                      .other = m->other,
                                                      .marks = m->marks,
                                                      .file = file,
                                                      .line = m->line,
                                                      .use = m->how};
        } else {
            l->over = true;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (f->functions[calls[i].to].is_linked) {
            link_edge_add(
                l, link_mix(module, calls[i].to + 1),
                (struct link_edge){
                    .module = module, .name = calls[i].from + 1, .how = EDGE_CALLS});
        }
    }
    name_bindings(l, f);
}
