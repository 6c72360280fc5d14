/* First byte: J for JSON, else a form. Whatever is sent: what is taken is one line of UTF-8, and its
 * serialisation as the other kind is taken, too, and means the same. */
#include "customhouse/limits.h"
#include "proxy/gateway/request_body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_form(struct ch_buf *b, const char *name, struct ch_str value)
{
    ch_buf_puts(b, ch_str_of(name));
    for (size_t i = 0; i < value.len; i++) {
        ch_buf_printf(b, "%%%02x", (unsigned char)value.ptr[i]);
    }
}

static void try_other(bool json, const struct gw_request_body *taken)
{
    struct gw_request_body again;
    struct ch_buf text;
    ch_buf_init(&text, 1u << 16);
    gw_request_body_init(&again);
    if (json) {
        put_form(&text, "reason=", ch_buf_str(&taken->reason));
        put_form(&text, "&expires=", ch_buf_str(&taken->expires));
    } else {
        ch_buf_puts(&text, CH_STR("{\"expires\":"));
        ch_buf_put_json(&text, ch_buf_str(&taken->expires));
        ch_buf_puts(&text, CH_STR(" , \"reason\":"));
        ch_buf_put_json(&text, ch_buf_str(&taken->reason));
        ch_buf_putc(&text, '}');
    }
    const char *wrong = json ? gw_request_body_form(ch_buf_str(&text), &again)
                             : gw_request_body_json(ch_buf_str(&text), &again);
    CH_ASSERT(wrong == NULL && ch_str_eq(ch_buf_str(&again.reason), ch_buf_str(&taken->reason)) &&
              ch_str_eq(ch_buf_str(&again.expires), ch_buf_str(&taken->expires)));
    gw_request_body_done(&again);
    ch_buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct gw_request_body b;
    if (size == 0) {
        return 0;
    }
    bool json = data[0] == 'J';
    struct ch_str text = {(const char *)data + 1, size - 1};
    gw_request_body_init(&b);
    if ((json ? gw_request_body_json(text, &b) : gw_request_body_form(text, &b)) == NULL) {
        CH_ASSERT(b.reason.len > 0 && b.reason.len <= ch_limits.exception_reason_bytes);
        CH_ASSERT(ch_str_is_utf8(ch_buf_str(&b.reason)));
        try_other(json, &b);
    }
    gw_request_body_done(&b);
    return 0;
}
