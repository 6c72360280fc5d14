/* T14: what one client, and all of them together, may cause at one upstream.
 *
 * A client is the principal that a token names; of who has none, the address.
 *
 * Three kinds of cold things are charged: pages that are not known, metadata of files that are not
 * inspected, and files. None takes the turns of another. Per upstream, and per client of an
 * upstream, there are
 *
 *   - a token bucket of each kind: so many per second, after a burst;
 *   - a number that may be under way at once: documents that are being fetched, files that were
 *     asked for and have not come to their end (how many of these run at once is in turns.c).
 *
 * An ask that is over one of them waits in a queue with an end, for no longer than its client does.
 * What comes free goes to the client who was given something the longest ago: no client waits
 * behind all that another wants, and no upstream behind another. What somebody else begins
 * meanwhile costs who waits for it nothing. */
#ifndef KEEPER_BUDGET_H
#define KEEPER_BUDGET_H

#include "customhouse/bytes.h"

struct ch_client;
struct keeper;
struct waiter;

enum budget_kind { BUDGET_PAGE = 0, BUDGET_METADATA, BUDGET_FILE };
#define BUDGET_KINDS 3

struct account { /* of an upstream, or of a client at an upstream */
    bool is_client;
    struct bucket {
        uint64_t milli_tokens;
        uint64_t at_ms;
    } bucket[BUDGET_KINDS];
    size_t under_way[BUDGET_KINDS];
    size_t waiting[BUDGET_KINDS];   /* asks in the queue */
    uint64_t took_ms[BUDGET_KINDS]; /* of an upstream: what was under way, about; the last ones
                                       count most */
    uint64_t ran_ms;                /* of an upstream: files, from their turn to their end */
    uint64_t granted;               /* when it was given something last; counts up over all */
    size_t running;                 /* files (turns.c) */
    size_t hanging;                 /* files that are fetched without a turn (stall.c) */
    uint64_t coming_bytes;          /* of files on their way (coming.c) */
};

/* Something under way at somebody's expense; zeroed: at nobody's. */
struct charge {
    struct account *client;
    struct account *upstream; /* NULL: it was charged to somebody else already */
    enum budget_kind kind;
    uint64_t since_ms;
};

/* Charges one thing of this kind. False: it is over budget, and *ret is zeroed. An IPv6 client is
 * its /64; its address may be any word for what is no client. */
bool budget_take(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                 const struct ch_client *client, struct charge *ret) CH_MUST_CHECK;
/* Charges it, whatever the budget is: it is under way already, at nobody's expense. */
void budget_join(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                 const struct ch_client *client, struct charge *ret);
/* Charges the client alone: it is under way at somebody else's expense, too. False: over its
 * budget, and *ret is zeroed. */
bool budget_share(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                  const struct ch_client *client, struct charge *ret) CH_MUST_CHECK;
/* It has ended: zeroes *c. Who waits may have what it leaves, at the end of this turn. */
void budget_give(struct keeper *k, struct charge *c);

/* What an ask is about, for budget_moved: of a page "repository", "project" and no file. Two things
 * may have the same number: then an ask looks once too often. */
uint64_t budget_about(enum budget_kind kind, struct ch_str where, struct ch_str project,
                      struct ch_str file_name);
/* The ask (taken over when true) starts again from its beginning when there is budget for it; at
 * its turn_ms it is told that it waits for its turn. False: the queue is full. */
bool budget_wait(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                 const struct ch_client *client, uint64_t about, struct waiter *w) CH_MUST_CHECK;
/* Somebody else has begun what these asks are about: they start again, at the end of this turn. */
void budget_moved(struct keeper *k, uint64_t about);
/* In how many seconds it is the turn of an ask of this client that comes now, if nothing else is
 * asked for: what waits for tokens is exact, and may come sooner by what others leave; what waits
 * for something to end goes by how long the last ones took. 1 to BUDGET_EXPECTED_MAX_S. */
uint32_t budget_expected_s(struct keeper *k, enum budget_kind kind, struct ch_str upstream,
                           const struct ch_client *client);
#define BUDGET_EXPECTED_MAX_S 3600
/* Takes one more into a running mean of times, unless it took none; the first is taken as it is. */
void budget_mean(uint64_t *mean_ms, uint64_t ms);
struct account *budget_upstream(struct keeper *k, struct ch_str upstream);
/* The client's account at this upstream. */
struct account *budget_client(struct keeper *k, struct ch_str upstream,
                              const struct ch_client *client);
size_t budget_waiting(const struct keeper *k); /* asks in the queue */
void budget_free(struct keeper *k);

#endif
