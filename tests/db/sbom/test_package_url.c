/* Package URLs, as the definition of each type has them. */
#include "tests/ch_test.h"

#include "db/sbom/sbom_int.h"

static const struct row {
    const char *fact;
    const char *distribution, *version;
    const char *url;
} rows[] = {
    {"deb curl 7.88.1-10+deb12u5 amd64 - -", "debian", "12",
     "pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12"},
    {"deb libc6 1:2.36-9 amd64 glibc -", NULL, NULL, "pkg:deb/debian/libc6@1:2.36-9?arch=amd64"},
    {"deb Tzdata 2024a all - -", "ubuntu", "22.04",
     "pkg:deb/ubuntu/tzdata@2024a?arch=all&distro=ubuntu-22.04"},
    {"apk musl 1.2.4-r2 x86_64 musl -", "alpine", "3.19.1",
     "pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.19.1"},
    {"rpm openssl 1:3.0.7-18.el9 x86_64 - -", "rhel", "9.2",
     "pkg:rpm/rhel/openssl@3.0.7-18.el9?arch=x86_64&distro=rhel-9.2&epoch=1"},
    {"rpm bash 5.1.8-6.azl3 x86_64 - -", NULL, NULL, "pkg:rpm/bash@5.1.8-6.azl3?arch=x86_64"},
    {"go github.com/Foo/bar v1.2.3+incompatible - - -", "debian", "12",
     "pkg:golang/github.com/foo/bar@v1.2.3%2Bincompatible"},
    {"go stdlib 1.22.3 - - -", NULL, NULL, "pkg:golang/stdlib@1.22.3"},
    {"npm @types/node 20.1.0 - - -", NULL, NULL, "pkg:npm/%40types/node@20.1.0"},
    {"npm left-pad 1.3.0 - - -", NULL, NULL, "pkg:npm/left-pad@1.3.0"},
    {"maven org.apache.logging:log4j-core 2.17.1 - - -", NULL, NULL,
     "pkg:maven/org.apache.logging/log4j-core@2.17.1"},
    {"python Ruamel_yaml 0.18 - - -", "debian", "12", "pkg:pypi/ruamel-yaml@0.18"},
    {"conda numpy 1.26.4 linux-64 - -", NULL, NULL, "pkg:conda/numpy@1.26.4?subdir=linux-64"},
    {"npm a%20b%3F%23%00 1%2F2 - - -", NULL, NULL, "pkg:npm/a%20b%3F%23%00@1%2F2"},
    {"npm @a//../b 1 - - -", NULL, NULL, "pkg:npm/%40a/../b@1"},
    {"apk x 1 y - - MIT%20AND%20BSD", NULL, NULL, "pkg:apk/alpine/x@1?arch=y"},
    {"deb nothing - - - -", NULL, NULL, "pkg:deb/debian/nothing"},
};

static void test_components(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_sbom_component c;
        struct ch_sbom s = {.distribution = ch_str_of(rows[i].distribution),
                            .distribution_version = ch_str_of(rows[i].version)};
        struct ch_buf texts, url;
        ch_buf_init(&texts, 1000);
        ch_buf_init(&url, SBOM_URL_BYTES);
        assert_non_null(ch_buf_reserve(&texts, 1000));
        assert_true(ch_sbom_read_package(ch_str_of(rows[i].fact), &texts, &c));
        sbom_put_component_url(&url, &s, &c);
        assert_str_eq(ch_buf_str(&url), rows[i].url);
        ch_buf_done(&texts);
        ch_buf_done(&url);
    }
}

static void test_what_is_no_fact(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "deb",
                                        "deb curl",
                                        "deb curl 1 - -",
                                        "gem curl 1 - - -",
                                        "deb - 1 - - -",
                                        "deb cu%2 1 - - -",
                                        "deb cu%zz 1 - - -",
                                        "deb  1 - - -",
                                        "deb curl  - - -",
                                        "deb curl 1 - - - ",
                                        "deb curl 1 - - - MIT more"};
    for (size_t i = 0; i < CH_ARRAY_LEN(wrong); i++) {
        struct ch_sbom_component c;
        struct ch_buf texts;
        ch_buf_init(&texts, 1000);
        assert_non_null(ch_buf_reserve(&texts, 1000));
        if (ch_sbom_read_package(ch_str_of(wrong[i]), &texts, &c)) {
            fail_msg("\"%s\"", wrong[i]);
        }
        ch_buf_done(&texts);
    }
}

static void test_subjects(void **state)
{
    (void)state;
    struct ch_buf url;
    ch_buf_init(&url, SBOM_URL_BYTES);
    struct ch_sbom file = {.type = "pypi",
                           .name = CH_STR("demo"),
                           .version = CH_STR("1.2"),
                           .file_name = CH_STR("demo-1.2-py3-none-any.whl")};
    sbom_put_subject_url(&url, &file);
    assert_str_eq(ch_buf_str(&url), "pkg:pypi/demo@1.2?file_name=demo-1.2-py3-none-any.whl");
    ch_buf_clear(&url);
    struct ch_sbom conda = {.type = "conda",
                            .name = CH_STR("demo"),
                            .version = CH_STR("1!2"),
                            .build = CH_STR("py_0"),
                            .subdir = CH_STR("noarch"),
                            .form = CH_STR("tar.bz2")};
    sbom_put_subject_url(&url, &conda);
    assert_str_eq(ch_buf_str(&url), "pkg:conda/demo@1%212?build=py_0&subdir=noarch&type=tar.bz2");
    ch_buf_clear(&url);
    struct ch_sbom image = {.type = "oci",
                            .image = true,
                            .name = CH_STR("team/App"),
                            .version = CH_STR("sha256:00"),
                            .repository_url = CH_STR("gw.example:8080/mcr/team/App")};
    sbom_put_subject_url(&url, &image);
    assert_str_eq(ch_buf_str(&url), "pkg:oci/app@sha256:00?repository_url="
                                    "gw.example:8080%2Fmcr%2Fteam%2FApp");
    ch_buf_clear(&url);
    struct ch_sbom_component child = {.type = "oci",
                                      .name = CH_STR("team/App"),
                                      .version = CH_STR("sha256:11"),
                                      .architecture = CH_STR("arm64"),
                                      .image = true};
    sbom_put_component_url(&url, &image, &child);
    assert_str_eq(ch_buf_str(&url), "pkg:oci/app@sha256:11?arch=arm64&repository_url="
                                    "gw.example:8080%2Fmcr%2Fteam%2FApp");
    ch_buf_done(&url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_components),
        cmocka_unit_test(test_what_is_no_fact),
        cmocka_unit_test(test_subjects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
