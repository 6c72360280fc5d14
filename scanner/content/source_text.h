/* A Python source as what its compiled form may contain: all its words, and its text without comments in
 * a form in which the strings that a compiler makes of it can be found again. */
#ifndef CH_CONTENT_SOURCE_TEXT_H
#define CH_CONTENT_SOURCE_TEXT_H

#include "scanner/content/names.h"

struct source_text {
    struct names words;     /* runs of letters, digits, '_' and non-ASCII */
    struct names defined;   /* what follows "class" or "def" */
    struct ch_buf plain;    /* squeezed */
    struct ch_buf decoded;  /* escapes replaced by what they stand for in a text, squeezed */
    struct ch_buf binary;   /* ... and in bytes */
    bool named_characters;  /* has \N{...}: what is beyond ASCII cannot be compared */
    uint64_t searched_bytes; /* work so far, bounded by pyc_search_bytes of limits.h */
    bool over;              /* more work than that, or more words than are kept */
};

/* `minor`: Python 3.minor, which decides whether strings may nest in f-strings. */
void source_text_init(struct source_text *t, struct ch_str source, unsigned minor);
void source_text_done(struct source_text *t);
/* Whether every word of a name is one of the source's, or one that compilers add. */
bool source_text_has_name(const struct source_text *t, struct ch_str name);
/* Whether a constant can have been made of the source's strings: found in it as a whole, in pieces (joined
 * or folded), or as the repetition of a piece. */
bool source_text_has_string(struct source_text *t, struct ch_str text, bool is_bytes);

#endif
