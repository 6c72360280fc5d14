/* Characters of formats that are ASCII: whatever the locale says, which <ctype.h> asks. */
#ifndef CUSTOMHOUSE_ASCII_H
#define CUSTOMHOUSE_ASCII_H

#include "customhouse/bytes.h"

static inline bool ch_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Its value; -1: it is none. */
static inline int ch_hex_digit(char c)
{
    return ch_is_digit(c)         ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static inline bool ch_str_starts_nocase(struct ch_str s, struct ch_str prefix)
{
    return ch_str_eq_nocase(ch_str_sub(s, 0, prefix.len), prefix);
}

#endif
