/* Source that looks other than it runs: letters that change the order of others, code behind
 * blanks, names in letters that look like others. */
#include <string.h>

#include "scanner/source/source_int.h"

enum {
    WIDE_COLUMNS = 100, /* of blanks; in 18,212 files of real packages 79 are the most */
    TAB_COLUMNS = 8,
    DOCSTRINGS = 16, /* lines of such that are looked for, in a file */
};

static uint32_t line_of(struct ch_str text, size_t at)
{
    uint32_t line = 1;
    for (size_t i = 0; i < at; i++) {
        line += text.ptr[i] == '\n' ? 1 : 0;
    }
    return line;
}

/* A line [from, to) of a docstring, all of it: what it looks like is text, wherever its letters
 * come to stand, since the algorithm goes no further than the line, and no quote is on it that
 * could seem to end the text. Of a string that is used that is not so: it may be executed. */
static bool is_in_docstring(const struct file *f, size_t from, size_t to)
{
    struct ch_str line = ch_str_sub(f->text, from, to - from);
    size_t at;
    if (ch_str_find_char(line, '"', &at) || ch_str_find_char(line, '\\', &at) ||
        ch_str_find_char(ch_str_sub(line, 0, line.len - 1), '\r', &at) ||
        ch_str_find(f->text, CH_STR("__doc__"), &at) ||
        ch_str_find(f->text, CH_STR("getdoc"), &at)) {
        return false;
    }
    struct ch_tokenizer t;
    struct ch_token tok;
    bool begins = true; /* of a logical line */
    ch_tokenizer_init(&t, f->text);
    for (ch_token_next(&t, &tok); tok.type != CH_TOKEN_END && tok.at <= from;) {
        struct ch_token string = tok;
        bool alone = begins && tok.type == CH_TOKEN_STRING && (tok.flags & CH_STRING_TRIPLE) != 0 &&
                     (tok.flags & CH_STRING_BYTES) == 0;
        begins = tok.type == CH_TOKEN_NEWLINE || tok.type == CH_TOKEN_INDENT ||
                 tok.type == CH_TOKEN_DEDENT;
        ch_token_next(&t, &tok);
        bool within = string.at < from && to < (size_t)string.at + string.len;
        if (alone && within && f->text.ptr[string.at + string.len - 1] == '"') {
            return tok.type == CH_TOKEN_NEWLINE;
        }
    }
    return false;
}

/* U+202A to U+202E, U+2066 to U+2069: embeddings, overrides and isolates of the bidirectional
 * algorithm ("Trojan Source", CVE-2021-42574). */
void check_text(struct file *f, struct ch_str text)
{
    const char *p = text.ptr;
    const char *end = text.ptr + text.len;
    uint32_t found = 0;
    uint32_t looked = 0;
    while (p != NULL && p < end && (p = memchr(p, 0xe2, (size_t)(end - p))) != NULL) {
        bool is =
            end - p >= 3 && ((p[1] == '\x80' && (uint8_t)p[2] >= 0xaa && (uint8_t)p[2] <= 0xae) ||
                             (p[1] == '\x81' && (uint8_t)p[2] >= 0xa6 && (uint8_t)p[2] <= 0xa9));
        if (is && found < 3) {
            size_t from = (size_t)(p - text.ptr);
            size_t to = from;
            while (from > 0 && text.ptr[from - 1] != '\n') {
                from--;
            }
            while (to < text.len && text.ptr[to] != '\n') {
                to++;
            }
            if (looked++ < DOCSTRINGS && is_in_docstring(f, from, to)) {
                p = text.ptr + to;
                continue;
            }
            found++;
            report(f, CH_F_SOURCE_BIDI, line_of(text, (size_t)(p - text.ptr)),
                   (struct ch_str){p, (size_t)(end - p < 24 ? end - p : 24)});
        }
        p++;
    }
}

void check_gap(struct file *f, const struct ch_token *before, const struct ch_token *tok)
{
    size_t end = before->at + before->len;
    if (tok->type < CH_TOKEN_NAME || tok->at < end + WIDE_COLUMNS / TAB_COLUMNS) {
        return;
    }
    size_t columns = 0;
    size_t from = tok->at;
    for (; from > end && (f->text.ptr[from - 1] == ' ' || f->text.ptr[from - 1] == '\t'); from--) {
        columns += f->text.ptr[from - 1] == '\t' ? TAB_COLUMNS : 1;
    }
    if (from == end && columns >= WIDE_COLUMNS) {
        report(f, CH_F_SOURCE_WIDE_BLANKS, tok->line, ch_str_sub(f->text, tok->at, 80));
    }
}

char text_like(uint32_t c)
{
    static const struct {
        uint32_t code;
        char like;
    } alike[] = {{0x430, 'a'}, {0x435, 'e'}, {0x43e, 'o'}, {0x440, 'p'}, {0x441, 'c'}, {0x443, 'y'},
                 {0x445, 'x'}, {0x455, 's'}, {0x456, 'i'}, {0x458, 'j'}, {0x4bb, 'h'}, {0x501, 'd'},
                 {0x51b, 'q'}, {0x51d, 'w'}, {0x3bf, 'o'}, {0x410, 'A'}, {0x412, 'B'}, {0x415, 'E'},
                 {0x41a, 'K'}, {0x41c, 'M'}, {0x41d, 'H'}, {0x41e, 'O'}, {0x420, 'P'}, {0x421, 'C'},
                 {0x422, 'T'}, {0x425, 'X'}, {0x39f, 'O'}, {0x391, 'A'}, {0x395, 'E'}};
    for (size_t i = 0; i < CH_ARRAY_LEN(alike); i++) {
        if (alike[i].code == c) {
            return alike[i].like;
        }
    }
    return 0;
}

/* A slip of the keyboard: the file defines it, for itself alone, and nowhere has what it looks
 * like, so that nobody can take one for the other. */
static bool is_slip(const struct file *f, struct ch_str name)
{
    struct ch_buf twin;
    struct ch_buf definition;
    size_t at;
    if (name.len < 2 || name.ptr[0] != '_' || name.ptr[1] == '_') {
        return false;
    }
    ch_buf_init(&twin, name.len);
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = (uint8_t)name.ptr[i];
        uint32_t code =
            c < 0x80 ? c : (uint32_t)(c & 0x1f) << 6 | ((uint8_t)name.ptr[i + 1] & 0x3f);
        ch_buf_putc(&twin, c < 0x80 ? (char)c : text_like(code));
        i += c < 0x80 ? 0 : 1;
    }
    ch_buf_init(&definition, name.len + 5);
    ch_buf_puts(&definition, CH_STR("def "));
    ch_buf_puts(&definition, name);
    ch_buf_putc(&definition, '(');
    bool is = ch_str_find(f->text, ch_buf_str(&definition), &at) &&
              !ch_str_find(f->text, ch_buf_str(&twin), &at);
    ch_buf_done(&definition);
    ch_buf_done(&twin);
    return is;
}

void check_name(struct file *f, const struct ch_token *tok)
{
    static const char *const loud[] = {
        "exec",       "eval",   "compile",   "getattr",    "setattr", "globals",
        "__import__", "open",   "import",    "subprocess", "system",  "popen",
        "requests",   "socket", "base64",    "builtins",   "os",      "sys",
        "marshal",    "decode", "b64decode", "urlopen",    "zlib",    "environ"};
    struct ch_str name = ch_token_str(f->text, tok);
    struct ch_buf b;
    ch_buf_init(&b, 4 * name.len + 8);
    bool ascii = true;
    uint32_t letters = 0; /* of ASCII */
    uint32_t alike = 0;
    CH_IGNORE(ch_token_name(name, &b));
    struct ch_str folded = ch_buf_str(&b);
    for (size_t i = 0; i < folded.len; i++) {
        ascii = ascii && (uint8_t)folded.ptr[i] < 0x80;
    }
    for (size_t i = 0; ascii && i < CH_ARRAY_LEN(loud); i++) {
        if (ch_str_eq(folded, ch_str_of(loud[i]))) {
            report(f, CH_F_SOURCE_LOOK_ALIKE, tok->line, folded);
        }
    }
    bool all = !ascii;
    for (size_t i = 0; all && i < name.len;) {
        uint8_t c = (uint8_t)name.ptr[i];
        if (c < 0x80) {
            letters += (c | 0x20) >= 'a' && (c | 0x20) <= 'z' ? 1 : 0;
            i++;
            continue;
        }
        uint32_t code = 0;
        if (c >= 0xc0 && c < 0xe0 && i + 1 < name.len) {
            code = (uint32_t)(c & 0x1f) << 6 | ((uint8_t)name.ptr[i + 1] & 0x3f);
        }
        all = text_like(code) != 0;
        alike++;
        i += 2;
    }
    if (all && letters > 0 && alike > 0 && name.len - alike >= 3 && !is_slip(f, name)) {
        report(f, CH_F_SOURCE_LOOK_ALIKE, tok->line, name);
    }
    ch_buf_done(&b);
}
