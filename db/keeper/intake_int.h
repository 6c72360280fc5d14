/* Between intake.c and intake_decide.c. */
#ifndef KEEPER_INTAKE_INT_H
#define KEEPER_INTAKE_INT_H

#include "keeper_int.h"

struct intake {
    struct keeper *k;
    struct page *p;
    char *file_name;
    char *url; /* where the bytes came from, after redirects */
    uint64_t id; /* of its row; 0: it has none (any more) */
    bool durable; /* the row is */
    uint64_t spool;
    enum ch_intake_state state;
    bool ahead;
    bool rescan;  /* known bytes are inspected again; nobody waits for it */
    uint32_t other_rules; /* times that the jail matched other rules than those in force (T6) */
    bool running; /* counts against RUNNING_MAX */
    bool no_room; /* in the quota, just now: not to be started yet */
    uint32_t attempts;
    struct waiter *waiters;
    struct ch_timer patience;
    uint64_t started_ms;
    int64_t asked_at_us; /* the upstream for its bytes */
    uint64_t expected_bytes;
    int blob_fd;
    struct ch_sha256 sha256;
    struct ch_alias alias; /* of the bytes, in the kind that the index states */
    uint64_t size_bytes;
    int scans_left;
    struct ch_scanned answer[2];
    struct ch_buf text[2];
    struct ch_buf stream[2];
    int64_t not_before_us;
    uint32_t fail_status;
    char error[400];
    struct intake *next_committed;
};

struct intake *intake_new(struct keeper *k, struct page *p, struct ch_str file_name, bool ahead);
struct intake *intake_find(struct keeper *k, struct page *p, struct ch_str file_name); /* NULL: none */
/* Moves the row, adding it when it has none (any more). */
void intake_move(struct intake *in, enum ch_intake_state state);
enum ch_code intake_ensure_row(struct intake *in, struct ch_err *err) CH_MUST_CHECK;
void intake_stop_running(struct intake *in);
void intake_detach(struct intake *in); /* from the keeper's map */
void intake_free(struct intake *in);
/* All waiting asks look again. The intake may be gone afterwards. */
void intake_wake(struct intake *in);
/* Ends this attempt; waiting asks are told. */
void intake_fail(struct intake *in, uint32_t status, struct ch_str text);
/* Whether the index states an alias that `in->alias` says nothing about. */
bool intake_lacks_alias(const struct intake *in, enum ch_hash_kind *ret_stated);
/* Both jails have answered. */
void intake_conclude(struct intake *in);

#endif
