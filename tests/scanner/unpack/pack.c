#include "pack.h"

#include <stdlib.h>

#include <bzlib.h>
#include <libdeflate.h>
#include <lzma.h>
#include <zstd.h>

static void put(struct ch_buf *out, char *bytes, size_t len)
{
    ch_buf_put(out, bytes, len);
    free(bytes);
    CH_ASSERT(!out->failed);
}

void pack_gzip(struct ch_buf *out, uint8_t flags, struct ch_str fields, struct ch_str content)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    size_t room = libdeflate_deflate_compress_bound(c, content.len);
    char *to = ch_alloc(room);
    size_t len = libdeflate_deflate_compress(c, content.ptr, content.len, to, room);
    CH_ASSERT(len > 0);
    libdeflate_free_compressor(c);
    ch_buf_puts(out, CH_STR("\x1f\x8b\x08"));
    ch_put_u8(out, flags);
    ch_put_u32(out, 0);
    ch_put_u16(out, 0xff00); /* any system */
    ch_buf_puts(out, fields);
    put(out, to, len);
    ch_put_u32(out, libdeflate_crc32(0, content.ptr, content.len));
    ch_put_u32(out, (uint32_t)content.len);
}

static void pack_bzip2(struct ch_buf *out, struct ch_str content)
{
    unsigned len = (unsigned)(content.len + content.len / 64 + 1000);
    char *to = ch_alloc(len);
    CH_ASSERT(BZ2_bzBuffToBuffCompress(to, &len,
                                       (char *)(uintptr_t)(content.len > 0 ? content.ptr : ""),
                                       (unsigned)content.len, 1, 0, 0) == BZ_OK);
    put(out, to, len);
}

static void pack_xz(struct ch_buf *out, struct ch_str content)
{
    size_t room = lzma_stream_buffer_bound(content.len);
    size_t len = 0;
    char *to = ch_alloc(room);
    CH_ASSERT(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, (const uint8_t *)content.ptr,
                                      content.len, (uint8_t *)to, &len, room) == LZMA_OK);
    put(out, to, len);
}

static void pack_lzma(struct ch_buf *out, struct ch_str content)
{
    size_t room = content.len + content.len / 16 + 4096;
    char *to = ch_alloc(room);
    lzma_options_lzma options;
    lzma_stream z = LZMA_STREAM_INIT;
    CH_ASSERT(!lzma_lzma_preset(&options, 1) && lzma_alone_encoder(&z, &options) == LZMA_OK);
    z.next_in = (const uint8_t *)content.ptr;
    z.avail_in = content.len;
    z.next_out = (uint8_t *)to;
    z.avail_out = room;
    CH_ASSERT(lzma_code(&z, LZMA_FINISH) == LZMA_STREAM_END);
    put(out, to, room - z.avail_out);
    lzma_end(&z);
}

void pack_zstd(struct ch_buf *out, int window_log, bool sized, struct ch_str content)
{
    ZSTD_CCtx *c = ZSTD_createCCtx();
    size_t room = ZSTD_compressBound(content.len);
    char *to = ch_alloc(room);
    ZSTD_inBuffer in = {content.ptr, content.len, 0};
    ZSTD_outBuffer to_buffer = {to, room, 0};
    CH_ASSERT(c != NULL);
    CH_ASSERT(!ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1)));
    CH_ASSERT(!ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log)));
    if (sized) {
        CH_ASSERT(!ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(c, content.len)));
    } else {
        /* continued first: what is ended in one call gets its size stated */
        CH_ASSERT(ZSTD_compressStream2(c, &to_buffer, &in, ZSTD_e_flush) == 0);
    }
    CH_ASSERT(ZSTD_compressStream2(c, &to_buffer, &in, ZSTD_e_end) == 0);
    ZSTD_freeCCtx(c);
    put(out, to, to_buffer.pos);
}

void pack(struct ch_buf *out, enum ch_stream_format format, struct ch_str content)
{
    switch (format) {
    case CH_STREAM_NONE:
        ch_buf_puts(out, content);
        break;
    case CH_STREAM_GZIP:
        pack_gzip(out, 0, (struct ch_str){NULL, 0}, content);
        break;
    case CH_STREAM_BZIP2:
        pack_bzip2(out, content);
        break;
    case CH_STREAM_XZ:
        pack_xz(out, content);
        break;
    case CH_STREAM_ZSTD:
        pack_zstd(out, 0, true, content);
        break;
    case CH_STREAM_LZMA:
        pack_lzma(out, content);
        break;
    }
}
