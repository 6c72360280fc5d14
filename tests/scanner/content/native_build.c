#include "native_build.h"

static void put(struct ch_buf *b, bool big, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        unsigned shift = 8 * (big ? bytes - 1 - i : i);
        ch_buf_putc(b, (char)(shift < 64 ? value >> shift : 0)); /* a field may be wider */
    }
}

static void fill(struct ch_buf *b, size_t to)
{
    while (b->len < to) {
        ch_buf_putc(b, '\0');
    }
}

static void segment(struct ch_buf *b, const struct native_spec *s, uint64_t type, uint64_t flags,
                    uint64_t at, uint64_t bytes)
{
    unsigned w = s->narrow ? 4 : 8;
    put(b, s->big, type, 4);
    if (!s->narrow) {
        put(b, s->big, flags, 4);
    }
    put(b, s->big, at, w);
    put(b, s->big, at, w); /* address */
    put(b, s->big, at, w);
    put(b, s->big, bytes, w);
    put(b, s->big, bytes, w);
    if (s->narrow) {
        put(b, s->big, flags, 4);
    }
    put(b, s->big, 1, w);
}

/* Header, four program headers, dynamic section at 512, names at 640, end at 704. */
void native_elf(struct ch_buf *b, const struct native_spec *s)
{
    unsigned w = s->narrow ? 4 : 8;
    uint64_t size = 704;
    ch_buf_puts(b, CH_STR("\x7f"
                          "ELF"));
    put(b, false, s->narrow ? 1 : 2, 1);
    put(b, false, s->big ? 2 : 1, 1);
    put(b, false, s->bad_header ? 9 : 1, 1);
    fill(b, 16);
    put(b, s->big, s->program ? 2 : 3, 2);
    put(b, s->big, s->machine != 0 ? s->machine : 62, 2);
    put(b, s->big, 1, 4);
    put(b, s->big, 0, w);
    put(b, s->big, s->narrow ? 52 : 64, w);
    put(b, s->big, 0, w);
    put(b, s->big, 0, 4);
    put(b, s->big, s->narrow ? 52 : 64, 2);
    put(b, s->big, s->narrow ? 32 : 56, 2);
    put(b, s->big, s->many ? 0xffff : 3, 2);
    fill(b, s->narrow ? 52 : 64);
    segment(b, s, 1, s->rwx ? 7 : 5, 0, s->long_segment ? size + 1 : size);
    segment(b, s, 0x6474e551, s->exec_stack ? 7 : 6, 0, 0);
    segment(b, s, 2, 6, 512, s->library != NULL ? 128 : 0);
    fill(b, 512);
    if (s->library != NULL) {
        put(b, s->big, 5, w);
        put(b, s->big, 640, w);
        put(b, s->big, 10, w);
        put(b, s->big, 64, w);
        put(b, s->big, s->tag != 0 ? s->tag : 1, w);
        put(b, s->big, s->bad_name ? 65 : 1, w);
    }
    fill(b, 641);
    if (s->library != NULL) {
        ch_buf_puts(b, ch_str_of(s->library));
    }
    while (s->open_name && b->len < size) {
        ch_buf_putc(b, 'x');
    }
    fill(b, (size_t)size);
}

/* MZ header, PE header at 64, one section from 512 to 1024 with the imports. */
void native_pe(struct ch_buf *b, const struct native_spec *s)
{
    enum { RVA = 0x1000 };
    unsigned optional = s->narrow ? 96 + 8 * 16 : 112 + 8 * 16;
    ch_buf_puts(b, CH_STR("MZ"));
    fill(b, 0x3c);
    put(b, false, 64, 4);
    ch_buf_puts(b, CH_STR("PE\0\0"));
    put(b, false, s->machine != 0 ? s->machine : 0x8664, 2);
    put(b, false, s->many ? 97 : 1, 2);
    fill(b, b->len + 12);
    put(b, false, optional, 2);
    put(b, false, s->program ? 2 : 0x2002, 2);
    size_t at = b->len;
    put(b, false, s->bad_header ? 0x999 : s->narrow ? 0x10b : 0x20b, 2);
    fill(b, at + (s->narrow ? 92 : 108));
    put(b, false, 16, 4);
    fill(b, b->len + 8);
    put(b, false, s->library != NULL ? RVA : 0, 4);
    fill(b, at + optional);
    ch_buf_puts(b, CH_STR(".text\0\0\0"));
    put(b, false, 512, 4);
    put(b, false, RVA, 4);
    put(b, false, s->long_segment ? 513 : 512, 4);
    put(b, false, 512, 4);
    fill(b, b->len + 12);
    put(b, false, s->rwx ? 0xe0000020 : 0x60000020, 4);
    fill(b, 512);
    if (s->library != NULL) {
        fill(b, b->len + 12);
        put(b, false, s->bad_name ? 0x9000 : RVA + 64, 4);
        fill(b, 512 + 64);
        ch_buf_puts(b, ch_str_of(s->library));
    }
    while (s->open_name && b->len < 1024) {
        ch_buf_putc(b, 'x');
    }
    fill(b, 1024);
}

void native_macho(struct ch_buf *b, const struct native_spec *s)
{
    unsigned w = s->narrow ? 4 : 8;
    unsigned segment_bytes = s->narrow ? 56 : 72;
    unsigned library_bytes = s->library != NULL ? 64 : 0;
    size_t start = b->len;
    put(b, s->big, s->narrow ? 0xfeedface : 0xfeedfacf, 4);
    put(b, s->big, s->machine != 0 ? s->machine : 0x01000007, 4);
    put(b, s->big, 3, 4);
    put(b, s->big, s->object ? 1 : s->program ? 2 : 6, 4);
    put(b, s->big, s->many ? 0x10000 : s->library != NULL ? 2 : 1, 4);
    put(b, s->big, segment_bytes + library_bytes, 4);
    put(b, s->big, s->exec_stack ? 0x20000 : 0, 4);
    fill(b, start + (s->narrow ? 28 : 32));
    put(b, s->big, s->narrow ? 1 : 0x19, 4);
    put(b, s->big, s->bad_header ? 7 : segment_bytes, 4);
    ch_buf_puts(b, CH_STR("__TEXT\0\0\0\0\0\0\0\0\0\0"));
    put(b, s->big, 0, w);
    put(b, s->big, 256, w);
    put(b, s->big, 0, w);
    put(b, s->big, s->long_segment ? 257 : 256, w);
    put(b, s->big, 7, 4);
    put(b, s->big, s->rwx ? 7 : 5, 4);
    put(b, s->big, 0, 8);
    if (s->library != NULL) {
        put(b, s->big, 0xc, 4);
        put(b, s->big, library_bytes, 4);
        put(b, s->big, s->bad_name ? 64 : 24, 4);
        put(b, s->big, 0, 12);
        size_t name = b->len;
        ch_buf_puts(b, ch_str_of(s->library));
        while (s->open_name && b->len < name + 40) {
            ch_buf_putc(b, 'x');
        }
        fill(b, name + 40);
    }
    fill(b, start + 256);
}

void native_fat(struct ch_buf *b, const struct native_spec *first, const struct native_spec *second,
                bool overlap)
{
    put(b, true, 0xcafebabe, 4);
    put(b, true, 2, 4);
    for (unsigned i = 0; i < 2; i++) {
        put(b, true, i == 0 ? 0x01000007 : 0x0100000c, 4);
        put(b, true, 3, 4);
        put(b, true, i == 0 || overlap ? 256 : 512, 4);
        put(b, true, 256, 4);
        put(b, true, 8, 4);
    }
    fill(b, 256);
    native_macho(b, first);
    native_macho(b, second);
}
