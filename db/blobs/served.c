/* The gateway's side of the blob store, apart from the rest: it can only open what is served. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/blobs.h"

enum ch_code ch_served_open(int served_dir_fd, const struct ch_sha256 *sha256, int *ret_fd,
                            uint64_t *ret_size_bytes, struct ch_err *err)
{
    char hex[CH_SHA256_HEX + 1];
    char path[sizeof("sha256/ab/") + CH_SHA256_HEX];
    struct stat st;
    ch_sha256_hex(sha256, hex);
    CH_ASSERT(snprintf(path, sizeof(path), "sha256/%.2s/%s", hex, hex + 2) < (int)sizeof(path));
    /* O_NONBLOCK: a FIFO laid there must not stop the caller before it is found to be no file. */
    int fd = openat(served_dir_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "served/%s", path);
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return ch_fail(err, CH_E_FORMAT, "served/%s: is no regular file", path);
    }
    *ret_fd = fd;
    *ret_size_bytes = (uint64_t)st.st_size;
    return CH_OK;
}
