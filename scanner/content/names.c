#include "scanner/content/names.h"

#include <stdlib.h>

#include "customhouse/limits.h"

enum { FIRST_SLOTS = 64 };

void names_done(struct names *n)
{
    for (size_t i = 0; i < n->count; i++) {
        free(n->items[i]);
    }
    free(n->items);
    free(n->lengths);
    free(n->slots);
    *n = (struct names){0};
}

struct ch_str names_at(const struct names *n, size_t i)
{
    return (struct ch_str){n->items[i], n->lengths[i]};
}

/* FNV-1a. Texts that were made to collide cost content_names comparisons each at most. */
static size_t hash_of(struct ch_str s)
{
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < s.len; i++) {
        h = (h ^ (uint8_t)s.ptr[i]) * 1099511628211u;
    }
    return (size_t)h;
}

/* The slot where the text is, or the free one where it would be. */
static size_t slot_of(const struct names *n, struct ch_str text)
{
    size_t mask = n->slot_count - 1;
    size_t at = hash_of(text) & mask;
    while (n->slots[at] != 0 && !ch_str_eq(names_at(n, n->slots[at] - 1), text)) {
        at = (at + 1) & mask;
    }
    return at;
}

/* At most half of the slots are in use. */
static void grow(struct names *n)
{
    size_t count = n->slot_count == 0 ? FIRST_SLOTS : 2 * n->slot_count;
    free(n->slots);
    n->slots = ch_calloc(count, sizeof(n->slots[0]));
    n->slot_count = count;
    n->items = ch_realloc_array(n->items, count / 2, sizeof(n->items[0]));
    n->lengths = ch_realloc_array(n->lengths, count / 2, sizeof(n->lengths[0]));
    for (size_t i = 0; i < n->count; i++) {
        n->slots[slot_of(n, names_at(n, i))] = i + 1;
    }
}

bool names_find(const struct names *n, struct ch_str text, size_t *ret_index)
{
    size_t slot = n->slot_count > 0 ? n->slots[slot_of(n, text)] : 0;
    if (slot != 0) {
        *ret_index = slot - 1;
    }
    return slot != 0;
}

bool names_has(const struct names *n, struct ch_str text)
{
    size_t index;
    return names_find(n, text, &index);
}

bool names_add(struct names *n, struct ch_str text)
{
    if (names_has(n, text)) {
        return false;
    }
    if (n->count >= ch_limits.content_names) {
        n->over = true;
        return false;
    }
    if (n->count == n->slot_count / 2) {
        grow(n);
    }
    n->slots[slot_of(n, text)] = n->count + 1;
    n->lengths[n->count] = text.len;
    n->items[n->count++] = ch_str_dup(text);
    return true;
}
