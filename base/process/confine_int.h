/* The confinement table's shape. confine_table.c fills it; confine_seccomp.c, confine_landlock.c
 * and confine.c apply it; self_test.c tries it. */
#ifndef CH_CONFINE_INT_H
#define CH_CONFINE_INT_H

#include <stdbool.h>
#include <sys/types.h>

#include "customhouse/confine.h"

/* Sanitizers read /proc and trace themselves: their builds test everything but confinement. */
#ifdef CH_SANITIZED
#define CH_CONFINEMENT_APPLIED false
#else
#define CH_CONFINEMENT_APPLIED true
#endif

/* Set by spawn.c for the new process: the namespaces it was given, for ch_confine_describe. */
#define CH_NAMESPACES_ENV "CUSTOMHOUSE_NAMESPACES"

/* What becomes of a system call. One that no group of a row names kills the process. */
enum ch_call_action {
    CH_CALL_ALLOW = 0,
    CH_CALL_DENY,     /* EACCES: libraries probe for it and go on without */
    CH_CALL_NOSYS,    /* ENOSYS: glibc falls back to an older call that can be looked into */
    CH_CALL_BITS_OFF, /* allowed while no bit of `value` is set in argument `arg`, else EACCES */
    CH_CALL_BITS_ON,  /* allowed while all bits of `value` are set, else EACCES */
    CH_CALL_ONE_OF,   /* allowed while argument `arg` is one of `values` (ascending), else EACCES */
};

#define CH_CALL_MAX_VALUES 6

struct ch_call_rule {
    int call; /* SCMP_SYS(name) */
    enum ch_call_action action;
    unsigned arg;
    unsigned long value;
    unsigned value_count;
    unsigned long values[CH_CALL_MAX_VALUES];
};

struct ch_call_group {
    const char *name;
    const struct ch_call_rule *rules;
    size_t count;
};

enum ch_path_right {
    CH_PATH_READ = 0, /* read files, list folders below it */
    CH_PATH_WRITE,    /* also create, change, rename, link and remove files and folders */
};

struct ch_path_rule {
    const char *path; /* absolute, or below the state folder when in_state */
    bool in_state;
    bool optional; /* hosts differ in which of these they have */
    enum ch_path_right right;
};

/* Things that must fail, each tried by self_test.c. */
enum ch_probe {
    CH_PROBE_OPEN = 1, /* open `path` for reading */
    CH_PROBE_CREATE,   /* make a file in folder `path` */
    CH_PROBE_SOCKET_INET,
    CH_PROBE_SOCKET_UNIX,
    CH_PROBE_SOCKET_NETLINK,
    CH_PROBE_SOCKET_PACKET,
    CH_PROBE_CONNECT,
    CH_PROBE_EXEC,
    CH_PROBE_PTRACE,
    CH_PROBE_FORK,
    CH_PROBE_WORKS, /* the other way round: opening folder `path` must succeed, or the rows
                       about the state folder would prove nothing */
};

struct ch_probe_row {
    enum ch_probe probe;
    const char *path;
    bool in_state;
};

struct ch_rlimit_row {
    int resource;
    unsigned long value;
};

#define CH_ROW_MAX_GROUPS 16
#define CH_ROW_MAX_LIMITS 6

struct ch_confine_row {
    enum ch_role role;
    enum ch_confine_stage stage;
    const struct ch_call_group *groups[CH_ROW_MAX_GROUPS]; /* no call in two of them */
    const struct ch_path_rule *paths;
    size_t path_count;
    bool tcp_connect; /* Landlock's network rules */
    bool needs_state; /* gets the state folder's group */
    bool outlives_parent; /* a shell, not the supervisor, without which the others are for nothing */
    const struct ch_probe_row *probes;
    size_t probe_count;
    struct ch_rlimit_row limits[CH_ROW_MAX_LIMITS];
    size_t limit_count;
};

const struct ch_confine_row *ch_confine_row(enum ch_role role,
                                            enum ch_confine_stage stage); /* NULL */
const struct ch_confine_row *ch_confine_row_at(size_t i); /* walks the table; NULL past its end */

struct sock_filter;
struct ch_seccomp_program {
    struct sock_filter *filter;
    unsigned short count;
};
/* Compiles a row's filter. The program is the caller's: free(ret->filter). */
enum ch_code ch_seccomp_compile(const struct ch_confine_row *row, struct ch_seccomp_program *ret,
                                struct ch_err *err) CH_MUST_CHECK;
/* All threads; from here on the filter is in force. */
enum ch_code ch_seccomp_install(const struct ch_seccomp_program *program,
                                struct ch_err *err) CH_MUST_CHECK;

int ch_landlock_abi(void); /* 0: the kernel has none, or it is switched off */
enum ch_code ch_landlock_apply(const struct ch_confine_row *row,
                               const struct ch_confine_options *options,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
