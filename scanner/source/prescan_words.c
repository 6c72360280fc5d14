/* Many words at once: four bytes of each are hashed into a table of bits that fits the first cache;
 * only where that has a bit, the words of these bytes are compared. */
#include <string.h>

#include "scanner/source/prescan.h"
#include "scanner/source/token_int.h"

enum { GRAM = 4, TABLE_BITS = 16, HEADS = 4096 };

struct word {
    struct ch_str text;
    uint8_t kind;
    uint8_t at; /* of its four bytes */
    bool alone;
    uint16_t next; /* + 1 */
};

static struct word words[WORDS_MAX];
static uint32_t word_count;
static uint64_t table[(1 << TABLE_BITS) / 64];
static uint16_t heads[HEADS];

static uint32_t hash(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return (v | 0x20202020U) * 2654435761U >> (32 - TABLE_BITS);
}

uint16_t words_add(struct ch_str text, enum word_kind kind)
{
    for (uint32_t i = 0; i < word_count; i++) {
        if (words[i].kind == kind && ch_str_eq(words[i].text, text)) {
            return (uint16_t)i;
        }
    }
    CH_ASSERT(text.len >= GRAM && word_count < WORDS_MAX);
    words[word_count] = (struct word){.text = text, .kind = (uint8_t)kind};
    return (uint16_t)word_count++;
}

void words_alone(uint16_t word, bool enough)
{
    words[word].alone = words[word].alone || enough;
}

/* How rare a byte is in source: letters by their use in English, what is no letter most of all. */
static uint32_t rarity(char c)
{
    static const char common[] = "_etaoinsrlcdpumfhgbvywkxjqz";
    const char *at = c != 0 ? strchr(common, c | 0x20) : NULL;
    return c == '_' ? 0 : at != NULL ? (uint32_t)(at - common) : 20;
}

void words_made(void)
{
    for (uint32_t i = 0; i < word_count; i++) {
        uint32_t best = 0;
        for (size_t at = 0; at + GRAM <= words[i].text.len; at++) {
            uint32_t sum = 1;
            for (size_t k = 0; k < GRAM; k++) {
                sum += rarity(words[i].text.ptr[at + k]);
            }
            if (sum > best) {
                best = sum;
                words[i].at = (uint8_t)at;
            }
        }
        uint32_t h = hash(words[i].text.ptr + words[i].at);
        table[h / 64] |= (uint64_t)1 << h % 64;
        words[i].next = heads[h % HEADS];
        heads[h % HEADS] = (uint16_t)(i + 1);
    }
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
    while (at > 0 && is_name_byte(s, at - 1) && end - at < 16) {
        at--;
    }
    struct ch_str word = ch_str_sub(s, at, end - at);
    while (word.len > 1 && word.ptr[0] >= '0' && word.ptr[0] <= '9') { /* 1if x else y */
        word = ch_str_sub(word, 1, word.len);
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

/* After import or from, or in a list, which may be one of them. */
static bool is_imported(struct ch_str s, size_t at)
{
    struct ch_str word = word_before(s, at);
    if (word.len > 0) {
        return ch_str_eq(word, CH_STR("import")) || ch_str_eq(word, CH_STR("from"));
    }
    while (at > 0 && (is_gap(s.ptr[at - 1]) || s.ptr[at - 1] == '\\')) {
        at--;
    }
    char before = at > 0 ? s.ptr[at - 1] : '\n';
    return before == ',' || before == '(' || ch_str_eq(word_before(s, at), CH_STR("import"));
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

/* from somewhere import *: any module may have come along. */
static bool has_star(struct ch_str s)
{
    const struct ch_str word = CH_STR("import");
    const char *end = s.ptr + s.len;
    const char *p = s.ptr;
    while ((p = memmem(p, (size_t)(end - p), word.ptr, word.len)) != NULL) {
        p += word.len;
        while (p < end && (*p == ' ' || *p == '\t' || *p == '\\' || *p == '\n' || *p == '\r')) {
            p++;
        }
        if (p < end && *p == '*') {
            return true;
        }
    }
    return false;
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

static bool stands(struct ch_str s, size_t at, struct ch_str word, enum word_kind kind,
                   const struct words_seen *seen)
{
    if (!same(s, at, word, kind == WORD_TEXT || kind == WORD_PIECE)) {
        return false;
    }
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
        return name && (is_imported(s, at) || (is_operand(s, at) && has_star(seen->text)));
    case WORD_SPACE:
        return name && is_operand(s, at) && !is_harmless(s, at, end);
    case WORD_GETATTR:
        return name && !plain_getattr(s, end);
    case WORD_PIECE:
        return before == '/' || before == '\\' || before == '"' || before == '\'';
    case WORD_ADDRESS:
        return begins_address(s, end - 1);
    }
    return true;
}

static bool compare(struct ch_str s, size_t at, uint32_t h, struct words_seen *seen)
{
    for (uint32_t i = heads[h % HEADS]; i != 0; i = words[i - 1].next) {
        const struct word *w = &words[i - 1];
        if (at >= w->at && !words_has(seen, (uint16_t)(i - 1)) &&
            stands(s, at - w->at, w->text, (enum word_kind)w->kind, seen)) {
            seen->bits[(i - 1) / 64] |= (uint64_t)1 << (i - 1) % 64;
            if (w->alone) {
                return true;
            }
        }
    }
    return false;
}

static inline uint64_t bit(uint32_t h)
{
    return table[h / 64] >> h % 64 & 1;
}

static bool step(struct ch_str s, size_t from, size_t to, struct words_seen *seen)
{
    for (size_t at = from; at < to; at++) {
        uint32_t h = hash(s.ptr + at);
        if (bit(h) != 0 && compare(s, at, h, seen)) {
            return true;
        }
    }
    return false;
}

bool words_scan(struct ch_str s, struct words_seen *seen)
{
    enum { STEP = 4 };
    size_t at = 0;
    for (; at + STEP + GRAM <= s.len; at += STEP) {
        uint64_t any = 0;
        for (size_t i = 0; i < STEP; i++) {
            any |= bit(hash(s.ptr + at + i));
        }
        if (any != 0 && step(s, at, at + STEP, seen)) {
            return true;
        }
    }
    return step(s, at, s.len < GRAM ? 0 : s.len - GRAM + 1, seen);
}

bool words_brief(struct ch_str text, const char *word, enum word_kind kind,
                 const struct words_seen *seen)
{
    struct ch_str w = {word, strcspn(word, "./")};
    for (size_t at = 0; at + w.len <= text.len; at++) {
        const char *p = memchr(text.ptr + at, w.ptr[0], text.len - at);
        if (p == NULL) {
            return false;
        }
        at = (size_t)(p - text.ptr);
        if (at + w.len <= text.len && stands(text, at, w, kind, seen)) {
            return true;
        }
    }
    return false;
}
