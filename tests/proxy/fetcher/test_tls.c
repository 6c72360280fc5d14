/* TLS: only the configured anchors count, the name must fit, and the client certificate goes to the
 * upstream's own host alone. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/fetcher/fetch_int.h"
#include "tests/proxy/fetcher/fetch_bench.h"
#include "tests/proxy/fetcher/identities.h"

static struct bench bench;
static struct identities pems;

static int setup(void **state)
{
    (void)state;
    identities_make(&pems);
    bench.server_args[0] = pems.server_path;
    bench.server_args[1] = pems.ca_path;
    if (bench_start(&bench) != 0) {
        return -1;
    }
    snprintf(bench.url, sizeof(bench.url), "https://127.0.0.1:%u/simple", bench.port[0]);
    bench.upstream.ca_file = pems.ca_path;
    bench_configure(&bench);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_stop(&bench);
    identities_remove(&pems);
    return 0;
}

static const char *url_of(unsigned port, const char *host)
{
    static char url[128];
    snprintf(url, sizeof(url), "https://%s:%u/peer", host, port);
    return url;
}

static void test_a_known_anchor(void **state)
{
    (void)state;
    assert_int_equal(bench_get(&bench, url_of(bench.port[0], "127.0.0.1"))->code, CH_OK);
    assert_string_equal(bench.last.file, "nobody");
}

static void test_an_unknown_anchor(void **state)
{
    (void)state;
    bench.upstream.ca_file = pems.other_ca_path;
    bench_configure(&bench);
    const struct outcome *o = bench_get(&bench, url_of(bench.port[0], "127.0.0.1"));
    assert_int_equal(o->code, CH_E_UPSTREAM);
    assert_non_null(strstr(o->text, "127.0.0.1: SSL certificate problem"));
    assert_true(o->elapsed_ms < 2000); /* not tried again */
    bench.upstream.ca_file = pems.ca_path;
    bench_configure(&bench);
}

static void test_another_name(void **state)
{
    (void)state;
    char entry[32];
    snprintf(entry, sizeof(entry), "localhost:%u", bench.port[1]);
    char *hosts[] = {entry};
    bench.upstream.file_hosts = hosts;
    bench_configure(&bench);
    const struct outcome *o = bench_get(&bench, url_of(bench.port[1], "localhost"));
    assert_int_equal(o->code, CH_E_UPSTREAM);
    assert_non_null(strstr(o->text, "localhost: SSL: no alternative certificate subject name"));
    bench.upstream.file_hosts = bench.file_hosts;
    bench_configure(&bench);
}

static void test_client_certificate(void **state)
{
    (void)state;
    bench.upstream.client_certificate = pems.client_path;
    bench_configure(&bench);
    assert_int_equal(bench_get(&bench, url_of(bench.port[0], "127.0.0.1"))->code, CH_OK);
    assert_string_equal(bench.last.file, "reader");
    assert_int_equal(bench_get(&bench, url_of(bench.port[1], "127.0.0.1"))->code, CH_OK);
    assert_string_equal(bench.last.file, "nobody");
    bench.upstream.client_certificate = NULL;
    bench_configure(&bench);
}

static const char *seen_by_peer(const char *upstream)
{
    struct ch_fetch job = bench_job(&bench, url_of(bench.port[0], "127.0.0.1"));
    job.upstream = ch_str_of(upstream);
    assert_int_equal(bench_fetch(&bench, &job, (struct ch_str){NULL, 0})->code, CH_OK);
    return bench.last.file;
}

/* Another one's certificate would tell an upstream who we are elsewhere, another one's authority
 * let it vouch for whom it has no word in. */
static void test_each_upstream_has_its_own(void **state)
{
    (void)state;
    struct ch_upstream all[4] = {bench.upstream, bench.upstream, bench.upstream, bench.upstream};
    struct ch_config before = bench.config;
    all[1].client_certificate = pems.server_path;
    all[1].name = (char *)(uintptr_t) "other";
    all[2].client_certificate = pems.client_path;
    all[2].name = (char *)(uintptr_t) "third";
    all[3].ca_file = NULL;
    all[3].name = (char *)(uintptr_t) "public";
    bench.config.upstreams = all;
    bench.config.upstream_count = 4;
    bench_configure(&bench);
    assert_string_equal(seen_by_peer("main"), "nobody");
    assert_string_equal(seen_by_peer("other"), "server");
    assert_string_equal(seen_by_peer("third"), "reader");
    struct ch_fetch job = bench_job(&bench, url_of(bench.port[0], "127.0.0.1"));
    job.upstream = CH_STR("public");
    const struct outcome *o = bench_fetch(&bench, &job, (struct ch_str){NULL, 0});
    assert_int_equal(o->code, CH_E_UPSTREAM);
    assert_non_null(strstr(o->text, "127.0.0.1: SSL certificate problem"));
    bench.config = before;
    bench_configure(&bench);
}

/* What is in force is what came with the settings, whatever lies there now. */
static void test_no_file_is_read_here(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf files;
    static const char gone[] = "/nonexistent/ca.pem";
    ch_buf_init(&files, 1u << 20);
    struct ch_upstream_file f = {
        false, ch_str_of(gone),
        ch_upstream_file_find(bench.settings.files, false, ch_str_of(pems.ca_path))};
    ch_upstream_file_put(&files, &f);
    bench.upstream.ca_file = (char *)(uintptr_t)gone;
    bench.settings.files = ch_buf_str(&files);
    assert_ch_ok(&err, ch_fetch_engine_configure(bench.engine, &bench.settings, &err));
    assert_string_equal(seen_by_peer("main"), "nobody");
    bench.upstream.ca_file = pems.other_ca_path; /* it is there, but did not come */
    assert_ch_code(CH_E_USAGE, ch_fetch_engine_configure(bench.engine, &bench.settings, &err));
    assert_non_null(strstr(err.msg, "upstream main: CA certificates: "));
    assert_non_null(strstr(err.msg, "other.pem: no certificate in it, PEM was expected"));
    bench.upstream.ca_file = (char *)(uintptr_t)gone;
    bench.upstream.client_certificate = pems.client_path;
    assert_ch_code(CH_E_USAGE, ch_fetch_engine_configure(bench.engine, &bench.settings, &err));
    assert_non_null(strstr(err.msg, "upstream main: client_certificate: "));
    bench.upstream.client_certificate = NULL;
    bench.upstream.ca_file = pems.ca_path;
    bench_configure(&bench);
    ch_buf_done(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_known_anchor),
        cmocka_unit_test(test_an_unknown_anchor),
        cmocka_unit_test(test_another_name),
        cmocka_unit_test(test_client_certificate),
        cmocka_unit_test(test_each_upstream_has_its_own),
        cmocka_unit_test(test_no_file_is_read_here),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
