/* Ways to a function other than its name: an object that a text names, settings that name what is
 * made, threads of a class, and what Python finds and loads modules with. */
#include <string.h>

#include "scanner/source/source_int.h"

enum {
    LOUD = EFFECT_PROCESS | EFFECT_DYNAMIC | EFFECT_NETWORK | EFFECT_FETCH | EFFECT_SAVE,
    SETTINGS_DEEP = 6,
    SETTINGS_MANY = 256, /* keys and values of one table */
};

struct value value_resolved(struct file *f, struct value name)
{
    uint32_t marks = name.marks & (MARK_BUILT | MARK_DECODED);
    size_t colon;
    if (name.kind != VALUE_TEXT) {
        return (struct value){.marks = name.marks | MARK_COMPUTED};
    }
    struct value v = value_name(f, (struct ch_str){NULL, 0}, module_named(name.text));
    if (v.kind == VALUE_NAME && ch_str_find_char(v.text, ':', &colon)) { /* pkgutil: "os:system" */
        struct value module = value_name(f, (struct ch_str){NULL, 0}, ch_str_sub(v.text, 0, colon));
        v = value_attribute(f, module, ch_str_sub(v.text, colon + 1, v.text.len));
    }
    v.marks |= marks;
    return v;
}

/* No honest code asks for os.system by a text. */
static void resolves(struct file *f, const struct call *c)
{
    const struct value *a = &c->args[0];
    if (a->kind != VALUE_TEXT) {
        return;
    }
    struct value v = value_resolved(f, *a);
    if (v.kind == VALUE_NAME && (effects_of(v.text) & LOUD) != 0) {
        report(f, CH_F_SOURCE_HIDDEN_NAME, c->line, call_shown(f, c));
    }
}

/* --- settings of logging --- */

/* {"()": "os.system", "command": "id"}: logging calls what "()" names, with the others (PEP 391).
 */
static void makes_of_settings(struct file *f, const struct call *c, const struct value *table)
{
    struct call of = {.line = c->line};
    struct value callee = {0};
    for (uint32_t i = 0; i + 1 < table->item_count && i < SETTINGS_MANY; i += 2) {
        const struct value *key = &table->items[i];
        const struct value *v = &table->items[i + 1];
        if (key->kind != VALUE_TEXT) {
            continue;
        }
        if (str_is(key->text, "()") || str_is(key->text, "class")) {
            callee = v->kind == VALUE_TEXT ? value_resolved(f, *v) : *v;
        } else if (of.count < ARGUMENTS) {
            of.keywords[of.count] = key->text;
            of.marks |= v->marks;
            of.args[of.count++] = *v;
        }
    }
    if (callee.kind == VALUE_NAME && (effects_of(callee.text) & (LOUD | EFFECT_LOAD)) != 0) {
        report(f, CH_F_SOURCE_HIDDEN_NAME, c->line, callee.text);
    }
    if (callee.kind != VALUE_UNKNOWN) {
        for (uint32_t i = 0; i < of.count; i++) { /* by whichever name it takes them */
            of.keywords[i].len = 0;
        }
        struct value v = call(f, callee, &of);
        CH_IGNORE(v.marks);
    }
}

static void follows_settings(struct file *f, const struct call *c, const struct value *v,
                             uint32_t depth)
{
    if (v->kind != VALUE_LIST || depth == SETTINGS_DEEP) {
        return;
    }
    bool makes = false;
    for (uint32_t i = 0; i < v->item_count && i < SETTINGS_MANY; i++) {
        const struct value *one = &v->items[i];
        makes = makes || (one->kind == VALUE_TEXT && i % 2 == 0 && str_is(one->text, "()"));
        follows_settings(f, c, one, depth + 1);
    }
    if (makes) {
        makes_of_settings(f, c, v);
    }
}

/* --- what Python imports with --- */

void takes_finders(struct file *f, const struct value *v)
{
    static const char *const methods[] = {"find_spec",   "find_module",       "exec_module",
                                          "load_module", "create_module",     "get_code",
                                          "get_source",  "get_data",          "source_to_code",
                                          "path_stats",  "find_distributions"};
    for (; v != NULL; v = v->also) {
        for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->item_count && i < ARGUMENTS; i++) {
            takes_finders(f, &v->items[i]);
        }
        if (v->kind != VALUE_INSTANCE && v->kind != VALUE_CLASS) {
            continue;
        }
        /* The loader that a finder gives may be of another class. */
        for (size_t m = 0; m < CH_ARRAY_LEN(methods); m++) {
            uint64_t name = value_hash(ch_str_of(methods[m]));
            for (uint32_t i = 0; i < f->function_count; i++) {
                if (f->functions[i].bare == name) {
                    edge_to(f, function_now(f), i);
                }
            }
        }
    }
}

/* --- programs of Python by name --- */

/* runpy.run_module("pip") and its like: what is installed is fetched. */
static void runs_installer(struct file *f, const struct call *c)
{
    static const char *const names[] = {"pip", "pip.__main__", "pip._internal", "ensurepip", "uv"};
    const struct value *a = &c->args[0];
    bool runs = str_is(c->name, "runpy.run_module") && c->count > 0 && a->kind == VALUE_TEXT;
    for (size_t i = 0; runs && i < CH_ARRAY_LEN(names); i++) {
        if (str_is(a->text, names[i])) {
            capability(f, CAP_NETWORK);
            capability(f, CAP_PROCESS);
            does(f, DOES_NETWORK, c->line, call_shown(f, c), false);
        }
    }
}

void check_doors(struct file *f, const struct call *c, uint32_t effects)
{
    if ((effects & EFFECT_RESOLVE) != 0 && c->count > 0) {
        resolves(f, c);
    }
    if ((effects & EFFECT_CONFIG) != 0 && c->count > 0) {
        follows_settings(f, c, &c->args[0], 0);
    }
    for (uint32_t i = 0; (effects & EFFECT_FINDER) != 0 && i < c->count; i++) {
        takes_finders(f, &c->args[i]);
    }
    if ((effects & EFFECT_RUN) != 0) {
        implied(f, &c->self, "run");
    }
    if ((effects & EFFECT_IMPORT) != 0) {
        runs_installer(f, c);
    }
}
