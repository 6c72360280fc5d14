/* Whether the schema, and what SQLite keeps beside the rows to find them by, are as this program
 * makes them. Whoever compares rows reads tables; the keeper finds rows by indices, and runs the
 * triggers. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "customhouse/limits.h"
#include "db/store/store_int.h"

/* SQLite's own statistics only say which way is the shorter one; what else is called like them is
 * none. SQLite reads rows without type, too. */
#define OBJECTS                                                                                    \
    "SELECT coalesce(type, ''), coalesce(name, ''), coalesce(sql, '') FROM sqlite_schema"          \
    " WHERE type IS NOT 'table' OR coalesce(name, '') NOT IN ('sqlite_stat1', 'sqlite_stat4')"     \
    " ORDER BY 1, 2"

/* Tables with as many rows as the log has entries: of a large database their indices are not read.
 * By those of the log its entries are found here, too; a decision that is not found is made anew.
 */
static const char *const large[] = {"decision", "log_entry", "log_clear", "log_pending", "served"};

/* ------------------------------------------------------------------ objects of the schema */

struct objects { /* in their order, the first one standing */
    sqlite3_stmt *stmt;
    int rc; /* SQLITE_ROW: one stands */
    const char *type, *name, *sql;
};

static void next(struct objects *o)
{
    o->rc = sqlite3_step(o->stmt);
    o->type = o->rc == SQLITE_ROW ? (const char *)sqlite3_column_text(o->stmt, 0) : "";
    o->name = o->rc == SQLITE_ROW ? (const char *)sqlite3_column_text(o->stmt, 1) : "";
    o->sql = o->rc == SQLITE_ROW ? (const char *)sqlite3_column_text(o->stmt, 2) : "";
}

static bool open_objects(sqlite3 *db, struct objects *ret)
{
    if (sqlite3_prepare_v2(db, OBJECTS, -1, &ret->stmt, NULL) != SQLITE_OK) {
        return false;
    }
    next(ret);
    return true;
}

static sqlite3 *expected_db;

static void make_expected(void)
{
    sqlite3 *db = NULL;
    bool made = sqlite3_open(":memory:", &db) == SQLITE_OK &&
                sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL) == SQLITE_OK;
    for (size_t i = 0; made && i < ch_migration_count; i++) {
        made = sqlite3_exec(db, ch_migrations[i].sql, NULL, NULL, NULL) == SQLITE_OK;
    }
    CH_ASSERT(made); /* each start of a new installation does this */
    expected_db = db;
}

/* What migrations make of an empty database; the same for as long as this program runs, which takes
 * as long to find out as all else that is looked at of a small database. Any thread's. */
static sqlite3 *expected_now(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CH_ASSERT(pthread_once(&once, make_expected) == 0);
    return expected_db;
}

/* A row that a guard would have kept is compared itself, wherever an entry is about it. */
static bool is_guard(const struct objects *o)
{
    return strcmp(o->type, "trigger") == 0 && strstr(o->name, "_kept_") != NULL;
}

static int compare(const struct objects *a, const struct objects *b)
{
    if (a->rc != SQLITE_ROW || b->rc != SQLITE_ROW) {
        return (a->rc != SQLITE_ROW) - (b->rc != SQLITE_ROW); /* the end is behind all */
    }
    int order = strcmp(a->type, b->type);
    return order != 0 ? order : strcmp(a->name, b->name);
}

static void merge(struct objects *there, struct objects *expected, ch_store_odd_object_fn *each,
                  void *ctx)
{
    while (there->rc == SQLITE_ROW || expected->rc == SQLITE_ROW) {
        int order = compare(there, expected);
        if (order < 0) {
            each(ctx, there->type, there->name, "is none of this program's");
        } else if (order > 0 && !is_guard(expected)) {
            each(ctx, expected->type, expected->name, "is gone");
        } else if (order == 0 && strcmp(there->sql, expected->sql) != 0) {
            each(ctx, there->type, there->name, "is not as this program makes it");
        }
        if (order <= 0) {
            next(there);
        }
        if (order >= 0) {
            next(expected);
        }
    }
}

enum ch_code ch_store_odd_objects(struct ch_store *s, ch_store_odd_object_fn *each, void *ctx,
                                  struct ch_err *err)
{
    struct objects there = {0}, expected = {0};
    sqlite3 *db = expected_now();
    enum ch_code rc = CH_OK;
    if (!open_objects(s->db, &there)) {
        rc = ch_sql_fail(s, "schema", err);
    } else {
        CH_ASSERT(open_objects(db, &expected));
        merge(&there, &expected, each, ctx);
        rc = there.rc == SQLITE_DONE ? CH_OK : ch_sql_fail(s, "schema", err);
    }
    sqlite3_finalize(there.stmt);
    sqlite3_finalize(expected.stmt);
    return rc;
}

/* ------------------------------------------------------------------ rows and indices */

static enum ch_code check_text(struct ch_store *s, const char *pragma, ch_store_damage_fn *each,
                               void *ctx, struct ch_err *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(s->db, pragma, -1, &stmt, NULL);
    while (rc == SQLITE_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(stmt, 0);
        if (line != NULL && strcmp(line, "ok") != 0) {
            each(ctx, line);
        }
        rc = SQLITE_OK;
    }
    enum ch_code code = rc == SQLITE_DONE ? CH_OK : ch_sql_fail(s, "check", err);
    sqlite3_finalize(stmt);
    return code;
}

static bool is_large(const char *table)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(large); i++) {
        if (strcmp(large[i], table) == 0) {
            return true;
        }
    }
    return false;
}

/* Of each table but those: the schema is as expected, so their names are no surprise. */
static enum ch_code check_small(struct ch_store *s, ch_store_damage_fn *each, void *ctx,
                                struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    struct objects tables = {0};
    sqlite3 *db = expected_now();
    CH_ASSERT(open_objects(db, &tables));
    for (; rc == CH_OK && tables.rc == SQLITE_ROW; next(&tables)) {
        char pragma[128];
        if (strcmp(tables.type, "table") == 0 && !is_large(tables.name)) {
            snprintf(pragma, sizeof(pragma), "PRAGMA integrity_check(%s)", tables.name);
            rc = check_text(s, pragma, each, ctx, err);
        }
    }
    sqlite3_finalize(tables.stmt);
    return rc;
}

enum ch_code ch_store_damages(struct ch_store *s, ch_store_damage_fn *each, void *ctx,
                              struct ch_err *err)
{
    int64_t pages = 0, page_bytes = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_PAGE_COUNT, NULL, 0, &pages, err);
    rc = rc == CH_OK ? ch_sql_number(s, CH_SQL_PAGE_SIZE, NULL, 0, &page_bytes, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    return (uint64_t)pages * (uint64_t)page_bytes > ch_limits.store_check_bytes
               ? check_small(s, each, ctx, err)
               : check_text(s, "PRAGMA integrity_check", each, ctx, err);
}
