/* What the keeper enters into the audit log. */
#include "wheels_house.h"

#include <stdio.h>

#include "db/keeper/audit/audit_int.h"
#include "customhouse/limits.h"
#include "log_seen.h"

static struct ch_err err;
static char hex[CH_SHA256_HEX + 1];

static void what_happens_is_entered(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out, entry;
    uint64_t at = 0;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    struct ch_log_entry_fields f =
        log_newest(h, "decision", &entry, &at); /* there, when it is served */
    assert_field(&f, "verdict", "allow");
    assert_field(&f, "file", WHEEL);
    assert_field(&f, "project", "pkg");
    assert_field(&f, "repository", "pypi");
    assert_field(&f, "upstream", "up");
    assert_field(&f, "sha256", house_hex("bytes", hex));
    house_ask_page(h, "pkg");
    h->principal = "user:anna";
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.77");
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.77"); /* not the first time */
    assert_int_equal(0, house_command(h, false, "deny", "pypi:pkg==1.0", "stolen key", NULL, &out));
    log_until_written(h);
    struct ch_buf all = log_kinds(h);
    assert_str_eq(ch_buf_str(&all),
                  "genesis key value value key key value policy value configuration value value "
                  "first-owner snapshot facts attestation decision "
                  "facts listing served "
                  "decision attestation-end ruling ");
    f = log_newest(h, "served", &entry, &at);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "192.0.2.77");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "user:anna");
    f = log_newest(h, "ruling", &entry, &at);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "stolen key");
    f = log_newest(h, "decision", &entry, &at);
    assert_field(&f, "verdict", "deny");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "person local:");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry),
                      "stolen key"); /* its reason quotes the ruling's */
    ch_buf_done(&all);
    ch_buf_done(&entry);
    ch_buf_done(&out);
    house_free(h);
}

/* T26: who approved is in the rule of the decision, and not in the entry. */
static void who_approved_is_hidden(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out, entry;
    uint64_t at = 0;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    set_wheels(h, 1);
    assert_int_equal(house_run(h, "user add alice --uid=2001", &out), 0);
    assert_int_equal(house_run(h, "user add carol --uid=2002", &out), 0);
    assert_int_equal(house_run(h, "group add approvers alice --role=approver", &out), 0);
    assert_int_equal(house_run(h, "group add asking carol --role=requester", &out), 0);
    h->uid = 2002;
    h->stranger = true;
    assert_int_equal(house_run(h, "exceptions request pkg==1.0 --reason=needed", &out), 0);
    h->uid = 2001;
    assert_int_equal(house_run(h, "approve pkg==1.0 --reason=seen --expires=3d", &out), 0);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    log_until_written(h);
    struct ch_log_entry_fields f = log_newest(h, "decision", &entry, &at);
    assert_field(&f, "verdict", "allow");
    assert_false(ch_str_find(ch_buf_str(&entry), CH_STR("alice"), NULL));
    assert_int_equal(log_hidden(h, at, &f, "approved by user:alice"),
                     2); /* the rule, and the reason that names it */
    f = log_newest(h, "ruling", &entry, &at);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "user:alice");
    ch_buf_done(&out);
    ch_buf_done(&entry);
    house_free(h);
}

static void refusals_are_entered_by_the_minute(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf entry;
    int64_t times = 0;
    uint64_t at = 0;
    ch_buf_init(&entry, CH_ENTRY_MAX);
    set_wheels(h, 1);
    h->principal = "service:ci";
    for (int i = 0; i < 3; i++) {
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    }
    int64_t minute = keeper_now_us(h->k) / 60000000;
    assert_ch_ok(&err, audit_refusals(h->k, minute - 1, &err)); /* it is not over yet */
    log_until_written(h);
    struct ch_buf all = log_kinds(h);
    assert_false(ch_str_find(ch_buf_str(&all), CH_STR("refused"), NULL));
    ch_buf_done(&all);
    house_restart(h); /* what was counted outlives the keeper */
    assert_ch_ok(&err, audit_refusals(h->k, minute + 2, &err));
    log_until_written(h);
    struct ch_log_entry_fields f = log_newest(h, "refused", &entry, &at);
    assert_true(ch_log_entry_get_int(&f, "times", &times));
    assert_true(times >= 1 && times <= 3); /* a minute may have ended between them */
    assert_field(&f, "rule", "cool-down");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "service:ci");
    uint64_t end = log_written(h);
    assert_ch_ok(&err, audit_refusals(h->k, minute + 2, &err)); /* once */
    log_until_written(h);
    assert_int_equal(log_written(h), end);
    ch_buf_done(&entry);
    house_free(h);
}

struct counted {
    uint64_t rows, times, others;
};

static enum ch_code count_refusals(void *ctx, const struct ch_refusals_row *row, struct ch_err *e)
{
    struct counted *n = ctx;
    (void)e;
    n->rows++;
    n->times += row->times;
    n->others += row->file_name.len == 0 ? row->times : 0;
    return CH_OK;
}

/* Whoever asks for one file after the other fills no log; not one refusal is left out. */
static void refusals_are_bounded(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct counted n = {0};
    struct ch_buf entry;
    char names[2][32];
    uint64_t at = 0;
    ch_buf_init(&entry, CH_ENTRY_MAX);
    set_wheels(h, 1);
    house_ask_page(h, "pkg");
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    struct ch_str name = p->facts.files[0].index.file_name;
    for (int i = 0; i < 6000; i++) { /* one of a file after the other, then many from everywhere */
        snprintf(names[0], sizeof(names[0]), "pkg-%d.whl", i);
        snprintf(names[1], sizeof(names[1]), "192.0.2.%d", i < 3000 ? 1 : i);
        const struct ch_client client = {.address = ch_str_of(names[1]),
                                         .principal = CH_STR("anonymous")};
        p->facts.files[0].index.file_name = ch_str_of(names[0]);
        assert_ch_ok(&err, audit_refused(h->k, p, 0, &client, "cool-down", &err));
    }
    p->facts.files[0].index.file_name = name;
    assert_ch_ok(&err, ch_store_refusals_before(h->k->store, INT64_MAX, count_refusals, &n, &err));
    assert_int_equal(n.times, 6000);
    /* the clock may have begun another minute on the way */
    assert_true(n.rows <= 2 * (ch_limits.refusal_rows + 1));
    assert_true(n.others >= 6000 - 2 * ch_limits.refusal_rows);
    assert_ch_ok(&err, audit_refusals(h->k, keeper_now_us(h->k) / 60000000 + 2, &err));
    log_until_written(h);
    struct ch_log_entry_fields f = log_newest(h, "refused", &entry, &at);
    bool others = false;
    CH_IGNORE(!ch_log_entry_get_bool(&f, "others", &others));
    assert_true(ch_log_entry_get(&f, "file").ptr != NULL || others);
    ch_buf_done(&entry);
    house_free(h);
}

/* The year 9999 is more microseconds than an entry can say. */
static void an_expiry_that_no_entry_can_say(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(
        2, house_command(h, false, "deny", "pypi:pkg==1.0", "for ever", "9999-12-31", &out));
    assert_int_equal(
        0, house_command(h, false, "deny", "pypi:pkg==1.0", "for long", "2254-12-31", &out));
    log_until_written(h);
    struct ch_buf all = log_kinds(h);
    assert_true(ch_str_ends(ch_buf_str(&all), CH_STR("ruling ")));
    ch_buf_done(&all);
    ch_buf_done(&out);
    house_free(h);
}

/* So much at once that it is not kept in memory: it comes from the store. */
static void more_than_memory_takes(void **state)
{
    (void)state;
    uint64_t was = ch_limits.log_batch_bytes;
    ch_limits.log_batch_bytes = 1000; /* less than two entries */
    struct house *h = house_new();
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_ch_ok(&err, keeper_write(h->k, &err));
    for (int i = 0; i < 20; i++) {
        struct ch_served_row row = {.repository = CH_STR("pypi"), .address = CH_STR("192.0.2.1")};
        assert_ch_ok(&err, audit_served(h->k, &row, &err));
    }
    log_until_written(h);
    struct ch_buf all = log_kinds(h);
    size_t served = 0;
    struct ch_str rest = ch_buf_str(&all), word;
    while (ch_str_split(&rest, ' ', &word)) {
        served += ch_str_eq(word, CH_STR("served"));
    }
    assert_int_equal(served, 20);
    ch_buf_done(&all);
    house_free(h);
    ch_limits.log_batch_bytes = was;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_happens_is_entered),
        cmocka_unit_test(who_approved_is_hidden),
        cmocka_unit_test(refusals_are_entered_by_the_minute),
        cmocka_unit_test(refusals_are_bounded),
        cmocka_unit_test(an_expiry_that_no_entry_can_say),
        cmocka_unit_test(more_than_memory_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
