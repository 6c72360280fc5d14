/* One transfer: headers sent, limits, broken bodies and how they are taken up again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "tests/proxy/fetcher/fetch_bench.h"

static struct bench bench;

static int setup(void **state)
{
    (void)state;
    return bench_start(&bench);
}

static int teardown(void **state)
{
    (void)state;
    bench_stop(&bench);
    return 0;
}

static int forget_seen(void **state)
{
    (void)state;
    free(bench_seen(&bench));
    return 0;
}

static void assert_failed(const struct outcome *o, enum ch_code code, const char *words)
{
    if (o->code != code || strstr(o->text, words) == NULL) {
        fail_msg("%s (%s): expected %s (%s)", ch_code_name(o->code), o->text, ch_code_name(code),
                 words);
    }
}

static void assert_seen(const char *expected)
{
    char *seen = bench_seen(&bench);
    if (strstr(seen, expected) == NULL) {
        fail_msg("expected \"%s\" in:\n%s", expected, seen);
    }
    free(seen);
}

static void assert_requests(unsigned expected)
{
    char *seen = bench_seen(&bench);
    unsigned count = seen[0] == '\0' ? 0 : 1;
    for (const char *s = seen; (s = strchr(s, '\n')) != NULL; s++) {
        count++;
    }
    if (count != expected) {
        fail_msg("%u requests, expected %u:\n%s", count, expected, seen);
    }
    free(seen);
}

static void test_takes_a_file(void **state)
{
    (void)state;
    const struct outcome *o = bench_get(&bench, "/ok");
    assert_is_body(o);
    assert_int_equal(o->http_status, 200);
    assert_int_equal(o->bytes, 100000);
    assert_string_equal(o->content_type, "application/octet-stream");
    assert_string_equal(o->etag, "\"v1\"");
    assert_string_equal(o->text, "");
    assert_seen("own /ok accept=*/* accept-encoding=identity user-agent=customhouse/0.1.0 "
                "x-customhouse-instance=0123456789abcdef");
}

/* A gateway behind this one, or this one itself, learns through which it comes (instance.h). */
static void test_says_for_whom_it_asks(void **state)
{
    (void)state;
    struct ch_fetch job = bench_job(&bench, "/ok");
    job.via = CH_STR("aa, bb");
    assert_is_body(bench_fetch(&bench, &job, CH_STR("")));
    assert_seen("x-customhouse-instance=0123456789abcdef, aa, bb");
    job.via = CH_STR("aa\r\nX: y");
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_FORMAT, "X-Customhouse-Instance");
}

static void test_a_file_is_written_from_its_start(void **state)
{
    (void)state;
    struct ch_fetch job = bench_job(&bench, "/ok");
    char *old = ch_calloc(1, 200000);
    assert_is_body(bench_fetch(&bench, &job, (struct ch_str){old, 200000}));
    free(old);
}

/* Every way to be cut off ends with the whole file; rows say what the second request asked. */
static void test_resumes(void **state)
{
    (void)state;
    const struct {
        const char *path;
        const char *seen;
    } rows[] = {
        {"/resume-etag", "range=bytes=50000- if-range=\"v1\""},
        {"/resume-date", "range=bytes=50000- if-range=Wed, 01 Jan 2020 00:00:00 GMT"},
        {"/resume-none", "own /resume-none accept=*/* accept-encoding=identity"},
        {"/resume-weak", "own /resume-weak accept=*/* accept-encoding=identity"},
        {"/resume-fresh-date", "own /resume-fresh-date accept=*/* accept-encoding=identity"},
        {"/resume-wrong-start", "range=bytes=50000- if-range=\"v1\""},
        {"/resume-other-total", "range=bytes=50000- if-range=\"v1\""},
        {"/resume-in-pieces", "range=bytes=90000- if-range=\"v1\""},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const struct outcome *o = bench_get(&bench, rows[i].path);
        print_message("%s\n", rows[i].path);
        assert_is_body(o);
        assert_int_equal(o->http_status, 200);
        assert_int_equal(o->bytes, 100000);
        assert_seen(rows[i].seen);
    }
}

static void test_no_range_without_a_validator(void **state)
{
    (void)state;
    const char *const paths[] = {"/resume-none", "/resume-weak", "/resume-fresh-date"};
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        assert_is_body(bench_get(&bench, paths[i]));
        char *seen = bench_seen(&bench);
        assert_null(strstr(seen, "range="));
        free(seen);
    }
}

static void test_a_changed_file_is_taken_anew(void **state)
{
    (void)state;
    const struct outcome *o = bench_get(&bench, "/resume-changed");
    assert_is_other(o);
    assert_string_equal(o->etag, "\"v2\"");
}

static void test_a_file_gone_meanwhile(void **state)
{
    (void)state;
    const struct outcome *o = bench_get(&bench, "/resume-gone");
    assert_int_equal(o->code, CH_OK);
    assert_int_equal(o->http_status, 404);
    assert_int_equal(o->bytes, 0);
}

static void test_gives_up_after_three_retries(void **state)
{
    (void)state;
    assert_failed(bench_get(&bench, "/breaks-always"), CH_E_CLOSED, "127.0.0.1: ");
    assert_requests(4);
    assert_failed(bench_get(&bench, "/short"), CH_E_CLOSED, "127.0.0.1: ");
    assert_requests(4);
}

/* The part lies at its own offset. */
static void assert_part(const struct outcome *o, size_t from, size_t end)
{
    assert_int_equal(o->code, CH_OK);
    assert_int_equal(o->http_status, 206);
    assert_int_equal(o->bytes, end - from);
    assert_int_equal(o->file_bytes, end);
    for (size_t i = from; i < end; i++) {
        assert_int_equal((unsigned char)o->file[i], (unsigned char)(i % 251));
    }
}

static void test_parts(void **state)
{
    (void)state;
    struct ch_fetch job = bench_job(&bench, "/range");
    job.range_from_bytes = 99000;
    assert_part(bench_fetch(&bench, &job, CH_STR("")), 99000, 100000);
    job.range_to_bytes = 99099;
    job.max_bytes = 100;
    assert_part(bench_fetch(&bench, &job, CH_STR("")), 99000, 99100);
    job.range_to_bytes = 200000;
    job.max_bytes = 1000;
    assert_part(bench_fetch(&bench, &job, CH_STR("")), 99000, 100000);
    job.range_from_bytes = 0;
    job.range_to_bytes = 9;
    assert_part(bench_fetch(&bench, &job, CH_STR("")), 0, 10);
    job.range_from_bytes = 100001;
    job.range_to_bytes = UINT64_MAX;
    const struct outcome *o = bench_fetch(&bench, &job, CH_STR(""));
    assert_int_equal(o->code, CH_OK);
    assert_int_equal(o->http_status, 416);
}

/* The keeper goes on with what an earlier process left in the spool. */
static void test_continues_a_spool_file(void **state)
{
    (void)state;
    char *start = ch_calloc(1, 60000);
    for (size_t i = 0; i < 60000; i++) {
        start[i] = (char)(i % 251);
    }
    struct ch_fetch job = bench_job(&bench, "/range");
    job.range_from_bytes = 60000;
    job.if_range = CH_STR("\"v1\"");
    const struct outcome *o = bench_fetch(&bench, &job, (struct ch_str){start, 60000});
    assert_is_body(o);
    assert_int_equal(o->http_status, 206);
    assert_int_equal(o->bytes, 40000);
    /* Changed since: everything, from the start. */
    job.if_range = CH_STR("\"v0\"");
    memset(start, 'x', 60000);
    o = bench_fetch(&bench, &job, (struct ch_str){start, 60000});
    assert_is_body(o);
    assert_int_equal(o->http_status, 200);
    assert_int_equal(o->bytes, 100000);
    /* A server without ranges: the same. */
    job.url = bench_job(&bench, "/no-range").url;
    assert_is_body(bench_fetch(&bench, &job, (struct ch_str){start, 60000}));
    free(start);
}

static void test_a_range_nobody_asked_for(void **state)
{
    (void)state;
    assert_failed(bench_get(&bench, "/unasked-range"), CH_E_MISMATCH, "no range was asked for");
    assert_requests(1);
}

/* A part is put where it belongs in the file: so it has to be the bytes it says, as they are. */
static void test_a_range_that_contradicts_itself(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool document; /* which alone is decoded: an artifact is taken as it comes */
        const char *why;
    } rows[] = {
        {"/encoded-range", true, "answered with an encoded range"},
        {"/longer-range", false, "states a Content-Length that differs from its Content-Range"},
        {"/shorter-range", false, "states a Content-Length that differs from its Content-Range"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_fetch job = bench_job(&bench, rows[i].path);
        job.range_to_bytes = 9;
        job.kind = rows[i].document ? CH_FETCH_DOCUMENT : job.kind;
        assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_MISMATCH, rows[i].why);
        assert_int_equal(bench.last.told_bytes, 0); /* that is not about its size */
        assert_false(bench.last.told_empty);
        assert_int_equal(bench.last.file_bytes, 0);
        assert_requests(1);
    }
}

/* Nothing at all is of another size than any that is stated, too, however it says that it has ended. */
static void test_empty_bodies(void **state)
{
    (void)state;
    const char *const paths[] = {"/empty", "/empty-chunked", "/empty-to-end"};
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        struct ch_fetch job = bench_job(&bench, paths[i]);
        job.expected_bytes = 500;
        assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_MISMATCH,
                      "it is 0 bytes, the index said 500");
        assert_int_equal(bench.last.told_bytes, 0);
        assert_true(bench.last.told_empty);
        assert_false(bench.last.told_at_least);
        job.expected_bytes = 0;
        assert_int_equal(bench_fetch(&bench, &job, CH_STR(""))->code, CH_OK);
        assert_int_equal(bench.last.file_bytes, 0);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    struct ch_fetch job = bench_job(&bench, "/big");
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_LIMIT, "1000000000000 bytes");
    assert_int_equal(bench.last.told_bytes, 1000000000000);
    assert_false(bench.last.told_at_least);
    job.url = bench_job(&bench, "/big-chunked").url;
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_LIMIT, "larger than the limit");
    assert_true(bench.last.told_bytes > job.max_bytes);
    assert_true(bench.last.told_at_least);
    job.max_bytes = job.expected_bytes = 1000; /* then the index is wrong, not the file too large */
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_MISMATCH, "the index said");
    assert_true(bench.last.told_bytes >
                1000); /* what came is told, as the index's size is not its */
    assert_true(bench.last.told_at_least);
    job.expected_bytes = CH_SIZE_UNKNOWN;
    assert_true(bench.last.file_bytes <= 1000000);
    job.url = bench_job(&bench, "/ok").url;
    job.max_bytes = 100000;
    assert_is_body(bench_fetch(&bench, &job, CH_STR("")));
    job.max_bytes = 99999;
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_LIMIT, "100000 bytes");
    job.max_bytes = 100000;
    job.expected_bytes = 99999;
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_MISMATCH, "the index said 99999");
    assert_int_equal(bench.last.told_bytes, 100000);
    assert_false(bench.last.told_at_least);
    assert_int_equal(bench.last.file_bytes, 0);
    job.url = bench_job(&bench, "/long").url;
    job.expected_bytes = 500;
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_MISMATCH, "it is 100 bytes");
    assert_int_equal(bench.last.told_bytes, 100);
    /* all of it came, and that is less: no transfer that broke off, however often it is tried */
    job.url = bench_job(&bench, "/chunked-short").url;
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_MISMATCH,
                  "it is 100 bytes, the index said 500");
    assert_int_equal(bench.last.told_bytes, 100);
    assert_false(bench.last.told_at_least);
    assert_failed(bench_get(&bench, "/endless-headers"), CH_E_LIMIT, "header is longer");
    assert_int_equal(bench.last.told_bytes, 0);
}

static void test_json_of_another_charset_is_none(void **state)
{
    (void)state;
    assert_is_body(bench_get(&bench, "/json-utf8"));
    assert_string_equal(bench.last.content_type, "application/x+json");
    assert_is_body(bench_get(&bench, "/json-latin1"));
    assert_string_equal(bench.last.content_type, "application/x+json; charset=latin-1");
}

static void test_documents_are_decoded(void **state)
{
    (void)state;
    struct ch_fetch job = bench_job(&bench, "/gzip");
    job.kind = CH_FETCH_DOCUMENT;
    job.accept = CH_STR("text/html;q=0.1");
    assert_is_body(bench_fetch(&bench, &job, CH_STR("")));
    assert_string_equal(bench.last.content_type, "text/html");
    assert_seen("own /gzip accept=text/html;q=0.1 accept-encoding=gzip, zstd");
    job.url = bench_job(&bench, "/zstd").url;
    assert_int_equal(bench_fetch(&bench, &job, CH_STR(""))->code, CH_OK);
    assert_string_equal(bench.last.file, "zstd text");
    job.url = bench_job(&bench, "/bomb").url;
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_LIMIT, "larger than the limit");
    assert_true(bench.last.file_bytes <= 1000000);
    job.url = bench_job(&bench, "/gzip-nothing").url;
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_LIMIT, "still encoded");
    job.url = bench_job(&bench, "/bad-gzip").url;
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_FORMAT, "127.0.0.1: ");
}

static const struct outcome *get_document(const char *path)
{
    struct ch_fetch job = bench_job(&bench, path);
    job.kind = CH_FETCH_DOCUMENT;
    print_message("%s\n", path);
    return bench_fetch(&bench, &job, CH_STR(""));
}

static void test_coded_streams_that_are_whole(void **state)
{
    (void)state;
    const char *const paths[] = {
        "/coded/gzip/whole",   "/coded/gzip/whole/chunked",   "/coded/gzip/whole/close",
        "/coded/gzip/members", "/coded/gzip/members/chunked", "/coded/gzip/no-end/once",
        "/coded/zstd/whole",   "/coded/zstd/whole/chunked",   "/coded/zstd/whole/close",
        "/coded/zstd/members", "/coded/zstd/members/chunked", "/coded/zstd/cut-7/once",
        "/identity",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        assert_is_body(get_document(paths[i]));
    }
}

/* Whatever the framing says: what lacks its own end is not taken for the whole, or what it lists no
 * more would be taken for gone. */
static void test_coded_streams_that_are_cut(void **state)
{
    (void)state;
    const char *const paths[] = {
        "/coded/gzip/cut-1",        "/coded/gzip/cut-8",      "/coded/gzip/cut-9",
        "/coded/gzip/cut-200",      "/coded/gzip/no-end",     "/coded/gzip/no-end/chunked",
        "/coded/gzip/no-end/close", "/coded/gzip/second-cut", "/coded/gzip/second-begun",
        "/coded/gzip/empty",        "/coded/zstd/cut-1",      "/coded/zstd/cut-50000",
        "/coded/zstd/cut-50003",    "/coded/zstd/cut-100006", "/coded/zstd/cut-7/chunked",
        "/coded/zstd/cut-7/close",  "/coded/zstd/second-cut", "/coded/zstd/second-begun",
        "/coded/zstd/empty",
    };
    uint64_t backoff_ms = ch_limits.fetch_backoff_ms;
    ch_limits.fetch_backoff_ms = 2;
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        free(bench_seen(&bench));
        assert_failed(get_document(paths[i]), CH_E_CLOSED,
                      strstr(paths[i], "gzip") != NULL ? "the answer's gzip stream is cut"
                                                       : "the answer's zstd stream is cut");
        assert_int_equal(bench.last.told_bytes, 0);
        assert_requests(4); /* a server that breaks off once does not do so again */
    }
    ch_limits.fetch_backoff_ms = backoff_ms;
}

static void test_coded_streams_that_are_broken(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum ch_code code;
        const char *why;
    } rows[] = {
        {"/coded/gzip/crc", CH_E_FORMAT, "gzip stream is damaged: incorrect data check"},
        {"/coded/gzip/size", CH_E_FORMAT, "gzip stream is damaged: incorrect length check"},
        {"/coded/gzip/plain", CH_E_FORMAT, "gzip stream is damaged: incorrect header check"},
        {"/coded/gzip/trailing", CH_E_FORMAT, "gzip stream is followed by what is no part of it"},
        {"/coded/gzip/trailing/chunked", CH_E_FORMAT, "gzip stream is followed by what"},
        {"/coded/gzip/zeros", CH_E_FORMAT, "gzip stream is followed by what is no part of it"},
        {"/coded/gzip/second-odd", CH_E_FORMAT, "gzip stream is damaged: incorrect header check"},
        {"/coded/zstd/plain", CH_E_FORMAT, "zstd stream is damaged: Unknown frame descriptor"},
        {"/coded/zstd/trailing", CH_E_FORMAT, "zstd stream is followed by what is no part of it"},
        {"/coded/zstd/trailing/chunked", CH_E_FORMAT, "zstd stream is followed by what"},
        {"/coded/zstd/window", CH_E_FORMAT, "zstd stream is damaged: Frame requires too much"},
        {"/coded/zstd/bomb", CH_E_LIMIT, "larger than the limit of 1000000 bytes"},
        {"/coded/zstd/nothing", CH_E_LIMIT, "it is 2621120 bytes, the limit here is 1000000"},
        {"/coded/zstd/nothing/chunked", CH_E_LIMIT, "larger than 1000000 bytes, still encoded"},
        {"/br", CH_E_FORMAT, "Content-Encoding that was not asked for (br; it may be one of gzip"},
        {"/twice", CH_E_FORMAT, "Content-Encoding that was not asked for (several;"},
        {"/two-lines", CH_E_FORMAT, "Content-Encoding that was not asked for (several;"},
        {"/transfer-gzip", CH_E_FORMAT, "Transfer-Encoding other than chunked"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        free(bench_seen(&bench));
        assert_failed(get_document(rows[i].path), rows[i].code, rows[i].why);
        assert_true(bench.last.file_bytes <= 1000000);
        assert_requests(1);
    }
    assert_failed(bench_get(&bench, "/transfer-gzip"), CH_E_FORMAT, "other than chunked");
}

static void test_artifacts_are_not_decoded(void **state)
{
    (void)state;
    const struct outcome *o = bench_get(&bench, "/gzip");
    assert_int_equal(o->code, CH_OK);
    assert_memory_equal(o->file, "\x1f\x8b", 2);
}

static void test_conditions(void **state)
{
    (void)state;
    struct ch_fetch job = bench_job(&bench, "/not-modified");
    job.if_none_match = CH_STR("\"v1\"");
    const struct outcome *o = bench_fetch(&bench, &job, CH_STR("kept"));
    assert_int_equal(o->code, CH_OK);
    assert_int_equal(o->http_status, 304);
    assert_int_equal(o->bytes, 0);
    assert_string_equal(o->file, "kept");
    assert_seen("if-none-match=\"v1\"");
    job.if_none_match = CH_STR("\"v1\"\r\nX: y");
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_FORMAT, "If-None-Match");
    assert_requests(0);
}

static void test_error_statuses(void **state)
{
    (void)state;
    const struct outcome *o = bench_get(&bench, "/missing");
    assert_int_equal(o->code, CH_OK);
    assert_int_equal(o->http_status, 404);
    assert_int_equal(o->file_bytes, 0);
    assert_string_equal(o->text, "127.0.0.1: answered 404");
    assert_int_equal(bench_get(&bench, "/missing-big")->http_status, 404);
    assert_is_body(bench_get(&bench, "/busy-once"));
    assert_is_body(bench_get(&bench, "/limited-once"));
    assert_true(bench.last.elapsed_ms >= 1000);
    free(bench_seen(&bench));
    assert_int_equal(bench_get(&bench, "/limited-long")->http_status, 429);
    assert_requests(1);
    assert_int_equal(bench_get(&bench, "/busy")->http_status, 503);
    assert_requests(4);
    assert_int_equal(bench_get(&bench, "/hostile-status")->http_status, 500);
    assert_null(strchr(bench.last.text, '\x1b'));
    assert_int_equal(bench_get(&bench, "/not-http")->code, CH_E_FORMAT);
}

/* A job may say how late it is tried again; the rest of a Retry-After is who asked's to obey. */
static void test_the_last_retry_has_a_time(void **state)
{
    (void)state;
    struct ch_fetch job = bench_job(&bench, "/limited-again");
    job.retry_ms = 500;
    free(bench_seen(&bench));
    assert_int_equal(bench_fetch(&bench, &job, CH_STR(""))->http_status, 429);
    assert_int_equal(bench.last.retry_after_s, 1);
    assert_true(bench.last.elapsed_ms < 1000);
    assert_requests(1);
    job = bench_job(&bench, "/busy");
    job.retry_ms = 1;
    assert_int_equal(bench_fetch(&bench, &job, CH_STR(""))->http_status, 503);
    assert_int_equal(bench.last.retry_after_s, 0);
    assert_requests(1);
    assert_int_equal(bench_get(&bench, "/limited-long")->retry_after_s, 3600);
    assert_int_equal(bench_get(&bench, "/missing")->retry_after_s, 0);
}

static void test_hostile_fields_are_absent(void **state)
{
    (void)state;
    const struct outcome *o = bench_get(&bench, "/bad-fields");
    assert_int_equal(o->code, CH_OK);
    assert_string_equal(o->etag, "");
    assert_string_equal(o->content_type, "");
}

static void test_time(void **state)
{
    (void)state;
    struct ch_fetch job = bench_job(&bench, "/stall");
    job.timeout_ms = 300;
    assert_failed(bench_fetch(&bench, &job, CH_STR("")), CH_E_TIMEOUT, "within 300 ms");
    assert_true(bench.last.elapsed_ms >= 300 && bench.last.elapsed_ms < 3000);
    uint64_t retries = ch_limits.fetch_retries;
    uint64_t low_speed_s = ch_limits.fetch_low_speed_s;
    ch_limits.fetch_retries = 0;
    ch_limits.fetch_low_speed_s = 1;
    assert_failed(bench_get(&bench, "/slow"), CH_E_TIMEOUT, "127.0.0.1: ");
    assert_true(bench.last.elapsed_ms < 10000);
    ch_limits.fetch_retries = retries;
    ch_limits.fetch_low_speed_s = low_speed_s;
    assert_int_equal(bench_get(&bench, "/trickle")->code, CH_OK);
    assert_in_range(bench.last.progress_count, 1, 1 + bench.last.elapsed_ms / 250);
}

static void cancel(struct ch_timer *t)
{
    ch_fetch_engine_cancel(bench.engine, 8); /* of nobody */
    ch_fetch_engine_cancel(bench.engine, 7);
    t->fn = NULL;
}

static void test_cancel(void **state)
{
    (void)state;
    const char *const paths[] = {"/stall", "/trickle", "/breaks-always"};
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        struct ch_timer t = {.fn = cancel};
        uint64_t backoff = ch_limits.fetch_backoff_ms;
        ch_limits.fetch_backoff_ms = 4000; /* the last one is met between two requests */
        ch_loop_set_timer(bench.loop, &t, ch_now_boot_ms() + 150);
        const struct outcome *o = bench_get(&bench, paths[i]);
        ch_limits.fetch_backoff_ms = backoff;
        assert_failed(o, CH_E_CLOSED, "cancelled");
        assert_true(o->elapsed_ms < 2000);
    }
}

static void test_nobody_listens(void **state)
{
    (void)state;
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:1/x");
    char *hosts[] = {(char *)(uintptr_t) "127.0.0.1:1"};
    bench.upstream.file_hosts = hosts;
    bench_configure(&bench);
    const struct outcome *o = bench_get(&bench, url);
    assert_failed(o, CH_E_UPSTREAM, "127.0.0.1: ");
    bench.upstream.file_hosts = bench.file_hosts;
    bench_configure(&bench);
}

#define CASE(f) cmocka_unit_test_setup(f, forget_seen)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_takes_a_file),
        CASE(test_says_for_whom_it_asks),
        CASE(test_a_file_is_written_from_its_start),
        CASE(test_resumes),
        CASE(test_no_range_without_a_validator),
        CASE(test_a_changed_file_is_taken_anew),
        CASE(test_a_file_gone_meanwhile),
        CASE(test_gives_up_after_three_retries),
        CASE(test_parts),
        CASE(test_continues_a_spool_file),
        CASE(test_a_range_nobody_asked_for),
        CASE(test_a_range_that_contradicts_itself),
        CASE(test_empty_bodies),
        CASE(test_sizes),
        CASE(test_documents_are_decoded),
        CASE(test_coded_streams_that_are_whole),
        CASE(test_coded_streams_that_are_cut),
        CASE(test_coded_streams_that_are_broken),
        CASE(test_json_of_another_charset_is_none),
        CASE(test_artifacts_are_not_decoded),
        CASE(test_conditions),
        CASE(test_error_statuses),
        CASE(test_the_last_retry_has_a_time),
        CASE(test_hostile_fields_are_absent),
        CASE(test_time),
        CASE(test_cancel),
        CASE(test_nobody_listens),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
