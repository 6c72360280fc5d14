/* The strict TAR reader: one hostile archive per rule, each with exactly the findings it deserves, and
 * the nearest honest one with none. Every archive also goes through the second opinion: on honest ones
 * both list the same members. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "corpus.h"
#include "scan_run.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/second.h"
#include "scanner/unpack/tar.h"
#include "tar_build.h"
#include "zip_build.h"

#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define PATCH(where, literal)                                                                      \
    .patch = {                                                                                     \
        {where, S(literal)},                                                                       \
    }
#define FILE_OF(n, c)                                                                              \
    {                                                                                              \
        .name = S(n), .content = S(c)                                                              \
    }
#define PAX(records)                                                                               \
    {                                                                                              \
        .type = 'x', .name = S("PaxHeaders/x"), .pax = S(records)                                  \
    }
#define PAX_RAW(content_)                                                                          \
    {                                                                                              \
        .type = 'x', .name = S("PaxHeaders/x"), .content = S(content_)                             \
    }
#define LONG(type_, content_)                                                                      \
    {                                                                                              \
        .type = (type_), .format = TB_GNU, .name = S("././@LongLink"), .content = S(content_)      \
    }

enum { CORPUS_FILE_MAX = 16384 };
enum { MODE_AT = 100, UID_AT = 108, SIZE_AT = 124, TIME_AT = 136, TYPE_AT = 156, MAGIC_AT = 257 };

static const struct ch_scan_job sdist_job = {.profile = S("sdist")};
static const struct ch_scan_job bare_job = {.profile = S("tar")};

static enum ch_code inspect(const struct ch_scan_job *job, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    bool complete = false;
    bool bare = ch_str_eq(job->profile, CH_STR("tar"));
    return ch_tar_walk(in, ch_archive_kind_of(job, in).packing,
                       bare ? &ch_tar_profile_bare : &ch_tar_profile_sdist, out, NULL, NULL,
                       &complete, err);
}

/* Counts instead of stopping: one run then names every row that is wrong. */
static int wrong;
static const char *corpus_dir;

static void expect(const char *label, const struct ch_scan_job *job, struct ch_str bytes,
                   const char *findings, bool same)
{
    struct scan_run first;
    struct scan_run second;
    scan_run(&first, inspect, job, bytes);
    scan_run(&second, ch_second_opinion, job, bytes);
    char *found = scan_run_findings(&first);
    if (strcmp(found, findings) != 0) {
        scan_run_print(&first);
        print_error("%s: found \"%s\", expected \"%s\"\n", label, found, findings);
        wrong++;
    }
    bool equal = scan_run_same_members(&first, &second);
    if (same != equal) {
        scan_run_print(&second);
        print_error("%s: the second opinion %s\n", label, equal ? "agrees" : "differs");
        wrong++;
    }
    /* Whatever the second reader sees otherwise must be held by the first one's findings too. */
    if (!equal && found[0] == '\0') {
        print_error("%s: the opinions differ and nothing was found\n", label);
        wrong++;
    }
    if (corpus_dir != NULL && bytes.len < CORPUS_FILE_MAX) {
        struct ch_buf file; /* the first byte: take it as it is */
        ch_buf_init(&file, bytes.len + 1);
        ch_buf_putc(&file, '\0');
        ch_buf_puts(&file, bytes);
        assert_true(corpus_write(corpus_dir, label, ch_buf_str(&file)));
        ch_buf_done(&file);
    }
    free(found);
    scan_run_done(&first);
    scan_run_done(&second);
}

struct row {
    const char *label;
    const char *findings;
    bool differs; /* the second reader lists other members */
    struct tb_member members[3];
};

/* Two honest members around those of the row. */
static void run(const struct ch_scan_job *job, const struct row *r)
{
    struct tb b;
    tb_init(&b);
    tb_file(&b, "pkg-1/setup.py", "import setuptools\n");
    for (size_t i = 0; i < CH_ARRAY_LEN(r->members) && r->members[i].name.ptr != NULL; i++) {
        tb_add(&b, &r->members[i]);
    }
    tb_file(&b, "pkg-1/PKG-INFO", "Name: pkg\n");
    tb_end(&b);
    expect(r->label, job, ch_buf_str(&b.bytes), r->findings, !r->differs);
    tb_done(&b);
}

static void run_rows(const struct ch_scan_job *job, const struct row *rows, size_t count)
{
    wrong = 0;
    for (size_t i = 0; i < count; i++) {
        run(job, &rows[i]);
    }
    assert_int_equal(wrong, 0);
}
#define RUN(job, rows) run_rows(&(job), rows, CH_ARRAY_LEN(rows))

static void test_honest(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"honest nothing more", "", false, {{.name = {NULL, 0}}}},
        {"honest empty file", "", false, {FILE_OF("pkg-1/a", "")}},
        {"honest v7", "", false, {{.name = S("pkg-1/a"), .format = TB_V7, .content = S("x")}}},
        {"honest gnu", "", false, {{.name = S("pkg-1/a"), .format = TB_GNU, .content = S("x")}}},
        {"honest old regular", "", false,
         {{.name = S("pkg-1/a"), .content = S("x"), PATCH(TYPE_AT, "\0")}}},
        {"honest folder", "", false, {{.name = S("pkg-1/d/"), .type = '5'}}},
        {"honest folder without slash", "", false, {{.name = S("pkg-1/d"), .type = '5'}}},
        {"honest prefix", "", false, {{.prefix = S("pkg-1/d"), .name = S("a"), .content = S("x")}}},
        {"honest times", "", false,
         {PAX("mtime=1234567890.123456\natime=1.5\nctime=-1"), FILE_OF("pkg-1/a", "x")}},
        {"honest comment", "", false,
         {{.type = 'g', .name = S("pax_global_header"), .pax = S("comment=0123456789abcdef")},
          FILE_OF("pkg-1/a", "x")}},
        {"honest pax path", "", false,
         {PAX("path=pkg-1/caf\xc3\xa9.py"), FILE_OF("pkg-1/cafe", "x")}},
        {"honest pax size", "", false, {PAX("size=1"), FILE_OF("pkg-1/a", "x")}},
        {"honest vendor", "", false,
         {PAX("LIBARCHIVE.creationtime=1\nSCHILY.dev=1\nhdrcharset=ISO-IR 10646 2000 UTF-8"),
          FILE_OF("pkg-1/a", "x")}},
        {"honest long name", "", false,
         {LONG('L', "pkg-1/" X50 X50 ".py\0"),
          {.name = S("pkg-1/" X50), .format = TB_GNU, .content = S("x")}}},
        {"honest long link", "", false,
         {LONG('K', X50 X50 X50 "\0"),
          {.name = S("pkg-1/a"), .format = TB_GNU, .type = '2', .link = S(X50)}}},
        {"honest symlink", "", false, {{.name = S("pkg-1/a"), .type = '2', .link = S("setup.py")}}},
        {"honest symlink up", "", false,
         {{.name = S("pkg-1/d/a"), .type = '2', .link = S("../setup.py")}}},
        {"honest hard link", "", false,
         {{.name = S("pkg-1/a"), .type = '1', .link = S("pkg-1/setup.py")}}},
        {"honest base-256 owner", "", false,
         {{.name = S("pkg-1/a"), .content = S("x"), PATCH(UID_AT, "\x80\0\0\0\x7f\xff\xff\xff")}}},
        {"honest base-256 size", "", false,
         {{.name = S("pkg-1/a"), .content = S("x"),
           PATCH(SIZE_AT, "\x80\0\0\0\0\0\0\0\0\0\0\1")}}},
        {"honest blanks around a number", "", false,
         {{.name = S("pkg-1/a"), .content = S("x"), PATCH(SIZE_AT, "          1 ")}}},
    };
    RUN(sdist_job, rows);
}

static void test_headers(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"checksum off by one", "tar-checksum", false,
         {{.name = S("pkg-1/a"), .content = S("x"), .checksum_off = 1}}},
        {"checksum of signed bytes", "tar-checksum", true,
         {{.name = S("pkg-1/\xc3\xa9"), .content = S("x"), .checksum_signed = true}}},
        {"size not octal", "tar-number", true,
         {{.name = S("pkg-1/a"), .content = S("x"), PATCH(SIZE_AT, "00000000009\0")}}},
        {"size with a sign", "tar-number", true,
         {{.name = S("pkg-1/a"), .content = S("x"), PATCH(SIZE_AT, "+0000000001\0")}}},
        {"size of two numbers", "tar-number", true,
         {{.name = S("pkg-1/a"), .content = S("x"), PATCH(SIZE_AT, "0000001 1\0\0\0")}}},
        {"size negative", "tar-number", false,
         {{.name = S("pkg-1/a"), PATCH(SIZE_AT, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")}}},
        {"size beyond 63 bits", "tar-number", false,
         {{.name = S("pkg-1/a"), PATCH(SIZE_AT, "\x80\0\0\1\0\0\0\0\0\0\0\1")}}},
        {"size beyond the limit", "limit", false,
         {{.name = S("pkg-1/a"), PATCH(SIZE_AT, "\x80\0\0\0\0\0\x10\0\0\0\0\0")}}},
        {"mode not octal", "tar-number", false,
         {{.name = S("pkg-1/a"), .content = S("x"), PATCH(MODE_AT, "0000x44\0")}}},
        {"time negative", "tar-number", false,
         {{.name = S("pkg-1/a"), .content = S("x"),
           PATCH(TIME_AT, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")}}},
        {"device number", "tar-number", false,
         {{.name = S("pkg-1/a"), .content = S("x"), PATCH(329, "0x00001\0")}}},
        {"unknown magic", "tar-header", true,
         {{.name = S("pkg-1/a"), .content = S("x"), PATCH(MAGIC_AT, "ustar\0" "01")}}},
        {"bytes behind the name", "tar-header", false,
         {{.name = S("pkg-1/a\0b"), .content = S("x")}}},
        {"bytes behind the link", "tar-header", false,
         {{.name = S("pkg-1/a"), .type = '2', .link = S("setup.py\0b")}}},
        {"gnu with a prefix", "tar-header", false,
         {{.name = S("pkg-1/a"), .format = TB_GNU, .content = S("x"), PATCH(345, "etc")}}},
        {"v7 with a prefix", "tar-header", false,
         {{.name = S("pkg-1/a"), .format = TB_V7, .content = S("x"), PATCH(345, "etc")}}},
        {"ustar with a rest", "tar-header", false,
         {{.name = S("pkg-1/a"), .content = S("x"), PATCH(508, "tar")}}},
        {"file with a target", "tar-header", false,
         {{.name = S("pkg-1/a"), .content = S("x"), .link = S("b")}}},
        {"padding", "tar-padding", false,
         {{.name = S("pkg-1/a"), .content = S("x"), .padding = 'y'}}},
    };
    RUN(sdist_job, rows);
}

static void test_types(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"character device", "tar-device", false, {{.name = S("pkg-1/a"), .type = '3'}}},
        {"block device", "tar-device", false, {{.name = S("pkg-1/a"), .type = '4'}}},
        {"pipe", "tar-device", false, {{.name = S("pkg-1/a"), .type = '6'}}},
        {"contiguous", "tar-type", true,
         {{.name = S("pkg-1/a"), .type = '7', .content = S("x")}}},
        {"unknown type", "tar-type", true, {{.name = S("pkg-1/a"), .type = 'Q'}}},
        {"multivolume", "tar-type", true, {{.name = S("pkg-1/a"), .type = 'M', .format = TB_GNU}}},
        {"volume name", "tar-type", true, {{.name = S("pkg-1/a"), .type = 'V', .format = TB_GNU}}},
        {"dump folder", "tar-type", true, {{.name = S("pkg-1/a"), .type = 'D', .format = TB_GNU}}},
        {"solaris attributes", "tar-type", true, {{.name = S("pkg-1/a"), .type = 'A'}}},
        {"solaris extended", "tar-type", true,
         {{.name = S("x"), .type = 'X', .pax = S("path=pkg-1/b")}, FILE_OF("pkg-1/a", "x")}},
        {"gnu sparse", "tar-sparse", true, {{.name = S("pkg-1/a"), .type = 'S', .format = TB_GNU}}},
        {"pax sparse", "tar-sparse", false,
         {PAX("GNU.sparse.major=1\nGNU.sparse.minor=0\nGNU.sparse.realsize=9"),
          FILE_OF("pkg-1/a", "0\n")}},
        {"star sparse", "tar-sparse", true, {PAX("SCHILY.realsize=9"), FILE_OF("pkg-1/a", "x")}},
        {"folder with content", "tar-hidden-content", true,
         {{.name = S("pkg-1/d/"), .type = '5', .content = S("x")}}},
        {"symlink with content", "tar-hidden-content", true,
         {{.name = S("pkg-1/a"), .type = '2', .link = S("setup.py"), .content = S("x")}}},
        {"hard link with content", "tar-hidden-content", true,
         {{.name = S("pkg-1/a"), .type = '1', .link = S("pkg-1/setup.py"), .content = S("x")}}},
        {"device with content", "tar-device tar-hidden-content", true,
         {{.name = S("pkg-1/a"), .type = '3', .content = S("x")}}},
    };
    RUN(sdist_job, rows);
}

static void test_names(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"absolute", "tar-unsafe-path", false, {FILE_OF("/etc/passwd", "x")}},
        {"leaves", "tar-unsafe-path", false, {FILE_OF("pkg-1/../../a", "x")}},
        {"dot", "tar-unsafe-path", false, {FILE_OF("./pkg-1/a", "x")}},
        {"empty component", "tar-unsafe-path", false, {FILE_OF("pkg-1//a", "x")}},
        {"backslash", "tar-unsafe-path", false, {FILE_OF("pkg-1\\a", "x")}},
        {"drive", "tar-unsafe-path", false, {FILE_OF("c:a", "x")}},
        {"control byte", "tar-unsafe-path", false, {FILE_OF("pkg-1/a\x1b[2J", "x")}},
        {"trailing dot", "tar-unsafe-path", false, {FILE_OF("pkg-1/a.", "x")}},
        {"no UTF-8", "tar-unsafe-path", false, {FILE_OF("pkg-1/\xe9", "x")}},
        {"no name", "tar-unsafe-path", false, {FILE_OF("", "x")}},
        {"file named as a folder", "tar-unsafe-path", true, {FILE_OF("pkg-1/a/", "x")}},
        {"prefix leaves", "tar-unsafe-path", false,
         {{.prefix = S(".."), .name = S("a"), .content = S("x")}}},
        {"pax path leaves", "tar-unsafe-path", false,
         {PAX("path=../a"), FILE_OF("pkg-1/a", "x")}},
        {"long name leaves", "tar-unsafe-path", false,
         {LONG('L', "pkg-1/../../a\0"), {.name = S("pkg-1/a"), .format = TB_GNU}}},
        {"combining accent", "tar-name-unicode", false, {FILE_OF("pkg-1/e\xcc\x81", "x")}},
        {"duplicate", "tar-duplicate-name", false, {FILE_OF("pkg-1/setup.py", "x")}},
        {"the same once more", "tar-repeated-member", false,
         {FILE_OF("pkg-1/a", "x"), FILE_OF("pkg-1/a", "x")}},
        {"the same under another name", "tar-duplicate-name", false,
         {FILE_OF("pkg-1/a", "x"), FILE_OF("pkg-1/A", "x")}},
        {"duplicate by case", "tar-duplicate-name", false, {FILE_OF("PKG-1/SETUP.PY", "x")}},
        {"duplicate by sharp s", "tar-duplicate-name", false,
         {FILE_OF("pkg-1/stra\xc3\x9f" "e", "x"), FILE_OF("pkg-1/strasse", "x")}},
        {"duplicate folder", "tar-duplicate-name", false,
         {{.name = S("pkg-1/d/"), .type = '5'}, {.name = S("pkg-1/d"), .type = '5'}}},
        {"file as folder", "tar-duplicate-name", false, {FILE_OF("pkg-1/setup.py/a", "x")}},
        {"symlink as folder", "tar-duplicate-name", false,
         {{.name = S("pkg-1/d"), .type = '2', .link = S("e")}, FILE_OF("pkg-1/d/a", "x")}},
    };
    RUN(sdist_job, rows);
    static const struct row bare[] = {
        {"bare honest dot", "", false, {{.name = S("./"), .type = '5'}, FILE_OF("./a", "x")}},
        {"bare dot dot", "tar-unsafe-path", false, {FILE_OF("./../a", "x")}},
        {"bare duplicate by dot", "tar-duplicate-name", false,
         {FILE_OF("a", "x"), FILE_OF("./a", "x")}},
        {"bare second dot", "tar-unsafe-path", false, {FILE_OF("././a", "x")}},
    };
    RUN(bare_job, bare);
}

static void test_links(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"symlink absolute", "tar-unsafe-link", false,
         {{.name = S("pkg-1/a"), .type = '2', .link = S("/etc/passwd")}}},
        {"symlink leaves", "tar-unsafe-link", false,
         {{.name = S("pkg-1/d/a"), .type = '2', .link = S("../../a")}}},
        {"symlink leaves the stripped folder", "tar-unsafe-link", false,
         {{.name = S("pkg-1/a"), .type = '2', .link = S("../a")}}},
        {"symlink climbs behind a name", "tar-unsafe-link", false,
         {{.name = S("pkg-1/d/a"), .type = '2', .link = S("b/../c")}}},
        {"symlink with backslash", "tar-unsafe-link", false,
         {{.name = S("pkg-1/a"), .type = '2', .link = S("..\\a")}}},
        {"symlink without target", "tar-unsafe-link", false,
         {{.name = S("pkg-1/a"), .type = '2'}}},
        {"symlink pax target leaves", "tar-unsafe-link", false,
         {PAX("linkpath=/etc/passwd"), {.name = S("pkg-1/a"), .type = '2', .link = S("b")}}},
        {"symlink long target leaves", "tar-unsafe-link", false,
         {LONG('K', "/etc/passwd\0"),
          {.name = S("pkg-1/a"), .type = '2', .link = S("b"), .format = TB_GNU}}},
        {"hard link to nothing", "tar-unsafe-link", false,
         {{.name = S("pkg-1/a"), .type = '1', .link = S("pkg-1/b")}}},
        {"hard link to a later file", "tar-unsafe-link", false,
         {{.name = S("pkg-1/a"), .type = '1', .link = S("pkg-1/PKG-INFO")}}},
        {"hard link to a symlink", "tar-unsafe-link", false,
         {{.name = S("pkg-1/a"), .type = '2', .link = S("setup.py")},
          {.name = S("pkg-1/b"), .type = '1', .link = S("pkg-1/a")}}},
        {"hard link outside", "tar-unsafe-link", false,
         {{.name = S("pkg-1/a"), .type = '1', .link = S("../../etc/passwd")}}},
        {"hard link without target", "tar-unsafe-link", false,
         {{.name = S("pkg-1/a"), .type = '1'}}},
    };
    RUN(sdist_job, rows);
    static const struct row bare[] = {
        {"bare honest link beside the first folder", "", false,
         {{.name = S("pkg-1/a"), .type = '2', .link = S("../other")}}},
        {"bare symlink leaves", "tar-unsafe-link", false,
         {{.name = S("a"), .type = '2', .link = S("../other")}}},
    };
    RUN(bare_job, bare);
}

static void test_pax(void **state)
{
    (void)state;
    static const struct row rows[] = {
        /* CVE-2025-62518: the content is skipped by one size and read by the other */
        {"pax size hides members", "tar-size-differs", true,
         {PAX("size=512"),
          {.name = S("pkg-1/a"), .content = S("x"), PATCH(SIZE_AT, "00000000000\0")}}},
        {"pax size smaller", "tar-size-differs", true,
         {PAX("size=0"), FILE_OF("pkg-1/a", "x")}},
        {"pax size not a number", "tar-pax", true, {PAX("size=0x1"), FILE_OF("pkg-1/a", "x")}},
        {"pax size of zeros", "tar-pax", true, {PAX("size=01"), FILE_OF("pkg-1/a", "x")}},
        {"pax length wrong", "tar-pax", true,
         {PAX_RAW("11 mtime=1\n12 mtime=2\n"), FILE_OF("pkg-1/a", "x")}},
        {"pax length too long", "tar-pax", true, {PAX_RAW("99 mtime=1\n"), FILE_OF("pkg-1/a", "x")}},
        {"pax length with zero", "tar-pax", true,
         {PAX_RAW("012 mtime=1\n"), FILE_OF("pkg-1/a", "x")}},
        {"pax without line feed", "tar-pax", true, {PAX_RAW("11 mtime=1 "), FILE_OF("pkg-1/a", "x")}},
        {"pax without keyword", "tar-pax", false, {PAX_RAW("5 =1\n"), FILE_OF("pkg-1/a", "x")}},
        {"pax without equals", "tar-pax", true, {PAX_RAW("8 mtime\n"), FILE_OF("pkg-1/a", "x")}},
        {"pax bytes left", "tar-pax", true,
         {PAX_RAW("11 mtime=1\n\0\0"), FILE_OF("pkg-1/a", "x")}},
        {"pax NUL in a value", "tar-pax", true,
         {PAX_RAW("15 path=pkg\0/a\n"), FILE_OF("pkg-1/a", "x")}},
        {"pax NUL in an attribute", "tar-pax", true,
         {PAX_RAW("20 SCHILY.xattr.a=\0\n"), FILE_OF("pkg-1/a", "x")}},
        {"pax keyword twice", "tar-pax", true,
         {PAX("path=pkg-1/b\nmtime=1\npath=pkg-1/c"), FILE_OF("pkg-1/a", "x")}},
        {"pax unknown keyword", "tar-pax", true, {PAX("paths=1"), FILE_OF("pkg-1/a", "x")}},
        {"pax file type", "tar-pax", true, {PAX("SCHILY.filetype=dir"), FILE_OF("pkg-1/a", "x")}},
        {"pax path empty", "tar-pax", true, {PAX("path="), FILE_OF("pkg-1/a", "x")}},
        {"pax path no UTF-8", "tar-pax", true, {PAX("path=pkg-1/\xe9"), FILE_OF("pkg-1/a", "x")}},
        {"pax charset", "tar-pax", true, {PAX("hdrcharset=BINARY"), FILE_OF("pkg-1/a", "x")}},
        {"pax time", "tar-pax", true, {PAX("mtime=now"), FILE_OF("pkg-1/a", "x")}},
        {"pax padding", "tar-padding", false,
         {{.type = 'x', .name = S("x"), .pax = S("mtime=1"), .padding = 'y'},
          FILE_OF("pkg-1/a", "x")}},
        {"pax twice", "tar-extended-twice", true,
         {PAX("path=pkg-1/b"), PAX("path=pkg-1/c"), FILE_OF("pkg-1/a", "x")}},
        {"pax then long name", "tar-extended-twice", true,
         {PAX("path=pkg-1/b"), LONG('L', "pkg-1/c\0"), FILE_OF("pkg-1/a", "x")}},
        {"long name then pax", "tar-extended-twice", true,
         {LONG('L', "pkg-1/c\0"), PAX("path=pkg-1/b"), FILE_OF("pkg-1/a", "x")}},
        {"long name twice", "tar-extended-twice", true,
         {LONG('L', "pkg-1/c\0"), LONG('L', "pkg-1/d\0"), FILE_OF("pkg-1/a", "x")}},
        {"global behind pax", "tar-extended-twice", true,
         {PAX("path=pkg-1/b"), {.type = 'g', .name = S("g"), .pax = S("mtime=1")},
          FILE_OF("pkg-1/a", "x")}},
    };
    RUN(sdist_job, rows);
}

static void test_global_and_gnu(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"global path", "tar-pax-global", true,
         {{.type = 'g', .name = S("g"), .pax = S("path=pkg-1/b")}, FILE_OF("pkg-1/a", "x")}},
        {"global size", "tar-pax-global", true,
         {{.type = 'g', .name = S("g"), .pax = S("size=0")}, FILE_OF("pkg-1/a", "x")}},
        {"global link", "tar-pax-global", true,
         {{.type = 'g', .name = S("g"), .pax = S("linkpath=/etc/passwd")},
          FILE_OF("pkg-1/a", "x")}},
        {"global sparse", "tar-pax-global", true,
         {{.type = 'g', .name = S("g"), .pax = S("GNU.sparse.major=1")}, FILE_OF("pkg-1/a", "x")}},
        {"long name without NUL", "tar-long-name", true,
         {LONG('L', "pkg-1/b"), FILE_OF("pkg-1/a", "x")}},
        {"long name with two NUL", "tar-long-name", true,
         {LONG('L', "pkg-1/b\0c\0"), FILE_OF("pkg-1/a", "x")}},
        {"long name empty", "tar-long-name", false, {LONG('L', "\0"), FILE_OF("pkg-1/a", "x")}},
        {"long name of another for two", "tar-long-name", false,
         {LONG('L', ""), FILE_OF("pkg-1/a", "x")}},
    };
    RUN(sdist_job, rows);
}

/* What comes behind the members. */
static void test_end(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *findings;
        size_t zeros;
        struct ch_str after;
    } rows[] = {
        {"honest end", "", 1024, {NULL, 0}},
        {"honest record", "", 10240, {NULL, 0}},
        {"no end", "tar-end", 0, {NULL, 0}},
        {"one block of zeros", "tar-end", 512, {NULL, 0}},
        {"half an end", "tar-end", 1023, {NULL, 0}},
        {"no whole block", "tar-trailing-data", 1025, {NULL, 0}},
        {"bytes behind the end", "tar-trailing-data", 1024, S("x")},
        {"bytes far behind the end", "tar-trailing-data", 300000, S("x")},
        {"a zip behind the end", "tar-polyglot tar-trailing-data", 1024,
         S("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")},
    };
    wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct tb b;
        tb_init(&b);
        tb_file(&b, "pkg-1/setup.py", "import setuptools\n");
        tb_zeros(&b, rows[i].zeros);
        ch_buf_puts(&b.bytes, rows[i].after);
        expect(rows[i].label, &sdist_job, ch_buf_str(&b.bytes), rows[i].findings, true);
        tb_done(&b);
    }
    assert_int_equal(wrong, 0);
}

static void test_cut(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        const char *findings;
        struct tb_member last;
        bool end;
    } rows[] = {
        {"cut in a header", "tar-unreadable", {.name = S("pkg-1/a"), .cut = 1}, false},
        {"cut in the content", "tar-unreadable",
         {.name = S("pkg-1/a"), .content = S("xyz"), .cut = 510}, false},
        {"cut in the padding", "tar-unreadable",
         {.name = S("pkg-1/a"), .content = S("xyz"), .cut = 1}, false},
        {"cut in an extended header", "tar-unreadable",
         {.name = S("x"), .type = 'x', .pax = S("mtime=1"), .cut = 1}, false},
        {"pax for nothing", "tar-extended-twice",
         {.name = S("x"), .type = 'x', .pax = S("mtime=1")}, true},
        {"long name for nothing", "tar-extended-twice", LONG('L', "a\0"), true},
    };
    wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct tb b;
        tb_init(&b);
        tb_file(&b, "pkg-1/setup.py", "import setuptools\n");
        tb_add(&b, &rows[i].last);
        if (rows[i].end) {
            tb_end(&b);
        }
        expect(rows[i].label, &sdist_job, ch_buf_str(&b.bytes), rows[i].findings, true);
        tb_done(&b);
    }
    expect("empty", &bare_job, CH_STR(""), "tar-unreadable", true);
    expect("something else", &bare_job, CH_STR("hello"), "tar-unreadable", true);
    assert_int_equal(wrong, 0);
}

/* A ZIP archive in the last member of an uncompressed one: some installers open that instead. */
static void test_polyglot(void **state)
{
    (void)state;
    struct zb z;
    struct tb b;
    zb_init(&z);
    zb_file(&z, "evil.py", "print('evil')\n");
    zb_end(&z, NULL);
    wrong = 0;
    for (size_t far = 0; far < 2; far++) {
        tb_init(&b);
        tb_add(&b, &(struct tb_member){.name = CH_STR("pkg-1/a.zip"),
                                       .content = ch_buf_str(&z.bytes)});
        tb_end(&b);
        tb_zeros(&b, far * 65536);
        expect(far != 0 ? "zip far from the end" : "zip as the last member", &sdist_job,
               ch_buf_str(&b.bytes), far != 0 ? "" : "tar-polyglot", true);
        tb_done(&b);
    }
    zb_done(&z);
    assert_int_equal(wrong, 0);
}

/* --- limits --- */

static void with_limit(const char *label, uint64_t *limit, uint64_t value, const struct row *rows)
{
    uint64_t saved = *limit;
    wrong = 0;
    *limit = value;
    run(&sdist_job, &rows[0]);
    *limit = value - 1;
    run(&sdist_job, &rows[1]);
    *limit = saved;
    if (wrong > 0) {
        fail_msg("limit of %s", label);
    }
}

static void test_limits(void **state)
{
    (void)state;
    static const struct row members[] = {
        {"limit as many members", "", false, {FILE_OF("pkg-1/a", "x")}},
        {"limit more members", "limit", false, {FILE_OF("pkg-1/a", "x")}}};
    with_limit("members", &ch_limits.archive_members, 3, members);
    static const struct row path[] = {
        {"limit path as long", "", false, {PAX("path=pkg-1/longer/than/setup"), FILE_OF("a", "x")}},
        {"limit path longer", "limit", false,
         {PAX("path=pkg-1/longer/than/setup"), FILE_OF("a", "x")}}};
    with_limit("path", &ch_limits.member_path_bytes, 23, path);
    static const struct row extended[] = {
        {"limit extended as long", "", false, {PAX("mtime=1\natime=1"), FILE_OF("pkg-1/a", "x")}},
        {"limit extended longer", "limit", true,
         {PAX("mtime=1\natime=1"), FILE_OF("pkg-1/a", "x")}}};
    with_limit("extended header", &ch_limits.tar_extended_bytes, 22, extended);
    static const struct row records[] = {
        {"limit records as many", "", false, {PAX("mtime=1\natime=1"), FILE_OF("pkg-1/a", "x")}},
        {"limit records more", "limit", true, {PAX("mtime=1\natime=1"), FILE_OF("pkg-1/a", "x")}}};
    with_limit("records", &ch_limits.tar_pax_records, 2, records);
    static const struct row names[] = {
        {"limit names as long", "", false, {FILE_OF("pkg-1/a", "x")}},
        {"limit names longer", "limit", true, {FILE_OF("pkg-1/a", "x")}}};
    with_limit("names", &ch_limits.archive_names_bytes, 14 + 7 + 14, names);
}

/* test_tar CORPUS_DIR writes every archive there. */
int main(int argc, char **argv)
{
    struct ch_err err;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest), cmocka_unit_test(test_headers),
        cmocka_unit_test(test_types),  cmocka_unit_test(test_names),
        cmocka_unit_test(test_links),  cmocka_unit_test(test_pax),
        cmocka_unit_test(test_end),    cmocka_unit_test(test_cut),
        cmocka_unit_test(test_polyglot), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_global_and_gnu),
    };
    corpus_dir = argc > 1 ? argv[1] : NULL;
    if (ch_second_prepare(&err) != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
