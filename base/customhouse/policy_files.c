#include "policy_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "site.h"

struct file {
    char *path;
    char *temporary;
    struct ch_str text; /* to be written; borrowed from the bundle */
    bool was_there;
    struct ch_buf before;
    bool moved;
};

struct policy_files {
    int folder_fd;
    struct stat like; /* policy.yaml: whose owner and mode new files get */
    struct file *list;
    size_t count;
};

enum ch_code policy_files_lock(const char *folder, int *ret_fd, struct ch_err *err)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", folder);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum ch_code rc =
            errno == EWOULDBLOCK
                ? ch_fail(err, CH_E_EXISTS, "%s: another policy set is under way", folder)
                : ch_fail_errno(err, errno, "%s", folder);
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return CH_OK;
}

static enum ch_code add(struct policy_files *f, const char *folder, struct ch_str name,
                        struct ch_str text, struct ch_err *err)
{
    f->list = ch_realloc_array(f->list, f->count + 1, sizeof(*f->list));
    struct file *file = &f->list[f->count++];
    *file = (struct file){.text = text};
    char *own = ch_str_dup(name);
    file->path = site_path(folder, own);
    free(own);
    struct ch_buf temporary;
    ch_buf_init(&temporary, (size_t)2 * PATH_MAX);
    ch_buf_printf(&temporary, "%s.new", file->path);
    file->temporary = ch_str_dup(ch_buf_str(&temporary));
    ch_buf_done(&temporary);
    struct stat st;
    if (lstat(file->path, &st) != 0) {
        return errno == ENOENT ? CH_OK : ch_fail_errno(err, errno, "%s", file->path);
    }
    if (!S_ISREG(st.st_mode)) {
        return ch_fail(err, CH_E_USAGE,
                       "%s: is no regular file: change it where it is kept, and send SIGHUP",
                       file->path);
    }
    file->was_there = true;
    return site_read_file(file->path, &file->before, err);
}

/* The bundle's files; the policy itself comes last. */
static enum ch_code gather(struct policy_files *f, const char *folder, struct ch_str bundle,
                           struct ch_err *err)
{
    struct ch_str own = ch_policy_bundle_text(bundle);
    struct ch_str rest = ch_str_sub(bundle, own.len, bundle.len);
    enum ch_code rc = CH_OK;
    size_t at;
    while (rc == CH_OK && rest.len > 0) {
        rest = ch_str_sub(rest, 1, rest.len); /* the NUL */
        if (!ch_str_find_char(rest, '\0', &at)) {
            return ch_fail(err, CH_E_FORMAT, "the policy's files are not whole");
        }
        struct ch_str name = ch_str_sub(rest, 0, at);
        rest = ch_str_sub(rest, at + 1, rest.len);
        at = rest.len;
        CH_IGNORE(!ch_str_find_char(rest, '\0', &at));
        rc = add(f, folder, name, ch_str_sub(rest, 0, at), err);
        rest = ch_str_sub(rest, at, rest.len);
    }
    return rc == CH_OK ? add(f, folder, CH_STR(SITE_POLICY), own, err) : rc;
}

static enum ch_code fill(int fd, const char *name, struct ch_str text, const struct stat *like,
                         struct ch_err *err)
{
    for (size_t at = 0; at < text.len;) {
        ssize_t n = write(fd, text.ptr + at, text.len - at);
        if (n < 0) {
            return ch_fail_errno(err, errno, "%s", name);
        }
        at += (size_t)n;
    }
    if ((geteuid() == 0 && fchown(fd, like->st_uid, like->st_gid) != 0) ||
        fchmod(fd, like->st_mode & 07777) != 0 || fsync(fd) != 0) {
        return ch_fail_errno(err, errno, "%s", name);
    }
    return CH_OK;
}

static enum ch_code prepare(const struct policy_files *f, const struct file *file,
                            struct ch_str text, struct ch_err *err)
{
    struct stat like = f->like;
    CH_IGNORE(file->was_there && stat(file->path, &like) != 0);
    unlink(file->temporary); /* of somebody who died here */
    int fd = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", file->temporary);
    }
    enum ch_code rc = fill(fd, file->temporary, text, &like, err);
    close(fd);
    return rc;
}

static enum ch_code move(struct policy_files *f, struct file *file, struct ch_err *err)
{
    if (rename(file->temporary, file->path) != 0) {
        return ch_fail_errno(err, errno, "%s", file->path);
    }
    file->moved = true;
    return fsync(f->folder_fd) == 0 ? CH_OK : ch_fail_errno(err, errno, "%s", file->path);
}

enum ch_code policy_files_restore(struct policy_files *f, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = f->count; i-- > 0;) {
        struct file *file = &f->list[i];
        struct ch_err one;
        enum ch_code this = CH_OK;
        if (!file->moved) {
            continue;
        }
        if (file->was_there) {
            this = prepare(f, file, ch_buf_str(&file->before), &one);
            this = this == CH_OK ? move(f, file, &one) : this;
        } else if (unlink(file->path) != 0) {
            this = ch_fail_errno(&one, errno, "%s", file->path);
        }
        if (this != CH_OK && rc == CH_OK) {
            *err = one;
            rc = this;
        }
        file->moved = false;
    }
    return rc;
}

enum ch_code policy_files_replace(const char *folder, struct ch_str bundle,
                                  struct policy_files **ret, struct ch_err *err)
{
    struct policy_files *f = ch_calloc(1, sizeof(*f));
    char *path = site_path(folder, SITE_POLICY);
    enum ch_code rc = CH_OK;
    f->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->folder_fd < 0 || stat(path, &f->like) != 0) {
        rc = ch_fail_errno(err, errno, "%s", path);
    }
    free(path);
    rc = rc == CH_OK ? gather(f, folder, bundle, err) : rc;
    for (size_t i = 0; rc == CH_OK && i < f->count; i++) {
        rc = prepare(f, &f->list[i], f->list[i].text, err);
    }
    for (size_t i = 0; rc == CH_OK && i < f->count; i++) {
        rc = move(f, &f->list[i], err);
    }
    if (rc != CH_OK) {
        struct ch_err second;
        if (policy_files_restore(f, &second) != CH_OK) {
            rc = ch_fail(err, CH_E_SYSTEM,
                         "%s: and it could not be put back: run customhouse check", second.msg);
        }
        for (size_t i = 0; i < f->count; i++) {
            unlink(f->list[i].temporary);
        }
        policy_files_free(f);
        return rc;
    }
    *ret = f;
    return CH_OK;
}

void policy_files_free(struct policy_files *f)
{
    if (f == NULL) {
        return;
    }
    for (size_t i = 0; i < f->count; i++) {
        free(f->list[i].path);
        free(f->list[i].temporary);
        ch_buf_done(&f->list[i].before);
    }
    if (f->folder_fd >= 0) {
        close(f->folder_fd);
    }
    free(f->list);
    free(f);
}
