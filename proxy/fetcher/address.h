/* Socket addresses: what kind one is, and whether the fetcher may talk to it (T13). Pure. */
#ifndef CH_FETCHER_ADDRESS_H
#define CH_FETCHER_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>

#include "customhouse/bytes.h"

/* Zero is not public: an address of an unknown family is refused. */
enum ch_address_kind {
    CH_ADDRESS_RESERVED = 0, /* documentation, benchmarks, future use, unknown families */
    CH_ADDRESS_PUBLIC,
    CH_ADDRESS_PRIVATE, /* RFC 1918, shared space, unique local, local NAT64 */
    CH_ADDRESS_LOOPBACK,
    CH_ADDRESS_LINK_LOCAL, /* also where clouds keep their instance credentials */
    CH_ADDRESS_MULTICAST,
    CH_ADDRESS_UNSPECIFIED, /* 0.0.0.0/8 and ::, which reach this host */
};

struct ch_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

/* IPv4 inside IPv6 (mapped, compatible, NAT64, 6to4) counts as the IPv4 address it leads to.
 * Spec: IANA special-purpose address registries (RFC 6890), RFC 6052, RFC 3056. */
enum ch_address_kind ch_address_kind(const struct sockaddr *address);
const char *ch_address_kind_text(enum ch_address_kind kind); /* "link-local" */

/* `named`: the configuration names this host. `literal`: it does so by this very IP address. Public
 * addresses may be reached, multicast and unspecified never, link-local only by its literal, the
 * rest when named. */
bool ch_address_permitted(enum ch_address_kind kind, bool named, bool literal);

/* "127.0.0.1:8080", "[::1]:8080": an IP literal with port; false on anything else. */
bool ch_address_parse(struct ch_str text, struct ch_address *ret);
/* "127.0.0.1" or "[::1]", without a port. */
bool ch_address_is_literal(struct ch_str host);
void ch_address_put(struct ch_buf *b, const struct sockaddr *address); /* with port */

/* Whether a connection to `peer` ends at the listening address `listen`: same port, and the same
 * address or `listen` is the wildcard and `peer` an address of this host (`peer_is_local`). */
bool ch_address_reaches(const struct sockaddr *peer, const struct ch_address *listen,
                        bool peer_is_local);

#endif
