/* What the files of rulings share: the rulings in memory. */
#ifndef KEEPER_RULINGS_INT_H
#define KEEPER_RULINGS_INT_H

#include "rulings.h"

#include "db/keeper/audit/audit_said.h"

struct kept {
    struct ch_ruling_row row; /* slices and fingerprints borrow from `memory` */
    struct ch_buf memory;
    uint64_t said_at; /* a denial's entry, plus one; 0: none */
    bool acted;       /* it has ended, and what is judged by it was judged again */
};

struct rulings {
    struct kept *items; /* in order of their numbers, but for denials that have none yet */
    size_t count, cap;
    struct ch_ruling *found; /* of the file that was asked about last */
    size_t found_cap;
    uint64_t *taken_back; /* count for nothing, whatever is loaded */
    size_t taken_back_count;
    uint64_t *distrusted; /* likewise: the audit log has none such, or says that they have ended */
    size_t distrusted_count;
    size_t restored; /* denials of which the database has no such row */
    bool whole;      /* all of the store's are there */
};

/* --- rulings_check.c --- */
/* Why an approval is not the one that the audit log has in force; NULL: it is. */
const char *ruling_differs(struct keeper *k, const struct ch_ruling_row *r);
/* Whether a denial's row counts: one that the log has is what the log says, one that it has not
 * stands by itself (it denies). *ret_at: its entry, plus one; 0: none. */
bool ruling_denies(struct keeper *k, const struct ch_ruling_row *row, uint64_t *ret_at);
/* A denial by its entry alone. Slices borrow from `memory`, which is made here, done by the caller.
 * False: it is no entry (nothing is made). */
bool ruling_from_log(const struct said_ruling *denial, struct ch_buf *memory,
                     struct ch_ruling_row *ret) CH_MUST_CHECK;

/* --- rulings_ends.c --- */
/* T7: an approval that has ended by time has ended for good, also when the clock is set back
 * (row.over). The end of a denial is a release by time: it is one only while the clock says so, and
 * by the boot clock, if that is later, while the wall clock cannot be trusted. */
bool ruling_has_ended(const struct keeper *k, const struct ch_ruling_row *r);
/* What is known of the ends of those that were loaded before (NULL: nothing was) is known of `now`.
 */
void rulings_keep_ends(const struct keeper *k, const struct rulings *was, struct rulings *now);

#endif
