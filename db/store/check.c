/* Whether the database is whole (quick_check). That reads all of it: measured 6 s for 750 MiB. A small
 * one is checked before it is used; a large one beside the work, on a connection and a thread of its own.
 * What is found, then or by any statement later, ends all writing, so that the keeper's lease ends and nothing
 * is served any more. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "db/store/store_int.h"

struct ch_check {
    pthread_t thread;
    sqlite3 *db;
    atomic_bool damaged;
    char what[200]; /* written before damaged is */
};

static bool is_whole(sqlite3 *db, char *what, size_t size)
{
    sqlite3_stmt *stmt = NULL;
    bool whole = true;
    if (sqlite3_prepare_v2(db, ch_sql_rows[CH_SQL_QUICK_CHECK].sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        const char *first = (const char *)sqlite3_column_text(stmt, 0);
        whole = first != NULL && strcmp(first, "ok") == 0;
        snprintf(what, size, "%s", first != NULL ? first : "it cannot be read");
        for (char *at = what; (at = strchr(at, '\n')) != NULL;) {
            *at = ' ';
        }
    } else if (sqlite3_errcode(db) != SQLITE_INTERRUPT && sqlite3_errcode(db) != SQLITE_BUSY) {
        whole = false;
        snprintf(what, size, "%s", sqlite3_errmsg(db));
    }
    sqlite3_finalize(stmt);
    return whole;
}

static void *thread_main(void *arg)
{
    struct ch_check *c = arg;
    if (!is_whole(c->db, c->what, sizeof(c->what))) {
        atomic_store(&c->damaged, true);
    }
    return NULL;
}

static enum ch_code start(struct ch_store *s, struct ch_err *err)
{
    struct ch_check *c = ch_calloc(1, sizeof(*c));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_FULLMUTEX;
    sigset_t all, before;
    if (sqlite3_open_v2(s->path, &c->db, flags, NULL) != SQLITE_OK ||
        sqlite3_exec(c->db, "PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON;",
                     NULL, NULL, NULL) != SQLITE_OK) {
        enum ch_code rc =
            ch_fail(err, CH_E_FORMAT, "%s: check: %s", s->path, sqlite3_errmsg(c->db));
        sqlite3_close_v2(c->db);
        free(c);
        return rc;
    }
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&c->thread, NULL, thread_main, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        sqlite3_close_v2(c->db);
        free(c);
        return ch_fail_errno(err, failed, "%s: check", s->path);
    }
    s->check = c;
    return CH_OK;
}

enum ch_code ch_store_check(struct ch_store *s, struct ch_err *err)
{
    int64_t pages = 0, page_bytes = 0;
    char what[200];
    enum ch_code rc = ch_sql_number(s, CH_SQL_PAGE_COUNT, NULL, 0, &pages, err);
    rc = rc == CH_OK ? ch_sql_number(s, CH_SQL_PAGE_SIZE, NULL, 0, &page_bytes, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if ((uint64_t)pages * (uint64_t)page_bytes > ch_limits.store_check_bytes) {
        return start(s, err);
    }
    return is_whole(s->db, what, sizeof(what))
               ? CH_OK
               : ch_fail(err, CH_E_FORMAT, "%s: the database is damaged: %s", s->path, what);
}

enum ch_code ch_store_whole(const struct ch_store *s, struct ch_err *err)
{
    const char *what = s->damage[0] != '\0'                                      ? s->damage
                       : s->check != NULL && atomic_load(&s->check->damaged) ? s->check->what
                                                                                   : NULL;
    return what == NULL
               ? CH_OK
               : ch_fail(err, CH_E_FORMAT, "%s: the database is damaged: %s", s->path, what);
}

void ch_store_check_end(struct ch_store *s)
{
    if (s->check != NULL) {
        sqlite3_interrupt(s->check->db);
        pthread_join(s->check->thread, NULL);
        sqlite3_close_v2(s->check->db);
        free(s->check);
        s->check = NULL;
    }
}
