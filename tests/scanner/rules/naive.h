/* The search that the prefilter is compared with. */
#ifndef CH_TEST_RULES_NAIVE_H
#define CH_TEST_RULES_NAIVE_H

#include "scanner/rules/prefilter.h"

static inline bool naive_has(struct ch_str text, const struct prefilter_word *w)
{
    for (size_t i = 0; i + w->bytes.len <= text.len; i++) {
        struct ch_str at = ch_str_sub(text, i, w->bytes.len);
        if (w->nocase ? ch_str_eq_nocase(at, w->bytes) : ch_str_eq(at, w->bytes)) {
            return true;
        }
    }
    return false;
}

#endif
