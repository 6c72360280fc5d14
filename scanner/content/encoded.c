/* Native code that stands in a text in base64 or hexadecimal digits (RFC 4648): what begins a long run of them is
 * decoded as far as a header goes. */
#include <string.h>

#include "scanner/content/content_int.h"
#include "scanner/content/native.h"

enum {
    STRIDE = 32,      /* a run is seen when it covers one of these places ... */
    AROUND = 12,      /* ... with so much on both sides; lines of it have 60 digits and more */
    RUN_MIN = 256,    /* digits */
    GAP_MAX = 64,     /* of what stands between the lines of one literal */
    HEAD_BYTES = 512, /* that are decoded */
    MAGIC_BYTES = 4,  /* by which it is told whether that is worth it */
};

static int digit_of(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+' || c == '-' ? 62
           : c == '/' || c == '_' ? 63
                                  : -1;
}

static int hex_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Blanks, ends of lines, and what joins the literals of several lines. */
static bool is_between(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '"' || c == '\'' || c == '\\' ||
           c == '(' || c == ')' || c == ',';
}

/* Whether the digits go on behind `at`, in steps of one: 1 or -1. *ret_at is the next one. */
static bool go_on(struct ch_str s, size_t at, int step, size_t *ret_at)
{
    for (unsigned gap = 0; gap < GAP_MAX; gap++) {
        if (step < 0 ? at == 0 : at + 1 >= s.len) {
            return false;
        }
        at = step < 0 ? at - 1 : at + 1;
        if (digit_of(s.ptr[at]) >= 0) {
            *ret_at = at;
            return true;
        }
        if (!is_between(s.ptr[at])) {
            return false;
        }
    }
    return false;
}

static bool all_digits(struct ch_str s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (digit_of(s.ptr[i]) < 0) {
            return false;
        }
    }
    return true;
}

/* The first digits from `at` on as at most `max` bytes, by either code. */
static size_t decoded(struct ch_str s, size_t at, bool hex, char *ret, size_t max)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t n = 0;
    unsigned width = hex ? 4 : 6;
    do {
        int d = hex ? hex_of(s.ptr[at]) : digit_of(s.ptr[at]);
        if (d < 0) {
            break;
        }
        bits = bits << width | (uint32_t)d;
        count += width;
        if (count >= 8) {
            count -= 8;
            ret[n++] = (char)(uint8_t)(bits >> count);
        }
    } while (n < max && go_on(s, at, 1, &at));
    return n;
}

static bool may_be_native(struct ch_str magic)
{
    static const struct ch_str first[] = {{"\x7f"
                                           "E",
                                           2},
                                          {"MZ", 2},
                                          {"\xfe\xed", 2},
                                          {"\xce\xfa", 2},
                                          {"\xcf\xfa", 2},
                                          {"\xca\xfe", 2}};
    bool may = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(first); i++) {
        may = may || ch_str_starts(magic, first[i]);
    }
    return may;
}

static bool try_piece(struct ch_content *c, const struct seen *s, size_t at)
{
    char head[HEAD_BYTES];
    bool found = false;
    for (int hex = 0; hex < 2; hex++) {
        size_t n = decoded(s->bytes, at, hex == 1, head, MAGIC_BYTES);
        if (!may_be_native((struct ch_str){head, n})) {
            continue;
        }
        n = decoded(s->bytes, at, hex == 1, head, HEAD_BYTES);
        enum native_format format = native_detect((struct ch_str){head, n});
        if (format != NATIVE_NONE) {
            found = true;
            content_report(c, CH_F_NATIVE_DISGUISED, s, "%s in %s from byte %zu on",
                           native_format_name(format), hex == 1 ? "hexadecimal" : "base64", at);
        }
    }
    return found;
}

/* Words of code before a literal look like digits as well: b64decode(b"...". So each piece may be
 * where it begins. */
static void try_run(struct ch_content *c, const struct seen *s, size_t at)
{
    bool more = true;
    while (more && !try_piece(c, s, at)) {
        size_t before;
        do {
            before = at;
            more = go_on(s->bytes, at, 1, &at);
        } while (more && at == before + 1);
    }
}

void content_encoded(struct ch_content *c, const struct seen *s)
{
    struct ch_str b = s->bytes;
    for (size_t at = STRIDE; at + AROUND < b.len; at += STRIDE) {
        if (digit_of(b.ptr[at]) < 0 || !all_digits(b, at - AROUND, at + AROUND)) {
            continue;
        }
        size_t first = at;
        size_t last = at;
        size_t count = 1;
        while (go_on(b, first, -1, &first)) {
            count++;
        }
        while (go_on(b, last, 1, &last)) {
            count++;
        }
        if (count >= RUN_MIN) {
            try_run(c, s, first);
        }
        at = last / STRIDE * STRIDE;
    }
}
