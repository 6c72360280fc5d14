#include "fixture.h"

#include <libdeflate.h>
#include <unistd.h>

#define JSON "Accept: application/vnd.pypi.simple.v1+json\r\n"
#define BEARER                                                                                     \
    "Authorization: Bearer chp_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\r\n"
#define PAGE "/pypi/simple/foo/"
#define WHEEL "foo-1.0-py3-none-any.whl"
#define BODY                                                                                       \
    "{\"meta\":{\"api-version\":\"1.1\"},\"name\":\"foo\",\"versions\":[\"1.0\"],\"files\":["      \
    "{\"filename\":\"" WHEEL "\",\"url\":\"../../files/foo/" WHEEL "\",\"hashes\":{},\"size\":5,"  \
    "\"yanked\":false,\"core-metadata\":false,\"data-dist-info-metadata\":false}]}\n"

/* One ask gives all representations, and the answers stay ready. */
static void test_page(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_page(f, 7, WHEEL);
    struct ch_str a = get(f, PAGE, JSON);
    assert_int_equal(status_of(a), 200);
    assert_str_eq(body_of(a), BODY);
    assert_str_eq(header_of(a, "Content-Type"), "application/vnd.pypi.simple.v1+json");
    assert_str_eq(header_of(a, "Cache-Control"), "private, max-age=0, must-revalidate");
    assert_str_eq(header_of(a, "Vary"), "Accept, Accept-Encoding");
    assert_str_eq(header_of(a, "X-Content-Type-Options"), "nosniff");
    assert_int_equal(header_of(a, "X-Request-Id").len, 16);
    assert_int_equal(f->keeper.page_asks, 1);
    assert_string_equal(f->keeper.project, "foo");
    char etag[200];
    snprintf(etag, sizeof(etag), JSON "If-None-Match: %.*s\r\n", CH_STR_ARG(header_of(a, "ETag")));

    assert_int_equal(status_of(get(f, PAGE, etag)), 304);
    a = get(f, PAGE, NULL);
    assert_str_eq(header_of(a, "Content-Type"), "text/html; charset=utf-8");
    assert_has(body_of(a), "<a href=\"../../files/foo/" WHEEL "\">" WHEEL "</a>");
    /* Repeated Accept lines are one list. */
    a = get(f, PAGE, "Accept: text/html;q=0.1\r\n" JSON);
    assert_str_eq(header_of(a, "Content-Type"), "application/vnd.pypi.simple.v1+json");
    a = head(f, PAGE, JSON);
    assert_int_equal(body_of(a).len, 0);
    char length[20];
    snprintf(length, sizeof(length), "%zu", strlen(BODY));
    assert_str_eq(header_of(a, "Content-Length"), length);
    assert_int_equal(f->keeper.page_asks, 1);
    fixture_free(f);
}

static struct fixture *with_documents(size_t count, size_t fds, size_t unsealed)
{
    struct fixture *f = fixture_new();
    fixture_page(f, 7, WHEEL);
    ch_buf_clear(&f->keeper.page_content);
    ch_buf_puts(&f->keeper.page_content, CH_STR("document "));
    for (size_t i = 0; i < count; i++) {
        f->keeper.page.documents[i] = (struct ch_page_document){(uint8_t)i, {{(uint8_t)(i + 1)}}};
    }
    f->keeper.page.document_count = count;
    f->keeper.document_fds = fds;
    f->keeper.unsealed = unsealed;
    return f;
}

/* What the keeper rendered goes out as it is, whatever coding a client takes; its digest is the ETag's. */
static void test_documents(void **state)
{
    (void)state;
    struct fixture *f = with_documents(3, 3, SIZE_MAX);
    struct ch_str a = get(f, PAGE, JSON "Accept-Encoding: gzip, zstd\r\n");
    assert_int_equal(status_of(a), 200);
    assert_has(body_of(a), "document ");
    assert_int_equal(header_of(a, "Content-Encoding").len, 0);
    char first[20], etag[200];
    snprintf(first, sizeof(first), "%.*s", CH_STR_ARG(body_of(a)));
    snprintf(etag, sizeof(etag), JSON "If-None-Match: %.*s\r\n", CH_STR_ARG(header_of(a, "ETag")));
    assert_int_equal(status_of(get(f, PAGE, etag)), 304);
    a = get(f, PAGE, NULL);
    assert_has(body_of(a), "document ");
    assert_false(ch_str_eq(body_of(a), ch_str_of(first)));
    assert_int_equal(f->keeper.page_asks, 1);
    atomic_store(&f->epoch.epoch, 2); /* asked again, and unchanged */
    get(f, PAGE, NULL);
    assert_int_equal(f->keeper.page_asks, 2);
    assert_int_equal(f->keeper.have_generation, 7);
    atomic_store(&f->epoch.epoch, 3); /* from now on a page again */
    f->keeper.page.document_count = f->keeper.document_fds = 0;
    fixture_page(f, 8, WHEEL);
    assert_str_eq(body_of(get(f, PAGE, JSON)), BODY);
    fixture_free(f);
}

/* Large ones lie in files: none that somebody else could open, and none that another gateway could write. */
static void test_documents_in_files(void **state)
{
    (void)state;
    static const int status[] = {
        [IN_A_FILE] = 200, [IN_A_FILE_WITH_A_NAME] = 500, [IN_A_FILE_TO_WRITE] = 500};
    for (unsigned i = IN_A_FILE; i <= IN_A_FILE_TO_WRITE; i++) {
        struct fixture *f = with_documents(3, 3, SIZE_MAX);
        f->keeper.documents_are = i;
        struct ch_str a = get(f, PAGE, JSON);
        assert_int_equal(status_of(a), status[i]);
        if (status[i] == 200) {
            assert_has(body_of(a), "document ");
        }
        fixture_free(f);
    }
    unlink("gateway-document-too");
}

static void test_documents_that_cannot_be_used(void **state)
{
    (void)state;
    static const struct {
        size_t count, fds, unsealed;
    } all[] = {{3, 2, SIZE_MAX}, {3, 3, 1}, {3, 3, 0}, {4, 4, SIZE_MAX}};
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) { /* pypi has three formats */
        struct fixture *f = with_documents(all[i].count, all[i].fds, all[i].unsealed);
        assert_int_equal(status_of(get(f, PAGE, JSON)), 500);
        f->keeper.page.document_count = f->keeper.document_fds = 3;
        f->keeper.unsealed = SIZE_MAX;
        assert_int_equal(status_of(get(f, PAGE, JSON)), 200); /* nothing is left of them */
        fixture_free(f);
    }
    struct fixture *f = with_documents(3, 3, SIZE_MAX); /* one twice */
    f->keeper.page.documents[1].format = 0;
    assert_int_equal(status_of(get(f, PAGE, JSON)), 500);
    fixture_free(f);
    f = with_documents(1, 1, SIZE_MAX); /* only the first format there is */
    f->keeper.page.documents[0].format = 0;
    assert_int_equal(status_of(get(f, PAGE, "Accept: text/html\r\n")), 200);
    assert_int_equal(status_of(get(f, PAGE, JSON)), 404);
    fixture_free(f);
}

static void test_encodings(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_page(f, 7, WHEEL);
    /* Too small to be worth it: plain, whatever the client takes. */
    struct ch_str a = get(f, PAGE, JSON "Accept-Encoding: gzip\r\n");
    assert_int_equal(header_of(a, "Content-Encoding").len, 0);
    assert_str_eq(body_of(a), BODY);
    fixture_free(f);
    uint64_t from_bytes = ch_limits.gateway_encode_from_bytes;
    ch_limits.gateway_encode_from_bytes = 100;
    f = fixture_new();
    fixture_page(f, 7, WHEEL);
    struct ch_str plain = get(f, PAGE, JSON);
    char plain_etag[200];
    snprintf(plain_etag, sizeof(plain_etag), "%.*s", CH_STR_ARG(header_of(plain, "ETag")));
    a = get(f, PAGE, JSON "Accept-Encoding: gzip, deflate\r\n");
    assert_str_eq(header_of(a, "Content-Encoding"), "gzip");
    assert_false(ch_str_eq(header_of(a, "ETag"), ch_str_of(plain_etag)));
    char back[1000];
    size_t len = 0;
    struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
    struct ch_str body = body_of(a);
    assert_int_equal(libdeflate_gzip_decompress(d, body.ptr, body.len, back, sizeof(back), &len), 0);
    libdeflate_free_decompressor(d);
    assert_str_eq(((struct ch_str){back, len}), BODY);
    a = get(f, PAGE, JSON "Accept-Encoding: gzip, zstd\r\n");
    assert_str_eq(header_of(a, "Content-Encoding"), "zstd");
    assert_int_equal(f->keeper.page_asks, 1);
    fixture_free(f);
    ch_limits.gateway_encode_from_bytes = from_bytes;
}

/* A decision moved: the next reader waits until the keeper has said what the page is now. */
static void test_epoch_and_age_ask_again(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_page(f, 7, WHEEL);
    get(f, PAGE, JSON);
    atomic_store(&f->epoch.epoch, 2);
    assert_str_eq(body_of(get(f, PAGE, JSON)), BODY);
    assert_int_equal(f->keeper.page_asks, 2);
    assert_int_equal(f->keeper.have_generation, 7);
    get(f, PAGE, JSON);
    assert_int_equal(f->keeper.page_asks, 2);

    atomic_store(&f->epoch.epoch, 3);
    fixture_page(f, 8, "foo-2.0-py3-none-any.whl");
    f->keeper.page.fresh_until_boot_ms = ch_now_boot_ms();
    assert_has(body_of(get(f, PAGE, JSON)), "foo-2.0-py3-none-any.whl");
    assert_int_equal(f->keeper.page_asks, 3);
    get(f, PAGE, JSON); /* was fresh for no time at all */
    assert_int_equal(f->keeper.page_asks, 4);
    assert_int_equal(f->keeper.have_generation, 8);
    fixture_free(f);
}

static void test_waiters_share_one_ask(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_page(f, 7, WHEEL);
    f->keeper.silent = true;
    struct client c[3];
    for (size_t i = 0; i < 3; i++) {
        client_open(f, &c[i]);
        client_send(&c[i], "GET " PAGE " HTTP/1.1\r\nHost: gw.example.org\r\n" JSON "\r\n");
    }
    fixture_turn(f);
    assert_int_equal(f->keeper.page_asks, 1);
    client_close(&c[1]); /* one leaves */
    fixture_turn(f);
    /* The keeper dies; the next one gets the question again. */
    fixture_drop_keeper(f);
    f->keeper.silent = false;
    fixture_connect_keeper(f);
    assert_int_equal(status_of(client_wait(f, &c[0], false)), 200);
    assert_str_eq(body_of(client_wait(f, &c[2], false)), BODY);
    assert_int_equal(f->keeper.page_asks, 2);
    client_close(&c[0]);
    client_close(&c[2]);
    fixture_free(f);
}

/* T14: what the keeper tells one client about its budget is told to no other; a page is for all. */
static void test_each_client_has_its_own_ask(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_page(f, 7, WHEEL);
    f->keeper.silent = true;
    struct client c[4];
    uint64_t asks[4];
    const char *const lines[] = {
        BEARER, "", "",
        BEARER};
    f->keeper.silent = false;
    fixture_token(f, "user:anna", "pypi");
    get(f, "/", lines[0]); /* from here on it is known */
    f->keeper.silent = true;
    for (size_t i = 0; i < 4; i++) {
        char request[400];
        snprintf(request, sizeof(request), "GET " PAGE " HTTP/1.1\r\nHost: gw.example.org\r\n%s" JSON "\r\n",
                 lines[i]);
        client_open(f, &c[i]);
        client_send(&c[i], request);
        fixture_turn(f);
        asks[i] = f->keeper.page_ask;
    }
    assert_int_equal(f->keeper.page_asks, 2);
    assert_true(asks[0] != asks[1] && asks[1] == asks[2]);
    struct ch_page_reply page = f->keeper.page;
    f->keeper.page = (struct ch_page_reply){.outcome = CH_PAGE_FAILED,
                                            .http_status = 503,
                                            .retry_after_s = 17,
                                            .text = CH_STR("it waits for its turn")};
    fixture_answer_page(f, asks[0]);
    for (size_t i = 0; i < 4; i += 3) {
        struct ch_str a = client_wait(f, &c[i], false);
        assert_has(a, "HTTP/1.1 503 it waits for its turn\r\n");
        assert_str_eq(header_of(a, "Retry-After"), "17");
    }
    assert_false(client_answered(&c[1], false));
    f->keeper.page = page;
    fixture_answer_page(f, asks[1]);
    assert_str_eq(body_of(client_wait(f, &c[1], false)), BODY);
    assert_str_eq(body_of(client_wait(f, &c[2], false)), BODY);
    for (size_t i = 0; i < 4; i++) {
        client_close(&c[i]);
    }
    assert_int_equal(status_of(get(f, PAGE, JSON)), 200);
    assert_int_equal(f->keeper.page_asks, 2);
    fixture_free(f);
}

/* A stale page is asked for by two; one is refused; the other's "unchanged" is about what is still here. */
static void test_a_refusal_takes_no_page_away(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_page(f, 7, WHEEL);
    fixture_token(f, "user:anna", "pypi");
    get(f, "/", BEARER);
    f->keeper.page.fresh_until_boot_ms = ch_now_boot_ms();
    assert_int_equal(status_of(get(f, PAGE, JSON)), 200);
    f->keeper.silent = true;
    struct client c[2];
    uint64_t asks[2];
    for (size_t i = 0; i < 2; i++) {
        client_open(f, &c[i]);
        client_send(&c[i], i == 0 ? "GET " PAGE " HTTP/1.1\r\nHost: gw.example.org\r\n" JSON "\r\n"
                                  : "GET " PAGE " HTTP/1.1\r\nHost: gw.example.org\r\n" JSON
                                    BEARER "\r\n");
        fixture_turn(f);
        asks[i] = f->keeper.page_ask;
        assert_int_equal(f->keeper.have_generation, 7);
    }
    f->keeper.page = (struct ch_page_reply){.outcome = CH_PAGE_FAILED, .http_status = 503};
    fixture_answer_page(f, asks[1]);
    assert_int_equal(status_of(client_wait(f, &c[1], false)), 503);
    f->keeper.page = (struct ch_page_reply){.outcome = CH_PAGE_UNCHANGED,
                                            .generation = 7,
                                            .fresh_until_boot_ms = ch_now_boot_ms() + 60000};
    fixture_answer_page(f, asks[0]);
    assert_str_eq(body_of(client_wait(f, &c[0], false)), BODY);
    client_close(&c[0]);
    client_close(&c[1]);
    fixture_free(f);
}

/* pip shows nothing of an index's 4xx or 5xx; of an answer that is no page it shows the type. */
static void test_pip_is_told_why_there_is_no_page(void **state)
{
    (void)state;
#define PIP "User-Agent: pip/23.0.1 {}\r\n"
    static const struct {
        const char *agent;
        uint32_t status, retry_after_s;
        const char *text;
        int answered;
        const char *type;
    } all[] = {
        {PIP, 504, 0, "up: timed out", 202, "text/plain; reason=\"up: timed out\""},
        {PIP, 504, 7, "it is down", 202, "text/plain; reason=\"it is down\""},
        {PIP, 502, 0, "a \"b\" \\x0a\\", 202, "text/plain; reason=\"a 'b' \\x0a\""},
        {PIP, 502, 0, "", 202, "text/plain; reason=\"The upstream did not give this page\""},
        {PIP, 503, 0, "no room", 202, "text/plain; reason=\"no room\""},
        {PIP, 503, 9, "its turn", 503, NULL}, /* for which it waits by itself, and asks again */
        {"User-Agent: PIP/1\r\n", 504, 0, "x", 202, "text/plain; reason=\"x\""},
        {"User-Agent: uv/0.9\r\n", 504, 0, "timed out", 504, NULL}, /* these show the phrase */
        {"User-Agent: pipx/1\r\n", 504, 0, "timed out", 504, NULL},
        {"", 502, 0, "timed out", 502, NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct fixture *f = fixture_new();
        char headers[200];
        f->keeper.page = (struct ch_page_reply){.outcome = CH_PAGE_FAILED,
                                                .http_status = all[i].status,
                                                .retry_after_s = all[i].retry_after_s,
                                                .text = ch_str_of(all[i].text)};
        snprintf(headers, sizeof(headers), "%s%s", JSON, all[i].agent);
        struct ch_str a = get(f, "/pypi/simple/bar/", headers);
        if (status_of(a) != all[i].answered) {
            fail_msg("row %zu: %.*s", i, CH_STR_ARG(a));
        }
        if (all[i].type != NULL) {
            assert_str_eq(header_of(a, "Content-Type"), all[i].type);
        }
        assert_str_eq(header_of(a, "Cache-Control"), "no-store");
        char seconds[16];
        snprintf(seconds, sizeof(seconds), "%u", all[i].retry_after_s);
        assert_str_eq(header_of(a, "Retry-After"), all[i].retry_after_s > 0 ? seconds : "");
        char counted[100]; /* as what happened: who is told of errors by their number hears of it */
        snprintf(counted, sizeof(counted), "{repository=\"pypi\",status=\"%u\"} 1\n", all[i].status);
        assert_has(get(f, "/-/metrics", NULL), counted);
        fixture_free(f);
    }
}

static void test_other_outcomes(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->keeper.page = (struct ch_page_reply){.outcome = CH_PAGE_NOT_FOUND,
                                            .fresh_until_boot_ms = ch_now_boot_ms() + 60000};
    assert_int_equal(status_of(get(f, "/pypi/simple/nothing/", JSON)), 404);
    assert_int_equal(status_of(get(f, "/pypi/simple/nothing/", JSON)), 404);
    assert_int_equal(f->keeper.page_asks, 1);

    f->keeper.page = (struct ch_page_reply){.outcome = CH_PAGE_FAILED,
                                            .http_status = 504,
                                            .text = CH_STR("index.example.org: timed out")};
    struct ch_str a = get(f, "/pypi/simple/bar/", JSON);
    assert_has(a, "HTTP/1.1 504 index.example.org: timed out\r\n");
    assert_str_eq(header_of(a, "Cache-Control"), "no-store");
    f->keeper.page.http_status = 200; /* no status of a failure: 502 */
    assert_int_equal(status_of(get(f, "/pypi/simple/bar/", JSON)), 502);
    assert_int_equal(f->keeper.page_asks, 3);

    fixture_page(f, 9, WHEEL);
    f->keeper.page.outcome = CH_PAGE_UNCHANGED; /* of what we never had */
    assert_int_equal(status_of(get(f, "/pypi/simple/baz/", JSON)), 500);
    ch_buf_clear(&f->keeper.page_content);
    ch_buf_puts(&f->keeper.page_content, CH_STR("no page"));
    f->keeper.page.outcome = CH_PAGE_NEW;
    assert_int_equal(status_of(get(f, "/pypi/simple/baz/", JSON)), 500);

    assert_int_equal(status_of(get(f, PAGE, "Accept: image/png\r\n")), 406);
    fixture_free(f);
}

static void test_root_and_second_ecosystem(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct ch_str names[] = {CH_STR("bar"), CH_STR("foo")};
    struct ch_root_page root = {.generation = 3, .names = names, .name_count = 2};
    ch_root_page_put(&f->keeper.page_content, &root);
    f->keeper.page = (struct ch_page_reply){.outcome = CH_PAGE_NEW,
                                            .generation = 3,
                                            .fresh_until_boot_ms = ch_now_boot_ms() + 60000};
    assert_str_eq(body_of(get(f, "/pypi/simple/", JSON)),
                  "{\"meta\":{\"api-version\":\"1.0\"},\"projects\":[{\"name\":\"bar\"},"
                  "{\"name\":\"foo\"}]}\n");
    assert_string_equal(f->keeper.project, "");
    assert_str_eq(body_of(get(f, "/t2/list/", NULL)), "bar\nfoo\n");
    fixture_page(f, 4, "foo-1.txt");
    assert_has(body_of(get(f, "/t2/list/foo/", NULL)), "foo-1.txt 0000");
    assert_int_equal(status_of(get(f, "/t2/simple/foo/", NULL)), 404);
    fixture_free(f);
}

/* The same project of two repositories is two pages. */
static void test_repositories_are_apart(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_page(f, 7, WHEEL);
    get(f, PAGE, JSON);
    fixture_page(f, 7, "foo-3.0-py3-none-any.whl");
    assert_has(body_of(get(f, "/preprod/simple/foo/", JSON)), "foo-3.0");
    assert_str_eq(body_of(get(f, PAGE, JSON)), BODY);
    assert_int_equal(f->keeper.page_asks, 2);
    fixture_free(f);
}

static void test_many_pages_stay_bounded(void **state)
{
    (void)state;
    uint64_t before = ch_limits.gateway_pages_bytes;
    ch_limits.gateway_pages_bytes = 20000;
    struct fixture *f = fixture_new();
    fixture_page(f, 7, WHEEL);
    char path[100];
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "/pypi/simple/p%d/", i);
        assert_int_equal(status_of(get(f, path, JSON)), 200);
    }
    assert_int_equal(f->keeper.page_asks, 200);
    get(f, "/pypi/simple/p199/", JSON); /* the newest is there */
    assert_int_equal(f->keeper.page_asks, 200);
    get(f, "/pypi/simple/p0/", JSON); /* the oldest is not */
    assert_int_equal(f->keeper.page_asks, 201);
    fixture_free(f);
    ch_limits.gateway_pages_bytes = before;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_documents_in_files),
        cmocka_unit_test(test_documents_that_cannot_be_used),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_epoch_and_age_ask_again),
        cmocka_unit_test(test_waiters_share_one_ask),
        cmocka_unit_test(test_each_client_has_its_own_ask),
        cmocka_unit_test(test_a_refusal_takes_no_page_away),
        cmocka_unit_test(test_pip_is_told_why_there_is_no_page),
        cmocka_unit_test(test_other_outcomes),
        cmocka_unit_test(test_root_and_second_ecosystem),
        cmocka_unit_test(test_repositories_are_apart),
        cmocka_unit_test(test_many_pages_stay_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
