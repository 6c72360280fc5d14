/* A process of ours that lives for one command: started and confined as `serve` does it, with the
 * command as its supervisor and its keeper. For what must not be done in the command's own process:
 * fetching, and parsing bytes from outside. */
#ifndef BASE_CUSTOMHOUSE_WORKER_H
#define BASE_CUSTOMHOUSE_WORKER_H

#include "customhouse/message.h"
#include "customhouse/spawn.h"

struct worker {
    enum ch_role role;
    struct ch_spawned spawned;
    int keeper; /* the channel on which we are its keeper; -1: none, or taken over */
};
#define WORKER_NONE ((struct worker){.spawned = {.pid = -1}, .keeper = -1})

/* `setup` says what it needs to know; role, instances and uid are filled in here. `rules_fd`: the
 * site's rules for scanner-second, -1: none. On failure, too, worker_stop comes after it. */
enum ch_code worker_start(struct worker *w, enum ch_role role, uint32_t uid,
                          const struct ch_setup *setup, int rules_fd,
                          struct ch_err *err) CH_MUST_CHECK;
void worker_stop(struct worker *w); /* kills it, and waits until it is gone; accepts WORKER_NONE */

/* Sends a message as its keeper, and waits for the answer of the wanted type: its payload is in `b`
 * (which had the message). Announcements are passed over. */
enum ch_code worker_ask(struct worker *w, uint16_t type, struct ch_buf *b, const int *fds,
                        size_t fd_count, uint16_t wanted, uint64_t deadline_ms,
                        struct ch_err *err) CH_MUST_CHECK;

/* Sends a message as its supervisor, and waits for the answer of the wanted type, likewise. */
enum ch_code worker_command(struct worker *w, uint16_t type, struct ch_buf *b, const int *fds,
                            size_t fd_count, uint16_t wanted, uint64_t deadline_ms,
                            struct ch_err *err) CH_MUST_CHECK;

/* A memory file for a document or an answer, and its end: no byte of it can change any more, or a
 * jail could be shown something else than it was given. */
enum ch_code worker_memory(const char *name, int *ret_fd, struct ch_err *err) CH_MUST_CHECK;
enum ch_code worker_seal(int fd, struct ch_err *err) CH_MUST_CHECK;

#endif
