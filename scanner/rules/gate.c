#include "gate.h"

#include <stdlib.h>
#include <string.h>

struct rule_gate {
    struct needs needs;
    struct prefilter *filter;
    int32_t *of_rule[SET_COUNT];  /* by the rule's place; NULL: not a shipped set */
    const struct rule_sets *sets; /* while it is made */
};

static void on_rule(void *user, struct ch_str name, int32_t need)
{
    struct rule_gate *g = user;
    for (size_t kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        const struct rule_set *set = &g->sets->set[kind];
        for (size_t i = 0; i < set->count; i++) {
            if (ch_str_eq(ch_str_of(set->rules->rules_table[i].identifier), name)) {
                g->of_rule[kind][i] = need;
            }
        }
    }
}

/* Words of parts that were given up, or that ask nothing, are not looked for. */
static struct prefilter *filter_of(const struct rule_gate *g)
{
    const struct needs *n = &g->needs;
    bool *used = ch_calloc(n->word_count + 1, sizeof(*used));
    struct prefilter_word *words = ch_calloc(n->word_count + 1, sizeof(*words));
    for (size_t kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        for (size_t i = 0; i < g->sets->set[kind].count; i++) {
            needs_mark(n, g->of_rule[kind][i], used);
        }
    }
    for (size_t i = 0; i < n->word_count; i++) {
        if (used[i]) {
            words[i] = n->words[i];
        }
    }
    struct prefilter *p = prefilter_new(words, n->word_count);
    free(words);
    free(used);
    return p;
}

struct rule_gate *gate_new(const struct rule_sets *sets, const struct ch_rule_text *texts,
                           size_t count)
{
    struct rule_gate *g = ch_calloc(1, sizeof(*g));
    g->sets = sets;
    for (size_t kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        g->of_rule[kind] = ch_calloc(sets->set[kind].count + 1, sizeof(*g->of_rule[kind]));
        for (size_t i = 0; i < sets->set[kind].count; i++) {
            g->of_rule[kind][i] = NEED_NOTHING; /* unless it is found below */
        }
    }
    for (size_t i = 0; i < count; i++) {
        needs_read(&g->needs, texts[i].text, on_rule, g);
    }
    g->filter = filter_of(g);
    g->sets = NULL;
    return g;
}

void gate_free(struct rule_gate *g)
{
    if (g == NULL) {
        return;
    }
    for (size_t kind = 0; kind < SET_COUNT; kind++) {
        free(g->of_rule[kind]);
    }
    prefilter_free(g->filter);
    needs_done(&g->needs);
    free(g);
}

size_t gate_words(const struct rule_gate *g)
{
    return g->needs.word_count;
}

void gate_look(const struct rule_gate *g, struct ch_str bytes, bool *seen)
{
    memset(seen, 0, g->needs.word_count * sizeof(*seen));
    (void)prefilter_scan(g->filter, bytes, seen);
}

bool gate_may_match(const struct rule_gate *g, enum rule_set_kind kind, size_t rule,
                    const bool *seen)
{
    return needs_hold(&g->needs, g->of_rule[kind][rule], seen);
}

bool gate_always(const struct rule_gate *g, enum rule_set_kind kind, size_t rule)
{
    return g->of_rule[kind][rule] == NEED_NOTHING;
}
