/* zstd, RFC 8878: the frame's header read here, its content by libzstd, which verifies stated size
 * and checksum. One frame. */
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "customhouse/limits.h"
#include "scanner/unpack/stream_int.h"

/* RFC 8878, 3.1.1.1.2. */
static uint64_t window_of(uint8_t descriptor)
{
    uint64_t base = 1ull << (10 + (descriptor >> 3));
    return base + base / 8 * (descriptor & 7);
}

static uint64_t get_sized(struct ch_rd *r, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        v |= (uint64_t)ch_get_u8(r) << (8 * i);
    }
    return v;
}

/* RFC 8878, 3.1.1.1: descriptor, window, dictionary, content size. In a frame of a single segment
 * the window is the content. */
static bool check_header(struct ch_stream *s)
{
    enum { SINGLE = 1 << 5, RESERVED = 1 << 3 };
    static const unsigned dictionary_bytes[] = {0, 1, 2, 4};
    static const unsigned size_bytes[] = {0, 2, 4, 8};
    struct ch_rd r = ch_rd_of(s->in.ptr, s->in.len);
    CH_IGNORE(ch_get_u32(&r)); /* magic number */
    uint8_t d = ch_get_u8(&r);
    bool single = (d & SINGLE) != 0;
    uint64_t window = single ? 0 : window_of(ch_get_u8(&r));
    uint64_t dictionary = get_sized(&r, dictionary_bytes[d & 3]);
    uint64_t size = get_sized(&r, single && d >> 6 == 0 ? 1 : size_bytes[d >> 6]);
    if (r.failed || (d & RESERVED) != 0) {
        return stream_fail(s, CH_F_STREAM_UNREADABLE, "no frame header");
    }
    if (single) {
        window = d >> 6 == 1 ? size + 256 : size;
    }
    if (dictionary != 0) {
        return stream_fail(s, CH_F_STREAM_WINDOW, "needs dictionary %llu",
                           (unsigned long long)dictionary);
    }
    return window <= ch_limits.stream_window_bytes ||
           stream_fail(s, CH_F_STREAM_WINDOW, "needs a window of %llu bytes, at most %llu",
                       (unsigned long long)window,
                       (unsigned long long)ch_limits.stream_window_bytes);
}

static int log2_of(uint64_t v)
{
    int n = 0;
    while (v > 1) {
        v >>= 1;
        n++;
    }
    return n;
}

static bool open_zstd(struct ch_stream *s)
{
    if (!ch_str_starts(s->in, s->ops->magic)) {
        bool skippable = ch_stream_detect(s->in) == CH_STREAM_ZSTD;
        return stream_fail(s, skippable ? CH_F_STREAM_SKIPPABLE : CH_F_STREAM_UNREADABLE,
                           skippable ? "begins with a skippable frame" : "no frame header");
    }
    if (!check_header(s)) {
        return false;
    }
    s->state = ZSTD_createDCtx();
    CH_ASSERT(s->state != NULL);
    CH_ASSERT(!ZSTD_isError(ZSTD_DCtx_setParameter(s->state, ZSTD_d_windowLogMax,
                                                   log2_of(ch_limits.stream_window_bytes))));
    return true;
}

static void close_zstd(struct ch_stream *s)
{
    ZSTD_freeDCtx(s->state); /* accepts NULL */
}

static bool read_zstd(struct ch_stream *s, uint8_t *ptr, size_t len, size_t *ret_len)
{
    struct ch_str feed = stream_feed(s);
    ZSTD_inBuffer in = {feed.ptr, feed.len, 0};
    ZSTD_outBuffer out = {ptr, len, 0};
    size_t rc = ZSTD_decompressStream(s->state, &out, &in);
    *ret_len = out.pos;
    s->at += in.pos;
    if (ZSTD_isError(rc)) {
        ZSTD_ErrorCode code = ZSTD_getErrorCode(rc);
        CH_ASSERT(code != ZSTD_error_memory_allocation); /* out of memory ends the jail */
        return stream_fail(s,
                           code == ZSTD_error_checksum_wrong ? CH_F_STREAM_CHECKSUM
                           : code == ZSTD_error_frameParameter_windowTooLarge
                               ? CH_F_STREAM_WINDOW
                               : CH_F_STREAM_UNREADABLE,
                           "%s, near byte %zu", ZSTD_getErrorName(rc), s->at);
    }
    if (rc == 0) {
        return stream_end(s);
    }
    if (out.pos == 0 && s->at == s->in.len) {
        return stream_fail(s, CH_F_STREAM_UNREADABLE, "is cut short");
    }
    return true;
}

const struct stream_ops stream_zstd = {.format = CH_STREAM_ZSTD,
                                       .name = "zstd",
                                       .magic = {"\x28\xb5\x2f\xfd", 4},
                                       .open = open_zstd,
                                       .read = read_zstd,
                                       .close = close_zstd};
