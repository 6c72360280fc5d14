/* The end of central directory record, its ZIP64 form and the locator between them. */
#include "customhouse/limits.h"
#include "scanner/unpack/zip_int.h"

static const struct ch_str whole = {NULL, 0};

struct end_record {
    uint16_t disk;
    uint16_t cd_disk;
    uint16_t count_here;
    uint16_t count;
    uint32_t cd_bytes;
    uint32_t cd_at;
    uint16_t comment_len;
};

/* Where readers would find the end record: the last signature within reach of a comment. */
static bool find_end(const struct ch_zip *z, uint64_t *ret_at)
{
    if (z->bytes.len < ZIP_END_BYTES) {
        return false;
    }
    uint64_t last = z->bytes.len - ZIP_END_BYTES;
    uint64_t first = last > UINT16_MAX ? last - UINT16_MAX : 0;
    for (uint64_t at = last + 1; at-- > first;) {
        struct ch_rd r = zip_rd(z, at);
        if (ch_get_u32(&r) == ZIP_SIG_END) {
            *ret_at = at;
            return true;
        }
    }
    return false;
}

static struct end_record get_end(struct ch_rd *r)
{
    struct end_record e;
    CH_IGNORE(ch_get_u32(r));
    e.disk = ch_get_u16(r);
    e.cd_disk = ch_get_u16(r);
    e.count_here = ch_get_u16(r);
    e.count = ch_get_u16(r);
    e.cd_bytes = ch_get_u32(r);
    e.cd_at = ch_get_u32(r);
    e.comment_len = ch_get_u16(r);
    return e;
}

/* The record must end the file; a comment is another place to hide things in. */
static void check_tail(struct ch_zip *z, uint64_t at, const struct end_record *e)
{
    uint64_t after = z->bytes.len - at - ZIP_END_BYTES;
    if (after != e->comment_len) {
        zip_report(z, CH_F_ZIP_TRAILING, whole,
                   "%llu bytes after the end record, which states a comment of %u",
                   (unsigned long long)after, e->comment_len);
    } else if (after > 0) {
        zip_report(z, CH_F_ZIP_COMMENT, whole, "archive comment of %u bytes", e->comment_len);
    }
}

static bool end_differs(uint64_t value, uint64_t saturated, uint64_t value64)
{
    return value != saturated && value != value64;
}

/* APPNOTE 4.3.14: the ZIP64 end record. Fixed size: extensible data would be room for more. */
static bool read_end64(struct ch_zip *z, uint64_t at, const struct end_record *e)
{
    struct ch_rd r = zip_rd(z, at);
    uint32_t sig = ch_get_u32(&r);
    uint64_t size = ch_get_u64(&r);
    CH_IGNORE(ch_get_u32(&r)); /* version made by, version needed */
    uint32_t disk = ch_get_u32(&r);
    uint32_t cd_disk = ch_get_u32(&r);
    uint64_t here = ch_get_u64(&r);
    z->end.count = ch_get_u64(&r);
    z->end.cd_bytes = ch_get_u64(&r);
    z->end.cd_at = ch_get_u64(&r);
    if (r.failed || sig != ZIP_SIG_END64) {
        zip_report(z, CH_F_ZIP_UNREADABLE, whole, "no ZIP64 end record at byte %llu",
                   (unsigned long long)at);
        return false;
    }
    if (size != ZIP_END64_BYTES - 12 || disk != 0 || cd_disk != 0 || here != z->end.count) {
        zip_report(
            z, CH_F_ZIP_ZIP64, whole,
            "ZIP64 end record of size %llu (44 expected), disks %u and %u, %llu of %llu members",
            (unsigned long long)size, disk, cd_disk, (unsigned long long)here,
            (unsigned long long)z->end.count);
    }
    bool needed = e->count == UINT16_MAX || e->cd_bytes == UINT32_MAX || e->cd_at == UINT32_MAX;
    if (!needed || end_differs(e->count, UINT16_MAX, z->end.count) ||
        end_differs(e->cd_bytes, UINT32_MAX, z->end.cd_bytes) ||
        end_differs(e->cd_at, UINT32_MAX, z->end.cd_at)) {
        zip_report(z, CH_F_ZIP_ZIP64, whole,
                   "ZIP64 end record with %llu members beside an end record with %u",
                   (unsigned long long)z->end.count, e->count);
    }
    return true;
}

/* False when there is a locator that leads nowhere. */
static bool read_zip64(struct ch_zip *z, uint64_t end_at, const struct end_record *e)
{
    if (end_at < ZIP_LOCATOR_BYTES) {
        return true;
    }
    uint64_t at = end_at - ZIP_LOCATOR_BYTES;
    struct ch_rd r = zip_rd(z, at);
    if (ch_get_u32(&r) != ZIP_SIG_LOCATOR) {
        return true;
    }
    uint32_t disk = ch_get_u32(&r);
    uint64_t end64_at = ch_get_u64(&r);
    uint32_t disks = ch_get_u32(&r);
    uint64_t expected = at < ZIP_END64_BYTES ? 0 : at - ZIP_END64_BYTES;
    if (disk != 0 || disks != 1 || end64_at != expected) {
        zip_report(z, CH_F_ZIP_ZIP64, whole,
                   "ZIP64 locator points at byte %llu (%llu expected), disk %u of %u",
                   (unsigned long long)end64_at, (unsigned long long)expected, disk, disks);
        if (end64_at != expected) {
            return false;
        }
    }
    z->end.at = end64_at;
    return read_end64(z, end64_at, e);
}

/* The central directory must lie right before the end records, at the offset stated. */
static bool check_place(struct ch_zip *z)
{
    const struct zip_end *e = &z->end;
    uint64_t cd_end;
    if (__builtin_add_overflow(e->cd_at, e->cd_bytes, &cd_end) || cd_end > e->at) {
        zip_report(z, CH_F_ZIP_UNREADABLE, whole,
                   "central directory of %llu bytes at byte %llu, but the end record is at %llu",
                   (unsigned long long)e->cd_bytes, (unsigned long long)e->cd_at,
                   (unsigned long long)e->at);
        return false;
    }
    if (cd_end == e->at) {
        return true;
    }
    struct ch_rd r = zip_rd(z, e->at - e->cd_bytes);
    bool shifted = ch_get_u32(&r) == ZIP_SIG_CENTRAL;
    zip_report(z, CH_F_ZIP_TRAILING, whole, "%llu bytes %s", (unsigned long long)(e->at - cd_end),
               shifted ? "before the archive: all offsets are off by as many"
                       : "between the central directory and the end record");
    return false;
}

bool zip_end_read(struct ch_zip *z)
{
    uint64_t at;
    if (!find_end(z, &at)) {
        zip_report(z, CH_F_ZIP_UNREADABLE, whole, "no end of central directory record");
        return false;
    }
    struct ch_rd r = zip_rd(z, at);
    struct end_record e = get_end(&r);
    z->end = (struct zip_end){.at = at, .cd_at = e.cd_at, .cd_bytes = e.cd_bytes, .count = e.count};
    check_tail(z, at, &e);
    if (e.disk != 0 || e.cd_disk != 0 || e.count_here != e.count) {
        zip_report(z, CH_F_ZIP_UNREADABLE, whole, "part of an archive in several pieces");
        return false;
    }
    if (!read_zip64(z, at, &e)) {
        return false;
    }
    if (z->end.count > ch_limits.archive_members) {
        zip_report(z, CH_F_LIMIT, whole, "%llu members, at most %llu are inspected",
                   (unsigned long long)z->end.count, (unsigned long long)ch_limits.archive_members);
        return false;
    }
    return check_place(z);
}
