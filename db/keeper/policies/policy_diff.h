/* What differs between two policies, in meaning and as text. */
#ifndef KEEPER_POLICY_DIFF_H
#define KEEPER_POLICY_DIFF_H

#include "customhouse/bytes.h"

/* Both are bundles (policy.h). Fails the buffer when it is too small. */
void policy_diff_put(struct ch_buf *out, struct ch_str before, struct ch_str after, bool json);

#endif
