#include "mapped.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* One that could be written to would let another gateway change it. */
static bool is_final(int fd, const struct stat *st)
{
    const int wanted = F_SEAL_SHRINK | F_SEAL_WRITE;
    int seals = fcntl(fd, F_GET_SEALS); /* -1: files of most file systems have none */
    return (seals >= 0 && (seals & wanted) == wanted) ||
           (S_ISREG(st->st_mode) && st->st_nlink == 0 &&
            (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
}

bool gw_map(struct ch_frame *frame, size_t at, uint64_t max_bytes, struct gw_mapped *ret)
{
    int fd = ch_frame_take_fd(frame, at);
    struct stat st;
    bool good = fd >= 0 && fstat(fd, &st) == 0 && is_final(fd, &st) && st.st_size > 0 &&
                (uint64_t)st.st_size <= max_bytes;
    if (good) {
        void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        good = map != MAP_FAILED;
        if (good) {
            *ret = (struct gw_mapped){map, (size_t)st.st_size};
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return good;
}

struct ch_str gw_mapped_bytes(const struct gw_mapped *m)
{
    return (struct ch_str){m->map, m->len};
}

void gw_unmap(struct gw_mapped *m)
{
    if (m->map != NULL) {
        munmap(m->map, m->len);
    }
    *m = (struct gw_mapped){NULL, 0};
}
