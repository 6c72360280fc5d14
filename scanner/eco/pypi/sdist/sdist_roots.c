/* Where packages lie that are not where their names say: folders of the tree that a setting makes
 * the top of what is installed, or a package under another name. What lies there is imported,
 * whatever the folder is called.
 *
 * Spec: setuptools (package_dir), poetry-core (packages, from), pdm-backend (package-dir), maturin
 * (python-source), uv_build (module-root), hatchling (packages, sources, force-include),
 * scikit-build-core (wheel.packages). */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"

static void add(struct names *to, struct ch_str folder)
{
    folder = sdist_clean(ch_str_trim(folder));
    if (folder.len > 0) {
        CH_IGNORE(names_add(to, folder));
    }
}

void sdist_maps_root(struct sdist *s, struct ch_str folder)
{
    add(&s->roots, folder);
}

void sdist_maps_package(struct sdist *s, struct ch_str package, struct ch_str folder)
{
    package = ch_str_trim(package);
    if (package.len == 0) { /* all that are not named */
        sdist_maps_root(s, folder);
        return;
    }
    add(&s->folders, folder);
    free(ch_map_set(s->mapped, package, ch_str_dup(sdist_clean(ch_str_trim(folder)))));
}

/* Of "tests.a" tests: that it is not listed does not keep it from being one. */
void sdist_installs_package(struct sdist *s, struct ch_str package)
{
    struct ch_str first;
    package = ch_str_trim(package);
    if (ch_str_split(&package, '.', &first) && ch_map_get(s->mapped, first) == NULL) {
        add(&s->folders, first);
    }
}

void sdist_installs_module(struct sdist *s, struct ch_str module)
{
    struct ch_buf b;
    module = ch_str_trim(module);
    ch_buf_init(&b, module.len + 3);
    for (size_t i = 0; i < module.len; i++) {
        ch_buf_putc(&b, module.ptr[i] == '.' ? '/' : module.ptr[i]);
    }
    ch_buf_puts(&b, CH_STR(".py"));
    if (module.len > 0) {
        add(&s->folders, ch_buf_str(&b));
    }
    ch_buf_done(&b);
}

/* --- what is told --- */

static void on_package_dir(void *arg, struct ch_str package, struct ch_str folder)
{
    sdist_maps_package(arg, package, folder);
}

/* Whether the argument at `at`, or the first one, says where packages are; *ret_value its value. */
static bool is_where(const struct sdist_tokens *t, size_t at, bool first, size_t *ret_value)
{
    bool named = sdist_token_is(t, at + 1, CH_TOKEN_OP, "=");
    *ret_value = at + (named ? 2 : 0);
    return named ? sdist_token_is(t, at, CH_TOKEN_NAME, "where")
                 : sdist_token_is(t, at, CH_TOKEN_OP, "**") ||
                       (first && !sdist_token_is(t, at, CH_TOKEN_OP, ")"));
}

/* The top of what is installed: a text alone, or it is not known. */
static void take_where(struct sdist *s, const struct sdist_tokens *t, size_t at)
{
    struct ch_buf value;
    ch_buf_init(&value, ch_limits.member_path_bytes);
    bool alone = sdist_token_at(t, at)->type == CH_TOKEN_STRING &&
                 (sdist_token_is(t, at + 1, CH_TOKEN_OP, ",") ||
                  sdist_token_is(t, at + 1, CH_TOKEN_OP, ")"));
    if (alone) {
        ch_token_value(t->source.text, sdist_token_at(t, at), &value);
    }
    if (alone && !value.failed) {
        sdist_maps_root(s, ch_buf_str(&value));
    } else {
        sdist_install_code(s, "build-hook", CH_STR("find_packages"));
    }
    ch_buf_done(&value);
}

/* find_packages("src"), find_packages(exclude=["a"], where="src"). `at`: behind the parenthesis. */
static void read_where_of(struct sdist *s, const struct sdist_tokens *t, size_t at)
{
    size_t depth = 1;
    size_t value;
    bool begins = true; /* an argument */
    for (bool first = true; at < t->count && depth > 0; at++, first = false) {
        if (depth > CH_TOKEN_BRACKETS) { /* each call within another is read, too */
            sdist_install_code(s, "build-hook", CH_STR("find_packages"));
            return;
        }
        if (begins && is_where(t, at, first, &value)) {
            take_where(s, t, value);
        }
        bool opens = sdist_token_is(t, at, CH_TOKEN_OP, "(") ||
                     sdist_token_is(t, at, CH_TOKEN_OP, "[") ||
                     sdist_token_is(t, at, CH_TOKEN_OP, "{");
        bool closes = sdist_token_is(t, at, CH_TOKEN_OP, ")") ||
                      sdist_token_is(t, at, CH_TOKEN_OP, "]") ||
                      sdist_token_is(t, at, CH_TOKEN_OP, "}");
        depth += opens;
        depth -= closes;
        begins = depth == 1 && sdist_token_is(t, at, CH_TOKEN_OP, ",");
    }
}

static void read_where(struct sdist *s, struct ch_str source)
{
    struct sdist_tokens t;
    sdist_tokens_init(&t, source);
    for (size_t at = 0; at + 1 < t.count; at++) {
        if ((sdist_token_is(&t, at, CH_TOKEN_NAME, "find_packages") ||
             sdist_token_is(&t, at, CH_TOKEN_NAME, "find_namespace_packages")) &&
            sdist_token_is(&t, at + 1, CH_TOKEN_OP, "(")) {
            read_where_of(s, &t, at + 2);
        }
    }
    sdist_tokens_done(&t);
}

static void on_named(void *arg, struct ch_str key CH_UNUSED, struct ch_str name)
{
    CH_IGNORE(names_add(arg, name));
}

/* What a list in setup.py names; of one that is computed nothing: what it leaves out stands there,
 * too. */
static void read_named(struct sdist *s, struct ch_str source, const char *argument,
                       void (*each)(struct sdist *s, struct ch_str name))
{
    struct names names = {0};
    bool all = sdist_setup_argument(source, argument, on_named, &names);
    for (size_t i = 0; all && i < names.count; i++) {
        each(s, names_at(&names, i));
    }
    s->folders.over = s->folders.over || names.over;
    names_done(&names);
}

/* Whether ["a", "b"] begins at `at`, and nothing is added to it. */
static bool is_list(const struct sdist_tokens *t, size_t at)
{
    static const char *const ends[] = {",", ")", "}"};
    bool ended = false;
    if (!sdist_token_is(t, at++, CH_TOKEN_OP, "[")) {
        return false;
    }
    while (sdist_token_at(t, at)->type == CH_TOKEN_STRING ||
           sdist_token_is(t, at, CH_TOKEN_OP, ",")) {
        at++;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(ends); i++) {
        ended = ended || sdist_token_is(t, at + 1, CH_TOKEN_OP, ends[i]);
    }
    return ended && sdist_token_is(t, at, CH_TOKEN_OP, "]");
}

/* Whether the packages stand in setup.py as lists of texts, and it speaks of them nowhere else. */
static bool lists_packages(struct ch_str source)
{
    struct sdist_tokens t;
    struct ch_buf value;
    size_t lists = 0;
    bool all = true;
    sdist_tokens_init(&t, source);
    ch_buf_init(&value, ch_limits.member_path_bytes);
    for (size_t at = 0; all && at < t.count; at++) {
        bool text = sdist_token_at(&t, at)->type == CH_TOKEN_STRING;
        ch_buf_clear(&value);
        if (text) {
            ch_token_value(t.source.text, sdist_token_at(&t, at), &value);
        }
        bool named = sdist_token_is(&t, at, CH_TOKEN_NAME, "packages") ||
                     ch_str_eq(ch_buf_str(&value), CH_STR("packages"));
        if (named) {
            all = sdist_token_is(&t, at + 1, CH_TOKEN_OP, text ? ":" : "=") && is_list(&t, at + 2);
            lists++;
        }
        all = all && !sdist_token_is(&t, at, CH_TOKEN_NAME, "find_packages") &&
              !sdist_token_is(&t, at, CH_TOKEN_NAME, "find_namespace_packages");
    }
    all = all && t.errors == 0 && t.source.problem == CH_TEXT_FINE;
    ch_buf_done(&value);
    sdist_tokens_done(&t);
    return all && lists > 0;
}

void sdist_read_setup_roots(struct sdist *s)
{
    struct sdist_file *f = sdist_find(s, CH_STR("setup.py"));
    if (f != NULL) {
        read_where(s, f->bytes);
    }
    if (f != NULL && !sdist_setup_argument(f->bytes, "package_dir", on_package_dir, s)) {
        sdist_install_code(s, "build-hook", CH_STR("package_dir"));
    }
    if (f != NULL) {
        read_named(s, f->bytes, "packages", sdist_installs_package);
        read_named(s, f->bytes, "py_modules", sdist_installs_module);
        s->packaged = lists_packages(f->bytes);
    }
}

static struct ch_str text_at(const struct ch_toml_node *table, const char *key)
{
    return sdist_toml_text(ch_toml_find(table, key));
}

/* packages = ["src/pkg"]: each is installed as its last part. */
static void read_packages(struct sdist *s, const struct ch_toml_node *list)
{
    for (const struct ch_toml_node *n = sdist_toml_child(list); n != NULL; n = n->next) {
        add(&s->folders, sdist_toml_text(n));
    }
}

/* What takes the place of a file that Python starts with need not be called so in the tree. */
static void read_included(struct sdist *s, const struct ch_toml_node *files)
{
    for (const struct ch_toml_node *n = sdist_toml_child(files); n != NULL; n = n->next) {
        struct ch_str to = sdist_toml_text(n);
        struct ch_str base = path_base(to);
        add(&s->folders, n->key);
        if (path_has_extension(to, "pth") || ch_str_starts(base, CH_STR("sitecustomize")) ||
            ch_str_starts(base, CH_STR("usercustomize"))) {
            sdist_install_code(s, "build-hook", to);
        }
    }
}

static void read_hatch_build(struct sdist *s, const struct ch_toml_node *build)
{
    const struct ch_toml_node *sources = ch_toml_find(build, "sources");
    for (const struct ch_toml_node *n = sdist_toml_child(sources); n != NULL; n = n->next) {
        if (n->key.len > 0 && sdist_toml_text(n).len > 0) {
            add(&s->folders, n->key); /* {"src/a" = "b"} */
        } else {
            sdist_maps_root(s, n->key.len > 0 ? n->key
                                              : sdist_toml_text(n)); /* ["src"], {"src" = ""} */
        }
    }
    read_packages(s, ch_toml_find(build, "packages"));
    read_included(s, ch_toml_find(build, "force-include"));
}

void sdist_read_hatch_roots(struct sdist *s, const struct ch_toml_node *hatch)
{
    const struct ch_toml_node *build = ch_toml_find(hatch, "build");
    const struct ch_toml_node *targets = ch_toml_find(build, "targets");
    read_hatch_build(s, build);
    for (const struct ch_toml_node *n = sdist_toml_child(targets); n != NULL; n = n->next) {
        read_hatch_build(s, n);
        if (ch_str_eq(n->key, CH_STR("wheel"))) {
            read_included(s, ch_toml_find(n, "shared-data"));
            read_included(s, ch_toml_find(n, "shared-scripts"));
            read_packages(s, ch_toml_find(n, "only-include"));
        }
    }
}

static void read_scikit(struct sdist *s, const struct ch_toml_node *scikit)
{
    const struct ch_toml_node *wheel = ch_toml_find(scikit, "wheel");
    read_packages(s, ch_toml_find(wheel, "packages")); /* ["src/a"], or {"a" = "src/a"} */
    read_included(s, ch_toml_find(wheel, "force-include"));
}

/* "tests" of "tests/a*.py" */
static struct ch_str before_pattern(struct ch_str path)
{
    size_t end;
    if (ch_str_find_char(path, '*', &end)) {
        while (end > 0 && path.ptr[end - 1] != '/') {
            end--;
        }
        path.len = end;
    }
    return path;
}

static void read_setuptools(struct sdist *s, const struct ch_toml_node *setuptools)
{
    const struct ch_toml_node *packages = ch_toml_find(setuptools, "packages");
    const struct ch_toml_node *where = ch_toml_find(ch_toml_find(packages, "find"), "where");
    const struct ch_toml_node *modules = ch_toml_find(setuptools, "py-modules");
    for (const struct ch_toml_node *n = sdist_toml_child(where); n != NULL; n = n->next) {
        sdist_maps_root(s, sdist_toml_text(n));
    }
    for (const struct ch_toml_node *n = sdist_toml_child(packages); n != NULL; n = n->next) {
        sdist_installs_package(s, sdist_toml_text(n));
    }
    for (const struct ch_toml_node *n = sdist_toml_child(modules); n != NULL; n = n->next) {
        sdist_installs_module(s, sdist_toml_text(n));
    }
}

static void put_settings(struct ch_buf *to, const struct ch_toml_node *table)
{
    for (const struct ch_toml_node *n = sdist_toml_child(table); n != NULL; n = n->next) {
        ch_buf_puts(to, n->key);
        ch_buf_putc(to, '\n');
        ch_buf_puts(to, sdist_toml_text(n));
        ch_buf_putc(to, '\n');
        put_settings(to, n); /* no deeper than toml_depth */
    }
}

/* Settings of tools that check and format what lies somewhere tell nothing of what is installed. */
static void keep_settings(struct sdist *s, const struct ch_toml_node *root)
{
    static const char *const others[] = {"black",   "coverage",  "isort",       "mypy", "pylint",
                                         "pyright", "pytest",    "ruff",        "spin", "tox",
                                         "ty",      "codespell", "cibuildwheel"};
    for (const struct ch_toml_node *n = sdist_toml_child(root); n != NULL; n = n->next) {
        if (!ch_str_eq(n->key, CH_STR("tool"))) {
            ch_buf_puts(&s->settings, n->key);
            put_settings(&s->settings, n);
            continue;
        }
        for (const struct ch_toml_node *t = sdist_toml_child(n); t != NULL; t = t->next) {
            bool other = false;
            for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
                other = other || ch_str_eq(t->key, ch_str_of(others[i]));
            }
            if (!other) {
                put_settings(&s->settings, t);
            }
        }
    }
}

/* "a", "./src/a": that no part is "." or ".." between others, by which a back end gets elsewhere.
 */
static bool is_folder(struct ch_str path)
{
    struct ch_str rest = sdist_clean(path);
    struct ch_str part;
    bool is = rest.len > 0;
    while (is && ch_str_split(&rest, '/', &part)) {
        is = part.len > 0 && !ch_str_eq(part, CH_STR(".")) && !ch_str_eq(part, CH_STR(".."));
    }
    return is;
}

/* Whether there are some, and each is one folder or file of the tree; the tree itself is none. */
static bool names_folders(const struct ch_toml_node *list)
{
    bool all = sdist_toml_child(list) != NULL;
    for (const struct ch_toml_node *n = sdist_toml_child(list); n != NULL; n = n->next) {
        all = all && is_folder(sdist_toml_text(n));
    }
    return all;
}

/* Hooks of hatchling add to a wheel what they want; these two write the version alone. */
static bool has_hooks(const struct ch_toml_node *build)
{
    bool any = false;
    for (const struct ch_toml_node *n = sdist_toml_child(ch_toml_find(build, "hooks")); n != NULL;
         n = n->next) {
        any = any || !(ch_str_eq(n->key, CH_STR("vcs")) || ch_str_eq(n->key, CH_STR("version")));
    }
    return any;
}

/* Whether the back end that builds is told by name what a wheel has, so that it looks for no
 * packages. What settings of another back end say counts for nothing, and so does all where a
 * second place may say more. */
static bool is_listed(const struct sdist *s, const struct ch_toml_node *root)
{
    const struct ch_toml_node *tool = ch_toml_find(root, "tool");
    const struct ch_toml_node *system = ch_toml_find(root, "build-system");
    const struct ch_toml_node *build = ch_toml_find(ch_toml_find(tool, "hatch"), "build");
    const struct ch_toml_node *wheel = ch_toml_find(ch_toml_find(build, "targets"), "wheel");
    const struct ch_toml_node *scikit = ch_toml_find(tool, "scikit-build");
    struct ch_str backend = text_at(system, "build-backend");
    if (ch_toml_find(system, "backend-path") != NULL) {
        return false;
    }
    if (ch_str_eq(backend, CH_STR("hatchling.build"))) {
        const struct ch_toml_node *only = ch_toml_find(wheel, "only-include");
        return sdist_find(s, CH_STR("hatch.toml")) == NULL && !has_hooks(build) &&
               !has_hooks(wheel) &&
               (only != NULL ? names_folders(only)
                             : ch_toml_find(build, "only-include") == NULL &&
                                   names_folders(ch_toml_find(wheel, "packages")));
    }
    return ch_str_eq(backend, CH_STR("scikit_build_core.build")) &&
           ch_toml_find(scikit, "overrides") == NULL &&
           names_folders(ch_toml_find(ch_toml_find(scikit, "wheel"), "packages"));
}

void sdist_read_roots(struct sdist *s, const struct ch_toml_node *root)
{
    const struct ch_toml_node *tool = ch_toml_find(root, "tool");
    struct ch_str backend = text_at(ch_toml_find(root, "build-system"), "build-backend");
    const struct ch_toml_node *in_tree =
        ch_toml_find(ch_toml_find(root, "build-system"), "backend-path");
    s->listed = is_listed(s, root);
    /* others read no setup.py, and what one in the tree reads, nobody knows, whatever it is called */
    s->packaged = s->packaged && in_tree == NULL &&
                  (backend.len == 0 || ch_str_starts(backend, CH_STR("setuptools.")));
    keep_settings(s, root);
    s->alone = s->listed && ch_str_starts(backend, CH_STR("hatchling."));
    const struct ch_toml_node *folders =
        ch_toml_find(ch_toml_find(tool, "setuptools"), "package-dir");
    for (const struct ch_toml_node *n = sdist_toml_child(folders); n != NULL; n = n->next) {
        sdist_maps_package(s, n->key, sdist_toml_text(n));
    }
    read_setuptools(s, ch_toml_find(tool, "setuptools"));
    const struct ch_toml_node *poetry = ch_toml_find(ch_toml_find(tool, "poetry"), "packages");
    for (const struct ch_toml_node *n = sdist_toml_child(poetry); n != NULL; n = n->next) {
        sdist_maps_root(s, text_at(n, "from"));
        if (text_at(n, "to").len > 0) {
            add(&s->folders, text_at(n, "include"));
        } else if (!ch_str_eq(text_at(n, "format"), CH_STR("sdist"))) {
            add(&s->folders, before_pattern(text_at(n, "include")));
        }
    }
    const struct ch_toml_node *pdm = ch_toml_find(tool, "pdm");
    sdist_maps_root(s, text_at(ch_toml_find(pdm, "build"), "package-dir"));
    sdist_maps_root(s, text_at(pdm, "package-dir"));
    sdist_maps_root(s, text_at(ch_toml_find(tool, "maturin"), "python-source"));
    sdist_maps_root(
        s, text_at(ch_toml_find(ch_toml_find(tool, "uv"), "build-backend"), "module-root"));
    sdist_read_hatch_roots(s, ch_toml_find(tool, "hatch"));
    const struct ch_toml_node *scikit = ch_toml_find(tool, "scikit-build");
    read_scikit(s, scikit);
    const struct ch_toml_node *overrides = ch_toml_find(scikit, "overrides");
    for (const struct ch_toml_node *n = sdist_toml_child(overrides); n != NULL; n = n->next) {
        read_scikit(s, n);
    }
}

/* --- what lies there --- */

/* The longest of these folders that `tree` lies in; its length with the slash, 0: none. */
static size_t longest(const struct names *n, struct ch_str tree)
{
    size_t best = 0;
    for (size_t at = tree.len; best == 0 && at-- > 0;) {
        if (tree.ptr[at] == '/' && names_has(n, ch_str_sub(tree, 0, at))) {
            best = at + 1;
        }
    }
    return best;
}

/* A package or module lies in the tree, or below the top of what is installed: which that is may be
 * told after the package. */
static size_t longest_folder(const struct sdist *s, struct ch_str tree, size_t root)
{
    size_t whole = longest(&s->folders, tree);
    size_t below = longest(&s->folders, ch_str_sub(tree, root, tree.len));
    return below > 0 && root + below > whole ? root + below : whole;
}

bool sdist_is_named(const struct sdist *s, struct ch_str tree)
{
    return names_has(&s->folders, tree) || names_has(&s->folders, sdist_below_root(s, tree));
}

bool sdist_is_mapped(const struct sdist *s, struct ch_str tree, struct ch_str *ret_below)
{
    size_t root = longest(&s->roots, tree);
    size_t folder = longest_folder(s, tree, root);
    size_t skip = root > folder ? root : folder;
    if (skip == 0 && sdist_is_named(s, tree)) { /* a file of force-include */
        *ret_below = path_base(tree);
        return true;
    }
    *ret_below = ch_str_sub(tree, skip, tree.len);
    return skip > 0;
}

struct ch_str sdist_below_root(const struct sdist *s, struct ch_str tree)
{
    return ch_str_sub(tree, longest(&s->roots, tree), tree.len);
}
