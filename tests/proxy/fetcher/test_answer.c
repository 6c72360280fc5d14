/* Header lines of an upstream, line by line as libcurl hands them over, and what is kept of them.
 */
#include "tests/ch_test.h"

#include <string.h>

#include "customhouse/limits.h"
#include "proxy/fetcher/fetch_int.h"

#define NONE CH_SIZE_UNKNOWN

static const struct row {
    const char *label;
    const char *lines; /* after the status line */
    bool has_range;
    uint64_t from;
    uint64_t to;
    uint64_t total;
    uint64_t length;
    const char *type;
    const char *etag;
} rows[] = {
    {"nothing", "", false, 0, 0, NONE, NONE, "", ""},
    {"a range", "Content-Range: bytes 5-9/100", true, 5, 9, 100, NONE, "", ""},
    {"of one byte, the last", "content-range:BYTES 9-9/10", true, 9, 9, 10, NONE, "", ""},
    {"of an unknown total", "Content-Range: bytes 5-9/*", true, 5, 9, NONE, NONE, "", ""},
    {"of another unit", "Content-Range: lines 5-9/100", false, 0, 0, NONE, NONE, "", ""},
    {"without a total", "Content-Range: bytes 5-9", false, 0, 0, NONE, NONE, "", ""},
    {"without an end", "Content-Range: bytes 5", false, 0, 0, NONE, NONE, "", ""},
    {"unsatisfied", "Content-Range: bytes */100", false, 0, 0, NONE, NONE, "", ""},
    {"no number to begin with", "Content-Range: bytes a-9/100", false, 0, 0, NONE, NONE, "", ""},
    {"no number to end with", "Content-Range: bytes 5-+9/100", false, 0, 0, NONE, NONE, "", ""},
    {"no number in all", "Content-Range: bytes 5-9/x", false, 0, 0, NONE, NONE, "", ""},
    {"backwards", "Content-Range: bytes 9-5/100", false, 0, 0, NONE, NONE, "", ""},
    {"beyond its total", "Content-Range: bytes 5-100/100", false, 0, 0, NONE, NONE, "", ""},
    {"a total of all numbers", "Content-Range: bytes 5-9/18446744073709551615", false, 0, 0, NONE,
     NONE, "", ""},
    {"an end of all numbers", "Content-Range: bytes 5-18446744073709551615/*", false, 0, 0, NONE,
     NONE, "", ""},
    {"two, the last one counts", "Content-Range: bytes 3-20/2\nContent-Range: bytes 3-20/*", true,
     3, 20, NONE, NONE, "", ""},
    {"two, the last one is none", "Content-Range: bytes 3-20/21\nContent-Range: x", false, 0, 0,
     NONE, NONE, "", ""},
    {"a length", "Content-Length: 12", false, 0, 0, NONE, 12, "", ""},
    {"a length that is none", "Content-Length: 12, 12", false, 0, 0, NONE, NONE, "", ""},
    {"a type", "Content-Type: Text/HTML; charset=latin-1", false, 0, 0, NONE, NONE, "text/html",
     ""},
    {"JSON", "Content-Type: application/json; x=y; Charset = \"UTF-8\"", false, 0, 0, NONE, NONE,
     "application/json", ""},
    {"JSON in another charset", "Content-Type: application/json; charset=\"utf-16\"", false, 0, 0,
     NONE, NONE, "application/json; charset=\"utf-16\"", ""},
    {"JSON in ASCII", "Content-Type: application/x+json;charset=us-ascii", false, 0, 0, NONE, NONE,
     "application/x+json", ""},
    {"an ETag", "ETag: \"a b\" ", false, 0, 0, NONE, NONE, "", "\"a b\""},
    {"an ETag with a control", "ETag: \"a\x01\"", false, 0, 0, NONE, NONE, "", ""},
    {"an ETag beyond ASCII", "ETag: \"\xc3\xa9\"", false, 0, 0, NONE, NONE, "", ""},
    {"no field", "ETag", false, 0, 0, NONE, NONE, "", ""},
};

static void feed(struct ch_fetch_job *job, struct ch_str lines)
{
    struct ch_str line;
    assert_true(ch_fetch_answer_line(job, CH_STR("HTTP/1.1 404 Not Found\r\n")));
    while (lines.len > 0 && ch_str_split(&lines, '\n', &line)) {
        assert_true(ch_fetch_answer_line(job, line));
    }
    assert_true(ch_fetch_answer_line(job, CH_STR("\r\n")));
}

static void test_fields(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];
        struct ch_fetch_job job = {.fd = -1};
        const struct ch_fetch_answer *a = &job.answer;
        feed(&job, ch_str_of(r->lines));
        if (a->status != 404 || a->has_range != r->has_range || a->range_from_bytes != r->from ||
            a->range_to_bytes != r->to || a->range_total_bytes != r->total ||
            a->length_bytes != r->length || strcmp(a->content_type, r->type) != 0 ||
            strcmp(a->etag, r->etag) != 0) {
            print_error("%s: range %d %llu-%llu/%llu, length %llu, type \"%s\", ETag \"%s\"\n",
                        r->label, a->has_range, (unsigned long long)a->range_from_bytes,
                        (unsigned long long)a->range_to_bytes,
                        (unsigned long long)a->range_total_bytes,
                        (unsigned long long)a->length_bytes, a->content_type, a->etag);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void test_an_informational_answer_is_followed_by_another(void **state)
{
    (void)state;
    struct ch_fetch_job job = {.fd = -1};
    assert_true(ch_fetch_answer_line(&job, CH_STR("HTTP/1.1 103 Early Hints\r\n")));
    assert_true(ch_fetch_answer_line(&job, CH_STR("ETag: \"early\"\r\n")));
    assert_true(ch_fetch_answer_line(&job, CH_STR("\r\n")));
    assert_false(job.answer.headers_done);
    feed(&job, (struct ch_str){NULL, 0});
    assert_int_equal(job.answer.status, 404);
    assert_string_equal(job.answer.etag, "");
    assert_true(job.answer.headers_done);
    assert_true(ch_fetch_answer_line(&job, CH_STR("ETag: \"trailer\"\r\n")));
    assert_string_equal(job.answer.etag, "");
}

static void test_a_header_has_an_end(void **state)
{
    (void)state;
    struct ch_fetch_job job = {.fd = -1};
    const struct ch_str line = CH_STR("X: ................................................\r\n");
    uint64_t lines = 0;
    assert_true(ch_fetch_answer_line(&job, CH_STR("HTTP/1.1 200 OK\r\n")));
    while (ch_fetch_answer_line(&job, line)) {
        lines++;
        assert_true(lines * line.len < ch_limits.fetch_header_bytes);
    }
    assert_true(job.failed);
    assert_int_equal(job.fail.code, CH_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_an_informational_answer_is_followed_by_another),
        cmocka_unit_test(test_a_header_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
