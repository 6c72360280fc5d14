#include "customhouse/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/store/store_int.h"

#define LOCK_NAME "lock"

/* --- opening --- */

/* One owner at a time: the keeper holds rulings and decisions in memory, a second writer beside it
 * would be invisible to it. The lock falls with the process. */
static enum ch_code take_lock(struct ch_store *s, const char *folder, struct ch_err *err)
{
    s->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder_fd < 0) {
        return ch_fail_errno(err, errno, "%s", folder);
    }
    s->lock_fd = openat(s->folder_fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (s->lock_fd < 0) {
        return ch_fail_errno(err, errno, "%s/%s", folder, LOCK_NAME);
    }
    if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0) {
        return CH_OK;
    }
    if (errno == EWOULDBLOCK) {
        return ch_fail(err, CH_E_BUSY, "%s: another process has this database open", s->path);
    }
    return ch_fail_errno(err, errno, "%s/%s: lock", folder, LOCK_NAME);
}

static enum ch_code set_flag(struct ch_store *s, int option, int value, struct ch_err *err)
{
    int now = -1;
    if (sqlite3_db_config(s->db, option, value, &now) != SQLITE_OK || now != value) {
        return ch_fail(err, CH_E_UNSUPPORTED, "%s: SQLite %s lacks option %d", s->path,
                       sqlite3_libversion(), option);
    }
    return CH_OK;
}

/* WAL and FULL: a commit is one write and one fsync of the log, and durable. temp_store: the
 * process may be confined to this folder. recursive_triggers: INSERT OR REPLACE fires the delete
 * triggers that keep facts. */
static const char settings[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA temp_store = MEMORY;"
                               "PRAGMA recursive_triggers = ON;"
                               "PRAGMA cell_size_check = ON;"
                               "PRAGMA mmap_size = 0;"
                               "PRAGMA journal_size_limit = 67108864;"
                               "PRAGMA cache_size = -16384;"; /* KiB */

static uint64_t now_ms(void)
{
    struct timespec t;
    CH_ASSERT(clock_gettime(CLOCK_BOOTTIME, &t) == 0);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Whoever has it locked is waited for, but not again by each statement that follows: the caller has others to serve, and
 * one that lets go is not noticed later for it. */
static int on_busy(void *arg, int times)
{
    struct ch_store *s = arg;
    uint64_t now = now_ms();
    if (times == 0) {
        if (s->busy_given_up_ms != 0 && now - s->busy_given_up_ms < ch_limits.store_busy_ms) {
            return 0;
        }
        s->busy_since_ms = now;
    }
    if (now - s->busy_since_ms >= ch_limits.store_busy_ms) {
        s->busy_given_up_ms = now;
        return 0;
    }
    sqlite3_sleep(10);
    return 1;
}

static enum ch_code configure(struct ch_store *s, struct ch_err *err)
{
    static const struct {
        int option;
        int value;
    } flags[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
    };
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_busy_handler(s->db, on_busy, s);
    for (size_t i = 0; i < CH_ARRAY_LEN(flags); i++) {
        enum ch_code rc = set_flag(s, flags[i].option, flags[i].value, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    return CH_OK;
}

static enum ch_code open_database(struct ch_store *s, struct ch_err *err)
{
    /* SQLite takes the mode of a new file from the umask and nothing else: make it first, private.
     */
    int fd =
        openat(s->folder_fd, CH_STORE_FILE_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", s->path);
    }
    close(fd);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK) {
        return ch_sql_fail(s, "open", err);
    }
    enum ch_code rc = configure(s, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (sqlite3_exec(s->db, settings, NULL, NULL, NULL) != SQLITE_OK) {
        return ch_sql_fail(s, "open", err);
    }
    unsigned char seed;
    sqlite3_randomness(sizeof(seed), &seed); /* opens the random device now, not when confined */
    rc = ch_store_migrate(s, ch_migrations, ch_migration_count, err);
    if (rc == CH_OK && (rc = ch_store_check(s, err)) == CH_OK) {
        ch_store_reserve(s);
    }
    return rc;
}

static struct ch_store *new_store(const char *folder)
{
    struct ch_store *s = ch_calloc(1, sizeof(*s));
    s->lock_fd = -1;
    s->folder_fd = -1;
    if (asprintf(&s->path, "%s/%s", folder, CH_STORE_FILE_NAME) < 0) {
        ch_bug(__FILE__, __LINE__, __func__, "out of memory");
    }
    ch_buf_init(&s->scratch, ZSTD_compressBound((size_t)ch_limits.store_snapshot_bytes));
    s->compress = ZSTD_createCCtx();
    s->decompress = ZSTD_createDCtx();
    CH_ASSERT(s->compress != NULL && s->decompress != NULL);
    return s;
}

static enum ch_code opened(struct ch_store *s, enum ch_code rc, struct ch_store **ret_store)
{
    if (rc != CH_OK) {
        ch_store_close(s);
        return rc;
    }
    *ret_store = s;
    return CH_OK;
}

enum ch_code ch_store_open(const char *folder, struct ch_store **ret_store, struct ch_err *err)
{
    struct ch_store *s = new_store(folder);
    enum ch_code rc = take_lock(s, folder, err);
    return opened(s, rc == CH_OK ? open_database(s, err) : rc, ret_store);
}

static enum ch_code check_schema(struct ch_store *s, struct ch_err *err)
{
    int64_t number = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_SCHEMA_NUMBER, NULL, 0, &number, err);
    int newest = ch_migrations[ch_migration_count - 1].number;
    if (rc == CH_OK && number != newest) {
        rc = ch_fail(err, CH_E_UNSUPPORTED, "%s: is of schema %lld, this program reads %d", s->path,
                     (long long)number, newest);
    }
    return rc;
}

enum ch_code ch_store_open_read(const char *folder, struct ch_store **ret_store,
                                struct ch_err *err)
{
    struct ch_store *s = new_store(folder);
    int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
    enum ch_code rc = sqlite3_open_v2(s->path, &s->db, flags, NULL) == SQLITE_OK
                          ? configure(s, err)
                          : ch_sql_fail(s, "open", err);
    rc = rc == CH_OK ? ch_sql_run(s, CH_SQL_BEGIN_READ, NULL, 0, NULL, err) : rc;
    return opened(s, rc == CH_OK ? check_schema(s, err) : rc, ret_store);
}

enum ch_code ch_store_open_beside(const struct ch_store *s, struct ch_store **ret_store,
                                  struct ch_err *err)
{
    char *folder = ch_str_dup(ch_str_of(s->path));
    folder[strlen(folder) - strlen("/" CH_STORE_FILE_NAME)] = '\0';
    enum ch_code rc = ch_store_open_read(folder, ret_store, err);
    free(folder);
    return rc;
}

void ch_store_close(struct ch_store *s)
{
    if (s == NULL) {
        return;
    }
    ch_store_check_end(s);
    for (size_t i = 0; i < CH_SQL_COUNT; i++) {
        sqlite3_finalize(s->statement[i]);
    }
    sqlite3_close_v2(s->db);
    ZSTD_freeCCtx(s->compress);
    ZSTD_freeDCtx(s->decompress);
    ch_buf_done(&s->scratch);
    if (s->lock_fd >= 0) {
        close(s->lock_fd);
    }
    if (s->folder_fd >= 0) {
        close(s->folder_fd);
    }
    free(s->path);
    free(s);
}

/* --- groups --- */

enum ch_code ch_store_begin(struct ch_store *s, struct ch_err *err)
{
    CH_ASSERT(!s->in_group);
    enum ch_code rc = ch_store_whole(s, err);
    rc = rc != CH_OK ? rc : ch_sql_run(s, CH_SQL_BEGIN, NULL, 0, NULL, err);
    s->in_group = rc == CH_OK;
    ch_facts_forget(s);
    return rc;
}

enum ch_code ch_store_commit(struct ch_store *s, struct ch_err *err)
{
    CH_ASSERT(s->in_group);
    enum ch_code rc;
    if (sqlite3_get_autocommit(s->db) != 0) {
        rc = ch_fail(err, CH_E_CONFLICT, "%s: commit: the group was undone by an earlier error",
                     s->path);
    } else {
        rc = ch_sql_run(s, CH_SQL_COMMIT, NULL, 0, NULL, err);
    }
    if (rc != CH_OK) {
        ch_store_rollback(s);
    }
    s->in_group = false;
    return rc;
}

void ch_store_rollback(struct ch_store *s)
{
    CH_ASSERT(s->in_group);
    if (sqlite3_get_autocommit(s->db) == 0) {
        CH_IGNORE(ch_sql_run(s, CH_SQL_ROLLBACK, NULL, 0, NULL, NULL));
    }
    s->in_group = false;
}

bool ch_store_in_group(const struct ch_store *s)
{
    return s->in_group;
}

enum ch_code ch_store_step(struct ch_store *s, struct ch_err *err)
{
    CH_ASSERT(s->in_group);
    return ch_step_begin(s, err);
}

enum ch_code ch_store_step_end(struct ch_store *s, enum ch_code code, struct ch_err *err)
{
    return ch_step_end(s, code, err);
}

/* --- values --- */

enum ch_code ch_store_get_value(struct ch_store *s, struct ch_str name, struct ch_buf *ret_value,
                                struct ch_err *err)
{
    struct ch_cursor c;
    ch_buf_clear(ret_value);
    enum ch_code rc = ch_cursor_open(s, CH_SQL_GET_VALUE, CH_ARGS(ch_arg_text(name)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        ch_buf_puts(ret_value, ch_col_str(&c, 0));
        rc = ch_buf_ok(ret_value, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND
               ? ch_fail(err, rc, "%s: there is no value \"%.*s\"", s->path, CH_STR_ARG(name))
               : rc;
}

enum ch_code ch_store_set_value(struct ch_store *s, struct ch_str name, struct ch_str value,
                                struct ch_err *err)
{
    return ch_sql_run(s, CH_SQL_SET_VALUE, CH_ARGS(ch_arg_text(name), ch_arg_blob(value)), NULL,
                      err);
}

enum ch_code ch_store_newest_time(struct ch_store *s, int64_t *ret_at_us, struct ch_err *err)
{
    return ch_sql_number(s, CH_SQL_NEWEST_TIME, NULL, 0, ret_at_us, err);
}
