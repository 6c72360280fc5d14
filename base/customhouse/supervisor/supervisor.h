#ifndef BASE_CUSTOMHOUSE_SUPERVISOR_H
#define BASE_CUSTOMHOUSE_SUPERVISOR_H

#include "base/customhouse/site/site.h"

struct supervisor_options {
    const char *folder;
    const char *const *listens; /* NULL: the configuration's */
    size_t listen_count;
    const char *admin_listen; /* NULL: the configuration's; "none": no administrative interface */
    bool insecure_http;
};

/* Serves until SIGTERM or SIGINT; the exit status: 0 drained, 1 it could not go on, 2 usage or
 * configuration, or a process that could not start. */
int supervisor_run(const struct supervisor_options *options);

#endif
