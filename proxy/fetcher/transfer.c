#include "proxy/fetcher/transfer.h"

#include <openssl/ssl.h>

#include "customhouse/limits.h"

#ifndef CH_VERSION
#error "CH_VERSION comes from CMakeLists.txt"
#endif

static CURLcode on_tls(CURL *easy, void *ssl_ctx, void *store)
{
    (void)easy;
    if (store != NULL) {
        SSL_CTX_set1_cert_store(ssl_ctx, store);
    }
    return CURLE_OK;
}

CURLcode ch_transfer_trust(CURL *e, X509_STORE *store, const char *proxy)
{
    CURLcode rc = CURLE_OK;
    CH_CURL_SET(e, rc, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* Anchors come from memory (on_tls), for the host and for an https proxy. */
    CH_CURL_SET(e, rc, CURLOPT_CAINFO, NULL);
    CH_CURL_SET(e, rc, CURLOPT_CAPATH, NULL);
    CH_CURL_SET(e, rc, CURLOPT_PROXY_CAINFO, NULL);
    CH_CURL_SET(e, rc, CURLOPT_PROXY_CAPATH, NULL);
    CH_CURL_SET(e, rc, CURLOPT_SSL_CTX_FUNCTION, on_tls);
    CH_CURL_SET(e, rc, CURLOPT_SSL_CTX_DATA, store);
    /* An empty proxy keeps libcurl from asking the environment. */
    CH_CURL_SET(e, rc, CURLOPT_PROXY, proxy != NULL ? proxy : "");
    CH_CURL_SET(e, rc, CURLOPT_NOPROXY, "");
    return rc;
}

CURLcode ch_transfer_http(CURL *e, const char *url, struct curl_slist *headers)
{
    CURLcode rc = CURLE_OK;
    CH_CURL_SET(e, rc, CURLOPT_URL, url);
    CH_CURL_SET(e, rc, CURLOPT_PROTOCOLS_STR, "http,https");
    CH_CURL_SET(e, rc, CURLOPT_FOLLOWLOCATION, 0L);
    CH_CURL_SET(e, rc, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    CH_CURL_SET(e, rc, CURLOPT_USERAGENT, "customhouse/" CH_VERSION);
    CH_CURL_SET(e, rc, CURLOPT_HTTPHEADER, headers);
    CH_CURL_SET(e, rc, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE); /* none of them to a proxy */
    CH_CURL_SET(e, rc, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    return rc;
}

void ch_transfer_header(struct curl_slist **headers, const char *name, struct ch_str value)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.fetch_header_bytes);
    ch_buf_printf(&b, "%s: %.*s", name, CH_STR_ARG(value));
    ch_buf_putc(&b, '\0');
    CH_ASSERT(!b.failed);
    struct curl_slist *longer = curl_slist_append(*headers, b.ptr);
    CH_ASSERT(longer != NULL);
    *headers = longer;
    ch_buf_done(&b);
}
