#include <string.h>
#include <sys/random.h>

#include "people.h"

#define TOKEN_BYTES 32

void token_make(char ret[TOKEN_LEN + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t secret[TOKEN_BYTES];
    CH_ASSERT(getrandom(secret, sizeof(secret), 0) == sizeof(secret));
    size_t at = sizeof(TOKEN_PREFIX) - 1;
    memcpy(ret, TOKEN_PREFIX, at);
    for (size_t i = 0; i < sizeof(secret); i++) {
        ret[at++] = digits[secret[i] >> 4];
        ret[at++] = digits[secret[i] & 15];
    }
    ret[at] = '\0';
    explicit_bzero(secret, sizeof(secret));
}

bool token_digest(struct ch_str text, struct ch_sha256 *ret)
{
    if (text.len != TOKEN_LEN || !ch_str_starts(text, CH_STR(TOKEN_PREFIX))) {
        return false;
    }
    for (size_t i = sizeof(TOKEN_PREFIX) - 1; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    *ret = ch_sha256_of(text.ptr, text.len);
    return true;
}
