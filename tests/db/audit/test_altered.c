/* Every column of every table of the schema: what an entry of the log stands for cannot be changed,
 * taken out or added without `customhouse audit verify` naming it. What is not compared stands here
 * with the reason, so that a new table or column cannot be forgotten. */
#include "altered_house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ what is not compared, and why
 */

static const struct {
    const char
        *name; /* TABLE, TABLE.COLUMN, or with "-" before it TABLE of which rows may go, "+" come */
    const char *why;
} left_out[] = {
    {"newest", "the newest time of all rows, some of which may go: that it is not before those of "
               "entries see below"},
    {"+snapshot_content", "of no page"},
    {"+artifact", "bytes that are no file's"},
    {"artifact.sha256", "likewise, and its file's row names what it has not got any more"},
    {"alias", "other digests of the bytes; whoever has them can compute them"},
    {"fetch", "a count of what was fetched; rows go when there are many"},
    {"finding.number", "their order alone, which the record has: see below"},
    {"inspection_fact.number", "likewise"},
    {"+finding", "of no inspection; one more of another is named: see below"},
    {"+inspection_fact", "likewise"},
    {"intake", "work in hand"},
    {"not_found", "likewise: what upstreams say of a file at the moment"},
    {"pushed_blob", "work: which pushed bytes a manifest may name; what of them is had is decided on manifests"},
    {"pushed_part", "likewise: which of them a manifest names, as it says itself"},
    {"pushed_subject", "likewise: what it refers to"},
    {"notice", "work in hand: what people are still to be told"},
    {"notice_of_end", "likewise, and who was told"},
    {"forwarded", "how far another server has the log's entries"},
    {"refusal", "what a link on a refusal leads to; rows go when there are many"},
    {"blob", "where bytes lie, and how old they are"},
    {"replaced_file", "which files have a newer row of their name, which those rows say themselves"},
    {"log_refusal", "counted until the minute is over, then an entry"},
    {"log_sign_in", "likewise"},
    {"log_command_refusal", "likewise"},
    {"ruling_fingerprint.number", "their order alone, which the digest of them all has"},
    {"admitted.last_at_us", "moves with each admission"},
    {"served.user_agent", "what the client calls itself: in no entry"},
    {"served.last_at_us", "moves with each serving"},
    {"served.times", "likewise"},
    {"+evidence", "called by its own digest: what no attestation names says nothing"},
    {"+policy_text", "likewise"},
    {"log_seal.id", "there is one row"},
    {"+log_seal", "only that one is read"},
    {"-log_seal", "likewise, and nothing waits: it is renewed with the next group"},
    {"-log_pending", "the log's files have what was written"},
};

static bool is_left_out(const char *mark, const char *table, const char *column)
{
    char name[128];
    snprintf(name, sizeof(name), "%s%s%s%s", mark, table, column[0] != '\0' ? "." : "", column);
    for (size_t i = 0; i < CH_ARRAY_LEN(left_out); i++) {
        if (strcmp(left_out[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Of a table these rows alone: of what the keeper keeps for itself not how this start found the clock, which
 * each start writes anew. */
static const char *among(const char *table)
{
    return strcmp(table, "value") == 0 ? "name <> 'clock'" : "1";
}

/* Tables whose rows are named by what they belong to. */
static const char *const named_by[][2] = {
    {"ruling_fingerprint", "database: ruling"},
    {"exception", "database: exception"},
    {"exception_ruling", "database: exception_"},
    {"evidence", "database: attestation"},
    {"policy_text", "database: policy_"},
    {"signing_key_end", "database: signing_key"},
    {"log_entry", "database: log_"},
    {"people_fact", "database: "}, /* of any of its kinds */
    {"finding", "database: inspection "},
    {"inspection_fact", "database: inspection "},
    {"log_clear", "database: log_clear"},
    {"artifact", "database: release_file "},
    {"snapshot_content", "database: snapshot "},
    {"log_erased", "database: "}, /* or the row that no longer is the one it has the hash of */
};

static const char *name_of(const char *table, char ret[128])
{
    for (size_t i = 0; i < CH_ARRAY_LEN(named_by); i++) {
        if (strcmp(named_by[i][0], table) == 0) {
            return named_by[i][1];
        }
    }
    snprintf(ret, 128, "database: %s ", table);
    return ret;
}

/* ------------------------------------------------------------------ altering */

static size_t unnamed;

/* All are tried, so that a change of the schema shows at once what it takes. */
static void expect_named(const char *what, const char *table)
{
    char room[128];
    if (verify() || (strstr(said, name_of(table, room)) == NULL &&
                     strstr(said, "CHECK constraint failed in ") == NULL)) {
        print_error("not named: %s\n%s", what, said);
        unnamed++;
    }
}

#define COLUMNS_MAX 24
struct table {
    char name[64];
    char column[COLUMNS_MAX][64], type[COLUMNS_MAX][16];
    bool key[COLUMNS_MAX], unique[COLUMNS_MAX];
    size_t count;
    char keys[256]; /* "a, b" */
    int64_t rows;
};

static int64_t number(sqlite3 *db, const char *text)
{
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static void read_table(sqlite3 *db, const char *name, struct table *t)
{
    char text[512];
    sqlite3_stmt *stmt;
    *t = (struct table){.count = 0};
    snprintf(t->name, sizeof(t->name), "%s", name);
    snprintf(text, sizeof(text), "SELECT name, type, pk FROM pragma_table_info('%s')", name);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        assert_in_range(t->count, 0, COLUMNS_MAX - 1);
        snprintf(t->column[t->count], 64, "%s", sqlite3_column_text(stmt, 0));
        snprintf(t->type[t->count], 16, "%s", sqlite3_column_text(stmt, 1));
        t->key[t->count] = sqlite3_column_int(stmt, 2) > 0;
        if (t->key[t->count]) {
            size_t at = strlen(t->keys);
            snprintf(t->keys + at, sizeof(t->keys) - at, "%s%s", at > 0 ? ", " : "",
                     t->column[t->count]);
        }
        t->count++;
    }
    sqlite3_finalize(stmt);
    for (size_t i = 0; i < t->count; i++) {
        snprintf(text, sizeof(text),
                 "SELECT count(*) FROM pragma_index_list('%s') l, pragma_index_info(l.name) i"
                 " WHERE l.\"unique\" = 1 AND i.name = '%s'",
                 name, t->column[i]);
        t->unique[i] = number(db, text) > 0;
    }
    snprintf(text, sizeof(text), "SELECT count(*) FROM %s WHERE %s", name, among(name));
    t->rows = number(db, text);
}

/* Another value of the column's type. */
static const char *other(const struct table *t, size_t i, char ret[256])
{
    const char *c = t->column[i];
    if (strcmp(t->type[i], "INTEGER") == 0) {
        snprintf(ret, 256, "coalesce(%s, 0) + %d", c, t->key[i] ? 1000 : 1);
    } else if (strcmp(t->type[i], "TEXT") == 0) {
        snprintf(ret, 256, "coalesce(%s, '') || 'x'", c);
    } else {
        snprintf(ret, 256, "randomblob(coalesce(length(%s), 32))", c);
    }
    return ret;
}

static void alter_column(const struct table *t, size_t i, int64_t row)
{
    char text[1024], value[256];
    snprintf(
        text, sizeof(text),
        "UPDATE %s SET %s = %s WHERE (%s) IN (SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %lld)",
        t->name, t->column[i], other(t, i, value), t->keys, t->keys, t->name, among(t->name), t->keys,
        (long long)row);
    assert_true(alter(text));
    expect_named(text, t->name);
    restore();
}

static void delete_row(const struct table *t, int64_t row)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %s WHERE %s ORDER BY %s LIMIT 1 OFFSET %lld)",
             t->name, t->keys, t->keys, t->name, among(t->name), t->keys, (long long)row);
    assert_true(alter(text));
    expect_named(text, t->name);
    restore();
}

static void add_row(const struct table *t)
{
    char text[4096], value[256];
    size_t at = (size_t)snprintf(text, sizeof(text), "INSERT INTO %s SELECT ", t->name);
    for (size_t i = 0; i < t->count; i++) {
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i > 0 ? ", " : "",
                               t->key[i] || t->unique[i] ? other(t, i, value) : t->column[i]);
    }
    snprintf(text + at, sizeof(text) - at, " FROM %s ORDER BY %s LIMIT 1", t->name, t->keys);
    assert_true(alter(text));
    expect_named(text, t->name);
    restore();
}

/* Of each table, for a column is the same in each. What a second row could show is what is named; the
 * sanitizers look for what goes wrong on the way there, which the first one shows. */
#ifdef CH_SANITIZED
#define ROWS_MAX 1
#else
#define ROWS_MAX 5
#endif

static size_t alter_table(const struct table *t)
{
    size_t columns = 0;
    int64_t rows = t->rows < ROWS_MAX ? t->rows : ROWS_MAX;
    if (t->rows == 0) {
        fail_msg("%s has no row that could be altered", t->name);
    }
    for (size_t i = 0; i < t->count; i++) {
        if (is_left_out("", t->name, t->column[i])) {
            continue;
        }
        columns++;
        for (int64_t row = 0; row < rows; row++) {
            alter_column(t, i, row);
        }
    }
    for (int64_t row = 0; row < rows && !is_left_out("-", t->name, ""); row++) {
        delete_row(t, row);
    }
    if (!is_left_out("+", t->name, "")) {
        add_row(t);
    }
    return columns;
}

static void test_every_column(void **state)
{
    (void)state;
    sqlite3 *db = open_db();
    sqlite3_stmt *stmt;
    struct table *tables = ch_calloc(64, sizeof(*tables));
    size_t count = 0, columns = 0;
    assert_int_equal(
        SQLITE_OK,
        sqlite3_prepare_v2(db,
                           "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE"
                           " 'sqlite%' ORDER BY name",
                           -1, &stmt, NULL));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        if (!is_left_out("", name, "")) {
            assert_in_range(count, 0, 63);
            read_table(db, name, &tables[count++]);
        }
    }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    for (size_t i = 0; i < count; i++) {
        columns += alter_table(&tables[i]);
    }
    free(tables);
    print_message("%zu columns of %zu tables\n", columns, count);
    assert_in_range(count, 20, 64);
    assert_int_equal(unnamed, 0);
}

/* What one other value of a column does not show. */
static void test_findings(void **state)
{
    (void)state;
    static const char *const texts[][2] = {
        {"DELETE FROM finding", "database: finding"},
        {"INSERT INTO finding SELECT max(id), 99, 1, CAST('' AS BLOB), '' FROM inspection",
         "database: finding"},
        {"UPDATE finding SET number = 9 - number", "database: finding"},
        {"UPDATE inspection SET at_us = at_us + 1000000", "database: inspection"},
        {"DELETE FROM inspection", "database: inspection"},
        /* what knows the record's way is found by what was signed */
        {"DELETE FROM finding; UPDATE inspection SET record = NULL, inspector_version = 6",
         "database: inspection of "},
        {"DELETE FROM inspection_fact", "database: inspection_fact: those of inspection "},
        {"INSERT INTO inspection_fact SELECT max(id), 99, 'license', 'MIT' FROM inspection",
         "database: inspection_fact: those of inspection "},
        {"UPDATE newest SET at_us = 1", "database: newest: it is before "},
        {"DELETE FROM newest", "database: newest: it is gone"},
        {"UPDATE finding SET evidence = 'nothing'",
         "database: inspection_fact: those of inspection "},
    };
    unnamed = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        assert_true(alter(texts[i][0]));
        if (verify() || strstr(said, texts[i][1]) == NULL) {
            print_error("not named: %s\n%s", texts[i][0], said);
            unnamed++;
        }
        restore();
    }
    assert_int_equal(unnamed, 0);
}

/* Whose a name is that nobody has listed: its decisions alone say that it has an owner. */
static void test_owner_of_an_unlisted_name(void **state)
{
    (void)state;
    assert_true(alter("DELETE FROM owner WHERE project = 'quiet'"));
    assert_false(verify());
    assert_non_null(strstr(said, "database: owner of quiet in pypi is gone"));
    restore();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_owner_of_an_unlisted_name),
        cmocka_unit_test(test_every_column),
        cmocka_unit_test(test_findings),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
