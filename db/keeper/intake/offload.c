/* Publishing fetched files off the loop: hashing and syncing 4 GiB must neither stall decisions nor
 * end the lease. One thread, created after confinement and so under it, does nothing but
 * ch_blobs_publish and ch_alias_of_fd, which work on descriptors opened once and have no state of
 * their own; everything else of the blob store is the loop's. Queue and results are passed under
 * one lock, an eventfd wakes the loop. */
#include "db/keeper/keeper_int.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct work {
    struct work *next;
    uint64_t job;           /* to publish, or */
    int fd;                 /* to compute the alias of */
    enum ch_hash_kind kind; /* NONE: to publish */
    offload_done_fn *done;
    void *ctx;
    struct published result;
};

struct offload {
    struct keeper *k;
    struct ch_blobs *blobs;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct work *queue, **queue_end; /* under lock */
    struct work *results;            /* under lock */
    bool stop;                       /* under lock */
    size_t under_way;                /* the loop's: queued, running, or not yet told */
    struct ch_watch wake;
};

/* The next work, or NULL when it is time to end: what is queued then is left. */
static struct work *take(struct offload *o)
{
    pthread_mutex_lock(&o->lock);
    while (!o->stop && o->queue == NULL) {
        pthread_cond_wait(&o->more, &o->lock);
    }
    struct work *w = o->stop ? NULL : o->queue;
    if (w != NULL) {
        o->queue = w->next;
        if (o->queue == NULL) {
            o->queue_end = &o->queue;
        }
    }
    pthread_mutex_unlock(&o->lock);
    return w;
}

static void *thread_main(void *arg)
{
    struct offload *o = arg;
    struct work *w;
    while ((w = take(o)) != NULL) {
        struct published *r = &w->result;
        r->code = w->kind == CH_HASH_NONE
                      ? ch_blobs_publish(o->blobs, w->job, &r->sha256, &r->size_bytes, &r->err)
                      : ch_alias_of_fd(w->fd, w->kind, &r->alias, &r->err);
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

enum ch_code offload_start(struct keeper *k, struct ch_err *err)
{
    struct offload *o = ch_calloc(1, sizeof(*o));
    sigset_t all, before;
    o->k = k;
    o->blobs = k->blobs;
    o->queue_end = &o->queue;
    o->wake.fn = on_wake;
    o->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (o->wake.fd < 0) {
        free(o);
        return ch_fail_errno(err, errno, "eventfd");
    }
    enum ch_code rc = ch_loop_watch(k->child.loop, &o->wake, EPOLLIN, err);
    CH_ASSERT(pthread_mutex_init(&o->lock, NULL) == 0 && pthread_cond_init(&o->more, NULL) == 0);
    if (rc == CH_OK) {
        sigfillset(&all); /* signals are the loop's */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        int failed = pthread_create(&o->thread, NULL, thread_main, o);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (failed != 0) {
            ch_loop_unwatch(k->child.loop, &o->wake);
            rc = ch_fail_errno(err, failed, "the publishing thread");
        }
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
    *w = *work;
    o->under_way++;
    pthread_mutex_lock(&o->lock);
    *o->queue_end = w;
    o->queue_end = &w->next;
    pthread_cond_signal(&o->more);
    pthread_mutex_unlock(&o->lock);
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
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    pthread_cond_signal(&o->more);
    pthread_mutex_unlock(&o->lock);
    pthread_join(o->thread, NULL);
    ch_loop_unwatch(k->child.loop, &o->wake);
    close(o->wake.fd);
    free_list(o->queue);
    free_list(o->results);
    pthread_cond_destroy(&o->more);
    pthread_mutex_destroy(&o->lock);
    free(o);
    k->offload = NULL;
}
