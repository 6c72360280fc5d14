#include "mapped.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

bool gw_map(struct ch_frame *frame, uint64_t max_bytes, struct gw_mapped *ret)
{
    int fd = ch_frame_take_fd(frame, 0);
    struct stat st;
    const int wanted = F_SEAL_SHRINK | F_SEAL_WRITE;
    bool good = fd >= 0 && (fcntl(fd, F_GET_SEALS) & wanted) == wanted && fstat(fd, &st) == 0 &&
                st.st_size > 0 && (uint64_t)st.st_size <= max_bytes;
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
