#include "scanner/python/entry_points.h"

#include "customhouse/limits.h"
#include "scanner/python/inspection.h"

struct reading {
    struct ch_scan_writer *out;
    entry_points_fn *each;
    void *arg;
    struct ch_str member;
    struct ch_str group;
    size_t indent;  /* of the last line that was no continuation */
    bool has_entry; /* in this group */
};

static void report(const struct reading *e, const char *fmt, ...) CH_PRINTF(2, 3);

static void report(const struct reading *e, const char *fmt, ...)
{
    va_list va;
    va_start(va, fmt);
    pypi_report(e->out, CH_F_ENTRY_POINTS, e->member, fmt, va);
    va_end(va);
}

static bool is_script_name(struct ch_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    c == '_' || c == '.' || c == '-';
        if (!word) {
            return false;
        }
    }
    return name.len > 0 && !ch_str_eq(name, CH_STR(".")) && !ch_str_eq(name, CH_STR(".."));
}

/* "NAME = OBJECT". A script's name becomes a file's (scanning.md 2.1: [\w.-]+). */
static void check_entry(struct reading *e, struct ch_str line, size_t number)
{
    size_t equals;
    if (!ch_str_find_char(line, '=', &equals)) {
        report(e, "line %zu is no \"name = object\"", number);
        return;
    }
    struct ch_str name = ch_str_trim(ch_str_sub(line, 0, equals));
    struct ch_str object = ch_str_trim(ch_str_sub(line, equals + 1, line.len));
    bool script = ch_str_eq(e->group, CH_STR("console_scripts")) ||
                  ch_str_eq(e->group, CH_STR("gui_scripts"));
    if (name.len == 0 || object.len == 0 || (script && !is_script_name(name))) {
        report(e, "line %zu: %s \"%.*s\"", number, script ? "script name" : "entry",
               CH_STR_ARG(name));
        return;
    }
    e->each(e->arg, e->group, name, object);
}

/* False: what follows cannot be understood. */
static bool check_line(struct reading *e, struct ch_str line, size_t number)
{
    struct ch_str text = ch_str_trim(line);
    size_t indent = (size_t)(text.ptr - line.ptr);
    if (text.len == 0 || text.ptr[0] == '#') {
        return true;
    }
    if (text.ptr[0] == ';') { /* configparser skips it, importlib.metadata takes it for an entry */
        report(e, "line %zu is a comment to some readers and an entry to others", number);
        return false;
    }
    /* Some readers take a line indented deeper as part of the one before, some as an entry. Files
     * indented as a whole are common. */
    if (e->has_entry && indent > e->indent) {
        report(e, "line %zu continues the one before", number);
        return false;
    }
    if (text.ptr[0] == '[') {
        if (text.ptr[text.len - 1] != ']' || text.len < 3) {
            report(e, "line %zu is no \"[group]\"", number);
            return false;
        }
        e->group = ch_str_trim(ch_str_sub(text, 1, text.len - 2));
        /* "[[x]]" is group x to importlib.metadata, which takes off all brackets */
        if (ch_str_find_char(e->group, '[', NULL) || ch_str_find_char(e->group, ']', NULL)) {
            report(e, "line %zu has brackets in the name of its group", number);
            return false;
        }
        e->indent = indent;
        e->has_entry = false;
        return true;
    }
    if (e->group.ptr == NULL) {
        report(e, "line %zu stands before any group", number);
        return false;
    }
    e->indent = indent;
    e->has_entry = true;
    check_entry(e, text, number);
    return true;
}

void entry_points_read(struct ch_scan_writer *out, struct ch_str member, struct ch_str text,
                       entry_points_fn *each, void *arg)
{
    struct reading e = {.out = out, .each = each, .arg = arg, .member = member};
    struct ch_str line;
    if (!pypi_is_text(text)) {
        report(&e, "is not text");
        return;
    }
    for (size_t n = 1; pypi_next_line(&text, &line) && check_line(&e, line, n); n++) {
    }
}

void entry_points_tell(struct ch_scan_writer *out, struct ch_content *content, struct ch_str member,
                       struct ch_str group, struct ch_str name, struct ch_str object)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.text_bytes);
    ch_buf_puts(&b, group);
    ch_buf_putc(&b, ' ');
    ch_buf_puts(&b, name);
    ch_buf_puts(&b, CH_STR(" = "));
    ch_buf_puts(&b, object);
    if (b.failed) {
        ch_scan_write_finding(out, CH_F_LIMIT, member,
                              CH_STR("an entry point is longer than is kept"));
    } else {
        ch_scan_write_fact(out, CH_STR("entry-point"), ch_buf_str(&b));
        ch_content_entry_point(content, group, name, object);
    }
    ch_buf_done(&b);
}
