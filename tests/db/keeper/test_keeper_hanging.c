/* Upstreams that do not answer, and single names of theirs that are slow (T14): what the one means
 * for who asks for something else, and the other must not. */
#include "house.h"
#include "db/keeper/budget/hanging.h"

#include <stdio.h>

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define PLAIN " - 5 30\n"

/* As long ago as makes it be asked for again. */
static void expire(struct house *h, const char *project)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), ch_str_of(project));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    p->failed_at_us = 0;
}

static bool hangs(struct house *h)
{
    return upstream_is_down(h->k, ch_config_upstream(h->k->config, CH_STR("up")),
                            (struct ch_str){NULL, 0});
}

static void until_it_hangs(struct house *h, bool wanted)
{
    uint64_t begin = ch_now_boot_ms();
    while (hangs(h) != wanted) {
        house_turn(h, 50);
        assert_in_range(ch_now_boot_ms() - begin, 0, 20000);
    }
}

static struct site *mute_page(struct house *h, const char *project)
{
    char url[128];
    snprintf(url, sizeof(url), PAGE_URL("%s"), project);
    struct site *s = house_site(h, url, 200, PAGE_TYPE, "");
    s->mute = true;
    return s;
}

/* Whoever asks for names that the upstream is slow with shuts it for nobody: a page that it knows
 * is answered, so it does not hang. */
static void slow_names_shut_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_site(h, PAGE_URL("second"), 200, PAGE_TYPE, "second-1.0-py3-none-any.whl" PLAIN);
    house_ask_page(h, "pkg");
    h->address = "192.0.2.1";
    uint64_t asks[5];
    for (unsigned i = 0; i < 5; i++) {
        char name[16];
        snprintf(name, sizeof(name), "slow%u", i);
        mute_page(h, name);
        house_send_page_ask(h, name, 0);
        asks[i] = h->asks;
    }
    for (unsigned i = 0; i < 5; i++) {
        until_told(h, asks[i]);
        assert_int_equal(house_told(h, asks[i]), 503);
    }
    uint64_t begin = ch_now_boot_ms(); /* as long as a probe could take */
    while (ch_now_boot_ms() - begin < 2000) {
        house_turn(h, 50);
        assert_false(hangs(h));
    }
    assert_in_range(known->asked, 2, 4); /* it was asked whether it still answers */
    h->address = "192.0.2.2";
    begin = ch_now_boot_ms();
    house_ask_page(h, "second");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_in_range(ch_now_boot_ms() - begin, 0, 2000);
    house_free(h);
}

/* When no page is answered, not even one that was: who asks for an unknown name is told at once;
 * who waits for one, then. Known pages are answered at once, and are asked for all the same. */
static void an_upstream_without_any_answer_hangs(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    struct site *third =
        house_site(h, PAGE_URL("third"), 200, PAGE_TYPE, "third-1.0-py3-none-any.whl" PLAIN);
    house_ask_page(h, "pkg");
    known->code = CH_E_TIMEOUT;
    mute_page(h, "second");
    uint64_t begin = ch_now_boot_ms();
    house_ask_page(h, "second");
    assert_int_equal(h->page_reply.http_status, 504);
    assert_true(ch_str_find(h->page_reply.text, CH_STR("the upstream up does not answer"), NULL));
    assert_in_range(ch_now_boot_ms() - begin, 2000, 7000);
    assert_true(hangs(h));
    begin = ch_now_boot_ms();
    house_ask_page(h, "third");
    assert_int_equal(h->page_reply.http_status, 504);
    known->mute = true;
    expire(h, "pkg");
    size_t asked = known->asked;
    house_ask_page(h, "pkg");
    assert_non_null(house_listed(h, WHEEL));
    assert_in_range(ch_now_boot_ms() - begin, 0, 2000);
    house_settle(h);
    assert_int_equal(third->asked, 0);
    assert_in_range(known->asked, asked + 1, asked + 2); /* a probe may have been due as well */
    house_free(h);
}

/* What it answered to one asker says nothing of what others have waited for since: it is still
 * found out that it does not answer any more, before their patience ends. */
static void an_answer_to_one_leaves_no_other_waiting(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    struct site *third =
        house_site(h, PAGE_URL("third"), 200, PAGE_TYPE, "third-1.0-py3-none-any.whl" PLAIN);
    house_ask_page(h, "pkg");
    mute_page(h, "second");
    uint64_t begin = ch_now_boot_ms();
    house_send_page_ask(h, "second", 0);
    uint64_t ask = h->asks;
    while (ch_now_boot_ms() - begin < 1000) {
        house_turn(h, 50);
    }
    house_ask_page(h, "third");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    known->code = third->code = CH_E_TIMEOUT;
    size_t asked = known->asked;
    until_told(h, ask);
    assert_in_range(ch_now_boot_ms() - begin, 4000, 7000); /* 3 s after the answer */
    assert_int_equal(house_told(h, ask), 504);
    assert_int_equal(known->asked, asked + 1);
    assert_true(hangs(h));
    house_free(h);
}

/* What is taken down upstream is seen while it hangs for everybody else. */
static void t5_a_known_page_is_refreshed_while_it_hangs(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
                                    WHEEL PLAIN "pkg-2.0-py3-none-any.whl" PLAIN);
    struct site *witness =
        house_site(h, PAGE_URL("w"), 200, PAGE_TYPE, "w-1.0-py3-none-any.whl" PLAIN);
    house_ask_page(h, "pkg");
    house_ask_page(h, "w");
    known->code = witness->code = CH_E_TIMEOUT;
    mute_page(h, "second");
    house_ask_page(h, "second");
    assert_true(hangs(h));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN)->code = CH_OK;
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    assert_non_null(house_listed(h, "pkg-2.0-py3-none-any.whl")); /* at once, what is known */
    house_settle(h);
    ptrdiff_t at = page_find_file(page_get(h->k, CH_STR("pypi"), CH_STR("pkg")),
                                  CH_STR("pkg-2.0-py3-none-any.whl"));
    assert_true(at >= 0);
    assert_true(page_get(h->k, CH_STR("pypi"), CH_STR("pkg"))->facts.files[at].removed_at_us !=
                CH_TIME_UNKNOWN);
    assert_false(hangs(h)); /* an answer is an answer */
    house_free(h);
}

/* It is found out when it is back, and nobody has to ask for that. */
static void probes_find_out_when_it_is_back(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_ask_page(h, "pkg");
    known->code = CH_E_TIMEOUT;
    mute_page(h, "second");
    house_ask_page(h, "second");
    until_it_hangs(h, true);
    known->code = CH_OK;
    until_it_hangs(h, false);
    house_free(h);
}

/* The store knows what answered before. */
static void a_restart_keeps_the_witnesses(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_ask_page(h, "pkg");
    house_restart(h);
    house_ask_page(h, "pkg");
    assert_int_equal(known->asked, 1);
    mute_page(h, "second");
    house_ask_page(h, "second");
    assert_int_equal(h->page_reply.http_status, 503);
    assert_int_equal(known->asked, 2);
    assert_false(hangs(h));
    house_free(h);
}

/* Where nothing was ever answered, several names in a row do, and then the one asked for last. */
static void an_upstream_that_never_answered(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *last =
        house_site(h, PAGE_URL("last"), 200, PAGE_TYPE, "last-1.0-py3-none-any.whl" PLAIN);
    last->code = CH_E_TIMEOUT;
    const struct ch_upstream *up = ch_config_upstream(h->k->config, CH_STR("up"));
    house_ask_page(h, "last");
    assert_int_equal(h->page_reply.http_status, 504);
    upstream_hung(h->k, up);
    upstream_hung(h->k, up);
    house_settle(h);
    assert_int_equal(last->asked, 1);
    upstream_hung(h->k, up);
    until_it_hangs(h, true);
    assert_int_equal(last->asked, 2);
    last->code = CH_OK;
    until_it_hangs(h, false);
    page_get(h->k, CH_STR("pypi"), CH_STR("last"))->failed_at_us = 0;
    house_ask_page(h, "last");
    assert_non_null(house_listed(h, "last-1.0-py3-none-any.whl"));
    house_free(h);
}

/* Fetches that nobody waits for any more keep a connection each: there is an end to that. */
static void dawdling_pages_are_bounded(void **state)
{
    (void)state;
    struct house *h = house_new();
    uint64_t asks[24];
    size_t go_on = 0;
    h->hold = HOLD_ALL;
    for (unsigned i = 0; i < 24; i++) {
        char name[16];
        snprintf(name, sizeof(name), "slow%u", i);
        h->address = i % 2 == 0 ? "192.0.2.1" : "192.0.2.2";
        house_send_page_ask(h, name, 0);
        asks[i] = h->asks;
    }
    house_settle(h);
    assert_int_equal(house_holds(h), 24);
    for (unsigned i = 0; i < 24; i++) {
        until_told(h, asks[i]);
        go_on += house_told(h, asks[i]) == 503;
        assert_true(house_told(h, asks[i]) == 503 || house_told(h, asks[i]) == 504);
    }
    assert_int_equal(go_on, 16);
    house_settle(h);
    size_t cancelled = 0;
    for (size_t i = 0; i < h->held_count; i++) {
        cancelled += h->held[i].cancelled;
    }
    assert_int_equal(cancelled, 24 - 16);
    assert_int_equal(house_holds(h), 16 + 1); /* and the probe */
    /* One that goes on and ends leaves its place. */
    for (size_t i = 0; i < 24; i++) {
        if (h->held[i].fd >= 0) {
            house_let_go(h, (int)i);
            break;
        }
    }
    house_settle(h);
    const struct ch_upstream *up = ch_config_upstream(h->k->config, CH_STR("up"));
    assert_true(upstream_may_dawdle(h->k, up));
    assert_false(upstream_may_dawdle(h->k, up));
    upstream_dawdled(h->k, CH_STR("up"));
    house_free(h);
}

/* Who waits for a name that is slow by itself is told to come again, waits for the rest then, and
 * has the page when it comes: of one fetch. Only then is nothing waited for any more. */
static void a_slow_name_has_as_long_as_a_client_gives_it(void **state)
{
    (void)state;
    for (int comes = 0; comes < 2; comes++) {
        struct house *h = house_new();
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
        h->hold = HOLD_ALL;
        house_send_page_ask(h, "pkg", 0);
        uint64_t first = h->asks;
        house_settle(h);
        pages_wait_no_more(h->k, CH_STR("up")); /* as if the time had come */
        until_told(h, first);
        assert_int_equal(house_told(h, first), 503);
        assert_in_range(h->page_reply.retry_after_s, 1, 2);
        house_send_page_ask(h, "pkg", 0);
        uint64_t second = h->asks;
        house_settle(h);
        assert_int_equal(house_told(h, second), -1);
        if (comes) {
            house_let_go(h, house_held(h, "/simple/pkg/"));
            until_told(h, second);
            assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
            assert_non_null(house_listed(h, WHEEL));
        } else {
            pages_wait_no_more(h->k, CH_STR("up"));
            until_told(h, second);
            assert_int_equal(house_told(h, second), 504);
            house_send_page_ask(h, "pkg", 0); /* the next one is told at once */
            house_settle(h);
            assert_int_equal(house_told(h, h->asks), 504);
            house_let_go(h, house_held(h, "/simple/pkg/"));
            house_settle(h);
            house_ask_page(h, "pkg"); /* it was not given up for that */
            assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
        }
        assert_int_equal(h->held_count, 1);
        house_free(h);
    }
}

/* The page comes after patience with it has ended. */
static void comes_late(struct house *h, const char *project)
{
    char url[128];
    snprintf(url, sizeof(url), "up.example.org/simple/%s/", project);
    h->hold = HOLD_ALL;
    house_send_page_ask(h, project, 0);
    uint64_t ask = h->asks;
    house_settle(h);
    pages_wait_no_more(h->k, CH_STR("up"));
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), 503);
    house_let_go(h, house_held(h, url));
    house_settle(h);
    h->hold = HOLD_NONE;
}

/* Names that are slow, but come, take no witness's place: they would be silent as probes, too, and
 * shut the upstream for all. */
static void what_comes_late_is_no_witness(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_ask_page(h, "pkg");
    for (unsigned i = 0; i < 3; i++) {
        char name[16], url[128];
        snprintf(name, sizeof(name), "slow%u", i);
        snprintf(url, sizeof(url), PAGE_URL("%s"), name);
        struct site *slow = house_site(h, url, 200, PAGE_TYPE, "slow-1.0-py3-none-any.whl" PLAIN);
        comes_late(h, name);
        slow->code = CH_E_TIMEOUT; /* from now on */
    }
    size_t asked = known->asked;
    mute_page(h, "second");
    house_send_page_ask(h, "second", 0);
    uint64_t ask = h->asks;
    until_told(h, ask);
    assert_int_equal(house_told(h, ask), 503);
    assert_int_equal(known->asked, asked + 1);
    assert_false(hangs(h));
    house_free(h);
}

/* A name that one upstream does not know in the end is asked for at the next one: it is one of
 * those that nobody waits for there. */
static void what_dawdles_on_elsewhere_counts_there(void **state)
{
    (void)state;
    struct house *h = house_new();
    const struct ch_upstream *other = ch_config_upstream(h->k->config, CH_STR("other"));
    h->hold = HOLD_ALL;
    house_send_page_ask(h, "slow", 0);
    house_settle(h);
    pages_wait_no_more(h->k, CH_STR("up"));
    until_told(h, h->asks);
    house_let_go(h, house_held(h, "up.example.org"));
    house_settle(h);
    assert_true(house_held(h, "other.example.org") >= 0);
    for (unsigned i = 0; i < 16 - 1; i++) {
        assert_true(upstream_may_dawdle(h->k, other));
    }
    assert_false(upstream_may_dawdle(h->k, other));
    house_let_go(h, house_held(h, "other.example.org"));
    house_settle(h);
    assert_true(upstream_may_dawdle(h->k, other));
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slow_names_shut_nothing),
        cmocka_unit_test(an_upstream_without_any_answer_hangs),
        cmocka_unit_test(an_answer_to_one_leaves_no_other_waiting),
        cmocka_unit_test(a_slow_name_has_as_long_as_a_client_gives_it),
        cmocka_unit_test(t5_a_known_page_is_refreshed_while_it_hangs),
        cmocka_unit_test(probes_find_out_when_it_is_back),
        cmocka_unit_test(a_restart_keeps_the_witnesses),
        cmocka_unit_test(an_upstream_that_never_answered),
        cmocka_unit_test(dawdling_pages_are_bounded),
        cmocka_unit_test(what_comes_late_is_no_witness),
        cmocka_unit_test(what_dawdles_on_elsewhere_counts_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
