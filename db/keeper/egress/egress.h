/* What the keeper has egress send: bytes for a destination of the configuration, and what came of
 * it. */
#ifndef KEEPER_EGRESS_H
#define KEEPER_EGRESS_H

#include "db/keeper/keeper_int.h"

void egress_init(struct keeper *k);
void egress_done(
    struct keeper *k); /* nobody hears of what is under way; accepts that nothing was begun */
void egress_on_frame(struct keeper *k, struct ch_frame *frame);
/* The process ended: what it had in hand comes to its end with CH_E_CLOSED, and may have gone out.
 */
void egress_peer_gone(struct keeper *k);

typedef void egress_sent_fn(void *ctx, const struct ch_sent *answer);
/* Sends; job and, where it is 0, timeout_ms are set. `sent` comes once, never from within this
 * call, with slices that end with it: CH_E_NOT_FOUND, the configuration has no such destination;
 * CH_E_CLOSED, egress ended or is not there. How a kind is spoken to: proxy/egress/README.md.
 * Returns the job. */
uint64_t egress_send(struct keeper *k, struct ch_send *send, egress_sent_fn *sent, void *ctx);
/* `sent` does not come any more; the bytes may go out all the same. */
void egress_forget(struct keeper *k, uint64_t job);
/* Before the next try after so many that failed in a row: doubled each time, within limits.h. */
uint64_t egress_pause_ms(uint32_t failures);
bool egress_is_there(const struct keeper *k);

#endif
