/* What is served is inspected again when inspector or rules have changed, and what somebody asks
 * for by hand. */
#ifndef KEEPER_RESCAN_H
#define KEEPER_RESCAN_H

#include "db/keeper/keeper_int.h"

struct rescan_batch; /* what somebody asked for by hand */

void rescan_init(struct keeper *k);
void rescan_free(struct keeper *k);
/* Queues anew what is allowed on findings of a replaced key: derived from the store, so nothing of
 * it needs to be durable itself. */
void rescan_begin(struct keeper *k);
/* Takes up the next ones, at the end of this turn. */
void rescan_kick(struct keeper *k);
void rescan_tick(struct keeper *k);
/* An intake has ended: decided, or failed with `error` (else absent). */
void rescan_ended(struct keeper *k, struct page *p, struct ch_str file_name, struct ch_str error);
struct rescan_state { /* of the rescan that began last, by itself */
    size_t total, done, withdrawn, failed, running;
    size_t by_hand; /* waiting, of all batches */
    bool looking;   /* through all decisions, for what is due: there may be more */
};
struct rescan_state rescan_state(const struct keeper *k);
/* A batch of one command; it goes before what is rescanned by itself. */
struct rescan_batch *rescan_batch_new(struct keeper *k, bool json);
void rescan_batch_add(struct rescan_batch *b, struct ch_str repository, struct ch_str project,
                      struct ch_str file_name);
/* All that is known, or what is due: allowed on findings of a replaced key. */
void rescan_batch_add_all(struct rescan_batch *b, bool only_due);
bool rescan_batch_looking(
    const struct rescan_batch *b); /* for all of them: not to be started yet */
void rescan_batch_start(struct rescan_batch *b);
/* What is new since the last call, for people or as JSON objects. */
void rescan_batch_read(struct rescan_batch *b, struct ch_buf *out);
bool rescan_batch_done(const struct rescan_batch *b);
void rescan_batch_wait(struct rescan_batch *b, struct waiter *waiter); /* taken over */
size_t rescan_batch_total(const struct rescan_batch *b);
/* Files that may be had no longer, or could not be inspected. */
size_t rescan_batch_bad(const struct rescan_batch *b);
void rescan_batch_free(
    struct rescan_batch *b); /* nobody looks any more; the files are done all the same */

#endif
