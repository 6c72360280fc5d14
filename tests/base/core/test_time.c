/* RFC 3339 in UTC, strictly. */
#include "tests/ch_test.h"

#include "customhouse/timefmt.h"

static void good_times(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t us;
        const char *formatted;
    } rows[] = {
        {"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000000Z"},
        {"2010-04-16T14:29:37.458396Z", 1271428177458396, "2010-04-16T14:29:37.458396Z"},
        {"2024-02-29T23:59:59.9Z", 1709251199900000, "2024-02-29T23:59:59.900000Z"},
        {"2024-02-29T23:59:59.123456789+00:00", 1709251199123456, "2024-02-29T23:59:59.123456Z"},
        {"2000-03-01T00:00:00Z", 951868800000000, "2000-03-01T00:00:00.000000Z"},
        {"9999-12-31T23:59:59.999999Z", 253402300799999999, "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        int64_t us = -1;
        struct ch_buf b;
        ch_buf_init(&b, 64);
        if (!ch_time_parse(ch_str_of(rows[i].text), &us) || us != rows[i].us) {
            fail_msg("%s: %lld", rows[i].text, (long long)us);
        }
        ch_time_put(&b, us, true);
        assert_str_eq(ch_buf_str(&b), rows[i].formatted);
        ch_buf_done(&b);
    }
}

static void bad_times(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2024-01-17",
        "2024-01-17T16:53:12",
        "2024-01-17T16:53:12z",
        "2024-01-17t16:53:12Z",
        "2024-01-17 16:53:12Z",
        "2024-01-17T16:53:12.Z",
        "2024-01-17T16:53:12.1234567890Z",
        "2024-01-17T16:53:12.12a4Z",
        "2024-01-17T16:53:12+01:00",
        "2024-01-17T16:53:12-00:00",
        "2024-01-17T16:53:60Z",
        "2024-01-17T24:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-00-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "1969-12-31T23:59:59Z",
        "2024-04-31T00:00:00Z",
        "2024-01-17T16:53:12ZZ",
        "+024-01-17T16:53:12Z",
        "20240117T165312Z",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        int64_t us;
        if (ch_time_parse(ch_str_of(rows[i]), &us)) {
            fail_msg("\"%s\" was taken", rows[i]);
        }
    }
}

static void days_are_their_beginning_or_end(void **state)
{
    (void)state;
    int64_t begin, end, plain;
    assert_true(ch_time_parse_bound(CH_STR("2024-01-17"), false, &begin));
    assert_true(ch_time_parse_bound(CH_STR("2024-01-17"), true, &end));
    assert_true(ch_time_parse(CH_STR("2024-01-17T00:00:00Z"), &plain));
    assert_int_equal(begin, plain);
    assert_int_equal(end, plain + INT64_C(86400000000) - 1);
    assert_true(ch_time_parse_bound(CH_STR("2024-01-17T00:00:00Z"), true, &end));
    assert_int_equal(end, plain);
    assert_false(ch_time_parse_bound(CH_STR("2024-13-17"), true, &end));
    assert_false(ch_time_parse_bound(CH_STR("2024-1-17"), true, &end));
    assert_false(ch_time_parse_bound(CH_STR(""), true, &end));
}

static void formats_without_fraction_and_out_of_range(void **state)
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 64);
    ch_time_put(&b, 1271428177458396, false);
    ch_time_put(&b, INT64_MIN, true);
    ch_time_put(&b, INT64_MAX, true);
    assert_str_eq(ch_buf_str(&b), "2010-04-16T14:29:37Z--");
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_times),
        cmocka_unit_test(bad_times),
        cmocka_unit_test(days_are_their_beginning_or_end),
        cmocka_unit_test(formats_without_fraction_and_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
