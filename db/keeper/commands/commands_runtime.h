/* runtime list: what clusters were told may run, and may not any more. */
#ifndef KEEPER_COMMANDS_RUNTIME_H
#define KEEPER_COMMANDS_RUNTIME_H

#include "commands_int.h"

/* What goes on while it waits (struct command.runtime). */
struct runtime;
void runtime_free(struct runtime *r); /* accepts NULL */

#endif
