/* What a cluster is answered: by what is known now, and about what a node would run. */
#include "admit_house.h"
#include "images_house.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/images/image.h"
#include "customhouse/store_admitted.h"
#include "customhouse/store_pushed.h"

static struct ch_err err;

#define AT   "up.example.org/" IMAGES_NAME
#define APPS "  - {name: apps, ecosystem: oci, hosted: true}\n"

/* As often as it takes for the log to have what allows it. */
static const struct ch_image_verdict *admitted(struct admitting *a, const char *image,
                                               const char *platform)
{
    const struct ch_image_verdict *v = admit_ask(a, image, NULL, platform);
    for (int i = 0; i < 2000 && ch_str_find(v->reason, CH_STR("not in the log"), NULL); i++) {
        house_turn(a->h, 10);
        v = admit_ask(a, image, NULL, platform);
    }
    if (!v->allowed) {
        fail_msg("%s: %.*s", image, CH_STR_ARG(v->reason));
    }
    return v;
}

/* ------------------------------------------------------------------ indexes */

#define CHILDREN 3
struct list {
    struct images_image child[CHILDREN], index;
    char text[CHILDREN][40], manifest[1000];
};

/* An index of images for these platforms, in this order; `odd`: the layer of that one is. */
static void set_index(struct house *h, struct list *l, const char *const platform[CHILDREN],
                      size_t odd, const char *tag)
{
    struct ch_buf b;
    ch_buf_init(&b, sizeof(l->manifest));
    *l = (struct list){.child = {{.manifest = NULL}}};
    ch_buf_printf(&b, "index %s", tag);
    for (size_t i = 0; i < CHILDREN && platform[i] != NULL; i++) {
        snprintf(l->text[i], sizeof(l->text[i]), "manifest %zu of %s", i, tag);
        l->child[i] = (struct images_image){.manifest = l->text[i],
                                            .config = "a config",
                                            .layer = i == odd ? "irregular" : "a layer"};
        images_set(h, &l->child[i], l->text[i]);
        ch_buf_printf(&b, " fact:child=%s%s%s;", l->child[i].digest,
                      platform[i][0] != '\0' ? " " : "", platform[i]);
    }
    snprintf(l->manifest, sizeof(l->manifest), "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    l->index.manifest = l->manifest;
    images_set(h, &l->index, tag);
    images_ask_tag(h, tag);
    for (size_t i = 0; i < CHILDREN && platform[i] != NULL; i++) {
        images_ask(h, &l->child[i]);
    }
    house_settle(h);
}

/* The one that containerd takes (test_platform.c) is judged, and pinned; no other is. */
static void of_an_index_the_image_that_a_node_takes(void **state)
{
    (void)state;
    static const struct {
        const char *wanted;
        const char *platform[CHILDREN];
        size_t taken;
    } rows[] = {
        {"linux/amd64", {"linux/386", "linux/amd64/v3", "linux/amd64"}, 2},
        {"linux/amd64", {"linux/arm64", "linux/386", NULL}, 1},
        {"linux/amd64", {"", "linux/x86_64", "linux/amd64"}, 1},
        {"linux/arm64", {"linux/arm64/v9", "linux/arm/v7", "linux/arm64/v8"}, 2},
        {"linux/arm/v7", {"linux/arm/v5", "linux/arm/v6", "linux/arm64"}, 1},
        {"linux/arm", {"linux/armel", "linux/armhf", "linux/arm/v8"}, 1},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        for (size_t odd = 0; odd < CHILDREN; odd++) {
            struct house *h = images_house_with(IMAGES_CONFIG_OF(", platforms: all"));
            struct admitting a;
            struct list l;
            char pinned[200];
            set_index(h, &l, rows[i].platform, odd, "1.0");
            admit_begin(&a, h);
            if (odd == rows[i].taken) {
                const struct ch_image_verdict *v = admit_ask(&a, AT ":1.0", NULL, rows[i].wanted);
                assert_false(v->allowed);
                assert_true(ch_str_find(v->reason, CH_STR("zip-crc-differs"), NULL));
            } else {
                snprintf(pinned, sizeof(pinned), AT "@%s", l.child[rows[i].taken].digest);
                assert_str_eq(admitted(&a, AT ":1.0", rows[i].wanted)->pinned, pinned);
            }
            admit_end(&a);
            house_free(h);
        }
    }
}

/* Where the cluster names no platform: those of the repository, each that the index has. */
static void of_an_index_the_images_that_its_repository_serves(void **state)
{
    (void)state;
    static const char *const platform[CHILDREN] = {"linux/amd64", "linux/arm64", "linux/s390x"};
    static const struct {
        const char *platforms;
        size_t odd;
        const char *expected; /* what the tag becomes: "index", "0"; else what is said */
    } rows[] = {
        {"", 1, "0"},
        {", platforms: linux/arm64", 0, "1"},
        {", platforms: [linux/amd64, linux/arm64]", 2, "index"},
        {", platforms: [linux/amd64, linux/riscv64]", 1, "0"},
        {", platforms: all", CHILDREN, "index"},
        {"", 0, "manifest 0"},
        {", platforms: [linux/amd64, linux/arm64]", 1, "manifest 1"},
        {", platforms: all", 2, "manifest 2"},
        {", platforms: linux/riscv64", CHILDREN,
         "it has no image for linux/riscv64, which is served here; those that it has: linux/amd64, "
         "linux/arm64, linux/s390x. What would change it: `platforms` of the repository"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char config[1000];
        snprintf(config, sizeof(config), IMAGES_CONFIG_OF("%s"), rows[i].platforms);
        struct house *h = images_house_with(config);
        struct admitting a;
        struct list l;
        char said[300];
        const char *expected = rows[i].expected;
        set_index(h, &l, platform, rows[i].odd, "1.0");
        admit_begin(&a, h);
        if (strncmp(expected, "manifest ", 9) ==
            0) { /* the image in the way, and what to do about it */
            const struct images_image *child = &l.child[expected[9] - '0'];
            const struct ch_image_verdict *v = admit_ask(&a, AT ":1.0", NULL, "");
            assert_false(v->allowed);
            snprintf(said, sizeof(said), "held: %s is held (part): its layer ", child->page);
            assert_true(ch_str_starts(v->reason, ch_str_of(said)));
            snprintf(said, sizeof(said), "exceptions request oci:" IMAGES_NAME "==%s --reason",
                     child->digest);
            assert_true(ch_str_find(v->reason, ch_str_of(said), NULL));
        } else if (strlen(expected) > 5) {
            const struct ch_image_verdict *v = admit_ask(&a, AT ":1.0", NULL, "");
            assert_false(v->allowed);
            assert_true(ch_str_find(v->reason, ch_str_of(expected), NULL));
            assert_false(ch_str_find(v->reason, CH_STR("exceptions request"), NULL));
        } else {
            bool index = strcmp(expected, "index") == 0;
            snprintf(said, sizeof(said), AT "@%s",
                     index ? l.index.digest : l.child[expected[0] - '0'].digest);
            assert_str_eq(admitted(&a, AT ":1.0", "")->pinned, said);
        }
        admit_end(&a);
        house_free(h);
    }
}

/* ------------------------------------------------------------------ hosted */

static void push(struct house *h, const char *bytes, const char *tag)
{
    struct ch_pushed_row row = {.repository = CH_STR("apps"),
                                .project = CH_STR(IMAGES_NAME),
                                .tag = ch_str_of(tag),
                                .sha256 = ch_sha256_of(bytes, strlen(bytes)),
                                .media_type = CH_STR("application/vnd.oci.image.manifest.v1+json"),
                                .by = CH_STR("ci"),
                                .kind = CH_PUSHED,
                                .at_us = ch_now_unix_us()};
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_add_pushed(h->k->store, &row, &err));
}

/* A tag is what was pushed last, not what its page says that is still being looked at. */
static void a_pushed_tag_is_what_was_pushed_last(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, IMAGES_CONFIG APPS);
    struct image_where where = {.repository = CH_STR("apps")};
    struct image_name name;
    bool foreign;
    static const char *const manifests[] = {"first", "second"};
    assert_ch_ok(&err,
                 image_name_read(h->k, CH_STR(IMAGES_NAME ":1.0"), &where, &name, &foreign, &err));
    for (size_t i = 0; i < CH_ARRAY_LEN(manifests); i++) {
        struct image *im = ch_calloc(1, sizeof(*im));
        char hex[CH_SHA256_HEX + 1], digest[80];
        push(h, manifests[i], "1.0");
        snprintf(digest, sizeof(digest), "sha256:%s", house_hex(manifests[i], hex));
        assert_true(image_look(h->k, &name,
                               &(struct image_wanted){.platform = CH_STR("linux/amd64")},
                               images_on_page, h->k, im));
        assert_str_eq(image_digest(im), digest);
        assert_int_not_equal(im->state, IMAGE_ALLOWED);
        free(im);
    }
    house_free(h);
}

/* ------------------------------------------------------------------ what runs */

static struct ch_str list(struct house *h, const char *options, struct ch_buf *out)
{
    char line[200];
    snprintf(line, sizeof(line), "runtime list%s", options);
    ch_buf_clear(out);
    assert_int_equal(house_run(h, line, out), 0);
    return ch_buf_str(out);
}

static void says(struct ch_str text, const char *words, bool expected)
{
    if (ch_str_find(text, ch_str_of(words), NULL) != expected) {
        fail_msg("\"%s\": %.*s", words, CH_STR_ARG(text));
    }
}

/* It is remembered where all of it may run, once for each namespace, and listed when it may no
 * more. */
static void what_was_admitted_is_listed_when_it_is_withdrawn(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct admitting a;
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    char name[200], line[300];
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    admit_begin(&a, h);
    snprintf(name, sizeof(name), AT "@%s", m.digest);
    admitted(&a, name, NULL); /* a question, as of a dry run */
    says(list(h, " --all", &out), "team/app", false);
    a.name_space = "web";
    assert_true(admit_ask(&a, AT ":1.0", NULL, NULL)->allowed); /* whoever asks refuses a tag */
    says(list(h, " --all", &out), "team/app", false);
    for (int i = 0; i < 3; i++) {
        assert_true(admit_ask(&a, name, NULL, NULL)->allowed);
    }
    a.name_space = "shop";
    assert_true(admit_ask(&a, name, NULL, NULL)->allowed);
    assert_false(admit_ask(&a, name, "preprod", NULL)->allowed);
    says(list(h, "", &out), "0 admitted images are not allowed any more", true);
    says(list(h, " --all --json", &out), "\"id\":3", false);
    says(ch_buf_str(&out), "\"namespace\":\"web\"", true);
    says(ch_buf_str(&out), "\"namespace\":\"shop\"", true);
    says(ch_buf_str(&out), "\"state\":\"allowed\"", true);
    says(list(h, " --all --namespace=web --json", &out), "shop", false);
    admit_end(&a);
    house_restart(h); /* it was durable before it was answered */
    admit_begin(&a, h);
    a.name_space = "web";
    admitted(&a, name, NULL);
    snprintf(line, sizeof(line), "deny %s --reason=stolen", m.layer_digest);
    ch_buf_clear(&out);
    assert_int_equal(house_run(h, line, &out), 0);
    house_settle(h);
    assert_false(admit_ask(&a, name, NULL, NULL)->allowed);
    says(list(h, "", &out), "2 admitted images are not allowed any more", true);
    says(ch_buf_str(&out), "denied", true);
    says(ch_buf_str(&out), "stolen", true);
    list(h, " --json", &out);
    says(ch_buf_str(&out), "\"withdrawn\":true", true);
    says(ch_buf_str(&out), m.digest, true);
    says(ch_buf_str(&out), m.config_digest, true); /* where a node names that */
    says(list(h, " --environment=preprod", &out), "0 admitted", true);
    admit_end(&a);
    ch_buf_done(&out);
    house_free(h);
}

/* Fail closed: nothing is admitted of which it could not be said later that it was. */
static bool no_room;
enum ch_code __real_ch_store_add_admitted(struct ch_store *s, struct ch_admitted_row *row,
                                          struct ch_err *e);
enum ch_code __wrap_ch_store_add_admitted(struct ch_store *s, struct ch_admitted_row *row,
                                          struct ch_err *e);

enum ch_code __wrap_ch_store_add_admitted(struct ch_store *s, struct ch_admitted_row *row,
                                          struct ch_err *e)
{
    return no_room ? ch_fail(e, CH_E_IO, "no room") : __real_ch_store_add_admitted(s, row, e);
}

static void what_cannot_be_remembered_is_not_admitted(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct admitting a;
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    char name[200];
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    admit_begin(&a, h);
    snprintf(name, sizeof(name), AT "@%s", m.digest);
    admitted(&a, name, NULL);
    a.name_space = "web";
    no_room = true;
    const struct ch_image_verdict *v = admit_ask(&a, name, NULL, NULL);
    assert_false(v->allowed);
    says(v->reason, "could not be recorded", true);
    no_room = false;
    assert_true(admit_ask(&a, name, NULL, NULL)->allowed);
    no_room = true; /* what is remembered already needs no room */
    assert_true(admit_ask(&a, name, NULL, NULL)->allowed);
    no_room = false;
    admit_end(&a);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_an_index_the_image_that_a_node_takes),
        cmocka_unit_test(of_an_index_the_images_that_its_repository_serves),
        cmocka_unit_test(a_pushed_tag_is_what_was_pushed_last),
        cmocka_unit_test(what_was_admitted_is_listed_when_it_is_withdrawn),
        cmocka_unit_test(what_cannot_be_remembered_is_not_admitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
