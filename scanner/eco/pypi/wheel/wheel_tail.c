/* METADATA from the last bytes of a wheel. Strict and simple: whatever is unusual is left to the
 * inspection of the whole file. */
#include <libdeflate.h>

#include "customhouse/limits.h"
#include "scanner/python/metadata.h"
#include "scanner/eco/pypi/wheel/wheel.h"
#include "scanner/eco/pypi/wheel/wheel_int.h"

enum {
    SIG_LOCAL = 0x04034b50,
    SIG_CENTRAL = 0x02014b50,
    SIG_END = 0x06054b50,
    END_BYTES = 22,
    CENTRAL_BYTES = 46,
    LOCAL_BYTES = 30,
    METHOD_DEFLATE = 8,
    FLAGS_REFUSED = 0xffff & ~(1 << 1 | 1 << 2 | 1 << 3 | 1 << 11),
};

struct tail {
    const struct ch_scan_job *job;
    struct ch_str bytes;
    uint64_t from; /* offset in the file where `bytes` begin */
    uint64_t cd_at;
    uint64_t cd_end;
    uint16_t count;
};

struct place { /* of METADATA, by the directory */
    struct ch_str name;
    uint64_t at;
    uint64_t next_at; /* the header after it, or the directory: where its data end at most */
    uint32_t packed;
    uint32_t size;
    uint32_t crc32;
    uint16_t flags;
    uint16_t method;
};

static enum ch_code read_end(struct tail *t, struct ch_err *err)
{
    if (t->bytes.len < END_BYTES) {
        return ch_fail(err, CH_E_FORMAT, "wheel tail: no end record in %zu bytes", t->bytes.len);
    }
    struct ch_str end = ch_str_sub(t->bytes, t->bytes.len - END_BYTES, END_BYTES);
    struct ch_rd r = ch_rd_of(end.ptr, end.len);
    uint32_t sig = ch_get_u32(&r);
    uint32_t disks = ch_get_u32(&r);
    uint16_t here = ch_get_u16(&r);
    t->count = ch_get_u16(&r);
    uint32_t cd_bytes = ch_get_u32(&r);
    t->cd_at = ch_get_u32(&r);
    uint16_t comment = ch_get_u16(&r);
    if (sig != SIG_END || disks != 0 || here != t->count || comment != 0) {
        return ch_fail(err, CH_E_FORMAT, "wheel tail: does not end in a plain end record");
    }
    t->cd_end = t->cd_at + cd_bytes;
    if (t->cd_end != t->from + t->bytes.len - END_BYTES) {
        return ch_fail(err, CH_E_UNSUPPORTED,
                       "wheel tail: the directory does not lie before the end record (or ZIP64)");
    }
    return CH_OK;
}

static bool is_metadata(struct ch_str name)
{
    struct ch_str folder;
    return ch_str_split(&name, '/', &folder) && ch_str_ends(folder, CH_STR(".dist-info")) &&
           ch_str_eq(name, CH_STR("METADATA"));
}

static bool read_header(struct ch_rd *r, struct place *ret)
{
    uint32_t sig = ch_get_u32(r);
    CH_IGNORE(ch_get_u32(r)); /* versions */
    ret->flags = ch_get_u16(r);
    ret->method = ch_get_u16(r);
    CH_IGNORE(ch_get_u32(r)); /* time, date */
    ret->crc32 = ch_get_u32(r);
    ret->packed = ch_get_u32(r);
    ret->size = ch_get_u32(r);
    uint16_t name_len = ch_get_u16(r);
    uint16_t extra_len = ch_get_u16(r);
    uint16_t comment_len = ch_get_u16(r);
    CH_IGNORE(ch_get_u64(r)); /* disk, attributes */
    ret->at = ch_get_u32(r);
    ret->name = (struct ch_str){(const char *)ch_get_bytes(r, name_len), name_len};
    CH_IGNORE(ch_get_bytes(r, extra_len) == NULL);
    CH_IGNORE(ch_get_bytes(r, comment_len) == NULL);
    return !r->failed && sig == SIG_CENTRAL;
}

/* Walks the directory twice: METADATA must be there once; then what comes after it in the file. */
static enum ch_code find_place(const struct tail *t, struct place *ret, struct ch_err *err)
{
    size_t found = 0;
    for (int pass = 0; pass < 2; pass++) {
        struct ch_rd r = ch_rd_of(t->bytes.ptr, (size_t)(t->cd_end - t->from));
        r.at = (size_t)(t->cd_at - t->from);
        for (uint16_t i = 0; i < t->count; i++) {
            struct place p = {.next_at = t->cd_at};
            if (!read_header(&r, &p)) {
                return ch_fail(err, CH_E_FORMAT, "wheel tail: directory broken at member %u",
                               i + 1u);
            }
            if (pass == 0 && is_metadata(p.name)) {
                *ret = p;
                found++;
            } else if (pass == 1 && p.at > ret->at && p.at < ret->next_at) {
                ret->next_at = p.at;
            }
        }
        if (ch_rd_left(&r) > 0 || found != 1) {
            return ch_fail(err, CH_E_FORMAT, "wheel tail: %zu METADATA files", found);
        }
    }
    if (ret->packed == UINT32_MAX || ret->size == UINT32_MAX || ret->at >= t->cd_at) {
        return ch_fail(err, CH_E_UNSUPPORTED, "wheel tail: METADATA in ZIP64 or nowhere");
    }
    return CH_OK;
}

static void write_number(struct ch_scan_writer *out, struct ch_str name, uint64_t value)
{
    struct ch_buf text;
    ch_buf_init(&text, ch_limits.word_bytes);
    ch_buf_printf(&text, "%llu", (unsigned long long)value);
    ch_scan_write_fact(out, name, ch_buf_str(&text));
    ch_buf_done(&text);
}

static void write_place(struct ch_scan_writer *out, const struct place *p)
{
    struct ch_buf text;
    ch_buf_init(&text, ch_limits.word_bytes);
    ch_buf_printf(&text, "%llu-%llu", (unsigned long long)p->at,
                  (unsigned long long)p->next_at - 1);
    ch_scan_write_fact(out, CH_STR("metadata-range"), ch_buf_str(&text));
    ch_buf_done(&text);
    write_number(out, CH_STR("metadata-offset"), p->at);
    write_number(out, CH_STR("metadata-compressed-size"), p->packed);
    write_number(out, CH_STR("metadata-method"), p->method);
    write_number(out, CH_STR("metadata-size"), p->size);
}

/* Unpacks into `ret`, whose maximum is the limit of metadata. */
static enum ch_code unpack(const struct tail *t, const struct place *p, struct ch_buf *ret,
                           struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(t->bytes.ptr, (size_t)(p->next_at - t->from));
    r.at = (size_t)(p->at - t->from);
    uint32_t sig = ch_get_u32(&r);
    CH_IGNORE(ch_get_u16(&r)); /* version needed */
    uint16_t flags = ch_get_u16(&r);
    uint16_t method = ch_get_u16(&r);
    CH_IGNORE(ch_get_bytes(&r, LOCAL_BYTES - 4 - 2 - 2 - 2 - 2 - 2) == NULL);
    uint16_t name_len = ch_get_u16(&r);
    uint16_t extra_len = ch_get_u16(&r);
    struct ch_str name = {(const char *)ch_get_bytes(&r, name_len), name_len};
    CH_IGNORE(ch_get_bytes(&r, extra_len) == NULL);
    const uint8_t *packed = ch_get_bytes(&r, p->packed);
    bool stored = method == 0 && p->packed == p->size;
    if (r.failed || sig != SIG_LOCAL || !ch_str_eq(name, p->name) || method != p->method ||
        flags != p->flags || (flags & FLAGS_REFUSED) != 0 ||
        (!stored && method != METHOD_DEFLATE)) {
        return ch_fail(err, CH_E_FORMAT, "wheel tail: METADATA's local header differs");
    }
    if (stored) {
        ch_buf_put(ret, packed, p->size);
        return ch_buf_ok(ret, err);
    }
    char *to = ch_buf_reserve(ret, (size_t)p->size + 1);
    if (to == NULL) {
        return ch_buf_ok(ret, err);
    }
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    CH_ASSERT(d != NULL);
    size_t used = 0;
    size_t made = 0;
    enum libdeflate_result result =
        libdeflate_deflate_decompress_ex(d, packed, p->packed, to, p->size, &used, &made);
    libdeflate_free_decompressor(d);
    if (result != LIBDEFLATE_SUCCESS || used != p->packed || made != p->size) {
        return ch_fail(err, CH_E_FORMAT, "wheel tail: METADATA cannot be inflated to its size");
    }
    ret->len += made;
    return CH_OK;
}

static enum ch_code report(const struct tail *t, const struct place *p, struct ch_scan_writer *out,
                           struct ch_err *err)
{
    struct ch_buf text;
    ch_buf_init(&text, ch_limits.metadata_bytes + 1);
    enum ch_code rc = unpack(t, p, &text, err);
    if (rc == CH_OK && libdeflate_crc32(0, text.ptr, text.len) != p->crc32) {
        rc = ch_fail(err, CH_E_FORMAT, "wheel tail: METADATA's checksum differs");
    }
    if (rc == CH_OK) {
        struct ch_scan_job job = *t->job;
        struct wheel_name name;
        const char *why;
        if (wheel_name_parse(job.file_name, &name, &why)) {
            job.project = job.project.len > 0 ? job.project : name.name;
            job.version = job.version.len > 0 ? job.version : name.version;
        }
        ch_metadata_report(&job, p->name, ch_buf_str(&text), out);
    }
    ch_buf_done(&text);
    return rc;
}

enum ch_code ch_wheel_tail(const struct ch_scan_job *job, const struct ch_input *in,
                           struct ch_scan_writer *out, struct ch_err *err)
{
    struct tail t = {
        .job = job, .bytes = {(const char *)in->ptr, in->len}, .from = job->tail_offset_bytes};
    struct place p = {0};
    if (t.from > UINT32_MAX) {
        return ch_fail(err, CH_E_UNSUPPORTED, "wheel tail: beyond 4 GiB");
    }
    enum ch_code rc = read_end(&t, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (t.cd_at < t.from) {
        write_number(out, CH_STR("tail-offset"), t.cd_at);
        return ch_scan_writer_ok(out, err);
    }
    rc = find_place(&t, &p, err);
    if (rc != CH_OK) {
        return rc;
    }
    write_place(out, &p);
    if (p.at >= t.from) {
        rc = report(&t, &p, out, err);
    }
    return rc != CH_OK ? rc : ch_scan_writer_ok(out, err);
}
