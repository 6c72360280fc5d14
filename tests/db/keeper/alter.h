/* Rows of a house's database, altered by somebody who can write it. */
#ifndef ALTER_H
#define ALTER_H

#include "house.h"

/* Beside the keeper, or without one: statements, without the triggers that keep facts, which are
 * there again afterwards. */
void house_alter(struct house *h, const char *what);
/* What the service is after it was stopped, altered and started: all is judged again before anybody
 * asks. */
void house_restart_altered(struct house *h, const char *what);

#endif
