/* The database is not what the audit log says, which is what counts (T4): how much of it there is,
 * and who is told. */
#ifndef KEEPER_ALTERED_H
#define KEEPER_ALTERED_H

#include "db/keeper/keeper_int.h"

struct altered {
    size_t approvals;  /* that are not taken */
    size_t denials;    /* in force by the log alone */
    size_t exceptions; /* that nobody can approve */
    size_t people;     /* rows that give nothing, or are gone */
};
struct altered altered_now(const struct keeper *k);
size_t altered_count(const struct altered *a); /* 0: it is what the log says */
void altered_tell(struct keeper *k);           /* people, if there is anything */
/* All of it is read anew, since the log counts for more than it did: what waited was accepted. */
enum ch_code altered_check_again(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;

#endif
