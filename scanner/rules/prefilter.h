/* Which of some hundred words stand in a text: one pass, about a gigabyte in a second. It only
 * spares work: what it misses no rule sees, so tests/scanner/rules compares it with a naive search.
 */
#ifndef CH_SCANNER_RULES_PREFILTER_H
#define CH_SCANNER_RULES_PREFILTER_H

#include "customhouse/bytes.h"

enum { PREFILTER_WORD_MIN = 4, PREFILTER_WORDS_MAX = 8192 };

struct prefilter_word {
    struct ch_str bytes; /* at least PREFILTER_WORD_MIN; any bytes */
    bool nocase;         /* the case of ASCII letters does not count */
};

struct prefilter;
/* At most PREFILTER_WORDS_MAX words; their bytes are copied. */
struct prefilter *prefilter_new(const struct prefilter_word *words, size_t count);
void prefilter_free(struct prefilter *p); /* accepts NULL */
/* seen[i] for word i, all false before; true when any is there. */
bool prefilter_scan(const struct prefilter *p, struct ch_str text, bool *seen);

#endif
