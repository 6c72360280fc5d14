#include "proxy/eco/conda/msgpack.h"

enum { HEAD_BYTES = 5 }; /* of map 32, array 32, str 32 */

static void put_be(struct ch_buf *b, uint64_t v, size_t bytes)
{
    for (size_t i = bytes; i > 0; i--) {
        ch_buf_putc(b, (char)(unsigned char)(v >> (8 * (i - 1))));
    }
}

static void put_head(struct ch_buf *b, unsigned char type, uint64_t v, size_t bytes)
{
    ch_buf_putc(b, (char)type);
    put_be(b, v, bytes);
}

void ch_msgpack_nil(struct ch_buf *b)
{
    ch_buf_putc(b, (char)0xc0);
}

void ch_msgpack_bool(struct ch_buf *b, bool v)
{
    ch_buf_putc(b, (char)(v ? 0xc3 : 0xc2));
}

void ch_msgpack_int(struct ch_buf *b, int64_t v)
{
    uint64_t u = (uint64_t)v;
    if (v >= -32 && v < 128) { /* fixint */
        ch_buf_putc(b, (char)(unsigned char)u);
    } else if (v < 0) {
        put_head(b, 0xd3, u, 8);
    } else if (u <= UINT8_MAX) {
        put_head(b, 0xcc, u, 1);
    } else if (u <= UINT16_MAX) {
        put_head(b, 0xcd, u, 2);
    } else if (u <= UINT32_MAX) {
        put_head(b, 0xce, u, 4);
    } else {
        put_head(b, 0xcf, u, 8);
    }
}

void ch_msgpack_str(struct ch_buf *b, struct ch_str s)
{
    if (s.len < 32) {
        ch_buf_putc(b, (char)(unsigned char)(0xa0 | s.len));
    } else if (s.len <= UINT8_MAX) {
        put_head(b, 0xd9, s.len, 1);
    } else if (s.len <= UINT16_MAX) {
        put_head(b, 0xda, s.len, 2);
    } else {
        CH_ASSERT(s.len <= UINT32_MAX);
        put_head(b, 0xdb, s.len, 4);
    }
    ch_buf_puts(b, s);
}

void ch_msgpack_bin(struct ch_buf *b, const void *ptr, size_t len)
{
    CH_ASSERT(len <= UINT8_MAX); /* digests */
    put_head(b, 0xc4, len, 1);
    ch_buf_put(b, ptr, len);
}

static size_t begin(struct ch_buf *b, unsigned char type)
{
    size_t at = b->len;
    put_head(b, type, 0, HEAD_BYTES - 1);
    return at;
}

size_t ch_msgpack_map_begin(struct ch_buf *b)
{
    return begin(b, 0xdf);
}

size_t ch_msgpack_array_begin(struct ch_buf *b)
{
    return begin(b, 0xdd);
}

size_t ch_msgpack_str_begin(struct ch_buf *b)
{
    return begin(b, 0xdb);
}

size_t ch_msgpack_here(const struct ch_buf *b, size_t head)
{
    return b->failed ? 0 : b->len - head - HEAD_BYTES;
}

void ch_msgpack_end(struct ch_buf *b, size_t head, uint64_t count)
{
    CH_ASSERT(count <= UINT32_MAX);
    if (b->failed) {
        return; /* the head may not be there */
    }
    for (size_t i = 1; i < HEAD_BYTES; i++) {
        b->ptr[head + i] = (char)(unsigned char)(count >> (8 * (HEAD_BYTES - 1 - i)));
    }
}
