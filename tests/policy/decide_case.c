#include "decide_case.h"

const struct ch_sha256 case_artifact = {{1, 2, 3}};

struct ch_facts case_good(void)
{
    struct ch_facts f;
    ch_facts_init(&f);
    f.ecosystem = CH_STR("pypi");
    f.repository = CH_STR("pypi");
    f.project = CH_STR("foo-bar");
    f.name_owner = CH_OWNER_UPSTREAM;
    f.version = CH_STR("1.5");
    f.file_name = CH_STR("foo_bar-1.5-py3-none-any.whl");
    f.file_type = CH_STR("wheel");
    f.artifact = case_artifact;
    f.has_inspector = true;
    f.size_bytes = 1000;
    f.hash_stated = true;
    f.upstream_trusted_for_times = true;
    f.uploaded_at_us = NOW - 30 * DAY;
    f.first_seen_at_us = NOW - HOUR;
    f.index_confirmed_at_us = NOW - HOUR / 2;
    f.bytes_confirmed_at_us = NOW - HOUR / 2;
    f.inspection = CH_INSPECTION_COMPLETE;
    return f;
}

struct ch_decision case_decide_with(const char *policy, const struct ch_facts *facts)
{
    struct ch_policy *p = NULL;
    struct ch_err err;
    struct ch_decision d;
    assert_ch_ok(&err, ch_policy_parse(ch_str_of(policy), "policy.yaml", &p, &err));
    ch_decide(p, facts, NOW, &d);
    ch_policy_free(p);
    for (size_t i = 0; d.reason[i] != '\0'; i++) {
        assert_true(d.reason[i] >= ' ' && d.reason[i] <= '~');
    }
    assert_true(strlen(d.reason) < CH_REASON_MAX);
    assert_true(d.rule[0] != '\0' && d.reason[0] != '\0');
    assert_int_equal(d.verdict == CH_VERDICT_HOLD, d.holds != 0);
    return d;
}

struct ch_decision case_decide(const struct ch_facts *facts)
{
    return case_decide_with(ch_policy_default_text(), facts);
}

struct ch_finding case_finding(enum ch_finding_code code)
{
    return (struct ch_finding){.code = code, .member = CH_STR("foo/a.py")};
}

struct ch_ruling case_approval(uint64_t lifts)
{
    return (struct ch_ruling){.lifts = lifts,
                              .by = CH_STR("alice"),
                              .reason = CH_STR("checked"),
                              .at_us = NOW - HOUR,
                              .expires_at_us = NOW + DAY,
                              .id = 7};
}
