#include "scanner/eco/pypi/url.h"

struct parts { /* RFC 3986 3; absent is {NULL, 0} */
    struct ch_str scheme;
    struct ch_str authority;
    struct ch_str path; /* never absent */
    struct ch_str query;
};

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_scheme(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool more = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!is_alpha(c) && (i == 0 || !more)) {
            return false;
        }
    }
    return s.len > 0;
}

static struct parts split(struct ch_str s)
{
    struct parts p = {0};
    size_t at;
    if (ch_str_find_char(s, '#', &at)) {
        s = ch_str_sub(s, 0, at);
    }
    if (ch_str_find_char(s, ':', &at) && is_scheme(ch_str_sub(s, 0, at))) {
        p.scheme = ch_str_sub(s, 0, at);
        s = ch_str_sub(s, at + 1, s.len);
    }
    if (ch_str_find_char(s, '?', &at)) {
        p.query = ch_str_sub(s, at + 1, s.len);
        s = ch_str_sub(s, 0, at);
    }
    if (ch_str_starts(s, CH_STR("//"))) {
        s = ch_str_sub(s, 2, s.len);
        if (!ch_str_find_char(s, '/', &at)) {
            at = s.len;
        }
        p.authority = ch_str_sub(s, 0, at);
        s = ch_str_sub(s, at, s.len);
    }
    p.path = s;
    return p;
}

/* Drops the last segment of the path that begins at `from` in `b`, with its slash. */
static void drop_segment(struct ch_buf *b, size_t from)
{
    while (b->len > from && b->ptr[b->len - 1] != '/') {
        b->len--;
    }
    if (b->len > from) {
        b->len--;
    }
}

/* RFC 3986 5.2.4 over a path that begins with '/'. */
static void put_path(struct ch_buf *b, struct ch_str path)
{
    size_t from = b->len;
    struct ch_str rest = ch_str_sub(path, 1, path.len);
    struct ch_str segment;
    while (ch_str_split(&rest, '/', &segment)) {
        bool last = rest.ptr == NULL;
        if (ch_str_eq(segment, CH_STR("..")) || ch_str_eq(segment, CH_STR("."))) {
            if (segment.len == 2) {
                drop_segment(b, from);
            }
            if (last) {
                ch_buf_putc(b, '/');
            }
        } else {
            ch_buf_putc(b, '/');
            ch_buf_puts(b, segment);
        }
    }
}

/* Blanks and bytes outside ASCII stand in real pages; nothing else is repaired. */
static enum ch_code encode(struct ch_str s, struct ch_buf *ret, struct ch_err *err)
{
    size_t plain = 0; /* where the bytes begin that go out as they are */
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == 0x7f || c == '\\') {
            return ch_fail(err, CH_E_FORMAT, "URL: control character or backslash at byte %zu", i);
        }
        if (c == ' ' || c > 0x7e || c == '"' || c == '<' || c == '>') {
            ch_buf_puts(ret, ch_str_sub(s, plain, i - plain));
            ch_buf_printf(ret, "%%%02X", c);
            plain = i + 1;
        }
    }
    ch_buf_puts(ret, ch_str_sub(s, plain, s.len));
    return ch_buf_ok(ret, err);
}

static enum ch_code check_authority(struct ch_str authority, struct ch_err *err)
{
    if (authority.len == 0 || authority.ptr[0] == ':') {
        return ch_fail(err, CH_E_FORMAT, "URL: expected a host");
    }
    for (size_t i = 0; i < authority.len; i++) {
        char c = authority.ptr[i];
        bool ok =
            is_alpha(c) || (c >= '0' && c <= '9') || ch_str_find_char(CH_STR(".-_:[]"), c, NULL);
        if (!ok) {
            return ch_fail(err, CH_E_FORMAT, "URL: %s in the host",
                           c == '@' ? "user information" : "unexpected character");
        }
    }
    return CH_OK;
}

static enum ch_code put_target(const struct parts *base, const struct parts *ref,
                               struct ch_buf *ret, struct ch_err *err)
{
    const struct parts *root = ref->scheme.ptr != NULL ? ref : base;
    struct ch_str authority = ref->authority.ptr != NULL ? ref->authority : root->authority;
    bool https = ch_str_eq_nocase(root->scheme, CH_STR("https"));
    if (!https && !ch_str_eq_nocase(root->scheme, CH_STR("http"))) {
        return ch_fail(err, CH_E_FORMAT, "URL: expected http or https");
    }
    enum ch_code rc = check_authority(authority, err);
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_puts(ret, https ? CH_STR("https://") : CH_STR("http://"));
    ch_buf_puts(ret, authority);
    bool own_path = root == ref || ref->authority.ptr != NULL;
    struct ch_str query = ref->query;
    if (!own_path && ref->path.len == 0) {
        put_path(ret, base->path.len > 0 ? base->path : CH_STR("/"));
        query = ref->query.ptr != NULL ? ref->query : base->query;
    } else if (own_path || ref->path.ptr[0] == '/') {
        put_path(ret, ref->path.len > 0 ? ref->path : CH_STR("/"));
    } else { /* merge: all of the base's path up to its last slash */
        struct ch_buf merged;
        ch_buf_init(&merged, base->path.len + ref->path.len + 1);
        size_t keep = base->path.len;
        while (keep > 0 && base->path.ptr[keep - 1] != '/') {
            keep--;
        }
        ch_buf_puts(&merged, keep > 0 ? ch_str_sub(base->path, 0, keep) : CH_STR("/"));
        ch_buf_puts(&merged, ref->path);
        put_path(ret, ch_buf_str(&merged));
        ch_buf_done(&merged);
    }
    if (query.ptr != NULL) {
        ch_buf_putc(ret, '?');
        ch_buf_puts(ret, query);
    }
    return ch_buf_ok(ret, err);
}

enum ch_code ch_url_resolve(struct ch_str base, struct ch_str reference, struct ch_buf *ret,
                            struct ch_err *err)
{
    struct ch_buf clean;
    ch_buf_init(&clean, ret->max);
    enum ch_code rc = encode(reference, &clean, err);
    if (rc == CH_OK) {
        struct parts b = split(base);
        struct parts r = split(ch_buf_str(&clean));
        if (r.scheme.ptr != NULL && r.authority.ptr == NULL) {
            rc = ch_fail(err, CH_E_FORMAT, "URL: expected http or https with a host");
        } else if (b.path.len > 0 && b.path.ptr[0] != '/') {
            rc = ch_fail(err, CH_E_FORMAT, "URL: the base is not absolute");
        } else {
            rc = put_target(&b, &r, ret, err);
        }
    }
    ch_buf_done(&clean);
    return rc;
}

struct ch_str ch_url_fragment(struct ch_str reference)
{
    size_t at;
    if (!ch_str_find_char(reference, '#', &at)) {
        return (struct ch_str){NULL, 0};
    }
    return ch_str_sub(reference, at + 1, reference.len);
}

struct ch_str ch_url_last_segment(struct ch_str url)
{
    struct ch_str path = split(url).path;
    size_t from = path.len;
    while (from > 0 && path.ptr[from - 1] != '/') {
        from--;
    }
    return ch_str_sub(path, from, path.len);
}

bool ch_url_decode(struct ch_str s, struct ch_buf *ret)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t byte;
        if (s.ptr[i] != '%') {
            ch_buf_putc(ret, s.ptr[i]);
        } else if (ch_hex_decode(ch_str_sub(s, i + 1, 2), &byte, 1)) {
            ch_buf_putc(ret, (char)byte);
            i += 2;
        } else {
            return false;
        }
    }
    return !ret->failed;
}
