/* Text line by line, with the number of each. */
#ifndef CH_SCANNER_INVENTORY_LINES_H
#define CH_SCANNER_INVENTORY_LINES_H

#include "customhouse/bytes.h"

struct ch_lines {
    struct ch_str rest;
    struct ch_str line; /* without its line feed; a carriage return is part of it */
    size_t number;      /* from 1 */
};
/* False: there are no more. A last line feed begins none. */
static inline bool ch_lines_next(struct ch_lines *l)
{
    if (l->rest.len == 0) {
        return false;
    }
    l->number++;
    return ch_str_split(&l->rest, '\n', &l->line);
}

/* Graphic ASCII alone, at least one: what names, versions and architectures are made of. */
static inline bool ch_is_word(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~') {
            return false;
        }
    }
    return s.len > 0;
}

#endif
