#include "alter.h"

#include <stdio.h>

#include <sqlite3.h>

#include "log_seen.h"

static void one(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }
}

void house_alter(struct house *h, const char *what)
{
    char path[256];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    struct ch_buf drop, make;
    ch_buf_init(&drop, 1u << 20);
    ch_buf_init(&make, 1u << 20);
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'"
                                        " AND name GLOB '*_kept_*'",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        ch_buf_printf(&drop, "DROP TRIGGER %s;", (const char *)sqlite3_column_text(stmt, 0));
        ch_buf_printf(&make, "%s;", (const char *)sqlite3_column_text(stmt, 1));
    }
    sqlite3_finalize(stmt);
    ch_buf_putc(&drop, '\0');
    ch_buf_putc(&make, '\0');
    one(db, drop.ptr);
    one(db, what);
    one(db, make.ptr);
    sqlite3_close(db);
    ch_buf_done(&drop);
    ch_buf_done(&make);
}

void house_restart_altered(struct house *h, const char *what)
{
    log_until_written(h);
    h->k->tick_timer.fn(&h->k->tick_timer); /* copies of what is in the log's files go */
    house_settle(h);
    house_stop(h);
    house_alter(h, what);
    house_start(h, NULL, NULL);
}
