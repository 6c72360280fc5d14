/* What the gateways are told about tokens, and who is recorded. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "db/log/bundle.h"
#include "db/keeper/people/people.h"
#include "db/keeper/people/tokens.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"

static struct ch_err err;

static const char CONFIG[] =
    "listen:\n  - {address: '127.0.0.1:8080'}\n"
    "upstreams:\n"
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"
    "repositories:\n"
    "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"
    "  - {name: lab, ecosystem: pypi, environment: preprod, upstreams: [up]}\n";

static uint64_t give(struct house *h, struct ch_people_row row)
{
    row.by = CH_STR("local:0");
    row.at_us = ch_now_unix_us();
    row.ended_at_us = CH_TIME_UNKNOWN;
    assert_ch_ok(&err, people_give(h->k, &row, 1, &err));
    return row.id;
}

static void person(struct house *h, const char *name)
{
    give(h, (struct ch_people_row){.kind = CH_PEOPLE_PERSON, .person = ch_str_of(name)});
}

static void member(struct house *h, const char *name, const char *role, const char *repository,
                   const char *environment)
{
    char group[80];
    snprintf(group, sizeof(group), "%s-%s", name, role);
    give(h, (struct ch_people_row){
                .kind = CH_PEOPLE_MEMBER, .group = ch_str_of(group), .person = ch_str_of(name)});
    give(h, (struct ch_people_row){.kind = CH_PEOPLE_GRANT,
                                   .group = ch_str_of(group),
                                   .role = ch_str_of(role),
                                   .repository = ch_str_of(repository),
                                   .environment = ch_str_of(environment)});
}

static uint64_t token(struct house *h, const char *name, const char *audience, const char *secret,
                      int64_t expires_in_us)
{
    return give(h, (struct ch_people_row){.kind = CH_PEOPLE_TOKEN,
                                          .person = ch_str_of(name),
                                          .audience = ch_str_of(audience),
                                          .label = CH_STR("test"),
                                          .sha256 = ch_sha256_of(secret, strlen(secret)),
                                          .expires_at_us = ch_now_unix_us() + expires_in_us});
}

static const struct ch_token_reply *ask(struct house *h, const char *secret)
{
    struct ch_sha256 digest = ch_sha256_of(secret, strlen(secret));
    house_ask_token(h, &digest);
    return &h->token;
}

/* Everything but the number of the ask is as in any other refusal. */
static void assert_refused(const struct ch_token_reply *t)
{
    assert_int_equal(t->outcome, CH_TOKEN_REFUSED);
    assert_int_equal(t->principal.len + t->pull.count, 0);
    assert_int_equal(t->epoch, 0);
    assert_int_equal(t->not_after_boot_ms, 0);
    assert_false(t->audit_read || t->metrics_read);
}

#define HOUR (3600 * 1000000LL)

static void a_token_is_its_principals_rights(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, CONFIG);
    person(h, "anna");
    member(h, "anna", "reader", "lab", NULL);
    person(h, "otto");
    member(h, "otto", "auditor", NULL, NULL);
    person(h, "uta");
    member(h, "uta", "reader", NULL, "prod");
    token(h, "anna", "pull", "of anna", HOUR);
    token(h, "otto", "pull", "of otto", HOUR);
    token(h, "uta", "pull", "of uta", HOUR);
    const struct ch_token_reply *t = ask(h, "of anna");
    assert_int_equal(t->outcome, CH_TOKEN_GOOD);
    assert_str_eq(t->principal, "user:anna");
    assert_int_equal(t->pull.count, 1);
    assert_str_eq(t->pull.name[0], "lab");
    assert_false(t->audit_read || t->metrics_read);
    assert_int_equal(t->epoch, keeper_epoch(h->k));
    assert_true(t->not_after_boot_ms > ch_now_boot_ms() + ch_limits.token_fresh_ms - 10000 &&
                t->not_after_boot_ms <= ch_now_boot_ms() + ch_limits.token_fresh_ms);
    t = ask(h, "of otto"); /* what its owner may read there, it may; but nothing to install */
    assert_int_equal(t->outcome, CH_TOKEN_GOOD);
    assert_int_equal(t->pull.count, 0);
    assert_true(t->audit_read && t->metrics_read);
    t = ask(h, "of uta"); /* by environment */
    assert_int_equal(t->pull.count, 1);
    assert_str_eq(t->pull.name[0], "pypi");
    house_restart(h);
    assert_str_eq(ask(h, "of anna")->principal, "user:anna");
    house_free(h);
}

/* Clients of registries have one token for a host: what is pushed is built on what is there. */
static void a_token_for_pushing_pulls_and_reads_nothing_else(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, CONFIG);
    person(h, "ci");
    member(h, "ci", "publisher", "lab", NULL);
    member(h, "ci", "auditor", NULL, NULL);
    token(h, "ci", "push", "for pushing", HOUR);
    token(h, "ci", "pull", "for pulling", HOUR);
    const struct ch_token_reply *t = ask(h, "for pushing");
    assert_int_equal(t->outcome, CH_TOKEN_GOOD);
    assert_str_eq(t->principal, "user:ci");
    assert_true(t->push);
    assert_int_equal(t->pull.count, 1);
    assert_str_eq(t->pull.name[0], "lab");
    assert_false(t->audit_read || t->metrics_read);
    t = ask(h, "for pulling");
    assert_int_equal(t->pull.count, 1);
    assert_false(t->push);
    house_free(h);
}

/* T21: a token for administration never opens anything on this channel; what is wrong with a token
 * is nothing that its bearer could tell. */
static void T21_other_tokens_are_as_unknown(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, CONFIG);
    person(h, "anna");
    member(h, "anna", "approver", NULL, NULL);
    token(h, "anna", "admin", "admin", HOUR);
    assert_refused(ask(h, "admin"));
    token(h, "anna", "scanner", "scanner", HOUR); /* the gateway has it open /acr/ alone */
    const struct ch_token_reply *scans = ask(h, "scanner");
    assert_int_equal(scans->outcome, CH_TOKEN_GOOD);
    assert_true(scans->scans);
    assert_false(scans->push || scans->audit_read || scans->metrics_read);
    assert_int_equal(scans->pull.count, 0);
    assert_refused(ask(h, "never given"));
    token(h, "anna", "pull", "short", 200000);
    const struct ch_token_reply *t = ask(h, "short");
    assert_int_equal(t->outcome, CH_TOKEN_GOOD);
    assert_true(t->not_after_boot_ms <= ch_now_boot_ms() + 200); /* its own end */
    uint64_t end = ch_now_boot_ms() + 250;
    while (ch_now_boot_ms() < end) {
        house_turn(h, 20);
    }
    assert_refused(ask(h, "short"));
    uint64_t id = token(h, "anna", "pull", "revoked", HOUR);
    assert_int_equal(ask(h, "revoked")->outcome, CH_TOKEN_GOOD);
    uint64_t epoch = keeper_epoch(h->k);
    assert_ch_ok(&err, people_take(h->k, &id, 1, CH_STR("local:0"), CH_STR("lost"), &err));
    assert_true(keeper_epoch(h->k) > epoch); /* gateways forget what they knew */
    assert_refused(ask(h, "revoked"));
    house_free(h);
}

static enum ch_code sign_in_one(void *ctx, const struct ch_sign_in_row *row, struct ch_err *e)
{
    (void)e;
    ch_buf_printf(ctx, "%.*s %.*s %llu;", CH_STR_ARG(row->principal), CH_STR_ARG(row->why),
                  (unsigned long long)row->times);
    return CH_OK;
}

/* What the processes counted, by whose it was and what was wrong with it, which they do not know. */
static void failed_sign_ins_have_their_cause(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, CONFIG);
    struct ch_buf m, all;
    person(h, "anna");
    token(h, "anna", "pull", "good", HOUR);
    token(h, "anna", "admin", "for administration", HOUR);
    token(h, "anna", "pull", "short", 1);
    uint64_t id = token(h, "anna", "pull", "revoked", HOUR);
    assert_ch_ok(&err, people_take(h->k, &id, 1, CH_STR("local:0"), CH_STR("lost"), &err));
    static const struct {
        const char *secret;
        enum ch_sign_in_fault fault;
        uint32_t times;
    } rows[] = {
        {"never given", CH_SIGN_IN_REFUSED, 1},
        {"revoked", CH_SIGN_IN_REFUSED, 20},
        {"short", CH_SIGN_IN_UNANSWERED, 300},
        {"for administration", CH_SIGN_IN_REFUSED, 4000},
        {"good", CH_SIGN_IN_UNANSWERED, 50000}, /* who has left does not count, if it was good */
        {NULL, CH_SIGN_IN_MALFORMED, 600000},
        {NULL, CH_SIGN_IN_NOT_TRIED, 7000000},
        {NULL, CH_SIGN_IN_REFUSED, 80000000}, /* of many */
    };
    ch_buf_init(&m, ch_message_row(CH_MSG_SIGN_INS)->max_bytes);
    ch_buf_init(&all, 65536);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_sign_ins s = {.fault = rows[i].fault,
                                .address = CH_STR("192.0.2.1"),
                                .path = CH_STR("/"),
                                .times = rows[i].times};
        if (rows[i].secret != NULL) {
            s.digest = ch_sha256_of(rows[i].secret, strlen(rows[i].secret));
        }
        ch_sign_ins_put(&m, &s);
    }
    assert_true(ch_channel_send(h->gateway, CH_MSG_SIGN_INS, ch_buf_str(&m), NULL, 0));
    house_settle(h);
    assert_ch_ok(&err,
                 ch_store_sign_ins_before(h->k->store, INT64_MAX, sign_in_one, &all, &err));
    assert_str_eq(ch_buf_str(&all),
                  " malformed 600000; refused 80000000; too-many 7000000; unknown 1;"
                  "user:anna audience 4000;user:anna expired 300;user:anna revoked 20;");
    ch_buf_clear(&all); /* for the other process it is the other audience */
    tokens_failed(h->k, CH_ROLE_ADMIN, ch_buf_str(&m));
    assert_ch_ok(&err,
                 ch_store_sign_ins_before(h->k->store, INT64_MAX, sign_in_one, &all, &err));
    assert_true(ch_str_find(ch_buf_str(&all), CH_STR("user:anna audience 50000;"), NULL));
    ch_buf_done(&m);
    ch_buf_done(&all);
    house_free(h);
}

static enum ch_code add_up(void *ctx, const struct ch_sign_in_row *row, struct ch_err *e)
{
    uint64_t *sums = ctx; /* all, and those that nobody looked at */
    (void)e;
    sums[0] += row->times;
    sums[1] += ch_str_eq(row->why, CH_STR("too-many")) ? row->times : 0;
    return CH_OK;
}

/* A process that says more rows than ours ever do costs no more than they, and its counts are kept.
 */
static void more_rows_than_ours_are_one(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, CONFIG);
    struct ch_buf m;
    uint64_t sums[2] = {0};
    ch_buf_init(&m, ch_message_row(CH_MSG_SIGN_INS)->max_bytes);
    for (uint32_t i = 0; i < 2000; i++) {
        struct ch_sign_ins s = {
            .fault = CH_SIGN_IN_REFUSED, .address = CH_STR("192.0.2.1"), .times = 3};
        s.digest = ch_sha256_of(&i, sizeof(i));
        ch_sign_ins_put(&m, &s);
    }
    tokens_failed(h->k, CH_ROLE_GATEWAY, ch_buf_str(&m));
    assert_ch_ok(&err, ch_store_sign_ins_before(h->k->store, INT64_MAX, add_up, sums, &err));
    assert_int_equal(sums[0], 6000);
    assert_int_equal(sums[1], 3 * (2000 - (ch_limits.sign_in_rows + CH_SIGN_IN_UNANSWERED + 1)));
    ch_buf_done(&m);
    house_free(h);
}

static void served_one(void *ctx, const struct ch_served_row *row)
{
    ch_buf_printf(ctx, "%.*s@%.*s %llu;", CH_STR_ARG(row->principal), CH_STR_ARG(row->address),
                  (unsigned long long)row->times);
}

static void who_got_what(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, CONFIG);
    struct ch_sha256 sha256 = ch_sha256_of("bytes", 5);
    struct ch_buf out;
    ch_buf_init(&out, 65536);
    h->principal = "user:anna";
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.1");
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.1");
    h->principal = "anonymous";
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.1");
    assert_ch_ok(&err, ch_store_served(h->k->store, &sha256, (struct ch_str){NULL, 0},
                                       (struct ch_str){NULL, 0}, served_one, &out, &err));
    assert_str_eq(ch_buf_str(&out), "anonymous@192.0.2.1 1;user:anna@192.0.2.1 2;");
    ch_buf_clear(&out);
    h->repository = "pypi"; /* both have such a file */
    if (house_command(h, false, "fetched-by", WHEEL, NULL, NULL, &out) != 0) {
        fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
    }
    if (!ch_str_find(ch_buf_str(&out), CH_STR("user:anna from 192.0.2.1  "), NULL)) {
        fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
    }
    ch_buf_done(&out);
    house_free(h);
}

static void until_written(struct house *h)
{
    struct audit_state s;
    uint64_t end = ch_now_boot_ms() + 10000;
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
        if (ch_now_boot_ms() > end) {
            fail_msg("the log was not written within ten seconds: %s", s.trouble);
        }
    } while (s.written < s.next || ch_store_in_group(h->k->store));
}

/* The gateway's word that somebody may read is not enough: the token is looked at again (T21). */
static void T21_entries_are_for_who_may_read_them(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, CONFIG);
    person(h, "otto");
    member(h, "otto", "auditor", NULL, NULL);
    person(h, "anna");
    member(h, "anna", "reader", NULL, NULL);
    token(h, "otto", "pull", "of otto", HOUR);
    token(h, "anna", "pull", "of anna", HOUR);
    token(h, "otto", "admin", "of otto, for administration", HOUR);
    until_written(h);
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_ENTRIES, .width = 2};
    static const struct {
        const char *secret;
        uint32_t status;
    } rows[] = {{"of anna", 404},
                {"of otto, for administration", 401},
                {"nobody's", 401},
                {"of otto", 200}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        ask.token = ch_sha256_of(rows[i].secret, strlen(rows[i].secret));
        house_ask_document(h, &ask);
        if (h->document.http_status != rows[i].status) {
            fail_msg("%s: %u", rows[i].secret, h->document.http_status);
        }
        assert_int_equal(h->document_bytes.len > 0, rows[i].status == 200);
    }
    struct ch_str rest = ch_buf_str(&h->document_bytes), entry;
    assert_true(ch_bundle_next(&rest, &entry));
    assert_true(ch_str_find(entry, CH_STR("\"kind\":\"genesis\""), NULL));
    assert_true(ch_bundle_next(&rest, &entry));
    assert_int_equal(rest.len, 0);
    static const struct {
        uint64_t number;
        uint32_t width;
    } none[] = {{0, 0}, {0, 257}, {0, 256}, {1, 1}, {UINT64_MAX, 1}};
    for (size_t i = 0; i < CH_ARRAY_LEN(none); i++) {
        ask.number = none[i].number;
        ask.width = none[i].width;
        house_ask_document(h, &ask);
        assert_int_equal(h->document.http_status, 404);
    }
    house_free(h);
}

/* What statements name by its digest. One text decides on all repositories: who may read it for one reads it. */
static void a_policy_is_for_who_may_read_it(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, CONFIG);
    person(h, "rita");
    member(h, "rita", "reviewer", "pypi", NULL);
    person(h, "anna");
    member(h, "anna", "reader", NULL, NULL);
    token(h, "rita", "pull", "of rita", HOUR);
    token(h, "anna", "pull", "of anna", HOUR);
    token(h, "rita", "push", "of rita, for pushing", HOUR);
    struct ch_sha256 before = ch_policy_digest(h->k->policy);
    assert_ch_ok(&err, house_reload(h, "version: 1\ncool_down_days: 3\n", &err));
    struct ch_sha256 now = ch_policy_digest(h->k->policy);
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_POLICY};
    static const struct {
        const char *secret;
        uint32_t status;
    } rows[] = {{"of anna", 403}, {"of rita, for pushing", 401}, {"nobody's", 401}, {"of rita", 200}};
    for (int former = 0; former < 2; former++) {
        ask.sha256 = former ? before : now;
        for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
            ask.token = ch_sha256_of(rows[i].secret, strlen(rows[i].secret));
            house_ask_document(h, &ask);
            if (h->document.http_status != rows[i].status) {
                fail_msg("%s: %u", rows[i].secret, h->document.http_status);
            }
            assert_int_equal(h->document_bytes.len > 0, rows[i].status == 200);
        }
        struct ch_sha256 of = ch_sha256_of(h->document_bytes.ptr, h->document_bytes.len);
        assert_true(ch_sha256_eq(&of, &ask.sha256));
    }
    ask.sha256 = ch_sha256_of("", 0);
    house_ask_document(h, &ask);
    assert_int_equal(h->document.http_status, 404);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_its_principals_rights),
        cmocka_unit_test(a_token_for_pushing_pulls_and_reads_nothing_else),
        cmocka_unit_test(T21_other_tokens_are_as_unknown),
        cmocka_unit_test(failed_sign_ins_have_their_cause),
        cmocka_unit_test(more_rows_than_ours_are_one),
        cmocka_unit_test(who_got_what),
        cmocka_unit_test(T21_entries_are_for_who_may_read_them),
        cmocka_unit_test(a_policy_is_for_who_may_read_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
