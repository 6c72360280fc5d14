/* Files that are executed: read and given to exec, or loaded as modules by their paths. Where the name of one is
 * told by constants, that file is judged as source, whatever it is called (content/reach.c). */
#include <string.h>

#include "scanner/source/source_int.h"

static inline __attribute__((always_inline)) bool named(const struct call *c, const char *name)
{
    return str_is(c->name, name);
}

/* The file is judged as code, or it is told that nobody can say which it is. */
static void runs_path(struct file *f, const struct value *path, const struct value *v, uint32_t line,
                      struct ch_str show)
{
    if (path != NULL) {
        names_other(f, path, CH_NAMED_CODE);
    }
    if ((v->marks & (MARK_DATA | MARK_SOURCE)) != 0) {
        return; /* told by who calls this; and as source it is looked at */
    }
    if ((v->marks & (MARK_VARIABLE | MARK_ENVIRON)) != 0) {
        return; /* whoever starts it says which */
    }
    if ((v->marks & MARK_PARAM) != 0) {
        f->functions[function_now(f)].does |= DOES_RUN_FILE_OF;
    } else {
        does(f, DOES_RUN_FILE, line, show, false);
    }
}

void runs_file(struct file *f, const struct value *v, uint32_t line, struct ch_str show)
{
    runs_path(f, v->origin != 0 ? table_find(&f->paths, v->origin) : NULL, v, line, show);
}

/* A function that runs the file whose name it is given, or what it gives of it. */
void runs_file_of(struct file *f, const struct function *fn, const struct call *c)
{
    struct value file = file_of_arguments(f, c);
    if (file.origin == 0 && fn->text.text.len > 0) {
        struct call by_default = {.line = c->line, .args = {fn->text}, .count = 1};
        file = file_of_arguments(f, &by_default);
    }
    if ((file.marks & MARK_DATA) != 0) {
        does(f, DOES_RUN_DATA, c->line, call_shown(f, c), false);
    }
    runs_file(f, &file, c->line, call_shown(f, c));
}

/* A function that runs the text it is given, which is that of a file. In another function it may be what somebody
 * asked for. */
void runs_argument_of_file(struct file *f, const struct call *c)
{
    for (uint32_t i = 0; at_import(f) && i < c->count; i++) {
        if ((c->args[i].marks & MARK_FILE) == 0) {
            continue;
        }
        if ((c->args[i].marks & MARK_DATA) != 0) {
            report(f, CH_F_SOURCE_DATA_CODE, c->line, call_shown(f, c));
        }
        runs_file(f, &c->args[i], c->line, call_shown(f, c));
    }
}

/* Whether a command begins with Python. */
static bool is_python(const struct value *v)
{
    size_t at;
    if (v->kind == VALUE_LIST) {
        return v->item_count > 0 && v->items[0].kind != VALUE_LIST && is_python(&v->items[0]);
    }
    if (v->kind == VALUE_NAME) {
        return str_is(v->text, "sys.executable");
    }
    return (v->kind == VALUE_TEXT || v->kind == VALUE_PARTIAL) &&
           ch_str_find(v->text, CH_STR("python"), &at);
}

/* The script of "python3 -B a.txt": the first word behind Python's that is no option. */
static void names_script(struct file *f, const struct value *command)
{
    struct ch_str rest = command->text;
    struct ch_str word;
    bool python = false;
    while (ch_str_split(&rest, ' ', &word)) {
        size_t at;
        struct value script = *command;
        script.text = word;
        script.also = NULL;
        if (python && word.len > 0 && word.ptr[0] != '-') {
            names_other(f, &script, CH_NAMED_CODE);
            return;
        }
        if (str_is(word, "-c") || str_is(word, "-m")) {
            return;
        }
        python = python || ch_str_find(word, CH_STR("python"), &at);
    }
}

static bool is_text(const struct value *v)
{
    return v->kind == VALUE_TEXT || v->kind == VALUE_PARTIAL;
}

/* [sys.executable, "-c", "..."]: the text is read as source, and so is a script, whatever it is called. What is its
 * input is told to nobody. */
void runs_python(struct file *f, const struct call *c, uint32_t which)
{
    const struct value *v = &c->args[which];
    if (!is_python(v)) {
        return;
    }
    if (is_text(v)) {
        names_script(f, v);
    }
    for (uint32_t i = 1; v->kind == VALUE_LIST && i < v->item_count; i++) {
        const struct value *word = &v->items[i];
        if (is_text(word) && str_is(word->text, "-c") && i + 1 < v->item_count) {
            executes_text(f, &v->items[i + 1], c->line);
            if ((v->items[i + 1].marks & MARK_DATA) != 0) {
                report(f, CH_F_SOURCE_DATA_CODE, c->line, CH_STR("a program of Python"));
            }
            break;
        }
        if (is_text(word) && (word->text.len == 0 || word->text.ptr[0] != '-')) {
            names_other(f, word, CH_NAMED_CODE);
            break;
        }
        if (is_text(word) && str_is(word->text, "-m")) {
            break;
        }
    }
    for (uint32_t i = 0; i < c->count; i++) {
        bool input = str_is(c->keywords[i], "stdin") || str_is(c->keywords[i], "input");
        if (input && (c->args[i].marks & MARK_DATA) != 0) {
            runs_file(f, &c->args[i], c->line, call_shown(f, c));
            report(f, CH_F_SOURCE_DATA_CODE, c->line, CH_STR("the input of Python"));
        }
    }
}

void runs_result_of_path(struct file *f, const struct value *v, uint32_t line)
{
    const struct value *path = v->origin != 0 ? table_find(&f->paths, v->origin) : NULL;
    if (path == NULL || !ch_str_starts(v->text, CH_STR("?.")) || !at_import(f)) {
        return;
    }
    names_other(f, path, CH_NAMED_CODE);
    if (path_is_data(path)) {
        report(f, CH_F_SOURCE_DATA_CODE, line, v->text);
    }
}

/* --- loaders --- */

/* ".txt" in a text, or in lists of such. */
static bool has_other_suffix(struct file *f, const struct value *v, uint32_t depth)
{
    static const char *const python[] = {".py", ".pyw", ".pyc", ".so", ".pyd"};
    if (v->kind == VALUE_TEXT && v->text.len > 1 && v->text.ptr[0] == '.') {
        bool is = false;
        for (size_t i = 0; i < CH_ARRAY_LEN(python); i++) {
            is = is || str_is(v->text, python[i]);
        }
        return !is;
    }
    for (uint32_t i = 0; v->kind == VALUE_LIST && depth < 3 && i < v->item_count && may_visit(f);
         i++) {
        if (has_other_suffix(f, &v->items[i], depth + 1)) {
            return true;
        }
    }
    return false;
}

/* Compiled code, which is judged by what it is; only some loaders take it for such by its name. */
static bool loads_compiled(const struct call *c, const struct value *path)
{
    static const char *const native[] = {".so", ".pyd", ".dll", ".dylib", ".pyc"};
    bool by_name = named(c, "importlib.util.spec_from_file_location") && c->count == 2;
    bool is = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(native) && path->text.len > 0; i++) {
        is = is || ch_str_ends(path->text, ch_str_of(native[i]));
    }
    return is && (by_name || (ch_str_ends(path->text, CH_STR(".pyc")) &&
                              !named(c, "importlib.machinery.SourceFileLoader")));
}

/* A loader is given a file: one that is no source by its name, or of which it is not known. */
void loads_file(struct file *f, const struct call *c)
{
    uint32_t at = c->path;
    if (at == 0 || (effects_of(c->name) & EFFECT_LOADER) == 0 ||
        loads_compiled(c, &c->args[at - 1])) {
        return;
    }
    const struct value *path = &c->args[at - 1];
    struct value file = *path;
    file.marks |= path_marks(path);
    capability(f, CAP_DYNAMIC);
    if (path_is_data(path)) {
        does(f, DOES_RUN_DATA, c->line, call_shown(f, c), false);
    }
    runs_path(f, &file, &file, c->line, call_shown(f, c));
}

/* Python is told to take files for source that have another ending. */
void names_suffixes(struct file *f, const struct call *c)
{
    bool is = (effects_of(c->name) & EFFECT_SUFFIX) != 0;
    for (uint32_t i = 0; is && i < c->count; i++) {
        if (has_other_suffix(f, &c->args[i], 0)) {
            report(f, CH_F_SOURCE_DATA_CODE, c->line, call_shown(f, c));
            return;
        }
    }
}

/* --- what lies in a folder --- */

void loads_listed(struct file *f)
{
    f->functions[function_now(f)].does |= DOES_LOAD_LISTED;
    f->functions[0].does |= at_import(f) ? (uint32_t)DOES_LOAD_LISTED : 0U;
}

/* Modules whose names were found in a folder are imported: all that lie there. */
void imports_listed(struct file *f, const struct call *c)
{
    static const char *const ends[] = {"load_module", "exec_module", "find_spec", "find_module"};
    bool is = false;
    uint64_t marks = c->marks | c->self.marks;
    bool by_name = (effects_of(c->name) & EFFECT_IMPORT) != 0 && !named(c, "runpy.run_path");
    for (size_t i = 0; (marks & MARK_LISTED) != 0 && i < CH_ARRAY_LEN(ends); i++) {
        is = is || by_name || ch_str_ends(c->name, ch_str_of(ends[i]));
    }
    if (!is) {
        return;
    }
    const struct value *path = NULL;
    for (uint32_t i = 0; path == NULL && i < c->count; i++) {
        bool listed = (c->args[i].marks & MARK_LISTED) != 0 && c->args[i].origin != 0;
        path = listed ? table_find(&f->paths, c->args[i].origin) : NULL;
    }
    if (path != NULL && at_import(f)) {
        names_other(f, path, CH_NAMED_FOLDER);
    } else {
        loads_listed(f);
    }
}
