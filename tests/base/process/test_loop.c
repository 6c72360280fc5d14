/* The loop: events and timers take turns. */
#include "tests/ch_test.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "customhouse/loop.h"

struct fixture {
    struct ch_loop *loop;
    struct ch_timer timer, second;
    struct ch_watch watch;
    int runs, seconds, events;
};

/* Sets itself again for now, and so for ever. */
static void on_timer(struct ch_timer *t)
{
    struct fixture *f = CH_CONTAINER_OF(t, struct fixture, timer);
    assert_true(++f->runs < 1000);
    ch_loop_set_timer(f->loop, t, ch_loop_now_ms(f->loop));
}

static void on_second(struct ch_timer *t)
{
    CH_CONTAINER_OF(t, struct fixture, second)->seconds++;
}

static void on_event(struct ch_watch *w, uint32_t events)
{
    (void)events;
    CH_CONTAINER_OF(w, struct fixture, watch)->events++;
}

static void a_timer_that_sets_itself_lets_events_through(void **state)
{
    (void)state;
    struct fixture f = {.timer.fn = on_timer, .second.fn = on_second, .watch.fn = on_event};
    struct ch_err err;
    int fds[2];
    assert_ch_ok(&err, ch_loop_new(&f.loop, &err));
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    f.watch.fd = fds[0];
    assert_ch_ok(&err, ch_loop_watch(f.loop, &f.watch, EPOLLIN, &err));
    ch_loop_set_timer(f.loop, &f.timer, 0);
    ch_loop_set_timer(f.loop, &f.second, 0);
    for (int turn = 1; f.runs < 5; turn++) {
        assert_ch_ok(&err, ch_loop_turn(f.loop, 100, &err));
        assert_int_equal(f.events, turn);
        assert_true(f.runs <= turn);
    }
    assert_int_equal(f.seconds, 1);
    ch_loop_unwatch(f.loop, &f.watch);
    ch_loop_cancel_timer(f.loop, &f.timer);
    ch_loop_free(f.loop);
    close(fds[0]);
    close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_that_sets_itself_lets_events_through)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
