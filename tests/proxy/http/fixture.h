/* A real server on a loop of the test's own process, and one client socket at a time. */
#ifndef HTTP_FIXTURE_H
#define HTTP_FIXTURE_H

#include "tests/ch_test.h"

#include "customhouse/http.h"
#include "customhouse/limits.h"
#include "customhouse/loop.h"

struct fixture {
    struct ch_loop *loop;
    struct ch_http_server *server;
    void (*on_request)(struct fixture *f, struct ch_http_request *r); /* NULL: echo_view */
    int client;         /* -1: none */
    struct ch_buf got;  /* what the client has read */
    bool closed;        /* the server closed, cleanly or not */
    bool reset;
    /* the handler's notes */
    int requests;
    char note[8192];
    struct ch_http_ticket ticket;
    int gone;
    bool drained;
    struct ch_buf body;
    bool body_last;
    bool pause;
    int released;
    struct ch_http_blob *blob;
    /* the log */
    int logged;
    int status;
    bool complete;
    uint64_t body_bytes;
    char rule[160];
};

struct fixture *fixture_new(void);
void fixture_free(struct fixture *f);
void fixture_connect(struct fixture *f); /* a socketpair; drops the client before */
void fixture_send(struct fixture *f, struct ch_str bytes);
/* Turns the loop and reads until `done` holds, 10 s at most. */
void fixture_until(struct fixture *f, bool (*done)(struct fixture *f), const char *what);
bool is_closed(struct fixture *f);
bool is_answered(struct fixture *f); /* a head has come, and Content-Length bytes after it */
bool is_requested(struct fixture *f);
bool is_gone(struct fixture *f);
void fixture_gone(void *fixture); /* counts: for ch_http_later */
/* Connects, sends, and reads until the server closes. */
struct ch_str fixture_exchange(struct fixture *f, struct ch_str bytes);
void turn(struct fixture *f, int times);
int listen_tcp(uint16_t *ret_port);         /* on 127.0.0.1 */
int connect_tcp(uint16_t port);             /* may still be under way */
void use_client(struct fixture *f, int fd); /* another one, of which nothing was read */
/* For fixtures that are made afterwards, with a short time to linger. */
void with_limits(uint64_t header_ms, uint64_t idle_ms, uint64_t window_ms);

#define assert_has(haystack, literal)                                                              \
    do {                                                                                           \
        struct ch_str h_ = (haystack);                                                             \
        if (!ch_str_find(h_, ch_str_of(literal), NULL)) {                                          \
            fail_msg("\"%s\" is not in \"%.*s\"", (literal), CH_STR_ARG(h_));                      \
        }                                                                                          \
    } while (0)

#endif
