/* What a command has printed. */
#ifndef KEEPER_SAID_H
#define KEEPER_SAID_H

#include "house.h"

/* "" is in everything. */
static inline bool says(const struct ch_buf *out, const char *text)
{
    return text[0] == '\0' || ch_str_find(ch_buf_str(out), ch_str_of(text), NULL);
}

#define assert_says(out, text)                                                                     \
    do {                                                                                           \
        if (!says(out, text)) {                                                                    \
            fail_msg("\"%s\" is not in:\n%.*s", text, CH_STR_ARG(ch_buf_str(out)));                \
        }                                                                                          \
    } while (0)
#define assert_says_not(out, text)                                                                 \
    do {                                                                                           \
        if (says(out, text)) {                                                                     \
            fail_msg("\"%s\" is in:\n%.*s", text, CH_STR_ARG(ch_buf_str(out)));                    \
        }                                                                                          \
    } while (0)

#endif
