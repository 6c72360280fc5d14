/* Python source as tokens, without a Python interpreter: the lexical rules of CPython 3.8 to 3.14
 * (docs.python.org, "Lexical analysis"; PEP 263, 701, 750), read leniently. What Python accepts has
 * the same tokens here; what Python refuses still gives tokens, and is counted in `errors`.
 *
 *     struct ch_source_text src;
 *     ch_source_text_init(&src, bytes);
 *     struct ch_tokenizer t;
 *     ch_tokenizer_init(&t, src.text);
 *     struct ch_token tok;
 *     while (ch_token_next(&t, &tok), tok.type != CH_TOKEN_END) { ... }
 *     ch_source_text_done(&src);
 *
 * Time is linear in the text; memory is this struct. Nothing here fails. */
#ifndef CH_SCANNER_TOKEN_H
#define CH_SCANNER_TOKEN_H

#include "customhouse/bytes.h"

/* --- the text (PEP 263) --- */

enum ch_text_problem {
    CH_TEXT_FINE = 0,
    CH_TEXT_REFUSED,   /* Python refuses it: NUL bytes, UTF-16, bytes that are not of the encoding,
                          a BOM that contradicts the comment */
    CH_TEXT_UNKNOWN,   /* an encoding that we do not read: Python may run other text than we see */
};

struct ch_source_text {
    struct ch_str text;     /* UTF-8, without BOM; borrowed from the bytes where they are UTF-8 */
    struct ch_str encoding; /* as the file names it; absent when it does not. Borrowed */
    enum ch_text_problem problem;
    bool ascii; /* the bytes, but for a BOM */
    struct ch_buf own; /* private: the text, where it had to be decoded */
};

/* Of files over UINT32_MAX bytes only the beginning is taken (REFUSED): offsets have 32 bits. */
void ch_source_text_init(struct ch_source_text *s, struct ch_str bytes);
void ch_source_text_done(struct ch_source_text *s);

/* --- tokens --- */

enum ch_token_type {
    CH_TOKEN_END = 0, /* for ever, once the text has ended */
    CH_TOKEN_NEWLINE, /* of a logical line; blank lines and comments give nothing */
    CH_TOKEN_INDENT,
    CH_TOKEN_DEDENT,
    CH_TOKEN_NAME, /* keywords as well */
    CH_TOKEN_NUMBER,
    CH_TOKEN_STRING,         /* str or bytes, whole, with prefix and quotes */
    CH_TOKEN_FSTRING_START,  /* prefix and quotes of an f- or t-string */
    CH_TOKEN_FSTRING_MIDDLE, /* its text, up to the next replacement field */
    CH_TOKEN_FSTRING_END,
    CH_TOKEN_OP,
    CH_TOKEN_ERROR, /* what has no meaning in Python; one byte, or an unterminated string */
};

/* Of strings: what their prefix says. */
enum {
    CH_STRING_BYTES = 1,
    CH_STRING_RAW = 2,
    CH_STRING_FORMAT = 4, /* f or t */
    CH_STRING_TRIPLE = 8,
};

struct ch_token {
    uint32_t at;   /* offset in the text, bytes */
    uint32_t len;  /* bytes */
    uint32_t line; /* from 1, of its first byte */
    uint8_t type;  /* enum ch_token_type */
    uint8_t flags; /* of strings: CH_STRING_*; of their FSTRING_MIDDLE too */
    uint16_t id;   /* for who reads tokens; the tokenizer leaves 0 */
};

enum {
    CH_TOKEN_INDENTS = 100,  /* CPython's MAXINDENT: more is an IndentationError */
    CH_TOKEN_BRACKETS = 512, /* brackets and f-strings within each other; CPython's MAXLEVEL is 200 */
    CH_TOKEN_FSTRINGS = 150, /* CPython's MAXFSTRINGLEVEL */
};

struct ch_tokenizer {
    const uint8_t *begin;
    const uint8_t *at;
    const uint8_t *end;
    uint32_t line;
    uint32_t errors;     /* that Python would stop at */
    uint32_t error_line; /* of the first */
    bool line_start;
    bool blank_line; /* nothing but blanks and comments so far in this logical line */
    uint32_t dedents; /* still to be given */
    uint32_t indent_count;
    uint32_t indents[CH_TOKEN_INDENTS];
    /* What is open, outermost first: '(' '[' '{'; of an f-string 'T' its text, 'F' a replacement
     * field, 'S' the format specification of that field. Deeper than there is room: only counted. */
    uint32_t open_count;
    uint32_t open_beyond;
    uint8_t open[CH_TOKEN_BRACKETS];
    uint32_t fstring_count;
    struct {
        uint8_t quote;
        uint8_t flags;
    } fstrings[CH_TOKEN_FSTRINGS];
};

void ch_tokenizer_init(struct ch_tokenizer *t, struct ch_str text);
void ch_token_next(struct ch_tokenizer *t, struct ch_token *ret);

static inline struct ch_str ch_token_str(struct ch_str text, const struct ch_token *tok)
{
    return (struct ch_str){text.ptr + tok->at, tok->len};
}

/* --- what they mean --- */

/* Appends a name as Python compares it (PEP 3131: NFKC). Letters whose folding is not ASCII stay as
 * they are. Whether anything but ASCII was in it is the result. */
bool ch_token_name(struct ch_str name, struct ch_buf *ret);

/* Appends the value of a STRING or FSTRING_MIDDLE token: escapes resolved, text as UTF-8, bytes as
 * they are. \N{...} gives U+FFFD: names of characters are not known here. */
void ch_token_value(struct ch_str text, const struct ch_token *tok, struct ch_buf *ret);

#endif
