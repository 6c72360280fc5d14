/* T14: how many pages one client may cause to be fetched, and metadata, which take turns of their own. */
#include "budget_house.h"

#include <stdio.h>

#include "customhouse/limits.h"

#include "db/keeper/budget/budget.h"

/* After so many more the store cannot say who owns a name, once; 0: it can. */
static unsigned owner_fails_after;

enum ch_code __real_ch_store_owner(struct ch_store *s, struct ch_str repository,
                                   struct ch_str project, struct ch_buf *ret, struct ch_err *err);
enum ch_code __wrap_ch_store_owner(struct ch_store *s, struct ch_str repository,
                                   struct ch_str project, struct ch_buf *ret, struct ch_err *err);
enum ch_code __wrap_ch_store_owner(struct ch_store *s, struct ch_str repository,
                                   struct ch_str project, struct ch_buf *ret, struct ch_err *err)
{
    if (owner_fails_after > 0 && --owner_fails_after == 0) {
        return ch_fail(err, CH_E_IO, "the disk is gone");
    }
    return __real_ch_store_owner(s, repository, project, ret, err);
}

static void pages_at_once_are_bounded(void **state)
{
    (void)state;
    ch_limits.cold_parallel = 2;
    ch_limits.cold_page_wait_ms = 60000; /* longer than the machine takes for what is asked here */
    struct house *h = house_new();
    h->hold = HOLD_ALL;
    uint64_t first = want_page(h, "192.0.2.1", 0);
    for (unsigned i = 1; i < 4; i++) {
        want_page(h, "192.0.2.1", i);
    }
    house_settle(h);
    assert_int_equal(house_holds(h), 2);
    uint64_t other = want_page(h, "192.0.2.2", 9);
    house_settle(h);
    assert_int_equal(house_holds(h), 3); /* at once */
    house_let_go(h, house_held(h, "cold9"));
    until_told(h, other);
    assert_int_equal(house_told(h, other), 200);
    house_let_go(h, house_held(h, "cold0"));
    until_told(h, first);
    house_settle(h);
    assert_true(house_held(h, "cold2") >= 0); /* the next one has its turn */
    assert_int_equal(house_held(h, "cold3"), -1);
    ch_limits.cold_page_wait_ms = 100;
    uint64_t impatient = want_page(h, "192.0.2.1", 4);
    until_told(h, impatient);
    assert_int_equal(house_told(h, impatient), 503);
    assert_true(ch_str_find(h->page_reply.text, CH_STR("it waits for its turn"), NULL));
    assert_int_equal(house_held(h, "cold4"), -1);
    house_free(h);
}

/* What was charged for a page is given back, too, where the store breaks before it is fetched. */
static void a_broken_page_costs_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    const struct ch_client client = {.address = CH_STR("192.0.2.1")};
    uint64_t ask = want_page(h, "192.0.2.1", 0);
    owner_fails_after = 2; /* whether it is cold is known; then not */
    until_told(h, ask);
    assert_int_equal(owner_fails_after, 0);
    assert_int_equal(house_told(h, ask), 502);
    const struct account *a = budget_client(h->k, CH_STR("up"), &client);
    assert_true(a->bucket[BUDGET_PAGE].milli_tokens < ch_limits.cold_burst * 1000);
    assert_int_equal(a->under_way[BUDGET_PAGE], 0);
    house_free(h);
}

/* All together are at their bound: what comes free goes around. */
static void clients_take_turns(void **state)
{
    (void)state;
    ch_limits.cold_all_parallel = 1;
    ch_limits.cold_page_wait_ms = 60000;
    struct house *h = house_new();
    h->hold = HOLD_ALL;
    for (unsigned i = 0; i < 6; i++) {
        want_page(h, "192.0.2.1", i);
    }
    want_page(h, "192.0.2.2", 10);
    want_page(h, "192.0.2.2", 11);
    want_page(h, "192.0.2.3", 20);
    static const unsigned order[] = {0, 10, 20, 1, 11, 2, 3, 4, 5};
    for (size_t i = 0; i < CH_ARRAY_LEN(order); i++) {
        char project[32];
        house_settle(h);
        assert_int_equal(house_holds(h), 1);
        snprintf(project, sizeof(project), "/cold%u/", order[i]);
        int held = house_held(h, project);
        if (held < 0) {
            fail_msg("turn %zu is not that of %s", i, project);
        }
        house_let_go(h, held);
    }
    house_free(h);
}

static void metadata_at_once_are_bounded(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 20);
    ch_limits.cold_parallel = 2;
    uint64_t asks[4];
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof(name), "pkg-1.%zu-py3-none-any.whl", i);
        h->address = "192.0.2.1";
        house_send_file_ask(h, "pkg", name, CH_PART_METADATA, i == 3 ? 200 : 60000, false);
        asks[i] = h->asks;
    }
    house_settle(h);
    assert_int_equal(house_holds(h), 2);
    until_told(h, asks[3]);
    assert_int_equal(house_told(h, asks[3]), CH_FILE_WAIT);
    house_free(h);
}

/* What one client may not have yet another may: whoever waits for it has it then. */
static void a_page_that_another_asks_for_is_had(void **state)
{
    (void)state;
    ch_limits.cold_parallel = 1;
    struct house *h = house_new();
    h->hold = HOLD_ALL;
    want_page(h, "192.0.2.1", 0);
    uint64_t over = want_page(h, "192.0.2.1", 1);
    house_settle(h);
    assert_int_equal(house_held(h, "/cold1/"), -1);
    assert_int_equal(budget_waiting(h->k), 1);
    uint64_t other = want_page(h, "192.0.2.2", 1);
    house_settle(h);
    assert_int_equal(budget_waiting(h->k), 0);
    house_let_go(h, house_held(h, "/cold1/"));
    until_told(h, other);
    until_told(h, over);
    assert_int_equal(house_told(h, other), 200);
    assert_int_equal(house_told(h, over), 200);
    house_free(h);
}

/* A file host that says nothing takes no turn of a page. */
static void metadata_take_no_turn_of_pages(void **state)
{
    (void)state;
    ch_limits.cold_parallel = 2;
    ch_limits.cold_all_parallel = 2;
    struct house *h = house_with("pkg", 20);
    h->hold = HOLD_ALL;
    for (size_t i = 0; i < 4; i++) {
        char name[64];
        snprintf(name, sizeof(name), "pkg-1.%zu-py3-none-any.whl", i);
        h->address = "192.0.2.1";
        house_send_file_ask(h, "pkg", name, CH_PART_METADATA, 60000, false);
    }
    house_settle(h);
    assert_int_equal(house_holds(h), 2);
    uint64_t page = want_page(h, "192.0.2.1", 1);
    house_settle(h);
    house_let_go(h, house_held(h, "/cold1/"));
    until_told(h, page);
    assert_int_equal(house_told(h, page), 200);
    house_free(h);
}

/* A page over budget is 503 with a time: pip and uv wait so long by themselves. */
static void pages_over_budget_say_when(void **state)
{
    (void)state;
    ch_limits.cold_parallel = 1;
    ch_limits.cold_page_wait_ms = 100;
    ch_limits.cold_client_queue = 1;
    struct house *h = house_new();
    h->hold = HOLD_ALL;
    want_page(h, "192.0.2.1", 0);
    uint64_t queued = want_page(h, "192.0.2.1", 1);
    uint64_t beyond = want_page(h, "192.0.2.1", 2);
    until_told(h, beyond);
    assert_int_equal(house_told(h, beyond), 503);
    assert_in_range(h->page_reply.retry_after_s, 1, 10);
    until_told(h, queued);
    assert_int_equal(house_told(h, queued), 503);
    assert_in_range(h->page_reply.retry_after_s, 1, 10);
    char text[64];
    snprintf(text, sizeof(text), "try again in about %u s", h->page_reply.retry_after_s);
    assert_true(ch_str_find(h->page_reply.text, ch_str_of(text), NULL));
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_at_once_are_bounded, keep_limits, limits_again),
        cmocka_unit_test(a_broken_page_costs_nothing),
        cmocka_unit_test_setup_teardown(clients_take_turns, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(metadata_at_once_are_bounded, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(a_page_that_another_asks_for_is_had, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(metadata_take_no_turn_of_pages, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(pages_over_budget_say_when, keep_limits, limits_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
