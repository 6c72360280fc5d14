#include "scanner/eco/conda/page/names.h"

#include <stdlib.h>

#include "customhouse/limits.h"

bool ch_conda_name_ok(struct ch_str s)
{
    if (ch_str_starts(s, CH_STR("__"))) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
              (i > 0 && i + 1 < s.len && (c == '-' || c == '.')))) {
            return false;
        }
    }
    return s.len > 0 && s.len <= ch_limits.project_name_bytes;
}

void ch_conda_names_init(struct ch_conda_names *n)
{
    *n = (struct ch_conda_names){.cap = 1024};
    n->key = ch_sip_key_new();
    n->slots = ch_calloc(n->cap, sizeof(*n->slots));
}

void ch_conda_names_done(struct ch_conda_names *n)
{
    free(n->slots);
    *n = (struct ch_conda_names){.cap = 0};
}

/* Where the hash stands, or would. */
static size_t place(const struct ch_conda_names *n, uint64_t hash)
{
    size_t i = hash & (n->cap - 1);
    while (n->slots[i] != 0 && n->slots[i] != hash) {
        i = (i + 1) & (n->cap - 1);
    }
    return i;
}

static void grow(struct ch_conda_names *n)
{
    uint64_t *old = n->slots;
    size_t old_cap = n->cap;
    n->cap *= 2;
    n->slots = ch_calloc(n->cap, sizeof(*n->slots));
    for (size_t i = 0; i < old_cap; i++) {
        if (old[i] != 0) {
            n->slots[place(n, old[i])] = old[i];
        }
    }
    free(old);
}

bool ch_conda_names_add(struct ch_conda_names *n, struct ch_str name)
{
    uint64_t hash = ch_sip_table(&n->key, name);
    hash += hash == 0;
    if (n->count >= n->cap / 2) {
        grow(n);
    }
    size_t i = place(n, hash);
    if (n->slots[i] == hash) {
        return false;
    }
    n->slots[i] = hash;
    n->count++;
    return true;
}
