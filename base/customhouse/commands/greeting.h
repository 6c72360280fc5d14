#ifndef BASE_CUSTOMHOUSE_GREETING_H
#define BASE_CUSTOMHOUSE_GREETING_H

struct supervisor;

/* Tells the terminal what a user has to type, and what an administrator may edit. */
void greet(const struct supervisor *sup);

#endif
