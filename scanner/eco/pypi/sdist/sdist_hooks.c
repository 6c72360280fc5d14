/* What back ends run of the tree by their own settings: files and objects that pyproject.toml and
 * hatch.toml name, modules that are imported for a value, files that are written from a template.
 *
 * Spec: hatchling (build hooks, metadata hooks, version source "code"; hatch.toml), poetry-core
 * (build script), pdm-backend (hooks, version source "call"), setuptools (cmdclass, attr),
 * setuptools-scm and hatch-vcs (version files, schemes), scikit-build-core (dynamic metadata,
 * generate), flit_core, sip. */
#include "customhouse/limits.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"

struct ch_str sdist_toml_text(const struct ch_toml_node *n)
{
    return n != NULL && n->kind == CH_TOML_STRING ? n->text : (struct ch_str){NULL, 0};
}

const struct ch_toml_node *sdist_toml_child(const struct ch_toml_node *n)
{
    return n != NULL ? n->child : NULL;
}

bool sdist_is_inside(struct ch_str path)
{
    struct ch_str part;
    size_t at;
    if (path.len == 0 || path.ptr[0] == '/' || ch_str_find_char(path, '\\', &at) ||
        ch_str_find_char(path, ':', &at)) {
        return false;
    }
    while (ch_str_split(&path, '/', &part)) {
        if (ch_str_eq(part, CH_STR(".."))) {
            return false;
        }
    }
    return true;
}

struct ch_str sdist_clean(struct ch_str path)
{
    while (ch_str_starts(path, CH_STR("./"))) {
        path = ch_str_sub(path, 2, path.len);
    }
    while (path.len > 0 && path.ptr[path.len - 1] == '/') {
        path.len--;
    }
    return ch_str_eq(path, CH_STR(".")) ? CH_STR("") : path;
}

static struct ch_str text_at(const struct ch_toml_node *table, const char *key)
{
    return sdist_toml_text(ch_toml_find(table, key));
}

/* --- what is run --- */

void sdist_hook(struct sdist *s, struct ch_str what)
{
    sdist_install_code(s, "build-hook", what.len > 0 ? what : CH_STR("."));
}

void sdist_hook_file(struct sdist *s, struct ch_str path)
{
    path = sdist_clean(path);
    sdist_hook(s, path);
    sdist_runs(s, path);
}

/* "a.b:object", or "a.b.object" */
void sdist_hook_object(struct sdist *s, struct ch_str object)
{
    struct ch_str rest = object;
    struct ch_str module;
    sdist_hook(s, object);
    if (ch_str_split(&rest, ':', &module)) {
        sdist_runs_module(s, ch_str_trim(module));
    }
}

/* An object of a module that a setting names where the name of a known way could stand. */
static void check_object(struct sdist *s, struct ch_str value)
{
    size_t at;
    if (ch_str_find_char(value, ':', &at)) {
        sdist_hook_object(s, value);
    }
}

/* A file that the build writes: into the tree, and as Python only what assigns values. */
void sdist_hook_written(struct sdist *s, struct ch_str path, struct ch_str template)
{
    if (path.len == 0) {
        return;
    }
    bool starts = ch_str_ends(path, CH_STR(".pth"));
    bool python = ch_str_ends(path, CH_STR(".py")) || ch_str_ends(path, CH_STR(".pyw"));
    if (!sdist_is_inside(path) || starts ||
        (python && template.len > 0 && !sdist_template_only_assigns(template))) {
        sdist_hook(s, path);
    }
}

/* --- what is imported for a value --- */

void sdist_reads_attribute(struct sdist *s, struct ch_str dotted)
{
    size_t end = dotted.len;
    while (end > 0 && dotted.ptr[end - 1] != '.') {
        end--;
    }
    struct ch_str module = ch_str_sub(dotted, 0, end > 0 ? end - 1 : 0);
    struct ch_str name = ch_str_sub(dotted, end, dotted.len);
    if (dotted.len == 0) {
        return;
    }
    sdist_imports_module(s, dotted); /* old ones always import it */
    sdist_imports_files(s, module);
    struct ch_str rest = module;
    struct ch_str first;
    const char *elsewhere = ch_str_split(&rest, '.', &first) ? ch_map_get(s->mapped, first) : NULL;
    if (elsewhere != NULL) {
        sdist_imports_folder(s, ch_str_of(elsewhere));
    }
    if (elsewhere != NULL || !sdist_module_is(s, module, sdist_assigns_literal, name)) {
        sdist_hook(s, dotted);
    }
}

static bool has_docstring(struct ch_str source, struct ch_str name CH_UNUSED)
{
    return sdist_has_docstring(source);
}

static bool has_text(const struct ch_toml_node *array, const char *text)
{
    for (const struct ch_toml_node *n = sdist_toml_child(array); n != NULL; n = n->next) {
        if (ch_str_eq(sdist_toml_text(n), ch_str_of(text))) {
            return true;
        }
    }
    return false;
}

/* flit_core reads version and summary from the module, and imports it when they are no texts, or
 * empty; old ones also when the version is annotated. */
static void check_flit(struct sdist *s, const struct ch_toml_node *root)
{
    const struct ch_toml_node *project = ch_toml_find(root, "project");
    const struct ch_toml_node *flit = ch_toml_find(ch_toml_find(root, "tool"), "flit");
    const struct ch_toml_node *dynamic = ch_toml_find(project, "dynamic");
    bool version = project == NULL || has_text(dynamic, "version");
    bool summary = project == NULL || has_text(dynamic, "description");
    struct ch_str module = text_at(ch_toml_find(flit, "module"), "name");
    module = module.len > 0 ? module : text_at(ch_toml_find(flit, "metadata"), "module");
    module = module.len > 0 ? module : text_at(project, "name");
    if (module.len == 0) {
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.member_path_bytes);
    for (size_t i = 0; i < module.len; i++) {
        ch_buf_putc(&b, module.ptr[i] == '-' ? '_' : module.ptr[i]);
    }
    struct ch_str dotted = b.failed ? CH_STR("") : ch_buf_str(&b);
    if ((version && !sdist_module_is(s, dotted, sdist_assigns_text, CH_STR("__version__"))) ||
        (summary && !sdist_module_is(s, dotted, has_docstring, CH_STR("")))) {
        sdist_hook(s, dotted);
        sdist_imports_files(s, dotted);
    }
    ch_buf_done(&b);
}

/* --- the back ends --- */

/* hooks = {custom = {path = ...}, vcs = {...}, ...} */
static void check_hatch_hooks(struct sdist *s, const struct ch_toml_node *hooks)
{
    const struct ch_toml_node *custom = ch_toml_find(hooks, "custom");
    const struct ch_toml_node *version = ch_toml_find(hooks, "version");
    const struct ch_toml_node *vcs = ch_toml_find(hooks, "vcs");
    if (custom != NULL) {
        struct ch_str path = text_at(custom, "path");
        sdist_hook_file(s, path.len > 0 ? path : CH_STR("hatch_build.py"));
    }
    if (ch_toml_find(hooks, "build-scripts") != NULL) { /* commands for a shell */
        sdist_hook(s, CH_STR("build-scripts"));
    }
    sdist_hook_written(s, text_at(version, "path"), text_at(version, "template"));
    sdist_hook_written(s, text_at(vcs, "version-file"), text_at(vcs, "template"));
}

static void check_scm(struct sdist *s, const struct ch_toml_node *scm);

/* [tool.hatch] of pyproject.toml, or the whole of hatch.toml. */
static void check_hatch(struct sdist *s, const struct ch_toml_node *hatch)
{
    const struct ch_toml_node *build = ch_toml_find(hatch, "build");
    const struct ch_toml_node *version = ch_toml_find(hatch, "version");
    check_hatch_hooks(s, ch_toml_find(build, "hooks"));
    check_hatch_hooks(s, ch_toml_find(ch_toml_find(hatch, "metadata"), "hooks"));
    const struct ch_toml_node *targets = ch_toml_find(build, "targets");
    for (const struct ch_toml_node *n = sdist_toml_child(targets); n != NULL; n = n->next) {
        check_hatch_hooks(s, ch_toml_find(n, "hooks"));
    }
    if (ch_str_eq(text_at(version, "source"), CH_STR("code"))) {
        sdist_hook_file(s, text_at(version, "path")); /* imported to get the version */
    }
    check_scm(s, ch_toml_find(version, "raw-options"));
}

/* setuptools_scm, and hatch-vcs by its raw-options. */
static void check_scm(struct sdist *s, const struct ch_toml_node *scm)
{
    static const char *const objects[] = {"version_scheme", "local_scheme", "parse", "version_cls"};
    const struct ch_toml_node *git = ch_toml_find(ch_toml_find(scm, "scm"), "git");
    const struct ch_toml_node *commands[] = {ch_toml_find(scm, "git_describe_command"),
                                             ch_toml_find(git, "describe_command")};
    struct ch_str template = text_at(scm, "version_file_template");
    template = template.len > 0 ? template : text_at(scm, "write_to_template");
    sdist_hook_written(s, text_at(scm, "write_to"), template);
    sdist_hook_written(s, text_at(scm, "version_file"), template);
    for (size_t i = 0; i < CH_ARRAY_LEN(objects); i++) {
        check_object(s, text_at(scm, objects[i]));
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(commands); i++) {
        const struct ch_toml_node *words = sdist_toml_child(commands[i]);
        bool describes = ch_str_starts(sdist_toml_text(commands[i]), CH_STR("git describe")) ||
                         (words != NULL && ch_str_eq(sdist_toml_text(words), CH_STR("git")) &&
                          ch_str_eq(sdist_toml_text(words->next), CH_STR("describe")));
        if (commands[i] != NULL && !describes) {
            sdist_hook(s, CH_STR("git_describe_command"));
        }
    }
}

static void check_pdm(struct sdist *s, const struct ch_toml_node *pdm, struct ch_str backend)
{
    const struct ch_toml_node *build = ch_toml_find(pdm, "build");
    const struct ch_toml_node *version = ch_toml_find(pdm, "version");
    const struct ch_toml_node *setuptools = ch_toml_find(build, "run-setuptools");
    struct ch_str script = text_at(build, "custom-hook");
    if (script.len > 0) {
        sdist_hook_file(s, script);
    } else if ((pdm != NULL || ch_str_starts(backend, CH_STR("pdm."))) &&
               sdist_find(s, CH_STR("pdm_build.py")) != NULL) {
        sdist_hook_file(s, CH_STR("pdm_build.py"));
    }
    script = text_at(build, "setup-script");
    script = script.len > 0 ? script : sdist_toml_text(build); /* of pdm-pep517 */
    if (script.len > 0) {
        sdist_hook_file(s, script);
    } else if (setuptools != NULL && (setuptools->kind != CH_TOML_BOOLEAN || setuptools->boolean)) {
        sdist_hook_file(s, CH_STR("setup.py"));
    }
    if (ch_str_eq(text_at(version, "source"), CH_STR("call"))) {
        sdist_hook_object(s, text_at(version, "getter"));
    }
    check_object(s, text_at(version, "version_format"));
    sdist_hook_written(s, text_at(version, "write_to"), text_at(version, "write_template"));
}

/* The settings of scikit-build-core, or those that one of its overrides gives. */
static void check_scikit(struct sdist *s, const struct ch_toml_node *scikit)
{
    const struct ch_toml_node *fields = ch_toml_find(scikit, "metadata");
    for (const struct ch_toml_node *n = sdist_toml_child(fields); n != NULL; n = n->next) {
        const struct ch_toml_node *path = ch_toml_find(n, "provider-path");
        struct ch_str folder = sdist_clean(sdist_toml_text(path));
        if (path == NULL) {
            continue; /* a provider that is installed */
        }
        sdist_hook_object(s, text_at(n, "provider"));
        if (folder.len > 0) {
            sdist_runs_folder(s, folder);
        }
    }
    const struct ch_toml_node *files = ch_toml_find(scikit, "generate");
    for (const struct ch_toml_node *n = sdist_toml_child(files); n != NULL; n = n->next) {
        sdist_hook_written(s, text_at(n, "path"), text_at(n, "template"));
    }
}

static void check_setuptools(struct sdist *s, const struct ch_toml_node *setuptools)
{
    const struct ch_toml_node *commands = ch_toml_find(setuptools, "cmdclass");
    for (const struct ch_toml_node *n = sdist_toml_child(commands); n != NULL; n = n->next) {
        sdist_install_code(s, "pyproject cmdclass", n->key.len > 0 ? n->key : CH_STR("."));
        sdist_runs_module(s, sdist_toml_text(n));
    }
    const struct ch_toml_node *dynamic = ch_toml_find(setuptools, "dynamic");
    for (const struct ch_toml_node *n = sdist_toml_child(dynamic); n != NULL; n = n->next) {
        sdist_reads_attribute(s, ch_str_trim(text_at(n, "attr")));
    }
}

void sdist_check_hooks(struct sdist *s, const struct ch_toml_node *root, struct ch_str backend)
{
    const struct ch_toml_node *tool = ch_toml_find(root, "tool");
    check_hatch(s, ch_toml_find(tool, "hatch"));
    const struct ch_toml_node *build = ch_toml_find(ch_toml_find(tool, "poetry"), "build");
    struct ch_str script = sdist_toml_text(build);
    script = script.len > 0 ? script : text_at(build, "script");
    if (script.len > 0) {
        sdist_hook_file(s, script);
    }
    check_pdm(s, ch_toml_find(tool, "pdm"), backend);
    check_setuptools(s, ch_toml_find(tool, "setuptools"));
    check_scm(s, ch_toml_find(tool, "setuptools_scm"));
    check_scm(s, ch_toml_find(tool, "setuptools-scm"));
    const struct ch_toml_node *scikit = ch_toml_find(tool, "scikit-build");
    check_scikit(s, scikit);
    const struct ch_toml_node *overrides = ch_toml_find(scikit, "overrides");
    for (const struct ch_toml_node *n = sdist_toml_child(overrides); n != NULL; n = n->next) {
        check_scikit(s, n);
    }
    if (ch_str_starts(backend, CH_STR("flit"))) {
        check_flit(s, root);
    }
    if (ch_str_starts(backend, CH_STR("sipbuild.")) &&
        sdist_find(s, CH_STR("project.py")) != NULL) {
        sdist_hook_file(s, CH_STR("project.py"));
    }
    sdist_check_tools(s, root, backend);
}

void sdist_check_hatch_file(struct sdist *s)
{
    struct sdist_file *f = sdist_find(s, CH_STR("hatch.toml"));
    struct ch_toml *toml = NULL;
    struct ch_err err;
    if (f == NULL) {
        return;
    }
    if (ch_toml_parse(f->bytes, "hatch.toml", &toml, &err) != CH_OK) {
        sdist_report(s, CH_F_SDIST_BUILD, f->path, "%s", err.msg);
        return;
    }
    sdist_read_hatch_roots(s, ch_toml_root(toml));
    check_hatch(s, ch_toml_root(toml));
    ch_toml_free(toml);
}
