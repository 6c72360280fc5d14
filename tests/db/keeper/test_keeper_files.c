/* Files on their way through a keeper: wanted, fetched, inspected, decided, served, withdrawn. */
#include "house.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "customhouse/limits.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"

/* The linker puts this before the store's own (CMakeLists.txt): a commit that the disk refuses. */
static bool fail_commits;
static enum ch_code fail_with = CH_E_FULL;
enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, err);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(err, fail_with, "no space left");
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

static void intake_allows(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "good bytes", 30);
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
    house_wheel(h, "young", 1);
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
    house_wheel(h, "an attack", 30);
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
    house_wheel(h, "an attack", 30);
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
    house_wheel(h, "irregular", 30);
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
    house_wheel(h, "differs", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    assert_str_eq(h->file.refusal.rule, "finding parser-differential");
    house_free(h);
}

static void a_crashed_jail_holds(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "crash", 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_HOLD);
    assert_false(house_serves(h, "crash"));
    assert_int_equal(h->scans[0], 1 + 1); /* the page, and the file once: no other chance */
    assert_int_equal(ch_map_count(h->k->intakes), 0);
    assert_true(ch_str_starts(h->file.refusal.change, CH_STR("an inspector that can read it whole;")));
    house_free(h);
}

static void other_bytes_than_stated_are_denied(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "stated", 30);
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
    house_wheel(h, "bytes", 30);
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
        uint32_t status, told; /* 0: a refusal (test_keeper_faults.c) */
    } rows[] = {
        {CH_E_MISMATCH, 0, 0},   {CH_E_LIMIT, 0, 0},     {CH_E_DENIED, 0, 0},    {CH_E_CLOSED, 0, 502},
        {CH_E_UPSTREAM, 0, 502}, {CH_E_TIMEOUT, 0, 504}, {CH_OK, 404, 0},        {CH_OK, 451, 0},
        {CH_OK, 408, 502},       {CH_OK, 429, 502},      {CH_OK, 503, 502},      {CH_OK, 302, 0},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = house_new();
        house_wheel(h, "bytes", 30);
        struct site *s = house_site(h, FILE_URL(WHEEL), rows[i].status, NULL, "");
        s->code = rows[i].code;
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, rows[i].told == 0 ? CH_FILE_REFUSED : CH_FILE_FAILED);
        if (rows[i].told != 0 && h->file.http_status != rows[i].told) {
            fail_msg("row %zu: %u, expected %u", i, h->file.http_status, rows[i].told);
        }
        house_free(h);
    }
}

static void a_wait_ends_with_patience(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "slow bytes", 30);
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

/* T4: what is not durable is not ALLOW; and a keeper that cannot write lets its lease end. */
static void t4_no_allow_without_the_store(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "good bytes", 30);
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

/* What fails is known to all processes at once, and to the client who waits; that it passed within the
 * second of a lease, without anybody asking for anything. */
static void what_the_store_cannot_is_told(void **state)
{
    (void)state;
    static const struct {
        enum ch_code code;
        enum ch_store_trouble trouble;
        uint32_t status;
        const char *says;
    } all[] = {
        {CH_E_FULL, CH_STORE_FULL, 507, "could not be stored: no space is left for the database"},
        {CH_E_BUSY, CH_STORE_LOCKED, 507, "could not be stored: another process has the database"},
        {CH_E_FORMAT, CH_STORE_DAMAGED, 500, "could not be stored: the database is damaged"},
        {CH_E_IO, CH_STORE_FAILS, 500, "could not be stored: the database cannot be written"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct house *h = house_new();
        house_wheel(h, "good bytes", 30);
        house_ask_page(h, "pkg");
        house_settle(h);
        assert_null(keeper_store_trouble(h->k));
        fail_commits = true;
        fail_with = all[i].code;
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_FAILED);
        assert_int_equal(h->file.http_status, all[i].status);
        if (!ch_str_find(h->file.text, ch_str_of(all[i].says), NULL)) {
            fail_msg("row %zu: %.*s", i, CH_STR_ARG(h->file.text));
        }
        assert_int_equal(h->epoch.store_trouble, all[i].trouble);
        fail_commits = false;
        uint64_t end = ch_now_boot_ms() + 10000;
        while (h->epoch.store_trouble != CH_STORE_WRITES && ch_now_boot_ms() < end) {
            house_turn(h, 50);
        }
        assert_int_equal(h->epoch.store_trouble, CH_STORE_WRITES);
        assert_true(h->k->healthy);
        house_free(h);
    }
    fail_with = CH_E_FULL;
}

/* The last of the disk is kept for withdrawals (T4): by then nothing fails that was begun. */
static void a_full_disk_is_told_before_anything_fails(void **state)
{
    (void)state;
    struct house *h = house_new();
    uint64_t kept = ch_limits.store_reserve_bytes;
    house_wheel(h, "good bytes", 30);
    house_site(h, PAGE_URL("other"), 200, PAGE_TYPE, "other-1.0-py3-none-any.whl - 5 30\n");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_limits.store_reserve_bytes = UINT64_MAX;
    keeper_watch_store(h->k);
    assert_int_equal(h->epoch.store_trouble, CH_STORE_FULL);
    assert_true(h->k->healthy);
    house_ask_page(h, "other");
    assert_int_equal(h->page_reply.outcome, CH_PAGE_FAILED);
    assert_int_equal(h->page_reply.http_status, 507);
    assert_true(ch_str_find(h->page_reply.text, CH_STR("no space left for the database"), NULL));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_limits.store_reserve_bytes = kept;
    keeper_watch_store(h->k);
    assert_int_equal(h->epoch.store_trouble, CH_STORE_WRITES);
    house_free(h);
}

/* While a file is hashed, asks are answered and the lease is renewed. */
static void publishing_does_not_stall(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "good bytes", 30);
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
    house_wheel(h, "good bytes", 30);
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
        cmocka_unit_test(other_bytes_than_stated_are_denied),
        cmocka_unit_test(upstream_failure_is_502_and_not_tried_at_once),
        cmocka_unit_test(what_is_in_vain_is_refused),
        cmocka_unit_test(a_wait_ends_with_patience),
        cmocka_unit_test(publishing_does_not_stall),
        cmocka_unit_test(draining_waits_for_publishing),
        cmocka_unit_test(t4_no_allow_without_the_store),
        cmocka_unit_test(what_the_store_cannot_is_told),
        cmocka_unit_test(a_full_disk_is_told_before_anything_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
