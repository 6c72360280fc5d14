/* The access log: one JSON object per line, gathered and written at most every second or 64 KiB. No
 * query string, no header but the User-Agent, no path of a kind that carries tokens. */
#ifndef CH_GATEWAY_ACCESS_LOG_H
#define CH_GATEWAY_ACCESS_LOG_H

#include "customhouse/http.h"
#include "customhouse/loop.h"

struct gw_log {
    struct ch_loop *loop;
    int fd; /* borrowed; -1: no log */
    struct ch_buf text;
    struct ch_timer timer;
    int64_t second; /* of `stamp` */
    char stamp[24]; /* "2026-11-22T10:00:00" */
    _Atomic uint64_t *lost; /* bytes that could not be written */
};

void gw_log_init(struct gw_log *log, struct ch_loop *loop, int fd, _Atomic uint64_t *lost);
/* `principal`: absent for who has not signed in. */
void gw_log_add(struct gw_log *log, const struct ch_http_access *a, struct ch_str principal,
                int64_t now_us);
void gw_log_flush(struct gw_log *log);
void gw_log_done(struct gw_log *log); /* flushes */

#endif
