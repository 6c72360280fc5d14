/* Tokens in text of somebody else's. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "customhouse/secret.h"

#define D16 "0123456789abcdef"
#define D64 D16 D16 D16 D16

static const struct {
    const char *text, *without;
    bool encoded; /* also found where it is read as an address */
} rows[] = {
    {"", "", false},
    {"plain", "plain", false},
    {"chp_" D64, "chp_...", true},
    {"a chp_" D64 " b", "a chp_... b", true},
    {"chp_" D64 "chp_" D64, "chp_...chp_...", true},
    {"chp_" D64 "," D64, "chp_...," D64, true},
    {"chp_chp_" D64, "chp_chp_...", true},
    {"chp_" D16, "chp_...", true},
    {"chp_0123456789abcde", "chp_0123456789abcde", false},
    {"CHP_" D64, "chp_...", true},
    {"a ChP_0123456789ABCDEF b", "a chp_... b", true},
    {"hp_" D64, "hp_" D64, false},
    {"_" D64, "_" D64, false},
    {"chp_chp_0123_chp_" D64, "chp_chp_0123_chp_...", true},
    {"chp_", "chp_", false},
    {"%63%68p_" D64, "%63%68p_" D64, true},
    {"chp%5f%30" D64, "chp%5f%30" D64, true},
    {"%", "%", false},
    {"%6", "%6", false},
    {"%zz%6", "%zz%6", false},
};

static void test_where_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str text = ch_str_of(rows[i].text);
        struct ch_buf b;
        ch_buf_init(&b, 1024);
        ch_buf_put_without_secrets(&b, text);
        assert_str_eq(ch_buf_str(&b), rows[i].without);
        assert_int_equal(ch_secret_in(text), strcmp(rows[i].text, rows[i].without) != 0);
        assert_int_equal(ch_secret_in_encoded(text), rows[i].encoded);
        ch_buf_done(&b);
    }
    assert_false(ch_secret_in((struct ch_str){NULL, 0}));
    assert_false(ch_secret_in_encoded((struct ch_str){NULL, 0}));
}

static void test_credentials_of_others(void **state)
{
    (void)state;
    static const char *const urls[][2] = {
        {"https://host.example/f", "https://host.example/f"},
        {"https://ann:word@host.example/f", "https://host.example/f"},
        {"https://ann:w@rd@host.example", "https://host.example"},
        {"https://host.example/a@b", "https://host.example/a@b"},
        {"https://host.example?a@b", "https://host.example?a@b"},
        {"https://@host.example/", "https://host.example/"},
        {"ann@host.example", "ann@host.example"},
        {"://", "://"},
        {"", ""},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(urls); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 64);
        ch_buf_put_without_userinfo(&b, ch_str_of(urls[i][0]));
        assert_str_eq(ch_buf_str(&b), urls[i][1]);
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_where_they_are),
                                       cmocka_unit_test(test_credentials_of_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
