/* What tells how an sdist is built: pyproject.toml, setup.cfg, *.egg-info.
 *
 * Spec: PEP 517, 518, 621; setuptools (setup.cfg, pyproject.toml, requires.txt of eggs). */
#include "customhouse/limits.h"
#include "scanner/python/metadata.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"
#include "scanner/eco/pypi/sdist/setup_cfg.h"

/* --- requirements --- */

void sdist_check_requirement(struct sdist *s, struct ch_str member, struct ch_str requirement,
                             bool strict)
{
    switch (ch_requirement_classify(requirement)) {
    case CH_REQUIREMENT_DIRECT:
        ch_scan_write_finding(s->out, CH_F_DIRECT_REFERENCE, member, requirement);
        break;
    case CH_REQUIREMENT_MALFORMED:
        if (strict) {
            ch_scan_write_finding(s->out, CH_F_SDIST_BUILD, member, requirement);
        }
        break;
    case CH_REQUIREMENT_PLAIN:
        break;
    }
}

/* One requirement per line; comments as pip and setuptools have them ("#" first or after a blank).
 */
static void check_lines(struct sdist *s, struct ch_str member, struct ch_str text)
{
    struct ch_str line;
    while (ch_str_split(&text, '\n', &line)) {
        size_t end = 0;
        while (end < line.len && line.ptr[end] != '\r' &&
               (line.ptr[end] != '#' ||
                (end > 0 && line.ptr[end - 1] != ' ' && line.ptr[end - 1] != '\t'))) {
            end++;
        }
        line = ch_str_trim(ch_str_sub(line, 0, end));
        if (line.len > 0 && line.ptr[0] != '[') { /* "[extra:marker]" of requires.txt */
            sdist_check_requirement(s, member, line, false);
        }
    }
}

static void check_file(struct sdist *s, struct ch_str name)
{
    name = sdist_clean(name);
    struct sdist_file *f = sdist_find(s, name);
    if (f != NULL) {
        check_lines(s, f->path, f->bytes);
    } else if (name.len > 0) {
        sdist_report(s, CH_F_SDIST_BUILD, (struct ch_str){NULL, 0},
                     "requirements in \"%.*s\", which is not there or not read", CH_STR_ARG(name));
    }
}

/* The files that "file: a.txt, b.txt" names. */
static void check_files(struct sdist *s, struct ch_str names)
{
    struct ch_str line;
    while (ch_str_split(&names, '\n', &line)) {
        struct ch_str name;
        while (ch_str_split(&line, ',', &name)) {
            check_file(s, ch_str_trim(name));
        }
    }
}

/* --- setup.cfg --- */

struct cfg {
    struct sdist *s;
    struct ch_str member;
};

static void check_cfg_requirements(struct cfg *c, struct ch_str value)
{
    const struct ch_str file = CH_STR("file:");
    if (ch_str_starts(value, file)) {
        check_files(c->s, ch_str_sub(value, file.len, value.len));
        return;
    }
    /* "list-semi": one per line, or separated by semicolons in one line */
    size_t at;
    bool lines = ch_str_find_char(value, '\n', &at);
    struct ch_str part;
    while (ch_str_split(&value, lines ? '\n' : ';', &part)) {
        check_lines(c->s, c->member, part);
    }
}

/* "NAME = package.module.Class" per line. */
static void note_commands(struct cfg *c, const char *what, struct ch_str value)
{
    struct ch_str line;
    while (ch_str_split(&value, '\n', &line)) {
        struct ch_str name;
        if (ch_str_trim(line).len > 0 && ch_str_split(&line, '=', &name)) {
            name = ch_str_trim(name);
            sdist_install_code(c->s, what, name.len > 0 ? name : CH_STR("."));
            sdist_runs_module(c->s, ch_str_trim(line));
        }
    }
}

static void see_option(void *arg, struct ch_str section, struct ch_str option, struct ch_str value,
                       size_t line CH_UNUSED)
{
    static const char *const requirements[] = {"install_requires", "setup_requires",
                                               "tests_require"};
    static const char *const elsewhere[] = {"find_links", "index_url"};
    struct cfg *c = arg;
    bool options = ch_str_eq(section, CH_STR("options"));
    for (size_t i = 0; options && i < CH_ARRAY_LEN(requirements); i++) {
        if (setup_cfg_same_option(option, ch_str_of(requirements[i]))) {
            check_cfg_requirements(c, value);
        }
    }
    if (ch_str_eq(section, CH_STR("options.extras_require"))) {
        check_cfg_requirements(c, value);
    }
    if (options && value.len > 0 && setup_cfg_same_option(option, CH_STR("dependency_links"))) {
        ch_scan_write_finding(c->s->out, CH_F_DIRECT_REFERENCE, c->member, value);
    }
    for (size_t i = 0; ch_str_eq(section, CH_STR("easy_install")) && i < CH_ARRAY_LEN(elsewhere);
         i++) {
        if (value.len > 0 && setup_cfg_same_option(option, ch_str_of(elsewhere[i]))) {
            ch_scan_write_finding(c->s->out, CH_F_DIRECT_REFERENCE, c->member, value);
        }
    }
    if (options && setup_cfg_same_option(option, CH_STR("cmdclass"))) {
        note_commands(c, "setup.cfg cmdclass", value);
    }
    if (ch_str_eq(section, CH_STR("global")) &&
        (setup_cfg_same_option(option, CH_STR("setup_hooks")) ||
         setup_cfg_same_option(option, CH_STR("command_packages")))) {
        struct ch_str one;
        while (ch_str_split(&value, '\n', &one)) {
            one = ch_str_trim(one);
            if (one.len > 0) {
                sdist_install_code(c->s, "setup.cfg setup-hooks", one);
                sdist_runs_module(c->s, one);
            }
        }
    }
    if (ch_str_eq(section, CH_STR("options.entry_points"))) {
        sdist_cfg_entry_points(c->s, c->member, option, value);
    }
    if (ch_str_eq(section, CH_STR("build_ext")) && value.len > 0 &&
        setup_cfg_same_option(option, CH_STR("swig"))) {
        sdist_hook(c->s, value); /* the path of a program */
    }
    const struct ch_str attr = CH_STR("attr:");
    if (ch_str_starts(value, attr)) {
        sdist_reads_attribute(c->s, ch_str_trim(ch_str_sub(value, attr.len, value.len)));
    }
}

/* A list, one per line or separated by commas in one line. "find:" is none. */
static void each_of(struct sdist *s, struct ch_str value,
                    void (*each)(struct sdist *s, struct ch_str name))
{
    size_t at;
    struct ch_str one;
    char between = ch_str_find_char(value, '\n', &at) ? '\n' : ',';
    while (ch_str_split(&value, between, &one)) {
        if (!ch_str_find_char(one, ':', &at)) {
            each(s, one);
        }
    }
}

/* After see_mapping: what has a folder of its own is not where it is named. */
static void see_installed(void *arg, struct ch_str section, struct ch_str option,
                          struct ch_str value, size_t line CH_UNUSED)
{
    struct cfg *c = arg;
    bool options = ch_str_eq(section, CH_STR("options"));
    if (options && setup_cfg_same_option(option, CH_STR("packages"))) {
        each_of(c->s, value, sdist_installs_package);
    } else if (options && setup_cfg_same_option(option, CH_STR("py_modules"))) {
        each_of(c->s, value, sdist_installs_module);
    }
}

/* package_dir: "NAME = FOLDER", one per line, or separated by commas in one line. */
static void see_mapping(void *arg, struct ch_str section, struct ch_str option, struct ch_str value,
                        size_t line CH_UNUSED)
{
    struct cfg *c = arg;
    size_t at;
    if (ch_str_eq(section, CH_STR("options.packages.find")) &&
        setup_cfg_same_option(option, CH_STR("where"))) {
        each_of(c->s, value, sdist_maps_root);
    }
    if (!ch_str_eq(section, CH_STR("options")) ||
        !setup_cfg_same_option(option, CH_STR("package_dir"))) {
        return;
    }
    struct ch_str one;
    char between = ch_str_find_char(value, '\n', &at) ? '\n' : ',';
    while (ch_str_split(&value, between, &one)) {
        struct ch_str name;
        if (ch_str_split(&one, '=', &name)) {
            sdist_maps_package(c->s, name, one);
        }
    }
}

static void check_setup_cfg(struct sdist *s)
{
    struct sdist_file *f = sdist_find(s, CH_STR("setup.cfg"));
    struct ch_err err;
    if (f == NULL) {
        return;
    }
    struct cfg c = {.s = s, .member = f->path};
    if (setup_cfg_parse(f->bytes, see_mapping, &c, &err) != CH_OK ||
        setup_cfg_parse(f->bytes, see_installed, &c, &err) != CH_OK ||
        setup_cfg_parse(f->bytes, see_option, &c, &err) != CH_OK) {
        sdist_report(s, CH_F_SDIST_BUILD, f->path, "%s", err.msg);
    }
}

/* --- pyproject.toml --- */

static void check_array(struct sdist *s, struct ch_str member, const struct ch_toml_node *array,
                        bool strict)
{
    for (const struct ch_toml_node *n = sdist_toml_child(array); n != NULL; n = n->next) {
        if (n->kind == CH_TOML_STRING) {
            sdist_check_requirement(s, member, n->text, strict);
        }
    }
}

/* {file = "a.txt"} or {file = ["a.txt", ...]} */
static void check_dynamic(struct sdist *s, const struct ch_toml_node *n)
{
    const struct ch_toml_node *file = ch_toml_find(n, "file");
    check_files(s, sdist_toml_text(file));
    for (const struct ch_toml_node *c = sdist_toml_child(file); c != NULL; c = c->next) {
        check_files(s, sdist_toml_text(c));
    }
}

static void check_requirements(struct sdist *s, struct ch_str member,
                               const struct ch_toml_node *root)
{
    const struct ch_toml_node *project = ch_toml_find(root, "project");
    const struct ch_toml_node *tool = ch_toml_find(root, "tool");
    const struct ch_toml_node *dynamic = ch_toml_find(ch_toml_find(tool, "setuptools"), "dynamic");
    check_array(s, member, ch_toml_find(ch_toml_find(root, "build-system"), "requires"), true);
    check_array(s, member, ch_toml_find(project, "dependencies"), true);
    const struct ch_toml_node *extras = ch_toml_find(project, "optional-dependencies");
    for (const struct ch_toml_node *n = sdist_toml_child(extras); n != NULL; n = n->next) {
        check_array(s, member, n, true);
    }
    check_dynamic(s, ch_toml_find(dynamic, "dependencies"));
    extras = ch_toml_find(dynamic, "optional-dependencies");
    for (const struct ch_toml_node *n = sdist_toml_child(extras); n != NULL; n = n->next) {
        check_dynamic(s, n);
    }
}

/* PEP 517: "The build-backend ... with in-tree build backends". */
static void check_backend_path(struct sdist *s, struct ch_str member,
                               const struct ch_toml_node *list, struct ch_str backend)
{
    if (list == NULL) {
        return;
    }
    sdist_install_code(s, "backend-path", (struct ch_str){NULL, 0});
    for (const struct ch_toml_node *n = list->child; n != NULL; n = n->next) {
        struct ch_str path = sdist_toml_text(n);
        if (!sdist_is_inside(path)) {
            sdist_report(s, CH_F_SDIST_BACKEND_PATH, member, "backend-path \"%.*s\"",
                         CH_STR_ARG(path));
            continue;
        }
        path = sdist_clean(path);
        struct ch_str object = backend;
        struct ch_str module;
        bool named = ch_str_split(&object, ':', &module);
        if (path.len > 0) {
            sdist_runs_backend(s, path, named ? ch_str_trim(module) : backend);
        } else if (named) {
            sdist_runs_module(s, module);
        }
    }
}

/* *backend: the one that is named, appended. */
static void check_pyproject(struct sdist *s, struct ch_buf *backend)
{
    struct sdist_file *f = sdist_find(s, CH_STR("pyproject.toml"));
    struct ch_toml *toml = NULL;
    struct ch_err err;
    if (f == NULL) {
        return;
    }
    if (ch_toml_parse(f->bytes, "pyproject.toml", &toml, &err) != CH_OK) {
        sdist_report(s, CH_F_SDIST_BUILD, f->path, "%s", err.msg);
        return;
    }
    const struct ch_toml_node *root = ch_toml_root(toml);
    const struct ch_toml_node *system = ch_toml_find(root, "build-system");
    struct ch_str named = sdist_toml_text(ch_toml_find(system, "build-backend"));
    ch_buf_puts(backend, named);
    check_requirements(s, f->path, root);
    check_backend_path(s, f->path, ch_toml_find(system, "backend-path"), named);
    sdist_read_roots(s, root);
    sdist_check_hooks(s, root, named);
    sdist_check_entry_points(s, f->path, root);
    ch_toml_free(toml);
}

/* --- *.egg-info --- */

static void check_egg_info(struct sdist *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct sdist_file *f = s->files[i];
        if (ch_str_ends(f->tree, CH_STR(".egg-info/requires.txt")) ||
            ch_str_ends(f->tree, CH_STR(".egg-info/setup_requires.txt"))) {
            check_lines(s, f->path, f->bytes);
        } else if (ch_str_ends(f->tree, CH_STR(".egg-info/dependency_links.txt"))) {
            struct ch_str rest = f->bytes;
            struct ch_str line;
            while (ch_str_split(&rest, '\n', &line)) {
                if (line.len > 0 && ch_str_trim(line).len > 0 && line.ptr[0] != '\r') {
                    ch_scan_write_finding(s->out, CH_F_DIRECT_REFERENCE, f->path, line);
                }
            }
        }
    }
}

/* What decides about the build has to be a file itself, not a way to another. */
static void check_links(struct sdist *s)
{
    static const char *const names[] = {"setup.py", "setup.cfg", "pyproject.toml", "hatch.toml"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        const struct sdist_file *f = ch_map_get(s->by_tree, ch_str_of(names[i]));
        if (f != NULL && f->type != CH_MEMBER_FILE) {
            sdist_report(s, CH_F_SDIST_BUILD, f->path, "a link");
        }
    }
}

void sdist_check_build(struct sdist *s)
{
    struct ch_buf backend;
    ch_buf_init(&backend, ch_limits.sdist_text_bytes);
    check_links(s);
    sdist_read_setup_roots(s);
    sdist_check_setup_tools(s);
    check_setup_cfg(s);
    check_pyproject(s, &backend);
    sdist_check_hatch_file(s);
    check_egg_info(s);
    sdist_check_built_entry_points(s);
    sdist_install_code(s, "build-backend",
                       backend.len > 0 ? ch_buf_str(&backend) : CH_STR("setuptools.build_meta"));
    ch_buf_done(&backend);
}
