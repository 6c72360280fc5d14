/* Requests that push, and a keeper that answers late: an upload has one writer, and nobody stays it
 * whose request is over. */
#include "fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#define TOKEN  "chp_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UPLOAD "0123456789abcdef0123456789abcdef"
#define PATCH                                                                                      \
    "PATCH /v2/apps/team/app/blobs/uploads/" UPLOAD " HTTP/1.1\r\nHost: gw.example.org\r\n"        \
    "Authorization: Bearer " TOKEN "\r\nContent-Length: 5\r\n\r\n"

static char name_oci[] = "oci";
static char name_apps[] = "apps";

#define ASKS_MAX 16
static struct asked {
    enum ch_push_op op;
    uint64_t ask, offset;
} asked[ASKS_MAX];
static size_t asked_count;

static void take_down(void *fixture, const struct ch_ask_push *m)
{
    (void)fixture;
    assert_true(asked_count < ASKS_MAX);
    assert_str_eq(m->upload, UPLOAD);
    asked[asked_count++] = (struct asked){m->op, m->ask, m->offset};
}

static struct fixture *hosted(void)
{
    struct fixture *f = fixture_new();
    f->repositories[0] =
        (struct ch_repository){.name = name_apps, .ecosystem = name_oci, .hosted = true};
    f->config.repository_count = 1;
    gw_configure(f->gw, &f->config);
    fixture_token(f, "ci", NULL);
    f->keeper.token.push = true;
    f->keeper.on_push = take_down;
    asked_count = 0;
    return f;
}

static void until_asked(struct fixture *f, size_t count)
{
    struct ch_err err;
    for (int i = 0; i < 2000 && asked_count < count; i++) {
        assert_ch_ok(&err, ch_loop_turn(f->loop, 5, &err));
    }
    assert_int_equal(asked_count, count);
}

static void answer_write(struct fixture *f, uint64_t ask)
{
    int fd = memfd_create("spool", MFD_CLOEXEC);
    assert_true(fd >= 0);
    fixture_answer_push(f,
                        &(struct ch_push_reply){.ask = ask,
                                                .http_status = 202,
                                                .upload = CH_STR(UPLOAD),
                                                .granted_bytes = 100,
                                                .max_bytes = 100},
                        fd);
}

/* Between WRITE and its answer: the keeper, who made it the writer meanwhile, hears that it is
 * over. */
static void who_goes_before_it_may_write_writes_no_more(void **state)
{
    (void)state;
    struct fixture *f = hosted();
    struct client c;
    client_open(f, &c);
    client_send(&c, PATCH);
    until_asked(f, 1);
    assert_int_equal(asked[0].op, CH_PUSH_WRITE);
    client_close(&c);
    until_asked(f, 2);
    assert_int_equal(asked[1].op, CH_PUSH_WROTE);
    assert_int_equal(asked[1].offset, asked[0].ask);
    answer_write(f, asked[0].ask); /* late: nobody is there any more */
    fixture_turn(f);
    assert_int_equal(asked_count, 2);
    fixture_free(f);
}

/* In the middle of its bytes it is the same, and to its end it says so once. */
static void who_has_written_says_so_once(void **state)
{
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        struct fixture *f = hosted();
        struct client c;
        client_open(f, &c);
        client_send(&c, PATCH);
        until_asked(f, 1);
        answer_write(f, asked[0].ask);
        client_send(&c, whole ? "bytes" : "byt");
        if (!whole) {
            fixture_turn(f);
            client_close(&c);
        }
        until_asked(f, 2);
        assert_int_equal(asked[1].op, CH_PUSH_WROTE);
        assert_int_equal(asked[1].offset, asked[0].ask);
        if (whole) {
            fixture_answer_push(
                f,
                &(struct ch_push_reply){
                    .ask = asked[1].ask, .http_status = 202, .upload = CH_STR(UPLOAD), .offset = 5},
                -1);
            assert_int_equal(status_of(client_wait(f, &c, true)), 202);
            client_close(&c);
        }
        fixture_turn(f);
        assert_int_equal(asked_count, 2);
        fixture_free(f);
    }
}

/* Somebody else is the writer: what was refused ends nothing of that. */
static void who_was_refused_ends_nothing(void **state)
{
    (void)state;
    struct fixture *f = hosted();
    struct client c;
    client_open(f, &c);
    client_send(&c, PATCH);
    until_asked(f, 1);
    fixture_answer_push(f,
                        &(struct ch_push_reply){.ask = asked[0].ask,
                                                .http_status = 409,
                                                .code = CH_STR("BLOB_UPLOAD_INVALID"),
                                                .text = CH_STR("another request is sending it")},
                        -1);
    assert_int_equal(status_of(client_wait(f, &c, false)), 409);
    client_close(&c);
    fixture_turn(f);
    assert_int_equal(asked_count, 1);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_goes_before_it_may_write_writes_no_more),
        cmocka_unit_test(who_has_written_says_so_once),
        cmocka_unit_test(who_was_refused_ends_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
