/* Between rescan.c (the queue) and rescan_batch.c (what somebody asked for by hand). */
#ifndef KEEPER_RESCAN_INT_H
#define KEEPER_RESCAN_INT_H

#include "rescan.h"

struct rescan_item {
    struct rescan_item *next; /* while running: others that the same inspection ends */
    char *repository;
    char *project;
    char *file_name;
    uint64_t times_served;
    int64_t decided_at_us;
    bool only_due; /* nothing is done if it is not any more when its turn comes */
    bool was_allowed;
    struct rescan_batch *batch; /* NULL: by itself */
};

struct rescan_queue {
    struct rescan_item **list;
    size_t count, cap;
    size_t next; /* those before it are taken */
};

struct rescan_item *rescan_item_new(struct ch_str repository, struct ch_str project,
                                    struct ch_str file_name);
void rescan_item_free(struct rescan_item *i);
void rescan_queue_add(struct rescan_queue *q, struct rescan_item *i); /* takes it over */
void rescan_queue_done(struct rescan_queue *q);
/* Begins to look through all decisions: for all that is known, or what is due. What is found goes
 * to the batch (rescan_batch_gathered), without one to what is done by itself. */
void rescan_gather(struct keeper *k, struct rescan_batch *batch, bool all);
void rescan_batch_gathered(struct rescan_batch *b,
                           struct rescan_queue *found);           /* takes the items */
void rescan_add_by_hand(struct keeper *k, struct rescan_item *i); /* takes it over */
/* What became of an item of a batch. `p` and `d` are NULL when its file is known no more. */
void rescan_batch_tell(struct rescan_batch *b, const struct rescan_item *i, struct page *p,
                       size_t file, const struct ch_decision *d, struct ch_str error);
/* The service ends: of `items` of it nobody will tell, and no more are looked for. It is freed with
 * the last of them if nobody looks any more. */
void rescan_batch_end(struct rescan_batch *b, size_t items);

#endif
