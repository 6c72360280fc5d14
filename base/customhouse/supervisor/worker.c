#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/channel.h"
#include "customhouse/loop.h"
#include "customhouse/shared.h"

#define START_WAIT_MS 60000 /* as the supervisor's: rules are compiled, on a busy machine */

enum ch_code worker_memory(const char *name, int *ret_fd, struct ch_err *err)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "memfd_create");
    }
    *ret_fd = fd;
    return CH_OK;
}

enum ch_code worker_seal(int fd, struct ch_err *err)
{
    int seals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    if (fcntl(fd, F_ADD_SEALS, seals) != 0) {
        return ch_fail_errno(err, errno, "sealing");
    }
    return CH_OK;
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}

static enum ch_code send_setup(const struct worker *w, uint32_t uid, const struct ch_setup *texts,
                               int rules_fd, struct ch_err *err)
{
    struct ch_setup setup = *texts;
    struct ch_buf b;
    int fds[4] = {-1, -1, -1, rules_fd};
    setup.role = w->role;
    setup.instances = 1;
    setup.uid = uid;
    setup.gid = uid;
    setup.rules = rules_fd >= 0;
    ch_buf_init(&b, ch_message_row(CH_MSG_SETUP)->max_bytes);
    ch_setup_put(&b, &setup);
    enum ch_code rc = ch_buf_ok(&b, err);
    for (size_t i = 0; rc == CH_OK && i < 3; i++) {
        rc = worker_memory("unused", &fds[i], err);
    }
    if (rc == CH_OK && (ftruncate(fds[0], sizeof(struct ch_epoch_page)) != 0 ||
                        ftruncate(fds[1], (off_t)CH_METRICS_SLOTS * CH_METRICS_SLOT_BYTES) != 0)) {
        rc = ch_fail_errno(err, errno, "shared memory");
    }
    if (rc == CH_OK) {
        rc = ch_frame_write(w->spawned.channel, CH_MSG_SETUP, ch_buf_str(&b), fds,
                            setup.rules ? 4 : 3, ch_now_boot_ms() + START_WAIT_MS, err);
    }
    close_all(fds, 3);
    ch_buf_done(&b);
    return rc;
}

/* Reads frames until one of the wanted type; those that only announce are passed over. */
static enum ch_code await(int fd, enum ch_role from, uint16_t wanted, struct ch_buf *payload,
                          uint64_t deadline_ms, struct ch_err *err)
{
    for (;;) {
        uint16_t type = CH_MSG_NONE;
        int fds[CH_FRAME_MAX_FDS];
        size_t fd_count = 0;
        enum ch_code rc = ch_frame_read(fd, from, &type, payload, fds, &fd_count, deadline_ms, err);
        if (rc != CH_OK) {
            return ch_wrap(err, "%s", ch_role_name(from));
        }
        close_all(fds, fd_count);
        if (type == wanted) {
            return CH_OK;
        }
        if (type != CH_MSG_FETCH_PROGRESS && type != CH_MSG_RULES) {
            return ch_fail(err, CH_E_FORMAT, "%s: unexpected %s", ch_role_name(from),
                           ch_message_row(type)->name);
        }
    }
}

static enum ch_code introduce(struct worker *w, struct ch_err *err)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return ch_fail_errno(err, errno, "socketpair");
    }
    struct ch_buf b;
    struct ch_peer m = {CH_ROLE_KEEPER, 0};
    ch_buf_init(&b, 64);
    ch_peer_put(&b, &m);
    enum ch_code rc = ch_frame_write(w->spawned.channel, CH_MSG_PEER, ch_buf_str(&b), &pair[1], 1,
                                     ch_now_boot_ms() + START_WAIT_MS, err);
    ch_buf_done(&b);
    close(pair[1]);
    w->keeper = pair[0];
    return rc;
}

enum ch_code worker_start(struct worker *w, enum ch_role role, uint32_t uid,
                          const struct ch_setup *setup, int rules_fd, struct ch_err *err)
{
    *w = WORKER_NONE;
    w->role = role;
    struct ch_spawn_options options = {
        .role = role, .network = role == CH_ROLE_FETCHER, .uid = uid, .gid = uid};
    enum ch_code rc = ch_spawn(&options, &w->spawned, err);
    if (rc != CH_OK) {
        w->spawned.pid = -1;
        return rc;
    }
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_READY)->max_bytes);
    rc = send_setup(w, uid, setup, rules_fd, err);
    if (rc == CH_OK) {
        rc = await(w->spawned.channel, role, CH_MSG_READY, &b, ch_now_boot_ms() + START_WAIT_MS,
                   err);
    }
    ch_buf_done(&b);
    return rc == CH_OK ? introduce(w, err) : rc;
}

void worker_stop(struct worker *w)
{
    if (w->spawned.pid > 0) {
        kill(w->spawned.pid, SIGKILL);
        waitpid(w->spawned.pid, NULL, 0);
        close(w->spawned.pidfd);
        close(w->spawned.channel);
    }
    if (w->keeper >= 0) {
        close(w->keeper);
    }
    *w = WORKER_NONE;
}

static enum ch_code exchange(const struct worker *w, int fd, uint16_t type, struct ch_buf *b,
                             const int *fds, size_t fd_count, uint16_t wanted, uint64_t deadline_ms,
                             struct ch_err *err)
{
    size_t answer_max = ch_message_row(wanted)->max_bytes;
    enum ch_code rc = ch_buf_ok(b, err);
    if (rc == CH_OK) {
        rc = ch_frame_write(fd, type, ch_buf_str(b), fds, fd_count, deadline_ms, err);
    }
    b->max = answer_max > b->max ? answer_max : b->max;
    return rc == CH_OK ? await(fd, w->role, wanted, b, deadline_ms, err) : rc;
}

enum ch_code worker_ask(struct worker *w, uint16_t type, struct ch_buf *b, const int *fds,
                        size_t fd_count, uint16_t wanted, uint64_t deadline_ms, struct ch_err *err)
{
    return exchange(w, w->keeper, type, b, fds, fd_count, wanted, deadline_ms, err);
}

enum ch_code worker_command(struct worker *w, uint16_t type, struct ch_buf *b, const int *fds,
                            size_t fd_count, uint16_t wanted, uint64_t deadline_ms,
                            struct ch_err *err)
{
    return exchange(w, w->spawned.channel, type, b, fds, fd_count, wanted, deadline_ms, err);
}
