/* Images: a manifest and its parts are had together or not at all, whatever address is asked for
 * (T19, T24); a tag is a pointer. */
#include "images_house.h"

#include <stdio.h>

#include "customhouse/limits.h"

static struct ch_limits limits; /* as they are */

static void an_image_is_had_whole(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    images_set(h, &m, "1.0");
    images_ask_blob(h, m.layer_digest); /* no manifest has linked it yet */
    assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_str_eq(h->file.page, m.page);
    assert_str_eq(h->file.file_name, m.file[0]);
    assert_str_eq(h->file.media_type, IMAGES_MANIFEST_TYPE);
    assert_int_equal(h->scans[0], 3 + 2); /* all parts, and both pages */
    images_ask(h, &m);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_ask_blob(h, m.layer_digest);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_str_eq(h->file.page, m.page);
    images_ask_blob(h, m.config_digest);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, "a layer"));
    house_restart(h); /* out of the store alone */
    images_ask_blob(h, m.layer_digest);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void a_held_layer_holds_the_image(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "irregular"};
    struct ch_buf out;
    h->repository = "img";
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "part");
    assert_true(ch_str_find(h->file.refusal.reason, CH_STR("finding zip-crc-differs"), NULL));
    images_ask(h, &m);
    images_refused(h, CH_VERDICT_HOLD, "part");
    images_ask_blob(h, m.config_digest);
    images_refused(h, CH_VERDICT_HOLD, "part");
    images_ask_blob(h, m.layer_digest);
    images_refused(h, CH_VERDICT_HOLD, "finding zip-crc-differs");
    assert_false(house_serves(h, "a config"));
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, false, "approve", m.layer_digest, "looked at", "7d", &out),
                     1);
    const struct ch_str option = CH_STR("--evidence ");
    size_t at;
    assert_true(ch_str_find(ch_buf_str(&out), option, &at));
    char evidence[200];
    snprintf(evidence, sizeof(evidence), "%.*s",
             CH_STR_ARG(ch_str_trim(ch_str_sub(ch_buf_str(&out), at + option.len, out.len))));
    h->evidence = evidence;
    ch_buf_clear(&out);
    if (house_command(h, false, "approve", m.layer_digest, "looked at", "7d", &out) != 0) {
        fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
    }
    ch_buf_done(&out);
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_ask_blob(h, m.config_digest);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void a_denied_layer_denies_the_image(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "an attack"};
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_DENY, "part");
    images_ask_blob(h, m.config_digest);
    images_refused(h, CH_VERDICT_DENY, "part");
    images_ask_blob(h, m.layer_digest);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_false(house_serves(h, "a manifest") || house_serves(h, "a config"));
    house_free(h);
}

/* By its digest it is what was decided, however many tags point there. */
static void a_digest_is_what_was_decided(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (int i = 0; i < 16; i++) {
        char tag[8];
        snprintf(tag, sizeof(tag), "1.%d", i);
        images_set(h, &m, tag);
        images_ask_tag(h, tag);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    }
    h->repository = "img";
    if (house_command(h, false, "explain", m.digest, NULL, NULL, &out) != 0 ||
        !ch_str_find(ch_buf_str(&out), CH_STR("1 allowed, 0 eligible"), NULL)) {
        fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
    }
    ch_buf_done(&out);
    house_free(h);
}

/* A person's word on one layer acts on what was served of the image before. */
static void a_denial_of_a_layer_takes_the_image_back(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    struct ch_buf out;
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    images_ask_blob(h, m.config_digest);
    assert_true(house_serves(h, "a config"));
    uint64_t epoch = h->file.epoch;
    ch_buf_init(&out, 1u << 20);
    if (house_command(h, false, "deny", m.layer_digest, "stolen", NULL, &out) != 0) {
        fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
    }
    ch_buf_done(&out);
    assert_true(atomic_load(&h->epoch.epoch) > epoch);
    house_settle(h);
    assert_false(house_serves(h, "a config") || house_serves(h, "a manifest"));
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_DENY, "part");
    images_ask_blob(h, m.config_digest);
    images_refused(h, CH_VERDICT_DENY, "part");
    house_free(h);
}

static void a_moved_tag_is_decided_anew(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image old = {
        .manifest = "old manifest", .config = "a config", .layer = "a layer"};
    struct images_image new = {
        .manifest = "new manifest", .config = "a config", .layer = "irregular"};
    images_set(h, &old, "1.0");
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_set(h, &new, "1.0");
    images_refresh(h, IMAGES_NAME ":1.0");
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "part");
    images_ask(h, &old); /* what was decided stays */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_ask_blob(h, old.config_digest); /* of both: by the one that passes */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_str_eq(h->file.page, old.page);
    house_free(h);
}

/* T24: who knows a digest does not read its bytes through an upstream that never had them. */
static void bytes_of_one_upstream_are_not_another_s(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    struct images_image n = {.manifest = "of others", .config = "a config", .layer = "a layer"};
    char url[256];
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_set_at(h, &n, "1.0", "other.example.org");
    snprintf(url, sizeof(url), FILE_URL("%s"), n.file[2]);
    house_site(h, url, 404, "text/plain", "");
    h->asked = "open";
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_true(ch_str_find(h->file.refusal.reason, CH_STR("finding file-missing"), NULL));
    images_ask_blob(h, n.layer_digest);
    assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
    h->asked = "img"; /* which has them still */
    images_ask_blob(h, m.layer_digest);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* What is known of a manifest's page answers where its client may not have it looked up again: by
 * its tag, by its digest, and by the digest of a part, whether or not there is room to wait for a
 * turn. */
static void what_is_known_answers_beyond_the_budget(void **state)
{
    (void)state;
    for (uint64_t queue = 0; queue < 2; queue++) {
        struct house *h = images_house();
        struct images_image m = {
            .manifest = "a manifest", .config = "a config", .layer = "a layer"};
        images_set(h, &m, "1.0");
        h->address = "192.0.2.1";
        images_ask_tag(h, "1.0");
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        ch_limits.cold_parallel = 0;
        ch_limits.cold_client_queue = queue;
        images_refresh(h, m.page);
        images_ask_tag(h, "1.0");
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        images_ask(h, &m);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        images_ask_blob(h, m.layer_digest);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        house_free(h);
        ch_limits = limits;
    }
}

/* Of a manifest's page that another client has fetched just now it is only said that it comes. */
static void a_page_that_another_client_fetches_is_awaited(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    images_set(h, &m, "1.0");
    h->hold = HOLD_ALL;
    h->any_page = false;
    h->address = "192.0.2.1";
    house_send_file_ask(h, IMAGES_NAME ":1.0", "manifest", CH_PART_FILE, 60000, false);
    house_settle(h);
    house_let_go(h, house_held(h, "/manifests/1.0"));
    house_settle(h);
    assert_true(house_held(h, "/manifests/sha256:") >= 0);
    ch_limits.cold_parallel = 0;
    images_refresh(h, IMAGES_NAME ":1.0");
    h->address = "192.0.2.2"; /* has no budget for the tag, which is known */
    house_ask_part(h, IMAGES_NAME ":1.0", "manifest", CH_PART_FILE, 100);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    house_free(h);
    ch_limits = limits;
}

/* People name images as their clients do. */
static void commands_take_images_by_tag_and_digest(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "irregular"};
    struct ch_buf out;
    char line[300];
    h->repository = "img";
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "part");
    ch_buf_init(&out, 1u << 20);
    const char *const words[] = {IMAGES_NAME ":1.0", m.page, "oci:" IMAGES_NAME ":1.0",
                                 "http://127.0.0.1:8080/v2/img/" IMAGES_NAME "/manifests/1.0"};
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        ch_buf_clear(&out);
        if (house_command(h, false, "explain", words[i], NULL, NULL, &out) != 0) {
            fail_msg("%s: %.*s", words[i], CH_STR_ARG(ch_buf_str(&out)));
        }
        assert_true(ch_str_find(ch_buf_str(&out), ch_str_of(m.file[2]), NULL));
        assert_true(ch_str_find(ch_buf_str(&out), CH_STR("zip-crc-differs"), NULL));
    }
    ch_buf_clear(&out);
    assert_int_equal(house_command(h, false, "explain", IMAGES_NAME ":2.0", NULL, NULL, &out), 1);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("nobody has asked for this tag"), NULL));
    ch_buf_clear(&out);
    assert_int_equal(
        house_command(h, false, "approve", IMAGES_NAME ":1.0", "looked at", "7d", &out), 1);
    const struct ch_str option = CH_STR("--evidence ");
    size_t at;
    assert_true(ch_str_find(ch_buf_str(&out), option, &at));
    struct ch_str rest = ch_str_sub(ch_buf_str(&out), at + option.len, out.len), evidence;
    assert_true(ch_str_split(&rest, '\n', &evidence));
    snprintf(line, sizeof(line), "%.*s", CH_STR_ARG(ch_str_trim(evidence)));
    h->evidence = line;
    ch_buf_clear(&out);
    if (house_command(h, false, "approve", IMAGES_NAME ":1.0", "looked at", "7d", &out) != 0) {
        fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
    }
    ch_buf_done(&out);
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* T24: a blob is had through the name that links it. */
static void another_name_has_no_part_in_it(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    images_set(h, &m, "1.0");
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    h->any_page = true;
    house_ask_file(h, "team/other", m.layer_digest);
    assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
    house_ask_file(h, IMAGES_NAME, "manifest");
    assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_had_whole),
        cmocka_unit_test(a_held_layer_holds_the_image),
        cmocka_unit_test(a_denied_layer_denies_the_image),
        cmocka_unit_test(a_digest_is_what_was_decided),
        cmocka_unit_test(a_denial_of_a_layer_takes_the_image_back),
        cmocka_unit_test(a_moved_tag_is_decided_anew),
        cmocka_unit_test(another_name_has_no_part_in_it),
        cmocka_unit_test(bytes_of_one_upstream_are_not_another_s),
        cmocka_unit_test(commands_take_images_by_tag_and_digest),
        cmocka_unit_test(what_is_known_answers_beyond_the_budget),
        cmocka_unit_test(a_page_that_another_client_fetches_is_awaited),
    };
    limits = ch_limits;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
