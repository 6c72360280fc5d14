#include "waiting.h"

/* First match decides. Some room is left under each client's own limit: of time for the way back, of
 * hops for redirects that others add. */
static const struct {
    const char *prefix;
    struct gw_patience patience;
} clients[] = {
    {"pip/", {10000, 29}},
    {"uv/", {25000, 10}},
    {"rattler", {25000, 10}},
    {"py-rattler/", {25000, 10}},
    {"conda/", {10000, 29}},
    {"pixi", {25000, 10}},
    {"poetry/", {10000, 29}},
    {"pdm/", {10000, 29}},
    {"unearth/", {10000, 29}},
    {"python-requests/", {10000, 29}},
};
static const struct gw_patience others = {10000, 10};

struct gw_patience gw_patience_of(struct ch_str user_agent)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(clients); i++) {
        struct ch_str prefix = ch_str_of(clients[i].prefix);
        if (ch_str_eq_nocase(ch_str_sub(user_agent, 0, prefix.len), prefix)) {
            return clients[i].patience;
        }
    }
    return others;
}

uint32_t gw_wait_hop(struct ch_str value)
{
    uint64_t hop = 0;
    return ch_str_u64(value, &hop) && hop <= UINT32_MAX ? (uint32_t)hop : 0;
}

bool gw_wait_next(const struct gw_patience *patience, uint32_t hop, struct ch_str path,
                  struct ch_buf *location)
{
    if (hop >= patience->hops) {
        return false;
    }
    ch_buf_puts(location, path);
    ch_buf_printf(location, "?wait=%u", hop + 1);
    return !location->failed;
}
