/* Tokens of some images: they are for what was asked for and may be had, and end with what they
 * stand for. What a gateway hands over is verified here, whatever it says of it (T21). */
#include "images_house.h"
#include "token_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/audit/keyring.h"
#include "db/keeper/people/people.h"
#include "db/keeper/people/scoped.h"
#include "db/people/people.h"

static struct ch_err err;

#define CONFIG                                                                                     \
    "listen: [{address: '127.0.0.1:8080'}]\n"                                                      \
    "public_url: 'https://gw.example.org'\n"                                                       \
    "anonymous_pull: false\n"                                                                      \
    "upstreams:\n"                                                                                 \
    "  - {name: reg, ecosystem: oci, url: 'https://up.example.org', states_times: never}\n"        \
    "repositories:\n"                                                                              \
    "  - {name: img, ecosystem: oci, upstreams: [reg], anonymous_pull: true}\n"                    \
    "  - {name: apps, ecosystem: oci, hosted: true}\n"                                             \
    "  - {name: lab, ecosystem: oci, environment: preprod, hosted: true}\n"
#define PPP (CH_SCOPE_PULL | CH_SCOPE_PUSH)

/* What was sent to gateways last. */
static struct {
    struct ch_buf payload;
    struct ch_scoped_reply m;
    struct ch_buf key;
    int keys;
} sent;

bool __real_ch_channel_send(struct ch_channel *ch, uint16_t type, struct ch_str payload,
                            const int *fds, size_t fd_count);
bool __wrap_ch_channel_send(struct ch_channel *ch, uint16_t type, struct ch_str payload,
                            const int *fds, size_t fd_count);

bool __wrap_ch_channel_send(struct ch_channel *ch, uint16_t type, struct ch_str payload,
                            const int *fds, size_t fd_count)
{
    struct ch_token_key key;
    if (type == CH_MSG_SCOPED) {
        ch_buf_clear(&sent.payload);
        ch_buf_puts(&sent.payload, payload);
        assert_ch_ok(&err, ch_scoped_reply_get(ch_buf_str(&sent.payload), &sent.m, &err));
    }
    if (type == CH_MSG_TOKEN_KEY) {
        assert_ch_ok(&err, ch_token_key_get(payload, &key, &err));
        ch_buf_clear(&sent.key);
        ch_buf_puts(&sent.key, key.pem);
        sent.keys++;
    }
    return __real_ch_channel_send(ch, type, payload, fds, fd_count);
}

static struct house *new_house(void)
{
    ch_buf_init(&sent.payload, 16u << 10);
    ch_buf_init(&sent.key, CH_PUBLIC_PEM_BYTES);
    sent.keys = 0;
    return house_new_with(NULL, CONFIG);
}

static void done(struct house *h)
{
    house_free(h);
    ch_buf_done(&sent.payload);
    ch_buf_done(&sent.key);
}

/* With the API token `secret`, NULL: without one. */
static const struct ch_scoped_reply *ask(struct house *h, const char *secret,
                                         struct ch_scopes wanted)
{
    struct ch_ask_scoped m = {.ask = ++h->asks, .wanted = wanted};
    struct ch_buf b;
    if (secret != NULL) {
        m.digest = ch_sha256_of(secret, strlen(secret));
    }
    ch_buf_init(&b, 16u << 10);
    ch_ask_scoped_put(&b, &m);
    scoped_answer(h->k, h->k->gateways[0], ch_buf_str(&b));
    ch_buf_done(&b);
    assert_int_equal(sent.m.ask, h->asks);
    return &sent.m;
}

static struct ch_scopes of(const char *name, unsigned actions)
{
    return (struct ch_scopes){1, {{ch_str_of(name), actions}}};
}

/* What the token is for, as it says itself: 0: not for that image. */
static unsigned may(struct house *h, const char *secret, const char *name, unsigned actions)
{
    const struct ch_scoped_reply *m = ask(h, secret, of(name, actions));
    struct ch_public_key *key;
    struct ch_scoped got;
    assert_int_equal(m->outcome, CH_TOKEN_GOOD);
    assert_int_equal(m->http_status, 0);
    assert_ch_ok(&err,
                 ch_public_key_parse(ch_buf_str(&sent.key), &key, &err)); /* as a gateway does */
    struct ch_scoped_check check = {.key = key,
                                    .issuer = CH_STR("https://gw.example.org"),
                                    .now_s = ch_now_unix_us() / 1000000};
    assert_ch_ok(&err, ch_scoped_read(m->token, &check, &got, &err));
    unsigned is = got.may.count > 0 ? got.may.list[0].actions : 0;
    assert_int_equal(m->may.count, got.may.count);
    assert_true(got.may.count == 0 || ch_str_eq(got.may.list[0].name, ch_str_of(name)));
    assert_int_equal(got.token != 0, secret != NULL);
    assert_true(got.ends_at_s - got.begins_at_s <= 300);
    ch_scoped_done(&got);
    ch_public_key_free(key);
    return is;
}

static void what_may_be_had_of_what_was_asked_for(void **state)
{
    (void)state;
    struct house *h = new_house();
    person(h, "ci", "publisher", "apps", "push", "of ci");
    person(h, "anna", "publisher", "apps", "pull", "pulls");
    person(h, "otto", "operator", NULL, "admin", "admin");
    person(h, "vera", "scanner", NULL, "scanner", "scans");
    assert_int_equal(may(h, "of ci", "apps/team/app", CH_SCOPE_ALL), CH_SCOPE_ALL);
    assert_int_equal(may(h, "of ci", "apps/team/app", CH_SCOPE_PULL),
                     CH_SCOPE_PULL);                                    /* no more than that */
    assert_int_equal(may(h, "of ci", "lab/team/app", CH_SCOPE_ALL), 0); /* no right there */
    assert_int_equal(may(h, "of ci", "img/team/app", CH_SCOPE_ALL), CH_SCOPE_PULL); /* as anybody */
    assert_int_equal(may(h, "of ci", "none/team/app", CH_SCOPE_ALL), 0);
    assert_int_equal(may(h, "of ci", "apps", CH_SCOPE_ALL), 0);
    assert_int_equal(may(h, "of ci", "apps/", CH_SCOPE_ALL), 0);
    assert_int_equal(may(h, "of ci", "apps/Team", CH_SCOPE_ALL), 0);
    assert_int_equal(may(h, "of ci", "apps/../lab/x", CH_SCOPE_ALL), 0);
    /* T21: a token for pulling pushes nothing, whatever its owner may */
    assert_int_equal(may(h, "pulls", "apps/team/app", CH_SCOPE_ALL), CH_SCOPE_PULL);
    /* nobody's */
    assert_int_equal(may(h, NULL, "img/team/app", CH_SCOPE_ALL), CH_SCOPE_PULL);
    assert_int_equal(may(h, NULL, "apps/team/app", CH_SCOPE_ALL), 0);
    /* of others, and of nobody known, the answer is the same */
    static const char *const refused[] = {"admin", "scans", "nobody's"};
    for (size_t i = 0; i < CH_ARRAY_LEN(refused); i++) {
        const struct ch_scoped_reply *m = ask(h, refused[i], of("img/team/app", CH_SCOPE_PULL));
        assert_int_equal(m->outcome, CH_TOKEN_REFUSED);
        assert_int_equal(m->token.len + m->may.count, 0);
    }
    done(h);
}

static void what_is_too_much_is_refused_in_words(void **state)
{
    (void)state;
    struct house *h = new_house();
    static char names[CH_SCOPES_MAX][200];
    struct ch_scopes wanted = {.count = CH_SCOPES_MAX};
    for (size_t i = 0; i < CH_SCOPES_MAX; i++) {
        memset(names[i], 'n', sizeof(names[i]) - 1);
        snprintf(names[i], 8, "img/n%02zu", i);
        names[i][7] = 'n';
        wanted.list[i] = (struct ch_scope){{names[i], 140}, CH_SCOPE_PULL};
    }
    const struct ch_scoped_reply *m = ask(h, NULL, wanted);
    assert_int_equal(m->outcome, CH_TOKEN_GOOD);
    if (m->token.len == 0) {
        assert_int_equal(m->http_status, 400);
        assert_true(ch_str_find(m->text, CH_STR("too much is asked for at once"), NULL));
    } else {
        fail_msg("a token of %zu bytes", m->token.len);
    }
    done(h);
}

static char *token_of(struct house *h, const char *secret, const char *name, unsigned actions)
{
    const struct ch_scoped_reply *m = ask(h, secret, of(name, actions));
    assert_int_equal(m->outcome, CH_TOKEN_GOOD);
    return ch_str_dup(m->token);
}

/* What a gateway is told of it. */
static const struct ch_token_reply *look(struct house *h, const char *text)
{
    struct ch_ask_token m = {
        .ask = ++h->asks, .digest = ch_sha256_of(text, strlen(text)), .scoped = ch_str_of(text)};
    struct ch_buf b;
    ch_buf_init(&b, 8u << 10);
    ch_ask_token_put(&b, &m);
    h->token_here = false;
    CH_ASSERT(ch_channel_send(h->gateway, CH_MSG_ASK_TOKEN, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_until(h, &h->token_here);
    assert_int_equal(h->token.ask, h->asks);
    return &h->token;
}

static uint32_t push(struct house *h, const char *text, struct ch_ask_push m)
{
    struct ch_buf b;
    m.ask = ++h->asks;
    m.token = ch_sha256_of(text, strlen(text));
    m.scoped = ch_str_of(text);
    ch_buf_init(&b, ch_message_row(CH_MSG_ASK_PUSH)->max_bytes);
    ch_ask_push_put(&b, &m);
    h->push_here = false;
    CH_ASSERT(ch_channel_send(h->gateway, CH_MSG_ASK_PUSH, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_until(h, &h->push_here);
    assert_int_equal(h->push.ask, h->asks);
    return h->push.http_status;
}

static struct ch_ask_push an_ask(enum ch_push_op op, const char *name, const char *upload)
{
    return (struct ch_ask_push){.op = op,
                                .repository = CH_STR("apps"),
                                .project = ch_str_of(name),
                                .upload = ch_str_of(upload),
                                .offset = UINT64_MAX};
}

static void a_change_needs_it_to_be_for_that(void **state)
{
    (void)state;
    struct house *h = new_house();
    static char digest[] =
        "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    person(h, "ci", "publisher", "apps", "push", "of ci");
    person(h, "anna", "publisher", "apps", "pull", "pulls");
    char *pushes = token_of(h, "of ci", "apps/team/app", PPP);
    char *pulls = token_of(h, "of ci", "apps/team/app", CH_SCOPE_PULL);
    char *annas = token_of(h, "pulls", "apps/team/app", CH_SCOPE_ALL);
    char *nobodys = token_of(h, NULL, "img/team/app", CH_SCOPE_PULL);
    struct ch_ask_push removal = an_ask(CH_PUSH_DELETE_BLOB, "team/app", "");
    removal.reference = ch_str_of(digest);
    assert_int_equal(push(h, pushes, an_ask(CH_PUSH_BEGIN, "team/app", "")), 202);
    assert_int_equal(push(h, pushes, an_ask(CH_PUSH_BEGIN, "team/other", "")), 401);
    assert_int_equal(push(h, pushes, an_ask(CH_PUSH_BEGIN, "team", "")), 401);
    assert_int_equal(push(h, pushes, removal), 401); /* it is not for deleting */
    assert_int_equal(push(h, pulls, an_ask(CH_PUSH_BEGIN, "team/app", "")), 401);
    assert_int_equal(push(h, annas, an_ask(CH_PUSH_BEGIN, "team/app", "")), 401);
    assert_int_equal(push(h, nobodys, an_ask(CH_PUSH_BEGIN, "team/app", "")), 401);
    char *deletes = token_of(h, "of ci", "apps/team/app", CH_SCOPE_DELETE);
    assert_int_equal(push(h, deletes, removal), 404); /* it may, and it is not there */
    assert_int_equal(push(h, deletes, an_ask(CH_PUSH_BEGIN, "team/app", "")), 401);
    /* a conquered gateway changes a byte of it, or names another token's digest beside it */
    pushes[strlen(pushes) / 2] ^= 1;
    assert_int_equal(push(h, pushes, an_ask(CH_PUSH_BEGIN, "team/app", "")), 401);
    free(pushes);
    free(pulls);
    free(annas);
    free(nobodys);
    free(deletes);
    done(h);
}

static void it_ends_with_what_it_stands_for(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct house *h = new_house();
        uint64_t id = person(h, "ci", "publisher", "apps", "push", "of ci");
        struct ch_sha256 key;
        char *text = token_of(h, "of ci", "apps/team/app", PPP);
        const struct ch_token_reply *t = look(h, text);
        assert_int_equal(t->outcome, CH_TOKEN_GOOD);
        assert_str_eq(t->principal, "user:ci");
        assert_true(t->push && !t->audit_read && !t->metrics_read);
        assert_int_equal(push(h, text, an_ask(CH_PUSH_BEGIN, "team/app", "")), 202);
        char upload[CH_UPLOAD_ID_LEN + 1];
        snprintf(upload, sizeof(upload), "%.*s", CH_STR_ARG(h->push.upload));
        uint64_t epoch = keeper_epoch(h->k);
        int keys = sent.keys;
        if (way == 0) { /* the token */
            assert_ch_ok(&err,
                         people_take(h->k, &id, 1, CH_STR("local:0"), CH_STR("it leaked"), &err));
        } else if (way == 1) { /* the key */
            assert_ch_ok(&err, keyring_rotate(h->k, CH_STR(CH_PURPOSE_TOKEN), CH_STR("local:0"),
                                              CH_STR("a test"), &key, &err));
            assert_int_equal(sent.keys, keys + 1);
        } else { /* its time, with that of the token behind it */
            ch_limits.scoped_token_s = 0;
            free(text);
            text = token_of(h, "of ci", "apps/team/app", PPP);
        }
        assert_true(way == 2 || keeper_epoch(h->k) > epoch); /* gateways forget it at once */
        assert_int_equal(look(h, text)->outcome, CH_TOKEN_REFUSED);
        assert_int_equal(push(h, text, an_ask(CH_PUSH_BEGIN, "team/app", "")), 401);
        assert_int_equal(push(h, text, an_ask(CH_PUSH_WRITE, "team/app", upload)), 401);
        assert_int_equal(push(h, text, an_ask(CH_PUSH_CANCEL, "team/app", upload)), 401);
        ch_limits.scoped_token_s = 300;
        free(text);
        done(h);
    }
}

/* A request that takes longer than the token is good for ends well; another one does not begin with
 * it. */
static void what_began_goes_on(void **state)
{
    (void)state;
    struct house *h = new_house();
    uint64_t id = person(h, "ci", "publisher", "apps", "push", "of ci");
    static const char bytes[] = "a layer";
    struct ch_sha256 sha256 = ch_sha256_of(bytes, strlen(bytes));
    char hex[CH_SHA256_HEX + 1], digest[100], upload[CH_UPLOAD_ID_LEN + 1];
    ch_sha256_hex(&sha256, hex);
    snprintf(digest, sizeof(digest), "sha256:%s", hex);
    ch_limits.scoped_token_s = 1;
    char *text = token_of(h, "of ci", "apps/team/app", PPP);
    ch_limits.scoped_token_s = 300;
    assert_int_equal(push(h, text, an_ask(CH_PUSH_BEGIN, "team/app", "")), 202);
    snprintf(upload, sizeof(upload), "%.*s", CH_STR_ARG(h->push.upload));
    assert_int_equal(push(h, text, an_ask(CH_PUSH_WRITE, "team/app", upload)), 202);
    uint64_t writing = h->asks;
    assert_int_equal(write(h->push_fd, bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    close(h->push_fd);
    h->push_fd = -1;
    while (look(h, text)->outcome == CH_TOKEN_GOOD) { /* until its second is over */
    }
    struct ch_ask_push m = an_ask(CH_PUSH_MORE, "team/app", upload);
    m.offset = strlen(bytes);
    assert_int_equal(push(h, text, m), 202);
    m = an_ask(CH_PUSH_WROTE, "team/app", upload);
    m.offset = writing;
    assert_int_equal(push(h, text, m), 202);
    assert_int_equal(push(h, text, an_ask(CH_PUSH_WRITE, "team/app", upload)), 401);
    assert_int_equal(push(h, text, an_ask(CH_PUSH_BEGIN, "team/app", "")), 401);
    m = an_ask(CH_PUSH_FINISH, "team/app", upload);
    m.reference = ch_str_of(digest);
    char *other =
        token_of(h, "of ci", "apps/team/app", CH_SCOPE_PULL); /* of the same person, for less */
    assert_int_equal(push(h, other, m), 401);
    assert_int_equal(push(h, text, m), 201);
    /* by time alone: revoked it goes on no more */
    char *second = token_of(h, "of ci", "apps/team/app", PPP);
    assert_int_equal(push(h, second, an_ask(CH_PUSH_BEGIN, "team/app", "")), 202);
    snprintf(upload, sizeof(upload), "%.*s", CH_STR_ARG(h->push.upload));
    assert_ch_ok(&err, people_take(h->k, &id, 1, CH_STR("local:0"), CH_STR("it leaked"), &err));
    m = an_ask(CH_PUSH_FINISH, "team/app", upload);
    m.reference = ch_str_of(digest);
    assert_int_equal(push(h, second, m), 401);
    free(text);
    free(other);
    free(second);
    done(h);
}

/* T24: from where its token may pull, too, whatever whom it stands for may; else it becomes an
 * upload. */
static void a_mount_needs_both(void **state)
{
    (void)state;
    struct house *h = new_house();
    struct images_image image = {.manifest = "m", .config = "c", .layer = "a layer"};
    person(h, "ci", "publisher", "apps", "push", "of ci");
    give(h, (struct ch_people_row){.kind = CH_PEOPLE_GRANT,
                                   .group = CH_STR("ci"),
                                   .role = CH_STR("reader"),
                                   .repository = CH_STR("img")});
    images_set(h, &image, "1");
    h->asked = "img";
    images_ask(h, &image);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_ask_blob(h, image.layer_digest);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    struct ch_ask_push m = an_ask(CH_PUSH_MOUNT, "team/app", "");
    m.reference = ch_str_of(image.layer_digest);
    m.from = CH_STR("img/" IMAGES_NAME);
    const struct ch_scopes wanted[] = {
        {1, {{CH_STR("apps/team/app"), PPP}}},
        {2, {{CH_STR("apps/team/app"), PPP}, {CH_STR("img/" IMAGES_NAME "x"), CH_SCOPE_PULL}}},
        {2, {{CH_STR("apps/team/app"), PPP}, {CH_STR("img/" IMAGES_NAME), CH_SCOPE_PULL}}},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(wanted); i++) {
        char *text = ch_str_dup(ask(h, "of ci", wanted[i])->token);
        assert_int_equal(push(h, text, m), i < 2 ? 202 : 201);
        free(text);
    }
    done(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_had_of_what_was_asked_for),
        cmocka_unit_test(what_is_too_much_is_refused_in_words),
        cmocka_unit_test(a_change_needs_it_to_be_for_that),
        cmocka_unit_test(it_ends_with_what_it_stands_for),
        cmocka_unit_test(what_began_goes_on),
        cmocka_unit_test(a_mount_needs_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
