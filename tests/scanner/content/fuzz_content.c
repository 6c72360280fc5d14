/* The inspection of content over two members, a source and another one of any kind, and again what
 * the source reaches. Input: a byte that chooses the other's path, two bytes for the length of the
 * source, the source, the rest. */
#include "customhouse/limits.h"
#include "scanner/content/content.h"
#include "scanner/content/installed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct ch_str paths[] = {
    {"a/pack.zip", 10},     {"a/tests/evil.py", 15},
    {"a/x.txt", 7},         {"a/tests/__init__.py", 19},
    {"x.pth", 5},           {"a/lib.so", 8},
    {"a/book.ipynb", 12},   {"a/__pycache__/b.cpython-312.pyc", 31},
    {"a/evil.py.lzma", 14}, {"a/run.sh", 8},
    {"tests/a.tar", 11},    {"a/logo.png", 10},
    {"a-1.data/data/lib/JSON/x.py", 27},
};

static enum ch_code_place place_of(void *arg CH_UNUSED, struct ch_str path)
{
    size_t at;
    return ch_str_ends(path, CH_STR(".pth"))          ? CH_PLACE_START
           : ch_str_find(path, CH_STR("tests/"), &at) ? CH_PLACE_TEST
           : ch_str_ends(path, CH_STR(".py"))         ? CH_PLACE_IMPORT
                                                      : CH_PLACE_NONE;
}

static struct ch_str source_of;

static bool read_member(void *arg CH_UNUSED, struct ch_str path, struct ch_buf *ret)
{
    if (!ch_str_eq(path, CH_STR("a/b.py"))) {
        return false;
    }
    ch_buf_puts(ret, source_of);
    return !ret->failed;
}

static struct ch_installed installed(void *arg CH_UNUSED, struct ch_str path)
{
    return ch_installed_of_wheel(path);
}

static struct ch_str site_of(void *arg CH_UNUSED, struct ch_str path)
{
    return path;
}

static void on_finding(void *arg CH_UNUSED, enum ch_finding_code code CH_UNUSED,
                       struct ch_str member CH_UNUSED, struct ch_str evidence CH_UNUSED)
{
}

static void see(struct ch_content *c, struct ch_str path, struct ch_str bytes)
{
    ch_content_see(
        c, &(struct ch_content_member){
               .path = path, .type = CH_MEMBER_FILE, .bytes = bytes, .size_bytes = bytes.len});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    struct ch_str rest = {(const char *)data + 3, size - 3};
    struct ch_str path = paths[data[0] % CH_ARRAY_LEN(paths)];
    size_t length = (size_t)data[1] << 8 | data[2];
    source_of = ch_str_sub(rest, 0, length);
    struct ch_str other = ch_str_sub(rest, source_of.len, rest.len);
    ch_limits.member_whole_bytes = 1 << 20;
    ch_limits.nested_bytes = 1 << 22;
    ch_limits.archive_members = 100;
    struct ch_scan_job job = {.ecosystem = CH_STR("pypi"), .project = CH_STR("a")};
    struct ch_scan_writer *out = ch_scan_writer_listen(on_finding, NULL);
    struct ch_content_options o = {.job = &job,
                                   .out = out,
                                   .kind = CH_CONTENT_BUILT,
                                   .platform = CH_STR("any"),
                                   .noun = "wheel",
                                   .platform_known = "the file name",
                                   .place = place_of,
                                   .installed = installed,
                                   .read = read_member,
                                   .site = site_of};
    struct ch_content *c = ch_content_new(&o);
    unsigned again = 0;
    ch_content_expect(c, path);
    see(c, path, other);
    see(c, CH_STR("a/b.py"), source_of);
    while (ch_content_next(c, &path)) {
        CH_ASSERT(again++ < 8); /* once for each thing that is learned */
        see(c, path, other);
    }
    ch_content_end(c);
    ch_content_free(c);
    ch_scan_writer_free(out);
    return 0;
}
