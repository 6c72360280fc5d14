/* Paths of which only a part is known. */
#ifndef CH_CONTENT_REACH_PATTERN_H
#define CH_CONTENT_REACH_PATTERN_H

#include "customhouse/bytes.h"

/* Whether the end of the path is as the pattern says, as far as that goes. What says nothing but an ending is only
 * of what lies beside the source, and "**" of all below that. */
bool reach_fits(struct ch_str pattern, struct ch_str path, struct ch_str own);

#endif
