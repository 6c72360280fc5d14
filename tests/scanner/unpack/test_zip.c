/* The strict ZIP reader: one hostile archive per rule, each with exactly the findings it deserves,
 * and honest ones with none. Every archive also goes through the second opinion: on honest ones
 * both list the same members. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "scanner/unpack/second.h"
#include "zip_rows.h"

static const struct ch_scan_job no_job;

/* clang-format off */
static const struct zip_row rows[] = {
    {"nothing special", NO_MEMBER, AS_IS, "", true},
    {"stored", {FILE_NAMED("pkg/a.py")}, AS_IS, "", true},
    {"deflated", {FILE_NAMED("pkg/a.py"), .deflate = true}, AS_IS, "", true},
    {"folder", {.name = S("pkg/sub/"), .unix_mode = 040755}, AS_IS, "", true},
    {"UTF-8 name", {FILE_NAMED("pkg/caf\xc3\xa9/\xe4\xb8\xad.py")}, AS_IS, "", true},
    {"no file type in the mode", {FILE_NAMED("pkg/a.py"), .unix_mode = 0644}, AS_IS, "", true},
    {"written on DOS", {FILE_NAMED("pkg/a.py"), .system = 0xff}, AS_IS, "", true},
    {"descriptor", {FILE_NAMED("pkg/a.py"), .deflate = true, .descriptor = true}, AS_IS,
     "zip-data-descriptor", true},
    {"descriptor, ZIP64",
     {FILE_NAMED("pkg/a.py"), .deflate = true, .descriptor = true, .zip64 = true}, AS_IS,
     "zip-data-descriptor", true},
    {"descriptor of an empty member", {.name = S("pkg/a.py"), .descriptor = true}, AS_IS,
     "zip-data-descriptor", true},
    {"descriptor after stored data", {FILE_NAMED("pkg/a.py"), .descriptor = true}, AS_IS,
     "zip-data-descriptor zip-method", true},
    {"ZIP64 sizes", {FILE_NAMED("pkg/a.py"), .deflate = true, .zip64 = true}, AS_IS, "", true},
    {"ZIP64 sizes and offset", {FILE_NAMED("pkg/a.py"), .zip64 = true, .zip64_at = true}, AS_IS,
     "", true},
    {"ZIP64 sizes, offset and disk", {FILE_NAMED("pkg/a.py"), .zip64 = true, .zip64_disk = true},
     AS_IS, "", true},
    {"ZIP64 with another disk",
     {FILE_NAMED("pkg/a.py"), .zip64 = true, .zip64_disk = true, .disk = 1}, AS_IS, "zip-zip64",
     true},
    {"ZIP64 end record", NO_MEMBER, {.zip64 = true}, "", true},
    {"ZIP64 field repeating the sizes",
     {FILE_NAMED("pkg/a.py"), .extra = S(""),
      .local_extra = S("\1\0\20\0\36\0\0\0\0\0\0\0\36\0\0\0\0\0\0\0")}, AS_IS, "", true},
    {"extended timestamps", {FILE_NAMED("pkg/a.py"), .extra = S("UT\5\0\1\0\0\0\0")}, AS_IS,
     "", true},
    /* the whole file */
    {"trailing data", NO_MEMBER, {.after = S("x")}, "zip-trailing-data", true},
    {"archive comment", NO_MEMBER, {.comment = S("hello")}, "zip-comment", true},
    {"bytes before the end record", NO_MEMBER, {.before_end = S("gap")}, "zip-trailing-data", true},
    {"second end record after the first", NO_MEMBER,
     {.after = S("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")}, "zip-trailing-data", true},
    {"count too low", {FILE_NAMED("pkg/a.py")}, {.count_off = -1}, "zip-member-hidden", false},
    {"count too high", {FILE_NAMED("pkg/a.py")}, {.count_off = 1}, "zip-member-hidden", false},
    {"ZIP64 count differs", NO_MEMBER, {.zip64 = true, .zip64_differs = true}, "zip-zip64", true},
    /* The end record is of 22 bytes, the locator before it of 20, ZIP64's record of 56. */
    {"archive in pieces", NO_MEMBER, {.flip = 18}, "zip-unreadable", true},
    {"directory in another piece", NO_MEMBER, {.flip = 16}, "zip-unreadable", true},
    {"members in another piece", NO_MEMBER, {.flip = 14}, "zip-unreadable", true},
    {"directory behind the end record", NO_MEMBER, {.flip = 4}, "zip-unreadable", true},
    {"ZIP64 locator of another disk", NO_MEMBER, {.zip64 = true, .flip = 38}, "zip-zip64", false},
    {"ZIP64 locator of two disks", NO_MEMBER, {.zip64 = true, .flip = 26}, "zip-zip64", false},
    {"ZIP64 locator that leads elsewhere", NO_MEMBER, {.zip64 = true, .flip = 34}, "zip-zip64",
     true},
    {"ZIP64 locator without an end record", NO_MEMBER, {.zip64 = true, .flip = 98},
     "zip-unreadable", true},
    {"ZIP64 end record of another size", NO_MEMBER, {.zip64 = true, .flip = 94}, "zip-zip64", true},
    {"ZIP64 end record on another disk", NO_MEMBER, {.zip64 = true, .flip = 82}, "zip-zip64", false},
    {"ZIP64 directory on another disk", NO_MEMBER, {.zip64 = true, .flip = 78}, "zip-zip64", false},
    {"ZIP64 for the count only", NO_MEMBER, {.zip64 = true, .keeps_bytes = true, .keeps_at = true}, "",
     true},
    {"ZIP64 for the size of the directory only", NO_MEMBER,
     {.zip64 = true, .keeps_count = true, .keeps_at = true}, "", true},
    {"ZIP64 for the place of the directory only", NO_MEMBER,
     {.zip64 = true, .keeps_count = true, .keeps_bytes = true}, "", true},
    {"ZIP64 end record for nothing", NO_MEMBER,
     {.zip64 = true, .keeps_count = true, .keeps_bytes = true, .keeps_at = true}, "zip-zip64", true},
    {"ZIP64 size of the directory differs", NO_MEMBER,
     {.zip64 = true, .keeps_bytes = true, .flip = 10}, "zip-zip64", true},
    {"ZIP64 place of the directory differs", NO_MEMBER,
     {.zip64 = true, .keeps_at = true, .flip = 6}, "zip-zip64", true},
    {"ZIP64 members on another disk", NO_MEMBER, {.zip64 = true, .flip = 74}, "zip-zip64", false},
    /* members */
    {"bytes between members", {FILE_NAMED("pkg/a.py"), .gap = S("gap")}, AS_IS, "zip-trailing-data",
     true},
    {"member not in the directory", {FILE_NAMED("pkg/a.py"), .not_central = true}, AS_IS,
     "zip-member-hidden", true},
    {"two names", {FILE_NAMED("pkg/a.py"), .local_name = S("pkg/b.py")}, AS_IS,
     "zip-header-differs",
     false},
    {"two sizes", {FILE_NAMED("pkg/a.py"), .local_size_off = 1}, AS_IS,
     "zip-header-differs", false},
    {"two flags", {FILE_NAMED("pkg/a.py"), .local_flags = 2}, AS_IS, "zip-header-differs", true},
    {"two packed sizes", {FILE_NAMED("pkg/a.py"), .local_packed_off = 1}, AS_IS,
     "zip-header-differs", false},
    {"two checksums", {FILE_NAMED("pkg/a.py"), .local_crc_xor = 1}, AS_IS, "zip-header-differs",
     true},
    {"no size in the local header", {FILE_NAMED("pkg/a.py"), .local_size_off = -30}, AS_IS,
     "zip-header-differs", true},
    {"no packed size in the local header", {FILE_NAMED("pkg/a.py"), .local_packed_off = -30}, AS_IS,
     "zip-header-differs", true},
    {"no checksum in the local header", {FILE_NAMED("pkg/a.py"), .local_crc_xor = BODY_CRC}, AS_IS,
     "zip-header-differs", true},
    {"checksum before the descriptor",
     {FILE_NAMED("pkg/a.py"), .deflate = true, .descriptor = true, .local_crc_xor = 1}, AS_IS,
     "zip-data-descriptor zip-header-differs", true},
    {"local size of ZIP64 without its field",
     {FILE_NAMED("pkg/a.py"), .local_size_off = UINT32_MAX - 30}, AS_IS,
     "zip-header-differs zip-zip64", true},
    {"offset of ZIP64 without its field",
     {FILE_NAMED("pkg/a.py"), .central_at_off = UINT32_MAX - 50}, AS_IS,
     "zip-header-differs zip-member-hidden zip-zip64", true},
    {"member in another piece", {FILE_NAMED("pkg/a.py"), .central_flip = 34}, AS_IS,
     "zip-unreadable", true},
    {"no header in the directory", {FILE_NAMED("pkg/a.py"), .central_flip = 1}, AS_IS,
     "zip-unreadable", true},
    {"local header that reaches into the directory", {FILE_NAMED("pkg/a.py"), .local_flip = 29},
     AS_IS, "zip-member-hidden zip-overlap", false},
    {"data that reach into the directory",
     {FILE_NAMED("pkg/a.py"), .deflate = true, .packed_off = 256, .last = true}, AS_IS,
     "zip-overlap", true},
    {"data that reach around all numbers",
     {FILE_NAMED("pkg/a.py"), .deflate = true, .zip64 = true, .packed_off = -100, .last = true},
     AS_IS, "zip-overlap", false},
    {"directory points elsewhere", {FILE_NAMED("pkg/a.py"), .central_at_off = 4}, AS_IS,
     "zip-header-differs zip-trailing-data", false},
    {"directory points at another member", {FILE_NAMED("pkg/a.py"), .central_at_off = -50}, AS_IS,
     "zip-header-differs zip-overlap zip-trailing-data", true},
    {"wrong descriptor",
     {FILE_NAMED("pkg/a.py"), .deflate = true, .descriptor = true, .bad_descriptor = true}, AS_IS,
     "zip-data-descriptor zip-header-differs zip-trailing-data", true},
    {"descriptor cut by the directory",
     {.name = S("pkg/a.py"), .flags = 8, .packed_tail = S("PK\7\10\0\0\0\0"), .packed_off = -8,
      .last = true}, AS_IS, "zip-data-descriptor zip-header-differs zip-trailing-data", true},
    {"descriptor without signature",
     {.name = S("pkg/a.py"), .flags = 8, .packed_tail = S("PK\7\11\0\0\0\0\0\0\0\0\0\0\0\0"),
      .packed_off = -16}, AS_IS, "zip-data-descriptor zip-header-differs zip-trailing-data", true},
    {"descriptor with another packed size",
     {.name = S("pkg/a.py"), .flags = 8, .packed_tail = S("PK\7\10\0\0\0\0\1\0\0\0\0\0\0\0"),
      .packed_off = -16}, AS_IS, "zip-data-descriptor zip-header-differs zip-trailing-data", true},
    {"descriptor with another size",
     {.name = S("pkg/a.py"), .flags = 8, .packed_tail = S("PK\7\10\0\0\0\0\0\0\0\0\1\0\0\0"),
      .packed_off = -16}, AS_IS, "zip-data-descriptor zip-header-differs zip-trailing-data", true},
    {"same name twice", {FILE_NAMED("pkg/last.py")}, AS_IS, "zip-duplicate-name", true},
    {"same name in capitals", {FILE_NAMED("pkg/LAST.py")}, AS_IS, "zip-duplicate-name", true},
    {"same name with a backslash", {FILE_NAMED("pkg\\last.py")}, AS_IS,
     "zip-duplicate-name zip-unsafe-path", false},
    {"file where a folder is", {FILE_NAMED("pkg")}, AS_IS, "zip-duplicate-name", true},
    {"shorter than stated", {FILE_NAMED("pkg/a.py"), .deflate = true, .size_off = 1}, AS_IS,
     "zip-size-differs", false},
    {"longer than stated", {FILE_NAMED("pkg/a.py"), .deflate = true, .size_off = -1}, AS_IS,
     "zip-size-differs", false},
    {"stored, two lengths", {FILE_NAMED("pkg/a.py"), .size_off = 1}, AS_IS,
     "zip-size-differs", false},
    {"wrong checksum", {FILE_NAMED("pkg/a.py"), .crc_xor = 1}, AS_IS, "zip-crc-differs", false},
    {"rest in the deflate stream",
     {FILE_NAMED("pkg/a.py"), .deflate = true, .packed_tail = S("evil")}, AS_IS,
     "zip-trailing-data",
     false},
    {"not deflate", {FILE_NAMED("pkg/a.py"), .method = 8}, AS_IS, "zip-unreadable", false},
    {"bzip2", {FILE_NAMED("pkg/a.py"), .method = 12}, AS_IS, "zip-method", false},
    {"encrypted", {FILE_NAMED("pkg/a.py"), .flags = 1}, AS_IS, "zip-method", false},
    {"strongly encrypted", {FILE_NAMED("pkg/a.py"), .flags = 0x41}, AS_IS, "zip-method", false},
    {"masked headers", {FILE_NAMED("pkg/a.py"), .flags = 1 << 13}, AS_IS, "zip-method", false},
    {"patched data", {FILE_NAMED("pkg/a.py"), .flags = 0x20}, AS_IS, "zip-method", false},
    {"comment of a member", {FILE_NAMED("pkg/a.py"), .comment = S("x")}, AS_IS,
     "zip-comment", true},
    {"symbolic link",
     {.name = S("pkg/l"), .content = S("/etc/passwd"), .unix_mode = 0120777}, AS_IS,
     "zip-symlink", true},
    {"device", {.name = S("pkg/d"), .unix_mode = 020644}, AS_IS, "zip-symlink", true},
    {"folder by attributes only", {.name = S("pkg/d"), .unix_mode = 040755}, AS_IS,
     "zip-unsafe-path",
     false},
    {"folder by DOS attributes only", {.name = S("pkg/d"), .system = 0xff, .external = 0x10}, AS_IS,
     "zip-unsafe-path", false},
    {"folder with content", {FILE_NAMED("pkg/d/"), .unix_mode = 040755}, AS_IS, "zip-unsafe-path",
     false},
    {"folder with a size", {.name = S("pkg/d/"), .size_off = 1}, AS_IS,
     "zip-size-differs zip-unsafe-path", false},
    {"folder with a checksum", {.name = S("pkg/d/"), .crc_xor = 1}, AS_IS, "zip-unsafe-path", false},
    {"folder of Unix by a DOS system", {FILE_NAMED("pkg/d"), .system = 0xff, .external = 040755u << 16},
     AS_IS, "", true},
    {"folder of DOS by a Unix system", {FILE_NAMED("pkg/d"), .external = 0x10}, AS_IS, "", true},
    /* names */
    {"empty name", {FILE_NAMED("")}, AS_IS, "zip-unsafe-path", false},
    {"absolute", {FILE_NAMED("/etc/passwd")}, AS_IS, "zip-unsafe-path", true},
    {"parent", {FILE_NAMED("pkg/../../x")}, AS_IS, "zip-unsafe-path", true},
    {"parent at the end", {FILE_NAMED("pkg/..")}, AS_IS, "zip-unsafe-path", true},
    {"current folder", {FILE_NAMED("./x")}, AS_IS, "zip-unsafe-path", true},
    {"drive", {FILE_NAMED("C:x")}, AS_IS, "zip-unsafe-path", true},
    {"stream of a file", {FILE_NAMED("pkg/a.py:x")}, AS_IS, "zip-unsafe-path", true},
    {"backslash", {FILE_NAMED("pkg\\x.py")}, AS_IS, "zip-unsafe-path", false},
    {"NUL", {FILE_NAMED("pkg/a.py\0.txt")}, AS_IS, "zip-unsafe-path", false},
    {"control byte", {FILE_NAMED("pkg/a\x1b[2J.py")}, AS_IS, "zip-unsafe-path", true},
    {"delete byte", {FILE_NAMED("pkg/a\x7f.py")}, AS_IS, "zip-unsafe-path", true},
    {"next line", {FILE_NAMED("pkg/a\xc2\x85/etc/x")}, AS_IS, "zip-unsafe-path", true},
    {"line separator", {FILE_NAMED("pkg/a\xe2\x80\xa8/etc/x")}, AS_IS, "zip-unsafe-path", true},
    {"paragraph separator", {FILE_NAMED("pkg/a\xe2\x80\xa9/etc/x")}, AS_IS, "zip-unsafe-path", true},
    {"non-ASCII beside line ends", {FILE_NAMED("pkg/\xc3\x85\xe2\x80\x93\xf0\x92\x80\xa8")}, AS_IS, "",
     true},
    {"trailing dot", {FILE_NAMED("pkg/a.py.")}, AS_IS, "zip-unsafe-path", true},
    {"trailing blank in a folder", {FILE_NAMED("pkg /a.py")}, AS_IS, "zip-unsafe-path", true},
    {"empty component", {FILE_NAMED("pkg//a.py")}, AS_IS, "zip-unsafe-path", true},
    {"invalid UTF-8", {FILE_NAMED("pkg/\xff.py")}, AS_IS, "zip-unsafe-path", false},
    {"UTF-8 not marked", {FILE_NAMED("pkg/\xc3\xa9.py"), .flags = 1 << 11}, AS_IS,
     "zip-unsafe-path",
     true},
    {"not NFC", {FILE_NAMED("pkg/e\xcc\x81.py")}, AS_IS, "zip-name-unicode", false},
    {"Kelvin sign", {FILE_NAMED("pkg/\xe2\x84\xaa.py")}, AS_IS, "zip-name-unicode", true},
    {"right-to-left override", {FILE_NAMED("pkg/\xe2\x80\xaegpj.py")}, AS_IS, "zip-name-unicode",
     true},
};
/* clang-format on */

/* Counts instead of stopping: one run then names all that is wrong. */
static int wrong;

static void test_rows(void **state)
{
    (void)state;
    assert_int_equal(zip_rows_wrong(rows, CH_ARRAY_LEN(rows)), 0);
}

/* Bytes put before a whole archive, offsets left as they were: readers shift them silently. */
static void test_prepended(void **state)
{
    (void)state;
    wrong = 0;
    struct zb b;
    struct ch_buf shifted;
    zip_rows_build(&b, &(struct zb_member){.deflate = false}, NULL);
    ch_buf_init(&shifted, 1 << 20);
    ch_buf_puts(&shifted, CH_STR("#!/bin/sh\nexit\n"));
    ch_buf_puts(&shifted, ch_buf_str(&b.bytes));
    wrong += zip_expect("prepended", ch_buf_str(&shifted), "zip-trailing-data", false);
    ch_buf_done(&shifted);
    zb_done(&b);
    assert_int_equal(wrong, 0);
}

/* A forged directory: it lists an evil member inside the data of a harmless one, which a reader of
 * local headers sees instead. */
static void test_forged_directory(void **state)
{
    (void)state;
    wrong = 0;
    struct zb inner;
    struct zb b;
    zb_init(&inner);
    zb_add(&inner,
           &(struct zb_member){.name = CH_STR("pkg/__init__.py"), .content = CH_STR("evil()\n")});
    zb_init(&b);
    struct ch_buf data;
    ch_buf_init(&data, 1 << 20);
    ch_buf_puts(&data, CH_STR("harmless "));
    ch_buf_puts(&data, ch_buf_str(&inner.bytes));
    zb_add(&b, &(struct zb_member){.name = CH_STR("pkg/__init__.py"),
                                   .content = ch_buf_str(&data),
                                   .not_central = true});
    ch_buf_puts(&b.central, ch_buf_str(&inner.central));
    b.count = 1;
    zb_end(&b, NULL);
    /* The directory's offset 0 leads to the outer header, whose sizes differ; the rest is hidden.
     */
    wrong += zip_expect("forged directory", ch_buf_str(&b.bytes),
                        "zip-crc-differs zip-header-differs "
                        "zip-trailing-data",
                        false);
    ch_buf_done(&data);
    zb_done(&inner);
    zb_done(&b);
    assert_int_equal(wrong, 0);
}

static void test_tar_as_well(void **state)
{
    (void)state;
    wrong = 0;
    char content[512] = {0};
    struct zb b;
    size_t at = 257 - 30 - 5; /* after a local header with a name of 5 bytes */
    for (size_t i = 0; i < 5; i++) {
        content[at + i] = "ustar"[i];
    }
    zb_init(&b);
    zb_add(&b, &(struct zb_member){.name = CH_STR("a.bin"), .content = {content, sizeof(content)}});
    zb_end(&b, NULL);
    wrong += zip_expect("tar as well", ch_buf_str(&b.bytes), "zip-polyglot", true);
    zb_done(&b);
    assert_int_equal(wrong, 0);
}

/* The evidence of a finding, since both of these have the same code. */
static void expect_evidence(struct ch_str bytes, enum ch_finding_code code, const char *text)
{
    struct scan_run r;
    bool found = false;
    scan_run(&r, zip_inspect, &no_job, bytes);
    for (size_t i = 0; i < r.count; i++) {
        const struct ch_scan_record *record = &r.records[i];
        found = found || (record->type == CH_REC_FINDING && record->u.finding.code == code &&
                          ch_str_find(record->u.finding.evidence, ch_str_of(text), NULL));
    }
    if (!found) {
        scan_run_print(&r);
        fail_msg("no evidence says \"%s\"", text);
    }
    scan_run_done(&r);
}

static void test_evidence_says_which(void **state)
{
    (void)state;
    struct zb b;
    struct ch_buf shifted;
    zip_rows_build(&b, &(struct zb_member){.deflate = false},
                   &(struct zb_end){.before_end = CH_STR("gap")});
    expect_evidence(ch_buf_str(&b.bytes), CH_F_ZIP_TRAILING, "and the end record");
    zb_done(&b);
    zip_rows_build(&b, &(struct zb_member){.deflate = false}, NULL);
    ch_buf_init(&shifted, 1 << 20);
    ch_buf_puts(&shifted, CH_STR("gap"));
    ch_buf_puts(&shifted, ch_buf_str(&b.bytes));
    expect_evidence(ch_buf_str(&shifted), CH_F_ZIP_TRAILING, "before the archive");
    ch_buf_done(&shifted);
    zb_done(&b);
    zip_rows_build(&b, &(struct zb_member){.deflate = false}, &(struct zb_end){.count_off = -1});
    expect_evidence(ch_buf_str(&b.bytes), CH_F_ZIP_MEMBER_HIDDEN, "has room for more");
    zb_done(&b);
    zip_rows_build(&b, &(struct zb_member){.deflate = false}, &(struct zb_end){.count_off = 9});
    expect_evidence(ch_buf_str(&b.bytes), CH_F_ZIP_MEMBER_HIDDEN, "has room for fewer");
    zb_done(&b);
}

/* Three members, the second inside the data of the first: where the second ends is no gap. */
static void test_member_inside_another(void **state)
{
    (void)state;
    wrong = 0;
    struct zb inner;
    struct zb b;
    struct ch_buf data;
    zb_init(&inner);
    zb_add(&inner, &(struct zb_member){.name = CH_STR("pkg/in.py"), .content = CH_STR("evil()\n")});
    ch_buf_init(&data, 1 << 20);
    ch_buf_puts(&data, ch_buf_str(&inner.bytes));
    ch_buf_puts(&data, CH_STR("and harmless bytes that follow it"));
    zb_init(&b);
    zb_add(&b, &(struct zb_member){.name = CH_STR("pkg/a.py"), .content = ch_buf_str(&data)});
    size_t entry = b.central.len;
    ch_buf_puts(&b.central, ch_buf_str(&inner.central));
    b.central.ptr[entry + 42] =
        (char)(30 + strlen("pkg/a.py")); /* the offset of its local header */
    b.count++;
    zb_file(&b, "pkg/last.py", "print('last')\n");
    zb_end(&b, NULL);
    wrong += zip_expect("member inside another", ch_buf_str(&b.bytes), "zip-overlap", false);
    ch_buf_done(&data);
    zb_done(&inner);
    zb_done(&b);
    assert_int_equal(wrong, 0);
}

static enum ch_code inspect_bare(const struct ch_scan_job *job CH_UNUSED, const struct ch_input *in,
                                 struct ch_scan_writer *out, struct ch_err *err)
{
    static const struct ch_zip_profile stored_only = {.name = "stored", .stored_descriptor = true};
    return zip_inspect_as(&stored_only, in, out, err);
}

static enum ch_code inspect_tolerant(const struct ch_scan_job *job CH_UNUSED,
                                     const struct ch_input *in, struct ch_scan_writer *out,
                                     struct ch_err *err)
{
    static const struct ch_zip_profile all = {
        .name = "all", .deflate = true, .descriptor = true, .stored_descriptor = true};
    return zip_inspect_as(&all, in, out, err);
}

static void test_profiles(void **state)
{
    (void)state;
    static const struct {
        struct zb_member member;
        scan_run_fn *run;
        const char *findings;
    } by_profile[] = {
        {{FILE_NAMED("a")}, inspect_bare, ""},
        {{FILE_NAMED("a"), .deflate = true}, inspect_bare, "zip-method"},
        {{FILE_NAMED("a"), .descriptor = true}, inspect_bare, "zip-data-descriptor zip-method"},
        {{FILE_NAMED("a"), .descriptor = true}, inspect_tolerant, "zip-data-descriptor"},
        {{FILE_NAMED("a"), .deflate = true, .descriptor = true},
         inspect_tolerant,
         "zip-data-descriptor"},
        {{FILE_NAMED("a"), .descriptor = true}, zip_inspect, "zip-data-descriptor zip-method"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(by_profile); i++) {
        struct zb b;
        struct scan_run r;
        zb_init(&b);
        zb_add(&b, &by_profile[i].member);
        zb_end(&b, NULL);
        scan_run(&r, by_profile[i].run, &no_job, ch_buf_str(&b.bytes));
        char *found = scan_run_findings(&r);
        assert_string_equal(found, by_profile[i].findings);
        free(found);
        scan_run_done(&r);
        zb_done(&b);
    }
}

static void test_no_archive(void **state)
{
    (void)state;
    wrong = 0;
    wrong += zip_expect("empty file", (struct ch_str){NULL, 0}, "zip-unreadable", true);
    wrong += zip_expect("ZIP64 end record and locator in one",
                        CH_STR("PK\6\6\0\0\0\0PK\6\7\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0"
                               "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
                        "zip-unreadable", true);
    wrong +=
        zip_expect("text", CH_STR("This is no archive, but long enough."), "zip-unreadable", true);
    struct zb b;
    zb_init(&b);
    zb_end(&b, NULL);
    wrong += zip_expect("no members", ch_buf_str(&b.bytes), "", true);
    struct ch_buf far;
    ch_buf_init(&far, 1 << 20);
    ch_buf_puts(&far, ch_buf_str(&b.bytes));
    CH_ASSERT(ch_buf_reserve(&far, UINT16_MAX + 1) != NULL);
    memset(far.ptr + far.len, 'x', UINT16_MAX + 1);
    far.len += UINT16_MAX;
    wrong += zip_expect("end record as far off as a comment may be", ch_buf_str(&far),
                        "zip-trailing-data", true);
    far.len++;
    wrong += zip_expect("end record further off", ch_buf_str(&far), "zip-unreadable", true);
    ch_buf_done(&far);
    zb_done(&b);
    assert_int_equal(wrong, 0);
}

/* Every cut and every changed byte of an archive: never a crash, never a silent difference. */
static void test_damage(void **state)
{
    (void)state;
    struct zb b;
    zip_rows_build(&b,
                   &(struct zb_member){.name = CH_STR("pkg/a.py"),
                                       .content = CH_STR("import os\nimport os\n"),
                                       .deflate = true,
                                       .descriptor = true},
                   NULL);
    struct scan_run first;
    struct scan_run second;
    for (size_t len = 0; len < b.bytes.len; len++) {
        scan_run(&first, zip_inspect, &no_job, ch_str_sub(ch_buf_str(&b.bytes), 0, len));
        char *found = scan_run_findings(&first);
        assert_string_not_equal(found, "");
        free(found);
        scan_run_done(&first);
    }
    for (size_t i = 0; i < 8 * b.bytes.len; i++) {
        b.bytes.ptr[i / 8] = (char)(b.bytes.ptr[i / 8] ^ 1 << i % 8);
        scan_run(&first, zip_inspect, &no_job, ch_buf_str(&b.bytes));
        scan_run(&second, ch_second_opinion, &no_job, ch_buf_str(&b.bytes));
        char *found = scan_run_findings(&first);
        bool only_note = strcmp(found, "") == 0 || strcmp(found, "zip-data-descriptor") == 0;
        if (only_note && !scan_run_same_members(&first, &second)) {
            fail_msg("bit %zu of byte %zu: the opinions differ, found \"%s\"", i % 8, i / 8, found);
        }
        free(found);
        scan_run_done(&first);
        scan_run_done(&second);
        b.bytes.ptr[i / 8] = (char)(b.bytes.ptr[i / 8] ^ 1 << i % 8);
    }
    zb_done(&b);
}

static void expect_limited(const char *label, const struct zb_member *m, const char *findings)
{
    struct zb b;
    zip_rows_build(&b, m, NULL);
    wrong += zip_expect(label, ch_buf_str(&b.bytes), findings, findings[0] == '\0');
    zb_done(&b);
    assert_int_equal(wrong, 0);
}

/* One member that is a bomb, in an archive that is none. */
static void expect_bomb_beside_much(void)
{
    struct zb b;
    char *noise = ch_calloc(1, 100000);
    char *zeros = ch_calloc(1, 1 << 20);
    zb_init(&b);
    zb_add(&b, &(struct zb_member){.name = CH_STR("pkg/stored.bin"), .content = {noise, 100000}});
    zb_add(&b, &(struct zb_member){
                   .name = CH_STR("pkg/z.bin"), .content = {zeros, 1 << 20}, .deflate = true});
    zb_end(&b, NULL);
    wrong += zip_expect("bomb beside much", ch_buf_str(&b.bytes), "zip-ratio", false);
    zb_done(&b);
    free(zeros);
    free(noise);
}

/* Two members, each too small for one. */
static void expect_bomb_of_many(void)
{
    struct zb b;
    char *zeros = ch_calloc(1, 300000);
    zb_init(&b);
    zb_add(&b, &(struct zb_member){
                   .name = CH_STR("pkg/y.bin"), .content = {zeros, 300000}, .deflate = true});
    zb_add(&b, &(struct zb_member){
                   .name = CH_STR("pkg/z.bin"), .content = {zeros, 300000}, .deflate = true});
    zb_end(&b, NULL);
    wrong += zip_expect("bomb of many", ch_buf_str(&b.bytes), "zip-ratio", false);
    zb_done(&b);
    free(zeros);
}

/* Limits are lowered instead of building large archives; the same code runs. */
static void test_limits(void **state)
{
    (void)state;
    wrong = 0;
    const struct ch_limits before = ch_limits;
    char *zeros = ch_calloc(1, 1 << 20);
    const struct zb_member deflated = {
        .name = CH_STR("pkg/z.bin"), .content = {zeros, 1 << 20}, .deflate = true};
    expect_limited("many zeros", &deflated, "");
    ch_limits.member_whole_bytes = 1000; /* now streamed */
    expect_limited("streamed", &deflated, "");
    struct zb_member other = deflated;
    other.size_off = 1;
    expect_limited("streamed, short", &other, "zip-size-differs");
    other.size_off = -1;
    expect_limited("streamed, long", &other, "zip-size-differs");
    other.size_off = 0;
    other.packed_tail = CH_STR("evil");
    expect_limited("streamed, rest", &other, "zip-trailing-data");
    other.packed_tail = (struct ch_str){NULL, 0};
    other.crc_xor = 1;
    expect_limited("streamed, checksum", &other, "zip-crc-differs");
    ch_limits.archive_ratio_from_bytes = 1 << 19;
    expect_limited("bomb", &deflated, "zip-ratio");
    other = deflated;
    other.deflate = false;
    expect_limited("large, and not packed", &other, "");
    expect_bomb_beside_much();
    expect_bomb_of_many();
    ch_limits = before;
    ch_limits.archive_unpacked_bytes = 1 << 19;
    expect_limited("unpacked size", &deflated, "limit");
    ch_limits = before;
    ch_limits.archive_members = 2;
    expect_limited("members", &deflated, "limit");
    ch_limits = before;
    ch_limits.member_path_bytes = 15;
    expect_limited("name fits", &deflated, "");
    ch_limits.member_path_bytes = 14;
    expect_limited("name too long", &deflated, "limit");
    ch_limits = before;
    free(zeros);
}

int main(int argc, char **argv)
{
    if (argc == 2) {
        return zip_rows_write(argv[1], rows, CH_ARRAY_LEN(rows));
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_prepended),
        cmocka_unit_test(test_forged_directory),
        cmocka_unit_test(test_tar_as_well),
        cmocka_unit_test(test_evidence_says_which),
        cmocka_unit_test(test_member_inside_another),
        cmocka_unit_test(test_profiles),
        cmocka_unit_test(test_no_archive),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
