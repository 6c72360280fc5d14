/* How many wrong tokens a client may try. */
#include "tests/ch_test.h"

#include "customhouse/limits.h"
#include "proxy/front/guesses.h"

static const struct ch_str one = {"192.0.2.1", 9}, other = {"192.0.2.2", 9};

struct fixture {
    struct ch_loop *loop;
    struct front_guesses guesses;
};

static void start(struct fixture *f)
{
    struct ch_err err;
    ch_limits.gateway_guess_burst = 3;
    ch_limits.gateway_guess_ms = 60000;
    assert_ch_ok(&err, ch_loop_new(&f->loop, &err));
    front_guesses_init(&f->guesses, f->loop);
}

static void stop(struct fixture *f)
{
    front_guesses_done(&f->guesses);
    ch_loop_free(f->loop);
    ch_limits.gateway_guess_burst = 30;
    ch_limits.gateway_guess_ms = 1000;
}

static void test_what_is_taken_and_given_back(void **state)
{
    (void)state;
    struct fixture f;
    struct front_guess g[4];
    start(&f);
    for (int i = 0; i < 3; i++) {
        assert_true(front_guess_take(&f.guesses, &g[i], one));
    }
    assert_false(front_guess_take(&f.guesses, &g[3], one));
    assert_true(front_guess_take(&f.guesses, &g[3], other));
    front_guess_give_back(&f.guesses, &g[0]);
    front_guess_give_back(&f.guesses, &g[0]);
    assert_true(front_guess_take(&f.guesses, &g[0], one));
    assert_false(front_guess_take(&f.guesses, &g[0], one));
    stop(&f);
}

/* More were tried at once than the burst: all of them are paid for. */
static void test_what_is_paid_afterwards(void **state)
{
    (void)state;
    struct fixture f;
    struct ch_err err;
    start(&f);
    assert_true(front_guess_may(&f.guesses, one));
    for (int i = 0; i < 5; i++) {
        front_guess_wrong(&f.guesses, one);
    }
    assert_false(front_guess_may(&f.guesses, one));
    assert_true(front_guess_may(&f.guesses, other));
    ch_limits.gateway_guess_ms = 20;
    uint64_t from_ms = ch_loop_now_ms(f.loop);
    while (!front_guess_may(&f.guesses, one)) {
        assert_ch_ok(&err, ch_loop_turn(f.loop, 5, &err));
    }
    assert_true(ch_loop_now_ms(f.loop) - from_ms >= 3 * 20 - 20); /* down from five to two */
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken_and_given_back),
        cmocka_unit_test(test_what_is_paid_afterwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
