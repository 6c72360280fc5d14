/* Inside the house. */
#ifndef TESTS_KEEPER_HOUSE_INT_H
#define TESTS_KEEPER_HOUSE_INT_H

#include "house.h"

/* house.c */
void house_answer_fetch(struct house *h, const struct ch_fetch *f, int fd); /* closes fd */

/* house_jails.c: fetches that are held, and what asks were told. */
bool house_keep_fetch(struct house *h, const struct ch_fetch *f, struct ch_frame *frame);
void house_cancel_held(struct house *h, struct ch_str payload);
void house_drop_held(struct house *h);
void house_tell(struct house *h, uint64_t ask, int what);

/* house_jails.c. `which`: 0 the strict scanner, 1 the second. Closes both descriptors. */
void house_answer_scan(struct house *h, int which, const struct ch_scan_job *job, int in, int out);
/* Says which rules are in force, if any were set. */
void house_tell_rules(struct house *h);

#endif
