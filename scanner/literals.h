/* Which of many literals stand in a text, by libhs: one pass at a gigabyte or two in a second while
 * there are fewer than about a thousand, half of that beyond. For whoever looks closer only where
 * something stands: the gate before the rules. */
#ifndef CH_SCANNER_LITERALS_H
#define CH_SCANNER_LITERALS_H

#include "customhouse/bytes.h"
#include "customhouse/err.h"

struct ch_literal {
    struct ch_str bytes; /* any, but the first is no NUL (libhs); empty: it is never found */
    bool nocase;         /* the case of ASCII letters does not count */
    bool once;           /* told at most once in a text */
};

/* CH_E_UNSUPPORTED: this processor has not what libhs needs (on x86-64: SSE4.2). */
enum ch_code ch_literals_usable(struct ch_err *err) CH_MUST_CHECK;

struct ch_literals;
/* The bytes are not kept. Takes milliseconds, and memory for each thread that searches: made before
 * the fork of jobs. Only where ch_literals_usable(). */
struct ch_literals *ch_literals_new(const struct ch_literal *list, size_t count);
void ch_literals_free(struct ch_literals *l); /* accepts NULL */

/* Literal `index` of the list ends before byte `end` of the text, in ascending order of ends. True:
 * that is enough, the search ends. Must not search itself. */
typedef bool ch_literal_fn(void *arg, uint32_t index, size_t end);
/* True: `found` said so. At most UINT32_MAX bytes. */
bool ch_literals_search(const struct ch_literals *l, struct ch_str text, ch_literal_fn *found,
                        void *arg);

#endif
