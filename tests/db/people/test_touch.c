/* Who may change what is known of people: of approvers only approvers. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "customhouse/index.h"
#include "touch.h"

static struct ch_err err;
static uint64_t next_id;
static struct people *people;

static uint64_t add(struct ch_people_row row)
{
    row.id = ++next_id;
    row.ended_at_us = CH_TIME_UNKNOWN;
    assert_ch_ok(&err, people_check(people, &row, &err));
    people_add(people, &row);
    people_settle(people);
    return row.id;
}

static struct ch_people_row person(const char *name)
{
    return (struct ch_people_row){.kind = CH_PEOPLE_PERSON, .person = ch_str_of(name)};
}

static struct ch_people_row uid_of(const char *name, uint32_t uid)
{
    return (struct ch_people_row){.kind = CH_PEOPLE_UID, .person = ch_str_of(name), .uid = uid};
}

static struct ch_people_row member(const char *group, const char *name)
{
    return (struct ch_people_row){
        .kind = CH_PEOPLE_MEMBER, .group = ch_str_of(group), .person = ch_str_of(name)};
}

static struct ch_people_row grant(const char *group, const char *role, const char *repository)
{
    return (struct ch_people_row){.kind = CH_PEOPLE_GRANT,
                                  .group = ch_str_of(group),
                                  .role = ch_str_of(role),
                                  .repository = ch_str_of(repository)};
}

static struct ch_people_row token(const char *name)
{
    return (struct ch_people_row){.kind = CH_PEOPLE_TOKEN,
                                  .person = ch_str_of(name),
                                  .audience = CH_STR("admin"),
                                  .sha256 = ch_sha256_of(name, strlen(name)),
                                  .expires_at_us = 1000};
}

/* alice and bob approve everywhere, carol in one repository, ops operates, dan is nobody; ci is a
 * service account with the role all the same. */
static uint64_t of_alice, of_dan, of_asking;

static int setup(void **state)
{
    static const char *const names[] = {"alice", "bob", "carol", "ops", "dan"};
    (void)state;
    next_id = 0;
    people = people_new();
    people_set_loopback(people, true);
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        add(person(names[i]));
    }
    struct ch_people_row ci = person("ci");
    ci.service = true;
    add(ci);
    add(grant("deciding", "approver", NULL));
    add(grant("here", "approver", "pypi"));
    add(grant("operating", "operator", NULL));
    of_asking = add(grant("asking", "requester", NULL));
    of_alice = add(member("deciding", "alice"));
    add(member("deciding", "bob"));
    add(member("deciding", "ci"));
    add(member("here", "carol"));
    add(member("operating", "ops"));
    of_dan = add(member("asking", "dan"));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    people_free(people);
    return 0;
}

static bool may(const char *name, const struct people_change *change)
{
    struct principal who = strcmp(name, "root") == 0 ? people_of_uid(people, 0)
                                                     : people_named(people, ch_str_of(name));
    return people_may_touch(people, &who, change);
}

static void of_approvers(const char *label, struct ch_people_row row, const char *who,
                         bool scoped_may)
{
    struct people_change change = {.rows = &row, .row_count = 1};
    struct people_touch t = people_touched(people, &change);
    if (!t.approver || t.others || strcmp(t.who, who) != 0) {
        fail_msg("%s: approver %d others %d who %s", label, t.approver, t.others, t.who);
    }
    assert_false(may("ops", &change));
    assert_false(may("root", &change)); /* an operator, once somebody approves */
    assert_false(may("dan", &change));
    assert_false(may("ci", &change));
    assert_true(may("alice", &change));
    assert_int_equal(may("carol", &change), scoped_may);
}

static void what_makes_or_changes_an_approver_is_theirs(void **state)
{
    (void)state;
    of_approvers("another uid", uid_of("alice", 4000), "alice", false);
    of_approvers("a token", token("bob"), "bob", false);
    of_approvers("a place among them", member("deciding", "dan"), "dan", false);
    of_approvers("a place among those of a repository", member("here", "dan"), "dan", true);
    of_approvers("another group", member("asking", "alice"), "alice", false);
    of_approvers("the role for a group with members", grant("asking", "approver", "pypi"), "dan",
                 true);
    of_approvers("the role everywhere", grant("here", "approver", NULL), "carol", false);
    of_approvers("another role for them", grant("deciding", "auditor", NULL), "alice", false);
}

static void nobody_makes_a_right_larger_than_their_own(void **state)
{
    (void)state;
    struct ch_people_row row = member("deciding", "carol");
    struct people_change change = {.rows = &row, .row_count = 1};
    assert_false(may("carol", &change));
    assert_true(may("bob", &change));
}

static void ending_it_is_theirs_too(void **state)
{
    (void)state;
    struct people_change change = {.ends = &of_alice, .end_count = 1};
    struct people_touch t = people_touched(people, &change);
    assert_true(t.approver);
    assert_false(may("ops", &change));
    assert_true(may("bob", &change));
    change.ends = &of_dan;
    t = people_touched(people, &change);
    assert_false(t.approver);
    assert_true(t.others);
    change.ends = &of_asking;
    assert_false(people_touched(people, &change).approver);
}

static void the_rest_is_not_about_approvers(void **state)
{
    (void)state;
    struct ch_people_row rows[] = {uid_of("dan", 4001),
                                   token("dan"),
                                   member("operating", "dan"),
                                   grant("asking", "auditor", NULL),
                                   person("eve"),
                                   grant("empty", "approver", NULL)}; /* nobody's yet */
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct people_change change = {.rows = &rows[i], .row_count = 1};
        struct people_touch t = people_touched(people, &change);
        if (t.approver || !t.others) {
            fail_msg("row %zu: about %s", i, t.who);
        }
        assert_true(may("ops", &change));
    }
}

/* A role that is given and the member who gets it, in one command: each row as it then is. */
static void rows_are_seen_together(void **state)
{
    (void)state;
    struct ch_people_row rows[] = {grant("new", "approver", NULL), member("new", "dan"),
                                   person("eve")};
    struct people_change change = {.rows = rows, .row_count = 2};
    struct people_touch t = people_touched(people, &change);
    assert_true(t.approver);
    assert_false(t.others);
    assert_false(may("ops", &change));
    change.row_count = 3;
    assert_true(people_touched(people, &change).others);
}

/* The first one is named by who may still do everything. */
static void before_the_first_it_is_roots(void **state)
{
    (void)state;
    people_free(people);
    people = people_new();
    add(person("alice"));
    add(person("ops"));
    add(grant("operating", "operator", NULL));
    add(member("operating", "ops"));
    struct ch_people_row rows[] = {grant("deciding", "approver", NULL),
                                   member("deciding", "alice")};
    struct people_change change = {.rows = rows, .row_count = 2};
    assert_false(
        may("root", &change)); /* not on loopback alone: the configuration names the first */
    people_set_loopback(people, true);
    assert_true(may("root", &change));
    assert_false(may("ops", &change));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(what_makes_or_changes_an_approver_is_theirs),
        T(nobody_makes_a_right_larger_than_their_own),
        T(ending_it_is_theirs_too),
        T(the_rest_is_not_about_approvers),
        T(rows_are_seen_together),
        T(before_the_first_it_is_roots),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
