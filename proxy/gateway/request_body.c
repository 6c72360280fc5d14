#include "request_body.h"

#include "customhouse/limits.h"

void gw_request_body_init(struct gw_request_body *b)
{
    ch_buf_init(&b->reason, (size_t)ch_limits.exception_reason_bytes);
    ch_buf_init(&b->expires, (size_t)ch_limits.word_bytes);
}

void gw_request_body_done(struct gw_request_body *b)
{
    ch_buf_done(&b->reason);
    ch_buf_done(&b->expires);
}

/* Where a member's value goes; NULL: there is no such member, or it was there before. */
static struct ch_buf *member(struct gw_request_body *b, struct ch_str name, bool given[2])
{
    int i = ch_str_eq(name, CH_STR("reason")) ? 0 : ch_str_eq(name, CH_STR("expires")) ? 1 : -1;
    if (i < 0 || given[i]) {
        return NULL;
    }
    given[i] = true;
    return i == 0 ? &b->reason : &b->expires;
}

static const char unknown_member[] = "it may have \"reason\" and \"expires\", each once";

static bool is_line(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f) {
            return false;
        }
    }
    return ch_str_is_utf8(s);
}

static const char *check(const struct gw_request_body *b)
{
    if (b->reason.failed || b->expires.failed) {
        return "the reason may have at most 500 bytes";
    }
    if (ch_str_trim(ch_buf_str(&b->reason)).len == 0) {
        return "a reason is needed";
    }
    if (!is_line(ch_buf_str(&b->reason)) || !is_line(ch_buf_str(&b->expires))) {
        return "values are one line of UTF-8";
    }
    return NULL;
}

/* ------------------------------------------------------------------ a form */

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool decode(struct ch_str s, struct ch_buf *out)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%') {
            int high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(s.ptr[i + 2]) : -1;
            if (low < 0) {
                return false;
            }
            ch_buf_putc(out, (char)(high << 4 | low));
            i += 2;
        } else if (c <= 0x20 || c >= 0x7f) { /* a form has none of them as they are */
            return false;
        } else {
            ch_buf_putc(out, c == '+' ? ' ' : c);
        }
    }
    return true;
}

const char *gw_request_body_form(struct ch_str text, struct gw_request_body *ret)
{
    bool given[2] = {false, false};
    struct ch_str pair;
    while (ch_str_split(&text, '&', &pair)) {
        size_t equals;
        if (!ch_str_find_char(pair, '=', &equals)) {
            return "it is no form: a name has no value";
        }
        struct ch_buf *to = member(ret, ch_str_sub(pair, 0, equals), given);
        if (to == NULL) {
            return unknown_member;
        }
        if (!decode(ch_str_sub(pair, equals + 1, pair.len), to)) {
            return "it is no form: a value is not encoded";
        }
    }
    return check(ret);
}

/* ------------------------------------------------------------------ JSON */

struct json {
    struct ch_str s;
    size_t at;
};

static void skip_space(struct json *j)
{
    while (j->at < j->s.len && (j->s.ptr[j->at] == ' ' || j->s.ptr[j->at] == '\t' ||
                                j->s.ptr[j->at] == '\n' || j->s.ptr[j->at] == '\r')) {
        j->at++;
    }
}

static bool take(struct json *j, char c)
{
    skip_space(j);
    if (j->at < j->s.len && j->s.ptr[j->at] == c) {
        j->at++;
        return true;
    }
    return false;
}

static bool take_hex4(struct json *j, uint32_t *ret)
{
    *ret = 0;
    for (int i = 0; i < 4; i++) {
        int v = j->at < j->s.len ? hex_digit(j->s.ptr[j->at++]) : -1;
        if (v < 0) {
            return false;
        }
        *ret = *ret << 4 | (uint32_t)v;
    }
    return true;
}

static void put_utf8(struct ch_buf *out, uint32_t c)
{
    if (c < 0x80) {
        ch_buf_putc(out, (char)c);
    } else if (c < 0x800) {
        ch_buf_putc(out, (char)(0xc0 | c >> 6));
        ch_buf_putc(out, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        ch_buf_putc(out, (char)(0xe0 | c >> 12));
        ch_buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        ch_buf_putc(out, (char)(0x80 | (c & 0x3f)));
    } else {
        ch_buf_putc(out, (char)(0xf0 | c >> 18));
        ch_buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
        ch_buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
        ch_buf_putc(out, (char)(0x80 | (c & 0x3f)));
    }
}

/* After "\u": a pair of surrogates is one character, and half of one is none (RFC 8259 section 7). */
static bool take_unicode(struct json *j, struct ch_buf *out)
{
    uint32_t c, low;
    if (!take_hex4(j, &c) || (c >= 0xdc00 && c <= 0xdfff)) {
        return false;
    }
    if (c >= 0xd800 && c <= 0xdbff) {
        if (!ch_str_starts(ch_str_sub(j->s, j->at, 2), CH_STR("\\u"))) {
            return false;
        }
        j->at += 2;
        if (!take_hex4(j, &low) || low < 0xdc00 || low > 0xdfff) {
            return false;
        }
        c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
    }
    put_utf8(out, c);
    return true;
}

static bool take_escape(struct json *j, struct ch_buf *out)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    char c = j->at < j->s.len ? j->s.ptr[j->at++] : '\0';
    if (c == 'u') {
        return take_unicode(j, out);
    }
    for (size_t i = 0; i + 1 < sizeof(from); i++) {
        if (c == from[i]) {
            ch_buf_putc(out, to[i]);
            return true;
        }
    }
    return false;
}

static bool take_string(struct json *j, struct ch_buf *out)
{
    if (!take(j, '"')) {
        return false;
    }
    while (j->at < j->s.len) {
        char c = j->s.ptr[j->at++];
        if (c == '"') {
            return true;
        }
        if ((unsigned char)c < 0x20 || (c == '\\' && !take_escape(j, out))) {
            return false;
        }
        if (c != '\\') {
            ch_buf_putc(out, c);
        }
    }
    return false;
}

static const char *take_member(struct json *j, struct gw_request_body *ret, bool given[2])
{
    struct ch_buf name;
    ch_buf_init(&name, 64);
    bool good = take_string(j, &name) && take(j, ':');
    struct ch_buf *to = good && !name.failed ? member(ret, ch_buf_str(&name), given) : NULL;
    ch_buf_done(&name);
    if (!good) {
        return "it is no JSON object of strings";
    }
    if (to == NULL) {
        return unknown_member;
    }
    return take_string(j, to) ? NULL : "it is no JSON object of strings";
}

const char *gw_request_body_json(struct ch_str text, struct gw_request_body *ret)
{
    struct json j = {text, 0};
    bool given[2] = {false, false};
    const char *wrong = NULL;
    if (!take(&j, '{')) {
        return "it is no JSON object";
    }
    if (!take(&j, '}')) {
        do {
            wrong = take_member(&j, ret, given);
        } while (wrong == NULL && take(&j, ','));
        if (wrong == NULL && !take(&j, '}')) {
            wrong = "it is no JSON object of strings";
        }
    }
    skip_space(&j);
    if (wrong == NULL && j.at != j.s.len) {
        wrong = "something follows the JSON object";
    }
    return wrong != NULL ? wrong : check(ret);
}
