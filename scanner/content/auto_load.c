/* What would run without being imported by name (threats.md T17). Facts only: honest packages do it too,
 * and policy knows which (policy/auto_loaders.c).
 *
 * Spec: Python's site module; binary distribution format, "The .data directory"; jupyter_core's paths. */
#include "customhouse/limits.h"
#include "scanner/content/content_int.h"
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

static void see_start(struct ch_content *c, const struct seen *s)
{
    struct ch_str base = path_base(s->name);
    size_t at;
    if (path_has_extension(s->name, "pth")) {
        if (pth_does_something(s->bytes)) {
            content_factf(c, CH_FACT_AUTO_LOAD, "pth %.*s", CH_STR_ARG(base));
        }
    } else if (ch_str_find(s->name, CH_STR("usercustomize"), &at)) {
        content_fact(c, CH_FACT_AUTO_LOAD, CH_STR("usercustomize"));
    } else if (ch_str_find(s->name, CH_STR("sitecustomize"), &at)) {
        content_fact(c, CH_FACT_AUTO_LOAD, CH_STR("sitecustomize"));
    }
}

/* "name.py", "name.cpython-312-x86_64-linux-gnu.so", "name/part.py": what makes a module, or takes the place
 * of a part of one. */
static bool top_level_module(struct ch_str path, struct ch_str *ret)
{
    struct ch_str rest = path;
    struct ch_str first;
    CH_IGNORE(!ch_str_split(&rest, '/', &first));
    struct ch_str file = rest.ptr == NULL ? first : rest;
    bool code = path_has_extension(file, "py") || path_has_extension(file, "so") ||
                path_has_extension(file, "pyd") || path_has_extension(file, "pyc");
    size_t slash;
    if (!code || ch_str_find_char(file, '/', &slash)) {
        return false;
    }
    if (rest.ptr == NULL) {
        *ret = path_stem(first);
        return true;
    }
    *ret = first; /* a namespace takes nothing over, unless the owner of the name has a package there */
    return true;
}

static void see_module(struct ch_content *c, struct ch_str path)
{
    struct ch_str module;
    if (top_level_module(path, &module) && module_is_foreign(module, ch_buf_str(&c->project))) {
        content_factf(c, CH_FACT_AUTO_LOAD, "top-level %.*s", CH_STR_ARG(module));
    }
}

static void see_script(struct ch_content *c, struct ch_str name)
{
    if (command_is_known(name)) {
        content_factf(c, CH_FACT_AUTO_LOAD, "script %.*s", CH_STR_ARG(name));
    }
}

/* Folders under sys.prefix in which programs look for what they run, and how many of their parts are the
 * target that the fact names. */
static void see_data(struct ch_content *c, struct ch_str path)
{
    static const struct {
        const char *prefix;
        unsigned parts;
    } targets[] = {
        {"etc/jupyter/", 3},
        {"etc/ipython/", 3},
        {"share/jupyter/", 3},
        {"share/ipython/", 3},
        {"etc/profile.d/", 2},
        {"etc/init.d/", 2},
        {"etc/cron.d/", 2},
        {"etc/systemd/", 3},
        {"lib/systemd/", 3},
        {"etc/xdg/autostart/", 3},
        {"share/applications/", 2},
        {"etc/bash_completion.d/", 2},
        {"share/bash-completion/", 3},
    };
    const struct ch_str site = CH_STR("/site-packages/");
    size_t at;
    if (ch_str_starts(path, CH_STR("bin/")) || ch_str_starts(path, CH_STR("Scripts/"))) {
        see_script(c, path_base(path));
    }
    if (ch_str_find(path, site, &at)) {
        content_factf(c, CH_FACT_AUTO_LOAD, "data %.*s", (int)(at + site.len - 1), path.ptr);
        see_module(c, ch_str_sub(path, at + site.len, path.len));
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
    struct ch_str rest = s->name;
    struct ch_str first;
    struct ch_str key;
    if (s->place == CH_PLACE_START) {
        see_start(c, s);
    }
    if (c->options.kind != CH_CONTENT_WHEEL || !ch_str_split(&rest, '/', &first)) {
        return;
    }
    if (rest.ptr == NULL || !path_ends_nocase(first, CH_STR(".data"))) {
        see_module(c, s->name);
    } else if (ch_str_split(&rest, '/', &key) && rest.ptr != NULL) {
        if (ch_str_eq_nocase(key, CH_STR("purelib")) || ch_str_eq_nocase(key, CH_STR("platlib"))) {
            see_module(c, rest);
        } else if (ch_str_eq_nocase(key, CH_STR("scripts"))) {
            see_script(c, path_base(rest));
        } else if (ch_str_eq_nocase(key, CH_STR("data"))) {
            see_data(c, rest);
        }
    }
}

void ch_content_entry_point(struct ch_content *c, struct ch_str group, struct ch_str name,
                            struct ch_str object)
{
    if (c->reach != NULL) {
        reach_object(c->reach, object);
    }
    if (ch_str_eq(group, CH_STR("console_scripts")) || ch_str_eq(group, CH_STR("gui_scripts"))) {
        see_script(c, name);
    } else if (group_is_loaded_by_itself(group)) {
        content_factf(c, CH_FACT_AUTO_LOAD, "entry-point %.*s", CH_STR_ARG(group));
    }
}
