/* Between pages.c and refresh.c. */
#ifndef KEEPER_PAGES_INT_H
#define KEEPER_PAGES_INT_H

#include "db/keeper/keeper_int.h"

#define FAILURE_MEMORY_US (5 * 1000000LL) /* an upstream that just failed is not asked again */

/* Starts the refresh of a page that is not refreshing. */
void page_refresh(struct keeper *k, struct page *p);
void page_refresh_free(struct refresh *r);
/* Nobody waits for the page's refresh any more: it goes on. False: there are enough of those, or
 * none is under way; then it has failed, and who waited for the page has been answered. */
bool page_dawdles(struct page *p) CH_MUST_CHECK;
bool page_is_dawdling(const struct page *p); /* it said so, and goes on */
/* Where a page that was not known has come, and what its upstream adds to it elsewhere has not: it
 * stands without, who waited for it has been answered, and the rest is asked for once more.
 * False: that is not what it waits for. */
bool page_without_details(struct page *p) CH_MUST_CHECK;
/* The timer of who waits for it. */
void page_on_patience(struct ch_timer *t);
/* Whether times or sizes are missing that the upstream may state elsewhere. */
bool page_wants_details(const struct page *p, const struct page_facts *facts);
/* The timer that asks again whether a project is gone (T5). */
void page_on_confirm(struct ch_timer *t);
/* The waiting asks go on; each looks at the page's state itself. */
void page_wake(struct keeper *k, struct page *p);
/* What runs beside facts and follows from them alone. */
struct page_built {
    struct page_file *files; /* NULL: nothing is built */
    struct page_texts *texts;
    struct page_index index;
};
/* Of a page's facts: pure, and may run on a thread. `ret` borrows from `facts`, also when these move. */
void page_build(const struct ch_ecosystem *eco, char *project, const struct page_facts *facts,
                struct page_built *ret);
void page_built_done(struct page_built *b);
void page_texts_done(struct page_texts *t); /* accepts NULL */
/* Takes over `facts`, and what was built of them (NULL: nothing was); adds what the store has. */
enum ch_code page_set_facts(struct keeper *k, struct page *p, struct page_facts *facts,
                            struct page_built *built, struct ch_err *err) CH_MUST_CHECK;
/* --- page_read.c --- */
/* page_set_facts with what the store has, and p->info says of it. */
enum ch_code page_set_stored(struct keeper *k, struct page *p, struct page_facts *facts,
                             struct page_built *built, struct ch_err *err) CH_MUST_CHECK;
/* What is known cannot be read: nothing may replace it, so nothing is answered from it. */
void page_broken(struct keeper *k, struct page *p, enum ch_code code, const struct ch_err *err);
/* Takes over `content`. What is large is decoded and built on a thread, while this one waits and keeps
 * its leases; of what is not, `ret_built` has nothing. */
enum ch_code page_decode(struct keeper *k, struct page *p, struct ch_buf *content,
                         struct page_facts *ret, struct page_built *ret_built,
                         struct ch_err *err) CH_MUST_CHECK;
/* It was read: who waited for that asks again. */
void page_wake_again(struct keeper *k, struct page *p);
void page_read_free(struct page_read *r); /* at the end of the process; accepts NULL */
/* p->upstream has answered and owns the name in this repository from now on (T12), as the open
 * group of writes has it. CH_E_CONFLICT: it is another's, or an earlier upstream's in another
 * repository, so that this one should not have been asked. */
enum ch_code owner_pin(struct keeper *k, struct page *p, int64_t now_us,
                       struct ch_err *err) CH_MUST_CHECK;
/* A configured repository that has the name from this upstream, by its answer or by a person's
 * word. NULL: none has. Lent by the configuration. */
enum ch_code owner_elsewhere(struct keeper *k, const struct page *p, struct ch_str upstream,
                             const char **ret_repository, struct ch_err *err) CH_MUST_CHECK;
/* NULL: it is not there. */
struct page *page_in_memory(struct keeper *k, struct ch_str repository, struct ch_str project);
/* Its upstream has answered, here or in another repository: facts are the upstream's (T5, T7, T12),
 * so what any repository has seen of this page is known of it. PAGE_READY where there is such a
 * thing. */
enum ch_code page_adopt(struct keeper *k, struct page *p, struct ch_err *err) CH_MUST_CHECK;

#endif
