/* A set of texts, each once, in the order they came; bounded by content_names of limits.h. */
#ifndef CH_CONTENT_NAMES_H
#define CH_CONTENT_NAMES_H

#include "customhouse/bytes.h"

struct names {
    char **items; /* NUL-terminated copies */
    size_t *lengths;
    size_t count;
    size_t *slots; /* index + 1 into items; 0 is free */
    size_t slot_count;
    bool over; /* one did not fit */
};

void names_done(struct names *n); /* accepts zeroed memory */
/* True when it was not there before. False when it was, or when there is no room: `over`. */
bool names_add(struct names *n, struct ch_str text);
bool names_find(const struct names *n, struct ch_str text, size_t *ret_index); /* false: it is not there */
bool names_has(const struct names *n, struct ch_str text);
struct ch_str names_at(const struct names *n, size_t i);

#endif
