/* Compiled Python against the source beside it (threats.md T17): Python runs the one and people read the
 * other. */
#include "customhouse/limits.h"
#include "scanner/content/content_int.h"
#include "scanner/content/marshal.h"
#include "scanner/content/path.h"
#include "scanner/content/source_text.h"

/* PEP 3147: "pkg/__pycache__/mod.cpython-312.opt-1.pyc" is "pkg/mod.py"; "pkg/mod.pyc" is too. */
static void put_source_path(struct ch_buf *b, struct ch_str path)
{
    const struct ch_str cache = CH_STR("__pycache__/");
    struct ch_str base = path_base(path);
    struct ch_str folder = ch_str_sub(path, 0, path.len - base.len);
    if (ch_str_ends(folder, cache) &&
        (folder.len == cache.len || folder.ptr[folder.len - cache.len - 1] == '/')) {
        folder.len -= cache.len;
        base = path_stem(base);
    } else {
        base = ch_str_sub(base, 0, base.len - path_extension(base).len - 1);
    }
    ch_buf_puts(b, folder);
    ch_buf_puts(b, base);
    ch_buf_puts(b, CH_STR(".py"));
}

struct comparing {
    struct source_text text;
    struct ch_buf missing; /* the first name or string that the source has not */
    bool found;
};

static void see_missing(struct comparing *x, const char *what, struct ch_str s)
{
    if (!x->found) {
        x->found = true;
        ch_buf_printf(&x->missing, "%s \"", what);
        ch_buf_puts(&x->missing, ch_str_sub(s, 0, CH_EVIDENCE_MAX));
        ch_buf_putc(&x->missing, '"');
    }
}

static void see_name(void *arg, struct ch_str name)
{
    struct comparing *x = arg;
    if (!x->found && !source_text_has_name(&x->text, name)) {
        see_missing(x, "name", name);
    }
}

static void see_text(void *arg, struct ch_str text, bool is_bytes)
{
    struct comparing *x = arg;
    if (!x->found && !x->text.over && !source_text_has_string(&x->text, text, is_bytes) &&
        !x->text.over) {
        see_missing(x, is_bytes ? "bytes" : "text", text);
    }
}

/* "Recorded size and time, or source hash, equal": the time of a member is not known everywhere. */
static const char *compare_header(const struct pyc_header *h, struct ch_str source)
{
    if (h->hashed) {
        return pyc_source_hash(source, h->magic, h->minor) == h->hash
                   ? NULL
                   : "it records the hash of another source";
    }
    return h->size_bytes == (uint32_t)source.len ? NULL
                                                  : "it records a source of another size";
}

static void compare(struct ch_content *c, const struct seen *s, struct ch_str pyc,
                    struct ch_str source)
{
    struct pyc_header h;
    if (!pyc_header_read(pyc, &h) || h.minor == 0) {
        content_report(c, CH_F_PYC_UNREADABLE, s, "%s", "it is of no version of Python that is read");
        return;
    }
    const char *differs = compare_header(&h, source);
    if (differs != NULL) {
        content_report(c, CH_F_PYC_DIFFERS, s, "%s", differs);
        return;
    }
    struct comparing x = {.found = false};
    struct marshal_sink sink = {.name = see_name, .text = see_text, .arg = &x};
    source_text_init(&x.text, source, h.minor);
    ch_buf_init(&x.missing, 2 * CH_EVIDENCE_MAX);
    const char *fault =
        marshal_read_code(ch_str_sub(pyc, h.bytes, pyc.len), h.minor, &sink);
    if (x.found) {
        struct ch_str missing = ch_buf_str(&x.missing);
        content_report(c, CH_F_PYC_DIFFERS, s, "the source has no %.*s", CH_STR_ARG(missing));
    } else if (fault != NULL) {
        content_report(c, CH_F_PYC_UNREADABLE, s, "%s", fault);
    } else if (x.text.over) {
        content_report(c, CH_F_PYC_UNREADABLE, s, "%s",
                       "comparing it with its source takes more than is allowed");
    }
    ch_buf_done(&x.missing);
    source_text_done(&x.text);
}

static void look(struct ch_content *c, struct ch_str path)
{
    struct seen s = {.path = path,
                     .name = path,
                     .place = content_place(c, path),
                     .type = TYPE_PYC};
    struct ch_buf source_path;
    struct ch_buf pyc;
    struct ch_buf source;
    ch_buf_init(&source_path, 2 * ch_limits.member_path_bytes);
    ch_buf_init(&pyc, (size_t)ch_limits.pyc_bytes);
    ch_buf_init(&source, (size_t)ch_limits.pyc_bytes);
    put_source_path(&source_path, path);
    if (!c->options.read(c->options.arg, path, &pyc)) {
        content_report(c, CH_F_PYC_UNREADABLE, &s, "it is larger than %llu bytes",
                       (unsigned long long)ch_limits.pyc_bytes);
    } else if (!c->options.read(c->options.arg, ch_buf_str(&source_path), &source)) {
        content_report(c, CH_F_PYC_WITHOUT_SOURCE, &s, "there is no \"%.*s\"",
                       CH_STR_ARG(ch_buf_str(&source_path)));
    } else {
        compare(c, &s, ch_buf_str(&pyc), ch_buf_str(&source));
    }
    ch_buf_done(&source_path);
    ch_buf_done(&pyc);
    ch_buf_done(&source);
}

/* PEP 552: magic number, then flags; bit 0 says that a source hash follows instead of a time, bit 1
 * that it is checked. Set and clear: Python runs the code whatever the source beside it says.
 * Before Python 3.7 (magic below 3392, or Python 2's above 20000) there are no flags but a time,
 * and later Pythons refuse the file. */
static bool is_unchecked(struct ch_str pyc)
{
    enum { FIRST_WITH_FLAGS = 3392, FIRST_PYTHON_3 = 3000, PYTHON_2 = 20000 };
    struct ch_rd r = ch_rd_of(pyc.ptr, pyc.len);
    uint16_t magic = ch_get_u16(&r);
    CH_IGNORE(ch_get_u16(&r));
    uint32_t flags = ch_get_u32(&r);
    bool old = magic >= PYTHON_2 || (magic >= FIRST_PYTHON_3 && magic < FIRST_WITH_FLAGS);
    return !r.failed && !old && (flags & 1) != 0 && (flags & 2) == 0;
}

void content_see_compiled(struct ch_content *c, const struct seen *s)
{
    bool named = path_has_extension(s->name, "pyc") || path_has_extension(s->name, "pyo");
    if (s->type == TYPE_PYC && !named) {
        content_report(c, CH_F_PYC_DISGUISED, s, "%s", "compiled Python");
    } else if (named && c->depth > 0) {
        content_report(c, CH_F_PYC_WITHOUT_SOURCE, s, "%s", "inside an archive it is not compared");
    } else if (named) {
        bool first = names_add(&c->compiled, s->path) || c->compiled.over;
        if (first && c->options.kind == CH_CONTENT_BUILT && is_unchecked(s->bytes)) {
            ch_scan_write_finding(c->options.out, CH_F_PYC_UNCHECKED, s->path,
                                  CH_STR("unchecked hash-based"));
        }
    }
}

void content_compiled(struct ch_content *c)
{
    for (size_t i = 0; i < c->compiled.count; i++) {
        look(c, names_at(&c->compiled, i));
    }
}
