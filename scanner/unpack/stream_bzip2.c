/* bzip2, by libbz2, which verifies the checksum of each block and that of the stream. Its memory is
 * that of one block: at most 900 kB unpacked. */
#include <stdlib.h>

#include <bzlib.h>

#include "scanner/unpack/stream_int.h"

static bool open_bzip2(struct ch_stream *s)
{
    bz_stream *z = ch_calloc(1, sizeof(*z));
    s->state = z;
    CH_ASSERT(BZ2_bzDecompressInit(z, 0, 0) == BZ_OK);
    return true;
}

static void close_bzip2(struct ch_stream *s)
{
    if (s->state != NULL) {
        BZ2_bzDecompressEnd(s->state);
        free(s->state);
    }
}

static bool read_bzip2(struct ch_stream *s, uint8_t *ptr, size_t len, size_t *ret_len)
{
    bz_stream *z = s->state;
    struct ch_str in = stream_feed(s);
    unsigned room = len > (1u << 30) ? 1u << 30 : (unsigned)len;
    z->next_in = (char *)(uintptr_t)in.ptr;
    z->avail_in = (unsigned)in.len;
    z->next_out = (char *)ptr;
    z->avail_out = room;
    int rc = BZ2_bzDecompress(z);
    *ret_len = room - z->avail_out;
    s->at += in.len - z->avail_in;
    if (rc == BZ_STREAM_END) {
        return stream_end(s);
    }
    if (rc != BZ_OK) {
        return stream_fail(s, CH_F_STREAM_UNREADABLE,
                           "is broken, or a checksum does not match, near byte %zu", s->at);
    }
    if (*ret_len == 0 && s->at == s->in.len) {
        return stream_fail(s, CH_F_STREAM_UNREADABLE, "is cut short");
    }
    return true;
}

const struct stream_ops stream_bzip2 = {.format = CH_STREAM_BZIP2,
                                        .name = "bzip2",
                                        .magic = {"BZh", 3},
                                        .open = open_bzip2,
                                        .read = read_bzip2,
                                        .close = close_bzip2};
