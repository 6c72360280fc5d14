/* A PATCH of an external scanner. Whatever is sent: what is taken is one of three words, with
 * details that are JSON as they came and words that can be printed; and sent once more, it means
 * the same. */
#include "customhouse/limits.h"
#include "proxy/gateway/acr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_again(const struct gw_acr_body *taken)
{
    struct gw_acr_body again;
    struct ch_buf text;
    ch_buf_init(&text, 8 * (size_t)ch_limits.external_body_bytes);
    gw_acr_body_init(&again);
    ch_buf_puts(&text, CH_STR("{\"quarantineDetails\":"));
    ch_buf_put_json(&text, ch_buf_str(&taken->details));
    ch_buf_printf(&text, ",\"quarantineState\":\"%s\"}", ch_external_name(taken->verdict));
    CH_ASSERT(gw_acr_body_read(ch_buf_str(&text), &again) == NULL);
    CH_ASSERT(again.verdict == taken->verdict &&
              ch_str_eq(ch_buf_str(&again.details), ch_buf_str(&taken->details)) &&
              ch_str_eq(ch_buf_str(&again.words), ch_buf_str(&taken->words)));
    gw_acr_body_done(&again);
    ch_buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_acr_body b;
    gw_acr_body_init(&b);
    if (gw_acr_body_read((struct ch_str){(const char *)data, size}, &b) == NULL) {
        CH_ASSERT(b.verdict > CH_EXTERNAL_NONE && b.verdict < CH_EXTERNAL_COUNT);
        CH_ASSERT(ch_str_is_utf8(ch_buf_str(&b.details)));
        for (size_t i = 0; i < b.words.len; i++) {
            CH_ASSERT(b.words.ptr[i] >= ' ' && b.words.ptr[i] <= '~');
        }
        try_again(&b);
    }
    gw_acr_body_done(&b);
    return 0;
}
