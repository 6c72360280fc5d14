/* How large a file may be that is fetched, and what a fetch found out about files of unstated size.
 */
#ifndef KEEPER_SIZES_H
#define KEEPER_SIZES_H

#include "db/keeper/keeper_int.h"

/* The largest file that is fetched, in bytes: the smallest of what the configuration says of one
 * file and of the two quotas, which a larger one would never fit into. *ret_key (static): which of
 * them it is. */
uint64_t sizes_max(const struct ch_config *config, const char **ret_key);
/* The size of the bytes that were inspected, whatever the index states; CH_SIZE_UNKNOWN: none were.
 */
uint64_t sizes_received(struct keeper *k, struct page *p, size_t file);
/* Whether that is another than the index states now: it was not compared when they came, since the
 * index stated none, or another. Derived each time, so that it acts and ends with the index. */
bool sizes_differ(struct keeper *k, struct page *p, size_t file);
/* What the store has of this page's files, once its facts are there. */
enum ch_code sizes_load(struct keeper *k, struct page *p, struct ch_err *err) CH_MUST_CHECK;
/* A fetch was broken off, since the file is too large: every page that lists it holds it from now
 * on. */
void sizes_told(struct keeper *k, const struct page *p, struct ch_str file_name,
                const struct ch_fetched *answer);
/* Whether such a fetch's word is all that is known of its size: one answer must not hold an honest
 * file for good, so whoever has it inspected again has it fetched again. */
bool sizes_only_told(const struct page *p, size_t file);
/* Of a file that is larger than what is fetched: why it is not fetched, and (one line) what would
 * change that. */
void sizes_refusal(struct keeper *k, struct page *p, size_t file, char *text, size_t size);
void sizes_put_change(struct keeper *k, const struct page *p, size_t file, struct ch_buf *out);

#endif
