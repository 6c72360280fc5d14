/* A fetch engine against the hostile server, for the tests of proxy/fetcher. */
#ifndef FETCH_BENCH_H
#define FETCH_BENCH_H

#include "tests/ch_test.h"

#include "proxy/fetcher/fetch.h"

struct outcome {
    bool done;
    enum ch_code code;
    uint32_t http_status;
    uint64_t bytes;
    char content_type[256];
    char etag[256];
    char effective_url[512];
    char text[1024];
    uint32_t elapsed_ms;
    uint32_t retry_after_s;
    uint64_t told_bytes;
    bool told_at_least, told_empty;
    unsigned progress_count;
    uint64_t file_bytes;
    char *file; /* what lies in the descriptor; freed by the next fetch */
};

struct bench {
    struct ch_loop *loop;
    struct ch_fetch_engine *engine;
    struct ch_config config;
    struct ch_credentials credentials;
    struct ch_fetch_settings settings;
    struct ch_buf files; /* of the settings */
    struct ch_upstream upstream;
    const char *server_args[2]; /* TLS: PEM of the server, of its anchor; NULL: plain HTTP */
    int server_pid;
    int server_stdin;
    unsigned port[3]; /* own, file host, unlisted */
    char url[64];
    char file_host[64];
    char *file_hosts[4];
    uint64_t job; /* that bench_fetch waits for: no other one may end meanwhile */
    bool any_job; /* the ends of jobs are not looked at */
    struct outcome last;
};

int bench_start(struct bench *b); /* 0 */
void bench_stop(struct bench *b);
/* With what can be read of the files that the upstreams name. */
void bench_configure(struct bench *b);

/* An artifact job for `path` on the upstream's own host. */
struct ch_fetch bench_job(struct bench *b, const char *path);
/* Runs the job to its end; the file begins with what `before` holds. */
const struct outcome *bench_fetch(struct bench *b, const struct ch_fetch *job,
                                  struct ch_str before);
const struct outcome *bench_get(struct bench *b, const char *path);
/* What the server was asked since the last call, one line per request; free(). */
char *bench_seen(struct bench *b);
/* The server's BODY (100,000 bytes) and OTHER (90,000). */
void assert_is_body(const struct outcome *o);
void assert_is_other(const struct outcome *o);

#endif
