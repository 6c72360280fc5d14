/* xz, by liblzma, which verifies the stated sizes, the index and the checksum. One stream, without
 * padding. */
#include <stdlib.h>

#include <lzma.h>

#include "customhouse/limits.h"
#include "scanner/unpack/stream_int.h"

static bool open_xz(struct ch_stream *s)
{
    lzma_stream *z = ch_calloc(1, sizeof(*z));
    s->state = z;
    *z = (lzma_stream)LZMA_STREAM_INIT;
    CH_ASSERT(lzma_stream_decoder(z, ch_limits.stream_window_bytes, LZMA_TELL_UNSUPPORTED_CHECK) ==
              LZMA_OK);
    return true;
}

static void close_xz(struct ch_stream *s)
{
    if (s->state != NULL) {
        lzma_end(s->state);
        free(s->state);
    }
}

static bool read_xz(struct ch_stream *s, uint8_t *ptr, size_t len, size_t *ret_len)
{
    lzma_stream *z = s->state;
    struct ch_str in = stream_feed(s);
    z->next_in = (const uint8_t *)in.ptr;
    z->avail_in = in.len;
    z->next_out = ptr;
    z->avail_out = len;
    lzma_ret rc = lzma_code(z, LZMA_RUN);
    *ret_len = len - z->avail_out;
    s->at += in.len - z->avail_in;
    CH_ASSERT(rc != LZMA_MEM_ERROR); /* out of memory ends the jail */
    if (rc == LZMA_STREAM_END) {
        return stream_end(s);
    }
    if (rc == LZMA_MEMLIMIT_ERROR) {
        return stream_fail(s, CH_F_STREAM_WINDOW, "needs %llu bytes to unpack, at most %llu",
                           (unsigned long long)lzma_memusage(z),
                           (unsigned long long)ch_limits.stream_window_bytes);
    }
    if (rc == LZMA_UNSUPPORTED_CHECK) {
        return stream_fail(s, CH_F_STREAM_CHECKSUM, "a checksum of unknown kind");
    }
    if (rc == LZMA_BUF_ERROR || (rc == LZMA_OK && *ret_len == 0 && s->at == s->in.len)) {
        return stream_fail(s, CH_F_STREAM_UNREADABLE, "is cut short");
    }
    return rc == LZMA_OK ||
           stream_fail(s, CH_F_STREAM_UNREADABLE,
                       "is broken, or a checksum does not match, near byte %zu", s->at);
}

const struct stream_ops stream_xz = {.format = CH_STREAM_XZ,
                                     .name = "xz",
                                     .magic = {"\xfd\x37zXZ\0", 6},
                                     .open = open_xz,
                                     .read = read_xz,
                                     .close = close_xz};
