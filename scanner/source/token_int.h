/* What the files of the tokenizer share. */
#ifndef CH_SCANNER_TOKEN_INT_H
#define CH_SCANNER_TOKEN_INT_H

#include "scanner/source/token.h"

/* Classes of bytes; a byte may have several. */
enum {
    BYTE_NAME = 1,       /* letter, '_', digit, or part of a character beyond ASCII */
    BYTE_NAME_START = 2, /* the same without digits */
    BYTE_DIGIT = 4,
    BYTE_BLANK = 8,        /* space, tab, form feed */
    BYTE_STRING_STOP = 16, /* what the inside of a string must look at */
    BYTE_HEX = 32,
};
extern const uint8_t token_bytes[256];

static inline bool token_is(uint8_t c, unsigned classes)
{
    return (token_bytes[c] & classes) != 0;
}

/* The byte `n` after the current one; 0 past the end. */
static inline uint8_t token_peek(const struct ch_tokenizer *t, size_t n)
{
    return (size_t)(t->end - t->at) > n ? t->at[n] : 0;
}

static inline void token_error(struct ch_tokenizer *t)
{
    if (t->errors == 0) {
        t->error_line = t->line;
    }
    t->errors++;
}

static inline uint8_t token_top(const struct ch_tokenizer *t)
{
    return t->open_beyond > 0 ? '(' : t->open_count > 0 ? t->open[t->open_count - 1] : 0;
}

void token_push(struct ch_tokenizer *t, uint8_t kind);
void token_pop(struct ch_tokenizer *t);

/* Over a line break: \n, \r\n or \r, as CPython translates them. */
static inline void token_skip_break(struct ch_tokenizer *t)
{
    t->at += t->at[0] == '\r' && token_peek(t, 1) == '\n' ? 2 : 1;
    t->line++;
}

/* The prefix and quotes of a string at p; 0 when there is none. Else their length. */
size_t token_string_prefix(const uint8_t *p, const uint8_t *end, uint8_t *ret_flags,
                           uint8_t *ret_quote);
/* From the prefix on: a whole STRING (or ERROR), or an FSTRING_START. */
void token_string(struct ch_tokenizer *t, size_t prefix, uint8_t flags, uint8_t quote,
                  struct ch_token *ret);
/* In the text of an f-string, or in a format specification: MIDDLE, END, or the brace as OP. */
/* The code point at an offset below s.len, and its length in bytes; a byte that is no UTF-8 alone. */
uint32_t token_utf8_at(struct ch_str s, size_t at, size_t *ret_len);
bool token_folds(uint32_t c); /* ch_token_name() makes ASCII of it */
/* What the escape at p stands for, of whose backslash at least one byte follows: a code point, or of bytes a
 * byte; or one of the values below. Returns what comes behind it. */
enum {
    TOKEN_ESCAPE_NOTHING = -1, /* a line's end */
    TOKEN_ESCAPE_NAMED = -2,   /* \N{...} */
    TOKEN_ESCAPE_NONE = -3,    /* the backslash stands for itself */
};
const uint8_t *token_escape(const uint8_t *p, const uint8_t *end, bool bytes, int64_t *ret_value);
/* Appends a code point; U+FFFD for what is none. */
void token_put_utf8(struct ch_buf *b, uint32_t c);
void token_fstring_text(struct ch_tokenizer *t, struct ch_token *ret);

#endif
