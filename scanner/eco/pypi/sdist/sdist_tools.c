/* What version tools run of the tree by their settings, and what back ends that compile run of it:
 * build files in languages of their own, of which it is told that they start programs, not which;
 * Python that they name is judged as what runs.
 *
 * Spec: versioningit, setuptools-git-versioning, jupyter-packaging, hatch-jupyter-builder; Meson
 * (run_command, custom_target, generator, meson.add_*_script), CMake (execute_process,
 * add_custom_command, ExternalProject, FetchContent), Cargo (build scripts, config.toml). */
#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/pypi/sdist/sdist_meson.h"

static struct ch_str text_at(const struct ch_toml_node *table, const char *key)
{
    return sdist_toml_text(ch_toml_find(table, key));
}

static bool is_dotted(struct ch_str s)
{
    bool is = s.len > 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        is = is && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '_' || c == '.' || (unsigned char)c >= 0x80);
    }
    return is;
}

/* --- version tools --- */

/* method = {module = "a.b", value = "f", module-dir = "tools"}; a text names an installed one. */
static void check_method(struct sdist *s, const struct ch_toml_node *section)
{
    const struct ch_toml_node *method =
        section != NULL && section->kind == CH_TOML_TABLE ? ch_toml_find(section, "method") : NULL;
    struct ch_str module = text_at(method, "module");
    struct ch_str folder = sdist_clean(text_at(method, "module-dir"));
    if (module.len == 0) {
        return;
    }
    sdist_hook(s, module);
    sdist_runs_module(s, module);
    if (folder.len > 0) {
        sdist_runs_folder(s, folder);
    }
}

static void check_versioningit(struct sdist *s, const struct ch_toml_node *tool)
{
    const struct ch_toml_node *write = ch_toml_find(tool, "write");
    const struct ch_toml_node *onbuild = ch_toml_find(tool, "onbuild");
    for (const struct ch_toml_node *n = sdist_toml_child(tool); n != NULL; n = n->next) {
        check_method(s, n);
    }
    sdist_hook_written(s, text_at(write, "file"), text_at(write, "template"));
    /* a text of the package is replaced by another when it is built */
    if (ch_toml_find(onbuild, "replacement") != NULL) {
        struct ch_str path = text_at(onbuild, "build-file");
        sdist_hook(s, path.len > 0 ? path : CH_STR("onbuild"));
    }
}

static void check_git_versioning(struct sdist *s, const struct ch_toml_node *tool)
{
    static const char *const objects[] = {"version_callback", "branch_formatter", "tag_formatter",
                                          "tag_filter", "sort_by"};
    for (size_t i = 0; i < CH_ARRAY_LEN(objects); i++) {
        struct ch_str value = text_at(tool, objects[i]);
        struct ch_str rest = value;
        struct ch_str module;
        /* a regular expression may stand there instead */
        if (ch_str_split(&rest, ':', &module) && rest.ptr != NULL && is_dotted(module)) {
            sdist_hook_object(s, value);
        }
    }
}

/* The same in a setup.py: "a.b:f" where such a tool is told what to call. */
static void on_object(void *arg, struct ch_str key CH_UNUSED, struct ch_str value)
{
    struct sdist *s = arg;
    struct ch_str rest = value;
    struct ch_str module;
    if (ch_str_split(&rest, ':', &module) && rest.ptr != NULL && is_dotted(module) &&
        is_dotted(rest)) {
        sdist_hook_object(s, value);
    }
}

void sdist_check_setup_tools(struct sdist *s)
{
    static const char *const arguments[] = {"setuptools_git_versioning", "use_scm_version",
                                            "version_config"};
    struct sdist_file *f = sdist_find(s, CH_STR("setup.py"));
    for (size_t i = 0; f != NULL && i < CH_ARRAY_LEN(arguments); i++) {
        /* what is computed there is beyond declarations anyway */
        CH_IGNORE(sdist_setup_argument(f->bytes, arguments[i], on_object, s));
    }
}

/* --- Jupyter's: a function that builds, which starts npm and what package.json says --- */

/* "a.b.function" */
static void check_builder(struct sdist *s, struct ch_str dotted, const char *own)
{
    size_t end = dotted.len;
    while (end > 0 && dotted.ptr[end - 1] != '.') {
        end--;
    }
    if (dotted.len == 0) {
        return;
    }
    sdist_hook(s, dotted);
    if (!ch_str_starts(dotted, ch_str_of(own))) {
        sdist_runs_module(s, ch_str_sub(dotted, 0, end > 0 ? end - 1 : 0));
    }
}

static void check_jupyter_hooks(struct sdist *s, const struct ch_toml_node *hooks)
{
    const struct ch_toml_node *builder = ch_toml_find(hooks, "jupyter-builder");
    check_builder(s, text_at(builder, "build-function"), "hatch_jupyter_builder.");
}

static void check_jupyter(struct sdist *s, const struct ch_toml_node *tool)
{
    const struct ch_toml_node *builder =
        ch_toml_find(ch_toml_find(tool, "jupyter-packaging"), "builder");
    const struct ch_toml_node *build = ch_toml_find(ch_toml_find(tool, "hatch"), "build");
    const struct ch_toml_node *targets = ch_toml_find(build, "targets");
    check_builder(s, text_at(builder, "factory"), "jupyter_packaging.");
    check_builder(s, text_at(builder, "func"), "jupyter_packaging.");
    check_jupyter_hooks(s, ch_toml_find(build, "hooks"));
    for (const struct ch_toml_node *n = sdist_toml_child(targets); n != NULL; n = n->next) {
        check_jupyter_hooks(s, ch_toml_find(n, "hooks"));
    }
}

/* --- build files --- */

struct words {
    const char *list[24];
};

/* Starts a program, or fetches what is built. */
static const struct words meson_words = {
    {"run_command", "custom_target", "generator", "run_target", "command", "add_install_script",
     "add_postconf_script", "add_dist_script", "override_find_program", "proc_macro",
     "'proc-macro'", "import('cmake'", "import('unstable-cmake'", "import('external_project'",
     "import('unstable-external_project'", NULL}};
/* Meson's own: sources that it downloads. */
static const struct words wrap_words = {{"source_url", "source_fallback_url", "patch_url",
                                         "patch_fallback_url", "url", "wrapdb_version", NULL}};
static const struct words toolchain_words = {{"path", NULL}};
static const struct words cmake_words = {{"execute_process",
                                          "exec_program",
                                          "add_custom_command",
                                          "add_custom_target",
                                          "externalproject_add",
                                          "fetchcontent_declare",
                                          "try_run",
                                          "install(code",
                                          "install(script",
                                          "file(download",
                                          "set(cmake_c_compiler",
                                          "set(cmake_cxx_compiler",
                                          "set(cmake_make_program",
                                          "set(cmake_project_include",
                                          "cmake_language",
                                          "load_command",
                                          "rule_launch_compile",
                                          "cmake_c_compiler_launcher",
                                          "cmake_cxx_compiler_launcher",
                                          NULL}};
static const struct words cargo_words = {{"runner", "linker", "rustc", "rustc-wrapper",
                                          "rustc-workspace-wrapper", "rustflags", "rustdoc",
                                          "credential-provider", NULL}};

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether the word stands at `at`, by itself; case does not count, nor do blanks around its
 * bracket. */
static bool has_word(struct ch_str text, size_t at, const char *word)
{
    for (; *word != '\0'; word++) {
        while (*word == '(' && at < text.len && is_blank(text.ptr[at])) {
            at++;
        }
        if (at >= text.len ||
            !ch_str_eq_nocase((struct ch_str){text.ptr + at, 1}, (struct ch_str){word, 1})) {
            return false;
        }
        at++;
        while (*word == '(' && at < text.len && is_blank(text.ptr[at])) {
            at++;
        }
    }
    return at == text.len || !is_letter(text.ptr[at]);
}

static const char *first_word(struct ch_str text, const struct words *words)
{
    for (size_t at = 0; at < text.len; at++) {
        for (size_t i = 0; (at == 0 || !is_letter(text.ptr[at - 1])) && words->list[i] != NULL;
             i++) {
            if (has_word(text, at, words->list[i])) {
                return words->list[i];
            }
        }
    }
    return NULL;
}

static bool is_part_of_path(char c)
{
    return is_letter(c) || c == '.' || c == '/';
}

/* Python that the build file names: "tools/x.py", from its own folder or the tree's; a variable
 * before it is taken for one of these. */
void sdist_run_python_of(struct sdist *s, const struct sdist_file *f, struct ch_str text)
{
    const struct ch_str ending = CH_STR(".py");
    struct ch_str folder = ch_str_sub(f->tree, 0, f->tree.len - path_base(f->tree).len);
    struct ch_buf b;
    ch_buf_init(&b, 2 * ch_limits.member_path_bytes);
    for (size_t from = 0, at; ch_str_find(ch_str_sub(text, from, text.len), ending, &at);
         from = at) {
        size_t end = from + at + ending.len;
        size_t start = from + at;
        at = end;
        if (end < text.len && is_part_of_path(text.ptr[end])) {
            continue;
        }
        while (start > 0 && is_part_of_path(text.ptr[start - 1])) {
            start--;
        }
        while (start < end && text.ptr[start] == '/') {
            start++; /* "${DIR}/x.py", '@SOURCE_ROOT@/x.py' */
        }
        struct ch_str path = sdist_clean(ch_str_sub(text, start, end - start));
        ch_buf_clear(&b);
        ch_buf_puts(&b, folder);
        ch_buf_puts(&b, path);
        sdist_runs(s, path);
        sdist_runs(s, ch_buf_str(&b));
    }
    ch_buf_done(&b);
}

/* The length of what ends with `end`; of all there is when that does not come. */
static size_t through(struct ch_str text, size_t from, struct ch_str end)
{
    size_t at;
    struct ch_str rest = ch_str_sub(text, from, text.len);
    return ch_str_find(rest, end, &at) ? from + at + end.len : text.len;
}

/* CMake's "[[...]]", "[=[...]=]"; 0: it does not begin so. */
static size_t bracket_len(struct ch_str text)
{
    struct ch_buf end;
    size_t at = 1;
    while (at < text.len && text.ptr[at] == '=') {
        at++;
    }
    if (!ch_str_starts(text, CH_STR("[")) || at >= text.len || text.ptr[at] != '[') {
        return 0;
    }
    ch_buf_init(&end, text.len + 1);
    ch_buf_putc(&end, ']');
    ch_buf_puts(&end, ch_str_sub(text, 1, at - 1));
    ch_buf_putc(&end, ']');
    size_t len = through(text, at + 1, ch_buf_str(&end));
    ch_buf_done(&end);
    return len;
}

/* A text with its quotes. Meson's are '...' with escapes and '''...''' without. */
static size_t quoted_len(struct ch_str text, char quote)
{
    const struct ch_str triple = CH_STR("'''");
    if (quote == '\'' && ch_str_starts(text, triple)) {
        return through(text, triple.len, triple);
    }
    if (quote == '"' && ch_str_starts(text, CH_STR("["))) {
        return bracket_len(text);
    }
    if (text.ptr[0] != quote) {
        return 0;
    }
    size_t at = 1;
    while (at < text.len && text.ptr[at] != quote) {
        at += text.ptr[at] == '\\' ? 2 : 1;
    }
    return at < text.len ? at + 1 : text.len;
}

static size_t comment_len(struct ch_str text, char quote)
{
    if (text.ptr[0] != '#') {
        return 0;
    }
    size_t bracket = quote == '"' ? bracket_len(ch_str_sub(text, 1, text.len)) : 0;
    size_t end;
    return bracket > 0 ? 1 + bracket : ch_str_find_char(text, '\n', &end) ? end : text.len;
}

/* The text without comments: "#" to the end of the line, or in CMake's brackets, outside of texts.
 */
void sdist_put_without_comments(struct ch_buf *to, struct ch_str text, char quote)
{
    for (size_t at = 0; at < text.len;) {
        struct ch_str rest = ch_str_sub(text, at, text.len);
        size_t comment = comment_len(rest, quote);
        size_t kept = comment > 0 ? 0 : quoted_len(rest, quote);
        if (comment == 0 && kept == 0) {
            kept = quote == '"' && rest.ptr[0] == '\\' ? 2 : 1; /* CMake: \", \# */
        }
        ch_buf_puts(to, ch_str_sub(rest, 0, kept));
        at += comment + kept;
    }
}

void sdist_tool_hook(struct sdist *s, const struct sdist_file *f, const char *word)
{
    struct ch_buf b;
    ch_buf_init(&b, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&b, path_base(f->tree));
    ch_buf_printf(&b, " %s", word);
    if (names_add(&s->tools, ch_buf_str(&b))) { /* once: large trees have one in each folder */
        sdist_hook(s, ch_buf_str(&b));
    }
    ch_buf_done(&b);
}

/* include(x.txt): a file of CMake that no name says so of is not read here. */
static bool includes_other(struct ch_str text)
{
    const struct ch_str word = CH_STR("include");
    for (size_t at = 0; at + word.len < text.len; at++) {
        if (!ch_str_eq_nocase(ch_str_sub(text, at, word.len), word) ||
            (at > 0 && is_letter(text.ptr[at - 1]))) {
            continue;
        }
        size_t from = at + word.len;
        while (from < text.len &&
               (is_blank(text.ptr[from]) || text.ptr[from] == '"' || text.ptr[from] == '(')) {
            from++;
        }
        size_t end = from;
        while (end < text.len && !is_blank(text.ptr[end]) && text.ptr[end] != ')' &&
               text.ptr[end] != '"') {
            end++;
        }
        struct ch_str path = ch_str_sub(text, from, end - from);
        if (from > at + word.len && path_extension(path).ptr != NULL &&
            !ch_str_ends(path, CH_STR("}")) && !path_has_extension(path, "cmake")) {
            return true;
        }
    }
    return false;
}

/* One of the words as a key, whatever stands before it and however it is escaped. */
static const char *first_key(const struct ch_toml_node *of, const struct words *words)
{
    const char *found = NULL;
    for (const struct ch_toml_node *n = sdist_toml_child(of); found == NULL && n != NULL;
         n = n->next) {
        for (size_t i = 0; found == NULL && words->list[i] != NULL; i++) {
            found = ch_str_eq(n->key, ch_str_of(words->list[i])) ? words->list[i] : NULL;
        }
        found = found != NULL ? found : first_key(n, words);
    }
    return found;
}

/* Cargo's own settings. */
static const char *cargo_key(struct sdist *s, const struct sdist_file *f)
{
    struct ch_toml *toml = NULL;
    struct ch_err err;
    if (ch_toml_parse(f->bytes, "config.toml", &toml, &err) != CH_OK) {
        sdist_report(s, CH_F_SDIST_BUILD, f->path, "%s", err.msg);
        return NULL;
    }
    const char *found = first_key(ch_toml_root(toml), &cargo_words);
    ch_toml_free(toml);
    return found;
}

static void check_build_file(struct sdist *s, struct sdist_meson *meson, const struct sdist_file *f,
                             const struct words *words)
{
    struct ch_buf text;
    ch_buf_init(&text, f->bytes.len + 1);
    sdist_put_without_comments(&text, f->bytes, words == &meson_words ? '\'' : '"');
    struct ch_str bare = ch_buf_str(&text);
    const char *word = first_word(bare, words);
    if (word == NULL && words == &cargo_words) {
        word = cargo_key(s, f);
    }
    if (word != NULL) {
        sdist_tool_hook(s, f, word);
    }
    if (words == &cmake_words && includes_other(bare)) {
        sdist_tool_hook(s, f, "include");
    }
    if (words == &meson_words) {
        sdist_meson_run(meson, f, bare);
    } else if (word != NULL) {
        sdist_run_python_of(s, f, bare);
    }
    ch_buf_done(&text);
}

static const struct tool {
    const char *file; /* its name, or its ending */
    const char *backends[3];
    const struct words *words; /* NULL: that it is there is enough */
} tools[] = {
    {"meson.build", {"mesonpy", NULL}, &meson_words},
    {".wrap", {"mesonpy", NULL}, &wrap_words},
    {"CMakeLists.txt", {"scikit_build", "skbuild", "py_build_cmake"}, &cmake_words},
    {".cmake", {"scikit_build", "skbuild", "py_build_cmake"}, &cmake_words},
    {"build.rs", {"maturin", "setuptools_rust", NULL}, NULL},
    {".cargo/config.toml", {"maturin", "setuptools_rust", NULL}, &cargo_words},
    {".cargo/config", {"maturin", "setuptools_rust", NULL}, &cargo_words},
    {"rust-toolchain.toml", {"maturin", "setuptools_rust", NULL}, &toolchain_words},
    {"rust-toolchain", {"maturin", "setuptools_rust", NULL}, &toolchain_words},
};

static bool is_of_tool(struct ch_str tree, const struct tool *t)
{
    struct ch_str file = ch_str_of(t->file);
    size_t skip = tree.len - file.len;
    return ch_str_ends(tree, file) &&
           (file.ptr[0] == '.' || skip == 0 || tree.ptr[skip - 1] == '/');
}

bool sdist_is_tool_file(struct ch_str tree)
{
    bool is = false;
    for (size_t i = 0; !is && i < CH_ARRAY_LEN(tools); i++) {
        is = tools[i].words != NULL && is_of_tool(tree, &tools[i]);
    }
    return is;
}

void sdist_note_tool_file(struct sdist *s, struct ch_str tree)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(tools); i++) {
        if (tools[i].words == NULL && is_of_tool(tree, &tools[i])) {
            CH_IGNORE(names_add(&s->tools, ch_str_of(tools[i].file)));
        }
    }
}

static bool is_true(const struct ch_toml_node *n)
{
    return n != NULL && (n->kind != CH_TOML_BOOLEAN || n->boolean);
}

/* Whether the build asks for it: as its back end, or among what has to be there. */
static bool is_used(const struct tool *t, const struct ch_toml_node *root, struct ch_str backend)
{
    const struct ch_toml_node *requires =
        ch_toml_find(ch_toml_find(root, "build-system"), "requires");
    for (size_t i = 0; i < CH_ARRAY_LEN(t->backends) && t->backends[i] != NULL; i++) {
        struct ch_str name = ch_str_of(t->backends[i]);
        if (ch_str_starts(backend, name)) {
            return true;
        }
        for (const struct ch_toml_node *n = sdist_toml_child(requires); n != NULL; n = n->next) {
            struct ch_str needed = sdist_toml_text(n);
            bool same = needed.len >= name.len;
            for (size_t c = 0; same && c < name.len; c++) {
                char have = needed.ptr[c] == '-' || needed.ptr[c] == '.' ? '_' : needed.ptr[c];
                same = have == name.ptr[c];
            }
            if (same) {
                return true;
            }
        }
    }
    return false;
}

/* package.build: the build script under another name; lib.proc-macro: code that the compiler runs.
 */
static void check_cargo(struct sdist *s, const struct sdist_file *f)
{
    struct ch_toml *toml = NULL;
    struct ch_err err;
    if (ch_toml_parse(f->bytes, "Cargo.toml", &toml, &err) != CH_OK) {
        sdist_report(s, CH_F_SDIST_BUILD, f->path, "%s", err.msg);
        return;
    }
    struct ch_str build = text_at(ch_toml_find(ch_toml_root(toml), "package"), "build");
    if (build.len > 0 && names_add(&s->tools, CH_STR("build.rs"))) {
        sdist_hook(s, CH_STR("build.rs"));
    }
    const struct ch_toml_node *library = ch_toml_find(ch_toml_root(toml), "lib");
    if (is_true(ch_toml_find(library, "proc-macro")) ||
        is_true(ch_toml_find(library, "proc_macro"))) {
        sdist_tool_hook(s, f, "proc-macro");
    }
    ch_toml_free(toml);
}

/* One that is a link is what it leads to. */
static void check_file_of(struct sdist *s, struct sdist_meson *meson, const struct sdist_file *f,
                          const struct tool *t)
{
    const struct sdist_file *real = f->type == CH_MEMBER_FILE ? f : sdist_source(s, f->tree);
    if (t->words == &meson_words && real != NULL && !sdist_meson_reaches(meson, real->tree)) {
        return;
    }
    if (t->words == &wrap_words && !meson->all && !ch_str_starts(f->tree, CH_STR("subprojects/"))) {
        return;
    }
    if (real == NULL) {
        sdist_tool_hook(s, f, "link");
    } else {
        check_build_file(s, meson, real, t->words);
    }
}

static void check_files_of(struct sdist *s, const struct tool *t)
{
    struct sdist_meson meson = {.s = NULL};
    if (t->words == &meson_words || t->words == &wrap_words) {
        sdist_meson_init(&meson, s);
    }
    for (size_t k = 0; k < s->count; k++) {
        const struct sdist_file *f = s->files[k];
        if (t->words != NULL && is_of_tool(f->tree, t)) {
            check_file_of(s, &meson, f, t);
        } else if (f->type == CH_MEMBER_FILE && t->words == NULL &&
                   ch_str_eq(path_base(f->tree), CH_STR("Cargo.toml"))) {
            check_cargo(s, f);
        }
    }
    sdist_meson_done(&meson);
}

static void check_build_files(struct sdist *s, const struct ch_toml_node *root,
                              struct ch_str backend)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(tools); i++) {
        const struct tool *t = &tools[i];
        if (!is_used(t, root, backend)) {
            continue;
        }
        if (t->words == NULL && names_has(&s->tools, ch_str_of(t->file))) {
            sdist_hook(s, ch_str_of(t->file));
        }
        check_files_of(s, t);
    }
    if (s->tools.over) {
        sdist_report(s, CH_F_LIMIT, (struct ch_str){NULL, 0},
                     "more kinds of build files than are kept");
    }
}

void sdist_check_tools(struct sdist *s, const struct ch_toml_node *root, struct ch_str backend)
{
    const struct ch_toml_node *tool = ch_toml_find(root, "tool");
    check_versioningit(s, ch_toml_find(tool, "versioningit"));
    check_git_versioning(s, ch_toml_find(tool, "setuptools-git-versioning"));
    check_jupyter(s, tool);
    sdist_check_compilers(s, tool);
    check_build_files(s, root, backend);
}
