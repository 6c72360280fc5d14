#include "scanner/content/source_text.h"

#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/token_int.h"

enum {
    NEST_MAX = 32,   /* strings in f-strings in strings */
    PIECE_MIN = 6,   /* shorter pieces could spell anything ... */
    SHORT_PART = 6,  /* ... so they may be one part in so many */
    PERIOD_MAX = 64, /* of a repeated piece */
    FIRST_NESTED_FSTRINGS = 12,
};

/* --- comments --- */

struct level {
    char quote;
    bool triple;
    bool raw;
    bool format;
    unsigned braces;   /* open within the expression that interrupts this string */
    unsigned brackets; /* ... of the other kinds */
};

struct scan {
    struct ch_str s;
    size_t at;
    struct level level[NEST_MAX];
    unsigned depth; /* strings that we are in */
    bool in_code;   /* of the innermost: within {...} */
    bool nested;
    struct ch_buf *out;
};

static bool is_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           c == '_' || c >= 0x80;
}

static bool closes(const struct scan *x, const struct level *l)
{
    size_t n = l->triple ? 3 : 1;
    for (size_t i = 0; i < n; i++) {
        if (x->at + i >= x->s.len || x->s.ptr[x->at + i] != l->quote) {
            return false;
        }
    }
    return true;
}

/* The letters right before a quote that make a string raw, bytes or an f-string; they are taken back from
 * what was written, so that strings that stand beside each other join. */
static size_t take_prefix(struct scan *x, struct level *l)
{
    static const char letters[] = "rbuftRBUFT";
    size_t n = 0;
    while (n < x->at && is_word((uint8_t)x->s.ptr[x->at - n - 1])) {
        char c = x->s.ptr[x->at - n - 1];
        if (n == 2 || strchr(letters, c) == NULL) {
            return 0;
        }
        c = (char)(c | 0x20);
        l->raw = l->raw || c == 'r';
        l->format = l->format || c == 'f' || c == 't';
        n++;
    }
    return n;
}

static void open_string(struct scan *x)
{
    struct level l = {.quote = x->s.ptr[x->at]};
    size_t prefix = take_prefix(x, &l);
    if (prefix == 0) {
        l.raw = false;
        l.format = false;
    }
    x->out->len -= prefix <= x->out->len ? prefix : 0;
    l.triple = ch_str_eq(ch_str_sub(x->s, x->at, 3), l.quote == '"' ? CH_STR("\"\"\"")
                                                                    : CH_STR("'''"));
    size_t n = l.triple ? 3 : 1;
    ch_buf_puts(x->out, ch_str_sub(x->s, x->at, n));
    x->at += n;
    if (x->depth < NEST_MAX) {
        x->level[x->depth++] = l;
        x->in_code = false;
    }
}

static void put(struct scan *x, size_t n)
{
    struct ch_str piece = ch_str_sub(x->s, x->at, n);
    ch_buf_puts(x->out, piece);
    x->at += piece.len;
}

static void step_string(struct scan *x)
{
    struct level *l = &x->level[x->depth - 1];
    char c = x->s.ptr[x->at];
    if (c == '\\') {
        put(x, 2);
    } else if (closes(x, l)) {
        put(x, l->triple ? 3 : 1);
        x->depth--;
        x->in_code = true;
    } else if (c == '\n' && !l->triple) {
        put(x, 1); /* no valid source; goes on as code */
        x->depth--;
        x->in_code = true;
    } else if (l->format && x->nested && ch_str_eq(ch_str_sub(x->s, x->at, 2), CH_STR("{{"))) {
        put(x, 2);
    } else if (l->format && x->nested && c == '{') {
        put(x, 1);
        l->braces = 1;
        l->brackets = 0;
        x->in_code = true;
    } else {
        put(x, 1);
    }
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\\';
}

/* "'a' + 'b'": compilers make one string of it, as of strings that stand beside each other. */
static bool joins_strings(const struct scan *x)
{
    size_t before = x->out->len;
    size_t after = x->at + 1;
    while (before > 0 && is_blank(x->out->ptr[before - 1])) {
        before--;
    }
    while (after < x->s.len && is_blank(x->s.ptr[after])) {
        after++;
    }
    for (int i = 0; i < 2 && after < x->s.len; i++) { /* a prefix */
        after += x->s.ptr[after] != '\0' && strchr("rbufRBUF", x->s.ptr[after]) != NULL ? 1 : 0;
    }
    char left = before > 0 ? x->out->ptr[before - 1] : ' ';
    char right = after < x->s.len ? x->s.ptr[after] : ' ';
    return (left == '"' || left == '\'') && (right == '"' || right == '\'');
}

/* "{x:#x}": a format begins with the ':' outside of all brackets, and has no comments. */
static bool in_format(const struct scan *x)
{
    const struct level *l = x->depth > 0 ? &x->level[x->depth - 1] : NULL;
    return l != NULL && l->braces == 1 && l->brackets == 0 && x->at > 0 &&
           x->s.ptr[x->at - 1] == ':';
}

static void step_code(struct scan *x)
{
    char c = x->s.ptr[x->at];
    if (c == '+' && joins_strings(x)) {
        x->at++;
        return;
    }
    if (c == '#' && !in_format(x)) {
        size_t end;
        struct ch_str rest = ch_str_sub(x->s, x->at, x->s.len);
        x->at += ch_str_find_char(rest, '\n', &end) ? end : rest.len;
        return;
    }
    if (c == '"' || c == '\'') {
        open_string(x);
        return;
    }
    if (x->depth > 0) {
        struct level *l = &x->level[x->depth - 1];
        l->brackets += c == '(' || c == '[' ? 1 : 0;
        l->brackets -= (c == ')' || c == ']') && l->brackets > 0 ? 1 : 0;
    }
    if (x->depth > 0 && (c == '{' || c == '}')) {
        struct level *l = &x->level[x->depth - 1];
        l->braces = c == '{' ? l->braces + 1 : l->braces - 1;
        x->in_code = l->braces > 0;
    }
    put(x, 1);
}

static void strip_comments(struct ch_str source, unsigned minor, struct ch_buf *out)
{
    struct scan x = {
        .s = source, .in_code = true, .nested = minor >= FIRST_NESTED_FSTRINGS, .out = out};
    while (x.at < source.len) {
        if (x.depth > 0 && !x.in_code) {
            step_string(&x);
        } else {
            step_code(&x);
        }
    }
}

/* --- squeezing --- */

/* What is left out on both sides: blanks (docstrings lose their indentation), quotes, backslashes and
 * brackets (written again from annotations). */
static bool is_dropped(uint8_t c)
{
    return c <= ' ' ? c == ' ' || (c >= '\t' && c <= '\r')
                    : c == '\'' || c == '"' || c == '\\' || c == '(' || c == ')' || c == '{' ||
                          c == '}';
}

/* Of several '%' one: "%%s" is "%s" in what a compiler makes of a format. */
static void squeeze(struct ch_buf *out, struct ch_str s)
{
    size_t from = 0;
    for (size_t i = 0; i <= s.len; i++) {
        if (i == s.len || is_dropped((uint8_t)s.ptr[i]) ||
            (s.ptr[i] == '%' && i + 1 < s.len && s.ptr[i + 1] == '%')) {
            ch_buf_puts(out, ch_str_sub(s, from, i - from));
            from = i + 1;
        }
    }
}

/* Escapes replaced by what they stand for, wherever they stand: in code there are none. */
static void decode(struct ch_buf *out, struct ch_str s, bool is_bytes)
{
    const uint8_t *p = (const uint8_t *)s.ptr;
    const uint8_t *end = p + s.len;
    while (p < end) {
        int64_t value = *p;
        if (*p != '\\' || end - p == 1) {
            ch_buf_putc(out, (char)*p++);
            continue;
        }
        p = token_escape(p, end, is_bytes, &value);
        if (value >= 0 && is_bytes) {
            ch_buf_putc(out, (char)value);
        } else if (value >= 0) {
            ch_buf_put_code_point(out, (uint32_t)value); /* as marshal writes it: surrogates too */
        }
    }
}

static void add_words(struct source_text *t, struct ch_str s)
{
    size_t from = 0;
    bool defines = false;
    for (size_t i = 0; i <= s.len; i++) {
        if (i == s.len || !is_word((uint8_t)s.ptr[i])) {
            struct ch_str word = ch_str_sub(s, from, i - from);
            from = i + 1;
            if (word.len == 0) {
                continue;
            }
            CH_IGNORE(!names_add(&t->words, word));
            if (defines) {
                CH_IGNORE(!names_add(&t->defined, word));
            }
            defines = ch_str_eq(word, CH_STR("class")) || ch_str_eq(word, CH_STR("def"));
        }
    }
}

void source_text_init(struct source_text *t, struct ch_str source, unsigned minor)
{
    struct ch_buf code;
    struct ch_buf text;
    size_t at;
    *t = (struct source_text){.over = false};
    ch_buf_init(&code, source.len + 1);
    ch_buf_init(&text, 2 * source.len + 8);
    ch_buf_init(&t->plain, source.len + 1);
    ch_buf_init(&t->decoded, 2 * source.len + 8);
    ch_buf_init(&t->binary, 2 * source.len + 8);
    strip_comments(source, minor, &code);
    struct ch_str s = ch_buf_str(&code);
    t->named_characters = ch_str_find(s, CH_STR("\\N{"), &at);
    add_words(t, s);
    squeeze(&t->plain, s);
    decode(&text, s, false);
    squeeze(&t->decoded, ch_buf_str(&text));
    ch_buf_clear(&text);
    decode(&text, s, true);
    squeeze(&t->binary, ch_buf_str(&text));
    t->over = t->words.over || code.failed || text.failed || t->plain.failed || t->decoded.failed ||
              t->binary.failed;
    ch_buf_done(&code);
    ch_buf_done(&text);
}

void source_text_done(struct source_text *t)
{
    names_done(&t->words);
    names_done(&t->defined);
    ch_buf_done(&t->plain);
    ch_buf_done(&t->decoded);
    ch_buf_done(&t->binary);
}

/* --- names --- */

/* Words in names that compilers make: of scopes, of class bodies, of type parameters. */
static bool is_synthetic(struct ch_str word)
{
    static const char *const words[] = {
        "module",         "lambda",        "listcomp",        "setcomp",
        "dictcomp",       "genexpr",       "locals",          "generic",
        "parameters",     "of",            "defaults",        "kwdefaults",
        "type_params",    "generic_base",  "format",          "annotate",
        "__annotate__",   "__annotate_func__", "__annotations__", "__module__",
        "__qualname__",   "__name__",      "__doc__",         "__class__",
        "__classcell__",  "__classdict__", "__classdictcell__", "__static_attributes__",
        "join", /* of the parts of a long f-string */
        "__firstlineno__", "__type_params__", "__orig_bases__", "__conditional_annotations__",
        "__enter__",      "__exit__",      "__aenter__",      "__aexit__",
        "return",         "AssertionError", "NotImplementedError", "StopIteration",
        "top",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        if (ch_str_eq(word, ch_str_of(words[i]))) {
            return true;
        }
    }
    return false;
}

/* "_Class__name" is what "__name" becomes within a class "Class" or "_Class". */
static bool is_mangled(const struct source_text *t, struct ch_str word)
{
    for (size_t i = 1; ch_str_starts(word, CH_STR("_")) && i + 2 < word.len; i++) {
        if (word.ptr[i] == '_' && word.ptr[i + 1] == '_' &&
            names_has(&t->words, ch_str_sub(word, i, word.len)) &&
            (names_has(&t->words, ch_str_sub(word, 1, i - 1)) ||
             names_has(&t->words, ch_str_sub(word, 0, i)))) {
            return true;
        }
    }
    return false;
}

static bool is_number(struct ch_str word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] < '0' || word.ptr[i] > '9') {
            return false;
        }
    }
    return true;
}

bool source_text_has_name(const struct source_text *t, struct ch_str name)
{
    size_t from = 0;
    for (size_t i = 0; i <= name.len; i++) {
        if (i < name.len && is_word((uint8_t)name.ptr[i])) {
            continue;
        }
        struct ch_str word = ch_str_sub(name, from, i - from);
        if (word.len > 0 && !names_has(&t->words, word) && !is_synthetic(word) &&
            !is_number(word) && !is_mangled(t, word)) {
            return false;
        }
        from = i + 1;
    }
    return true;
}

/* --- strings --- */

static bool search(struct source_text *t, struct ch_str piece, bool is_bytes)
{
    struct ch_str first = ch_buf_str(&t->plain);
    struct ch_str second = ch_buf_str(is_bytes ? &t->binary : &t->decoded);
    size_t at;
    t->searched_bytes += first.len + second.len;
    if (t->searched_bytes > ch_limits.pyc_search_bytes) {
        t->over = true;
        return false;
    }
    return ch_str_find(first, piece, &at) || ch_str_find(second, piece, &at);
}

/* How much of the beginning of `s` is in the source; what is in it is so with all its beginnings. */
static size_t longest_prefix(struct source_text *t, struct ch_str s, bool is_bytes)
{
    size_t low = 0;
    size_t high = s.len;
    while (low < high && !t->over) {
        size_t mid = low + (high - low + 1) / 2;
        if (search(t, ch_str_sub(s, 0, mid), is_bytes)) {
            low = mid;
        } else {
            high = mid - 1;
        }
    }
    return low;
}

/* How much of the beginning of `s` repeats a piece of the source: three times at least, or twice as a
 * whole. */
static size_t repetition(struct source_text *t, struct ch_str s, bool is_bytes)
{
    for (size_t period = 1; period <= PERIOD_MAX && 2 * period <= s.len; period++) {
        size_t n = period;
        while (n < s.len && s.ptr[n] == s.ptr[n - period]) {
            n++;
        }
        if ((n >= 3 * period && n >= PIECE_MIN) || (n == s.len && n >= 2 * period)) {
            return search(t, ch_str_sub(s, 0, period), is_bytes) ? n : 0;
        }
    }
    return 0;
}

static bool has_squeezed(struct source_text *t, struct ch_str s, bool is_bytes)
{
    size_t may_be_short = s.len / SHORT_PART;
    if (s.len == 0 || search(t, s, is_bytes)) {
        return true;
    }
    while (s.len > 0 && !t->over) {
        size_t n = repetition(t, s, is_bytes);
        n = n > 0 ? n : longest_prefix(t, s, is_bytes);
        if (n == 0 || (n < PIECE_MIN && n < s.len && n > may_be_short)) {
            return false;
        }
        may_be_short -= n < PIECE_MIN && n <= may_be_short ? n : 0;
        s = ch_str_sub(s, n, s.len);
    }
    return !t->over;
}

/* "f.<locals>.C": what classes call themselves is a constant of their bodies. */
static bool is_qualified_name(const struct source_text *t, struct ch_str text)
{
    static const char *const scopes[] = {"<locals>",   "<lambda>",  "<genexpr>",
                                         "<listcomp>", "<setcomp>", "<dictcomp>"};
    struct ch_str rest = text;
    struct ch_str part;
    bool is = true;
    while (is && ch_str_split(&rest, '.', &part)) {
        is = names_has(&t->defined, part);
        for (size_t i = 0; !is && i < CH_ARRAY_LEN(scopes); i++) {
            is = ch_str_eq(part, ch_str_of(scopes[i]));
        }
    }
    return is;
}

bool source_text_has_string(struct source_text *t, struct ch_str text, bool is_bytes)
{
    struct ch_buf s;
    if (names_has(&t->words, text) ||
        (!is_bytes && (is_synthetic(text) || is_mangled(t, text))) || /* of arguments, too */
        (!is_bytes && is_qualified_name(t, text))) {
        return true;
    }
    ch_buf_init(&s, text.len + 1);
    squeeze(&s, text);
    if (t->named_characters && !is_bytes) {
        size_t to = 0;
        for (size_t i = 0; i < s.len; i++) {
            s.ptr[to] = s.ptr[i];
            to += (uint8_t)s.ptr[i] < 0x80;
        }
        s.len = to;
    }
    bool found = has_squeezed(t, ch_buf_str(&s), is_bytes);
    ch_buf_done(&s);
    return found;
}
