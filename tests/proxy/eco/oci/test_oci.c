/* What addresses, names and pages of a registry mean. */
#include "customhouse/ecosystem.h"
#include "tests/ch_test.h"

#include <stdio.h>
#include <string.h>

#define DIGITS        "abcd000000000000000000000000000000000000000000000000000000000000"
#define DIGEST        "sha256:" DIGITS
#define MANIFEST_FILE "sha256-" DIGITS ".oci-manifest.json"

static const struct ch_ecosystem *oci(void)
{
    return ch_ecosystem_find(CH_STR("oci"));
}

static struct ch_target target_of(const char *path)
{
    struct ch_str rest = ch_str_of(path), segments[16];
    struct ch_target ret;
    size_t count = 0;
    while (ch_str_split(&rest, '/', &segments[count])) {
        count++;
    }
    oci()->classify(CH_STR("mcr"), segments, count, false, &ret);
    return ret;
}

static void manifests_are_pages(void **state)
{
    (void)state;
    struct ch_target t = target_of("dotnet/sdk/manifests/8.0");
    assert_int_equal(t.kind, CH_TARGET_FILE);
    assert_string_equal(t.project, "dotnet/sdk:8.0");
    assert_string_equal(t.file_name, "manifest");
    t = target_of("app/manifests/" DIGEST);
    assert_int_equal(t.kind, CH_TARGET_FILE);
    assert_string_equal(t.project, "app@" DIGEST);
    assert_string_equal(t.file_name, DIGEST);
    t = target_of("a/manifests/b/manifests/latest"); /* the last one is it */
    assert_string_equal(t.project, "a/manifests/b:latest");
}

static void tags_are_a_page_of_their_own(void **state)
{
    (void)state;
    struct ch_target t = target_of("team/app/tags/list");
    assert_int_equal(t.kind, CH_TARGET_PROJECT);
    assert_string_equal(t.project, "team/app");
    struct ch_buf out;
    ch_buf_init(&out, 1000);
    assert_int_equal(oci()->page_url(CH_STR("https://r.example.org"), CH_STR("team/app"), 0, &out),
                     CH_OK);
    assert_str_eq(ch_buf_str(&out), "https://r.example.org/v2/team/app/tags/list");
    ch_buf_clear(&out);
    struct ch_page_file files[] = {{.file_name = CH_STR("sha256-" DIGITS)},
                                   {.file_name = CH_STR("1.0")},
                                   {.file_name = CH_STR("sha256-" DIGITS ".sig")},
                                   {.file_name = CH_STR("latest")}};
    struct ch_page page = {.project = CH_STR("team/app"), .files = files, .file_count = 4};
    struct ch_err err;
    assert_int_equal(oci()->formats[0].render_page(&page, CH_STR("/mcr"), &out, &err), CH_OK);
    assert_str_eq(ch_buf_str(&out), "{\"name\":\"team/app\",\"tags\":[\"1.0\",\"latest\"]}\n");
    ch_buf_done(&out);
    char name[256];
    assert_true(oci()->decided_on(CH_STR("team/app"), CH_STR("1.0"), name, sizeof(name)));
    assert_string_equal(name, "team/app:1.0");
}

/* In the order of their bytes, whatever the upstream's is; more are told of only where they follow. */
static void tags_are_had_in_parts(void **state)
{
    (void)state;
    struct ch_page_file files[] = {{.file_name = CH_STR("b")},
                                   {.file_name = CH_STR("sha256-" DIGITS)},
                                   {.file_name = CH_STR("a")},
                                   {.file_name = CH_STR("C")}};
    struct ch_page page = {.project = CH_STR("x"), .files = files, .file_count = 4};
    static const struct {
        const char *last;
        uint64_t most;
        const char *tags;
        const char *next;
    } rows[] = {
        {"", UINT64_MAX, "\"C\",\"a\",\"b\"", ""}, {"", 3, "\"C\",\"a\",\"b\"", ""},
        {"", 2, "\"C\",\"a\"", "a"},             {"", 0, "", ""},
        {"a", 1, "\"b\"", ""},                   {"aa", 5, "\"b\"", ""},
        {"C", 1, "\"a\"", "a"},                  {"b", 1, "", ""},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf out, expected;
        struct ch_str next;
        struct ch_err err;
        ch_buf_init(&out, 1000);
        ch_buf_init(&expected, 1000);
        ch_buf_printf(&expected, "{\"name\":\"x\",\"tags\":[%s]}\n", rows[i].tags);
        assert_int_equal(oci()->render_part(&page, ch_str_of(rows[i].last), rows[i].most,
                                                       &out, &next, &err),
                         CH_OK);
        assert_true(ch_str_eq(ch_buf_str(&out), ch_buf_str(&expected)));
        assert_true(ch_str_eq(next, ch_str_of(rows[i].next)));
        ch_buf_done(&out);
        ch_buf_done(&expected);
    }
}

static void blobs_are_on_whichever_page(void **state)
{
    (void)state;
    struct ch_target t = target_of("dotnet/sdk/blobs/" DIGEST);
    assert_int_equal(t.kind, CH_TARGET_ANY_PAGE);
    assert_string_equal(t.project, "dotnet/sdk");
    assert_string_equal(t.file_name, DIGEST);
}

/* T15: what is meant by an alias the keeper says; the address of neither is a page's. */
static void an_alias_is_no_page(void **state)
{
    (void)state;
    static const char *const kinds[] = {"manifests", "blobs"};
    for (size_t i = 0; i < CH_ARRAY_LEN(kinds); i++) {
        char path[300], name[300];
        snprintf(path, sizeof(path), "team/app/%s/sha512:" DIGITS DIGITS, kinds[i]);
        snprintf(name, sizeof(name), "%s/sha512:" DIGITS DIGITS, kinds[i]);
        struct ch_target t = target_of(path);
        assert_int_equal(t.kind, CH_TARGET_ANY_PAGE);
        assert_string_equal(t.project, "team/app");
        assert_string_equal(t.file_name, name);
    }
}

static void other_addresses_are_none(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "manifests/latest",          "app/manifests",
        "app/manifests/latest/x",    "App/manifests/latest",
        "app//manifests/latest",     "app/manifests/.latest",
        "app/manifests/sha256:abcd", "app/manifests/SHA256:" DIGITS,
        "app/manifests/md5:abcd",    "app/blobs/latest",
        "app/blobs/" DIGITS,         "app/blobs/sha512:" DIGITS,
        "app/blobs/blake3:" DIGITS,  "app/referrers/sha512:" DIGITS DIGITS,
        "app/referrers/latest",      "a..b/manifests/latest",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        struct ch_target t = target_of(paths[i]);
        if (t.kind != CH_TARGET_NONE || t.why != NULL) {
            fail_msg("%s", paths[i]);
        }
    }
}

/* On the image's own page, whatever the tag: nothing is asked of an upstream under such a one
 * (T23). */
static void signatures_are_beside_their_image(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum ch_part part;
    } rows[] = {{"team/app/referrers/" DIGEST, CH_PART_REFERRERS},
                {"team/app/manifests/sha256-" DIGITS, CH_PART_REFERRERS},
                {"team/app/manifests/sha256-" DIGITS ".sig", CH_PART_SIGNATURE},
                {"team/app/manifests/sha256-" DIGITS ".att", CH_PART_ATTESTATION}};
    static const char *const others[] = {"sha256-" DIGITS ".sbom", "sha256-" DIGITS ".sig.sig",
                                         "sha256-" DIGITS ".", "sha512-" DIGITS,
                                         "sha512-" DIGITS ".sig"};
    char text[200], name[256];
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_target t = target_of(rows[i].path);
        assert_int_equal(t.kind, CH_TARGET_FILE);
        assert_int_equal(t.part, rows[i].part);
        assert_string_equal(t.project, "team/app@" DIGEST);
        assert_string_equal(t.file_name, DIGEST);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(others); i++) {
        snprintf(text, sizeof(text), "team/app/manifests/%s", others[i]);
        struct ch_target t = target_of(text);
        assert_int_equal(t.kind, CH_TARGET_NONE);
        assert_non_null(strstr(t.why, "are not relayed"));
        snprintf(text, sizeof(text), "team/app:%s", others[i]);
        assert_false(oci()->is_page(ch_str_of(text)));
        /* nor is it listed among tags */
        assert_true(
            oci()->decided_on(CH_STR("team/app"), ch_str_of(others[i]), name, sizeof(name)));
        assert_string_equal(name, "");
    }
    assert_true(oci()->decided_on(CH_STR("app@" DIGEST), CH_STR("sha256-" DIGITS ".signature.json"),
                                  name, sizeof(name)));
    assert_string_equal(name, "");
    assert_int_equal(target_of("app/manifests/sha256-abc").part,
                     CH_PART_FILE); /* an ordinary tag */
}

static void what_stands_for_an_image(void **state)
{
    (void)state;
    char name[256];
    assert_int_equal(oci()->whole(CH_STR(MANIFEST_FILE)), CH_WHOLE_ALL);
    assert_int_equal(oci()->whole(CH_STR("sha256-" DIGITS ".docker-list.json")), CH_WHOLE_LIST);
    assert_int_equal(oci()->whole(CH_STR("sha256-" DIGITS ".layer.tar")), CH_WHOLE_PART);
    assert_int_equal(oci()->whole(CH_STR("sha256-" DIGITS ".signature.json")), CH_WHOLE_PART);
    assert_int_equal(oci()->whole(CH_STR("x")), CH_WHOLE_PART);
    assert_true(oci()->listed_page(CH_STR("app:1"), CH_STR(DIGEST), name, sizeof(name)));
    assert_string_equal(name, "app@" DIGEST);
    assert_true(oci()->listed_page(CH_STR("app"), CH_STR(DIGEST), name, sizeof(name)));
    assert_string_equal(name, "app@" DIGEST);
    assert_false(
        oci()->listed_page(CH_STR("app"), CH_STR("sha512:" DIGITS DIGITS), name, sizeof(name)));
    assert_false(oci()->listed_page(CH_STR("App"), CH_STR(DIGEST), name, sizeof(name)));
    assert_false(oci()->listed_page(CH_STR("app"), CH_STR(DIGEST), name, 10));
}

/* Where the page of a digest could not be named, its tag would be decided alone. */
static void long_names_are_none(void **state)
{
    (void)state;
    static const size_t lengths[] = {142, 143, 150, 250};
    for (size_t i = 0; i < CH_ARRAY_LEN(lengths); i++) {
        char path[600] = "", name[256];
        memset(path, 'a', lengths[i]);
        assert_int_equal(oci()->normalise(ch_str_of(path), name, sizeof(name)), i == 0);
        strcat(path, "/manifests/latest");
        assert_int_equal(target_of(path).kind, i == 0 ? CH_TARGET_FILE : CH_TARGET_NONE);
        path[lengths[i]] = '\0';
        strcat(path, "/manifests/" DIGEST);
        assert_int_equal(target_of(path).kind, i == 0 ? CH_TARGET_FILE : CH_TARGET_NONE);
    }
}

static void pages_have_one_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "app:",
                                      ":latest",
                                      "app@latest",
                                      "app@" DIGITS,
                                      "app:a:b",
                                      "app@" DIGEST "@" DIGEST,
                                      "App:latest",
                                      "app@sha256:" DIGITS "0"};
    assert_true(oci()->is_page(CH_STR("team/app")));
    assert_true(oci()->is_page(CH_STR("team/app:latest")));
    assert_true(oci()->is_page(CH_STR("team/app@" DIGEST)));
    assert_str_eq(oci()->page_project(CH_STR("team/app:latest")), "team/app");
    assert_str_eq(oci()->page_project(CH_STR("team/app@" DIGEST)), "team/app");
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        assert_false(oci()->is_page(ch_str_of(bad[i])));
    }
}

static void a_tag_points_to_a_digest(void **state)
{
    (void)state;
    char name[256];
    assert_true(oci()->decided_on(CH_STR("app:latest"), CH_STR(MANIFEST_FILE), name, sizeof(name)));
    assert_string_equal(name, "app@" DIGEST);
    assert_false(
        oci()->decided_on(CH_STR("app@" DIGEST), CH_STR(MANIFEST_FILE), name, sizeof(name)));
    assert_true(oci()->decided_on(CH_STR("app:latest"), CH_STR("what.txt"), name, sizeof(name)));
    assert_string_equal(name, ""); /* nowhere: not on the tag's page either */
}

static void a_digest_means_its_bytes_alone(void **state)
{
    (void)state;
    struct ch_index_file f = {.file_name = CH_STR(MANIFEST_FILE), .sha256 = {{0xab, 0xcd}}};
    assert_true(oci()->is_meant(CH_STR(DIGEST), &f));
    assert_true(oci()->is_meant(CH_STR("manifest"), &f));
    assert_false(oci()->is_meant(CH_STR(DIGITS), &f));
    f.sha256.byte[31] = 1;
    assert_false(oci()->is_meant(CH_STR(DIGEST), &f));
    f.file_name = CH_STR("sha256-" DIGITS ".config.json");
    assert_false(oci()->is_meant(CH_STR("manifest"), &f));
}

static void upstreams_are_asked_as_we_are(void **state)
{
    (void)state;
    struct ch_buf url;
    ch_buf_init(&url, 1000);
    assert_int_equal(oci()->page_url(CH_STR("https://r.example.org"), CH_STR("a/b:1"), 0, &url),
                     CH_OK);
    assert_str_eq(ch_buf_str(&url), "https://r.example.org/v2/a/b/manifests/1");
    assert_int_equal(oci()->page_url(CH_STR("https://r.example.org"), CH_STR("a/b:1"), 1, &url),
                     CH_E_NOT_FOUND);
    ch_buf_done(&url);
    assert_string_equal(
        oci()->page_profile(CH_STR("application/vnd.docker.distribution.manifest.v2+json")),
        "page-docker-manifest");
    assert_string_equal(oci()->page_profile(CH_STR("application/json")), "page-oci-tags");
    assert_null(oci()->page_profile(CH_STR("text/html")));
    assert_string_equal(oci()->media_type(CH_STR(MANIFEST_FILE)),
                        "application/vnd.oci.image.manifest.v1+json");
    assert_null(oci()->media_type(CH_STR("sha256-" DIGITS ".layer.tar.gz")));
}

/* The pages of a name's manifests alone, and of their files those of these bytes. */
static void a_blob_is_linked_by_manifests(void **state)
{
    (void)state;
    static const char *const no[] = {"manifest", DIGITS, "sha256:", "1.0"};
    struct ch_buf page, file;
    ch_buf_init(&page, 256);
    ch_buf_init(&file, 256);
    assert_true(oci()->linked_by(CH_STR("team/app"), CH_STR(DIGEST), &page, &file));
    assert_str_eq(ch_buf_str(&page), "team/app@");
    assert_str_eq(ch_buf_str(&file), "sha256-" DIGITS ".");
    assert_true(ch_str_starts(CH_STR(MANIFEST_FILE), ch_buf_str(&file)));
    for (size_t i = 0; i < CH_ARRAY_LEN(no); i++) {
        assert_false(oci()->linked_by(CH_STR("team/app"), ch_str_of(no[i]), &page, &file));
    }
    assert_false(oci()->linked_by(CH_STR("team/app:1.0"), CH_STR(DIGEST), &page, &file));
    ch_buf_done(&page);
    ch_buf_done(&file);
}

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void what_is_pushed_has_pages(void **state)
{
    (void)state;
    const struct ch_push_ops *push = oci()->push;
    struct ch_sha256 sha256, none = {{0}};
    struct ch_str project, tag;
    char page[256];
    assert_true(ch_sha256_from_hex(CH_STR(HEX64), &sha256));
    assert_true(push->page_of(CH_STR("team/app"), CH_STR("1.0"), &sha256, page, sizeof(page)));
    assert_string_equal(page, "team/app:1.0");
    assert_true(push->page_is(ch_str_of(page), &project, &tag, &none));
    assert_str_eq(project, "team/app");
    assert_str_eq(tag, "1.0");
    assert_true(ch_sha256_is_zero(&none));
    assert_true(push->page_of(CH_STR("team/app"), CH_STR(""), &sha256, page, sizeof(page)));
    assert_string_equal(page, "team/app@sha256:" HEX64);
    assert_true(push->page_is(ch_str_of(page), &project, &tag, &none));
    assert_int_equal(tag.len, 0);
    assert_true(ch_sha256_eq(&none, &sha256));
    assert_true(push->page_of(CH_STR("team/app"), CH_STR(""), NULL, page, sizeof(page)));
    assert_string_equal(page, "team/app");
    assert_true(push->page_is(ch_str_of(page), &project, &tag, &none));
    assert_true(tag.len == 0 && ch_sha256_is_zero(&none));
    assert_false(push->page_of(CH_STR("Team"), CH_STR("1.0"), NULL, page, sizeof(page)));
    assert_false(push->page_of(CH_STR("team"), CH_STR("-1"), NULL, page, sizeof(page)));
    assert_false(push->page_of(CH_STR("team"), CH_STR("1.0"), NULL, page, 7));
}

static void what_is_pushed_is_named_by_tag_or_digest(void **state)
{
    (void)state;
    const struct ch_push_ops *push = oci()->push;
    struct ch_sha256 sha256;
    struct ch_str tag;
    assert_true(push->reference_is(CH_STR("1.0"), &tag, &sha256));
    assert_str_eq(tag, "1.0");
    assert_true(push->reference_is(CH_STR("sha256:" HEX64), &tag, &sha256));
    assert_int_equal(tag.len, 0);
    assert_false(ch_sha256_is_zero(&sha256));
    assert_false(push->reference_is(CH_STR("sha256:" HEX64 "0"), &tag, &sha256));
    assert_false(push->reference_is(CH_STR("sha512:" HEX64), &tag, &sha256));
    assert_false(push->reference_is(CH_STR("sha512:" HEX64 HEX64), &tag, &sha256));
    assert_true(push->is_other_digest(CH_STR("sha512:" HEX64 HEX64)));
    assert_true(push->is_other_digest(CH_STR("blake3:" HEX64)));
    assert_false(push->is_other_digest(CH_STR("sha256:" HEX64)));
    assert_false(push->is_other_digest(CH_STR("sha512:" HEX64))); /* too short */
    assert_false(push->is_other_digest(CH_STR("1.0")));
    assert_false(push->is_other_digest(CH_STR("")));
    assert_false(push->reference_is(CH_STR(""), &tag, &sha256));
    assert_true(push->is_ours(CH_STR("sha256-" HEX64 ".sig")));
    assert_true(push->is_ours(CH_STR("sha256-" HEX64)));
    assert_false(push->is_ours(CH_STR("sha256-" HEX64 "0")));
    assert_false(push->is_ours(CH_STR("sha256-0123.sig")));
    assert_false(push->is_ours(CH_STR("1.0")));
}

static void what_is_pushed_is_a_manifest(void **state)
{
    (void)state;
    const struct ch_push_ops *push = oci()->push;
    struct ch_buf b;
    assert_non_null(push->document_profile(CH_STR("application/vnd.oci.image.manifest.v1+json")));
    assert_non_null(push->document_profile(CH_STR("application/vnd.oci.image.index.v1+json")));
    assert_null(push->document_profile(CH_STR("application/json"))); /* that is a list of tags */
    assert_null(push->document_profile(CH_STR("application/vnd.oci.image.config.v1+json")));
    assert_null(push->document_profile(CH_STR("")));
    ch_buf_init(&b, 1024);
    push->put_tags(&b, CH_STR("team/app"), CH_STR(""));
    assert_str_eq(ch_buf_str(&b), "{\"name\":\"team/app\",\"tags\":[]}");
    ch_buf_clear(&b);
    push->put_tags(&b, CH_STR("team/app"), (struct ch_str){"1.0\0latest\0", 11});
    assert_str_eq(ch_buf_str(&b), "{\"name\":\"team/app\",\"tags\":[\"1.0\",\"latest\"]}");
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifests_are_pages),
        cmocka_unit_test(tags_are_a_page_of_their_own),
        cmocka_unit_test(tags_are_had_in_parts),
        cmocka_unit_test(blobs_are_on_whichever_page),
        cmocka_unit_test(an_alias_is_no_page),
        cmocka_unit_test(other_addresses_are_none),
        cmocka_unit_test(signatures_are_beside_their_image),
        cmocka_unit_test(what_stands_for_an_image),
        cmocka_unit_test(long_names_are_none),
        cmocka_unit_test(pages_have_one_spelling),
        cmocka_unit_test(a_tag_points_to_a_digest),
        cmocka_unit_test(a_digest_means_its_bytes_alone),
        cmocka_unit_test(a_blob_is_linked_by_manifests),
        cmocka_unit_test(upstreams_are_asked_as_we_are),
        cmocka_unit_test(what_is_pushed_has_pages),
        cmocka_unit_test(what_is_pushed_is_named_by_tag_or_digest),
        cmocka_unit_test(what_is_pushed_is_a_manifest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
