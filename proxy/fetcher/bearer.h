/* Tokens of registries: asked for when one says 401, and kept in memory for their life. */
#ifndef CH_FETCHER_BEARER_H
#define CH_FETCHER_BEARER_H

#include <stdbool.h>

struct ch_fetch_job;
struct ch_fetch_tokens;

struct ch_fetch_tokens *ch_fetch_tokens_new(void);
void ch_fetch_tokens_free(struct ch_fetch_tokens *t); /* wipes them; accepts NULL */

/* Puts Authorization among the job's headers when a token is there for its URL, which is then on
 * the origin that asked for it. False: none is. */
bool ch_bearer_put(struct ch_fetch_job *job);

/* After an answer of 401. True: it went on from there, or ended the job. False: this is the answer.
 */
bool ch_bearer_challenged(struct ch_fetch_job *job);
void ch_bearer_drop(
    struct ch_fetch_job *job); /* what was asked for the job; also where there is none */

#endif
