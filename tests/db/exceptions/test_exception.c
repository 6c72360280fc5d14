/* The life of an exception: every step from every state, and who may take it. */
#include "tests/ch_test.h"

#include "customhouse/index.h"
#include "db/exceptions/exception.h"

static struct ch_err err;

#define END 1000

static struct ch_sha256 digest(const char *text)
{
    return ch_sha256_of(text, strlen(text));
}

static struct exception_shown shown(const char *bytes, const char *evidence, const char *policy)
{
    return (struct exception_shown){digest(bytes), digest(evidence), digest(policy)};
}

static struct exception_step step(enum exception_event event, const char *by)
{
    return (struct exception_step){.event = event,
                                   .by = ch_str_of(by),
                                   .shown = shown("b", "e", "p"),
                                   .at_us = 10,
                                   .expires_at_us = END};
}

#define STEPS(...)                                                                                 \
    const struct exception_step steps[] = {__VA_ARGS__};                                           \
    const size_t count = CH_ARRAY_LEN(steps)

#define ASKED(by)    step(EXCEPTION_REQUESTED, by)
#define JOINED(by)   step(EXCEPTION_JOINED, by)
#define APPROVED(by) step(EXCEPTION_APPROVED, by)
#define FORCE        step(EXCEPTION_IN_FORCE, "user:bob")

/* T22: who asks without a name may be who approves. */
static void test_without_a_name_it_takes_two(void **state)
{
    (void)state;
    static const struct {
        const char *asked, *joined;
        size_t policy, needed;
    } rows[] = {
        {"user:ann", NULL, 1, 1},     {"user:ann", NULL, 2, 2},           {"anonymous", NULL, 1, 2},
        {"anonymous", NULL, 2, 2},    {"service:ci", NULL, 1, 2},         {"local:0", NULL, 1, 2},
        {"anonymous", "user:ann", 1, 1}, {"anonymous", "service:ci", 1, 2}, {"user:", NULL, 1, 2},
        {"anonymous", "anonymous", 1, 2},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const struct exception_step steps[] = {ASKED(rows[i].asked),
                                               rows[i].joined != NULL ? JOINED(rows[i].joined)
                                                                      : APPROVED("user:bob")};
        if (exception_persons_needed(steps, 2, rows[i].policy) != rows[i].needed) {
            fail_msg("%s, %s: %zu", rows[i].asked, rows[i].joined,
                     exception_persons_needed(steps, 2, rows[i].policy));
        }
    }
}

static void test_every_step_from_every_state(void **state)
{
    (void)state;
    static const enum exception_event last[] = {0,
                                                EXCEPTION_IN_FORCE,
                                                EXCEPTION_REJECTED,
                                                EXCEPTION_REVOKED,
                                                EXCEPTION_RENEWED,
                                                EXCEPTION_ENDED};
    /* columns: requested .. ended, as the steps are numbered; 1: may follow */
    static const bool may[CH_ARRAY_LEN(last)][EXCEPTION_ENDED] = {
        {0, 1, 1, 1, 1, 0, 0, 1}, /* asked for */
        {0, 0, 0, 0, 0, 1, 1, 1}, /* in force */
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(last); i++) {
        struct exception_step steps[4] = {ASKED("user:ann"), APPROVED("user:bob")};
        size_t count = 2;
        if (i > 0 && last[i] != EXCEPTION_REJECTED) {
            steps[count++] = FORCE;
        }
        if (i > 1) {
            steps[count++] = step(last[i], "user:bob");
        }
        for (enum exception_event e = EXCEPTION_REQUESTED; e <= EXCEPTION_ENDED; e++) {
            struct exception_step next = step(e, "user:cid");
            enum ch_code rc = exception_may(steps, count, &next, &err);
            if ((rc == CH_OK) != may[i][e - 1]) {
                fail_msg("%s after %zu steps (row %zu): %d", exception_event_name(e), count, i, rc);
            }
            assert_true(rc == CH_OK || rc == CH_E_CONFLICT);
        }
    }
}

static void test_states(void **state)
{
    (void)state;
    STEPS(ASKED("user:ann"), APPROVED("user:bob"), FORCE, step(EXCEPTION_REVOKED, "user:bob"));
    static const enum exception_state expected[] = {
        EXCEPTION_STATE_NONE, EXCEPTION_STATE_OPEN, EXCEPTION_STATE_OPEN, EXCEPTION_STATE_EFFECTIVE,
        EXCEPTION_STATE_REVOKED};
    for (size_t n = 0; n <= count; n++) {
        assert_int_equal(exception_state(steps, n, END - 1), expected[n]);
    }
    /* by time alone; what was closed before stays what it is */
    assert_int_equal(exception_state(steps, 1, END), EXCEPTION_STATE_ENDED);
    assert_int_equal(exception_state(steps, 3, END), EXCEPTION_STATE_ENDED);
    assert_int_equal(exception_state(steps, 4, END), EXCEPTION_STATE_REVOKED);
    struct exception_step approve = APPROVED("user:cid");
    approve.at_us = END;
    assert_ch_code(CH_E_CONFLICT, exception_may(steps, 1, &approve, &err));
    assert_non_null(strstr(err.msg, "it is ended"));
    struct exception_step end = step(EXCEPTION_ENDED, "time");
    end.at_us = END + 1;
    assert_ch_ok(&err, exception_may(steps, 3, &end, &err));
    assert_ch_ok(&err, exception_may(steps, 1, &end, &err));
}

/* What is not a life that an exception can have lets nothing pass. */
static void test_steps_that_make_no_sense(void **state)
{
    (void)state;
    {
        STEPS(FORCE);
        assert_int_equal(exception_state(steps, count, 1), EXCEPTION_STATE_NONE);
    }
    {
        STEPS(ASKED("user:ann"), step(EXCEPTION_REJECTED, "user:bob"), FORCE);
        assert_int_equal(exception_state(steps, count, 1), EXCEPTION_STATE_NONE);
    }
    {
        STEPS(ASKED("user:ann"), FORCE, FORCE);
        assert_int_equal(exception_state(steps, count, 1), EXCEPTION_STATE_NONE);
    }
    {
        STEPS(ASKED("user:ann"), step((enum exception_event)9, "user:bob"));
        assert_int_equal(exception_state(steps, count, 1), EXCEPTION_STATE_NONE);
        assert_string_equal(exception_event_name(steps[1].event), "unknown");
    }
    {
        struct exception_step endless = ASKED("user:ann");
        endless.expires_at_us = CH_TIME_UNKNOWN;
        assert_int_equal(exception_state(&endless, 1, 1), EXCEPTION_STATE_ENDED);
    }
}

static void test_t22_one_person_counts_once(void **state)
{
    (void)state;
    struct exception_shown now = shown("b", "e", "p");
    STEPS(ASKED("user:ann"), APPROVED("user:bob"), APPROVED("user:bob"));
    assert_int_equal(exception_approvals(steps, count, &now), 1);
    assert_true(exception_is_approved(steps, count, &now, 1));
    assert_false(exception_is_approved(steps, count, &now, 2));
    struct exception_step again = APPROVED("user:bob"), other = APPROVED("user:cid");
    assert_ch_code(CH_E_USAGE, exception_may(steps, 2, &again, &err));
    assert_non_null(strstr(err.msg, "you have approved it already"));
    assert_ch_ok(&err, exception_may(steps, 2, &other, &err));
    assert_false(exception_is_approved(steps, count, &now, 0)); /* nobody needs none */
}

static void test_t22_who_asked_does_not_approve(void **state)
{
    (void)state;
    struct exception_shown now = shown("b", "e", "p");
    struct exception_step ann = APPROVED("user:ann"), dan = APPROVED("user:dan");
    {
        STEPS(ASKED("user:ann"), JOINED("user:dan"));
        assert_ch_code(CH_E_USAGE, exception_may(steps, count, &ann, &err));
        assert_non_null(strstr(err.msg, "you asked for it yourself"));
        assert_ch_code(CH_E_USAGE, exception_may(steps, count, &dan, &err));
    }
    { /* asking after having approved takes the approval back */
        STEPS(ASKED("user:ann"), APPROVED("user:dan"), JOINED("user:dan"), ann);
        assert_int_equal(exception_approvals(steps, 2, &now), 1);
        assert_int_equal(exception_approvals(steps, count, &now), 0);
        assert_false(exception_is_approved(steps, count, &now, 1));
    }
    { /* of nobody's request anybody may approve */
        STEPS(ASKED("anonymous"));
        assert_ch_ok(&err, exception_may(steps, count, &ann, &err));
    }
}

static void test_t22_nobody_is_no_person(void **state)
{
    (void)state;
    static const char *const nobody[] = {"service:ci", "anonymous", "local:0", "", "user:", "User:ann",
                                         "local:user:ann"};
    struct exception_shown now = shown("b", "e", "p");
    for (size_t i = 0; i < CH_ARRAY_LEN(nobody); i++) {
        STEPS(ASKED("user:ann"), APPROVED(nobody[i]));
        assert_ch_code(CH_E_USAGE, exception_may(steps, 1, &steps[1], &err));
        assert_int_equal(exception_approvals(steps, count, &now), 0);
        assert_false(exception_is_approved(steps, count, &now, 1));
    }
}

/* The one exception to the separation: local:UID, and only where the step says so. */
static void test_alone(void **state)
{
    (void)state;
    struct exception_shown now = shown("b", "e", "p"), other = shown("b", "e", "q");
    struct exception_step alone = APPROVED("local:0"), liar = APPROVED("service:ci");
    alone.alone = liar.alone = true;
    STEPS(ASKED("local:0"), alone);
    assert_ch_ok(&err, exception_may(steps, 1, &alone, &err));
    assert_true(exception_is_approved(steps, count, &now, 2));
    assert_false(exception_is_approved(steps, count, &other, 1));
    assert_ch_code(CH_E_USAGE, exception_may(steps, 1, &liar, &err));
    const struct exception_step lied[] = {ASKED("local:0"), liar};
    assert_false(exception_is_approved(lied, 2, &now, 1));
    assert_int_equal(exception_agreed_end(steps, count, &now), END);
}

/* T8: an approval is of bytes, findings and policy as they were shown. */
static void test_t8_an_approval_is_of_what_was_seen(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *evidence, *policy, *said;
    } rows[] = {
        {"b", "e", "p", NULL},
        {"x", "e", "p", "the files are others"},
        {"b", "x", "p", "other things are found"},
        {"b", "e", "x", "the policy is another"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct exception_shown now = shown(rows[i].bytes, rows[i].evidence, rows[i].policy);
        STEPS(ASKED("user:ann"), APPROVED("user:bob"));
        const char *said = exception_differs(&steps[1].shown, &now);
        char token[EXCEPTION_TOKEN];
        bool same = rows[i].said == NULL;
        assert_int_equal(said == NULL, same);
        assert_int_equal(exception_approvals(steps, count, &now), same);
        assert_int_equal(exception_agreed_end(steps, count, &now), same ? END : CH_TIME_UNKNOWN);
        exception_token(&steps[1].shown, token);
        assert_int_equal(strlen(token), EXCEPTION_TOKEN - 1);
        const char *by_token = exception_token_differs(ch_str_of(token), &now);
        assert_int_equal(by_token == NULL, same);
        if (!same) {
            assert_non_null(strstr(said, rows[i].said));
            assert_non_null(strstr(by_token, rows[i].said));
        }
        /* who approved what is no more may approve what is there */
        struct exception_step again = APPROVED("user:bob");
        again.shown = now;
        assert_int_equal(exception_may(steps, count, &again, &err) == CH_OK, !same);
    }
    struct exception_shown now = shown("b", "e", "p");
    static const char *const no_token[] = {"", "0123456789abcdef", "0123456789abcdef-0123456789abcdef"};
    for (size_t i = 0; i < CH_ARRAY_LEN(no_token); i++) {
        assert_non_null(exception_token_differs(ch_str_of(no_token[i]), &now));
    }
}

static void test_the_earliest_end_counts(void **state)
{
    (void)state;
    struct exception_shown now = shown("b", "e", "p");
    struct exception_step short_one = APPROVED("user:cid"), own = APPROVED("user:ann");
    short_one.expires_at_us = 500;
    own.expires_at_us = 1;
    STEPS(ASKED("user:ann"), APPROVED("user:bob"), short_one, own);
    assert_int_equal(exception_agreed_end(steps, count, &now), 500);
    assert_int_equal(exception_ends(steps, count), END);
    assert_int_equal(exception_agreed_end(steps, 1, &now), CH_TIME_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_name_it_takes_two),
        cmocka_unit_test(test_every_step_from_every_state),
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_steps_that_make_no_sense),
        cmocka_unit_test(test_t22_one_person_counts_once),
        cmocka_unit_test(test_t22_who_asked_does_not_approve),
        cmocka_unit_test(test_t22_nobody_is_no_person),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_t8_an_approval_is_of_what_was_seen),
        cmocka_unit_test(test_the_earliest_end_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
