/* One epoll loop with timers: the heart of every process. Single-threaded.
 *
 * Watches and timers are embedded in their owner's struct; nothing is allocated per event. A handler
 * may unwatch and free itself or any other watch: events already collected for a watch that was
 * removed in the same turn are dropped. */
#ifndef CUSTOMHOUSE_LOOP_H
#define CUSTOMHOUSE_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "customhouse/err.h"

struct ch_loop;
struct ch_watch;
struct ch_timer;

typedef void ch_watch_fn(struct ch_watch *w, uint32_t epoll_events);
typedef void ch_timer_fn(struct ch_timer *t);

struct ch_watch { /* owner fills fd and fn before ch_loop_watch */
    int fd;
    uint32_t events; /* as registered; 0 = not watched */
    ch_watch_fn *fn;
};

struct ch_timer { /* zeroed = not set; owner fills fn */
    uint64_t at_ms; /* on ch_loop_now_ms's clock */
    ch_timer_fn *fn;
    size_t heap_index_plus_1;
};

enum ch_code ch_loop_new(struct ch_loop **ret_loop, struct ch_err *err) CH_MUST_CHECK;
void ch_loop_free(struct ch_loop *loop);

/* Starts watching, or changes the events of a watch (EPOLLIN, EPOLLOUT, EPOLLET, EPOLLEXCLUSIVE). */
enum ch_code ch_loop_watch(struct ch_loop *loop, struct ch_watch *w, uint32_t events,
                           struct ch_err *err) CH_MUST_CHECK;
void ch_loop_unwatch(struct ch_loop *loop, struct ch_watch *w); /* before closing the fd; idempotent */

/* Moves it, too. One that a timer sets for now runs in the next turn: events come first. */
void ch_loop_set_timer(struct ch_loop *loop, struct ch_timer *t, uint64_t at_ms);
void ch_loop_cancel_timer(struct ch_loop *loop, struct ch_timer *t);              /* idempotent */

uint64_t ch_loop_now_ms(const struct ch_loop *loop); /* CLOCK_BOOTTIME, read once per turn */
uint64_t ch_now_boot_ms(void);  /* the same clock, read now: leases and deadlines between processes */
int64_t ch_now_unix_us(void);   /* wall clock, microseconds */

enum ch_code ch_loop_run(struct ch_loop *loop, struct ch_err *err) CH_MUST_CHECK; /* until stop */
enum ch_code ch_loop_turn(struct ch_loop *loop, int max_wait_ms, struct ch_err *err) CH_MUST_CHECK;
void ch_loop_stop(struct ch_loop *loop);

#endif
