/* The signature of a webhook. */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "customhouse/base64.h"
#include "proxy/egress/egress_int.h"

#define KEY_MAX 64

enum ch_code egress_sign(struct ch_str secret, struct ch_str id, int64_t timestamp_s,
                         struct ch_str body, struct ch_buf *ret, struct ch_err *err)
{
    static const struct ch_str prefix = {"whsec_", 6};
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned mac_len = 0;
    struct ch_buf key;
    struct ch_buf text;
    ch_buf_init(&key, KEY_MAX);
    ch_buf_init(&text, id.len + body.len + 64);
    if (!ch_str_starts(secret, prefix) ||
        !ch_base64_strict(ch_str_sub(secret, prefix.len, secret.len), &key) || key.len == 0) {
        ch_buf_done(&key);
        ch_buf_done(&text);
        return ch_fail(err, CH_E_FORMAT, "the secret is not whsec_ and base64");
    }
    ch_buf_puts(&text, id);
    ch_buf_printf(&text, ".%lld.", (long long)timestamp_s);
    ch_buf_puts(&text, body);
    CH_ASSERT(!text.failed);
    CH_ASSERT(HMAC(EVP_sha256(), key.ptr, (int)key.len, (const unsigned char *)text.ptr, text.len,
                   mac, &mac_len) != NULL);
    ch_buf_puts(ret, CH_STR("v1,"));
    ch_buf_put_base64(ret, mac, mac_len);
    explicit_bzero(key.ptr, key.len);
    ch_buf_done(&key);
    ch_buf_done(&text);
    return CH_OK;
}
