/* A large page is judged in slices: what goes on between them, and what of it the listing has. One file a turn, so that
 * what comes between comes between. */
#include "house.h"

#include <stdio.h>

#include "db/keeper/pages/refresh_int.h"

#include "customhouse/limits.h"

#define FILES 40
#define GOOD  "pkg-1.0-py3-none-any.whl"

/* big: versions 0.0 to 39.0, two wheels each, old enough. */
static struct house *open_house(const char *policy)
{
    struct house *h = house_new_with(policy, NULL);
    struct ch_buf text;
    ch_buf_init(&text, 1u << 20);
    for (unsigned i = 0; i < FILES; i++) {
        ch_buf_printf(&text, "big-%u.0-py3-none-any.whl - 10 30\nbig-%u.0-py2-none-any.whl - 10 30\n", i, i);
    }
    ch_buf_putc(&text, '\0');
    house_site(h, PAGE_URL("big"), 200, PAGE_TYPE, text.ptr);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, GOOD " - 4 30\n");
    house_site(h, FILE_URL(GOOD), 200, "application/zip", "fine");
    ch_buf_done(&text);
    ch_limits.judge_files = 1;
    return h;
}

static void close_house(struct house *h)
{
    ch_limits.judge_files = 4000;
    house_free(h);
}

static struct page *big(struct house *h)
{
    return page_get(h->k, CH_STR("pypi"), CH_STR("big"));
}

/* The page was asked for, and of its files a few are judged. */
static void judge_some(struct house *h)
{
    house_send_page_ask(h, "big", 0);
    while (big(h)->listing.rows == NULL || big(h)->listing.next < 5) {
        house_turn(h, 0);
    }
    assert_false(h->page_here);
    assert_true(big(h)->listing.next < FILES);
}

static void files_and_leases_do_not_wait_for_it(void **state)
{
    (void)state;
    struct house *h = open_house("version: 1\n");
    house_ask_file(h, "pkg", GOOD);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    judge_some(h);
    house_send_file_ask(h, "pkg", GOOD, CH_PART_FILE, 0, false);
    atomic_store(&h->epoch.lease_until_boot_ms, 0);
    ch_loop_set_timer(h->loop, &h->k->lease_timer, ch_now_boot_ms());
    h->file_here = false;
    house_until(h, &h->file_here);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    while (atomic_load(&h->epoch.lease_until_boot_ms) == 0) {
        house_turn(h, 0);
    }
    assert_false(h->page_here);
    house_until(h, &h->page_here);
    assert_int_equal(h->page.file_count, 2 * FILES);
    close_house(h);
}

/* Who asks meanwhile waits for the same. */
static void all_who_ask_are_answered_once_it_is_judged(void **state)
{
    (void)state;
    struct house *h = open_house("version: 1\n");
    judge_some(h);
    uint64_t first = h->asks;
    house_send_page_ask(h, "big", 0);
    house_until(h, &h->page_here);
    until_told(h, first + 1);
    assert_int_equal(house_told(h, first), 200);
    assert_int_equal(house_told(h, first + 1), 200);
    close_house(h);
}

/* No listing has files of the one policy beside files of the other. */
static void another_policy_counts_for_all_of_it(void **state)
{
    (void)state;
    struct house *h = open_house("version: 1\ncool_down_days: 7\n");
    struct ch_err err;
    judge_some(h);
    assert_true(big(h)->listing.rows[0].available);
    assert_ch_ok(&err, house_reload(h, "version: 1\ncool_down_days: 400\n", &err));
    house_until(h, &h->page_here);
    assert_int_equal(h->page.file_count, 2 * FILES);
    for (size_t i = 0; i < 2 * FILES; i++) {
        assert_false(big(h)->listing.rows[i].available);
        assert_string_equal(listing_text(big(h), big(h)->listing.rows[i].rule).ptr, "cool-down");
    }
    close_house(h);
}

/* T10: a file of a version whose rows were judged turns out to be an attack. */
static void a_finding_counts_for_what_was_judged_before(void **state)
{
    (void)state;
    struct house *h = open_house("version: 1\n");
    house_site(h, FILE_URL("big-0.0-py2-none-any.whl"), 200, "application/zip", "attack");
    judge_some(h);
    assert_true(big(h)->listing.rows[0].available);
    house_ask_file(h, "big", "big-0.0-py2-none-any.whl");
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    house_until(h, &h->page_here);
    house_ask_page(h, "big"); /* the first answer may have been ready before the finding came */
    struct page *p = big(h);
    assert_false(p->listing.rows[page_find_file(p, CH_STR("big-0.0-py2-none-any.whl"))].available);
    assert_false(p->listing.rows[page_find_file(p, CH_STR("big-0.0-py3-none-any.whl"))].available);
    assert_true(p->listing.rows[page_find_file(p, CH_STR("big-1.0-py3-none-any.whl"))].available);
    assert_int_equal(house_listed(h, "big-0.0-py3-none-any.whl")->listing, CH_LIST_YANKED);
    close_house(h);
}

/* The gateway that asked first is gone, and the page is forgotten or read anew: nobody is answered twice, or never. */
static void a_page_that_is_taken_away_meanwhile_is_asked_for_anew(void **state)
{
    (void)state;
    struct house *h = open_house("version: 1\n");
    judge_some(h);
    pages_roll_back(h->k); /* what it knows was not stored */
    if (big(h)->load == PAGE_READY) {
        page_unload(big(h));
    }
    house_until(h, &h->page_here);
    assert_true(h->page_reply.outcome == CH_PAGE_NEW || h->page_reply.http_status == 502);
    house_ask_page(h, "big");
    assert_int_equal(h->page.file_count, 2 * FILES);
    close_house(h);
}

/* --- a large answer is merged on a thread --- */

static struct house *open_with_thread(void)
{
    struct house *h = open_house("version: 1\n");
    ch_limits.judge_files = 4000;
    ch_limits.merge_bytes = 0;
    return h;
}

static void close_with_thread(struct house *h)
{
    ch_limits.merge_bytes = 4194304;
    house_free(h);
}

/* The upstream has another page now, and was asked for it: its answer is being merged. */
static void begin_merge(struct house *h, const char *text)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_send_page_ask(h, "pkg", 0);
    while (p->refresh == NULL || !p->refresh->merging) {
        house_turn(h, 0);
    }
}

#define MORE GOOD " - 4 30\npkg-2.0-py3-none-any.whl - 4 30\n"

static void what_is_merged_on_a_thread_is_known_after(void **state)
{
    (void)state;
    struct house *h = open_with_thread();
    house_ask_page(h, "pkg");
    assert_int_equal(h->page.file_count, 1);
    assert_true(page_get(h->k, CH_STR("pypi"), CH_STR("pkg"))->facts.files[0].baseline);
    begin_merge(h, MORE);
    house_until(h, &h->page_here);
    assert_int_equal(h->page.file_count, 2);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_true(p->facts.files[0].baseline);
    assert_false(p->facts.files[1].baseline);
    house_restart(h); /* the store has the same */
    house_ask_page(h, "pkg");
    assert_int_equal(h->page.file_count, 2);
    close_with_thread(h);
}

/* T4, T5: the group of writes that what is known came in is lost while it is merged with. */
static void what_was_merged_with_facts_that_are_lost_does_not_count(void **state)
{
    (void)state;
    struct house *h = open_with_thread();
    house_ask_page(h, "pkg");
    begin_merge(h, MORE);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    page_wrote(p);
    pages_roll_back(h->k);
    assert_int_equal(p->load, PAGE_READY);
    assert_true(p->refresh->overtaken);
    house_until(h, &h->page_here);
    assert_int_equal(h->page.file_count, 1);
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    house_ask_page(h, "pkg"); /* the next answer says it again */
    assert_int_equal(h->page.file_count, 2);
    close_with_thread(h);
}

/* T7: it was merged before these bytes came, which had no hash then. */
static void bytes_that_come_meanwhile_are_compared_too(void **state)
{
    (void)state;
    struct house *h = open_with_thread();
    house_ask_page(h, "pkg");
    begin_merge(h, MORE);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->files[0].artifact = ch_sha256_of("fine", 4);
    house_until(h, &h->page_here);
    assert_int_equal(p->facts.file_count, 1);
    close_with_thread(h);
}

static void a_keeper_ends_while_one_is_merged(void **state)
{
    (void)state;
    struct house *h = open_with_thread();
    house_ask_page(h, "pkg");
    begin_merge(h, MORE);
    house_restart(h);
    house_ask_page(h, "pkg");
    assert_true(h->page.file_count == 1); /* known, and not asked for again yet */
    close_with_thread(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_leases_do_not_wait_for_it),
        cmocka_unit_test(all_who_ask_are_answered_once_it_is_judged),
        cmocka_unit_test(another_policy_counts_for_all_of_it),
        cmocka_unit_test(a_finding_counts_for_what_was_judged_before),
        cmocka_unit_test(a_page_that_is_taken_away_meanwhile_is_asked_for_anew),
        cmocka_unit_test(what_is_merged_on_a_thread_is_known_after),
        cmocka_unit_test(what_was_merged_with_facts_that_are_lost_does_not_count),
        cmocka_unit_test(bytes_that_come_meanwhile_are_compared_too),
        cmocka_unit_test(a_keeper_ends_while_one_is_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
