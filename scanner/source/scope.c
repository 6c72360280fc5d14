/* Names: what they are bound to, where, and when that is run.
 *
 * Python runs a file from its top to its end, but the body of a function later: it sees what the
 * module has bound by then. Where a function uses a name that is bound to something of interest only
 * after it, the file is read a second time, and what the module had at its end is known from the
 * beginning. A name that is bound in several branches is what any of them gave. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/source/source_int.h"

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

static struct binding *find_in_module(const struct file *f, uint64_t name)
{
    uint32_t i = f->buckets[name / 2 % BUCKETS];
    while (i != 0 && (f->bindings[i - 1].name != name || f->bindings[i - 1].scope != 0)) {
        i = f->bindings[i - 1].next;
    }
    return i != 0 ? &f->bindings[i - 1] : NULL;
}

/* --- blocks: `if` and its like, by their indentation --- */

static uint32_t block_here(const struct file *f)
{
    return f->blocks[f->indent < BLOCKS ? f->indent : BLOCKS - 1];
}

void block_new(struct file *f)
{
    f->block = ++f->block_count;
}

void block_enter_line(struct file *f)
{
    f->block = block_here(f);
}

void block_enter(struct file *f)
{
    uint32_t level = f->indent < BLOCKS ? f->indent : BLOCKS - 1;
    f->blocks[level] = ++f->block_count;
}

/* --- binding --- */

static struct binding *binding_new(struct file *f, uint64_t hash, uint32_t scope)
{
    if (f->binding_count >= ch_limits.source_names) {
        f->beyond = true;
        return NULL;
    }
    if (f->binding_count == f->binding_cap) {
        f->binding_cap = f->binding_cap == 0 ? 256 : 2 * f->binding_cap;
        f->bindings = ch_realloc_array(f->bindings, f->binding_cap, sizeof(*f->bindings));
    }
    uint32_t *bucket = &f->buckets[hash / 2 % BUCKETS];
    f->bindings[f->binding_count] = (struct binding){.name = hash, .scope = scope, .next = *bucket};
    *bucket = ++f->binding_count;
    return &f->bindings[f->binding_count - 1];
}

/* The binding before is over where this one always runs after it: in its own block, or in one that
 * its block is within. */
static void rebind(struct file *f, struct binding *b, struct value v, bool always)
{
    bool over = always && b->block >= block_here(f) && f->block == block_here(f);
    if (!over || b->value.kind != v.kind || b->value.kind == VALUE_TEXT) {
        v.marks |= marks_instead(b->value.marks) & ~(uint64_t)MARK_CHAR;
    }
    b->value = over ? v : value_or(f, v, b->value);
    b->block = f->block;
}

/* Of a function's `global x`: the module's. There is no saying when. */
static void bind_in_module(struct file *f, uint64_t hash, struct value v)
{
    struct binding *b = find_in_module(f, hash);
    struct value *later = table_add(f, &f->later, hash);
    if (later != NULL) {
        uint64_t marks = later->marks | v.marks;
        *later = value_or(f, *later, v);
        later->marks = marks;
    }
    if (b != NULL) {
        rebind(f, b, v, false);
        b->when = f->when;
    }
    if (is_reference(&v) || v.marks != 0) {
        f->again = true;
    }
}

void bind(struct file *f, struct ch_str name, struct value v)
{
    uint64_t hash = value_hash(name);
    struct binding *b = find(f, hash);
    uint32_t of_class = class_now(f);
    if (of_class != 0) {
        member_set(f, class_key(f, of_class - 1), name, v);
        implied(f, &v, "__set_name__");
    } else if (str_is(name, "__name__")) {
        f->named_anew = true;
    }
    if (b != NULL && b->global) {
        bind_in_module(f, hash, v);
        return;
    }
    if (b != NULL && b->scope == scope_now(f)) {
        rebind(f, b, v, true);
        b->when = f->when;
        return;
    }
    b = binding_new(f, hash, scope_now(f));
    if (b != NULL) {
        b->value = v;
        b->block = f->block;
        b->when = f->when;
    }
}

void bind_global(struct file *f, struct ch_str name)
{
    struct binding *b = scope_now(f) > 0 ? binding_new(f, value_hash(name), scope_now(f)) : NULL;
    if (b != NULL) {
        b->global = true;
    }
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

/* --- what they mean --- */

static bool in_function(const struct file *f)
{
    for (uint32_t i = 0; i < f->scope_count; i++) {
        if (f->scopes[i].is_function) {
            return true;
        }
    }
    return false;
}

/* `from x import *` may have brought it. */
static struct value of_stars(struct file *f, struct ch_str name)
{
    struct value v = {.kind = VALUE_NAME, .text = name};
    for (uint32_t i = 0; i < f->star_count; i++) {
        struct value brought = value_name(f, f->stars[i], name);
        if (brought.kind == VALUE_NAME &&
            (effects_of(brought.text) != 0 || effects_below(brought.text))) {
            v = value_or(f, brought, v);
        }
    }
    return v;
}

bool lookup(struct file *f, struct ch_str name, struct value *ret)
{
    uint64_t hash = value_hash(name);
    struct binding *b = find(f, hash);
    if (b != NULL && b->global) {
        b = find_in_module(f, hash);
    }
    bool known = b != NULL;
    bool own = known && b->scope > 0 && f->scopes[b->scope - 1].function == function_now(f);
    if (known) {
        *ret = b->value;
    } else if (f->star_count > 0) {
        *ret = of_stars(f, name);
        known = true;
    }
    if ((b == NULL || b->scope == 0) && in_function(f)) {
        const struct value *later = table_find(&f->later, hash);
        if (later != NULL) {
            uint64_t marks = later->marks | (known ? ret->marks : 0U);
            *ret = known ? value_or(f, *ret, *later) : *later;
            ret->marks = marks;
            known = true;
        }
        own = false;
        struct value *wanted = f->again ? NULL : table_add(f, &f->wanted, hash);
        if (wanted != NULL && wanted->number == 0) {
            wanted->number = f->when + 1;
        }
    }
    if (known && !own && (ret->marks & MARK_PARAM) != 0) {
        ret->marks |= MARK_PARAM; /* those of a function around this one are none of its own */
    }
    return known;
}

/* --- where and when --- */

uint32_t function_now(const struct file *f)
{
    if (f->within != 0) {
        return f->within - 1;
    }
    return f->scope_count > 0 ? f->scopes[f->scope_count - 1].function : 0;
}

uint32_t class_now(const struct file *f)
{
    return f->scope_count > 0 ? f->scopes[f->scope_count - 1].of_class : 0;
}

bool at_import(const struct file *f)
{
    if (f->place == CH_PLACE_PROGRAM) {
        return false;
    }
    if (f->outer != NULL && !at_import(f->outer)) {
        return false;
    }
    if (f->within != 0) {
        return f->place == CH_PLACE_INSTALL;
    }
    for (uint32_t i = 0; i < f->scope_count; i++) {
        if (f->scopes[i].is_function || (f->scopes[i].is_main && f->place != CH_PLACE_INSTALL)) {
            return f->place == CH_PLACE_INSTALL; /* of setup.py all runs */
        }
    }
    return true;
}

/* --- the second reading --- */

/* What would be judged otherwise, if a function had known it. */
static bool is_of_interest(const struct file *f, const struct value *v)
{
    const uint64_t loud = MARK_DECODED | MARK_REMOTE | MARK_SECRET | MARK_ENVIRON | MARK_CHAR |
                          MARK_SOCKET | MARK_DATA | MARK_AUTOSTART | MARK_KEYS | MARK_FILE |
                          MARK_LISTED;
    if ((v->marks & loud) != 0 || v->also != NULL) {
        return true;
    }
    if (v->kind == VALUE_FUNCTION && v->number < f->function_count) {
        const struct function *fn = &f->functions[v->number];
        return (fn->returns & loud) != 0 || fn->calls != 0 || fn->runs_argument != 0 ||
               (fn->does & DOES_NETWORK_OF) != 0 || is_reference(&fn->result);
    }
    return v->kind == VALUE_NAME ? effects_of(v->text) != 0 || effects_below(v->text)
                                 : v->kind == VALUE_INSTANCE || v->kind == VALUE_LIST;
}

bool read_again(struct file *f)
{
    bool again = f->again || f->named_anew; /* what it guards stands before, perhaps */
    for (uint32_t i = 0; i < f->wanted.cap && !again; i++) {
        const struct member *row = &f->wanted.rows[i];
        const struct binding *b = row->name != 0 ? find_in_module(f, row->name) : NULL;
        again = b != NULL && b->when + 1 > row->value.number && is_of_interest(f, &b->value);
    }
    for (uint32_t i = 0; again && i < f->binding_count; i++) {
        const struct binding *b = &f->bindings[i];
        struct value *later = b->scope == 0 ? table_add(f, &f->later, b->name) : NULL;
        if (later != NULL) {
            uint64_t marks = later->marks | b->value.marks;
            *later = value_or(f, b->value, *later);
            later->marks = marks;
        }
    }
    f->again = again;
    return again;
}
