/* T14: files on their way take room in the quota of undecided bytes before they have come. */
#include "house.h"

#include <stdio.h>
#include <string.h>

#include "customhouse/limits.h"

#include "db/keeper/budget/budget.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/pages/sidecar.h"

#define QUOTA 64

/* A page of so many wheels that are as large as `size` says ("-": it does not), of 24 bytes really.
 */
static struct house *house_with(size_t files, const char *size)
{
    struct house *h = house_new();
    struct ch_config *config = (struct ch_config *)(uintptr_t)h->k->config;
    struct ch_buf page;
    char name[64], url[128];
    config->undecided_max_bytes = QUOTA;
    ch_buf_init(&page, 1u << 20);
    for (size_t i = 0; i < files; i++) {
        snprintf(name, sizeof(name), "pkg-1.%zu-py3-none-any.whl", i);
        snprintf(url, sizeof(url), FILE_URL("%s"), name);
        ch_buf_printf(&page, "%s - %s 30\n", name, size);
        house_site(h, url, 200, "application/zip", name);
    }
    ch_buf_putc(&page, '\0');
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page.ptr);
    ch_buf_done(&page);
    house_ask_page(h, "pkg");
    h->hold = HOLD_FILES;
    return h;
}

static uint64_t want(struct house *h, const char *address, size_t i, uint32_t patience_ms)
{
    char name[64];
    snprintf(name, sizeof(name), "pkg-1.%zu-py3-none-any.whl", i);
    h->address = address;
    house_send_file_ask(h, "pkg", name, CH_PART_FILE, patience_ms, false);
    house_settle(h);
    return h->asks;
}

static void until_held(struct house *h, const char *name)
{
    for (uint64_t end = ch_now_boot_ms() + 10000; house_held(h, name) < 0;) {
        assert_true(ch_now_boot_ms() < end);
        house_turn(h, 20);
    }
}

static void t14_files_on_their_way_fit_into_the_quota(void **state)
{
    (void)state;
    struct house *h = house_with(8, "24");
    uint64_t first = want(h, "192.0.2.1", 0, 60000);
    want(h, "192.0.2.2", 1, 60000);
    uint64_t third = want(h, "192.0.2.3", 2, 60000);
    uint64_t fourth = want(h, "192.0.2.4", 3, 50);
    assert_int_equal(house_holds(h), 2);
    assert_int_equal(h->k->coming_bytes, 48);
    until_told(h, fourth);
    assert_int_equal(house_told(h, fourth), CH_FILE_WAIT);
    house_let_go(h, house_held(h, "pkg-1.0-"));
    until_told(h, first);
    assert_int_equal(house_told(h, first), CH_FILE_ALLOW);
    until_held(h, "pkg-1.2-"); /* what is approved leaves room */
    assert_int_equal(house_told(h, third), -1);
    assert_int_equal(h->k->coming_bytes, 48);
    h->hold = HOLD_NONE;
    house_let_go(h, house_held(h, "pkg-1.1-"));
    house_let_go(h, house_held(h, "pkg-1.2-"));
    until_told(h, third);
    assert_int_equal(house_told(h, third), CH_FILE_ALLOW);
    for (uint64_t end = ch_now_boot_ms() + 10000; h->k->coming_bytes > 0;) {
        assert_true(ch_now_boot_ms() < end);
        house_turn(h, 20);
    }
    house_free(h);
}

/* One client cannot fill it for all. */
static void t14_one_client_has_half_of_it(void **state)
{
    (void)state;
    struct house *h = house_with(8, "24");
    want(h, "192.0.2.1", 0, 60000);
    want(h, "192.0.2.1", 1, 60000);
    assert_int_equal(house_holds(h), 1);
    want(h, "192.0.2.2", 2, 60000);
    assert_int_equal(house_holds(h), 2);
    assert_true(house_held(h, "pkg-1.2-") >= 0);
    house_let_go(h, house_held(h, "pkg-1.0-"));
    until_held(h, "pkg-1.1-");
    house_free(h);
    /* But one file that is larger than half comes alone. */
    h = house_with(8, "60");
    want(h, "192.0.2.1", 0, 60000);
    assert_int_equal(house_holds(h), 1);
    house_free(h);
}

static void t14_what_does_not_move_takes_no_room(void **state)
{
    (void)state;
    struct ch_limits limits = ch_limits;
    ch_limits.fetch_answer_ms = 100;
    ch_limits.fetch_tell_ms = 100;
    ch_limits.fetch_low_speed_bytes = 4;
    struct house *h = house_with(8, "60");
    uint64_t silent = want(h, "192.0.2.1", 0, 60000);
    until_told(h, silent);
    assert_int_equal(house_told(h, silent), 504);
    assert_int_equal(h->k->coming_bytes, 0);
    ch_limits.fetch_answer_ms = 60000;
    want(h, "192.0.2.2", 1, 60000);
    assert_int_equal(house_holds(h), 2);
    assert_int_equal(h->k->coming_bytes, 60);
    /* It moves after all, and there is no room any more: it comes anew, later. */
    house_progress(h, house_held(h, "pkg-1.0-"), 10);
    house_settle(h);
    assert_int_equal(house_held(h, "pkg-1.0-"), -1);
    assert_int_equal(h->k->coming_bytes, 60);
    house_let_go(h, house_held(h, "pkg-1.1-"));
    until_held(h, "pkg-1.0-");
    house_free(h);
    ch_limits = limits;
}

/* No size is stated: a quarter at first, then as much as comes. */
static void t14_an_unstated_size_is_bounded(void **state)
{
    (void)state;
    struct house *h = house_with(8, "-");
    static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4",
                                            "192.0.2.5"};
    uint64_t asks[5];
    for (size_t i = 0; i < 5; i++) {
        asks[i] = want(h, addresses[i], i, 60000);
    }
    assert_int_equal(house_holds(h), 4);
    assert_int_equal(h->k->coming_bytes, QUOTA);
    house_progress(h, house_held(h, "pkg-1.0-"), 17); /* it would need more */
    house_settle(h);
    assert_int_equal(house_held(h, "pkg-1.0-"), -1);
    assert_true(h->k->coming_bytes <= QUOTA);
    assert_int_equal(house_told(h, asks[0]), -1);
    until_held(h, "pkg-1.4-"); /* which needs less */
    size_t fetches = h->held_count;
    for (uint64_t end = ch_now_boot_ms() + 700; ch_now_boot_ms() < end;) {
        house_turn(h, 20);
    }
    assert_int_equal(h->held_count,
                     fetches); /* it is not begun again only to be broken off again */
    h->hold = HOLD_NONE;
    for (size_t i = 0; i < h->held_count; i++) {
        if (h->held[i].fd >= 0) {
            house_let_go(h, (int)i);
        }
    }
    for (size_t i = 0; i < 5; i++) {
        until_told(h, asks[i]);
        assert_int_equal(house_told(h, asks[i]), CH_FILE_ALLOW);
    }
    assert_int_equal(h->k->coming_bytes, 0);
    house_free(h);
}

/* What began at nobody's expense and moves again at a client's is that client's share, all of it:
 * all of it goes back when it has ended. */
static void t14_a_share_is_given_back_as_it_was_taken(void **state)
{
    (void)state;
    struct ch_limits limits = ch_limits;
    const struct ch_client client = {.address = CH_STR("192.0.2.1")};
    struct house *h = house_with(1, "-");
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_non_null(intake_want(h->k, p, 0, false, NULL));
    house_settle(h);
    house_progress(h, house_held(h, "pkg-1.0-"), 1);
    ch_limits.fetch_answer_ms = 100;
    ch_limits.fetch_tell_ms = 100;
    ch_limits.fetch_low_speed_bytes = 20;
    uint64_t ask = want(h, "192.0.2.1", 0, 60000);
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), 504); /* it does not move */
    assert_int_equal(h->k->coming_bytes, 1);
    house_progress(h, house_held(h, "pkg-1.0-"), 24);
    house_settle(h);
    struct account *of = budget_client(h->k, CH_STR("up"), &client);
    assert_int_equal(h->k->coming_bytes, 48);
    assert_int_equal(of->coming_bytes, 48);
    ask = want(h, "192.0.2.1", 0, 60000);
    house_let_go(h, house_held(h, "pkg-1.0-"));
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), CH_FILE_ALLOW);
    assert_int_equal(h->k->coming_bytes, 0);
    assert_int_equal(of->coming_bytes, 0);
    house_free(h);
    ch_limits = limits;
}

/* Where what is on its way leaves no room in any case, nothing that is here goes for it. */
static void t14_nothing_is_evicted_in_vain(void **state)
{
    (void)state;
    struct house *h = house_with(3, "24");
    struct ch_sha256 idle;
    struct ch_err err;
    want(h, "192.0.2.1", 0, 60000);
    want(h, "192.0.2.2", 1, 60000);
    assert_int_equal(h->k->coming_bytes, 48);
    assert_ch_ok(&err, sidecar_store(h->k, CH_STR("idle"), &idle, &err));
    uint64_t epoch = keeper_epoch(h->k);
    want(h, "192.0.2.3", 2, 60000);
    assert_int_equal(house_holds(h), 2);
    assert_true(ch_blobs_has(h->k->blobs, &idle));
    assert_int_equal(keeper_epoch(h->k), epoch);
    house_free(h);
}

/* What waits for room again and again says nothing of how long files take. */
static void the_time_that_files_take_is_of_files_that_ran(void **state)
{
    (void)state;
    struct house *h = house_with(3, "24");
    for (size_t i = 0; i < 3; i++) {
        want(h, i == 0 ? "192.0.2.1" : i == 1 ? "192.0.2.2" : "192.0.2.3", i, 60000);
    }
    for (uint64_t end = ch_now_boot_ms() + 700; ch_now_boot_ms() < end;) {
        house_turn(h, 20);
    }
    assert_int_equal(house_holds(h), 2);
    assert_int_equal(budget_upstream(h->k, CH_STR("up"))->ran_ms, 0); /* none has ended */
    house_free(h);
}

/* Of a stated size, no more than that is fetched. */
static void t14_no_more_than_stated_is_fetched(void **state)
{
    (void)state;
    struct house *h = house_with(1, "24");
    struct ch_fetch f;
    struct ch_err err;
    want(h, "192.0.2.1", 0, 60000);
    assert_ch_ok(&err, ch_fetch_get(ch_buf_str(&h->held[0].payload), &f, &err));
    assert_int_equal(f.max_bytes, 24);
    house_free(h);
}

/* What the index states no size of is awaited as what the answer says it is, or as what comes. */
static void the_time_for_an_unstated_size_is_near(void **state)
{
    (void)state;
    for (int answered = 0; answered < 2; answered++) {
        struct house *h = house_with(1, "-");
        ((struct ch_config *)(uintptr_t)h->k->config)->undecided_max_bytes = 1ull << 30;
        want(h, "192.0.2.1", 0, 60000);
        for (uint64_t end = ch_now_boot_ms() + 200; ch_now_boot_ms() < end;) {
            house_turn(h, 20); /* so that it has a speed: 10 bytes in that */
        }
        house_progress_of(h, house_held(h, "pkg-1.0-"), 10, answered == 1 ? 24 : CH_SIZE_UNKNOWN);
        house_settle(h);
        uint64_t ask = want(h, "192.0.2.2", 0, 50);
        until_told(h, ask);
        assert_int_equal(house_told(h, ask), CH_FILE_WAIT);
        assert_in_range(h->file.retry_after_s, 1, 10);
        house_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t14_files_on_their_way_fit_into_the_quota),
        cmocka_unit_test(t14_one_client_has_half_of_it),
        cmocka_unit_test(t14_what_does_not_move_takes_no_room),
        cmocka_unit_test(t14_an_unstated_size_is_bounded),
        cmocka_unit_test(t14_a_share_is_given_back_as_it_was_taken),
        cmocka_unit_test(t14_nothing_is_evicted_in_vain),
        cmocka_unit_test(the_time_that_files_take_is_of_files_that_ran),
        cmocka_unit_test(t14_no_more_than_stated_is_fetched),
        cmocka_unit_test(the_time_for_an_unstated_size_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
