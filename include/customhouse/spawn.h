/* Starting one of our other executables: found beside this one, its channel on descriptor 3,
 * everything else closed, an environment of our own, in namespaces where the host permits them.
 *
 * As root, the new process starts as root of a user namespace that knows only root and the uid and
 * gids it is to become; it gives root up itself, once it has read what only root may read
 * (ch_confine). Not as root, it keeps the uid and is alone with it in its user namespace. */
#ifndef CUSTOMHOUSE_SPAWN_H
#define CUSTOMHOUSE_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "customhouse/err.h"
#include "customhouse/role.h"

struct ch_spawn_options {
    enum ch_role role;
    bool network;                  /* keeps the host's network (fetcher) */
    uint32_t uid, gid, served_gid; /* known to its user namespace; 0: this process's own */
    const char *folder;            /* of the executables; NULL: beside /proc/self/exe */
    /* Shown to the process at CH_SPAWN_STATE instead: for a state folder whose way there is closed
     * to the uid it becomes. NULL: not needed. */
    const char *state_dir;
};

#define CH_SPAWN_STATE "/mnt" /* exists everywhere (FHS); covered in the new process's view only   \
                               */

struct ch_spawned {
    pid_t pid;
    int pidfd;           /* readable when it ends; close() */
    int channel;         /* our end; close() */
    char namespaces[64]; /* "user net pid ipc uts", or "none" */
};

enum ch_code ch_spawn(const struct ch_spawn_options *options, struct ch_spawned *ret,
                      struct ch_err *err) CH_MUST_CHECK;

/* The folder this program lies in, for others to be found there. free(). */
enum ch_code ch_spawn_folder(char **ret_folder, struct ch_err *err) CH_MUST_CHECK;

#endif
