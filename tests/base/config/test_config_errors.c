/* What is wrong with a configuration, and what is said of it. */
#include "tests/ch_test.h"

#include "customhouse/config.h"
#include "customhouse/message.h"

#define LISTEN "listen: [{address: '127.0.0.1:8080'}]\n"
#define UPSTREAMS                                                                                  \
    "upstreams:\n  - {name: up, ecosystem: pypi, url: 'https://index.example.org/simple/'}\n"
#define REPOS "repositories:\n  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"
#define GOOD  LISTEN UPSTREAMS REPOS

#define FILE_HOST(host)                                                                            \
    LISTEN "upstreams:\n  - {name: up, ecosystem: pypi, url: 'https://example.org', file_hosts: "  \
           "['" host "']}\n" REPOS
#define NO_WILDCARD                                                                                \
    " is not a host or HOST:PORT; a * is one whole label before at least two more, as in "         \
    "*.data.example.org"

/* The whole message: file, line, column, field, what was found, what was expected. */
#define NAME_OF_65 "a1234567890123456789012345678901234567890123456789012345678901234"

static const struct {
    const char *label;
    const char *text;
    const char *message;
} bad_rows[] = {
    {"nothing", "", "c.yaml:1:1: holds nothing but comments"},
    {"a list", "- 1\n",
     "c.yaml:1:1: a list is given where a map (lines of \"key: value\") is expected"},
    {"misspelt key", "listn: 1\n" GOOD, "c.yaml:1:1: listn: unknown key; \"listen\" is near"},
    {"strange key", "zzzzzzzz: 1\n" GOOD,
     "c.yaml:1:1: zzzzzzzz: unknown key; expected one of listen, insecure_http, anonymous_pull, "
     "admin, admission, public_url, "
     "host_names, approver, approver_uid, exception_advice, upstreams, repositories, store, "
     "index_refresh_seconds, "
     "rescan_grace_days, rules, "
     "prefetch, fetching, processes, ..."},
    {"key twice", GOOD "insecure_http: true\ninsecure_http: true\n",
     "c.yaml:7:1: insecure_http: given twice, first in line 6"},
    {"no listen", UPSTREAMS REPOS, "c.yaml:1:1: the key \"listen\" is missing"},
    {"no upstreams", LISTEN REPOS, "c.yaml:1:1: the key \"upstreams\" is missing"},
    {"no repositories", LISTEN UPSTREAMS, "c.yaml:1:1: the key \"repositories\" is missing"},
    {"empty listen", "listen: []\n" UPSTREAMS REPOS,
     "c.yaml:1:9: listen: is empty; at least 1 is expected"},
    {"listen no list", "listen: 127.0.0.1:80\n" UPSTREAMS REPOS,
     "c.yaml:1:9: listen: \"127.0.0.1:80\" is given where a list (lines that start with \"- \") is "
     "expected"},
    {"listen item no map", "listen: ['127.0.0.1:80']\n" UPSTREAMS REPOS,
     "c.yaml:1:10: listen[0]: \"127.0.0.1:80\" is given where a map (lines of \"key: value\") is "
     "expected"},
    {"address without port", "listen: [{address: 127.0.0.1}]\n" UPSTREAMS REPOS,
     "c.yaml:1:20: listen[0].address: \"127.0.0.1\" is not HOST:PORT, as in 127.0.0.1:8080 or "
     "[::1]:8080"},
    {"address not loopback", "listen: [{address: '0.0.0.0:80'}]\n" UPSTREAMS REPOS,
     "c.yaml:1:20: listen[0].address: \"0.0.0.0:80\" is not loopback: give tls_certificate and "
     "tls_key, or set insecure_http: true"},
    {"administration in the clear", GOOD "insecure_http: true\nadmin: {address: '0.0.0.0:81'}\n",
     "c.yaml:7:18: admin.address: \"0.0.0.0:81\" is not loopback: give tls_certificate and "
     "tls_key"},
    {"administration where clients are", GOOD "admin: {address: '127.0.0.1:8080'}\n",
     "c.yaml:6:18: admin.address: \"127.0.0.1:8080\" is an address of listen, where clients "
     "connect"},
    {"admission for anybody",
     GOOD "admission: {address: '127.0.0.1:9', tls_certificate: /c, tls_key: /k, client_name: a}\n",
     "c.yaml:6:22: admission.address: address, tls_certificate, tls_key, client_ca and client_name go "
     "together; client_ca is missing"},
    {"admission by any name",
     GOOD "admission: {address: '127.0.0.1:9', tls_certificate: /c, tls_key: /k, client_ca: /a}\n",
     "c.yaml:6:22: admission.address: address, tls_certificate, tls_key, client_ca and client_name go "
     "together; client_name is missing"},
    {"admission nowhere", GOOD "admission: {client_name: a}\n",
     "c.yaml:6:12: admission: address, tls_certificate, tls_key, client_ca and client_name go "
     "together; client_name is given alone"},
    {"admission where clients are",
     GOOD "admission: {address: '127.0.0.1:8080', tls_certificate: /c, tls_key: /k, client_ca: /a, "
          "client_name: a}\n",
     "c.yaml:6:22: admission.address: \"127.0.0.1:8080\" is an address of listen, where clients connect"},
    {"administration with half a key", GOOD "admin: {tls_key: /k}\n",
     "c.yaml:6:8: admin: tls_certificate and tls_key go together; only one of them is given"},
    {"address twice", "listen: [{address: '[::1]:80'}, {address: '[::1]:80'}]\n" UPSTREAMS REPOS,
     "c.yaml:1:43: listen[1].address: \"[::1]:80\" is given twice"},
    {"key without certificate", "listen: [{address: '[::1]:80', tls_key: /k}]\n" UPSTREAMS REPOS,
     "c.yaml:1:20: listen[0].address: tls_certificate and tls_key go together; only one of them is "
     "given"},
    {"relative path", "listen: [{address: '[::1]:80', tls_key: k}]\n" UPSTREAMS REPOS,
     "c.yaml:1:41: listen[0].tls_key: \"k\" is not an absolute path"},
    {"bool", GOOD "insecure_http: yes\n",
     "c.yaml:6:16: insecure_http: \"yes\" is not true or false"},
    {"quoted bool", GOOD "insecure_http: 'true'\n",
     "c.yaml:6:16: insecure_http: \"true\" is not true or false"},
    {"no value", GOOD "public_url:\n",
     "c.yaml:6:12: public_url: has no value; leave the key out or give it one"},
    {"null", GOOD "public_url: null\n",
     "c.yaml:6:13: public_url: has no value; leave the key out or give it one"},
    {"URL scheme", GOOD "public_url: ftp://example.org\n",
     "c.yaml:6:13: public_url: \"ftp://example.org\" does not start with http:// or https://"},
    {"URL with user", GOOD "public_url: https://u:p@example.org\n",
     "c.yaml:6:13: public_url: \"https://u:p@example.org\" holds a user name; credentials belong "
     "in "
     "credentials.yaml"},
    {"URL with query", GOOD "public_url: https://example.org/?a\n",
     "c.yaml:6:13: public_url: \"https://example.org/?a\" has a query or fragment"},
    {"URL with space", GOOD "public_url: 'https://example.org/a b'\n",
     "c.yaml:6:13: public_url: \"https://example.org/a b\" holds other characters than printable "
     "ASCII"},
    {"URL without host", GOOD "public_url: https:///simple\n",
     "c.yaml:6:13: public_url: \"https:///simple\" names no valid host"},
    {"host", GOOD "host_names: [a.example.org, 'a b']\n",
     "c.yaml:6:29: host_names[1]: \"a b\" is not a host or HOST:PORT"},
    {"wildcard where there is none", GOOD "host_names: ['*.example.org']\n",
     "c.yaml:6:14: host_names[0]: \"*.example.org\" is not a host or HOST:PORT"},
    {"wildcard over one label", FILE_HOST("*.org"),
     "c.yaml:3:74: upstreams[0].file_hosts[0]: \"*.org\"" NO_WILDCARD},
    {"wildcard alone", FILE_HOST("*"),
     "c.yaml:3:74: upstreams[0].file_hosts[0]: \"*\"" NO_WILDCARD},
    {"wildcard within", FILE_HOST("data.*.example.org"),
     "c.yaml:3:74: upstreams[0].file_hosts[0]: \"data.*.example.org\"" NO_WILDCARD},
    {"wildcard in a label", FILE_HOST("a*.data.example.org"),
     "c.yaml:3:74: upstreams[0].file_hosts[0]: \"a*.data.example.org\"" NO_WILDCARD},
    {"two wildcards", FILE_HOST("*.*.example.org"),
     "c.yaml:3:74: upstreams[0].file_hosts[0]: \"*.*.example.org\"" NO_WILDCARD},
    {"wildcard over an address", FILE_HOST("*.0.0.1"),
     "c.yaml:3:74: upstreams[0].file_hosts[0]: \"*.0.0.1\"" NO_WILDCARD},
    {"wildcard and port 0", FILE_HOST("*.data.example.org:0"),
     "c.yaml:3:74: upstreams[0].file_hosts[0]: \"*.data.example.org:0\"" NO_WILDCARD},
    {"host twice", GOOD "host_names: [a, a]\n", "c.yaml:6:17: host_names[1]: \"a\" is given twice"},
    {"approver that is no name", GOOD "approver: \"Alice A.\"\n",
     "c.yaml:6:11: approver: \"Alice A.\" is not a name: a-z, 0-9 first, then also . _ -"},
    {"uid of no approver", GOOD "approver_uid: 1000\n",
     "c.yaml:6:15: approver_uid: \"1000\" is nobody's: approver names none"},
    {"uid of anybody", GOOD "approver: alice\napprover_uid: 65534\n",
     "c.yaml:7:15: approver_uid: \"65534\" is what the kernel shows for users that it cannot name"},
    {"two lines", GOOD "exception_advice: \"a\\nb\"\n",
     "c.yaml:6:19: exception_advice: \"a\\x0ab\" is more than one line"},
    {"rules in no absolute folder", GOOD "rules: [rules]\n",
     "c.yaml:6:9: rules[0]: \"rules\" is not an absolute path"},
    {"number", GOOD "index_refresh_seconds: 10m\n",
     "c.yaml:6:24: index_refresh_seconds: \"10m\" is not a number from 1 to 86400 seconds"},
    {"number too small", GOOD "index_refresh_seconds: 0\n",
     "c.yaml:6:24: index_refresh_seconds: \"0\" is not a number from 1 to 86400 seconds"},
    {"number too large", GOOD "connections: {max: 99999999999999999999}\n",
     "c.yaml:6:20: connections.max: \"99999999999999999999\" is not a number from 8 to 1000000 "
     "connections"},
    {"octal", GOOD "connections: {max: 0100}\n",
     "c.yaml:6:20: connections.max: \"0100\" is not a number from 8 to 1000000 connections"},
    {"size", GOOD "store: {max_bytes: 50GB}\n",
     "c.yaml:6:20: store.max_bytes: \"50GB\" is not a size: digits and KiB, MiB, GiB or TiB, as in "
     "50GiB"},
    {"two units", GOOD "store: {max_bytes: 100GiBKiB}\n",
     "c.yaml:6:20: store.max_bytes: \"100GiBKiB\" is not a size: digits and KiB, MiB, GiB or TiB, as in "
     "50GiB"},
    {"size overflow", GOOD "store: {max_bytes: 99999999999TiB}\n",
     "c.yaml:6:20: store.max_bytes: \"99999999999TiB\" is not a size: digits and KiB, MiB, GiB or "
     "TiB, as in 50GiB"},
    {"size too small", GOOD "store: {artifact_max_bytes: 1KiB}\n",
     "c.yaml:6:29: store.artifact_max_bytes: \"1KiB\" is not a size from 1048576 to 1099511627776 "
     "bytes"},
    {"section", GOOD "store: 5GiB\n",
     "c.yaml:6:8: store: \"5GiB\" is given where a map (lines of \"key: value\") is expected"},
    {"section key", GOOD "store: {max_byte: 5GiB}\n",
     "c.yaml:6:9: store.max_byte: unknown key; \"max_bytes\" is near"},
    {"upstream name",
     LISTEN "upstreams:\n  - {name: Up, ecosystem: pypi, url: 'https://example.org'}\n" REPOS,
     "c.yaml:3:12: upstreams[0].name: \"Up\" is not a name: a-z, 0-9 first, then also . _ -"},
    {"upstream with a name without end",
     LISTEN "upstreams:\n  - {name: " NAME_OF_65 ", ecosystem: pypi, url: 'https://example.org'}\n" REPOS,
     "c.yaml:3:12: upstreams[0].name: \"a12345678901234567890123456789012345678901234567890123456789...\" is a name of 65 bytes: at most 64 are possible"},
    {"upstream without URL", LISTEN "upstreams:\n  - {name: up, ecosystem: pypi}\n" REPOS,
     "c.yaml:3:5: upstreams[0]: the key \"url\" is missing"},
    {"ecosystem",
     LISTEN "upstreams:\n  - {name: up, ecosystem: pip, url: 'https://example.org'}\n" REPOS,
     "c.yaml:3:27: upstreams[0].ecosystem: \"pip\" is not one of pypi, conda, oci, test"},
    {"times",
     LISTEN "upstreams:\n  - {name: up, ecosystem: pypi, url: 'https://example.org', "
            "states_times: often}\n" REPOS,
     "c.yaml:3:75: upstreams[0].states_times: \"often\" is not one of sometimes, always, never"},
    {"time",
     LISTEN "upstreams:\n  - {name: up, ecosystem: pypi, url: 'https://example.org', "
            "added_at: '2026-02-30T00:00:00Z'}\n" REPOS,
     "c.yaml:3:71: upstreams[0].added_at: \"2026-02-30T00:00:00Z\" is not a time as in "
     "2026-01-31T18:00:00Z"},
    {"upstream twice",
     LISTEN UPSTREAMS "  - {name: up, ecosystem: pypi, url: 'https://example.org'}\n" REPOS,
     "c.yaml:4:12: upstreams[1].name: \"up\" is the name of another upstream already"},
    {"environment",
     LISTEN UPSTREAMS "repositories:\n  - {name: a, ecosystem: pypi, upstreams: [up], environment: "
                      "production}\n",
     "c.yaml:5:62: repositories[0].environment: \"production\" is not one of prod, preprod"},
    {"reserved name",
     LISTEN UPSTREAMS "repositories:\n  - {name: api, ecosystem: pypi, upstreams: [up]}\n",
     "c.yaml:5:12: repositories[0].name: \"api\" is reserved: its paths mean something else; "
     "choose "
     "another"},
    {"reserved name -",
     LISTEN UPSTREAMS "repositories:\n  - {name: '-', ecosystem: pypi, upstreams: [up]}\n",
     "c.yaml:5:12: repositories[0].name: \"-\" is not a name: a-z, 0-9 first, then also . _ -"},
    {"repository twice", GOOD "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n",
     "c.yaml:6:12: repositories[1].name: \"pypi\" is the name of another repository already"},
    {"no such upstream",
     LISTEN UPSTREAMS "repositories:\n  - {name: a, ecosystem: pypi, upstreams: [up, down]}\n",
     "c.yaml:5:48: repositories[0].upstreams[1]: \"down\" is the name of no entry of upstreams"},
    {"other ecosystem",
     LISTEN UPSTREAMS "repositories:\n  - {name: a, ecosystem: test, upstreams: [up]}\n",
     "c.yaml:5:44: repositories[0].upstreams[0]: \"up\" is an upstream of ecosystem pypi, but the "
     "repository is of test"},
    {"no upstream",
     LISTEN UPSTREAMS "repositories:\n  - {name: a, ecosystem: pypi, upstreams: []}\n",
     "c.yaml:5:43: repositories[0].upstreams: is empty; at least 1 is expected"},
    {"reserved pattern",
     LISTEN UPSTREAMS "repositories:\n  - {name: a, ecosystem: pypi, upstreams: [up], reserved: "
                      "['a b']}\n",
     "c.yaml:5:60: repositories[0].reserved[0]: \"a b\" is not a project name or a pattern with *"},
    {"reserved pattern that keeps nothing",
     LISTEN UPSTREAMS "repositories:\n  - {name: a, ecosystem: pypi, upstreams: [up], reserved: "
                      "['acme-']}\n",
     "c.yaml:5:60: repositories[0].reserved[0]: \"acme-\" matches no name: names begin and end "
     "with a "
     "letter or a digit"},
};

#define HOSTED(more) LISTEN UPSTREAMS "repositories:\n  - {name: apps, ecosystem: oci, " more "}\n"
#define NO_USE(key)                                                                                \
    "expected no " key " where hosted is true: what is in it is pushed to it, and comes from no "  \
    "upstream"
static const struct {
    const char *label, *text, *message;
} hosted_rows[] = {
    {"neither", HOSTED("hosted: false"), "c.yaml:5:5: repositories[0]: the key \"upstreams\" is missing"},
    {"both", HOSTED("hosted: true, upstreams: [up]"),
     "c.yaml:5:59: repositories[0].upstreams: " NO_USE("upstreams")},
    {"reserved names", HOSTED("hosted: true, reserved: [a]"),
     "c.yaml:5:58: repositories[0].reserved: " NO_USE("reserved")},
    {"lists", HOSTED("hosted: true, only_allow_listed_upstream: true"),
     "c.yaml:5:76: repositories[0].only_allow_listed_upstream: "
     NO_USE("only_allow_listed_upstream")},
    {"no flag", HOSTED("hosted: maybe"),
     "c.yaml:5:42: repositories[0].hosted: \"maybe\" is not true or false"},
};

#define PLATFORMS(value) HOSTED("hosted: true, platforms: " value)
#define NO_PLATFORM                                                                                \
    " is not OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT in lower case, as in linux/amd64, or all"
static const struct {
    const char *label, *text, *message;
} platform_rows[] = {
    {"none", PLATFORMS("[]"), "c.yaml:5:59: repositories[0].platforms: is empty; at least 1 is expected"},
    {"no slash", PLATFORMS("amd64"), "c.yaml:5:59: repositories[0].platforms: \"amd64\"" NO_PLATFORM},
    {"capitals", PLATFORMS("[linux/arm64, Linux/AMD64]"),
     "c.yaml:5:73: repositories[0].platforms[1]: \"Linux/AMD64\"" NO_PLATFORM},
    {"four parts", PLATFORMS("[linux/arm/v7/x]"),
     "c.yaml:5:60: repositories[0].platforms[0]: \"linux/arm/v7/x\"" NO_PLATFORM},
    {"all in a list", PLATFORMS("[linux/arm64, all]"),
     "c.yaml:5:73: repositories[0].platforms[1]: \"all\" stands alone: platforms: all"},
    {"twice", PLATFORMS("[linux/arm64, linux/arm64]"),
     "c.yaml:5:73: repositories[0].platforms[1]: \"linux/arm64\" is given twice"},
    {"a map", PLATFORMS("{linux: amd64}"), "c.yaml:5:59: repositories[0].platforms: a map is given where a list (lines that start with \"- \") is expected"},
};

static void test_platforms(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(platform_rows); i++) {
        struct ch_config *c = NULL;
        struct ch_err err = {.msg = ""};
        enum ch_code rc = ch_config_parse(ch_str_of(platform_rows[i].text), "c.yaml", &c, &err);
        if (rc != CH_E_USAGE || strcmp(err.msg, platform_rows[i].message) != 0) {
            fail_msg("%s: %s:\n  %s\n  %s", platform_rows[i].label, ch_code_name(rc), err.msg,
                     platform_rows[i].message);
        }
    }
}

static void test_hosted(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(hosted_rows); i++) {
        struct ch_config *c = NULL;
        struct ch_err err = {.msg = ""};
        enum ch_code rc = ch_config_parse(ch_str_of(hosted_rows[i].text), "c.yaml", &c, &err);
        if (rc != CH_E_USAGE || strcmp(err.msg, hosted_rows[i].message) != 0) {
            fail_msg("%s: %s:\n  %s\n  %s", hosted_rows[i].label, ch_code_name(rc), err.msg,
                     hosted_rows[i].message);
        }
    }
}

static void test_errors(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(bad_rows); i++) {
        struct ch_config *c = NULL;
        struct ch_err err = {.msg = ""};
        enum ch_code rc = ch_config_parse(ch_str_of(bad_rows[i].text), "c.yaml", &c, &err);
        if (rc != CH_E_USAGE || strcmp(err.msg, bad_rows[i].message) != 0) {
            fail_msg("%s: %s:\n  %s\n  %s", bad_rows[i].label, ch_code_name(rc), err.msg,
                     bad_rows[i].message);
        }
        assert_null(c);
    }
}

/* Of each list as many entries as a process can be told of, and one more. */
static void test_too_many(void **state)
{
    (void)state;
    struct ch_buf text;
    struct ch_config *c = NULL;
    struct ch_err err;
    ch_buf_init(&text, 1 << 20);
    for (int more = 0; more < 2; more++) {
        ch_buf_clear(&text);
        ch_buf_puts(&text, CH_STR(UPSTREAMS REPOS "listen:\n"));
        for (int i = 0; i < CH_SETUP_MAX_LISTENERS + more; i++) {
            ch_buf_printf(&text, "  - {address: '127.0.0.1:%d'}\n", 8080 + i);
        }
        assert_ch_code(more == 0 ? CH_OK : CH_E_USAGE,
                       ch_config_parse(ch_buf_str(&text), "c.yaml", &c, &err));
        ch_config_free(c);
        c = NULL;
    }
    assert_string_equal(err.msg, "c.yaml:6:3: listen: has more than 8 entries");
    for (int more = 0; more < 2; more++) {
        ch_buf_clear(&text);
        ch_buf_puts(&text, CH_STR(LISTEN UPSTREAMS "repositories:\n"));
        for (int i = 0; i < CH_REPOSITORIES_MAX + more; i++) {
            ch_buf_printf(&text, "  - {name: r%d, ecosystem: pypi, upstreams: [up]}\n", i);
        }
        assert_ch_code(more == 0 ? CH_OK : CH_E_USAGE,
                       ch_config_parse(ch_buf_str(&text), "c.yaml", &c, &err));
        ch_config_free(c);
        c = NULL;
    }
    assert_string_equal(err.msg, "c.yaml:5:3: repositories: has more than 256 entries");
    ch_buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_hosted),
        cmocka_unit_test(test_platforms),
        cmocka_unit_test(test_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
