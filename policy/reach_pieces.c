#include "reach_int.h"

#include <stdlib.h>
#include <string.h>

/* --- what a rule says on an axis --- */

static const struct ch_value *value_on(const struct ch_rule *rule, unsigned axis)
{
    switch (axis) {
    case CH_AXIS_REPOSITORY:
        return &rule->repositories;
    case CH_AXIS_ENVIRONMENT:
        return &rule->environments;
    case CH_AXIS_PROJECT:
        return &rule->projects;
    case CH_AXIS_VERSION:
        return &rule->version;
    case CH_AXIS_SPECS:
        return &rule->specs;
    case CH_AXIS_SIZE:
        return &rule->larger_than;
    case CH_AXIS_AGE:
        return rule->older_than_days.line > 0 ? &rule->older_than_days : &rule->younger_than_days;
    case CH_AXIS_FINDING:
        return &rule->findings;
    case CH_AXIS_YANKED:
        return &rule->yanked;
    case CH_AXIS_HAS_WHEEL:
        return &rule->has_wheel;
    case CH_AXIS_FIXES:
        return &rule->fixes_vulnerability;
    case CH_AXIS_LIKENESS:
        return &rule->likeness;
    case CH_AXIS_CHANGED:
        return &rule->changed;
    default:
        return &rule->facts[axis - CH_AXIS_FACT];
    }
}

bool ch_reach_asks(const struct ch_rule *rule, unsigned axis)
{
    return value_on(rule, axis)->line > 0;
}

static bool allows(const struct ch_rule *rule)
{
    return ch_rule_action_of(rule) == CH_RULE_ALLOW;
}

/* --- whether another rule is about a piece --- */

static bool has_age(const struct ch_rule *other, bool holds, const struct ch_piece *piece)
{
    const struct ch_value *older = &other->older_than_days;
    const struct ch_value *younger = &other->younger_than_days;
    if (piece->kind == CH_PIECE_UNKNOWN) {
        return holds && !allows(other);
    }
    if (piece->kind == CH_PIECE_OLD) {
        return younger->line == 0 && holds && !allows(other);
    }
    return (older->line == 0 || piece->number >= older->number) &&
           (younger->line == 0 || piece->number < younger->number);
}

static bool has_version(const struct ch_rule *other, const struct ch_rule *rule,
                        const struct ch_reach_place *at, const struct ch_piece *piece)
{
    struct ch_str spec = ch_str_of(other->version.text);
    struct ch_err err;
    bool match = false;
    if (piece->kind == CH_PIECE_UNKNOWN) {
        return at->holds && !allows(other);
    }
    if (piece->kind == CH_PIECE_WHOLE) {
        return rule->version.line > 0 && ch_str_eq(ch_str_of(rule->version.text), spec);
    }
    return at->eco->match_version(spec, piece->text, &match, &err) == CH_OK && match;
}

static bool has_finding(const struct ch_rule *other, const struct ch_piece *piece)
{
    struct ch_finding f = {.code = (enum ch_finding_code)piece->number};
    for (size_t i = 0; i < other->findings.own.exact_count; i++) {
        if (piece->kind == CH_PIECE_NUMBER &&
            ch_finding_pattern_match(&other->findings.findings[i], &f)) {
            return true;
        }
    }
    return false;
}

static bool has_change(const struct ch_rule *other, const struct ch_piece *piece)
{
    for (size_t i = 0; i < other->changed.own.exact_count; i++) {
        const struct ch_change_pattern *p = &other->changed.changes[i];
        const struct ch_change_pattern *c = &piece->change;
        if (piece->kind == CH_PIECE_CHANGE && p->kind == c->kind &&
            (p->fact == NULL || (c->fact != NULL && strcmp(p->fact, c->fact) == 0)) &&
            (p->value == NULL || (c->value != NULL && ch_glob_covers(p->value, c->value)))) {
            return true;
        }
    }
    return false;
}

static bool has_text(const struct ch_value *v, const struct ch_piece *piece)
{
    return piece->kind == CH_PIECE_TEXT   ? ch_value_has(v, piece->text)
           : piece->kind == CH_PIECE_GLOB ? ch_value_covers_text(v, piece->text.ptr)
                                          : false;
}

bool ch_reach_has(const struct ch_rule *other, const struct ch_rule *rule,
                  const struct ch_reach_place *at, unsigned axis, const struct ch_piece *piece)
{
    const struct ch_value *v = value_on(other, axis);
    if (v->line == 0) {
        return true;
    }
    switch (axis) {
    case CH_AXIS_VERSION:
        return has_version(other, rule, at, piece);
    case CH_AXIS_SPECS: /* of two different ones it is not worked out whether one is about all of the other */
        return piece->kind == CH_PIECE_WHOLE && ch_value_covers(v, value_on(rule, axis));
    case CH_AXIS_SIZE:
        return piece->kind == CH_PIECE_UNKNOWN ? at->holds && !allows(other)
                                               : piece->number > v->number;
    case CH_AXIS_AGE:
        return has_age(other, at->holds, piece);
    case CH_AXIS_FINDING:
        return has_finding(other, piece);
    case CH_AXIS_YANKED:
    case CH_AXIS_HAS_WHEEL:
    case CH_AXIS_FIXES:
        return (v->number != 0) == (piece->number != 0);
    case CH_AXIS_CHANGED:
        return has_change(other, piece);
    case CH_AXIS_FACT +
        CH_FACT_LICENCE: /* an allow rule asks for something else by the same words */
        return piece->kind == CH_PIECE_WHOLE && allows(other) == allows(rule) &&
               ch_value_covers(v, value_on(rule, axis));
    default:
        return has_text(v, piece);
    }
}

/* --- the pieces of a rule --- */

struct cutting {
    const struct ch_rule *rule;
    const struct ch_rule *const *others;
    size_t count;
    const struct ch_reach_place *at;
    ch_piece_fn *fn;
    void *arg;
};

static void tell(const struct cutting *c, struct ch_piece piece)
{
    c->fn(c->arg, &piece);
}

static void tell_list(const struct cutting *c, const struct ch_list *list)
{
    for (size_t i = 0; i < list->exact_count; i++) {
        tell(c, (struct ch_piece){.kind = CH_PIECE_TEXT, .text = ch_str_of(list->exact[i])});
    }
    for (size_t i = 0; i < list->glob_count; i++) {
        tell(c, (struct ch_piece){.kind = CH_PIECE_GLOB, .text = ch_str_of(list->globs[i])});
    }
}

static void tell_texts(const struct cutting *c, const struct ch_value *v, enum ch_piece_kind none)
{
    if (v->line == 0) {
        tell(c, (struct ch_piece){.kind = none, .text = CH_STR("**")});
        return;
    }
    tell_list(c, &v->own);
    for (size_t i = 0; i < v->list_count; i++) {
        tell_list(c, &v->lists[i]->list);
    }
}

static void on_version(void *arg, struct ch_str version)
{
    const struct cutting *c = arg;
    struct ch_piece piece = {.kind = CH_PIECE_TEXT, .text = version};
    if (++*c->at->steps <= CH_REACH_STEPS_MAX &&
        ch_reach_has(c->rule, c->rule, c->at, CH_AXIS_VERSION, &piece)) {
        tell(c, piece);
    }
}

static void on_nothing(void *arg, struct ch_str version)
{
    const struct cutting *c = arg;
    (void)version;
    ++*c->at->steps;
}

static void tell_versions(struct cutting *c)
{
    struct ch_str *specs = ch_calloc(c->count + 1, sizeof(*specs));
    size_t n = 0;
    for (size_t i = 0; i <= c->count; i++) {
        const struct ch_rule *r = i < c->count ? c->others[i] : c->rule;
        if (r->version.line > 0) {
            specs[n++] = ch_str_of(r->version.text);
        }
    }
    if (c->at->eco->sample_versions(specs, n, on_nothing, c)) {
        (void)c->at->eco->sample_versions(specs, n, on_version, c);
    } else {
        tell(c, (struct ch_piece){.kind = CH_PIECE_WHOLE});
    }
    if (c->rule->version.line == 0 || !allows(c->rule)) {
        tell(c, (struct ch_piece){.kind = CH_PIECE_UNKNOWN});
    }
    free(specs);
}

/* Whoever is about the smallest one is about all: sizes are only asked to be larger. */
static void tell_sizes(const struct cutting *c)
{
    const struct ch_value *v = &c->rule->larger_than;
    tell(c, (struct ch_piece){.kind = CH_PIECE_NUMBER, .number = v->line > 0 ? v->number + 1 : 0});
    if (v->line == 0 || !allows(c->rule)) {
        tell(c, (struct ch_piece){.kind = CH_PIECE_UNKNOWN});
    }
}

/* Between two numbers that rules name nothing changes. */
static void tell_ages(const struct cutting *c)
{
    struct ch_piece piece = {.kind = CH_PIECE_NUMBER};
    bool asks = ch_reach_asks(c->rule, CH_AXIS_AGE);
    if (!asks || has_age(c->rule, true, &piece)) {
        tell(c, piece);
    }
    for (size_t i = 0; i <= c->count; i++) {
        const struct ch_rule *r = i < c->count ? c->others[i] : c->rule;
        const struct ch_value *ends[] = {&r->older_than_days, &r->younger_than_days};
        for (size_t k = 0; k < CH_ARRAY_LEN(ends); k++) {
            piece.number = ends[k]->number;
            if (ends[k]->line > 0 && (!asks || has_age(c->rule, true, &piece))) {
                tell(c, piece);
            }
        }
    }
    static const enum ch_piece_kind kinds[] = {CH_PIECE_UNKNOWN, CH_PIECE_OLD};
    for (size_t i = 0; i < CH_ARRAY_LEN(kinds); i++) {
        piece = (struct ch_piece){.kind = kinds[i]};
        if (!asks || has_age(c->rule, true, &piece)) {
            tell(c, piece);
        }
    }
}

/* One finding is enough for a rule, and more only help the others. Attacks never come to a rule. */
static void tell_findings(const struct cutting *c)
{
    const struct ch_finding_row *row = NULL;
    if (c->rule->findings.line == 0) {
        tell(c, (struct ch_piece){.kind = CH_PIECE_NONE});
        return;
    }
    for (size_t i = 0; (row = ch_finding_at(i)) != NULL; i++) {
        struct ch_piece piece = {.kind = CH_PIECE_NUMBER, .number = (uint64_t)row->code};
        if (row->cls != CH_CLASS_ATTACK && has_finding(c->rule, &piece)) {
            tell(c, piece);
        }
    }
}

static void tell_bools(const struct cutting *c, unsigned axis)
{
    const struct ch_value *v = value_on(c->rule, axis);
    bool wheel =
        axis == CH_AXIS_HAS_WHEEL && ch_ecosystem_is_built(c->at->eco, c->at->file_type);
    for (uint64_t is = wheel ? 1 : 0; is <= 1; is++) {
        if (v->line == 0 || v->number == is) {
            tell(c, (struct ch_piece){.kind = CH_PIECE_NUMBER, .number = is});
        }
    }
}

static bool is_open(const char *form)
{
    return ch_str_ends(ch_str_of(form), CH_STR("**"));
}

/* All that a pattern can be, of a fact whose values are a few words: those words. */
static bool few_words(enum ch_fact_code code)
{
    const char *const *form = ch_fact_forms(code);
    while (*form != NULL && !is_open(*form)) {
        form++;
    }
    return *form == NULL;
}

struct widening {
    const struct cutting *c;
    enum ch_fact_code code;
    struct ch_change_pattern change; /* of CAPABILITY: the words are what changed */
};

static void tell_word(const struct widening *w, enum ch_piece_kind kind, const char *word)
{
    struct ch_piece piece = {.kind = kind, .text = ch_str_of(word)};
    if (w->change.kind != CH_CHANGE_NONE) {
        piece.kind = CH_PIECE_CHANGE;
        piece.change = w->change;
        piece.change.fact = ch_fact_row(w->code)->name;
        piece.change.value = word;
    }
    tell(w->c, piece);
}

static void tell_pattern(const struct widening *w, const char *pattern)
{
    if (strchr(pattern, '*') == NULL) {
        tell_word(w, CH_PIECE_TEXT, pattern);
    } else if (!few_words(w->code)) {
        tell_word(w, CH_PIECE_GLOB, pattern);
    } else {
        for (const char *const *form = ch_fact_forms(w->code); *form != NULL; form++) {
            if (ch_glob_match_raw(ch_str_of(pattern), ch_str_of(*form))) {
                tell_word(w, CH_PIECE_TEXT, *form);
            }
        }
    }
}

static void tell_patterns(const struct widening *w, const struct ch_list *list)
{
    for (size_t i = 0; i < list->exact_count; i++) {
        tell_pattern(w, list->exact[i]);
    }
    for (size_t i = 0; i < list->glob_count; i++) {
        tell_pattern(w, list->globs[i]);
    }
}

/* As of findings: one value is enough. */
static void tell_facts(const struct cutting *c, enum ch_fact_code code)
{
    const struct ch_value *v = &c->rule->facts[code];
    struct widening w = {.c = c, .code = code};
    if (v->line == 0 || code == CH_FACT_LICENCE) {
        tell(c, (struct ch_piece){.kind = v->line == 0 ? CH_PIECE_NONE : CH_PIECE_WHOLE});
        return;
    }
    tell_patterns(&w, &v->own);
    for (size_t i = 0; i < v->list_count; i++) {
        tell_patterns(&w, &v->lists[i]->list);
    }
}

static void tell_changes(const struct cutting *c)
{
    const struct ch_value *v = &c->rule->changed;
    if (v->line == 0) {
        tell(c, (struct ch_piece){.kind = CH_PIECE_NONE});
    }
    for (size_t i = 0; i < v->own.exact_count; i++) {
        const struct ch_change_pattern *p = &v->changes[i];
        if (p->kind != CH_CHANGE_CAPABILITY) {
            tell(c, (struct ch_piece){.kind = CH_PIECE_CHANGE, .change = *p});
        }
        for (unsigned code = 0; code < CH_FACT_COUNT; code++) {
            const struct ch_fact_row *row = ch_fact_row((enum ch_fact_code)code);
            struct widening w = {.c = c, .code = (enum ch_fact_code)code, .change = *p};
            if (p->kind == CH_CHANGE_CAPABILITY && row->capability &&
                (p->fact == NULL || strcmp(p->fact, row->name) == 0)) {
                tell_pattern(&w, p->value != NULL ? p->value : "**");
            }
        }
    }
}

void ch_reach_pieces(const struct ch_rule *rule, const struct ch_rule *const *others, size_t count,
                     const struct ch_reach_place *at, unsigned axis, ch_piece_fn *fn, void *arg)
{
    struct cutting c = {rule, others, count, at, fn, arg};
    switch (axis) {
    case CH_AXIS_REPOSITORY:
    case CH_AXIS_ENVIRONMENT:
        if (at->place != NULL) {
            tell(&c,
                 (struct ch_piece){.kind = CH_PIECE_TEXT,
                                   .text = axis == CH_AXIS_REPOSITORY ? at->place->repository
                                                                      : at->place->environment});
        } else {
            tell_texts(&c, value_on(rule, axis), CH_PIECE_NONE);
        }
        return;
    case CH_AXIS_PROJECT:
        tell_texts(&c, value_on(rule, axis), CH_PIECE_GLOB);
        return;
    case CH_AXIS_LIKENESS:
        tell_texts(&c, value_on(rule, axis), CH_PIECE_NONE);
        return;
    case CH_AXIS_VERSION:
        tell_versions(&c);
        return;
    case CH_AXIS_SPECS:
        tell(&c, (struct ch_piece){.kind = ch_reach_asks(rule, axis) ? CH_PIECE_WHOLE
                                                                     : CH_PIECE_NONE});
        return;
    case CH_AXIS_SIZE:
        tell_sizes(&c);
        return;
    case CH_AXIS_AGE:
        tell_ages(&c);
        return;
    case CH_AXIS_FINDING:
        tell_findings(&c);
        return;
    case CH_AXIS_YANKED:
    case CH_AXIS_HAS_WHEEL:
    case CH_AXIS_FIXES:
        tell_bools(&c, axis);
        return;
    case CH_AXIS_CHANGED:
        tell_changes(&c);
        return;
    default:
        tell_facts(&c, (enum ch_fact_code)(axis - CH_AXIS_FACT));
    }
}
