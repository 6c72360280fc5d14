/* What lies in archives inside reaches the rules, and what is not read to its end is told. */
#include <stdlib.h>
#include <string.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"
#include "pack.h"
#include "scan_run.h"
#include "scanner/rules/rules.h"
#include "scanner/unpack/second_int.h"
#include "tar_build.h"
#include "zip_build.h"

static const struct ch_rule_text rule = {
    {"site.yar", 8},
    {"rule seen { meta: class = \"irregular\" severity = \"high\" paths = \"evil.py\""
     " strings: $a = \"what is looked for\" condition: $a }",
     134}};

enum wrap {
    ZIP,
    TAR,
    GZ,
    BZ2,
    XZ,
    LZMA,
    ZST,
    CUT,
    ZIP_PIPE,
    ZIP_FOLDER,
    ZIP_LINK,
    ZIP_LINK_PACKED,
    ZIP_LINK_LONG
};

static void wrapped(struct ch_buf *ret, enum wrap wrap, const char *name, struct ch_str content)
{
    struct zb z;
    struct tb t;
    switch (wrap) {
    case ZIP:
    case CUT:
    case ZIP_PIPE:
    case ZIP_FOLDER:
    case ZIP_LINK:
    case ZIP_LINK_PACKED:
    case ZIP_LINK_LONG:
        zb_init(&z);
        zb_add(&z, &(struct zb_member){.name = ch_str_of(name),
                                       .content = content,
                                       .deflate = wrap != ZIP_LINK,
                                       .unix_mode = wrap == ZIP_PIPE     ? 0010644
                                                    : wrap == ZIP_FOLDER ? 0040755
                                                    : wrap == ZIP_LINK || wrap == ZIP_LINK_PACKED ||
                                                            wrap == ZIP_LINK_LONG
                                                        ? 0120777
                                                        : 0});
        zb_end(&z, NULL);
        ch_buf_puts(ret, ch_str_sub(ch_buf_str(&z.bytes), 0, z.bytes.len - (wrap == CUT ? 30 : 0)));
        zb_done(&z);
        break;
    case TAR:
        tb_init(&t);
        tb_add(&t, &(struct tb_member){.name = ch_str_of(name), .type = '0', .content = content});
        tb_end(&t);
        ch_buf_puts(ret, ch_buf_str(&t.bytes));
        tb_done(&t);
        break;
    case GZ:
    case BZ2:
    case XZ:
    case ZST:
    case LZMA: {
        static const enum ch_stream_format formats[] = {[GZ] = CH_STREAM_GZIP,
                                                        [BZ2] = CH_STREAM_BZIP2,
                                                        [XZ] = CH_STREAM_XZ,
                                                        [LZMA] = CH_STREAM_LZMA,
                                                        [ZST] = CH_STREAM_ZSTD};
        pack(ret, formats[wrap], content);
        break;
    }
    }
}

static const struct row {
    const char *label;
    const char *path;
    enum wrap wraps[6]; /* from the inside out */
    size_t count;
    const char *inner; /* the innermost member's name */
    const char *findings;
    const char *member; /* of the first finding */
} rows[] = {
    {"zip", "a/x.zip", {ZIP}, 1, "p/evil.py", "rule-malicious", "a/x.zip!p/evil.py"},
    {"tar", "x.bin", {TAR}, 1, "p/evil.py", "rule-malicious", "x.bin!p/evil.py"},
    {"tar.gz", "x.tar.gz", {TAR, GZ}, 2, "evil.py", "rule-malicious", "x.tar.gz!x.tar!evil.py"},
    {"gz of one file", "a/evil.py.gz", {GZ}, 1, "", "rule-malicious", "a/evil.py.gz!evil.py"},
    {"bz2", "evil.py.bz2", {BZ2}, 1, "", "rule-malicious", "evil.py.bz2!evil.py"},
    {"xz", "evil.py.xz", {XZ}, 1, "", "rule-malicious", "evil.py.xz!evil.py"},
    {"zst", "evil.py.zst", {ZST}, 1, "", "rule-malicious", "evil.py.zst!evil.py"},
    {"lzma", "evil.py.lzma", {LZMA}, 1, "", "rule-malicious", "evil.py.lzma!evil.py"},
    {"as deep as is read", "x.zip", {ZIP, ZIP, ZIP, ZIP}, 4, "evil.py", "rule-malicious", NULL},
    {"one deeper", "x.zip", {ZIP, ZIP, ZIP, ZIP, ZIP}, 5, "evil.py", "rule-inside", NULL},
    {"one deeper, among tests",
     "tests/x.zip",
     {ZIP, ZIP, ZIP, ZIP, ZIP},
     5,
     "evil.py",
     "rule-inside-test",
     NULL},
    {"cut", "x.zip", {CUT}, 1, "evil.py", "rule-inside", "x.zip"},
    {"cut, among tests", "tests/x.zip", {CUT}, 1, "evil.py", "rule-inside-test", "tests/x.zip"},
    {"a pipe that is a file to Python",
     "x.zip",
     {ZIP_PIPE},
     1,
     "evil.py",
     "rule-malicious",
     "x.zip!evil.py"},
    {"a folder that is one", "x.zip", {ZIP_FOLDER}, 1, "evil.py", "rule-inside", "x.zip"},
    {"a link that is one", "x.zip", {ZIP_LINK}, 1, "evil.py", "rule-malicious", "x.zip!evil.py"},
    {"a packed link", "x.zip", {ZIP_LINK_PACKED}, 1, "evil.py", "rule-malicious", "x.zip!evil.py"},
    {"a link longer than a path", "x.zip", {ZIP_LINK_LONG}, 1, "evil.py", "rule-inside", "x.zip"},
    {"a link that is compiled Python", "x.zip", {ZIP_LINK}, 1, "evil.pyc", "rule-inside", "x.zip"},
    {"a member of no name", "x.zip", {ZIP}, 1, "", "rule-inside", "x.zip"},
    {"another name", "x.zip", {ZIP}, 1, "evil.txt", "", NULL},
};

static const struct row *now;
static bool twice; /* first among tests */

static enum ch_code run(const struct ch_scan_job *job CH_UNUSED, const struct ch_input *in,
                        struct ch_scan_writer *out, struct ch_err *err)
{
    enum { PIECE = 100 };
    struct inside inside;
    struct inside_member m;
    struct ch_rules_scan *rules = ch_rules_scan_new(out, (struct ch_str){NULL, 0});
    struct ch_str bytes = {(const char *)in->ptr, in->len};
    inside_init(&inside, rules, out);
    for (int i = twice ? 0 : 1; i < 2; i++) {
        inside_begin(&m);
        for (size_t at = 0; at < bytes.len; at += PIECE) {
            inside_add(&m, ch_str_sub(bytes, at, PIECE));
        }
        inside_end(&inside, &m, i == 0 ? CH_STR("a/tests/y.zip") : ch_str_of(now->path));
    }
    ch_rules_scan_free(rules);
    return ch_scan_writer_ok(out, err);
}

static bool run_row(const struct row *row)
{
    struct scan_run r;
    struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT};
    struct ch_buf bytes;
    ch_buf_init(&bytes, 1 << 20);
    for (size_t i = 0; row->wraps[0] == ZIP_LINK_LONG && i < 5000; i++) {
        ch_buf_putc(&bytes, '\n');
    }
    ch_buf_puts(&bytes, CH_STR("# what is looked for\n"));
    for (size_t i = 0; i < row->count; i++) {
        struct ch_buf outer;
        ch_buf_init(&outer, 1 << 20);
        wrapped(&outer, row->wraps[i], i == 0 ? row->inner : "x.zip", ch_buf_str(&bytes));
        ch_buf_done(&bytes);
        bytes = outer;
    }
    now = row;
    scan_run(&r, run, &job, ch_buf_str(&bytes));
    char *found = scan_run_findings(&r);
    bool ok =
        strcmp(found, row->findings) == 0 &&
        (row->member == NULL || ch_str_eq(r.records[0].u.finding.member, ch_str_of(row->member)));
    if (!ok) {
        scan_run_print(&r);
        print_error("%s: \"%s\", expected \"%s\"\n", row->label, found, row->findings);
    }
    free(found);
    scan_run_done(&r);
    ch_buf_done(&bytes);
    return ok;
}

/* One of 65,536 files of random bytes begins like gzip, and is none to any reader. */
static void test_begins_like_gzip(void **state)
{
    (void)state;
    const struct {
        struct ch_str bytes;
        const char *findings;
    } likes[] = {
        {CH_STR("\x1f\x8b\x07\x00random bytes, as of a key or a picture"), ""},
        {CH_STR("\x1f\x8b"), ""},
        {CH_STR("\x1f\x8b\x08\x00random bytes, as of a key or a picture"), "rule-inside"},
    };
    static const struct row row = {.label = "begins like gzip", .path = "a/x.bin"};
    int wrong = 0;
    now = &row;
    for (size_t i = 0; i < CH_ARRAY_LEN(likes); i++) {
        struct scan_run r;
        struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT};
        scan_run(&r, run, &job, likes[i].bytes);
        char *found = scan_run_findings(&r);
        if (strcmp(found, likes[i].findings) != 0) {
            print_error("%zu: \"%s\", expected \"%s\"\n", i, found, likes[i].findings);
            wrong++;
        }
        free(found);
        scan_run_done(&r);
    }
    assert_int_equal(wrong, 0);
}

static enum ch_code run_thrice(const struct ch_scan_job *job CH_UNUSED, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err)
{
    static const char *const paths[] = {"a/tests/x.zip", "a/y.zip", "a/z.zip"};
    struct inside inside;
    struct ch_rules_scan *rules = ch_rules_scan_new(out, (struct ch_str){NULL, 0});
    inside_init(&inside, rules, out);
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        struct inside_member m;
        inside_begin(&m);
        inside_add(&m, (struct ch_str){(const char *)in->ptr, in->len});
        inside_end(&inside, &m, ch_str_of(paths[i]));
    }
    ch_rules_scan_free(rules);
    return ch_scan_writer_ok(out, err);
}

/* A layer of an image may have thousands behind the last one that is opened. */
static void test_bound_is_said_once(void **state)
{
    (void)state;
    struct scan_run r;
    struct ch_scan_job job = {.kind = CH_SCAN_ARTIFACT};
    struct ch_limits before = ch_limits;
    struct ch_buf bytes;
    ch_buf_init(&bytes, 1 << 20);
    wrapped(&bytes, ZIP, "x.txt", CH_STR("x"));
    ch_limits.archive_members = 0;
    scan_run(&r, run_thrice, &job, ch_buf_str(&bytes));
    ch_limits = before;
    assert_int_equal(r.count, 3); /* END included */
    assert_int_equal(r.records[0].u.finding.code, CH_F_RULE_INSIDE_TEST);
    assert_int_equal(r.records[1].u.finding.code, CH_F_RULE_INSIDE);
    assert_str_eq(r.records[1].u.finding.member, "a/y.zip");
    scan_run_done(&r);
    ch_buf_done(&bytes);
}

static void test_rows(void **state)
{
    (void)state;
    struct ch_err err;
    int wrong = 0;
    struct ch_rule_text site = rule;
    site.text.len = strlen(site.text.ptr);
    assert_ch_ok(&err, ch_rules_load(&site, 1, &err));
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        wrong += !run_row(&rows[i]);
    }
    struct ch_limits before = ch_limits;
    struct row row = rows[0];
    ch_limits.nested_bytes = CH_STR("# what is looked for\n").len;
    wrong += !run_row(&row);
    ch_limits.nested_bytes--;
    row.findings = "rule-inside";
    wrong += !run_row(&row);
    /* tests may have half, and what lies elsewhere the rest */
    ch_limits.nested_bytes = 2 * CH_STR("# what is looked for\n").len - 1;
    row.member = NULL;
    row.path = "a/tests/x.zip";
    row.findings = "rule-inside-test";
    wrong += !run_row(&row);
    twice = true;
    row.path = "a/x.zip";
    row.findings = "rule-inside-test rule-malicious";
    wrong += !run_row(&row);
    twice = false;
    row = rows[0];
    row.findings = "rule-inside";
    ch_limits = before;
    ch_limits.archive_members = 0;
    row.member = "a/x.zip";
    wrong += !run_row(&row);
    ch_limits = before;
    ch_limits.member_whole_bytes = 100;
    wrong += !run_row(&row);
    ch_limits = before;
    ch_rules_unload();
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_begins_like_gzip),
                                       cmocka_unit_test(test_bound_is_said_once),
                                       cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
