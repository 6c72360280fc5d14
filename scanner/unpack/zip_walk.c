/* Local headers, data and descriptors: from byte 0, each where the one before ended. */
#include "scanner/unpack/zip_int.h"

static const struct ch_str whole = {NULL, 0};

/* What lies in a gap: a member that the central directory does not list, or other bytes. */
static void report_gap(struct ch_zip *z, uint64_t from, uint64_t to)
{
    struct ch_rd r = zip_rd(z, from);
    if (ch_get_u32(&r) == ZIP_SIG_LOCAL && to - from >= ZIP_LOCAL_BYTES) {
        struct ch_rd n = zip_rd(z, from + 26);
        uint16_t len = ch_get_u16(&n);
        struct ch_str name = ch_str_sub(z->bytes, (size_t)from + ZIP_LOCAL_BYTES, len);
        zip_report(z, CH_F_ZIP_MEMBER_HIDDEN, name,
                   "local header at byte %llu that the central directory does not list",
                   (unsigned long long)from);
        return;
    }
    zip_report(z, CH_F_ZIP_TRAILING, whole, "%llu bytes at byte %llu that belong to no member",
               (unsigned long long)(to - from), (unsigned long long)from);
}

struct local {
    uint16_t flags;
    uint16_t method;
    uint32_t crc32;
    struct zip_sizes sizes;
    struct ch_str name;
};

static bool read_local(struct ch_zip *z, struct ch_zip_member *m, struct local *ret)
{
    struct ch_rd r = ch_rd_of(z->bytes.ptr, (size_t)z->end.cd_at);
    r.at = (size_t)m->header_at;
    if (m->header_at > z->end.cd_at || ch_get_u32(&r) != ZIP_SIG_LOCAL) {
        zip_report(z, CH_F_ZIP_LFH_CD_DIFFER, m->name, "no local header at byte %llu",
                   (unsigned long long)m->header_at);
        return false;
    }
    CH_IGNORE(ch_get_u16(&r)); /* version needed */
    ret->flags = ch_get_u16(&r);
    ret->method = ch_get_u16(&r);
    CH_IGNORE(ch_get_u32(&r)); /* time, date */
    ret->crc32 = ch_get_u32(&r);
    ret->sizes.packed = ch_get_u32(&r);
    ret->sizes.size = ch_get_u32(&r);
    uint16_t name_len = ch_get_u16(&r);
    uint16_t extra_len = ch_get_u16(&r);
    const uint8_t *name = ch_get_bytes(&r, name_len);
    const uint8_t *extra = ch_get_bytes(&r, extra_len);
    if (r.failed) {
        zip_report(z, CH_F_ZIP_OVERLAP, m->name, "local header runs into the central directory");
        return false;
    }
    ret->name = (struct ch_str){(const char *)name, name_len};
    zip_extra_check(z, m->name, (struct ch_str){(const char *)extra, extra_len}, false,
                    &ret->sizes);
    m->data_at = r.at;
    return true;
}

static void report_differs(struct ch_zip *z, const struct ch_zip_member *m, const char *what,
                           uint64_t local, uint64_t central)
{
    if (local != central) {
        zip_report(z, CH_F_ZIP_LFH_CD_DIFFER, m->name,
                   "%s: %llu in the local header, %llu in the central directory", what,
                   (unsigned long long)local, (unsigned long long)central);
    }
}

static void compare(struct ch_zip *z, const struct ch_zip_member *m, const struct local *l)
{
    if (!ch_str_eq(l->name, m->name)) {
        zip_report(z, CH_F_ZIP_LFH_CD_DIFFER, m->name, "named \"%.*s\" in the local header",
                   CH_STR_ARG(l->name));
    }
    report_differs(z, m, "flags", l->flags, m->flags);
    report_differs(z, m, "method", l->method, m->method);
    /* With a descriptor the local header may say 0 (APPNOTE 4.4.4), but nothing else. */
    bool later = (l->flags & ZIP_FLAG_DESCRIPTOR) != 0;
    if (!later || l->crc32 != 0) {
        report_differs(z, m, "checksum", l->crc32, m->crc32);
    }
    if (!later || l->sizes.packed != 0) {
        report_differs(z, m, "packed size", l->sizes.packed, m->packed_bytes);
    }
    if (!later || l->sizes.size != 0) {
        report_differs(z, m, "size", l->sizes.size, m->size_bytes);
    }
}

/* The descriptor after the data: with signature, and saying what the directory says. Sizes are of 8
 * bytes exactly when the local header has a ZIP64 field (APPNOTE 4.3.9.2). */
static uint64_t check_descriptor(struct ch_zip *z, const struct ch_zip_member *m,
                                 const struct local *l, uint64_t at)
{
    struct ch_rd r = ch_rd_of(z->bytes.ptr, (size_t)z->end.cd_at);
    r.at = (size_t)at;
    bool wide = l->sizes.has_zip64;
    uint32_t sig = ch_get_u32(&r);
    uint32_t crc = ch_get_u32(&r);
    uint64_t packed = wide ? ch_get_u64(&r) : ch_get_u32(&r);
    uint64_t size = wide ? ch_get_u64(&r) : ch_get_u32(&r);
    if (r.failed || sig != ZIP_SIG_DESCRIPTOR || crc != m->crc32 || packed != m->packed_bytes ||
        size != m->size_bytes) {
        zip_report(z, CH_F_ZIP_LFH_CD_DIFFER, m->name,
                   "data descriptor at byte %llu is missing or says something else",
                   (unsigned long long)at);
        return at;
    }
    return r.at;
}

/* Returns where the member ends. */
static uint64_t walk_member(struct ch_zip *z, struct ch_zip_member *m, size_t *descriptors)
{
    struct local l = {0};
    if (!read_local(z, m, &l)) {
        m->readable = false;
        return m->header_at;
    }
    compare(z, m, &l);
    uint64_t end;
    if (__builtin_add_overflow(m->data_at, m->packed_bytes, &end) || end > z->end.cd_at) {
        m->readable = false;
        zip_report(z, CH_F_ZIP_OVERLAP, m->name, "its data reach into the central directory");
        return z->end.cd_at;
    }
    if ((m->flags & ZIP_FLAG_DESCRIPTOR) != 0) {
        (*descriptors)++;
        bool stored = m->method == ZIP_METHOD_STORED && m->packed_bytes > 0;
        if (!z->profile->descriptor || (stored && !z->profile->stored_descriptor)) {
            zip_report(z, CH_F_ZIP_METHOD, m->name, "sizes after %sdata", stored ? "stored " : "");
        }
        end = check_descriptor(z, m, &l, end);
    }
    return end;
}

void zip_walk(struct ch_zip *z)
{
    uint64_t at = 0;
    size_t descriptors = 0;
    for (size_t i = 0; i < z->count; i++) {
        struct ch_zip_member *m = &z->entries[i].m;
        uint64_t gap_end = m->header_at < z->end.cd_at ? m->header_at : z->end.cd_at;
        if (gap_end > at) {
            report_gap(z, at, gap_end);
        } else if (m->header_at < at) {
            m->readable = false;
            zip_report(z, CH_F_ZIP_OVERLAP, m->name,
                       "begins at byte %llu, inside the member before it, which ends at %llu",
                       (unsigned long long)m->header_at, (unsigned long long)at);
        }
        uint64_t end = walk_member(z, m, &descriptors);
        at = end > at ? end : at;
    }
    if (at < z->end.cd_at) {
        report_gap(z, at, z->end.cd_at);
    }
    if (descriptors > 0) {
        zip_report(z, CH_F_ZIP_DESCRIPTOR, whole, "%zu of %zu members", descriptors, z->count);
    }
}
