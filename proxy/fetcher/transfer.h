/* What libcurl is told of every transfer, whoever makes it: fetcher and egress. */
#ifndef CH_FETCHER_TRANSFER_H
#define CH_FETCHER_TRANSFER_H

#include <curl/curl.h>
#include <openssl/x509.h>

#include "customhouse/bytes.h"

/* Sets an option and notes the first one that fails. */
#define CH_CURL_SET(easy, result, option, value)                                                   \
    do {                                                                                           \
        if ((result) == CURLE_OK) {                                                                \
            (result) = curl_easy_setopt((easy), (option), (value));                                \
        }                                                                                          \
    } while (0)

/* Whom it trusts: TLS 1.2 or newer, against `store` alone (NULL: nobody), also of an https proxy;
 * and no proxy but this one (NULL: none), whatever the environment says. `store` outlives it. */
CURLcode ch_transfer_trust(CURL *easy, X509_STORE *store, const char *proxy);
/* HTTP to `url` and nowhere else: redirects are not followed. `headers` outlive it, and a proxy
 * gets none of them. */
CURLcode ch_transfer_http(CURL *easy, const char *url, struct curl_slist *headers);
/* Adds "NAME: VALUE"; with an empty value libcurl leaves the header out that it would have sent. */
void ch_transfer_header(struct curl_slist **headers, const char *name, struct ch_str value);

#endif
