/* WHEEL and entry_points.txt. */
#include "customhouse/limits.h"
#include "scanner/python/entry_points.h"
#include "scanner/python/inspection.h"
#include "scanner/eco/pypi/wheel/wheel_int.h"

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
    if (!pypi_is_text(text)) {
        f->fault = "is not text";
    }
    while (f->fault == NULL && pypi_next_line(&text, &line)) {
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

/* Installers go by the name; builders that rename a wheel once it is checked, or once programs for one platform
 * were put into it, leave this file as it was. The name says less than the file then, never more. */
static bool was_renamed(const struct wheel_tags *named, const struct wheel_tags *inside)
{
    struct wheel_tags plain;
    wheel_tags_init(&plain);
    wheel_tags_plain(named, &plain);
    bool renamed = wheel_tags_eq(&plain, inside);
    wheel_tags_done(&plain);
    wheel_tags_init(&plain);
    wheel_tags_any(named, &plain);
    renamed = renamed || wheel_tags_eq(&plain, inside);
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
};

static void see_entry(void *arg, struct ch_str group, struct ch_str name, struct ch_str object)
{
    const struct entry_points *e = arg;
    entry_points_tell(e->w->out, e->w->content, e->member, group, name, object);
}

void wheel_check_entry_points(struct wheel *w)
{
    struct entry_points e = {.w = w};
    struct ch_buf text;
    ch_buf_init(&text, ch_limits.wheel_text_bytes);
    if (wheel_read(w, "entry_points.txt", CH_F_ENTRY_POINTS, true, &text, &e.member)) {
        entry_points_read(w->out, e.member, ch_buf_str(&text), see_entry, &e);
    }
    ch_buf_done(&text);
}
