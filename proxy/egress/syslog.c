/* Messages for a syslog server over TLS (RFC 5425), and the proof that it read them.
 *
 * Syslog has no acknowledgement, and what a kernel has taken may still be lost with its host. So
 * each job has a connection of its own that is closed in order: we send close_notify, which the
 * receiver "MUST reply" to with its own (RFC 5425, 4.4), and who replies to what stands behind the
 * messages has read them. A receiver that closes TCP instead after it has read all ends the stream,
 * too; one that dies with bytes unread resets it, and the job has failed and comes again. */
#include <errno.h>
#include <linux/tcp.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/config/place.h"
#include "customhouse/limits.h"
#include "customhouse/loop.h"
#include "proxy/egress/egress_int.h"
#include "proxy/fetcher/address.h"

#define SLICE_MS 200 /* how long a wait lasts before it is looked whether to stop */

struct line {
    struct egress_place *p;
    int fd;
    SSL *ssl;
    uint64_t deadline_ms; /* of what is being done */
};

/* Waits once, for a slice at the most; *ready: something has come of it. */
static enum ch_code wait_slice(const struct line *l, short events, int slice_ms, bool *ready,
                               struct ch_err *err)
{
    uint64_t now = ch_now_boot_ms();
    struct pollfd pfd = {.fd = l->fd, .events = events};
    if (atomic_load(&l->p->stop)) {
        return ch_fail(err, CH_E_CLOSED, "%s: given up", l->p->address);
    }
    if (now >= l->deadline_ms) {
        return ch_fail(err, CH_E_TIMEOUT, "%s: no answer in time", l->p->address);
    }
    uint64_t left = l->deadline_ms - now;
    int n = poll(&pfd, 1, left < (uint64_t)slice_ms ? (int)left : slice_ms);
    *ready = n > 0;
    return n < 0 && errno != EINTR ? ch_fail_errno(err, errno, "%s", l->p->address) : CH_OK;
}

static enum ch_code wait_for(const struct line *l, short events, struct ch_err *err)
{
    bool ready = false;
    enum ch_code rc = CH_OK;
    while (rc == CH_OK && !ready) {
        rc = wait_slice(l, events, SLICE_MS, &ready, err);
    }
    return rc;
}

/* ------------------------------------------------------------------ TCP */

static enum ch_code connect_to(struct line *l, const struct addrinfo *a, struct ch_err *err)
{
    struct egress_place *p = l->p;
    int failed = 0;
    socklen_t len = sizeof(failed);
    if (!ch_address_permitted(ch_address_kind(a->ai_addr), true,
                              ch_address_is_literal(ch_str_of(p->host)))) {
        return ch_fail(err, CH_E_DENIED, "%s: its address is one that no server has", p->address);
    }
    l->fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0) {
        return ch_fail_errno(err, errno, "%s", p->address);
    }
    enum ch_code rc = CH_OK;
    if (connect(l->fd, a->ai_addr, a->ai_addrlen) != 0) {
        failed = errno;
        rc = failed == EINPROGRESS ? wait_for(l, POLLOUT, err) : CH_OK;
        if (rc == CH_OK && failed == EINPROGRESS &&
            getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &failed, &len) != 0) {
            failed = errno;
        }
        if (rc == CH_OK && failed != 0) {
            rc = ch_fail(err, CH_E_UPSTREAM, "%s: %s", p->address, strerrordesc_np(failed));
        }
    }
    if (rc != CH_OK) {
        close(l->fd);
        l->fd = -1;
    }
    return rc;
}

static enum ch_code open_tcp(struct line *l, struct ch_err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    const char *port = strrchr(l->p->address, ':');
    CH_ASSERT(port != NULL);
    int failed = getaddrinfo(l->p->host, port + 1, &hints, &found);
    if (failed != 0) {
        return ch_fail(err, CH_E_UPSTREAM, "%s: %s", l->p->address, gai_strerror(failed));
    }
    enum ch_code rc = ch_fail(err, CH_E_UPSTREAM, "%s: it has no address", l->p->address);
    for (const struct addrinfo *a = found; a != NULL && l->fd < 0; a = a->ai_next) {
        rc = connect_to(l, a, err);
    }
    freeaddrinfo(found);
    return rc;
}

/* ------------------------------------------------------------------ TLS */

static enum ch_code fail_tls(const struct line *l, const char *what, struct ch_err *err)
{
    long verify = SSL_get_verify_result(l->ssl);
    unsigned long e = ERR_peek_last_error();
    const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;
    if (verify != X509_V_OK) {
        return ch_fail(err, CH_E_DENIED, "%s: %s: its certificate does not verify: %s",
                       l->p->address, what, X509_verify_cert_error_string(verify));
    }
    return ch_fail(err, CH_E_UPSTREAM, "%s: %s: %s", l->p->address, what,
                   reason != NULL ? reason
                   : errno != 0   ? strerrordesc_np(errno)
                                  : "connection closed");
}

/* After a call of OpenSSL's gave `n`: CH_OK to call again. */
static enum ch_code wait_tls(const struct line *l, int n, const char *what, struct ch_err *err)
{
    switch (SSL_get_error(l->ssl, n)) {
    case SSL_ERROR_WANT_READ:
        return wait_for(l, POLLIN, err);
    case SSL_ERROR_WANT_WRITE:
        return wait_for(l, POLLOUT, err);
    default:
        return fail_tls(l, what, err);
    }
}

static enum ch_code open_tls(struct line *l, struct ch_err *err)
{
    const struct egress_place *p = l->p;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    CH_ASSERT(ctx != NULL && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
    SSL_CTX_set1_cert_store(ctx, p->store);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    l->ssl = SSL_new(ctx);
    SSL_CTX_free(ctx); /* SSL keeps it */
    CH_ASSERT(l->ssl != NULL && SSL_set_fd(l->ssl, l->fd) == 1);
    X509_VERIFY_PARAM *param = SSL_get0_param(l->ssl);
    bool named;
    if (X509_VERIFY_PARAM_set1_ip_asc(param, p->server_name) == 1) {
        named = true;
    } else {
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        named = X509_VERIFY_PARAM_set1_host(param, p->server_name, 0) == 1 &&
                SSL_set_tlsext_host_name(l->ssl, p->server_name) == 1;
    }
    ERR_clear_error();
    if (!named) {
        return ch_fail(err, CH_E_USAGE, "%s: %s is no name that a certificate has", p->address,
                       p->server_name);
    }
    int n;
    enum ch_code rc = CH_OK;
    while (rc == CH_OK && (n = SSL_connect(l->ssl)) != 1) {
        rc = wait_tls(l, n, "TLS", err);
    }
    return rc;
}

static enum ch_code write_all(struct line *l, struct ch_str bytes, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    while (rc == CH_OK && bytes.len > 0) {
        errno = 0;
        ERR_clear_error();
        size_t n = 0;
        int done = SSL_write_ex(l->ssl, bytes.ptr, bytes.len, &n);
        if (done == 1) {
            bytes = ch_str_sub(bytes, n, bytes.len);
        } else {
            rc = wait_tls(l, done, "writing", err);
        }
    }
    return rc;
}

/* TCP_CLOSE of netinet/tcp.h, whose tcp_info has not what Linux's has. */
#define CLOSED 7

/* TCP's own end says that the receiver has read all only where what we sent last, our close_notify,
 * was taken, too: a receiver that has closed before is answered for by its kernel, with a reset. */
static enum ch_code wait_taken(const struct line *l, struct ch_err *err)
{
    for (;;) {
        struct tcp_info info;
        socklen_t len = sizeof(info);
        if (getsockopt(l->fd, IPPROTO_TCP, TCP_INFO, &info, &len) != 0 ||
            info.tcpi_state == CLOSED) {
            return ch_fail(err, CH_E_UPSTREAM, "%s: it ended the connection before it had read all",
                           l->p->address);
        }
        if (info.tcpi_unacked == 0 && info.tcpi_notsent_bytes == 0) {
            return CH_OK;
        }
        bool reset = false;
        enum ch_code rc = wait_slice(l, 0, 10, &reset, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
}

static bool tcp_has_ended(const struct line *l, int n)
{
    return SSL_get_error(l->ssl, n) == SSL_ERROR_SSL &&
           ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

static enum ch_code close_in_order(struct line *l, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    int n;
    ERR_clear_error();
    while (rc == CH_OK && (n = SSL_shutdown(l->ssl)) < 0) {
        rc = wait_tls(l, n, "closing", err);
    }
    while (rc == CH_OK) {
        char ignored[1024]; /* there is nothing that a receiver has to say */
        size_t got = 0;
        errno = 0;
        ERR_clear_error();
        n = SSL_read_ex(l->ssl, ignored, sizeof(ignored), &got);
        if (n != 1 && SSL_get_error(l->ssl, n) == SSL_ERROR_ZERO_RETURN) {
            return CH_OK;
        }
        if (n != 1 && tcp_has_ended(l, n)) {
            return wait_taken(l, err);
        }
        rc = n == 1 ? CH_OK : wait_tls(l, n, "waiting for its end of the connection", err);
    }
    return rc;
}

enum ch_code egress_syslog(struct egress_place *p, const struct ch_send *job,
                           struct egress_result *r, struct ch_err *err)
{
    (void)r;
    uint64_t now = ch_now_boot_ms(), soon = now + ch_limits.egress_connect_ms,
             end = now + job->timeout_ms;
    struct line l = {.p = p, .fd = -1, .deadline_ms = soon < end ? soon : end};
    ERR_clear_error();
    enum ch_code rc = open_tcp(&l, err);
    rc = rc == CH_OK ? open_tls(&l, err) : rc;
    l.deadline_ms = end;
    rc = rc == CH_OK ? write_all(&l, job->body, err) : rc;
    rc = rc == CH_OK ? close_in_order(&l, err) : rc;
    SSL_free(l.ssl);
    ERR_clear_error();
    if (l.fd >= 0) {
        close(l.fd);
    }
    return rc;
}
