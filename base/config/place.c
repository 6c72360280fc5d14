#include "base/config/place.h"

#include <arpa/inet.h>
#include <string.h>

#include "customhouse/limits.h"

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 }; /* RFC 1035 2.3.4 */
enum { ADDRESS_BYTES = sizeof(struct in6_addr) };

static bool read_literal(int family, struct ch_str text, unsigned char ret[static ADDRESS_BYTES])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof(copy)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        copy[i] = text.ptr[i];
    }
    copy[text.len] = '\0';
    return inet_pton(family, copy, ret) == 1;
}

static bool is_literal(int family, struct ch_str text)
{
    unsigned char address[ADDRESS_BYTES];
    return read_literal(family, text, address);
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_label(struct ch_str label)
{
    for (size_t i = 0; i < label.len; i++) {
        if (!is_alnum(label.ptr[i]) && label.ptr[i] != '-' && label.ptr[i] != '_') {
            return false;
        }
    }
    return label.len > 0 && label.len <= LABEL_MAX_BYTES && label.ptr[0] != '-' &&
           label.ptr[label.len - 1] != '-';
}

static bool is_name(struct ch_str text)
{
    struct ch_str rest = text;
    struct ch_str label = {NULL, 0};
    while (ch_str_split(&rest, '.', &label)) {
        if (!is_label(label)) {
            return false;
        }
    }
    /* a name whose last label is a number is an address that inet_pton did not take: 127.1, 0x7f.1
     */
    return text.len > 0 && text.len <= NAME_MAX_BYTES &&
           !(label.ptr[0] >= '0' && label.ptr[0] <= '9');
}

bool ch_place_is_host(struct ch_str text)
{
    return is_literal(AF_INET, text) || is_literal(AF_INET6, text) || is_name(text);
}

static bool parse_port(struct ch_str text, uint16_t *ret)
{
    uint64_t v = 0;
    if (!ch_str_u64(text, &v) || v > UINT16_MAX) {
        return false;
    }
    *ret = (uint16_t)v;
    return true;
}

bool ch_place_split(struct ch_str text, struct ch_str *ret_host, uint16_t *ret_port)
{
    size_t at = 0;
    struct ch_str host = {NULL, 0};
    struct ch_str port = {NULL, 0};
    if (ch_str_starts(text, CH_STR("["))) {
        if (!ch_str_find(text, CH_STR("]:"), &at)) {
            return false;
        }
        host = ch_str_sub(text, 1, at - 1);
        port = ch_str_sub(text, at + 2, text.len);
        if (!is_literal(AF_INET6, host)) {
            return false;
        }
    } else {
        if (!ch_str_find_char(text, ':', &at)) {
            return false;
        }
        host = ch_str_sub(text, 0, at);
        port = ch_str_sub(text, at + 1, text.len);
        if (!is_literal(AF_INET, host) && !is_name(host)) {
            return false;
        }
    }
    if (!parse_port(port, ret_port)) {
        return false;
    }
    *ret_host = host;
    return true;
}

struct ch_str ch_place_host(struct ch_str text)
{
    struct ch_str host;
    uint16_t port;
    return ch_place_split(text, &host, &port) ? host : text;
}

bool ch_place_is_wildcard(struct ch_str text)
{
    const struct ch_str star = CH_STR("*.");
    struct ch_str name = ch_str_sub(text, star.len, text.len);
    struct ch_str host = name;
    uint16_t port = 0;
    if (!ch_str_starts(text, star) || (ch_place_split(name, &host, &port) && port == 0)) {
        return false;
    }
    return is_name(host) && ch_str_find_char(host, '.', NULL);
}

bool ch_place_is_loopback(struct ch_str host)
{
    unsigned char address[ADDRESS_BYTES];
    return (is_literal(AF_INET, host) && ch_str_starts(host, CH_STR("127."))) ||
           (read_literal(AF_INET6, host, address) &&
            memcmp(address, &in6addr_loopback, ADDRESS_BYTES) == 0) ||
           ch_str_eq_nocase(host, CH_STR("localhost"));
}

/* --- no_proxy --- */

/* Whether these are addresses of one family that agree in their first `bits`, at most all. */
static bool agree(struct ch_str a, struct ch_str b, uint64_t bits)
{
    static const struct {
        int family;
        uint64_t bits;
    } families[] = {{AF_INET, 32}, {AF_INET6, 128}};
    unsigned char x[ADDRESS_BYTES];
    unsigned char y[ADDRESS_BYTES];
    for (size_t i = 0; i < CH_ARRAY_LEN(families); i++) {
        if (!read_literal(families[i].family, a, x) || !read_literal(families[i].family, b, y)) {
            continue;
        }
        uint64_t n = bits < families[i].bits ? bits : families[i].bits;
        unsigned rest = n % 8;
        return memcmp(x, y, n / 8) == 0 && (rest == 0 || (x[n / 8] ^ y[n / 8]) >> (8 - rest) == 0);
    }
    return false;
}

static bool is_in_network(struct ch_str network, struct ch_str host)
{
    size_t at = 0;
    uint64_t bits = 0;
    return ch_str_find_char(network, '/', &at) &&
           ch_str_u64(ch_str_sub(network, at + 1, network.len), &bits) &&
           bits <= (ch_str_find_char(network, ':', NULL) ? 128 : 32) &&
           agree(ch_str_sub(network, 0, at), host, bits);
}

static bool entry_exempts(struct ch_str entry, struct ch_str host, uint16_t port)
{
    uint16_t only = port;
    struct ch_str name = {NULL, 0};
    if (ch_str_eq(entry, CH_STR("*")) || is_in_network(entry, host)) {
        return true;
    }
    while (ch_str_starts(entry, CH_STR("."))) {
        entry = ch_str_sub(entry, 1, entry.len);
    }
    if (ch_place_split(entry, &name, &only)) {
        entry = name;
    } else if (ch_str_starts(entry, CH_STR("[")) && ch_str_ends(entry, CH_STR("]"))) {
        entry = ch_str_sub(entry, 1, entry.len - 2);
    }
    if (entry.len == 0 || only != port) {
        return false;
    }
    if (!is_name(host)) {
        return agree(entry, host, UINT64_MAX);
    }
    return ch_str_eq_nocase(entry, host) ||
           (host.len > entry.len && host.ptr[host.len - entry.len - 1] == '.' &&
            ch_str_eq_nocase(ch_str_sub(host, host.len - entry.len, entry.len), entry));
}

bool ch_place_exempts(struct ch_str no_proxy, struct ch_str host, uint16_t port)
{
    struct ch_str entry = {NULL, 0};
    while (ch_str_split(&no_proxy, ',', &entry)) {
        while (entry.len > 0 && (unsigned char)entry.ptr[0] <= ' ') {
            entry = ch_str_sub(entry, 1, entry.len);
        }
        while (entry.len > 0 && (unsigned char)entry.ptr[entry.len - 1] <= ' ') {
            entry.len--;
        }
        if (entry_exempts(entry, host, port)) {
            return true;
        }
    }
    return false;
}

static struct ch_str after_scheme(struct ch_str url)
{
    if (ch_str_starts(url, CH_STR("https://"))) {
        return ch_str_sub(url, sizeof("https://") - 1, url.len);
    }
    if (ch_str_starts(url, CH_STR("http://"))) {
        return ch_str_sub(url, sizeof("http://") - 1, url.len);
    }
    return (struct ch_str){NULL, 0};
}

/* Without what is asked there: a query may hold a secret. */
static struct ch_str authority_of(struct ch_str url)
{
    struct ch_str rest = after_scheme(url), authority = {NULL, 0};
    size_t end = rest.len;
    (void)ch_str_split(&rest, '/', &authority);
    return ch_str_find_char(authority, '?', &end) ? ch_str_sub(authority, 0, end) : authority;
}

const char *ch_place_url_fault(struct ch_str url)
{
    if (after_scheme(url).ptr == NULL) {
        return "does not start with http:// or https://";
    }
    if (url.len > ch_limits.url_bytes) {
        return "is too long";
    }
    for (size_t i = 0; i < url.len; i++) {
        if (url.ptr[i] <= ' ' || url.ptr[i] > '~' || url.ptr[i] == '\\') {
            return "holds other characters than printable ASCII";
        }
        if (url.ptr[i] == '?' || url.ptr[i] == '#') {
            return "has a query or fragment";
        }
    }
    struct ch_str authority = authority_of(url);
    if (ch_str_find_char(authority, '@', NULL)) {
        return "holds a user name; credentials belong in credentials.yaml";
    }
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    bool bracket = ch_str_starts(authority, CH_STR("[")) && ch_str_ends(authority, CH_STR("]"));
    bool whole = bracket ? is_literal(AF_INET6, ch_str_sub(authority, 1, authority.len - 2))
                         : is_literal(AF_INET, authority) || is_name(authority);
    if (!whole && (!ch_place_split(authority, &host, &port) || port == 0)) {
        return "names no valid host";
    }
    return NULL;
}

void ch_place_put_origin(struct ch_buf *b, struct ch_str url)
{
    struct ch_str authority = authority_of(url);
    bool https = ch_str_starts(url, CH_STR("https://"));
    ch_buf_puts(b, ch_str_of(https ? "https://" : "http://"));
    for (size_t i = 0; i < authority.len; i++) {
        char c = authority.ptr[i];
        ch_buf_putc(b, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    if (!ch_place_split(authority, &host, &port)) {
        ch_buf_puts(b, ch_str_of(https ? ":443" : ":80"));
    }
}
