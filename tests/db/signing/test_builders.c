/* What is published, byte by byte, as the specifications have it. */
#include "tests/ch_test.h"

#include "db/signing/bundle.h"
#include "db/signing/dsse.h"
#include "db/signing/image.h"
#include "db/signing/statement.h"
#include "db/signing/withdrawals.h"

#define TIME_US 1795341600000000 /* 2026-11-22T10:00:00Z */

static struct ch_buf b;

static int setup(void **state)
{
    (void)state;
    ch_buf_init(&b, 64u << 10);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ch_buf_done(&b);
    return 0;
}

/* The vector of DSSE's protocol.md. */
static void test_pae(void **state)
{
    (void)state;
    ch_dsse_put_pae(&b, CH_STR("http://example.com/HelloWorld"), CH_STR("hello world"));
    assert_str_eq(ch_buf_str(&b), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    assert_true(ch_dsse_is_pae(ch_buf_str(&b)));
    assert_false(ch_dsse_is_pae(CH_STR("DSSEv1")));
    assert_false(ch_dsse_is_pae(CH_STR("PK\003\004")));
    ch_buf_clear(&b);
    ch_dsse_put_pae(&b, CH_STR(""), CH_STR(""));
    assert_str_eq(ch_buf_str(&b), "DSSEv1 0  0 ");
}

static void test_envelope(void **state)
{
    (void)state;
    ch_dsse_put_envelope(&b, CH_STR(CH_DSSE_IN_TOTO), CH_STR("{}"), CH_STR("sig"));
    assert_str_eq(ch_buf_str(&b),
                  "{\"payload\":\"e30=\",\"payloadType\":\"application/vnd.in-toto+json\","
                  "\"signatures\":[{\"sig\":\"c2ln\",\"keyid\":\"\"}]}");
}

static void test_bundles(void **state)
{
    (void)state;
    struct ch_sha256 digest = ch_sha256_of("", 0);
    ch_bundle_put_message(&b, CH_STR("gw-approve-2026"), &digest, CH_STR("sig"));
    assert_str_eq(
        ch_buf_str(&b),
        "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":"
        "{\"publicKey\":{\"hint\":\"gw-approve-2026\"}},\"messageSignature\":{\"messageDigest\":"
        "{\"algorithm\":\"SHA2_256\",\"digest\":\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"},"
        "\"signature\":\"c2ln\"}}");
    ch_buf_clear(&b);
    ch_bundle_put_dsse(&b, CH_STR("gw-approve-2026"), CH_STR("{\"payload\":\"e30=\"}"));
    assert_str_eq(
        ch_buf_str(&b),
        "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":"
        "{\"publicKey\":{\"hint\":\"gw-approve-2026\"}},\"dsseEnvelope\":{\"payload\":\"e30=\"}}");
}

static struct ch_vsa vsa(bool passed)
{
    static const struct ch_str levels[] = {{"GW_SCANNED", 10}, {"GW_ENV_PROD", 11}};
    struct ch_vsa v = {
        .file_name = CH_STR("demo-1.2-py3-none-any.whl"),
        .sha256 = ch_sha256_of("a", 1),
        .verifier = CH_STR("https://gw.example/verifier"),
        .verified_at_us = TIME_US + 999999,
        .resource_uri = CH_STR("pkg:pypi/demo@1.2?environment=prod"),
        .policy_uri = CH_STR("https://gw.example/policies/prod/7"),
        .policy = ch_sha256_of("b", 1),
        .evidence_uri = CH_STR("https://gw.example/evidence/1"),
        .evidence = ch_sha256_of("c", 1),
        .passed = passed,
        .levels = levels,
        .level_count = 2,
    };
    return v;
}

#define SHA_A "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define SHA_B "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
#define SHA_C "2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"
#define VSA_BEGIN                                                                                  \
    "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":"                       \
    "\"demo-1.2-py3-none-any.whl\",\"digest\":{\"sha256\":\"" SHA_A                                \
    "\"}}],\"predicateType\":\"https://slsa.dev/verification_summary/v1\",\"predicate\":"          \
    "{\"verifier\":{\"id\":\"https://gw.example/verifier\"},\"timeVerified\":"                     \
    "\"2026-11-22T10:00:00Z\",\"resourceUri\":\"pkg:pypi/demo@1.2?environment=prod\",\"policy\":"  \
    "{\"uri\":\"https://gw.example/policies/prod/7\",\"digest\":{\"sha256\":\"" SHA_B "\"}},"
#define VSA_EVIDENCE                                                                               \
    "\"inputAttestations\":[{\"uri\":\"https://gw.example/evidence/"                               \
    "1\",\"digest\":{\"sha256\":\"" SHA_C "\"}}],"

static void test_vsa(void **state)
{
    (void)state;
    struct ch_vsa v = vsa(true);
    ch_vsa_put(&b, &v);
    assert_str_eq(ch_buf_str(&b), VSA_BEGIN VSA_EVIDENCE
                  "\"verificationResult\":\"PASSED\",\"verifiedLevels\":"
                  "[\"GW_SCANNED\",\"GW_ENV_PROD\"],\"slsaVersion\":\"1.1\"}}");
    ch_buf_clear(&b);
    v = vsa(false); /* whatever its levels say */
    ch_vsa_put(&b, &v);
    assert_str_eq(ch_buf_str(&b), VSA_BEGIN VSA_EVIDENCE
                  "\"verificationResult\":\"FAILED\",\"verifiedLevels\":[\"FAILED\"],"
                  "\"slsaVersion\":\"1.1\"}}");
    ch_buf_clear(&b);
    v.evidence = (struct ch_sha256){{0}};
    ch_vsa_put(&b, &v);
    assert_str_eq(ch_buf_str(&b), VSA_BEGIN "\"verificationResult\":\"FAILED\",\"verifiedLevels\":"
                                            "[\"FAILED\"],\"slsaVersion\":\"1.1\"}}");
}

#define SHA_EMPTY "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define MANIFEST  "application/vnd.oci.image.manifest.v1+json"
#define PAYLOAD                                                                                    \
    "{\"critical\":{\"identity\":{\"docker-reference\":\"gw.example/mcr/app\"},\"image\":{"        \
    "\"docker-manifest-digest\":\"sha256:" SHA_A                                                   \
    "\"},\"type\":\"cosign container image signature\"},"                                          \
    "\"optional\":null}"

/* As cosign writes them, but for their order. */
static void test_image_signature(void **state)
{
    (void)state;
    struct ch_sha256 image = ch_sha256_of("a", 1);
    ch_image_put_payload(&b, CH_STR("gw.example/mcr/app"), &image);
    assert_str_eq(ch_buf_str(&b), PAYLOAD);
    ch_buf_clear(&b);
    ch_image_put_config(&b, &CH_STR("b"), 1);
    assert_str_eq(ch_buf_str(&b),
                  "{\"architecture\":\"\",\"created\":\"0001-01-01T00:00:00Z\","
                  "\"history\":[{\"created\":\"0001-01-01T00:00:00Z\"}],\"os\":\"\","
                  "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"sha256:" SHA_B
                  "\"]},\"config\":{}}");
    ch_buf_clear(&b);
    ch_image_put_signature_manifest(&b, CH_STR("a"), CH_STR("b"), CH_STR("sig"));
    assert_str_eq(
        ch_buf_str(&b),
        "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST "\",\"config\":{\"mediaType\":"
        "\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:" SHA_A
        "\",\"size\":1},\"layers\":[{\"mediaType\":"
        "\"application/vnd.dev.cosign.simplesigning.v1+json\",\"digest\":\"sha256:" SHA_B
        "\",\"size\":1,\"annotations\":{\"dev.cosignproject.cosign/signature\":\"c2ln\"}}]}");
    ch_buf_clear(&b);
    const struct ch_image_attestation attestations[] = {
        {CH_STR("b"), CH_STR("https://x.example")},
        {CH_STR("a"), CH_STR("https://y.example")},
    };
    ch_image_put_attestation_manifest(&b, CH_STR("a"), attestations, 2);
    assert_true(ch_str_find(ch_buf_str(&b),
                            CH_STR("{\"mediaType\":\"application/vnd.dsse.envelope.v1+json\","
                                   "\"digest\":\"sha256:" SHA_B "\",\"size\":1,\"annotations\":{"
                                   "\"dev.cosignproject.cosign/signature\":\"\",\"predicateType\":"
                                   "\"https://x.example\"}},{\"mediaType\":"
                                   "\"application/vnd.dsse.envelope.v1+json\",\"digest\":"
                                   "\"sha256:" SHA_A "\",\"size\":1,\"annotations\":{"
                                   "\"dev.cosignproject.cosign/signature\":\"\",\"predicateType\":"
                                   "\"https://y.example\"}}]}"),
                            NULL));
    ch_buf_clear(&b);
    ch_image_put_document(&b, CH_STR("gw.example/mcr/app"), &image, CH_STR("https://x.example"),
                          CH_STR("{\"a\":1}"));
    assert_str_eq(ch_buf_str(&b),
                  "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":"
                  "\"gw.example/mcr/app\",\"digest\":{\"sha256\":\"" SHA_A
                  "\"}}],\"predicateType\":\"https://x.example\",\"predicate\":{\"a\":1}}");
}

#define ANNOTATIONS                                                                                \
    "\"annotations\":{\"org.opencontainers.image.created\":\"2026-11-22T10:00:00Z\","              \
    "\"dev.sigstore.bundle.content\":\"dsse-envelope\",\"dev.sigstore.bundle.predicateType\":"     \
    "\"https://x.example\"}"

static void test_image_referrers(void **state)
{
    (void)state;
    struct ch_image_subject subject = {CH_STR(MANIFEST), ch_sha256_of("a", 1), 7};
    ch_image_put_bundle_manifest(&b, CH_STR("b"), &subject, CH_STR("https://x.example"), TIME_US);
    assert_str_eq(
        ch_buf_str(&b),
        "{\"schemaVersion\":2,\"mediaType\":\"" MANIFEST
        "\",\"artifactType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"config\":{"
        "\"mediaType\":\"application/vnd.oci.empty.v1+json\",\"digest\":\"sha256:" SHA_EMPTY
        "\",\"size\":2},\"layers\":[{\"mediaType\":\"application/"
        "vnd.dev.sigstore.bundle.v0.3+json\","
        "\"digest\":\"sha256:" SHA_B "\",\"size\":1}],\"subject\":{\"mediaType\":\"" MANIFEST
        "\",\"digest\":\"sha256:" SHA_A "\",\"size\":7}," ANNOTATIONS "}");
    ch_buf_clear(&b);
    ch_image_referrers_begin(&b);
    ch_image_put_referrer(&b, CH_STR("a"), CH_STR("https://x.example"), TIME_US);
    ch_image_put_referrer(&b, CH_STR("b"), CH_STR("https://x.example"), TIME_US);
    ch_image_referrers_end(&b);
#define REFERRER(sha)                                                                              \
    "{\"mediaType\":\"" MANIFEST "\",\"digest\":\"sha256:" sha                                     \
    "\",\"size\":1,\"artifactType\":\"application/"                                                \
    "vnd.dev.sigstore.bundle.v0.3+json\"," ANNOTATIONS "}"
    assert_str_eq(ch_buf_str(&b),
                  "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\","
                  "\"manifests\":[" REFERRER(SHA_A) "," REFERRER(SHA_B) "]}");
}

static void test_image_statements(void **state)
{
    (void)state;
    struct ch_sha256 image = ch_sha256_of("a", 1);
    struct ch_image_part parts[] = {
        {CH_STR("manifest"), image, ch_sha256_of("b", 1), CH_IMAGE_PART_PASSED},
        {CH_STR("layer"), ch_sha256_of("c", 1), ch_sha256_of("b", 1), CH_IMAGE_PART_PASSED},
        {CH_STR("config"), ch_sha256_of("c", 1), {{0}}, CH_IMAGE_PART_FAILED},
    };
    struct ch_image_scan scan = {.reference = CH_STR("gw.example/mcr/app"),
                                 .image = image,
                                 .url = CH_STR("https://gw.example/e"),
                                 .verifier = CH_STR("https://gw.example/v"),
                                 .inspector_version = 12,
                                 .rules = ch_sha256_of("b", 1),
                                 .parts = parts,
                                 .part_count = 2};
    ch_image_put_approval(&b, &image);
    assert_str_eq(
        ch_buf_str(&b),
        "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"digest\":{\"sha256\":"
        "\"" SHA_A "\"}}],\"predicateType\":\"https://sigstore.dev/cosign/sign/v1\","
        "\"predicate\":{}}");
    ch_buf_clear(&b);
    ch_image_put_scan(&b, &scan);
    assert_str_eq(
        ch_buf_str(&b),
        "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{\"name\":\"gw.example/mcr/"
        "app\","
        "\"digest\":{\"sha256\":\"" SHA_A "\"}}],\"predicateType\":"
        "\"https://in-toto.io/attestation/test-result/v0.1\",\"predicate\":{\"result\":\"PASSED\","
        "\"configuration\":[{\"name\":\"inspector 12\",\"uri\":\"https://gw.example/v\"},{\"name\":"
        "\"rules\",\"digest\":{\"sha256\":\"" SHA_B "\"}}],\"url\":\"https://gw.example/e\","
        "\"passedTests\":[\"manifest sha256:" SHA_A " evidence sha256:" SHA_B
        "\",\"layer sha256:" SHA_C " evidence sha256:" SHA_B
        "\"],\"warnedTests\":[],\"failedTests\":[]}}");
    ch_buf_clear(&b);
    scan.part_count = 3;
    ch_image_put_scan(&b, &scan);
    assert_true(ch_str_find(ch_buf_str(&b), CH_STR("\"result\":\"FAILED\""), NULL));
    assert_true(
        ch_str_find(ch_buf_str(&b), CH_STR("\"failedTests\":[\"config sha256:" SHA_C "\"]"), NULL));
    ch_buf_clear(&b);
    scan.part_count = 0; /* of nothing nothing is known */
    ch_image_put_scan(&b, &scan);
    assert_true(ch_str_find(ch_buf_str(&b), CH_STR("\"result\":\"FAILED\""), NULL));
}

/* A name from outside stays a string. */
static void test_hostile_names(void **state)
{
    (void)state;
    struct ch_vsa v = vsa(true);
    v.file_name = CH_STR("x\",\"digest\":{\"sha256\":\"00\"}},{\"name\":\"y\n\x1b");
    ch_vsa_put(&b, &v);
    assert_false(ch_str_find(ch_buf_str(&b), CH_STR("\"sha256\":\"00\""), NULL));
    assert_false(ch_str_find_char(ch_buf_str(&b), '\n', NULL));
    assert_false(ch_str_find_char(ch_buf_str(&b), '\x1b', NULL));
}

#define S(literal)                                                                                 \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static void test_resource_uri(void **state)
{
    (void)state;
    static const struct {
        struct ch_resource resource;
        const char *uri;
    } rows[] = {
        {{.ecosystem = S("pypi"),
          .project = S("demo"),
          .version = S("1.2"),
          .file_name = S("demo-1.2-py3-none-any.whl"),
          .environment = S("prod")},
         "pkg:pypi/demo@1.2?environment=prod&file_name=demo-1.2-py3-none-any.whl"},
        {{.ecosystem = S("pypi"),
          .project = S("demo"),
          .version = S("1.2+cpu"),
          .file_name = S("demo-1.2+cpu.tar.gz"),
          .environment = S("preprod")},
         "pkg:pypi/demo@1.2%2Bcpu?environment=preprod&file_name=demo-1.2%2Bcpu.tar.gz"},
        {{.ecosystem = S("pypi"),
          .project = S("demo"),
          .file_name = S("odd?&environment=prod"),
          .environment = S("preprod")},
         "pkg:pypi/demo?environment=preprod&file_name=odd%3F%26environment%3Dprod"},
        {{.ecosystem = S("conda"),
          .project = S("demo"),
          .version = S("1!1.2"),
          .file_name = S("demo-1!1.2-py_0.tar.bz2"),
          .environment = S("prod"),
          .build = S("py&environment=preprod"),
          .subdir = S("linux-64"),
          .type = S("tar.bz2")},
         "pkg:conda/demo@1%211.2?build=py%26environment%3Dpreprod&environment=prod"
         "&file_name=demo-1%211.2-py_0.tar.bz2&subdir=linux-64&type=tar.bz2"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        ch_buf_clear(&b);
        ch_resource_uri_put(&b, &rows[i].resource);
        assert_str_eq(ch_buf_str(&b), rows[i].uri);
    }
}

static void test_withdrawals(void **state)
{
    (void)state;
    struct ch_sha256 a = ch_sha256_of("a", 1), c = ch_sha256_of("c", 1);
    ch_withdrawals_begin(&b, CH_STR("prod"), TIME_US, TIME_US + 86400000000);
    ch_withdrawals_end(&b);
    assert_str_eq(ch_buf_str(&b),
                  "{\"version\":1,\"environment\":\"prod\",\"issuedAt\":"
                  "\"2026-11-22T10:00:00Z\",\"validUntil\":\"2026-11-23T10:00:00Z\","
                  "\"withdrawn\":[]}");
    ch_buf_clear(&b);
    ch_withdrawals_begin(&b, CH_STR("prod"), TIME_US, TIME_US + 86400000000);
    ch_withdrawals_put(&b, &a, CH_STR("a.whl"), TIME_US - 1000000);
    ch_withdrawals_put(&b, &c, CH_STR("c.whl"), TIME_US);
    ch_withdrawals_end(&b);
    assert_str_eq(
        ch_buf_str(&b),
        "{\"version\":1,\"environment\":\"prod\",\"issuedAt\":\"2026-11-22T10:00:00Z\","
        "\"validUntil\":\"2026-11-23T10:00:00Z\",\"withdrawn\":[{\"sha256\":\"" SHA_A
        "\",\"file\":\"a.whl\",\"withdrawnAt\":\"2026-11-22T09:59:59Z\"},{\"sha256\":\"" SHA_C
        "\",\"file\":\"c.whl\",\"withdrawnAt\":\"2026-11-22T10:00:00Z\"}]}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_pae),
        TEST(test_envelope),
        TEST(test_bundles),
        TEST(test_vsa),
        TEST(test_hostile_names),
        TEST(test_resource_uri),
        TEST(test_withdrawals),
        TEST(test_image_signature),
        TEST(test_image_referrers),
        TEST(test_image_statements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
