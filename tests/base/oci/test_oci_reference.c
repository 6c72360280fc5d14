#include "tests/ch_test.h"

#include "base/oci/reference.h"

#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16

static void names_are_of_lower_case_parts(void **state)
{
    static const char *const good[] = {
        "a",     "library/ubuntu", "dotnet/sdk", "a.b/c_d/e__f",
        "a---b", "0/1/2",          "a-b.c_d__e", "azureml/curated/x"};
    static const char *const bad[] = {"",    "A",   "a/",   "/a",    "a//b",     "a..b", "a___b",
                                      "-a",  "a-",  ".a",   "a_",    "a/.",      "a/..", "a b",
                                      "a:b", "a@b", "a._b", "a%2fb", "\xc3\xa4", "a\n",  "a-/b"};
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (!ch_oci_is_name(ch_str_of(good[i]))) {
            fail_msg("\"%s\" is a name", good[i]);
        }
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (ch_oci_is_name(ch_str_of(bad[i]))) {
            fail_msg("\"%s\" is no name", bad[i]);
        }
    }
    assert_false(ch_oci_is_name((struct ch_str){"a\0b", 3}));
}

static void names_and_tags_have_a_length(void **state)
{
    char text[CH_OCI_NAME_MAX + 1];
    (void)state;
    memset(text, 'a', sizeof(text));
    assert_true(ch_oci_is_name((struct ch_str){text, CH_OCI_NAME_MAX}));
    assert_false(ch_oci_is_name((struct ch_str){text, CH_OCI_NAME_MAX + 1}));
    assert_true(ch_oci_is_tag((struct ch_str){text, CH_OCI_TAG_MAX}));
    assert_false(ch_oci_is_tag((struct ch_str){text, CH_OCI_TAG_MAX + 1}));
}

static void tags_begin_with_a_word(void **state)
{
    (void)state;
    assert_true(ch_oci_is_tag(CH_STR("8.0")));
    assert_true(ch_oci_is_tag(CH_STR("_Latest-1.a")));
    assert_false(ch_oci_is_tag(CH_STR("")));
    assert_false(ch_oci_is_tag(CH_STR(".a")));
    assert_false(ch_oci_is_tag(CH_STR("-a")));
    assert_false(ch_oci_is_tag(CH_STR("a/b")));
    assert_false(ch_oci_is_tag(CH_STR("a+b")));
}

static void a_digest_has_one_spelling(void **state)
{
    struct ch_err err;
    struct ch_oci_digest d;
    struct ch_buf b;
    (void)state;
    ch_buf_init(&b, 1024);
    assert_ch_ok(&err, ch_oci_digest_parse(CH_STR("sha256:" HEX64), &d, &err));
    assert_int_equal(d.alias.kind, CH_HASH_NONE);
    ch_oci_digest_put(&b, &d);
    assert_str_eq(ch_buf_str(&b), "sha256:" HEX64);
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_oci_digest_parse(CH_STR("sha512:" HEX64 HEX64), &d, &err));
    assert_true(ch_sha256_is_zero(&d.sha256));
    ch_oci_digest_put(&b, &d);
    assert_str_eq(ch_buf_str(&b), "sha512:" HEX64 HEX64);
    ch_buf_done(&b);

    static const char *const bad[] = {
        "",
        "sha256",
        "sha256:",
        "sha256:" HEX16,
        "sha256:" HEX64 "0",
        "sha256:0123456789ABCDEF" HEX16 HEX16 HEX16,
        "sha512:0123456789ABCDEF" HEX16 HEX16 HEX16 HEX64,
        "sha512:" HEX64,
        "SHA256:" HEX64,
        " sha256:" HEX64,
        "sha256:" HEX64 "\n",
        ":" HEX64,
        "sha256::" HEX64,
        "a..b:c",
        "blake3:",
        /* no bytes have it that anybody knows, and it stands for "none" */
        "sha256:0000000000000000000000000000000000000000000000000000000000000000",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (ch_oci_digest_parse(ch_str_of(bad[i]), &d, &err) != CH_E_FORMAT) {
            fail_msg("\"%s\" is no digest", bad[i]);
        }
    }
    assert_ch_code(CH_E_UNSUPPORTED, ch_oci_digest_parse(CH_STR("blake3:" HEX64), &d, &err));
    assert_ch_code(CH_E_UNSUPPORTED,
                   ch_oci_digest_parse(CH_STR("multihash+base58:QmRZxt2b1FVZPNqd8h"), &d, &err));
}

static void bytes_are_compared_with_either(void **state)
{
    /* FIPS 180-2, "abc" */
    static const char sha512[] =
        "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    static const char sha256[] =
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    struct ch_err err;
    struct ch_oci_digest a, b;
    (void)state;
    assert_ch_ok(&err, ch_oci_digest_parse(ch_str_of(sha512), &a, &err));
    assert_ch_ok(&err, ch_oci_digest_check(&a, CH_STR("abc"), &err));
    assert_ch_code(CH_E_MISMATCH, ch_oci_digest_check(&a, CH_STR("abd"), &err));
    assert_ch_ok(&err, ch_oci_digest_parse(ch_str_of(sha256), &b, &err));
    assert_ch_ok(&err, ch_oci_digest_check(&b, CH_STR("abc"), &err));
    assert_ch_code(CH_E_MISMATCH, ch_oci_digest_check(&b, CH_STR(""), &err));
    assert_non_null(strstr(err.msg, sha256));
    assert_non_null(strstr(err.msg, "sha256:e3b0c44298fc1c14"));
    assert_true(ch_oci_digest_eq(&a, &a));
    assert_false(ch_oci_digest_eq(&a, &b)); /* of the same bytes: that is for who has them to say */
}

static void a_reference_is_a_digest_or_a_tag(void **state)
{
    struct ch_err err;
    struct ch_oci_reference r;
    (void)state;
    assert_ch_ok(&err, ch_oci_reference_parse(CH_STR("8.0"), &r, &err));
    assert_str_eq(r.tag, "8.0");
    assert_ch_ok(&err, ch_oci_reference_parse(CH_STR("sha256:" HEX64), &r, &err));
    assert_null(r.tag.ptr);
    assert_false(ch_sha256_is_zero(&r.digest.sha256));
    assert_ch_code(CH_E_FORMAT, ch_oci_reference_parse(CH_STR("sha256:b"), &r, &err));
    assert_ch_code(CH_E_FORMAT, ch_oci_reference_parse(CH_STR("a/b"), &r, &err));
    assert_ch_code(CH_E_FORMAT, ch_oci_reference_parse(CH_STR(""), &r, &err));
}

static void tags_of_referrers_are_known(void **state)
{
    struct ch_err err;
    struct ch_oci_digest d;
    struct ch_buf b;
    (void)state;
    ch_buf_init(&b, 1024);
    assert_ch_ok(&err, ch_oci_digest_parse(CH_STR("sha512:" HEX64 HEX64), &d, &err));
    ch_oci_referrer_tag_put(&b, &d);
    assert_str_eq(ch_buf_str(&b), "sha512-" HEX64);
    assert_true(ch_oci_is_tag(ch_buf_str(&b)));
    assert_true(ch_oci_is_referrer_tag(ch_buf_str(&b)));
    ch_buf_done(&b);
    assert_true(ch_oci_is_referrer_tag(CH_STR("sha256-" HEX64)));
    assert_true(ch_oci_is_referrer_tag(CH_STR("sha256-" HEX64 ".sig")));
    assert_false(ch_oci_is_referrer_tag(CH_STR("sha256-" HEX64 "-a")));
    assert_false(ch_oci_is_referrer_tag(CH_STR("sha256-" HEX16)));
    assert_false(ch_oci_is_referrer_tag(CH_STR("sha384-" HEX64)));
    assert_false(ch_oci_is_referrer_tag(CH_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_of_lower_case_parts),
        cmocka_unit_test(names_and_tags_have_a_length),
        cmocka_unit_test(tags_begin_with_a_word),
        cmocka_unit_test(a_digest_has_one_spelling),
        cmocka_unit_test(bytes_are_compared_with_either),
        cmocka_unit_test(a_reference_is_a_digest_or_a_tag),
        cmocka_unit_test(tags_of_referrers_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
