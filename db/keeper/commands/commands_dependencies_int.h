/* Between commands_dependencies.c, commands_dependencies_same.c and commands_dependencies_show.c. */
#ifndef KEEPER_COMMANDS_DEPENDENCIES_INT_H
#define KEEPER_COMMANDS_DEPENDENCIES_INT_H

#include "commands_dependencies.h"

#include "customhouse/map.h"
#include "db/keeper/policies/want.h"

struct dependency {
    char *fact; /* what `said` borrows from */
    struct ch_dependency said;
    enum want_state state;       /* PASSES, HELD, DENIED, MISSING or UNKNOWN */
    char version[160];           /* PASSES: one that can be had; HELD, DENIED: the one told of */
    struct ch_decision decision; /* HELD, DENIED: on that one */
    bool liftable;               /* HELD: an approval can let it pass */
    char text[600];              /* MISSING, UNKNOWN: why */
    size_t last_file;            /* number plus one of the last file that asks for it */
};

struct asking { /* a file that was read, and what it asks for */
    char *file_name;
    struct dependency **list;
    size_t count, room;
};

struct dependencies {
    struct command *c;
    const struct ch_ecosystem *eco;
    char repository[256];
    char project[256]; /* whose files they are */
    char extras[256];
    struct ch_map *by_fact, *by_key; /* as written; dependency_put_key */
    struct dependency **list;
    size_t count, room;
    bool more; /* than are looked up */
    struct asking *files;
    size_t file_count, file_room;
    size_t gathered;        /* files of the page that were looked at */
    struct ch_sha256 shown; /* metadata that a jail reads, or read last */
    size_t at;              /* the next one to look up */
    bool told;              /* that it takes a while */
    bool ask;               /* upstreams, */
    uint64_t until_ms;      /* until then */
    struct ch_timer timer;
};

/* --- commands_dependencies_same.c --- */
/* Equal for what asks for the same. */
void dependency_put_key(const struct ch_dependency *said, struct ch_buf *b);

#endif
