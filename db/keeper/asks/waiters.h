/* Asks that wait for one thing, each no longer than its client's patience. */
#ifndef KEEPER_WAITERS_H
#define KEEPER_WAITERS_H

#include "customhouse/loop.h"

struct keeper;
struct page;
struct waiter;

struct waiters {
    struct waiter *list;
    struct ch_timer patience; /* of the most impatient of them */
    struct keeper *k;
    struct page *p; /* what they ask about */
};

/* The owner keeps `p` from being forgotten until waiters_done. */
void waiters_init(struct waiters *ws, struct keeper *k, struct page *p);
void waiters_done(struct waiters *ws); /* nobody is answered */
/* `w` (taken over) goes on with waiters_wake, or at its deadline; UINT64_MAX: with waiters_wake
 * alone. */
void waiters_add(struct waiters *ws, struct waiter *w);
/* Theirs no longer: whoever has the result wakes them when the owner is gone. */
struct waiters waiters_take(struct waiters *ws);
/* All of them look again, and may add themselves anew. The owner may be gone afterwards. */
void waiters_wake(struct waiters *ws);

#endif
