/* Indexes: served once an image in them for a platform of their repository is, each image answering
 * for itself (T19). */
#include "images_house.h"

#include <stdio.h>

#include "db/keeper/pages/pages_int.h"

#define CHILDREN 3

struct list {
    struct images_image child[CHILDREN], index;
    char text[CHILDREN][40], manifest[1000];
};

/* An index that the registry has as 1.0: of one image for each platform, "" for any, with this
 * layer. */
static void set_index(struct house *h, struct list *l, const char *const platform[CHILDREN],
                      const char *const layer[CHILDREN])
{
    struct ch_buf b;
    *l = (struct list){.child = {{.manifest = NULL}}};
    ch_buf_init(&b, sizeof(l->manifest));
    ch_buf_puts(&b, CH_STR("index"));
    for (size_t i = 0; i < CHILDREN && platform[i] != NULL; i++) {
        snprintf(l->text[i], sizeof(l->text[i]), "manifest %zu", i);
        l->child[i] =
            (struct images_image){.manifest = l->text[i], .config = "a config", .layer = layer[i]};
        images_set(h, &l->child[i], l->text[i]);
        ch_buf_printf(&b, " fact:child=%s%s%s;", l->child[i].digest,
                      platform[i][0] != '\0' ? " " : "", platform[i]);
    }
    snprintf(l->manifest, sizeof(l->manifest), "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    l->index.manifest = l->manifest;
    images_set(h, &l->index, "1.0");
}

static size_t asked_for(struct house *h, const struct images_image *m, int file)
{
    char url[256];
    snprintf(url, sizeof(url), FILE_URL("%s"), m->file[file]);
    for (size_t i = 0; i < h->site_count; i++) {
        if (strcmp(h->sites[i].url, url) == 0) {
            return h->sites[i].asked;
        }
    }
    fail_msg("%s is nowhere", url);
    return 0;
}

static void says(const struct house *h, const char *text)
{
    if (!ch_str_find(h->file.refusal.reason, ch_str_of(text), NULL)) {
        fail_msg("%.*s", CH_STR_ARG(h->file.refusal.reason));
    }
}

static void run(struct house *h, const char *line, uint32_t status)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    if (house_run(h, line, &out) != status) {
        fail_msg("%s: %.*s", line, CH_STR_ARG(ch_buf_str(&out)));
    }
    ch_buf_done(&out);
}

#define TWO                                                                                        \
    {                                                                                              \
        "linux/amd64", "linux/arm64", NULL                                                         \
    }

static void one_platform_is_enough(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    set_index(h, &l, (const char *const[])TWO,
              (const char *const[]){"a layer", "other layer", NULL});
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_str_eq(h->file.page, l.index.page);
    house_settle(h);
    assert_int_equal(asked_for(h, &l.child[0], 2), 1);
    assert_int_equal(asked_for(h, &l.child[1], 0), 0); /* nobody has asked for it */
    assert_int_equal(asked_for(h, &l.child[1], 2), 0);
    images_ask(h, &l.child[1]);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_restart(h); /* out of the store alone */
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_ask(h, &l.index);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void of_no_listed_platform_it_is_held(void **state)
{
    (void)state;
    struct house *h =
        images_house_with(IMAGES_CONFIG_OF(", platforms: [linux/s390x, linux/arm/v6]"));
    struct list l;
    set_index(h, &l, (const char *const[]){"linux/amd64", "linux/arm/v7", "unknown/unknown"},
              (const char *const[]){"a layer", "other layer", "third layer"});
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "platform");
    says(
        h,
        "it has no image for linux/s390x or linux/arm/v6, which is served here; those that it has: "
        "linux/amd64, linux/arm/v7");
    assert_false(ch_str_find(h->file.refusal.reason, CH_STR("unknown"), NULL));
    assert_true(ch_str_find(h->file.refusal.change, CH_STR("`platforms` of the repository"), NULL));
    assert_int_equal(asked_for(h, &l.child[0], 0), 0);
    images_ask(h, &l.child[0]); /* it answers for itself */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "platform");
    house_free(h);
}

static void the_next_platform_will_do(void **state)
{
    (void)state;
    struct house *h =
        images_house_with(IMAGES_CONFIG_OF(", platforms: [linux/amd64, linux/arm64/v8]"));
    struct list l;
    set_index(h, &l, (const char *const[])TWO, (const char *const[]){"irregular", "a layer", NULL});
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_ask(h, &l.child[0]);
    images_refused(h, CH_VERDICT_HOLD, "part");
    images_ask(h, &l.child[1]);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void held_images_hold_it(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    struct ch_buf out;
    set_index(h, &l, (const char *const[])TWO, (const char *const[]){"irregular", "a layer", NULL});
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "part");
    char text[100];
    snprintf(text, sizeof(text), "its image %.19s for linux/amd64 is held: part: its layer",
             l.child[0].digest);
    says(h, text);
    images_ask(h, &l.child[1]); /* another platform's is no help */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_ask(h, &l.index);
    images_refused(h, CH_VERDICT_HOLD, "part");
    assert_false(house_serves(h, l.manifest));
    ch_buf_init(&out, 1u << 20);
    h->repository = "img";
    house_command(h, false, "approve", l.child[0].layer_digest, "looked at", "7d", &out);
    const struct ch_str option = CH_STR("--evidence ");
    char evidence[200];
    size_t at;
    assert_true(ch_str_find(ch_buf_str(&out), option, &at));
    snprintf(evidence, sizeof(evidence), "%.*s",
             CH_STR_ARG(ch_str_trim(ch_str_sub(ch_buf_str(&out), at + option.len, out.len))));
    h->evidence = evidence;
    ch_buf_clear(&out);
    assert_int_equal(
        house_command(h, false, "approve", l.child[0].layer_digest, "looked at", "7d", &out), 0);
    ch_buf_done(&out);
    images_ask_tag(h, "1.0"); /* judged by what it hangs on now, though nobody asked for that */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void denied_images_deny_it(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    set_index(h, &l, (const char *const[])TWO, (const char *const[]){"an attack", "a layer", NULL});
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_DENY, "part");
    says(h, "for linux/amd64 is denied");
    house_free(h);
}

/* T4: at once, whether or not anybody asks for the image itself again. */
static void it_goes_with_its_last_image(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    char line[200];
    set_index(h, &l, (const char *const[])TWO,
              (const char *const[]){"a layer", "other layer", NULL});
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, l.manifest));
    uint64_t epoch = h->file.epoch;
    snprintf(line, sizeof(line), "deny %s --reason=stolen", l.child[0].layer_digest);
    run(h, line, 0);
    assert_true(atomic_load(&h->epoch.epoch) > epoch);
    house_settle(h);
    assert_false(house_serves(h, l.manifest));
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_DENY, "part");
    house_free(h);
}

/* As a site has it whose indexes are to be signed as they are. */
static void of_all_platforms_each_is_inspected_and_the_index_signed(void **state)
{
    (void)state;
    struct house *h = images_house_with(IMAGES_CONFIG_OF(", platforms: all"));
    struct list l;
    set_index(h, &l, (const char *const[]){"linux/amd64", "linux/arm64", "unknown/unknown"},
              (const char *const[]){"a layer", "other layer", "third layer"});
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_settle(h);
    images_ask_tag(h, "1.0"); /* what came of the others' pages goes on with this */
    house_settle(h);
    for (size_t i = 0; i < CHILDREN; i++) {
        assert_int_equal(asked_for(h, &l.child[i], 2), 1);
    }
    images_ask_part(h, &l.index, CH_PART_SIGNATURE);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void one_that_its_upstream_lost_holds_it(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    char url[256];
    set_index(h, &l, (const char *const[])TWO,
              (const char *const[]){"a layer", "other layer", NULL});
    snprintf(url, sizeof(url), "https://up.example.org/v2/" IMAGES_NAME "/manifests/%s",
             l.child[0].digest);
    house_site(h, url, 404, "text/plain", "");
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "part");
    says(h, "the upstream that lists it does not have it");
    house_free(h);
}

static void a_failure_to_look_one_up_is_told(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    char url[256];
    set_index(h, &l, (const char *const[])TWO,
              (const char *const[]){"a layer", "other layer", NULL});
    snprintf(url, sizeof(url), "https://up.example.org/v2/" IMAGES_NAME "/manifests/%s",
             l.child[0].digest);
    house_site(h, url, 500, "text/plain", "");
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 502);
    house_free(h);
}

static void set_layer_status(struct house *h, const struct images_image *m, uint32_t status)
{
    char url[256];
    snprintf(url, sizeof(url), FILE_URL("%s"), m->file[2]);
    house_site(h, url, status, "text/plain", "");
}

/* Without anything that is fetched before it is waited for. */
#define TWO_IN_TURN                                                                                \
    IMAGES_CONFIG_OF(", platforms: [linux/amd64, linux/arm64/v8]") "prefetch: {parallel: 0}\n"

/* T19: an image of which a layer cannot be had now is no reason to refuse the index. */
static void what_does_not_come_is_not_waited_for(void **state)
{
    (void)state;
    struct house *h = images_house_with(TWO_IN_TURN);
    struct list l;
    set_index(h, &l, (const char *const[])TWO,
              (const char *const[]){"a layer", "other layer", NULL});
    set_layer_status(h, &l.child[0], 500);
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_str_eq(h->file.page, l.index.page);
    images_ask(h, &l.child[0]); /* it answers for itself */
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 502);
    images_ask(h, &l.child[1]);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void where_none_comes_the_first_is_told(void **state)
{
    (void)state;
    struct house *h = images_house_with(TWO_IN_TURN);
    struct list l;
    set_index(h, &l, (const char *const[])TWO,
              (const char *const[]){"a layer", "other layer", NULL});
    set_layer_status(h, &l.child[0], 500);
    set_layer_status(h, &l.child[1], 503);
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 502);
    assert_true(ch_str_find(h->file.text, CH_STR("the upstream answered 500"), NULL));
    assert_int_equal(asked_for(h, &l.child[1], 2), 1);
    house_free(h);
}

/* Nor where what there is besides is held: that may still change. */
static void what_does_not_come_is_told_before_a_hold(void **state)
{
    (void)state;
    struct house *h = images_house_with(TWO_IN_TURN);
    struct list l;
    set_index(h, &l, (const char *const[])TWO, (const char *const[]){"a layer", "irregular", NULL});
    set_layer_status(h, &l.child[0], 500);
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 502);
    house_free(h);
}

/* T4: whatever judges an image otherwise, the index that lists it is judged by it at once; nobody
 * has to ask, and nothing else is looked at. */
static void it_is_judged_again_with_its_image(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    set_index(h, &l, (const char *const[])TWO,
              (const char *const[]){"a layer", "other layer", NULL});
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, l.manifest));
    struct page *child = page_get(h->k, CH_STR("img"), ch_str_of(l.child[0].page));
    assert_non_null(child);
    assert_true(page_load(h->k, child));
    child->facts.files[0].removed_at_us = keeper_now_us(h->k); /* its upstream has it no more */
    again_page(h->k, child);
    assert_false(house_serves(h, l.manifest));
    house_free(h);
}

/* No client takes what says that it is for nothing ("{}" as platform), so it is not what counts. */
static void an_image_for_nothing_does_not_count(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    set_index(h, &l, (const char *const[]){"/", "", NULL},
              (const char *const[]){"a layer", "irregular", NULL});
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "part");
    assert_int_equal(asked_for(h, &l.child[0], 0), 0);
    run(h, "gate " IMAGES_NAME ":1.0 --repository=img --platform=linux/amd64 --wait=20", 1);
    house_free(h);
}

/* An index in it is for whatever its own images are for. */
static void an_index_in_an_index(void **state)
{
    (void)state;
    for (int odd = 0; odd < 2; odd++) {
        struct house *h = images_house();
        struct list l;
        struct images_image outer = {.manifest = NULL};
        char text[200];
        set_index(h, &l, (const char *const[])TWO,
                  (const char *const[]){odd ? "irregular" : "a layer", "other layer", NULL});
        snprintf(text, sizeof(text), "outer index fact:child=%s;", l.index.digest);
        outer.manifest = text;
        images_set(h, &outer, "2.0");
        images_ask_tag(h, "2.0");
        if (odd) {
            images_refused(h, CH_VERDICT_HOLD, "part");
        } else {
            assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
            assert_str_eq(h->file.page, outer.page);
        }
        house_free(h);
    }
}

/* One node takes what asks for features of its system, another passes over it: both are judged. */
static void whichever_a_node_may_take_is_judged(void **state)
{
    (void)state;
    static const struct {
        const char *platform[CHILDREN], *layer[CHILDREN], *wanted;
        uint32_t status;
    } rows[] = {
        {{"linux(+x)/amd64", "linux/amd64", "linux/amd64"},
         {"a layer", "other layer", "irregular"},
         "linux/amd64",
         0},
        {{"linux(+x)/amd64", "linux/amd64", NULL},
         {"a layer", "irregular", NULL},
         "linux/amd64",
         1},
        {{"linux(+x)/amd64", "linux/386", NULL}, {"a layer", "irregular", NULL}, "linux/amd64", 1},
        {{"linux(+x)/amd64", "linux/amd64", NULL},
         {"irregular", "a layer", NULL},
         "linux/amd64",
         1},
        {{"windows(10.0.1)/amd64", "windows(10.0.2)/amd64", NULL},
         {"a layer", "irregular", NULL},
         "windows/amd64",
         1},
        {{"windows(10.0.1)/amd64", "windows(10.0.2)/amd64", NULL},
         {"a layer", "a layer", NULL},
         "windows/amd64",
         0},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h =
            images_house_with(IMAGES_CONFIG_OF(", platforms: [linux/amd64, windows/amd64]"));
        struct list l;
        char line[200];
        set_index(h, &l, rows[i].platform, rows[i].layer);
        snprintf(line, sizeof(line),
                 "gate " IMAGES_NAME ":1.0 --repository=img --platform=%s --wait=20",
                 rows[i].wanted);
        run(h, line, rows[i].status);
        house_free(h);
    }
}

static void the_gate_judges_the_listed_platforms(void **state)
{
    (void)state;
    struct house *h =
        images_house_with(IMAGES_CONFIG_OF(", platforms: [linux/amd64, linux/arm64]"));
    struct list l;
    set_index(h, &l, (const char *const[]){"linux/amd64", "linux/arm64", "linux/s390x"},
              (const char *const[]){"a layer", "irregular", "other layer"});
    h->repository = "img";
    run(h, "gate " IMAGES_NAME ":1.0 --repository=img --wait=20", 1);
    run(h, "gate " IMAGES_NAME ":1.0 --repository=img --platform=linux/amd64 --wait=20", 0);
    assert_int_equal(asked_for(h, &l.child[2], 0), 0);
    run(h, "gate " IMAGES_NAME ":1.0 --repository=img --platform=linux/s390x --wait=20", 0);
    run(h, "gate " IMAGES_NAME ":1.0 --repository=img --platform=linux/amd46/x/y", 2);
    house_free(h);
}

/* The configuration says at any time which count. */
static void a_reload_changes_what_counts(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct list l;
    struct ch_err err;
    set_index(h, &l, (const char *const[])TWO, (const char *const[]){"a layer", "irregular", NULL});
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, l.manifest));
    h->config = IMAGES_CONFIG_OF(", platforms: linux/arm64");
    assert_ch_ok(&err, house_reload(h, ch_policy_default_text(), &err));
    house_settle(h);
    assert_false(house_serves(h, l.manifest)); /* before anybody asks */
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "part");
    says(h, "for linux/arm64 is held");
    house_free(h);
}

/* T23: nor is it signed where none of it counts any more. */
static void a_reload_takes_the_signature(void **state)
{
    (void)state;
    struct house *h =
        images_house_with(IMAGES_CONFIG_OF(", platforms: [linux/amd64, linux/arm64]"));
    struct list l;
    struct ch_err err;
    set_index(h, &l, (const char *const[])TWO,
              (const char *const[]){"a layer", "other layer", NULL});
    images_ask_tag(h, "1.0");
    house_settle(h);
    images_ask_tag(h, "1.0");
    house_settle(h);
    images_ask_part(h, &l.index, CH_PART_SIGNATURE);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    h->config = IMAGES_CONFIG_OF(", platforms: linux/s390x");
    assert_ch_ok(&err, house_reload(h, ch_policy_default_text(), &err));
    house_settle(h);
    assert_false(house_serves(h, l.manifest));
    images_ask_part(h, &l.index, CH_PART_SIGNATURE);
    assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "platform");
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_platform_is_enough),
        cmocka_unit_test(of_no_listed_platform_it_is_held),
        cmocka_unit_test(the_next_platform_will_do),
        cmocka_unit_test(held_images_hold_it),
        cmocka_unit_test(denied_images_deny_it),
        cmocka_unit_test(it_goes_with_its_last_image),
        cmocka_unit_test(of_all_platforms_each_is_inspected_and_the_index_signed),
        cmocka_unit_test(one_that_its_upstream_lost_holds_it),
        cmocka_unit_test(a_failure_to_look_one_up_is_told),
        cmocka_unit_test(what_does_not_come_is_not_waited_for),
        cmocka_unit_test(where_none_comes_the_first_is_told),
        cmocka_unit_test(what_does_not_come_is_told_before_a_hold),
        cmocka_unit_test(it_is_judged_again_with_its_image),
        cmocka_unit_test(an_image_for_nothing_does_not_count),
        cmocka_unit_test(an_index_in_an_index),
        cmocka_unit_test(whichever_a_node_may_take_is_judged),
        cmocka_unit_test(the_gate_judges_the_listed_platforms),
        cmocka_unit_test(a_reload_changes_what_counts),
        cmocka_unit_test(a_reload_takes_the_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
