/* URLs as the fetcher takes them: http or https, no user information, a host of the allow-list. */
#ifndef CH_FETCHER_URL_H
#define CH_FETCHER_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "customhouse/bytes.h"

struct ch_url {
    char *text; /* normalised, without fragment */
    char *host; /* lower case; IPv6 in brackets */
    uint16_t port;
    bool port_is_default; /* of the scheme */
    bool https;
};

/* `base` NULL: `text` must be absolute; else `text` is resolved against it (Location, RFC 3986).
 * User information, control characters and other schemes are CH_E_DENIED or CH_E_FORMAT; messages
 * hold the URL escaped and clipped. */
enum ch_code ch_url_parse(struct ch_str text, const struct ch_url *base, struct ch_url *ret,
                          struct ch_err *err) CH_MUST_CHECK;
void ch_url_done(struct ch_url *url); /* accepts zeroed memory */

/* "https://index.example.org:443" equals the URL's scheme, host and port (credentials, T13). */
bool ch_url_has_origin(const struct ch_url *url, struct ch_str origin);
/* `entry` is "host" (the scheme's own port) or "host:port". */
bool ch_url_has_host(const struct ch_url *url, struct ch_str entry);
/* `entry` is "*.host" or "*.host:port": the * is one label, never none and never two, as in
 * certificates (RFC 9525 6.3), and only over https. */
bool ch_url_matches_host(const struct ch_url *url, struct ch_str entry);

#endif
