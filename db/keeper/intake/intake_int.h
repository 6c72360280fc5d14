/* Between intake*.c, turns.c and stall.c. */
#ifndef KEEPER_INTAKE_INT_H
#define KEEPER_INTAKE_INT_H

#include "db/keeper/budget/budget.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/keeper_int.h"
#include "db/keeper/asks/waiters.h"

struct intake {
    struct keeper *k;
    struct page *p;
    char *file_name;
    char *url;    /* where the bytes came from, after redirects */
    uint64_t id;  /* of its row; 0: it has none (any more) */
    bool durable; /* the row is */
    uint64_t spool;
    enum ch_intake_state state;
    bool ahead;
    bool rescan;    /* known bytes are inspected again; nobody waits for it */
    uint32_t begun; /* times that its inspection was: in its row as well (INTAKE_BEGUN_MAX) */
    bool worn;      /* so often, and the service ended before the inspection did, each time */
    bool again;     /* FAILED by no fault of the bytes: taken up by itself at not_before_us */
    struct ch_timer again_at;
    uint32_t other_rules;  /* times that the jail matched other rules than those in force (T6) */
    bool running;          /* is fetched or inspected */
    bool awaits_shared;    /* FETCHED, and the same bytes are being inspected for another page
                              (shared.c) */
    struct charge *payers; /* who asked for it, as far as they had budget, until it has ended */
    size_t payer_count;
    struct charge turn; /* the accounts it runs on; zeroed: none */
    struct account *upstream;
    bool no_room;            /* in the quota, just now: not to be started yet */
    uint64_t part;           /* of the quota, that it takes on its way */
    struct account *part_of; /* whose share that is; NULL: nobody's */
    uint64_t needs_bytes;    /* at least: so much had come, or was said to, when room was short */
    uint32_t attempts;
    struct waiters waiters;
    uint64_t started_ms;
    int64_t moved_at_us; /* into its state */
    uint64_t fetch_ms;   /* since when it is fetched */
    /* while it is fetched (stall.c) */
    uint64_t fetch;          /* job */
    uint64_t come_bytes;     /* so far */
    uint64_t answered_bytes; /* in all, as the answer states; CH_SIZE_UNKNOWN: it does not */
    uint64_t window_bytes,
        window_ms; /* at the start of the time that is looked at, and how long it is */
    struct ch_timer stall;
    bool hangs, told;    /* it does not come; and who waits has been told so */
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
    uint64_t rest_ms; /* its upstream wants it to be asked for no earlier; 0: it did not say */
    uint32_t fail_status;
    bool found_out; /* it is held for what that found out (faults.h): nothing else has to keep it
                       from being tried */
    char error[400];
    struct intake *next_committed;
};

#define INTAKE_RETRY_US (15 * 1000000LL) /* what failed is tried again after so long, at least */
/* So often the inspection of a file is begun that ends each time by no fault of its bytes. */
#define INTAKE_BEGUN_MAX 5

struct intake *intake_new(struct keeper *k, struct page *p, struct ch_str file_name, bool ahead);
struct intake *intake_find(struct keeper *k, const struct page *p,
                           struct ch_str file_name); /* NULL: none */
/* Moves the row, adding it when it has none (any more). */
enum ch_code intake_store_move(struct intake *in, enum ch_intake_state state,
                               struct ch_err *err) CH_MUST_CHECK;
void intake_move(struct intake *in, enum ch_intake_state state); /* the same; failure is logged */
enum ch_code intake_ensure_row(struct intake *in, struct ch_err *err) CH_MUST_CHECK;
void intake_stop_running(struct intake *in);
void intake_detach(struct intake *in); /* from the keeper's map */
void intake_free(struct intake *in);
void intake_run(struct intake *in); /* it is its turn */
/* Ends this attempt; waiting asks are told. */
void intake_fail(struct intake *in, uint32_t status, struct ch_str text);
/* Its inspection, of bytes that are here: begun once it is durable that it is. */
void intake_scan(struct intake *in);
void intake_scan_counted(struct intake *in); /* it is durable */
/* What its inspection found is of no use any more, by no fault of the bytes: they are not nearer to
 * being held for it (INTAKE_BEGUN_MAX). One that cost a jail or the scanner stays counted. */
void intake_uncount(struct intake *in);
/* The service ends by order: what that breaks off is not counted, durably. Nothing else may be in
 * the group of writes. */
void intakes_drained(struct keeper *k);
/* jobs.c: whether a scan that is under way for `ctx` has lost a jail or its worker before. */
bool jobs_lost_any(const struct keeper *k, const void *ctx);
/* What comes next waits for the commit: see intake_committed. */
void intake_after_commit(struct intake *in);
/* Whether the index states an alias that `in->alias` says nothing about. */
bool intake_lacks_alias(const struct intake *in, enum ch_hash_kind *ret_stated);
/* Moves what failed to where it goes on from: bytes that are here are not fetched again. */
void intake_take_up(struct intake *in);
int64_t intake_pause_us(const struct intake *in); /* until what was interrupted is tried again */
void intake_again_later(struct intake *in);       /* by itself, at not_before_us */
void intake_not_again(struct intake *in);
void intake_on_again(struct ch_timer *t);
/* Both jails have answered. */
void intake_conclude(struct intake *in);
/* This is what was found; `a` is taken over. */
void intake_conclude_with(struct intake *in, struct ch_agreed *a);

/* --- turns.c --- */
/* Takes the charge over, unless its client pays for this already. */
void turn_pay(struct intake *in, struct charge *charge);
bool turn_is_paid_by(const struct intake *in, const struct account *client);
void turn_paid(struct intake *in);                 /* it has ended: nobody pays any more */
uint32_t turn_expected_s(const struct intake *in); /* until it is its turn, and it has ended */
void turn_take(struct intake *in);                 /* may be called again */
void turn_leave(struct intake *in);                /* the same */

/* --- stall.c --- */
void stall_watch(struct intake *in, uint64_t fetch); /* from its start */
void stall_end(struct intake *in);                   /* to its end; may be called again */
void stall_on_timer(struct ch_timer *t);

/* --- coming.c --- */
/* Takes room in the quota for what is about to be fetched. False: there is none; the intake waits
 * for it, or has failed. */
bool coming_begin(struct intake *in) CH_MUST_CHECK;
/* So much has come, of so much (CH_SIZE_UNKNOWN): takes more room. False: as above, and the fetch
 * has ended. */
bool coming_more(struct intake *in, uint64_t bytes, uint64_t total_bytes) CH_MUST_CHECK;
/* It does not move: what is here alone takes room. */
void coming_halt(struct intake *in);
void coming_end(struct intake *in); /* it is stored, or will not be; may be called again */
/* The most bytes that may come. */
uint64_t coming_max_bytes(const struct intake *in);

#endif
