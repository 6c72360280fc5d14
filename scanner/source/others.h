/* What is kept of all files of an artifact for who calls one of another as Python starts. */
#ifndef CH_SCANNER_OTHERS_H
#define CH_SCANNER_OTHERS_H

#include "scanner/source/source_int.h"

struct ch_map;
struct others {
    void (*named)(void *arg, struct ch_str path, struct ch_str name,
                  enum ch_named_as as); /* or NULL */
    void *arg;
    struct ch_map *called; /* hashes of names that what runs as Python starts calls, ... */
    struct ch_map *had;    /* ... of functions and classes that it has, ... */
    struct ch_map *told;   /* ... and of what was said of it */
    bool tasks;            /* ch_source_brings */
    bool programs;         /* it has a package's __main__.py */
};
void others_init(struct others *o);
void others_done(struct others *o);
struct others *source_others(struct ch_source *s);

#endif
