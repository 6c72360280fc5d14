/* What external scanners say of images (T8): of a manifest by its digest, in a repository,
 * whichever name it has there. `Passed` satisfies a policy that demands it, and does no more;
 * `Failed` holds, at once and whatever else is known; either until another word on the same. */
#ifndef KEEPER_EXTERNAL_H
#define KEEPER_EXTERNAL_H

#include "db/keeper/keeper_int.h"

/* What counts now of the file, which is a manifest or an index; of any other, nothing. What cannot
 * be read counts as Failed. *ret_text: what the scanner says, FAILED alone; it lives until the next
 * call. */
enum ch_external external_of(struct keeper *k, struct page *p, size_t file,
                             struct ch_str *ret_text);
/* CH_MSG_ASK_EXTERNAL. */
void external_on_ask(struct keeper *k, struct ch_channel *ch, struct ch_str payload);

#endif
