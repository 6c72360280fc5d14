#include "inventory.h"
#include "lines.h"

/* As os-release(5) has them: no blank, nothing that a shell would read. */
static bool is_plain(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-' || c == '+';
        if (!good) {
            return false;
        }
    }
    return s.len > 0 && s.len <= 64;
}

static struct ch_str unquoted(struct ch_str s)
{
    bool quoted =
        s.len >= 2 && (s.ptr[0] == '"' || s.ptr[0] == '\'') && s.ptr[s.len - 1] == s.ptr[0];
    return quoted ? ch_str_sub(s, 1, s.len - 2) : s;
}

bool ch_inventory_os_release(struct ch_str text, struct ch_str *ret_id, struct ch_str *ret_version)
{
    struct ch_lines l = {.rest = text};
    struct ch_str id = {NULL, 0}, version = {NULL, 0};
    while (ch_lines_next(&l)) {
        struct ch_str value = ch_str_trim(l.line), name;
        if (!ch_str_split(&value, '=', &name) || value.ptr == NULL) {
            continue;
        }
        if (ch_str_eq(name, CH_STR("ID"))) {
            id = unquoted(value); /* of several a shell has the last one */
        } else if (ch_str_eq(name, CH_STR("VERSION_ID"))) {
            version = unquoted(value);
        }
    }
    if (!is_plain(id)) {
        return false;
    }
    *ret_id = id;
    *ret_version = is_plain(version) ? version : (struct ch_str){NULL, 0};
    return true;
}
