#include "proxy/fetcher/address.h"

#include <arpa/inet.h>
#include <string.h>

struct prefix {
    uint8_t byte[16];
    unsigned bits;
    enum ch_address_kind kind;
};

/* First match counts. */
static const struct prefix v4_prefixes[] = {
    {{0}, 8, CH_ADDRESS_UNSPECIFIED},
    {{10}, 8, CH_ADDRESS_PRIVATE},
    {{100, 64}, 10, CH_ADDRESS_PRIVATE}, /* shared space, RFC 6598 */
    {{127}, 8, CH_ADDRESS_LOOPBACK},
    {{169, 254}, 16, CH_ADDRESS_LINK_LOCAL},
    {{172, 16}, 12, CH_ADDRESS_PRIVATE},
    {{192, 0, 0}, 24, CH_ADDRESS_RESERVED},
    {{192, 0, 2}, 24, CH_ADDRESS_RESERVED},
    {{192, 88, 99}, 24, CH_ADDRESS_RESERVED},
    {{192, 168}, 16, CH_ADDRESS_PRIVATE},
    {{198, 18}, 15, CH_ADDRESS_RESERVED},
    {{198, 51, 100}, 24, CH_ADDRESS_RESERVED},
    {{203, 0, 113}, 24, CH_ADDRESS_RESERVED},
    {{224}, 4, CH_ADDRESS_MULTICAST},
    {{240}, 4, CH_ADDRESS_RESERVED},
    {{0}, 0, CH_ADDRESS_PUBLIC},
};

static const struct prefix v6_prefixes[] = {
    {{0}, 128, CH_ADDRESS_UNSPECIFIED},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, CH_ADDRESS_LOOPBACK},
    {{0, 0x64, 0xff, 0x9b, 0, 1}, 48, CH_ADDRESS_PRIVATE}, /* local NAT64, RFC 8215 */
    {{0x20, 0x01, 0, 0}, 23, CH_ADDRESS_RESERVED},         /* Teredo and other protocols */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, CH_ADDRESS_RESERVED},
    {{0x3f, 0xff}, 20, CH_ADDRESS_RESERVED},
    {{0x20}, 3, CH_ADDRESS_PUBLIC},
    {{0xfc}, 7, CH_ADDRESS_PRIVATE},
    {{0xfe, 0x80}, 10, CH_ADDRESS_LINK_LOCAL},
    {{0xfe, 0xc0}, 10, CH_ADDRESS_PRIVATE}, /* site-local, deprecated */
    {{0xff}, 8, CH_ADDRESS_MULTICAST},
    {{0}, 0, CH_ADDRESS_RESERVED}, /* only 2000::/3 has been given out */
};

/* Where an IPv6 address holds an IPv4 address that it leads to. */
static const struct {
    uint8_t byte[16];
    unsigned bits;
    unsigned v4_at;
} v4_in_v6[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 12}, /* mapped */
    {{0, 0x64, 0xff, 0x9b}, 96, 12},                      /* NAT64, RFC 6052 */
    {{0x20, 0x02}, 16, 2},                                /* 6to4, RFC 3056 */
    {{0}, 96, 12},                                        /* compatible, deprecated */
};

static bool has_prefix(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
    unsigned whole = bits / 8;
    if (memcmp(address, prefix, whole) != 0) {
        return false;
    }
    unsigned rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);
    return rest == 0 || (address[whole] & mask) == (prefix[whole] & mask);
}

static enum ch_address_kind kind_of(const uint8_t *address, const struct prefix *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (has_prefix(address, rows[i].byte, rows[i].bits)) {
            return rows[i].kind;
        }
    }
    return CH_ADDRESS_RESERVED;
}

static enum ch_address_kind kind_v4(const uint8_t *address)
{
    return kind_of(address, v4_prefixes, CH_ARRAY_LEN(v4_prefixes));
}

static enum ch_address_kind kind_v6(const uint8_t *address)
{
    static const uint8_t zero_or_one[15] = {0};
    bool plain = memcmp(address, zero_or_one, 15) == 0 && address[15] <= 1;
    for (size_t i = 0; i < CH_ARRAY_LEN(v4_in_v6) && !plain; i++) {
        if (has_prefix(address, v4_in_v6[i].byte, v4_in_v6[i].bits)) {
            return kind_v4(address + v4_in_v6[i].v4_at);
        }
    }
    return kind_of(address, v6_prefixes, CH_ARRAY_LEN(v6_prefixes));
}

static const uint8_t *v4_bytes(const struct sockaddr *a)
{
    return (const uint8_t *)&((const struct sockaddr_in *)(const void *)a)->sin_addr;
}

static const uint8_t *v6_bytes(const struct sockaddr *a)
{
    return ((const struct sockaddr_in6 *)(const void *)a)->sin6_addr.s6_addr;
}

enum ch_address_kind ch_address_kind(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        return kind_v4(v4_bytes(address));
    }
    return address->sa_family == AF_INET6 ? kind_v6(v6_bytes(address)) : CH_ADDRESS_RESERVED;
}

const char *ch_address_kind_text(enum ch_address_kind kind)
{
    static const char *const texts[] = {
        [CH_ADDRESS_RESERVED] = "reserved",       [CH_ADDRESS_PUBLIC] = "public",
        [CH_ADDRESS_PRIVATE] = "private",         [CH_ADDRESS_LOOPBACK] = "loopback",
        [CH_ADDRESS_LINK_LOCAL] = "link-local",   [CH_ADDRESS_MULTICAST] = "multicast",
        [CH_ADDRESS_UNSPECIFIED] = "unspecified",
    };
    return (size_t)kind < CH_ARRAY_LEN(texts) ? texts[kind] : "unknown";
}

bool ch_address_permitted(enum ch_address_kind kind, bool named, bool literal)
{
    switch (kind) {
    case CH_ADDRESS_PUBLIC:
        return true;
    case CH_ADDRESS_PRIVATE:
    case CH_ADDRESS_LOOPBACK:
    case CH_ADDRESS_RESERVED:
        return named;
    case CH_ADDRESS_LINK_LOCAL:
        return named && literal;
    case CH_ADDRESS_MULTICAST:
    case CH_ADDRESS_UNSPECIFIED:
        return false;
    }
    return false;
}

static bool parse_host(struct ch_str host, struct ch_address *ret)
{
    char text[INET6_ADDRSTRLEN];
    struct ch_address a = {0};
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        a.v6.sin6_family = AF_INET6;
        if (!ch_str_copy(ch_str_sub(host, 1, host.len - 2), text, sizeof(text)) ||
            inet_pton(AF_INET6, text, &a.v6.sin6_addr) != 1) {
            return false;
        }
    } else {
        a.v4.sin_family = AF_INET;
        if (!ch_str_copy(host, text, sizeof(text)) ||
            inet_pton(AF_INET, text, &a.v4.sin_addr) != 1) {
            return false;
        }
    }
    *ret = a;
    return true;
}

bool ch_address_parse(struct ch_str text, struct ch_address *ret)
{
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':') {
        colon--;
    }
    uint64_t port;
    if (colon == 0 || !ch_str_u64(ch_str_sub(text, colon, text.len), &port) || port > UINT16_MAX ||
        !parse_host(ch_str_sub(text, 0, colon - 1), ret)) {
        return false;
    }
    /* The port lies at the same place in both. */
    ret->v4.sin_port = htons((uint16_t)port);
    return true;
}

bool ch_address_is_literal(struct ch_str host)
{
    struct ch_address a;
    return parse_host(host, &a);
}

static unsigned port_of(const struct sockaddr *a)
{
    return a->sa_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)(const void *)a)->sin6_port)
               : ntohs(((const struct sockaddr_in *)(const void *)a)->sin_port);
}

void ch_address_put(struct ch_buf *b, const struct sockaddr *address)
{
    char text[INET6_ADDRSTRLEN] = "?";
    if (address->sa_family == AF_INET) {
        inet_ntop(AF_INET, v4_bytes(address), text, sizeof(text));
        ch_buf_printf(b, "%s:%u", text, port_of(address));
    } else if (address->sa_family == AF_INET6) {
        inet_ntop(AF_INET6, v6_bytes(address), text, sizeof(text));
        ch_buf_printf(b, "[%s]:%u", text, port_of(address));
    } else {
        ch_buf_printf(b, "an address of family %d", (int)address->sa_family);
    }
}

/* Both as IPv6, so that 127.0.0.1 and ::ffff:127.0.0.1 are one. */
static void as_v6(const struct sockaddr *a, uint8_t ret[16])
{
    bool v4 = a->sa_family == AF_INET;
    for (size_t i = 0; i < 16; i++) {
        ret[i] = !v4 ? v6_bytes(a)[i] : i >= 12 ? v4_bytes(a)[i - 12] : i >= 10 ? 0xff : 0;
    }
}

bool ch_address_reaches(const struct sockaddr *peer, const struct ch_address *listen,
                        bool peer_is_local)
{
    if ((peer->sa_family != AF_INET && peer->sa_family != AF_INET6) ||
        port_of(peer) != port_of(&listen->any)) {
        return false;
    }
    uint8_t a[16];
    uint8_t b[16];
    as_v6(peer, a);
    as_v6(&listen->any, b);
    if (memcmp(a, b, sizeof(a)) == 0) {
        return true;
    }
    return ch_address_kind(&listen->any) == CH_ADDRESS_UNSPECIFIED && peer_is_local;
}
