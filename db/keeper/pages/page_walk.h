/* All pages of which something was decided, a few at a time: however many there are, no turn of the
 * loop takes long, and gateways get their answers between two of them. */
#ifndef KEEPER_PAGE_WALK_H
#define KEEPER_PAGE_WALK_H

#include "db/keeper/keeper_int.h"

#define PAGE_WALK_SLICE_MS 20 /* of a turn */

enum { PAGE_WALK_ANY = -1 };

struct page_walk { /* zeroed: none */
    struct keeper *k;
    int verdict;      /* of the newest decision on some file: an enum ch_verdict, or ANY */
    uint64_t at, end; /* decisions numbered up to `at` are seen */
    struct ch_map *seen;
    struct ch_buf names; /* pairs of strings: repository, project */
    size_t names_at;
    bool waits;          /* for a large page, which comes from the store */
    enum ch_code failed; /* of the part that is looked through */
    struct ch_err why;
};

/* Begins, or begins anew. Decisions that are recorded from now on are not waited for. */
void page_walk_begin(struct page_walk *w, struct keeper *k, int verdict);
void page_walk_add(struct page_walk *w, const struct page *p); /* one that may have no decision */
void page_walk_done(struct page_walk *w);                      /* accepts zeroed memory */

/* Calls `fn` for the next loaded pages of this repository (absent: of all), as many as one turn may
 * have. False: there are no more, or w->failed says that they cannot be told. */
typedef void page_walk_fn(void *ctx, struct page *p);
bool page_walk_go_on(struct page_walk *w, struct ch_str repository, page_walk_fn *fn, void *ctx);
uint64_t page_walk_next_ms(const struct page_walk *w); /* then it makes sense to call that again */

#endif
