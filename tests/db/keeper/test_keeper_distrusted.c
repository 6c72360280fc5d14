/* An approval whose entry the log's files lack is not taken, which is no end: its exception stays open, and
 * it counts again when they are back (T4). */
#include "exceptions_house.h"

#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

#include "db/keeper/rulings/rulings.h"
#include "log_seen.h"

static struct ch_err err;

static void in_state(const struct house *h, const char *command)
{
    char shell[512];
    snprintf(shell, sizeof(shell), "cd %s && %s", h->folder, command);
    assert_int_equal(system(shell), 0);
}

/* What is written goes from there with a later group of writes. */
static void wait_no_more(const struct house *h)
{
    char path[256];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DELETE FROM log_pending", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void tick(struct house *h)
{
    h->k->tick_timer.fn(&h->k->tick_timer);
    house_settle(h);
}

static void what_the_log_lacks_is_not_ended(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    struct house *h = house_new();
    set_wheel(h, "young", 1);
    log_until_written(h);
    in_state(h, "cp -a audit older");
    COMMAND(h, 0, false, "approve", WHEEL, "for a while", "7d", &out);
    assert_true(is_had(h));
    log_until_written(h);
    house_stop(h);
    in_state(h, "mv audit newer && mv older audit");
    wait_no_more(h);
    house_start(h, h->policy, h->config);
    assert_int_equal(rulings_distrusted(h->k), 1);
    assert_false(is_had(h));
    tick(h);
    assert_int_equal(exceptions_count(h->k), 1);
    assert_ch_ok(&err, rulings_load(h->k, &err)); /* nor when they are read again */
    assert_false(is_had(h));
    house_stop(h);
    in_state(h, "rm -r audit && mv newer audit");
    house_start(h, h->policy, h->config);
    assert_int_equal(rulings_distrusted(h->k), 0);
    assert_true(is_had(h));
    house_free(h);
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_the_log_lacks_is_not_ended)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
