/* The audit log's copies on other servers: what a message is, and in which order, once or again,
 * they go out. */
#include "egress_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "db/keeper/egress/notices.h"
#include "log_seen.h"

#define SYSLOG "syslog:\n  - {name: siem, address: 's.example.org:6514'}\n"

static struct ch_err err;

static void a_message_is_one_of_rfc_5424(void **state)
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    forward_put_message(&b, CH_STR("gate.example.org"), CH_STR("example.org/log"), 41,
                        CH_STR("{\"at_us\":1764132000000001,\"kind\":\"sign-in-failed\",\"v\":1}"));
    assert_str_eq(
        ch_buf_str(&b),
        "206 <108>1 2025-11-26T04:40:00.000001Z gate.example.org customhouse - sign-in-failed"
        " [meta sequenceId=\"42\"] {\"entry\":41,\"log\":\"example.org/log\",\"record\":"
        "{\"at_us\":1764132000000001,\"kind\":\"sign-in-failed\",\"v\":1}}");
    ch_buf_clear(&b);
    forward_put_message(&b, CH_STR("-"), CH_STR("l"), 2147483647,
                        CH_STR("{\"at_us\":0,\"kind\":\"\xc3\xa4\",\"v\":1}"));
    assert_true(ch_str_find(ch_buf_str(&b), CH_STR("[meta sequenceId=\"1\"] \xef\xbb\xbf{"), NULL));
    ch_buf_done(&b);
}

/* "0,1,2": the entries in what was sent. */
static void numbers_of(const char *body, struct ch_buf *ret)
{
    ch_buf_clear(ret);
    for (const char *at = body; (at = strstr(at, "] {\"entry\":")) != NULL; at++) {
        ch_buf_printf(ret, "%s%llu", ret->len > 0 ? "," : "", strtoull(at + 11, NULL, 10));
    }
}

static void the_log_goes_out_in_order(void **state)
{
    (void)state;
    uint64_t wait = ch_limits.forward_wait_ms, entries = ch_limits.forward_entries;
    ch_limits.forward_wait_ms = 1;
    ch_limits.forward_entries = 2;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE SYSLOG);
    struct away a = {.count = 0};
    struct ch_buf numbers;
    uint64_t next = 7;
    ch_buf_init(&numbers, 4096);
    log_until_written(h);
    assert_true(log_written(h) > 4);
    connect_away(&a, h);
    numbers_of(a.sent[0].body, &numbers);
    assert_str_eq(ch_buf_str(&numbers), "0,1");
    answer(&a, 0, CH_E_UPSTREAM, 0);
    numbers_of(a.sent[1].body, &numbers);
    assert_str_eq(ch_buf_str(&numbers), "0,1"); /* once more */
    answer(&a, 1, CH_OK, 0);
    numbers_of(a.sent[2].body, &numbers);
    assert_str_eq(ch_buf_str(&numbers), "2,3");
    disconnect_away(&a); /* nobody knows whether they came */
    house_restart(h);
    log_until_written(h);
    assert_ch_ok(&err, ch_store_forwarded(h->k->store, CH_STR("siem"), &next, &err));
    assert_int_equal(next, 2);
    connect_away(&a, h);
    numbers_of(a.sent[3].body, &numbers);
    assert_str_eq(ch_buf_str(&numbers), "2,3");
    for (size_t i = 3; i < a.count; i++) {
        answer(&a, i, CH_OK, 0);
    }
    assert_ch_ok(&err, ch_store_forwarded(h->k->store, CH_STR("siem"), &next, &err));
    assert_int_equal(next, log_written(h));
    ch_buf_clear(&numbers);
    forward_put_state(h->k, &numbers, false);
    assert_str_eq(ch_buf_str(&numbers), "syslog/siem: 0 entries of the audit log wait\n");
    ch_limits.forward_wait_ms = wait;
    ch_limits.forward_entries = entries;
    ch_buf_done(&numbers);
    away_done(&a);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_one_of_rfc_5424),
        cmocka_unit_test(the_log_goes_out_in_order),
    };
    return cmocka_run_group_tests(tests, quick, NULL);
}
