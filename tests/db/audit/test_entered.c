/* T24: what becomes of names and pages beside downloads has its entries: the state is as logged. */
#include "auditor_house.h"

#include <stdio.h>

#include <sqlite3.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/intake/quota.h"

/* Nobody owned it before. */
static void a_name_that_is_given_first(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->upstream = "other";
    assert_int_equal(house_command(h, false, "own", "unseen", "ours", NULL, &out), 0);
    assert_int_equal(house_command(h, false, "own", "pkg", "moved", NULL, &out), 0);
    h->upstream = NULL;
    until_written();
    if (!verify()) {
        fail_msg("%s", said);
    }
    ch_buf_done(&out);
}

static void expire(struct page *p, int64_t by_us)
{
    p->checked_at_us -= by_us;
    p->failed_at_us = 0;
}

static size_t pages_not_found(void)
{
    char path[128];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    house_settle(h);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM not_found WHERE file_name = ''",
                                        -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    size_t n = (size_t)sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return n;
}

static void accept_older(void)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->flag = "accept-older";
    assert_int_equal(house_command(h, false, "own", "pkg", "mended", NULL, &out), 0);
    h->flag = NULL;
    ch_buf_done(&out);
}

/* It is stored again as it was when it was last confirmed, which is later than it was fetched. */
static void an_older_page_of_one_that_was_confirmed(void **state)
{
    (void)state;
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_ch_ok(&err, keeper_write(h->k, &err));
    p->info.checked_at_us += 7000000;
    assert_ch_ok(&err, audit_confirm_snapshot(h->k, CH_STR("up"), CH_STR("pkg"),
                                              p->info.checked_at_us, &err));
    assert_ch_ok(&err, keeper_commit(h->k, &err));
    until_written();
    assert_true(verify());
    accept_older();
    until_written();
    if (!verify()) {
        fail_msg("%s", said);
    }
}

/* Nothing was asked of the upstream: what it has no more it does not have again. */
static void t5_what_is_missed_is_missed_still(void **state)
{
    (void)state;
    house_site(h, PAGE_URL("pkg"), 404, "text/plain", "no");
    expire(page_get(h->k, CH_STR("pypi"), CH_STR("pkg")),
           (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000);
    house_ask_page(h, "pkg");
    assert_int_equal(pages_not_found(), 1);
    accept_older();
    assert_int_equal(pages_not_found(), 1);
}

static void a_last_copy_that_is_lost(void **state)
{
    (void)state;
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, NEXT " - 5 30\n");
    expire(p, (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000);
    house_ask_page(h, "pkg");
    h->k->child.config->last_copies_percent = 0;
    h->k->child.config->served_max_bytes = 1;
    h->k->child.config->undecided_max_bytes = 1;
    quota_flush(h->k);
    quota_free(h->k);
    CH_IGNORE(quota_make_room(h->k, CH_BLOB_SERVED, 0, &err) == CH_OK);
    CH_IGNORE(quota_make_room(h->k, CH_BLOB_UNDECIDED, 0, &err) == CH_OK);
    assert_ch_ok(&err, keeper_commit(h->k, &err));
    uint64_t lost = 0;
    assert_ch_ok(&err, quota_lost(h->k, &lost, &err));
    assert_true(lost > 0);
    until_written();
    if (!verify()) {
        fail_msg("%s", said);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_name_that_is_given_first),
        TEST(an_older_page_of_one_that_was_confirmed),
        TEST(t5_what_is_missed_is_missed_still),
        TEST(a_last_copy_that_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
