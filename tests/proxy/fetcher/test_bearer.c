/* Registries that want a token: whom it is asked of, who gets it, and what is no token (T13). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/proxy/fetcher/fetch_bench.h"

#include "customhouse/limits.h"

static struct bench bench;

static int setup(void **state)
{
    (void)state;
    return bench_start(&bench);
}

static int teardown(void **state)
{
    (void)state;
    bench_stop(&bench);
    return 0;
}

static int restore(void **state)
{
    (void)state;
    bench.credentials.count = 0;
    bench_configure(&bench); /* tokens go with the settings */
    free(bench_seen(&bench));
    return 0;
}

/* The n-th line, from 0; "" beyond the last. */
static const char *line_of(const char *seen, size_t n)
{
    static char line[1024];
    struct ch_str rest = ch_str_of(seen);
    struct ch_str one = {NULL, 0};
    for (size_t i = 0; i <= n; i++) {
        if (!ch_str_split(&rest, '\n', &one)) {
            return "";
        }
    }
    snprintf(line, sizeof(line), "%.*s", CH_STR_ARG(one));
    return line;
}

static void assert_line(const char *seen, size_t n, const char *begins, const char *has)
{
    const char *line = line_of(seen, n);
    if (strncmp(line, begins, strlen(begins)) != 0 ||
        (has != NULL ? strstr(line, has) == NULL : strstr(line, "authorization=") != NULL)) {
        fail_msg("line %zu is \"%s\", expected \"%s\" and %s, in\n%s", n, line, begins,
                 has != NULL ? has : "no authorization", seen);
    }
}

static void test_a_token_is_asked_for(void **state)
{
    (void)state;
    assert_is_body(bench_get(&bench, "/v2/files/blobs/a"));
    char *seen = bench_seen(&bench);
    assert_line(seen, 0, "own /v2/files/blobs/a ", NULL);
    assert_line(seen, 1,
                "files /token-files?service=the%20registry&scope=repository%3Afiles%3Apull ", NULL);
    assert_line(seen, 1, "files /token-files", "accept=application/json");
    assert_line(seen, 2, "own /v2/files/blobs/a ", "authorization=Bearer t-files-1");
    assert_string_equal(line_of(seen, 3), "");
    free(seen);
}

/* What lies beside it is asked with it at once; what lies elsewhere is not. */
static void test_a_token_is_kept_for_its_name(void **state)
{
    (void)state;
    assert_is_body(bench_get(&bench, "/v2/files/manifests/1"));
    free(bench_seen(&bench));
    assert_is_body(bench_get(&bench, "/v2/files/blobs/b"));
    assert_is_body(bench_get(&bench, "/v2/own/blobs/b"));
    char *seen = bench_seen(&bench);
    assert_line(seen, 0, "own /v2/files/blobs/b ", "authorization=Bearer t-files-1");
    assert_line(seen, 1, "own /v2/own/blobs/b ", NULL);
    assert_line(seen, 2, "own /token-own?", NULL);
    assert_line(seen, 3, "own /v2/own/blobs/b ", "authorization=Bearer t-own-1");
    free(seen);
    /* No scope, asked of another path: the token is there. */
    assert_is_body(bench_get(&bench, "/v2/bare/blobs/c"));
    free(bench_seen(&bench));
    assert_is_body(bench_get(&bench, "/v2/bare/deeper/blobs/c"));
    seen = bench_seen(&bench);
    assert_line(seen, 0, "own /v2/bare/deeper/blobs/c ", NULL);
    assert_line(seen, 1, "own /v2/bare/deeper/blobs/c ", "authorization=Bearer t-bare-1");
    assert_string_equal(line_of(seen, 2), "");
    free(seen);
}

static void test_a_token_has_its_end(void **state)
{
    (void)state;
    char files[64];
    snprintf(files, sizeof(files), "http://127.0.0.1:%u", bench.port[1]);
    struct ch_credential items[] = {
        {.origin = files, .user = (char *)(uintptr_t) "o", .password = (char *)(uintptr_t) "p"}};
    bench.credentials = (struct ch_credentials){items, 1};
    bench_configure(&bench);
    /* The server takes each back after its first use: one new one is asked for. */
    assert_is_body(bench_get(&bench, "/v2/once/blobs/1"));
    assert_is_body(bench_get(&bench, "/v2/once/blobs/2"));
    char *seen = bench_seen(&bench);
    assert_line(seen, 2, "own /v2/once/blobs/1 ", "authorization=Bearer t-once-1 ");
    assert_line(seen, 3, "own /v2/once/blobs/2 ", "authorization=Bearer t-once-1 ");
    assert_line(seen, 4, "files /token-once?", "authorization=Basic bzpw");
    assert_line(seen, 5, "own /v2/once/blobs/2 ", "authorization=Bearer t-once-2 ");
    assert_string_equal(line_of(seen, 6), "");
    free(seen);
    bench.credentials = (struct ch_credentials){NULL, 0};
}

static void test_never_good_enough(void **state)
{
    (void)state;
    const struct outcome *o = bench_get(&bench, "/v2/never/blobs/1");
    assert_int_equal(o->code, CH_OK);
    assert_int_equal(o->http_status, 401);
    char *seen = bench_seen(&bench);
    assert_line(seen, 1, "files /token-never", NULL);
    assert_line(seen, 2, "own /v2/never/", "authorization=Bearer t-never-1");
    assert_string_equal(line_of(seen, 3), "");
    free(seen);
    /* The next time the one that is kept, and then one new one: no more. */
    assert_int_equal(bench_get(&bench, "/v2/never/blobs/1")->http_status, 401);
    seen = bench_seen(&bench);
    assert_line(seen, 0, "own /v2/never/", "authorization=Bearer t-never-1");
    assert_line(seen, 1, "files /token-never", NULL);
    assert_line(seen, 2, "own /v2/never/", "authorization=Bearer t-never-1");
    assert_string_equal(line_of(seen, 3), "");
    free(seen);
}

/* It goes where it was asked for, and not where that one leads. */
static void test_a_token_goes_to_its_origin_alone(void **state)
{
    (void)state;
    assert_is_body(bench_get(&bench, "/v2/moved/blobs/1"));
    char *seen = bench_seen(&bench);
    assert_line(seen, 2, "own /v2/moved/blobs/1 ", "authorization=Bearer t-moved-1");
    assert_line(seen, 3, "files /ok ", NULL);
    free(seen);
    /* A file host that asks for one gets none, and nobody is asked for it. */
    char url[128];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/v2/files/blobs/a", bench.port[1]);
    assert_int_equal(bench_get(&bench, url)->http_status, 401);
    seen = bench_seen(&bench);
    assert_line(seen, 0, "files /v2/files/blobs/a ", NULL);
    assert_string_equal(line_of(seen, 1), "");
    free(seen);
}

/* Credentials are those of the realm's own origin, and go with no request that has a token. */
static void test_credentials_of_the_realm(void **state)
{
    (void)state;
    char own[64], files[64];
    snprintf(own, sizeof(own), "http://127.0.0.1:%u", bench.port[0]);
    snprintf(files, sizeof(files), "http://127.0.0.1:%u", bench.port[1]);
    struct ch_credential items[] = {
        {.origin = own, .user = (char *)(uintptr_t) "o", .password = (char *)(uintptr_t) "p"}};
    bench.credentials = (struct ch_credentials){items, 1};
    bench_configure(&bench);
    assert_is_body(bench_get(&bench, "/v2/files/blobs/a"));
    assert_is_body(bench_get(&bench, "/v2/own/blobs/a"));
    char *seen = bench_seen(&bench);
    assert_line(seen, 0, "own /v2/files/blobs/a ", "authorization=Basic bzpw");
    assert_line(seen, 1, "files /token-files", NULL);
    assert_line(seen, 2, "own /v2/files/blobs/a ", "authorization=Bearer t-files-1 ");
    assert_line(seen, 4, "own /token-own", "authorization=Basic bzpw");
    assert_line(seen, 5, "own /v2/own/blobs/a ", "authorization=Bearer t-own-1 ");
    free(seen);
    items[0].origin = files;
    bench_configure(&bench);
    assert_is_body(bench_get(&bench, "/v2/files/blobs/a"));
    seen = bench_seen(&bench);
    assert_line(seen, 0, "own /v2/files/blobs/a ", NULL);
    assert_line(seen, 1, "files /token-files", "authorization=Basic bzpw");
    free(seen);
    bench.credentials = (struct ch_credentials){NULL, 0};
}

static void test_what_is_no_token(void **state)
{
    (void)state;
    const struct {
        const char *name;
        const char *words;
        size_t requests;
    } rows[] = {
        {"unlisted", "not among file_hosts of upstream main", 1},
        {"odd", "only http and https", 1},
        {"pushing", "more actions than pull", 1},
        {"other", "the scope it asks for is not repository:other:pull", 1},
        {"longer", "the scope it asks for is not repository:longer:pull", 1},
        {"two", "the scope it asks for is not repository:two:pull", 1},
        {"twice", "the scope it asks for is not repository:twice:pull", 1},
        {"maker", "the scope it asks for is not repository:maker:pull", 1},
        {"basic", "answered 401", 1},
        {"refused", "answered 403", 2},
        {"redirected", "answered 302", 2},
        {"nested", "not one flat JSON object", 2},
        {"html", "not one flat JSON object", 2},
        {"empty", "not one flat JSON object", 2},
        {"line", "not one flat JSON object", 2},
        {"long", "too long", 2},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char path[64];
        snprintf(path, sizeof(path), "/v2/%s/blobs/1", rows[i].name);
        const struct outcome *o = bench_get(&bench, path);
        if (o->code != CH_OK || o->http_status != 401 || strstr(o->text, rows[i].words) == NULL ||
            o->file_bytes != 0) {
            fail_msg("%s: %s %u \"%s\"", rows[i].name, ch_code_name(o->code), o->http_status,
                     o->text);
        }
        char *seen = bench_seen(&bench);
        if (line_of(seen, rows[i].requests)[0] != '\0' || strstr(seen, "Bearer") != NULL) {
            fail_msg("%s:\n%s", rows[i].name, seen);
        }
        free(seen);
    }
}

/* What has no name has no scope either. */
static void test_a_scope_of_no_name(void **state)
{
    (void)state;
    static const char *const paths[] = {"/v2/files/1", "/v2/blobs/1", "/v2/files/catalog/1"};
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        const struct outcome *o = bench_get(&bench, paths[i]);
        assert_int_equal(o->http_status, 401);
        assert_non_null(strstr(o->text, "it asks for a scope, of a path without a name"));
    }
    free(bench_seen(&bench));
    assert_is_body(bench_get(&bench, "/v2/files/blobs/tags/list"));
    char *seen = bench_seen(&bench);
    assert_line(
        seen, 1,
        "files /token-files?service=the%20registry&scope=repository%3Afiles%2Fblobs%3Apull ", NULL);
    free(seen);
}

static void test_a_busy_endpoint_is_asked_again(void **state)
{
    (void)state;
    assert_is_body(bench_get(&bench, "/v2/busy/blobs/1"));
    char *seen = bench_seen(&bench);
    assert_line(seen, 1, "files /token-busy", NULL);
    assert_line(seen, 2, "own /v2/busy/", NULL);
    assert_line(seen, 3, "files /token-busy", NULL);
    assert_line(seen, 4, "own /v2/busy/", "authorization=Bearer t-busy-2");
    free(seen);
}

/* Many names: the oldest token makes room. */
static void test_few_are_kept(void **state)
{
    (void)state;
    const uint64_t was = ch_limits.fetch_tokens;
    ch_limits.fetch_tokens = 2;
    bench_configure(&bench);
    assert_is_body(bench_get(&bench, "/v2/a/blobs/1"));
    assert_is_body(bench_get(&bench, "/v2/b/blobs/1"));
    assert_is_body(bench_get(&bench, "/v2/c/blobs/1"));
    free(bench_seen(&bench));
    assert_is_body(bench_get(&bench, "/v2/c/blobs/1"));
    assert_is_body(bench_get(&bench, "/v2/b/blobs/1"));
    assert_is_body(bench_get(&bench, "/v2/a/blobs/1"));
    char *seen = bench_seen(&bench);
    assert_line(seen, 0, "own /v2/c/", "authorization=Bearer");
    assert_line(seen, 1, "own /v2/b/", "authorization=Bearer");
    assert_line(seen, 2, "own /v2/a/", NULL);
    free(seen);
    ch_limits.fetch_tokens = was;
    bench_configure(&bench);
}

/* A manifest is asked for as the keeper says: the types that are wanted, and not encoded. */
static void test_accept_of_a_manifest(void **state)
{
    (void)state;
    struct ch_fetch job = bench_job(&bench, "/v2/own/manifests/1");
    job.accept = CH_STR("application/vnd.oci.image.manifest.v1+json, "
                        "application/vnd.oci.image.index.v1+json");
    assert_is_body(bench_fetch(&bench, &job, CH_STR("")));
    char *seen = bench_seen(&bench);
    for (size_t i = 0; i < 3; i += 2) {
        assert_line(seen, i, "own /v2/own/manifests/1 ",
                    i == 0 ? NULL : "authorization=Bearer t-own-1");
        assert_non_null(strstr(line_of(seen, i),
                               "accept=application/vnd.oci.image.manifest.v1+json, "
                               "application/vnd.oci.image.index.v1+json "));
    }
    free(seen);
}

#define CASE(f) cmocka_unit_test_setup(f, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_a_token_is_asked_for),
        CASE(test_a_token_is_kept_for_its_name),
        CASE(test_a_token_has_its_end),
        CASE(test_never_good_enough),
        CASE(test_a_token_goes_to_its_origin_alone),
        CASE(test_credentials_of_the_realm),
        CASE(test_what_is_no_token),
        CASE(test_a_scope_of_no_name),
        CASE(test_a_busy_endpoint_is_asked_again),
        CASE(test_few_are_kept),
        CASE(test_accept_of_a_manifest),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
