/* T14: what one client address, and all of them together, may cause at one upstream.
 *
 * Two kinds of cold things are charged: documents (a page that is not known, metadata of a file
 * that is not inspected) and files. Per upstream, and per client of an upstream, there are
 *
 *   - a token bucket of each kind: so many per second, after a burst;
 *   - a number that may be under way at once: documents that are being fetched, files that were
 * asked for and have not come to their end (how many of these run at once is in turns.c).
 *
 * An ask that is over one of them waits in a queue with an end, for no longer than its client does.
 * What comes free goes to the client who was given something the longest ago: no client waits
 * behind all that another wants, and no upstream behind another. */
#ifndef KEEPER_BUDGET_H
#define KEEPER_BUDGET_H

#include "customhouse/bytes.h"

struct keeper;
struct waiter;

enum budget_kind { BUDGET_DOCUMENT = 0, BUDGET_FILE };
#define BUDGET_KINDS 2

struct account { /* of an upstream, or of a client at an upstream */
    bool is_client;
    struct bucket {
        uint64_t milli_tokens;
        uint64_t at_ms;
    } bucket[BUDGET_KINDS];
    size_t under_way[BUDGET_KINDS];
    size_t waiting[BUDGET_KINDS]; /* asks in the queue */
    uint64_t granted;             /* when it was given something last; counts up over all */
    size_t running;               /* files (turns.c) */
    size_t hanging;               /* files that are fetched without a turn (stall.c) */
};

/* Something under way at somebody's expense; zeroed: at nobody's. */
struct charge {
    struct account *client;
    struct account *upstream;
    enum budget_kind kind;
};

/* Charges one thing of this kind. False: it is over budget, and *ret is zeroed. An IPv6 client is
 * its /64; `address` may be any word for what is no client. */
bool budget_take(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                 struct ch_str address, struct charge *ret) CH_MUST_CHECK;
/* Charges it, whatever the budget is: it is under way already, at nobody's expense. */
void budget_join(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                 struct ch_str address, struct charge *ret);
/* It has ended: zeroes *c. Who waits may have what it leaves, at the end of this turn. */
void budget_give(struct keeper *k, struct charge *c);
/* The ask (taken over when true) starts again from its beginning when there is budget for it; at
 * its deadline it is told that it waits for its turn. False: the queue is full. */
bool budget_wait(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                 struct ch_str address, struct waiter *w) CH_MUST_CHECK;
/* In about how many seconds it is the turn of an ask of this client that comes now. */
uint32_t budget_expected_s(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                           struct ch_str address);
struct account *budget_upstream(struct keeper *k, struct ch_str upstream);
size_t budget_waiting(const struct keeper *k); /* asks in the queue */
void budget_free(struct keeper *k);

#endif
