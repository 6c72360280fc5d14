/* A URL of the configuration, and after its first line feed a Location (ch_url_parse): what is fetched can
 * be named again, and is of a host and a port that the allow-list was asked about. */
#include <stdint.h>

#include "proxy/fetcher/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ch_url *url)
{
    struct ch_url again = {0};
    struct ch_str text = ch_str_of(url->text);
    struct ch_str host = ch_str_of(url->host);
    CH_ASSERT(ch_str_starts(text, url->https ? CH_STR("https://") : CH_STR("http://")));
    CH_ASSERT(host.len > 0 && url->port > 0);
    for (size_t i = 0; i < text.len; i++) {
        CH_ASSERT((unsigned char)text.ptr[i] > 0x20 && text.ptr[i] != 0x7f && text.ptr[i] != '#');
    }
    CH_ASSERT(ch_url_parse(text, NULL, &again, NULL) == CH_OK);
    CH_ASSERT(ch_str_eq(ch_str_of(again.host), host) && again.port == url->port &&
              again.https == url->https && again.port_is_default == url->port_is_default);
    ch_url_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str rest = {(const char *)data, size};
    struct ch_str first = {NULL, 0};
    struct ch_url base = {0};
    struct ch_url next = {0};
    if (size == 0) {
        return 0;
    }
    ch_str_split(&rest, '\n', &first);
    if (ch_url_parse(first, NULL, &base, NULL) == CH_OK) {
        check(&base);
        if (ch_url_parse(rest, &base, &next, NULL) == CH_OK) {
            check(&next);
        }
    }
    ch_url_done(&next);
    ch_url_done(&base);
    return 0;
}
