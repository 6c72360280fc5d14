/* Memory of values: taken piece by piece, given back with the file that is read. */
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/source_int.h"

enum { CHUNK_BYTES = 1 << 16 };

struct chunk {
    struct chunk *next;
    size_t used;
    size_t size;
    char bytes[];
};

void *value_alloc(struct file *f, size_t n)
{
    n = (n + 15) & ~(size_t)15;
    if (n > ch_limits.source_fold_bytes - f->folded_bytes) {
        f->beyond = true;
        return NULL;
    }
    f->folded_bytes += n;
    if (f->chunks == NULL || f->chunks->size - f->chunks->used < n) {
        size_t size = n > CHUNK_BYTES ? n : CHUNK_BYTES;
        struct chunk *c = ch_alloc(sizeof(*c) + size);
        c->next = f->chunks;
        c->used = 0;
        c->size = size;
        f->chunks = c;
    }
    void *p = f->chunks->bytes + f->chunks->used;
    f->chunks->used += n;
    f->last_text = NULL;
    return p;
}

void value_release(struct file *f)
{
    while (f->chunks != NULL) {
        struct chunk *next = f->chunks->next;
        free(f->chunks);
        f->chunks = next;
    }
    f->folded_bytes = 0;
}

bool value_grow(struct file *f, struct ch_str a, struct ch_str b)
{
    struct chunk *c = f->chunks;
    if (c == NULL || a.ptr == NULL || a.ptr != f->last_text || a.len != f->last_text_len) {
        return false;
    }
    size_t at = (size_t)(a.ptr - c->bytes);
    size_t need = (at + a.len + b.len + 16) & ~(size_t)15;
    if (need > c->size) {
        return false;
    }
    memcpy(c->bytes + at + a.len, b.ptr, b.len);
    c->used = need > c->used ? need : c->used;
    f->last_text_len = a.len + b.len;
    return true;
}
