/* What members are judged to be: by their bytes, their names and their places. One member a row, with the
 * findings and facts that it alone must give. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "tests/ch_test.h"
#include "content_rows.h"
#include "customhouse/limits.h"
#include "native_build.h"
#include "scan_run.h"
#include "scanner/content/content.h"
#include "scanner/content/installed.h"
#include "zip_build.h"

/* --- making the member --- */

static void put_native(struct ch_buf *b, enum content_body body, const struct native_spec *s)
{
    if (body == PE) {
        native_pe(b, s);
    } else if (body == MACHO) {
        native_macho(b, s);
    } else {
        native_elf(b, s);
    }
}

/* A zip of one member. */
static void put_zip(struct ch_buf *out, const char *name, struct ch_str content, enum content_body body)
{
    struct zb z;
    struct zb_end end = {.after = {NULL, 0}};
    struct zb_member m = {.name = ch_str_of(name),
                          .content = content,
                          .flags = body == ZIP_ENCRYPTED ? 1 : 0,
                          .method = body == ZIP_METHOD ? 12 : 0}; /* bzip2 */
    if (body == ZIP_FORGED) {
        m.local_name = CH_STR("other");
    }
    zb_init(&z);
    zb_add(&z, &m);
    zb_end(&z, &end);
    struct ch_str bytes = ch_buf_str(&z.bytes);
    ch_buf_puts(out, ch_str_sub(bytes, 0, body == ZIP_CUT ? bytes.len - 30 : bytes.len));
    zb_done(&z);
}

static void put_deflated(struct ch_buf *out, struct ch_str content, int window_bits)
{
    uint8_t packed[1 << 14];
    z_stream z = {.next_in = (z_const Bytef *)(uintptr_t)content.ptr,
                  .avail_in = (uInt)content.len,
                  .next_out = packed,
                  .avail_out = sizeof(packed)};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    ch_buf_put(out, packed, sizeof(packed) - z.avail_out);
    deflateEnd(&z);
}

static void put_gzip(struct ch_buf *out, struct ch_str content)
{
    put_deflated(out, content, MAX_WBITS + 16);
}

static void put_keyed(struct ch_buf *b, struct ch_str bytes, struct ch_str key)
{
    for (size_t i = 0; i < bytes.len; i++) {
        ch_buf_putc(b, (char)(bytes.ptr[i] ^ key.ptr[i % key.len]));
    }
}

/* With an extra field in the header, as writers of blocks that can be sought have it. */
static void put_blocks(struct ch_buf *out, struct ch_str content)
{
    enum { HEADER_BYTES = 10, FLAGS_AT = 3, FLAG_EXTRA = 4 };
    struct ch_buf plain;
    ch_buf_init(&plain, 1 << 16);
    put_gzip(&plain, content);
    plain.ptr[FLAGS_AT] |= FLAG_EXTRA;
    ch_buf_puts(out, ch_str_sub(ch_buf_str(&plain), 0, HEADER_BYTES));
    ch_buf_puts(out, (struct ch_str){"\6\0BC\2\0\x1b\0", 8});
    ch_buf_puts(out, ch_str_sub(ch_buf_str(&plain), HEADER_BYTES, plain.len));
    ch_buf_done(&plain);
}

static void put_zips(struct ch_buf *out, unsigned count)
{
    struct ch_buf inner;
    ch_buf_init(&inner, 1 << 20);
    ch_buf_puts(&inner, CH_STR("text"));
    for (unsigned i = 0; i < count; i++) {
        struct ch_buf outer;
        ch_buf_init(&outer, 1 << 20);
        put_zip(&outer, i == 0 ? "a.txt" : "a.zip", ch_buf_str(&inner), ZIP_TEXT);
        ch_buf_done(&inner);
        inner = outer;
    }
    ch_buf_puts(out, ch_buf_str(&inner));
    ch_buf_done(&inner);
}

/* In lines of 76 digits. */
static void put_digits(struct ch_buf *b, struct ch_str bytes, bool hex)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char hex_digits[] = "0123456789abcdef";
    unsigned width = hex ? 4 : 6;
    uint32_t bits = 0;
    unsigned count = 0;
    size_t put = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        bits = bits << 8 | (uint8_t)bytes.ptr[i];
        for (count += 8; count >= width; count -= width) {
            uint32_t d = bits >> (count - width) & ((1U << width) - 1);
            ch_buf_putc(b, hex ? hex_digits[d] : digits[d]);
            if (++put % 76 == 0) {
                ch_buf_putc(b, '\n');
            }
        }
    }
}

static void put_body(struct ch_buf *b, const struct content_row *row)
{
    struct ch_buf native;
    ch_buf_init(&native, 1 << 16);
    native_elf(&native, &row->native);
    const char *name = row->native.library != NULL ? row->native.library : "a.txt";
    switch (row->body) {
    case TEXT:
        ch_buf_puts(b, row->text);
        break;
    case ELF:
    case PE:
    case MACHO:
        put_native(b, row->body, &row->native);
        break;
    case ZIP_ELF:
        put_zip(b, "a/x.so", ch_buf_str(&native), row->body);
        break;
    case ZIP_TEXT:
    case ZIP_FORGED:
    case ZIP_CUT:
    case ZIP_ENCRYPTED:
        put_zip(b, name, row->text.len > 0 ? row->text : CH_STR("text"), row->body);
        break;
    case ZIP_BEHIND:
        ch_buf_puts(b, row->text);
        put_zip(b, name, CH_STR("text"), ZIP_TEXT);
        break;
    case ZIP_ZIP:
        put_zips(b, 2);
        break;
    case ZIP_DEEP:
        put_zips(b, (unsigned)ch_limits.nested_depth + 1);
        break;
    case ELF_BEHIND:
        ch_buf_puts(b, row->text);
        ch_buf_puts(b, ch_buf_str(&native));
        break;
    case ELF_BASE64:
    case ELF_HEX:
        ch_buf_puts(b, row->text);
        put_digits(b, ch_buf_str(&native), row->body == ELF_HEX);
        break;
    case PE_KEY:
        ch_buf_clear(&native);
        native_pe(&native, &row->native);
        put_keyed(b, ch_buf_str(&native), row->text);
        break;
    case ELF_KEY:
        put_keyed(b, ch_buf_str(&native), row->text);
        break;
    case ELF_ZLIB:
    case ELF_ZLIB_CUT:
        put_deflated(b, ch_buf_str(&native), MAX_WBITS);
        b->len -= row->body == ELF_ZLIB_CUT ? 6 : 0;
        break;
    case ZIP_BETWEEN:
        ch_buf_puts(b, row->text);
        put_zip(b, "__main__.py", CH_STR("text"), ZIP_TEXT);
        ch_buf_puts(b, CH_STR("and more, which is no comment"));
        break;
    case ZIP_BETWEEN_TEXT:
        ch_buf_puts(b, row->text);
        put_zip(b, "[Content_Types].xml", CH_STR("text"), ZIP_TEXT);
        ch_buf_puts(b, CH_STR("and more of the document"));
        break;
    case ZIP_METHOD:
        put_zip(b, name, CH_STR("text"), row->body);
        break;
    case GZIP_TWO:
        put_gzip(b, ch_str_sub(ch_buf_str(&native), 0, 100));
        put_gzip(b, ch_str_sub(ch_buf_str(&native), 100, native.len));
        break;
    case GZIP_SUM:
        put_gzip(b, ch_buf_str(&native));
        b->ptr[b->len - 8] ^= 1;
        break;
    case GZIP_EXTRA:
        put_blocks(b, ch_buf_str(&native));
        break;
    case GZIP_AFTER:
        put_gzip(b, CH_STR("a,b\n"));
        ch_buf_puts(b, ch_buf_str(&native));
        break;
    case GZIP_ZIP:
        put_gzip(b, CH_STR("a,b\n"));
        put_zip(b, name, CH_STR("text"), ZIP_TEXT);
        break;
    case GZIP:
        put_gzip(b, CH_STR("a,b\n"));
        break;
    case GZIP_ELF:
        put_gzip(b, ch_buf_str(&native));
        break;
    }
    ch_buf_done(&native);
}

/* --- running it --- */

static const struct content_row *now;

/* As the wheel inspector places them, as far as the rows need it. */
static enum ch_code_place place_of(void *arg CH_UNUSED, struct ch_str path)
{
    size_t at;
    bool top = !ch_str_find_char(path, '/', &at);
    if (ch_str_find(path, CH_STR("tests/"), &at)) {
        return CH_PLACE_TEST;
    }
    if (ch_str_ends(path, CH_STR(".zip")) || ch_str_ends(path, CH_STR(".npz"))) {
        return CH_PLACE_NONE;
    }
    return top && (ch_str_ends(path, CH_STR(".pth")) ||
                   ch_str_starts(path, CH_STR("sitecustomize")))
               ? CH_PLACE_START
               : CH_PLACE_IMPORT;
}

static struct ch_installed installed(void *arg CH_UNUSED, struct ch_str path)
{
    return ch_installed_of_wheel(path);
}

static bool read_none(void *arg CH_UNUSED, struct ch_str path CH_UNUSED,
                      struct ch_buf *ret CH_UNUSED)
{
    return false;
}

static enum ch_code inspect(const struct ch_scan_job *job, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_content_options o = {.job = job,
                                   .out = out,
                                   .kind = now->kind,
                                   .project = CH_STR("Foo"),
                                   .platform = ch_str_of(now->platform),
                                   .noun = "wheel",
                                   .platform_known = "the file name",
                                   .place = place_of,
                                   .read = read_none};
    if (now->kind == CH_CONTENT_BUILT) {
        o.installed = installed;
    }
    struct ch_content *c = ch_content_new(&o);
    struct ch_content_member m = {
        .path = ch_str_of(now->path),
        .type = CH_MEMBER_FILE,
        .bytes = {(const char *)in->ptr, now->head > 0 ? now->head : in->len},
        .size_bytes = in->len};
    ch_content_see(c, &m);
    ch_content_end(c);
    ch_content_free(c);
    return ch_scan_writer_ok(out, err);
}

static void put_facts(struct ch_buf *b, const struct scan_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->records[i].type == CH_REC_FACT &&
            !ch_str_ends(r->records[i].u.fact.name, CH_STR("capability"))) {
            ch_buf_puts(b, b->len > 0 ? CH_STR("; ") : CH_STR(""));
            ch_buf_puts(b, r->records[i].u.fact.name);
            ch_buf_putc(b, ' ');
            ch_buf_puts(b, r->records[i].u.fact.value);
        }
    }
}

static bool run_row(const struct content_row *row)
{
    struct ch_buf body;
    struct ch_buf facts;
    struct scan_run r;
    struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT};
    ch_buf_init(&body, 1 << 20);
    ch_buf_init(&facts, 1 << 16);
    put_body(&body, row);
    now = row;
    scan_run(&r, inspect, &job, ch_buf_str(&body));
    put_facts(&facts, &r);
    char *found = scan_run_findings(&r);
    bool ok = strcmp(found, row->findings) == 0 &&
              ch_str_eq(ch_buf_str(&facts), ch_str_of(row->facts));
    if (!ok) {
        scan_run_print(&r);
        print_error("%s: found \"%s\" and \"%.*s\", expected \"%s\" and \"%s\"\n", row->label, found,
                    CH_STR_ARG(ch_buf_str(&facts)), row->findings, row->facts);
    }
    free(found);
    scan_run_done(&r);
    ch_buf_done(&facts);
    ch_buf_done(&body);
    return ok;
}

static void test_rows(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < content_row_count; i++) {
        wrong += !run_row(&content_rows[i]);
    }
    assert_int_equal(wrong, 0);
}

static void test_limits(void **state)
{
    (void)state;
    struct ch_limits before = ch_limits;
    const struct content_row zip = {"bytes inside", "foo/x.zip", ANY, .body = ZIP_TEXT, .findings = "",
                            .facts = "content zip"};
    struct content_row row = zip;
    ch_limits.nested_bytes = 4;
    assert_true(run_row(&row));
    ch_limits.nested_bytes = 3;
    row.findings = "limit";
    assert_true(run_row(&row));
    ch_limits = before;
    row.findings = "";
    ch_limits.nested_depth = 1;
    assert_true(run_row(&row));
    ch_limits.nested_depth = 0;
    row.findings = "nested-limit";
    assert_true(run_row(&row));
    ch_limits = before;
    row = (struct content_row){"told as a number", "foo/x.7z", ANY, .text = S("7z\xbc\xaf\x27\x1c"),
                       .findings = "nested-unreadable", .facts = "content 7z"};
    ch_limits.content_repeats = 0;
    assert_true(run_row(&row));
    ch_limits = before;
    row = zip;
    ch_limits.content_names = 1;
    row.findings = "";
    assert_true(run_row(&row));
    ch_limits.content_names = 0;
    row.findings = "limit";
    row.facts = "";
    assert_true(run_row(&row));
    ch_limits = before;
}

/* A library that lies in the archive is none that the code brings in from outside. */
static enum ch_code inspect_two(const struct ch_scan_job *job, const struct ch_input *in CH_UNUSED,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_content_options o = {.job = job, .out = out, .place = place_of, .read = read_none};
    struct ch_content *c = ch_content_new(&o);
    static const struct native_spec needs = {.library = "libown.so"};
    static const struct native_spec own = {.library = "libother.so"};
    static const char *const paths[] = {"foo/x.so", "foo.libs/libown.so"};
    for (size_t i = 0; i < 2; i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1 << 16);
        native_elf(&b, i == 0 ? &needs : &own);
        struct ch_content_member m = {.path = ch_str_of(paths[i]),
                                      .type = CH_MEMBER_FILE,
                                      .bytes = ch_buf_str(&b),
                                      .size_bytes = b.len};
        ch_content_see(c, &m);
        ch_buf_done(&b);
    }
    ch_content_see(c, &(struct ch_content_member){.path = CH_STR("foo/link"),
                                                  .type = CH_MEMBER_SYMLINK,
                                                  .link = CH_STR("x.so")});
    ch_content_entry_point(c, CH_STR("pytest11"), CH_STR("x"), CH_STR("x"));
    ch_content_entry_point(c, CH_STR("console_scripts"), CH_STR("git"), CH_STR("x:y"));
    ch_content_entry_point(c, CH_STR("console_scripts"), CH_STR("foo"), CH_STR("x:y"));
    ch_content_entry_point(c, CH_STR("foo.plugins"), CH_STR("git"), CH_STR("x"));
    ch_content_end(c);
    ch_content_free(c);
    return ch_scan_writer_ok(out, err);
}

static void test_whole(void **state)
{
    (void)state;
    struct ch_buf facts;
    struct scan_run r;
    struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT};
    ch_buf_init(&facts, 1 << 16);
    scan_run(&r, inspect_two, &job, CH_STR("x"));
    put_facts(&facts, &r);
    assert_str_eq(ch_buf_str(&facts), "native elf x86-64; auto-load entry-point pytest11; "
                                      "auto-load script git; library libother.so");
    char *found = scan_run_findings(&r);
    assert_string_equal(found, "symlink");
    free(found);
    scan_run_done(&r);
    ch_buf_done(&facts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
