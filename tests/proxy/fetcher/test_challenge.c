/* What a registry's 401 and its token endpoint's document are read as, and what is not read. */
#include "tests/ch_test.h"

#include <string.h>

#include "customhouse/limits.h"
#include "proxy/fetcher/challenge.h"

static const struct {
    const char *label;
    const char *value;
    enum ch_code code;
    const char *realm;
    const char *service;
    const char *scope;
} challenges[] = {
    {"as a registry says it",
     "Bearer realm=\"https://auth.example.org/token\",service=\"r.example.org\","
     "scope=\"repository:a/b:pull\"",
     CH_OK, "https://auth.example.org/token", "r.example.org", "repository:a/b:pull"},
    {"without a scope", "bearer  Realm=\"https://a\" , service=r.example", CH_E_FORMAT, "", "", ""},
    {"a bare word", "bearer  Realm=\"https://a\" , service=r-1", CH_OK, "https://a", "r-1", ""},
    {"a realm alone", "Bearer realm=\"https://a/x?y=z\"", CH_OK, "https://a/x?y=z", "", ""},
    {"another parameter", "Bearer error=\"invalid_token\",realm=\"https://a\"", CH_OK, "https://a",
     "", ""},
    {"a scope of another maker", "Bearer realm=\"https://a\",scope=\"aws\"", CH_OK, "https://a", "",
     "aws"},
    {"two scopes", "Bearer realm=\"https://a\",scope=\"repository:a:pull repository:b:pull\"",
     CH_OK, "https://a", "", "repository:a:pull repository:b:pull"},
    {"to push", "Bearer realm=\"https://a\",scope=\"repository:a/b:pull,push\"", CH_E_DENIED, "",
     "", ""},
    {"to push, in the second",
     "Bearer realm=\"https://a\",scope=\"repository:a:pull repository:b:push\"", CH_E_DENIED, "",
     "", ""},
    {"all", "Bearer realm=\"https://a\",scope=\"registry:catalog:*\"", CH_E_DENIED, "", "", ""},
    {"no realm", "Bearer service=\"a\"", CH_E_FORMAT, "", "", ""},
    {"an empty realm", "Bearer realm=\"\"", CH_E_FORMAT, "", "", ""},
    {"two realms", "Bearer realm=\"https://a\",realm=\"https://b\"", CH_E_FORMAT, "", "", ""},
    {"an escape", "Bearer realm=\"https://a\\\"\"", CH_E_FORMAT, "", "", ""},
    {"an open quote", "Bearer realm=\"https://a", CH_E_FORMAT, "", "", ""},
    {"a control character", "Bearer realm=\"https://a\tb\"", CH_E_FORMAT, "", "", ""},
    {"a comma at its end", "Bearer realm=\"https://a\",", CH_E_FORMAT, "", "", ""},
    {"two commas", "Bearer realm=\"https://a\",,service=b", CH_E_FORMAT, "", "", ""},
    {"no comma", "Bearer realm=\"https://a\" service=\"b\"", CH_E_FORMAT, "", "", ""},
    {"a second challenge", "Bearer realm=\"https://a\", Basic realm=\"b\"", CH_E_FORMAT, "", "",
     ""},
    {"another scheme", "Basic realm=\"https://a\"", CH_E_FORMAT, "", "", ""},
    {"another scheme of the same beginning", "Bearers realm=\"https://a\"", CH_E_FORMAT, "", "",
     ""},
    {"nothing", "", CH_E_FORMAT, "", "", ""},
};

static void assert_text(const char *label, struct ch_str got, const char *expected)
{
    if (!ch_str_eq(got, ch_str_of(expected))) {
        fail_msg("%s: \"%.*s\" is not \"%s\"", label, CH_STR_ARG(got), expected);
    }
}

static void test_challenges(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(challenges); i++) {
        struct ch_challenge c = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
        struct ch_err err;
        const char *label = challenges[i].label;
        enum ch_code rc = ch_challenge_parse(ch_str_of(challenges[i].value), &c, &err);
        if (rc != challenges[i].code) {
            fail_msg("%s: %s", label, ch_code_name(rc));
        }
        assert_text(label, c.realm, challenges[i].realm);
        assert_text(label, c.service, challenges[i].service);
        assert_text(label, c.scope, challenges[i].scope);
    }
}

static const struct {
    const char *label;
    const char *document;
    const char *token; /* NULL: CH_E_FORMAT */
    uint32_t life;
} documents[] = {
    {"a token", "{\"token\":\"aB0-._~+/=\"}", "aB0-._~+/=", 60},
    {"an access token", "{\"access_token\": \"x\", \"expires_in\": 300}", "x", 300},
    {"both", " {\"token\":\"t\",\n\t\"access_token\":\"a\"}\r\n", "t", 60},
    {"what else is said",
     "{\"issued_at\":\"2024-01-01T00:00:00Z\",\"scope\":null,\"n\":-1.5e+3,\"b\":true,"
     "\"s\":\"\\u00e9 \\\" \\\\\",\"token\":\"t\"}",
     "t", 60},
    {"for less than a minute", "{\"token\":\"t\",\"expires_in\":0}", "t", 60},
    {"for ever", "{\"token\":\"t\",\"expires_in\":18446744073709551615}", "t", 3600},
    {"no token", "{\"expires_in\":300}", NULL, 0},
    {"an empty one", "{\"token\":\"\"}", NULL, 0},
    {"one that would end the line", "{\"token\":\"a\\r\\nX: y\"}", NULL, 0},
    {"one with a blank", "{\"token\":\"a b\"}", NULL, 0},
    {"one with a line feed", "{\"token\":\"a\nb\"}", NULL, 0},
    {"one beyond ASCII", "{\"token\":\"\xc3\xa9\"}", NULL, 0},
    {"an escape that would do no harm", "{\"token\":\"\\u0061\"}", NULL, 0},
    {"padding first", "{\"token\":\"=a\"}", NULL, 0},
    {"padding within", "{\"token\":\"a=b\"}", NULL, 0},
    {"a number", "{\"token\":1}", NULL, 0},
    {"twice", "{\"token\":\"a\",\"token\":\"a\"}", NULL, 0},
    {"an escaped name", "{\"tok\\u0065n\":\"b\",\"token\":\"a\"}", NULL, 0},
    {"within another", "{\"data\":{\"token\":\"a\"}}", NULL, 0},
    {"beside a list", "{\"token\":\"a\",\"x\":[1]}", NULL, 0},
    {"a list", "[{\"token\":\"a\"}]", NULL, 0},
    {"a life of words", "{\"token\":\"a\",\"expires_in\":\"300\"}", NULL, 0},
    {"a life below nothing", "{\"token\":\"a\",\"expires_in\":-1}", NULL, 0},
    {"a life in part", "{\"token\":\"a\",\"expires_in\":1.5}", NULL, 0},
    {"open", "{\"token\":\"a\"", NULL, 0},
    {"an open string", "{\"token\":\"a", NULL, 0},
    {"an open escape", "{\"token\":\"a\\", NULL, 0},
    {"more after it", "{\"token\":\"a\"}{", NULL, 0},
    {"no colon", "{\"token\" \"a\"}", NULL, 0},
    {"no comma", "{\"token\":\"a\" \"x\":1}", NULL, 0},
    {"a comma at its end", "{\"token\":\"a\",}", NULL, 0},
    {"an object of nothing", "{}", NULL, 0},
    {"nothing", "", NULL, 0},
};

static void test_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(documents); i++) {
        struct ch_token token = {{NULL, 0}, 0};
        struct ch_err err;
        const char *label = documents[i].label;
        enum ch_code rc = ch_token_scan(ch_str_of(documents[i].document), &token, &err);
        if (rc != (documents[i].token != NULL ? CH_OK : CH_E_FORMAT)) {
            fail_msg("%s: %s", label, ch_code_name(rc));
        }
        if (rc == CH_OK) {
            assert_text(label, token.text, documents[i].token);
            assert_int_equal(token.life_seconds, documents[i].life);
        } else {
            assert_null(strstr(err.msg, "\"")); /* nothing of the document */
        }
    }
}

static void test_limit(void **state)
{
    (void)state;
    struct ch_token token;
    struct ch_err err;
    const uint64_t was = ch_limits.fetch_token_bytes;
    ch_limits.fetch_token_bytes = 4;
    assert_ch_ok(&err, ch_token_scan(CH_STR("{\"token\":\"abcd\"}"), &token, &err));
    assert_ch_code(CH_E_FORMAT, ch_token_scan(CH_STR("{\"token\":\"abcde\"}"), &token, &err));
    ch_limits.fetch_token_bytes = was;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_challenges),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
