#include "needs.h"

#include <stdlib.h>
#include <string.h>

void needs_done(struct needs *n)
{
    for (size_t i = 0; i < n->word_count; i++) {
        free(n->owned[i]);
    }
    free(n->owned);
    free(n->words);
    free(n->all);
    *n = (struct needs){.all = NULL};
}

static int32_t add(struct needs *n, struct need need)
{
    CH_ASSERT(n->count < INT32_MAX);
    n->all = ch_realloc_array(n->all, n->count + 1, sizeof(*n->all));
    n->all[n->count] = need;
    return (int32_t)n->count++;
}

static size_t index_of(struct needs *n, struct ch_str word, bool nocase)
{
    size_t i = 0;
    while (i < n->word_count &&
           (n->words[i].nocase != nocase || !ch_str_eq(n->words[i].bytes, word))) {
        i++;
    }
    if (i == n->word_count) {
        n->words = ch_realloc_array(n->words, n->word_count + 1, sizeof(*n->words));
        n->owned = ch_realloc_array(n->owned, n->word_count + 1, sizeof(*n->owned));
        n->owned[i] = ch_calloc(word.len, 1);
        memcpy(n->owned[i], word.ptr, word.len);
        n->words[i] =
            (struct ch_literal){.bytes = {n->owned[i], word.len}, .nocase = nocase, .once = true};
        n->word_count++;
    }
    return i;
}

int32_t needs_word(struct needs *n, struct ch_str word, bool nocase)
{
    while (word.len > 0 && word.ptr[0] == '\0') { /* which no literal begins with */
        word = ch_str_sub(word, 1, SIZE_MAX);
    }
    if (word.len < NEED_WORD_MIN) {
        return NEED_NOTHING;
    }
    size_t i = index_of(n, word, nocase);
    return add(n, (struct need){.word = (int32_t)i, .least = 0, .part = -1, .next = -1});
}

int32_t needs_group(struct needs *n, uint32_t least, const int32_t *parts, size_t count)
{
    int32_t first = -1;
    int32_t *some = ch_calloc(count + 1, sizeof(*some));
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) {
        if (parts[i] == NEED_NOTHING) { /* holds: one less of the others is enough */
            least -= least > 0 ? 1 : 0;
        } else {
            some[asked++] = parts[i];
        }
    }
    for (size_t i = asked; i-- > 0;) {
        n->all[some[i]].next = first;
        first = some[i];
    }
    free(some);
    if (least == 0) {
        return NEED_NOTHING;
    }
    if (asked == 1 && least == 1) {
        return first;
    }
    return add(n, (struct need){.word = -1,
                                .least = least,
                                .spare = asked > least ? (uint32_t)asked - least : 0,
                                .part = first,
                                .next = -1});
}

int32_t needs_again(struct needs *n, int32_t need)
{
    if (need == NEED_NOTHING) {
        return NEED_NOTHING;
    }
    struct need copy = n->all[need];
    copy.next = -1;
    return add(n, copy);
}

void needs_mark(const struct needs *n, int32_t need, bool *used)
{
    if (need == NEED_NOTHING) {
        return;
    }
    if (n->all[need].word >= 0) {
        used[n->all[need].word] = true;
    }
    for (int32_t i = n->all[need].part; i >= 0; i = n->all[i].next) {
        needs_mark(n, i, used);
    }
}

static size_t part_count(const struct needs *n, const struct need *group)
{
    size_t count = 0;
    for (int32_t part = group->part; part >= 0; part = n->all[part].next) {
        count++;
    }
    return count;
}

static uint32_t how_common(const struct needs *n, int32_t need);

/* The rarest parts of a group of which one must be there: chosen[i], in the order of the parts. */
static uint32_t choose_parts(const struct needs *n, const struct need *group, bool *chosen)
{
    size_t count = part_count(n, group);
    uint32_t *costs = ch_calloc(count + 1, sizeof(*costs));
    uint32_t sum = 0;
    size_t i = 0;
    for (int32_t part = group->part; part >= 0; part = n->all[part].next) {
        costs[i++] = how_common(n, part);
    }
    for (size_t left = group->spare + 1; left > 0 && group->least <= count; left--) {
        size_t best = count;
        for (i = 0; i < count; i++) {
            best = !chosen[i] && (best == count || costs[i] < costs[best]) ? i : best;
        }
        chosen[best] = true;
        sum += costs[best];
    }
    free(costs);
    return sum;
}

static uint32_t how_common(const struct needs *n, int32_t need)
{
    const struct need *at = &n->all[need];
    if (at->word >= 0) {
        return needs_commonness(&n->words[at->word]);
    }
    bool *chosen = ch_calloc(part_count(n, at) + 1, sizeof(*chosen));
    uint32_t sum = choose_parts(n, at, chosen);
    free(chosen);
    return sum;
}

void needs_first(const struct needs *n, int32_t need, bool *first)
{
    const struct need *at = &n->all[need];
    if (at->word >= 0) {
        first[at->word] = true;
        return;
    }
    bool *chosen = ch_calloc(part_count(n, at) + 1, sizeof(*chosen));
    CH_IGNORE(choose_parts(n, at, chosen) == 0);
    size_t i = 0;
    for (int32_t part = at->part; part >= 0; part = n->all[part].next) {
        if (chosen[i++]) {
            needs_first(n, part, first);
        }
    }
    free(chosen);
}

bool needs_hold(const struct needs *n, int32_t need, const bool *seen)
{
    if (need == NEED_NOTHING) {
        return true;
    }
    const struct need *at = &n->all[need];
    if (at->word >= 0) {
        return seen[at->word];
    }
    uint32_t held = 0;
    uint32_t missing = 0;
    for (int32_t i = at->part; i >= 0 && held < at->least && missing <= at->spare;
         i = n->all[i].next) {
        bool holds = needs_hold(n, i, seen);
        held += holds ? 1 : 0;
        missing += holds ? 0 : 1;
    }
    return held >= at->least;
}
