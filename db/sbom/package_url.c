/* Package URLs. Spec: package-url/purl-spec, PURL-SPECIFICATION.rst and the definition of each
 * type. */
#include "sbom_int.h"

#include <string.h>

enum form {
    PLAIN,         /* a name */
    OF_SYSTEM,     /* in the namespace of its distribution, with its architecture */
    OF_PATH,       /* the last part of a path, in the namespace of the rest */
    OF_COORDINATE, /* GROUP:ARTIFACT */
    OF_IMAGE       /* the last part of a path; where that lies is in repository_url */
};

static const struct type {
    const char *kind; /* as layers are told to have it; NULL: only files are of it */
    const char *type;
    enum form form;
    bool lower;        /* names are written in lower case */
    bool dashes;       /* and '_' as '-' */
    const char *usual; /* the namespace where its distribution is not known; NULL: none */
} types[] = {
    {"deb", "deb", OF_SYSTEM, true, false, "debian"},
    {"apk", "apk", OF_SYSTEM, true, false, "alpine"},
    {"rpm", "rpm", OF_SYSTEM, false, false, NULL},
    {"go", "golang", OF_PATH, true, false, NULL},
    {"npm", "npm", OF_PATH, true, false, NULL},
    {"maven", "maven", OF_COORDINATE, false, false, NULL},
    {"python", "pypi", PLAIN, true, true, NULL},
    {"conda", "conda", PLAIN, false, false, NULL},
    {NULL, "oci", OF_IMAGE, true, false, NULL},
};

const char *sbom_url_type(struct ch_str kind)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(types); i++) {
        if (ch_str_eq(kind, ch_str_of(types[i].kind))) {
            return types[i].type;
        }
    }
    return NULL;
}

static const struct type *type_of(const char *type)
{
    static const struct type other = {NULL, "generic", PLAIN, false, false, NULL};
    for (size_t i = 0; i < CH_ARRAY_LEN(types); i++) {
        if (strcmp(types[i].type, type) == 0) {
            return &types[i];
        }
    }
    return &other;
}

/* Of a name or version ':' stands for itself. */
static void put_percent(struct ch_buf *b, struct ch_str s, const struct type *t)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (t != NULL && t->lower && c >= 'A' && c <= 'Z') {
            c = (char)(c - 'A' + 'a');
        }
        if (t != NULL && t->dashes && c == '_') {
            c = '-';
        }
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~' || c == ':';
        if (plain) {
            ch_buf_putc(b, c);
        } else {
            ch_buf_printf(b, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

/* "example.org/a/b/" of "example.org/a/b": its segments, of which none is empty. */
static void put_segments(struct ch_buf *b, struct ch_str path, const struct type *t)
{
    struct ch_str segment;
    while (ch_str_split(&path, '/', &segment)) {
        if (segment.len > 0) {
            put_percent(b, segment, t);
            ch_buf_putc(b, '/');
        }
    }
}

struct qualifiers {
    struct ch_buf *b;
    const char *before;
};

static void put_qualifier(struct qualifiers *q, const char *name, struct ch_str value)
{
    if (value.len > 0) { /* none is empty */
        ch_buf_printf(q->b, "%s%s=", q->before, name);
        put_percent(q->b, value, NULL);
        q->before = "&";
    }
}

static void put_version(struct ch_buf *b, struct ch_str version)
{
    if (version.len > 0) {
        ch_buf_putc(b, '@');
        put_percent(b, version, NULL);
    }
}

/* Where the last of a separator stands; false: there is none. */
static bool last_of(struct ch_str s, char separator, size_t *ret)
{
    for (size_t i = s.len; i > 0; i--) {
        if (s.ptr[i - 1] == separator) {
            *ret = i - 1;
            return true;
        }
    }
    return false;
}

static void put_name(struct ch_buf *b, const struct ch_sbom *s, const struct type *t,
                     struct ch_str name)
{
    size_t at = 0;
    if (t->form == OF_SYSTEM) {
        struct ch_str distribution =
            s->distribution.len > 0 ? s->distribution : ch_str_of(t->usual);
        put_segments(b, distribution, t);
    } else if (t->form != PLAIN && last_of(name, t->form == OF_COORDINATE ? ':' : '/', &at)) {
        put_segments(b, ch_str_sub(name, 0, t->form == OF_IMAGE ? 0 : at), t);
        name = ch_str_sub(name, at + 1, name.len);
    }
    put_percent(b, name, t);
}

void sbom_put_subject_url(struct ch_buf *b, const struct ch_sbom *s)
{
    const struct type *t = type_of(s->type);
    ch_buf_printf(b, "pkg:%s/", s->type);
    put_name(b, s, t, s->name);
    put_version(b, s->version);
    struct qualifiers q = {b, "?"};
    put_qualifier(&q, "build", s->build);
    put_qualifier(&q, "file_name", s->file_name);
    put_qualifier(&q, "repository_url", s->repository_url);
    put_qualifier(&q, "subdir", s->subdir);
    put_qualifier(&q, "type", s->form);
}

/* "2:1.2-3" of rpm: the epoch is said apart. */
static struct ch_str epoch_of(const struct type *t, struct ch_str *version)
{
    size_t at;
    struct ch_str epoch = {NULL, 0};
    if (strcmp(t->type, "rpm") == 0 && ch_str_find_char(*version, ':', &at)) {
        epoch = ch_str_sub(*version, 0, at);
        *version = ch_str_sub(*version, at + 1, version->len);
    }
    return epoch;
}

void sbom_put_component_url(struct ch_buf *b, const struct ch_sbom *s,
                            const struct ch_sbom_component *c)
{
    const struct type *t = type_of(c->type);
    struct ch_str version = c->version;
    struct ch_str epoch = epoch_of(t, &version);
    struct qualifiers q = {b, "?"};
    ch_buf_printf(b, "pkg:%s/", c->type);
    put_name(b, s, t, c->name);
    put_version(b, version);
    if (t->form != OF_SYSTEM) {
        put_qualifier(&q, t->form == PLAIN ? "subdir" : "arch", c->architecture);
        put_qualifier(&q, "repository_url", c->image ? s->repository_url : CH_STR(""));
        return;
    }
    struct ch_buf distro;
    ch_buf_init(&distro, SBOM_URL_BYTES);
    if (s->distribution.len > 0) {
        ch_buf_puts(&distro, s->distribution);
        ch_buf_puts(&distro, s->distribution_version.len > 0 ? CH_STR("-") : CH_STR(""));
        ch_buf_puts(&distro, s->distribution_version);
    }
    put_qualifier(&q, "arch", c->architecture);
    put_qualifier(&q, "distro", ch_buf_str(&distro));
    put_qualifier(&q, "epoch", epoch);
    ch_buf_done(&distro);
}
