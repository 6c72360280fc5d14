/* A house whose people are named by commands, and a store that can refuse what they do: link with
 * --wrap=ch_store_commit and --wrap=ch_store_add_log. */
#ifndef PEOPLE_HOUSE_H
#define PEOPLE_HOUSE_H

#include "house.h"

extern struct ch_err err;
extern struct house *h;
extern struct ch_buf out; /* of the last command */
extern bool fail_commits;
extern int fail_log_after; /* so many more entries are taken; < 0: all */

int setup(void **state);
int teardown(void **state);
bool says(const char *text);
/* As whoever has the uid; 1000: the server's own user. */
void runs_as(uint32_t uid, uint32_t status, const char *line, const char *text);
void runs(uint32_t status, const char *line, const char *text);
/* alice approves (uid 2001), oscar operates (2002), bob is in no group (2003). */
void add_all(void);

#endif
