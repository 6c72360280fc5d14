#include "db/signing/base64.h"

#include "customhouse/base64.h"

void ch_base64_put(struct ch_buf *b, struct ch_str bytes)
{
    ch_buf_put_base64(b, bytes.ptr, bytes.len);
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
