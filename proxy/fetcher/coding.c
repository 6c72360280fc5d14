#include "proxy/fetcher/coding.h"

#include <stdlib.h>

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

/* RFC 9659 3: a frame sent as a content coding needs no window above 8 MiB. */
#define ZSTD_WINDOW_LOG 23

struct ch_coding {
    enum ch_coding_kind kind;
    z_stream z;
    ZSTD_DCtx *zstd;
    bool ended;   /* at the end of a member or frame */
    bool further; /* one was whole before */
    unsigned char out[CH_CODING_PIECE_BYTES];
};

enum ch_coding_kind ch_coding_of(struct ch_str name)
{
    if (ch_str_eq_nocase(name, CH_STR("gzip")) || ch_str_eq_nocase(name, CH_STR("x-gzip"))) {
        return CH_CODING_GZIP;
    }
    return ch_str_eq_nocase(name, CH_STR("zstd")) ? CH_CODING_ZSTD : CH_CODING_OTHER;
}

struct ch_coding *ch_coding_new(enum ch_coding_kind kind)
{
    struct ch_coding *c = ch_calloc(1, sizeof(*c));
    c->kind = kind;
    if (kind == CH_CODING_GZIP) {
        CH_ASSERT(inflateInit2(&c->z, MAX_WBITS + 16) == Z_OK); /* gzip alone, its CRC verified */
    } else {
        CH_ASSERT(kind == CH_CODING_ZSTD);
        c->zstd = ZSTD_createDCtx();
        CH_ASSERT(c->zstd != NULL && !ZSTD_isError(ZSTD_DCtx_setParameter(
                                         c->zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)));
    }
    return c;
}

void ch_coding_free(struct ch_coding *c)
{
    if (c != NULL) {
        if (c->kind == CH_CODING_GZIP) {
            inflateEnd(&c->z);
        }
        ZSTD_freeDCtx(c->zstd); /* accepts NULL */
        free(c);
    }
}

static const char *name_of(const struct ch_coding *c)
{
    return c->kind == CH_CODING_GZIP ? "gzip" : "zstd";
}

static enum ch_code fail_trailing(const struct ch_coding *c, struct ch_err *err)
{
    return ch_fail(err, CH_E_FORMAT, "the answer's %s stream is followed by what is no part of it",
                   name_of(c));
}

static enum ch_code fail_damaged(const struct ch_coding *c, const char *how, struct ch_err *err)
{
    return ch_fail(err, CH_E_FORMAT, "the answer's %s stream is damaged: %s", name_of(c), how);
}

static enum ch_code next_gzip(struct ch_coding *c, struct ch_str *in, struct ch_str *ret,
                              struct ch_err *err)
{
    uInt take = in->len < UINT32_MAX / 2 ? (uInt)in->len : UINT32_MAX / 2;
    c->z.next_in = (z_const Bytef *)(uintptr_t)in->ptr;
    c->z.avail_in = take;
    c->z.next_out = c->out;
    c->z.avail_out = sizeof(c->out);
    int rc = inflate(&c->z, Z_NO_FLUSH);
    CH_ASSERT(rc != Z_MEM_ERROR && rc != Z_STREAM_ERROR);
    if (rc != Z_OK && rc != Z_BUF_ERROR && rc != Z_STREAM_END) {
        return fail_damaged(c, c->z.msg != NULL ? c->z.msg : "it cannot be read", err);
    }
    c->ended = rc == Z_STREAM_END;
    *in = ch_str_sub(*in, take - c->z.avail_in, in->len);
    *ret = (struct ch_str){(const char *)c->out, sizeof(c->out) - c->z.avail_out};
    return CH_OK;
}

static enum ch_code next_zstd(struct ch_coding *c, struct ch_str *in, struct ch_str *ret,
                              struct ch_err *err)
{
    ZSTD_inBuffer from = {in->ptr, in->len, 0};
    ZSTD_outBuffer to = {c->out, sizeof(c->out), 0};
    size_t rc = ZSTD_decompressStream(c->zstd, &to, &from);
    if (ZSTD_isError(rc)) {
        ZSTD_ErrorCode code = ZSTD_getErrorCode(rc);
        CH_ASSERT(code != ZSTD_error_memory_allocation);
        return c->further && code == ZSTD_error_prefix_unknown
                   ? fail_trailing(c, err)
                   : fail_damaged(c, ZSTD_getErrorName(rc), err);
    }
    c->ended = rc == 0;
    *in = ch_str_sub(*in, from.pos, in->len);
    *ret = (struct ch_str){(const char *)c->out, to.pos};
    return CH_OK;
}

enum ch_code ch_coding_next(struct ch_coding *c, struct ch_str *in, struct ch_str *ret,
                            struct ch_err *err)
{
    *ret = (struct ch_str){(const char *)c->out, 0};
    if (c->ended) {
        if (in->len == 0) {
            return CH_OK;
        }
        c->further = true;
        if (c->kind == CH_CODING_GZIP) {
            if (in->ptr[0] != '\x1f') { /* RFC 1952 2.3.1: another member begins with its ID1 */
                return fail_trailing(c, err);
            }
            CH_ASSERT(inflateReset(&c->z) == Z_OK);
        }
    }
    return c->kind == CH_CODING_GZIP ? next_gzip(c, in, ret, err) : next_zstd(c, in, ret, err);
}

enum ch_code ch_coding_end(const struct ch_coding *c, struct ch_err *err)
{
    return c->ended ? CH_OK
                    : ch_fail(err, CH_E_CLOSED, "the answer's %s stream is cut", name_of(c));
}
