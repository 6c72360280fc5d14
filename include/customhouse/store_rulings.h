/* The store's side of what people let pass and deny (part of store.h): rulings, which decide, and
 * exceptions, step by step, of which those that let something pass come. */
#ifndef CUSTOMHOUSE_STORE_RULINGS_H
#define CUSTOMHOUSE_STORE_RULINGS_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

struct ch_store;

/* --- rulings: what people said (approve, deny), with scope --- */
struct ch_ruling_row {
    uint64_t id; /* given by the store */
    bool deny;
    struct ch_str repository; /* absent: all */
    struct ch_str ecosystem;
    struct ch_str project;    /* normalised */
    struct ch_str version_spec; /* absent: all versions */
    struct ch_str file_name;    /* absent: all files of the version(s) */
    struct ch_sha256 sha256;    /* zero: not bound to bytes */
    struct ch_sha256 evidence;  /* digest of the findings shown when it was made */
    struct ch_sha256 policy;
    uint64_t lifts;
    const struct ch_sha256 *fingerprints;
    size_t fingerprint_count;
    struct ch_str reason;
    struct ch_str by;
    int64_t at_us;
    int64_t expires_at_us; /* CH_TIME_UNKNOWN: never */
    struct ch_str environment; /* of the exception that it came of, as it was approved; absent: of none. Read
                                * alone: ch_store_add_exception_ruling says which one that is */
    bool over; /* an approval whose end the log has, or whose exception has ended. Read alone */
};
enum ch_code ch_store_add_ruling(struct ch_store *s, const struct ch_ruling_row *row, uint64_t *ret_id,
                                 struct ch_err *err) CH_MUST_CHECK;
/* CH_E_NOT_FOUND: no such ruling; CH_E_EXISTS: ended already. */
enum ch_code ch_store_end_ruling(struct ch_store *s, uint64_t id, struct ch_str by, struct ch_str why,
                                 int64_t at_us, struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_ruling_fn(void *ctx, const struct ch_ruling_row *row);
/* All denials, and the approvals that are not ended, expired ones included, oldest first. The keeper keeps
 * them in memory; which denial has ended is what the audit log says. */
enum ch_code ch_store_rulings(struct ch_store *s, ch_store_ruling_fn *each, void *ctx,
                              struct ch_err *err) CH_MUST_CHECK;

/* --- exceptions: asked for, approved, ended, step by step; what lets a file pass is a ruling --- */
/* When an approval comes into force and ends, by the log: the entries that say so. */
struct ch_approval_logged {
    uint64_t id;
    uint64_t from, to; /* entries; UINT64_MAX: nobody has ended it */
    int64_t expires_at_us;
};
typedef void ch_store_approval_logged_fn(void *ctx, const struct ch_approval_logged *a);
/* All that there ever were, in order of their numbers. */
enum ch_code ch_store_approvals_logged(struct ch_store *s, ch_store_approval_logged_fn *each,
                                       void *ctx, struct ch_err *err) CH_MUST_CHECK;

struct ch_exception_row {
    uint64_t id; /* given by the store, counting up */
    struct ch_str repository;
    struct ch_str environment;
    struct ch_str ecosystem;
    struct ch_str project;
    struct ch_str version_spec; /* or */
    struct ch_str file_name;    /* of one file; exactly one of both is there */
    struct ch_sha256 sha256;    /* of that file: that came, or its index stated; zeros: neither */
    struct ch_str overrides;    /* rules that held it then */
    struct ch_str reason;
    struct ch_str requester; /* a principal (db/people/people.h) */
    struct ch_str address;   /* absent: the control socket */
    struct ch_str refusal;   /* absent: none */
    uint64_t renews;         /* 0: none */
    int64_t at_us;
    int64_t expires_at_us; /* the end that is wanted */
};
struct ch_exception_step_row {
    uint64_t id; /* given by the store, counting up */
    uint64_t exception;
    uint32_t event; /* enum exception_event (db/exceptions/exception.h) */
    struct ch_str by;
    bool alone;
    struct ch_str reason;
    struct ch_sha256 bytes, evidence, policy;
    int64_t at_us;
    int64_t expires_at_us; /* CH_TIME_UNKNOWN: the step sets none */
};
enum ch_code ch_store_add_exception(struct ch_store *s, const struct ch_exception_row *row,
                                    uint64_t *ret_id, struct ch_err *err) CH_MUST_CHECK;
/* CH_E_USAGE: there is no such exception. */
enum ch_code ch_store_add_exception_step(struct ch_store *s, const struct ch_exception_step_row *row,
                                         uint64_t *ret_id, struct ch_err *err) CH_MUST_CHECK;
/* The ruling is what the exception lets pass by. */
enum ch_code ch_store_add_exception_ruling(struct ch_store *s, uint64_t exception, uint64_t ruling,
                                           struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_exception_fn(void *ctx, const struct ch_exception_row *row);
/* Those that no step has closed, oldest first; past their end, too. The keeper keeps them in memory. */
enum ch_code ch_store_open_exceptions(struct ch_store *s, ch_store_exception_fn *each, void *ctx,
                                      struct ch_err *err) CH_MUST_CHECK;
/* All, newest first, at most `max`. */
enum ch_code ch_store_exceptions(struct ch_store *s, size_t max, ch_store_exception_fn *each, void *ctx,
                                 struct ch_err *err) CH_MUST_CHECK;
/* One call of `each`. CH_E_NOT_FOUND: there is none of this number. */
enum ch_code ch_store_get_exception(struct ch_store *s, uint64_t id, ch_store_exception_fn *each,
                                    void *ctx, struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_exception_step_fn(void *ctx, const struct ch_exception_step_row *row);
/* Oldest first. */
enum ch_code ch_store_exception_steps(struct ch_store *s, uint64_t exception,
                                      ch_store_exception_step_fn *each, void *ctx,
                                      struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_number_fn(void *ctx, uint64_t number);
enum ch_code ch_store_exception_rulings(struct ch_store *s, uint64_t exception,
                                        ch_store_number_fn *each, void *ctx,
                                        struct ch_err *err) CH_MUST_CHECK;

#endif
