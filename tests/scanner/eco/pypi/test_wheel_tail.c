/* METADATA from the last bytes of a wheel: as the keeper asks for it, and whatever is unusual left
 * alone. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "scan_run.h"
#include "scanner/eco/pypi/wheel/wheel.h"
#include "wheel_build.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static void tail_run(struct scan_run *r, struct ch_str wheel, size_t from)
{
    struct ch_scan_job job = {.kind = CH_SCAN_TAIL,
                              .file_name = CH_STR("foo_bar-1.0-py3-none-any.whl"),
                              .tail_offset_bytes = from};
    scan_run(r, ch_wheel_tail, &job, ch_str_sub(wheel, from, wheel.len));
}

static uint64_t number(struct ch_str s)
{
    uint64_t v = 0;
    assert_true(ch_str_u64(s, &v));
    return v;
}

/* As the keeper would ask: the end record alone, then the directory, then METADATA too. */
static void test_tail(void **state)
{
    (void)state;
    struct zb b;
    struct scan_run r;
    struct wheel_spec spec = {.version = NULL};
    wheel_build(&b, &spec);
    struct ch_str wheel = ch_buf_str(&b.bytes);
    tail_run(&r, wheel, wheel.len - 22);
    uint64_t directory = number(scan_run_fact(&r, "tail-offset"));
    assert_int_equal(directory, wheel.len - 22 - b.central.len);
    scan_run_done(&r);
    tail_run(&r, wheel, directory);
    assert_null(scan_run_metadata(&r).ptr);
    uint64_t at = number(scan_run_fact(&r, "metadata-offset"));
    scan_run_done(&r);
    tail_run(&r, wheel, at);
    assert_true(ch_str_starts(scan_run_metadata(&r), CH_STR("Metadata-Version: 2.1\n")));
    assert_str_eq(scan_run_fact(&r, "name"), "foo-bar");
    assert_str_eq(scan_run_fact(&r, "metadata-method"), "8");
    char *found = scan_run_findings(&r);
    assert_string_equal(found, "");
    free(found);
    scan_run_done(&r);
    zb_done(&b);
}

enum which { END = 0, CENTRAL, LOCAL };

/* Where that header of METADATA lies, or the end record. */
static size_t header_of(struct ch_str wheel, enum which which)
{
    const struct ch_str name = CH_STR("foo_bar-1.0.dist-info/METADATA");
    size_t at = 0;
    size_t next = 0;
    if (which == END) {
        return wheel.len - 22;
    }
    assert_true(ch_str_find(wheel, name, &at));
    if (which == LOCAL) {
        return at - 30;
    }
    assert_true(
        ch_str_find(ch_str_sub(wheel, at + 1, wheel.len), name, &next)); /* RECORD is packed */
    return at + 1 + next - 46;
}

/* What the tail of `wheel` from `from` on is refused with; CH_OK: it is read. */
static enum ch_code tail_code(struct ch_str wheel, size_t from, uint64_t offset)
{
    struct ch_scan_job job = {.kind = CH_SCAN_TAIL, .tail_offset_bytes = offset};
    struct ch_str tail = ch_str_sub(wheel, from, wheel.len);
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)tail.ptr, .len = tail.len};
    struct ch_err err = {0};
    struct ch_scan_writer *w = ch_scan_writer_new(-1, ch_limits.scan_output_bytes);
    enum ch_code rc = ch_wheel_tail(&job, &in, w, &err);
    assert_int_equal(rc == CH_OK, err.code == CH_OK);
    ch_scan_writer_free(w);
    return rc;
}

static const struct {
    const char *label;
    enum which which;
    size_t at; /* of the header: its byte gets these bits changed */
    uint8_t bits;
    bool both; /* ... in the other header of METADATA, too, at its place there */
    enum ch_code code;
} faults[] = {
    {"no end record", END, 0, 1, false, CH_E_FORMAT},
    {"disk", END, 4, 1, false, CH_E_FORMAT},
    {"disk of the directory", END, 6, 1, false, CH_E_FORMAT},
    {"members of this disk", END, 8, 1, false, CH_E_FORMAT},
    {"members", END, 10, 1, false, CH_E_FORMAT},
    {"size of the directory", END, 12, 1, false, CH_E_UNSUPPORTED},
    {"place of the directory", END, 16, 1, false, CH_E_UNSUPPORTED},
    {"comment", END, 20, 1, false, CH_E_FORMAT},
    {"no header in the directory", CENTRAL, 0, 1, false, CH_E_FORMAT},
    {"flags in the directory", CENTRAL, 8, 2, false, CH_E_FORMAT},
    {"method in the directory", CENTRAL, 10, 1, false, CH_E_FORMAT},
    {"checksum", CENTRAL, 16, 1, false, CH_E_FORMAT},
    {"packed size", CENTRAL, 20, 1, false, CH_E_FORMAT},
    {"size", CENTRAL, 24, 1, false, CH_E_FORMAT},
    {"length of the name in the directory", CENTRAL, 28, 1, false, CH_E_FORMAT},
    {"length of its extra fields", CENTRAL, 30, 1, false, CH_E_FORMAT},
    {"length of its comment", CENTRAL, 32, 1, false, CH_E_FORMAT},
    {"place of the header", CENTRAL, 42, 1, false, CH_E_FORMAT},
    {"place of the header beyond the directory", CENTRAL, 45, 0x40, false, CH_E_UNSUPPORTED},
    {"another name in the directory", CENTRAL, 46, 1, false, CH_E_FORMAT},
    {"no METADATA in the directory", CENTRAL, 46 + 29, 1, false, CH_E_FORMAT},
    {"no header before the data", LOCAL, 0, 1, false, CH_E_FORMAT},
    {"flags before the data", LOCAL, 6, 2, false, CH_E_FORMAT},
    {"encrypted", LOCAL, 6, 1, true, CH_E_FORMAT},
    {"method before the data", LOCAL, 8, 1, false, CH_E_FORMAT},
    {"unknown method", LOCAL, 8, 1, true, CH_E_FORMAT},
    {"stored, with two sizes", LOCAL, 8, 8, true, CH_E_FORMAT},
    {"length of the name before the data", LOCAL, 26, 1, false, CH_E_FORMAT},
    {"length of the extra fields before the data", LOCAL, 28, 1, false, CH_E_FORMAT},
    {"all is extra fields", LOCAL, 29, 0x40, false, CH_E_FORMAT},
    {"another name before the data", LOCAL, 30, 1, false, CH_E_FORMAT},
};

static void flip(struct zb *b, enum which which, size_t at, uint8_t bits)
{
    at += header_of(ch_buf_str(&b->bytes), which);
    b->bytes.ptr[at] = (char)(b->bytes.ptr[at] ^ bits);
}

/* The bytes of a row are changed one at a time, all others being in order. */
static void test_tail_refuses(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(faults); i++) {
        enum {
            LATER_BY = 2
        }; /* the directory's header has the version that made it before these */
        struct zb b;
        struct wheel_spec spec = {.version = NULL};
        wheel_build(&b, &spec);
        assert_int_equal(tail_code(ch_buf_str(&b.bytes), 0, 0), CH_OK);
        if (faults[i].both) {
            flip(&b, CENTRAL, faults[i].at + LATER_BY, faults[i].bits);
        }
        flip(&b, faults[i].which, faults[i].at, faults[i].bits);
        enum ch_code code = tail_code(ch_buf_str(&b.bytes), 0, 0);
        if (code != faults[i].code) {
            print_error("%s: code %d, expected %d\n", faults[i].label, code, faults[i].code);
            wrong++;
        }
        zb_done(&b);
    }
    assert_int_equal(wrong, 0);
}

static enum ch_code code_of_spec(const struct wheel_spec *spec, size_t from, uint64_t offset)
{
    struct zb b;
    wheel_build(&b, spec);
    enum ch_code code = tail_code(ch_buf_str(&b.bytes), from, offset);
    zb_done(&b);
    return code;
}

static void test_tail_of_other_wheels(void **state)
{
    (void)state;
    const struct wheel_spec two = {.more_name = S("evil-1.dist-info/METADATA"), .more = S("x")};
    const struct wheel_spec elsewhere = {.more_name = S("x/evil-1.dist-info/METADATA"),
                                         .more = S("x")};
    const struct wheel_spec none = {.without = "METADATA"};
    const struct wheel_spec zip64 = {.end = {.zip64 = true}};
    const struct wheel_spec plain = {.version = NULL};
    assert_int_equal(code_of_spec(&two, 0, 0), CH_E_FORMAT);
    assert_int_equal(code_of_spec(&elsewhere, 0, 0), CH_OK);
    assert_int_equal(code_of_spec(&none, 0, 0), CH_E_FORMAT);
    assert_int_equal(code_of_spec(&zip64, 0, 0), CH_E_UNSUPPORTED);
    assert_int_equal(code_of_spec(&plain, 0, 1ull << 32), CH_E_UNSUPPORTED);
    for (size_t cut = 0; cut < 22; cut++) { /* less than an end record */
        struct zb b;
        wheel_build(&b, &plain);
        struct ch_str wheel = ch_buf_str(&b.bytes);
        assert_int_equal(tail_code(wheel, wheel.len - cut, wheel.len - cut), CH_E_FORMAT);
        zb_done(&b);
    }
}

/* Every cut and every changed bit: an answer or an error, never a crash, never other metadata. */
static void test_tail_damage(void **state)
{
    (void)state;
    struct zb b;
    struct wheel_spec spec = {.version = NULL};
    wheel_build(&b, &spec);
    struct ch_scan_job job = {.kind = CH_SCAN_TAIL};
    struct ch_err err;
    size_t answered = 0;
    for (size_t i = 0; i < 8 * b.bytes.len; i++) {
        b.bytes.ptr[i / 8] = (char)(b.bytes.ptr[i / 8] ^ 1 << i % 8);
        struct ch_scan_writer *w = ch_scan_writer_new(-1, ch_limits.scan_output_bytes);
        struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)b.bytes.ptr, .len = b.bytes.len};
        answered += ch_wheel_tail(&job, &in, w, &err) == CH_OK;
        ch_scan_writer_free(w);
        b.bytes.ptr[i / 8] = (char)(b.bytes.ptr[i / 8] ^ 1 << i % 8);
    }
    assert_true(answered > 0 && answered < 8 * b.bytes.len);
    zb_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tail),
        cmocka_unit_test(test_tail_refuses),
        cmocka_unit_test(test_tail_of_other_wheels),
        cmocka_unit_test(test_tail_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
