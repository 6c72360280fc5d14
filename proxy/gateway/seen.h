/* What Authorization lines that came lately were read as. Clients repeat theirs with every request,
 * and reading one is a pure function (front_credentials_read), so its result is remembered: which
 * token, not what that may, which is asked anew each time. Of a line only a keyed value of 128 bits
 * is kept (siphash.h), no clear text: who does not know the key of this process finds no other line
 * with the same value. */
#ifndef CH_GATEWAY_SEEN_H
#define CH_GATEWAY_SEEN_H

#include "customhouse/digest.h"
#include "customhouse/siphash.h"

#define GW_SEEN_LINES 1024 /* a power of two; a line that falls where another was takes its place  \
                            */

struct gw_seen_line {
    bool used;
    struct ch_sip128 line;
    struct ch_sha256 digest; /* of the token */
};

struct gw_seen {
    struct ch_sip_key key;
    struct gw_seen_line lines[GW_SEEN_LINES];
};

struct gw_seen *gw_seen_new(void);
void gw_seen_free(struct gw_seen *seen); /* accepts NULL */
/* False: not seen lately; *ret_line is what to add it by, once it was read as a token. */
bool gw_seen_find(const struct gw_seen *seen, struct ch_str authorization,
                  struct ch_sip128 *ret_line, struct ch_sha256 *ret_digest);
void gw_seen_add(struct gw_seen *seen, struct ch_sip128 line, const struct ch_sha256 *digest);

#endif
