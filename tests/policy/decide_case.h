/* What the tests of ch_decide share: a file that passes, and what is decided of it. */
#ifndef TESTS_POLICY_DECIDE_CASE_H
#define TESTS_POLICY_DECIDE_CASE_H

#include "tests/ch_test.h"

#include "customhouse/policy.h"

#define DAY       ((int64_t)86400 * 1000000)
#define HOUR      ((int64_t)3600 * 1000000)
#define NOW       ((int64_t)1795948200 * 1000000) /* 2026-11-29 10:30 UTC */
#define BIT(kind) ((uint64_t)1 << (kind))

extern const struct ch_sha256 case_artifact;

/* A file that passes: a month old, inspected, listed upstream now. */
struct ch_facts case_good(void);
/* Under the text of a policy; every decision is checked for what all have. */
struct ch_decision case_decide_with(const char *policy, const struct ch_facts *facts);
struct ch_decision case_decide(const struct ch_facts *facts); /* under the default policy */
struct ch_finding case_finding(enum ch_finding_code code);
struct ch_ruling case_approval(uint64_t lifts);

#define assert_hold(d, kind, text)                                                                 \
    do {                                                                                           \
        struct ch_decision d_ = (d);                                                               \
        assert_int_equal(d_.verdict, CH_VERDICT_HOLD);                                             \
        if (d_.hold != (kind)) {                                                                   \
            fail_msg("held by %s: %s", ch_hold_kind_name(d_.hold), d_.reason);                     \
        }                                                                                          \
        assert_string_equal(d_.reason, text);                                                      \
    } while (0)

#define assert_verdict(d, want)                                                                    \
    do {                                                                                           \
        struct ch_decision d_ = (d);                                                               \
        if (d_.verdict != (want)) {                                                                \
            fail_msg("%s by %s: %s", ch_verdict_name(d_.verdict), d_.rule, d_.reason);             \
        }                                                                                          \
    } while (0)

#endif
