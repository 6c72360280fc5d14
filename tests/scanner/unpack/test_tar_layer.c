/* The TAR reader's profile for layers of images: a layer for each rule, with exactly the findings
 * it deserves, and the honest one that comes nearest. Each goes through the second opinion as well.
 */
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

#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define F(n, c)                                                                                    \
    {                                                                                              \
        .name = S(n), .content = S(c)                                                              \
    }
#define D(n)                                                                                       \
    {                                                                                              \
        .type = '5', .name = S(n)                                                                  \
    }
#define L(t, n, to)                                                                                \
    {                                                                                              \
        .type = (t), .name = S(n), .link = S(to)                                                   \
    }
#define PAX(records)                                                                               \
    {                                                                                              \
        .type = 'x', .name = S("PaxHeaders/x"), .pax = S(records)                                  \
    }
#define DEV(t, n, major, minor)                                                                    \
    {                                                                                              \
        .type = (t), .name = S(n), .patch = {                                                      \
            {MAJOR_AT, S(major "\0")},                                                             \
            {MINOR_AT, S(minor "\0")},                                                             \
        }                                                                                          \
    }

enum { CORPUS_FILE_MAX = 16384, MAJOR_AT = 329, MINOR_AT = 337 };

static const struct ch_scan_job job = {.profile = S("layer")};
static const char *corpus_dir;
static int wrong;

static enum ch_code inspect(const struct ch_scan_job *j, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    bool complete = false;
    struct ch_sha256 unpacked;
    (void)j;
    enum ch_code rc =
        ch_tar_walk_layer(in, CH_STREAM_NONE, out, NULL, NULL, &unpacked, &complete, err);
    if (rc == CH_OK && complete) {
        struct ch_sha256 all = ch_sha256_of(in->ptr, in->len);
        assert_true(ch_sha256_eq(&all, &unpacked));
    }
    return rc;
}

static enum ch_code second(const struct ch_scan_job *j, const struct ch_input *in,
                           struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_archive_kind kind = {.format = CH_ARCHIVE_TAR, .layer = true};
    (void)j;
    return ch_second_list(&kind, in, out, err);
}

static const struct row {
    const char *label;
    const char *findings;
    bool differs; /* the second reader lists other members, or none */
    struct tb_member members[4];
} rows[] = {
    /* what all runtimes take alike */
    {"folders", "", false, {D("./"), D("./a/"), F("./a/b", "x")}},
    {"absolute", "", false, {F("/a/b", "x"), F("c//d", "y"), F("e/./f", "z")}},
    {"names of a system",
     "",
     false,
     {F("usr/share/man/Foo::Bar.3pm", "x"), F("lib/system-x\\x2dy.slice", "y"),
      F("usr/lib/terminfo/N", "N"), F("usr/lib/terminfo/n", "n")}},
    {"name that is no UTF-8", "", false, {F("etc/\xe9", "x")}},
    {"no folders", "", false, {F("a/b/c/d", "x")}},
    {"one path twice", "", false, {F("a", "x"), F("a", "y")}},
    {"a path as two kinds", "", false, {F("a", "x"), L('2', "a", "b"), D("a")}},
    {"the same path, spelt otherwise", "", false, {F("a", "x"), F("./a", "y")}},
    {"links",
     "",
     false,
     {L('2', "bin", "usr/bin"), L('2', "etc/a", "/etc/b"), L('2', "d/c", "../c")}},
    {"link inside, upwards", "", false, {L('2', "usr/lib/x", "../../etc/x")}},
    {"hard link", "", false, {F("a", "x"), L('1', "b", "a")}},
    {"hard link, absolute", "", false, {F("a/b", "x"), L('1', "c", "/a//b")}},
    {"hard link to a link", "", false, {L('2', "a", "b"), L('1', "c", "a")}},
    {"hard link to a hard link", "", false, {F("a", "x"), L('1', "b", "a"), L('1', "c", "b")}},
    {"deletions", "", false, {F("a/.wh.b", ""), F("a/.wh..wh..opq", ""), F("a/c", "x")}},
    {"name that begins like one", "", false, {F("a/.whb", "x"), F("a/x.wh.b", "y")}},
    {"capabilities",
     "",
     false,
     {PAX("SCHILY.xattr.security.capability=\1\0\0\2\n"), F("bin/ping", "x")}},
    {"other attributes", "", false, {PAX("SCHILY.xattr.user.mime_type=text/plain\n"), F("a", "x")}},
    /* links that lead out */
    {"link above the root", "oci-link", false, {L('2', "a/b", "../../c")}},
    {"link above the root, absolute", "oci-link", false, {L('2', "a/b", "/../c")}},
    {"link above the root, behind a name", "oci-link", false, {L('2', "a/b", "x/../../../c")}},
    {"hard link to a lower layer", "oci-link", false, {L('1', "b", "a")}},
    {"hard link before its file", "oci-link", false, {L('1', "b", "a"), F("a", "x")}},
    {"hard link upwards", "tar-unsafe-link", false, {F("a", "x"), L('1', "b", "../a")}},
    {"hard link to a folder", "tar-unsafe-link", false, {D("a/"), L('1', "b", "a")}},
    {"link to nothing", "tar-unsafe-link", false, {L('2', "b", "")}},
    /* names */
    {"upwards", "tar-unsafe-path", false, {F("../a", "x")}},
    {"upwards inside", "tar-unsafe-path", false, {F("a/../b", "x")}},
    {"file that is a folder by its name", "tar-unsafe-path", true, {F("a/", "x")}},
    {"root as a file", "tar-unsafe-path", false, {F(".", "x")}},
    /* deletions that clients read differently */
    {"deletion of what is there", "oci-whiteout", false, {F("a/b", "x"), F("a/.wh.b", "")}},
    {"deletion before it", "oci-whiteout", false, {F("a/.wh.b", ""), F("a/b", "x")}},
    {"deletion of a folder with content", "oci-whiteout", false, {F(".wh.a", ""), F("a/b/c", "x")}},
    {"deletion, spelt otherwise", "oci-whiteout", false, {F("./a/.wh.b", ""), F("/a/b", "x")}},
    {"deletion with content", "oci-whiteout", false, {F("a/.wh.b", "x")}},
    {"deletion that is a link", "oci-whiteout", false, {L('2', "a/.wh.b", "c")}},
    {"deletion that is a folder", "oci-whiteout", false, {D("a/.wh.b")}},
    {"entry below a deletion", "oci-whiteout", false, {F("a/.wh.b/c", "x")}},
    {"names of aufs", "oci-whiteout", false, {F(".wh..wh.aufs", "")}},
    {"deletion of its folder", "tar-unsafe-path", false, {F("a/.wh.", "")}},
    {"deletion of its folder, by a dot", "tar-unsafe-path", false, {F("a/.wh..", "")}},
    {"deletion of the folder above", "tar-unsafe-path", false, {F("a/.wh...", "")}},
    {"deletion of overlay",
     "oci-device oci-whiteout",
     false,
     {DEV('3', "a", "0000000", "0000000")}},
    {"attribute of overlay",
     "oci-whiteout",
     false,
     {PAX("SCHILY.xattr.trusted.overlay.opaque=y\n"), D("a/")}},
    {"attribute of overlay for users",
     "oci-whiteout",
     false,
     {PAX("SCHILY.xattr.user.overlay.redirect=/x\n"), D("a/")}},
    /* what lies below what is no folder */
    {"below a link", "oci-below-link", false, {L('2', "a", "b"), F("a/c", "x")}},
    {"below a link that comes later", "oci-below-link", false, {F("a/b/c", "x"), L('2', "a", "d")}},
    {"below a link that a folder replaces later",
     "oci-below-link",
     false,
     {L('2', "a", "etc"), F("a/c", "x"), D("a")}},
    {"below a link that takes the place of a folder in use",
     "oci-below-link",
     false,
     {F("a/b", "x"), L('2', "a", "etc"), F("a/c", "x"), D("a")}},
    {"below a file", "oci-below-link", false, {F("a", "x"), F("a/b", "y")}},
    {"below a folder that was a link", "", false, {L('2', "a", "b"), D("a/"), F("a/c", "x")}},
    /* devices */
    {"device of every container", "oci-node", false, {DEV('3', "dev/null", "0000001", "0000003")}},
    {"pipe", "oci-node", false, {{.type = '6', .name = S("run/p")}}},
    {"device elsewhere", "oci-device", false, {DEV('3', "tmp/null", "0000001", "0000003")}},
    {"disk", "oci-device", false, {DEV('4', "dev/sda", "0000010", "0000000")}},
    {"disk named like another", "oci-device", false, {DEV('4', "dev/null", "0000001", "0000003")}},
    /* T18 */
    {"table of contents", "oci-contents", false, {F("stargz.index.json", "{}")}},
    {"table of contents, spelt otherwise", "oci-contents", false, {F("./stargz.index.json", "{}")}},
    {"landmark", "oci-contents", false, {F(".no.prefetch.landmark", "\17")}},
    {"elsewhere it is none", "", false, {F("a/stargz.index.json", "{}")}},
    /* as in other archives */
    {"sparse", "tar-sparse", true, {{.type = 'S', .name = S("a")}}},
    {"unknown type", "tar-type", true, {{.type = 'V', .name = S("a")}}},
    {"two sizes", "tar-size-differs", true, {PAX("size=2\n"), F("a", "x")}},
    {"global path",
     "tar-pax-global",
     true,
     {{.type = 'g', .name = S("g"), .pax = S("path=b\n")}, F("a", "x")}},
    {"folder with content",
     "tar-hidden-content",
     true,
     {{.type = '5', .name = S("a/"), .content = S("x")}}},
};

static void expect(const char *label, struct ch_str bytes, const char *findings, bool same)
{
    struct scan_run first;
    struct scan_run other;
    scan_run(&first, inspect, &job, bytes);
    scan_run(&other, second, &job, bytes);
    char *found = scan_run_findings(&first);
    bool equal = scan_run_same_members(&first, &other);
    if (strcmp(found, findings) != 0 || equal != same) {
        scan_run_print(&first);
        scan_run_print(&other);
        print_error("%s: found \"%s\", expected \"%s\"; the second opinion %s\n", label, found,
                    findings, equal ? "agrees" : "differs");
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
    scan_run_done(&other);
}

static void each_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct tb b;
        tb_init(&b);
        tb_file(&b, "zz/first", "1");
        for (size_t k = 0; k < CH_ARRAY_LEN(rows[i].members) &&
                           (rows[i].members[k].name.ptr != NULL || rows[i].members[k].type != 0);
             k++) {
            tb_add(&b, &rows[i].members[k]);
        }
        tb_file(&b, "zz/last", "2");
        tb_end(&b);
        expect(rows[i].label, ch_buf_str(&b.bytes), rows[i].findings, !rows[i].differs);
        tb_done(&b);
    }
    assert_int_equal(wrong, 0);
}

/* A thing that is there a thousand times is told ten times, and how often. */
static void repeats(void **state)
{
    (void)state;
    struct tb b;
    struct scan_run r;
    char name[32];
    tb_init(&b);
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "a%d", i);
        tb_add(&b, &(struct tb_member){.type = '6', .name = ch_str_of(name)});
    }
    tb_end(&b);
    scan_run(&r, inspect, &job, ch_buf_str(&b.bytes));
    size_t findings = 0;
    bool more = false;
    for (size_t i = 0; i < r.count; i++) {
        if (r.records[i].type == CH_REC_FINDING) {
            findings++;
            more = more || ch_str_eq(r.records[i].u.finding.evidence, CH_STR("and 990 more"));
        }
    }
    assert_int_equal(findings, ch_limits.content_repeats + 1);
    assert_true(more);
    scan_run_done(&r);
    tb_done(&b);
}

/* As many as an image has, and not one more; the same for names. */
static void bounds(void **state)
{
    (void)state;
    wrong = 0;
    struct tb b;
    uint64_t members = ch_limits.layer_members;
    uint64_t names = ch_limits.layer_names_bytes;
    tb_init(&b);
    tb_file(&b, "a", "x");
    tb_file(&b, "b", "x");
    tb_file(&b, "c", "x");
    tb_end(&b);
    ch_limits.layer_members = 3;
    expect("three", ch_buf_str(&b.bytes), "", true);
    ch_limits.layer_members = 2;
    expect("two", ch_buf_str(&b.bytes), "limit", true);
    ch_limits.layer_members = members;
    ch_limits.layer_names_bytes = 3;
    expect("names of three", ch_buf_str(&b.bytes), "", true);
    ch_limits.layer_names_bytes = 2;
    expect("names of two", ch_buf_str(&b.bytes), "limit", false);
    ch_limits.layer_names_bytes = names;
    assert_int_equal(wrong, 0);
    tb_done(&b);
}

/* Archives of other kinds may not have more members for it. */
static void others_keep_theirs(void **state)
{
    (void)state;
    struct ch_archive_kind kind = {.format = CH_ARCHIVE_TAR};
    uint64_t members = ch_limits.archive_members;
    struct tb b;
    size_t seen = 0;
    struct ch_err err;
    tb_init(&b);
    tb_file(&b, "a", "x");
    tb_file(&b, "b", "x");
    tb_end(&b);
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)b.bytes.ptr, .len = b.bytes.len};
    ch_limits.archive_members = 1;
    struct ch_scan_writer *w = ch_scan_writer_new(-1, 1 << 20);
    assert_ch_ok(&err, ch_second_list(&kind, &in, w, &err));
    seen = (size_t)ch_scan_writer_findings(w);
    ch_scan_writer_free(w);
    ch_limits.archive_members = members;
    assert_int_equal(seen, 1);
    tb_done(&b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_row), cmocka_unit_test(repeats),
                                       cmocka_unit_test(bounds),
                                       cmocka_unit_test(others_keep_theirs)};
    corpus_dir = argc > 1 ? argv[1] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
