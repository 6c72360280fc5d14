/* A keeper's state with entries of many kinds, and what the auditor says of it. */
#ifndef AUDITOR_HOUSE_H
#define AUDITOR_HOUSE_H

#include "house.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define NEXT  "pkg-1.1-py3-none-any.whl"

extern struct ch_err err;
extern struct house *h;
extern char *said; /* by the last verification */

void until_written(void);
/* A file allowed, served and denied; one refused: an entry of each kind. */
int setup(void **state);
int teardown(void **state);
bool verify_with(struct ch_str vkey);
bool verify(void);
void assert_said(const char *text);

#endif
