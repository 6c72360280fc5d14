#include "encode.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <zstd.h>

#include "customhouse/limits.h"

/* A page's first reader waits for this: thorough where it is cheap, fast where the page is big. */
#define GZIP_LEVEL       6
#define GZIP_LEVEL_BIG   1
#define ZSTD_LEVEL_SMALL 6
#define ZSTD_LEVEL_BIG   1

static size_t gzip(struct ch_str in, bool big, char *out, size_t room)
{
    struct libdeflate_compressor *c =
        libdeflate_alloc_compressor(big ? GZIP_LEVEL_BIG : GZIP_LEVEL);
    if (c == NULL) {
        return 0;
    }
    size_t len = libdeflate_gzip_compress(c, in.ptr, in.len, out, room);
    libdeflate_free_compressor(c);
    return len;
}

static size_t zstd(struct ch_str in, bool big, char *out, size_t room)
{
    size_t len = ZSTD_compress(out, room, in.ptr, in.len, big ? ZSTD_LEVEL_BIG : ZSTD_LEVEL_SMALL);
    return ZSTD_isError(len) ? 0 : len;
}

enum ch_code gw_encode(enum gw_encoding encoding, struct ch_str in, char **ret_ptr, size_t *ret_len,
                       struct ch_err *err)
{
    CH_ASSERT(encoding == GW_GZIP || encoding == GW_ZSTD);
    bool big = in.len > ch_limits.gateway_encode_small_bytes;
    char *out = ch_alloc(in.len + 1);
    size_t len = encoding == GW_GZIP ? gzip(in, big, out, in.len) : zstd(in, big, out, in.len);
    if (len == 0) {
        free(out);
        return ch_fail(err, CH_E_LIMIT, "does not get smaller by %s", gw_encoding_name(encoding));
    }
    *ret_ptr = ch_realloc_array(out, len, 1);
    *ret_len = len;
    return CH_OK;
}

enum ch_code gw_zstd_document(struct ch_str in, char **ret_ptr, size_t *ret_len, struct ch_err *err)
{
    size_t room = ZSTD_compressBound(in.len);
    char *out = ch_alloc(room + 1);
    size_t len = zstd(in, in.len > ch_limits.gateway_encode_small_bytes, out, room);
    if (len == 0) {
        free(out);
        return ch_fail(err, CH_E_LIMIT, "%zu bytes could not be packed with zstd", in.len);
    }
    *ret_ptr = ch_realloc_array(out, len, 1);
    *ret_len = len;
    return CH_OK;
}
