/* Member names and types: what every reader and file system takes for the same place. */
#include <stdlib.h>
#include <sys/stat.h>

#include "customhouse/limits.h"
#include "scanner/unpack/unicode.h"
#include "scanner/unpack/zip_int.h"

enum { SYSTEM_DOS = 0, SYSTEM_UNIX = 3, DOS_FOLDER = 0x10 };
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

static const char *char_fault(struct ch_str name, bool flagged_utf8)
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
    if (!flagged_utf8) {
        return "not ASCII and not marked as UTF-8: readers choose a code page";
    }
    if (!ch_str_is_utf8(name)) {
        return "invalid UTF-8";
    }
    return NULL;
}

/* Of valid UTF-8: a code point that file systems or readers may change, 0 when there is none. */
static uint32_t unstable_code(struct ch_str name)
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

/* NULL when the name is fine. */
static const char *name_fault(struct ch_str name, bool flagged_utf8)
{
    if (name.len == 0) {
        return "empty name";
    }
    if (name.ptr[0] == '/') {
        return "absolute path";
    }
    const char *fault = char_fault(name, flagged_utf8);
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

/* Only the trailing slash makes a folder for every reader; attributes that say otherwise are
 * refused. Links and devices are looked for whatever system wrote the attributes, since some
 * readers do. */
static void check_type(struct ch_zip *z, struct zip_entry *e)
{
    struct ch_zip_member *m = &e->m;
    uint32_t mode = e->external >> 16;
    bool slash = m->name.len > 0 && m->name.ptr[m->name.len - 1] == '/';
    bool says_folder = (e->system == SYSTEM_UNIX && S_ISDIR(mode)) ||
                       (e->system == SYSTEM_DOS && (e->external & DOS_FOLDER) != 0);
    m->type = slash ? CH_MEMBER_DIR : CH_MEMBER_FILE;
    if (says_folder && !slash) {
        zip_report(z, CH_F_ZIP_PATH, m->name, "a folder by its attributes, a file by its name");
    }
    if (slash && (m->size_bytes > 0 || m->crc32 != 0)) {
        m->readable = false;
        zip_report(z, CH_F_ZIP_PATH, m->name, "a folder with %llu bytes of content",
                   (unsigned long long)m->size_bytes);
    }
    if (S_ISLNK(mode)) {
        m->type = CH_MEMBER_SYMLINK;
        zip_report(z, CH_F_ZIP_SYMLINK, m->name, "symbolic link");
    } else if ((mode & S_IFMT) != 0 && !S_ISREG(mode) && !S_ISDIR(mode)) {
        m->type = CH_MEMBER_OTHER;
        zip_report(z, CH_F_ZIP_SYMLINK, m->name, "device, pipe or socket: mode 0%o", mode);
    }
}

void zip_name_check(struct ch_zip *z, struct zip_entry *e)
{
    struct ch_zip_member *m = &e->m;
    if (m->name.len > ch_limits.member_path_bytes) {
        zip_report(z, CH_F_LIMIT, m->name, "name of %zu bytes, at most %llu", m->name.len,
                   (unsigned long long)ch_limits.member_path_bytes);
    }
    const char *fault = name_fault(m->name, (m->flags & ZIP_FLAG_UTF8) != 0);
    if (fault != NULL) {
        zip_report(z, CH_F_ZIP_PATH, m->name, "%s", fault);
    } else if (unstable_code(m->name) != 0) {
        zip_report(z, CH_F_ZIP_NAME_UNICODE, m->name, "U+%04X", unstable_code(m->name));
    }
    check_type(z, e);
}

struct folded {
    struct ch_str key;
    const struct zip_entry *entry;
};

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

static int by_key(const void *a, const void *b)
{
    const struct folded *x = a;
    const struct folded *y = b;
    return ch_str_cmp(x->key, y->key);
}

/* The same place twice: equal keys, or a file that others have as their folder. */
static bool collide(const struct folded *a, const struct folded *b)
{
    if (ch_str_eq(a->key, b->key)) {
        return true;
    }
    return a->entry->m.type != CH_MEMBER_DIR && ch_str_starts(b->key, a->key) &&
           b->key.ptr[a->key.len] == 1;
}

void zip_name_duplicates(struct ch_zip *z)
{
    /* Folding lengthens a name by half at most (two bytes to three). */
    size_t room = 0;
    for (size_t i = 0; i < z->count; i++) {
        room += 2 * z->entries[i].m.name.len + 1;
    }
    struct ch_buf text;
    ch_buf_init(&text, room);
    CH_IGNORE(ch_buf_reserve(&text, room) == NULL); /* the keys point into it: it must not move */
    struct folded *names = ch_calloc(z->count + 1, sizeof(names[0]));
    for (size_t i = 0; i < z->count; i++) {
        size_t at = text.len;
        put_folded(&text, z->entries[i].m.name);
        struct ch_str key = ch_str_sub(ch_buf_str(&text), at, text.len);
        if (key.len > 0 && key.ptr[key.len - 1] == 1) {
            key.len--;
        }
        names[i] = (struct folded){.key = key, .entry = &z->entries[i]};
    }
    CH_ASSERT(!text.failed);
    qsort(names, z->count, sizeof(names[0]), by_key);
    for (size_t i = 1; i < z->count; i++) {
        if (collide(&names[i - 1], &names[i])) {
            zip_report(z, CH_F_ZIP_DUPLICATE, names[i].entry->m.name, "the same place as \"%.*s\"",
                       CH_STR_ARG(names[i - 1].entry->m.name));
        }
    }
    free(names);
    ch_buf_done(&text);
}
