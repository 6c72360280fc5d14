/* Strings, keys and comments of TOML. */
#include "base/toml/toml_int.h"

/* "Any Unicode character may be used except those that must be escaped": control characters but
 * tab. The text is known to be UTF-8. */
static bool is_control(char c)
{
    unsigned char u = (unsigned char)c;
    return (u < 0x20 && u != '\t') || u == 0x7f;
}

enum ch_code toml_skip_comment(struct toml_parser *p)
{
    if (!toml_is(p, 0, '#')) {
        return CH_OK;
    }
    for (; p->at < p->text.len && !toml_is(p, 0, '\n'); p->at++) {
        if (toml_is(p, 0, '\r') && toml_is(p, 1, '\n')) {
            break;
        }
        if (is_control(p->text.ptr[p->at])) {
            return toml_expected(p, "a comment without control characters");
        }
    }
    return CH_OK;
}

/* A string that is being read: where it goes, and how it ends. */
struct string {
    char *ptr;
    size_t len;
    char quote;
    bool multi_line;
};

/* Never longer than what it stands for: \uXXXX (6 bytes) up to 3, \UXXXXXXXX (10 bytes) up to 4. */
static void put_character(struct string *s, uint32_t c)
{
    if (c < 0x80) {
        s->ptr[s->len++] = (char)c;
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char lead[] = {0, 0xc0, 0xe0, 0xf0};
    s->ptr[s->len++] = (char)(lead[more] | (c >> (6 * more)));
    while (more-- > 0) {
        s->ptr[s->len++] = (char)(0x80 | ((c >> (6 * more)) & 0x3f));
    }
}

/* \uXXXX and \UXXXXXXXX: "must be valid Unicode scalar values". */
static enum ch_code read_number(struct toml_parser *p, size_t digits, struct string *s)
{
    enum { BYTES_MAX = 4 };
    uint8_t raw[BYTES_MAX] = {0};
    struct ch_str hex = ch_str_sub(p->text, p->at + 2, digits);
    uint32_t c = 0;
    bool ok = hex.len == digits && ch_hex_decode(hex, raw, digits / 2);
    for (size_t i = 0; i < digits / 2; i++) {
        c = c << 8 | raw[i];
    }
    if (!ok || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) {
        return toml_expected(p, "an escape of a Unicode scalar value");
    }
    put_character(s, c);
    p->at += 2 + digits;
    return CH_OK;
}

/* "When the last non-whitespace character on a line is an unescaped \, it will be trimmed along
 * with all whitespace (including newlines) up to the next non-whitespace character". */
static bool skip_folded_line(struct toml_parser *p)
{
    size_t at = p->at + 1;
    bool folded = false;
    for (; at < p->text.len; at++) {
        char c = p->text.ptr[at];
        bool line_end =
            c == '\n' || (c == '\r' && at + 1 < p->text.len && p->text.ptr[at + 1] == '\n');
        if (c != ' ' && c != '\t' && !line_end) {
            break;
        }
        folded = folded || line_end;
    }
    if (folded) {
        p->at = at;
    }
    return folded;
}

static enum ch_code read_escape(struct toml_parser *p, struct string *s)
{
    static const struct {
        char letter;
        char means;
    } escapes[] = {{'b', '\b'}, {'t', '\t'}, {'n', '\n'}, {'f', '\f'},
                   {'r', '\r'}, {'"', '"'},  {'\\', '\\'}};
    if (s->multi_line && skip_folded_line(p)) {
        return CH_OK;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(escapes); i++) {
        if (toml_is(p, 1, escapes[i].letter)) {
            s->ptr[s->len++] = escapes[i].means;
            p->at += 2;
            return CH_OK;
        }
    }
    enum { SHORT_DIGITS = 4, LONG_DIGITS = 8 };
    if (toml_is(p, 1, 'u')) {
        return read_number(p, SHORT_DIGITS, s);
    }
    if (toml_is(p, 1, 'U')) {
        return read_number(p, LONG_DIGITS, s);
    }
    return toml_expected(p, "an escape (\\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX \\UXXXXXXXX)");
}

/* Whether the string ends here; then p->at is behind it. "You can write a quotation mark, or two
 * adjacent quotation marks, anywhere inside a multi-line basic string", just before its end too. */
static bool at_end(struct toml_parser *p, struct string *s)
{
    enum { DELIMITER = 3, MOST_INSIDE = 2 };
    size_t run = 0;
    while (run < DELIMITER + MOST_INSIDE && toml_is(p, run, s->quote)) {
        run++;
    }
    if (!s->multi_line) {
        p->at += run > 0 ? 1 : 0;
        return run > 0;
    }
    if (run < DELIMITER) {
        return false;
    }
    for (size_t i = DELIMITER; i < run; i++) {
        s->ptr[s->len++] = s->quote;
    }
    p->at += run;
    return true;
}

static bool skip_newline(struct toml_parser *p, const struct string *s)
{
    size_t len = toml_is(p, 0, '\n') ? 1 : toml_is(p, 0, '\r') && toml_is(p, 1, '\n') ? 2 : 0;
    p->at += s->multi_line ? len : 0;
    return s->multi_line && len > 0;
}

static enum ch_code read_rest(struct toml_parser *p, struct string *s)
{
    while (!at_end(p, s)) {
        if (p->at == p->text.len || (!s->multi_line && toml_is(p, 0, '\n'))) {
            return toml_expected(p, "the end of the string");
        }
        if (skip_newline(p, s)) {
            s->ptr[s->len++] = '\n'; /* CR LF too, as most readers have it */
            continue;
        }
        if (s->quote == '"' && toml_is(p, 0, '\\')) {
            enum ch_code rc = read_escape(p, s);
            if (rc != CH_OK) {
                return rc;
            }
            continue;
        }
        if (is_control(p->text.ptr[p->at])) {
            return toml_expected(p, "a string without control characters");
        }
        s->ptr[s->len++] = p->text.ptr[p->at++];
    }
    return CH_OK;
}

static enum ch_code read_quoted(struct toml_parser *p, bool may_have_lines, struct ch_str *ret)
{
    enum { DELIMITER = 3 };
    char quote = p->text.ptr[p->at];
    struct string s = {.quote = quote};
    s.multi_line = may_have_lines && toml_is(p, 1, quote) && toml_is(p, 2, quote);
    p->at += s.multi_line ? DELIMITER : 1;
    /* what it becomes is not longer than what is left; given back below */
    s.ptr = toml_room(p, 0);
    /* "A newline immediately following the opening delimiter will be trimmed" */
    CH_IGNORE(skip_newline(p, &s));
    enum ch_code rc = read_rest(p, &s);
    if (rc == CH_OK) {
        *ret = (struct ch_str){toml_room(p, s.len), s.len};
    }
    return rc;
}

enum ch_code toml_read_string(struct toml_parser *p, struct ch_str *ret)
{
    return read_quoted(p, true, ret);
}

static bool is_bare(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

enum ch_code toml_read_key_part(struct toml_parser *p, struct ch_str *ret)
{
    if (toml_is(p, 0, '"') || toml_is(p, 0, '\'')) {
        return read_quoted(p, false, ret);
    }
    size_t len = 0;
    while (p->at + len < p->text.len && is_bare(p->text.ptr[p->at + len])) {
        len++;
    }
    if (len == 0) {
        return toml_expected(p, "a key");
    }
    char *copy = toml_room(p, len);
    for (size_t i = 0; i < len; i++) {
        copy[i] = p->text.ptr[p->at + i];
    }
    *ret = (struct ch_str){copy, len};
    p->at += len;
    return CH_OK;
}
