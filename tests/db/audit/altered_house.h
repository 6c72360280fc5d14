/* A keeper's state with a row of each table, whose database can be altered and put back. */
#ifndef ALTERED_HOUSE_H
#define ALTERED_HOUSE_H

#include "house.h"

#include <sqlite3.h>

extern struct ch_err err;
extern struct house *h; /* its keeper has ended */
extern char *said;      /* by the last verification */

int setup(void **state);
int teardown(void **state);
bool verify(void);
sqlite3 *open_db(void);
bool alter(const char *text); /* whether the statement did something */
void restore(void);

#endif
