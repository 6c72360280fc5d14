/* Upstreams that are down (hanging.c). */
#ifndef KEEPER_HANGING_H
#define KEEPER_HANGING_H

#include "db/keeper/keeper_int.h"

/* A page that is not known is asked for. */
void upstream_asked(struct keeper *k, const struct ch_upstream *u);
/* Patience with such a page has ended. */
void upstream_hung(struct keeper *k, const struct ch_upstream *u);
/* Patience with a page that came before has ended. */
void upstream_suspected(struct keeper *k, const struct ch_upstream *u);
/* This came of a page. `page_url`, unless absent: where the answer is this page. */
void upstream_heard(struct keeper *k, const struct ch_upstream *u, const struct ch_fetched *answer,
                    struct ch_str page_url);
/* It answered with this page in an earlier run. */
void upstream_knew(struct keeper *k, const struct ch_upstream *u, struct ch_str page_url);
/* Whether nothing comes of it, not even pages that it answered with before: then nobody waits for
 * it, and probes find out when it is back. `url`, unless absent: of a page that is not known, and
 * wanted. */
bool upstream_is_down(struct keeper *k, const struct ch_upstream *u, struct ch_str url);
/* For how long it wants to be asked nothing, as it has said. 0: it has not, or the URL is another
 * server's. */
uint64_t upstream_rests_ms(const struct keeper *k, const struct ch_upstream *u, struct ch_str url);
/* What to tell of one that is down: a status, a sentence, and in how many seconds to ask again. 503
 * where clients do that by themselves; else 504, which no client tries again, and its reason is
 * shown. */
uint32_t upstream_down_text(struct keeper *k, const struct ch_upstream *u, char *text, size_t size,
                            uint32_t *ret_retry_after_s);
/* For how long this answer asks for no other: its Retry-After, within bounds. 0: it does not. */
uint64_t upstream_rest_ms(const struct ch_fetched *answer);
/* The status that tells of it: 503 of what clients wait for by themselves, else 502. */
uint32_t upstream_later_status(uint64_t rest_ms);
/* A refresh that nobody waits for any more wants to go on: false: there are enough of those. */
bool upstream_may_dawdle(struct keeper *k, const struct ch_upstream *u);
void upstream_dawdled(struct keeper *k, struct ch_str upstream); /* it has ended */
/* The configuration has replaced `old`: one that is on another server now is not known yet. */
void upstreams_configured(struct keeper *k, const struct ch_config *old);
void hanging_free(struct keeper *k);

#endif
