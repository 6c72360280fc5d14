#include "http_int.h"

#include <stdlib.h>

/* pchar without "%", RFC 3986 3.3 */
static const bool path_chars[256] = {
    HTTP_ALNUM(HTTP_CHAR_ROW) ['-'] = 1, ['.'] = 1, ['_'] = 1,
    ['~'] = 1, ['!'] = 1, ['$'] = 1, ['&'] = 1, ['\''] = 1, ['('] = 1, [')'] = 1, ['*'] = 1,
    ['+'] = 1, [','] = 1, [';'] = 1, ['='] = 1, [':'] = 1, ['@'] = 1,
};

static bool percent_value(struct ch_str s, size_t at, uint8_t *ret)
{
    struct ch_str two = ch_str_sub(s, at + 1, 2);
    return two.len == 2 && ch_hex_decode(two, ret, 1);
}

/* Percent-decodes one segment, once. The output has room for raw.len bytes. */
static bool decode_segment(struct http_parser *p, struct ch_str raw, char *to, size_t *ret_len)
{
    size_t n = 0;
    for (size_t i = 0; i < raw.len; i++) {
        uint8_t c = (uint8_t)raw.ptr[i];
        if (c == '%') {
            if (!percent_value(raw, i, &c)) {
                return http_refuse(p, 400, "path: \"%%\" must be followed by two hex digits");
            }
            if (c == '/' || c == '\\') {
                return http_refuse(p, 400, "path: an encoded slash or backslash");
            }
            if (c < 0x20 || c == 0x7f) {
                return http_refuse(p, 400, "path: an encoded control character");
            }
            i += 2;
        } else if (!path_chars[c]) {
            return http_refuse(p, 400, "path: a character that must be percent-encoded");
        }
        to[n++] = (char)c;
    }
    *ret_len = n;
    return true;
}

static bool add_segment(struct http_parser *p, struct ch_str s)
{
    if (s.len == 0) {
        return http_refuse(p, 400, "path: an empty segment (\"//\")");
    }
    if (s.ptr[0] == '.' && (s.len == 1 || (s.len == 2 && s.ptr[1] == '.'))) {
        return http_refuse(p, 400, "path: a \".\" or \"..\" segment");
    }
    if (p->view.segment_count == p->limits->http_path_segments) {
        return http_refuse(p, 414, "path: more than %llu segments",
                           (unsigned long long)p->limits->http_path_segments);
    }
    p->segments[p->view.segment_count++] = s;
    return true;
}

static bool parse_path(struct http_parser *p, struct ch_str path)
{
    p->view.path = path;
    p->view.segment_count = 0;
    p->view.trailing_slash = path.ptr[path.len - 1] == '/';
    if (path.len > p->decoded_cap) {
        free(p->decoded);
        p->decoded_cap = path.len < 256 ? 256 : path.len;
        p->decoded = ch_alloc(p->decoded_cap);
    }
    struct ch_str rest = ch_str_sub(path, 1, path.len);
    struct ch_str raw;
    char *to = p->decoded;
    while (ch_str_split(&rest, '/', &raw)) {
        size_t len = 0;
        if (raw.len == 0 && rest.ptr == NULL) {
            break; /* what follows a trailing slash */
        }
        if (!decode_segment(p, raw, to, &len) || !add_segment(p, (struct ch_str){to, len})) {
            return false;
        }
        to += len;
    }
    return true;
}

static bool parse_query(struct http_parser *p, struct ch_str query)
{
    uint8_t c;
    for (size_t i = 0; i < query.len; i++) {
        if (query.ptr[i] == '%') {
            if (!percent_value(query, i, &c)) {
                return http_refuse(p, 400, "query: \"%%\" must be followed by two hex digits");
            }
        } else if (!path_chars[(uint8_t)query.ptr[i]] && query.ptr[i] != '/' &&
                   query.ptr[i] != '?') {
            return http_refuse(p, 400, "query: a character that must be percent-encoded");
        }
    }
    p->view.query = query;
    return true;
}

/* absolute-form: accepted when it names the host that Host names too, RFC 9112 3.2.2. */
static bool strip_authority(struct http_parser *p, struct ch_str *target)
{
    struct ch_str scheme = p->tls ? CH_STR("https://") : CH_STR("http://");
    if (!ch_str_eq_nocase(ch_str_sub(*target, 0, scheme.len), scheme)) {
        return http_refuse(p, 400, "request target: expected a path beginning with \"/\"");
    }
    struct ch_str rest = ch_str_sub(*target, scheme.len, target->len);
    size_t slash;
    if (!ch_str_find_char(rest, '/', &slash)) {
        return http_refuse(p, 400, "request target: an absolute URL without a path");
    }
    if (!ch_str_eq_nocase(ch_str_sub(rest, 0, slash), p->host_and_port)) {
        return http_refuse(p, 400, "request target: an absolute URL with another host than Host");
    }
    *target = ch_str_sub(rest, slash, rest.len);
    return true;
}

bool http_parse_target(struct http_parser *p, struct ch_str target)
{
    if (target.len == 0) {
        return http_refuse(p, 400, "request target: empty");
    }
    if (target.ptr[0] != '/' && !strip_authority(p, &target)) {
        return false;
    }
    size_t at;
    if (ch_str_find_char(target, '?', &at)) {
        if (!parse_query(p, ch_str_sub(target, at + 1, target.len))) {
            return false;
        }
        target = ch_str_sub(target, 0, at);
    }
    return parse_path(p, target);
}

static bool is_name_char(char c, bool bracketed)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           (bracketed ? c == ':' : c == '-' || c == '_');
}

/* Host = uri-host [ ":" port ]: a name, an IPv4 address or a bracketed IPv6 address. */
bool http_parse_host(struct http_parser *p, struct ch_str value)
{
    if (value.ptr == NULL) {
        return http_refuse(p, 400, "Host: missing");
    }
    p->host_and_port = value;
    bool bracketed = value.len > 0 && value.ptr[0] == '[';
    size_t end = bracketed ? 1 : 0;
    while (end < value.len && is_name_char(value.ptr[end], bracketed)) {
        end++;
    }
    size_t name_from = bracketed ? 1 : 0;
    struct ch_str host = ch_str_sub(value, name_from, end - name_from);
    if (bracketed) {
        if (end == value.len || value.ptr[end] != ']') {
            return http_refuse(p, 400, "Host: an IPv6 address must end in \"]\"");
        }
        end++;
    }
    if (host.len == 0) {
        return http_refuse(p, 400, "Host: empty, or begins with a character no host name has");
    }
    if (end < value.len) {
        uint64_t port;
        if (value.ptr[end] != ':' || !ch_str_u64(ch_str_sub(value, end + 1, value.len), &port) ||
            port == 0 || port > 65535) {
            return http_refuse(p, 400, "Host: expected NAME or NAME:PORT");
        }
    }
    p->view.host = bracketed ? ch_str_sub(value, 0, host.len + 2) : host;
    return true;
}
