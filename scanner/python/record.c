#include "scanner/python/record.h"

static const struct {
    struct ch_str name;
    size_t bytes;
} algorithms[] = {
    {{"sha256", 6}, 32},
    {{"sha384", 6}, 48},
    {{"sha512", 6}, 64},
};

struct record record_open(struct ch_buf *text)
{
    return (struct record){.text = text, .at = 0, .line = 1};
}

/* One field. The value of a quoted one is written over its own text, which is ours to change. */
static bool take_field(struct ch_buf *text, size_t *at, struct ch_str *ret)
{
    char *p = text->ptr;
    size_t from = *at;
    if (from >= text->len || p[from] != '"') {
        size_t i = from;
        while (i < text->len && p[i] != ',' && p[i] != '\n' && p[i] != '\r' && p[i] != '"') {
            i++;
        }
        *ret = (struct ch_str){p + from, i - from};
        *at = i;
        return i == text->len || p[i] != '"';
    }
    size_t to = from;
    size_t i = from + 1;
    while (i < text->len) {
        if (p[i] == '"') {
            if (i + 1 >= text->len || p[i + 1] != '"') {
                *ret = (struct ch_str){p + from, to - from};
                *at = i + 1;
                return true;
            }
            i++;
        }
        p[to++] = p[i++];
    }
    return false;
}

/* One line of exactly three fields; blank lines are skipped, as csv readers do. */
enum record_result record_next(struct record *r, struct record_row *ret)
{
    struct ch_buf *text = r->text;
    struct ch_str *fields[] = {&ret->path, &ret->hash, &ret->size};
    size_t *at = &r->at;
    while (*at < text->len && (text->ptr[*at] == '\n' || text->ptr[*at] == '\r')) {
        r->line += text->ptr[(*at)++] == '\n';
    }
    if (*at >= text->len) {
        return RECORD_END;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(fields); i++) {
        if (i > 0 && (*at >= text->len || text->ptr[(*at)++] != ',')) {
            return RECORD_BAD;
        }
        if (!take_field(text, at, fields[i])) {
            return RECORD_BAD;
        }
    }
    if (*at < text->len && text->ptr[*at] == '\r') {
        (*at)++;
    }
    return *at >= text->len || text->ptr[*at] == '\n' ? RECORD_ROW : RECORD_BAD;
}

static int base64_digit(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '-'             ? 62
           : c == '_'             ? 63
                                  : -1;
}

/* RFC 4648 section 5 without padding, of exactly `len` bytes; bits left over must be 0. */
static bool base64_decode(struct ch_str s, uint8_t *ret, size_t len)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t n = 0;
    if (s.len != (len * 8 + 5) / 6) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        int d = base64_digit(s.ptr[i]);
        if (d < 0) {
            return false;
        }
        bits = (bits << 6 | (uint32_t)d) & 0xffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            ret[n++] = (uint8_t)(bits >> have);
        }
    }
    return n == len && (bits & ((1u << have) - 1)) == 0;
}

bool record_hash_parse(struct ch_str text, struct record_hash *ret)
{
    struct ch_str name;
    struct ch_str value = text;
    CH_IGNORE(ch_str_split(&value, '=', &name));
    ret->bytes = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(algorithms); i++) {
        ret->bytes = ch_str_eq(name, algorithms[i].name) ? algorithms[i].bytes : ret->bytes;
    }
    ret->hex = ret->bytes != 0 && ch_hex_decode(value, ret->byte, ret->bytes);
    return ret->hex || (ret->bytes != 0 && base64_decode(value, ret->byte, ret->bytes));
}
