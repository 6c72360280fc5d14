/* Which clients can take a file, as far as its tags say: to tell whether another version's file could
 * stand in for one that is held. Pure. */
#ifndef KEEPER_CLIENTS_H
#define KEEPER_CLIENTS_H

#include "customhouse/ecosystem.h"

#define CLIENTS_PYTHONS   8
#define CLIENTS_PLATFORMS 12

/* Interpreters [from, to] of one implementation; zero implementation: any. */
struct client_pythons {
    uint16_t implementation; /* 'c' << 8 | 'p' */
    uint32_t from, to;       /* major * 1000 + minor */
};

struct clients {
    bool all; /* it has no tags: any client may try (a source distribution) */
    bool any_platform;
    struct client_pythons pythons[CLIENTS_PYTHONS];
    size_t python_count;
    struct ch_str system[CLIENTS_PLATFORMS];  /* "linux", "macosx", "win", as the tag begins */
    struct ch_str machine[CLIENTS_PLATFORMS]; /* "x86_64", "arm64", "universal2"; may be absent */
    size_t platform_count;
};

void clients_of(const struct ch_release *release, struct clients *ret);
/* Whether some client that can take `held` can take `other`. What versions of glibc or macOS a tag
 * asks for is not compared: between releases they rise all the time, and most clients have them. */
bool clients_overlap(const struct clients *held, const struct clients *other);

#endif
