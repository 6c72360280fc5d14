#include "tests/proxy/fetcher/fetch_bench.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/limits.h"

static void copy(char *ret, size_t room, struct ch_str s)
{
    snprintf(ret, room, "%.*s", CH_STR_ARG(s));
}

static void on_progress(void *owner, const struct ch_fetch_progress *p)
{
    struct bench *b = owner;
    b->last.progress_count += b->any_job ? 0 : 1;
    assert_true(p->bytes > 0);
}

static void on_done(void *owner, const struct ch_fetched *f)
{
    struct bench *b = owner;
    if (b->any_job) {
        return;
    }
    assert_int_equal(f->job, b->job);
    assert_false(b->last.done);
    b->last.done = true;
    b->last.code = f->code;
    b->last.http_status = f->http_status;
    b->last.bytes = f->bytes;
    b->last.elapsed_ms = f->elapsed_ms;
    b->last.retry_after_s = f->retry_after_s;
    b->last.told_bytes = f->told_bytes;
    b->last.told_at_least = f->told_at_least;
    b->last.told_empty = f->told_empty;
    copy(b->last.content_type, sizeof(b->last.content_type), f->content_type);
    copy(b->last.etag, sizeof(b->last.etag), f->etag);
    copy(b->last.effective_url, sizeof(b->last.effective_url), f->effective_url);
    copy(b->last.text, sizeof(b->last.text), f->text);
}

static int start_server(struct bench *b)
{
    int in[2];
    int out[2];
    if (pipe(in) != 0 || pipe(out) != 0) {
        return -1;
    }
    b->server_pid = fork();
    if (b->server_pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        execlp("python3", "python3", HOSTILE_SERVER, b->server_args[0], b->server_args[1],
               (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    b->server_stdin = in[1];
    FILE *f = fdopen(out[0], "r");
    char line[128];
    if (f == NULL || fgets(line, sizeof(line), f) == NULL) {
        return -1;
    }
    fclose(f);
    struct ch_str rest = ch_str_sub(ch_str_of(line), 0, ch_str_of(line).len - 1);
    struct ch_str part;
    for (size_t i = 0; i < 3; i++) {
        uint64_t port;
        if (!ch_str_split(&rest, ' ', &part) || !ch_str_u64(part, &port)) {
            return -1;
        }
        b->port[i] = (unsigned)port;
    }
    return 0;
}

static void add_file(struct bench *b, bool client, const char *path)
{
    static char pem[65536];
    FILE *f = path != NULL ? fopen(path, "r") : NULL;
    if (f != NULL) {
        struct ch_upstream_file file = {
            client, ch_str_of(path), {pem, fread(pem, 1, sizeof(pem), f)}};
        fclose(f);
        ch_upstream_file_put(&b->files, &file);
    }
}

void bench_configure(struct bench *b)
{
    struct ch_err err;
    ch_buf_clear(&b->files);
    for (size_t i = 0; i < b->config.upstream_count; i++) {
        add_file(b, false, b->config.upstreams[i].ca_file);
        add_file(b, true, b->config.upstreams[i].client_certificate);
    }
    b->settings.files = ch_buf_str(&b->files);
    b->settings.config = &b->config;
    b->settings.credentials = &b->credentials;
    assert_ch_ok(&err, ch_fetch_engine_configure(b->engine, &b->settings, &err));
}

int bench_start(struct bench *b)
{
    struct ch_err err;
    ch_limits.fetch_backoff_ms = 20;
    ch_limits.fetch_connect_ms = 3000;
    if (start_server(b) != 0) {
        return -1;
    }
    snprintf(b->url, sizeof(b->url), "http://127.0.0.1:%u/simple", b->port[0]);
    snprintf(b->file_host, sizeof(b->file_host), "127.0.0.1:%u", b->port[1]);
    b->file_hosts[0] = b->file_host;
    b->upstream = (struct ch_upstream){.name = (char *)(uintptr_t) "main",
                                       .url = b->url,
                                       .file_hosts = b->file_hosts,
                                       .file_host_count = 1};
    b->config.upstreams = &b->upstream;
    b->config.upstream_count = 1;
    b->settings.instance_id = CH_STR("0123456789abcdef");
    ch_buf_init(&b->files, 1u << 20);
    const struct ch_fetch_events events = {b, on_progress, on_done};
    assert_ch_ok(&err, ch_loop_new(&b->loop, &err));
    assert_ch_ok(&err, ch_fetch_engine_new(b->loop, &events, &b->engine, &err));
    bench_configure(b);
    return 0;
}

void bench_stop(struct bench *b)
{
    free(b->last.file);
    ch_buf_done(&b->files);
    ch_fetch_engine_free(b->engine);
    ch_loop_free(b->loop);
    close(b->server_stdin);
    waitpid(b->server_pid, NULL, 0);
}

struct ch_fetch bench_job(struct bench *b, const char *path)
{
    static char urls[8][512]; /* a job borrows its URL; no test holds more than that many */
    static unsigned next;
    char *url = urls[next++ % CH_ARRAY_LEN(urls)];
    if (path[0] == '/') {
        snprintf(url, sizeof(urls[0]), "http://127.0.0.1:%u%s", b->port[0], path);
    } else {
        snprintf(url, sizeof(urls[0]), "%s", path);
    }
    return (struct ch_fetch){.job = 7,
                             .kind = CH_FETCH_ARTIFACT,
                             .upstream = CH_STR("main"),
                             .url = ch_str_of(url),
                             .range_to_bytes = UINT64_MAX,
                             .max_bytes = 1000000,
                             .expected_bytes = CH_SIZE_UNKNOWN,
                             .timeout_ms = 20000};
}

const struct outcome *bench_fetch(struct bench *b, const struct ch_fetch *job, struct ch_str before)
{
    struct ch_err err;
    struct stat st;
    int fd = memfd_create("spool", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, before.ptr, before.len), before.len);
    int ours = dup(fd);
    free(b->last.file);
    b->last = (struct outcome){0};
    b->job = job->job;
    size_t others = ch_fetch_engine_jobs(b->engine);
    ch_fetch_engine_start(b->engine, job, fd);
    assert_false(b->last.done); /* never from within start */
    uint64_t until = ch_now_boot_ms() + 30000;
    while (!b->last.done && ch_now_boot_ms() < until) {
        assert_ch_ok(&err, ch_loop_turn(b->loop, 1000, &err));
    }
    assert_true(b->last.done);
    assert_int_equal(ch_fetch_engine_jobs(b->engine), others);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed before on_done */
    assert_int_equal(fstat(ours, &st), 0);
    b->last.file_bytes = (uint64_t)st.st_size;
    b->last.file = ch_calloc(1, (size_t)st.st_size + 1);
    assert_int_equal(pread(ours, b->last.file, (size_t)st.st_size, 0), st.st_size);
    close(ours);
    return &b->last;
}

const struct outcome *bench_get(struct bench *b, const char *path)
{
    struct ch_fetch job = bench_job(b, path);
    return bench_fetch(b, &job, CH_STR(""));
}

char *bench_seen(struct bench *b)
{
    struct ch_fetch job = bench_job(b, "/-/seen");
    const struct outcome *o = bench_fetch(b, &job, CH_STR(""));
    assert_int_equal(o->code, CH_OK);
    return ch_str_dup((struct ch_str){o->file, (size_t)o->file_bytes});
}

static void assert_is(const struct outcome *o, size_t len, unsigned step, unsigned modulus)
{
    if (o->code != CH_OK) {
        fail_msg("%s: %s", ch_code_name(o->code), o->text);
    }
    assert_int_equal(o->file_bytes, len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal((unsigned char)o->file[i], (unsigned char)(i * step % modulus));
    }
}

void assert_is_body(const struct outcome *o)
{
    assert_is(o, 100000, 1, 251);
}

void assert_is_other(const struct outcome *o)
{
    assert_is(o, 90000, 7, 241);
}
