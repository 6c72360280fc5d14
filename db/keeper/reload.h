/* Another policy and configuration, in two steps (child.h): what all processes can work with is put
 * in force, else nothing is. */
#ifndef KEEPER_RELOAD_H
#define KEEPER_RELOAD_H

#include "keeper_int.h"

void reload_init(struct keeper *k); /* takes the configuration of the start as that in force */
void reload_free(struct keeper *k);

#endif
