/* The parsed policy, shared by the files of this folder. */
#ifndef POLICY_POLICY_INT_H
#define POLICY_POLICY_INT_H

#include "base/config/yaml.h"
#include "customhouse/policy.h"

#define DAY_US  ((int64_t)86400 * 1000000)
#define HOUR_US ((int64_t)3600 * 1000000)

enum ch_policy_mode { CH_MODE_ALLOW_LIST = 0, CH_MODE_OPEN };
enum ch_rule_action { CH_RULE_HOLD = 0, CH_RULE_ALLOW, CH_RULE_DENY };
enum ch_tristate { CH_NO = 0, CH_YES, CH_MAYBE };

struct ch_texts {
    char **items;
    size_t count;
};

/* One entry of a rule's `finding` list: a code, or everything of a class and at least a severity.
 */
struct ch_finding_pattern {
    uint32_t code; /* CH_F_NONE: by class and severity */
    bool any_class;
    enum ch_finding_class cls;
    enum ch_severity severity;
};

enum { CH_RULE_NAME_MAX = 48 }; /* "rule NAME" fits ch_decision.rule */

struct ch_rule {
    char *name;
    uint32_t line;
    enum ch_rule_action action;
    uint64_t lifts; /* allow: mask of 1 << enum ch_hold_kind */
    char *reason;   /* NULL: none */
    /* conditions; an empty one is always met */
    struct ch_texts projects; /* folded globs */
    char *version;
    struct ch_texts repositories;
    struct ch_texts ecosystems;
    struct ch_texts file_types;
    bool has_larger;
    uint64_t larger_than_bytes;
    bool has_older;
    int64_t older_than_us;
    bool has_younger;
    int64_t younger_than_us;
    struct ch_finding_pattern *findings;
    size_t finding_count;
    bool has_yanked;
    bool yanked;
};

struct ch_policy {
    char *file_name;
    struct ch_sha256 digest;
    uint64_t cool_down_days;
    uint32_t cool_down_line; /* 0: the default */
    enum ch_policy_mode mode;
    uint32_t mode_line;
    enum ch_severity hold_severity;
    uint32_t hold_findings_line;
    uint64_t index_confirm_hours;
    bool release_yanked;
    bool require_hash;
    uint32_t require_hash_line;
    struct ch_rule *rules;
    size_t rule_count;
};

/* --- age.c (T7): how long a release file has been public, as far as it can be known --- */
enum ch_age_source {
    CH_AGE_UNKNOWN = 0, /* holds */
    CH_AGE_FUTURE,      /* the stated time lies ahead: holds */
    CH_AGE_STATED,      /* by a trusted upstream */
    CH_AGE_SEEN,        /* by our own snapshots */
    CH_AGE_OLD_ENOUGH,  /* no time will be known, and none is needed (baseline, or never stated) */
};
struct ch_age {
    enum ch_age_source source;
    int64_t since_us; /* FUTURE, STATED, SEEN */
};
struct ch_age ch_age_of(const struct ch_facts *facts, int64_t now_us);
/* a + b, at the ends of the range instead of beyond. */
int64_t ch_time_add(int64_t a_us, int64_t b_us);

/* --- match.c --- */
void ch_name_fold(struct ch_buf *b, struct ch_str name); /* lower case, runs of - _ . become '-' */
bool ch_finding_pattern_match(const struct ch_finding_pattern *p, const struct ch_finding *f);
/* CH_MAYBE: a condition is about something that is not known. */
enum ch_tristate ch_rule_match(const struct ch_rule *rule, const struct ch_facts *facts,
                               const struct ch_age *age, int64_t now_us);

/* --- parse_rule.c --- */
enum ch_code ch_rule_parse(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                           struct ch_rule *ret, struct ch_err *err) CH_MUST_CHECK;
void ch_rule_done(struct ch_rule *rule);

/* --- masks.c --- */
/* Holds that a standing rule may lift; the others need a person's word on what is in the file. */
uint64_t ch_rule_liftable(void);

/* --- reason.c: text for people, printable ASCII, cut to what fits --- */
enum { CH_REASON_ROOM = 1024 };
void ch_reason_set(char *ret, size_t size, struct ch_str text);
void ch_reason_foreign(struct ch_buf *b, const char *who,
                       struct ch_str text);             /* ", upstream says: x" */
void ch_reason_minute(struct ch_buf *b, int64_t at_us); /* "2026-11-29 10:00 UTC" */
void ch_reason_days(struct ch_buf *b, int64_t span_us); /* "2 days", "5 hours" */

#endif
