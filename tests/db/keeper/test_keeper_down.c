/* Upstreams that are down: that answer errors, break connections, or say when to ask again. Who
 * asks then, for what is known and what is not, and what the upstream is asked meanwhile; and names
 * that fail by themselves, which is nobody else's. And how long an ask may take, at whose expense.
 * Silence is in test_keeper_hanging.c. */
#include "house.h"

#include <stdio.h>

#include "customhouse/limits.h"
#include "db/keeper/budget/hanging.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define PLAIN " - 5 30\n"

static struct page *page_of(struct house *h, const char *project)
{
    return page_get(h->k, CH_STR("pypi"), ch_str_of(project));
}

/* As long ago as makes it be asked for again. */
static void expire(struct house *h, const char *project)
{
    struct page *p = page_of(h, project);
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    p->failed_at_us = 0;
}

static bool is_down(struct house *h)
{
    return upstream_is_down(h->k, ch_config_upstream(h->k->config, CH_STR("up")),
                            (struct ch_str){NULL, 0});
}

static void until_down(struct house *h, bool wanted)
{
    uint64_t begin = ch_now_boot_ms();
    while (is_down(h) != wanted) {
        house_turn(h, 50);
        assert_in_range(ch_now_boot_ms() - begin, 0, 20000);
    }
}

static struct site *wheel_page(struct house *h, const char *project)
{
    char url[128], body[128];
    snprintf(url, sizeof(url), PAGE_URL("%s"), project);
    snprintf(body, sizeof(body), "%s-1.0-py3-none-any.whl" PLAIN, project);
    return house_site(h, url, 200, PAGE_TYPE, body);
}

static struct site *failing_page(struct house *h, const char *project, uint32_t status,
                                 uint32_t retry_after_s)
{
    struct site *s = wheel_page(h, project);
    s->status = status;
    s->retry_after_s = retry_after_s;
    return s;
}

static void assert_says(const struct house *h, const char *text)
{
    assert_true(ch_str_find(h->page_reply.text, ch_str_of(text), NULL));
}

/* The page fails, and so does the one that came before: from then on nobody waits, and the upstream
 * is not asked for each name again. */
static void failures_open_it(void **state)
{
    (void)state;
    const struct {
        uint32_t status;
        enum ch_code code;
    } rows[] = {{500, CH_OK},     {503, CH_OK}, {429, CH_OK}, {0, CH_E_UPSTREAM}, /* refused */
                {0, CH_E_CLOSED},                                                 /* reset */
                {0, CH_E_FORMAT} /* no HTTP */};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = house_new();
        struct site *known = wheel_page(h, "pkg"), *third = wheel_page(h, "third");
        house_ask_page(h, "pkg");
        failing_page(h, "second", rows[i].status, 0)->code = rows[i].code;
        known->status = third->status = rows[i].status;
        known->code = third->code = rows[i].code;
        house_ask_page(h, "second");
        assert_int_equal(h->page_reply.http_status, 502);
        house_settle(h);
        assert_true(is_down(h));
        assert_int_equal(known->asked, 2); /* as a witness, once */
        house_ask_page(h, "third");
        assert_int_equal(h->page_reply.http_status, 504);
        assert_says(h, "the upstream up does not answer at the moment");
        assert_says(h, "it is asked again in");
        assert_in_range(h->page_reply.retry_after_s, 1, 5);
        assert_int_equal(third->asked, 0);
        house_free(h);
    }
}

/* What is known is answered at once, and asked for behind it (T5); what is too old is refused. */
static void known_pages_are_answered(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = wheel_page(h, "pkg");
    house_ask_page(h, "pkg");
    known->code = CH_E_UPSTREAM;
    expire(h, "pkg");
    house_ask_page(h, "pkg"); /* it fails, and is known */
    assert_non_null(house_listed(h, WHEEL));
    until_down(h, true);
    known->mute = true;
    expire(h, "pkg");
    uint64_t begin = ch_now_boot_ms();
    house_ask_page(h, "pkg");
    assert_non_null(house_listed(h, WHEEL));
    assert_in_range(ch_now_boot_ms() - begin, 0, 1000);
    page_of(h, "pkg")->checked_at_us -=
        (int64_t)page_of(h, "pkg")->upstream->stale_hours * 3600 * 1000000;
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.http_status, 504);
    assert_says(h, "the upstream up does not answer at the moment");
    house_free(h);
}

/* A known page that does not come is waited for once, not by each who asks for it; and it is reason
 * enough to look whether others come. */
static void a_known_page_is_waited_for_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = wheel_page(h, "pkg");
    wheel_page(h, "other");
    house_ask_page(h, "pkg");
    house_ask_page(h, "other");
    size_t asked = known->asked;
    known->mute = true;
    expire(h, "pkg");
    uint64_t begin = ch_now_boot_ms();
    house_ask_page(h, "pkg");
    assert_non_null(house_listed(h, WHEEL));
    assert_in_range(ch_now_boot_ms() - begin, 2000, 5000);
    begin = ch_now_boot_ms();
    for (unsigned i = 0; i < 3; i++) {
        house_ask_page(h, "pkg");
        assert_non_null(house_listed(h, WHEEL));
    }
    assert_in_range(ch_now_boot_ms() - begin, 0, 1000);
    house_settle(h);
    assert_int_equal(known->asked, asked + 2); /* the page, and as a witness */
    assert_false(is_down(h));                  /* the other one was answered */
    house_free(h);
}

/* Names that fail say nothing of others: anybody may ask for them, as often as he likes, and that
 * is not handed on to the witnesses either. */
static void failing_names_shut_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = wheel_page(h, "pkg");
    wheel_page(h, "second");
    house_ask_page(h, "pkg");
    for (unsigned i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof(name), "bad%u", i);
        failing_page(h, name, i % 2 == 0 ? 500 : 503, i % 3 == 0 ? 60 : 0);
        house_ask_page(h, name);
        assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
        assert_false(is_down(h));
    }
    house_settle(h);
    assert_false(is_down(h));
    assert_in_range(known->asked, 2, 3);
    house_ask_page(h, "second");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    house_free(h);
}

/* It says when it wants to be asked again: so long it is not asked at all, for nothing; clients are
 * told the same. */
static void retry_after_is_obeyed(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = failing_page(h, "pkg", 200, 0), *other = wheel_page(h, "other");
    house_ask_page(h, "pkg");
    house_ask_page(h, "other");
    known->status = other->status = 503;
    known->retry_after_s = other->retry_after_s = 3;
    struct site *second = failing_page(h, "second", 503, 3);
    house_ask_page(h, "second");
    assert_int_equal(h->page_reply.http_status, 503); /* pip and uv wait by themselves */
    assert_int_equal(h->page_reply.retry_after_s, 3);
    house_settle(h);
    assert_true(is_down(h));
    assert_int_equal(known->asked + other->asked, 2 + 1); /* one witness, not all */
    size_t fetches = h->fetches;
    uint64_t begin = ch_now_boot_ms();
    while (ch_now_boot_ms() - begin < 2000) {
        expire(h, "pkg");
        house_ask_page(h, "pkg");
        assert_non_null(house_listed(h, WHEEL));
        house_ask_page(h, "third");
        assert_int_equal(h->page_reply.http_status, 503);
        assert_in_range(h->page_reply.retry_after_s, 1, 3);
        house_turn(h, 50);
    }
    house_ask_file(h, "pkg", WHEEL); /* the same server has the files */
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 503);
    assert_true(h->file.retry_after_s > 0);
    house_ask_part(h, "other", "other-1.0-py3-none-any.whl", CH_PART_METADATA, 8000);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->fetches, fetches);
    assert_int_equal(second->asked, 1);
    known->status = other->status = second->status = 200;
    until_down(h, false);
    assert_in_range(ch_now_boot_ms() - begin, 2000, 5000);
    assert_int_equal(h->fetches, fetches + 1); /* half open: one question */
    house_turn(h, 50); /* the page's own rest is by the clock of its row, and some ms behind */
    house_ask_page(h, "second");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    house_free(h);
}

/* T5: nor for the second word on a project that it said was gone; that is asked for when it may be.
 */
static void retry_after_comes_before_a_vanished_project(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = wheel_page(h, "pkg"), *other = wheel_page(h, "other");
    house_ask_page(h, "pkg");
    house_ask_page(h, "other");
    known->status = 404;
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    struct page *p = page_of(h, "pkg");
    assert_true(p->gone_at_us != 0);
    known->status = other->status = 503;
    known->retry_after_s = other->retry_after_s = 3;
    failing_page(h, "second", 503, 3);
    house_ask_page(h, "second");
    house_settle(h);
    assert_true(is_down(h));
    assert_true(p->gone_at_us != 0);
    size_t fetches = h->fetches;
    known->status = 404;
    ch_loop_set_timer(h->k->child.loop, &p->confirm,
                      ch_loop_now_ms(h->k->child.loop)); /* it is time */
    house_turn(h, 20);
    house_settle(h);
    assert_int_equal(h->fetches, fetches);
    assert_in_range(p->confirm.at_ms - ch_loop_now_ms(h->k->child.loop), 1, 3000);
    uint64_t begin = ch_now_boot_ms();
    while (known->asked < 4) { /* known, gone, the witness, confirmed */
        house_turn(h, 50);
        assert_in_range(ch_now_boot_ms() - begin, 0, 10000);
    }
    house_free(h);
}

/* A day would be a way to shut it for good; and no client sleeps for minutes without a word. */
static void retry_after_has_bounds(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = wheel_page(h, "pkg");
    house_ask_page(h, "pkg");
    known->status = 429;
    known->retry_after_s = UINT32_MAX;
    failing_page(h, "second", 429, UINT32_MAX);
    house_ask_page(h, "second");
    house_settle(h);
    assert_true(is_down(h));
    house_ask_page(h, "third");
    assert_int_equal(h->page_reply.http_status, 504);
    assert_in_range(h->page_reply.retry_after_s, 1, ch_limits.upstream_rest_ms / 1000);
    assert_says(h, "wants to be asked again in");
    house_free(h);
}

/* Of one name alone it is that name's: others are asked for. */
static void retry_after_of_one_name(void **state)
{
    (void)state;
    struct house *h = house_new();
    wheel_page(h, "pkg");
    house_ask_page(h, "pkg");
    struct site *one = failing_page(h, "one", 503, 20);
    house_ask_page(h, "one");
    house_settle(h);
    assert_false(is_down(h));
    struct page *p = page_of(h, "one");
    p->failed_at_us -= 10 * 1000000LL; /* long after any other failure would be forgotten */
    house_ask_page(h, "one");
    assert_int_equal(h->page_reply.http_status, 503);
    assert_in_range(h->page_reply.retry_after_s, 15, 20);
    assert_int_equal(one->asked, 1);
    wheel_page(h, "third");
    house_ask_page(h, "third");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    house_free(h);
}

/* T5: after the clock was set back, what failed is not left alone until it is as late again. */
static void a_clock_set_back_hides_no_failure(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = wheel_page(h, "pkg");
    house_ask_page(h, "pkg");
    struct page *p = page_of(h, "pkg");
    expire(h, "pkg");
    p->failed_at_us = keeper_now_us(h->k) + 3600 * 1000000LL;
    p->rest_until_us = p->failed_at_us + 20 * 1000000LL;
    size_t asked = known->asked;
    house_ask_page(h, "pkg");
    assert_int_equal(known->asked, asked + 1);
    assert_true(p->failed_at_us == 0);
    house_free(h);
}

/* What was found out a while ago is a suspicion: it refuses nobody. */
static void an_old_finding_refuses_nobody(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *known = wheel_page(h, "pkg");
    wheel_page(h, "third");
    house_ask_page(h, "pkg");
    known->status = 429;
    known->retry_after_s = 1;
    failing_page(h, "second", 429, 1);
    house_ask_page(h, "second");
    house_settle(h);
    assert_true(is_down(h));
    ch_limits.upstream_wanted_ms = 500;
    uint64_t begin = ch_now_boot_ms();
    while (ch_now_boot_ms() - begin < 1500) {
        house_turn(h, 50);
    }
    assert_int_equal(known->asked, 2); /* nobody wants anything of it: it is not asked */
    house_ask_page(h, "third");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_false(is_down(h));
    ch_limits.upstream_wanted_ms = 60000;
    house_free(h);
}

/* An upstream that is on another server by now is not down for what the former one did; that is not
 * asked any more. */
static void another_server_is_not_down(void **state)
{
    (void)state;
    static const char moved[] = "listen:\n  - {address: '127.0.0.1:8080'}\n"
                                "upstreams:\n  - {name: up, ecosystem: pypi, "
                                "url: 'https://new.example.org/simple'}\n"
                                "repositories:\n"
                                "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n";
    struct house *h = house_new();
    struct ch_setup texts = {.policy_name = CH_STR("policy.yaml"),
                             .policy_text = CH_STR("version: 1\n"),
                             .config_name = CH_STR("customhouse.yaml"),
                             .config_text = ch_str_of(moved)};
    struct ch_err err;
    struct site *known = wheel_page(h, "pkg");
    house_ask_page(h, "pkg");
    known->status = 503;
    known->retry_after_s = 20;
    failing_page(h, "second", 503, 20);
    house_ask_page(h, "second");
    house_settle(h);
    assert_true(is_down(h));
    assert_ch_ok(&err, house_reload_texts(h, &texts, &err));
    assert_false(is_down(h));
    house_site(h, "https://new.example.org/simple/third/", 200, PAGE_TYPE,
               "third-1.0-py3-none-any.whl" PLAIN);
    house_ask_page(h, "third");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    size_t asked = known->asked;
    house_site(h, "https://new.example.org/simple/fourth/", 500, PAGE_TYPE, "");
    house_ask_page(h, "fourth"); /* its witness is a page of the new one */
    house_settle(h);
    assert_false(is_down(h));
    assert_int_equal(known->asked, asked);
    house_free(h);
}

/* The fetcher's end is not the upstream's. */
static void a_lost_fetcher_says_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    wheel_page(h, "pkg");
    house_ask_page(h, "pkg");
    struct site *second = wheel_page(h, "second");
    second->mute = true;
    house_send_page_ask(h, "second", 0);
    house_settle(h);
    for (unsigned i = 0; i < 4; i++) {
        house_disconnect(h, CH_ROLE_FETCHER);
        house_connect(h, CH_ROLE_FETCHER);
        house_settle(h);
    }
    house_until(h, &h->page_here);
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    house_settle(h);
    assert_false(is_down(h));
    house_free(h);
}

/* T14: a page that is known and old is asked for at somebody's expense, too. Whoever is over budget
 * is answered as it is known; another's ask is not kept from bringing a newer one. */
static void refreshes_are_charged(void **state)
{
    (void)state;
    struct house *h = house_new();
    const char *const names[] = {"pkg", "second", "third"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        wheel_page(h, names[i]);
        house_ask_page(h, names[i]);
        expire(h, names[i]);
    }
    const struct ch_limits limits = ch_limits;
    ch_limits.cold_parallel = 2;
    h->address = "192.0.2.1";
    h->hold = HOLD_ALL;
    house_send_page_ask(h, "pkg", 0);
    house_send_page_ask(h, "second", 0);
    house_settle(h);
    assert_int_equal(house_holds(h), 2);
    house_send_page_ask(h, "third", 0);
    uint64_t third = h->asks;
    house_settle(h);
    assert_int_equal(house_holds(h), 2);
    assert_int_equal(house_told(h, third), -1);
    h->address = "192.0.2.2";
    house_send_page_ask(h, "third", 0);
    house_settle(h);
    assert_int_equal(house_holds(h), 3);
    house_let_go(h, house_held(h, "third"));
    house_settle(h);
    assert_int_equal(house_told(h, third), 200); /* it cost its client nothing */
    expire(h, "third");
    h->address = "192.0.2.1";
    size_t fetches = h->fetches;
    uint64_t begin = ch_now_boot_ms();
    ch_limits.cold_parallel = 0;
    house_send_page_ask(h, "third", 0); /* nobody else wants it now */
    third = h->asks;
    while (house_told(h, third) < 0) {
        house_turn(h, 50);
        assert_in_range(ch_now_boot_ms() - begin, 0, 5000);
    }
    assert_int_equal(house_told(h, third), 200);
    assert_in_range(ch_now_boot_ms() - begin, 2900, 5000);
    assert_int_equal(h->fetches, fetches);
    assert_false(page_of(h, "third")->refreshing);
    house_let_go(h, house_held(h, "pkg"));
    house_let_go(h, house_held(h, "second"));
    house_settle(h);
    ch_limits = limits;
    house_free(h);
}

/* What an ask waits for adds up: for budget, then for the upstream. It has one end for all, after
 * which it is told to come again; the page goes on, and others wait for it as long as they may. */
static void an_ask_has_one_end(void **state)
{
    (void)state;
    struct house *h = house_new();
    const struct ch_limits limits = ch_limits;
    ch_limits.cold_parallel = 1;
    ch_limits.cold_page_wait_ms = 1500;
    ch_limits.page_answer_ms = 2000;
    wheel_page(h, "pkg");
    wheel_page(h, "second");
    h->address = "192.0.2.1";
    h->hold = HOLD_ALL;
    uint64_t begin = ch_now_boot_ms();
    house_send_page_ask(h, "pkg", 0);
    house_send_page_ask(h, "second", 0);
    uint64_t ask = h->asks;
    while (ch_now_boot_ms() - begin < 1000) {
        house_turn(h, 50);
    }
    assert_true(house_held(h, "second") < 0);
    house_let_go(h, house_held(h, "pkg"));
    house_settle(h);
    assert_true(house_held(h, "second") >= 0);
    ch_limits.page_answer_ms = 10000;
    h->address = "192.0.2.2";
    house_send_page_ask(h, "second", 0);
    uint64_t other = h->asks;
    while (house_told(h, ask) < 0) {
        house_turn(h, 50);
        assert_in_range(ch_now_boot_ms() - begin, 0, 4000);
    }
    assert_in_range(ch_now_boot_ms() - begin, 1900, 4000);
    assert_int_equal(house_told(h, ask), 503);
    assert_says(h, "its upstream's index page has not come yet, try again in about");
    assert_in_range(h->page_reply.retry_after_s, 1, 8);
    assert_int_equal(house_told(h, other), -1);
    house_let_go(h, house_held(h, "second"));
    house_settle(h);
    assert_int_equal(house_told(h, other), 200);
    ch_limits = limits;
    house_free(h);
}

/* Of a file it is the same end: what its page took is not there for its inspection any more. */
static void a_file_has_one_end(void **state)
{
    (void)state;
    struct house *h = house_new();
    wheel_page(h, "pkg");
    h->hold = HOLD_ALL;
    uint64_t begin = ch_now_boot_ms();
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 1000, false);
    house_until(h, &h->file_here);
    assert_in_range(ch_now_boot_ms() - begin, 900, 4000);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    assert_true(h->file.retry_after_s > 0);
    house_let_go(h, house_held(h, "simple/pkg"));
    house_settle(h);
    house_free(h);
}

/* Where the index does not state the size, HEAD waits as GET does, and has the same answer. */
static void head_of_a_file_without_a_size(void **state)
{
    (void)state;
    struct house *h = house_new();
    char body[128];
    snprintf(body, sizeof(body), "%s - - 30\n", WHEEL);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, body);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_ask_page(h, "pkg");
    h->hold = HOLD_FILES;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 300, true);
    uint64_t begin = ch_now_boot_ms();
    house_until(h, &h->file_here);
    assert_in_range(ch_now_boot_ms() - begin, 250, 4000);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, true);
    house_settle(h);
    house_let_go(h, house_held(h, WHEEL));
    house_until(h, &h->file_here);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->file.size_bytes, 5);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failures_open_it),
        cmocka_unit_test(known_pages_are_answered),
        cmocka_unit_test(a_known_page_is_waited_for_once),
        cmocka_unit_test(failing_names_shut_nothing),
        cmocka_unit_test(retry_after_is_obeyed),
        cmocka_unit_test(retry_after_comes_before_a_vanished_project),
        cmocka_unit_test(retry_after_has_bounds),
        cmocka_unit_test(retry_after_of_one_name),
        cmocka_unit_test(a_clock_set_back_hides_no_failure),
        cmocka_unit_test(an_old_finding_refuses_nobody),
        cmocka_unit_test(another_server_is_not_down),
        cmocka_unit_test(a_lost_fetcher_says_nothing),
        cmocka_unit_test(refreshes_are_charged),
        cmocka_unit_test(an_ask_has_one_end),
        cmocka_unit_test(a_file_has_one_end),
        cmocka_unit_test(head_of_a_file_without_a_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
