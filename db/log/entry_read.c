/* Reading: accepts what entry.c writes, byte for byte, and nothing else. */
#include "db/log/entry.h"

#include <endian.h>
#include <string.h>

#include "customhouse/ascii.h"
#include "db/log/entry_int.h"

struct reader {
    struct ch_str rest;
    bool failed;
    bool limit;
};

static bool take(struct reader *r, struct ch_str what)
{
    if (!ch_str_starts(r->rest, what)) {
        return false;
    }
    r->rest = ch_str_sub(r->rest, what.len, r->rest.len);
    return true;
}

static bool take_char(struct reader *r, char c)
{
    if (r->rest.len == 0 || r->rest.ptr[0] != c) {
        return false;
    }
    r->rest.ptr++;
    r->rest.len--;
    return true;
}

static void need(struct reader *r, char c)
{
    r->failed = r->failed || !take_char(r, c);
}

/* The value of \u00xx, which is a control without an escape of its own. */
static int hex_escape(struct ch_str s)
{
    uint8_t v = 0;
    if (s.len < 6 || s.ptr[1] != 'u' || s.ptr[2] != '0' || s.ptr[3] != '0' ||
        !ch_hex_decode(ch_str_sub(s, 4, 2), &v, 1) || v >= 0x20) {
        return -1;
    }
    return v;
}

/* One character of a string's inside, from the backslash on; returns how long it is, 0 for a bad
 * one. */
static size_t unescape(struct ch_str s, char *ret)
{
    static const char from[] = "\"\\bfnrt";
    static const char to[] = "\"\\\b\f\n\r\t";
    size_t at;
    if (s.len < 2) {
        return 0;
    }
    if (ch_str_find_char(ch_str_of(from), s.ptr[1], &at)) {
        *ret = to[at];
        return 2;
    }
    int v = hex_escape(s);
    *ret = (char)v;
    return v < 0 ? 0 : 6;
}

/* With its quotes. Whether it is the one way of writing it is seen by writing it again. */
static bool decode(struct ch_str written, struct ch_buf *ret)
{
    struct ch_str inside = ch_str_sub(written, 1, written.len - 2);
    size_t before = ret->len;
    for (size_t i = 0; i < inside.len;) {
        char c = inside.ptr[i];
        size_t n = 1;
        if (c == '\\') {
            n = unescape(ch_str_sub(inside, i, inside.len), &c);
            if (n == 0) {
                return false;
            }
        }
        ch_buf_putc(ret, c);
        i += n;
    }
    struct ch_str text = {ret->ptr + before, ret->len - before};
    struct ch_buf again;
    ch_buf_init(&again, written.len);
    bool same = ch_buf_ok(ret, NULL) == CH_OK && ch_str_is_utf8(text);
    if (same) {
        ch_json_put(&again, text);
        same = ch_buf_ok(&again, NULL) == CH_OK && ch_str_eq(ch_buf_str(&again), written);
    }
    ch_buf_done(&again);
    return same;
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Of eight bytes the highest bit of the first one that is zero, and of some behind it. */
static uint64_t zeros(uint64_t v)
{
    return (v - EACH_BYTE(0x01)) & ~v & EACH_BYTE(0x80);
}

/* How many of eight characters come before one that is a string's end, or could be written
 * otherwise. */
static size_t plain_of8(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    v = le64toh(v); /* the first one is the lowest */
    uint64_t control = (v - EACH_BYTE(0x20)) & ~v;
    uint64_t odd = ((v | control) & EACH_BYTE(0x80)) | zeros(v ^ EACH_BYTE('"')) |
                   zeros(v ^ EACH_BYTE('\\')) | zeros(v ^ EACH_BYTE(0x7f));
    return odd == 0 ? sizeof(v) : (size_t)__builtin_ctzll(odd) / 8;
}

/* Where a string ends whose first `end` characters were looked at. Most have no escape and no byte
 * beyond ASCII: nothing of them can be written otherwise. */
static size_t find_quote(struct ch_str s, size_t end, bool *ret_plain)
{
    size_t plain = sizeof(uint64_t);
    while (plain == sizeof(uint64_t) && s.len - end >= sizeof(uint64_t)) {
        plain = plain_of8(s.ptr + end);
        end += plain;
    }
    while (end < s.len && s.ptr[end] != '"') {
        unsigned char c = (unsigned char)s.ptr[end];
        *ret_plain = *ret_plain && c >= 0x20 && c <= 0x7e && c != '\\';
        end += c == '\\' ? 2 : 1;
    }
    return end;
}

static struct ch_str string(struct reader *r, bool *ret_plain)
{
    struct ch_str s = r->rest;
    bool plain = true;
    *ret_plain = false;
    if (s.len == 0 || s.ptr[0] != '"') {
        r->failed = true;
        return s;
    }
    size_t end = find_quote(s, 1, &plain);
    if (end >= s.len) {
        r->failed = true;
        return s;
    }
    struct ch_str written = {s.ptr, end + 1};
    if (!plain) {
        struct ch_buf text;
        ch_buf_init(&text, written.len);
        r->failed = r->failed || !decode(written, &text);
        ch_buf_done(&text);
    }
    r->rest = (struct ch_str){s.ptr + written.len, s.len - written.len};
    *ret_plain = plain;
    return written;
}

static void number(struct reader *r)
{
    struct ch_str s = r->rest;
    size_t sign = s.len > 0 && s.ptr[0] == '-' ? 1 : 0, len = sign;
    uint64_t value = 0;
    while (len < s.len && ch_is_digit(s.ptr[len])) {
        len++;
    }
    if (!ch_str_u64(ch_str_sub(s, sign, len - sign), &value) || value > CH_ENTRY_INT_MAX ||
        (sign == 1 && value == 0)) {
        r->failed = true;
    }
    r->rest = ch_str_sub(s, len, s.len);
}

static void object(struct reader *r, unsigned depth, struct ch_log_entry_fields *ret);

static void array(struct reader *r)
{
    need(r, '[');
    if (take_char(r, ']')) {
        return;
    }
    do {
        bool plain;
        string(r, &plain);
    } while (!r->failed && take_char(r, ','));
    need(r, ']');
}

static struct ch_str value(struct reader *r, unsigned depth)
{
    struct ch_str from = r->rest;
    bool plain;
    char c = from.len > 0 ? from.ptr[0] : '\0';
    if (c == '"') {
        string(r, &plain);
    } else if (c == '{') {
        object(r, depth + 1, NULL);
    } else if (c == '[') {
        array(r);
    } else if (c == '-' || ch_is_digit(c)) {
        number(r);
    } else if (!take(r, CH_STR("true")) && !take(r, CH_STR("false"))) {
        r->failed = true;
    }
    return (struct ch_str){from.ptr, from.len - r->rest.len};
}

static void object(struct reader *r, unsigned depth, struct ch_log_entry_fields *ret)
{
    struct ch_str last = {NULL, 0};
    size_t count = 0;
    if (depth >= CH_ENTRY_DEPTH) {
        r->failed = r->limit = true;
        return;
    }
    need(r, '{');
    if (take_char(r, '}')) {
        return;
    }
    do {
        struct ch_log_entry_field f;
        bool plain;
        f.key = string(r, &plain);
        need(r, ':');
        f.value = value(r, depth);
        if (r->failed) {
            return;
        }
        f.key = (struct ch_str){f.key.ptr + 1, f.key.len - 2};
        if (f.key.len == 0 || f.key.len >= CH_ENTRY_KEY_MAX || !plain ||
            (last.ptr != NULL && ch_str_cmp(last, f.key) >= 0)) {
            r->failed = true;
            return;
        }
        last = f.key;
        if (count == CH_ENTRY_FIELDS) {
            r->failed = r->limit = true;
            return;
        }
        if (ret != NULL) {
            ret->field[count] = f;
        }
        count++;
    } while (take_char(r, ','));
    need(r, '}');
    if (ret != NULL) {
        ret->count = count;
    }
}

enum ch_code ch_log_entry_read(struct ch_str entry, struct ch_log_entry_fields *ret,
                               struct ch_err *err)
{
    struct reader r = {.rest = entry};
    ret->count = 0;
    object(&r, 0, ret);
    if (r.failed || r.rest.len > 0) {
        size_t at = entry.len - r.rest.len;
        ret->count = 0;
        return r.limit ? ch_fail(err, CH_E_LIMIT, "entry: too many fields or levels, byte %zu", at)
                       : ch_fail(err, CH_E_FORMAT, "entry: not canonical JSON, byte %zu", at);
    }
    return CH_OK;
}

struct ch_str ch_log_entry_get(const struct ch_log_entry_fields *f, const char *key)
{
    size_t len = strlen(key);
    for (size_t i = 0; i < f->count; i++) {
        struct ch_str k = f->field[i].key; /* never empty */
        if (k.len == len && k.ptr[0] == key[0] && memcmp(k.ptr, key, len) == 0) {
            return f->field[i].value;
        }
    }
    return (struct ch_str){NULL, 0};
}

bool ch_log_entry_get_str(const struct ch_log_entry_fields *f, const char *key, struct ch_buf *ret)
{
    struct ch_str v = ch_log_entry_get(f, key);
    return v.len >= 2 && v.ptr[0] == '"' && decode(v, ret);
}

bool ch_log_entry_get_int(const struct ch_log_entry_fields *f, const char *key, int64_t *ret)
{
    struct ch_str v = ch_log_entry_get(f, key);
    uint64_t n = 0;
    bool negative = v.len > 0 && v.ptr[0] == '-';
    if (!ch_str_u64(ch_str_sub(v, negative ? 1 : 0, v.len), &n)) {
        return false;
    }
    *ret = negative ? -(int64_t)n : (int64_t)n;
    return true;
}

bool ch_log_entry_get_bool(const struct ch_log_entry_fields *f, const char *key, bool *ret)
{
    struct ch_str v = ch_log_entry_get(f, key);
    *ret = ch_str_eq(v, CH_STR("true"));
    return *ret || ch_str_eq(v, CH_STR("false"));
}

bool ch_log_entry_get_sha(const struct ch_log_entry_fields *f, const char *key,
                          struct ch_sha256 *ret)
{
    struct ch_str v = ch_log_entry_get(f, key);
    return v.len == CH_SHA256_HEX + 2 && v.ptr[0] == '"' &&
           ch_sha256_from_hex(ch_str_sub(v, 1, CH_SHA256_HEX), ret);
}

/* The one way of writing an object that has only this. */
bool ch_log_entry_get_commitment(const struct ch_log_entry_fields *f, const char *key,
                                 struct ch_sha256 *ret_hmac)
{
    static const struct ch_str before = {"{\"hmac\":\"", 9};
    struct ch_str v = ch_log_entry_get(f, key);
    return v.len == before.len + CH_SHA256_HEX + 2 && memcmp(v.ptr, before.ptr, before.len) == 0 &&
           memcmp(v.ptr + before.len + CH_SHA256_HEX, "\"}", 2) == 0 &&
           ch_sha256_from_hex(ch_str_sub(v, before.len, CH_SHA256_HEX), ret_hmac);
}
