/* Exceptions in a whole keeper: asked for, approved, in force, ended; and what a crash or a full disk make
 * of each step. */
#include "exceptions_house.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/timefmt.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/rulings/rulings.h"

enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __real_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row, struct ch_str entry,
                                     const struct ch_log_clear *clear, size_t clear_count,
                                     struct ch_err *err);
enum ch_code __wrap_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row, struct ch_str entry,
                                     const struct ch_log_clear *clear, size_t clear_count,
                                     struct ch_err *err);

static bool fail_commits;
static int fail_log_at; /* 0: never; n: the n-th entry of an exception's group from now */
static struct ch_err err;
static char hex[CH_SHA256_HEX + 1];

enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *e)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, e);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(e, CH_E_FULL, "no space left");
}

enum ch_code __wrap_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row, struct ch_str entry,
                                     const struct ch_log_clear *clear, size_t clear_count, struct ch_err *e)
{
    bool counts = ch_str_eq(row->kind, CH_STR("exception")) || ch_str_eq(row->kind, CH_STR("ruling"));
    if (counts && fail_log_at > 0 && --fail_log_at == 0) {
        return ch_fail(e, CH_E_IO, "the entry could not be stored");
    }
    return __real_ch_store_add_log(s, row, entry, clear, clear_count, e);
}

struct counting {
    const char *kind;
    uint64_t count;
};

static enum ch_code count_one(void *ctx, const struct ch_logged *l, struct ch_err *e)
{
    struct counting *c = ctx;
    (void)e;
    c->count += ch_str_eq(l->row.kind, ch_str_of(c->kind));
    return CH_OK;
}

static uint64_t count_log(struct house *h, const char *kind)
{
    struct counting c = {.kind = kind};
    assert_ch_ok(&err, ch_store_logged(h->k->store, 0, UINT64_MAX, count_one, &c, NULL, &err));
    return c.count;
}

static void page_due(struct house *h)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
}

/* Before any approver is named: asked for and approved in one step, and each says so. */
static void approve_is_an_exception(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    COMMAND(h, 0, false, "approve", "pypi:pkg==1.0", "needed", NULL, &out); /* 30 days, as the policy says */
    assert_says(&out, "(exception 1, ruling 1), now: allow");
    assert_true(is_had(h));
    assert_steps(h, 1, "requested, approved, in force");
    assert_int_equal(count_log(h, "exception"), 3);
    assert_int_equal(count_log(h, "ruling"), 1);
    COMMAND(h, 0, false, "explain", WHEEL, NULL, NULL, &out);
    assert_says(&out, "exception 1 (in force), asked for by local:1000, approved by local:1000, until ");
    assert_says(&out, ": needed\n");
    COMMAND(h, 0, true, "explain", WHEEL, NULL, NULL, &out);
    assert_says(&out, "\"exceptions\":[{\"exception\":1,\"state\":\"in force\"");
    assert_int_equal(0, exceptions_command(h, "show", "1", NULL, &out));
    assert_says(&out, "overrides: cool-down\n");
    assert_says(&out, "approved by local:1000, alone: no approver is named, until ");
    COMMAND(h, 0, true, "exceptions", "list", NULL, NULL, &out);
    assert_says(&out, "[{\"exception\":1,\"state\":\"in force\",\"repository\":\"pypi\",\"environment\":\"prod\","
                      "\"project\":\"pkg\",\"versions\":\"==1.0\",\"overrides\":\"cool-down\"");
    house_restart(h);
    assert_true(is_had(h));
    assert_int_equal(state_of(h, 1), EXCEPTION_STATE_EFFECTIVE);
    COMMAND(h, 2, false, "approve", "pypi:pkg==1.0", "needed", "366d", &out); /* beyond max_days */
    COMMAND(h, 2, false, "approve", "pypi:pkg==1.0", NULL, NULL, &out);
    char wide[340]; /* cut at 255 bytes it would reach 2.0, too */
    snprintf(wide, sizeof(wide), "pypi:pkg>=1.0,!=9.%0260d,<1.1", 1);
    COMMAND(h, 2, false, "approve", wide, "needed", NULL, &out);
    assert_says(&out, "at most 255");
    COMMAND(h, 1, false, "approve", "7", NULL, NULL, &out);
    assert_says(&out, "there is no exception 7");
    COMMAND(h, 1, false, "approve", "1", NULL, NULL, &out);
    assert_says(&out, "exception 1: it is in force");
    ch_buf_done(&out);
    house_free(h);
}

/* Whatever was inspected is decided by it at once: nobody has to ask for the file first. */
static void what_it_lets_pass_is_decided_at_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", "pypi:pkg==1.0", "needed", NULL, &out);
    const struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_int_equal(p->files[0].recorded_verdict, CH_VERDICT_ALLOW);
    COMMAND(h, 0, true, "queue", NULL, NULL, NULL, &out);
    assert_false(says(&out, WHEEL));
    assert_int_equal(0, exceptions_command(h, "revoke", "1", "found out", &out));
    assert_int_equal(p->files[0].recorded_verdict, CH_VERDICT_HOLD);
    COMMAND(h, 0, true, "queue", NULL, NULL, NULL, &out);
    assert_true(says(&out, WHEEL));

    /* a range names no file, and decides on those that were inspected */
    uint64_t decisions = count_log(h, "decision"), signed_of = count_log(h, "attestation");
    COMMAND(h, 0, false, "approve", "pypi:pkg>=1.0", "needed", NULL, &out);
    assert_int_equal(p->files[0].recorded_verdict, CH_VERDICT_ALLOW);
    assert_int_equal(count_log(h, "decision"), decisions + 1);
    assert_int_equal(count_log(h, "attestation"), signed_of + 1);
    COMMAND(h, 0, true, "queue", NULL, NULL, NULL, &out);
    assert_false(says(&out, WHEEL));
    assert_true(is_had(h));
    assert_int_equal(count_log(h, "decision"), decisions + 1);
    ch_buf_done(&out);
    house_free(h);
}

/* T9: it lifts what held the file when it was approved, and nothing that comes up later. */
static void t9_it_lifts_what_it_was_approved_for(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char text[512];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    assert_true(is_had(h));
    snprintf(text, sizeof(text), "status quarantined\n" WHEEL " %s 5 1\n", house_hex("young", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    page_due(h);
    house_ask_page(h, "pkg");
    assert_false(is_had(h));
    assert_str_eq(h->file.refusal.rule, "removed-upstream");
    ch_buf_done(&out);
    house_free(h);
}

/* T9: which projects are listed is the policy's to say, also where a former approval of a range said so. */
static void t9_a_range_lists_nothing(void **state)
{
    (void)state;
    static const char policy[] = "version: 1\nrepositories: {pypi: {mode: allow-list}}\n";
    struct house *h = house_new_with(policy, NULL);
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "clean", 30);
    house_ask_page(h, "pkg");
    COMMAND(h, 0, false, "approve", "pypi:pkg>=1.0", "team", "14d", &out);
    assert_says(&out, "cool-down and licence are lifted");
    struct ch_ruling_row row = {.repository = CH_STR("pypi"),
                                .ecosystem = CH_STR("pypi"),
                                .project = CH_STR("pkg"),
                                .version_spec = CH_STR(">=1.0"),
                                .lifts = 1ull << CH_HOLD_AGE | 1ull << CH_HOLD_NOT_LISTED,
                                .policy = ch_policy_digest(h->k->policy),
                                .reason = CH_STR("team"),
                                .by = CH_STR("local:0"),
                                .at_us = keeper_now_us(h->k),
                                .expires_at_us = keeper_now_us(h->k) + 86400 * 1000000LL};
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "not-listed");
    COMMAND(h, 0, false, "approve", WHEEL, "this one", "14d", &out); /* its bytes somebody may let pass */
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_buf_done(&out);
    house_free(h);
}

/* ------------------------------------------------------------------ what was seen (T8) */

static void t8_what_changed_is_a_conflict(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char token[EXCEPTION_TOKEN], other[EXCEPTION_TOKEN];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "irregular", 1);
    COMMAND(h, 1, false, "approve", WHEEL, "needed", "14d", &out); /* nobody approves findings unseen */
    assert_says(&out, "having read these findings");
    take_token(&out, token);
    assert_ch_ok(&err, house_reload(h, "version: 1\ncool_down_days: 8\n", &err));
    h->evidence = token;
    COMMAND(h, 1, false, "approve", WHEEL, "needed", "14d", &out);
    assert_says(&out, "conflict: the policy is another than when it was shown");
    take_token(&out, other);
    set_wheel(h, "irregular, and other bytes", 1);
    page_due(h);
    house_ask_page(h, "pkg");
    h->evidence = other;
    COMMAND(h, 1, false, "approve", WHEEL, "needed", "14d", &out);
    assert_says(&out, "conflict: the files are others than were shown");
    take_token(&out, token);
    h->evidence = "0123456789abcdef";
    COMMAND(h, 1, false, "approve", WHEEL, "needed", "14d", &out);
    assert_says(&out, "conflict: that is not what --evidence was shown as");
    assert_false(is_had(h));
    h->evidence = token;
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    assert_true(is_had(h));
    /* what was asked for under another policy is shown again before it is approved */
    h->evidence = NULL;
    set_wheel(h, "young", 1);
    page_due(h);
    house_ask_page(h, "pkg");
    uint64_t id = asks(h, "anonymous");
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)id);
    assert_ch_ok(&err, house_reload(h, "version: 1\ncool_down_days: 9\n", &err));
    COMMAND(h, 1, false, "approve", number, NULL, NULL, &out);
    assert_says(&out, "conflict: the policy is another");
    assert_false(is_had(h));
    take_token(&out, token);
    h->evidence = token;
    COMMAND(h, 0, false, "approve", number, NULL, NULL, &out);
    assert_true(is_had(h));
    h->evidence = NULL;
    ch_buf_done(&out);
    house_free(h);
}

/* ------------------------------------------------------------------ what a refusal's page asks */

static void a_page_asks_and_grants_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char id[17];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    snprintf(id, sizeof(id), "%.*s", CH_STR_ARG(h->file.refusal.id));
    house_ask_exception(h, "aaaaaaaaaaaaaaaa", "why", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 404);
    house_ask_refusal(h, id);
    assert_true(h->refusal.may_ask);
    house_ask_exception(h, id, "", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 400);
    house_ask_exception(h, id, "two\nlines", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 400);
    house_ask_exception(h, id, "why", "366d", "192.0.2.1");
    assert_int_equal(h->exception.http_status, 400);
    house_ask_exception(h, id, "why", "yesterday", "192.0.2.1");
    assert_int_equal(h->exception.http_status, 400);
    house_ask_exception(h, id, "why not", "14d", "192.0.2.1");
    assert_int_equal(h->exception.http_status, 201);
    assert_int_equal(h->exception.exception, 1);
    assert_false(is_had(h)); /* T21: it grants nothing */
    house_ask_refusal(h, id);
    assert_false(h->refusal.may_ask);
    assert_true(ch_str_starts(h->refusal.exception, CH_STR("exception 1 is requested, until ")));
    assert_false(ch_str_find(h->refusal.exception, CH_STR("192.0.2.1"), NULL));
    for (int i = 0; i < 4; i++) { /* the same again is the same */
        house_ask_exception(h, id, "me too", NULL, "192.0.2.2");
        assert_int_equal(h->exception.http_status, 200);
        assert_int_equal(h->exception.exception, 1);
    }
    assert_int_equal(exceptions_count(h->k), 1);
    assert_steps(h, 1, "requested");
    assert_int_equal(0, exceptions_command(h, "show", "1", NULL, &out));
    assert_says(&out, "asked for by anonymous, approved by nobody yet");
    assert_says(&out, "asked from: 192.0.2.1");
    COMMAND(h, 0, false, "approve", "1", NULL, NULL, &out);
    assert_true(is_had(h));
    house_ask_exception(h, id, "why", NULL, "192.0.2.3");
    assert_int_equal(h->exception.http_status, 409);
    assert_int_equal(0, exceptions_command(h, "revoke", "1", "not any more", &out));
    COMMAND(h, 0, false, "deny", "pypi:pkg", "malware", NULL, &out);
    house_ask_exception(h, id, "why", NULL, "192.0.2.4");
    assert_int_equal(h->exception.http_status, 403);
    house_ask_refusal(h, id);
    assert_false(h->refusal.may_ask);
    h->second_word = WHEEL;
    COMMAND(h, 1, false, "exceptions", "request", "why", NULL, &out);
    h->second_word = NULL;
    assert_says(&out, "no exception can lift that");
    ch_buf_done(&out);
    house_free(h);
}

/* T14: an address is slowed down, and what is open is bounded. */
static void t14_requests_are_bounded(void **state)
{
    (void)state;
    struct house *h = house_new();
    char id[17];
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    snprintf(id, sizeof(id), "%.*s", CH_STR_ARG(h->file.refusal.id));
    for (uint64_t i = 0; i < ch_limits.exception_asks_burst; i++) {
        house_ask_exception(h, "aaaaaaaaaaaaaaaa", "guessing", NULL, "192.0.2.1");
        assert_int_equal(h->exception.http_status, 404);
    }
    house_ask_exception(h, id, "why", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 429);
    uint64_t keep = ch_limits.exceptions_of_one;
    ch_limits.exceptions_of_one = 0;
    house_ask_exception(h, id, "why", NULL, "192.0.2.2");
    assert_int_equal(h->exception.http_status, 429);
    ch_limits.exceptions_of_one = 1;
    house_ask_exception(h, id, "why", NULL, "192.0.2.2");
    assert_int_equal(h->exception.http_status, 201);
    h->second_word = "pypi:pkg>=2"; /* another principal's */
    COMMAND(h, 0, false, "exceptions", "request", "why", NULL, &out);
    h->second_word = "pypi:pkg>=3";
    COMMAND(h, 1, false, "exceptions", "request", "why", NULL, &out);
    assert_says(&out, "too many exceptions");
    h->second_word = NULL;
    ch_limits.exceptions_of_one = keep;
    uint64_t askers = ch_limits.exception_askers;
    ch_limits.exception_askers = 1;
    assert_ch_code(CH_E_LIMIT,
                   exceptions_join(h->k, 1, CH_STR("user:ann"), CH_STR(""), CH_STR("too"), &err));
    ch_limits.exception_askers = askers;
    ch_buf_done(&out);
    house_free(h);
}

/* ------------------------------------------------------------------ ends */

static void t4_revoking_acts_at_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    assert_true(is_had(h));
    uint64_t epoch = h->epoch.epoch;
    assert_int_equal(2, exceptions_command(h, "revoke", "1", NULL, &out)); /* why? */
    assert_int_equal(0, exceptions_command(h, "revoke", "1", "found out", &out));
    assert_false(house_serves(h, "young"));
    assert_true(h->epoch.epoch > epoch);
    assert_false(is_had(h));
    assert_int_equal(1, exceptions_command(h, "revoke", "1", "again", &out));
    assert_says(&out, "exception 1 is revoked");
    house_restart(h);
    assert_false(is_had(h));
    /* one that cannot be stored acts all the same, until this keeper ends */
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    assert_true(is_had(h));
    house_settle(h);
    fail_commits = true;
    assert_int_equal(1, exceptions_command(h, "revoke", "2", "found out", &out));
    fail_commits = false;
    assert_says(&out, "in force until a restart, but not stored");
    assert_false(house_serves(h, "young"));
    assert_false(is_had(h));
    COMMAND(h, 0, false, "deny", "pypi:else", "loads the rulings anew", NULL, &out);
    assert_false(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

static void rejecting_and_renewing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    house_ask_page(h, "pkg");
    asks(h, "user:ann");
    assert_int_equal(1, exceptions_command(h, "revoke", "1", "why", &out)); /* it is not in force */
    assert_int_equal(1, exceptions_command(h, "renew", "1", "why", &out));
    assert_int_equal(0, exceptions_command(h, "reject", "1", "no need", &out));
    COMMAND(h, 1, false, "approve", "1", NULL, NULL, &out);
    assert_says(&out, "exception 1 is rejected");
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "2d", &out);
    assert_true(is_had(h));
    assert_int_equal(0, exceptions_command(h, "renew", "2", "still needed", &out));
    assert_says(&out, "(exception 3, ruling 2), now: allow");
    assert_int_equal(state_of(h, 2), EXCEPTION_STATE_RENEWED);
    assert_int_equal(state_of(h, 3), EXCEPTION_STATE_EFFECTIVE);
    assert_true(house_serves(h, "young")); /* it was never taken away */
    assert_true(is_had(h));
    house_restart(h);
    assert_true(is_had(h));
    assert_int_equal(0, exceptions_command(h, "revoke", "3", "enough", &out)); /* nothing of 2 is left */
    assert_false(is_had(h));
    h->flag = "all";
    COMMAND(h, 0, true, "exceptions", "list", NULL, NULL, &out);
    h->flag = NULL;
    assert_says(&out, "\"exception\":1,\"state\":\"rejected\"");
    assert_says(&out, "\"exception\":2,\"state\":\"renewed\"");
    assert_says(&out, "\"exception\":3,\"state\":\"revoked\"");
    assert_says(&out, "\"renews\":2");
    ch_buf_done(&out);
    house_free(h);
}

static void t11_it_ends_by_itself(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out, when;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&when, 64);
    set_wheel(h, "young", 1);
    ch_time_put(&when, keeper_now_us(h->k) + 4000000, false);
    ch_buf_putc(&when, '\0');
    COMMAND(h, 0, false, "approve", WHEEL, "for a moment", when.ptr, &out);
    assert_true(is_had(h));
    uint64_t end = ch_now_boot_ms() + 15000;
    while (house_serves(h, "young") && ch_now_boot_ms() < end) {
        house_turn(h, 50);
    }
    assert_false(house_serves(h, "young")); /* nobody had to ask */
    house_settle(h);
    assert_steps(h, 1, "requested, approved, in force, ended");
    assert_int_equal(exceptions_count(h->k), 0);
    assert_int_equal(count_log(h, "exception"), 4);
    assert_false(is_had(h));
    assert_str_eq(h->file.refusal.rule, "cool-down");
    ch_buf_done(&when);
    ch_buf_done(&out);
    house_free(h);
}

#define IN(environment)                                                                             \
    "listen:\n  - {address: '127.0.0.1:8080'}\n"                                                    \
    "upstreams:\n"                                                                                  \
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"    \
    "repositories:\n  - {name: pypi, ecosystem: pypi, environment: " environment ", upstreams: [up]}\n"

/* T23: what was approved for one environment is not for another. */
static void t23_it_ends_with_the_environment(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (int restarted = 0; restarted <= 1; restarted++) {
        struct house *h = house_new_with(NULL, IN("preprod"));
        set_wheel(h, "young", 1);
        COMMAND(h, 0, false, "approve", WHEEL, "to try it", "14d", &out);
        assert_true(is_had(h));
        h->config = IN("prod");
        if (restarted) {
            house_stop(h);
            house_start(h, h->policy, h->config);
        } else {
            assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
        }
        uint64_t open = asks(h, "user:ann"); /* in prod */
        assert_false(is_had(h));
        assert_false(house_serves(h, "young"));
        assert_str_eq(h->file.refusal.rule, "cool-down");
        house_settle(h);
        assert_steps(h, 1, "requested, approved, in force, ended");
        assert_int_equal(count_log(h, "ruling-end"), 1);
        assert_int_equal(0, exceptions_command(h, "show", "1", NULL, &out));
        assert_says(&out, "ended by configuration: the repository is of another environment now");
        assert_int_equal(state_of(h, open), EXCEPTION_STATE_OPEN);
        h->config = IN("preprod"); /* ended is ended */
        assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
        assert_false(is_had(h));
        assert_steps(h, open, "requested, ended"); /* what waited for an answer, too */
        house_restart(h);
        assert_false(is_had(h));
        house_free(h);
    }
    ch_buf_done(&out);
}

/* It counts no more though its end cannot be stored. */
static void t23_an_end_that_cannot_be_stored_is_one(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    struct house *h = house_new_with(NULL, IN("preprod"));
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "to try it", "14d", &out);
    assert_true(is_had(h));
    house_settle(h);
    fail_commits = true;
    h->config = IN("prod");
    CH_IGNORE(house_reload(h, "version: 1\n", &err) != CH_OK);
    assert_false(house_serves(h, "young"));
    fail_commits = false;
    assert_false(is_had(h));
    exceptions_settle(h->k); /* as the next tick does */
    assert_steps(h, 1, "requested, approved, in force, ended");
    ch_buf_done(&out);
    house_free(h);
}

/* Ended while no keeper ran: the next one says so. */
static void what_ended_meanwhile_is_settled(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "young", 1);
    house_ask_page(h, "pkg");
    struct exception_shown nothing = {.policy = ch_policy_digest(h->k->policy)};
    struct ch_exception_row row = {.repository = CH_STR("pypi"), .project = CH_STR("pkg"),
                                   .file_name = CH_STR(WHEEL), .requester = CH_STR("user:ann"),
                                   .at_us = keeper_now_us(h->k) - 2000000,
                                   .expires_at_us = keeper_now_us(h->k) - 1000000};
    assert_ch_ok(&err, exceptions_ask(h->k, &row, &nothing, &err));
    assert_int_equal(state_of(h, row.id), EXCEPTION_STATE_ENDED);
    house_restart(h);
    exceptions_settle(h->k);
    assert_steps(h, row.id, "requested, ended");
    house_free(h);
}

/* ------------------------------------------------------------------ all of it or nothing (T4) */

static void t4_what_cannot_be_stored_or_logged_is_not_in_force(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (int at = 0; at <= 4; at++) { /* the commit, then each entry: requested, approved, ruling, in force */
        struct house *h = house_new();
        set_wheel(h, "young", 1);
        house_ask_page(h, "pkg");
        struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
        CH_ASSERT(intake_want(h->k, p, 0, false, NULL) != NULL);
        house_settle(h);
        fail_commits = at == 0;
        fail_log_at = at;
        COMMAND(h, 1, false, "approve", WHEEL, "needed", "14d", &out);
        fail_commits = false;
        assert_int_equal(fail_log_at, 0);
        assert_false(is_had(h));
        assert_false(house_serves(h, "young"));
        assert_int_equal(exceptions_count(h->k), 0);
        house_settle(h);
        assert_int_equal(count_log(h, "exception"), 0);
        assert_int_equal(count_log(h, "ruling"), 0);
        house_restart(h);
        assert_int_equal(exceptions_count(h->k), 0);
        assert_false(is_had(h));
        COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out); /* and it can be tried again */
        assert_true(is_had(h));
        house_free(h);
    }
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(approve_is_an_exception),
        cmocka_unit_test(what_it_lets_pass_is_decided_at_once),
        cmocka_unit_test(t9_it_lifts_what_it_was_approved_for),
        cmocka_unit_test(t9_a_range_lists_nothing),
        cmocka_unit_test(t8_what_changed_is_a_conflict),
        cmocka_unit_test(a_page_asks_and_grants_nothing),
        cmocka_unit_test(t14_requests_are_bounded),
        cmocka_unit_test(t4_revoking_acts_at_once),
        cmocka_unit_test(rejecting_and_renewing),
        cmocka_unit_test(t11_it_ends_by_itself),
        cmocka_unit_test(t23_it_ends_with_the_environment),
        cmocka_unit_test(t23_an_end_that_cannot_be_stored_is_one),
        cmocka_unit_test(what_ended_meanwhile_is_settled),
        cmocka_unit_test(t4_what_cannot_be_stored_or_logged_is_not_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
