/* TLS: only the configured anchors count, the name must fit, and the client certificate goes to the
 * upstream's own host alone. */
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/proxy/fetcher/fetch_bench.h"

static struct bench bench;
static char folder[] = "test-tls-XXXXXX";
static char ca_path[64];
static char other_ca_path[64];
static char server_path[64];
static char client_path[64];

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

/* issuer NULL: an anchor of its own. */
static struct identity make(const char *name, const struct identity *issuer, const char *alt_name)
{
    struct identity i = {EVP_EC_gen("P-256"), X509_new()};
    const struct identity *by = issuer != NULL ? issuer : &i;
    X509_NAME *subject = X509_get_subject_name(i.certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_version(i.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(i.certificate), (long)arc4random_uniform(1u << 30));
    X509_gmtime_adj(X509_getm_notBefore(i.certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(i.certificate), 3600);
    X509_set_pubkey(i.certificate, i.key);
    X509_set_issuer_name(i.certificate, X509_get_subject_name(by->certificate));
    extend(i.certificate, by->certificate, NID_basic_constraints,
           issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE");
    if (alt_name != NULL) {
        extend(i.certificate, by->certificate, NID_subject_alt_name, alt_name);
    }
    assert_true(X509_sign(i.certificate, by->key, EVP_sha256()) > 0);
    return i;
}

static void drop(struct identity *i)
{
    EVP_PKEY_free(i->key);
    X509_free(i->certificate);
}

static void write_pem(const struct identity *i, bool with_key, const char *name, char ret_path[64])
{
    snprintf(ret_path, 64, "%s/%s", folder, name);
    FILE *f = fopen(ret_path, "w");
    assert_non_null(f);
    assert_true(PEM_write_X509(f, i->certificate));
    if (with_key) {
        assert_true(PEM_write_PrivateKey(f, i->key, NULL, NULL, 0, NULL, NULL));
    }
    assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    struct identity ca = make("test anchor", NULL, NULL);
    struct identity other_ca = make("other anchor", NULL, NULL);
    struct identity server = make("server", &ca, "IP:127.0.0.1");
    struct identity client = make("reader", &ca, NULL);
    write_pem(&ca, false, "ca.pem", ca_path);
    write_pem(&other_ca, false, "other.pem", other_ca_path);
    write_pem(&server, true, "server.pem", server_path);
    write_pem(&client, true, "client.pem", client_path);
    drop(&ca);
    drop(&other_ca);
    drop(&server);
    drop(&client);
    bench.server_args[0] = server_path;
    bench.server_args[1] = ca_path;
    if (bench_start(&bench) != 0) {
        return -1;
    }
    snprintf(bench.url, sizeof(bench.url), "https://127.0.0.1:%u/simple", bench.port[0]);
    bench.upstream.ca_file = ca_path;
    bench_configure(&bench);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    bench_stop(&bench);
    const char *const paths[] = {ca_path, other_ca_path, server_path, client_path};
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        unlink(paths[i]);
    }
    return rmdir(folder);
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
    bench.upstream.ca_file = other_ca_path;
    bench_configure(&bench);
    const struct outcome *o = bench_get(&bench, url_of(bench.port[0], "127.0.0.1"));
    assert_int_equal(o->code, CH_E_UPSTREAM);
    assert_non_null(strstr(o->text, "127.0.0.1: SSL certificate problem"));
    assert_true(o->elapsed_ms < 2000); /* not tried again */
    bench.upstream.ca_file = ca_path;
    bench_configure(&bench);
}

static void test_a_folder_of_anchors(void **state)
{
    (void)state;
    bench.upstream.ca_file = NULL;
    bench.settings.ca_file = ch_str_of(folder);
    bench_configure(&bench);
    assert_int_equal(bench_get(&bench, url_of(bench.port[0], "127.0.0.1"))->code, CH_OK);
    bench.upstream.ca_file = ca_path;
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
    bench.upstream.client_certificate = client_path;
    bench_configure(&bench);
    assert_int_equal(bench_get(&bench, url_of(bench.port[0], "127.0.0.1"))->code, CH_OK);
    assert_string_equal(bench.last.file, "reader");
    assert_int_equal(bench_get(&bench, url_of(bench.port[1], "127.0.0.1"))->code, CH_OK);
    assert_string_equal(bench.last.file, "nobody");
    bench.upstream.client_certificate = NULL;
    bench_configure(&bench);
}

static void test_files_that_hold_no_certificate(void **state)
{
    (void)state;
    struct ch_err err;
    char path[64];
    snprintf(path, sizeof(path), "%s/empty.pem", folder);
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    bench.upstream.ca_file = path;
    assert_ch_code(CH_E_USAGE, ch_fetch_engine_configure(bench.engine, &bench.settings, &err));
    assert_non_null(strstr(err.msg, "empty.pem: no certificate in it, PEM was expected"));
    unlink(path);
    bench.upstream.ca_file = ca_path;
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
        cmocka_unit_test(test_files_that_hold_no_certificate),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
