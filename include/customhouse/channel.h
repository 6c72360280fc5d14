/* A message channel between two of our processes: a UNIX stream socket carrying length-prefixed
 * frames and descriptors.
 *
 * Frame: u32 payload bytes, u16 type, u16 descriptors; then the payload. Type, size, number of
 * descriptors and sender are checked against ch_message_rows (message.h) before anything is
 * allocated; the smallest deviation closes the channel. */
#ifndef CUSTOMHOUSE_CHANNEL_H
#define CUSTOMHOUSE_CHANNEL_H

#include <stdint.h>

#include "customhouse/bytes.h"
#include "customhouse/loop.h"
#include "customhouse/role.h"

#define CH_FRAME_MAX_FDS 16

struct ch_channel;

/* A received frame; payload and descriptors are borrowed until the handler returns. A handler that
 * keeps a descriptor takes it with ch_frame_take_fd; those left are closed. */
struct ch_frame {
    uint16_t type;
    struct ch_str payload;
    int *fds;
    size_t fd_count;
};

typedef void ch_channel_frame_fn(void *owner, struct ch_channel *ch, struct ch_frame *frame);
/* The peer closed, or broke the protocol (err says how). The channel is already unwatched; the owner
 * frees it here or later. */
typedef void ch_channel_closed_fn(void *owner, struct ch_channel *ch, const struct ch_err *why);

struct ch_channel_options {
    struct ch_loop *loop;
    int fd;                /* owned by the channel from now on; made non-blocking */
    enum ch_role peer;     /* what may be received: rows whose `from` has this role */
    enum ch_role self;
    uint32_t peer_instance; /* which gateway, which scanner; 0 where there is one */
    void *owner;
    ch_channel_frame_fn *on_frame;
    ch_channel_closed_fn *on_closed;
    size_t max_queued_bytes; /* not yet written; past it the channel closes (0: limits row) */
};

enum ch_code ch_channel_open(const struct ch_channel_options *options, struct ch_channel **ret_channel,
                             struct ch_err *err) CH_MUST_CHECK;
void ch_channel_free(struct ch_channel *ch); /* closes; accepts NULL; allowed inside its handlers */
enum ch_role ch_channel_peer(const struct ch_channel *ch);
uint32_t ch_channel_instance(const struct ch_channel *ch);
/* No two channels that this process ever opened have the same; never 0. */
uint64_t ch_channel_serial(const struct ch_channel *ch);

/* Queues a frame and writes what the socket takes now; never blocks. Descriptors are duplicated, so
 * the caller keeps its own. False when the channel is closed or its queue is full; the closed handler
 * then runs on the next turn. */
bool ch_channel_send(struct ch_channel *ch, uint16_t type, struct ch_str payload, const int *fds,
                     size_t fd_count) CH_MUST_CHECK;

/* Payload bytes, of so many frames, that could be sent now without the queue being full; 0: closed.
 */
size_t ch_channel_room(const struct ch_channel *ch, size_t frames);

int ch_frame_take_fd(struct ch_frame *frame, size_t index); /* -1 when absent; caller closes */

/* Blocking variants for start-up and for the command line (deadline on ch_now_boot_ms's clock).
 * ret_payload must be initialised with a maximum. */
enum ch_code ch_frame_write(int fd, uint16_t type, struct ch_str payload, const int *fds,
                            size_t fd_count, uint64_t deadline_ms, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_frame_read(int fd, enum ch_role from, uint16_t *ret_type, struct ch_buf *ret_payload,
                           int ret_fds[CH_FRAME_MAX_FDS], size_t *ret_fd_count,
                           uint64_t deadline_ms, struct ch_err *err) CH_MUST_CHECK;

#endif
