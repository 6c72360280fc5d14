/* The parsed policy, shared by the files of this folder. */
#ifndef POLICY_POLICY_INT_H
#define POLICY_POLICY_INT_H

#include "base/config/yaml.h"
#include "customhouse/ecosystem.h"
#include "customhouse/policy.h"
#include "schema.h"

#define DAY_US  ((int64_t)86400 * 1000000)
#define HOUR_US ((int64_t)3600 * 1000000)

enum ch_policy_mode { CH_MODE_ALLOW_LIST = 0, CH_MODE_QUARANTINE, CH_MODE_AUDIT };
enum ch_lookup { CH_LOOKUP_NEVER = 0, CH_LOOKUP_UPSTREAM };
enum ch_sdists { CH_SDISTS_NEVER = 0, CH_SDISTS_WHEN_NO_WHEEL, CH_SDISTS_ALWAYS };
enum ch_then { CH_THEN_HOLD = 0, CH_THEN_ALLOW };
enum ch_change_hold { CH_CHANGES_CAPABILITY = 0, CH_CHANGES_COMBINED, CH_CHANGES_NONE };
enum ch_rule_action { CH_RULE_HOLD = 0, CH_RULE_ALLOW, CH_RULE_DENY };
enum ch_tristate { CH_NO = 0, CH_YES, CH_MAYBE };

/* --- list.c: texts to be found among --- */
struct ch_list {
    char **exact; /* sorted once the list is whole */
    size_t exact_count;
    char **globs; /* with a star */
    size_t glob_count;
};
void ch_list_add(struct ch_list *list, char *text, bool may_be_glob); /* takes the text */
void ch_list_sort(struct ch_list *list);
void ch_list_done(struct ch_list *list);
bool ch_list_has(const struct ch_list *list, struct ch_str text); /* stars stand for text */
/* Whether a text or pattern, and everything it stands for, is matched by an entry. */
bool ch_list_covers(const struct ch_list *list, const char *text);
/* As ch_glob_match, without folding the name. */
bool ch_glob_match_raw(struct ch_str pattern, struct ch_str text);
bool ch_glob_covers(const char *wide, const char *narrow);
bool ch_glob_can_begin(struct ch_str pattern, struct ch_str start); /* of some text it matches */

/* A list that has a name, as `lists:` gives it. */
struct ch_named_list {
    char *name;
    const struct ch_key *kind;
    uint32_t line;
    char *file;         /* where its entries stand; NULL: in the policy */
    uint32_t asked_for; /* PATTERNS: values of these facts: mask of 1 << enum ch_fact_code */
    struct ch_list list;
};

/* One entry of `finding`: a code, or everything of a class and at least a severity. */
struct ch_finding_pattern {
    uint32_t code; /* CH_F_NONE: by class and severity */
    bool any_class;
    enum ch_finding_class cls;
    enum ch_severity severity;
};

/* One entry of `changed`: a kind; of CAPABILITY perhaps one fact only, and of that some values. */
struct ch_change_pattern {
    enum ch_change_kind kind;
    const char *fact;  /* static; NULL: any */
    const char *value; /* pattern, borrowed from the text of the entry; NULL: any */
};

/* What one key says. Zeroed: nothing. */
struct ch_value {
    uint32_t line; /* 0: it is not written, the default stands */
    uint32_t column;
    uint64_t number;
    char *text;
    struct ch_list own;           /* FINDINGS, CHANGES: the entries as written, in order */
    struct ch_named_list **lists; /* borrowed from the policy */
    size_t list_count;
    uint64_t *numbers;                   /* NUMBERS: beside own.exact */
    struct ch_finding_pattern *findings; /* beside own.exact */
    struct ch_change_pattern *changes;   /* beside own.exact */
};
bool ch_value_is_empty(const struct ch_value *v); /* a list without entries */
bool ch_value_has(const struct ch_value *v, struct ch_str text);
bool ch_value_covers_text(const struct ch_value *v, const char *text); /* as ch_list_covers */
bool ch_value_covers(const struct ch_value *v, const struct ch_value *narrow);
void ch_value_done(struct ch_value *v);

/* What holds, and what does not: for everybody, or where it is overridden for a repository or an
 * environment. */
struct ch_settings {
    struct ch_value mode;
    struct ch_value lookup;
    struct ch_value cool_down_days;
    struct ch_value cool_down_ecosystems;
    struct ch_value trusted;
    struct ch_value trusted_days;
    struct ch_value fix_days;
    struct ch_value index_confirm_hours;
    struct ch_value release_yanked;
    struct ch_value require_hash;
    struct ch_value hold_weak_hash;
    struct ch_value require_external_verdict;
    struct ch_value hold_findings;
    struct ch_value sdists;
    struct ch_value build_code;
    struct ch_value build_permit;
    struct ch_value auto_load;
    struct ch_value auto_load_days;
    struct ch_value changes;
    struct ch_value names;
    struct ch_value names_days;
    struct ch_value names_anonymous_days;
    struct ch_value licence_permit;
    struct ch_value licence_forbid;
    struct ch_value licence_unknown;
    struct ch_value exception_days;
    struct ch_value exception_max_days;
    struct ch_value exception_approvers;
};

enum { CH_RULE_NAME_MAX = 48 }; /* "rule NAME" fits ch_decision.rule */

struct ch_rule {
    uint32_t line;
    uint32_t column;
    uint64_t lifted; /* allow: mask of 1 << enum ch_hold_kind */
    struct ch_value name;
    struct ch_value then;
    struct ch_value lifts;
    struct ch_value reason;
    /* conditions; one without a line is always met */
    struct ch_value projects;
    struct ch_value version;
    struct ch_value specs;
    struct ch_value repositories;
    struct ch_value environments;
    struct ch_value ecosystems;
    struct ch_value file_types;
    struct ch_value larger_than;
    struct ch_value older_than_days;
    struct ch_value younger_than_days;
    struct ch_value findings;
    struct ch_value yanked;
    struct ch_value facts[CH_FACT_COUNT];
    struct ch_value changed;
    struct ch_value likeness;
    struct ch_value has_wheel;
    struct ch_value fixes_vulnerability;
};

struct ch_override {
    char *name;
    uint32_t line;
    uint32_t column;
    struct ch_settings settings;
};

struct ch_policy {
    char *file_name;
    struct ch_sha256 digest;
    struct ch_settings settings;
    struct ch_named_list *lists;
    size_t list_count;
    struct ch_override *environments;
    size_t environment_count;
    struct ch_override *repositories;
    size_t repository_count;
    struct ch_rule *rules;
    size_t rule_count;
};

/* --- read.c: fills values from YAML by the schema --- */
struct ch_reading {
    const struct ch_yaml *yaml;
    struct ch_str bundle;
    struct ch_policy *policy; /* whose named lists may be spoken of */
    struct ch_err *err;
};
/* Reads the keys of `map` that `keys` has and that are not structural; unknown ones are errors. */
enum ch_code ch_keys_read(const struct ch_reading *r, const struct ch_yaml_node *map,
                          const struct ch_key *keys, void *base) CH_MUST_CHECK;
void ch_keys_set_defaults(const struct ch_reading *r, const struct ch_key *keys, void *base);
void ch_keys_done(const struct ch_key *keys, void *base);
/* Checks and folds one entry of a list of this kind. NULL: good, and *ret is the caller's; else
 * what is wrong with it, as words behind the entry, constant or in `room` of CH_REASON_ROOM bytes. */
const char *ch_entry_read(const struct ch_key *key, struct ch_str text, char *room, char **ret);
struct ch_value *ch_value_at(const struct ch_key *key, void *base);
const struct ch_value *ch_value_in(const struct ch_key *key, const void *base);

/* --- read_pattern.c: entries of `finding` and `changed` --- */
enum ch_code ch_finding_read(const struct ch_reading *r, const struct ch_yaml_node *node,
                             struct ch_finding_pattern *ret) CH_MUST_CHECK;
/* `text` is the caller's copy of the entry, and outlives *ret. */
enum ch_code ch_change_read(const struct ch_reading *r, const struct ch_yaml_node *node,
                            const char *text, struct ch_change_pattern *ret) CH_MUST_CHECK;

/* --- parse_lists.c --- */
enum ch_code ch_lists_read(const struct ch_reading *r,
                           const struct ch_yaml_node *node) CH_MUST_CHECK;
struct ch_named_list *ch_lists_find(const struct ch_policy *policy, struct ch_str name,
                                    enum ch_key_type kind);
/* After all that speaks of them was read: whether each pattern can be a value that it is asked for.
 */
enum ch_code ch_lists_check_asked(const struct ch_reading *r,
                                  const struct ch_yaml_node *node) CH_MUST_CHECK;
bool ch_bundle_is_whole(struct ch_str bundle);
bool ch_bundle_find(struct ch_str bundle, struct ch_str name, struct ch_str *ret_text);

/* --- parse_rule.c --- */
enum ch_code ch_rule_parse(const struct ch_reading *r, const struct ch_yaml_node *map,
                           struct ch_rule *ret) CH_MUST_CHECK;
enum ch_rule_action ch_rule_action_of(const struct ch_rule *rule);
/* Each condition's key, in the order of the schema; NULL past the end. */
bool ch_key_is_condition(const struct ch_key *key);

/* --- possible.c: values that no file has --- */
/* Whether some value of a fact is matched by this text or pattern. */
bool ch_fact_possible(enum ch_fact_code code, struct ch_str pattern);
/* Of the JSON Schema: whether it knows what may stand in such a list, and the array of alternatives. */
bool ch_schema_has_values(const struct ch_key *key);
void ch_schema_put_values(struct ch_buf *b, const struct ch_key *key);
/* The words behind an entry of which that is not so: what is expected. `facts` as in asked_for. */
void ch_fact_put_expected(struct ch_buf *b, uint32_t facts, struct ch_str text);
/* Whether a folded name or pattern can be a project's. `ecosystems`: the node that says of which,
 * or NULL. */
bool ch_project_possible(struct ch_str text, const struct ch_yaml_node *ecosystems);
#define CH_NO_PROJECTS_NAME "can be no project's name: those begin and end with a letter or digit"
bool ch_licence_possible(struct ch_str pattern);

/* What ecosystems are called (CH_KEY_ECOSYSTEMS), or their types of files (CH_KEY_FILE_TYPES), each once; NULL-terminated,
 * free() the list. `made_up`: those that trees with tests alone have, too. */
const char **ch_names_of_ecosystems(enum ch_key_type type, bool made_up);

/* --- contradict.c: rules that cannot match --- */
enum ch_code ch_rule_check(const struct ch_reading *r, const struct ch_yaml_node *map,
                           const struct ch_rule *rule) CH_MUST_CHECK;
/* True when the rule's specifier matches no version at all of this ecosystem. */
bool ch_rule_never_has_version(const struct ch_rule *rule, const struct ch_ecosystem *eco);
/* Whether the ecosystem can read the rule's specifier, if it has one; else *ret_why (may be NULL) says what it
 * expected. */
bool ch_rule_version_is_read(const struct ch_rule *rule, const struct ch_ecosystem *eco,
                             struct ch_err *ret_why);
#define CH_NO_VERSION "can never match: no version is within all of its bounds"
/* Whether files of this ecosystem can be of this type, by what the rule says of both. */
bool ch_rule_may_be_about(const struct ch_rule *rule, const struct ch_ecosystem *eco,
                          const char *file_type);

/* --- reach.c: rules that are never come to --- */
/* `places` NULL: whatever repositories there are. CH_E_USAGE with file:line:column. */
enum ch_code ch_rules_check_reached(const struct ch_policy *policy,
                                    const struct ch_policy_place *places, size_t place_count,
                                    struct ch_err *err) CH_MUST_CHECK;

/* --- settings.c --- */
/* What is in force for a repository and its environment: the policy's own settings, or `room` with
 * the overrides laid over them. Borrowed from the policy. */
const struct ch_settings *ch_settings_of(const struct ch_policy *policy, struct ch_str repository,
                                         struct ch_str environment, struct ch_settings *room);
enum ch_code ch_settings_check(const struct ch_reading *r, const struct ch_yaml_node *map,
                               const struct ch_settings *own,
                               const struct ch_settings *below) CH_MUST_CHECK;
/* How long this file has to wait, the line that says so, and why it is not the common one ("" if it
 * is). */
struct ch_cool_down {
    uint64_t days;
    uint32_t line;
    const char *why;
};
struct ch_cool_down ch_cool_down_of(const struct ch_settings *s, const struct ch_facts *facts);

/* --- licence.c --- */
/* Whether the expression can be satisfied with licences for which `list` speaks: those in it, or,
 * with `without`, all others. CH_MAYBE: it cannot be read. */
enum ch_tristate ch_licence_satisfied(struct ch_str expression, const struct ch_value *list,
                                      bool without);
/* The same for a site's two lists. */
enum ch_tristate ch_licence_permitted(struct ch_str expression, const struct ch_value *permit,
                                      const struct ch_value *forbid);
/* What inspection says of a License-Expression that cannot be read, or of statements that contradict each other;
 * NULL: there is none. Such a file states a licence, and nobody can say which: that is not "unknown". Borrows the
 * facts. */
const struct ch_finding *ch_licence_unreadable(const struct ch_facts *facts);

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
    bool contradicted; /* since_us is our own page without the file, later than what was stated */
};
struct ch_age ch_age_of(const struct ch_facts *facts, int64_t now_us);
/* Since when the project is known to exist; CH_TIME_UNKNOWN: not at all. */
int64_t ch_project_since(const struct ch_facts *facts, const struct ch_age *age);
/* a + b, at the ends of the range instead of beyond. */
int64_t ch_time_add(int64_t a_us, int64_t b_us);

/* --- match.c, match_facts.c --- */
void ch_name_fold(struct ch_buf *b, struct ch_str name); /* lower case, runs of - _ . become '-' */
bool ch_finding_pattern_match(const struct ch_finding_pattern *p, const struct ch_finding *f);
bool ch_change_pattern_match(const struct ch_change_pattern *p, const struct ch_change *c);

/* What rules are matched against: the facts, and what is made of them once per decision. */
struct ch_matched {
    const struct ch_facts *facts;
    struct ch_age age;
    int64_t now_us;
    struct ch_str project; /* folded */
    const struct ch_change *changes;
    size_t change_count;
};
/* CH_MAYBE: a condition is about something that is not known. */
enum ch_tristate ch_rule_match(const struct ch_rule *rule, const struct ch_matched *m);
enum ch_tristate ch_rule_match_facts(const struct ch_rule *rule, const struct ch_matched *m);

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
/* Text from the file, escaped and cut: a value of a fact, a name. */
void ch_reason_quote(struct ch_buf *b, struct ch_str text);

#endif
