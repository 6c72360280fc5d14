/* Which sources have to be read to know what they name: those in which a word of something that may be reached
 * stands as names do. One pass, about a gigabyte in a second. */
#ifndef CH_CONTENT_REACH_GATE_H
#define CH_CONTENT_REACH_GATE_H

#include "scanner/content/names.h"

struct ch_map;
struct prefilter;

struct reach_word {
    size_t left; /* of what it belongs to, as much as nothing reached yet; the caller counts down */
};

struct reach_gate {
    struct names spelled; /* what is looked for */
    struct reach_word **word_of; /* of each */
    struct ch_map *words;
    struct prefilter *filter; /* NULL: to be made */
    size_t filter_words;
    bool open; /* a word is too short to be looked for, or there are too many: everything is read */
    bool *seen;
};

void reach_gate_init(struct reach_gate *g);
void reach_gate_done(struct reach_gate *g);
/* A word without which no source names something; counted once more in its `left`. Lives as long as `g`. */
struct reach_word *reach_gate_add(struct reach_gate *g, struct ch_str text);
/* Whether one of those words stands in the source; `all`: also of what was reached already. */
bool reach_gate_open(struct reach_gate *g, struct ch_str bytes, bool all);

#endif
