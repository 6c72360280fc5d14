/* Archives behind something else. zipimport, zipfile and runpy find a zip by its end record,
 * whatever stands before it, and whatever follows it within the length that a comment may have:
 * they do not ask what length is stated. Programs carry archives so on purpose (installers).
 *
 * Spec: APPNOTE.TXT 4.3.12 to 4.3.16; CPython's zipimport._read_directory and zipfile._EndRecData.
 */
#include "customhouse/limits.h"
#include "scanner/content/content_int.h"
#include "scanner/content/path.h"

enum {
    END_BYTES = 22,
    COMMENT_MAX = 65535,
    LOCATOR_BYTES = 20,
    END64_BYTES = 56,
};

struct appended {
    struct ch_str bytes;
    struct ch_str directory;
    uint64_t members; /* 0: there is none */
};

/* Whether a directory of `len` bytes ends at `end`. */
static bool has_directory(struct appended *a, size_t end, uint64_t len, uint64_t members)
{
    if (members == 0 || len > end) {
        return false;
    }
    a->directory = ch_str_sub(a->bytes, end - (size_t)len, (size_t)len);
    a->members = ch_str_starts(a->directory, CH_STR("PK\1\2")) ? members : 0;
    return a->members > 0;
}

/* The directory right before the end record at `at`, or before that of ZIP64, which only newer
 * readers ask. */
static bool read_end(struct appended *a, size_t at)
{
    enum { COUNT_AT = 10, COUNT64_AT = 32 };
    struct ch_rd r = ch_rd_of(a->bytes.ptr, a->bytes.len);
    r.at = at + COUNT_AT;
    uint16_t members = ch_get_u16(&r);
    uint32_t len = ch_get_u32(&r);
    if (has_directory(a, at, len, members)) {
        return true;
    }
    if (at < LOCATOR_BYTES + END64_BYTES ||
        !ch_str_starts(ch_str_sub(a->bytes, at - LOCATOR_BYTES, 4), CH_STR("PK\6\7"))) {
        return false;
    }
    at -= LOCATOR_BYTES + END64_BYTES;
    r.at = at + COUNT64_AT;
    uint64_t members64 = ch_get_u64(&r);
    uint64_t len64 = ch_get_u64(&r);
    return ch_str_starts(ch_str_sub(a->bytes, at, 4), CH_STR("PK\6\6")) &&
           has_directory(a, at, len64, members64);
}

/* Texts and pictures: what documents are made of. */
static bool is_part_of_document(struct ch_str name)
{
    enum name_kind kind = name_kind_of(name);
    bool code = path_has_extension(name, "py") || path_has_extension(name, "pyw");
    return !code &&
           (kind == NAME_TEXT || kind == NAME_MEDIA || ch_str_ends(name, CH_STR("/")) ||
            path_has_extension(name, "rels") || ch_str_starts(path_base(name), CH_STR(".")));
}

/* Documents of older formats carry those of newer ones somewhere before their end: nobody imports
 * from them. */
static bool is_document(const struct appended *a)
{
    enum { NAME_LENGTH_AT = 28, NAME_AT = 46 };
    struct ch_str rest = a->directory;
    while (ch_str_starts(rest, CH_STR("PK\1\2"))) {
        struct ch_rd r = ch_rd_of(rest.ptr, rest.len);
        r.at = NAME_LENGTH_AT;
        size_t name = ch_get_u16(&r);
        size_t extra = ch_get_u16(&r);
        size_t comment = ch_get_u16(&r);
        if (r.failed || !is_part_of_document(ch_str_sub(rest, NAME_AT, name))) {
            return false;
        }
        rest = ch_str_sub(rest, NAME_AT + name + extra + comment, rest.len);
    }
    return rest.len == 0;
}

void content_appended(struct ch_content *c, const struct seen *s)
{
    struct appended a = {.bytes = s->bytes};
    if (s->type == TYPE_NATIVE || s->type == TYPE_ZIP || s->bytes.len < s->size_bytes ||
        s->bytes.len < END_BYTES) {
        return;
    }
    size_t last = s->bytes.len - END_BYTES;
    size_t at = last > COMMENT_MAX ? last - COMMENT_MAX : 0;
    size_t step;
    bool found = false;
    while (!found && at <= last &&
           ch_str_find(ch_str_sub(s->bytes, at, s->bytes.len), CH_STR("PK\5\6"), &step)) {
        at += step + 1;
        found = at - 1 <= last && read_end(&a, at - 1) && (at - 1 == last || !is_document(&a));
    }
    if (found) {
        content_report(c, CH_F_NESTED_APPENDED, s, "a zip of %llu members behind %s",
                       (unsigned long long)a.members, content_type_name(s->type));
    }
}
