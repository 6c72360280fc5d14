/* Frames on the wire, shared by the channel and the blocking variants for start-up and command
 * line. */
#include "frame_int.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void ch_frame_header_encode(uint8_t ret[CH_FRAME_HEADER_BYTES], uint16_t type, size_t payload,
                            size_t fds)
{
    for (size_t i = 0; i < 4; i++) {
        ret[i] = (uint8_t)(payload >> (8 * i));
    }
    ret[4] = (uint8_t)type;
    ret[5] = (uint8_t)(type >> 8);
    ret[6] = (uint8_t)fds;
    ret[7] = (uint8_t)(fds >> 8);
}

enum ch_code ch_frame_header_check(const uint8_t raw[CH_FRAME_HEADER_BYTES], enum ch_role from,
                                   struct ch_frame_header *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(raw, CH_FRAME_HEADER_BYTES);
    struct ch_frame_header h = {0};
    h.payload_bytes = ch_get_u32(&r);
    h.type = ch_get_u16(&r);
    h.fd_count = ch_get_u16(&r);
    const struct ch_message_row *row = ch_message_row(h.type);
    if (row == NULL) {
        return ch_fail(err, CH_E_FORMAT, "%s: unknown message type %u", ch_role_name(from), h.type);
    }
    if ((row->from & CH_FROM(from)) == 0) {
        return ch_fail(err, CH_E_FORMAT, "%s: may not send %s", ch_role_name(from), row->name);
    }
    if (h.payload_bytes > row->max_bytes) {
        return ch_fail(err, CH_E_FORMAT, "%s: %s of %u bytes, at most %u are allowed",
                       ch_role_name(from), row->name, h.payload_bytes, row->max_bytes);
    }
    if (h.fd_count > row->max_fds) {
        return ch_fail(err, CH_E_FORMAT, "%s: %s with %u descriptors, at most %u are allowed",
                       ch_role_name(from), row->name, h.fd_count, row->max_fds);
    }
    *ret = h;
    return CH_OK;
}

enum ch_code ch_frame_send_check(uint16_t type, size_t payload_bytes, size_t fd_count,
                                 struct ch_err *err)
{
    const struct ch_message_row *row = ch_message_row(type);
    CH_ASSERT(row != NULL && fd_count <= row->max_fds && fd_count <= CH_FRAME_MAX_FDS);
    if (payload_bytes > row->max_bytes) {
        return ch_fail(err, CH_E_LIMIT, "%s of %zu bytes, at most %u are allowed", row->name,
                       payload_bytes, row->max_bytes);
    }
    return CH_OK;
}

ssize_t ch_frame_sendmsg(int fd, struct iovec *iov, size_t iov_count, const int *fds,
                         size_t fd_count)
{
    union ch_frame_control control;
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = iov_count};
    CH_ASSERT(fd_count <= CH_FRAME_MAX_FDS);
    if (fd_count > 0) {
        memset(&control, 0, sizeof(control)); /* padding goes to another process */
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
    }
    ssize_t n;
    do {
        n = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n;
}

void ch_fd_queue_clear(struct ch_fd_queue *q)
{
    for (size_t i = 0; i < q->count; i++) {
        close(q->fd[i]);
    }
    q->count = 0;
}

size_t ch_fd_queue_take(struct ch_fd_queue *q, int *ret, size_t count)
{
    size_t n = count < q->count ? count : q->count;
    for (size_t i = 0; i < n; i++) {
        ret[i] = q->fd[i];
    }
    q->count -= n;
    for (size_t i = 0; i < q->count; i++) {
        q->fd[i] = q->fd[i + n];
    }
    return n;
}

/* Every received descriptor is either queued or closed, also when the message is refused. */
static bool collect_fds(struct msghdr *msg, struct ch_fd_queue *q)
{
    bool good = (msg->msg_flags & MSG_CTRUNC) == 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            good = false;
            continue;
        }
        size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
            if (q->count < CH_ARRAY_LEN(q->fd)) {
                q->fd[q->count++] = fd;
            } else {
                close(fd);
                good = false;
            }
        }
    }
    return good;
}

enum ch_code ch_frame_recvmsg(int fd, void *into, size_t len, struct ch_fd_queue *q,
                              size_t *ret_got, struct ch_err *err)
{
    union ch_frame_control control;
    struct iovec iov = {.iov_base = into, .iov_len = len};
    struct msghdr msg = {
        .msg_iov = &iov,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    ssize_t n;
    do {
        n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        return ch_fail_errno(err, errno, "recvmsg");
    }
    if (!collect_fds(&msg, q)) {
        return ch_fail(err, CH_E_FORMAT, "more descriptors than a message may carry");
    }
    if (n == 0) {
        return ch_fail(err, CH_E_CLOSED, "peer closed");
    }
    *ret_got = (size_t)n;
    return CH_OK;
}

/* Waits until fd is ready for `events` or the deadline has passed. */
static enum ch_code wait_ready(int fd, short events, uint64_t deadline_ms, struct ch_err *err)
{
    for (;;) {
        uint64_t now = ch_now_boot_ms();
        if (now >= deadline_ms) {
            return ch_fail(err, CH_E_TIMEOUT, "no answer in time");
        }
        uint64_t left = deadline_ms - now;
        struct pollfd p = {.fd = fd, .events = events};
        int n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
        if (n > 0) {
            return CH_OK;
        }
        if (n < 0 && errno != EINTR) {
            return ch_fail_errno(err, errno, "poll");
        }
    }
}

enum ch_code ch_frame_write(int fd, uint16_t type, struct ch_str payload, const int *fds,
                            size_t fd_count, uint64_t deadline_ms, struct ch_err *err)
{
    enum ch_code rc = ch_frame_send_check(type, payload.len, fd_count, err);
    if (rc != CH_OK) {
        return rc;
    }
    uint8_t header[CH_FRAME_HEADER_BYTES];
    ch_frame_header_encode(header, type, payload.len, fd_count);
    size_t total = sizeof(header) + payload.len;
    for (size_t at = 0; at < total;) {
        struct iovec iov[2];
        size_t iov_count = ch_frame_iov(iov, header, payload, at);
        ssize_t n = ch_frame_sendmsg(fd, iov, iov_count, fds, at == 0 ? fd_count : 0);
        if (n >= 0) {
            at += (size_t)n;
            continue;
        }
        if (errno != EAGAIN) {
            return ch_fail_errno(err, errno, "sendmsg");
        }
        rc = wait_ready(fd, POLLOUT, deadline_ms, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    return CH_OK;
}

size_t ch_frame_iov(struct iovec iov[2], uint8_t *header, struct ch_str payload, size_t at)
{
    size_t n = 0;
    if (at < CH_FRAME_HEADER_BYTES) {
        iov[n++] = (struct iovec){header + at, CH_FRAME_HEADER_BYTES - at};
        at = CH_FRAME_HEADER_BYTES;
    }
    at -= CH_FRAME_HEADER_BYTES;
    if (at < payload.len) {
        /* sendmsg takes what writev takes, and neither writes to it */
        iov[n++] = (struct iovec){(void *)(uintptr_t)(payload.ptr + at), payload.len - at};
    }
    return n;
}

static enum ch_code read_exactly(int fd, void *into, size_t len, struct ch_fd_queue *q,
                                 uint64_t deadline_ms, struct ch_err *err)
{
    for (size_t at = 0; at < len;) {
        size_t got = 0;
        enum ch_code rc = ch_frame_recvmsg(fd, (char *)into + at, len - at, q, &got, err);
        if (rc == CH_E_BUSY) {
            rc = wait_ready(fd, POLLIN, deadline_ms, err);
        }
        if (rc != CH_OK) {
            return rc;
        }
        at += got;
    }
    return CH_OK;
}

static enum ch_code read_frame(int fd, enum ch_role from, struct ch_frame_header *ret_header,
                               struct ch_buf *ret_payload, struct ch_fd_queue *q,
                               uint64_t deadline_ms, struct ch_err *err)
{
    uint8_t raw[CH_FRAME_HEADER_BYTES];
    enum ch_code rc = read_exactly(fd, raw, sizeof(raw), q, deadline_ms, err);
    if (rc == CH_OK) {
        rc = ch_frame_header_check(raw, from, ret_header, err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_clear(ret_payload);
    char *into = ch_buf_reserve(ret_payload, ret_header->payload_bytes);
    if (into == NULL) {
        return ch_buf_ok(ret_payload, err);
    }
    rc = read_exactly(fd, into, ret_header->payload_bytes, q, deadline_ms, err);
    if (rc != CH_OK) {
        return rc;
    }
    ret_payload->len = ret_header->payload_bytes;
    if (q->count != ret_header->fd_count) {
        return ch_fail(err, CH_E_FORMAT, "%s: %u descriptors announced, %zu received",
                       ch_role_name(from), ret_header->fd_count, q->count);
    }
    return CH_OK;
}

enum ch_code ch_frame_read(int fd, enum ch_role from, uint16_t *ret_type,
                           struct ch_buf *ret_payload, int ret_fds[CH_FRAME_MAX_FDS],
                           size_t *ret_fd_count, uint64_t deadline_ms, struct ch_err *err)
{
    struct ch_fd_queue q = {.count = 0};
    struct ch_frame_header header;
    enum ch_code rc = read_frame(fd, from, &header, ret_payload, &q, deadline_ms, err);
    if (rc != CH_OK) {
        ch_fd_queue_clear(&q);
        return rc;
    }
    *ret_type = header.type;
    *ret_fd_count = ch_fd_queue_take(&q, ret_fds, header.fd_count);
    return CH_OK;
}
