#include "customhouse/ecosystem.h"
#include "tests/ch_test.h"

#define ZEROS30 "000000000000000000000000000000"
#define SHA_AB  "ab" ZEROS30 ZEROS30 "00"
#define SHA_CD  "cd" ZEROS30 ZEROS30 "00"

static const struct ch_index_format *format(const char *accepts)
{
    const struct ch_ecosystem *e = ch_ecosystem_find(CH_STR("pypi"));
    for (size_t i = 0; i < e->format_count; i++) {
        if (ch_str_starts(ch_str_of(e->formats[i].accepts), ch_str_of(accepts))) {
            return &e->formats[i];
        }
    }
    fail_msg("no format for %s", accepts);
    return NULL;
}

static void assert_page(const char *accepts, const struct ch_page *page, const char *expected)
{
    struct ch_buf out;
    struct ch_err err = {0};
    ch_buf_init(&out, 100000);
    assert_ch_ok(&err, format(accepts)->render_page(page, CH_STR("/pypi"), &out, &err));
    ch_buf_putc(&out, '\0');
    assert_string_equal(out.ptr, expected);
    ch_buf_done(&out);
}

#define JSON "application/vnd.pypi.simple.v1+json"
#define HTML "text/html"

/* Every field that a page can carry. */
static struct ch_page full_page(struct ch_page_file files[3], struct ch_str versions[2])
{
    files[0] = (struct ch_page_file){
        .file_name = CH_STR("foo-1.0+cpu-py3-none-any.whl"),
        .sha256 = {{0xab}},
        .size_bytes = 123,
        .uploaded_at_us = 1705510372779164,
        .requires_python = CH_STR(">=3.8,<4"),
        .sidecar = CH_SIDECAR_HASHED,
        .sidecar_sha256 = {{0xcd}},
    };
    files[1] = (struct ch_page_file){
        .file_name = CH_STR("foo-1.0.tar.gz"),
        .size_bytes = 4,
        .uploaded_at_us = CH_TIME_UNKNOWN,
        .listing = CH_LIST_YANKED,
        .yanked_reason = CH_STR("held: no inspector for sdists"),
    };
    files[2] = (struct ch_page_file){
        .file_name = CH_STR("foo-2.0-py3-none-any.whl"),
        .size_bytes = 0,
        .uploaded_at_us = -1,
        .listing = CH_LIST_YANKED,
        .sidecar = CH_SIDECAR_YES,
    };
    versions[0] = CH_STR("1.0");
    versions[1] = CH_STR("2.0");
    return (struct ch_page){.project = CH_STR("foo"),
                            .generation = 7,
                            .versions = versions,
                            .version_count = 2,
                            .files = files,
                            .file_count = 3};
}

static void test_json(void **state)
{
    (void)state;
    struct ch_page_file files[3];
    struct ch_str versions[2];
    struct ch_page page = full_page(files, versions);
    assert_page(JSON, &page,
                "{\"meta\":{\"api-version\":\"1.1\"},\"name\":\"foo\",\"versions\":[\"1.0\",\"2.0\"],"
                "\"files\":["
                "{\"filename\":\"foo-1.0+cpu-py3-none-any.whl\","
                "\"url\":\"../../files/foo/foo-1.0%2Bcpu-py3-none-any.whl\","
                "\"hashes\":{\"sha256\":\"" SHA_AB "\"},\"requires-python\":\">=3.8,<4\",\"size\":123,"
                "\"upload-time\":\"2024-01-17T16:52:52.779164Z\",\"yanked\":false,"
                "\"core-metadata\":{\"sha256\":\"" SHA_CD "\"},"
                "\"data-dist-info-metadata\":{\"sha256\":\"" SHA_CD "\"}},"
                "{\"filename\":\"foo-1.0.tar.gz\",\"url\":\"../../files/foo/foo-1.0.tar.gz\","
                "\"hashes\":{},\"size\":4,\"yanked\":\"held: no inspector for sdists\","
                "\"core-metadata\":false,\"data-dist-info-metadata\":false},"
                "{\"filename\":\"foo-2.0-py3-none-any.whl\","
                "\"url\":\"../../files/foo/foo-2.0-py3-none-any.whl\",\"hashes\":{},\"size\":0,"
                "\"upload-time\":\"1969-12-31T23:59:59.999999Z\",\"yanked\":true,"
                "\"core-metadata\":true,\"data-dist-info-metadata\":true}]}\n");
}

static void test_html(void **state)
{
    (void)state;
    struct ch_page_file files[3];
    struct ch_str versions[2];
    struct ch_page page = full_page(files, versions);
    const char *expected =
        "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"pypi:repository-version\" content=\"1.0\">\n"
        "<title>Links for foo</title>\n</head>\n<body>\n<h1>Links for foo</h1>\n"
        "<a href=\"../../files/foo/foo-1.0%2Bcpu-py3-none-any.whl#sha256=" SHA_AB "\""
        " data-requires-python=\"&gt;=3.8,&lt;4\" data-dist-info-metadata=\"sha256=" SHA_CD "\""
        " data-core-metadata=\"sha256=" SHA_CD "\">foo-1.0+cpu-py3-none-any.whl</a><br>\n"
        "<a href=\"../../files/foo/foo-1.0.tar.gz\" data-yanked=\"held: no inspector for sdists\">"
        "foo-1.0.tar.gz</a><br>\n"
        "<a href=\"../../files/foo/foo-2.0-py3-none-any.whl\" data-yanked=\"\""
        " data-dist-info-metadata=\"true\" data-core-metadata=\"true\">"
        "foo-2.0-py3-none-any.whl</a><br>\n"
        "</body>\n</html>\n";
    assert_page(HTML, &page, expected);
    assert_page("application/vnd.pypi.simple.v1+html", &page, expected);
}

/* Sizes are mandatory from 1.1 on: a page that lacks one says 1.0. */
static void test_version_follows_the_fields(void **state)
{
    (void)state;
    struct ch_page_file file = {.file_name = CH_STR("a-1.zip"),
                                .size_bytes = CH_SIZE_UNKNOWN,
                                .uploaded_at_us = INT64_MAX};
    struct ch_page page = {.project = CH_STR("a"), .files = &file, .file_count = 1};
    assert_page(JSON, &page,
                "{\"meta\":{\"api-version\":\"1.0\"},\"name\":\"a\",\"versions\":[],\"files\":["
                "{\"filename\":\"a-1.zip\",\"url\":\"../../files/a/a-1.zip\",\"hashes\":{},"
                "\"yanked\":false,\"core-metadata\":false,\"data-dist-info-metadata\":false}]}\n");
    page.file_count = 0;
    page.status = CH_STATUS_QUARANTINED;
    page.status_reason = CH_STR("malware \"found\"");
    assert_page(JSON, &page,
                "{\"meta\":{\"api-version\":\"1.4\"},\"name\":\"a\",\"project-status\":"
                "{\"status\":\"quarantined\",\"reason\":\"malware \\\"found\\\"\"},"
                "\"versions\":[],\"files\":[]}\n");
    assert_page(HTML, &page,
                "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"pypi:repository-version\" content=\"1.4\">\n"
                "<meta name=\"pypi:project-status\" content=\"quarantined\">\n"
                "<meta name=\"pypi:project-status-reason\" content=\"malware &quot;found&quot;\">\n"
                "<title>Links for a</title>\n</head>\n<body>\n<h1>Links for a</h1>\n"
                "</body>\n</html>\n");
}

/* PEP 792: quarantined MUST NOT offer files. Where they are listed so that pip reaches the refusal, the
 * status stays away. */
static void test_quarantined_with_files_is_not_said(void **state)
{
    (void)state;
    struct ch_page_file file = {.file_name = CH_STR("a-1.zip"), .uploaded_at_us = CH_TIME_UNKNOWN};
    struct ch_page page = {.project = CH_STR("a"),
                           .status = CH_STATUS_QUARANTINED,
                           .files = &file,
                           .file_count = 1};
    assert_page(JSON, &page,
                "{\"meta\":{\"api-version\":\"1.1\"},\"name\":\"a\",\"versions\":[],\"files\":["
                "{\"filename\":\"a-1.zip\",\"url\":\"../../files/a/a-1.zip\",\"hashes\":{},\"size\":0,"
                "\"yanked\":false,\"core-metadata\":false,\"data-dist-info-metadata\":false}]}\n");
    page.status = CH_STATUS_ARCHIVED;
    page.file_count = 0;
    assert_page(JSON, &page,
                "{\"meta\":{\"api-version\":\"1.4\"},\"name\":\"a\",\"project-status\":"
                "{\"status\":\"archived\"},\"versions\":[],\"files\":[]}\n");
}

/* Reasons are escaped by whoever wrote them: both forms of a page say the same. */
static void test_reasons_are_escaped_once(void **state)
{
    (void)state;
    struct ch_page_file file = {.file_name = CH_STR("a-1.zip"),
                                .uploaded_at_us = CH_TIME_UNKNOWN,
                                .listing = CH_LIST_YANKED,
                                .yanked_reason = CH_STR("upstream says: caf\\xc3\\xa9 & <b> \"q\" \\\\")};
    struct ch_page page = {.project = CH_STR("a"),
                           .status = CH_STATUS_ARCHIVED,
                           .status_reason = CH_STR("\\xe2\\x80\\xae & >"),
                           .files = &file,
                           .file_count = 1};
    struct ch_buf out;
    struct ch_err err = {0};
    ch_buf_init(&out, 10000);
    assert_ch_ok(&err, format(HTML)->render_page(&page, CH_STR("/pypi"), &out, &err));
    struct ch_str html = ch_buf_str(&out);
    assert_true(ch_str_find(html, CH_STR("content=\"\\xe2\\x80\\xae &amp; &gt;\""), NULL));
    assert_true(ch_str_find(html, CH_STR("data-yanked=\"upstream says: caf\\xc3\\xa9 &amp; &lt;b&gt; "
                                         "&quot;q&quot; \\\\\""), NULL));
    ch_buf_clear(&out);
    assert_ch_ok(&err, format(JSON)->render_page(&page, CH_STR("/pypi"), &out, &err));
    struct ch_str json = ch_buf_str(&out); /* one level of JSON's own escaping */
    assert_true(ch_str_find(json, CH_STR("\"upstream says: caf\\\\xc3\\\\xa9 & <b> \\\"q\\\" \\\\\\\\\""),
                            NULL));
    ch_buf_done(&out);
}

/* Both forms of a page state the same terms, also those that are no specifier. */
static void test_a_backslash_is_one_in_both_forms(void **state)
{
    (void)state;
    struct ch_page_file file = {
        .file_name = CH_STR("a-1.zip"),
        .uploaded_at_us = CH_TIME_UNKNOWN,
        .requires_python = CH_STR(">=3\\6"),
    };
    struct ch_page page = {.project = CH_STR("a"), .files = &file, .file_count = 1};
    struct ch_err err;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 16);
    assert_ch_ok(&err, format(HTML)->render_page(&page, CH_STR("/pypi"), &out, &err));
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("data-requires-python=\"&gt;=3\\6\""), NULL));
    ch_buf_clear(&out);
    assert_ch_ok(&err, format(JSON)->render_page(&page, CH_STR("/pypi"), &out, &err));
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("\"requires-python\":\">=3\\\\6\""), NULL));
    ch_buf_done(&out);
}

/* T20: whatever an upstream writes stays text. */
static void test_hostile_text(void **state)
{
    (void)state;
    struct ch_page_file file = {
        .file_name = CH_STR("a-1\"><script>.zip?#%2e\x1b[2J\r\n"),
        .uploaded_at_us = CH_TIME_UNKNOWN,
        .requires_python = CH_STR("'\"<&>"),
        .listing = CH_LIST_YANKED,
        .yanked_reason = CH_STR("</a><img src=x onerror='y'>\xff"),
    };
    struct ch_str version = CH_STR("1\",\"evil");
    struct ch_page page = {.project = CH_STR("a"),
                           .versions = &version,
                           .version_count = 1,
                           .files = &file,
                           .file_count = 1};
    assert_page(JSON, &page,
                "{\"meta\":{\"api-version\":\"1.1\"},\"name\":\"a\",\"versions\":[\"1\\\",\\\"evil\"],"
                "\"files\":[{\"filename\":\"a-1\\\"><script>.zip?#%2e\\u001b[2J\\u000d\\u000a\","
                "\"url\":\"../../files/a/a-1%22%3E%3Cscript%3E.zip%3F%23%252e%1B%5B2J%0D%0A\","
                "\"hashes\":{},\"requires-python\":\"'\\\"<&>\",\"size\":0,"
                "\"yanked\":\"</a><img src=x onerror='y'>\\ufffd\","
                "\"core-metadata\":false,\"data-dist-info-metadata\":false}]}\n");
    assert_page(HTML, &page,
                "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta name=\"pypi:repository-version\" content=\"1.0\">\n"
                "<title>Links for a</title>\n</head>\n<body>\n<h1>Links for a</h1>\n"
                "<a href=\"../../files/a/a-1%22%3E%3Cscript%3E.zip%3F%23%252e%1B%5B2J%0D%0A\""
                " data-requires-python=\"&#39;&quot;&lt;&amp;&gt;\""
                " data-yanked=\"&lt;/a&gt;&lt;img src=x onerror=&#39;y&#39;&gt;\\xff\">"
                "a-1&quot;&gt;&lt;script&gt;.zip?#%2e\\x1b[2J\\x0d\\x0a</a><br>\n"
                "</body>\n</html>\n");
}

static void test_root(void **state)
{
    (void)state;
    struct ch_str names[] = {CH_STR("bar"), CH_STR("foo")};
    struct ch_root_page page = {.generation = 1, .names = names, .name_count = 2};
    struct ch_buf out;
    struct ch_err err = {0};
    ch_buf_init(&out, 10000);
    assert_ch_ok(&err, format(JSON)->render_root(&page, CH_STR("/pypi"), &out, &err));
    assert_str_eq(ch_buf_str(&out), "{\"meta\":{\"api-version\":\"1.0\"},\"projects\":"
                                    "[{\"name\":\"bar\"},{\"name\":\"foo\"}]}\n");
    ch_buf_clear(&out);
    assert_ch_ok(&err, format(HTML)->render_root(&page, CH_STR("/pypi"), &out, &err));
    assert_str_eq(ch_buf_str(&out),
                  "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"pypi:repository-version\" content=\"1.0\">\n"
                  "<title>Simple index</title>\n</head>\n<body>\n"
                  "<a href=\"bar/\">bar</a><br>\n<a href=\"foo/\">foo</a><br>\n</body>\n</html>\n");
    ch_buf_done(&out);
}

static void test_over_the_limit(void **state)
{
    (void)state;
    struct ch_page_file files[3];
    struct ch_str versions[2];
    struct ch_page page = full_page(files, versions);
    struct ch_buf out;
    struct ch_err err = {0};
    ch_buf_init(&out, 600);
    assert_ch_code(CH_E_LIMIT, format(JSON)->render_page(&page, CH_STR("/pypi"), &out, &err));
    ch_buf_clear(&out);
    assert_ch_code(CH_E_LIMIT, format(HTML)->render_page(&page, CH_STR("/pypi"), &out, &err));
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_html),
        cmocka_unit_test(test_version_follows_the_fields),
        cmocka_unit_test(test_quarantined_with_files_is_not_said),
        cmocka_unit_test(test_reasons_are_escaped_once),
        cmocka_unit_test(test_a_backslash_is_one_in_both_forms),
        cmocka_unit_test(test_hostile_text),
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_over_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
