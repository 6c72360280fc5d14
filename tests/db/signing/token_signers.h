/* Keys that sign tokens of some images, in memory. */
#ifndef TOKEN_SIGNERS_H
#define TOKEN_SIGNERS_H

#include "db/signing/signer.h"

/* Ours, and another one's; ch_signer_free frees each. */
void token_signers_make(struct ch_signer *ret[2]);

#endif
