#include "scanner/content/installed.h"

#include "scanner/content/path.h"

static bool is_code(struct ch_str path)
{
    static const char *const extensions[] = {"py",  "pyw", "pyc",   "so",
                                             "pyd", "dll", "dylib", "pyx"};
    struct ch_str extension = path_extension(path);
    for (size_t i = 0; i < CH_ARRAY_LEN(extensions); i++) {
        if (ch_str_eq_nocase(extension, ch_str_of(extensions[i]))) {
            return true;
        }
    }
    return false;
}

/* What lies directly in site-packages, or in a folder there named like one of site's own modules.
 */
static bool runs_at_start(struct ch_str path)
{
    struct ch_str rest = path;
    struct ch_str first;
    if (!ch_str_split(&rest, '/', &first)) {
        return false;
    }
    struct ch_str stem = path_stem(first);
    bool site = ch_str_eq_nocase(stem, CH_STR("sitecustomize")) ||
                ch_str_eq_nocase(stem, CH_STR("usercustomize"));
    return (site && (is_code(path) || rest.ptr != NULL)) ||
           (rest.ptr == NULL &&
            (path_has_extension(path, "pth") || path_has_extension(path, "start")));
}

static enum ch_code_place place_in_site(struct ch_str path)
{
    if (runs_at_start(path)) {
        return CH_PLACE_START;
    }
    if (path_is_test(path) || path_is_test_module(path)) {
        return CH_PLACE_TEST;
    }
    if (path_is_program(path)) {
        return CH_PLACE_PROGRAM;
    }
    return is_code(path) ? CH_PLACE_IMPORT : CH_PLACE_NONE;
}

/* What Jupyter, IPython and shells run when they start, and a site-packages by another way. */
static enum ch_code_place place_in_prefix(struct ch_str path)
{
    static const struct ch_str starts[] = {{"etc/jupyter/", 12},
                                           {"etc/ipython/", 12},
                                           {"share/jupyter/kernels/", 22},
                                           {"etc/profile", 11},
                                           {"etc/bash", 8},
                                           {"etc/zsh", 7},
                                           {"etc/fish/", 9},
                                           {"etc/conda/activate.d/", 21},
                                           {"etc/conda/deactivate.d/", 23},
                                           {"etc/init.d/", 11},
                                           {"etc/cron", 8},
                                           {"share/fish/vendor_conf.d/", 25}};
    /* on sys.path on Windows: the standard library, and its extension modules */
    static const struct ch_str searched[] = {{"lib/", 4}, {"DLLs/", 5}};
    struct ch_str below;
    for (size_t i = 0; i < CH_ARRAY_LEN(starts); i++) {
        if (ch_str_eq_nocase(ch_str_sub(path, 0, starts[i].len), starts[i])) {
            return CH_PLACE_START;
        }
    }
    if (path_below_prefix(path, &below)) {
        return place_in_site(below);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(searched); i++) {
        if (ch_str_eq_nocase(ch_str_sub(path, 0, searched[i].len), searched[i])) {
            return place_in_site(ch_str_sub(path, searched[i].len, path.len));
        }
    }
    if (path_base(path).len == path.len) {
        return place_in_site(path); /* sys.prefix itself, which Windows searches */
    }
    return ch_str_eq_nocase(ch_str_sub(path, 0, 4), CH_STR("bin/")) ||
                   ch_str_eq_nocase(ch_str_sub(path, 0, 8), CH_STR("Scripts/"))
               ? CH_PLACE_IMPORT
               : CH_PLACE_NONE;
}

enum ch_code_place ch_installed_place(struct ch_installed where)
{
    switch (where.root) {
    case CH_INSTALLED_SITE:
        return place_in_site(where.path);
    case CH_INSTALLED_SCRIPTS:
        return CH_PLACE_IMPORT; /* when somebody calls it */
    case CH_INSTALLED_PREFIX:
        return place_in_prefix(where.path);
    case CH_INSTALLED_NOWHERE:
        break;
    }
    return CH_PLACE_NONE;
}

struct ch_str ch_installed_site(struct ch_installed where)
{
    struct ch_str below;
    bool prefix = where.root == CH_INSTALLED_PREFIX;
    return prefix && path_below_prefix(where.path, &below) ? below : where.path;
}

/* --- wheels --- */

struct ch_installed ch_installed_of_wheel(struct ch_str path)
{
    struct ch_str rest = path;
    struct ch_str first;
    struct ch_str key;
    struct ch_installed site = {CH_INSTALLED_SITE, path};
    struct ch_installed nowhere = {CH_INSTALLED_NOWHERE, path};
    if (!ch_str_split(&rest, '/', &first) || rest.ptr == NULL) {
        return site;
    }
    if (path_ends_nocase(first, CH_STR(".dist-info"))) {
        return nowhere;
    }
    if (!path_ends_nocase(first, CH_STR(".data"))) {
        return site;
    }
    if (!ch_str_split(&rest, '/', &key) || rest.ptr == NULL) { /* a file in the place of a folder */
        bool scripts = ch_str_eq_nocase(key, CH_STR("scripts"));
        return scripts ? (struct ch_installed){CH_INSTALLED_SCRIPTS, path} : nowhere;
    }
    if (ch_str_eq_nocase(key, CH_STR("purelib")) || ch_str_eq_nocase(key, CH_STR("platlib"))) {
        return (struct ch_installed){CH_INSTALLED_SITE, rest};
    }
    if (ch_str_eq_nocase(key, CH_STR("scripts"))) {
        return (struct ch_installed){CH_INSTALLED_SCRIPTS, rest};
    }
    if (ch_str_eq_nocase(key, CH_STR("data"))) {
        return (struct ch_installed){CH_INSTALLED_PREFIX, rest};
    }
    return (struct ch_installed){CH_INSTALLED_NOWHERE, rest};
}
