#include "tests/ch_test.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "customhouse/siphash.h"

#define LONGEST 200

/* The same by libcrypto: the rounds while mixing and at the end, and how many bytes come of it. */
static void expect(unsigned c, unsigned d, size_t size, struct ch_str text, uint8_t ret[16])
{
    uint8_t key[16];
    for (size_t i = 0; i < sizeof(key); i++) {
        key[i] = (uint8_t)i;
    }
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_C_ROUNDS, &c),
        OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_D_ROUNDS, &d),
        OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);
    size_t len = 0;
    assert_int_equal(EVP_MAC_CTX_set_params(ctx, params), 1);
    assert_int_equal(EVP_MAC_init(ctx, key, sizeof(key), NULL), 1);
    assert_int_equal(EVP_MAC_update(ctx, (const uint8_t *)text.ptr, text.len), 1);
    assert_int_equal(EVP_MAC_final(ctx, ret, &len, 16), 1);
    assert_int_equal(len, size);
    EVP_MAC_CTX_free(ctx);
    EVP_MAC_free(mac);
}

static uint64_t word_of(const uint8_t bytes[8])
{
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--) {
        word = word << 8 | bytes[i];
    }
    return word;
}

static const struct ch_sip_key counting = {0x0706050403020100, 0x0f0e0d0c0b0a0908};

static void test_as_libcrypto(void **state)
{
    (void)state;
    char text[LONGEST];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)(i * 7);
    }
    for (size_t len = 0; len <= sizeof(text); len++) {
        uint8_t expected[16];
        struct ch_str s = {text, len};
        expect(1, 3, 8, s, expected);
        assert_true(ch_sip_table(&counting, s) == word_of(expected));
        expect(2, 4, 16, s, expected);
        struct ch_sip128 got = ch_sip128_of(&counting, s);
        assert_true(got.a == word_of(expected) && got.b == word_of(expected + 8));
    }
}

/* Each half counts, and so does the key. */
static void test_equality(void **state)
{
    (void)state;
    struct ch_sip128 x = {1, 2}, y = {1, 3}, z = {3, 2};
    assert_true(ch_sip128_eq(x, x));
    assert_false(ch_sip128_eq(x, y));
    assert_false(ch_sip128_eq(x, z));
    struct ch_sip_key one = ch_sip_key_new(), other = ch_sip_key_new();
    struct ch_str s = CH_STR("a text");
    assert_false(ch_sip128_eq(ch_sip128_of(&one, s), ch_sip128_of(&other, s)));
    assert_true(ch_sip_table(&one, s) != ch_sip_table(&other, s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_libcrypto),
        cmocka_unit_test(test_equality),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
