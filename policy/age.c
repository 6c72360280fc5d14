/* Age of a release file. Spec: threats.md T7. */
#include "policy_int.h"

int64_t ch_time_add(int64_t a_us, int64_t b_us)
{
    int64_t sum = 0;
    if (__builtin_add_overflow(a_us, b_us, &sum)) {
        return b_us > 0 ? INT64_MAX : INT64_MIN + 1;
    }
    return sum;
}

/* An index is served from caches: a file is uploaded, and the page of a moment later is without it.
 */
#define LAG_US (3600 * 1000000LL)

int64_t ch_since_stated(int64_t uploaded_at_us, int64_t last_absent_at_us)
{
    bool contradicts = last_absent_at_us != CH_TIME_UNKNOWN &&
                       last_absent_at_us > ch_time_add(uploaded_at_us, LAG_US);
    return contradicts ? last_absent_at_us : uploaded_at_us;
}

struct ch_age ch_age_of(const struct ch_facts *facts, int64_t now_us)
{
    struct ch_age age = {.source = CH_AGE_UNKNOWN};
    if (facts->upstream_trusted_for_times && facts->uploaded_at_us != CH_TIME_UNKNOWN) {
        age.since_us = ch_since_stated(facts->uploaded_at_us, facts->last_absent_at_us);
        age.contradicted = age.since_us != facts->uploaded_at_us;
        age.source = age.since_us > now_us ? CH_AGE_FUTURE : CH_AGE_STATED;
        return age;
    }
    /* "A missing time counts as old enough only where that upstream never states times; otherwise
     * it holds until known": our own sight of it is none of an upstream whose word counts, or
     * leaving the time out would be a way to have a younger one. */
    if (facts->upstream_trusted_for_times && !facts->upstream_never_states_times) {
        return age;
    }
    /* It appeared after the last complete page without it and not after the first one with it: the
     * later end counts, since only that is sure. */
    bool absent = facts->last_absent_at_us != CH_TIME_UNKNOWN;
    bool seen = facts->first_seen_at_us != CH_TIME_UNKNOWN && facts->first_seen_at_us > 0;
    int64_t since = absent ? facts->last_absent_at_us : CH_TIME_UNKNOWN;
    if (seen && facts->first_seen_at_us > since) {
        since = facts->first_seen_at_us;
    }
    /* Of one that is trusted and never states times, or what an upstream that is not asked for
     * times showed at first: its baseline. */
    if (!absent && (facts->upstream_trusted_for_times || facts->baseline)) {
        age.source = CH_AGE_OLD_ENOUGH;
        return age;
    }
    if (absent || seen) {
        age.source = since > now_us ? CH_AGE_FUTURE : CH_AGE_SEEN;
        age.since_us = since;
    }
    return age;
}

int64_t ch_project_since(const struct ch_facts *facts, const struct ch_age *age)
{
    int64_t since_us = facts->project_since_us;
    if (age->source == CH_AGE_OLD_ENOUGH) {
        return INT64_MIN + 1;
    }
    bool dated = age->source == CH_AGE_STATED || age->source == CH_AGE_SEEN;
    if (dated && (since_us == CH_TIME_UNKNOWN || age->since_us < since_us)) {
        since_us = age->since_us; /* a project is as old as any of its files */
    }
    return since_us;
}
