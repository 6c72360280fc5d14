#include "seen.h"

#include <stdlib.h>

struct gw_seen *gw_seen_new(void)
{
    struct gw_seen *seen = ch_calloc(1, sizeof(*seen));
    seen->key = ch_sip_key_new();
    return seen;
}

void gw_seen_free(struct gw_seen *seen)
{
    free(seen);
}

bool gw_seen_find(const struct gw_seen *seen, struct ch_str authorization,
                  struct ch_sip128 *ret_line, struct ch_sha256 *ret_digest)
{
    *ret_line = ch_sip128_of(&seen->key, authorization);
    const struct gw_seen_line *l = &seen->lines[ret_line->a % GW_SEEN_LINES];
    if (!l->used || !ch_sip128_eq(l->line, *ret_line)) {
        return false;
    }
    *ret_digest = l->digest;
    return true;
}

void gw_seen_add(struct gw_seen *seen, struct ch_sip128 line, const struct ch_sha256 *digest)
{
    seen->lines[line.a % GW_SEEN_LINES] = (struct gw_seen_line){true, line, *digest};
}
