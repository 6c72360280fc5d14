/* What the audit log has of persons: that they are, hidden (T26), and their sign-ins that failed. */
#include "house.h"
#include "log_seen.h"

#include <stdio.h>

#include "db/keeper/audit/audit_int.h"
#include "customhouse/limits.h"
#include "db/people/people.h"

static struct ch_err err;

/* T26: neither persons nor their names of groups, and never a token or its hash. */
static void people_are_entered_hidden(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out, entry;
    struct ch_sha256 digest;
    char token_hex[CH_SHA256_HEX + 1];
    uint64_t at = 0;
    int64_t number = 0;
    bool service = true;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    assert_int_equal(house_run(h, "user add alice --name=Wonderland --uid=2001", &out), 0);
    assert_int_equal(house_run(h, "token add --user=alice --audience=pull --label=tea-party", &out),
                     0);
    assert_true(token_digest(ch_str_sub(ch_buf_str(&out), 0, TOKEN_LEN), &digest));
    ch_sha256_hex(&digest, token_hex);
    assert_int_equal(
        house_run(h, "group add falcons alice --role=approver --repository=pypi", &out), 0);
    log_until_written(h);

    struct ch_log_entry_fields f = log_newest(h, "person", &entry, &at);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "alice");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "Wonderland");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "local:1000");
    assert_true(ch_log_entry_get_bool(&f, "service", &service) && !service);
    f = log_newest(h, "uid", &entry, &at);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "alice");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "2001");
    f = log_newest(h, "member", &entry, &at);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "alice");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "falcons");
    f = log_newest(h, "grant", &entry, &at);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "falcons");
    assert_field(&f, "role", "approver");
    assert_field(&f, "repository", "pypi");
    f = log_newest(h, "token", &entry, &at);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "alice");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "tea-party");
    assert_field(&f, "audience", "pull");
    assert_true(ch_log_entry_get_int(&f, "expires_us", &number));
    assert_false(ch_str_find(ch_buf_str(&entry), ch_str_of(token_hex), NULL));
    assert_false(ch_str_find(ch_buf_str(&entry), CH_STR(TOKEN_PREFIX), NULL));

    h->uid = 2001;
    h->stranger = true;
    assert_int_equal(house_run(h, "group revoke falcons alice --reason=off-with-her", &out), 0);
    log_until_written(h);
    f = log_newest(h, "people-end", &entry, &at);
    assert_field(&f, "of", "member");
    assert_false(ch_str_find(ch_buf_str(&entry), CH_STR("alice"), NULL));
    assert_int_equal(log_hidden(h, at, &f, "alice"), 2); /* who it was about, and who did it */
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "falcons");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "off-with-her");
    ch_buf_done(&out);
    ch_buf_done(&entry);
    house_free(h);
}

static void failed_sign_ins_are_entered_by_the_minute(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf entry;
    int64_t times = 0;
    uint64_t at = 0;
    ch_buf_init(&entry, CH_ENTRY_MAX);
    struct ch_sign_in_row row = {.principal = CH_STR("user:bob"),
                                 .address = CH_STR("192.0.2.77"),
                                 .via = CH_STR("gateway"),
                                 .path = CH_STR("/pypi/simple/pkg/"),
                                 .why = CH_STR("expired"),
                                 .times = 3};
    int64_t minute = keeper_now_us(h->k) / 60000000;
    assert_ch_ok(&err, audit_sign_ins_failed(h->k, row, &err));
    assert_ch_ok(&err, audit_sign_ins(h->k, minute - 1, &err)); /* it is not over yet */
    log_until_written(h);
    struct ch_buf all = log_kinds(h);
    assert_false(ch_str_find(ch_buf_str(&all), CH_STR("sign-in-failed"), NULL));
    ch_buf_done(&all);
    house_restart(h);
    assert_ch_ok(&err, audit_sign_ins(h->k, minute + 2, &err));
    log_until_written(h);
    struct ch_log_entry_fields f = log_newest(h, "sign-in-failed", &entry, &at);
    assert_true(ch_log_entry_get_int(&f, "times", &times));
    assert_int_equal(times, 3);
    assert_field(&f, "why", "expired");
    assert_field(&f, "via", "gateway");
    assert_true(ch_log_entry_get(&f, "others").ptr == NULL);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "user:bob");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "192.0.2.77");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "/pypi/simple/pkg/");
    assert_ch_ok(&err, audit_sign_ins(h->k, minute + 3, &err)); /* once */
    log_until_written(h);
    uint64_t again = 0;
    log_newest(h, "sign-in-failed", &entry, &again);
    assert_int_equal(again, at);
    ch_buf_done(&entry);
    house_free(h);
}

static enum ch_code add_up(void *ctx, const struct ch_sign_in_row *row, struct ch_err *e)
{
    uint64_t *sums = ctx; /* rows, all, of bob, of bob by no path */
    bool bob = ch_str_eq(row->principal, CH_STR("user:bob"));
    (void)e;
    sums[0]++;
    sums[1] += row->times;
    sums[2] += bob ? row->times : 0;
    sums[3] += bob && row->path.len == 0 ? row->times : 0;
    return CH_OK;
}

/* Whatever strangers do: the rows have an end, the counts are true, and whose token it was is told.
 */
static void failed_sign_ins_are_bounded(void **state)
{
    (void)state;
    struct house *h = house_new();
    uint64_t sums[4] = {0};
    char address[32], path[32];
    struct ch_sign_in_row row = {
        .via = CH_STR("gateway"), .why = CH_STR("unknown"), .path = CH_STR("/"), .times = 1};
    for (int i = 0; i < 1000; i++) {
        snprintf(address, sizeof(address), "192.0.2.%d", i);
        row.address = ch_str_of(address);
        assert_ch_ok(&err, audit_sign_ins_failed(h->k, row, &err));
    }
    row.principal = CH_STR("user:bob");
    row.why = CH_STR("revoked");
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof(path), "/%d", i);
        row.path = ch_str_of(path);
        assert_ch_ok(&err, audit_sign_ins_failed(h->k, row, &err));
    }
    assert_ch_ok(&err, ch_store_sign_ins_before(h->k->store, INT64_MAX, add_up, sums, &err));
    /* the clock may have begun another minute on the way */
    assert_true(sums[0] <= 2 * (ch_limits.sign_in_rows + 2));
    assert_int_equal(sums[1], 2000);
    assert_int_equal(sums[2], 1000);
    assert_true(sums[3] >= 1000 - 2 * ch_limits.sign_in_rows_of_one);
    house_free(h);
}

/* --- refused commands --- */

struct refusals {
    uint64_t rows, times, of_many; /* all; in rows that say no more what was refused */
    struct ch_buf text;
};

static enum ch_code gather_command(void *ctx, const struct ch_command_refusal_row *row,
                                   struct ch_err *e)
{
    struct refusals *r = ctx;
    (void)e;
    r->rows++;
    r->times += row->times;
    r->of_many += row->why.len == 0 ? row->times : 0;
    ch_buf_printf(&r->text, "%.*s %.*s: %.*s (%.*s): %.*s\n", CH_STR_ARG(row->principal),
                  CH_STR_ARG(row->via), CH_STR_ARG(row->command), CH_STR_ARG(row->what),
                  CH_STR_ARG(row->why));
    return CH_OK;
}

static struct refusals refusals_of(struct house *h)
{
    struct refusals r = {.rows = 0};
    ch_buf_init(&r.text, 1u << 20);
    assert_ch_ok(
        &err, ch_store_command_refusals_before(h->k->store, INT64_MAX, gather_command, &r, &err));
    return r;
}

static void refused_commands_are_entered(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out, entry;
    int64_t times = 0;
    uint64_t at = 0;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    assert_int_equal(house_run(h, "user add alice --uid=2001", &out), 0);
    assert_int_equal(house_run(h, "user add bob --uid=2002", &out), 0);
    assert_int_equal(house_run(h, "group add approvers alice --role=approver", &out), 0);
    h->uid = 2002;
    h->stranger = true;
    assert_int_equal(house_run(h, "exceptions approve 7", &out), 1);
    assert_int_equal(house_run(h, "group add approvers bob", &out), 1);
    assert_int_equal(house_run(h, "explain pkg", &out), 1); /* no right to see any */
    h->uid = 2001;
    assert_int_equal(house_run(h, "exceptions approve 7", &out),
                     1); /* not there: it may, and cannot */
    assert_int_equal(house_run(h, "exceptions show 7", &out),
                     1); /* only looks: nothing was refused */
    assert_int_equal(house_run(h, "exceptions approve", &out), 2); /* said wrongly: neither */
    struct refusals r = refusals_of(h);
    assert_int_equal(r.of_many, 0);
    static const char *const rows[] = {
        "user:bob socket: exceptions approve (7): ",
        "user:bob socket: group add (approvers bob): it needs people.admin\n",
        "user:bob socket: explain (pkg): it needs queue.read\n",
        "user:alice socket: exceptions approve (7): ",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (!ch_str_find(ch_buf_str(&r.text), ch_str_of(rows[i]), NULL)) {
            fail_msg("no \"%s\" in\n%.*s", rows[i], CH_STR_ARG(ch_buf_str(&r.text)));
        }
    }
    assert_int_equal(r.rows, CH_ARRAY_LEN(rows));
    ch_buf_done(&r.text);
    house_restart(h); /* what was counted outlives the keeper */
    int64_t minute = keeper_now_us(h->k) / 60000000;
    assert_ch_ok(&err, audit_command_refusals(h->k, minute + 2, &err));
    log_until_written(h);
    struct ch_log_entry_fields f = log_newest(h, "command-refused", &entry, &at);
    assert_field(&f, "command", "group add"); /* the last of its order */
    assert_field(&f, "via", "socket");
    assert_true(ch_log_entry_get_int(&f, "times", &times));
    assert_int_equal(times, 1);
    assert_true(ch_log_entry_get(&f, "others").ptr == NULL);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "user:bob");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "approvers bob");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "it needs people.admin");
    r = refusals_of(h);
    assert_int_equal(r.rows, 0); /* once */
    ch_buf_done(&r.text);
    ch_buf_done(&out);
    ch_buf_done(&entry);
    house_free(h);
}

/* Neither a token of ours nor what signs in somewhere else, wherever it was pasted from. */
static void secrets_are_not_entered(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_run(h, "user add bob --uid=2002", &out), 0);
    h->uid = 2002;
    h->stranger = true;
    assert_int_equal(
        house_run(h, "deny https://ann:word@host.example/pkg-1.0.tar.gz --reason=x", &out), 1);
    assert_int_equal(
        house_run(h, "deny https://x:chp%5f0123456789abcdef@host.example/pkg-1.0.tar.gz --reason=x",
                  &out),
        2);
    struct refusals r = refusals_of(h);
    assert_int_equal(r.rows, 1);
    assert_true(ch_str_find(ch_buf_str(&r.text),
                            CH_STR("deny (https://host.example/pkg-1.0.tar.gz): "), NULL));
    assert_false(ch_str_find(ch_buf_str(&r.text), CH_STR("word"), NULL));
    ch_buf_done(&r.text);
    ch_buf_done(&out);
    house_free(h);
}

/* Whoever tries all there is fills no log, and hides no other; not one try is left out. */
static void refused_commands_are_bounded(void **state)
{
    (void)state;
    struct house *h = house_new();
    char what[32];
    struct ch_command_refusal_row row = {.via = CH_STR("admin"),
                                         .command = CH_STR("approve"),
                                         .why = CH_STR("it needs exception.approve")};
    for (int i = 0; i < 3000; i++) {
        snprintf(what, sizeof(what), "pkg==%d", i);
        row.what = ch_str_of(what);
        row.principal = i == 2999 ? CH_STR("user:ann") : CH_STR("user:bob");
        assert_ch_ok(&err, audit_command_refused(h->k, row, &err));
    }
    struct refusals r = refusals_of(h);
    assert_int_equal(r.times, 3000);
    /* the clock may have begun another minute on the way */
    assert_true(r.rows <= 2 * (ch_limits.refusal_rows_of_one + 1) + 1);
    assert_true(r.of_many >= 2999 - 2 * ch_limits.refusal_rows_of_one);
    assert_true(
        ch_str_find(ch_buf_str(&r.text), CH_STR("user:ann admin: approve (pkg==2999)"), NULL));
    ch_buf_done(&r.text);
    house_free(h);
}

/* What stands behind a command's name is anybody's word, too. */
static void refused_verbs_are_bounded(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf entry;
    char command[32];
    uint64_t at = 0;
    struct ch_command_refusal_row row = {.via = CH_STR("admin"),
                                         .principal = CH_STR("user:bob"),
                                         .why = CH_STR("it needs policy.read")};
    ch_buf_init(&entry, CH_ENTRY_MAX);
    for (int i = 0; i < 3000; i++) {
        snprintf(command, sizeof(command), "keys %d", i);
        row.command = ch_str_of(command);
        assert_ch_ok(&err, audit_command_refused(h->k, row, &err));
    }
    struct refusals r = refusals_of(h);
    assert_int_equal(r.times, 3000);
    assert_true(r.rows <= 2 * (2 * ch_limits.refusal_rows_of_one + 1)); /* of two minutes */
    ch_buf_done(&r.text);
    assert_ch_ok(&err, audit_command_refusals(h->k, keeper_now_us(h->k) / 60000000 + 2, &err));
    log_until_written(h);
    struct ch_log_entry_fields f = log_newest(h, "command-refused", &entry, &at);
    assert_true(ch_log_entry_get(&f, "via").ptr != NULL);
    ch_buf_done(&entry);
    house_free(h);
}

/* A peer of the socket that nobody is: not with a word of what it said, of which nothing was read.
 */
static void strangers_at_the_socket_are_entered(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out, entry;
    uint64_t at = 0;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    h->uid = 4711;
    h->stranger = true;
    assert_int_equal(house_run(h, "status", &out), 1);
    assert_ch_ok(&err, audit_sign_ins(h->k, keeper_now_us(h->k) / 60000000 + 2, &err));
    log_until_written(h);
    struct ch_log_entry_fields f = log_newest(h, "sign-in-failed", &entry, &at);
    assert_field(&f, "via", "socket");
    assert_field(&f, "why", "unknown");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "local:4711");
    ch_buf_done(&out);
    ch_buf_done(&entry);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_entered_hidden),
        cmocka_unit_test(failed_sign_ins_are_entered_by_the_minute),
        cmocka_unit_test(failed_sign_ins_are_bounded),
        cmocka_unit_test(refused_commands_are_entered),
        cmocka_unit_test(secrets_are_not_entered),
        cmocka_unit_test(refused_commands_are_bounded),
        cmocka_unit_test(refused_verbs_are_bounded),
        cmocka_unit_test(strangers_at_the_socket_are_entered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
