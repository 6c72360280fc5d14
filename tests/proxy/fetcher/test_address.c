#include "tests/ch_test.h"

#include "proxy/fetcher/address.h"

static void test_kinds(void **state)
{
    (void)state;
    const struct {
        const char *address;
        enum ch_address_kind kind;
    } rows[] = {
        {"8.8.8.8:1", CH_ADDRESS_PUBLIC},
        {"100.63.255.255:1", CH_ADDRESS_PUBLIC},
        {"172.15.255.255:1", CH_ADDRESS_PUBLIC},
        {"172.32.0.0:1", CH_ADDRESS_PUBLIC},
        {"223.255.255.255:1", CH_ADDRESS_PUBLIC},
        {"[2606:4700::1]:1", CH_ADDRESS_PUBLIC},
        {"[64:ff9b::8.8.8.8]:1", CH_ADDRESS_PUBLIC},
        {"10.0.0.0:1", CH_ADDRESS_PRIVATE},
        {"10.255.255.255:1", CH_ADDRESS_PRIVATE},
        {"100.64.0.1:1", CH_ADDRESS_PRIVATE},
        {"100.127.255.255:1", CH_ADDRESS_PRIVATE},
        {"172.16.0.1:1", CH_ADDRESS_PRIVATE},
        {"172.31.255.255:1", CH_ADDRESS_PRIVATE},
        {"192.168.1.1:1", CH_ADDRESS_PRIVATE},
        {"[fd00::1]:1", CH_ADDRESS_PRIVATE},
        {"[fec0::1]:1", CH_ADDRESS_PRIVATE},
        {"[::ffff:10.0.0.1]:1", CH_ADDRESS_PRIVATE},
        {"[::10.0.0.1]:1", CH_ADDRESS_PRIVATE},
        {"[64:ff9b::10.0.0.1]:1", CH_ADDRESS_PRIVATE},
        {"[64:ff9b:1::8.8.8.8]:1", CH_ADDRESS_PRIVATE},
        {"[2002:0a00:0001::]:1", CH_ADDRESS_PRIVATE},
        {"127.0.0.1:1", CH_ADDRESS_LOOPBACK},
        {"127.255.255.255:1", CH_ADDRESS_LOOPBACK},
        {"[::1]:1", CH_ADDRESS_LOOPBACK},
        {"[::ffff:127.0.0.1]:1", CH_ADDRESS_LOOPBACK},
        {"[64:ff9b::7f00:1]:1", CH_ADDRESS_LOOPBACK},
        {"169.254.169.254:1", CH_ADDRESS_LINK_LOCAL},
        {"[fe80::1]:1", CH_ADDRESS_LINK_LOCAL},
        {"[febf::1]:1", CH_ADDRESS_LINK_LOCAL},
        {"[::ffff:169.254.169.254]:1", CH_ADDRESS_LINK_LOCAL},
        {"[2002:a9fe:a9fe::1]:1", CH_ADDRESS_LINK_LOCAL},
        {"224.0.0.1:1", CH_ADDRESS_MULTICAST},
        {"239.255.255.255:1", CH_ADDRESS_MULTICAST},
        {"[ff02::1]:1", CH_ADDRESS_MULTICAST},
        {"0.0.0.0:1", CH_ADDRESS_UNSPECIFIED},
        {"0.1.2.3:1", CH_ADDRESS_UNSPECIFIED},
        {"[::]:1", CH_ADDRESS_UNSPECIFIED},
        {"[::ffff:0.0.0.0]:1", CH_ADDRESS_UNSPECIFIED},
        {"192.0.2.1:1", CH_ADDRESS_RESERVED},
        {"198.19.0.1:1", CH_ADDRESS_RESERVED},
        {"240.0.0.1:1", CH_ADDRESS_RESERVED},
        {"255.255.255.255:1", CH_ADDRESS_RESERVED},
        {"[2001:db8::1]:1", CH_ADDRESS_RESERVED},
        {"[2001::1]:1", CH_ADDRESS_RESERVED},
        {"[100::1]:1", CH_ADDRESS_RESERVED},
        {"[4000::1]:1", CH_ADDRESS_RESERVED},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_address a;
        assert_true(ch_address_parse(ch_str_of(rows[i].address), &a));
        if (ch_address_kind(&a.any) != rows[i].kind) {
            fail_msg("%s: %s, expected %s", rows[i].address,
                     ch_address_kind_text(ch_address_kind(&a.any)),
                     ch_address_kind_text(rows[i].kind));
        }
    }
    const struct sockaddr local = {.sa_family = AF_UNIX};
    assert_int_equal(ch_address_kind(&local), CH_ADDRESS_RESERVED);
}

static void test_permission(void **state)
{
    (void)state;
    /* kind, then: not named, named, named as literal */
    const struct {
        enum ch_address_kind kind;
        bool may[3];
    } rows[] = {
        {CH_ADDRESS_PUBLIC, {true, true, true}},
        {CH_ADDRESS_PRIVATE, {false, true, true}},
        {CH_ADDRESS_LOOPBACK, {false, true, true}},
        {CH_ADDRESS_RESERVED, {false, true, true}},
        {CH_ADDRESS_LINK_LOCAL, {false, false, true}},
        {CH_ADDRESS_MULTICAST, {false, false, false}},
        {CH_ADDRESS_UNSPECIFIED, {false, false, false}},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        assert_int_equal(ch_address_permitted(rows[i].kind, false, false), rows[i].may[0]);
        assert_int_equal(ch_address_permitted(rows[i].kind, true, false), rows[i].may[1]);
        assert_int_equal(ch_address_permitted(rows[i].kind, true, true), rows[i].may[2]);
    }
}

static void test_parsing(void **state)
{
    (void)state;
    const char *const bad[] = {"",           "8080",        ":8080",          "localhost:80",
                               "127.0.0.1",  "127.0.0.1:",  "127.1:80",       "127.0.0.1:65536",
                               "[::1]",      "[::1:80",     "::1:80",         "[127.0.0.1]:80",
                               "1.2.3.4:-1", "1.2.3.4:080", "[fe80::1%lo]:80"};
    struct ch_address a;
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        if (ch_address_parse(ch_str_of(bad[i]), &a)) {
            fail_msg("\"%s\" was taken for an address", bad[i]);
        }
    }
    const char *const good[] = {"127.0.0.1:8080", "[::1]:443", "0.0.0.0:0"};
    for (size_t i = 0; i < CH_ARRAY_LEN(good); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 100);
        assert_true(ch_address_parse(ch_str_of(good[i]), &a));
        ch_address_put(&b, &a.any);
        assert_str_eq(ch_buf_str(&b), good[i]);
        ch_buf_done(&b);
    }
    assert_true(ch_address_is_literal(CH_STR("[::1]")));
    assert_true(ch_address_is_literal(CH_STR("10.0.0.1")));
    assert_false(ch_address_is_literal(CH_STR("example.org")));
}

static void test_reaching_a_listener(void **state)
{
    (void)state;
    const struct {
        const char *peer;
        const char *listen;
        bool local;
        bool reaches;
    } rows[] = {
        {"127.0.0.1:8080", "127.0.0.1:8080", false, true},
        {"127.0.0.1:8080", "127.0.0.1:8081", true, false},
        {"[::ffff:127.0.0.1]:8080", "127.0.0.1:8080", false, true},
        {"10.0.0.5:8080", "0.0.0.0:8080", true, true},
        {"10.0.0.5:8080", "[::]:8080", true, true},
        {"10.0.0.5:8080", "0.0.0.0:8080", false, false},
        {"10.0.0.5:8080", "10.0.0.6:8080", true, false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_address peer;
        struct ch_address listen;
        assert_true(ch_address_parse(ch_str_of(rows[i].peer), &peer));
        assert_true(ch_address_parse(ch_str_of(rows[i].listen), &listen));
        assert_int_equal(ch_address_reaches(&peer.any, &listen, rows[i].local), rows[i].reaches);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_permission),
        cmocka_unit_test(test_parsing),
        cmocka_unit_test(test_reaching_a_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
