/* An answer's body that is too large for its message: a descriptor, mapped. */
#ifndef CH_GATEWAY_MAPPED_H
#define CH_GATEWAY_MAPPED_H

#include "customhouse/bytes.h"
#include "customhouse/channel.h"

struct gw_mapped {
    void *map; /* NULL: nothing is mapped */
    size_t len;
};
/* The frame's first descriptor, only when nobody can shrink or change it any more. False: there is
 * none such, or it is empty, or larger than `max_bytes`. */
bool gw_map(struct ch_frame *frame, uint64_t max_bytes, struct gw_mapped *ret);
struct ch_str gw_mapped_bytes(const struct gw_mapped *m);
void gw_unmap(struct gw_mapped *m); /* accepts zeroed memory */

#endif
