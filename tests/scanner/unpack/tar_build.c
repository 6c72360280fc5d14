#include "tar_build.h"

#include <stdio.h>
#include <string.h>

enum { BUILD_MAX = 1 << 28, BLOCK = 512 };

void tb_init(struct tb *b)
{
    ch_buf_init(&b->bytes, BUILD_MAX);
}

void tb_done(struct tb *b)
{
    ch_buf_done(&b->bytes);
}

void tb_zeros(struct tb *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ch_buf_putc(&b->bytes, '\0');
    }
}

void tb_end(struct tb *b)
{
    tb_zeros(b, 2 * (size_t)BLOCK);
}

static void put(char *header, size_t at, struct ch_str text)
{
    CH_ASSERT(at + text.len <= BLOCK);
    if (text.len > 0) {
        memcpy(header + at, text.ptr, text.len);
    }
}

static void put_octal(char *header, size_t at, int digits, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%0*llo", digits, (unsigned long long)value);
    put(header, at, ch_str_of(text));
}

static void put_checksum(char *header, const struct tb_member *m)
{
    int sum = m->checksum_off;
    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < BLOCK; i++) {
        sum += m->checksum_signed ? (int)(signed char)header[i] : (int)(unsigned char)header[i];
    }
    put_octal(header, 148, 6, (uint64_t)sum);
    header[154] = '\0';
}

static void put_records(struct ch_buf *b, struct ch_str pax)
{
    struct ch_str record;
    while (pax.len > 0 && ch_str_split(&pax, '\n', &record)) {
        size_t len = record.len + 3; /* one digit, a blank and a line feed */
        for (size_t power = 10; len >= power; power *= 10) {
            len++;
        }
        ch_buf_printf(b, "%zu ", len);
        ch_buf_puts(b, record);
        ch_buf_putc(b, '\n');
    }
}

void tb_add(struct tb *b, const struct tb_member *m)
{
    char header[BLOCK] = {0};
    struct ch_buf records;
    ch_buf_init(&records, BUILD_MAX);
    put_records(&records, m->pax);
    struct ch_str content = m->pax.len > 0 ? ch_buf_str(&records) : m->content;
    put(header, 0, m->name);
    put_octal(header, 100, 7, 0644);
    put_octal(header, 108, 7, 0);
    put_octal(header, 116, 7, 0);
    put_octal(header, 124, 11, content.len);
    put_octal(header, 136, 11, 1000000000);
    header[156] = m->type == 0 ? '0' : m->type;
    put(header, 157, m->link);
    if (m->format == TB_USTAR) {
        put(header, 257,
            CH_STR("ustar\0"
                   "00"));
        put(header, 345, m->prefix);
    } else if (m->format == TB_GNU) {
        put(header, 257, CH_STR("ustar  \0"));
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(m->patch); i++) {
        put(header, m->patch[i].at, m->patch[i].bytes);
    }
    put_checksum(header, m);
    ch_buf_put(&b->bytes, header, BLOCK);
    ch_buf_puts(&b->bytes, content);
    while (b->bytes.len % BLOCK != 0) {
        ch_buf_putc(&b->bytes, m->padding);
    }
    b->bytes.len -= m->cut;
    CH_ASSERT(!b->bytes.failed);
    ch_buf_done(&records);
}

void tb_file(struct tb *b, const char *name, const char *content)
{
    tb_add(b, &(struct tb_member){.name = ch_str_of(name), .content = ch_str_of(content)});
}
