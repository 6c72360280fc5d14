/* `audit verify` of logs that are older than what their entries are about, that are not written
 * yet, and that several threads share. */
#include "house.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "auditor.h"
#include "customhouse/limits.h"
#include "db/keeper/audit/audit_int.h"
#include "db/log/append.h"

enum ch_code __real_ch_store_has_log(struct ch_store *s, struct ch_str kind, uint64_t source,
                                     bool *ret_has, struct ch_err *err);
enum ch_code __wrap_ch_store_has_log(struct ch_store *s, struct ch_str kind, uint64_t source,
                                     bool *ret_has, struct ch_err *err);
enum ch_code __real_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);
enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);

enum ch_code __real_ch_store_open_read(const char *folder, struct ch_store **ret,
                                       struct ch_err *err);
enum ch_code __wrap_ch_store_open_read(const char *folder, struct ch_store **ret,
                                       struct ch_err *err);

static struct ch_err err;
static struct house *h;
static char *said;
static bool of_before; /* the log knows no entry that counts what is older */
static bool full;      /* the log cannot be written */

enum ch_code __wrap_ch_store_has_log(struct ch_store *s, struct ch_str kind, uint64_t source,
                                     bool *ret_has, struct ch_err *e)
{
    enum ch_code rc = __real_ch_store_has_log(s, kind, source, ret_has, e);
    *ret_has = *ret_has && !of_before;
    return rc;
}

enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *e)
{
    return full ? ch_fail(e, CH_E_FULL, "no space left") : __real_ch_log_append(log, bundle, e);
}

static void (*meanwhile)(void); /* once the log was read, before the database is */

enum ch_code __wrap_ch_store_open_read(const char *folder, struct ch_store **ret, struct ch_err *e)
{
    void (*fn)(void) = meanwhile;
    meanwhile = NULL;
    if (fn != NULL) {
        fn();
    }
    return __real_ch_store_open_read(folder, ret, e);
}

static void until_written(void)
{
    struct audit_state s;
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
    } while (s.written < s.next);
}

static int setup(void **state)
{
    (void)state;
    of_before = full = false;
    h = house_new();
    until_written();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    audit_part_entries = AUDIT_PART_ENTRIES;
    house_free(h);
    free(said);
    said = NULL;
    return 0;
}

static int teardown_broken(void **state)
{
    char path[128], gone[128];
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    unlink(path);
    snprintf(path, sizeof(path), "%s/audit", h->folder); /* without a database no keeper starts beside it */
    snprintf(gone, sizeof(gone), "%s/gone", h->folder);
    assert_int_equal(rename(path, gone), 0);
    house_start(h, NULL, NULL);
    return teardown(state);
}

static bool verify(void)
{
    bool good = false;
    size_t size = 0;
    free(said);
    FILE *out = open_memstream(&said, &size);
    enum ch_code rc = audit_verify(h->folder, &(struct audit_whom){.witness_count = 0}, out, &good, &err);
    fclose(out);
    assert_ch_ok(&err, rc);
    return good;
}

static void assert_said(const char *text)
{
    if (strstr(said, text) == NULL) {
        fail_msg("not said: %s\n%s", text, said);
    }
}

static void sql(const char *text)
{
    char path[128];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

#define DECISION(id)                                                                               \
    "INSERT INTO decision (id, repository, upstream, project, file_name, verdict, rule, reason,"   \
    " at_us) VALUES (" id ", 'pypi', 'up', 'pkg', 'x', 1, 'r', '', 1);"

/* The log begins with what is there, as in a store of before there was one. */
static void begin_log_anew(void)
{
    char from[128], to[128];
    snprintf(from, sizeof(from), "%s/audit", h->folder);
    snprintf(to, sizeof(to), "%s/former", h->folder);
    assert_int_equal(rename(from, to), 0);
    sql("DROP TRIGGER log_entry_kept_d; DELETE FROM log_entry; DELETE FROM log_pending;"
        "DELETE FROM log_clear");
    house_start(h, NULL, NULL);
    until_written();
}

/* What was there before entries were about it is counted once; from then on there is no more of it,
 * and no less. */
static void test_older_than_the_log(void **state)
{
    (void)state;
    house_stop(h);
    sql("INSERT INTO owner VALUES ('pypi', 'pkg', 'up', 1);" DECISION("7") DECISION("8"));
    assert_false(verify());
    assert_said("database: decision 7 was never logged");
    begin_log_anew();
    if (!verify()) {
        fail_msg("%s", said);
    }
    house_restart(h); /* and only once */
    until_written();
    assert_true(verify());
    house_stop(h);
    sql(DECISION("9"));
    assert_false(verify());
    assert_said("no entry is about 3 rows of decision, but there were 2 such rows");
    sql("DROP TRIGGER decision_kept_d; DELETE FROM decision");
    assert_false(verify());
    assert_said("no entry is about 0 rows of decision, but there were 2 such rows");
    house_start(h, NULL, NULL);
}

/* Entries come to be about one more table: of the others a row without entry is none that is older. */
static void test_more_tables(void **state)
{
    (void)state;
    house_stop(h);
    sql(DECISION("7"));
    of_before = true;
    house_start(h, NULL, NULL);
    of_before = false;
    until_written();
    assert_false(verify());
    assert_said("database: decision 7 was never logged");
    house_stop(h);
    sql("DROP TRIGGER decision_kept_d; DELETE FROM decision");
    if (!verify()) {
        fail_msg("%s", said);
    }
    house_start(h, NULL, NULL);
}

#define SERVED(id)                                                                                 \
    "INSERT INTO served (id, repository, project, file_name, sha256, address, principal,"          \
    " user_agent, first_at_us, last_at_us, times) VALUES (" id ", 'pypi', 'pkg', 'x',"             \
    " zeroblob(32), '192.0.2." id "', '', '', 1, 1, 1);"

static void trim_to(uint64_t rows)
{
    struct ch_limits saved = ch_limits;
    ch_limits.served_rows = rows;
    house_start(h, NULL, NULL);
    until_written();
    house_stop(h);
    ch_limits = saved;
}

/* Of who got what the oldest rows go, also those that are older than the log; no others. */
static void test_older_than_what_is_kept(void **state)
{
    (void)state;
    house_stop(h);
    sql(SERVED("1") SERVED("2"));
    assert_false(verify());
    begin_log_anew();
    house_tell_served(h, "pkg", "x", "bytes", "192.0.2.3");
    house_tell_served(h, "pkg", "x", "bytes", "192.0.2.4");
    house_tell_served(h, "pkg", "x", "bytes", "192.0.2.5");
    until_written();
    assert_true(verify());
    house_stop(h);
    trim_to(4);
    if (!verify()) {
        fail_msg("%s", said);
    }
    trim_to(2);
    if (!verify()) {
        fail_msg("%s", said);
    }
    assert_said("; 1 rows are older than what is kept of their table");
    trim_to(2); /* nothing to do */
    assert_true(verify());
    sql("DELETE FROM served WHERE id = 4");
    assert_false(verify());
    assert_said("database: served 4 is gone, which entry ");
    /* what is missing is not taken for what was dropped */
    trim_to(2);
    assert_false(verify());
    assert_said("database: served 4 is gone, which entry ");
    house_start(h, NULL, NULL);
}

static void enter(size_t count)
{
    assert_ch_ok(&err, keeper_write(h->k, &err));
    for (size_t i = 0; i < count; i++) {
        assert_ch_ok(&err, audit_trouble(h->k, true, CH_STR("made up"), &err));
    }
    assert_ch_ok(&err, keeper_commit(h->k, &err));
}

/* What waits is not in the log's files, so nothing else has it. */
static void test_entries_that_wait(void **state)
{
    (void)state;
    full = true;
    enter(3);
    house_settle(h);
    house_stop(h);
    assert_true(verify());
    assert_said("entries wait to be written: as logged");
    sql("CREATE TABLE aside AS SELECT * FROM log_pending");
    sql("UPDATE log_pending SET entry = CAST('{}' AS BLOB) WHERE id = (SELECT max(id) FROM"
        " log_pending)");
    assert_false(verify());
    assert_said("is not the entry that was logged");
    sql("DELETE FROM log_pending WHERE id = (SELECT max(id) FROM log_pending)");
    assert_false(verify());
    assert_said("is gone, which waits to be written");
    sql("DELETE FROM log_pending; INSERT INTO log_pending SELECT * FROM aside; DROP TABLE aside");
    full = false;
    house_start(h, NULL, NULL);
    until_written();
    assert_true(verify());
    assert_said(": as logged");
}

static void erase_reason(void)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->option[0] = "who";
    h->option[1] = "made up";
    assert_int_equal(0, house_command(h, false, "audit erase", NULL, "asked", NULL, &out));
    h->option[0] = h->option[1] = NULL;
    ch_buf_done(&out);
}

static void erase_and_write(void)
{
    enter(2);
    erase_reason();
    until_written();
    audit_tick(h->k); /* the store's copies of what is in the files go */
    assert_ch_ok(&err, keeper_commit(h->k, &err));
}

/* Beside a keeper that writes: what the log has got since it was read is not missing. */
static void test_the_log_grows(void **state)
{
    (void)state;
    meanwhile = erase_and_write;
    if (!verify()) {
        fail_msg("%s", said);
    }
    assert_null(meanwhile);
    assert_true(verify());
    assert_said("; 2 texts were erased: as logged");
}

/* What was erased is so before the log has the act; and nobody can say so of more. */
static void test_an_act_that_waits(void **state)
{
    (void)state;
    enter(2);
    until_written();
    full = true;
    erase_reason();
    house_settle(h);
    house_stop(h);
    if (!verify()) {
        fail_msg("%s", said);
    }
    assert_said("2 texts were erased");
    sql("INSERT INTO log_erased (entry, field, act) SELECT 0, 'x', max(id) FROM log_entry WHERE"
        " kind = 'erased'");
    assert_false(verify());
    assert_said("database: log_erased of entry ");
    full = false;
    house_start(h, NULL, NULL);
}

static void flip(const char *name, off_t at)
{
    char path[128];
    unsigned char byte;
    snprintf(path, sizeof(path), "%s/audit/%s", h->folder, name);
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && pread(fd, &byte, 1, at) == 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    close(fd);
}

/* However many threads share it, what is wrong is named the same, in the order of the entries. */
static void test_shared_out(void **state)
{
    (void)state;
    enter(1200);
    until_written();
    house_stop(h);
    sql("DROP TRIGGER log_entry_kept_u; UPDATE log_entry SET leaf = zeroblob(32) WHERE id = 1100");
    sql("DROP TRIGGER log_entry_kept_d; DELETE FROM log_entry WHERE id IN (255, 256, 600)");
    flip("public/hashes/0", 32 * 520 + 3);
    char *alone = NULL;
    for (uint64_t entries = AUDIT_PART_ENTRIES; entries >= 256; entries /= 4) {
        audit_part_entries = entries;
        assert_false(verify());
        alone = alone != NULL ? alone : strdup(said);
        assert_string_equal(alone, said);
    }
    assert_said("database: log_entry 255 is gone");
    assert_said("database: log_entry 256 is gone");
    assert_said("database: log_entry 600 is gone");
    assert_said("hashes of level 0: hash 520 is not the one of its entry");
    assert_said("database: log_entry 1100 has another hash than the log");
    free(alone);
    house_start(h, NULL, NULL);
}

/* A table's first page becomes none. */
static void break_table(const char *table)
{
    char path[128], text[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    static const char zeros[4096];
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    snprintf(text, sizeof(text), "SELECT rootpage FROM sqlite_master WHERE name = '%s'", table);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    off_t page = sqlite3_column_int64(stmt, 0) - 1;
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, zeros, sizeof(zeros), page * (off_t)sizeof(zeros)), sizeof(zeros));
    close(fd);
}

/* What was found is said, also where not all could be read. */
static void test_broken_table(void **state)
{
    (void)state;
    bool good = true;
    size_t size = 0;
    enter(1);
    until_written();
    house_stop(h);
    sql("DROP TRIGGER log_entry_kept_u; UPDATE log_entry SET leaf = zeroblob(32) WHERE id = 0");
    break_table("policy_taken");
    FILE *out = open_memstream(&said, &size);
    enum ch_code rc = audit_verify(h->folder, &(struct audit_whom){.witness_count = 0}, out, &good, &err);
    fclose(out);
    assert_int_equal(rc, CH_E_FORMAT);
    assert_said("database: log_entry 0 has another hash than the log");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_older_than_the_log),
        TEST(test_more_tables),
        TEST(test_older_than_what_is_kept),
        TEST(test_entries_that_wait),
        TEST(test_the_log_grows),
        TEST(test_an_act_that_waits),
        TEST(test_shared_out),
        cmocka_unit_test_setup_teardown(test_broken_table, setup, teardown_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
