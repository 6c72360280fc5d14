#include "http_int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <stdlib.h>
#include <unistd.h>

#define HTTP_LOOKS 16 /* pieces of scratch in one look at the page cache */

/* --- blobs --- */

enum ch_code ch_http_blob_new(int fd, struct ch_http_blob **ret_blob, struct ch_err *err)
{
    struct stat st;
    char *map = NULL;
    if (fstat(fd, &st) != 0) {
        enum ch_code rc = ch_fail_errno(err, errno, "blob: fstat");
        close(fd);
        return rc;
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return ch_fail(err, CH_E_USAGE, "blob: not a regular file");
    }
    if (st.st_size > 0) {
        map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED) {
            enum ch_code rc = ch_fail_errno(err, errno, "blob: mmap");
            close(fd);
            return rc;
        }
    }
    struct ch_http_blob *b = ch_calloc(1, sizeof(*b));
    *b = (struct ch_http_blob){.refs = 1, .fd = fd, .map = map, .size = (uint64_t)st.st_size};
    *ret_blob = b;
    return CH_OK;
}

struct ch_http_blob *ch_http_blob_ref(struct ch_http_blob *blob)
{
    blob->refs++;
    return blob;
}

void ch_http_blob_unref(struct ch_http_blob *blob)
{
    if (blob == NULL || --blob->refs > 0) {
        return;
    }
    if (blob->map != NULL) {
        munmap(blob->map, (size_t)blob->size);
    }
    close(blob->fd);
    free(blob);
}

uint64_t ch_http_blob_size(const struct ch_http_blob *blob)
{
    return blob->size;
}

bool ch_http_blob_is_nameless(const struct ch_http_blob *blob)
{
    struct stat st;
    return fstat(blob->fd, &st) == 0 && st.st_nlink == 0;
}

/* --- reading --- */

static enum http_io ssl_outcome(struct http_conn *c, int ret)
{
    c->ssl_wants_write = false;
    c->ssl_wants_read = false;
    switch (SSL_get_error(c->ssl, ret)) {
    case SSL_ERROR_WANT_READ:
        c->ssl_wants_read = true;
        return HTTP_IO_AGAIN;
    case SSL_ERROR_WANT_WRITE:
        c->ssl_wants_write = true;
        return HTTP_IO_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return HTTP_IO_EOF;
    default:
        c->ssl_broken = true; /* no close_notify after a fatal error */
        return HTTP_IO_FAILED;
    }
}

enum http_io http_io_read(struct http_conn *c, char *to, size_t room, size_t *ret_len)
{
    if (c->ssl != NULL) {
        ERR_clear_error();
        int ok = SSL_read_ex(c->ssl, to, room, ret_len);
        if (ok == 1) {
            c->ssl_wants_write = false;
            c->readable = SSL_has_pending(c->ssl) != 0;
            return HTTP_IO_DONE;
        }
        c->readable = false;
        return ssl_outcome(c, ok);
    }
    ssize_t n = recv(c->watch.fd, to, room, 0);
    c->readable = false; /* the loop is level-triggered: it says so when there is more */
    if (n > 0) {
        *ret_len = (size_t)n;
        return HTTP_IO_DONE;
    }
    if (n == 0) {
        return HTTP_IO_EOF;
    }
    return errno == EAGAIN || errno == EINTR ? HTTP_IO_AGAIN : HTTP_IO_FAILED;
}

/* --- writing --- */

static void out_advance(struct http_out *o, size_t n)
{
    o->sent_bytes += n;
    while (n > 0 && o->piece_at < o->piece_count) {
        struct ch_str *s = &o->piece[o->piece_at];
        size_t k = n < s->len ? n : s->len;
        s->ptr += k;
        s->len -= k;
        n -= k;
        if (s->len > 0) {
            return;
        }
        o->piece_at++;
    }
    o->blob_at += n;
    o->blob_left -= n;
}

static bool out_empty(const struct http_out *o)
{
    return o->piece_at == o->piece_count && o->blob_left == 0;
}

/* How many of the `want` bytes at `at` can be had without waiting for the disk, counted from the
 * first of them: they are read, and thrown away. What is missing is asked for by that, and the
 * kernel reads on ahead as for any reader that goes from byte to byte. Where the file system cannot
 * say, all count. */
static uint64_t cached_from(const struct http_conn *c, uint64_t at, uint64_t want)
{
    const struct ch_http_server *s = c->server;
    struct iovec iov[HTTP_LOOKS];
    uint64_t asked = 0;
    int count = 0;
    while (asked < want && count < HTTP_LOOKS) {
        uint64_t left = want - asked;
        size_t n = left < s->scratch_bytes ? (size_t)left : s->scratch_bytes;
        iov[count++] = (struct iovec){s->scratch, n};
        asked += n;
    }
    ssize_t n = preadv2(c->out.blob->fd, iov, count, (off_t)at, RWF_NOWAIT);
    return n > 0 ? (uint64_t)n : n < 0 && errno == EAGAIN ? 0 : asked;
}

/* Looked at in few places: mostly, all of a file is in memory or nothing is. */
static bool seems_cached(const struct http_conn *c, uint64_t end)
{
    uint64_t at = c->out.blob_at;
    while (at < end && cached_from(c, at, 1) > 0) {
        at += c->server->limits.http_probe_bytes;
    }
    return at >= end && cached_from(c, end - 1, 1) > 0;
}

/* Everybody waits while this process waits for a disk, so what is not in the page cache is only
 * asked for, and sent once it is there; an answer that has met the disk is looked at byte by byte
 * from then on. True when what is before blob_warm may be sent: it is there, or was waited for long
 * enough. */
static bool blob_is_warm(struct http_conn *c)
{
    struct http_out *o = &c->out;
    const struct ch_limits *l = &c->server->limits;
    uint64_t now = ch_loop_now_ms(c->server->loop);
    if (o->blob_left == 0 || o->blob_at < o->blob_warm) {
        return true;
    }
    uint64_t n = o->blob_left < l->http_write_bytes ? o->blob_left : l->http_write_bytes;
    uint64_t window = n;
    if (o->from_disk || !seems_cached(c, o->blob_at + window)) {
        o->from_disk = true;
        n = cached_from(c, o->blob_at, window);
    }
    if (n == 0) {
        if (o->cold_since_ms == 0) {
            o->cold_since_ms = now;
        }
        if (now - o->cold_since_ms < l->http_cold_ms) {
            return false;
        }
        n = window;
    }
    o->cold_since_ms = 0;
    o->blob_warm = o->blob_at + n;
    return true;
}

static enum http_io sent(struct http_conn *c, ssize_t n)
{
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? HTTP_IO_AGAIN : HTTP_IO_FAILED;
    }
    out_advance(&c->out, (size_t)n);
    return out_empty(&c->out) ? HTTP_IO_DONE : HTTP_IO_AGAIN;
}

/* The file's own pages, for what came from the disk: the mapping would have to be given each of
 * them first, and the copy a place to lie. */
static enum http_io write_file(struct http_conn *c)
{
    struct http_out *o = &c->out;
    off_t at = (off_t)o->blob_at;
    ssize_t n = sendfile(c->watch.fd, o->blob->fd, &at, (size_t)(o->blob_warm - o->blob_at));
    return n == 0 ? HTTP_IO_FAILED : sent(c, n); /* 0: the file is shorter than it was */
}

/* Straight from the mapping. The kernel reads it, so a page that cannot be had (truncated file, bad
 * disk) is EFAULT or a short count here, not SIGBUS. */
static enum http_io write_plain(struct http_conn *c)
{
    struct http_out *o = &c->out;
    struct iovec iov[HTTP_PIECES + 1];
    size_t count = 0;
    size_t room = (size_t)c->server->limits.http_write_bytes;
    int flags = MSG_NOSIGNAL;
    for (size_t i = o->piece_at; i < o->piece_count && room > 0; i++) {
        struct ch_str part = ch_str_sub(o->piece[i], 0, room);
        iov[count++] = (struct iovec){(void *)(uintptr_t)part.ptr, part.len};
        room -= part.len;
    }
    if (o->blob_left > 0 && room > 0 && !o->from_disk) {
        size_t n = (size_t)(o->blob_warm - o->blob_at);
        iov[count++] = (struct iovec){o->blob->map + o->blob_at, n < room ? n : room};
    } else if (o->blob_left > 0 && count == 0) {
        return write_file(c);
    } else if (o->blob_left > 0) {
        flags |= MSG_MORE;
    }
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = count};
    return sent(c, sendmsg(c->watch.fd, &msg, flags));
}

/* Gathers the next bytes of the answer, where not only the blob is left. A blob is read, not copied
 * from its mapping, where we would meet SIGBUS. False when the file gives less than it promised. */
static bool gather(struct http_conn *c, size_t *ret_len)
{
    struct ch_http_server *s = c->server;
    const struct http_out *o = &c->out;
    size_t n = 0;
    for (size_t i = o->piece_at; i < o->piece_count && n < s->scratch_bytes; i++) {
        struct ch_str part = ch_str_sub(o->piece[i], 0, s->scratch_bytes - n);
        memcpy(s->scratch + n, part.ptr, part.len);
        n += part.len;
    }
    if (o->blob_left > 0 && n < s->scratch_bytes) {
        uint64_t room = s->scratch_bytes - n;
        uint64_t warm = o->blob_warm - o->blob_at;
        size_t want = (size_t)(warm < room ? warm : room);
        ssize_t got = pread(o->blob->fd, s->scratch + n, want, (off_t)o->blob_at);
        if (got < 0 || (size_t)got != want) {
            return false;
        }
        n += want;
    }
    *ret_len = n;
    return true;
}

/* One call for what comes next. After WANT_WRITE the same is made again: same bytes, since nothing
 * was advanced. A blob's are encrypted where they are mapped: copying them first costs a seventh of
 * it all. */
static enum http_io write_some(struct http_conn *c)
{
    size_t len;
    size_t written;
    struct http_out *o = &c->out;
    const char *from = c->server->scratch;
    bool mapped = o->piece_at == o->piece_count && o->blob_left > 0 && !o->from_disk;
    if (mapped) {
        uint64_t warm = o->blob_warm - o->blob_at;
        len = (size_t)(warm < c->server->scratch_bytes ? warm : c->server->scratch_bytes);
        from = o->blob->map + o->blob_at;
        http_fault_guard(o->blob, o->blob_at, len);
    } else if (o->piece_at + 1 == o->piece_count && o->blob_left == 0) {
        from = o->piece[o->piece_at].ptr; /* only memory is left: no need to gather it */
        len = ch_str_sub(o->piece[o->piece_at], 0, c->server->scratch_bytes).len;
    } else if (!gather(c, &len)) {
        return HTTP_IO_FAILED;
    }
    ERR_clear_error();
    int ok = SSL_write_ex(c->ssl, from, len, &written);
    if (mapped && !http_fault_end(o->blob)) {
        c->ssl_broken = true;
        return HTTP_IO_FAILED;
    }
    if (ok != 1) {
        enum http_io r = ssl_outcome(c, ok);
        return r == HTTP_IO_EOF ? HTTP_IO_FAILED : r;
    }
    c->ssl_wants_write = false;
    c->ssl_wants_read = false;
    out_advance(o, written);
    return HTTP_IO_DONE;
}

static enum http_io write_records(struct http_conn *c)
{
    uint64_t start = c->out.sent_bytes;
    while (!out_empty(&c->out)) {
        enum http_io r = blob_is_warm(c) ? write_some(c) : HTTP_IO_COLD;
        if (r != HTTP_IO_DONE) {
            return r;
        }
        if (c->out.sent_bytes - start >= c->server->limits.http_write_bytes &&
            !out_empty(&c->out)) {
            return HTTP_IO_AGAIN;
        }
    }
    return HTTP_IO_DONE;
}

/* While more than one record is to come, only full segments leave: a segment for each record costs
 * the kernel, and whoever reads, more than the copying does. */
static enum http_io write_tls(struct http_conn *c)
{
    int on = 1, off = 0;
    bool many = c->out.blob_left > c->server->scratch_bytes;
    if (many) { /* both calls fail on other sockets than TCP */
        (void)setsockopt(c->watch.fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
    }
    enum http_io r = write_records(c);
    if (many) {
        (void)setsockopt(c->watch.fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
    }
    return r;
}

enum http_io http_io_write(struct http_conn *c)
{
    if (out_empty(&c->out)) {
        return HTTP_IO_DONE;
    }
    if (c->out.blob != NULL && c->out.blob->broken) {
        return HTTP_IO_FAILED;
    }
    if (c->ssl != NULL) {
        return write_tls(c);
    }
    return blob_is_warm(c) ? write_plain(c) : HTTP_IO_COLD;
}

enum http_io http_io_interim(struct http_conn *c)
{
    while (c->interim.len > 0) {
        size_t written = 0;
        if (c->ssl != NULL) {
            ERR_clear_error();
            int ok = SSL_write_ex(c->ssl, c->interim.ptr, c->interim.len, &written);
            if (ok != 1) {
                return ssl_outcome(c, ok);
            }
        } else {
            ssize_t n = send(c->watch.fd, c->interim.ptr, c->interim.len, MSG_NOSIGNAL);
            if (n < 0) {
                return errno == EAGAIN || errno == EINTR ? HTTP_IO_AGAIN : HTTP_IO_FAILED;
            }
            written = (size_t)n;
        }
        c->interim = ch_str_sub(c->interim, written, c->interim.len);
    }
    return HTTP_IO_DONE;
}

/* What the peer has acknowledged, on TCP; else what the kernel took. A slow reader's progress is
 * the former: the kernel may hold megabytes for it. */
uint64_t http_io_taken(const struct http_conn *c)
{
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    if (getsockopt(c->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
        len >= offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked)) {
        return info.tcpi_bytes_acked;
    }
    return c->out.sent_bytes;
}
