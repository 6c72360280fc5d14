/* Whatever an Authorization header says, nothing of it stays in the scratch memory, and the digest
 * is that of 68 bytes of the header or of what its Base64 stands for. */
#include <stdlib.h>
#include <string.h>

#include "proxy/front/credentials.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ch_hash *hash;
    struct ch_buf scratch;
    struct ch_sha256 digest = {{0}};
    hash = hash != NULL ? hash : ch_hash_new();
    ch_buf_init(&scratch, 8192);
    struct ch_str header = {size > 0 ? (const char *)data : "", size < 8192 ? size : 8192};
    enum front_credentials kind = front_credentials_read(header, &scratch, hash, &digest);
    if (kind == FRONT_CREDENTIALS_NONE || scratch.len != 0 ||
        (kind == FRONT_CREDENTIALS_TOKEN) == ch_sha256_is_zero(&digest)) {
        abort();
    }
    ch_buf_done(&scratch);
    return 0;
}
