/* Which operation a request is for, and what its path says. */
#include "operations.h"

#include <string.h>

const char *operation_method_name(enum ch_http_method method)
{
    return method == CH_HTTP_POST ? "POST" : method == CH_HTTP_DELETE ? "DELETE" : "GET";
}

/* The next part of a template: {NULL, 0} behind the last. */
static struct ch_str next_part(const char **at)
{
    if (**at != '/') {
        return (struct ch_str){NULL, 0};
    }
    const char *from = *at + 1;
    size_t n = strcspn(from, "/");
    *at = from + n;
    return (struct ch_str){from, n};
}

static bool is_variable(struct ch_str part)
{
    return part.len > 2 && part.ptr[0] == '{';
}

static bool path_fits(const struct operation *o, const struct ch_http_view *v)
{
    const char *at = o->path;
    for (size_t i = 0; i < v->segment_count; i++) {
        struct ch_str part = next_part(&at);
        if (part.ptr == NULL || (!is_variable(part) && !ch_str_eq(part, v->segments[i]))) {
            return false;
        }
    }
    return *at == '\0' && !v->trailing_slash;
}

/* HEAD is GET whose body stays away. */
static bool method_fits(const struct operation *o, const struct ch_http_view *v)
{
    return o->method == v->method || (o->method == CH_HTTP_GET && v->method == CH_HTTP_HEAD);
}

const struct operation *operation_find(const struct ch_http_view *v, struct ch_buf *ret_allowed)
{
    const struct operation *o;
    for (size_t i = 0; (o = operation_at(i)) != NULL; i++) {
        if (!path_fits(o, v)) {
            continue;
        }
        if (method_fits(o, v)) {
            return o;
        }
        ch_buf_printf(ret_allowed, "%s%s%s", ret_allowed->len > 0 ? ", " : "",
                      operation_method_name(o->method), o->method == CH_HTTP_GET ? ", HEAD" : "");
    }
    return NULL;
}

struct ch_str operation_path_value(const struct operation *o, const struct ch_http_view *v,
                                   const char *name)
{
    const char *at = o->path;
    for (size_t i = 0; i < v->segment_count; i++) {
        struct ch_str part = next_part(&at);
        if (is_variable(part) && ch_str_eq(ch_str_sub(part, 1, part.len - 2), ch_str_of(name))) {
            return v->segments[i];
        }
    }
    return (struct ch_str){NULL, 0};
}
