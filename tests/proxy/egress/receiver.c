#include "receiver.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "customhouse/err.h"

static void note(struct receiver *r, const char *bytes, size_t len)
{
    pthread_mutex_lock(&r->lock);
    CH_ASSERT(r->got_len + len < sizeof(r->got));
    memcpy(r->got + r->got_len, bytes, len);
    r->got_len += len;
    pthread_mutex_unlock(&r->lock);
}

/* Whether `text` has a whole request. */
static bool is_whole(const char *text, size_t len)
{
    const char *end = memmem(text, len, "\r\n\r\n", 4);
    const char *length = strcasestr(text, "\r\nContent-Length: ");
    return end != NULL && length != NULL && length < end &&
           (size_t)(end + 4 - text) + strtoul(length + 18, NULL, 10) <= len;
}

static bool readable(struct receiver *r, int fd)
{
    while (!atomic_load(&r->stop)) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 20) > 0) {
            return true;
        }
    }
    return false;
}

static void serve_plain(struct receiver *r, int fd)
{
    static char text[1 << 16];
    size_t len = 0;
    ssize_t n;
    while (readable(r, fd) && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0) {
        note(r, text + len, (size_t)n);
        len += (size_t)n;
        text[len] = '\0';
        if (r->way == RECEIVE_HTTP && is_whole(text, len)) {
            CH_IGNORE(write(fd, r->answer, strlen(r->answer)) < 0);
            return;
        }
    }
}

static void serve_tls(struct receiver *r, int fd)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    CH_ASSERT(SSL_CTX_use_certificate_chain_file(ctx, r->identity) == 1 &&
              SSL_CTX_use_PrivateKey_file(ctx, r->identity, SSL_FILETYPE_PEM) == 1);
    SSL *ssl = SSL_new(ctx);
    char bytes[4096];
    int n = 0;
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && r->way == RECEIVE_TLS_HALF) {
        shutdown(fd, SHUT_WR);
        while (!atomic_load(&r->stop)) {
            poll(NULL, 0, 20);
        }
    } else if (SSL_get_state(ssl) == TLS_ST_OK) {
        int size = r->way == RECEIVE_TLS_DIES ? 16 : (int)sizeof(bytes);
        while ((n = SSL_read(ssl, bytes, size)) > 0) {
            note(r, bytes, (size_t)n);
            if (r->way == RECEIVE_TLS_DIES) {
                break;
            }
        }
        if (r->way == RECEIVE_TLS && SSL_get_error(ssl, n) == SSL_ERROR_ZERO_RETURN) {
            SSL_shutdown(ssl);
        }
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

static void *thread_main(void *arg)
{
    struct receiver *r = arg;
    while (readable(r, r->fd)) {
        int fd = accept(r->fd, NULL, NULL);
        pthread_mutex_lock(&r->lock);
        r->connections++;
        pthread_mutex_unlock(&r->lock);
        if (r->way == RECEIVE_HTTP || r->way == RECEIVE_SILENT) {
            serve_plain(r, fd);
        } else {
            serve_tls(r, fd);
        }
        close(fd);
    }
    return NULL;
}

void receiver_start(struct receiver *r)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    int small = 4096;
    r->got_len = 0;
    r->connections = 0;
    atomic_store(&r->stop, false);
    r->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (r->way == RECEIVE_TLS_HALF) { /* so that the sender's kernel keeps what it does not read */
        CH_ASSERT(setsockopt(r->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)) == 0);
    }
    CH_ASSERT(r->fd >= 0 && bind(r->fd, (struct sockaddr *)&a, len) == 0 && listen(r->fd, 8) == 0 &&
              getsockname(r->fd, (struct sockaddr *)&a, &len) == 0);
    r->port = ntohs(a.sin_port);
    CH_ASSERT(pthread_mutex_init(&r->lock, NULL) == 0 &&
              pthread_create(&r->thread, NULL, thread_main, r) == 0);
}

void receiver_stop(struct receiver *r)
{
    atomic_store(&r->stop, true);
    pthread_join(r->thread, NULL);
    pthread_mutex_destroy(&r->lock);
    close(r->fd);
}
