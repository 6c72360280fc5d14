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
};

struct policy_files {
    char *folder;
    int folder_fd;
    struct stat like;     /* policy.yaml: whose owner and mode new files get */
    struct ch_buf former; /* the bundle that is replaced; nothing: it cannot be read whole */
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

static enum ch_code move(const struct file *file, struct ch_err *err)
{
    return rename(file->temporary, file->path) == 0 ? CH_OK
                                                    : ch_fail_errno(err, errno, "%s", file->path);
}

static enum ch_code sync_folder(const struct policy_files *f, struct ch_err *err)
{
    return fsync(f->folder_fd) == 0 ? CH_OK : ch_fail_errno(err, errno, "%s", f->folder);
}

/* --- the one step --- */

static enum ch_code commit(struct policy_files *f, struct ch_str bundle, struct ch_err *err)
{
    struct file whole = {.path = site_path(f->folder, POLICY_FILES_SET),
                         .temporary = site_path(f->folder, POLICY_FILES_SET ".new")};
    enum ch_code rc = prepare(f, &whole, bundle, err);
    rc = rc == CH_OK ? move(&whole, err) : rc;
    if (rc != CH_OK) {
        unlink(whole.temporary);
    } else if ((rc = sync_folder(f, err)) != CH_OK) {
        unlink(whole.path); /* whoever reads would take up what is told to have failed */
    }
    free(whole.path);
    free(whole.temporary);
    return rc;
}

/* All files are prepared, and the whole is committed. */
static enum ch_code move_all(struct policy_files *f, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    char *whole = site_path(f->folder, POLICY_FILES_SET);
    for (size_t i = 0; rc == CH_OK && i < f->count; i++) {
        rc = move(&f->list[i], err);
    }
    rc = rc == CH_OK ? sync_folder(f, err) : rc;
    if (rc == CH_OK && unlink(whole) != 0) {
        rc = ch_fail_errno(err, errno, "%s", whole);
    }
    rc = rc == CH_OK ? sync_folder(f, err) : rc;
    free(whole);
    return rc;
}

static enum ch_code prepare_all(struct policy_files *f, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < f->count; i++) {
        rc = prepare(f, &f->list[i], f->list[i].text, err);
    }
    return rc;
}

static enum ch_code open_files(const char *folder, struct policy_files **ret, struct ch_err *err)
{
    struct policy_files *f = ch_calloc(1, sizeof(*f));
    char *path = site_path(folder, SITE_POLICY);
    enum ch_code rc = CH_OK;
    f->folder = ch_str_dup(ch_str_of(folder));
    f->folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (f->folder_fd < 0 || stat(path, &f->like) != 0) {
        rc = ch_fail_errno(err, errno, "%s", path);
    }
    free(path);
    *ret = f;
    return rc;
}

/* --- after somebody who died --- */

static enum ch_code read_set(const char *folder, struct ch_buf *ret, struct ch_err *err)
{
    char *path = site_path(folder, POLICY_FILES_SET);
    enum ch_code rc = site_read_file(path, ret, err);
    free(path);
    return rc;
}

static bool is_set(const char *folder)
{
    char *path = site_path(folder, POLICY_FILES_SET);
    struct stat st;
    bool there = lstat(path, &st) == 0 || errno != ENOENT;
    free(path);
    return there;
}

static enum ch_code finish(const char *folder, struct ch_err *err)
{
    struct policy_files *f = NULL;
    struct ch_buf bundle = {0};
    enum ch_code rc = read_set(folder, &bundle, err);
    if (rc == CH_OK) {
        rc = open_files(folder, &f, err);
        rc = rc == CH_OK ? gather(f, folder, ch_buf_str(&bundle), err) : rc;
        rc = rc == CH_OK ? prepare_all(f, err) : rc;
        rc = rc == CH_OK ? move_all(f, err) : rc;
    }
    policy_files_free(f);
    ch_buf_done(&bundle);
    return rc;
}

/* --- replacing, and putting back --- */

/* A policy that cannot be read, by whomever, need not stay whole: its own text is enough. */
static void read_former(struct policy_files *f)
{
    char *path = site_path(f->folder, SITE_POLICY);
    struct ch_err broken;
    if (site_read_policy(path, &f->former, &broken) != CH_OK) {
        ch_buf_done(&f->former);
    }
    free(path);
}

static bool is_among(const struct policy_files *files, const char *path)
{
    for (size_t i = 0; i < files->count; i++) {
        if (strcmp(files->list[i].path, path) == 0) {
            return true;
        }
    }
    return false;
}

/* A list that the former policy does not name: nobody reads it, so it needs no part in the step. */
static enum ch_code put_back(const struct policy_files *f, const struct file *file,
                             struct ch_err *err)
{
    if (!file->was_there) {
        return unlink(file->path) == 0 ? CH_OK : ch_fail_errno(err, errno, "%s", file->path);
    }
    enum ch_code rc = prepare(f, file, ch_buf_str(&file->before), err);
    return rc == CH_OK ? move(file, err) : rc;
}

enum ch_code policy_files_restore(struct policy_files *f, struct ch_err *err)
{
    struct policy_files *back = NULL;
    enum ch_code rc = CH_E_FORMAT;
    if (f->former.ptr != NULL) {
        rc = policy_files_replace(f->folder, ch_buf_str(&f->former), &back, err);
    }
    if (rc != CH_OK) { /* or one of its lists is no regular file, and was not ours to replace */
        struct ch_str own = ch_buf_str(&f->list[f->count - 1].before);
        rc = policy_files_replace(f->folder, own, &back, err);
    }
    for (size_t i = 0; rc == CH_OK && i < f->count; i++) {
        rc = is_among(back, f->list[i].path) ? CH_OK : put_back(f, &f->list[i], err);
    }
    policy_files_free(back);
    return rc;
}

enum ch_code policy_files_replace(const char *folder, struct ch_str bundle,
                                  struct policy_files **ret, struct ch_err *err)
{
    struct policy_files *f = NULL;
    bool committed = false;
    enum ch_code rc = is_set(folder) ? finish(folder, err) : CH_OK;
    if (rc != CH_OK) {
        return rc;
    }
    rc = open_files(folder, &f, err);
    rc = rc == CH_OK ? gather(f, folder, bundle, err) : rc;
    rc = rc == CH_OK ? prepare_all(f, err) : rc;
    if (rc == CH_OK) {
        read_former(f);
        rc = commit(f, bundle, err);
        committed = rc == CH_OK;
        rc = rc == CH_OK ? move_all(f, err) : rc;
    }
    if (rc != CH_OK && committed) {
        rc = ch_fail(err, CH_E_SYSTEM, "%s: the next start or policy set finishes it", err->msg);
    }
    if (rc != CH_OK) {
        for (size_t i = 0; i < f->count; i++) {
            unlink(f->list[i].temporary);
        }
        policy_files_free(f);
        return rc;
    }
    *ret = f;
    return CH_OK;
}

enum ch_code policy_files_finish(const char *folder, struct ch_err *err)
{
    int lock = -1;
    if (!is_set(folder)) {
        return CH_OK;
    }
    enum ch_code rc = policy_files_lock(folder, &lock, err);
    if (rc == CH_E_EXISTS) {
        return CH_OK;
    }
    rc = rc == CH_OK && is_set(folder) ? finish(folder, err) : rc;
    if (lock >= 0) {
        close(lock);
    }
    return rc;
}

/* --- reading --- */

/* Which policy.yaml it is: another one after each replacing. */
static struct stat identity(const char *path)
{
    struct stat st = {.st_ino = 0};
    CH_IGNORE(stat(path, &st) != 0);
    return st;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Files that were read while another policy came into its place may be of both: read again. */
enum ch_code policy_files_read(const char *folder, struct ch_buf *ret, struct ch_err *err)
{
    enum { READS_MAX = 10 };
    char *path = site_path(folder, SITE_POLICY);
    enum ch_code rc = CH_OK;
    bool whole = false;
    for (int i = 0; i < READS_MAX && !whole; i++) {
        *ret = (struct ch_buf){0};
        if (is_set(folder)) {
            rc = read_set(folder, ret, err);
            whole = rc == CH_OK; /* gone meanwhile: it is finished, and the files are whole */
        } else {
            struct stat before = identity(path);
            rc = site_read_policy(path, ret, err);
            struct stat after = identity(path);
            whole = !is_set(folder) && is_same(&before, &after);
        }
        if (!whole) {
            ch_buf_done(ret);
        }
    }
    free(path);
    if (rc == CH_OK && !whole) {
        rc = ch_fail(err, CH_E_SYSTEM, "%s: is replaced again and again", folder);
    }
    return rc;
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
    ch_buf_done(&f->former);
    free(f->folder);
    free(f->list);
    free(f);
}
