/* Folders, serving, withdrawing, evicting. Every function works below descriptors opened once. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/blobs/blobs_int.h"

/* --- opening --- */

/* A folder just made gets `mode` whatever the umask, beside the setgid bit it inherits. The mode is
 * touched only when it must be: who is not in the folder's group loses that bit by chmod. */
static enum ch_code set_mode(int dir_fd, const char *folder, mode_t mode, struct ch_err *err)
{
    struct stat st;
    if (fstatat(dir_fd, folder, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
        ((st.st_mode & 0777) != mode &&
         fchmodat(dir_fd, folder, mode | (st.st_mode & 07000), 0) != 0)) {
        return ch_fail_errno(err, errno, "folder %s: mode", folder);
    }
    return CH_OK;
}

/* Opens state_dir/path, making it when it is missing. A made folder inherits group and setgid bit
 * of its parent; one that is there keeps its modes. */
static enum ch_code open_folder(const char *state_dir, int state_fd, const char *path, mode_t mode,
                                int *ret_fd, struct ch_err *err)
{
    if (mkdirat(state_fd, path, mode) == 0) {
        enum ch_code rc = set_mode(state_fd, path, mode, err);
        if (rc != CH_OK) {
            return rc;
        }
    } else if (errno != EEXIST) {
        return ch_fail_errno(err, errno, "%s/%s", state_dir, path);
    }
    int fd = openat(state_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s/%s", state_dir, path);
    }
    *ret_fd = fd;
    return CH_OK;
}

/* Undecided bytes are nobody's but ours: what lies below `blobs` is reached through it alone. */
static enum ch_code check_private(const char *state_dir, int fd, struct ch_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return ch_fail_errno(err, errno, "%s/blobs", state_dir);
    }
    if ((st.st_mode & 0077) != 0) {
        return ch_fail(err, CH_E_DENIED,
                       "%s/blobs: its mode %04o lets others reach undecided bytes, expected 0700",
                       state_dir, (unsigned)(st.st_mode & 07777));
    }
    return CH_OK;
}

static void folder_name(size_t i, char ret_name[CH_BLOB_FOLDER_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    ret_name[0] = digits[i >> 4];
    ret_name[1] = digits[i & 15];
    ret_name[2] = '\0';
}

/* A run that died between making a folder and setting its mode would shut the gateway out of it. */
static enum ch_code repair_modes(int served_fd, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < CH_BLOB_FOLDERS; i++) {
        char folder[CH_BLOB_FOLDER_LEN + 1];
        folder_name(i, folder);
        if (faccessat(served_fd, folder, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            rc = set_mode(served_fd, folder, CH_BLOB_DIR_SERVED, err);
        }
    }
    return rc;
}

static enum ch_code open_folders(struct ch_blobs *b, int state_fd, struct ch_err *err)
{
    int blobs_fd = -1;
    int served_fd = -1;
    enum ch_code rc =
        open_folder(b->state_dir, state_fd, "blobs", CH_BLOB_DIR_PRIVATE, &blobs_fd, err);
    if (rc == CH_OK) {
        rc = check_private(b->state_dir, blobs_fd, err);
    }
    if (rc == CH_OK) {
        rc = open_folder(b->state_dir, state_fd, "blobs/spool", CH_BLOB_DIR_PRIVATE, &b->spool_fd,
                         err);
    }
    if (rc == CH_OK) {
        rc = open_folder(b->state_dir, state_fd, "blobs/sha256", CH_BLOB_DIR_PRIVATE, &b->sha256_fd,
                         err);
    }
    if (rc == CH_OK) {
        rc = open_folder(b->state_dir, state_fd, "served", CH_BLOB_DIR_SERVED, &served_fd, err);
    }
    if (rc == CH_OK) {
        rc = open_folder(b->state_dir, state_fd, "served/sha256", CH_BLOB_DIR_SERVED, &b->served_fd,
                         err);
    }
    if (rc == CH_OK) {
        rc = repair_modes(b->served_fd, err);
    }
    if (blobs_fd >= 0) {
        close(blobs_fd);
    }
    if (served_fd >= 0) {
        close(served_fd);
    }
    return rc;
}

enum ch_code ch_blobs_open(const char *state_dir, struct ch_blobs **ret_blobs, struct ch_err *err)
{
    int state_fd = open(state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (state_fd < 0) {
        return ch_fail_errno(err, errno, "%s", state_dir);
    }
    struct ch_blobs *b = ch_calloc(1, sizeof(*b));
    b->spool_fd = b->sha256_fd = b->served_fd = -1;
    b->state_dir = ch_str_dup(ch_str_of(state_dir));
    enum ch_code rc = open_folders(b, state_fd, err);
    close(state_fd);
    if (rc != CH_OK) {
        ch_blobs_close(b);
        return rc;
    }
    *ret_blobs = b;
    return CH_OK;
}

void ch_blobs_close(struct ch_blobs *b)
{
    if (b == NULL) {
        return;
    }
    int fds[] = {b->spool_fd, b->sha256_fd, b->served_fd};
    for (size_t i = 0; i < CH_ARRAY_LEN(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    free(b->state_dir);
    free(b);
}

/* --- paths and links --- */

struct ch_blob_path ch_blob_path_of(const struct ch_sha256 *sha256)
{
    struct ch_blob_path p;
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(sha256, hex);
    snprintf(p.folder, sizeof(p.folder), "%.2s", hex);
    snprintf(p.path, sizeof(p.path), "%.2s/%s", hex, hex + CH_BLOB_FOLDER_LEN);
    return p;
}

enum ch_code ch_blobs_sync_folder(int dir_fd, const char *folder, struct ch_err *err)
{
    int fd = openat(dir_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "folder %s", folder);
    }
    int rc = fsync(fd);
    int errnum = errno;
    close(fd);
    return rc == 0 ? CH_OK : ch_fail_errno(err, errnum, "folder %s: fsync", folder);
}

static enum ch_code make_folder(int dir_fd, const char *folder, mode_t mode, struct ch_err *err)
{
    if (mkdirat(dir_fd, folder, mode) != 0 && errno != EEXIST) {
        return ch_fail_errno(err, errno, "folder %s", folder);
    }
    enum ch_code rc = set_mode(dir_fd, folder, mode, err);
    return rc == CH_OK ? ch_blobs_sync_folder(dir_fd, ".", err) : rc;
}

enum ch_code ch_blobs_link(int from_fd, const char *from, int to_fd, const struct ch_blob_path *p,
                           mode_t folder_mode, struct ch_err *err)
{
    int errnum = linkat(from_fd, from, to_fd, p->path, 0) == 0 ? 0 : errno;
    if (errnum == ENOENT) { /* the folder is missing, or the source: the second try tells */
        enum ch_code rc = make_folder(to_fd, p->folder, folder_mode, err);
        if (rc != CH_OK) {
            return rc;
        }
        errnum = linkat(from_fd, from, to_fd, p->path, 0) == 0 ? 0 : errno;
    }
    if (errnum != 0 && errnum != EEXIST) {
        return ch_fail_errno(err, errnum, "blob %s", p->path);
    }
    /* Also when it was there: whoever linked it may have died before this. */
    enum ch_code rc = ch_blobs_sync_folder(to_fd, p->folder, err);
    return rc == CH_OK && errnum == EEXIST ? ch_fail(err, CH_E_EXISTS, "blob %s: exists", p->path)
                                           : rc;
}

enum ch_code ch_blobs_remove(int dir_fd, const char *path, struct ch_err *err)
{
    if (unlinkat(dir_fd, path, 0) != 0 && errno != ENOENT) {
        return ch_fail_errno(err, errno, "remove %s", path);
    }
    return CH_OK;
}

/* --- reading --- */

enum ch_code ch_blobs_open_read(struct ch_blobs *b, const struct ch_sha256 *sha256, int *ret_fd,
                                uint64_t *ret_size_bytes, struct ch_err *err)
{
    struct ch_blob_path p = ch_blob_path_of(sha256);
    struct stat st;
    int fd = openat(b->sha256_fd, p.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s/blobs/sha256/%s", b->state_dir, p.path);
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return ch_fail(err, CH_E_FORMAT, "%s/blobs/sha256/%s: is no regular file", b->state_dir,
                       p.path);
    }
    *ret_fd = fd;
    *ret_size_bytes = (uint64_t)st.st_size;
    return CH_OK;
}

static bool is_file(int dir_fd, const struct ch_sha256 *sha256)
{
    struct ch_blob_path p = ch_blob_path_of(sha256);
    struct stat st;
    return fstatat(dir_fd, p.path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

bool ch_blobs_has(struct ch_blobs *b, const struct ch_sha256 *sha256)
{
    return is_file(b->sha256_fd, sha256);
}

bool ch_blobs_is_served(struct ch_blobs *b, const struct ch_sha256 *sha256)
{
    return is_file(b->served_fd, sha256);
}

/* --- serving --- */

/* Whether the served name is the published inode. */
static bool same_inode(struct ch_blobs *b, const struct ch_blob_path *p)
{
    struct stat ours;
    struct stat theirs;
    return fstatat(b->sha256_fd, p->path, &ours, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(b->served_fd, p->path, &theirs, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

enum ch_code ch_blobs_serve(struct ch_blobs *b, const struct ch_sha256 *sha256, struct ch_err *err)
{
    struct ch_blob_path p = ch_blob_path_of(sha256);
    if (!ch_blobs_has(b, sha256)) {
        return ch_fail(err, CH_E_NOT_FOUND, "%s/blobs/sha256/%s: no such blob to serve",
                       b->state_dir, p.path);
    }
    enum ch_code rc =
        ch_blobs_link(b->sha256_fd, p.path, b->served_fd, &p, CH_BLOB_DIR_SERVED, err);
    if (rc == CH_E_EXISTS && same_inode(b, &p)) {
        return CH_OK;
    }
    if (rc ==
        CH_E_EXISTS) { /* left over from before an eviction: these bytes were not decided on */
        rc = ch_blobs_remove(b->served_fd, p.path, err);
        if (rc == CH_OK) {
            rc = ch_blobs_link(b->sha256_fd, p.path, b->served_fd, &p, CH_BLOB_DIR_SERVED, err);
        }
    }
    return rc == CH_OK ? CH_OK : ch_wrap(err, "%s/served/sha256", b->state_dir);
}

/* No fsync: withdrawal must not wait for the disk (T4). A link that comes back with a power cut is
 * found at start-up, where the served tree is checked against the decisions. */
enum ch_code ch_blobs_withdraw(struct ch_blobs *b, const struct ch_sha256 *sha256,
                               struct ch_err *err)
{
    struct ch_blob_path p = ch_blob_path_of(sha256);
    enum ch_code rc = ch_blobs_remove(b->served_fd, p.path, err);
    return rc == CH_OK ? CH_OK : ch_wrap(err, "%s/served/sha256", b->state_dir);
}

enum ch_code ch_blobs_evict(struct ch_blobs *b, const struct ch_sha256 *sha256, struct ch_err *err)
{
    struct ch_blob_path p = ch_blob_path_of(sha256);
    enum ch_code rc = ch_blobs_withdraw(b, sha256, err);
    if (rc == CH_OK && (rc = ch_blobs_remove(b->sha256_fd, p.path, err)) != CH_OK) {
        return ch_wrap(err, "%s/blobs/sha256", b->state_dir);
    }
    return rc;
}

/* --- walking --- */

static enum ch_code open_dir(int dir_fd, const char *folder, DIR **ret_dir, struct ch_err *err)
{
    int fd = openat(dir_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "folder %s", folder);
    }
    DIR *dir = fdopendir(fd);
    CH_ASSERT(dir != NULL); /* out of memory: the descriptor is a folder */
    *ret_dir = dir;
    return CH_OK;
}

/* Next entry other than "." and ".."; CH_E_NOT_FOUND after the last. */
static enum ch_code next_entry(DIR *dir, const char *folder, const char **ret_name,
                               struct ch_err *err)
{
    for (;;) {
        errno = 0;
        struct dirent *e = readdir(dir);
        if (e == NULL) {
            return errno == 0 ? CH_E_NOT_FOUND : ch_fail_errno(err, errno, "folder %s", folder);
        }
        struct ch_str name = ch_str_of(e->d_name);
        if (!ch_str_eq(name, CH_STR(".")) && !ch_str_eq(name, CH_STR(".."))) {
            *ret_name = e->d_name;
            return CH_OK;
        }
    }
}

/* Gathers the digests of one folder before any callback, which may remove entries of it. Names that
 * are no digest cannot be asked for by the gateway and are passed over. */
static enum ch_code gather(int tree_fd, const char *folder, struct ch_buf *digests,
                           struct ch_err *err)
{
    DIR *dir = NULL;
    const char *name = NULL;
    enum ch_code rc = open_dir(tree_fd, folder, &dir, err);
    if (rc != CH_OK) {
        return rc;
    }
    while ((rc = next_entry(dir, folder, &name, err)) == CH_OK) {
        char hex[CH_SHA256_HEX + 2];
        struct ch_sha256 d;
        int n = snprintf(hex, sizeof(hex), "%s%s", folder, name);
        if (n == CH_SHA256_HEX && ch_sha256_from_hex(ch_str_of(hex), &d)) {
            ch_put_sha256(digests, &d);
        }
    }
    closedir(dir);
    return rc == CH_E_NOT_FOUND ? ch_buf_ok(digests, err) : rc;
}

/* Every blob below one of the two trees. */
static enum ch_code each_below(int tree_fd, ch_blobs_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_buf digests;
    ch_buf_init(&digests, SIZE_MAX / 2); /* as many as the file system holds */
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < CH_BLOB_FOLDERS; i++) {
        char folder[CH_BLOB_FOLDER_LEN + 1];
        folder_name(i, folder);
        ch_buf_clear(&digests);
        rc = gather(tree_fd, folder, &digests, err);
        if (rc == CH_E_NOT_FOUND) { /* nothing came there yet */
            rc = CH_OK;
        }
        struct ch_rd r = ch_rd_of(digests.ptr, digests.len);
        while (rc == CH_OK && ch_rd_left(&r) > 0) {
            struct ch_sha256 d = ch_get_sha256(&r);
            each(ctx, &d);
        }
    }
    ch_buf_done(&digests);
    return rc;
}

enum ch_code ch_blobs_each_served(struct ch_blobs *b, ch_blobs_fn *each, void *ctx,
                                  struct ch_err *err)
{
    enum ch_code rc = each_below(b->served_fd, each, ctx, err);
    return rc == CH_OK ? CH_OK : ch_wrap(err, "%s/served/sha256", b->state_dir);
}

enum ch_code ch_blobs_each(struct ch_blobs *b, ch_blobs_fn *each, void *ctx, struct ch_err *err)
{
    enum ch_code rc = each_below(b->sha256_fd, each, ctx, err);
    return rc == CH_OK ? CH_OK : ch_wrap(err, "%s/blobs/sha256", b->state_dir);
}

enum ch_code ch_blobs_clear_spool(struct ch_blobs *b, struct ch_err *err)
{
    DIR *dir = NULL;
    const char *name = NULL;
    enum ch_code rc = open_dir(b->spool_fd, ".", &dir, err);
    if (rc != CH_OK) {
        ch_wrap(err, "%s/blobs/spool", b->state_dir);
        return rc;
    }
    while ((rc = next_entry(dir, "spool", &name, err)) == CH_OK &&
           (rc = ch_blobs_remove(b->spool_fd, name, err)) == CH_OK) {
    }
    closedir(dir);
    return rc == CH_E_NOT_FOUND ? CH_OK : ch_wrap(err, "%s/blobs/spool", b->state_dir);
}
