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

/* The character at *at of a text of JSON, its escape resolved; *at moves behind it. */
static char take(struct ch_str bytes, size_t *at)
{
    char c = bytes.ptr[(*at)++];
    if (c != '\\' || *at == bytes.len) {
        return c;
    }
    c = bytes.ptr[(*at)++];
    char escaped = c == 'u' ? unicode_escape(ch_str_sub(bytes, *at, 4)) : 0;
    *at += escaped != 0 ? 4 : 0;
    return escaped != 0           ? escaped
           : c == 'n'             ? '\n'
           : c == 'r'             ? '\r'
           : c == 't' || c == 'f' ? ' '
                                  : c;
}

/* In small letters, escapes resolved, tabs as blanks and line ends as `line_end`. */
static void put_text(struct ch_str bytes, char line_end, struct ch_buf *ret)
{
    for (size_t at = 0; at < bytes.len;) {
        char c = take(bytes, &at);
        bool end = c == '\n' || c == '\r';
        ch_buf_putc(ret, end ? line_end : c < ' ' && c >= 0 ? ' ' : small(c));
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

static bool begins_with(struct ch_str line, const char *const *starts, size_t count,
                        size_t *ret_len)
{
    for (size_t i = 0; i < count; i++) {
        struct ch_str start = ch_str_of(starts[i]);
        if (ch_str_starts(line, start)) {
            *ret_len = start.len;
            return true;
        }
    }
    return false;
}

/* The command in a line that IPython gives to a shell: "!a", "!!a", "x = !a", "%sx a"; else absent.
 */
static struct ch_str command_of(struct ch_str line)
{
    static const char *const magics[] = {"!!", "!", "%sx ", "%system "};
    const struct ch_str assigned = CH_STR("= !");
    size_t at;
    if (begins_with(line, magics, CH_ARRAY_LEN(magics), &at)) {
        return ch_str_sub(line, at, line.len);
    }
    return ch_str_find(line, assigned, &at) ? ch_str_sub(line, at + assigned.len, line.len)
                                            : (struct ch_str){NULL, 0};
}

/* What is given to a shell of one text, a line or all of a cell. *below: what follows is, too. */
static void put_commands(struct ch_str rest, bool *below, struct ch_buf *ret)
{
    static const char *const magics[] = {"%%bash", "%%sh", "%%system", "%%script", "%%sx", "%%!"};
    struct ch_str line;
    size_t len;
    while (ch_str_split(&rest, '\n', &line)) {
        line = ch_str_trim(line);
        struct ch_str command = command_of(line);
        if (command.ptr != NULL || *below) {
            ch_buf_puts(ret, command.ptr != NULL ? command : line);
            ch_buf_putc(ret, '\n');
        }
        *below = *below || begins_with(line, magics, CH_ARRAY_LEN(magics), &len);
    }
}

/* A line of a cell is a text of JSON, or ends with the escape of a line end in one. */
static void put_shell(struct ch_str bytes, struct ch_buf *ret)
{
    struct ch_buf text;
    bool below = false;
    size_t from;
    ch_buf_init(&text, bytes.len + 1);
    for (size_t at = 0; ch_str_find_char(ch_str_sub(bytes, at, bytes.len), '"', &from);) {
        from += at + 1;
        size_t end = text_end(bytes, from);
        ch_buf_clear(&text);
        put_text(ch_str_sub(bytes, from, end - from), '\n', &text);
        struct ch_str shown = ch_buf_str(&text);
        bool key = ch_str_eq(shown, CH_STR("source")) || ch_str_eq(shown, CH_STR("outputs")) ||
                   ch_str_eq(shown, CH_STR("cell_type"));
        below = below && !key;
        put_commands(shown, &below, ret);
        at = end + 1;
    }
    ch_buf_done(&text);
}

void content_notebook(struct ch_content *c, const struct seen *s)
{
    struct ch_buf shown;
    struct ch_str what;
    ch_buf_init(&shown, 2 * s->bytes.len + 1);
    put_text(s->bytes, ' ', &shown); /* as a browser gets it */
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
