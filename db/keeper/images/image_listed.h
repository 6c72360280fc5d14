/* What of an index counts in its repository: the images in it for the platforms that are listed
 * there (T19). Until one of these is ALLOW the index is not served; each image answers for itself
 * all the same. */
#ifndef KEEPER_IMAGE_LISTED_H
#define KEEPER_IMAGE_LISTED_H

#include "db/keeper/keeper_int.h"

#define IMAGE_LISTED_DEPTH_MAX 3 /* an index of indexes of indexes: nobody's clients go further */

/* One that an index lists, as the jails say it; slices of the index's facts. */
struct image_child {
    struct ch_str digest;   /* "sha256:HEX" */
    struct ch_str platform; /* "linux/arm64/v8"; absent: nothing is said of it */
    bool counts;
};

struct image_children {
    struct image_child *list;
    size_t count;
    size_t counting;
    struct ch_buf named; /* digests of those that are named by another one */
};

/* What the file lists, with those that count for the platforms of its repository. False: it is no
 * index, or its inspection does not say it. It lives until the page changes; done in any case. */
bool image_children_of(struct keeper *k, struct page *p, size_t file, struct image_children *ret);
void image_children_done(struct image_children *c);
/* Those that count where these are wanted (customhouse/platform.h), instead: for each the ones that
 * fit best. `first`: the first of them, which a client takes; but all that Windows might take,
 * which goes by versions of it that are not known here. */
void image_children_choose(struct image_children *c, const char *const *wanted, size_t count,
                           bool first);

/* Its page, as memory has it or as page_get makes it; NULL: there is none. */
struct page *image_child_page(struct keeper *k, const struct page *p, const struct image_child *c);
/* The manifest or index that stands for all of the page; -1: nothing does. */
ptrdiff_t image_child_file(const struct page *of, const struct image_child *c);

enum image_child_state {
    IMAGE_CHILD_MISSING = 0, /* not decided yet */
    IMAGE_CHILD_ALLOWED,
    IMAGE_CHILD_HELD,
    IMAGE_CHILD_DENIED,
};
#define IMAGE_CHILD_WHY (sizeof(((struct ch_decision *)NULL)->rule) + CH_REASON_MAX + 2)
/* By what is recorded of it last; `why`: "RULE: REASON". Loads nothing. */
enum image_child_state image_child_recorded(struct keeper *k, const struct page *p,
                                            const struct image_child *c, char why[IMAGE_CHILD_WHY]);

/* Of an index: what its decision hangs on besides itself (part..., no_platform). Loads no page: who
 * judges may be on a walk over them. */
void image_listed_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret);
/* Whether it is an index whose own inspection is complete: what is eligible then is an image in it.
 */
bool image_listed_waits(struct keeper *k, struct page *p, size_t file);
/* While none that counts is allowed: judges each of them as it is known, and records it. Whoever
 * asks for the index has asked for that. Loads pages from the store: not from within a walk over
 * them. */
void image_listed_settle(struct keeper *k, struct page *p, size_t file);
/* A manifest or index is judged otherwise from now on: indexes in memory that list it are judged
 * again. */
void image_listed_again(struct keeper *k, const struct page *p, size_t file);

#endif
