/* Files of a page whose names stand for other bytes by now (T7). First seen is of bytes, not of a
 * name: should an index list others for a while and then these again, they are as old as they were.
 *
 * Kept of a name are the PAGE_REPLACED_OF_NAME that stood for it the longest, of a page the
 * PAGE_REPLACED_OF_PAGE: an index that lists others with each answer pushes out none that
 * stood for longer than an answer, and makes the page no larger. And it is back within
 * PAGE_REPLACED_AWAY_US: what an index shows for a moment, to list it again once it is old enough,
 * has not been before everybody's eyes meanwhile. What is not kept is new when it comes back, and
 * its cool-down begins again. */
#ifndef KEEPER_PAGE_REPLACED_H
#define KEEPER_PAGE_REPLACED_H

#include "customhouse/map.h"
#include "page_facts.h"

#define PAGE_REPLACED_OF_NAME 4
#define PAGE_REPLACED_OF_PAGE 20000
#define PAGE_REPLACED_AWAY_US (24 * 3600 * 1000000LL)

struct page_replaced { /* zeroed: none */
    const struct page_facts *page;
    struct ch_map *by_name; /* index plus one of the first of a name; NULL: the page has none */
    size_t *next;           /* of the same name, plus one */
    bool *back;             /* the name stands for it again */
};

/* Of `page` (NULL: none), which must stay. */
void page_replaced_init(struct page_replaced *r, const struct page_facts *page);
void page_replaced_done(struct page_replaced *r);
/* What is known of exactly these bytes, which `now` lists: by a hash that both have, other than one
 * that two files can be made to share, and that is not away for too long. NULL: nothing. Lent; it
 * counts as back. */
const struct page_fact_file *page_replaced_take(struct page_replaced *r,
                                                const struct ch_index_file *now, int64_t now_us);
/* One that was replaced now; a list that grows far beyond the bounds is cut to them. */
void page_replaced_add(struct page_fact_file **list, size_t *count, const struct page_fact_file *f);
/* Those that are not back, behind `*list`, which has `*count` that were replaced just now, then
 * within the bounds. */
void page_replaced_keep(const struct page_replaced *r, int64_t now_us, struct page_fact_file **list,
                        size_t *count);

/* The page's, to be freed. */
struct page_fact_file *page_replaced_copy(const struct page_facts *page);

/* Whether what is stated of both says that they are the same bytes. */
bool page_same_hash(const struct ch_index_file *a, const struct ch_index_file *b);

#endif
