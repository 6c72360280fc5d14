/* The access log: one JSON object per line, gathered and written at most every second or 64 KiB. No
 * query string, no header but the User-Agent, no path of a kind that carries tokens, and "chp_..."
 * for a token of ours wherever it stands. */
#ifndef CH_FRONT_ACCESS_LOG_H
#define CH_FRONT_ACCESS_LOG_H

#include "customhouse/http.h"
#include "customhouse/loop.h"

/* What could not be written: whole lines, and their bytes. */
struct front_log_lost {
    _Atomic uint64_t lines, bytes;
};

struct front_log {
    struct ch_loop *loop;
    int fd; /* borrowed; -1: no log */
    struct ch_buf text;
    struct ch_timer timer;
    int64_t second;              /* of `stamp` */
    char stamp[24];              /* "2026-11-22T10:00:00" */
    struct front_log_lost *lost; /* borrowed; in memory that others read */
};

void front_log_init(struct front_log *log, struct ch_loop *loop, int fd,
                    struct front_log_lost *lost);
/* `principal`: absent for who has not signed in. */
void front_log_add(struct front_log *log, const struct ch_http_access *a, struct ch_str principal,
                   int64_t now_us);
/* Writes what is gathered; a little later where another process writes to the file just now. Of
 * what does not fit onto the disk whole lines are lost, never a part of one. */
void front_log_flush(struct front_log *log);
/* The same, but at once: who is about to end has no later. */
void front_log_flush_last(struct front_log *log);
void front_log_done(struct front_log *log); /* flushes */

#endif
