#include "zip_build.h"

#include <stdlib.h>

#include <libdeflate.h>

enum { BUILD_MAX = 1 << 28 };

void zb_init(struct zb *b)
{
    *b = (struct zb){0};
    ch_buf_init(&b->bytes, BUILD_MAX);
    ch_buf_init(&b->central, BUILD_MAX);
}

void zb_done(struct zb *b)
{
    ch_buf_done(&b->bytes);
    ch_buf_done(&b->central);
}

static void deflate(struct ch_buf *out, struct ch_str content)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    CH_ASSERT(c != NULL);
    size_t bound = libdeflate_deflate_compress_bound(c, content.len);
    char *to = ch_alloc(bound);
    size_t n = libdeflate_deflate_compress(c, content.ptr, content.len, to, bound);
    CH_ASSERT(n > 0);
    ch_buf_put(out, to, n);
    free(to);
    libdeflate_free_compressor(c);
}

/* The lowest bit of a byte. */
static void flip(struct ch_buf *b, size_t at)
{
    CH_ASSERT(at < b->len);
    b->ptr[at] = (char)(b->ptr[at] ^ 1);
}

struct header {
    uint16_t flags;
    uint16_t method;
    uint32_t crc;
    uint64_t packed;
    uint64_t size;
    struct ch_str extra;
    uint64_t at;  /* in the directory only */
    size_t len64; /* of the ZIP64 field's values, 0 for no field */
};

static void put_extra64(struct ch_buf *b, const struct zb_member *m, const struct header *h)
{
    if (h->len64 > 0) {
        ch_put_u16(b, 1);
        ch_put_u16(b, (uint16_t)h->len64);
        ch_put_u64(b, h->size);
        ch_put_u64(b, h->packed);
    }
    if (h->len64 >= 24) {
        ch_put_u64(b, h->at);
    }
    if (h->len64 >= 28) {
        ch_put_u32(b, m->disk);
    }
    ch_buf_puts(b, h->extra);
}

/* Flags to sizes: the fields both headers share, then the lengths of name and extra fields. */
static void put_common(struct ch_buf *b, const struct zb_member *m, const struct header *h,
                       size_t name_len)
{
    ch_put_u16(b, h->flags);
    ch_put_u16(b, h->method);
    ch_put_u32(b, 0x00210000);
    ch_put_u32(b, h->crc);
    ch_put_u32(b, m->zip64 ? UINT32_MAX : (uint32_t)h->packed);
    ch_put_u32(b, m->zip64 ? UINT32_MAX : (uint32_t)h->size);
    ch_put_u16(b, (uint16_t)name_len);
    ch_put_u16(b, (uint16_t)(h->extra.len + (h->len64 > 0 ? h->len64 + 4 : 0)));
}

static void put_local(struct zb *b, const struct zb_member *m, struct header h)
{
    struct ch_str name = m->local_name.ptr != NULL ? m->local_name : m->name;
    if (m->descriptor) {
        h.crc = 0;
        h.packed = 0;
        h.size = 0;
    }
    h.flags |= m->local_flags;
    h.size += (uint64_t)m->local_size_off;
    h.packed += (uint64_t)m->local_packed_off;
    h.crc ^= m->local_crc_xor;
    h.len64 = m->zip64 ? 16 : 0;
    h.extra = m->local_extra.ptr != NULL ? m->local_extra : m->extra;
    size_t from = b->bytes.len;
    ch_put_u32(&b->bytes, 0x04034b50);
    ch_put_u16(&b->bytes, 20);
    put_common(&b->bytes, m, &h, name.len);
    ch_buf_puts(&b->bytes, name);
    put_extra64(&b->bytes, m, &h);
    if (m->local_flip > 0) {
        flip(&b->bytes, from + m->local_flip);
    }
}

static void put_central(struct zb *b, const struct zb_member *m, struct header h, uint64_t at)
{
    struct ch_buf *c = &b->central;
    h.at = at + (uint64_t)m->central_at_off;
    h.len64 = !m->zip64 ? 0 : m->zip64_disk ? 28 : m->zip64_at ? 24 : 16;
    uint8_t system = m->system == 0xff ? 0 : m->system != 0 ? m->system : 3;
    uint32_t mode = m->unix_mode != 0 ? m->unix_mode : 0100644;
    size_t from = c->len;
    ch_put_u32(c, 0x02014b50);
    ch_put_u8(c, 20);
    ch_put_u8(c, system);
    ch_put_u16(c, 20);
    put_common(c, m, &h, m->name.len);
    ch_put_u16(c, (uint16_t)m->comment.len);
    ch_put_u16(c, 0);
    ch_put_u16(c, 0);
    ch_put_u32(c, (system == 0 ? 0 : mode << 16) | m->external);
    ch_put_u32(c, h.len64 >= 24 ? UINT32_MAX : (uint32_t)h.at);
    ch_buf_puts(c, m->name);
    put_extra64(c, m, &h);
    ch_buf_puts(c, m->comment);
    if (m->central_flip > 0) {
        flip(c, from + m->central_flip);
    }
    b->count++;
}

static void put_descriptor(struct zb *b, const struct zb_member *m, const struct header *h)
{
    ch_put_u32(&b->bytes, 0x08074b50);
    ch_put_u32(&b->bytes, h->crc ^ (m->bad_descriptor ? 1 : 0));
    if (m->zip64) {
        ch_put_u64(&b->bytes, h->packed);
        ch_put_u64(&b->bytes, h->size);
    } else {
        ch_put_u32(&b->bytes, (uint32_t)h->packed);
        ch_put_u32(&b->bytes, (uint32_t)h->size);
    }
}

void zb_add(struct zb *b, const struct zb_member *m)
{
    struct ch_buf data;
    ch_buf_init(&data, BUILD_MAX);
    if (m->deflate) {
        deflate(&data, m->content);
    } else {
        ch_buf_puts(&data, m->content);
    }
    ch_buf_puts(&data, m->packed_tail);
    bool ascii = true;
    for (size_t i = 0; i < m->name.len; i++) {
        ascii = ascii && (uint8_t)m->name.ptr[i] < 0x80;
    }
    struct header h = {
        .flags = (uint16_t)(m->flags ^ (ascii ? 0 : 1 << 11)), /* an explicit one takes it away */
        .method = m->method != 0 ? m->method
                  : m->deflate   ? 8
                                 : 0,
        .crc = libdeflate_crc32(0, m->content.ptr, m->content.len) ^ m->crc_xor,
        .packed = data.len + (uint64_t)m->packed_off,
        .size = m->content.len + (uint64_t)m->size_off,
        .extra = m->extra,
    };
    if (m->descriptor) {
        h.flags |= 1 << 3;
    }
    ch_buf_puts(&b->bytes, m->gap);
    uint64_t at = b->bytes.len;
    put_local(b, m, h);
    ch_buf_puts(&b->bytes, ch_buf_str(&data));
    if (m->descriptor) {
        put_descriptor(b, m, &h);
    }
    if (!m->not_central) {
        put_central(b, m, h, at);
    }
    ch_buf_done(&data);
}

void zb_file(struct zb *b, const char *name, const char *content)
{
    zb_add(b, &(struct zb_member){
                  .name = ch_str_of(name), .content = ch_str_of(content), .deflate = true});
}

static void put_end64(struct ch_buf *b, uint64_t count, uint64_t cd_bytes, uint64_t cd_at)
{
    uint64_t at = b->len;
    ch_put_u32(b, 0x06064b50);
    ch_put_u64(b, 44);
    ch_put_u32(b, 45 | 45 << 16);
    ch_put_u32(b, 0);
    ch_put_u32(b, 0);
    ch_put_u64(b, count);
    ch_put_u64(b, count);
    ch_put_u64(b, cd_bytes);
    ch_put_u64(b, cd_at);
    ch_put_u32(b, 0x07064b50);
    ch_put_u32(b, 0);
    ch_put_u64(b, at);
    ch_put_u32(b, 1);
}

void zb_end(struct zb *b, const struct zb_end *e)
{
    static const struct zb_end none;
    e = e != NULL ? e : &none;
    uint64_t cd_at = b->bytes.len;
    uint64_t cd_bytes = b->central.len;
    unsigned count = b->count + (unsigned)e->count_off;
    ch_buf_puts(&b->bytes, ch_buf_str(&b->central));
    ch_buf_puts(&b->bytes, e->before_end);
    if (e->zip64) {
        put_end64(&b->bytes, count, cd_bytes, cd_at);
    }
    bool saturated = e->zip64 && !e->keeps_count;
    unsigned stated = saturated ? e->zip64_differs ? count + 1 : UINT16_MAX : count;
    ch_put_u32(&b->bytes, 0x06054b50);
    ch_put_u32(&b->bytes, 0);
    ch_put_u16(&b->bytes, (uint16_t)stated);
    ch_put_u16(&b->bytes, (uint16_t)stated);
    ch_put_u32(&b->bytes, e->zip64 && !e->keeps_bytes ? UINT32_MAX : (uint32_t)cd_bytes);
    ch_put_u32(&b->bytes, e->zip64 && !e->keeps_at ? UINT32_MAX : (uint32_t)cd_at);
    ch_put_u16(&b->bytes, (uint16_t)e->comment.len);
    ch_buf_puts(&b->bytes, e->comment);
    ch_buf_puts(&b->bytes, e->after);
    if (e->flip > 0) {
        flip(&b->bytes, b->bytes.len - e->flip);
    }
    CH_ASSERT(!b->bytes.failed && !b->central.failed);
}
