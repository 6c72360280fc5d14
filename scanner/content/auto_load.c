/* What would run without being imported by name (threats.md T17). Facts only: honest packages do it too,
 * and policy knows which (policy/auto_loaders.c).
 *
 * Spec: Python's site module; binary distribution format, "The .data directory"; jupyter_core's paths. */
#include "customhouse/limits.h"
#include "scanner/content/content_int.h"
#include "scanner/content/installed.h"
#include "scanner/content/modules.h"
#include "scanner/content/path.h"
#include "scanner/content/pth.h"
#include "scanner/content/reach.h"

/* Some Python executes a line of it, or takes one for a folder. */
static bool pth_does_something(struct ch_str bytes)
{
    struct pth_line line = {PTH_NOTHING, {NULL, 0}};
    for (int view = 0; view < PTH_VIEW_COUNT; view++) {
        struct pth p = pth_open(bytes, (enum pth_view)view);
        while (pth_next(&p, &line)) {
            if (line.kind != PTH_NOTHING) {
                return true;
            }
        }
    }
    return false;
}

static bool start_calls(struct ch_str bytes)
{
    struct ch_buf source;
    size_t at;
    ch_buf_init(&source, 3 * bytes.len + 64);
    content_start_source(bytes, &source);
    bool calls = source.failed || ch_str_find(ch_buf_str(&source), CH_STR("()"), &at);
    ch_buf_done(&source);
    return calls;
}

static void see_start(struct ch_content *c, const struct seen *s)
{
    struct ch_str base = path_base(s->name);
    size_t at;
    if (path_has_extension(s->name, "start")) {
        if (start_calls(s->bytes)) {
            content_factf(c, CH_FACT_AUTO_LOAD, "start %.*s", CH_STR_ARG(base));
        }
    } else if (path_has_extension(s->name, "pth")) {
        if (pth_does_something(s->bytes)) {
            content_factf(c, CH_FACT_AUTO_LOAD, "pth %.*s", CH_STR_ARG(base));
        }
    } else if (ch_str_find(s->name, CH_STR("usercustomize"), &at)) {
        content_fact(c, CH_FACT_AUTO_LOAD, CH_STR("usercustomize"));
    } else if (ch_str_find(s->name, CH_STR("sitecustomize"), &at)) {
        content_fact(c, CH_FACT_AUTO_LOAD, CH_STR("sitecustomize"));
    }
}

static bool is_module(struct ch_str path)
{
    return path_has_extension(path, "py") || path_has_extension(path, "so") ||
           path_has_extension(path, "pyd") || path_has_extension(path, "pyc");
}

/* "name.py", "name.cpython-312-x86_64-linux-gnu.so", "name/part.py", "name/a/b.py": what makes a module, or
 * takes the place of a part of one, however deep; also a file that another project's code reads. */
static void see_module_in(struct ch_content *c, struct ch_str path,
                          bool (*is_standard)(struct ch_str))
{
    struct ch_str rest = path;
    struct ch_str first;
    if (!ch_str_split(&rest, '/', &first) || (rest.ptr == NULL && !is_module(first))) {
        return;
    }
    struct ch_str module = rest.ptr == NULL ? path_stem(first) : first;
    /* their libraries load all that lies in folders of these names, as if it had registered itself
     */
    if (ch_str_eq(module, CH_STR("jax_plugins")) ||
        ch_str_eq(module, CH_STR("tensorflow-plugins"))) {
        content_factf(c, CH_FACT_AUTO_LOAD, "entry-point %.*s", CH_STR_ARG(module));
    }
    struct ch_str project = ch_buf_str(&c->project);
    if (module_is_of_another(module, project) ||
        (!c->options.interpreter && is_standard(module) && is_module(path))) {
        content_factf(c, CH_FACT_AUTO_LOAD, "top-level %.*s", CH_STR_ARG(module));
    }
}

static void see_module(struct ch_content *c, struct ch_str path)
{
    see_module_in(c, path, module_is_standard);
}

/* A script is started with its folder first on sys.path: what lies there answers the imports of all
 * of them, of pip's too. */
static void see_scripts_folder(struct ch_content *c, struct ch_str path)
{
    see_module(c, path);
}

static void see_script(struct ch_content *c, struct ch_str name)
{
    if (ch_command_is_known(name)) {
        content_factf(c, CH_FACT_AUTO_LOAD, "script %.*s", CH_STR_ARG(name));
    }
}

/* "lib/python311.zip" comes first on sys.path; "python311._pth" says what else is on it; a .pth or
 * .start file of sys.prefix itself is read on Windows, where the interpreter's libraries lie, too.
 */
static bool replaces_python(struct ch_str path)
{
    struct ch_str base = path_base(path);
    bool named = ch_str_eq_nocase(ch_str_sub(base, 0, 6), CH_STR("python"));
    bool zip = named && path_has_extension(base, "zip");
    bool library = base.len == path.len && path_has_extension(base, "dll") &&
                   (named || ch_str_eq_nocase(ch_str_sub(base, 0, 9), CH_STR("vcruntime")));
    return zip || library || path_has_extension(base, "_pth") ||
           (base.len == path.len && content_is_start_text(base));
}

/* What programs look for under sys.prefix: beginnings of paths, and how many of their parts are the
 * target that the fact names. */
static const struct {
    const char *prefix;
    unsigned parts;
} targets[] = {
    {"etc/jupyter/", 3},
    {"etc/ipython/", 3},
    {"share/jupyter/", 3},
    {"share/ipython/", 3},
    {"etc/dask/", 2},
    /* shells, and what they complete */
    {"etc/profile", 2},
    {"etc/bash", 2},
    {"etc/zsh", 2},
    {"etc/fish/", 3},
    {"etc/conda/", 3},
    {"share/fish/vendor_", 3},
    {"share/zsh/site-functions", 3},
    {"share/bash-completion/", 3},
    /* the system */
    {"etc/init.d/", 2},
    {"etc/cron", 2},
    {"etc/ld.so.", 2},
    {"etc/udev/", 3},
    {"etc/sudoers", 2},
    {"etc/ssh/", 2},
    {"etc/pam.d/", 2},
    {"etc/OpenCL/vendors", 3},
    {"etc/systemd/", 3},
    {"lib/systemd/", 3},
    {"etc/xdg/autostart/", 3},
    {"share/applications/", 2},
    /* files that tell programs from where they fetch, and whom they trust */
    {"pip.conf", 1},
    {"pip.ini", 1},
    {"etc/pip.conf", 2},
    {"etc/xdg/pip/", 3},
    {"uv.toml", 1},
    {"etc/uv/", 2},
    {"etc/xdg/uv/", 3},
    {"condarc", 1},
    {"conda-meta/", 2},
    {"etc/npmrc", 2},
    {"etc/gitconfig", 2},
    {"ssl/", 2},
    {"pyvenv.cfg", 1}, /* which Python a virtual environment is */
    /* below ~/.local, where pip puts what it installs for a user alone */
    {"share/systemd/", 3},
    {"share/dbus-1/", 3},
    {"share/nvim/", 3},
    {"share/gnome-shell/extensions", 3},
    {"share/nautilus", 2},
    {"share/thumbnailers/", 2},
    {"share/kservices", 2},
    {"share/kio/", 3},
    {"share/plasma/", 3},
    /* the same of a prefix that programs of the system have, too, or that is a conda environment */
    {"share/gdb/auto-load/", 3},
    {"share/vim/", 3},
    {"share/emacs/site-lisp/", 3},
    {"libexec/git-core/", 2},
    {"include/python", 2},
    {"etc/environment", 2},
    {"etc/hosts", 2},
    {"etc/resolv.conf", 2},
    {"etc/rc", 2},
    {"etc/X11/", 3},
    {"etc/dbus-1/", 3},
    {"etc/mod", 2}, /* modules-load.d, modprobe.d */
    {"etc/apt/", 3},
    {"etc/yum", 2},
    {"etc/csh", 2},
    {"etc/inputrc", 2},
    {"etc/vim", 2},
    {"etc/tmux.conf", 2},
    {"etc/xonsh", 2},
    {"etc/pip/", 2},
    /* libraries that the interpreter itself loads */
    {"DLLs/", 1},
    {"Library/bin/libcrypto", 3},
    {"Library/bin/libssl", 3},
    {"Library/bin/ffi", 3},
    {"Library/bin/sqlite3", 3},
    {"Library/bin/zlib", 3},
    {"lib/libpython", 2},
    {"lib/libcrypto.", 2},
    {"lib/libssl.", 2},
    {"lib/libffi.", 2},
    {"lib/libz.", 2},
    {"lib/libsqlite3.", 2},
    {"lib/libexpat.", 2},
    {"lib/libbz2.", 2},
    {"lib/liblzma.", 2},
    {"lib/libreadline.", 2},
    {"lib/libncurses", 2},
    {"lib/libtinfo", 2},
    {"lib/libuuid.", 2},
    {"lib/libstdc++.", 2},
    {"lib/libgcc_s.", 2},
    {"lib/libc.so", 2},
    {"lib/libc.musl", 2},
};

static void see_data(struct ch_content *c, struct ch_str path)
{
    struct ch_str below;
    size_t at = 0;
    size_t slash;
    struct ch_str folder = ch_str_find_char(path, '/', &slash) ? ch_str_sub(path, 0, slash) : path;
    bool scripts =
        ch_str_eq_nocase(folder, CH_STR("bin")) || ch_str_eq_nocase(folder, CH_STR("Scripts"));
    bool program = path_has_extension(path, "exe") && path_base(path).len == path.len;
    if (program || scripts) {
        see_script(c, path_base(path));
    }
    if (scripts) {
        see_scripts_folder(c, ch_str_sub(path, folder.len + 1, path.len));
    }
    if (ch_str_starts(path, CH_STR(".")) && folder.len > 1) {
        /* a home's settings: nothing else has such names */
        content_factf(c, CH_FACT_AUTO_LOAD, "data %.*s", CH_STR_ARG(folder));
    }
    if (path_below_prefix(path, &below)) {
        content_factf(c, CH_FACT_AUTO_LOAD, "data %.*s", (int)(path.len - below.len - 1), path.ptr);
        see_module(c, below);
    } else if (replaces_python(path)) {
        content_factf(c, CH_FACT_AUTO_LOAD, "data %.*s", CH_STR_ARG(path));
    } else if (ch_str_eq_nocase(folder, CH_STR("lib")) && folder.len < path.len) {
        /* the standard library's folder on Windows, where case does not tell names apart */
        see_module_in(c, ch_str_sub(path, 4, path.len), module_is_standard_nocase);
    } else if (!scripts) {
        see_module_in(c, path,
                      module_is_standard_nocase); /* on Windows sys.prefix is searched, too */
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(targets); i++) {
        struct ch_str prefix = ch_str_of(targets[i].prefix);
        struct ch_str rest = path;
        struct ch_str part;
        if (!ch_str_eq_nocase(ch_str_sub(path, 0, prefix.len), prefix)) {
            continue;
        }
        for (unsigned n = 0; n < targets[i].parts && ch_str_split(&rest, '/', &part); n++) {
            at = (size_t)(part.ptr + part.len - path.ptr);
        }
        content_factf(c, CH_FACT_AUTO_LOAD, "data %.*s", (int)at, path.ptr);
        return;
    }
}

void content_auto_load(struct ch_content *c, const struct seen *s)
{
    if (c->options.place(c->options.arg, s->path) == CH_PLACE_START) {
        see_start(c, s);
    }
    if (c->options.installed == NULL) {
        return;
    }
    struct ch_installed where = c->options.installed(c->options.arg, s->name);
    switch (where.root) {
    case CH_INSTALLED_SITE:
        see_module(c, where.path);
        break;
    case CH_INSTALLED_SCRIPTS:
        see_script(c, path_base(where.path));
        see_scripts_folder(c, where.path);
        break;
    case CH_INSTALLED_PREFIX:
        see_data(c, where.path);
        break;
    case CH_INSTALLED_NOWHERE:
        break;
    }
}

void ch_content_named(struct ch_content *c, struct ch_str path, struct ch_str bytes)
{
    struct seen s = {.path = path, .name = path, .bytes = bytes, .size_bytes = bytes.len};
    content_auto_load(c, &s);
}

void ch_content_executed(struct ch_content *c, struct ch_str path, bool start)
{
    if (c->reach != NULL) {
        reach_path(c->reach, path, REACH_CODE | (start ? REACH_START : 0));
    }
}

void ch_content_object(struct ch_content *c, struct ch_str object)
{
    if (c->reach != NULL) {
        reach_object(c->reach, object);
    }
}

void ch_content_entry_point(struct ch_content *c, struct ch_str group, struct ch_str name,
                            struct ch_str object)
{
    ch_content_object(c, object);
    if (ch_str_eq(group, CH_STR("console_scripts")) || ch_str_eq(group, CH_STR("gui_scripts"))) {
        see_script(c, name);
        see_scripts_folder(c, name);
    } else if (ch_group_loads_by_itself(group)) {
        content_factf(c, CH_FACT_AUTO_LOAD, "entry-point %.*s", CH_STR_ARG(group));
    }
}
