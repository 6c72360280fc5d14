/* How every process but the supervisor begins: descriptor 3 is the channel to the supervisor. The
 * first message is SETUP; then the process confines itself, proves it (self-test), and says READY.
 *
 *     int main(void) { struct ch_child child; ... ch_child_start(CH_ROLE_FETCHER, &child, &err) ... }
 */
#ifndef CUSTOMHOUSE_CHILD_H
#define CUSTOMHOUSE_CHILD_H

#include "customhouse/channel.h"
#include "customhouse/config.h"
#include "customhouse/message.h"
#include "customhouse/shared.h"

#define CH_SUPERVISOR_FD 3

struct ch_child {
    struct ch_loop *loop;
    struct ch_channel *supervisor;
    struct ch_buf setup_payload; /* keeps the slices of `setup` alive */
    struct ch_setup setup;
    struct ch_config *config;
    struct ch_epoch_page *epoch; /* read-only but in the keeper */
    void *metrics;               /* CH_METRICS_SLOTS slots; read-only but in gateways */
    int access_log_fd;           /* gateway and admin, else -1 */
    int listener_fds[CH_SETUP_MAX_LISTENERS];
    /* The site's rules (scanner-second), else -1: from the start, and during on_prepare. Closed by
     * ch_child_done or when on_prepare returns. */
    int rules_fd;
    /* filled by the process before ch_child_run */
    void *owner;
    void (*on_peer)(void *owner, enum ch_role role, uint32_t instance, int fd); /* takes fd */
    /* A reload in two steps, so that all processes take it or none does. on_prepare does all that
     * can fail and puts nothing in force; then comes on_commit with the same texts, which cannot
     * fail, or on_abort, which drops what was prepared. on_abort comes also without on_prepare, or
     * after one that failed; `why` is absent when newer texts are tried instead. NULL: nothing is
     * there to do. */
    enum ch_code (*on_prepare)(void *owner, const struct ch_setup *texts, struct ch_err *err);
    void (*on_commit)(void *owner, const struct ch_setup *texts);
    void (*on_abort)(void *owner, struct ch_str why);
    void (*on_drain)(void *owner); /* finish and call ch_loop_stop */
    void (*on_control)(void *owner, const struct ch_control *control, int fd); /* keeper; takes fd */
    void (*on_status)(void *owner, struct ch_str text);                        /* keeper */
    /* of base/process/child.c */
    bool prepared;                /* on_prepare took what `reload_texts` says */
    struct ch_buf reload_payload; /* keeps the slices of `reload_texts` alive */
    struct ch_setup reload_texts;
    bool draining;
    struct ch_timer lost; /* without a keeper for so long that another channel is asked for */
    struct ch_err ended;  /* why the supervisor's channel ended */
};

/* Reads SETUP (blocking), parses the configuration, takes the descriptors, sets up the loop, and
 * opens the supervisor channel. The caller then does what needs more rights than it will keep (loads
 * certificates, rules), and calls ch_child_confine. */
enum ch_code ch_child_start(enum ch_role role, struct ch_child *child, struct ch_err *err) CH_MUST_CHECK;

/* Drops to what the confinement table gives the role (uid, namespaces, Landlock, seccomp, rlimits),
 * and runs the self-test. Any forbidden thing that succeeds is CH_E_DENIED. */
enum ch_code ch_child_confine(struct ch_child *child, struct ch_err *err) CH_MUST_CHECK;

/* Says READY, and runs the loop until drained or the supervisor is gone. What can fail at start-up
 * (an unreadable database) comes before it. */
enum ch_code ch_child_run(struct ch_child *child, struct ch_err *err) CH_MUST_CHECK;
/* The channel to the keeper has ended, whichever side ended it. Where no other comes by itself, as
 * from a keeper that starts again, the supervisor is asked for one: both processes may well live on
 * (more was queued than a channel takes, a message was not understood). */
void ch_child_lost_keeper(struct ch_child *child);
void ch_child_done(struct ch_child *child);

#endif
