/* What a release asks to be installed with it, and whether any of it can be had: nobody is served
 * by a release whose requirement is held. It is told, and nothing of it is approved (T8). */
#ifndef KEEPER_COMMANDS_DEPENDENCIES_H
#define KEEPER_COMMANDS_DEPENDENCIES_H

#include "commands_int.h"

/* Gathers what the files of the page that `what` names ask for, as far as they were inspected or
 * their metadata were shown, and looks at what there is of it: up to `dependencies` (limits.h),
 * once per command. `ask`: upstreams are asked for pages that are not known or not fresh, for
 * `dependencies_wait_ms` in all; else what is known counts. False: the command waits, and is run
 * again. */
bool command_find_dependencies(struct command *c, struct page *p, const struct what *what, bool ask,
                               enum step *ret_step);
/* Lines about those of which nothing can be had, and a command line for each that a person could
 * approve; in a list for programs nothing. */
void command_tell_dependencies(struct command *c);
/* `"dependencies":[...]` of one file; nothing where it was not read. */
void command_json_dependencies(struct command *c, struct ch_buf *b, struct ch_str file_name);
void dependencies_free(struct dependencies *d); /* accepts NULL */

#endif
