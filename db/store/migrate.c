#include "db/store/store_int.h"

/* PRAGMA application_id of 0001_start.sql: "CHST". */
static const int64_t our_application = 0x43485354;

static enum ch_code check_owner(struct ch_store *s, struct ch_err *err)
{
    int64_t application = 0;
    int64_t tables = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_APPLICATION, NULL, 0, &application, err);
    if (rc == CH_OK) {
        rc = ch_sql_number(s, CH_SQL_TABLE_COUNT, NULL, 0, &tables, err);
    }
    if (rc == CH_OK && application != our_application && (application != 0 || tables != 0)) {
        return ch_fail(err, CH_E_FORMAT, "%s: is another program's database", s->path);
    }
    return rc;
}

static enum ch_code apply(struct ch_store *s, const struct ch_migration *m, struct ch_err *err)
{
    enum ch_code rc = ch_sql_run(s, CH_SQL_BEGIN, NULL, 0, NULL, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (sqlite3_exec(s->db, m->sql, NULL, NULL, NULL) != SQLITE_OK) {
        rc = ch_sql_fail(s, m->name, err);
    }
    return ch_step_end(s, rc, err);
}

enum ch_code ch_store_migrate(struct ch_store *s, const struct ch_migration *rows, size_t count,
                              struct ch_err *err)
{
    int64_t number = 0;
    enum ch_code rc = check_owner(s, err);
    if (rc == CH_OK) {
        rc = ch_sql_number(s, CH_SQL_SCHEMA_NUMBER, NULL, 0, &number, err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    int newest = rows[count - 1].number;
    if (number > newest) {
        return ch_fail(err, CH_E_UNSUPPORTED,
                       "%s: has schema %lld, this program knows up to schema %d: it was written by "
                       "a newer version, and schemas only go forward",
                       s->path, (long long)number, newest);
    }
    if (number < 0) {
        return ch_fail(err, CH_E_FORMAT, "%s: has schema %lld", s->path, (long long)number);
    }
    for (size_t i = 0; i < count; i++) {
        if (rows[i].number > number && (rc = apply(s, &rows[i], err)) != CH_OK) {
            return rc;
        }
    }
    return CH_OK;
}
