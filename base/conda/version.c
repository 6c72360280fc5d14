#include "base/conda/version.h"

#include "customhouse/ascii.h"

/* As it is compared: conda turns dashes into underscores and everything into lower case. */
static char folded(char c)
{
    if (c == '-') {
        return '_';
    }
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_letter(char c)
{
    return folded(c) >= 'a' && folded(c) <= 'z';
}

static bool is_separator(char c)
{
    return c == '.' || c == '_' || c == '-';
}

/* --- parsing --- */

/* Of `text`, the part from `from` up to `to`: segments of letters and digits, none of them empty,
 * each but the last followed by one separator. "A single trailing underscore MAY be used", as
 * openssl's. */
static enum ch_code check_part(struct ch_str text, size_t from, size_t to, struct ch_err *err)
{
    bool in_segment = false;
    bool any = false;
    for (size_t i = from; i < to; i++) {
        char c = text.ptr[i];
        bool last = i + 1 == to;
        if (ch_is_digit(c) || is_letter(c)) {
            in_segment = any = true;
        } else if (is_separator(c) && (in_segment || (last && c != '.' && any))) {
            in_segment = last && c != '.';
        } else {
            return ch_fail(err, CH_E_FORMAT, "column %zu: a letter or digit was expected", i + 1);
        }
    }
    if (!in_segment) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: a letter or digit was expected", to + 1);
    }
    return CH_OK;
}

static struct ch_str number_of(struct ch_str digits)
{
    while (digits.len > 0 && digits.ptr[0] == '0') {
        digits = ch_str_sub(digits, 1, digits.len);
    }
    return digits;
}

static enum ch_code check_characters(struct ch_str text, size_t from, size_t to, struct ch_err *err)
{
    char dash = '\0';
    for (size_t i = from; i < to; i++) {
        char c = text.ptr[i];
        if (c == '_' || c == '-') {
            if (dash != '\0' && dash != c) {
                return ch_fail(err, CH_E_FORMAT, "column %zu: '_' and '-' in one version", i + 1);
            }
            dash = c;
        } else if (!ch_is_digit(c) && !is_letter(c) && c != '.' && c != '!' && c != '+') {
            return ch_fail(err, CH_E_FORMAT,
                           "column %zu: versions are made of letters, digits and . _ - + !", i + 1);
        }
    }
    return CH_OK;
}

/* Takes "N!" from *from on, if there is one. */
static enum ch_code take_epoch(struct ch_str text, size_t *from, size_t to, struct ch_str *ret,
                               struct ch_err *err)
{
    size_t n = 0;
    struct ch_str rest = ch_str_sub(text, *from, to - *from);
    if (!ch_str_find_char(rest, '!', &n)) {
        return CH_OK;
    }
    for (size_t i = 0; i < n || n == 0; i++) {
        if (!ch_is_digit(rest.ptr[i])) {
            return ch_fail(err, CH_E_FORMAT, "column %zu: the number of an epoch was expected",
                           *from + i + 1);
        }
    }
    *ret = number_of(ch_str_sub(rest, 0, n));
    *from += n + 1;
    return CH_OK;
}

enum ch_code ch_conda_version_parse_at(struct ch_str text, size_t from, size_t to,
                                       struct ch_conda_version *ret, struct ch_err *err)
{
    struct ch_conda_version v = {.local = {NULL, 0}};
    enum ch_code rc = check_characters(text, from, to, err);
    if (rc == CH_OK) {
        rc = take_epoch(text, &from, to, &v.epoch, err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    size_t plus = 0;
    size_t end = to;
    if (ch_str_find_char(ch_str_sub(text, from, to - from), '+', &plus)) {
        end = from + plus;
        v.local = ch_str_sub(text, end + 1, to - end - 1);
        rc = check_part(text, end + 1, to, err);
    }
    if (rc == CH_OK) {
        rc = check_part(text, from, end, err);
    }
    if (rc == CH_OK) {
        v.main = ch_str_sub(text, from, end - from);
        *ret = v;
    }
    return rc;
}

enum ch_code ch_conda_version_parse(struct ch_str text, struct ch_conda_version *ret,
                                    struct ch_err *err)
{
    return ch_conda_version_parse_at(text, 0, text.len, ret, err);
}

/* --- the parts: a version is segments, a segment is components --- */

/* The next segment; false after the last. A trailing underscore belongs to the segment before it;
 * behind another one it is a segment of its own. */
static bool next_segment(struct ch_str *rest, struct ch_str *ret)
{
    if (rest->len == 0) {
        return false;
    }
    size_t n = 0;
    while (n < rest->len && !is_separator(rest->ptr[n])) {
        n++;
    }
    if (n + 1 >= rest->len) {
        *ret = *rest;
        *rest = (struct ch_str){NULL, 0};
        return true;
    }
    *ret = ch_str_sub(*rest, 0, n);
    *rest = ch_str_sub(*rest, n + 1, rest->len);
    return true;
}

enum kind { DEV = 0, TEXT, NUMBER, POST }; /* in their order */

struct component {
    enum kind kind;
    struct ch_str text; /* of NUMBER without leading zeros */
};

static const struct component zero = {.kind = NUMBER};

/* Walks the components of a segment. One that begins with a letter has a 0 in front, "to keep
 * numbers and strings in phase". */
struct walk {
    struct ch_str rest;
    bool fill;
};

static struct walk walk_of(struct ch_str segment)
{
    return (struct walk){.rest = segment, .fill = segment.len > 0 && !ch_is_digit(segment.ptr[0])};
}

static bool next_component(struct walk *w, struct component *ret)
{
    if (w->fill) {
        w->fill = false;
        *ret = zero;
        return true;
    }
    if (w->rest.len == 0) {
        *ret = zero; /* "the missing component is assumed to be 0" */
        return false;
    }
    bool digits = ch_is_digit(w->rest.ptr[0]);
    size_t n = 1;
    while (n < w->rest.len && ch_is_digit(w->rest.ptr[n]) == digits) {
        n++;
    }
    struct ch_str run = ch_str_sub(w->rest, 0, n);
    w->rest = ch_str_sub(w->rest, n, w->rest.len);
    ret->kind = digits                                  ? NUMBER
                : ch_str_eq_nocase(run, CH_STR("dev"))  ? DEV
                : ch_str_eq_nocase(run, CH_STR("post")) ? POST
                                                        : TEXT;
    ret->text = digits ? number_of(run) : run;
    return true;
}

/* --- order --- */

static int number_order(struct ch_str a, struct ch_str b)
{
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }
    return ch_str_cmp(a, b);
}

static int text_order(struct ch_str a, struct ch_str b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++) {
        if (folded(a.ptr[i]) != folded(b.ptr[i])) {
            return folded(a.ptr[i]) < folded(b.ptr[i]) ? -1 : 1;
        }
    }
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static int component_order(const struct component *a, const struct component *b)
{
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    if (a->kind == NUMBER) {
        return number_order(a->text, b->text);
    }
    return a->kind == TEXT ? text_order(a->text, b->text) : 0;
}

static int segment_order(struct ch_str a, struct ch_str b)
{
    struct walk wa = walk_of(a);
    struct walk wb = walk_of(b);
    struct component ca;
    struct component cb;
    for (;;) {
        bool more_a = next_component(&wa, &ca);
        bool more_b = next_component(&wb, &cb);
        int c = more_a || more_b ? component_order(&ca, &cb) : 0;
        if (c != 0 || (!more_a && !more_b)) {
            return c;
        }
    }
}

static int part_order(struct ch_str a, struct ch_str b)
{
    for (;;) {
        struct ch_str sa = {NULL, 0};
        struct ch_str sb = {NULL, 0};
        bool more_a = next_segment(&a, &sa);
        bool more_b = next_segment(&b, &sb);
        int c = segment_order(sa, sb);
        if (c != 0 || (!more_a && !more_b)) {
            return c;
        }
    }
}

int ch_conda_version_order(const struct ch_conda_version *a, const struct ch_conda_version *b)
{
    int c = number_order(a->epoch, b->epoch);
    c = c != 0 ? c : part_order(a->main, b->main);
    return c != 0 ? c : part_order(a->local, b->local);
}

int ch_conda_version_cmp(struct ch_str a, struct ch_str b)
{
    struct ch_conda_version va;
    struct ch_conda_version vb;
    bool ok_a = ch_conda_version_parse(a, &va, NULL) == CH_OK;
    bool ok_b = ch_conda_version_parse(b, &vb, NULL) == CH_OK;
    if (ok_a && ok_b) {
        return ch_conda_version_order(&va, &vb);
    }
    return ok_a == ok_b ? ch_str_cmp(a, b) : ok_a ? 1 : -1;
}

/* --- prefixes --- */

static bool segment_starts(struct ch_str segment, struct ch_str prefix)
{
    struct walk ws = walk_of(segment);
    struct walk wp = walk_of(prefix);
    struct component s;
    struct component p;
    while (next_component(&wp, &p)) {
        (void)next_component(&ws, &s); /* a missing one is 0 */
        bool last = wp.rest.len == 0 && !wp.fill;
        if (last && p.kind == TEXT && s.kind == TEXT && s.text.len == p.text.len + 1 &&
            is_separator(s.text.ptr[p.text.len])) {
            s.text.len--; /* 1.0a starts 1.0a_ */
        }
        if (component_order(&s, &p) != 0) {
            return false;
        }
    }
    return true;
}

static bool part_starts(struct ch_str part, struct ch_str prefix)
{
    struct ch_str sp = {NULL, 0};
    while (next_segment(&prefix, &sp)) {
        struct ch_str s = {NULL, 0};
        (void)next_segment(&part, &s);
        if (prefix.len == 0) {
            return segment_starts(s, sp);
        }
        if (segment_order(s, sp) != 0) {
            return false;
        }
    }
    return true;
}

bool ch_conda_version_starts(const struct ch_conda_version *v,
                             const struct ch_conda_version *prefix)
{
    if (number_order(v->epoch, prefix->epoch) != 0) {
        return false;
    }
    if (prefix->local.len == 0) {
        return part_starts(v->main, prefix->main);
    }
    return part_order(v->main, prefix->main) == 0 && part_starts(v->local, prefix->local);
}

bool ch_conda_version_shorten(const struct ch_conda_version *v, struct ch_conda_version *ret)
{
    size_t n = v->main.len;
    if (v->local.len > 0 || n < 2) {
        return false;
    }
    n--; /* what ends the last part is not what begins it */
    while (n > 0 && !is_separator(v->main.ptr[n - 1])) {
        n--;
    }
    if (n < 2) {
        return false;
    }
    *ret = *v;
    ret->main = ch_str_sub(v->main, 0, n - 1);
    return true;
}
