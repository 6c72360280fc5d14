/* Files without a name in the spool, mapped. */
#include "customhouse/file_buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "db/blobs/blobs_int.h"

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* Both descriptors, of one file that nobody else can open. */
static enum ch_code open_both(struct ch_blobs *b, struct ch_file_buf *f, struct ch_err *err)
{
    static atomic_uint count;
    char name[32];
    snprintf(name, sizeof(name), "buffer-%u", atomic_fetch_add(&count, 1));
    CH_IGNORE(ch_blobs_remove(b->spool_fd, name, NULL)); /* of a run that died between the two */
    f->write_fd =
        openat(b->spool_fd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    f->read_fd =
        f->write_fd < 0 ? -1 : openat(b->spool_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    int failed = f->read_fd < 0 ? errno : 0;
    enum ch_code rc = f->write_fd < 0 ? CH_OK : ch_blobs_remove(b->spool_fd, name, err);
    return failed != 0 ? ch_fail_errno(err, failed, "%s/blobs/spool/%s", b->state_dir, name) : rc;
}

static enum ch_code set_aside(int fd, size_t room, struct ch_err *err)
{
    if (fallocate(fd, 0, 0, (off_t)room) == 0) {
        return CH_OK;
    }
    return errno == EOPNOTSUPP || errno == ENOSYS
               ? ch_fail(err, CH_E_UNSUPPORTED, "the file system sets no room aside")
               : ch_fail_errno(err, errno, "a file of %zu bytes", room);
}

enum ch_code ch_file_buf_open(struct ch_blobs *b, size_t room, struct ch_file_buf *ret,
                              struct ch_err *err)
{
    struct ch_file_buf f = {.write_fd = -1, .read_fd = -1};
    *ret = f;
    CH_ASSERT(room > 0);
    enum ch_code rc = open_both(b, &f, err);
    rc = rc == CH_OK ? set_aside(f.write_fd, room, err) : rc;
    if (rc == CH_OK) {
        void *map = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, f.write_fd, 0);
        if (map == MAP_FAILED) {
            rc = ch_fail_errno(err, errno, "map a file of %zu bytes", room);
        } else {
            f.buf = (struct ch_buf){.ptr = map, .cap = room, .max = room};
            f.mapped = room;
        }
    }
    if (rc != CH_OK) {
        close_fd(&f.write_fd);
        close_fd(&f.read_fd);
        return rc;
    }
    *ret = f;
    return CH_OK;
}

enum ch_code ch_file_buf_seal(struct ch_file_buf *f, struct ch_err *err)
{
    CH_ASSERT(f->write_fd >= 0);
    enum ch_code rc = ch_buf_ok(&f->buf, err);
    if (rc == CH_OK && (mprotect(f->buf.ptr, f->mapped, PROT_READ) != 0 ||
                        ftruncate(f->write_fd, (off_t)f->buf.len) != 0)) {
        rc = ch_fail_errno(err, errno, "seal a file of %zu bytes", f->buf.len);
    }
    if (rc == CH_OK) {
        close_fd(&f->write_fd);
        f->buf.cap = f->buf.max = f->buf.len;
    }
    return rc;
}

void ch_file_buf_done(struct ch_file_buf *f)
{
    if (f->mapped > 0) {
        munmap(f->buf.ptr, f->mapped);
        close_fd(&f->write_fd);
        close_fd(&f->read_fd);
    }
    *f = (struct ch_file_buf){.write_fd = -1, .read_fd = -1};
}

enum ch_code ch_file_nameless(struct ch_blobs *b, int *ret_write_fd, int *ret_read_fd,
                              struct ch_err *err)
{
    struct ch_file_buf f = {.write_fd = -1, .read_fd = -1};
    enum ch_code rc = open_both(b, &f, err);
    if (rc != CH_OK) {
        close_fd(&f.write_fd);
        close_fd(&f.read_fd);
        return rc;
    }
    *ret_write_fd = f.write_fd;
    *ret_read_fd = f.read_fd;
    return CH_OK;
}
