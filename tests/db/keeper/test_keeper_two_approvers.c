/* Of approvers only approvers change anything: what one of them says, and another after him (T22). */
#include "people_house.h"

#include <stdio.h>

#include "db/log/bundle.h"
#include "log_seen.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/people/people.h"
#include "db/keeper/people/people_proposals.h"

/* alice and dora approve (uids 2001, 2004), oscar operates (2002), bob is in no group (2003). */
static void add_two(void)
{
    runs(0, "user add alice --uid=2001", "added");
    runs(0, "user add dora --uid=2004", "added");
    runs(0, "user add oscar --uid=2002", "added");
    runs(0, "user add bob --uid=2003", "added");
    runs(0, "group add ops oscar --role=operator", "has it");
    runs(0, "group add approvers alice dora --role=approver", "has it");
}

static void an_operator_does_not_become_an_approver(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "user add alice --uid=2002", "user add alice --uid=4002", "user revoke alice --reason=x",
        "user revoke alice --uid=2001", "group add approvers bob", "group add mine bob --role=approver",
        "group add ops alice", "group add ops --role=approver", "group revoke approvers alice",
        "group revoke approvers", "group revoke approvers --role=approver",
        "group add approvers --role=reader", "token add --user=alice --audience=admin",
        "token add --user=alice --audience=pull", "token add --user=bob --audience=admin",
    };
    add_two();
    for (size_t i = 0; i < CH_ARRAY_LEN(lines); i++) {
        runs_as(2002, 1, lines[i], "");
        runs(1, lines[i], ""); /* nor root */
        house_restart(h);
        runs(0, "group list", "approvers            roles: approver  members: alice, dora\n");
        runs(0, "user list", "groups: approvers  uids: 2001\n");
        runs(0, "token list", "there are no tokens");
    }
    runs_as(2002, 1, "user add alice --uid=4002",
            "user:oscar may not do this: alice approves exceptions, or would by it, and of approvers only "
            "approvers change groups, uids and tokens. Who may: alice, dora");
    runs_as(2002, 1, "token add --user=bob --audience=admin", "a person's token for administration, only bob makes");
    runs_as(2002, 1, "token add --user=alice --audience=pull", "a token of who approves exceptions, only alice makes");
    runs_as(2001, 0, "token add --audience=admin", "token 1");
    runs_as(2003, 0, "token add --audience=admin", "of bob");
    runs_as(2002, 0, "group add reading bob --role=reviewer", "has it"); /* all else is an operator's as ever */
    runs_as(2002, 0, "token add --user=bob --audience=pull", "of bob");
}

static void two_approvers_name_another(void **state)
{
    (void)state;
    add_two();
    runs_as(2001, 1, "group add approvers bob",
            "not done yet: bob approves exceptions, or would by it, and that takes two approvers: another one has "
            "to run the same command within 24 hours. bob has uids 2003 and 0 tokens");
    runs_as(2001, 1, "group add approvers bob", "not done yet"); /* one person as two */
    runs_as(2004, 1, "group add approvers bob --role=auditor", "not done yet"); /* that is something else */
    runs_as(2003, 1, "group add approvers bob", "user:bob may not do this");
    runs(0, "group list", "members: alice, dora\n");
    house_restart(h); /* what one has said gives nothing, and is kept */
    runs(0, "group list", "members: alice, dora\n");
    runs_as(2001, 1, "group add approvers bob", "not done yet"); /* still one person */
    runs_as(2004, 0, "group add approvers bob", "group approvers has it");
    runs(0, "group list", "members: alice, dora, bob\n");
    runs(0, "group list --json", "\"members\":[\"alice\",\"dora\",\"bob\"]");
    runs_as(2003, 0, "queue", "");
    /* what takes waits for nobody */
    runs_as(2001, 0, "group revoke approvers bob --reason=left", "revoked");
    /* a word is good for once: what is as it was before is not given again by it */
    runs_as(2004, 1, "group add approvers bob", "not done yet");
    house_restart(h);
    runs_as(2004, 1, "group add approvers bob", "not done yet");
    runs_as(2001, 0, "group add approvers bob", "group approvers has it");
    runs_as(2001, 0, "group revoke approvers bob --reason=left", "revoked");
    /* the word of who has lost the right counts no more */
    runs_as(2004, 1, "group add approvers bob", "not done yet");
    runs_as(2001, 0, "group revoke approvers dora --reason=left", "revoked");
    runs_as(2001, 1, "group add approvers bob", "not done yet"); /* nor is he who is left enough */
}

static void keep_what(void *ctx, const struct ch_proposal_row *row)
{
    struct ch_proposal_row *kept = ctx;
    *kept = (struct ch_proposal_row){.id = row->id, .what = row->what, .at_us = row->at_us};
}

/* What alice has said stands as of then. */
static void say_it_earlier(int64_t us)
{
    struct ch_proposal_row row = {.id = 0};
    assert_ch_ok(&err, ch_store_proposals(h->k->store, keep_what, &row, &err));
    assert_int_not_equal(row.id, 0);
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_end_proposal(h->k->store, row.id, CH_STR("said again"),
                                             CH_STR("user:alice"), row.at_us, &err));
    row.change = CH_STR("bob in group approvers");
    row.by = CH_STR("user:alice");
    row.at_us -= us;
    assert_ch_ok(&err, ch_store_add_proposal(h->k->store, &row, &row.id, &err));
    assert_ch_ok(&err, audit_proposal(h->k, &row, &err)); /* or nobody has said it */
    assert_ch_ok(&err, keeper_commit(h->k, &err));
    log_until_written(h);
    house_restart(h);
}

static void a_word_has_an_end(void **state)
{
    (void)state;
    struct ch_buf entry;
    uint64_t at = 0;
    ch_buf_init(&entry, CH_ENTRY_MAX);
    add_two();
    runs_as(2001, 1, "group add approvers bob", "not done yet");
    log_until_written(h);
    struct ch_log_entry_fields f = log_newest(h, "proposal", &entry, &at);
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "user:alice");
    log_assert_hidden(h, at, &f, ch_buf_str(&entry), "bob in group approvers");
    say_it_earlier((PEOPLE_PROPOSAL_HOURS * 3600LL + 1) * 1000000);
    runs_as(2004, 1, "group add approvers bob", "not done yet");
    people_tick(h->k); /* it ends by itself, with its entry */
    log_until_written(h);
    f = log_newest(h, "proposal-end", &entry, &at);
    assert_field(&f, "how", "too old");
    fail_commits = true; /* and what could not be stored was not said */
    runs_as(2001, 1, "group add approvers bob --role=auditor", "not noted, and nothing was changed: ");
    fail_commits = false;
    runs_as(2004, 1, "group add approvers bob --role=auditor", "not done yet");
    ch_buf_done(&entry);
}

/* Of who is no approver yet operators change uids, groups and tokens: what comes with the person
 * since one has said it the other has not been told by him. */
static void t22_two_agree_to_a_person_as_it_is(void **state)
{
    (void)state;
    add_two();
    runs_as(2001, 1, "group add approvers bob", "bob has uids 2003 and 0 tokens");
    runs_as(2002, 0, "user add bob --uid=4002", "has another uid");
    runs_as(2004, 1, "group add approvers bob", "bob has uids 2003, 4002 and 0 tokens");
    runs_as(4002, 0, "token add --audience=admin", "of bob");
    runs_as(2002, 0, "user revoke bob --uid=4002", "nobody's now");
    runs_as(2001, 1, "group add approvers bob", "bob has uids 2003 and 1 token");
    runs_as(2004, 0, "group add approvers bob", "has it"); /* the same, as both were told */
}

/* Whoever is in a group gets its role: the other approver is shown each of them, with what they come with. */
static void t22_all_whom_a_group_makes_approvers_are_named(void **state)
{
    (void)state;
    static const char *const more[] = {"u1", "u2", "u3", "u4", "u5"};
    add_two();
    runs_as(2002, 0, "user add eve --uid=2005", "added");
    runs_as(2002, 0, "group add team bob eve --role=reviewer", "has it");
    runs_as(2005, 0, "token add --audience=admin", "of eve");
    runs_as(2001, 1, "group add team --role=approver",
            "not done yet: these 2 approve exceptions, or would by it");
    assert_true(says("bob has uids 2003 and 0 tokens; eve has uids 2005 and 1 token"));
    for (size_t i = 0; i < CH_ARRAY_LEN(more); i++) {
        char line[64];
        snprintf(line, sizeof(line), "user add %s", more[i]);
        runs_as(2002, 0, line, "added");
        snprintf(line, sizeof(line), "group add team %s", more[i]);
        runs_as(2002, 0, line, "has it");
    }
    runs_as(2001, 1, "group add team --role=approver", "not done yet: these 7 approve");
    assert_true(says("; u3 has uids none and 0 tokens; and 2 more (customhouse group list)"));
}

static void t22_two_agree_to_a_group_as_it_is(void **state)
{
    (void)state;
    add_two();
    runs_as(2002, 0, "user add eve --uid=2005", "added");
    runs_as(2002, 0, "group add team bob --role=reviewer", "has it");
    runs_as(2001, 1, "group add team --role=approver", "not done yet: bob approves");
    runs_as(2002, 0, "group add team eve", "has it");
    runs_as(2004, 1, "group add team --role=approver", "not done yet");
    runs(0, "group list", "team                 roles: reviewer  members: bob, eve\n");
    runs_as(2001, 0, "group add team --role=approver", "has it");
    /* a role that nobody has yet is an operator's to give */
    runs_as(2002, 0, "user add finn --uid=2006", "added");
    runs_as(2002, 0, "group add narrow --role=approver --repository=pypi", "has it");
    runs_as(2001, 1, "group add narrow finn", "not done yet: finn approves");
    runs_as(2002, 0, "group add narrow --role=approver", "has it");
    runs_as(2004, 1, "group add narrow finn", "not done yet");
    runs_as(2001, 0, "group add narrow finn", "has it");
}

/* So begins every site: one approver, who names the second. */
static void the_only_one_there_ever_was_names_the_second(void **state)
{
    (void)state;
    add_all();
    runs(1, "group add approvers bob", "of approvers only approvers change");
    runs_as(2001, 0, "group add approvers bob", "has it");
    runs_as(2003, 1, "user add alice --uid=4001", "not done yet");
    runs_as(2001, 0, "user add alice --uid=4001", "has another uid");
}

static void the_policy_may_ask_for_one(void **state)
{
    (void)state;
    add_two();
    assert_ch_ok(&err, house_reload(h, "version: 1\nexceptions: {two_approvers: never}\n", &err));
    runs_as(2001, 0, "group add approvers bob", "has it");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(an_operator_does_not_become_an_approver),
        T(two_approvers_name_another),
        T(a_word_has_an_end),
        T(t22_two_agree_to_a_person_as_it_is),
        T(t22_all_whom_a_group_makes_approvers_are_named),
        T(t22_two_agree_to_a_group_as_it_is),
        T(the_only_one_there_ever_was_names_the_second),
        T(the_policy_may_ask_for_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
