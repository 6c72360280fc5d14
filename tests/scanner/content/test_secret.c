/* Secrets in texts: each form, and the honest text that comes nearest. */
#include "tests/ch_test.h"

#include "scanner/content/secret.h"

#define A10        "AbCdEfGhI1"
#define A20        A10 "jK2lM3nO4p"
#define A30        A20 "Q5rS6tU7vW"
#define A40        A30 "x8Y9zA0bC1"
#define A80        A40 A40
#define PEM(label) "-----BEGIN " label "PRIVATE KEY-----\n"
#define BODY       "MIIEowIBAAKCAQEA" A40 A10 "\n"

static const struct {
    const char *text;
    const char *what; /* NULL: none */
    size_t at;
} finds[] = {
    {"x AKIAQ3EGTXW7PLDMN5RB", "an access key of AWS", 2},
    {"AKIAIOSFODNN7EXAMPLE", NULL, 0},
    {"AKIAQ3EGTXW7PLDMN5R", NULL, 0},
    {"AKIAQ3EGTXW7PLDMN5RBC", NULL, 0},
    {"XAKIAQ3EGTXW7PLDMN5RB", NULL, 0},
    {"GH=ghp_" A30 "abcdef", "a token of GitHub", 3},
    {"ghp_" A30 "abcde", NULL, 0},
    {"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", NULL, 0},
    {"github_pat_" A20 "_" A40 A20 "z", "a token of GitHub", 0},
    {"glpat-" A20, "a token of GitLab", 0},
    {"hf_" A30 "abcd", "a token of Hugging Face", 0},
    {"hf_hub_download", NULL, 0},
    {"npm_" A30 "abcdef", "a token for npm packages", 0},
    {"npm_config_registry", NULL, 0},
    {"pypi-AgE" A80, "a token for Python packages", 0},
    {"pypi-AgEnt", NULL, 0},
    {"dckr_pat_" A20 "abcdefg", "a token of Docker Hub", 0},
    {"xoxb-482093847561-583920174635-" A20, "a token of Slack", 0},
    {"AIza" A30 "abcde", NULL, 0}, /* programs that everybody has tell Google by it who they are */
    {"AccountKey=" A80 "abcdef==", "a storage key of Azure", 0},
    {PEM("RSA ") BODY, "a private key", 0},
    {"\n" PEM("") BODY, "a private key", 1},
    {PEM("OPENSSH ") BODY, "a private key", 0},
    {"-----BEGIN CERTIFICATE-----\n" BODY, NULL, 0},
    {"-----BEGIN PUBLIC KEY-----\n" BODY, NULL, 0},
    {PEM("RSA "), NULL, 0},
    {PEM("RSA ") "...\n-----END", NULL, 0},
    {"", NULL, 0},
    {"A", NULL, 0},
    {"-----BEGIN ", NULL, 0},
};

static void finds_each_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(finds); i++) {
        const char *what = NULL;
        size_t at = 0;
        bool found = secret_find(ch_str_of(finds[i].text), 0, &what, &at);
        if (found != (finds[i].what != NULL) ||
            (found && (strcmp(what, finds[i].what) != 0 || at != finds[i].at))) {
            fail_msg("%s: %s at %zu", finds[i].text, found ? what : "nothing", at);
        }
    }
}

static void finds_the_next_one(void **state)
{
    (void)state;
    const char *what = NULL;
    size_t at = 0;
    struct ch_str text = CH_STR("glpat-" A20 " glpat-" A20);
    assert_true(secret_find(text, 1, &what, &at));
    assert_int_equal(at, 27);
    assert_false(secret_find(text, at + 1, &what, &at));
}

static const struct {
    const char *text;
    const char *name; /* NULL: none */
} named[] = {
    {"DB_PASSWORD=hunter2", "DB_PASSWORD"},
    {"api-token='abcd'", "api-token"},
    {"|1 TOKEN=abcd /bin/sh -c make", "TOKEN"},
    {"A=1 MY_SECRET=\"abcd\"", "MY_SECRET"},
    {"PASSWORD=", NULL},
    {"PASSWORD=$(cat x)", NULL},
    {"PASSWORD=${X}", NULL},
    {"PASSWORD=/run/secrets/x", NULL},
    {"PASSWORD=\"\"", NULL},
    {"PASSWORD=no", NULL},
    {"USE_TOKEN=false", NULL},
    {"PASSWORD_FILE=abcd", NULL},
    {"TOKEN_URL=abcd", NULL},
    {"GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568", NULL},
    {"=abcd", NULL},
    {"", NULL},
};

static void finds_each_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(named); i++) {
        struct ch_str name = {NULL, 0};
        bool found = secret_named(ch_str_of(named[i].text), &name);
        if (found != (named[i].name != NULL) ||
            (found && !ch_str_eq(name, ch_str_of(named[i].name)))) {
            fail_msg("%s: %.*s", named[i].text, CH_STR_ARG(name));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_each_form),
                                       cmocka_unit_test(finds_the_next_one),
                                       cmocka_unit_test(finds_each_name)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
