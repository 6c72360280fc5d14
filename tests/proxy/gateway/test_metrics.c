#include "proxy/gateway/metrics.h"
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>

static bool has(struct ch_buf *b, const char *line)
{
    return ch_str_find(ch_buf_str(b), ch_str_of(line), NULL);
}

static void test_sum_over_slots(void **state)
{
    (void)state;
    void *all = ch_calloc(CH_METRICS_SLOTS, CH_METRICS_SLOT_BYTES);
    struct gw_metrics *first = gw_metrics_slot(all, 0);
    struct gw_metrics *last = gw_metrics_slot(all, CH_METRICS_SLOTS - 1);
    struct gw_metric_row *row = gw_metrics_row(first, CH_STR("pypi"));
    gw_metrics_count(first, row, GW_KIND_PAGE, 200, 1000, 90);
    gw_metrics_count(first, row, GW_KIND_FILE, 200, 50, 3000);
    gw_metrics_count(first, row, GW_KIND_FILE, 403, 10, 3000);
    gw_metrics_count(first, row, GW_KIND_FILE, 299, 0, 60000000);
    gw_metrics_row(last, CH_STR("other"));
    gw_metrics_count(last, gw_metrics_row(last, CH_STR("pypi")), GW_KIND_PAGE, 200, 24, 110);
    struct ch_buf out;
    ch_buf_init(&out, 1000000);
    gw_metrics_put(&out, all);
    assert_false(out.failed);
    assert_true(has(&out, "# TYPE customhouse_requests counter\n"));
    assert_true(has(&out, "\ncustomhouse_requests_total{repository=\"pypi\",status=\"200\"} 3\n"));
    assert_true(has(&out, "\ncustomhouse_requests_total{repository=\"pypi\",status=\"403\"} 1\n"));
    assert_true(has(&out, "\ncustomhouse_requests_total{repository=\"pypi\",status=\"other\"} 1\n"));
    assert_false(has(&out, "status=\"404\""));
    assert_true(has(&out, "\ncustomhouse_response_bytes_total{repository=\"pypi\"} 1084\n"));
    assert_true(has(&out, "\ncustomhouse_response_bytes_total{repository=\"other\"} 0\n"));
    assert_true(has(&out, "\ncustomhouse_files_served_total{repository=\"pypi\"} 1\n"));
    assert_true(has(&out, "_seconds_bucket{kind=\"page\",le=\"0.0001\"} 1\n"));
    assert_true(has(&out, "_seconds_bucket{kind=\"page\",le=\"0.00025\"} 2\n"));
    assert_true(has(&out, "_seconds_bucket{kind=\"page\",le=\"+Inf\"} 2\n"));
    assert_true(has(&out, "_seconds_bucket{kind=\"file\",le=\"30\"} 2\n"));
    assert_true(has(&out, "_seconds_bucket{kind=\"file\",le=\"+Inf\"} 3\n"));
    assert_true(has(&out, "_seconds_count{kind=\"file\"} 3\n"));
    assert_true(has(&out, "_seconds_sum{kind=\"file\"} 60.006000\n"));
    ch_buf_done(&out);
    free(all);
}

/* Who watches it sees sign-ins that fail, and guessing. */
static void test_each_status_is_counted_by_itself(void **state)
{
    (void)state;
    static const int answered[] = {200, 201, 206, 301, 304, 307, 400, 401, 403, 404, 405,
                                   406, 408, 409, 411, 412, 413, 414, 415, 416, 417, 421,
                                   422, 429, 431, 500, 501, 502, 503, 504, 505, 507, 508};
    void *all = ch_calloc(CH_METRICS_SLOTS, CH_METRICS_SLOT_BYTES);
    struct gw_metrics *slot = gw_metrics_slot(all, 0);
    struct ch_buf out;
    slot->log_lost.lines = 2;
    gw_metrics_slot(all, 1)->log_lost.lines = 1;
    gw_metrics_slot(all, 1)->log_lost.bytes = 700;
    for (size_t i = 0; i < CH_ARRAY_LEN(answered); i++) {
        gw_metrics_count(slot, gw_metrics_row(slot, CH_STR("pypi")), GW_KIND_PAGE, answered[i], 1, 1);
    }
    ch_buf_init(&out, 1000000);
    gw_metrics_put(&out, all);
    for (size_t i = 0; i < CH_ARRAY_LEN(answered); i++) {
        char line[100];
        snprintf(line, sizeof(line), "{repository=\"pypi\",status=\"%d\"} 1\n", answered[i]);
        assert_true(has(&out, line));
    }
    assert_false(has(&out, "status=\"other\""));
    assert_true(has(&out, "customhouse_access_log_lines_lost_total 3\n"));
    assert_true(has(&out, "customhouse_access_log_bytes_lost_total 700\n"));
    ch_buf_done(&out);
    free(all);
}

/* More repositories than rows: nothing is lost, the rest is counted together. */
static void test_rows_run_out(void **state)
{
    (void)state;
    void *all = ch_calloc(CH_METRICS_SLOTS, CH_METRICS_SLOT_BYTES);
    struct gw_metrics *slot = gw_metrics_slot(all, 3);
    for (int i = 0; i < 2 * GW_METRIC_ROWS; i++) {
        char name[100];
        snprintf(name, sizeof(name), "repository-%d", i);
        struct gw_metric_row *row = gw_metrics_row(slot, ch_str_of(name));
        assert_ptr_equal(row, gw_metrics_row(slot, ch_str_of(name)));
        gw_metrics_count(slot, row, GW_KIND_PAGE, 200, 1, 1);
    }
    struct ch_buf out;
    ch_buf_init(&out, 1000000);
    gw_metrics_put(&out, all);
    assert_true(has(&out, "customhouse_requests_total{repository=\"repository-62\",status=\"200\"} 1\n"));
    assert_true(has(&out, "customhouse_requests_total{repository=\"+\",status=\"200\"} 65\n"));
    ch_buf_done(&out);
    free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sum_over_slots),
                                       cmocka_unit_test(test_each_status_is_counted_by_itself),
                                       cmocka_unit_test(test_rows_run_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
