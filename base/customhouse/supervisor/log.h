/* The supervisor's log: one line per event on stderr, key=value. */
#ifndef BASE_CUSTOMHOUSE_LOG_H
#define BASE_CUSTOMHOUSE_LOG_H

#include "customhouse/bytes.h"

/* log_line("started", "process=gateway/0 pid=%d", ...). What is not printable ASCII is escaped. */
void log_line(const char *event, const char *fmt, ...) CH_PRINTF(2, 3);

/* For text that may have been escaped where it came in: what is printable ASCII stays, backslashes
 * as they are; everything else becomes \xNN (T20). */
void log_put_visible(struct ch_buf *b, struct ch_str text);

#endif
