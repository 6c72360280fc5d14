/* What a file names of others of its artifact: what it imports, loads, starts or executes; and, of
 * what runs as Python starts, which functions it calls. */
#include "customhouse/limits.h"
#include "customhouse/map.h"
#include "scanner/source/others.h"

void others_init(struct others *o)
{
    *o = (struct others){.called = ch_map_new(), .had = ch_map_new(), .told = ch_map_new()};
}

void others_done(struct others *o)
{
    ch_map_free(o->called);
    ch_map_free(o->had);
    ch_map_free(o->told);
}

void ch_source_on_named(struct ch_source *s,
                        void (*named)(void *arg, struct ch_str path, struct ch_str name,
                                      enum ch_named_as as),
                        void *arg)
{
    struct others *o = source_others(s);
    o->named = named;
    o->arg = arg;
}

void ch_source_brings(struct ch_source *s, struct ch_str site)
{
    struct others *o = source_others(s);
    o->tasks = o->tasks || ch_str_starts(site, CH_STR("airflow/sdk"));
    o->programs = o->programs || ch_str_ends(site, CH_STR("/__main__.py"));
}

bool source_brings_tasks(struct ch_source *s)
{
    return source_others(s)->tasks;
}

void sees_dash_m(struct file *f, struct ch_str text)
{
    enum { COMMAND_BYTES = 300 };
    size_t at;
    if (!source_others(f->source)->programs || text.len < 2 || text.len > COMMAND_BYTES) {
        return;
    }
    if (str_is(text, "-m") || ch_str_ends(text, CH_STR(" -m")) ||
        ch_str_find(text, CH_STR(" -m "), &at)) {
        f->seen |= SEEN_DASH_M;
    }
}

/* It starts modules as programs: of which names need not be told, __name__ for one. */
void starts_programs(struct file *f)
{
    const struct others *o = source_others(f->source);
    bool by_command = (f->seen & SEEN_DASH_M) != 0 && (f->seen & SEEN_PROCESS) != 0;
    if (o->named != NULL && o->programs && (by_command || (f->seen & SEEN_RUNPY) != 0)) {
        o->named(o->arg, f->path, CH_STR("*"), CH_NAMED_PROGRAM);
    }
}

/* What is not known of a path is "*"; a folder that is not known at its beginning is left out. */
static void names_path(struct file *f, const struct value *v, enum ch_named_as as)
{
    const struct others *o = source_others(f->source);
    struct ch_buf b;
    struct ch_str text = v->text;
    size_t slash;
    if (text.len > 1 && text.ptr[0] == HOLE && text.ptr[1] == '/') {
        text = ch_str_sub(text, 2, text.len);
    }
    if (as == CH_NAMED_FOLDER && ch_str_find_char(text, HOLE, &slash)) {
        text.len = 0; /* any */
    }
    ch_buf_init(&b, ch_limits.member_path_bytes);
    for (size_t i = 0; i < text.len; i++) {
        bool set = text.ptr[i] == '['; /* of a pattern: "[ab]*.txt" */
        ch_buf_putc(&b, set || text.ptr[i] == HOLE ? '*' : text.ptr[i]);
        while (set && i + 1 < text.len && text.ptr[i] != ']') {
            i++;
        }
    }
    if (!b.failed) {
        o->named(o->arg, f->path, ch_buf_str(&b), as);
    }
    ch_buf_done(&b);
}

void names_other(struct file *f, const struct value *v, enum ch_named_as as)
{
    const struct others *o = source_others(f->source);
    size_t at;
    bool path = as == CH_NAMED_CODE || as == CH_NAMED_FOLDER;
    if (o->named == NULL) {
        return;
    }
    for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->item_count && may_visit(f); i++) {
        if (v->items[i].kind == VALUE_TEXT || v->items[i].kind == VALUE_PARTIAL) {
            names_other(f, &v->items[i], as);
        }
    }
    if (path && (v->kind == VALUE_TEXT || v->kind == VALUE_PARTIAL)) {
        names_path(f, v, as);
    } else if (v->kind == VALUE_TEXT && as == CH_NAMED_MODULE) {
        o->named(o->arg, f->path, v->text, as);
    } else if (v->kind == VALUE_PARTIAL && as == CH_NAMED_MODULE) {
        if (ch_str_ends(v->text, CH_STR("__main__"))) {
            o->named(o->arg, f->path, CH_STR("*"), CH_NAMED_PROGRAM);
        }
    } else if (as == CH_NAMED_PROGRAM && (v->kind == VALUE_TEXT || v->kind == VALUE_PARTIAL)) {
        struct ch_str rest = v->text;
        struct ch_str word;
        while (may_visit(f) && ch_str_split(&rest, ' ', &word)) {
            while (ch_str_find_char(word, HOLE, &at)) { /* the end of the path is known */
                word = ch_str_sub(word, at + 1, word.len);
                word = ch_str_starts(word, CH_STR("/")) ? ch_str_sub(word, 1, word.len) : word;
            }
            o->named(o->arg, f->path, word, as);
        }
    }
}

/* --- what is called as Python starts --- */

static struct ch_str key_of(const uint64_t *hash)
{
    return (struct ch_str){(const char *)hash, sizeof(*hash)};
}

bool source_calls(struct ch_source *s, uint64_t name)
{
    return ch_map_get(source_others(s)->called, key_of(&name)) != NULL;
}

void source_has(struct ch_source *s, uint64_t name)
{
    CH_IGNORE(ch_map_set(source_others(s)->had, key_of(&name), s));
}

bool ch_source_called(struct ch_source *s, struct ch_str name)
{
    uint64_t hash = value_hash(name);
    if (ch_map_set(source_others(s)->called, key_of(&hash), s) != NULL) {
        return false;
    }
    return ch_map_get(source_others(s)->had, key_of(&hash)) != NULL;
}

void names_call(struct file *f, struct ch_str name)
{
    const struct others *o = source_others(f->source);
    size_t at;
    while (ch_str_find_char(name, '.', &at)) {
        name = ch_str_sub(name, at + 1, name.len);
    }
    if (o->named != NULL && name.len > 0) {
        o->named(o->arg, f->path, name, CH_NAMED_CALL);
    }
}

static bool is_called(struct file *f, uint64_t name)
{
    source_has(f->source, name);
    return source_calls(f->source, name);
}

/* A function under another name, a lambda, an instance, a partial, one of another module. */
static void name_called(struct file *f, uint64_t name, struct value v)
{
    if (!is_called(f, name)) {
        return;
    }
    for (const struct value *one = &v; one != NULL; one = one->also) {
        foreign_call(f, one->kind == VALUE_NAME ? one->text : (struct ch_str){NULL, 0});
    }
    called_back(f, v, 1); /* a function has lines of its own */
}

void called_at_start(struct file *f)
{
    uint32_t scopes = f->scope_count;
    f->scope_count = 0;
    for (uint32_t i = 0; i < f->class_count; i++) {
        if (is_called(f, f->classes[i].name)) {
            class_used_elsewhere(f, i);
        }
    }
    for (uint32_t i = 0; i < f->binding_count; i++) {
        if (f->bindings[i].scope == 0) {
            name_called(f, f->bindings[i].name, f->bindings[i].value);
        }
    }
    for (uint32_t i = 0; i < f->later.cap; i++) {
        if (f->later.rows[i].name != 0) {
            name_called(f, f->later.rows[i].name, f->later.rows[i].value);
        }
    }
    f->scope_count = scopes;
}

/* Whether it was said of the file when it was read before. */
bool was_told(struct file *f, uint64_t place)
{
    bool again = f->place == CH_PLACE_START || ch_str_ends(f->path, CH_STR("/__main__.py"));
    uint64_t key[2] = {value_hash(f->path), place};
    struct ch_str text = {(const char *)key, sizeof(key)};
    return again && ch_map_set(source_others(f->source)->told, text, f->source) != NULL;
}
