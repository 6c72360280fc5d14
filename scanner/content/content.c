#include "scanner/content/content.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/content/content_int.h"
#include "scanner/content/path.h"
#include "scanner/content/reach.h"
#include "scanner/source/source.h"

/* PEP 503: lower case, runs of '-', '_' and '.' as one '-'. */
static void put_normalised(struct ch_buf *b, struct ch_str name)
{
    bool separator = false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == '-' || c == '_' || c == '.') {
            separator = true;
            continue;
        }
        if (separator) {
            ch_buf_putc(b, '-');
        }
        separator = false;
        ch_buf_putc(b, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
}

/* Whether what is being looked at is a member of a carried wheel, and not of an archive in that. */
static bool is_carried(const struct ch_content *c)
{
    return c->depth == 1 && c->inner.key.ptr != NULL;
}

/* What source imports, loads, starts or executes by a name that its values give. */
static void on_named(void *arg, struct ch_str path, struct ch_str name, enum ch_named_as as)
{
    struct ch_content *c = arg;
    bool carried = is_carried(c);
    enum ch_code_place place = carried ? c->inner.place : content_place(c, path);
    if ((c->depth > 0 && !carried) || place == CH_PLACE_TEST || place == CH_PLACE_NONE) {
        return; /* nothing runs what names it */
    }
    struct ch_str site = carried ? c->inner.site : c->options.site(c->options.arg, path);
    unsigned when = place == CH_PLACE_START ? REACH_START : 0;
    switch (as) {
    case CH_NAMED_MODULE:
        reach_started(c->reach, site, name, when);
        break;
    case CH_NAMED_PROGRAM:
        reach_started(c->reach, site, name, when | REACH_RUN);
        break;
    case CH_NAMED_CODE:
        reach_executed(c->reach, site, name, when | REACH_CODE);
        break;
    case CH_NAMED_FOLDER:
        reach_listed(c->reach, site, name, when);
        break;
    case CH_NAMED_CALL:
        if (ch_source_called(c->source, name)) {
            reach_start_again(c->reach);
        }
        break;
    }
}

struct ch_content *ch_content_new(const struct ch_content_options *options)
{
    struct ch_content *c = ch_calloc(1, sizeof(*c));
    c->options = *options;
    c->source = ch_source_new(options->out);
    if (options->site != NULL) {
        c->reach = reach_new();
        ch_source_on_named(c->source, on_named, c);
    }
    ch_buf_init(&c->project, ch_limits.project_name_bytes);
    put_normalised(&c->project,
                   options->job->project.len > 0 ? options->job->project : options->project);
    return c;
}

void ch_content_free(struct ch_content *c)
{
    if (c != NULL) {
        ch_source_free(c->source);
        reach_free(c->reach);
        names_done(&c->facts);
        names_done(&c->libraries);
        names_done(&c->carried);
        names_done(&c->compiled);
        names_done(&c->starts);
        names_done(&c->carriers);
        ch_buf_done(&c->project);
        free(c);
    }
}

void ch_content_set_platform(struct ch_content *c, struct ch_str platform)
{
    c->options.platform = platform;
}

/* --- saying it --- */

static void say(struct ch_content *c, enum ch_finding_code code, struct ch_str path,
                struct ch_str evidence)
{
    size_t index = (size_t)(code - CH_F_TEST_CONTENT);
    CH_ASSERT(index < CONTENT_CODES);
    if (c->said[index]++ < ch_limits.content_repeats) {
        ch_scan_write_finding(c->options.out, code, path, evidence);
    }
}

static void say_how_many_more(struct ch_content *c)
{
    char text[64];
    for (size_t i = 0; i < CONTENT_CODES; i++) {
        if (c->said[i] > ch_limits.content_repeats) {
            snprintf(text, sizeof(text), "and %llu more",
                     (unsigned long long)(c->said[i] - ch_limits.content_repeats));
            ch_scan_write_finding(c->options.out, (enum ch_finding_code)(CH_F_TEST_CONTENT + i),
                                  (struct ch_str){NULL, 0}, ch_str_of(text));
        }
    }
}

void content_report(struct ch_content *c, enum ch_finding_code code, const struct seen *s,
                    const char *fmt, ...)
{
    char text[2 * CH_EVIDENCE_MAX];
    char mild[sizeof(text) + CH_EVIDENCE_MAX];
    const struct ch_finding_row *row = ch_finding_row((uint32_t)code);
    va_list va;
    va_start(va, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    CH_ASSERT(n >= 0 && row != NULL);
    if (c->again && !c->lifted) {
        return;
    }
    if (s->place == CH_PLACE_TEST && row->cls != CH_CLASS_NOTE) {
        snprintf(mild, sizeof(mild), "%s: %s", row->name, text);
        say(c, CH_F_TEST_CONTENT, s->path, ch_str_of(mild));
        return;
    }
    say(c, code, s->path, ch_str_of(text));
}

void content_fact(struct ch_content *c, enum ch_fact_code code, struct ch_str value)
{
    struct ch_buf key;
    struct ch_str name = ch_str_of(ch_fact_row(code)->name);
    ch_buf_init(&key, name.len + 1 + value.len);
    ch_buf_puts(&key, name);
    ch_buf_putc(&key, ' ');
    ch_buf_puts(&key, value);
    if (names_add(&c->facts, ch_buf_str(&key))) {
        ch_scan_write_fact(c->options.out, name, value);
    }
    ch_buf_done(&key);
}

void content_factf(struct ch_content *c, enum ch_fact_code code, const char *fmt, ...)
{
    char text[CH_EVIDENCE_MAX * 2];
    va_list va;
    va_start(va, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    CH_ASSERT(n >= 0);
    content_fact(c, code, ch_str_of(text));
}

/* --- Python source --- */

/* "#!" and "python" in the first line. */
static bool is_python_script(struct ch_str bytes)
{
    struct ch_str line;
    struct ch_str rest = bytes;
    size_t at;
    return ch_str_starts(bytes, CH_STR("#!")) && ch_str_split(&rest, '\n', &line) &&
           ch_str_find(line, CH_STR("python"), &at);
}

/* Scripts of shells: what a wheel installs as a command, and what source of the artifact starts. */
static bool is_shell(const struct ch_content *c, const struct seen *s)
{
    bool text = s->type == TYPE_TEXT || s->type == TYPE_SCRIPT;
    if (!text || c->depth > 0 || s->place == CH_PLACE_TEST || s->place == CH_PLACE_NONE) {
        return false;
    }
    unsigned how = c->reach != NULL ? reach_of(c->reach, s->path) : 0;
    bool command = path_extension(s->name).ptr == NULL && (how == 0 || s->type == TYPE_SCRIPT);
    return path_is_shell(s->name) || command || (how & REACH_RUN) != 0;
}

/* What the source names of other members. */
void content_follow(struct ch_content *c, const struct seen *s, struct ch_str code)
{
    bool carried = is_carried(c);
    if (c->reach == NULL || (c->depth > 0 && !carried) || s->place == CH_PLACE_TEST ||
        s->place == CH_PLACE_NONE) {
        return;
    }
    reach_source(c->reach, carried ? c->inner.key : s->path,
                 carried ? c->inner.site : c->options.site(c->options.arg, s->path), code,
                 s->place == CH_PLACE_START ? REACH_START : 0);
}

/* Whether source of the artifact executes it, whatever its name is. */
static bool is_executed(const struct ch_content *c, const struct seen *s)
{
    unsigned how = c->reach != NULL && c->depth == 0 ? reach_of(c->reach, s->path) : 0;
    bool text = s->type == TYPE_TEXT || s->type == TYPE_SCRIPT || s->type == TYPE_HTML ||
                s->type == TYPE_OTHER;
    return text && (how & REACH_CODE) != 0;
}

static void see_source(struct ch_content *c, const struct seen *s)
{
    bool start = content_is_start_text(s->name) && s->place == CH_PLACE_START;
    bool python = path_has_extension(s->name, "py") || path_has_extension(s->name, "pyw") ||
                  (path_extension(s->name).ptr == NULL && is_python_script(s->bytes));
    bool shell = !python && !start && is_shell(c, s);
    python = python || is_executed(c, s);
    if ((python || start) && s->bytes.len < s->size_bytes) {
        ch_scan_write_finding(c->options.out, CH_F_LIMIT, s->path,
                              CH_STR("is larger than source that is read"));
        return;
    }
    if (start) {
        content_start_text(c, s);
    } else if (python) {
        ch_source_see(c->source, s->path, s->place, s->bytes);
        content_follow(c, s, s->bytes);
    }
    if (shell) {
        ch_source_shell(c->source, s->path, s->place, s->bytes);
    }
}

/* --- types --- */

/* What bytes and name say does not agree, where neither is native code: told, and judged by nobody.
 * Packages name text as they like; only a type with a magic of its own counts. */
static void compare_name(struct ch_content *c, const struct seen *s)
{
    enum name_kind kind = name_kind_of(s->name);
    bool packed = content_type_is_archive(s->type) || s->type == TYPE_PYC || s->type == TYPE_PICKLE;
    bool shown = s->type == TYPE_SCRIPT || s->type == TYPE_HTML;
    bool code = path_has_extension(s->name, "so") || path_has_extension(s->name, "pyd") ||
                path_has_extension(s->name, "dll") || path_has_extension(s->name, "dylib") ||
                path_has_extension(s->name, "exe");
    if ((kind == NAME_MEDIA && (packed || shown)) || (kind == NAME_TEXT && packed) ||
        (code && s->size_bytes > 0)) {
        content_report(c, CH_F_TYPE_DIFFERS, s, "%s", content_type_name(s->type));
    }
}

static void tell_type(struct ch_content *c, const struct seen *s)
{
    if (content_type_is_archive(s->type) || s->type == TYPE_NOTEBOOK || s->type == TYPE_PYC ||
        s->type == TYPE_PICKLE) {
        content_fact(c, CH_FACT_CONTENT, ch_str_of(content_type_name(s->type)));
    }
}

void content_look(struct ch_content *c, struct ch_str path, struct ch_str name, struct ch_str bytes,
                  uint64_t size_bytes, enum ch_code_place place)
{
    struct seen s = {.path = path,
                     .name = name,
                     .bytes = bytes,
                     .size_bytes = size_bytes,
                     .place = place,
                     .type = content_type_of(name, bytes)};
    tell_type(c, &s);
    if (s.type == TYPE_NATIVE) {
        content_native(c, &s);
    } else {
        compare_name(c, &s);
    }
    if (content_type_is_archive(s.type)) {
        content_archive(c, &s);
    } else if (s.type != TYPE_NATIVE) {
        content_native_behind(c, &s);
        content_packed(c, &s);
    }
    if (s.type == TYPE_TEXT || s.type == TYPE_SCRIPT || s.type == TYPE_HTML) {
        content_encoded(c, &s);
    }
    content_appended(c, &s);
    if (s.type == TYPE_NOTEBOOK) {
        content_notebook(c, &s);
    }
    if (c->depth == 0) {
        content_auto_load(c, &s);
    }
    content_see_compiled(c, &s);
    see_source(c, &s);
}

/* "LICENSE" and its like. */
static bool is_notice(struct ch_str path)
{
    struct ch_str base = path_base(path);
    bool is = true;
    for (size_t i = 0; i < base.len; i++) {
        is = is && !(base.ptr[i] >= 'a' && base.ptr[i] <= 'z') && base.ptr[i] != '.';
    }
    return is;
}

/* What has the name of a text or a picture only counts where it is started: most are data that code
 * opens. */
void ch_content_expect(struct ch_content *c, struct ch_str path)
{
    enum ch_code_place place = c->options.place(c->options.arg, path);
    enum name_kind kind = name_kind_of(path);
    bool carrier = path_has_extension(path, "whl"); /* wherever it lies: among commands, too */
    if (c->reach != NULL && place == CH_PLACE_IMPORT && c->starts.count > 0 && !carrier) {
        reach_add(c->reach, path, c->options.site(c->options.arg, path), REACH_MODULE);
    }
    if (c->options.site != NULL) {
        ch_source_brings(c->source, c->options.site(c->options.arg, path));
    }
    bool program = place == CH_PLACE_PROGRAM;
    if (c->reach == NULL ||
        (place != CH_PLACE_TEST && place != CH_PLACE_NONE && !program && !carrier)) {
        return;
    }
    if (carrier) {
        CH_IGNORE(names_add(&c->carriers, path));
    }
    bool text =
        !path_is_shell(path) && (kind == NAME_TEXT || kind == NAME_MEDIA || is_notice(path));
    reach_add(c->reach, path, c->options.site(c->options.arg, path),
              place == CH_PLACE_TEST           ? REACH_TESTS
              : program                        ? REACH_PROGRAM
              : path_has_extension(path, "py") ? REACH_SCRIPT
              : text                           ? REACH_TEXT
                                               : REACH_DATA);
}

enum ch_code_place content_place(const struct ch_content *c, struct ch_str path)
{
    enum ch_code_place place = c->options.place(c->options.arg, path);
    unsigned how = c->reach != NULL ? reach_of(c->reach, path) : 0;
    if (place == CH_PLACE_IMPORT && (how & REACH_START) != 0) {
        return CH_PLACE_START;
    }
    if (how == 0 ||
        (place != CH_PLACE_TEST && place != CH_PLACE_NONE && place != CH_PLACE_PROGRAM)) {
        return place;
    }
    return (how & REACH_START) != 0 ? CH_PLACE_START : CH_PLACE_IMPORT;
}

void ch_content_see(struct ch_content *c, const struct ch_content_member *m)
{
    if (m->type == CH_MEMBER_SYMLINK) {
        say(c, CH_F_SYMLINK, m->path, m->link);
        return;
    }
    if (m->type != CH_MEMBER_FILE) {
        return;
    }
    ch_content_expect(c, m->path);
    c->reached = c->reach != NULL && reach_of(c->reach, m->path) != 0;
    /* Only among tests is anything but source judged mildly. */
    c->again = c->reach != NULL && reach_judged(c->reach, m->path) &&
               c->options.place(c->options.arg, m->path) != CH_PLACE_TEST;
    content_look(c, m->path, m->path, m->bytes, m->size_bytes, content_place(c, m->path));
    c->reached = false;
    c->again = false;
}

bool ch_content_next(struct ch_content *c, struct ch_str *ret_path)
{
    return c->reach != NULL && reach_next(c->reach, ret_path);
}

void ch_content_end(struct ch_content *c)
{
    ch_source_end(c->source);
    content_libraries(c);
    content_compiled(c);
    say_how_many_more(c);
    if (c->facts.over || c->libraries.over || c->carried.over || c->compiled.over ||
        c->starts.over || c->carriers.over ||
        (c->reach != NULL && reach_over(c->reach))) {
        ch_scan_write_finding(
            c->options.out, CH_F_LIMIT, (struct ch_str){NULL, 0},
            CH_STR("has more distinct libraries, facts, compiled files or folders "
                   "of tests than are kept"));
    }
}
