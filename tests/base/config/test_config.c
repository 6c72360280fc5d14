#include "tests/ch_test.h"

#include <stdlib.h>

#include "customhouse/config.h"
#include "customhouse/index.h"
#include "customhouse/message.h"

#define LISTEN "listen: [{address: '127.0.0.1:8080'}]\n"
#define UPSTREAMS                                                                                  \
    "upstreams:\n  - {name: up, ecosystem: pypi, url: 'https://index.example.org/simple/'}\n"
#define REPOS "repositories:\n  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"
#define GOOD  LISTEN UPSTREAMS REPOS

static struct ch_config *parse(const char *text)
{
    struct ch_config *c = NULL;
    struct ch_err err;
    assert_ch_ok(&err, ch_config_parse(ch_str_of(text), "customhouse.yaml", &c, &err));
    return c;
}

static void test_defaults(void **state)
{
    (void)state;
    struct ch_config *c = parse(GOOD);
    assert_int_equal(c->listen_count, 1);
    assert_string_equal(c->listen[0].address, "127.0.0.1:8080");
    assert_null(c->listen[0].tls_key);
    assert_null(c->public_url);
    assert_int_equal(c->upstream_count, 1);
    assert_string_equal(c->upstreams[0].url, "https://index.example.org/simple");
    assert_false(c->upstreams[0].trust_times);
    assert_int_equal(c->upstreams[0].states_times, CH_TIMES_SOMETIMES);
    assert_int_equal(c->upstreams[0].stale_hours, 72);
    assert_true(c->upstreams[0].added_at_us == CH_TIME_UNKNOWN);
    assert_string_equal(c->repositories[0].environment, "prod");
    assert_int_equal(c->repositories[0].held_listing, CH_HELD_YANK);
    assert_true(c->served_max_bytes == (uint64_t)50 << 30);
    assert_true(c->undecided_max_bytes == (uint64_t)10 << 30);
    assert_int_equal(c->last_copies_percent, 50);
    assert_true(c->artifact_max_bytes == (uint64_t)4 << 30);
    assert_int_equal(c->index_refresh_s, 600);
    assert_int_equal(c->rules_count, 0);
    assert_int_equal(c->connections, 4096);
    assert_false(c->insecure_http);
    assert_ptr_equal(ch_config_upstream(c, CH_STR("up")), &c->upstreams[0]);
    assert_null(ch_config_upstream(c, CH_STR("u")));
    assert_ptr_equal(ch_config_repository(c, CH_STR("pypi")), &c->repositories[0]);
    assert_null(ch_config_repository(c, CH_STR("pypi2")));
    ch_config_free(c);
    ch_config_free(NULL);
}

static void test_every_key(void **state)
{
    (void)state;
    struct ch_config *c = parse("listen:\n"
                                "  - address: '[::1]:8443'\n"
                                "    tls_certificate: /etc/c.pem\n"
                                "    tls_key: /etc/k.pem\n"
                                "  - address: 0.0.0.0:80\n"
                                "insecure_http: true\n"
                                "public_url: https://packages.example.org/\n"
                                "host_names: [a.example.org, 'b.example.org:8080']\n"
                                "approver: alice\napprover_uid: 1000\n"
                                "exception_advice: \"Ask #packages: it's easy\"\n"
                                "upstreams:\n"
                                "  - name: up\n"
                                "    ecosystem: pypi\n"
                                "    url: http://127.0.0.1:9999/simple\n"
                                "    api_url: http://127.0.0.1:9999/pypi\n"
                                "    file_hosts: [files.example.org, '127.0.0.1:9998', '[::1]:7',\n"
                                "      '*.data.example.org', '*.data.example.org:444']\n"
                                "    trust_times: true\n"
                                "    states_times: never\n"
                                "    proxy: http://proxy.example.org:3128\n"
                                "    ca_file: /etc/ca.pem\n"
                                "    client_certificate: /etc/client.pem\n"
                                "    stale_hours: 0\n"
                                "    added_at: 2026-01-31T18:00:00Z\n"
                                "repositories:\n"
                                "  - name: a.b_c-1\n"
                                "    ecosystem: pypi\n"
                                "    environment: preprod\n"
                                "    upstreams: [up]\n"
                                "    reserved: [acme-*, Internal_Lib]\n"
                                "    only_allow_listed_upstream: true\n"
                                "    held_listing: omit\n"
                                "store: {max_bytes: 64MiB, undecided_max_bytes: 1 TiB, "
                                "artifact_max_bytes: 1048576, last_copies_percent: 90, "
                                "pushed_percent: 7}\n"
                                "index_refresh_seconds: 1\n"
                                "rules: [/etc/rules/a, /srv/b]\n"
                                "prefetch: {parallel: 0, max_mib: 7}\n"
                                "fetching: {parallel: 9, parallel_per_address: 2, "
                                "burst_per_address: 3, per_minute_per_address: 77}\n"
                                "processes: {gateways: 3, scan_parallel: 5, uid_base: 70000}\n"
                                "connections: {max: 9, max_per_address: 8}\n");
    assert_string_equal(c->listen[0].tls_key, "/etc/k.pem");
    assert_string_equal(c->public_url, "https://packages.example.org");
    assert_int_equal(c->host_name_count, 2);
    assert_string_equal(c->approver, "alice");
    assert_int_equal(c->approver_uid, 1000);
    assert_string_equal(c->exception_advice, "Ask #packages: it's easy");
    const struct ch_upstream *u = &c->upstreams[0];
    assert_string_equal(u->file_hosts[2], "[::1]:7");
    assert_string_equal(u->file_hosts[3], "*.data.example.org");
    assert_string_equal(u->file_hosts[4], "*.data.example.org:444");
    assert_true(u->trust_times);
    assert_int_equal(u->states_times, CH_TIMES_NEVER);
    assert_string_equal(u->client_certificate, "/etc/client.pem");
    assert_int_equal(u->stale_hours, 0);
    assert_true(u->added_at_us == 1769882400000000);
    const struct ch_repository *r = &c->repositories[0];
    assert_string_equal(r->environment, "preprod");
    assert_string_equal(r->reserved[1], "Internal_Lib");
    assert_true(r->only_allow_listed_upstream);
    assert_int_equal(r->held_listing, CH_HELD_OMIT);
    assert_true(c->undecided_max_bytes == (uint64_t)1 << 40);
    assert_int_equal(c->last_copies_percent, 90);
    assert_int_equal(c->pushed_percent, 7);
    assert_true(c->artifact_max_bytes == 1048576);
    assert_int_equal(c->rules_count, 2);
    assert_string_equal(c->rules[1], "/srv/b");
    assert_int_equal(c->prefetch_parallel, 0);
    assert_int_equal(c->prefetch_max_bytes_mib, 7);
    assert_int_equal(c->fetch_parallel, 9);
    assert_int_equal(c->fetch_parallel_per_address, 2);
    assert_int_equal(c->fetch_files_burst, 3);
    assert_int_equal(c->fetch_files_per_minute, 77);
    assert_int_equal(c->gateways, 3);
    assert_int_equal(c->scan_parallel, 5);
    assert_int_equal(c->uid_base, 70000);
    assert_int_equal(c->connections_per_address, 8);
    ch_config_free(c);
}

/* T12: a name too many kept back is a complaint, one too few is a stranger's package. */
static void test_T12_reservations_are_wide(void **state)
{
    static const struct {
        const char *pattern, *name;
        bool reserved;
    } rows[] = {
        {"acme-*", "acme-one", true},      {"acme-*", "acme-one-two", true},
        {"acme-*", "acme", false},         {"acme-*", "acmeone", false},
        {"Acme_Core", "acme-core", true},  {"My.Lib", "my-lib", true},
        {"a__.-b", "a-b", true},           {"CORP-*", "corp-x-y", true},
        {"*-corp-*x", "a-b-corp-c-x", true}, {"*-corp-*x", "a-b-corp-c-y", false},
        {"corp-**", "corp-a-b", true},     {"*", "anything-at-all", true},
        {"acme", "acme-core", false},
    };
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char *pattern = ch_str_dup(ch_str_of(rows[i].pattern));
        struct ch_repository r = {.reserved = &pattern, .reserved_count = 1};
        if (ch_config_reserves(&r, ch_str_of(rows[i].name)) != rows[i].reserved) {
            fail_msg("%s and %s", rows[i].pattern, rows[i].name);
        }
        free(pattern);
    }
}

/* T12: what one repository keeps from an upstream, no other one asks it for. */
static void test_T12_reservations_hold_for_the_upstream(void **state)
{
    static const struct {
        const char *repository;
        bool reserved;
    } rows[] = {{"prod", true}, {"pre", true}, {"both", true}, {"corp", false}};
    (void)state;
    struct ch_config *c;
    struct ch_err err;
    assert_ch_ok(&err,
                 ch_config_parse(CH_STR("listen:\n  - {address: '127.0.0.1:8080'}\n"
                                        "upstreams:\n"
                                        "  - {name: up, ecosystem: pypi, url: 'https://a.example/s'}\n"
                                        "  - {name: own, ecosystem: pypi, url: 'https://b.example/s'}\n"
                                        "repositories:\n"
                                        "  - {name: pre, ecosystem: pypi, upstreams: [up]}\n"
                                        "  - {name: prod, ecosystem: pypi, upstreams: [up], "
                                        "reserved: ['acme-*']}\n"
                                        "  - {name: both, ecosystem: pypi, upstreams: [own, up]}\n"
                                        "  - {name: corp, ecosystem: pypi, upstreams: [own]}\n"),
                                 "c.yaml", &c, &err));
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const struct ch_repository *r = ch_config_repository(c, ch_str_of(rows[i].repository));
        assert_non_null(r);
        if (ch_config_reserves(r, CH_STR("Acme_Core")) != rows[i].reserved) {
            fail_msg("%s", rows[i].repository);
        }
        assert_false(ch_config_reserves(r, CH_STR("flask")));
    }
    ch_config_free(c);
}

static void test_reserved_names(void **state)
{
    (void)state;
    static const char *const names[] = {"v2", "t", "acr", "oauth2", "api", "hf", "nuget", "models"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 4096);
        ch_buf_printf(&b,
                      LISTEN UPSTREAMS "repositories: [{name: %s, ecosystem: pypi, upstreams: "
                                       "[up]}]\n",
                      names[i]);
        struct ch_config *c = NULL;
        struct ch_err err = {.msg = ""};
        assert_ch_code(CH_E_USAGE, ch_config_parse(ch_buf_str(&b), "c.yaml", &c, &err));
        assert_non_null(strstr(err.msg, "is reserved"));
        ch_buf_done(&b);
    }
}

static void test_who_needs_no_token(void **state)
{
    (void)state;
    static const struct {
        const char *more;
        bool loopback, elsewhere;
    } rows[] = {
        {"", true, false},
        {"anonymous_pull: loopback\n", true, false},
        {"anonymous_pull: true\n", true, true},
        {"anonymous_pull: false\n", false, false},
        /* clients come by another name: loopback may be a proxy's */
        {"public_url: https://packages.example.org/\n", false, false},
        {"public_url: http://127.0.0.1:8080\n", true, false},
        {"public_url: 'http://[::1]:8080/'\n", true, false},
        {"host_names: [localhost, packages.example.org]\n", false, false},
        {"host_names: ['localhost:8080']\n", true, false},
        {"public_url: https://packages.example.org/\nanonymous_pull: true\n", true, true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 65536);
        ch_buf_printf(&b, "%s%s%c", rows[i].more, GOOD, '\0');
        struct ch_config *c = parse(b.ptr);
        for (int site = 0; site < 2; site++) {
            const struct ch_repository *r = site != 0 ? NULL : &c->repositories[0];
            assert_int_equal(ch_config_anonymous(c, r, true), rows[i].loopback);
            assert_int_equal(ch_config_anonymous(c, r, false), rows[i].elsewhere);
        }
        /* a repository's own word is the last */
        c->repositories[0].anonymous_pull = CH_ANONYMOUS_NO;
        assert_false(ch_config_anonymous(c, &c->repositories[0], true));
        c->repositories[0].anonymous_pull = CH_ANONYMOUS_YES;
        assert_true(ch_config_anonymous(c, &c->repositories[0], false));
        ch_config_free(c);
        ch_buf_done(&b);
    }
    const struct ch_str addresses[] = {CH_STR("127.0.0.1:8080"), CH_STR("192.0.2.1:443")};
    static const struct {
        const char *more, *text;
        size_t count;
    } said[] = {
        {"", "pypi: anyone may pull, without a token (127.0.0.1:8080)\n", 1},
        {"", "pypi: clients need a token, but not on loopback (127.0.0.1:8080, 192.0.2.1:443)\n", 2},
        {"anonymous_pull: false\n", "pypi: only clients with a token may pull (127.0.0.1:8080)\n", 1},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(said); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 65536);
        ch_buf_printf(&b, "%s%s%c", said[i].more, GOOD, '\0');
        struct ch_config *c = parse(b.ptr);
        ch_buf_clear(&b);
        ch_config_anonymous_put(&b, c, addresses, said[i].count);
        assert_str_eq(ch_buf_str(&b), said[i].text);
        ch_config_free(c);
        ch_buf_done(&b);
    }
}

/* Of the addresses that are open, not of those that the configuration names. */
static void test_origin(void **state)
{
    (void)state;
    static char named[] = "configured.example.org:8080", url[] = "https://out.example.org/gw//";
    struct ch_listen listen = {.address = named};
    struct ch_config c = {.listen = &listen, .listen_count = 1};
    static const struct {
        const char *open[2];
        bool tls;
        const char *origin;
    } rows[] = {
        {{"127.0.0.1:41234"}, false, "http://127.0.0.1:41234"},
        {{"0.0.0.0:8080", "[::1]:8443"}, true, "https://[::1]:8443"},
        {{"open.example.org:80", "127.0.0.1:80"}, false, "http://open.example.org:80"},
        {{"[::]:8080", "0.0.0.0:8080"}, false, ""},
        {{NULL}, false, ""},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_setup_listener open[2];
        size_t count = 0;
        for (; count < 2 && rows[i].open[count] != NULL; count++) {
            open[count] = (struct ch_setup_listener){.address = ch_str_of(rows[i].open[count]),
                                                     .tls = rows[i].tls};
        }
        char *origin = ch_config_origin(&c, open, count);
        assert_string_equal(origin, rows[i].origin);
        free(origin);
        c.public_url = url;
        origin = ch_config_origin(&c, open, count);
        assert_string_equal(origin, "https://out.example.org/gw");
        free(origin);
        c.public_url = NULL;
    }
}

/* What init writes is read back as the same values, and its defaults are those of a bare file. */
static void test_initial_text(void **state)
{
    (void)state;
    const struct ch_str hosts[] = {CH_STR("files.example.org"), CH_STR("more.example.org:8443")};
    const struct ch_str notes[] = {CH_STR("extra-index-url left out:\n evil: true")};
    struct ch_config_initial in = {
        .listen = CH_STR("127.0.0.1:8080"),
        .pypi_url = CH_STR("https://index.example.org/simple"),
        .pypi_api_url = CH_STR("https://index.example.org/pypi"),
        .proxy = CH_STR("http://proxy.example.org:3128"),
        .ca_file = CH_STR("/etc/ca \"x\".pem"),
        .client_certificate = CH_STR("/etc/client.pem"),
        .file_hosts = hosts,
        .file_host_count = 2,
        .states_times = "always",
        .now_us = 1769882400000000,
        .notes = notes,
        .note_count = 1,
    };
    struct ch_err err;
    struct ch_config *c = NULL;
    struct ch_buf b;
    ch_buf_init(&b, (size_t)1 << 20);
    ch_config_initial_text(&b, &in);
    assert_ch_ok(&err, ch_config_parse(ch_buf_str(&b), "customhouse.yaml", &c, &err));
    const struct ch_upstream *u = &c->upstreams[0];
    assert_string_equal(u->url, "https://index.example.org/simple");
    assert_string_equal(u->api_url, "https://index.example.org/pypi");
    assert_string_equal(u->ca_file, "/etc/ca \"x\".pem");
    assert_string_equal(u->proxy, "http://proxy.example.org:3128");
    assert_int_equal(u->file_host_count, 2);
    assert_string_equal(u->file_hosts[1], "more.example.org:8443");
    assert_true(u->trust_times);
    assert_int_equal(u->states_times, CH_TIMES_ALWAYS);
    assert_true(u->added_at_us == in.now_us);
    assert_string_equal(c->repositories[0].name, "pypi");
    assert_int_equal(c->upstream_count, 1); /* a channel stands there in comments */
    assert_int_equal(c->repository_count, 1);
    ch_config_free(c);
    in.channel_url = CH_STR("https://conda.example.org/some/conda-forge");
    ch_buf_clear(&b);
    ch_config_initial_text(&b, &in);
    assert_ch_ok(&err, ch_config_parse(ch_buf_str(&b), "customhouse.yaml", &c, &err));
    assert_int_equal(c->upstream_count, 2);
    assert_string_equal(c->upstreams[1].name, "conda-forge");
    assert_string_equal(c->upstreams[1].url, "https://conda.example.org/some/conda-forge");
    assert_true(c->upstreams[1].added_at_us == in.now_us);
    assert_false(c->upstreams[1].trust_times); /* T7 */
    assert_int_equal(c->repository_count, 2);
    assert_string_equal(c->repositories[1].name, "conda-forge");
    assert_string_equal(c->repositories[1].ecosystem, "conda");
    assert_string_equal(c->repositories[1].upstreams[0], "conda-forge");
    in.channel_url = (struct ch_str){NULL, 0};
    ch_config_free(c);
    static const struct {
        const char *named, *url;
    } channels[] = {{NULL, ""},
                    {"https://conda.example.org/x//", "https://conda.example.org/x"},
                    {"http://127.0.0.1:1/chan", "http://127.0.0.1:1/chan"},
                    {"conda-forge/", "https://conda.anaconda.org/conda-forge"}};
    for (size_t i = 0; i < CH_ARRAY_LEN(channels); i++) {
        struct ch_buf url;
        ch_buf_init(&url, 200);
        ch_config_channel_url(ch_str_of(channels[i].named), &url);
        assert_str_eq(ch_buf_str(&url), channels[i].url);
        ch_buf_done(&url);
    }

    in = (struct ch_config_initial){
        .listen = in.listen, .pypi_url = in.pypi_url, .states_times = "sometimes", .now_us = 0};
    ch_buf_clear(&b);
    ch_config_initial_text(&b, &in);
    assert_ch_ok(&err, ch_config_parse(ch_buf_str(&b), "customhouse.yaml", &c, &err));
    struct ch_config *bare = parse(GOOD);
    assert_null(c->upstreams[0].api_url);
    assert_int_equal(c->upstreams[0].stale_hours, bare->upstreams[0].stale_hours);
    assert_true(c->served_max_bytes == bare->served_max_bytes);
    assert_true(c->undecided_max_bytes == bare->undecided_max_bytes);
    assert_true(c->artifact_max_bytes == bare->artifact_max_bytes);
    assert_int_equal(c->index_refresh_s, bare->index_refresh_s);
    assert_int_equal(c->prefetch_parallel, bare->prefetch_parallel);
    assert_int_equal(c->prefetch_max_bytes_mib, bare->prefetch_max_bytes_mib);
    assert_int_equal(c->fetch_parallel, bare->fetch_parallel);
    assert_int_equal(c->fetch_parallel_per_address, bare->fetch_parallel_per_address);
    assert_int_equal(c->fetch_files_burst, bare->fetch_files_burst);
    assert_int_equal(c->fetch_files_per_minute, bare->fetch_files_per_minute);
    assert_int_equal(c->uid_base, bare->uid_base);
    assert_int_equal(c->connections, bare->connections);
    assert_int_equal(c->connections_per_address, bare->connections_per_address);
    ch_config_free(bare);
    ch_config_free(c);
    ch_buf_done(&b);
}

/* Takes "# " off the next line that begins so, in `text`, and moves behind what it wrote. */
static void uncomment(struct ch_buf *out, struct ch_str *text, struct ch_str mark)
{
    size_t at;
    assert_true(ch_str_find(*text, mark, &at));
    ch_buf_puts(out, ch_str_sub(*text, 0, at));
    ch_buf_puts(out, CH_STR("  "));
    *text = ch_str_sub(*text, at + 4, text->len);
}

/* The lines for a channel and for a registry are what one would write. */
static void test_initial_others(void **state)
{
    (void)state;
    struct ch_config_initial in = {.listen = CH_STR("127.0.0.1:8080"),
                                   .pypi_url = CH_STR("https://index.example.org/simple"),
                                   .states_times = "always",
                                   .now_us = 1769882400000000};
    struct ch_err err;
    struct ch_config *c = NULL;
    struct ch_buf b, with;
    ch_buf_init(&b, (size_t)1 << 20);
    ch_buf_init(&with, (size_t)1 << 20);
    ch_config_initial_text(&b, &in);
    struct ch_str text = ch_buf_str(&b);
    for (size_t i = 0; i < 2; i++) {
        uncomment(&with, &text, CH_STR("  # - {name: conda-forge"));
        uncomment(&with, &text, CH_STR("  # - {name: mcr"));
    }
    ch_buf_puts(&with, text);
    assert_ch_ok(&err, ch_config_parse(ch_buf_str(&with), "customhouse.yaml", &c, &err));
    assert_int_equal(c->upstream_count, 3);
    assert_string_equal(c->upstreams[1].ecosystem, "conda");
    assert_false(c->upstreams[1].trust_times);
    assert_true(c->upstreams[1].added_at_us == in.now_us);
    assert_string_equal(c->upstreams[2].ecosystem, "oci");
    assert_int_equal(c->upstreams[2].states_times, CH_TIMES_NEVER);
    assert_true(c->upstreams[2].added_at_us == in.now_us);
    assert_int_equal(c->upstreams[2].file_host_count, 1);
    assert_string_equal(c->upstreams[2].file_hosts[0], "*.data.mcr.microsoft.com");
    assert_int_equal(c->repository_count, 3);
    assert_string_equal(c->repositories[1].name, "conda-forge");
    assert_string_equal(c->repositories[2].name, "mcr");
    ch_config_free(c);
    ch_buf_done(&with);
    ch_buf_done(&b);
}

/* What is pushed comes from an upstream that no line of the file has, and that nobody can ask. */
static void test_hosted(void **state)
{
    (void)state;
    struct ch_config *c = NULL;
    struct ch_err err;
    assert_ch_ok(&err, ch_config_parse(CH_STR("listen: [{address: '127.0.0.1:8080'}]\n" UPSTREAMS
                                              "repositories:\n"
                                              "  - {name: apps, ecosystem: test, hosted: true}\n"
                                              "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"
                                              "  - {name: more, ecosystem: test, hosted: true}\n"),
                                       "c.yaml", &c, &err));
    assert_int_equal(c->upstream_count, 3);
    const struct ch_repository *r = ch_config_repository(c, CH_STR("more"));
    assert_true(r->hosted);
    assert_int_equal(r->upstream_count, 1);
    assert_string_equal(r->upstreams[0], "hosted/more");
    const struct ch_upstream *u = ch_config_upstream(c, CH_STR("hosted/more"));
    assert_non_null(u);
    assert_true(u->hosted);
    assert_string_equal(u->url, "https://hosted.invalid/more");
    assert_string_equal(u->ecosystem, "test");
    assert_int_equal(u->states_times, CH_TIMES_NEVER);
    assert_false(ch_config_upstream(c, CH_STR("up"))->hosted);
    assert_false(ch_config_repository(c, CH_STR("pypi"))->hosted);
    assert_int_equal(c->upload_idle_minutes, 60);
    assert_int_equal(c->pushed_percent, 50);
    ch_config_free(c);
}

static void test_platforms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *platforms[3];
    } rows[] = {
        {"", {"linux/amd64"}},
        {", platforms: linux/arm64", {"linux/arm64"}},
        {", platforms: all", {"all"}},
        {", platforms: [linux/amd64, linux/arm64/v8, windows/amd64]",
         {"linux/amd64", "linux/arm64/v8", "windows/amd64"}},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_config *c = NULL;
        struct ch_err err;
        struct ch_buf text;
        ch_buf_init(&text, 4096);
        ch_buf_printf(&text,
                      "listen: [{address: '127.0.0.1:8080'}]\n" UPSTREAMS
                      "repositories: [{name: apps, ecosystem: test, hosted: true%s}]\n",
                      rows[i].text);
        assert_ch_ok(&err, ch_config_parse(ch_buf_str(&text), "c.yaml", &c, &err));
        const struct ch_repository *r = ch_config_repository(c, CH_STR("apps"));
        size_t count = 0;
        while (count < CH_ARRAY_LEN(rows[i].platforms) && rows[i].platforms[count] != NULL) {
            count++;
        }
        assert_int_equal(r->platform_count, count);
        for (size_t k = 0; k < count; k++) {
            assert_string_equal(r->platforms[k], rows[i].platforms[k]);
        }
        assert_null(c->admission_platform);
        ch_config_free(c);
        ch_buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_hosted),
        cmocka_unit_test(test_platforms),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_T12_reservations_hold_for_the_upstream),
        cmocka_unit_test(test_reserved_names),
        cmocka_unit_test(test_T12_reservations_are_wide),
        cmocka_unit_test(test_who_needs_no_token),
        cmocka_unit_test(test_origin),
        cmocka_unit_test(test_initial_text),
        cmocka_unit_test(test_initial_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
