/* A clock that is set: what has ended by time has ended for good (T7, T11). */
#include "exceptions_house.h"

#include <stdio.h>

#include "customhouse/timefmt.h"
#include "db/keeper/people/people.h"
#include "db/keeper/people/tokens.h"
#include "db/keeper/rulings/rulings.h"

#define MINUTE_US (60 * INT64_C(1000000))
#define HOUR_US   (60 * MINUTE_US)

static struct ch_err err;
static struct ch_buf out;
static struct house *h;
static int64_t set_us; /* how much the wall clock was set forward */

int64_t __real_ch_now_unix_us(void);
int64_t __wrap_ch_now_unix_us(void);
int64_t __wrap_ch_now_unix_us(void)
{
    return __real_ch_now_unix_us() + set_us;
}

static int setup(void **state)
{
    (void)state;
    set_us = 0;
    ch_buf_init(&out, 1u << 20);
    h = house_new();
    set_wheel(h, "young", 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    house_free(h);
    ch_buf_done(&out);
    return 0;
}

static void tick(void)
{
    h->k->tick_timer.fn(&h->k->tick_timer);
}

/* The service is stopped, the clock is set, the service is started. */
static void start_at(int64_t us)
{
    house_stop(h);
    set_us = us;
    house_start(h, h->policy, h->config);
}

static void approve_for(int64_t us)
{
    struct ch_buf when;
    ch_buf_init(&when, 64);
    ch_time_put(&when, keeper_now_us(h->k) + us, false);
    ch_buf_putc(&when, '\0');
    COMMAND(h, 0, false, "approve", WHEEL, "for a while", when.ptr, &out);
    assert_true(is_had(h));
    house_settle(h);
    ch_buf_done(&when);
}

static void assert_over(const char *steps)
{
    assert_false(is_had(h));
    assert_str_eq(h->file.refusal.rule, "cool-down");
    assert_false(house_serves(h, "young"));
    assert_steps(h, 1, steps);
    assert_int_equal(exceptions_count(h->k), 0);
}

static void t11_an_end_stays_one_when_the_clock_is_set_back(void **state)
{
    (void)state;
    static const char steps[] = "requested, approved, in force, ended";
    approve_for(HOUR_US);
    start_at(2 * HOUR_US);
    assert_over(steps);
    start_at(0);
    assert_over(steps);
    house_restart(h);
    assert_over(steps);
    /* and whoever loads the rulings anew brings nothing back */
    COMMAND(h, 0, false, "deny", "pypi:else", "loads the rulings anew", NULL, &out);
    assert_over(steps);
}

/* Less than the hour that T7 sees as a jump. */
static void t11_so_it_does_while_the_keeper_runs(void **state)
{
    (void)state;
    static const int64_t steps_us[] = {20 * MINUTE_US, 3 * HOUR_US};
    for (size_t i = 0; i < CH_ARRAY_LEN(steps_us); i++) {
        if (i > 0) {
            teardown(NULL);
            setup(NULL);
        }
        approve_for(15 * MINUTE_US);
        set_us = steps_us[i];
        tick();
        set_us = 0;
        tick();
        assert_over("requested, approved, in force, ended");
    }
}

/* The timer runs by the clock that nobody sets: it would come too late. */
static void t11_a_clock_that_is_set_forward_ends_at_the_next_tick(void **state)
{
    (void)state;
    approve_for(2 * MINUTE_US);
    uint64_t epoch = h->epoch.epoch;
    set_us = 3 * MINUTE_US;
    tick();
    assert_true(h->epoch.epoch > epoch);
    assert_false(house_serves(h, "young")); /* nobody had to ask */
    assert_steps(h, 1, "requested, approved, in force, ended");
}

/* A denial that has ended is a release by time: a wrong clock does not make it one for good. */
static void t7_a_denial_counts_again(void **state)
{
    (void)state;
    set_wheel(h, "old", 100);
    struct ch_ruling_row row = {.deny = true,
                                .repository = CH_STR("pypi"),
                                .ecosystem = CH_STR("pypi"),
                                .project = CH_STR("pkg"),
                                .policy = ch_policy_digest(h->k->policy),
                                .reason = CH_STR("for a while"),
                                .by = CH_STR("uid:1"),
                                .at_us = keeper_now_us(h->k),
                                .expires_at_us = keeper_now_us(h->k) + 15 * MINUTE_US};
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    assert_false(is_had(h));
    set_us = 20 * MINUTE_US;
    tick();
    assert_true(is_had(h));
    set_us = 0;
    tick();
    assert_false(house_serves(h, "old"));
    assert_false(is_had(h));
}

/* Nobody need have watched the clock since it was set: no tick comes between. */
static void t7_nothing_passes_before_the_jump_is_seen(void **state)
{
    (void)state;
    assert_false(is_had(h));
    assert_str_eq(h->file.refusal.rule, "cool-down");
    set_us = 8 * 24 * HOUR_US;
    assert_false(is_had(h));
    assert_str_eq(h->file.refusal.rule, "clock");
    assert_false(house_serves(h, "young"));
    set_us = 0;
    tick();
    assert_false(is_had(h));
    assert_str_eq(h->file.refusal.rule, "cool-down");
}

static void t7_no_denial_ends_before_the_jump_is_seen(void **state)
{
    (void)state;
    set_wheel(h, "old", 100);
    COMMAND(h, 0, false, "deny", "pypi:pkg", "for a week", "7d", &out);
    assert_false(is_had(h));
    set_us = 8 * 24 * HOUR_US;
    assert_false(is_had(h));
    assert_false(house_serves(h, "old"));
    set_us = 0;
    tick();
    assert_false(is_had(h));
}

/* ------------------------------------------------------------------ tokens */

static struct ch_sha256 make_token(void)
{
    struct ch_sha256 digest;
    runs_as(h, 1000, 0, "user add bob --uid=2001", "", &out);
    runs_as(h, 1000, 0, "token add --user=bob --audience=pull --expires=1d", "chp_", &out);
    assert_true(token_digest(ch_str_sub(ch_buf_str(&out), 0, TOKEN_LEN), &digest));
    return digest;
}

static bool counts(const struct ch_sha256 *digest)
{
    house_ask_token(h, digest);
    return h->token.outcome == CH_TOKEN_GOOD;
}

static void t11_a_token_that_has_expired_stays_so(void **state)
{
    (void)state;
    struct ch_sha256 token = make_token();
    assert_true(counts(&token));
    start_at(48 * HOUR_US);
    assert_false(counts(&token));
    start_at(0);
    assert_false(counts(&token));
    runs_as(h, 1000, 0, "token list", "EXPIRED", &out);
}

/* Whoever was told so is told so from then on: no tick comes between. */
static void t11_who_was_refused_with_it_is(void **state)
{
    (void)state;
    struct ch_sha256 token = make_token();
    assert_true(counts(&token));
    set_us = 25 * HOUR_US;
    assert_false(counts(&token));
    set_us = 0;
    assert_false(counts(&token));
    house_restart(h);
    assert_false(counts(&token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(t11_an_end_stays_one_when_the_clock_is_set_back, setup, teardown),
        cmocka_unit_test_setup_teardown(t11_so_it_does_while_the_keeper_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(t11_a_clock_that_is_set_forward_ends_at_the_next_tick, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(t7_a_denial_counts_again, setup, teardown),
        cmocka_unit_test_setup_teardown(t7_nothing_passes_before_the_jump_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(t7_no_denial_ends_before_the_jump_is_seen, setup, teardown),
        cmocka_unit_test_setup_teardown(t11_a_token_that_has_expired_stays_so, setup, teardown),
        cmocka_unit_test_setup_teardown(t11_who_was_refused_with_it_is, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
