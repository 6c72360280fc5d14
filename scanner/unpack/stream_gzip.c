/* gzip, RFC 1952: its header read here, its content by zlib, or by libdeflate where all of it fits.
 */
#include <stdlib.h>

#include <libdeflate.h>
#include <zlib.h>

#include "customhouse/limits.h"
#include "scanner/unpack/stream_int.h"

enum {
    FLAG_HCRC = 1 << 1,
    FLAG_EXTRA = 1 << 2,
    FLAG_NAME = 1 << 3,
    FLAG_COMMENT = 1 << 4,
    FLAG_RESERVED = 0xe0,
    METHOD_DEFLATE = 8,
    TRAILER_BYTES = 8,
};

struct gzip {
    z_stream z;
    uint32_t crc;
};

/* A text that ends in NUL. */
static void skip_text(struct ch_rd *r)
{
    while (!r->failed && ch_get_u8(r) != 0) {
    }
}

/* Says where the content begins. RFC 1952, 2.3.1.2: "must give an error indication if any reserved
 * bit is non-zero". An extra field carries what only some readers know (indexes of seekable
 * archives); the header's own checksum some verify and some do not, so a right one passes. */
static bool read_header(struct ch_stream *s, size_t *ret_at)
{
    struct ch_rd r = ch_rd_of(s->in.ptr, s->in.len);
    uint8_t id1 = ch_get_u8(&r);
    uint8_t id2 = ch_get_u8(&r);
    uint8_t method = ch_get_u8(&r);
    uint8_t flags = ch_get_u8(&r);
    CH_IGNORE(ch_get_u32(&r)); /* time */
    CH_IGNORE(ch_get_u16(&r)); /* extra flags, system */
    if (r.failed || id1 != 0x1f || id2 != 0x8b || method != METHOD_DEFLATE) {
        return stream_fail(s, CH_F_STREAM_UNREADABLE, "no gzip header");
    }
    if ((flags & FLAG_RESERVED) != 0 || ((flags & FLAG_EXTRA) != 0 && !s->lenient)) {
        return stream_fail(s, CH_F_GZIP_HEADER, "flags 0x%02x", flags);
    }
    if ((flags & FLAG_EXTRA) != 0) {
        unsigned bytes = ch_get_u16(&r);
        CH_IGNORE(ch_get_bytes(&r, bytes));
    }
    if ((flags & FLAG_NAME) != 0) {
        skip_text(&r);
    }
    if ((flags & FLAG_COMMENT) != 0) {
        skip_text(&r);
    }
    if ((flags & FLAG_HCRC) != 0) {
        uint32_t crc = libdeflate_crc32(0, s->in.ptr, r.at);
        if (ch_get_u16(&r) != (crc & 0xffff)) {
            return stream_fail(s, CH_F_GZIP_HEADER, "the header's checksum does not match");
        }
    }
    if (r.failed) {
        return stream_fail(s, CH_F_STREAM_UNREADABLE, "the header is cut short");
    }
    *ret_at = r.at;
    return true;
}

static bool open_gzip(struct ch_stream *s)
{
    if (!read_header(s, &s->at)) {
        return false;
    }
    struct gzip *g = ch_calloc(1, sizeof(*g));
    s->state = g;
    CH_ASSERT(inflateInit2(&g->z, -MAX_WBITS) == Z_OK);
    return true;
}

static void close_gzip(struct ch_stream *s)
{
    struct gzip *g = s->state;
    if (g != NULL) {
        inflateEnd(&g->z);
        free(g);
    }
}

/* RFC 1952, 2.3.1: CRC32, then the size modulo 2^32. */
static bool check_trailer(struct ch_stream *s, uint32_t crc, uint64_t size)
{
    struct ch_rd r = ch_rd_of(s->in.ptr, s->in.len);
    r.at = s->at;
    uint32_t stated_crc = ch_get_u32(&r);
    uint32_t stated_size = ch_get_u32(&r);
    if (r.failed) {
        return stream_fail(s, CH_F_STREAM_UNREADABLE, "the trailer is cut short");
    }
    s->at = r.at;
    if (stated_crc != crc || stated_size != (uint32_t)size) {
        return stream_fail(s, CH_F_STREAM_CHECKSUM,
                           "states checksum %08x and size %u, has %08x and %llu", stated_crc,
                           stated_size, crc, (unsigned long long)size);
    }
    return stream_end(s);
}

static bool read_gzip(struct ch_stream *s, uint8_t *ptr, size_t len, size_t *ret_len)
{
    struct gzip *g = s->state;
    struct ch_str in = stream_feed(s);
    uInt room = len > (1u << 30) ? 1u << 30 : (uInt)len;
    g->z.next_in = (z_const Bytef *)(uintptr_t)in.ptr;
    g->z.avail_in = (uInt)in.len;
    g->z.next_out = ptr;
    g->z.avail_out = room;
    int rc = inflate(&g->z, Z_NO_FLUSH);
    size_t got = room - g->z.avail_out;
    s->at += in.len - g->z.avail_in;
    g->crc = libdeflate_crc32(g->crc, ptr, got);
    *ret_len = got;
    if (rc == Z_STREAM_END) {
        return check_trailer(s, g->crc, s->made + got);
    }
    if (rc == Z_BUF_ERROR || (rc == Z_OK && got == 0 && s->at == s->in.len)) {
        return stream_fail(s, CH_F_STREAM_UNREADABLE, "is cut short");
    }
    return rc == Z_OK || stream_fail(s, CH_F_STREAM_UNREADABLE, "is broken near byte %zu", s->at);
}

static bool inflate_whole(struct ch_stream *s, size_t at, size_t size, size_t *ret_used)
{
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    size_t made = 0;
    CH_ASSERT(d != NULL);
    enum libdeflate_result rc = libdeflate_deflate_decompress_ex(d, s->in.ptr + at, s->in.len - at,
                                                                 s->whole, size, ret_used, &made);
    libdeflate_free_decompressor(d);
    return rc == LIBDEFLATE_SUCCESS && made == size;
}

bool stream_gzip_whole(struct ch_stream *s, struct ch_str *ret)
{
    struct ch_stream probe = {.ops = s->ops, .in = s->in}; /* what is wrong is named by reading */
    if (s->in.len < TRAILER_BYTES || !read_header(&probe, &probe.at)) {
        return false;
    }
    struct ch_rd r = ch_rd_of(s->in.ptr, s->in.len);
    r.at = s->in.len - TRAILER_BYTES / 2;
    size_t size = ch_get_u32(&r);
    size_t used = 0;
    if (size > ch_limits.member_whole_bytes || size > ch_limits.archive_unpacked_bytes ||
        (size > ch_limits.archive_ratio_from_bytes && size / ch_limits.archive_ratio > s->in.len)) {
        return false;
    }
    s->whole = ch_alloc(size + 1);
    bool ok = inflate_whole(s, probe.at, size, &used);
    probe.at += used;
    if (!ok || !check_trailer(&probe, libdeflate_crc32(0, s->whole, size), size)) {
        free(s->whole);
        s->whole = NULL;
        return false;
    }
    *ret = (struct ch_str){(const char *)s->whole, size};
    return true;
}

/* RFC 1952, 2.3.1: two bytes and the method, of which there is one. By the two alone, one of 65,536
 * files of random bytes would be taken for gzip that cannot be read. */
const struct stream_ops stream_gzip = {.format = CH_STREAM_GZIP,
                                       .name = "gzip",
                                       .magic = {"\x1f\x8b\x08", 3},
                                       .open = open_gzip,
                                       .read = read_gzip,
                                       .close = close_gzip};
