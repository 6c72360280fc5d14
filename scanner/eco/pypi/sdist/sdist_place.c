/* When the code of an sdist's members runs: when it is built, by what setup.py, the build back end
 * and its hooks are and import from the tree; when the package is imported; or never by itself. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"
#include "scanner/source/imports.h"

/* --- what runs at install time --- */

static void mark(struct sdist *s, struct sdist_file *f)
{
    if (f->at_install && f->steps <= s->steps) {
        return;
    }
    f->at_install = true;
    f->steps = s->steps;
    if (!f->to_follow) {
        f->to_follow = true;
        f->next_install = s->to_follow;
        s->to_follow = f;
    }
}

void sdist_runs(struct sdist *s, struct ch_str tree)
{
    struct sdist_file *f;
    while (ch_str_starts(tree, CH_STR("./"))) {
        tree = ch_str_sub(tree, 2, tree.len);
    }
    f = sdist_source(s, tree);
    if (f != NULL) {
        mark(s, f);
    }
}

/* Setup scripts put "src" and "lib" before their path, some do: what may be taken from there is
 * taken for run. */
static const struct ch_str roots[] = {{"", 0}, {"src/", 4}, {"lib/", 4}};

/* The file of module "a.b" below `root`, or of its folder; NULL when there is none. */
static struct sdist_file *module_file(const struct sdist *s, struct ch_str root,
                                      struct ch_str dotted)
{
    static const char *const endings[] = {".py", "/__init__.py"};
    struct sdist_file *f = NULL;
    for (size_t i = 0; f == NULL && i < CH_ARRAY_LEN(endings); i++) {
        struct ch_buf b;
        ch_buf_init(&b, ch_limits.member_path_bytes);
        ch_buf_puts(&b, root);
        for (size_t at = 0; at < dotted.len; at++) {
            ch_buf_putc(&b, dotted.ptr[at] == '.' ? '/' : dotted.ptr[at]);
        }
        ch_buf_puts(&b, ch_str_of(endings[i]));
        f = b.failed ? NULL : sdist_source(s, ch_buf_str(&b));
        ch_buf_done(&b);
    }
    return f;
}

/* Importing a.b runs a, then a.b. */
static void run_module(struct sdist *s, struct ch_str root, struct ch_str dotted)
{
    for (size_t at = 0; at <= dotted.len; at++) {
        if (at == dotted.len || dotted.ptr[at] == '.') {
            struct sdist_file *f = module_file(s, root, ch_str_sub(dotted, 0, at));
            if (at > 0 && f != NULL) {
                mark(s, f);
            }
        }
    }
}

/* "tools/" of "tools", into `ret`. */
static struct ch_str with_slash(struct ch_str folder, struct ch_buf *ret)
{
    ch_buf_init(ret, folder.len + 1);
    ch_buf_puts(ret, folder);
    ch_buf_putc(ret, '/');
    return ch_buf_str(ret);
}

void sdist_runs_module(struct sdist *s, struct ch_str dotted)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(roots); i++) {
        run_module(s, roots[i], dotted);
    }
    for (size_t i = 0; i < s->backends.count; i++) {
        struct ch_buf b;
        run_module(s, with_slash(names_at(&s->backends, i), &b), dotted);
        ch_buf_done(&b);
    }
}

void sdist_imports_module(struct sdist *s, struct ch_str dotted)
{
    s->steps = SDIST_CALLED + 1;
    sdist_runs_module(s, dotted);
    s->steps = 0;
}

static bool is_file_of(const struct sdist_file *f, struct ch_str dotted)
{
    static const char *const endings[] = {".py", "/__init__.py"};
    for (size_t i = 0; f->deferred && dotted.len > 0 && i < CH_ARRAY_LEN(endings); i++) {
        struct ch_str ending = ch_str_of(endings[i]);
        size_t len = dotted.len + ending.len;
        size_t skip = f->tree.len >= len ? f->tree.len - len : 0;
        bool same = f->tree.len >= len && ch_str_ends(f->tree, ending) &&
                    (skip == 0 || f->tree.ptr[skip - 1] == '/');
        for (size_t at = 0; same && at < dotted.len; at++) {
            same = f->tree.ptr[skip + at] == (dotted.ptr[at] == '.' ? '/' : dotted.ptr[at]);
        }
        if (same) {
            return true;
        }
    }
    return false;
}

void sdist_imports_files(struct sdist *s, struct ch_str dotted)
{
    s->steps = SDIST_CALLED + 1;
    for (size_t i = 0; i < s->count; i++) {
        if (is_file_of(s->files[i], dotted)) {
            mark(s, s->files[i]);
        }
    }
    s->steps = 0;
}

bool sdist_module_is(const struct sdist *s, struct ch_str dotted,
                     bool (*is)(struct ch_str source, struct ch_str name), struct ch_str name)
{
    bool any = false;
    for (size_t i = 0; i < s->count; i++) {
        if (is_file_of(s->files[i], dotted)) {
            any = true;
            if (!is(s->files[i]->bytes, name)) {
                return false;
            }
        }
    }
    return any;
}

/* Whether it is Python in it; what only lies in site-packages is none while it is built. */
static bool in_folder(const struct sdist_file *f, struct ch_str folder)
{
    return f->deferred && ch_str_starts(f->tree, folder) && f->tree.len > folder.len &&
           f->tree.ptr[folder.len] == '/' && !ch_str_ends(f->tree, CH_STR(".pth")) &&
           !ch_str_ends(f->tree, CH_STR(".start"));
}

void sdist_runs_folder(struct sdist *s, struct ch_str folder)
{
    for (size_t i = 0; i < s->count; i++) {
        if (in_folder(s->files[i], folder)) {
            mark(s, s->files[i]);
        }
    }
}

void sdist_imports_folder(struct sdist *s, struct ch_str folder)
{
    s->steps = SDIST_CALLED + 1;
    sdist_runs_folder(s, folder);
    s->steps = 0;
}

/* What front ends call of a back end (PEP 517, 660), wherever it is defined. */
static bool has_hook(struct ch_str source)
{
    static const struct ch_str hooks[] = {{"build_wheel", 11},
                                          {"build_sdist", 11},
                                          {"build_editable", 14},
                                          {"get_requires_for_build", 22},
                                          {"prepare_metadata_for_build", 26}};
    size_t at;
    bool has = false;
    for (size_t i = 0; !has && i < CH_ARRAY_LEN(hooks); i++) {
        has = ch_str_find(source, hooks[i], &at);
    }
    return has;
}

/* "a" of "a.b", of "a/b.py" and of "a.py". */
static struct ch_str first_part(struct ch_str path)
{
    size_t end = 0;
    while (end < path.len && path.ptr[end] != '.' && path.ptr[end] != '/') {
        end++;
    }
    return ch_str_sub(path, 0, end);
}

void sdist_runs_backend(struct sdist *s, struct ch_str folder, struct ch_str dotted)
{
    struct ch_buf b;
    CH_IGNORE(names_add(&s->backends, folder));
    struct ch_str root = with_slash(folder, &b);
    bool there = module_file(s, root, dotted) != NULL;
    if (there) {
        run_module(s, root, dotted);
    }
    for (size_t i = 0; i < s->count; i++) {
        struct sdist_file *f = s->files[i];
        if (in_folder(f, folder)) {
            /* other modules at the top may take the place of some that libraries import and call */
            bool own = ch_str_eq(first_part(ch_str_sub(f->tree, root.len, f->tree.len)),
                                 first_part(dotted));
            s->steps = there && own && !has_hook(f->bytes) ? SDIST_CALLED + 1 : 0;
            mark(s, f);
        }
    }
    s->steps = 0;
    ch_buf_done(&b);
}

bool sdist_has_module(const struct sdist *s, struct ch_str dotted)
{
    struct ch_str first;
    return ch_str_split(&dotted, '.', &first) && first.len > 0 &&
           module_file(s, roots[0], first) != NULL;
}

/* --- what those import --- */

struct ch_str sdist_tree(const struct sdist *s, struct ch_str path)
{
    size_t skip = s->top.len + 1;
    return path.len > skip && ch_str_starts(path, s->top) ? ch_str_sub(path, skip, path.len) : path;
}

static void on_module(void *arg, struct ch_str dotted)
{
    sdist_runs_module(arg, dotted);
}

/* A text that is a path of Python in the tree: exec(open("a/version.py").read()). */
static void on_text(void *arg, struct ch_str text)
{
    if (ch_str_ends(text, CH_STR(".py"))) {
        sdist_runs(arg, text);
    }
}

struct ch_str sdist_site(const struct sdist *s, struct ch_str path)
{
    struct ch_str site = sdist_tree(s, path);
    struct ch_str below = sdist_below_root(s, site);
    if (below.len < site.len) {
        return below;
    }
    for (size_t i = 1; i < CH_ARRAY_LEN(roots); i++) {
        if (ch_str_starts(site, roots[i])) {
            return ch_str_sub(site, roots[i].len, site.len);
        }
    }
    return site;
}

static void follow(struct sdist *s, const struct sdist_file *f)
{
    struct ch_imports to = {.module = on_module, .text = on_text, .arg = s};
    struct ch_str folder = sdist_site(s, f->path);
    while (folder.len > 0 && folder.ptr[folder.len - 1] != '/') {
        folder.len--;
    }
    ch_imports_of(f->bytes, folder, &to);
}

void sdist_follow_imports(struct sdist *s)
{
    while (s->to_follow != NULL) {
        struct sdist_file *f = s->to_follow;
        s->to_follow = f->next_install;
        f->to_follow = false;
        s->steps = f->steps > SDIST_CALLED ? f->steps : f->steps + 1;
        if (f->deferred) { /* Python */
            follow(s, f);
        }
    }
    s->steps = 0;
}

/* --- places --- */

static bool has_ending(struct ch_str path, const char *const *endings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ch_str ending = ch_str_of(endings[i]);
        if (path.len > ending.len &&
            ch_str_eq_nocase(ch_str_sub(path, path.len - ending.len, ending.len), ending)) {
            return true;
        }
    }
    return false;
}

static bool is_code(struct ch_str path)
{
    static const char *const endings[] = {".py", ".pyw", ".pyc", ".pyx",
                                          ".so", ".pyd", ".dll", ".dylib"};
    return has_ending(path, endings, CH_ARRAY_LEN(endings));
}

static bool is_named(struct ch_str part, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ch_str_eq_nocase(part, ch_str_of(names[i]))) {
            return true;
        }
    }
    return false;
}

/* Whether a folder of the path has such a name; one named like the project is the package. */
static bool is_below(const struct sdist *s, struct ch_str tree, const char *const *names,
                     size_t count)
{
    struct ch_str rest = tree;
    struct ch_str part;
    while (ch_str_split(&rest, '/', &part) && rest.ptr != NULL) {
        if (is_named(part, names, count) && !ch_str_eq_nocase(part, s->name)) {
            return true;
        }
    }
    return false;
}

static bool is_spoken_of(const struct sdist *s, struct ch_str base);

/* What would be started with every Python once it lies in site-packages: at the top of what is
 * installed, which is the tree, its "src" or what settings say; or wherever it is put by name. */
static bool runs_at_start(const struct sdist *s, struct ch_str tree)
{
    static const char *const endings[] = {".pth", ".start"};
    static const char *const names[] = {"sitecustomize.py", "usercustomize.py"};
    size_t at;
    if (has_ending(tree, endings, CH_ARRAY_LEN(endings)) && is_spoken_of(s, path_base(tree))) {
        return true;
    }
    tree = sdist_below_root(s, tree);
    for (size_t i = 1; i < CH_ARRAY_LEN(roots); i++) {
        if (ch_str_starts(tree, roots[i])) {
            tree = ch_str_sub(tree, roots[i].len, tree.len);
        }
    }
    return !ch_str_find_char(tree, '/', &at) && (has_ending(tree, endings, CH_ARRAY_LEN(endings)) ||
                                                 is_named(tree, names, CH_ARRAY_LEN(names)));
}

/* --- what lies beside the package --- */

static bool contains(struct ch_str text, struct ch_str needle)
{
    size_t at;
    return ch_str_find(text, needle, &at);
}

static const struct ch_str telling[] = {
    {"setup.py", 8}, {"setup.cfg", 9}, {"pyproject.toml", 14}, {"hatch.toml", 10}};

static bool is_spoken_of(const struct sdist *s, struct ch_str base)
{
    bool is = false;
    for (size_t i = 0; !is && i < CH_ARRAY_LEN(telling); i++) {
        const struct sdist_file *f = sdist_find(s, telling[i]);
        is = f != NULL && contains(f->bytes, base);
    }
    return is;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

static bool is_identifier(struct ch_str s)
{
    bool is = s.len > 0 && !(s.ptr[0] >= '0' && s.ptr[0] <= '9');
    for (size_t i = 0; i < s.len; i++) {
        is = is && is_letter(s.ptr[i]);
    }
    return is;
}

/* "tools", and not "setuptools". */
static bool has_word(struct ch_str text, struct ch_str word)
{
    size_t at;
    for (size_t from = 0; ch_str_find(ch_str_sub(text, from, text.len), word, &at);
         from += at + 1) {
        size_t start = from + at;
        size_t end = start + word.len;
        if ((start == 0 || !is_letter(text.ptr[start - 1])) &&
            (end == text.len || !is_letter(text.ptr[end]))) {
            return true;
        }
    }
    return false;
}

/* "sources = ", "[a.sources]", "sources.x", and not "the sources of x". */
static bool has_key(struct ch_str text, struct ch_str key)
{
    size_t at;
    for (size_t from = 0; ch_str_find(ch_str_sub(text, from, text.len), key, &at); from += at + 1) {
        size_t end = from + at + key.len;
        while (end < text.len && (text.ptr[end] == ' ' || text.ptr[end] == '\t' ||
                                  text.ptr[end] == '"' || text.ptr[end] == '\'')) {
            end++;
        }
        if (end < text.len &&
            (text.ptr[end] == '=' || text.ptr[end] == ':' || text.ptr[end] == '.' ||
             text.ptr[end] == ']')) {
            return true;
        }
    }
    return false;
}

/* What one of them says of the build; absent: it is not there. */
static struct ch_str told_by(const struct sdist *s, struct ch_str name)
{
    const struct sdist_file *f = sdist_find(s, name);
    bool read =
        ch_str_eq(name, CH_STR("pyproject.toml")) && s->settings.len > 0 && !s->settings.failed;
    return f == NULL ? (struct ch_str){NULL, 0} : read ? ch_buf_str(&s->settings) : f->bytes;
}

/* Whether the build is told that packages lie elsewhere than they are named, and this folder is
 * spoken of where it is told. */
static bool is_mapped(const struct sdist *s, struct ch_str folder)
{
    /* a setup.py has "sources" of what it compiles */
    static const struct ch_str keys[] = {
        {"package_dir", 11}, {"package-dir", 11}, {"force-include", 13}, {"sources", 7}};
    enum { KEYS_OF_SETUP = 1 };
    for (size_t i = 0; i < CH_ARRAY_LEN(telling); i++) {
        struct ch_str text = told_by(s, telling[i]);
        size_t count = i == 0 ? KEYS_OF_SETUP : CH_ARRAY_LEN(keys);
        for (size_t k = 0; k < count; k++) {
            bool told = i == 0 ? contains(text, keys[k]) : has_key(text, keys[k]);
            if (told && has_word(text, folder)) {
                return true;
            }
        }
    }
    return false;
}

/* Whether what is installed is listed in setup.py, name by name, and no setting has this word or
 * tells of packages itself: setuptools looks for some where it is told to (find_namespace:, [tool.
 * setuptools.packages.find]), whatever setup.py lists. What is a link counts by where it leads. */
static bool is_left_out(const struct sdist *s, struct ch_str folder)
{
    bool told = false;
    for (size_t i = 0; !told && i < CH_ARRAY_LEN(telling); i++) {
        struct ch_str text = told_by(s, telling[i]);
        told = has_word(text, folder) || (i > 0 && has_word(text, CH_STR("packages")));
    }
    return s->packaged && !told && ch_map_get(s->links, folder) == NULL;
}

/* Folders that no import statement can name (".circleci", "vendored-meson"), and those of people
 * who work on the project, when they are no package. `first`: the path begins at the top of the
 * tree. */
static bool is_aside(const struct sdist *s, struct ch_str tree, bool first)
{
    static const char *const tools[] = {"ci", "dev", "devtools", "scripts", "script", "tools"};
    struct ch_str rest = tree;
    struct ch_str part;
    while (ch_str_split(&rest, '/', &part) && rest.ptr != NULL) {
        struct ch_buf init;
        ch_buf_init(&init, ch_limits.member_path_bytes);
        ch_buf_puts(&init, part);
        ch_buf_puts(&init, CH_STR("/__init__.py"));
        bool tool =
            first &&
            (s->alone || is_named(part, tools, CH_ARRAY_LEN(tools)) || is_left_out(s, part)) &&
            !ch_str_eq_nocase(part, s->name) && sdist_find(s, ch_buf_str(&init)) == NULL;
        ch_buf_done(&init);
        if ((tool || !is_identifier(part)) && (s->listed || !is_mapped(s, part))) {
            return true;
        }
        first = false;
    }
    return false;
}

enum ch_code_place sdist_place(const struct sdist *s, struct ch_str path)
{
    static const char *const tests[] = {"test",    "tests",      "testing",   "example", "examples",
                                        "samples", "benchmarks", "benchmark", "docs",    "doc"};
    struct ch_str tree = sdist_tree(s, path);
    struct ch_str below;
    const struct sdist_file *f = ch_map_get(s->by_tree, tree);
    if ((f != NULL && f->at_install) || ch_str_eq(tree, CH_STR("setup.py"))) {
        return f != NULL && f->steps > SDIST_CALLED ? CH_PLACE_INSTALL_IMPORT : CH_PLACE_INSTALL;
    }
    if (runs_at_start(s, tree)) {
        return CH_PLACE_START;
    }
    if (!is_code(tree)) { /* what is reached among tests is judged as what reaches it */
        bool data = sdist_is_named(s, tree) || sdist_is_mapped(s, tree, &below) ||
                    !is_below(s, tree, tests, CH_ARRAY_LEN(tests));
        return data ? CH_PLACE_NONE : CH_PLACE_TEST;
    }
    struct ch_str name = tree;
    for (size_t at; ch_str_find_char(name, '/', &at);) {
        name = ch_str_sub(name, at + 1, name.len);
    }
    bool named = sdist_is_named(s, tree);
    bool mapped = sdist_is_mapped(s, tree, &tree);
    bool test = is_aside(s, tree, !mapped) || is_below(s, tree, tests, CH_ARRAY_LEN(tests)) ||
                ch_str_starts(name, CH_STR("test_")) || ch_str_eq(name, CH_STR("conftest.py"));
    if (test && !named) {
        return CH_PLACE_TEST;
    }
    return path_is_program(tree) && !named ? CH_PLACE_PROGRAM : CH_PLACE_IMPORT;
}
