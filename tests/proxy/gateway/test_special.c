#include "fixture.h"

#include "customhouse/instance.h"

#include <unistd.h>

static void test_health_and_ready(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    assert_str_eq(body_of(get(f, "/-/health", NULL)), "ok\n");
    assert_str_eq(body_of(get(f, "/-/ready", NULL)), "ready\n");
    atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms());
    assert_has(get(f, "/-/ready", NULL), "HTTP/1.1 503 not ready: the keeper has not renewed its lease");
    for (uint32_t trouble = CH_STORE_FULL; trouble <= CH_STORE_FAILS; trouble++) {
        struct ch_str text = ch_str_of(ch_store_trouble_text(trouble));
        atomic_store(&f->epoch.store_trouble, trouble);
        for (int lease = 0; lease < 2; lease++) { /* without one nothing is served */
            atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms() + (lease ? 60000 : 0));
            struct ch_str a = get(f, "/-/ready", NULL);
            assert_has(a, lease ? "HTTP/1.1 200 " : "HTTP/1.1 503 not ready: ");
            assert_true(ch_str_find(a, text, NULL));
        }
    }
    atomic_store(&f->epoch.store_trouble, CH_STORE_WRITES);
    assert_str_eq(body_of(get(f, "/-/ready", NULL)), "ready\n");
    atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms() + 60000);
    atomic_store(&f->epoch.unsaved, 2);
    assert_str_eq(body_of(get(f, "/-/ready", NULL)),
                  "ready, but 2 denials or revocations are in memory alone (customhouse status)\n");
    atomic_store(&f->epoch.unsaved, 0);
    assert_str_eq(body_of(get(f, "/-/ready", NULL)), "ready\n");
    atomic_store(&f->epoch.log_trouble, 1);
    assert_str_eq(body_of(get(f, "/-/ready", NULL)),
                  "ready, but the audit log cannot be written, so nothing new is allowed (customhouse status)\n");
    assert_int_equal(status_of(get(f, "/-/ready", NULL)), 200); /* what is allowed is served */
    atomic_store(&f->epoch.log_trouble, 0);
    assert_str_eq(body_of(get(f, "/-/ready", NULL)), "ready\n");
    fixture_drop_keeper(f);
    assert_has(get(f, "/-/ready", NULL), "HTTP/1.1 503 not ready: no connection to the keeper");
    assert_int_equal(f->lost, 1); /* else nobody would give it another */
    assert_int_equal(status_of(get(f, "/-/health", NULL)), 200);
    fixture_free(f);
}

/* Until the service is ready nothing is asked for; once it was, a keeper that starts again is waited
 * for. */
static void test_before_the_service_is_ready(void **state)
{
    (void)state;
    static const char *const paths[] = {"/pypi/simple/", "/pypi/simple/pkg/",
                                        "/pypi/files/pkg/pkg-1.0-py3-none-any.whl"};
    struct fixture *f = fixture_new_alone();
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        struct ch_str a = get(f, paths[i], NULL);
        assert_has(a, "HTTP/1.1 503 The service is starting, try again in a few seconds\r\n");
        assert_str_eq(header_of(a, "Retry-After"), "2");
        assert_str_eq(header_of(a, "Cache-Control"), "no-store");
    }
    assert_int_equal(status_of(get(f, "/-/health", NULL)), 200);
    assert_int_equal(status_of(get(f, "/-/ready", NULL)), 503);
    fixture_connect_keeper(f);
    fixture_page(f, 7, "pkg-1.0-py3-none-any.whl");
    assert_int_equal(status_of(get(f, "/pypi/simple/pkg/", NULL)), 200);
    fixture_drop_keeper(f);
    struct client c;
    client_open(f, &c);
    client_send(&c, "GET /pypi/simple/other/ HTTP/1.1\r\nHost: gw.example.org\r\n\r\n");
    fixture_turn(f);
    assert_false(client_answered(&c, false));
    fixture_connect_keeper(f);
    assert_int_equal(status_of(client_wait(f, &c, false)), 200);
    client_close(&c);
    fixture_free(f);
}

static void test_metrics(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    get(f, "/nobody/", NULL);
    get(f, "/-/health", NULL);
    struct ch_str a = get(f, "/-/metrics", NULL);
    assert_str_eq(header_of(a, "Content-Type"),
                  "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert_has(a, "customhouse_requests_total{repository=\"?\",status=\"404\"} 1\n");
    assert_has(a, "customhouse_requests_total{repository=\"-\",status=\"200\"} 1\n");
    assert_has(a, "customhouse_keeper_up 1\ncustomhouse_queue 3\n");
    assert_true(ch_str_ends(a, CH_STR("\n# EOF\n")));
    ch_limits.gateway_metrics_wait_ms = 50;
    f->keeper.silent = true;
    a = get(f, "/-/metrics", NULL);
    assert_has(a, "customhouse_keeper_up 0\n# EOF\n");
    fixture_free(f);
}

static void test_routes(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    static const struct {
        const char *path;
        int status;
    } rows[] = {
        {"/v2/", 404},       {"/t/token/x", 404},      {"/t/token/", 404},       {"/t/token/-/health", 404},      {"/pypi/", 404},         {"/-/", 404},
        {"/-/health/", 404}, {"/-/nothing", 404},      {"/pypi/foo/json", 404}, {"/-/x", 404},
        {"/-/x/a/b", 404},   {"/pypi/simple/foo", 301}, {"/pypi/simple/Foo/", 301}, {"/pypi/simple", 301},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str a = get(f, rows[i].path, NULL);
        if (status_of(a) != rows[i].status) {
            fail_msg("%s: %d, expected %d", rows[i].path, status_of(a), rows[i].status);
        }
        assert_int_equal(header_of(a, "X-Request-Id").len, 16);
    }
    /* relative: a proxy may serve this server under a path of its own */
    assert_str_eq(header_of(get(f, "/pypi/simple/Foo_Bar", NULL), "Location"), "./foo-bar/");
    assert_str_eq(header_of(get(f, "/pypi/simple/foo?x", NULL), "Location"), "./foo/");
    assert_str_eq(header_of(get(f, "/pypi/simple/Foo/", NULL), "Location"), "./../foo/");
    assert_str_eq(header_of(get(f, "/pypi/simple", NULL), "Location"), "./simple/");
    assert_has(get(f, "/", NULL),
               "pip install --index-url http://open.example.org:8080/pypi/simple/ --trusted-host "
               "open.example.org PACKAGE\n");
    struct client c;
    client_open(f, &c);
    client_send(&c, "DELETE /pypi/simple/foo/ HTTP/1.1\r\nHost: gw.example.org\r\n\r\n");
    struct ch_str a = client_wait(f, &c, false);
    assert_int_equal(status_of(a), 405);
    assert_str_eq(header_of(a, "Allow"), "GET, HEAD");
    client_close(&c);
    client_open(f, &c);
    client_send(&c, "GET / HTTP/1.1\r\nHost: evil.example.net\r\n\r\n");
    assert_int_equal(status_of(client_wait(f, &c, false)), 421);
    client_close(&c);
    assert_int_equal(f->keeper.page_asks + f->keeper.file_asks, 0);
    fixture_free(f);
}

/* Our own fetcher came back to us: 508 before anything is looked up (T13). */
static void test_loop(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char line[100];
    snprintf(line, sizeof(line), "x-customhouse-instance: %s\r\n", FIXTURE_INSTANCE);
    assert_int_equal(status_of(get(f, "/pypi/simple/foo/", line)), 508);
    assert_int_equal(f->keeper.page_asks, 0);
    f->keeper.page.outcome = CH_PAGE_NOT_FOUND;
    line[30] = line[30] == '0' ? '1' : '0'; /* another gateway's */
    assert_int_equal(status_of(get(f, "/pypi/simple/foo/", line)), 404);
    assert_int_equal(f->keeper.page_asks, 1);
    fixture_free(f);
}

/* Gateways that are each other's upstreams: who asks for whom goes with what is asked for. */
static void test_loop_of_several(void **state)
{
    (void)state;
    static const char a[] = "0123456789abcdef0123456789abcde0";
    static const char b[] = "0123456789abcdef0123456789abcde1";
    struct fixture *f = fixture_new();
    char line[1000], expected[600];
    int n = snprintf(line, sizeof(line), "x-customhouse-instance: %s, %s,%s\r\n", a, b,
                     FIXTURE_INSTANCE);
    assert_int_equal(status_of(get(f, "/pypi/simple/foo/", line)), 508);
    assert_int_equal(f->keeper.page_asks, 0);
    f->keeper.page.outcome = CH_PAGE_NOT_FOUND;
    snprintf(line, sizeof(line), "x-customhouse-instance: %s, %s, not an id, %s\r\n", a, b, a);
    snprintf(expected, sizeof(expected), "%s, %s", a, b);
    assert_int_equal(status_of(get(f, "/pypi/simple/foo/", line)), 404);
    assert_string_equal(f->keeper.via, expected);
    assert_int_equal(status_of(get(f, "/pypi/simple/bar/", "x-customhouse-instance: abc\r\n")),
                     404);
    assert_string_equal(f->keeper.via, "");
    n = snprintf(line, sizeof(line), "x-customhouse-instance: ");
    for (int i = 0; i < 20; i++) {
        n += snprintf(line + n, sizeof(line) - (size_t)n, "%s%s", i == 0 ? "" : ",", a);
    }
    snprintf(line + n, sizeof(line) - (size_t)n, "\r\n");
    assert_int_equal(status_of(get(f, "/pypi/files/foo/foo-1.0-py3-none-any.whl", line)), 403);
    assert_int_equal(strlen(f->keeper.via), CH_INSTANCE_HOPS * 33 - 1); /* the first ones */
    fixture_free(f);
}

static int status_for(struct fixture *f, const char *host)
{
    struct client c;
    char request[200];
    client_open(f, &c);
    snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
    client_send(&c, request);
    int status = status_of(client_wait(f, &c, false));
    client_close(&c);
    return status;
}

/* Of addresses that only `serve --listen` names, too, also after a reload; never of those that are
 * configured, but not open: what is there is somebody else's. */
static void test_each_open_address_is_a_host(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    static char shut[] = "shut.example.org:8080";
    static struct ch_listen elsewhere = {.address = shut};
    assert_int_equal(status_for(f, "open.example.org"), 200);
    assert_int_equal(status_for(f, "gw.example.org"), 200);
    assert_int_equal(status_for(f, "localhost"), 421); /* loopback is configured, not open */
    struct ch_config other = f->config;
    other.listen = &elsewhere;
    gw_configure(f->gw, &other);
    assert_int_equal(status_for(f, "open.example.org"), 200);
    assert_int_equal(status_for(f, "shut.example.org"), 421);
    f->open.address = CH_STR("0.0.0.0:8080");
    gw_configure(f->gw, &other);
    assert_int_equal(status_for(f, "0.0.0.0"), 421);
    f->open.address = CH_STR("[::1]:8080");
    gw_configure(f->gw, &other);
    assert_int_equal(status_for(f, "open.example.org"), 421);
    assert_int_equal(status_for(f, "localhost"), 200);
    assert_has(get(f, "/", NULL), "--index-url http://[::1]:8080/pypi/simple/ ");
    fixture_free(f);
}

static void test_reload(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    static char url[] = "https://gw2.example.org/";
    struct ch_config other = f->config;
    f->keeper.page.outcome = CH_PAGE_NOT_FOUND;
    assert_int_equal(status_of(get(f, "/preprod/simple/foo/", NULL)), 404);
    assert_int_equal(f->keeper.page_asks, 1);
    other.repository_count = 1;
    other.public_url = url;
    gw_configure(f->gw, &other);
    struct ch_str a = get(f, "/preprod/simple/foo/", NULL);
    assert_has(a, "HTTP/1.1 404 No repository has this name");
    assert_int_equal(f->keeper.page_asks, 1);
    assert_has(get(f, "/", NULL), "--index-url https://gw2.example.org/pypi/simple/ PACKAGE\n");
    struct client c;
    client_open(f, &c);
    client_send(&c, "GET / HTTP/1.1\r\nHost: GW2.example.org\r\n\r\n");
    assert_int_equal(status_of(client_wait(f, &c, false)), 200);
    client_close(&c);
    fixture_free(f);
}

static void test_log_and_drain(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct ch_str a = get(f, "/-/health?token=secret", "User-Agent: curl/8\r\n");
    char id[64];
    snprintf(id, sizeof(id), "\"id\":\"%.*s\"", CH_STR_ARG(header_of(a, "X-Request-Id")));
    gw_drain(f->gw);
    for (int i = 0; i < 100 && !f->drained; i++) {
        fixture_turn(f);
    }
    assert_true(f->drained);
    char text[4096];
    ssize_t n = pread(f->log_fd, text, sizeof(text), 0);
    assert_true(n > 0);
    struct ch_str line = {text, (size_t)n};
    assert_has(line, id);
    assert_has(line, "\"method\":\"GET\",\"path\":\"/-/health\",\"status\":200,\"bytes\":3,");
    assert_has(line, "\"agent\":\"curl/8\"}\n");
    assert_false(ch_str_find(line, CH_STR("secret"), NULL));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_before_the_service_is_ready),
        cmocka_unit_test(test_health_and_ready), cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_routes),
        cmocka_unit_test(test_loop),             cmocka_unit_test(test_reload),
        cmocka_unit_test(test_loop_of_several),
        cmocka_unit_test(test_each_open_address_is_a_host),
        cmocka_unit_test(test_log_and_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
