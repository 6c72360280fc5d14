/* Tokens of some images: what is taken is what was signed here, whole, and nothing that looks like
 * it. */
#include "tests/ch_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/hmac.h>

#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "db/signing/scoped.h"
#include "token_signers.h"

#define NOW 1795341600

static struct ch_signer *signers[2]; /* ours, and another one's */
static struct ch_err err;

static int setup(void **state)
{
    (void)state;
    token_signers_make(signers);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ch_signer_free(signers[0]);
    ch_signer_free(signers[1]);
    return 0;
}

static struct ch_scoped usual(void)
{
    return (struct ch_scoped){
        .issuer = CH_STR("https://gw.example.org"),
        .service = CH_STR(CH_SCOPED_SERVICE),
        .token = 7,
        .begins_at_s = NOW,
        .ends_at_s = NOW + 300,
        .id = CH_STR("0123456789abcdef0123456789abcdef"),
        .may = {2,
                {{CH_STR("apps/team/app"), CH_SCOPE_PULL | CH_SCOPE_PUSH},
                 {CH_STR("mcr/sdk"), CH_SCOPE_PULL}}},
    };
}

static struct ch_scoped_check by_us(void)
{
    return (struct ch_scoped_check){.key = ch_signer_public(signers[0]),
                                    .issuer = CH_STR("https://gw.example.org"),
                                    .now_s = NOW + 1};
}

static void sign(const struct ch_scoped *s, struct ch_signer *signer, struct ch_buf *out)
{
    ch_buf_init(out, 8192);
    assert_ch_ok(&err, ch_scoped_put(s, signer, out, &err));
}

static void refused(enum ch_code code, struct ch_str text, const struct ch_scoped_check *check)
{
    struct ch_scoped got = {.token = 99};
    assert_ch_code(code, ch_scoped_read(text, check, &got, &err));
    assert_int_equal(got.token, 99); /* nothing was written */
}

static void put_url64(struct ch_buf *b, const void *ptr, size_t len)
{
    size_t from = b->len;
    ch_buf_put_base64(b, ptr, len);
    while (b->len > from && b->ptr[b->len - 1] == '=') {
        b->len--;
    }
    for (size_t i = from; i < b->len; i++) {
        b->ptr[i] = b->ptr[i] == '+' ? '-' : b->ptr[i] == '/' ? '_' : b->ptr[i];
    }
}

static size_t dot_at(struct ch_str text, int n)
{
    for (size_t i = 0; i < text.len; i++) {
        n -= text.ptr[i] == '.' ? 1 : 0;
        if (n == 0) {
            return i;
        }
    }
    fail();
    return 0;
}

static void what_was_signed_is_read(void **state)
{
    (void)state;
    struct ch_scoped s = usual(), got = {.token = 0};
    struct ch_scoped_check check = by_us();
    struct ch_buf b;
    sign(&s, signers[0], &b);
    assert_ch_ok(&err, ch_scoped_read(ch_buf_str(&b), &check, &got, &err));
    assert_int_equal(got.token, 7);
    assert_str_eq(got.issuer, "https://gw.example.org");
    assert_str_eq(got.id, "0123456789abcdef0123456789abcdef");
    assert_int_equal(got.begins_at_s, NOW);
    assert_int_equal(got.ends_at_s, NOW + 300);
    assert_int_equal(got.may.count, 2);
    assert_true(ch_scopes_allow(&got.may, CH_STR("apps/team/app"), CH_SCOPE_PUSH));
    assert_true(ch_scopes_allow(&got.may, CH_STR("mcr/sdk"), CH_SCOPE_PULL));
    assert_false(ch_scopes_allow(&got.may, CH_STR("mcr/sdk"), CH_SCOPE_PUSH));
    assert_false(ch_scopes_allow(&got.may, CH_STR("apps/team/app"), CH_SCOPE_DELETE));
    assert_false(ch_scopes_allow(&got.may, CH_STR("apps/team"), CH_SCOPE_PULL));
    assert_false(ch_scopes_allow(&got.may, CH_STR("apps/team/app/x"), CH_SCOPE_PULL));
    assert_false(ch_scopes_allow(&got.may, CH_STR(""), CH_SCOPE_PULL));
    ch_scoped_done(&got);
    ch_buf_done(&b);
    s.token = 0; /* of nobody's, and for nothing */
    s.may.count = 0;
    sign(&s, signers[0], &b);
    assert_ch_ok(&err, ch_scoped_read(ch_buf_str(&b), &check, &got, &err));
    assert_int_equal(got.token + got.may.count, 0);
    ch_scoped_done(&got);
    ch_buf_done(&b);
}

static void it_has_its_time(void **state)
{
    (void)state;
    static const struct {
        int64_t now_s;
        bool late;
        enum ch_code code;
    } rows[] = {
        {NOW + 299, false, CH_OK}, {NOW + 300, false, CH_E_TIMEOUT}, {NOW + 300, true, CH_OK},
        {NOW - 60, false, CH_OK},  {NOW - 61, false, CH_E_TIMEOUT},  {NOW - 61, true, CH_E_TIMEOUT},
    };
    struct ch_scoped s = usual();
    struct ch_buf b;
    sign(&s, signers[0], &b);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_scoped_check check = by_us();
        struct ch_scoped got = {.token = 0};
        check.now_s = rows[i].now_s;
        check.late = rows[i].late;
        enum ch_code rc = ch_scoped_read(ch_buf_str(&b), &check, &got, &err);
        if (rc != rows[i].code) {
            fail_msg("row %zu: %s", i, ch_code_name(rc));
        }
        ch_scoped_done(&got);
    }
    ch_buf_done(&b);
}

static void of_others_is_none(void **state)
{
    (void)state;
    struct ch_scoped s = usual();
    struct ch_scoped_check check = by_us();
    struct ch_buf b;
    sign(&s, signers[1], &b); /* by another key, which its header says: nothing is computed */
    refused(CH_E_FORMAT, ch_buf_str(&b), &check);
    ch_buf_done(&b);
    s.issuer = CH_STR("https://other.example.org");
    sign(&s, signers[0], &b);
    refused(CH_E_DENIED, ch_buf_str(&b), &check);
    ch_buf_done(&b);
    s = usual();
    s.service = CH_STR("customhouse-too");
    sign(&s, signers[0], &b);
    refused(CH_E_DENIED, ch_buf_str(&b), &check);
    ch_buf_done(&b);
}

/* Head and body of a good one, with our own signature of another kind, or none, behind it. */
static void the_algorithm_is_not_taken_from_it(void **state)
{
    (void)state;
    static const char *const heads[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"none\",\"typ\":\"JWT\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWT\"}",
        "{\"alg\":\"RS256\",\"typ\":\"JWT\"}",
        "{\"typ\":\"JWT\",\"alg\":\"ES256\"}",
    };
    struct ch_scoped s = usual();
    struct ch_scoped_check check = by_us();
    struct ch_buf good, b, pem;
    char kid[CH_KEY_ID_HEX + 1], again[200];
    struct ch_sha256 id = ch_public_key_id(check.key);
    sign(&s, signers[0], &good);
    size_t first = dot_at(ch_buf_str(&good), 1), second = dot_at(ch_buf_str(&good), 2);
    ch_buf_init(&b, 8192);
    ch_buf_init(&pem, CH_PUBLIC_PEM_BYTES);
    ch_public_key_put_pem(check.key, &pem);
    ch_key_id_hex(&id, kid);
    for (size_t i = 0; i <= CH_ARRAY_LEN(heads); i++) {
        snprintf(again, sizeof(again), "{\"alg\":\"HS256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", kid);
        const char *head = i < CH_ARRAY_LEN(heads) ? heads[i] : again;
        ch_buf_clear(&b);
        put_url64(&b, head, strlen(head));
        ch_buf_puts(&b, ch_str_sub(ch_buf_str(&good), first, second - first));
        /* HMAC, with what everybody has as its secret */
        unsigned char mac[32];
        unsigned len = sizeof(mac);
        assert_non_null(
            HMAC(EVP_sha256(), pem.ptr, (int)pem.len, (unsigned char *)b.ptr, b.len, mac, &len));
        ch_buf_putc(&b, '.');
        size_t signature = b.len;
        put_url64(&b, mac, len);
        refused(CH_E_FORMAT, ch_buf_str(&b), &check);
        refused(CH_E_FORMAT, ch_str_sub(ch_buf_str(&b), 0, signature),
                &check); /* and none at all */
    }
    ch_buf_done(&good);
    ch_buf_done(&b);
    ch_buf_done(&pem);
}

/* Each byte of it matters, and each has one spelling. */
static void nothing_of_it_can_be_changed(void **state)
{
    (void)state;
    struct ch_scoped s = usual();
    struct ch_scoped_check check = by_us();
    struct ch_buf good, b;
    sign(&s, signers[0], &good);
    ch_buf_init(&b, 8192);
    for (size_t i = 0; i < good.len; i++) {
        static const char others[] = "Aa9_.=";
        for (size_t o = 0; o + 1 < sizeof(others); o++) {
            struct ch_scoped got = {.token = 0};
            ch_buf_clear(&b);
            ch_buf_puts(&b, ch_buf_str(&good));
            if (b.ptr[i] == others[o]) {
                continue;
            }
            b.ptr[i] = others[o];
            if (ch_scoped_read(ch_buf_str(&b), &check, &got, &err) == CH_OK) {
                fail_msg("byte %zu as '%c' is taken", i, others[o]);
            }
        }
    }
    for (size_t len = 0; len < good.len; len++) {
        struct ch_scoped got;
        assert_true(ch_scoped_read(ch_str_sub(ch_buf_str(&good), 0, len), &check, &got, &err) !=
                    CH_OK);
    }
    static const char *const more[] = {"A", "=", "==", ".", ".A", "\n", " "};
    for (size_t i = 0; i < CH_ARRAY_LEN(more); i++) {
        struct ch_scoped got;
        ch_buf_clear(&b);
        ch_buf_puts(&b, ch_buf_str(&good));
        ch_buf_puts(&b, ch_str_of(more[i]));
        assert_true(ch_scoped_read(ch_buf_str(&b), &check, &got, &err) != CH_OK);
    }
    ch_buf_done(&good);
    ch_buf_done(&b);
}

#define ID   "\"0123456789abcdef0123456789abcdef\""
#define REST ",\"exp\":9,\"nbf\":5,\"iat\":5,\"jti\":" ID ",\"access\":"

static void claims_have_one_form(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        bool good;
    } rows[] = {
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":\"a\"" REST "[]}", true},
        {"{\"iss\":\"i\",\"sub\":\"anonymous\",\"aud\":\"a\"" REST "[]}", true},
        {"{\"iss\":\"i\",\"sub\":\"token:0\",\"aud\":\"a\"" REST "[]}", false},
        {"{\"iss\":\"i\",\"sub\":\"token:-7\",\"aud\":\"a\"" REST "[]}", false},
        {"{\"iss\":\"i\",\"sub\":\"user:anna\",\"aud\":\"a\"" REST "[]}", false},
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":[\"a\"]" REST "[]}", false},
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":\"a\"" REST "{}}", false},
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":\"a\"" REST "[],\"x\":1}", false},
        {"{\"iss\":\"i\",\"iss\":\"j\",\"sub\":\"token:7\",\"aud\":\"a\"" REST "[]}", false},
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":\"a\",\"exp\":9.0,\"nbf\":5,\"iat\":5,"
         "\"jti\":" ID ",\"access\":[]}",
         false},
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":\"a\",\"exp\":9,\"nbf\":5,\"iat\":6,"
         "\"jti\":" ID ",\"access\":[]}",
         false},
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":\"a\"" REST
         "[{\"type\":\"repository\",\"name\":\"n\",\"actions\":[\"pull\",\"delete\"]}]}",
         true},
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":\"a\"" REST
         "[{\"type\":\"registry\",\"name\":\"n\",\"actions\":[\"pull\"]}]}",
         false},
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":\"a\"" REST
         "[{\"type\":\"repository\",\"name\":\"n\",\"actions\":[\"*\"]}]}",
         false},
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":\"a\"" REST
         "[{\"type\":\"repository\",\"name\":\"n\",\"actions\":[\"pull\",\"pull\"]}]}",
         false},
        {"{\"iss\":\"i\",\"sub\":\"token:7\",\"aud\":\"a\"" REST
         "[{\"type\":\"repository\",\"name\":\"n\",\"actions\":[]}]}",
         false},
        {"[]", false},
        {"", false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_scoped got = {.token = 0};
        enum ch_code rc = ch_scoped_parse(ch_str_of(rows[i].json), &got, &err);
        if (rc != (rows[i].good ? CH_OK : CH_E_FORMAT)) {
            fail_msg("%s: %s", rows[i].json, ch_code_name(rc));
        }
        ch_scoped_done(&got);
    }
}

static void what_is_too_long_is_none(void **state)
{
    (void)state;
    static char name[400];
    struct ch_scoped s = usual();
    struct ch_buf b;
    memset(name, 'n', sizeof(name));
    s.may.count = CH_SCOPES_MAX;
    for (size_t i = 0; i < CH_SCOPES_MAX; i++) {
        s.may.list[i] = (struct ch_scope){{name, sizeof(name)}, CH_SCOPE_PULL};
    }
    ch_buf_init(&b, 65536);
    assert_ch_code(CH_E_LIMIT, ch_scoped_put(&s, signers[0], &b, &err));
    assert_int_equal(b.len, 0);
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_signed_is_read),
        cmocka_unit_test(it_has_its_time),
        cmocka_unit_test(of_others_is_none),
        cmocka_unit_test(the_algorithm_is_not_taken_from_it),
        cmocka_unit_test(nothing_of_it_can_be_changed),
        cmocka_unit_test(claims_have_one_form),
        cmocka_unit_test(what_is_too_long_is_none),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
