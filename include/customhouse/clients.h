/* Which clients can take a file, as far as its name and what the index says it asks of them go: to
 * tell whether another version's file could stand in for one that is held. The words are those of
 * PyPI's tags (PEP 425, 600, 656, 730, 738), which alone have such files so far. */
#ifndef CUSTOMHOUSE_CLIENTS_H
#define CUSTOMHOUSE_CLIENTS_H

#include "customhouse/bytes.h"

struct ch_release;

#define CLIENTS_PYTHONS   8
#define CLIENTS_ABIS      4
#define CLIENTS_PLATFORMS 12
#define CLIENTS_POINTS    256

/* Versions of Python that clients have (from 3.6 on) such that whatever the files of a page say of
 * any of them, they say of one of these: those that are named, their neighbours, and one of each
 * gap. */
struct client_points {
    uint32_t at[CLIENTS_POINTS]; /* major * 1000000 + minor * 1000 + micro */
    size_t count;
    bool full; /* there are more: nothing can be said by these */
};

struct client_set { /* of points */
    uint64_t bits[CLIENTS_POINTS / 64];
};

/* Clients that differ in the version of Python alone. */
struct client_kind {
    uint16_t implementation; /* 'c' << 8 | 'p'; zero: any */
    uint32_t from, to;       /* major * 1000 + minor */
    struct ch_str abi;       /* "t", "pypy310_pp73"; empty: CPython's usual one; "none": any */
    struct ch_str system;    /* "manylinux", "macosx", "win", as the tag begins; "any" */
    struct ch_str machine;   /* "x86_64", "arm64"; may be absent */
    uint32_t platform_from;  /* of glibc, musl or system: major * 1000 + minor */
};

struct clients {
    struct ch_str pythons[CLIENTS_PYTHONS], abis[CLIENTS_ABIS];
    size_t python_count, abi_count;
    struct client_kind platforms[CLIENTS_PLATFORMS]; /* of them system, machine, platform_from */
    size_t platform_count;
    bool all;  /* it has no tags: any client may try (a source distribution) */
    bool more; /* some tag was not read: others can take it too */
};

/* How an ecosystem's files say which clients can take them (ch_ecosystem.clients). All pure. */
struct ch_clients_ops {
    /* Slices borrow from the release's tags. */
    void (*of)(const struct ch_release *release, struct clients *ret);
    /* The `n`th of the kinds that can take it, from 0; false: there are no more. */
    bool (*kind)(const struct clients *c, size_t n, struct client_kind *ret);

    void (*points_begin)(struct client_points *p);
    void (*points_add)(struct client_points *p, const struct clients *c);
    /* False: it names versions that no point can stand for, so that it is not to be asked. */
    bool (*points_add_requirement)(struct client_points *p, struct ch_str requires_python);
    /* "3.12.1" of points[i] */
    void (*point_text)(const struct client_points *p, size_t i, char ret[16]);

    /* The points a kind has. */
    void (*points_of_kind)(const struct client_kind *kind, const struct client_points *p,
                           struct client_set *ret);
    /* Of those, adds where every client of `kind` can take `c`, as far as its tags say. */
    void (*taking)(const struct clients *c, const struct client_kind *kind,
                   const struct client_points *p, struct client_set *ret);
};

#endif
