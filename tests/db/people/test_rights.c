/* What roles allow and where; what nobody may hold at once. */
#include "tests/ch_test.h"

#include "rights.h"

static struct place at(const char *repository, const char *environment)
{
    return (struct place){ch_str_of(repository), ch_str_of(environment)};
}

static void test_names(void **state)
{
    (void)state;
    for (enum role r = ROLE_READER; r < ROLE_COUNT; r++) {
        assert_int_equal(role_of_name(ch_str_of(role_name(r))), r);
        assert_int_not_equal(role_actions(r), 0);
    }
    for (enum action a = ACTION_NONE + 1; a < ACTION_COUNT; a++) {
        assert_non_null(action_name(a));
        assert_string_not_equal(action_name(a), "none");
    }
    assert_int_equal(role_of_name(CH_STR("none")), ROLE_NONE);
    assert_int_equal(role_of_name(CH_STR("Approver")), ROLE_NONE);
    assert_int_equal(role_of_name(CH_STR("")), ROLE_NONE);
    assert_int_equal(role_actions(ROLE_NONE), 0);
    assert_int_equal(role_actions(ROLE_COUNT), 0);
    assert_string_equal(action_name((enum action) - 1), "none");
}

/* One row per role: who decides on what is let through keeps no service running, and the reverse.
 */
static void test_who_may_what(void **state)
{
    (void)state;
    static const struct {
        enum role role;
        const char *may; /* a letter per action: P pull, Q quarantined, r request, a approve, v
                            verdict, q queue, p policy.read, w policy.write, k key, l audit, m
                            metrics, o operate, u people, d deny, i image.push, e image.delete */
    } rows[] = {
        {ROLE_READER, "P"},          {ROLE_REQUESTER, "Pr"}, {ROLE_REVIEWER, "Prqp"},
        {ROLE_APPROVER, "Praqpwld"}, {ROLE_AUDITOR, "qplm"}, {ROLE_OPERATOR, "qpkmoud"},
        {ROLE_SCANNER, "Qv"},        {ROLE_PUBLISHER, "Pie"},
    };
    static const char letters[] = " PQravqpwklmoudie";
    assert_int_equal(sizeof(letters) - 1, ACTION_COUNT);
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct grant g = {.role = rows[i].role};
        struct place site = at(NULL, NULL);
        for (enum action a = ACTION_NONE; a < ACTION_COUNT; a++) {
            bool expected = a != ACTION_NONE && strchr(rows[i].may, letters[a]) != NULL;
            if (rights_allow(&g, 1, a, &site) != expected) {
                fail_msg("%s: %s", role_name(rows[i].role), action_name(a));
            }
        }
        assert_false(rights_allow(&g, 1, ACTION_COUNT, &site));
        assert_false(rights_allow(&g, 1, (enum action) - 1, &site));
    }
}

static void test_where(void **state)
{
    (void)state;
    static const struct {
        const char *granted[2];
        const char *asked[2];
        bool allowed;
    } rows[] = {
        {{NULL, NULL}, {NULL, NULL}, true},
        {{NULL, NULL}, {"pypi", "prod"}, true},
        {{"pypi", NULL}, {"pypi", "prod"}, true},
        {{"pypi", NULL}, {"pypi", NULL}, true},
        {{"pypi", NULL}, {"other", "prod"}, false},
        {{"pypi", NULL}, {NULL, NULL}, false},
        {{NULL, "preprod"}, {"pypi", "preprod"}, true},
        {{NULL, "preprod"}, {"pypi", "prod"}, false},
        {{NULL, "preprod"}, {"pypi", NULL}, false},
        {{"pypi", "prod"}, {"pypi", "prod"}, true},
        {{"pypi", "prod"}, {"pypi", "preprod"}, false},
        {{"pyp", NULL}, {"pypi", "prod"}, false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct grant g = {ROLE_APPROVER, ch_str_of(rows[i].granted[0]),
                          ch_str_of(rows[i].granted[1])};
        struct place p = at(rows[i].asked[0], rows[i].asked[1]);
        if (rights_allow(&g, 1, ACTION_EXCEPTION_APPROVE, &p) != rows[i].allowed) {
            fail_msg("row %zu", i);
        }
    }
    struct place p = at("pypi", "prod");
    assert_false(rights_allow(NULL, 0, ACTION_PULL, &p));
}

static void test_conflict(void **state)
{
    (void)state;
    struct grant g[] = {{ROLE_OPERATOR, CH_STR("a"), {NULL, 0}},
                        {ROLE_READER, {NULL, 0}, {NULL, 0}},
                        {ROLE_APPROVER, CH_STR("b"), CH_STR("preprod")}};
    assert_true(rights_conflict(g, 3)); /* wherever each holds */
    assert_false(rights_conflict(g, 2));
    assert_false(rights_conflict(g + 1, 2));
    assert_false(rights_conflict(NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_who_may_what),
        cmocka_unit_test(test_where),
        cmocka_unit_test(test_conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
