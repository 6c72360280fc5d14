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
        struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = layers[i]};
        struct images_image n = {.manifest = "of another", .config = "its config", .layer = layers[i]};
        bool attack = i == 0;
        house_rules(h, "one");
        images_set(h, &m, "1.0");
        images_ask_tag(h, "1.0");
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        images_ask_blob(h, m.config_digest);
        assert_true(house_serves(h, m.config) && house_serves(h, m.manifest));
        h->mute_scans = true; /* what is inspected again for itself has no end */
        house_rules(h, "two");
        house_settle(h);
        images_ask_tag(h, "1.0");
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW); /* for its grace */
        uint64_t epoch = h->file.epoch;
        h->mute_scans = false;
        images_set(h, &n, "2.0");
        images_ask_tag(h, "2.0");
        images_refused(h, attack ? CH_VERDICT_DENY : CH_VERDICT_HOLD, "part");
        h->mute_scans = true;
        assert_true(!attack || atomic_load(&h->epoch.epoch) > epoch);
        assert_int_equal(house_serves(h, m.config), !attack);
        /* at a start it is inspected again itself, and has all that was found since */
        for (int restarted = 0; restarted < (attack ? 2 : 1); restarted++) {
            const char *const asked[] = {m.digest, m.config_digest, m.layer_digest};
            for (size_t j = 0; j < CH_ARRAY_LEN(asked); j++) {
                images_ask_blob(h, asked[j]);
                assert_int_equal(h->file.outcome, attack ? CH_FILE_REFUSED : CH_FILE_ALLOW);
            }
            images_ask_tag(h, "1.0");
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
    images_ask_tag(h, tag);
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
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    struct images_image n = {.manifest = "of another", .config = "its config", .layer = "a layer"};
    images_set(h, &m, "1.0");
    images_set(h, &n, "2.0");
    ask_allowed(h, "1.0");
    assert_int_equal(h->scans[0], PAGES + 3);
    house_restart(h);
    set_rules(h, "one");
    ask_allowed(h, "2.0");
    assert_int_equal(h->scans[0], 2 * (PAGES + 2) + 1);
    assert_int_equal(h->scans[1], 2 * 2 + 1);
    images_ask_blob(h, n.layer_digest);
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
        struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = layers[i]};
        struct images_image n = {.manifest = "of another", .config = "its config", .layer = layers[i]};
        images_set(h, &m, "1.0");
        images_set(h, &n, "2.0");
        h->any_page = false;
        house_send_file_ask(h, IMAGES_NAME ":1.0", "manifest", CH_PART_FILE, 8000, false);
        house_send_file_ask(h, IMAGES_NAME ":2.0", "manifest", CH_PART_FILE, 8000, false);
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
    struct images_image m = {
        .manifest = "a manifest", .config = "a config", .layer = "irregular fact:licence=MIT;"};
    struct images_image n = {.manifest = "of another", .config = "its config", .layer = m.layer};
    images_set(h, &m, "1.0");
    images_set(h, &n, "2.0");
    images_ask_tag(h, "1.0");
    images_refused(h, CH_VERDICT_HOLD, "part");
    house_settle(h);
    size_t before = h->scans[0];
    images_ask_tag(h, "2.0");
    images_refused(h, CH_VERDICT_HOLD, "part");
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
        struct images_image liar = {
            .manifest = "a liar", .config = "a config", .layer = "a layer", .layer_size = 99};
        struct images_image m = {.manifest = "a manifest", .config = "its config", .layer = "a layer"};
        images_set(h, &liar, "0");
        images_set(h, &m, "1.0");
        const char *const order[] = {false_first ? "0" : "1.0", false_first ? "1.0" : "0"};
        for (size_t i = 0; i < 2; i++) {
            images_ask_tag(h, order[i]);
            if (strcmp(order[i], "0") == 0) {
                images_refused(h, CH_VERDICT_HOLD, "part");
                assert_true(ch_str_find(h->file.refusal.reason, CH_STR("size-mismatch"), NULL));
            } else {
                assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
            }
        }
        house_settle(h);
        images_ask_tag(h, "0");
        images_refused(h, CH_VERDICT_HOLD, "part");
        house_free(h);
    }
}

/* Who has it inspected again has it read. */
static void by_hand_it_is_read_again(void **state)
{
    (void)state;
    struct house *h = house_with_rules();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    struct images_image n = {.manifest = "of another", .config = "its config", .layer = "a layer"};
    struct ch_buf out;
    images_set(h, &m, "1.0");
    images_set(h, &n, "2.0");
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
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    struct images_image n = {.manifest = "of another", .config = "its config", .layer = "a layer"};
    images_set(h, &m, "1.0");
    images_set(h, &n, "2.0");
    ask_allowed(h, "1.0");
    h->kill_scans = 3; /* of the first that is begun */
    set_rules(h, "two");
    house_settle(h);
    ask_allowed(h, "2.0");
    house_free(h);
}

/* An image whose layer unpacks to this, of which its configuration says that. */
struct stated {
    struct images_image image;
    char manifest[300], config[200], layer[200];
};

static void set_stated(struct house *h, struct stated *s, const char *tag, const char *unpacked,
                       const char *stated)
{
    char hex[CH_SHA256_HEX + 1];
    snprintf(s->layer, sizeof(s->layer), "a layer fact:diff-id=sha256:%s;", unpacked);
    snprintf(s->config, sizeof(s->config), "a config of %s%s%s", tag,
             stated[0] != '\0' ? " fact:diff-id=sha256:" : "", stated);
    snprintf(s->config + strlen(s->config), sizeof(s->config) - strlen(s->config), ";");
    snprintf(s->manifest, sizeof(s->manifest), "a manifest of %s fact:layer=sha256:%s;", tag,
             house_hex(s->layer, hex));
    s->image = (struct images_image){.manifest = s->manifest, .config = s->config, .layer = s->layer};
    images_set(h, &s->image, tag);
}

/* What a configuration says falsely of a layer is held, in this image alone. */
static void a_layer_unpacks_to_what_its_configuration_says(void **state)
{
    (void)state;
    struct house *h = house_with_rules();
    struct stated good, bad, none;
    struct ch_buf out;
    set_stated(h, &bad, "bad", "aa", "bb");
    set_stated(h, &good, "good", "aa", "aa");
    set_stated(h, &none, "none", "aa", "");
    for (int restarted = 0; restarted < 2; restarted++) {
        images_ask_tag(h, "bad");
        images_refused(h, CH_VERDICT_HOLD, "part");
        assert_true(ch_str_find(h->file.refusal.reason, CH_STR("finding oci-diff-id"), NULL));
        assert_true(ch_str_find(h->file.refusal.reason, CH_STR("layer sha256:"), NULL));
        ask_allowed(h, "good");
        images_ask_blob(h, good.image.layer_digest); /* through the one that passes */
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_str_eq(h->file.page, good.image.page);
        images_ask_tag(h, "none");
        images_refused(h, CH_VERDICT_HOLD, "part");
        images_ask_blob(h, none.image.config_digest);
        images_refused(h, CH_VERDICT_HOLD, "finding oci-diff-id");
        house_restart(h);
        set_rules(h, "one");
    }
    ch_buf_init(&out, 1u << 20);
    h->repository = "img";
    assert_int_equal(house_command(h, false, "explain", bad.image.page, NULL, NULL, &out), 0);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("layer 1 is sha256:bb there"), NULL));
    ch_buf_done(&out);
    house_free(h);
}

/* Whichever of its parts comes last. */
static void what_is_compared_may_come_in_any_order(void **state)
{
    (void)state;
    for (size_t last = 0; last < 3; last++) {
        struct house *h = house_with_rules();
        struct stated bad;
        set_stated(h, &bad, "bad", "aa", "bb");
        h->hold = HOLD_FILES;
        h->any_page = false;
        house_send_file_ask(h, IMAGES_NAME ":bad", "manifest", CH_PART_FILE, 8000, false);
        house_settle(h);
        for (size_t i = 1; i <= 3; i++) {
            assert_int_equal(house_told(h, h->asks), -1);
            house_let_go(h, house_held(h, bad.image.file[(last + i) % 3]));
            house_settle(h);
        }
        assert_int_equal(house_told(h, h->asks), CH_FILE_REFUSED);
        assert_true(ch_str_find(h->file.refusal.reason, CH_STR("finding oci-diff-id"), NULL));
        assert_false(house_serves(h, bad.manifest) || house_serves(h, bad.layer));
        house_free(h);
    }
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
        cmocka_unit_test(a_layer_unpacks_to_what_its_configuration_says),
        cmocka_unit_test(what_is_compared_may_come_in_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
