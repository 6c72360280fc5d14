/* Lines of the event log, on stderr. Whoever reads them may stop reading: no process waits for
 * that.
 *
 * In a service, stderr is a pipe of the supervisor's own that does not block
 * (base/customhouse/supervisor/log_pipe.h); everywhere else it is what the program was started
 * with. A line that there is no room for is dropped whole and counted, and the next one that can be
 * written comes after "WHO event=log-lost lines=N". What was decided is in the audit log, whatever
 * happens here. May be called by any thread. */
#ifndef CUSTOMHOUSE_LOG_H
#define CUSTOMHOUSE_LOG_H

#include <limits.h>

#include "customhouse/bytes.h"

/* Of one line with its end. A pipe takes PIPE_BUF bytes as a whole or not at all (pipe(7)), and the
 * line that counts lost ones has to go with it. */
#define CH_LOG_LINE_MAX (PIPE_BUF - 128)

/* One line. What is not printable ASCII becomes \xNN (T20), a backslash stays; one that is longer
 * than CH_LOG_LINE_MAX is cut and ends in "...". `who` begins the line that counts lost ones:
 * "keeper". */
void ch_log(const char *who, const char *fmt, ...) CH_PRINTF(2, 3);

/* The same of text that is there already, on a descriptor. Of several lines each stands for itself;
 * the last one's end may be missing. */
void ch_log_put(const char *who, int fd, struct ch_str lines);

/* Lines that this process has lost so far. */
uint64_t ch_log_lost(void);

#endif
