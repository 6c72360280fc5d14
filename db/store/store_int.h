/* Inside db/store: the open database, its cached statements, and how they are run. */
#ifndef CUSTOMHOUSE_STORE_INT_H
#define CUSTOMHOUSE_STORE_INT_H

#include <sqlite3.h>
#include <zstd.h>

#include "customhouse/attr.h"
#include "customhouse/store.h"
#include "db/store/statements.h"

/* --- migrations: embedded from db/schema by migrate.cmake --- */
struct ch_migration {
    int number;
    const char *name; /* "0001_start.sql" */
    const char *sql;
};
extern const struct ch_migration ch_migrations[];
extern const size_t ch_migration_count;
/* Brings the database up to rows[count - 1], each migration one transaction. CH_E_UNSUPPORTED when
 * it is newer already; CH_E_FORMAT when it is another program's database. */
enum ch_code ch_store_migrate(struct ch_store *s, const struct ch_migration *rows, size_t count,
                              struct ch_err *err) CH_MUST_CHECK;

#define CH_STORE_FILE_NAME "customhouse.db"
#define CH_STORE_LOG_NAME  CH_STORE_FILE_NAME "-wal"

struct ch_store {
    sqlite3 *db;
    char *path; /* for messages */
    int lock_fd;
    int folder_fd;
    bool in_group;
    sqlite3_stmt *statement[CH_SQL_COUNT]; /* prepared at first use */
    ZSTD_CCtx *compress;
    ZSTD_DCtx *decompress;
    struct ch_buf scratch; /* compressed snapshot */
    struct ch_check *check; /* of a large database, beside the work; NULL: done before it */
    char damage[200]; /* what a statement came upon; "": nothing */
    uint64_t busy_since_ms, busy_given_up_ms; /* somebody else has it locked; 0: never (on_busy) */
    int64_t first_fact[CH_FACTS]; /* ids of the first row that the group under way has added; 0: none */
};

/* --- whether it is whole (check.c) --- */

/* CH_E_FORMAT: it is damaged. A large one is looked through in the background. */
enum ch_code ch_store_check(struct ch_store *s, struct ch_err *err) CH_MUST_CHECK;
void ch_store_check_end(struct ch_store *s); /* accepts that none began */

/* --- arguments: each carries its type, which must be the one of the statement's row --- */
struct ch_arg {
    char type;
    bool out_of_range;
    int64_t number;
    struct ch_str bytes; /* NULL ptr: SQL NULL */
};
struct ch_arg ch_arg_text(struct ch_str s);          /* 't': absent is '' */
struct ch_arg ch_arg_opt(struct ch_str s);           /* 'n': absent is NULL */
struct ch_arg ch_arg_int(int64_t v);                 /* 'i' */
struct ch_arg ch_arg_u64(uint64_t v);                /* 'i': over INT64_MAX fails with CH_E_LIMIT */
struct ch_arg ch_arg_time(int64_t at_us);            /* 'w': CH_TIME_UNKNOWN is NULL */
struct ch_arg ch_arg_sha(const struct ch_sha256 *d); /* 'd' */
struct ch_arg ch_arg_sha_opt(const struct ch_sha256 *d); /* 'z': NULL pointer or zeros are NULL */
struct ch_arg ch_arg_blob(struct ch_str s);              /* 'b' */
struct ch_arg ch_arg_blob_opt(struct ch_str s);          /* 'z': absent is NULL */

/* --- running --- */
struct ch_cursor {
    struct ch_store *store;
    sqlite3_stmt *stmt;
    enum ch_sql id;
    bool own; /* the cached statement was in use (a callback asked again): finalise this one */
};
/* Binds; nothing runs before ch_cursor_next. Close always. */
enum ch_code ch_cursor_open(struct ch_store *s, enum ch_sql id, const struct ch_arg *args,
                            size_t count, struct ch_cursor *ret, struct ch_err *err) CH_MUST_CHECK;
/* CH_OK: a row stands; CH_E_NOT_FOUND: no more. */
enum ch_code ch_cursor_next(struct ch_cursor *c, struct ch_err *err) CH_MUST_CHECK;
void ch_cursor_close(struct ch_cursor *c);
/* Runs a statement without rows; says how many rows it changed when ret_changed is not NULL. */
enum ch_code ch_sql_run(struct ch_store *s, enum ch_sql id, const struct ch_arg *args, size_t count,
                        uint64_t *ret_changed, struct ch_err *err) CH_MUST_CHECK;
/* The same, and what is deleted is overwritten. */
enum ch_code ch_sql_run_overwriting(struct ch_store *s, enum ch_sql id, const struct ch_arg *args,
                                    size_t count, uint64_t *ret_changed,
                                    struct ch_err *err) CH_MUST_CHECK;
/* Runs a statement to its end and returns the one integer of its first row. */
enum ch_code ch_sql_number(struct ch_store *s, enum ch_sql id, const struct ch_arg *args,
                           size_t count, int64_t *ret, struct ch_err *err) CH_MUST_CHECK;
#define CH_ARGS(...)                                                                               \
    (const struct ch_arg[]){__VA_ARGS__},                                                          \
        (sizeof((const struct ch_arg[]){__VA_ARGS__}) / sizeof(struct ch_arg))

/* Columns of the standing row; slices live until the next ch_cursor_next. */
struct ch_str ch_col_str(const struct ch_cursor *c, int i); /* NULL gives absent */
int64_t ch_col_int(const struct ch_cursor *c, int i);
uint64_t ch_col_u64(const struct ch_cursor *c, int i);
int64_t ch_col_time(const struct ch_cursor *c, int i);
struct ch_sha256 ch_col_sha(const struct ch_cursor *c, int i); /* NULL gives zeros */

/* The standing row of CH_SQL_LOG_ROWS. */
void ch_log_row_read(const struct ch_cursor *c, struct ch_log_row *ret);

/* --- facts of great numbers (facts.c): after each insert; when a group begins and when it ends --- */
void ch_facts_added(struct ch_store *s, enum ch_fact_table of);
void ch_facts_forget(struct ch_store *s);

/* A function of several statements: one transaction of its own, or a part of the open group that
 * can be undone alone. ch_step_end(code) keeps or undoes; it returns code, or why keeping failed.
 */
enum ch_code ch_step_begin(struct ch_store *s, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_step_end(struct ch_store *s, enum ch_code code, struct ch_err *err) CH_MUST_CHECK;

/* T4: withdrawals must find space when nothing else does. The write-ahead log is given its blocks
 * in advance, and what grows towards ALLOW stops before the disk is full: CH_E_FULL. */
void ch_store_reserve(struct ch_store *s);
enum ch_code ch_store_room(struct ch_store *s, const char *what, struct ch_err *err) CH_MUST_CHECK;

/* Turns SQLite's last error into a code and a message naming the file. */
enum ch_code ch_sql_fail(struct ch_store *s, const char *what, struct ch_err *err);

#endif
