/* WHEEL and entry_points.txt. */
#include "customhouse/limits.h"
#include "scanner/eco/pypi/wheel_int.h"

/* One line without its end; a carriage return before the line feed belongs to the end. */
static bool next_line(struct ch_str *rest, struct ch_str *ret)
{
    if (!ch_str_split(rest, '\n', ret)) {
        return false;
    }
    if (ret->len > 0 && ret->ptr[ret->len - 1] == '\r') {
        ret->len--;
    }
    return true;
}

static bool is_text(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.ptr[i];
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
            return false;
        }
    }
    return ch_str_is_utf8(s);
}

/* --- WHEEL --- */

struct wheel_file {
    struct ch_str version;
    struct ch_str purelib;
    struct ch_str build;
    struct wheel_tags tags;
    const char *fault; /* the first one */
};

static void set_once(struct wheel_file *f, struct ch_str *field, struct ch_str value)
{
    if (field->ptr != NULL) {
        f->fault = "states a field twice";
    }
    *field = value;
}

static void read_field(struct wheel_file *f, struct ch_str line)
{
    size_t colon;
    if (!ch_str_find_char(line, ':', &colon) || colon == 0 || line.ptr[0] == ' ' ||
        line.ptr[0] == '\t') {
        f->fault = "has a line that is no \"Name: value\"";
        return;
    }
    struct ch_str name = ch_str_sub(line, 0, colon);
    struct ch_str value = ch_str_trim(ch_str_sub(line, colon + 1, line.len));
    if (ch_str_eq_nocase(name, CH_STR("Wheel-Version"))) {
        set_once(f, &f->version, value);
    } else if (ch_str_eq_nocase(name, CH_STR("Root-Is-Purelib"))) {
        set_once(f, &f->purelib, value);
    } else if (ch_str_eq_nocase(name, CH_STR("Build"))) {
        set_once(f, &f->build, value);
    } else if (ch_str_eq_nocase(name, CH_STR("Tag")) && !wheel_tags_add_text(&f->tags, value)) {
        f->fault = "has a malformed tag";
    }
}

/* Readers stop at an empty line: what follows one would be seen by some only. */
static void parse_wheel(struct wheel_file *f, struct ch_str text)
{
    struct ch_str line;
    bool ended = false;
    if (!is_text(text)) {
        f->fault = "is not text";
    }
    while (f->fault == NULL && next_line(&text, &line)) {
        if (ch_str_trim(line).len == 0) {
            ended = true;
        } else if (ended) {
            f->fault = "goes on after an empty line";
        } else {
            read_field(f, line);
        }
    }
    wheel_tags_sort(&f->tags);
    if (f->fault != NULL) {
        return;
    }
    struct ch_str minor = ch_str_sub(f->version, 2, f->version.len);
    uint64_t number;
    if (!ch_str_starts(f->version, CH_STR("1.")) || !ch_str_u64(minor, &number)) {
        f->fault = "states no Wheel-Version of 1.x";
    } else if (!ch_str_eq_nocase(f->purelib, CH_STR("true")) &&
               !ch_str_eq_nocase(f->purelib, CH_STR("false"))) {
        f->fault = "does not say Root-Is-Purelib: true or false";
    } else if (f->tags.over) {
        f->fault = "has more tags than are read";
    }
}

/* Installers go by the name; builders that rename a wheel once it is checked leave this file as it
 * was. */
static bool was_renamed(const struct wheel_tags *named, const struct wheel_tags *inside)
{
    struct wheel_tags plain;
    wheel_tags_init(&plain);
    wheel_tags_plain(named, &plain);
    bool renamed = wheel_tags_eq(&plain, inside);
    wheel_tags_done(&plain);
    return renamed;
}

static void compare_tags(struct wheel *w, struct ch_str member, const struct wheel_file *f)
{
    struct wheel_tags named;
    wheel_tags_init(&named);
    wheel_tags_add(&named, w->name.python, w->name.abi, w->name.platform);
    wheel_tags_sort(&named);
    if (named.over) {
        wheel_report(w, CH_F_LIMIT, (struct ch_str){NULL, 0},
                     "the file name stands for more than "
                     "%llu tags",
                     (unsigned long long)ch_limits.wheel_tags);
    } else if (!wheel_tags_eq(&named, &f->tags) && was_renamed(&named, &f->tags)) {
        wheel_report(w, CH_F_WHEEL_RENAMED, member, "%.*s", CH_STR_ARG(f->tags.tags[0]));
    } else if (!wheel_tags_eq(&named, &f->tags)) {
        wheel_report(w, CH_F_WHEEL_WHEEL, member,
                     "%zu tags, the file name stands for %zu; the first are %.*s and %.*s",
                     f->tags.count, named.count,
                     CH_STR_ARG(f->tags.count > 0 ? f->tags.tags[0] : CH_STR("none")),
                     CH_STR_ARG(named.count > 0 ? named.tags[0] : CH_STR("none")));
    }
    for (size_t i = 0; i < named.count; i++) {
        ch_scan_write_fact(w->out, CH_STR("tag"), named.tags[i]);
    }
    if (w->name.build.ptr != NULL && f->build.ptr != NULL && !ch_str_eq(w->name.build, f->build)) {
        wheel_report(w, CH_F_WHEEL_WHEEL, member, "build \"%.*s\", the file name says \"%.*s\"",
                     CH_STR_ARG(f->build), CH_STR_ARG(w->name.build));
    }
    wheel_tags_done(&named);
}

void wheel_check_wheel(struct wheel *w)
{
    struct wheel_file f = {0};
    struct ch_buf text;
    struct ch_str member;
    ch_buf_init(&text, ch_limits.wheel_text_bytes);
    wheel_tags_init(&f.tags);
    if (wheel_read(w, "WHEEL", CH_F_WHEEL_WHEEL, false, &text, &member)) {
        parse_wheel(&f, ch_buf_str(&text));
        if (f.fault != NULL) {
            wheel_report(w, CH_F_WHEEL_WHEEL, member, "%s", f.fault);
        } else {
            bool pure = ch_str_eq_nocase(f.purelib, CH_STR("true"));
            ch_scan_write_fact(w->out, CH_STR("root-is-purelib"),
                               pure ? CH_STR("true") : CH_STR("false"));
        }
        if (f.fault == NULL && w->named) {
            compare_tags(w, member, &f);
        }
    }
    wheel_tags_done(&f.tags);
    ch_buf_done(&text);
}

/* --- entry_points.txt --- */

struct entry_points {
    struct wheel *w;
    struct ch_str member;
    struct ch_str group;
    size_t indent;  /* of the last line that was no continuation */
    bool has_entry; /* in this group */
    struct ch_buf fact;
};

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
static void check_entry(struct entry_points *e, struct ch_str line, size_t number)
{
    size_t equals;
    if (!ch_str_find_char(line, '=', &equals)) {
        wheel_report(e->w, CH_F_ENTRY_POINTS, e->member, "line %zu is no \"name = object\"",
                     number);
        return;
    }
    struct ch_str name = ch_str_trim(ch_str_sub(line, 0, equals));
    struct ch_str object = ch_str_trim(ch_str_sub(line, equals + 1, line.len));
    bool script = ch_str_eq(e->group, CH_STR("console_scripts")) ||
                  ch_str_eq(e->group, CH_STR("gui_scripts"));
    if (name.len == 0 || object.len == 0 || (script && !is_script_name(name))) {
        wheel_report(e->w, CH_F_ENTRY_POINTS, e->member, "line %zu: %s \"%.*s\"", number,
                     script ? "script name" : "entry", CH_STR_ARG(name));
        return;
    }
    ch_buf_clear(&e->fact);
    ch_buf_printf(&e->fact, "%.*s ", CH_STR_ARG(e->group));
    ch_buf_puts(&e->fact, name);
    ch_buf_puts(&e->fact, CH_STR(" = "));
    ch_buf_puts(&e->fact, object);
    if (e->fact.failed) {
        wheel_report(e->w, CH_F_LIMIT, e->member, "line %zu is longer than is kept", number);
    } else {
        ch_scan_write_fact(e->w->out, CH_STR("entry-point"), ch_buf_str(&e->fact));
        ch_content_entry_point(e->w->content, e->group, name, object);
    }
}

/* False: what follows cannot be understood. */
static bool check_line(struct entry_points *e, struct ch_str line, size_t number)
{
    struct ch_str text = ch_str_trim(line);
    size_t indent = (size_t)(text.ptr - line.ptr);
    if (text.len == 0 || text.ptr[0] == '#' || text.ptr[0] == ';') {
        return true;
    }
    /* Some readers take a line indented deeper as part of the one before, some as an entry. Files
     * indented as a whole are common. */
    if (e->has_entry && indent > e->indent) {
        wheel_report(e->w, CH_F_ENTRY_POINTS, e->member, "line %zu continues the one before",
                     number);
        return false;
    }
    if (text.ptr[0] == '[') {
        if (text.ptr[text.len - 1] != ']' || text.len < 3) {
            wheel_report(e->w, CH_F_ENTRY_POINTS, e->member, "line %zu is no \"[group]\"", number);
            return false;
        }
        e->group = ch_str_trim(ch_str_sub(text, 1, text.len - 2));
        e->indent = indent;
        e->has_entry = false;
        return true;
    }
    if (e->group.ptr == NULL) {
        wheel_report(e->w, CH_F_ENTRY_POINTS, e->member, "line %zu stands before any group",
                     number);
        return false;
    }
    e->indent = indent;
    e->has_entry = true;
    check_entry(e, text, number);
    return true;
}

void wheel_check_entry_points(struct wheel *w)
{
    struct entry_points e = {.w = w};
    struct ch_buf text;
    ch_buf_init(&text, ch_limits.wheel_text_bytes);
    ch_buf_init(&e.fact, ch_limits.text_bytes);
    if (wheel_read(w, "entry_points.txt", CH_F_ENTRY_POINTS, true, &text, &e.member)) {
        struct ch_str rest = ch_buf_str(&text);
        struct ch_str line;
        if (!is_text(rest)) {
            wheel_report(w, CH_F_ENTRY_POINTS, e.member, "is not text");
            rest = (struct ch_str){NULL, 0};
        }
        for (size_t n = 1; next_line(&rest, &line) && check_line(&e, line, n); n++) {
        }
    }
    ch_buf_done(&e.fact);
    ch_buf_done(&text);
}
