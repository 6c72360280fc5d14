/* What tests of confinement share: a folder like a state folder, and children that confine
 * themselves. */
#ifndef CH_TEST_CONFINED_H
#define CH_TEST_CONFINED_H

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/process/confine_int.h"
#include "tests/ch_test.h"

#define TEST_UID 61291u

extern char state_dir[128];
int set_up(void **state);
int tear_down(void **state);

/* In a child cmocka's assertions are of no use: the line goes to stderr, the exit status says it.
 */
#define CHECK(cond)                                                                                \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            dprintf(STDERR_FILENO, "%s:%d: %s (errno %d)\n", __func__, __LINE__, #cond, errno);    \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

struct ch_confine_options options_of(enum ch_role role, enum ch_confine_stage stage);
void confine_as(enum ch_role role, enum ch_confine_stage stage); /* or ends the child */
/* Runs fn in a child; returns its wait status. */
int in_child(void (*fn)(void));
void passes(void (*fn)(void));

#endif
