/* Which function of which module a name means. */
#include "scanner/source/link_int.h"

struct ch_str link_cut_calls(struct ch_str part)
{
    part.len -= ch_str_ends(part, CH_STR("()")) ? 2 : 0;
    return part;
}

struct ch_str link_last_part(struct ch_str *dotted)
{
    size_t n = dotted->len;
    while (n > 0 && dotted->ptr[n - 1] != '.') {
        n--;
    }
    struct ch_str part = ch_str_sub(*dotted, n, dotted->len - n);
    dotted->len = n > 0 ? n - 1 : 0;
    return part;
}

uint64_t link_folder_of(struct ch_str path)
{
    size_t n = path.len;
    while (n > 0 && path.ptr[n - 1] != '/') {
        n--;
    }
    path.len = n > 0 ? n - 1 : 0;
    n = path.len;
    while (n > 0 && path.ptr[n - 1] != '/') {
        n--;
    }
    return value_hash(ch_str_sub(path, n, path.len));
}

uint64_t link_key_of(const struct file *f, struct ch_str dotted)
{
    uint64_t name = value_hash(link_cut_calls(link_last_part(&dotted)));
    struct ch_str part = link_last_part(&dotted);
    if (part.len == 0) {
        return 0;
    }
    uint64_t owner = str_is(part, "?") ? link_folder_of(f->path) : value_hash(link_cut_calls(part));
    bool class = ch_str_ends(part, CH_STR("()")) || (part.ptr[0] >= 'A' && part.ptr[0] <= 'Z');
    if (class && dotted.len > 0) {
        owner = link_mix(value_hash(link_cut_calls(link_last_part(&dotted))), owner);
    }
    return link_mix(owner, name);
}

uint64_t link_class_of(struct ch_str dotted)
{
    uint64_t class = value_hash(link_cut_calls(link_last_part(&dotted)));
    struct ch_str module = link_last_part(&dotted);
    return module.len > 0 ? link_mix(value_hash(module), class) : 0;
}

bool link_is_own(const struct file *f, struct ch_str dotted)
{
    size_t dot = dotted.len;
    if (ch_str_starts(dotted, CH_STR("?"))) {
        return true;
    }
    CH_IGNORE(ch_str_find_char(dotted, '.', &dot));
    struct ch_str root = ch_str_sub(dotted, 0, dot);
    struct ch_str rest = f->path;
    struct ch_str part;
    size_t slash;
    bool imported = f->place == CH_PLACE_IMPORT || f->place == CH_PLACE_PROGRAM;
    bool may = root.len > 0 && (!imported || !ch_str_find_char(rest, '/', &slash));
    while (!may && ch_str_find_char(rest, '/', &slash)) {
        part = ch_str_sub(rest, 0, slash);
        may = ch_str_eq(part, root);
        rest = ch_str_sub(rest, slash + 1, rest.len);
    }
    return may && effects_under(root) == 0 && effects_of(dotted) == 0;
}

uint64_t link_stem_of(struct ch_str path)
{
    static const char *const ends[] = {"/__init__.py", ".pyw", ".py"};
    for (size_t i = 0; i < CH_ARRAY_LEN(ends); i++) {
        if (ch_str_ends(path, ch_str_of(ends[i]))) {
            path.len -= strlen(ends[i]);
            break;
        }
    }
    size_t n = path.len;
    while (n > 0 && path.ptr[n - 1] != '/') {
        n--;
    }
    return value_hash(ch_str_sub(path, n, path.len));
}

uint64_t link_functions_of(uint32_t file)
{
    return link_mix(0x66756e6374696f6eU, file + 1);
}
