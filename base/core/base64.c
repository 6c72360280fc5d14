#include "customhouse/base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void ch_buf_put_base64(struct ch_buf *b, const void *ptr, size_t len)
{
    const uint8_t *p = ptr;
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        uint32_t v = (uint32_t)p[i] << 16;
        v |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        v |= left > 2 ? (uint32_t)p[i + 2] : 0;
        char four[4] = {digits[v >> 18], digits[v >> 12 & 63], left > 1 ? digits[v >> 6 & 63] : '=',
                        left > 2 ? digits[v & 63] : '='};
        ch_buf_put(b, four, sizeof(four));
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
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Four characters of which `pad` at the end are '='. */
static bool decode_four(const char *four, size_t pad, struct ch_buf *ret)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4 - pad; i++) {
        int digit = value_of(four[i]);
        if (digit < 0) {
            return false;
        }
        v |= (uint32_t)digit << (18 - 6 * i);
    }
    if ((v & ((1u << 8 * pad) - 1)) != 0) { /* bits that no byte has */
        return false;
    }
    const uint8_t bytes[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    ch_buf_put(ret, bytes, 3 - pad);
    return true;
}

bool ch_base64_strict(struct ch_str text, struct ch_buf *ret)
{
    size_t before = ret->len;
    if (text.len % 4 != 0) {
        return false;
    }
    for (size_t i = 0; i < text.len; i += 4) {
        bool last = i + 4 == text.len;
        size_t pad = last && text.ptr[i + 3] == '=' ? text.ptr[i + 2] == '=' ? 2 : 1 : 0;
        if (!decode_four(text.ptr + i, pad, ret)) {
            ret->len = before;
            return false;
        }
    }
    return true;
}

bool ch_base64_any(struct ch_str text, struct ch_buf *ret)
{
    struct ch_buf standard;
    bool padded = text.len == 0 || text.ptr[text.len - 1] == '=';
    ch_buf_init(&standard, text.len + 3);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        ch_buf_putc(&standard, c == '-' ? '+' : c == '_' ? '/' : c);
    }
    while (!padded && standard.len % 4 != 0) {
        ch_buf_putc(&standard, '=');
    }
    bool good = ch_base64_strict(ch_buf_str(&standard), ret);
    ch_buf_done(&standard);
    return good;
}
