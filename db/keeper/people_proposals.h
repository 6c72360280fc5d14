/* Changes of who approves that need two approvers: one says it, another says the same, and then it
 * is done.
 *
 * What one has said is kept in memory alone: it gives nothing, and after a restart it has to be
 * said again. */
#ifndef KEEPER_PEOPLE_PROPOSALS_H
#define KEEPER_PEOPLE_PROPOSALS_H

#include "db/people/touch.h"
#include "keeper_int.h"

#define PEOPLE_PROPOSAL_HOURS 24

/* Whether another person has said exactly this lately, may still say it, and it comes to the same
 * as then: members, roles, uids and tokens are as they were. Else notes that `who` (a person, who
 * may) has said it. *ret_other, where it is so: "user:NAME". */
bool people_agree(struct keeper *k, const struct people_change *change, const struct principal *who,
                  char ret_other[PRINCIPAL_MAX]);
/* How many approvers have to say it: 2, unless it only takes, or the policy never asks for two, or
 * there never was another one. */
size_t people_needed(const struct keeper *k, const struct people_change *change);
void people_proposals_free(struct keeper *k);

#endif
