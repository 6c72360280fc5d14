/* Who may pull without a token. */
#include "base/config/place.h"
#include "customhouse/config.h"
#include "customhouse/limits.h"

static bool is_loopback_url(struct ch_str url)
{
    struct ch_buf origin;
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    size_t at = 0;
    ch_buf_init(&origin, ch_limits.url_bytes + 16);
    ch_place_put_origin(&origin, url);
    struct ch_str s = ch_buf_str(&origin);
    bool loopback = ch_str_find(s, CH_STR("://"), &at) &&
                    ch_place_split(ch_str_sub(s, at + 3, s.len), &host, &port) &&
                    ch_place_is_loopback(host);
    ch_buf_done(&origin);
    return loopback;
}

/* Clients know it by a name that is not this machine's loopback: something in front of it lets
 * others in, however it listens itself. */
static bool is_known_elsewhere(const struct ch_config *c)
{
    bool elsewhere = c->public_url != NULL && !is_loopback_url(ch_str_of(c->public_url));
    for (size_t i = 0; i < c->host_name_count; i++) {
        elsewhere = elsewhere || !ch_place_is_loopback(ch_place_host(ch_str_of(c->host_names[i])));
    }
    return elsewhere;
}

bool ch_config_anonymous(const struct ch_config *c, const struct ch_repository *r, bool loopback)
{
    enum ch_anonymous a = r != NULL && r->anonymous_pull != CH_ANONYMOUS_DEFAULT
                              ? r->anonymous_pull
                              : c->anonymous_pull;
    switch (a) {
    case CH_ANONYMOUS_YES:
        return true;
    case CH_ANONYMOUS_NO:
        return false;
    case CH_ANONYMOUS_DEFAULT:
        break;
    }
    return loopback && !is_known_elsewhere(c);
}

bool ch_config_address_is_loopback(struct ch_str address)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    return ch_place_split(address, &host, &port) && ch_place_is_loopback(host);
}

void ch_config_anonymous_put(struct ch_buf *b, const struct ch_config *c,
                             const struct ch_str *addresses, size_t count)
{
    for (size_t i = 0; i < c->repository_count; i++) {
        const struct ch_repository *r = &c->repositories[i];
        size_t open = 0;
        for (size_t k = 0; k < count; k++) {
            open += ch_config_anonymous(c, r, ch_config_address_is_loopback(addresses[k]));
        }
        ch_buf_printf(b, "%s: ", r->name);
        if (open == count) {
            ch_buf_puts(b, CH_STR("anyone may pull, without a token ("));
        } else if (open == 0) {
            ch_buf_puts(b, CH_STR("only clients with a token may pull ("));
        } else {
            ch_buf_puts(b, CH_STR("clients need a token, but not on loopback ("));
        }
        for (size_t k = 0; k < count; k++) {
            ch_buf_printf(b, "%s%.*s", k > 0 ? ", " : "", CH_STR_ARG(addresses[k]));
        }
        ch_buf_puts(b, CH_STR(")\n"));
    }
}
