/* The stream readers: honest streams come out whole, every rule has one that breaks it. */
#include <stdio.h>
#include <stdlib.h>

#include <libdeflate.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "corpus.h"
#include "pack.h"

static const char *corpus_dir;
static const struct ch_str nothing = {NULL, 0};
static const char words[] = "the quick brown fox jumps over the lazy dog; ";

static struct ch_buf content_of(size_t len)
{
    struct ch_buf b;
    uint32_t x = 1;
    ch_buf_init(&b, len + sizeof(words));
    while (b.len < len) {
        x = x * 1103515245 + 12345;
        ch_buf_put(&b, words + x % 40, 1 + x / 64 % 5);
    }
    b.len = len;
    return b;
}

/* Reads all, in pieces of `piece`. Returns the finding, CH_F_NONE when there is none. */
static enum ch_finding_code read_all(enum ch_stream_format format, struct ch_str packed,
                                     size_t piece, struct ch_buf *ret)
{
    struct ch_stream *s = ch_stream_new(format, packed);
    struct ch_err err = {.code = CH_OK};
    enum ch_finding_code code = CH_F_NONE;
    char *room = ch_alloc(piece);
    size_t got = 1;
    enum ch_code rc = CH_OK;
    while (rc == CH_OK && got > 0) {
        rc = ch_stream_read(s, room, piece, &got, &code, &err);
        if (rc == CH_OK) {
            ch_buf_put(ret, room, got);
        }
    }
    assert_int_equal(rc == CH_OK, code == CH_F_NONE);
    if (rc != CH_OK) { /* and it stays so */
        enum ch_finding_code again = CH_F_NONE;
        assert_int_equal(ch_stream_read(s, room, piece, &got, &again, &err), rc);
        assert_int_equal(again, code);
        assert_int_equal(rc,
                         code == CH_F_LIMIT || code == CH_F_STREAM_BOMB ? CH_E_LIMIT : CH_E_FORMAT);
    }
    free(room);
    ch_stream_free(s);
    return code;
}

static void write_corpus(const char *label, enum ch_stream_format format, struct ch_str packed)
{
    struct ch_buf b;
    if (corpus_dir != NULL && packed.len < 65536) {
        ch_buf_init(&b, packed.len + 1);
        ch_put_u8(&b, (uint8_t)format);
        ch_buf_puts(&b, packed);
        assert_true(corpus_write(corpus_dir, label, ch_buf_str(&b)));
        ch_buf_done(&b);
    }
}

/* By either way, and in one piece where that is possible. */
static void expect(const char *label, enum ch_stream_format format, struct ch_str packed,
                   struct ch_str content, enum ch_finding_code expected)
{
    static const size_t pieces[] = {1 << 20, 4096, 7};
    write_corpus(label, format, packed);
    for (size_t i = 0; i < CH_ARRAY_LEN(pieces); i++) {
        struct ch_buf out;
        ch_buf_init(&out, 1 << 24);
        enum ch_finding_code code = read_all(format, packed, pieces[i], &out);
        if (code != expected) {
            fail_msg("%s: %s", label,
                     code == CH_F_NONE ? "nothing" : ch_finding_row((uint32_t)code)->name);
        }
        if (expected == CH_F_NONE && !ch_str_eq(ch_buf_str(&out), content)) {
            fail_msg("%s: other content", label);
        }
        ch_buf_done(&out);
    }
    struct ch_stream *s = ch_stream_new(format, packed);
    struct ch_str whole = ch_stream_whole(s);
    if (whole.ptr != NULL && (expected != CH_F_NONE || !ch_str_eq(whole, content))) {
        fail_msg("%s: other content, as a whole", label);
    }
    bool at_once = format == CH_STREAM_NONE || format == CH_STREAM_GZIP;
    if (expected == CH_F_NONE && content.len > 0 && at_once != (whole.ptr != NULL)) {
        fail_msg("%s: %sas a whole", label, at_once ? "not " : "");
    }
    ch_stream_free(s);
}

static const enum ch_stream_format all[] = {CH_STREAM_NONE, CH_STREAM_GZIP, CH_STREAM_BZIP2,
                                            CH_STREAM_XZ, CH_STREAM_ZSTD, CH_STREAM_LZMA};
#define PACKED (all + 1)
enum { PACKED_COUNT = 4 };

static void test_honest(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 1000, 300000};
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        for (size_t k = 0; k < CH_ARRAY_LEN(sizes); k++) {
            char label[64];
            struct ch_buf content = content_of(sizes[k]);
            struct ch_buf packed;
            ch_buf_init(&packed, 1 << 20);
            pack(&packed, all[i], ch_buf_str(&content));
            snprintf(label, sizeof(label), "honest %s %zu", ch_stream_name(all[i]), sizes[k]);
            expect(label, all[i], ch_buf_str(&packed), ch_buf_str(&content), CH_F_NONE);
            assert_int_equal(ch_stream_detect(ch_buf_str(&packed)), all[i]);
            ch_buf_done(&packed);
            ch_buf_done(&content);
        }
    }
}

/* What may stand behind a stream: nothing. */
static void test_behind(void **state)
{
    (void)state;
    struct ch_buf content = content_of(1000);
    for (size_t i = 0; i < PACKED_COUNT; i++) {
        struct ch_buf packed;
        char label[64];
        enum ch_stream_format format = PACKED[i];
        ch_buf_init(&packed, 1 << 20);
        pack(&packed, format, ch_buf_str(&content));
        size_t len = packed.len;
        ch_buf_putc(&packed, 'x');
        snprintf(label, sizeof(label), "%s trailing byte", ch_stream_name(format));
        expect(label, format, ch_buf_str(&packed), nothing, CH_F_STREAM_TRAILING);
        packed.len = len;
        ch_buf_puts(&packed, CH_STR("\0\0\0\0\0\0\0\0"));
        snprintf(label, sizeof(label), "%s trailing zeros", ch_stream_name(format));
        expect(label, format, ch_buf_str(&packed), nothing, CH_F_STREAM_TRAILING);
        packed.len = len;
        pack(&packed, format, CH_STR("more"));
        snprintf(label, sizeof(label), "%s twice", ch_stream_name(format));
        expect(label, format, ch_buf_str(&packed), nothing, CH_F_STREAM_MEMBERS);
        ch_buf_done(&packed);
    }
    ch_buf_done(&content);
}

/* Cut anywhere, or with any bit turned over: refused, or the same content (fields nobody needs). */
static void test_damaged(void **state)
{
    (void)state;
    struct ch_buf content = content_of(700);
    struct ch_buf out;
    ch_buf_init(&out, 1 << 24);
    for (size_t i = 0; i < PACKED_COUNT; i++) {
        struct ch_buf packed;
        ch_buf_init(&packed, 1 << 20);
        pack(&packed, PACKED[i], ch_buf_str(&content));
        for (size_t len = 0; len < packed.len; len++) {
            ch_buf_clear(&out);
            struct ch_str cut = ch_str_sub(ch_buf_str(&packed), 0, len);
            assert_int_equal(read_all(PACKED[i], cut, 4096, &out), CH_F_STREAM_UNREADABLE);
        }
        for (size_t bit = 0; bit < 8 * packed.len; bit++) {
            ch_buf_clear(&out);
            packed.ptr[bit / 8] = (char)(packed.ptr[bit / 8] ^ 1 << bit % 8);
            if (read_all(PACKED[i], ch_buf_str(&packed), 4096, &out) == CH_F_NONE) {
                assert_true(ch_str_eq(ch_buf_str(&out), ch_buf_str(&content)));
            }
            packed.ptr[bit / 8] = (char)(packed.ptr[bit / 8] ^ 1 << bit % 8);
        }
        ch_buf_done(&packed);
    }
    ch_buf_done(&out);
    ch_buf_done(&content);
}

static void test_gzip(void **state)
{
    (void)state;
    struct ch_buf content = content_of(1000);
    struct ch_buf header;
    ch_buf_init(&header, 100);
    pack_gzip(&header, 2, nothing, CH_STR("x"));
    uint16_t hcrc = (uint16_t)libdeflate_crc32(0, header.ptr, 10);
    char sum[] = {(char)(hcrc & 0xff), (char)(hcrc >> 8)};
    char other[] = {sum[0], (char)(sum[1] ^ 1)};
    const struct {
        const char *label;
        uint8_t flags;
        struct ch_str fields;
        enum ch_finding_code expected;
    } rows[] = {
        {"gzip name", 8, CH_STR("pkg-1.tar\0"), CH_F_NONE},
        {"gzip name and comment", 24, CH_STR("pkg-1.tar\0hello\0"), CH_F_NONE},
        {"gzip text", 1, nothing, CH_F_NONE},
        {"gzip header checksum", 2, {sum, 2}, CH_F_NONE},
        {"gzip header checksum wrong", 2, {other, 2}, CH_F_GZIP_HEADER},
        {"gzip extra field", 4, CH_STR("\6\0BC\2\0\0\0"), CH_F_GZIP_HEADER},
        {"gzip reserved flag", 32, nothing, CH_F_GZIP_HEADER},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf packed;
        ch_buf_init(&packed, 1 << 20);
        pack_gzip(&packed, rows[i].flags, rows[i].fields, ch_buf_str(&content));
        expect(rows[i].label, CH_STREAM_GZIP, ch_buf_str(&packed), ch_buf_str(&content),
               rows[i].expected);
        ch_buf_done(&packed);
    }
    ch_buf_clear(&header);
    pack(&header, CH_STREAM_GZIP, CH_STR("x"));
    header.ptr[header.len - 8] = (char)(header.ptr[header.len - 8] ^ 1);
    expect("gzip checksum", CH_STREAM_GZIP, ch_buf_str(&header), nothing, CH_F_STREAM_CHECKSUM);
    header.ptr[header.len - 8] = (char)(header.ptr[header.len - 8] ^ 1);
    header.ptr[header.len - 4] = 2;
    expect("gzip size", CH_STREAM_GZIP, ch_buf_str(&header), nothing, CH_F_STREAM_CHECKSUM);
    header.ptr[header.len - 4] = 0;
    expect("gzip size less", CH_STREAM_GZIP, ch_buf_str(&header), nothing, CH_F_STREAM_CHECKSUM);
    ch_buf_done(&header);
    ch_buf_done(&content);
}

static void test_zstd(void **state)
{
    (void)state;
    static const char skippable[] = "\x5e\x2a\x4d\x18\3\0\0\0abc";
    struct ch_buf content = content_of(5000);
    struct ch_buf packed;
    ch_buf_init(&packed, 1 << 20);
    pack_zstd(&packed, 0, false, ch_buf_str(&content));
    expect("zstd without size", CH_STREAM_ZSTD, ch_buf_str(&packed), ch_buf_str(&content),
           CH_F_NONE);
    ch_buf_put(&packed, skippable, 11);
    expect("zstd skippable behind", CH_STREAM_ZSTD, ch_buf_str(&packed), nothing,
           CH_F_STREAM_SKIPPABLE);
    ch_buf_clear(&packed);
    ch_buf_put(&packed, skippable, 11);
    pack(&packed, CH_STREAM_ZSTD, ch_buf_str(&content));
    assert_int_equal(ch_stream_detect(ch_buf_str(&packed)), CH_STREAM_ZSTD);
    expect("zstd skippable before", CH_STREAM_ZSTD, ch_buf_str(&packed), nothing,
           CH_F_STREAM_SKIPPABLE);
    ch_buf_clear(&packed);
    pack(&packed, CH_STREAM_ZSTD, ch_buf_str(&content));
    packed.ptr[packed.len - 1] = (char)(packed.ptr[packed.len - 1] ^ 1);
    expect("zstd checksum", CH_STREAM_ZSTD, ch_buf_str(&packed), nothing, CH_F_STREAM_CHECKSUM);
    /* magic, descriptor (single segment, one byte of dictionary, two of size), dictionary, size */
    expect("zstd dictionary", CH_STREAM_ZSTD, CH_STR("\x28\xb5\x2f\xfd\x21\x07\x01\x09\0\0x"),
           nothing, CH_F_STREAM_WINDOW);
    expect("zstd reserved bit", CH_STREAM_ZSTD, CH_STR("\x28\xb5\x2f\xfd\x28\x01\x09\0\0x"),
           nothing, CH_F_STREAM_UNREADABLE);
    expect("zstd one byte", CH_STREAM_ZSTD, CH_STR("\x28\xb5\x2f\xfd\x20\x01\x09\0\0x"),
           CH_STR("x"), CH_F_NONE);
    expect("zstd states two bytes", CH_STREAM_ZSTD, CH_STR("\x28\xb5\x2f\xfd\x20\x02\x09\0\0x"),
           nothing, CH_F_STREAM_UNREADABLE);
    ch_buf_done(&packed);
    ch_buf_done(&content);
}

static void test_window(void **state)
{
    (void)state;
    uint64_t saved = ch_limits.stream_window_bytes;
    struct ch_buf content = content_of(5000);
    struct ch_buf packed;
    ch_buf_init(&packed, 1 << 20);
    pack_zstd(&packed, 20, false, ch_buf_str(&content));
    ch_limits.stream_window_bytes = 1 << 20;
    expect("zstd window", CH_STREAM_ZSTD, ch_buf_str(&packed), ch_buf_str(&content), CH_F_NONE);
    ch_limits.stream_window_bytes = (1 << 20) - 1;
    expect("zstd window too large", CH_STREAM_ZSTD, ch_buf_str(&packed), nothing,
           CH_F_STREAM_WINDOW);
    ch_buf_clear(&packed);
    pack(&packed, CH_STREAM_XZ, ch_buf_str(&content)); /* preset 1: 1 MiB of dictionary */
    ch_limits.stream_window_bytes = 1 << 20;
    expect("xz window too large", CH_STREAM_XZ, ch_buf_str(&packed), nothing, CH_F_STREAM_WINDOW);
    ch_limits.stream_window_bytes = 2 << 20;
    expect("xz window", CH_STREAM_XZ, ch_buf_str(&packed), ch_buf_str(&content), CH_F_NONE);
    ch_limits.stream_window_bytes = saved;
    ch_buf_done(&packed);
    ch_buf_done(&content);
}

static void test_expansion(void **state)
{
    (void)state;
    uint64_t unpacked = ch_limits.archive_unpacked_bytes;
    uint64_t from = ch_limits.archive_ratio_from_bytes;
    struct ch_buf content;
    ch_buf_init(&content, 1 << 20);
    while (content.len < 100000) {
        ch_buf_putc(&content, ' ');
    }
    for (size_t i = 0; i < PACKED_COUNT; i++) {
        struct ch_buf packed;
        ch_buf_init(&packed, 1 << 20);
        pack(&packed, PACKED[i], ch_buf_str(&content));
        ch_limits.archive_ratio_from_bytes = 100000;
        expect("expansion at the limit", PACKED[i], ch_buf_str(&packed), ch_buf_str(&content),
               CH_F_NONE);
        ch_limits.archive_ratio_from_bytes = 99999;
        expect("expansion beyond the limit", PACKED[i], ch_buf_str(&packed), nothing,
               CH_F_STREAM_BOMB);
        ch_limits.archive_ratio_from_bytes = from;
        ch_limits.archive_unpacked_bytes = 99999;
        expect("size beyond the limit", PACKED[i], ch_buf_str(&packed), nothing, CH_F_LIMIT);
        ch_limits.archive_unpacked_bytes = unpacked;
        ch_buf_done(&packed);
    }
    ch_buf_done(&content);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(ch_stream_name(CH_STREAM_XZ), "xz");
    assert_int_equal(ch_stream_detect(CH_STR("")), CH_STREAM_NONE);
    assert_int_equal(ch_stream_detect(CH_STR("\x1f")), CH_STREAM_NONE);
    /* Behind gzip's two bytes stands the method, and RFC 1952 knows one. */
    assert_int_equal(ch_stream_detect(CH_STR("\x1f\x8b\x08")), CH_STREAM_GZIP);
    assert_int_equal(ch_stream_detect(CH_STR("\x1f\x8b\x07 random bytes")), CH_STREAM_NONE);
    assert_int_equal(ch_stream_detect(CH_STR("BZh1")), CH_STREAM_BZIP2);
    assert_int_equal(ch_stream_detect(CH_STR("BZhang/setup.py")), CH_STREAM_NONE);
    assert_int_equal(ch_stream_detect(CH_STR("PK\3\4")), CH_STREAM_NONE);
    assert_int_equal(ch_stream_detect(CH_STR("\x50\x2a\x4d\x18")), CH_STREAM_ZSTD);
    assert_int_equal(ch_stream_detect(CH_STR("\x60\x2a\x4d\x18")), CH_STREAM_NONE);
}

/* test_stream CORPUS_DIR writes every stream there. */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest),    cmocka_unit_test(test_behind),
        cmocka_unit_test(test_damaged),   cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_zstd),      cmocka_unit_test(test_window),
        cmocka_unit_test(test_expansion), cmocka_unit_test(test_names),
    };
    corpus_dir = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
