/* The gate against libyara: what matches must have been let through. */
#ifndef CH_TEST_RULES_GATE_CHECK_H
#define CH_TEST_RULES_GATE_CHECK_H

#include "scanner/rules/gate.h"

/* Runs every shipped rule over the bytes, whatever the gate says; NULL, or the name of a rule that
 * matches although the gate says that none can. Paths do not count. */
const char *gate_check(struct ch_str bytes);

#endif
