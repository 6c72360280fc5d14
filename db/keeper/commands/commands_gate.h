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
    bool discarded[IMAGE_MANIFESTS_MAX]; /* of image.manifests */
    char kept[256]; /* why it was not discarded, although that was asked for; "": it was, or was not
                       asked for */
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

/* --- commands_gate_discard.c --- */

/* Whether who asks may have images of this repository discarded; any, where none can be. */
enum ch_code gate_may_discard(struct command *c, const struct ch_repository *r,
                              struct ch_err *err) CH_MUST_CHECK;
/* What is denied of each image that was pushed here goes from its repository: what is held, not
 * known, mirrored or passed stays. */
void gate_discard(struct command *c, struct gated *list, size_t count);
/* Those pages answer so from now on; after all was said of them. */
void gate_discarded(struct command *c, const struct gated *list, size_t count);

/* --- commands_gate_show.c --- */

/* All of it as one line of JSON, as people read it, or both, as the command asks. */
void gate_show(struct command *c, const struct gated *list, size_t count);

#endif
