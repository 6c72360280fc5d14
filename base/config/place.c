#include "base/config/place.h"

#include <arpa/inet.h>

#include "customhouse/limits.h"

enum { NAME_MAX_BYTES = 253, LABEL_MAX_BYTES = 63 }; /* RFC 1035 2.3.4 */

static bool is_literal(int family, struct ch_str text)
{
    char copy[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    if (text.len == 0 || text.len >= sizeof(copy)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        copy[i] = text.ptr[i];
    }
    copy[text.len] = '\0';
    return inet_pton(family, copy, address) == 1;
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

bool ch_place_is_loopback(struct ch_str host)
{
    return (is_literal(AF_INET, host) && ch_str_starts(host, CH_STR("127."))) ||
           ch_str_eq(host, CH_STR("::1")) || ch_str_eq_nocase(host, CH_STR("localhost"));
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

const char *ch_place_url_fault(struct ch_str url)
{
    struct ch_str rest = after_scheme(url);
    if (rest.ptr == NULL) {
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
    struct ch_str authority = {NULL, 0};
    (void)ch_str_split(&rest, '/', &authority);
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
    struct ch_str rest = after_scheme(url);
    struct ch_str authority = {NULL, 0};
    (void)ch_str_split(&rest, '/', &authority);
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
