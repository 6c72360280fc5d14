/* What each process may do and what must fail for it: the one table that confinement and the
 * start-up self-test both read. A system call that no group of the row names kills the process. */
#include "confine_int.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "customhouse/attr.h"

#define ALLOW(name)    {.call = SCMP_SYS(name)}
#define DENY(name)     {.call = SCMP_SYS(name), .action = CH_CALL_DENY}
#define NOSYS(name)    {.call = SCMP_SYS(name), .action = CH_CALL_NOSYS}
#define BITS_OFF(name, n, bits)                                                                    \
    {.call = SCMP_SYS(name), .action = CH_CALL_BITS_OFF, .arg = (n), .value = (unsigned long)(bits)}
#define BITS_ON(name, n, bits)                                                                     \
    {.call = SCMP_SYS(name), .action = CH_CALL_BITS_ON, .arg = (n), .value = (unsigned long)(bits)}
#define ONE_OF(name, n, count, ...)                                                                \
    {                                                                                              \
        .call = SCMP_SYS(name), .action = CH_CALL_ONE_OF, .arg = (n), .value_count = (count),      \
        .values = {__VA_ARGS__}                                                                    \
    }
#define GROUP(name)                                                                                \
    static const struct ch_call_group name = {#name, name##_rules, CH_ARRAY_LEN(name##_rules)}

/* What any C program does with memory, time, signals to itself and descriptors it was given. No
 * memory becomes executable any more. */
static const struct ch_call_rule core_rules[] = {
    ALLOW(read), ALLOW(readv), ALLOW(pread64), ALLOW(preadv), ALLOW(preadv2), ALLOW(write),
    ALLOW(writev), ALLOW(close), ALLOW(lseek), ALLOW(fstat), ALLOW(fadvise64),
    BITS_OFF(mmap, 2, PROT_EXEC), BITS_OFF(mprotect, 2, PROT_EXEC), ALLOW(munmap), ALLOW(mremap),
    ALLOW(madvise), ALLOW(brk), ALLOW(futex), ALLOW(rseq), ALLOW(set_robust_list),
    ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(sigaltstack),
    ALLOW(restart_syscall), ALLOW(clock_gettime), ALLOW(clock_getres), ALLOW(clock_nanosleep),
    ALLOW(nanosleep), ALLOW(gettimeofday), ALLOW(time), ALLOW(getrandom), ALLOW(getpid),
    ALLOW(gettid), ALLOW(getuid), ALLOW(geteuid), ALLOW(getgid), ALLOW(getegid), ALLOW(getrusage),
    ALLOW(sched_yield), ALLOW(sched_getaffinity), ALLOW(uname), ALLOW(sysinfo), ALLOW(exit),
    ALLOW(exit_group),
};
GROUP(core);

/* A loop with channels. isatty() of a stdio stream asks by ioctl and takes no for an answer. */
static const struct ch_call_rule loop_rules[] = {
    ALLOW(epoll_create1), ALLOW(epoll_ctl), ALLOW(epoll_wait), ALLOW(epoll_pwait), ALLOW(eventfd2),
    ALLOW(poll), ALLOW(ppoll), ALLOW(select), ALLOW(pselect6), ALLOW(pipe2), ALLOW(fcntl),
    ALLOW(dup), ALLOW(dup3), ALLOW(recvmsg), ALLOW(recvfrom),
    /* a socket that listened, shut down, could connect by sending (TCP Fast Open) */
    BITS_OFF(sendmsg, 2, MSG_FASTOPEN), BITS_OFF(sendto, 3, MSG_FASTOPEN),
    ALLOW(shutdown), ALLOW(getsockopt), ALLOW(setsockopt), ALLOW(getsockname), ALLOW(getpeername),
    ALLOW(getppid), ALLOW(tgkill), ALLOW(prlimit64), ALLOW(getrlimit), ALLOW(memfd_create),
    ALLOW(ftruncate), ALLOW(pwrite64), ALLOW(pwritev), ALLOW(membarrier),
    ALLOW(close_range),
    ONE_OF(ioctl, 1, 2, FIONREAD, FIONBIO),
};
GROUP(loop);

/* prctl: one of these per row. */
static const struct ch_call_rule name_thread_rules[] = {ONE_OF(prctl, 0, 1, PR_SET_NAME)};
GROUP(name_thread);
static const struct ch_call_rule prepare_jobs_rules[] = {
    ONE_OF(prctl, 0, 6, PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NAME, PR_SET_SECCOMP,
           PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS),
    ALLOW(seccomp), ALLOW(landlock_create_ruleset), ALLOW(landlock_restrict_self), ALLOW(capset),
};
GROUP(prepare_jobs);

/* Opening: one of these three per row. Landlock says which files; this says how. */
#define OPEN_FOR_CHANGE                                                                            \
    (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))
static const struct ch_call_rule open_nothing_rules[] = {
    DENY(open), DENY(openat), DENY(openat2), DENY(creat), DENY(access), DENY(faccessat),
    DENY(faccessat2), DENY(stat), DENY(lstat), DENY(readlink), DENY(readlinkat), DENY(statfs),
    DENY(getcwd), DENY(unlink), DENY(unlinkat), DENY(mkdir), DENY(mkdirat),
    /* fstat() is newfstatat(fd, "", AT_EMPTY_PATH) in glibc */
    BITS_ON(newfstatat, 3, AT_EMPTY_PATH), BITS_ON(statx, 2, AT_EMPTY_PATH),
};
GROUP(open_nothing);
static const struct ch_call_rule open_to_read_rules[] = {
    BITS_OFF(open, 1, OPEN_FOR_CHANGE), BITS_OFF(openat, 2, OPEN_FOR_CHANGE), NOSYS(openat2),
    DENY(creat), ALLOW(access), ALLOW(faccessat), ALLOW(faccessat2), ALLOW(stat), ALLOW(lstat),
    ALLOW(readlink), ALLOW(readlinkat), ALLOW(newfstatat), ALLOW(statx), ALLOW(statfs),
    ALLOW(getdents64), ALLOW(getcwd), DENY(unlink), DENY(unlinkat), DENY(mkdir), DENY(mkdirat),
};
GROUP(open_to_read);
static const struct ch_call_rule open_to_change_rules[] = {
    ALLOW(open), ALLOW(openat), NOSYS(openat2), ALLOW(access), ALLOW(faccessat), ALLOW(faccessat2),
    ALLOW(stat), ALLOW(lstat), ALLOW(readlink), ALLOW(readlinkat), ALLOW(newfstatat), ALLOW(statx),
    ALLOW(statfs), ALLOW(fstatfs), ALLOW(getdents64), ALLOW(getcwd), ALLOW(mkdir), ALLOW(mkdirat),
    ALLOW(unlink), ALLOW(unlinkat), ALLOW(rmdir), ALLOW(rename), ALLOW(renameat), ALLOW(renameat2),
    ALLOW(link), ALLOW(linkat), ALLOW(fsync), ALLOW(fdatasync), ALLOW(sync_file_range),
    ALLOW(syncfs), ALLOW(flock), ALLOW(fallocate), ALLOW(truncate), ALLOW(fchmod), ALLOW(chmod),
    ALLOW(fchmodat), ALLOW(fchown), ALLOW(utimensat), ALLOW(umask), ALLOW(copy_file_range),
    ALLOW(msync), ALLOW(mlock), ALLOW(chdir), ALLOW(fchdir),
};
GROUP(open_to_change);

/* Sockets: one of these per row; a row without any kills. */
static const struct ch_call_rule no_socket_rules[] = {
    DENY(socket), DENY(socketpair), DENY(connect), DENY(bind), DENY(listen),
};
GROUP(no_socket);
static const struct ch_call_rule inet_socket_rules[] = {
    ONE_OF(socket, 0, 2, AF_INET, AF_INET6),
    /* two ends in this process: how libcurl wakes its own loop */
    ONE_OF(socketpair, 0, 1, AF_UNIX),
    ALLOW(connect), ALLOW(bind), DENY(listen), ALLOW(sendmmsg), ALLOW(recvmmsg),
};
GROUP(inet_socket);

static const struct ch_call_rule accept_clients_rules[] = {
    ALLOW(accept4), ALLOW(sendfile), ALLOW(splice), ALLOW(mincore),
};
GROUP(accept_clients);

/* New processes and programs: one of the first three per row; a row without any kills. */
#define CLONE_NEW_NAMESPACES                                                                       \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)
static const struct ch_call_rule no_process_rules[] = {
    DENY(fork), DENY(vfork), DENY(clone), NOSYS(clone3),
};
GROUP(no_process);
static const struct ch_call_rule threads_only_rules[] = {
    DENY(fork), DENY(vfork), NOSYS(clone3), BITS_ON(clone, 0, CLONE_THREAD | CLONE_VM),
};
GROUP(threads_only);
static const struct ch_call_rule fork_jobs_rules[] = {
    ALLOW(fork), DENY(vfork), NOSYS(clone3), BITS_OFF(clone, 0, CLONE_NEW_NAMESPACES),
    ALLOW(kill), ALLOW(pidfd_open), ALLOW(pidfd_send_signal), ALLOW(wait4), ALLOW(waitid),
    ALLOW(signalfd4), ALLOW(timerfd_create), ALLOW(timerfd_settime), ALLOW(setrlimit),
    ALLOW(setpriority),
};
GROUP(fork_jobs);
static const struct ch_call_rule no_program_rules[] = {
    DENY(execve), DENY(execveat), DENY(ptrace), DENY(process_vm_readv), DENY(process_vm_writev),
};
GROUP(no_program);

/* To wait for a reader. */
static const struct ch_call_rule wait_rules[] = {ALLOW(poll), ALLOW(ppoll), DENY(sendto), DENY(sendmsg)};
GROUP(wait);

/* A job: bytes in, records out. abort() signals itself, is refused, and dies of an illegal
 * instruction instead; who may signal at all could signal its parent. */
static const struct ch_call_rule job_rules[] = {
    DENY(tgkill), DENY(ioctl), ALLOW(pwrite64), ONE_OF(fcntl, 1, 3, F_GETFD, F_SETFD, F_GETFL),
    ONE_OF(prlimit64, 0, 1, 0), DENY(prctl),
};
GROUP(job);

/* --- files --- */

static const struct ch_path_rule keeper_paths[] = {
    {.path = "audit", .in_state = true, .right = CH_PATH_WRITE},
    {.path = "db", .in_state = true, .right = CH_PATH_WRITE},
    {.path = "keys", .in_state = true, .right = CH_PATH_WRITE},
    {.path = "blobs", .in_state = true, .right = CH_PATH_WRITE},
    {.path = "served", .in_state = true, .right = CH_PATH_WRITE},
};
static const struct ch_path_rule gateway_paths[] = {
    {.path = "served", .in_state = true},
    {.path = "audit/public", .in_state = true},
};
#define HOST_FILE(name) {.path = (name), .optional = true}
static const struct ch_path_rule fetcher_paths[] = {
    HOST_FILE("/etc/resolv.conf"), HOST_FILE("/etc/hosts"), HOST_FILE("/etc/nsswitch.conf"),
    HOST_FILE("/etc/host.conf"), HOST_FILE("/etc/gai.conf"), HOST_FILE("/etc/services"),
    HOST_FILE("/etc/protocols"), HOST_FILE("/etc/ssl/certs"), HOST_FILE("/etc/ssl/cert.pem"),
    HOST_FILE("/etc/ssl/openssl.cnf"), HOST_FILE("/etc/pki/tls/certs"),
    HOST_FILE("/etc/pki/ca-trust/extracted"), HOST_FILE("/usr/share/ca-certificates"),
    HOST_FILE("/usr/local/share/ca-certificates"),
};

/* Its certificates come with its set-up. */
static const struct ch_path_rule egress_paths[] = {
    HOST_FILE("/etc/resolv.conf"),   HOST_FILE("/etc/hosts"),
    HOST_FILE("/etc/nsswitch.conf"), HOST_FILE("/etc/host.conf"),
    HOST_FILE("/etc/gai.conf"),      HOST_FILE("/etc/services"),
    HOST_FILE("/etc/protocols"),     HOST_FILE("/etc/ssl/openssl.cnf"),
};

/* Its key was read before. */
static const struct ch_path_rule witness_paths[] = {
    {.path = "checkpoints", .in_state = true, .right = CH_PATH_WRITE},
};

/* What is to be read lies anywhere, under a name that a new file may have got. */
static const struct ch_path_rule witness_files_paths[] = {
    {.path = "/"},
};

/* --- what must fail --- */

#define MUST_FAIL(what)        {.probe = CH_PROBE_##what}
#define NO_OPEN(name)          {.probe = CH_PROBE_OPEN, .path = (name)}
#define NO_CREATE(name)        {.probe = CH_PROBE_CREATE, .path = (name)}
#define NO_OPEN_STATE(name)    {.probe = CH_PROBE_OPEN, .path = (name), .in_state = true}
#define NO_CREATE_STATE(name)  {.probe = CH_PROBE_CREATE, .path = (name), .in_state = true}
#define OPENS_STATE(name)      {.probe = CH_PROBE_WORKS, .path = (name), .in_state = true}

static const struct ch_probe_row keeper_probes[] = {
    OPENS_STATE("audit"), OPENS_STATE("db"), OPENS_STATE("blobs"), OPENS_STATE("served"),
    OPENS_STATE("keys"), NO_OPEN("/etc/passwd"),
    NO_OPEN("/"), NO_CREATE("/tmp"), NO_OPEN_STATE("."), NO_OPEN_STATE("run"),
    NO_OPEN_STATE("log"), NO_OPEN_STATE("credentials.yaml"), NO_CREATE_STATE("."),
    MUST_FAIL(SOCKET_INET), MUST_FAIL(SOCKET_UNIX), MUST_FAIL(SOCKET_NETLINK),
    MUST_FAIL(SOCKET_PACKET), MUST_FAIL(CONNECT), MUST_FAIL(EXEC), MUST_FAIL(PTRACE),
    MUST_FAIL(FORK),
};
static const struct ch_probe_row gateway_probes[] = {
    OPENS_STATE("served"), OPENS_STATE("audit/public"), NO_OPEN("/etc/passwd"), NO_OPEN("/"),
    NO_CREATE("/tmp"), NO_OPEN_STATE("."), NO_OPEN_STATE("audit"), NO_OPEN_STATE("audit/entries"),
    NO_CREATE_STATE("audit/public"), NO_OPEN_STATE("keys"), NO_OPEN_STATE("db"), NO_OPEN_STATE("blobs"),
    NO_OPEN_STATE("blobs/spool"), NO_OPEN_STATE("blobs/sha256"), NO_OPEN_STATE("log"),
    NO_OPEN_STATE("credentials.yaml"), NO_CREATE_STATE("served"), MUST_FAIL(SOCKET_INET),
    MUST_FAIL(SOCKET_UNIX), MUST_FAIL(SOCKET_NETLINK), MUST_FAIL(SOCKET_PACKET),
    MUST_FAIL(CONNECT), MUST_FAIL(EXEC), MUST_FAIL(PTRACE), MUST_FAIL(FORK),
};
static const struct ch_probe_row admin_probes[] = {
    NO_OPEN("/etc/passwd"), NO_OPEN("/"), NO_OPEN("/dev/null"), NO_CREATE("/tmp"), NO_OPEN_STATE("."),
    NO_OPEN_STATE("keys"), NO_OPEN_STATE("db"), NO_OPEN_STATE("blobs"), NO_OPEN_STATE("served"),
    NO_OPEN_STATE("audit/public"), NO_OPEN_STATE("log"), NO_OPEN_STATE("credentials.yaml"),
    MUST_FAIL(SOCKET_INET), MUST_FAIL(SOCKET_UNIX), MUST_FAIL(SOCKET_NETLINK), MUST_FAIL(SOCKET_PACKET),
    MUST_FAIL(CONNECT), MUST_FAIL(EXEC), MUST_FAIL(PTRACE), MUST_FAIL(FORK),
};
static const struct ch_probe_row fetcher_probes[] = {
    NO_OPEN("/etc/passwd"), NO_OPEN("/"), NO_OPEN("/etc"), NO_CREATE("/tmp"), NO_OPEN_STATE("."),
    NO_OPEN_STATE("keys"), NO_OPEN_STATE("db"), NO_OPEN_STATE("blobs"), NO_OPEN_STATE("served"),
    NO_OPEN_STATE("credentials.yaml"), MUST_FAIL(SOCKET_UNIX), MUST_FAIL(SOCKET_NETLINK),
    MUST_FAIL(SOCKET_PACKET), MUST_FAIL(EXEC), MUST_FAIL(PTRACE), MUST_FAIL(FORK),
};
static const struct ch_probe_row egress_probes[] = {
    NO_OPEN("/etc/passwd"),
    NO_OPEN("/"),
    NO_OPEN("/etc"),
    NO_CREATE("/tmp"),
    NO_OPEN_STATE("."),
    NO_OPEN_STATE("keys"),
    NO_OPEN_STATE("db"),
    NO_OPEN_STATE("blobs"),
    NO_OPEN_STATE("served"),
    NO_OPEN_STATE("audit/public"),
    NO_OPEN_STATE("log"),
    NO_OPEN_STATE("credentials.yaml"),
    NO_OPEN("/usr/share/ca-certificates"),
    MUST_FAIL(SOCKET_UNIX),
    MUST_FAIL(SOCKET_NETLINK),
    MUST_FAIL(SOCKET_PACKET),
    MUST_FAIL(EXEC),
    MUST_FAIL(PTRACE),
    MUST_FAIL(FORK),
};
static const struct ch_probe_row witness_probes[] = {
    OPENS_STATE("checkpoints"),
    NO_OPEN("/etc/passwd"),
    NO_OPEN("/"),
    NO_CREATE("/tmp"),
    NO_OPEN_STATE("."),
    NO_OPEN_STATE("keys"),
    NO_OPEN_STATE("name"),
    NO_CREATE_STATE("."),
    MUST_FAIL(SOCKET_INET),
    MUST_FAIL(SOCKET_UNIX),
    MUST_FAIL(SOCKET_NETLINK),
    MUST_FAIL(SOCKET_PACKET),
    MUST_FAIL(CONNECT),
    MUST_FAIL(EXEC),
    MUST_FAIL(PTRACE),
    MUST_FAIL(FORK),
};
static const struct ch_probe_row witness_files_probes[] = {
    NO_CREATE("/tmp"), NO_CREATE_STATE("."), MUST_FAIL(SOCKET_INET), MUST_FAIL(SOCKET_UNIX),
    MUST_FAIL(SOCKET_NETLINK), MUST_FAIL(SOCKET_PACKET), MUST_FAIL(CONNECT), MUST_FAIL(EXEC),
    MUST_FAIL(PTRACE), MUST_FAIL(FORK),
};
static const struct ch_probe_row log_probes[] = {
    NO_OPEN("/etc/passwd"), NO_OPEN("/"), NO_OPEN("/dev/null"), NO_CREATE("/tmp"),
    MUST_FAIL(SOCKET_INET), MUST_FAIL(SOCKET_UNIX), MUST_FAIL(SOCKET_NETLINK),
    MUST_FAIL(SOCKET_PACKET), MUST_FAIL(CONNECT), MUST_FAIL(EXEC), MUST_FAIL(PTRACE),
    MUST_FAIL(FORK),
};
/* A scanner's parent forks: that is its work. */
static const struct ch_probe_row scanner_probes[] = {
    NO_OPEN("/etc/passwd"), NO_OPEN("/"), NO_OPEN("/dev/null"), NO_CREATE("/tmp"),
    NO_OPEN_STATE("."), MUST_FAIL(SOCKET_INET), MUST_FAIL(SOCKET_UNIX),
    MUST_FAIL(SOCKET_NETLINK), MUST_FAIL(SOCKET_PACKET), MUST_FAIL(CONNECT), MUST_FAIL(EXEC),
    MUST_FAIL(PTRACE),
};
static const struct ch_probe_row job_probes[] = {
    NO_OPEN("/etc/passwd"), NO_OPEN("/"), NO_OPEN("/dev/null"), NO_CREATE("/tmp"),
    MUST_FAIL(SOCKET_INET), MUST_FAIL(SOCKET_UNIX), MUST_FAIL(CONNECT), MUST_FAIL(EXEC),
    MUST_FAIL(PTRACE), MUST_FAIL(FORK),
};

/* --- the table --- */

#define PATHS(list)  .paths = (list), .path_count = CH_ARRAY_LEN(list)
#define PROBES(list) .probes = (list), .probe_count = CH_ARRAY_LEN(list)
#define NO_CORE      {RLIMIT_CORE, 0}

#define SCANNER_ROWS(which)                                                                        \
    {                                                                                              \
        .role = (which), .stage = CH_CONFINE_PROCESS, PROBES(scanner_probes),                      \
        .groups = {&core, &loop, &open_nothing, &no_socket, &fork_jobs, &no_program,               \
                   &prepare_jobs},                                                                 \
        .limits = {NO_CORE}, .limit_count = 1,                                                     \
    },                                                                                             \
    {                                                                                              \
        .role = (which), .stage = CH_CONFINE_JOB, PROBES(job_probes),                              \
        .groups = {&core, &open_nothing, &job},                                                    \
        .limits = {NO_CORE, {RLIMIT_NPROC, 0}, {RLIMIT_NOFILE, 16}, {RLIMIT_MEMLOCK, 0},           \
                   {RLIMIT_MSGQUEUE, 0}},                                                          \
        .limit_count = 5,                                                                          \
    }

static const struct ch_confine_row table[] = {
    {
        .role = CH_ROLE_KEEPER, .stage = CH_CONFINE_PROCESS, PROBES(keeper_probes),
        .groups = {&core, &loop, &open_to_change, &no_socket, &threads_only, &no_program,
                   &name_thread},
        PATHS(keeper_paths), .needs_state = true,
        .limits = {NO_CORE}, .limit_count = 1,
    },
    {
        .role = CH_ROLE_GATEWAY, .stage = CH_CONFINE_PROCESS, PROBES(gateway_probes),
        .groups = {&core, &loop, &open_to_read, &no_socket, &accept_clients, &no_process,
                   &no_program, &name_thread},
        PATHS(gateway_paths), .needs_state = true,
        .limits = {NO_CORE}, .limit_count = 1,
    },
    {
        .role = CH_ROLE_FETCHER, .stage = CH_CONFINE_PROCESS, PROBES(fetcher_probes),
        .groups = {&core, &loop, &open_to_read, &inet_socket, &threads_only, &no_program,
                   &name_thread},
        PATHS(fetcher_paths), .tcp_connect = true,
        .limits = {NO_CORE}, .limit_count = 1,
    },
    {
        .role = CH_ROLE_EGRESS, .stage = CH_CONFINE_PROCESS, PROBES(egress_probes),
        .groups = {&core, &loop, &open_to_read, &inet_socket, &threads_only, &no_program,
                   &name_thread},
        PATHS(egress_paths), .tcp_connect = true,
        .limits = {NO_CORE}, .limit_count = 1,
    },
    {
        .role = CH_ROLE_ADMIN, .stage = CH_CONFINE_PROCESS, PROBES(admin_probes),
        .groups = {&core, &loop, &open_nothing, &no_socket, &accept_clients, &no_process,
                   &no_program, &name_thread},
        .limits = {NO_CORE}, .limit_count = 1,
    },
    {
        .role = CH_ROLE_ADMISSION, .stage = CH_CONFINE_PROCESS, PROBES(admin_probes),
        .groups = {&core, &loop, &open_nothing, &no_socket, &accept_clients, &no_process,
                   &no_program, &name_thread},
        .limits = {NO_CORE}, .limit_count = 1,
    },
    {
        .role = CH_ROLE_WITNESS, .stage = CH_CONFINE_PROCESS, PROBES(witness_probes),
        .groups = {&core, &loop, &open_to_change, &no_socket, &accept_clients, &no_process,
                   &no_program, &name_thread},
        PATHS(witness_paths), .needs_state = true, .outlives_parent = true,
        .limits = {NO_CORE}, .limit_count = 1,
    },
    {
        .role = CH_ROLE_WITNESS_FILES, .stage = CH_CONFINE_PROCESS, PROBES(witness_files_probes),
        .groups = {&core, &loop, &open_to_read, &no_socket, &no_process, &no_program, &name_thread},
        PATHS(witness_files_paths),
        .limits = {NO_CORE}, .limit_count = 1,
    },
    { /* and writes what the others say as they end, too */
        .role = CH_ROLE_LOG, .stage = CH_CONFINE_PROCESS, PROBES(log_probes),
        .groups = {&core, &wait, &open_nothing, &no_socket, &no_process, &no_program},
        .outlives_parent = true,
        .limits = {NO_CORE}, .limit_count = 1,
    },
    SCANNER_ROWS(CH_ROLE_SCANNER_STRICT),
    SCANNER_ROWS(CH_ROLE_SCANNER_SECOND),
};

const struct ch_confine_row *ch_confine_row_at(size_t i)
{
    return i < CH_ARRAY_LEN(table) ? &table[i] : NULL;
}

const struct ch_confine_row *ch_confine_row(enum ch_role role, enum ch_confine_stage stage)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(table); i++) {
        if (table[i].role == role && table[i].stage == stage) {
            return &table[i];
        }
    }
    return NULL;
}
