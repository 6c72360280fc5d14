/* T14: how many files one client may cause to be fetched, and that it costs nobody else their turn;
 * and upstreams that hang. */
#include "budget_house.h"

#include <stdio.h>

#include "customhouse/limits.h"

#include "db/keeper/budget/budget.h"

/* A gateway that took the place of another begins to count its asks anew. */
static void nobody_gets_what_another_gateway_asked_for(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 3);
    uint64_t old = want(h, "192.0.2.1", "pkg", 1, 60000);
    house_settle(h);
    int first = house_held(h, "pkg-1.1-");
    house_disconnect(h, CH_ROLE_GATEWAY);
    house_settle(h);
    house_connect(h, CH_ROLE_GATEWAY);
    h->asks = old - 1;
    size_t answers = h->file_answers;
    assert_int_equal(want(h, "192.0.2.1", "pkg", 2, 60000), old);
    house_settle(h);
    int second = house_held(h, "pkg-1.2-");
    house_let_go(h, first);
    house_settle(h);
    assert_int_equal(h->file_answers, answers); /* nobody is there any more who asked for that */
    house_let_go(h, second);
    house_settle(h);
    assert_int_equal(h->file_answers, answers + 1);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ptrdiff_t at = page_find_file(page_get(h->k, CH_STR("pypi"), CH_STR("pkg")),
                                  CH_STR("pkg-1.2-py3-none-any.whl"));
    assert_true(at >= 0);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_memory_equal(&h->file.sha256, &p->files[at].artifact, sizeof(h->file.sha256));
    house_free(h);
}

static void one_client_has_so_many_files_at_once(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 100);
    uint32_t one = h->k->config->fetch_parallel_per_address, all = h->k->config->fetch_parallel;
    uint64_t first = h->asks + 1;
    for (size_t i = 0; i < 90; i++) {
        want(h, "192.0.2.1", "pkg", i, 60000);
    }
    house_settle(h);
    assert_int_equal(house_holds(h), one);
    /* Who comes later does not wait behind all of that. */
    uint64_t other = want(h, "192.0.2.2", "pkg", 95, 60000);
    house_settle(h);
    assert_int_equal(house_holds(h), one + 1);
    house_let_go(h, house_held(h, "pkg-1.95-"));
    until_told(h, other);
    assert_int_equal(house_told(h, other), CH_FILE_ALLOW);
    /* Of all clients together, there are so many. */
    for (size_t i = 0; i < 8; i++) {
        char address[32];
        snprintf(address, sizeof(address), "192.0.2.%zu", 10 + i);
        want(h, address, "pkg", 90 + i, 60000);
    }
    house_settle(h);
    assert_int_equal(house_holds(h), all);
    /* In the end everybody has everything. */
    h->hold = HOLD_NONE;
    for (size_t i = 0; i < h->held_count; i++) {
        if (h->held[i].fd >= 0) {
            house_let_go(h, (int)i);
        }
    }
    for (uint64_t ask = first; ask <= h->asks; ask++) {
        until_told(h, ask);
        assert_int_equal(house_told(h, ask), CH_FILE_ALLOW);
    }
    house_free(h);
}

static void a_freed_turn_goes_to_who_has_fewest(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 100);
    uint32_t all = h->k->config->fetch_parallel;
    for (size_t i = 0; i < 40; i++) {
        want(h, i % 2 == 0 ? "192.0.2.1" : "192.0.2.2", "pkg", i, 60000);
    }
    house_settle(h);
    assert_int_equal(house_holds(h), all);
    want(h, "192.0.2.3", "pkg", 90, 60000);
    house_settle(h);
    assert_int_equal(house_held(h, "pkg-1.90-"), -1);
    house_let_go(h, house_held(h, "pkg-1.0-"));
    house_settle(h);
    assert_true(house_held(h, "pkg-1.90-") >= 0);
    assert_int_equal(house_holds(h), all);
    house_free(h);
}

static void files_per_time_are_bounded(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 20);
    set_budget(h, 3, 1);
    h->hold = HOLD_NONE;
    for (size_t i = 0; i < 3; i++) {
        uint64_t ask = want(h, "192.0.2.1", "pkg", i, 5000);
        until_told(h, ask);
        assert_int_equal(house_told(h, ask), CH_FILE_ALLOW);
    }
    size_t fetches = h->fetches;
    uint64_t ask = want(h, "192.0.2.1", "pkg", 3, 300);
    house_settle(h);
    assert_int_equal(house_told(h, ask), -1); /* it waits */
    assert_int_equal(budget_waiting(h->k), 1);
    struct ch_buf metrics;
    ch_buf_init(&metrics, 1u << 20);
    metrics_text(h->k, &metrics);
    assert_true(
        ch_str_find(ch_buf_str(&metrics), CH_STR("\ncustomhouse_budget_waiting 1\n"), NULL));
    ch_buf_done(&metrics);
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), CH_FILE_WAIT);
    assert_true(h->file.retry_after_s > 0);
    assert_true(ch_str_starts(h->file.text, CH_STR("it waits for its turn")));
    assert_int_equal(h->fetches, fetches);
    assert_int_equal(budget_waiting(h->k), 0);
    /* What is here costs nothing, and others have budgets of their own. */
    house_ask_file(h, "pkg", "pkg-1.0-py3-none-any.whl");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ask = want(h, "192.0.2.2", "pkg", 3, 5000);
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), CH_FILE_ALLOW);
    house_free(h);
}

/* Who waits goes on when there is budget again, in this time and not in the next try. */
static void budget_comes_back(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 20);
    set_budget(h, 1, 120);
    h->hold = HOLD_NONE;
    uint64_t asks[3], started = ch_now_boot_ms();
    for (size_t i = 0; i < 3; i++) {
        asks[i] = want(h, "192.0.2.1", "pkg", i, 8000);
    }
    for (size_t i = 0; i < 3; i++) {
        until_told(h, asks[i]);
        assert_int_equal(house_told(h, asks[i]), CH_FILE_ALLOW);
    }
    assert_true(ch_now_boot_ms() - started >= 900);
    house_free(h);
}

static void a_network_of_addresses_is_one_client(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 20);
    set_budget(h, 1, 1);
    h->hold = HOLD_NONE;
    uint64_t a = want(h, "2001:db8:1:2::1", "pkg", 0, 60000);
    uint64_t b = want(h, "2001:db8:1:2:ffff::2", "pkg", 1, 50);
    uint64_t c = want(h, "2001:db8:1:3::1", "pkg", 2, 5000);
    until_told(h, a);
    until_told(h, b);
    until_told(h, c);
    assert_int_equal(house_told(h, a), CH_FILE_ALLOW);
    assert_int_equal(house_told(h, b), CH_FILE_WAIT);
    assert_int_equal(house_told(h, c), CH_FILE_ALLOW);
    house_free(h);
}

static void the_queue_has_an_end(void **state)
{
    (void)state;
    ch_limits.cold_client_queue = 2;
    ch_limits.cold_queue = 3;
    struct house *h = house_with("pkg", 20);
    set_budget(h, 1, 1);
    uint64_t asks[7];
    for (size_t i = 0; i < 4; i++) { /* one is fetched, two wait */
        asks[i] = want(h, "192.0.2.1", "pkg", i, 60000);
    }
    for (size_t i = 4; i < 7; i++) { /* one is fetched, one waits */
        asks[i] = want(h, "192.0.2.2", "pkg", i, 60000);
    }
    house_settle(h);
    assert_int_equal(house_holds(h), 2);
    assert_int_equal(budget_waiting(h->k), 3);
    assert_int_equal(house_told(h, asks[2]), -1);
    assert_int_equal(house_told(h, asks[3]), 503);
    assert_int_equal(house_told(h, asks[5]), -1);
    assert_int_equal(house_told(h, asks[6]), 503);
    house_free(h);
}

/* A file that waits behind all that one client wants is another's first: it does not wait for it.
 */
static void a_file_that_another_asked_for_is_paid_by_who_can(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 100);
    uint32_t one = h->k->config->fetch_parallel_per_address;
    for (size_t i = 0; i < 60; i++) {
        want(h, "192.0.2.1", "pkg", i, 60000);
    }
    house_settle(h);
    assert_int_equal(house_holds(h), one);
    uint64_t other = want(h, "192.0.2.2", "pkg", 59, 60000);
    house_settle(h);
    assert_int_equal(house_holds(h), one + 1);
    house_let_go(h, house_held(h, "pkg-1.59-"));
    until_told(h, other);
    assert_int_equal(house_told(h, other), CH_FILE_ALLOW);
    /* Who has no budget does not begin it: it comes when it is the turn of who asked first. */
    set_budget(h, 1, 1);
    want(h, "192.0.2.3", "pkg", 90, 60000);
    house_settle(h);
    size_t holds = house_holds(h);
    want(h, "192.0.2.3", "pkg", 58, 60000);
    house_settle(h);
    assert_int_equal(house_holds(h), holds);
    house_free(h);
}

/* The one who asked first has no turn left of its own, and waits in the queue for budget. */
static void a_file_that_waits_for_budget_is_begun_by_another(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 20);
    set_budget(h, 1, 1);
    h->hold = HOLD_NONE;
    uint64_t first = want(h, "192.0.2.1", "pkg", 0, 60000);
    until_told(h, first);
    uint64_t over = want(h, "192.0.2.1", "pkg", 1, 60000);
    house_settle(h);
    assert_int_equal(budget_waiting(h->k), 1);
    uint64_t other = want(h, "192.0.2.2", "pkg", 1, 60000);
    until_told(h, other);
    until_told(h, over);
    assert_int_equal(house_told(h, other), CH_FILE_ALLOW);
    assert_int_equal(house_told(h, over), CH_FILE_ALLOW);
    assert_int_equal(budget_waiting(h->k), 0);
    house_free(h);
}

/* Who signed in has one budget, from wherever; two behind one address have one each. */
static void a_principal_is_one_client(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 20);
    set_budget(h, 1, 1);
    h->hold = HOLD_NONE;
    h->principal = "user:anna";
    uint64_t a = want(h, "192.0.2.1", "pkg", 0, 5000);
    uint64_t b = want(h, "192.0.2.2", "pkg", 1, 50);
    h->principal = "user:ben";
    uint64_t c = want(h, "192.0.2.1", "pkg", 2, 5000);
    h->principal = "anonymous";
    uint64_t d = want(h, "192.0.2.1", "pkg", 3, 5000);
    uint64_t e = want(h, "192.0.2.1", "pkg", 4, 50);
    h->principal = NULL;
    uint64_t f = want(h, "192.0.2.1", "pkg", 5, 50);
    const uint64_t asks[] = {a, b, c, d, e, f};
    for (size_t i = 0; i < CH_ARRAY_LEN(asks); i++) {
        until_told(h, asks[i]);
    }
    assert_int_equal(house_told(h, a), CH_FILE_ALLOW);
    assert_int_equal(house_told(h, b), CH_FILE_WAIT);
    assert_int_equal(house_told(h, c), CH_FILE_ALLOW);
    assert_int_equal(house_told(h, d), CH_FILE_ALLOW);
    assert_int_equal(house_told(h, e), CH_FILE_WAIT);
    assert_int_equal(house_told(h, f), CH_FILE_WAIT);
    house_free(h);
}

/* Seconds that are left of so many since, rounded down; at least 1. */
static uint64_t left_of(uint64_t seconds, uint64_t since_boot_ms)
{
    uint64_t gone = (ch_now_boot_ms() - since_boot_ms + 999) / 1000;
    return gone < seconds ? seconds - gone : 1;
}

/* "try again in about N s": that long, and it is its turn. */
static void the_time_that_is_told_is_true(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 20);
    set_budget(h, 1, 20); /* one each three seconds */
    h->hold = HOLD_NONE;
    uint64_t begin = ch_now_boot_ms();
    uint64_t first = want(h, "192.0.2.1", "pkg", 0, 5000);
    until_told(h, first);
    uint64_t ask = want(h, "192.0.2.1", "pkg", 1, 50);
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), CH_FILE_WAIT);
    assert_in_range(h->file.retry_after_s, left_of(3, begin), 3);
    /* Who comes behind two that wait is told a time for three. */
    want(h, "192.0.2.1", "pkg", 2, 60000);
    want(h, "192.0.2.1", "pkg", 3, 60000);
    ask = want(h, "192.0.2.1", "pkg", 4, 0);
    until_told(h, ask);
    uint32_t told_s = h->file.retry_after_s;
    assert_in_range(told_s, left_of(9, begin), 9);
    begin = ch_now_boot_ms();
    while (ch_now_boot_ms() - begin < told_s * 1000) {
        house_turn(h, 50);
    }
    ask = want(h, "192.0.2.1", "pkg", 4, 2000); /* the next turn would be 3 s later */
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), CH_FILE_ALLOW);
    house_free(h);
}

static void an_upstream_that_hangs_holds_up_no_other(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 40);
    set_project(h, OTHER_URL("elsewhere"), "elsewhere", 1);
    for (size_t i = 0; i < 40; i++) {
        want(h, i % 2 == 0 ? "192.0.2.1" : "192.0.2.2", "pkg", i, 60000);
    }
    house_settle(h);
    assert_int_equal(house_holds(h), h->k->config->fetch_parallel);
    uint64_t ask = want(h, "192.0.2.1", "elsewhere", 0, 60000);
    house_settle(h);
    house_let_go(h, house_held(h, "elsewhere"));
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), CH_FILE_ALLOW);
    house_free(h);
}

/* ------------------------------------------------------------------ hanging */

static void a_file_that_does_not_come_is_told_soon(void **state)
{
    (void)state;
    ch_limits.fetch_answer_ms = 100;
    ch_limits.fetch_tell_ms = 100;
    struct house *h = house_with("pkg", 3);
    uint64_t started = ch_now_boot_ms();
    uint64_t ask = want(h, "192.0.2.1", "pkg", 0, 60000);
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), 504);
    assert_true(ch_now_boot_ms() - started < 5000);
    assert_int_equal(house_holds(h), 1); /* the fetch goes on */
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, false, "queue", NULL, NULL, NULL, &out), 0);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("hangs      pkg-1.0-"), NULL));
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR(".whl (pypi) "), NULL));
    ch_buf_done(&out);
    ask = want(h, "192.0.2.1", "pkg", 0, 60000);
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), 504); /* at once */
    /* Bytes come after all: it is waited for again, and served. */
    house_progress(h, 0, 2048);
    house_settle(h);
    ask = want(h, "192.0.2.1", "pkg", 0, 60000);
    house_settle(h);
    assert_int_equal(house_told(h, ask), -1);
    house_let_go(h, 0);
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), CH_FILE_ALLOW);
    assert_int_equal(h->held_count, 1);
    house_free(h);
}

/* It leaves its turn long before who waits for it is told: pip by itself waits longer than that for
 * a first byte, and is served when it comes. */
static void a_file_that_begins_late_is_waited_for(void **state)
{
    (void)state;
    ch_limits.fetch_answer_ms = 100;
    ch_limits.fetch_tell_ms = 60000;
    struct house *h = house_with("pkg", 3);
    struct ch_config *c = (struct ch_config *)(uintptr_t)h->k->config;
    c->fetch_parallel = c->fetch_parallel_per_address = 1;
    uint64_t late = want(h, "192.0.2.1", "pkg", 0, 60000);
    while (h->held_count < 1) {
        house_turn(h, 20);
    }
    ch_limits.fetch_answer_ms = 60000; /* the other one may take as long as this machine does */
    uint64_t next = want(h, "192.0.2.1", "pkg", 1, 60000);
    while (h->held_count < 2) { /* which waits for the first one's turn */
        house_turn(h, 20);
    }
    assert_int_equal(house_told(h, late), -1);
    uint64_t again = want(h, "192.0.2.1", "pkg", 0, 60000);
    house_settle(h);
    assert_int_equal(house_told(h, again), -1);
    house_let_go(h, house_held(h, "pkg-1.0-"));
    until_told(h, late);
    until_told(h, again);
    assert_int_equal(house_told(h, late), CH_FILE_ALLOW);
    assert_int_equal(house_told(h, again), CH_FILE_ALLOW);
    house_let_go(h, house_held(h, "pkg-1.1-"));
    until_told(h, next);
    assert_int_equal(house_told(h, next), CH_FILE_ALLOW);
    assert_int_equal(h->held_count, 2);
    house_free(h);
}

static void a_slow_file_is_waited_for(void **state)
{
    (void)state;
    ch_limits.fetch_answer_ms = 1500; /* long enough for a machine that has much to do */
    ch_limits.fetch_tell_ms = 1500;
    ch_limits.fetch_low_speed_s = 2;
    ch_limits.fetch_low_speed_bytes = 100;
    struct house *h = house_with("pkg", 3);
    uint64_t ask = want(h, "192.0.2.1", "pkg", 0, 60000);
    house_settle(h);
    for (uint64_t i = 1, started = ch_now_boot_ms(); ch_now_boot_ms() - started < 4000; i++) {
        house_progress(h, 0, i * 200);
        house_turn(h, 20);
        house_turn(h, 20);
        assert_int_equal(house_told(h, ask), -1);
    }
    /* Then it comes to a halt. */
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), 504);
    house_free(h);
}

static void hanging_files_keep_no_turn(void **state)
{
    (void)state;
    ch_limits.fetch_answer_ms = 100;
    ch_limits.fetch_tell_ms = 100;
    struct house *h = house_with("pkg", 100);
    struct ch_config *c = (struct ch_config *)(uintptr_t)h->k->config;
    c->fetch_parallel = 2;
    c->fetch_parallel_per_address = 2;
    uint64_t asks[6];
    for (size_t i = 0; i < 4; i++) {
        asks[i] = want(h, "192.0.2.1", "pkg", i, 60000);
    }
    until_told(h, asks[0]);
    until_told(h, asks[1]);
    while (h->held_count < 4) { /* which would never be, were their turns not free */
        house_turn(h, 20);
    }
    /* There is an end to that, too: no more than two hang in the background. */
    until_told(h, asks[2]);
    until_told(h, asks[3]);
    house_settle(h);
    assert_int_equal(house_told(h, asks[3]), 504);
    assert_int_equal(house_holds(h), 2);
    assert_true(h->held[2].cancelled && h->held[3].cancelled);
    ch_limits.fetch_answer_ms = 60000;
    asks[4] = want(h, "192.0.2.1", "pkg", 50, 60000);
    house_settle(h);
    house_let_go(h, house_held(h, "pkg-1.50-"));
    until_told(h, asks[4]);
    assert_int_equal(house_told(h, asks[4]), CH_FILE_ALLOW);
    house_free(h);
}

/* ------------------------------------------------------------------ asking ahead */

static size_t whole_files_held(const struct house *h, int *ret_first)
{
    size_t n = 0;
    for (size_t i = 0; i < h->held_count; i++) {
        struct ch_fetch f;
        struct ch_err err;
        assert_ch_ok(&err, ch_fetch_get(ch_buf_str(&h->held[i].payload), &f, &err));
        if (h->held[i].fd >= 0 && f.kind == CH_FETCH_ARTIFACT) {
            *ret_first = n++ == 0 ? (int)i : *ret_first;
        }
    }
    return n;
}

/* A resolver goes through its pages faster than files come: what it wants next is not forgotten,
 * but comes after what is on its way. */
static void what_is_asked_ahead_has_a_queue(void **state)
{
    (void)state;
    struct house *h = house_new();
    size_t parallel = h->k->config->prefetch_parallel;
    int first = -1;
    h->user_agent = "pip/24.0 {\"python\":\"3.11.2\"}";
    h->hold = HOLD_FILES;
    for (unsigned i = 0; i < parallel + 2; i++) {
        uint64_t ask = want_page(h, "192.0.2.1", i);
        until_told(h, ask);
    }
    house_settle(h);
    assert_int_equal(whole_files_held(h, &first), parallel);
    assert_int_equal(h->k->intakes_ahead, parallel + 2);
    for (size_t left = 2; left > 0; left--) {
        house_let_go(h, first);
        house_settle(h);
        assert_int_equal(whole_files_held(h, &first), parallel);
    }
    house_let_go(h, first);
    house_settle(h);
    assert_int_equal(whole_files_held(h, &first), parallel - 1);
    house_free(h);
}

/* A pin is not the newest version: the metadata that a client asks for say which it is. */
static void a_file_comes_ahead_after_its_metadata(void **state)
{
    (void)state;
    struct house *h = house_with("pkg", 3);
    int first = -1;
    h->address = "192.0.2.1";
    house_send_file_ask(h, "pkg", "pkg-1.2-py3-none-any.whl", CH_PART_METADATA, 60000, false);
    house_settle(h);
    assert_int_equal(whole_files_held(h, &first), 0); /* who knows what this client is */
    h->user_agent = "pip/24.0 {\"python\":\"3.11.2\"}";
    house_send_file_ask(h, "pkg", "pkg-1.1-py3-none-any.whl", CH_PART_METADATA, 60000, false);
    uint64_t ask = h->asks;
    house_settle(h);
    assert_int_equal(house_told(h, ask), -1);
    assert_int_equal(whole_files_held(h, &first), 1);
    assert_int_equal(house_holds(h), 3);
    assert_int_equal(first, 2); /* after what it asked for */
    /* It counts as the client's: asked for, it is not charged again. */
    set_budget(h, 1, 1);
    ask = want(h, "192.0.2.1", "pkg", 1, 60000);
    house_settle(h);
    house_let_go(h, first);
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), CH_FILE_ALLOW);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_gets_what_another_gateway_asked_for),
        cmocka_unit_test_setup_teardown(one_client_has_so_many_files_at_once, keep_limits,
                                        limits_again),
        cmocka_unit_test_setup_teardown(a_freed_turn_goes_to_who_has_fewest, keep_limits,
                                        limits_again),
        cmocka_unit_test_setup_teardown(files_per_time_are_bounded, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(budget_comes_back, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(a_network_of_addresses_is_one_client, keep_limits,
                                        limits_again),
        cmocka_unit_test_setup_teardown(the_queue_has_an_end, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(a_file_that_another_asked_for_is_paid_by_who_can,
                                        keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(a_file_that_waits_for_budget_is_begun_by_another,
                                        keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(a_principal_is_one_client, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(the_time_that_is_told_is_true, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(an_upstream_that_hangs_holds_up_no_other, keep_limits,
                                        limits_again),
        cmocka_unit_test_setup_teardown(a_file_that_does_not_come_is_told_soon, keep_limits,
                                        limits_again),
        cmocka_unit_test_setup_teardown(a_file_that_begins_late_is_waited_for, keep_limits,
                                        limits_again),
        cmocka_unit_test_setup_teardown(a_slow_file_is_waited_for, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(hanging_files_keep_no_turn, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(what_is_asked_ahead_has_a_queue, keep_limits, limits_again),
        cmocka_unit_test_setup_teardown(a_file_comes_ahead_after_its_metadata, keep_limits,
                                        limits_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
