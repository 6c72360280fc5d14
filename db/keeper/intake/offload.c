/* What takes long, off the loop: hashing and syncing 4 GiB must neither stall decisions nor end the
 * lease, nor must a page of several hundred MB. Two threads, created after confinement and so under
 * it. One does nothing but ch_blobs_publish and ch_alias_of_fd, which work on descriptors opened
 * once and have no state of their own; everything else of the blob store is the loop's. The other
 * works on pages: functions that have no state but what they were given. Queues and results are
 * passed under one lock, an eventfd wakes the loop. */
#include "db/keeper/keeper_int.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct work {
    struct work *next;
    uint64_t job;           /* to publish, or */
    int fd;                 /* to compute the alias of */
    enum ch_hash_kind kind; /* NONE: to publish */
    void (*run)(void *ctx); /* or to run, on the other thread */
    offload_done_fn *done;
    void *ctx;
    struct published result;
};

enum { BLOBS = 0, PAGES, THREADS };

struct lane { /* a thread and what waits for it */
    struct offload *o;
    pthread_t thread;
    bool started;
    pthread_cond_t more;
    struct work *queue, **queue_end; /* under lock */
};

struct offload {
    struct keeper *k;
    struct ch_blobs *blobs;
    pthread_mutex_t lock;
    struct lane lane[THREADS];
    struct work *results; /* under lock */
    bool stop;            /* under lock */
    size_t under_way;     /* the loop's: queued, running, or not yet told */
    struct ch_watch wake;
};

/* The next work, or NULL when it is time to end: what is queued then is left. */
static struct work *take(struct lane *l)
{
    struct offload *o = l->o;
    pthread_mutex_lock(&o->lock);
    while (!o->stop && l->queue == NULL) {
        pthread_cond_wait(&l->more, &o->lock);
    }
    struct work *w = o->stop ? NULL : l->queue;
    if (w != NULL) {
        l->queue = w->next;
        if (l->queue == NULL) {
            l->queue_end = &l->queue;
        }
    }
    pthread_mutex_unlock(&o->lock);
    return w;
}

static void *thread_main(void *arg)
{
    struct lane *l = arg;
    struct offload *o = l->o;
    struct work *w;
    while ((w = take(l)) != NULL) {
        struct published *r = &w->result;
        if (w->run != NULL) {
            w->run(w->ctx);
        } else {
            r->code = w->kind == CH_HASH_NONE
                          ? ch_blobs_publish(o->blobs, w->job, &r->sha256, &r->size_bytes, &r->err)
                          : ch_alias_of_fd(w->fd, w->kind, &r->alias, &r->err);
        }
        pthread_mutex_lock(&o->lock);
        w->next = o->results;
        o->results = w;
        pthread_mutex_unlock(&o->lock);
        uint64_t one = 1;
        /* It cannot fill up: the loop empties the counter, and adds of one do not reach 2^64. */
        CH_ASSERT(write(o->wake.fd, &one, sizeof(one)) == sizeof(one));
    }
    return NULL;
}

static void on_wake(struct ch_watch *watch, uint32_t events)
{
    struct offload *o = CH_CONTAINER_OF(watch, struct offload, wake);
    uint64_t count;
    (void)events;
    CH_IGNORE(read(watch->fd, &count, sizeof(count)) < 0); /* EAGAIN: told already */
    pthread_mutex_lock(&o->lock);
    struct work *w = o->results;
    o->results = NULL;
    pthread_mutex_unlock(&o->lock);
    while (w != NULL) {
        struct work *next = w->next;
        o->under_way--;
        w->done(w->ctx, &w->result);
        free(w);
        w = next;
    }
    if (o->k->draining && o->under_way == 0) {
        keeper_drained(o->k);
    }
}

static void end_threads(struct offload *o)
{
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    for (size_t i = 0; i < THREADS; i++) {
        pthread_cond_signal(&o->lane[i].more);
    }
    pthread_mutex_unlock(&o->lock);
    for (size_t i = 0; i < THREADS; i++) {
        if (o->lane[i].started) {
            pthread_join(o->lane[i].thread, NULL);
        }
    }
}

static enum ch_code start_threads(struct offload *o, struct ch_err *err)
{
    sigset_t all, before;
    int failed = 0;
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (size_t i = 0; i < THREADS && failed == 0; i++) {
        struct lane *l = &o->lane[i];
        l->o = o;
        l->queue_end = &l->queue;
        failed = pthread_create(&l->thread, NULL, thread_main, l);
        l->started = failed == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed == 0 ? CH_OK : ch_fail_errno(err, failed, "a thread");
}

enum ch_code offload_start(struct keeper *k, struct ch_err *err)
{
    struct offload *o = ch_calloc(1, sizeof(*o));
    o->k = k;
    o->blobs = k->blobs;
    o->wake.fn = on_wake;
    o->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (o->wake.fd < 0) {
        free(o);
        return ch_fail_errno(err, errno, "eventfd");
    }
    CH_ASSERT(pthread_mutex_init(&o->lock, NULL) == 0);
    for (size_t i = 0; i < THREADS; i++) {
        CH_ASSERT(pthread_cond_init(&o->lane[i].more, NULL) == 0);
    }
    enum ch_code rc = ch_loop_watch(k->child.loop, &o->wake, EPOLLIN, err);
    if (rc == CH_OK && (rc = start_threads(o, err)) != CH_OK) {
        end_threads(o);
        ch_loop_unwatch(k->child.loop, &o->wake);
    }
    if (rc != CH_OK) {
        close(o->wake.fd);
        free(o);
        return rc;
    }
    k->offload = o;
    return CH_OK;
}

static void give(struct offload *o, const struct work *work)
{
    struct work *w = ch_calloc(1, sizeof(*w));
    struct lane *l = &o->lane[work->run != NULL ? PAGES : BLOBS];
    *w = *work;
    o->under_way++;
    pthread_mutex_lock(&o->lock);
    *l->queue_end = w;
    l->queue_end = &w->next;
    pthread_cond_signal(&l->more);
    pthread_mutex_unlock(&o->lock);
}

void offload_run(struct keeper *k, void (*run)(void *ctx), offload_done_fn *done, void *ctx)
{
    give(k->offload, &(struct work){.run = run, .fd = -1, .done = done, .ctx = ctx});
}

void offload_publish(struct keeper *k, uint64_t job, offload_done_fn *done, void *ctx)
{
    give(k->offload, &(struct work){.job = job, .fd = -1, .done = done, .ctx = ctx});
}

void offload_alias(struct keeper *k, int fd, enum ch_hash_kind kind, offload_done_fn *done,
                   void *ctx)
{
    give(k->offload, &(struct work){.fd = fd, .kind = kind, .done = done, .ctx = ctx});
}

struct waited {
    void (*run)(void *ctx);
    void *ctx;
};

static void *waited_main(void *arg)
{
    struct waited *w = arg;
    w->run(w->ctx);
    return NULL;
}

#define LEASES_KEPT_S 15 /* what takes longer hangs, and then nothing old may live on (T11) */

/* On a thread of its own: the others may have something else to do first. */
void offload_wait(struct keeper *k, void (*run)(void *ctx), void *ctx)
{
    struct waited w = {run, ctx};
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, NULL, waited_main, &w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed != 0) {
        run(ctx);
        return;
    }
    for (unsigned waited_s = 0;; waited_s++) {
        struct timespec until;
        if (waited_s < LEASES_KEPT_S) {
            keeper_keep_lease(k);
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) != ETIMEDOUT) {
            return;
        }
    }
}

bool offload_busy(const struct keeper *k)
{
    return k->offload != NULL && k->offload->under_way > 0;
}

static void free_list(struct work *w)
{
    while (w != NULL) {
        struct work *next = w->next;
        free(w);
        w = next;
    }
}

void offload_stop(struct keeper *k)
{
    struct offload *o = k->offload;
    if (o == NULL) {
        return;
    }
    end_threads(o);
    ch_loop_unwatch(k->child.loop, &o->wake);
    close(o->wake.fd);
    free_list(o->results);
    for (size_t i = 0; i < THREADS; i++) {
        free_list(o->lane[i].queue);
        pthread_cond_destroy(&o->lane[i].more);
    }
    pthread_mutex_destroy(&o->lock);
    free(o);
    k->offload = NULL;
}
