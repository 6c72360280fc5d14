/* Files that are asked for by what they are alone: through which page they are linked into a
 * repository (T24). */
#ifndef KEEPER_LINKS_H
#define KEEPER_LINKS_H

#include "db/keeper/keeper_int.h"

/* Of the pages of the repository that list the bytes for the project, one on which they are ALLOW;
 * else one on which they may yet be, else any of them, which says why not: whether or not they were
 * ever fetched through it. NULL: no page that is known has them. */
struct page *links_page_of(struct keeper *k, const struct ch_ask_file *ask);

#endif
