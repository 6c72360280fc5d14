/* What gateways ask for clients that push: checked here whatever they know (T21), and no byte counts that somebody could
 * still write (T3). Whole images: tests/e2e/test_containers_push.py. */
#include "token_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/intake/quota.h"
#include "db/keeper/people/people.h"
#include "db/keeper/pushes/pushes_int.h"
#include "db/people/people.h"

static struct ch_err err;

#define CONFIG                                                                                     \
    "listen: [{address: '127.0.0.1:8080'}]\n"                                                      \
    "upstreams:\n"                                                                                 \
    "  - {name: reg, ecosystem: oci, url: 'https://up.example.org', states_times: never}\n"        \
    "repositories:\n"                                                                              \
    "  - {name: img, ecosystem: oci, upstreams: [reg]}\n"                                          \
    "  - {name: apps, ecosystem: oci, hosted: true}\n"                                             \
    "  - {name: lab, ecosystem: oci, environment: preprod, hosted: true}\n"
#define NAME "team/app"

/* One more token of this person, for pushing. */
static void token(struct house *h, const char *name, const char *secret)
{
    give(h, (struct ch_people_row){.kind = CH_PEOPLE_TOKEN,
                                   .person = ch_str_of(name),
                                   .audience = CH_STR("push"),
                                   .label = CH_STR("more"),
                                   .sha256 = ch_sha256_of(secret, strlen(secret)),
                                   .expires_at_us = ch_now_unix_us() + HOUR});
}

struct sought {
    struct ch_sha256 sha256;
    uint64_t id;
};

static void seek(void *ctx, const struct ch_people_row *row)
{
    struct sought *s = ctx;
    if (row->kind == CH_PEOPLE_TOKEN && ch_sha256_eq(&row->sha256, &s->sha256)) {
        s->id = row->id;
    }
}

static void end_token(struct house *h, const char *secret)
{
    struct sought s = {.sha256 = ch_sha256_of(secret, strlen(secret))};
    people_each(h->k->people, seek, &s);
    assert_true(s.id != 0);
    assert_ch_ok(&err, people_take(h->k, &s.id, 1, CH_STR("local:0"), CH_STR("it leaked"), &err));
}

static struct house *new_house_with(const char *config)
{
    struct house *h = house_new_with(NULL, config);
    person(h, "ci", "publisher", "apps", "push", "of ci");
    person(h, "dev", "publisher", "apps", "push", "of dev");
    person(h, "rita", "reader", "apps", "push", "of rita");
    person(h, "anna", "publisher", "apps", "pull", "for pulling");
    return h;
}

static struct house *new_house(void)
{
    return new_house_with(CONFIG);
}

static struct ch_ask_push an_ask(enum ch_push_op op, const char *upload)
{
    return (struct ch_ask_push){.op = op,
                                .repository = CH_STR("apps"),
                                .project = CH_STR(NAME),
                                .upload = ch_str_of(upload),
                                .offset = UINT64_MAX};
}

static void begin_asking(struct house *h, const char *secret, struct ch_ask_push m)
{
    struct ch_buf b;
    m.ask = ++h->asks;
    m.token = ch_sha256_of(secret, strlen(secret));
    ch_buf_init(&b, ch_message_row(CH_MSG_ASK_PUSH)->max_bytes);
    ch_ask_push_put(&b, &m);
    h->push_here = false;
    CH_ASSERT(ch_channel_send(h->gateway, CH_MSG_ASK_PUSH, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

static uint32_t answer(struct house *h)
{
    house_until(h, &h->push_here);
    assert_int_equal(h->push.ask, h->asks);
    return h->push.http_status;
}

static uint32_t ask(struct house *h, const char *secret, struct ch_ask_push m)
{
    begin_asking(h, secret, m);
    return answer(h);
}

static uint32_t ask_for(struct house *h, enum ch_push_op op, const char *upload)
{
    return ask(h, "of ci", an_ask(op, upload));
}

static void begin(struct house *h, char ret_upload[CH_UPLOAD_ID_LEN + 1])
{
    assert_int_equal(ask_for(h, CH_PUSH_BEGIN, ""), 202);
    assert_int_equal(h->push.upload.len, CH_UPLOAD_ID_LEN);
    snprintf(ret_upload, CH_UPLOAD_ID_LEN + 1, "%.*s", CH_STR_ARG(h->push.upload));
}

/* The WRITE of this number has ended. */
static uint32_t wrote(struct house *h, const char *secret, const char *upload, uint64_t write)
{
    struct ch_ask_push m = an_ask(CH_PUSH_WROTE, upload);
    m.offset = write;
    return ask(h, secret, m);
}

static void begin_to_finish(struct house *h, const char *upload, const char *bytes)
{
    char hex[CH_SHA256_HEX + 1], digest[80];
    snprintf(digest, sizeof(digest), "sha256:%s", house_hex(bytes, hex));
    struct ch_ask_push m = an_ask(CH_PUSH_FINISH, upload);
    m.reference = ch_str_of(digest);
    begin_asking(h, "of ci", m);
}

static uint32_t finish(struct house *h, const char *upload, const char *bytes)
{
    begin_to_finish(h, upload, bytes);
    return answer(h);
}

/* All of an upload but its end. */
static void upload_bytes(struct house *h, const char *bytes, char ret_upload[CH_UPLOAD_ID_LEN + 1])
{
    begin(h, ret_upload);
    assert_int_equal(ask_for(h, CH_PUSH_WRITE, ret_upload), 202);
    uint64_t of = h->asks;
    int fd = dup(h->push_fd);
    struct ch_ask_push m = an_ask(CH_PUSH_MORE, ret_upload);
    for (m.offset = h->push.granted_bytes; m.offset < strlen(bytes);
         m.offset = h->push.granted_bytes) {
        assert_int_equal(ask(h, "of ci", m), 202);
    }
    assert_int_equal(write(fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    close(fd);
    if (h->push_fd >= 0) {
        close(h->push_fd);
        h->push_fd = -1;
    }
    assert_int_equal(wrote(h, "of ci", ret_upload, of), 202);
}

static bool is_linked(struct house *h, const struct ch_sha256 *sha256)
{
    uint64_t size;
    return ch_store_pushed_link(h->k->store, CH_STR("apps"), CH_STR(NAME), sha256, &size, &err) ==
           CH_OK;
}

static bool is_there(struct house *h, const char *bytes)
{
    struct ch_sha256 sha256 = ch_sha256_of(bytes, strlen(bytes));
    return ch_blobs_has(h->k->blobs, &sha256);
}

static void assert_refused(const struct house *h, uint32_t status, const char *code)
{
    assert_int_equal(h->push.http_status, status);
    assert_str_eq(h->push.code, code);
    assert_true(h->push.text.len > 0);
    assert_int_equal(h->push_fd, -1);
}

static void T21_each_ask_is_checked(void **state)
{
    (void)state;
    struct house *h = new_house();
    char upload[CH_UPLOAD_ID_LEN + 1];
    begin(h, upload);
    for (int op = CH_PUSH_BEGIN; op < CH_PUSH_OP_COUNT; op++) {
        struct ch_ask_push m = an_ask((enum ch_push_op)op, upload);
        m.reference = CH_STR("1.0");
        ask(h, "never given", m);
        assert_refused(h, 401, "UNAUTHORIZED");
        ask(h, "for pulling", m);
        assert_refused(h, 401, "UNAUTHORIZED");
        ask(h, "of rita", m);
        assert_refused(h, 403, "DENIED");
        m.repository = CH_STR("lab"); /* a right of one repository is of that one */
        ask(h, "of ci", m);
        assert_refused(h, 403, "DENIED");
        m.repository = CH_STR("img"); /* T24 */
        ask(h, "of ci", m);
        assert_refused(h, 405, "UNSUPPORTED");
        m.repository = CH_STR("nowhere");
        ask(h, "of ci", m);
        assert_refused(h, 404, "NAME_UNKNOWN");
        m.repository = CH_STR("apps");
        m.project = CH_STR("Team/../app");
        ask(h, "of ci", m);
        assert_refused(h, 400, "NAME_INVALID");
    }
    assert_int_equal(ask_for(h, CH_PUSH_STATUS, upload), 200); /* none of it did anything */
    house_free(h);
}

static void an_upload_is_of_who_began_it(void **state)
{
    (void)state;
    struct house *h = new_house();
    char upload[CH_UPLOAD_ID_LEN + 1];
    begin(h, upload);
    ask(h, "of dev", an_ask(CH_PUSH_WRITE, upload));
    assert_refused(h, 404, "BLOB_UPLOAD_UNKNOWN");
    struct ch_ask_push m = an_ask(CH_PUSH_WRITE, upload);
    m.project = CH_STR("team/other");
    ask(h, "of ci", m);
    assert_refused(h, 404, "BLOB_UPLOAD_UNKNOWN");
    house_restart(h); /* they live in memory */
    ask_for(h, CH_PUSH_STATUS, upload);
    assert_refused(h, 404, "BLOB_UPLOAD_UNKNOWN");
    house_free(h);
}

static void T3_who_could_still_write_publishes_nothing(void **state)
{
    (void)state;
    struct house *h = new_house();
    char upload[CH_UPLOAD_ID_LEN + 1];
    begin(h, upload);
    assert_int_equal(ask_for(h, CH_PUSH_WRITE, upload), 202);
    int kept = dup(h->push_fd);
    uint64_t of = h->asks;
    assert_true(kept >= 0 && h->push.granted_bytes > 0);
    assert_int_equal(write(kept, "bytes", 5), 5);
    ask_for(h, CH_PUSH_WRITE, upload); /* one request at a time */
    assert_refused(h, 409, "BLOB_UPLOAD_INVALID");
    finish(h, upload, "bytes");
    assert_refused(h, 409, "BLOB_UPLOAD_INVALID");
    assert_int_equal(wrote(h, "of ci", upload, h->asks),
                     202); /* what was refused has not ended this one */
    ask_for(h, CH_PUSH_WRITE, upload);
    assert_refused(h, 409, "BLOB_UPLOAD_INVALID");
    assert_int_equal(wrote(h, "of ci", upload, of),
                     202); /* a gateway that says so, and keeps it open */
    assert_int_equal(h->push.offset, 5);
    finish(h, upload, "bytes");
    assert_refused(h, 409, "BLOB_UPLOAD_INVALID");
    assert_false(is_there(h, "bytes"));
    close(kept);
    house_free(h);
}

/* A token that ends while its request sends: the upload is nobody's for that, but its person's. */
static void writing_ends_whatever_the_token_may_by_then(void **state)
{
    (void)state;
    struct house *h = new_house();
    char upload[CH_UPLOAD_ID_LEN + 1];
    begin(h, upload);
    assert_int_equal(ask_for(h, CH_PUSH_WRITE, upload), 202);
    uint64_t of = h->asks;
    assert_int_equal(write(h->push_fd, "some", 4), 4);
    assert_true(h->k->coming_bytes > 4);
    token(h, "ci", "second of ci");
    end_token(h, "of ci");
    wrote(h, "of ci", upload, of);
    assert_refused(h, 401, "UNAUTHORIZED");
    assert_int_equal(h->k->coming_bytes, 4); /* what it held ahead is given back */
    assert_int_equal(ask(h, "second of ci", an_ask(CH_PUSH_WRITE, upload)), 202);
    assert_int_equal(h->push.offset, 4);
    house_free(h);
}

static void bytes_are_kept_under_their_digest_alone(void **state)
{
    (void)state;
    struct house *h = new_house();
    char upload[CH_UPLOAD_ID_LEN + 1];
    for (int right = 0; right < 2; right++) {
        begin(h, upload);
        struct ch_ask_push m = an_ask(CH_PUSH_WRITE, upload);
        m.offset = 3;
        assert_int_equal(ask(h, "of ci", m), 416);
        assert_int_equal(h->push.offset, 0);
        m.offset = 0;
        assert_int_equal(ask(h, "of ci", m), 202);
        assert_int_equal(write(h->push_fd, "what came", 9), 9);
        close(h->push_fd);
        h->push_fd = -1;
        assert_int_equal(wrote(h, "of ci", upload, h->asks), 202);
        assert_int_equal(h->push.offset, 9);
        assert_true(h->k->coming_bytes >= 9); /* it counts in the quota while it is on its way */
        if (right == 0) {
            finish(h, upload, "something else");
            assert_refused(h, 400, "DIGEST_INVALID");
            assert_false(is_there(h, "what came") || is_there(h, "something else"));
        } else {
            assert_int_equal(finish(h, upload, "what came"), 201);
            assert_true(is_there(h, "what came"));
            assert_int_equal(finish(h, upload, "what came"), 201); /* the answer was lost */
        }
        assert_int_equal(h->k->coming_bytes, 0);
        ask_for(h, CH_PUSH_STATUS, upload);
        assert_refused(h, 404, "BLOB_UPLOAD_UNKNOWN");
    }
    house_restart(h); /* durable before it was told */
    assert_int_equal(finish(h, upload, "what came"), 201);
    house_free(h);
}

/* T21: a token that ended while its bytes were hashed, or its manifest read, has done nothing. */
static void T21_what_takes_long_asks_again_at_its_end(void **state)
{
    (void)state;
    static const char bytes[] = "bytes of a layer", manifest[] = "serial 1\n";
    struct ch_sha256 of_bytes = ch_sha256_of(bytes, strlen(bytes)),
                     of_manifest = ch_sha256_of(manifest, strlen(manifest));
    struct ch_pushed_row row;
    struct ch_buf strings;
    ch_buf_init(&strings, 4096);
    for (int revoked = 0; revoked < 2; revoked++) {
        struct house *h = new_house();
        char upload[CH_UPLOAD_ID_LEN + 1];
        enum ch_blob_place place;
        upload_bytes(h, bytes, upload);
        begin_to_finish(h, upload, bytes);
        while (!offload_busy(h->k)) { /* it was let in; its end is a later turn's */
            house_turn(h, 20);
        }
        if (revoked) {
            end_token(h, "of ci");
        }
        assert_int_equal(answer(h), revoked ? 401 : 201);
        assert_int_equal(is_linked(h, &of_bytes), !revoked);
        /* no bytes lie about that no quota knows of */
        assert_true(is_there(h, bytes));
        assert_ch_ok(&err, ch_store_get_blob(h->k->store, &of_bytes, &place, &err));
        assert_int_equal(place, CH_BLOB_UNDECIDED);

        struct ch_ask_push m = an_ask(CH_PUSH_MANIFEST, "");
        m.reference = CH_STR("1.0");
        m.media_type = CH_STR("application/vnd.oci.image.manifest.v1+json");
        m.body = ch_str_of(manifest);
        begin_asking(h, "of dev", m);
        while (h->k->pushes->reading == 0) {
            house_turn(h, 20);
        }
        if (revoked) {
            end_token(h, "of dev");
        }
        assert_int_equal(answer(h), revoked ? 401 : 201);
        assert_int_equal(ch_store_pushed(h->k->store, m.repository, m.project, m.reference,
                                         &of_manifest, &row, &strings, &err),
                         revoked ? CH_E_NOT_FOUND : CH_OK);
        assert_int_equal(is_there(h, manifest), !revoked);
        house_free(h);
    }
    ch_buf_done(&strings);
}

static uint32_t ask_of(struct house *h, enum ch_push_op op, const char *bytes)
{
    char hex[CH_SHA256_HEX + 1], digest[80];
    snprintf(digest, sizeof(digest), "sha256:%s", house_hex(bytes, hex));
    struct ch_ask_push m = an_ask(op, "");
    m.reference = ch_str_of(digest);
    m.from = CH_STR("apps/" NAME);
    return ask(h, "of ci", m);
}

/* Whoever is told that bytes are there does not send them. */
static void what_is_not_there_is_not_said_to_be(void **state)
{
    (void)state;
    static const char bytes[] = "a layer";
    struct ch_sha256 sha256 = ch_sha256_of(bytes, strlen(bytes));
    struct house *h = new_house();
    char upload[CH_UPLOAD_ID_LEN + 1];
    struct push p = {.k = h->k,
                     .ask = {.repository = CH_STR("apps"), .project = CH_STR(NAME)},
                     .repository = ch_config_repository(h->k->config, CH_STR("apps"))};
    /* evicted between its publication and this */
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_int_equal(pushes_keep(h->k, &p, &sha256, strlen(bytes), &err), CH_E_NOT_FOUND);
    assert_false(is_linked(h, &sha256));

    upload_bytes(h, bytes, upload);
    assert_int_equal(finish(h, upload, bytes), 201);
    assert_int_equal(ask_of(h, CH_PUSH_LOOK_BLOB, bytes), 200);
    assert_int_equal(ask_of(h, CH_PUSH_MOUNT, bytes), 201);
    assert_ch_ok(&err, ch_blobs_evict(h->k->blobs, &sha256, &err));
    assert_int_equal(ask_of(h, CH_PUSH_LOOK_BLOB, bytes), 404);
    assert_int_equal(ask_of(h, CH_PUSH_MOUNT, bytes), 202); /* it is uploaded */
    assert_int_equal(finish(h, upload, bytes), 404);
    upload_bytes(h, bytes, upload);
    assert_int_equal(finish(h, upload, bytes), 201);
    assert_int_equal(ask_of(h, CH_PUSH_LOOK_BLOB, bytes), 200);
    house_free(h);
}

#define MIB ((uint64_t)1 << 20)

/* T14: who only says that bytes come takes no room for them. */
static void T14_room_is_taken_as_bytes_come(void **state)
{
    (void)state;
    struct house *h = new_house();
    char upload[CH_UPLOAD_ID_LEN + 1];
    begin(h, upload);
    assert_int_equal(h->k->coming_bytes, 0);
    assert_int_equal(ask_for(h, CH_PUSH_WRITE, upload), 202);
    assert_int_equal(h->push.granted_bytes, MIB);
    assert_int_equal(h->k->coming_bytes, MIB);
    struct ch_ask_push m = an_ask(CH_PUSH_MORE, upload);
    static const uint64_t at[] = {1, 2, 50, 64, 500}, then[] = {2, 4, 100, 128, 564};
    for (size_t i = 0; i < CH_ARRAY_LEN(at); i++) {
        m.offset = at[i] * MIB;
        assert_int_equal(ask(h, "of ci", m), 202);
        assert_int_equal(h->push.granted_bytes, then[i] * MIB);
        assert_int_equal(h->k->coming_bytes, then[i] * MIB);
    }
    house_free(h);
}

/* T14: one who pushes fills its share, and no more; others, and what is fetched, go on. */
static void T14_who_pushes_has_its_share(void **state)
{
    (void)state;
    struct house *h =
        new_house_with(CONFIG "store: {undecided_max_bytes: 64MiB, pushed_percent: 4}\n");
    char upload[CH_UPLOAD_ID_LEN + 1], other[CH_UPLOAD_ID_LEN + 1];
    char *bytes = ch_calloc(2 * MIB + 1, 1);
    uint64_t ended, part = 0;
    memset(bytes, 'b', 2 * MIB);
    upload_bytes(h, bytes, upload);
    /* on its way, and then undecided: 2 of 2.56 MiB */
    for (int here = 0; here < 2; here++) {
        begin(h, other);
        ask_for(h, CH_PUSH_WRITE, other);
        assert_refused(h, 403, "DENIED");
        assert_true(ch_str_find(h->push.text, CH_STR("store.pushed_percent"), NULL));
        assert_int_equal(ask_for(h, CH_PUSH_CANCEL, other), 204);
        if (!here) {
            assert_int_equal(finish(h, upload, bytes), 201);
        }
    }
    assert_int_equal(ask(h, "of dev", an_ask(CH_PUSH_BEGIN, "")), 202);
    snprintf(other, sizeof(other), "%.*s", CH_STR_ARG(h->push.upload));
    assert_int_equal(ask(h, "of dev", an_ask(CH_PUSH_WRITE, other)), 202);
    assert_ch_ok(&err, quota_take(h->k, &part, 60 * MIB, &err));
    quota_give(h->k, &part, 0);
    /* what nothing names any more is no burden to who pushed it */
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_unlink_pushed(h->k->store, INT64_MAX, &ended, &err));
    begin(h, other);
    assert_int_equal(ask_for(h, CH_PUSH_WRITE, other), 202);
    free(bytes);
    house_free(h);
}

static uint32_t put_manifest(struct house *h, const char *tag, const char *document)
{
    struct ch_ask_push m = an_ask(CH_PUSH_MANIFEST, "");
    m.reference = ch_str_of(tag);
    m.media_type = CH_STR("application/vnd.oci.image.manifest.v1+json");
    m.body = ch_str_of(document);
    return ask(h, "of ci", m);
}

static void count_row(void *ctx, const struct ch_pushed_row *row)
{
    (void)row;
    ++*(size_t *)ctx;
}

static size_t rows_of(struct house *h, const struct ch_sha256 *sha256)
{
    size_t rows = 0;
    assert_ch_ok(&err, ch_store_pushes_of(h->k->store, CH_STR("apps"), CH_STR(NAME), sha256,
                                          count_row, &rows, &err));
    return rows;
}

/* Rows of what was pushed stay for good, as the log's entries: a push that changes nothing makes
 * none. */
static void the_same_push_is_one_fact(void **state)
{
    (void)state;
    static const char document[] = "serial 1\n";
    struct ch_sha256 sha256 = ch_sha256_of(document, strlen(document));
    struct house *h = new_house();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(put_manifest(h, "1.0", document), 201);
        assert_int_equal(rows_of(h, &sha256), 1);
    }
    assert_int_equal(put_manifest(h, "2.0", document), 201); /* another tag is another fact */
    assert_int_equal(rows_of(h, &sha256), 2);
    struct ch_ask_push m = an_ask(CH_PUSH_DELETE, "");
    m.reference = CH_STR("1.0");
    assert_int_equal(ask(h, "of ci", m), 202);
    assert_int_equal(put_manifest(h, "1.0", document), 201); /* and so is one that was gone */
    assert_int_equal(rows_of(h, &sha256), 4);
    house_free(h);
}

/* T14: manifests are bytes, too. */
static void T14_manifests_take_room(void **state)
{
    (void)state;
    struct house *h =
        new_house_with(CONFIG "store: {undecided_max_bytes: 64MiB, pushed_percent: 1}\n");
    char *document = ch_calloc(300001, 1);
    for (int i = 0; i < 3; i++) { /* into 0.64 MiB */
        memset(document, '\n', 300000);
        snprintf(document, 300000, "serial %d", i + 1);
        document[strlen(document)] = '\n';
        assert_int_equal(put_manifest(h, "1.0", document), i < 2 ? 201 : 403);
    }
    assert_refused(h, 403, "DENIED");
    assert_false(is_there(h, document));
    free(document);
    house_free(h);
}

/* Bytes that nothing names any more are looked for after each start, and again where the clock was
 * not to be relied on. */
static void what_nothing_names_is_looked_for(void **state)
{
    (void)state;
    struct house *h = new_house();
    house_restart(h);
    struct ch_timer *t = &h->k->pushes->stale;
    assert_true(t->heap_index_plus_1 != 0);
    ch_loop_cancel_timer(h->loop, t);
    h->k->clock_jumped = true;
    t->fn(t);
    assert_true(t->heap_index_plus_1 != 0);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(T21_each_ask_is_checked),
        cmocka_unit_test(an_upload_is_of_who_began_it),
        cmocka_unit_test(T3_who_could_still_write_publishes_nothing),
        cmocka_unit_test(writing_ends_whatever_the_token_may_by_then),
        cmocka_unit_test(T21_what_takes_long_asks_again_at_its_end),
        cmocka_unit_test(what_is_not_there_is_not_said_to_be),
        cmocka_unit_test(T14_room_is_taken_as_bytes_come),
        cmocka_unit_test(T14_who_pushes_has_its_share),
        cmocka_unit_test(the_same_push_is_one_fact),
        cmocka_unit_test(T14_manifests_take_room),
        cmocka_unit_test(what_nothing_names_is_looked_for),
        cmocka_unit_test(bytes_are_kept_under_their_digest_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
