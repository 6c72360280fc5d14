/* Manifests and indexes: what is read of honest ones, and a document for every rule. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "customhouse/limits.h"
#include "scanner/eco/oci/manifest.h"

#define OCI      "application/vnd.oci.image."
#define DOCKER   "application/vnd.docker."
#define MANIFEST OCI "manifest.v1+json"
#define INDEX    OCI "index.v1+json"
#define HEX64    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* A descriptor, and one with more members. */
#define D_MORE(type, size, more)                                                                   \
    "{\"mediaType\":\"" type "\",\"digest\":\"sha256:" HEX64 "\",\"size\":" #size more "}"
#define D(type)      D_MORE(type, 12, "")
#define CONFIG       D(OCI "config.v1+json")
#define LAYER        D(OCI "layer.v1.tar+gzip")
#define ROOT(type)   "{\"schemaVersion\":2,\"mediaType\":\"" type "\""
#define UNTOLD       "{\"schemaVersion\":2"
#define IMAGE(layer) ROOT(MANIFEST) ",\"config\":" CONFIG ",\"layers\":[" layer "]}"
#define LIST(child)  ROOT(INDEX) ",\"manifests\":[" child "]}"

/* With its content: "{}" and its digest, as the specification gives them. */
#define EMPTY "application/vnd.oci.empty.v1+json"
#define INLINE(type)                                                                               \
    "{\"mediaType\":\"" type "\",\"digest\":\"sha256:"                                             \
    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a\",\"size\":2,"               \
    "\"data\":\"e30=\"}"

struct seen {
    char names[512];
    char text[4096];
};

static void on_finding(void *arg, enum ch_finding_code code, struct ch_str member,
                       struct ch_str evidence)
{
    struct seen *s = arg;
    const size_t at = strlen(s->names);
    (void)member;
    snprintf(s->names + at, sizeof(s->names) - at, "%s%s", at > 0 ? " " : "",
             ch_finding_row(code)->name);
    snprintf(s->text, sizeof(s->text), "%.*s", CH_STR_ARG(evidence));
}

static bool read_it(const char *document, const char *type, struct seen *seen,
                    struct ch_oci_manifest *ret)
{
    *seen = (struct seen){.names = ""};
    struct ch_scan_writer *w = ch_scan_writer_listen(on_finding, seen);
    bool ok = ch_oci_manifest_read(ch_str_of(document), ch_str_of(type), w, ret);
    ch_scan_writer_free(w);
    return ok;
}

/* ------------------------------------------------------------------ a document for every rule */

static const struct row {
    const char *label;
    const char *document;
    const char *type; /* NULL: an OCI manifest */
    const char *findings;
    const char *says; /* NULL, or what the last one's evidence has in it */
    bool read;
} rows[] = {
    {"image", IMAGE(LAYER), NULL, "", NULL, true},
    {"image-no-layers", IMAGE(""), NULL, "", NULL, true},
    {"docker",
     ROOT(DOCKER "distribution.manifest.v2+json") ",\"config\":" D(
         DOCKER
         "container.image.v1+json") ",\"layers\":[" D(DOCKER "image.rootfs.diff.tar.gzip") "]}",
     DOCKER "distribution.manifest.v2+json", "", NULL, true},
    {"artifact",
     ROOT(MANIFEST) ",\"artifactType\":\"application/x\",\"config\":" D(
         OCI "x") ",\"layers\":[],\"subject\":" D(MANIFEST) "}",
     NULL, "oci-type", OCI "x", true},
    {"empty-config",
     ROOT(MANIFEST) ",\"config\":" D("application/vnd.oci.empty.v1+json") ",\"layers\":[]}", NULL,
     "", NULL, true},
    {"index",
     LIST(D_MORE(MANIFEST, 7, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}")),
     INDEX, "", NULL, true},
    {"index-of-index", LIST(D(INDEX)), INDEX, "", NULL, true},
    {"index-of-layer", LIST(LAYER), INDEX, "oci-type", "tar+gzip", true},
    /* what it is */
    {"no-json", "{", NULL, "oci-manifest", "JSON: line 1", false},
    {"empty", "", NULL, "oci-manifest", "JSON", false},
    {"list", "[]", NULL, "oci-manifest", "expected an object", false},
    {"behind-it", IMAGE(LAYER) "x", NULL, "oci-manifest", "JSON", false},
    {"twice", ROOT(MANIFEST) ",\"config\":" CONFIG ",\"layers\":[],\"layers\":[" LAYER "]}", NULL,
     "oci-manifest", "duplicate", false},
    {"no-utf8", ROOT(MANIFEST) ",\"x\":\"\xff\",\"config\":" CONFIG ",\"layers\":[]}", NULL,
     "oci-manifest", "JSON", false},
    {"type-unknown", IMAGE(LAYER), "application/json", "oci-type", "application/json", false},
    {"type-parameter", IMAGE(LAYER), MANIFEST "; charset=utf-8", "oci-type", "charset", false},
    {"schema1", "{\"schemaVersion\":1,\"fsLayers\":[]}",
     DOCKER "distribution.manifest.v1+prettyjws", "oci-schema1", "prettyjws", true},
    {"version",
     "{\"schemaVersion\":1,\"mediaType\":\"" MANIFEST "\",\"config\":" CONFIG ",\"layers\":[]}",
     NULL, "oci-manifest", "schemaVersion: expected 2, found 1", false},
    {"version-text", "{\"schemaVersion\":\"2\",\"mediaType\":\"" MANIFEST "\"}", NULL,
     "oci-manifest", "schemaVersion: expected an integer", false},
    /* T18: one thing to all */
    {"media-type-null",
     "{\"schemaVersion\":2,\"mediaType\":null,\"config\":" CONFIG ",\"layers\":[]}", NULL,
     "oci-manifest", "mediaType: expected a string, found null", false},
    {"media-type-number",
     "{\"schemaVersion\":2,\"mediaType\":2,\"config\":" CONFIG ",\"layers\":[]}", NULL,
     "oci-manifest", "mediaType: expected a string", false},
    /* as umoci writes it: all it has is an OCI image's, or an OCI index's */
    {"untold", UNTOLD ",\"config\":" CONFIG ",\"layers\":[" LAYER "]}", NULL, "", NULL, true},
    {"untold-index", UNTOLD ",\"manifests\":[" D(MANIFEST) "]}", INDEX, "", NULL, true},
    {"untold-as-index", UNTOLD ",\"config\":" CONFIG ",\"layers\":[]}", INDEX, "oci-ambiguous",
     "an index, with layers", false},
    {"untold-as-manifest", UNTOLD ",\"manifests\":[" D(MANIFEST) "]}", NULL, "oci-ambiguous",
     "a manifest, with manifests", false},
    {"untold-both", UNTOLD ",\"config\":" CONFIG ",\"layers\":[],\"manifests\":[" D(MANIFEST) "]}",
     NULL, "oci-ambiguous", "a manifest, with manifests", false},
    {"untold-both-as-index",
     UNTOLD ",\"config\":" CONFIG ",\"layers\":[],\"manifests\":[" D(MANIFEST) "]}", INDEX,
     "oci-ambiguous", "an index, with layers", false},
    {"untold-key-capital",
     UNTOLD ",\"config\":" CONFIG ",\"layers\":[],\"MediaType\":\"" INDEX "\"}", NULL,
     "oci-ambiguous", "for mediaType", false},
    {"untold-docker", UNTOLD ",\"config\":" D(DOCKER "container.image.v1+json") ",\"layers\":[]}",
     DOCKER "distribution.manifest.v2+json", "oci-ambiguous",
     "no mediaType, the registry says \"" DOCKER, false},
    {"untold-docker-list", UNTOLD ",\"manifests\":[" D(MANIFEST) "]}",
     DOCKER "distribution.manifest.list.v2+json", "oci-ambiguous",
     "no mediaType, the registry says \"" DOCKER, false},
    /* of which clients guess that it is Docker's */
    {"untold-config-docker",
     UNTOLD ",\"config\":" D(DOCKER "container.image.v1+json") ",\"layers\":[]}", NULL,
     "oci-ambiguous", "its config is not of " OCI "config.v1+json", false},
    {"untold-artifact", UNTOLD ",\"config\":" D(EMPTY) ",\"layers\":[]}", NULL, "oci-ambiguous",
     "its config is not of", false},
    {"untold-config-no-type", UNTOLD ",\"config\":{},\"layers\":[]}", NULL, "oci-ambiguous",
     "its config is not of", false},
    {"untold-no-config", UNTOLD ",\"layers\":[]}", NULL, "oci-ambiguous", "its config is not of",
     false},
    {"untold-empty", UNTOLD ",\"manifests\":[]}", INDEX, "oci-ambiguous",
     "no mediaType, and no manifests", false},
    {"untold-no-list", UNTOLD ",\"manifests\":{}}", INDEX, "oci-ambiguous",
     "no mediaType, and no manifests", false},
    {"untold-nothing", UNTOLD "}", NULL, "oci-ambiguous", "its config is not of", false},
    {"untold-schema1", UNTOLD ",\"config\":" CONFIG ",\"layers\":[],\"fsLayers\":[]}", NULL,
     "oci-ambiguous", "a manifest, with fsLayers", false},
    {"untold-history", UNTOLD ",\"config\":" CONFIG ",\"layers\":[],\"history\":[]}", NULL,
     "oci-ambiguous", "no mediaType, with history", false},
    {"untold-signatures", UNTOLD ",\"manifests\":[" D(MANIFEST) "],\"signatures\":[]}", INDEX,
     "oci-ambiguous", "no mediaType, with signatures", false},
    {"untold-version", "{\"schemaVersion\":1,\"config\":" CONFIG ",\"layers\":[]}", NULL,
     "oci-manifest", "schemaVersion: expected 2, found 1", false},
    {"another-media-type", IMAGE(LAYER), INDEX, "oci-ambiguous", "the registry says", false},
    {"both", ROOT(MANIFEST) ",\"config\":" CONFIG ",\"layers\":[" LAYER "],\"manifests\":[]}", NULL,
     "oci-ambiguous", "a manifest, with manifests", false},
    {"both-null", ROOT(MANIFEST) ",\"config\":" CONFIG ",\"layers\":[],\"manifests\":null}", NULL,
     "oci-ambiguous", "a manifest, with manifests", false},
    {"index-with-layers", ROOT(INDEX) ",\"manifests\":[],\"layers\":[]}", INDEX, "oci-ambiguous",
     "an index, with layers", false},
    {"index-with-config", ROOT(INDEX) ",\"manifests\":[],\"config\":" CONFIG "}", INDEX,
     "oci-ambiguous", "an index, with config", false},
    {"with-schema1", ROOT(MANIFEST) ",\"config\":" CONFIG ",\"layers\":[],\"fsLayers\":[]}", NULL,
     "oci-ambiguous", "a manifest, with fsLayers", false},
    {"key-capital", ROOT(MANIFEST) ",\"config\":" CONFIG ",\"layers\":[],\"Manifests\":[]}", NULL,
     "oci-ambiguous", "Manifests: some clients take this key for manifests", false},
    {"key-long-s", ROOT(MANIFEST) ",\"config\":" CONFIG ",\"layers\":[],\"layer\xc5\xbf\":[]}",
     NULL, "oci-ambiguous", "for layers", false},
    {"key-capital-descriptor", IMAGE(D_MORE(OCI "layer.v1.tar", 1, ",\"Digest\":\"\"")), NULL,
     "oci-manifest", "layers[0].Digest: some clients take this key for digest", false},
    {"features-no-list", LIST(D_MORE(MANIFEST, 7, ",\"platform\":{\"os.features\":\"win32k\"}")), INDEX,
     "oci-manifest", "manifests[0].platform.os.features: expected an array", false},
    {"feature-no-text", LIST(D_MORE(MANIFEST, 7, ",\"platform\":{\"os.features\":[\"a\",7]}")), INDEX,
     "oci-manifest", "manifests[0].platform.os.features[1]: expected a string", false},
    {"key-capital-platform", LIST(D_MORE(MANIFEST, 7, ",\"platform\":{\"OS\":\"linux\"}")), INDEX,
     "oci-manifest", "manifests[0].platform.OS: some clients take this key for os", false},
    {"key-others", ROOT(MANIFEST) ",\"Layer\":1,\"config\":" CONFIG ",\"layers\":[]}", NULL, "",
     NULL, true},
    /* fields */
    {"no-config", ROOT(MANIFEST) ",\"layers\":[]}", NULL, "oci-manifest",
     "config: expected an object, found nothing", false},
    {"no-layers", ROOT(MANIFEST) ",\"config\":" CONFIG "}", NULL, "oci-manifest",
     "layers: expected an array", false},
    {"layer-null", IMAGE("null"), NULL, "oci-manifest", "layers[0]: expected an object", false},
    {"layer-no-type", IMAGE("{\"digest\":\"sha256:" HEX64 "\",\"size\":1}"), NULL, "oci-manifest",
     "layers[0].mediaType: expected a string, found nothing", false},
    {"layer-type-empty", IMAGE(D("")), NULL, "oci-manifest",
     "layers[0].mediaType: expected a media type", false},
    {"layer-digest", IMAGE("{\"mediaType\":\"x\",\"digest\":\"sha256:00\",\"size\":1}"), NULL,
     "oci-manifest", "layers[0].digest: expected sha256 or sha512", false},
    {"layer-digest-other", IMAGE("{\"mediaType\":\"x\",\"digest\":\"blake3:00\",\"size\":1}"), NULL,
     "oci-manifest", "layers[0].digest: expected sha256 or sha512", false},
    {"size-negative", IMAGE(D_MORE("x", -1, "")), NULL, "oci-manifest",
     "layers[0].size: expected a size of 0 or more, found -1", false},
    {"size-fraction", IMAGE(D_MORE("x", 1.0, "")), NULL, "oci-manifest",
     "layers[0].size: expected an integer", false},
    {"size-huge", IMAGE(D_MORE("x", 9223372036854775808, "")), NULL, "oci-manifest", "too big",
     false},
    {"annotations-number", IMAGE(D_MORE("x", 1, ",\"annotations\":{\"a\":1}")), NULL,
     "oci-manifest", "layers[0].annotations.a: expected a string", false},
    /* content */
    {"layer-unknown", IMAGE(D("application/x")), NULL, "oci-type", "application/x", true},
    {"config-unknown", ROOT(MANIFEST) ",\"config\":" D("application/x") ",\"layers\":[]}", NULL,
     "oci-type", "application/x", true},
    {"foreign", IMAGE(D(DOCKER "image.rootfs.foreign.diff.tar.gzip")), NULL, "oci-foreign",
     "foreign", true},
    {"urls", IMAGE(D_MORE(OCI "layer.v1.tar", 1, ",\"urls\":[\"https://example.org/x\"]")), NULL,
     "oci-foreign", "https://example.org/x", true},
    {"urls-none", IMAGE(D_MORE(OCI "layer.v1.tar", 1, ",\"urls\":[]")), NULL, "", NULL, true},
    {"urls-text", IMAGE(D_MORE(OCI "layer.v1.tar", 1, ",\"urls\":\"https://example.org/x\"")), NULL,
     "oci-manifest", "layers[0].urls: expected an array", false},
    {"zstd-chunked",
     IMAGE(D_MORE(
         OCI "layer.v1.tar+zstd", 1,
         ",\"annotations\":{\"io.github.containers.zstd-chunked.manifest-checksum\":\"x\"}")),
     NULL, "oci-contents", "manifest-checksum", true},
    {"estargz",
     IMAGE(D_MORE(OCI "layer.v1.tar+gzip", 1,
                  ",\"annotations\":{\"containerd.io/snapshot/stargz/toc.digest\":\"x\"}")),
     NULL, "oci-contents", "toc.digest", true},
    {"data", ROOT(MANIFEST) ",\"config\":" INLINE(EMPTY) ",\"layers\":[]}", NULL, "", NULL, true},
    {"data-differs", IMAGE(D_MORE(OCI "layer.v1.tar", 2, ",\"data\":\"e30=\"")), NULL, "oci-data",
     "was expected, the bytes are sha256:44136fa", true},
    {"data-size", IMAGE(D_MORE(OCI "layer.v1.tar", 3, ",\"data\":\"e30=\"")), NULL, "oci-data",
     "data of 2 bytes, size says 3", true},
    /* what it says it is, and yet had by no decision about it */
    {"data-child", LIST(INLINE(MANIFEST)), INDEX, "oci-data", "clients would not ask for", true},
    {"data-child-list", LIST(INLINE(INDEX)), INDEX, "oci-data", "data of 2 bytes", true},
    {"data-subject", ROOT(INDEX) ",\"manifests\":[],\"subject\":" INLINE(MANIFEST) "}", INDEX,
     "oci-data", "clients would not ask for", true},
    {"data-subject-empty", ROOT(INDEX) ",\"manifests\":[],\"subject\":" INLINE(EMPTY) "}", INDEX,
     "oci-data", "clients would not ask for", true},
    {"data-subject-of-image",
     ROOT(MANIFEST) ",\"config\":" CONFIG ",\"layers\":[],\"subject\":" INLINE(MANIFEST) "}", NULL,
     "oci-data", "clients would not ask for", true},
    {"data-layer-foreign", IMAGE(INLINE(OCI "layer.nondistributable.v1.tar")), NULL,
     "oci-foreign oci-data", "clients would not ask for", true},
    /* what is judged as one with it */
    {"data-config", ROOT(MANIFEST) ",\"config\":" INLINE(OCI "config.v1+json") ",\"layers\":[]}",
     NULL, "", NULL, true},
    {"data-layer", IMAGE(INLINE(OCI "layer.v1.tar")), NULL, "", NULL, true},
    {"data-layer-empty", IMAGE(INLINE(EMPTY)), NULL, "", NULL, true},
    /* "x": of the type of what is empty, and something else: its own inspection says so */
    {"data-more-than-empty",
     IMAGE("{\"mediaType\":\"" EMPTY "\",\"digest\":\"sha256:"
           "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\",\"size\":1,"
           "\"data\":\"eA==\"}"),
     NULL, "", NULL, true},
    {"data-no-base64", IMAGE(D_MORE(OCI "layer.v1.tar", 2, ",\"data\":\"e30\"")), NULL,
     "oci-manifest", "layers[0].data: expected base64", false},
};

static void every_rule_has_a_document(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct seen seen;
        struct ch_oci_manifest m;
        bool ok = read_it(row->document, row->type != NULL ? row->type : MANIFEST, &seen, &m);
        if (ok != row->read || strcmp(seen.names, row->findings) != 0 ||
            (row->says != NULL && strstr(seen.text, row->says) == NULL)) {
            fail_msg("%s: %s, \"%s\": %s", row->label, ok ? "read" : "not read", seen.names,
                     seen.text);
        }
        assert_true(ok || m.count == 0);
        ch_oci_manifest_done(&m);
    }
}

/* ------------------------------------------------------------------ what is read */

static void parts_come_in_their_order(void **state)
{
    static const char document[] =
        ROOT(MANIFEST) ",\"artifactType\":\"application/a\",\"config\":" CONFIG
                       ",\"layers\":[" LAYER
                       "," D_MORE(OCI "layer.v1.tar+zstd", 99,
                                  "") "],"
                                      "\"subject\":" D(INDEX) ",\"annotations\":{\"a\":\"b\"}}";
    struct seen seen;
    struct ch_oci_manifest m;
    (void)state;
    assert_true(read_it(document, MANIFEST, &seen, &m));
    assert_string_equal(seen.names, "");
    assert_int_equal(m.type, CH_OCI_MANIFEST);
    assert_str_eq(m.artifact_type, "application/a");
    assert_int_equal(m.count, 4);
    assert_int_equal(m.list[0].role, CH_OCI_ROLE_CONFIG);
    assert_int_equal(m.list[1].type, CH_OCI_LAYER_GZIP);
    assert_int_equal(m.list[2].type, CH_OCI_LAYER_ZSTD);
    assert_int_equal(m.list[2].size_bytes, 99);
    assert_int_equal(m.list[3].role, CH_OCI_ROLE_SUBJECT);
    assert_int_equal(m.list[3].type, CH_OCI_INDEX);
    ch_oci_manifest_done(&m);
}

static void children_have_their_platform(void **state)
{
    struct seen seen;
    struct ch_oci_manifest m;
    (void)state;
    assert_true(read_it(LIST(D_MORE(MANIFEST, 5,
                                    ",\"platform\":{\"architecture\":\"arm\",\"os\":\"linux\","
                                    "\"variant\":\"v7\",\"os.version\":\"1\"}") "," D(MANIFEST)),
                        INDEX, &seen, &m));
    assert_int_equal(m.count, 2);
    assert_str_eq(m.list[0].os, "linux");
    assert_str_eq(m.list[0].architecture, "arm");
    assert_str_eq(m.list[0].variant, "v7");
    assert_string_equal(m.list[0].os_options, "1");
    assert_null(m.list[1].os.ptr);
    assert_null(m.list[1].os_options);
    ch_oci_manifest_done(&m);
}

/* ------------------------------------------------------------------ bounds */

static void too_many_parts_are_not_read(void **state)
{
    struct seen seen;
    struct ch_oci_manifest m;
    struct ch_buf b;
    (void)state;
    ch_buf_init(&b, ch_limits.oci_manifest_bytes);
    ch_buf_puts(&b, CH_STR(ROOT(INDEX) ",\"manifests\":["));
    for (size_t i = 0; i < ch_limits.oci_manifest_parts; i++) {
        ch_buf_printf(&b, "%s%s", i > 0 ? "," : "", D(MANIFEST));
    }
    const size_t at = b.len;
    ch_buf_puts(&b, CH_STR("]}"));
    ch_buf_putc(&b, '\0');
    assert_true(read_it(b.ptr, INDEX, &seen, &m));
    assert_int_equal(m.count, ch_limits.oci_manifest_parts);
    ch_oci_manifest_done(&m);
    b.len = at;
    ch_buf_puts(&b, CH_STR("," D(MANIFEST) "]}"));
    ch_buf_putc(&b, '\0');
    assert_false(read_it(b.ptr, INDEX, &seen, &m));
    assert_string_equal(seen.names, "oci-manifest");
    assert_non_null(strstr(seen.text, "more than 256 descriptors"));
    ch_oci_manifest_done(&m);
    ch_buf_done(&b);
}

static void a_document_has_a_size(void **state)
{
    struct seen seen;
    struct ch_oci_manifest m;
    struct ch_buf b;
    (void)state;
    ch_buf_init(&b, ch_limits.oci_manifest_bytes + 2);
    ch_buf_puts(&b, CH_STR(IMAGE(LAYER)));
    while (b.len < ch_limits.oci_manifest_bytes) {
        ch_buf_putc(&b, '\n');
    }
    ch_buf_putc(&b, '\0');
    assert_true(read_it(b.ptr, MANIFEST, &seen, &m));
    ch_oci_manifest_done(&m);
    b.len--;
    ch_buf_puts(&b, CH_STR("\n"));
    ch_buf_putc(&b, '\0');
    assert_false(read_it(b.ptr, MANIFEST, &seen, &m));
    assert_non_null(strstr(seen.text, "at most 4194304 are read"));
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_a_document),
        cmocka_unit_test(parts_come_in_their_order),
        cmocka_unit_test(children_have_their_platform),
        cmocka_unit_test(too_many_parts_are_not_read),
        cmocka_unit_test(a_document_has_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
