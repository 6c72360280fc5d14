/* What a file imports, by its text: around each word import, whatever stands there. */
#include "scanner/source/link.h"
#include "scanner/source/token_int.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\f' || c == '\\' || c == '\r';
}

/* Over blanks, and where `lines` over line ends and comments. */
static size_t over(struct ch_str s, size_t at, bool lines)
{
    while (at < s.len) {
        bool joined =
            s.ptr[at] == '\n' && at > 0 && (s.ptr[at - 1] == '\\' || s.ptr[at - 1] == '\r');
        if (is_blank(s.ptr[at]) || (s.ptr[at] == '\n' && (lines || joined))) {
            at++;
        } else if (s.ptr[at] == '#' && lines) {
            while (at < s.len && s.ptr[at] != '\n') {
                at++;
            }
        } else {
            break;
        }
    }
    return at;
}

static bool is_name_at(struct ch_str s, size_t at)
{
    return at < s.len && token_is((uint8_t)s.ptr[at], BYTE_NAME);
}

/* "a . b" at `at`, as "a.b"; what follows it. */
static size_t dotted_at(struct ch_str s, size_t at, bool lines, struct ch_buf *ret)
{
    ch_buf_clear(ret);
    for (;;) {
        size_t from = at;
        while (is_name_at(s, at) || (at < s.len && s.ptr[at] == '.')) {
            at++;
        }
        ch_buf_puts(ret, ch_str_sub(s, from, at - from));
        size_t next = over(s, at, lines);
        bool more = (next < s.len && s.ptr[next] == '.') ||
                    (at > from && s.ptr[at - 1] == '.' && next > at);
        if (!more || at == next) {
            return next;
        }
        at = next;
    }
}

static bool word_at(struct ch_str s, size_t at, struct ch_str word)
{
    return ch_str_starts(ch_str_sub(s, at, s.len), word) && !is_name_at(s, at + word.len);
}

/* After "from MODULE import" or, without a module, "import". */
static void names_at(struct ch_str s, size_t at, struct ch_str module, link_import_fn *on_import,
                     void *arg)
{
    struct ch_buf name;
    struct ch_buf own;
    ch_buf_init(&name, 4096);
    ch_buf_init(&own, 4096);
    at = over(s, at, false);
    bool lines = at < s.len && s.ptr[at] == '(';
    at = over(s, at + (lines ? 1 : 0), lines);
    if (at < s.len && s.ptr[at] == '*') {
        on_import(arg, module, CH_STR("*"), CH_STR("*"));
    }
    while (is_name_at(s, at)) {
        at = dotted_at(s, at, lines, &name);
        bool as = word_at(s, at, CH_STR("as"));
        if (as) {
            at = dotted_at(s, over(s, at + 2, lines), lines, &own);
        }
        if (module.len > 0) {
            on_import(arg, module, ch_buf_str(&name), ch_buf_str(as ? &own : &name));
        } else {
            on_import(arg, ch_buf_str(&name), (struct ch_str){NULL, 0},
                      as ? ch_buf_str(&own) : (struct ch_str){NULL, 0});
        }
        if (at == s.len || s.ptr[at] != ',') {
            break;
        }
        at = over(s, at + 1, lines);
    }
    ch_buf_done(&name);
    ch_buf_done(&own);
}

/* Backwards from the word import to the module of "from MODULE import"; absent: an import alone. */
static struct ch_str module_before(struct ch_str s, size_t at)
{
    size_t end = at;
    while (end > 0 && (is_blank(s.ptr[end - 1]) ||
                       (s.ptr[end - 1] == '\n' && end > 1 && s.ptr[end - 2] == '\\'))) {
        end--;
    }
    size_t start = end;
    while (start > 0 && (is_name_at(s, start - 1) || s.ptr[start - 1] == '.')) {
        start--;
    }
    size_t from = start;
    while (from > 0 && is_blank(s.ptr[from - 1])) {
        from--;
    }
    bool is = end > start && from >= 4 && ch_str_eq(ch_str_sub(s, from - 4, 4), CH_STR("from")) &&
              (from == 4 || !is_name_at(s, from - 5)) && (from < start || s.ptr[start] == '.');
    return is ? ch_str_sub(s, start, end - start) : (struct ch_str){NULL, 0};
}

void link_imports(struct ch_str text, link_import_fn *on_import, void *arg)
{
    const struct ch_str word = CH_STR("import");
    const char *end = text.ptr + text.len;
    const char *p = text.ptr;
    while (text.len > 0 && (p = memmem(p, (size_t)(end - p), word.ptr, word.len)) != NULL) {
        size_t at = (size_t)(p - text.ptr);
        if ((at == 0 || !is_name_at(text, at - 1)) && !is_name_at(text, at + word.len)) {
            names_at(text, at + word.len, module_before(text, at), on_import, arg);
        }
        p += word.len;
    }
}
