#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define NEW_ENDING ".new"
#define NAME_BYTES 256

static void name_of(struct ch_str origin, char ret[CH_SHA256_HEX + 1])
{
    struct ch_sha256 d = ch_sha256_of(origin.ptr, origin.len);
    ch_sha256_hex(&d, ret);
}

enum ch_code record_read_named(int folder_fd, const char *name, struct ch_buf *ret,
                               struct ch_err *err)
{
    char piece[4096];
    ssize_t n;
    int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT ? ch_fail(err, CH_E_NOT_FOUND, "%s: is not there", name)
                               : ch_fail_errno(err, errno, "%s", name);
    }
    while ((n = read(fd, piece, sizeof(piece))) > 0 && ch_buf_ok(ret, NULL) == CH_OK) {
        ch_buf_put(ret, piece, (size_t)n);
    }
    enum ch_code rc = n < 0 ? ch_fail_errno(err, errno, "%s", name) : ch_buf_ok(ret, err);
    close(fd);
    return n < 0 || rc == CH_OK ? rc : ch_wrap(err, "%s", name);
}

static enum ch_code write_all(int fd, struct ch_str text, const char *name, struct ch_err *err)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.ptr, text.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ch_fail_errno(err, n < 0 ? errno : EIO, "%s", name);
        }
        text = ch_str_sub(text, (size_t)n, text.len - (size_t)n);
    }
    return fsync(fd) == 0 ? CH_OK : ch_fail_errno(err, errno, "%s: fsync", name);
}

/* One that an interrupted run left is of no use: it was never renamed. */
static enum ch_code replace(int folder_fd, const char *name, struct ch_str text, struct ch_err *err)
{
    char temporary[NAME_BYTES];
    snprintf(temporary, sizeof(temporary), "%s" NEW_ENDING, name);
    if (unlinkat(folder_fd, temporary, 0) != 0 && errno != ENOENT) {
        return ch_fail_errno(err, errno, "%s", temporary);
    }
    int fd =
        openat(folder_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", temporary);
    }
    enum ch_code rc = write_all(fd, text, temporary, err);
    if (close(fd) != 0 && rc == CH_OK) {
        rc = ch_fail_errno(err, errno, "%s", temporary);
    }
    if (rc == CH_OK &&
        (renameat(folder_fd, temporary, folder_fd, name) != 0 || fsync(folder_fd) != 0)) {
        rc = ch_fail_errno(err, errno, "%s", name);
    }
    return rc;
}

enum ch_code record_write_new(int folder_fd, const char *name, struct ch_str text,
                              struct ch_err *err)
{
    if (faccessat(folder_fd, name, F_OK, 0) == 0) {
        return ch_fail(err, CH_E_EXISTS, "%s: is there already", name);
    }
    return replace(folder_fd, name, text, err);
}

enum ch_code record_read(int folder_fd, struct ch_str origin, struct ch_buf *ret,
                         struct ch_err *err)
{
    char name[CH_SHA256_HEX + 1];
    name_of(origin, name);
    return record_read_named(folder_fd, name, ret, err);
}

enum ch_code record_write(int folder_fd, struct ch_str origin, struct ch_str note,
                          struct ch_err *err)
{
    char name[CH_SHA256_HEX + 1];
    name_of(origin, name);
    return replace(folder_fd, name, note, err);
}
