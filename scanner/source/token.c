#include "scanner/source/token_int.h"

#include <string.h>

enum {
    D = BYTE_NAME | BYTE_DIGIT | BYTE_HEX,
    N = BYTE_NAME | BYTE_NAME_START,
    H = N | BYTE_HEX,
    B = BYTE_BLANK,
    S = BYTE_STRING_STOP,
};

/* 32 in a row; beyond ASCII everything is part of a name. */
const uint8_t token_bytes[256] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, B, S, 0, B, S, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    B, 0, S, 0, 0, 0, 0, S, 0, 0, 0, 0, 0, 0, 0, 0, D, D, D, D, D, D, D, D, D, D, 0, 0, 0, 0, 0, 0,
    0, H, H, H, H, H, H, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, 0, S, 0, 0, N,
    0, H, H, H, H, H, H, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, S, 0, S, 0, 0,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
    N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
};

void token_push(struct ch_tokenizer *t, uint8_t kind)
{
    if (t->open_count == CH_TOKEN_BRACKETS) {
        token_error(t);
        t->open_beyond++;
        return;
    }
    t->open[t->open_count++] = kind;
}

void token_pop(struct ch_tokenizer *t)
{
    if (t->open_beyond > 0) {
        t->open_beyond--;
    } else if (t->open_count > 0) {
        t->open_count--;
    }
}

void ch_tokenizer_init(struct ch_tokenizer *t, struct ch_str text)
{
    memset(t, 0, sizeof(*t));
    static const uint8_t nothing[1] = {0};
    t->begin = text.len > 0 ? (const uint8_t *)text.ptr : nothing;
    t->at = t->begin;
    t->end = t->begin + (text.len < UINT32_MAX ? text.len : UINT32_MAX);
    t->line = 1;
    t->line_start = true;
    t->blank_line = true;
    t->indent_count = 1;
}

static void emit(const struct ch_tokenizer *t, uint8_t type, const uint8_t *from, uint32_t line,
                 struct ch_token *ret)
{
    *ret = (struct ch_token){.at = (uint32_t)(from - t->begin),
                             .len = (uint32_t)(t->at - from),
                             .line = line,
                             .type = type};
}

/* To the line break, which is not part of it. */
static void comment(struct ch_tokenizer *t)
{
    while (t->at < t->end && *t->at != '\n' && *t->at != '\r') {
        t->at++;
    }
}

/* "A formfeed character may be present at the start of the line; it will be ignored for the
 * indentation calculations." Tabs go to the next multiple of eight. */
static uint32_t indentation(struct ch_tokenizer *t)
{
    uint32_t column = 0;
    for (; t->at < t->end; t->at++) {
        if (*t->at == ' ') {
            column++;
        } else if (*t->at == '\t') {
            column = (column / 8 + 1) * 8;
        } else if (*t->at == '\f') {
            column = 0;
        } else {
            break;
        }
    }
    return column;
}

/* Over blank lines and comments to the first token of a logical line. True: *ret is an INDENT or
 * DEDENT, or the END. */
static bool begin_line(struct ch_tokenizer *t, struct ch_token *ret)
{
    uint32_t column;
    for (;;) {
        column = indentation(t);
        if (t->at < t->end && *t->at == '#') {
            comment(t);
        }
        if (t->at == t->end) {
            column = 0;
            break;
        }
        if (*t->at != '\n' && *t->at != '\r') {
            break;
        }
        token_skip_break(t);
    }
    t->line_start = false;
    if (column > t->indents[t->indent_count - 1]) {
        if (t->indent_count == CH_TOKEN_INDENTS) {
            token_error(t);
            return false;
        }
        t->indents[t->indent_count++] = column;
        emit(t, CH_TOKEN_INDENT, t->at, t->line, ret);
        return true;
    }
    while (column < t->indents[t->indent_count - 1]) {
        t->indent_count--;
        t->dedents++;
    }
    if (column != t->indents[t->indent_count - 1]) {
        /* "unindent does not match any outer indentation level": taken for the one it is in */
        token_error(t);
        t->indents[t->indent_count++] = column;
        t->dedents--;
    }
    return false;
}

/* Blanks, joined lines and comments between two tokens. */
static void skip_between(struct ch_tokenizer *t)
{
    while (t->at < t->end) {
        uint8_t c = *t->at;
        if (token_is(c, BYTE_BLANK)) {
            t->at++;
        } else if (c == '#') {
            comment(t);
        } else if (c == '\\' && (token_peek(t, 1) == '\n' || token_peek(t, 1) == '\r')) {
            t->at++;
            token_skip_break(t);
        } else if ((c == '\n' || c == '\r') && token_top(t) != 0) {
            token_skip_break(t);
        } else {
            return;
        }
    }
}

/* Digits of one class with single underscores between them. */
static const uint8_t *digits(const uint8_t *p, const uint8_t *end, unsigned classes, uint8_t max)
{
    for (;;) {
        while (p < end && token_is(*p, classes) && (*p <= max || classes == BYTE_HEX)) {
            p++;
        }
        if (end - p >= 2 && p[0] == '_' && token_is(p[1], classes) &&
            (p[1] <= max || classes == BYTE_HEX)) {
            p++;
        } else {
            return p;
        }
    }
}

static void number(struct ch_tokenizer *t)
{
    const uint8_t *p = t->at;
    uint8_t kind = *p == '0' ? (uint8_t)(token_peek(t, 1) | 0x20) : 0;
    if (kind == 'x' || kind == 'o' || kind == 'b') {
        uint8_t max = kind == 'o' ? '7' : kind == 'b' ? '1' : 0xff;
        unsigned classes = kind == 'x' ? BYTE_HEX : BYTE_DIGIT;
        const uint8_t *from = p + 2;
        from += from < t->end && *from == '_' ? 1 : 0;
        const uint8_t *to = digits(from, t->end, classes, max);
        if (to > from) {
            t->at = to;
            return;
        }
        t->at = p + 1; /* 0x and nothing: the number 0, then a name; Python stops here */
        token_error(t);
        return;
    }
    p = digits(p, t->end, BYTE_DIGIT, '9');
    if (p < t->end && *p == '.') {
        p = digits(p + 1, t->end, BYTE_DIGIT, '9');
    }
    if (p < t->end && (*p | 0x20) == 'e') {
        const uint8_t *e = p + 1;
        e += e < t->end && (*e == '+' || *e == '-') ? 1 : 0;
        if (e < t->end && token_is(*e, BYTE_DIGIT)) {
            p = digits(e, t->end, BYTE_DIGIT, '9');
        }
    }
    p += p < t->end && (*p | 0x20) == 'j' ? 1 : 0;
    t->at = p;
}

static size_t operator_length(uint8_t a, uint8_t b, uint8_t c)
{
    switch (a) {
    case '*':
    case '/':
    case '<':
    case '>':
        if (b == a) {
            return c == '=' ? 3 : 2;
        }
        return b == '=' || (a == '<' && b == '>') ? 2 : 1;
    case '-':
        return b == '=' || b == '>' ? 2 : 1;
    case '.':
        return b == '.' && c == '.' ? 3 : 1;
    case '+':
    case '%':
    case '&':
    case '|':
    case '^':
    case '@':
    case '=':
    case ':':
        return b == '=' ? 2 : 1;
    case '!':
        return b == '=' ? 2 : 0;
    case '(':
    case ')':
    case '[':
    case ']':
    case '{':
    case '}':
    case ',':
    case ';':
    case '~':
        return 1;
    default:
        return 0;
    }
}

static void close_bracket(struct ch_tokenizer *t, uint8_t c)
{
    uint8_t top = token_top(t);
    bool fits = (c == ')' && top == '(') || (c == ']' && top == '[') ||
                (c == '}' && (top == '{' || top == 'F'));
    if (!fits) {
        token_error(t);
    }
    /* A field of an f-string ends with its own brace only. */
    if (top != 0 && (fits || (top != 'F'))) {
        token_pop(t);
    }
}

/* True: an operator was taken. At the top of a replacement field ':' begins its format
 * specification, '!' its conversion (PEP 701). */
static bool operator(struct ch_tokenizer *t)
{
    uint8_t c = *t->at;
    size_t n = operator_length(c, token_peek(t, 1), token_peek(t, 2));
    uint8_t top = token_top(t);
    if (top == 'F' && c == ':') {
        t->at++;
        token_push(t, 'S');
        return true;
    }
    if (n == 0 && c == '!' && top == 'F') {
        n = 1;
    }
    if (n == 0) {
        return false;
    }
    t->at += n;
    if (c == '(' || c == '[' || c == '{') {
        token_push(t, c);
    } else if (c == ')' || c == ']' || c == '}') {
        close_bracket(t, c);
    }
    return true;
}

static void end_of_text(struct ch_tokenizer *t, struct ch_token *ret)
{
    if (!t->blank_line) { /* Python adds the line break that is missing */
        t->blank_line = true;
        emit(t, CH_TOKEN_NEWLINE, t->at, t->line, ret);
        return;
    }
    if (t->open_count > 0) {
        token_error(t);
        t->open_count = t->open_beyond = t->fstring_count = 0;
    }
    if (t->dedents == 0 && t->indent_count > 1) {
        t->dedents = t->indent_count - 1;
        t->indent_count = 1;
    }
    if (t->dedents > 0) {
        t->dedents--;
        emit(t, CH_TOKEN_DEDENT, t->at, t->line, ret);
        return;
    }
    emit(t, CH_TOKEN_END, t->at, t->line, ret);
}

static void ordinary(struct ch_tokenizer *t, struct ch_token *ret)
{
    const uint8_t *from = t->at;
    uint32_t line = t->line;
    uint8_t c = *from;
    uint8_t flags;
    uint8_t quote;
    uint8_t type = CH_TOKEN_OP;
    size_t prefix;
    if (token_is(c, BYTE_NAME_START) || c == '"' || c == '\'') {
        prefix = token_string_prefix(from, t->end, &flags, &quote);
        if (prefix > 0) {
            token_string(t, prefix, flags, quote, ret);
            return;
        }
        while (t->at < t->end && token_is(*t->at, BYTE_NAME)) {
            t->at++;
        }
        type = CH_TOKEN_NAME;
    } else if (token_is(c, BYTE_DIGIT) || (c == '.' && token_is(token_peek(t, 1), BYTE_DIGIT))) {
        number(t);
        type = CH_TOKEN_NUMBER;
    } else if (!operator(t)) {
        t->at++;
        token_error(t);
        type = CH_TOKEN_ERROR;
    }
    emit(t, type, from, line, ret);
}

/* A line break that ends a logical line gives a NEWLINE: true. One after joined blanks does not. */
static bool line_break(struct ch_tokenizer *t, struct ch_token *ret)
{
    const uint8_t *from = t->at;
    uint32_t line = t->line;
    token_skip_break(t);
    t->line_start = true;
    bool blank = t->blank_line;
    t->blank_line = true;
    if (!blank) {
        emit(t, CH_TOKEN_NEWLINE, from, line, ret);
    }
    return !blank;
}

void ch_token_next(struct ch_tokenizer *t, struct ch_token *ret)
{
    uint8_t top = token_top(t);
    if ((top == 'T' || top == 'S') && t->at < t->end) {
        token_fstring_text(t, ret);
        return;
    }
    for (;;) {
        if (t->line_start && begin_line(t, ret)) {
            return;
        }
        if (t->dedents > 0) {
            t->dedents--;
            emit(t, CH_TOKEN_DEDENT, t->at, t->line, ret);
            return;
        }
        skip_between(t);
        if (t->at == t->end) {
            end_of_text(t, ret);
            return;
        }
        if (*t->at != '\n' && *t->at != '\r') {
            break;
        }
        if (line_break(t, ret)) {
            return;
        }
    }
    t->blank_line = false;
    ordinary(t, ret);
}
