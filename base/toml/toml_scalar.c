/* Numbers, booleans, dates and times of TOML. */
#include "base/toml/toml_int.h"

#include "customhouse/ascii.h"

/* `len` digits at s[*at]; moves on. */
static bool fixed(struct ch_str s, size_t *at, size_t len, unsigned low, unsigned high,
                  unsigned *ret)
{
    unsigned value = 0;
    if (len > s.len - *at) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        char c = s.ptr[*at + i];
        if (!ch_is_digit(c)) {
            return false;
        }
        value = 10 * value + (unsigned)(c - '0');
    }
    *at += len;
    *ret = value;
    return value >= low && value <= high;
}

static bool one_of(struct ch_str s, size_t *at, const char *any)
{
    size_t ignored;
    if (*at < s.len && ch_str_find_char(ch_str_of(any), s.ptr[*at], &ignored)) {
        (*at)++;
        return true;
    }
    return false;
}

/* --- dates and times: RFC 3339 --- */

static bool is_date(struct ch_str s, size_t *at)
{
    static const unsigned days[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    enum { YEAR = 4, MONTHS = 12, MONTH_DAYS = 31, FEBRUARY = 2 };
    unsigned year;
    unsigned month;
    unsigned day;
    if (!fixed(s, at, YEAR, 0, 9999, &year) || !one_of(s, at, "-") ||
        !fixed(s, at, 2, 1, MONTHS, &month) || !one_of(s, at, "-") ||
        !fixed(s, at, 2, 1, MONTH_DAYS, &day)) {
        return false;
    }
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= days[month] && (month != FEBRUARY || day < days[month] || leap);
}

/* Leap seconds (":60") are left out: readers differ in whether they take them. */
static bool is_time(struct ch_str s, size_t *at)
{
    enum { HOUR_LAST = 23, LAST = 59 };
    unsigned ignored;
    if (!fixed(s, at, 2, 0, HOUR_LAST, &ignored) || !one_of(s, at, ":") ||
        !fixed(s, at, 2, 0, LAST, &ignored) || !one_of(s, at, ":") ||
        !fixed(s, at, 2, 0, LAST, &ignored)) {
        return false;
    }
    if (one_of(s, at, ".")) {
        size_t from = *at;
        while (*at < s.len && ch_is_digit(s.ptr[*at])) {
            (*at)++;
        }
        return *at > from;
    }
    return true;
}

static bool is_offset(struct ch_str s, size_t *at)
{
    enum { HOUR_LAST = 23, LAST = 59 };
    unsigned ignored;
    return one_of(s, at, "Zz") || (one_of(s, at, "+-") && fixed(s, at, 2, 0, HOUR_LAST, &ignored) &&
                                   one_of(s, at, ":") && fixed(s, at, 2, 0, LAST, &ignored));
}

/* offset date-time, local date-time, local date, or local time */
static bool is_date_or_time(struct ch_str s)
{
    size_t at = 0;
    if (s.len > 2 && s.ptr[2] == ':') {
        return is_time(s, &at) && at == s.len;
    }
    if (!is_date(s, &at)) {
        return false;
    }
    if (at == s.len) {
        return true;
    }
    return one_of(s, &at, "Tt ") && is_time(s, &at) &&
           (at == s.len || (is_offset(s, &at) && at == s.len));
}

/* --- numbers --- */

static bool is_hex_digit(char c)
{
    return ch_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static unsigned digit_value(char c)
{
    return (unsigned)(ch_is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Digits of `base` with single underscores between them; how many, 0 when it is none of this. */
static size_t skip_digits(struct ch_str s, size_t *at, unsigned base)
{
    size_t count = 0;
    while (*at < s.len) {
        char c = s.ptr[*at];
        bool between = c == '_' && count > 0 && s.ptr[*at - 1] != '_';
        if (!between && (!is_hex_digit(c) || digit_value(c) >= base)) {
            break;
        }
        count += between ? 0 : 1;
        (*at)++;
    }
    return count > 0 && s.ptr[*at - 1] == '_' ? 0 : count;
}

/* False when it does not fit into 64 bits: "an error must be thrown". */
static bool to_integer(struct ch_str digits, unsigned base, bool negative, int64_t *ret)
{
    int64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        if (digits.ptr[i] == '_') {
            continue;
        }
        int64_t d = (int64_t)digit_value(digits.ptr[i]);
        if (__builtin_mul_overflow(value, (int64_t)base, &value) ||
            __builtin_add_overflow(value, negative ? -d : d, &value)) {
            return false;
        }
    }
    *ret = value;
    return true;
}

enum number { NO_NUMBER = 0, INTEGER, FLOAT, TOO_LARGE };

static enum number read_prefixed(struct ch_str s, int64_t *ret)
{
    static const struct {
        char letter;
        unsigned base;
    } bases[] = {{'x', 16}, {'o', 8}, {'b', 2}};
    for (size_t i = 0; i < CH_ARRAY_LEN(bases); i++) {
        if (s.ptr[1] != bases[i].letter) {
            continue;
        }
        size_t at = 2;
        if (skip_digits(s, &at, bases[i].base) == 0 || at != s.len) {
            return NO_NUMBER;
        }
        return to_integer(ch_str_sub(s, 2, s.len), bases[i].base, false, ret) ? INTEGER : TOO_LARGE;
    }
    return NO_NUMBER;
}

static enum number read_number(struct ch_str s, int64_t *ret)
{
    const unsigned ten = 10;
    size_t at = 0;
    bool negative = s.len > 0 && s.ptr[0] == '-';
    bool is_signed = one_of(s, &at, "+-");
    struct ch_str rest = ch_str_sub(s, at, s.len);
    if (ch_str_eq(rest, CH_STR("inf")) || ch_str_eq(rest, CH_STR("nan"))) {
        return FLOAT;
    }
    if (!is_signed && s.len > 2 && s.ptr[0] == '0' && !ch_is_digit(s.ptr[1]) && s.ptr[1] != '.' &&
        s.ptr[1] != 'e' && s.ptr[1] != 'E') {
        return read_prefixed(s, ret);
    }
    size_t from = at;
    size_t count = skip_digits(s, &at, ten);
    if (count == 0 || (count > 1 && s.ptr[from] == '0')) {
        return NO_NUMBER; /* "Leading zeros are not allowed" */
    }
    if (at == s.len) {
        return to_integer(rest, ten, negative, ret) ? INTEGER : TOO_LARGE;
    }
    if (one_of(s, &at, ".") && skip_digits(s, &at, ten) == 0) {
        return NO_NUMBER;
    }
    if (one_of(s, &at, "eE")) {
        CH_IGNORE(one_of(s, &at, "+-"));
        if (skip_digits(s, &at, ten) == 0) {
            return NO_NUMBER;
        }
    }
    return at == s.len ? FLOAT : NO_NUMBER;
}

/* --- all of them --- */

static bool is_token(char c)
{
    size_t ignored;
    return ch_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           ch_str_find_char(CH_STR("_+-.:"), c, &ignored);
}

static size_t token_end(const struct toml_parser *p, size_t at)
{
    while (at < p->text.len && is_token(p->text.ptr[at])) {
        at++;
    }
    return at;
}

/* The bytes up to what ends a value; a date may be followed by a blank and its time. */
static struct ch_str token_at(const struct toml_parser *p)
{
    enum { DATE_LEN = 10 };
    size_t end = token_end(p, p->at);
    size_t ignored = 0;
    if (end - p->at == DATE_LEN && is_date(ch_str_sub(p->text, p->at, DATE_LEN), &ignored) &&
        end + 1 < p->text.len && p->text.ptr[end] == ' ' && ch_is_digit(p->text.ptr[end + 1])) {
        end = token_end(p, end + 1);
    }
    return ch_str_sub(p->text, p->at, end - p->at);
}

static struct ch_str keep(struct toml_parser *p, struct ch_str s)
{
    char *copy = toml_room(p, s.len);
    for (size_t i = 0; i < s.len; i++) {
        copy[i] = s.ptr[i];
    }
    return (struct ch_str){copy, s.len};
}

enum ch_code toml_read_scalar(struct toml_parser *p, struct ch_toml_node *ret)
{
    struct ch_str s = token_at(p);
    if (s.len == 0) {
        return toml_expected(p, "a value");
    }
    if (ch_str_eq(s, CH_STR("true")) || ch_str_eq(s, CH_STR("false"))) {
        ret->kind = CH_TOML_BOOLEAN;
        ret->boolean = s.ptr[0] == 't';
    } else if (is_date_or_time(s)) {
        ret->kind = CH_TOML_DATE;
        ret->text = keep(p, s);
    } else {
        switch (read_number(s, &ret->integer)) {
        case INTEGER:
            ret->kind = CH_TOML_INTEGER;
            break;
        case FLOAT:
            ret->kind = CH_TOML_FLOAT;
            ret->text = keep(p, s);
            break;
        case TOO_LARGE:
            return toml_expected(p, "an integer of 64 bits");
        case NO_NUMBER:
            return toml_expected(p, "a value");
        }
    }
    p->at += s.len;
    return CH_OK;
}
