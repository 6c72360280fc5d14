#include "tests/ch_test.h"

#include "base/oci/file_name.h"

static const struct ch_sha256 some = {{0xab, 0xcd}};
#define DIGITS "abcd000000000000000000000000000000000000000000000000000000000000"

static void every_kind_is_found_again(void **state)
{
    (void)state;
    for (int kind = 0; kind < CH_OCI_FILE_KIND_COUNT; kind++) {
        struct ch_buf b;
        struct ch_sha256 sha256;
        enum ch_oci_file_kind found;
        ch_buf_init(&b, 200);
        ch_oci_file_name_put(&b, &some, (enum ch_oci_file_kind)kind);
        assert_true(ch_oci_file_name_parse(ch_buf_str(&b), &sha256, &found));
        assert_true(ch_sha256_eq(&sha256, &some));
        assert_int_equal(found, kind);
        ch_buf_done(&b);
    }
}

static void media_types_have_one_kind_each(void **state)
{
    (void)state;
    for (int kind = 0; kind < CH_OCI_FILE_KIND_COUNT; kind++) {
        const char *type = ch_oci_file_media_type((enum ch_oci_file_kind)kind);
        if (type != NULL) {
            assert_int_equal(ch_oci_file_kind_of(ch_str_of(type)), kind);
            assert_true(ch_oci_file_is_manifest((enum ch_oci_file_kind)kind));
        }
    }
    assert_int_equal(
        ch_oci_file_kind_of(CH_STR("application/vnd.docker.image.rootfs.diff.tar.gzip")),
        CH_OCI_FILE_LAYER_GZIP);
    assert_int_equal(ch_oci_file_kind_of(CH_STR("application/vnd.docker.container.image.v1+json")),
                     CH_OCI_FILE_CONFIG);
    assert_false(ch_oci_file_is_manifest(CH_OCI_FILE_CONFIG));
    assert_true(
        ch_oci_file_is_manifest(CH_OCI_FILE_SIGNATURE)); /* of no type: it is never served */
    assert_null(ch_oci_file_media_type(CH_OCI_FILE_SIGNATURE));
}

/* What clients would fetch from elsewhere, or read by rules that nobody here knows. */
static void all_else_is_a_blob(void **state)
{
    (void)state;
    static const char *const types[] = {"", "text/plain",
                                        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                                        "application/vnd.docker.distribution.manifest.v1+prettyjws",
                                        "APPLICATION/vnd.oci.image.index.v1+json"};
    for (size_t i = 0; i < CH_ARRAY_LEN(types); i++) {
        assert_int_equal(ch_oci_file_kind_of(ch_str_of(types[i])), CH_OCI_FILE_BLOB);
    }
}

static void other_names_are_none(void **state)
{
    (void)state;
    static const char *const names[] = {
        "",
        "sha256-",
        "sha256-" DIGITS,
        "sha256-" DIGITS ".layer.tar.xz",
        "sha256-" DIGITS ".layer.tar.gz.gz",
        "sha256:" DIGITS ".layer.tar.gz",
        "sha256-ABCD" DIGITS ".blob",
        "SHA256-" DIGITS ".blob",
        "sha256-" DIGITS "0.blob",
    };
    struct ch_sha256 sha256;
    enum ch_oci_file_kind kind;
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        assert_false(ch_oci_file_name_parse(ch_str_of(names[i]), &sha256, &kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_found_again),
        cmocka_unit_test(media_types_have_one_kind_each),
        cmocka_unit_test(all_else_is_a_blob),
        cmocka_unit_test(other_names_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
