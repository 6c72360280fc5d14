#include "proxy/gateway/encode.h"
#include "tests/ch_test.h"

#include <libdeflate.h>
#include <stdlib.h>
#include <zstd.h>

static struct ch_str text(size_t len)
{
    char *p = ch_alloc(len);
    for (size_t i = 0; i < len; i++) {
        p[i] = "abcdefgh"[(i * i / 7) % 8];
    }
    return (struct ch_str){p, len};
}

static void check(size_t len)
{
    struct ch_str in = text(len);
    struct ch_err err;
    char *first;
    char *second;
    size_t first_len;
    size_t second_len;
    char *back = ch_alloc(len);
    size_t back_len = 0;
    for (enum gw_encoding e = GW_GZIP; e < GW_ENCODING_COUNT; e++) {
        assert_ch_ok(&err, gw_encode(e, in, &first, &first_len, &err));
        assert_true(first_len < len);
        assert_ch_ok(&err, gw_encode(e, in, &second, &second_len, &err));
        assert_int_equal(first_len, second_len);
        assert_memory_equal(first, second, first_len);
        if (e == GW_GZIP) {
            struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
            assert_int_equal(libdeflate_gzip_decompress(d, first, first_len, back, len, &back_len),
                             LIBDEFLATE_SUCCESS);
            libdeflate_free_decompressor(d);
        } else {
            back_len = ZSTD_decompress(back, len, first, first_len);
        }
        assert_int_equal(back_len, len);
        assert_memory_equal(back, in.ptr, len);
        free(first);
        free(second);
    }
    free(back);
    free((char *)(uintptr_t)in.ptr);
}

static void test_round_trip(void **state)
{
    (void)state;
    check(1000);
    check(1000000);
}

/* Also what does not get smaller: who asked for a file of that type gets one. */
static void test_document(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1000, 3000000};
    for (size_t i = 0; i < CH_ARRAY_LEN(sizes); i++) {
        struct ch_str in = text(sizes[i] + 1);
        struct ch_err err;
        char *packed;
        size_t len;
        in.len = sizes[i];
        assert_ch_ok(&err, gw_zstd_document(in, &packed, &len, &err));
        assert_int_equal(ZSTD_getFrameContentSize(packed, len), in.len);
        char *back = ch_alloc(in.len + 1);
        ZSTD_DCtx *reader = ZSTD_createDCtx();
        ZSTD_DCtx_setParameter(reader, ZSTD_d_windowLogMax, 23); /* 8 MiB, as clients have it */
        assert_int_equal(ZSTD_decompressDCtx(reader, back, in.len, packed, len), in.len);
        assert_memory_equal(back, in.ptr, in.len);
        ZSTD_freeDCtx(reader);
        free(back);
        free(packed);
        free((char *)(uintptr_t)in.ptr);
    }
}

static void test_not_smaller(void **state)
{
    (void)state;
    char *out;
    size_t len;
    struct ch_err err;
    assert_ch_code(CH_E_LIMIT, gw_encode(GW_GZIP, CH_STR("x1"), &out, &len, &err));
    assert_ch_code(CH_E_LIMIT, gw_encode(GW_ZSTD, CH_STR("x1"), &out, &len, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_document),
                                       cmocka_unit_test(test_not_smaller)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
