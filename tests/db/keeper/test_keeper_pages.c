/* Upstream pages: loading, owners, and what happens when an upstream fails or forgets. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/asks/ask_int.h"
#include "customhouse/limits.h"
#include "db/keeper/budget/hanging.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define NEXT  "pkg-1.1-py3-none-any.whl"
#define PLAIN " - 10 30\n"

/* Makes the next ask look upstream again. */
static void expire(struct house *h, const char *project)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), ch_str_of(project));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    p->failed_at_us = 0;
}

static void a_page_is_loaded_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *s = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_send_page_ask(h, "pkg", 0);
    house_send_page_ask(h, "pkg", 0);
    house_until(h, &h->page_here);
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_non_null(house_listed(h, WHEEL));
    assert_int_equal(s->asked, 1);
    uint64_t generation = h->page_reply.generation;
    house_send_page_ask(h, "pkg", generation);
    house_until(h, &h->page_here);
    assert_int_equal(h->page_reply.outcome, CH_PAGE_UNCHANGED);
    house_free(h);
}

static void an_unchanged_page_is_not_read_again(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *s = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_ask_page(h, "pkg");
    size_t scans = h->scans[0];
    expire(h, "pkg");
    house_ask_page(h, "pkg"); /* equal bytes */
    s->etag = "\"v1\"";
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    assert_int_equal(s->asked, 3);
    assert_int_equal(h->scans[0], scans);
    house_free(h);
}

/* An upstream whose pages lack sizes: from the second project on, both documents come at once, and
 * the one that is not there does not matter. */
static void details_are_asked_for_beside_the_page(void **state)
{
    (void)state;
    struct house *h = house_new_with(
        NULL,
        "listen:\n  - {address: '127.0.0.1:8080'}\n"
        "upstreams:\n"
        "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true,\n"
        "     api_url: 'https://up.example.org/pypi'}\n"
        "repositories:\n"
        "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n");
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n");
    house_site(h, "https://up.example.org/pypi/pkg/json", 200, "application/json", WHEEL PLAIN);
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, WHEEL)->size_bytes, 10);

    struct site *page =
        house_site(h, PAGE_URL("two"), 200, PAGE_TYPE, "two-1-py3-none-any.whl - - 30\n");
    struct site *details = house_site(h, "https://up.example.org/pypi/two/json", 200,
                                      "application/json", "two-1-py3-none-any.whl" PLAIN);
    page->mute = true;
    house_send_page_ask(h, "two", 0);
    house_settle(h);
    assert_int_equal(details->asked, 1); /* while the page itself has not come */
    assert_false(h->page_here);
    house_free(h); /* ends with one under way */
}

/* A page that has come is not lost for what its upstream adds to it elsewhere, and does not send: it
 * is answered without when patience ends, and asks for the rest once more, for as long as it takes. */
static void details_that_do_not_come_are_not_waited_for(void **state)
{
    (void)state;
    struct house *h = house_new_with(
        NULL,
        "listen:\n  - {address: '127.0.0.1:8080'}\n"
        "upstreams:\n"
        "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true,\n"
        "     api_url: 'https://up.example.org/pypi'}\n"
        "repositories:\n"
        "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n");
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n");
    struct site *details = house_site(h, "https://up.example.org/pypi/pkg/json", 200,
                                      "application/json", WHEEL PLAIN);
    details->mute_first = 1;
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_int_equal(house_listed(h, WHEEL)->size_bytes, CH_SIZE_UNKNOWN);
    assert_false(upstream_is_down(h->k, ch_config_upstream(h->k->config, CH_STR("up")),
                                  (struct ch_str){NULL, 0}));
    house_settle(h);
    assert_int_equal(details->asked, 2);
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, WHEEL)->size_bytes, 10);
    house_free(h);
}

static void details_that_are_not_there_do_not_matter(void **state)
{
    (void)state;
    struct house *h = house_new_with(
        NULL,
        "listen:\n  - {address: '127.0.0.1:8080'}\n"
        "upstreams:\n"
        "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true,\n"
        "     api_url: 'https://up.example.org/pypi'}\n"
        "repositories:\n"
        "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n");
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n");
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, WHEEL)->size_bytes, CH_SIZE_UNKNOWN);
    struct site *details = house_site(h, "https://up.example.org/pypi/two/json", 200,
                                      "application/json", "two-1-py3-none-any.whl" PLAIN);
    house_site(h, PAGE_URL("two"), 404, "text/plain", "");
    house_ask_page(h, "two");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NOT_FOUND);
    assert_int_equal(details->asked, 1);
    house_site(h, PAGE_URL("three"), 200, PAGE_TYPE, "three-1-py3-none-any.whl - - 30\n");
    house_site(h, "https://up.example.org/pypi/three/json", 200, "application/json",
               "three-1-py3-none-any.whl" PLAIN);
    house_ask_page(h, "three");
    assert_int_equal(house_listed(h, "three-1-py3-none-any.whl")->size_bytes, 10);
    house_free(h);
}

/* T7: a time that is missing on an upstream that is trusted for times holds until it is known,
 * however long the file has been there; where the times could not be had, they are asked for again
 * although the page is the same. */
static void t7_a_missing_time_holds_until_it_is_known(void **state)
{
    (void)state;
    struct house *h = house_new_with(
        NULL,
        "listen:\n  - {address: '127.0.0.1:8080'}\n"
        "upstreams:\n"
        "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true,\n"
        "     states_times: always, api_url: 'https://up.example.org/pypi'}\n"
        "repositories:\n"
        "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n");
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    struct site *page = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - 10 -\n");
    struct site *details =
        house_site(h, "https://up.example.org/pypi/pkg/json", 500, "text/plain", "");
    page->etag = "\"v1\"";
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "ten bytes.");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "cool-down");
    assert_str_eq(h->file.refusal.reason,
                  "the upstream has not said when it was released; held until it does");
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    assert_true(ch_str_find(
        ch_buf_str(&out),
        CH_STR("what would change it: the upstream stating when it was released; `states_times: "
               "never` of the upstream in customhouse.yaml, if it states no times at all; or:"),
        NULL));
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->facts.files[0].first_seen_at_us -= 900 * 86400 * 1000000LL; /* long ago */
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    for (int round = 0; round < 2; round++) {
        size_t asked = details->asked;
        if (round == 1) {
            details = house_site(h, "https://up.example.org/pypi/pkg/json", 200, "application/json",
                                 WHEEL " - 10 30\n");
        }
        expire(h, "pkg");
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, round == 0 ? CH_FILE_REFUSED : CH_FILE_ALLOW);
        assert_int_equal(details->asked, asked + 1);
    }
    size_t scans = h->scans[0];
    expire(h, "pkg");
    house_ask_page(h, "pkg"); /* from now on the same page is the same */
    assert_int_equal(details->asked, 3);
    assert_int_equal(h->scans[0], scans);
    ch_buf_done(&out);
    house_free(h);
}

/* What was learned at init is not held against what a page shows. */
static void t7_an_upstream_that_never_states_times_and_does(void **state)
{
    (void)state;
    for (int states = 0; states < 2; states++) {
        struct house *h =
            house_new_with(NULL, "listen:\n  - {address: '127.0.0.1:8080'}\n"
                                 "upstreams:\n"
                                 "  - {name: up, ecosystem: pypi, url: "
                                 "'https://up.example.org/simple', trust_times: true,\n"
                                 "     states_times: never}\n"
                                 "repositories:\n"
                                 "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n");
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE,
                   states ? WHEEL " - - -\n" NEXT " - - 30\n" : WHEEL " - - -\n" NEXT " - - -\n");
        house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, states ? CH_FILE_REFUSED : CH_FILE_ALLOW);
        house_free(h);
    }
}

static void t5_a_removed_file_is_held(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN NEXT PLAIN);
    house_site(h, FILE_URL(NEXT), 200, "application/zip", "next bytes");
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    assert_null(house_listed(h, NEXT));
    assert_false(house_serves(h, "next bytes"));
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "removed-upstream");
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN NEXT PLAIN);
    expire(h, "pkg");
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void t5_a_vanished_project_is_a_fact_when_confirmed(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - 5 30\n");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, "bytes"));
    /* once: a failure, what is known is served on */
    house_site(h, PAGE_URL("pkg"), 404, NULL, "");
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_true(house_serves(h, "bytes"));
    /* and it comes back: forgotten */
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - 5 30\n");
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    assert_int_equal(page_get(h->k, CH_STR("pypi"), CH_STR("pkg"))->gone_at_us, 0);
    /* twice: a fact, without anybody asking */
    h->k->gone_confirm_ms = 20;
    house_site(h, PAGE_URL("pkg"), 410, NULL, "");
    expire(h, "pkg");
    uint64_t epoch = h->epoch.epoch;
    house_ask_page(h, "pkg");
    uint64_t end = ch_now_boot_ms() + 5000;
    while (house_serves(h, "bytes") && ch_now_boot_ms() < end) {
        house_turn(h, 50);
    }
    assert_false(house_serves(h, "bytes"));
    assert_true(h->epoch.epoch > epoch);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "removed-upstream");
    house_ask_page(h, "pkg");
    assert_int_equal(h->page.file_count, 0);
    /* after a restart, too; and still owned */
    house_restart(h);
    house_ask_file(h, "pkg", WHEEL);
    assert_str_eq(h->file.refusal.rule, "removed-upstream");
    ch_buf_done(&out);
    house_free(h);
}

static void t12_the_first_that_has_it_owns_it(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *first = house_site(h, PAGE_URL("pkg"), 404, NULL, "");
    house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    /* the first one has it later: the owner stays, and the first is not asked */
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, NEXT PLAIN);
    size_t asked = first->asked;
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    assert_non_null(house_listed(h, WHEEL));
    assert_null(house_listed(h, NEXT));
    house_restart(h);
    house_ask_page(h, "pkg");
    assert_non_null(house_listed(h, WHEEL));
    assert_int_equal(first->asked, asked);
    house_free(h);
}

static void t12_an_error_is_never_next(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 503, "text/html", "");
    struct site *other = house_site(h, OTHER_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    assert_int_equal(h->page_reply.http_status, 502);
    struct site *first = house_site(h, PAGE_URL("pkg"), 200, NULL, "");
    first->code = CH_E_TIMEOUT;
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.http_status, 504);
    assert_int_equal(other->asked, 0);
    house_free(h);
}

/* Gateways that are each other's upstreams: each says for whom it asks, whichever upstream that is, and
 * passes on that it is a loop. */
static void t13_a_loop_of_several_is_seen(void **state)
{
    (void)state;
    struct house *h = house_new();
    h->via = "aa, bb";
    house_site(h, PAGE_URL("pkg"), 404, "text/html", "");
    house_site(h, OTHER_URL("pkg"), 508, "text/html", "")->code = CH_E_DENIED;
    house_ask_page(h, "pkg");
    assert_string_equal(h->fetch_via, "aa, bb");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    assert_int_equal(h->page_reply.http_status, 508);
    house_ask_file(h, "late", "late-1.0.tar.gz");
    assert_string_equal(h->fetch_via, "aa, bb");
    h->via = NULL;
    house_ask_page(h, "own");
    assert_string_equal(h->fetch_via, "");
    house_free(h);
}

static void t12_reserved_names_are_never_asked(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("corp-secret"), 200, PAGE_TYPE,
               "corp_secret-1.0-py3-none-any.whl" PLAIN);
    house_ask_page(h, "corp-secret");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NOT_FOUND);
    house_ask_file(h, "corp-secret", "corp_secret-1.0-py3-none-any.whl");
    assert_int_equal(h->file.outcome, CH_FILE_NOT_FOUND);
    assert_int_equal(h->fetches, 0);
    house_free(h);
}

static void known_content_outlives_a_failing_upstream(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *s = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_ask_page(h, "pkg");
    s->status = 500;
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->checked_at_us -= (int64_t)p->upstream->stale_hours * 3600 * 1000000;
    p->failed_at_us = 0;
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    house_free(h);
}

static void a_dawdling_upstream_does_not_hold_up_known_content(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *s = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_ask_page(h, "pkg");
    s->mute = true;
    expire(h, "pkg");
    uint64_t before = ch_now_boot_ms();
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    assert_in_range(ch_now_boot_ms() - before, 2000, 6000);
    house_free(h);
}

static void t5_an_older_answer_changes_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct site *s = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN NEXT PLAIN);
    s->last_modified = "Tue, 02 Jan 2024 10:00:00 GMT";
    house_ask_page(h, "pkg");
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    s = house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    s->last_modified = "Mon, 01 Jan 2024 10:00:00 GMT";
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    ptrdiff_t at = page_find_file(p, CH_STR(NEXT));
    assert_true(p->facts.files[at].removed_at_us == CH_TIME_UNKNOWN);
    s->last_modified = "Tue, 02 Jan 2024 10:00:01 GMT";
    expire(h, "pkg");
    house_ask_page(h, "pkg");
    at = page_find_file(p, CH_STR(NEXT));
    assert_true(p->facts.files[at].removed_at_us != CH_TIME_UNKNOWN);
    house_free(h);
}

static void t5_quarantine_holds_all(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, "status quarantined\n" WHEEL PLAIN);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->fetches, 1);
    house_free(h);
}

static void an_unreadable_page_is_no_page(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, "image/png", WHEEL PLAIN);
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    assert_int_equal(h->page_reply.http_status, 502);
    house_free(h);
}

/* What our disk refuses is said, but not where on this machine it is. */
static void no_client_learns_where_our_files_lie(void **state)
{
    (void)state;
    static const char fault[] = "db/customhouse.db: pin owner: ";
    uint64_t keep = ch_limits.store_reserve_bytes;
    struct house *h = house_new();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    ch_limits.store_reserve_bytes = UINT64_MAX / 2; /* more than any disk has left */
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    assert_true(ch_str_starts(h->page_reply.text, ch_str_of(fault)));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_true(ch_str_starts(h->file.text, ch_str_of(fault)));
    ch_limits.store_reserve_bytes = keep;

    struct ch_buf b;
    const char *const rows[][2] = {
        {"%s/db/x: no: %s/blobs/y", "db/x: no: blobs/y"},
        {"https://up.example.org%s/x", NULL}, /* an upstream's, which begins elsewhere */
        {"%sx: no", NULL},
    };
    ch_buf_init(&b, 1024);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf in;
        struct ch_str form = ch_str_of(rows[i][0]);
        size_t at;
        ch_buf_init(&in, 1024);
        while (ch_str_find(form, CH_STR("%s"), &at)) {
            ch_buf_puts(&in, ch_str_sub(form, 0, at));
            ch_buf_puts(&in, ch_str_of(h->folder));
            form = ch_str_sub(form, at + 2, form.len);
        }
        ch_buf_puts(&in, form);
        ch_buf_clear(&b);
        ask_put_error(h->k, ch_buf_str(&in), &b);
        assert_true(ch_str_eq(ch_buf_str(&b),
                              rows[i][1] != NULL ? ch_str_of(rows[i][1]) : ch_buf_str(&in)));
        ch_buf_done(&in);
    }
    ch_buf_done(&b);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_client_learns_where_our_files_lie),
        cmocka_unit_test(a_page_is_loaded_once),
        cmocka_unit_test(an_unchanged_page_is_not_read_again),
        cmocka_unit_test(details_are_asked_for_beside_the_page),
        cmocka_unit_test(details_that_do_not_come_are_not_waited_for),
        cmocka_unit_test(details_that_are_not_there_do_not_matter),
        cmocka_unit_test(t7_a_missing_time_holds_until_it_is_known),
        cmocka_unit_test(t7_an_upstream_that_never_states_times_and_does),
        cmocka_unit_test(t5_a_removed_file_is_held),
        cmocka_unit_test(t5_a_vanished_project_is_a_fact_when_confirmed),
        cmocka_unit_test(t5_an_older_answer_changes_nothing),
        cmocka_unit_test(t5_quarantine_holds_all),
        cmocka_unit_test(t12_the_first_that_has_it_owns_it),
        cmocka_unit_test(t12_an_error_is_never_next),
        cmocka_unit_test(t13_a_loop_of_several_is_seen),
        cmocka_unit_test(t12_reserved_names_are_never_asked),
        cmocka_unit_test(known_content_outlives_a_failing_upstream),
        cmocka_unit_test(a_dawdling_upstream_does_not_hold_up_known_content),
        cmocka_unit_test(an_unreadable_page_is_no_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
