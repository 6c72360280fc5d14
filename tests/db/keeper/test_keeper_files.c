/* Files on their way through a keeper: wanted, fetched, inspected, decided, served, withdrawn. */
#include "house.h"
#include "db/keeper/intake_int.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define WHEEL "pkg-1.0-py3-none-any.whl"

/* The linker puts this before the store's own (CMakeLists.txt): a commit that the disk refuses. */
static bool fail_commits;
enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, err);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(err, CH_E_FULL, "no space left");
}

/* And before publishing: a disk that takes its time. */
static atomic_bool publish_slowly;
enum ch_code __real_ch_blobs_publish(struct ch_blobs *b, uint64_t job, struct ch_sha256 *sha256,
                                     uint64_t *size, struct ch_err *err);
enum ch_code __wrap_ch_blobs_publish(struct ch_blobs *b, uint64_t job, struct ch_sha256 *sha256,
                                     uint64_t *size, struct ch_err *err);
enum ch_code __wrap_ch_blobs_publish(struct ch_blobs *b, uint64_t job, struct ch_sha256 *sha256,
                                     uint64_t *size, struct ch_err *err)
{
    while (atomic_load(&publish_slowly)) {
        sched_yield();
    }
    return __real_ch_blobs_publish(b, job, sha256, size, err);
}

static char hex[CH_SHA256_HEX + 1];

/* A page of one wheel, as old as is asked, with these bytes behind it. */
static void set_wheel(struct house *h, const char *bytes, unsigned days)
{
    char text[512];
    snprintf(text, sizeof(text), WHEEL " %s %zu %u\n", house_hex(bytes, hex), strlen(bytes), days);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/octet-stream", bytes);
}

static void intake_allows(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good bytes", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, "good bytes"));
    assert_int_equal(h->scans[1], 1);
    size_t fetches = h->fetches;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->fetches, fetches);
    house_free(h);
}

static void t7_young_file_is_held_and_not_fetched(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "young", 1);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_HOLD);
    assert_str_eq(h->file.refusal.rule, "cool-down");
    assert_int_equal(h->fetches, 1);
    assert_false(house_serves(h, "young"));
    house_free(h);
}

static void attack_is_denied(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "an attack", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_str_eq(h->file.refusal.rule, "finding direct-reference");
    assert_false(house_serves(h, "an attack"));
    house_free(h);
}

/* Listings that gateways remember end with the epoch, or they would show it for half a minute. */
static void t4_a_denial_by_inspection_ends_old_listings(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "an attack", 30);
    house_ask_page(h, "pkg");
    assert_int_equal(house_listed(h, WHEEL)->listing, CH_LIST_PLAIN);
    uint64_t epoch = h->epoch.epoch;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_true(h->epoch.epoch > epoch);
    epoch = h->epoch.epoch;
    house_ask_file(h, "pkg", WHEEL); /* nothing new: no reason to end anything */
    assert_true(h->epoch.epoch == epoch);
    house_free(h);
}

/* Replacing the file that was an attack frees none of its version. */
static void t10_siblings_stay_held_when_the_attack_is_replaced(void **state)
{
    (void)state;
    struct house *h = house_new();
    static const char sdist[] = "pkg-1.0.tar.gz", other[] = "pkg-0.9-py3-none-any.whl";
    char text[1024], hexes[2][CH_SHA256_HEX + 1];
    for (int round = 0; round < 2; round++) {
        const char *bytes = round == 0 ? "an attack" : "harmless";
        house_site(h, FILE_URL("pkg-1.0.tar.gz"), 200, "application/gzip", "sdist");
        snprintf(text, sizeof(text), WHEEL " %s %zu 30\n%s %s 5 30\n%s - - 30\n",
                 house_hex(bytes, hexes[0]), strlen(bytes), sdist, house_hex("sdist", hexes[1]), other);
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
        house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes);
        house_site(h, FILE_URL("pkg-0.9-py3-none-any.whl"), 200, "application/zip", "older");
        struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
        p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
        house_ask_page(h, "pkg");
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        house_ask_file(h, "pkg", sdist);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        assert_str_eq(h->file.refusal.rule, "sibling");
        house_ask_file(h, "pkg", other);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    }
    house_restart(h);
    house_ask_file(h, "pkg", sdist);
    assert_str_eq(h->file.refusal.rule, "sibling");
    house_free(h);
}

static void irregular_is_held(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "irregular", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_HOLD);
    assert_false(house_serves(h, "irregular"));
    house_free(h);
}

static void t2_jails_that_differ_deny(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "differs", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_str_eq(h->file.refusal.rule, "finding parser-differential");
    house_free(h);
}

static void a_crashed_jail_holds(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "crash", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_HOLD);
    assert_false(house_serves(h, "crash"));
    assert_int_equal(h->scans[0], 1 + 1); /* the page, and the file once: no other chance */
    assert_int_equal(ch_map_count(h->k->intakes), 0);
    assert_true(ch_str_starts(h->file.refusal.change, CH_STR("an inspector that can read it whole;")));
    house_free(h);
}

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
    set_wheel(h, "bytes", 30);
    house_kills(h, 2);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->scans[0], 1 + 3); /* the page, and the file three times */
    house_free(h);
}

static void what_was_interrupted_is_inspected_again_by_itself(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30);
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
    set_wheel(h, "bytes", 30);
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
    set_wheel(h, "bytes", 30);
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

/* What is served on an inspection that counts is not taken from anybody by one that was interrupted. */
static void an_interrupted_rescan_changes_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30);
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

/* A page's client waits for one more jail, and is told why when there is no end to it. */
static void a_page_is_taken_up_again(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30);
    h->kill_scans = 2;
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    house_free(h);
    h = house_new();
    set_wheel(h, "bytes", 30);
    h->kill_scans = 3;
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    assert_str_eq(h->page_reply.text,
                  "the upstream's page could not be read: its reading was killed from outside (signal 9)");
    assert_int_equal(h->page_reply.http_status, 503);
    assert_in_range(h->page_reply.retry_after_s, 1, 5); /* clients come again by themselves */
    house_free(h);
}

static void other_bytes_than_stated_are_denied(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "stated", 30);
    house_site(h, FILE_URL(WHEEL), 200, "application/octet-stream", "others");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_str_eq(h->file.refusal.rule, "finding hash-mismatch");
    assert_false(house_serves(h, "others"));
    house_free(h);
}

static void upstream_failure_is_502_and_not_tried_at_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "bytes", 30);
    house_site(h, FILE_URL(WHEEL), 500, NULL, "");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 502);
    size_t fetches = h->fetches;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->fetches, fetches);
    house_free(h);
}

/* What no second try changes is no failure that clients would try again. */
static void what_is_in_vain_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum ch_code code;
        uint32_t status, told;
    } rows[] = {
        {CH_E_MISMATCH, 0, 403}, {CH_E_LIMIT, 0, 403},   {CH_E_DENIED, 0, 403},  {CH_E_CLOSED, 0, 502},
        {CH_E_UPSTREAM, 0, 502}, {CH_E_TIMEOUT, 0, 504}, {CH_OK, 404, 403},      {CH_OK, 451, 403},
        {CH_OK, 408, 502},       {CH_OK, 429, 502},      {CH_OK, 503, 502},      {CH_OK, 302, 502},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = house_new();
        set_wheel(h, "bytes", 30);
        struct site *s = house_site(h, FILE_URL(WHEEL), rows[i].status, NULL, "");
        s->code = rows[i].code;
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_FAILED);
        if (h->file.http_status != rows[i].told) {
            fail_msg("row %zu: %u, expected %u", i, h->file.http_status, rows[i].told);
        }
        house_free(h);
    }
}

static void a_wait_ends_with_patience(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "slow bytes", 30);
    h->mute_scans = false;
    house_ask_page(h, "pkg");
    h->mute_scans = true;
    house_ask_part(h, "pkg", WHEEL, CH_PART_FILE, 30);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    assert_int_equal(h->file.size_bytes, strlen("slow bytes"));
    assert_true(h->file.retry_after_s > 0);
    assert_false(house_serves(h, "slow bytes"));
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, true); /* HEAD does not wait */
    house_until(h, &h->file_here);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    house_free(h);
}

static void a_lost_scanner_is_forgiven(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good bytes", 30);
    h->lose_scans = 2;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

static void a_scanner_lost_each_time_holds(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "deadly bytes", 30);
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
    set_wheel(h, "good bytes", 30);
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

/* T4: what is not durable is not ALLOW; and a keeper that cannot write lets its lease end. */
static void t4_no_allow_without_the_store(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good bytes", 30);
    house_ask_page(h, "pkg");
    house_settle(h);
    h->mute_scans = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 8000, false);
    house_settle(h);
    fail_commits = true;
    h->mute_scans = false;
    house_disconnect(h, CH_ROLE_SCANNER_STRICT); /* the jobs are given out again, and now answered */
    house_connect(h, CH_ROLE_SCANNER_STRICT);
    house_disconnect(h, CH_ROLE_SCANNER_SECOND);
    house_connect(h, CH_ROLE_SCANNER_SECOND);
    house_until(h, &h->file_here);
    assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_false(house_serves(h, "good bytes"));
    assert_false(h->k->healthy);
    uint64_t lease = h->epoch.lease_until_boot_ms;
    uint64_t end = ch_now_boot_ms() + CH_LEASE_RENEW_MS + 300;
    while (ch_now_boot_ms() < end) {
        house_turn(h, 50);
    }
    assert_int_equal(h->epoch.lease_until_boot_ms, lease);
    fail_commits = false;
    house_free(h);
}

/* While a file is hashed, asks are answered and the lease is renewed. */
static void publishing_does_not_stall(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good bytes", 30);
    house_ask_page(h, "pkg");
    atomic_store(&publish_slowly, true);
    house_ask_part(h, "pkg", WHEEL, CH_PART_FILE, 100);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    assert_true(offload_busy(h->k));
    uint64_t lease = h->epoch.lease_until_boot_ms;
    uint64_t end = ch_now_boot_ms() + 3 * CH_LEASE_RENEW_MS;
    while (h->epoch.lease_until_boot_ms == lease && ch_now_boot_ms() < end) {
        house_turn(h, 50);
    }
    assert_true(h->epoch.lease_until_boot_ms > lease);
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_NEW);
    atomic_store(&publish_slowly, false);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* Draining waits for the file in hand; after the restart its bytes need not be fetched again. */
static void draining_waits_for_publishing(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "good bytes", 30);
    house_ask_page(h, "pkg");
    atomic_store(&publish_slowly, true);
    house_ask_part(h, "pkg", WHEEL, CH_PART_FILE, 50);
    h->k->child.on_drain(h->k);
    assert_true(h->epoch.lease_until_boot_ms > 0);
    atomic_store(&publish_slowly, false);
    uint64_t end = ch_now_boot_ms() + 5000;
    while (h->epoch.lease_until_boot_ms > 0 && ch_now_boot_ms() < end) {
        house_turn(h, 50);
    }
    assert_int_equal(h->epoch.lease_until_boot_ms, 0);
    size_t fetches = h->fetches;
    house_restart(h);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(h->fetches, fetches);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intake_allows),
        cmocka_unit_test(t7_young_file_is_held_and_not_fetched),
        cmocka_unit_test(attack_is_denied),
        cmocka_unit_test(t10_siblings_stay_held_when_the_attack_is_replaced),
        cmocka_unit_test(t4_a_denial_by_inspection_ends_old_listings),
        cmocka_unit_test(irregular_is_held),
        cmocka_unit_test(t2_jails_that_differ_deny),
        cmocka_unit_test(a_crashed_jail_holds),
        cmocka_unit_test(a_jail_that_is_killed_is_followed_by_another),
        cmocka_unit_test(what_was_interrupted_is_inspected_again_by_itself),
        cmocka_unit_test(what_is_interrupted_each_time_is_held),
        cmocka_unit_test(what_ends_the_service_each_time_is_held),
        cmocka_unit_test(an_interrupted_rescan_changes_nothing),
        cmocka_unit_test(a_page_is_taken_up_again),
        cmocka_unit_test(other_bytes_than_stated_are_denied),
        cmocka_unit_test(upstream_failure_is_502_and_not_tried_at_once),
        cmocka_unit_test(what_is_in_vain_is_refused),
        cmocka_unit_test(a_wait_ends_with_patience),
        cmocka_unit_test(a_lost_scanner_is_forgiven),
        cmocka_unit_test(a_scanner_lost_each_time_holds),
        cmocka_unit_test(a_lost_fetchers_work_is_taken_up_again),
        cmocka_unit_test(a_fetcher_lost_three_times_fails_the_fetch),
        cmocka_unit_test(publishing_does_not_stall),
        cmocka_unit_test(draining_waits_for_publishing),
        cmocka_unit_test(t4_no_allow_without_the_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
