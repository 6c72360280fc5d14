/* What the files of rulings share: the rulings in memory. */
#ifndef KEEPER_RULINGS_INT_H
#define KEEPER_RULINGS_INT_H

#include "rulings.h"

struct kept {
    struct ch_ruling_row row; /* slices and fingerprints borrow from `memory` */
    struct ch_buf memory;
    bool acted; /* it has ended, and what is judged by it was judged again */
};

struct rulings {
    struct kept *items; /* in order of their numbers, but for denials that have none yet */
    size_t count, cap;
    struct ch_ruling *found; /* of the file that was asked about last */
    size_t found_cap;
    uint64_t *taken_back; /* count for nothing, whatever is loaded */
    size_t taken_back_count;
    uint64_t *distrusted; /* likewise: those that the audit log does not know */
    size_t distrusted_count;
    bool whole; /* all of the store's are there */
};

/* --- rulings_ends.c --- */
/* T7: an approval that has ended by time has ended for good, also when the clock is set back
 * (row.over). The end of a denial is a release by time: it is one only while the clock says so, and
 * by the boot clock, if that is later, while the wall clock cannot be trusted. */
bool ruling_has_ended(const struct keeper *k, const struct ch_ruling_row *r);
/* What is known of the ends of those that were loaded before (NULL: nothing was) is known of `now`.
 */
void rulings_keep_ends(const struct keeper *k, const struct rulings *was, struct rulings *now);

#endif
