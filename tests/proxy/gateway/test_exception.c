/* /-/x/ID: the page, and what is asked for on it. */
#include "fixture.h"

static void refuse(struct fixture *f)
{
    f->keeper.refusal.found = true;
    f->keeper.refusal.repository = CH_STR("pypi");
    f->keeper.refusal.refusal.subject = CH_STR("foo 1.0");
    f->keeper.refusal.refusal.rule = CH_STR("cool-down");
    f->keeper.refusal.refusal.reason = CH_STR("released <b>1 day</b> ago & \"new\"");
    f->keeper.refusal.may_ask = true;
    f->keeper.exception.http_status = 201;
    f->keeper.exception.exception = 7;
}

static void test_the_page(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    assert_int_equal(status_of(get(f, "/-/x/8f3a", NULL)), 404);
    assert_string_equal(f->keeper.refusal_id, "8f3a");
    refuse(f);
    struct ch_str a = get(f, "/-/x/8f3a", NULL);
    assert_str_eq(header_of(a, "Content-Type"), "text/plain; charset=utf-8");
    assert_has(body_of(a), "foo 1.0 is held.\n\nRepository pypi\nRule       cool-down\n");
    assert_has(body_of(a), "can be asked for on this page");
    a = get(f, "/-/x/8f3a", "Accept: application/json\r\n");
    assert_str_eq(header_of(a, "Content-Type"), "application/json");
    assert_has(body_of(a), "\"subject\":\"foo 1.0\"");
    assert_has(body_of(a), "\"may_ask\":true");
    a = get(f, "/-/x/8f3a", "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n");
    assert_str_eq(header_of(a, "Content-Type"), "text/html; charset=utf-8");
    assert_str_eq(header_of(a, "Content-Security-Policy"),
                  "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
    assert_str_eq(header_of(a, "X-Content-Type-Options"), "nosniff");
    assert_str_eq(header_of(a, "Cache-Control"), "no-store");
    assert_has(body_of(a), "released &lt;b&gt;1 day&lt;/b&gt; ago &amp; &quot;new&quot;");
    assert_has(body_of(a), "<form method=\"post\">");
    f->keeper.refusal.may_ask = false;
    f->keeper.refusal.exception = CH_STR("exception 7 is requested");
    a = get(f, "/-/x/8f3a", "Accept: text/html\r\n");
    assert_false(ch_str_find(body_of(a), CH_STR("<form"), NULL));
    assert_has(body_of(a), "exception 7 is requested");
    /* What cannot be a number of ours is not asked for. */
    f->keeper.refusal_id[0] = '\0';
    assert_int_equal(status_of(get(f, "/-/x/a.b", NULL)), 404);
    assert_int_equal(status_of(get(f, "/-/x/a%20b", NULL)), 404);
    assert_string_equal(f->keeper.refusal_id, "");
    assert_has(get(f, "/-/policies/cool-down", NULL), "come from: cool-down\n");
    fixture_free(f);
}

/* The answer is kept until the next call. */
static struct ch_str post(struct fixture *f, const char *path, const char *lines, const char *body)
{
    static struct client c = {.fd = -1};
    char text[12000];
    if (c.fd >= 0) {
        client_close(&c);
    }
    client_open(f, &c);
    snprintf(text, sizeof(text), "POST %s HTTP/1.1\r\nHost: gw.example.org\r\n%sContent-Length: %zu\r\n\r\n%s",
             path, lines, strlen(body), body);
    client_send(&c, text);
    return client_wait(f, &c, false);
}

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define JSON "Content-Type: application/json\r\n"
#define ASK  "reason=fixes+a+bug&expires=14d"

static void test_a_form_asks(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    refuse(f);
    struct ch_str a = post(f, "/-/x/8f3a", FORM, ASK);
    assert_int_equal(status_of(a), 303);
    assert_str_eq(header_of(a, "Location"), "./8f3a");
    assert_string_equal(f->keeper.exception_id, "8f3a");
    assert_string_equal(f->keeper.exception_reason, "fixes a bug");
    assert_string_equal(f->keeper.exception_expires, "14d");
    f->keeper.exception.http_status = 429;
    f->keeper.exception.text = CH_STR("too many");
    assert_has(post(f, "/-/x/8f3a", FORM, ASK), "HTTP/1.1 429 too many\r\n");
    f->keeper.exception.http_status = 0;
    assert_int_equal(status_of(post(f, "/-/x/8f3a", FORM, ASK)), 500);
    fixture_free(f);
}

static void test_a_program_asks(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    refuse(f);
    struct ch_str a = post(f, "/-/x/8f3a", JSON, "{\"reason\": \"needed\"}");
    assert_int_equal(status_of(a), 201);
    assert_str_eq(body_of(a), "{\"exception\":7,\"joined\":false}\n");
    assert_string_equal(f->keeper.exception_expires, "");
    f->keeper.exception.http_status = 200;
    a = post(f, "/-/x/8f3a", "Content-Type: application/json; charset=utf-8\r\n", "{\"reason\": \"needed\"}");
    assert_int_equal(status_of(a), 200);
    assert_str_eq(body_of(a), "{\"exception\":7,\"joined\":true}\n");
    f->keeper.exception.http_status = 403;
    f->keeper.exception.text = CH_STR("It is denied");
    assert_has(post(f, "/-/x/8f3a", JSON, "{\"reason\": \"needed\"}"), "HTTP/1.1 403 It is denied\r\n");
    fixture_free(f);
}

/* Where nothing may be had without a token, nothing is asked for without one; of one repository the keeper says
 * so. */
static void test_who_asks_signs_in(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    refuse(f);
    f->keeper.exception.http_status = 401;
    struct ch_str a = post(f, "/-/x/8f3a", FORM, ASK);
    assert_int_equal(status_of(a), 401);
    assert_has(a, "\r\nWWW-Authenticate: Bearer");
    assert_int_equal(f->keeper.exception_asks, 1);
    f->keeper.exception.http_status = 201;
    f->config.anonymous_pull = CH_ANONYMOUS_NO;
    gw_configure(f->gw, &f->config);
    a = post(f, "/-/x/8f3a", FORM, ASK);
    assert_int_equal(status_of(a), 401);
    assert_has(a, "\r\nWWW-Authenticate: Bearer");
    assert_int_equal(f->keeper.exception_asks, 1);
    assert_int_equal(status_of(get(f, "/-/x/8f3a", NULL)), 200); /* what its ID says it says to all */
    fixture_free(f);
}

/* Nothing of it goes to the keeper. */
static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path, *lines, *body;
        int status;
    } rows[] = {
        {"/-/x/a.b", FORM, ASK, 404},
        {"/-/x", FORM, ASK, 405},
        {"/-/x/8f3a/", FORM, ASK, 405},
        {"/-/x/8f3a/approve", FORM, ASK, 405},
        {"/-/health", FORM, ASK, 405},
        {"/pypi/simple/foo/", FORM, ASK, 405},
        {"/-/x/8f3a", "", ASK, 415},
        {"/-/x/8f3a", "Content-Type: text/plain\r\n", ASK, 415},
        {"/-/x/8f3a", "Content-Type: multipart/form-data\r\n", ASK, 415},
        {"/-/x/8f3a", FORM, "", 400},
        {"/-/x/8f3a", FORM, "reason=a&approve=yes", 400},
        {"/-/x/8f3a", JSON, ASK, 400},
        {"/-/x/8f3a", FORM, "{\"reason\":\"a\"}", 400},
        /* another site's page, with or without the help of the browser */
        {"/-/x/8f3a", FORM "Sec-Fetch-Site: cross-site\r\n", ASK, 403},
        {"/-/x/8f3a", FORM "Sec-Fetch-Site: same-site\r\n", ASK, 403},
        {"/-/x/8f3a", FORM "Origin: http://evil.example.net\r\n", ASK, 403},
        {"/-/x/8f3a", FORM "Origin: null\r\n", ASK, 403},
        {"/-/x/8f3a", FORM "Origin: http://gw.example.org.example.net\r\n", ASK, 403},
        {"/-/x/8f3a", FORM "Origin: http://gw.example.org:81\r\n", ASK, 403},
        {"/-/x/8f3a", FORM "Origin: file://gw.example.org\r\n", ASK, 403},
        {"/-/x/8f3a", JSON "Origin: http://evil.example.net\r\n", "{\"reason\":\"a\"}", 403},
        {"/-/x/8f3a", FORM "Sec-Fetch-Site: same-origin\r\nOrigin: http://evil.example.net\r\n", ASK, 403},
    };
    struct fixture *f = fixture_new();
    refuse(f);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str a = post(f, rows[i].path, rows[i].lines, rows[i].body);
        if (status_of(a) != rows[i].status) {
            fail_msg("row %zu: %d, expected %d", i, status_of(a), rows[i].status);
        }
    }
    char long_body[9000] = "reason=";
    memset(long_body + 7, 'a', sizeof(long_body) - 8);
    long_body[sizeof(long_body) - 1] = '\0';
    assert_int_equal(status_of(post(f, "/-/x/8f3a", FORM, long_body)), 413);
    struct client c;
    client_open(f, &c);
    client_send(&c, "POST /-/x/8f3a HTTP/1.1\r\nHost: gw.example.org\r\n" FORM
                    "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n");
    assert_int_equal(status_of(client_wait(f, &c, false)), 411);
    client_close(&c);
    assert_int_equal(f->keeper.exception_asks, 0);
    /* our own page */
    struct ch_str a = post(f, "/-/x/8f3a", FORM "Sec-Fetch-Site: same-origin\r\nOrigin: http://gw.example.org\r\n", ASK);
    assert_int_equal(status_of(a), 303);
    assert_int_equal(f->keeper.exception_asks, 1);
    fixture_free(f);
}

/* A client that leaves in the middle of its request leaves nothing. */
static void test_a_client_that_leaves(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    refuse(f);
    struct client c;
    client_open(f, &c);
    client_send(&c, "POST /-/x/8f3a HTTP/1.1\r\nHost: gw.example.org\r\n" FORM "Content-Length: 30\r\n\r\nreason=");
    fixture_turn(f);
    client_close(&c);
    fixture_turn(f);
    assert_int_equal(f->keeper.exception_asks, 0);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_page),        cmocka_unit_test(test_a_form_asks),
        cmocka_unit_test(test_a_program_asks),  cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_a_client_that_leaves), cmocka_unit_test(test_who_asks_signs_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
