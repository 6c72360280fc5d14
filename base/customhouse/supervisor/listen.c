#include "supervisor_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/config/place.h"

#define BACKLOG 4096

void listening_close(struct listening *l)
{
    if (l->address != NULL) {
        close(l->fd);
        free(l->address);
        free(l->asked);
        *l = (struct listening){.fd = -1};
    }
}

/* An IPv6 socket of ours takes no IPv4, so the kernel would only say "Invalid argument". */
static enum ch_code check_family(const struct addrinfo *a, const char *address, struct ch_err *err)
{
    const struct sockaddr_in6 *in6 = (const void *)a->ai_addr;
    char v4[INET_ADDRSTRLEN];
    if (a->ai_family != AF_INET6 || !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        return CH_OK;
    }
    inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], v4, sizeof(v4));
    return ch_fail(err, CH_E_USAGE,
                   "cannot listen on %s: an IPv4 address in the form of IPv6, expected %s:%u",
                   address, v4, ntohs(in6->sin6_port));
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
    enum ch_code rc = check_family(list, address, err);
    rc = rc == CH_OK ? bind_and_listen(list, address, &fd, err) : rc;
    freeaddrinfo(list);
    if (rc == CH_OK) {
        *ret = (struct listening){.address = bound_address(fd, host),
                                  .asked = ch_str_dup(ch_str_of(address)),
                                  .fd = fd,
                                  .tls = tls};
    }
    return rc;
}

size_t listening_place(const struct listening *l, const struct ch_config *config)
{
    size_t place = config->listen_count;
    size_t nth = 0;
    for (size_t i = 0; i < config->listen_count && nth <= l->nth; i++) {
        if (strcmp(config->listen[i].address, l->asked) == 0) {
            place = i;
            nth++;
        }
    }
    return place;
}

size_t listening_told(const struct supervisor *sup,
                      struct ch_setup_listener ret[CH_SETUP_MAX_LISTENERS])
{
    for (size_t i = 0; i < sup->listening_count; i++) {
        ret[i] = (struct ch_setup_listener){.address = ch_str_of(sup->listening[i].address),
                                            .tls = sup->listening[i].tls};
    }
    return sup->listening_count;
}

static void copy(struct ch_buf *to, const struct ch_buf *from)
{
    ch_buf_init(to, from->len);
    ch_buf_puts(to, ch_buf_str(from));
}

void listening_show(const struct supervisor *sup, struct site *site, const struct site *before)
{
    CH_ASSERT(site->shown == NULL);
    site->shown = ch_calloc(sup->listening_count + 1, sizeof(*site->shown));
    site->shown_count = sup->listening_count;
    for (size_t i = 0; i < sup->listening_count; i++) {
        const struct listening *l = &sup->listening[i];
        size_t place = listening_place(l, site->config);
        const struct site_pair *from = place < site->pair_count ? &site->pairs[place]
                                       : before != NULL         ? &before->shown[i]
                                                                : NULL;
        if (l->tls && from != NULL) {
            copy(&site->shown[i].certificate, &from->certificate);
            copy(&site->shown[i].key, &from->key);
        }
    }
}
