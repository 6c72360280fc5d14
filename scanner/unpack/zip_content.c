/* Member contents: inflated once, measured, summed and hashed. */
#include <stdlib.h>

#include <libdeflate.h>
#include <zlib.h>

#include "customhouse/limits.h"
#include "scanner/unpack/zip_int.h"

enum { WINDOW_BYTES = 1 << 17 }; /* of the streaming reader; fits the second-level cache */

enum content_fault {
    CONTENT_OK = 0,
    CONTENT_BROKEN, /* not deflate, or cut short */
    CONTENT_SHORT,
    CONTENT_LONG,
    CONTENT_REST, /* packed bytes left after the end of the stream */
};

static const uint8_t *packed(const struct ch_zip *z, const struct ch_zip_member *m)
{
    return (const uint8_t *)z->bytes.ptr + m->data_at;
}

static void make_room(struct ch_zip *z, size_t need)
{
    if (z->inflater == NULL) {
        z->inflater = libdeflate_alloc_decompressor();
        CH_ASSERT(z->inflater != NULL);
    }
    if (z->whole_cap < need) {
        free(z->whole); /* nothing in it is worth copying */
        z->whole = ch_alloc(need);
        z->whole_cap = need;
    }
}

/* Inflates into z->whole; *ret is the content. */
static enum content_fault inflate_whole(struct ch_zip *z, const struct ch_zip_member *m,
                                        struct ch_str *ret)
{
    size_t used = 0;
    size_t made = 0;
    make_room(z, (size_t)m->size_bytes + 1);
    enum libdeflate_result result =
        libdeflate_deflate_decompress_ex(z->inflater, packed(z, m), (size_t)m->packed_bytes,
                                         z->whole, (size_t)m->size_bytes, &used, &made);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE) {
        return CONTENT_LONG;
    }
    if (result != LIBDEFLATE_SUCCESS) {
        return CONTENT_BROKEN;
    }
    *ret = (struct ch_str){(const char *)z->whole, made};
    if (made != m->size_bytes) {
        return CONTENT_SHORT;
    }
    return used == m->packed_bytes ? CONTENT_OK : CONTENT_REST;
}

/* Feeds zlib the packed bytes in pieces its counters can hold. */
static void feed(z_stream *s, const struct ch_zip *z, const struct ch_zip_member *m, uint64_t *fed)
{
    if (s->avail_in == 0 && *fed < m->packed_bytes) {
        uint64_t left = m->packed_bytes - *fed;
        s->avail_in = left > (1u << 30) ? 1u << 30 : (uInt)left;
        s->next_in = (z_const Bytef *)(uintptr_t)(packed(z, m) + *fed);
        *fed += s->avail_in;
    }
}

static enum content_fault inflate_stream(struct ch_zip *z, const struct ch_zip_member *m,
                                         ch_zip_chunk_fn *chunk, void *arg)
{
    z_stream s = {0};
    if (inflateInit2(&s, -MAX_WBITS) != Z_OK) {
        return CONTENT_BROKEN;
    }
    uint8_t *window = ch_alloc(WINDOW_BYTES);
    enum content_fault fault = CONTENT_OK;
    uint64_t fed = 0;
    uint64_t made = 0;
    int rc = Z_OK;
    while (rc == Z_OK && fault == CONTENT_OK) {
        feed(&s, z, m, &fed);
        s.next_out = window;
        s.avail_out = WINDOW_BYTES;
        rc = inflate(&s, Z_NO_FLUSH);
        size_t n = WINDOW_BYTES - s.avail_out;
        made += n;
        if (made > m->size_bytes) {
            fault = CONTENT_LONG;
        } else if (n > 0) {
            chunk(arg, window, n);
        }
    }
    if (fault == CONTENT_OK && rc != Z_STREAM_END) {
        fault = CONTENT_BROKEN;
    } else if (fault == CONTENT_OK && made != m->size_bytes) {
        fault = CONTENT_SHORT;
    } else if (fault == CONTENT_OK && (s.avail_in > 0 || fed < m->packed_bytes)) {
        fault = CONTENT_REST;
    }
    inflateEnd(&s);
    free(window);
    return fault;
}

static enum content_fault each_chunk(struct ch_zip *z, const struct ch_zip_member *m,
                                     ch_zip_chunk_fn *chunk, void *arg)
{
    if (m->method == ZIP_METHOD_STORED) {
        /* In pieces: hash and checksum then find the bytes in the cache. */
        for (uint64_t at = 0; at < m->size_bytes; at += WINDOW_BYTES) {
            uint64_t left = m->size_bytes - at;
            chunk(arg, packed(z, m) + at, left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES);
        }
        return CONTENT_OK;
    }
    if (m->size_bytes > ch_limits.member_whole_bytes) {
        return inflate_stream(z, m, chunk, arg);
    }
    struct ch_str content;
    enum content_fault fault = inflate_whole(z, m, &content);
    if (fault == CONTENT_OK || fault == CONTENT_REST || fault == CONTENT_SHORT) {
        for (size_t at = 0; at < content.len; at += WINDOW_BYTES) {
            struct ch_str piece = ch_str_sub(content, at, WINDOW_BYTES);
            chunk(arg, piece.ptr, piece.len);
        }
    }
    return fault;
}

struct measure {
    struct ch_hash *hash;
    uint32_t crc;
    struct ch_buf head; /* of a content that is never in memory as a whole */
    bool keep_head;
};

static void measure_chunk(void *arg, const void *ptr, size_t len)
{
    struct measure *x = arg;
    x->crc = libdeflate_crc32(x->crc, ptr, len);
    ch_hash_add(x->hash, ptr, len);
    size_t room = x->head.max - x->head.len;
    if (x->keep_head && room > 0) {
        ch_buf_put(&x->head, ptr, len < room ? len : room);
    }
}

/* All of the content where it lies in one piece: in the mapping, or inflated in one go. */
static struct ch_str seen_content(const struct ch_zip *z, const struct ch_zip_member *m,
                                  const struct measure *x)
{
    if (x->keep_head) {
        return ch_buf_str(&x->head);
    }
    const void *ptr = m->method == ZIP_METHOD_STORED ? packed(z, m) : z->whole;
    return (struct ch_str){ptr, (size_t)m->size_bytes};
}

static void report_fault(struct ch_zip *z, const struct ch_zip_member *m, enum content_fault fault)
{
    unsigned long long size = m->size_bytes;
    switch (fault) {
    case CONTENT_OK:
        break;
    case CONTENT_BROKEN:
        zip_report(z, CH_F_ZIP_UNREADABLE, m->name, "cannot be inflated");
        break;
    case CONTENT_SHORT:
        zip_report(z, CH_F_ZIP_SIZE, m->name, "inflates to less than the stated %llu bytes", size);
        break;
    case CONTENT_LONG:
        zip_report(z, CH_F_ZIP_SIZE, m->name, "inflates to more than the stated %llu bytes", size);
        break;
    case CONTENT_REST:
        zip_report(z, CH_F_ZIP_TRAILING, m->name, "packed bytes are left after the stream's end");
        break;
    }
}

/* The target of a symbolic link is its content. */
static void keep_link(struct ch_zip *z, struct zip_entry *e)
{
    struct ch_err err;
    struct ch_buf target;
    ch_buf_init(&target, ch_limits.member_path_bytes);
    if (ch_zip_read(z, (size_t)(e - z->entries), &target, &err) == CH_OK) {
        e->link = ch_str_dup(ch_buf_str(&target));
        e->m.link = (struct ch_str){e->link, target.len};
    }
    ch_buf_done(&target);
}

static void verify_member(struct ch_zip *z, struct zip_entry *e, struct measure *x,
                          ch_zip_seen_fn *seen, void *arg)
{
    struct ch_zip_member *m = &e->m;
    ch_hash_reset(x->hash);
    x->crc = 0;
    x->keep_head = m->method != ZIP_METHOD_STORED && m->size_bytes > ch_limits.member_whole_bytes;
    ch_buf_clear(&x->head);
    enum content_fault fault = each_chunk(z, m, measure_chunk, x);
    struct ch_sha256 sha256 = ch_hash_end(x->hash);
    report_fault(z, m, fault);
    if (fault != CONTENT_OK && fault != CONTENT_REST) {
        return;
    }
    if (x->crc != m->crc32) {
        zip_report(z, CH_F_ZIP_CRC, m->name, "checksum %08x, the directory states %08x", x->crc,
                   m->crc32);
        return;
    }
    m->verified = true;
    if (m->type == CH_MEMBER_FILE) {
        m->sha256 = sha256;
    } else if (m->type == CH_MEMBER_SYMLINK) {
        keep_link(z, e);
    }
    if (seen != NULL) {
        seen(arg, m, seen_content(z, m, x));
    }
}

static void write_member(struct ch_zip *z, const struct ch_zip_member *m)
{
    bool link = m->type == CH_MEMBER_SYMLINK;
    ch_scan_write_member(z->out,
                         &(struct ch_member){.path = m->name,
                                             .type = m->type,
                                             .size_bytes = link ? m->link.len : m->size_bytes,
                                             .link = m->link,
                                             .sha256 = m->sha256});
}

void ch_zip_verify(struct ch_zip *z, ch_zip_seen_fn *seen, void *arg)
{
    struct measure x = {.hash = ch_hash_new()};
    ch_buf_init(&x.head, CH_ZIP_HEAD_BYTES);
    for (size_t i = 0; i < z->count; i++) {
        struct ch_zip_member *m = &z->entries[i].m;
        if (z->complete && m->readable) {
            verify_member(z, &z->entries[i], &x, seen, arg);
        }
        /* What could not be read has a finding, and no place in the list. */
        if (m->verified && m->name.len > 0 && m->name.len <= ch_limits.member_path_bytes) {
            write_member(z, m);
        }
    }
    ch_buf_done(&x.head);
    ch_hash_free(x.hash);
}

static void keep_chunk(void *arg, const void *ptr, size_t len)
{
    ch_buf_put(arg, ptr, len);
}

static enum ch_code chunks(struct ch_zip *z, size_t i, bool may, ch_zip_chunk_fn *chunk, void *arg,
                           struct ch_err *err)
{
    const struct ch_zip_member *m = &z->entries[i].m;
    if (!may) {
        return ch_fail(err, CH_E_FORMAT, "member %zu could not be read", i + 1);
    }
    enum content_fault fault = each_chunk(z, m, chunk, arg);
    if (fault != CONTENT_OK && fault != CONTENT_REST) {
        return ch_fail(err, CH_E_FORMAT, "member %zu cannot be inflated", i + 1);
    }
    return CH_OK;
}

enum ch_code ch_zip_each_chunk(struct ch_zip *z, size_t i, ch_zip_chunk_fn *chunk, void *arg,
                               struct ch_err *err)
{
    CH_ASSERT(i < z->count);
    return chunks(z, i, z->entries[i].m.verified, chunk, arg, err);
}

static enum ch_code read_whole(struct ch_zip *z, size_t i, bool may, struct ch_buf *ret,
                               struct ch_err *err)
{
    const struct ch_zip_member *m = &z->entries[i].m;
    if (m->size_bytes > ret->max - ret->len) {
        return ch_fail(err, CH_E_LIMIT, "%llu bytes, at most %zu are read",
                       (unsigned long long)m->size_bytes, ret->max - ret->len);
    }
    enum ch_code rc = chunks(z, i, may, keep_chunk, ret, err);
    return rc != CH_OK ? rc : ch_buf_ok(ret, err);
}

enum ch_code ch_zip_read(struct ch_zip *z, size_t i, struct ch_buf *ret, struct ch_err *err)
{
    CH_ASSERT(i < z->count);
    return read_whole(z, i, z->entries[i].m.verified, ret, err);
}

enum ch_code ch_zip_read_ahead(struct ch_zip *z, size_t i, struct ch_buf *ret, struct ch_err *err)
{
    CH_ASSERT(i < z->count);
    return read_whole(z, i, z->complete && z->entries[i].m.readable, ret, err);
}
