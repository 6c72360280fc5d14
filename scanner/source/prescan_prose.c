/* Sentences and comments: where a word is no name of the program. By its line alone, and never for
 * what might be code. */
#include "scanner/source/prescan.h"

/* Whether a name may follow the word that ends at `end`: behind a keyword, or behind a number and
 * one. */
bool prescan_may_follow(struct ch_str s, size_t end)
{
    static const char *const keywords[] = {"and",   "as",     "assert", "await",  "case",    "del",
                                           "elif",  "else",   "except", "exec",   "for",     "from",
                                           "if",    "import", "in",     "is",     "lambda",  "not",
                                           "or",    "print",  "raise",  "return", "while",   "with",
                                           "yield", "async",  "match",  "global", "nonlocal"};
    size_t at = end;
    while (at > 0 && prescan_is_name(s, at - 1)) {
        at--;
    }
    struct ch_str word = ch_str_sub(s, at, end - at);
    if ((word.ptr[0] >= '0' && word.ptr[0] <= '9') || (at > 0 && s.ptr[at - 1] == '.')) {
        return true; /* a number, then a keyword: 1if x else y, 1.e5or y */
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(keywords); i++) {
        if (ch_str_eq(word, ch_str_of(keywords[i]))) {
            return true;
        }
    }
    return false;
}

/* Whether what stands behind a name, and behind blanks, is another word or a text: no operand has
 * one behind it in Python but a keyword that joins. So it is in a comment or in a documentation's
 * sentence. */
bool prescan_goes_on_as_prose(struct ch_str s, size_t end)
{
    static const char *const keywords[] = {"and", "as",     "async", "else", "for", "from",
                                           "if",  "import", "in",    "is",   "not", "or"};
    size_t to = end;
    while (prescan_is_name(s, to)) {
        to++;
    }
    if (to == end) {
        return end < s.len && (s.ptr[end] == '\'' || s.ptr[end] == '"' || s.ptr[end] == '`');
    }
    struct ch_str word = ch_str_sub(s, end, to - end);
    for (size_t i = 0; i < CH_ARRAY_LEN(keywords); i++) {
        if (ch_str_eq(word, ch_str_of(keywords[i]))) {
            return false;
        }
    }
    return true;
}

/* Behind def, class and type, which end at `end`. */
static bool is_defined(struct ch_str s, size_t end)
{
    size_t at = end;
    while (at > 0 && prescan_is_name(s, at - 1)) {
        at--;
    }
    struct ch_str word = ch_str_sub(s, at, end - at);
    return ch_str_eq(word, CH_STR("def")) || ch_str_eq(word, CH_STR("class")) ||
           ch_str_eq(word, CH_STR("type"));
}

/* Whether a name stands between other words than Python has beside one: in a sentence. */
bool prescan_in_prose(struct ch_str s, size_t at, size_t end)
{
    size_t from = prescan_back_over_blanks(s, at);
    if (from > 0 && from < at && prescan_is_name(s, from - 1) && !prescan_may_follow(s, from) &&
        !is_defined(s, from)) {
        return true;
    }
    size_t next = prescan_over_blanks(s, end);
    return prescan_is_name(s, next) && prescan_goes_on_as_prose(s, next);
}

/* Whether the name at `at` cannot but be in a comment or in a text, by what stands before it on its
 * line: a # and no quote (so that either a comment begins there, or a text goes on, which has not
 * ended), or the :// of an address. A brace may be that of an f-string, which lets code in. */
bool prescan_in_comment(struct ch_str s, size_t at)
{
    enum { FAR = 1000 };
    size_t least = at > FAR ? at - FAR : 0;
    bool hash = false;
    bool blank = false;
    for (; at > 0 && s.ptr[at - 1] != '\n' && s.ptr[at - 1] != '\r'; at--) {
        if (at == least) {
            return false;
        }
        char c = s.ptr[at - 1];
        if (c == '"' || c == '\'' || (c == '{' && !hash)) {
            return false;
        }
        hash = hash || c == '#';
        blank = blank || c == ' ' || c == '\t' || c == '\f';
        if (c == '/' && !blank && at >= 3 && s.ptr[at - 2] == '/' && s.ptr[at - 3] == ':') {
            return true;
        }
    }
    return hash;
}
