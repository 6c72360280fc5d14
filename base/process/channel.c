#include "customhouse/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "frame_int.h"

#define READ_AHEAD_BYTES 16384
/* Reads of one turn: a busy peer must not keep the others waiting. */
#define READS_PER_TURN 16
#define KEEP_BYTES     262144

/* A frame the socket did not take whole. */
struct out_frame {
    struct out_frame *next;
    size_t at; /* bytes already written, header included */
    size_t fd_count;
    int fds[CH_FRAME_MAX_FDS]; /* our own duplicates */
    uint8_t header[CH_FRAME_HEADER_BYTES];
    size_t payload_len;
    char payload[];
};

struct ch_channel {
    struct ch_watch watch;
    struct ch_channel_options opt;
    uint64_t serial;
    /* receiving */
    struct ch_buf in;
    size_t in_at; /* handled up to here */
    struct ch_fd_queue fds;
    /* sending */
    struct out_frame *out_first;
    struct out_frame **out_end;
    size_t out_bytes;
    /* ending */
    bool closed;
    bool in_handler;
    bool free_after_handler;
    struct ch_timer close_timer; /* tells the owner about a failure found while sending */
    struct ch_err why;
};

static void on_event(struct ch_watch *w, uint32_t events);
static void on_close_timer(struct ch_timer *t);

enum ch_code ch_channel_open(const struct ch_channel_options *options,
                             struct ch_channel **ret_channel, struct ch_err *err)
{
    CH_ASSERT(options->on_frame != NULL && options->on_closed != NULL);
    static uint64_t last_serial;
    struct ch_channel *ch = ch_calloc(1, sizeof(*ch));
    ch->serial = ++last_serial;
    ch->opt = *options;
    if (ch->opt.max_queued_bytes == 0) {
        ch->opt.max_queued_bytes = (size_t)ch_limits.channel_queue_bytes;
    }
    ch->watch = (struct ch_watch){.fd = options->fd, .fn = on_event};
    ch->close_timer.fn = on_close_timer;
    ch->out_end = &ch->out_first;
    /* header_check bounds what is asked of it; this is the bound of the bounds */
    ch_buf_init(&ch->in, ((size_t)16 << 20) + READ_AHEAD_BYTES);
    int flags = fcntl(options->fd, F_GETFL);
    enum ch_code rc = CH_OK;
    if (flags < 0 || fcntl(options->fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        rc = ch_fail_errno(err, errno, "channel to %s", ch_role_name(options->peer));
    } else {
        rc = ch_loop_watch(options->loop, &ch->watch, EPOLLIN, err);
    }
    if (rc != CH_OK) {
        ch_channel_free(ch);
        return rc;
    }
    *ret_channel = ch;
    return CH_OK;
}

static void free_out_frame(struct out_frame *f)
{
    for (size_t i = 0; i < f->fd_count; i++) {
        close(f->fds[i]);
    }
    free(f);
}

/* Closes the socket at once; what is left is memory and, perhaps, the owner to be told. */
static void shut(struct ch_channel *ch)
{
    if (ch->closed) {
        return;
    }
    ch->closed = true;
    ch_loop_unwatch(ch->opt.loop, &ch->watch);
    close(ch->watch.fd);
    ch_fd_queue_clear(&ch->fds);
    while (ch->out_first != NULL) {
        struct out_frame *f = ch->out_first;
        ch->out_first = f->next;
        free_out_frame(f);
    }
    ch->out_end = &ch->out_first;
    ch->out_bytes = 0;
}

void ch_channel_free(struct ch_channel *ch)
{
    if (ch == NULL) {
        return;
    }
    shut(ch);
    ch_loop_cancel_timer(ch->opt.loop, &ch->close_timer);
    if (ch->in_handler) { /* the frame being handled borrows from ch->in */
        ch->free_after_handler = true;
        return;
    }
    ch_buf_done(&ch->in);
    free(ch);
}

enum ch_role ch_channel_peer(const struct ch_channel *ch)
{
    return ch->opt.peer;
}

uint64_t ch_channel_serial(const struct ch_channel *ch)
{
    return ch->serial;
}

uint32_t ch_channel_instance(const struct ch_channel *ch)
{
    return ch->opt.peer_instance;
}

/* Ends the channel and tells the owner; the channel may be gone afterwards. */
static void close_now(struct ch_channel *ch)
{
    shut(ch);
    ch_loop_cancel_timer(ch->opt.loop, &ch->close_timer);
    ch->in_handler = true;
    ch->opt.on_closed(ch->opt.owner, ch, &ch->why);
    ch->in_handler = false;
    if (ch->free_after_handler) {
        ch_channel_free(ch);
    }
}

/* The owner is in the middle of sending: it hears of the end on the next turn. */
static bool close_later(struct ch_channel *ch)
{
    shut(ch);
    ch_loop_set_timer(ch->opt.loop, &ch->close_timer, 0);
    return false;
}

static void on_close_timer(struct ch_timer *t)
{
    close_now(CH_CONTAINER_OF(t, struct ch_channel, close_timer));
}

/* --- receiving --- */

/* Runs the handler for the frame at in_at. False when the channel was freed or closed meanwhile. */
static bool handle_frame(struct ch_channel *ch, const struct ch_frame_header *h)
{
    int fds[CH_FRAME_MAX_FDS];
    struct ch_frame frame = {
        .type = h->type,
        .payload = {ch->in.ptr + ch->in_at + CH_FRAME_HEADER_BYTES, h->payload_bytes},
        .fds = fds,
        .fd_count = ch_fd_queue_take(&ch->fds, fds, h->fd_count),
    };
    ch->in_at += CH_FRAME_HEADER_BYTES + h->payload_bytes;
    ch->in_handler = true;
    ch->opt.on_frame(ch->opt.owner, ch, &frame);
    ch->in_handler = false;
    for (size_t i = 0; i < frame.fd_count; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    if (ch->free_after_handler) {
        ch_channel_free(ch);
        return false;
    }
    return !ch->closed;
}

/* Handles all complete frames; *ret_want is how many bytes the next read should have room for.
 * False when the channel ended (the owner has been told, or ended it itself). */
static bool handle_input(struct ch_channel *ch, size_t *ret_want)
{
    *ret_want = READ_AHEAD_BYTES;
    for (;;) {
        size_t have = ch->in.len - ch->in_at;
        if (have < CH_FRAME_HEADER_BYTES) {
            break;
        }
        struct ch_frame_header h;
        const uint8_t *raw = (const uint8_t *)ch->in.ptr + ch->in_at;
        if (ch_frame_header_check(raw, ch->opt.peer, &h, &ch->why) != CH_OK) {
            close_now(ch);
            return false;
        }
        size_t whole = CH_FRAME_HEADER_BYTES + h.payload_bytes;
        if (have < whole) {
            *ret_want = whole - have;
            break;
        }
        if (ch->fds.count < h.fd_count) {
            ch_fail(&ch->why, CH_E_FORMAT, "%s: %u descriptors announced, %zu received",
                    ch_role_name(ch->opt.peer), h.fd_count, ch->fds.count);
            close_now(ch);
            return false;
        }
        if (!handle_frame(ch, &h)) {
            return false;
        }
    }
    if (ch->in_at == ch->in.len && ch->fds.count > 0) {
        ch_fail(&ch->why, CH_E_FORMAT, "%s: %zu descriptors that no frame announced",
                ch_role_name(ch->opt.peer), ch->fds.count);
        close_now(ch);
        return false;
    }
    return true;
}

/* Moves what is unhandled to the front, and gives back the memory of a rare large frame. */
static void compact(struct ch_channel *ch)
{
    if (ch->in_at == ch->in.len && ch->in.cap > KEEP_BYTES) {
        ch_buf_done(&ch->in);
        ch->in_at = 0;
    }
    if (ch->in_at > 0) {
        memmove(ch->in.ptr, ch->in.ptr + ch->in_at, ch->in.len - ch->in_at);
        ch->in.len -= ch->in_at;
        ch->in_at = 0;
    }
}

static bool receive(struct ch_channel *ch)
{
    size_t want = READ_AHEAD_BYTES;
    if (ch->in.len > ch->in_at && !handle_input(ch, &want)) {
        return false;
    }
    for (int i = 0; i < READS_PER_TURN; i++) {
        compact(ch);
        char *into = ch_buf_reserve(&ch->in, want);
        CH_ASSERT(into != NULL);
        size_t got = 0;
        enum ch_code rc = ch_frame_recvmsg(ch->watch.fd, into, want, &ch->fds, &got, &ch->why);
        if (rc == CH_E_BUSY) {
            return true;
        }
        if (rc != CH_OK) {
            if (rc == CH_E_CLOSED && ch->in.len > 0) {
                ch_fail(&ch->why, CH_E_CLOSED, "peer closed in the middle of a frame");
            }
            ch_wrap(&ch->why, "channel to %s", ch_role_name(ch->opt.peer));
            close_now(ch);
            return false;
        }
        ch->in.len += got;
        if (!handle_input(ch, &want)) {
            return false;
        }
    }
    return true;
}

/* --- sending --- */

/* CH_OK: all written; CH_E_BUSY: the socket is full. */
static enum ch_code write_frame(struct ch_channel *ch, uint8_t *header, struct ch_str payload,
                                const int *fds, size_t fd_count, size_t *at)
{
    size_t total = CH_FRAME_HEADER_BYTES + payload.len;
    while (*at < total) {
        struct iovec iov[2];
        size_t iov_count = ch_frame_iov(iov, header, payload, *at);
        ssize_t n = ch_frame_sendmsg(ch->watch.fd, iov, iov_count, fds, *at == 0 ? fd_count : 0);
        if (n < 0) {
            return errno == EAGAIN ? CH_E_BUSY
                                   : ch_fail_errno(&ch->why, errno, "channel to %s: sendmsg",
                                                   ch_role_name(ch->opt.peer));
        }
        *at += (size_t)n;
    }
    return CH_OK;
}

static enum ch_code flush(struct ch_channel *ch)
{
    while (ch->out_first != NULL) {
        struct out_frame *f = ch->out_first;
        struct ch_str payload = {f->payload, f->payload_len};
        enum ch_code rc = write_frame(ch, f->header, payload, f->fds, f->fd_count, &f->at);
        if (rc != CH_OK) {
            return rc;
        }
        ch->out_first = f->next;
        if (ch->out_first == NULL) {
            ch->out_end = &ch->out_first;
        }
        ch->out_bytes -= CH_FRAME_HEADER_BYTES + f->payload_len;
        free_out_frame(f);
    }
    return ch_loop_watch(ch->opt.loop, &ch->watch, EPOLLIN, &ch->why);
}

static enum ch_code enqueue(struct ch_channel *ch, const uint8_t *header, struct ch_str payload,
                            const int *fds, size_t fd_count, size_t at)
{
    size_t total = CH_FRAME_HEADER_BYTES + payload.len;
    if (total > ch->opt.max_queued_bytes - ch->out_bytes) {
        return ch_fail(&ch->why, CH_E_LIMIT, "channel to %s: more than %zu bytes unread by it",
                       ch_role_name(ch->opt.peer), ch->opt.max_queued_bytes);
    }
    struct out_frame *f = ch_alloc(sizeof(*f) + payload.len);
    *f = (struct out_frame){.at = at, .payload_len = payload.len};
    memcpy(f->header, header, sizeof(f->header));
    if (payload.len > 0) {
        memcpy(f->payload, payload.ptr, payload.len);
    }
    for (size_t i = 0; at == 0 && i < fd_count; i++) {
        int fd = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
        if (fd < 0) {
            enum ch_code rc =
                ch_fail_errno(&ch->why, errno, "channel to %s: dup", ch_role_name(ch->opt.peer));
            free_out_frame(f);
            return rc;
        }
        f->fds[f->fd_count++] = fd;
    }
    *ch->out_end = f;
    ch->out_end = &f->next;
    ch->out_bytes += total;
    return ch_loop_watch(ch->opt.loop, &ch->watch, EPOLLIN | EPOLLOUT, &ch->why);
}

size_t ch_channel_room(const struct ch_channel *ch, size_t frames)
{
    size_t used = ch->out_bytes + frames * CH_FRAME_HEADER_BYTES;
    return ch->closed || used > ch->opt.max_queued_bytes ? 0 : ch->opt.max_queued_bytes - used;
}

bool ch_channel_send(struct ch_channel *ch, uint16_t type, struct ch_str payload, const int *fds,
                     size_t fd_count)
{
    if (ch->closed) {
        return false;
    }
    CH_ASSERT(ch_message_row(type) != NULL &&
              (ch_message_row(type)->from & CH_FROM(ch->opt.self)) != 0);
    if (ch_frame_send_check(type, payload.len, fd_count, &ch->why) != CH_OK) {
        return close_later(ch);
    }
    uint8_t header[CH_FRAME_HEADER_BYTES];
    ch_frame_header_encode(header, type, payload.len, fd_count);
    size_t at = 0;
    enum ch_code rc = CH_E_BUSY;
    if (ch->out_first == NULL) {
        rc = write_frame(ch, header, payload, fds, fd_count, &at);
    }
    if (rc == CH_E_BUSY) {
        rc = enqueue(ch, header, payload, fds, fd_count, at);
    }
    return rc == CH_OK ? true : close_later(ch);
}

static void on_event(struct ch_watch *w, uint32_t events)
{
    struct ch_channel *ch = CH_CONTAINER_OF(w, struct ch_channel, watch);
    if ((events & EPOLLOUT) != 0) {
        enum ch_code rc = flush(ch);
        /* a peer that no longer reads may still have said something: reading finds its end */
        if (rc != CH_OK && rc != CH_E_BUSY && rc != CH_E_CLOSED) {
            close_now(ch);
            return;
        }
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        receive(ch);
    }
}

int ch_frame_take_fd(struct ch_frame *frame, size_t index)
{
    if (index >= frame->fd_count) {
        return -1;
    }
    int fd = frame->fds[index];
    frame->fds[index] = -1;
    return fd;
}
