#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Says what it was asked, so that tests see the decoded request. */
static void echo_view(struct fixture *f, struct ch_http_request *r)
{
    const struct ch_http_view *v = ch_http_view(r);
    int n = snprintf(f->note, sizeof(f->note), "%.*s", CH_STR_ARG(v->method_name));
    for (size_t i = 0; i < v->segment_count; i++) {
        n += snprintf(f->note + n, sizeof(f->note) - (size_t)n, "|%.*s",
                      CH_STR_ARG(v->segments[i]));
    }
    snprintf(f->note + n, sizeof(f->note) - (size_t)n, "%s?%.*s", v->trailing_slash ? "|/" : "",
             CH_STR_ARG(v->query));
    ch_http_respond(r, &(struct ch_http_response){.status = 200, .body = ch_str_of(f->note),
                                                  .body_copy = true});
}

static void on_request(struct ch_http_request *r, void *owner)
{
    struct fixture *f = owner;
    f->requests++;
    if (f->on_request != NULL) {
        f->on_request(f, r);
    } else {
        echo_view(f, r);
    }
}

static void on_access(const struct ch_http_access *a, void *owner)
{
    struct fixture *f = owner;
    f->logged++;
    f->status = a->status;
    f->complete = a->complete;
    f->body_bytes = a->body_bytes;
    snprintf(f->rule, sizeof(f->rule), "%.*s", CH_STR_ARG(a->rule));
}

static void on_drained(void *owner)
{
    ((struct fixture *)owner)->drained = true;
}

struct fixture *fixture_new(void)
{
    static const struct ch_str hosts[] = {{"example.org", 11}, {"localhost", 9}};
    struct ch_err err;
    struct fixture *f = ch_calloc(1, sizeof(*f));
    f->client = -1;
    ch_buf_init(&f->got, 64 << 20);
    ch_buf_init(&f->body, 1 << 20);
    assert_ch_ok(&err, ch_loop_new(&f->loop, &err));
    assert_ch_ok(&err, ch_http_server_new(
                           &(struct ch_http_options){.loop = f->loop,
                                                     .on_request = on_request,
                                                     .on_access = on_access,
                                                     .on_drained = on_drained,
                                                     .owner = f,
                                                     .hosts = hosts,
                                                     .host_count = CH_ARRAY_LEN(hosts)},
                           &f->server, &err));
    return f;
}

void fixture_free(struct fixture *f)
{
    ch_http_server_free(f->server);
    ch_http_blob_unref(f->blob);
    ch_loop_free(f->loop);
    if (f->client >= 0) {
        close(f->client);
    }
    ch_buf_done(&f->got);
    ch_buf_done(&f->body);
    free(f);
}

void fixture_connect(struct fixture *f)
{
    int pair[2];
    struct ch_err err;
    if (f->client >= 0) {
        close(f->client);
    }
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
    f->client = pair[0];
    f->closed = false;
    f->reset = false;
    ch_buf_clear(&f->got);
    assert_ch_ok(&err, ch_http_server_adopt(f->server, pair[1], NULL, 0, &err));
}

static void read_some(struct fixture *f)
{
    char *to = ch_buf_reserve(&f->got, 65536);
    assert_non_null(to);
    ssize_t n = recv(f->client, to, 65536, 0);
    if (n > 0) {
        f->got.len += (size_t)n;
    } else if (n == 0 || errno != EAGAIN) {
        f->closed = true;
        f->reset = n < 0;
    }
}

void turn(struct fixture *f, int times)
{
    struct ch_err err;
    for (int i = 0; i < times; i++) {
        assert_ch_ok(&err, ch_loop_turn(f->loop, 0, &err));
    }
}

void fixture_until(struct fixture *f, bool (*done)(struct fixture *f), const char *what)
{
    struct ch_err err;
    uint64_t give_up = ch_now_boot_ms() + 10000;
    while (!done(f)) {
        assert_ch_ok(&err, ch_loop_turn(f->loop, 1, &err));
        if (f->client >= 0 && !f->closed) {
            read_some(f);
        }
        if (ch_now_boot_ms() > give_up) {
            fail_msg("%s: not within 10 s; read \"%.*s\"", what, CH_STR_ARG(ch_buf_str(&f->got)));
        }
    }
}

void fixture_send(struct fixture *f, struct ch_str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = send(f->client, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            turn(f, 1);
            continue;
        }
        if (n < 0) {
            return; /* refused meanwhile */
        }
        bytes = ch_str_sub(bytes, (size_t)n, bytes.len);
    }
}

bool is_closed(struct fixture *f)
{
    return f->closed;
}

bool is_requested(struct fixture *f)
{
    return f->requests > 0;
}

bool is_gone(struct fixture *f)
{
    return f->gone > 0;
}

void fixture_gone(void *fixture)
{
    ((struct fixture *)fixture)->gone++;
}

bool is_answered(struct fixture *f)
{
    struct ch_str all = ch_buf_str(&f->got);
    size_t end;
    size_t at;
    uint64_t length = 0;
    if (!ch_str_find(all, CH_STR("\r\n\r\n"), &end)) {
        return false;
    }
    if (ch_str_find(all, CH_STR("Content-Length: "), &at) && at < end) {
        struct ch_str rest = ch_str_sub(all, at + 16, all.len);
        struct ch_str number;
        assert_true(ch_str_split(&rest, '\r', &number) && ch_str_u64(number, &length));
    }
    return all.len >= end + 4 + length;
}

struct ch_str fixture_exchange(struct fixture *f, struct ch_str bytes)
{
    fixture_connect(f);
    fixture_send(f, bytes);
    fixture_until(f, is_closed, "the server closes");
    return ch_buf_str(&f->got);
}

/* --- TCP --- */

int listen_tcp(uint16_t *ret_port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *ret_port = ntohs(at.sin_port);
    return fd;
}

int connect_tcp(uint16_t port)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    (void)connect(fd, (struct sockaddr *)&at, sizeof(at));
    return fd;
}

void use_client(struct fixture *f, int fd)
{
    f->client = fd;
    f->closed = false;
    ch_buf_clear(&f->got);
}

/* --- time --- */

void with_limits(uint64_t header_ms, uint64_t idle_ms, uint64_t window_ms)
{
    ch_limits.http_header_ms = header_ms;
    ch_limits.http_idle_ms = idle_ms;
    ch_limits.http_rate_window_ms = window_ms;
    ch_limits.http_linger_ms = 50;
}
