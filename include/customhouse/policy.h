/* The policy of a site, and the one function that decides.
 *
 * decide() is pure: facts, policy and time in, decision out. CH_VERDICT_ALLOW is produced only in
 * policy/decide.c. The zero value of everything is HOLD. */
#ifndef CUSTOMHOUSE_POLICY_H
#define CUSTOMHOUSE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "customhouse/bytes.h"
#include "customhouse/digest.h"
#include "customhouse/finding.h"
#include "customhouse/index.h"

enum ch_verdict { CH_VERDICT_HOLD = 0, CH_VERDICT_ALLOW, CH_VERDICT_DENY };
const char *ch_verdict_name(enum ch_verdict v); /* "hold" */

/* Kinds of holds; an exception or an `allow` rule lifts only those it names (T9). */
enum ch_hold_kind {
    CH_HOLD_NO_RULE = 0,   /* nothing says it may pass */
    CH_HOLD_NOT_INSPECTED, /* eligible: only inspection is missing */
    CH_HOLD_FAILED,        /* inspection could not be completed */
    CH_HOLD_AGE,           /* cool-down, or age unknown */
    CH_HOLD_FINDING,
    CH_HOLD_FILE_TYPE,     /* no inspector for this type of file */
    CH_HOLD_NOT_LISTED,    /* allow-list mode, and no rule lists it */
    CH_HOLD_REMOVED,       /* gone from upstream, or quarantined there (T5) */
    CH_HOLD_SIBLING,       /* another file of this version is denied (T10) */
    CH_HOLD_CLOCK,         /* the clock jumped: no release by time (T7) */
    CH_HOLD_RULE,          /* a rule of the site */
    CH_HOLD_IDENTITY,      /* T15: no hash where one is demanded */
    CH_HOLD_COUNT
};
const char *ch_hold_kind_name(enum ch_hold_kind kind); /* "cool-down", "finding", ... */
bool ch_hold_kind_from_name(struct ch_str name, enum ch_hold_kind *ret);

enum ch_inspection { CH_INSPECTION_NONE = 0, CH_INSPECTION_COMPLETE, CH_INSPECTION_FAILED };

/* A person's standing word on something: approve lifts holds, deny is evidence (T8, T9). */
struct ch_ruling {
    bool deny;
    uint64_t lifts; /* approve: mask of 1 << enum ch_hold_kind */
    struct ch_str reason;
    struct ch_str by;
    int64_t at_us;
    int64_t expires_at_us; /* CH_TIME_UNKNOWN: never (deny only) */
    /* approve of findings: fingerprints of the findings it covers (ch_finding_fingerprint) */
    const struct ch_sha256 *fingerprints;
    size_t fingerprint_count;
    uint64_t id;
};

struct ch_facts {
    struct ch_str ecosystem;
    struct ch_str repository;
    struct ch_str project; /* normalised */
    struct ch_str version; /* as in the file name; absent when the name could not be split */
    struct ch_str file_name;
    struct ch_sha256 artifact; /* our own, over the bytes received; zero: not fetched yet */
    struct ch_str file_type; /* "wheel", "sdist", "egg", "other" */
    bool has_inspector;
    uint64_t size_bytes; /* CH_SIZE_UNKNOWN */
    bool hash_stated;    /* the index stated a sha256 */
    /* age (T7) */
    bool upstream_trusted_for_times;
    bool upstream_never_states_times;
    int64_t uploaded_at_us;    /* as stated, CH_TIME_UNKNOWN */
    int64_t last_absent_at_us; /* newest complete snapshot of the page without this file; unknown: none */
    /* first snapshot with it, under this hash. The file appeared between last_absent and this: age
     * counts from the later end, or a page that nobody loaded for a week would release at once. */
    int64_t first_seen_at_us;
    bool baseline;             /* the page's first complete load contained it */
    bool clock_jumped;
    /* upstream's word */
    bool upstream_yanked;
    struct ch_str upstream_yanked_reason;
    int64_t removed_at_us;       /* CH_TIME_UNKNOWN: still listed */
    bool upstream_quarantined;
    int64_t index_confirmed_at_us; /* last successful fetch that lists the same hash (T5) */
    /* inspection */
    enum ch_inspection inspection;
    struct ch_str inspection_error;
    const struct ch_finding *findings;
    size_t finding_count;
    bool sibling_denied;
    struct ch_str sibling; /* its file name */
    /* people */
    const struct ch_ruling *rulings;
    size_t ruling_count;
};

/* All times and sizes unknown, everything else zero: what a caller fills in. */
void ch_facts_init(struct ch_facts *facts);

#define CH_REASON_MAX 200

struct ch_decision {
    enum ch_verdict verdict;
    bool eligible;             /* HOLD, and only inspection is missing */
    enum ch_hold_kind hold;    /* the first hold, when verdict is HOLD */
    uint64_t holds;            /* mask of all holds in force: 1 << kind */
    char rule[64];             /* "cool-down", "finding zip-overlap", "rule NAME", "deny by NAME" */
    char reason[CH_REASON_MAX]; /* one line of printable ASCII that completes "SUBJECT: ..." */
    uint32_t policy_line;      /* line in the policy file, 0 when none */
    int64_t until_us;          /* when time alone will change it, CH_TIME_UNKNOWN: never */
    uint64_t ruling_id;        /* the ruling that decided, 0 when none */
};

struct ch_policy;

/* Reads a policy text (YAML). Errors name file:line:column, what was found and what was expected;
 * nothing is in force before the whole text is right. */
enum ch_code ch_policy_parse(struct ch_str text, const char *file_name, struct ch_policy **ret_policy,
                             struct ch_err *err) CH_MUST_CHECK;
void ch_policy_free(struct ch_policy *policy);
struct ch_sha256 ch_policy_digest(const struct ch_policy *policy); /* of the text */
const char *ch_policy_file_name(const struct ch_policy *policy);
uint32_t ch_policy_cool_down_days(const struct ch_policy *policy);
const char *ch_policy_default_text(void); /* the commented file that init writes */
/* Whether some allow rule names this project for this repository, whatever else the rule asks for:
 * the names that may be sent upstream where only listed ones are (T12). */
bool ch_policy_lists_project(const struct ch_policy *policy, struct ch_str repository,
                             struct ch_str project);

/* Whether a project name, under the common folding, is matched by a pattern: `*` does not cross a
 * hyphen, `**` does (T9). */
bool ch_glob_match(struct ch_str pattern, struct ch_str name);

/* The one place where ALLOW comes from. */
void ch_decide(const struct ch_policy *policy, const struct ch_facts *facts, int64_t now_us,
               struct ch_decision *ret);

/* Identity of a finding for exceptions: code, member and the artifact's sha256 (T9). */
struct ch_sha256 ch_finding_fingerprint(const struct ch_sha256 *artifact, const struct ch_finding *f);

#endif
