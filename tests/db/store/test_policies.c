/* The policies that were in force, with their texts: each text once, the newest first. */
#include "tests/db/store/temp_store.h"

struct policies_seen {
    size_t count;
    uint64_t id[4];
    char by[4][16];
    uint64_t bytes[4];
};

static void on_policy(void *ctx, const struct ch_policy_row *row)
{
    struct policies_seen *seen = ctx;
    assert_true(seen->count < 4);
    seen->id[seen->count] = row->id;
    seen->bytes[seen->count] = row->size_bytes;
    snprintf(seen->by[seen->count++], 16, "%.*s", CH_STR_ARG(row->by));
}

static void test_policies(void **state)
{
    (void)state;
    static const char bundle[] = "version: 1\0ours.txt\0a\n"; /* with the files beside it */
    struct ch_str text = {bundle, sizeof(bundle) - 1};
    struct ch_policy_row row = {.digest = ch_sha256_of(text.ptr, text.len),
                                .by = CH_STR("uid:0"),
                                .reason = CH_STR("why"),
                                .at_us = 5};
    struct ch_policy_row other = {
        .digest = ch_sha256_of("x", 1), .by = CH_STR("start"), .at_us = 6};
    struct policies_seen seen = {0};
    struct ch_buf got;
    ch_buf_init(&got, 1024);
    assert_ch_code(CH_E_NOT_FOUND, ch_store_policy_text(store, &row.digest, &got, &err));
    assert_ch_ok(&err, ch_store_add_policy(store, &row, text, &err));
    assert_ch_ok(&err, ch_store_add_policy(store, &other, CH_STR("x"), &err));
    assert_ch_ok(&err,
                 ch_store_add_policy(store, &row, text, &err)); /* back to it: its text is there */
    assert_ch_ok(&err, ch_store_policy_text(store, &row.digest, &got, &err));
    assert_true(ch_str_eq(ch_buf_str(&got), text));
    assert_ch_ok(&err, ch_store_policies(store, 10, on_policy, &seen, &err));
    assert_int_equal(seen.count, 3);
    assert_true(seen.id[0] > seen.id[1] && seen.id[1] > seen.id[2]);
    assert_string_equal(seen.by[1], "start");
    assert_int_equal(seen.bytes[0], text.len);
    seen.count = 0;
    assert_ch_ok(&err, ch_store_policies(store, 1, on_policy, &seen, &err));
    assert_int_equal(seen.count, 1);
    ch_buf_done(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
