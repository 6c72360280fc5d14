#include "tests/ch_test.h"

#include "base/oci/media_type.h"

static void types_of_both_houses_mean_the_same(void **state)
{
    (void)state;
    assert_int_equal(ch_oci_type_of(CH_STR("application/vnd.oci.image.index.v1+json")),
                     CH_OCI_INDEX);
    assert_int_equal(
        ch_oci_type_of(CH_STR("application/vnd.docker.distribution.manifest.list.v2+json")),
        CH_OCI_INDEX);
    assert_int_equal(ch_oci_type_of(CH_STR("application/vnd.docker.image.rootfs.diff.tar.gzip")),
                     CH_OCI_LAYER_GZIP);
}

static void another_spelling_is_another_type(void **state)
{
    (void)state;
    assert_int_equal(ch_oci_type_of(CH_STR("")), CH_OCI_OTHER);
    assert_int_equal(ch_oci_type_of((struct ch_str){NULL, 0}), CH_OCI_OTHER);
    assert_int_equal(ch_oci_type_of(CH_STR("Application/vnd.oci.image.index.v1+json")),
                     CH_OCI_OTHER);
    assert_int_equal(ch_oci_type_of(CH_STR("application/vnd.oci.image.index.v1+json;")),
                     CH_OCI_OTHER);
}

static void layers_and_manifests_are_told_apart(void **state)
{
    (void)state;
    assert_true(ch_oci_type_is_layer(CH_OCI_LAYER_FOREIGN));
    assert_false(ch_oci_type_is_layer(CH_OCI_EMPTY));
    assert_false(ch_oci_type_is_layer(CH_OCI_OTHER));
    assert_true(ch_oci_type_is_manifest(CH_OCI_SCHEMA1));
    assert_false(ch_oci_type_is_manifest(CH_OCI_CONFIG));
}

static void signatures_are_known_by_their_types(void **state)
{
    (void)state;
    static const char *const are[] = {"application/vnd.dev.cosign.simplesigning.v1+json",
                                      "application/vnd.dev.cosign.artifact.sig.v1+json",
                                      "application/vnd.dev.sigstore.bundle.v0.3+json",
                                      "application/vnd.dev.sigstore.bundle+json;version=0.2",
                                      "application/vnd.dsse.envelope.v1+json",
                                      "application/vnd.cncf.notary.signature",
                                      "application/vnd.cncf.notary.v2.signature"};
    static const char *const are_not[] = {"", "application/vnd.in-toto+json",
                                          "application/vnd.oci.image.manifest.v1+json",
                                          "x/application/vnd.dev.cosign.a"};
    for (size_t i = 0; i < CH_ARRAY_LEN(are); i++) {
        assert_true(ch_oci_is_signature_type(ch_str_of(are[i])));
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(are_not); i++) {
        assert_false(ch_oci_is_signature_type(ch_str_of(are_not[i])));
    }
    assert_false(ch_oci_is_signature_type((struct ch_str){NULL, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_of_both_houses_mean_the_same),
        cmocka_unit_test(another_spelling_is_another_type),
        cmocka_unit_test(layers_and_manifests_are_told_apart),
        cmocka_unit_test(signatures_are_known_by_their_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
