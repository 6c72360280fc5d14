/* Appending to the log's files, on a thread: a sync of the disk must not stall decisions. It does
 * nothing else, and has the log's files to itself; entries come and progress goes under one lock,
 * an eventfd wakes the loop. What could not be written is tried again each second. */
#include "audit_int.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/log/append.h"

#define RETRY_S 1

struct audit_thread {
    char *folder;
    const struct ch_note_signer *signer;
    pthread_t thread;
    int wake_fd;
    pthread_mutex_t lock;
    pthread_cond_t more;
    /* under lock */
    struct ch_buf queue;
    uint64_t queue_from;
    size_t in_hand;
    bool stop;
    struct audit_progress progress;
    /* the thread's own */
    struct ch_log *log;
    struct ch_buf todo;
    uint64_t todo_from;
};

/* ------------------------------------------------------------------ the thread */

static enum ch_code open_log(struct audit_thread *t, struct ch_err *err)
{
    struct ch_str rest = ch_buf_str(&t->todo), genesis;
    enum ch_code rc = ch_log_open(t->folder, t->signer, &t->log, err);
    if (rc != CH_E_NOT_FOUND || t->todo_from != 0 || !ch_bundle_next(&rest, &genesis)) {
        return rc;
    }
    rc = ch_log_create(t->folder, t->signer, genesis, err);
    return rc == CH_OK ? ch_log_open(t->folder, t->signer, &t->log, err) : rc;
}

/* Entries of an append that failed, or of a run that died, may be in the log: then as the same
 * bytes. */
static enum ch_code pass_over(struct audit_thread *t, struct ch_str *rest, struct ch_err *err)
{
    struct ch_log_files files;
    struct ch_buf there;
    ch_buf_init(&there, CH_ENTRY_MAX);
    enum ch_code rc = ch_log_files_open(t->folder, false, &files, err);
    for (uint64_t i = t->todo_from; rc == CH_OK && i < ch_log_size(t->log); i++) {
        struct ch_str entry;
        ch_buf_clear(&there);
        if (!ch_bundle_next(rest, &entry)) {
            rc = ch_fail(err, CH_E_MISMATCH, "%s: has %llu entries, the store has %llu", t->folder,
                         (unsigned long long)ch_log_size(t->log), (unsigned long long)i);
        } else if ((rc = ch_log_read_entry(&files, i, &there, err)) == CH_OK &&
                   !ch_str_eq(ch_buf_str(&there), entry)) {
            rc = ch_fail(err, CH_E_MISMATCH, "%s: entry %llu is another one than the store's",
                         t->folder, (unsigned long long)i);
        }
    }
    ch_log_files_close(&files);
    ch_buf_done(&there);
    return rc;
}

static enum ch_code write_todo(struct audit_thread *t, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    struct ch_str rest = ch_buf_str(&t->todo);
    if (t->log == NULL) {
        rc = open_log(t, err);
    }
    if (rc == CH_OK && ch_log_size(t->log) < t->todo_from) {
        rc = ch_fail(err, CH_E_MISMATCH, "%s: has %llu entries, but %llu were written", t->folder,
                     (unsigned long long)ch_log_size(t->log), (unsigned long long)t->todo_from);
    }
    if (rc == CH_OK && ch_log_size(t->log) > t->todo_from) {
        rc = pass_over(t, &rest, err);
    }
    rc = rc == CH_OK && rest.len > 0 ? ch_log_append(t->log, rest, err) : rc;
    if (rc == CH_OK) {
        t->todo_from = ch_log_size(t->log);
        ch_buf_clear(&t->todo);
    } else {
        ch_log_close(t->log);
        t->log = NULL;
    }
    return rc;
}

/* Waits for entries; after a failure no longer than until the next try. False: it is time to end.
 */
static bool take(struct audit_thread *t)
{
    struct timespec until;
    pthread_mutex_lock(&t->lock);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += RETRY_S;
    while (!t->stop && t->queue.len == 0) {
        if (t->todo.len == 0) {
            pthread_cond_wait(&t->more, &t->lock);
        } else if (pthread_cond_timedwait(&t->more, &t->lock, &until) == ETIMEDOUT) {
            break;
        }
    }
    if (t->queue.len > 0) {
        if (t->todo.len == 0) {
            t->todo_from = t->queue_from;
        }
        ch_buf_puts(&t->todo, ch_buf_str(&t->queue));
        ch_buf_clear(&t->queue);
    }
    t->in_hand = t->todo.len;
    bool go_on = !t->stop;
    pthread_mutex_unlock(&t->lock);
    return go_on;
}

static void tell(struct audit_thread *t, enum ch_code rc, const struct ch_err *err)
{
    uint64_t one = 1;
    pthread_mutex_lock(&t->lock);
    t->in_hand = t->todo.len;
    if (rc == CH_OK) {
        t->progress.written = t->todo_from;
    }
    snprintf(t->progress.trouble, sizeof(t->progress.trouble), "%s", rc == CH_OK ? "" : err->msg);
    pthread_mutex_unlock(&t->lock);
    /* It cannot fill up: the loop empties the counter, and adds of one do not reach 2^64. */
    CH_ASSERT(write(t->wake_fd, &one, sizeof(one)) == sizeof(one));
}

static void *thread_main(void *arg)
{
    struct audit_thread *t = arg;
    struct ch_err err;
    bool go_on;
    do {
        go_on = take(t);
        if (t->todo.len > 0) {
            tell(t, write_todo(t, &err), &err);
        }
    } while (go_on);
    ch_log_close(t->log);
    return NULL;
}

/* ------------------------------------------------------------------ the loop's side */

static void thread_free(struct audit_thread *t)
{
    if (t->wake_fd >= 0) {
        close(t->wake_fd);
    }
    pthread_cond_destroy(&t->more);
    pthread_mutex_destroy(&t->lock);
    ch_buf_done(&t->queue);
    ch_buf_done(&t->todo);
    free(t->folder);
    free(t);
}

enum ch_code audit_thread_start(const char *folder, const struct ch_note_signer *signer,
                                uint64_t written, struct audit_thread **ret, int *ret_wake_fd,
                                struct ch_err *err)
{
    struct audit_thread *t = ch_calloc(1, sizeof(*t));
    sigset_t all, before;
    t->folder = ch_str_dup(ch_str_of(folder));
    t->signer = signer;
    t->progress.written = written;
    ch_buf_init(&t->queue, 2 * (size_t)ch_limits.log_batch_bytes);
    ch_buf_init(&t->todo, 2 * (size_t)ch_limits.log_batch_bytes);
    pthread_condattr_t monotonic;
    CH_ASSERT(pthread_condattr_init(&monotonic) == 0 &&
              pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&t->more, &monotonic) == 0 &&
              pthread_mutex_init(&t->lock, NULL) == 0);
    pthread_condattr_destroy(&monotonic);
    t->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (t->wake_fd < 0) {
        int errnum = errno;
        thread_free(t);
        return ch_fail_errno(err, errnum, "eventfd");
    }
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&t->thread, NULL, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        thread_free(t);
        return ch_fail_errno(err, failed, "the audit log's thread");
    }
    *ret = t;
    *ret_wake_fd = t->wake_fd;
    return CH_OK;
}

void audit_thread_append(struct audit_thread *t, uint64_t from, struct ch_str bundle)
{
    pthread_mutex_lock(&t->lock);
    if (t->queue.len == 0) {
        t->queue_from = from;
    }
    ch_buf_puts(&t->queue, bundle);
    CH_ASSERT(ch_buf_ok(&t->queue, NULL) == CH_OK); /* audit.c keeps within audit_thread_queued */
    pthread_cond_signal(&t->more);
    pthread_mutex_unlock(&t->lock);
}

size_t audit_thread_queued(struct audit_thread *t)
{
    pthread_mutex_lock(&t->lock);
    size_t bytes = t->queue.len + t->in_hand;
    pthread_mutex_unlock(&t->lock);
    return bytes;
}

void audit_thread_progress(struct audit_thread *t, struct audit_progress *ret)
{
    pthread_mutex_lock(&t->lock);
    *ret = t->progress;
    pthread_mutex_unlock(&t->lock);
}

void audit_thread_stop(struct audit_thread *t, struct audit_progress *ret)
{
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->more);
    pthread_mutex_unlock(&t->lock);
    pthread_join(t->thread, NULL);
    *ret = t->progress;
    thread_free(t);
}
