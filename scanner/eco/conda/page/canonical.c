#include "scanner/eco/conda/page/canonical.h"

#include <stdlib.h>

#include "customhouse/json_text.h"
#include "customhouse/limits.h"

/* --- bytes --- */

void ch_conda_in_init(struct ch_conda_in *in, struct ch_stream *stream, uint64_t max_bytes,
                      struct ch_err *err)
{
    in->stream = stream;
    in->at = in->len = 0;
    in->before = 0;
    in->max_bytes = max_bytes;
    in->ended = false;
    in->code = CH_OK;
    in->err = err;
}

static uint64_t place(const struct ch_conda_in *in)
{
    return in->before + in->at;
}

static void fill(struct ch_conda_in *in)
{
    enum ch_finding_code finding;
    struct ch_err why = {.msg = ""};
    in->before += in->len;
    in->at = in->len = 0;
    enum ch_code rc =
        ch_stream_read(in->stream, in->piece, sizeof(in->piece), &in->len, &finding, &why);
    if (rc != CH_OK) {
        in->len = 0;
        in->code = ch_fail(in->err, rc, "after byte %llu: %s", (unsigned long long)in->before,
                           why.msg[0] != '\0' ? why.msg : "the stream is broken");
    } else if (in->before + in->len > in->max_bytes) {
        in->len = 0;
        in->code = ch_fail(in->err, CH_E_LIMIT, "it unpacks to more than %llu bytes",
                           (unsigned long long)in->max_bytes);
    }
    in->ended = in->len == 0;
}

/* -1: the end, or a failure. */
static int peek(struct ch_conda_in *in)
{
    if (in->at == in->len && !in->ended) {
        fill(in);
    }
    return in->at < in->len ? in->piece[in->at] : -1;
}

static int next(struct ch_conda_in *in)
{
    int c = peek(in);
    in->at += c >= 0;
    return c;
}

int ch_conda_peek(struct ch_conda_in *in)
{
    int c = peek(in);
    while (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        in->at++;
        c = peek(in);
    }
    return c;
}

bool ch_conda_take(struct ch_conda_in *in, char c)
{
    bool is = ch_conda_peek(in) == c;
    in->at += is;
    return is;
}

enum ch_code ch_conda_expected(struct ch_conda_in *in, const char *what)
{
    return in->code != CH_OK ? in->code
                             : ch_fail(in->err, CH_E_FORMAT, "expected %s at byte %llu", what,
                                       (unsigned long long)place(in));
}

/* --- strings --- */

static int hex_digit(int c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool take_hex(struct ch_conda_in *in, uint32_t *ret)
{
    uint32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(next(in));
        if (digit < 0) {
            return false;
        }
        value = value << 4 | (uint32_t)digit;
    }
    *ret = value;
    return true;
}

static bool take_escape(struct ch_conda_in *in, struct ch_buf *ret)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t c, low;
    size_t at;
    in->at++; /* the backslash */
    int what = next(in);
    if (what > 0 && ch_str_find_char(ch_str_of(from), (char)what, &at)) {
        ch_buf_putc(ret, to[at]);
        return true;
    }
    if (what != 'u' || !take_hex(in, &c) || (c >= 0xdc00 && c < 0xe000)) {
        return false;
    }
    if (c >= 0xd800 && c < 0xdc00) {
        if (next(in) != '\\' || next(in) != 'u' || !take_hex(in, &low) || low < 0xdc00 ||
            low >= 0xe000) {
            return false;
        }
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    }
    ch_buf_put_code_point(ret, c);
    return true;
}

/* What of this piece stands for itself, up to a quote, an escape or what may not be there. */
static void take_plain(struct ch_conda_in *in, struct ch_buf *ret)
{
    struct ch_str rest = {(const char *)in->piece + in->at, in->len - in->at};
    size_t n = ch_json_plain(rest);
    ch_buf_puts(ret, ch_str_sub(rest, 0, n));
    in->at += n;
}

enum ch_code ch_conda_string(struct ch_conda_in *in, struct ch_buf *ret)
{
    size_t from = ret->len;
    if (!ch_conda_take(in, '"')) {
        return ch_conda_expected(in, "a string");
    }
    for (int c = peek(in); c != '"'; c = peek(in)) {
        if (c < 0x20) {
            return ch_conda_expected(in, "the end of a string");
        }
        if (c != '\\') {
            take_plain(in, ret);
        } else if (!take_escape(in, ret)) {
            return ch_conda_expected(in, "an escape of JSON");
        }
        if (ret->failed) {
            return ch_fail(in->err, CH_E_LIMIT, "a value is too long, at byte %llu",
                           (unsigned long long)place(in));
        }
    }
    in->at++; /* the quote */
    return ch_str_is_utf8(ch_str_sub(ch_buf_str(ret), from, ret->len - from))
               ? CH_OK
               : ch_conda_expected(in, "UTF-8 before the end of a string");
}

void ch_conda_put_string(struct ch_buf *b, struct ch_str text)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    size_t at, plain = 0; /* from where on nothing is written yet */
    ch_buf_putc(b, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        ch_buf_puts(b, ch_str_sub(text, plain, i - plain));
        plain = i + 1;
        if (c != 0 && ch_str_find_char(ch_str_of(from), (char)c, &at)) {
            ch_buf_putc(b, '\\');
            ch_buf_putc(b, to[at]);
        } else {
            ch_buf_printf(b, "\\u%04x", c);
        }
    }
    ch_buf_puts(b, ch_str_sub(text, plain, text.len));
    ch_buf_putc(b, '"');
}

/* --- values --- */

struct writing {
    struct ch_conda_in *in;
    struct ch_buf *out;
    struct ch_buf text; /* of the string at hand, decoded */
    uint64_t depth;
    bool odd; /* has a number that readers may differ about */
};

static enum ch_code put_value(struct writing *w, enum ch_conda_kind *ret_kind);

/* RFC 8259, 6. */
static enum ch_code put_number(struct writing *w, enum ch_conda_kind *ret_kind)
{
    struct ch_conda_in *in = w->in;
    size_t from = w->out->len;
    uint64_t number = 0;
    bool integer = true, digits = false;
    for (int c = peek(in);
         (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
         c = peek(in)) {
        bool digit = c >= '0' && c <= '9';
        integer = integer && (digit || (c == '-' && w->out->len == from));
        digits = digits || digit;
        number = !digit                       ? number
                 : number > UINT64_C(1) << 53 ? number
                                              : number * 10 + (uint64_t)(c - '0');
        ch_buf_putc(w->out, (char)c);
        in->at++;
        if (w->out->len - from > 64 || w->out->failed) {
            return ch_conda_expected(in, "a shorter number");
        }
    }
    struct ch_str text = ch_str_sub(ch_buf_str(w->out), from, w->out->len - from);
    struct ch_str bare = ch_str_starts(text, CH_STR("-")) ? ch_str_sub(text, 1, text.len) : text;
    if (!digits ||
        (bare.len > 1 && bare.ptr[0] == '0' && bare.ptr[1] >= '0' && bare.ptr[1] <= '9')) {
        return ch_conda_expected(in, "a value");
    }
    bool canonical = integer && number < UINT64_C(1) << 53 && !(number == 0 && bare.len < text.len);
    w->odd = w->odd || !canonical;
    *ret_kind = canonical ? CH_CONDA_NUMBER : CH_CONDA_OTHER;
    return CH_OK;
}

static enum ch_code put_word(struct writing *w, const char *word)
{
    for (const char *c = word; *c != '\0'; c++) {
        if (next(w->in) != *c) {
            return ch_conda_expected(w->in, "a value");
        }
    }
    ch_buf_puts(w->out, ch_str_of(word));
    return CH_OK;
}

static enum ch_code put_list(struct writing *w, enum ch_conda_kind *ret_kind)
{
    enum ch_conda_kind kind;
    enum ch_code rc = CH_OK;
    *ret_kind = CH_CONDA_LIST;
    ch_buf_putc(w->out, '[');
    if (!ch_conda_take(w->in, ']')) {
        do {
            rc = put_value(w, &kind);
            *ret_kind = kind == CH_CONDA_STRING ? *ret_kind : CH_CONDA_MIXED;
            ch_buf_putc(w->out, ',');
        } while (rc == CH_OK && ch_conda_take(w->in, ','));
        if (rc == CH_OK && !ch_conda_take(w->in, ']')) {
            rc = ch_conda_expected(w->in, "',' or ']'");
        }
        w->out->len -= w->out->len > 0 ? 1 : 0;
    }
    ch_buf_putc(w->out, ']');
    return rc;
}

struct member { /* "key":value as written, of an object */
    size_t from, key_len, len;
};

struct sorting {
    const char *text;
};

static int by_key(const void *a, const void *b, void *sorting)
{
    const struct member *x = a, *y = b;
    const char *text = ((const struct sorting *)sorting)->text;
    return ch_str_cmp((struct ch_str){text + x->from, x->key_len},
                      (struct ch_str){text + y->from, y->key_len});
}

/* Puts members, which lie one behind the other with a comma after each, in order of their keys. */
static enum ch_code sort_members(struct writing *w, struct member *all, size_t n)
{
    struct sorting s = {w->out->ptr};
    bool sorted = true;
    for (size_t i = 1; i < n && sorted; i++) {
        sorted = by_key(&all[i - 1], &all[i], &s) < 0;
    }
    if (sorted) {
        return CH_OK;
    }
    struct ch_buf copy;
    size_t from = all[0].from - 1; /* the key's quote */
    ch_buf_init(&copy, w->out->max);
    qsort_r(all, n, sizeof(*all), by_key, &s);
    enum ch_code rc = CH_OK;
    for (size_t i = 0; i < n && rc == CH_OK; i++) {
        if (i > 0 && by_key(&all[i - 1], &all[i], &s) == 0) {
            rc = ch_conda_expected(w->in, "no key twice in an object that ends");
        }
        ch_buf_puts(&copy, (struct ch_str){s.text + all[i].from - 1, all[i].len});
    }
    w->out->len = from;
    ch_buf_puts(w->out, ch_buf_str(&copy));
    ch_buf_done(&copy);
    return rc;
}

static enum ch_code put_member(struct writing *w, struct member *ret)
{
    enum ch_conda_kind kind;
    size_t from = w->out->len;
    ch_buf_clear(&w->text);
    enum ch_code rc = ch_conda_string(w->in, &w->text);
    if (rc == CH_OK) {
        ch_conda_put_string(w->out, ch_buf_str(&w->text));
        ret->from = from + 1;
        ret->key_len = w->out->len - from - 2;
        ch_buf_putc(w->out, ':');
        rc = ch_conda_take(w->in, ':') ? put_value(w, &kind) : ch_conda_expected(w->in, "':'");
    }
    ch_buf_putc(w->out, ',');
    ret->len = w->out->len - from;
    return rc;
}

static enum ch_code put_map(struct writing *w)
{
    struct member *all = NULL;
    size_t n = 0, cap = 0;
    enum ch_code rc = CH_OK;
    ch_buf_putc(w->out, '{');
    if (!ch_conda_take(w->in, '}')) {
        do {
            if (n == cap) {
                cap = cap == 0 ? 32 : cap * 2;
                all = ch_realloc_array(all, cap, sizeof(*all));
            }
            rc = put_member(w, &all[n++]);
        } while (rc == CH_OK && !w->out->failed && ch_conda_take(w->in, ','));
        if (rc == CH_OK && !w->out->failed && !ch_conda_take(w->in, '}')) {
            rc = ch_conda_expected(w->in, "',' or '}'");
        }
        rc = rc == CH_OK && !w->out->failed ? sort_members(w, all, n) : rc;
        w->out->len -= w->out->len > 0 ? 1 : 0;
        free(all);
    }
    ch_buf_putc(w->out, '}');
    return rc;
}

/* A string that is spelled as it has to be, and lies in this piece: as nearly all are. */
static bool put_plain_string(struct writing *w)
{
    struct ch_conda_in *in = w->in;
    struct ch_str rest = {(const char *)in->piece + in->at, in->len - in->at};
    size_t n = ch_json_plain(ch_str_sub(rest, 1, rest.len));
    if (n + 1 >= rest.len || rest.ptr[n + 1] != '"' ||
        !ch_str_is_utf8(ch_str_sub(rest, 1, n + 1))) {
        return false;
    }
    ch_buf_puts(w->out, ch_str_sub(rest, 0, n + 2));
    in->at += n + 2;
    return true;
}

static enum ch_code put_value(struct writing *w, enum ch_conda_kind *ret_kind)
{
    enum ch_code rc = CH_OK;
    int c = ch_conda_peek(w->in);
    if (w->depth >= ch_limits.json_depth) {
        return ch_conda_expected(w->in, "fewer levels");
    }
    w->depth++;
    if (c == '"') {
        *ret_kind = CH_CONDA_STRING;
        if (!put_plain_string(w)) {
            ch_buf_clear(&w->text);
            rc = ch_conda_string(w->in, &w->text);
            ch_conda_put_string(w->out, ch_buf_str(&w->text));
        }
    } else if (c == '{') {
        *ret_kind = CH_CONDA_MAP;
        w->in->at++;
        rc = put_map(w);
    } else if (c == '[') {
        w->in->at++;
        rc = put_list(w, ret_kind);
    } else if (c == 't' || c == 'f' || c == 'n') {
        *ret_kind = CH_CONDA_WORD;
        rc = put_word(w, c == 't' ? "true" : c == 'f' ? "false" : "null");
    } else {
        rc = put_number(w, ret_kind);
    }
    w->depth--;
    if (rc == CH_OK && w->out->failed) {
        rc = ch_fail(w->in->err, CH_E_LIMIT, "a value is too long, at byte %llu",
                     (unsigned long long)place(w->in));
    }
    return rc;
}

enum ch_code ch_conda_value(struct ch_conda_in *in, struct ch_buf *ret,
                            enum ch_conda_kind *ret_kind)
{
    struct writing w = {.in = in, .out = ret, .depth = 1}; /* it is inside of something */
    ch_buf_init(&w.text, ret->max);
    enum ch_code rc = put_value(&w, ret_kind);
    ch_buf_done(&w.text);
    if (w.odd) {
        *ret_kind = CH_CONDA_OTHER;
    }
    return rc;
}

/* --- what nobody asks for --- */

static enum ch_code skip_items(struct ch_conda_in *in, uint64_t depth);

static enum ch_code skip_value(struct ch_conda_in *in, uint64_t depth)
{
    int c = ch_conda_peek(in);
    if (depth >= ch_limits.json_depth) {
        return ch_conda_expected(in, "fewer levels");
    }
    if (c == '{' || c == '[') {
        return skip_items(in, depth);
    }
    struct ch_buf scalar;
    enum ch_conda_kind kind;
    ch_buf_init(&scalar, (size_t)ch_limits.record_bytes);
    enum ch_code rc = ch_conda_value(in, &scalar, &kind);
    ch_buf_done(&scalar);
    return rc;
}

static enum ch_code skip_items(struct ch_conda_in *in, uint64_t depth)
{
    bool map = ch_conda_take(in, '{');
    char end = map ? '}' : ']';
    enum ch_code rc = CH_OK;
    in->at += !map; /* its '[' */
    if (ch_conda_take(in, end)) {
        return CH_OK;
    }
    do {
        if (map) {
            struct ch_buf key;
            ch_buf_init(&key, (size_t)ch_limits.record_bytes);
            rc = ch_conda_string(in, &key);
            ch_buf_done(&key);
            rc = rc == CH_OK && !ch_conda_take(in, ':') ? ch_conda_expected(in, "':'") : rc;
        }
        rc = rc == CH_OK ? skip_value(in, depth + 1) : rc;
    } while (rc == CH_OK && ch_conda_take(in, ','));
    return rc == CH_OK && !ch_conda_take(in, end) ? ch_conda_expected(in, map ? "'}'" : "']'") : rc;
}

enum ch_code ch_conda_skip(struct ch_conda_in *in)
{
    return skip_value(in, 1);
}
