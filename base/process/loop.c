#include "customhouse/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_PER_TURN 256

struct ch_loop {
    int epoll_fd;
    uint64_t now_ms;
    bool stop;
    bool in_timers;
    /* Events collected this turn and not yet handled: unwatch clears those of a removed watch. */
    struct epoll_event events[EVENTS_PER_TURN];
    int event_count;
    int event_at;
    struct ch_timer **heap; /* binary heap by at_ms */
    size_t heap_count;
    size_t heap_cap;
};

uint64_t ch_now_boot_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int64_t ch_now_unix_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

enum ch_code ch_loop_new(struct ch_loop **ret_loop, struct ch_err *err)
{
    int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "epoll_create1");
    }
    struct ch_loop *loop = ch_calloc(1, sizeof(*loop));
    loop->epoll_fd = fd;
    loop->now_ms = ch_now_boot_ms();
    *ret_loop = loop;
    return CH_OK;
}

void ch_loop_free(struct ch_loop *loop)
{
    if (loop != NULL) {
        close(loop->epoll_fd);
        free(loop->heap);
        free(loop);
    }
}

enum ch_code ch_loop_watch(struct ch_loop *loop, struct ch_watch *w, uint32_t events,
                           struct ch_err *err)
{
    CH_ASSERT(w->fn != NULL && events != 0);
    if (w->events == events) {
        return CH_OK;
    }
    struct epoll_event ev = {.events = events, .data.ptr = w};
    int op = w->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    if (epoll_ctl(loop->epoll_fd, op, w->fd, &ev) != 0) {
        return ch_fail_errno(err, errno, "epoll_ctl");
    }
    w->events = events;
    return CH_OK;
}

void ch_loop_unwatch(struct ch_loop *loop, struct ch_watch *w)
{
    if (w->events == 0) {
        return;
    }
    CH_ASSERT(epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL) == 0);
    w->events = 0;
    for (int i = loop->event_at; i < loop->event_count; i++) {
        if (loop->events[i].data.ptr == w) {
            loop->events[i].data.ptr = NULL;
        }
    }
}

uint64_t ch_loop_now_ms(const struct ch_loop *loop)
{
    return loop->now_ms;
}

static void heap_place(struct ch_loop *loop, size_t i, struct ch_timer *t)
{
    loop->heap[i] = t;
    t->heap_index_plus_1 = i + 1;
}

static void heap_up(struct ch_loop *loop, size_t i)
{
    struct ch_timer *t = loop->heap[i];
    while (i > 0 && loop->heap[(i - 1) / 2]->at_ms > t->at_ms) {
        heap_place(loop, i, loop->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_place(loop, i, t);
}

static void heap_down(struct ch_loop *loop, size_t i)
{
    struct ch_timer *t = loop->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= loop->heap_count) {
            break;
        }
        if (child + 1 < loop->heap_count &&
            loop->heap[child + 1]->at_ms < loop->heap[child]->at_ms) {
            child++;
        }
        if (loop->heap[child]->at_ms >= t->at_ms) {
            break;
        }
        heap_place(loop, i, loop->heap[child]);
        i = child;
    }
    heap_place(loop, i, t);
}

void ch_loop_set_timer(struct ch_loop *loop, struct ch_timer *t, uint64_t at_ms)
{
    CH_ASSERT(t->fn != NULL);
    /* Else one that sets itself again would keep the events of all others waiting. */
    t->at_ms = loop->in_timers && at_ms <= loop->now_ms ? loop->now_ms + 1 : at_ms;
    if (t->heap_index_plus_1 == 0) {
        if (loop->heap_count == loop->heap_cap) {
            loop->heap_cap = loop->heap_cap == 0 ? 64 : loop->heap_cap * 2;
            loop->heap = ch_realloc_array(loop->heap, loop->heap_cap, sizeof(struct ch_timer *));
        }
        heap_place(loop, loop->heap_count++, t);
    }
    heap_up(loop, t->heap_index_plus_1 - 1);
    heap_down(loop, t->heap_index_plus_1 - 1);
}

void ch_loop_cancel_timer(struct ch_loop *loop, struct ch_timer *t)
{
    if (t->heap_index_plus_1 == 0) {
        return;
    }
    size_t i = t->heap_index_plus_1 - 1;
    t->heap_index_plus_1 = 0;
    struct ch_timer *last = loop->heap[--loop->heap_count];
    if (last != t) {
        heap_place(loop, i, last);
        heap_up(loop, i);
        heap_down(loop, last->heap_index_plus_1 - 1);
    }
}

static void run_timers(struct ch_loop *loop)
{
    loop->in_timers = true;
    while (loop->heap_count > 0 && loop->heap[0]->at_ms <= loop->now_ms && !loop->stop) {
        struct ch_timer *t = loop->heap[0];
        ch_loop_cancel_timer(loop, t);
        t->fn(t);
    }
    loop->in_timers = false;
}

static int wait_for(const struct ch_loop *loop, int max_wait_ms)
{
    if (loop->heap_count == 0) {
        return max_wait_ms;
    }
    uint64_t now = ch_now_boot_ms();
    uint64_t at = loop->heap[0]->at_ms;
    uint64_t wait = at > now ? at - now : 0;
    if (max_wait_ms >= 0 && wait > (uint64_t)max_wait_ms) {
        wait = (uint64_t)max_wait_ms;
    }
    return wait > 60000 ? 60000 : (int)wait;
}

enum ch_code ch_loop_turn(struct ch_loop *loop, int max_wait_ms, struct ch_err *err)
{
    int n = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN, wait_for(loop, max_wait_ms));
    if (n < 0 && errno != EINTR) {
        return ch_fail_errno(err, errno, "epoll_wait");
    }
    loop->now_ms = ch_now_boot_ms();
    loop->event_count = n < 0 ? 0 : n;
    for (loop->event_at = 0; loop->event_at < loop->event_count;) {
        struct epoll_event ev = loop->events[loop->event_at++];
        struct ch_watch *w = ev.data.ptr;
        if (w != NULL) {
            w->fn(w, ev.events);
        }
    }
    loop->event_count = 0;
    run_timers(loop);
    return CH_OK;
}

enum ch_code ch_loop_run(struct ch_loop *loop, struct ch_err *err)
{
    while (!loop->stop) {
        enum ch_code rc = ch_loop_turn(loop, -1, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    return CH_OK;
}

void ch_loop_stop(struct ch_loop *loop)
{
    loop->stop = true;
}
