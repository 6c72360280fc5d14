/* The store's side of persons and of what they may do (part of store.h).
 *
 * Each row is a fact that is never changed; it ends with a fact of its own, and ended rows stay.
 * Names are not given twice, not even after their end. */
#ifndef CUSTOMHOUSE_STORE_PEOPLE_H
#define CUSTOMHOUSE_STORE_PEOPLE_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

struct ch_store;

enum ch_people_kind {
    CH_PEOPLE_PERSON = 1, /* person, service, full_name */
    CH_PEOPLE_UID,        /* person, uid */
    CH_PEOPLE_MEMBER,     /* group, person */
    CH_PEOPLE_GRANT,      /* group, role, repository, environment */
    CH_PEOPLE_TOKEN,      /* person, audience, label, sha256, expires_at_us */
};
struct ch_people_row {
    uint64_t id; /* one sequence for all kinds; ch_store_add_people does not look at it */
    enum ch_people_kind kind;
    struct ch_str person; /* its name */
    bool service;
    struct ch_str full_name;
    uint32_t uid;
    struct ch_str group;
    struct ch_str role;
    struct ch_str repository;  /* absent: all */
    struct ch_str environment; /* absent: both */
    struct ch_str audience;
    struct ch_str label;
    struct ch_sha256 sha256; /* of the token */
    int64_t expires_at_us;
    struct ch_str by;
    int64_t at_us;
    int64_t ended_at_us; /* CH_TIME_UNKNOWN: it stands */
    struct ch_str ended_by;
    struct ch_str ended_why;
    const char *altered; /* not the store's: why it gives nothing (the keeper's people_logged.c) */
};
/* CH_E_EXISTS: the name or the token was given before. CH_E_FULL: see store.h. */
enum ch_code ch_store_add_people(struct ch_store *s, const struct ch_people_row *row,
                                 uint64_t *ret_id, struct ch_err *err) CH_MUST_CHECK;
/* CH_E_NOT_FOUND: there is none; CH_E_EXISTS: ended already. */
enum ch_code ch_store_end_people(struct ch_store *s, uint64_t id, struct ch_str by,
                                 struct ch_str why, int64_t at_us,
                                 struct ch_err *err) CH_MUST_CHECK;
/* All there ever were, in the order they came. */
typedef void ch_store_people_fn(void *ctx, const struct ch_people_row *row);
enum ch_code ch_store_people(struct ch_store *s, ch_store_people_fn *each, void *ctx,
                             struct ch_err *err) CH_MUST_CHECK;

/* What one person has said that two have to say: a fact, too, that ends with one of its own. */
struct ch_proposal_row {
    uint64_t id; /* ch_store_add_proposal does not look at it */
    struct ch_sha256 what;
    struct ch_str change; /* for people */
    struct ch_str by;
    int64_t at_us;
};
enum ch_code ch_store_add_proposal(struct ch_store *s, const struct ch_proposal_row *row,
                                   uint64_t *ret_id, struct ch_err *err) CH_MUST_CHECK;
/* `how`: "done", "said again", "too old", "too many". CH_E_EXISTS: it has ended already. */
enum ch_code ch_store_end_proposal(struct ch_store *s, uint64_t id, struct ch_str how,
                                   struct ch_str by, int64_t at_us,
                                   struct ch_err *err) CH_MUST_CHECK;
/* Those that stand, in the order they came. */
typedef void ch_store_proposal_fn(void *ctx, const struct ch_proposal_row *row);
enum ch_code ch_store_proposals(struct ch_store *s, ch_store_proposal_fn *each, void *ctx,
                                struct ch_err *err) CH_MUST_CHECK;

/* A policy that a person who may change it agrees to, in the place of `base`; the text as
 * ch_store_add_policy has it. */
struct ch_policy_proposal_row {
    uint64_t id; /* ch_store_add_policy_proposal does not look at it */
    struct ch_sha256 policy;
    struct ch_sha256 base;
    struct ch_str by;
    struct ch_str reason;
    int64_t at_us;
};
enum ch_code ch_store_add_policy_proposal(struct ch_store *s,
                                          const struct ch_policy_proposal_row *row,
                                          struct ch_str bundle, uint64_t *ret_id,
                                          struct ch_err *err) CH_MUST_CHECK;
/* `how`: "set", "withdrawn", "said again", "too old", "overtaken". */
enum ch_code ch_store_end_policy_proposal(struct ch_store *s, uint64_t id, struct ch_str how,
                                          struct ch_str by, int64_t at_us,
                                          struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_policy_proposal_fn(void *ctx, const struct ch_policy_proposal_row *row);
/* Those that have not ended, the oldest first. `each` must not use the store. */
enum ch_code ch_store_policy_proposals(struct ch_store *s, ch_store_policy_proposal_fn *each,
                                       void *ctx, struct ch_err *err) CH_MUST_CHECK;

/* Failed sign-ins are counted by the minute, and become one entry each when the minute is over. */
struct ch_sign_in_row {
    int64_t minute;          /* since 1970 */
    struct ch_str principal; /* whose token it was; absent: nobody's that is known */
    struct ch_str address;   /* absent: many */
    struct ch_str via;       /* "gateway", "admin" */
    struct ch_str path;      /* absent: many */
    struct ch_str why;       /* "unknown", "expired", ... */
    uint64_t times;
};
/* So many times more. Where its minute has no such row yet, one is added, but not beyond `rows` of
 * that minute and `rows_of_one` of the same principal and address: then it is CH_E_LIMIT, and
 * nothing was counted. */
enum ch_code ch_store_count_sign_ins(struct ch_store *s, const struct ch_sign_in_row *row,
                                     uint64_t rows, uint64_t rows_of_one,
                                     struct ch_err *err) CH_MUST_CHECK;
typedef enum ch_code ch_store_sign_in_fn(void *ctx, const struct ch_sign_in_row *row,
                                         struct ch_err *err);
/* A failure of `each` ends it. */
enum ch_code ch_store_sign_ins_before(struct ch_store *s, int64_t minute, ch_store_sign_in_fn *each,
                                      void *ctx, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_drop_sign_ins_before(struct ch_store *s, int64_t minute,
                                           struct ch_err *err) CH_MUST_CHECK;

/* Refused commands are counted in the same way. */
struct ch_command_refusal_row {
    int64_t minute; /* since 1970 */
    struct ch_str principal;
    struct ch_str via; /* "socket", "admin" */
    struct ch_str command;
    struct ch_str what; /* absent, with why: many */
    struct ch_str why;
    uint64_t times;
};
/* One more; `times` does not count. The bounds are those of ch_store_count_sign_ins. */
enum ch_code ch_store_count_command_refusal(struct ch_store *s,
                                            const struct ch_command_refusal_row *row, uint64_t rows,
                                            uint64_t rows_of_one, struct ch_err *err) CH_MUST_CHECK;
typedef enum ch_code ch_store_command_refusal_fn(void *ctx,
                                                 const struct ch_command_refusal_row *row,
                                                 struct ch_err *err);
/* A failure of `each` ends it. */
enum ch_code ch_store_command_refusals_before(struct ch_store *s, int64_t minute,
                                              ch_store_command_refusal_fn *each, void *ctx,
                                              struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_drop_command_refusals_before(struct ch_store *s, int64_t minute,
                                                   struct ch_err *err) CH_MUST_CHECK;

#endif
