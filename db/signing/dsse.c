#include "db/signing/dsse.h"

#include "customhouse/base64.h"

static const struct ch_str pae_begin = {"DSSEv1 ", 7};

void ch_dsse_put_pae(struct ch_buf *b, struct ch_str type, struct ch_str payload)
{
    ch_buf_puts(b, pae_begin);
    ch_buf_printf(b, "%zu ", type.len);
    ch_buf_puts(b, type);
    ch_buf_printf(b, " %zu ", payload.len);
    ch_buf_puts(b, payload);
}

bool ch_dsse_is_pae(struct ch_str bytes)
{
    return ch_str_starts(bytes, pae_begin);
}

void ch_dsse_put_envelope(struct ch_buf *b, struct ch_str type, struct ch_str payload,
                          struct ch_str signature)
{
    ch_buf_puts(b, CH_STR("{\"payload\":\""));
    ch_buf_put_base64(b, payload.ptr, payload.len);
    ch_buf_puts(b, CH_STR("\",\"payloadType\":"));
    ch_buf_put_json(b, type);
    ch_buf_puts(b, CH_STR(",\"signatures\":[{\"sig\":\""));
    ch_buf_put_base64(b, signature.ptr, signature.len);
    ch_buf_puts(b, CH_STR("\",\"keyid\":\"\"}]}"));
}
