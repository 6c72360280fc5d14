/* Strings of all forms: docs.python.org, "String and Bytes literals", "f-strings"; PEP 701, 750. */
#include <string.h>

#include "scanner/source/token_int.h"

enum { NAME_BYTES = 128 }; /* of \N{...}; the longest name of a character has 88 */

size_t token_string_prefix(const uint8_t *p, const uint8_t *end, uint8_t *ret_flags,
                           uint8_t *ret_quote)
{
    uint8_t flags = 0;
    bool other = false; /* u: goes with nothing else */
    size_t n = 0;
    for (; n < 3 && (size_t)(end - p) > n; n++) {
        uint8_t c = p[n];
        uint8_t bit;
        if (c == '"' || c == '\'') {
            *ret_quote = c;
            *ret_flags = flags;
            size_t left = (size_t)(end - p) - n;
            if (left >= 3 && p[n + 1] == c && p[n + 2] == c) {
                *ret_flags |= CH_STRING_TRIPLE;
                return n + 3;
            }
            return n + 1;
        }
        switch (c | 0x20) {
        case 'r':
            bit = CH_STRING_RAW;
            break;
        case 'b':
            bit = CH_STRING_BYTES;
            break;
        case 'f':
        case 't':
            bit = CH_STRING_FORMAT;
            break;
        case 'u':
            bit = 0;
            break;
        default:
            return 0;
        }
        if (other || (bit == 0 && n > 0) || (flags & bit) != 0 ||
            ((flags | bit) & (CH_STRING_BYTES | CH_STRING_FORMAT)) ==
                (CH_STRING_BYTES | CH_STRING_FORMAT)) {
            return 0;
        }
        other = bit == 0;
        flags |= bit;
    }
    return 0;
}

static void finish(const struct ch_tokenizer *t, enum ch_token_type type, const uint8_t *from,
                   uint32_t line, uint8_t flags, struct ch_token *ret)
{
    *ret = (struct ch_token){.at = (uint32_t)(from - t->begin),
                             .len = (uint32_t)(t->at - from),
                             .line = line,
                             .type = (uint8_t)type,
                             .flags = flags};
}

static bool triple_ends(const struct ch_tokenizer *t, uint8_t quote)
{
    return token_peek(t, 1) == quote && token_peek(t, 2) == quote;
}

/* Over a backslash and what it escapes; in raw strings it keeps a quote from ending them too. */
static void skip_escape(struct ch_tokenizer *t)
{
    t->at++;
    if (t->at < t->end) {
        if (*t->at == '\n' || *t->at == '\r') {
            token_skip_break(t);
        } else {
            t->at++;
        }
    }
}

void token_string(struct ch_tokenizer *t, size_t prefix, uint8_t flags, uint8_t quote,
                  struct ch_token *ret)
{
    const uint8_t *from = t->at;
    uint32_t line = t->line;
    bool triple = (flags & CH_STRING_TRIPLE) != 0;
    t->at += prefix;
    if ((flags & CH_STRING_FORMAT) != 0 && t->fstring_count < CH_TOKEN_FSTRINGS &&
        t->open_count < CH_TOKEN_BRACKETS) {
        t->fstrings[t->fstring_count].quote = quote;
        t->fstrings[t->fstring_count++].flags = flags;
        token_push(t, 'T');
        finish(t, CH_TOKEN_FSTRING_START, from, line, flags, ret);
        return;
    }
    if ((flags & CH_STRING_FORMAT) != 0) { /* too deep: one string, its fields unseen */
        token_error(t);
    }
    while (t->at < t->end) {
        uint8_t c = *t->at;
        if (!token_is(c, BYTE_STRING_STOP)) {
            t->at++;
        } else if (c == '\\') {
            skip_escape(t);
        } else if (c == quote && (!triple || triple_ends(t, quote))) {
            t->at += triple ? 3 : 1;
            finish(t, CH_TOKEN_STRING, from, line, flags, ret);
            return;
        } else if (c != '\n' && c != '\r') {
            t->at++;
        } else if (triple) {
            token_skip_break(t);
        } else {
            break;
        }
    }
    token_error(t);
    finish(t, CH_TOKEN_ERROR, from, line, flags, ret);
}

/* Out of the innermost f-string, whatever is open within it. */
static void leave(struct ch_tokenizer *t)
{
    t->open_beyond = 0;
    while (t->open_count > 0 && t->open[--t->open_count] != 'T') {
    }
    t->fstring_count -= t->fstring_count > 0 ? 1 : 0;
}

/* Text up to what ends it; false when there is none. */
static bool middle(struct ch_tokenizer *t, bool spec, uint8_t quote, uint8_t flags)
{
    const uint8_t *from = t->at;
    bool triple = (flags & CH_STRING_TRIPLE) != 0;
    while (t->at < t->end) {
        uint8_t c = *t->at;
        if (!token_is(c, BYTE_STRING_STOP)) {
            t->at++;
        } else if (c == '\\') {
            /* \N{DASH} is an escape, and no field; a backslash never hides a brace. */
            uint8_t next = token_peek(t, 1);
            if (next == 'N' && token_peek(t, 2) == '{' && (flags & CH_STRING_RAW) == 0) {
                size_t left = (size_t)(t->end - t->at);
                const uint8_t *close = memchr(t->at, '}', left < NAME_BYTES ? left : NAME_BYTES);
                t->at = close != NULL ? close + 1 : t->at + 2;
            } else if (next == '{' || next == '}') {
                t->at++;
            } else {
                skip_escape(t);
            }
        } else if (c == quote && (!triple || triple_ends(t, quote))) {
            break;
        } else if (c == '{' || c == '}') {
            if (spec || token_peek(t, 1) != c) {
                break;
            }
            t->at += 2;
        } else if (c != '\n' && c != '\r') {
            t->at++;
        } else if (triple) {
            token_skip_break(t);
        } else {
            break;
        }
    }
    return t->at > from;
}

void token_fstring_text(struct ch_tokenizer *t, struct ch_token *ret)
{
    const uint8_t *from = t->at;
    uint32_t line = t->line;
    bool spec = token_top(t) == 'S';
    uint8_t quote = t->fstrings[t->fstring_count - 1].quote;
    uint8_t flags = t->fstrings[t->fstring_count - 1].flags;
    if (middle(t, spec, quote, flags)) {
        finish(t, CH_TOKEN_FSTRING_MIDDLE, from, line, flags, ret);
        return;
    }
    uint8_t c = *t->at;
    if (c == '{') {
        t->at++;
        token_push(t, 'F');
        finish(t, CH_TOKEN_OP, from, line, 0, ret);
        return;
    }
    if (c == '}') {
        t->at++;
        if (spec) {
            token_pop(t); /* the specification, and with it the field */
            token_pop(t);
            finish(t, CH_TOKEN_OP, from, line, 0, ret);
        } else {
            token_error(t); /* "f-string: single '}' is not allowed" */
            finish(t, CH_TOKEN_ERROR, from, line, 0, ret);
        }
        return;
    }
    /* The closing quotes, or the end of a line within an f-string that may not have one. */
    if (spec || c != quote) {
        token_error(t);
    }
    if (c == quote) {
        t->at += (flags & CH_STRING_TRIPLE) != 0 ? 3 : 1;
    }
    leave(t);
    finish(t, CH_TOKEN_FSTRING_END, from, line, flags, ret);
}

/* --- values --- */

void token_put_utf8(struct ch_buf *b, uint32_t c)
{
    bool none = c >= 0xd800 && (c < 0xe000 || c > 0x10ffff);
    ch_buf_put_code_point(b, none ? 0xfffd : c);
}

static uint32_t hex_value(uint8_t c)
{
    return c <= '9' ? (uint32_t)(c - '0') : (uint32_t)((c | 0x20) - 'a' + 10);
}

/* Up to `max` hexadecimal digits (octal: base 8) at p into *ret_value; how many there were. */
static size_t number_at(const uint8_t *p, const uint8_t *end, size_t max, uint32_t base,
                        uint32_t *ret_value)
{
    uint32_t v = 0;
    size_t n = 0;
    while (n < max && (size_t)(end - p) > n && token_is(p[n], BYTE_HEX) && hex_value(p[n]) < base) {
        v = v * base + hex_value(p[n++]);
    }
    *ret_value = v;
    return n;
}

const uint8_t *token_escape(const uint8_t *p, const uint8_t *end, bool bytes, int64_t *ret_value)
{
    static const char from[] = "\\'\"abfnrtv";
    static const char to[] = "\\'\"\a\b\f\n\r\t\v";
    uint8_t c = p[1];
    const char *simple = c != 0 ? strchr(from, c) : NULL;
    uint32_t v = 0;
    *ret_value = TOKEN_ESCAPE_NOTHING;
    if (c == '\n') {
        return p + 2;
    }
    if (c == '\r') {
        return p + (end - p > 2 && p[2] == '\n' ? 3 : 2);
    }
    if (simple != NULL) {
        *ret_value = to[simple - from];
        return p + 2;
    }
    size_t want = c == 'x' ? 2 : bytes ? 0 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (want > 0 && number_at(p + 2, end, want, 16, &v) == want) {
        *ret_value = v;
        return p + 2 + want;
    }
    size_t octal = number_at(p + 1, end, 3, 8, &v);
    if (octal > 0) {
        *ret_value = v;
        return p + 1 + octal;
    }
    const uint8_t *close = NULL;
    if (c == 'N' && !bytes && end - p > 2 && p[2] == '{') {
        close = memchr(p, '}', (size_t)(end - p < NAME_BYTES ? end - p : NAME_BYTES));
    }
    *ret_value = close != NULL ? TOKEN_ESCAPE_NAMED : TOKEN_ESCAPE_NONE;
    return close != NULL ? close + 1 : p + 1;
}

static const uint8_t *escape(const uint8_t *p, const uint8_t *end, bool bytes, struct ch_buf *ret)
{
    int64_t value;
    const uint8_t *behind = token_escape(p, end, bytes, &value);
    if (value == TOKEN_ESCAPE_NAMED) {
        token_put_utf8(ret, 0xfffd);
    } else if (value == TOKEN_ESCAPE_NONE) {
        ch_buf_putc(ret, '\\');
    } else if (value != TOKEN_ESCAPE_NOTHING) {
        bytes ? ch_buf_putc(ret, (char)value) : token_put_utf8(ret, (uint32_t)value);
    }
    return behind;
}

void ch_token_value(struct ch_str text, const struct ch_token *tok, struct ch_buf *ret)
{
    const uint8_t *p = (const uint8_t *)text.ptr + tok->at;
    const uint8_t *end = p + tok->len;
    uint8_t flags = tok->flags;
    uint8_t quote;
    bool middle_token = tok->type == CH_TOKEN_FSTRING_MIDDLE;
    if (!middle_token) {
        p += token_string_prefix(p, end, &flags, &quote);
        size_t close = (flags & CH_STRING_TRIPLE) != 0 ? 3 : 1;
        end -= (size_t)(end - p) >= close ? close : (size_t)(end - p);
    }
    while (p < end) {
        const uint8_t *from = p;
        while (p < end && *p != '\\' && *p != '\r' && *p != '{' && *p != '}') {
            p++;
        }
        ch_buf_put(ret, from, (size_t)(p - from));
        if (p == end) {
            return;
        }
        if (*p == '\\' && (flags & CH_STRING_RAW) == 0 && end - p > 1) {
            p = escape(p, end, (flags & CH_STRING_BYTES) != 0, ret);
            continue;
        }
        if (*p == '\r') { /* \r and \r\n are \n in the text that Python reads */
            ch_buf_putc(ret, '\n');
            p += end - p > 1 && p[1] == '\n' ? 2 : 1;
            continue;
        }
        ch_buf_putc(ret, (char)*p);
        p += middle_token && *p != '\\' && end - p > 1 && p[1] == p[0] ? 2 : 1;
    }
}
