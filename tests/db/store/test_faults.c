/* What can go wrong with a database, and that each is said clearly: corrupt, locked, out of pages,
 * newer, another program's; facts that somebody tries to change. */
#include "tests/db/store/temp_store.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/store/store_int.h"

static const char *file_path(void)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/customhouse.db", folder);
    return path;
}

static void close_store(void)
{
    ch_store_close(store);
    store = NULL;
}

static enum ch_code decide_in(struct ch_store *s, const char *file, enum ch_verdict verdict)
{
    struct ch_decision_row d = {.repository = CH_STR("pypi"),
                                .upstream = CH_STR("u"),
                                .project = CH_STR("p"),
                                .file_name = ch_str_of(file),
                                .verdict = verdict,
                                .rule = CH_STR("r"),
                                .at_us = 1};
    return ch_store_add_decision(s, &d, &err);
}

static enum ch_code decide(const char *file)
{
    return decide_in(store, file, CH_VERDICT_HOLD);
}

static void count_decision(void *ctx, const struct ch_decision_row *d)
{
    (void)d;
    *(size_t *)ctx += 1;
}

static size_t decisions(struct ch_store *s)
{
    size_t n = 0;
    assert_ch_ok(&err,
                 ch_store_decisions_of(s, CH_STR("pypi"), CH_STR("p"), count_decision, &n, &err));
    return n;
}

/* --- the statement table --- */

static void test_statements(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_SQL_COUNT; i++) {
        const struct ch_sql_row *row = &ch_sql_rows[i];
        sqlite3_stmt *stmt = NULL;
        assert_non_null(row->name);
        if (sqlite3_prepare_v2(store->db, row->sql, -1, &stmt, NULL) != SQLITE_OK) {
            fail_msg("%s: %s", row->name, sqlite3_errmsg(store->db));
        }
        size_t n = strlen(row->types);
        assert_int_equal(sqlite3_bind_parameter_count(stmt), n);
        for (size_t k = 1; k <= n; k++) {
            char name[32];
            snprintf(name, sizeof(name), "$%zu", k);
            if (sqlite3_bind_parameter_index(stmt, name) != (int)k) {
                fail_msg("%s: %s is not parameter %zu", row->name, name, k);
            }
        }
        assert_int_equal(strspn(row->types, "tniwdzb"), n);
        sqlite3_finalize(stmt);
    }
}

/* Statements that read a whole table by intent; every other one must go through an index. */
static bool may_scan(size_t id)
{
    return id <= CH_SQL_QUICK_CHECK || id == CH_SQL_RULINGS || id == CH_SQL_APPROVALS_LOGGED || id == CH_SQL_OPEN_EXCEPTIONS || id == CH_SQL_EXCEPTIONS || id == CH_SQL_INTAKES ||
           id == CH_SQL_SERVED_ALL || id == CH_SQL_POLICIES || id == CH_SQL_KEYS ||
           id == CH_SQL_ADD_KEY || id == CH_SQL_WITHDRAWALS || id == CH_SQL_ATTESTED_REPOSITORIES || id == CH_SQL_LOG_PENDING ||
           id == CH_SQL_PEOPLE || id == CH_SQL_INSPECTIONS || id == CH_SQL_OPEN_PROPOSALS || id == CH_SQL_OPEN_POLICY_PROPOSALS ||
           id == CH_SQL_COUNT_DECISIONS || id == CH_SQL_COUNT_ATTESTATIONS ||
           (id >= CH_SQL_UNLOGGED_DECISIONS && id <= CH_SQL_UNLOGGED_PEOPLE_ENDS) ||
           id == CH_SQL_ERASE_WHO || id == CH_SQL_ERASABLE_WHO || /* likewise rare, and of a table without such an index */
           id == CH_SQL_END_RULINGS_OF_NAME; /* an act of a person, as rare as rulings are few */
}

/* Statements that sort what an index gave them, since that is little: the inspections of one file; notifications of one
 * destination, at most `notice_rows` and those of one tick; last copies, when they are more than is kept of them. */
static bool may_sort(size_t id)
{
    return id == CH_SQL_INSPECTION_CONTEXTS || id == CH_SQL_NOTICES_OLDEST || id == CH_SQL_OLDEST_LAST_COPIES;
}

static void test_statements_use_indexes(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_SQL_COUNT; i++) {
        sqlite3_stmt *stmt = NULL;
        char sql[2048];
        if (may_scan(i)) {
            continue;
        }
        snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", ch_sql_rows[i].sql);
        assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL), SQLITE_OK);
        while (sqlite3_step(stmt) == SQLITE_ROW) {
            const char *detail = (const char *)sqlite3_column_text(stmt, 3);
            bool few = strncmp(detail, "SCAN (subquery", 14) == 0 || /* of rows that an index gave */
                       strcmp(detail, "SCAN CONSTANT ROW") == 0;     /* of no table */
            if ((strncmp(detail, "SCAN", 4) == 0 && !few) || (strstr(detail, "TEMP B-TREE") != NULL && !may_sort(i))) {
                fail_msg("%s: %s", ch_sql_rows[i].name, detail);
            }
        }
        sqlite3_finalize(stmt);
    }
}

static int64_t number_of(const char *sql)
{
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return v;
}

static void test_settings(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *expected;
    } rows[] = {
        {"PRAGMA journal_mode", "wal"},  {"PRAGMA synchronous", "2"},
        {"PRAGMA foreign_keys", "1"},    {"PRAGMA trusted_schema", "0"},
        {"PRAGMA temp_store", "2"},      {"PRAGMA recursive_triggers", "1"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        sqlite3_stmt *stmt = NULL;
        assert_int_equal(sqlite3_prepare_v2(store->db, rows[i].sql, -1, &stmt, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
        assert_string_equal((const char *)sqlite3_column_text(stmt, 0), rows[i].expected);
        sqlite3_finalize(stmt);
    }
    assert_int_equal(number_of("PRAGMA user_version"), ch_migrations[ch_migration_count - 1].number);
    assert_int_not_equal(sqlite3_exec(store->db, "ATTACH ':memory:' AS x", NULL, NULL, NULL),
                         SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(store->db, "SELECT load_extension('x')", NULL, NULL, NULL),
                         SQLITE_OK);
    struct stat st;
    assert_int_equal(stat(file_path(), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

/* --- facts --- */

static void fill_facts(void)
{
    struct ch_sha256 sha = ch_sha256_of("x", 1);
    struct ch_artifact a = {sha, 1, 1};
    struct ch_release_file r = {.upstream = CH_STR("u"), .sha256 = sha};
    struct ch_fetch_row f = {.upstream = CH_STR("u")};
    struct ch_finding finding = {CH_F_LIMIT, {NULL, 0}, {NULL, 0}};
    struct ch_fact fact = {CH_STR("n"), CH_STR("v")};
    struct ch_inspection_key key = {.sha256 = sha};
    struct ch_inspection_row row = {.outcome = CH_INSPECTION_FAILED,
                                    .findings = &finding,
                                    .finding_count = 1,
                                    .facts = &fact,
                                    .fact_count = 1};
    struct ch_ruling_row ruling = {.fingerprints = &sha, .fingerprint_count = 1};
    uint64_t id = 0;
    assert_ch_ok(&err, ch_store_pin_owner(store, CH_STR("r"), CH_STR("p"), CH_STR("u"), 1, NULL, &err));
    struct ch_owner_change change = {.repository = CH_STR("r"), .project = CH_STR("p"),
                                     .kind = CH_OWNER_GIVEN, .upstream = CH_STR("v"),
                                     .former = CH_STR("u"), .reason = CH_STR("why"),
                                     .by = CH_STR("uid:0"), .at_us = 1};
    assert_ch_ok(&err, ch_store_add_owner_change(store, &change, &id, NULL, NULL, &err));
    assert_ch_ok(&err, ch_store_add_sighting(store, CH_STR("u"), CH_STR("p"), CH_STR("f"), NULL,
                                             CH_SIGHTING_APPEARED, 1, 1, &err));
    assert_ch_ok(&err, ch_store_add_artifact(store, &a, &err));
    assert_ch_ok(&err, ch_store_add_alias(store, CH_STR("md5"), CH_STR("00"), &sha, &err));
    assert_ch_ok(&err, ch_store_add_release_file(store, &r, &err));
    assert_ch_ok(&err, ch_store_add_fetch(store, &f, &err));
    assert_ch_ok(&err, ch_store_add_inspection(store, &key, &row, &err));
    assert_ch_ok(&err, ch_store_add_ruling(store, &ruling, &id, &err));
    assert_ch_ok(&err, ch_store_end_ruling(store, id, CH_STR("a"), CH_STR("b"), 1, &err));
    assert_ch_ok(&err, decide("f"));
    struct ch_people_row people[] = {
        {.kind = CH_PEOPLE_PERSON, .person = CH_STR("alice"), .at_us = 1},
        {.kind = CH_PEOPLE_UID, .person = CH_STR("alice"), .uid = 1000, .at_us = 1},
        {.kind = CH_PEOPLE_MEMBER, .person = CH_STR("alice"), .group = CH_STR("g"), .at_us = 1},
        {.kind = CH_PEOPLE_GRANT, .group = CH_STR("g"), .role = CH_STR("reader"), .at_us = 1},
        {.kind = CH_PEOPLE_TOKEN, .person = CH_STR("alice"), .audience = CH_STR("pull"),
         .sha256 = sha, .at_us = 1},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(people); i++) {
        assert_ch_ok(&err, ch_store_add_people(store, &people[i], &id, &err));
    }
    assert_ch_ok(&err, ch_store_end_people(store, id, CH_STR("a"), CH_STR("b"), 1, &err));
    assert_int_equal(sqlite3_exec(store->db,
                                  "INSERT INTO log_erased (entry, field, act) VALUES (1, 'by', 2)",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
}

static void test_facts_are_immutable(void **state)
{
    (void)state;
    static const struct {
        const char *table;
        const char *column;
    } rows[] = {
        {"owner", "upstream"},     {"sighting", "at_us"},   {"artifact", "size_bytes"},
        {"alias", "hex"},          {"release_file", "url"},
        {"inspection", "outcome"}, {"finding", "code"},     {"inspection_fact", "value"},
        {"ruling", "reason"},      {"ruling_end", "why"},   {"ruling_fingerprint", "fingerprint"},
        {"decision", "verdict"},   {"owner_change", "upstream"},
        {"people_fact", "kind"},   {"people_end", "why"},   {"person", "name"},
        {"person_uid", "uid"},     {"group_member", "group_name"}, {"group_grant", "role"},
        {"token", "sha256"},       {"log_erased", "field"},
    };
    fill_facts();
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char sql[4][160];
        snprintf(sql[0], sizeof(sql[0]), "UPDATE %s SET %s = %s", rows[i].table, rows[i].column,
                 rows[i].column);
        snprintf(sql[1], sizeof(sql[1]), "DELETE FROM %s", rows[i].table);
        snprintf(sql[2], sizeof(sql[2]), "INSERT OR REPLACE INTO %s SELECT * FROM %s",
                 rows[i].table, rows[i].table);
        snprintf(sql[3], sizeof(sql[3]), "UPDATE OR IGNORE %s SET %s = %s", rows[i].table,
                 rows[i].column, rows[i].column);
        for (size_t k = 0; k < CH_ARRAY_LEN(sql); k++) {
            char *msg = NULL;
            int rc = sqlite3_exec(store->db, sql[k], NULL, NULL, &msg);
            if (rc != SQLITE_CONSTRAINT_TRIGGER || strstr(msg, "holds facts") == NULL) {
                fail_msg("%s: %d %s", sql[k], rc, msg != NULL ? msg : "was done");
            }
            sqlite3_free(msg);
        }
    }
}

/* --- schemas --- */

static void test_newer_schema(void **state)
{
    (void)state;
    char known[32];
    snprintf(known, sizeof(known), "up to schema %d:", ch_migrations[ch_migration_count - 1].number);
    assert_int_equal(sqlite3_exec(store->db, "PRAGMA user_version = 99999", NULL, NULL, NULL),
                     SQLITE_OK);
    close_store();
    assert_ch_code(CH_E_UNSUPPORTED, ch_store_open(folder, &store, &err));
    assert_null(store);
    assert_non_null(strstr(err.msg, file_path()));
    assert_non_null(strstr(err.msg, "schema 99999"));
    assert_non_null(strstr(err.msg, known));
}

static void test_migrations_go_forward(void **state)
{
    (void)state;
    size_t n = ch_migration_count;
    int last = ch_migrations[n - 1].number;
    struct ch_migration rows[64];
    char good[128], bad[128];
    assert_in_range(n, 1, CH_ARRAY_LEN(rows) - 2);
    for (size_t i = 0; i < n; i++) {
        rows[i] = ch_migrations[i];
        assert_int_equal(rows[i].number, i + 1); /* consecutive */
    }
    snprintf(good, sizeof(good), "CREATE TABLE x (a INTEGER) STRICT; PRAGMA user_version = %d;",
             last + 1);
    snprintf(bad, sizeof(bad), "INSERT INTO x VALUES (5); SELECT nonsense; PRAGMA user_version = %d;",
             last + 2);
    rows[n] = (struct ch_migration){last + 1, "x.sql", good};
    rows[n + 1] = (struct ch_migration){last + 2, "y.sql", bad};
    assert_ch_ok(&err, decide("f"));
    assert_ch_ok(&err, ch_store_migrate(store, rows, n + 1, &err));
    assert_int_equal(number_of("PRAGMA user_version"), last + 1);
    assert_ch_ok(&err, ch_store_migrate(store, rows, n + 1, &err));
    assert_int_equal(decisions(store), 1);
    /* One that fails leaves nothing of itself. */
    assert_ch_code(CH_E_SYSTEM, ch_store_migrate(store, rows, n + 2, &err));
    assert_non_null(strstr(err.msg, "y.sql"));
    assert_int_equal(number_of("PRAGMA user_version"), last + 1);
    assert_int_equal(number_of("SELECT count(*) FROM x"), 0);
    assert_ch_code(CH_E_UNSUPPORTED, ch_store_migrate(store, rows, 1, &err));
}

/* What arrived before times of fetches were kept counts as fetched when it arrived last. */
static void test_arrivals_become_confirmations(void **state)
{
    (void)state;
    size_t before = 0;
    while (strcmp(ch_migrations[before].name, "0010_bytes_confirmed.sql") != 0) {
        before++;
        assert_true(before < ch_migration_count);
    }
    static const char rows[] =
        "INSERT INTO artifact VALUES (zeroblob(32), 5, 1);"
        "INSERT INTO artifact VALUES (randomblob(32), 6, 1);"
        "INSERT INTO release_file (upstream, project, file_name, sha256, url, at_us)"
        " SELECT 'u', 'p', 'f', sha256, '', 10 * size_bytes FROM artifact ORDER BY size_bytes;"
        "INSERT INTO release_file (upstream, project, file_name, sha256, url, at_us)"
        " VALUES ('u', 'p', 'f', zeroblob(32), '', 70);";
    char log[144];
    sqlite3 *db = NULL;
    close_store();
    assert_int_equal(unlink(file_path()), 0);
    snprintf(log, sizeof(log), "%s-wal", file_path());
    assert_true(unlink(log) == 0 || errno == ENOENT);
    assert_int_equal(sqlite3_open(file_path(), &db), SQLITE_OK);
    for (size_t i = 0; i < before; i++) {
        assert_int_equal(sqlite3_exec(db, ch_migrations[i].sql, NULL, NULL, NULL), SQLITE_OK);
    }
    assert_int_equal(sqlite3_exec(db, rows, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_ch_ok(&err, ch_store_open(folder, &store, &err));
    struct ch_release_file f = {
        .upstream = CH_STR("u"), .project = CH_STR("p"), .file_name = CH_STR("f")};
    assert_ch_ok(&err, ch_store_bytes_confirmed(store, &f, &err));
    assert_int_equal(f.at_us, 70);
    assert_int_equal(number_of("SELECT min(at_us) FROM bytes_confirmed"), 60);
    assert_int_equal(number_of("SELECT count(*) FROM bytes_confirmed"), 2);
}

static void test_other_programs_database(void **state)
{
    (void)state;
    close_store();
    assert_int_equal(unlink(file_path()), 0);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(file_path(), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE t (a)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_ch_code(CH_E_FORMAT, ch_store_open(folder, &store, &err));
    assert_non_null(strstr(err.msg, file_path()));
}

/* --- damage --- */

static void overwrite(off_t from, size_t len, char with)
{
    int fd = open(file_path(), O_WRONLY);
    assert_true(fd >= 0);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(pwrite(fd, &with, 1, from + (off_t)i), 1);
    }
    close(fd);
}

static void test_damaged_header(void **state)
{
    (void)state;
    close_store();
    overwrite(0, 100, 'x');
    assert_ch_code(CH_E_FORMAT, ch_store_open(folder, &store, &err));
    assert_non_null(strstr(err.msg, file_path()));
}

/* A large database is opened at once. What is found in it meanwhile ends writing. */
static void test_damaged_page_of_a_large_one(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof(name), "f%d", i);
        assert_ch_ok(&err, decide(name));
    }
    int64_t page = number_of("SELECT rootpage FROM sqlite_schema WHERE name = 'decision_file'");
    uint64_t limit = ch_limits.store_check_bytes;
    ch_limits.store_check_bytes = 0;
    close_store();
    assert_ch_ok(&err, ch_store_open(folder, &store, &err));
    assert_non_null(store->check);
    assert_ch_ok(&err, ch_store_begin(store, &err));
    assert_ch_ok(&err, ch_store_commit(store, &err));
    close_store();
    overwrite((page - 1) * 4096, 4096, 0x55);
    assert_ch_ok(&err, ch_store_open(folder, &store, &err));
    enum ch_code rc = CH_OK;
    for (time_t end = time(NULL) + 10; rc == CH_OK && time(NULL) < end;) {
        rc = ch_store_begin(store, &err);
        if (rc == CH_OK) {
            ch_store_rollback(store);
        }
    }
    ch_limits.store_check_bytes = limit;
    assert_int_equal(rc, CH_E_FORMAT);
    assert_non_null(strstr(err.msg, "damaged"));
}

static void test_damaged_page(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof(name), "f%d", i);
        assert_ch_ok(&err, decide(name));
    }
    int64_t page = number_of("SELECT rootpage FROM sqlite_schema WHERE name = 'decision_file'");
    close_store();
    overwrite((page - 1) * 4096, 4096, 0x55);
    assert_ch_code(CH_E_FORMAT, ch_store_open(folder, &store, &err));
    assert_non_null(strstr(err.msg, file_path()));
    assert_non_null(strstr(err.msg, "damaged"));
}

/* Damage that was not there at the start, and that a reader comes upon: as when the check finds it,
 * nothing is written any more, though other statements would still be answered. */
static void test_damaged_while_it_is_open(void **state)
{
    (void)state;
    size_t n = 0;
    for (int i = 0; i < 200; i++) {
        char name[16];
        snprintf(name, sizeof(name), "f%d", i);
        assert_ch_ok(&err, decide(name));
    }
    int64_t page = number_of("SELECT rootpage FROM sqlite_schema WHERE name = 'decision_file'");
    close_store();
    assert_ch_ok(&err, ch_store_open(folder, &store, &err));
    assert_ch_ok(&err, ch_store_whole(store, &err));
    sqlite3_db_release_memory(store->db); /* or it would not read them again */
    overwrite((page - 1) * 4096, 4096, 0x55);
    assert_ch_code(CH_E_FORMAT, ch_store_decisions_of(store, CH_STR("pypi"), CH_STR("p"), count_decision, &n, &err));
    assert_non_null(strstr(err.msg, "damaged"));
    assert_ch_code(CH_E_FORMAT, ch_store_whole(store, &err));
    assert_non_null(strstr(err.msg, "damaged"));
    assert_non_null(strstr(err.msg, file_path()));
    assert_ch_code(CH_E_FORMAT, ch_store_begin(store, &err));
}

static void test_truncated(void **state)
{
    (void)state;
    close_store();
    assert_int_equal(truncate(file_path(), 5 * 4096), 0);
    assert_ch_code(CH_E_FORMAT, ch_store_open(folder, &store, &err));
}

static void test_missing_folder(void **state)
{
    (void)state;
    struct ch_store *other = NULL;
    assert_ch_code(CH_E_NOT_FOUND, ch_store_open("no-such-folder", &other, &err));
    assert_non_null(strstr(err.msg, "no-such-folder"));
    assert_null(other);
}

/* --- others --- */

static void test_opened_twice(void **state)
{
    (void)state;
    struct ch_store *other = NULL;
    assert_ch_code(CH_E_BUSY, ch_store_open(folder, &other, &err));
    assert_non_null(strstr(err.msg, file_path()));
    close_store();
    assert_ch_ok(&err, ch_store_open(folder, &store, &err));
}

static void test_locked(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    sqlite3_busy_timeout(store->db, 10);
    assert_int_equal(sqlite3_open(file_path(), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_ch_code(CH_E_BUSY, decide("f"));
    assert_non_null(strstr(err.msg, file_path()));
    assert_non_null(strstr(err.msg, "locked"));
    assert_ch_code(CH_E_BUSY, ch_store_begin(store, &err));
    assert_false(ch_store_in_group(store));
    assert_int_equal(decisions(store), 0); /* reading goes on */
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_ch_ok(&err, decide("f"));
}

static uint64_t now_ms(void)
{
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &t), 0);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Whoever has it locked is waited for once: the caller serves others, and each of its steps would wait again. */
static void test_locked_for_long(void **state)
{
    (void)state;
    sqlite3 *db = NULL;
    const uint64_t allowed_ms = 1000; /* a whole second, by the default */
    assert_int_equal(sqlite3_open(file_path(), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    uint64_t began_ms = now_ms();
    assert_ch_code(CH_E_BUSY, decide("f"));
    uint64_t gave_up_ms = now_ms();
    assert_true(gave_up_ms - began_ms >= allowed_ms);
    for (int i = 0; i < 5; i++) {
        assert_ch_code(CH_E_BUSY, decide("f"));
    }
    assert_true(now_ms() - gave_up_ms < allowed_ms);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_ch_ok(&err, decide("f"));
    sqlite3_close(db);
}

/* --- no space --- */

static void limit_pages(void)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld",
             (long long)number_of("PRAGMA page_count") + 3);
    assert_int_equal(sqlite3_exec(store->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void test_full_group_is_undone(void **state)
{
    (void)state;
    assert_ch_ok(&err, decide("before"));
    limit_pages();
    assert_ch_ok(&err, ch_store_begin(store, &err));
    enum ch_code rc = CH_OK;
    for (int i = 0; i < 2000 && rc == CH_OK; i++) {
        char name[16];
        snprintf(name, sizeof(name), "f%d", i);
        rc = decide(name);
    }
    assert_int_equal(rc, CH_E_FULL);
    assert_non_null(strstr(err.msg, file_path()));
    /* SQLite has undone the group; nothing more of it may be written outside of it. */
    if (sqlite3_get_autocommit(store->db) != 0) {
        assert_ch_code(CH_E_CONFLICT, decide("after"));
        assert_ch_code(CH_E_CONFLICT, ch_store_commit(store, &err));
    } else {
        ch_store_rollback(store);
    }
    assert_false(ch_store_in_group(store));
    assert_int_equal(decisions(store), 1);
    assert_int_equal(sqlite3_exec(store->db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_ch_ok(&err, decide("after"));
    assert_int_equal(decisions(store), 2);
}

static void test_group_undone_by_sqlite(void **state)
{
    (void)state;
    assert_ch_ok(&err, ch_store_begin(store, &err));
    assert_ch_ok(&err, decide("f"));
    assert_int_equal(sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_ch_code(CH_E_CONFLICT, decide("g"));
    assert_ch_code(CH_E_CONFLICT, ch_store_commit(store, &err));
    assert_int_equal(decisions(store), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_statements),
        T(test_statements_use_indexes),
        T(test_settings),
        T(test_facts_are_immutable),
        T(test_newer_schema),
        T(test_arrivals_become_confirmations),
        T(test_migrations_go_forward),
        T(test_other_programs_database),
        T(test_damaged_header),
        T(test_damaged_page),
        T(test_damaged_page_of_a_large_one),
        T(test_damaged_while_it_is_open),
        T(test_truncated),
        T(test_missing_folder),
        T(test_opened_twice),
        T(test_locked),
        T(test_locked_for_long),
        T(test_full_group_is_undone),
        T(test_group_undone_by_sqlite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
