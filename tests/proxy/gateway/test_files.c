#include "fixture.h"

#include <dirent.h>
#include <sys/stat.h>

#define WHEEL "/pypi/files/foo/foo-1.0-py3-none-any.whl"
#define LAST  WHEEL "?wait=10" /* of a client that does not say which */
#define PIP   "User-Agent: pip/23.2.1 {}\r\n"
#define TOKEN "00000000000000000000000000000000000000000000000000000000000000aa"

static struct ch_refusal cool_down(void)
{
    return (struct ch_refusal){
        .id = CH_STR("8f3a"),
        .verdict = CH_VERDICT_HOLD,
        .subject = CH_STR("foo 1.0"),
        .rule = CH_STR("cool-down"),
        .reason = CH_STR("released 2 days ago, the policy asks for 7"),
        .since_us = CH_TIME_UNKNOWN,
        .until_us = CH_TIME_UNKNOWN,
    };
}

static struct fixture *allowed(struct ch_sha256 *ret_sha256)
{
    struct fixture *f = fixture_new();
    fixture_serve(f, CH_STR("wheel bytes"), ret_sha256);
    fixture_allow(f, ret_sha256, 11);
    return f;
}

static void test_allow(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    char hex[CH_SHA256_HEX + 1];
    char etag[100];
    char lines[200];
    ch_sha256_hex(&sha256, hex);
    snprintf(etag, sizeof(etag), "\"sha256-%s\"", hex);
    struct ch_str a = get(f, WHEEL, PIP);
    assert_int_equal(status_of(a), 200);
    assert_str_eq(body_of(a), "wheel bytes");
    assert_str_eq(header_of(a, "ETag"), etag);
    assert_str_eq(header_of(a, "Content-Type"), "application/octet-stream");
    assert_str_eq(header_of(a, "Cache-Control"), "private, no-cache");
    assert_str_eq(header_of(a, "X-Content-Type-Options"), "nosniff");
    assert_str_eq(header_of(a, "Content-Security-Policy"), "sandbox");
    assert_str_eq(header_of(a, "Accept-Ranges"), "bytes");
    assert_int_equal(header_of(a, "Content-Encoding").len, 0);
    assert_string_equal(f->keeper.file_name, "foo-1.0-py3-none-any.whl");
    assert_int_equal(f->keeper.part, CH_PART_FILE);
    assert_int_equal(f->keeper.patience_ms, 10000);
    assert_int_equal(f->keeper.served_count, 1);
    assert_int_equal(f->keeper.served_bytes, 11);
    assert_string_equal(f->keeper.served_name, "foo-1.0-py3-none-any.whl");
    assert_string_equal(f->keeper.served_agent, "pip/23.2.1 {}");

    assert_int_equal(status_of(get(f, WHEEL "?wait=1&wait=1", PIP)), 400);
    assert_int_equal(f->keeper.served_count, 1);

    /* From memory: ranges, conditions and HEAD, all after the decision. */
    a = get(f, WHEEL, "Range: bytes=6-\r\nAccept-Encoding: gzip\r\n");
    assert_int_equal(status_of(a), 206);
    assert_str_eq(body_of(a), "bytes");
    assert_int_equal(f->keeper.served_count, 2);
    snprintf(lines, sizeof(lines), "If-None-Match: %s\r\n", etag);
    assert_int_equal(status_of(get(f, WHEEL, lines)), 304);
    assert_int_equal(status_of(get(f, WHEEL, "Range: bytes=99-\r\n")), 416);
    assert_str_eq(header_of(head(f, WHEEL, NULL), "Content-Length"), "11");
    assert_int_equal(f->keeper.file_asks, 1);
    assert_int_equal(f->keeper.served_count, 2);

    /* who reads the metadata has not got the file */
    assert_int_equal(status_of(get(f, WHEEL ".metadata", NULL)), 200);
    assert_int_equal(f->keeper.part, CH_PART_METADATA);
    assert_int_equal(f->keeper.file_asks, 2);
    assert_int_equal(f->keeper.served_count, 2);
    fixture_free(f);
}

/* T11: an ALLOW ends with its epoch, with the keeper's lease, and by itself. */
static void test_t11_allow_ends(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    get(f, WHEEL, NULL);
    get(f, WHEEL, NULL);
    assert_int_equal(f->keeper.file_asks, 1);

    atomic_store(&f->epoch.epoch, 2); /* withdrawn: asked again, and refused now */
    f->keeper.file.outcome = CH_FILE_REFUSED;
    f->keeper.file.refusal = cool_down();
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 403);
    assert_int_equal(f->keeper.file_asks, 2);

    fixture_allow(f, &sha256, 11);
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 200);
    atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms()); /* the keeper hangs */
    assert_int_equal(status_of(get(f, LAST, NULL)), 403);
    atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms() + 60000);
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 200);

    int asks = f->keeper.file_asks;
    f->keeper.file.not_after_boot_ms = 0; /* ends before it arrives */
    atomic_store(&f->epoch.epoch, 3);
    f->keeper.file.epoch = 3;
    struct ch_str a = get(f, LAST, NULL);
    assert_int_equal(status_of(a), 403);
    assert_has(a, "the decision on it is not available now");
    assert_int_equal(f->keeper.file_asks, asks + (int)ch_limits.gateway_file_asks);

    fixture_allow(f, &sha256, 11);
    f->keeper.file.not_after_boot_ms = ch_now_boot_ms() + 100;
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 200);
    asks = f->keeper.file_asks;
    while (ch_now_boot_ms() < f->keeper.file.not_after_boot_ms) {
        fixture_turn(f);
    }
    fixture_allow(f, &sha256, 11);
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 200);
    assert_int_equal(f->keeper.file_asks, asks + 1);

    atomic_store(&f->epoch.epoch, 0); /* no keeper has ever been here */
    assert_int_equal(status_of(get(f, LAST, NULL)), 403);
    fixture_free(f);
}

/* Nothing holds the file, and there is no ALLOW of it now: who can wait is not refused. */
static void test_what_passes_is_waited_for(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms());
    uint64_t begun = ch_now_boot_ms();
    struct ch_str a = get(f, WHEEL ".metadata", "User-Agent: uv/0.5.1 {}\r\n");
    assert_int_equal(status_of(a), 307);
    assert_str_eq(header_of(a, "Location"), "./foo-1.0-py3-none-any.whl.metadata?wait=1");
    assert_str_eq(header_of(a, "Cache-Control"), "no-store");
    assert_false(ch_str_find(a, CH_STR("wheel bytes"), NULL));
    assert_int_equal(f->keeper.file_asks, (int)ch_limits.gateway_file_asks);
    /* The hops are not spent before the lease can have been renewed. */
    assert_true(ch_now_boot_ms() - begun >= CH_LEASE_RENEW_MS);
    a = head(f, WHEEL "?wait=1", NULL);
    assert_int_equal(status_of(a), 307);
    assert_str_eq(header_of(a, "Location"), "./foo-1.0-py3-none-any.whl?wait=2");
    a = get(f, WHEEL ".metadata?wait=10", "User-Agent: uv/0.5.1 {}\r\n");
    assert_has(a, "HTTP/1.1 403 foo-1.0-py3-none-any.whl held by the gateway: the decision on it "
                  "is not available now, try again in a few seconds");
    assert_str_eq(header_of(a, "Content-Type"), "application/problem+json");

    /* Who leaves meanwhile leaves nothing behind. */
    struct client c;
    int asks = f->keeper.file_asks + (int)ch_limits.gateway_file_asks;
    client_open(f, &c);
    client_send(&c, "GET " WHEEL " HTTP/1.1\r\nHost: gw.example.org\r\n\r\n");
    while (f->keeper.file_asks < asks) {
        fixture_turn(f);
    }
    fixture_turn(f);
    assert_false(client_answered(&c, false));
    client_close(&c);
    begun = ch_now_boot_ms();
    while (ch_now_boot_ms() - begun <= CH_LEASE_RENEW_MS) {
        struct ch_err err;
        assert_ch_ok(&err, ch_loop_turn(f->loop, 50, &err));
    }

    atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms() + 60000);
    a = get(f, WHEEL ".metadata?wait=1", "User-Agent: uv/0.5.1 {}\r\n");
    assert_int_equal(status_of(a), 200);
    assert_str_eq(body_of(a), "wheel bytes");
    fixture_free(f);
}

static void raise_epoch(void *fixture)
{
    struct fixture *f = fixture;
    f->keeper.file.epoch = atomic_load(&f->epoch.epoch);
    if (f->keeper.file_asks < 2) {
        atomic_fetch_add(&f->epoch.epoch, 1);
    }
}

/* A decision moves while the answer is on its way: that ALLOW is not used, the next one is. */
static void test_epoch_moves_on_the_way(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    f->keeper.before_file = raise_epoch;
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 200);
    assert_int_equal(f->keeper.file_asks, 2);
    fixture_free(f);
}

/* The same bytes at the same address are meant of another page by a later answer (a layer of two
 * images): what goes out then is of that one. */
static void test_an_allow_says_what_is_meant(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    static const char *const pages[] = {"one@sha256", "another@sha256", ""};
    static const char *const meant[] = {"one@sha256", "another@sha256", "foo"};
    for (size_t i = 0; i < CH_ARRAY_LEN(pages); i++) {
        atomic_fetch_add(&f->epoch.epoch, 1); /* ends the ALLOW before */
        fixture_allow(f, &sha256, 11);
        f->keeper.file.page = ch_str_of(pages[i]);
        f->keeper.file.file_name = i == 1 ? CH_STR("layer-2") : CH_STR("layer-1");
        assert_int_equal(status_of(get(f, WHEEL, NULL)), 200);
        assert_int_equal(f->keeper.file_asks, (int)i + 1);
        assert_string_equal(f->keeper.served_page, meant[i]);
        assert_string_equal(f->keeper.served_name, i == 1 ? "layer-2" : "layer-1");
    }
    fixture_free(f);
}

/* The same bytes as another kind of document: clients are told what this answer says they are. */
static void test_an_allow_says_of_what_type(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    static const char *const types[] = {"application/vnd.oci.image.manifest.v1+json",
                                        "application/vnd.docker.distribution.manifest.v2+json", ""};
    static const char *const told[] = {"application/vnd.oci.image.manifest.v1+json",
                                       "application/vnd.docker.distribution.manifest.v2+json",
                                       "application/octet-stream"};
    for (size_t i = 0; i < CH_ARRAY_LEN(types); i++) {
        atomic_fetch_add(&f->epoch.epoch, 1); /* ends the ALLOW before */
        fixture_allow(f, &sha256, 11);
        f->keeper.file.media_type = ch_str_of(types[i]);
        for (int again = 0; again < 2; again++) {
            assert_str_eq(header_of(get(f, WHEEL, NULL), "Content-Type"), told[i]);
        }
        assert_int_equal(f->keeper.file_asks, (int)i + 1);
    }
    fixture_free(f);
}

/* The keeper takes its time. */
static void answer_late(void *fixture)
{
    uint64_t at_ms = ch_now_boot_ms() + 250;
    (void)fixture;
    while (ch_now_boot_ms() < at_ms) {
    }
}

/* A client waits for as long as it waits, however often its file has to be asked for. */
static void test_one_deadline_for_all_asks(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    f->keeper.before_file = answer_late;
    f->keeper.file.not_after_boot_ms = 0; /* ends before it arrives */
    assert_int_equal(status_of(get(f, LAST, NULL)), 403);
    assert_int_equal(f->keeper.file_asks, (int)ch_limits.gateway_file_asks);
    assert_true(f->keeper.patience_ms <= 10000 - 250 * (ch_limits.gateway_file_asks - 1));

    /* With the patience of a client that does not say which, 10 s, that is 400 ms in all. */
    ch_limits.gateway_file_wait_ms = (uint64_t)400 - 10000;
    f->keeper.file_asks = 0;
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 307);
    assert_true(f->keeper.file_asks < 3);
    f->keeper.file_asks = 0;
    assert_int_equal(status_of(get(f, WHEEL ".vsa.json", NULL)), 307);
    assert_true(f->keeper.file_asks < 3);
    fixture_free(f);
}

/* Nor does what its token has cost count for nothing: both are one request. */
static void test_signing_in_is_part_of_it(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    fixture_token(f, "user:anna", "pypi");
    f->keeper.before_token = answer_late;
    assert_int_equal(status_of(get(f, WHEEL, "Authorization: Bearer chp_" TOKEN "\r\n")), 200);
    assert_int_equal(f->keeper.token_asks, 1);
    assert_true(f->keeper.patience_ms <= 10000 - 250);
    fixture_free(f);
}

/* The file system refuses what the keeper has unlinked, whatever the message says. */
static void test_withdrawn_blob(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    fixture_withdraw(f, &sha256);
    assert_int_equal(status_of(get(f, LAST, NULL)), 403);
    fixture_free(f);
}

/* Descriptors of this process that lead to a file without a name. */
static int nameless_files(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct stat st;
        count += fstatat(dirfd(dir), e->d_name, &st, 0) == 0 && S_ISREG(st.st_mode) &&
                 st.st_nlink == 0 && st.st_size == 11;
    }
    closedir(dir);
    return count;
}

/* What was evicted fills no disk for as long as the gateway happens to remember it. */
static void test_evicted_bytes_are_closed(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct ch_err err;
    struct fixture *f = allowed(&sha256);
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 200);
    fixture_withdraw(f, &sha256);
    assert_int_equal(nameless_files(), 1);
    uint64_t end = ch_now_boot_ms() + 10000;
    while (nameless_files() > 0) {
        assert_true(ch_now_boot_ms() < end);
        assert_ch_ok(&err, ch_loop_turn(f->loop, 100, &err));
    }
    /* It came again: so is what is remembered of it. */
    fixture_serve(f, CH_STR("wheel bytes"), &sha256);
    assert_str_eq(body_of(get(f, WHEEL, NULL)), "wheel bytes");
    assert_int_equal(f->keeper.file_asks, 2);
    assert_str_eq(body_of(get(f, WHEEL, NULL)), "wheel bytes");
    assert_int_equal(f->keeper.file_asks, 2);
    fixture_free(f);
}

static void test_other_bytes_under_the_name(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    assert_str_eq(body_of(get(f, WHEEL, NULL)), "wheel bytes");
    fixture_serve(f, CH_STR("other"), &sha256);
    atomic_store(&f->epoch.epoch, 2);
    fixture_allow(f, &sha256, 5);
    assert_str_eq(body_of(get(f, WHEEL, NULL)), "other");
    fixture_free(f);
}

/* The refusal in all its channels; the link is built from the configuration, never from Host (T20). */
static void test_refusal(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    f->keeper.file.outcome = CH_FILE_REFUSED;
    f->keeper.file.refusal = cool_down();
    struct ch_str a = get(f, WHEEL, PIP);
    assert_has(a, "HTTP/1.1 403 foo 1.0 held by cool-down: released 2 days ago, the policy asks for 7. "
                  "Exceptions: http://open.example.org:8080/-/x/8f3a\r\n");
    assert_str_eq(header_of(a, "Content-Type"), "application/problem+json");
    assert_str_eq(header_of(a, "Cache-Control"), "no-store");
    assert_has(body_of(a), "\"title\":\"Held by policy (cool-down)\",\"status\":403");
    /* No condition and no method gets around it. */
    assert_int_equal(status_of(get(f, WHEEL, "If-None-Match: *\r\n")), 403);
    assert_int_equal(status_of(get(f, WHEEL, "Range: bytes=0-0\r\n")), 403);
    a = head(f, WHEEL, NULL);
    assert_int_equal(status_of(a), 403);
    assert_int_equal(body_of(a).len, 0);
    assert_int_equal(f->keeper.served_count, 0);
    a = get(f, "/-/metrics", NULL);
    assert_has(a, "customhouse_requests_total{repository=\"pypi\",status=\"403\"} 4\n");
    assert_has(a, "_seconds_count{kind=\"file\"} 4\n");
    fixture_free(f);
}

static void test_waiting(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->keeper.file.outcome = CH_FILE_WAIT;
    f->keeper.file.size_bytes = 5000000000u;
    f->keeper.file.retry_after_s = 20;
    struct ch_str a = get(f, "/pypi/files/foo/foo-1.0%2B1-py3-none-any.whl", PIP);
    assert_int_equal(status_of(a), 307);
    assert_str_eq(header_of(a, "Location"), "./foo-1.0%2B1-py3-none-any.whl?wait=1");
    assert_str_eq(header_of(a, "Cache-Control"), "no-store");
    assert_string_equal(f->keeper.file_name, "foo-1.0+1-py3-none-any.whl");
    a = get(f, WHEEL "?wait=28", PIP);
    assert_str_eq(header_of(a, "Location"), "./foo-1.0-py3-none-any.whl?wait=29");
    a = get(f, WHEEL "?wait=29", PIP);
    assert_int_equal(status_of(a), 403);
    assert_has(a, "it is being inspected, try again in about 20 s");
    assert_str_eq(header_of(a, "Content-Type"), "application/problem+json");
    a = get(f, WHEEL "?wait=10", "User-Agent: uv/0.5.1 {}\r\n");
    assert_int_equal(status_of(a), 403);
    assert_int_equal(f->keeper.patience_ms, 25000);
    assert_int_equal(status_of(get(f, WHEEL "?wait=4294967295", PIP)), 403);
    assert_int_equal(status_of(get(f, WHEEL "?wait=x&x=1", PIP)), 307);
    assert_int_equal(status_of(get(f, WHEEL "?wait=1&wait=2", PIP)), 400);
    assert_int_equal(status_of(get(f, WHEEL "?x=1&wait=1&x=1", PIP)), 307);

    /* HEAD is answered at once from what the index says. */
    a = head(f, WHEEL, "User-Agent: uv/0.5.1 {}\r\n");
    assert_int_equal(status_of(a), 403); /* larger than any artifact may be */
    f->keeper.file.size_bytes = 4000000000u;
    a = head(f, WHEEL, "User-Agent: uv/0.5.1 {}\r\n");
    assert_int_equal(status_of(a), 200);
    assert_str_eq(header_of(a, "Content-Length"), "4000000000");
    /* T11: nor is any condition, before the decision. */
    assert_int_equal(status_of(head(f, WHEEL, "If-None-Match: *\r\n")), 200);
    assert_int_equal(status_of(head(f, WHEEL, "If-Match: \"x\"\r\n")), 200);
    assert_int_equal(status_of(head(f, WHEEL, "Range: bytes=9-\r\n")), 200);
    assert_true(f->keeper.head);
    /* Where that is nothing, it waits as GET does, and is told the same in the end. */
    assert_int_equal(f->keeper.patience_ms, 10000);
    f->keeper.file.size_bytes = CH_SIZE_UNKNOWN;
    a = head(f, WHEEL, NULL);
    assert_int_equal(status_of(a), 307);
    assert_str_eq(header_of(a, "Location"), "./foo-1.0-py3-none-any.whl?wait=1");
    assert_int_equal(status_of(head(f, WHEEL "?wait=10", NULL)), 403);
    fixture_free(f);
}

static void test_other_outcomes(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    f->keeper.file.outcome = CH_FILE_NOT_FOUND;
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 404);
    f->keeper.file.outcome = CH_FILE_FAILED;
    f->keeper.file.http_status = 504;
    f->keeper.file.text = CH_STR("files.example.org: timed out");
    assert_has(get(f, WHEEL, NULL), "HTTP/1.1 504 files.example.org: timed out\r\n");
    f->keeper.file.http_status = 503; /* clients try that again by themselves */
    f->keeper.file.text = CH_STR("given to another upstream just now, try again");
    assert_has(get(f, WHEEL, NULL),
               "HTTP/1.1 503 given to another upstream just now, try again\r\n");
    f->keeper.file.http_status = 403; /* pip tries a 5xx again, and then does not say why */
    f->keeper.file.text = CH_STR("files.example.org: it is 3 bytes, the index said 2");
    struct ch_str refused = get(f, WHEEL, NULL);
    assert_has(refused, "HTTP/1.1 403 foo-1.0-py3-none-any.whl held by fetching: files.example.org: it "
                        "is 3 bytes, the index said 2\r\n");
    assert_str_eq(header_of(refused, "Content-Type"), "application/problem+json");
    f->keeper.file.http_status = 0;
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 502);
    /* What was escaped where it came in is not escaped again, in the reason or in the body. */
    f->keeper.file.text = CH_STR("h\\xc3\\xa9 & <b> \"q\"");
    struct ch_str answer = get(f, WHEEL, NULL);
    assert_has(answer, "HTTP/1.1 502 h\\xc3\\xa9 & <b> \"q\"\r\n");
    assert_has(answer, "\r\n\r\nh\\xc3\\xa9 & <b> \"q\"\n");
    fixture_free(f);
}

/* Whatever its length, a text is the reason, and the body, and nothing else is. */
static void test_texts_of_any_length(void **state)
{
    (void)state;
    struct fixture *f = fixture_new();
    char text[200], line[220];
    f->keeper.file.outcome = CH_FILE_FAILED;
    f->keeper.file.http_status = 504;
    for (size_t len = 1; len < sizeof(text); len++) {
        memset(text, 'w', len);
        f->keeper.file.text = (struct ch_str){text, len};
        snprintf(line, sizeof(line), "HTTP/1.1 504 %.*s\r\n", (int)len, text);
        struct ch_str answer = get(f, WHEEL, NULL);
        assert_has(answer, line);
        snprintf(line, sizeof(line), "%.*s\n", (int)len, text);
        assert_str_eq(body_of(answer), line);
    }
    fixture_free(f);
}

/* Nobody answers: a hop of waiting, at the last one a refusal; never served, never an error that
 * clients repeat at once. */
static void test_keeper_is_gone(void **state)
{
    (void)state;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    get(f, WHEEL, NULL);
    /* With the patience of a client that does not say which, 10 s, that is 50 ms in all. */
    ch_limits.gateway_file_wait_ms = (uint64_t)50 - 10000;
    fixture_drop_keeper(f);
    atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms());
    struct ch_str a = head(f, WHEEL, NULL);
    assert_int_equal(status_of(a), 307);
    assert_str_eq(header_of(a, "Location"), "./foo-1.0-py3-none-any.whl?wait=1");
    assert_int_equal(status_of(head(f, LAST, NULL)), 403);
    a = get(f, LAST, NULL);
    assert_int_equal(status_of(a), 403);
    assert_has(a, "the decision on it is not available now");
    /* A new keeper: the question that waited is answered by it. */
    struct client c;
    client_open(f, &c);
    client_send(&c, "GET " WHEEL " HTTP/1.1\r\nHost: gw.example.org\r\n" PIP "\r\n");
    fixture_turn(f);
    assert_false(client_answered(&c, false));
    atomic_store(&f->epoch.lease_until_boot_ms, ch_now_boot_ms() + 60000);
    fixture_connect_keeper(f);
    assert_int_equal(status_of(client_wait(f, &c, false)), 200);
    client_close(&c);

    /* A client that leaves takes its question along; a late answer finds nobody. */
    atomic_store(&f->epoch.epoch, 9);
    f->keeper.silent = true;
    client_open(f, &c);
    client_send(&c, "GET " WHEEL " HTTP/1.1\r\nHost: gw.example.org\r\n" PIP "\r\n");
    fixture_turn(f);
    client_close(&c);
    fixture_turn(f);
    struct ch_buf out;
    ch_buf_init(&out, 10000);
    f->keeper.file.ask = 4;
    ch_file_reply_put(&out, &f->keeper.file);
    assert_true(ch_channel_send(f->keeper.channel, CH_MSG_FILE, ch_buf_str(&out), NULL, 0));
    ch_buf_done(&out);
    fixture_turn(f);
    assert_non_null(f->keeper.channel);
    fixture_free(f);
}

static void test_many_files_stay_bounded(void **state)
{
    (void)state;
    uint64_t before = ch_limits.gateway_files;
    ch_limits.gateway_files = 4;
    struct ch_sha256 sha256;
    struct fixture *f = allowed(&sha256);
    char path[100];
    for (int i = 0; i < 20; i++) {
        snprintf(path, sizeof(path), "/pypi/files/foo/foo-%d-py3-none-any.whl", i);
        assert_int_equal(status_of(get(f, path, NULL)), 200);
    }
    assert_int_equal(f->keeper.file_asks, 20);
    get(f, "/pypi/files/foo/foo-19-py3-none-any.whl", NULL);
    assert_int_equal(f->keeper.file_asks, 20);
    get(f, "/pypi/files/foo/foo-0-py3-none-any.whl", NULL);
    assert_int_equal(f->keeper.file_asks, 21);
    fixture_free(f);
    ch_limits.gateway_files = before;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allow),
        cmocka_unit_test(test_t11_allow_ends),
        cmocka_unit_test(test_what_passes_is_waited_for),
        cmocka_unit_test(test_epoch_moves_on_the_way),
        cmocka_unit_test(test_an_allow_says_what_is_meant),
        cmocka_unit_test(test_an_allow_says_of_what_type),
        cmocka_unit_test(test_one_deadline_for_all_asks),
        cmocka_unit_test(test_signing_in_is_part_of_it),
        cmocka_unit_test(test_withdrawn_blob),
        cmocka_unit_test(test_evicted_bytes_are_closed),
        cmocka_unit_test(test_other_bytes_under_the_name),
        cmocka_unit_test(test_refusal),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_other_outcomes),
        cmocka_unit_test(test_texts_of_any_length),
        cmocka_unit_test(test_keeper_is_gone),
        cmocka_unit_test(test_many_files_stay_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
