/* Verifying offline: what holds, and that nothing else does. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/timefmt.h"
#include "db/signing/bundle.h"
#include "db/signing/check.h"
#include "db/signing/dsse.h"
#include "db/signing/key_files.h"
#include "db/signing/statement.h"
#include "db/signing/withdrawals.h"

#define NOW_US 1795341600000000 /* 2026-11-22T10:00:00Z */
#define HINT   CH_STR("approve-prod-file-0123456789abcdef")

static struct ch_signer *signer, *other;
static struct ch_sha256 file;
static struct ch_err err;

static struct ch_signer *make(int fd, const char *name, enum ch_key_kind kind)
{
    struct ch_purpose purpose = {.kind = kind};
    struct ch_sha256 id;
    struct ch_signer *s;
    snprintf(purpose.name, sizeof(purpose.name), "%s", name);
    assert_ch_ok(&err, ch_key_file_make(fd, &purpose, &id, &err));
    assert_ch_ok(&err, ch_key_file_open(fd, &purpose, &id, &s, &err));
    assert_ch_ok(&err, ch_key_file_remove(fd, &purpose, &id, &err));
    return s;
}

static int group_setup(void **state)
{
    char folder[] = "check-test-XXXXXX";
    int fd;
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_ch_ok(&err, ch_keys_open_folder(folder, &fd, &err));
    signer = make(fd, "one", CH_KEY_ECDSA_P256);
    other = make(fd, "two", CH_KEY_ECDSA_P256);
    close(fd);
    rmdir(folder);
    file = ch_sha256_of("the file", 8);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    ch_signer_free(signer);
    ch_signer_free(other);
    return 0;
}

/* ------------------------------------------------------------------ making what is checked */

static void put_envelope(struct ch_buf *out, struct ch_signer *s, const char *type,
                         struct ch_str payload)
{
    struct ch_buf pae, sig;
    ch_buf_init(&pae, 1u << 20);
    ch_buf_init(&sig, CH_SIGNATURE_BYTES);
    ch_dsse_put_pae(&pae, ch_str_of(type), payload);
    assert_ch_ok(&err, ch_signer_sign(s, ch_buf_str(&pae), &sig, &err));
    ch_dsse_put_envelope(out, ch_str_of(type), payload, ch_buf_str(&sig));
    ch_buf_done(&pae);
    ch_buf_done(&sig);
}

static struct ch_vsa honest(void)
{
    static const struct ch_str levels[] = {{"GW_SCANNED", 10}};
    struct ch_vsa v = {
        .file_name = CH_STR("demo-1.2-py3-none-any.whl"),
        .sha256 = file,
        .verifier = CH_STR("https://gw.example/"),
        .verified_at_us = NOW_US,
        .resource_uri = CH_STR("pkg:pypi/demo@1.2?environment=prod&file_name=demo"),
        .policy_uri = CH_STR("https://gw.example/policy"),
        .policy = ch_sha256_of("p", 1),
        .passed = true,
        .levels = levels,
        .level_count = 1,
    };
    return v;
}

static void put_vsa(struct ch_buf *out, struct ch_signer *s, const struct ch_vsa *v)
{
    struct ch_buf statement;
    ch_buf_init(&statement, 64u << 10);
    ch_buf_init(out, 64u << 10);
    ch_vsa_put(&statement, v);
    put_envelope(out, s, CH_DSSE_IN_TOTO, ch_buf_str(&statement));
    ch_buf_done(&statement);
}

static void put_message(struct ch_buf *out, struct ch_signer *s, const struct ch_sha256 *digest,
                        struct ch_str hint)
{
    struct ch_buf sig;
    ch_buf_init(out, 64u << 10);
    ch_buf_init(&sig, CH_SIGNATURE_BYTES);
    assert_ch_ok(&err, ch_signer_sign_sha256(s, digest, &sig, &err));
    ch_bundle_put_message(out, hint, digest, ch_buf_str(&sig));
    ch_buf_done(&sig);
}

static void put_list(struct ch_buf *out, struct ch_signer *s, const char *environment,
                     const struct ch_sha256 *withdrawn)
{
    struct ch_buf list;
    ch_buf_init(&list, 64u << 10);
    ch_buf_init(out, 64u << 10);
    ch_withdrawals_begin(&list, ch_str_of(environment), NOW_US, NOW_US + 1000000);
    if (withdrawn != NULL) {
        ch_withdrawals_put(&list, withdrawn, CH_STR("demo"), NOW_US - 1000000);
    }
    ch_withdrawals_end(&list);
    put_envelope(out, s, CH_WITHDRAWALS_TYPE, ch_buf_str(&list));
    ch_buf_done(&list);
}

static struct ch_check question(const struct ch_buf *attestation)
{
    return (struct ch_check){.sha256 = file,
                             .key = ch_signer_public(signer),
                             .environment = CH_STR("prod"),
                             .attestation = ch_buf_str(attestation),
                             .now_us = NOW_US};
}

/* What is refused says nothing. */
static void refused(const struct ch_check *check, enum ch_code code)
{
    struct ch_checked got = {0};
    assert_ch_code(code, ch_check_approval(check, &got, &err));
    assert_int_equal(got.form, 0);
    assert_int_equal(got.file_name[0], '\0');
}

/* ------------------------------------------------------------------ what holds */

static void test_three_forms(void **state)
{
    (void)state;
    struct ch_vsa v = honest();
    struct ch_buf envelope, bundle, message;
    struct ch_checked got;
    put_vsa(&envelope, signer, &v);
    ch_buf_init(&bundle, 64u << 10);
    ch_bundle_put_dsse(&bundle, HINT, ch_buf_str(&envelope));
    put_message(&message, signer, &file, HINT);
    const struct ch_buf *const forms[] = {&envelope, &bundle, &message};
    for (size_t i = 0; i < CH_ARRAY_LEN(forms); i++) {
        struct ch_check check = question(forms[i]);
        assert_ch_ok(&err, ch_check_approval(&check, &got, &err));
        assert_int_equal(got.form, i < 2 ? CH_CHECK_STATEMENT : CH_CHECK_BYTES);
        assert_string_equal(got.file_name, i < 2 ? "demo-1.2-py3-none-any.whl" : "");
        assert_string_equal(got.verified_at, i < 2 ? "2026-11-22T10:00:00Z" : "");
        assert_false(got.list_checked);
        assert_false(got.audit_only);

        check.sha256 = ch_sha256_of("another", 7);
        refused(&check, CH_E_MISMATCH);
        check = question(forms[i]);
        check.key = ch_signer_public(other);
        refused(&check, CH_E_MISMATCH);
        check = question(forms[i]);
        check.environment = CH_STR("preprod");
        refused(&check, CH_E_DENIED);
    }
    ch_buf_done(&envelope);
    ch_buf_done(&bundle);
    ch_buf_done(&message);
}

static void test_audit_is_told(void **state)
{
    (void)state;
    static const struct ch_str levels[] = {{"GW_SCANNED", 10}, {"GW_AUDIT_ONLY", 13}};
    struct ch_vsa v = honest();
    struct ch_buf b;
    struct ch_checked got;
    v.levels = levels;
    v.level_count = 2;
    put_vsa(&b, signer, &v);
    struct ch_check check = question(&b);
    assert_ch_ok(&err, ch_check_approval(&check, &got, &err));
    assert_true(got.audit_only);
    ch_buf_done(&b);
}

/* Whatever bit is changed, it verifies no more, or it changed nothing that is said. */
static void test_no_bit_is_free(void **state)
{
    (void)state;
    struct ch_vsa v = honest();
    struct ch_buf envelope, bundle, message;
    struct ch_checked before, got;
    put_vsa(&envelope, signer, &v);
    ch_buf_init(&bundle, 64u << 10);
    ch_bundle_put_dsse(&bundle, HINT, ch_buf_str(&envelope));
    put_message(&message, signer, &file, HINT);
    struct ch_buf *const forms[] = {&envelope, &bundle, &message};
    for (size_t i = 0; i < CH_ARRAY_LEN(forms); i++) {
        struct ch_check check = question(forms[i]);
        size_t hint_at = 0, keyid_at = 0;
        memset(&before, 0, sizeof(before));
        assert_ch_ok(&err, ch_check_approval(&check, &before, &err));
        CH_IGNORE(ch_str_find(check.attestation, HINT, &hint_at));
        CH_IGNORE(ch_str_find(check.attestation, CH_STR("keyid"), &keyid_at));
        for (size_t at = 0; at < forms[i]->len; at++) {
            bool hint = i > 0 && at + 9 >= hint_at && at < hint_at + HINT.len + 1;
            bool keyid = i < 2 && at >= keyid_at && at < keyid_at + 8;
            forms[i]->ptr[at] ^= 1;
            memset(&got, 0, sizeof(got));
            if (ch_check_approval(&check, &got, &err) == CH_OK) {
                /* hint and keyid are nobody's word; '+' and '/' have a second letter each */
                assert_true(hint || keyid || forms[i]->ptr[at] == '_' || forms[i]->ptr[at] == '-' ||
                            forms[i]->ptr[at] == '+' || forms[i]->ptr[at] == '/');
                assert_memory_equal(&got, &before, sizeof(got));
            }
            forms[i]->ptr[at] ^= 1;
        }
        for (size_t len = 0; len < forms[i]->len; len++) {
            check.attestation = ch_str_sub(ch_buf_str(forms[i]), 0, len);
            refused(&check, CH_E_FORMAT);
        }
        ch_buf_done(forms[i]);
    }
}

/* ------------------------------------------------------------------ signed, and yet no approval */

static void test_statements_that_approve_nothing(void **state)
{
    (void)state;
    struct ch_buf b;
    struct ch_vsa rows[6];
    enum ch_code codes[] = {CH_E_DENIED, CH_E_DENIED, CH_E_DENIED,
                            CH_E_DENIED, CH_E_DENIED, CH_E_MISMATCH};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        rows[i] = honest();
    }
    rows[0].passed = false;
    rows[1].level_count = 0;
    rows[2].resource_uri =
        CH_STR("pkg:pypi/demo@1.2?environment=preprod&file_name=environment=prod");
    rows[3].resource_uri = CH_STR("pkg:pypi/demo@1.2?environment=preprod&environment=prod");
    rows[4].resource_uri = CH_STR("https://gw.example/?environment=prod");
    rows[5].sha256 = ch_sha256_of("another", 7);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        put_vsa(&b, signer, &rows[i]);
        struct ch_check check = question(&b);
        refused(&check, codes[i]);
        ch_buf_done(&b);
    }
}

static void test_other_payloads(void **state)
{
    (void)state;
    static const struct {
        const char *type, *payload;
    } rows[] = {
        {CH_WITHDRAWALS_TYPE, "{}"},
        {CH_DSSE_IN_TOTO, "{}"},
        {CH_DSSE_IN_TOTO, "[]"},
        {CH_DSSE_IN_TOTO, "{\"_type\":\"" CH_STATEMENT_TYPE "\",\"predicateType\":\"x\"}"},
        {CH_DSSE_IN_TOTO,
         "{\"_type\":\"" CH_STATEMENT_TYPE "\",\"_type\":\"" CH_STATEMENT_TYPE "\"}"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 64u << 10);
        put_envelope(&b, signer, rows[i].type, ch_str_of(rows[i].payload));
        struct ch_check check = question(&b);
        refused(&check, CH_E_FORMAT);
        ch_buf_done(&b);
    }
}

/* A bundle's rules that other verifiers have too. */
static void test_bundles_that_are_none(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\"}",
        "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":"
        "{\"publicKey\":{}}}",
        "{\"mediaType\":\"x\",\"verificationMaterial\":{\"publicKey\":{}}}",
        "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"e30=\",\"signatures\":[]}",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_check check = {.sha256 = file,
                                 .key = ch_signer_public(signer),
                                 .environment = CH_STR("prod"),
                                 .attestation = ch_str_of(rows[i]),
                                 .now_us = NOW_US};
        refused(&check, CH_E_FORMAT);
    }
}

/* ------------------------------------------------------------------ withdrawals */

static void test_withdrawals(void **state)
{
    (void)state;
    struct ch_vsa v = honest();
    struct ch_sha256 another = ch_sha256_of("another", 7);
    struct ch_checked got;
    struct ch_buf b, none, foreign, ours, theirs, wrong_key;
    put_vsa(&b, signer, &v);
    put_list(&none, signer, "prod", NULL);
    put_list(&foreign, signer, "prod", &another);
    put_list(&ours, signer, "prod", &file);
    put_list(&theirs, signer, "preprod", NULL);
    put_list(&wrong_key, other, "prod", NULL);
    struct ch_check check = question(&b);
    check.withdrawals = ch_buf_str(&none);
    assert_ch_ok(&err, ch_check_approval(&check, &got, &err));
    assert_true(got.list_checked);
    assert_string_equal(got.list_issued_at, "2026-11-22T10:00:00Z");
    check.withdrawals = ch_buf_str(&foreign);
    assert_ch_ok(&err, ch_check_approval(&check, &got, &err));
    check.now_us = NOW_US + 1000000; /* fresh no more */
    refused(&check, CH_E_TIMEOUT);
    check.now_us = NOW_US;
    check.withdrawals = ch_buf_str(&ours);
    refused(&check, CH_E_DENIED);
    check.withdrawals = ch_buf_str(&theirs);
    refused(&check, CH_E_DENIED);
    check.withdrawals = ch_buf_str(&wrong_key);
    refused(&check, CH_E_MISMATCH);
    check.withdrawals_key = check.key;
    refused(&check, CH_E_MISMATCH);
    check.withdrawals_key = ch_signer_public(other);
    assert_ch_ok(&err, ch_check_approval(&check, &got, &err));
    check.withdrawals = ch_buf_str(&none);
    refused(&check, CH_E_MISMATCH);
    check.withdrawals_key = NULL;
    check.withdrawals = check.attestation; /* signed by the key, and no list */
    refused(&check, CH_E_FORMAT);
    check.withdrawals = CH_STR("");
    refused(&check, CH_E_FORMAT);
    for (size_t at = 0; at < ours.len; at++) { /* no bit of it hides that it names the file */
        for (int bit = 0; bit < 8; bit++) {
            ours.ptr[at] = (char)(ours.ptr[at] ^ (1 << bit));
            check.withdrawals = ch_buf_str(&ours);
            assert_int_not_equal(ch_check_approval(&check, &got, &err), CH_OK);
            ours.ptr[at] = (char)(ours.ptr[at] ^ (1 << bit));
        }
    }
    struct ch_buf *const all[] = {&b, &none, &foreign, &ours, &theirs, &wrong_key};
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        ch_buf_done(all[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_forms),
        cmocka_unit_test(test_audit_is_told),
        cmocka_unit_test(test_no_bit_is_free),
        cmocka_unit_test(test_statements_that_approve_nothing),
        cmocka_unit_test(test_other_payloads),
        cmocka_unit_test(test_bundles_that_are_none),
        cmocka_unit_test(test_withdrawals),
    };
    return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
