/* gate: whether images may run in an environment, for pipelines. */
#ifndef KEEPER_COMMANDS_GATE_H
#define KEEPER_COMMANDS_GATE_H

#include "commands_int.h"
#include "db/keeper/images/image.h"

/* One word of the command. */
struct gated {
    struct ch_str word;
    struct image_name name;
    struct image image; /* repository NULL: its name leads nowhere, and image.reason says why */
    bool passed;
};

/* What goes on while it waits (struct command.gate). */
struct gate {
    struct command *c;
    struct ch_timer timer;
    uint64_t until_ms;     /* of --wait; 0: it does not wait */
    bool over_budget;      /* of who asks: something was not begun for that, or waits */
    uint64_t log_until_ms; /* 0: no decision has been missing in the log yet */
};
void gate_free(struct gate *g); /* accepts NULL */

/* --- commands_gate_show.c --- */

/* All of it as one line of JSON, as people read it, or both, as the command asks. */
void gate_show(struct command *c, const struct gated *list, size_t count);

#endif
