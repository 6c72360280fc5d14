/* How many connections are taken, of all clients and of one, and who gives way to a newcomer; over
 * TCP. */
#include "fixture.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST "Host: example.org\r\n"

static bool one_connected(struct fixture *f)
{
    return ch_http_server_connections(f->server) == 1;
}

static bool two_connected(struct fixture *f)
{
    return ch_http_server_connections(f->server) == 2;
}

static bool is_served(struct fixture *f)
{
    return f->requests == 1;
}

static bool two_requests(struct fixture *f)
{
    return f->requests == 2;
}

static bool is_four(struct fixture *f)
{
    return f->requests == 4;
}

static void keep_busy(struct fixture *f, struct ch_http_request *r)
{
    ch_http_later(r, fixture_gone, f);
}

static bool was_reset(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_DONTWAIT) < 0 && errno == ECONNRESET;
}

/* A connection whose request is never answered. */
static int connect_busy(struct fixture *f, uint16_t port)
{
    int fd = connect_tcp(port);
    use_client(f, fd);
    fixture_send(f, CH_STR("GET /busy HTTP/1.1\r\n" HOST "\r\n"));
    return fd;
}

static void test_one_address_is_bounded(void **state)
{
    uint64_t per_address = ch_limits.http_connections_per_address;
    ch_limits.http_connections_per_address = 2;
    with_limits(60000, 60000, 60000);
    struct fixture *f = fixture_new();
    ch_limits.http_connections_per_address = per_address;
    struct ch_err err;
    uint16_t port;
    (void)state;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    f->on_request = keep_busy;
    int one = connect_busy(f, port);
    int two = connect_busy(f, port);
    fixture_until(f, two_requests, "two requests");
    use_client(f, connect_tcp(port));
    fixture_until(f, is_closed, "the third is refused");
    assert_has(ch_buf_str(&f->got), "HTTP/1.1 503 ");
    assert_has(ch_buf_str(&f->got), "too many from this address");
    close(f->client);
    fixture_until(f, two_connected, "the third is gone");
    assert_int_equal(f->gone, 0);
    close(one);
    close(two);
    f->client = -1;
    fixture_free(f);
    close(listener);
}

static void test_local_address(void **state)
{
    with_limits(60000, 60000, 60000);
    struct fixture *f = fixture_new();
    struct ch_err err;
    uint16_t port;
    (void)state;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    int one = connect_tcp(port);
    int two = connect_tcp(port);
    fixture_until(f, two_connected, "two connections");
    use_client(f, one); /* an address literal is a Host when it is the one we were reached by */
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n"));
    fixture_until(f, is_closed, "the first answer");
    assert_has(ch_buf_str(&f->got), "GET|a?");
    close(one);
    use_client(f, two);
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\nHost: 127.0.0.2\r\n\r\n"));
    fixture_until(f, is_closed, "the second answer");
    assert_has(ch_buf_str(&f->got), "HTTP/1.1 421 ");
    fixture_free(f);
    close(listener);
}

/* At the limit of all connections, each of which is being answered, the backlog waits instead of being refused. */
static void test_backlog_waits(void **state)
{
    uint64_t all = ch_limits.http_connections;
    ch_limits.http_connections = 1;
    struct fixture *f = fixture_new();
    ch_limits.http_connections = all;
    struct ch_err err;
    uint16_t port;
    (void)state;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    f->on_request = keep_busy;
    int one = connect_busy(f, port);
    fixture_until(f, is_served, "one request");
    f->on_request = NULL;
    use_client(f, connect_tcp(port));
    fixture_send(f, CH_STR("GET /b HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    turn(f, 5);
    assert_int_equal(f->requests, 1);
    close(one);
    fixture_until(f, is_closed, "the second is served");
    assert_has(ch_buf_str(&f->got), "GET|b?");
    fixture_free(f);
    close(listener);
}

/* Another number of connections than at the start: more are taken at once, fewer when who is
 * answered has gone; nobody who is being answered is cut off. */
static void test_other_limits_in_force(void **state)
{
    uint64_t all = ch_limits.http_connections;
    struct ch_err err;
    uint16_t port;
    (void)state;
    ch_limits.http_connections = 1;
    struct fixture *f = fixture_new();
    ch_limits.http_connections = all;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    f->on_request = keep_busy;
    int busy[2];
    for (int i = 0; i < 2; i++) {
        busy[i] = connect_busy(f, port);
    }
    fixture_until(f, is_served, "the first request");
    turn(f, 5);
    assert_int_equal(f->requests, 1); /* the second waits in the backlog */
    ch_http_server_set_connections(f->server, 3, 3);
    fixture_until(f, two_requests, "the second request");
    int idle = connect_tcp(port);
    turn(f, 5);
    assert_int_equal(ch_http_server_connections(f->server), 3);
    ch_http_server_set_connections(f->server, 2, 3);
    int waits = connect_tcp(port);
    turn(f, 5);
    assert_int_equal(ch_http_server_connections(f->server), 3);
    assert_int_equal(f->gone, 0);
    close(idle);
    fixture_until(f, two_connected, "the idle one is gone");
    turn(f, 5);
    assert_int_equal(ch_http_server_connections(f->server), 2); /* the last one still waits */
    f->on_request = NULL;
    close(busy[0]);
    use_client(f, waits);
    fixture_send(f, CH_STR("GET /b HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    fixture_until(f, is_closed, "the one that waited");
    assert_has(ch_buf_str(&f->got), "GET|b?");
    ch_http_server_set_connections(f->server, 3, 1);
    use_client(f, connect_tcp(port));
    fixture_until(f, is_closed, "a second one of this address is refused");
    assert_has(ch_buf_str(&f->got), "too many from this address");
    close(busy[1]);
    fixture_free(f);
    close(listener);
}

/* Fewer connections than there are, while a lack of descriptors is waited out: that is over, and
 * still nobody is taken. */
static void test_fewer_while_accepting_pauses(void **state)
{
    uint64_t pause = ch_limits.http_accept_pause_ms;
    struct rlimit before, none;
    struct ch_err err;
    uint16_t port;
    (void)state;
    ch_limits.http_accept_pause_ms = 50;
    struct fixture *f = fixture_new();
    ch_limits.http_accept_pause_ms = pause;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    f->on_request = keep_busy;
    int one = connect_busy(f, port);
    fixture_until(f, is_served, "one request");
    f->on_request = NULL;
    int two = connect_tcp(port);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){0, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    turn(f, 5); /* accepting fails */
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(ch_http_server_connections(f->server), 1);
    ch_http_server_set_connections(f->server, 1, 3);
    uint64_t end = ch_now_boot_ms() + 100;
    while (ch_now_boot_ms() < end) {
        turn(f, 1);
    }
    assert_int_equal(ch_http_server_connections(f->server), 1);
    close(one);
    use_client(f, two);
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    fixture_until(f, is_closed, "the one that waited");
    assert_has(ch_buf_str(&f->got), "GET|a?");
    fixture_free(f);
    close(listener);
}

/* No descriptor is left below the limit of FILL_MAX; the caller closes these. */
#define FILL_MAX 64
static size_t fill_descriptors(int filler[FILL_MAX])
{
    size_t count = 0;
    int last = dup(0);
    assert_true(last >= 0 && last < FILL_MAX);
    close(last);
    for (int fd; (fd = dup(0)) >= 0; count++) {
        assert_true(count < FILL_MAX);
        filler[count] = fd;
    }
    assert_int_equal(errno, EMFILE);
    return count;
}

/* All descriptors are taken: a connection that only waits for its client gives way. While there is
 * none, nothing is tried again and again. */
static void test_want_of_descriptors(void **state)
{
    struct rlimit before;
    struct ch_err err;
    uint16_t port;
    int filler[FILL_MAX];
    uint64_t pause = ch_limits.http_accept_pause_ms, room = ch_limits.http_room_ms;
    (void)state;
    ch_limits.http_accept_pause_ms = 600000;
    ch_limits.http_room_ms = 0;
    struct fixture *f = fixture_new();
    ch_limits.http_accept_pause_ms = pause;
    ch_limits.http_room_ms = room;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    int idle = connect_tcp(port);
    use_client(f, idle);
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    fixture_until(f, is_answered, "the first answer");
    f->on_request = keep_busy;
    int busy = connect_busy(f, port);
    fixture_until(f, two_requests, "the second request");
    int newcomer = connect_busy(f, port);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    const struct rlimit low = {FILL_MAX, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    size_t filled = fill_descriptors(filler);
    uint64_t end_ms = ch_now_boot_ms() + 10000;
    while (f->requests < 3 && ch_now_boot_ms() < end_ms) {
        turn(f, 1);
    }
    assert_int_equal(f->requests, 3);
    assert_true(was_reset(idle));
    assert_int_equal(f->gone, 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    int last = connect_busy(f, port);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    turn(f, 5); /* accepting fails, as all are being answered */
    uint64_t begun_ms = ch_now_boot_ms();
    assert_ch_ok(&err, ch_loop_turn(f->loop, 30, &err));
    assert_true(ch_now_boot_ms() - begun_ms >= 29);
    assert_int_equal(f->requests, 3);
    close(busy);
    fixture_until(f, is_four, "the last one has its turn");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    while (filled > 0) {
        close(filler[--filled]);
    }
    close(idle);
    close(newcomer);
    close(last);
    f->client = -1;
    fixture_free(f);
    close(listener);
}

static bool take_all(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    (void)r, (void)piece, (void)last, (void)arg;
    return true;
}

static void wait_for_body(struct fixture *f, struct ch_http_request *r)
{
    struct ch_err err;
    ch_http_later(r, fixture_gone, f);
    assert_ch_ok(&err, ch_http_receive(r, 1000, take_all, f, &err));
}

/* Whoever only holds connections, of one address or of all, keeps nobody out: the one that has
 * waited for its client for longest goes, first one without a request, then one whose body does not
 * come. */
static void test_who_waits_gives_way(void **state)
{
    uint64_t per_address = ch_limits.http_connections_per_address, all = ch_limits.http_connections;
    uint64_t room = ch_limits.http_room_ms;
    (void)state;
    for (int bound = 0; bound < 2; bound++) {
        ch_limits.http_connections_per_address = bound == 0 ? 2 : per_address;
        ch_limits.http_connections = bound == 0 ? all : 2;
        ch_limits.http_room_ms = 0;
        struct fixture *f = fixture_new();
        ch_limits.http_room_ms = room;
        ch_limits.http_connections_per_address = per_address;
        ch_limits.http_connections = all;
        struct ch_err err;
        uint16_t port;
        int listener = listen_tcp(&port);
        assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
        int one = connect_tcp(port);
        fixture_until(f, one_connected, "one connection");
        int two = connect_tcp(port);
        fixture_until(f, two_connected, "two connections");
        f->on_request = wait_for_body;
        use_client(f, two);
        fixture_send(f, CH_STR("POST /a HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n1"));
        fixture_until(f, is_served, "a request without its body");
        f->on_request = NULL;
        for (int i = 0; i < 2; i++) {
            assert_int_equal(f->gone, 0);
            use_client(f, connect_tcp(port));
            fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
            fixture_until(f, is_answered, "the answer to the newcomer");
            assert_has(ch_buf_str(&f->got), "GET|a?");
            assert_true(was_reset(i == 0 ? one : two));
            close(i == 0 ? one : two);
            if (i == 0) {
                one = f->client; /* it waits for its next request, since later than `two` */
            }
        }
        assert_int_equal(f->gone, 1);
        close(one);
        fixture_free(f);
        close(listener);
    }
}

/* Who has come just now is given the time to say what it wants. */
static void test_who_came_lately_stays(void **state)
{
    uint64_t all = ch_limits.http_connections;
    struct ch_err err;
    uint16_t port;
    (void)state;
    ch_limits.http_connections = 1;
    struct fixture *f = fixture_new();
    ch_limits.http_connections = all;
    int listener = listen_tcp(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    uint64_t begun_ms = ch_now_boot_ms();
    int one = connect_tcp(port);
    fixture_until(f, one_connected, "one connection");
    use_client(f, connect_tcp(port));
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n"));
    fixture_until(f, is_answered, "the second is served");
    assert_true(was_reset(one)); /* in the end */
    assert_true(ch_now_boot_ms() - begun_ms >= ch_limits.http_room_ms);
    close(one);
    fixture_free(f);
    close(listener);
}

static int listen_tcp6(uint16_t *ret_port)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    socklen_t len = sizeof(at);
    int no = 0, fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *ret_port = ntohs(at.sin6_port);
    return fd;
}

static bool host_has_ipv6(void)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool has = fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return has;
}

static int connect_tcp6(uint16_t port)
{
    struct sockaddr_in6 at = {
        .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    (void)connect(fd, (struct sockaddr *)&at, sizeof(at));
    return fd;
}

/* The first half of an IPv4 address, as IPv6 writes it, is that of ::1: two clients all the same.
 */
static void test_only_ones_own_give_way(void **state)
{
    uint64_t per_address = ch_limits.http_connections_per_address;
    (void)state;
    if (!host_has_ipv6()) {
        skip();
    }
    uint64_t room = ch_limits.http_room_ms;
    ch_limits.http_connections_per_address = 1;
    ch_limits.http_room_ms = 0;
    struct fixture *f = fixture_new();
    ch_limits.http_room_ms = room;
    ch_limits.http_connections_per_address = per_address;
    struct ch_err err;
    uint16_t port;
    int listener = listen_tcp6(&port);
    assert_ch_ok(&err, ch_http_server_listen(f->server, listener, NULL, 0, &err));
    int other = connect_tcp(port);
    fixture_until(f, one_connected, "one connection");
    int own = connect_tcp6(port);
    fixture_until(f, two_connected, "two connections");
    use_client(f, connect_tcp6(port));
    fixture_send(f, CH_STR("GET /a HTTP/1.1\r\n" HOST "\r\n"));
    fixture_until(f, is_answered, "the answer to the newcomer");
    assert_true(was_reset(own));
    assert_false(was_reset(other));
    close(own);
    close(other);
    fixture_free(f);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_address_is_bounded),
        cmocka_unit_test(test_local_address),
        cmocka_unit_test(test_backlog_waits),
        cmocka_unit_test(test_other_limits_in_force),
        cmocka_unit_test(test_fewer_while_accepting_pauses),
        cmocka_unit_test(test_want_of_descriptors),
        cmocka_unit_test(test_who_waits_gives_way),
        cmocka_unit_test(test_who_came_lately_stays),
        cmocka_unit_test(test_only_ones_own_give_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
