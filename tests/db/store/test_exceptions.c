/* Exceptions in the store: what was asked for, its steps, its rulings. */
#include "temp_store.h"

#include "customhouse/limits.h"
#include "db/store/store_int.h"

static struct ch_exception_row file_row(void)
{
    return (struct ch_exception_row){
        .repository = CH_STR("pypi"), .environment = CH_STR("prod"),  .ecosystem = CH_STR("pypi"),
        .project = CH_STR("pkg"),     .file_name = CH_STR("pkg.whl"), .sha256 = ch_sha256_of("x", 1),
        .overrides = CH_STR("cool-down"), .reason = CH_STR("why"),    .requester = CH_STR("user:ann"),
        .address = CH_STR("192.0.2.1"),   .refusal = CH_STR("8f3a"),  .at_us = 5,
        .expires_at_us = 500};
}

static struct ch_exception_step_row step_row(uint64_t exception, uint32_t event)
{
    return (struct ch_exception_step_row){.exception = exception,
                                          .event = event,
                                          .by = CH_STR("user:bob"),
                                          .alone = event == 3,
                                          .reason = CH_STR("read it"),
                                          .bytes = ch_sha256_of("b", 1),
                                          .evidence = ch_sha256_of("e", 1),
                                          .policy = ch_sha256_of("p", 1),
                                          .at_us = 7,
                                          .expires_at_us = event == 3 ? 400 : CH_TIME_UNKNOWN};
}

static void put_row(void *ctx, const struct ch_exception_row *row)
{
    ch_buf_printf(ctx, "%llu:%.*s/%.*s/%.*s/%.*s%.*s%.*s by %.*s from %.*s on %.*s: %.*s (%.*s) %llu %lld-%lld; ",
                  (unsigned long long)row->id, CH_STR_ARG(row->repository), CH_STR_ARG(row->environment),
                  CH_STR_ARG(row->ecosystem), CH_STR_ARG(row->project), CH_STR_ARG(row->version_spec),
                  CH_STR_ARG(row->file_name), CH_STR_ARG(row->requester), CH_STR_ARG(row->address),
                  CH_STR_ARG(row->refusal), CH_STR_ARG(row->reason), CH_STR_ARG(row->overrides),
                  (unsigned long long)row->renews, (long long)row->at_us, (long long)row->expires_at_us);
}

static void put_step(void *ctx, const struct ch_exception_step_row *row)
{
    struct ch_exception_step_row same = step_row(row->exception, row->event);
    assert_true(ch_sha256_eq(&row->bytes, &same.bytes) && ch_sha256_eq(&row->evidence, &same.evidence) &&
                ch_sha256_eq(&row->policy, &same.policy));
    assert_int_equal(row->alone, same.alone);
    assert_true(row->expires_at_us == same.expires_at_us);
    ch_buf_printf(ctx, "%u %.*s %.*s; ", row->event, CH_STR_ARG(row->by), CH_STR_ARG(row->reason));
}

static void put_number(void *ctx, uint64_t number)
{
    ch_buf_printf(ctx, "%llu ", (unsigned long long)number);
}

static void test_what_was_asked_for(void **state)
{
    (void)state;
    struct ch_exception_row row = file_row();
    struct ch_buf b;
    uint64_t id;
    ch_buf_init(&b, 4096);
    assert_ch_ok(&err, ch_store_add_exception(store, &row, &id, &err));
    assert_int_equal(id, 1);
    row = (struct ch_exception_row){.repository = CH_STR("pypi"), .project = CH_STR("pkg"),
                                    .version_spec = CH_STR(">=2"), .requester = CH_STR("local:0"),
                                    .renews = 1, .at_us = 6, .expires_at_us = 600};
    assert_ch_ok(&err, ch_store_add_exception(store, &row, &id, &err));
    assert_ch_ok(&err, ch_store_exceptions(store, 10, put_row, &b, &err));
    assert_str_eq(ch_buf_str(&b), "2:pypi///pkg>=2 by local:0 from  on :  () 1 6-600; "
                                  "1:pypi/prod/pypi/pkgpkg.whl by user:ann from 192.0.2.1 on 8f3a: why "
                                  "(cool-down) 0 5-500; ");
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_exceptions(store, 1, put_row, &b, &err));
    assert_true(ch_str_starts(ch_buf_str(&b), CH_STR("2:")) && b.len < 80);
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_get_exception(store, 1, put_row, &b, &err));
    assert_true(ch_str_starts(ch_buf_str(&b), CH_STR("1:pypi/prod")));
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_exception(store, 3, put_row, &b, &err));
    row.file_name = CH_STR("both.whl"); /* a file or versions */
    assert_ch_code(CH_E_USAGE, ch_store_add_exception(store, &row, &id, &err));
    row.file_name = row.version_spec = (struct ch_str){NULL, 0};
    assert_ch_code(CH_E_USAGE, ch_store_add_exception(store, &row, &id, &err));
    int64_t newest;
    assert_ch_ok(&err, ch_store_newest_time(store, &newest, &err));
    assert_int_equal(newest, 6);
    ch_buf_done(&b);
}

static void test_steps_and_what_is_open(void **state)
{
    (void)state;
    static const uint32_t closing[] = {5, 6, 7, 8};
    struct ch_exception_row row = file_row();
    struct ch_exception_step_row step = step_row(99, 1);
    struct ch_buf b;
    uint64_t id, ruling;
    ch_buf_init(&b, 4096);
    assert_ch_code(CH_E_USAGE, ch_store_add_exception_step(store, &step, &id, &err));
    for (size_t i = 0; i <= CH_ARRAY_LEN(closing); i++) {
        assert_ch_ok(&err, ch_store_add_exception(store, &row, &id, &err));
        for (uint32_t event = 1; event <= 4; event++) {
            step = step_row(id, event);
            assert_ch_ok(&err, ch_store_add_exception_step(store, &step, &step.id, &err));
        }
        if (i < CH_ARRAY_LEN(closing)) {
            step = step_row(id, closing[i]);
            assert_ch_ok(&err, ch_store_add_exception_step(store, &step, &step.id, &err));
        }
    }
    assert_ch_ok(&err, ch_store_open_exceptions(store, put_row, &b, &err));
    assert_true(ch_str_starts(ch_buf_str(&b), CH_STR("5:")) && b.len < 120);
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_exception_steps(store, 2, put_step, &b, &err));
    assert_str_eq(ch_buf_str(&b), "1 user:bob read it; 2 user:bob read it; 3 user:bob read it; "
                                  "4 user:bob read it; 6 user:bob read it; ");
    step = step_row(1, 9);
    assert_ch_code(CH_E_USAGE, ch_store_add_exception_step(store, &step, &id, &err));
    struct ch_ruling_row r = {.reason = CH_STR("why"), .by = CH_STR("user:bob"), .expires_at_us = 9};
    for (int i = 0; i < 2; i++) {
        assert_ch_ok(&err, ch_store_add_ruling(store, &r, &ruling, &err));
        assert_ch_ok(&err, ch_store_add_exception_ruling(store, 5, ruling, &err));
    }
    assert_ch_code(CH_E_EXISTS, ch_store_add_exception_ruling(store, 4, ruling, &err)); /* of one only */
    assert_ch_code(CH_E_USAGE, ch_store_add_exception_ruling(store, 4, 99, &err));
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_exception_rulings(store, 5, put_number, &b, &err));
    assert_str_eq(ch_buf_str(&b), "1 2 ");
    ch_buf_done(&b);
}

static void test_they_are_facts(void **state)
{
    (void)state;
    static const char *const tables[] = {"exception", "exception_step", "exception_ruling"};
    static const char *const columns[] = {"reason", "by_person", "ruling"};
    struct ch_exception_row row = file_row();
    struct ch_ruling_row r = {.reason = CH_STR("why"), .by = CH_STR("user:bob"), .expires_at_us = 9};
    struct ch_exception_step_row step = step_row(1, 1);
    uint64_t id;
    assert_ch_ok(&err, ch_store_add_exception(store, &row, &id, &err));
    assert_ch_ok(&err, ch_store_add_exception_step(store, &step, &id, &err));
    assert_ch_ok(&err, ch_store_add_ruling(store, &r, &id, &err));
    assert_ch_ok(&err, ch_store_add_exception_ruling(store, 1, id, &err));
    for (size_t i = 0; i < CH_ARRAY_LEN(tables); i++) {
        char sql[3][160];
        snprintf(sql[0], sizeof(sql[0]), "UPDATE %s SET %s = %s", tables[i], columns[i], columns[i]);
        snprintf(sql[1], sizeof(sql[1]), "DELETE FROM %s", tables[i]);
        snprintf(sql[2], sizeof(sql[2]), "INSERT OR REPLACE INTO %s SELECT * FROM %s", tables[i], tables[i]);
        for (size_t k = 0; k < CH_ARRAY_LEN(sql); k++) {
            char *msg = NULL;
            int rc = sqlite3_exec(store->db, sql[k], NULL, NULL, &msg);
            if (rc != SQLITE_CONSTRAINT_TRIGGER || strstr(msg, "holds facts") == NULL) {
                fail_msg("%s: %d %s", sql[k], rc, msg != NULL ? msg : "was done");
            }
            sqlite3_free(msg);
        }
    }
}

/* T4: what may come to let something pass stops before the disk is full; what ends it goes on. */
static void test_t4_on_a_disk_that_is_nearly_full(void **state)
{
    (void)state;
    struct ch_exception_row row = file_row();
    struct ch_exception_step_row step = step_row(1, 1);
    uint64_t id, keep = ch_limits.store_reserve_bytes;
    assert_ch_ok(&err, ch_store_add_exception(store, &row, &id, &err));
    assert_ch_ok(&err, ch_store_add_exception_step(store, &step, &id, &err));
    ch_limits.store_reserve_bytes = UINT64_MAX / 2; /* more than any disk has left */
    assert_ch_code(CH_E_FULL, ch_store_add_exception(store, &row, &id, &err));
    for (uint32_t event = 1; event <= 8; event++) {
        step = step_row(1, event);
        assert_ch_code(event <= 4 ? CH_E_FULL : CH_OK, ch_store_add_exception_step(store, &step, &id, &err));
    }
    ch_limits.store_reserve_bytes = keep;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_what_was_asked_for),
        T(test_steps_and_what_is_open),
        T(test_they_are_facts),
        T(test_t4_on_a_disk_that_is_nearly_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
