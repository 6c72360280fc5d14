/* Waiting by redirect: a file whose inspection outlasts the client's patience is answered, just before
 * that ends, by a 307 to the same path with ?wait=N. Measured: pip gives up after 15 s without a byte,
 * uv after 30 s; requests follows 30 redirects, reqwest 10. Never 102 or 103: pip takes them as final. */
#ifndef CH_GATEWAY_WAITING_H
#define CH_GATEWAY_WAITING_H

#include "customhouse/bytes.h"

struct gw_patience {
    uint32_t hold_ms; /* how long one request may be held */
    uint32_t hops;    /* how many redirects the client follows */
};

struct gw_patience gw_patience_of(struct ch_str user_agent);

/* Reads the value of ?wait=; anything but a plain number is 0. */
uint32_t gw_wait_hop(struct ch_str value);

/* The Location of the next hop, `path` as the client sent it, without its query. False: the last hop
 * is used up, the answer is a refusal. */
bool gw_wait_next(const struct gw_patience *patience, uint32_t hop, struct ch_str path,
                  struct ch_buf *location);

#endif
