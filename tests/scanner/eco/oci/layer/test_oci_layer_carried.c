/* Packages that lie in a layer as they are published: inspected as they would be by themselves. */
#include "tests/ch_test.h"

#include <stdlib.h>

#include "conda_build.h"
#include "customhouse/limits.h"
#include "pack.h"
#include "scanner/eco/oci/layer/layer.h"
#include "scanner/unpack/tar.h"
#include "tar_build.h"
#include "tests/scanner/eco/oci/opinions.h"
#include "zip_build.h"

#define CALLS "import urllib.request\nurllib.request.urlopen('http://example.org/x')\n"
#define META  "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n"
#define TAGS  "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"

static const struct ch_scan_job job = {.profile = {"oci-layer", 9}};

static const char filler[CH_TAR_HEAD_BYTES]; /* not packed */

static void make_wheel(struct ch_buf *ret, const char *source)
{
    struct zb b;
    zb_init(&b);
    zb_add(&b,
           &(struct zb_member){.name = CH_STR("foo/x.bin"), .content = {filler, sizeof(filler)}});
    zb_file(&b, "foo/__init__.py", source);
    zb_file(&b, "foo-1.0.dist-info/METADATA", META);
    zb_file(&b, "foo-1.0.dist-info/WHEEL", TAGS);
    zb_file(
        &b, "foo-1.0.dist-info/RECORD",
        "foo/x.bin,,\nfoo/__init__.py,,\nfoo-1.0.dist-info/METADATA,,\nfoo-1.0.dist-info/WHEEL,,\n"
        "foo-1.0.dist-info/RECORD,,\n");
    zb_end(&b, NULL);
    ch_buf_init(ret, 1 << 24);
    ch_buf_puts(ret, ch_buf_str(&b.bytes));
    zb_done(&b);
}

/* What is told of a layer that has this file, with its evidence; ch_buf_done. */
static void told(struct ch_buf *ret, const char *path, struct ch_str content)
{
    struct tb b;
    tb_init(&b);
    tb_add(&b, &(struct tb_member){.name = ch_str_of(path), .content = content});
    tb_end(&b);
    struct ch_buf packed;
    ch_buf_init(&packed, 1 << 24);
    pack(&packed, CH_STREAM_GZIP, ch_buf_str(&b.bytes));
    ch_buf_init(ret, 1 << 24);
    opinion_text(path, ch_oci_layer_inspect, &job, ch_buf_str(&packed), true, ret);
    ch_buf_done(&packed);
    tb_done(&b);
}

static void has(const char *path, struct ch_str content, const char *line, bool expected)
{
    struct ch_buf text;
    told(&text, path, content);
    if (ch_str_find(ch_buf_str(&text), ch_str_of(line), NULL) != expected) {
        fail_msg("%s: %s is %sexpected:\n%.*s", path, line, expected ? "" : "not ",
                 CH_STR_ARG(ch_buf_str(&text)));
    }
    ch_buf_done(&text);
}

static void test_wheels(void **state)
{
    struct ch_buf evil;
    struct ch_buf good;
    (void)state;
    make_wheel(&evil, CALLS);
    make_wheel(&good, "x = 1\n");
    const char *path = "opt/wheels/foo-1.0-py3-none-any.whl";
    has(path, ch_buf_str(&evil),
        "! import-network opt/wheels/foo-1.0-py3-none-any.whl!foo/__init__.py: ", true);
    has("opt/foo-1.0-py3-none-any.WHL", ch_buf_str(&evil), "! import-network", true);
    has(path, ch_buf_str(&good), "! import-network", false);
    has("opt/foo.zip", ch_buf_str(&evil), "! import-network", false); /* nobody installs that */
    /* What its inspector says of the archive and the name, too. */
    has("opt/bar-1.0-py3-none-any.whl", ch_buf_str(&good), "! wheel-name-differs", true);
    has(path, ch_str_sub(ch_buf_str(&good), 0, good.len - 4), "! zip-", true);
    has(path, CH_STR("no archive"), "opt/wheels/foo-1.0-py3-none-any.whl", true);
    /* Facts are the package's, and are not told as the layer's. */
    has(path, ch_buf_str(&evil), "capability=", false);
    ch_buf_done(&evil);
    ch_buf_done(&good);
}

static void test_conda(void **state)
{
    static const struct conda_spec evil = {
        .more = {{.path = "lib/python3.11/site-packages/foo/__init__.py", .content = CALLS}}};
    static const struct conda_spec good = {
        .more = {{.path = "lib/python3.11/site-packages/foo/__init__.py", .content = "x = 1\n"}}};
    struct ch_buf bytes;
    (void)state;
    conda_build(&bytes, &evil);
    has("opt/pkgs/foo-1.0-py_0.conda", ch_buf_str(&bytes),
        "! import-network opt/pkgs/foo-1.0-py_0.conda!", true);
    ch_buf_done(&bytes);
    conda_build(&bytes, &good);
    has("opt/pkgs/foo-1.0-py_0.conda", ch_buf_str(&bytes), "! import-network", false);
    ch_buf_done(&bytes);
}

/* One of which only the beginning is here has not been inspected: it holds. */
static void test_one_that_is_too_large(void **state)
{
    struct ch_buf good;
    uint64_t before = ch_limits.member_whole_bytes;
    (void)state;
    make_wheel(&good, "x = 1\n");
    ch_limits.member_whole_bytes = CH_TAR_HEAD_BYTES;
    has("opt/foo-1.0-py3-none-any.whl", ch_buf_str(&good),
        "! nested-limit opt/foo-1.0-py3-none-any.whl", true);
    ch_limits.member_whole_bytes = before;
    has("opt/foo-1.0-py3-none-any.whl", ch_buf_str(&good), "! nested-limit", false);
    ch_buf_done(&good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wheels),
        cmocka_unit_test(test_conda),
        cmocka_unit_test(test_one_that_is_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
