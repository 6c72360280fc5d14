#include "db/signing/bundle.h"

#include "customhouse/base64.h"

static void put_head(struct ch_buf *b, struct ch_str hint)
{
    ch_buf_puts(b, CH_STR("{\"mediaType\":\"" CH_BUNDLE_MEDIA_TYPE "\",\"verificationMaterial\":"
                          "{\"publicKey\":{\"hint\":"));
    ch_buf_put_json(b, hint);
    ch_buf_puts(b, CH_STR("}},"));
}

void ch_bundle_put_message(struct ch_buf *b, struct ch_str hint, const struct ch_sha256 *digest,
                           struct ch_str signature)
{
    put_head(b, hint);
    ch_buf_puts(b, CH_STR("\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"SHA2_256\","
                          "\"digest\":\""));
    ch_buf_put_base64(b, digest->byte, CH_SHA256_BYTES);
    ch_buf_puts(b, CH_STR("\"},\"signature\":\""));
    ch_buf_put_base64(b, signature.ptr, signature.len);
    ch_buf_puts(b, CH_STR("\"}}"));
}

void ch_bundle_put_dsse(struct ch_buf *b, struct ch_str hint, struct ch_str envelope)
{
    put_head(b, hint);
    ch_buf_puts(b, CH_STR("\"dsseEnvelope\":"));
    ch_buf_puts(b, envelope);
    ch_buf_putc(b, '}');
}
