/* Ways to a function other than its name: an object that a text names, settings that name what is
 * made, threads of a class, and what Python finds and loads modules with. */
#include <string.h>

#include "scanner/source/link.h"

enum {
    LOUD = EFFECT_PROCESS | EFFECT_DYNAMIC | EFFECT_NETWORK | EFFECT_FETCH | EFFECT_SAVE,
    SETTINGS_DEEP = 16,
};

struct value value_resolved(struct file *f, struct value name)
{
    uint64_t marks = name.marks & (MARK_BUILT | MARK_DECODED);
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
static void resolves(struct file *f, const struct call *c, const struct value *a)
{
    if (a->kind != VALUE_TEXT) {
        return;
    }
    struct value v = value_resolved(f, *a);
    if (v.kind == VALUE_NAME && (effects_of(v.text) & LOUD) != 0) {
        report(f, CH_F_SOURCE_HIDDEN_NAME, c->line, call_shown(f, c));
    }
}

/* --- settings of logging --- */

/* {"()": "os.system", "command": "id"}: logging calls what "()" names, and else "class", with the
 * others (PEP 391); "ext://os.system" is the same. What "cfg://" finds elsewhere in the settings
 * need not be followed: no honest ones say so which function is called. */
static void makes_of_settings(struct file *f, const struct call *c, const struct value *table,
                              const struct value *made)
{
    struct call of = {.line = c->line};
    struct value callee = *made;
    if (made->kind == VALUE_TEXT) {
        const struct ch_str outside = CH_STR("ext://");
        bool away = ch_str_starts(made->text, outside);
        if (ch_str_starts(made->text, CH_STR("cfg://"))) {
            report(f, CH_F_SOURCE_HIDDEN_NAME, c->line, made->text);
        }
        callee.text = away ? ch_str_sub(made->text, outside.len, made->text.len) : made->text;
        callee = value_resolved(f, callee);
    }
    if (callee.kind == VALUE_UNKNOWN) {
        return;
    }
    if (callee.kind == VALUE_NAME && (effects_of(callee.text) & (LOUD | EFFECT_LOAD)) != 0) {
        report(f, CH_F_SOURCE_HIDDEN_NAME, c->line, callee.text);
    }
    for (uint32_t i = 0; i + 1 < table->item_count && of.count < ARGUMENTS; i += 2) {
        const struct value *v = &table->items[i + 1];
        if (v != made && table->items[i].kind == VALUE_TEXT) { /* by whichever name it takes them */
            of.marks |= v->marks;
            of.args[of.count++] = *v;
        }
    }
    struct value v = call(f, callee, &of);
    CH_IGNORE(v.marks);
}

static void follows_settings(struct file *f, const struct call *c, const struct value *v,
                             uint32_t depth)
{
    if (v->kind != VALUE_LIST) {
        return;
    }
    if (depth == SETTINGS_DEEP) {
        f->beyond = true;
        return;
    }
    for (uint32_t i = 0; i < v->item_count && may_visit(f); i++) {
        const struct value *one = &v->items[i];
        bool key = i % 2 == 0 && i + 1 < v->item_count && one->kind == VALUE_TEXT;
        if (key && (str_is(one->text, "()") || str_is(one->text, "class"))) {
            makes_of_settings(f, c, v, &v->items[i + 1]);
        }
        follows_settings(f, c, one, depth + 1);
    }
}

/* fileConfig evaluates what a file says of classes and their arguments. Constants come as io.StringIO. */
static void runs_settings(struct file *f, const struct call *c)
{
    static const char *const keys[] = {"args", "kwargs", "class"};
    const struct value *from = &c->args[0];
    struct ch_str rest = from->text;
    struct ch_str line;
    size_t equals;
    names_other(f, from, CH_NAMED_CODE); /* its values are evaluated */
    if ((from->marks & MARK_REMOTE) != 0) {
        report(f, CH_F_SOURCE_REMOTE_CODE, c->line, call_shown(f, c));
    }
    if ((from->marks & MARK_DECODED) != 0) {
        report(f, CH_F_SOURCE_HIDDEN_CODE, c->line, call_shown(f, c));
    }
    while (from->kind == VALUE_TEXT && may_visit(f) && ch_str_split(&rest, '\n', &line)) {
        struct value code = *from;
        code.also = NULL;
        if (ch_str_find_char(line, '=', &equals)) {
            code.text = ch_str_sub(line, equals + 1, line.len);
            if (contains(ch_str_sub(line, 0, equals), keys, CH_ARRAY_LEN(keys)) != NULL) {
                executes_text(f, &code, c->line);
            }
        }
    }
}

/* --- what Python imports with --- */

bool is_of_finder(const struct function *fn)
{
    static const char *const methods[] = {"find_spec",   "find_module",       "exec_module",
                                          "load_module", "create_module",     "get_code",
                                          "get_source",  "get_data",          "source_to_code",
                                          "path_stats",  "find_distributions"};
    for (size_t i = 0; i < CH_ARRAY_LEN(methods); i++) {
        if (fn->bare == value_hash(ch_str_of(methods[i]))) {
            return true;
        }
    }
    return false;
}

static void takes_finder(struct file *f, const struct value *v)
{
    bool is = false;
    for (; v != NULL; v = v->also) {
        is = is || v->kind == VALUE_INSTANCE || v->kind == VALUE_CLASS;
    }
    if (is) { /* The loader that a finder gives may be of another class. */
        f->has_finders = true;
        edge_to(f, function_now(f), FUNCTION_FINDERS);
    }
}

void takes_finders(struct file *f, const struct value *v)
{
    for (const struct value *one = v; one != NULL; one = one->also) {
        for (uint32_t i = 0; one->kind == VALUE_LIST && i < one->item_count && may_visit(f); i++) {
            takes_finder(f, &one->items[i]);
        }
    }
    takes_finder(f, v);
}

/* --- programs of Python by name --- */

/* No import statement can name this file, it asserts that it is the program, and pip does what that
 * program was told. In a wheel, one in a wheel, an sdist. */
static bool is_runner_of_pip(struct ch_str path)
{
    return str_is(path, "pip/__pip-runner__.py") ||
           ch_str_ends(path, CH_STR("!pip/__pip-runner__.py")) ||
           ch_str_ends(path, CH_STR("/src/pip/__pip-runner__.py"));
}

/* runpy.run_module("pip") and its like: what is installed is fetched. */
static void runs_installer(struct file *f, const struct call *c)
{
    static const char *const names[] = {"pip",           "pip.__main__", "pip.__pip-runner__",
                                        "pip._internal", "ensurepip",    "uv"};
    const struct value *a = &c->args[0];
    bool runs = str_is(c->name, "runpy.run_module") && c->count > 0 && a->kind == VALUE_TEXT;
    bool own = f->asserts_program && is_runner_of_pip(f->path);
    for (size_t i = 0; runs && i < CH_ARRAY_LEN(names); i++) {
        if (str_is(a->text, names[i])) {
            capability(f, CAP_NETWORK);
            capability(f, CAP_PROCESS);
            if (!own) {
                does(f, DOES_NETWORK, c->line, call_shown(f, c), false);
            }
        }
    }
}

/* runpy.run_module("pkg.a", run_name="__main__"), and run_path of its file. */
static void runs_program(struct file *f, const struct call *c)
{
    bool path = str_is(c->name, "runpy.run_path");
    struct ch_str module = c->args[0].text;
    bool is_main = false;
    size_t at;
    for (uint32_t i = 1; i < c->count; i++) {
        is_main = is_main || (c->args[i].kind == VALUE_TEXT && str_is(c->args[i].text, "__main__"));
    }
    bool known = c->args[0].kind == VALUE_TEXT || c->args[0].kind == VALUE_PARTIAL;
    if (!is_main || !known || (!path && !str_is(c->name, "runpy.run_module"))) {
        return;
    }
    if (path) {
        while (ch_str_find_char(module, '/', &at)) {
            module = ch_str_sub(module, at + 1, module.len);
        }
        module.len -= ch_str_ends(module, CH_STR(".py")) ? 3 : 0;
    }
    link_program(f, module, c->line);
}

/* --- what the module is called --- */

/* A module that was made here, and is certainly nothing else: its names are its own. */
static bool is_of_new_module(const struct call *c)
{
    return !c->one_of && (c->self.marks & MARK_COMPUTED) == 0 &&
           ch_str_starts(c->name, CH_STR("types.ModuleType()."));
}

/* globals().update(__name__="__main__"), and with a table; operator.setitem(globals(), "__name__",
 * "__main__"). */
static void names_anew(struct file *f, const struct call *c)
{
    static const char *const ways[] = {".update", "setitem", "__setitem__", "setattr",
                                       "__setattr__"};
    bool name = false;
    bool is_main = false;
    bool sets = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(ways); i++) {
        sets = sets || ch_str_ends(c->name, ch_str_of(ways[i]));
    }
    sets = sets && !is_of_new_module(c);
    for (uint32_t i = 0; sets && i < c->count; i++) {
        const struct value *v = &c->args[i];
        name = name || str_is(c->keywords[i], "__name__") ||
               (v->kind == VALUE_TEXT && str_is(v->text, "__name__"));
        is_main = is_main || (v->kind == VALUE_TEXT && str_is(v->text, "__main__"));
        for (uint32_t k = 0; v->kind == VALUE_LIST && k + 1 < v->item_count && may_visit(f);
             k += 2) {
            bool key = v->items[k].kind == VALUE_TEXT && str_is(v->items[k].text, "__name__");
            f->named_anew = f->named_anew || key;
        }
    }
    f->named_anew = f->named_anew || (name && is_main);
}

void check_doors(struct file *f, const struct call *c, uint32_t effects)
{
    names_anew(f, c);
    if (c->count > 1) {
        runs_program(f, c);
    }
    if ((effects & EFFECT_RESOLVE) != 0 && c->count > 0) {
        resolves(f, c, &c->args[0]);
    }
    for (uint32_t i = 0; ch_str_ends(c->name, CH_STR(".EntryPoint")) && i < c->count; i++) {
        resolves(f, c, &c->args[i]); /* its load() gives what "value" names */
    }
    if (str_is(c->name, "logging.config.fileConfig") && c->count > 0) {
        runs_settings(f, c);
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

/* A function of another library is replaced, and the new one sends something to where it wants:
 * what passes by, passes by it. That which only calls the old one sends to where it is told. What
 * it may do when it is asked counts, since everybody asks for the old one. */
void check_patch(struct file *f, struct ch_str name, const struct value *v)
{
    size_t dot;
    bool library = ch_str_find_char(name, '.', &dot) && name.ptr[0] != '?' &&
                   !ch_str_find(name, CH_STR("()"), &dot);
    for (; library && at_import(f) && v != NULL; v = v->also) {
        uint32_t what = v->kind == VALUE_FUNCTION ? f->functions[v->number].does : 0;
        if ((what & DOES_NETWORK) != 0) {
            report(f, CH_F_SOURCE_PATCH, f->tokens[0].line, name);
        }
        judge_does(f, what & (DOES_AUTOSTART | DOES_RUN_DATA), f->tokens[0].line, name);
    }
}
