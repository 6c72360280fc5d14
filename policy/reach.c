/* Rules that are never come to, or allow what is allowed before them: mistakes, since whoever wrote
 * them thinks that they do something.
 *
 * The files that a rule is about are cut into pieces (reach_pieces.c), one thing that can be asked
 * after the other, and each piece has to be one of an earlier rule that ends the walk there. So
 * several rules together are seen as well as one.
 *
 * Decided exactly: repositories, environments, ecosystems, types of files, versions, sizes, ages,
 * findings, kinds of likeness and of changes, everything that is true or false, project names, and
 * the facts whose values are a few words. Only compared one rule at a time: patterns with stars (of
 * projects, and of facts whose values are a file's own text), licences, and versions once a
 * specifier has "===". What would take more than CH_REACH_STEPS_MAX is not decided. A rule that can
 * be come to is never told: where it is not certain, nothing is said.
 *
 * A person's approval lifts the hold of a rule, and then the rules behind it are read. So behind
 * holds alone a hold is never come to, and a denial or an allow only by files that a person has
 * approved: that is told in these words. */
#include "reach_int.h"

#include <stdlib.h>
#include <string.h>

enum { ALIKE_MAX = 64, NAMED_MAX = 4 };

struct reaching {
    const struct ch_policy *policy;
    const struct ch_rule *rule;
    const struct ch_rule **others; /* earlier ones that end the walk for it */
    size_t count;
    const struct ch_reach_place *at;
    bool *used;     /* of `others`: needed for a piece */
    unsigned *ends; /* of `others`: on this axis and behind it, it asks nothing */
    bool holds; /* rules that hold are among them, and denials that hold what they cannot tell */
    size_t *steps;
};

static bool covered(struct reaching *r, unsigned axis, const bool *alive);

/* --- one axis --- */

struct branching {
    struct reaching *r;
    unsigned axis;
    const bool *alive;
    bool *left[ALIKE_MAX]; /* what pieces so far left alive: of the same nothing new is learned */
    size_t left_count;
    bool all;
};

static bool was_there(const struct branching *b, const bool *left)
{
    for (size_t i = 0; i < b->left_count; i++) {
        if (memcmp(b->left[i], left, b->r->count * sizeof(*left)) == 0) {
            return true;
        }
    }
    return false;
}

static void on_piece(void *arg, const struct ch_piece *piece)
{
    struct branching *b = arg;
    struct reaching *r = b->r;
    if (!b->all) {
        return;
    }
    bool any = false;
    bool *left = ch_calloc(r->count + 1, sizeof(*left));
    for (size_t i = 0; i < r->count; i++) {
        *r->steps += b->alive[i];
        left[i] = b->alive[i] && ch_reach_has(r->others[i], r->rule, r->at, b->axis, piece);
        any = any || left[i];
    }
    if (!any || *r->steps > CH_REACH_STEPS_MAX) {
        b->all = false;
    } else if (!was_there(b, left)) {
        b->all = covered(r, b->axis + 1, left);
        if (b->left_count < ALIKE_MAX) {
            b->left[b->left_count++] = left;
            return;
        }
    }
    free(left);
}

/* One that is alive, and says nothing on this axis and those behind it: all that is left is its.
 * One that is needed anyway goes first. */
static bool somebody_has_all(struct reaching *r, unsigned axis, const bool *alive)
{
    size_t found = r->count;
    for (size_t i = 0; i < r->count; i++) {
        if (alive[i] && r->ends[i] <= axis &&
            (found == r->count || (r->used[i] && !r->used[found]))) {
            found = i;
        }
    }
    if (found < r->count) {
        r->used[found] = true;
    }
    return found < r->count;
}

static bool covered(struct reaching *r, unsigned axis, const bool *alive)
{
    if (somebody_has_all(r, axis, alive)) {
        return true;
    }
    bool asked = false;
    while (axis < CH_AXIS_COUNT && !asked) { /* where nobody says anything there is one piece */
        for (size_t i = 0; i < r->count && !asked; i++) {
            asked = alive[i] && ch_reach_asks(r->others[i], axis);
        }
        axis += asked ? 0 : 1;
    }
    if (!asked) { /* nobody is alive */
        return false;
    }
    struct branching b = {.r = r, .axis = axis, .alive = alive, .all = true};
    ch_reach_pieces(r->rule, r->others, r->count, r->at, axis, on_piece, &b);
    for (size_t i = 0; i < b.left_count; i++) {
        free(b.left[i]);
    }
    /* a piece that was left out is nobody's */
    return b.all && *r->steps <= CH_REACH_STEPS_MAX;
}

/* --- all kinds of files, in all places --- */

static bool is_of(const struct ch_rule *rule, const struct ch_reach_place *at)
{
    const struct ch_policy_place *p = at->place;
    return ch_rule_may_be_about(rule, at->eco, at->file_type) &&
           (p == NULL || rule->repositories.line == 0 ||
            ch_value_has(&rule->repositories, p->repository)) &&
           (p == NULL || rule->environments.line == 0 ||
            ch_value_has(&rule->environments, p->environment));
}

static bool covered_at(struct reaching *r, const struct ch_reach_place *at)
{
    if (!is_of(r->rule, at)) {
        return true;
    }
    bool *alive = ch_calloc(r->count + 1, sizeof(*alive));
    for (size_t i = 0; i < r->count; i++) {
        alive[i] = is_of(r->others[i], at);
    }
    r->at = at;
    bool all = covered(r, 0, alive);
    free(alive);
    return all;
}

static bool covered_in(struct reaching *r, const struct ch_ecosystem *eco,
                       const struct ch_policy_place *place)
{
    bool all = true;
    for (size_t i = 0; eco->file_types[i] != NULL && all; i++) {
        struct ch_reach_place at = {.eco = eco,
                                    .file_type = eco->file_types[i],
                                    .place = place,
                                    .steps = r->steps,
                                    .holds = r->holds};
        all = covered_at(r, &at);
    }
    return all;
}

static bool covered_everywhere(struct reaching *r, const struct ch_policy_place *places,
                               size_t place_count)
{
    bool all = r->count > 0;
    for (size_t i = 0; ch_ecosystems[i] != NULL && all && places == NULL; i++) {
        all = covered_in(r, ch_ecosystems[i], NULL);
    }
    for (size_t i = 0; i < place_count && all && places != NULL; i++) {
        const struct ch_ecosystem *eco = ch_ecosystem_find(places[i].ecosystem);
        all = eco != NULL && covered_in(r, eco, &places[i]);
    }
    return all;
}

/* --- which rules end the walk for another --- */

/* `holds`: those too that do so until a person approves the file, which then lifts all such holds.
 * An allow does not end it for another one, but leaves nothing to do to one that lifts no more. Of
 * findings each lifts those that it names: these are asked for, and so compared like any condition.
 */
static bool ends_walk(const struct ch_rule *earlier, const struct ch_rule *rule, bool holds)
{
    switch (ch_rule_action_of(earlier)) {
    case CH_RULE_DENY:
        return true;
    case CH_RULE_ALLOW:
        return ch_rule_action_of(rule) == CH_RULE_ALLOW
                   ? (rule->lifted & ~earlier->lifted) == 0
                   : (earlier->lifted & (uint64_t)1 << CH_HOLD_RULE) != 0;
    case CH_RULE_HOLD:
        break;
    }
    return holds;
}

static enum ch_code tell(const struct reaching *r, bool holds, struct ch_err *err)
{
    bool allow = ch_rule_action_of(r->rule) == CH_RULE_ALLOW;
    const char *const does[] = {[CH_RULE_HOLD] = "holds",
                                [CH_RULE_ALLOW] =
                                    allow ? "allows" : "spares from the rules below it",
                                [CH_RULE_DENY] = "denies"};
    struct ch_buf b;
    size_t n = 0, told = 0, allowed = 0;
    ch_buf_init(&b, CH_REASON_ROOM);
    for (size_t i = 0; i < r->count; i++) {
        n += r->used[i];
        allowed += r->used[i] && allow && ch_rule_action_of(r->others[i]) == CH_RULE_ALLOW;
    }
    const char *which = allowed > 0
                            ? (holds ? "changes something only for files that a person approved"
                                     : "changes nothing")
                        : holds ? "can be reached only by files that a person approved"
                                : "can never be reached";
    for (size_t i = 0; i < r->count && told < NAMED_MAX; i++) {
        if (r->used[i]) {
            ch_buf_printf(&b, "%s\"%s\" in line %u %s", told++ > 0 ? ", " : "",
                          r->others[i]->name.text, r->others[i]->line,
                          does[ch_rule_action_of(r->others[i])]);
        }
    }
    ch_buf_puts(&b, ch_str_of(n > NAMED_MAX ? ", ..." : ""));
    ch_fail(
        err, CH_E_USAGE, "%s:%u:%u: rules[%zu]: %s: the rule%s %.*s all that this one is about%s",
        r->policy->file_name, r->rule->line, r->rule->column, (size_t)(r->rule - r->policy->rules),
        which, n > 1 ? "s" : "", CH_STR_ARG(ch_buf_str(&b)), n > 1 ? " together" : "");
    ch_buf_done(&b);
    return CH_E_USAGE;
}

static unsigned end_of(const struct ch_rule *rule)
{
    unsigned end = CH_AXIS_COUNT;
    while (end > 0 && !ch_reach_asks(rule, end - 1)) {
        end--;
    }
    return end;
}

/* Else the rule is about no file at all: that is told of its conditions (contradict.c). */
static bool uses_some(const struct reaching *r)
{
    size_t i = 0;
    while (i < r->count && !r->used[i]) {
        i++;
    }
    return i < r->count;
}

static enum ch_code check(struct reaching *r, const struct ch_policy_place *places,
                          size_t place_count, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    int last = ch_rule_action_of(r->rule) == CH_RULE_HOLD ? 0 : 1;
    for (int holds = 0; holds <= last && rc == CH_OK; holds++) { /* what is certain first */
        r->count = 0;
        r->holds = holds != 0 || ch_rule_action_of(r->rule) == CH_RULE_HOLD;
        for (const struct ch_rule *e = r->policy->rules; e < r->rule; e++) {
            if (ends_walk(e, r->rule, r->holds)) {
                r->used[r->count] = false;
                r->ends[r->count] = end_of(e);
                r->others[r->count++] = e;
            }
        }
        if (covered_everywhere(r, places, place_count) && uses_some(r)) {
            rc = tell(r, r->holds && ch_rule_action_of(r->rule) != CH_RULE_HOLD, err);
        }
    }
    return rc;
}

enum ch_code ch_rules_check_reached(const struct ch_policy *policy,
                                    const struct ch_policy_place *places, size_t place_count,
                                    struct ch_err *err)
{
    size_t steps = 0;
    struct reaching r = {.policy = policy,
                         .others = ch_calloc(policy->rule_count + 1, sizeof(*r.others)),
                         .used = ch_calloc(policy->rule_count + 1, sizeof(*r.used)),
                         .ends = ch_calloc(policy->rule_count + 1, sizeof(*r.ends)),
                         .steps = &steps};
    enum ch_code rc = CH_OK;
    for (size_t i = 1; i < policy->rule_count && rc == CH_OK && steps <= CH_REACH_STEPS_MAX; i++) {
        r.rule = &policy->rules[i];
        rc = check(&r, places, place_count, err);
    }
    free((void *)r.others);
    free(r.used);
    free(r.ends);
    return rc;
}
