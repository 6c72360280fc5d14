/* The gateway's part of tokens of some images: it verifies with a public key alone, looks at what
 * each is for, and tells clients where and for what they are had. */
#include "fixture.h"

#include <stdlib.h>
#include <unistd.h>

#include "customhouse/base64.h"
#include "db/signing/scoped.h"
#include "tests/db/signing/token_signers.h"

#define API    "chp_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define IMAGE  "/v2/team/app/manifests/" DIGEST
#define ORIGIN "https://gw.example.org"

static char name_oci[] = "oci";
static char name_team[] = "team";
static char name_apps[] = "apps";
static char origin[] = ORIGIN;
static char url_team[] = "https://registry.example.org";
static char *of_team[] = {name_team};
static struct ch_upstream upstreams[] = {
    {.name = name_team, .ecosystem = name_oci, .url = url_team}};

static struct ch_signer *signers[2];
static struct ch_err err;

static int setup(void **state)
{
    (void)state;
    token_signers_make(signers);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ch_signer_free(signers[0]);
    ch_signer_free(signers[1]);
    return 0;
}

static void tell_key(struct fixture *f, struct ch_signer *signer)
{
    struct ch_buf pem, b;
    ch_buf_init(&pem, CH_PUBLIC_PEM_BYTES);
    ch_buf_init(&b, 2048);
    ch_public_key_put_pem(ch_signer_public(signer), &pem);
    ch_token_key_put(&b, &(struct ch_token_key){ch_buf_str(&pem)});
    assert_true(ch_channel_send(f->keeper.channel, CH_MSG_TOKEN_KEY, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&pem);
    ch_buf_done(&b);
    fixture_turn(f);
}

/* A mirror and a hosted one, which nobody has without a token. */
static struct fixture *registries(void)
{
    struct fixture *f = fixture_new();
    f->repositories[0] = (struct ch_repository){
        .name = name_team, .ecosystem = name_oci, .upstreams = of_team, .upstream_count = 1};
    f->repositories[1] =
        (struct ch_repository){.name = name_apps, .ecosystem = name_oci, .hosted = true};
    f->config.repository_count = 2;
    f->config.upstreams = upstreams;
    f->config.upstream_count = CH_ARRAY_LEN(upstreams);
    f->config.public_url = origin;
    f->config.anonymous_pull = CH_ANONYMOUS_NO;
    gw_configure(f->gw, &f->config);
    f->keeper.file = (struct ch_file_reply){
        .outcome = CH_FILE_NOT_FOUND,
        .refusal = {.since_us = CH_TIME_UNKNOWN, .until_us = CH_TIME_UNKNOWN}};
    tell_key(f, signers[0]);
    return f;
}

static struct ch_scoped usual(const char *name, unsigned actions)
{
    return (struct ch_scoped){.issuer = CH_STR(ORIGIN),
                              .service = CH_STR(CH_SCOPED_SERVICE),
                              .token = 7,
                              .begins_at_s = ch_now_unix_us() / 1000000,
                              .ends_at_s = ch_now_unix_us() / 1000000 + 300,
                              .id = CH_STR("0123456789abcdef0123456789abcdef"),
                              .may = {1, {{ch_str_of(name), actions}}}};
}

static const char *line_of(struct ch_scoped s, struct ch_signer *signer)
{
    static char line[8192];
    struct ch_buf b;
    ch_buf_init(&b, 8192);
    assert_ch_ok(&err, ch_scoped_put(&s, signer, &b, &err));
    snprintf(line, sizeof(line), "Authorization: Bearer %.*s\r\n", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return line;
}

static void refused(struct fixture *f, const char *path, const char *line, const char *error)
{
    char wanted[64];
    int files = f->keeper.file_asks;
    snprintf(wanted, sizeof(wanted), "error=\"%s\"", error);
    struct ch_str a = get(f, path, line);
    assert_int_equal(status_of(a), 401);
    assert_has(header_of(a, "WWW-Authenticate"), "Bearer realm=\"" ORIGIN "/oauth2/token");
    assert_has(header_of(a, "WWW-Authenticate"), wanted);
    assert_has(body_of(a), "\"code\":\"UNAUTHORIZED\"");
    assert_int_equal(f->keeper.file_asks, files);
}

static void it_opens_what_it_names(void **state)
{
    (void)state;
    struct fixture *f = registries();
    fixture_token(f, "user:anna", "team");
    const char *line = line_of(usual("team/app", CH_SCOPE_PULL), signers[0]);
    assert_int_equal(status_of(get(f, IMAGE, line)), 404); /* the keeper was asked, and has none */
    assert_int_equal(f->keeper.file_asks, 1);
    assert_string_equal(f->keeper.principal, "user:anna");
    assert_int_equal(
        status_of(get(f, "/v2/app/manifests/" DIGEST "?ns=registry.example.org", line)), 404);
    assert_int_equal(f->keeper.file_asks, 2);
    assert_int_equal(status_of(get(f, "/v2/", line)), 200);
    assert_int_equal(f->keeper.token_asks, 1); /* one answer serves all of these */
    /* another image, or a name that only begins alike */
    static const char *const others[] = {
        "/v2/team/other/manifests/" DIGEST,
        "/v2/team/app/x/manifests/" DIGEST,
        "/v2/team/app/x/blobs/" DIGEST,
        "/v2/team/other/tags/list",
        "/v2/team/other/referrers/" DIGEST,
        "/v2/team/ap/manifests/latest",
        "/v2/other/manifests/" DIGEST "?ns=registry.example.org",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
        refused(f, others[i], line, "insufficient_scope");
    }
    struct ch_str a = get(f, others[0], line);
    assert_has(header_of(a, "WWW-Authenticate"), ",scope=\"repository:team/other:pull\"");
    /* nothing but registries */
    a = get(f, "/-/metrics", line);
    assert_int_equal(status_of(a), 401);
    a = get(f, "/", line);
    assert_int_equal(status_of(a), 401);
    a = get(f, "/oauth2/token?scope=repository:team/app:pull", line);
    assert_int_equal(status_of(a), 401);
    fixture_free(f);
}

/* What it names is the least: the right of whom it stands for is needed as well, and told as a
 * right that is missing. */
static void it_never_widens(void **state)
{
    (void)state;
    struct fixture *f = registries();
    fixture_token(f, "user:anna", "apps");
    const char *line = line_of(usual("team/app", CH_SCOPE_PULL), signers[0]);
    struct ch_str a = get(f, IMAGE, line);
    assert_int_equal(status_of(a), 403);
    assert_has(a, "user:anna may not do this");
    assert_int_equal(f->keeper.file_asks, 0);
    /* nobody's, where nobody may without */
    struct ch_scoped s = usual("team/app", CH_SCOPE_PULL);
    s.token = 0;
    fixture_token(f, "anonymous", NULL);
    a = get(f, IMAGE, line_of(s, signers[0]));
    assert_int_equal(status_of(a), 401);
    assert_int_equal(f->keeper.file_asks, 0);
    f->config.anonymous_pull = CH_ANONYMOUS_YES;
    gw_configure(f->gw, &f->config);
    assert_int_equal(status_of(get(f, IMAGE, line_of(s, signers[0]))), 404);
    assert_int_equal(f->keeper.file_asks, 1);
    s.may.count = 0;
    refused(f, IMAGE, line_of(s, signers[0]), "insufficient_scope");
    fixture_free(f);
}

/* Each is refused before the keeper hears of it, and told so. */
static void what_is_none_is_refused(void **state)
{
    (void)state;
    struct fixture *f = registries();
    char line[8192];
    fixture_token(f, "user:anna", "team");
    struct ch_scoped s = usual("team/app", CH_SCOPE_PULL);
    refused(f, IMAGE, line_of(s, signers[1]), "invalid_token"); /* another key */
    s.ends_at_s = s.begins_at_s;                                /* it has ended */
    refused(f, IMAGE, line_of(s, signers[0]), "invalid_token");
    s = usual("team/app", CH_SCOPE_PULL);
    s.issuer = CH_STR("https://other.example.org");
    refused(f, IMAGE, line_of(s, signers[0]), "invalid_token");
    s = usual("team/app", CH_SCOPE_PULL);
    s.service = CH_STR("another");
    refused(f, IMAGE, line_of(s, signers[0]), "invalid_token");
    s = usual("team/app", CH_SCOPE_PULL);
    snprintf(line, sizeof(line), "%s",
             line_of(s, signers[0])); /* altered: one letter of its claims */
    char *dot = strchr(line, '.');
    dot[9] = dot[9] == 'A' ? 'B' : 'A';
    refused(f, IMAGE, line, "invalid_token");
    /* {"alg":"none"} */
    refused(f, IMAGE, "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.\r\n",
            "invalid_token");
    refused(f, IMAGE, "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.AA\r\n",
            "invalid_token");
    assert_int_equal(f->keeper.token_asks, 0);
    fixture_free(f);
}

/* T11: it ends with the epoch, and with its key. */
static void it_is_looked_up_again(void **state)
{
    (void)state;
    struct fixture *f = registries();
    fixture_token(f, "user:anna", "team");
    char line[8192];
    snprintf(line, sizeof(line), "%s", line_of(usual("team/app", CH_SCOPE_PULL), signers[0]));
    assert_int_equal(status_of(get(f, IMAGE, line)), 404);
    atomic_fetch_add(&f->epoch.epoch, 1);
    fixture_token(f, NULL, NULL); /* revoked */
    refused(f, IMAGE, line, "invalid_token");
    assert_int_equal(f->keeper.token_asks, 2);
    fixture_token(f, "user:anna", "team");
    atomic_fetch_add(&f->epoch.epoch, 1);
    fixture_token(f, "user:anna", "team");
    tell_key(f, signers[1]);
    int asks = f->keeper.token_asks;
    char fresh[8192];
    snprintf(fresh, sizeof(fresh), "%s", line_of(usual("team/app", CH_SCOPE_PULL), signers[0]));
    struct ch_scoped s = usual("team/app", CH_SCOPE_PULL);
    s.id = CH_STR("ffffffffffffffffffffffffffffffff");
    refused(f, IMAGE, line_of(s, signers[0]), "invalid_token"); /* by the former key */
    assert_int_equal(f->keeper.token_asks, asks);
    assert_int_equal(status_of(get(f, IMAGE, line_of(s, signers[1]))), 404);
    fixture_free(f);
}

/* Who guesses signatures waits, as who guesses tokens does; tokens that were good once cost
 * nothing. */
static void guesses_are_counted(void **state)
{
    (void)state;
    struct fixture *f = registries();
    char line[8192];
    struct ch_scoped s = usual("team/app", CH_SCOPE_PULL);
    s.ends_at_s = s.begins_at_s;
    for (uint64_t i = 0; i < ch_limits.gateway_guess_burst + 2; i++) {
        refused(f, IMAGE, line_of(s, signers[0]), "invalid_token");
    }
    int limited = 0;
    for (uint64_t i = 0; i < ch_limits.gateway_guess_burst + 2; i++) {
        snprintf(line, sizeof(line), "%s", line_of(usual("team/app", CH_SCOPE_PULL), signers[0]));
        size_t len = strlen(line);
        line[len - 20] = line[len - 20] == 'A' ? 'B' : 'A';
        limited += status_of(get(f, IMAGE, line)) == 429;
    }
    assert_true(limited > 0);
    assert_int_equal(f->keeper.token_asks, 0);
    fixture_free(f);
}

/* --- where they are had --- */

static void clients_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *path, *challenge;
    } rows[] = {
        {"/v2/", "Bearer realm=\"" ORIGIN "/oauth2/token\",service=\"customhouse\""},
        {IMAGE, "Bearer realm=\"" ORIGIN
                "/oauth2/token\",service=\"customhouse\",scope=\"repository:team/app:pull\""},
        {"/v2/apps/a/b/blobs/" DIGEST,
         "Bearer realm=\"" ORIGIN
         "/oauth2/token\",service=\"customhouse\",scope=\"repository:apps/a/b:pull\""},
        {"/v2/app/manifests/1?ns=registry.example.org",
         "Bearer realm=\"" ORIGIN "/oauth2/token?ns=registry.example.org\",service=\"customhouse\","
         "scope=\"repository:app:pull\""},
        {"/v2/?ns=registry%00.example.org",
         "Bearer realm=\"" ORIGIN "/oauth2/token\",service=\"customhouse\""},
        {"/v2/team/a%22b/manifests/1",
         "Bearer realm=\"" ORIGIN "/oauth2/token\",service=\"customhouse\""},
    };
    struct fixture *f = registries();
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str a = get(f, rows[i].path, NULL);
        assert_int_equal(status_of(a), 401);
        assert_str_eq(header_of(a, "WWW-Authenticate"), rows[i].challenge);
        assert_int_equal(ch_str_find(a, CH_STR("Basic"), NULL), 0);
    }
    struct client c;
    client_open(f, &c);
    client_send(&c, "POST /v2/apps/a/blobs/uploads/ HTTP/1.1\r\nHost: "
                    "gw.example.org\r\nContent-Length: 0\r\n\r\n");
    struct ch_str a = client_wait(f, &c, false);
    assert_int_equal(status_of(a), 401);
    assert_has(header_of(a, "WWW-Authenticate"), ",scope=\"repository:apps/a:pull,push\"");
    client_close(&c);
    client_open(f, &c);
    client_send(&c, "DELETE /v2/apps/a/manifests/1 HTTP/1.1\r\nHost: gw.example.org\r\n\r\n");
    a = client_wait(f, &c, false);
    assert_has(header_of(a, "WWW-Authenticate"), ",scope=\"repository:apps/a:delete\"");
    client_close(&c);
    fixture_free(f);
}

/* --- pushing with one --- */

static int pushes;

static void count_push(void *fixture, const struct ch_ask_push *m)
{
    struct fixture *f = fixture;
    pushes++;
    assert_true(m->scoped.len > 100);
    struct ch_sha256 digest = ch_sha256_of(m->scoped.ptr, m->scoped.len);
    assert_true(ch_sha256_eq(&digest, &m->token));
    fixture_answer_push(
        f, &(struct ch_push_reply){.ask = m->ask, .http_status = 202, .upload = CH_STR("u")}, -1);
}

static int post(struct fixture *f, const char *method, const char *path, const char *line)
{
    char request[10000];
    struct client c;
    snprintf(request, sizeof(request),
             "%s %s HTTP/1.1\r\nHost: gw.example.org\r\nContent-Length: 0\r\n%s\r\n", method, path,
             line);
    client_open(f, &c);
    client_send(&c, request);
    int status = status_of(client_wait(f, &c, false));
    client_close(&c);
    return status;
}

static void a_push_needs_it_to_be_for_that(void **state)
{
    (void)state;
    struct fixture *f = registries();
    fixture_token(f, "ci", NULL);
    f->keeper.token.push = true;
    f->keeper.on_push = count_push;
    pushes = 0;
    char line[8192];
    snprintf(line, sizeof(line), "%s",
             line_of(usual("apps/a", CH_SCOPE_PULL | CH_SCOPE_PUSH), signers[0]));
    assert_int_equal(post(f, "POST", "/v2/apps/a/blobs/uploads/", line), 202);
    assert_int_equal(pushes, 1);
    assert_int_equal(post(f, "POST", "/v2/apps/b/blobs/uploads/", line), 401);
    assert_int_equal(post(f, "DELETE", "/v2/apps/a/manifests/1", line), 401);
    assert_int_equal(post(f, "DELETE", "/v2/apps/a/blobs/" DIGEST, line), 401);
    snprintf(line, sizeof(line), "%s", line_of(usual("apps/a", CH_SCOPE_PULL), signers[0]));
    assert_int_equal(post(f, "POST", "/v2/apps/a/blobs/uploads/", line), 401);
    assert_int_equal(pushes, 1);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_what_it_names),
        cmocka_unit_test(it_never_widens),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(it_is_looked_up_again),
        cmocka_unit_test(guesses_are_counted),
        cmocka_unit_test(clients_are_told),
        cmocka_unit_test(a_push_needs_it_to_be_for_that),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
