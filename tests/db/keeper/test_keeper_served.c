/* Who got what: told by gateways until it is stored. */
#include "house.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"

enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);

static struct ch_err err;
static bool fail_commits;

enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *e)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, e);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(e, CH_E_BUSY, "another process has it locked");
}

static void count_row(void *ctx, const struct ch_served_row *row)
{
    uint64_t *times = ctx;
    times[0]++;
    times[1] += row->times;
}

static void assert_served(struct house *h, uint64_t rows, uint64_t times)
{
    uint64_t got[2] = {0};
    struct ch_sha256 bytes = ch_sha256_of("bytes", 5);
    assert_ch_ok(&err, ch_store_served(h->k->store, &bytes, (struct ch_str){NULL, 0},
                                       (struct ch_str){NULL, 0}, count_row, got, &err));
    assert_int_equal(got[0], rows);
    assert_int_equal(got[1], times);
}

static void what_is_durable_is_acknowledged(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.1");
    assert_int_equal(h->served_kept, 1);
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.2");
    assert_int_equal(h->served_kept, 2);
    assert_false(h->served_again);
    assert_served(h, 2, 2);
    house_tell_served_again(h, 2, "pkg", WHEEL, "bytes", "192.0.2.2"); /* known by its number */
    house_tell_served_again(h, 4, "pkg", WHEEL, "bytes", "192.0.2.4"); /* the third comes first */
    assert_served(h, 2, 2);
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.3");
    assert_int_equal(h->served_kept, 3);
    assert_served(h, 3, 3);
    house_free(h);
}

static void what_was_not_stored_is_asked_for_again(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.1");
    fail_commits = true;
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.2");
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.3");
    assert_int_equal(h->served_kept, 1);
    fail_commits = false;
    house_until(h, &h->served_again); /* the keeper finds by itself that it can write */
    assert_int_equal(h->served_kept, 1);
    house_tell_served_again(h, 2, "pkg", WHEEL, "bytes", "192.0.2.2");
    house_tell_served_again(h, 3, "pkg", WHEEL, "bytes", "192.0.2.3");
    assert_int_equal(h->served_kept, 3);
    assert_served(h, 3, 3);
    house_free(h);
}

/* The next keeper counts anew. What it was told before it had acknowledged it is counted twice, and is no second
 * first serving. */
static void a_new_keeper_is_told_again(void **state)
{
    (void)state;
    struct house *h = house_new();
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.1");
    house_restart(h);
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.1");
    assert_int_equal(h->served_kept, 1);
    assert_served(h, 1, 2);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_durable_is_acknowledged),
        cmocka_unit_test(what_was_not_stored_is_asked_for_again),
        cmocka_unit_test(a_new_keeper_is_told_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
