/* The parts of an image answer as its manifest does, whether or not anybody ever fetched them. */
#include "images_house.h"

#include <stdio.h>

static void let_go(struct house *h, const char *in_url)
{
    int held = house_held(h, in_url);
    assert_true(held >= 0);
    house_let_go(h, held);
    house_settle(h);
}

/* Somebody asks for the tag, and both pages are there: all parts are on their way, and none has
 * come. */
static uint64_t begin(struct house *h, const char *tag)
{
    char page[100], url[200];
    h->hold = HOLD_ALL;
    h->any_page = false;
    snprintf(page, sizeof(page), IMAGES_NAME ":%s", tag);
    snprintf(url, sizeof(url), "/manifests/%s", tag);
    house_send_file_ask(h, page, "manifest", CH_PART_FILE, 60000, false);
    house_settle(h);
    let_go(h, url);
    let_go(h, "/manifests/sha256:");
    return h->asks;
}

static void ask_how(struct house *h, const char *page, const char *file, bool any_page, bool head)
{
    h->any_page = any_page;
    house_send_file_ask(h, page, file, CH_PART_FILE, 100, head);
    house_until(h, &h->file_here);
}

/* By every address and method that there is, of what has come and what has not. */
static void assert_all_refused(struct house *h, const struct images_image *m, const char *tag,
                               enum ch_verdict verdict, const char *rule_of_layer)
{
    char page[100];
    snprintf(page, sizeof(page), IMAGES_NAME ":%s", tag);
    for (int head = 0; head < 2; head++) {
        ask_how(h, page, "manifest", false, head);
        images_refused(h, verdict, "part");
        ask_how(h, m->page, m->digest, false, head);
        images_refused(h, verdict, "part");
        ask_how(h, IMAGES_NAME, m->digest, true, head);
        images_refused(h, verdict, "part");
        ask_how(h, IMAGES_NAME, m->config_digest, true, head);
        images_refused(h, verdict, "part");
        ask_how(h, IMAGES_NAME, m->layer_digest, true, head);
        images_refused(h, verdict, rule_of_layer);
    }
}

/* One layer came, and refuses the image: the others are never fetched, or come later. */
static void what_never_came_is_refused_as_its_manifest(void **state)
{
    (void)state;
    static const struct {
        const char *layer;
        enum ch_verdict verdict;
        const char *rule;
    } rows[] = {{"an attack", CH_VERDICT_DENY, "finding direct-reference"},
                {"irregular", CH_VERDICT_HOLD, "finding zip-crc-differs"}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = images_house();
        struct images_image m = {
            .manifest = "a manifest", .config = "a config", .layer = rows[i].layer};
        images_set(h, &m, "1.0");
        uint64_t ask = begin(h, "1.0");
        assert_int_equal(house_told(h, ask), -1);
        let_go(h, m.file[2]);
        assert_int_equal(house_told(h, ask), CH_FILE_REFUSED);
        assert_true(house_held(h, m.file[1]) >= 0); /* the others are still on their way */
        assert_all_refused(h, &m, "1.0", rows[i].verdict, rows[i].rule);
        h->mute_scans = true;
        let_go(h, m.file[1]); /* it is being inspected */
        assert_all_refused(h, &m, "1.0", rows[i].verdict, rows[i].rule);
        h->mute_scans = false;
        house_restart(h); /* the manifest never came */
        assert_all_refused(h, &m, "1.0", rows[i].verdict, rows[i].rule);
        h->hold = HOLD_NONE;
        house_settle(h);
        assert_all_refused(h, &m, "1.0", rows[i].verdict, rows[i].rule);
        assert_false(house_serves(h, m.config) || house_serves(h, m.manifest));
        house_free(h);
    }
}

static void explain(struct house *h, const char *kind, const char *digest, uint32_t status,
                    const char *says)
{
    struct ch_buf out;
    char word[200];
    snprintf(word, sizeof(word), "http://127.0.0.1:8080/v2/img/" IMAGES_NAME "/%s/%s", kind,
             digest);
    ch_buf_init(&out, 1u << 20);
    uint32_t ended = house_command(h, false, "explain", word, NULL, NULL, &out);
    if (ended != status || !ch_str_find(ch_buf_str(&out), ch_str_of(says), NULL)) {
        fail_msg("%s: %u: %.*s", word, ended, CH_STR_ARG(ch_buf_str(&out)));
    }
    ch_buf_done(&out);
}

/* By the address that a client was refused. */
static void what_never_came_is_explained(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "an attack"};
    images_set(h, &m, "1.0");
    explain(h, "blobs", m.config_digest, 1,
            "no manifest of " IMAGES_NAME " that somebody asked for has it");
    begin(h, "1.0");
    let_go(h, m.file[2]);
    explain(h, "blobs", m.config_digest, 0, "part");
    explain(h, "blobs", m.layer_digest, 0, "direct-reference");
    explain(h, "manifests", m.digest, 0, m.file[1]);
    explain(h, "manifests", "1.0", 0, m.file[1]);
    house_free(h);
}

/* Who knows the digest of a part need not have waited for its manifest. */
static void what_is_asked_for_first_waits_for_its_whole(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    images_set(h, &m, "1.0");
    begin(h, "1.0");
    house_restart(h); /* all of which was lost but the page */
    h->mute_fetches = true;
    ask_how(h, IMAGES_NAME, m.layer_digest, true, false);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    ask_how(h, IMAGES_NAME, m.layer_digest, true, true);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    assert_false(house_serves(h, m.layer));
    house_free(h);
}

/* A layer that another image has is had through that one, as long as it may be. */
static void a_part_of_two_is_had_through_the_one_that_passes(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image good = {.manifest = "a manifest", .config = "a config", .layer = "a layer"};
    struct images_image bad = {
        .manifest = "bad manifest", .config = "irregular", .layer = "a layer"};
    images_set(h, &good, "1.0");
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_set(h, &bad, "2.0");
    begin(h, "2.0");
    let_go(h, bad.file[1]);
    ask_how(h, IMAGES_NAME, bad.layer_digest, true, false);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_str_eq(h->file.page, good.page);
    ask_how(h, IMAGES_NAME, bad.digest, true, false);
    images_refused(h, CH_VERDICT_HOLD, "part");
    h->asked = "open"; /* whose upstream has the bad one alone */
    images_set_at(h, &bad, "2.0", "other.example.org");
    begin(h, "2.0");
    ask_how(h, IMAGES_NAME, bad.layer_digest, true, false);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    let_go(h, bad.file[1]);
    ask_how(h, IMAGES_NAME, bad.layer_digest, true, false);
    images_refused(h, CH_VERDICT_HOLD, "part");
    ask_how(h, IMAGES_NAME, bad.config_digest, true, false);
    images_refused(h, CH_VERDICT_HOLD, "finding zip-crc-differs");
    house_free(h);
}

/* A tag moves: what its new manifest has is not known before its page is, and the old one stays. */
static void what_a_tag_moves_to_is_unknown_until_its_page_is_there(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image old = {
        .manifest = "old manifest", .config = "a config", .layer = "a layer"};
    struct images_image new = {
        .manifest = "new manifest", .config = "new config", .layer = "an attack"};
    images_set(h, &old, "1.0");
    images_ask_tag(h, "1.0");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    images_set(h, &new, "1.0");
    images_refresh(h, IMAGES_NAME ":1.0");
    h->hold = HOLD_ALL;
    h->any_page = false;
    house_send_file_ask(h, IMAGES_NAME ":1.0", "manifest", CH_PART_FILE, 60000, false);
    house_settle(h);
    let_go(h, "/manifests/1.0");
    assert_true(house_held(h, new.digest) >= 0);
    ask_how(h, IMAGES_NAME, new.config_digest, true, false);
    assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
    ask_how(h, IMAGES_NAME, old.config_digest, true, false);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    let_go(h, new.digest);
    ask_how(h, IMAGES_NAME, new.config_digest, true, false);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    let_go(h, new.file[2]);
    assert_all_refused(h, &new, "1.0", CH_VERDICT_DENY, "finding direct-reference");
    ask_how(h, IMAGES_NAME, old.config_digest, true, false);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* A part that nothing here can look at is one all the same: the manifest is not had without it. */
static void what_nothing_inspects_refuses_its_whole(void **state)
{
    (void)state;
    struct house *h = images_house();
    struct images_image m = {.manifest = "a manifest",
                             .config = "a config",
                             .layer = "something",
                             .layer_ending = ".signature.json"};
    images_set(h, &m, "1.0");
    images_ask(h, &m);
    images_refused(h, CH_VERDICT_HOLD, "part");
    images_ask_blob(h, m.config_digest);
    images_refused(h, CH_VERDICT_HOLD, "part");
    images_ask_blob(h, m.layer_digest);
    assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
    assert_false(house_serves(h, m.manifest) || house_serves(h, m.config));
    house_free(h);
}

/* Of an unknown media type: by its bytes. */
static void a_part_of_any_type_is_inspected(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        enum ch_verdict verdict;
        const char *rule;
    } rows[] = {{"an attack", CH_VERDICT_DENY, "finding direct-reference"},
                {"irregular", CH_VERDICT_HOLD, "finding zip-crc-differs"}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = images_house();
        struct images_image m = {.manifest = "a manifest",
                                 .config = "a config",
                                 .layer = rows[i].bytes,
                                 .layer_ending = ".blob"};
        images_set(h, &m, "1.0");
        images_ask_tag(h, "1.0");
        images_refused(h, rows[i].verdict, "part");
        assert_all_refused(h, &m, "1.0", rows[i].verdict, rows[i].rule);
        house_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_never_came_is_refused_as_its_manifest),
        cmocka_unit_test(what_never_came_is_explained),
        cmocka_unit_test(what_is_asked_for_first_waits_for_its_whole),
        cmocka_unit_test(a_part_of_two_is_had_through_the_one_that_passes),
        cmocka_unit_test(what_a_tag_moves_to_is_unknown_until_its_page_is_there),
        cmocka_unit_test(what_nothing_inspects_refuses_its_whole),
        cmocka_unit_test(a_part_of_any_type_is_inspected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
