/* What the supervisor was started with as stdout and stderr belongs to somebody else: a terminal
 * that Ctrl-S stops, a pipe that nobody reads, the socket of a journal that hangs. A process that
 * writes there waits for as long as that lasts, and with the keeper everything would.
 *
 * So before any process is started, each of the two that is no regular file is replaced by a pipe
 * whose end for writing does not block, here and in all who inherit it. A process of its own,
 * `log`, hands what comes out of the pipe to what was there before: it alone waits, and it can do
 * nothing but read one descriptor and write another. (To make the descriptor that was there
 * non-blocking would change it for the shell that shares it; to open another by way of /proc is not
 * possible for a socket, nor for a pipe or terminal of another user's.) What the pipe has no room
 * for is dropped and counted where it is written: customhouse/log.h. */
#ifndef BASE_CUSTOMHOUSE_LOG_PIPE_H
#define BASE_CUSTOMHOUSE_LOG_PIPE_H

#include "customhouse/bytes.h"
#include "customhouse/loop.h"

struct log_pipes;

/* Replaces descriptors 1 and 2. `log` runs as uid (0: as whoever starts it), and is started again
 * by the loop when it ends; the pipe stays, and nothing of what lies in it is lost. `changed` is
 * called when one has ended, and when the next has begun. */
enum ch_code log_pipes_open(struct ch_loop *loop, uint32_t uid, void (*changed)(void *ctx),
                            void *ctx, struct log_pipes **ret, struct ch_err *err) CH_MUST_CHECK;
/* Lines of a CH_MSG_STATUS, one for each such process; accepts NULL. */
void log_pipes_put_status(const struct log_pipes *p, struct ch_buf *out);
void log_pipes_leave_loop(struct log_pipes *p); /* before the loop is freed; accepts NULL */
/* Puts back what was there, and waits until all has been handed over; not for a reader that takes
 * nothing for LOG_PIPE_STUCK_MS. After the loop was left and the other processes ended. Accepts
 * NULL. */
void log_pipes_close(struct log_pipes *p);

#ifndef LOG_PIPE_BEGIN_MS
#define LOG_PIPE_BEGIN_MS 10000 /* one that has not begun by then is ended, and begun anew */
#endif
#define LOG_PIPE_STUCK_MS 2000
#define LOG_PIPE_END_MS   10000 /* nor for one that is this slow */

#endif
