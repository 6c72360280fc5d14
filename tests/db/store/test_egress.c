/* What is to go out, in the store. */
#include "temp_store.h"

#include "customhouse/limits.h"
#include "db/store/store_int.h"

static void add(uint32_t kind, const char *destination, const char *body, int64_t at_us)
{
    const struct ch_notice_row row = {.kind = kind,
                                      .destination = ch_str_of(destination),
                                      .message = CH_STR("msg_1"),
                                      .event = CH_STR("log.trouble"),
                                      .body = ch_str_of(body),
                                      .at_us = at_us,
                                      .due_at_us = at_us};
    assert_ch_ok(&err, ch_store_add_notice(store, &row, &err));
}

static void put(void *ctx, const struct ch_notice_row *row)
{
    ch_buf_printf(ctx, "%llu %u/%.*s %.*s %.*s %.*s %lld tries %u due %lld;",
                  (unsigned long long)row->id, row->kind, CH_STR_ARG(row->destination),
                  CH_STR_ARG(row->message), CH_STR_ARG(row->event), CH_STR_ARG(row->body),
                  (long long)row->at_us, row->tries, (long long)row->due_at_us);
}

static void assert_due(uint32_t kind, const char *destination, int64_t until_us, size_t max,
                       const char *expected)
{
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    assert_ch_ok(&err, ch_store_notices_due(store, kind, ch_str_of(destination), until_us, max, put,
                                            &b, &err));
    assert_str_eq(ch_buf_str(&b), expected);
    ch_buf_done(&b);
}

static void test_notices(void **state)
{
    (void)state;
    struct ch_notice_backlog backlog;
    struct ch_buf b;
    add(0, "a", "first", 10);
    add(0, "a", "second", 20);
    add(1, "a", "mail", 5);
    assert_due(0, "a", 9, 9, "");
    assert_due(0, "a", 10, 9, "1 0/a msg_1 log.trouble first 10 tries 0 due 10;");
    assert_due(0, "a", 20, 1, "1 0/a msg_1 log.trouble first 10 tries 0 due 10;");
    assert_ch_ok(&err, ch_store_notice_failed(store, 1, 30, &err));
    assert_due(0, "a", 30, 9,
               "2 0/a msg_1 log.trouble second 20 tries 0 due 20;"
               "1 0/a msg_1 log.trouble first 10 tries 1 due 30;");
    assert_ch_ok(&err, ch_store_notice_backlog(store, 0, CH_STR("a"), &backlog, &err));
    assert_int_equal(backlog.count, 2);
    assert_int_equal(backlog.oldest_at_us, 10);
    assert_int_equal(backlog.due_at_us, 20);
    ch_buf_init(&b, 4096);
    assert_ch_ok(&err, ch_store_notices_before(store, 20, 9, put, &b, &err)); /* of all */
    assert_str_eq(ch_buf_str(&b), "3 1/a msg_1 log.trouble mail 5 tries 0 due 5;"
                                  "1 0/a msg_1 log.trouble first 10 tries 1 due 30;");
    ch_buf_done(&b);
    assert_ch_ok(&err, ch_store_drop_notice(store, 1, &err));
    assert_ch_ok(&err, ch_store_drop_notice(store, 1, &err)); /* gone is gone */
    assert_ch_ok(&err, ch_store_notice_failed(store, 1, 40, &err));
    assert_ch_ok(&err, ch_store_drop_notice(store, 2, &err));
    assert_ch_ok(&err, ch_store_notice_backlog(store, 0, CH_STR("a"), &backlog, &err));
    assert_int_equal(backlog.count, 0);
    assert_true(backlog.oldest_at_us == CH_TIME_UNKNOWN && backlog.due_at_us == CH_TIME_UNKNOWN);
}

static void test_an_end_is_told_once(void **state)
{
    (void)state;
    uint64_t id = 0;
    const struct ch_exception_row row = {.repository = CH_STR("pypi"),
                                         .environment = CH_STR("prod"),
                                         .ecosystem = CH_STR("pypi"),
                                         .project = CH_STR("pkg"),
                                         .file_name = CH_STR("pkg.whl"),
                                         .overrides = CH_STR("cool-down"),
                                         .reason = CH_STR("why"),
                                         .requester = CH_STR("user:ann"),
                                         .at_us = 5,
                                         .expires_at_us = 500};
    assert_ch_ok(&err, ch_store_add_exception(store, &row, &id, &err));
    assert_ch_ok(&err, ch_store_tell_end(store, id, 500, &err));
    assert_ch_code(CH_E_EXISTS, ch_store_tell_end(store, id, 500, &err));
    assert_ch_ok(&err, ch_store_tell_end(store, id, 600, &err));       /* another end */
    assert_true(ch_store_tell_end(store, id + 1, 500, &err) != CH_OK); /* of nothing */
}

static void test_forwarded(void **state)
{
    (void)state;
    uint64_t next = 7;
    assert_ch_ok(&err, ch_store_forwarded(store, CH_STR("siem"), &next, &err));
    assert_int_equal(next, 0);
    assert_ch_ok(&err, ch_store_set_forwarded(store, CH_STR("siem"), 5, 1, &err));
    assert_ch_ok(&err, ch_store_set_forwarded(store, CH_STR("siem"), 9, 2, &err));
    assert_ch_ok(&err, ch_store_set_forwarded(store, CH_STR("other"), 3, 2, &err));
    assert_ch_ok(&err, ch_store_forwarded(store, CH_STR("siem"), &next, &err));
    assert_int_equal(next, 9);
}

/* T4: what is withdrawn is told on a disk that is nearly full, too. */
static void test_t4_on_a_disk_that_is_nearly_full(void **state)
{
    (void)state;
    uint64_t keep = ch_limits.store_reserve_bytes;
    ch_limits.store_reserve_bytes = UINT64_MAX / 4;
    add(0, "a", "withdrawn", 10);
    assert_due(0, "a", 10, 9, "1 0/a msg_1 log.trouble withdrawn 10 tries 0 due 10;");
    ch_limits.store_reserve_bytes = keep;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_notices),
        T(test_an_end_is_told_once),
        T(test_forwarded),
        T(test_t4_on_a_disk_that_is_nearly_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
