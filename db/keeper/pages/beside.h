/* Documents that an upstream has of its own beside its pages (struct ch_beside), reduced to what is
 * shown of them here: fetched once somebody asks, read in a jail, put in order and rendered on the
 * thread for pages, and told as they are.
 *
 *     unknown --asked--> fetching -> read in the jail -> put in order -> known, or absent (404)
 *                            |               |                |
 *                            +---------------+----------------+--> failed: what was known answers,
 *                                                                  for as long as its page may
 *
 * What is known is asked for again once its page has a newer snapshot, or with the page's own
 * period. A document is made anew with each generation of the pages it is of: it never has what a
 * listing made before it left out. Nothing of it is kept over a restart, and nothing is decided by
 * it. */
#ifndef KEEPER_BESIDE_H
#define KEEPER_BESIDE_H

#include "db/keeper/asks/waiters.h"
#include "db/keeper/budget/budget.h"
#include "db/keeper/keeper_int.h"

struct beside_said {      /* what the upstream's says: strictly read, in order */
    struct ch_str stream; /* mapped */
    struct ch_index_entry *entries;
    size_t count;
    size_t users; /* the loop's to count */
};

struct beside {
    struct keeper *k;
    char *repository;
    char *page; /* "": of all of the repository's */
    const struct ch_ecosystem *eco;
    const struct ch_beside *what;
    char *upstream; /* whose it is */
    /* what is known */
    struct beside_said *said; /* NULL: nothing, or that there is none */
    bool absent;
    uint64_t serial; /* of what is said */
    unsigned form;   /* in which it came, and its validators */
    char *etag, *last_modified;
    int64_t checked_at_us; /* 0: never */
    int64_t failed_at_us;  /* the last try; 0: it did not */
    uint32_t fail_status;
    uint32_t retry_after_s;
    char fail_text[512];
    /* what is under way */
    struct beside_refresh *refresh;
    struct waiters waiting; /* for that */
    /* what was made of it */
    struct beside_job *job;
    struct waiter *making; /* who waits for that */
    bool telling;          /* they are told */
    struct listing_documents documents;
    uint64_t generation, of_serial; /* 0: nothing was made */
    struct ch_sha256 of_pages;
    struct ch_err make_err; /* CH_OK: it was made */
    uint64_t used_at_ms;
};

/* Made when missing. NULL: the ecosystem has no such document. `page` absent: of all. */
struct beside *beside_of(struct keeper *k, const struct ch_repository *repo, struct ch_str page);
/* Sees to it that what the upstream says is known as of `not_before_us` at least. LISTING_THERE: it
 * is, or what is known will do. LISTING_LATER: `w` was taken over. LISTING_FAILED: see the fail_...
 * . */
enum listing_state beside_look(struct beside *b, const struct ch_upstream *upstream,
                               int64_t not_before_us, const struct ch_client *client,
                               struct waiter *w) CH_MUST_CHECK;
/* The documents, of these pages, whose listings are good. LISTING_LATER: `w` was taken over.
 * LISTING_FAILED: see make_err. beside_render.c. */
enum listing_state beside_make(struct beside *b, struct page *const *pages, size_t count,
                               struct waiter *w) CH_MUST_CHECK;
bool beside_answers_as_it_is(
    const struct beside *b); /* those who waited are told: as in listing.c */

void beside_said_unref(struct beside_said *s); /* accepts NULL */
/* Reads a jail's answer and puts it in order. On a thread. CH_E_FORMAT: it says something twice, or
 * what no such document says. */
enum ch_code beside_read(struct beside_said *s, struct ch_err *err) CH_MUST_CHECK;
void beside_job_free(struct beside_job *j); /* accepts NULL */

void besides_init(struct keeper *k);
void besides_forget(struct keeper *k, uint64_t now_ms); /* what nobody has asked for of late */
void besides_free(struct keeper *k);                    /* after offload_stop */

#endif
