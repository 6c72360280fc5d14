/* Steps away from ALLOW that cannot be stored: they count, are told, and are stored as soon as it
 * can be (T4). */
#include "exceptions_house.h"

#include <stdlib.h>

#include "db/keeper/rulings/rulings.h"
#include "db/keeper/unsaved.h"

enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);

enum ch_code __real_ch_store_open_exceptions(struct ch_store *s, ch_store_exception_fn *each,
                                             void *ctx, struct ch_err *err);
enum ch_code __wrap_ch_store_open_exceptions(struct ch_store *s, ch_store_exception_fn *each,
                                             void *ctx, struct ch_err *err);

static struct ch_err err;
static struct ch_buf out;
static struct house *h;
static bool fail_commits, fail_exceptions;

enum ch_code __wrap_ch_store_open_exceptions(struct ch_store *s, ch_store_exception_fn *each,
                                             void *ctx, struct ch_err *e)
{
    return fail_exceptions ? ch_fail(e, CH_E_BUSY, "another process has it locked")
                           : __real_ch_store_open_exceptions(s, each, ctx, e);
}

enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *e)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, e);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(e, CH_E_BUSY, "another process has it locked");
}

static int setup(void **state)
{
    (void)state;
    fail_commits = fail_exceptions = false;
    ch_buf_init(&out, 1u << 20);
    h = house_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fail_commits = false;
    house_free(h);
    ch_buf_done(&out);
    return 0;
}

static void assert_told(const char *what)
{
    assert_int_equal(h->epoch.unsaved, 1);
    COMMAND(h, 1, false, "status", NULL, NULL, NULL, &out);
    assert_says(&out, "in memory alone, so a restart would lose it");
    assert_says(&out, what);
    COMMAND(h, 1, true, "status", NULL, NULL, NULL, &out);
    assert_says(&out, "\"unsaved\":1");
}

static void assert_stored(void)
{
    fail_commits = false;
    unsaved_store(h->k); /* as the lease's timer does each second */
    keeper_watch_store(h->k);
    assert_int_equal(unsaved_count(h->k), 0);
    assert_int_equal(h->epoch.unsaved, 0);
    house_settle(h);
    COMMAND(h, 0, false, "status", NULL, NULL, NULL, &out);
    assert_says_not(&out, "in memory alone");
}

static void t4_a_denial_is_stored_later(void **state)
{
    (void)state;
    set_wheel(h, "old", 100);
    assert_true(is_had(h));
    house_settle(h);
    fail_commits = true;
    COMMAND(h, 1, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out);
    assert_says(&out, "in force until a restart, but not stored; it is tried again by itself");
    assert_false(house_serves(h, "old"));
    assert_told("1 denial");
    assert_ch_ok(&err, rulings_load(h->k, &err)); /* somebody else's ruling: all is read anew */
    assert_false(is_had(h));
    assert_stored();
    assert_false(is_had(h));
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    house_restart(h);
    assert_false(is_had(h));
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
}

/* By the keeper itself, and nobody looks. */
static void t4_it_is_tried_again_by_itself(void **state)
{
    (void)state;
    set_wheel(h, "old", 100);
    fail_commits = true;
    COMMAND(h, 1, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out);
    fail_commits = false;
    for (uint64_t end = ch_now_boot_ms() + 15000; h->epoch.unsaved > 0 && ch_now_boot_ms() < end;) {
        house_turn(h, 50);
    }
    assert_int_equal(h->epoch.unsaved, 0);
    house_restart(h);
    assert_false(is_had(h));
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
}

static void t4_a_revocation_is_stored_later(void **state)
{
    (void)state;
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    assert_true(is_had(h));
    house_settle(h);
    fail_commits = true;
    assert_int_equal(1, exceptions_command(h, "revoke", "1", "found out", &out));
    assert_says(&out, "it is tried again by itself");
    assert_false(house_serves(h, "young"));
    assert_told("1 revocation of an exception");
    assert_stored();
    assert_steps(h, 1, "requested, approved, in force, revoked");
    assert_int_equal(0, exceptions_command(h, "show", "1", NULL, &out));
    assert_says(&out, "found out");
    house_restart(h);
    assert_false(is_had(h));
}

/* What is not in memory for want of reading is not for that without anything to revoke. */
static void t4_a_revocation_outlives_exceptions_that_cannot_be_read(void **state)
{
    (void)state;
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    house_settle(h);
    fail_commits = true;
    assert_int_equal(1, exceptions_command(h, "revoke", "1", "found out", &out));
    fail_commits = false;
    fail_exceptions = true;
    assert_ch_code(CH_E_BUSY, exceptions_load(h->k, &err)); /* as after somebody else's step */
    unsaved_store(h->k);
    assert_int_equal(unsaved_count(h->k), 1);
    assert_told("1 revocation of an exception");
    fail_exceptions = false;
    assert_stored();
    assert_steps(h, 1, "requested, approved, in force, revoked");
    house_restart(h);
    assert_false(is_had(h));
}

static enum ch_code fails_for_good(struct keeper *k, const void *step, struct ch_err *e)
{
    (void)k;
    (void)step;
    return ch_fail(e, CH_E_IO, "this row cannot be written");
}

static void t4_one_that_fails_for_good_holds_no_other(void **state)
{
    (void)state;
    static const struct unsaved_kind odd = {"odd step", "odd steps", fails_for_good, free};
    set_wheel(h, "old", 100);
    house_settle(h);
    unsaved_keep(h->k, &odd, ch_calloc(1, 1));
    fail_commits = true;
    COMMAND(h, 1, false, "deny", "pypi:pkg==1.0", "malware", NULL, &out);
    unsaved_keep(h->k, &odd, ch_calloc(1, 1));
    assert_int_equal(unsaved_count(h->k), 3);
    fail_commits = false;
    unsaved_store(h->k);
    assert_int_equal(unsaved_count(h->k), 2);
    COMMAND(h, 1, false, "status", NULL, NULL, NULL, &out);
    assert_says(&out, "2 odd steps");
    house_restart(h);
    assert_false(is_had(h));
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
}

/* Whoever says it again says it once: what is kept then has nothing to store. */
static void a_revocation_that_is_said_again(void **state)
{
    (void)state;
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    house_settle(h);
    fail_commits = true;
    assert_int_equal(1, exceptions_command(h, "revoke", "1", "first", &out));
    assert_int_equal(1, exceptions_command(h, "revoke", "1", "second", &out));
    assert_int_equal(h->epoch.unsaved, 2);
    assert_stored();
    assert_steps(h, 1, "requested, approved, in force, revoked");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(t4_a_denial_is_stored_later, setup, teardown),
        cmocka_unit_test_setup_teardown(t4_it_is_tried_again_by_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(t4_a_revocation_is_stored_later, setup, teardown),
        cmocka_unit_test_setup_teardown(t4_a_revocation_outlives_exceptions_that_cannot_be_read,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(t4_one_that_fails_for_good_holds_no_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_revocation_that_is_said_again, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
