/* Many words at once: where their letters stand is libhs's (scanner/literals.h); here, whether they
 * are a word there. */
#include <string.h>

#include "scanner/literals.h"
#include "scanner/source/prescan.h"
#include "scanner/source/token_int.h"

enum { LEAST = 4 }; /* bytes; shorter ones would be found everywhere */

struct word {
    struct ch_str text;
    uint8_t kind;
    bool alone;
};

static struct word words[WORDS_MAX];
static uint32_t word_count;
static struct ch_literals *literals;

static bool ignores_case(enum word_kind kind)
{
    return kind == WORD_TEXT || kind == WORD_PIECE;
}

uint16_t words_add(struct ch_str text, enum word_kind kind)
{
    for (uint32_t i = 0; i < word_count; i++) {
        if (words[i].kind == kind && ch_str_eq(words[i].text, text)) {
            return (uint16_t)i;
        }
    }
    CH_ASSERT(text.len >= LEAST && word_count < WORDS_MAX && literals == NULL);
    words[word_count] = (struct word){.text = text, .kind = (uint8_t)kind};
    return (uint16_t)word_count++;
}

void words_alone(uint16_t word, bool enough)
{
    words[word].alone = words[word].alone || enough;
}

void words_made(void)
{
    struct ch_literal list[WORDS_MAX];
    for (uint32_t i = 0; i < word_count; i++) {
        list[i] = (struct ch_literal){.bytes = words[i].text,
                                      .nocase = ignores_case((enum word_kind)words[i].kind),
                                      .once = words[i].kind == WORD_TEXT};
    }
    literals = ch_literals_new(list, word_count);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool same(struct ch_str s, size_t at, struct ch_str word, bool fold)
{
    if (s.len - at < word.len) {
        return false;
    }
    if (!fold) {
        return memcmp(s.ptr + at, word.ptr, word.len) == 0;
    }
    for (size_t i = 0; i < word.len; i++) {
        if (lower(s.ptr[at + i]) != word.ptr[i]) {
            return false;
        }
    }
    return true;
}

static bool is_name_byte(struct ch_str s, size_t at)
{
    return at < s.len && token_is((uint8_t)s.ptr[at], BYTE_NAME);
}

static bool is_gap(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Whether what follows getattr is "(something, 'name')" or the same with a default. */
static bool plain_getattr(struct ch_str s, size_t at)
{
    enum { FAR = 200 };
    size_t end = s.len - at < FAR ? s.len : at + FAR;
    uint32_t depth = 0;
    if (at >= end || s.ptr[at++] != '(') {
        return false;
    }
    for (; at < end && (s.ptr[at] != ',' || depth > 0); at++) {
        char c = s.ptr[at];
        depth += c == '(' || c == '[' || c == '{' ? 1U : 0U;
        bool closes = c == ')' || c == ']' || c == '}';
        if (c == '"' || c == '\'' || c == '#' || (closes && depth == 0)) {
            return false;
        }
        depth -= closes ? 1U : 0U;
    }
    at++;
    while (at < end && is_gap(s.ptr[at])) {
        at++;
    }
    if (at >= end || (s.ptr[at] != '"' && s.ptr[at] != '\'')) {
        return false;
    }
    char quote = s.ptr[at++];
    while (at < end && is_name_byte(s, at)) {
        at++;
    }
    if (at >= end || s.ptr[at++] != quote) {
        return false;
    }
    while (at < end && is_gap(s.ptr[at])) {
        at++;
    }
    return at < end && (s.ptr[at] == ',' || s.ptr[at] == ')');
}

/* Whether a name at `at` may be what an expression or an import begins with: not an attribute, not
 * what def defines, not in the middle of a sentence, not a text for itself. */
static bool is_operand(struct ch_str s, size_t at)
{
    static const char *const keywords[] = {"and",   "as",     "assert", "await",  "case",    "del",
                                           "elif",  "else",   "except", "exec",   "for",     "from",
                                           "if",    "import", "in",     "is",     "lambda",  "not",
                                           "or",    "print",  "raise",  "return", "while",   "with",
                                           "yield", "async",  "match",  "global", "nonlocal"};
    while (at > 0 && (s.ptr[at - 1] == ' ' || s.ptr[at - 1] == '\t')) {
        at--;
    }
    if (at == 0 || !is_name_byte(s, at - 1)) {
        char before = at > 0 ? s.ptr[at - 1] : '\n';
        return before != '.' && before != '"' && before != '\'' && before != '`';
    }
    size_t end = at;
    while (at > 0 && is_name_byte(s, at - 1)) {
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

/* The word before `at`, and before blanks. */
static struct ch_str word_before(struct ch_str s, size_t at)
{
    enum { LONGEST = 16 };
    while (at > 0 && (s.ptr[at - 1] == ' ' || s.ptr[at - 1] == '\t' || s.ptr[at - 1] == '\\')) {
        at--;
    }
    size_t end = at;
    while (at > 0 && is_name_byte(s, at - 1) && end - at < LONGEST) {
        at--;
    }
    return ch_str_sub(s, at, end - at);
}

/* Over all that may stand between two tokens but comments. */
static size_t back_over_gaps(struct ch_str s, size_t at)
{
    while (at > 0 && (is_gap(s.ptr[at - 1]) || s.ptr[at - 1] == '\f' || s.ptr[at - 1] == '\\')) {
        at--;
    }
    return at;
}

static size_t over_gaps(struct ch_str s, size_t at)
{
    while (at < s.len && (is_gap(s.ptr[at]) || s.ptr[at] == '\f' || s.ptr[at] == '\\')) {
        at++;
    }
    return at;
}

static size_t line_start(struct ch_str s, size_t at)
{
    while (at > 0 && s.ptr[at - 1] != '\n' && s.ptr[at - 1] != '\r') {
        at--;
    }
    return at;
}

/* Whether one of `marks` is the last before `at` but for gaps and comments. Where a comment begins cannot be
 * told backwards: each # may begin one. */
static bool comes_after(struct ch_str s, size_t at, const char *marks)
{
    for (;;) {
        size_t end = back_over_gaps(s, at);
        if (end == 0 || strchr(marks, s.ptr[end - 1]) != NULL) {
            return end > 0;
        }
        size_t start = line_start(s, end);
        if (line_start(s, at) == start) { /* no line end between: no comment either */
            return false;
        }
        bool alone = false;
        for (size_t i = end; i > start; i--) {
            size_t before = s.ptr[i - 1] == '#' ? back_over_gaps(s, i - 1) : 0;
            if (before > start && strchr(marks, s.ptr[before - 1]) != NULL) {
                return true;
            }
            alone = alone || (s.ptr[i - 1] == '#' && before <= start);
        }
        if (!alone) {
            return false;
        }
        at = start; /* the line is a comment */
    }
}

/* Whether what ends at `at` may be a comment: there is a # on its line, which is not that of `name`. */
static bool ends_comment(struct ch_str s, size_t at, size_t name)
{
    size_t start = line_start(s, at);
    return start != line_start(s, name) && memchr(s.ptr + start, '#', at - start) != NULL;
}

/* In the list of an import: before it, back to the keyword, are only names, each behind a comma, a dot or `as`. What
 * comments hide is taken for one. */
static bool is_in_import(struct ch_str s, size_t at)
{
    enum { FAR = 4096 };
    size_t least = at > FAR ? at - FAR : 0;
    size_t name = at;
    for (bool named = true;;) { /* whether a name is what was seen last */
        at = back_over_gaps(s, at);
        if (at <= least) {
            return least > 0;
        }
        size_t end = at;
        while (at > 0 && is_name_byte(s, at - 1)) {
            at--;
        }
        struct ch_str word = ch_str_sub(s, at, end - at);
        if (named && ch_str_eq(word, CH_STR("import"))) {
            return true;
        }
        bool as = named && ch_str_eq(word, CH_STR("as"));
        if (word.len > 0 && named && !as) {
            return ends_comment(s, end, name); /* two names side by side: prose */
        }
        if (word.len > 0) {
            named = !as;
            continue;
        }
        char c = s.ptr[at - 1];
        if (c == '(') { /* from a import (b, c */
            at = back_over_gaps(s, at - 1);
            return ch_str_ends(ch_str_sub(s, 0, at), CH_STR("import")) ||
                   ends_comment(s, at, name);
        }
        if (!named || (c != ',' && c != '.')) {
            return ends_comment(s, at, name);
        }
        named = false;
        at--;
    }
}

/* After import or from, or in the list of one. */
static bool is_imported(struct ch_str s, size_t at)
{
    struct ch_str word = word_before(s, back_over_gaps(s, at));
    return ch_str_eq(word, CH_STR("import")) || ch_str_eq(word, CH_STR("from")) ||
           is_in_import(s, at);
}

/* "from this import": that binds what it has, and not its name. */
static bool is_from(struct ch_str s, size_t at)
{
    return ch_str_eq(word_before(s, back_over_gaps(s, at)), CH_STR("from"));
}

/* Of another module, which has it: shutil.os, six.moves.urllib. */
static bool is_module_of_other(struct ch_str s, size_t at, struct ch_str word)
{
    return comes_after(s, at, ".") && module_within(word).len > 0;
}

/* "import a, this, b", as a statement of its own line. */
static bool is_in_list_of_imports(struct ch_str s, size_t at)
{
    enum { FAR = 200 };
    size_t from = at;
    while (from > 0 && at - from < FAR && s.ptr[from - 1] != '\n' && s.ptr[from - 1] != ';') {
        from--;
    }
    while (from < at && (s.ptr[from] == ' ' || s.ptr[from] == '\t')) {
        from++;
    }
    return ch_str_starts(ch_str_sub(s, from, at - from), CH_STR("import "));
}

static size_t over_blanks(struct ch_str s, size_t at)
{
    while (at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\t')) {
        at++;
    }
    return at;
}

static bool is_word_at(struct ch_str s, size_t at, struct ch_str word)
{
    return same(s, at < s.len ? at : s.len, word, false) && !is_name_byte(s, at + word.len);
}

/* From behind a name: whether only an attribute is taken of it, of those that are no way to another. */
static bool is_plain_attribute(struct ch_str s, size_t end)
{
    bool dot = end < s.len && s.ptr[end] == '.';
    return dot && is_name_byte(s, end + 1) && !ch_str_starts(ch_str_sub(s, end + 1, s.len), CH_STR("__"));
}

/* Whether the name from `at` on, which a module was given in an import, is anywhere a value. */
static bool other_name_is_object(struct ch_str s, size_t at, struct words_seen *seen)
{
    enum { NAMES_MANY = 16 }; /* for each the text is searched */
    struct ch_str name = {s.ptr + at, 0};
    while (is_name_byte(s, at + name.len)) {
        name.len++;
    }
    if (name.len == 0 || ch_str_ascii(name) < name.len || seen->other_names++ >= NAMES_MANY) {
        return true;
    }
    const char *p = s.ptr;
    for (; (p = memmem(p, s.len - (size_t)(p - s.ptr), name.ptr, name.len)) != NULL; p += name.len) {
        size_t from = (size_t)(p - s.ptr);
        size_t end = over_blanks(s, from + name.len);
        bool is = (from == 0 || !is_name_byte(s, from - 1)) && !is_name_byte(s, from + name.len);
        bool bound = ch_str_eq(word_before(s, from), CH_STR("as")) ||
                     (end < s.len && s.ptr[end] == '=' && (end + 1 == s.len || s.ptr[end + 1] != '='));
        if (is && !bound && !is_plain_attribute(s, end) && !is_word_at(s, end, CH_STR("is"))) {
            return true;
        }
    }
    return false;
}

static bool has_class(struct words_seen *seen)
{
    if (seen->class == CLASS_UNKNOWN) {
        bool there = memmem(seen->text.ptr, seen->text.len, "class", 5) != NULL;
        seen->class = there ? CLASS_YES : CLASS_NO;
    }
    return seen->class == CLASS_YES;
}

/* Whether the import of the name at `at` may stand in the body of a class: its attribute is then the
 * module, under whatever text is put together. What begins in a line's first column is in no block,
 * unless the line before goes on with it. */
static bool may_be_in_class(struct ch_str s, size_t at, struct words_seen *seen)
{
    size_t start = line_start(s, at);
    size_t before = start;
    while (before > 0 && (s.ptr[before - 1] == '\n' || s.ptr[before - 1] == '\r')) {
        before--;
    }
    bool first = is_word_at(s, start, CH_STR("import")) || is_word_at(s, start, CH_STR("from"));
    bool goes_on = before > 0 && s.ptr[before - 1] == '\\';
    return s.ptr == seen->text.ptr && (!first || goes_on) && has_class(seen);
}

/* A module as a value: not what one attribute is taken of at once, and not where it is imported but in
 * a class; under another name, where that is one. */
static bool is_object(struct ch_str s, size_t at, size_t end, struct words_seen *seen)
{
    end = over_blanks(s, end);
    bool attribute = at > 0 && s.ptr[at - 1] == '.';
    if (is_plain_attribute(s, end) || !(attribute || is_operand(s, at) || is_imported(s, at))) {
        return false;
    }
    bool as = is_word_at(s, over_gaps(s, end), CH_STR("as"));
    struct ch_str word = word_before(s, at);
    bool imported = as || ch_str_eq(word, CH_STR("import")) || ch_str_eq(word, CH_STR("from")) ||
                    is_in_list_of_imports(s, at);
    if (imported && may_be_in_class(s, at, seen)) {
        return true;
    }
    return as ? other_name_is_object(s, over_gaps(s, over_gaps(s, end) + 2), seen) : !imported;
}

/* Where globals() or locals() is only passed on, formatted, asked or set by name. */
static bool is_harmless(struct ch_str s, size_t at, size_t end)
{
    enum { FAR = 100 };
    if (s.len - end < 3 || s.ptr[end] != '(' || s.ptr[end + 1] != ')') {
        return false;
    }
    end += 2;
    if (s.ptr[end] == '[') {
        size_t stop = s.len - end < FAR ? s.len : end + FAR;
        for (end++; end < stop && s.ptr[end] != ']' && s.ptr[end] != '[' && s.ptr[end] != '#';) {
            end++;
        }
        for (end++; end < stop && s.ptr[end] == ' ';) {
            end++;
        }
        return end + 1 < stop && s.ptr[end - 1] != '#' && s.ptr[end] == '=' &&
               s.ptr[end + 1] != '=';
    }
    struct ch_str word = word_before(s, at);
    if (word.len > 0) {
        return ch_str_eq(word, CH_STR("in"));
    }
    while (at > 0 && is_gap(s.ptr[at - 1])) {
        at--;
    }
    char before = at > 0 ? s.ptr[at - 1] : '\n';
    bool passed = before == ',' || before == '*' || before == '%' ||
                  (before == '(' && at > 1 && is_name_byte(s, at - 2));
    return s.ptr[end] == '.' || (passed && (s.ptr[end] == ',' || s.ptr[end] == ')'));
}

static bool find_star(struct ch_str s)
{
    const struct ch_str word = CH_STR("import");
    const char *end = s.ptr + s.len;
    const char *p = s.ptr;
    while ((p = memmem(p, (size_t)(end - p), word.ptr, word.len)) != NULL) {
        p += word.len;
        while (p < end && (is_gap(*p) || *p == '\f' || *p == '\\')) {
            p++;
        }
        if (p < end && *p == '*') {
            return true;
        }
    }
    return false;
}

/* from somewhere import *: any module may have come along. */
static bool has_star(struct words_seen *seen)
{
    if (seen->star == STAR_UNKNOWN) {
        seen->star = find_star(seen->text) ? STAR_YES : STAR_NO;
    }
    return seen->star == STAR_YES;
}

/* The digits and dots alone: what ends the text is not to be seen here. */
static bool begins_address(struct ch_str s, size_t at)
{
    size_t end = at;
    while (end < s.len && (s.ptr[end] == '.' || (s.ptr[end] >= '0' && s.ptr[end] <= '9'))) {
        end++;
    }
    return text_address(ch_str_sub(s, at, end - at));
}

/* Whether what is written like the word from `at` on is one. */
static bool stands(struct ch_str s, size_t at, struct ch_str word, enum word_kind kind,
                   struct words_seen *seen)
{
    size_t end = at + word.len;
    char before = at > 0 ? s.ptr[at - 1] : '\n';
    bool name = !token_is((uint8_t)before, BYTE_NAME) && !is_name_byte(s, end);
    switch (kind) {
    case WORD_TEXT:
        return true;
    case WORD_NAME:
        return name;
    case WORD_ROOT:
        return name && is_operand(s, at);
    case WORD_MODULE:
        return name && (is_imported(s, at) || (is_operand(s, at) && has_star(seen)) ||
                        is_module_of_other(s, at, word));
    case WORD_BOUND:
        return name && ((is_imported(s, at) && !is_from(s, at)) ||
                        (is_operand(s, at) && has_star(seen)) || is_module_of_other(s, at, word));
    case WORD_OBJECT:
        return name && is_object(s, at, end, seen);
    case WORD_SPACE:
        return name && is_operand(s, at) && !is_harmless(s, at, end);
    case WORD_GETATTR:
        return name && !plain_getattr(s, end);
    case WORD_LOADS:
        return name && !ch_str_starts(ch_str_sub(s, end, s.len), CH_STR("(pickle.dumps("));
    case WORD_PIECE:
        return before == '/' || before == '\\' || before == '"' || before == '\'';
    case WORD_ADDRESS:
        return begins_address(s, end - 1);
    }
    return true;
}

struct search {
    struct ch_str text;
    struct words_seen *seen;
};

static bool on_word(void *arg, uint32_t i, size_t end)
{
    const struct search *x = arg;
    const struct word *w = &words[i];
    if (words_has(x->seen, (uint16_t)i) ||
        !stands(x->text, end - w->text.len, w->text, (enum word_kind)w->kind, x->seen)) {
        return false;
    }
    x->seen->bits[i / 64] |= (uint64_t)1 << i % 64;
    return w->alone;
}

bool words_scan(struct ch_str s, struct words_seen *seen)
{
    struct search x = {s, seen};
    return ch_literals_search(literals, s, on_word, &x);
}

bool words_brief(struct ch_str text, const char *word, enum word_kind kind, struct words_seen *seen)
{
    struct ch_str w = {word, strcspn(word, "./(")};
    for (size_t at = 0; at + w.len <= text.len; at++) {
        const char *p = memchr(text.ptr + at, w.ptr[0], text.len - at);
        if (p == NULL) {
            return false;
        }
        at = (size_t)(p - text.ptr);
        if (same(text, at, w, ignores_case(kind)) && stands(text, at, w, kind, seen)) {
            return true;
        }
    }
    return false;
}
