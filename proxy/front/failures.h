/* Sign-ins that failed, counted where they come in and handed to the keeper once in a while, which
 * enters them into the audit log by the minute. All are counted; how many are told singly is
 * bounded (sign_in_rows of limits.h): beyond that first the path is left out, then the address and
 * the token. A request whose token is good costs nothing here.
 *
 * Never kept is what was presented: of a token its digest, of other credentials nothing, and a
 * token of ours that stands in a path is "chp_..." there. */
#ifndef CH_FRONT_FAILURES_H
#define CH_FRONT_FAILURES_H

#include "customhouse/channel.h"
#include "customhouse/loop.h"
#include "customhouse/message.h"
#include "customhouse/siphash.h"

struct front_failure;

struct front_failures {
    struct ch_loop *loop;
    struct ch_channel **keeper; /* the owner's; *keeper NULL: none at the moment */
    struct ch_timer timer;      /* while something is counted */
    struct ch_sip_key key;
    struct front_failure *rows;
    size_t count;
};

void front_failures_init(struct front_failures *f, struct ch_loop *loop,
                         struct ch_channel **keeper);
void front_failures_done(struct front_failures *f); /* what was not handed over is lost */

/* One more. `digest`: of the token, NULL where there is none. `path`: as it was asked for, without
 * query. */
void front_failures_add(struct front_failures *f, enum ch_sign_in_fault fault,
                        const struct ch_sha256 *digest, struct ch_str peer, struct ch_str path);
/* Now, not at the end of sign_in_hand_over_ms: the process ends. What the channel does not take is
 * kept. */
void front_failures_hand_over(struct front_failures *f);

#endif
