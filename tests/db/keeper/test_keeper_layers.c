/* T6: what is found in a layer that several images have. */
#include "images_house.h"

#include <stdio.h>

/* T6: what is found in a layer on the page of one image holds the others that have it, before any
 * of them is inspected anew; and what is merely found otherwise there does not. */
static void an_attack_in_a_shared_layer_denies_all_images(void **state)
{
    (void)state;
    static const char *const layers[] = {"a layer attack-under:two;",
                                         "a layer irregular-under:two;"};
    for (size_t i = 0; i < CH_ARRAY_LEN(layers); i++) {
        struct house *h = house_new_with(NULL, IMAGES_CONFIG "processes: {scan_parallel: 2}\n");
        h->asked = "img";
        struct image m = {.manifest = "a manifest", .config = "a config", .layer = layers[i]};
        struct image n = {.manifest = "of another", .config = "its config", .layer = layers[i]};
        bool attack = i == 0;
        house_rules(h, "one");
        set_image(h, &m, "1.0");
        ask_tag(h, "1.0");
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        ask_blob(h, m.config_digest);
        assert_true(house_serves(h, m.config) && house_serves(h, m.manifest));
        h->mute_scans = true; /* what is inspected again for itself has no end */
        house_rules(h, "two");
        house_settle(h);
        ask_tag(h, "1.0");
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW); /* for its grace */
        uint64_t epoch = h->file.epoch;
        h->mute_scans = false;
        set_image(h, &n, "2.0");
        ask_tag(h, "2.0");
        assert_refused(h, attack ? CH_VERDICT_DENY : CH_VERDICT_HOLD, "part");
        h->mute_scans = true;
        assert_true(!attack || atomic_load(&h->epoch.epoch) > epoch);
        assert_int_equal(house_serves(h, m.config), !attack);
        /* at a start it is inspected again itself, and has all that was found since */
        for (int restarted = 0; restarted < (attack ? 2 : 1); restarted++) {
            const char *const asked[] = {m.digest, m.config_digest, m.layer_digest};
            for (size_t j = 0; j < CH_ARRAY_LEN(asked); j++) {
                ask_blob(h, asked[j]);
                assert_int_equal(h->file.outcome, attack ? CH_FILE_REFUSED : CH_FILE_ALLOW);
            }
            ask_tag(h, "1.0");
            assert_int_equal(h->file.outcome, attack ? CH_FILE_REFUSED : CH_FILE_ALLOW);
            house_restart(h);
        }
        house_free(h);
    }
}

static void set_rules(struct house *h, const char *rules)
{
    house_rules(h, rules);
    house_settle(h);
}

static void ask_allowed(struct house *h, const char *tag)
{
    ask_tag(h, tag);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
}

static struct house *house_with_rules(void)
{
    struct house *h = house_new_with(NULL, IMAGES_CONFIG "processes: {scan_parallel: 4}\n");
    h->asked = "img";
    set_rules(h, "one");
    return h;
}

#define PAGES                                                                                      \
    2 /* of a tag and of its digest: read anew for each image, as are manifest and configuration   \
       */

/* Of one layer there is one inspection, until the rules are others. */
static void a_shared_layer_is_read_once(void **state)
{
    (void)state;
    struct house *h = house_with_rules();
    struct image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    struct image n = {.manifest = "of another", .config = "its config", .layer = "a layer"};
    set_image(h, &m, "1.0");
    set_image(h, &n, "2.0");
    ask_allowed(h, "1.0");
    assert_int_equal(h->scans[0], PAGES + 3);
    house_restart(h);
    set_rules(h, "one");
    ask_allowed(h, "2.0");
    assert_int_equal(h->scans[0], 2 * (PAGES + 2) + 1);
    assert_int_equal(h->scans[1], 2 * 2 + 1);
    ask_blob(h, n.layer_digest);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    size_t before = h->scans[0];
    set_rules(h, "two"); /* all of it is inspected again */
    assert_int_equal(h->scans[0] - before, 2 * 2 + 1);
    ask_allowed(h, "1.0");
    ask_allowed(h, "2.0");
    assert_int_equal(h->scans[0] - before, 2 * 2 + 1);
    house_free(h);
}

/* Who asks for both at once waits for the one inspection, whatever comes of it. */
static void two_images_wait_for_one_inspection(void **state)
{
    (void)state;
    static const char *const layers[] = {"a layer", "irregular", "crash"};
    for (size_t i = 0; i < CH_ARRAY_LEN(layers); i++) {
        struct house *h = house_with_rules();
        struct image m = {.manifest = "a manifest", .config = "a config", .layer = layers[i]};
        struct image n = {.manifest = "of another", .config = "its config", .layer = layers[i]};
        set_image(h, &m, "1.0");
        set_image(h, &n, "2.0");
        h->any_page = false;
        house_send_file_ask(h, NAME ":1.0", "manifest", CH_PART_FILE, 8000, false);
        house_send_file_ask(h, NAME ":2.0", "manifest", CH_PART_FILE, 8000, false);
        until_told(h, h->asks - 1);
        until_told(h, h->asks);
        int expected = i == 0 ? CH_FILE_ALLOW : CH_FILE_REFUSED;
        assert_int_equal(house_told(h, h->asks - 1), expected);
        assert_int_equal(house_told(h, h->asks), expected);
        house_settle(h);
        bool failed = i == 2; /* says nothing about another time */
        assert_int_equal(h->scans[0], 2 * (PAGES + 2) + (failed ? 2 : 1));
        house_free(h);
    }
}

/* What holds a layer holds it in each image that takes the result. */
static void what_was_found_is_taken_with_it(void **state)
{
    (void)state;
    struct house *h = house_with_rules();
    struct image m = {
        .manifest = "a manifest", .config = "a config", .layer = "irregular fact:licence=MIT;"};
    struct image n = {.manifest = "of another", .config = "its config", .layer = m.layer};
    set_image(h, &m, "1.0");
    set_image(h, &n, "2.0");
    ask_tag(h, "1.0");
    assert_refused(h, CH_VERDICT_HOLD, "part");
    house_settle(h);
    size_t before = h->scans[0];
    ask_tag(h, "2.0");
    assert_refused(h, CH_VERDICT_HOLD, "part");
    assert_true(ch_str_find(h->file.refusal.reason, CH_STR("zip-crc-differs"), NULL));
    house_settle(h);
    assert_int_equal(h->scans[0], before + PAGES + 2);
    struct ch_buf out;
    h->repository = "img";
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, true, "explain", n.page, NULL, NULL, &out), 0);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("zip-crc-differs"), NULL));
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("MIT"), NULL));
    ch_buf_done(&out);
    house_free(h);
}

/* What a manifest says falsely of a layer is its own fault: no other image is held for it, and none
 * that says it passes by what others said rightly. */
static void a_false_size_stays_with_its_manifest(void **state)
{
    (void)state;
    for (int false_first = 0; false_first < 2; false_first++) {
        struct house *h = house_with_rules();
        struct image liar = {
            .manifest = "a liar", .config = "a config", .layer = "a layer", .layer_size = 99};
        struct image m = {.manifest = "a manifest", .config = "its config", .layer = "a layer"};
        set_image(h, &liar, "0");
        set_image(h, &m, "1.0");
        const char *const order[] = {false_first ? "0" : "1.0", false_first ? "1.0" : "0"};
        for (size_t i = 0; i < 2; i++) {
            ask_tag(h, order[i]);
            if (strcmp(order[i], "0") == 0) {
                assert_refused(h, CH_VERDICT_HOLD, "part");
                assert_true(ch_str_find(h->file.refusal.reason, CH_STR("size-mismatch"), NULL));
            } else {
                assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
            }
        }
        house_settle(h);
        ask_tag(h, "0");
        assert_refused(h, CH_VERDICT_HOLD, "part");
        house_free(h);
    }
}

/* Who has it inspected again has it read. */
static void by_hand_it_is_read_again(void **state)
{
    (void)state;
    struct house *h = house_with_rules();
    struct image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    struct image n = {.manifest = "of another", .config = "its config", .layer = "a layer"};
    struct ch_buf out;
    set_image(h, &m, "1.0");
    set_image(h, &n, "2.0");
    ask_allowed(h, "1.0");
    ask_allowed(h, "2.0");
    size_t before = h->scans[0];
    ch_buf_init(&out, 1u << 20);
    h->repository = "img";
    assert_int_equal(house_command(h, false, "rescan", n.page, NULL, NULL, &out), 0);
    house_settle(h);
    assert_int_equal(h->scans[0], before + 3);
    ch_buf_done(&out);
    house_free(h);
}

/* The one whose inspection is awaited is ended from outside: another is read in its place. */
static void what_is_interrupted_keeps_nobody_waiting(void **state)
{
    (void)state;
    struct house *h = house_with_rules();
    struct image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    struct image n = {.manifest = "of another", .config = "its config", .layer = "a layer"};
    set_image(h, &m, "1.0");
    set_image(h, &n, "2.0");
    ask_allowed(h, "1.0");
    h->kill_scans = 3; /* of the first that is begun */
    set_rules(h, "two");
    house_settle(h);
    ask_allowed(h, "2.0");
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_attack_in_a_shared_layer_denies_all_images),
        cmocka_unit_test(a_shared_layer_is_read_once),
        cmocka_unit_test(two_images_wait_for_one_inspection),
        cmocka_unit_test(what_was_found_is_taken_with_it),
        cmocka_unit_test(a_false_size_stays_with_its_manifest),
        cmocka_unit_test(by_hand_it_is_read_again),
        cmocka_unit_test(what_is_interrupted_keeps_nobody_waiting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
