/* The effects of functions of libraries, in short: for the tables of effects_python.c and
 * effects_library.c. */
#ifndef CH_SCANNER_EFFECTS_H
#define CH_SCANNER_EFFECTS_H

#include "scanner/source/source_int.h"

enum {
    NET = EFFECT_NETWORK,
    GET = EFFECT_FETCH | EFFECT_NETWORK,
    POST = EFFECT_FETCH | EFFECT_SEND | EFFECT_NETWORK,
    SEND = EFFECT_SEND | EFFECT_NETWORK,
    SAVE = EFFECT_SAVE | EFFECT_NETWORK,
    PROC = EFFECT_PROCESS,
    DECODE = EFFECT_DECODE,
    SAME = EFFECT_SAME,
    HOST = EFFECT_HOST,
    DYNAMIC = EFFECT_DYNAMIC,
    LOAD = EFFECT_LOAD,
    CALLBACK = EFFECT_CALLBACK,
    REACH = EFFECT_NETWORK | EFFECT_CONNECT,
    MOVE = EFFECT_MOVE,
    WRITE = EFFECT_WRITE,
    IMPORT = EFFECT_IMPORT,
    LOADER = EFFECT_LOADER,
    SUFFIX = EFFECT_SUFFIX,
    RESOLVE = EFFECT_RESOLVE,
    LOOKUP = EFFECT_LOOKUP,
    FINDER = EFFECT_FINDER,
    SITE = EFFECT_SITE,
    KEYS = EFFECT_KEYS,
    CLIPBOARD = EFFECT_CLIPBOARD,
    QUIET = EFFECT_QUIET,
};

/* Dotted names; "()" is what a call gives; ".name" is a method of whatever. Sorted. */
struct effect_row {
    const char *name;
    uint32_t effects;
};
extern const struct effect_row effects_python[]; /* of the standard library */
extern const size_t effects_python_count;
extern const struct effect_row effects_library[]; /* of others */
extern const size_t effects_library_count;

#endif
