#include "supervisor_int.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/config/place.h"

#define BACKLOG 4096

void listening_close(struct listening *l)
{
    if (l->address != NULL) {
        close(l->fd);
        free(l->address);
        *l = (struct listening){.fd = -1};
    }
}

static enum ch_code bind_and_listen(const struct addrinfo *a, const char *address, int *ret_fd,
                                    struct ch_err *err)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", address);
    }
    /* an IPv6 wildcard is that and no more: who wants IPv4 too says so */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        (a->ai_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0) ||
        bind(fd, a->ai_addr, a->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int errnum = errno;
        close(fd);
        return ch_fail_errno(err, errnum, "cannot listen on %s", address);
    }
    *ret_fd = fd;
    return CH_OK;
}

/* What the socket is really bound to: tests and packagers ask for port 0. */
static char *bound_address(int fd, struct ch_str host)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof(a);
    char port[8] = "0";
    CH_ASSERT(getsockname(fd, (struct sockaddr *)&a, &len) == 0);
    CH_ASSERT(getnameinfo((struct sockaddr *)&a, len, NULL, 0, port, sizeof(port),
                          NI_NUMERICHOST | NI_NUMERICSERV) == 0);
    struct ch_buf b;
    ch_buf_init(&b, 512);
    bool v6 = ch_str_find_char(host, ':', NULL);
    ch_buf_printf(&b, v6 ? "[%.*s]:%s" : "%.*s:%s", CH_STR_ARG(host), port);
    char *text = ch_str_dup(ch_buf_str(&b));
    ch_buf_done(&b);
    return text;
}

enum ch_code listening_open(const char *address, bool tls, struct listening *ret,
                            struct ch_err *err)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    if (!ch_place_split(ch_str_of(address), &host, &port)) {
        return ch_fail(err, CH_E_USAGE, "\"%.200s\": expected HOST:PORT, as in 127.0.0.1:8080",
                       address);
    }
    char *name = ch_str_dup(host);
    char service[8];
    snprintf(service, sizeof(service), "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    int gai = getaddrinfo(name, service, &hints, &list);
    free(name);
    if (gai != 0) {
        return ch_fail(err, CH_E_USAGE, "cannot listen on %s: %s", address, gai_strerror(gai));
    }
    int fd = -1;
    enum ch_code rc = bind_and_listen(list, address, &fd, err);
    freeaddrinfo(list);
    if (rc == CH_OK) {
        *ret = (struct listening){bound_address(fd, host), fd, tls};
    }
    return rc;
}
