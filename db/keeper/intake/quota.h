/* What may lie in the folders of blobs: evicts what can be fetched again. */
#ifndef KEEPER_QUOTA_H
#define KEEPER_QUOTA_H

#include "db/keeper/keeper_int.h"

/* A blob has gone out, and may be evicted: a set of files larger than the quota passes through it.
 * Should another gateway be about to open it, it finds it gone and asks again. */
void quota_sent(struct keeper *k, const struct ch_sha256 *sha256);
/* A blob goes out: it is not evicted while it may still do, and counts as used. */
void quota_touch(struct keeper *k, const struct ch_sha256 *sha256);
void quota_flush(struct keeper *k); /* writes down what was used since */
void quota_free(struct keeper *k);
/* After CH_E_FULL: whether something that is in use now will make room by itself. */
bool quota_frees_soon(struct keeper *k, enum ch_blob_place place, uint64_t more);
/* The ask (taken over; NULL: intakes alone) goes on when there may be room. */
void quota_wait(struct keeper *k, struct waiter *waiter);
void quota_changed(struct keeper *k); /* something may go now that was in use */
void quota_on_timer(struct ch_timer *t);
/* What is on its way takes its part of the quota of undecided bytes before it has come. From *part
 * to `bytes`; CH_E_FULL: there is no room, and *part stays. */
enum ch_code quota_take(struct keeper *k, uint64_t *part, uint64_t bytes,
                        struct ch_err *err) CH_MUST_CHECK;
/* *part becomes `bytes`, if that is less: it has come, has ended, or does not move. */
void quota_give(struct keeper *k, uint64_t *part, uint64_t bytes);
/* Evicts what can be fetched again until `more` bytes fit; CH_E_FULL when nothing more can go. */
enum ch_code quota_make_room(struct keeper *k, enum ch_blob_place place, uint64_t more,
                             struct ch_err *err) CH_MUST_CHECK;
/* What the open group says is lost for good: it is durable, and the bytes go; or it is not, and
 * they stay. */
void quota_committed(struct keeper *k);
void quota_rolled_back(struct keeper *k);
/* At the start: bytes go whose loss was durable when an earlier run ended, and those that it
 * published but did not store count from now on. */
enum ch_code quota_resume(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* How many last copies were lost in all, since this was counted. */
enum ch_code quota_lost(struct keeper *k, uint64_t *ret, struct ch_err *err) CH_MUST_CHECK;

#endif
