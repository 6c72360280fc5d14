/* What gateways ask about clients' tokens. Only tokens for pulling count there, and only those for
 * administration with the administrative interface: any other is answered as if it were not known
 * (T21), and what is not known, has expired or was revoked costs the same and reads the same. */
#ifndef KEEPER_TOKENS_H
#define KEEPER_TOKENS_H

#include "db/people/people.h"
#include "db/keeper/keeper_int.h"

/* CH_MSG_ASK_TOKEN */
void tokens_answer(struct keeper *k, struct ch_channel *ch, struct ch_str payload);
/* Whom a token of this digest is of, if it is for that; false: nobody. */
bool tokens_find(struct keeper *k, const struct ch_sha256 *digest, enum audience audience,
                 struct principal *ret, int64_t *ret_until_us);
/* CH_MSG_SIGN_INS of such a process: into the log, by whose the tokens were, if anybody's, and why
 * they do not count. */
void tokens_failed(struct keeper *k, enum ch_role via, struct ch_str payload);
/* Whether its principal may read that: a token for pulling is also for reading what the gateway
 * shows. */
bool tokens_may_read(struct keeper *k, const struct principal *who, enum action a);
/* The same of policies: who may for one repository. */
bool tokens_may_read_policy(struct keeper *k, const struct principal *who);

#endif
