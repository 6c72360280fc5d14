/* Files for TLS that the configuration names: a wrong one is refused before anything is in force,
 * and the place of its key is said. */
#include "tests/ch_test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/customhouse/site/destination_files.h"
#include "base/customhouse/supervisor/supervisor_int.h"
#include "base/customhouse/site/tls_files.h"
#include "customhouse/message.h"
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

static struct ch_buf read_pem(const char *path)
{
    struct ch_buf b = {0};
    struct ch_err err;
    assert_ch_ok(&err, site_read_file(path, &b, &err));
    return b;
}

static void assert_same(struct ch_str a, struct ch_str b)
{
    assert_true(a.len > 0 && ch_str_eq(a, b));
}

static struct ch_str file_of(const struct site *s, bool client, const char *name)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", here, name);
    return ch_upstream_file_find(ch_buf_str(&s->upstream_files), client, ch_str_of(path));
}

static size_t certificates_of(struct ch_str pem)
{
    static const struct ch_str begin = {"-----BEGIN TRUSTED CERTIFICATE-----", 35};
    size_t count = 0;
    size_t at;
    while (ch_str_find(pem, begin, &at)) {
        pem = ch_str_sub(pem, at + begin.len, pem.len);
        count++;
    }
    return count;
}

static void good_files_are_read(void **state)
{
    (void)state;
    struct site s;
    struct ch_err err;
    struct named n = good();
    assert_ch_ok(&err, read_site(&n, &s, &err));
    struct ch_buf server = read_pem(SERVER), client = read_pem(CLIENT), ca = read_pem(CA);
    assert_int_equal(s.pair_count, 2);
    assert_same(ch_buf_str(&s.pairs[0].certificate), ch_buf_str(&server)); /* each its own */
    assert_same(ch_buf_str(&s.pairs[0].key), ch_buf_str(&server));
    assert_same(ch_buf_str(&s.pairs[1].certificate), ch_buf_str(&client));
    assert_same(ch_buf_str(&s.pairs[1].key), ch_buf_str(&client));
    assert_same(ch_buf_str(&s.admin_pair.certificate), ch_buf_str(&server));
    assert_same(ch_buf_str(&s.admin_pair.key), ch_buf_str(&server));
    assert_same(file_of(&s, true, CLIENT), ch_buf_str(&client));
    assert_int_equal(certificates_of(file_of(&s, false, CA)), 1);
    assert_int_equal(file_of(&s, true, CA).len, 0);
    site_done(&s);
    n.ca = pems.folder; /* a folder of them will do */
    assert_ch_ok(&err, read_site(&n, &s, &err));
    assert_int_equal(certificates_of(file_of(&s, false, pems.folder)), 4);
    site_done(&s);
    n.ca = CLIENT; /* one file for both: no key goes where authorities do */
    assert_ch_ok(&err, read_site(&n, &s, &err));
    assert_int_equal(certificates_of(file_of(&s, false, CLIENT)), 1);
    assert_false(ch_str_find(file_of(&s, false, CLIENT), CH_STR("PRIVATE KEY"), NULL));
    assert_same(file_of(&s, true, CLIENT), ch_buf_str(&client));
    site_done(&s);
    ch_buf_done(&server);
    ch_buf_done(&client);
    ch_buf_done(&ca);
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

/* By the words it was asked for in; of those that are the same by its number among them. */
static void what_a_listener_shows(void **state)
{
    (void)state;
    struct ch_listen listen[] = {{.address = (char *)(uintptr_t) "127.0.0.1:0"},
                                 {.address = (char *)(uintptr_t) "127.0.0.1:1"},
                                 {.address = (char *)(uintptr_t) "127.0.0.1:0"}};
    struct ch_config before = {.listen = listen, .listen_count = 3};
    struct ch_config now = {.listen = listen + 1, .listen_count = 2};
    struct site_pair pairs[3] = {{.key = {0}}};
    for (size_t i = 0; i < 3; i++) {
        ch_buf_init(&pairs[i].certificate, 8);
        ch_buf_printf(&pairs[i].certificate, "c%zu", i);
        ch_buf_init(&pairs[i].key, 8);
        ch_buf_printf(&pairs[i].key, "k%zu", i);
    }
    struct supervisor *sup = ch_calloc(1, sizeof(*sup));
    const struct {
        const char *asked;
        size_t nth;
        bool tls;
        const char *before, *now;
    } rows[] = {
        {"127.0.0.1:0", 0, true, "0", "2"},
        {"127.0.0.1:0", 1, true, "2", "2"}, /* of fewer the last one */
        {"127.0.0.1:1", 0, true, "1", "1"},
        {"127.0.0.1:1", 0, false, "", ""},
        {"127.0.0.1:2", 0, true, "", ""}, /* plain by the configuration: no pair is there */
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        sup->listening[i] = (struct listening){
            .asked = (char *)(uintptr_t)rows[i].asked, .nth = rows[i].nth, .tls = rows[i].tls};
    }
    sup->listening_count = CH_ARRAY_LEN(rows);
    struct site first = {.config = &before, .pairs = pairs, .pair_count = 3};
    struct site second = {.config = &now, .pairs = pairs + 1, .pair_count = 2};
    struct site none = {.config = &now}; /* of no address any more */
    now.listen_count = 2;
    listening_show(sup, &first, NULL);
    listening_show(sup, &second, &first);
    now.listen_count = 0;
    listening_show(sup, &none, &second);
    const struct site *sites[] = {&first, &second, &none};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        for (size_t k = 0; k < CH_ARRAY_LEN(sites); k++) {
            const char *digit = k == 0 ? rows[i].before : rows[i].now;
            struct ch_str certificate = ch_buf_str(&sites[k]->shown[i].certificate);
            struct ch_str key = ch_buf_str(&sites[k]->shown[i].key);
            assert_int_equal(certificate.len, digit[0] != '\0' ? 2 : 0);
            assert_int_equal(key.len, certificate.len);
            assert_true(certificate.len == 0 || (certificate.ptr[1] == digit[0] &&
                                                 key.ptr[1] == digit[0] && key.ptr[0] == 'k'));
        }
    }
    for (size_t k = 0; k < CH_ARRAY_LEN(sites); k++) {
        struct site s = {.shown = sites[k]->shown, .shown_count = sites[k]->shown_count};
        site_done(&s);
    }
    for (size_t i = 0; i < 3; i++) {
        site_pair_done(&pairs[i]);
    }
    free(sup);
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
    char folder[] = "/tmp/ca-folder-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char way[128]; /* from the folder of the others */
    snprintf(way, sizeof(way), "../../../../../../../../../../../../../..%s", folder);
    n.ca = way;
    refused(&n, place, ": is a folder, and no file in it has a certificate: PEM was expected");
    assert_int_equal(rmdir(folder), 0);
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
            assert_int_equal(strncmp(err.msg, "house.yaml:7:14: syslog[0].ca_file: /", 37), 0);
            assert_non_null(strstr(err.msg, "/empty.pem: no certificate in it, PEM was expected"));
        }
        ch_config_free(config);
    }
    assert_int_equal(truncate(empty_path, 0), 0);
}

/* Writes `times` the client's certificate with its key, and comments up to `bytes`. */
static void write_bundle(const char *path, size_t times, size_t bytes)
{
    struct ch_buf pem = read_pem(CLIENT);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < times; i++) {
        assert_int_equal(fwrite(pem.ptr, 1, pem.len, f), pem.len);
    }
    while (ftell(f) < (long)bytes) {
        assert_true(fputs("# nothing\n", f) >= 0);
    }
    assert_int_equal(fclose(f), 0);
    ch_buf_done(&pem);
}

static enum ch_code read_destinations(size_t count, const char *ca, struct ch_buf *files,
                                      struct ch_err *err)
{
    struct ch_config *config = NULL;
    struct ch_buf text;
    ch_buf_init(&text, 1 << 20);
    ch_buf_printf(&text,
                  "listen: [{address: '127.0.0.1:8080'}]\n"
                  "upstreams: [{name: up, ecosystem: pypi, url: 'https://i.example.org/simple/'}]\n"
                  "repositories: [{name: pypi, ecosystem: pypi, upstreams: [up]}]\n"
                  "syslog:\n");
    for (size_t i = 0; i < count; i++) {
        ch_buf_printf(&text,
                      "  - name: siem%zu\n    address: 's.example.org:6514'\n    ca_file: %s/%s\n",
                      i, here, ca);
    }
    assert_ch_ok(err, ch_config_parse(ch_buf_str(&text), "house.yaml", &config, err));
    enum ch_code rc = destination_files_read(config, ch_buf_str(&text), "house.yaml", files, err);
    ch_config_free(config);
    ch_buf_done(&text);
    return rc;
}

/* A system's bundle has 220 kB, and a careless one somebody's key. */
static void a_destination_gets_certificates_and_nothing_else(void **state)
{
    (void)state;
    struct ch_buf files;
    struct ch_err err;
    char path[128], why[600];
    snprintf(path, sizeof(path), "%s/bundle.pem", pems.folder);
    write_bundle(path, 300, 3 << 20);
    assert_ch_ok(&err, read_destinations(1, path, &files, &err));
    struct ch_rd r = ch_rd_of(files.ptr, files.len);
    struct ch_destination_files one = ch_destination_files_get(&r);
    assert_ch_ok(&err, ch_rd_end(&r, "files", &err));
    assert_int_equal(certificates_of(one.ca_pem), 300);
    assert_false(ch_str_find(ch_buf_str(&files), CH_STR("KEY"), NULL));
    ch_buf_done(&files);

    assert_ch_code(CH_E_USAGE, read_destinations(64, path, &files, &err));
    assert_int_equal(strncmp(err.msg, "house.yaml:", 11), 0);
    snprintf(why, sizeof(why),
             "].ca_file: %s/%s: more than 4194304 bytes, with the files of the destinations before",
             here, path);
    assert_non_null(strstr(err.msg, why));

    write_bundle(path, 1, 5 << 20);
    assert_ch_code(CH_E_USAGE, read_destinations(1, path, &files, &err));
    snprintf(why, sizeof(why), "house.yaml:7:14: syslog[0].ca_file: %s/%s:", here, path);
    assert_int_equal(strncmp(err.msg, why, strlen(why)), 0);
    assert_non_null(strstr(err.msg, ": the file goes on here, expected at most 4194304 bytes"));
    unlink(path);
}

/* A text of two certificates, the second of which is changed. */
static void an_authority_has_to_be_whole(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"-----END CERTIFICATE-----", "-----END CERTIFICAT-----"},
        {"-----BEGIN CERTIFICATE-----\nMII", "-----BEGIN CERTIFICATE-----\nMIJ"},
        {"-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE----\n"},
        {"-----BEGIN CERTIFICATE-----\nMI", "-----BEGIN CERTIFICATE-----\nM!"},
    };
    struct ch_buf one;
    struct ch_err err;
    char expected[64];
    ch_buf_init(&one, 65536);
    FILE *f = fopen(CA, "r");
    assert_non_null(f);
    one.len = fread(ch_buf_reserve(&one, 32768), 1, 32768, f);
    fclose(f);
    size_t begin = 0, lines = 0;
    assert_true(ch_str_find(ch_buf_str(&one), CH_STR("-----BEGIN CERTIFICATE"), &begin));
    for (size_t i = 0; i < one.len; i++) {
        lines += one.ptr[i] == '\n';
    }
    struct ch_str certificate = ch_str_sub(ch_buf_str(&one), begin, one.len);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows) + 1; i++) {
        struct ch_buf both;
        ch_buf_init(&both, 65536);
        ch_buf_puts(&both, ch_buf_str(&one));
        ch_buf_puts(&both, CH_STR("# the other one\n"));
        if (i < CH_ARRAY_LEN(rows)) {
            size_t at = 0;
            struct ch_str what = ch_str_of(rows[i][0]);
            assert_true(ch_str_find(certificate, what, &at));
            ch_buf_puts(&both, ch_str_sub(certificate, 0, at));
            ch_buf_puts(&both, ch_str_of(rows[i][1]));
            ch_buf_puts(&both, ch_str_sub(certificate, at + what.len, certificate.len));
        } else {
            ch_buf_puts(&both, certificate);
            assert_ch_ok(&err, tls_files_check_certificates(ch_buf_str(&both), &err));
            ch_buf_done(&both);
            continue;
        }
        assert_ch_code(CH_E_FORMAT, tls_files_check_certificates(ch_buf_str(&both), &err));
        snprintf(expected, sizeof(expected), "line %zu: what begins here cannot be read",
                 lines + 2);
        if (strncmp(err.msg, expected, strlen(expected)) != 0) {
            fail_msg("row %zu: %s, expected %s", i, err.msg, expected);
        }
        ch_buf_done(&both);
    }
    ch_buf_done(&one);
}

/* A webhook's URL in a file of its own: read as `url` is, and in no error. */
static void the_url_of_a_webhook_is_a_secret(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        mode_t mode;
        const char *error; /* NULL: good */
    } rows[] = {
        {"https://hooks.example.org/T0/B1/s3cret/\n", 0600, NULL},
        {"https://hooks.example.org/T0/B1/s3cret/?key=a&token=b%2F?c/d@e\n", 0600, NULL},
        {"https://hooks.example.org/?key=s3cret#a\n", 0600, "/url:1: what it holds has a fragment"},
        {"https://hooks.example.org/#s3cret?a\n", 0600,
         "/url:1: what it holds has a query or frag"},
        {"http://hooks.example.org/?key=s3cret\n", 0600, "is not https, and not on loopback"},
        {"https://a:s3cret@hooks.example.org/?a=b\n", 0600, "what it holds holds a user name"},
        {"https://hooks.example.org/s3cret\n", 0640, "others may read it (mode 0640)"},
        {"http://hooks.example.org/s3cret\n", 0600,
         "/url:1: what it holds is not https, and not on loopback"},
        {"https://a:s3cret@hooks.example.org/\n", 0600, "/url:1: what it holds holds a user name"},
        {"https://hooks.example.org/\ns3cret\n", 0600, "/url:1: what it holds is not one line"},
        {"", 0600, "/url:1: what it holds is not one line"},
    };
    char url[512], key[512], text[2048];
    struct ch_err err;
    snprintf(url, sizeof(url), "%s/url", pems.folder);
    snprintf(key, sizeof(key), "%s/key", pems.folder);
    snprintf(text, sizeof(text),
             "listen: [{address: '127.0.0.1:8080'}]\n"
             "upstreams: [{name: up, ecosystem: pypi, url: 'https://i.example.org/simple/'}]\n"
             "repositories: [{name: pypi, ecosystem: pypi, upstreams: [up]}]\n"
             "webhooks:\n  - name: chat\n    url_file: %s/%s\n    secret_file: %s/%s\n",
             here, url, here, key);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_config *config = NULL;
        struct ch_buf files;
        const char *const texts[][2] = {
            {url, rows[i].line},
            {key, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=\n"},
        };
        for (size_t k = 0; k < 2; k++) {
            FILE *f = fopen(texts[k][0], "w");
            assert_non_null(f);
            assert_true(fputs(texts[k][1], f) >= 0);
            assert_int_equal(fclose(f), 0);
            assert_int_equal(chmod(texts[k][0], k == 0 ? rows[i].mode : 0600), 0);
        }
        assert_ch_ok(&err, ch_config_parse(ch_str_of(text), "house.yaml", &config, &err));
        enum ch_code rc =
            destination_files_read(config, ch_str_of(text), "house.yaml", &files, &err);
        if (rows[i].error == NULL) {
            assert_int_equal(rc, CH_OK);
            struct ch_rd r = ch_rd_of(files.ptr, files.len);
            struct ch_str line = ch_str_of(rows[i].line);
            line.len--; /* its end */
            assert_true(ch_str_eq(ch_destination_files_get(&r).url, line));
            ch_buf_done(&files);
        } else {
            assert_int_equal(rc, CH_E_USAGE);
            if (strncmp(err.msg, "house.yaml:6:15: webhooks[0].url_file: /", 40) != 0 ||
                strstr(err.msg, rows[i].error) == NULL || strstr(err.msg, "s3cret") != NULL) {
                fail_msg("%s", err.msg);
            }
        }
        ch_config_free(config);
    }
    unlink(url);
    unlink(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_authority_has_to_be_whole),
        cmocka_unit_test(the_url_of_a_webhook_is_a_secret),
        cmocka_unit_test(good_files_are_read),
        cmocka_unit_test(each_wrong_file_has_its_place),
        cmocka_unit_test(what_a_listener_shows),
        cmocka_unit_test(an_authority_has_to_be_there),
        cmocka_unit_test(an_authority_of_a_destination_has_to_be_there),
        cmocka_unit_test(a_destination_gets_certificates_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
