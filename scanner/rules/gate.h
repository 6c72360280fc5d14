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

/* What one member has; `seen` is as long as gate_words() says. */
size_t gate_words(const struct rule_gate *g);
void gate_look(const struct rule_gate *g, struct ch_str bytes, bool *seen);
/* Whether a rule of the set may match; rule: its place in the set. */
bool gate_may_match(const struct rule_gate *g, enum rule_set_kind kind, size_t rule,
                    const bool *seen);
bool gate_always(const struct rule_gate *g, enum rule_set_kind kind,
                 size_t rule); /* asks nothing */

#endif
