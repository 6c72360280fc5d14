/* Texts that do not stand as they are written: literals side by side, which Python makes one, and
 * characters as escapes. Around each such place the text is put together as Python would, and the
 * words are looked for in that. */
#include <endian.h>
#include <string.h>

#include "scanner/source/prescan.h"

enum {
    AROUND_BYTES = 48, /* of a place; no word of the checks is longer */
    GAP_BYTES = 1000,  /* between two literals of one text */
    ESCAPES_MANY = 256 /* in a file: so is written what nobody is to read */
};

struct window {
    struct ch_str text;
    struct words_seen *seen;
    size_t end; /* in the text: up to here it has been taken over; 0: the window is empty */
    size_t used;
    char bytes[4096];
};

static void put(struct window *w, size_t from, size_t to)
{
    memcpy(w->bytes + w->used, w->text.ptr + from, to - from);
    w->used += to - from;
}

/* What follows the last place is part of it. */
static bool close_window(struct window *w)
{
    if (w->end == 0) {
        return false;
    }
    size_t left = w->text.len - w->end;
    put(w, w->end, w->end + (left < AROUND_BYTES ? left : AROUND_BYTES));
    bool enough = words_scan((struct ch_str){w->bytes, w->used}, w->seen);
    w->end = 0;
    w->used = 0;
    return enough;
}

/* In place of the text from `at` to `next` stands nothing, or one character. */
static bool replace(struct window *w, size_t at, size_t next, int with)
{
    if (w->end > 0 && at - w->end >= AROUND_BYTES && close_window(w)) {
        return true;
    }
    if (w->end == 0) {
        w->end = at > AROUND_BYTES ? at - AROUND_BYTES : 0;
    }
    if (w->used > sizeof(w->bytes) - 3 * AROUND_BYTES) { /* places without end */
        if (words_scan((struct ch_str){w->bytes, w->used}, w->seen)) {
            return true;
        }
        memmove(w->bytes, w->bytes + w->used - AROUND_BYTES, AROUND_BYTES);
        w->used = AROUND_BYTES;
    }
    put(w, w->end, at);
    if (with >= 0) {
        w->bytes[w->used++] = (char)with;
    }
    w->end = next;
    return false;
}

/* --- pieces side by side --- */

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

static bool is_prefix(char c)
{
    c = (char)(c | 0x20);
    return c == 'r' || c == 'b' || c == 'u' || c == 'f' || c == 't';
}

/* What may stand between two literals of one text. */
static bool is_between(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '+' || c == '\\' || c == '(' ||
           c == ')' || c == '#';
}

/* From behind a quote over blanks, line breaks, comments, + and brackets to what follows another
 * quote with its prefix; 0: the text of a literal does not go on. */
static size_t glued(struct ch_str s, size_t at)
{
    size_t from = at;
    for (; at < s.len && at - from < GAP_BYTES && is_between(s.ptr[at]); at++) {
        if (s.ptr[at] == '#') {
            const char *end = memchr(s.ptr + at, '\n', s.len - at);
            at = end != NULL ? (size_t)(end - s.ptr) : s.len;
        }
    }
    for (int i = 0; i < 2 && at < s.len && is_prefix(s.ptr[at]); i++) {
        at++;
    }
    bool triple = at + 2 < s.len && s.ptr[at + 1] == s.ptr[at] && s.ptr[at + 2] == s.ptr[at];
    return at < s.len && is_quote(s.ptr[at]) ? at + (triple ? 3 : 1) : 0;
}

/* --- escapes --- */

static int digit(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : 16;
}

/* At most `max` digits of a base; their count. */
static size_t number(struct ch_str s, size_t at, size_t max, int base, uint32_t *ret)
{
    size_t n = 0;
    *ret = 0;
    while (n < max && at + n < s.len && digit(s.ptr[at + n]) < base) {
        *ret = *ret * (uint32_t)base + (uint32_t)digit(s.ptr[at + n++]);
    }
    return n;
}

/* Behind the escape that the backslash at `at` begins, where it stands for a visible character of
 * ASCII (in *ret) or for nothing (-1: a line goes on); 0: it stands for something else. */
static size_t hidden(struct ch_str s, size_t at, int *ret)
{
    char kind = at + 1 < s.len ? s.ptr[at + 1] : '\0';
    size_t want = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 0;
    uint32_t v;
    size_t n = want > 0 ? number(s, at + 2, want, 16, &v) + 2 : number(s, at + 1, 3, 8, &v) + 1;
    if (kind == '\n' || kind == '\r') {
        n = kind == '\r' && at + 2 < s.len && s.ptr[at + 2] == '\n' ? 3 : 2;
        *ret = -1;
        return at + n;
    }
    if ((want > 0 && n != want + 2) || n == 1 || v < ' ' || v >= 0x7f) {
        return 0;
    }
    *ret = (int)v;
    return at + n;
}

/* --- where to look --- */

/* The highest bit of each byte that is c. */
static uint64_t bytes_that_are(uint64_t eight, char c)
{
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t x = eight ^ (UINT64_C(0x0101010101010101) * (uint8_t)c);
    return ~(((x & low) + low) | x | low);
}

static bool is_mark(char c)
{
    return is_quote(c) || c == '\\';
}

/* The next quote or backslash from `at` on; s.len: none. */
static size_t next_mark(struct ch_str s, size_t at)
{
    for (; at + sizeof(uint64_t) <= s.len; at += sizeof(uint64_t)) {
        uint64_t eight;
        memcpy(&eight, s.ptr + at, sizeof(eight));
        uint64_t marks =
            bytes_that_are(eight, '"') | bytes_that_are(eight, '\'') | bytes_that_are(eight, '\\');
        if (marks != 0) {
            return at + (size_t)__builtin_ctzll(le64toh(marks)) / 8;
        }
    }
    while (at < s.len && !is_mark(s.ptr[at])) {
        at++;
    }
    return at;
}

/* As glued(), of the quote at `at`, or of three. Most of what follows one says at once that no
 * other literal does. */
static size_t after_quote(struct ch_str s, size_t at)
{
    char quote = s.ptr[at++];
    at += at + 1 < s.len && s.ptr[at] == quote && s.ptr[at + 1] == quote ? 2 : 0;
    bool may = at < s.len && (is_between(s.ptr[at]) || is_prefix(s.ptr[at]) || is_quote(s.ptr[at]));
    return may ? glued(s, at) : 0;
}

bool pieces_scan(struct ch_str s, struct words_seen *seen)
{
    struct window w;
    w.text = s;
    w.seen = seen;
    w.end = 0;
    w.used = 0;
    for (size_t at = 0; (at = next_mark(s, at)) < s.len;) {
        int with = -1;
        bool backslash = s.ptr[at] == '\\';
        size_t next = backslash ? hidden(s, at, &with) : after_quote(s, at);
        seen->escapes += with >= 0 ? 1 : 0;
        if (seen->escapes > ESCAPES_MANY || (next > 0 && replace(&w, at, next, with))) {
            return true;
        }
        bool pair = backslash && at + 1 < s.len && s.ptr[at + 1] == '\\';
        at = next > 0 ? next : at + (pair ? 2 : 1);
    }
    return close_window(&w);
}
