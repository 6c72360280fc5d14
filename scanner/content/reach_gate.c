#include "scanner/content/reach_gate.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/map.h"
#include "scanner/rules/prefilter.h"
#include "scanner/source/imports.h"

void reach_gate_init(struct reach_gate *g)
{
    *g = (struct reach_gate){.words = ch_map_new()};
}

void reach_gate_done(struct reach_gate *g)
{
    size_t cursor = 0;
    struct ch_str text;
    void *word;
    while (ch_map_next(g->words, &cursor, &text, &word)) {
        free(word);
    }
    ch_map_free(g->words);
    names_done(&g->spelled);
    prefilter_free(g->filter);
    free(g->word_of);
    free(g->seen);
}

static void spell(struct reach_gate *g, struct ch_str text, struct reach_word *w)
{
    if (g->spelled.count >= PREFILTER_WORDS_MAX || !names_add(&g->spelled, text)) {
        g->open = true;
        return;
    }
    size_t n = g->spelled.count;
    if ((n & (n - 1)) == 0) {
        g->word_of = ch_realloc_array(g->word_of, 2 * n, sizeof(g->word_of[0]));
    }
    g->word_of[n - 1] = w;
    prefilter_free(g->filter);
    g->filter = NULL;
}

struct reach_word *reach_gate_add(struct reach_gate *g, struct ch_str text)
{
    static const char before[] = "./\"' ";
    char spelled[PREFILTER_WORD_MIN];
    struct reach_word *w = ch_map_get(g->words, text);
    if (w == NULL) {
        w = ch_calloc(1, sizeof(*w));
        CH_IGNORE(ch_map_set(g->words, text, w));
        if (text.len >= PREFILTER_WORD_MIN) {
            spell(g, text, w);
        } else if (text.len + 1 < PREFILTER_WORD_MIN) {
            g->open = true;
        }
        /* "doc": with what stands before it */
        for (size_t i = 0; text.len + 1 == PREFILTER_WORD_MIN && i + 1 < sizeof(before); i++) {
            spelled[0] = before[i];
            memcpy(spelled + 1, text.ptr, text.len);
            spell(g, (struct ch_str){spelled, text.len + 1}, w);
        }
    }
    w->left++;
    return w;
}

static void make_filter(struct reach_gate *g)
{
    size_t count = g->spelled.count;
    struct prefilter_word *words = ch_calloc(count + 1, sizeof(*words));
    for (size_t i = 0; i < count; i++) {
        words[i].bytes = names_at(&g->spelled, i);
    }
    g->filter = prefilter_new(words, count);
    g->filter_words = count;
    free(g->seen);
    g->seen = ch_calloc(count + 1, sizeof(*g->seen));
    free(words);
}

static bool is_in(const char *set, char c)
{
    return c != '\0' && strchr(set, c) != NULL;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (uint8_t)c >= 0x80;
}

/* Blanks within a line, and backslashes that join lines. */
static size_t before_blanks(struct ch_str s, size_t at)
{
    while (at > 0 && is_in(" \t\f\\", s.ptr[at - 1])) {
        at--;
    }
    return at;
}

/* Whether the end of line before `at` is joined by a backslash. */
static bool is_joined(struct ch_str s, size_t at)
{
    while (at > 0 && is_in("\r\n", s.ptr[at - 1])) {
        at--;
    }
    return at > 0 && s.ptr[at - 1] == '\\';
}

/* Whether what begins at `at` may be imported: right behind its keyword; in its list; or first in a
 * line, where a list goes on behind anything, comments too. In brackets no name has dots.
 * `keyword`: where the source's first one stands. */
static bool is_imported(struct ch_str s, size_t at, bool dotted, size_t keyword)
{
    size_t end = before_blanks(s, at);
    struct ch_str before = ch_str_sub(s, 0, end);
    if (ch_str_ends(before, CH_STR("import")) || ch_str_ends(before, CH_STR("from"))) {
        return true;
    }
    if (end <= keyword) {
        return false;
    }
    char last = s.ptr[end - 1];
    return last == ',' || (is_in("(\r\n", last) && !dotted) ||
           (is_in("\r\n", last) && is_joined(s, end));
}

/* Where the dotted name begins that has the word at `at`: "a.b." and " . a . " before it belong to
 * it, the "from" of "from.a" does not. False: it is longer than is looked at. */
static bool dotted_start(struct ch_str s, size_t at, size_t *ret)
{
    enum { NAME_BYTES = 256 };
    size_t start = at;
    while (at - start <= NAME_BYTES) {
        size_t end = before_blanks(s, start);
        if (end == 0 || s.ptr[end - 1] != '.') {
            *ret = start;
            return true;
        }
        while (end > 0 && is_in(". \t\f\\", s.ptr[end - 1])) {
            end--;
        }
        start = end;
        while (start > 0 && is_letter(s.ptr[start - 1])) {
            start--;
        }
        struct ch_str name = ch_str_sub(s, start, end - start);
        if (name.len == 0 || ch_str_eq(name, CH_STR("from"))) {
            *ret = end;
            return true;
        }
    }
    return false;
}

/* Whether the word at `at` stands as names of modules and files do: in a path or a text, or imported. Prose has
 * it between blanks, and code that uses a module has imported it. */
static bool is_name(struct ch_str s, size_t at, size_t len, size_t keyword)
{
    size_t start = at;
    char before = at > 0 ? s.ptr[at - 1] : '\0';
    char after = at + len < s.len ? s.ptr[at + len] : '\0';
    if (is_in("/\\\"'}", before) || is_in("/\\\"'{", after)) {
        return true;
    }
    if (is_letter(before) || is_letter(after)) {
        return false;
    }
    if (!dotted_start(s, at, &start)) {
        return true;
    }
    return (start > 0 && is_in("/\\\"'}", s.ptr[start - 1])) ||
           is_imported(s, start, start != at, keyword);
}

static bool names_word(struct ch_str s, struct ch_str word)
{
    size_t from = 0;
    size_t keyword = s.len;
    size_t at;
    if (ch_str_find(s, CH_STR("import"), &at)) {
        keyword = at;
    }
    if (ch_str_find(ch_str_sub(s, 0, keyword), CH_STR("from"), &at)) {
        keyword = at;
    }
    size_t skip = is_letter(word.ptr[0]) ? 0 : 1; /* what a short one is spelled with */
    while (ch_str_find(ch_str_sub(s, from, s.len), word, &at)) {
        if (is_name(s, from + at + skip, word.len - skip, keyword)) {
            return true;
        }
        from += at + 1;
    }
    return false;
}

bool reach_gate_open(struct reach_gate *g, struct ch_str bytes, bool all)
{
    if (g->spelled.count == 0 && !g->open) {
        return false;
    }
    if (g->open) {
        return true;
    }
    if (g->filter == NULL) {
        make_filter(g);
    }
    memset(g->seen, 0, g->filter_words * sizeof(*g->seen));
    bool found = false;
    if (prefilter_scan(g->filter, bytes, g->seen)) {
        for (size_t i = 0; !found && i < g->filter_words; i++) {
            found = g->seen[i] && (g->word_of[i]->left > 0 || all) &&
                    names_word(bytes, names_at(&g->spelled, i));
        }
    }
    return found || ch_imports_may_hide(bytes); /* letters that pass for others may hide it */
}
