/* Tries what the confinement table says must fail. Nothing here may harm when it does succeed. */
#include "confine_int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The seccomp filter answers EACCES (and ENOSYS for clone3); any other error means that the call
 * got through and failed for a reason of its own. */
static bool refused(long rc)
{
    return rc < 0 && (errno == EACCES || errno == ENOSYS);
}

static bool opens(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

static bool socket_works(int domain, int type)
{
    int fd = socket(domain, type | SOCK_CLOEXEC, 0);
    bool blocked = refused(fd);
    if (fd >= 0) {
        close(fd);
    }
    return !blocked;
}

/* By its name, and by sending with an address (TCP Fast Open). */
static bool connect_works(void)
{
    struct sockaddr to = {.sa_family = AF_INET};
    struct msghdr msg = {.msg_name = &to, .msg_namelen = sizeof(to)};
    return !refused(connect(-1, &to, sizeof(to))) ||
           !refused(sendto(-1, "", 0, MSG_FASTOPEN, &to, sizeof(to))) ||
           !refused(sendmsg(-1, &msg, MSG_FASTOPEN));
}

/* Both would replace this process, were there a program of that name. */
static bool exec_works(void)
{
    char *const argv[] = {NULL};
    static const char nowhere[] = "/nonexistent/program";
    return !refused(execve(nowhere, argv, argv)) ||
           !refused(syscall(SYS_execveat, AT_FDCWD, nowhere, argv, argv, 0));
}

static bool new_process(long rc)
{
    if (rc == 0) {
        _exit(0); /* the child that should not be */
    }
    if (rc > 0) {
        waitpid((pid_t)rc, NULL, 0);
    }
    return !refused(rc);
}

static bool fork_works(void)
{
    struct clone_args args = {.exit_signal = SIGCHLD};
    return new_process(syscall(SYS_clone, (unsigned long)SIGCHLD, 0, 0, 0, 0)) ||
           new_process(syscall(SYS_clone3, &args, sizeof(args)));
}

/* True when the forbidden thing succeeded (for WORKS: when what is needed failed). */
static bool breaks_out(enum ch_probe probe, const char *path)
{
    switch (probe) {
    case CH_PROBE_OPEN:
        return opens(path, O_RDONLY);
    case CH_PROBE_CREATE:
        return opens(path, O_TMPFILE | O_RDWR); /* leaves nothing behind */
    case CH_PROBE_SOCKET_INET:
        return socket_works(AF_INET, SOCK_STREAM) || socket_works(AF_INET6, SOCK_DGRAM);
    case CH_PROBE_SOCKET_UNIX:
        return socket_works(AF_UNIX, SOCK_STREAM);
    case CH_PROBE_SOCKET_NETLINK:
        return socket_works(AF_NETLINK, SOCK_RAW);
    case CH_PROBE_SOCKET_PACKET:
        return socket_works(AF_PACKET, SOCK_RAW);
    case CH_PROBE_CONNECT:
        return connect_works();
    case CH_PROBE_EXEC:
        return exec_works();
    case CH_PROBE_PTRACE:
        return !refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
    case CH_PROBE_FORK:
        return fork_works();
    case CH_PROBE_WORKS:
        return !opens(path, O_RDONLY | O_DIRECTORY);
    }
    return true;
}

static const char *probe_name(enum ch_probe probe)
{
    static const char *const names[] = {
        [CH_PROBE_OPEN] = "open",
        [CH_PROBE_CREATE] = "create a file in",
        [CH_PROBE_SOCKET_INET] = "internet socket",
        [CH_PROBE_SOCKET_UNIX] = "UNIX socket",
        [CH_PROBE_SOCKET_NETLINK] = "netlink socket",
        [CH_PROBE_SOCKET_PACKET] = "packet socket",
        [CH_PROBE_CONNECT] = "connect",
        [CH_PROBE_EXEC] = "exec",
        [CH_PROBE_PTRACE] = "ptrace",
        [CH_PROBE_FORK] = "fork",
        [CH_PROBE_WORKS] = "open",
    };
    return names[probe];
}

/* A job may not fail softly: what it must not do kills it. So each attempt has a child of its own.
 * 0 and SIGSYS are right; what a canary says about itself is all we need of it. */
enum { CANARY_FAILED_AS_IT_SHOULD = 0, CANARY_BROKE_OUT, CANARY_NOT_CONFINED };

static enum ch_code canary(const struct ch_confine_options *options, const struct ch_probe_row *row,
                           const char *path, bool *ret_breaks_out, struct ch_err *err)
{
    pid_t pid = fork();
    if (pid < 0) {
        return ch_fail_errno(err, errno, "self-test: fork");
    }
    if (pid == 0) {
        if (ch_confine(options, NULL) != CH_OK) {
            _exit(CANARY_NOT_CONFINED);
        }
        _exit(breaks_out(row->probe, path) ? CANARY_BROKE_OUT : CANARY_FAILED_AS_IT_SHOULD);
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return ch_fail_errno(err, errno, "self-test: waitpid");
        }
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == CANARY_NOT_CONFINED) {
        return ch_fail(err, CH_E_SYSTEM, "self-test: a job of %s could not be confined",
                       ch_role_name(options->role));
    }
    bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
    bool failed = WIFEXITED(status) && WEXITSTATUS(status) == CANARY_FAILED_AS_IT_SHOULD;
    *ret_breaks_out = !killed && !failed;
    return CH_OK;
}

static enum ch_code try_row(const struct ch_confine_options *options,
                            const struct ch_probe_row *row, struct ch_err *err)
{
    if (row->in_state && options->state_dir == NULL) {
        return CH_OK; /* there is no state folder it could open */
    }
    struct ch_buf path;
    ch_buf_init(&path, 4096);
    if (row->path != NULL) {
        ch_buf_printf(&path, "%s%s%s", row->in_state ? options->state_dir : "",
                      row->in_state ? "/" : "", row->path);
    }
    ch_buf_putc(&path, '\0');
    enum ch_code rc = ch_buf_ok(&path, err);
    bool broke_out = true;
    if (rc == CH_OK && options->stage == CH_CONFINE_JOB) {
        rc = canary(options, row, path.ptr, &broke_out, err);
    } else if (rc == CH_OK) {
        broke_out = breaks_out(row->probe, path.ptr);
    }
    if (rc == CH_OK && broke_out) {
        rc = ch_fail(err, CH_E_DENIED, "self-test of %s%s: %s%s%s %s", ch_role_name(options->role),
                     options->stage == CH_CONFINE_JOB ? "'s jobs" : "", probe_name(row->probe),
                     row->path != NULL ? " " : "", path.ptr,
                     row->probe == CH_PROBE_WORKS ? "fails and must not" : "succeeds and must not");
    }
    ch_buf_done(&path);
    return rc;
}

enum ch_code ch_confine_self_test(const struct ch_confine_options *options, struct ch_err *err)
{
    const struct ch_confine_row *row = ch_confine_row(options->role, options->stage);
    if (row == NULL || row->probe_count == 0) {
        return ch_fail(err, CH_E_DENIED, "no row in the confinement table for %s",
                       ch_role_name(options->role));
    }
    for (size_t i = 0; CH_CONFINEMENT_APPLIED && i < row->probe_count; i++) {
        enum ch_code rc = try_row(options, &row->probes[i], err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    return CH_OK;
}
