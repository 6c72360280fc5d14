/* Accept and Accept-Encoding as a client may send them: any bytes give an answer within the table. */
#include "proxy/gateway/negotiate.h"
#include "proxy/gateway/waiting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const lists[] = {"text/html", "application/vnd.pypi.simple.v1+html,text/plain",
                                        "application/vnd.pypi.simple.v1+json"};
    struct ch_str text = {(const char *)data, size};
    size_t best = CH_ARRAY_LEN(lists);
    if (gw_accept_best(text, lists, CH_ARRAY_LEN(lists), &best)) {
        CH_ASSERT(best < CH_ARRAY_LEN(lists));
        CH_ASSERT(gw_accept_weight(text, CH_STR("text/html")) <= 1000);
    }
    CH_ASSERT(gw_accept_encoding(text) < GW_ENCODING_COUNT);
    struct gw_patience patience = gw_patience_of(text);
    struct ch_buf location;
    ch_buf_init(&location, 64);
    if (gw_wait_next(&patience, gw_wait_hop(text), CH_STR("/a"), &location)) {
        CH_ASSERT(!location.failed);
    }
    ch_buf_done(&location);
    return 0;
}
