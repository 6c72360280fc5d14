/* The policy of a site, and the one function that decides.
 *
 * decide() is pure: facts, policy and time in, decision out. CH_VERDICT_ALLOW is produced only in
 * policy/decide.c. The zero value of everything is HOLD. */
#ifndef CUSTOMHOUSE_POLICY_H
#define CUSTOMHOUSE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "customhouse/bytes.h"
#include "customhouse/external.h"
#include "customhouse/digest.h"
#include "customhouse/fact.h"
#include "customhouse/finding.h"
#include "customhouse/index.h"

enum ch_verdict { CH_VERDICT_HOLD = 0, CH_VERDICT_ALLOW, CH_VERDICT_DENY };
const char *ch_verdict_name(enum ch_verdict v); /* "hold" */

/* Kinds of holds; an exception or an `allow` rule lifts only those it names (T9). */
enum ch_hold_kind {
    CH_HOLD_NO_RULE = 0,   /* nothing says it may pass */
    CH_HOLD_NOT_INSPECTED, /* alone, eligible: only inspection is missing */
    CH_HOLD_FAILED,        /* inspection could not be completed */
    CH_HOLD_AGE,           /* cool-down, or age unknown */
    CH_HOLD_FINDING,
    CH_HOLD_FILE_TYPE,     /* no inspector for this type of file */
    CH_HOLD_NOT_LISTED,    /* allow-list mode, and no rule lists it */
    CH_HOLD_REMOVED,       /* gone from upstream, or quarantined there (T5) */
    CH_HOLD_SIBLING,       /* another file of this version is denied (T10) */
    CH_HOLD_CLOCK,         /* the clock jumped: no release by time (T7) */
    CH_HOLD_RULE,          /* a rule of the site */
    CH_HOLD_IDENTITY,      /* T15: no hash where one is demanded, or only a weak one */
    CH_HOLD_BUILD,         /* T10: its build runs code that the policy does not permit */
    CH_HOLD_AUTO_LOAD,     /* T17: runs without being imported by name */
    CH_HOLD_CHANGE,        /* can do more than the release approved before it */
    CH_HOLD_NAME,          /* is named much like a well-known project */
    CH_HOLD_LICENCE,       /* its licence is not permitted, or none is stated where one is asked */
    CH_HOLD_OWNER,         /* T12: its name is not one that the repository takes from upstream */
    CH_HOLD_SIZE,          /* larger than what is fetched, or can be kept, at all */
    CH_HOLD_PART,          /* another part of the same whole may not pass (an image's layer) */
    CH_HOLD_FETCH,         /* its upstream does not give it, or it may not be fetched from there */
    CH_HOLD_PLATFORM,      /* T19: an index without an image for a platform of its repository */
    CH_HOLD_EXTERNAL,      /* T8: an external scanner's word, or that there is none where one is demanded */
    CH_HOLD_COUNT
};
const char *ch_hold_kind_name(enum ch_hold_kind kind); /* "cool-down", "finding", ... */
bool ch_hold_kind_from_name(struct ch_str name, enum ch_hold_kind *ret);

/* Masks of 1 << enum ch_hold_kind (T8, T9). What an approval may lift: `of_bytes` when it is bound to
 * the sha256 of an inspected file, else (of a range of versions) only what does not depend on bytes. */
uint64_t ch_approval_liftable(bool of_bytes);
/* What stays a refusal where a repository only audits: what inspection has not seen whole, and the
 * siblings of what is denied as an attack. */
uint64_t ch_audit_refuses(void);

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

/* What a name resembles: a well-known project of which this is not the home. */
enum ch_likeness_kind {
    CH_LIKENESS_NONE = 0,
    CH_LIKENESS_DISTANCE,   /* one letter more, less or other */
    CH_LIKENESS_SWAP,       /* two neighbours changed places */
    CH_LIKENESS_SEPARATOR,  /* separators added, left out or moved */
    CH_LIKENESS_LOOK_ALIKE, /* letters and digits that look alike */
    CH_LIKENESS_COMBINED,   /* the name with a common word before or after, or its words reordered */
};
const char *ch_likeness_name(enum ch_likeness_kind kind); /* "swap" */
struct ch_likeness {
    enum ch_likeness_kind kind;
    const char *of; /* the well-known project's normalised name; static */
};
/* Pure: the shipped list of well-known projects (policy/names/). A name on the list resembles none. */
struct ch_likeness ch_likeness_of(struct ch_str project);
/* Whether any of these facts (home pages and authors in the metadata) name the home of that project:
 * its own people may well publish a similar name. */
bool ch_likeness_same_home(const struct ch_likeness *likeness, const struct ch_fact *facts,
                           size_t fact_count);

/* Whether this project (normalised) is known to run in this way: `value` is that of a fact auto-load
 * (fact.h). The shipped list, policy/auto_loaders.c. Pure (T17). */
bool ch_auto_loader_known(struct ch_str project, struct ch_str value);

/* What a release can do that the one approved before it could not, or how else it stands out. */
enum ch_change_kind {
    CH_CHANGE_NONE = 0,
    CH_CHANGE_CAPABILITY, /* a fact that counts as a capability (fact.h) and was not there */
    CH_CHANGE_SIZE,       /* several times as large */
    CH_CHANGE_MAINTAINER, /* author or maintainer fields name somebody else */
    CH_CHANGE_SILENCE,    /* the first release after a long time */
};
const char *ch_change_kind_name(enum ch_change_kind kind); /* "capability" */
struct ch_change {
    enum ch_change_kind kind;
    struct ch_fact fact; /* CAPABILITY, MAINTAINER: borrowed from the facts */
    uint64_t before;     /* SIZE: bytes; SILENCE: days */
    uint64_t after;
};
struct ch_facts;
/* Writes at most `max` changes, most telling first; returns how many there are. None when nothing was
 * approved before. */
size_t ch_changes_of(const struct ch_facts *facts, struct ch_change *ret, size_t max);

/* T12: whose a project's name is, for the repository that it is asked for in. */
enum ch_name_owner {
    CH_OWNER_UNKNOWN = 0, /* holds */
    CH_OWNER_UPSTREAM,    /* one of the repository's upstreams */
    CH_OWNER_RESERVED,    /* the repository keeps the name for itself: holds */
    CH_OWNER_LEFT,        /* an upstream that is not one of the repository's any more: holds */
    CH_OWNER_GIVEN_AWAY,  /* another upstream than the one whose file this is: holds */
};
/* What people read of it: "the name is reserved in this repository". */
const char *ch_name_owner_text(enum ch_name_owner owner);

/* What the last fetch of a file has found out, that trying again at once would not change. */
enum ch_fetch_fault {
    CH_FAULT_NONE = 0,
    CH_FAULT_MISSING, /* the index lists it, and its upstream does not have it (T5) */
    CH_FAULT_REFUSED, /* its upstream does not give it to us */
    CH_FAULT_DENIED,  /* it may not be fetched from there: host, address, redirect (T13) */
    CH_FAULT_ANSWER,  /* what was answered cannot be taken for it */
    CH_FAULT_SIZE,    /* it is of another size than the index states */
    CH_FAULT_HASH,    /* what came has another hash than the index states */
    CH_FAULT_COUNT
};

struct ch_facts {
    struct ch_str ecosystem;
    struct ch_str repository;
    struct ch_str environment; /* of the repository: "prod", "preprod" */
    struct ch_str project; /* normalised */
    enum ch_name_owner name_owner;
    struct ch_str version; /* as in the file name; absent when the name could not be split */
    struct ch_str file_name;
    struct ch_str page;   /* on pages of many projects: its name, */
    struct ch_str build;  /* what tells builds of the version apart, */
    struct ch_str record; /* and what the page says of it; else absent */
    struct ch_sha256 artifact; /* our own, over the bytes received; zero: not fetched yet */
    struct ch_str file_type; /* "wheel", "sdist", "egg", "other" */
    bool has_inspector;
    uint64_t size_bytes; /* CH_SIZE_UNKNOWN */
    bool size_at_least;  /* or more: its transfer was broken off there */
    /* of the last fetch; `fault_text` says more: who answered what */
    enum ch_fetch_fault fault;
    struct ch_str fault_text;
    /* CH_FAULT_SIZE: as its upstream gave it */
    uint64_t told_bytes;
    bool told_at_least;  /* or more */
    uint64_t max_bytes;  /* the largest file that is fetched; CH_SIZE_UNKNOWN: of any size */
    const char *max_bytes_key; /* of the configuration, that says so; static */
    bool hash_stated;    /* the index stated a sha256 */
    bool metadata_contradicted; /* T1: it states another hash of its metadata than these have */
    enum ch_hash_kind alias; /* the strongest other hash that it stated */
    /* age (T7) */
    bool upstream_trusted_for_times;
    bool upstream_never_states_times; /* nor does the page for any other file */
    int64_t uploaded_at_us;    /* as stated, CH_TIME_UNKNOWN */
    /* newest complete snapshot of the page without this file, of this hash; unknown: none. Nothing
     * that is stated makes the file older than that. */
    int64_t last_absent_at_us;
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
    int64_t bytes_confirmed_at_us; /* `artifact` was last fetched whole for this file; counts where the
                                      index states no hash (T5) */
    bool allowed; /* the newest decision on these bytes in this repository is ALLOW */
    /* since when the project is known to exist: its oldest file's time, by the rules of age (T7);
     * CH_TIME_UNKNOWN: this file's own age counts instead */
    int64_t project_since_us;
    /* inspection */
    enum ch_inspection inspection;
    int64_t inspection_ends_at_us; /* T6: its findings do no longer; CH_TIME_UNKNOWN: they do */
    struct ch_str inspection_error;
    const struct ch_finding *findings;
    size_t finding_count;
    const struct ch_fact *inspected; /* what the file is and does (fact.h) */
    size_t inspected_count;
    /* the release of this project approved last before this one, of the same file type if there is
     * one; version absent: none was */
    struct ch_str previous_version;
    const struct ch_fact *previous;
    size_t previous_count;
    uint64_t previous_size_bytes;  /* CH_SIZE_UNKNOWN */
    int64_t previous_uploaded_at_us; /* CH_TIME_UNKNOWN */
    struct ch_likeness likeness;
    bool version_has_wheel; /* T10: the version has a wheel as well */
    bool fixes_vulnerability; /* an advisory says that this version mends one */
    bool sibling_denied;
    struct ch_str sibling; /* its file name */
    /* where a version is had whole or not at all: of its other files */
    struct ch_str part;        /* one that may not pass, "layer sha256:916487bb0b34"; absent: there is none */
    bool part_denied;          /* that one */
    struct ch_str part_reason; /* why not */
    bool part_missing;         /* one has yet to be inspected, and nothing else holds it */
    struct ch_str no_platform; /* of an index that lists nothing for its repository's platforms: which, and what it has
                                  instead; absent: it does, or is no index */
    int64_t parts_end_at_us;   /* the first of them may pass until then; CH_TIME_UNKNOWN: no end by itself */
    /* external scanners: of the manifest or index of an image, by its digest */
    bool is_image; /* the file is a manifest: a verdict on it can be demanded; of an index those on its images are */
    enum ch_external external;
    struct ch_str external_text; /* FAILED: what it says of it */
    /* people */
    const struct ch_ruling *rulings;
    size_t ruling_count;
};

/* All times and sizes unknown, everything else zero: what a caller fills in. */
void ch_facts_init(struct ch_facts *facts);

#define CH_REASON_MAX 200

/* What ends a hold by age that time alone does not. */
enum ch_awaits {
    CH_AWAITS_NOTHING = 0,
    CH_AWAITS_STATED_TIME, /* the upstream's word on when it was released */
    CH_AWAITS_INDEX,       /* an answer of the upstream's index that lists it */
    CH_AWAITS_BYTES,       /* fetching its bytes again */
    CH_AWAITS_UPSTREAM,    /* the upstream, which has yanked it */
};

struct ch_decision {
    enum ch_verdict verdict;
    bool eligible;             /* HOLD, and only inspection or `refetch` is missing */
    bool refetch;              /* HOLD: the bytes that are there do not do, they are to be fetched
                                  again (T5); beside that at most inspection is missing */
    enum ch_awaits awaits;     /* HOLD that is shown, by age: what ends it */
    enum ch_hold_kind hold;    /* the first hold, when verdict is HOLD */
    uint64_t holds;            /* mask of all holds in force: 1 << kind */
    bool audited; /* ALLOW in a repository that audits only: hold, holds, rule and reason say what
                     would have held it */
    char rule[64];             /* "cool-down", "finding zip-overlap", "rule NAME", "deny by NAME" */
    char reason[CH_REASON_MAX]; /* one line of printable ASCII that completes "SUBJECT: ..." */
    uint32_t policy_line;      /* line in the policy file, 0 when none */
    int64_t until_us;          /* when time alone will change it, CH_TIME_UNKNOWN: never */
    uint64_t ruling_id;        /* the ruling that decided, 0 when none */
};

/* What differs between two decisions on the same file, from the first to the second. */
enum ch_decision_change {
    CH_DECISION_SAME = 0,  /* verdict, rule, holds and reason agree */
    CH_DECISION_RESTATED,  /* as much gets through as before, otherwise explained: held for something else, too */
    CH_DECISION_LOOSER,    /* towards allow, or a hold instead of a denial */
    CH_DECISION_STRICTER,
};
const char *ch_decision_change_name(enum ch_decision_change change); /* "looser" */
enum ch_decision_change ch_decision_compare(const struct ch_decision *before,
                                            const struct ch_decision *after);
/* "hold (cool-down) -> allow (rule own-packages, line 12)", printable ASCII. */
void ch_decision_put_change(struct ch_buf *b, const struct ch_decision *before,
                            const struct ch_decision *after);

struct ch_policy;

/* --- the text of a policy, and of the files beside it that its lists name ---
 * Everything travels and is stored as one text, the bundle: the policy's own, and behind it for each
 * file a NUL, its name, a NUL and its text. The digest covers the bundle. */

/* The names of the files that a policy's own text names, each once, and where: calls `fn` for each.
 * CH_E_USAGE as ch_policy_parse when the text cannot be read so far. */
typedef void ch_policy_file_fn(void *arg, struct ch_str name, uint32_t line, uint32_t column);
enum ch_code ch_policy_each_file(struct ch_str text, const char *file_name, ch_policy_file_fn *fn,
                                 void *arg, struct ch_err *err) CH_MUST_CHECK;
/* Appends one file to a bundle. CH_E_USAGE: it has a NUL, or its name is not a plain one. */
enum ch_code ch_policy_bundle_add(struct ch_buf *bundle, struct ch_str name, struct ch_str text,
                                  struct ch_err *err) CH_MUST_CHECK;
struct ch_str ch_policy_bundle_text(struct ch_str bundle); /* the policy's own text alone */

/* Reads a bundle (a text without files is one). Errors name file:line:column, what was found and what
 * was expected; nothing is in force before the whole text is right. */
enum ch_code ch_policy_parse(struct ch_str bundle, const char *file_name,
                             struct ch_policy **ret_policy, struct ch_err *err) CH_MUST_CHECK;
void ch_policy_free(struct ch_policy *policy);
struct ch_sha256 ch_policy_digest(const struct ch_policy *policy); /* of the bundle */
const char *ch_policy_file_name(const struct ch_policy *policy);
uint32_t ch_policy_cool_down_days(const struct ch_policy *policy); /* cool_down_days, for everybody */
/* Since when a file is public whose trusted upstream states a time for it (T7): since then, but not
 * since before the newest complete page without it, where that is more than an hour later (what an
 * index is served from lags). Unix, microseconds; last_absent_at_us: CH_TIME_UNKNOWN, there is none. */
int64_t ch_since_stated(int64_t uploaded_at_us, int64_t last_absent_at_us);
const char *ch_policy_default_text(void); /* the commented file that init writes */

/* What of the configuration a policy may speak of. */
struct ch_policy_place {
    struct ch_str repository;
    struct ch_str environment;
    struct ch_str ecosystem;
};
/* Whether every repository that the policy names is one of these, in the environment and ecosystem that
 * its rule asks for. CH_E_USAGE with file:line:column: what can never match. */
enum ch_code ch_policy_check_places(const struct ch_policy *policy,
                                    const struct ch_policy_place *places, size_t place_count,
                                    struct ch_err *err) CH_MUST_CHECK;

/* Whether some allow rule names this project for this repository, whatever else the rule asks for:
 * the names that may be sent upstream where only listed ones are (T12). */
bool ch_policy_lists_project(const struct ch_policy *policy, struct ch_str repository,
                             struct ch_str project);
/* False where the policy says `lookup: never` and no rule lists the project: its name is not even sent
 * upstream. */
bool ch_policy_may_look_up(const struct ch_policy *policy, struct ch_str repository,
                           struct ch_str environment, struct ch_str project);

/* On what terms people let something pass. Zeroed: the strictest. */
enum ch_two_approvers { CH_TWO_APPROVERS_ALWAYS = 0, CH_TWO_APPROVERS_CRITICAL, CH_TWO_APPROVERS_NEVER };
struct ch_exception_terms {
    uint32_t default_days;
    uint32_t max_days;
    enum ch_two_approvers two_approvers;
};
struct ch_exception_terms ch_policy_exception_terms(const struct ch_policy *policy,
                                                    struct ch_str repository,
                                                    struct ch_str environment);
/* Whether an exception of these holds (mask) over these findings is one of those for which `critical`
 * asks for two persons: a finding of severity high, a file that its upstream took away, or one whose
 * sibling is denied as an attack. Pure. */
bool ch_exception_is_critical(uint64_t holds, const struct ch_finding *findings, size_t count);

/* Where on its line stands what a decision under this policy names as policy_line; 0: nowhere. */
uint32_t ch_policy_column(const struct ch_policy *policy, const struct ch_decision *decision);

/* "quarantine", "allow-list" or "audit": what is in force for a repository of this environment. */
const char *ch_policy_mode_name(const struct ch_policy *policy, struct ch_str repository,
                                struct ch_str environment);

/* The effective policy as a policy text: every key with its value, and behind it the line it comes from
 * or "default". Reads as a policy of the same meaning. */
void ch_policy_describe(const struct ch_policy *policy, struct ch_buf *out);
/* JSON Schema (2020-12) of a policy's own text. */
void ch_policy_json_schema(struct ch_buf *out);

/* Whether a project name, under the common folding, is matched by a pattern: `*` does not cross a
 * hyphen, `**` does (T9). */
bool ch_glob_match(struct ch_str pattern, struct ch_str name);

/* The one place where ALLOW comes from. */
void ch_decide(const struct ch_policy *policy, const struct ch_facts *facts, int64_t now_us,
               struct ch_decision *ret);

/* Identity of a finding for exceptions: code, member and the artifact's sha256 (T9). */
struct ch_sha256 ch_finding_fingerprint(const struct ch_sha256 *artifact, const struct ch_finding *f);

#endif
