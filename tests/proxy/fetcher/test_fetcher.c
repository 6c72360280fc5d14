/* The real process, really confined, between a supervisor and a keeper played by the test. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/channel.h"
#include "customhouse/shared.h"
#include "customhouse/spawn.h"
#include "tests/proxy/fetcher/fetch_bench.h"
#include "tests/proxy/fetcher/identities.h"

#define WAIT_MS 20000

static struct bench bench; /* for its server */
static struct identities pems;
static struct ch_spawned fetcher;
static int keeper = -1;

static struct ch_buf new_buf(uint16_t type)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(type)->max_bytes);
    return b;
}

static void send_message(int channel, uint16_t type, struct ch_buf *b, const int *fds, size_t count)
{
    struct ch_err err;
    assert_ch_ok(&err, ch_frame_write(channel, type, ch_buf_str(b), fds, count,
                                      ch_now_boot_ms() + WAIT_MS, &err));
    ch_buf_done(b);
}

/* The next message of that type; the buffer is the caller's. */
static struct ch_buf receive(int channel, uint16_t wanted)
{
    struct ch_err err;
    struct ch_buf b = new_buf(wanted);
    for (;;) {
        uint16_t type;
        int fds[CH_FRAME_MAX_FDS];
        size_t count;
        ch_buf_clear(&b);
        assert_ch_ok(&err, ch_frame_read(channel, CH_ROLE_FETCHER, &type, &b, fds, &count,
                                         ch_now_boot_ms() + WAIT_MS, &err));
        if (type == wanted) {
            return b;
        }
        assert_int_equal(type, CH_MSG_FETCH_PROGRESS);
    }
}

static void send_setup(void)
{
    static char pem[65536];
    char config[512];
    struct ch_buf files;
    FILE *f = fopen(pems.ca_path, "r");
    assert_non_null(f);
    struct ch_upstream_file ca = {
        false, CH_STR("/nonexistent/ca.pem"), {pem, fread(pem, 1, sizeof(pem), f)}};
    fclose(f);
    ch_buf_init(&files, sizeof(pem) + 512);
    ch_upstream_file_put(&files, &ca);
    snprintf(config, sizeof(config),
             "listen: [{address: '127.0.0.1:1'}]\n"
             "upstreams:\n"
             "  - {name: main, ecosystem: pypi, url: 'https://127.0.0.1:%u/simple',\n"
             "     ca_file: /nonexistent/ca.pem, file_hosts: ['127.0.0.1:%u', 'localhost:%u', "
             "'127.0.0.1:2']}\n"
             "repositories:\n"
             "  - {name: pypi, ecosystem: pypi, upstreams: [main]}\n",
             bench.port[0], bench.port[1], bench.port[1]);
    struct ch_setup setup = {
        .role = CH_ROLE_FETCHER,
        .instances = 1,
        .uid = geteuid() == 0 ? 61292 : 0,
        .gid = geteuid() == 0 ? 61292 : 0,
        .state_dir = CH_STR("/nonexistent/state"),
        .upstream_files = ch_buf_str(&files),
        .config_name = CH_STR("customhouse.yaml"),
        .config_text = ch_str_of(config),
        .instance_id = CH_STR("00112233445566778899aabbccddeeff"),
        .listener_count = 1,
        .listener = {{.address = CH_STR("127.0.0.1:2")}},
    };
    int fds[3];
    const size_t sizes[3] = {sizeof(struct ch_epoch_page),
                             (size_t)CH_METRICS_SLOTS * CH_METRICS_SLOT_BYTES, 1};
    for (size_t i = 0; i < 3; i++) {
        fds[i] = memfd_create("shared", MFD_CLOEXEC);
        assert_int_equal(ftruncate(fds[i], (off_t)sizes[i]), 0);
    }
    struct ch_buf b = new_buf(CH_MSG_SETUP);
    ch_setup_put(&b, &setup);
    send_message(fetcher.channel, CH_MSG_SETUP, &b, fds, 3);
    ch_buf_done(&files);
    for (size_t i = 0; i < 3; i++) {
        close(fds[i]);
    }
}

static void send_peer(void)
{
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    const struct ch_peer peer = {.role = CH_ROLE_KEEPER};
    struct ch_buf b = new_buf(CH_MSG_PEER);
    ch_peer_put(&b, &peer);
    send_message(fetcher.channel, CH_MSG_PEER, &b, &pair[1], 1);
    close(pair[1]);
    if (keeper >= 0) {
        close(keeper);
    }
    keeper = pair[0];
}

static int setup(void **state)
{
    (void)state;
    struct ch_err err;
    identities_make(&pems);
    bench.server_args[0] = pems.server_path;
    bench.server_args[1] = pems.ca_path;
    if (bench_start(&bench) != 0) {
        return -1;
    }
    const struct ch_spawn_options options = {.role = CH_ROLE_FETCHER,
                                             .network = true,
                                             .uid = geteuid() == 0 ? 61292 : 0,
                                             .gid = geteuid() == 0 ? 61292 : 0};
    assert_ch_ok(&err, ch_spawn(&options, &fetcher, &err));
    send_setup();
    struct ch_buf b = receive(fetcher.channel, CH_MSG_READY);
    struct ch_ready ready;
    assert_ch_ok(&err, ch_ready_get(ch_buf_str(&b), &ready, &err));
    print_message("%.*s\n", CH_STR_ARG(ready.confinement));
    ch_buf_done(&b);
    send_peer();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    int status;
    struct ch_buf b = new_buf(CH_MSG_DRAIN);
    send_message(fetcher.channel, CH_MSG_DRAIN, &b, NULL, 0);
    assert_int_equal(waitpid(fetcher.pid, &status, 0), fetcher.pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(keeper);
    close(fetcher.channel);
    close(fetcher.pidfd);
    bench_stop(&bench);
    identities_remove(&pems);
    return 0;
}

static int start(uint64_t id, const char *url)
{
    struct ch_fetch job = bench_job(&bench, url);
    job.job = id;
    int fd = memfd_create("spool", MFD_CLOEXEC);
    struct ch_buf b = new_buf(CH_MSG_FETCH);
    ch_fetch_put(&b, &job);
    send_message(keeper, CH_MSG_FETCH, &b, &fd, 1);
    return fd;
}

/* Waits for FETCHED of the job. */
static void finish(uint64_t id, int fd, struct outcome *ret)
{
    struct ch_err err;
    struct ch_fetched f;
    struct ch_buf b = receive(keeper, CH_MSG_FETCHED);
    assert_ch_ok(&err, ch_fetched_get(ch_buf_str(&b), &f, &err));
    assert_int_equal(f.job, id);
    *ret = (struct outcome){.code = f.code, .http_status = f.http_status, .bytes = f.bytes};
    snprintf(ret->text, sizeof(ret->text), "%.*s", CH_STR_ARG(f.text));
    ch_buf_done(&b);
    ret->file_bytes = (uint64_t)lseek(fd, 0, SEEK_END);
    ret->file = ch_calloc(1, ret->file_bytes + 1);
    assert_int_equal(pread(fd, ret->file, ret->file_bytes, 0), ret->file_bytes);
    close(fd);
}

static const char *url_of(const char *host, unsigned port, const char *path)
{
    static char url[128];
    snprintf(url, sizeof(url), "https://%s:%u%s", host, port, path);
    return url;
}

static void test_fetches(void **state)
{
    (void)state;
    struct outcome o;
    finish(1, start(1, url_of("127.0.0.1", bench.port[0], "/ok")), &o);
    assert_is_body(&o);
    free(o.file);
}

/* The resolver's thread finds "localhost" in the jail; its certificate is for another name. */
static void test_looks_up_names(void **state)
{
    (void)state;
    struct outcome o;
    finish(10, start(10, url_of("localhost", bench.port[1], "/ok")), &o);
    assert_int_equal(o.code, CH_E_UPSTREAM);
    assert_non_null(strstr(o.text, "localhost: SSL: no alternative certificate subject name"));
    free(o.file);
}

static void test_resumes_and_redirects(void **state)
{
    (void)state;
    struct outcome o;
    finish(2, start(2, url_of("127.0.0.1", bench.port[0], "/resume-etag")), &o);
    assert_is_body(&o);
    free(o.file);
    finish(3, start(3, url_of("127.0.0.1", bench.port[0], "/to-file-host")), &o);
    assert_is_body(&o);
    free(o.file);
    finish(4, start(4, url_of("127.0.0.1", bench.port[0], "/to-other-port")), &o);
    assert_int_equal(o.code, CH_E_DENIED);
    free(o.file);
    finish(5, start(5, "http://no-such-host.invalid/"), &o);
    assert_int_equal(o.code, CH_E_DENIED);
    free(o.file);
}

/* T13: where the gateway is open, whatever its configuration says. */
static void test_not_from_ourselves(void **state)
{
    (void)state;
    struct outcome o;
    finish(11, start(11, url_of("127.0.0.1", 2, "/ok")), &o);
    assert_int_equal(o.code, CH_E_DENIED);
    assert_non_null(strstr(o.text, "where this gateway itself listens"));
    free(o.file);
}

static void test_cancel(void **state)
{
    (void)state;
    struct outcome o;
    int fd = start(6, url_of("127.0.0.1", bench.port[0], "/stall"));
    struct ch_buf b = new_buf(CH_MSG_FETCH_CANCEL);
    ch_put_u64(&b, 6);
    send_message(keeper, CH_MSG_FETCH_CANCEL, &b, NULL, 0);
    finish(6, fd, &o);
    assert_int_equal(o.code, CH_E_CLOSED);
    assert_non_null(strstr(o.text, "cancelled"));
    free(o.file);
}

/* A new keeper hears nothing of the jobs of the one before. */
static void test_a_new_keeper(void **state)
{
    (void)state;
    struct outcome o;
    int stale = start(7, url_of("127.0.0.1", bench.port[0], "/trickle"));
    send_peer();
    finish(8, start(8, url_of("127.0.0.1", bench.port[1], "/ok")), &o);
    assert_is_body(&o);
    free(o.file);
    close(stale);
}

/* A keeper that breaks the protocol loses its channel; the process lives. */
static void test_a_malformed_message(void **state)
{
    (void)state;
    struct outcome o;
    struct ch_buf b = new_buf(CH_MSG_FETCH_CANCEL);
    ch_put_u32(&b, 6);
    send_message(keeper, CH_MSG_FETCH_CANCEL, &b, NULL, 0);
    char byte;
    assert_int_equal(read(keeper, &byte, 1), 0);
    send_peer();
    finish(9, start(9, url_of("127.0.0.1", bench.port[1], "/ok")), &o);
    assert_is_body(&o);
    free(o.file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fetches),
        cmocka_unit_test(test_looks_up_names),
        cmocka_unit_test(test_resumes_and_redirects),
        cmocka_unit_test(test_not_from_ourselves),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_a_new_keeper),
        cmocka_unit_test(test_a_malformed_message),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
