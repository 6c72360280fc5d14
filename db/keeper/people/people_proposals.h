/* Changes of who approves that need two approvers: one says it, another says the same, and then it
 * is done.
 *
 * What one has said is half of a step towards ALLOW: it is durable, with its entry of the audit
 * log, before it counts, and ends, with another, together with what came of it.
 * keeper.people_proposals is what the store has of those that stand. */
#ifndef KEEPER_PEOPLE_PROPOSALS_H
#define KEEPER_PEOPLE_PROPOSALS_H

#include "db/people/touch.h"
#include "db/keeper/keeper_int.h"

#define PEOPLE_PROPOSAL_HOURS 24

enum ch_code people_proposals_open(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;

struct people_agreed {
    uint64_t id;               /* 0: none */
    char other[PRINCIPAL_MAX]; /* who has said it: "user:NAME" */
};
/* CH_OK: another person has said exactly this lately, may still say it, and it comes to the same as
 * then: members, roles, uids and tokens are as they were. CH_E_NOT_FOUND: nobody has, and it is
 * noted that `who` (a person, who may) has said it now. Else it could not be noted. */
enum ch_code people_agree(struct keeper *k, const struct people_change *change,
                          const struct principal *who, struct people_agreed *ret,
                          struct ch_err *err) CH_MUST_CHECK;
/* Nobody's word counts twice: `by` has said the same, and it is done, in the same step of the
 * group.
 */
enum ch_code people_agreed_end(struct keeper *k, uint64_t id, struct ch_str by,
                               struct ch_err *err) CH_MUST_CHECK;
void people_agreed_forget(struct keeper *k, uint64_t id); /* once that is durable */
/* Ends those that are too old. */
void people_proposals_tick(struct keeper *k);
/* How many approvers have to say it: 2, unless it only takes, or the policy never asks for two, or
 * there never was another one. */
size_t people_needed(const struct keeper *k, const struct people_change *change);
void people_proposals_free(struct keeper *k);

#endif
