/* Streams of a Content-Encoding: cut and damaged at each of their bytes, in pieces of any size. */
#include "tests/ch_test.h"

#include <stdlib.h>
#include <string.h>

#include <zlib.h>
#include <zstd.h>

#include "proxy/fetcher/coding.h"

#define TEXT_BYTES 300000

static char text[TEXT_BYTES];

/* Long enough for several pieces of output, and small when it is packed. */
static void make_text(void)
{
    for (size_t i = 0; i < TEXT_BYTES; i++) {
        text[i] = (char)('a' + i / 1000 % 26);
    }
}

static void put_gzip(struct ch_buf *b, struct ch_str what)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, what.len);
    unsigned char *at = ch_calloc(1, room);
    z.next_in = (z_const Bytef *)(uintptr_t)what.ptr;
    z.avail_in = (uInt)what.len;
    z.next_out = at;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    ch_buf_puts(b, (struct ch_str){(char *)at, room - z.avail_out});
    deflateEnd(&z);
    free(at);
}

static void put_zstd(struct ch_buf *b, struct ch_str what)
{
    size_t room = ZSTD_compressBound(what.len);
    char *at = ch_calloc(1, room);
    ZSTD_CCtx *c = ZSTD_createCCtx();
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1)));
    size_t n = ZSTD_compress2(c, at, room, what.ptr, what.len);
    assert_false(ZSTD_isError(n));
    ch_buf_puts(b, (struct ch_str){at, n});
    ZSTD_freeCCtx(c);
    free(at);
}

/* One stream of the text, or two with the second half in the second. */
static void make_stream(struct ch_buf *b, enum ch_coding_kind kind, bool two)
{
    struct ch_str all = {text, TEXT_BYTES};
    size_t half = two ? TEXT_BYTES / 2 : TEXT_BYTES;
    ch_buf_init(b, 1u << 20);
    for (size_t at = 0; at < TEXT_BYTES; at += half) {
        struct ch_str part = ch_str_sub(all, at, half);
        if (kind == CH_CODING_GZIP) {
            put_gzip(b, part);
        } else {
            put_zstd(b, part);
        }
    }
}

/* Handed over in pieces of `step` bytes; what comes out before a failure is of the text. */
static enum ch_code decode(enum ch_coding_kind kind, struct ch_str in, size_t step,
                           size_t *ret_bytes, struct ch_err *err)
{
    struct ch_coding *c = ch_coding_new(kind);
    enum ch_code rc = CH_OK;
    *ret_bytes = 0;
    while (rc == CH_OK && in.len > 0) {
        struct ch_str piece = ch_str_sub(in, 0, step);
        struct ch_str out = {NULL, 0};
        in = ch_str_sub(in, piece.len, in.len);
        do {
            rc = ch_coding_next(c, &piece, &out, err);
            if (rc == CH_OK) {
                *ret_bytes += out.len;
            }
        } while (rc == CH_OK && (piece.len > 0 || out.len == CH_CODING_PIECE_BYTES));
    }
    rc = rc == CH_OK ? ch_coding_end(c, err) : rc;
    ch_coding_free(c);
    return rc;
}

static const enum ch_coding_kind kinds[] = {CH_CODING_GZIP, CH_CODING_ZSTD};

static void test_names(void **state)
{
    (void)state;
    assert_int_equal(ch_coding_of(CH_STR("GZip")), CH_CODING_GZIP);
    assert_int_equal(ch_coding_of(CH_STR("x-gzip")), CH_CODING_GZIP);
    assert_int_equal(ch_coding_of(CH_STR("zstd")), CH_CODING_ZSTD);
    assert_int_equal(ch_coding_of(CH_STR("deflate")), CH_CODING_OTHER);
    assert_int_equal(ch_coding_of(CH_STR("")), CH_CODING_OTHER);
}

static void test_whole_in_pieces_of_any_size(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct ch_buf b;
        struct ch_err err;
        size_t bytes;
        make_stream(&b, kinds[i / 2], i % 2 == 1);
        for (size_t step = 1; step < b.len + 100; step = step * 2 + 1) {
            assert_int_equal(decode(kinds[i / 2], ch_buf_str(&b), step, &bytes, &err), CH_OK);
            assert_int_equal(bytes, TEXT_BYTES);
        }
        ch_buf_done(&b);
    }
}

static void test_cut_at_each_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct ch_buf b;
        struct ch_err err;
        size_t bytes;
        size_t first;
        make_stream(&b, kinds[i / 2], false);
        first = b.len;
        if (i % 2 == 1) {
            ch_buf_done(&b);
            make_stream(&b, kinds[i / 2], true);
            struct ch_buf one; /* the cut between the two leaves a whole one */
            ch_buf_init(&one, 1u << 20);
            if (kinds[i / 2] == CH_CODING_GZIP) {
                put_gzip(&one, (struct ch_str){text, TEXT_BYTES / 2});
            } else {
                put_zstd(&one, (struct ch_str){text, TEXT_BYTES / 2});
            }
            first = one.len;
            ch_buf_done(&one);
        }
        for (size_t len = 0; len < b.len; len++) {
            enum ch_code rc =
                decode(kinds[i / 2], ch_str_sub(ch_buf_str(&b), 0, len), 65536, &bytes, &err);
            if (len == first) {
                assert_int_equal(rc, CH_OK);
                assert_int_equal(bytes, TEXT_BYTES / 2);
            } else if (rc != CH_E_CLOSED) {
                fail_msg("%zu of %zu bytes: %s (%s)", len, b.len, ch_code_name(rc),
                         rc == CH_OK ? "" : err.msg);
            }
        }
        ch_buf_done(&b);
    }
}

/* Its checksum covers the text: a changed byte is seen, or changes nothing (gzip's time of day). */
static void test_damage_at_each_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ch_buf b;
        struct ch_err err;
        size_t bytes;
        size_t passed = 0;
        make_stream(&b, kinds[i], false);
        for (size_t at = 0; at < b.len; at++) {
            b.ptr[at] = (char)(b.ptr[at] ^ 0x11);
            enum ch_code rc = decode(kinds[i], ch_buf_str(&b), 65536, &bytes, &err);
            if (rc == CH_OK) {
                assert_int_equal(bytes, TEXT_BYTES);
                passed++;
            }
            b.ptr[at] = (char)(b.ptr[at] ^ 0x11);
        }
        assert_in_range(passed, 0, 6);
        ch_buf_done(&b);
    }
}

static void test_what_follows(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ch_buf b;
        struct ch_err err;
        size_t bytes;
        make_stream(&b, kinds[i], true);
        ch_buf_puts(&b, CH_STR("not of it"));
        for (size_t step = 1; step < b.len * 2; step = step * 2 + 1) {
            assert_int_equal(decode(kinds[i], ch_buf_str(&b), step, &bytes, &err), CH_E_FORMAT);
            assert_non_null(strstr(err.msg, "followed by what is no part of it"));
        }
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_whole_in_pieces_of_any_size),
        cmocka_unit_test(test_cut_at_each_byte),
        cmocka_unit_test(test_damage_at_each_byte),
        cmocka_unit_test(test_what_follows),
    };
    make_text();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
