/* Who somebody is, what that gives, and what is refused before it is stored. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "customhouse/index.h"
#include "people.h"

static struct ch_err err;
static uint64_t next_id;
static struct people *people;

static struct ch_people_row person(const char *name, bool service)
{
    return (struct ch_people_row){
        .kind = CH_PEOPLE_PERSON, .person = ch_str_of(name), .service = service};
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

static struct ch_people_row grant(const char *group, const char *role, const char *repository,
                                  const char *environment)
{
    return (struct ch_people_row){.kind = CH_PEOPLE_GRANT,
                                  .group = ch_str_of(group),
                                  .role = ch_str_of(role),
                                  .repository = ch_str_of(repository),
                                  .environment = ch_str_of(environment)};
}

static struct ch_people_row token(const char *name, const char *audience, const char *secret,
                                  int64_t expires_at_us)
{
    return (struct ch_people_row){.kind = CH_PEOPLE_TOKEN,
                                  .person = ch_str_of(name),
                                  .audience = ch_str_of(audience),
                                  .sha256 = ch_sha256_of(secret, strlen(secret)),
                                  .expires_at_us = expires_at_us};
}

/* Checked and added, as the keeper does it. */
static uint64_t add(struct ch_people_row row)
{
    row.id = ++next_id;
    row.ended_at_us = CH_TIME_UNKNOWN;
    assert_ch_ok(&err, people_check(people, &row, &err));
    people_add(people, &row);
    people_settle(people);
    return row.id;
}

static void refused(enum ch_code code, struct ch_people_row row, const char *why)
{
    assert_ch_code(code, people_check(people, &row, &err));
    if (strstr(err.msg, why) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", err.msg, why);
    }
}

static bool may(const struct principal *who, enum action a, const char *repository,
                const char *environment)
{
    struct place at = {ch_str_of(repository), ch_str_of(environment)};
    return people_may(people, who, a, &at);
}

static struct principal named(const char *name)
{
    return people_named(people, ch_str_of(name));
}

static int setup(void **state)
{
    (void)state;
    next_id = 0;
    people = people_new();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    people_free(people);
    return 0;
}

/* --- tokens --- */

static void test_token_form(void **state)
{
    (void)state;
    char a[TOKEN_LEN + 1], b[TOKEN_LEN + 1];
    struct ch_sha256 d, e;
    token_make(a);
    token_make(b);
    assert_int_equal(strlen(a), TOKEN_LEN);
    assert_string_not_equal(a, b);
    assert_true(token_digest(ch_str_of(a), &d));
    e = ch_sha256_of(a, TOKEN_LEN);
    assert_true(ch_sha256_eq(&d, &e));
    assert_false(token_digest((struct ch_str){a, TOKEN_LEN - 1}, &d));
    assert_false(token_digest((struct ch_str){a, TOKEN_LEN + 1}, &d));
    for (size_t i = 0; i < TOKEN_LEN; i++) {
        memcpy(b, a, sizeof(b));
        b[i] = 'G';
        assert_false(token_digest(ch_str_of(b), &d));
    }
    assert_false(token_digest((struct ch_str){NULL, 0}, &d));
}

static enum ch_code of_token(const char *secret, int64_t now_us, struct principal *who)
{
    struct ch_sha256 d = ch_sha256_of(secret, strlen(secret));
    int64_t until = 0;
    enum ch_code rc = people_of_token(people, &d, now_us, who, &until, &err);
    if (rc == CH_OK) {
        assert_int_equal(until, 100);
    }
    return rc;
}

static const char *why_not(const char *secret, int64_t now_us, const char *owner)
{
    struct ch_sha256 d = ch_sha256_of(secret, strlen(secret));
    const char *why;
    struct ch_str who = people_token_owner(people, &d, now_us, &why);
    assert_str_eq(who, owner != NULL ? owner : "");
    return why;
}

static void test_token_stands_for_its_principal_until_it_ends(void **state)
{
    (void)state;
    struct principal who;
    add(person("alice", false));
    add(person("ci", true));
    add(token("alice", "pull", "one", 100));
    uint64_t two = add(token("ci", "scanner", "two", 100));
    assert_ch_ok(&err, of_token("one", 99, &who));
    assert_string_equal(who.text, "user:alice");
    assert_int_equal(who.kind, PRINCIPAL_USER);
    assert_int_equal(who.audience, AUDIENCE_PULL);
    assert_string_equal(people_person(&who), "user:alice");
    assert_null(why_not("one", 99, "user:alice"));
    assert_ch_ok(&err, of_token("two", 99, &who));
    assert_string_equal(who.text, "service:ci");
    assert_string_equal(people_person(&who), ""); /* T22: nobody */

    /* the same to who asks, each with nobody */
    assert_ch_code(CH_E_NOT_FOUND, of_token("one", 100, &who));
    assert_int_equal(who.kind, PRINCIPAL_NONE);
    assert_string_equal(why_not("one", 100, "user:alice"), "expired");
    assert_ch_code(CH_E_NOT_FOUND, of_token("three", 1, &who));
    assert_string_equal(why_not("three", 1, NULL), "unknown");
    assert_true(people_end(people, two, 50));
    assert_false(people_end(people, two, 50));
    assert_ch_code(CH_E_NOT_FOUND, of_token("two", 1, &who));
    assert_string_equal(why_not("two", 1, "service:ci"), "revoked");
}

static void test_token_ends_with_its_person(void **state)
{
    (void)state;
    struct principal who;
    uint64_t alice = add(person("alice", false));
    add(token("alice", "pull", "one", 100));
    add(uid_of("alice", 1000));
    assert_true(people_end(people, alice, 50));
    assert_ch_code(CH_E_NOT_FOUND, of_token("one", 1, &who));
    assert_string_equal(why_not("one", 1, "user:alice"), "revoked");
    assert_string_equal(people_of_uid(people, 1000).text, "local:1000");
    assert_int_equal(named("alice").kind, PRINCIPAL_NONE);
    refused(CH_E_USAGE, token("alice", "pull", "two", 100), "there is no user alice");
}

/* T21: a token of one audience does nothing of another's, whatever its principal may. */
static void test_audiences(void **state)
{
    (void)state;
    static const struct {
        const char *audience;
        enum action does;
        enum action not ;
    } rows[] = {
        {"pull", ACTION_PULL, ACTION_EXCEPTION_APPROVE},
        {"pull", ACTION_EXCEPTION_REQUEST, ACTION_QUEUE_READ},
        {"admin", ACTION_EXCEPTION_APPROVE, ACTION_PULL},
        {"admin", ACTION_EXCEPTION_REQUEST, ACTION_VERDICT_WRITE},
        {"admin", ACTION_DELETE, ACTION_PUSH},
        {"push", ACTION_DELETE, ACTION_DENY},
        {"pull", ACTION_PULL, ACTION_DELETE},
        {"scanner", ACTION_VERDICT_WRITE, ACTION_PULL},
        {"scanner", ACTION_PULL_QUARANTINED, ACTION_EXCEPTION_APPROVE},
        {"push", ACTION_PULL, ACTION_EXCEPTION_REQUEST},
        {"push", ACTION_NONE, ACTION_EXCEPTION_APPROVE},
    };
    add(person("alice", false));
    add(grant("all", "approver", NULL, NULL));
    add(grant("all", "scanner", NULL, NULL));
    add(grant("all", "publisher", NULL, NULL));
    add(member("all", "alice"));
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char secret[16];
        struct principal who;
        snprintf(secret, sizeof(secret), "secret %zu", i);
        add(token("alice", rows[i].audience, secret, 100));
        assert_ch_ok(&err, of_token(secret, 1, &who));
        if (rows[i].does != ACTION_NONE) {
            assert_true(may(&who, rows[i].does, "pypi", "prod"));
        }
        assert_false(may(&who, rows[i].not, "pypi", "prod"));
        assert_false(people_may_somewhere(people, &who, rows[i].not ));
    }
    struct principal on_socket = named("alice");
    assert_true(may(&on_socket, ACTION_PULL, "pypi", "prod"));
    assert_true(may(&on_socket, ACTION_EXCEPTION_APPROVE, "pypi", "prod"));
}

/* --- rights --- */

static void test_rights_come_from_groups(void **state)
{
    (void)state;
    add(person("alice", false));
    add(person("bob", false));
    uint64_t g = add(grant("data", "approver", "pypi", "preprod"));
    uint64_t m = add(member("data", "alice"));
    add(grant("data", "reviewer", NULL, NULL));
    struct principal alice = named("alice"), bob = named("bob");
    assert_true(may(&alice, ACTION_EXCEPTION_APPROVE, "pypi", "preprod"));
    assert_false(may(&alice, ACTION_EXCEPTION_APPROVE, "pypi", "prod"));
    assert_false(may(&alice, ACTION_EXCEPTION_APPROVE, NULL, NULL));
    assert_true(people_may_somewhere(people, &alice, ACTION_EXCEPTION_APPROVE));
    assert_false(people_may_somewhere(people, &alice, ACTION_OPERATE));
    assert_true(may(&alice, ACTION_QUEUE_READ, NULL, NULL));
    assert_false(may(&bob, ACTION_QUEUE_READ, NULL, NULL));
    assert_true(people_end(people, g, 5));
    assert_false(may(&alice, ACTION_EXCEPTION_APPROVE, "pypi", "preprod"));
    assert_true(may(&alice, ACTION_QUEUE_READ, NULL, NULL));
    assert_true(people_end(people, m, 5));
    assert_false(may(&alice, ACTION_QUEUE_READ, NULL, NULL));
    add(member("data", "alice")); /* again */
    assert_true(may(&alice, ACTION_QUEUE_READ, NULL, NULL));
}

static void test_nobody_may_nothing(void **state)
{
    (void)state;
    struct principal none = {.kind = PRINCIPAL_NONE}, anonymous = {.kind = PRINCIPAL_ANONYMOUS};
    struct principal forged = {.kind = PRINCIPAL_USER, .text = "service:ci"};
    struct principal unknown = {.kind = PRINCIPAL_USER, .text = "user:mallory"};
    struct principal unnamed = {.kind = PRINCIPAL_USER, .text = "user"};
    add(person("ci", true));
    add(grant("all", "approver", NULL, NULL));
    add(member("all", "ci"));
    people_set_loopback(people, true);
    for (enum action a = ACTION_NONE; a <= ACTION_COUNT; a++) {
        assert_false(may(&none, a, NULL, NULL));
        assert_false(may(&forged, a, NULL, NULL));
        assert_false(may(&unknown, a, NULL, NULL));
        assert_false(may(&unnamed, a, NULL, NULL));
        assert_int_equal(may(&anonymous, a, NULL, NULL), a == ACTION_PULL);
    }
}

static void test_service_account_decides_nothing(void **state) /* T22 */
{
    (void)state;
    add(person("ci", true));
    add(grant("approvers", "approver", NULL, NULL));
    add(member("approvers", "ci"));
    struct principal ci = named("ci");
    assert_int_equal(ci.kind, PRINCIPAL_SERVICE);
    assert_false(may(&ci, ACTION_EXCEPTION_APPROVE, "pypi", "prod"));
    assert_false(people_may_somewhere(people, &ci, ACTION_EXCEPTION_APPROVE));
    assert_false(may(&ci, ACTION_POLICY_WRITE, NULL, NULL)); /* else who makes its tokens does */
    assert_true(may(&ci, ACTION_QUEUE_READ, "pypi", "prod"));
    assert_false(people_has_approver(people));
}

/* The one exception to the separation, and its end. */
static void test_local_peer(void **state)
{
    (void)state;
    struct principal local = people_of_uid(people, 0);
    assert_string_equal(local.text, "local:0");
    assert_string_equal(people_person(&local), "");
    assert_false(may(&local, ACTION_EXCEPTION_APPROVE, "pypi", "prod")); /* not on loopback alone */
    assert_false(may(&local, ACTION_POLICY_WRITE, NULL, NULL));
    assert_true(may(&local, ACTION_PEOPLE_ADMIN, NULL, NULL));
    assert_true(may(&local, ACTION_DENY, "pypi", "prod"));
    people_set_loopback(people, true);
    for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        assert_true(may(&local, a, "pypi", "prod"));
    }
    assert_false(may(&local, ACTION_NONE, NULL, NULL));
    assert_false(may(&local, ACTION_COUNT, NULL, NULL));
    add(person("alice", false));
    add(member("approvers", "alice")); /* the group has no role yet */
    assert_false(people_has_approver(people));
    uint64_t g = add(grant("approvers", "approver", "pypi", "preprod"));
    assert_true(people_has_approver(people));
    assert_false(may(&local, ACTION_EXCEPTION_APPROVE, "pypi", "preprod"));
    assert_false(may(&local, ACTION_POLICY_WRITE, NULL, NULL));
    assert_true(may(&local, ACTION_OPERATE, NULL, NULL));
    assert_int_equal(people_approvers_ever(people), 1);
    assert_true(people_end(people, g, 5)); /* nobody is one now: it does not fall back to local:UID */
    assert_false(people_has_approver(people));
    assert_int_equal(people_approvers_ever(people), 1);
    assert_false(may(&local, ACTION_EXCEPTION_APPROVE, "pypi", "preprod"));
    /* a role that the group lost before anybody was in it was nobody's */
    struct ch_people_row late = member("former", "alice");
    uint64_t f = add(grant("former", "approver", NULL, NULL));
    assert_true(people_end(people, f, 5));
    late.at_us = 6;
    add(person("bob", false));
    late.person = CH_STR("bob");
    add(late);
    assert_int_equal(people_approvers_ever(people), 1);
}

/* Who approved while the clock was ahead has approved. */
static void test_approver_of_a_wrong_clock(void **state)
{
    (void)state;
    struct principal local = people_of_uid(people, 0);
    struct ch_people_row ahead = grant("approvers", "approver", NULL, NULL);
    struct ch_people_row after = member("approvers", "alice");
    people_set_loopback(people, true);
    add(person("alice", false));
    ahead.at_us = 1000;
    after.at_us = 1001;
    uint64_t g = add(ahead), m = add(after);
    assert_false(may(&local, ACTION_EXCEPTION_APPROVE, NULL, NULL));
    assert_true(people_end(people, g, 5)); /* the clock is right again */
    assert_true(people_end(people, m, 6));
    assert_int_equal(people_approvers_ever(people), 1);
    assert_false(may(&local, ACTION_EXCEPTION_APPROVE, NULL, NULL));
}

static void test_uid_is_one_person(void **state)
{
    (void)state;
    add(person("alice", false));
    add(person("bob", false));
    uint64_t first = add(uid_of("alice", 1000));
    add(uid_of("alice", 2000));
    assert_string_equal(people_of_uid(people, 1000).text, "user:alice");
    assert_string_equal(people_of_uid(people, 2000).text, "user:alice");
    assert_int_equal(people_of_uid(people, 1000).audience, AUDIENCE_NONE);
    refused(CH_E_EXISTS, uid_of("bob", 1000), "uid 1000 is alice's");
    assert_true(people_end(people, first, 5));
    refused(CH_E_EXISTS, uid_of("bob", 1000), "uid 1000 was alice's: it is one person's for good");
    add(uid_of("alice", 1000)); /* it is hers again */
    assert_string_equal(people_of_uid(people, 1000).text, "user:alice");
    /* a store that says a uid is two people's makes it nobody's */
    struct ch_people_row forged = uid_of("bob", 1000);
    forged.id = 99;
    forged.ended_at_us = CH_TIME_UNKNOWN;
    people_add(people, &forged);
    people_settle(people);
    assert_int_equal(people_of_uid(people, 1000).kind, PRINCIPAL_NONE);
}

/* --- what is refused --- */

static void test_separation(void **state)
{
    (void)state;
    add(person("alice", false));
    add(person("ci", true));
    add(grant("ops", "operator", "pypi", NULL));
    add(grant("approvers", "approver", "other", "preprod"));
    add(member("ops", "alice"));
    add(member("approvers", "ci"));
    refused(CH_E_DENIED, member("approvers", "alice"),
            "alice would hold operator (group ops) and approver (group approvers)");
    refused(CH_E_DENIED, member("ops", "ci"), "ci would hold operator");
    refused(CH_E_DENIED, grant("ops", "approver", NULL, NULL),
            "alice would hold operator (group ops) and approver (group ops)");
    refused(CH_E_DENIED, grant("approvers", "operator", NULL, NULL), "ci would hold");
    /* where nobody is in both, groups may have what they like */
    add(grant("empty", "operator", NULL, NULL));
    add(grant("empty", "approver", NULL, NULL));
    refused(CH_E_DENIED, member("empty", "alice"), "nobody holds both");
    add(person("carol", false)); /* who has nothing yet */
    refused(CH_E_DENIED, member("empty", "carol"),
            "carol would hold operator (group empty) and approver (group empty)");
    /* a store that says otherwise gives nothing */
    struct ch_people_row forged = member("approvers", "alice");
    forged.id = 99;
    forged.ended_at_us = CH_TIME_UNKNOWN;
    people_add(people, &forged);
    people_settle(people);
    struct principal alice = named("alice");
    for (enum action a = ACTION_NONE; a < ACTION_COUNT; a++) {
        assert_false(may(&alice, a, "other", "preprod"));
    }
    assert_true(people_has_approver(people)); /* local:UID gains nothing by it */
}

/* As a group of writes of a large site would ask: thousands of people, one command. */
static void test_many(void **state)
{
    (void)state;
    char name[32], group[32];
    for (int i = 0; i < 20; i++) {
        snprintf(group, sizeof(group), "g%d", i);
        struct ch_people_row row = grant(group, i == 0 ? "operator" : "reader", NULL, NULL);
        row.id = ++next_id;
        row.ended_at_us = CH_TIME_UNKNOWN;
        people_add(people, &row);
    }
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "p%d", i);
        snprintf(group, sizeof(group), "g%d", i % 20);
        struct ch_people_row rows[] = {person(name, false), member(group, name)};
        for (size_t k = 0; k < CH_ARRAY_LEN(rows); k++) {
            rows[k].id = ++next_id;
            rows[k].ended_at_us = CH_TIME_UNKNOWN;
            people_add(people, &rows[k]);
        }
    }
    people_settle(people);
    refused(CH_E_DENIED, grant("g0", "approver", "pypi", "preprod"), "p0 would hold");
    struct ch_people_row row = grant("g1", "approver", NULL, NULL);
    assert_ch_ok(&err, people_check(people, &row, &err));
    add(row);
    struct principal one = named("p1"), two = named("p2"), last = named("p4981");
    assert_true(may(&one, ACTION_EXCEPTION_APPROVE, "pypi", "prod"));
    assert_true(may(&last, ACTION_EXCEPTION_APPROVE, "pypi", "prod"));
    assert_false(may(&two, ACTION_EXCEPTION_APPROVE, "pypi", "prod"));
    refused(CH_E_DENIED, member("g1", "p20"), "p20 would hold operator (group g0)");
}

static void test_names(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        ".a",
        "-a",
        "A",
        "a b",
        "a:b",
        "a/b",
        "\xc3\xa4",
        "a\n",
        "_a",
        "a123456789012345678901234567890123456789012345678901234567890abcd"};
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        refused(CH_E_USAGE, person(bad[i], false), "expected the name of a user");
    }
    refused(CH_E_USAGE, (struct ch_people_row){.kind = CH_PEOPLE_PERSON}, "expected the name");
    add(person("0.a_b-c", false));
    add(person("a123456789012345678901234567890123456789012345678901234567890abc", false));
    struct principal longest =
        named("a123456789012345678901234567890123456789012345678901234567890abc");
    assert_int_equal(strlen(longest.text), 5 + PEOPLE_NAME_MAX);
    refused(CH_E_USAGE, grant("A", "reader", NULL, NULL), "expected the name of a group");
}

static void test_names_are_given_once(void **state)
{
    (void)state;
    uint64_t id = add(person("alice", false));
    refused(CH_E_EXISTS, person("alice", true), "alice is there already");
    assert_true(people_end(people, id, 5));
    refused(CH_E_EXISTS, person("alice", false), "a name is given once");
}

static void test_what_cannot_be(void **state)
{
    (void)state;
    add(person("alice", false));
    add(person("ci", true));
    add(grant("g", "reader", "pypi", NULL));
    add(member("g", "alice"));
    refused(CH_E_USAGE, grant("g", "admin", NULL, NULL), "expected the role");
    refused(CH_E_USAGE, grant("g", "none", NULL, NULL), "expected the role");
    refused(CH_E_USAGE, grant("g", "reader", NULL, "staging"), "expected the environment");
    refused(CH_E_EXISTS, grant("g", "reader", "pypi", NULL), "role reader there already");
    add(grant("g", "reader", NULL, NULL)); /* elsewhere */
    refused(CH_E_EXISTS, member("g", "alice"), "alice is in group g already");
    refused(CH_E_USAGE, member("g", "bob"), "there is no user bob");
    refused(CH_E_USAGE, uid_of("alice", 0), "root stays the way in");
    refused(CH_E_USAGE, uid_of("alice", UINT32_MAX), "cannot be a person's");
    refused(CH_E_USAGE, uid_of("alice", 65534), "users that it cannot name");
    refused(CH_E_USAGE, uid_of("ci", 1000), "is a service account");
    refused(CH_E_USAGE, token("alice", "none", "x", 100), "expected the audience");
    struct ch_people_row row = token("alice", "pull", "x", 100);
    row.sha256 = (struct ch_sha256){{0}};
    refused(CH_E_USAGE, row, "without digest");
    row = person("bob", false);
    row.full_name = CH_STR("\xff");
    refused(CH_E_USAGE, row, "in UTF-8");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_token_form),
        T(test_token_stands_for_its_principal_until_it_ends),
        T(test_token_ends_with_its_person),
        T(test_audiences),
        T(test_rights_come_from_groups),
        T(test_nobody_may_nothing),
        T(test_service_account_decides_nothing),
        T(test_local_peer),
        T(test_approver_of_a_wrong_clock),
        T(test_uid_is_one_person),
        T(test_separation),
        T(test_many),
        T(test_names),
        T(test_names_are_given_once),
        T(test_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
