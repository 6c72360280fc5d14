/* Where something is on the network: HOST:PORT, hosts, URLs, as configuration writes them. Pure. */
#ifndef BASE_CONFIG_PLACE_H
#define BASE_CONFIG_PLACE_H

#include "customhouse/bytes.h"

/* "127.0.0.1:8080", "[::1]:8080", "localhost:0": host without brackets. False when malformed. */
bool ch_place_split(struct ch_str text, struct ch_str *ret_host, uint16_t *ret_port);
/* The host of HOST or HOST:PORT; another text as it is. */
struct ch_str ch_place_host(struct ch_str text);
/* A DNS name (letters, digits, '-', labels of at most 63) or an IPv4 or (without brackets) IPv6
 * literal. */
bool ch_place_is_host(struct ch_str text);
/* "*.data.example.org", "*.data.example.org:8443": a * as the first label, before a name of at
 * least two more. */
bool ch_place_is_wildcard(struct ch_str text);
bool ch_place_is_loopback(struct ch_str host); /* 127.0.0.0/8, ::1, localhost */
/* Whether a list as the environment's no_proxy has it exempts this host and port: "*", HOST or a
 * domain it lies in, with or without leading dot and :PORT, an address, or a network as
 * ADDRESS/BITS. */
bool ch_place_exempts(struct ch_str no_proxy, struct ch_str host, uint16_t port);
/* http:// or https://, host, optional port and path in printable ASCII. Says what is wrong with
 * another text ("holds a user name"), NULL when nothing. */
const char *ch_place_url_fault(struct ch_str url);
/* "https://host:443" of such a URL, with or without a query, lower case, the port always written (T13). */
void ch_place_put_origin(struct ch_buf *b, struct ch_str url);

#endif
