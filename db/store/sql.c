#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "db/store/store_int.h"

/* --- arguments --- */

struct ch_arg ch_arg_text(struct ch_str s)
{
    return (struct ch_arg){.type = 't', .bytes = s.ptr != NULL ? s : CH_STR("")};
}

struct ch_arg ch_arg_opt(struct ch_str s)
{
    return (struct ch_arg){.type = 'n', .bytes = s};
}

struct ch_arg ch_arg_int(int64_t v)
{
    return (struct ch_arg){.type = 'i', .number = v};
}

struct ch_arg ch_arg_u64(uint64_t v)
{
    return (struct ch_arg){
        .type = 'i', .number = (int64_t)(v & INT64_MAX), .out_of_range = v > INT64_MAX};
}

struct ch_arg ch_arg_time(int64_t at_us)
{
    return (struct ch_arg){.type = 'w', .number = at_us};
}

struct ch_arg ch_arg_sha(const struct ch_sha256 *d)
{
    return (struct ch_arg){.type = 'd', .bytes = {(const char *)d->byte, CH_SHA256_BYTES}};
}

struct ch_arg ch_arg_sha_opt(const struct ch_sha256 *d)
{
    struct ch_arg a = {.type = 'z'};
    if (d != NULL && !ch_sha256_is_zero(d)) {
        a.bytes = (struct ch_str){(const char *)d->byte, CH_SHA256_BYTES};
    }
    return a;
}

struct ch_arg ch_arg_blob(struct ch_str s)
{
    return (struct ch_arg){.type = 'b', .bytes = s.ptr != NULL ? s : CH_STR("")};
}

struct ch_arg ch_arg_blob_opt(struct ch_str s)
{
    return (struct ch_arg){.type = 'z', .bytes = s};
}

static int bind_one(sqlite3_stmt *stmt, int i, const struct ch_arg *a)
{
    switch (a->type) {
    case 'i':
        return sqlite3_bind_int64(stmt, i, a->number);
    case 'w':
        return a->number == CH_TIME_UNKNOWN ? sqlite3_bind_null(stmt, i)
                                            : sqlite3_bind_int64(stmt, i, a->number);
    case 't':
    case 'n':
        return a->bytes.ptr == NULL ? sqlite3_bind_null(stmt, i)
                                    : sqlite3_bind_text64(stmt, i, a->bytes.ptr, a->bytes.len,
                                                          SQLITE_STATIC, SQLITE_UTF8);
    default: /* d z b */
        return a->bytes.ptr == NULL
                   ? sqlite3_bind_null(stmt, i)
                   : sqlite3_bind_blob64(stmt, i, a->bytes.ptr, a->bytes.len, SQLITE_STATIC);
    }
}

/* --- errors --- */

static enum ch_code fail_constraint(struct ch_store *s, int extended, const char *what,
                                    struct ch_err *err)
{
    switch (extended) {
    case SQLITE_CONSTRAINT_TRIGGER:
        return ch_fail(err, CH_E_DENIED, "%s: %s: %s", s->path, what, sqlite3_errmsg(s->db));
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ch_fail(
            err, CH_E_USAGE,
            "%s: %s: the row it belongs to (artifact, ruling or inspection) is not there", s->path,
            what);
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_UNIQUE:
        return ch_fail(err, CH_E_EXISTS, "%s: %s: %s", s->path, what, sqlite3_errmsg(s->db));
    default:
        return ch_fail(err, CH_E_USAGE, "%s: %s: %s", s->path, what, sqlite3_errmsg(s->db));
    }
}

enum ch_code ch_sql_fail(struct ch_store *s, const char *what, struct ch_err *err)
{
    int extended = sqlite3_extended_errcode(s->db);
    int errnum = sqlite3_system_errno(s->db);
    switch (extended & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ch_fail(err, CH_E_BUSY, "%s: %s: another process has the database locked", s->path,
                       what);
    case SQLITE_FULL:
        return ch_fail(err, CH_E_FULL, "%s: %s: no space left for the database", s->path, what);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        snprintf(s->damage, sizeof(s->damage), "%s: %s", what, sqlite3_errmsg(s->db));
        return ch_fail(err, CH_E_FORMAT, "%s: %s: the database is damaged: %s", s->path, what,
                       sqlite3_errmsg(s->db));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        if (errnum == ENOSPC || errnum == EDQUOT || errnum == EFBIG) {
            return ch_fail(err, CH_E_FULL, "%s: %s: no space left for the database: %s", s->path,
                           what, strerrordesc_np(errnum));
        }
        return ch_fail(err, errnum == EACCES || errnum == EPERM ? CH_E_DENIED : CH_E_IO,
                       "%s: %s: %s (%s)", s->path, what, sqlite3_errmsg(s->db),
                       errnum != 0 ? strerrordesc_np(errnum) : "no system error");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return ch_fail(err, CH_E_DENIED, "%s: %s: %s", s->path, what, sqlite3_errmsg(s->db));
    case SQLITE_CONSTRAINT:
        return fail_constraint(s, extended, what, err);
    case SQLITE_TOOBIG:
        return ch_fail(err, CH_E_LIMIT, "%s: %s: a value is too large", s->path, what);
    case SQLITE_NOMEM:
        ch_bug(__FILE__, __LINE__, __func__, "out of memory");
    default:
        return ch_fail(err, CH_E_SYSTEM, "%s: %s: %s", s->path, what, sqlite3_errmsg(s->db));
    }
}

/* --- running --- */

static enum ch_code prepare(struct ch_store *s, enum ch_sql id, unsigned flags,
                            sqlite3_stmt **ret_stmt, struct ch_err *err)
{
    const struct ch_sql_row *row = &ch_sql_rows[id];
    if (sqlite3_prepare_v3(s->db, row->sql, -1, flags, ret_stmt, NULL) != SQLITE_OK) {
        return ch_sql_fail(s, row->name, err);
    }
    return CH_OK;
}

enum ch_code ch_cursor_open(struct ch_store *s, enum ch_sql id, const struct ch_arg *args,
                            size_t count, struct ch_cursor *ret, struct ch_err *err)
{
    const struct ch_sql_row *row = &ch_sql_rows[id];
    *ret = (struct ch_cursor){.store = s, .id = id};
    /* SQLite undoes a whole transaction on some errors; what follows must not run outside of it. */
    if (s->in_group && id > CH_SQL_ROLLBACK && sqlite3_get_autocommit(s->db) != 0) {
        return ch_fail(err, CH_E_CONFLICT, "%s: %s: its group was undone by an earlier error",
                       s->path, row->name);
    }
    if (row->grows) {
        enum ch_code rc = ch_store_room(s, row->name, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    CH_ASSERT(strlen(row->types) == count);
    for (size_t i = 0; i < count; i++) {
        CH_ASSERT(args[i].type == row->types[i]);
        if (args[i].out_of_range) {
            return ch_fail(err, CH_E_LIMIT, "%s: %s: value %zu is above 2^63", s->path, row->name,
                           i + 1);
        }
    }
    if (s->statement[id] == NULL) {
        enum ch_code rc = prepare(s, id, SQLITE_PREPARE_PERSISTENT, &s->statement[id], err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    ret->stmt = s->statement[id];
    if (sqlite3_stmt_busy(ret->stmt)) {
        enum ch_code rc = prepare(s, id, 0, &ret->stmt, err);
        if (rc != CH_OK) {
            return rc;
        }
        ret->own = true;
    }
    for (size_t i = 0; i < count; i++) {
        if (bind_one(ret->stmt, (int)i + 1, &args[i]) != SQLITE_OK) {
            return ch_sql_fail(s, row->name, err);
        }
    }
    return CH_OK;
}

enum ch_code ch_cursor_next(struct ch_cursor *c, struct ch_err *err)
{
    int rc = sqlite3_step(c->stmt);
    if (rc == SQLITE_ROW) {
        return CH_OK;
    }
    if (rc == SQLITE_DONE) {
        return CH_E_NOT_FOUND;
    }
    return ch_sql_fail(c->store, ch_sql_rows[c->id].name, err);
}

void ch_cursor_close(struct ch_cursor *c)
{
    if (c->own) {
        sqlite3_finalize(c->stmt);
    } else if (c->stmt != NULL) {
        sqlite3_reset(c->stmt);
        sqlite3_clear_bindings(c->stmt); /* the arguments were borrowed */
    }
    c->stmt = NULL;
}

enum ch_code ch_sql_run(struct ch_store *s, enum ch_sql id, const struct ch_arg *args, size_t count,
                        uint64_t *ret_changed, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, id, args, count, &c, err);
    while (rc == CH_OK) {
        rc = ch_cursor_next(&c, err);
    }
    if (rc == CH_E_NOT_FOUND) {
        rc = CH_OK;
        if (ret_changed != NULL) {
            *ret_changed = (uint64_t)sqlite3_changes64(s->db);
        }
    }
    ch_cursor_close(&c);
    return rc;
}

enum ch_code ch_sql_number(struct ch_store *s, enum ch_sql id, const struct ch_arg *args,
                           size_t count, int64_t *ret, struct ch_err *err)
{
    struct ch_cursor c;
    bool found = false;
    int64_t value = 0;
    enum ch_code rc = ch_cursor_open(s, id, args, count, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        value = found ? value : ch_col_int(&c, 0);
        found = true;
    }
    ch_cursor_close(&c);
    if (rc != CH_E_NOT_FOUND) {
        return rc;
    }
    if (!found) {
        return ch_fail(err, CH_E_NOT_FOUND, "%s: %s: no row", s->path, ch_sql_rows[id].name);
    }
    *ret = value;
    return CH_OK;
}

/* --- columns --- */

struct ch_str ch_col_str(const struct ch_cursor *c, int i)
{
    /* column_blob: text and blob alike come as they were stored; an empty blob is a NULL pointer.
     */
    const char *p = sqlite3_column_blob(c->stmt, i);
    if (p == NULL) {
        return sqlite3_column_type(c->stmt, i) == SQLITE_NULL ? (struct ch_str){NULL, 0}
                                                              : CH_STR("");
    }
    return (struct ch_str){p, (size_t)sqlite3_column_bytes(c->stmt, i)};
}

int64_t ch_col_int(const struct ch_cursor *c, int i)
{
    return sqlite3_column_int64(c->stmt, i);
}

uint64_t ch_col_u64(const struct ch_cursor *c, int i)
{
    int64_t v = sqlite3_column_int64(c->stmt, i);
    return v < 0 ? 0 : (uint64_t)v;
}

int64_t ch_col_time(const struct ch_cursor *c, int i)
{
    return sqlite3_column_type(c->stmt, i) == SQLITE_NULL ? CH_TIME_UNKNOWN
                                                          : sqlite3_column_int64(c->stmt, i);
}

struct ch_sha256 ch_col_sha(const struct ch_cursor *c, int i)
{
    struct ch_str s = ch_col_str(c, i);
    struct ch_rd r = ch_rd_of(s.ptr, s.len);
    return ch_get_sha256(&r);
}

/* --- transactions --- */

enum ch_code ch_step_begin(struct ch_store *s, struct ch_err *err)
{
    return ch_sql_run(s, s->in_group ? CH_SQL_STEP_BEGIN : CH_SQL_BEGIN, NULL, 0, NULL, err);
}

enum ch_code ch_step_end(struct ch_store *s, enum ch_code code, struct ch_err *err)
{
    if (code == CH_OK) {
        code = ch_sql_run(s, s->in_group ? CH_SQL_STEP_KEEP : CH_SQL_COMMIT, NULL, 0, NULL, err);
    }
    /* After some errors SQLite has undone everything by itself. */
    if (code != CH_OK && sqlite3_get_autocommit(s->db) == 0) {
        if (s->in_group) {
            CH_IGNORE(ch_sql_run(s, CH_SQL_STEP_UNDO, NULL, 0, NULL, NULL));
            CH_IGNORE(ch_sql_run(s, CH_SQL_STEP_KEEP, NULL, 0, NULL, NULL));
        } else {
            CH_IGNORE(ch_sql_run(s, CH_SQL_ROLLBACK, NULL, 0, NULL, NULL));
        }
    }
    return code;
}
