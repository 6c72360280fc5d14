/* What the keeper does without the audit log, and about what it has no entry. */
#include "wheels_house.h"

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include <sqlite3.h>

#include "db/keeper/audit/audit_int.h"
#include "db/log/append.h"
#include "db/people/people.h"
#include "log_seen.h"
#include "db/keeper/rulings/exceptions.h"
#include "db/keeper/rulings/rulings.h"

enum ch_code __real_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);
enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);
enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);

enum ch_code __real_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row,
                                     struct ch_str entry, const struct ch_log_clear *clear,
                                     size_t clear_count, struct ch_err *err);
enum ch_code __wrap_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row,
                                     struct ch_str entry, const struct ch_log_clear *clear,
                                     size_t clear_count, struct ch_err *err);

static atomic_bool fail_log;
static atomic_bool slow_log;
static const char *fail_kind; /* entries of this kind cannot be stored */
static bool fail_commits;
static struct ch_err err;

enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *e)
{
    if (atomic_load(&slow_log)) {
        usleep(300000);
    }
    return atomic_load(&fail_log) ? ch_fail(e, CH_E_FULL, "no space left")
                                  : __real_ch_log_append(log, bundle, e);
}

enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *e)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, e);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(e, CH_E_FULL, "no space left");
}

enum ch_code __wrap_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row,
                                     struct ch_str entry, const struct ch_log_clear *clear,
                                     size_t clear_count, struct ch_err *e)
{
    return fail_kind != NULL && ch_str_eq(row->kind, ch_str_of(fail_kind))
               ? ch_fail(e, CH_E_FULL, "no space left")
               : __real_ch_store_add_log(s, row, entry, clear, clear_count, e);
}

/* Whether an approval of these bytes is published in the list under their digest. */
static bool is_listed(struct house *h, const char *bytes)
{
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_ATTESTATIONS,
                                  .sha256 = ch_sha256_of(bytes, strlen(bytes))};
    house_ask_document(h, &ask);
    return ch_str_find(ch_buf_str(&h->document_bytes), CH_STR("PASSED"), NULL);
}

/* The same, whole or in the list. */
static bool is_attested(struct house *h, const char *bytes)
{
    struct ch_ask_document ask = {.kind = CH_DOCUMENT_ATTESTATION,
                                  .part = CH_PART_APPROVAL,
                                  .sha256 = ch_sha256_of(bytes, strlen(bytes))};
    bool listed = is_listed(h, bytes);
    bool whole = false;
    for (ask.number = 1; ask.number <= 2; ask.number++) {
        house_ask_document(h, &ask);
        whole = whole || h->document.http_status == 200;
    }
    assert_int_equal(listed, whole);
    return listed;
}

/* What the keeper owes for want of the log comes before a house is settled. */
static void a_house_settles_when_the_log_is_written(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct audit_state s;
    set_wheels(h, 30);
    log_until_written(h);
    atomic_store(&slow_log, true);
    house_send_file_ask(h, "pkg", WHEEL, CH_PART_FILE, 60000, false);
    house_settle(h);
    atomic_store(&slow_log, false);
    audit_state(h->k, &s);
    assert_true(s.written == s.next);
    assert_int_equal(h->file_answers, 1);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* Nobody waits for the entry of a decision that was undone: no other may come for long. */
static void an_undone_decision_is_not_waited_for(void **state)
{
    (void)state;
    struct house *h = house_new();
    uint64_t end = 0;
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    log_until_written(h);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    struct ch_decision_row row = {.repository = CH_STR("pypi"),
                                  .project = CH_STR("pkg"),
                                  .file_name = CH_STR(WHEEL),
                                  .verdict = CH_VERDICT_HOLD,
                                  .rule = CH_STR("mode"),
                                  .reason = CH_STR("tried")};
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, audit_step(h->k, &err));
    assert_ch_ok(&err, audit_decision(h->k, p, &row, &end, &err));
    assert_int_equal(audit_floor(h->k), end);
    assert_ch_code(CH_E_FULL, audit_step_end(h->k, CH_E_FULL, &err));
    log_until_written(h);
    assert_int_equal(audit_floor(h->k), 0);
    house_free(h);
}

/* T4: nothing becomes ALLOW without its entry; what was served goes on, and can be taken away. */
static void t4_no_new_allow_without_the_log(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    struct audit_state s;
    ch_buf_init(&out, 1u << 20);
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    log_until_written(h);
    uint64_t end = log_written(h);

    atomic_store(&fail_log, true);
    house_ask_part(h, "pkg", NEXT, CH_PART_FILE, 600);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT); /* being inspected, for a client */
    assert_false(house_serves(h, "other bytes"));
    assert_false(is_attested(h, "other bytes")); /* by digest neither */
    assert_int_equal(h->document.http_status, 503);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(is_attested(h, "bytes"));
    assert_int_equal(0, house_command(h, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out));
    assert_false(house_serves(h, "bytes"));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    log_until_trouble(h);
    audit_state(h->k, &s);
    assert_int_equal(s.written, end);
    assert_string_equal(s.trouble, "no space left");

    /* nor after a restart, from what the store has */
    house_restart(h);
    house_ask_part(h, "pkg", NEXT, CH_PART_FILE, 600);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    assert_false(house_serves(h, "other bytes"));

    atomic_store(&fail_log, false);
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, "other bytes"));
    assert_true(is_attested(h, "other bytes"));
    log_until_written(h);
    struct ch_buf all = log_kinds(h);
    assert_true(ch_str_find(ch_buf_str(&all), CH_STR("ruling"), NULL));
    ch_buf_done(&all);
    ch_buf_done(&out);
    house_free(h);
}

static uint32_t log_trouble(const struct house *h)
{
    return atomic_load(&h->k->child.epoch->log_trouble);
}

/* T4: an approval that the log has not is told to be none yet; it takes effect by itself. */
static void t4_an_approval_waits_for_the_log(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheels(h, 1);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(0, house_command(h, false, "approve", "pypi:pkg==1.0", "read", NULL, &out));
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("ruling 1), now: allow\n"), NULL));
    assert_int_equal(log_trouble(h), 0);

    atomic_store(&fail_log, true); /* not known yet: it is waited for until it is */
    assert_int_equal(1, house_command(h, false, "approve", "pypi:pkg==1.1", "read", NULL, &out));
    assert_false(ch_str_find(ch_buf_str(&out), CH_STR("now: allow"), NULL));
    assert_true(ch_str_find(ch_buf_str(&out),
                            CH_STR("now: hold, the audit log does not have it yet: no space left\n"),
                            NULL));
    assert_true(ch_str_find(ch_buf_str(&out),
                            CH_STR("exception 2 is recorded, and takes effect by itself once the "
                                   "audit log has it, which cannot be written now: no space left"),
                            NULL));
    assert_int_equal(log_trouble(h), 1);
    assert_false(is_listed(h, "other bytes"));
    house_ask_part(h, "pkg", NEXT, CH_PART_FILE, 600);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    /* known now, and in JSON */
    assert_int_equal(1, house_command(h, true, "approve", "pypi:pkg==1.1", "read", NULL, &out));
    assert_true(ch_str_find(ch_buf_str(&out),
                            CH_STR("\"approved\":true,\"exception\":2,\"ruling\":2"), NULL));
    assert_true(ch_str_find(ch_buf_str(&out),
                            CH_STR("\"verdict\":\"hold\",\"rule\":\"audit-log\""), NULL));
    assert_int_equal(0, house_run(h, "exceptions revoke 1 --reason=found", &out));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);

    atomic_store(&fail_log, false);
    log_until_written(h);
    assert_int_equal(log_trouble(h), 0);
    assert_true(is_listed(h, "other bytes")); /* nobody has asked for the file since */
    house_restart(h);
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_buf_done(&out);
    house_free(h);
}

/* A keeper that starts says for itself whether its log can be written. */
static void a_start_forgets_the_log_of_before(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheels(h, 30);
    log_until_written(h);
    atomic_store(&h->k->child.epoch->log_trouble, 1);
    house_restart(h);
    log_until_written(h);
    assert_int_equal(log_trouble(h), 0);
    house_free(h);
}

/* The files are gone, or are another log's: nothing is begun anew. */
static void t4_a_lost_log_is_not_begun_anew(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct audit_state s;
    char path[128], aside[128];
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    log_until_written(h);
    audit_tick(h->k); /* its copies of what is in the files go */
    house_settle(h);
    house_stop(h);
    snprintf(path, sizeof(path), "%s/audit", h->folder);
    snprintf(aside, sizeof(aside), "%s/aside", h->folder);
    assert_int_equal(rename(path, aside), 0);
    house_start(h, NULL, NULL);
    house_ask_part(h, "pkg", NEXT, CH_PART_FILE, 600);
    assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    house_ask_file(h, "pkg", WHEEL); /* was in the log when it was allowed */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    audit_state(h->k, &s);
    assert_true(s.trouble[0] != '\0');
    house_free(h);
}

/* What was never committed is not in the log, and its place goes to the next one. */
static void a_lost_group_has_no_entries(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct audit_state s;
    set_wheels(h, 1);
    house_ask_page(h, "pkg");
    log_until_written(h);
    uint64_t end = log_written(h);
    fail_commits = true;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    house_settle(h);
    audit_state(h->k, &s);
    assert_int_equal(s.next, end);
    fail_commits = false;
    house_ask_file(h, "pkg", WHEEL);
    log_until_written(h);
    assert_int_equal(log_written(h), end + 1);
    struct ch_buf all = log_kinds(h);
    assert_true(ch_str_ends(ch_buf_str(&all), CH_STR("listing decision ")));
    ch_buf_done(&all);
    house_free(h);
}

/* Nor is what is not committed yet, whatever is handed to the log meanwhile: a keeper that is
 * killed before the commit would leave an entry that the store does not have, and the log would
 * take no other one in its place, ever. */
static void an_open_group_is_not_in_the_log(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheels(h, 1);
    house_ask_page(h, "pkg");
    log_until_written(h);
    uint64_t end = log_written(h);
    struct ch_served_row row = {.repository = CH_STR("pypi"), .address = CH_STR("192.0.2.1")};
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, audit_served(h->k, &row, &err));
    audit_tick(h->k);
    fail_commits = true;
    assert_int_equal(keeper_commit(h->k, &err), CH_E_FULL);
    house_settle(h);
    fail_commits = false;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    log_until_written(h);
    assert_int_equal(log_written(h), end + 1);
    struct ch_buf all = log_kinds(h);
    assert_true(ch_str_ends(ch_buf_str(&all), CH_STR("listing decision ")));
    ch_buf_done(&all);
    house_restart(h);
    log_until_written(h);
    house_free(h);
}

static void a_listing_of_a_lost_group_is_entered_later(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheels(h, 1);
    house_ask_file(h, "pkg", WHEEL);
    log_until_written(h);
    fail_commits = true;
    house_ask_page(h, "pkg");
    house_settle(h);
    fail_commits = false;
    house_ask_page(h, "pkg");
    log_until_written(h);
    struct ch_buf all = log_kinds(h);
    assert_true(ch_str_ends(ch_buf_str(&all), CH_STR("decision listing ")));
    ch_buf_done(&all);
    house_free(h);
}

/* In force all the same: what could not be entered with its reload is with the next tick. */
static void a_configuration_without_its_entry_is_entered_later(void **state)
{
    (void)state;
#define SITE                                                                                       \
    "listen:\n  - {address: '127.0.0.1:8080'}\n"                                                   \
    "upstreams: [{name: up, ecosystem: pypi, url: 'https://up.example.org/simple'}]\n"             \
    "repositories: [{name: pypi, ecosystem: pypi, upstreams: [up]}]\n"
    struct house *h = house_new_with(NULL, SITE);
    struct ch_loop *loop = h->k->child.loop;
    h->config = SITE "index_refresh_seconds: 7\n";
    fail_kind = "configuration";
    assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
    fail_kind = NULL;
    assert_int_equal(h->k->config->index_refresh_s, 7);
    log_until_written(h);
    struct ch_buf all = log_kinds(h);
    assert_true(ch_str_ends(ch_buf_str(&all), CH_STR("configuration value value policy value value ")));
    ch_buf_done(&all);
    for (size_t i = 0; i < 2; i++) { /* once */
        ch_loop_set_timer(loop, &h->k->tick_timer, ch_loop_now_ms(loop));
        house_settle(h);
    }
    log_until_written(h);
    all = log_kinds(h);
    assert_true(ch_str_ends(ch_buf_str(&all), CH_STR("policy value value value configuration ")));
    ch_buf_done(&all);
    house_free(h);
}

static void count_unlogged(void *ctx, const char *table, int64_t id)
{
    size_t *count = ctx;
    (void)table;
    (void)id;
    ++*count;
}

static size_t unlogged(struct house *h)
{
    size_t count = 0;
    house_settle(h);
    assert_ch_ok(&err, ch_store_unlogged(h->k->store, NULL, count_unlogged, &count, &err));
    return count;
}

/* T4: what has no entry is not in the store either, or the next start would go on from it; only a
 * denial is, which waits for nothing. */
static void t4_no_row_without_its_entry(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheels(h, 30);
    fail_kind = "decision";
    house_ask_part(h, "pkg", WHEEL, CH_PART_FILE, 600);
    assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_false(house_serves(h, "bytes"));
    assert_int_equal(unlogged(h), 0);
    house_restart(h);
    house_ask_part(h, "pkg", WHEEL, CH_PART_FILE, 600);
    assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
    fail_kind = NULL;
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);

    fail_kind = "ruling";
    struct ch_ruling_row row = {.project = CH_STR("pkg"),
                                .reason = CH_STR("known"),
                                .by = CH_STR("uid:1"),
                                .at_us = keeper_now_us(h->k),
                                .expires_at_us = keeper_now_us(h->k) + 3600000000};
    assert_ch_code(CH_E_FULL, rulings_add(h->k, &row, &err));
    assert_int_equal(unlogged(h), 0);
    assert_int_equal(0, house_command(h, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out));
    assert_false(house_serves(h, "bytes"));
    assert_int_equal(unlogged(h), 1);
    house_restart(h);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);

    fail_kind = "policy";
    assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
    assert_int_equal(unlogged(h), 1);
    fail_kind = NULL;
    ch_buf_done(&out);
    house_free(h);
}

/* What is approved while the log cannot be written is in force and not served. Who approves it once
 * more is told so, and makes no other exception; another end is one. */
static void approved_once_more_it_is_the_same_exception(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheels(h, 1);
    log_until_written(h);
    atomic_store(&fail_log, true);
    for (int i = 0; i < 3; i++) {
        ch_buf_clear(&out);
        house_command(h, false, "approve", WHEEL, "needed", i == 2 ? "7d" : NULL, &out);
        if (!ch_str_find(ch_buf_str(&out), CH_STR("exception 1"), NULL) && i < 2) {
            fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
        }
        assert_int_equal(i == 1, ch_str_find(ch_buf_str(&out), CH_STR("no other was made"), NULL));
        assert_int_equal(exceptions_count(h->k), i == 2 ? 2 : 1);
        house_ask_part(h, "pkg", WHEEL, CH_PART_FILE, 600);
        assert_int_equal(h->file.outcome, CH_FILE_WAIT);
    }
    atomic_store(&fail_log, false);
    audit_tick(h->k);
    log_until_written(h);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_buf_clear(&out);
    assert_int_equal(0, house_command(h, false, "approve", WHEEL, "needed", NULL, &out));
    assert_int_equal(exceptions_count(h->k), 2);
    ch_buf_done(&out);
    house_free(h);
}

static void count_withdrawal(void *ctx, const struct ch_sha256 *sha256, struct ch_str file_name,
                             int64_t at_us)
{
    size_t *count = ctx;
    (void)sha256;
    (void)at_us;
    assert_str_eq(file_name, WHEEL);
    ++*count;
}

static size_t withdrawn(struct house *h)
{
    size_t count = 0;
    assert_ch_ok(&err, ch_store_withdrawals(h->k->store,
                                            ch_str_of(h->k->config->repositories[0].environment),
                                            count_withdrawal, &count, &err));
    return count;
}

static void t4_a_withdrawal_without_its_entry(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_equal(withdrawn(h), 0);
    fail_kind = "attestation-end";
    assert_int_equal(0, house_command(h, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out));
    assert_false(house_serves(h, "bytes"));
    assert_int_equal(unlogged(h), 1);
    fail_kind = NULL;
    house_restart(h);
    assert_int_equal(withdrawn(h), 1);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    ch_buf_done(&out);
    house_free(h);
}

/* Root has put a row into the database whose number is beyond what an entry can say: what would
 * come after it is refused, and the keeper goes on. */
static void t4_a_row_that_no_entry_can_say(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct audit_state s;
    char path[128];
    sqlite3 *db = NULL;
    set_wheels(h, 30);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    log_until_written(h);
    audit_state(h->k, &s);
    uint64_t end = s.next;
    house_settle(h);
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(SQLITE_OK,
                     sqlite3_exec(db,
                                  "INSERT INTO bytes_confirmed SELECT 1 << 60, upstream, project,"
                                  " file_name, sha256, at_us FROM bytes_confirmed",
                                  NULL, NULL, NULL));
    sqlite3_close(db);
    house_ask_part(h, "pkg", NEXT, CH_PART_FILE, 600);
    assert_int_not_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_false(house_serves(h, "other bytes"));
    struct ch_release_file f = {.upstream = CH_STR("up"),
                                .project = CH_STR("pkg"),
                                .file_name = CH_STR(NEXT),
                                .sha256 = ch_sha256_of("bytes", 5),
                                .at_us = 1};
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_confirm_bytes(h->k->store, &f, &err));
    assert_ch_code(CH_E_FORMAT, keeper_commit(h->k, &err));
    house_settle(h);
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_add_sighting(h->k->store, CH_STR("up"), CH_STR("pkg"), CH_STR(NEXT),
                                             NULL, CH_SIGHTING_APPEARED, 1, CH_TIME_UNKNOWN, &err));
    assert_ch_ok(&err, keeper_commit(h->k, &err)); /* of another table */
    audit_state(h->k, &s);
    assert_true(s.next > end);
    house_ask_file(h, "pkg", WHEEL); /* goes on: its entries are there */
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_house_settles_when_the_log_is_written),
        cmocka_unit_test(an_undone_decision_is_not_waited_for),
        cmocka_unit_test(t4_no_new_allow_without_the_log),
        cmocka_unit_test(t4_an_approval_waits_for_the_log),
        cmocka_unit_test(a_start_forgets_the_log_of_before),
        cmocka_unit_test(t4_a_lost_log_is_not_begun_anew),
        cmocka_unit_test(a_lost_group_has_no_entries),
        cmocka_unit_test(an_open_group_is_not_in_the_log),
        cmocka_unit_test(a_listing_of_a_lost_group_is_entered_later),
        cmocka_unit_test(a_configuration_without_its_entry_is_entered_later),
        cmocka_unit_test(t4_no_row_without_its_entry),
        cmocka_unit_test(approved_once_more_it_is_the_same_exception),
        cmocka_unit_test(t4_a_withdrawal_without_its_entry),
        cmocka_unit_test(t4_a_row_that_no_entry_can_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
