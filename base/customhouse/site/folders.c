/* The folders of an installation and whose they are. */
#include "site.h"

#include "policy_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct site_ids site_ids(const struct ch_config *config)
{
    struct site_ids ids = {0};
    if (geteuid() == 0) {
        uint32_t base = config->uid_base;
        ids = (struct site_ids){base,     base + 1, base + 2, base + 3,
                                base + 4, base + 5, base + 6, base + 7, base + 8, base + 9};
    }
    return ids;
}

/* Gives everything below a folder to another owner; symbolic links are changed, not followed. A uid
 * that was configured anew, or a first start as root, finds files of another. */
static enum ch_code give_tree(int dir_fd, const char *name, uid_t uid, gid_t gid,
                              struct ch_err *err)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", name);
    }
    DIR *dir = fdopendir(fd);
    if (dir == NULL) {
        int errnum = errno;
        close(fd);
        return ch_fail_errno(err, errnum, "%s", name);
    }
    enum ch_code rc = CH_OK;
    for (struct dirent *e; rc == CH_OK && (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) {
            continue;
        }
        if (fchownat(fd, e->d_name, uid, gid, AT_SYMLINK_NOFOLLOW) != 0) {
            rc = ch_fail_errno(err, errno, "%s/%s", name, e->d_name);
        } else if (e->d_type == DT_DIR) {
            rc = give_tree(fd, e->d_name, uid, gid, err);
        }
    }
    closedir(dir);
    return rc;
}

struct folder_row {
    const char *name;
    mode_t mode;
    uid_t uid;
    gid_t gid;
};

/* Changing the owner takes the set-group bit away, so the mode comes last. */
static enum ch_code prepare(int state_fd, const char *folder, const struct folder_row *row,
                            struct ch_err *err)
{
    struct stat st;
    if (mkdirat(state_fd, row->name, row->mode & 0700) != 0 && errno != EEXIST) {
        return ch_fail_errno(err, errno, "%s/%s", folder, row->name);
    }
    if (fstatat(state_fd, row->name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode)) {
        return ch_fail(err, CH_E_USAGE, "%s/%s: expected a folder", folder, row->name);
    }
    if (geteuid() == 0 && (st.st_uid != row->uid || st.st_gid != row->gid)) {
        enum ch_code rc = give_tree(state_fd, row->name, row->uid, row->gid, err);
        if (rc != CH_OK) {
            return ch_wrap(err, "%s", folder);
        }
        if (fchownat(state_fd, row->name, row->uid, row->gid, AT_SYMLINK_NOFOLLOW) != 0) {
            return ch_fail_errno(err, errno, "%s/%s", folder, row->name);
        }
    }
    if (fchmodat(state_fd, row->name, row->mode, 0) != 0) {
        return ch_fail_errno(err, errno, "%s/%s", folder, row->name);
    }
    return CH_OK;
}

enum ch_code site_prepare_folders(const char *folder, const struct site_ids *ids,
                                  struct ch_err *err)
{
    bool root = geteuid() == 0;
    const struct folder_row rows[] = {
        {"run", 0711, 0, 0}, /* the way to the control socket */
        {"log", 0700, 0, 0},
        {"keys", 0700, ids->keeper, ids->keeper},
        {"db", 0700, ids->keeper, ids->keeper},
        /* whoever comes so far may walk through: a gateway opens the public part before it is in
         * its group. The keeper shuts its own part */
        {"audit", root ? 0711 : 0700, ids->keeper, ids->served_gid},
        {"audit/public", root ? 02750 : 0700, ids->keeper, ids->served_gid},
        /* its files take the group of those who read them once they are linked into served/; until
         * then this folder keeps everybody else out */
        {"blobs", root ? 02700 : 0700, ids->keeper, ids->served_gid},
        {"served", root ? 02750 : 0700, ids->keeper, ids->served_gid},
    };
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", folder);
    }
    enum ch_code rc = CH_OK;
    /* everybody may walk through it, to what is open to them; nobody but us may look around */
    if ((root && fchown(fd, 0, ids->served_gid) != 0) || fchmod(fd, 0711) != 0) {
        rc = ch_fail_errno(err, errno, "%s", folder);
    }
    for (size_t i = 0; rc == CH_OK && i < CH_ARRAY_LEN(rows); i++) {
        rc = prepare(fd, folder, &rows[i], err);
    }
    close(fd);
    return rc;
}

bool site_way_is_open(const char *folder)
{
    char *path = ch_str_dup(ch_str_of(folder));
    bool open = true;
    for (char *slash; open && (slash = strrchr(path, '/')) != NULL;) {
        slash[slash == path ? 1 : 0] = '\0'; /* the parent; "/" at last */
        struct stat st;
        open = stat(path, &st) == 0 && (st.st_mode & S_IXOTH) != 0;
        if (path[1] == '\0') {
            break;
        }
    }
    free(path);
    return open;
}

enum ch_code site_is_new(const char *folder, bool *ret, struct ch_err *err)
{
    /* what an earlier start left that died before it wrote the configuration, its last act */
    static const char *const ours[] = {".",
                                       "..",
                                       "lock",
                                       "run",
                                       "log",
                                       "db",
                                       "audit",
                                       "blobs",
                                       "keys",
                                       "served",
                                       SITE_POLICY,
                                       SITE_CREDENTIALS,
                                       SITE_CONFIG ".new",
                                       SITE_POLICY ".new",
                                       POLICY_FILES_SET,
                                       POLICY_FILES_SET ".new",
                                       SITE_CREDENTIALS ".new"};
    DIR *dir = opendir(folder);
    if (dir == NULL && errno == ENOENT) {
        *ret = true;
        return CH_OK;
    }
    if (dir == NULL) {
        return ch_fail_errno(err, errno, "%s", folder);
    }
    bool has_config = false;
    char other[256] = "";
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        bool known = false;
        for (size_t i = 0; i < CH_ARRAY_LEN(ours); i++) {
            known = known || strcmp(e->d_name, ours[i]) == 0;
        }
        if (strcmp(e->d_name, SITE_CONFIG) == 0) {
            has_config = true;
        } else if (!known) {
            snprintf(other, sizeof(other), "%s", e->d_name);
        }
    }
    closedir(dir);
    if (!has_config && other[0] != '\0') {
        return ch_fail(err, CH_E_USAGE,
                       "%s: holds \"%s\" but no " SITE_CONFIG
                       ": expected an installation, or an empty "
                       "folder to make one in",
                       folder, other);
    }
    *ret = !has_config;
    return CH_OK;
}
