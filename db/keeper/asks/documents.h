/* What is published under /-/ beside files: public keys, attestations by digest, evidence,
 * withdrawals. */
#ifndef KEEPER_DOCUMENTS_H
#define KEEPER_DOCUMENTS_H

#include "db/keeper/keeper_int.h"

/* Answers CH_MSG_ASK_DOCUMENT. An approval goes out only while its file is ALLOW, by the same
 * judgement as the file itself. */
void documents_answer(struct keeper *k, struct ch_channel *ch, struct ch_str payload);
void documents_free(struct keeper *k);

#endif
