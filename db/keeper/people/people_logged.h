/* Rows about people, held against the audit log (T4, T21, T22): a row that the log does not have so
 * gives nothing, whoever wrote it. What is taken away by hand is taken away, and named. */
#ifndef KEEPER_PEOPLE_LOGGED_H
#define KEEPER_PEOPLE_LOGGED_H

#include "db/keeper/keeper_int.h"

struct people_logged {
    size_t altered; /* rows that give nothing, or have an end that the log has not */
    size_t found;   /* rows that the log has given under their numbers, and that are not settled */
    size_t settled; /* numbers that somebody has said are lost or altered (people_settle_altered) */
    size_t erased;  /* rows that give nothing since an act erased their texts without a list */
    struct ch_map *persons; /* the caller's: whose row was there, and is not settled */
};
/* Sets row->altered, and counts; rows come in the order of their numbers. What is settled has
 * ended. What a row gives to a user counts only behind that user's: where that is lost, whoever
 * gets the name next gets nothing with it. CH_E_...: it cannot be looked up. */
enum ch_code people_check_row(struct keeper *k, struct ch_people_row *row,
                              struct people_logged *counts, struct ch_err *err) CH_MUST_CHECK;
/* Rows that the log has given, that are not there, and that nobody has settled; sets
 * counts->settled. `each` (or NULL) is called with each number of which nothing is in `there`. */
typedef void people_lost_fn(void *ctx, uint64_t id);
size_t people_lost(struct keeper *k, struct people_logged *counts);
void people_lost_each(struct keeper *k, const struct people *there, people_lost_fn *each,
                      void *ctx);
/* Whether the log has ever given anybody the right to approve. */
bool people_logged_approver(struct keeper *k);
/* Whether what one of two has said is what the log has of it, and has not ended there. */
bool people_proposal_is_logged(struct keeper *k, const struct ch_proposal_row *row);
bool policy_proposal_is_logged(struct keeper *k, const struct ch_policy_proposal_row *row);

#endif
