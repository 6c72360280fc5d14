/* What the audit log has of persons: that they are, hidden (T26), and their sign-ins that failed. */
#include "house.h"
#include "log_seen.h"

#include <stdio.h>

#include "audit_int.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_are_entered_hidden),
        cmocka_unit_test(failed_sign_ins_are_entered_by_the_minute),
        cmocka_unit_test(failed_sign_ins_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
