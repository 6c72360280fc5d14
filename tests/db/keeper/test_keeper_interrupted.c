/* Inspections and fetches that are ended from outside: the host kills a jail, a worker or the service
 * ends. It says nothing about the bytes. */
#include "house.h"
#include "db/keeper/intake/intake_int.h"

#include <stdio.h>

#define WHEEL "pkg-1.0-py3-none-any.whl"

/* The strict jail's next jobs are ended from outside, so many times. */
static void house_kills(struct house *h, size_t times)
{
    house_ask_page(h, "pkg");
    h->kill_scans = times;
    house_ask_file(h, "pkg", WHEEL);
}

/* The pause after an interrupted inspection is over. */
static void pause_ends(struct house *h)
{
    size_t cursor = 0, found = 0;
    void *value;
    while (ch_map_next(h->k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        if (in->again) {
            in->not_before_us = keeper_now_us(h->k);
            intake_again_later(in);
            found++;
        }
    }
    assert_int_equal(found, 1);
    house_settle(h);
    house_turn(h, 20);
    house_settle(h);
}

static bool explains(struct house *h, const char *text)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    bool says = ch_str_find(ch_buf_str(&out), ch_str_of(text), NULL);
    ch_buf_done(&out);
    return says;
}

/* The host's memory killer, or somebody's kill -9, says nothing about the bytes. */
static void a_jail_that_is_killed_is_followed_by_another(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_kills(h, 2);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->scans[0], 1 + 3); /* the page, and the file three times */
    house_free(h);
}

static void what_was_interrupted_is_inspected_again_by_itself(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_kills(h, 3);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 503);
    assert_in_range(h->file.retry_after_s, 1, 15);
    assert_str_eq(h->file.text, "inspection was killed from outside (signal 9)");
    assert_true(explains(h, "  eligible"));
    assert_true(explains(h, "; it is tried again at "));
    assert_true(explains(h, "what would change it: inspecting it again, which begins by itself at "));
    assert_false(house_serves(h, "bytes"));
    house_restart(h); /* it is known after it, too */
    assert_true(explains(h, "what would change it: inspecting it again, which begins by itself at "));
    size_t fetches = h->fetches;
    pause_ends(h);
    assert_true(explains(h, "  allow"));
    assert_int_equal(h->fetches, fetches);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* One that ends the host's patience each time is held in the end, whatever restarts meanwhile. */
static void what_is_interrupted_each_time_is_held(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_kills(h, SIZE_MAX);
    for (int i = 1; i < INTAKE_BEGUN_MAX; i++) {
        assert_int_equal(h->file.outcome, CH_FILE_FAILED);
        assert_true(explains(h, "begins by itself"));
        if (i % 2 == 0) {
            house_restart(h);
            assert_true(explains(h, "begins by itself"));
        }
        pause_ends(h);
    }
    assert_int_equal(ch_map_count(h->k->intakes), 0);
    size_t scans = h->scans[0];
    assert_int_equal(scans, 1 + 3 * INTAKE_BEGUN_MAX);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_HOLD);
    assert_str_eq(h->file.refusal.rule, "inspection-failed");
    assert_str_eq(h->file.refusal.change, "inspecting it again: customhouse rescan FILE");
    assert_true(explains(h, "what would change it: inspecting it again: customhouse rescan FILE\n"));
    house_restart(h);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->scans[0], scans); /* it does not begin anew */
    char id[32];
    snprintf(id, sizeof(id), "%.*s", CH_STR_ARG(h->file.refusal.id));
    house_ask_refusal(h, id);
    assert_false(h->refusal.may_ask);
    /* what is advised works */
    h->kill_scans = 0;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->flag = "wait";
    assert_int_equal(house_command(h, false, "rescan", WHEEL, NULL, NULL, &out), 0);
    h->flag = NULL;
    ch_buf_done(&out);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* The service itself may be what ends each time. */
static void what_ends_the_service_each_time_is_held(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    h->mute_scans = false;
    house_ask_page(h, "pkg");
    h->mute_scans = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 10000, false);
    for (int i = 0; i < INTAKE_BEGUN_MAX; i++) {
        size_t before = h->scans[0];
        for (int turn = 0; turn < 200 && h->scans[0] == before; turn++) {
            house_turn(h, 20);
        }
        assert_int_equal(h->scans[0], before + 1);
        house_restart(h);
    }
    size_t scans = h->scans[0];
    house_settle(h);
    h->mute_scans = false;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "inspection-failed");
    assert_int_equal(h->scans[0], scans);
    house_free(h);
}

/* That is so once: who has it inspected again has that begun, whatever was before. */
static void a_rescan_that_ended_the_service_each_time_can_be_begun_anew(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    h->mute_scans = true;
    size_t before = h->scans[0];
    assert_int_equal(house_command(h, false, "rescan", WHEEL, NULL, NULL, &out), 0);
    house_settle(h); /* it is durable */
    for (int i = 0; i < INTAKE_BEGUN_MAX; i++, before++) {
        for (int turn = 0; turn < 200 && h->scans[0] == before; turn++) {
            house_turn(h, 20);
        }
        assert_int_equal(h->scans[0], before + 1);
        house_restart(h);
    }
    house_settle(h);
    h->mute_scans = false;
    size_t scans = h->scans[0];
    h->flag = "wait";
    assert_int_equal(house_command(h, false, "rescan", WHEEL, NULL, NULL, &out), 0);
    assert_int_equal(h->scans[0], scans + 1);
    ch_buf_done(&out);
    house_free(h);
}

/* What is served on an inspection that counts is not taken from anybody by one that was interrupted. */
static void an_interrupted_rescan_changes_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    h->kill_scans = 3;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->flag = "wait";
    assert_int_equal(house_command(h, false, "rescan", WHEEL, NULL, NULL, &out), 1);
    h->flag = NULL;
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("not inspected: inspection was killed from outside"), NULL));
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("; allow\n"), NULL));
    ch_buf_done(&out);
    assert_true(house_serves(h, "bytes"));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* A host that is too busy: it is not given the same at once again, and no file is held for it
 * before it was so each time. */
static void a_starved_jail_is_followed_by_another_after_a_pause(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_ask_page(h, "pkg");
    h->starve_scans = INTAKE_BEGUN_MAX - 1;
    house_ask_file(h, "pkg", WHEEL);
    for (size_t i = 1; i < INTAKE_BEGUN_MAX; i++) {
        assert_int_equal(h->scans[0], 1 + i); /* the page's was one */
        assert_int_equal(h->file.outcome, CH_FILE_FAILED);
        assert_int_equal(h->file.http_status, 503);
        assert_str_eq(
            h->file.text,
            "inspection got 12 s of CPU time in 900 s, so busy is the host, and was ended");
        assert_false(house_serves(h, "bytes"));
        pause_ends(h);
        if (i + 1 < INTAKE_BEGUN_MAX) {
            house_ask_file(h, "pkg", WHEEL);
        }
    }
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
    h = house_new();
    house_wheel(h, "bytes", 30);
    house_ask_page(h, "pkg");
    h->starve_scans = INTAKE_BEGUN_MAX; /* as bytes may, that have conquered the jail */
    house_ask_file(h, "pkg", WHEEL);
    for (size_t i = 1; i < INTAKE_BEGUN_MAX; i++) {
        pause_ends(h);
    }
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_HOLD);
    assert_int_equal(h->scans[0], 1 + INTAKE_BEGUN_MAX);
    house_free(h);
}

/* T7: by a clock that was set back meanwhile it is not put off. */
static void t7_a_clock_that_was_set_back_puts_nothing_off(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_str name = CH_STR(WHEEL);
    house_wheel(h, "bytes", 30);
    house_kills(h, 3);
    struct intake *in = intake_find(h->k, page_get(h->k, CH_STR("pypi"), CH_STR("pkg")), name);
    in->not_before_us += 86400 * INT64_C(1000000);
    intake_move(in, CH_INTAKE_FAILED);
    house_settle(h);
    house_restart(h);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.http_status, 503);
    assert_in_range(h->file.retry_after_s, 1, 15);
    house_free(h);
}

/* T12: the name may be an upstream's no more by then. Nobody is asked for its bytes. */
static void t12_a_name_that_was_taken_away_is_not_taken_up_again(void **state)
{
    (void)state;
    static const char *const repositories[] = {"upstreams: [up, other], reserved: [pkg]", "upstreams: [other]"};
    for (size_t i = 0; i < 2 * CH_ARRAY_LEN(repositories); i++) {
        struct house *h = house_new();
        struct ch_err err;
        char config[1024];
        struct ch_sha256 d = ch_sha256_of("bytes", 5);
        snprintf(config, sizeof(config),
                 "listen:\n  - {address: '127.0.0.1:8080'}\n"
                 "upstreams:\n"
                 "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"
                 "  - {name: other, ecosystem: pypi, url: 'https://other.example.org/simple'}\n"
                 "repositories:\n  - {name: pypi, ecosystem: pypi, %s}\n",
                 repositories[i / 2]);
        house_wheel(h, "bytes", 30);
        house_kills(h, 3);
        assert_int_equal(h->file.outcome, CH_FILE_FAILED);
        assert_ch_ok(&err, ch_blobs_evict(h->k->blobs, &d, &err));
        if (i % 2 == 1) { /* or on its way when the service ends */
            h->mute_fetches = true;
            pause_ends(h);
            h->mute_fetches = false;
        }
        size_t fetches = h->fetches;
        h->config = config;
        if (i % 2 == 0) {
            assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
            pause_ends(h);
        } else {
            house_restart(h);
            house_settle(h);
        }
        assert_int_equal(h->fetches, fetches);
        house_free(h);
    }
}

/* A page's client waits for one more jail, and is told why when there is no end to it. */
static void a_page_is_taken_up_again(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    h->kill_scans = 2;
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    house_free(h);
    h = house_new();
    house_wheel(h, "bytes", 30);
    h->kill_scans = 3;
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    assert_str_eq(h->page_reply.text,
                  "the upstream's page could not be read: its reading was killed from outside (signal 9)");
    assert_int_equal(h->page_reply.http_status, 503);
    assert_in_range(h->page_reply.retry_after_s, 1, 5); /* clients come again by themselves */
    house_free(h);
}

static void a_lost_scanner_is_forgiven(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "good bytes", 30);
    h->lose_scans = 2;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void a_scanner_lost_each_time_holds(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "deadly bytes", 30);
    h->lose_scans = SIZE_MAX;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_str_eq(h->file.text, "inspection was interrupted: the process that worked on it ended");
    for (int i = 1; i < INTAKE_BEGUN_MAX; i++) {
        pause_ends(h);
    }
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_HOLD);
    house_free(h);
}

/* Asks for a file whose fetch is under way until the fetcher ends, `times` times. */
static struct house *lose_fetchers(int times)
{
    struct house *h = house_new();
    house_wheel(h, "good bytes", 30);
    house_ask_page(h, "pkg");
    h->mute_fetches = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, false);
    for (int i = 0; i < times; i++) {
        house_settle(h);
        assert_false(h->file_here);
        h->mute_fetches = i < times - 1;
        house_disconnect(h, CH_ROLE_FETCHER);
        house_connect(h, CH_ROLE_FETCHER);
    }
    house_until(h, &h->file_here);
    return h;
}

static void a_lost_fetchers_work_is_taken_up_again(void **state)
{
    (void)state;
    struct house *h = lose_fetchers(2);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void a_fetcher_lost_three_times_fails_the_fetch(void **state)
{
    (void)state;
    struct house *h = lose_fetchers(3);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 502);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jail_that_is_killed_is_followed_by_another),
        cmocka_unit_test(what_was_interrupted_is_inspected_again_by_itself),
        cmocka_unit_test(what_is_interrupted_each_time_is_held),
        cmocka_unit_test(what_ends_the_service_each_time_is_held),
        cmocka_unit_test(a_rescan_that_ended_the_service_each_time_can_be_begun_anew),
        cmocka_unit_test(an_interrupted_rescan_changes_nothing),
        cmocka_unit_test(a_starved_jail_is_followed_by_another_after_a_pause),
        cmocka_unit_test(t7_a_clock_that_was_set_back_puts_nothing_off),
        cmocka_unit_test(t12_a_name_that_was_taken_away_is_not_taken_up_again),
        cmocka_unit_test(a_page_is_taken_up_again),
        cmocka_unit_test(a_lost_scanner_is_forgiven),
        cmocka_unit_test(a_scanner_lost_each_time_holds),
        cmocka_unit_test(a_lost_fetchers_work_is_taken_up_again),
        cmocka_unit_test(a_fetcher_lost_three_times_fails_the_fetch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
