/* Who may approve what whose request: persons, each once, and never their own (T22). */
#include "exceptions_house.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

static struct ch_err err;

static void t22_it_takes_two_others(void **state)
{
    (void)state;
    struct house *h = house_new();
    bool in_force;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "to have its bytes", "1h", &out);
    assert_int_equal(0, exceptions_command(h, "revoke", "1", "that was all", &out));
    assert_false(is_had(h));
    add_people(h);
    uint64_t id = asks(h, "user:ann");
    assert_ch_code(CH_E_USAGE, approves(h, id, "user:ann", 2, &in_force)); /* their own request */
    assert_ch_code(CH_E_USAGE, approves(h, id, "service:ci", 2, &in_force));
    assert_ch_code(CH_E_USAGE, approves(h, id, "local:1000", 2, &in_force));
    assert_ch_ok(&err, approves(h, id, "user:bob", 2, &in_force));
    assert_false(in_force);
    assert_ch_code(CH_E_USAGE, approves(h, id, "user:bob", 2, &in_force)); /* one person as two */
    assert_false(is_had(h));
    house_restart(h);
    assert_false(is_had(h));
    assert_ch_ok(&err,
                 exceptions_join(h->k, id, CH_STR("user:cid"), CH_STR(""), CH_STR("me too"), &err));
    assert_ch_ok(&err,
                 exceptions_join(h->k, id, CH_STR("user:cid"), CH_STR(""), CH_STR("again"), &err));
    assert_ch_code(CH_E_USAGE, approves(h, id, "user:cid", 2, &in_force)); /* asked for it, too */
    assert_ch_ok(&err, approves(h, id, "user:dan", 2, &in_force));
    assert_true(in_force);
    assert_true(is_had(h));
    assert_steps(h, id, "requested, approved, joined, approved, in force");
    COMMAND(h, 0, false, "explain", WHEEL, NULL, NULL, &out);
    assert_says(&out, "asked for by user:ann, approved by user:bob, user:dan, until ");
    assert_ch_code(CH_E_CONFLICT, approves(h, id, "user:eve", 2, &in_force));
    ch_buf_done(&out);
    house_free(h);
}

static void one_asks_and_another_approves(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    runs_as(h, 2005, 1, "exceptions request " WHEEL " --reason=needed",
            "it needs exception.request", &out);
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "asked for, as exception 1",
            &out);
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=still",
            "asked for already, as exception 1", &out);
    runs_as(h, 2001, 1, "approve 1", "it needs exception.approve", &out);
    runs_as(h, 1000, 1, "approve 1", "local:1000 may not do this",
            &out); /* operator only from now on */
    runs_as(h, 2005, 1, "approve 1", "user:ops may not do this", &out);
    runs_as(h, 2001, 0, "exceptions list", "exception 1 (requested), asked for by user:ann", &out);
    runs_as(h, 2001, 0, "exceptions show 1", "exception 1", &out);
    assert_false(is_had(h));
    runs_as(h, 2002, 0, "approve 1", "now: allow", &out); /* a cool-down: one is enough */
    assert_true(is_had(h));
    assert_steps(h, 1, "requested, approved, in force");
    runs_as(h, 1000, 0, "explain " WHEEL, "asked for by user:ann, approved by user:bob, until",
            &out);
    runs_as(h, 2001, 1, "exceptions revoke 1 --reason=x", "it needs exception.approve", &out);
    runs_as(h, 2001, 0, "exceptions renew 1 --reason=longer", "asked for, as exception 2", &out);
    assert_int_equal(state_of(h, 1), EXCEPTION_STATE_EFFECTIVE);
    runs_as(h, 2003, 0, "exceptions approve 2", "now: allow", &out);
    assert_int_equal(state_of(h, 1), EXCEPTION_STATE_RENEWED);
    assert_true(is_had(h));
    runs_as(h, 2003, 0, "exceptions revoke 2 --reason=x", "exception 2 is revoked", &out);
    assert_false(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

/* A person's `approve` of what nobody asked for is a request. */
static void t22_nobody_approves_what_they_asked_for(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    runs_as(h, 2002, 1, "approve " WHEEL " --reason=needed --expires=14d",
            "asked for, as exception 1, and not approved: you asked for it yourself, another "
            "person has to "
            "approve it (customhouse approve 1)",
            &out);
    runs_as(h, 2002, 1, "approve 1", "exception 1: you asked for it yourself", &out);
    runs_as(h, 2002, 1, "approve " WHEEL " --reason=again", "you asked for it yourself", &out);
    assert_false(is_had(h));
    runs_as(h, 2003, 0, "exceptions request " WHEEL " --reason=me", "asked for already", &out);
    runs_as(h, 2013, 1, "approve 1", "you asked for it yourself",
            &out); /* the same person's other uid */
    assert_false(is_had(h));
    runs_as(h, 2004, 0, "approve " WHEEL, "now: allow", &out);
    assert_true(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

/* A finding of severity high: two persons, neither of whom asked. */
static void t22_what_is_critical_takes_two(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    char token[EXCEPTION_TOKEN], line[300];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "irregular", 30);
    assert_false(is_had(h));
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "asked for, as exception 1",
            &out);
    runs_as(h, 2003, 1, "approve 1", "having read these findings", &out);
    take_token(&out, token);
    snprintf(line, sizeof(line), "approve 1 --evidence=%s", token);
    runs_as(h, 2003, 0, line, "approved by you; 1 more person has to approve exception 1", &out);
    assert_false(is_had(h));
    runs_as(h, 2013, 1, line, "you have approved it already", &out); /* one person as two */
    house_restart(h);
    runs_as(h, 2003, 1, line, "you have approved it already", &out);
    assert_false(is_had(h));
    runs_as(h, 2002, 0, line, "now: allow", &out);
    assert_true(is_had(h));
    runs_as(h, 1000, 0, "explain " WHEEL, "approved by user:cid, user:bob, until", &out);
    ch_buf_done(&out);
    house_free(h);
}

/* Who asked is noted of persons, or they are told that it was not: they may not approve it. */
static void t22_a_person_who_asks_is_known(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    char id[17];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    snprintf(id, sizeof(id), "%.*s", CH_STR_ARG(h->file.refusal.id));
    house_ask_exception(h, id, "why", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 201);
    h->principal = "user:ann";
    uint64_t keep = ch_limits.exception_askers;
    ch_limits.exception_askers = 1;
    house_ask_exception(h, id, "me too", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 429);
    ch_limits.exception_askers = keep;
    house_ask_exception(h, id, "me too", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 200);
    assert_steps(h, 1, "requested, joined");
    h->principal = "user:bob"; /* approvers may ask, too: then they do not approve it */
    house_ask_exception(h, id, "me too", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 200);
    h->principal = NULL;
    runs_as(h, 2002, 1, "approve 1", "you asked for it yourself", &out);
    ch_buf_done(&out);
    house_free(h);
}

/* Who may approve no longer, has not: also what was said while it was so. */
static void the_word_of_who_lost_the_right_counts_no_more(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    assert_ch_ok(&err, house_reload(h, "version: 1\nexceptions: {two_approvers: always}\n", &err));
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "exception 1", &out);
    runs_as(h, 2002, 0, "approve 1", "1 more person", &out);
    runs_as(h, 2003, 0, "group revoke deciding bob --reason=left", "", &out);
    runs_as(h, 2003, 0, "approve 1", "1 more person", &out);
    assert_false(is_had(h));
    runs_as(h, 2004, 0, "approve 1", "now: allow", &out);
    assert_true(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

/* Policy says whether, and for how long. */
static void the_policy_sets_the_terms(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    assert_ch_ok(&err, house_reload(h,
                                    "version: 1\nexceptions: {two_approvers: always, max_days: 10, "
                                    "default_days: 5}\n",
                                    &err));
    runs_as(h, 2001, 2, "exceptions request " WHEEL " --reason=needed --expires=11d",
            "at most 10 days", &out);
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "exception 1", &out);
    runs_as(h, 2002, 0, "approve 1", "1 more person", &out);
    assert_false(is_had(h));
    runs_as(h, 2003, 0, "approve 1 --expires=2d", "now: allow", &out); /* the earlier end counts */
    assert_true(is_had(h));
    struct exception x;
    assert_ch_ok(&err, exception_read(h->k, 1, &x, &err));
    int64_t days = (exception_ends(x.steps, x.step_count) - keeper_now_us(h->k)) / 86400 / 1000000;
    exception_done(&x);
    assert_int_equal(days, 1);
    runs_as(h, 2002, 0, "exceptions revoke 1 --reason=x", "revoked", &out);
    assert_ch_ok(&err, house_reload(h, "version: 1\nexceptions: {two_approvers: never}\n", &err));
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "exception 2", &out);
    runs_as(h, 2002, 0, "approve 2", "now: allow", &out);
    assert_true(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t22_it_takes_two_others),
        cmocka_unit_test(one_asks_and_another_approves),
        cmocka_unit_test(t22_nobody_approves_what_they_asked_for),
        cmocka_unit_test(t22_what_is_critical_takes_two),
        cmocka_unit_test(t22_a_person_who_asks_is_known),
        cmocka_unit_test(the_word_of_who_lost_the_right_counts_no_more),
        cmocka_unit_test(the_policy_sets_the_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
