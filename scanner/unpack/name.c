#include "scanner/unpack/name.h"

#include <stdlib.h>

#include "scanner/unpack/unicode.h"

enum { SHARP_S = 0xdf, CAPITAL_SHARP_S = 0x1e9e };

/* One code point of valid UTF-8. */
static uint32_t take_code(struct ch_str *s)
{
    uint8_t lead = (uint8_t)s->ptr[0];
    size_t more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    uint32_t code = more == 0 ? lead : lead & (0x3fu >> more);
    for (size_t i = 1; i <= more && i < s->len; i++) {
        code = code << 6 | ((uint8_t)s->ptr[i] & 0x3fu);
    }
    *s = ch_str_sub(*s, more + 1, s->len);
    return code;
}

static const char *char_fault(struct ch_str name, bool ascii_only)
{
    bool ascii = true;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = (uint8_t)name.ptr[i];
        ascii = ascii && c < 0x80;
        if (c < 0x20 || c == 0x7f) {
            return "control byte";
        }
        if (c == '\\') {
            return "backslash";
        }
    }
    if (ascii) {
        return NULL;
    }
    if (ascii_only) {
        return "not ASCII and not marked as UTF-8: readers choose a code page";
    }
    if (!ch_str_is_utf8(name)) {
        return "invalid UTF-8";
    }
    /* Installers keep lists of names by line: what follows would be a name of its own, such as an
     * absolute path that is deleted with the package. */
    if (ch_name_ends_line(name)) {
        return "a character that ends a line for some readers";
    }
    return NULL;
}

bool ch_name_ends_line(struct ch_str text)
{
    enum { NEXT_LINE = 0x85, LINE_SEPARATOR = 0x2028, PARAGRAPH_SEPARATOR = 0x2029 };
    while (text.len > 0) {
        uint32_t code = take_code(&text);
        if (code == NEXT_LINE || code == LINE_SEPARATOR || code == PARAGRAPH_SEPARATOR) {
            return true;
        }
    }
    return false;
}

uint32_t ch_name_unstable(struct ch_str name)
{
    while (name.len > 0) {
        uint32_t code = take_code(&name);
        if (zip_unicode_unstable(code)) {
            return code;
        }
    }
    return 0;
}

static const char *part_fault(struct ch_str part)
{
    if (part.len == 0) {
        return "empty path component";
    }
    if (ch_str_eq(part, CH_STR(".")) || ch_str_eq(part, CH_STR(".."))) {
        return "relative path component";
    }
    char last = part.ptr[part.len - 1];
    if (last == '.' || last == ' ') {
        return "path component ending in a dot or blank, which some file systems drop";
    }
    return NULL;
}

const char *ch_name_fault(struct ch_str name, bool ascii_only)
{
    if (name.len == 0) {
        return "empty name";
    }
    if (name.ptr[0] == '/') {
        return "absolute path";
    }
    const char *fault = char_fault(name, ascii_only);
    if (fault != NULL) {
        return fault;
    }
    /* A drive ("c:x") or a stream of a file ("x:y") where file systems have them. */
    if (ch_str_find_char(name, ':', NULL)) {
        return "colon, which names a drive or a stream";
    }
    struct ch_str rest = name;
    if (name.ptr[name.len - 1] == '/') {
        rest.len--;
    }
    struct ch_str part;
    while (fault == NULL && ch_str_split(&rest, '/', &part)) {
        fault = part_fault(part);
    }
    return fault;
}

struct folded {
    size_t at; /* of its key in the text */
    size_t len;
    size_t id;
    bool folder;
};

struct ch_names {
    struct ch_buf text;
    struct folded *all;
    size_t count;
    size_t cap;
};

struct ch_names *ch_names_new(size_t max_bytes)
{
    struct ch_names *n = ch_calloc(1, sizeof(*n));
    ch_buf_init(&n->text, max_bytes);
    return n;
}

void ch_names_free(struct ch_names *n)
{
    if (n != NULL) {
        ch_buf_done(&n->text);
        free(n->all);
        free(n);
    }
}

static void put_code(struct ch_buf *b, uint32_t code)
{
    if (code < 0x80) {
        ch_buf_putc(b, (char)code);
        return;
    }
    int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    ch_buf_putc(b, (char)(lead[more] | code >> (6 * more)));
    while (more-- > 0) {
        ch_buf_putc(b, (char)(0x80 | (code >> (6 * more) & 0x3f)));
    }
}

/* Case folded; either separator becomes byte 1, which sorts a folder's members right behind it. */
static void put_folded(struct ch_buf *b, struct ch_str name)
{
    bool utf8 = ch_str_is_utf8(name);
    while (name.len > 0) {
        uint32_t code = (uint8_t)name.ptr[0];
        if (utf8) {
            code = take_code(&name);
        } else {
            name = ch_str_sub(name, 1, name.len);
        }
        if (code == SHARP_S || code == CAPITAL_SHARP_S) {
            ch_buf_puts(b, CH_STR("ss"));
        } else {
            put_code(b, code == '/' || code == '\\' ? 1 : zip_unicode_fold(code));
        }
    }
}

bool ch_names_add(struct ch_names *n, struct ch_str name, bool folder, size_t id)
{
    enum { GROW_FROM = 64 };
    struct folded f = {.at = n->text.len, .id = id, .folder = folder};
    put_folded(&n->text, name);
    if (n->text.failed) {
        n->text.failed = false;
        n->text.len = f.at;
        return false;
    }
    f.len = n->text.len - f.at;
    if (f.len > 0 && n->text.ptr[n->text.len - 1] == 1) {
        f.len--;
    }
    if (n->count == n->cap) {
        n->cap = n->cap == 0 ? GROW_FROM : 2 * n->cap;
        n->all = ch_realloc_array(n->all, n->cap, sizeof(n->all[0]));
    }
    n->all[n->count++] = f;
    return true;
}

static struct ch_str key_of(const struct ch_names *n, const struct folded *f)
{
    return ch_str_sub(ch_buf_str(&n->text), f->at, f->len);
}

static int by_key(const void *a, const void *b, void *arg)
{
    const struct folded *x = a;
    const struct folded *y = b;
    int c = ch_str_cmp(key_of(arg, x), key_of(arg, y));
    return c != 0 ? c : x->id < y->id ? -1 : x->id > y->id;
}

/* The same place twice: equal keys, or something without members that others have as their folder.
 */
static bool collide(const struct ch_names *n, const struct folded *a, const struct folded *b)
{
    struct ch_str x = key_of(n, a);
    struct ch_str y = key_of(n, b);
    return ch_str_eq(x, y) || (!a->folder && ch_str_starts(y, x) && y.ptr[x.len] == 1);
}

void ch_names_collisions(struct ch_names *n, ch_names_fn *found, void *arg)
{
    if (n->count == 0) {
        return; /* nor is there an array to sort */
    }
    qsort_r(n->all, n->count, sizeof(n->all[0]), by_key, n);
    for (size_t i = 1; i < n->count; i++) {
        if (collide(n, &n->all[i - 1], &n->all[i])) {
            found(arg, n->all[i].id, n->all[i - 1].id);
        }
    }
}
