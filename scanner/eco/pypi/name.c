/* Names and versions of Python projects: when are two spellings the same? Spec: PEP 503, 508, 440.
 */
#include "customhouse/limits.h"
#include "scanner/eco/pypi/metadata.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_alnum(char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == '.';
}

bool ch_pypi_is_name(struct ch_str name)
{
    if (name.len == 0 || name.len > ch_limits.project_name_bytes || !is_alnum(name.ptr[0]) ||
        !is_alnum(name.ptr[name.len - 1])) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        if (!is_alnum(name.ptr[i]) && !is_separator(name.ptr[i])) {
            return false;
        }
    }
    return true;
}

/* The next character of the normalised name, '\0' after the last. */
static char next_normal(struct ch_str s, size_t *at)
{
    if (*at == s.len) {
        return '\0';
    }
    char c = s.ptr[(*at)++];
    if (!is_separator(c)) {
        return lower(c);
    }
    while (is_separator(s.ptr[*at])) { /* a name does not end in one */
        (*at)++;
    }
    return '-';
}

bool ch_pypi_normalise(struct ch_str name, struct ch_buf *ret)
{
    if (!ch_pypi_is_name(name)) {
        return false;
    }
    char c;
    for (size_t at = 0; (c = next_normal(name, &at)) != '\0';) {
        ch_buf_putc(ret, c);
    }
    return !ret->failed;
}

bool ch_pypi_same_name(struct ch_str a, struct ch_str b)
{
    if (!ch_pypi_is_name(a) || !ch_pypi_is_name(b)) {
        return false;
    }
    size_t at_a = 0;
    size_t at_b = 0;
    char c;
    do {
        c = next_normal(a, &at_a);
        if (c != next_normal(b, &at_b)) {
            return false;
        }
    } while (c != '\0');
    return true;
}

/* --- PEP 440, appendix B, by hand --- */

/* Digits without leading zeros; absent when there is none. */
static struct ch_str take_number(struct ch_str *s)
{
    size_t n = 0;
    while (n < s->len && is_digit(s->ptr[n])) {
        n++;
    }
    struct ch_str number = ch_str_sub(*s, 0, n);
    *s = ch_str_sub(*s, n, s->len);
    while (number.len > 1 && number.ptr[0] == '0') {
        number = ch_str_sub(number, 1, number.len);
    }
    return number.len == 0 ? (struct ch_str){NULL, 0} : number;
}

static bool take_word(struct ch_str *s, struct ch_str word)
{
    if (!ch_str_eq_nocase(ch_str_sub(*s, 0, word.len), word)) {
        return false;
    }
    *s = ch_str_sub(*s, word.len, s->len);
    return true;
}

static bool take_separator(struct ch_str *s)
{
    if (s->len > 0 && is_separator(s->ptr[0])) {
        *s = ch_str_sub(*s, 1, s->len);
        return true;
    }
    return false;
}

static void put_number(struct ch_buf *b, struct ch_str number)
{
    ch_buf_puts(b, number.ptr == NULL ? CH_STR("0") : number);
}

static bool put_release(struct ch_str *s, struct ch_buf *b)
{
    struct ch_str number = take_number(s);
    if (number.ptr == NULL) {
        return false;
    }
    if (s->len > 0 && s->ptr[0] == '!') {
        *s = ch_str_sub(*s, 1, s->len);
        if (!ch_str_eq(number, CH_STR("0"))) {
            ch_buf_puts(b, number);
            ch_buf_putc(b, '!');
        }
        number = take_number(s);
        if (number.ptr == NULL) {
            return false;
        }
    }
    ch_buf_puts(b, number);
    size_t significant = b->len; /* trailing ".0" do not count */
    while (s->len > 1 && s->ptr[0] == '.' && is_digit(s->ptr[1])) {
        *s = ch_str_sub(*s, 1, s->len);
        number = take_number(s);
        ch_buf_putc(b, '.');
        ch_buf_puts(b, number);
        if (!ch_str_eq(number, CH_STR("0"))) {
            significant = b->len;
        }
    }
    b->len = significant;
    return true;
}

struct spelling {
    struct ch_str word;
    struct ch_str canonical;
};

/* One of the words with the separators that PEP 440 allows around it; nothing is fine as well. */
static void put_phase(struct ch_str *s, const struct spelling *words, size_t count,
                      struct ch_buf *b)
{
    struct ch_str rest = *s;
    take_separator(&rest);
    for (size_t i = 0; i < count; i++) {
        if (take_word(&rest, words[i].word)) {
            struct ch_str after = rest;
            if (take_separator(&after) && after.len > 0 && is_digit(after.ptr[0])) {
                rest = after;
            }
            ch_buf_puts(b, words[i].canonical);
            put_number(b, take_number(&rest));
            *s = rest;
            return;
        }
    }
}

static bool put_local(struct ch_str s, struct ch_buf *b)
{
    ch_buf_putc(b, '+');
    while (s.len > 0) {
        size_t n = 0;
        bool digits = true;
        while (n < s.len && is_alnum(s.ptr[n])) {
            digits = digits && is_digit(s.ptr[n]);
            n++;
        }
        struct ch_str part = ch_str_sub(s, 0, n);
        s = ch_str_sub(s, n, s.len);
        if (n == 0 || (s.len > 0 && (!take_separator(&s) || s.len == 0))) {
            return false;
        }
        if (digits) {
            part = take_number(&part);
        }
        for (size_t i = 0; i < part.len; i++) {
            ch_buf_putc(b, lower(part.ptr[i]));
        }
        ch_buf_putc(b, '.');
    }
    return true;
}

/* The one spelling of a version; false when it is none of PEP 440's. */
static bool canonical_version(struct ch_str s, struct ch_buf *b)
{
    static const struct spelling pre[] = {
        {{"alpha", 5}, {"a", 1}}, {{"beta", 4}, {"b", 1}}, {{"preview", 7}, {"rc", 2}},
        {{"pre", 3}, {"rc", 2}},  {{"rc", 2}, {"rc", 2}},  {{"a", 1}, {"a", 1}},
        {{"b", 1}, {"b", 1}},     {{"c", 1}, {"rc", 2}},
    };
    static const struct spelling post[] = {
        {{"post", 4}, {".post", 5}}, {{"rev", 3}, {".post", 5}}, {{"r", 1}, {".post", 5}}};
    static const struct spelling dev[] = {{{"dev", 3}, {".dev", 4}}};
    s = ch_str_trim(s);
    take_word(&s, CH_STR("v"));
    if (!put_release(&s, b)) {
        return false;
    }
    put_phase(&s, pre, CH_ARRAY_LEN(pre), b);
    /* "1.0-1" is a post release; wheel file names write that '-' as '_' */
    if (s.len > 1 && (s.ptr[0] == '-' || s.ptr[0] == '_') && is_digit(s.ptr[1])) {
        s = ch_str_sub(s, 1, s.len);
        ch_buf_puts(b, CH_STR(".post"));
        ch_buf_puts(b, take_number(&s));
    } else {
        put_phase(&s, post, CH_ARRAY_LEN(post), b);
    }
    put_phase(&s, dev, CH_ARRAY_LEN(dev), b);
    if (take_word(&s, CH_STR("+"))) {
        return s.len > 0 && put_local(s, b);
    }
    return s.len == 0;
}

bool ch_pypi_same_version(struct ch_str a, struct ch_str b)
{
    if (ch_str_eq(a, b)) {
        return true;
    }
    struct ch_buf ca;
    struct ch_buf cb;
    ch_buf_init(&ca, 2 * ch_limits.version_bytes); /* a spelling may grow: "c" is "rc" */
    ch_buf_init(&cb, 2 * ch_limits.version_bytes);
    bool same = canonical_version(a, &ca) && canonical_version(b, &cb) && !ca.failed &&
                !cb.failed && ch_str_eq(ch_buf_str(&ca), ch_buf_str(&cb));
    ch_buf_done(&ca);
    ch_buf_done(&cb);
    return same;
}
