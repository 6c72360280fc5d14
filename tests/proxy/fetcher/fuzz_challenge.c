/* A WWW-Authenticate value, or, after a first byte '{', a token's document: what is taken of either
 * lies in it, and may stand in a header or a URL as it is. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "proxy/fetcher/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct ch_str whole, struct ch_str part)
{
    CH_ASSERT(part.ptr == NULL ||
              (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
    for (size_t i = 0; i < part.len; i++) {
        CH_ASSERT(part.ptr[i] >= 0x20 && part.ptr[i] <= 0x7e && part.ptr[i] != '"' &&
                  part.ptr[i] != '\\');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1); /* with nothing readable behind it */
    struct ch_str input = {copy, size};
    if (copy == NULL) {
        return 0;
    }
    if (size > 0) {
        memcpy(copy, data, size);
    }
    struct ch_challenge c = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct ch_token token = {{NULL, 0}, 0};
    if (ch_challenge_parse(input, &c, NULL) == CH_OK) {
        CH_ASSERT(c.realm.len > 0);
        check(input, c.realm);
        check(input, c.service);
        check(input, c.scope);
    }
    if (ch_token_scan(input, &token, NULL) == CH_OK) {
        CH_ASSERT(token.text.len > 0 && token.text.len <= ch_limits.fetch_token_bytes);
        CH_ASSERT(token.life_seconds >= 60 && token.life_seconds <= ch_limits.fetch_token_seconds);
        CH_ASSERT(!ch_str_find_char(token.text, ' ', NULL));
        check(input, token.text);
    }
    free(copy);
    return 0;
}
