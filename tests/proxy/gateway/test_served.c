/* What went out is told to the keeper until it has said that it is stored. */
#include "fixture.h"

#define WHEEL "/pypi/files/foo/foo-1.0-py3-none-any.whl"

static struct fixture *with_wheel(void)
{
    struct fixture *f = fixture_new();
    struct ch_sha256 sha256;
    fixture_serve(f, CH_STR("wheel bytes"), &sha256);
    fixture_allow(f, &sha256, 11);
    return f;
}

static void fetch(struct fixture *f)
{
    assert_int_equal(status_of(get(f, WHEEL, NULL)), 200);
    fixture_turn(f);
}

/* The keeper has stored so many of what it was told, and asks for the others again. */
static void keep(struct fixture *f, uint64_t kept, bool again)
{
    struct ch_buf b;
    ch_buf_init(&b, 64);
    ch_served_kept_put(&b, &(struct ch_served_kept){kept, again});
    assert_true(ch_channel_send(f->keeper.channel, CH_MSG_SERVED_KEPT, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    fixture_turn(f);
}

static void assert_told(const struct fixture *f, int times, uint64_t last)
{
    assert_int_equal(f->keeper.served_count, times);
    assert_int_equal(f->keeper.served_number, last);
}

/* It dies before it has read it, or before it has stored it: the next one is told. */
static void the_next_keeper_is_told_what_was_not_stored(void **state)
{
    (void)state;
    struct fixture *f = with_wheel();
    for (int i = 0; i < 3; i++) {
        fetch(f);
    }
    assert_told(f, 3, 3);
    keep(f, 1, false);
    fixture_drop_keeper(f);
    fixture_connect_keeper(f);
    fixture_turn(f);
    assert_told(f, 5, 2); /* two again, counted anew */
    keep(f, 2, false);
    fixture_drop_keeper(f);
    fixture_connect_keeper(f);
    fixture_turn(f);
    assert_told(f, 5, 2);
    fetch(f);
    assert_told(f, 6, 1);
    fixture_free(f);
}

static void a_keeper_that_could_not_store_it_is_told_again(void **state)
{
    (void)state;
    struct fixture *f = with_wheel();
    fetch(f);
    fetch(f);
    keep(f, 1, true);
    assert_told(f, 3, 2);
    keep(f, 2, false);
    fetch(f);
    assert_told(f, 4, 3);
    fixture_free(f);
}

/* Words of no sense are not heard. */
static void more_than_was_told_is_not_stored(void **state)
{
    (void)state;
    struct fixture *f = with_wheel();
    fetch(f);
    keep(f, 7, false);
    keep(f, 1, false);
    keep(f, 0, true);
    assert_told(f, 1, 1);
    fetch(f);
    assert_told(f, 2, 2);
    fixture_free(f);
}

/* More than the ring begins with, and more than once round. */
static void many_are_told_in_their_order(void **state)
{
    (void)state;
    struct fixture *f = with_wheel();
    for (int i = 0; i < 100; i++) {
        fetch(f);
        if (i == 40) {
            keep(f, 30, false);
        }
    }
    assert_told(f, 100, 100);
    fixture_drop_keeper(f);
    fixture_connect_keeper(f);
    fixture_turn(f);
    assert_told(f, 170, 70);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_keeper_is_told_what_was_not_stored),
        cmocka_unit_test(a_keeper_that_could_not_store_it_is_told_again),
        cmocka_unit_test(more_than_was_told_is_not_stored),
        cmocka_unit_test(many_are_told_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
