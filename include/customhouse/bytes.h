/* Slices, bounded buffers and a bounds-checked reader: what every parser and encoder is made of. */
#ifndef CUSTOMHOUSE_BYTES_H
#define CUSTOMHOUSE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "customhouse/attr.h"
#include "customhouse/err.h"

/* --- ch_str: a borrowed slice, never assumed to end in NUL. {NULL, 0} is "absent". --- */
struct ch_str {
    const char *ptr;
    size_t len;
};

/* A slice over a string literal. */
#define CH_STR(literal) ((struct ch_str){(literal), sizeof(literal) - 1})
/* For printf: "%.*s", CH_STR_ARG(s). Never for text from outside that goes to a log: escape first. */
#define CH_STR_ARG(s)   (int)((s).len > 4096 ? 4096 : (s).len), ((s).ptr != NULL ? (s).ptr : "")

struct ch_str ch_str_of(const char *nul_terminated); /* NULL gives {NULL, 0} */
bool ch_str_eq(struct ch_str a, struct ch_str b);
bool ch_str_eq_nocase(struct ch_str a, struct ch_str b); /* ASCII folding */
bool ch_str_starts(struct ch_str s, struct ch_str prefix);
bool ch_str_ends(struct ch_str s, struct ch_str suffix);
int ch_str_cmp(struct ch_str a, struct ch_str b);         /* bytewise, <0 0 >0 */
bool ch_str_find(struct ch_str s, struct ch_str needle, size_t *ret_at);
bool ch_str_find_char(struct ch_str s, char c, size_t *ret_at);
struct ch_str ch_str_sub(struct ch_str s, size_t from, size_t len); /* clipped to s */
struct ch_str ch_str_trim(struct ch_str s);                          /* space and tab, both ends */
/* Takes the part before `sep` out of *rest (all of it, when there is no sep); false when *rest is
 * absent. After the last part *rest is {NULL, 0}. */
bool ch_str_split(struct ch_str *rest, char sep, struct ch_str *ret_part);
size_t ch_str_ascii(struct ch_str s); /* how many bytes of ASCII it begins with; at gigabytes a second */
size_t ch_str_plain(struct ch_str s); /* how many bytes it begins with that are no control, 0x20 up but DEL */
bool ch_str_is_utf8(struct ch_str s); /* RFC 3629: no surrogates, no overlong forms */
char *ch_str_dup(struct ch_str s); /* NUL-terminated copy; free() */
/* Copies it into a field with its NUL. False: there is no room; the field is "" then. */
bool ch_str_copy(struct ch_str s, char *ret, size_t ret_size) CH_MUST_CHECK;
/* Decimal without sign, spaces or leading zero; false on anything else or overflow. */
bool ch_str_u64(struct ch_str s, uint64_t *ret_value);

/* --- overflow-checked arithmetic: false when the result does not fit --- */
static inline bool ch_add(size_t a, size_t b, size_t *ret)
{
    return !__builtin_add_overflow(a, b, ret);
}
static inline bool ch_mul(size_t a, size_t b, size_t *ret)
{
    return !__builtin_mul_overflow(a, b, ret);
}

/* --- ch_buf: a growing byte buffer that cannot be made without a maximum.
 * Appending past `max` sets `failed` and appends nothing more; check once with ch_buf_ok. --- */
struct ch_buf {
    char *ptr;
    size_t len;
    size_t cap;
    size_t max;
    bool failed;
};

void ch_buf_init(struct ch_buf *b, size_t max_bytes);
void ch_buf_done(struct ch_buf *b); /* frees; accepts zeroed memory */
void ch_buf_clear(struct ch_buf *b); /* keeps the memory, resets len and failed */
enum ch_code ch_buf_ok(const struct ch_buf *b, struct ch_err *err) CH_MUST_CHECK; /* CH_E_LIMIT */
struct ch_str ch_buf_str(const struct ch_buf *b); /* borrowed until the next append */
char *ch_buf_reserve(struct ch_buf *b, size_t more); /* room for `more`; NULL when past max */
void ch_buf_put(struct ch_buf *b, const void *ptr, size_t len);
void ch_buf_puts(struct ch_buf *b, struct ch_str s);
void ch_buf_putc(struct ch_buf *b, char c);
/* Appends a number below 2^21 as UTF-8 (RFC 3629) writes code points, surrogates too. */
void ch_buf_put_code_point(struct ch_buf *b, uint32_t c);
void ch_buf_printf(struct ch_buf *b, const char *fmt, ...) CH_PRINTF(2, 3);
/* Bytes 0x20 to 0x7e as they are (backslash doubled), everything else as \xNN: the one encoder for
 * text from outside that reaches a terminal, a log, a header or a reason phrase (T20). */
void ch_buf_put_escaped(struct ch_buf *b, struct ch_str s);
/* The same for text that went through it already, somewhere else: its backslashes stay as they are, or
 * each hand it goes through would double them. */
void ch_buf_put_printable(struct ch_buf *b, struct ch_str s);
void ch_buf_put_json(struct ch_buf *b, struct ch_str s); /* a quoted JSON string; bad UTF-8 -> U+FFFD */
void ch_buf_put_html(struct ch_buf *b, struct ch_str s); /* & < > " ' escaped */
void ch_buf_put_hex(struct ch_buf *b, const void *ptr, size_t len); /* lower case */

/* Wire encoding: little endian, strings as u32 length and bytes. */
void ch_put_u8(struct ch_buf *b, uint8_t v);
void ch_put_u16(struct ch_buf *b, uint16_t v);
void ch_put_u32(struct ch_buf *b, uint32_t v);
void ch_put_u64(struct ch_buf *b, uint64_t v);
void ch_put_i64(struct ch_buf *b, int64_t v);
void ch_put_str(struct ch_buf *b, struct ch_str s); /* absent and empty are encoded alike */
void ch_put_bytes(struct ch_buf *b, const void *ptr, size_t len); /* no length prefix */

/* --- ch_rd: a reader with a sticky error. After a failure every get gives zeros, so a decoder is a
 * straight list with one check at its end. --- */
struct ch_rd {
    const uint8_t *ptr;
    size_t len;
    size_t at;
    bool failed;
};

struct ch_rd ch_rd_of(const void *ptr, size_t len);
size_t ch_rd_left(const struct ch_rd *r);
uint8_t ch_get_u8(struct ch_rd *r);
uint16_t ch_get_u16(struct ch_rd *r);
uint32_t ch_get_u32(struct ch_rd *r);
uint64_t ch_get_u64(struct ch_rd *r);
int64_t ch_get_i64(struct ch_rd *r);
struct ch_str ch_get_str(struct ch_rd *r, size_t max_len); /* borrowed from the input */
const uint8_t *ch_get_bytes(struct ch_rd *r, size_t len);  /* NULL once failed */
void ch_rd_fail(struct ch_rd *r); /* for a decoder that finds a value out of range */
/* CH_E_FORMAT when a read failed or bytes are left over. */
enum ch_code ch_rd_end(const struct ch_rd *r, const char *what, struct ch_err *err) CH_MUST_CHECK;

/* Strict lower- or upper-case hex, exactly 2*len characters. */
bool ch_hex_decode(struct ch_str hex, uint8_t *ret, size_t len);

#endif
