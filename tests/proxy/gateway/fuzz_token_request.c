/* Target: gw_token_request_read. Slices lie in its own memory, and what it names has no byte that
 * could end a quoted string or a line. */
#include <stdint.h>
#include <string.h>

#include "proxy/gateway/token_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_token_request r;
    gw_token_request_init(&r);
    if (gw_token_request_read((struct ch_str){(const char *)data, size}, &r) == NULL) {
        CH_ASSERT(r.wanted.count <= CH_SCOPES_MAX);
        for (uint32_t i = 0; i < r.wanted.count; i++) {
            struct ch_str name = r.wanted.list[i].name;
            CH_ASSERT(name.ptr >= r.text.ptr && name.ptr + name.len <= r.text.ptr + r.text.len);
            CH_ASSERT(r.wanted.list[i].actions != 0 && r.wanted.list[i].actions <= CH_SCOPE_ALL);
            for (size_t c = 0; c < name.len; c++) {
                CH_ASSERT(name.ptr[c] > 0x20 && name.ptr[c] < 0x7f && name.ptr[c] != '"');
            }
        }
    }
    gw_token_request_done(&r);
    return 0;
}
