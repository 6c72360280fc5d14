/* A decision in the making, shared by decide.c and holds*.c. */
#ifndef POLICY_DECIDE_INT_H
#define POLICY_DECIDE_INT_H

#include "policy_int.h"

enum { CH_CHANGES_ROOM = 32 };

struct deciding {
    const struct ch_policy *policy;
    const struct ch_settings *settings; /* in force for this repository and environment */
    struct ch_settings room;
    const struct ch_facts *facts;
    int64_t now_us;
    struct ch_matched matched;
    struct ch_buf project; /* folded */
    struct ch_change few_changes[CH_CHANGES_ROOM];
    struct ch_change *many_changes;
    /* from people and allow rules */
    uint64_t lifted_by_people; /* masks of kinds, findings apart */
    uint64_t lifted_by_rules;
    bool approval_counted; /* without an approval there would be a hold */
    bool rules_end;        /* an allow rule that lifts "rule", or a hold, ended the walk */
    bool listed;
    const struct ch_rule *allowed_by; /* first allow rule that matched */
    const struct ch_ruling *approval; /* first one in force */
    int64_t approval_ends_us;         /* when the earliest approval in force ends */
    /* the outcome so far */
    struct ch_decision *out;
    bool bytes_alone;     /* CH_HOLD_AGE is there for nothing but bytes that are to be fetched again */
    int64_t bytes_end_us; /* when that they were fetched does no longer; CH_TIME_UNKNOWN: it does */
    bool time_alone; /* every hold but the missing inspection ends by time */
    int64_t until_us;
};

static inline uint64_t bit(enum ch_hold_kind kind)
{
    return (uint64_t)1 << kind;
}

/* A text to build a reason in. */
#define REASON(b)                                                                                  \
    CH_CLEANUP(ch_buf_done) struct ch_buf b;                                                       \
    ch_buf_init(&(b), CH_REASON_ROOM)

/* One hold: kind, rule and its line, when time alone ends it. The first one is the one shown. */
struct hold {
    enum ch_hold_kind kind;
    const char *rule;
    const char *name;
    uint32_t line;
    int64_t until_us;
};

/* --- holds.c --- */
void set_text(struct deciding *d, const char *rule, const char *name, struct ch_buf *reason);
void add_hold(struct deciding *d, struct hold hold, struct ch_buf *reason);
void hold_plain(struct deciding *d, enum ch_hold_kind kind, uint32_t line, const char *text);
bool in_force(const struct deciding *d, const struct ch_ruling *r);
void hold_by_owner(struct deciding *d);
void hold_by_upstream(struct deciding *d);
void hold_by_kind(struct deciding *d);
void hold_by_findings(struct deciding *d);
void hold_by_external(struct deciding *d);
void hold_by_inspection(struct deciding *d);

/* --- holds_age.c --- */
void hold_by_age(struct deciding *d);

/* --- holds_content.c: by what a complete inspection says it is and does --- */
void hold_by_content(struct deciding *d);

#endif
