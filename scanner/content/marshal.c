#include "scanner/content/marshal.h"

#include <stdlib.h>

#include "customhouse/limits.h"

enum kind { KIND_OTHER = 0, KIND_TEXT, KIND_BYTES, KIND_TUPLE, KIND_CODE };

/* What an object is read for. Compilers share tuples: one that was read as constants may be needed as
 * names, and is then looked at again as such. */
enum role { ROLE_CONSTANT = 0, ROLE_NAME, ROLE_IGNORED };

struct object {
    enum kind kind;
    enum role role;
    struct ch_str text; /* TEXT, BYTES */
    size_t count;       /* TUPLE */
    size_t first;       /* of its texts in reader.texts, when it has nothing else */
    bool texts;
    bool done;          /* a reference to what is still being read is none */
};

struct reader {
    struct ch_rd r;
    unsigned minor;
    const struct marshal_sink *sink;
    struct object *refs;
    size_t ref_count;
    size_t ref_cap;
    struct ch_str *texts; /* of tuples, so that a reference can be read as what it is needed for */
    size_t text_count;
    size_t text_cap;
    uint64_t objects;
    unsigned depth;
    const char *fault;
};

static struct object read_object(struct reader *m, enum role role);

static struct object fail(struct reader *m, const char *fault)
{
    if (m->fault == NULL) {
        m->fault = fault;
    }
    ch_rd_fail(&m->r);
    return (struct object){.role = ROLE_IGNORED};
}

static size_t reserve_ref(struct reader *m)
{
    if (m->ref_count == m->ref_cap) {
        m->ref_cap = m->ref_cap == 0 ? 64 : 2 * m->ref_cap;
        m->refs = ch_realloc_array(m->refs, m->ref_cap, sizeof(m->refs[0]));
    }
    m->refs[m->ref_count] = (struct object){.role = ROLE_IGNORED};
    return m->ref_count++;
}

static void emit(struct reader *m, const struct object *o, enum role role)
{
    if (m->fault != NULL || role == ROLE_IGNORED) {
        return;
    }
    if (role == ROLE_NAME && o->kind == KIND_TEXT) {
        m->sink->name(m->sink->arg, o->text);
    } else if (o->kind == KIND_TEXT || o->kind == KIND_BYTES) {
        m->sink->text(m->sink->arg, o->text, o->kind == KIND_BYTES);
    }
}

static struct object read_text(struct reader *m, size_t len, enum kind kind, enum role role)
{
    const uint8_t *p = ch_get_bytes(&m->r, len);
    if (m->r.failed) {
        return fail(m, "a text ends behind the file");
    }
    struct object o = {
        .kind = kind, .role = role, .text = {(const char *)p, len}, .done = true};
    emit(m, &o, role);
    return o;
}

/* The texts of one tuple, while it is read: tuples inside it come between. */
struct gathered {
    struct ch_str *items;
    size_t count;
    size_t cap;
};

static void gather(struct gathered *g, struct ch_str text)
{
    if (g->count == g->cap) {
        g->cap = g->cap == 0 ? 8 : 2 * g->cap;
        g->items = ch_realloc_array(g->items, g->cap, sizeof(g->items[0]));
    }
    g->items[g->count++] = text;
}

static void keep_texts(struct reader *m, const struct gathered *g)
{
    while (m->text_cap - m->text_count < g->count) {
        m->text_cap = m->text_cap == 0 ? 256 : 2 * m->text_cap;
        m->texts = ch_realloc_array(m->texts, m->text_cap, sizeof(m->texts[0]));
    }
    for (size_t i = 0; i < g->count; i++) {
        m->texts[m->text_count++] = g->items[i];
    }
}

static struct object read_tuple(struct reader *m, uint64_t count, enum role role)
{
    struct gathered g = {NULL, 0, 0};
    struct object tuple = {.kind = KIND_TUPLE,
                           .role = role,
                           .count = (size_t)count,
                           .first = m->text_count,
                           .texts = true,
                           .done = true};
    if (role == ROLE_IGNORED || count > ch_rd_left(&m->r)) {
        return fail(m, "a tuple is longer than the file, or stands where none may");
    }
    for (uint64_t i = 0; i < count && m->fault == NULL; i++) {
        struct object o = read_object(m, role);
        if (o.kind == KIND_TEXT) {
            gather(&g, o.text);
            continue;
        }
        tuple.texts = false;
        if (role == ROLE_NAME) {
            tuple = fail(m, "a name is no text");
        }
    }
    tuple.first = m->text_count;
    if (m->fault == NULL && tuple.texts) {
        keep_texts(m, &g);
    }
    free(g.items);
    return tuple;
}

static struct object read_ref(struct reader *m, enum role role)
{
    uint32_t index = ch_get_u32(&m->r);
    if (m->r.failed || index >= m->ref_count || !m->refs[index].done) {
        return fail(m, "a reference leads nowhere");
    }
    struct object o = m->refs[index];
    if (o.kind == KIND_TUPLE && role != o.role) {
        if (!o.texts) {
            return fail(m, "a tuple of constants is used for names");
        }
        m->objects += o.count; /* repeating is work */
        for (size_t i = 0; i < o.count && m->fault == NULL; i++) {
            struct object text = {.kind = KIND_TEXT, .text = m->texts[o.first + i]};
            emit(m, &text, role);
        }
    } else {
        emit(m, &o, role);
    }
    return o;
}

static void skip(struct reader *m, size_t len)
{
    CH_IGNORE(ch_get_bytes(&m->r, len) == NULL);
    if (m->r.failed) {
        CH_IGNORE(fail(m, "a number ends behind the file").done);
    }
}

/* "The number of digits", negative for negative numbers, of 15 bits each. */
static void skip_long(struct reader *m)
{
    int32_t digits = (int32_t)ch_get_u32(&m->r);
    uint64_t n = digits < 0 ? (uint64_t)(-(int64_t)digits) : (uint64_t)digits;
    skip(m, (size_t)(2 * n));
}

static void expect(struct reader *m, enum kind kind, enum role role)
{
    struct object o = read_object(m, role);
    if (m->fault == NULL && o.kind != kind) {
        CH_IGNORE(fail(m, "a part of a code object is of another type than it must be").done);
    }
}

static struct object read_code(struct reader *m)
{
    /* argcount, posonlyargcount (3.8), kwonlyargcount, nlocals (until 3.10), stacksize, flags */
    size_t ints = m->minor < 8 ? 5 : m->minor < 11 ? 6 : 5;
    skip(m, 4 * ints);
    expect(m, KIND_BYTES, ROLE_IGNORED); /* the code itself */
    expect(m, KIND_TUPLE, ROLE_CONSTANT);
    expect(m, KIND_TUPLE, ROLE_NAME);
    expect(m, KIND_TUPLE, ROLE_NAME); /* varnames, or localsplusnames */
    if (m->minor < 11) {
        expect(m, KIND_TUPLE, ROLE_NAME); /* freevars */
        expect(m, KIND_TUPLE, ROLE_NAME); /* cellvars */
    } else {
        expect(m, KIND_BYTES, ROLE_IGNORED); /* localspluskinds */
    }
    expect(m, KIND_TEXT, ROLE_IGNORED); /* the file's name where it was compiled */
    expect(m, KIND_TEXT, ROLE_NAME);
    if (m->minor >= 11) {
        expect(m, KIND_TEXT, ROLE_NAME); /* qualname */
    }
    skip(m, 4);                          /* first line */
    expect(m, KIND_BYTES, ROLE_IGNORED); /* lines */
    if (m->minor >= 11) {
        expect(m, KIND_BYTES, ROLE_IGNORED); /* exceptions */
    }
    return (struct object){.kind = KIND_CODE, .done = true};
}

static struct object other(void)
{
    return (struct object){.done = true};
}

static struct object read_number(struct reader *m, uint8_t type)
{
    switch (type) {
    case 'i':
        skip(m, 4);
        break;
    case 'g':
        skip(m, 8);
        break;
    case 'y':
        skip(m, 16);
        break;
    case 'l':
        skip_long(m);
        break;
    default: /* None, False, True, Ellipsis */
        break;
    }
    return other();
}

static struct object read_value(struct reader *m, uint8_t type, enum role role)
{
    switch (type) {
    case 'N':
    case 'F':
    case 'T':
    case '.':
    case 'i':
    case 'g':
    case 'y':
    case 'l':
        return read_number(m, type);
    case 's':
        return read_text(m, ch_get_u32(&m->r), KIND_BYTES, role);
    case 'u':
    case 't':
    case 'a':
    case 'A':
        return read_text(m, ch_get_u32(&m->r), KIND_TEXT, role);
    case 'z':
    case 'Z':
        return read_text(m, ch_get_u8(&m->r), KIND_TEXT, role);
    case ')':
        return read_tuple(m, ch_get_u8(&m->r), role);
    case '(':
        return read_tuple(m, ch_get_u32(&m->r), role);
    case '>':
        CH_IGNORE(read_tuple(m, ch_get_u32(&m->r), role).done);
        return other();
    case ':': /* a slice: start, stop, step */
        CH_IGNORE(read_tuple(m, 3, role).done);
        return other();
    case 'c':
        return role == ROLE_CONSTANT ? read_code(m) : fail(m, "code stands where none may");
    default:
        return fail(m, "it holds an object that no compiler writes");
    }
}

static struct object read_object(struct reader *m, enum role role)
{
    enum { FLAG_REF = 0x80 };
    uint8_t byte = ch_get_u8(&m->r);
    uint8_t type = byte & (FLAG_REF - 1);
    if (m->r.failed || m->fault != NULL) {
        return fail(m, "it ends before its end");
    }
    if (++m->objects > ch_limits.marshal_objects || m->depth >= ch_limits.marshal_depth) {
        return fail(m, "it has more objects, or deeper ones, than are read");
    }
    if (type == 'r') {
        return read_ref(m, role);
    }
    bool keep = (byte & FLAG_REF) != 0;
    size_t ref = keep ? reserve_ref(m) : 0;
    m->depth++;
    struct object o = read_value(m, type, role);
    m->depth--;
    if (keep && m->fault == NULL) {
        m->refs[ref] = o;
    }
    return o;
}

const char *marshal_read_code(struct ch_str bytes, unsigned minor, const struct marshal_sink *sink)
{
    struct reader m = {.r = ch_rd_of(bytes.ptr, bytes.len), .minor = minor, .sink = sink};
    struct object o = read_object(&m, ROLE_CONSTANT);
    if (m.fault == NULL && o.kind != KIND_CODE) {
        m.fault = "it is no code object";
    }
    if (m.fault == NULL && ch_rd_left(&m.r) > 0) {
        m.fault = "bytes follow its code";
    }
    free(m.refs);
    free(m.texts);
    return m.fault;
}
