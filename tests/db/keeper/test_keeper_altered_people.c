/* T4, T21, T22: rows about people count only as the audit log has given them. Whoever writes the
 * database gives nobody a role, a uid or a token by it; what is taken away by hand is named, and
 * makes nobody else more than they were. */
#include "alter.h"
#include "exceptions_house.h"

#include <stdio.h>
#include <string.h>

#include "db/keeper/audit/audit_int.h"
#include "db/keeper/people/people.h"
#include "log_seen.h"

static struct ch_err err;
static struct ch_buf out;
static struct house *h;

static int setup(void **state)
{
    (void)state;
    ch_buf_init(&out, 1u << 20);
    h = house_of_people();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    house_free(h);
    ch_buf_done(&out);
    return 0;
}

static bool may_approve(const char *name)
{
    const struct place at = {CH_STR("pypi"), CH_STR("prod")};
    struct principal who = people_named(h->k->people, ch_str_of(name));
    return people_may(h->k->people, &who, ACTION_EXCEPTION_APPROVE, &at);
}

static bool local_may_approve(void)
{
    const struct place at = {CH_STR("pypi"), CH_STR("prod")};
    struct principal who = people_of_uid(h->k->people, 1000);
    return people_may(h->k->people, &who, ACTION_EXCEPTION_APPROVE, &at);
}

static void assert_altered(const char *label, size_t rows)
{
    char text[80];
    if (h->k->people_altered != rows) {
        fail_msg("%s: %zu rows", label, h->k->people_altered);
    }
    snprintf(text, sizeof(text), "%zu rows about users, groups and tokens give NOTHING", rows);
    runs_as(h, 1000, rows > 0 ? 1 : 0, "status", rows > 0 ? text : "", &out);
    runs_as(h, 1000, rows > 0 ? 1 : 0, "user add eve --uid=2099",
            rows > 0 ? "nothing is given" : "", &out);
}

static void assert_settled(const char *more)
{
    assert_int_equal(h->k->people_altered, 0);
    assert_false(may_approve("cid"));
    assert_true(may_approve("bob"));
    runs_as(h, 1000, 0, more, "", &out);
}

static void enter_older_act(void)
{
    struct audit_entry a;
    assert_ch_ok(&err, keeper_write(h->k, &err));
    audit_entry_begin(h->k, &a, "erased");
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_int(&a.e, "texts", 1);
    assert_ch_ok(&err, audit_add(h->k, &a, &err));
    assert_ch_ok(&err, keeper_commit(h->k, &err));
}

#define FACT(kind)                                                                                 \
    "INSERT INTO people_fact (kind, by_person, at_us) VALUES (" kind ", 'local:1000', 5);"

static const struct row {
    const char *label, *what;
    size_t rows;
} rows[] = {
    {"a member",
     FACT("3") "INSERT INTO group_member SELECT max(id), 'deciding', 'ann' FROM people_fact", 1},
    {"a member's group", "UPDATE group_member SET group_name = 'deciding' WHERE person = 'ann'", 1},
    {"a member's name", "UPDATE group_member SET person = 'ann' WHERE person = 'bob'", 1},
    {"with the text beside the entry",
     "UPDATE group_member SET group_name = 'deciding' WHERE person = 'ann';"
     "UPDATE log_clear SET text = 'deciding' WHERE text = 'asking'",
     1},
    {"a role", "UPDATE group_grant SET role = 'approver' WHERE group_name = 'asking'", 1},
    {"another role",
     FACT("4") "INSERT INTO group_grant SELECT max(id), 'asking', 'approver', NULL, NULL FROM "
               "people_fact",
     1},
    {"a uid", "UPDATE person_uid SET person = 'bob' WHERE person = 'ann'", 1},
    {"another uid", FACT("2") "INSERT INTO person_uid SELECT max(id), 'bob', 2001 FROM people_fact",
     1},
    {"who gave it", "UPDATE people_fact SET by_person = 'user:bob' WHERE id = 1", 1},
    {"when", "UPDATE people_fact SET at_us = 5 WHERE id = 1", 1},
    {"a service", "UPDATE person SET service = 1 WHERE name = 'ann'", 1},
};

static void no_row_alone_gives_anything(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        house_restart_altered(h, rows[i].what);
        if (may_approve("ann") || local_may_approve()) {
            fail_msg("%s: approves", rows[i].label);
        }
        struct principal who = people_of_uid(h->k->people, 2001);
        if (strcmp(who.text, "user:bob") == 0) {
            fail_msg("%s: is bob", rows[i].label);
        }
        if (!may_approve("cid")) {
            fail_msg("%s: and nothing else", rows[i].label);
        }
        assert_altered(rows[i].label, rows[i].rows);
        assert_ch_ok(&err, people_reload(h->k, &err));
        assert_false(may_approve("ann"));
        teardown(NULL);
        setup(NULL);
    }
}

static void what_was_not_altered_counts(void **state)
{
    (void)state;
    house_restart_altered(h, "SELECT 1");
    assert_true(may_approve("bob") && may_approve("cid") && may_approve("dan"));
    assert_false(may_approve("ann"));
    assert_altered("untouched", 0);
    runs_as(h, 1000, 0, "audit erase --who=bob --reason=asked", "", &out);
    house_restart_altered(h, "SELECT 1");
    assert_true(may_approve("bob"));
    assert_int_equal(h->k->people_altered, 0);
}

/* An end that is in the log stays one. */
static void what_was_taken_stays_taken(void **state)
{
    (void)state;
    runs_as(h, 2003, 0, "group revoke deciding bob", "", &out);
    assert_false(may_approve("bob"));
    house_restart_altered(h, "DELETE FROM people_end");
    assert_false(may_approve("bob"));
    assert_altered("its end is gone", 1);
}

/* A row that somebody wrote can be taken away again, and then it is as if it had not been. */
static void what_was_forged_can_be_revoked(void **state)
{
    (void)state;
    house_restart_altered(h, rows[0].what);
    assert_altered("forged", 1);
    runs_as(h, 1000, 0, "group list", "ann (NOT taken", &out);
    runs_as(h, 2005, 0, "group revoke deciding ann", "", &out);
    assert_int_equal(h->k->people_altered, 0);
    house_restart_altered(h, "SELECT 1");
    assert_altered("revoked", 0);
}

/* Before the first approver root may approve alone: not when rows of approvers went. */
static void what_is_gone_gives_nobody_more(void **state)
{
    (void)state;
    static const char *const gone[] = {
        "DELETE FROM people_fact; DELETE FROM person; DELETE FROM person_uid; DELETE FROM "
        "group_member;"
        "DELETE FROM group_grant",
        "DELETE FROM group_grant; DELETE FROM people_fact WHERE kind = 4",
        "INSERT INTO people_end SELECT id, 'user:bob', '', 1 FROM people_fact WHERE kind > 2",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(gone); i++) {
        house_restart_altered(h, gone[i]);
        assert_false(local_may_approve());
        assert_false(may_approve("bob"));
        assert_true(people_approvers_ever(h->k->people) >= 2);
        runs_as(h, 1000, 1, "status", "give NOTHING or are gone", &out);
        runs_as(h, 1000, 1, "group add mine --role=approver", "nothing is given", &out);
        teardown(NULL);
        setup(NULL);
    }
}

static const char token[] = "chp_0000000000000000000000000000000000000000000000000000000000000000";

/* Of somebody who writes the digest of a token that he knows. */
static void no_row_alone_is_a_token(void **state)
{
    (void)state;
    char what[512], digits[CH_SHA256_HEX + 1];
    struct ch_sha256 digest = ch_sha256_of(token, sizeof(token) - 1);
    struct principal who;
    int64_t until;
    ch_sha256_hex(&digest, digits);
    runs_as(h, 2002, 0, "token add --audience=admin --label=mine", "chp_", &out);
    snprintf(what, sizeof(what),
             FACT("5") "INSERT INTO token SELECT max(id), 'bob', 'admin', 'x', x'%s', "
                       "9000000000000000 FROM people_fact",
             digits);
    house_restart_altered(h, what);
    assert_int_not_equal(
        people_of_token(h->k->people, &digest, keeper_now_us(h->k), &who, &until, &err), CH_OK);
    assert_altered("forged", 1);
    snprintf(what, sizeof(what),
             "DELETE FROM token WHERE label = 'x'; DELETE FROM people_fact WHERE at_us = 5;"
             "UPDATE token SET sha256 = x'%s'",
             digits);
    house_restart_altered(h, what);
    assert_int_not_equal(
        people_of_token(h->k->people, &digest, keeper_now_us(h->k), &who, &until, &err), CH_OK);
    assert_altered("another digest", 1);
}

/* What is gone cannot be revoked: an operator says that it has ended. */
static void what_is_gone_can_be_settled(void **state)
{
    (void)state;
    static const char *const gone[] = {
        "DELETE FROM group_member WHERE person = 'cid';"
        "DELETE FROM people_fact WHERE kind = 3 AND id NOT IN (SELECT id FROM group_member)",
        "INSERT INTO people_end SELECT id, 'user:bob', '', 1 FROM group_member WHERE person = "
        "'cid'",
        "UPDATE group_member SET group_name = 'asking' WHERE person = 'cid'",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(gone); i++) {
        house_restart_altered(h, gone[i]);
        assert_altered("gone", 1);
        runs_as(h, 1000, 2, "audit settle", "--reason", &out);
        runs_as(h, 2003, 1, "audit settle --reason=mine", "may not", &out); /* approves */
        assert_altered("gone still", 1);
        runs_as(h, 1000, 0, "audit settle --reason=lost", "1 row", &out);
        assert_settled("user add eve --uid=2099");
        runs_as(h, 1000, 1, "audit settle --reason=lost", "nothing was settled", &out);
        house_restart_altered(h, "SELECT 1");
        assert_settled("user add fay --uid=2098");
        teardown(NULL);
        setup(NULL);
    }
}

/* The user's row went, not the membership: whoever gets the name has nothing by it. */
static void a_name_that_was_settled_gives_nothing(void **state)
{
    (void)state;
    house_restart_altered(h, "DELETE FROM person WHERE name = 'cid';"
                             "DELETE FROM people_fact WHERE kind = 1"
                             " AND id NOT IN (SELECT id FROM person)");
    assert_false(may_approve("cid"));
    runs_as(h, 1000, 0, "audit settle --reason=lost", "ended", &out);
    assert_int_equal(h->k->people_altered, 0);
    runs_as(h, 1000, 0, "user add cid --uid=2055", "", &out);
    assert_false(may_approve("cid"));
    house_restart_altered(h, "DELETE FROM people_end");
    assert_false(may_approve("cid"));
}

/* Nobody is the first approver of a place that had some. */
static void settling_opens_nothing(void **state)
{
    (void)state;
    house_restart_altered(h, "DELETE FROM group_grant; DELETE FROM people_fact WHERE kind = 4");
    runs_as(h, 1000, 0, "audit settle --reason=lost", "ended", &out);
    assert_int_equal(h->k->people_altered, 0);
    assert_false(local_may_approve() || may_approve("bob"));
    assert_true(people_approvers_ever(h->k->people) >= 2);
    runs_as(h, 1000, 1, "group add deciding --role=approver", "may not do this", &out);
    runs_as(h, 1000, 0, "group add mine --role=approver", "", &out); /* nobody's */
    runs_as(h, 1000, 1, "group add mine ann", "may not do this", &out);
    house_restart_altered(h, "SELECT 1");
    assert_false(local_may_approve() || may_approve("bob"));
    assert_true(people_approvers_ever(h->k->people) >= 2);
}

/* As releases before log_erased left it: the text is gone, the act says only how many. */
static void what_an_older_release_erased(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        bool altered;
    } all[] = {
        {"DELETE FROM log_clear WHERE text = 'ann'", false},
        {"DELETE FROM log_clear WHERE text = 'ann';"
         "UPDATE group_member SET group_name = 'deciding' WHERE person = 'ann'",
         true},
        {"DELETE FROM log_clear WHERE text = 'asking';"
         "UPDATE group_member SET group_name = 'deciding' WHERE person = 'ann'",
         false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        enter_older_act();
        house_restart_altered(h, all[i].what);
        assert_false(may_approve("ann") || local_may_approve());
        assert_true(may_approve("bob") && may_approve("cid"));
        assert_int_equal(h->k->people_altered > 0, all[i].altered);
        runs_as(h, 1000, all[i].altered ? 1 : 0, "user add eve --uid=2099", "", &out);
        teardown(NULL);
        setup(NULL);
    }
    house_restart_altered(h, "DELETE FROM log_clear WHERE text = 'ann'");
    assert_true(h->k->people_altered > 0); /* no act says so */
}

static void beside_the_running_service(void **state)
{
    (void)state;
    house_alter(h, rows[0].what);
    runs_as(h, 1000, 1, "user add eve --uid=2099", "nothing is given", &out);
    assert_false(may_approve("ann"));
    assert_true(may_approve("bob"));
    assert_ch_ok(&err, people_reload(h->k, &err));
    assert_altered("beside", 1);
}

/* What one of two has said is half of it: nobody says it by a row. */
static void no_row_alone_is_anybodys_word(void **state)
{
    (void)state;
    runs_as(h, 2002, 1, "user add eve --uid=2099 --full-name=Eve", "", &out);
    runs_as(h, 2002, 1, "group add deciding ann", "", &out);
    house_restart_altered(h, "SELECT 1");
    assert_non_null(h->k->people_proposals);
    house_restart_altered(h, "UPDATE people_proposal SET by_person = 'user:cid'");
    assert_null(h->k->people_proposals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_row_alone_gives_anything, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_not_altered_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_taken_stays_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_forged_can_be_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_gone_gives_nobody_more, setup, teardown),
        cmocka_unit_test_setup_teardown(no_row_alone_is_a_token, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_gone_can_be_settled, setup, teardown),
        cmocka_unit_test_setup_teardown(a_name_that_was_settled_gives_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(settling_opens_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_an_older_release_erased, setup, teardown),
        cmocka_unit_test_setup_teardown(beside_the_running_service, setup, teardown),
        cmocka_unit_test_setup_teardown(no_row_alone_is_anybodys_word, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
