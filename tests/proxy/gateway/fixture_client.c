/* The clients of a gateway under test: requests, and what came back. */
#include "fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 10000

void client_open(struct fixture *f, struct client *c)
{
    int pair[2];
    struct ch_err err;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
    *c = (struct client){.fd = pair[0]};
    ch_buf_init(&c->got, 64 << 20);
    assert_ch_ok(&err, ch_http_server_adopt(gw_server(f->gw), pair[1], NULL, f->mark, &err));
}

void client_close(struct client *c)
{
    if (c->fd >= 0) {
        close(c->fd);
    }
    c->fd = -1;
    ch_buf_done(&c->got);
}

void client_send(struct client *c, const char *request)
{
    size_t len = strlen(request);
    assert_int_equal(send(c->fd, request, len, MSG_NOSIGNAL), (ssize_t)len);
}

struct ch_str header_of(struct ch_str answer, const char *name)
{
    struct ch_str line;
    while (ch_str_split(&answer, '\n', &line) && line.len > 1) {
        size_t colon;
        if (ch_str_find_char(line, ':', &colon) &&
            ch_str_eq_nocase(ch_str_sub(line, 0, colon), ch_str_of(name))) {
            return ch_str_trim(ch_str_sub(line, colon + 1, line.len - colon - 2));
        }
    }
    return (struct ch_str){NULL, 0};
}

int status_of(struct ch_str answer)
{
    uint64_t status = 0;
    return ch_str_u64(ch_str_sub(answer, 9, 3), &status) ? (int)status : 0;
}

struct ch_str body_of(struct ch_str answer)
{
    size_t at;
    return ch_str_find(answer, CH_STR("\r\n\r\n"), &at) ? ch_str_sub(answer, at + 4, answer.len)
                                                        : (struct ch_str){NULL, 0};
}

bool client_answered(struct client *c, bool is_head)
{
    char piece[65536];
    ssize_t n;
    while ((n = recv(c->fd, piece, sizeof(piece), 0)) > 0) {
        ch_buf_put(&c->got, piece, (size_t)n);
    }
    c->closed = c->closed || n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
    struct ch_str all = ch_buf_str(&c->got);
    if (!ch_str_find(all, CH_STR("\r\n\r\n"), NULL)) {
        return false;
    }
    uint64_t length = 0;
    ch_str_u64(header_of(all, "Content-Length"), &length);
    return is_head || status_of(all) == 304 || body_of(all).len >= length;
}

struct ch_str client_wait(struct fixture *f, struct client *c, bool is_head)
{
    uint64_t end = ch_now_boot_ms() + PATIENCE_MS;
    struct ch_err err;
    while (!client_answered(c, is_head)) {
        if (c->closed || ch_now_boot_ms() > end) {
            fail_msg("no whole answer: \"%.*s\"", CH_STR_ARG(ch_buf_str(&c->got)));
        }
        assert_ch_ok(&err, ch_loop_turn(f->loop, 5, &err));
    }
    fixture_turn(f);
    return ch_buf_str(&c->got);
}

static struct ch_str exchange(struct fixture *f, const char *method, const char *path, const char *more)
{
    static struct client c = {.fd = -1};
    char request[20000];
    client_close(&c);
    client_open(f, &c);
    snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: gw.example.org\r\n%s\r\n", method, path,
             more != NULL ? more : "");
    client_send(&c, request);
    struct ch_str answer = client_wait(f, &c, strcmp(method, "HEAD") == 0);
    close(c.fd);
    c.fd = -1;
    return answer;
}

struct ch_str get(struct fixture *f, const char *path, const char *more)
{
    return exchange(f, "GET", path, more);
}

struct ch_str head(struct fixture *f, const char *path, const char *more)
{
    return exchange(f, "HEAD", path, more);
}
