/* Which policy is in force, since when, and who said so. */
#ifndef KEEPER_POLICIES_H
#define KEEPER_POLICIES_H

#include "db/people/people.h"
#include "db/keeper/keeper_int.h"
#include "policy_proposals.h"

struct policies {
    struct ch_buf bundle;        /* of what is in force */
    struct ch_buf strings;       /* what `newest` borrows from */
    struct ch_policy_row newest; /* in the store; of no digest: none is */
    struct ch_sha256 offered;    /* a person is about to put this one in the place of the other */
    char by[POLICY_BY_MAX];      /* who agreed to it, too */
    char reason[512];
    int64_t offered_at_us;
    char event[32]; /* what took it over, where nobody offered it */
    struct waiter *waiters;
    char refused[512]; /* why the last reload was refused; empty: it was not */
};

/* From keeper_open: a policy that differs from the one recorded last is recorded. A store that
 * cannot take it now does not keep the service from starting: policies_tick tries again. */
void policies_open(struct keeper *k, struct ch_str bundle);
void policies_free(struct keeper *k);
/* What was sent is in force: recorded when it is another one, in the open group of writes. */
void policies_taken(struct keeper *k, struct ch_str bundle);
/* The same, all effects included and durable: whoever waits for it is told. */
void policies_told(struct keeper *k);
void policies_refused(struct keeper *k, struct ch_str why);
/* Writes down what a lost group of writes took along. */
void policies_tick(struct keeper *k);
/* Who takes the policy of this digest for granted, and why; recorded when it comes into force soon.
 */
void policies_offer(struct keeper *k, const struct ch_sha256 *digest, struct ch_str by,
                    struct ch_str reason);
void policies_wait(struct keeper *k, struct waiter *waiter); /* for the next reload; taken over */

#endif
