/* What persons who may change the policy agree to. Who has the files of the installation may put
 * just these bytes in force, in the place of those that were in force when it was said.
 *
 * An agreement is half of a step towards ALLOW: it is durable, with its entry of the audit log,
 * before it counts. It ends when a policy comes into force, when it is taken back or said again,
 * and after POLICY_PROPOSAL_DAYS. */
#ifndef KEEPER_POLICY_PROPOSALS_H
#define KEEPER_POLICY_PROPOSALS_H

#include "customhouse/store_people.h"
#include "db/people/people.h"
#include "db/keeper/keeper_int.h"

#define POLICY_PROPOSAL_DAYS 7
#define POLICY_PROPOSALS_MAX                                                                       \
    64 /* one of each person who may change the policy: more are not looked at */
/* Bytes of "user:NAME, user:NAME", of as many and one who acts on it, with its end: who agreed is
 * written down, so nobody is cut off. */
#define POLICY_BY_MAX ((POLICY_PROPOSALS_MAX + 1) * (PRINCIPAL_MAX + sizeof(", ")))

/* `by` ("user:NAME") agrees to the policy of this digest; what the same person has agreed to before
 * is over. CH_E_EXISTS: it is in force already. */
enum ch_code policy_propose(struct keeper *k, const struct ch_sha256 *digest, struct ch_str bundle,
                            struct ch_str by, struct ch_str reason, uint64_t *ret_id,
                            struct ch_err *err) CH_MUST_CHECK;
enum ch_code policy_proposal_withdraw(struct keeper *k, uint64_t id, struct ch_str by,
                                      struct ch_err *err) CH_MUST_CHECK;
/* Those that count: in the place of what is in force, not too old, of persons who may still change
 * the policy. */
enum ch_code policy_proposals_each(struct keeper *k, ch_store_policy_proposal_fn *each, void *ctx,
                                   struct ch_err *err) CH_MUST_CHECK;
size_t policy_proposals_count(struct keeper *k);

/* Who has agreed to a policy. */
struct policy_consent {
    size_t persons;         /* `who` among them, when it is one who may change the policy */
    size_t needed;          /* 2 where the policy in force wants two for each exception; else 1 */
    char by[POLICY_BY_MAX]; /* "user:NAME, user:NAME", but for `who` */
    char reason[512];       /* of the first of these */
};
struct policy_consent policy_consent(struct keeper *k, const struct ch_sha256 *digest,
                                     const struct principal *who);
/* Ends those that are over. */
void policy_proposals_tick(struct keeper *k);

#endif
