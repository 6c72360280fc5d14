#include "scanner/unpack/zip.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <libdeflate.h>

#include "customhouse/limits.h"
#include "scanner/unpack/zip_int.h"

/* Old wheels were written through pipes, hence descriptors. */
const struct ch_zip_profile ch_zip_profile_wheel = {
    .name = "wheel", .deflate = true, .descriptor = true, .stored_descriptor = false};

const struct ch_zip_profile ch_zip_profile_sdist = {
    .name = "sdist", .deflate = true, .descriptor = true, .stored_descriptor = false};
const struct ch_zip_profile ch_zip_profile_conda = {
    .name = "conda", .deflate = false, .descriptor = false, .stored_descriptor = false};
const struct ch_zip_profile ch_zip_profile_bare = {
    .name = "zip", .deflate = true, .descriptor = true, .stored_descriptor = false};

void zip_report(struct ch_zip *z, enum ch_finding_code code, struct ch_str member, const char *fmt,
                ...)
{
    char text[CH_EVIDENCE_MAX];
    va_list va;
    va_start(va, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    CH_ASSERT(n >= 0);
    ch_scan_write_finding(z->out, code, member, ch_str_of(text));
}

struct ch_rd zip_rd(const struct ch_zip *z, uint64_t at)
{
    struct ch_rd r = ch_rd_of(z->bytes.ptr, z->bytes.len);
    if (at > z->bytes.len) {
        ch_rd_fail(&r);
    } else {
        r.at = (size_t)at;
    }
    return r;
}

/* A tar header carries its magic in the middle of the first block, so a file can be both. Kinds
 * with their magic at byte 0 are excluded by the local header that must begin there. */
static void check_polyglot(struct ch_zip *z)
{
    enum { TAR_MAGIC_AT = 257 };
    if (ch_str_eq(ch_str_sub(z->bytes, TAR_MAGIC_AT, 5), CH_STR("ustar"))) {
        zip_report(z, CH_F_ZIP_POLYGLOT, (struct ch_str){NULL, 0}, "tar header magic at byte %d",
                   TAR_MAGIC_AT);
    }
}

/* Stated sizes against the limits, before anything is inflated. */
static void check_bombs(struct ch_zip *z)
{
    uint64_t total = 0;
    for (size_t i = 0; i < z->count; i++) {
        struct ch_zip_member *m = &z->entries[i].m;
        /* Data lie within the file once read, so the product fits; 0 packed bytes are no content.
         */
        uint64_t packed = m->packed_bytes < z->bytes.len ? m->packed_bytes : z->bytes.len;
        if (__builtin_add_overflow(total, m->size_bytes, &total)) {
            total = UINT64_MAX;
        }
        if (m->size_bytes > ch_limits.archive_ratio_from_bytes &&
            m->size_bytes > ch_limits.archive_ratio * packed) {
            m->readable = false;
            zip_report(z, CH_F_ZIP_BOMB, m->name,
                       "%llu bytes packed into %llu: more than %llu times, over %llu bytes",
                       (unsigned long long)m->size_bytes, (unsigned long long)m->packed_bytes,
                       (unsigned long long)ch_limits.archive_ratio,
                       (unsigned long long)ch_limits.archive_ratio_from_bytes);
        }
    }
    bool bomb = total > ch_limits.archive_ratio_from_bytes &&
                total > ch_limits.archive_ratio * z->bytes.len;
    bool huge = total > ch_limits.archive_unpacked_bytes;
    if (bomb || huge) {
        z->complete = false; /* nothing is inflated */
        zip_report(z, bomb ? CH_F_ZIP_BOMB : CH_F_LIMIT, (struct ch_str){NULL, 0},
                   "members of %llu bytes in an archive of %zu", (unsigned long long)total,
                   z->bytes.len);
    }
}

enum ch_code ch_zip_open(const struct ch_input *in, const struct ch_zip_profile *profile,
                         struct ch_scan_writer *out, struct ch_zip **ret, struct ch_err *err)
{
    struct ch_zip *z = ch_calloc(1, sizeof(*z));
    z->bytes = (struct ch_str){(const char *)in->ptr, in->len};
    z->profile = profile;
    z->out = out;
    check_polyglot(z);
    if (zip_end_read(z) && zip_central_read(z)) {
        z->complete = true;
        zip_walk(z);
        zip_name_duplicates(z);
        check_bombs(z);
    }
    enum ch_code rc = ch_scan_writer_ok(out, err);
    if (rc != CH_OK) {
        ch_zip_free(z);
        return rc;
    }
    *ret = z;
    return CH_OK;
}

void ch_zip_free(struct ch_zip *z)
{
    if (z != NULL) {
        for (size_t i = 0; i < z->count; i++) {
            free(z->entries[i].link);
        }
        free(z->entries);
        free(z->whole);
        if (z->inflater != NULL) {
            libdeflate_free_decompressor(z->inflater);
        }
        free(z);
    }
}

bool ch_zip_complete(const struct ch_zip *z)
{
    return z->complete;
}

size_t ch_zip_count(const struct ch_zip *z)
{
    return z->count;
}

const struct ch_zip_member *ch_zip_at(const struct ch_zip *z, size_t i)
{
    return i < z->count ? &z->entries[i].m : NULL;
}
