/* The access log: one JSON object per line, gathered and written at most every second or 64 KiB. No
 * query string, no header but the User-Agent, no path of a kind that carries tokens, and "chp_..."
 * for a token of ours wherever it stands. */
#ifndef CH_FRONT_ACCESS_LOG_H
#define CH_FRONT_ACCESS_LOG_H

#include "customhouse/http.h"
#include "customhouse/loop.h"

struct front_log {
    struct ch_loop *loop;
    int fd; /* borrowed; -1: no log */
    struct ch_buf text;
    struct ch_timer timer;
    int64_t second;         /* of `stamp` */
    char stamp[24];         /* "2026-11-22T10:00:00" */
    _Atomic uint64_t *lost; /* bytes that could not be written */
};

void front_log_init(struct front_log *log, struct ch_loop *loop, int fd, _Atomic uint64_t *lost);
/* `principal`: absent for who has not signed in. */
void front_log_add(struct front_log *log, const struct ch_http_access *a, struct ch_str principal,
                   int64_t now_us);
void front_log_flush(struct front_log *log);
void front_log_done(struct front_log *log); /* flushes */

#endif
