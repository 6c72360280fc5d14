/* Names that were there before, by a keyed hash of 64 bits: 16 to 32 bytes for each, however long
 * it is. A name that was added is always found; one that was not is taken for another with a chance
 * of one in 10^7 for a page of a million, which then is no answer, and whoever reads it again has
 * another key. */
#ifndef SCANNER_CONDA_PAGE_NAMES_H
#define SCANNER_CONDA_PAGE_NAMES_H

#include "customhouse/bytes.h"
#include "customhouse/siphash.h"

struct ch_conda_names {
    struct ch_sip_key key;
    uint64_t *slots; /* 0: free */
    size_t cap;      /* a power of two */
    size_t count;
};

void ch_conda_names_init(struct ch_conda_names *n);
void ch_conda_names_done(struct ch_conda_names *n);
/* False: it was there before. */
bool ch_conda_names_add(struct ch_conda_names *n, struct ch_str name);

/* CEP 26: what a package may be called. Two underscores in front are a virtual package's (CEP 30),
 * which no channel has: one that had would fulfil what a held record asks for. */
bool ch_conda_name_ok(struct ch_str name);

#endif
