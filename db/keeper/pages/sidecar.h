/* Metadata of a file before the file is inspected (T1): sidecar.c, sidecar_shown.c. */
#ifndef KEEPER_SIDECAR_H
#define KEEPER_SIDECAR_H

#include "db/keeper/keeper_int.h"

enum sidecar_state {
    SIDECAR_FAILED = 0, /* only the file itself can tell (start its intake) */
    SIDECAR_READY,
    SIDECAR_WAITING,     /* under way: sidecar_wait */
    SIDECAR_OVER_BUDGET, /* this client makes us fetch too much just now (T14) */
    SIDECAR_HANGS,       /* the upstream has taken the question, and does not answer */
};
/* The checked metadata of an eligible or allowed file. READY fills sha256 and size (served/ has
 * it). */
enum sidecar_state sidecar_get(struct keeper *k, struct page *p, size_t file,
                               const struct ch_client *client, struct ch_sha256 *ret_sha256,
                               uint64_t *ret_size);
uint64_t sidecar_about(const struct page *p, struct ch_str file_name); /* for budget_wait */
/* After WAITING: the ask (taken over) goes on when it has ended, or at its deadline. */
void sidecar_wait(struct keeper *k, struct page *p, size_t file, struct waiter *waiter);
/* What was shown of this file before its verdict: that of former bytes under its name does not
 * count, nor what is not of the hash that the index states for its metadata. False: nothing. */
bool sidecar_shown(struct keeper *k, const struct page *p, const struct page_fact_file *f,
                   struct ch_sidecar_row *ret);
/* Whether this is what sidecar_get would answer with. */
bool sidecar_may_be_shown(struct keeper *k, struct page *p, size_t file,
                          const struct ch_sha256 *sha256);
/* Starts to get the metadata of a file that this client's resolver is about to ask for. */
void sidecar_ask_ahead(struct keeper *k, struct page *p, size_t file,
                       const struct ch_client *client);
/* The file was inspected first: who waits for its metadata gets them from there. */
void sidecar_overtaken(struct keeper *k, struct page *p, struct ch_str file_name);
/* Metadata as a blob; it counts against the quota of undecided bytes, and may go like those. */
enum ch_code sidecar_store(struct keeper *k, struct ch_str bytes, struct ch_sha256 *ret_sha256,
                           struct ch_err *err) CH_MUST_CHECK;
/* Whether the file has metadata that are not here any more: its inspection finds them again. */
bool sidecar_was_evicted(struct keeper *k, struct page *p, size_t file);
/* Those that could not be used are tried again after a while: the upstream may have mended them. */
void sidecars_forget(struct keeper *k, uint64_t now_ms);
void sidecars_init(struct keeper *k);
void sidecars_free(struct keeper *k);

#endif
