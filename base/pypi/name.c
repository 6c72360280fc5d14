#include "base/pypi/name.h"

#include "customhouse/limits.h"

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == '.';
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool ch_pypi_name_valid(struct ch_str name)
{
    if (name.len == 0 || name.len > ch_limits.project_name_bytes) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (!is_alnum(name.ptr[i]) && !is_separator(name.ptr[i])) {
            return false;
        }
    }
    return is_alnum(name.ptr[0]) && is_alnum(name.ptr[name.len - 1]);
}

/* The next character of the normal form; false at the end. */
static bool next_normal(struct ch_str *rest, char *ret_c)
{
    if (rest->len == 0) {
        return false;
    }
    size_t n = 1;
    *ret_c = lower(rest->ptr[0]);
    if (is_separator(rest->ptr[0])) {
        *ret_c = '-';
        while (n < rest->len && is_separator(rest->ptr[n])) {
            n++;
        }
    }
    *rest = ch_str_sub(*rest, n, rest->len);
    return true;
}

void ch_pypi_name_put_normal(struct ch_buf *b, struct ch_str name)
{
    char c = '\0';
    while (next_normal(&name, &c)) {
        ch_buf_putc(b, c);
    }
}

bool ch_pypi_name_is_normal(struct ch_str name)
{
    if (!ch_pypi_name_valid(name)) {
        return false;
    }
    struct ch_str rest = name;
    char c = '\0';
    size_t i = 0;
    while (next_normal(&rest, &c)) {
        if (name.ptr[i] != c) {
            return false;
        }
        i++;
    }
    return i == name.len;
}

bool ch_pypi_name_eq(struct ch_str a, struct ch_str b)
{
    if (!ch_pypi_name_valid(a) || !ch_pypi_name_valid(b)) {
        return false;
    }
    char ca = '\0';
    char cb = '\0';
    for (;;) {
        bool more_a = next_normal(&a, &ca);
        bool more_b = next_normal(&b, &cb);
        if (more_a != more_b || (more_a && ca != cb)) {
            return false;
        }
        if (!more_a) {
            return true;
        }
    }
}
