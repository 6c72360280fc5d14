#include "http_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METHOD_MAX 32

/* tchar, RFC 9110 5.6.2 */
static const bool token_chars[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1,
    ['-'] = 1, ['.'] = 1, ['^'] = 1, ['_'] = 1, ['`'] = 1, ['|'] = 1, ['~'] = 1,
    HTTP_ALNUM(HTTP_CHAR_ROW)
};

bool http_is_token_char(char c)
{
    return token_chars[(unsigned char)c];
}

bool http_is_value_char(char c)
{
    unsigned char u = (unsigned char)c;
    return (u >= 0x20 && u != 0x7f) || u == '\t';
}

static const struct {
    struct ch_str name;
    bool repeatable;
} known_rows[] = {
#define HTTP_KNOWN_ROW(id, text, repeat) [id] = {{(text), sizeof(text) - 1}, (repeat)},
    HTTP_KNOWN(HTTP_KNOWN_ROW)
#undef HTTP_KNOWN_ROW
};

void http_parser_init(struct http_parser *p, const struct ch_limits *limits, bool tls)
{
    *p = (struct http_parser){.limits = limits, .tls = tls};
    p->line_end = ch_calloc(limits->http_head_lines + 1, sizeof(*p->line_end));
    p->headers = ch_calloc(limits->http_head_lines, sizeof(*p->headers));
    p->segments = ch_calloc(limits->http_path_segments, sizeof(*p->segments));
}

void http_parser_done(struct http_parser *p)
{
    free(p->line_end);
    free(p->headers);
    free(p->segments);
    free(p->decoded);
}

void http_parser_reset(struct http_parser *p)
{
    p->scan_at = 0;
    p->line_start = 0;
    p->line_count = 0;
    p->view = (struct ch_http_view){
        .tls = p->tls, .peer = p->peer, .peer_port = p->peer_port, .mark = p->mark};
    for (size_t i = 0; i < HTTP_KNOWN_COUNT; i++) {
        p->known[i] = (struct ch_str){NULL, 0};
    }
    p->conditions = 0;
    p->chunked = false;
    p->keep_alive = false;
    p->expect_continue = false;
    p->status = 0;
    p->rule[0] = '\0';
}

bool http_refuse(struct http_parser *p, int status, const char *fmt, ...)
{
    va_list va;
    va_start(va, fmt);
    vsnprintf(p->rule, sizeof(p->rule), fmt, va);
    va_end(va);
    p->status = status;
    return false;
}

static bool line_too_long(struct http_parser *p, size_t len)
{
    if (len <= p->limits->http_line_bytes) {
        return false;
    }
    if (p->line_count == 0) {
        http_refuse(p, 414, "request line: longer than %llu bytes",
                    (unsigned long long)p->limits->http_line_bytes);
    } else {
        http_refuse(p, 431, "header line %zu: longer than %llu bytes", p->line_count,
                    (unsigned long long)p->limits->http_line_bytes);
    }
    return true;
}

enum http_scan http_scan(struct http_parser *p, const char *buf, size_t len, size_t *ret_head_len)
{
    while (p->scan_at < len) {
        const char *lf = memchr(buf + p->scan_at, '\n', len - p->scan_at);
        if (lf == NULL) {
            p->scan_at = len;
            break;
        }
        size_t at = (size_t)(lf - buf);
        if (at == p->line_start || buf[at - 1] != '\r') {
            http_refuse(p, 400, "line %zu: ends in LF without CR", p->line_count + 1);
            return HTTP_SCAN_BAD;
        }
        size_t line_len = at - 1 - p->line_start;
        if (line_too_long(p, line_len)) {
            return HTTP_SCAN_BAD;
        }
        if (line_len == 0) {
            if (p->line_count == 0) {
                http_refuse(p, 400, "request line: empty");
                return HTTP_SCAN_BAD;
            }
            if (at + 1 > p->limits->http_head_bytes) {
                break;
            }
            *ret_head_len = at + 1;
            return HTTP_SCAN_HEAD;
        }
        if (p->line_count > p->limits->http_head_lines) {
            http_refuse(p, 431, "headers: more than %llu lines",
                        (unsigned long long)p->limits->http_head_lines);
            return HTTP_SCAN_BAD;
        }
        p->line_end[p->line_count++] = (uint32_t)(at - 1);
        p->line_start = at + 1;
        p->scan_at = at + 1;
    }
    /* A line that has not ended yet: one byte more may be its CR. */
    if (len > p->line_start && line_too_long(p, len - p->line_start - 1)) {
        return HTTP_SCAN_BAD;
    }
    if (len >= p->limits->http_head_bytes) {
        http_refuse(p, 431, "request line and headers: more than %llu bytes",
                    (unsigned long long)p->limits->http_head_bytes);
        return HTTP_SCAN_BAD;
    }
    return HTTP_SCAN_MORE;
}

static enum ch_http_method method_of(struct ch_str name)
{
    static const struct {
        struct ch_str name;
        enum ch_http_method method;
    } rows[] = {
        {{"GET", 3}, CH_HTTP_GET},       {{"HEAD", 4}, CH_HTTP_HEAD},
        {{"POST", 4}, CH_HTTP_POST},     {{"PUT", 3}, CH_HTTP_PUT},
        {{"PATCH", 5}, CH_HTTP_PATCH},   {{"DELETE", 6}, CH_HTTP_DELETE},
        {{"OPTIONS", 7}, CH_HTTP_OPTIONS},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(rows[i].name, name)) {
            return rows[i].method;
        }
    }
    return CH_HTTP_OTHER;
}

static bool parse_version(struct http_parser *p, struct ch_str version)
{
    if (version.len != 8 || !ch_str_starts(version, CH_STR("HTTP/")) || version.ptr[6] != '.' ||
        version.ptr[5] < '0' || version.ptr[5] > '9' || version.ptr[7] < '0' ||
        version.ptr[7] > '9') {
        return http_refuse(p, 400, "request line: ends in no HTTP version; expected HTTP/1.1");
    }
    if (version.ptr[5] == '0') {
        return http_refuse(p, 400, "request line: HTTP/0.9 is not spoken; expected HTTP/1.1");
    }
    if (version.ptr[5] != '1' || version.ptr[7] > '1') {
        return http_refuse(p, 505, "request line: only HTTP/1.0 and HTTP/1.1 are spoken");
    }
    p->view.minor_version = version.ptr[7] - '0';
    return true;
}

/* request-line = method SP request-target SP HTTP-version; exactly one space each. RFC 9112 3 */
static bool parse_request_line(struct http_parser *p, struct ch_str line, struct ch_str *ret_target)
{
    size_t at;
    if (!ch_str_find_char(line, ' ', &at)) {
        return http_refuse(p, 400, "request line: no space; expected METHOD TARGET HTTP/1.1");
    }
    struct ch_str method = ch_str_sub(line, 0, at);
    struct ch_str rest = ch_str_sub(line, at + 1, line.len);
    if (method.len == 0 || method.len > METHOD_MAX) {
        return http_refuse(p, 400, "request line: the method must have 1 to %d characters",
                           METHOD_MAX);
    }
    for (size_t i = 0; i < method.len; i++) {
        if (!http_is_token_char(method.ptr[i])) {
            return http_refuse(p, 400, "request line: the method is not a token");
        }
    }
    if (!ch_str_find_char(rest, ' ', &at)) {
        return http_refuse(p, 400, "request line: HTTP version is missing; expected HTTP/1.1");
    }
    *ret_target = ch_str_sub(rest, 0, at);
    p->view.method_name = method;
    p->view.method = method_of(method);
    return parse_version(p, ch_str_sub(rest, at + 1, rest.len));
}

static bool note_known(struct http_parser *p, const struct ch_http_header *h)
{
    char first = (char)(h->name.ptr[0] | 0x20); /* each known one begins with a small letter */
    for (size_t k = 0; k < HTTP_KNOWN_COUNT; k++) {
        if (known_rows[k].name.len != h->name.len || known_rows[k].name.ptr[0] != first ||
            !ch_str_eq_nocase(known_rows[k].name, h->name)) {
            continue;
        }
        if (p->known[k].ptr == NULL) {
            p->known[k] = h->value;
            if (k >= HTTP_H_RANGE && k <= HTTP_H_IF_UNMODIFIED_SINCE) {
                p->conditions++;
            }
        } else if (!known_rows[k].repeatable) {
            return http_refuse(p, 400, "header %s: sent more than once", known_rows[k].name.ptr);
        }
        return true;
    }
    return true;
}

/* field-line = field-name ":" OWS field-value OWS. RFC 9112 5: no whitespace before the colon, no
 * obs-fold; RFC 9110 5.5: no NUL, CR or LF in a value. */
static bool parse_header(struct http_parser *p, size_t line_number, struct ch_str line)
{
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
        return http_refuse(p, 400, "header line %zu: begins with a space (folding is refused)",
                           line_number);
    }
    size_t n = 0;
    while (n < line.len && http_is_token_char(line.ptr[n])) {
        n++;
    }
    if (n == line.len) {
        return http_refuse(p, 400, "header line %zu: has no colon", line_number);
    }
    if (line.ptr[n] == ' ' || line.ptr[n] == '\t') {
        return http_refuse(p, 400, "header line %zu: a space before the colon", line_number);
    }
    if (n == 0 || line.ptr[n] != ':') {
        return http_refuse(p, 400, "header line %zu: the name is not a token", line_number);
    }
    struct ch_str value = ch_str_sub(line, n + 1, line.len);
    for (size_t i = ch_str_plain(value); i < value.len; i++) {
        if (!http_is_value_char(value.ptr[i])) {
            return http_refuse(p, 400, "header line %zu: a control character in the value",
                               line_number);
        }
    }
    struct ch_http_header *h = &p->headers[p->view.header_count++];
    h->name = ch_str_sub(line, 0, n);
    h->value = ch_str_trim(value);
    return note_known(p, h);
}

static void parse_connection(struct http_parser *p)
{
    p->keep_alive = p->view.minor_version == 1; /* HTTP/1.0 always closes */
    for (size_t i = 0; p->known[HTTP_H_CONNECTION].ptr != NULL && i < p->view.header_count; i++) {
        struct ch_str rest = p->headers[i].value;
        struct ch_str part;
        if (!ch_str_eq_nocase(p->headers[i].name, CH_STR("connection"))) {
            continue;
        }
        while (ch_str_split(&rest, ',', &part)) {
            if (ch_str_eq_nocase(ch_str_trim(part), CH_STR("close"))) {
                p->keep_alive = false;
            }
        }
    }
}

/* RFC 9112 6: which of two lengths counts is what smuggling lives on, so doubt is refused. */
static bool parse_framing(struct http_parser *p)
{
    struct ch_str te = p->known[HTTP_H_TRANSFER_ENCODING];
    struct ch_str cl = p->known[HTTP_H_CONTENT_LENGTH];
    if (te.ptr != NULL && cl.ptr != NULL) {
        return http_refuse(p, 400, "Transfer-Encoding and Content-Length together");
    }
    if (te.ptr != NULL) {
        if (p->view.minor_version == 0) {
            return http_refuse(p, 400, "Transfer-Encoding in HTTP/1.0");
        }
        if (!ch_str_eq_nocase(te, CH_STR("chunked"))) {
            return http_refuse(p, 501, "Transfer-Encoding: expected exactly one \"chunked\"");
        }
        p->chunked = true;
        p->view.has_body = true;
    }
    if (cl.ptr != NULL) {
        if (!ch_str_u64(cl, &p->view.content_length) || p->view.content_length > INT64_MAX) {
            return http_refuse(p, 400, "Content-Length: expected one decimal number");
        }
        p->view.has_content_length = true;
        p->view.has_body = p->view.content_length > 0;
    }
    struct ch_str expect = p->known[HTTP_H_EXPECT];
    if (expect.ptr != NULL && p->view.minor_version == 1) {
        if (!ch_str_eq_nocase(expect, CH_STR("100-continue"))) {
            return http_refuse(p, 417, "Expect: only 100-continue is known");
        }
        p->expect_continue = p->view.has_body;
    }
    return true;
}

bool http_parse(struct http_parser *p, const char *buf)
{
    struct ch_str target = {NULL, 0};
    p->view.headers = p->headers;
    p->view.segments = p->segments;
    struct ch_str line = {buf, p->line_end[0]};
    if (!parse_request_line(p, line, &target)) {
        return false;
    }
    for (size_t i = 1; i < p->line_count; i++) {
        size_t start = p->line_end[i - 1] + 2;
        line = (struct ch_str){buf + start, p->line_end[i] - start};
        if (!parse_header(p, i, line)) {
            return false;
        }
    }
    p->view.user_agent = p->known[HTTP_H_USER_AGENT];
    p->view.authorization = p->known[HTTP_H_AUTHORIZATION];
    parse_connection(p);
    return parse_framing(p) && http_parse_host(p, p->known[HTTP_H_HOST]) &&
           http_parse_target(p, target);
}
