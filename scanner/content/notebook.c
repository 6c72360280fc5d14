/* Jupyter notebooks: outputs that run when somebody looks at them, and commands in their cells.
 *
 * Spec: nbformat 4; RFC 8259, section 7 (escapes). Searched as text once the escapes of JSON are
 * resolved: a note needs no tree. */
#include "scanner/content/content_int.h"
#include "scanner/source/source.h"

/* In small letters: HTML knows no others, and the names of types have none. */
static const char *const active[] = {
    "\"application/javascript\"",
    "\"application/x-javascript\"",
    "<script",
    "<iframe",
    "<object",
    "<embed",
    "javascript:",
    "data:text/html",
};

static char small(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The four digits of "\u003c", where it stands for a character of ASCII; else 0. */
static char unicode_escape(struct ch_str digits)
{
    unsigned value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = small(digits.ptr[i]);
        bool digit = c >= '0' && c <= '9';
        if (!digit && !(c >= 'a' && c <= 'f')) {
            return 0;
        }
        value = value << 4 | (unsigned)(digit ? c - '0' : c - 'a' + 10);
    }
    return digits.len == 4 && value < 0x80 ? (char)value : 0;
}

/* As the reader's browser gets it: escapes resolved, line ends and tabs as blanks. */
static void put_shown(struct ch_str bytes, struct ch_buf *ret)
{
    for (size_t i = 0; i < bytes.len; i++) {
        char c = bytes.ptr[i];
        if (c == '\\' && i + 1 < bytes.len) {
            c = bytes.ptr[++i];
            char escaped = c == 'u' ? unicode_escape(ch_str_sub(bytes, i + 1, 4)) : 0;
            i += escaped != 0 ? 4 : 0;
            c = escaped != 0 ? escaped : c == 'n' || c == 't' || c == 'r' || c == 'f' ? ' ' : c;
        }
        ch_buf_putc(ret, c < ' ' && c >= 0 ? ' ' : small(c));
    }
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

/* An attribute of a tag that is run on an event: "<svg onload = ". *ret: its name. */
static bool has_handler(struct ch_str shown, struct ch_str *ret)
{
    bool tag = false;
    for (size_t i = 0; i + 3 < shown.len; i++) {
        const char *p = shown.ptr + i;
        if (p[0] == '<' || p[0] == '>') {
            tag = p[0] == '<' && is_letter(p[1]);
        }
        bool apart = p[0] == ' ' || p[0] == '/' || p[0] == '"' || p[0] == '\'';
        if (!tag || !apart || p[1] != 'o' || p[2] != 'n') {
            continue;
        }
        size_t end = i + 3;
        while (end < shown.len && is_letter(shown.ptr[end])) {
            end++;
        }
        size_t after = end;
        while (after < shown.len && shown.ptr[after] == ' ') {
            after++;
        }
        if (end > i + 3 && after < shown.len && shown.ptr[after] == '=') {
            *ret = ch_str_sub(shown, i + 1, end - i - 1);
            return true;
        }
    }
    return false;
}

static bool is_active(struct ch_str shown, struct ch_str *ret)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(active); i++) {
        *ret = ch_str_of(active[i]);
        if (ch_str_find(shown, *ret, NULL)) {
            return true;
        }
    }
    return has_handler(shown, ret);
}

/* --- cells --- */

/* Where a text of JSON ends that begins behind `at`. */
static size_t text_end(struct ch_str bytes, size_t at)
{
    while (at < bytes.len && bytes.ptr[at] != '"') {
        at += bytes.ptr[at] == '\\' ? 2 : 1;
    }
    return at < bytes.len ? at : bytes.len;
}

static bool begins_shell(struct ch_str line)
{
    static const char *const magics[] = {"%%bash", "%%sh", "%%system", "%%script"};
    bool is = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(magics); i++) {
        is = is || ch_str_starts(line, ch_str_of(magics[i]));
    }
    return is;
}

/* The lines of cells that IPython gives to a shell: "!..." and what is below "%%bash". A line of
 * the cell is a text of JSON, or ends with its escape. */
static void put_shell(struct ch_str bytes, struct ch_buf *ret)
{
    bool below = false;
    size_t end;
    for (size_t at = 0; at < bytes.len; at = end + 1) {
        size_t from;
        if (!ch_str_find_char(ch_str_sub(bytes, at, bytes.len), '"', &from)) {
            return;
        }
        from += at + 1;
        end = text_end(bytes, from);
        struct ch_str rest = ch_str_sub(bytes, from, end - from);
        bool key = ch_str_eq(rest, CH_STR("source")) || ch_str_eq(rest, CH_STR("outputs")) ||
                   ch_str_eq(rest, CH_STR("cell_type"));
        below = below && !key;
        while (rest.len > 0) {
            size_t next;
            bool more = ch_str_find(rest, CH_STR("\\n"), &next);
            struct ch_str line = ch_str_trim(ch_str_sub(rest, 0, more ? next : rest.len));
            rest = more ? ch_str_sub(rest, next + 2, rest.len) : (struct ch_str){NULL, 0};
            bool shell = ch_str_starts(line, CH_STR("!"));
            if (shell || below) {
                put_shown(ch_str_sub(line, shell ? 1 : 0, line.len), ret);
                ch_buf_putc(ret, '\n');
            }
            below = below || begins_shell(line);
        }
    }
}

void content_notebook(struct ch_content *c, const struct seen *s)
{
    struct ch_buf shown;
    struct ch_str what;
    ch_buf_init(&shown, 2 * s->bytes.len + 1);
    put_shown(s->bytes, &shown);
    if (ch_str_find(ch_buf_str(&shown), CH_STR("\"outputs\""), NULL) &&
        is_active(ch_buf_str(&shown), &what)) {
        content_report(c, CH_F_NOTEBOOK_ACTIVE, s, "%.*s", CH_STR_ARG(what));
    }
    ch_buf_clear(&shown);
    put_shell(s->bytes, &shown);
    if (s->place != CH_PLACE_TEST && (!c->again || c->lifted)) {
        ch_source_shell(c->source, s->path, CH_PLACE_IMPORT, ch_buf_str(&shown));
    }
    ch_buf_done(&shown);
}
