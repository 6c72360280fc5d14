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

static void test_a_folder_of_anchors(void **state)
{
    (void)state;
    bench.upstream.ca_file = NULL;
    bench.settings.ca_file = ch_str_of(pems.folder);
    bench_configure(&bench);
    assert_int_equal(bench_get(&bench, url_of(bench.port[0], "127.0.0.1"))->code, CH_OK);
    bench.upstream.ca_file = pems.ca_path;
    bench.settings.ca_file = CH_STR("");
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

/* What is handed over is the first one's: nobody else is shown it. */
static void test_a_client_certificate_that_is_handed_over(void **state)
{
    (void)state;
    struct ch_err err;
    char *pem = NULL;
    struct ch_upstream two[2] = {bench.upstream, bench.upstream};
    struct ch_config before = bench.config;
    assert_ch_ok(&err, ch_trust_read_file(pems.client_path, &pem, &err));
    two[0].client_certificate = two[1].client_certificate = pems.ca_path; /* not what was handed */
    two[1].name = (char *)(uintptr_t) "other";
    bench.settings.client_key_pem = ch_str_of(pem);
    bench.config.upstreams = two;
    bench.config.upstream_count = 2;
    bench_configure(&bench);
    assert_int_equal(bench_get(&bench, url_of(bench.port[0], "127.0.0.1"))->code, CH_OK);
    assert_string_equal(bench.last.file, "reader");
    two[1].client_certificate = (char *)(uintptr_t) "/nonexistent";
    assert_ch_code(CH_E_NOT_FOUND, ch_fetch_engine_configure(bench.engine, &bench.settings, &err));
    assert_non_null(strstr(err.msg, "upstream other: client_certificate: /nonexistent"));
    bench.settings.client_key_pem = (struct ch_str){NULL, 0};
    bench.config = before;
    bench_configure(&bench);
    free(pem);
}

static void test_files_that_hold_no_certificate(void **state)
{
    (void)state;
    struct ch_err err;
    char path[64];
    snprintf(path, sizeof(path), "%s/empty.pem", pems.folder);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    bench.upstream.ca_file = path;
    assert_ch_code(CH_E_USAGE, ch_fetch_engine_configure(bench.engine, &bench.settings, &err));
    assert_non_null(strstr(err.msg, "empty.pem: no certificate in it, PEM was expected"));
    unlink(path);
    bench.upstream.ca_file = pems.ca_path;
    bench.upstream.client_certificate = path;
    assert_ch_code(CH_E_NOT_FOUND, ch_fetch_engine_configure(bench.engine, &bench.settings, &err));
    assert_non_null(strstr(err.msg, "upstream main: client_certificate: "));
    bench.upstream.client_certificate = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_known_anchor),
        cmocka_unit_test(test_an_unknown_anchor),
        cmocka_unit_test(test_a_folder_of_anchors),
        cmocka_unit_test(test_another_name),
        cmocka_unit_test(test_client_certificate),
        cmocka_unit_test(test_a_client_certificate_that_is_handed_over),
        cmocka_unit_test(test_files_that_hold_no_certificate),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
