#include "tests/ch_test.h"

#include "customhouse/limits.h"
#include "proxy/gateway/acr.h"

#define DETAILS(text) "{\"quarantineState\":\"Failed\",\"quarantineDetails\":\"" text "\"}"
#define RESULT(text)  DETAILS("{\\\"result\\\":{\\\"version\\\":\\\"1\\\"," text "}}")

static void test_what_is_taken(void **state)
{
    static const struct {
        const char *text, *details, *words;
        enum ch_external verdict;
    } rows[] = {
        {"{\"quarantineState\":\"Passed\"}", "", "", CH_EXTERNAL_PASSED},
        {"{\"quarantineState\":\"Quarantined\",\"quarantineDetails\":\"\"}", "", "",
         CH_EXTERNAL_QUARANTINED},
        {DETAILS("{}"), "{}", "", CH_EXTERNAL_FAILED},
        /* The details are kept as they came, space and order too. */
        {DETAILS(" {\\\"link\\\": \\\"l\\\", \\\"state\\\": \\\"s\\\"}"),
         " {\"link\": \"l\", \"state\": \"s\"}", "s; l", CH_EXTERNAL_FAILED},
        {RESULT("\\\"summary\\\":[{\\\"severity\\\":\\\"High\\\",\\\"count\\\":2},"
                "{\\\"severity\\\":\\\"None\\\",\\\"count\\\":0}],\\\"description\\\":\\\"d\\\""),
         "{\"result\":{\"version\":\"1\",\"summary\":[{\"severity\":\"High\",\"count\":2},"
         "{\"severity\":\"None\",\"count\":0}],\"description\":\"d\"}}",
         "2 High, 0 None; d", CH_EXTERNAL_FAILED},
    };
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct gw_acr_body b;
        gw_acr_body_init(&b);
        const char *wrong = gw_acr_body_read(ch_str_of(rows[i].text), &b);
        if (wrong != NULL) {
            fail_msg("%s: %s", rows[i].text, wrong);
        }
        assert_int_equal(b.verdict, rows[i].verdict);
        assert_str_eq(ch_buf_str(&b.details), rows[i].details);
        assert_str_eq(ch_buf_str(&b.words), rows[i].words);
        gw_acr_body_done(&b);
    }
}

static void test_what_is_not_names_its_field(void **state)
{
    static const struct {
        const char *text, *words;
    } rows[] = {
        {"", "no JSON object"},
        {"[]", "no JSON object"},
        {"{}", "quarantineState: expected"},
        {"{\"quarantineState\":\"Passed\"} x", "no JSON object"},
        {"{\"quarantineState\":\"Passed\",\"quarantineState\":\"Failed\"}", "each once"},
        {"{\"quarantineState\":\"Passed\",\"other\":1}", "no JSON object"},
        {"{\"quarantineState\":\"passed\"}", "Passed, Failed or Quarantined"},
        {"{\"quarantineState\":true}", "Passed, Failed or Quarantined"},
        {"{\"quarantineState\":\"Passed\\u0000\"}", "no JSON object"},
        {"{\"quarantineState\":\"Failed\",\"quarantineDetails\":{}}", "expected a string"},
        {DETAILS("{"), "expected JSON in the string"},
        {DETAILS("{\\\"state\\\":\\\"a\\\",\\\"state\\\":\\\"b\\\"}"), "expected JSON"},
        {DETAILS("[]"), "expected a JSON object of state, link and result"},
        {DETAILS("{\\\"x\\\":1}"), "expected a JSON object of state, link and result"},
        {DETAILS("{\\\"state\\\":1}"), "quarantineDetails.state"},
        {DETAILS("{\\\"link\\\":1}"), "quarantineDetails.link"},
        {DETAILS("{\\\"result\\\":1}"), "quarantineDetails.result: expected an object"},
        {DETAILS("{\\\"result\\\":{\\\"summary\\\":[]}}"), "quarantineDetails.result.version"},
        {RESULT("\\\"x\\\":1"), "quarantineDetails.result: expected an object"},
        {RESULT("\\\"summary\\\":{}"), "result.summary: expected a list"},
        {RESULT("\\\"summary\\\":[1,2,3,4,5,6]"), "at most 5"},
        {RESULT("\\\"summary\\\":[{\\\"severity\\\":\\\"Bad\\\",\\\"count\\\":1}]"), "a severity"},
        {RESULT("\\\"summary\\\":[{\\\"severity\\\":\\\"High\\\",\\\"count\\\":-1}]"), "0 or more"},
        {RESULT("\\\"summary\\\":[{\\\"severity\\\":\\\"High\\\",\\\"count\\\":1.5}]"),
         "0 or more"},
        {RESULT("\\\"summary\\\":[{\\\"severity\\\":\\\"High\\\",\\\"count\\\":1,\\\"x\\\":1}]"),
         "a severity"},
        {RESULT("\\\"summary\\\":[],\\\"description\\\":1"), "result.description"},
    };
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct gw_acr_body b;
        gw_acr_body_init(&b);
        const char *wrong = gw_acr_body_read(ch_str_of(rows[i].text), &b);
        if (wrong == NULL || strstr(wrong, rows[i].words) == NULL) {
            fail_msg("%s: %s, expected: %s", rows[i].text, wrong != NULL ? wrong : "taken",
                     rows[i].words);
        }
        gw_acr_body_done(&b);
    }
}

/* A description has 1024 bytes, and no body more than its limit. */
static void test_lengths(void **state)
{
    static const struct {
        size_t description;
        bool taken;
    } rows[] = {{1024, true}, {1025, false}};
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct gw_acr_body b;
        struct ch_buf text;
        ch_buf_init(&text, 2 * (size_t)ch_limits.external_body_bytes);
        gw_acr_body_init(&b);
        ch_buf_printf(&text,
                      "{\"quarantineState\":\"Failed\",\"quarantineDetails\":\"{\\\"result\\\":"
                      "{\\\"version\\\":\\\"1\\\",\\\"summary\\\":[],\\\"description\\\":\\\"%0*d"
                      "\\\"}}\"}",
                      (int)rows[i].description, 0);
        assert_int_equal(gw_acr_body_read(ch_buf_str(&text), &b) == NULL, rows[i].taken);
        if (rows[i].taken) {
            assert_int_equal(b.words.len, rows[i].description);
        }
        gw_acr_body_done(&b);
        ch_buf_done(&text);
    }
}

/* What people read of it cannot write over their terminal. */
static void test_words_can_be_printed(void **state)
{
    struct gw_acr_body b;
    (void)state;
    gw_acr_body_init(&b);
    assert_null(gw_acr_body_read(CH_STR(DETAILS("{\\\"state\\\":\\\"a\\\\u001b[2Jb\\\"}")), &b));
    for (size_t i = 0; i < b.words.len; i++) {
        assert_in_range(b.words.ptr[i], ' ', '~');
    }
    assert_true(b.words.len > 2 && b.words.ptr[0] == 'a' && b.words.ptr[b.words.len - 1] == 'b');
    gw_acr_body_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_what_is_not_names_its_field),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_words_can_be_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
