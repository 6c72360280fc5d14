/* DSSE: a signature over a payload together with its type. Pure.
 * Spec: secure-systems-lab/dsse, protocol.md and envelope.md, v1. */
#ifndef CUSTOMHOUSE_DSSE_H
#define CUSTOMHOUSE_DSSE_H

#include "customhouse/bytes.h"

#define CH_DSSE_IN_TOTO "application/vnd.in-toto+json"

/* Appends the pre-authentication encoding: the bytes that are signed. */
void ch_dsse_put_pae(struct ch_buf *b, struct ch_str type, struct ch_str payload);
/* Whether these bytes begin as a pre-authentication encoding does. A plain signature over such
 * bytes would be one over the statement in them: nothing from outside is signed that does. */
bool ch_dsse_is_pae(struct ch_str bytes);
/* Appends the envelope. keyid stays empty: it is a hint that some verifiers compare with an id of
 * their own making. */
void ch_dsse_put_envelope(struct ch_buf *b, struct ch_str type, struct ch_str payload,
                          struct ch_str signature);

#endif
