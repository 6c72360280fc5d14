/* Two searches. The first is for few words, each rule's rarest, over every member: no rule may
 * match where none of them stands, which is so in most. Only over the others, where a rule is for
 * the member's path, goes the second: for all words of that rule. */
#include "gate.h"

#include <stdlib.h>
#include <string.h>

struct rule_gate {
    struct needs needs;
    struct ch_literals *first;
    struct ch_literals **words; /* by rule, all of its words; NULL: it asks nothing */
    int32_t *of_rule[SET_COUNT]; /* by the rule's place; NULL: not a shipped set */
    size_t offset[SET_COUNT];    /* of the set among all rules */
    size_t rule_count;
    /* The rules that a word is among the first of: rules[from[w]] to rules[from[w + 1]]. */
    size_t *from;
    size_t *rules;
    const struct rule_sets *sets; /* while it is made */
};

struct gate_look {
    const struct rule_gate *gate;
    struct ch_str bytes;
    bool *may; /* by rule: one of its first words is there */
    bool any;
    bool *seen;     /* by word; of the words of rules that were searched for */
    bool *searched; /* by rule */
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

static struct ch_literals *search_for(const struct needs *n, const bool *used)
{
    struct ch_literal *words = ch_calloc(n->word_count + 1, sizeof(*words));
    for (size_t i = 0; i < n->word_count; i++) {
        if (used[i]) {
            words[i] = n->words[i];
        }
    }
    struct ch_literals *l = ch_literals_new(words, n->word_count);
    free(words);
    return l;
}

/* By rule and word, true: rules x words. */
static bool *first_words(const struct rule_gate *g)
{
    size_t words = g->needs.word_count;
    bool *first = ch_calloc(g->rule_count * words + 1, sizeof(*first));
    for (size_t kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        for (size_t i = 0; i < g->sets->set[kind].count; i++) {
            if (g->of_rule[kind][i] != NEED_NOTHING) {
                needs_first(&g->needs, g->of_rule[kind][i], first + (g->offset[kind] + i) * words);
            }
        }
    }
    return first;
}

static void make_first(struct rule_gate *g)
{
    size_t words = g->needs.word_count;
    bool *used = ch_calloc(words + 1, sizeof(*used));
    bool *first = first_words(g);
    size_t n = 0;
    g->from = ch_calloc(words + 1, sizeof(*g->from));
    g->rules = ch_calloc(g->rule_count * words + 1, sizeof(*g->rules));
    for (size_t w = 0; w < words; w++) {
        for (size_t rule = 0; rule < g->rule_count; rule++) {
            if (first[rule * words + w]) {
                used[w] = true;
                g->rules[n++] = rule;
            }
        }
        g->from[w + 1] = n;
    }
    g->rules = ch_realloc_array(g->rules, n + 1, sizeof(*g->rules));
    g->first = search_for(&g->needs, used);
    free(first);
    free(used);
}

/* Words of parts that were given up, or that ask nothing, are not looked for. */
static void make_words(struct rule_gate *g)
{
    size_t words = g->needs.word_count;
    bool *used = ch_calloc(words + 1, sizeof(*used));
    g->words = ch_calloc(g->rule_count + 1, sizeof(struct ch_literals *));
    for (size_t kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        for (size_t i = 0; i < g->sets->set[kind].count; i++) {
            if (g->of_rule[kind][i] != NEED_NOTHING) {
                memset(used, 0, words * sizeof(*used));
                needs_mark(&g->needs, g->of_rule[kind][i], used);
                g->words[g->offset[kind] + i] = search_for(&g->needs, used);
            }
        }
    }
    free(used);
}

struct rule_gate *gate_new(const struct rule_sets *sets, const struct ch_rule_text *texts,
                           size_t count)
{
    struct rule_gate *g = ch_calloc(1, sizeof(*g));
    g->sets = sets;
    for (size_t kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        g->offset[kind] = g->rule_count;
        g->rule_count += sets->set[kind].count;
        g->of_rule[kind] = ch_calloc(sets->set[kind].count + 1, sizeof(*g->of_rule[kind]));
        for (size_t i = 0; i < sets->set[kind].count; i++) {
            g->of_rule[kind][i] = NEED_NOTHING; /* unless it is found below */
        }
    }
    for (size_t i = 0; i < count; i++) {
        needs_read(&g->needs, texts[i].text, on_rule, g);
    }
    make_first(g);
    make_words(g);
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
    ch_literals_free(g->first);
    for (size_t i = 0; g->words != NULL && i < g->rule_count; i++) {
        ch_literals_free(g->words[i]);
    }
    free(g->words);
    free(g->from);
    free(g->rules);
    needs_done(&g->needs);
    free(g);
}

struct gate_look *gate_look_new(const struct rule_gate *g)
{
    struct gate_look *l = ch_calloc(1, sizeof(*l));
    l->gate = g;
    l->may = ch_calloc(g->rule_count + 1, sizeof(*l->may));
    l->seen = ch_calloc(g->needs.word_count + 1, sizeof(*l->seen));
    l->searched = ch_calloc(g->rule_count + 1, sizeof(*l->searched));
    return l;
}

void gate_look_free(struct gate_look *l)
{
    if (l != NULL) {
        free(l->may);
        free(l->seen);
        free(l->searched);
        free(l);
    }
}

static bool on_first(void *arg, uint32_t word, size_t end CH_UNUSED)
{
    struct gate_look *l = arg;
    for (size_t i = l->gate->from[word]; i < l->gate->from[word + 1]; i++) {
        l->may[l->gate->rules[i]] = true;
    }
    l->any = true;
    return false;
}

static bool on_word(void *arg, uint32_t word, size_t end CH_UNUSED)
{
    struct gate_look *l = arg;
    l->seen[word] = true;
    return false;
}

void gate_look(struct gate_look *l, struct ch_str bytes)
{
    if (l->any) {
        memset(l->may, 0, l->gate->rule_count * sizeof(*l->may));
        memset(l->searched, 0, l->gate->rule_count * sizeof(*l->searched));
        memset(l->seen, 0, l->gate->needs.word_count * sizeof(*l->seen));
    }
    l->bytes = bytes;
    l->any = false;
    CH_IGNORE(ch_literals_search(l->gate->first, bytes, on_first, l));
}

bool gate_may_match_at_first(const struct gate_look *l, enum rule_set_kind kind, size_t rule)
{
    size_t i = l->gate->offset[kind] + rule;
    return l->may[i] || l->gate->words[i] == NULL;
}

bool gate_may_match(struct gate_look *l, enum rule_set_kind kind, size_t rule)
{
    size_t i = l->gate->offset[kind] + rule;
    if (!gate_may_match_at_first(l, kind, rule)) {
        return false;
    }
    if (l->gate->words[i] != NULL && !l->searched[i]) {
        CH_IGNORE(ch_literals_search(l->gate->words[i], l->bytes, on_word, l));
        l->searched[i] = true;
    }
    return needs_hold(&l->gate->needs, l->gate->of_rule[kind][rule], l->seen);
}

bool gate_always(const struct rule_gate *g, enum rule_set_kind kind, size_t rule)
{
    return g->of_rule[kind][rule] == NEED_NOTHING;
}
