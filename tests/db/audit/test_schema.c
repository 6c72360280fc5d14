/* `audit verify` of a database whose rows are as they were, but by whose schema or indices the
 * keeper would change them, or not find them. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "auditor.h"
#include "customhouse/limits.h"
#include "db/keeper/audit/audit_int.h"

#define FILE_NAME "pkg-1.0-py3-none-any.whl"

static struct ch_err err;
static struct house *h;
static char *said;

static int setup(void **state)
{
    (void)state;
    struct audit_state s;
    char hex[CH_SHA256_HEX + 1], page[1024];
    h = house_new();
    snprintf(page, sizeof(page), FILE_NAME " %s %zu 30\n", house_hex("bytes", hex),
             strlen("bytes"));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    house_site(h, FILE_URL(FILE_NAME), 200, "application/zip", "bytes");
    house_ask_page(h, "pkg");
    house_ask_file(h, "pkg", FILE_NAME);
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
    } while (s.written < s.next);
    house_stop(h);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    house_start(h, NULL, NULL);
    house_free(h);
    free(said);
    return 0;
}

static bool verify(void)
{
    bool good = false;
    size_t size = 0;
    free(said);
    FILE *out = open_memstream(&said, &size);
    assert_ch_ok(
        &err, audit_verify(h->folder, &(struct audit_whom){.witness_count = 0}, out, &good, &err));
    fclose(out);
    return good;
}

/* On a connection of its own: each reads the schema anew. */
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

static void expect(const char *what, const char *named)
{
    if (verify() || strstr(said, named) == NULL) {
        fail_msg("not named: %s\n%s", what, said);
    }
}

/* Of an object there is: its text, to make it again. */
static char *text_of(const char *name)
{
    char path[128], text[160];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    snprintf(text, sizeof(text), "SELECT sql FROM sqlite_schema WHERE name = '%s'", name);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    char *made = ch_str_dup(ch_str_of((const char *)sqlite3_column_text(stmt, 0)));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return made;
}

static void test_added(void **state)
{
    (void)state;
    static const struct {
        const char *sql, *named, *undo;
    } rows[] = {
        {"CREATE TRIGGER quiet AFTER INSERT ON ruling BEGIN DELETE FROM owner; END",
         "database: trigger quiet is none of this program's", "DROP TRIGGER quiet"},
        {"CREATE VIEW shown AS SELECT 1", "database: view shown is none of this program's",
         "DROP VIEW shown"},
        {"CREATE TABLE aside (one)", "database: table aside is none of this program's",
         "DROP TABLE aside"},
        {"CREATE UNIQUE INDEX once ON decision (file_name, verdict)",
         "database: index once is none of this program's", "DROP INDEX once"},
        /* by no statement, but SQLite runs it */
        {"PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('trigger', "
         "'sqlite_stat_a',"
         " 'ruling', 0, 'CREATE TRIGGER sqlite_stat_a AFTER INSERT ON ruling BEGIN DELETE FROM"
         " owner; END')",
         "database: trigger sqlite_stat_a is none of this program's",
         "PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'sqlite_stat_a'"},
        {"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = NULL"
         " WHERE name = 'sqlite_autoindex_person_1'",
         "database:  sqlite_autoindex_person_1 is none of this program's",
         "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = 'index'"
         " WHERE name = 'sqlite_autoindex_person_1'"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        sql(rows[i].sql);
        expect(rows[i].sql, rows[i].named);
        sql(rows[i].undo);
        assert_true(verify());
    }
}

static void test_gone_or_another(void **state)
{
    (void)state;
    static const char *const rows[][4] = {
        {"index", "attestation_file", "DROP INDEX attestation_file",
         "CREATE INDEX attestation_file ON attestation (file_name) WHERE 0"},
        {"trigger", "ruling_newest", "DROP TRIGGER ruling_newest",
         "CREATE TRIGGER ruling_newest AFTER INSERT ON ruling BEGIN SELECT 1; END"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char named[160];
        char *made = text_of(rows[i][1]);
        sql(rows[i][2]);
        snprintf(named, sizeof(named), "database: %s %s is gone", rows[i][0], rows[i][1]);
        expect(rows[i][2], named);
        sql(rows[i][3]);
        snprintf(named, sizeof(named), "database: %s %s is not as this program makes it",
                 rows[i][0], rows[i][1]);
        expect(rows[i][3], named);
        sql(rows[i][2]);
        sql(made);
        free(made);
        assert_true(verify());
    }
}

/* An approval that its index has not got is not withdrawn with its file; of a large database, too.
 */
static void test_row_that_an_index_has_not(void **state)
{
    (void)state;
    static const char *const indices[] = {"attestation_file", "attestation_bytes",
                                          "release_file_name"};
    const uint64_t check_bytes = ch_limits.store_check_bytes;
    for (size_t i = 0; i < CH_ARRAY_LEN(indices); i++) {
        char text[200], named[160];
        snprintf(text, sizeof(text),
                 "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' WHERE 0'"
                 " WHERE name = '%s'",
                 indices[i]);
        sql(text);
        snprintf(text, sizeof(text), "REINDEX %s", indices[i]);
        sql(text);
        snprintf(text, sizeof(text),
                 "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = substr(sql, 1,"
                 " length(sql) - 8) WHERE name = '%s'",
                 indices[i]);
        sql(text);
        snprintf(named, sizeof(named), "missing from index %s", indices[i]);
        expect(indices[i], named);
        ch_limits.store_check_bytes = 1;
        expect(indices[i], named);
        ch_limits.store_check_bytes = check_bytes;
        snprintf(text, sizeof(text), "REINDEX %s", indices[i]);
        sql(text);
        assert_true(verify());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_added),
        cmocka_unit_test(test_gone_or_another),
        cmocka_unit_test(test_row_that_an_index_has_not),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
