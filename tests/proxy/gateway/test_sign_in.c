#include "fixture.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "customhouse/base64.h"

#define TOKEN  "chp_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER  "chp_ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define BEARER "Authorization: Bearer " TOKEN "\r\n"
#define PAGE   "/pypi/simple/foo/"
#define WHEEL  "foo-1.0-py3-none-any.whl"
#define FILE_  "/pypi/files/foo/" WHEEL

/* A site that lets nobody in without a token. */
static struct fixture *closed_new(void)
{
    struct fixture *f = fixture_new();
    f->config.anonymous_pull = CH_ANONYMOUS_NO;
    gw_configure(f->gw, &f->config);
    fixture_page(f, 7, WHEEL);
    return f;
}

static void assert_challenged(struct ch_str a)
{
    assert_int_equal(status_of(a), 401);
    assert_str_eq(header_of(a, "WWW-Authenticate"), "Basic realm=\"customhouse\"");
    assert_has(a, "\r\nWWW-Authenticate: Bearer realm=\"customhouse\"");
    assert_str_eq(header_of(a, "Cache-Control"), "no-store");
    assert_false(ch_str_find(a, CH_STR("chp_"), NULL));
    assert_true(header_of(a, "ETag").len == 0);
}

static void test_a_token_opens_what_it_stands_for(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    struct ch_str a = get(f, PAGE, NULL);
    assert_challenged(a);
    assert_has(a, "HTTP/1.1 401 A token is needed: as password of user __token__ for machine "
                  "gw.example.org in ~/.netrc or the URL\r\n");
    assert_int_equal(f->keeper.token_asks + f->keeper.page_asks, 0);
    fixture_token(f, "user:anna", "pypi");
    a = get(f, PAGE, BEARER);
    assert_int_equal(status_of(a), 200);
    assert_string_equal(f->keeper.principal, "user:anna");
    struct ch_sha256 digest = ch_sha256_of(TOKEN, sizeof(TOKEN) - 1);
    assert_true(ch_sha256_eq(&f->keeper.token_digest, &digest));
    /* one answer serves all that follow */
    assert_int_equal(status_of(get(f, PAGE, BEARER)), 200);
    assert_int_equal(f->keeper.token_asks, 1);
    char basic[300];
    struct ch_buf b;
    ch_buf_init(&b, 200);
    ch_buf_put_base64(&b, "__token__:" TOKEN, sizeof("__token__:" TOKEN) - 1);
    snprintf(basic, sizeof(basic), "Authorization: Basic %.*s\r\n", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    assert_int_equal(status_of(get(f, PAGE, basic)), 200);
    assert_int_equal(f->keeper.token_asks, 1);
    /* not another repository: a right that is missing is no missing credential */
    a = get(f, "/preprod/simple/foo/", BEARER);
    assert_int_equal(status_of(a), 403);
    assert_has(a, "HTTP/1.1 403 preprod denied by rights: user:anna may not do this");
    assert_int_equal(header_of(a, "WWW-Authenticate").len, 0);
    fixture_free(f);
}

static void test_the_client_is_told_where_to_look(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    static const struct {
        const char *agent, *where;
    } rows[] = {
        {"User-Agent: pip/26.3\r\n", "~/.netrc, pip.conf or the index URL"},
        {"User-Agent: uv/0.13.9\r\n", "~/.netrc, UV_INDEX_<NAME>_PASSWORD or the index URL"},
        {"User-Agent: curl/8\r\n", "~/.netrc or the URL"},
    };
    fixture_token(f, NULL, NULL);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char more[400];
        struct ch_str a = get(f, PAGE, rows[i].agent);
        assert_challenged(a);
        assert_has(ch_str_sub(a, 0, 216), rows[i].where);
        snprintf(more, sizeof(more), "%s%s", rows[i].agent, BEARER);
        a = get(f, PAGE, more);
        assert_challenged(a);
        assert_has(ch_str_sub(a, 0, 216), rows[i].where);
        assert_has(ch_str_sub(a, 0, 216), "not valid here");
        assert_has(a, "error=\"invalid_token\"");
        assert_has(body_of(a), "\"detail\":\"The token that was sent is not valid here");
    }
    fixture_free(f);
}

/* Wrong credentials never count as none, also where none are needed. */
static void test_wrong_is_not_anonymous(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    fixture_page(f, 7, WHEEL);
    assert_int_equal(status_of(get(f, PAGE, NULL)), 200);
    static const char *const lines[] = {
        BEARER,
        "Authorization: Basic Zm9vOmJhcg==\r\n",
        "Authorization: Digest x=y\r\n",
        "Authorization: Basic\r\n",
        "Authorization: Bearer nothing\r\n",
    };
    fixture_token(f, NULL, NULL);
    for (size_t i = 0; i < CH_ARRAY_LEN(lines); i++) {
        assert_challenged(get(f, PAGE, lines[i]));
        assert_challenged(get(f, FILE_, lines[i]));
        assert_challenged(head(f, PAGE, lines[i]));
        assert_challenged(get(f, "/", lines[i]));
        assert_challenged(get(f, "/-/metrics", lines[i]));
    }
    assert_int_equal(f->keeper.file_asks, 0);
    assert_int_equal(f->keeper.token_asks, 1); /* the keeper is asked about what can be one, once */
    /* what is public asks nobody who they are */
    assert_int_equal(status_of(get(f, "/-/health", BEARER)), 200);
    assert_int_equal(status_of(get(f, "/-/x/8f3a", BEARER)), 404);
    fixture_free(f);
}

/* T11: nothing that a token stood for outlives the epoch, the lease, or its own end; on a
 * connection that stays open, too. */
static void test_T11_an_answer_ends(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    struct client c;
    static const char request[] =
        "GET " PAGE " HTTP/1.1\r\nHost: gw.example.org\r\nAuthorization: Bearer " TOKEN "\r\n\r\n";
    fixture_token(f, "user:anna", "pypi");
    client_open(f, &c);
    client_send(&c, request);
    assert_int_equal(status_of(client_wait(f, &c, false)), 200);
    /* revoked: the keeper raises the epoch, and knows it no more */
    atomic_fetch_add(&f->epoch.epoch, 1);
    fixture_token(f, NULL, NULL);
    ch_buf_clear(&c.got);
    client_send(&c, request);
    assert_challenged(client_wait(f, &c, false));
    assert_int_equal(f->keeper.token_asks, 2);
    client_close(&c);

    atomic_fetch_add(&f->epoch.epoch, 1);
    gw_configure(f->gw, &f->config); /* forgets who was refused */
    fixture_token(f, "user:anna", "pypi");
    f->keeper.token.not_after_boot_ms = ch_now_boot_ms() + 300;
    assert_int_equal(status_of(get(f, PAGE, BEARER)), 200);
    int asks = f->keeper.token_asks;
    usleep(310000);
    f->keeper.token.not_after_boot_ms = ch_now_boot_ms() + 60000;
    assert_int_equal(status_of(get(f, PAGE, BEARER)), 200);
    assert_int_equal(f->keeper.token_asks, asks + 1);
    /* a keeper that hangs renews no lease: nobody is known then */
    ch_limits.gateway_file_wait_ms = 300;
    f->keeper.silent = true;
    atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms());
    struct ch_str a = get(f, PAGE, BEARER);
    assert_int_equal(status_of(a), 503);
    assert_str_eq(header_of(a, "Retry-After"), "2");
    fixture_free(f);
}

static void raise_epoch(void *fixture)
{
    struct fixture *f = fixture;
    atomic_fetch_add(&f->epoch.epoch, 1); /* the answer is of the epoch before */
}

/* An answer that has ended on its way is none; after some of them the client has to come again. */
static void test_an_answer_that_comes_too_late(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    fixture_token(f, "user:anna", "pypi");
    f->keeper.before_token = raise_epoch;
    assert_int_equal(status_of(get(f, PAGE, BEARER)), 503);
    assert_int_equal(f->keeper.token_asks, (int)ch_limits.gateway_token_asks);
    assert_int_equal(f->keeper.page_asks, 0);
    fixture_free(f);
}

static void raise_epoch_for_a_while(void *fixture)
{
    struct fixture *f = fixture;
    f->keeper.token.epoch = atomic_load(&f->epoch.epoch);
    if (f->keeper.token_asks < 12) {
        raise_epoch(f);
    }
}

/* While much is inspected the keeper raises the epoch many times in a moment: that is no reason to
 * send somebody away. */
static void test_answers_that_come_too_late_for_a_while(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    fixture_token(f, "user:anna", "pypi");
    f->keeper.before_token = raise_epoch_for_a_while;
    assert_int_equal(status_of(get(f, PAGE, BEARER)), 200);
    assert_int_equal(f->keeper.token_asks, 12);
    fixture_free(f);
}

static void answer_late(void *fixture)
{
    uint64_t at_ms = ch_now_boot_ms() + 250;
    while (ch_now_boot_ms() < at_ms) {
    }
    raise_epoch(fixture);
}

/* However often it is asked for, who waits for it waits no longer. */
static void test_one_deadline_for_all_asks(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    fixture_token(f, "user:anna", "pypi");
    f->keeper.before_token = answer_late;
    ch_limits.gateway_file_wait_ms = 400;
    assert_int_equal(status_of(get(f, PAGE, BEARER)), 503);
    assert_true(f->keeper.token_asks < 3);
    fixture_free(f);
}

/* All that come with one token wait for one question, and each goes on where it wanted to. */
static void test_many_wait_for_one_answer(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    struct client c[3], gone;
    fixture_token(f, "user:anna", "pypi");
    f->keeper.silent = true;
    static const char *const paths[] = {PAGE, "/preprod/simple/foo/", "/nothing/"};
    for (size_t i = 0; i < CH_ARRAY_LEN(c); i++) {
        char request[300];
        client_open(f, &c[i]);
        snprintf(request, sizeof(request),
                 "GET %s HTTP/1.1\r\nHost: gw.example.org\r\n" BEARER "\r\n", paths[i]);
        client_send(&c[i], request);
    }
    client_open(f, &gone);
    client_send(&gone, "GET " PAGE " HTTP/1.1\r\nHost: gw.example.org\r\n" BEARER "\r\n");
    fixture_turn(f);
    assert_int_equal(f->keeper.token_asks, 1);
    client_close(&gone); /* leaves before the answer */
    fixture_turn(f);
    fixture_drop_keeper(f); /* and it is a new keeper that gives it */
    f->keeper.silent = false;
    fixture_connect_keeper(f);
    assert_int_equal(status_of(client_wait(f, &c[0], false)), 200);
    assert_int_equal(status_of(client_wait(f, &c[1], false)), 403);
    assert_int_equal(status_of(client_wait(f, &c[2], false)), 404);
    assert_int_equal(f->keeper.token_asks, 2);
    for (size_t i = 0; i < CH_ARRAY_LEN(c); i++) {
        client_close(&c[i]);
    }
    fixture_free(f);
}

static struct ch_str get_with(struct fixture *f, unsigned number)
{
    char line[200];
    snprintf(line, sizeof(line), "Authorization: Bearer chp_%064x\r\n", number);
    return get(f, PAGE, line);
}

/* Guessing is slow, and costs the keeper one question each at most; tokens that are known do not
 * wait. */
static void test_guesses_are_bounded(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    ch_limits.gateway_guess_burst = 3;
    ch_limits.gateway_guess_ms = 60000;
    fixture_token(f, "user:anna", "pypi");
    for (int i = 0; i < 5; i++) { /* what is right costs nothing */
        assert_int_equal(status_of(get_with(f, 1000 + (unsigned)i)), 200);
    }
    fixture_token(f, NULL, NULL);
    for (unsigned i = 0; i < 3; i++) {
        assert_challenged(get_with(f, i));
    }
    struct ch_str a = get_with(f, 3);
    assert_int_equal(status_of(a), 429);
    assert_str_eq(header_of(a, "Retry-After"), "61");
    assert_int_equal(f->keeper.token_asks, 8);
    assert_challenged(get_with(f, 2)); /* refused already: it is known without a question */
    assert_int_equal(status_of(get_with(f, 1000)), 200);
    assert_int_equal(f->keeper.token_asks, 8);
    ch_limits.gateway_guess_ms = 1; /* time gives them back */
    usleep(10000);
    assert_challenged(get_with(f, 4));
    ch_limits.gateway_guess_burst = 30;
    ch_limits.gateway_guess_ms = 1000;
    fixture_free(f);
}

/* Every one that failed is counted, whatever became of it; those that did not are not. */
static void test_failures_are_counted(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    struct client c[3];
    static const char request[] =
        "GET " FILE_ " HTTP/1.1\r\nHost: gw.example.org\r\n" BEARER "\r\n";
    ch_limits.sign_in_hand_over_ms = 3600000;
    get(f, PAGE, NULL); /* has not tried */
    get(f, PAGE "?token=x", "Authorization: Basic Zm9vOmJhcg==\r\n");
    get(f, PAGE, "Authorization: Bearer nothing\r\n");
    fixture_token(f, NULL, NULL);
    f->keeper.silent = true;
    for (size_t i = 0; i < CH_ARRAY_LEN(c); i++) { /* all of them wait for one answer */
        client_open(f, &c[i]);
        client_send(&c[i], request);
    }
    fixture_turn(f);
    client_close(&c[2]); /* and one does not wait for it */
    fixture_turn(f);
    fixture_drop_keeper(f);
    f->keeper.silent = false;
    fixture_connect_keeper(f);
    assert_challenged(client_wait(f, &c[0], false));
    assert_challenged(client_wait(f, &c[1], false));
    assert_challenged(get(f, FILE_, BEARER)); /* from memory */
    assert_challenged(get(f, "/", BEARER));
    ch_limits.gateway_guess_burst = 2;
    ch_limits.gateway_guess_ms = 3600000;
    assert_challenged(get_with(f, 1));
    for (unsigned i = 2; i < 6; i++) {
        assert_int_equal(status_of(get_with(f, i)), 429);
    }
    ch_limits.gateway_guess_burst = 30;
    ch_limits.gateway_guess_ms = 1000;
    ch_limits.sign_in_hand_over_ms = 1000;
    gw_drain(f->gw); /* what is left is handed over in the end */
    for (int i = 0; i < 100 && !f->drained; i++) {
        fixture_turn(f);
    }
    fixture_turn(f);
    assert_str_eq(ch_buf_str(&f->keeper.sign_ins),
                  "0 " PAGE " 2;3 " FILE_ " 1;2 " FILE_ " 3;2 / 1;2 " PAGE " 1;1 " PAGE " 4;");
    assert_int_equal(f->keeper.digests, 4);
    client_close(&c[0]);
    client_close(&c[1]);
    fixture_free(f);
}

static void test_good_ones_are_no_failures(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    fixture_token(f, "user:anna", "pypi");
    assert_int_equal(status_of(get(f, PAGE, BEARER)), 200);
    assert_int_equal(status_of(get(f, "/preprod/simple/foo/", BEARER)), 403);
    f->keeper.silent = true; /* not known in time: it may be good */
    ch_limits.gateway_file_wait_ms = 100;
    assert_int_equal(status_of(get_with(f, 7)), 503);
    ch_limits.gateway_file_wait_ms = 3000;
    gw_drain(f->gw);
    for (int i = 0; i < 100 && !f->drained; i++) {
        fixture_turn(f);
    }
    fixture_turn(f);
    assert_int_equal(f->keeper.sign_ins.len, 0);
    fixture_free(f);
}

static void test_the_table_is_bounded(void **state)
{
    (void)state;
    ch_limits.gateway_tokens = 4;
    struct fixture *f = closed_new();
    fixture_token(f, "user:anna", "pypi");
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(status_of(get_with(f, i)), 200);
    }
    assert_int_equal(f->keeper.token_asks, 9);
    assert_int_equal(status_of(get_with(f, 8)), 200);
    assert_int_equal(f->keeper.token_asks, 9);
    assert_int_equal(status_of(get_with(f, 0)), 200);
    assert_int_equal(f->keeper.token_asks, 10);
    ch_limits.gateway_tokens = 4096;
    fixture_free(f);
}

/* By default, who comes by loopback needs no token, and nobody else; a repository may say
 * otherwise. */
static void test_anonymous(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    f->config.anonymous_pull = CH_ANONYMOUS_DEFAULT;
    f->config.host_name_count = 0;
    f->repositories[1].anonymous_pull = CH_ANONYMOUS_NO;
    f->repositories[2].anonymous_pull = CH_ANONYMOUS_YES;
    gw_configure(f->gw, &f->config);
    struct {
        unsigned mark;
        int pypi, preprod, t2, metrics, none;
    } rows[] = {{GW_MARK_LOOPBACK, 200, 401, 200, 200, 404}, {0, 401, 401, 200, 401, 404}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        f->mark = rows[i].mark;
        static const char *const paths[] = {PAGE, "/preprod/simple/foo/", "/t2/foo/", "/-/metrics",
                                            "/none/"};
        int expected[] = {rows[i].pypi, rows[i].preprod, rows[i].t2, rows[i].metrics, rows[i].none};
        for (size_t k = 0; k < CH_ARRAY_LEN(paths); k++) {
            struct client c;
            char request[200];
            client_open(f, &c);
            snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: open.example.org\r\n\r\n",
                     paths[k]);
            client_send(&c, request);
            int status = status_of(client_wait(f, &c, false));
            if (k == 2 && status == 404) {
                status = 200; /* of another ecosystem: whatever, but no question of rights */
            }
            if (status != expected[k]) {
                fail_msg("%s by mark %u: %d, expected %d", paths[k], rows[i].mark, status,
                         expected[k]);
            }
            client_close(&c);
        }
    }
    fixture_free(f);
}

/* Where nothing is for everybody, names of repositories are not told either. */
static void test_names_are_not_told(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    assert_challenged(get(f, "/nothing/", NULL));
    assert_challenged(get(f, "/pypi/simple/Foo", NULL));
    struct ch_str a = get(f, "/", NULL);
    assert_int_equal(status_of(a), 200);
    assert_false(ch_str_find(a, CH_STR("/pypi/"), NULL));
    assert_has(a, "More is here for clients that present a token.\n");
    fixture_token(f, "service:ci", "pypi");
    a = get(f, "/", BEARER);
    assert_has(a, "/pypi/simple/");
    assert_false(ch_str_find(a, CH_STR("/preprod/"), NULL));
    assert_int_equal(status_of(get(f, "/nothing/", BEARER)), 404);
    assert_int_equal(status_of(get(f, "/pypi/simple/Foo", BEARER)), 301);
    fixture_free(f);
}

static void test_what_needs_other_rights(void **state)
{
    (void)state;
    struct fixture *f = closed_new();
    static const char hex[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    char attested[200], evidence[200];
    snprintf(attested, sizeof(attested), "/-/attestations/sha256/%s/", hex);
    snprintf(evidence, sizeof(evidence), "/-/evidence/sha256/%s", hex);
    f->keeper.document_bytes = 300000; /* more than the head of an answer has room for */
    assert_challenged(get(f, "/-/metrics", NULL));
    assert_challenged(get(f, attested, NULL));
    assert_challenged(get(f, evidence, NULL));
    fixture_token(f, "user:anna", NULL);
    assert_int_equal(status_of(get(f, "/-/metrics", BEARER)), 403);
    assert_int_equal(status_of(get(f, attested, BEARER)), 403);
    assert_int_equal(f->keeper.document_asks, 0);
    atomic_fetch_add(&f->epoch.epoch, 1);
    fixture_token(f, "user:anna", "pypi");
    f->keeper.token.metrics_read = true;
    assert_int_equal(status_of(get(f, "/-/metrics", BEARER)), 200);
    struct ch_str a = get(f, attested, BEARER);
    assert_int_equal(status_of(a), 200);
    assert_int_equal(body_of(a).len, 300000);
    assert_int_equal(f->keeper.document.kind, CH_DOCUMENT_ATTESTATIONS);
    assert_int_equal(f->keeper.document.pull.count, 1); /* of these repositories alone */
    assert_int_equal(status_of(get(f, evidence, BEARER)), 200);
    /* keys and withdrawals are what others verify with: for everybody */
    assert_int_equal(status_of(get(f, "/-/keys/", NULL)), 200);
    assert_int_equal(status_of(get(f, "/-/withdrawals/prod.json", NULL)), 200);
    fixture_free(f);
}

static void test_who_it_was(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    struct ch_sha256 sha256;
    fixture_serve(f, CH_STR("bytes"), &sha256);
    fixture_allow(f, &sha256, 5);
    assert_int_equal(status_of(get(f, FILE_, NULL)), 200);
    fixture_turn(f);
    assert_string_equal(f->keeper.principal, "anonymous");
    fixture_token(f, "service:ci", NULL);
    assert_int_equal(status_of(get(f, FILE_, BEARER)), 200); /* what everybody may, it may too */
    fixture_turn(f);
    assert_int_equal(f->keeper.served_count, 2);
    assert_string_equal(f->keeper.principal, "service:ci");
    get(f, FILE_ "?token=" TOKEN, BEARER);
    gw_drain(f->gw);
    for (int i = 0; i < 100 && !f->drained; i++) {
        fixture_turn(f);
    }
    char text[8192];
    ssize_t n = pread(f->log_fd, text, sizeof(text), 0);
    assert_true(n > 0);
    assert_has(((struct ch_str){text, (size_t)n}), ",\"principal\":\"service:ci\"}\n");
    assert_false(ch_str_find((struct ch_str){text, (size_t)n}, CH_STR("chp_"), NULL));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_opens_what_it_stands_for),
        cmocka_unit_test(test_the_client_is_told_where_to_look),
        cmocka_unit_test(test_wrong_is_not_anonymous),
        cmocka_unit_test(test_T11_an_answer_ends),
        cmocka_unit_test(test_an_answer_that_comes_too_late),
        cmocka_unit_test(test_answers_that_come_too_late_for_a_while),
        cmocka_unit_test(test_one_deadline_for_all_asks),
        cmocka_unit_test(test_many_wait_for_one_answer),
        cmocka_unit_test(test_guesses_are_bounded),
        cmocka_unit_test(test_failures_are_counted),
        cmocka_unit_test(test_good_ones_are_no_failures),
        cmocka_unit_test(test_the_table_is_bounded),
        cmocka_unit_test(test_anonymous),
        cmocka_unit_test(test_names_are_not_told),
        cmocka_unit_test(test_what_needs_other_rights),
        cmocka_unit_test(test_who_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
