/* A user's lock file or requirements, as the keeper is asked about them. */
#ifndef BASE_CUSTOMHOUSE_POLICY_WANTS_H
#define BASE_CUSTOMHOUSE_POLICY_WANTS_H

#include "customhouse/bytes.h"

/* Appends what the file asks for as struct ch_policy_want after each other; "-r" and "-c" lines are
 * followed. Its format is told by its name, else by its content. Errors name file:line:column. */
enum ch_code policy_wants_read(const char *path, struct ch_buf *ret,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
