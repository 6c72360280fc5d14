#include "sbom_int.h"

#include <stdio.h>

#include "customhouse/timefmt.h"

static void comma(struct ch_buf *b)
{
    char last = b->len > 0 ? b->ptr[b->len - 1] : '{';
    if (last != '{' && last != '[') {
        ch_buf_putc(b, ',');
    }
}

static void name_of(struct ch_buf *b, const char *name)
{
    comma(b);
    ch_buf_printf(b, "\"%s\":", name);
}

void sbom_field(struct ch_buf *b, const char *name, struct ch_str value)
{
    name_of(b, name);
    ch_buf_put_json(b, value);
}

void sbom_open(struct ch_buf *b, const char *name, char bracket)
{
    name_of(b, name);
    ch_buf_putc(b, bracket);
}

void sbom_item(struct ch_buf *b, struct ch_str value)
{
    comma(b);
    ch_buf_put_json(b, value);
}

void sbom_begin(struct ch_buf *b)
{
    comma(b);
    ch_buf_putc(b, '{');
}

void sbom_put_time(struct ch_buf *b, const char *name, int64_t at_us)
{
    struct ch_buf text;
    ch_buf_init(&text, 64);
    ch_time_put(&text, at_us, false);
    sbom_field(b, name, ch_buf_str(&text));
    ch_buf_done(&text);
}

void sbom_uuid(struct ch_str document, char ret[SBOM_UUID_BYTES])
{
    struct ch_sha256 d = ch_sha256_of(document.ptr, document.len);
    const uint8_t *u = d.byte;
    snprintf(ret, SBOM_UUID_BYTES,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
             u[2], u[3], u[4], u[5], (u[6] & 0x0f) | 0x80, u[7], (u[8] & 0x3f) | 0x80, u[9], u[10],
             u[11], u[12], u[13], u[14], u[15]);
}
