/* Records that are rendered as the upstream wrote them: their one spelling. */
#include "customhouse/index.h"

#include "customhouse/json_text.h"
#include "customhouse/limits.h"

struct reading {
    struct ch_str s;
    size_t at;
    uint64_t depth;
    const struct ch_str *wanted; /* key of the record itself, NULL: none */
    struct ch_str *found;        /* where its value stands */
};

static bool take(struct reading *r, char c)
{
    if (r->at < r->s.len && r->s.ptr[r->at] == c) {
        r->at++;
        return true;
    }
    return false;
}

static bool is_digit(struct reading *r)
{
    return r->at < r->s.len && r->s.ptr[r->at] >= '0' && r->s.ptr[r->at] <= '9';
}

/* RFC 8785 3.2.2.2: what has a short escape has that one, other control characters \u00XX in lower
 * case, nothing else any. */
static bool take_escape(struct reading *r)
{
    static const struct ch_str shorts = {"\"\\bfnrt", 7};
    struct ch_str code = ch_str_sub(r->s, r->at, 5);
    if (r->at < r->s.len && ch_str_find_char(shorts, r->s.ptr[r->at], NULL)) {
        r->at++;
        return true;
    }
    if (!ch_str_starts(code, CH_STR("u00")) || code.len < 5 ||
        (code.ptr[3] != '0' && code.ptr[3] != '1') ||
        !ch_str_find_char(CH_STR("0123456789abcdef"), code.ptr[4], NULL) ||
        (code.ptr[3] == '0' && ch_str_find_char(CH_STR("89acd"), code.ptr[4], NULL))) {
        return false;
    }
    r->at += 5;
    return true;
}

/* The text between its quotes, as it is written. */
static bool take_string(struct reading *r, struct ch_str *ret)
{
    if (!take(r, '"')) {
        return false;
    }
    size_t from = r->at;
    for (;;) {
        r->at += ch_json_plain(ch_str_sub(r->s, r->at, r->s.len));
        if (r->at == r->s.len || r->s.ptr[r->at] == '"') {
            break;
        }
        if ((unsigned char)r->s.ptr[r->at] < 0x20) {
            return false;
        }
        if (r->s.ptr[r->at++] == '\\' && !take_escape(r)) {
            return false;
        }
    }
    *ret = ch_str_sub(r->s, from, r->at - from);
    return take(r, '"');
}

/* An integer that every reader has alike: I-JSON (RFC 7493 2.2). */
static bool take_number(struct reading *r)
{
    uint64_t number = 0;
    bool minus = take(r, '-');
    bool zero = r->at < r->s.len && r->s.ptr[r->at] == '0';
    size_t from = r->at;
    while (is_digit(r) && r->at - from < 17) {
        number = number * 10 + (uint64_t)(r->s.ptr[r->at++] - '0');
    }
    size_t digits = r->at - from;
    return digits > 0 && !is_digit(r) && number <= (UINT64_C(1) << 53) - 1 &&
           (!zero || (digits == 1 && !minus));
}

static bool take_word(struct reading *r, struct ch_str word)
{
    bool is = ch_str_starts(ch_str_sub(r->s, r->at, r->s.len), word);
    r->at += is ? word.len : 0;
    return is;
}

static bool take_value(struct reading *r);

/* Keys ascend by their bytes, so none is there twice. */
static bool take_members(struct reading *r)
{
    struct ch_str last = {NULL, 0};
    bool outermost = r->depth == 1;
    do {
        struct ch_str key;
        if (!take_string(r, &key) || !take(r, ':') ||
            (last.ptr != NULL && ch_str_cmp(last, key) >= 0)) {
            return false;
        }
        size_t from = r->at;
        if (!take_value(r)) {
            return false;
        }
        if (outermost && r->wanted != NULL && ch_str_eq(key, *r->wanted)) {
            *r->found = ch_str_sub(r->s, from, r->at - from);
        }
        last = key;
    } while (take(r, ','));
    return take(r, '}');
}

static bool take_items(struct reading *r)
{
    do {
        if (!take_value(r)) {
            return false;
        }
    } while (take(r, ','));
    return take(r, ']');
}

static bool take_value(struct reading *r)
{
    struct ch_str unused;
    bool good = false;
    if (r->at >= r->s.len || r->depth >= ch_limits.json_depth) {
        return false;
    }
    r->depth++;
    switch (r->s.ptr[r->at]) {
    case '{':
        r->at++;
        good = take(r, '}') || take_members(r);
        break;
    case '[':
        r->at++;
        good = take(r, ']') || take_items(r);
        break;
    case '"':
        good = take_string(r, &unused);
        break;
    case 't':
        good = take_word(r, CH_STR("true"));
        break;
    case 'f':
        good = take_word(r, CH_STR("false"));
        break;
    case 'n':
        good = take_word(r, CH_STR("null"));
        break;
    default:
        good = take_number(r);
    }
    r->depth--;
    return good;
}

static bool read_record(struct ch_str record, const struct ch_str *wanted, struct ch_str *found)
{
    struct reading r = {.s = record, .wanted = wanted, .found = found};
    return record.len > 0 && record.len <= ch_limits.record_bytes && record.ptr[0] == '{' &&
           ch_str_is_utf8(record) && take_value(&r) && r.at == record.len;
}

bool ch_index_record_ok(struct ch_str record)
{
    return read_record(record, NULL, NULL);
}

bool ch_index_record_value(struct ch_str record, struct ch_str key, struct ch_str *ret)
{
    struct ch_str value = {NULL, 0};
    bool is = read_record(record, &key, &value) && value.len > 0;
    *ret = is ? value : *ret;
    return is;
}

bool ch_index_record_list(struct ch_str record, struct ch_str key, struct ch_str *ret_inside)
{
    struct ch_str value = {NULL, 0};
    if (!read_record(record, &key, &value) || value.len < 2 || value.ptr[0] != '[') {
        return false;
    }
    struct reading r = {.s = ch_str_sub(value, 1, value.len - 2)};
    struct ch_str item;
    while (r.at < r.s.len) {
        if (!take_string(&r, &item)) {
            return false;
        }
        CH_IGNORE(take(&r, ','));
    }
    *ret_inside = r.s;
    return true;
}
