#include "customhouse/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ch_str ch_str_of(const char *nul_terminated)
{
    if (nul_terminated == NULL) {
        return (struct ch_str){NULL, 0};
    }
    return (struct ch_str){nul_terminated, strlen(nul_terminated)};
}

bool ch_str_eq(struct ch_str a, struct ch_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool ch_str_eq_nocase(struct ch_str a, struct ch_str b)
{
    if (a.len != b.len) {
        return false;
    }
    for (size_t i = 0; i < a.len; i++) {
        if (fold(a.ptr[i]) != fold(b.ptr[i])) {
            return false;
        }
    }
    return true;
}

bool ch_str_starts(struct ch_str s, struct ch_str prefix)
{
    return s.len >= prefix.len && ch_str_eq(ch_str_sub(s, 0, prefix.len), prefix);
}

bool ch_str_ends(struct ch_str s, struct ch_str suffix)
{
    return s.len >= suffix.len && ch_str_eq(ch_str_sub(s, s.len - suffix.len, suffix.len), suffix);
}

int ch_str_cmp(struct ch_str a, struct ch_str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
    if (c != 0) {
        return c;
    }
    return a.len < b.len ? -1 : a.len > b.len ? 1 : 0;
}

bool ch_str_find(struct ch_str s, struct ch_str needle, size_t *ret_at)
{
    if (needle.len == 0 || needle.len > s.len) {
        return false;
    }
    const char *hit = memmem(s.ptr, s.len, needle.ptr, needle.len);
    if (hit == NULL) {
        return false;
    }
    if (ret_at != NULL) {
        *ret_at = (size_t)(hit - s.ptr);
    }
    return true;
}

bool ch_str_find_char(struct ch_str s, char c, size_t *ret_at)
{
    const char *hit = s.len == 0 ? NULL : memchr(s.ptr, c, s.len);
    if (hit == NULL) {
        return false;
    }
    if (ret_at != NULL) {
        *ret_at = (size_t)(hit - s.ptr);
    }
    return true;
}

struct ch_str ch_str_sub(struct ch_str s, size_t from, size_t len)
{
    if (from > s.len) {
        from = s.len;
    }
    if (len > s.len - from) {
        len = s.len - from;
    }
    return (struct ch_str){s.ptr == NULL ? NULL : s.ptr + from, len};
}

struct ch_str ch_str_trim(struct ch_str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

bool ch_str_split(struct ch_str *rest, char sep, struct ch_str *ret_part)
{
    if (rest->ptr == NULL) {
        return false;
    }
    size_t at;
    if (ch_str_find_char(*rest, sep, &at)) {
        *ret_part = ch_str_sub(*rest, 0, at);
        *rest = ch_str_sub(*rest, at + 1, rest->len);
    } else {
        *ret_part = *rest;
        *rest = (struct ch_str){NULL, 0};
    }
    return true;
}

char *ch_str_dup(struct ch_str s)
{
    char *p = ch_alloc(s.len + 1);
    if (s.len > 0) {
        memcpy(p, s.ptr, s.len);
    }
    p[s.len] = '\0';
    return p;
}

bool ch_str_copy(struct ch_str s, char *ret, size_t ret_size)
{
    bool fits = s.len < ret_size;
    size_t len = fits ? s.len : 0;
    if (len > 0) {
        memcpy(ret, s.ptr, len);
    }
    ret[len] = '\0';
    return fits;
}

bool ch_str_u64(struct ch_str s, uint64_t *ret_value)
{
    if (s.len == 0 || s.len > 20 || (s.len > 1 && s.ptr[0] == '0')) {
        return false;
    }
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9' || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.ptr[i] - '0'), &v)) {
            return false;
        }
    }
    *ret_value = v;
    return true;
}

/* --- ch_buf --- */

void ch_buf_init(struct ch_buf *b, size_t max_bytes)
{
    *b = (struct ch_buf){.max = max_bytes};
}

void ch_buf_done(struct ch_buf *b)
{
    free(b->ptr);
    *b = (struct ch_buf){.max = b->max};
}

void ch_buf_clear(struct ch_buf *b)
{
    b->len = 0;
    b->failed = false;
}

enum ch_code ch_buf_ok(const struct ch_buf *b, struct ch_err *err)
{
    if (b->failed) {
        return ch_fail(err, CH_E_LIMIT, "more than %zu bytes", b->max);
    }
    return CH_OK;
}

struct ch_str ch_buf_str(const struct ch_buf *b)
{
    return (struct ch_str){b->ptr, b->len};
}

char *ch_buf_reserve(struct ch_buf *b, size_t more)
{
    size_t need;
    if (b->failed || !ch_add(b->len, more, &need) || need > b->max) {
        b->failed = true;
        return NULL;
    }
    if (need > b->cap) {
        size_t cap = b->cap < 64 ? 64 : b->cap;
        while (cap < need) {
            cap = cap > b->max / 2 ? b->max : cap * 2;
        }
        b->ptr = ch_realloc_array(b->ptr, cap, 1);
        b->cap = cap;
    }
    return b->ptr + b->len;
}

void ch_buf_put(struct ch_buf *b, const void *ptr, size_t len)
{
    char *at = ch_buf_reserve(b, len);
    if (at != NULL && len > 0) {
        memcpy(at, ptr, len);
        b->len += len;
    }
}

void ch_buf_puts(struct ch_buf *b, struct ch_str s)
{
    ch_buf_put(b, s.ptr, s.len);
}

void ch_buf_putc(struct ch_buf *b, char c)
{
    ch_buf_put(b, &c, 1);
}

void ch_buf_put_code_point(struct ch_buf *b, uint32_t c)
{
    if (c < 0x80) {
        ch_buf_putc(b, (char)c);
    } else if (c < 0x800) {
        ch_buf_putc(b, (char)(0xc0 | c >> 6));
        ch_buf_putc(b, (char)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        ch_buf_putc(b, (char)(0xe0 | c >> 12));
        ch_buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        ch_buf_putc(b, (char)(0x80 | (c & 0x3f)));
    } else {
        ch_buf_putc(b, (char)(0xf0 | (c >> 18 & 7)));
        ch_buf_putc(b, (char)(0x80 | (c >> 12 & 0x3f)));
        ch_buf_putc(b, (char)(0x80 | (c >> 6 & 0x3f)));
        ch_buf_putc(b, (char)(0x80 | (c & 0x3f)));
    }
}

void ch_buf_printf(struct ch_buf *b, const char *fmt, ...)
{
    char small[256];
    va_list va;
    va_start(va, fmt);
    int n = vsnprintf(small, sizeof(small), fmt, va);
    va_end(va);
    CH_ASSERT(n >= 0);
    if ((size_t)n < sizeof(small)) {
        ch_buf_put(b, small, (size_t)n);
        return;
    }
    char *at = ch_buf_reserve(b, (size_t)n + 1);
    if (at == NULL) {
        return;
    }
    va_start(va, fmt);
    vsnprintf(at, (size_t)n + 1, fmt, va);
    va_end(va);
    b->len += (size_t)n;
}

void ch_buf_put_escaped(struct ch_buf *b, struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '\\') {
            ch_buf_puts(b, CH_STR("\\\\"));
        } else if (c >= 0x20 && c <= 0x7e) {
            ch_buf_putc(b, (char)c);
        } else {
            ch_buf_printf(b, "\\x%02x", c);
        }
    }
}

void ch_buf_put_printable(struct ch_buf *b, struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\') {
            ch_buf_putc(b, '\\');
        } else {
            ch_buf_put_escaped(b, ch_str_sub(s, i, 1));
        }
    }
}

/* Length of the valid UTF-8 sequence at s[at], 0 when there is none. Spec: RFC 3629 section 4. */
static size_t utf8_length(struct ch_str s, size_t at)
{
    const unsigned char *p = (const unsigned char *)s.ptr + at;
    size_t left = s.len - at;
    if (p[0] < 0x80) {
        return 1;
    }
    size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3
               : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;
    if (n == 0 || left < n) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) {
        return 0;
    }
    return n;
}

size_t ch_str_ascii(struct ch_str s)
{
    size_t i = 0;
    uint64_t eight;
    for (; s.len - i >= sizeof(eight); i += sizeof(eight)) {
        memcpy(&eight, s.ptr + i, sizeof(eight));
        if ((eight & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
    }
    while (i < s.len && (unsigned char)s.ptr[i] < 0x80) {
        i++;
    }
    return i;
}

/* Bytes below a blank, and DEL: the subtraction borrows, or the difference from DEL is zero. */
static bool has_control(uint64_t eight)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t del = eight ^ (ones * 0x7f);
    return ((((eight - ones * 0x20) & ~eight) | ((del - ones) & ~del)) & (ones * 0x80)) != 0;
}

size_t ch_str_plain(struct ch_str s)
{
    size_t i = 0;
    uint64_t eight;
    for (; s.len - i >= sizeof(eight); i += sizeof(eight)) {
        memcpy(&eight, s.ptr + i, sizeof(eight));
        if (has_control(eight)) {
            break;
        }
    }
    while (i < s.len && (unsigned char)s.ptr[i] >= 0x20 && s.ptr[i] != 0x7f) {
        i++;
    }
    return i;
}

bool ch_str_is_utf8(struct ch_str s)
{
    for (size_t i = ch_str_ascii(s); i < s.len; i += ch_str_ascii(ch_str_sub(s, i, s.len))) {
        size_t n = utf8_length(s, i);
        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

void ch_buf_put_json(struct ch_buf *b, struct ch_str s)
{
    ch_buf_putc(b, '"');
    for (size_t i = 0; i < s.len;) {
        unsigned char c = (unsigned char)s.ptr[i];
        size_t n = utf8_length(s, i);
        if (n == 0) {
            ch_buf_puts(b, CH_STR("\\ufffd"));
            n = 1;
        } else if (c == '"' || c == '\\') {
            ch_buf_putc(b, '\\');
            ch_buf_putc(b, (char)c);
        } else if (c < 0x20 || c == 0x7f) {
            ch_buf_printf(b, "\\u%04x", c);
        } else {
            ch_buf_put(b, s.ptr + i, n);
        }
        i += n;
    }
    ch_buf_putc(b, '"');
}

void ch_buf_put_html(struct ch_buf *b, struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        switch (s.ptr[i]) {
        case '&':
            ch_buf_puts(b, CH_STR("&amp;"));
            break;
        case '<':
            ch_buf_puts(b, CH_STR("&lt;"));
            break;
        case '>':
            ch_buf_puts(b, CH_STR("&gt;"));
            break;
        case '"':
            ch_buf_puts(b, CH_STR("&quot;"));
            break;
        case '\'':
            ch_buf_puts(b, CH_STR("&#39;"));
            break;
        default:
            ch_buf_putc(b, s.ptr[i]);
        }
    }
}

void ch_buf_put_hex(struct ch_buf *b, const void *ptr, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = ptr;
    for (size_t i = 0; i < len; i++) {
        ch_buf_putc(b, digits[p[i] >> 4]);
        ch_buf_putc(b, digits[p[i] & 15]);
    }
}

static void put_le(struct ch_buf *b, uint64_t v, size_t bytes)
{
    unsigned char raw[8];
    for (size_t i = 0; i < bytes; i++) {
        raw[i] = (unsigned char)(v >> (8 * i));
    }
    ch_buf_put(b, raw, bytes);
}

void ch_put_u8(struct ch_buf *b, uint8_t v)
{
    put_le(b, v, 1);
}

void ch_put_u16(struct ch_buf *b, uint16_t v)
{
    put_le(b, v, 2);
}

void ch_put_u32(struct ch_buf *b, uint32_t v)
{
    put_le(b, v, 4);
}

void ch_put_u64(struct ch_buf *b, uint64_t v)
{
    put_le(b, v, 8);
}

void ch_put_i64(struct ch_buf *b, int64_t v)
{
    put_le(b, (uint64_t)v, 8);
}

void ch_put_str(struct ch_buf *b, struct ch_str s)
{
    if (s.len > UINT32_MAX) {
        b->failed = true;
        return;
    }
    ch_put_u32(b, (uint32_t)s.len);
    ch_buf_put(b, s.ptr, s.len);
}

void ch_put_bytes(struct ch_buf *b, const void *ptr, size_t len)
{
    ch_buf_put(b, ptr, len);
}

/* --- ch_rd --- */

struct ch_rd ch_rd_of(const void *ptr, size_t len)
{
    return (struct ch_rd){.ptr = ptr, .len = len};
}

size_t ch_rd_left(const struct ch_rd *r)
{
    return r->failed ? 0 : r->len - r->at;
}

const uint8_t *ch_get_bytes(struct ch_rd *r, size_t len)
{
    if (r->failed || len > r->len - r->at) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->ptr + r->at;
    r->at += len;
    return p;
}

static uint64_t get_le(struct ch_rd *r, size_t bytes)
{
    const uint8_t *p = ch_get_bytes(r, bytes);
    uint64_t v = 0;
    for (size_t i = 0; p != NULL && i < bytes; i++) {
        v |= (uint64_t)p[i] << (8 * i);
    }
    return v;
}

uint8_t ch_get_u8(struct ch_rd *r)
{
    return (uint8_t)get_le(r, 1);
}

uint16_t ch_get_u16(struct ch_rd *r)
{
    return (uint16_t)get_le(r, 2);
}

uint32_t ch_get_u32(struct ch_rd *r)
{
    return (uint32_t)get_le(r, 4);
}

uint64_t ch_get_u64(struct ch_rd *r)
{
    return get_le(r, 8);
}

int64_t ch_get_i64(struct ch_rd *r)
{
    return (int64_t)get_le(r, 8);
}

struct ch_str ch_get_str(struct ch_rd *r, size_t max_len)
{
    uint32_t len = ch_get_u32(r);
    if (len > max_len) {
        r->failed = true;
    }
    const uint8_t *p = ch_get_bytes(r, len);
    if (p == NULL) {
        return (struct ch_str){NULL, 0};
    }
    return (struct ch_str){(const char *)p, len};
}

void ch_rd_fail(struct ch_rd *r)
{
    r->failed = true;
}

enum ch_code ch_rd_end(const struct ch_rd *r, const char *what, struct ch_err *err)
{
    if (r->failed) {
        return ch_fail(err, CH_E_FORMAT, "%s: truncated, or a value out of range near byte %zu",
                       what, r->at);
    }
    if (r->at != r->len) {
        return ch_fail(err, CH_E_FORMAT, "%s: %zu bytes left over", what, r->len - r->at);
    }
    return CH_OK;
}

/* Values of hex digits plus one; 0: not a digit. Digests are read by the million. */
static const uint8_t hex_values[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
    ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
    ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

bool ch_hex_decode(struct ch_str hex, uint8_t *ret, size_t len)
{
    if (hex.len != 2 * len) {
        return false;
    }
    for (size_t i = 0; i < hex.len; i++) {
        if (hex_values[(unsigned char)hex.ptr[i]] == 0) {
            return false;
        }
    }
    for (size_t i = 0; i < len; i++) {
        unsigned high = hex_values[(unsigned char)hex.ptr[2 * i]] - 1u;
        unsigned low = hex_values[(unsigned char)hex.ptr[2 * i + 1]] - 1u;
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
