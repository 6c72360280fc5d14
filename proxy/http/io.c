#include "http_int.h"

#include <errno.h>
#include <linux/sockios.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <stdlib.h>
#include <unistd.h>

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

/* Straight from the mapping. The kernel reads it, so a page that cannot be had (truncated file, bad
 * disk) is EFAULT or a short count here, not SIGBUS. */
static enum http_io write_plain(struct http_conn *c)
{
    struct http_out *o = &c->out;
    struct iovec iov[HTTP_PIECES + 1];
    size_t count = 0;
    for (size_t i = o->piece_at; i < o->piece_count; i++) {
        iov[count++] = (struct iovec){(void *)(uintptr_t)o->piece[i].ptr, o->piece[i].len};
    }
    if (o->blob_left > 0) {
        uint64_t max = c->server->limits.http_write_bytes;
        size_t n = (size_t)(o->blob_left < max ? o->blob_left : max);
        iov[count++] = (struct iovec){o->blob->map + o->blob_at, n};
    }
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = count};
    ssize_t n = sendmsg(c->watch.fd, &msg, MSG_NOSIGNAL);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? HTTP_IO_AGAIN : HTTP_IO_FAILED;
    }
    out_advance(o, (size_t)n);
    return out_empty(o) ? HTTP_IO_DONE : HTTP_IO_AGAIN;
}

/* Gathers the next bytes of the answer; a blob is read, not copied from its mapping: SSL_write
 * would meet SIGBUS in our own process. False when the file gives less than it promised. */
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
        size_t want = (size_t)(o->blob_left < room ? o->blob_left : room);
        ssize_t got = pread(o->blob->fd, s->scratch + n, want, (off_t)o->blob_at);
        if (got < 0 || (size_t)got != want) {
            return false;
        }
        n += want;
    }
    *ret_len = n;
    return true;
}

static enum http_io write_tls(struct http_conn *c)
{
    uint64_t start = c->out.sent_bytes;
    while (!out_empty(&c->out)) {
        size_t len;
        size_t written;
        struct http_out *o = &c->out;
        const char *from = c->server->scratch;
        if (o->piece_at + 1 == o->piece_count && o->blob_left == 0) {
            from = o->piece[o->piece_at].ptr; /* only memory is left: no need to gather it */
            len = o->piece[o->piece_at].len;
            if (len > c->server->scratch_bytes) {
                len = c->server->scratch_bytes;
            }
        } else if (!gather(c, &len)) {
            return HTTP_IO_FAILED;
        }
        /* After WANT_WRITE the same call is made again: same bytes, since nothing was advanced. */
        ERR_clear_error();
        int ok = SSL_write_ex(c->ssl, from, len, &written);
        if (ok != 1) {
            enum http_io r = ssl_outcome(c, ok);
            return r == HTTP_IO_EOF ? HTTP_IO_FAILED : r;
        }
        c->ssl_wants_write = false;
        c->ssl_wants_read = false;
        out_advance(o, written);
        if (c->out.sent_bytes - start >= c->server->limits.http_write_bytes &&
            !out_empty(&c->out)) {
            return HTTP_IO_AGAIN;
        }
    }
    return HTTP_IO_DONE;
}

enum http_io http_io_write(struct http_conn *c)
{
    if (out_empty(&c->out)) {
        return HTTP_IO_DONE;
    }
    return c->ssl != NULL ? write_tls(c) : write_plain(c);
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

/* Bytes written but not yet acknowledged: what a slow reader has taken is sent minus these. */
uint64_t http_io_unacked(const struct http_conn *c)
{
    int n = 0;
    return ioctl(c->watch.fd, SIOCOUTQ, &n) == 0 && n > 0 ? (uint64_t)n : 0;
}
