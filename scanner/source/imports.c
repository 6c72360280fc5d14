#include "scanner/source/imports.h"

#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/token_int.h"

struct walk {
    const struct ch_imports *to;
    struct ch_str folder;
    struct ch_str text;
    struct ch_tokenizer t;
    struct ch_token tok;
    bool may_ask;
    enum { ASKS_NOTHING, ASKS_DOT, ASKS_NAME, ASKS_OF } asks; /* x.startswith("a", ...) */
};

/* The operator, of one character. */
static bool is_op(const struct walk *w, char op)
{
    return w->tok.type == CH_TOKEN_OP && w->tok.len == 1 && w->text.ptr[w->tok.at] == op;
}

static bool is_word(const struct walk *w, struct ch_str word)
{
    return w->tok.type == CH_TOKEN_NAME && w->tok.len == word.len &&
           memcmp(w->text.ptr + w->tok.at, word.ptr, word.len) == 0;
}

static bool is_dots(const struct walk *w)
{
    return w->tok.type == CH_TOKEN_OP && w->text.ptr[w->tok.at] == '.';
}

static void next(struct walk *w)
{
    ch_token_next(&w->t, &w->tok);
}

/* "a.b.c" at the current token, appended. */
static void take_dotted(struct walk *w, struct ch_buf *ret)
{
    while (w->tok.type == CH_TOKEN_NAME && !is_word(w, CH_STR("import"))) {
        CH_IGNORE(ch_token_name(ch_token_str(w->text, &w->tok), ret));
        next(w);
        if (!is_op(w, '.')) {
            return;
        }
        ch_buf_putc(ret, '.');
        next(w);
    }
}

static void tell(struct walk *w, const struct ch_buf *dotted, size_t len)
{
    if (!dotted->failed && len > 0) {
        w->to->module(w->to->arg, ch_str_sub(ch_buf_str(dotted), 0, len));
    }
}

static void take_import(struct walk *w)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.member_path_bytes);
    do {
        next(w);
        ch_buf_clear(&b);
        take_dotted(w, &b);
        tell(w, &b, b.len);
        if (is_word(w, CH_STR("as"))) {
            next(w);
            next(w);
        }
    } while (is_op(w, ','));
    ch_buf_done(&b);
}

bool ch_imports_base(struct ch_str folder, size_t dots, struct ch_buf *ret)
{
    for (size_t i = 1; i < dots; i++) {
        if (folder.len == 0) {
            return false;
        }
        folder.len--;
        while (folder.len > 0 && folder.ptr[folder.len - 1] != '/') {
            folder.len--;
        }
    }
    for (size_t i = 0; i < folder.len; i++) {
        ch_buf_putc(ret, folder.ptr[i] == '/' ? '.' : folder.ptr[i]);
    }
    return true;
}

/* "from ..a import b, c": a, and b and c where they are modules. */
static void take_from(struct walk *w)
{
    struct ch_buf b;
    size_t dots = 0;
    ch_buf_init(&b, ch_limits.member_path_bytes);
    next(w);
    for (; is_dots(w); next(w)) {
        dots += w->tok.len;
    }
    bool inside = dots == 0 || ch_imports_base(w->folder, dots, &b);
    take_dotted(w, &b);
    if (inside && is_word(w, CH_STR("import"))) {
        size_t base = b.len;
        if (base > 0 && b.ptr[base - 1] == '.') {
            base--;
        }
        tell(w, &b, base);
        for (next(w); w->tok.type == CH_TOKEN_NAME || is_op(w, ',') || is_op(w, '('); next(w)) {
            b.len = base;
            if (w->tok.type == CH_TOKEN_NAME) {
                ch_buf_puts(&b, base > 0 ? CH_STR(".") : CH_STR(""));
                CH_IGNORE(ch_token_name(ch_token_str(w->text, &w->tok), &b));
                tell(w, &b, b.len);
            }
        }
    }
    ch_buf_done(&b);
}

/* Whether the source only ever asks texts for it, ".startswith(": a class of its own could do with its argument what
 * it wants, and what an attribute is set to, too. */
static bool only_asks(struct ch_str text, struct ch_str word)
{
    size_t at;
    for (size_t from = 0; ch_str_find(ch_str_sub(text, from, text.len), word, &at);
         from += at + 1) {
        size_t end = from + at + word.len;
        while (end < text.len && text.ptr[end] == ' ') {
            end++;
        }
        if (from + at == 0 || text.ptr[from + at - 1] != '.' || end == text.len ||
            text.ptr[end] != '(') {
            return false;
        }
    }
    return true;
}

/* Along "NAME.startswith(" and the texts in its brackets, of which nothing comes but whether it
 * does. */
static void note_asking(struct walk *w)
{
    bool word = is_word(w, CH_STR("startswith")) || is_word(w, CH_STR("endswith"));
    bool goes_on = is_op(w, '(') || is_op(w, ',') || w->tok.type == CH_TOKEN_STRING;
    if (is_op(w, '.') && w->may_ask) {
        w->asks = ASKS_DOT;
    } else if (w->asks == ASKS_DOT && word) {
        w->asks = ASKS_NAME;
    } else if (w->asks >= ASKS_NAME && (w->asks == ASKS_OF ? goes_on : is_op(w, '('))) {
        w->asks = ASKS_OF;
    } else {
        w->asks = ASKS_NOTHING;
    }
}

/* Not what is only looked for: ".tests." not in name, name.startswith("tests."). */
static void take_text(struct walk *w)
{
    struct ch_buf b;
    struct ch_token text = w->tok;
    next(w);
    bool asked = text.type == CH_TOKEN_STRING &&
                 (w->asks == ASKS_OF || is_word(w, CH_STR("in")) || is_word(w, CH_STR("not")));
    if ((asked && w->to->asked == NULL) || text.len > ch_limits.member_path_bytes) {
        return;
    }
    ch_buf_init(&b, ch_limits.member_path_bytes);
    ch_token_value(w->text, &text, &b);
    if (!b.failed && asked) {
        w->to->asked(w->to->arg, ch_buf_str(&b), w->asks == ASKS_OF);
    } else if (!b.failed) {
        w->to->text(w->to->arg, ch_buf_str(&b));
    }
    ch_buf_done(&b);
}

unsigned ch_imports_asks_own(struct ch_str bytes)
{
    size_t at;
    bool texts = only_asks(bytes, CH_STR("startswith")) && only_asks(bytes, CH_STR("endswith"));
    return (texts ? 0U : CH_ASKS_BY_METHOD) |
           (ch_str_find(bytes, CH_STR("__contains__"), &at) ? CH_ASKS_BY_IN : 0U);
}

void ch_imports_of(struct ch_str bytes, struct ch_str folder, const struct ch_imports *to)
{
    struct ch_source_text source;
    struct walk w = {.to = to, .folder = folder};
    ch_source_text_init(&source, bytes);
    w.text = source.text;
    w.may_ask = only_asks(w.text, CH_STR("startswith")) && only_asks(w.text, CH_STR("endswith"));
    ch_tokenizer_init(&w.t, w.text);
    next(&w);
    for (bool first = true; w.tok.type != CH_TOKEN_END;) {
        note_asking(&w);
        if (first && is_word(&w, CH_STR("import"))) {
            take_import(&w);
            first = false;
        } else if (first && is_word(&w, CH_STR("from"))) {
            take_from(&w);
            first = false;
        } else {
            if (w.tok.type == CH_TOKEN_STRING || w.tok.type == CH_TOKEN_FSTRING_MIDDLE) {
                take_text(&w);
                first = false;
                continue;
            }
            if (w.tok.type == CH_TOKEN_NAME && to->name != NULL) {
                to->name(to->arg, ch_token_str(w.text, &w.tok));
            }
            first = w.tok.type == CH_TOKEN_NEWLINE || w.tok.type == CH_TOKEN_INDENT ||
                    w.tok.type == CH_TOKEN_DEDENT || is_op(&w, ':') || is_op(&w, ';');
            next(&w);
        }
    }
    ch_source_text_done(&source);
}

bool ch_imports_may_hide(struct ch_str bytes)
{
    struct ch_source_text source;
    if (ch_str_ascii(bytes) == bytes.len) {
        return false;
    }
    bool found = false;
    ch_source_text_init(&source, bytes);
    for (size_t i = ch_str_ascii(source.text); i < source.text.len && !found;) {
        size_t n;
        found = token_folds(token_utf8_at(source.text, i, &n));
        i += n;
        i += ch_str_ascii(ch_str_sub(source.text, i, SIZE_MAX));
    }
    ch_source_text_done(&source);
    return found;
}
