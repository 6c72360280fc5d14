/* From bytes to the text that Python would read: PEP 263, and CPython's Parser/tokenizer. */
#include <string.h>

#include "scanner/source/token_int.h"

enum kind {
    KIND_UTF8,
    KIND_ASCII,
    KIND_LATIN1,
    KIND_CP1252,
    /* One byte per character, or several bytes that are all beyond ASCII; what is ASCII means itself.
     * Other letters are shown as those of Latin-1: no check goes by them. */
    KIND_SUPERSET,
    /* As the last, but some bytes of other characters look like ASCII. */
    KIND_MIXED,
    KIND_REFUSED, /* Python has it and does not take it for source */
    KIND_UNKNOWN,
};

/* Names as `normal` writes them; a last '*' stands for digits. */
static const struct {
    const char *name;
    enum kind kind;
} names[] = {
    {"utf_8", KIND_UTF8},           {"utf8", KIND_UTF8},
    {"u8", KIND_UTF8},              {"utf", KIND_UTF8},
    {"cp65001", KIND_UTF8},         {"ascii", KIND_ASCII},
    {"us_ascii", KIND_ASCII},       {"646", KIND_ASCII},
    {"ansi_x3_4_1968", KIND_ASCII}, {"us", KIND_ASCII},
    {"latin_1", KIND_LATIN1},       {"latin1", KIND_LATIN1},
    {"latin", KIND_LATIN1},         {"l1", KIND_LATIN1},
    {"iso_8859_1", KIND_LATIN1},    {"iso8859_1", KIND_LATIN1},
    {"iso_latin_1", KIND_LATIN1},   {"iso8859", KIND_LATIN1},
    {"8859", KIND_LATIN1},          {"cp819", KIND_LATIN1},
    {"cp1252", KIND_CP1252},        {"windows_1252", KIND_CP1252},
    {"1252", KIND_CP1252},          {"iso_8859_*", KIND_SUPERSET},
    {"iso8859_*", KIND_SUPERSET},   {"latin*", KIND_SUPERSET},
    {"windows_125*", KIND_SUPERSET}, {"cp125*", KIND_SUPERSET},
    {"koi8_r", KIND_SUPERSET},      {"koi8_u", KIND_SUPERSET},
    {"cp437", KIND_SUPERSET},       {"cp85*", KIND_SUPERSET},
    {"cp866", KIND_SUPERSET},       {"mac_roman", KIND_SUPERSET},
    {"mac_cyrillic", KIND_SUPERSET}, {"euc_jp", KIND_SUPERSET},
    {"eucjp", KIND_SUPERSET},       {"euc_kr", KIND_SUPERSET},
    {"euckr", KIND_SUPERSET},       {"euc_cn", KIND_SUPERSET},
    {"gb2312", KIND_SUPERSET},      {"tis_620", KIND_SUPERSET},
    {"gbk", KIND_MIXED},            {"cp936", KIND_MIXED},
    {"gb18030", KIND_MIXED},        {"big5", KIND_MIXED},
    {"shift_jis", KIND_MIXED},      {"sjis", KIND_MIXED},
    {"cp932", KIND_MIXED},          {"cp949", KIND_MIXED},
    {"utf_16", KIND_REFUSED},       {"utf_16_le", KIND_REFUSED},
    {"utf_16_be", KIND_REFUSED},    {"utf_32", KIND_REFUSED},
};

static bool name_matches(const char *pattern, const char *name)
{
    while (*pattern != '\0' && *pattern != '*') {
        if (*pattern++ != *name++) {
            return false;
        }
    }
    if (*pattern == '\0') {
        return *name == '\0';
    }
    size_t digit_count = strspn(name, "0123456789");
    return digit_count > 0 && name[digit_count] == '\0';
}

/* CPython takes every name that begins with these for the short one (get_normal_name). */
static bool starts_word(const char *name, const char *word)
{
    size_t n = strlen(word);
    return strncmp(name, word, n) == 0 && (name[n] == '\0' || name[n] == '_');
}

static enum kind kind_of(struct ch_str encoding)
{
    char normal[32] = {0};
    size_t n = 0;
    for (size_t i = 0; i < encoding.len; i++) {
        char c = encoding.ptr[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c == '-' || c == '.' ? '_' : c;
        if (c == '_' && n > 0 && normal[n - 1] == '_') {
            continue;
        }
        if (n == sizeof(normal) - 1) {
            return KIND_UNKNOWN;
        }
        normal[n++] = c;
    }
    if (starts_word(normal, "utf_8")) {
        return KIND_UTF8;
    }
    if (starts_word(normal, "latin_1") || starts_word(normal, "iso_8859_1") ||
        starts_word(normal, "iso_latin_1")) {
        return KIND_LATIN1;
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        if (name_matches(names[i].name, normal)) {
            return names[i].kind;
        }
    }
    return KIND_UNKNOWN;
}

static struct ch_str take_line(struct ch_str *rest)
{
    size_t n = 0;
    while (n < rest->len && rest->ptr[n] != '\n' && rest->ptr[n] != '\r') {
        n++;
    }
    struct ch_str line = {rest->ptr, n};
    size_t skip = n;
    if (n < rest->len) {
        skip += rest->ptr[n] == '\r' && n + 1 < rest->len && rest->ptr[n + 1] == '\n' ? 2 : 1;
    }
    *rest = (struct ch_str){rest->ptr + skip, rest->len - skip};
    return line;
}

static bool is_encoding_char(char c)
{
    return (token_is((uint8_t)c, BYTE_NAME) && (uint8_t)c < 0x80) || c == '-' || c == '.';
}

/* "coding[=:]\s*([-\w.]+)" in a comment that stands alone on its line. False: the line is neither
 * blank nor a comment, so that the next one does not count. */
static bool coding_of(struct ch_str line, struct ch_str *ret)
{
    const struct ch_str word = CH_STR("coding");
    size_t at = 0;
    while (at < line.len && token_is((uint8_t)line.ptr[at], BYTE_BLANK)) {
        at++;
    }
    if (at < line.len && line.ptr[at] != '#') {
        return false;
    }
    size_t found;
    struct ch_str rest = ch_str_sub(line, at, line.len);
    while (ch_str_find(rest, word, &found)) {
        rest = ch_str_sub(rest, found + word.len, rest.len);
        if (rest.len == 0 || (rest.ptr[0] != ':' && rest.ptr[0] != '=')) {
            continue;
        }
        struct ch_str name = ch_str_sub(rest, 1, rest.len);
        while (name.len > 0 && (name.ptr[0] == ' ' || name.ptr[0] == '\t')) {
            name = ch_str_sub(name, 1, name.len);
        }
        size_t n = 0;
        while (n < name.len && is_encoding_char(name.ptr[n])) {
            n++;
        }
        if (n > 0) {
            *ret = ch_str_sub(name, 0, n);
            return true;
        }
    }
    return true;
}

static struct ch_str find_coding(struct ch_str bytes)
{
    struct ch_str coding = {NULL, 0};
    struct ch_str rest = bytes;
    if (coding_of(take_line(&rest), &coding) && coding.ptr == NULL) {
        CH_IGNORE(coding_of(take_line(&rest), &coding));
    }
    return coding;
}

static void decode(struct ch_source_text *s, struct ch_str bytes, bool cp1252)
{
    /* 0x80 to 0x9f of code page 1252; 0: Python has no character there */
    static const uint16_t upper[32] = {
        0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};
    ch_buf_init(&s->own, 3 * bytes.len + 1);
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = (uint8_t)bytes.ptr[i];
        uint32_t to = cp1252 && c >= 0x80 && c < 0xa0 ? upper[c - 0x80] : c;
        if (to == 0 && c != 0) {
            s->problem = CH_TEXT_REFUSED;
            to = c;
        }
        token_put_utf8(&s->own, to);
    }
    s->text = ch_buf_str(&s->own);
}

/* UTF-16 and UTF-32, with the mark that editors put first. */
static bool is_wide(struct ch_str bytes)
{
    return bytes.len >= 2 && (memcmp(bytes.ptr, "\xff\xfe", 2) == 0 ||
                              memcmp(bytes.ptr, "\xfe\xff", 2) == 0);
}

void ch_source_text_init(struct ch_source_text *s, struct ch_str bytes)
{
    *s = (struct ch_source_text){0};
    if (bytes.len >= UINT32_MAX) {
        s->problem = CH_TEXT_REFUSED;
        bytes.len = UINT32_MAX - 1;
    }
    s->text = bytes;
    s->ascii = true;
    if (bytes.len == 0) {
        return;
    }
    bool bom = bytes.len >= 3 && memcmp(bytes.ptr, "\xef\xbb\xbf", 3) == 0;
    if (bom) {
        bytes = s->text = ch_str_sub(bytes, 3, bytes.len);
    }
    s->encoding = find_coding(bytes);
    enum kind kind = s->encoding.ptr != NULL ? kind_of(s->encoding) : KIND_UTF8;
    bool ascii = s->ascii = ch_str_ascii(bytes) == bytes.len;
    if (kind == KIND_UNKNOWN || (kind == KIND_MIXED && !ascii)) {
        s->problem = CH_TEXT_UNKNOWN;
    } else if ((bom && kind != KIND_UTF8) || kind == KIND_REFUSED || is_wide(bytes) ||
               (kind == KIND_ASCII && !ascii) ||
               (kind == KIND_UTF8 && !ascii && !ch_str_is_utf8(bytes)) ||
               (bytes.len > 0 && memchr(bytes.ptr, 0, bytes.len) != NULL)) {
        s->problem = CH_TEXT_REFUSED;
    }
    if (!ascii && (kind == KIND_LATIN1 || kind == KIND_CP1252 || kind == KIND_SUPERSET)) {
        decode(s, bytes, kind == KIND_CP1252);
    }
}

void ch_source_text_done(struct ch_source_text *s)
{
    ch_buf_done(&s->own);
}
