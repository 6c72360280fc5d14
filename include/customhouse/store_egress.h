/* The store's side of what goes out to people and other servers (part of store.h). */
#ifndef CUSTOMHOUSE_STORE_EGRESS_H
#define CUSTOMHOUSE_STORE_EGRESS_H

#include "customhouse/bytes.h"

struct ch_store;

/* What somebody is to be told, at one destination. */
struct ch_notice_row {
    uint64_t id;   /* given by the store */
    uint32_t kind; /* enum ch_destination_kind */
    struct ch_str destination;
    struct ch_str message; /* the same for each try */
    struct ch_str event;   /* "exception.requested" */
    struct ch_str body;
    int64_t at_us;
    uint32_t tries;
    int64_t due_at_us; /* of the next try */
};
/* `id` and `tries` are not looked at. Goes on into the reserve (T4): what is withdrawn is told,
 * too. */
enum ch_code ch_store_add_notice(struct ch_store *s, const struct ch_notice_row *row,
                                 struct ch_err *err) CH_MUST_CHECK;
typedef void ch_store_notice_fn(void *ctx, const struct ch_notice_row *row);
/* Of a destination, those whose time has come until then, the longest due first; at most `max`. */
enum ch_code ch_store_notices_due(struct ch_store *s, uint32_t kind, struct ch_str destination,
                                  int64_t until_us, size_t max, ch_store_notice_fn *each, void *ctx,
                                  struct ch_err *err) CH_MUST_CHECK;
/* Of a destination, those that have waited longest, due or not; at most `max`. */
enum ch_code ch_store_notices_oldest(struct ch_store *s, uint32_t kind, struct ch_str destination,
                                     size_t max, ch_store_notice_fn *each, void *ctx,
                                     struct ch_err *err) CH_MUST_CHECK;
/* Of all destinations, those of before then, oldest first; at most `max`. */
enum ch_code ch_store_notices_before(struct ch_store *s, int64_t before_us, size_t max,
                                     ch_store_notice_fn *each, void *ctx,
                                     struct ch_err *err) CH_MUST_CHECK;
/* A try has failed. CH_OK also when it is gone. */
enum ch_code ch_store_notice_failed(struct ch_store *s, uint64_t id, int64_t due_at_us,
                                    struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_drop_notice(struct ch_store *s, uint64_t id,
                                  struct ch_err *err) CH_MUST_CHECK;
/* How many wait for a destination, since when the oldest does, and when one is due: CH_TIME_UNKNOWN
 * for none. */
struct ch_notice_backlog {
    uint64_t count;
    int64_t oldest_at_us;
    int64_t due_at_us;
};
enum ch_code ch_store_notice_backlog(struct ch_store *s, uint32_t kind, struct ch_str destination,
                                     struct ch_notice_backlog *ret,
                                     struct ch_err *err) CH_MUST_CHECK;
/* Notes that people are told of this end of an exception. CH_E_EXISTS: they were. */
enum ch_code ch_store_tell_end(struct ch_store *s, uint64_t exception, int64_t expires_at_us,
                               struct ch_err *err) CH_MUST_CHECK;

/* How far a destination has the audit log: the place of the first entry that it has not; 0: it has
 * none. */
enum ch_code ch_store_forwarded(struct ch_store *s, struct ch_str destination, uint64_t *ret_next,
                                struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_store_set_forwarded(struct ch_store *s, struct ch_str destination, uint64_t next,
                                    int64_t at_us, struct ch_err *err) CH_MUST_CHECK;

#endif
