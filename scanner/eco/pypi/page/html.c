#include "scanner/eco/pypi/page/html.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char at(const struct ch_html *h, size_t i)
{
    return i < h->bytes.len ? h->bytes.ptr[i] : '\0'; /* NUL does not occur: ch_html_init */
}

static struct ch_str rest_of(const struct ch_html *h, size_t from)
{
    return ch_str_sub(h->bytes, from, h->bytes.len);
}

enum ch_code ch_html_init(struct ch_html *h, struct ch_str bytes, struct ch_err *err)
{
    *h = (struct ch_html){.bytes = bytes};
    if (!ch_str_is_utf8(bytes) || ch_str_find_char(bytes, '\0', NULL)) {
        return ch_fail(err, CH_E_FORMAT, "page: expected HTML in UTF-8, found other bytes or NUL");
    }
    if (ch_str_starts(bytes, CH_STR("\xef\xbb\xbf"))) {
        h->at = 3;
    }
    while (is_space(at(h, h->at))) {
        h->at++;
    }
    if (at(h, h->at) != '<') {
        return ch_fail(err, CH_E_FORMAT, "page: expected HTML, found something else at byte %zu",
                       h->at);
    }
    return CH_OK;
}

/* --- attributes --- */

static void skip_spaces(struct ch_str *s)
{
    while (s->len > 0 && is_space(s->ptr[0])) {
        *s = ch_str_sub(*s, 1, s->len);
    }
}

static struct ch_str take(struct ch_str *s, size_t len)
{
    struct ch_str part = ch_str_sub(*s, 0, len);
    *s = ch_str_sub(*s, len, s->len);
    return part;
}

/* One attribute from *rest; false at the '>' or when the input ends (then *rest is empty). */
static bool take_attribute(struct ch_str *rest, struct ch_str *ret_name, struct ch_str *ret_value)
{
    skip_spaces(rest);
    while (rest->len > 0 && rest->ptr[0] == '/') {
        take(rest, 1);
        skip_spaces(rest);
    }
    if (rest->len == 0 || rest->ptr[0] == '>') {
        return false;
    }
    size_t n = 1; /* a '=' in front is part of the name */
    while (n < rest->len && !is_space(rest->ptr[n]) &&
           !ch_str_find_char(CH_STR("=/>"), rest->ptr[n], NULL)) {
        n++;
    }
    *ret_name = take(rest, n);
    *ret_value = (struct ch_str){NULL, 0};
    struct ch_str ahead = *rest;
    skip_spaces(&ahead);
    if (ahead.len == 0 || ahead.ptr[0] != '=') {
        return true;
    }
    take(&ahead, 1);
    skip_spaces(&ahead);
    if (ahead.len > 0 && (ahead.ptr[0] == '"' || ahead.ptr[0] == '\'')) {
        char quote = take(&ahead, 1).ptr[0];
        if (!ch_str_find_char(ahead, quote, &n)) {
            *rest = ch_str_sub(ahead, ahead.len, 0); /* the input ends inside a value */
            return true;
        }
        *ret_value = take(&ahead, n);
        take(&ahead, 1);
    } else {
        for (n = 0; n < ahead.len && !is_space(ahead.ptr[n]) && ahead.ptr[n] != '>';) {
            n++;
        }
        *ret_value = take(&ahead, n);
    }
    *rest = ahead;
    return true;
}

bool ch_html_attribute(struct ch_str *rest, struct ch_str *ret_name, struct ch_str *ret_value)
{
    return take_attribute(rest, ret_name, ret_value);
}

/* --- tokens --- */

static enum ch_code truncated(size_t from, const char *what, struct ch_err *err)
{
    return ch_fail(err, CH_E_FORMAT,
                   "page: truncated: it ends inside the %s that begins at byte %zu", what, from);
}

static bool is_raw_element(struct ch_str name)
{
    static const struct ch_str raw[] = {{"script", 6},   {"style", 5},   {"title", 5},
                                        {"textarea", 8}, {"xmp", 3},     {"iframe", 6},
                                        {"noembed", 7},  {"noframes", 8}};
    for (size_t i = 0; i < CH_ARRAY_LEN(raw); i++) {
        if (ch_str_eq_nocase(name, raw[i])) {
            return true;
        }
    }
    return false;
}

/* An opening or closing tag at h->at; `skip` bytes ("<" or "</") come before its name. */
static enum ch_code take_tag(struct ch_html *h, size_t skip, struct ch_html_token *t,
                             struct ch_err *err)
{
    size_t n = h->at + skip;
    while (n < h->bytes.len && !is_space(at(h, n)) && at(h, n) != '/' && at(h, n) != '>') {
        n++;
    }
    t->name = ch_str_sub(h->bytes, h->at + skip, n - h->at - skip);
    struct ch_str rest = rest_of(h, n);
    struct ch_str name;
    struct ch_str value;
    while (take_attribute(&rest, &name, &value)) {
    }
    if (rest.len == 0) {
        return truncated(h->at, "tag", err);
    }
    size_t end = h->bytes.len - rest.len; /* of the '>' */
    t->attributes = ch_str_sub(h->bytes, n, end - n);
    h->at = end + 1;
    if (t->kind == CH_HTML_OPEN && is_raw_element(t->name)) {
        h->raw_until = t->name;
    }
    return CH_OK;
}

static enum ch_code take_comment(struct ch_html *h, struct ch_html_token *t, struct ch_err *err)
{
    size_t end;
    struct ch_str body = rest_of(h, h->at + 4);
    /* "<!-->" and "<!--->" are whole comments to a browser; readers differ, so they are refused */
    if (ch_str_starts(body, CH_STR(">")) || ch_str_starts(body, CH_STR("->"))) {
        return ch_fail(err, CH_E_FORMAT, "page: malformed comment at byte %zu", h->at);
    }
    if (!ch_str_find(body, CH_STR("--"), &end)) {
        return truncated(h->at, "comment", err);
    }
    while (!ch_str_starts(ch_str_sub(body, end, body.len), CH_STR("-->"))) {
        size_t more;
        /* "--!>" ends a comment in a browser only: refused for the same reason */
        if (ch_str_starts(ch_str_sub(body, end, body.len), CH_STR("--!>"))) {
            return ch_fail(err, CH_E_FORMAT, "page: malformed comment at byte %zu", h->at);
        }
        if (!ch_str_find(ch_str_sub(body, end + 1, body.len), CH_STR("--"), &more)) {
            return truncated(h->at, "comment", err);
        }
        end += 1 + more;
    }
    t->kind = CH_HTML_COMMENT;
    t->text = ch_str_sub(body, 0, end);
    h->at += 4 + end + 3;
    return CH_OK;
}

/* <!doctype ...>, <?xml ...?>, </3: a browser takes all up to the next '>' for a comment. */
static enum ch_code take_bogus(struct ch_html *h, struct ch_html_token *t, struct ch_err *err)
{
    size_t end;
    if (!ch_str_find_char(rest_of(h, h->at), '>', &end)) {
        return truncated(h->at, "declaration", err);
    }
    t->kind = CH_HTML_COMMENT;
    t->text = (struct ch_str){NULL, 0};
    h->at += end + 1;
    return CH_OK;
}

/* Moves to the closing tag of a raw element. */
static enum ch_code skip_raw(struct ch_html *h, struct ch_err *err)
{
    size_t from = h->at;
    for (;;) {
        size_t lt;
        if (!ch_str_find(rest_of(h, h->at), CH_STR("</"), &lt)) {
            return truncated(from, "element", err);
        }
        h->at += lt;
        struct ch_str name = ch_str_sub(h->bytes, h->at + 2, h->raw_until.len);
        char after = at(h, h->at + 2 + name.len);
        if (ch_str_eq_nocase(name, h->raw_until) &&
            (is_space(after) || after == '>' || after == '/')) {
            h->raw_until = (struct ch_str){NULL, 0};
            return CH_OK;
        }
        h->at += 2;
    }
}

enum ch_code ch_html_next(struct ch_html *h, struct ch_html_token *ret, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    if (h->raw_until.ptr != NULL) {
        rc = skip_raw(h, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    *ret = (struct ch_html_token){.kind = CH_HTML_END, .at = h->at};
    if (h->at == h->bytes.len) {
        return CH_OK;
    }
    char next = at(h, h->at + 1);
    if (at(h, h->at) == '<' && is_alpha(next)) {
        ret->kind = CH_HTML_OPEN;
        return take_tag(h, 1, ret, err);
    }
    if (at(h, h->at) == '<' && next == '/' && is_alpha(at(h, h->at + 2))) {
        ret->kind = CH_HTML_CLOSE;
        return take_tag(h, 2, ret, err);
    }
    if (ch_str_starts(rest_of(h, h->at), CH_STR("<!--"))) {
        return take_comment(h, ret, err);
    }
    if (at(h, h->at) == '<' && (next == '!' || next == '?' || next == '/')) {
        return take_bogus(h, ret, err);
    }
    size_t lt;
    if (!ch_str_find_char(rest_of(h, h->at + 1), '<', &lt)) {
        lt = h->bytes.len - h->at - 1;
    }
    ret->kind = CH_HTML_TEXT;
    ret->text = ch_str_sub(h->bytes, h->at, lt + 1);
    h->at += lt + 1;
    return CH_OK;
}

/* --- entities --- */

/* The character of "#38" or "#x26"; false when it is none that may stand in text. */
static bool number_entity(struct ch_str s, uint32_t *ret)
{
    uint32_t base = 10;
    uint32_t value = 0;
    s = ch_str_sub(s, 1, s.len);
    if (s.len > 0 && (s.ptr[0] == 'x' || s.ptr[0] == 'X')) {
        base = 16;
        s = ch_str_sub(s, 1, s.len);
    }
    if (s.len == 0) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0')
                         : (c | 0x20) >= 'a' && (c | 0x20) <= 'f'
                             ? (uint32_t)((c | 0x20) - 'a' + 10)
                             : 16;
        value = value * base + digit;
        if (digit >= base || value > 0x10ffff) {
            return false;
        }
    }
    *ret = value;
    return value >= 0x20 && value != 0x7f && (value < 0xd800 || value > 0xdfff);
}

static bool named_entity(struct ch_str name, struct ch_buf *ret)
{
    static const struct {
        struct ch_str name;
        struct ch_str text;
    } rows[] = {{{"amp", 3}, {"&", 1}},   {{"lt", 2}, {"<", 1}},   {{"gt", 2}, {">", 1}},
                {{"quot", 4}, {"\"", 1}}, {{"apos", 4}, {"'", 1}}, {{"nbsp", 4}, {"\xc2\xa0", 2}}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(name, rows[i].name)) {
            ch_buf_puts(ret, rows[i].text);
            return true;
        }
    }
    return false;
}

enum ch_code ch_html_decode(struct ch_str raw, struct ch_buf *ret, struct ch_err *err)
{
    enum { ENTITY_MAX = 12 }; /* "#x0010ffff;": further away, a ';' belongs to something else */
    for (size_t i = 0; i < raw.len; i++) {
        size_t plain = raw.len - i;
        CH_IGNORE(ch_str_find_char(ch_str_sub(raw, i, plain), '&', &plain));
        ch_buf_puts(ret, ch_str_sub(raw, i, plain));
        i += plain;
        if (i == raw.len) {
            break;
        }
        struct ch_str ahead = ch_str_sub(raw, i + 1, ENTITY_MAX);
        size_t end;
        if (!ch_str_find_char(ahead, ';', &end)) {
            ch_buf_putc(ret, '&');
            continue;
        }
        struct ch_str name = ch_str_sub(ahead, 0, end);
        uint32_t c;
        if (name.len > 0 && name.ptr[0] == '#') {
            if (!number_entity(name, &c)) {
                return ch_fail(err, CH_E_FORMAT, "page: \"&%.*s;\" is no character",
                               CH_STR_ARG(name));
            }
            ch_buf_put_code_point(ret, c);
        } else if (!named_entity(name, ret)) {
            ch_buf_putc(ret, '&');
            continue;
        }
        i += end + 1;
    }
    return ch_buf_ok(ret, err);
}
