#include "tests/ch_test.h"

#include "base/config/place.h"
#include "customhouse/limits.h"

static void test_split(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host; /* NULL: malformed */
        uint16_t port;
        bool loopback;
    } rows[] = {
        {"127.0.0.1:8080", "127.0.0.1", 8080, true},
        {"[::1]:1", "::1", 1, true},
        {"[0:0::0:1]:1", "0:0::0:1", 1, true},
        {"[::]:1", "::", 1, false},
        {"[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1, false},
        {"0.0.0.0:1", "0.0.0.0", 1, false},
        {"127.0.0.1.example.org:1", "127.0.0.1.example.org", 1, false},
        {"localhost.:1", NULL, 0, false},
        {"localhost:0", "localhost", 0, true},
        {"[2001:db8::1]:80", "2001:db8::1", 80, false},
        {"a.example.org:65535", "a.example.org", 65535, false},
        {"127.evil.example.org:1", "127.evil.example.org", 1, false},
        {"127.0.0.1", NULL, 0, false},
        {"::1:80", NULL, 0, false},
        {"[::1]", NULL, 0, false},
        {"[::1]80", NULL, 0, false},
        {"a:65536", NULL, 0, false},
        {"a:", NULL, 0, false},
        {":80", NULL, 0, false},
        {"a:+1", NULL, 0, false},
        {"a:080", NULL, 0, false},
        {"1.2.3:80", NULL, 0, false},
        {"0x7f.1:80", NULL, 0, false},
        {"a..b:80", NULL, 0, false},
        {"-a:80", NULL, 0, false},
        {"a b:80", NULL, 0, false},
        {"[127.0.0.1]:80", NULL, 0, false},
        {"", NULL, 0, false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str host = {NULL, 0};
        uint16_t port = 0;
        bool good = ch_place_split(ch_str_of(rows[i].text), &host, &port);
        if (good != (rows[i].host != NULL) || !ch_str_eq(host, ch_str_of(rows[i].host)) ||
            port != rows[i].port || (good && ch_place_is_loopback(host) != rows[i].loopback)) {
            fail_msg("%s: %d %.*s %u", rows[i].text, good, CH_STR_ARG(host), port);
        }
    }
}

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *origin; /* NULL: malformed */
    } rows[] = {
        {"https://Index.example.org/simple/", "https://index.example.org:443"},
        {"http://index.example.org", "http://index.example.org:80"},
        {"http://[::1]/x", "http://[::1]:80"},
        {"https://[::1]:8443", "https://[::1]:8443"},
        {"http://127.0.0.1:9/", "http://127.0.0.1:9"},
        {"HTTP://a", NULL},
        {"https://", NULL},
        {"https://a:0/", NULL},
        {"https://a:/", NULL},
        {"https://u@a/", NULL},
        {"https://a/?q", NULL},
        {"https://a/#f", NULL},
        {"https://a\\b/", NULL},
        {"https://a/\xc3\xa9", NULL},
        {"https://[::1/", NULL},
        {"https://a b/", NULL},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const char *fault = ch_place_url_fault(ch_str_of(rows[i].url));
        if ((fault == NULL) != (rows[i].origin != NULL)) {
            fail_msg("%s: %s", rows[i].url, fault == NULL ? "taken" : fault);
        }
        if (fault == NULL) {
            struct ch_buf b;
            ch_buf_init(&b, 256);
            ch_place_put_origin(&b, ch_str_of(rows[i].url));
            assert_str_eq(ch_buf_str(&b), rows[i].origin);
            ch_buf_done(&b);
        }
    }
}

/* What is asked of a host is no part of where it is: it may be a secret. */
static void test_origin_without_query(void **state)
{
    (void)state;
    static const char *const urls[] = {"https://A.example.org/b?key=c/d",
                                       "https://a.example.org?key=c/d@e"};
    for (size_t i = 0; i < CH_ARRAY_LEN(urls); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 256);
        ch_place_put_origin(&b, ch_str_of(urls[i]));
        assert_str_eq(ch_buf_str(&b), "https://a.example.org:443");
        ch_buf_done(&b);
    }
}

static void test_long_url(void **state)
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, (size_t)ch_limits.url_bytes + 1);
    ch_buf_puts(&b, CH_STR("https://a.example.org/"));
    while (b.len < ch_limits.url_bytes) {
        ch_buf_putc(&b, 'x');
    }
    assert_null(ch_place_url_fault(ch_buf_str(&b)));
    ch_buf_putc(&b, 'x');
    assert_string_equal(ch_place_url_fault(ch_buf_str(&b)), "is too long");
    ch_buf_done(&b);
}

static void test_no_proxy(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *host;
        uint16_t port;
        bool exempt;
    } rows[] = {
        {"", "a.example.org", 443, false},
        {",, ,", "a.example.org", 443, false},
        {"*", "a.example.org", 443, true},
        {"b, *", "10.0.0.1", 80, true},
        {"A.Example.org", "a.example.org", 443, true},
        {"x, .example.org ", "a.example.org", 443, true},
        {"..example.org", "a.example.org", 443, true},
        {"example.org", "a.example.org", 443, true},
        {"example.org", "example.org", 443, true},
        {".example.org", "example.org", 443, true},
        {"ample.org", "a.example.org", 443, false},
        {".", "a.example.org", 443, false},
        {"example.org:443", "a.example.org", 443, true},
        {".example.org:443", "a.example.org", 443, true},
        {"example.org:8443", "a.example.org", 443, false},
        {"example.org:", "a.example.org", 443, false},
        {"10.0.0.0/8", "10.200.3.4", 80, true},
        {"10.0.0.0/8", "11.0.0.1", 80, false},
        {"127.0.0.0/8", "127.0.0.1", 80, true},
        {"192.168.16.0/20", "192.168.31.255", 80, true},
        {"192.168.16.0/20", "192.168.32.0", 80, false},
        {"10.1.2.3/32", "10.1.2.3", 80, true},
        {"10.1.2.3/32", "10.1.2.2", 80, false},
        {"0.0.0.0/0", "10.1.2.3", 80, true},
        {"0.0.0.0/0", "a.example.org", 80, false},
        {"10.0.0.0/33", "10.0.0.0", 80, false},
        {"10.0.0.0/", "10.0.0.0", 80, false},
        {"10.0.0.0/x", "10.0.0.0", 80, false},
        {"10/8", "10.0.0.1", 80, false},
        {"/8", "10.0.0.1", 80, false},
        {"10.0.0.0/8", "2001:db8::1", 80, false},
        {"2001:db8::/64", "2001:db8::ffff:1", 80, true},
        {"2001:db8::/64", "2001:db8:0:1::1", 80, false},
        {"2001:db8::/31", "2001:db9::1", 80, true},
        {"2001:db8::/129", "2001:db8::1", 80, false},
        {"::/0", "2001:db8::1", 80, true},
        {"::/0", "10.0.0.1", 80, false},
        {"10.1.2.3", "10.1.2.3", 80, true},
        {"10.1.2.3:80", "10.1.2.3", 80, true},
        {"10.1.2.3:81", "10.1.2.3", 80, false},
        {"2.3", "10.1.2.3", 80, false},
        {"2001:DB8:0::1", "2001:db8::1", 80, true},
        {"[2001:db8::1]", "2001:db8::1", 80, true},
        {"[2001:db8::1]:80", "2001:db8::1", 80, true},
        {"[2001:db8::1]:81", "2001:db8::1", 80, false},
        {"[", "2001:db8::1", 80, false},
        {"[]", "2001:db8::1", 80, false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_place_exempts(ch_str_of(rows[i].list), ch_str_of(rows[i].host), rows[i].port) !=
            rows[i].exempt) {
            fail_msg("\"%s\" and %s port %u", rows[i].list, rows[i].host, rows[i].port);
        }
    }
    assert_false(ch_place_exempts((struct ch_str){NULL, 0}, CH_STR("a"), 80));
}

static void test_host(void **state)
{
    static const struct {
        const char *text, *host;
    } rows[] = {{"a.example", "a.example"}, {"a.example:8443", "a.example"}, {"[::1]:80", "::1"},
                {"::1", "::1"},             {"10.1.2.3:1", "10.1.2.3"},      {"", ""}};
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        assert_str_eq(ch_place_host(ch_str_of(rows[i].text)), rows[i].host);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_origin_without_query),
        cmocka_unit_test(test_long_url),
        cmocka_unit_test(test_no_proxy),
        cmocka_unit_test(test_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
