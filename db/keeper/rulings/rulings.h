/* What people let pass and deny: the rulings that ch_decide is given. */
#ifndef KEEPER_RULINGS_H
#define KEEPER_RULINGS_H

#include "db/keeper/keeper_int.h"

/* What counts: approvals of the store that the audit log has in force, denials of either. */
enum ch_code rulings_load(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
const struct ch_ruling_row *rulings_at(const struct keeper *k, size_t i); /* NULL: no more */
/* Approvals of the store that count for nothing, for the log does not have them so; their
 * exceptions stay open. */
bool rulings_is_distrusted(const struct keeper *k, uint64_t id);
size_t rulings_distrusted(const struct keeper *k);
/* Denials in force that the log has and the store has not, or has otherwise. */
size_t rulings_restored(const struct keeper *k);
void rulings_free(struct keeper *k);
/* All that are in force and whose scope has this file, denials first; returns how many. The list is
 * borrowed until the next call, what it points to until the next change. */
size_t rulings_for(struct keeper *k, const struct page *p, size_t file,
                   const struct ch_ruling **ret);
/* Denials in force that name these bytes, wherever they come from. */
typedef void rulings_fn(void *ctx, const struct ch_ruling_row *row);
void rulings_of_bytes(const struct keeper *k, const struct ch_sha256 *sha256, rulings_fn *each,
                      void *ctx);
/* Denials in force of this project, or of files or versions of it, whether it is known or not. */
void rulings_of_name(const struct keeper *k, const struct page *p, rulings_fn *each, void *ctx);
/* Whether the time of any has come since then. */
bool rulings_ended_since(const struct keeper *k, int64_t at_us);
/* Judges again when the next ruling ends. */
void rulings_watch_ends(struct keeper *k);
/* Looks which have ended by time, and does all that follows: what they let pass is judged again
 * first, then their ends and those of their exceptions are entered. */
void rulings_see_ends(struct keeper *k);
/* Enters into the audit log which rulings have ended by time, each once; denials not while the
 * clock cannot be trusted. */
void rulings_enter_ends(struct keeper *k);
/* An approval is durable, or an error. A denial counts at once; on failure it is kept to be stored
 * (unsaved.h). */
enum ch_code rulings_add(struct keeper *k, struct ch_ruling_row *row,
                         struct ch_err *err) CH_MUST_CHECK;

/* These approvals, of this project, let nothing pass any more, from now on and whatever the store
 * says until this process ends (T4: effective first); it is judged again. */
void rulings_take_back(struct keeper *k, struct ch_str project, const uint64_t *ids, size_t count);
/* Whether one of this number is among what was loaded: not ended. */
bool rulings_stands(const struct keeper *k, uint64_t id);
/* Whether a denial of these versions ("==1.0") takes the file: what cannot be read takes it. */
bool rulings_denial_takes(const struct page *p, size_t file, struct ch_str version_spec);
/* Whether one of these numbers is about this file as it is now. */
bool rulings_cover(const struct keeper *k, const uint64_t *ids, size_t count, const struct page *p,
                   size_t file);
/* By whom that one is ("user:ann, user:bob"); absent: it is not among what was loaded. */
struct ch_str rulings_by(const struct keeper *k, uint64_t id);

#endif
