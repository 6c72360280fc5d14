#include "customhouse/ecosystem.h"
#include "tests/ch_test.h"

#define MAX_FILES 12

#define PIP_LINUX                                                                                  \
    "pip/23.2.1 {\"cpu\":\"x86_64\",\"distro\":{\"id\":\"bookworm\",\"libc\":{\"lib\":\"glibc\","  \
    "\"version\":\"2.36\"},\"name\":\"Debian GNU/Linux\",\"version\":\"12\"},"                     \
    "\"implementation\":{\"name\":\"CPython\",\"version\":\"3.11.7\"},\"installer\":"              \
    "{\"name\":\"pip\",\"version\":\"23.2.1\"},\"python\":\"3.11.7\",\"system\":"                  \
    "{\"name\":\"Linux\",\"release\":\"6.1\"}}"
#define UV_LINUX                                                                                   \
    "uv/0.5.1 {\"installer\":{\"name\":\"uv\",\"version\":\"0.5.1\"},\"python\":\"3.9.2\","        \
    "\"implementation\":{\"name\":\"CPython\",\"version\":\"3.9.2\"},\"distro\":"                  \
    "{\"name\":\"Ubuntu\",\"version\":\"20.04\",\"libc\":{\"lib\":\"glibc\",\"version\":"          \
    "\"2.31\"}},\"system\":{\"name\":\"Linux\",\"release\":\"5\"},\"cpu\":\"aarch64\"}"
#define PIP_MUSL                                                                                   \
    "pip/24.0 {\"cpu\":\"x86_64\",\"distro\":{\"name\":\"Alpine Linux\",\"version\":\"3.19\"},"    \
    "\"implementation\":{\"name\":\"CPython\",\"version\":\"3.12.1\"},\"python\":\"3.12.1\","      \
    "\"system\":{\"name\":\"Linux\"}}"
#define PIP_MAC                                                                                    \
    "pip/24.0 {\"cpu\":\"arm64\",\"distro\":{\"name\":\"macOS\",\"version\":\"13.5\"},"            \
    "\"implementation\":{\"name\":\"CPython\",\"version\":\"3.12.1\"},\"python\":\"3.12.1\","      \
    "\"system\":{\"name\":\"Darwin\"}}"
#define PIP_WINDOWS                                                                                \
    "pip/24.0 {\"cpu\":\"AMD64\",\"implementation\":{\"name\":\"CPython\",\"version\":\"3.12.1\"},"\
    "\"python\":\"3.12.1\",\"system\":{\"name\":\"Windows\"}}"
#define PIP_PYPY                                                                                   \
    "pip/24.0 {\"cpu\":\"x86_64\",\"implementation\":{\"name\":\"PyPy\",\"version\":\"7.3\"},"     \
    "\"python\":\"3.10.1\",\"system\":{\"name\":\"Linux\"}}"

/* '!' before a name: not eligible; '~': yanked; "name|spec": requires-python. */
static const struct {
    const char *label;
    const char *user_agent;
    const char *files[MAX_FILES];
    size_t max;
    const char *expected[4];
} rows[] = {
    {"newest by version, not by text", PIP_LINUX,
     {"foo-1.9-py3-none-any.whl", "foo-1.10-py3-none-any.whl", "foo-1.2-py3-none-any.whl"}, 1,
     {"foo-1.10-py3-none-any.whl"}},
    {"one per version, newest first", PIP_LINUX,
     {"foo-1.0-py3-none-any.whl", "foo-2.0-py3-none-any.whl", "foo-2.0-cp311-cp311-linux_x86_64.whl",
      "foo-3.0-py3-none-any.whl"}, 2, {"foo-3.0-py3-none-any.whl", "foo-2.0-py3-none-any.whl"}},
    {"pre-releases are left alone", PIP_LINUX,
     {"foo-2.0rc1-py3-none-any.whl", "foo-1.0-py3-none-any.whl", "foo-3.0.dev1-py3-none-any.whl"}, 3,
     {"foo-1.0-py3-none-any.whl"}},
    {"unless there is nothing else", PIP_LINUX,
     {"foo-2.0rc1-py3-none-any.whl", "foo-2.0rc2-py3-none-any.whl"}, 1,
     {"foo-2.0rc2-py3-none-any.whl"}},
    {"requires-python", PIP_LINUX,
     {"foo-2.0-py3-none-any.whl|>=3.12", "foo-1.0-py3-none-any.whl|>=3.8,<3.12"}, 1,
     {"foo-1.0-py3-none-any.whl"}},
    {"malformed requires-python is never asked for", PIP_LINUX,
     {"foo-2.0-py3-none-any.whl|>>3", "foo-1.0-py3-none-any.whl"}, 1, {"foo-1.0-py3-none-any.whl"}},
    {"yanked is skipped", PIP_LINUX, {"~foo-2.0-py3-none-any.whl", "foo-1.0-py3-none-any.whl"}, 1,
     {"foo-1.0-py3-none-any.whl"}},
    {"the newest is there already: nothing to ask", PIP_LINUX,
     {"!foo-2.0-py3-none-any.whl", "foo-1.0-py3-none-any.whl"}, 1, {NULL}},
    {"cp311 of this machine before abi3 before pure", PIP_LINUX,
     {"foo-1-py3-none-any.whl", "foo-1-cp38-abi3-manylinux_2_17_x86_64.whl",
      "foo-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
      "foo-1-cp312-cp312-manylinux_2_17_x86_64.whl", "foo-1-cp311-cp311-manylinux_2_17_aarch64.whl",
      "foo-1-cp311-cp311-win_amd64.whl", "foo-1-cp311-cp311-macosx_11_0_arm64.whl"}, 1,
     {"foo-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"}},
    {"abi3 of an older Python", PIP_LINUX,
     {"foo-1-py3-none-any.whl", "foo-1-cp38-abi3-manylinux_2_17_x86_64.whl",
      "foo-1-cp310-cp310-manylinux_2_17_x86_64.whl"}, 1, {"foo-1-cp38-abi3-manylinux_2_17_x86_64.whl"}},
    {"the newest glibc that runs", PIP_LINUX,
     {"foo-1-cp311-cp311-manylinux_2_17_x86_64.whl", "foo-1-cp311-cp311-manylinux_2_39_x86_64.whl",
      "foo-1-cp311-cp311-manylinux_2_28_x86_64.whl"}, 1,
     {"foo-1-cp311-cp311-manylinux_2_28_x86_64.whl"}},
    {"uv on arm", UV_LINUX,
     {"foo-1-cp39-cp39-manylinux2014_x86_64.whl", "foo-1-cp39-cp39-manylinux2014_aarch64.whl"}, 1,
     {"foo-1-cp39-cp39-manylinux2014_aarch64.whl"}},
    {"musl", PIP_MUSL,
     {"foo-1-cp312-cp312-manylinux2014_x86_64.whl", "foo-1-cp312-cp312-musllinux_1_2_x86_64.whl"}, 1,
     {"foo-1-cp312-cp312-musllinux_1_2_x86_64.whl"}},
    {"macOS", PIP_MAC,
     {"foo-1-cp312-cp312-macosx_14_0_arm64.whl", "foo-1-cp312-cp312-macosx_10_9_universal2.whl",
      "foo-1-cp312-cp312-macosx_11_0_x86_64.whl"}, 1, {"foo-1-cp312-cp312-macosx_10_9_universal2.whl"}},
    {"Windows", PIP_WINDOWS,
     {"foo-1-cp312-cp312-win32.whl", "foo-1-cp312-cp312-win_amd64.whl"}, 1,
     {"foo-1-cp312-cp312-win_amd64.whl"}},
    {"PyPy takes what is pure", PIP_PYPY,
     {"foo-1-cp310-cp310-manylinux2014_x86_64.whl", "foo-1-py2.py3-none-any.whl"}, 1,
     {"foo-1-py2.py3-none-any.whl"}},
    {"an sdist where there is no wheel", PIP_LINUX,
     {"foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz", "foo-2.0.tar.gz"}, 2,
     {"foo-2.0.tar.gz", "foo-1.0-py3-none-any.whl"}},
    {"no sdist where a wheel fits", PIP_LINUX, {"foo-2.0.tar.gz", "foo-2.0-py3-none-any.whl"}, 1,
     {"foo-2.0-py3-none-any.whl"}},
    {"an sdist where no wheel fits", PIP_LINUX,
     {"foo-2.0-cp311-cp311-win_amd64.whl", "foo-2.0.tar.gz"}, 1, {"foo-2.0.tar.gz"}},
    {"sdists of a packing that is not read", PIP_LINUX,
     {"foo-2.0.tar.Z", "foo-1.0-py3-none-any.whl"}, 1, {"foo-1.0-py3-none-any.whl"}},
    {"an sdist for another Python", PIP_LINUX,
     {"foo-2.0.tar.gz|>=4", "foo-1.0-py3-none-any.whl"}, 1, {"foo-1.0-py3-none-any.whl"}},
    {"a browser", "Mozilla/5.0 (X11; Linux x86_64)", {"foo-1.0-py3-none-any.whl"}, 1, {NULL}},
    {"clipped before the version", "pip/23.2.1 {\"cpu\":\"x86_64\",\"python\":\"3.1",
     {"foo-1.0-py3-none-any.whl"}, 1, {NULL}},
    {"Python 2", "pip/20.3 {\"python\":\"2.7.18\"}", {"foo-1.0-py2-none-any.whl"}, 1, {NULL}},
    {"no user agent", NULL, {"foo-1.0-py3-none-any.whl"}, 1, {NULL}},
    {"none wanted", PIP_LINUX, {"foo-1.0-py3-none-any.whl"}, 0, {NULL}},
};

static void test_wanted(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_page_file files[MAX_FILES];
        bool eligible[MAX_FILES];
        size_t count = 0;
        for (; count < MAX_FILES && rows[i].files[count] != NULL; count++) {
            struct ch_str text = ch_str_of(rows[i].files[count]);
            bool marked = text.ptr[0] == '!' || text.ptr[0] == '~';
            eligible[count] = text.ptr[0] != '!';
            files[count] = (struct ch_page_file){
                .listing = text.ptr[0] == '~' ? CH_LIST_YANKED : CH_LIST_PLAIN};
            text = ch_str_sub(text, marked ? 1 : 0, text.len);
            ch_str_split(&text, '|', &files[count].file_name);
            files[count].requires_python = text;
        }
        struct ch_page page = {.project = CH_STR("foo"), .files = files, .file_count = count};
        size_t indices[4];
        size_t got = ch_ecosystem_find(CH_STR("pypi"))
                         ->wanted_next(&page, eligible, ch_str_of(rows[i].user_agent), indices,
                                       rows[i].max);
        for (size_t k = 0; k < 4; k++) {
            struct ch_str name = k < got ? files[indices[k]].file_name : (struct ch_str){NULL, 0};
            if (!ch_str_eq(name, ch_str_of(rows[i].expected[k]))) {
                fail_msg("%s: place %zu is \"%.*s\", expected \"%s\"", rows[i].label, k,
                         CH_STR_ARG(name), rows[i].expected[k] != NULL ? rows[i].expected[k] : "");
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_wanted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
