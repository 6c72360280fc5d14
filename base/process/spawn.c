#include "customhouse/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine_int.h"
#include "customhouse/child.h"

/* Between clone and exec only calls that need no lock and no memory: the other copy of this address
 * space may hold either. */

struct plan {
    const struct ch_spawn_options *options;
    unsigned long flags;
    char path[4096];
    char namespaces_env[96];
    int channel;  /* the new process's end */
    int go[2];    /* the parent has written the maps */
    int error[2]; /* closed by exec, or: what failed */
};

/* What the new process says when it cannot become the program. */
struct failure {
    int errnum;
    char what[24];
};

static const struct {
    unsigned long flag;
    const char *name;
} namespace_names[] = {
    {CLONE_NEWUSER, "user"}, {CLONE_NEWNET, "net"}, {CLONE_NEWPID, "pid"},
    {CLONE_NEWIPC, "ipc"},   {CLONE_NEWUTS, "uts"}, {CLONE_NEWNS, "mount"},
};

static void name_namespaces(unsigned long flags, char *out, size_t size)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < CH_ARRAY_LEN(namespace_names); i++) {
        if ((flags & namespace_names[i].flag) != 0 && at < size) {
            int n =
                snprintf(out + at, size - at, "%s%s", at > 0 ? " " : "", namespace_names[i].name);
            at += n > 0 ? (size_t)n : 0;
        }
    }
    if (at == 0) {
        snprintf(out, size, "none");
    }
}

static const char *program_of(enum ch_role role)
{
    switch (role) {
    case CH_ROLE_KEEPER:
        return "keeper";
    case CH_ROLE_GATEWAY:
        return "gateway";
    case CH_ROLE_FETCHER:
    case CH_ROLE_EGRESS: /* the one program that speaks to the world outside */
        return "fetcher";
    case CH_ROLE_ADMIN:
        return "admin";
    case CH_ROLE_ADMISSION:
        return "admission";
    case CH_ROLE_SCANNER_STRICT:
    case CH_ROLE_SCANNER_SECOND:
        return "scanner";
    case CH_ROLE_NONE:
    case CH_ROLE_SUPERVISOR:
    case CH_ROLE_LOG: /* a fork of the supervisor */
    case CH_ROLE_COMMAND:
    case CH_ROLE_WITNESS: /* it has no supervisor */
    case CH_ROLE_WITNESS_FILES:
    case CH_ROLE_COUNT:
        break;
    }
    return NULL;
}

enum ch_code ch_spawn_folder(char **ret_folder, struct ch_err *err)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (n <= 0 || (size_t)n >= sizeof(path) - 1) {
        return ch_fail_errno(err, n < 0 ? errno : ENAMETOOLONG, "finding this program's folder");
    }
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return ch_fail(err, CH_E_SYSTEM, "%s is no path", path);
    }
    *slash = '\0';
    *ret_folder = ch_str_dup(ch_str_of(path));
    return CH_OK;
}

CH_NORETURN static void child_fail(const struct plan *p, const char *what)
{
    struct failure f = {.errnum = errno};
    strncpy(f.what, what, sizeof(f.what) - 1);
    ssize_t n = write(p->error[1], &f, sizeof(f));
    _exit(n == (ssize_t)sizeof(f) ? 126 : 127);
}

/* Covers CH_SPAWN_STATE with the state folder, in this process's own view of the file system. */
static void show_state(const struct plan *p)
{
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(p->options->state_dir, CH_SPAWN_STATE, NULL, MS_BIND | MS_REC, NULL) != 0) {
        child_fail(p, "mount");
    }
}

CH_NORETURN static void child(const struct plan *p, const char *role_name)
{
    char go = 0;
    close(p->go[1]); /* or our own copy would keep a dead supervisor from being noticed */
    if (read(p->go[0], &go, 1) != 1) {
        _exit(127);
    }
    if (p->options->state_dir != NULL) {
        show_state(p);
    }
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
        child_fail(p, "prctl");
    }
    /* the supervisor's blocked signals and handlers are no business of the new program */
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    /* 0: nothing; 1, 2: log; 3: channel; 4: the error pipe, until exec */
    int error = fcntl(p->error[1], F_DUPFD_CLOEXEC, 10);
    int channel = fcntl(p->channel, F_DUPFD_CLOEXEC, 10);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (error < 0 || channel < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
        dup2(channel, CH_SUPERVISOR_FD) < 0 || dup3(error, CH_SUPERVISOR_FD + 1, O_CLOEXEC) < 0 ||
        dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        child_fail(p, "descriptors");
    }
    struct plan moved = *p;
    moved.error[1] = CH_SUPERVISOR_FD + 1;
    if (syscall(SYS_close_range, CH_SUPERVISOR_FD + 2, ~0U, 0) != 0) {
        child_fail(&moved, "close_range");
    }
    char name[32];
    strncpy(name, role_name, sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    char *argv[] = {name, NULL};
    char lang[] = "LC_ALL=C";
    char zone[] = "TZ=UTC0"; /* no time zone files to open later */
    char *env[] = {moved.namespaces_env, lang, zone, NULL};
    execve(p->path, argv, env);
    child_fail(&moved, "exec");
}

static bool write_proc(pid_t pid, const char *file, const char *text)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    size_t len = strlen(text);
    bool done = write(fd, text, len) == (ssize_t)len;
    close(fd);
    return done;
}

/* Root maps itself and what the process becomes; anybody else only themselves. */
static bool write_maps(pid_t pid, const struct ch_spawn_options *o)
{
    char uids[128];
    char gids[160];
    if (geteuid() != 0 || o->uid == 0) {
        snprintf(uids, sizeof(uids), "%u %u 1\n", (unsigned)geteuid(), (unsigned)geteuid());
        snprintf(gids, sizeof(gids), "%u %u 1\n", (unsigned)getegid(), (unsigned)getegid());
        return write_proc(pid, "setgroups", "deny") && write_proc(pid, "uid_map", uids) &&
               write_proc(pid, "gid_map", gids);
    }
    snprintf(uids, sizeof(uids), "0 0 1\n%u %u 1\n", o->uid, o->uid);
    int n = snprintf(gids, sizeof(gids), "0 0 1\n%u %u 1\n", o->gid, o->gid);
    if (o->served_gid != 0 && o->served_gid != o->gid) {
        snprintf(gids + n, sizeof(gids) - (size_t)n, "%u %u 1\n", o->served_gid, o->served_gid);
    }
    return write_proc(pid, "uid_map", uids) && write_proc(pid, "gid_map", gids);
}

/* One attempt with one set of namespaces. CH_E_UNSUPPORTED: the host does not permit this set. */
static enum ch_code try_clone(struct plan *p, const char *role_name, struct ch_spawned *ret,
                              struct ch_err *err)
{
    if (pipe2(p->go, O_CLOEXEC) != 0) {
        return ch_fail_errno(err, errno, "pipe");
    }
    if (pipe2(p->error, O_CLOEXEC) != 0) {
        int errnum = errno;
        close(p->go[0]);
        close(p->go[1]);
        return ch_fail_errno(err, errnum, "pipe");
    }
    name_namespaces(p->flags, ret->namespaces, sizeof(ret->namespaces));
    snprintf(p->namespaces_env, sizeof(p->namespaces_env), CH_NAMESPACES_ENV "=%s",
             ret->namespaces);
    int pidfd = -1;
    long pid = syscall(SYS_clone, p->flags | CLONE_PIDFD | SIGCHLD, 0, &pidfd, 0, 0);
    if (pid == 0) {
        child(p, role_name);
    }
    int clone_errno = errno;
    close(p->go[0]);
    close(p->error[1]);
    struct failure f = {0};
    enum ch_code rc = CH_OK;
    if (pid < 0) {
        rc = ch_fail_errno(err, clone_errno, "starting %s", role_name);
        rc = p->flags != 0 ? CH_E_UNSUPPORTED : rc;
    } else if ((p->flags & CLONE_NEWUSER) != 0 && !write_maps((pid_t)pid, p->options)) {
        rc = ch_fail(err, CH_E_UNSUPPORTED, "starting %s: user namespace refused", role_name);
    } else if (write(p->go[1], "g", 1) != 1) {
        rc = ch_fail_errno(err, errno, "starting %s", role_name);
    }
    close(p->go[1]); /* without "g" the new process ends by itself */
    if (rc == CH_OK && read(p->error[0], &f, sizeof(f)) == (ssize_t)sizeof(f)) {
        f.what[sizeof(f.what) - 1] = '\0';
        rc = ch_fail_errno(err, f.errnum, "starting %s: %s", p->path, f.what);
        /* a mount refused is the namespaces' fault, a missing program is not */
        rc = strcmp(f.what, "mount") == 0 && p->flags != 0 ? CH_E_UNSUPPORTED : rc;
    }
    close(p->error[0]);
    if (rc != CH_OK && pid > 0) {
        close(pidfd);
        waitpid((pid_t)pid, NULL, 0);
    }
    ret->pid = (pid_t)pid;
    ret->pidfd = pidfd;
    return rc;
}

/* The whole set; without a user namespace, for root in a container that forbids those; none. */
static enum ch_code try_sets(struct plan *p, const char *role_name, struct ch_spawned *ret,
                             struct ch_err *err)
{
    unsigned long base = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
    unsigned long net = p->options->network ? 0 : CLONE_NEWNET;
    unsigned long mount_ns = p->options->state_dir != NULL ? CLONE_NEWNS : 0;
    const unsigned long sets[] = {CLONE_NEWUSER | base | net | mount_ns, base | net | mount_ns,
                                  CLONE_NEWUSER | base | mount_ns, mount_ns};
    enum ch_code rc = CH_E_UNSUPPORTED;
    for (size_t i = 0; i < CH_ARRAY_LEN(sets) && rc == CH_E_UNSUPPORTED; i++) {
        p->flags = sets[i];
        rc = try_clone(p, role_name, ret, err);
    }
    if (rc == CH_E_UNSUPPORTED) {
        rc = ch_fail(
            err, CH_E_USAGE,
            "%s: %s could not reach it after giving up root (a folder above it is closed to "
            "other users, and no mount namespace is permitted here): open the way, or "
            "choose another folder",
            p->options->state_dir, role_name);
    }
    return rc;
}

enum ch_code ch_spawn(const struct ch_spawn_options *options, struct ch_spawned *ret,
                      struct ch_err *err)
{
    const char *program = program_of(options->role);
    CH_ASSERT(program != NULL);
    char *folder = NULL;
    enum ch_code rc = CH_OK;
    if (options->folder == NULL) {
        rc = ch_spawn_folder(&folder, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    struct plan p = {.options = options};
    int n = snprintf(p.path, sizeof(p.path), "%s/%s", folder != NULL ? folder : options->folder,
                     program);
    free(folder);
    if (n < 0 || (size_t)n >= sizeof(p.path)) {
        return ch_fail(err, CH_E_LIMIT, "path of %s is too long", program);
    }
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return ch_fail_errno(err, errno, "socketpair");
    }
    p.channel = pair[1];
    struct ch_spawned spawned = {.channel = pair[0]};
    rc = try_sets(&p, ch_role_name(options->role), &spawned, err);
    close(pair[1]);
    if (rc != CH_OK) {
        close(pair[0]);
        return rc;
    }
    *ret = spawned;
    return CH_OK;
}
