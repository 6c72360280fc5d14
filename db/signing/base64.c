#include "db/signing/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void ch_base64_put(struct ch_buf *b, struct ch_str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t left = bytes.len - at;
        uint32_t v = (uint32_t)p[at] << 16;
        v |= left > 1 ? (uint32_t)p[at + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)p[at + 2] : 0;
        ch_buf_putc(b, digits[v >> 18 & 63]);
        ch_buf_putc(b, digits[v >> 12 & 63]);
        ch_buf_putc(b, left > 1 ? digits[v >> 6 & 63] : '=');
        ch_buf_putc(b, left > 2 ? digits[v & 63] : '=');
    }
}

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

bool ch_base64_decode(struct ch_str text, struct ch_buf *out)
{
    size_t len = text.len;
    if (len % 4 == 0 && len > 0 && text.ptr[len - 1] == '=') {
        len -= text.ptr[len - 2] == '=' ? 2 : 1;
    }
    if (len % 4 == 1) {
        return false;
    }
    uint32_t bits = 0;
    unsigned count = 0;
    for (size_t i = 0; i < len; i++) {
        int v = value_of(text.ptr[i]);
        if (v < 0) {
            return false;
        }
        bits = bits << 6 | (uint32_t)v;
        count += 6;
        if (count >= 8) {
            count -= 8;
            ch_buf_putc(out, (char)(bits >> count & 255));
        }
    }
    return (bits & ((1u << count) - 1)) == 0;
}
