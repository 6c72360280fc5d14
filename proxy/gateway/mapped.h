/* What the keeper says that is too large for its message: descriptors, mapped. */
#ifndef CH_GATEWAY_MAPPED_H
#define CH_GATEWAY_MAPPED_H

#include "customhouse/bytes.h"
#include "customhouse/channel.h"

struct gw_mapped {
    void *map; /* NULL: nothing is mapped */
    size_t len;
};
/* The frame's descriptor `at`, only when nobody can shrink or change what is in it any more: a
 * sealed memfd, or a file without a name, for reading alone. Such a one the keeper alone could have
 * open for writing, and it does nothing but append to it (file_buf.h). False: there is none such,
 * or it is empty, or larger than `max_bytes`. */
bool gw_map(struct ch_frame *frame, size_t at, uint64_t max_bytes, struct gw_mapped *ret);
struct ch_str gw_mapped_bytes(const struct gw_mapped *m);
void gw_unmap(struct gw_mapped *m); /* accepts zeroed memory */

#endif
