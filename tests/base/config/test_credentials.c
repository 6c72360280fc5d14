#include "tests/ch_test.h"

#include "customhouse/config.h"

static void test_read(void **state)
{
    (void)state;
    struct ch_credentials *c = NULL;
    struct ch_err err;
    assert_ch_ok(&err, ch_credentials_parse(
                           CH_STR("credentials:\n  - origin: https://index.example.org:443\n"
                                  "    user: u\n    password: 'p:\"#'\n"),
                           "credentials.yaml", &c, &err));
    assert_int_equal(c->count, 1);
    assert_string_equal(c->items[0].origin, "https://index.example.org:443");
    assert_string_equal(c->items[0].user, "u");
    assert_string_equal(c->items[0].password, "p:\"#");
    ch_credentials_free(c);
    /* a token as the user, as in an index-url of pip's configuration */
    assert_ch_ok(&err, ch_credentials_parse(
                           CH_STR("credentials: [{origin: 'https://a:1', user: token, password: \"\"}]\n"),
                           "credentials.yaml", &c, &err));
    assert_string_equal(c->items[0].user, "token");
    assert_string_equal(c->items[0].password, "");
    ch_credentials_free(c);
    assert_ch_ok(&err, ch_credentials_parse(CH_STR("credentials: []\n"), "c", &c, &err));
    assert_int_equal(c->count, 0);
    ch_credentials_free(c);
    ch_credentials_free(NULL);
}

#define ITEM "{origin: 'https://a.example.org:443', user: u, password: secret}"

static const struct {
    const char *label;
    const char *text;
    const char *message;
} bad_rows[] = {
    {"no list", "{}\n", "c:1:1: the key \"credentials\" is missing"},
    {"unknown key", "credential: []\n", "c:1:1: credential: unknown key; \"credentials\" is near"},
    {"no password", "credentials: [{origin: 'https://a:1', user: u}]\n",
     "c:1:15: credentials[0]: the key \"password\" is missing"},
    {"no value for a password", "credentials: [{origin: 'https://a:1', user: u, password: }]\n",
     "c:1:58: credentials[0].password: has no value; leave the key out or give it one"},
    {"an empty user", "credentials: [{origin: 'https://a:1', user: '', password: secret}]\n",
     "c:1:45: credentials[0].user: has no value; leave the key out or give it one"},
    {"no port", "credentials: [{origin: 'https://a.example.org', user: u, password: secret}]\n",
     "c:1:24: credentials[0].origin: is not scheme, host in lower case and port, as in "
     "https://index.example.org:443"},
    {"path", "credentials: [{origin: 'https://a:1/x', user: u, password: secret}]\n",
     "c:1:24: credentials[0].origin: is not scheme, host in lower case and port, as in "
     "https://index.example.org:443"},
    {"upper case", "credentials: [{origin: 'https://A:1', user: u, password: secret}]\n",
     "c:1:24: credentials[0].origin: is not scheme, host in lower case and port, as in "
     "https://index.example.org:443"},
    {"colon", "credentials: [{origin: 'https://a:1', user: 'u:v', password: secret}]\n",
     "c:1:45: credentials[0].user: holds a colon"},
    {"two lines", "credentials: [{origin: 'https://a:1', user: u, password: \"a\\nb\"}]\n",
     "c:1:58: credentials[0].password: is more than one line"},
    {"twice", "credentials: [" ITEM ", " ITEM "]\n",
     "c:1:90: credentials[1].origin: is given twice"},
};

static void test_errors_never_show_a_secret(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(bad_rows); i++) {
        struct ch_credentials *c = NULL;
        struct ch_err err = {.msg = ""};
        enum ch_code rc = ch_credentials_parse(ch_str_of(bad_rows[i].text), "c", &c, &err);
        if (rc != CH_E_USAGE || strcmp(err.msg, bad_rows[i].message) != 0) {
            fail_msg("%s: %s: %s", bad_rows[i].label, ch_code_name(rc), err.msg);
        }
        assert_null(strstr(err.msg, "secret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_errors_never_show_a_secret),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
