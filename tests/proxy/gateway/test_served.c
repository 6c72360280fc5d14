/* What went out is told to the keeper until it has said that it is stored. */
#include "fixture.h"

#include <stdio.h>

#define WHEEL "/pypi/files/foo/foo-1.0-py3-none-any.whl"

static struct fixture *with_wheel(void)
{
    struct fixture *f = fixture_new();
    struct ch_sha256 sha256;
    fixture_serve(f, CH_STR("wheel bytes"), &sha256);
    fixture_allow(f, &sha256, 11);
    f->keeper.stores_nothing = true;
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

/* Repeats wait a moment for more of them. */
static void until_told(struct fixture *f, int messages)
{
    for (uint64_t end = ch_now_boot_ms() + 10000; f->keeper.served_count < messages;) {
        assert_true(ch_now_boot_ms() < end);
        fixture_turn(f);
    }
}

static void assert_told(const struct fixture *f, int messages, uint64_t last, uint64_t times)
{
    assert_int_equal(f->keeper.served_count, messages);
    assert_int_equal(f->keeper.served_number, last);
    assert_int_equal(f->keeper.served_times, times);
}

/* While the keeper stores what it was told, the same file to the same client is one more of it. */
static void what_goes_out_meanwhile_is_counted(void **state)
{
    (void)state;
    struct fixture *f = with_wheel();
    fetch(f);
    assert_told(f, 1, 1, 1);
    for (int i = 0; i < 5; i++) {
        fetch(f);
    }
    assert_told(f, 1, 1, 1);
    keep(f, 1, false);
    assert_told(f, 1, 1, 1);
    fetch(f);
    until_told(f, 2);
    assert_told(f, 2, 2, 6);
    assert_int_equal(f->keeper.served_bytes, 6 * 11);
    keep(f, 2, false);
    fetch(f);
    assert_told(f, 3, 3, 1);
    fixture_free(f);
}

/* Others are told at once, with what waits before them. */
static void other_clients_are_counted_apart(void **state)
{
    (void)state;
    struct fixture *f = with_wheel();
    fetch(f);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(
            status_of(get(f, WHEEL, i % 2 == 0 ? "User-Agent: pip/1\r\n" : "User-Agent: uv/1\r\n")),
            200);
        fixture_turn(f);
    }
    assert_told(f, 3, 3, 1);
    keep(f, 2, false);
    until_told(f, 5);
    assert_told(f, 5, 5, 1);
    assert_string_equal(f->keeper.served_agent, "uv/1");
    fixture_free(f);
}

/* It dies before it has read it, or before it has stored it: the next one is told. */
static void the_next_keeper_is_told_what_was_not_stored(void **state)
{
    (void)state;
    struct fixture *f = with_wheel();
    for (int i = 0; i < 3; i++) {
        fetch(f);
    }
    assert_told(f, 1, 1, 1);
    keep(f, 1, false);
    until_told(f, 2);
    assert_told(f, 2, 2, 2);
    fixture_drop_keeper(f);
    fixture_connect_keeper(f);
    fixture_turn(f);
    assert_told(f, 3, 1, 2); /* again, numbered anew */
    keep(f, 1, false);
    fixture_drop_keeper(f);
    fixture_connect_keeper(f);
    fixture_turn(f);
    assert_told(f, 3, 1, 2);
    fetch(f);
    assert_told(f, 4, 1, 1);
    fixture_free(f);
}

static void a_keeper_that_could_not_store_it_is_told_again(void **state)
{
    (void)state;
    struct fixture *f = with_wheel();
    fetch(f);
    fetch(f);
    keep(f, 1, true);
    assert_told(f, 2, 2, 1);
    keep(f, 1, true);
    assert_told(f, 3, 2, 1);
    keep(f, 2, false);
    fetch(f);
    assert_told(f, 4, 3, 1);
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
    assert_told(f, 1, 1, 1);
    fetch(f);
    assert_told(f, 2, 2, 1);
    fixture_free(f);
}

/* More than the ring begins with, and more than once round. */
static void many_are_told_in_their_order(void **state)
{
    (void)state;
    struct fixture *f = with_wheel();
    for (int i = 0; i < 100; i++) {
        char agent[64];
        snprintf(agent, sizeof(agent), "User-Agent: agent/%d\r\n", i);
        assert_int_equal(status_of(get(f, WHEEL, agent)), 200);
        fixture_turn(f);
        if (i == 40) {
            keep(f, 1, false);
        }
    }
    assert_told(f, 100, 100, 1);
    keep(f, 41, false);
    assert_told(f, 100, 100, 1);
    assert_string_equal(f->keeper.served_agent, "agent/99");
    fixture_drop_keeper(f);
    fixture_connect_keeper(f);
    fixture_turn(f);
    assert_told(f, 159, 59, 1);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_goes_out_meanwhile_is_counted),
        cmocka_unit_test(other_clients_are_counted_apart),
        cmocka_unit_test(the_next_keeper_is_told_what_was_not_stored),
        cmocka_unit_test(a_keeper_that_could_not_store_it_is_told_again),
        cmocka_unit_test(more_than_was_told_is_not_stored),
        cmocka_unit_test(many_are_told_in_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
