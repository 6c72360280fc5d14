/* What was found for one entry is taken for others only where it is the same for them. */
#include "tests/ch_test.h"

#include <string.h>

#include "db/log/in_force.h"

enum { APPROVALS = 6, ENTRIES = 24, TIMES = 12 };

/* Begun and ended at all distances, one by time alone, one never, one before it could count. */
static const struct ch_approval_logged approvals[APPROVALS] = {
    {1, 2, 9, CH_TIME_UNKNOWN},          {2, 4, UINT64_MAX, 6}, {3, 5, 5, 3},
    {5, 8, UINT64_MAX, CH_TIME_UNKNOWN}, {7, 9, 10, 9},         {8, 15, 20, 0}};

static struct ch_in_force made(uint64_t entry, int64_t at_us)
{
    struct ch_in_force f;
    struct ch_err err;
    ch_in_force_begin(&f, entry, at_us);
    for (size_t i = 0; i < APPROVALS; i++) {
        ch_in_force_add(&f, &approvals[i]);
    }
    assert_ch_ok(&err, ch_in_force_end(&f, &err));
    return f;
}

static struct ch_sha256 digest_of(const char *lines)
{
    return ch_sha256_of(lines, strlen(lines));
}

static void says_which_are_in_force(void **state)
{
    static const struct {
        uint64_t entry;
        int64_t at_us;
        const char *lines;
    } rows[] = {
        {2, 1, ""},          {3, 1, "1\n"},        {5, 5, "1\n2\n"}, {5, 6, "1\n"},
        {9, 1, "1\n2\n5\n"}, {10, 1, "2\n5\n7\n"}, {10, 9, "5\n"},   {16, -1, "2\n5\n8\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct ch_in_force f = made(rows[i].entry, rows[i].at_us);
        struct ch_sha256 expected = digest_of(rows[i].lines);
        if (!ch_sha256_eq(&f.digest, &expected)) {
            fail_msg("entry %llu at %lld", (unsigned long long)rows[i].entry,
                     (long long)rows[i].at_us);
        }
    }
}

static void holds_where_it_is_the_same_and_for_itself(void **state)
{
    (void)state;
    size_t taken = 0;
    for (uint64_t e = 0; e < ENTRIES; e++) {
        for (int64_t t = -2; t < TIMES; t++) {
            struct ch_in_force f = made(e, t);
            assert_true(ch_in_force_holds(&f, e, t));
            for (uint64_t other = 0; other < ENTRIES; other++) {
                for (int64_t at = -2; at < TIMES; at++) {
                    struct ch_in_force g = made(other, at);
                    bool holds = ch_in_force_holds(&f, other, at);
                    assert_true(!holds || ch_sha256_eq(&f.digest, &g.digest));
                    taken += holds;
                }
            }
        }
    }
    assert_true(taken > (size_t)ENTRIES * TIMES * 4); /* and that is worth it */
}

static void one_of_zeros_holds_for_none(void **state)
{
    (void)state;
    struct ch_in_force f = {0};
    assert_false(ch_in_force_holds(&f, 0, 0) || ch_in_force_holds(&f, 1, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_which_are_in_force),
        cmocka_unit_test(holds_where_it_is_the_same_and_for_itself),
        cmocka_unit_test(one_of_zeros_holds_for_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
