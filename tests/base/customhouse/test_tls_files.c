/* Files for TLS that the configuration names: a wrong one is refused before anything is in force,
 * and the place of its key is said. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/customhouse/destination_files.h"
#include "base/customhouse/tls_files.h"
#include "tests/proxy/fetcher/identities.h"

static struct identities pems;
static char here[256];
static char empty_path[512];

#define SERVER pems.server_path
#define CLIENT pems.client_path
#define CA     pems.ca_path

static int make(void **state)
{
    (void)state;
    identities_make(&pems);
    assert_non_null(getcwd(here, sizeof(here)));
    snprintf(empty_path, sizeof(empty_path), "%s/empty.pem", pems.folder);
    FILE *f = fopen(empty_path, "w");
    assert_non_null(f);
    return fclose(f);
}

static int drop(void **state)
{
    (void)state;
    unlink(empty_path);
    identities_remove(&pems);
    return 0;
}

/* Paths are relative to `here`. */
struct named {
    const char *certificate;
    const char *key;
    const char *second_certificate;
    const char *second_key;
    const char *admin_certificate;
    const char *admin_key;
    const char *ca;
    const char *client;
};

static struct named good(void)
{
    return (struct named){SERVER, SERVER, CLIENT, CLIENT, SERVER, SERVER, CA, CLIENT};
}

static enum ch_code read_site(const struct named *n, struct site *s, struct ch_err *err)
{
    *s = (struct site){.config_name = ch_str_dup(CH_STR("house.yaml"))};
    ch_buf_init(&s->config_text, 8192);
    ch_buf_printf(&s->config_text,
                  "listen:\n"
                  "  - address: '127.0.0.1:8443'\n"
                  "    tls_certificate: %s/%s\n"
                  "    tls_key: %s/%s\n"
                  "  - address: '127.0.0.1:8444'\n"
                  "    tls_certificate: %s/%s\n"
                  "    tls_key: %s/%s\n"
                  "upstreams:\n"
                  "  - name: plain\n"
                  "    ecosystem: pypi\n"
                  "    url: https://index.example.org/simple/\n"
                  "  - name: up\n"
                  "    ecosystem: pypi\n"
                  "    url: https://index.example.org/simple/\n"
                  "    ca_file: %s/%s\n"
                  "    client_certificate: %s/%s\n"
                  "repositories:\n"
                  "  - {name: pypi, ecosystem: pypi, upstreams: [up, plain]}\n"
                  "admin:\n"
                  "  enabled: true\n"
                  "  address: '127.0.0.1:8445'\n"
                  "  tls_certificate: %s/%s\n"
                  "  tls_key: %s/%s\n",
                  here, n->certificate, here, n->key, here, n->second_certificate, here,
                  n->second_key, here, n->ca, here, n->client, here, n->admin_certificate, here,
                  n->admin_key);
    assert_ch_ok(err,
                 ch_config_parse(ch_buf_str(&s->config_text), s->config_name, &s->config, err));
    return tls_files_read(s, err);
}

static void good_files_are_read(void **state)
{
    (void)state;
    struct site s;
    struct ch_err err;
    struct named n = good();
    assert_ch_ok(&err, read_site(&n, &s, &err));
    assert_true(ch_str_starts(ch_buf_str(&s.tls_certificate), CH_STR("-----BEGIN CERTIFICATE")));
    assert_true(ch_str_eq(ch_buf_str(&s.tls_certificate), ch_buf_str(&s.tls_key)));
    /* the first of two */
    assert_true(ch_str_eq(ch_buf_str(&s.tls_certificate), ch_buf_str(&s.admin_tls_key)));
    assert_false(ch_str_eq(ch_buf_str(&s.tls_certificate), ch_buf_str(&s.client_key)));
    assert_true(s.admin_tls_certificate.len > 0 && s.client_key.len > 0);
    assert_non_null(strstr(s.ca_file, CA));
    site_done(&s);
    n.ca = pems.folder; /* a folder of them will do */
    assert_ch_ok(&err, read_site(&n, &s, &err));
    site_done(&s);
}

static void refused(const struct named *n, const char *place, const char *why)
{
    struct site s;
    struct ch_err err;
    assert_ch_code(CH_E_USAGE, read_site(n, &s, &err));
    if (strncmp(err.msg, place, strlen(place)) != 0 || strstr(err.msg, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\" and \"%s\"", err.msg, place, why);
    }
    site_done(&s);
}

static void each_wrong_file_has_its_place(void **state)
{
    (void)state;
    const char *empty = empty_path;
    const char *gone = "gone.pem";
    const struct {
        size_t field;
        const char *place;
        bool chain; /* else one with a key */
    } rows[] = {
        {offsetof(struct named, certificate), "house.yaml:3:22: listen[0].tls_certificate: /",
         true},
        {offsetof(struct named, key), "house.yaml:4:14: listen[0].tls_key: /", false},
        {offsetof(struct named, second_certificate),
         "house.yaml:6:22: listen[1].tls_certificate: /", true},
        {offsetof(struct named, second_key), "house.yaml:7:14: listen[1].tls_key: /", false},
        {offsetof(struct named, admin_certificate), "house.yaml:22:20: admin.tls_certificate: /",
         true},
        {offsetof(struct named, admin_key), "house.yaml:23:12: admin.tls_key: /", false},
        {offsetof(struct named, client), "house.yaml:16:25: upstreams[1].client_certificate: /",
         true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct named n = good();
        const char **field = (const char **)(void *)((char *)&n + rows[i].field);
        *field = gone;
        refused(&n, rows[i].place, "/gone.pem: No such file");
        *field = empty;
        refused(&n, rows[i].place,
                rows[i].chain ? "/empty.pem: TLS: certificate chain: is empty, expected PEM"
                              : "/empty.pem: TLS: private key: is empty, expected PEM");
        if (!rows[i].chain) {
            *field = CA; /* PEM, but no key */
            refused(&n, rows[i].place, "TLS: private key: expected PEM without passphrase");
            *field = i == 3 ? SERVER : CLIENT; /* of another certificate */
            refused(&n, rows[i].place, "TLS: private key does not belong to the certificate");
        }
    }
}

static void an_authority_has_to_be_there(void **state)
{
    (void)state;
    static const char place[] = "house.yaml:15:14: upstreams[1].ca_file: /";
    struct named n = good();
    n.ca = "gone.pem";
    refused(&n, place, "/gone.pem: No such file");
    n.ca = empty_path;
    refused(&n, place, "/empty.pem: no certificate in it, PEM was expected");
    n = good();
    n.client = CA; /* a certificate without its key */
    refused(&n, "house.yaml:16:25: upstreams[1].client_certificate: /",
            "TLS: private key: expected");
}

/* Of a destination of egress, too: PEM that holds none would keep that process from starting. */
static void an_authority_of_a_destination_has_to_be_there(void **state)
{
    (void)state;
    struct ch_config *config = NULL;
    struct ch_err err;
    struct ch_buf files;
    const char *paths[] = {CA, empty_path};
    FILE *f = fopen(empty_path, "w");
    assert_non_null(f);
    assert_true(fputs("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", f) >= 0);
    assert_int_equal(fclose(f), 0);
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        char text[2048];
        snprintf(text, sizeof(text),
                 "listen: [{address: '127.0.0.1:8080'}]\n"
                 "upstreams: [{name: up, ecosystem: pypi, url: 'https://i.example.org/simple/'}]\n"
                 "repositories: [{name: pypi, ecosystem: pypi, upstreams: [up]}]\n"
                 "syslog:\n  - name: siem\n    address: 's.example.org:6514'\n    ca_file: %s/%s\n",
                 here, paths[i]);
        assert_ch_ok(&err, ch_config_parse(ch_str_of(text), "house.yaml", &config, &err));
        enum ch_code rc =
            destination_files_read(config, ch_str_of(text), "house.yaml", &files, &err);
        if (i == 0) {
            assert_int_equal(rc, CH_OK);
            ch_buf_done(&files);
        } else {
            assert_int_equal(rc, CH_E_USAGE);
            assert_string_equal(err.msg,
                                "house.yaml:7:14: syslog[0].ca_file: has no certificate in "
                                "it, PEM was expected");
        }
        ch_config_free(config);
    }
    assert_int_equal(truncate(empty_path, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_files_are_read),
        cmocka_unit_test(each_wrong_file_has_its_place),
        cmocka_unit_test(an_authority_has_to_be_there),
        cmocka_unit_test(an_authority_of_a_destination_has_to_be_there),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
