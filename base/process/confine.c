#include "confine_int.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Compiled by a scanner's parent before it is confined itself; its forked jobs install it. */
static struct {
    enum ch_role role;
    struct ch_seccomp_program program;
} prepared_job;

static enum ch_code find_row(const struct ch_confine_options *options,
                             const struct ch_confine_row **ret, struct ch_err *err)
{
    const struct ch_confine_row *row = ch_confine_row(options->role, options->stage);
    if (row == NULL) {
        return ch_fail(err, CH_E_DENIED, "no row in the confinement table for %s",
                       ch_role_name(options->role));
    }
    *ret = row;
    return CH_OK;
}

/* Root is given up for good: the last call proves it. */
static enum ch_code become(const struct ch_confine_row *row,
                           const struct ch_confine_options *options, struct ch_err *err)
{
    if (options->uid == 0 || (geteuid() == options->uid && getuid() == options->uid)) {
        return CH_OK;
    }
    gid_t groups[1] = {options->served_gid};
    size_t group_count = row->needs_state && options->served_gid != 0 ? 1 : 0;
    if (setgroups(group_count, groups) != 0 ||
        setresgid(options->gid, options->gid, options->gid) != 0 ||
        setresuid(options->uid, options->uid, options->uid) != 0) {
        return ch_fail_errno(err, errno, "%s: becoming uid %u, gid %u", ch_role_name(options->role),
                             options->uid, options->gid);
    }
    if (setresuid(0, 0, 0) == 0 || setresgid(0, 0, 0) == 0) {
        return ch_fail(err, CH_E_DENIED, "%s: root could be taken back",
                       ch_role_name(options->role));
    }
    return CH_OK;
}

/* Also those a user namespace gave, and those of root where there is no other uid to become. */
static enum ch_code drop_capabilities(struct ch_err *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capset, &header, none) != 0) {
        return ch_fail_errno(err, errno, "giving up capabilities");
    }
    return CH_OK;
}

static enum ch_code set_limits(const struct ch_confine_row *row, struct ch_err *err)
{
    for (size_t i = 0; i < row->limit_count; i++) {
        struct rlimit limit = {row->limits[i].value, row->limits[i].value};
        if (setrlimit((__rlimit_resource_t)row->limits[i].resource, &limit) != 0) {
            return ch_fail_errno(err, errno, "setrlimit %d", row->limits[i].resource);
        }
    }
    return CH_OK;
}

/* A change of uid resets both dumpable and the signal of the parent's death: so they come after it.
 */
static enum ch_code set_attributes(const struct ch_confine_row *row, struct ch_err *err)
{
    unsigned long signal = row->outlives_parent ? 0 : SIGKILL;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0) != 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return ch_fail_errno(err, errno, "prctl");
    }
    return CH_OK;
}

static enum ch_code compile(const struct ch_confine_row *row, struct ch_seccomp_program *ret,
                            struct ch_err *err)
{
    if (row->stage == CH_CONFINE_JOB && prepared_job.role == row->role) {
        *ret = prepared_job.program;
        return CH_OK;
    }
    enum ch_code rc = ch_seccomp_compile(row, ret, err);
    if (rc == CH_OK && row->stage == CH_CONFINE_JOB) {
        prepared_job.role = row->role; /* kept for the life of the process */
        prepared_job.program = *ret;
    }
    return rc;
}

static enum ch_code prepare_job(enum ch_role role, struct ch_err *err)
{
    const struct ch_confine_row *job = ch_confine_row(role, CH_CONFINE_JOB);
    struct ch_seccomp_program program;
    return job == NULL ? CH_OK : compile(job, &program, err);
}

enum ch_code ch_confine(const struct ch_confine_options *options, struct ch_err *err)
{
    const struct ch_confine_row *row = NULL;
    enum ch_code rc = find_row(options, &row, err);
    if (rc != CH_OK || !CH_CONFINEMENT_APPLIED) {
        return rc;
    }
    struct ch_seccomp_program program = {NULL, 0};
    rc = compile(row, &program, err);
    if (rc == CH_OK && options->stage == CH_CONFINE_PROCESS) {
        rc = prepare_job(options->role, err);
    }
    if (rc == CH_OK) {
        rc = become(row, options, err);
    }
    if (rc == CH_OK) {
        rc = drop_capabilities(err);
    }
    if (rc == CH_OK) {
        rc = set_attributes(row, err);
    }
    if (rc == CH_OK) {
        rc = set_limits(row, err);
    }
    if (rc == CH_OK) {
        rc = ch_landlock_apply(row, options, err);
    }
    if (rc == CH_OK) {
        rc = ch_seccomp_install(&program, err);
    }
    if (program.filter != prepared_job.program.filter) {
        free(program.filter);
    }
    return rc;
}

void ch_confine_describe(const struct ch_confine_options *options, struct ch_buf *out)
{
    if (!CH_CONFINEMENT_APPLIED) {
        ch_buf_puts(out, CH_STR("not confined: a build with sanitizers"));
        return;
    }
    const char *namespaces = getenv(CH_NAMESPACES_ENV);
    ch_buf_printf(out, "landlock abi %d, seccomp, namespaces %s, uid %u", ch_landlock_abi(),
                  namespaces != NULL && namespaces[0] != '\0' ? namespaces : "none",
                  options->uid != 0 ? options->uid : (unsigned)geteuid());
    if (options->uid == 0 && geteuid() == 0) {
        ch_buf_puts(out, CH_STR(" (root without capabilities)"));
    }
}
