/* A scanner's warm parent: one forked child per job, at most `scan_parallel` inspections and as many
 * other jobs at once, the rest in a queue for each of both.
 *
 *     submit ─▶ queued ─▶ running ─▶ scanned        running ends by exit, signal, or the wall clock
 *
 * It reads nothing that a job wrote but the last words in its pipe; the answer is the keeper's. */
#ifndef CH_SCANNER_WORKER_H
#define CH_SCANNER_WORKER_H

#include "customhouse/loop.h"
#include "customhouse/message.h"

struct ch_worker;

/* Called once per submitted job; `m` is borrowed. */
typedef void ch_worker_scanned_fn(void *owner, const struct ch_scanned *m);

struct ch_worker_options {
    struct ch_loop *loop;
    enum ch_role role;
    enum ch_code (*confine)(enum ch_role role, struct ch_err *err); /* as in struct ch_job */
    struct ch_sha256 (*ruleset)(void); /* in force now, for struct ch_scanned; NULL: none */
    void *owner;
    ch_worker_scanned_fn *on_scanned;
};

struct ch_worker *ch_worker_new(const struct ch_worker_options *options);
/* Kills what runs and waits for it, drops the queue; nothing is reported any more. Accepts NULL. */
void ch_worker_free(struct ch_worker *w);

/* Takes a job as in CH_MSG_SCAN; both descriptors are owned from now on. CH_E_FORMAT: no job in the
 * payload (a broken channel). A job that cannot be started is reported as failed. */
enum ch_code ch_worker_submit(struct ch_worker *w, struct ch_str payload, int input_fd,
                              int output_fd, struct ch_err *err) CH_MUST_CHECK;

size_t ch_worker_running(const struct ch_worker *w);
size_t ch_worker_queued(const struct ch_worker *w);

#endif
