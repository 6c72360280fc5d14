/* A frame on the wire: u32 payload bytes, u16 type, u16 descriptors, all little endian; the
 * payload. Descriptors travel with the frame's first byte, so the receiver has them before the
 * frame ends. */
#ifndef CH_FRAME_INT_H
#define CH_FRAME_INT_H

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "customhouse/channel.h"
#include "customhouse/message.h"

#define CH_FRAME_HEADER_BYTES 8

struct ch_frame_header {
    uint32_t payload_bytes;
    uint16_t type;
    uint16_t fd_count;
};

/* Room for the descriptors of one message: a sender that attaches more is cut off by the kernel
 * (MSG_CTRUNC), which closes the channel. */
union ch_frame_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(CH_FRAME_MAX_FDS * sizeof(int))];
};

/* Descriptors received and not yet claimed by a complete frame: those of the frame being received,
 * and at most one message more. */
struct ch_fd_queue {
    int fd[2 * CH_FRAME_MAX_FDS];
    size_t count;
};
void ch_fd_queue_clear(struct ch_fd_queue *q);                          /* closes them */
size_t ch_fd_queue_take(struct ch_fd_queue *q, int *ret, size_t count); /* the oldest; how many */

void ch_frame_header_encode(uint8_t ret[CH_FRAME_HEADER_BYTES], uint16_t type, size_t payload,
                            size_t fds);
/* CH_E_FORMAT unless the message table allows it from that role. */
enum ch_code ch_frame_header_check(const uint8_t raw[CH_FRAME_HEADER_BYTES], enum ch_role from,
                                   struct ch_frame_header *ret, struct ch_err *err) CH_MUST_CHECK;
/* CH_E_LIMIT for too long a payload; a wrong type or too many descriptors are bugs. */
enum ch_code ch_frame_send_check(uint16_t type, size_t payload_bytes, size_t fd_count,
                                 struct ch_err *err) CH_MUST_CHECK;
/* What is left of header and payload after `at` bytes; how many entries. */
size_t ch_frame_iov(struct iovec iov[2], uint8_t *header, struct ch_str payload, size_t at);

/* Never block. sendmsg's result and errno; recvmsg: CH_E_BUSY when nothing is there, CH_E_CLOSED at
 * the end, CH_E_FORMAT for a flood of descriptors. */
ssize_t ch_frame_sendmsg(int fd, struct iovec *iov, size_t iov_count, const int *fds,
                         size_t fd_count);
enum ch_code ch_frame_recvmsg(int fd, void *into, size_t len, struct ch_fd_queue *q,
                              size_t *ret_got, struct ch_err *err) CH_MUST_CHECK;

#endif
