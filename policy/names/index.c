#include "policy/names/likeness_int.h"

#include <stdlib.h>
#include <threads.h>

/* The list by what a name resembles it in, as one table of hashes: each well-known name stands
 * under its letters without separators, its shape, its cores, its letters in any order and each of
 * its deletions (the name without one letter). Two names that are one edit or one swap apart have a
 * deletion in common, or one is the other's. A hash that two texts share gives one candidate too
 * many, no more. */

struct entry {
    uint64_t hash;
    uint32_t known; /* into ch_well_known */
};

static struct entry *entries; /* made once, kept for good */
static size_t entry_count;
static size_t entry_cap;
static once_flag made = ONCE_FLAG_INIT;

/* FNV-1a, 64 bits */
static uint64_t hash_byte(uint64_t hash, char c)
{
    return (hash ^ (unsigned char)c) * 0x100000001b3u;
}

static uint64_t hash_str(uint64_t hash, struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        hash = hash_byte(hash, s.ptr[i]);
    }
    return hash;
}

/* Different questions never meet: each starts from a hash of its own. */
enum question { WITHOUT_SEPARATORS = 1, SHAPE, CORE, LETTERS, DELETION };

static uint64_t hash_of(enum question q)
{
    return hash_byte(0xcbf29ce484222325u, (char)q);
}

static uint64_t hash_without(struct ch_str name, size_t left_out)
{
    uint64_t hash = hash_str(hash_of(DELETION), ch_str_sub(name, 0, left_out));
    return hash_str(hash, ch_str_sub(name, left_out + 1, name.len));
}

static uint64_t hash_without_separators(struct ch_str name)
{
    uint64_t hash = hash_of(WITHOUT_SEPARATORS);
    for (size_t i = 0; i < name.len; i++) {
        hash = name.ptr[i] == '-' ? hash : hash_byte(hash, name.ptr[i]);
    }
    return hash;
}

static uint64_t hash_shape(struct ch_str name)
{
    uint64_t hash = hash_of(SHAPE);
    for (size_t at = 0; at < name.len;) {
        hash = hash_byte(hash, ch_likeness_shape(name, &at));
    }
    return hash;
}

/* The same for the same letters in any order: words that were put in another order have them. */
static uint64_t hash_letters(struct ch_str name)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < name.len; i++) {
        sum += hash_byte(hash_of(LETTERS), name.ptr[i]);
    }
    return sum;
}

typedef void hash_fn(void *arg, uint64_t hash);

static void each_hash(struct ch_str name, hash_fn *fn, void *arg)
{
    fn(arg, hash_without_separators(name));
    fn(arg, hash_shape(name));
    fn(arg, hash_str(hash_of(CORE), ch_likeness_core(name)));
    fn(arg, hash_str(hash_of(CORE), ch_likeness_wide_core(name)));
    fn(arg, hash_letters(name));
    fn(arg, hash_str(hash_of(DELETION), name));
    for (size_t i = 0; i < name.len; i++) {
        fn(arg, hash_without(name, i));
    }
}

static void add(void *arg, uint64_t hash)
{
    const uint32_t *known = arg;
    if (entry_count == entry_cap) {
        entry_cap = entry_cap == 0 ? 1 << 15 : entry_cap * 2;
        entries = ch_realloc_array(entries, entry_cap, sizeof(*entries));
    }
    entries[entry_count++] = (struct entry){hash, *known};
}

static int compare(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void make(void)
{
    for (uint32_t i = 0; i < ch_well_known_count; i++) {
        each_hash(ch_str_of(ch_well_known[i].name), add, &i);
    }
    qsort(entries, entry_count, sizeof(*entries), compare);
}

struct lookup {
    ch_likeness_candidate_fn *candidate;
    void *arg;
};

static void look_up(void *arg, uint64_t hash)
{
    const struct lookup *l = arg;
    size_t low = 0;
    size_t high = entry_count;
    while (low < high) { /* the first that is not less */
        size_t middle = low + (high - low) / 2;
        if (entries[middle].hash < hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    for (; low < entry_count && entries[low].hash == hash; low++) {
        l->candidate(l->arg, &ch_well_known[entries[low].known]);
    }
}

void ch_likeness_candidates(struct ch_str project, ch_likeness_candidate_fn *candidate, void *arg)
{
    struct lookup l = {candidate, arg};
    call_once(&made, make);
    each_hash(project, look_up, &l);
}
