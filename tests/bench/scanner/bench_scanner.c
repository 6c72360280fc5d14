/* What jailed scans cost: starts the real scanner in both roles, confined as the supervisor starts
 * it, and asks it as the keeper asks, one job at a time.
 *
 *     bench_scanner FOLDER-OF-EXECUTABLES TIMES FILE...
 *
 * A file is read as a wheel, an sdist or an image's layer if it is called one, else as a bare TAR
 * archive.
 *
 * Prints one line per job: role, wall clock and CPU time in us (of the job's process, from before
 * its fork until its end was seen), file name. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/channel.h"
#include "customhouse/message.h"
#include "customhouse/shared.h"
#include "customhouse/spawn.h"

enum { WAIT_MS = 120000, BENCH_UID = 61292 };

static const char config[] = "listen:\n"
                             "  - address: \"127.0.0.1:8080\"\n"
                             "upstreams:\n"
                             "  - name: up\n"
                             "    ecosystem: pypi\n"
                             "    url: \"https://index.example.org/simple\"\n"
                             "repositories:\n"
                             "  - name: pypi\n"
                             "    ecosystem: pypi\n"
                             "    upstreams: [up]\n";

struct scanner {
    enum ch_role role;
    struct ch_spawned child;
    int keeper; /* our end: this program is the keeper */
};

static void must(enum ch_code rc, const struct ch_err *err)
{
    if (rc != CH_OK) {
        fprintf(stderr, "bench_scanner: %s\n", err->msg);
        exit(1);
    }
}

static int memory(size_t size)
{
    int fd = memfd_create("bench", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0) {
        perror("bench_scanner: memfd");
        exit(1);
    }
    return fd;
}

static void send_frame(int fd, uint16_t type, const struct ch_buf *b, const int *fds, size_t count)
{
    struct ch_err err;
    must(ch_frame_write(fd, type, ch_buf_str(b), fds, count, ch_now_boot_ms() + WAIT_MS, &err),
         &err);
}

static void expect(int fd, enum ch_role from, uint16_t type, struct ch_buf *b)
{
    struct ch_err err;
    int fds[CH_FRAME_MAX_FDS];
    size_t count = 0;
    uint16_t got = CH_MSG_NONE;
    do { /* what it says of its rules in between is not measured */
        ch_buf_clear(b);
        must(ch_frame_read(fd, from, &got, b, fds, &count, ch_now_boot_ms() + WAIT_MS, &err), &err);
    } while (got == CH_MSG_RULES);
    if (got != type || count != 0) {
        fprintf(stderr, "bench_scanner: %s sent message %u, expected %u\n", ch_role_name(from), got,
                type);
        exit(1);
    }
}

static void send_setup(const struct scanner *s, uint32_t uid, struct ch_buf *b)
{
    struct ch_setup setup = {.role = s->role,
                             .instances = 1,
                             .uid = uid,
                             .gid = uid,
                             .state_dir = CH_STR("/"),
                             .config_name = CH_STR("customhouse.yaml"),
                             .config_text = CH_STR(config)};
    int fds[3] = {memory(sizeof(struct ch_epoch_page)),
                  memory((size_t)CH_METRICS_SLOTS * CH_METRICS_SLOT_BYTES),
                  open("/dev/null", O_WRONLY | O_CLOEXEC)};
    ch_buf_clear(b);
    ch_setup_put(b, &setup);
    send_frame(s->child.channel, CH_MSG_SETUP, b, fds, 3);
    for (size_t i = 0; i < 3; i++) {
        close(fds[i]);
    }
}

static void start(struct scanner *s, enum ch_role role, const char *folder, struct ch_buf *b)
{
    struct ch_err err;
    int pair[2];
    uint32_t uid = geteuid() == 0 ? BENCH_UID : 0;
    *s = (struct scanner){.role = role};
    struct ch_spawn_options options = {.role = role, .folder = folder, .uid = uid, .gid = uid};
    must(ch_spawn(&options, &s->child, &err), &err);
    send_setup(s, uid, b);
    expect(s->child.channel, role, CH_MSG_READY, b);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        perror("bench_scanner: socketpair");
        exit(1);
    }
    struct ch_peer peer = {.role = CH_ROLE_KEEPER};
    ch_buf_clear(b);
    ch_peer_put(b, &peer);
    send_frame(s->child.channel, CH_MSG_PEER, b, &pair[1], 1);
    close(pair[1]);
    s->keeper = pair[0];
}

static void stop(struct scanner *s)
{
    struct ch_err err;
    must(ch_frame_write(s->child.channel, CH_MSG_DRAIN, CH_STR(""), NULL, 0,
                        ch_now_boot_ms() + WAIT_MS, &err),
         &err);
    waitpid(s->child.pid, NULL, 0);
}

static const struct reading {
    const char *ending, *ecosystem, *profile;
} readings[] = {
    {".whl", "pypi", "wheel"},
    {".layer.tar.gz", "oci", "oci-layer"},
    {".tar.gz", "pypi", "sdist"},
    {"", "archive", "tar"},
};

static const struct reading *reading_of(struct ch_str path)
{
    size_t i = 0;
    while (!ch_str_ends(path, ch_str_of(readings[i].ending))) {
        i++;
    }
    return &readings[i];
}

static void scan(struct scanner *s, const char *path, uint64_t id, struct ch_buf *b)
{
    struct stat st;
    struct ch_err err;
    struct ch_scanned m;
    const char *slash = strrchr(path, '/');
    int fds[2] = {open(path, O_RDONLY | O_CLOEXEC), memory(0)};
    if (fds[0] < 0 || fstat(fds[0], &st) != 0) {
        perror(path);
        exit(1);
    }
    const struct reading *as = reading_of(ch_str_of(path));
    struct ch_scan_job job = {.id = id,
                              .kind = CH_SCAN_ARTIFACT,
                              .ecosystem = ch_str_of(as->ecosystem),
                              .profile = ch_str_of(as->profile),
                              .file_name = ch_str_of(slash == NULL ? path : slash + 1),
                              .size_bytes = (uint64_t)st.st_size};
    ch_buf_clear(b);
    ch_scan_job_put(b, &job);
    send_frame(s->keeper, CH_MSG_SCAN, b, fds, 2);
    close(fds[0]);
    close(fds[1]);
    expect(s->keeper, s->role, CH_MSG_SCANNED, b);
    must(ch_scanned_get(ch_buf_str(b), &m, &err), &err);
    if (m.job != id || m.outcome != CH_SCAN_DONE) {
        fprintf(stderr, "bench_scanner: %s: outcome %d, signal %u: %.*s\n", path, (int)m.outcome,
                m.signal, CH_STR_ARG(m.text));
        exit(1);
    }
    printf("%s %llu %llu %s\n", ch_role_name(s->role), (unsigned long long)m.wall_us,
           (unsigned long long)m.cpu_us, path);
}

int main(int argc, char **argv)
{
    static const enum ch_role roles[] = {CH_ROLE_SCANNER_STRICT, CH_ROLE_SCANNER_SECOND};
    struct scanner scanners[CH_ARRAY_LEN(roles)];
    struct ch_buf b;
    unsigned long times = argc < 4 ? 0 : strtoul(argv[2], NULL, 10);
    uint64_t id = 0;
    if (times == 0) {
        fprintf(stderr, "usage: bench_scanner FOLDER-OF-EXECUTABLES TIMES FILE...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    ch_buf_init(&b, 1 << 20);
    for (size_t r = 0; r < CH_ARRAY_LEN(roles); r++) {
        start(&scanners[r], roles[r], argv[1], &b);
    }
    for (unsigned long n = 0; n < times; n++) {
        for (int i = 3; i < argc; i++) {
            for (size_t r = 0; r < CH_ARRAY_LEN(roles); r++) {
                scan(&scanners[r], argv[i], ++id, &b);
            }
        }
    }
    for (size_t r = 0; r < CH_ARRAY_LEN(roles); r++) {
        stop(&scanners[r]);
    }
    ch_buf_done(&b);
    return 0;
}
