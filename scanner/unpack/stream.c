#include "scanner/unpack/stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/unpack/stream_int.h"

static bool open_none(struct ch_stream *s)
{
    (void)s;
    return true;
}

static bool read_none(struct ch_stream *s, uint8_t *ptr, size_t len, size_t *ret_len)
{
    struct ch_str piece = ch_str_sub(s->in, s->at, len);
    if (piece.len > 0) {
        memcpy(ptr, piece.ptr, piece.len);
    }
    s->at += piece.len;
    s->ended = s->at == s->in.len;
    *ret_len = piece.len;
    return true;
}

static void close_none(struct ch_stream *s)
{
    (void)s;
}

static const struct stream_ops stream_none = {.format = CH_STREAM_NONE,
                                              .name = "none",
                                              .open = open_none,
                                              .read = read_none,
                                              .close = close_none};

static const struct stream_ops *const formats[] = {&stream_none, &stream_gzip, &stream_bzip2,
                                                   &stream_xz,   &stream_zstd, &stream_lzma};

/* RFC 8878, 3.1.2: sixteen magic numbers, 0x184D2A50 to 5F, little endian. */
static bool is_skippable(struct ch_str s)
{
    return s.len >= 4 && ((uint8_t)s.ptr[0] & 0xf0) == 0x50 &&
           ch_str_starts(ch_str_sub(s, 1, 3), CH_STR("\x2a\x4d\x18"));
}

struct ch_str ch_stream_skip_frames(struct ch_str s)
{
    enum { MAGIC_BYTES = 4, HEAD_BYTES = 8 };
    while (is_skippable(s)) {
        struct ch_rd r = ch_rd_of(s.ptr, s.len);
        r.at = MAGIC_BYTES;
        size_t bytes = ch_get_u32(&r);
        s = ch_str_sub(s, HEAD_BYTES, s.len);
        s = ch_str_sub(s, bytes, s.len);
    }
    return s;
}

/* The three letters may begin a name as well; behind them bzip2 has the size of a block. */
static bool is_bzip2(struct ch_str s)
{
    return s.len >= 4 && s.ptr[3] >= '1' && s.ptr[3] <= '9';
}

enum ch_stream_format ch_stream_detect(struct ch_str head)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(formats); i++) {
        if (formats[i]->magic.len > 0 && ch_str_starts(head, formats[i]->magic) &&
            (formats[i] != &stream_bzip2 || is_bzip2(head))) {
            return formats[i]->format;
        }
    }
    if (is_skippable(head)) {
        return CH_STREAM_ZSTD;
    }
    return stream_lzma_is(head) ? CH_STREAM_LZMA : CH_STREAM_NONE;
}

static const struct stream_ops *ops_of(enum ch_stream_format format)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(formats); i++) {
        if (formats[i]->format == format) {
            return formats[i];
        }
    }
    return &stream_none;
}

const char *ch_stream_name(enum ch_stream_format format)
{
    return ops_of(format)->name;
}

struct ch_stream *ch_stream_new(enum ch_stream_format format, struct ch_str packed)
{
    struct ch_stream *s = ch_calloc(1, sizeof(*s));
    s->ops = ops_of(format);
    s->in = packed;
    return s;
}

void ch_stream_free(struct ch_stream *s)
{
    if (s != NULL) {
        s->ops->close(s);
        free(s->whole);
        free(s->ahead);
        free(s);
    }
}

void ch_stream_lenient(struct ch_stream *s)
{
    CH_ASSERT(!s->opened);
    s->lenient = true;
}

size_t ch_stream_used(const struct ch_stream *s)
{
    return s->at;
}

bool stream_fail(struct ch_stream *s, enum ch_finding_code code, const char *fmt, ...)
{
    char text[sizeof(s->err.msg)];
    va_list va;
    va_start(va, fmt);
    int n = vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    CH_ASSERT(n >= 0 && code != CH_F_NONE);
    s->code = code;
    CH_IGNORE(ch_fail(&s->err,
                      code == CH_F_LIMIT || code == CH_F_STREAM_BOMB ? CH_E_LIMIT : CH_E_FORMAT,
                      "%s: %s", s->ops->name, text));
    return false;
}

struct ch_str stream_feed(const struct ch_stream *s)
{
    enum { PIECE_BYTES = 1 << 30 };
    return ch_str_sub(s->in, s->at, PIECE_BYTES);
}

bool stream_end(struct ch_stream *s)
{
    struct ch_str rest = ch_str_sub(s->in, s->at, s->in.len);
    s->ended = true;
    if (rest.len == 0) {
        return true;
    }
    bool again = s->ops->magic.len > 0 && ch_str_starts(rest, s->ops->magic);
    bool skippable = s->ops->format == CH_STREAM_ZSTD && is_skippable(rest);
    return stream_fail(s,
                       skippable ? CH_F_STREAM_SKIPPABLE
                       : again   ? CH_F_STREAM_MEMBERS
                                 : CH_F_STREAM_TRAILING,
                       "%zu bytes after the end at byte %zu", rest.len, s->at);
}

/* Whether what came out so far is more than an archive may have. */
static bool check_expansion(struct ch_stream *s)
{
    if (s->made > ch_limits.archive_unpacked_bytes) {
        return stream_fail(s, CH_F_LIMIT, "expands to more than %llu bytes",
                           (unsigned long long)ch_limits.archive_unpacked_bytes);
    }
    if (s->ops != &stream_none && s->made > ch_limits.archive_ratio_from_bytes &&
        s->made / ch_limits.archive_ratio > s->in.len) {
        return stream_fail(s, CH_F_STREAM_BOMB,
                           "%zu bytes expand more than %llu times, over %llu bytes", s->in.len,
                           (unsigned long long)ch_limits.archive_ratio,
                           (unsigned long long)ch_limits.archive_ratio_from_bytes);
    }
    return true;
}

static bool read_some(struct ch_stream *s, uint8_t *ptr, size_t len, size_t *ret_len)
{
    if (!s->opened) {
        s->opened = true;
        if (!s->ops->open(s)) {
            return false;
        }
    }
    *ret_len = 0;
    while (*ret_len == 0 && !s->ended) {
        if (!s->ops->read(s, ptr, len, ret_len)) {
            return false;
        }
    }
    s->made += *ret_len;
    return check_expansion(s);
}

/* Small reads out of a large one. What came before a failure comes before it here, too. */
static bool read_ahead(struct ch_stream *s, uint8_t *ptr, size_t len, size_t *ret_len)
{
    enum { AHEAD_BYTES = 1 << 16 };
    if (s->ahead_at == s->ahead_len) {
        if (s->code != CH_F_NONE) {
            return false;
        }
        if (len >= AHEAD_BYTES || s->ops == &stream_none) {
            return read_some(s, ptr, len, ret_len);
        }
        s->ahead = s->ahead != NULL ? s->ahead : ch_alloc(AHEAD_BYTES);
        s->ahead_at = s->ahead_len = 0;
        if (!read_some(s, s->ahead, AHEAD_BYTES, &s->ahead_len) && s->ahead_len == 0) {
            return false;
        }
    }
    struct ch_str rest = {(const char *)s->ahead + s->ahead_at, s->ahead_len - s->ahead_at};
    *ret_len = rest.len < len ? rest.len : len;
    if (*ret_len > 0) {
        memcpy(ptr, rest.ptr, *ret_len);
    }
    s->ahead_at += *ret_len;
    return true;
}

enum ch_code ch_stream_read(struct ch_stream *s, void *ptr, size_t len, size_t *ret_len,
                            enum ch_finding_code *ret_code, struct ch_err *err)
{
    size_t got = 0;
    CH_ASSERT(len > 0);
    if (!read_ahead(s, ptr, len, &got)) {
        *ret_code = s->code;
        *ret_len = got;
        return ch_fail(err, s->err.code, "%s", s->err.msg);
    }
    *ret_len = got;
    return CH_OK;
}

struct ch_str ch_stream_whole(struct ch_stream *s)
{
    struct ch_str all = {NULL, 0};
    CH_ASSERT(!s->opened);
    if (s->ops == &stream_none && s->in.len <= ch_limits.archive_unpacked_bytes) {
        return s->in;
    }
    if (s->ops == &stream_gzip && !stream_gzip_whole(s, &all)) {
        return (struct ch_str){NULL, 0};
    }
    return all;
}
