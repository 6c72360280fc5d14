/* Whose an address under /v2/ is, and what image it names there (T24). */
#include "fixture.h"

#define DIGEST "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"

static char name_oci[] = "oci";
static char name_team[] = "team";
static char name_hub[] = "hub";
static char url_team[] = "https://team.example.org";
static char url_hub[] = "https://hub.example.org:5000/";
static char *of_team[] = {name_team};
static char *of_hub[] = {name_hub};
static struct ch_upstream upstreams[] = {
    {.name = name_team, .ecosystem = name_oci, .url = url_team},
    {.name = name_hub, .ecosystem = name_oci, .url = url_hub},
};

static struct fixture *registries(void)
{
    struct fixture *f = fixture_new();
    f->repositories[0] = (struct ch_repository){
        .name = name_team, .ecosystem = name_oci, .upstreams = of_team, .upstream_count = 1};
    f->repositories[1] = (struct ch_repository){
        .name = name_hub, .ecosystem = name_oci, .upstreams = of_hub, .upstream_count = 1};
    f->config.upstreams = upstreams;
    f->config.upstream_count = CH_ARRAY_LEN(upstreams);
    gw_configure(f->gw, &f->config);
    f->keeper.file = (struct ch_file_reply){
        .outcome = CH_FILE_NOT_FOUND,
        .refusal = {.since_us = CH_TIME_UNKNOWN, .until_us = CH_TIME_UNKNOWN}};
    return f;
}

static const struct row {
    const char *path;
    const char *repository; /* that is asked, NULL: none is */
    const char *image;
} rows[] = {
    {"/v2/team/app/manifests/" DIGEST, "team", "app"},
    {"/v2/hub/team/app/manifests/" DIGEST, "hub", "team/app"},
    {"/v2/app/manifests/" DIGEST "?ns=team.example.org", "team", "app"},
    {"/v2/x/app/manifests/" DIGEST "?ns=hub.example.org:5000", "hub", "x/app"},
    /* the registry's own name, also where it begins as a repository here is called */
    {"/v2/team/app/manifests/" DIGEST "?ns=team.example.org", "team", "team/app"},
    {"/v2/team/app/blobs/" DIGEST "?ns=TEAM.example.org", "team", "team/app"},
    {"/v2/team/app/manifests/" DIGEST "?ns=hub.example.org:5000", "hub", "team/app"},
    {"/v2/hub/app/manifests/" DIGEST "?ns=hub.example.org:5000", "hub", "hub/app"},
    {"/v2/team/app/manifests/" DIGEST "?ns=stranger.example.org", NULL, NULL},
    {"/v2/app/manifests/" DIGEST, NULL, NULL},
};

static void an_address_names_one_image(void **state)
{
    (void)state;
    struct fixture *f = registries();
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        f->keeper.file_asks = 0;
        f->keeper.repository[0] = '\0';
        f->keeper.image[0] = '\0';
        int status = status_of(get(f, rows[i].path, ""));
        f->keeper.image[strcspn(f->keeper.image, "@")] =
            '\0'; /* a manifest's project has its digest, too */
        bool asked = rows[i].repository != NULL;
        if (status != 404 || f->keeper.file_asks != (asked ? 1 : 0) ||
            (asked && (strcmp(f->keeper.repository, rows[i].repository) != 0 ||
                       strcmp(f->keeper.image, rows[i].image) != 0))) {
            fail_msg("%s: %d, %d asks, %s of %s", rows[i].path, status, f->keeper.file_asks,
                     f->keeper.image, f->keeper.repository);
        }
    }
    fixture_free(f);
}

/* Two mirror one registry: ?ns= is the one that stands first in the configuration, whatever was there before a reload. */
static void a_namespace_is_one_repository(void **state)
{
    (void)state;
    static char name_later[] = "later";
    struct fixture *f = registries();
    f->repositories[2] = (struct ch_repository){
        .name = name_later, .ecosystem = name_oci, .upstreams = of_team, .upstream_count = 1};
    f->config.repository_count = 3;
    gw_configure(f->gw, &f->config);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            status_of(get(f, "/v2/app/manifests/" DIGEST "?ns=team.example.org", "")), 404);
        assert_string_equal(f->keeper.repository, i == 0 ? "team" : "later");
        struct ch_repository first = f->repositories[0];
        f->repositories[0] = f->repositories[2];
        f->repositories[2] = first;
        gw_configure(f->gw, &f->config);
    }
    fixture_free(f);
}

/* Where nothing is for everybody it is not told which registries are mirrored either; as at every address of images it is
 * said in JSON, for docker reads nothing else. */
static void names_are_not_told(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/v2/",
        "/v2/app/manifests/" DIGEST "?ns=team.example.org",
        "/v2/app/manifests/" DIGEST "?ns=stranger.example.org",
        "/v2/team/app/manifests/" DIGEST,
        "/v2/none/app/manifests/" DIGEST,
    };
    struct fixture *f = registries();
    f->config.anonymous_pull = CH_ANONYMOUS_NO;
    gw_configure(f->gw, &f->config);
    for (size_t i = 0; i < CH_ARRAY_LEN(paths); i++) {
        struct ch_str a = get(f, paths[i], NULL);
        if (status_of(a) != 401) {
            fail_msg("%s: %d", paths[i], status_of(a));
        }
        assert_has(header_of(a, "WWW-Authenticate"), "Bearer realm=\"http://open.example.org:8080/oauth2/token");
        assert_false(ch_str_find(a, CH_STR("Basic"), NULL));
        assert_int_equal(ch_str_find(a, CH_STR("scope="), NULL), i > 0); /* in the client's own words */
        assert_str_eq(header_of(a, "Content-Type"), "application/json");
        assert_has(body_of(a), "\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"A token is needed");
    }
    fixture_free(f);
}

#define IMAGE "/v2/team/app/referrers/" DIGEST
#define TAG   "/v2/team/app/manifests/sha256-44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
#define INDEX "application/vnd.oci.image.index.v1+json"

static void allow_document(struct fixture *f, const char *body, const char *type)
{
    struct ch_sha256 sha256 = ch_sha256_of(body, strlen(body));
    fixture_allow(f, &sha256, strlen(body));
    f->keeper.file.body = ch_str_of(body);
    f->keeper.file.media_type = ch_str_of(type);
}

/* What is signed comes from the keeper each time, and ends with the ALLOW that it came with (T11). */
static void what_is_signed_is_asked_for_each_time(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum ch_part part;
        bool digest;
    } asks[] = {{TAG ".sig", CH_PART_SIGNATURE, true},
                {TAG ".att", CH_PART_ATTESTATION, true},
                {TAG, CH_PART_REFERRERS, true},
                {IMAGE, CH_PART_REFERRERS, false},
                {"/v2/team/app/manifests/" DIGEST, CH_PART_FILE, true}};
    for (size_t i = 0; i < CH_ARRAY_LEN(asks); i++) {
        struct fixture *f = registries();
        allow_document(f, "{\"a\":1}", INDEX);
        for (int n = 1; n < 3; n++) {
            struct ch_str a = get(f, asks[i].path, "");
            assert_int_equal(status_of(a), 200);
            assert_str_eq(body_of(a), "{\"a\":1}");
            assert_str_eq(header_of(a, "Content-Type"), INDEX);
            assert_int_equal(header_of(a, "Docker-Content-Digest").len > 0, asks[i].digest);
            assert_int_equal(header_of(a, "OCI-Filters-Applied").len, 0);
            assert_int_equal(f->keeper.file_asks, n);
            assert_int_equal(f->keeper.part, asks[i].part);
            assert_string_equal(f->keeper.file_name, DIGEST);
        }
        struct ch_str h = head(f, asks[i].path, "");
        assert_int_equal(status_of(h), 200);
        assert_str_eq(header_of(h, "Content-Length"), "7");
        f->keeper.file.not_after_boot_ms = 0;
        assert_int_equal(status_of(get(f, asks[i].path, "")), 403);
        fixture_free(f);
    }
}

/* Distribution 1.1, "Listing Referrers": none is an empty list, and a filter is said to be applied. */
static void referrers_are_a_list(void **state)
{
    (void)state;
    static const char filtered[] = IMAGE "?artifactType=application/spdx%2Bjson";
    static const char ours[] =
        IMAGE "?artifactType=application/vnd.dev.sigstore.bundle.v0.3%2Bjson";
    struct fixture *f = registries();
    struct ch_str a = get(f, IMAGE, "");
    assert_int_equal(status_of(a), 200);
    assert_str_eq(header_of(a, "Content-Type"), INDEX);
    assert_has(body_of(a), "\"manifests\":[]");
    assert_int_equal(header_of(a, "OCI-Filters-Applied").len, 0);
    allow_document(f, "{\"manifests\":[1]}", INDEX);
    a = get(f, ours, "");
    assert_has(body_of(a), "[1]");
    assert_str_eq(header_of(a, "OCI-Filters-Applied"), "artifactType");
    int asks = f->keeper.file_asks;
    a = get(f, filtered, "");
    assert_int_equal(status_of(a), 200);
    assert_has(body_of(a), "\"manifests\":[]");
    assert_str_eq(header_of(a, "OCI-Filters-Applied"), "artifactType");
    assert_int_equal(status_of(get(f, IMAGE "?artifactType=a&artifactType=b", "")), 400);
    assert_int_equal(f->keeper.file_asks, asks);
    fixture_free(f);
}

/* T23: an upstream's are refused here, and it is not asked. */
static void others_signatures_are_not_relayed(void **state)
{
    (void)state;
    struct fixture *f = registries();
    struct ch_str a = get(f, TAG ".sbom", "");
    assert_int_equal(status_of(a), 404);
    assert_has(body_of(a), "\"code\":\"MANIFEST_UNKNOWN\"");
    assert_has(body_of(a), "are not relayed");
    assert_int_equal(f->keeper.file_asks, 0);
    f->keeper.file.text = CH_STR("It is not signed: rule none");
    a = get(f, TAG ".sig", "");
    assert_int_equal(status_of(a), 404);
    assert_has(body_of(a), "\"message\":\"It is not signed: rule none\"");
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_names_one_image),
        cmocka_unit_test(a_namespace_is_one_repository),
        cmocka_unit_test(names_are_not_told),
        cmocka_unit_test(what_is_signed_is_asked_for_each_time),
        cmocka_unit_test(referrers_are_a_list),
        cmocka_unit_test(others_signatures_are_not_relayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
