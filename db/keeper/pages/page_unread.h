/* Entries of an upstream's page that could not be read, by name, for people: who asks for such a
 * file is told that it is listed, and what of its entry is why it cannot be had. Nothing is decided
 * by them. */
#ifndef KEEPER_PAGE_UNREAD_H
#define KEEPER_PAGE_UNREAD_H

#include "page_facts.h"

#define PAGE_UNREAD_KEPT 64 /* of a page; the rest is counted */

/* One more entry, of the name `file_name`. */
void page_unread_add(struct page_facts *p, struct ch_str file_name);
/* Which field of the entry that was added last it was. */
void page_unread_because(struct page_facts *p, struct ch_str field);
/* The page's, to be freed. */
struct page_unread *page_unread_copy(const struct page_facts *page);

void page_unread_put(const struct page_facts *p, struct ch_buf *out);
/* Into p->unread, free(). */
void page_unread_get(struct ch_rd *r, struct page_facts *p);

/* Appends a sentence about the entry of this name. False: there is none that is known of. */
bool page_unread_tell(const struct page_facts *p, struct ch_str file_name, struct ch_buf *out);

#endif
