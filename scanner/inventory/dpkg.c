#include "scanner/inventory/inventory.h"
#include "scanner/inventory/lines.h"

struct stanza {
    struct ch_package p;
    struct ch_str status;
    struct ch_str source;
    bool begun;
};

struct reading {
    struct ch_lines lines;
    struct stanza s;
    struct ch_str
        *last; /* the field that a continuation would go on with; NULL: one nobody asks for */
};

static enum ch_code wrong(const struct reading *r, struct ch_err *err, const char *what)
{
    return ch_fail(err, CH_E_FORMAT, "line %zu: %s", r->lines.number, what);
}

static struct ch_str *field_of(struct stanza *s, struct ch_str name)
{
    const struct {
        const char *name;
        struct ch_str *field;
    } fields[] = {{"Package", &s->p.name},
                  {"Version", &s->p.version},
                  {"Architecture", &s->p.architecture},
                  {"Status", &s->status},
                  {"Source", &s->source}};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (ch_str_eq_nocase(name, ch_str_of(fields[i].name))) {
            return fields[i].field;
        }
    }
    return NULL;
}

static enum ch_code read_field(struct reading *r, struct ch_err *err)
{
    struct ch_str value = r->lines.line;
    struct ch_str name;
    if (!ch_str_split(&value, ':', &name) || value.ptr == NULL || !ch_is_word(name) ||
        name.ptr[0] == '#' || name.ptr[0] == '-') {
        return wrong(r, err, "expected \"Field: value\"");
    }
    if (!r->s.begun) {
        r->s.begun = true;
        r->s.p.line = r->lines.number;
    }
    r->last = field_of(&r->s, name);
    if (r->last != NULL && r->last->ptr != NULL) {
        return wrong(r, err, "the package has this field twice");
    }
    if (r->last != NULL) {
        *r->last = ch_str_trim(value);
    }
    return CH_OK;
}

/* "WANT FLAG STATE" (dpkg-query(1)). Of a package that was removed the configuration alone may be
 * left; one that is to be removed is there until it is. */
static enum ch_code is_there(const struct stanza *s, bool *ret, struct ch_err *err)
{
    struct ch_str state = s->status;
    struct ch_str want;
    struct ch_str flag;
    if (s->status.ptr == NULL) { /* distroless */
        *ret = true;
        return CH_OK;
    }
    if (!ch_str_split(&state, ' ', &want) || !ch_str_split(&state, ' ', &flag) ||
        !ch_is_word(state)) {
        return ch_fail(err, CH_E_FORMAT, "line %zu: Status: expected three words", s->p.line);
    }
    *ret = !ch_str_eq(state, CH_STR("not-installed")) && !ch_str_eq(state, CH_STR("config-files"));
    return CH_OK;
}

/* "NAME" or "NAME (VERSION)". */
static enum ch_code read_source(struct stanza *s, struct ch_err *err)
{
    struct ch_str version = s->source;
    if (s->source.ptr == NULL) {
        return CH_OK;
    }
    CH_ASSERT(ch_str_split(&version, ' ', &s->p.source));
    if (version.len > 2 && version.ptr[0] == '(' && version.ptr[version.len - 1] == ')') {
        s->p.source_version = ch_str_sub(version, 1, version.len - 2);
    }
    if (!ch_is_word(s->p.source) || (version.ptr != NULL && !ch_is_word(s->p.source_version))) {
        return ch_fail(err, CH_E_FORMAT,
                       "line %zu: Source: expected \"NAME\" or \"NAME (VERSION)\"", s->p.line);
    }
    return CH_OK;
}

static enum ch_code end_stanza(struct reading *r, ch_package_fn *fn, void *arg, struct ch_err *err)
{
    struct stanza *s = &r->s;
    bool there = false;
    enum ch_code rc = CH_OK;
    if (s->begun) {
        rc = is_there(s, &there, err);
    }
    if (rc == CH_OK && there) {
        rc = read_source(s, err);
        if (rc == CH_OK && (!ch_is_word(s->p.name) || !ch_is_word(s->p.version))) {
            rc = ch_fail(err, CH_E_FORMAT, "line %zu: a package without %s", s->p.line,
                         ch_is_word(s->p.name) ? "Version" : "name");
        }
        if (rc == CH_OK) {
            fn(arg, &s->p);
        }
    }
    *s = (struct stanza){.p.kind = CH_PACKAGE_DEB};
    r->last = NULL;
    return rc;
}

enum ch_code ch_inventory_dpkg(struct ch_str text, ch_package_fn *fn, void *arg, struct ch_err *err)
{
    struct reading r = {.lines.rest = text, .s.p.kind = CH_PACKAGE_DEB};
    enum ch_code rc = CH_OK;
    while (rc == CH_OK && ch_lines_next(&r.lines)) {
        struct ch_str line = r.lines.line;
        if (line.len == 0) {
            rc = end_stanza(&r, fn, arg, err);
        } else if (line.ptr[0] != ' ' && line.ptr[0] != '\t') {
            rc = read_field(&r, err);
        } else if (!r.s.begun) {
            rc = wrong(&r, err, "goes on with no field");
        } else if (r.last != NULL) {
            rc = wrong(&r, err, "goes on with a field that has one line");
        } else if (ch_str_trim(line).len == 0) { /* dpkg takes it for the end, others do not */
            rc = wrong(&r, err, "is of blanks alone");
        }
    }
    return rc == CH_OK ? end_stanza(&r, fn, arg, err) : rc;
}
