/* Whether every client that could take a held file can take another version instead: then the held
 * one is listed as yanked, else plainly, so that a client meets the reason (issue 3). What is not
 * known for sure counts as "cannot". */
#ifndef KEEPER_STAND_IN_H
#define KEEPER_STAND_IN_H

#include "db/keeper/keeper_int.h"

struct stand_ins;

/* Of a page whose listing.rows are judged; borrows the page. stand_ins_free. */
struct stand_ins *stand_ins_new(const struct page *p);
void stand_ins_free(struct stand_ins *s); /* accepts NULL */
bool stand_ins_cover(struct stand_ins *s, size_t file);

#endif
