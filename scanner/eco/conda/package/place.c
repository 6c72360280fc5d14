/* Where the members of a conda package lie in an environment.
 *
 * Spec: CEP 20 (noarch: python: site-packages/ and python-scripts/ are moved to where the
 * environment's Python has them); conda's link scripts. */
#include "customhouse/ascii.h"
#include "scanner/content/path.h"
#include "scanner/eco/conda/package/package_int.h"

/* "site-packages/x" of noarch packages, "lib/python3.12/site-packages/x", "Lib/site-packages/x". */
static bool below_site(struct ch_str path, struct ch_str *ret)
{
    struct ch_str rest = path;
    struct ch_str part;
    bool first = ch_str_split(&rest, '/', &part) && rest.ptr != NULL;
    bool library =
        first && (ch_str_eq_nocase(part, CH_STR("lib")) || ch_str_eq_nocase(part, CH_STR("lib64")));
    if (library) {
        first = ch_str_split(&rest, '/', &part) && rest.ptr != NULL;
        bool python = first && (ch_str_starts_nocase(part, CH_STR("python")) ||
                                ch_str_starts_nocase(part, CH_STR("pypy")));
        first = python ? ch_str_split(&rest, '/', &part) && rest.ptr != NULL : first;
    }
    *ret = rest;
    return first && ch_str_eq_nocase(part, CH_STR("site-packages"));
}

struct ch_installed conda_installed(struct ch_str path)
{
    static const struct ch_str scripts[] = {{"bin/", 4}, {"Scripts/", 8}, {"python-scripts/", 15}};
    struct ch_str below;
    struct ch_str folder;
    struct ch_str name;
    if (ch_str_starts(path, CH_STR("info/")) || conda_in_dist_info(path, &folder, &name)) {
        return (struct ch_installed){CH_INSTALLED_NOWHERE, path};
    }
    if (below_site(path, &below)) {
        return (struct ch_installed){CH_INSTALLED_SITE, below};
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(scripts); i++) {
        if (ch_str_starts_nocase(path, scripts[i])) {
            return (struct ch_installed){CH_INSTALLED_SCRIPTS,
                                         ch_str_sub(path, scripts[i].len, path.len)};
        }
    }
    return (struct ch_installed){CH_INSTALLED_PREFIX, path};
}

enum ch_code_place conda_place(struct ch_str path)
{
    if (ch_str_starts(path, CH_STR("info/"))) { /* recipe and tests: no part of the environment */
        return path_is_test(path) ? CH_PLACE_TEST : CH_PLACE_NONE;
    }
    return conda_is_link_script(path) ? CH_PLACE_INSTALL
                                      : ch_installed_place(conda_installed(path));
}

bool conda_is_link_script(struct ch_str path)
{
    static const char *const endings[] = {
        "-pre-link.sh",  "-post-link.sh",  "-pre-unlink.sh",  "-post-unlink.sh",
        "-pre-link.bat", "-post-link.bat", "-pre-unlink.bat", "-post-unlink.bat",
    };
    bool script = ch_str_starts_nocase(path, CH_STR("bin/.")) ||
                  ch_str_starts_nocase(path, CH_STR("Scripts/.")) ||
                  ch_str_starts_nocase(path, CH_STR("python-scripts/.")); /* which becomes bin/ */
    size_t slash;
    struct ch_str base = path_base(path);
    if (!script || !ch_str_find_char(path, '/', &slash) || base.len + slash + 1 != path.len) {
        return false;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(endings); i++) {
        if (path_ends_nocase(base, ch_str_of(endings[i]))) {
            return true;
        }
    }
    return false;
}

bool conda_in_dist_info(struct ch_str path, struct ch_str *ret_folder, struct ch_str *ret_name)
{
    struct ch_str rest;
    struct ch_str first;
    if (!below_site(path, &rest) || !ch_str_split(&rest, '/', &first) || rest.ptr == NULL ||
        !path_ends_nocase(first, CH_STR(".dist-info"))) {
        return false;
    }
    *ret_folder = ch_str_sub(path, 0, (size_t)(first.ptr - path.ptr) + first.len);
    *ret_name = rest;
    return true;
}

/* What of the path lies below a folder of sys.path: all of it, where no other one is, since Windows searches sys.prefix
 * itself. "lib/python3.12/x/site-packages" is one where something puts it there (installed.c). A script's own folder comes
 * first. */
static struct ch_str below_searched(struct ch_str path)
{
    struct ch_str below;
    static const struct ch_str dynload = {"lib-dynload/", 12};
    static const struct ch_str folders[] = {
        {"Lib/", 4}, {"DLLs/", 5}, {"bin/", 4}, {"Scripts/", 8}, {"python-scripts/", 15}};
    if (below_site(path, &below)) {
        return below;
    }
    if (path_below_prefix(path, &below)) {
        return ch_str_starts_nocase(below, dynload) ? ch_str_sub(below, dynload.len, below.len) : below;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(folders); i++) {
        if (ch_str_starts_nocase(path, folders[i])) {
            return ch_str_sub(path, folders[i].len, path.len);
        }
    }
    return path;
}

/* "foo.dist-info/x", "foo.egg-info/x", "foo.egg/EGG-INFO/x", "foo.egg-info": how much of it is the folder. */
static bool is_described(struct ch_str below, size_t *ret_folder, struct ch_str *ret_name)
{
    struct ch_str rest = below, first, second;
    *ret_name = (struct ch_str){NULL, 0};
    if (!ch_str_split(&rest, '/', &first)) {
        return false;
    }
    *ret_folder = first.len;
    if (path_ends_nocase(first, CH_STR(".egg-info")) ||
        (path_ends_nocase(first, CH_STR(".dist-info")) && rest.ptr != NULL)) {
        *ret_name = rest;
        return true;
    }
    if (!path_ends_nocase(first, CH_STR(".egg")) || rest.ptr == NULL ||
        !ch_str_split(&rest, '/', &second) || rest.ptr == NULL ||
        !ch_str_eq_nocase(second, CH_STR("EGG-INFO"))) {
        return false;
    }
    *ret_folder = first.len + 1 + second.len;
    *ret_name = rest;
    return true;
}

bool conda_describes(struct ch_str path, struct ch_str *ret_folder, struct ch_str *ret_name)
{
    struct ch_str below = below_searched(path);
    size_t folder;
    if (ch_str_starts(path, CH_STR("info/")) || !is_described(below, &folder, ret_name)) {
        return false;
    }
    *ret_folder = ch_str_sub(path, 0, (size_t)(below.ptr - path.ptr) + folder);
    return true;
}

bool conda_is_description(struct ch_str path, struct ch_str *ret_folder)
{
    struct ch_str rest = path, name;
    size_t folder, at;
    if (ch_str_starts(path, CH_STR("info/"))) {
        return false;
    }
    while (!is_described(rest, &folder, &name)) {
        if (!ch_str_find_char(rest, '/', &at)) {
            return false;
        }
        rest = ch_str_sub(rest, at + 1, rest.len);
    }
    *ret_folder = ch_str_sub(path, 0, (size_t)(rest.ptr - path.ptr) + folder);
    return true;
}

bool conda_is_egg(struct ch_str path)
{
    struct ch_str below = below_searched(path);
    return !ch_str_starts(path, CH_STR("info/")) && !ch_str_find_char(below, '/', NULL) &&
           (path_ends_nocase(below, CH_STR(".egg")) ||
            path_ends_nocase(below, CH_STR(".egg-link")));
}

bool conda_path_is_inside(struct ch_str path)
{
    struct ch_str rest = path;
    struct ch_str part;
    for (size_t i = 0; i < path.len; i++) {
        uint8_t c = (uint8_t)path.ptr[i];
        if (c < 0x20 || c == 0x7f || c == '\\') {
            return false;
        }
    }
    if (path.len == 0 || (path.len > 1 && path.ptr[1] == ':')) {
        return false;
    }
    while (ch_str_split(&rest, '/', &part)) {
        if (part.len == 0 || ch_str_eq(part, CH_STR(".")) || ch_str_eq(part, CH_STR(".."))) {
            return false;
        }
    }
    return true;
}

bool conda_join(struct ch_str folder, struct ch_str relative, struct ch_buf *ret)
{
    struct ch_str rest = relative;
    struct ch_str part;
    ch_buf_clear(ret);
    ch_buf_puts(ret, folder);
    while (ret->len > 0 && ret->ptr[ret->len - 1] == '/') {
        ret->len--;
    }
    while (ch_str_split(&rest, '/', &part)) {
        if (ch_str_eq(part, CH_STR(".."))) {
            if (ret->len == 0) {
                return false;
            }
            while (ret->len > 0 && ret->ptr[ret->len - 1] != '/') {
                ret->len--;
            }
            ret->len -= ret->len > 0 ? 1 : 0;
        } else if (part.len > 0 && !ch_str_eq(part, CH_STR("."))) {
            ch_buf_puts(ret, ret->len > 0 ? CH_STR("/") : CH_STR(""));
            ch_buf_puts(ret, part);
        }
    }
    return !ret->failed && ret->len > 0;
}
