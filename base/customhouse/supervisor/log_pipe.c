#include "log_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/confine.h"
#include "customhouse/log.h"
#include "log.h"

#define FIRST_OTHER_FD 10 /* out of the way of 0 to 4, which have meanings in processes */
#define AGAIN_MS       100

struct log_pipe {
    struct log_pipes *all;
    uint32_t uid;
    struct ch_loop *loop; /* NULL: left */
    int read_end;         /* kept here, too: the next process goes on where one has ended */
    int was;              /* what it stands for */
    bool is[3];           /* 1, 2: which descriptors that is */
    pid_t pid;            /* 0: there is none now */
    uint32_t restarts;
    struct ch_watch end;
    struct ch_timer again;
};

struct log_pipes {
    void (*changed)(void *ctx);
    void *ctx;
    struct log_pipe pipe[2];
    size_t count;
};

/* ------------------------------------------------------------------ the process */

enum { IN = 0, OUT, READY };

static char held[2 * PIPE_BUF];

/* Waits for the reader for as long as that takes. One that is gone does not come back: then it is
 * read on, and dropped. */
static void hand_on(const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = write(OUT, text, len);
        if (n < 0 && errno == EAGAIN) { /* whoever shares it with us has made it so */
            struct pollfd p = {.fd = OUT, .events = POLLOUT};
            poll(&p, 1, -1);
        } else if (n < 0 && errno != EINTR) {
            return;
        } else if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
}

/* Whole lines, as many as a pipe takes as a whole: should this be the last that is written, what
 * the reader finds ends where a line does. */
static size_t next_piece(size_t len)
{
    size_t max = len < PIPE_BUF ? len : PIPE_BUF;
    const char *end = memrchr(held, '\n', max);
    if (end != NULL) {
        return (size_t)(end - held) + 1;
    }
    return len < PIPE_BUF ? 0 : max; /* no line of ours is longer */
}

CH_NORETURN static void read_and_hand_on(void)
{
    size_t len = 0;
    ssize_t n = 1;
    while (n > 0 || (n < 0 && errno == EINTR)) {
        n = read(IN, held + len, sizeof(held) - len);
        len += n > 0 ? (size_t)n : 0;
        for (size_t piece; (piece = next_piece(len)) > 0;) {
            hand_on(held, piece);
            memmove(held, held + piece, len - piece);
            len -= piece;
        }
    }
    hand_on(held, len); /* all who could write have ended */
    _exit(0);
}

static struct ch_confine_options confinement_of(const struct log_pipe *p)
{
    return (struct ch_confine_options){
        .role = CH_ROLE_LOG, .stage = CH_CONFINE_PROCESS, .uid = p->uid, .gid = p->uid};
}

/* READY gets "", or why there is no such process. */
CH_NORETURN static void become_log(const struct log_pipe *p, int ready)
{
    const struct ch_confine_options confine = confinement_of(p);
    struct ch_err err = {.code = CH_OK};
    sigset_t all;
    sigfillset(&all); /* what ends the others, and a reader that is gone, is to be told by it */
    sigprocmask(SIG_BLOCK, &all, NULL);
    prctl(PR_SET_NAME, "log");
    if (dup2(p->read_end, IN) < 0 || dup2(p->was, OUT) < 0 || dup2(ready, READY) < 0 ||
        syscall(SYS_close_range, READY + 1, ~0U, 0) != 0) {
        _exit(1);
    }
    if (ch_confine(&confine, &err) != CH_OK || ch_confine_self_test(&confine, &err) != CH_OK) {
        CH_IGNORE(write(READY, err.msg, strlen(err.msg)) < 0);
        _exit(1);
    }
    CH_IGNORE(write(READY, "", 1) < 0);
    close(READY);
    read_and_hand_on();
}

/* ------------------------------------------------------------------ the supervisor's side */

/* Takes fd; -1 is passed on. */
static int out_of_the_way(int fd)
{
    int high = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OTHER_FD) : -1;
    if (fd >= 0) {
        close(fd);
    }
    return high;
}

static bool new_pipe(int *ret_read, int *ret_write)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    *ret_read = out_of_the_way(ends[0]);
    *ret_write = out_of_the_way(ends[1]);
    if (*ret_read >= 0 && *ret_write >= 0) {
        return true;
    }
    close(*ret_read);
    close(*ret_write);
    *ret_read = *ret_write = -1;
    return false;
}

/* No longer than LOG_PIPE_BEGIN_MS: it may be stopped, and the supervisor has more to do. */
static enum ch_code hear(struct log_pipe *p, int ready, struct ch_err *err)
{
    char said[512] = "it ended";
    struct pollfd heard = {.fd = ready, .events = POLLIN};
    uint64_t until = ch_now_boot_ms() + LOG_PIPE_BEGIN_MS;
    int count;
    do {
        uint64_t now = ch_now_boot_ms();
        count = poll(&heard, 1, now < until ? (int)(until - now) : 0);
    } while (count < 0 && errno == EINTR);
    ssize_t n = count > 0 ? read(ready, said, sizeof(said) - 1) : 0;
    if (n == 1 && said[0] == '\0') {
        return CH_OK;
    }
    said[n > 0 ? (size_t)n : strlen(said)] = '\0';
    kill(p->pid, SIGKILL); /* not yet waited for, so the number is still its own */
    waitpid(p->pid, NULL, 0);
    p->pid = 0;
    return ch_fail(err, CH_E_SYSTEM, "the process that writes the log: %s",
                   count > 0 ? said : "it did not begin in time");
}

static enum ch_code start(struct log_pipe *p, struct ch_err *err)
{
    int ready[2];
    if (!new_pipe(&ready[0], &ready[1])) {
        return ch_fail_errno(err, errno, "pipe");
    }
    p->pid = fork();
    if (p->pid == 0) {
        become_log(p, ready[1]);
    }
    close(ready[1]);
    enum ch_code rc = CH_OK;
    if (p->pid < 0) {
        p->pid = 0;
        rc = ch_fail_errno(err, errno, "fork");
    } else {
        rc = hear(p, ready[0], err);
    }
    close(ready[0]);
    if (rc == CH_OK) {
        p->end.fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
        rc = p->end.fd < 0 ? ch_fail_errno(err, errno, "pidfd_open") : rc;
    }
    if (rc == CH_OK && p->loop != NULL) {
        rc = ch_loop_watch(p->loop, &p->end, EPOLLIN, err);
    }
    return rc;
}

static void forget(struct log_pipe *p)
{
    if (p->loop != NULL) {
        ch_loop_unwatch(p->loop, &p->end);
    }
    if (p->end.fd >= 0) {
        close(p->end.fd);
    }
    p->end.fd = -1;
    if (p->pid > 0) {
        kill(p->pid, SIGKILL); /* not yet waited for, so the number is still its own */
        waitpid(p->pid, NULL, 0);
    }
    p->pid = 0;
}

static void on_end(struct ch_watch *w, uint32_t events)
{
    struct log_pipe *p = CH_CONTAINER_OF(w, struct log_pipe, end);
    (void)events;
    log_line("log-ended", "pid=%d", (int)p->pid);
    forget(p);
    p->all->changed(p->all->ctx);
    ch_loop_set_timer(p->loop, &p->again, ch_now_boot_ms() + AGAIN_MS);
}

static void on_again(struct ch_timer *t)
{
    struct log_pipe *p = CH_CONTAINER_OF(t, struct log_pipe, again);
    struct ch_err err;
    if (start(p, &err) != CH_OK) { /* read when it is there at last */
        log_line("log-not-started", "error=\"%s\"", err.msg);
        forget(p);
        ch_loop_set_timer(p->loop, &p->again, ch_now_boot_ms() + 10 * AGAIN_MS);
        return;
    }
    p->restarts++;
    p->all->changed(p->all->ctx);
}

/* Nothing waits for a regular file's reader, nor for that of /dev/null. */
static bool may_block(const struct stat *st)
{
    return !S_ISREG(st->st_mode) && !(S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3));
}

static enum ch_code replace(struct log_pipe *p, int fd, struct ch_err *err)
{
    int write_end = -1;
    if (!new_pipe(&p->read_end, &write_end)) {
        return ch_fail_errno(err, errno, "pipe");
    }
    p->was = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OTHER_FD);
    enum ch_code rc = CH_OK;
    if (p->was < 0 || fcntl(write_end, F_SETFL, O_NONBLOCK) != 0) {
        rc = ch_fail_errno(err, errno, "descriptor %d", fd);
    }
    rc = rc == CH_OK ? start(p, err) : rc;
    if (rc == CH_OK && dup2(write_end, fd) < 0) {
        rc = ch_fail_errno(err, errno, "descriptor %d", fd);
    }
    p->is[fd] = rc == CH_OK;
    close(write_end);
    return rc;
}

enum ch_code log_pipes_open(struct ch_loop *loop, uint32_t uid, void (*changed)(void *ctx),
                            void *ctx, struct log_pipes **ret, struct ch_err *err)
{
    struct stat out;
    struct stat log;
    struct log_pipes *p = ch_calloc(1, sizeof(*p));
    enum ch_code rc = CH_OK;
    bool has_out = fstat(STDOUT_FILENO, &out) == 0 && may_block(&out);
    bool has_log = fstat(STDERR_FILENO, &log) == 0 && may_block(&log);
    bool one = has_out && has_log && out.st_dev == log.st_dev && out.st_ino == log.st_ino;
    *ret = p;
    p->changed = changed;
    p->ctx = ctx;
    for (int fd = STDERR_FILENO; fd >= STDOUT_FILENO; fd--) {
        if (rc != CH_OK || !(fd == STDERR_FILENO ? has_log : has_out && !one)) {
            continue;
        }
        struct log_pipe *to = &p->pipe[p->count++];
        *to = (struct log_pipe){.all = p,
                                .uid = uid,
                                .loop = loop,
                                .read_end = -1,
                                .was = -1,
                                .end = {.fd = -1, .fn = on_end},
                                .again = {.fn = on_again}};
        rc = replace(to, fd, err);
    }
    if (rc == CH_OK && one && dup2(STDERR_FILENO, STDOUT_FILENO) < 0) { /* and in one order */
        rc = ch_fail_errno(err, errno, "descriptor 1");
    }
    if (rc == CH_OK && one) {
        p->pipe[0].is[STDOUT_FILENO] = true;
    }
    return rc;
}

void log_pipes_put_status(const struct log_pipes *p, struct ch_buf *out)
{
    for (size_t i = 0; p != NULL && i < p->count; i++) {
        const struct log_pipe *to = &p->pipe[i];
        const struct ch_confine_options confine = confinement_of(to);
        ch_buf_puts(out, CH_STR("log"));
        if (p->count > 1) {
            ch_buf_printf(out, "/%zu", i);
        }
        ch_buf_printf(out, " pid %d restarts %u ", (int)to->pid, to->restarts);
        if (to->pid == 0) {
            ch_buf_puts(out, CH_STR("down"));
        } else {
            ch_confine_describe(&confine, out);
        }
        ch_buf_putc(out, '\n');
    }
}

void log_pipes_leave_loop(struct log_pipes *p)
{
    for (size_t i = 0; p != NULL && i < p->count; i++) {
        struct log_pipe *to = &p->pipe[i];
        ch_loop_unwatch(to->loop, &to->end);
        ch_loop_cancel_timer(to->loop, &to->again);
        to->loop = NULL;
    }
}

/* Until it has handed on all and ended by itself. */
static void wait_for_reader(const struct log_pipe *p)
{
    uint64_t now = ch_now_boot_ms();
    uint64_t last = now + LOG_PIPE_END_MS;
    uint64_t stuck = now + LOG_PIPE_STUCK_MS;
    int left_before = -1;
    while (now < last && now < stuck) {
        struct pollfd end = {.fd = p->end.fd, .events = POLLIN};
        int left = 0;
        if (poll(&end, 1, 50) == 1) {
            return;
        }
        now = ch_now_boot_ms();
        if (ioctl(p->read_end, FIONREAD, &left) == 0 && left != left_before) {
            left_before = left;
            stuck = now + LOG_PIPE_STUCK_MS;
        }
    }
}

void log_pipes_close(struct log_pipes *p)
{
    struct ch_err err;
    for (size_t i = 0; p != NULL && i < p->count; i++) {
        struct log_pipe *to = &p->pipe[i];
        for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
            CH_IGNORE(to->is[fd] && dup2(to->was, fd) < 0);
        }
    }
    for (size_t i = 0; p != NULL && i < p->count; i++) {
        struct log_pipe *to = &p->pipe[i];
        if (to->pid == 0 && to->was >= 0) { /* it ended at the wrong time */
            CH_IGNORE(start(to, &err) != CH_OK);
        }
        if (to->end.fd >= 0) {
            wait_for_reader(to);
        }
        forget(to);
        close(to->read_end);
        close(to->was);
    }
    free(p);
}
