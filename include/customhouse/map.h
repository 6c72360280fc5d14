/* A hash map from byte strings to pointers (SipHash-keyed per process, open addressing): names from
 * outside may be keys. Keys are copied; values are the caller's. */
#ifndef CUSTOMHOUSE_MAP_H
#define CUSTOMHOUSE_MAP_H

#include "customhouse/bytes.h"

struct ch_map;

struct ch_map *ch_map_new(void);
void ch_map_free(struct ch_map *m); /* not the values */
size_t ch_map_count(const struct ch_map *m);
void *ch_map_get(const struct ch_map *m, struct ch_str key); /* NULL: absent */
/* Sets and returns the former value (NULL: none). `value` must not be NULL. */
void *ch_map_set(struct ch_map *m, struct ch_str key, void *value);
void *ch_map_remove(struct ch_map *m, struct ch_str key); /* the value, NULL: absent */
/* Walks in no order: start with *cursor = 0; false at the end. Only the entry just returned may be
 * removed during a walk. */
bool ch_map_next(const struct ch_map *m, size_t *cursor, struct ch_str *ret_key, void **ret_value);

#endif
