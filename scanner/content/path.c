#include "scanner/content/path.h"

#include "customhouse/ascii.h"

struct ch_str path_base(struct ch_str path)
{
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/') {
        at--;
    }
    return ch_str_sub(path, at, path.len);
}

struct ch_str path_folder(struct ch_str path)
{
    return ch_str_sub(path, 0, path.len - path_base(path).len);
}

struct ch_str path_extension(struct ch_str path)
{
    struct ch_str base = path_base(path);
    size_t at = base.len;
    while (at > 0 && base.ptr[at - 1] != '.') {
        at--;
    }
    return at <= 1 ? (struct ch_str){NULL, 0} : ch_str_sub(base, at, base.len);
}

bool path_has_extension(struct ch_str path, const char *lower_case)
{
    return ch_str_eq_nocase(path_extension(path), ch_str_of(lower_case));
}

bool path_ends_nocase(struct ch_str s, struct ch_str suffix)
{
    return s.len >= suffix.len &&
           ch_str_eq_nocase(ch_str_sub(s, s.len - suffix.len, suffix.len), suffix);
}

struct ch_str path_test_part(struct ch_str path)
{
    static const char *const names[] = {"tests",    "test",       "_tests",    "_test",
                                        "testdata", "testing",    "unittests", "examples",
                                        "example",  "benchmarks", "fixtures"};
    struct ch_str rest = path;
    struct ch_str part;
    while (ch_str_split(&rest, '/', &part)) {
        if (rest.ptr == NULL) {
            break; /* the file itself */
        }
        for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
            if (ch_str_eq_nocase(part, ch_str_of(names[i]))) {
                return part;
            }
        }
    }
    return (struct ch_str){NULL, 0};
}

bool path_is_test(struct ch_str path)
{
    return path_test_part(path).ptr != NULL;
}

bool path_is_test_module(struct ch_str path)
{
    struct ch_str base = path_base(path);
    struct ch_str stem = path_stem(base);
    return base.len < path.len && ch_str_ends(base, CH_STR(".py")) && stem.len + 3 == base.len &&
           (ch_str_starts(stem, CH_STR("test_")) || ch_str_ends(stem, CH_STR("_test")) ||
            ch_str_eq(stem, CH_STR("conftest")) || ch_str_eq(stem, CH_STR("testing_utils")));
}

struct ch_str path_stem(struct ch_str base)
{
    size_t dot;
    return ch_str_find_char(base, '.', &dot) ? ch_str_sub(base, 0, dot) : base;
}

bool path_is_program(struct ch_str path)
{
    return ch_str_ends(path, CH_STR("/__main__.py"));
}

bool path_is_shell(struct ch_str path)
{
    static const char *const extensions[] = {"sh",  "bash", "zsh", "ksh", "fish",
                                             "bat", "cmd",  "ps1", "vbs", "command"};
    bool is = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(extensions); i++) {
        is = is || path_has_extension(path, extensions[i]);
    }
    return is;
}

bool path_below_prefix(struct ch_str path, struct ch_str *ret)
{
    struct ch_str rest = path;
    struct ch_str part;
    if (!ch_str_split(&rest, '/', &part) || rest.ptr == NULL) {
        return false;
    }
    bool library = ch_str_eq_nocase(part, CH_STR("lib")) || ch_str_eq_nocase(part, CH_STR("lib64"));
    for (struct ch_str below = rest; ch_str_split(&below, '/', &part) && below.ptr != NULL;) {
        if (ch_str_eq_nocase(part, CH_STR("site-packages")) ||
            ch_str_eq_nocase(part, CH_STR("dist-packages"))) {
            *ret = below;
            return true;
        }
    }
    /* Case does not count: file systems of Windows and macOS do not keep names apart by it. */
    if (!library || !ch_str_split(&rest, '/', &part) || rest.ptr == NULL ||
        (!ch_str_starts_nocase(part, CH_STR("python")) &&
         !ch_str_starts_nocase(part, CH_STR("pypy")))) {
        return false;
    }
    *ret = rest;
    return true;
}
