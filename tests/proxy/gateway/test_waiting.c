#include "proxy/gateway/waiting.h"
#include "tests/ch_test.h"

static const struct {
    const char *user_agent;
    uint32_t hold_ms;
    uint32_t hops;
} clients[] = {
    {"pip/23.2.1 {\"cpu\":\"x86_64\"}", 10000, 29},
    {"uv/0.5.1 {}", 25000, 10},
    {"rattler/0.2", 25000, 10},
    {"py-rattler/0.28.0", 25000, 10},
    {"conda/26.5.0 requests/2.32 CPython/3.12", 10000, 29},
    {"python-requests/2.31", 10000, 29},
    {"curl/8.0", 10000, 10},
    {"", 10000, 10},
    {NULL, 10000, 10},
    {"my-pip/1", 10000, 10},
};

/* Under each client's own limit: pip 15 s and 30 redirects, uv 30 s and 10. */
static void test_patience(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(clients); i++) {
        struct gw_patience p = gw_patience_of(ch_str_of(clients[i].user_agent));
        assert_int_equal(p.hold_ms, clients[i].hold_ms);
        assert_int_equal(p.hops, clients[i].hops);
    }
}

static void test_hops_end(void **state)
{
    (void)state;
    struct gw_patience p = {10000, 3};
    struct ch_buf b;
    ch_buf_init(&b, 100);
    uint32_t hop = 0;
    size_t redirects = 0;
    while (gw_wait_next(&p, hop, CH_STR("/pypi/files/a/a%2B1.whl"), &b)) {
        struct ch_str value = ch_buf_str(&b);
        assert_true(ch_str_starts(value, CH_STR("/pypi/files/a/a%2B1.whl?wait=")));
        hop = gw_wait_hop(ch_str_sub(value, 29, value.len));
        redirects++;
        assert_int_equal(hop, redirects);
        ch_buf_clear(&b);
    }
    assert_int_equal(redirects, 3);
    ch_buf_done(&b);
}

static void test_hop_values(void **state)
{
    (void)state;
    assert_int_equal(gw_wait_hop(CH_STR("7")), 7);
    assert_int_equal(gw_wait_hop(CH_STR("")), 0);
    assert_int_equal(gw_wait_hop(CH_STR("-1")), 0);
    assert_int_equal(gw_wait_hop(CH_STR("1e9")), 0);
    assert_int_equal(gw_wait_hop(CH_STR("4294967296")), 0);
    assert_int_equal(gw_wait_hop(CH_STR("4294967295")), UINT32_MAX);
    struct gw_patience p = {10000, 10};
    struct ch_buf b;
    ch_buf_init(&b, 100);
    assert_false(gw_wait_next(&p, UINT32_MAX, CH_STR("/"), &b));
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_patience),
                                       cmocka_unit_test(test_hops_end),
                                       cmocka_unit_test(test_hop_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
