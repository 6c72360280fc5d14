/* Which members the shipped rules need to look at: libyara runs over one only when words are there
 * without which no rule for its path can match. */
#ifndef CH_SCANNER_RULES_GATE_H
#define CH_SCANNER_RULES_GATE_H

#include "needs.h"
#include "rules_int.h"

struct rule_gate;
/* Over the shipped sets of `sets` and their texts. */
struct rule_gate *gate_new(const struct rule_sets *sets, const struct ch_rule_text *texts,
                           size_t count);
void gate_free(struct rule_gate *g); /* accepts NULL */

/* What one member has. Made once, for as many members as one likes. */
struct gate_look;
struct gate_look *gate_look_new(const struct rule_gate *g);
void gate_look_free(struct gate_look *l); /* accepts NULL */
/* The bytes are borrowed until the next look. */
void gate_look(struct gate_look *l, struct ch_str bytes);
/* Whether a rule of the set may match; rule: its place in the set. The first costs nothing, and
 * says yes more often. */
bool gate_may_match_at_first(const struct gate_look *l, enum rule_set_kind kind, size_t rule);
bool gate_may_match(struct gate_look *l, enum rule_set_kind kind, size_t rule);

bool gate_always(const struct rule_gate *g, enum rule_set_kind kind,
                 size_t rule); /* asks nothing */

#endif
