/* Rows about people, held against the audit log (T4, T21, T22): a row that the log does not have so
 * gives nothing, whoever wrote it. What is taken away by hand is taken away, and named. */
#ifndef KEEPER_PEOPLE_LOGGED_H
#define KEEPER_PEOPLE_LOGGED_H

#include "db/keeper/keeper_int.h"

struct people_logged {
    size_t altered; /* rows that give nothing, or have an end that the log has not */
    size_t found;   /* rows that the log has given under their numbers */
};
/* Sets row->altered, and counts. CH_E_...: it cannot be looked up. */
enum ch_code people_check_row(struct keeper *k, struct ch_people_row *row,
                              struct people_logged *counts, struct ch_err *err) CH_MUST_CHECK;
/* Rows that the log has given, and that are not there. */
size_t people_lost(struct keeper *k, const struct people_logged *counts);
/* Whether what one of two has said is what the log has of it, and has not ended there. */
bool people_proposal_is_logged(struct keeper *k, const struct ch_proposal_row *row);
bool policy_proposal_is_logged(struct keeper *k, const struct ch_policy_proposal_row *row);

#endif
