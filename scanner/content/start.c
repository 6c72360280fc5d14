/* What runs when any Python starts (threats.md T17), and what that imports and calls of the same
 * artifact: all of it is judged as if it stood in the start-up file itself.
 *
 * Spec: Python's site module (.pth files, sitecustomize, usercustomize); PEP 829 (.start files). */
#include "customhouse/limits.h"
#include "scanner/content/content_int.h"
#include "scanner/content/path.h"
#include "scanner/content/pth.h"
#include "scanner/content/reach.h"
#include "scanner/source/imports.h"
#include "scanner/source/source.h"

/* --- .start files --- */

static bool is_dotted(struct ch_str s)
{
    char before = '.';
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool digit = c >= '0' && c <= '9';
        bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (uint8_t)c >= 0x80;
        if (!letter && (before == '.' || (!digit && c != '.'))) {
            return false;
        }
        before = c;
    }
    return before != '.';
}

/* PEP 829: "pkg.mod:callable", one on a line; blank lines and those that begin with '#' say
 * nothing, others that are no entry point are passed over. Empty where nothing is called. */
void content_start_source(struct ch_str bytes, struct ch_buf *ret)
{
    struct pth p = pth_open(bytes, PTH_UNICODE);
    struct pth_line line;
    while (pth_next(&p, &line)) {
        struct ch_str object = ch_str_trim(line.text);
        struct ch_str module;
        bool entry = line.kind != PTH_NOTHING && ch_str_split(&object, ':', &module) &&
                     object.ptr != NULL && is_dotted(module) && is_dotted(object);
        if (entry) {
            ch_buf_puts(ret, CH_STR("import "));
            ch_buf_puts(ret, module);
            ch_buf_puts(ret, CH_STR("; "));
            ch_buf_puts(ret, module);
            ch_buf_putc(ret, '.');
            ch_buf_puts(ret, object);
            ch_buf_puts(ret, CH_STR("()"));
        }
        ch_buf_putc(ret, '\n'); /* lines keep their numbers */
    }
}

/* --- .pth files --- */

/* What site.py executes of a .pth file, seen in one way. */
static void put_pth_code(struct ch_str bytes, enum pth_view view, struct ch_buf *ret)
{
    struct pth p = pth_open(bytes, view);
    struct pth_line line;
    while (pth_next(&p, &line)) {
        if (line.kind == PTH_CODE) {
            ch_buf_puts(ret, line.text);
        }
        ch_buf_putc(ret, '\n');
    }
}

bool content_is_start_text(struct ch_str name)
{
    return path_has_extension(name, "pth") || path_has_extension(name, "start");
}

/* `see` with the Python source of a file of lines. Each way to see those of a .pth file is a source
 * of its own: a line that is broken in one would hide those after it in another. Mostly they are
 * the same. */
static void each_source(struct ch_str name, struct ch_str bytes,
                        void (*see)(void *arg, struct ch_str code), void *arg)
{
    struct ch_buf code[PTH_VIEW_COUNT];
    int count = path_has_extension(name, "pth") ? PTH_VIEW_COUNT : 1;
    for (int view = 0; view < count; view++) {
        if (count == 1) {
            ch_buf_init(&code[0], 3 * bytes.len + 64);
            content_start_source(bytes, &code[0]);
        } else {
            ch_buf_init(&code[view], bytes.len + 1);
            put_pth_code(bytes, (enum pth_view)view, &code[view]);
        }
        struct ch_str text = ch_buf_str(&code[view]);
        if (view == 0 || !ch_str_eq(text, ch_buf_str(&code[view - 1]))) {
            see(arg, text);
        }
    }
    for (int view = 0; view < count; view++) {
        ch_buf_done(&code[view]);
    }
}

struct judging {
    struct ch_content *c;
    const struct seen *s;
};

static void judge(void *arg, struct ch_str code)
{
    const struct judging *j = arg;
    ch_source_see(j->c->source, j->s->path, j->s->place, code);
    content_follow(j->c, j->s, code);
}

void content_start_text(struct ch_content *c, const struct seen *s)
{
    struct judging j = {c, s};
    each_source(s->name, s->bytes, judge, &j);
    for (int view = 0; path_has_extension(s->name, "pth") && view < PTH_VIEW_COUNT; view++) {
        struct pth p = pth_open(s->bytes, (enum pth_view)view);
        struct pth_line line;
        while (c->reach != NULL && c->depth == 0 && pth_next(&p, &line)) {
            if (line.kind == PTH_FOLDER) {
                reach_folder(c->reach, line.text);
            }
        }
    }
}

/* --- what they reach --- */

struct following {
    struct ch_content *c;
    struct ch_str path;
    bool first; /* the start-up file itself: what it names it calls */
};

/* "a.b:c": c. */
static void called(struct following *f, struct ch_str name)
{
    for (size_t i = name.len; i-- > 0;) {
        if (name.ptr[i] == '.' || name.ptr[i] == ':') {
            name = ch_str_sub(name, i + 1, name.len);
            break;
        }
    }
    if (f->first && name.len > 0 && is_dotted(name)) {
        CH_IGNORE(ch_source_called(f->c->source, name));
    }
}

static void on_module(void *arg CH_UNUSED, struct ch_str dotted CH_UNUSED)
{
}

static void on_name(void *arg, struct ch_str name)
{
    called(arg, name);
}

static void follow_source(void *arg, struct ch_str code)
{
    struct following *f = arg;
    struct ch_content *c = f->c;
    struct ch_imports to = {.module = on_module, .text = on_name, .name = on_name, .arg = f};
    reach_source(c->reach, f->path, c->options.site(c->options.arg, f->path), code, REACH_START);
    if (f->first) {
        ch_imports_of(code, CH_STR(""), &to);
    }
}

static void follow_file(struct ch_content *c, struct ch_str path, bool first)
{
    struct following f = {c, path, first};
    struct ch_buf bytes;
    ch_buf_init(&bytes, (size_t)ch_limits.member_whole_bytes);
    bool text = first && content_is_start_text(path);
    bool (*read)(void *, struct ch_str, struct ch_buf *) =
        c->options.ahead != NULL ? c->options.ahead : c->options.read;
    if ((text || path_has_extension(path, "py") || path_has_extension(path, "pyw")) &&
        read(c->options.arg, path, &bytes)) {
        if (text) {
            each_source(path, ch_buf_str(&bytes), follow_source, &f);
        } else {
            follow_source(&f, ch_buf_str(&bytes));
        }
    }
    ch_buf_done(&bytes);
}

void ch_content_expect_start(struct ch_content *c, struct ch_str path)
{
    if (c->reach != NULL && c->options.place(c->options.arg, path) == CH_PLACE_START) {
        CH_IGNORE(names_add(&c->starts, path));
    }
}

void ch_content_follow_start(struct ch_content *c)
{
    struct ch_str path;
    for (size_t i = 0; c->options.ahead != NULL && i < c->carriers.count; i++) {
        content_expect_carried(c, names_at(&c->carriers, i));
    }
    for (size_t i = 0; i < c->starts.count; i++) {
        follow_file(c, names_at(&c->starts, i), true);
    }
    while (c->starts.count > 0 && reach_next_start(c->reach, &path)) {
        follow_file(c, path, false);
    }
}
