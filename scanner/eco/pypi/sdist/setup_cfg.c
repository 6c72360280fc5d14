#include "scanner/eco/pypi/sdist/setup_cfg.h"

#include "customhouse/limits.h"
#include "customhouse/map.h"

struct reader {
    setup_cfg_fn *each;
    void *arg;
    struct ch_map *seen; /* "section", and "section\noption" */
    struct ch_buf scratch;
    struct ch_str section; /* absent before the first */
    struct ch_str option;  /* absent when no value can be continued */
    struct ch_buf value;
    size_t option_line;
    size_t indent; /* of the line that the option stands in */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Blanks beyond ASCII at the beginning: Python strips them, others take them for text. */
static bool begins_with_wide_blank(struct ch_str s)
{
    static const struct ch_str blanks[] = {
        {"\xc2\x85", 2},     {"\xc2\xa0", 2},     {"\xe1\x9a\x80", 3}, {"\xe2\x80\xa8", 3},
        {"\xe2\x80\xa9", 3}, {"\xe2\x80\xaf", 3}, {"\xe2\x81\x9f", 3}, {"\xe3\x80\x80", 3}};
    for (size_t i = 0; i < CH_ARRAY_LEN(blanks); i++) {
        if (ch_str_starts(s, blanks[i])) {
            return true;
        }
    }
    return ch_str_starts(s, CH_STR("\xe2\x80")) && s.len > 2 && (unsigned char)s.ptr[2] <= 0x8a;
}

static bool is_text(struct ch_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.ptr[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return ch_str_is_utf8(line);
}

/* Ends the option that is being read. */
static void flush(struct reader *r)
{
    if (r->option.ptr == NULL) {
        return;
    }
    struct ch_str value = ch_buf_str(&r->value);
    while (value.len > 0 && value.ptr[value.len - 1] == '\n') {
        value.len--;
    }
    r->each(r->arg, r->section, r->option, value, r->option_line);
    r->option = (struct ch_str){NULL, 0};
}

/* False when it was there before. */
static bool note(struct reader *r, struct ch_str section, struct ch_str option)
{
    ch_buf_clear(&r->scratch);
    ch_buf_puts(&r->scratch, section);
    if (option.ptr != NULL) {
        ch_buf_putc(&r->scratch, '\n');
        ch_buf_puts(&r->scratch, option);
    }
    return ch_map_set(r->seen, ch_buf_str(&r->scratch), r) == NULL;
}

/* "[name]"; up to the last bracket, and what follows it does not count. */
static bool is_section(struct ch_str text, struct ch_str *ret_name)
{
    if (text.len < 3 || text.ptr[0] != '[') {
        return false;
    }
    size_t end = text.len - 1;
    while (end > 0 && text.ptr[end] != ']') {
        end--;
    }
    *ret_name = ch_str_sub(text, 1, end > 1 ? end - 1 : 0);
    return end > 1;
}

static enum ch_code take_option(struct reader *r, struct ch_str text, size_t line,
                                struct ch_err *err)
{
    size_t at = 0;
    while (at < text.len && text.ptr[at] != '=' && text.ptr[at] != ':') {
        at++;
    }
    struct ch_str option = ch_str_trim(ch_str_sub(text, 0, at));
    if (at == text.len || option.len == 0) {
        return ch_fail(err, CH_E_FORMAT, "line %zu: expected \"[section]\" or \"option = value\"",
                       line);
    }
    if (!note(r, r->section, option)) {
        return ch_fail(err, CH_E_FORMAT, "line %zu: an option given twice in its section", line);
    }
    r->option = option;
    r->option_line = line;
    ch_buf_clear(&r->value);
    ch_buf_puts(&r->value, ch_str_trim(ch_str_sub(text, at + 1, text.len)));
    return CH_OK;
}

static enum ch_code take_line(struct reader *r, struct ch_str raw, size_t line, struct ch_err *err)
{
    struct ch_str text = ch_str_trim(raw);
    size_t indent = 0;
    while (indent < raw.len && is_blank(raw.ptr[indent])) {
        indent++;
    }
    if (text.len == 0) {
        ch_buf_putc(&r->value, '\n'); /* "values can also span multiple lines" with empty ones */
        return CH_OK;
    }
    if (text.ptr[0] == '#' || text.ptr[0] == ';') {
        return CH_OK;
    }
    if (!is_text(raw) || begins_with_wide_blank(text)) {
        return ch_fail(err, CH_E_FORMAT, "line %zu: expected UTF-8 text without control characters",
                       line);
    }
    if (r->option.ptr != NULL && indent > r->indent) {
        ch_buf_putc(&r->value, '\n');
        ch_buf_puts(&r->value, text);
        return CH_OK;
    }
    flush(r);
    r->indent = indent;
    struct ch_str section;
    if (is_section(text, &section)) {
        r->section = section;
        return note(r, section, (struct ch_str){NULL, 0})
                   ? CH_OK
                   : ch_fail(err, CH_E_FORMAT, "line %zu: a section given twice", line);
    }
    if (r->section.ptr == NULL) {
        return ch_fail(err, CH_E_FORMAT, "line %zu: expected \"[section]\" first", line);
    }
    return take_option(r, text, line, err);
}

enum ch_code setup_cfg_parse(struct ch_str text, setup_cfg_fn *each, void *arg, struct ch_err *err)
{
    struct reader r = {.each = each, .arg = arg, .seen = ch_map_new()};
    ch_buf_init(&r.value, 2 * text.len + 1);
    ch_buf_init(&r.scratch, 2 * text.len + 1);
    enum ch_code rc = CH_OK;
    struct ch_str rest = text;
    struct ch_str line;
    for (size_t n = 1; rc == CH_OK && ch_str_split(&rest, '\n', &line); n++) {
        if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
            line.len--;
        }
        rc = take_line(&r, line, n, err);
    }
    if (rc == CH_OK) {
        flush(&r);
    }
    ch_buf_done(&r.scratch);
    ch_buf_done(&r.value);
    ch_map_free(r.seen);
    return rc;
}

static char folded(char c)
{
    return c == '-' ? '_' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool setup_cfg_same_option(struct ch_str a, struct ch_str b)
{
    bool same = a.len == b.len;
    for (size_t i = 0; same && i < a.len; i++) {
        same = folded(a.ptr[i]) == folded(b.ptr[i]);
    }
    return same;
}
