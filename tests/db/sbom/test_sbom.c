/* Bills of materials: read again as JSON, whatever they are made of; the same for the same input.
 * By the published schemas they are checked end to end (tests/e2e/test_sbom.py). */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <jansson.h>

#include "db/sbom/sbom.h"

#define TIME_US 1795341600000000 /* 2026-11-22T10:00:00Z */

typedef void put_fn(struct ch_buf *b, struct ch_sbom *s);
static put_fn *const formats[] = {ch_cyclonedx_put, ch_spdx_put};

static json_t *made(put_fn *put, struct ch_sbom *s, struct ch_buf *b)
{
    struct ch_err err;
    json_error_t why;
    ch_buf_init(b, 64u << 20);
    put(b, s);
    assert_ch_ok(&err, ch_buf_ok(b, &err));
    json_t *doc = json_loadb(b->ptr, b->len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &why);
    if (doc == NULL) {
        fail_msg("%s at %d: %.*s", why.text, why.position, CH_STR_ARG(ch_buf_str(b)));
    }
    return doc;
}

static const char *text_at(const json_t *doc, const char *key)
{
    const char *text = json_string_value(json_object_get(doc, key));
    assert_non_null(text);
    return text;
}

static struct ch_sbom wheel(struct ch_sbom_component *components, size_t count)
{
    return (struct ch_sbom){
        .type = "pypi",
        .name = CH_STR("demo"),
        .version = CH_STR("1.2"),
        .file_name = CH_STR("demo-1.2-py3-none-any.whl"),
        .sha256 = ch_sha256_of("a", 1),
        .licence = CH_STR("MIT OR Apache-2.0"),
        .origin = CH_STR("https://gw.example"),
        .inspector_version = 13,
        .made_at_us = TIME_US,
        .components = components,
        .component_count = count,
    };
}

#define ASKS(what, how, on)                                                                        \
    {                                                                                              \
        .type = "pypi", .name = {what, sizeof(what) - 1}, .requirement = {how, sizeof(how) - 1},   \
        .optional = (on)                                                                           \
    }

/* ------------------------------------------------------------------ a file */

static void test_cyclonedx_of_a_file(void **state)
{
    (void)state;
    struct ch_sbom_component asks[] = {
        ASKS("requests", "requests>=2; extra == 'net'", true), ASKS("numpy", "numpy>=1", false),
        ASKS("requests", "requests", false), ASKS("rich", "rich; extra == 'x'", true)};
    struct ch_sbom s = wheel(asks, CH_ARRAY_LEN(asks));
    struct ch_buf b;
    json_t *doc = made(ch_cyclonedx_put, &s, &b);
    assert_string_equal(text_at(doc, "bomFormat"), "CycloneDX");
    assert_string_equal(text_at(doc, "specVersion"), "1.6");
    const json_t *metadata = json_object_get(doc, "metadata");
    assert_string_equal(text_at(metadata, "timestamp"), "2026-11-22T10:00:00Z");
    const json_t *subject = json_object_get(metadata, "component");
    assert_string_equal(text_at(subject, "name"), "demo");
    assert_string_equal(text_at(subject, "purl"),
                        "pkg:pypi/demo@1.2?file_name=demo-1.2-py3-none-any.whl");
    assert_string_equal(
        text_at(json_array_get(json_object_get(subject, "licenses"), 0), "expression"),
        "MIT OR Apache-2.0");
    const json_t *components = json_object_get(doc, "components");
    static const char *const expected[][2] = {
        {"numpy", "required"}, {"requests", "required"}, {"rich", "optional"}};
    assert_int_equal(json_array_size(components), CH_ARRAY_LEN(expected));
    for (size_t i = 0; i < CH_ARRAY_LEN(expected); i++) {
        const json_t *c = json_array_get(components, i);
        assert_string_equal(text_at(c, "name"), expected[i][0]);
        assert_string_equal(text_at(c, "scope"), expected[i][1]);
        assert_null(json_object_get(c, "version"));
    }
    assert_int_equal(json_array_size(json_object_get(json_array_get(components, 1), "properties")),
                     2);
    const json_t *first = json_array_get(json_object_get(doc, "dependencies"), 0);
    assert_string_equal(text_at(first, "ref"), "subject");
    assert_int_equal(json_array_size(json_object_get(first, "dependsOn")), 3);
    json_decref(doc);
    ch_buf_done(&b);
}

static void test_spdx_of_a_file(void **state)
{
    (void)state;
    struct ch_sbom_component asks[] = {ASKS("numpy", "numpy>=1", false),
                                       ASKS("rich", "rich; extra == 'x'", true)};
    struct ch_sbom s = wheel(asks, CH_ARRAY_LEN(asks));
    s.licence = CH_STR("LicenseRef-a AND (LicenseRef-a.b OR LicenseRef-a)");
    struct ch_buf b;
    json_t *doc = made(ch_spdx_put, &s, &b);
    assert_string_equal(text_at(doc, "spdxVersion"), "SPDX-2.3");
    assert_string_equal(text_at(doc, "name"), "demo-1.2-py3-none-any.whl");
    assert_int_equal(strncmp(text_at(doc, "documentNamespace"), "https://gw.example/-/spdx/", 26),
                     0);
    const json_t *packages = json_object_get(doc, "packages");
    assert_int_equal(json_array_size(packages), 3);
    assert_string_equal(text_at(json_array_get(packages, 0), "licenseDeclared"),
                        "LicenseRef-a AND (LicenseRef-a.b OR LicenseRef-a)");
    const json_t *licences = json_object_get(doc, "hasExtractedLicensingInfos");
    assert_int_equal(json_array_size(licences), 2);
    assert_string_equal(text_at(json_array_get(licences, 0), "licenseId"), "LicenseRef-a");
    assert_string_equal(text_at(json_array_get(licences, 1), "licenseId"), "LicenseRef-a.b");
    static const char *const types[] = {"DESCRIBES", "DEPENDS_ON", "OPTIONAL_DEPENDENCY_OF"};
    const json_t *relationships = json_object_get(doc, "relationships");
    assert_int_equal(json_array_size(relationships), CH_ARRAY_LEN(types));
    for (size_t i = 0; i < CH_ARRAY_LEN(types); i++) {
        assert_string_equal(text_at(json_array_get(relationships, i), "relationshipType"),
                            types[i]);
    }
    json_decref(doc);
    ch_buf_done(&b);
}

/* Nothing is made an expression that is none: a tool would read another licence than was stated. */
static void test_words_are_no_expression(void **state)
{
    (void)state;
    static const char *const words[] = {
        "MIT License", "mit", "MIT OR", "DocumentRef-x:LicenseRef-y", "MIT\", \"x\": \"", ""};
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        struct ch_buf b;
        struct ch_sbom s = wheel(NULL, 0);
        s.licence = ch_str_of(words[i]);
        s.stated_licence = CH_STR("as he said");
        json_t *doc = made(ch_cyclonedx_put, &s, &b);
        const json_t *subject = json_object_get(json_object_get(doc, "metadata"), "component");
        const json_t *one = json_array_get(json_object_get(subject, "licenses"), 0);
        assert_null(json_object_get(one, "expression"));
        assert_string_equal(text_at(json_object_get(one, "license"), "name"), "as he said");
        json_decref(doc);
        ch_buf_done(&b);
        doc = made(ch_spdx_put, &s, &b);
        assert_string_equal(
            text_at(json_array_get(json_object_get(doc, "packages"), 0), "licenseDeclared"),
            "LicenseRef-customhouse-stated");
        json_decref(doc);
        ch_buf_done(&b);
    }
}

/* ------------------------------------------------------------------ an image */

#define PACKAGE(what, on)                                                                          \
    {                                                                                              \
        .type = "deb", .name = {what, sizeof(what) - 1}, .version = {"1", 1}, .layer = (on)        \
    }

static struct ch_sbom image(const struct ch_sbom_layer *layers, size_t layer_count,
                            struct ch_sbom_component *components, size_t count)
{
    return (struct ch_sbom){
        .image = true,
        .type = "oci",
        .name = CH_STR("team/app"),
        .version = CH_STR("sha256:00"),
        .repository_url = CH_STR("gw.example/mcr/team/app"),
        .sha256 = ch_sha256_of("a", 1),
        .origin = CH_STR("https://gw.example"),
        .inspector_version = 13,
        .made_at_us = TIME_US,
        .layers = layers,
        .layer_count = layer_count,
        .components = components,
        .component_count = count,
    };
}

/* What two layers have is one package, of both. */
static void test_by_layer(void **state)
{
    (void)state;
    struct ch_sbom_layer layers[] = {{ch_sha256_of("1", 1), 10}, {ch_sha256_of("2", 1), 20}};
    struct ch_sbom_component has[] = {PACKAGE("b", 1), PACKAGE("a", 0), PACKAGE("a", 1),
                                      PACKAGE("a", 1)};
    struct ch_sbom s = image(layers, 2, has, CH_ARRAY_LEN(has));
    struct ch_buf b;
    json_t *doc = made(ch_cyclonedx_put, &s, &b);
    const json_t *components = json_object_get(doc, "components");
    assert_int_equal(json_array_size(components), 4);
    const json_t *a = json_array_get(components, 2);
    assert_string_equal(text_at(a, "name"), "a");
    assert_int_equal(json_array_size(json_object_get(a, "properties")), 2);
    const json_t *dependencies = json_object_get(doc, "dependencies");
    static const size_t expected[] = {2, 1, 2};
    assert_int_equal(json_array_size(dependencies), CH_ARRAY_LEN(expected));
    for (size_t i = 0; i < CH_ARRAY_LEN(expected); i++) {
        assert_int_equal(
            json_array_size(json_object_get(json_array_get(dependencies, i), "dependsOn")),
            expected[i]);
    }
    json_decref(doc);
    ch_buf_done(&b);
    doc = made(ch_spdx_put, &s, &b);
    assert_int_equal(json_array_size(json_object_get(doc, "packages")), 5);
    assert_int_equal(json_array_size(json_object_get(doc, "relationships")), 1 + 2 + 3);
    json_decref(doc);
    ch_buf_done(&b);
}

/* An index has images, and no layers. */
static void test_of_an_index(void **state)
{
    (void)state;
    struct ch_sbom_component has[] = {
        {.type = "oci", .name = CH_STR("team/app"), .version = CH_STR("sha256:22"), .image = true},
        {.type = "oci", .name = CH_STR("team/app"), .version = CH_STR("sha256:11"), .image = true}};
    struct ch_sbom s = image(NULL, 0, has, CH_ARRAY_LEN(has));
    struct ch_buf b;
    json_t *doc = made(ch_cyclonedx_put, &s, &b);
    const json_t *first = json_array_get(json_object_get(doc, "components"), 0);
    assert_string_equal(text_at(first, "type"), "container");
    assert_string_equal(text_at(first, "version"), "sha256:11");
    const json_t *needs = json_array_get(json_object_get(doc, "dependencies"), 0);
    assert_int_equal(json_array_size(json_object_get(needs, "dependsOn")), 2);
    json_decref(doc);
    ch_buf_done(&b);
    doc = made(ch_spdx_put, &s, &b);
    const json_t *relationships = json_object_get(doc, "relationships");
    assert_int_equal(json_array_size(relationships), 3);
    assert_string_equal(text_at(json_array_get(relationships, 2), "spdxElementId"),
                        "SPDXRef-Subject");
    assert_string_equal(text_at(json_array_get(relationships, 2), "relationshipType"), "CONTAINS");
    json_decref(doc);
    ch_buf_done(&b);
}

/* Of a package, too: only what is exactly an expression is one. */
static void test_licences_of_packages(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"MIT", "MIT"},
                                          {"mit or apache-2.0", "MIT OR Apache-2.0"},
                                          {"GPLv2+ and MIT", NULL},
                                          {"LicenseRef-x", NULL},
                                          {"\"}", NULL}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_sbom_layer layer = {ch_sha256_of("1", 1), 10};
        struct ch_sbom_component has = PACKAGE("a", 0);
        has.licence = ch_str_of(rows[i][0]);
        struct ch_sbom s = image(&layer, 1, &has, 1);
        struct ch_buf b;
        json_t *doc = made(ch_cyclonedx_put, &s, &b);
        const json_t *one = json_array_get(
            json_object_get(json_array_get(json_object_get(doc, "components"), 1), "licenses"), 0);
        assert_string_equal(rows[i][1] != NULL ? text_at(one, "expression")
                                               : text_at(json_object_get(one, "license"), "name"),
                            rows[i][rows[i][1] != NULL]);
        json_decref(doc);
        ch_buf_done(&b);
        doc = made(ch_spdx_put, &s, &b);
        const json_t *package = json_array_get(json_object_get(doc, "packages"), 2);
        assert_string_equal(text_at(package, "licenseDeclared"),
                            rows[i][1] != NULL ? rows[i][1] : "NOASSERTION");
        if (rows[i][1] == NULL) {
            assert_string_equal(text_at(package, "licenseComments"), rows[i][0]);
        }
        json_decref(doc);
        ch_buf_done(&b);
    }
}

static void test_incomplete_is_said(void **state)
{
    (void)state;
    for (int incomplete = 0; incomplete < 2; incomplete++) {
        struct ch_buf b;
        struct ch_sbom s = image(NULL, 0, NULL, 0);
        s.incomplete = incomplete == 1;
        json_t *doc = made(ch_cyclonedx_put, &s, &b);
        assert_string_equal(
            text_at(json_array_get(json_object_get(doc, "compositions"), 0), "aggregate"),
            incomplete == 1 ? "incomplete" : "unknown");
        json_decref(doc);
        ch_buf_done(&b);
        doc = made(ch_spdx_put, &s, &b);
        assert_int_equal(
            json_object_get(json_array_get(json_object_get(doc, "packages"), 0), "comment") != NULL,
            incomplete == 1);
        json_decref(doc);
        ch_buf_done(&b);
    }
}

/* ------------------------------------------------------------------ both */

static void test_same_input_same_bytes(void **state)
{
    (void)state;
    struct ch_sbom_layer layers[] = {{ch_sha256_of("1", 1), 10}, {ch_sha256_of("2", 1), 20}};
    for (size_t f = 0; f < CH_ARRAY_LEN(formats); f++) {
        struct ch_sbom_component one[] = {PACKAGE("a", 0), PACKAGE("a", 1), PACKAGE("b", 1)};
        struct ch_sbom_component other[] = {PACKAGE("b", 1), PACKAGE("a", 1), PACKAGE("a", 0)};
        struct ch_sbom s = image(layers, 2, one, 3), t = image(layers, 2, other, 3);
        struct ch_buf b, c;
        json_decref(made(formats[f], &s, &b));
        json_decref(made(formats[f], &t, &c));
        assert_true(ch_str_eq(ch_buf_str(&b), ch_buf_str(&c)));
        ch_buf_done(&c);
        t.inspector_version++; /* and another document has another number */
        json_t *first = json_loadb(b.ptr, b.len, 0, NULL), *second = made(formats[f], &t, &c);
        const char *number = f == 0 ? "serialNumber" : "documentNamespace";
        assert_string_not_equal(text_at(first, number), text_at(second, number));
        json_decref(first);
        json_decref(second);
        ch_buf_done(&b);
        ch_buf_done(&c);
    }
}

static void test_hostile_texts(void **state)
{
    (void)state;
    const struct ch_str texts[] = {CH_STR("\"},{\"name\":\"x"),
                                   CH_STR("\xff\xfe\x80"),
                                   CH_STR("a\0b"),
                                   CH_STR("\\"),
                                   CH_STR("\r\n\t\x1b[31m"),
                                   CH_STR("\xed\xa0\x80"),
                                   CH_STR("</script>"),
                                   CH_STR("\xf0\x9f\x98\x80"),
                                   CH_STR("%s%n%00")};
    for (size_t f = 0; f < CH_ARRAY_LEN(formats); f++) {
        for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
            struct ch_sbom_component c = {.type = "npm",
                                          .name = texts[i],
                                          .version = texts[i],
                                          .source = texts[i],
                                          .source_version = texts[i],
                                          .licence = texts[i],
                                          .requirement = texts[i]};
            struct ch_sbom s = wheel(&c, 1);
            struct ch_buf b;
            s.name = s.version = s.file_name = s.licence = s.stated_licence = texts[i];
            json_decref(made(formats[f], &s, &b));
            assert_true(ch_str_is_utf8(ch_buf_str(&b)));
            ch_buf_done(&b);
        }
    }
}

/* What does not fit is no document, and never a shorter one. */
static void test_a_limit_fails(void **state)
{
    (void)state;
    for (size_t f = 0; f < CH_ARRAY_LEN(formats); f++) {
        struct ch_sbom s = wheel(NULL, 0);
        struct ch_err err;
        struct ch_buf b;
        json_decref(made(formats[f], &s, &b));
        size_t len = b.len;
        ch_buf_done(&b);
        for (size_t max = 0; max <= len; max++) {
            ch_buf_init(&b, max);
            formats[f](&b, &s);
            assert_int_equal(ch_buf_ok(&b, &err) == CH_OK, max == len);
            ch_buf_done(&b);
        }
    }
}

static void test_five_thousand_packages(void **state)
{
    (void)state;
    enum { PACKAGES = 5000, LAYERS = 20 };
    struct ch_sbom_component *has = calloc(PACKAGES * (size_t)LAYERS, sizeof(*has));
    struct ch_sbom_layer layers[LAYERS];
    char(*names)[24] = calloc(PACKAGES, sizeof(*names));
    for (size_t i = 0; i < PACKAGES; i++) {
        snprintf(names[i], sizeof(names[i]), "package-%zu", i);
        for (size_t l = 0; l < LAYERS; l++) {
            has[i * LAYERS + l] = (struct ch_sbom_component){
                .type = "deb", .name = ch_str_of(names[i]), .version = CH_STR("1"), .layer = l};
        }
    }
    for (size_t l = 0; l < LAYERS; l++) {
        layers[l] = (struct ch_sbom_layer){ch_sha256_of(&l, sizeof(l)), 1};
    }
    for (size_t f = 0; f < CH_ARRAY_LEN(formats); f++) {
        struct ch_sbom s = image(layers, LAYERS, has, PACKAGES * (size_t)LAYERS);
        struct ch_buf b;
        json_t *doc = made(formats[f], &s, &b);
        assert_int_equal(json_array_size(json_object_get(doc, f == 0 ? "components" : "packages")),
                         PACKAGES + LAYERS + f);
        assert_true(b.len < 16u << 20);
        json_decref(doc);
        ch_buf_done(&b);
    }
    free(names);
    free(has);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cyclonedx_of_a_file),
        cmocka_unit_test(test_spdx_of_a_file),
        cmocka_unit_test(test_words_are_no_expression),
        cmocka_unit_test(test_by_layer),
        cmocka_unit_test(test_of_an_index),
        cmocka_unit_test(test_licences_of_packages),
        cmocka_unit_test(test_incomplete_is_said),
        cmocka_unit_test(test_same_input_same_bytes),
        cmocka_unit_test(test_hostile_texts),
        cmocka_unit_test(test_a_limit_fails),
        cmocka_unit_test(test_five_thousand_packages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
