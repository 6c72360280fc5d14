/* One approval under way, and what is told of it. */
#ifndef KEEPER_COMMANDS_APPROVE_H
#define KEEPER_COMMANDS_APPROVE_H

#include "commands_int.h"

struct approving {
    struct command *c;
    const struct what *what;
    struct page *page; /* NULL: a range */
    struct ch_str reason;
    const struct exception
        *standing; /* in force, about the same, and to no other end; NULL: none */
    struct approval a;
    bool critical;
    size_t findings; /* that it would let pass */
    struct command_needed needed;
};

/* One file's part of the answer: with findings, also where nothing is approved. */
void approve_tell_inspected(struct command *c, struct page *p, size_t file);
/* Ends it where nothing was; `exception` 0: none is asked for either. */
void approve_tell_nothing(struct command *c, uint64_t exception);
void approve_open_list(struct command *c);
void approve_close_list(struct command *c);
bool approve_is_named(struct approving *g, size_t file);
/* All that is named, of which nothing is approved. */
void approve_tell_all(struct approving *g, uint64_t exception);
/* What g->a has put in force. The decisions by it are made durable, and told once the log has them
 * under a checkpoint, or with why it has not: they are effective no sooner (T4). */
enum step approve_tell_in_force(struct approving *g);
enum step approve_tell_waiting(struct approving *g);

#endif
