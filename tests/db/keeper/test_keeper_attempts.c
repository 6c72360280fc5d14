/* How often a file's inspection was begun: what is counted durably before it begins, and what is
 * not counted, since it says nothing about the bytes. */
#include "house.h"
#include "db/keeper/intake/intake_int.h"

#include <sqlite3.h>
#include <stdio.h>

#define WHEEL "pkg-1.0-py3-none-any.whl"

/* --- what is durable when a jail is given an inspection --- */

enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);
void __real_jobs_scan(struct keeper *k, int which, struct ch_scan_job *scan, int input_fd,
                      scan_done_fn *done, void *ctx);
void __wrap_jobs_scan(struct keeper *k, int which, struct ch_scan_job *scan, int input_fd,
                      scan_done_fn *done, void *ctx);

static bool fail_commits;
static uint32_t begun[16]; /* how often, as another process would read it, by inspection given */
static size_t given;

enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, err);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(err, CH_E_FULL, "no space left");
}

/* Of the one intake there is; 0: of none. */
static uint32_t durable_attempts(const struct keeper *k)
{
    char path[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    snprintf(path, sizeof(path), "%.*s/db/customhouse.db", CH_STR_ARG(k->child.setup.state_dir));
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT sum(attempts) FROM intake", -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    uint32_t attempts = (uint32_t)sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return attempts;
}

void __wrap_jobs_scan(struct keeper *k, int which, struct ch_scan_job *scan, int input_fd,
                      scan_done_fn *done, void *ctx)
{
    if (scan->kind == CH_SCAN_ARTIFACT) {
        begun[given++ % CH_ARRAY_LEN(begun)] = durable_attempts(k);
    }
    __real_jobs_scan(k, which, scan, input_fd, done, ctx);
}

/* --- */

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

static void until_scans(struct house *h, size_t scans)
{
    for (int turn = 0; turn < 200 && h->scans[0] < scans; turn++) {
        house_turn(h, 20);
    }
    assert_int_equal(h->scans[0], scans);
}

/* An order to end says nothing about the bytes: a long inspection outlives any number of them. */
static void what_is_broken_off_by_order_is_not_counted(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_ask_page(h, "pkg");
    h->mute_scans = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 10000, false);
    size_t before = h->scans[0];
    for (size_t i = 0; i < 2 * INTAKE_BEGUN_MAX; i++) {
        until_scans(h, before + i + 1);
        assert_int_equal(durable_attempts(h->k), 1);
        h->k->child.on_drain(h->k->child.owner);
        assert_int_equal(durable_attempts(h->k), 0); /* before its process has ended */
        if (i + 1 == 2 * INTAKE_BEGUN_MAX) {
            h->mute_scans = false;
        }
        house_restart(h);
    }
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* Also where it comes after an attempt was counted and before a jail has it: what interrupted the
 * one before was not this one's end. */
static void an_attempt_that_no_jail_got_is_not_counted(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_kills(h, 3);
    house_settle(h);
    assert_int_equal(durable_attempts(h->k), 1);
    struct intake *in =
        intake_find(h->k, page_get(h->k, CH_STR("pypi"), CH_STR("pkg")), CH_STR(WHEEL));
    given = 0;
    intake_on_again(&in->again_at);
    assert_int_equal(in->begun, 2);
    h->k->child.on_drain(h->k->child.owner);
    assert_int_equal(given, 0);
    assert_int_equal(durable_attempts(h->k), 1);
    house_restart(h);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* New rules say nothing about the bytes either. A jail that was ended during it does. */
static void an_answer_of_other_rules_is_not_counted(void **state)
{
    (void)state;
    for (size_t kills = 0; kills < 2; kills++) {
        struct house *h = house_new();
        house_wheel(h, "bytes", 30);
        house_rules(h, "one");
        house_ask_page(h, "pkg");
        h->answered_rules = ch_sha256_of("zero", 4);
        given = 0;
        h->kill_scans = 3 * kills;
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_FAILED);
        house_settle(h);
        assert_int_equal(given, 2 * 5); /* so often for other rules */
        for (size_t i = 0; i < given; i++) {
            assert_int_equal(begun[i], i < 2 ? 1 : 1 + kills);
        }
        assert_int_equal(durable_attempts(h->k), kills);
        house_free(h);
    }
}

/* Nor does a hash that the index states only now. */
static void an_answer_before_a_hash_was_stated_is_not_counted(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_ask_page(h, "pkg");
    h->mute_scans = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 10000, false);
    until_scans(h, h->scans[0] + 1);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    struct intake *in = intake_find(h->k, p, CH_STR(WHEEL));
    assert_int_equal(in->begun, 1);
    p->facts.files[0].index.alias.kind = CH_HASH_MD5;
    given = 0;
    in->answer[0].outcome = in->answer[1].outcome = CH_SCAN_DONE;
    intake_conclude(in);
    house_settle(h);
    assert_int_equal(given, 2);
    assert_int_equal(begun[0], 1);
    assert_int_equal(in->begun, 1);
    house_free(h);
}

/* Only that: what has cost a jail, the scanner or the service before it stays counted. */
static void what_was_interrupted_before_the_order_is_counted(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_ask_page(h, "pkg");
    h->mute_scans = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 10000, false);
    size_t scans = h->scans[0] + 1;
    for (uint32_t i = 1; i <= INTAKE_BEGUN_MAX; i++, scans++) {
        until_scans(h, scans);
        assert_int_equal(durable_attempts(h->k), i);
        if (i % 2 == 1) {
            house_restart(h); /* as after kill -9 */
        } else {
            house_disconnect(h, CH_ROLE_SCANNER_STRICT);
            for (int turn = 0; turn < 200 && h->k->scanners[0] != NULL; turn++) {
                house_turn(h, 20);
            }
            assert_null(h->k->scanners[0]);
            h->k->child.on_drain(h->k->child.owner);
            house_restart(h);
        }
    }
    house_settle(h);
    h->mute_scans = false;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, "inspection-failed");
    assert_int_equal(h->scans[0], scans - 1);
    house_free(h);
}

/* What cannot be taken back stays counted. */
static void what_cannot_be_uncounted_is_counted(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_ask_page(h, "pkg");
    h->mute_scans = true;
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 10000, false);
    until_scans(h, h->scans[0] + 1);
    fail_commits = true;
    h->k->child.on_drain(h->k->child.owner);
    fail_commits = false;
    assert_int_equal(durable_attempts(h->k), 1);
    house_free(h);
}

/* What ends the machine each time must not be begun for ever: each attempt is counted first. */
static void an_attempt_is_counted_durably_before_it_begins(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    given = 0;
    house_kills(h, SIZE_MAX);
    pause_ends(h);
    house_restart(h);
    pause_ends(h);
    assert_int_equal(given, 2 * 3);
    for (size_t i = 0; i < given; i++) {
        assert_int_equal(begun[i], 1 + i / 2);
    }
    house_free(h);
}

static void an_attempt_that_cannot_be_counted_does_not_begin(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_ask_page(h, "pkg");
    house_settle(h);
    given = 0;
    fail_commits = true;
    house_ask_file(h, "pkg", WHEEL);
    fail_commits = false;
    assert_int_equal(given, 0);
    assert_int_equal(h->file.outcome, CH_FILE_FAILED);
    assert_int_equal(h->file.http_status, 507);
    assert_str_eq(h->file.text,
                  "that its inspection begins could not be stored: no space is left for the "
                  "database, so nothing new is taken in until there is");
    struct intake *in =
        intake_find(h->k, page_get(h->k, CH_STR("pypi"), CH_STR("pkg")), CH_STR(WHEEL));
    in->not_before_us = keeper_now_us(h->k);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(given, 2);
    assert_int_equal(begun[0], 1); /* of two, one never was */
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_broken_off_by_order_is_not_counted),
        cmocka_unit_test(an_attempt_that_no_jail_got_is_not_counted),
        cmocka_unit_test(an_answer_of_other_rules_is_not_counted),
        cmocka_unit_test(an_answer_before_a_hash_was_stated_is_not_counted),
        cmocka_unit_test(what_was_interrupted_before_the_order_is_counted),
        cmocka_unit_test(what_cannot_be_uncounted_is_counted),
        cmocka_unit_test(an_attempt_is_counted_durably_before_it_begins),
        cmocka_unit_test(an_attempt_that_cannot_be_counted_does_not_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
