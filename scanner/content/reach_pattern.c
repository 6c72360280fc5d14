#include "scanner/content/reach_pattern.h"

#include "scanner/content/path.h"

/* "a*.t*t": any number of any letters for each "*". */
static bool fits(struct ch_str pattern, struct ch_str name)
{
    size_t p = 0;
    size_t n = 0;
    size_t star = SIZE_MAX;
    size_t from = 0;
    while (n < name.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = p++;
            from = n;
        } else if (p < pattern.len && (pattern.ptr[p] == name.ptr[n] || pattern.ptr[p] == '?')) {
            p++;
            n++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            n = ++from;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') {
        p++;
    }
    return p == pattern.len;
}

bool reach_fits(struct ch_str pattern, struct ch_str path, struct ch_str own)
{
    bool says = false;
    own.len -= own.len > 0 ? 1 : 0;
    while (pattern.len > 0) {
        struct ch_str part = path_base(pattern);
        struct ch_str name = path_base(path);
        if (ch_str_eq(part, CH_STR("**"))) {
            return ch_str_starts(path, own);
        }
        if (path.len == 0 && says) {
            return true; /* above what is imported from, as "src" is */
        }
        if (part.len == 0 || !fits(part, name)) {
            return false;
        }
        says = says || part.ptr[0] != '*';
        pattern.len -= part.len + (pattern.len > part.len ? 1 : 0);
        path.len -= name.len + (path.len > name.len ? 1 : 0);
    }
    return says || ch_str_eq(path, own);
}

bool reach_is_generic(struct ch_str base)
{
    static const char *const names[] = {"__init__.py", "__main__.py", "conftest.py", "setup.py"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        if (ch_str_eq(base, ch_str_of(names[i]))) {
            return true;
        }
    }
    return false;
}

bool reach_is_dotted(struct ch_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '.' || (uint8_t)c >= 0x80)) {
            return false;
        }
    }
    return text.len > 0;
}

bool reach_module_key(struct ch_str site, struct ch_buf *ret)
{
    static const char *const endings[] = {"py", "pyw", "pyc", "so", "pyd"};
    bool code = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(endings); i++) {
        code = code || path_has_extension(site, endings[i]);
    }
    struct ch_str folder = path_folder(site);
    struct ch_str stem = path_stem(path_base(site));
    if (ch_str_ends(folder, CH_STR("__pycache__/"))) {
        folder.len -= CH_STR("__pycache__/").len;
    }
    if (ch_str_eq(stem, CH_STR("__init__"))) {
        stem.len = 0;
        folder.len -= folder.len > 0 ? 1 : 0;
    }
    ch_buf_puts(ret, folder);
    ch_buf_puts(ret, stem);
    return code && !ret->failed;
}

bool reach_changes_path(struct ch_str before, struct ch_str name)
{
    static const struct ch_str ways[] = {{"__path__", 8},         {"addsitedir", 10},
                                         {"iter_modules", 12},    {"walk_packages", 13},
                                         {"run_path", 8},         {"spec_from_file_location", 23},
                                         {"SourceFileLoader", 16}};
    bool is = ch_str_eq(name, CH_STR("path")) && ch_str_eq(before, CH_STR("sys"));
    for (size_t i = 0; name.len >= 8 && i < CH_ARRAY_LEN(ways); i++) {
        is = is || ch_str_eq(name, ways[i]);
    }
    return is;
}

bool reach_says(struct ch_str path)
{
    bool says = false;
    for (size_t i = 0; i < path.len; i++) {
        says = says || (path.ptr[i] != '*' && path.ptr[i] != '/' && path.ptr[i] != '.');
    }
    return says;
}
