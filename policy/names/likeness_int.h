/* The list of well-known projects (well_known.txt), embedded at build time. */
#ifndef CH_POLICY_LIKENESS_INT_H
#define CH_POLICY_LIKENESS_INT_H

#include "customhouse/policy.h"

struct ch_well_known {
    const char *name; /* normalised (PEP 503) */
    const char *home; /* as the fact "home" is written; "-": not certain */
};
extern const struct ch_well_known ch_well_known[]; /* in bytewise order of the names */
extern const size_t ch_well_known_count;

const struct ch_well_known *ch_well_known_find(struct ch_str name); /* NULL: not on the list */

/* Names that could resemble `project`: a few of the list, some of them more than once, all that
 * ch_likeness_compare says something of among them. */
typedef void ch_likeness_candidate_fn(void *arg, const struct ch_well_known *known);
void ch_likeness_candidates(struct ch_str project, ch_likeness_candidate_fn *candidate, void *arg);

/* How one name resembles a well-known one; the closest kind. */
enum ch_likeness_kind ch_likeness_compare(struct ch_str project, struct ch_str known);
/* The letter that stands for all that can be taken for each other; *at moves past what was read. */
char ch_likeness_shape(struct ch_str s, size_t *at);
/* The name without a word for Python before it and one after; the wide core is without one other
 * common word before and after it, too. */
struct ch_str ch_likeness_core(struct ch_str name);
struct ch_str ch_likeness_wide_core(struct ch_str name);

#endif
