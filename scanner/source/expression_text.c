/* Names and strings as they are written, and what they are put together from. */
#include <string.h>

#include "scanner/source/source_int.h"

/* A name as it is compared: folded where it is not ASCII. Lent from the file's values. */
struct ch_str name_at(struct file *f, uint32_t i)
{
    struct ch_str s = ch_token_str(f->text, &f->tokens[i]);
    bool ascii = true;
    for (size_t k = 0; !f->ascii && k < s.len && ascii; k++) {
        ascii = (uint8_t)s.ptr[k] < 0x80;
    }
    if (ascii) {
        return s;
    }
    struct ch_buf b;
    ch_buf_init(&b, 4 * s.len + 8);
    CH_IGNORE(ch_token_name(s, &b));
    struct value v = value_text(f, ch_buf_str(&b), 0);
    ch_buf_done(&b);
    return v.kind == VALUE_TEXT ? v.text : s;
}

/* What stands in a string without escapes: lent from the source. */
static bool plain_string(const struct file *f, const struct ch_token *tok, struct ch_str *ret)
{
    struct ch_str s = ch_token_str(f->text, tok);
    if (tok->type != CH_TOKEN_STRING || memchr(s.ptr, '\\', s.len) != NULL ||
        memchr(s.ptr, '\r', s.len) != NULL) {
        return false;
    }
    size_t close = (tok->flags & CH_STRING_TRIPLE) != 0 ? 3 : 1;
    size_t open = 0;
    while (s.ptr[open] != '"' && s.ptr[open] != '\'') {
        open++;
    }
    *ret = ch_str_sub(s, open + close, s.len - open - 2 * close);
    return true;
}

static struct value string_value(struct file *f)
{
    struct ch_buf b;
    const struct ch_token *tok = &f->tokens[f->at++];
    struct value plain = {.kind = VALUE_TEXT};
    if (plain_string(f, tok, &plain.text)) {
        check_literal(f, &plain, tok->line);
        return plain;
    }
    ch_buf_init(&b, 4 * (size_t)tok->len + 8);
    ch_token_value(f->text, tok, &b);
    struct value v = value_text(f, ch_buf_str(&b), 0);
    ch_buf_done(&b);
    check_literal(f, &v, tok->line);
    return v;
}

/* From the START of an f-string over its END. */
static struct value fstring_value(struct file *f)
{
    uint32_t stop = f->match[f->at];
    uint32_t line = f->tokens[f->at].line;
    uint32_t end = f->end;
    struct value v = {.kind = VALUE_TEXT, .text = CH_STR("")};
    f->at++;
    while (f->at < stop) {
        uint32_t i = f->at;
        struct value part = {.marks = MARK_COMPUTED};
        if (f->tokens[i].type == CH_TOKEN_FSTRING_MIDDLE) {
            part = string_value(f);
        } else if (token_op(f, i, "{") && f->match[i] > i) {
            f->at = i + 1;
            f->end = f->match[i];
            part = expression_list(f);
            implied_use(f, &part);
            if (part.kind != VALUE_TEXT && part.kind != VALUE_PARTIAL) { /* it is a text, whatever that was */
                part = (struct value){.marks = part.marks | MARK_COMPUTED, .origin = part.origin};
            }
            f->at = f->end + 1;
            f->end = end;
        } else {
            f->at++;
        }
        v = value_add(f, v, part);
    }
    f->at = stop + 1;
    if (v.kind == VALUE_TEXT) {
        check_literal(f, &v, line);
    } else if (v.kind == VALUE_PARTIAL) {
        v.marks |= text_marks(f, v.text, line);
    }
    return v;
}

/* Strings that stand one after the other are one; of many short ones as well. */
struct value strings(struct file *f)
{
    struct ch_buf b;
    ch_buf_init(&b, SIZE_MAX / 2);
    uint32_t from = f->at;
    uint64_t marks = 0;
    uint32_t count = 0;
    struct value v = {0};
    bool known = true;
    while (f->at < f->end) {
        uint8_t type = f->tokens[f->at].type;
        bool start = type == CH_TOKEN_FSTRING_START && f->match[f->at] > f->at;
        if (type != CH_TOKEN_STRING && !start) {
            break;
        }
        if (count == 1) {
            ch_buf_puts(&b, v.text);
        }
        if (start || count == 0) {
            v = start ? fstring_value(f) : string_value(f);
            known = known && v.kind == VALUE_TEXT;
            marks |= v.marks;
            if (count > 0) {
                ch_buf_puts(&b, v.text);
            }
        } else {
            ch_token_value(f->text, &f->tokens[f->at++], &b);
        }
        count++;
    }
    if (count > 1 && known) {
        v = value_text(f, ch_buf_str(&b), marks);
        check_literal(f, &v, f->tokens[from].line);
        v.marks |= MARK_BUILT;
    } else if (count > 1) {
        v = (struct value){.marks = marks | MARK_COMPUTED};
    }
    ch_buf_done(&b);
    return v;
}
