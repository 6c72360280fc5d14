/* Which known pages list a digest: what is only stored is looked through by the thread for large
 * pages, over a connection of its own and a part at a time, so that neither the keeper nor such a
 * page waits for it. What lists it is loaded then, and found in memory like any other. */
#ifndef KEEPER_DIGEST_SEARCH_H
#define KEEPER_DIGEST_SEARCH_H

#include "db/keeper/keeper_int.h"

struct digest_search;

struct digest_looked {     /* pages */
    size_t known, through; /* through: all that they list is known not to be it */
    bool failed;           /* it is not known which others there are */
    size_t repositories;   /* that it was looked for in */
};

/* `on_end` is called once, not from within new; the search is freed by the caller, then or before.
 */
typedef void digest_search_fn(void *ctx);
/* Of these repositories. */
struct digest_search *digest_search_new(struct keeper *k, const struct ch_sha256 *sha256,
                                        const struct ch_str *repositories, size_t count,
                                        digest_search_fn *on_end, void *ctx);
bool digest_search_ended(const struct digest_search *s);
struct digest_looked digest_search_looked(const struct digest_search *s);
void digest_search_free(struct digest_search *s); /* accepts NULL */
void digest_searches_free(struct keeper *k);      /* at the end of the process, after its threads */

#endif
