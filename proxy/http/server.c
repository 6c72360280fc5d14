#include "http_int.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

/* --- who is connected: slots, and chains of slots by hash of the address --- */

static const uint8_t no_address[16];
static const uint8_t v4_mapped[12] = {[10] = 0xff, [11] = 0xff};

static bool has_address(const struct http_conn *c)
{
    return memcmp(c->address, no_address, sizeof(no_address)) != 0;
}

/* One client: an IPv4 address, or an IPv6 /64 (a customer gets at least that). */
static size_t client_bytes(const struct http_conn *c)
{
    return memcmp(c->address, v4_mapped, sizeof(v4_mapped)) == 0 ? 16 : 8;
}

static uint32_t *chain_of(struct ch_http_server *s, const struct http_conn *c)
{
    uint64_t h = 0xcbf29ce484222325U; /* FNV-1a */
    for (size_t i = 0; i < client_bytes(c); i++) {
        h = (h ^ c->address[i]) * 0x100000001b3U;
    }
    return &s->same_heads[h % s->slot_count];
}

static bool same_client(const struct http_conn *a, const struct http_conn *b)
{
    return client_bytes(a) == client_bytes(b) &&
           memcmp(a->address, b->address, client_bytes(b)) == 0;
}

static uint64_t count_same(struct ch_http_server *s, const struct http_conn *c)
{
    uint64_t n = 0;
    for (uint32_t at = *chain_of(s, c); at != 0; at = s->slots[at - 1]->same_next) {
        n += same_client(s->slots[at - 1], c);
    }
    return n;
}

static void chain_add(struct ch_http_server *s, struct http_conn *c)
{
    uint32_t *head = chain_of(s, c);
    c->same_next = *head;
    c->same_prev = 0;
    if (*head != 0) {
        s->slots[*head - 1]->same_prev = c->slot + 1;
    }
    *head = c->slot + 1;
}

static void chain_remove(struct ch_http_server *s, struct http_conn *c)
{
    if (c->same_prev != 0) {
        s->slots[c->same_prev - 1]->same_next = c->same_next;
    } else {
        *chain_of(s, c) = c->same_next;
    }
    if (c->same_next != 0) {
        s->slots[c->same_next - 1]->same_prev = c->same_prev;
    }
}

static bool waits_for_its_client(const struct http_conn *c)
{
    return !c->running &&
           (c->state == HTTP_HEAD || c->state == HTTP_LINGER ||
            (c->state == HTTP_BUSY && (c->body == HTTP_BODY_RECEIVING || c->half_closed)));
}

/* The one that has waited for its client for longest, of all or (`like`) of those of one client, is
 * closed in favour of a newcomer, which has no slot yet: whoever only holds connections keeps
 * nobody else out. False: all are being answered, or have come so lately that what they ask is on
 * its way still. */
static bool make_room(struct ch_http_server *s, const struct http_conn *like)
{
    struct http_conn *victim = NULL;
    uint64_t now_ns = http_now_ns(), long_ns = s->limits.http_room_ms * 1000000;
    for (size_t i = 0; i < s->slot_count; i++) {
        struct http_conn *c = s->slots[i];
        if (c != NULL && waits_for_its_client(c) && now_ns - c->waits_since_ns >= long_ns &&
            (like == NULL || same_client(c, like))) {
            victim = victim == NULL || c->waits_since_ns < victim->waits_since_ns ? c : victim;
        }
    }
    if (victim == NULL) {
        return false;
    }
    http_conn_abort(victim);
    return true;
}

static void take_slot(struct ch_http_server *s, struct http_conn *c)
{
    c->slot = s->free_slots[s->slot_count - ++s->connections];
    s->slots[c->slot] = c;
    if (has_address(c)) {
        chain_add(s, c);
    }
}

static void start_listening(struct ch_http_server *s);

/* There is room, or may be. */
void http_server_room(struct ch_http_server *s)
{
    if (!s->listening && !s->draining) {
        ch_loop_cancel_timer(s->loop, &s->timer);
        start_listening(s);
    }
}

void http_server_forget(struct http_conn *c)
{
    struct ch_http_server *s = c->server;
    if (has_address(c)) {
        chain_remove(s, c);
    }
    s->slots[c->slot] = NULL;
    s->free_slots[s->slot_count - s->connections--] = c->slot;
    if (s->draining && s->connections == 0) {
        ch_loop_set_timer(s->loop, &s->timer, 0); /* not now: the caller still uses the server */
    } else {
        http_server_room(s);
    }
}

/* --- addresses --- */

static void address_of(const struct sockaddr_storage *from, uint8_t ret[16], uint16_t *ret_port)
{
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)from;
        ret[10] = 0xff;
        ret[11] = 0xff;
        memcpy(ret + 12, &in->sin_addr, 4);
        *ret_port = ntohs(in->sin_port);
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)from;
        memcpy(ret, &in6->sin6_addr, 16);
        *ret_port = ntohs(in6->sin6_port);
    }
}

static void set_peer(struct http_conn *c, const struct sockaddr_storage *from)
{
    address_of(from, c->address, &c->peer_port);
    if (!has_address(c)) {
        return;
    }
    if (client_bytes(c) == 16) {
        inet_ntop(AF_INET, c->address + 12, c->peer, sizeof(c->peer));
    } else {
        inet_ntop(AF_INET6, c->address, c->peer, sizeof(c->peer));
    }
}

/* The address in a Host: an IP literal is as good as a name when it is the one the client reached
 * us by, since DNS rebinding needs a name (T20). */
static bool is_local_literal(struct http_conn *c, struct ch_str host)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t address[16] = {0};
    bool v6 = host.len > 2 && host.ptr[0] == '[';
    struct ch_str bare = v6 ? ch_str_sub(host, 1, host.len - 2) : host;
    if (bare.len >= sizeof(text)) {
        return false;
    }
    memcpy(text, bare.ptr, bare.len);
    text[bare.len] = '\0';
    if (v6) {
        if (inet_pton(AF_INET6, text, address) != 1) {
            return false;
        }
    } else {
        address[10] = 0xff;
        address[11] = 0xff;
        if (inet_pton(AF_INET, text, address + 12) != 1) {
            return false;
        }
    }
    if (!c->local_known) {
        struct sockaddr_storage local = {0};
        socklen_t len = sizeof(local);
        uint16_t port;
        c->local_known = true;
        if (getsockname(c->watch.fd, (struct sockaddr *)&local, &len) == 0) {
            address_of(&local, c->local, &port);
        }
    }
    return memcmp(c->local, no_address, 16) != 0 && memcmp(c->local, address, 16) == 0;
}

bool http_host_allowed(struct http_conn *c)
{
    const struct ch_http_server *s = c->server;
    struct ch_str host = c->parser.view.host;
    for (size_t i = 0; i < s->host_count; i++) {
        if (ch_str_eq_nocase(s->hosts[i], host)) {
            return true;
        }
    }
    return is_local_literal(c, host);
}

/* --- accepting --- */

static enum ch_code adopt(struct ch_http_server *s, int fd, const struct sockaddr_storage *from,
                          struct ch_http_tls *tls, unsigned mark, struct ch_err *err)
{
    int one = 1;
    unsigned unsent = (unsigned)s->limits.http_unsent_bytes;
    /* Both fail on other sockets. A queue of megabytes for each connection would have left every
     * cache by the time it is sent; what is in flight is not bounded by this. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
    struct http_conn *c = http_conn_new(s, fd, tls);
    set_peer(c, from);
    c->parser.peer = ch_str_of(c->peer);
    c->parser.peer_port = c->peer_port;
    c->parser.mark = mark;
    http_parser_reset(&c->parser);
    bool too_many = has_address(c) && count_same(s, c) >= s->limits.http_connections_per_address &&
                    !make_room(s, c);
    take_slot(s, c);
    enum ch_code rc = ch_loop_watch(s->loop, &c->watch, EPOLLIN, err);
    if (rc != CH_OK) {
        http_conn_free(c);
        return rc;
    }
    if (too_many && tls == NULL) {
        http_conn_refuse(c, 503, "connections: too many from this address");
        http_conn_run(c);
    } else if (too_many) {
        http_conn_abort(c); /* a handshake to say so would cost more than the connection */
    }
    return CH_OK;
}

static void stop_listening(struct ch_http_server *s)
{
    for (struct http_listener *l = s->listeners; l != NULL; l = l->next) {
        ch_loop_unwatch(s->loop, &l->watch);
    }
    s->listening = false;
}

static void pause_accepting(struct ch_http_server *s)
{
    stop_listening(s); /* else the loop spins on a socket it cannot serve; the backlog waits, or
                        * another process takes it */
    ch_loop_set_timer(s->loop, &s->timer, ch_loop_now_ms(s->loop) + s->limits.http_accept_pause_ms);
}

/* Nobody gives way to who was taken by another process on the same socket. */
static bool somebody_came(int listen_fd)
{
    struct pollfd p = {.fd = listen_fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

/* -1: nobody is there, or, with *ret_full, there is no descriptor for one more. */
static int accept_one(int listen_fd, struct sockaddr_storage *from, bool *ret_full)
{
    socklen_t len = sizeof(*from);
    int fd = accept4(listen_fd, (struct sockaddr *)from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    *ret_full =
        fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM);
    return fd;
}

/* One connection per event: another process on the same socket gets the next one. */
static void on_listener(struct ch_watch *w, uint32_t events)
{
    struct http_listener *l = (struct http_listener *)w; /* the first member */
    struct ch_http_server *s = l->server;
    struct sockaddr_storage from = {0};
    (void)events;
    if (s->connections >= s->limits.http_connections) {
        if (!somebody_came(w->fd)) {
            return;
        }
        if (!make_room(s, NULL)) {
            pause_accepting(s);
            return;
        }
    }
    bool full;
    int fd = accept_one(w->fd, &from, &full);
    if (full && somebody_came(w->fd) && make_room(s, NULL)) {
        fd = accept_one(w->fd, &from, &full);
    }
    if (full) {
        pause_accepting(s);
    }
    if (fd < 0) {
        return;
    }
    struct ch_err err;
    (void)adopt(s, fd, &from, l->tls, l->mark, &err); /* its failure has closed the connection */
}

static void start_listening(struct ch_http_server *s)
{
    struct ch_err err;
    s->listening = true;
    for (struct http_listener *l = s->listeners; l != NULL; l = l->next) {
        if (ch_loop_watch(s->loop, &l->watch, EPOLLIN | EPOLLEXCLUSIVE, &err) != CH_OK) {
            pause_accepting(s);
            return;
        }
    }
}

static void server_timer(struct ch_timer *t)
{
    struct ch_http_server *s =
        (struct ch_http_server *)((char *)t - offsetof(struct ch_http_server, timer));
    if (s->draining) {
        if (s->connections == 0 && s->options.on_drained != NULL) {
            s->options.on_drained(s->options.owner);
        }
    } else {
        start_listening(s);
    }
}

/* --- the server --- */

void ch_http_server_set_hosts(struct ch_http_server *s, const struct ch_str *hosts, size_t count)
{
    struct ch_str *copy = ch_calloc(count, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = (struct ch_str){ch_str_dup(hosts[i]), hosts[i].len};
    }
    for (size_t i = 0; i < s->host_count; i++) {
        free((char *)(uintptr_t)s->hosts[i].ptr);
    }
    free(s->hosts);
    s->hosts = copy;
    s->host_count = count;
}

enum ch_code ch_http_server_new(const struct ch_http_options *options,
                                struct ch_http_server **ret_server, struct ch_err *err)
{
    if (ch_limits.http_connections == 0 || ch_limits.http_connections > UINT32_MAX - 1 ||
        ch_limits.http_head_bytes < ch_limits.http_line_bytes || ch_limits.http_head_lines == 0 ||
        ch_limits.http_head_bytes > UINT32_MAX || ch_limits.http_path_segments == 0 ||
        ch_limits.http_tls_gather_bytes == 0 || ch_limits.http_write_bytes == 0 ||
        ch_limits.http_probe_bytes == 0) {
        return ch_fail(err, CH_E_USAGE,
                       "limits: an http_ limit is zero, too large, or "
                       "http_head_bytes is below http_line_bytes");
    }
    CH_ASSERT(options->loop != NULL && options->on_request != NULL);
    struct ch_http_server *s = ch_calloc(1, sizeof(*s));
    s->options = *options;
    s->loop = options->loop;
    s->limits = ch_limits;
    s->timer.fn = server_timer;
    s->date_second = -1;
    if (getrandom(&s->last_request_id, sizeof(s->last_request_id), 0) < 0) {
        s->last_request_id = (uint64_t)ch_now_unix_us();
    }
    s->listening = true;
    s->slot_count = s->limits.http_connections;
    s->slots = ch_calloc(s->slot_count, sizeof(*s->slots));
    s->same_heads = ch_calloc(s->slot_count, sizeof(*s->same_heads));
    s->free_slots = ch_calloc(s->slot_count, sizeof(*s->free_slots));
    for (uint32_t i = 0; i < s->slot_count; i++) {
        s->free_slots[s->slot_count - 1 - i] = i;
    }
    s->scratch_bytes = s->limits.http_tls_gather_bytes;
    s->scratch = ch_alloc(s->scratch_bytes);
    ch_http_server_set_hosts(s, options->hosts, options->host_count);
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    http_fault_catch();
    *ret_server = s;
    return CH_OK;
}

enum ch_code ch_http_server_listen(struct ch_http_server *s, int listen_fd, struct ch_http_tls *tls,
                                   unsigned mark, struct ch_err *err)
{
    int flags = fcntl(listen_fd, F_GETFL);
    if (flags < 0 || fcntl(listen_fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        return ch_fail_errno(err, errno, "listening socket");
    }
    struct http_listener *l = ch_calloc(1, sizeof(*l));
    l->watch = (struct ch_watch){.fd = listen_fd, .fn = on_listener};
    l->server = s;
    l->tls = tls;
    l->mark = mark;
    enum ch_code rc = ch_loop_watch(s->loop, &l->watch, EPOLLIN | EPOLLEXCLUSIVE, err);
    if (rc != CH_OK) {
        free(l);
        return rc;
    }
    l->next = s->listeners;
    s->listeners = l;
    return CH_OK;
}

enum ch_code ch_http_server_adopt(struct ch_http_server *s, int fd, struct ch_http_tls *tls,
                                  unsigned mark, struct ch_err *err)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    int flags = fcntl(fd, F_GETFL);
    if (s->connections >= s->limits.http_connections || s->draining) {
        close(fd);
        return ch_fail(err, CH_E_BUSY, "connections: %zu are open", s->connections);
    }
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
        getpeername(fd, (struct sockaddr *)&from, &len) != 0) {
        enum ch_code rc = ch_fail_errno(err, errno, "connected socket");
        close(fd);
        return rc;
    }
    return adopt(s, fd, &from, tls, mark, err);
}

static void add_slots(struct ch_http_server *s, size_t count)
{
    size_t added = count - s->slot_count;
    size_t free_before = s->slot_count - s->connections;
    struct http_conn **slots = ch_calloc(count, sizeof(*slots));
    uint32_t *free_slots = ch_calloc(count, sizeof(*free_slots));
    for (size_t i = 0; i < added; i++) {
        free_slots[i] = (uint32_t)(count - 1 - i);
    }
    memcpy(free_slots + added, s->free_slots, free_before * sizeof(*free_slots));
    memcpy(slots, s->slots, s->slot_count * sizeof(struct http_conn *));
    free(s->slots);
    free(s->free_slots);
    free(s->same_heads);
    s->slots = slots;
    s->free_slots = free_slots;
    s->same_heads = ch_calloc(count, sizeof(*s->same_heads));
    s->slot_count = count;
    for (size_t i = 0; i < count; i++) {
        if (slots[i] != NULL && has_address(slots[i])) {
            chain_add(s, slots[i]);
        }
    }
}

void ch_http_server_set_connections(struct ch_http_server *s, uint32_t all, uint32_t per_address)
{
    CH_ASSERT(all > 0 && all < UINT32_MAX);
    s->limits.http_connections = all;
    s->limits.http_connections_per_address = per_address;
    if (all > s->slot_count) {
        add_slots(s, all);
    }
    while (!s->draining && s->connections > all && make_room(s, NULL)) {
    }
    http_server_room(s);
}

struct ch_str http_server_date(struct ch_http_server *s)
{
    int64_t now = ch_now_unix_us() / 1000000;
    if (now != s->date_second) {
        s->date_second = now;
        http_date_format(now, s->date);
    }
    return (struct ch_str){s->date, HTTP_DATE_LEN};
}

void ch_http_server_drain(struct ch_http_server *s)
{
    s->draining = true;
    stop_listening(s);
    for (size_t i = 0; i < s->slot_count; i++) {
        struct http_conn *c = s->slots[i];
        if (c == NULL) {
            continue;
        }
        if (c->state == HTTP_HEAD && c->in_len == c->in_at && !c->running) {
            http_conn_close(c);
        } else {
            c->close_after = true;
        }
    }
    ch_loop_set_timer(s->loop, &s->timer, 0);
}

size_t ch_http_server_connections(const struct ch_http_server *s)
{
    return s->connections;
}

void ch_http_server_free(struct ch_http_server *s)
{
    if (s == NULL) {
        return;
    }
    s->draining = true;
    stop_listening(s);
    for (size_t i = 0; i < s->slot_count; i++) {
        if (s->slots[i] != NULL) {
            http_conn_abort(s->slots[i]);
        }
    }
    ch_loop_cancel_timer(s->loop, &s->timer);
    while (s->listeners != NULL) {
        struct http_listener *next = s->listeners->next;
        free(s->listeners);
        s->listeners = next;
    }
    ch_http_server_set_hosts(s, NULL, 0);
    free(s->hosts);
    free(s->slots);
    free(s->same_heads);
    free(s->free_slots);
    free(s->scratch);
    free(s);
}
