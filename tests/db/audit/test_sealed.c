/* What waits in the database is under a seal of the log's key: who writes the database alone, while
 * no keeper runs, gets nothing signed, and `audit verify` names it. */
#include "house.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "auditor.h"
#include "db/keeper/audit/audit_int.h"
#include "db/keeper/rulings/rulings.h"
#include "db/log/append.h"
#include "db/log/seal.h"

enum ch_code __real_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);
enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);

static struct ch_err err;
static struct house *h;
static char *said;
static atomic_bool full; /* the log cannot be written */

enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *e)
{
    return atomic_load(&full) ? ch_fail(e, CH_E_FULL, "no space left")
                              : __real_ch_log_append(log, bundle, e);
}

static struct audit_state state_now(void)
{
    struct audit_state s;
    audit_state(h->k, &s);
    return s;
}

static void until_written(void)
{
    uint64_t end = ch_now_boot_ms() + 30000;
    do {
        house_turn(h, 20);
        if (ch_now_boot_ms() > end) {
            fail_msg("not written: %s", state_now().trouble);
        }
    } while (state_now().written < state_now().next || ch_store_in_group(h->k->store));
}

static int setup(void **state)
{
    (void)state;
    atomic_store(&full, false);
    h = house_new();
    until_written();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    house_free(h);
    free(said);
    said = NULL;
    return 0;
}

static bool verify(void)
{
    bool good = false;
    size_t size = 0;
    free(said);
    FILE *out = open_memstream(&said, &size);
    enum ch_code rc =
        audit_verify(h->folder, &(struct audit_whom){.witness_count = 0}, out, &good, &err);
    fclose(out);
    assert_ch_ok(&err, rc);
    return good;
}

static void assert_good(void)
{
    if (!verify()) {
        fail_msg("%s", said);
    }
}

static void assert_named(const char *text)
{
    assert_false(verify());
    if (strstr(said, text) == NULL) {
        fail_msg("not said: %s\n%s", text, said);
    }
}

static sqlite3 *open_db(void)
{
    char path[128];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    return db;
}

static void sql(const char *text)
{
    sqlite3 *db = open_db();
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

static void enter(size_t count)
{
    assert_ch_ok(&err, keeper_write(h->k, &err));
    for (size_t i = 0; i < count; i++) {
        assert_ch_ok(&err, audit_trouble(h->k, true, CH_STR("made up"), &err));
    }
    assert_ch_ok(&err, keeper_commit(h->k, &err));
}

/* As the keeper would, but for the key. */
static void forge(const char *entry, const char *kind, int64_t source)
{
    struct ch_hash *hash = ch_hash_new();
    struct ch_sha256 leaf = ch_tree_leaf(hash, ch_str_of(entry));
    sqlite3 *db = open_db();
    sqlite3_stmt *stmt = NULL;
    static const char *const texts[] = {
        "INSERT INTO log_entry SELECT max(id) + 1, ?1, nullif(?2, 0), '', '', '', ?3, 1"
        " FROM log_entry",
        "INSERT INTO log_pending SELECT max(id), ?3 FROM log_entry"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(sqlite3_prepare_v2(db, texts[i], -1, &stmt, NULL), SQLITE_OK);
        if (i == 0) {
            sqlite3_bind_text(stmt, 1, kind, -1, SQLITE_STATIC);
            sqlite3_bind_int64(stmt, 2, source);
            sqlite3_bind_blob(stmt, 3, leaf.byte, sizeof(leaf.byte), SQLITE_STATIC);
        } else {
            sqlite3_bind_blob(stmt, 3, entry, (int)strlen(entry), SQLITE_STATIC);
        }
        assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
        sqlite3_finalize(stmt);
    }
    sqlite3_close(db);
    ch_hash_free(hash);
}

static uint32_t command(const char *name, const char *what, const char *reason)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    uint32_t status = house_command(h, false, name, what, reason, NULL, &out);
    ch_buf_done(&out);
    return status;
}

#define FORGED "{\"at_us\":1,\"kind\":\"log-trouble\",\"over\":true,\"v\":1}"

static void test_forged_entry(void **state)
{
    (void)state;
    house_stop(h);
    assert_good();
    forge(FORGED, "log-trouble", 0);
    assert_named("(log-trouble 0;   ) waits to be written, and the log's key has not sealed it");
    house_start(h, NULL, NULL);
    struct audit_state s = state_now();
    assert_true(s.written < s.next);
    if (strstr(s.trouble, "customhouse audit accept --reason") == NULL) {
        fail_msg("%s", s.trouble);
    }
    uint64_t written = s.written;
    assert_int_equal(command("deny", "pypi:pkg==1.0", "malware"), 0); /* a step away acts */
    audit_tick(h->k);
    house_settle(h);
    assert_int_equal(state_now().written, written);
    house_restart(h); /* nor does another start make it a good one */
    house_settle(h);
    assert_int_equal(state_now().written, written);
    house_stop(h);
    assert_named("(log-trouble 0;   ) waits to be written, and the log's key has not sealed it");
    house_start(h, NULL, NULL);
    assert_int_equal(command("audit accept", NULL, ""), 2);
    assert_int_equal(command("audit accept", NULL, "looked at"), 0);
    until_written();
    assert_int_equal(state_now().trouble[0], '\0');
    assert_good();
    assert_int_equal(command("audit accept", NULL, "again"), 1);
}

/* An approval that the keeper never entered approves nothing, with or without an entry of somebody's
 * making; a denial acts all the same. */
static void test_forged_approval(void **state)
{
    (void)state;
    assert_int_equal(command("deny", "pypi:pkg==1.0", "malware"), 0);
    until_written();
    house_stop(h);
    assert_good();
    sql("CREATE TABLE copy AS SELECT * FROM ruling; UPDATE copy SET id = id + 1, deny = 0;"
        "INSERT INTO ruling SELECT * FROM copy; DROP TABLE copy");
    assert_named("database: ruling 2 was never logged");
    house_start(h, NULL, NULL);
    assert_int_equal(rulings_distrusted(h->k), 1);
    assert_non_null(rulings_at(h->k, 0)); /* the denial */
    assert_null(rulings_at(h->k, 1));
    assert_ch_ok(&err, rulings_load(h->k, &err)); /* nor when it is read again */
    assert_null(rulings_at(h->k, 1));
    until_written();
    house_stop(h);
    forge("{\"at_us\":1,\"deny\":false,\"id\":2,\"kind\":\"ruling\",\"lifts\":0,\"v\":1}",
          "ruling", 2);
    house_start(h, NULL, NULL);
    assert_int_equal(rulings_distrusted(h->k), 1);
    assert_true(state_now().written < state_now().next);
    house_stop(h); /* an entry about something else says nothing of it either */
    sql("DROP TRIGGER log_entry_kept_d; DELETE FROM log_entry WHERE kind = 'ruling' AND source = 2;"
        "DROP TRIGGER log_entry_kept_u; UPDATE log_entry SET source = 2 WHERE kind = 'ruling'");
    house_start(h, NULL, NULL);
    assert_int_equal(rulings_distrusted(h->k), 1);
}

static uint64_t newest_entry(void)
{
    sqlite3 *db = open_db();
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT max(id) FROM log_entry", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    uint64_t id = (uint64_t)sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return id;
}

/* Who accepts entries is told each approval among them: what, until when, by whom and why. */
static void test_accepted_approvals_are_listed(void **state)
{
    (void)state;
    struct ch_buf out, entry;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&entry, CH_ENTRY_MAX);
    until_written();
    atomic_store(&full, true);
    struct ch_ruling_row row = {.repository = CH_STR("pypi"),
                                .project = CH_STR("pkg"),
                                .version_spec = CH_STR("==1.0"),
                                .reason = CH_STR("needed\x1b[2J"),
                                .by = CH_STR("user:bob"),
                                .at_us = keeper_now_us(h->k),
                                .expires_at_us = INT64_C(4102444800000000)};
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    uint64_t place = state_now().next - 1;
    assert_int_equal(command("deny", "pypi:pkg==2.0", "malware"), 0);
    house_settle(h);
    house_stop(h);
    forge("{\"at_us\":1,\"deny\":false,\"id\":9,\"kind\":\"ruling\",\"project\":\"evil\",\"v\":1}",
          "ruling", 9);
    uint64_t forged = newest_entry();
    sql("DELETE FROM log_seal");
    atomic_store(&full, false);
    house_start(h, NULL, NULL);
    assert_int_equal(house_command(h, false, "audit accept", NULL, "looked at", NULL, &out), 0);
    char expected[400];
    int n = snprintf(expected, sizeof(expected),
                     "approval in pypi of pkg ==1.0, until 2100-01-01T00:00:00Z (entry %llu, ruling %llu), by "
                     "user:bob: needed\\x1b[2J\n",
                     (unsigned long long)place, (unsigned long long)row.id);
    size_t at = 0;
    assert_true(ch_str_find(ch_buf_str(&out), ch_str_of(expected), &at));
    assert_int_equal(at, 0);
    size_t lines = (size_t)n;
    n = snprintf(expected, sizeof(expected),
                 "approval of evil, without end (entry %llu, ruling 9), by (not known): (not known)\n",
                 (unsigned long long)forged);
    assert_true(ch_str_find(ch_buf_str(&out), ch_str_of(expected), &at));
    assert_int_equal(at, lines);
    lines += (size_t)n;
    assert_true(ch_str_find(ch_str_sub(ch_buf_str(&out), lines, out.len),
                            CH_STR(" entries that nobody had sealed are signed as they are"), &at));
    assert_true(at <= 2); /* the lines are these two, and no more */
    until_written();
    /* and the entry has the digest of these lines */
    struct ch_log_entry_fields f;
    struct ch_sha256 list, told = ch_sha256_of(out.ptr, lines);
    int64_t approvals = 0;
    uint64_t accepted = state_now().next;
    do {
        ch_buf_clear(&entry);
        assert_ch_ok(&err, audit_read_entry(h->k, --accepted, &entry, &err));
        assert_ch_ok(&err, ch_log_entry_read(ch_buf_str(&entry), &f, &err));
    } while (!ch_str_eq(ch_log_entry_get(&f, "kind"), CH_STR("\"accepted\"")));
    assert_true(ch_log_entry_get_sha(&f, "list", &list));
    assert_true(ch_sha256_eq(&list, &told));
    assert_true(ch_log_entry_get_int(&f, "approvals", &approvals));
    assert_int_equal(approvals, 2);
    ch_buf_done(&entry);
    ch_buf_done(&out);
}

/* In what was sealed nothing is exchanged, taken out or added, also where all else agrees. */
static void test_sealed_entries(void **state)
{
    (void)state;
    house_settle(h);
    atomic_store(&full, true);
    enter(3);
    house_settle(h);
    house_stop(h);
    assert_good();
    sql("DROP TRIGGER log_entry_kept_u; DROP TRIGGER log_entry_kept_d;"
        "CREATE TABLE entries AS SELECT * FROM log_entry;"
        "CREATE TABLE waiting AS SELECT * FROM log_pending;"
        "CREATE TABLE seal AS SELECT * FROM log_seal");
#define BACK                                                                                       \
    "DELETE FROM log_entry; INSERT INTO log_entry SELECT * FROM entries; DELETE FROM log_pending;" \
    "INSERT INTO log_pending SELECT * FROM waiting; DELETE FROM log_seal;"                         \
    "INSERT INTO log_seal SELECT * FROM seal"
#define LAST "(SELECT max(id) FROM entries)"
    static const struct {
        const char *what, *named;
    } cases[] = {
        {"UPDATE log_entry SET id = -id WHERE id >= " LAST " - 1; UPDATE log_entry SET id = 2 * " LAST
         " - 1 + id WHERE id < 0; UPDATE log_pending SET id = -id WHERE id >= " LAST
         " - 1; UPDATE log_pending SET id = 2 * " LAST " - 1 + id WHERE id < 0",
         "are not those that the log's key has sealed"},
        {"DELETE FROM log_entry WHERE id = " LAST "; DELETE FROM log_pending WHERE id = " LAST,
         "the log's key has sealed"},
        {"UPDATE log_seal SET size = size - 1", "log_seal is not by a key of this log"},
        {"DELETE FROM log_seal", "the log's key has not sealed it"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(cases); i++) {
        sql(cases[i].what);
        assert_named(cases[i].named);
        sql(i < 3 ? BACK : "SELECT 1"); /* the last one stays */
    }
    /* as after an upgrade: nothing is signed without a person's word */
    atomic_store(&full, false);
    house_start(h, NULL, NULL);
    house_settle(h);
    assert_true(state_now().written < state_now().next);
    house_stop(h);
    sql("INSERT INTO log_seal SELECT * FROM seal");
    house_start(h, NULL, NULL); /* what the start entered is under no seal */
    house_settle(h);
    assert_true(state_now().written < state_now().next);
    assert_int_equal(command("audit accept", NULL, "looked at"), 0);
    until_written();
}

/* An older copy of the log's files: what they had is known, also right after it was written. */
static void test_older_files(void **state)
{
    (void)state;
    char shell[512];
    house_stop(h);
    assert_good();
    snprintf(shell, sizeof(shell), "cp -a %s/audit %s/older", h->folder, h->folder);
    assert_int_equal(system(shell), 0);
    house_start(h, NULL, NULL);
    enter(3);
    until_written();
    house_stop(h);
    assert_good();
    snprintf(shell, sizeof(shell), "mv %s/audit %s/newer && mv %s/older %s/audit", h->folder,
             h->folder, h->folder, h->folder);
    assert_int_equal(system(shell), 0);
    assert_named("but the log had ");
    snprintf(shell, sizeof(shell), "rm -r %s/audit && mv %s/newer %s/audit", h->folder, h->folder,
             h->folder);
    assert_int_equal(system(shell), 0);
    assert_good();
    house_start(h, NULL, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_forged_entry),
        TEST(test_forged_approval),
        TEST(test_accepted_approvals_are_listed),
        TEST(test_sealed_entries),
        TEST(test_older_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
