/* From the spool to a published blob (T3): no writer is left, hashed from that inode, durable. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/blobs/blobs_int.h"

#define SPOOL_NAME_MAX 32

static void job_name(uint64_t job, char ret_name[SPOOL_NAME_MAX])
{
    snprintf(ret_name, SPOOL_NAME_MAX, "%llu", (unsigned long long)job);
}

/* A fresh inode always: the name may still be a link of a published blob, when its run died between
 * linking and removing it, and must not be written through. */
static enum ch_code new_file(struct ch_blobs *b, const char *name, int *ret_fd, struct ch_err *err)
{
    enum ch_code rc = ch_blobs_remove(b->spool_fd, name, err);
    if (rc != CH_OK) {
        return ch_wrap(err, "%s/blobs/spool", b->state_dir);
    }
    int fd = openat(b->spool_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s/blobs/spool/%s", b->state_dir, name);
    }
    *ret_fd = fd;
    return CH_OK;
}

enum ch_code ch_blobs_spool(struct ch_blobs *b, uint64_t job, int *ret_fd, struct ch_err *err)
{
    char name[SPOOL_NAME_MAX];
    job_name(job, name);
    return new_file(b, name, ret_fd, err);
}

enum ch_code ch_blobs_spool_again(struct ch_blobs *b, uint64_t job, int *ret_fd,
                                  uint64_t *ret_size_bytes, struct ch_err *err)
{
    char name[SPOOL_NAME_MAX];
    struct stat st;
    job_name(job, name);
    int fd = openat(b->spool_fd, name, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s/blobs/spool/%s", b->state_dir, name);
    }
    /* one that is a published blob already must not be written through */
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1) {
        close(fd);
        return ch_fail(err, CH_E_FORMAT, "%s/blobs/spool/%s: is no regular file of one name",
                       b->state_dir, name);
    }
    *ret_fd = fd;
    *ret_size_bytes = (uint64_t)st.st_size;
    return CH_OK;
}

enum ch_code ch_blobs_spooled(struct ch_blobs *b, uint64_t job, uint64_t *ret_size_bytes,
                              struct ch_err *err)
{
    char name[SPOOL_NAME_MAX];
    struct stat st;
    job_name(job, name);
    if (fstatat(b->spool_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return ch_fail_errno(err, errno, "%s/blobs/spool/%s", b->state_dir, name);
    }
    *ret_size_bytes = (uint64_t)st.st_size;
    return CH_OK;
}

void ch_blobs_discard(struct ch_blobs *b, uint64_t job)
{
    char name[SPOOL_NAME_MAX];
    job_name(job, name);
    CH_IGNORE(ch_blobs_remove(b->spool_fd, name, NULL));
}

/* --- the proof that nobody writes --- */

/* A read lease is granted only while no descriptor or mapping of the inode is open for writing, and
 * while it is held an open for writing waits and marks it (fcntl(2)). The signal that tells of that
 * would end the process by default: SIGURG is ignored by default. */
static enum ch_code take_lease(int fd, struct ch_err *err)
{
    if (fcntl(fd, F_SETSIG, SIGURG) != 0) {
        return ch_fail_errno(err, errno, "lease signal");
    }
    if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0) {
        return CH_OK;
    }
    if (errno == EAGAIN) {
        return ch_fail(err, CH_E_BUSY, "somebody still has the file open for writing");
    }
    if (errno == EINVAL || errno == EOPNOTSUPP) {
        return ch_fail(err, CH_E_UNSUPPORTED,
                       "its file system has no leases, which prove that nobody writes a file");
    }
    return ch_fail_errno(err, errno, "lease");
}

/* No one tried to open it for writing while it was hashed. */
static enum ch_code still_leased(int fd, struct ch_err *err)
{
    return fcntl(fd, F_GETLEASE) == F_RDLCK
               ? CH_OK
               : ch_fail(err, CH_E_BUSY, "somebody opened the file for writing");
}

/* --- publishing --- */

static enum ch_code link_blob(struct ch_blobs *b, const char *name, const struct ch_sha256 *sha256,
                              struct ch_err *err)
{
    struct ch_blob_path p = ch_blob_path_of(sha256);
    enum ch_code rc = ch_blobs_link(b->spool_fd, name, b->sha256_fd, &p, CH_BLOB_DIR_PRIVATE, err);
    if (rc != CH_OK && rc != CH_E_EXISTS) {
        return ch_wrap(err, "%s/blobs/sha256", b->state_dir);
    }
    return ch_blobs_remove(b->spool_fd, name, err);
}

/* The mode goes down before hashing: an open for writing that was allowed before then waits for the
 * lease and is seen; later ones are refused. */
static enum ch_code publish_fd(struct ch_blobs *b, const char *name, int fd,
                               const struct ch_sha256 *expected, struct ch_sha256 *ret_sha256,
                               uint64_t *ret_size_bytes, struct ch_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1) {
        return ch_fail(err, CH_E_FORMAT, "is no regular file of one name");
    }
    enum ch_code rc = take_lease(fd, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (fchmod(fd, CH_BLOB_MODE) != 0) {
        return ch_fail_errno(err, errno, "chmod");
    }
    rc = ch_sha256_of_fd(fd, ret_sha256, ret_size_bytes, err);
    if (rc == CH_OK && expected != NULL && !ch_sha256_eq(expected, ret_sha256)) {
        char hex[CH_SHA256_HEX + 1];
        ch_sha256_hex(ret_sha256, hex);
        return ch_fail(err, CH_E_MISMATCH, "what came is sha256:%s", hex);
    }
    if (rc == CH_OK && fsync(fd) != 0) {
        rc = ch_fail_errno(err, errno, "fsync");
    }
    if (rc == CH_OK) {
        rc = still_leased(fd, err);
    }
    return rc == CH_OK ? link_blob(b, name, ret_sha256, err) : rc;
}

static enum ch_code publish(struct ch_blobs *b, uint64_t job, const struct ch_sha256 *expected,
                            struct ch_sha256 *ret_sha256, uint64_t *ret_size_bytes,
                            struct ch_err *err)
{
    char name[SPOOL_NAME_MAX];
    struct ch_sha256 sha256;
    uint64_t size_bytes = 0;
    job_name(job, name);
    int fd = openat(b->spool_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s/blobs/spool/%s", b->state_dir, name);
    }
    enum ch_code rc = publish_fd(b, name, fd, expected, &sha256, &size_bytes, err);
    close(fd); /* gives the lease back */
    if (rc == CH_E_MISMATCH) { /* told to whoever sent it: no file of ours is */
        return rc;
    }
    if (rc != CH_OK) {
        return ch_wrap(err, "%s/blobs/spool/%s", b->state_dir, name);
    }
    *ret_sha256 = sha256;
    *ret_size_bytes = size_bytes;
    return CH_OK;
}

enum ch_code ch_blobs_publish(struct ch_blobs *b, uint64_t job, struct ch_sha256 *ret_sha256,
                              uint64_t *ret_size_bytes, struct ch_err *err)
{
    return publish(b, job, NULL, ret_sha256, ret_size_bytes, err);
}

enum ch_code ch_blobs_publish_as(struct ch_blobs *b, uint64_t job, const struct ch_sha256 *expected,
                                 uint64_t *ret_size_bytes, struct ch_err *err)
{
    struct ch_sha256 sha256;
    return publish(b, job, expected, &sha256, ret_size_bytes, err);
}

/* --- bytes of our own --- */

static enum ch_code write_all(int fd, struct ch_str bytes, struct ch_err *err)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return ch_fail_errno(err, errno, "write");
        }
        bytes = ch_str_sub(bytes, (size_t)n, bytes.len - (size_t)n);
    }
    if (fchmod(fd, CH_BLOB_MODE) != 0) {
        return ch_fail_errno(err, errno, "chmod");
    }
    return fsync(fd) == 0 ? CH_OK : ch_fail_errno(err, errno, "fsync");
}

enum ch_code ch_blobs_put(struct ch_blobs *b, struct ch_str bytes, struct ch_sha256 *ret_sha256,
                          struct ch_err *err)
{
    char name[SPOOL_NAME_MAX];
    int fd = -1;
    struct ch_sha256 sha256 = ch_sha256_of(bytes.ptr != NULL ? bytes.ptr : "", bytes.len);
    struct ch_blob_path p = ch_blob_path_of(&sha256);
    if (ch_blobs_has(b, &sha256)) { /* linked only when complete; its link may not be durable yet */
        *ret_sha256 = sha256;
        return ch_blobs_sync_folder(b->sha256_fd, p.folder, err);
    }
    snprintf(name, sizeof(name), "put-%llu", (unsigned long long)b->put_count++);
    enum ch_code rc = new_file(b, name, &fd, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = write_all(fd, bytes, err);
    close(fd);
    if (rc == CH_OK) {
        rc = link_blob(b, name, &sha256, err);
    }
    if (rc != CH_OK) {
        CH_IGNORE(ch_blobs_remove(b->spool_fd, name, NULL));
        return ch_wrap(err, "%s/blobs/spool/%s", b->state_dir, name);
    }
    *ret_sha256 = sha256;
    return CH_OK;
}
