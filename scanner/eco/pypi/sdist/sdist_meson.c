/* Which Python of the tree Meson runs: of the build files that the one at the top leads to, what
 * stands elsewhere than in lists of what is installed.
 *
 * Spec: Meson's reference manual (syntax; subdir, subproject, install_sources of the module python,
 * get_variable, find_program); meson-python (tool.meson-python). */
#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/pypi/sdist/sdist_meson.h"

enum { DEPTH_MAX = 64 };

struct frame {
    char bracket;           /* '(', '[' or '{' */
    struct ch_str function; /* before a '(', empty when no name is; absent otherwise */
};

/* A build file as its tokens come. Strings and names are told with the brackets around them. */
struct walk {
    struct sdist_meson *m;
    const struct sdist_file *file;
    struct ch_str text;
    size_t at;
    struct frame stack[DEPTH_MAX];
    size_t depth;
    bool lost;              /* deeper than is kept: all that follows is taken for run */
    bool begins;            /* a statement does */
    struct ch_str assigned; /* the variable that it sets; absent when it sets none */
    struct ch_str before;   /* the name right before an opening bracket */
    bool argument;          /* the name is one of an argument */
    void (*on_string)(struct walk *w, struct ch_str text);
    void (*on_name)(struct walk *w, struct ch_str name);
};

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static char next_char(const struct walk *w)
{
    size_t at = w->at;
    while (at < w->text.len && (w->text.ptr[at] == ' ' || w->text.ptr[at] == '\t')) {
        at++;
    }
    return at < w->text.len ? w->text.ptr[at] : '\0';
}

static bool sets_variable(const struct walk *w)
{
    size_t at = w->at;
    while (at < w->text.len && (w->text.ptr[at] == ' ' || w->text.ptr[at] == '\t')) {
        at++;
    }
    at += ch_str_starts(ch_str_sub(w->text, at, 2), CH_STR("+=")) ? 1 : 0;
    return ch_str_starts(ch_str_sub(w->text, at, 1), CH_STR("=")) &&
           !ch_str_starts(ch_str_sub(w->text, at, 2), CH_STR("=="));
}

/* '...' with escapes, '''...''' without; lines may end in both. */
static void take_string(struct walk *w)
{
    const struct ch_str triple = CH_STR("'''");
    struct ch_str rest = ch_str_sub(w->text, w->at, w->text.len);
    size_t len;
    if (ch_str_starts(rest, triple)) {
        rest = ch_str_sub(rest, triple.len, rest.len);
        len = ch_str_find(rest, triple, &len) ? len : rest.len;
        w->at += len + 2 * triple.len;
    } else {
        rest = ch_str_sub(rest, 1, rest.len);
        for (len = 0; len < rest.len && rest.ptr[len] != '\''; len++) {
            len += rest.ptr[len] == '\\' ? 1 : 0;
        }
        len = len < rest.len ? len : rest.len;
        w->at += len + 2;
    }
    w->on_string(w, ch_str_sub(rest, 0, len));
}

/* What stands before the name at `at`, line ends passed over: argument(name: x), but a ? name : b.
 */
static bool is_argument(const struct walk *w, size_t at)
{
    char c = ' ';
    while (at > 0 && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
        c = w->text.ptr[--at];
    }
    return w->depth > 0 && next_char(w) == ':' && (c == '(' || c == ',');
}

static void take_name(struct walk *w)
{
    size_t from = w->at;
    while (w->at < w->text.len && is_name(w->text.ptr[w->at])) {
        w->at++;
    }
    struct ch_str name = ch_str_sub(w->text, from, w->at - from);
    w->before = name;
    if (w->begins && w->depth == 0 && sets_variable(w)) {
        w->assigned = name;
    } else {
        w->argument = is_argument(w, from);
        w->on_name(w, name);
    }
}

static void take_bracket(struct walk *w, char c)
{
    if (c == '(' || c == '[' || c == '{') {
        if (w->depth == DEPTH_MAX) {
            w->lost = true;
            return;
        }
        struct ch_str function = w->before.ptr != NULL ? w->before : CH_STR("");
        w->stack[w->depth++] = (struct frame){c, c == '(' ? function : (struct ch_str){NULL, 0}};
    } else if (w->depth > 0) {
        w->depth--;
    }
}

static void walk(struct walk *w)
{
    w->begins = true;
    while (w->at < w->text.len) {
        char c = w->text.ptr[w->at];
        if (c == '\n' && w->depth == 0) {
            w->begins = true;
            w->assigned = (struct ch_str){NULL, 0};
        }
        if (c == '\\') { /* the line goes on */
            size_t end;
            struct ch_str rest = ch_str_sub(w->text, w->at, w->text.len);
            w->at += ch_str_find_char(rest, '\n', &end) ? end + 1 : rest.len;
            continue;
        }
        if (c == '\'') {
            take_string(w);
        } else if (is_name(c)) {
            take_name(w);
            w->begins = false;
            continue;
        } else {
            if (c == '(' || c == '[' || c == '{' || c == ')' || c == ']' || c == '}') {
                take_bracket(w, c);
            }
            w->at++;
        }
        bool line_end = c == '\n' || c == '\r';
        if (c != ' ' && c != '\t' && !(line_end && w->depth > 0)) {
            w->before = (struct ch_str){NULL, 0};
            w->begins = w->begins && line_end;
        }
    }
}

/* The function whose argument this is; files() only gives on what it is given. */
static struct ch_str innermost(const struct walk *w)
{
    for (size_t i = w->depth; i-- > 0;) {
        const struct frame *f = &w->stack[i];
        if (f->bracket == '(' && !ch_str_eq(f->function, CH_STR("files"))) {
            return f->function;
        }
    }
    return (struct ch_str){NULL, 0};
}

static bool is_one_of(struct ch_str name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ch_str_eq(name, ch_str_of(list[i]))) {
            return true;
        }
    }
    return false;
}

/* What is given to these is copied, shown, or run by nobody who builds. */
static bool is_installed(const struct walk *w)
{
    static const char *const functions[] = {
        "install_sources", "install_data", "install_headers", "install_man", "install_subdir",
        "copyfile",        "test",         "benchmark",       "message",     "error",
        "warning"};
    return !w->lost && is_one_of(innermost(w), functions, CH_ARRAY_LEN(functions));
}

static struct ch_str folder_of(const struct sdist_file *f)
{
    struct ch_str base = path_base(f->tree);
    return ch_str_sub(f->tree, 0, f->tree.len - base.len);
}

/* --- which build files are read, and which variables are used for more than to install --- */

static void reach(struct sdist_meson *m, struct ch_str above, struct ch_str folder)
{
    struct ch_buf b;
    ch_buf_init(&b, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&b, above);
    folder = sdist_clean(folder);
    ch_buf_puts(&b, folder);
    if (folder.len > 0) {
        ch_buf_putc(&b, '/');
    }
    ch_buf_puts(&b, CH_STR("meson.build"));
    const struct sdist_file *f = b.failed ? NULL : sdist_source(m->s, ch_buf_str(&b));
    if (f != NULL) {
        CH_IGNORE(names_add(&m->reached, f->tree));
    }
    ch_buf_done(&b);
}

static bool leads_on(const struct walk *w)
{
    return ch_str_eq(innermost(w), CH_STR("subdir"));
}

/* Variables by their names: the file's own, and those of subprojects. */
static bool gets_variable(const struct walk *w)
{
    return ch_str_eq(innermost(w), CH_STR("get_variable"));
}

/* Whether the text is all that is written: not 'a' + b, 'a'.format(b), '\x61'. */
static bool is_literal(const struct walk *w, struct ch_str text)
{
    size_t at;
    return (next_char(w) == ')' || next_char(w) == ',') && !ch_str_find_char(text, '@', &at) &&
           !ch_str_find_char(text, '\\', &at);
}

static void use(struct sdist_meson *m, struct ch_str name)
{
    CH_IGNORE(names_add(&m->used, name));
    m->any_used = m->any_used || m->used.over;
}

static void follow_string(struct walk *w, struct ch_str text)
{
    struct sdist_meson *m = w->m;
    if (leads_on(w)) {
        m->all = m->all || !is_literal(w, text);
        reach(m, folder_of(w->file), text);
    } else if (gets_variable(w)) {
        m->any_used = m->any_used || !is_literal(w, text);
        use(m, text);
    }
    struct ch_str part;
    CH_IGNORE(ch_str_split(&text, '@', &part));
    while (!is_installed(w) && ch_str_split(&text, '@', &part)) { /* f'@list@' */
        use(m, part);
    }
}

static void follow_name(struct walk *w, struct ch_str name)
{
    struct sdist_meson *m = w->m;
    if (w->argument) { /* kwargs: those of a dictionary */
        m->all = m->all ||
                 (ch_str_eq(innermost(w), CH_STR("project")) &&
                  (ch_str_eq(name, CH_STR("subproject_dir")) || ch_str_eq(name, CH_STR("kwargs"))));
        return;
    }
    m->all = m->all || leads_on(w);
    m->any_used = m->any_used || gets_variable(w);
    if (!is_installed(w)) {
        use(m, name);
    }
}

static void each_file(struct sdist_meson *m, const struct sdist_file *f, struct ch_str text,
                      void (*on_string)(struct walk *w, struct ch_str text),
                      void (*on_name)(struct walk *w, struct ch_str name))
{
    struct walk w = {.m = m, .file = f, .text = text, .on_string = on_string, .on_name = on_name};
    walk(&w);
    m->all = m->all || w.lost;
    m->any_used = m->any_used || w.lost;
}

static bool is_build_file(const struct sdist_file *f)
{
    return f->type == CH_MEMBER_FILE && ch_str_eq(path_base(f->tree), CH_STR("meson.build"));
}

void sdist_meson_init(struct sdist_meson *m, struct sdist *s)
{
    struct ch_str subprojects = CH_STR("subprojects/");
    *m = (struct sdist_meson){.s = s};
    reach(m, CH_STR(""), CH_STR(""));
    for (size_t i = 0; i < s->count; i++) { /* dependencies fall back to them by any name */
        if (is_build_file(s->files[i]) && ch_str_starts(s->files[i]->tree, subprojects)) {
            CH_IGNORE(names_add(&m->reached, s->files[i]->tree));
        }
    }
    for (size_t i = 0; i < m->reached.count; i++) {
        struct ch_buf text;
        const struct sdist_file *f = sdist_find(s, names_at(&m->reached, i));
        if (f == NULL) {
            continue;
        }
        ch_buf_init(&text, f->bytes.len + 1);
        sdist_put_without_comments(&text, f->bytes, '\'');
        each_file(m, f, ch_buf_str(&text), follow_string, follow_name);
        ch_buf_done(&text);
    }
    m->all = m->all || m->reached.over;
}

void sdist_meson_done(struct sdist_meson *m)
{
    names_done(&m->reached);
    names_done(&m->used);
}

bool sdist_meson_reaches(const struct sdist_meson *m, struct ch_str tree)
{
    return m->all || names_has(&m->reached, tree);
}

/* --- what is run --- */

/* A list of which nothing but what is installed is taken. */
static bool is_only_installed(const struct walk *w)
{
    bool list = !w->lost && w->assigned.len > 0 && !w->m->any_used;
    return list && innermost(w).ptr == NULL && !names_has(&w->m->used, w->assigned);
}

/* find_program starts a program of the tree when it is to be of a version; find_installation starts
 * what it is given. */
static bool is_started(const struct walk *w, struct ch_str text)
{
    struct ch_str function = innermost(w);
    struct ch_str rest = ch_str_sub(w->text, w->at, w->text.len);
    size_t at;
    bool path = ch_str_find_char(text, '/', &at);
    if (ch_str_eq(function, CH_STR("find_installation"))) {
        return path;
    }
    if (!ch_str_eq(function, CH_STR("find_program"))) {
        return false;
    }
    rest = ch_str_find_char(rest, ')', &at) ? ch_str_sub(rest, 0, at) : rest;
    return (path || ch_str_find_char(text, '.', &at)) && ch_str_find(rest, CH_STR("version"), &at);
}

static void run_string(struct walk *w, struct ch_str text)
{
    if (is_started(w, text)) {
        sdist_tool_hook(w->m->s, w->file, "find_program");
    }
    if (!is_installed(w) && sdist_has_flag(text)) { /* 'c_args=-fplugin=x.so' */
        sdist_tool_hook(w->m->s, w->file, "compiler flag");
    }
    if (!is_installed(w) && !is_only_installed(w)) {
        sdist_run_python_of(w->m->s, w->file, text);
    }
}

/* cc.run(): a program that is compiled and started to configure the build. */
static void run_name(struct walk *w, struct ch_str name)
{
    if (!w->argument && ch_str_eq(name, CH_STR("run"))) {
        sdist_tool_hook(w->m->s, w->file, "run");
    }
}

void sdist_meson_run(struct sdist_meson *m, const struct sdist_file *f, struct ch_str text)
{
    each_file(m, f, text, run_string, run_name);
}
