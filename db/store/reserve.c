/* Space for withdrawals (T4). */
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/store/store_int.h"

/* Commits go to the log, whose length SQLite never shrinks below its size limit while it is open:
 * blocks allocated beyond its end stay ours, and its content and length do not change. Where the
 * file system cannot (EOPNOTSUPP), ch_store_room alone keeps the space. */
void ch_store_reserve(struct ch_store *s)
{
    int fd = openat(s->folder_fd, CH_STORE_LOG_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        CH_IGNORE(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)ch_limits.store_reserve_bytes));
        close(fd);
    }
}

enum ch_code ch_store_room(struct ch_store *s, const char *what, struct ch_err *err)
{
    struct statvfs fs;
    if (fstatvfs(s->folder_fd, &fs) != 0) {
        return CH_OK; /* the write itself will tell */
    }
    uint64_t left = 0;
    if (__builtin_mul_overflow((uint64_t)fs.f_bavail, (uint64_t)fs.f_frsize, &left) ||
        left >= ch_limits.store_reserve_bytes) {
        return CH_OK;
    }
    return ch_fail(err, CH_E_FULL,
                   "%s: %s: no space left for the database: of the %llu bytes of its disk that are "
                   "free the last %llu are kept for withdrawals",
                   s->path, what, (unsigned long long)left,
                   (unsigned long long)ch_limits.store_reserve_bytes);
}

enum ch_code ch_store_has_room(struct ch_store *s, struct ch_err *err)
{
    return ch_store_room(s, "look", err);
}
