/* Where the fetcher goes, and with what: hosts, redirects, addresses, credentials (T13). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

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

static int restore(void **state)
{
    (void)state;
    bench.upstream.url = bench.url;
    bench.upstream.file_hosts = bench.file_hosts;
    bench.upstream.file_host_count = 1;
    bench.upstream.proxy = NULL;
    bench.credentials.count = 0;
    bench.config.listen_count = 0;
    bench.settings.listen_count = 0;
    bench_configure(&bench);
    free(bench_seen(&bench));
    return 0;
}

static void assert_refused(const char *url, enum ch_code code, const char *words)
{
    const struct outcome *o = bench_get(&bench, url);
    if (o->code != code || strstr(o->text, words) == NULL) {
        fail_msg("%s: %s (%s): expected %s (%s)", url, ch_code_name(o->code), o->text,
                 ch_code_name(code), words);
    }
    assert_int_equal(o->file_bytes, 0);
}

static void assert_nobody_asked(const char *host)
{
    char *seen = bench_seen(&bench);
    if (strstr(seen, host) != NULL) {
        fail_msg("%s was asked:\n%s", host, seen);
    }
    free(seen);
}

static const char *format_url(const char *format, unsigned port)
{
    static char url[256];
    char number[16];
    struct ch_buf b;
    ch_buf_init(&b, sizeof(url) - 1);
    snprintf(number, sizeof(number), "%u", port);
    for (const char *s = format; *s != '\0'; s++) {
        if (*s == '#') {
            ch_buf_puts(&b, ch_str_of(number));
        } else {
            ch_buf_putc(&b, *s);
        }
    }
    snprintf(url, sizeof(url), "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return url;
}

static void test_only_listed_hosts(void **state)
{
    (void)state;
    const char *const spellings[] = {
        "http://127.0.0.1:#/ok",  "http://localhost:#/ok", "http://2130706433:#/ok",
        "http://0x7f.1:#/ok",     "http://[::1]:#/ok",     "http://[::ffff:127.0.0.1]:#/ok",
        "http://127.0.0.1.:#/ok", "http://127.1:#/ok",     "http://own@127.0.0.1:#/ok",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(spellings); i++) {
        assert_refused(format_url(spellings[i], bench.port[2]), CH_E_DENIED, "");
    }
    assert_nobody_asked("other /");
    assert_is_body(bench_get(&bench, format_url("http://127.0.0.1:#/ok", bench.port[1])));
    assert_refused("http://127.0.0.1/ok", CH_E_DENIED, "not among file_hosts of upstream main");
    struct ch_fetch job = bench_job(&bench, "/ok");
    job.upstream = CH_STR("nobody");
    assert_int_equal(bench_fetch(&bench, &job, CH_STR(""))->code, CH_E_USAGE);
}

static void test_only_http(void **state)
{
    (void)state;
    assert_refused("file:///etc/passwd", CH_E_DENIED, "only http and https");
    assert_refused("ftp://127.0.0.1/x", CH_E_DENIED, "only http and https");
    assert_refused("http://", CH_E_FORMAT, "URL http://");
    assert_refused("/\x01", CH_E_FORMAT, "control character");
    assert_refused(format_url("http://u:p@127.0.0.1:#/ok", bench.port[0]), CH_E_DENIED,
                   "user name or password");
    assert_nobody_asked("own /");
}

static void test_redirects(void **state)
{
    (void)state;
    assert_is_body(bench_get(&bench, "/to-file-host"));
    assert_string_equal(bench.last.effective_url,
                        format_url("http://127.0.0.1:#/ok", bench.port[1]));
    assert_is_body(bench_get(&bench, "/to-relative"));
    assert_string_equal(bench.last.effective_url,
                        format_url("http://127.0.0.1:#/ok", bench.port[0]));
    free(bench_seen(&bench));
    assert_refused("/to-other-port", CH_E_DENIED, "redirects: 127.0.0.1:");
    assert_refused("/to-user", CH_E_DENIED, "user name or password");
    assert_refused("/to-file", CH_E_DENIED, "only http and https");
    assert_refused("/to-ftp", CH_E_DENIED, "only http and https");
    assert_nobody_asked("other /");
    assert_refused("/to-itself", CH_E_UPSTREAM, "more than 5 redirects");
    char *seen = bench_seen(&bench);
    free(seen);
    /* A Location that is no text is none: the 302 is the answer. */
    assert_int_equal(bench_get(&bench, "/to-nowhere")->http_status, 302);
}

static void test_no_way_down_from_https(void **state)
{
    (void)state;
    char url[64];
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/simple", bench.port[0]);
    bench.upstream.url = url;
    bench_configure(&bench);
    assert_refused(format_url("http://127.0.0.1:#/ok", bench.port[1]), CH_E_DENIED,
                   "http is refused");
    bench.upstream.url = bench.url;
    bench_configure(&bench);
    assert_nobody_asked("files /");
}

static void test_credentials_stay_with_their_origin(void **state)
{
    (void)state;
    char origin[64];
    snprintf(origin, sizeof(origin), "http://127.0.0.1:%u", bench.port[0]);
    struct ch_credential items[] = {{.origin = origin,
                                     .user = (char *)(uintptr_t) "reader",
                                     .password = (char *)(uintptr_t) "secret"}};
    bench.credentials = (struct ch_credentials){items, 1};
    bench_configure(&bench);
    assert_is_body(bench_get(&bench, "/to-file-host"));
    char *seen = bench_seen(&bench);
    assert_non_null(strstr(seen, "own /to-file-host authorization=Basic cmVhZGVyOnNlY3JldA=="));
    assert_non_null(strstr(seen, "files /ok accept="));
    free(seen);
    /* Another scheme, another port: another origin. */
    snprintf(origin, sizeof(origin), "https://127.0.0.1:%u", bench.port[0]);
    bench_configure(&bench);
    assert_is_body(bench_get(&bench, "/ok"));
    snprintf(origin, sizeof(origin), "http://127.0.0.1:%u", bench.port[2]);
    bench_configure(&bench);
    assert_is_body(bench_get(&bench, "/ok"));
    assert_nobody_asked("authorization");
    bench.credentials = (struct ch_credentials){NULL, 0};
}

/* A * stands for one label of a name over https, and never for an address that is not public. */
static void test_wildcard_hosts(void **state)
{
    (void)state;
    char *hosts[] = {(char *)(uintptr_t) "*.data.localhost",
                     (char *)(uintptr_t) "*.port.localhost:8443"};
    bench.upstream.file_hosts = hosts;
    bench.upstream.file_host_count = CH_ARRAY_LEN(hosts);
    bench_configure(&bench);
    const char *const named[] = {"https://a.data.localhost/x", "https://A-1.Data.LocalHost:443/x",
                                 "https://a.port.localhost:8443/x"};
    for (size_t i = 0; i < CH_ARRAY_LEN(named); i++) {
        assert_refused(named[i], CH_E_DENIED, "which is refused: loopback address");
    }
    const char *const others[] = {
        "https://data.localhost/x",       "https://a.b.data.localhost/x",
        "https://.data.localhost/x",      "https://a.data.localhost:8443/x",
        "https://a.data.localhost.org/x", "https://a.data.localhost./x",
        "https://xdata.localhost/x",      "https://a%2eb.data.localhost/x",
        "https://a.port.localhost/x",     "https://a~.data.localhost/x",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
        assert_refused(others[i], CH_E_DENIED, "not among file_hosts");
    }
    assert_refused("https://*.data.localhost/x", CH_E_FORMAT, "Bad hostname");
    assert_refused("http://a.data.localhost/x", CH_E_DENIED, "not among file_hosts");
    assert_refused("http://a.data.localhost:443/x", CH_E_DENIED, "not among file_hosts");
}

static void test_addresses_are_refused_after_resolution(void **state)
{
    (void)state;
    char *hosts[] = {(char *)(uintptr_t) "0.0.0.0:80", (char *)(uintptr_t) "224.0.0.1:80",
                     (char *)(uintptr_t) "[::]:80"};
    bench.upstream.file_hosts = hosts;
    bench.upstream.file_host_count = CH_ARRAY_LEN(hosts);
    bench_configure(&bench);
    assert_refused("http://0.0.0.0:80/x", CH_E_DENIED, "refused: unspecified address");
    assert_refused("http://[::]:80/x", CH_E_DENIED, "refused: unspecified address");
    assert_refused("http://224.0.0.1:80/x", CH_E_DENIED, "refused: multicast address");
}

static void test_our_own_listeners_are_refused(void **state)
{
    (void)state;
    char address[64];
    snprintf(address, sizeof(address), "127.0.0.1:%u", bench.port[0]);
    struct ch_listen listen = {.address = address};
    bench.config.listen = &listen;
    bench.config.listen_count = 1;
    bench_configure(&bench);
    assert_refused("/ok", CH_E_DENIED, "where this gateway itself listens");
    snprintf(address, sizeof(address), "0.0.0.0:%u", bench.port[0]);
    bench_configure(&bench);
    assert_refused("/ok", CH_E_DENIED, "where this gateway itself listens");
    bench.config.listen_count = 0;
    const struct ch_str used = ch_str_of(address);
    bench.settings.listen = &used;
    bench.settings.listen_count = 1;
    bench_configure(&bench);
    assert_refused("/ok", CH_E_DENIED, "where this gateway itself listens");
    bench.settings.listen_count = 0;
    bench_configure(&bench);
    assert_nobody_asked("own /");
    assert_refused("/ourselves", CH_E_DENIED, "answered 508");
}

static void test_proxy(void **state)
{
    (void)state;
    char proxy[64];
    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", bench.port[2]);
    struct ch_credential items[] = {
        {.origin = proxy, .user = (char *)(uintptr_t) "p", .password = (char *)(uintptr_t) "q"}};
    bench.credentials = (struct ch_credentials){items, 1};
    bench.upstream.proxy = proxy;
    bench_configure(&bench);
    /* The server is no proxy; what counts is whom the request reached, and with what. */
    assert_int_equal(bench_get(&bench, "/ok")->http_status, 404);
    bench.upstream.proxy = NULL;
    bench.credentials = (struct ch_credentials){NULL, 0};
    bench_configure(&bench);
    char *seen = bench_seen(&bench);
    assert_non_null(strstr(seen, "other http://127.0.0.1:"));
    assert_null(strstr(seen, "own /ok"));
    assert_null(strstr(seen, "authorization")); /* Proxy-Authorization is another field */
    free(seen);
}

/* Where "localhost" is ::1, too, the first attempt fails, and the second one's socket gets the
 * number of the first one's. */
static void test_a_name_with_two_addresses(void **state)
{
    (void)state;
    char entry[32];
    snprintf(entry, sizeof(entry), "localhost:%u", bench.port[1]);
    char *hosts[] = {entry};
    bench.upstream.file_hosts = hosts;
    for (size_t i = 0; i < 10; i++) {
        bench_configure(&bench); /* no connection is left to use again */
        assert_is_body(bench_get(&bench, format_url("http://localhost:#/ok", bench.port[1])));
        assert_true(bench.last.elapsed_ms < 1500);
    }
}

/* Jobs that end at every moment of their life: resolving, connecting, asking, reading. */
static void test_cancelled_at_any_time(void **state)
{
    (void)state;
    struct ch_err err;
    char entry[32];
    snprintf(entry, sizeof(entry), "localhost:%u", bench.port[1]);
    char *hosts[] = {entry};
    bench.upstream.file_hosts = hosts;
    bench_configure(&bench);
    for (unsigned turns = 0; turns < 60; turns++) {
        struct ch_fetch jobs[] = {
            bench_job(&bench, "/ok"),
            bench_job(&bench, format_url("http://localhost:#/trickle", bench.port[1]))};
        for (uint64_t i = 0; i < 6; i++) {
            jobs[i % 2].job = 100 + i;
            ch_fetch_engine_start(bench.engine, &jobs[i % 2], memfd_create("spool", MFD_CLOEXEC));
        }
        bench.any_job = true;
        for (unsigned t = 0; t < turns % 20; t++) {
            assert_ch_ok(&err, ch_loop_turn(bench.loop, 5, &err));
        }
        bench.any_job = false;
        ch_fetch_engine_cancel_all(bench.engine);
        if (turns % 7 == 0) {
            bench_configure(&bench);
        }
    }
    assert_is_body(bench_get(&bench, "/ok"));
}

/* The job that runs ends under the settings it began with. */
static void test_reload_while_a_job_runs(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_fetch job = bench_job(&bench, "/slow");
    job.job = 8;
    int fd = memfd_create("spool", MFD_CLOEXEC);
    ch_fetch_engine_start(bench.engine, &job, dup(fd));
    off_t before = 0;
    while (before < 10) { /* it runs; should it not, the test's time ends this */
        assert_ch_ok(&err, ch_loop_turn(bench.loop, 100, &err));
        before = lseek(fd, 0, SEEK_END);
    }
    bench.upstream.file_host_count = 0;
    bench_configure(&bench);
    assert_refused(format_url("http://127.0.0.1:#/ok", bench.port[1]), CH_E_DENIED, "not among");
    assert_is_body(bench_get(&bench, "/trickle-as-body"));
    assert_true(lseek(fd, 0, SEEK_END) > before);
    close(fd);
    ch_fetch_engine_cancel_all(bench.engine);
    assert_int_equal(ch_fetch_engine_jobs(bench.engine), 0);
    bench.upstream.ca_file = (char *)(uintptr_t) "/nonexistent/ca.pem";
    bench.settings.config = &bench.config;
    assert_ch_code(CH_E_USAGE, ch_fetch_engine_configure(bench.engine, &bench.settings, &err));
    assert_non_null(strstr(err.msg, "upstream main: CA certificates: /nonexistent/ca.pem"));
    bench.upstream.ca_file = NULL;
    assert_is_body(bench_get(&bench, "/ok")); /* the old settings are in force */
}

#define CASE(f) cmocka_unit_test_setup(f, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_only_listed_hosts),
        CASE(test_only_http),
        CASE(test_redirects),
        CASE(test_no_way_down_from_https),
        CASE(test_credentials_stay_with_their_origin),
        CASE(test_wildcard_hosts),
        CASE(test_addresses_are_refused_after_resolution),
        CASE(test_our_own_listeners_are_refused),
        CASE(test_proxy),
        CASE(test_a_name_with_two_addresses),
        CASE(test_cancelled_at_any_time),
        CASE(test_reload_while_a_job_runs),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
