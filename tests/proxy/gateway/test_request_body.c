/* Forms and JSON of who asks for an exception. */
#include "tests/ch_test.h"

#include "proxy/gateway/request_body.h"

#define R50    "01234567890123456789012345678901234567890123456789"
#define DIGITS "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TOKEN  "chp_" DIGITS
#define R500   R50 R50 R50 R50 R50 R50 R50 R50 R50 R50

static const struct {
    bool json;
    const char *text;
    const char *reason; /* NULL: refused */
    const char *expires;
    const char *said;
} rows[] = {
    {false, "reason=fixes+a+bug%2C+read+the+diff&expires=14d", "fixes a bug, read the diff", "14d", NULL},
    {false, "expires=&reason=x", "x", "", NULL},
    {false, "reason=caf%C3%a9", "caf\xc3\xa9", "", NULL},
    {false, "reason=a%3Db%26c", "a=b&c", "", NULL},
    {false, "reason=" R500, R500, "", NULL},
    {false, "reason=" R500 "x", NULL, NULL, "at most 500"},
    {false, "", NULL, NULL, "no value"},
    {false, "reason=", NULL, NULL, "reason is needed"},
    {false, "reason=++", NULL, NULL, "reason is needed"},
    {false, "reason", NULL, NULL, "no value"},
    {false, "reason=a&", NULL, NULL, "no value"},
    {false, "reason=a&reason=b", NULL, NULL, "each once"},
    {false, "reason=a&by=user%3Aann", NULL, NULL, "each once"},
    {false, "Reason=a", NULL, NULL, "each once"},
    {false, "reason=%", NULL, NULL, "not encoded"},
    {false, "reason=%4", NULL, NULL, "not encoded"},
    {false, "reason=%g0", NULL, NULL, "not encoded"},
    {false, "reason=a b", NULL, NULL, "not encoded"},
    {false, "reason=a\xc3\xa9", NULL, NULL, "not encoded"},
    {false, "reason=a%0d%0aSet-Cookie", NULL, NULL, "one line"},
    {false, "reason=a%1b%5b31m", NULL, NULL, "one line"},
    {false, "reason=a%00", NULL, NULL, "one line"},
    {false, "reason=a%7f", NULL, NULL, "one line"},
    {false, "reason=a%C3", NULL, NULL, "one line"},
    {false, "reason=a%C0%80", NULL, NULL, "one line"},
    {true, "{\"reason\":\"why\"}", "why", "", NULL},
    {true, " {\n\"expires\" : \"12h\" ,\t\"reason\":\"why\"} \r\n", "why", "12h", NULL},
    {true, "{\"reason\":\"\\u00e9\\ud83d\\ude00\\/\\\"\"}", "\xc3\xa9\xf0\x9f\x98\x80/\"", "", NULL},
    {true, "{\"\\u0072eason\":\"a\"}", "a", "", NULL},
    {true, "{}", NULL, NULL, "reason is needed"},
    {true, "{\"reason\":\"a\",\"\\u0072eason\":\"b\"}", NULL, NULL, "each once"},
    {true, "{\"reason\":\"a\",\"state\":\"approved\"}", NULL, NULL, "each once"},
    {true, "{\"reason\":\"a\",}", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":1}", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":[\"a\"]}", NULL, NULL, "no JSON object"},
    {true, "[\"reason\"]", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"a\"} {}", NULL, NULL, "follows"},
    {true, "{\"reason\":\"a\"", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"a", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"a\nb\"}", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"a\\nb\"}", NULL, NULL, "one line"},
    {true, "{\"reason\":\"\\ud83d\"}", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"\\ude00\"}", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"\\ud83d\\u0041\"}", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"\\u00g0\"}", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"\\x\"}", NULL, NULL, "no JSON object"},
    {true, "{reason:\"a\"}", NULL, NULL, "no JSON object"},
    {true, "", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"a\\u0000b\"}", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"a\xff\"}", NULL, NULL, "no JSON object"},
    {true, "{\"reason\":\"use " TOKEN "\"}", NULL, NULL, "a token stands in it"},
    {false, "reason=%63hp_" DIGITS, NULL, NULL, "a token stands in it"},
    {false, "reason=a&expires=chp_0123456789abcdef", NULL, NULL, "a token stands in it"},
};

static void test_what_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct gw_request_body b;
        struct ch_str text = ch_str_of(rows[i].text);
        gw_request_body_init(&b);
        const char *wrong =
            rows[i].json ? gw_request_body_json(text, &b) : gw_request_body_form(text, &b);
        if (rows[i].reason == NULL) {
            if (wrong == NULL || strstr(wrong, rows[i].said) == NULL) {
                fail_msg("%s: %s", rows[i].text, wrong != NULL ? wrong : "was taken");
            }
        } else if (wrong != NULL) {
            fail_msg("%s: %s", rows[i].text, wrong);
        } else {
            assert_str_eq(ch_buf_str(&b.reason), rows[i].reason);
            assert_int_equal(b.expires.len, strlen(rows[i].expires));
            assert_memory_equal(rows[i].expires, b.expires.len > 0 ? b.expires.ptr : "", b.expires.len);
        }
        gw_request_body_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_is_taken)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
