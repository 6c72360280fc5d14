#include "base/pypi/version.h"

#include "base/pypi/version_int.h"
#include "customhouse/ascii.h"

static bool is_separator(char c)
{
    return c == '-' || c == '_' || c == '.';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct ch_str ch_pep440_trim(struct ch_str s)
{
    while (s.len > 0 && is_space(s.ptr[0])) {
        s = ch_str_sub(s, 1, s.len);
    }
    while (s.len > 0 && is_space(s.ptr[s.len - 1])) {
        s.len--;
    }
    return s;
}

struct ch_str ch_pep440_number(struct ch_str digits)
{
    while (digits.len > 0 && digits.ptr[0] == '0') {
        digits.ptr++;
        digits.len--;
    }
    return digits;
}

int ch_pep440_number_cmp(struct ch_str a, struct ch_str b)
{
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }
    return ch_str_cmp(a, b);
}

/* --- parsing: what is left is `s`; each take_ removes what it recognises --- */

static bool take_digits(struct ch_str *s, struct ch_str *ret_number)
{
    size_t n = 0;
    while (n < s->len && ch_is_digit(s->ptr[n])) {
        n++;
    }
    *ret_number = ch_pep440_number(ch_str_sub(*s, 0, n));
    *s = ch_str_sub(*s, n, s->len);
    return n > 0;
}

static void take_separator(struct ch_str *s)
{
    if (s->len > 0 && is_separator(s->ptr[0])) {
        *s = ch_str_sub(*s, 1, s->len);
    }
}

struct word {
    struct ch_str text;
    int value;
};

/* Takes "[-_.]? WORD [-_.]? [0-9]*", where the first row of `words` that fits counts. Longer words
 * stand before their beginnings, so no backtracking is needed: no suffix starts with what is left
 * of a longer word. */
static bool take_suffix(struct ch_str *s, const struct word *words, size_t count, int *ret_value,
                        struct ch_str *ret_number)
{
    struct ch_str rest = *s;
    take_separator(&rest);
    for (size_t i = 0; i < count; i++) {
        if (!ch_str_eq_nocase(ch_str_sub(rest, 0, words[i].text.len), words[i].text)) {
            continue;
        }
        rest = ch_str_sub(rest, words[i].text.len, rest.len);
        take_separator(&rest);
        (void)take_digits(&rest, ret_number); /* a missing number is 0 */
        *ret_value = words[i].value;
        *s = rest;
        return true;
    }
    return false;
}

#define WORD(literal, value)                                                                       \
    {                                                                                              \
        {(literal), sizeof(literal) - 1}, (value)                                                  \
    }
static const struct word pre_words[] = {
    WORD("alpha", CH_PEP440_ALPHA), WORD("a", CH_PEP440_ALPHA),    WORD("beta", CH_PEP440_BETA),
    WORD("b", CH_PEP440_BETA),      WORD("preview", CH_PEP440_RC), WORD("pre", CH_PEP440_RC),
    WORD("rc", CH_PEP440_RC),       WORD("c", CH_PEP440_RC),
};
static const struct word post_words[] = {WORD("post", 1), WORD("rev", 1), WORD("r", 1)};
static const struct word dev_words[] = {WORD("dev", 1)};

static bool take_epoch_and_release(struct ch_str *s, struct ch_pep440 *v)
{
    struct ch_str start = *s;
    struct ch_str number = {NULL, 0};
    if (!take_digits(s, &number)) {
        return false;
    }
    if (s->len > 0 && s->ptr[0] == '!') {
        v->epoch = number;
        *s = ch_str_sub(*s, 1, s->len);
        start = *s;
        if (!take_digits(s, &number)) {
            return false;
        }
    }
    while (s->len > 1 && s->ptr[0] == '.' && ch_is_digit(s->ptr[1])) {
        *s = ch_str_sub(*s, 1, s->len);
        (void)take_digits(s, &number);
    }
    v->release = ch_str_sub(start, 0, start.len - s->len);
    return true;
}

static void take_post(struct ch_str *s, struct ch_pep440 *v)
{
    if (s->len > 1 && s->ptr[0] == '-' && ch_is_digit(s->ptr[1])) {
        *s = ch_str_sub(*s, 1, s->len);
        v->post = take_digits(s, &v->post_number);
        return;
    }
    int value = 0;
    v->post = take_suffix(s, post_words, CH_ARRAY_LEN(post_words), &value, &v->post_number);
}

/* [a-z0-9]+ ([-_.] [a-z0-9]+)* up to the end */
static bool is_local(struct ch_str s)
{
    bool in_part = false;
    for (size_t i = 0; i < s.len; i++) {
        char c = lower(s.ptr[i]);
        if (ch_is_digit(c) || (c >= 'a' && c <= 'z')) {
            in_part = true;
        } else if (is_separator(c) && in_part) {
            in_part = false;
        } else {
            return false;
        }
    }
    return in_part;
}

bool ch_pep440_parse(struct ch_str text, struct ch_pep440 *ret)
{
    struct ch_pep440 v = {.pre = CH_PEP440_FINAL};
    struct ch_str s = ch_pep440_trim(text);
    if (s.len > 0 && lower(s.ptr[0]) == 'v') {
        s = ch_str_sub(s, 1, s.len);
    }
    if (!take_epoch_and_release(&s, &v)) {
        return false;
    }
    int value = 0;
    if (take_suffix(&s, pre_words, CH_ARRAY_LEN(pre_words), &value, &v.pre_number)) {
        v.pre = (enum ch_pep440_pre)value;
    }
    take_post(&s, &v);
    v.dev = take_suffix(&s, dev_words, CH_ARRAY_LEN(dev_words), &value, &v.dev_number);
    if (s.len > 0 && s.ptr[0] == '+') {
        v.local = ch_str_sub(s, 1, s.len);
        if (!is_local(v.local)) {
            return false;
        }
        s.len = 0;
    }
    if (s.len > 0) {
        return false;
    }
    *ret = v;
    return true;
}

/* --- the parts of a release --- */

size_t ch_pep440_release_count(const struct ch_pep440 *v)
{
    size_t n = 1;
    for (size_t i = 0; i < v->release.len; i++) {
        n += v->release.ptr[i] == '.' ? 1 : 0;
    }
    return n;
}

struct ch_str ch_pep440_release_at(const struct ch_pep440 *v, size_t i)
{
    struct ch_str rest = v->release;
    struct ch_str part = {NULL, 0};
    while (ch_str_split(&rest, '.', &part)) {
        if (i == 0) {
            return ch_pep440_number(part);
        }
        i--;
    }
    return (struct ch_str){NULL, 0};
}

/* --- normal form --- */

static void put_number(struct ch_buf *b, struct ch_str number)
{
    if (number.len == 0) {
        ch_buf_putc(b, '0');
    } else {
        ch_buf_puts(b, number);
    }
}

static bool is_number(struct ch_str part)
{
    for (size_t i = 0; i < part.len; i++) {
        if (!ch_is_digit(part.ptr[i])) {
            return false;
        }
    }
    return part.len > 0;
}

/* The next part of a local version; false after the last. */
static bool next_local(struct ch_str *rest, struct ch_str *ret_part)
{
    if (rest->len == 0) {
        return false;
    }
    size_t n = 0;
    while (n < rest->len && !is_separator(rest->ptr[n])) {
        n++;
    }
    *ret_part = ch_str_sub(*rest, 0, n);
    *rest = ch_str_sub(*rest, n + 1, rest->len);
    return true;
}

static void put_local(struct ch_buf *b, struct ch_str local)
{
    struct ch_str part = {NULL, 0};
    char before = '+';
    while (next_local(&local, &part)) {
        ch_buf_putc(b, before);
        before = '.';
        if (is_number(part)) {
            put_number(b, ch_pep440_number(part));
            continue;
        }
        for (size_t i = 0; i < part.len; i++) {
            ch_buf_putc(b, lower(part.ptr[i]));
        }
    }
}

void ch_pep440_put(struct ch_buf *b, const struct ch_pep440 *version)
{
    static const char *const pre_names[] = {"a", "b", "rc"};
    if (version->epoch.len > 0) {
        ch_buf_puts(b, version->epoch);
        ch_buf_putc(b, '!');
    }
    struct ch_str rest = version->release;
    struct ch_str part = {NULL, 0};
    for (bool first = true; ch_str_split(&rest, '.', &part); first = false) {
        if (!first) {
            ch_buf_putc(b, '.');
        }
        put_number(b, ch_pep440_number(part));
    }
    if (version->pre != CH_PEP440_FINAL) {
        ch_buf_puts(b, ch_str_of(pre_names[version->pre]));
        put_number(b, version->pre_number);
    }
    if (version->post) {
        ch_buf_puts(b, CH_STR(".post"));
        put_number(b, version->post_number);
    }
    if (version->dev) {
        ch_buf_puts(b, CH_STR(".dev"));
        put_number(b, version->dev_number);
    }
    put_local(b, version->local);
}

/* --- order --- */

static int release_order(struct ch_str a, struct ch_str b)
{
    struct ch_str pa = {NULL, 0};
    struct ch_str pb = {NULL, 0};
    for (;;) {
        bool more_a = ch_str_split(&a, '.', &pa);
        bool more_b = ch_str_split(&b, '.', &pb);
        if (!more_a && !more_b) {
            return 0;
        }
        /* 1.0 equals 1: what is missing is 0 */
        struct ch_str zero = {NULL, 0};
        int c = ch_pep440_number_cmp(more_a ? ch_pep440_number(pa) : zero,
                                     more_b ? ch_pep440_number(pb) : zero);
        if (c != 0) {
            return c;
        }
    }
}

static int local_part_order(struct ch_str a, struct ch_str b)
{
    bool number_a = is_number(a);
    bool number_b = is_number(b);
    if (number_a != number_b) {
        return number_a ? 1 : -1;
    }
    if (number_a) {
        return ch_pep440_number_cmp(ch_pep440_number(a), ch_pep440_number(b));
    }
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        if (lower(a.ptr[i]) != lower(b.ptr[i])) {
            return lower(a.ptr[i]) < lower(b.ptr[i]) ? -1 : 1;
        }
    }
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static int local_order(struct ch_str a, struct ch_str b)
{
    struct ch_str pa = {NULL, 0};
    struct ch_str pb = {NULL, 0};
    for (;;) {
        bool more_a = next_local(&a, &pa);
        bool more_b = next_local(&b, &pb);
        if (!more_a || !more_b) {
            return more_a == more_b ? 0 : more_a ? 1 : -1; /* the shorter one, or none, first */
        }
        int c = local_part_order(pa, pb);
        if (c != 0) {
            return c;
        }
    }
}

/* 1.0.dev1 < 1.0a1 < 1.0: a development release of the final one stands before all pre-releases. */
static int pre_rank(const struct ch_pep440 *v)
{
    if (v->pre == CH_PEP440_FINAL && !v->post && v->dev) {
        return -1;
    }
    return (int)v->pre;
}

int ch_pep440_order(const struct ch_pep440 *a, const struct ch_pep440 *b)
{
    int c = ch_pep440_number_cmp(a->epoch, b->epoch);
    c = c != 0 ? c : release_order(a->release, b->release);
    c = c != 0 ? c : pre_rank(a) - pre_rank(b);
    c = c != 0 ? c : ch_pep440_number_cmp(a->pre_number, b->pre_number);
    c = c != 0 ? c : (int)a->post - (int)b->post;
    c = c != 0 ? c : ch_pep440_number_cmp(a->post_number, b->post_number);
    c = c != 0 ? c : (int)b->dev - (int)a->dev;
    c = c != 0 ? c : ch_pep440_number_cmp(a->dev_number, b->dev_number);
    return c != 0 ? c : local_order(a->local, b->local);
}

int ch_pep440_cmp(struct ch_str a, struct ch_str b)
{
    struct ch_pep440 va;
    struct ch_pep440 vb;
    bool ok_a = ch_pep440_parse(a, &va);
    bool ok_b = ch_pep440_parse(b, &vb);
    if (ok_a && ok_b) {
        return ch_pep440_order(&va, &vb);
    }
    return ok_a == ok_b ? ch_str_cmp(a, b) : ok_a ? 1 : -1;
}

bool ch_pep440_is_prerelease(const struct ch_pep440 *version)
{
    return version->dev || version->pre != CH_PEP440_FINAL;
}
