/* The supervisor's log: one line per event on stderr, key=value. */
#ifndef BASE_CUSTOMHOUSE_LOG_H
#define BASE_CUSTOMHOUSE_LOG_H

#include "customhouse/attr.h"

/* log_line("started", "process=gateway/0 pid=%d", ...). What is not printable ASCII is escaped. */
void log_line(const char *event, const char *fmt, ...) CH_PRINTF(2, 3);

#endif
