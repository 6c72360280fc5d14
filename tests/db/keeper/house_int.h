/* Inside the house. */
#ifndef TESTS_KEEPER_HOUSE_INT_H
#define TESTS_KEEPER_HOUSE_INT_H

#include "house.h"

/* house_jails.c. `which`: 0 the strict scanner, 1 the second. Closes both descriptors. */
void house_answer_scan(struct house *h, int which, const struct ch_scan_job *job, int in, int out);
/* Says which rules are in force, if any were set. */
void house_tell_rules(struct house *h);

#endif
