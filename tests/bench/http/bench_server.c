/* The HTTP core alone, for bench rows 1 and 2: "/page" is 4 KiB, every other path the blob.
 * bench_server PORT WORKERS BLOB [CERT KEY] */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/http.h"
#include "customhouse/loop.h"

struct bench {
    struct ch_http_prepared *page;
    struct ch_http_prepared *blob;
    FILE *log; /* buffered, as nginx's is */
};

static void on_request(struct ch_http_request *r, void *owner)
{
    struct bench *b = owner;
    const struct ch_http_view *v = ch_http_view(r);
    bool page = v->segment_count == 1 && ch_str_eq(v->segments[0], CH_STR("page"));
    ch_http_respond_prepared(r, page ? b->page : b->blob);
}

static void on_access(const struct ch_http_access *a, void *owner)
{
    struct bench *b = owner;
    fprintf(b->log, "{\"peer\":\"%.*s\",\"method\":\"%.*s\",\"path\":\"%.*s\",\"status\":%d,"
                    "\"bytes\":%llu,\"us\":%llu}\n",
            CH_STR_ARG(a->peer), CH_STR_ARG(a->method), CH_STR_ARG(a->path), a->status,
            (unsigned long long)a->body_bytes, (unsigned long long)a->duration_us);
}

static void must(enum ch_code rc, const struct ch_err *err)
{
    if (rc != CH_OK) {
        fprintf(stderr, "bench_server: %s\n", err->msg);
        exit(1);
    }
}

static struct ch_str read_file(const char *path)
{
    struct ch_buf b;
    ch_buf_init(&b, 1 << 20);
    FILE *f = fopen(path, "rb");
    int c;
    while (f != NULL && (c = fgetc(f)) != EOF) {
        ch_buf_putc(&b, (char)c);
    }
    if (f == NULL || b.len == 0) {
        perror(path);
        exit(1);
    }
    fclose(f);
    return ch_buf_str(&b);
}

static int listen_on(const char *port)
{
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 511) != 0) {
        perror("bench_server: listen");
        exit(1);
    }
    return fd;
}

static void serve(int listen_fd, char **argv, int argc)
{
    static char page[4096];
    struct ch_err err;
    struct ch_loop *loop;
    struct ch_http_server *server;
    struct ch_http_tls *tls = NULL;
    struct ch_http_blob *blob;
    struct bench b = {.log = fopen("/dev/null", "w")};
    for (size_t i = 0; i < sizeof(page); i++) {
        page[i] = (char)('a' + i % 26);
    }
    if (b.log == NULL) {
        perror("/dev/null");
        exit(1);
    }
    setvbuf(b.log, NULL, _IOFBF, 65536);
    must(ch_http_blob_new(open(argv[3], O_RDONLY | O_CLOEXEC), &blob, &err), &err);
    b.page = ch_http_prepared_new(&(struct ch_http_response){
        .status = 200, .content_type = CH_STR("text/html"), .etag = CH_STR("\"p1\""),
        .body = {page, sizeof(page)}});
    b.blob = ch_http_prepared_new(&(struct ch_http_response){
        .status = 200, .content_type = CH_STR("application/octet-stream"),
        .etag = CH_STR("\"b1\""), .ranges = true, .blob = blob});
    if (argc == 6) {
        must(ch_http_tls_new(read_file(argv[4]), read_file(argv[5]), &tls, &err), &err);
    }
    must(ch_loop_new(&loop, &err), &err);
    must(ch_http_server_new(&(struct ch_http_options){.loop = loop, .on_request = on_request,
                                                      .on_access = on_access, .owner = &b},
                            &server, &err), &err);
    must(ch_http_server_listen(server, listen_fd, tls, 0, &err), &err);
    must(ch_loop_run(loop, &err), &err);
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 6) {
        fprintf(stderr, "usage: bench_server PORT WORKERS BLOB [CERT KEY]\n");
        return 2;
    }
    int fd = listen_on(argv[1]);
    unsigned long workers = strtoul(argv[2], NULL, 10);
    for (unsigned long i = 0; i < workers; i++) {
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            serve(fd, argv, argc);
            return 0;
        }
    }
    while (wait(NULL) > 0) {
    }
    return 0;
}
