#include <string.h>

#include "scanner/inventory/inventory.h"
#include "scanner/inventory/lines.h"

enum { MAGIC_BYTES = 14, HEAD_BYTES = 32, ALIGN = 16, FRAME_BYTES = 16 };
enum { FLAG_BIG_ENDIAN = 1, FLAG_INLINE = 2 }; /* of which the second: both texts follow the head */

struct reading {
    ch_package_fn *fn;
    void *arg;
    struct ch_package p; /* the last module, which the next line may replace; no name: none */
};

/* What a linker leaves states its machine's size of a pointer and nothing but these flags. A
 * program that looks for records has the text by which they begin too, as this one does, and at
 * whatever place its own linker chose. */
static bool is_head(const char *p)
{
    uint8_t pointer = (uint8_t)p[MAGIC_BYTES];
    uint8_t flags = (uint8_t)p[MAGIC_BYTES + 1];
    return (pointer == 4 || pointer == 8) && (flags & ~(FLAG_BIG_ENDIAN | FLAG_INLINE)) == 0;
}

/* The next one from `from` on. */
static bool find_record(struct ch_str program, size_t from, size_t *ret)
{
    static const char magic[] = "\xff Go buildinf:";
    for (size_t at = from; at + HEAD_BYTES <= program.len;) {
        const char *p = memmem(program.ptr + at, program.len - at, magic, MAGIC_BYTES);
        if (p == NULL) {
            return false;
        }
        at = (size_t)(p - program.ptr);
        if (at % ALIGN == 0 && at + HEAD_BYTES <= program.len && is_head(p)) {
            *ret = at;
            return true;
        }
        at++;
    }
    return false;
}

/* A length in base 128 (encoding/binary), and as many bytes. */
static bool get_text(struct ch_str *rest, struct ch_str *ret)
{
    uint64_t len = 0;
    for (unsigned i = 0; i < 9 && i < rest->len; i++) {
        uint8_t byte = (uint8_t)rest->ptr[i];
        len |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *rest = ch_str_sub(*rest, i + 1, rest->len);
            if (len > rest->len) {
                return false;
            }
            *ret = ch_str_sub(*rest, 0, (size_t)len);
            *rest = ch_str_sub(*rest, (size_t)len, rest->len);
            return true;
        }
    }
    return false;
}

static void tell(struct reading *r)
{
    if (r->p.name.ptr != NULL && !ch_str_eq(r->p.version, CH_STR("(devel)"))) {
        r->fn(r->arg, &r->p);
    }
    r->p.name = (struct ch_str){NULL, 0};
}

/* "path\tversion[\tsum]"; a folder that replaces a module has no version. */
static bool read_module(struct reading *r, struct ch_str rest, size_t line, bool replaces)
{
    struct ch_str name;
    struct ch_str version = {NULL, 0};
    if (!ch_str_split(&rest, '\t', &name) || !ch_is_word(name)) {
        return false;
    }
    CH_IGNORE(ch_str_split(&rest, '\t', &version));
    if (replaces && version.len == 0) {
        version = CH_STR("(devel)");
    }
    if (!ch_is_word(version) || (replaces && r->p.name.ptr == NULL)) {
        return false;
    }
    if (!replaces) {
        tell(r);
    }
    r->p =
        (struct ch_package){.kind = CH_PACKAGE_GO, .name = name, .version = version, .line = line};
    return true;
}

static enum ch_code read_lines(struct reading *r, struct ch_str text, struct ch_err *err)
{
    struct ch_lines lines = {.rest = text};
    while (ch_lines_next(&lines)) {
        struct ch_str rest = lines.line;
        struct ch_str word;
        bool good = ch_str_split(&rest, '\t', &word);
        bool replaces = good && ch_str_eq(word, CH_STR("=>"));
        if (replaces || ch_str_eq(word, CH_STR("mod")) || ch_str_eq(word, CH_STR("dep"))) {
            good = read_module(r, rest, lines.number, replaces);
        }
        if (!good) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: expected a module and its version",
                           lines.number);
        }
    }
    tell(r);
    return CH_OK;
}

/* "go1.22.3", "go1.22.3 X:experiment", "devel go1.23-..."; the last is no version. */
static void tell_library(struct reading *r, struct ch_str version)
{
    struct ch_str number = {NULL, 0};
    if (ch_str_starts(version, CH_STR("go"))) {
        struct ch_str rest = ch_str_sub(version, 2, version.len);
        CH_IGNORE(ch_str_split(&rest, ' ', &number));
    }
    if (ch_is_word(number)) {
        r->fn(r->arg, &(struct ch_package){
                          .kind = CH_PACKAGE_GO, .name = CH_STR("stdlib"), .version = number});
    }
}

static enum ch_code read_record(struct reading *r, struct ch_str program, size_t at,
                                struct ch_err *err)
{
    struct ch_str version;
    struct ch_str modules;
    if ((program.ptr[at + MAGIC_BYTES + 1] & FLAG_INLINE) == 0) {
        return ch_fail(err, CH_E_UNSUPPORTED, "a record of a Go build of before 1.18");
    }
    struct ch_str rest = ch_str_sub(program, at + HEAD_BYTES, program.len);
    if (!get_text(&rest, &version) || !get_text(&rest, &modules) ||
        (modules.len > 0 && modules.len < 2 * FRAME_BYTES + 1)) {
        return ch_fail(err, CH_E_FORMAT, "byte %zu: a record of a Go build that is cut short", at);
    }
    tell_library(r, version);
    if (modules.len == 0) { /* built without modules */
        return CH_OK;
    }
    return read_lines(r, ch_str_sub(modules, FRAME_BYTES, modules.len - (2 * FRAME_BYTES)), err);
}

enum ch_code ch_inventory_go(struct ch_str program, ch_package_fn *fn, void *arg,
                             struct ch_err *err)
{
    struct reading r = {.fn = fn, .arg = arg};
    struct ch_err first = {.code = CH_OK};
    size_t at = 0;
    bool read = false;
    for (size_t from = 0; find_record(program, from, &at); from = at + ALIGN) {
        struct ch_err one;
        if (read_record(&r, program, at, &one) == CH_OK) {
            read = true;
        } else if (first.code == CH_OK) {
            first = one;
        }
        r.p.name = (struct ch_str){NULL, 0};
    }
    if (read) {
        return CH_OK;
    }
    if (first.code == CH_OK) {
        return ch_fail(err, CH_E_NOT_FOUND, "it has no record of a Go build");
    }
    *err = first;
    return err->code;
}
