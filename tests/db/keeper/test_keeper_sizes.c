/* Files that are too large for what is fetched, or for what there is room for. */
#include "house.h"

#include "db/keeper/intake/faults.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/pages/page.h"

#include <stdio.h>

#define OLD      "pkg-1.0-py3-none-any.whl"
#define NEW      "pkg-2.0-py3-none-any.whl"
#define UNSTATED "pkg-3.0-py3-none-any.whl"
#define YANKED   "pkg-4.0-py3-none-any.whl"

/* A resolver takes the older version that fits; a pin is told why, and nothing is fetched for it.
 */
static void what_is_larger_than_is_fetched_is_held(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->k->child.config->artifact_max_bytes = 10;
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
               OLD " - 10 30\n" NEW " - 11 30\n" UNSTATED " - - 30\n" YANKED " - 11 30 yanked\n");
    house_site(h, FILE_URL(OLD), 200, "application/zip", "old  bytes");
    struct site *large = house_site(h, FILE_URL(NEW), 200, "application/zip", "large bytes");
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, OLD)->listing, CH_LIST_PLAIN);
    assert_int_equal(house_listed(h, UNSTATED)->listing, CH_LIST_PLAIN);
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_YANKED);
    assert_str_eq(
        house_listed(h, NEW)->yanked_reason,
        "held by policy: it has 11 bytes, and the largest file that is fetched here has 10 "
        "(store.artifact_max_bytes)");
    for (enum ch_part part = CH_PART_FILE; part <= CH_PART_METADATA; part++) {
        house_ask_part(h, "pkg", NEW, part, 8000);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        assert_str_eq(h->file.refusal.rule, "size-limit");
    }
    assert_int_equal(house_command(h, false, "explain", NEW, NULL, NULL, &out), 0);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("hold (size-limit): it has 11 bytes"), NULL));
    assert_true(ch_str_find(
        ch_buf_str(&out),
        CH_STR("what would change it: store.artifact_max_bytes (now 10) of at least 11 bytes in "
               "customhouse.yaml; no approval can"),
        NULL));
    assert_int_equal(house_command(h, false, "approve", NEW, "needed", "7d", &out), 1);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("store.artifact_max_bytes"), NULL));
    /* also where something else holds it first */
    assert_int_equal(house_command(h, false, "approve", YANKED, "needed", "7d", &out), 1);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("store.artifact_max_bytes"), NULL));
    assert_int_equal(large->asked, 0);
    house_ask_file(h, "pkg", OLD);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_buf_done(&out);
    house_free(h);
}

static void configure(struct house *h, uint64_t artifact, uint64_t undecided, uint64_t served)
{
    h->k->child.config->artifact_max_bytes = artifact;
    h->k->child.config->undecided_max_bytes = undecided;
    h->k->child.config->served_max_bytes = served;
    h->k->rules++; /* as a reload does */
    intakes_configured(h->k);
}

/* What a quota can never hold would be chosen and never come, too. */
static void what_no_quota_can_hold_is_held(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - 10 30\n" NEW " - 11 30\n");
    struct site *large = house_site(h, FILE_URL(NEW), 200, "application/zip", "large bytes");
    configure(h, 100, 10, 100);
    house_ask_page(h, "pkg");
    assert_str_eq(
        house_listed(h, NEW)->yanked_reason,
        "held by policy: it has 11 bytes, and the largest file that is fetched here has 10 "
        "(store.undecided_max_bytes)");
    configure(h, 10, 9, 8);
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_PLAIN); /* nor has the other one room */
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(
        h->file.refusal.reason,
        "it has 11 bytes, and the largest file that is fetched here has 8 (store.max_bytes)");
    house_command(h, false, "explain", NEW, NULL, NULL, &out);
    assert_true(ch_str_find(
        ch_buf_str(&out),
        CH_STR("what would change it: store.artifact_max_bytes (now 10) and "
               "store.undecided_max_bytes (now 9) and store.max_bytes (now 8) of at least 11 bytes "
               "in customhouse.yaml; no approval can"),
        NULL));
    assert_int_equal(large->asked, 0);
    configure(h, 11, 11, 11);
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_PLAIN);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    configure(h, 11, 11, 10); /* lowered while it is served */
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    ch_buf_done(&out);
    house_free(h);
}

/* The index does not say how large it is: the first who asks finds out, and is told why. From then
 * on it is known, also after a restart, until the limit is another one. */
static void what_a_fetch_finds_too_large_is_held_from_then_on(void **state)
{
    (void)state;
    for (int at_least = 0; at_least < 2; at_least++) {
        struct house *h = house_new();
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - 30\n" NEW " - - 30\n");
        house_site(h, FILE_URL(OLD), 200, "application/zip", "old  bytes");
        struct site *large = house_site(h, FILE_URL(NEW), 200, "application/zip", "large bytes");
        large->code = CH_E_LIMIT;
        large->told_bytes = 11;
        large->told_at_least = at_least == 1;
        const char *why =
            at_least == 1
                ? "it has 11 bytes or more, and the largest file that is fetched here has "
                  "10 (store.max_bytes)"
                : "it has 11 bytes, and the largest file that is fetched here has 10 "
                  "(store.max_bytes)";
        configure(h, 100, 100, 10);
        house_ask_page(h, "pkg");
        assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_PLAIN);
        house_ask_file(h, "pkg", NEW);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        assert_str_eq(h->file.refusal.rule, "size-limit");
        assert_str_eq(h->file.refusal.reason, why);
        for (int restarted = 0; restarted < 2; restarted++) {
            house_ask_page(h, "pkg");
            assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_YANKED);
            assert_true(ch_str_find(house_listed(h, NEW)->yanked_reason, ch_str_of(why), NULL));
            house_ask_file(h, "pkg", NEW);
            assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
            assert_int_equal(large->asked, 1); /* nobody asks for it again in vain */
            if (restarted == 0) {
                house_restart(h);
                configure(h, 100, 100, 10);
            }
        }
        configure(h, 100, 100, 11);
        large->code = CH_OK;
        large->told_bytes = 0;
        house_ask_page(h, "pkg");
        assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_PLAIN);
        house_ask_file(h, "pkg", NEW);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        house_free(h);
    }
}

/* One answer that was not so holds no honest file for good. */
static void what_one_answer_said_is_asked_again_by_rescan(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char hex[CH_SHA256_HEX + 1], page[256];
    ch_buf_init(&out, 1u << 20);
    snprintf(page, sizeof(page), NEW " %s - 30\n" OLD " - 11 30\n", house_hex("small", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    struct site *s = house_site(h, FILE_URL(NEW), 200, "application/zip", "small");
    configure(h, 10, 10, 10);
    s->code = CH_E_LIMIT;
    s->told_bytes = 1ull << 50;
    house_ask_file(h, "pkg", NEW);
    assert_str_eq(h->file.refusal.rule, "size-limit");
    assert_true(ch_str_find(h->file.refusal.change, CH_STR(": customhouse rescan FILE"), NULL));
    h->flag = "wait";
    assert_int_equal(house_command(h, false, "rescan", NEW, NULL, NULL, &out), 1);
    assert_int_equal(s->asked, 2);
    house_ask_file(h, "pkg", NEW);
    assert_str_eq(h->file.refusal.rule, "size-limit"); /* it is said again */
    s->code = CH_OK;
    s->told_bytes = 0;
    house_ask_file(h, "pkg", NEW);
    assert_str_eq(h->file.refusal.rule, "size-limit"); /* clients ask for nothing in vain */
    assert_int_equal(s->asked, 2);
    assert_int_equal(house_command(h, false, "rescan", NEW, NULL, NULL, &out), 0);
    assert_int_equal(s->asked, 3);
    for (int restarted = 0; restarted < 2; restarted++) {
        house_ask_file(h, "pkg", NEW);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        house_restart(h);
        configure(h, 10, 10, 10);
    }
    /* what the index itself states is no such word */
    assert_int_equal(house_command(h, false, "rescan", OLD, NULL, NULL, &out), 1);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("nothing of it was ever fetched"), NULL));
    ch_buf_done(&out);
    house_free(h);
}

/* Other bytes than those that were too large. */
static void what_was_too_large_is_not_what_the_index_states_now(void **state)
{
    (void)state;
    struct house *h = house_new();
    char hex[CH_SHA256_HEX + 1], page[256];
    snprintf(page, sizeof(page), NEW " %s - 30\n", house_hex("large bytes", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    struct site *s = house_site(h, FILE_URL(NEW), 200, "application/zip", "large bytes");
    s->code = CH_E_LIMIT;
    s->told_bytes = 1ull << 50;
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    house_restart(h);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(s->asked, 1);
    snprintf(page, sizeof(page), NEW " %s - 30\n", house_hex("small", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    house_site(h, FILE_URL(NEW), 200, "application/zip", "small");
    page_get(h->k, CH_STR("pypi"), CH_STR("pkg"))->checked_at_us = 0;
    house_ask_page(h, "pkg");
    house_settle(h);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_int_equal(p->files[0].told_bytes, 0);
    house_free(h);
}

/* As if what is known had been found out a while ago. */
static void read_index_again(struct house *h)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    for (size_t i = 0; i < p->fault_count; i++) {
        p->faults[i].at_us -= 10 * 1000000;
    }
    p->checked_at_us = 0;
    house_ask_page(h, "pkg");
    house_settle(h);
}

/* What came is not of the size that the index states: whoever asks is told so, with both sizes, in
 * the one way that refusals have, and so is who asks what is known of it. Where the upstream was at
 * fault it comes once its index was read again. */
static void what_is_not_of_the_stated_size_is_refused_until_it_is(void **state)
{
    (void)state;
    for (int at_least = 0; at_least < 2; at_least++) {
        struct house *h = house_new();
        struct ch_buf out;
        ch_buf_init(&out, 1u << 20);
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - 10 30\n" NEW " - 4 30\n");
        house_site(h, FILE_URL(OLD), 200, "application/zip", "old  bytes");
        struct site *s = house_site(h, FILE_URL(NEW), 200, "application/zip", "good");
        s->code = CH_E_MISMATCH;
        s->told_bytes = 11;
        s->told_at_least = at_least == 1;
        const char *why = at_least == 1
                              ? "is not of the size the index stated: 4 bytes stated, 11 or more "
                                "received; fetched again once the index states the same again"
                              : "is not of the size the index stated: 4 bytes stated, 11 "
                                "received; fetched again once the index states the same again";
        for (int i = 0; i < 2; i++) {
            house_ask_file(h, "pkg", NEW);
            assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
            assert_str_eq(h->file.refusal.rule, "finding size-mismatch");
            assert_str_eq(h->file.refusal.reason, why);
            assert_true(h->file.refusal.id.len > 0);
            assert_true(ch_str_find(
                h->file.refusal.change,
                CH_STR("fetching it again, which starts when somebody asks for it"), NULL));
            assert_int_equal(s->asked, 1); /* nobody asks for it again in vain */
        }
        house_ask_page(h, "pkg");
        assert_int_equal(house_listed(h, NEW)->listing, CH_LIST_YANKED);
        assert_true(ch_str_find(house_listed(h, NEW)->yanked_reason, ch_str_of(why), NULL));
        assert_int_equal(house_command(h, false, "explain", NEW, NULL, NULL, &out), 0);
        assert_true(
            ch_str_find(ch_buf_str(&out), CH_STR("hold (finding size-mismatch): is not of"), NULL));
        assert_int_equal(house_command(h, false, "approve", NEW, "needed", "7d", &out), 1);
        /* the same again, once its index was read again */
        read_index_again(h);
        house_ask_file(h, "pkg", NEW);
        assert_str_eq(h->file.refusal.rule, "finding size-mismatch");
        assert_int_equal(s->asked, 2);
        s->code = CH_OK;
        s->told_bytes = 0;
        read_index_again(h);
        house_ask_file(h, "pkg", NEW);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        assert_int_equal(s->asked, 3);
        ch_buf_done(&out);
        house_free(h);
    }
}

/* Whoever has it inspected again need not wait for the index. */
static void rescan_fetches_what_was_of_another_size(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, NEW " - 4 30\n");
    struct site *s = house_site(h, FILE_URL(NEW), 200, "application/zip", "good");
    s->code = CH_E_MISMATCH;
    s->told_bytes = 3;
    house_ask_file(h, "pkg", NEW);
    assert_str_eq(h->file.refusal.rule, "finding size-mismatch");
    s->code = CH_OK;
    s->told_bytes = 0;
    h->flag = "wait";
    assert_int_equal(house_command(h, false, "rescan", NEW, NULL, NULL, &out), 0);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_larger_than_is_fetched_is_held),
        cmocka_unit_test(what_no_quota_can_hold_is_held),
        cmocka_unit_test(what_a_fetch_finds_too_large_is_held_from_then_on),
        cmocka_unit_test(what_one_answer_said_is_asked_again_by_rescan),
        cmocka_unit_test(what_was_too_large_is_not_what_the_index_states_now),
        cmocka_unit_test(what_is_not_of_the_stated_size_is_refused_until_it_is),
        cmocka_unit_test(rescan_fetches_what_was_of_another_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
