/* Steps away from ALLOW that count already and could not be stored: denials, revocations, ends of
 * what people had. A restart would lose them. So they are kept here, oldest first, and stored as
 * soon as the store can be written again; `customhouse status` and /-/ready say that there are
 * some. */
#ifndef KEEPER_UNSAVED_H
#define KEEPER_UNSAVED_H

#include "keeper_int.h"

struct unsaved_kind {
    const char *one, *several; /* "denial", "denials" */
    /* Stores it: durably, or an error. CH_E_EXISTS, CH_E_NOT_FOUND, CH_E_CONFLICT: there is nothing
     * to store any more. It is in no list meanwhile. */
    enum ch_code (*store)(struct keeper *k, const void *step, struct ch_err *err);
    void (*free)(void *step);
};

/* Takes `step` over. */
void unsaved_keep(struct keeper *k, const struct unsaved_kind *kind, void *step);
typedef void unsaved_fn(void *ctx, const void *step);
void unsaved_each(const struct keeper *k, const struct unsaved_kind *kind, unsaved_fn *each,
                  void *ctx);
size_t unsaved_count(const struct keeper *k);
/* "1 denial, 2 revocations of exceptions"; nothing where there is none. */
void unsaved_put(const struct keeper *k, struct ch_buf *out);
/* Stores what can be. One that fails stays, with those of its kind after it; others are not held by
 * it. */
void unsaved_store(struct keeper *k);
void unsaved_free(struct keeper *k);

#endif
