/* T6: what an inspection of the same bytes on another page says here. A layer lies on the page of
 * each image that has it, each with an inspection of its own. */
#ifndef KEEPER_SHARED_H
#define KEEPER_SHARED_H

#include "db/keeper/intake/intake_int.h"

/* An attack travels: where the inspection of the file (`found`, replaced then) is of a replaced
 * key, one that the key in force has found in these bytes anywhere takes its place; *old is false
 * then. */
enum ch_code shared_attack(struct keeper *k, const struct ch_inspection_key *key,
                           struct ch_inspection_result *found, bool *old,
                           struct ch_err *err) CH_MUST_CHECK;
/* One was found in this file: it acts on all that have it by an inspection of a replaced key. */
void shared_attack_reaches(struct keeper *k, const struct page *from, size_t file);

/* What depends on nothing but the bytes is read once. */
enum shared_result {
    SHARED_NONE,  /* it has to be inspected */
    SHARED_LATER, /* that is being done on another page: the intake was stopped, and goes on with it
                   */
    SHARED_TAKEN, /* *ret is what was found there; ch_agreed_done */
};
enum shared_result shared_take(struct intake *in, struct ch_agreed *ret);
/* The intake has ended, in whatever way: who has waited for its inspection may run. */
void shared_ended(struct intake *in);

#endif
