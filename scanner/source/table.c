/* Values by hash: open addressing, nothing is taken out. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/source/source_int.h"

static struct member *slot_of(struct member *rows, uint32_t cap, uint64_t name)
{
    uint32_t i = (uint32_t)(name >> 8) & (cap - 1);
    while (rows[i].name != 0 && rows[i].name != name) {
        i = (i + 1) & (cap - 1);
    }
    return &rows[i];
}

struct value *table_find(const struct table *t, uint64_t name)
{
    if (t->cap == 0) {
        return NULL;
    }
    struct member *row = slot_of(t->rows, t->cap, name);
    return row->name != 0 ? &row->value : NULL;
}

static void grow(struct table *t)
{
    uint32_t cap = t->cap == 0 ? 64 : 2 * t->cap;
    struct member *rows = ch_calloc(cap, sizeof(*rows));
    for (uint32_t i = 0; i < t->cap; i++) {
        if (t->rows[i].name != 0) {
            *slot_of(rows, cap, t->rows[i].name) = t->rows[i];
        }
    }
    free(t->rows);
    t->rows = rows;
    t->cap = cap;
}

struct value *table_add(struct file *f, struct table *t, uint64_t name)
{
    struct value *v = table_find(t, name);
    if (v != NULL) {
        return v;
    }
    if (t->count >= ch_limits.source_names) {
        f->beyond = true;
        return NULL;
    }
    if (4 * t->count >= 3 * t->cap) {
        grow(t);
    }
    struct member *row = slot_of(t->rows, t->cap, name);
    row->name = name;
    t->count++;
    return &row->value;
}

void table_done(struct table *t)
{
    free(t->rows);
    *t = (struct table){0};
}
