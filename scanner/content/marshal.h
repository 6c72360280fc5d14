/* The code objects of compiled Python, read without running anything: CPython 3.6 to 3.15.
 *
 * Spec: CPython's Python/marshal.c and Lib/importlib/_bootstrap_external.py of those versions, PEP 552.
 * Only what a compiler writes is accepted: a code object whose constants are None, booleans, numbers,
 * texts, bytes, tuples, frozen sets, slices, "..." and code. */
#ifndef CH_CONTENT_MARSHAL_H
#define CH_CONTENT_MARSHAL_H

#include "customhouse/bytes.h"

struct pyc_header {
    unsigned minor;     /* of Python 3.minor; 0: not one that is read */
    bool hashed;        /* the source's hash follows, else its time and size */
    uint64_t hash;      /* of the source */
    uint32_t magic;     /* the key of that hash */
    uint32_t size_bytes; /* of the source, modulo 2^32 */
    size_t bytes;       /* of the header */
};
/* False when it is shorter than a header. */
bool pyc_header_read(struct ch_str pyc, struct pyc_header *ret);
/* PEP 552's hash of a source: keyed SipHash, 1-3 since Python 3.11, before 2-4. */
uint64_t pyc_source_hash(struct ch_str source, uint32_t key, unsigned minor);

struct marshal_sink {
    void (*name)(void *arg, struct ch_str name);               /* names of all kinds, UTF-8 */
    void (*text)(void *arg, struct ch_str text, bool is_bytes); /* constants */
    void *arg;
};
/* Reads one code object, which must be all there is. NULL, or what is wrong with it. */
const char *marshal_read_code(struct ch_str bytes, unsigned minor, const struct marshal_sink *sink);

#endif
