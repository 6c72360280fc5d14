/* The central directory and the extra fields that both kinds of header carry. */
#include <stdlib.h>

#include <libdeflate.h>

#include "customhouse/limits.h"
#include "scanner/unpack/zip_int.h"

enum {
    EXTRA_ZIP64 = 0x0001,
    EXTRA_UNICODE_PATH = 0x7075,
};

/* Fields that change a member's type or content for readers that know them. Info-ZIP's unzip 6.0 makes
 * a link of what ASi Unix calls one where the directory states no mode; libarchive 3.6 takes the mode
 * of 0x6c78, and with it the type, for the member's own. No installer of Python packages knows either, but
 * wheels and sdists are unpacked by those two as well. */
static const struct {
    uint16_t id;
    enum ch_finding_code code;
    const char *what;
} refused_extra[] = {
    {0x000d, CH_F_ZIP_EXTRA_TYPE, "PKWARE Unix (link target)"},
    {0x0017, CH_F_ZIP_EXTRA, "strong encryption"},
    {0x6c78, CH_F_ZIP_EXTRA_TYPE, "Info-ZIP experimental (external attributes in the local header)"},
    {0x756e, CH_F_ZIP_EXTRA_TYPE, "ASi Unix (type and link target)"},
    {0x9901, CH_F_ZIP_EXTRA, "AES encryption"},
};

/* Info-ZIP Unicode path: version 1, CRC of the header's name, the name again in UTF-8. Readers that
 * know it (Python's since 3.12) use it instead of the header's, so only the same name will do. */
static void check_unicode_path(struct ch_zip *z, struct ch_str name, struct ch_str value)
{
    struct ch_rd r = ch_rd_of(value.ptr, value.len);
    uint8_t version = ch_get_u8(&r);
    uint32_t crc = ch_get_u32(&r);
    struct ch_str second = ch_str_sub(value, r.at, value.len);
    if (r.failed || version != 1 || crc != libdeflate_crc32(0, name.ptr, name.len) ||
        !ch_str_eq(second, name)) {
        zip_report(z, CH_F_ZIP_PATH, name, "Unicode path field names \"%.*s\"", CH_STR_ARG(second));
    }
}

/* APPNOTE 4.5.3: "the fields MUST only appear if the corresponding Local or Central directory
 * record field is set to 0xFFFF or 0xFFFFFFFF", in this order; in a local header both sizes or
 * none. Tolerated, since no reader takes it for anything else: an empty field, and in local headers
 * both sizes repeated where the header states them too (some build tools reserve the room
 * beforehand). */
static void read_zip64(struct ch_zip *z, struct ch_str name, struct ch_str value, bool central,
                       struct zip_sizes *sizes)
{
    bool size = sizes->size == UINT32_MAX;
    bool packed = sizes->packed == UINT32_MAX;
    bool at = sizes->header_at == UINT32_MAX; /* of a local header: 0 */
    size_t wanted = 8 * ((size_t)size + packed + at);
    if (value.len == 0 && wanted == 0) {
        return;
    }
    struct ch_rd r = ch_rd_of(value.ptr, value.len);
    if (!central && !size && !packed && value.len == 16 && ch_get_u64(&r) == sizes->size &&
        ch_get_u64(&r) == sizes->packed) {
        sizes->has_zip64 = true;
        return;
    }
    r.at = 0;
    /* The disk number is the only field of four bytes: it may follow all three, and must be 0. */
    bool fits = value.len == wanted || (wanted == 24 && value.len == 28);
    if (!fits || (!central && size != packed)) {
        zip_report(z, CH_F_ZIP_ZIP64, name, "ZIP64 field of %zu bytes in the %s, %zu are needed",
                   value.len, central ? "central directory" : "local header", wanted);
    }
    sizes->has_zip64 = true;
    sizes->size = size ? ch_get_u64(&r) : sizes->size;
    sizes->packed = packed ? ch_get_u64(&r) : sizes->packed;
    sizes->header_at = at ? ch_get_u64(&r) : sizes->header_at;
    if (value.len == 28 && ch_get_u32(&r) != 0) {
        zip_report(z, CH_F_ZIP_ZIP64, name, "ZIP64 field names another disk");
    }
}

static void check_one(struct ch_zip *z, struct ch_str name, uint16_t id, struct ch_str value,
                      bool central, struct zip_sizes *sizes)
{
    if (id == EXTRA_ZIP64) {
        read_zip64(z, name, value, central, sizes);
    } else if (id == EXTRA_UNICODE_PATH) {
        check_unicode_path(z, name, value);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(refused_extra); i++) {
        if (refused_extra[i].id == id) {
            zip_report(z, refused_extra[i].code, name, "extra field 0x%04x: %s", id,
                       refused_extra[i].what);
        }
    }
}

void zip_extra_check(struct ch_zip *z, struct ch_str name, struct ch_str extra, bool central,
                     struct zip_sizes *sizes)
{
    struct ch_rd r = ch_rd_of(extra.ptr, extra.len);
    bool zip64 = false;
    bool path = false;
    while (ch_rd_left(&r) > 0) {
        uint16_t id = ch_get_u16(&r);
        uint16_t len = ch_get_u16(&r);
        const uint8_t *p = ch_get_bytes(&r, len);
        if (p == NULL) {
            break;
        }
        bool *seen = id == EXTRA_ZIP64 ? &zip64 : id == EXTRA_UNICODE_PATH ? &path : NULL;
        if (seen != NULL && *seen) {
            zip_report(z, id == EXTRA_ZIP64 ? CH_F_ZIP_ZIP64 : CH_F_ZIP_PATH, name,
                       "extra field 0x%04x twice", id);
            continue;
        }
        if (seen != NULL) {
            *seen = true;
        }
        check_one(z, name, id, (struct ch_str){(const char *)p, len}, central, sizes);
    }
    if (r.failed) {
        zip_report(z, CH_F_ZIP_EXTRA, name, "extra fields of the %s do not fill their %zu bytes",
                   central ? "central directory" : "local header", extra.len);
    }
    if (!zip64 && (sizes->size == UINT32_MAX || sizes->packed == UINT32_MAX ||
                   sizes->header_at == UINT32_MAX)) {
        zip_report(z, CH_F_ZIP_ZIP64, name, "a size or offset of 0xffffffff without ZIP64 field");
    }
}

/* Bits 1 and 2 tune deflate, 3 announces a descriptor, 11 says UTF-8. The others encrypt, patch or
 * mean nothing: readers disagree about them. */
static void check_method(struct ch_zip *z, struct zip_entry *e)
{
    enum { KNOWN_FLAGS = 1 << 1 | 1 << 2 | ZIP_FLAG_DESCRIPTOR | ZIP_FLAG_UTF8 };
    struct ch_zip_member *m = &e->m;
    bool known =
        m->method == ZIP_METHOD_STORED || (m->method == ZIP_METHOD_DEFLATE && z->profile->deflate);
    if (!known || (m->flags & ~KNOWN_FLAGS) != 0) {
        m->readable = false;
        zip_report(z, CH_F_ZIP_METHOD, m->name, "method %u, flags 0x%04x", m->method, m->flags);
    }
    if (m->method == ZIP_METHOD_STORED && m->packed_bytes != m->size_bytes) {
        m->readable = false;
        zip_report(z, CH_F_ZIP_SIZE, m->name, "stored, but %llu bytes packed and %llu unpacked",
                   (unsigned long long)m->packed_bytes, (unsigned long long)m->size_bytes);
    }
}

static bool read_entry(struct ch_zip *z, struct ch_rd *r, struct zip_entry *e)
{
    uint32_t sig = ch_get_u32(r);
    CH_IGNORE(ch_get_u8(r)); /* version made by, lower byte */
    e->system = ch_get_u8(r);
    CH_IGNORE(ch_get_u16(r)); /* version needed */
    e->m.flags = ch_get_u16(r);
    e->m.method = ch_get_u16(r);
    CH_IGNORE(ch_get_u32(r)); /* time, date */
    e->m.crc32 = ch_get_u32(r);
    struct zip_sizes sizes = {.packed = ch_get_u32(r)};
    sizes.size = ch_get_u32(r);
    uint16_t name_len = ch_get_u16(r);
    uint16_t extra_len = ch_get_u16(r);
    uint16_t comment_len = ch_get_u16(r);
    uint16_t disk = ch_get_u16(r);
    CH_IGNORE(ch_get_u16(r)); /* internal attributes */
    e->external = ch_get_u32(r);
    sizes.header_at = ch_get_u32(r);
    const uint8_t *name = ch_get_bytes(r, name_len);
    const uint8_t *extra = ch_get_bytes(r, extra_len);
    CH_IGNORE(ch_get_bytes(r, comment_len) == NULL);
    if (r->failed || sig != ZIP_SIG_CENTRAL) {
        return false;
    }
    e->m.name = (struct ch_str){(const char *)name, name_len};
    e->m.readable = true;
    if (comment_len > 0) {
        zip_report(z, CH_F_ZIP_COMMENT, e->m.name, "comment of %u bytes", comment_len);
    }
    if (disk != 0) {
        zip_report(z, CH_F_ZIP_UNREADABLE, e->m.name, "lies on disk %u", disk);
    }
    zip_extra_check(z, e->m.name, (struct ch_str){(const char *)extra, extra_len}, true, &sizes);
    e->m.size_bytes = sizes.size;
    e->m.packed_bytes = sizes.packed;
    e->m.header_at = sizes.header_at;
    check_method(z, e);
    zip_name_check(z, e);
    return true;
}

static int by_offset(const void *a, const void *b)
{
    const struct zip_entry *x = a;
    const struct zip_entry *y = b;
    if (x->m.header_at != y->m.header_at) {
        return x->m.header_at < y->m.header_at ? -1 : 1;
    }
    return ch_str_cmp(x->m.name, y->m.name);
}

bool zip_central_read(struct ch_zip *z)
{
    struct ch_rd r = ch_rd_of(z->bytes.ptr, (size_t)(z->end.cd_at + z->end.cd_bytes));
    r.at = (size_t)z->end.cd_at;
    /* A member needs 46 bytes at least, so the count is backed by bytes of the file. */
    uint64_t possible = z->end.cd_bytes / ZIP_CENTRAL_BYTES;
    uint64_t count = z->end.count < possible ? z->end.count : possible;
    z->entries = ch_calloc((size_t)count + 1, sizeof(z->entries[0]));
    while (z->count < count) {
        size_t at = r.at;
        if (!read_entry(z, &r, &z->entries[z->count])) {
            zip_report(z, CH_F_ZIP_UNREADABLE, (struct ch_str){NULL, 0},
                       "no central directory header at byte %zu, member %zu of %llu", at,
                       z->count + 1, (unsigned long long)z->end.count);
            return false;
        }
        z->count++;
    }
    if (z->count != z->end.count || ch_rd_left(&r) > 0) {
        zip_report(z, CH_F_ZIP_MEMBER_HIDDEN, (struct ch_str){NULL, 0},
                   "the end record counts %llu members, its directory has room for %s",
                   (unsigned long long)z->end.count, ch_rd_left(&r) > 0 ? "more" : "fewer");
        return false;
    }
    qsort(z->entries, z->count, sizeof(z->entries[0]), by_offset);
    return true;
}
