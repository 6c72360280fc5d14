/* The table's paths as Landlock rules. The system's header is older than the kernels we meet, so
 * what it lacks is named here; what the kernel lacks is left out of the rule set (its ABI version
 * says).
 *
 * Spec: Documentation/userspace-api/landlock.rst */
#include "confine_int.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ABI 2 brought moving and linking between folders (Linux 5.19): the keeper cannot publish without.
 */
#define OLDEST_ABI   2

#define FS_REFER     (1ULL << 13) /* ABI 2 */
#define FS_TRUNCATE  (1ULL << 14) /* ABI 3 */
#define FS_IOCTL_DEV (1ULL << 15) /* ABI 5 */
#define FS_FIRST     ((1ULL << 13) - 1)
#define NET_BIND     (1ULL << 0) /* ABI 4 */
#define NET_CONNECT  (1ULL << 1)
#define SCOPE_ALL    3ULL /* ABI 6: abstract UNIX sockets, signals */

#define RIGHTS_READ  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define RIGHTS_WRITE                                                                               \
    (RIGHTS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                 \
     LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |  \
     FS_REFER | FS_TRUNCATE)
/* What makes sense for a file: a rule on a file may name no more. */
#define RIGHTS_OF_FILE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)

struct ruleset_attr { /* as of ABI 6; the kernel takes a prefix of it when the rest is zero */
    uint64_t handled_access_fs;
    uint64_t handled_access_net;
    uint64_t scoped;
};

int ch_landlock_abi(void)
{
    static int known = -1; /* a confined process may no longer ask */
    if (known < 0) {
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        known = abi > 0 ? (int)abi : 0;
    }
    return known;
}

static uint64_t handled_fs(int abi)
{
    return FS_FIRST | (abi >= 2 ? FS_REFER : 0) | (abi >= 3 ? FS_TRUNCATE : 0) |
           (abi >= 5 ? FS_IOCTL_DEV : 0);
}

static enum ch_code add_path(int ruleset, const char *path, const struct ch_path_rule *rule,
                             uint64_t handled, struct ch_err *err)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0) {
        if (rule->optional && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) {
            return CH_OK;
        }
        return ch_fail_errno(err, errno, "%s", path);
    }
    struct stat st;
    uint64_t rights = rule->right == CH_PATH_WRITE ? RIGHTS_WRITE : RIGHTS_READ;
    enum ch_code rc = CH_OK;
    if (fstat(fd, &st) != 0) {
        rc = ch_fail_errno(err, errno, "%s", path);
    } else {
        rights &= S_ISDIR(st.st_mode) ? handled : handled & RIGHTS_OF_FILE;
        struct landlock_path_beneath_attr attr = {.allowed_access = rights, .parent_fd = fd};
        if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0) != 0) {
            rc = ch_fail_errno(err, errno, "Landlock rule for %s", path);
        }
    }
    close(fd);
    return rc;
}

static enum ch_code add_rule(int ruleset, const struct ch_path_rule *rule,
                             const struct ch_confine_options *options, uint64_t handled,
                             struct ch_err *err)
{
    if (!rule->in_state) {
        return add_path(ruleset, rule->path, rule, handled, err);
    }
    if (options->state_dir == NULL) {
        return ch_fail(err, CH_E_USAGE, "%s needs a state folder", ch_role_name(options->role));
    }
    struct ch_buf path;
    ch_buf_init(&path, 4096);
    ch_buf_printf(&path, "%s/%s", options->state_dir, rule->path);
    ch_buf_putc(&path, '\0');
    enum ch_code rc = ch_buf_ok(&path, err);
    if (rc == CH_OK) {
        rc = add_path(ruleset, path.ptr, rule, handled, err);
    }
    ch_buf_done(&path);
    return rc;
}

enum ch_code ch_landlock_apply(const struct ch_confine_row *row,
                               const struct ch_confine_options *options, struct ch_err *err)
{
    int abi = ch_landlock_abi();
    if (abi < OLDEST_ABI) {
        return ch_fail(
            err, CH_E_SYSTEM,
            "Landlock is required: the kernel offers version %d, version %d (Linux 5.19, "
            "with landlock among its security modules) is needed",
            abi, OLDEST_ABI);
    }
    struct ruleset_attr attr = {.handled_access_fs = handled_fs(abi)};
    size_t size = sizeof(attr.handled_access_fs);
    if (abi >= 4) {
        attr.handled_access_net = NET_BIND | (row->tcp_connect ? 0 : NET_CONNECT);
        size = 2 * sizeof(uint64_t);
    }
    if (abi >= 6) {
        attr.scoped = SCOPE_ALL;
        size = sizeof(attr);
    }
    int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (ruleset < 0) {
        return ch_fail_errno(err, errno, "Landlock is required and was refused");
    }
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < row->path_count; i++) {
        rc = add_rule(ruleset, &row->paths[i], options, attr.handled_access_fs, err);
    }
    if (rc == CH_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
        rc = ch_fail_errno(err, errno, "Landlock is required and was refused");
    }
    close(ruleset);
    return rc;
}
