/* xz and the older .lzma, by liblzma. Of xz it verifies the stated sizes, the index and the checksum; .lzma has
 * none. One stream, without padding. */
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

static bool open_lzma(struct ch_stream *s)
{
    lzma_stream *z = ch_calloc(1, sizeof(*z));
    s->state = z;
    *z = (lzma_stream)LZMA_STREAM_INIT;
    CH_ASSERT(lzma_alone_decoder(z, ch_limits.stream_window_bytes) == LZMA_OK);
    return true;
}

/* Whether the decoder goes along: other data soon refers to what was never there. */
static bool decodes(struct ch_str head)
{
    uint8_t out[1 << 12];
    lzma_stream z = LZMA_STREAM_INIT;
    CH_ASSERT(lzma_alone_decoder(&z, ch_limits.stream_window_bytes) == LZMA_OK);
    z.next_in = (const uint8_t *)head.ptr;
    z.avail_in = head.len;
    z.next_out = out;
    z.avail_out = sizeof(out);
    lzma_ret rc = lzma_code(&z, LZMA_RUN);
    bool ok = (rc == LZMA_OK && z.avail_out < sizeof(out)) || rc == LZMA_STREAM_END ||
              rc == LZMA_MEMLIMIT_ERROR;
    lzma_end(&z);
    return ok;
}

/* One byte of properties, the size of the dictionary (2^n, or 2^n + 2^(n-1)), the unpacked size or all ones, and
 * the first byte of the range coder, which is 0. */
bool stream_lzma_is(struct ch_str head)
{
    enum { PROPERTIES_MAX = 225, HEAD = 14, DICTIONARY_MIN = 1 << 12, DICTIONARY_MAX = 1 << 30 };
    const uint64_t size_max = UINT64_C(1) << 38; /* as liblzma */
    struct ch_rd r = ch_rd_of(head.ptr, head.len);
    uint8_t properties = ch_get_u8(&r);
    uint32_t dictionary = ch_get_u32(&r);
    uint64_t size = ch_get_u64(&r);
    uint8_t coder = ch_get_u8(&r);
    uint32_t low = dictionary & (0 - dictionary);
    bool power = dictionary == low || dictionary == 3 * (uint64_t)low;
    return head.len >= HEAD && !r.failed && properties < PROPERTIES_MAX && power &&
           dictionary >= DICTIONARY_MIN && dictionary <= DICTIONARY_MAX && coder == 0 &&
           (size == UINT64_MAX || (size > 0 && size < size_max)) && decodes(head);
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

const struct stream_ops stream_lzma = {.format = CH_STREAM_LZMA,
                                       .name = "lzma",
                                       .open = open_lzma,
                                       .read = read_xz,
                                       .close = close_xz};
