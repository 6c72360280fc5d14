/* Which approvals were in force at an entry of the log, as entries of kind "listing" say it: the
 * digest of their numbers, in their order, a line each. Who writes such an entry and who checks one
 * come to the same by this. Pure. */
#ifndef LOG_IN_FORCE_H
#define LOG_IN_FORCE_H

#include "customhouse/index.h"
#include "customhouse/store_rulings.h"

/* Nothing begins or ends from entry `from` to below `to`, nor from `from_us` to below `to_us`: it
 * is the same for each entry within both, so that few have to be made. */
struct ch_in_force {
    uint64_t from, to;
    int64_t from_us, to_us;
    struct ch_sha256 digest;
    /* while it is made */
    uint64_t entry;
    int64_t at_us;
    struct ch_buf lines;
};

/* As it is at this entry, written at this time: begin, add all approvals that there ever were in
 * order of their numbers, end. Ended in any case. */
void ch_in_force_begin(struct ch_in_force *f, uint64_t entry, int64_t at_us);
void ch_in_force_add(struct ch_in_force *f, const struct ch_approval_logged *a);
enum ch_code ch_in_force_end(struct ch_in_force *f, struct ch_err *err) CH_MUST_CHECK;
/* Whether what was made holds for that entry, too. One of zeros holds for none. */
bool ch_in_force_holds(const struct ch_in_force *f, uint64_t entry, int64_t at_us);

#endif
